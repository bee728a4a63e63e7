//! Passkeys: logging in by a key pair that the browser, the phone or a security key holds, bound to this site by the
//! browser, so that nobody can be led to show it elsewhere (`WebAuthn` Level 3; numbers of steps are those of its 7.1,
//! registering, and 7.2, logging in).
//!
//! What is verified here, and why here, is in `docs/adr/0007-passkeys-verified-here.md`.
//! Nothing here knows HTTP: a door gives the bytes that a browser sent, and the site that it is for.

mod authenticator;
mod cbor;
mod ceremonies;
mod client;
mod cose;
mod enter;
mod own;
mod register;
mod site;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use ngsi_ld::Timestamp;
use serde::{Deserialize, Serialize};

use crate::people::account::Account;
use crate::secret::Digest;

pub(crate) use ceremonies::Ceremonies;
pub use cose::ALGORITHMS;
pub use enter::{PasskeyChallenge, ShownPasskey};
pub use register::{NewPasskey, PasskeyRequest};
pub use site::RelyingParty;

/// How many passkeys one person may have.
pub const MOST_PASSKEYS: usize = 20;
/// How long a challenge holds, in milliseconds: what browsers are told to wait at most.
pub const CHALLENGE_MS: u64 = 300_000;

/// The longest id of a passkey, in bytes (7.1, step 25).
const LONGEST_ID: usize = 1023;
/// The shortest: 100 random bits or a sealed key (4, credential id) have more.
const SHORTEST_ID: usize = 13;

/// A passkey, as it is stored with its account.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Passkey {
    /// What the authenticator knows it by, in base64url.
    pub(crate) id: String,
    /// The public key as the authenticator wrote it (COSE), in base64url.
    pub(crate) key: String,
    /// What its owner calls it.
    pub(crate) name: String,
    pub(crate) made_at: Timestamp,
    #[serde(default)]
    pub(crate) used_at: Option<Timestamp>,
    /// The last count of signatures that was shown; 0 where it does not count.
    pub(crate) sign_count: u32,
    /// Whether it may be on several devices: that never changes.
    pub(crate) backup_eligible: bool,
    /// Whether it was, when it was last used.
    pub(crate) backed_up: bool,
    /// How browsers reach it.
    #[serde(default)]
    pub(crate) transports: Vec<String>,
    /// When it was last refused because it counted backwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) copied_at: Option<Timestamp>,
}

impl Passkey {
    /// Names it without giving away what opens nothing, but is nobody's business.
    pub(crate) fn short(&self) -> String {
        Digest::of_public(self.id.as_bytes()).short()
    }

    fn info(&self) -> PasskeyInfo {
        PasskeyInfo {
            id: self.short(),
            name: self.name.clone(),
            made_at: self.made_at,
            used_at: self.used_at,
            backed_up: self.backed_up,
            copied_at: self.copied_at,
        }
    }
}

/// A passkey, as its owner and administrators see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasskeyInfo {
    /// Names it; it opens nothing.
    pub id: String,
    /// What its owner calls it.
    pub name: String,
    /// When it was added.
    pub made_at: Timestamp,
    /// When somebody last logged in with it.
    pub used_at: Option<Timestamp>,
    /// Whether it is on several devices, as the authenticator last said.
    pub backed_up: bool,
    /// When it was last refused because it counted backwards: there may be a copy of it.
    pub copied_at: Option<Timestamp>,
}

