//! JSON from outside, read with limits: at most [`MAX_DEPTH`] levels, no key twice in one object, valid UTF-8.

use std::fmt;

use ngsi_ld::Error;
use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// How deep arrays and objects may stand in one another.
pub const MAX_DEPTH: usize = 64;

/// Reads one JSON document. The error is an `InvalidRequest` (5.5.4) that names line and column.
pub fn parse(bytes: &[u8]) -> Result<Value, Error> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(Error::invalid("the body is empty; a JSON document is expected"));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = Limited { depth: 0 }
        .deserialize(&mut deserializer)
        .and_then(|value| deserializer.end().map(|()| value))
        .map_err(|error| Error::invalid(format!("the body is not acceptable JSON: {error}")))?;
    Ok(value)
}

/// Builds a [`Value`] without serde_json's own special keys, counting levels on the way.
#[derive(Clone, Copy)]
struct Limited {
    depth: usize,
}

impl Limited {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth < MAX_DEPTH {
            Ok(Self {
                depth: self.depth + 1,
            })
        } else {
            Err(E::custom(format_args!(
                "more than {MAX_DEPTH} levels of arrays and objects"
            )))
        }
    }
}

impl<'de> DeserializeSeed<'de> for Limited {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Limited {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut items = Vec::new();
        while let Some(item) = access.next_element_seed(inner)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut object = Map::new();
        while let Some(key) = access.next_key::<String>()? {
            let value = access.next_value_seed(inner)?;
            if object.contains_key(&key) {
                let key: String = key.chars().take(80).collect();
                return Err(A::Error::custom(format_args!(
                    "the key `{key}` stands twice in one object"
                )));
            }
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_serde_json_reads_is_read_the_same() {
        for text in [
            r#"{"a":[1,-2,3.5,1e3,true,false,null,"ä\u0000\ud83d\ude00"],"b":{}}"#,
            "18446744073709551615",
            "-9223372036854775808",
            "0.1",
            "1e-400",
            r#""x""#,
        ] {
            assert_eq!(
                parse(text.as_bytes()).unwrap(),
                serde_json::from_str::<Value>(text).unwrap(),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_refused() {
        let nested = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
        assert!(parse(nested(MAX_DEPTH).as_bytes()).is_ok());
        for bad in [
            nested(MAX_DEPTH + 1),
            "[".repeat(100_000),
            r#"{"a":1,"a":2}"#.into(),
            r#"{"a":1,"\u0061":2}"#.into(),
            r#"{"a":1} x"#.into(),
            "{'a':1}".into(),
            "[1,]".into(),
            "NaN".into(),
            "1e999".into(),
            "01".into(),
            r#""\ud800""#.into(),
            String::new(),
            " \n".into(),
        ] {
            let error = parse(bad.as_bytes()).expect_err(&bad[..bad.len().min(40)]);
            assert_eq!(error.kind, ngsi_ld::ErrorKind::InvalidRequest);
        }
        for bad in [
            &b"\"\xff\""[..],
            b"\xef\xbb\xbf{}",
            b"\"\xed\xa0\x80\"",
            b"\"\xc0\x80\"",
        ] {
            assert!(parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_key_that_serde_json_would_take_for_its_own_is_only_a_key() {
        let text = br#"{"$serde_json::private::RawValue":"[1]"}"#;
        assert_eq!(parse(text).unwrap()["$serde_json::private::RawValue"], "[1]");
    }
}
