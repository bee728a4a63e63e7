//! Dijkstra's search (1959) from one place or many, bounded by cost, over ways of at least a given state.

use super::heap::RadixHeap;
use super::path::{Path, Via};
use crate::network::{EdgeIndex, NodeIndex, Snap};
use crate::passability::Passability;
use crate::travel::{Towards, Travel};
use crate::units::{Cost, MAX_COST, part, small};

/// Where a search starts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Start {
    /// The place on the network; the way from the point to the network is walked too.
    pub place: Snap,
    /// What has been spent before.
    pub spent: Cost,
}

impl From<Snap> for Start {
    fn from(place: Snap) -> Self {
        Self { place, spent: 0 }
    }
}

/// Memory for searches. Made once and used again, a search allocates nothing; one for each thread.
#[derive(Clone, Debug)]
pub struct Workspace {
    labels: Vec<Label>,
    generation: u32,
    heap: RadixHeap,
    settled: Vec<u32>,
    starts: Vec<Start>,
    /// Starts by edge, for targets on the same edge.
    by_edge: Vec<(u32, u32)>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Label {
    generation: u32,
    cost: Cost,
    /// The leg that led here, or one of the two below.
    parent: u32,
    start: u32,
}

/// Reached straight from a start, along its edge's direction or against it.
const FROM_START_FORWARD: u32 = u32::MAX;
const FROM_START_BACKWARD: u32 = u32::MAX - 1;

impl Default for Workspace {
    fn default() -> Self {
        Self::new()
    }
}

impl Workspace {
    /// An empty workspace; it grows to the size of the network it is used on, once.
    #[must_use]
    pub fn new() -> Self {
        Self {
            labels: Vec::new(),
            generation: 0,
            heap: RadixHeap::new(),
            settled: Vec::new(),
            starts: Vec::new(),
            by_edge: Vec::new(),
        }
    }

    fn begin(&mut self, nodes: usize) {
        if self.labels.len() < nodes {
            self.labels.resize(nodes, Label::default());
        }
        if self.generation == u32::MAX {
            self.labels.fill(Label::default());
            self.generation = 0;
        }
        self.generation += 1;
        self.heap.clear();
        self.settled.clear();
        self.starts.clear();
        self.by_edge.clear();
    }

    fn label(&self, node: u32) -> Option<Label> {
        self.labels
            .get(node as usize)
            .copied()
            .filter(|label| label.generation == self.generation)
    }

    fn offer(&mut self, node: u32, cost: Cost, parent: u32, start: u32) {
        let label = &mut self.labels[node as usize];
        if label.generation != self.generation || cost < label.cost {
            *label = Label {
                generation: self.generation,
                cost,
                parent,
                start,
            };
            self.heap.push(cost, node);
        }
    }

    fn run(
        &mut self,
        travel: &Travel,
        at_least: Passability,
        starts: &[Start],
        limit: Cost,
        target: Option<&Snap>,
    ) {
        let network = travel.network();
        self.begin(network.node_count());
        let mut limit = limit.min(MAX_COST);
        self.starts.extend_from_slice(starts);
        for (number, start) in starts.iter().enumerate() {
            let (edge, start_number) = (start.place.edge, small(number));
            let Some([from, to]) = network.ends(edge) else {
                continue;
            };
            let base = start.spent.saturating_add(travel.offset(start.place.offset_m));
            if base > limit {
                continue;
            }
            self.by_edge.push((edge.0, start_number));
            for (forward, node, parent) in
                [(true, to, FROM_START_FORWARD), (false, from, FROM_START_BACKWARD)]
            {
                let leg = travel.leg(edge.0, forward);
                let before = part(leg.cost, start.place.fraction);
                let cost = base.saturating_add(if forward { leg.cost - before } else { before });
                let passes = leg.state() >= at_least || start.place.is_at_entry(!forward);
                if passes && cost <= limit {
                    self.offer(node.0, cost, parent, start_number);
                }
            }
        }
        self.by_edge.sort_unstable();
        if let Some(target) = target {
            // Nothing dearer than the best way found can matter.
            limit = self
                .direct(travel, at_least, target)
                .map_or(limit, |(cost, _)| limit.min(cost));
        }
        let (rows, legs) = (network.arcs_from(), travel.legs());
        while let Some((cost, node)) = self.heap.pop() {
            if cost > limit {
                break;
            }
            if self.labels[node as usize].cost < cost {
                continue;
            }
            self.settled.push(node);
            if let Some(target) = target {
                limit = entries(travel, at_least, target, node, cost).fold(limit, Cost::min);
            }
            let start = self.labels[node as usize].start;
            for at in rows[node as usize]..rows[node as usize + 1] {
                let leg = legs[at as usize];
                let next = cost.saturating_add(leg.cost);
                if next <= limit && leg.state() >= at_least {
                    self.offer(leg.to, next, at, start);
                }
            }
        }
    }

