//! What if: a picture of the twin that can be written to, and that nobody else sees.

use std::sync::Arc;

use ngsi_ld::Uri;
use query::View;
use storage::{EntityKey, StorageReader};

use crate::error::Error;
use crate::evaluate::{After, PastOf, Situation};
use crate::operation::{Operation, Outcome};
use crate::snapshot::Snapshot;
use crate::state::{Frozen, Shards as _};

/// New entities of a fork are numbered from here, where no stored entity will ever be: what the store remembers of
/// a number is never taken for the history of one of these.
const FIRST_KEY: u64 = 1 << 62;

/// A picture of the twin that can be written to. Nothing of it is durable and nothing of it shows anywhere else;
/// what both have in common is shared, so that a fork of a large city costs what is changed in it. It is read
/// through [`Fork::snapshot`], with the same queries as the live twin.
///
/// Its instants follow from the picture it was made of, one microsecond after the other: the same operations on the
/// same picture give the same entities, whenever that is done.
#[derive(Clone)]
pub struct Fork {
    state: Frozen,
    storage: Arc<dyn StorageReader>,
    next_key: u64,
}

impl Fork {
    pub(crate) fn of(snapshot: &Snapshot) -> Self {
        let (state, storage) = snapshot.parts();
        // The picture may be one of a fork, which has entities of its own.
        let next_key = state
            .last_key()
            .map_or(FIRST_KEY, |last| FIRST_KEY.max(last.0 + 1));
        Self {
            state,
            storage,
            next_key,
        }
    }

    /// Executes one operation, with the meaning that it has on the live twin. It takes no rights to write, because
    /// nothing of it is for good; what the caller does not see is not there, and does not come into sight.
    ///
    /// # Errors
    /// As for the live twin; and operations on the past (from [`Operation::AppendHistory`] to
    /// [`Operation::DeleteInstance`]) are refused, because a fork has no store of its own.
    pub fn execute(&mut self, view: &View, operation: Operation) -> Result<Outcome, Error> {
        if let Operation::AppendHistory { .. }
        | Operation::DeleteHistory(_)
        | Operation::Copy(_)
        | Operation::DeleteAttributeHistory(..)
        | Operation::ReplaceInstance(..)
        | Operation::DeleteInstance(..)
        | Operation::ForgetBefore(..) = operation
        {
            let detail =
                "a scenario changes the present only: its entities have the history of the twin".to_owned();
            return Err(ngsi_ld::Error::bad_data(detail).into());
        }
        let id = operation.entity_id().clone();
        let record = self.state.record(&id);
        let last = record.as_ref().map(|record| record.entity.modified_at);
        let now = last.map_or(self.state.at, |last| last.max(self.state.at));
        let situation = Situation {
            record,
            now: now.plus_micros(1),
            new_key: EntityKey(self.next_key),
            view: &view.imagining(),
            held: None,
            past: PastOf {
                known: &|_, _, _| Ok(Vec::new()),
                datasets: &|_, _| Ok(Vec::new()),
            },
        };
        let effect = situation.evaluate(operation)?;
        match effect.after {
            After::Same => {}
            After::Record(record) => {
                self.next_key = self.next_key.max(record.key.0 + 1);
                self.state.put(record);
            }
            After::Erased => self.state.remove(&id),
        }
        Ok(effect.outcome)
    }

    /// Whether the entity is there now.
    pub fn has(&self, id: &Uri) -> bool {
        self.state
            .record(id)
            .is_some_and(|record| record.live().is_some())
    }

    /// A picture of the fork as it is now. Cheap; later operations do not show in it.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot::new(self.state.clone(), Arc::clone(&self.storage))
    }
}
