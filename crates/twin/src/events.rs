//! What happened to an entity.

use std::sync::Arc;

use ngsi_ld::Entity;

/// One entity, before and after one operation.
#[derive(Clone, Debug)]
pub(crate) struct EntityChange {
    /// What it was; `None`: it was not there.
    pub(crate) before: Option<Arc<Entity>>,
    /// What it is; `None`: it is gone.
    pub(crate) after: Option<Arc<Entity>>,
}
