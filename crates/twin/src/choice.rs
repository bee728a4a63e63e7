//! The shortest of the paths that a selection allows: by counting what each index holds of it.

use query::{EntityQuery, Plan, Selection};

use crate::state::{SHARDS, Shards};
use crate::walk::Path;

/// How many matches end the walk for a page: entities are looked at in order of creation, until one more than it
/// holds was found. `None`: all are wanted, if only for `counting`.
pub(crate) fn needed(query: &EntityQuery, counting: bool) -> Option<usize> {
    (!counting).then(|| query.offset.saturating_add(query.limit).saturating_add(1))
}

/// The path to what a selection takes, of which so many are `needed`.
pub(crate) fn choose(shards: &impl Shards, selection: &Selection, needed: Option<usize>) -> Plan {
    let needed = needed.unwrap_or(usize::MAX);
    let first = Plan::of(selection);
    if matches!(first, Plan::ByIds(_) | Plan::ByGeo { .. }) || first.is_exact(selection) {
        return first;
    }
    let alternatives = Plan::alternatives(selection);
    // The shortest lane: its entities come in order of creation, so the walk ends when enough match.
    let mut lane = (length(shards, &first), first);
    for plan in alternatives
        .iter()
        .filter(|plan| !matches!(plan, Plan::ByNumber { .. }))
    {
        let length = length(shards, plan);
        if length < lane.0 {
            lane = (length, plan.clone());
        }
    }
    // A range of numbers has to be collected and sorted whole before the first can be looked at. Where m of a lane's n
    // entities lie in it, a walk along the lane has looked at about n / m × needed when enough match, so that the range
    // is shorter up to m = √(n × needed). Counting stops there.
    let most = (lane.0 as f64 * needed.min(lane.0) as f64).sqrt();
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "not negative, and not above the number of entities"
    )]
    let mut most = (most as usize).min(lane.0);
    let mut best = None;
    for plan in alternatives {
        if let Plan::ByNumber { attribute, low, high } = &plan {
            let mut count = 0;
            for index in 0..SHARDS {
                let left = most - count;
                count += shards.with(index, |shard| {
                    shard
                        .attributes()
                        .in_range(attribute, *low, *high)
                        .take(left)
                        .count()
                });
                if count >= most {
                    break;
                }
            }
            if count < most {
                most = count;
                best = Some(plan);
            }
        }
    }
    best.unwrap_or(lane.1)
}

/// How many entities a path leads to, at most.
pub(crate) fn length(shards: &impl Shards, plan: &Plan) -> usize {
    let path = match Path::from(plan.clone()) {
        // Few, as a rule: a walk along something else is longer.
        Path::Ids(_) | Path::Places(..) => return 0,
        path => path,
    };
    (0..SHARDS)
        .map(|index| {
            shards.with(index, |shard| match &path {
                Path::Ids(_) | Path::Places(..) => 0,
                Path::Numbers(attribute, low, high) => {
                    shard.attributes().in_range(attribute, *low, *high).count()
                }
                Path::Lanes(lanes) => lanes.iter().map(|lane| shard.length(lane)).sum(),
            })
        })
        .sum()
}
