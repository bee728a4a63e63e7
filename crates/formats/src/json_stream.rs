//! The elements of a JSON document one by one, each with its line, in the memory of one element.
//!
//! The document is checked whole first (so that nothing is written of one that is cut off), then read again.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};

use serde::de::{DeserializeSeed, Deserializer as _, IgnoredAny, MapAccess, Visitor};
use serde_json::Value as Json;

use crate::file::InputFile;
use crate::import::{ImportError, Session};
use crate::text::{Sniffed, Utf8, sniff};

/// The longest element in bytes.
const MAX_ELEMENT: usize = 64 << 20;

/// How a document holds its elements.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Shape {
    /// One object, which is the element. Its members that are short.
    Object(serde_json::Map<String, Json>),
    /// An array of them.
    Array,
    /// An object with an array `features` of them, and its other members.
    Features(serde_json::Map<String, Json>),
    /// One a line.
    Lines,
}

/// An element: the line on which it begins and its text.
pub(crate) struct Element {
    pub(crate) line: u64,
    /// `Err`: it is too long, or not text.
    pub(crate) text: Result<Vec<u8>, String>,
}

/// A document that was checked.
pub(crate) struct Document {
    pub(crate) shape: Shape,
    sniffed: Sniffed,
    path: std::path::PathBuf,
}

impl Document {
    /// Checks a file. `remedy`: what it should have been.
    pub(crate) fn open(
        file: &InputFile,
        session: &mut Session<'_>,
        remedy: &str,
    ) -> Result<Self, ImportError> {
        let read = ImportError::read(&file.name);
        let open = || File::open(&file.path).map_err(&read);
        let sniffed = sniff(&mut open()?).map_err(&read)?;
        if let Some(warning) = sniffed.warning(&file.name) {
            session.warn(warning);
        }
        let text = || -> Result<_, ImportError> { Ok(BufReader::new(Utf8::new(open()?, sniffed))) };
        let shape = match first_sign(&mut text()?).map_err(&read)? {
            None => return Err(ImportError::file(&file.name, "the file is empty", remedy)),
            Some(b'[') => match whole::<IgnoredAny, _>(text()?) {
                Ok(_) => Shape::Array,
                Err(error) => return Err(broken(file, &error, remedy)),
            },
            Some(b'{') => match members(text()?) {
                Ok((features, members)) if features => Shape::Features(members),
                Ok((_, members)) => Shape::Object(members),
                // An element a line: the first line is one by itself.
                Err(_) if first_line_is_whole(&mut text()?) => Shape::Lines,
                Err(error) => return Err(broken(file, &error, remedy)),
            },
            Some(_) => {
                return Err(ImportError::file(
                    &file.name,
                    "it is not JSON: it begins with neither { nor [",
                    remedy,
                ));
            }
        };
        Ok(Self {
            shape,
            sniffed,
            path: file.path.clone(),
        })
    }

    /// Its elements.
    pub(crate) fn elements(&self) -> io::Result<Elements> {
        let input = BufReader::with_capacity(64 * 1024, Utf8::new(File::open(&self.path)?, self.sniffed));
        let mut elements = Elements {
            input,
            line: 1,
            whole: matches!(self.shape, Shape::Object(_)),
            lines: self.shape == Shape::Lines,
        };
        match self.shape {
            Shape::Array => elements.skip_to_array(None)?,
            Shape::Features(_) => elements.skip_to_array(Some("features"))?,
            Shape::Object(_) | Shape::Lines => {}
        }
        Ok(elements)
    }
}

fn broken(file: &InputFile, error: &serde_json::Error, remedy: &str) -> ImportError {
    if error.is_io() {
        return ImportError::Read {
            file: file.name.clone(),
            source: io::Error::other(error.to_string()),
        };
    }
    let cut = if error.is_eof() {
        " (the file seems to be cut off)"
    } else {
        ""
    };
    ImportError::file(&file.name, format!("it is not whole JSON: {error}{cut}"), remedy)
}

fn whole<'de, T: serde::Deserialize<'de>, R: Read>(reader: R) -> Result<T, serde_json::Error> {
    let mut json = serde_json::Deserializer::from_reader(reader);
    let value = T::deserialize(&mut json)?;
    json.end()?;
    Ok(value)
}

