//! A provider's public keys: a JWK set (RFC 7517).

use std::fmt;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256,
    RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde_json::{Map, Value};

use super::jose::{Algorithm, base64url};
use super::json::{object, text};

/// How many keys a set may have.
const MAX_KEYS: usize = 100;

/// The keys by which a provider signs.
#[derive(Clone, Debug, Default)]
pub struct KeySet(Vec<Key>);

/// Not a JWK set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is no JWK set (RFC 7517) with a key that this program can use (RSA, P-256, Ed25519)")]
pub struct NoKeySet;

/// One key.
#[derive(Clone)]
pub(crate) struct Key {
    id: Option<String>,
    /// What it says it is for, where it does.
    algorithm: Option<Algorithm>,
    public: Public,
}

#[derive(Clone)]
enum Public {
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
    /// Uncompressed: 0x04, x, y.
    P256(Vec<u8>),
    Ed25519(Vec<u8>),
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl KeySet {
    /// Reads a set. Keys of other kinds, for encryption, or secret ones are left out.
    ///
    /// # Errors
    /// When it is no set, or none of its keys can be used.
    pub fn parse(document: &[u8]) -> Result<Self, NoKeySet> {
        let document = object(document).ok_or(NoKeySet)?;
        let keys = document.get("keys").and_then(Value::as_array).ok_or(NoKeySet)?;
        let keys: Vec<Key> = keys
            .iter()
            .take(MAX_KEYS)
            .filter_map(|key| Key::of(key.as_object()?))
            .collect();
        if keys.is_empty() {
            return Err(NoKeySet);
        }
        Ok(Self(keys))
    }

    /// The keys that may have signed: those with this id; without one, the only key of that kind.
    pub(crate) fn for_token(&self, id: Option<&str>, algorithm: Algorithm) -> Vec<&Key> {
        let fits = self.0.iter().filter(|key| key.is_for(algorithm));
        if let Some(id) = id {
            return fits.filter(|key| key.id.as_deref() == Some(id)).collect();
        }
        let all: Vec<&Key> = fits.collect();
        if all.len() == 1 { all } else { Vec::new() }
    }
}

impl Key {
    fn of(jwk: &Map<String, Value>) -> Option<Self> {
        let told = |name: &str| text(jwk, name).ok();
        let signs = told("use")?.is_none_or(|purpose| purpose == "sig");
        let verifies = match jwk.get("key_ops") {
            None => true,
            Some(operations) => operations.as_array()?.iter().any(|one| one == "verify"),
        };
        if !signs || !verifies {
            return None;
        }
        let algorithm = match told("alg")? {
            Some(name) => Some(Algorithm::parse(name)?),
            None => None,
        };
        let bytes = |name: &str| base64url(told(name)??);
        let of_length = |name: &str, length: usize| bytes(name).filter(|bytes| bytes.len() == length);
        let public = match (told("kty")??, told("crv")?) {
            ("RSA", _) => Public::Rsa {
                n: bytes("n")?,
                e: bytes("e")?,
            },
            ("EC", Some("P-256")) => {
                Public::P256([vec![4], of_length("x", 32)?, of_length("y", 32)?].concat())
            }
            ("OKP", Some("Ed25519")) => Public::Ed25519(of_length("x", 32)?),
            _ => return None,
        };
        Some(Self {
            id: told("kid")?.map(str::to_owned),
            algorithm,
            public,
        })
    }

    fn is_for(&self, algorithm: Algorithm) -> bool {
        let kind = matches!(
            (&self.public, algorithm),
            (Public::Rsa { .. }, Algorithm::Rs256 | Algorithm::Ps256)
                | (Public::P256(_), Algorithm::Es256)
                | (Public::Ed25519(_), Algorithm::EdDsa)
        );
        kind && self.algorithm.is_none_or(|own| own == algorithm)
    }

    /// Whether this key signed a message so.
    pub(crate) fn signed(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        let verified = match (&self.public, algorithm) {
            (Public::Rsa { n, e }, Algorithm::Rs256) => {
                RsaPublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
            }
            (Public::Rsa { n, e }, Algorithm::Ps256) => {
                RsaPublicKeyComponents { n, e }.verify(&RSA_PSS_2048_8192_SHA256, message, signature)
            }
            (Public::P256(point), Algorithm::Es256) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature)
            }
            (Public::Ed25519(point), Algorithm::EdDsa) => {
                UnparsedPublicKey::new(&ED25519, point).verify(message, signature)
            }
            _ => return false,
        };
        verified.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const X: &str = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
    const Y: &str = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";

    fn usable(member: &str) -> bool {
        let key = format!("{{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"{X}\",\"y\":\"{Y}\"{member}}}");
        KeySet::parse(format!("{{\"keys\":[{key}]}}").as_bytes()).is_ok()
    }

    #[test]
    fn which_keys_are_used() {
        for fine in [
            "",
            ",\"use\":\"sig\"",
            ",\"alg\":\"ES256\"",
            ",\"key_ops\":[\"verify\"]",
            ",\"kid\":\"a\"",
        ] {
            assert!(usable(fine), "{fine}");
        }
        for bad in [
            ",\"use\":\"enc\"",
            ",\"use\":7",
            ",\"alg\":\"HS256\"",
            ",\"alg\":\"none\"",
            ",\"key_ops\":[\"sign\"]",
            ",\"kid\":7",
        ] {
            assert!(!usable(bad), "{bad}");
        }
        for bad in [
            "",
            "[]",
            "{}",
            "{\"keys\":{}}",
            "{\"keys\":[]}",
            "{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAAA\"}]}",
            "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\"}]}",
            "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"secp256k1\",\"x\":\"AA\",\"y\":\"AA\"}]}",
            "{\"keys\":[],\"keys\":[]}",
        ] {
            assert!(KeySet::parse(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn without_an_id_there_must_be_no_choice() {
        let key = |id: &str| {
            format!("{{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"{X}\",\"y\":\"{Y}\",\"kid\":\"{id}\"}}")
        };
        let set =
            |keys: &[String]| KeySet::parse(format!("{{\"keys\":[{}]}}", keys.join(",")).as_bytes()).unwrap();
        let one = set(&[key("a")]);
        assert_eq!(one.for_token(None, Algorithm::Es256).len(), 1);
        assert_eq!(one.for_token(Some("a"), Algorithm::Es256).len(), 1);
        assert!(one.for_token(Some("b"), Algorithm::Es256).is_empty());
        assert!(one.for_token(Some("a"), Algorithm::Rs256).is_empty());
        assert!(
            set(&[key("a"), key("b")])
                .for_token(None, Algorithm::Es256)
                .is_empty()
        );
    }
}
