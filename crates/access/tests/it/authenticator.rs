//! An authenticator for tests, written from the standard alone: keys, CBOR and client data by hand, every part of which
//! a test can make wrong.

use access::{NewPasskey, ShownPasskey};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

pub(crate) const ORIGIN: &str = "https://twin.city.example";
pub(crate) const RP: &str = "twin.city.example";

/// The flags (`WebAuthn` Level 3, 6.1).
pub(crate) const UP: u8 = 0x01;
pub(crate) const UV: u8 = 0x04;
pub(crate) const BE: u8 = 0x08;
pub(crate) const BS: u8 = 0x10;
pub(crate) const AT: u8 = 0x40;
pub(crate) const ED: u8 = 0x80;

pub(crate) fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn unbase64url(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}

/// The head of a value (RFC 8949, 3).
pub(crate) fn head(major: u8, argument: usize) -> Vec<u8> {
    let major = major << 5;
    match argument {
        0..=23 => vec![major | u8::try_from(argument).unwrap()],
        24..=255 => vec![major | 0x18, u8::try_from(argument).unwrap()],
        _ => {
            let [a, b] = u16::try_from(argument).unwrap().to_be_bytes();
            vec![major | 0x19, a, b]
        }
    }
}

pub(crate) fn bytes(content: &[u8]) -> Vec<u8> {
    [head(2, content.len()), content.to_vec()].concat()
}

pub(crate) fn text(content: &str) -> Vec<u8> {
    [head(3, content.len()), content.as_bytes().to_vec()].concat()
}

pub(crate) fn number(number: i64) -> Vec<u8> {
    if number < 0 {
        head(1, usize::try_from(-1 - number).unwrap())
    } else {
        head(0, usize::try_from(number).unwrap())
    }
}

pub(crate) fn map(members: &[(Vec<u8>, Vec<u8>)]) -> Vec<u8> {
    let members = members
        .iter()
        .flat_map(|(key, value)| [key.clone(), value.clone()]);
    [vec![head(5, members.clone().count() / 2)], members.collect()]
        .concat()
        .concat()
}

pub(crate) enum Key {
    P256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa(RsaKeyPair),
}

impl Key {
    pub(crate) fn of(algorithm: i64) -> Self {
        match algorithm {
            -7 => Self::P256(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap()),
            -8 => Self::Ed25519(Ed25519KeyPair::generate().unwrap()),
            -257 => Self::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).unwrap()),
            other => panic!("{other}"),
        }
    }

    pub(crate) fn cose(&self) -> Vec<u8> {
        match self {
            Self::P256(pair) => {
                let point = pair.public_key().as_ref();
                assert_eq!((point.len(), point[0]), (65, 4));
                p256(&point[1..33], &point[33..])
            }
            Self::Ed25519(pair) => map(&[
                (number(1), number(1)),
                (number(3), number(-8)),
                (number(-1), number(6)),
                (number(-2), bytes(pair.public_key().as_ref())),
            ]),
            Self::Rsa(pair) => {
                // PKCS #1: a sequence of two integers, the first with a zero before it.
                let der = pair.public_key().as_ref();
                rsa(&der[9..9 + 256], &[1, 0, 1])
            }
        }
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Self::P256(pair) => pair.sign(&random, message).unwrap().as_ref().to_vec(),
            Self::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
                    .unwrap();
                signature
            }
        }
    }
}

pub(crate) fn p256(x: &[u8], y: &[u8]) -> Vec<u8> {
    map(&[
        (number(1), number(2)),
        (number(3), number(-7)),
        (number(-1), number(1)),
        (number(-2), bytes(x)),
        (number(-3), bytes(y)),
    ])
}

pub(crate) fn rsa(n: &[u8], e: &[u8]) -> Vec<u8> {
    map(&[
        (number(1), number(3)),
        (number(3), number(-257)),
        (number(-1), bytes(n)),
        (number(-2), bytes(e)),
    ])
}

/// One passkey of one person.
pub(crate) struct Authenticator {
    pub(crate) key: Key,
    pub(crate) id: Vec<u8>,
    pub(crate) user: Vec<u8>,
    pub(crate) count: u32,
}

impl Authenticator {
    pub(crate) fn new(algorithm: i64) -> Self {
        let key = Key::of(algorithm);
        let id = Sha256::digest(key.cose()).to_vec();
        Self {
            key,
            id,
            user: Vec::new(),
            count: 0,
        }
    }

    /// What it answers to a wish for a passkey.
    pub(crate) fn creating(&self, challenge: &str) -> Creating {
        Creating {
            client: Client::new("webauthn.create", challenge),
            rp: RP.to_owned(),
            flags: UP | UV | AT,
            count: self.count,
            id: self.id.clone(),
            cose: self.key.cose(),
            tail: Vec::new(),
            format: "none".to_owned(),
            statement: map(&[]),
        }
    }

