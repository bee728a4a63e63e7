//! Public keys of passkeys (COSE, RFC 9052 and RFC 9053; `WebAuthn` Level 3, 5.8.5 and 6.5.1.1), and what they signed.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
};

use super::NoPasskey;
use super::cbor::{self, Value};

/// ECDSA over P-256 with SHA-256.
pub(crate) const ES256: i64 = -7;
/// Ed25519.
pub(crate) const EDDSA: i64 = -8;
/// RSASSA-PKCS1-v1_5 with SHA-256.
pub(crate) const RS256: i64 = -257;

/// What is offered, in this order.
pub const ALGORITHMS: [i64; 3] = [ES256, EDDSA, RS256];

/// A key that can be used.
pub(crate) enum PublicKey {
    P256(ParsedPublicKey),
    Ed25519(ParsedPublicKey),
    Rsa { n: Vec<u8>, e: Vec<u8> },
}

impl PublicKey {
    /// Reads a key of one of our [`ALGORITHMS`], without members that say more.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, NoPasskey> {
        cbor::only(bytes)
            .and_then(|key| Self::of(&key))
            .ok_or(NoPasskey::Key)
    }

    fn of(key: &Value<'_>) -> Option<Self> {
        let integer = |label| key.numbered(label)?.integer();
        let bytes = |label| key.numbered(label)?.bytes();
        let of_length = |label, length: usize| bytes(label).filter(|bytes| bytes.len() == length);
        // Key type, algorithm, and so many members in all (RFC 9053, 7.1.1, 7.2; RFC 8230, 4).
        match (integer(1)?, integer(3)?, key.members()?) {
            (2, ES256, 5) if integer(-1)? == 1 => {
                let point = [&[4], of_length(-2, 32)?, of_length(-3, 32)?].concat();
                // Refuses a point that is not on the curve.
                ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point)
                    .ok()
                    .map(Self::P256)
            }
            (1, EDDSA, 4) if integer(-1)? == 6 => ParsedPublicKey::new(&ED25519, of_length(-2, 32)?)
                .ok()
                .map(Self::Ed25519),
            (3, RS256, 4) => {
                let (n, e) = (bytes(-1)?, bytes(-2)?);
                let is_odd = |bytes: &[u8]| bytes.last().is_some_and(|byte| byte & 1 == 1);
                // 2048 to 8192 bits, without zeros before them.
                let modulus = match n {
                    [first, ..] if n.len() == 256 => *first >= 0x80,
                    [first, ..] => (257..=1024).contains(&n.len()) && *first != 0,
                    [] => false,
                };
                let exponent = match e {
                    [one] => *one >= 3,
                    [first, ..] => e.len() <= 4 && *first != 0,
                    [] => false,
                };
                (modulus && exponent && is_odd(n) && is_odd(e)).then(|| Self::Rsa {
                    n: n.to_vec(),
                    e: e.to_vec(),
                })
            }
            _ => None,
        }
    }

    /// By the number of COSE.
    pub(crate) fn algorithm(&self) -> i64 {
        match self {
            Self::P256(_) => ES256,
            Self::Ed25519(_) => EDDSA,
            Self::Rsa { .. } => RS256,
        }
    }

    /// Whether this key signed a message (`WebAuthn` Level 3, 6.5.5).
    pub(crate) fn signed(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::P256(key) | Self::Ed25519(key) => key.verify_sig(message, signature).is_ok(),
            Self::Rsa { n, e } => RsaPublicKeyComponents { n, e }
                .verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
                .is_ok(),
        }
    }
}
