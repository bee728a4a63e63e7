//! Ids for what the twin makes by itself.

use std::hash::{BuildHasher as _, RandomState};

use ngsi_ld::Uri;
use sha2::{Digest as _, Sha256};

/// A new URI, `urn:ngsi-ld:<kind>:` and 32 hexadecimal digits, that nobody can guess: it begins with what the
/// operating system gave at random.
pub(crate) fn fresh(kind: &str) -> Uri {
    let mut hasher = Sha256::new();
    // Each of these is seeded anew, from the operating system's randomness.
    for part in 0_u8..4 {
        hasher.update(RandomState::new().hash_one(part).to_le_bytes());
    }
    Uri::ngsi_ld(kind, &hex(&hasher.finalize()[..16]))
}

/// The URI that stands for a text: the same for the same text.
pub(crate) fn of_content(kind: &str, text: &str) -> Uri {
    Uri::ngsi_ld(kind, &hex(&Sha256::digest(text.as_bytes())[..16]))
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
            let _ = write!(text, "{byte:02x}"); // writing to a string cannot fail
            text
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fresh_ids_differ_and_those_of_contents_do_not() {
        let (a, b) = (fresh("X"), fresh("X"));
        assert_ne!(a, b);
        assert!(
            a.as_str().starts_with("urn:ngsi-ld:X:") && a.as_str().len() == 14 + 32,
            "{a}"
        );
        assert_eq!(of_content("X", "t"), of_content("X", "t"));
        assert_ne!(of_content("X", "t"), of_content("X", "u"));
        assert_eq!(hex(&[0, 15, 255]), "000fff");
    }
}