/// Whether an object has an array `features`, and its members `type` and `crs`.
fn members(reader: impl Read) -> Result<(bool, serde_json::Map<String, Json>), serde_json::Error> {
    struct Seen;
    impl<'de> Visitor<'de> for Seen {
        type Value = (bool, serde_json::Map<String, Json>);
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut features = false;
            let mut kept = serde_json::Map::new();
            while let Some(key) = map.next_key::<String>()? {
                match key.as_str() {
                    "features" => {
                        features = map.next_value_seed(IsArray)?;
                    }
                    "type" | "crs" => {
                        kept.insert(key, map.next_value()?);
                    }
                    _ => {
                        map.next_value::<IgnoredAny>()?;
                    }
                }
            }
            Ok((features, kept))
        }
    }
    struct IsArray;
    impl<'de> DeserializeSeed<'de> for IsArray {
        type Value = bool;
        fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
            deserializer.deserialize_any(self)
        }
    }
    impl<'de> Visitor<'de> for IsArray {
        type Value = bool;
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an array of features")
        }
        fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<bool, A::Error> {
            while seq.next_element::<IgnoredAny>()?.is_some() {}
            Ok(true)
        }
        fn visit_unit<E>(self) -> Result<bool, E> {
            Ok(false)
        }
    }
    let mut json = serde_json::Deserializer::from_reader(reader);
    let found = json.deserialize_map(Seen)?;
    json.end()?;
    Ok(found)
}

fn first_sign(reader: &mut impl BufRead) -> io::Result<Option<u8>> {
    loop {
        let buffer = reader.fill_buf()?;
        if buffer.is_empty() {
            return Ok(None);
        }
        if let Some(sign) = buffer.iter().find(|byte| !byte.is_ascii_whitespace()) {
            return Ok(Some(*sign));
        }
        let count = buffer.len();
        reader.consume(count);
    }
}

fn first_line_is_whole(reader: &mut impl BufRead) -> bool {
    let mut line = Vec::new();
    loop {
        line.clear();
        match reader.take(MAX_ELEMENT as u64).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return false,
            Ok(_) if line.trim_ascii().is_empty() => {}
            Ok(_) => return serde_json::from_slice::<IgnoredAny>(&line).is_ok(),
        }
    }
}

/// A walk through the elements of a document.
pub(crate) struct Elements {
    input: BufReader<Utf8<File>>,
    line: u64,
    /// The whole document is an element, not yet read.
    whole: bool,
    /// Each line is an element.
    lines: bool,
}

impl Elements {
    /// The next element.
    pub(crate) fn next(&mut self) -> io::Result<Option<Element>> {
        if self.lines {
            return self.next_line();
        }
        if std::mem::take(&mut self.whole) {
            return self.value();
        }
        // Between the elements of an array.
        loop {
            match self.peek()? {
                Some(b',') => {
                    self.skip()?;
                }
                Some(b']') | None => return Ok(None),
                Some(_) => return self.value(),
            }
        }
    }

    fn next_line(&mut self) -> io::Result<Option<Element>> {
        loop {
            let mut text = Vec::new();
            let count = (&mut self.input)
                .take(MAX_ELEMENT as u64)
                .read_until(b'\n', &mut text)?;
            if count == 0 {
                return Ok(None);
            }
            let line = self.line;
            self.line += 1;
            if count >= MAX_ELEMENT {
                self.input.skip_until(b'\n')?;
                return Ok(Some(Element {
                    line,
                    text: Err(too_long()),
                }));
            }
            if !text.trim_ascii().is_empty() {
                return Ok(Some(Element { line, text: Ok(text) }));
            }
        }
    }

    /// The next byte that is not white space, not yet taken.
    fn peek(&mut self) -> io::Result<Option<u8>> {
        loop {
            let buffer = self.input.fill_buf()?;
            let Some(first) = buffer.first().copied() else {
                return Ok(None);
            };
            if !first.is_ascii_whitespace() {
                return Ok(Some(first));
            }
            self.skip()?;
        }
    }

    /// Takes one byte.
    fn skip(&mut self) -> io::Result<Option<u8>> {
        let byte = self.input.fill_buf()?.first().copied();
        if byte.is_some() {
            self.input.consume(1);
        }
        self.line += u64::from(byte == Some(b'\n'));
        Ok(byte)
    }

    /// Takes one JSON value that is known to be whole.
    fn value(&mut self) -> io::Result<Option<Element>> {
        if self.peek()?.is_none() {
            return Ok(None);
        }
        let line = self.line;
        let mut text = Vec::new();
        let mut long = false;
        let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
        'value: loop {
            let buffer = self.input.fill_buf()?;
            if buffer.is_empty() {
                break;
            }
            let mut used = 0;
            let mut ended = false;
            for byte in buffer {
                match byte {
                    _ if escaped => escaped = false,
                    b'\\' if quoted => escaped = true,
                    b'"' => quoted = !quoted,
                    _ if quoted => {}
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' if depth > 0 => depth -= 1,
                    // The end of a number, a word or a string at the top.
                    b',' | b']' | b'}' if depth == 0 => {
                        ended = true;
                        break;
                    }
                    _ => {}
                }
                self.line += u64::from(*byte == b'\n');
                used += 1;
                if depth == 0 && !quoted && matches!(byte, b'}' | b']' | b'"') {
                    ended = true;
                    break;
                }
            }
            if text.len() + used > MAX_ELEMENT {
                long = true;
                text.clear();
            }
            if !long {
                text.extend_from_slice(buffer.get(..used).unwrap_or_default());
            }
            self.input.consume(used);
            if ended {
                break 'value;
            }
        }
        Ok(Some(Element {
            line,
            text: if long { Err(too_long()) } else { Ok(text) },
        }))
    }

    /// Goes behind the `[` of the document, or of its member of this name.
    fn skip_to_array(&mut self, member: Option<&str>) -> io::Result<()> {
        if let Some(name) = member {
            self.peek()?;
            self.skip()?;
            loop {
                match self.peek()? {
                    Some(b',') => {
                        self.skip()?;
                    }
                    Some(b'"') => {
                        let key = self.value()?.and_then(|key| key.text.ok()).unwrap_or_default();
                        self.peek()?;
                        self.skip()?; // the colon
                        let key: String = serde_json::from_slice(&key).unwrap_or_default();
                        if key == name && self.peek()? == Some(b'[') {
                            break;
                        }
                        self.value()?;
                    }
                    _ => return Ok(()),
                }
            }
        }
        self.peek()?;
        self.skip()?;
        Ok(())
    }
}

