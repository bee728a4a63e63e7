//! Ordered pages found by looking at the places first that may be the farthest from what distances are measured from.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use ngsi_ld::{Name, Uri};
use query::{Bbox, EntityQuery, Links, Sorter, View};
use rstar::{AABB, ParentNode, RTree, RTreeNode, RTreeObject as _};
use storage::EntityKey;

use crate::choice::Chosen;
use crate::error::Error;
use crate::finding::Finding;
use crate::in_order::FEW;
use crate::ranked::{Ranked, Standing};
use crate::reader::Page;
use crate::reading::Reading;
use crate::shard::Envelope;
use crate::state::{SHARDS, Shards};

/// A search from afar.
pub(crate) struct FromAfar<'a> {
    pub(crate) property: &'a Name,
    pub(crate) from: Bbox,
    /// How many would be looked at to sort them.
    pub(crate) others: usize,
}

/// No point of a geometry is farther than this, in metres. The greatest is first.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reach(f64);

impl<S: Shards> Reading<'_, S> {
    /// The search that an order asks for; `None` where to sort what `way` leads to is shorter.
    pub(crate) fn afar<'b>(
        &self,
        view: &View,
        query: &EntityQuery,
        sorter: &'b Sorter,
        way: &Chosen,
    ) -> Option<FromAfar<'b>> {
        let (property, from) = sorter.farthest()?;
        let held = self.held(view, query)?;
        let others = way.length(self.state);
        let search = FromAfar {
            property,
            from: Bbox::of(from)?,
            others,
        };
        // Where n of m that are somewhere are selected, a page is full after about m / n times its length.
        let cost = held as f64 * self.placed(property) as f64 / others as f64;
        (others > FEW && cost < others as f64).then_some(search)
    }

    /// How many places there are of this property.
    fn placed(&self, property: &Name) -> usize {
        let of = |index| {
            self.state
                .with(index, |shard| shard.places(property).map_or(0, RTree::size))
        };
        (0..SHARDS).map(of).sum()
    }

    /// The page; or, where the search does not lead to the end of it, how many it looked at in vain.
    pub(crate) fn page_afar(
        &self,
        view: &View,
        query: &EntityQuery,
        sorter: &Sorter,
        search: &FromAfar<'_>,
        way: &Chosen,
    ) -> Result<Result<Page, usize>, Error> {
        let find = |id: &Uri| self.get(view, id);
        let links = Links::new(&find);
        let mut finding = Finding::new(self, view, query, sorter, &links)?;
        let reach_m = search.from.reach_m();
        let reach = |bbox: &Bbox| Reach(reach_m(bbox));
        let next_of = |shard: &crate::shard::Shard, after: Option<&Standing<Reach>>, count: usize| {
            let tree = shard.places(search.property);
            Some(tree.map_or_else(Vec::new, |tree| farthest(tree, &reach, after, count)))
        };
        // Each fetch begins at the root again: four times as many each time.
        for ((Reach(reach_m), _), record) in Ranked::new(self.state, usize::MAX, next_of) {
            let last = finding.ordered().last_of_full();
            if last
                .and_then(|(last, _)| sorter.distance(last))
                .is_some_and(|distance| distance > reach_m)
            {
                return Ok(Ok(finding.page()));
            }
            // Fewer of these are selected than there seemed to be.
            if finding.walked() > search.others {
                return Ok(Err(finding.examined()));
            }
            finding.take(&record)?;
        }
        let last = finding.ordered().last_of_full();
        if last.is_some_and(|(last, _)| sorter.distance(last).is_some()) {
            return Ok(Ok(finding.page()));
        }
        // Then what is nowhere.
        if sorter.has_one_term() && finding.rest(search.property, way)? {
            return Ok(Ok(finding.page()));
        }
        Ok(Err(finding.examined()))
    }
}

/// So many of a tree after one, the farthest first.
fn farthest(
    tree: &RTree<Envelope>,
    reach: &dyn Fn(&Bbox) -> Reach,
    after: Option<&Standing<Reach>>,
    count: usize,
) -> Vec<Standing<Reach>> {
    let reach_of = |area: &AABB<[f64; 2]>| {
        let (lower, upper) = (area.lower(), area.upper());
        reach(&Bbox {
            west: lower[0],
            south: lower[1],
            east: upper[0],
            north: upper[1],
        })
    };
    let mut found: Vec<Standing<Reach>> = Vec::with_capacity(count);
    let mut open = BinaryHeap::new();
    open.push(Open::Part(Reach(f64::INFINITY), tree.root()));
    while let Some(next) = open.pop() {
        match next {
            Open::Part(_, part) => open.extend(part.children().iter().map(|child| match child {
                RTreeNode::Leaf(leaf) => Open::One((reach_of(&leaf.envelope()), leaf.data)),
                RTreeNode::Parent(part) => Open::Part(reach_of(&part.envelope()), part),
            })),
            // One that has several geometries comes several times.
            Open::One(one) if after.is_some_and(|after| one <= *after) || found.last() == Some(&one) => {}
            Open::One(one) => {
                found.push(one);
                if found.len() == count {
                    break;
                }
            }
        }
    }
    found
}

/// What is still to be looked at. The greatest of them is the next.
enum Open<'a> {
    Part(Reach, &'a ParentNode<Envelope>),
    One(Standing<Reach>),
}

impl Open<'_> {
    /// Parts before what may be in them.
    fn rank(&self) -> (Reach, Option<EntityKey>) {
        match self {
            Self::Part(reach, _) => (*reach, None),
            Self::One((reach, key)) => (*reach, Some(*key)),
        }
    }
}

impl Ord for Open<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        other.rank().cmp(&self.rank())
    }
}

impl PartialOrd for Open<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Open<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Open<'_> {}

impl Ord for Reach {
    fn cmp(&self, other: &Self) -> Ordering {
        other.0.total_cmp(&self.0)
    }
}

impl PartialOrd for Reach {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Reach {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Reach {}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use rstar::primitives::Rectangle;

    use super::*;

    /// However many are at one place, all of them are found by looking at each a few times.
    #[test]
    fn many_at_one_place_are_found_in_time() {
        const COUNT: u64 = 10_000;
        let here = Rectangle::from_corners([36.8, -1.3], [36.8, -1.3]);
        let all = (0..COUNT).map(|key| Envelope::new(here, EntityKey(key)));
        let tree = RTree::bulk_load(all.collect());
        let looked = Cell::new(0);
        let reach = |_: &Bbox| {
            looked.set(looked.get() + 1);
            Reach(7.0)
        };
        let (mut found, mut fetched) = (Vec::new(), 0_usize);
        loop {
            let count = (fetched * 4).max(1);
            let next = farthest(&tree, &reach, found.last(), count);
            fetched += count;
            let ended = next.len() < count;
            found.extend(next);
            if ended {
                break;
            }
        }
        let keys: Vec<EntityKey> = found.iter().map(|(_, key)| *key).collect();
        assert_eq!(keys, (0..COUNT).map(EntityKey).collect::<Vec<_>>());
        assert!(looked.get() < 15 * COUNT, "{}", looked.get());
    }
}