    /// The cheapest way to a place along the edge that a start lies on too (the target's offset not counted).
    fn direct(&self, travel: &Travel, at_least: Passability, target: &Snap) -> Option<(Cost, u32)> {
        let edge = target.edge.0;
        let first = self.by_edge.partition_point(|&(other, _)| other < edge);
        let here = self.by_edge[first..]
            .iter()
            .take_while(|&&(other, _)| other == edge);
        here.filter_map(|&(_, number)| {
            let start = &self.starts[number as usize];
            let [out, back] = [true, false].map(|forward| travel.leg(edge, forward));
            let (a, b) = (start.place.fraction, target.fraction);
            let along = [
                (a <= b && out.state() >= at_least).then(|| part(out.cost, b) - part(out.cost, a)),
                (a >= b && back.state() >= at_least).then(|| part(back.cost, a) - part(back.cost, b)),
            ];
            let base = start.spent.saturating_add(travel.offset(start.place.offset_m));
            let cost = along.into_iter().flatten().min()?;
            Some((base.saturating_add(cost), number))
        })
        .min()
    }
}

/// Costs at a place on an edge (its offset not counted) that is entered from a node.
fn entries(
    travel: &Travel,
    at_least: Passability,
    target: &Snap,
    node: u32,
    cost: Cost,
) -> impl Iterator<Item = Cost> {
    let ends = travel.network().ends(target.edge);
    let entry = |forward: bool| {
        let ends = ends?;
        let leg = travel.leg(target.edge.0, forward);
        let inside = part(leg.cost, target.fraction);
        let inside = if forward { inside } else { leg.cost - inside };
        let passes = leg.state() >= at_least || target.is_at_entry(forward);
        (ends[usize::from(!forward)].0 == node && passes).then(|| cost.saturating_add(inside))
    };
    [entry(true), entry(false)].into_iter().flatten()
}

/// Searches from the starts, over ways of at least a state, up to a cost.
///
/// [`Passability::Passable`] takes what is known to be good, [`Passability::Unknown`] also what nobody knows,
/// [`Passability::Blocked`] every way there is. Starts on edges that are not in the network are passed over.
pub fn search<'w>(
    travel: &'w Travel,
    at_least: Passability,
    starts: &[Start],
    limit: Cost,
    workspace: &'w mut Workspace,
) -> Reached<'w> {
    search_until(travel, at_least, starts, limit, None, workspace)
}

/// As [`search`], and ends when one target cannot be reached more cheaply.
pub(super) fn search_until<'w>(
    travel: &'w Travel,
    at_least: Passability,
    starts: &[Start],
    limit: Cost,
    target: Option<&Snap>,
    workspace: &'w mut Workspace,
) -> Reached<'w> {
    let target = target.filter(|target| target.edge.index() < travel.network().edge_count());
    workspace.run(travel, at_least, starts, limit, target);
    Reached {
        travel,
        workspace,
        at_least,
        limit: limit.min(MAX_COST),
        turned: false,
    }
}

/// Searches from facilities outwards, with the costs of the ways that lead *to* them.
pub fn search_towards<'w>(
    towards: &'w Towards,
    at_least: Passability,
    facilities: &[Start],
    limit: Cost,
    workspace: &'w mut Workspace,
) -> Reached<'w> {
    Reached {
        turned: true,
        ..search(towards.turned(), at_least, facilities, limit, workspace)
    }
}

