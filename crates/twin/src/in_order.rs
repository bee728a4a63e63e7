//! Ordered pages found by walking along an index of the order: for orders that are not along the values of one
//! attribute.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::sync::Arc;

use hashbrown::HashSet;
use ngsi_ld::{Name, Uri};
use query::{EntityQuery, Links, OrderPlan, Place, Sorter, View};
use storage::EntityKey;

use crate::choice::Chosen;
use crate::error::Error;
use crate::order_index::{Basis, Standing};
use crate::ordered::{MAX_ORDERED, Ordered};
use crate::reader::Page;
use crate::reading::{Reading, seen};
use crate::shard::{Lane, Record};
use crate::state::{SHARDS, Shards};

/// So few are sorted in a millisecond or two: no index is made for them.
pub(crate) const FEW: usize = 1000;
/// How many entities are taken into an index at a time. So long, well under a millisecond, a write to their shard waits.
const PIECE: usize = 256;
/// The most records that are fetched from one shard at a time.
const LARGEST_PAGE: usize = 256;

/// An index of an order by which a page can be found.
pub(crate) struct Indexed {
    pub(crate) basis: Arc<Basis>,
    /// It is there.
    pub(crate) made: bool,
    /// How many entities an index of it holds.
    length: usize,
    /// How many were looked at for the want of it.
    owed: usize,
    /// How many would be looked at to sort them.
    others: usize,
}

impl Indexed {
    /// Whether it is there, or as many were looked at for the want of it, with these, as it costs to make it.
    pub(crate) fn is_due(&self, with: usize) -> bool {
        self.made || self.owed.saturating_add(with) >= self.length
    }

    /// The same where all that is selected would be sorted.
    pub(crate) fn is_due_to_sort(&self) -> bool {
        self.is_due(self.others)
    }

    pub(crate) fn plan(&self) -> OrderPlan {
        OrderPlan::Indexed {
            order: self.basis.sorter.label(),
            of_type: self.basis.of_type.clone(),
        }
    }
}

impl<S: Shards> Reading<'_, S> {
    /// How many are found to fill a page and to know whether there are more; `None` where all have to be looked at.
    pub(crate) fn held(&self, view: &View, query: &EntityQuery) -> Option<usize> {
        // Whoever is to count looks at all.
        let counting = query.count && self.known_total(view, query).is_none();
        let held = query.offset.saturating_add(query.limit).saturating_add(1);
        // An index still has what has ended and is not deleted yet.
        let is = !counting && query.limit > 0 && held <= MAX_ORDERED && self.over_by.is_none();
        is.then_some(held)
    }

    /// The index that an order could be walked along; `None` where to sort what `way` leads to is shorter.
    pub(crate) fn indexed(
        &self,
        view: &View,
        query: &EntityQuery,
        sorter: &Sorter,
        way: &Chosen,
    ) -> Option<Indexed> {
        let held = self.held(view, query)?;
        if !sorter.has_places() {
            return None;
        }
        if !view.read().is_all() && !sorter.hiding_moves_first_back() {
            return None;
        }
        let others = way.length(self.state);
        if others <= FEW {
            return None;
        }
        let found = self.basis(query, sorter, others);
        // Where n of the order's m entities are selected, a page is full after about m / n times its length.
        let cost = held as f64 * found.length as f64 / others as f64;
        (cost < others as f64).then_some(found)
    }

    pub(crate) fn basis(&self, query: &EntityQuery, sorter: &Sorter, others: usize) -> Indexed {
        let types = query.selection.needed_types();
        let of_type = types
            .filter(|names| names.len() == 1)
            .and_then(|mut names| names.pop());
        let with = |index: usize| {
            self.state.with(index, |shard| {
                let has = shard.orders().has(of_type.as_ref(), sorter);
                (has, shard.length(&lane(of_type.as_ref())))
            })
        };
        let (mut made, mut length) = (true, 0);
        for (has, many) in (0..SHARDS).map(with) {
            made &= has;
            length += many;
        }
        let owed = self.state.ledger().owed(of_type.as_ref(), sorter);
        let basis = Arc::new(Basis {
            of_type,
            sorter: sorter.clone(),
        });
        Indexed {
            basis,
            made,
            length,
            owed,
            others,
        }
    }

    /// The page by an index, where that is there or worth making; or how many it looked at in vain.
    pub(crate) fn by_index(
        &self,
        view: &View,
        query: &EntityQuery,
        indexed: &Indexed,
    ) -> Result<Result<Page, usize>, Error> {
        if !indexed.is_due_to_sort() {
            self.state.ledger().owe(&indexed.basis, indexed.others);
            return Ok(Err(0));
        }
        if indexed.made || self.make(&indexed.basis) {
            return self.page_in_order(view, query, indexed);
        }
        Ok(Err(0))
    }

    /// Makes the index, unless it is there; whether it is now. While another is being made, this one is not.
    pub(crate) fn make(&self, basis: &Arc<Basis>) -> bool {
        let ledger = self.state.ledger();
        let Some(_turn) = ledger.turn_to_make() else {
            return false;
        };
        let now = ledger.next_use();
        let lane = lane(basis.of_type.as_ref());
        for index in 0..SHARDS {
            // Writes between two pieces are in it, or come with a later piece.
            while !self.state.with(index, |shard| {
                shard.orders().has(basis.of_type.as_ref(), &basis.sorter) || {
                    let mut piece = Vec::with_capacity(PIECE);
                    shard.page(&lane, shard.orders().reached(basis), PIECE, &mut piece);
                    let next = piece
                        .iter()
                        .filter_map(|record| Some((record.key, &**record.live()?)));
                    shard.orders().extend(basis, now, next, piece.len() < PIECE);
                    false
                }
            }) {}
        }
        ledger.settle(basis);
        true
    }

    /// The page; or, where the walk does not lead to the end of it, how many it looked at in vain.
    pub(crate) fn page_in_order(
        &self,
        view: &View,
        query: &EntityQuery,
        found: &Indexed,
    ) -> Result<Result<Page, usize>, Error> {
        let sorter = &found.basis.sorter;
        let filter = query.selection.prepare()?;
        let find = |id: &Uri| self.get(view, id);
        let links = Links::new(&find);
        let mut ordered = Ordered::of_walk(sorter, query)?;
        let mut met: HashSet<EntityKey> = HashSet::new();
        let mut walk = InOrder::new(self.state, &found.basis);
        let mut ends = Ends {
            sorter,
            exact: view.read().is_all() || sorter.hiding_moves_back(),
            last: None,
        };
        for ((place, key), record) in walk.by_ref() {
            if let Some(last) = ordered.last_of_full()
                && ends.before(last, &place, key)
            {
                break;
            }
            // Fewer of these are selected than there seemed to be.
            if met.len() > found.others {
                return Ok(Err(met.len()));
            }
            // What the view hides can only move an entity further back, where it is held at its new place.
            if met.insert(record.key)
                && let Some(entity) = record.live().and_then(|entity| seen(view, entity))
                && filter.matches_linked(&entity, &links)
            {
                ordered.push_numbered(&entity, record.key.0);
            }
            links.check()?;
        }
        let examined = met.len();
        if walk.lost {
            return Ok(Err(examined));
        }
        Ok(Ok(ordered.walked_page(self.known_total(view, query), examined)))
    }
}

