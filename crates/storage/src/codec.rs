//! Bytes: how numbers, texts and JSON are written, and the frame around everything that is stored.
//!
//! The conventions are those of postcard (postcard.jamesmunns.com/wire-format): LEB128 varints, zigzag for
//! signed integers, lengths before contents, floats in little endian. They are written by hand because the
//! records are full of things that are usually absent, and because this format is ours to keep readable.
//!
//! A frame is `version (1) | flags | subject key | [raw length] | body`. The subject key is the number of the key
//! that the body is encrypted with, one for each person or thing that may have to be forgotten; 0: not encrypted.

use serde_json::Value as Json;

/// The format version of frames that this program writes.
pub(crate) const FRAME_VERSION: u8 = 1;
const COMPRESSED: u8 = 1;
/// Bodies below this length are not worth compressing.
const COMPRESS_FROM: usize = 256;
/// A body that says it is longer than this is not ours (SQLite itself holds at most 1 GB).
const LONGEST_BODY: u64 = 1 << 32;
/// Depth of JSON and of sub-attributes beyond which stored bytes are not believed.
pub(crate) const DEEPEST: u32 = 512;

/// Bytes that are not what was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed(pub(crate) &'static str);

/// Where bytes are written to.
#[derive(Default)]
pub(crate) struct Output(pub(crate) Vec<u8>);

impl Output {
    pub(crate) fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    pub(crate) fn varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push((number & 0x7f) as u8 | 0x80);
            number >>= 7;
        }
        self.0.push((number & 0x7f) as u8);
    }

    pub(crate) fn count(&mut self, count: usize) {
        self.varint(count as u64);
    }

    pub(crate) fn zigzag(&mut self, number: i64) {
        self.varint(((number << 1) ^ (number >> 63)).cast_unsigned());
    }

    pub(crate) fn float(&mut self, number: f64) {
        self.0.extend_from_slice(&number.to_bits().to_le_bytes());
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.count(bytes.len());
        self.0.extend_from_slice(bytes);
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    pub(crate) fn json(&mut self, json: &Json) {
        match json {
            Json::Null => self.byte(0),
            Json::Bool(false) => self.byte(1),
            Json::Bool(true) => self.byte(2),
            Json::Number(number) => {
                if let Some(integer) = number.as_i64() {
                    self.byte(3);
                    self.zigzag(integer);
                } else if let Some(integer) = number.as_u64() {
                    self.byte(4);
                    self.varint(integer);
                } else {
                    self.byte(5);
                    self.float(number.as_f64().unwrap_or_default());
                }
            }
            Json::String(text) => {
                self.byte(6);
                self.text(text);
            }
            Json::Array(items) => {
                self.byte(7);
                self.count(items.len());
                for item in items {
                    self.json(item);
                }
            }
            Json::Object(members) => {
                self.byte(8);
                self.members(members);
            }
        }
    }

    pub(crate) fn members(&mut self, members: &serde_json::Map<String, Json>) {
        self.count(members.len());
        for (key, value) in members {
            self.text(key);
            self.json(value);
        }
    }
}

/// Where bytes are read from.
#[derive(Clone, Copy)]
pub(crate) struct Input<'a>(pub(crate) &'a [u8]);

impl<'a> Input<'a> {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn byte(&mut self) -> Result<u8, Malformed> {
        let (first, rest) = self.0.split_first().ok_or(Malformed("ends too early"))?;
        self.0 = rest;
        Ok(*first)
    }

    pub(crate) fn varint(&mut self) -> Result<u64, Malformed> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                break;
            }
            number |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(Malformed("a number is too long"))
    }

    /// How many things follow; each takes at least one byte, so that a wrong count cannot ask for much memory.
    pub(crate) fn count(&mut self) -> Result<usize, Malformed> {
        let count = self.varint()?;
        usize::try_from(count)
            .ok()
            .filter(|count| *count <= self.0.len())
            .ok_or(Malformed("a length is too long"))
    }

    pub(crate) fn zigzag(&mut self) -> Result<i64, Malformed> {
        let number = self.varint()?;
        Ok((number >> 1).cast_signed() ^ -((number & 1).cast_signed()))
    }

    pub(crate) fn float(&mut self) -> Result<f64, Malformed> {
        let (bits, rest) = self.0.split_first_chunk().ok_or(Malformed("ends too early"))?;
        self.0 = rest;
        Ok(f64::from_bits(u64::from_le_bytes(*bits)))
    }

    pub(crate) fn take(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self
            .0
            .split_at_checked(length)
            .ok_or(Malformed("ends too early"))?;
        self.0 = rest;
        Ok(taken)
    }

    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], Malformed> {
        let length = self.count()?;
        self.take(length)
    }

    pub(crate) fn text(&mut self) -> Result<&'a str, Malformed> {
        std::str::from_utf8(self.bytes()?).or(Err(Malformed("a text is not UTF-8")))
    }

    pub(crate) fn json(&mut self, depth: u32) -> Result<Json, Malformed> {
        if depth > DEEPEST {
            return Err(Malformed("JSON is too deep"));
        }
        Ok(match self.byte()? {
            0 => Json::Null,
            1 => Json::Bool(false),
            2 => Json::Bool(true),
            3 => Json::from(self.zigzag()?),
            4 => Json::from(self.varint()?),
            5 => Json::from(self.float()?),
            6 => Json::from(self.text()?),
            7 => {
                let count = self.count()?;
                Json::Array(
                    (0..count)
                        .map(|_| self.json(depth + 1))
                        .collect::<Result<_, _>>()?,
                )
            }
            8 => Json::Object(self.members(depth + 1)?),
            _ => return Err(Malformed("no such kind of JSON")),
        })
    }

    pub(crate) fn members(&mut self, depth: u32) -> Result<serde_json::Map<String, Json>, Malformed> {
        let count = self.count()?;
        (0..count)
            .map(|_| Ok((self.text()?.to_owned(), self.json(depth)?)))
            .collect()
    }
}

