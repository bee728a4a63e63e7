//! Records of a `.dbf` (dBASE III and its successors), in the memory of one record.

use std::io::{self, Read, Seek, SeekFrom};

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};
use serde_json::{Map, Number, Value as Json};

use super::shp::NoShapes;

/// A column.
#[derive(Debug)]
struct Field {
    name: String,
    kind: u8,
    length: usize,
    decimals: u8,
}

/// How texts are written.
#[derive(Clone, Copy, Debug)]
enum Script {
    /// As the `.cpg` or the head says.
    Known(&'static Encoding),
    /// Nothing says: UTF-8 where that is what it is, else Windows-1252.
    Guessed,
}

/// A table.
pub(super) struct Table<R> {
    file: R,
    fields: Vec<Field>,
    record: Vec<u8>,
    /// Records, those that are marked as deleted among them.
    pub(super) count: u64,
    read: u64,
    script: Script,
    /// A text was not of the encoding that was said, or had to be guessed.
    pub(super) guessed: bool,
    /// What is to be said of the encoding.
    pub(super) warning: Option<String>,
}

/// What a record holds; `None`: it is marked as deleted.
pub(super) type Record = Option<Map<String, Json>>;

impl<R: Read + Seek> Table<R> {
    /// Reads the head. `page`: what the `.cpg` says.
    pub(super) fn open(mut file: R, page: Option<&str>) -> Result<Self, NoShapes> {
        let actual = file.seek(SeekFrom::End(0))?;
        file.seek(SeekFrom::Start(0))?;
        let mut head = [0; 32];
        file.read_exact(&mut head)?;
        let word = |at: usize| {
            let byte = |at: usize| head.get(at).copied().unwrap_or_default();
            usize::from(u16::from_le_bytes([byte(at), byte(at + 1)]))
        };
        let count = u64::from(u32::from_le_bytes([head[4], head[5], head[6], head[7]]));
        let (header, record) = (word(8), word(10));
        let damaged = |why: String| NoShapes::Damaged(why);
        if header < 33 || record < 1 {
            return Err(damaged("it does not begin as a table of dBASE does".to_owned()));
        }
        let mut bytes = vec![0; header - 32];
        file.read_exact(&mut bytes)?;
        let (script, warning) = script(page, head[29]);
        let mut fields = Vec::new();
        for field in bytes.chunks_exact(32) {
            // The mark at the end is 0x0D.
            if field.first().is_none_or(|first| *first < 0x20) {
                break;
            }
            let name = field.get(..11).unwrap_or_default();
            let end = name.iter().position(|byte| *byte == 0).unwrap_or(name.len());
            let (text, _) = script.decode(name.get(..end).unwrap_or_default());
            fields.push(Field {
                name: text.trim().to_owned(),
                kind: field.get(11).copied().unwrap_or_default().to_ascii_uppercase(),
                length: field.get(16).copied().map_or(0, usize::from),
                decimals: field.get(17).copied().unwrap_or_default(),
            });
        }
        let length: usize = fields.iter().map(|field| field.length).sum();
        if length + 1 > record {
            return Err(damaged(format!(
                "its columns are {} bytes long, and its rows {record}",
                length + 1
            )));
        }
        let stated = header as u64 + count * record as u64;
        if actual < stated {
            return Err(damaged(format!(
                "it is cut off: it should have {count} rows in {stated} bytes and is {actual} bytes long"
            )));
        }
        Ok(Self {
            file,
            fields,
            record: vec![0; record],
            count,
            read: 0,
            script,
            guessed: false,
            warning,
        })
    }

