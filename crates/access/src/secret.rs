//! Random secrets, their digests, and how they are written.

use std::fmt::Write as _;

use rand::TryRng as _;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::error::{Error, Result};

/// Where secrets come from. Tests pass one with a seed; nothing else may.
pub trait Random: Send + Sync {
    /// Fills a buffer with bytes that nobody can guess.
    ///
    /// # Errors
    /// When there are none to be had; then no secret is made.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), String>;
}

/// The operating system's randomness.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), String> {
        rand::rngs::SysRng
            .try_fill_bytes(bytes)
            .map_err(|error| error.to_string())
    }
}

/// So many random bytes.
pub(crate) fn bytes<const N: usize>(random: &dyn Random) -> Result<[u8; N]> {
    let mut bytes = [0; N];
    random
        .fill(&mut bytes)
        .map_err(|error| Error::Store(format!("the system gives no randomness: {error}")))?;
    Ok(bytes)
}

/// So many random bytes, in hexadecimal digits.
pub(crate) fn token<const N: usize>(random: &dyn Random) -> Result<String> {
    Ok(hex(&bytes::<N>(random)?))
}

/// What is stored of a secret that nobody can guess: its SHA-256. (Passwords can be guessed and are hashed otherwise.)
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Digest([u8; 32]);

impl Digest {
    /// Of a secret, with what it is for, so that one kind never passes as another.
    pub(crate) fn of(purpose: &str, secret: &str) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(purpose.as_bytes());
        hasher.update([0]);
        hasher.update(secret.as_bytes());
        Self(hasher.finalize().into())
    }

    /// Of something that is no secret: its plain SHA-256.
    pub(crate) fn of_public(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// Compared in a time that says nothing.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// Its first half in hexadecimal digits: names it without giving it away.
    pub(crate) fn short(&self) -> String {
        hex(&self.0[..8])
    }
}

impl serde::Serialize for Digest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex(&self.0))
    }
}

impl<'de> serde::Deserialize<'de> for Digest {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        unhex(&text)
            .and_then(|bytes| Self::from_bytes(&bytes))
            .ok_or_else(|| serde::de::Error::custom("not a SHA-256"))
    }
}

/// Whether two texts are the same, in a time that says nothing of where they differ.
pub(crate) fn same(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
            let _ = write!(text, "{byte:02x}"); // writing to a string cannot fail
            text
        })
}

/// Hexadecimal digits as bytes.
pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    if !digits.len().is_multiple_of(2) || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

/// Bytes in base 32 (RFC 4648, section 6), without padding.
pub(crate) fn base32(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut text = String::with_capacity(bytes.len() * 8 / 5 + 1);
    let (mut held, mut bits) = (0_u32, 0);
    for byte in bytes {
        held = (held << 8) | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(char::from(DIGITS[(held >> bits & 31) as usize]));
        }
        held &= (1 << bits) - 1;
    }
    if bits > 0 {
        text.push(char::from(DIGITS[(held << (5 - bits) & 31) as usize]));
    }
    text
}

/// A code for people: base 32 in groups of four, `ABCD-EFGH-…`.
pub(crate) fn code<const N: usize>(random: &dyn Random) -> Result<String> {
    let text = base32(&bytes::<N>(random)?);
    let groups: Vec<&str> = (0..text.len())
        .step_by(4)
        .filter_map(|at| text.get(at..(at + 4).min(text.len())))
        .collect();
    Ok(groups.join("-"))
}

/// A code as it was meant: without what people put between, in capitals, and with the letters for which digits are
/// mistaken (base 32 has neither 0 nor 1 nor 8).
pub(crate) fn typed(code: &str) -> String {
    code.chars()
        .take(200)
        .filter(char::is_ascii_alphanumeric)
        .map(|c| match c.to_ascii_uppercase() {
            '0' => 'O',
            '1' => 'I',
            '8' => 'B',
            other => other,
        })
        .collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use parking_lot::Mutex;

    /// Chance from a seed: SHA-256 of a counter.
    pub(crate) struct Seeded(Mutex<u64>);

    impl Seeded {
        pub(crate) fn new(seed: u64) -> Self {
            Self(Mutex::new(seed << 32))
        }
    }

    impl Random for Seeded {
        fn fill(&self, bytes: &mut [u8]) -> Result<(), String> {
            for chunk in bytes.chunks_mut(32) {
                let mut counter = self.0.lock();
                *counter += 1;
                let block: [u8; 32] = Sha256::digest(counter.to_le_bytes()).into();
                chunk.copy_from_slice(&block[..chunk.len()]);
            }
            Ok(())
        }
    }

    /// RFC 4648, section 10.
    #[test]
    fn rfc_4648_vectors() {
        for (text, written) in [
            ("", ""),
            ("f", "MY"),
            ("fo", "MZXQ"),
            ("foo", "MZXW6"),
            ("foob", "MZXW6YQ"),
            ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI"),
        ] {
            assert_eq!(base32(text.as_bytes()), written);
        }
    }

    #[test]
    fn codes_are_read_as_people_write_them() {
        let code = code::<10>(&Seeded::new(1)).unwrap();
        assert_eq!(code.len(), 19);
        assert_eq!(typed(&code), code.replace('-', ""));
        assert_eq!(typed(&format!(" {} ", code.to_lowercase())), typed(&code));
        assert_eq!(typed("0a1 8"), "OAIB");
    }

    #[test]
    fn digests_differ_by_what_they_are_for() {
        let digest = Digest::of("session", "x");
        assert!(digest.is(&Digest::of("session", "x")));
        assert!(!digest.is(&Digest::of("key", "x")) && !digest.is(&Digest::of("session", "y")));
        assert!(!Digest::of("a", "b").is(&Digest::of("a\0b", "")));
        assert_eq!(unhex(&hex(&[0, 9, 255])).unwrap(), [0, 9, 255]);
        for bad in ["0", "zz", "+1"] {
            assert!(unhex(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn the_system_gives_randomness() {
        let (a, b) = (
            token::<32>(&SystemRandom).unwrap(),
            token::<32>(&SystemRandom).unwrap(),
        );
        assert!(a.len() == 64 && a != b);
    }
}
