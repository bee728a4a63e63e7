//! Durability. What the twin decides is written here before anybody is told that it happened.
//!
//! One trait, [`Storage`], is what the twin needs of a store; [`StorageReader`] is the part of it that many
//! threads use at once. The embedded engine is a SQLite file used as log and history under the twin in memory;
//! [`Memory`] is the simplest engine, for tests; [`contract`] is the suite of tests that each engine passes.
//!
//! Inside the file, from the outside in: `tables` (schema, version), `log`, `fold`, `current` (an entity's row),
//! `last` (what older programs left of it), `series` and `chunk` (history), `blob`, `system`; the bytes are in `record`, `geometry`, `column`, `codec`.

mod blob;
pub mod change;
pub mod check;
mod chunk;
mod codec;
mod column;
pub mod contract;
mod current;
pub mod embedded;
pub mod environment;
mod fault;
mod fold;
mod geometry;
mod last;
mod log;
pub mod maintain;
pub mod memory;
mod names;
mod reader;
mod record;
mod series;
mod system;
mod tables;

use std::io::Read;
use std::sync::Arc;

use ngsi_ld::{Attribute, Name, Timestamp, Uri};

pub use change::{Change, Datasets, EntityKey, Head, Lsn, Stored};
pub use check::{Statistics, Verification};
pub use embedded::Embedded;
pub use environment::{Clock, Environment, Rng};
pub use maintain::{DENSE, Options};
pub use memory::Memory;

/// The writer's handle of a store. One owner: the twin's writer.
pub trait Storage: Send {
    /// Gives every entity that is stored, in order of its key: at start, before anything else.
    fn load(&mut self, sink: &mut dyn FnMut(Stored)) -> Result<(), StorageError>;
    /// Writes changes, all or none, in this order. Durable when it returns.
    fn commit(&mut self, changes: &[Change]) -> Result<Lsn, StorageError>;
    /// The same past the log, straight into the tables: cheaper for thousands of changes at once.
    fn bulk(&mut self, changes: &[Change]) -> Result<Lsn, StorageError>;
    /// Does one slice of background work (at most a few milliseconds); `true` while more is waiting.
    fn maintain(&mut self) -> Result<bool, StorageError>;
    /// Does one slice of it, or of what can wait until nobody writes. Whoever has something to write need not come
    /// back: what is left waits.
    fn tidy(&mut self) -> Result<Tidied, StorageError> {
        let more = self.maintain()?;
        Ok(if more { Tidied::More } else { Tidied::All })
    }
    /// Stores a blob; durable when it returns. Answers with the SHA-256 of its content in hex.
    fn put_blob(&mut self, content: &mut dyn Read) -> Result<String, StorageError>;
    /// A handle for reading, from any thread, at any time.
    fn reader(&self) -> Arc<dyn StorageReader>;
}

/// What is left to do after a slice of [`Storage::tidy`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tidied {
    /// More.
    More,
    /// Something that is being done beside: it is asked again after a while.
    Almost,
    /// Nothing, until something is written.
    All,
}

/// Reading what does not live in memory.
pub trait StorageReader: Send + Sync {
    /// The instances that an entity's attributes had before their current one, and those added as history, by
    /// the instant that orders them (`observedAt`, else `modifiedAt`) in the half-open `range`; for each
    /// attribute and data set oldest first. `attributes`: only these; empty: all. `take`: how many of each
    /// attribute and data set. The current instances are not among them.
    fn history(
        &self,
        key: EntityKey,
        attributes: &[Name],
        range: (Timestamp, Timestamp),
        take: Take,
    ) -> Result<Vec<Past>, StorageError>;
    /// Visits the same of one attribute and data set in pieces, in no order of the pieces, without making an
    /// attribute of every number: to count and sum up millions. Nothing is visited twice. `each` asks the store
    /// nothing.
    fn pieces(
        &self,
        key: EntityKey,
        attribute: &Name,
        dataset_id: Option<&Uri>,
        range: (Timestamp, Timestamp),
        each: &mut dyn FnMut(Piece<'_>),
    ) -> Result<(), StorageError>;
    /// The same again with whole instances, some at a time, so that a long past is never in memory at once.
    fn visit(
        &self,
        key: EntityKey,
        attribute: &Name,
        dataset_id: Option<&Uri>,
        range: (Timestamp, Timestamp),
        each: &mut dyn FnMut(Vec<Past>),
    ) -> Result<(), StorageError>;
    /// The attributes and data sets that have a past, in order. `attributes`: only these; empty: all.
    fn list(&self, key: EntityKey, attributes: &[Name]) -> Result<Vec<(Name, Option<Uri>)>, StorageError>;
    /// The numbers among them of one attribute's default instance, oldest first.
    fn series(
        &self,
        key: EntityKey,
        attribute: &Name,
        range: (Timestamp, Timestamp),
    ) -> Result<Vec<Number>, StorageError>;
    /// Reads `buffer.len()` bytes of a blob from `offset`; an error when the blob is shorter.
    fn read_blob(&self, blob: &str, offset: u64, buffer: &mut [u8]) -> Result<(), StorageError>;
    /// The length of a blob in bytes, `None` if there is none.
    fn blob_length(&self, blob: &str) -> Result<Option<u64>, StorageError>;
    /// At most `limit` rows of a system table in the order of their keys, from `from` on.
    #[allow(clippy::type_complexity, reason = "a list of key-value pairs")]
    fn system(&self, table: &str, from: &[u8], limit: usize)
    -> Result<Vec<(Vec<u8>, Vec<u8>)>, StorageError>;
    /// The same for those who go on where a row is damaged: each row as it was found.
    fn system_as_found(&self, table: &str, from: &[u8], limit: usize) -> Result<Vec<FoundRow>, StorageError> {
        let sound = |(key, value)| FoundRow {
            key,
            value: Ok(value),
        };
        let rows = self.system(table, from, limit)?;
        Ok(rows.into_iter().map(sound).collect())
    }
}

/// A row of a system table as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundRow {
    /// Its key; of a damaged row it may not be what was written.
    pub key: Vec<u8>,
    /// Its value, or how it is damaged.
    pub value: Result<Vec<u8>, String>,
}

