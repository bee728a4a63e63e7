//! The CBOR that authenticators write (RFC 8949, as CTAP 2.1, section 8 narrows it): definite lengths, heads of the
//! shortest form, every key of a map once. Depth, length and number are bounded; nothing is kept that is not asked for.
//!
//! That keys stand in order is not asked: it changes nothing of what is said, and not every client keeps to it.

/// How deep values may lie in each other (CTAP 2.1, section 8).
const DEEPEST: u8 = 4;
/// How many members a map or an array may have.
const MOST: u64 = 64;

/// A value, over the bytes that it was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    Integer(i64),
    Bytes(&'a [u8]),
    Text(&'a str),
    Array(Vec<Value<'a>>),
    Map(Vec<(Value<'a>, Value<'a>)>),
    Bool(bool),
    Null,
}

impl<'a> Value<'a> {
    /// What a map has under a text.
    pub(crate) fn named(&self, name: &str) -> Option<&Self> {
        self.member(&Value::Text(name))
    }

    /// What a map has under a number.
    pub(crate) fn numbered(&self, number: i64) -> Option<&Self> {
        self.member(&Value::Integer(number))
    }

    fn member(&self, key: &Value<'_>) -> Option<&Self> {
        let Self::Map(members) = self else {
            return None;
        };
        members
            .iter()
            .find(|(known, _)| known == key)
            .map(|(_, value)| value)
    }

    /// How many members a map has; none where it is no map.
    pub(crate) fn members(&self) -> Option<usize> {
        match self {
            Self::Map(members) => Some(members.len()),
            _ => None,
        }
    }

    pub(crate) fn integer(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            _ => None,
        }
    }

    pub(crate) fn bytes(&self) -> Option<&'a [u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    pub(crate) fn text(&self) -> Option<&'a str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// Reads one value; answers with it and with what stands behind it.
pub(crate) fn first(bytes: &[u8]) -> Option<(Value<'_>, &[u8])> {
    let mut reader = Reader { left: bytes };
    let value = reader.value(DEEPEST)?;
    Some((value, reader.left))
}

/// Reads one value that nothing stands behind.
pub(crate) fn only(bytes: &[u8]) -> Option<Value<'_>> {
    first(bytes)
        .filter(|(_, rest)| rest.is_empty())
        .map(|(value, _)| value)
}

struct Reader<'a> {
    left: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: u64) -> Option<&'a [u8]> {
        let (taken, left) = self.left.split_at_checked(usize::try_from(length).ok()?)?;
        self.left = left;
        Some(taken)
    }

    /// A number in so many bytes, the most significant first.
    fn number(&mut self, length: u64) -> Option<u64> {
        let bytes = self.take(length)?;
        Some(
            bytes
                .iter()
                .fold(0, |number, byte| number << 8 | u64::from(*byte)),
        )
    }

    /// Major type and argument (RFC 8949, section 3), the argument in its shortest form (4.2.1).
    fn head(&mut self) -> Option<(u8, u64)> {
        let first = *self.take(1)?.first()?;
        let (argument, least) = match first & 0x1f {
            small @ 0..=23 => (u64::from(small), 0),
            24 => (self.number(1)?, 24),
            25 => (self.number(2)?, 1 << 8),
            26 => (self.number(4)?, 1 << 16),
            27 => (self.number(8)?, 1 << 32),
            _ => return None, // reserved, or of indefinite length
        };
        (argument >= least).then_some((first >> 5, argument))
    }

    fn value(&mut self, depth: u8) -> Option<Value<'a>> {
        let (major, argument) = self.head()?;
        let inner = || depth.checked_sub(1).filter(|_| argument <= MOST);
        match major {
            0 => i64::try_from(argument).ok().map(Value::Integer),
            1 => i64::try_from(argument)
                .ok()
                .map(|number| Value::Integer(-1 - number)),
            2 => self.take(argument).map(Value::Bytes),
            3 => std::str::from_utf8(self.take(argument)?).ok().map(Value::Text),
            4 => {
                let inner = inner()?;
                let members: Option<Vec<_>> = (0..argument).map(|_| self.value(inner)).collect();
                members.map(Value::Array)
            }
            5 => {
                let inner = inner()?;
                let mut members: Vec<(Value<'a>, Value<'a>)> = Vec::new();
                for _ in 0..argument {
                    let key = self.value(inner)?;
                    let is_name = matches!(key, Value::Integer(_) | Value::Text(_));
                    if !is_name || members.iter().any(|(known, _)| *known == key) {
                        return None;
                    }
                    members.push((key, self.value(inner)?));
                }
                Some(Value::Map(members))
            }
            // Numbers with a point and tags have no place in what authenticators write.
            7 => match argument {
                20 => Some(Value::Bool(false)),
                21 => Some(Value::Bool(true)),
                22 => Some(Value::Null),
                _ => None,
            },
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::unhex;

    fn read(hex: &str) -> Option<String> {
        only(&unhex(hex).unwrap()).map(|value| format!("{value:?}"))
    }

    /// RFC 8949, appendix A: what is read and what it is.
    #[test]
    fn rfc_8949_vectors() {
        for (hex, value) in [
            ("00", "Integer(0)"),
            ("17", "Integer(23)"),
            ("1818", "Integer(24)"),
            ("1903e8", "Integer(1000)"),
            ("1a000f4240", "Integer(1000000)"),
            ("1b000000e8d4a51000", "Integer(1000000000000)"),
            ("20", "Integer(-1)"),
            ("3903e7", "Integer(-1000)"),
            ("4401020304", "Bytes([1, 2, 3, 4])"),
            ("62c3bc", "Text(\"ü\")"),
            ("80", "Array([])"),
            ("a0", "Map([])"),
            ("f4", "Bool(false)"),
            ("f5", "Bool(true)"),
            ("f6", "Null"),
            (
                "a201020304",
                "Map([(Integer(1), Integer(2)), (Integer(3), Integer(4))])",
            ),
            (
                "a26161016162820203",
                "Map([(Text(\"a\"), Integer(1)), (Text(\"b\"), Array([Integer(2), Integer(3)]))])",
            ),
        ] {
            assert_eq!(read(hex).as_deref(), Some(value), "{hex}");
        }
    }

    #[test]
    fn what_is_not_taken() {
        for (hex, why) in [
            ("", "nothing"),
            ("1800", "a longer head than needed"),
            ("1817", "a longer head than needed"),
            ("190017", "a longer head than needed"),
            ("1a0000ffff", "a longer head than needed"),
            ("1b00000000ffffffff", "a longer head than needed"),
            ("580161", "a longer head than needed"),
            ("1bffffffffffffffff", "beyond 63 bits"),
            ("3bffffffffffffffff", "beyond 63 bits"),
            ("1c", "reserved"),
            ("5f42010243030405ff", "an indefinite length"),
            ("7f657374726561646d696e67ff", "an indefinite length"),
            ("9fff", "an indefinite length"),
            ("bfff", "an indefinite length"),
            ("ff", "a break"),
            ("c11a514b67b0", "a tag"),
            ("f93c00", "a number with a point"),
            ("fb3ff199999999999a", "a number with a point"),
            ("f7", "undefined"),
            ("f0", "a simple value"),
            ("f8ff", "a simple value"),
            ("62ff00", "no UTF-8"),
            ("4401", "cut off"),
            ("5bffffffffffffffff", "longer than there is"),
            ("9bffffffffffffffff", "more than may be"),
            ("bbffffffffffffffff", "more than may be"),
            ("a101", "cut off"),
            ("a2010101", "cut off"),
            ("a201010102", "a key twice"),
            ("a26161016161f6", "a key twice"),
            ("a1a00000", "a key that is none"),
            ("a1410100", "a key that is none"),
            ("8181818180", "too deep"),
            ("0000", "something behind it"),
        ] {
            assert_eq!(read(hex), None, "{hex}: {why}");
        }
        assert!(read("81818180").is_some(), "four deep");
        let many = |count: u8| format!("98{count:02x}{}", "00".repeat(count.into()));
        assert!(read(&many(64)).is_some() && read(&many(65)).is_none());
    }
}