    /// The next record; the outer `None` behind the last.
    pub(super) fn next(&mut self) -> Result<Option<Record>, NoShapes> {
        if self.read == self.count {
            return Ok(None);
        }
        self.file.read_exact(&mut self.record)?;
        self.read += 1;
        if self.record.first() == Some(&b'*') {
            return Ok(Some(None));
        }
        let mut at = 1;
        let mut record = Map::with_capacity(self.fields.len());
        for field in &self.fields {
            let bytes = self.record.get(at..at + field.length).unwrap_or_default();
            at += field.length;
            let value = value(field, bytes, self.script, &mut self.guessed);
            record.insert(field.name.clone(), value);
        }
        Ok(Some(Some(record)))
    }
}

impl Script {
    /// The text, and whether it is another than was said or nobody knows.
    fn decode(self, bytes: &[u8]) -> (String, bool) {
        if bytes.is_ascii() {
            return (String::from_utf8_lossy(bytes).into_owned(), false);
        }
        match self {
            Self::Known(encoding) => {
                let (text, bad) = encoding.decode_without_bom_handling(bytes);
                (text.into_owned(), bad)
            }
            Self::Guessed => match std::str::from_utf8(bytes) {
                Ok(text) => (text.to_owned(), false),
                Err(_) => (
                    WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned(),
                    true,
                ),
            },
        }
    }
}

/// The encoding by the `.cpg`, else by the byte in the head that stands for a code page.
fn script(page: Option<&str>, mark: u8) -> (Script, Option<String>) {
    if let Some(page) = page.map(str::trim).filter(|page| !page.is_empty()) {
        if let Some(encoding) = by_name(page) {
            return (Script::Known(encoding), None);
        }
        let page: String = page.chars().take(40).filter(|c| !c.is_control()).collect();
        let warning = format!("its .cpg says that texts are written in `{page}`, which is not known");
        return (Script::Guessed, Some(warning));
    }
    // The "language driver" of dBASE: its code pages, as far as there are tables of them.
    let label = match mark {
        0x03 | 0x57..=0x59 => "windows-1252",
        0x13 | 0x7B => "shift_jis",
        0x26 | 0x65 => "ibm866",
        0x4D | 0x7A => "gbk",
        0x4E | 0x79 => "euc-kr",
        0x4F | 0x78 => "big5",
        0x50 | 0x7C => "windows-874",
        0x7D => "windows-1255",
        0x7E => "windows-1256",
        0xC8 => "windows-1250",
        0xC9 => "windows-1251",
        0xCA => "windows-1254",
        0xCB => "windows-1253",
        0xCC => "windows-1257",
        _ => return (Script::Guessed, None),
    };
    match Encoding::for_label(label.as_bytes()) {
        Some(encoding) => (Script::Known(encoding), None),
        None => (Script::Guessed, None),
    }
}

/// An encoding by the ways in which a `.cpg` names it: `UTF-8`, `65001`, `1252`, `CP1252`, `ANSI 1252`, `8859_1`,
/// `ISO-8859-1`, `OEM 866`.
fn by_name(page: &str) -> Option<&'static Encoding> {
    let page = page.to_ascii_lowercase().replace(['_', ' '], "-");
    if let Some(encoding) = Encoding::for_label(page.as_bytes()) {
        return Some(encoding);
    }
    let number: String = page.chars().filter(char::is_ascii_digit).collect();
    let label = match number.as_str() {
        "65001" | "8" => return Some(UTF_8),
        "866" => "ibm866".to_owned(),
        "874" => "windows-874".to_owned(),
        "932" => "shift_jis".to_owned(),
        "936" => "gbk".to_owned(),
        "949" => "euc-kr".to_owned(),
        "950" => "big5".to_owned(),
        part if part.len() > 4 && part.starts_with("8859") => {
            format!("iso-8859-{}", part.get(4..).unwrap_or_default())
        }
        number => format!("windows-{number}"),
    };
    Encoding::for_label(label.as_bytes())
}

fn value(field: &Field, bytes: &[u8], script: Script, guessed: &mut bool) -> Json {
    let plain = || {
        let text = String::from_utf8_lossy(bytes);
        text.trim_matches([' ', '\0']).to_owned()
    };
    match field.kind {
        b'N' | b'F' => {
            let text = plain();
            if field.decimals == 0
                && let Ok(whole) = text.parse::<i64>()
            {
                return whole.into();
            }
            // Stars stand for a number that did not fit.
            match text.parse::<f64>() {
                Ok(number) => Number::from_f64(number).map_or(Json::Null, Json::Number),
                Err(_) => Json::Null,
            }
        }
        b'L' => match bytes.first() {
            Some(b'T' | b't' | b'Y' | b'y') => true.into(),
            Some(b'F' | b'f' | b'N' | b'n') => false.into(),
            _ => Json::Null,
        },
        b'D' => {
            let text = plain();
            match (text.get(..4), text.get(4..6), text.get(6..8)) {
                (Some(year), Some(month), Some(day))
                    if text.len() == 8 && text != "00000000" && text.bytes().all(|b| b.is_ascii_digit()) =>
                {
                    format!("{year}-{month}-{day}").into()
                }
                _ => Json::Null,
            }
        }
        b'I' | b'+' => match bytes.try_into() {
            Ok(bytes) => i32::from_le_bytes(bytes).into(),
            Err(_) => Json::Null,
        },
        b'O' => match bytes.try_into() {
            Ok(bytes) => Number::from_f64(f64::from_le_bytes(bytes)).map_or(Json::Null, Json::Number),
            Err(_) => Json::Null,
        },
        b'C' | b'V' => {
            let end = bytes.iter().rposition(|byte| !matches!(byte, b' ' | 0));
            let Some(end) = end else {
                return Json::Null;
            };
            let (text, bad) = script.decode(bytes.get(..=end).unwrap_or_default());
            *guessed |= bad;
            text.into()
        }
        // Memos lie in another file; times and pictures are no properties.
        _ => Json::Null,
    }
}