/// How many instances of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Take {
    /// All of them.
    All,
    /// The earliest; at least so many, where there are.
    First(usize),
    /// The latest.
    Last(usize),
}

/// Some instances of a series.
#[derive(Clone, Copy, Debug)]
pub enum Piece<'a> {
    /// Properties that are numbers, with nothing beside their unit and times.
    Numbers {
        /// The instants that order them, in order, in microseconds: `observedAt`, else `modifiedAt`.
        instants: &'a [i64],
        /// `modifiedAt` of each, in microseconds.
        modified: &'a [i64],
        /// The value of each.
        values: Numbers<'a>,
        /// Whether they have an `observedAt`, all or none.
        observed: bool,
    },
    /// Any instances, and removals.
    Any(&'a [Past]),
}

/// Numbers of one sort.
#[derive(Clone, Copy, Debug)]
pub enum Numbers<'a> {
    /// JSON integers.
    Integers(&'a [i64]),
    /// JSON numbers, of which some may have been integers that a float holds exactly.
    Floats(&'a [f64]),
}

/// An instance of the past.
#[derive(Clone, Debug, PartialEq)]
pub enum Past {
    /// A value it had.
    Instance(Attribute),
    /// From this instant on it was not there.
    Removed {
        /// The attribute.
        name: Name,
        /// Its data set.
        dataset_id: Option<Uri>,
        /// When.
        at: Timestamp,
    },
}

impl Past {
    /// The attribute.
    pub fn name(&self) -> &Name {
        match self {
            Self::Instance(attribute) => &attribute.name,
            Self::Removed { name, .. } => name,
        }
    }

    /// Its data set.
    pub fn dataset_id(&self) -> Option<&Uri> {
        match self {
            Self::Instance(attribute) => attribute.dataset_id.as_ref(),
            Self::Removed { dataset_id, .. } => dataset_id.as_ref(),
        }
    }

    /// The instant that orders it: of an instance `observedAt`, else `modifiedAt`; of a removal its own.
    pub fn instant(&self) -> Timestamp {
        match self {
            Self::Instance(attribute) => attribute.instant(),
            Self::Removed { at, .. } => *at,
        }
    }
}

/// One number of a series.
#[derive(Clone, Debug, PartialEq)]
pub struct Number {
    /// The instant that orders it.
    pub at: Timestamp,
    /// The number.
    pub value: f64,
    /// `unitCode`.
    pub unit_code: Option<Arc<str>>,
}

/// What a store can suffer.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// No room.
    #[error("the disk that holds `{path}` is full: free some space; what was stored is safe and can be read")]
    Full {
        /// The store's file or folder.
        path: String,
    },
    /// Another process owns the data folder.
    #[error("`{path}` is in use by another process")]
    Locked {
        /// The data folder.
        path: String,
    },
    /// The file was written by a newer version.
    #[error(
        "`{path}` has format version {found}; this program knows versions up to {known}: use a newer program"
    )]
    NewerFormat {
        /// The file.
        path: String,
        /// Its version.
        found: u32,
        /// The newest that is known here.
        known: u32,
    },
    /// Something stored is not what was written.
    #[error("`{path}` is damaged: {detail}")]
    Corrupt {
        /// The file.
        path: String,
        /// What is wrong.
        detail: String,
    },
    /// Anything else of the disk or the database.
    #[error("{context}: {detail}")]
    Io {
        /// What was being done, to which file.
        context: String,
        /// What went wrong.
        detail: String,
    },
    /// An earlier failure left it unknown what is durable; nothing is acknowledged until the store is opened anew.
    #[error("the store stopped after an earlier failure ({0}); restart the program")]
    Stopped(String),
}
