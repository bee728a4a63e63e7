//! Ordered pages found by walking along an index of the order: for orders that are not along the values of one
//! attribute.

use std::sync::Arc;

use ngsi_ld::{Name, Uri};
use query::{EntityQuery, Links, OrderPlan, Place, Sorter, View};
use storage::EntityKey;

use crate::choice::Chosen;
use crate::error::Error;
use crate::finding::{Finding, MOST_ASIDE};
use crate::order_index::Basis;
use crate::ordered::MAX_ORDERED;
use crate::ranked::Ranked;
use crate::reader::Page;
use crate::reading::Reading;
use crate::shard::Lane;
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
        // An index still has what has ended and is not deleted yet: it is looked at first.
        if self.has_ended_more_than(MOST_ASIDE) {
            return None;
        }
        // Whoever is to count looks at all.
        let counting = query.count && self.known_total(view, query).is_none();
        let held = query.offset.saturating_add(query.limit).saturating_add(1);
        let is = !counting && query.limit > 0 && held <= MAX_ORDERED;
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
        if !indexed.made {
            self.make(&indexed.basis);
        }
        self.page_in_order(view, query, indexed)
    }

    /// Makes the index, unless it is there. Whoever asks for it while another makes it waits for that.
    pub(crate) fn make(&self, basis: &Arc<Basis>) {
        let ledger = self.state.ledger();
        let _turn = ledger.turn_to_make(basis);
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
    }

    /// The page; or, where the walk does not lead to the end of it, how many it looked at in vain.
    pub(crate) fn page_in_order(
        &self,
        view: &View,
        query: &EntityQuery,
        found: &Indexed,
    ) -> Result<Result<Page, usize>, Error> {
        let sorter = &found.basis.sorter;
        let find = |id: &Uri| self.get(view, id);
        let links = Links::new(&find);
        let mut finding = Finding::new(self, view, query, sorter, &links)?;
        let now = self.state.ledger().next_use();
        let mut walk = Ranked::new(self.state, LARGEST_PAGE, |shard, after, count| {
            shard.orders().along(&found.basis, now, after, count)
        });
        let mut ends = Ends {
            sorter,
            exact: view.read().is_all() || sorter.hiding_moves_back(),
            last: None,
        };
        for ((place, key), record) in walk.by_ref() {
            if let Some(last) = finding.ordered().last_of_full()
                && ends.before(last, &place, key)
            {
                break;
            }
            // Fewer of these are selected than there seemed to be.
            if finding.walked() > found.others {
                return Ok(Err(finding.examined()));
            }
            // What the view hides can only move an entity further back, where it is held at its new place.
            finding.take(&record)?;
        }
        if walk.is_lost() {
            return Ok(Err(finding.examined()));
        }
        Ok(Ok(finding.page()))
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
