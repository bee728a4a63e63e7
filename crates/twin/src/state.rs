//! All entities in memory: 64 shards, each behind its own lock.

use std::hash::BuildHasher as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use hashbrown::DefaultHashBuilder;
use ngsi_ld::{Timestamp, Uri};
use parking_lot::RwLock;

use crate::holds::Held;
use crate::order_index::Ledger;
use crate::shard::{Record, Shard};

/// How many shards there are.
pub(crate) const SHARDS: usize = 64;

/// Where shards can be read: the live state, or a picture of it.
pub(crate) trait Shards {
    /// Looks into one shard. Nothing else of the twin may be asked meanwhile.
    fn with<R>(&self, index: usize, look: impl FnOnce(&Shard) -> R) -> R;
    /// The shard that would hold this id.
    fn of(&self, id: &Uri) -> usize;
    /// Which indexes of orders are worth making.
    fn ledger(&self) -> &Ledger;

    /// What is known of this id.
    fn record(&self, id: &Uri) -> Option<Record> {
        self.with(self.of(id), |shard| shard.get(id).cloned())
    }
}

/// The live state.
pub(crate) struct State {
    shards: Vec<RwLock<Arc<Shard>>>,
    hasher: DefaultHashBuilder,
    /// The instant of the last commit that is applied. Whoever holds it for reading sees no commit half applied.
    applied: RwLock<Timestamp>,
    /// When something transient ends next, in microseconds; until then nobody has to look.
    first_end: AtomicI64,
    ledger: Arc<Ledger>,
    /// Who is asked before anything is destroyed.
    pub(crate) held: Held,
}

/// The state between two commits. Clones share it.
#[derive(Clone)]
pub(crate) struct Frozen {
    shards: Arc<[Arc<Shard>]>,
    hasher: DefaultHashBuilder,
    ledger: Arc<Ledger>,
    /// Nothing in it was made or changed after this instant, and everything up to it is there.
    pub(crate) at: Timestamp,
}

impl State {
    /// An empty one.
    pub(crate) fn new() -> Self {
        Self {
            shards: (0..SHARDS).map(|_| RwLock::default()).collect(),
            hasher: DefaultHashBuilder::default(),
            applied: RwLock::new(Timestamp::MIN),
            first_end: AtomicI64::new(i64::MAX),
            ledger: Arc::default(),
            held: Held::default(),
        }
    }

    /// Whether something transient that is still there may have ended by now.
    pub(crate) fn may_be_over(&self, now: impl FnOnce() -> Timestamp) -> Option<Timestamp> {
        let first = self.first_end.load(Ordering::Acquire);
        if first == i64::MAX {
            return None;
        }
        let now = now();
        (first <= now.as_micros()).then_some(now)
    }

    /// Says when something transient ends next, of what is and of what will be there after the next commit.
    pub(crate) fn ends_next(&self, first: Option<Timestamp>, for_sure: bool) {
        let micros = first.map_or(i64::MAX, Timestamp::as_micros);
        if for_sure {
            self.first_end.store(micros, Ordering::Release);
        } else {
            self.first_end.fetch_min(micros, Ordering::AcqRel);
        }
    }

    /// Makes what a commit left visible: each id with what it is now. Readers of a [`Frozen`] see all of it or
    /// nothing.
    pub(crate) fn apply(&self, at: Timestamp, effects: impl IntoIterator<Item = (Uri, Option<Record>)>) {
        let mut applied = self.applied.write();
        for (id, record) in effects {
            // Copies the shard if a picture holds it, and only then.
            let mut shard = self.shards[self.of(&id)].write();
            let shard = Arc::make_mut(&mut shard);
            match record {
                Some(record) => shard.put(record),
                None => shard.remove(&id),
            }
        }
        *applied = at;
    }

    /// A picture of now.
    pub(crate) fn freeze(&self) -> Frozen {
        let applied = self.applied.read();
        Frozen {
            shards: self
                .shards
                .iter()
                .map(|shard| Arc::clone(&shard.read()))
                .collect(),
            hasher: self.hasher.clone(),
            ledger: Arc::clone(&self.ledger),
            at: *applied,
        }
    }
}

impl Frozen {
    /// Puts a record into this picture alone: the shard that would hold it is copied if anybody shares it.
    pub(crate) fn put(&mut self, record: Record) {
        let index = self.of(&record.entity.id);
        self.at = self.at.max(record.entity.modified_at);
        let shards: &mut [Arc<Shard>] = Arc::make_mut(&mut self.shards);
        Arc::make_mut(&mut shards[index]).put(record);
    }

    /// The greatest number of an entity.
    pub(crate) fn last_key(&self) -> Option<storage::EntityKey> {
        self.shards.iter().filter_map(|shard| shard.last_key()).max()
    }

    /// Forgets an id in this picture alone.
    pub(crate) fn remove(&mut self, id: &Uri) {
        let index = self.of(id);
        let shards: &mut [Arc<Shard>] = Arc::make_mut(&mut self.shards);
        Arc::make_mut(&mut shards[index]).remove(id);
    }
}

#[allow(clippy::cast_possible_truncation, reason = "the remainder is below 64")]
fn index(hasher: &DefaultHashBuilder, id: &Uri) -> usize {
    (hasher.hash_one(id) % SHARDS as u64) as usize
}

impl Shards for State {
    fn with<R>(&self, index: usize, look: impl FnOnce(&Shard) -> R) -> R {
        look(&self.shards[index].read())
    }

    fn of(&self, id: &Uri) -> usize {
        index(&self.hasher, id)
    }

    fn ledger(&self) -> &Ledger {
        &self.ledger
    }
}

impl Shards for Frozen {
    fn with<R>(&self, index: usize, look: impl FnOnce(&Shard) -> R) -> R {
        look(&self.shards[index])
    }

    fn of(&self, id: &Uri) -> usize {
        index(&self.hasher, id)
    }

    fn ledger(&self) -> &Ledger {
        &self.ledger
    }
}
