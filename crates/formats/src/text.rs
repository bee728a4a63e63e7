//! Words and encodings: files come in UTF-8 with and without BOM, in UTF-16, and in Windows-1252.

use std::io::{self, BufReader, Read};

use encoding_rs::{CoderResult, Decoder, Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

const BUFFER: usize = 64 * 1024;

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sniffed {
    /// Its encoding.
    pub(crate) encoding: &'static Encoding,
    /// The first line that is not UTF-8, where the encoding had to be guessed.
    pub(crate) guessed_at: Option<u64>,
}

impl Sniffed {
    /// A sentence for the user, where the encoding was guessed.
    pub(crate) fn warning(&self, file: &str) -> Option<String> {
        self.guessed_at.map(|line| {
            format!(
                "{file}: line {line} is not UTF-8; the file was read as Windows-1252 (Latin-1). Look at names \
                 with accents; if they are wrong, save the file as UTF-8 and import it again"
            )
        })
    }
}

/// Reads to the end to find out the encoding: by the BOM, else UTF-8 if all of it is, else Windows-1252.
pub(crate) fn sniff(reader: &mut dyn Read) -> io::Result<Sniffed> {
    let mut reader = BufReader::with_capacity(BUFFER, reader);
    let mut buffer = vec![0; BUFFER];
    // A sequence of UTF-8 has at most four bytes: up to three wait for the rest of theirs.
    let mut held = 0;
    let mut line = 1;
    let mut first = true;
    let mut bad_line = None;
    loop {
        let count = reader.read(buffer.get_mut(held..).unwrap_or_default())?;
        let chunk = buffer.get(..held + count).unwrap_or_default();
        if first && count > 0 {
            match Encoding::for_bom(chunk) {
                Some((encoding, _)) if encoding == UTF_16LE || encoding == UTF_16BE => {
                    io::copy(&mut reader, &mut io::sink())?;
                    return Ok(Sniffed {
                        encoding,
                        guessed_at: None,
                    });
                }
                _ => first = false,
            }
        }
        if bad_line.is_some() || chunk.is_empty() {
            if count == 0 {
                break;
            }
            held = 0;
            continue;
        }
        let (valid, rest_is_bad) = match std::str::from_utf8(chunk) {
            Ok(_) => (chunk.len(), false),
            Err(error) => (error.valid_up_to(), error.error_len().is_some() || count == 0),
        };
        line += chunk.iter().take(valid).filter(|byte| **byte == b'\n').count() as u64;
        if rest_is_bad {
            bad_line = Some(line);
            held = 0;
        } else {
            held = chunk.len() - valid;
            buffer.copy_within(valid..valid + held, 0);
        }
        if count == 0 {
            break;
        }
    }
    Ok(match bad_line {
        None => Sniffed {
            encoding: UTF_8,
            guessed_at: None,
        },
        Some(line) => Sniffed {
            encoding: WINDOWS_1252,
            guessed_at: Some(line),
        },
    })
}

/// Turns a stream of any encoding into UTF-8 without BOM.
pub(crate) struct Utf8<R> {
    inner: R,
    decoder: Decoder,
    raw: Box<[u8]>,
    raw_range: std::ops::Range<usize>,
    /// Decoded bytes that did not fit what the caller gave.
    spare: Vec<u8>,
    spare_from: usize,
    ended: bool,
}

impl<R: Read> Utf8<R> {
    pub(crate) fn new(inner: R, sniffed: Sniffed) -> Self {
        Self {
            inner,
            decoder: sniffed.encoding.new_decoder_with_bom_removal(),
            raw: vec![0; BUFFER].into(),
            raw_range: 0..0,
            spare: vec![0; BUFFER * 3 + 16],
            spare_from: usize::MAX,
            ended: false,
        }
    }

    /// Fills `spare` anew.
    fn decode(&mut self) -> io::Result<usize> {
        loop {
            if self.raw_range.is_empty() && !self.ended {
                let count = self.inner.read(&mut self.raw)?;
                self.raw_range = 0..count;
                self.ended = count == 0;
            }
            let source = self.raw.get(self.raw_range.clone()).unwrap_or_default();
            let was_last = self.ended;
            let (result, read, written, _) = self.decoder.decode_to_utf8(source, &mut self.spare, was_last);
            self.raw_range.start += read;
            if written > 0 {
                return Ok(written);
            }
            if was_last && result == CoderResult::InputEmpty {
                return Ok(0);
            }
        }
    }
}

impl<R: Read> Read for Utf8<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.spare_from == usize::MAX {
            // Everything was decoded and given.
            if self.ended && self.raw_range.is_empty() && self.spare.is_empty() {
                return Ok(0);
            }
            self.spare.resize(BUFFER * 3 + 16, 0);
            let written = self.decode()?;
            self.spare.truncate(written);
            if written == 0 {
                return Ok(0);
            }
            self.spare_from = 0;
        }
        let ready = self.spare.get(self.spare_from..).unwrap_or_default();
        let count = ready.len().min(out.len());
        if let (Some(to), Some(from)) = (out.get_mut(..count), ready.get(..count)) {
            to.copy_from_slice(from);
        }
        self.spare_from += count;
        if self.spare_from >= self.spare.len() {
            self.spare_from = usize::MAX;
        }
        Ok(count)
    }
}

