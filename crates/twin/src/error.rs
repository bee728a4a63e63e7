//! Why something could not be done.

use ngsi_ld::{Name, Timestamp, Uri};
use storage::StorageError;

/// Why something could not be done.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// No such entity (or none this caller may see).
    #[error("there is no entity `{0}`")]
    NotFound(Uri),
    /// The attribute is not there.
    #[error("entity `{0}` has no attribute `{1}`")]
    AttributeNotFound(Uri, Name),
    /// The attribute has no instance with this `instanceId`.
    #[error("attribute `{1}` of entity `{0}` has no instance `{2}`")]
    InstanceNotFound(Uri, Name, Uri),
    /// So many instances are of one instant that they cannot be given in parts.
    #[error(
        "more than {most} instances of `{id}` are of one instant ({at}): ask for fewer attributes, or by another \
         `timeproperty`"
    )]
    TooManyOfOneInstant {
        /// The entity.
        id: Uri,
        /// The instant.
        at: Timestamp,
        /// As many as can be given at once.
        most: usize,
    },
    /// An entity with this id is there already.
    #[error("entity `{0}` exists already; change it with PATCH, or replace it with an upsert")]
    AlreadyExists(Uri),
    /// No such thing beside entities: what it is, and its id.
    #[error("there is no {0} `{1}`")]
    Missing(&'static str, Uri),
    /// Something with this id is there already: what it is, and its id.
    #[error("the {0} `{1}` exists already; change it with PATCH")]
    Taken(&'static str, Uri),
    /// The snapshot cannot be used yet (5.16.1.4): try again later.
    #[error("the snapshot `{0}` is being prepared; its `snapshotStatus` tells when it can be used")]
    Preparing(Uri),
    /// The caller sees it, and may not do that to it.
    #[error("{0}")]
    Forbidden(String),
    /// It is under a legal hold, which has this id: nothing of it is destroyed, whoever asks.
    #[error(
        "`{0}` is under the legal hold `{1}`: it is not deleted, nothing of its past is, and it is not brought out of the \
         hold, until somebody at the desk for data protection releases it"
    )]
    Held(Uri, String),
    /// It contradicts what is here (`Conflict`, 5.5.2).
    #[error("{0}")]
    Conflict(String),
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

impl From<StorageError> for Error {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Full { .. } => Self::ReadOnly(error.to_string()),
            other => Self::Storage(other.to_string()),
        }
    }
}
