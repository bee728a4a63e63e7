//! Protocol buffers, as far as OpenStreetMap's files use them: fields of a message one after the other. Nothing
//! is copied, nothing is trusted.

/// Bytes that are no message; the text says why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct Broken(pub(super) &'static str);

/// The value of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value<'a> {
    Varint(u64),
    Bytes(&'a [u8]),
    /// A fixed number of four or eight bytes: no field that is read is one.
    Fixed,
}

impl<'a> Value<'a> {
    pub(super) fn bytes(self) -> Result<&'a [u8], Broken> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            _ => Err(Broken("a field that should hold bytes holds a number")),
        }
    }

    pub(super) fn int64(self) -> Result<i64, Broken> {
        match self {
            Self::Varint(bits) => Ok(bits.cast_signed()),
            _ => Err(Broken("a field that should hold a number holds bytes")),
        }
    }

    pub(super) fn sint64(self) -> Result<i64, Broken> {
        self.int64().map(|bits| zigzag(bits.cast_unsigned()))
    }

    /// A list of numbers, packed.
    pub(super) fn packed(self) -> Result<Varints<'a>, Broken> {
        self.bytes().map(Varints)
    }
}

/// The fields of a message: number and value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Fields<'a> {
    /// The next field; `None` at the end of the message.
    pub(super) fn next(&mut self) -> Result<Option<(u32, Value<'a>)>, Broken> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let tag = varint(&mut self.0)?;
        let number = u32::try_from(tag >> 3)
            .ok()
            .filter(|number| *number > 0)
            .ok_or(Broken("a field has no number"))?;
        let value = match tag & 7 {
            0 => Value::Varint(varint(&mut self.0)?),
            1 => {
                self.take(8)?;
                Value::Fixed
            }
            2 => {
                let length = varint(&mut self.0)?;
                Value::Bytes(self.take(length)?)
            }
            5 => {
                self.take(4)?;
                Value::Fixed
            }
            _ => return Err(Broken("a field is of no kind that there is")),
        };
        Ok(Some((number, value)))
    }

    fn take(&mut self, length: u64) -> Result<&'a [u8], Broken> {
        let (taken, rest) = usize::try_from(length)
            .ok()
            .and_then(|length| self.0.split_at_checked(length))
            .ok_or(Broken("a field is longer than the message that holds it"))?;
        self.0 = rest;
        Ok(taken)
    }
}

/// Packed numbers.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Varints<'a>(&'a [u8]);

impl Varints<'_> {
    pub(super) fn next(&mut self) -> Result<Option<u64>, Broken> {
        if self.0.is_empty() {
            return Ok(None);
        }
        varint(&mut self.0).map(Some)
    }

    pub(super) fn next_sint64(&mut self) -> Result<Option<i64>, Broken> {
        Ok(self.next()?.map(zigzag))
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.0.iter().filter(|byte| **byte < 0x80).count()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn varint(bytes: &mut &[u8]) -> Result<u64, Broken> {
    let mut value = 0_u64;
    for shift in (0..70).step_by(7) {
        let (byte, rest) = bytes.split_first().ok_or(Broken("a number ends in its middle"))?;
        *bytes = rest;
        let bits = u64::from(byte & 0x7f);
        if shift == 63 && bits > 1 {
            break;
        }
        value |= bits << shift;
        if *byte < 0x80 {
            return Ok(value);
        }
    }
    Err(Broken("a number has more than 64 bits"))
}

fn zigzag(bits: u64) -> i64 {
    (bits >> 1).cast_signed() ^ -(bits & 1).cast_signed()
}

/// Numbers of which each is written as its distance to the one before.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Deltas<'a> {
    rest: Varints<'a>,
    value: i64,
}

impl<'a> Deltas<'a> {
    pub(super) fn new(rest: Varints<'a>) -> Self {
        Self { rest, value: 0 }
    }

    pub(super) fn next(&mut self) -> Result<Option<i64>, Broken> {
        let Some(step) = self.rest.next_sint64()? else {
            return Ok(None);
        };
        self.value = self
            .value
            .checked_add(step)
            .ok_or(Broken("a list of numbers runs beyond 64 bits"))?;
        Ok(Some(self.value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_examples_of_the_encoding_s_own_guide() {
        // protobuf.dev/programming-guides/encoding
        let mut message = Fields(&[
            0x08, 0x96, 0x01, 0x12, 0x07, b't', b'e', b's', b't', b'i', b'n', b'g',
        ]);
        assert_eq!(message.next(), Ok(Some((1, Value::Varint(150)))));
        assert_eq!(message.next(), Ok(Some((2, Value::Bytes(b"testing")))));
        assert_eq!(message.next(), Ok(None));
        let mut packed = Value::Bytes(&[0x03, 0x8e, 0x02, 0x9e, 0xa7, 0x05])
            .packed()
            .unwrap();
        assert_eq!(packed.count(), 3);
        assert_eq!(packed.next(), Ok(Some(3)));
        assert_eq!(packed.next(), Ok(Some(270)));
        assert_eq!(packed.next(), Ok(Some(86942)));
        for (bits, number) in [
            (0, 0),
            (1, -1),
            (2, 1),
            (0xffff_fffe, 0x7fff_ffff),
            (u64::MAX, i64::MIN),
        ] {
            assert_eq!(zigzag(bits), number);
        }
        let eleven = [0xff; 11];
        assert!(varint(&mut eleven.as_slice()).is_err());
        assert!(Fields(&[0x12, 0x07, b't']).next().is_err());
        assert!(
            Fields(&[0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01])
                .next()
                .is_err()
        );
    }

    proptest! {
        #[test]
        fn any_bytes_end(bytes: Vec<u8>) {
            let mut fields = Fields(&bytes);
            let mut count = 0;
            while let Ok(Some(_)) = fields.next() {
                count += 1;
            }
            prop_assert!(count <= bytes.len());
        }

        #[test]
        fn numbers_are_read_back(number: u64) {
            let (mut bytes, mut rest) = (Vec::new(), number);
            while rest >= 0x80 {
                bytes.push(rest.to_le_bytes()[0] | 0x80);
                rest >>= 7;
            }
            bytes.push(rest.to_le_bytes()[0]);
            prop_assert_eq!(varint(&mut bytes.as_slice()), Ok(number));
        }
    }
}
