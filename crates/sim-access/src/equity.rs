//! Shares of people: who reaches what, group by group, with what nobody knows kept apart.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::network::Snap;
use crate::passability::Passability;
use crate::reach::{Start, Workspace, search_towards};
use crate::travel::Towards;
use crate::units::{Cost, Metric};

/// SDG 11.2.1: metres along the network to a stop of low capacity (bus, tram; UN-Habitat metadata 2021).
pub const LOW_CAPACITY_M: f64 = 500.0;
/// SDG 11.2.1: metres along the network to a stop of high capacity (rail, metro, ferry).
pub const HIGH_CAPACITY_M: f64 = 1_000.0;
/// SDG 11.7.1: metres along the network to an open public space (UN-Habitat metadata 2021).
pub const OPEN_SPACE_M: f64 = 400.0;

/// A facility: a clinic, a stop, an entrance of a park. One with several entrances is several.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Facility {
    /// Where it is on the network; `None`: not on it, so nobody reaches it.
    pub place: Option<Snap>,
    /// Whether one can use it (step-free entrance, boarding by wheelchair).
    pub state: Passability,
}

/// How many a stop moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Capacity {
    /// Bus, tram.
    Low,
    /// Rail, metro, ferry.
    High,
}

/// Weights that cannot be summed.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum EquityError {
    /// The lists do not go together.
    #[error("{weights} weights, {groups} groups and {states} states: give one of each for every place")]
    Lengths {
        /// Number of weights.
        weights: usize,
        /// Number of groups.
        groups: usize,
        /// Number of states.
        states: usize,
    },
    /// A weight that is no number of people.
    #[error("place {place}: weight {weight}; give a number of people, 0 or more")]
    Weight {
        /// The place, from 0.
        place: usize,
        /// Its weight.
        weight: f64,
    },
    /// A distance was asked of a network that counts time.
    #[error("distances need a network that counts distance; this one counts time")]
    CountsTime,
}

/// People by whether they reach something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Share {
    /// Who is known to reach it.
    pub passable: f64,
    /// Of whom nobody knows.
    pub unknown: f64,
    /// Who is known not to.
    pub blocked: f64,
}

impl Share {
    /// Everybody.
    #[must_use]
    pub fn people(&self) -> f64 {
        self.passable + self.unknown + self.blocked
    }

    /// The share known to reach it, 0 to 1; `None`: nobody lives here.
    #[must_use]
    pub fn reached(&self) -> Option<f64> {
        self.of_all(self.passable)
    }

    /// The share of whom nobody knows.
    #[must_use]
    pub fn not_known(&self) -> Option<f64> {
        self.of_all(self.unknown)
    }

    /// The share if everything unknown were good: with [`Share::reached`] the bounds of the truth.
    #[must_use]
    pub fn at_best(&self) -> Option<f64> {
        self.of_all(self.passable + self.unknown)
    }

    fn of_all(&self, part: f64) -> Option<f64> {
        let people = self.people();
        (people > 0.0).then(|| part / people)
    }

    fn add(&mut self, state: Passability, weight: f64) {
        *match state {
            Passability::Passable => &mut self.passable,
            Passability::Unknown => &mut self.unknown,
            Passability::Blocked => &mut self.blocked,
        } += weight;
    }
}

/// Shares of all and of each group.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Shares {
    /// Everybody.
    pub all: Share,
    /// Each group, by its number.
    pub groups: Vec<Share>,
}

impl Shares {
    /// By how much a group's known share is above (positive) or below that of all; `None`: nobody in it.
    #[must_use]
    pub fn gap(&self, group: usize) -> Option<f64> {
        Some(self.groups.get(group)?.reached()? - self.all.reached()?)
    }

    /// The difference between the best and the worst group's known share; `None`: nobody anywhere.
    #[must_use]
    pub fn spread(&self) -> Option<f64> {
        let shares = || self.groups.iter().filter_map(Share::reached);
        Some(shares().reduce(f64::max)? - shares().reduce(f64::min)?)
    }
}

/// Sums people by state, in all and by group (age band, income class, with or without a disability: the caller's
/// numbering, from 0). People in several divisions are summed once for each division.
pub fn shares(weights: &[f64], groups: &[u16], states: &[Passability]) -> Result<Shares, EquityError> {
    if weights.len() != groups.len() || weights.len() != states.len() {
        return Err(EquityError::Lengths {
            weights: weights.len(),
            groups: groups.len(),
            states: states.len(),
        });
    }
    let count = groups
        .iter()
        .map(|&group| usize::from(group) + 1)
        .max()
        .unwrap_or(0);
    let mut sums = Shares {
        all: Share::default(),
        groups: vec![Share::default(); count],
    };
    for (place, ((&weight, &group), &state)) in weights.iter().zip(groups).zip(states).enumerate() {
        if !(weight >= 0.0 && weight.is_finite()) {
            return Err(EquityError::Weight { place, weight });
        }
        sums.all.add(state, weight);
        sums.groups[usize::from(group)].add(state, weight);
    }
    Ok(sums)
}

