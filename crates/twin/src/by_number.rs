//! Ordered pages found by walking along the numbers of the attribute that decides first: what is not on the page is
//! not looked at.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::sync::Arc;

use hashbrown::HashSet;
use ngsi_ld::{Entity, Name, Uri};
use query::{EntityQuery, Links, Sorter, View};
use storage::EntityKey;

use crate::attribute_index::{Rank, number};
use crate::choice;
use crate::error::Error;
use crate::ordered::{MAX_ORDERED, Ordered};
use crate::reader::Page;
use crate::reading::{Reading, seen};
use crate::shard::Record;
use crate::state::{SHARDS, Shards};

/// The most entities with several numbers of the attribute, which are all looked at.
const MOST_SEVERAL: usize = 1000;
/// The most records that are fetched from one shard at a time.
const LARGEST_PAGE: usize = 256;

impl<S: Shards> Reading<'_, S> {
    /// One page in an order, by the shorter of two ways.
    pub(crate) fn ordered(&self, view: &View, query: &EntityQuery, sorter: &Sorter) -> Result<Page, Error> {
        let mut ordered = Ordered::new(sorter, query.offset, query.limit)?;
        if let Some(page) = self.along_numbers(view, query, sorter)? {
            return Ok(page);
        }
        let examined = self.visit(view, &query.selection, &mut |entity| {
            ordered.push(entity);
            true
        })?;
        let mut page = ordered.page(query.count);
        page.examined = examined;
        Ok(page)
    }

    /// `None` where that is not the shorter way, or where it does not lead to the end of the page.
    fn along_numbers(
        &self,
        view: &View,
        query: &EntityQuery,
        sorter: &Sorter,
    ) -> Result<Option<Page>, Error> {
        let Some((name, descending)) = sorter.leading_attribute() else {
            return Ok(None);
        };
        // Whoever is to count looks at all; whoever may not see the attribute is not to be told by its order.
        if query.count || query.limit == 0 || view.hides(name.as_str()) {
            return Ok(None);
        }
        // The index still has what has ended and is not deleted yet.
        if self.over_by.is_some() {
            return Ok(None);
        }
        let held = query.offset + query.limit + 1;
        let counts = (0..SHARDS).map(|index| {
            self.state
                .with(index, |shard| shard.attributes().count_numbers(name))
        });
        let (single, several) = counts.fold((0, 0), |(a, b), (single, several)| (a + single, b + several));
        let other = choice::choose(self.state, &query.selection, None);
        let other = choice::length(self.state, &other);
        // Where n of the numbers' m entities are selected, a page is full after about m / n times its length.
        let expected = held as f64 * single as f64 / (other.max(1) as f64);
        let too_deep = held > MAX_ORDERED;
        if too_deep || several > MOST_SEVERAL || single < held || expected >= other as f64 {
            return Ok(None);
        }
        let filter = query.selection.prepare()?;
        let find = |id: &Uri| self.get(view, id);
        let links = Links::new(&find);
        // One more than the page, to know whether there are more.
        let mut ordered = Ordered::new(sorter, 0, held)?;
        let mut met: HashSet<EntityKey> = HashSet::new();
        let mut take = |ordered: &mut Ordered<'_>, record: &Record| -> Result<(), Error> {
            if met.insert(record.key)
                && let Some(entity) = record.live().and_then(|entity| seen(view, entity))
                && filter.matches_linked(&entity, &links)
            {
                ordered.push_numbered(&entity, record.key.0);
            }
            Ok(links.check()?)
        };
        for record in self.with_several(name) {
            take(&mut ordered, &record)?;
        }
        let mut complete = false;
        for (rank, record) in Along::new(self.state, name, descending) {
            if ordered
                .last_of_full()
                .is_some_and(|last| sorter.is_before_number(last, number(rank)))
            {
                complete = true;
                break;
            }
            take(&mut ordered, &record)?;
        }
        // At the end of the numbers, what else there is comes after them.
        if !complete
            && !ordered
                .last_of_full()
                .is_some_and(|last| sorter.leads_with_number(last))
        {
            return Ok(None);
        }
        let mut entities: Vec<Arc<Entity>> = ordered.page(false).entities;
        let more = entities.len() == held;
        entities.truncate(held - 1);
        Ok(Some(Page {
            entities: entities.split_off(query.offset.min(entities.len())),
            total: None,
            more,
            examined: met.len(),
        }))
    }

    fn with_several(&self, name: &Name) -> Vec<Record> {
        let mut records = Vec::new();
        for index in 0..SHARDS {
            self.state.with(index, |shard| {
                let keys = shard.attributes().with_several(name);
                records.extend(keys.filter_map(|key| shard.by_key(key).cloned()));
            });
        }
        records
    }
}

/// Records by the one number that each has of an attribute, over all shards, a few at a time.
struct Along<'a, S> {
    shards: &'a S,
    name: &'a Name,
    descending: bool,
    lanes: Vec<Lane>,
    heads: BinaryHeap<Reverse<(Rank, EntityKey, usize)>>,
}

#[derive(Default)]
struct Lane {
    waiting: VecDeque<(Rank, Record)>,
    after: Option<(Rank, EntityKey)>,
    ended: bool,
    fetched: usize,
}

impl<'a, S: Shards> Along<'a, S> {
    fn new(shards: &'a S, name: &'a Name, descending: bool) -> Self {
        let mut along = Self {
            shards,
            name,
            descending,
            lanes: (0..SHARDS).map(|_| Lane::default()).collect(),
            heads: BinaryHeap::with_capacity(SHARDS),
        };
        for index in 0..SHARDS {
            along.announce(index);
        }
        along
    }

    /// Makes the next record of a shard known to the merge.
    fn announce(&mut self, index: usize) {
        let lane = &mut self.lanes[index];
        while lane.waiting.is_empty() && !lane.ended {
            // Few at first, because most questions want only the first page.
            let count = (lane.fetched * 4).clamp(1, LARGEST_PAGE);
            let (name, descending, after) = (self.name, self.descending, lane.after);
            self.shards.with(index, |shard| {
                let found = shard.attributes().by_number(name, descending, after, count);
                lane.ended = found.len() < count;
                lane.after = found.last().copied().or(after);
                lane.waiting.extend(
                    found
                        .into_iter()
                        .filter_map(|(rank, key)| Some((rank, shard.by_key(key)?.clone()))),
                );
            });
            lane.fetched += count;
        }
        if let Some((rank, record)) = lane.waiting.front() {
            let rank = if self.descending { !rank } else { *rank };
            self.heads.push(Reverse((rank, record.key, index)));
        }
    }
}

impl<S: Shards> Iterator for Along<'_, S> {
    type Item = (Rank, Record);

    fn next(&mut self) -> Option<(Rank, Record)> {
        let Reverse((_, _, index)) = self.heads.pop()?;
        let next = self.lanes[index].waiting.pop_front();
        self.announce(index);
        next
    }
}
