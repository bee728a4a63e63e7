//! The live city: the operations of the twin over its entities, in memory for reading and durable for writing.

use std::sync::Arc;

use ngsi_ld::query::temporal::TemporalQuery;
use ngsi_ld::{Entity, Name, Timestamp, Uri};
use query::{EntityQuery, Selection, View};

/// The live twin of one tenant. Cheap to clone.
#[derive(Clone)]
pub struct Twin(Arc<()>);

/// A copy-on-write picture of the twin at one instant: later writes do not show in it. Cheap to clone.
#[derive(Clone)]
pub struct Snapshot(Arc<()>);

/// Everything that can be read, of the live twin and of a snapshot alike. Every read takes a [`View`].
pub trait Reader: Send + Sync {
    /// One entity.
    fn get(&self, view: &View, id: &Uri) -> Option<Arc<Entity>>;
    /// One page of the entities that a query selects, in order of creation.
    fn query(&self, view: &View, query: &EntityQuery) -> Result<Page, Error>;
    /// Visits every entity of a selection, without holding all of them. Stops when `visit` gives `false`.
    fn scan(
        &self,
        view: &View,
        selection: &Selection,
        visit: &mut dyn FnMut(&Arc<Entity>) -> bool,
    ) -> Result<(), Error>;
    /// How many entities there are of each type.
    fn types(&self, view: &View) -> Vec<(Name, usize)>;
    /// The temporal evolution of one entity: its attributes are the instances of the past that match, each with
    /// `instance_id`, those of one attribute oldest first.
    fn history(&self, view: &View, id: &Uri, query: &HistoryQuery) -> Result<Option<Entity>, Error>;
    /// The numbers one attribute ever had, by `observedAt` (instances without are left out), oldest first.
    fn series(&self, view: &View, id: &Uri, attribute: &Name, range: (Timestamp, Timestamp))
    -> Result<Vec<Sample>, Error>;
    /// Reads `buffer.len()` bytes of a blob from `offset`. A blob is visible when the entity that names it in
    /// its `blob` attribute is.
    fn read_blob(&self, view: &View, blob: &BlobId, offset: u64, buffer: &mut [u8]) -> Result<(), Error>;
}

/// One number of a series, with its unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// When it was observed.
    pub observed_at: Timestamp,
    /// The number.
    pub value: f64,
    /// `unitCode` of the instance.
    pub unit_code: Option<Arc<str>>,
}

/// The name of a blob: the SHA-256 of its content, in hex.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BlobId(pub String);

/// A page of a query's answer.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The entities.
    pub entities: Vec<Arc<Entity>>,
    /// How many there are in all, where that was asked.
    pub total: Option<usize>,
    /// Whether there are more after these.
    pub more: bool,
}

/// Which instances of an entity's history.
#[derive(Clone, Debug)]
pub struct HistoryQuery {
    /// The time range.
    pub temporal: TemporalQuery,
    /// Only these attributes; empty: all.
    pub attributes: Vec<Name>,
    /// At most so many instances of each attribute, the latest.
    pub last_n: Option<usize>,
}

/// What can be done to the twin. Each is atomic; [`Twin::execute`] answers when it is durable.
#[derive(Clone, Debug)]
pub enum Operation {
    /// Create Entity (5.6.1).
    Create(Entity),
    /// Batch upsert (5.6.8) with `options=replace`: creates, or replaces all attributes.
    UpsertReplace(Entity),
    /// Batch upsert with `options=update`: creates, or overwrites the attributes that are given.
    UpsertUpdate(Entity),
    /// As `UpsertReplace`, but an entity that is the same already (times set by the twin aside) is left alone.
    Import(Entity),
    /// Merge Entity (5.6.17).
    Merge(Uri, ngsi_ld::fragment::Fragment),
    /// Append Attributes (5.6.3); `true` overwrites those that exist.
    Append(Uri, ngsi_ld::fragment::Fragment, bool),
    /// Update Attributes (5.6.2).
    Update(Uri, ngsi_ld::fragment::Fragment),
    /// Delete Attribute (5.6.5): the default instance, that of a data set, or all.
    DeleteAttribute(Uri, Name, Instance),
    /// Replace Entity (5.6.18).
    Replace(Uri, Entity),
    /// Delete Entity (5.6.6).
    Delete(Uri),
    /// Create or Update Temporal Evolution (5.6.11): the attributes are instances of the past. An instance that
    /// is known already (same attribute, data set, `observedAt` and value) is left alone. With `current`, the
    /// latest instance of each attribute also becomes the entity's current one if nothing newer is there.
    AppendHistory {
        /// Id, types and instances.
        entity: Entity,
        /// See above.
        current: bool,
    },
    /// Delete Temporal Evolution (5.6.16).
    DeleteHistory(Uri),
}

/// Which instances of an attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Instance {
    Default,
    Dataset(Uri),
    All,
}

/// What an operation did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The entity is new.
    Created,
    /// It was there and changed. `not_updated`: attributes that were left alone, with the reason (207).
    Updated {
        /// See above.
        not_updated: Vec<(Name, String)>,
    },
    /// It was there and is as it was.
    Unchanged,
    /// Instances of history: so many were new, so many known.
    Appended {
        /// New instances.
        added: usize,
        /// Instances left alone because they were known.
        known: usize,
        /// Whether the entity itself is new.
        created: bool,
    },
    /// It is gone.
    Deleted,
}

/// Why something could not be done.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// No such entity (or none this caller may see).
    #[error("there is no entity `{0}`")]
    NotFound(Uri),
    /// The attribute is not there.
    #[error("entity `{0}` has no attribute `{1}`")]
    AttributeNotFound(Uri, Name),
    /// An entity with this id is there already.
    #[error("entity `{0}` exists already; change it with PATCH, or replace it with an upsert")]
    AlreadyExists(Uri),
    /// The content is not acceptable.
    #[error(transparent)]
    Invalid(#[from] ngsi_ld::Error),
    /// The store has no room or cannot be written; reads go on.
    #[error("{0}")]
    ReadOnly(String),
    /// The queue of waiting writes is full: try again later.
    #[error("too many writes are waiting; try again in {retry_after_s} s")]
    Busy {
        /// Seconds to wait.
        retry_after_s: u32,
    },
    /// The store failed.
    #[error("the store failed: {0}")]
    Storage(String),
}

impl Twin {
    /// Executes operations in the order given, each atomic by itself, and answers when all are durable.
    pub async fn execute(&self, view: &View, operations: Vec<Operation>) -> Vec<Result<Outcome, Error>> {
        let _ = (view, operations);
        todo!()
    }

    /// The same, from a thread that may wait.
    pub fn execute_blocking(&self, view: &View, operations: Vec<Operation>) -> Vec<Result<Outcome, Error>> {
        let _ = (view, operations);
        todo!()
    }

    /// As [`Self::execute_blocking`], past the log and straight into the tables: for imports of thousands.
    /// All of one call is durable together or not at all.
    pub fn load_blocking(&self, view: &View, operations: Vec<Operation>) -> Vec<Result<Outcome, Error>> {
        let _ = (view, operations);
        todo!()
    }

    /// Stores a blob, read to its end, and answers with its name when it is durable.
    pub fn put_blob(&self, content: &mut dyn std::io::Read) -> Result<BlobId, Error> {
        let _ = content;
        todo!()
    }

    /// A picture of now.
    pub fn snapshot(&self) -> Snapshot {
        todo!()
    }

    /// The clock it lives by.
    pub fn now(&self) -> Timestamp {
        todo!()
    }
}
