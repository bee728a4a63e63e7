//! The shortest of the paths that a selection allows: by counting what each index holds of it.

use ngsi_ld::Name;
use query::{EntityQuery, Plan, Selection, TextTest};
use storage::EntityKey;

use crate::state::{SHARDS, Shards};
use crate::walk::{Path, Walk};

/// To look at an entity costs about as much as to ask a comparison of so many texts.
const TEXTS_AN_ENTITY: usize = 4;
/// To make a comparison ready costs about as much as to look at so many entities.
const ENTITIES_A_TEST: usize = 16;

/// The path to what a selection takes, with what it leads to where that is known.
pub(crate) struct Chosen {
    pub(crate) plan: Plan,
    /// Keys, and the shards that hold them.
    found: Option<Vec<(EntityKey, usize)>>,
}

impl From<Plan> for Chosen {
    fn from(plan: Plan) -> Self {
        Self { plan, found: None }
    }
}

impl Chosen {
    /// How many entities it leads to, at most.
    pub(crate) fn length(&self, shards: &impl Shards) -> usize {
        let found = self.found.as_ref().map(Vec::len);
        found.unwrap_or_else(|| length(shards, &self.plan))
    }

    /// Goes there.
    pub(crate) fn walk<'a, S: Shards>(&self, shards: &'a S) -> Walk<'a, S> {
        match &self.found {
            Some(found) => Walk::keys(shards, found.clone()),
            None => Walk::new(shards, &self.plan.clone().into()),
        }
    }
}

/// How many matches end the walk for a page: entities are looked at in order of creation, until one more than it
/// holds was found. `None`: all are wanted, if only for `counting`.
pub(crate) fn needed(query: &EntityQuery, counting: bool) -> Option<usize> {
    (!counting).then(|| query.offset.saturating_add(query.limit).saturating_add(1))
}

/// The path to what a selection takes, of which so many are `needed`.
pub(crate) fn choose(shards: &impl Shards, selection: &Selection, needed: Option<usize>) -> Chosen {
    let needed = needed.unwrap_or(usize::MAX);
    let first = Plan::of(selection);
    if matches!(first, Plan::ByIds(_) | Plan::ByGeo { .. }) || first.is_exact(selection) {
        return first.into();
    }
    let alternatives = Plan::alternatives(selection);
    // The shortest lane: its entities come in order of creation, so the walk ends when enough match.
    let mut lane = (length(shards, &first), first);
    for plan in alternatives
        .iter()
        .filter(|plan| !matches!(plan, Plan::ByNumber { .. } | Plan::ByTextsThat { .. }))
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
    for plan in &alternatives {
        if let Plan::ByNumber { attribute, low, high } = plan {
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
                best = Some(plan.clone());
            }
        }
    }
    let mut best = best.map(Chosen::from);
    for plan in alternatives {
        if let Plan::ByTextsThat { attribute, test } = &plan {
            // Once so many were found among some texts, a walk along the lane would have filled its page for what it took
            // to ask them.
            let most = most.min(lane.0 / 2).min(needed.saturating_mul(TEXTS_AN_ENTITY));
            if let Some(found) = with_texts_that(shards, attribute, test, (most, lane.0)) {
                best = Some(Chosen {
                    plan,
                    found: Some(found),
                });
            }
        }
    }
    best.unwrap_or_else(|| lane.1.into())
}

/// What has texts of an attribute that a comparison takes, if that is less than `most`; `None` too where there are so many
/// different ones that it is shorter to look at the entities of a lane.
fn with_texts_that(
    shards: &impl Shards,
    attribute: &Name,
    test: &TextTest,
    (most, lane): (usize, usize),
) -> Option<Vec<(EntityKey, usize)>> {
    if lane <= ENTITIES_A_TEST {
        return None;
    }
    // Asked while nobody waits for it: a pattern may take long.
    let texts: Vec<_> = (0..SHARDS)
        .filter_map(|index| shards.with(index, |shard| Some((index, shard.attributes().texts(attribute)?))))
        .collect();
    let different: usize = texts.iter().map(|(_, texts)| texts.different()).sum();
    if different > lane.saturating_mul(TEXTS_AN_ENTITY) {
        return None;
    }
    // Whether the pattern is one, the evaluation says.
    let test = test.prepare().ok()?;
    let takes = |text: &str| test.takes(text);
    let mut found = Vec::new();
    for (index, texts) in &texts {
        let left = most - found.len();
        found.extend(texts.that(&takes).take(left).map(|key| (key, *index)));
        if found.len() >= most {
            return None;
        }
    }
    Some(found)
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