/// Why a passkey was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoPasskey {
    /// No challenge waits for it.
    #[error("no challenge waits for it: it took more than five minutes, or was sent twice; begin again")]
    Late,
    /// `clientDataJSON` is no such thing.
    #[error("`clientDataJSON` is no JSON object of at most 4096 bytes with the members of WebAuthn")]
    ClientData,
    /// Of the other ceremony.
    #[error("it was made for something else than this: `type` in the client data is another")]
    Type,
    /// Of another challenge.
    #[error("it answers another challenge than this one")]
    Challenge,
    /// For another site.
    #[error("it was made on a page of another address than this server's")]
    Origin,
    /// In a frame of another site.
    #[error("it was made on a page inside another site's page")]
    CrossOrigin,
    /// For another site.
    #[error("it was made for another site than this server's")]
    RpId,
    /// The authenticator's data is no such thing.
    #[error("the authenticator's data is not whole, or no such thing")]
    AuthenticatorData,
    /// Nobody was there.
    #[error("the authenticator did not ask whether somebody is there")]
    Absent,
    /// Nobody knows who was there.
    #[error(
        "the authenticator did not verify who is there: set a fingerprint, a face or a PIN for it first, then add it"
    )]
    Unverified,
    /// Flags that contradict each other, or what was said before.
    #[error(
        "what the authenticator says of copies on other devices contradicts itself, or what it said before"
    )]
    Backup,
    /// A key that cannot be used.
    #[error(
        "its key is none of ES256 (P-256), EdDSA (Ed25519) or RS256 (2048 to 8192 bits) in the form of COSE"
    )]
    Key,
    /// The statement is by another algorithm than the key.
    #[error("the algorithm of its attestation is not that of its key")]
    Algorithm,
    /// The attestation is no such thing.
    #[error("the attestation object is not whole, or no such thing")]
    Attestation,
    /// A maker vouches for it.
    #[error(
        "its maker vouches for it, which was not asked for and cannot be verified here; add it without attestation"
    )]
    Vouched,
    /// Its id is too long, too short, or not the one that came beside it.
    #[error("its id is not the one that the authenticator gave, or not of 13 to 1023 bytes")]
    Id,
    /// The signature is wrong.
    #[error("the signature is not by its key")]
    Signature,
    /// It counts backwards.
    #[error(
        "it counted backwards, so there may be a copy of it: log in otherwise, remove this passkey, and add a new one"
    )]
    Copied,
    /// Somebody has it.
    #[error("it is added already, to this account or to another one")]
    Known,
    /// The account is opened by nothing else.
    #[error("this is the last thing that opens the account: it can only be removed once something else does")]
    Last,
}

/// Bytes in base64url without padding.
fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The bytes of such a text, in its one spelling.
fn unbase64url(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// What authenticators know a person by: says nothing of the account to who does not have the store's key.
fn handle(signing: &[u8; 32], person: &str) -> Vec<u8> {
    let Ok(mut mac) = Hmac::<sha2::Sha256>::new_from_slice(signing) else {
        return Vec::new(); // HMAC takes keys of any length
    };
    mac.update(b"passkey user\0");
    mac.update(person.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// What happened to the passkeys of an account, for the audit log; nothing, where something else did.
pub(crate) fn told(before: &Account, after: &Account) -> Option<&'static str> {
    let has = |account: &Account, id: &str| account.passkeys.iter().any(|one| one.id == id);
    if after.passkeys.iter().any(|one| !has(before, &one.id)) {
        return Some("passkey.add");
    }
    if before.passkeys.iter().any(|one| !has(after, &one.id)) {
        // With the password, where the account was reset.
        return (before.generation == after.generation).then_some("passkey.remove");
    }
    let copied = after.passkeys.iter().zip(&before.passkeys);
    let mut copied = copied.filter(|(after, before)| after.copied_at != before.copied_at);
    copied.next().map(|_| "passkey.refuse")
}

/// A passkey without what a login changes of it.
pub(crate) fn but_for_use(passkey: &mut Passkey) {
    passkey.used_at = None;
    passkey.sign_count = 0;
    passkey.backed_up = false;
}

/// Parsers of what strangers send, for the fuzz target: whether each takes these bytes.
#[doc(hidden)]
pub fn parsed(bytes: &[u8]) -> [bool; 4] {
    let origin = RelyingParty::of_origin("https://twin.city.example");
    let client = origin.is_some_and(|rp| {
        let purposes = [client::Purpose::Creation, client::Purpose::Assertion];
        let mut checked = purposes
            .map(|it| client::check(bytes, it, &[0; 32], &rp))
            .into_iter();
        checked.any(|it| it.is_ok())
    });
    [
        client,
        authenticator::AuthenticatorData::parse(bytes).is_ok(),
        authenticator::attested(bytes, &[0; 32]).is_ok(),
        cose::PublicKey::parse(bytes).is_ok(),
    ]
}