/// The candidate nearest to a word, if one is near enough to be meant.
pub(crate) fn closest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (distance(word, candidate), candidate))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, candidate)| *distance <= (candidate.chars().count() / 3).max(1))
        .map(|(_, candidate)| candidate)
}

/// The Levenshtein distance, upper and lower case the same.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.to_lowercase().chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.to_lowercase().chars().take(200).enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (j, y) in b.iter().enumerate() {
            let above = row.get(j + 1).copied().unwrap_or(usize::MAX);
            let cost = (diagonal + usize::from(x != *y))
                .min(left + 1)
                .min(above.saturating_add(1));
            if let Some(cell) = row.get_mut(j) {
                *cell = left;
            }
            diagonal = above;
            left = cost;
        }
        if let Some(last) = row.last_mut() {
            *last = left;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decoded(bytes: &[u8]) -> (Sniffed, String) {
        let sniffed = sniff(&mut &*bytes).unwrap();
        let mut text = String::new();
        Utf8::new(bytes, sniffed).read_to_string(&mut text).unwrap();
        (sniffed, text)
    }

    #[test]
    fn each_encoding_is_found() {
        assert_eq!(decoded("é\n1".as_bytes()).1, "é\n1");
        assert_eq!(decoded(b"\xEF\xBB\xBFa,b").1, "a,b");
        assert_eq!(decoded(b"\xFF\xFEa\0,\0\xE9\0").1, "a,é");
        assert_eq!(decoded(b"\xFE\xFF\0a\0,\0\xE9").1, "a,é");
        let (sniffed, text) = decoded(b"a\nMus\xE9e\n");
        assert_eq!((text.as_str(), sniffed.guessed_at), ("a\nMusée\n", Some(2)));
        assert_eq!(decoded(b"").1, "");
        assert_eq!(
            decoded(b"cut \xC3").0.guessed_at,
            Some(1),
            "a sequence cut off by the end"
        );
    }

    #[test]
    fn the_nearest_word_is_named() {
        assert_eq!(closest("stop_idd", ["stop_id", "trip_id"]), Some("stop_id"));
        assert_eq!(closest("colour", ["stop_id", "trip_id"]), None);
    }

    proptest! {
        #[test]
        fn text_survives_each_encoding(text in "\\PC{0,300}", repeat in 1_usize..900) {
            let text = text.repeat(repeat);
            prop_assume!(!text.starts_with('\u{feff}'));
            prop_assert_eq!(&decoded(text.as_bytes()).1, &text);
            let mut utf16 = vec![0xFF, 0xFE];
            utf16.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
            prop_assert_eq!(&decoded(&utf16).1, &text);
        }
    }
}
