//! Keys of a provider, and tokens that they sign.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    RSA_PSS_SHA256, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

/// A kind of key, and how it signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Es,
    Rs,
    Ps,
    Ed,
}

impl Key {
    pub(super) const ALL: [Self; 4] = [Self::Es, Self::Rs, Self::Ps, Self::Ed];

    pub(super) fn algorithm(self) -> &'static str {
        match self {
            Self::Es => "ES256",
            Self::Rs => "RS256",
            Self::Ps => "PS256",
            Self::Ed => "EdDSA",
        }
    }

    pub(super) fn id(self) -> &'static str {
        match self {
            Self::Es => "es",
            Self::Rs => "rs",
            Self::Ps => "ps",
            Self::Ed => "ed",
        }
    }
}

/// One key pair.
pub(super) enum Pair {
    Es(EcdsaKeyPair),
    Rs(RsaKeyPair),
    Ps(RsaKeyPair),
    Ed(Ed25519KeyPair),
}

impl Pair {
    pub(super) fn new(key: Key) -> Self {
        let rsa = || RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        match key {
            Key::Es => Self::Es(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap()),
            Key::Rs => Self::Rs(rsa()),
            Key::Ps => Self::Ps(rsa()),
            Key::Ed => Self::Ed(Ed25519KeyPair::generate().unwrap()),
        }
    }

    /// The public key: of EC the point, of RSA the RSAPublicKey structure in DER.
    pub(super) fn public(&self) -> Vec<u8> {
        match self {
            Self::Es(pair) => pair.public_key().as_ref().to_vec(),
            Self::Rs(pair) | Self::Ps(pair) => pair.public_key().as_ref().to_vec(),
            Self::Ed(pair) => pair.public_key().as_ref().to_vec(),
        }
    }

    pub(super) fn jwk(&self, id: &str) -> Value {
        let public = self.public();
        match self {
            Self::Es(_) => json!({"kty": "EC", "crv": "P-256", "kid": id, "use": "sig",
                "x": base64url(&public[1..33]), "y": base64url(&public[33..])}),
            // SEQUENCE { INTEGER of 257 bytes, the first of which is 0, INTEGER 65537 }
            Self::Rs(_) | Self::Ps(_) => json!({"kty": "RSA", "kid": id, "use": "sig",
                "n": base64url(&public[9..265]), "e": "AQAB"}),
            Self::Ed(_) => json!({"kty": "OKP", "crv": "Ed25519", "kid": id, "x": base64url(&public)}),
        }
    }

    pub(super) fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        let rsa = |pair: &RsaKeyPair, how| {
            let mut signature = vec![0; pair.public_modulus_len()];
            pair.sign(how, &random, message, &mut signature).unwrap();
            signature
        };
        match self {
            Self::Es(pair) => pair.sign(&random, message).unwrap().as_ref().to_vec(),
            Self::Rs(pair) => rsa(pair, &RSA_PKCS1_SHA256),
            Self::Ps(pair) => rsa(pair, &RSA_PSS_SHA256),
            Self::Ed(pair) => pair.sign(message).as_ref().to_vec(),
        }
    }
}

pub(super) fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A token of this header and these claims, signed.
pub(super) fn signed(pair: &Pair, header: &Value, claims: &Value) -> String {
    signed_text(pair, &header.to_string(), &claims.to_string())
}

/// The same of texts that need not be JSON.
pub(super) fn signed_text(pair: &Pair, header: &str, claims: &str) -> String {
    let message = format!(
        "{}.{}",
        base64url(header.as_bytes()),
        base64url(claims.as_bytes())
    );
    let signature = pair.sign(message.as_bytes());
    format!("{message}.{}", base64url(&signature))
}
