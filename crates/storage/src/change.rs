//! What storage is asked to keep: changes of entities, instances of their history, rows of system tables.

use std::sync::Arc;

use ngsi_ld::{Attribute, Entity, Name, Timestamp, Uri};

/// The number that an entity has inside one store, given in order of creation and never given twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntityKey(pub u64);

/// The number of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Lsn(pub u64);

/// One change, part of a commit.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// The entity now has this id, these types, scope and times; its attributes stay as they are.
    Head(EntityKey, Head),
    /// This attribute instance is now the current one of its name and `datasetId`. The one it replaces, if any,
    /// becomes history.
    Attribute(EntityKey, Attribute),
    /// The current instance with this name and `datasetId` is gone; it becomes history, and the removal too.
    RemoveAttribute(EntityKey, Name, Option<Uri>, Timestamp),
    /// The entity is gone at this instant. Its history stays until retention or erasure takes it, and what was current
    /// stays as its last state.
    Delete(EntityKey, Timestamp),
    /// The last state of an entity that has no current one: not a part of its history, but kept beside it, because it
    /// decides who may see that. It goes when the entity gets a current state.
    Last(EntityKey, Vec<Attribute>),
    /// An instance of the past, which never was (or no longer is) the current one. Of an entity of which only a
    /// history was ever given it is also the last one of its name and `datasetId`, unless a later one is; those of the
    /// Scope are not.
    History(EntityKey, Attribute),
    /// Every instance of the past that is this one is destroyed; nothing happens where there is none. What is
    /// current stays.
    Forget(EntityKey, Attribute),
    /// The past of an attribute is destroyed, removals too. What is current stays.
    ForgetSeries(EntityKey, Name, Datasets),
    /// Current state, history and blobs of the entity are destroyed; a tombstone stays.
    Erase(EntityKey, Timestamp),
    /// A row of a system table: put, or deleted where the value is `None`.
    System(&'static str, Box<[u8]>, Option<Arc<[u8]>>),
}

/// Of which data sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Datasets {
    /// Of all, and of none.
    All,
    /// Of this one; `None`: the default instance.
    Only(Option<Uri>),
}

impl Datasets {
    /// Whether a data set is one of them.
    pub fn contains(&self, dataset_id: Option<&Uri>) -> bool {
        match self {
            Self::All => true,
            Self::Only(only) => only.as_ref() == dataset_id,
        }
    }
}

/// An entity without its attributes.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the fields are those of `ngsi_ld::Entity`")]
pub struct Head {
    pub id: Uri,
    pub types: Vec<Name>,
    pub scope: Vec<Box<str>>,
    pub created_at: Timestamp,
    pub modified_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    /// Only a history was ever given (`POST /temporal/entities`): there is no current state to show.
    pub temporal_only: bool,
}

/// An entity as it is found at start.
#[derive(Clone, Debug)]
pub struct Stored {
    /// Its number.
    pub key: EntityKey,
    /// Its current state; of one that has none any more, the last one.
    pub entity: Entity,
    /// Whether that is known: an older program left none, and what it was cannot be told from the history.
    pub last_known: bool,
    /// See [`Head::temporal_only`].
    pub temporal_only: bool,
    /// See [`Change::Delete`]: kept because its history is.
    pub deleted_at: Option<Timestamp>,
}
