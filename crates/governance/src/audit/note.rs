//! Checkpoints: C2SP `tlog-checkpoint` in a C2SP `signed-note`, signed with Ed25519.
//!
//! The text is three lines, origin, size and root; then an empty line, then one line for each signature:
//! `— <name> <base64(key id ‖ signature)>`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest as _, Sha256};

use super::Hash;

/// How the specification numbers Ed25519.
const ED25519: u8 = 1;

/// A signed statement of how long a log is, and what is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log.
    pub origin: String,
    /// How many leaves it has.
    pub size: u64,
    /// The root of their tree.
    pub root: Hash,
    /// The note, with its signature.
    pub note: String,
}

/// Why a note is no checkpoint of a log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Not the form.
    #[error("it is no signed checkpoint: {0}")]
    Malformed(&'static str),
    /// Of another log.
    #[error("it is of the log `{found}`, not of `{expected}`")]
    OtherOrigin {
        /// The one asked for.
        expected: String,
        /// The one it names.
        found: String,
    },
    /// By somebody else, or changed since.
    #[error("its signature is not by the key `{0}`")]
    Unsigned(String),
}

/// Who signs the checkpoints of a log, for those who check them: `<name>+<key id>+<base64 of the key>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    key: VerifyingKey,
}

impl VerifierKey {
    /// The key of a name.
    pub fn new(name: &str, key: VerifyingKey) -> Self {
        Self {
            name: name.to_owned(),
            key,
        }
    }

    /// Reads `<name>+<key id>+<key>`.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.trim().splitn(3, '+');
        let (name, id, key) = (parts.next()?, parts.next()?, parts.next()?);
        let bytes = STANDARD.decode(key).ok()?;
        let (kind, bytes) = bytes.split_first()?;
        let key = VerifyingKey::from_bytes(bytes.try_into().ok()?).ok()?;
        let this = Self::new(name, key);
        (*kind == ED25519 && !name.is_empty() && this.id_text() == id).then_some(this)
    }

    /// The name, which is the origin of the log.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn id(&self) -> [u8; 4] {
        let mut hasher = Sha256::new();
        hasher.update(self.name.as_bytes());
        hasher.update([b'\n', ED25519]);
        hasher.update(self.key.as_bytes());
        let hash: [u8; 32] = hasher.finalize().into();
        [hash[0], hash[1], hash[2], hash[3]]
    }

    fn id_text(&self) -> String {
        format!("{:08x}", u32::from_be_bytes(self.id()))
    }
}

impl std::fmt::Display for VerifierKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut key = vec![ED25519];
        key.extend(self.key.as_bytes());
        write!(
            formatter,
            "{}+{}+{}",
            self.name,
            self.id_text(),
            STANDARD.encode(key)
        )
    }
}

impl Checkpoint {
    /// Signs one. The origin is the signer's name too.
    pub fn sign(origin: &str, size: u64, root: Hash, key: &SigningKey) -> Self {
        let text = format!("{origin}\n{size}\n{root}\n");
        let mut signed = VerifierKey::new(origin, key.verifying_key()).id().to_vec();
        signed.extend(key.sign(text.as_bytes()).to_bytes());
        let note = format!("{text}\n\u{2014} {origin} {}\n", STANDARD.encode(signed));
        Self {
            origin: origin.to_owned(),
            size,
            root,
            note,
        }
    }

    /// Reads one, and holds it against the key of its log. Signatures of others, such as witnesses, may stand beside.
    pub fn open(note: &str, key: &VerifierKey) -> Result<Self, NoteError> {
        let this = Self::parse(note)?;
        if this.origin != key.name {
            return Err(NoteError::OtherOrigin {
                expected: key.name.clone(),
                found: this.origin,
            });
        }
        let unsigned = || NoteError::Unsigned(key.name.clone());
        let (text, signatures) = parts(note)?;
        let mut good = false;
        for line in signatures.lines() {
            let (name, signed) = line
                .strip_prefix("\u{2014} ")
                .and_then(|rest| rest.split_once(' '))
                .ok_or(NoteError::Malformed("a signature is not `— name base64`"))?;
            let signed = STANDARD
                .decode(signed)
                .ok()
                .filter(|signed| signed.len() > 4)
                .ok_or(NoteError::Malformed("a signature is not base64"))?;
            let (id, signature) = signed.split_at(4);
            if name != key.name || id != key.id() {
                continue;
            }
            let signature = Signature::from_slice(signature).ok().ok_or_else(unsigned)?;
            key.key
                .verify_strict(text.as_bytes(), &signature)
                .ok()
                .ok_or_else(unsigned)?;
            good = true;
        }
        if good { Ok(this) } else { Err(unsigned()) }
    }

    /// Reads one without looking at its signatures.
    pub fn parse(note: &str) -> Result<Self, NoteError> {
        let (text, _) = parts(note)?;
        let mut lines = text.lines();
        let (origin, size, root) = (lines.next(), lines.next(), lines.next());
        let origin = origin
            .filter(|origin| !origin.is_empty())
            .ok_or(NoteError::Malformed("it names no origin"))?;
        let canonical = |text: &&str| *text == "0" || !text.starts_with(['0', '+']);
        let size = size
            .filter(canonical)
            .and_then(|size| size.parse().ok())
            .ok_or(NoteError::Malformed("its second line is no size"))?;
        let root = root
            .and_then(Hash::from_base64)
            .ok_or(NoteError::Malformed("its third line is no hash"))?;
        if lines.next().is_some() {
            return Err(NoteError::Malformed("it has more than three lines"));
        }
        Ok(Self {
            origin: origin.to_owned(),
            size,
            root,
            note: note.to_owned(),
        })
    }
}

/// The text that is signed, with its last line feed, and the signatures.
fn parts(note: &str) -> Result<(&str, &str), NoteError> {
    let control = |c: char| c.is_control() && c != '\n';
    if note.contains(control) {
        return Err(NoteError::Malformed("it holds control characters"));
    }
    let end = note
        .rfind("\n\n")
        .ok_or(NoteError::Malformed("no empty line stands before its signatures"))?;
    let (text, signatures) = (&note[..=end], &note[end + 2..]);
    if signatures.is_empty() || !signatures.ends_with('\n') {
        return Err(NoteError::Malformed("it has no signature, or ends within one"));
    }
    Ok((text, signatures))
}