/// Puts a body into a frame; compressed where that saves an eighth at least.
pub(crate) fn seal(body: &[u8]) -> Vec<u8> {
    if body.len() >= COMPRESS_FROM {
        let compressed = lz4_flex::block::compress(body);
        if compressed.len() < body.len() - body.len() / 8 {
            let mut frame = Output(Vec::with_capacity(compressed.len() + 8));
            frame.0.extend_from_slice(&[FRAME_VERSION, COMPRESSED, 0]);
            frame.count(body.len());
            frame.0.extend_from_slice(&compressed);
            return frame.0;
        }
    }
    let mut frame = Vec::with_capacity(body.len() + 3);
    frame.extend_from_slice(&[FRAME_VERSION, 0, 0]);
    frame.extend_from_slice(body);
    frame
}

/// Takes the body out of a frame.
pub(crate) fn unseal(frame: &[u8]) -> Result<std::borrow::Cow<'_, [u8]>, Malformed> {
    let mut input = Input(frame);
    if input.byte()? != FRAME_VERSION {
        return Err(Malformed("its format version is unknown"));
    }
    let flags = input.byte()?;
    if input.varint()? != 0 {
        return Err(Malformed("it is encrypted, and this version holds no keys"));
    }
    match flags {
        0 => Ok(input.0.into()),
        COMPRESSED => {
            let length = input.varint()?;
            let length = usize::try_from(length).ok().filter(|_| length <= LONGEST_BODY);
            let body = lz4_flex::block::decompress(input.0, length.ok_or(Malformed("a length is too long"))?);
            Ok(body.or(Err(Malformed("it cannot be decompressed")))?.into())
        }
        _ => Err(Malformed("it has unknown flags")),
    }
}

/// The checksum of a row: over the numbers that name it and the bytes that it holds.
pub(crate) fn checksum(table: &str, numbers: &[i64], bytes: &[u8]) -> u32 {
    checksum_of(table, numbers, &[bytes])
}

/// The same of bytes in pieces.
pub(crate) fn checksum_of(table: &str, numbers: &[i64], pieces: &[&[u8]]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(table.as_bytes());
    for number in numbers {
        hasher.update(&number.to_le_bytes());
    }
    for piece in pieces {
        hasher.update(piece);
    }
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_written_as_leb128() {
        let mut output = Output::default();
        output.varint(300); // the example of postcard's wire format
        output.zigzag(-1);
        output.varint(u64::MAX);
        assert_eq!(output.0[..3], [0xac, 0x02, 0x01]);
        let mut input = Input(&output.0);
        assert_eq!(
            (input.varint(), input.zigzag(), input.varint()),
            (Ok(300), Ok(-1), Ok(u64::MAX))
        );
        assert!(Input(&[0xff; 11]).varint().is_err());
    }

    proptest! {
        #[test]
        fn what_is_sealed_is_unsealed(body in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..2_000),
            proptest::collection::vec(0_u8..2, 0..2_000),
        ]) {
            let frame = seal(&body);
            prop_assert_eq!(unseal(&frame).unwrap().into_owned(), body);
        }

        #[test]
        fn nothing_panics_on_nonsense(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = unseal(&bytes);
            let _ = Input(&bytes).json(0);
        }

        #[test]
        fn integers_round_trip(number in any::<i64>()) {
            let mut output = Output::default();
            output.zigzag(number);
            prop_assert_eq!(Input(&output.0).zigzag(), Ok(number));
        }
    }
}
