//! Going through entities in order of creation, over all shards, a few at a time.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use ngsi_ld::{Name, Uri};
use query::{Bbox, Plan, TextsOf};
use storage::EntityKey;

use crate::shard::{Lane, Record};
use crate::state::{SHARDS, Shards};

/// The most records that are fetched from one shard at a time.
const LARGEST_PAGE: usize = 256;

/// Which entities a walk may be confined to, by the index that answers best. What it gives is a superset of
/// what was asked for: the selection is evaluated on each.
#[derive(Clone, Debug)]
pub(crate) enum Path {
    /// These ids.
    Ids(Vec<Uri>),
    /// Entities with a geometry in this property whose envelope meets the box.
    Places(Name, Bbox),
    /// Entities that may have a number of this attribute between the two, or equal to one of them.
    Numbers(Name, f64, f64),
    /// Those of any of these lanes.
    Lanes(Vec<Lane>),
}

impl From<Plan> for Path {
    fn from(plan: Plan) -> Self {
        match plan {
            Plan::ByIds(ids) => Self::Ids(ids),
            // Few geometries meet a box; the types are evaluated on those that do.
            Plan::ByGeo {
                property,
                bbox,
                types: _,
            } => Self::Places(property, bbox),
            Plan::ByNumber { attribute, low, high } => Self::Numbers(attribute, low, high),
            Plan::ByType(names) => Self::Lanes(names.into_iter().map(Lane::OfType).collect()),
            Plan::ByAttribute(names) => Self::Lanes(names.into_iter().map(Lane::WithAttribute).collect()),
            Plan::ByText(wanted) => Self::Lanes(wanted.iter().flat_map(lanes_of_texts).collect()),
            // For those who did not ask it of each text.
            Plan::ByTextsThat { attribute, test: _ } => Self::Lanes(vec![Lane::WithAttribute(attribute)]),
            Plan::Scan => Self::Lanes(vec![Lane::Live]),
        }
    }
}

fn lanes_of_texts(wanted: &TextsOf) -> impl Iterator<Item = Lane> + '_ {
    let name = &wanted.attribute;
    let texts = wanted.texts.iter();
    texts
        .map(|text| Lane::WithText(name.clone(), text.as_str().into()))
        .chain([Lane::WithOtherTexts(name.clone())])
}

/// Records in order of creation. On the live state it holds no lock between two of them: what is there from the
/// beginning to the end of the walk comes exactly once; what comes or goes meanwhile may be seen or not.
pub(crate) enum Walk<'a, S> {
    /// Known keys, with the shard that holds each.
    Keys(&'a S, std::vec::IntoIter<(EntityKey, usize)>),
    /// Sorted lanes, merged.
    Merge(Merge<'a, S>),
}

impl<'a, S: Shards> Walk<'a, S> {
    /// Starts at the first.
    pub(crate) fn new(shards: &'a S, path: &Path) -> Self {
        let lanes = match path {
            Path::Ids(ids) => {
                let find = |id| shards.record(id).map(|record| (record.key, shards.of(id)));
                return Self::keys(shards, ids.iter().filter_map(find).collect());
            }
            Path::Places(property, bbox) => {
                let mut found = Vec::new();
                let mut keys = Vec::new();
                for index in 0..SHARDS {
                    shards.with(index, |shard| shard.near(property, bbox, &mut keys));
                    found.extend(keys.drain(..).map(|key| (key, index)));
                }
                return Self::keys(shards, found);
            }
            Path::Numbers(attribute, low, high) => {
                let mut found = Vec::new();
                for index in 0..SHARDS {
                    shards.with(index, |shard| {
                        let keys = shard.attributes().in_range(attribute, *low, *high);
                        found.extend(keys.map(|key| (key, index)));
                    });
                }
                return Self::keys(shards, found);
            }
            Path::Lanes(lanes) => lanes,
        };
        Self::Merge(Merge::new(shards, lanes))
    }

    /// How many records were taken out of shards.
    #[cfg(test)]
    pub(crate) fn fetched(&self) -> usize {
        match self {
            Self::Keys(_, keys) => keys.len(),
            Self::Merge(merge) => merge.fetched,
        }
    }

    /// What has these keys, in the shards beside them.
    pub(crate) fn keys(shards: &'a S, mut keys: Vec<(EntityKey, usize)>) -> Self {
        keys.sort_unstable();
        keys.dedup();
        Self::Keys(shards, keys.into_iter())
    }
}

impl<S: Shards> Iterator for Walk<'_, S> {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        match self {
            Self::Keys(shards, keys) => {
                keys.find_map(|(key, index)| shards.with(index, |shard| shard.by_key(key).cloned()))
            }
            Self::Merge(merge) => merge.next(),
        }
    }
}

/// The merge of lanes that are each in order.
pub(crate) struct Merge<'a, S> {
    shards: &'a S,
    cursors: Vec<Cursor>,
    heads: BinaryHeap<Reverse<(EntityKey, usize)>>,
    last: Option<EntityKey>,
    #[cfg(test)]
    fetched: usize,
}

/// One lane of one shard, and how far it was read.
struct Cursor {
    shard: usize,
    lane: Lane,
    waiting: VecDeque<Record>,
    after: Option<EntityKey>,
    /// How many to fetch next: few at first, because most questions want only the first page.
    count: usize,
}

impl<'a, S: Shards> Merge<'a, S> {
    fn new(shards: &'a S, lanes: &[Lane]) -> Self {
        let cursors: Vec<Cursor> = (0..SHARDS)
            .flat_map(|shard| lanes.iter().map(move |lane| (shard, lane)))
            .map(|(shard, lane)| Cursor {
                shard,
                lane: lane.clone(),
                waiting: VecDeque::new(),
                after: None,
                count: 1,
            })
            .collect();
        let mut merge = Self {
            shards,
            heads: BinaryHeap::with_capacity(cursors.len()),
            cursors,
            last: None,
            #[cfg(test)]
            fetched: 0,
        };
        for index in 0..merge.cursors.len() {
            merge.announce(index);
        }
        merge
    }

    /// Makes the next record of a cursor known to the merge.
    fn announce(&mut self, index: usize) {
        let cursor = &mut self.cursors[index];
        if cursor.waiting.is_empty() {
            let mut page = Vec::with_capacity(cursor.count);
            self.shards.with(cursor.shard, |shard| {
                shard.page(&cursor.lane, cursor.after, cursor.count, &mut page);
            });
            cursor.after = page.last().map(|record| record.key).or(cursor.after);
            #[cfg(test)]
            {
                self.fetched += page.len();
            }
            cursor.waiting = page.into();
            cursor.count = (cursor.count * 4).min(LARGEST_PAGE);
        }
        if let Some(record) = cursor.waiting.front() {
            self.heads.push(Reverse((record.key, index)));
        }
    }

    fn next(&mut self) -> Option<Record> {
        while let Some(Reverse((key, index))) = self.heads.pop() {
            let record = self.cursors[index].waiting.pop_front();
            self.announce(index);
            // An entity of two types stands in two lanes.
            if self.last != Some(key) {
                self.last = Some(key);
                return record;
            }
        }
        None
    }
}