fn lane(of_type: Option<&Name>) -> Lane {
    of_type.map_or(Lane::Live, |name| Lane::OfType(name.clone()))
}

/// Whether all that is to come is after the last of a full page.
struct Ends<'a> {
    sorter: &'a Sorter,
    /// Everything is seen where it stands, or further back.
    exact: bool,
    /// The last of the page, by its number: its place, or that of its first value.
    last: Option<(u64, Place)>,
}

impl Ends<'_> {
    fn before(&mut self, (last, number): (&query::SortKey, u64), place: &Place, key: EntityKey) -> bool {
        if self.last.as_ref().is_none_or(|(known, _)| *known != number) {
            let stands = if self.exact {
                self.sorter.place_of(last)
            } else {
                self.sorter.first_place(last)
            };
            self.last = Some((number, stands));
        }
        let Some((_, stands)) = &self.last else {
            return false;
        };
        if !self.exact {
            // Of one first value, what is hidden may move one forward: all of them are needed.
            return stands.is_first_before(place);
        }
        stands < place || stands == place && !place.is_cut() && number < key.0
    }
}

/// Records along an index, over all shards, a few at a time. Holds no lock between two records, as
/// [`crate::walk::Walk`].
struct InOrder<'a, S> {
    shards: &'a S,
    basis: &'a Basis,
    now: u64,
    lanes: Vec<Part>,
    heads: BinaryHeap<Reverse<(Standing, usize)>>,
    /// The index was given up meanwhile.
    lost: bool,
}

/// One shard, and how far it was read.
#[derive(Default)]
struct Part {
    waiting: VecDeque<(Standing, Record)>,
    head: Option<Record>,
    after: Option<Standing>,
    ended: bool,
    fetched: usize,
}

impl<'a, S: Shards> InOrder<'a, S> {
    fn new(shards: &'a S, basis: &'a Basis) -> Self {
        let mut walk = Self {
            shards,
            basis,
            now: shards.ledger().next_use(),
            lanes: (0..SHARDS).map(|_| Part::default()).collect(),
            heads: BinaryHeap::with_capacity(SHARDS),
            lost: false,
        };
        for index in 0..SHARDS {
            walk.announce(index);
        }
        walk
    }

    /// Makes the next record of a shard known to the merge.
    fn announce(&mut self, index: usize) {
        let part = &mut self.lanes[index];
        while part.waiting.is_empty() && !part.ended {
            // Few at first, because most questions want only the first page.
            let count = (part.fetched * 4).clamp(1, LARGEST_PAGE);
            self.shards.with(index, |shard| {
                let found = shard
                    .orders()
                    .along(self.basis, self.now, part.after.as_ref(), count);
                let Some(found) = found else {
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
            part.fetched += count;
        }
        if let Some((standing, record)) = part.waiting.pop_front() {
            part.head = Some(record);
            self.heads.push(Reverse((standing, index)));
        }
    }
}

impl<S: Shards> Iterator for InOrder<'_, S> {
    type Item = (Standing, Record);

    fn next(&mut self) -> Option<(Standing, Record)> {
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
