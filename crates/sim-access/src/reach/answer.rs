//! "Can I get there?": yes, nobody knows, no, and what it hangs on.

use serde::{Deserialize, Serialize};

use super::path::Path;
use super::search::{Start, Workspace, search, search_until};
use crate::network::{EdgeIndex, Snap};
use crate::passability::{CriterionSet, Passability};
use crate::travel::Travel;
use crate::units::Cost;

/// An edge that an answer hangs on, and by what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decisive {
    /// The edge.
    pub edge: EdgeIndex,
    /// Whether it is walked from its `from` to its `to`.
    pub forward: bool,
    /// What is undecided of it, or what blocks it.
    pub criteria: CriterionSet,
}

/// A three-valued answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// Passable: a way of passable edges alone leads there within the limit. Unknown: only with edges nobody knows.
    /// Blocked: not even so.
    pub state: Passability,
    /// The cheapest way of that state: of passable edges, else with unknown ones, else with blocked ones too. `None`:
    /// no way at all leads there within the limit.
    pub path: Option<Path>,
    /// Where the answer is unknown: edges of the path that nobody knows, with the tags that would decide them.
    pub undecided: Vec<Decisive>,
    /// Where the answer is blocked: edges of the path that block, and by what.
    pub blocking: Vec<Decisive>,
}

/// Whether one gets from any of the starts to a place within a cost.
#[must_use]
pub fn answer(
    travel: &Travel,
    starts: &[Start],
    to: &Snap,
    limit: Cost,
    workspace: &mut Workspace,
) -> Answer {
    for state in [Passability::Passable, Passability::Unknown, Passability::Blocked] {
        let reached = search_until(travel, state, starts, limit, Some(to), workspace);
        let Some(path) = reached.path(to) else { continue };
        let (mut undecided, mut blocking) = (Vec::new(), Vec::new());
        for step in &path.steps {
            let (edge, forward) = (step.edge, step.forward);
            // Both are at one node: nothing of the edge is passed.
            let still = (step.begins - step.ends).abs() <= 0.0;
            if still && (step.begins <= 0.0 || step.begins >= 1.0) {
                continue;
            }
            let Some(verdict) = travel.verdict(edge, forward) else {
                continue;
            };
            match verdict.state {
                Passability::Unknown if state == Passability::Unknown => {
                    undecided.push(Decisive {
                        edge,
                        forward,
                        criteria: verdict.undecided,
                    });
                }
                Passability::Blocked => blocking.push(Decisive {
                    edge,
                    forward,
                    criteria: verdict.blocking,
                }),
                _ => {}
            }
        }
        return Answer {
            state,
            path: Some(path),
            undecided,
            blocking,
        };
    }
    Answer {
        state: Passability::Blocked,
        path: None,
        undecided: Vec::new(),
        blocking: Vec::new(),
    }
}

/// The states of many places at once, in their order. A place that is not on the network (`None`) is unknown: its
/// way to the street is not mapped.
pub fn states(
    travel: &Travel,
    starts: &[Start],
    places: &[Option<Snap>],
    limit: Cost,
    workspace: &mut Workspace,
    states: &mut Vec<Passability>,
) {
    states.clear();
    states.extend(places.iter().map(|place| {
        if place.is_some() {
            Passability::Blocked
        } else {
            Passability::Unknown
        }
    }));
    for at_least in [Passability::Unknown, Passability::Passable] {
        let reached = search(travel, at_least, starts, limit, workspace);
        for (state, place) in states.iter_mut().zip(places) {
            if place
                .as_ref()
                .is_some_and(|place| reached.arrival(place).is_some())
            {
                *state = at_least;
            }
        }
    }
}
