//! JSON objects in which every name stands once (RFC 8725, 2.4 and RFC 7519, section 4): two readers must not see two
//! things.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::{Map, Value};

/// An object without a name that stands twice.
pub(crate) struct Unique(pub(crate) Map<String, Value>);

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Unique;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Unique, A::Error> {
                let mut members = Map::new();
                while let Some((name, value)) = access.next_entry::<String, Value>()? {
                    if members.insert(name, value).is_some() {
                        return Err(A::Error::custom("a name stands twice"));
                    }
                }
                Ok(Unique(members))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

/// Reads an object; nothing where it is none, or one of its names stands twice.
pub(crate) fn object(bytes: &[u8]) -> Option<Map<String, Value>> {
    serde_json::from_slice(bytes).ok().map(|Unique(members)| members)
}

/// A member that has to be a text if it is there: `Err` where it is something else.
pub(crate) fn text<'a>(object: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, ()> {
    match object.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_once() {
        assert_eq!(object(b"{\"a\":1,\"b\":{}}").unwrap().len(), 2);
        for bad in [
            &b"{\"a\":1,\"a\":1}"[..],
            b"{\"a\":1,\"\\u0061\":2}",
            b"[]",
            b"{",
            b"{} {}",
            b"null",
            b"",
            b"\xff",
        ] {
            assert!(object(bad).is_none(), "{bad:?}");
        }
    }
}
