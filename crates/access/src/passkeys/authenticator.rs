//! What the authenticator says: its data (`WebAuthn` Level 3, 6.1) and, of a new passkey, the attestation around it (6.5.4).

use sha2::{Digest as _, Sha256};

use super::cbor::{self, Value};
use super::cose::PublicKey;
use super::{LONGEST_ID, NoPasskey, RelyingParty};

/// The longest attestation object and the longest authenticator data that is looked at, in bytes.
const LONGEST: usize = 16 << 10;
/// Hash of the relying party's id, flags, counter.
const HEAD: usize = 37;
/// Of a new passkey: kind of authenticator, length of the id.
const ATTESTED_HEAD: usize = 18;

/// The bits of the flags.
const PRESENT: u8 = 1;
const VERIFIED: u8 = 1 << 2;
const ELIGIBLE: u8 = 1 << 3;
const BACKED_UP: u8 = 1 << 4;
const ATTESTED: u8 = 1 << 6;
const EXTENDED: u8 = 1 << 7;

/// Authenticator data that is whole: nothing stands behind it.
pub(crate) struct AuthenticatorData<'a> {
    rp_id_hash: &'a [u8],
    flags: u8,
    /// Counts up with every signature; 0 where the authenticator does not count.
    pub(crate) sign_count: u32,
    /// A new passkey.
    pub(crate) attested: Option<Attested<'a>>,
}

/// A new passkey, as its authenticator gives it.
pub(crate) struct Attested<'a> {
    pub(crate) id: &'a [u8],
    pub(crate) key: PublicKey,
    /// The same as it was written.
    pub(crate) key_bytes: &'a [u8],
}

impl<'a> AuthenticatorData<'a> {
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, NoPasskey> {
        let wrong = NoPasskey::AuthenticatorData;
        if bytes.len() > LONGEST {
            return Err(wrong);
        }
        let (head, mut rest) = bytes.split_at_checked(HEAD).ok_or(wrong)?;
        let (rp_id_hash, head) = head.split_at_checked(32).ok_or(wrong)?;
        let [flags, a, b, c, d] = *head else {
            return Err(wrong);
        };
        let mut attested = None;
        if flags & ATTESTED != 0 {
            let (new, behind) = Attested::parse(rest)?;
            attested = Some(new);
            rest = behind;
        }
        if flags & EXTENDED != 0 {
            // None was asked for: one that came by itself is well formed, and left at that.
            let (extensions, behind) = cbor::first(rest).ok_or(wrong)?;
            extensions.members().ok_or(wrong)?;
            rest = behind;
        }
        if !rest.is_empty() {
            return Err(wrong);
        }
        Ok(Self {
            rp_id_hash,
            flags,
            sign_count: u32::from_be_bytes([a, b, c, d]),
            attested,
        })
    }

    /// Refuses what was made for another site, without anybody there, or with flags that contradict each other (7.1, steps
    /// 13 to 17; 7.2, steps 15 to 18).
    pub(crate) fn check(&self, rp: &RelyingParty) -> Result<(), NoPasskey> {
        if self.rp_id_hash != Sha256::digest(rp.id()).as_slice() {
            return Err(NoPasskey::RpId);
        }
        if self.flags & PRESENT == 0 {
            return Err(NoPasskey::Absent);
        }
        if self.is_backed_up() && !self.is_backup_eligible() {
            return Err(NoPasskey::Backup);
        }
        Ok(())
    }

    /// Whether the authenticator made sure that it is the same person: by a fingerprint, a face, a number.
    pub(crate) fn is_verified(&self) -> bool {
        self.flags & VERIFIED != 0
    }

    /// Whether it may be on several devices.
    pub(crate) fn is_backup_eligible(&self) -> bool {
        self.flags & ELIGIBLE != 0
    }

    /// Whether it is.
    pub(crate) fn is_backed_up(&self) -> bool {
        self.flags & BACKED_UP != 0
    }
}

impl<'a> Attested<'a> {
    fn parse(bytes: &'a [u8]) -> Result<(Self, &'a [u8]), NoPasskey> {
        let wrong = NoPasskey::AuthenticatorData;
        let (head, rest) = bytes.split_at_checked(ATTESTED_HEAD).ok_or(wrong)?;
        let [.., high, low] = *head else {
            return Err(wrong);
        };
        let (id, rest) = rest
            .split_at_checked(u16::from_be_bytes([high, low]).into())
            .ok_or(wrong)?;
        if id.len() > LONGEST_ID || id.len() < super::SHORTEST_ID {
            return Err(NoPasskey::Id);
        }
        let (_, behind) = cbor::first(rest).ok_or(wrong)?;
        let key_bytes = rest.get(..rest.len() - behind.len()).ok_or(wrong)?;
        let key = PublicKey::parse(key_bytes)?;
        Ok((Self { id, key, key_bytes }, behind))
    }
}

/// The authenticator data of an attestation object (7.1, steps 12 and 19 to 22). We ask for no attestation. What a client
/// leaves in all the same is what the passkey says of itself (`packed` without a certificate, 8.2), which is verified;
/// everything that a maker vouches for is refused, since we have no list of makers to believe.
///
/// `hash`: of the client data.
pub(crate) fn attested<'a>(object: &'a [u8], hash: &[u8]) -> Result<AuthenticatorData<'a>, NoPasskey> {
    if object.len() > LONGEST {
        return Err(NoPasskey::Attestation);
    }
    let object = cbor::only(object).ok_or(NoPasskey::Attestation)?;
    let (format, statement) = (object.named("fmt"), object.named("attStmt"));
    let bytes = object.named("authData").and_then(Value::bytes);
    let (Some(format), Some(statement), Some(bytes), Some(3)) =
        (format.and_then(Value::text), statement, bytes, object.members())
    else {
        return Err(NoPasskey::Attestation);
    };
    let data = AuthenticatorData::parse(bytes)?;
    let key = &data.attested.as_ref().ok_or(NoPasskey::AuthenticatorData)?.key;
    match (format, statement.members()) {
        ("none", Some(0)) => Ok(data),
        ("packed", Some(2)) => {
            let algorithm = statement.named("alg").and_then(Value::integer);
            let signature = statement.named("sig").and_then(Value::bytes);
            let (Some(algorithm), Some(signature)) = (algorithm, signature) else {
                return Err(NoPasskey::Attestation);
            };
            if algorithm != key.algorithm() {
                return Err(NoPasskey::Algorithm);
            }
            if !key.signed(&[bytes, hash].concat(), signature) {
                return Err(NoPasskey::Signature);
            }
            Ok(data)
        }
        ("none" | "packed", None) => Err(NoPasskey::Attestation),
        _ => Err(NoPasskey::Vouched),
    }
}