impl From<NoShapes> for io::Error {
    fn from(error: NoShapes) -> Self {
        match error {
            NoShapes::Io(error) => error,
            NoShapes::Damaged(why) => Self::new(io::ErrorKind::InvalidData, why),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;
    use std::io::Cursor;

    /// A table written by hand.
    fn table(fields: &[(&str, u8, u8, u8)], rows: &[&[u8]], mark: u8) -> Vec<u8> {
        let record: usize = 1 + fields.iter().map(|field| usize::from(field.2)).sum::<usize>();
        let mut bytes = vec![3, 125, 1, 1];
        bytes.extend(u32::try_from(rows.len()).unwrap().to_le_bytes());
        bytes.extend(u16::try_from(33 + 32 * fields.len()).unwrap().to_le_bytes());
        bytes.extend(u16::try_from(record).unwrap().to_le_bytes());
        bytes.extend([0; 17]);
        bytes.extend([mark, 0, 0]);
        for (name, kind, length, decimals) in fields {
            let mut field = name.as_bytes().to_vec();
            field.resize(11, 0);
            field.extend([*kind, 0, 0, 0, 0, *length, *decimals]);
            field.resize(32, 0);
            bytes.extend(field);
        }
        bytes.push(0x0D);
        for row in rows {
            assert_eq!(row.len(), record);
            bytes.extend(*row);
        }
        bytes
    }

    fn all(bytes: &[u8], page: Option<&str>) -> Result<(Vec<Record>, bool), NoShapes> {
        let mut table = Table::open(Cursor::new(bytes), page)?;
        let mut records = Vec::new();
        while let Some(record) = table.next()? {
            records.push(record);
            if records.len() > 1_000 {
                break;
            }
        }
        Ok((records, table.guessed))
    }

    #[test]
    fn every_type_is_read() {
        let bytes = table(
            &[
                ("NAME", b'C', 6, 0),
                ("COUNT", b'N', 4, 0),
                ("AREA", b'N', 6, 2),
                ("DAY", b'D', 8, 0),
                ("OPEN", b'L', 1, 0),
                ("CODE", b'I', 4, 0),
                ("MEMO", b'M', 2, 0),
            ],
            &[
                b" Ward    42  1.5020250131T\x07\0\0\0ab",
                b"*gone    42  1.5020250131T\x07\0\0\0ab",
                b"       ****              ?\xFF\xFF\xFF\xFFab",
            ],
            0,
        );
        let (records, _) = all(&bytes, None).unwrap();
        assert_eq!(records.len(), 3);
        let expected = json!({"NAME": "Ward", "COUNT": 42, "AREA": 1.5, "DAY": "2025-01-31", "OPEN": true, "CODE": 7, "MEMO": null});
        assert_eq!(records[0].clone().map(Json::from), Some(expected));
        assert_eq!(records[1], None, "a row that is marked as deleted");
        let expected = json!({"NAME": null, "COUNT": null, "AREA": null, "DAY": null, "OPEN": null, "CODE": -1, "MEMO": null});
        assert_eq!(records[2].clone().map(Json::from), Some(expected));
    }

    #[test]
    fn texts_are_read_in_their_encoding() {
        let text = |bytes: &[u8], page: Option<&str>, mark: u8| {
            let mut row = vec![b' '];
            row.extend(bytes);
            row.resize(13, b' ');
            let (records, guessed) = all(&table(&[("N", b'C', 12, 0)], &[&row], mark), page).unwrap();
            (
                records[0].as_ref().unwrap()["N"].as_str().unwrap().to_owned(),
                guessed,
            )
        };
        assert_eq!(
            text("Musée".as_bytes(), Some("UTF-8"), 0x57),
            ("Musée".into(), false)
        );
        assert_eq!(
            text(b"Mus\xE9e", Some("ISO-8859-1\r\n"), 0),
            ("Musée".into(), false)
        );
        assert_eq!(text(b"Mus\xE9e", Some("ANSI 1252"), 0), ("Musée".into(), false));
        assert_eq!(text(b"Mus\xE9e", None, 0x57), ("Musée".into(), false));
        assert_eq!(text(b"Mus\xE9e", None, 0), ("Musée".into(), true));
        assert_eq!(text("Musée".as_bytes(), None, 0), ("Musée".into(), false));
        assert_eq!(
            text(b"\xCC\xEE\xF1\xEA\xE2\xE0", Some("1251"), 0),
            ("Москва".into(), false)
        );
        assert_eq!(
            text(b"\x8C\xAE\xE1\xAA\xA2\xA0", None, 0x65),
            ("Москва".into(), false)
        );
        assert_eq!(text(b"\xDF\xC7\xD1", Some("1256"), 0).0.chars().count(), 3);
        assert_eq!(text(b"Mus\xE9e", Some("Klingon"), 0).0, "Musée");
    }

    #[test]
    fn cut_off_it_is_refused() {
        let bytes = table(&[("A", b'C', 3, 0)], &[b" abc", b" def"], 0);
        for length in 0..bytes.len() {
            assert!(all(&bytes[..length], None).is_err(), "{length}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(
            bytes in proptest::collection::vec(any::<u8>(), 0..200),
            changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..6)
        ) {
            let _ = all(&bytes, None);
            let mut near = table(&[("A", b'C', 3, 0), ("B", b'N', 4, 1), ("C", b'D', 8, 0)], &[b" abc 1.520250131".as_slice(); 4], 0x57);
            for (at, with) in changes {
                let at = at.index(near.len());
                near[at] = with;
            }
            let _ = all(&near, Some("cp1252"));
        }
    }
}
