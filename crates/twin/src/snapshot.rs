//! A picture of the twin.

use std::sync::Arc;

use ngsi_ld::{Entity, Timestamp, Uri};
use query::View;
use storage::StorageReader;

use crate::reading::Reading;
use crate::state::Frozen;

/// A copy-on-write picture of the twin between two commits: later writes do not show in it. Cheap to make and
/// to clone; as long as it lives, what was replaced since stays in memory.
#[derive(Clone)]
pub struct Snapshot(Arc<Picture>);

struct Picture {
    state: Frozen,
    storage: Arc<dyn StorageReader>,
    /// What is transient and had ended by then is not in it.
    over_by: Option<Timestamp>,
}

impl Snapshot {
    pub(crate) fn new(state: Frozen, storage: Arc<dyn StorageReader>) -> Self {
        Self(Arc::new(Picture {
            state,
            storage,
            over_by: None,
        }))
    }

    /// The same without what has ended by an instant and was not deleted yet (4.22).
    pub(crate) fn without(self, over_by: Option<Timestamp>) -> Self {
        match over_by {
            None => self,
            over_by => {
                let (state, storage) = self.parts();
                Self(Arc::new(Picture {
                    state,
                    storage,
                    over_by,
                }))
            }
        }
    }

    /// Everything that was written up to this instant is in it, and nothing that was written later.
    pub fn at(&self) -> Timestamp {
        self.0.state.at
    }

    pub(crate) fn parts(&self) -> (Frozen, Arc<dyn StorageReader>) {
        (self.0.state.clone(), Arc::clone(&self.0.storage))
    }

    /// What is seen of the state of an entity, or of the last one that it had, by the rights to its past: what decides
    /// about a copy of it.
    pub fn last_state(&self, view: &View, id: &Uri) -> Option<Arc<Entity>> {
        self.reading().last_state(view, id)
    }

    /// A copy that can be written to: what if.
    pub fn fork(&self) -> crate::Fork {
        crate::Fork::of(self)
    }

    pub(crate) fn reading(&self) -> Reading<'_, Frozen> {
        Reading {
            state: &self.0.state,
            storage: &*self.0.storage,
            until: Some(self.0.state.at),
            over_by: self.0.over_by,
        }
    }
}
