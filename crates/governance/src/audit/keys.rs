//! The instance's keys: one that signs checkpoints, one under which names in leaves are pseudonyms.
//!
//! They are made at the first start and kept in the default tenant's store. Who holds the data folder holds them: what
//! stops that one from writing the past anew are the checkpoints that others keep. Destroying the second key
//! ([`Keys::PSEUDONYM_ROW`]) breaks the link between leaves and persons for ever, and no proof.

use ed25519_dalek::SigningKey;
use hmac::{Hmac, KeyInit as _, Mac as _};
use rand::TryRng as _;
use rand::rngs::SysRng;
use sha2::Sha256;
use twin::{Row, StorageReader};

use super::Hash;
use super::error::Error;
use super::note::VerifierKey;

/// The system table of the default tenant that holds them.
pub(crate) const TABLE: &str = "audit-key";
const VERSION: u8 = 1;

/// The keys of an instance.
#[derive(Clone)]
pub struct Keys {
    signing: SigningKey,
    pseudonym: [u8; 32],
    /// Whether the store does not have them yet.
    is_new: bool,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Keys({})", self.instance())
    }
}

impl Keys {
    /// The row of the key that signs.
    pub const SIGNING_ROW: &'static [u8] = b"ed25519";
    /// The row of the key under which names are pseudonyms.
    pub const PSEUDONYM_ROW: &'static [u8] = b"pseudonym";

    /// New ones, by the operating system's chance.
    pub fn generate() -> Result<Self, Error> {
        let mut seeds = [[0; 32]; 2];
        for seed in &mut seeds {
            SysRng
                .try_fill_bytes(seed)
                .map_err(|error| Error::NoRandomness(error.to_string()))?;
        }
        Ok(Self::of_seeds(seeds[0], seeds[1]))
    }

    /// Those of two secrets.
    pub fn of_seeds(signing: [u8; 32], pseudonym: [u8; 32]) -> Self {
        Self {
            signing: SigningKey::from_bytes(&signing),
            pseudonym,
            is_new: true,
        }
    }

    /// Reads them from the default tenant's store; `None` where none were made yet.
    pub fn read(reader: &dyn StorageReader) -> Result<Option<Self>, Error> {
        let rows = reader.system(TABLE, b"", 16)?;
        if rows.is_empty() {
            return Ok(None);
        }
        let damaged = |row: &[u8], what: &str| {
            let row = String::from_utf8_lossy(row);
            Error::damaged("", format!("row `{row}` of `{TABLE}`: {what}"))
        };
        let (mut signing, mut pseudonym) = (None, None);
        for (key, value) in &rows {
            let (secret, check) = match (value.split_first(), value.len()) {
                (Some((&VERSION, rest)), 65) => rest.split_at(32),
                _ => return Err(damaged(key, "it is not of a form that this program knows")),
            };
            let secret: [u8; 32] = secret
                .try_into()
                .ok()
                .ok_or_else(|| damaged(key, "it is too short"))?;
            let proven = match key.as_slice() {
                Self::SIGNING_ROW => {
                    let known = SigningKey::from_bytes(&secret);
                    let proven = known.verifying_key().to_bytes() == check;
                    signing = Some(known);
                    proven
                }
                Self::PSEUDONYM_ROW => {
                    pseudonym = Some(secret);
                    Hash::of(&secret).0 == check
                }
                _ => return Err(damaged(key, "nobody knows what it is for")),
            };
            if !proven {
                return Err(damaged(key, "it is not the key that was written"));
            }
        }
        match (signing, pseudonym) {
            (Some(signing), Some(pseudonym)) => Ok(Some(Self {
                signing,
                pseudonym,
                is_new: false,
            })),
            // Destroyed on purpose: new names, under a key that nobody can link to the old ones.
            (Some(signing), None) => Ok(Some(Self {
                signing,
                pseudonym: Self::generate()?.pseudonym,
                is_new: true,
            })),
            (None, _) => Err(damaged(Self::SIGNING_ROW, "it is missing")),
        }
    }

    /// Whether their rows are to be stored.
    pub fn is_new(&self) -> bool {
        self.is_new
    }

    /// The rows that keep them.
    pub fn rows(&self) -> Vec<Row> {
        let row = |key: &[u8], secret: [u8; 32], check: [u8; 32]| {
            let value = [&[VERSION][..], &secret, &check].concat();
            Row::put(TABLE, key, value)
        };
        vec![
            row(
                Self::SIGNING_ROW,
                self.signing.to_bytes(),
                self.signing.verifying_key().to_bytes(),
            ),
            row(Self::PSEUDONYM_ROW, self.pseudonym, Hash::of(&self.pseudonym).0),
        ]
    }

    /// The name of the instance in its logs: of its key, the same for ever.
    pub fn instance(&self) -> String {
        let hash = Hash::of(self.signing.verifying_key().as_bytes());
        let short = hash.0.first_chunk().copied().unwrap_or_default();
        format!("mapacha-{:016x}", u64::from_be_bytes(short))
    }

    /// The origin of a tenant's log; the default tenant has no name.
    pub fn origin(&self, tenant: &str) -> String {
        match tenant {
            "" => format!("{}/audit", self.instance()),
            name => format!("{}/audit/{name}", self.instance()),
        }
    }

    /// Who signs the checkpoints of a tenant's log.
    pub fn verifier(&self, tenant: &str) -> VerifierKey {
        VerifierKey::new(&self.origin(tenant), self.signing.verifying_key())
    }

    pub(crate) fn signing(&self) -> &SigningKey {
        &self.signing
    }

    /// The pseudonyms of a tenant: those of another cannot be linked to them.
    pub fn pseudonyms(&self, tenant: &str) -> Pseudonyms {
        Pseudonyms(keyed(&keyed_hash(&keyed(&self.pseudonym), "tenant", tenant)))
    }
}

/// Gives names that only who has the key can link to what they stand for.
#[derive(Clone)]
pub struct Pseudonyms(Hmac<Sha256>);

impl Pseudonyms {
    /// Of whoever did something.
    pub fn actor(&self, name: &str) -> String {
        self.of("actor", name)
    }

    /// Of what something was done to.
    pub fn target(&self, name: &str) -> String {
        self.of("target", name)
    }

    /// 128 bits of an HMAC-SHA-256, in lower-case base32.
    fn of(&self, sort: &str, name: &str) -> String {
        const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
        let hash = keyed_hash(&self.0, sort, name);
        let (mut text, mut bits, mut left) = (Vec::with_capacity(26), 0_u32, 0);
        for byte in &hash[..16] {
            bits = bits << 8 | u32::from(*byte);
            left += 8;
            while left >= 5 {
                left -= 5;
                text.push(LETTERS[(bits >> left & 31) as usize]);
            }
        }
        text.push(LETTERS[(bits << (5 - left) & 31) as usize]);
        // They are letters and digits.
        String::from_utf8(text).unwrap_or_default()
    }
}

fn keyed(key: &[u8; 32]) -> Hmac<Sha256> {
    // HMAC's key is one block of SHA-256; a shorter one is filled up with zeros (RFC 2104).
    let mut block = hmac::digest::Key::<Hmac<Sha256>>::default();
    block[..32].copy_from_slice(key);
    Hmac::new(&block)
}

/// The hash of a name among those of its sort.
fn keyed_hash(key: &Hmac<Sha256>, sort: &str, name: &str) -> [u8; 32] {
    let mut mac = key.clone();
    mac.update(sort.as_bytes());
    mac.update(&[0]);
    mac.update(name.as_bytes());
    mac.finalize().into_bytes().into()
}
