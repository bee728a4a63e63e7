//! Hashes of the tree (RFC 9162, 2.1.1): SHA-256, with one byte before what is hashed that tells leaves from nodes.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};

/// A SHA-256 hash.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// Of nothing: the root of a tree without leaves.
    pub fn of_nothing() -> Self {
        Self::of(b"")
    }

    /// Of bytes, as they are.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// Of a leaf.
    pub fn of_leaf(entry: &[u8]) -> Self {
        let mut hasher = Sha256::new();
        hasher.update([0]);
        hasher.update(entry);
        Self(hasher.finalize().into())
    }

    /// Of a node with these two below it.
    pub fn of_node(left: &Self, right: &Self) -> Self {
        let mut both = [1; 65];
        both[1..33].copy_from_slice(&left.0);
        both[33..].copy_from_slice(&right.0);
        Self(Sha256::digest(both).into())
    }

    /// In base64 with padding, as checkpoints have it.
    pub fn to_base64(&self) -> String {
        STANDARD.encode(self.0)
    }

    /// From base64 with padding.
    pub fn from_base64(text: &str) -> Option<Self> {
        Some(Self(STANDARD.decode(text).ok()?.try_into().ok()?))
    }

    /// Writes it in base64 for URLs, without padding, as leaves have it.
    pub(crate) fn write_url_text(self, out: &mut Vec<u8>) {
        let mut text = [0; 43];
        // 32 bytes make 43 letters, always.
        if let Ok(length) = URL_SAFE_NO_PAD.encode_slice(self.0, &mut text) {
            out.extend_from_slice(text.get(..length).unwrap_or_default());
        }
    }

    pub(crate) fn from_url_text(text: &str) -> Option<Self> {
        Some(Self(URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?))
    }
}

impl std::fmt::Display for Hash {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.to_base64())
    }
}

impl std::fmt::Debug for Hash {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Hash({self})")
    }
}