fn too_long() -> String {
    format!("it is longer than {} MiB", MAX_ELEMENT >> 20)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::Kind;
    use crate::{ImportOptions, MemorySink};
    use proptest::prelude::*;
    use std::io::Write as _;

    fn elements(text: &[u8]) -> Result<(Shape, Vec<(u64, Json)>), String> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text).unwrap();
        let input = InputFile::named(file.path(), "x.json");
        let (options, mut sink) = (ImportOptions::default(), MemorySink::default());
        let mut progress = |_| {};
        let mut session = Session::new(
            Kind::Entities,
            std::slice::from_ref(&input),
            &options,
            &mut sink,
            &mut progress,
        )
        .unwrap();
        let document =
            Document::open(&input, &mut session, "give JSON").map_err(|error| error.to_string())?;
        let mut walk = document.elements().unwrap();
        let mut found = Vec::new();
        while let Some(element) = walk.next().unwrap() {
            found.push((
                element.line,
                serde_json::from_slice(&element.text.unwrap()).unwrap_or(Json::Null),
            ));
        }
        Ok((document.shape, found))
    }

    #[test]
    fn elements_keep_their_lines() {
        let (shape, found) = elements(b"\n[ {\"a\":\n \"]\\\"[\"},\n\n {\"b\":[1,{}]} ]\n").unwrap();
        assert_eq!(shape, Shape::Array);
        assert_eq!(found.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [2, 5]);
        let text = b"{\"type\":\"FeatureCollection\",\n\"x\":{\"features\":[9]},\"features\":[\n{\"a\":1},\n{}],\"crs\":7}";
        let (shape, found) = elements(text).unwrap();
        assert!(matches!(shape, Shape::Features(members) if members["crs"] == 7));
        assert_eq!(
            found,
            [(3, serde_json::json!({"a": 1})), (4, serde_json::json!({}))]
        );
        let (shape, found) = elements(b"{\"a\":1}\n\n{\"b\":\n{\"c\":3}").unwrap();
        assert_eq!(shape, Shape::Lines);
        assert_eq!(found[1], (3, Json::Null), "a bad line costs itself only");
        assert_eq!(found[2], (4, serde_json::json!({"c": 3})));
        assert_eq!(
            elements(b"\xEF\xBB\xBF{\n\"a\":1}").unwrap().1,
            [(1, serde_json::json!({"a": 1}))]
        );
        assert_eq!(elements(b"[]").unwrap().1, []);
        assert_eq!(elements(b"[1, \"a,b\" ,null]").unwrap().1.len(), 3);
    }

    #[test]
    fn a_document_that_is_cut_off_is_refused_with_its_place() {
        let error = elements(b"{\"features\":[{\"a\":1},\n{\"b\":").unwrap_err();
        assert!(error.contains("line 2") && error.contains("cut off"), "{error}");
        assert!(elements(b"").unwrap_err().contains("empty"));
        assert!(elements(b"hello").unwrap_err().contains("not JSON"));
    }

    fn any_json() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::from),
            any::<i32>().prop_map(Json::from),
            "[a-z\"\\\\\\[\\]{},\n é]{0,6}".prop_map(Json::from)
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
                proptest::collection::btree_map("[a-z\"\\[{,]{0,4}", inner, 0..4)
                    .prop_map(|map| Json::from(map.into_iter().collect::<serde_json::Map<_, _>>())),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn every_element_is_found(values in proptest::collection::vec(any_json(), 0..6), pretty in any::<bool>()) {
            let document = serde_json::json!({"head": values.first(), "features": values});
            let text = if pretty { serde_json::to_string_pretty(&document) } else { serde_json::to_string(&document) };
            let found: Vec<Json> = elements(text.unwrap().as_bytes()).unwrap().1.into_iter().map(|(_, v)| v).collect();
            prop_assert_eq!(found, values);
        }
    }
}
