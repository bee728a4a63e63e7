//! JSON from outside, read with limits: at most [`MAX_DEPTH`] levels and [`MAX_VALUES`] values, no key twice in one
//! object, valid UTF-8.

use std::cell::Cell;
use std::fmt;

use ngsi_ld::Error;
use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// How deep arrays and objects may stand in one another.
pub const MAX_DEPTH: usize = 64;
/// How many values one document may hold: a value takes some 70 bytes of memory, and only two of text. An array or an
/// object that is not empty counts as [`FILLED`].
pub const MAX_VALUES: usize = 2_000_000;
/// What an array or an object costs that holds something: room is made for four members at once.
const FILLED: usize = 4;

/// Reads one JSON document. The error is an `InvalidRequest` (5.5.4) that names line and column.
pub fn parse(bytes: &[u8]) -> Result<Value, Error> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(Error::invalid("the body is empty; a JSON document is expected"));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let left = Cell::new(MAX_VALUES);
    let value = Limited {
        depth: 0,
        left: &left,
    }
    .deserialize(&mut deserializer)
    .and_then(|value| deserializer.end().map(|()| value))
    .map_err(|error| Error::invalid(format!("the body is not acceptable JSON: {error}")))?;
    Ok(value)
}

/// Builds a [`Value`] without serde_json's own special keys, counting levels and values on the way.
#[derive(Clone, Copy)]
struct Limited<'a> {
    depth: usize,
    /// How many values more there may be.
    left: &'a Cell<usize>,
}

impl Limited<'_> {
    fn count<E: serde::de::Error>(self, values: usize) -> Result<(), E> {
        let left = self
            .left
            .get()
            .checked_sub(values)
            .ok_or_else(|| E::custom(format_args!("more than {MAX_VALUES} values; send less at once")))?;
        self.left.set(left);
        Ok(())
    }

    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth < MAX_DEPTH {
            Ok(Self {
                depth: self.depth + 1,
                ..self
            })
        } else {
            Err(E::custom(format_args!(
                "more than {MAX_DEPTH} levels of arrays and objects"
            )))
        }
    }
}

impl<'de> DeserializeSeed<'de> for Limited<'_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.count(1)?;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Limited<'_> {
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
            if items.is_empty() {
                self.count(FILLED - 1)?;
            }
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut object = Map::new();
        while let Some(key) = access.next_key::<String>()? {
            if object.is_empty() {
                self.count(FILLED - 1)?;
            }
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
    fn few_bytes_do_not_become_much_memory() {
        let list = |item: &str, n: usize| format!("[{}]", vec![item; n].join(","));
        let members = |n: usize| {
            let members: Vec<_> = (0..n).map(|i| format!("\"{i:x}\":0")).collect();
            format!("{{{}}}", members.join(","))
        };
        assert!(parse(list("0", 1_000_000).as_bytes()).is_ok());
        assert!(parse(members(1_000_000).as_bytes()).is_ok());
        for bad in [
            list("0", 2_000_000),
            list("{}", 2_000_000),
            list("[]", 2_000_000),
            list("[0]", 400_000),
            list("{\"a\":0}", 400_000),
            list("{\"a\":{\"a\":{\"a\":0}}}", 160_000),
            members(2_000_000),
        ] {
            let error = parse(bad.as_bytes()).expect_err(&bad[..20]);
            assert!(error.detail.contains("send less at once"), "{error}");
        }
    }

    #[test]
    fn a_key_that_serde_json_would_take_for_its_own_is_only_a_key() {
        let text = br#"{"$serde_json::private::RawValue":"[1]"}"#;
        assert_eq!(parse(text).unwrap()["$serde_json::private::RawValue"], "[1]");
    }
}
