//! From every place to the nearest facility.

use super::search::{Start, Workspace, search_towards};
use crate::network::Snap;
use crate::passability::Passability;
use crate::travel::Towards;
use crate::units::Cost;

/// The nearest facility of a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nearest {
    /// What the way to it costs.
    pub cost: Cost,
    /// The facility, by its place among the facilities.
    pub facility: usize,
}

/// The nearest facility of every place, in one search from all facilities; `None`: none within the limit, or the
/// place is not on the network.
pub fn nearest(
    towards: &Towards,
    at_least: Passability,
    facilities: &[Start],
    places: &[Option<Snap>],
    limit: Cost,
    workspace: &mut Workspace,
    found: &mut Vec<Option<Nearest>>,
) {
    let reached = search_towards(towards, at_least, facilities, limit, workspace);
    found.clear();
    found.extend(places.iter().map(|place| {
        let arrival = reached.arrival(place.as_ref()?)?;
        Some(Nearest {
            cost: arrival.cost,
            facility: arrival.start,
        })
    }));
}

/// The sum of weights of places whose cost is within each limit, in the order of the limits. Weights that are no
/// number, or negative, count nothing.
#[must_use]
pub fn within(found: &[Option<Nearest>], weights: &[f64], limits: &[Cost]) -> Vec<f64> {
    let sum = |limit: Cost| {
        let near = found
            .iter()
            .zip(weights)
            .filter(|(nearest, _)| nearest.is_some_and(|nearest| nearest.cost <= limit));
        near.map(|(_, &weight)| if weight.is_finite() { weight.max(0.0) } else { 0.0 })
            .sum()
    };
    limits.iter().map(|&limit| sum(limit)).collect()
}
