//! Indexes of orders, of a shard's share: made when they are asked for, and from then on kept as the others are.

mod ledger;

use std::collections::BTreeSet;
use std::ops::Bound;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ngsi_ld::{Entity, Name};
use parking_lot::RwLock;
use query::{Place, Sorter};
use storage::EntityKey;

pub(crate) use ledger::Ledger;

/// The most indexes of orders at a time. With one more, the one that was not used for the longest time is given up.
pub(crate) const MAX_INDEXES: usize = 16;

/// What an index is of.
#[derive(Debug)]
pub(crate) struct Basis {
    /// Of the entities of this type; `None`: of all.
    pub(crate) of_type: Option<Name>,
    /// Their order.
    pub(crate) sorter: Sorter,
}

impl Basis {
    pub(crate) fn is(&self, of_type: Option<&Name>, sorter: &Sorter) -> bool {
        self.of_type.as_ref() == of_type && self.sorter.is_same_order(sorter)
    }

    fn is_same(&self, other: &Self) -> bool {
        std::ptr::eq(self, other) || self.is(other.of_type.as_ref(), &other.sorter)
    }

    fn takes(&self, entity: &Entity) -> bool {
        self.of_type
            .as_ref()
            .is_none_or(|name| entity.types.contains(name))
    }
}

/// A place in an order; of equal ones, what was made first is before.
pub(crate) type Standing = crate::ranked::Standing<Place>;

/// The places of the live entities of a shard in one order.
#[derive(Clone)]
struct OrderIndex {
    basis: Arc<Basis>,
    standings: BTreeSet<Standing>,
    /// Those with greater numbers are not in it yet; `None`: none is.
    reached: Option<EntityKey>,
    complete: bool,
}

impl OrderIndex {
    fn covers(&self, (key, entity): (EntityKey, &Entity)) -> bool {
        (self.complete || Some(key) <= self.reached) && self.basis.takes(entity)
    }
}

/// One of them, and when it was used last.
struct Made {
    index: Arc<OrderIndex>,
    used: AtomicU64,
}

/// The indexes of a shard. They can be made while the shard is only read: what is in it does not change meanwhile.
#[derive(Default)]
pub(crate) struct Orders(RwLock<Vec<Made>>);

impl Clone for Orders {
    fn clone(&self) -> Self {
        let made = self.0.read();
        let copies = made.iter().map(|made| Made {
            index: Arc::clone(&made.index),
            used: AtomicU64::new(made.used.load(Ordering::Relaxed)),
        });
        Self(RwLock::new(copies.collect()))
    }
}

impl Orders {
    /// Whether there is a complete one.
    pub(crate) fn has(&self, of_type: Option<&Name>, sorter: &Sorter) -> bool {
        let made = self.0.read();
        made.iter()
            .any(|made| made.index.complete && made.index.basis.is(of_type, sorter))
    }

    /// The next in an order, after a place that was reached; `None` where there is no complete index of it any more.
    pub(crate) fn along(
        &self,
        basis: &Basis,
        now: u64,
        after: Option<&Standing>,
        count: usize,
    ) -> Option<Vec<Standing>> {
        let made = self.0.read();
        let made = made
            .iter()
            .find(|made| made.index.complete && made.index.basis.is_same(basis))?;
        made.used.fetch_max(now, Ordering::Relaxed);
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let next = made.index.standings.range((from, Bound::Unbounded));
        Some(next.take(count).cloned().collect())
    }

    /// Where an index that is being made goes on.
    pub(crate) fn reached(&self, basis: &Basis) -> Option<EntityKey> {
        let made = self.0.read();
        let made = made.iter().find(|made| made.index.basis.is_same(basis))?;
        made.index.reached
    }

    /// Takes the next entities of the shard into an index, in order of creation; `all`: there are no more.
    pub(crate) fn extend<'a>(
        &self,
        basis: &Arc<Basis>,
        now: u64,
        next: impl Iterator<Item = (EntityKey, &'a Entity)>,
        all: bool,
    ) {
        let standings: Vec<Standing> = next
            .map(|(key, entity)| (basis.sorter.place(entity), key))
            .collect();
        let mut made = self.0.write();
        let at = made.iter().position(|made| made.index.basis.is_same(basis));
        let at = at.unwrap_or_else(|| {
            if made.len() >= MAX_INDEXES
                && let Some(oldest) = (0..made.len()).min_by_key(|at| made[*at].used.load(Ordering::Relaxed))
            {
                made.swap_remove(oldest);
            }
            made.push(Made {
                index: Arc::new(OrderIndex {
                    basis: Arc::clone(basis),
                    standings: BTreeSet::new(),
                    reached: None,
                    complete: false,
                }),
                used: AtomicU64::new(now),
            });
            made.len() - 1
        });
        let index = Arc::make_mut(&mut made[at].index);
        if let Some((_, last)) = standings.last() {
            index.reached = index.reached.max(Some(*last));
        }
        index.standings.extend(standings);
        index.complete |= all;
    }

    /// Brings them from what an entity was to what it is.
    pub(crate) fn update(
        &mut self,
        before: Option<(EntityKey, &Entity)>,
        after: Option<(EntityKey, &Entity)>,
    ) {
        for made in self.0.get_mut() {
            let index = &made.index;
            let (old, new) = (
                before.filter(|one| index.covers(*one)),
                after.filter(|one| index.covers(*one)),
            );
            let sorter = &index.basis.sorter;
            if let (Some((key, old)), Some((same, new))) = (old, new)
                && key == same
                && !sorter.tells_apart(old, new)
            {
                continue;
            }
            let standing = |(key, entity): (EntityKey, &Entity)| (sorter.place(entity), key);
            let (old, new) = (old.map(standing), new.map(standing));
            if old != new {
                let standings = &mut Arc::make_mut(&mut made.index).standings;
                if let Some(old) = old {
                    standings.remove(&old);
                }
                standings.extend(new);
            }
        }
    }

    #[cfg(test)]
    pub(crate) fn count(&self) -> usize {
        self.0.read().len()
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