/// For every place, whether a facility is reached within a cost: passable by passable ways to a facility known to be
/// usable; unknown where that takes an unknown way or facility, or the place is not on the network; else blocked.
#[must_use]
pub fn reach_states(
    towards: &Towards,
    facilities: &[Facility],
    places: &[Option<Snap>],
    limit: Cost,
    workspace: &mut Workspace,
) -> Vec<Passability> {
    let mut states: Vec<Passability> = places
        .iter()
        .map(|place| {
            if place.is_some() {
                Passability::Blocked
            } else {
                Passability::Unknown
            }
        })
        .collect();
    for at_least in [Passability::Unknown, Passability::Passable] {
        let usable = facilities.iter().filter(|facility| facility.state >= at_least);
        let starts: Vec<Start> = usable
            .filter_map(|facility| facility.place.map(Start::from))
            .collect();
        let reached = search_towards(towards, at_least, &starts, limit, workspace);
        for (state, place) in states.iter_mut().zip(places) {
            if place
                .as_ref()
                .is_some_and(|place| reached.arrival(place).is_some())
            {
                *state = at_least;
            }
        }
    }
    states
}

/// SDG 11.2.1: for every place, whether public transport is near along the network: 500 m to a stop of low
/// capacity, or 1 000 m to one of high.
pub fn convenient_transport(
    towards: &Towards,
    stops: &[(Facility, Capacity)],
    places: &[Option<Snap>],
    workspace: &mut Workspace,
) -> Result<Vec<Passability>, EquityError> {
    let mut of = |capacity: Capacity, metres: f64| {
        let stops: Vec<Facility> = stops
            .iter()
            .filter(|stop| stop.1 == capacity)
            .map(|stop| stop.0)
            .collect();
        near(towards, &stops, places, metres, workspace)
    };
    let mut states = of(Capacity::Low, LOW_CAPACITY_M)?;
    for (state, high) in states.iter_mut().zip(of(Capacity::High, HIGH_CAPACITY_M)?) {
        *state = state.or(high);
    }
    Ok(states)
}

/// SDG 11.7.1, its access part: for every place, whether an open public space is within 400 m along the network.
/// Give an entrance (or, where it is open on all sides, points along its edge) as a facility.
pub fn open_space_access(
    towards: &Towards,
    entrances: &[Facility],
    places: &[Option<Snap>],
    workspace: &mut Workspace,
) -> Result<Vec<Passability>, EquityError> {
    near(towards, entrances, places, OPEN_SPACE_M, workspace)
}

/// SDG 11.7.1, its land part: open public space and streets as a share of the built-up area, 0 to 1. `None`: an area
/// is negative or no number, or nothing is built up. Above 1 is 1.
#[must_use]
pub fn open_space_share(open_m2: f64, streets_m2: f64, built_up_m2: f64) -> Option<f64> {
    let sound = [open_m2, streets_m2, built_up_m2]
        .iter()
        .all(|area| *area >= 0.0 && area.is_finite());
    (sound && built_up_m2 > 0.0).then(|| ((open_m2 + streets_m2) / built_up_m2).min(1.0))
}

fn near(
    towards: &Towards,
    facilities: &[Facility],
    places: &[Option<Snap>],
    metres: f64,
    workspace: &mut Workspace,
) -> Result<Vec<Passability>, EquityError> {
    if towards.metric() != Metric::Distance {
        return Err(EquityError::CountsTime);
    }
    Ok(reach_states(
        towards,
        facilities,
        places,
        Metric::Distance.cost(metres),
        workspace,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use Passability::{Blocked, Passable, Unknown};

    #[test]
    fn shares_keep_the_unknown_apart() {
        let sums = shares(
            &[10.0, 20.0, 30.0, 40.0],
            &[0, 0, 2, 2],
            &[Passable, Blocked, Unknown, Passable],
        )
        .unwrap();
        assert_eq!(
            sums.all,
            Share {
                passable: 50.0,
                unknown: 30.0,
                blocked: 20.0
            }
        );
        assert_eq!(
            (sums.all.reached(), sums.all.at_best(), sums.all.not_known()),
            (Some(0.5), Some(0.8), Some(0.3))
        );
        assert_eq!(sums.groups.len(), 3);
        assert_eq!(sums.groups[1].reached(), None);
        assert_eq!(sums.groups[0].reached(), Some(1.0 / 3.0));
        assert_eq!(sums.gap(1), None);
        assert!((sums.gap(2).unwrap() - (4.0 / 7.0 - 0.5)).abs() < 1e-12);
        assert!((sums.spread().unwrap() - (4.0 / 7.0 - 1.0 / 3.0)).abs() < 1e-12);
    }

    #[test]
    fn nonsense_is_told() {
        let message =
            |weights: &[f64], groups: &[u16]| shares(weights, groups, &[Passable]).unwrap_err().to_string();
        assert_eq!(
            message(&[f64::NAN], &[0]),
            "place 0: weight NaN; give a number of people, 0 or more"
        );
        assert_eq!(
            message(&[-1.0], &[0]),
            "place 0: weight -1; give a number of people, 0 or more"
        );
        assert!(message(&[1.0, 2.0], &[0]).starts_with("2 weights, 1 groups and 1 states"));
        assert_eq!(shares(&[], &[], &[]).unwrap().spread(), None);
    }

    #[test]
    fn land_shares() {
        assert_eq!(open_space_share(20.0, 30.0, 100.0), Some(0.5));
        assert_eq!(open_space_share(0.0, 0.0, 0.0), None);
        assert_eq!(open_space_share(f64::NAN, 0.0, 1.0), None);
        assert_eq!(open_space_share(9.0, 9.0, 1.0), Some(1.0));
    }
}
