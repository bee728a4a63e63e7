//! The map of what nobody knows: which tags are missing where, and which of them would decide most for people.

use serde::{Deserialize, Serialize};

use crate::network::{EdgeIndex, Snap};
use crate::passability::{Criterion, CriterionSet, Passability};
use crate::reach::{Start, Workspace, search_towards};
use crate::travel::{Towards, Travel};
use crate::units::Cost;

/// Metres of street by what is known of them for a profile.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Knowledge {
    /// Known to be passable in both directions.
    pub passable_m: f64,
    /// Not known in at least one direction, blocked in none.
    pub unknown_m: f64,
    /// Blocked in at least one direction.
    pub blocked_m: f64,
    /// Metres on which each criterion is undecided, in the order of [`Criterion::ALL`]; those of 0 are left out.
    pub undecided_m: Vec<(Criterion, f64)>,
}

/// Sums up what is known of a network.
#[must_use]
pub fn knowledge(travel: &Travel) -> Knowledge {
    let mut sum = Knowledge::default();
    let mut undecided = [0.0; Criterion::ALL.len()];
    for edge in travel.network().edges() {
        let (state, missing) = both(travel, edge);
        let length = travel.network().length_m(edge).unwrap_or(0.0);
        *match state {
            Passability::Passable => &mut sum.passable_m,
            Passability::Unknown => &mut sum.unknown_m,
            Passability::Blocked => &mut sum.blocked_m,
        } += length;
        for (at, criterion) in Criterion::ALL.into_iter().enumerate() {
            if missing.contains(criterion) {
                undecided[at] += length;
            }
        }
    }
    let all = Criterion::ALL.into_iter().zip(undecided);
    sum.undecided_m = all.filter(|(_, metres)| *metres > 0.0).collect();
    sum
}

/// Edges that nobody knows whether one can pass, with the criteria whose tags would decide it. An edge that is
/// blocked whatever they say is not among them.
pub fn unknown_edges(travel: &Travel) -> impl Iterator<Item = (EdgeIndex, CriterionSet)> {
    travel.network().edges().filter_map(|edge| {
        let (state, missing) = both(travel, edge);
        (state == Passability::Unknown).then_some((edge, missing))
    })
}

fn both(travel: &Travel, edge: EdgeIndex) -> (Passability, CriterionSet) {
    let verdicts = [true, false].map(|forward| travel.verdict(edge, forward).unwrap_or_default());
    (
        verdicts[0].state.and(verdicts[1].state),
        verdicts[0].undecided.union(verdicts[1].undecided),
    )
}

/// An edge worth a look, and for how many people.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorthALook {
    /// The edge.
    pub edge: EdgeIndex,
    /// What is undecided of it.
    pub undecided: CriterionSet,
    /// The weight of people whose nearest way to a facility within the limit is unknown and leads over it.
    pub weight: f64,
}

/// The edges whose tags would decide most: for every place from which a facility can be reached within the limit,
/// but only by ways nobody knows, the place's weight is put on the unknown edges of its cheapest such way. Heaviest
/// first; of equals, in the order of the input. Weights that are no number, or not positive, count nothing.
///
/// Deciding one edge need not decide anybody's answer: a way may have several unknown edges. The sum over edges is
/// therefore more than the number of people.
#[must_use]
pub fn worth_a_look(
    towards: &Towards,
    facilities: &[Start],
    places: &[Option<Snap>],
    weights: &[f64],
    limit: Cost,
    workspace: &mut Workspace,
) -> Vec<WorthALook> {
    let sure: Vec<bool> = {
        let reached = search_towards(towards, Passability::Passable, facilities, limit, workspace);
        places
            .iter()
            .map(|place| {
                place
                    .as_ref()
                    .is_some_and(|place| reached.arrival(place).is_some())
            })
            .collect()
    };
    let reached = search_towards(towards, Passability::Unknown, facilities, limit, workspace);
    let travel = reached.travel();
    let mut at_node = vec![0.0; travel.network().node_count()];
    let mut on_edge = vec![0.0; travel.network().edge_count()];
    let mut pass = |edge: EdgeIndex, forward: bool, weight: f64| {
        if travel
            .verdict(edge, forward)
            .is_some_and(|verdict| verdict.state == Passability::Unknown)
        {
            on_edge[edge.index()] += weight;
        }
    };
    for ((place, &weight), sure) in places.iter().zip(weights).zip(sure) {
        let Some(place) = place
            .as_ref()
            .filter(|_| !sure && weight > 0.0 && weight.is_finite())
        else {
            continue;
        };
        match reached.arrival_via(place) {
            Some((_, crate::reach::Via::Node { node, forward })) => {
                at_node[node as usize] += weight;
                if !place.is_at_entry(forward) {
                    pass(place.edge, forward, weight);
                }
            }
            Some((arrival, crate::reach::Via::Direct)) => {
                let from = reached
                    .start(arrival.start)
                    .map_or(0.0, |start| start.place.fraction);
                pass(place.edge, from <= place.fraction, weight);
            }
            None => {}
        }
    }
    // From the farthest node inwards, every node hands its people on.
    for &node in reached.settled().iter().rev() {
        let weight = at_node[node as usize];
        if let Some((edge, forward, before)) = reached.came_by(node).filter(|_| weight > 0.0) {
            let starts_here = || {
                let start = reached.start_of(node);
                start.is_some_and(|start| start.place.is_at_entry(!forward))
            };
            if before.is_some() || !starts_here() {
                pass(edge, forward, weight);
            }
            if let Some(before) = before {
                at_node[before as usize] += weight;
            }
        }
    }
    let mut found: Vec<WorthALook> = travel
        .network()
        .edges()
        .zip(on_edge)
        .filter(|(_, weight)| *weight > 0.0)
        .map(|(edge, weight)| WorthALook {
            edge,
            undecided: both(travel, edge).1,
            weight,
        })
        .collect();
    found.sort_by(|a, b| b.weight.total_cmp(&a.weight).then(a.edge.cmp(&b.edge)));
    found
}