    /// What it answers to a wish to log in.
    pub(crate) fn showing(&self, challenge: &str) -> Showing<'_> {
        Showing {
            client: Client::new("webauthn.get", challenge),
            rp: RP.to_owned(),
            flags: UP | UV,
            count: self.count,
            id: self.id.clone(),
            user: Some(self.user.clone()),
            tail: Vec::new(),
            key: &self.key,
        }
    }
}

/// What a browser says of a ceremony.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) kind: String,
    pub(crate) challenge: String,
    pub(crate) origin: String,
    /// Members behind these, with a comma before.
    pub(crate) more: String,
}

impl Client {
    fn new(kind: &str, challenge: &str) -> Self {
        Self {
            kind: kind.to_owned(),
            challenge: challenge.to_owned(),
            origin: ORIGIN.to_owned(),
            more: ",\"crossOrigin\":false".to_owned(),
        }
    }

    pub(crate) fn json(&self) -> Vec<u8> {
        format!(
            "{{\"type\":\"{}\",\"challenge\":\"{}\",\"origin\":\"{}\"{}}}",
            self.kind, self.challenge, self.origin, self.more
        )
        .into_bytes()
    }
}

fn authenticator_data(rp: &str, flags: u8, count: u32, rest: &[u8]) -> Vec<u8> {
    [&Sha256::digest(rp)[..], &[flags], &count.to_be_bytes(), rest].concat()
}

/// A passkey being made.
pub(crate) struct Creating {
    pub(crate) client: Client,
    pub(crate) rp: String,
    pub(crate) flags: u8,
    pub(crate) count: u32,
    pub(crate) id: Vec<u8>,
    pub(crate) cose: Vec<u8>,
    /// Behind the key.
    pub(crate) tail: Vec<u8>,
    pub(crate) format: String,
    /// CBOR.
    pub(crate) statement: Vec<u8>,
}

impl Creating {
    pub(crate) fn data(&self) -> Vec<u8> {
        let length = u16::try_from(self.id.len()).unwrap().to_be_bytes();
        let attested = [&[0; 16][..], &length, &self.id, &self.cose, &self.tail].concat();
        authenticator_data(&self.rp, self.flags, self.count, &attested)
    }

    pub(crate) fn object(&self) -> Vec<u8> {
        map(&[
            (text("fmt"), text(&self.format)),
            (text("attStmt"), self.statement.clone()),
            (text("authData"), bytes(&self.data())),
        ])
    }

    /// Signs for itself (`packed`, 8.2).
    pub(crate) fn vouch(&mut self, key: &Key, algorithm: i64) {
        "packed".clone_into(&mut self.format);
        let signature = key.sign(&[self.data(), Sha256::digest(self.client.json()).to_vec()].concat());
        self.statement = map(&[(text("alg"), number(algorithm)), (text("sig"), bytes(&signature))]);
    }
}

/// A passkey being shown.
pub(crate) struct Showing<'a> {
    pub(crate) client: Client,
    pub(crate) rp: String,
    pub(crate) flags: u8,
    pub(crate) count: u32,
    pub(crate) id: Vec<u8>,
    pub(crate) user: Option<Vec<u8>>,
    /// Behind the counter.
    pub(crate) tail: Vec<u8>,
    pub(crate) key: &'a Key,
}

/// What is sent.
#[derive(Clone)]
pub(crate) struct Sent {
    pub(crate) id: Vec<u8>,
    pub(crate) client: Vec<u8>,
    /// The attestation object, or the authenticator data.
    pub(crate) data: Vec<u8>,
    pub(crate) signature: Vec<u8>,
    pub(crate) user: Option<Vec<u8>>,
}

impl Showing<'_> {
    pub(crate) fn sent(&self) -> Sent {
        let (client, data) = (
            self.client.json(),
            authenticator_data(&self.rp, self.flags, self.count, &self.tail),
        );
        let signature = self
            .key
            .sign(&[data.clone(), Sha256::digest(&client).to_vec()].concat());
        Sent {
            id: self.id.clone(),
            client,
            data,
            signature,
            user: self.user.clone(),
        }
    }
}

impl Creating {
    pub(crate) fn sent(&self) -> Sent {
        Sent {
            id: self.id.clone(),
            client: self.client.json(),
            data: self.object(),
            signature: Vec::new(),
            user: None,
        }
    }
}

impl Sent {
    pub(crate) fn new_passkey<'a>(&'a self, name: &'a str, transports: &'a [String]) -> NewPasskey<'a> {
        NewPasskey {
            name,
            id: &self.id,
            client_data: &self.client,
            attestation: &self.data,
            transports,
        }
    }

    pub(crate) fn shown(&self) -> ShownPasskey<'_> {
        ShownPasskey {
            id: &self.id,
            client_data: &self.client,
            authenticator_data: &self.data,
            signature: &self.signature,
            user: self.user.as_deref(),
        }
    }
}
