//! What happened, for whoever follows the twin: subscriptions, feeds, caches.

use std::sync::Arc;

use ngsi_ld::{Entity, Timestamp, Uri};
use storage::Lsn;

/// One commit: durable and visible to readers.
#[derive(Clone, Debug)]
pub struct Committed {
    /// Its number in the store.
    pub lsn: Lsn,
    /// The latest instant that the twin gave to anything in it.
    pub at: Timestamp,
    /// What changed, in order: one for each operation that changed the current state of an entity.
    pub changes: Vec<EntityChange>,
}

/// One entity, before and after one operation.
#[derive(Clone, Debug)]
pub struct EntityChange {
    /// Which.
    pub id: Uri,
    /// What it was; `None`: it was not there.
    pub before: Option<Arc<Entity>>,
    /// What it is; `None`: it is gone.
    pub after: Option<Arc<Entity>>,
}