/// What a search reached.
#[derive(Clone, Copy, Debug)]
pub struct Reached<'w> {
    pub(super) travel: &'w Travel,
    workspace: &'w Workspace,
    pub(super) at_least: Passability,
    pub(super) limit: Cost,
    pub(super) turned: bool,
}

/// A target that was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Arrival {
    /// What it cost.
    pub cost: Cost,
    /// The start it was reached from, by its place among the starts.
    pub start: usize,
}

impl Reached<'_> {
    /// The cost of a node; `None`: not reached.
    #[must_use]
    pub fn node_cost(&self, node: NodeIndex) -> Option<Cost> {
        self.workspace
            .label(node.0)
            .map(|label| label.cost)
            .filter(|&cost| cost <= self.limit)
    }

    /// The cost of a place, its way off the network included, and the start it was reached from. `None`: not
    /// reached within the limit.
    #[must_use]
    pub fn arrival(&self, place: &Snap) -> Option<Arrival> {
        self.arrival_via(place).map(|(arrival, _)| arrival)
    }

    /// The way to a place.
    #[must_use]
    pub fn path(&self, place: &Snap) -> Option<Path> {
        let (arrival, via) = self.arrival_via(place)?;
        Some(Path::trace(self, place, arrival, via))
    }

    /// Nodes reached, nearest first.
    pub fn nodes(&self) -> impl Iterator<Item = (NodeIndex, Cost)> {
        self.workspace
            .settled
            .iter()
            .filter_map(|&node| Some((NodeIndex(node), self.node_cost(NodeIndex(node))?)))
    }

    pub(crate) fn arrival_via(&self, place: &Snap) -> Option<(Arrival, Via)> {
        let [from, to] = self.travel.network().ends(place.edge)?;
        let mut best: Option<(Cost, Via, u32)> = None;
        if let Some((cost, start)) = self.workspace.direct(self.travel, self.at_least, place) {
            best = Some((cost, Via::Direct, start));
        }
        for (forward, node) in [(true, from), (false, to)] {
            let leg = self.travel.leg(place.edge.0, forward);
            let passes = leg.state() >= self.at_least || place.is_at_entry(forward);
            let (Some(label), true) = (self.workspace.label(node.0), passes) else {
                continue;
            };
            let inside = part(leg.cost, place.fraction);
            let cost = label
                .cost
                .saturating_add(if forward { inside } else { leg.cost - inside });
            if best.is_none_or(|(least, ..)| cost < least) {
                best = Some((
                    cost,
                    Via::Node {
                        node: node.0,
                        forward,
                    },
                    label.start,
                ));
            }
        }
        let (cost, via, start) = best?;
        let cost = cost.saturating_add(self.travel.offset(place.offset_m));
        (cost <= self.limit).then_some((
            Arrival {
                cost,
                start: start as usize,
            },
            via,
        ))
    }

    /// How a node was reached: the edge, whether along it, and the node before (`None`: straight from the start).
    pub(crate) fn came_by(&self, node: u32) -> Option<(EdgeIndex, bool, Option<u32>)> {
        let label = self.workspace.label(node)?;
        if label.parent >= FROM_START_BACKWARD {
            let start = self.workspace.starts.get(label.start as usize)?;
            return Some((start.place.edge, label.parent == FROM_START_FORWARD, None));
        }
        let leg = self.travel.legs()[label.parent as usize];
        let [from, to] = self.travel.network().ends(EdgeIndex(leg.edge()))?;
        Some((
            EdgeIndex(leg.edge()),
            leg.is_forward(),
            Some(if leg.is_forward() { from.0 } else { to.0 }),
        ))
    }

    /// The start that a node was reached from.
    pub(crate) fn start_of(&self, node: u32) -> Option<&Start> {
        self.start(self.workspace.label(node)?.start as usize)
    }

    pub(crate) fn start(&self, number: usize) -> Option<&Start> {
        self.workspace.starts.get(number)
    }

    pub(super) fn starts(&self) -> &[Start] {
        &self.workspace.starts
    }

    pub(crate) fn settled(&self) -> &[u32] {
        &self.workspace.settled
    }

    /// The verdict on a direction as it was walked in the search.
    pub(crate) fn travel(&self) -> &Travel {
        self.travel
    }
}
