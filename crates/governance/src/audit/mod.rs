//! The tamper-evident audit log.
//!
//! Every write leaves a [`Leaf`] in the log of its tenant, in the *same commit* as what it tells of. The leaves of a
//! log are those of a Merkle tree (RFC 9162, 2.1); what is served is laid out as the C2SP `tlog-tiles` specification
//! has it (tiles of 256 hashes, bundles of 256 entries, a checkpoint as a signed note), so that any file host can
//! mirror a log and any witness of that ecosystem can co-sign it.
//!
//! Inside, from the bottom: `hash`, `tree` (nodes from tiles), `proof` (made and checked), `note` (checkpoints),
//! `keys`, `leaf` (its canonical form), `state` (hashes of what was written), `rows` (how leaves lie in the store),
//! `ledger` (the side that writes, a [`twin::Witness`]), `log` (the side that reads), [`verify`] and [`export`]. A
//! program holds one [`Audit`], which gives each tenant its log.

mod error;
pub mod export;
mod hash;
mod keys;
mod leaf;
mod ledger;
mod log;
mod note;
mod proof;
mod registry;
mod rows;
mod search;
mod state;
mod text;
mod tree;
pub mod verify;

pub use error::Error;
pub use hash::Hash;
pub use keys::{Keys, Pseudonyms};
pub use leaf::{Leaf, MalformedLeaf};
pub use log::{Log, MOST_ENTRIES, TILE};
pub use note::{Checkpoint, NoteError, VerifierKey};
pub use proof::{consistency_proof, inclusion_proof, verify_consistency, verify_inclusion};
pub use registry::Audit;
pub use search::{Filter, Found};
pub use tree::{Nodes, Tree, root};
