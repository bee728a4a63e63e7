//! The first of many in an order (4.23), in memory that does not grow with what is looked at.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::sync::Arc;

use ngsi_ld::Entity;
use query::{EntityQuery, SortKey, Sorter};

use crate::error::Error;
use crate::reader::Page;

/// The deepest page that can be had in an order: `offset` and `limit` together. So many are held at a time.
pub const MAX_ORDERED: usize = 100_000;

/// Collects one page of an ordered answer. Give it what is selected, in order of creation: what the ordering finds
/// equal stays in that order.
pub(crate) struct Ordered<'a> {
    sorter: &'a Sorter,
    offset: usize,
    held: usize,
    seen: usize,
    /// The last of those that are held is on top.
    heap: BinaryHeap<Held<'a>>,
}

struct Held<'a> {
    sorter: &'a Sorter,
    key: SortKey,
    number: u64,
    entity: Arc<Entity>,
}

impl<'a> Ordered<'a> {
    /// The page of `limit` after `offset`.
    ///
    /// # Errors
    /// `TooComplexQuery` where both together are more than [`MAX_ORDERED`].
    pub(crate) fn new(sorter: &'a Sorter, offset: usize, limit: usize) -> Result<Self, Error> {
        let held = offset.saturating_add(limit);
        if held > MAX_ORDERED {
            return Err(ngsi_ld::Error::too_complex(format!(
                "an ordered answer can be paged through to {MAX_ORDERED} entities, and `offset` and `limit` make {held}: \
                 narrow the query"
            ))
            .into());
        }
        Ok(Self {
            sorter,
            offset,
            held,
            seen: 0,
            heap: BinaryHeap::with_capacity(held.min(1024)),
        })
    }

    /// The page of a query that is found by a walk, which ends where the page does: one more than the page is held, to
    /// know whether there are more.
    pub(crate) fn of_walk(sorter: &'a Sorter, query: &EntityQuery) -> Result<Self, Error> {
        Self::new(sorter, query.offset, query.limit.saturating_add(1))
    }

    /// Takes the next one into account.
    pub(crate) fn push(&mut self, entity: &Arc<Entity>) {
        self.push_numbered(entity, self.seen as u64);
    }

    /// The same for one that comes in another order than that of creation, with its number in that.
    pub(crate) fn push_numbered(&mut self, entity: &Arc<Entity>, number: u64) {
        self.seen += 1;
        if self.held == 0 {
            return;
        }
        let key = self.sorter.key(entity);
        let full = self.heap.len() == self.held;
        // What came earlier wins where both are equal.
        if full
            && let Some(last) = self.heap.peek()
            && self
                .sorter
                .compare(&key, &last.key)
                .then(number.cmp(&last.number))
                .is_ge()
        {
            return;
        }
        if full {
            self.heap.pop();
        }
        self.heap.push(Held {
            sorter: self.sorter,
            key,
            number,
            entity: Arc::clone(entity),
        });
    }

    /// The last of those that are held, with its number, once as many are held as there are to be.
    pub(crate) fn last_of_full(&self) -> Option<(&SortKey, u64)> {
        let full = self.held > 0 && self.heap.len() == self.held;
        let last = self.heap.peek().filter(|_| full);
        last.map(|held| (&held.key, held.number))
    }

    /// The page of [`Self::of_walk`], with what else is known of it.
    pub(crate) fn walked_page(self, total: Option<usize>, examined: usize) -> Page {
        let limit = self.held - self.offset - 1;
        let mut entities = self.page(false).entities;
        let more = entities.len() > limit;
        entities.truncate(limit);
        Page {
            entities,
            total,
            more,
            examined,
        }
    }

    /// The page, and how many there are in all if `count`.
    pub(crate) fn page(self, count: bool) -> Page {
        let entities = self
            .heap
            .into_sorted_vec()
            .into_iter()
            .skip(self.offset)
            .map(|held| held.entity)
            .collect();
        Page {
            entities,
            total: count.then_some(self.seen),
            more: self.seen > self.held,
            examined: self.seen,
        }
    }
}

impl Ord for Held<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.sorter
            .compare(&self.key, &other.key)
            .then(self.number.cmp(&other.number))
    }
}

impl PartialOrd for Held<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Held<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Held<'_> {}
