//! Going through entities in an order, over all shards, a few at a time.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use storage::EntityKey;

use crate::shard::{Record, Shard};
use crate::state::{SHARDS, Shards};

/// Where an entity stands in the order, and which it is.
pub(crate) type Standing<P> = (P, EntityKey);

/// Records in an order. Holds no lock between two of them: of the live state, what moves within the order meanwhile may be
/// seen at its old place, at its new one, at both, or at none.
pub(crate) struct Ranked<'a, S, P, F> {
    shards: &'a S,
    /// So many standings of a shard, in order, after one; `None` where the order was given up meanwhile.
    next_of: F,
    /// The most records that are fetched from one shard at a time.
    largest: usize,
    lanes: Vec<Part<P>>,
    heads: BinaryHeap<Reverse<(Standing<P>, usize)>>,
    lost: bool,
}

/// One shard, and how far it was read.
struct Part<P> {
    waiting: VecDeque<(Standing<P>, Record)>,
    head: Option<Record>,
    after: Option<Standing<P>>,
    ended: bool,
    fetched: usize,
}

impl<'a, S, P, F> Ranked<'a, S, P, F>
where
    S: Shards,
    P: Ord + Clone,
    F: Fn(&Shard, Option<&Standing<P>>, usize) -> Option<Vec<Standing<P>>>,
{
    pub(crate) fn new(shards: &'a S, largest: usize, next_of: F) -> Self {
        let part = |_| Part {
            waiting: VecDeque::new(),
            head: None,
            after: None,
            ended: false,
            fetched: 0,
        };
        let mut ranked = Self {
            shards,
            next_of,
            largest,
            lanes: (0..SHARDS).map(part).collect(),
            heads: BinaryHeap::with_capacity(SHARDS),
            lost: false,
        };
        for index in 0..SHARDS {
            ranked.announce(index);
        }
        ranked
    }

    /// Whether the order was given up on the way: what came is not all.
    pub(crate) fn is_lost(&self) -> bool {
        self.lost
    }

    /// Makes the next record of a shard known to the merge.
    fn announce(&mut self, index: usize) {
        let part = &mut self.lanes[index];
        while part.waiting.is_empty() && !part.ended {
            // Few at first, because most questions want only the first page.
            let count = part.fetched.saturating_mul(4).clamp(1, self.largest);
            let next_of = &self.next_of;
            self.shards.with(index, |shard| {
                let Some(found) = next_of(shard, part.after.as_ref(), count) else {
                    (self.lost, part.ended) = (true, true);
                    return;
                };
                part.ended = found.len() < count;
                part.after = found.last().cloned().or(part.after.take());
                let records = found
                    .into_iter()
                    .filter_map(|standing| Some((shard.by_key(standing.1)?.clone(), standing)));
                part.waiting
                    .extend(records.map(|(record, standing)| (standing, record)));
            });
            part.fetched = part.fetched.saturating_add(count);
        }
        if let Some((standing, record)) = part.waiting.pop_front() {
            part.head = Some(record);
            self.heads.push(Reverse((standing, index)));
        }
    }
}

impl<S, P, F> Iterator for Ranked<'_, S, P, F>
where
    S: Shards,
    P: Ord + Clone,
    F: Fn(&Shard, Option<&Standing<P>>, usize) -> Option<Vec<Standing<P>>>,
{
    type Item = (Standing<P>, Record);

    fn next(&mut self) -> Option<Self::Item> {
        while let Some(Reverse((standing, index))) = self.heads.pop() {
            let record = self.lanes[index].head.take();
            self.announce(index);
            if let Some(record) = record {
                return Some((standing, record));
            }
        }
        None
    }
}
