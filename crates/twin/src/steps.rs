//! Records by the values that they have of an attribute, those of one value in order of creation, over all shards, a few
//! at a time.

use std::cmp::Ordering;
use std::collections::{BinaryHeap, VecDeque};

use ngsi_ld::Name;
use storage::EntityKey;

use crate::attribute_index::At;
use crate::shard::Record;
use crate::state::{SHARDS, Shards};

/// The most records that are fetched from one shard at a time.
const LARGEST_PAGE: usize = 256;

/// What has one number, by that; then what has texts, once for each of them. Holds no lock between two records, as
/// [`crate::walk::Walk`].
pub(crate) struct Steps<'a, S> {
    shards: &'a S,
    name: &'a Name,
    descending: bool,
    texts: bool,
    lanes: Vec<Lane>,
    heads: BinaryHeap<Head>,
}

/// One shard, and how far it was read.
#[derive(Default)]
struct Lane {
    waiting: VecDeque<(At, Record)>,
    after: Option<(At, EntityKey)>,
    ended: bool,
    fetched: usize,
}

/// The next of one shard. The first of all is the greatest.
struct Head {
    at: At,
    record: Record,
    shard: usize,
    descending: bool,
}

impl<'a, S: Shards> Steps<'a, S> {
    /// Starts at the first value, or at the last, or, if not `texts`, leaves texts out.
    pub(crate) fn new(shards: &'a S, name: &'a Name, descending: bool, texts: bool) -> Self {
        let mut steps = Self {
            shards,
            name,
            descending,
            texts,
            lanes: (0..SHARDS).map(|_| Lane::default()).collect(),
            heads: BinaryHeap::with_capacity(SHARDS),
        };
        for index in 0..SHARDS {
            steps.announce(index);
        }
        steps
    }

    /// Goes on with the value after this one, which was the last that was met.
    pub(crate) fn leave(&mut self, at: &At) {
        for lane in &mut self.lanes {
            lane.waiting.retain(|(waiting, _)| waiting != at);
            if let Some((reached, key)) = &mut lane.after
                && reached == at
            {
                *key = EntityKey(u64::MAX);
            }
        }
        for head in std::mem::take(&mut self.heads) {
            if head.at == *at {
                self.announce(head.shard);
            } else {
                self.heads.push(head);
            }
        }
    }

    /// Makes the next record of a shard known to the merge.
    fn announce(&mut self, index: usize) {
        let lane = &mut self.lanes[index];
        while lane.waiting.is_empty() && !lane.ended {
            // Few at first, because most questions want only the first page.
            let count = (lane.fetched * 4).clamp(1, LARGEST_PAGE);
            let (name, descending, texts) = (self.name, self.descending, self.texts);
            self.shards.with(index, |shard| {
                let index = shard.attributes();
                let found = index.along(name, descending, texts, lane.after.as_ref(), count);
                lane.ended = found.len() < count;
                lane.after = found.last().cloned().or(lane.after.take());
                lane.waiting.extend(
                    found
                        .into_iter()
                        .filter_map(|(at, key)| Some((at, shard.by_key(key)?.clone()))),
                );
            });
            lane.fetched += count;
        }
        if let Some((at, record)) = lane.waiting.pop_front() {
            self.heads.push(Head {
                at,
                record,
                shard: index,
                descending: self.descending,
            });
        }
    }
}

impl<S: Shards> Iterator for Steps<'_, S> {
    type Item = (At, Record);

    fn next(&mut self) -> Option<(At, Record)> {
        let head = self.heads.pop()?;
        self.announce(head.shard);
        Some((head.at, head.record))
    }
}

impl Ord for Head {
    fn cmp(&self, other: &Self) -> Ordering {
        let places = match (&self.at, &other.at) {
            // A descending order turns round the values of one type, not the types.
            (At::Number(_), At::Number(_)) | (At::Text(_), At::Text(_)) if self.descending => {
                other.at.cmp(&self.at)
            }
            (one, another) => one.cmp(another),
        };
        let keys = || self.record.key.cmp(&other.record.key);
        places
            .then_with(keys)
            .then(self.shard.cmp(&other.shard))
            .reverse()
    }
}

impl PartialOrd for Head {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Head {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Head {}
