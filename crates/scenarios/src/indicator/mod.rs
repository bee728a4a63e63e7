//! What is measured: who reaches what, by group and area, in three values.
//!
//! | Indicator | Who counts |
//! |---|---|
//! | `stop-walk`, `stop-wheelchair` | 500 m along the network to a stop that is served (1 000 m to one of rail, metro or ferry): SDG 11.2.1 |
//! | `park-walk`, `park-wheelchair` | 400 m along the network to the edge of a park: SDG 11.7.1 |
//! | `clinic-walk`, `clinic-wheelchair` | `walk_m` along the network to a clinic |
//! | `school-walk`, `school-wheelchair` | `walk_m` along the network to a school |
//! | `clinic-transit`, `clinic-transit-wheelchair` | leaving home at `time`, at a clinic within `minutes`, on foot or by public transport |
//!
//! **Passable** are people whose way is known to be good, **unknown** those who get there only by something that
//! nobody knows (a kerb, a surface, a stop, a vehicle, a door), **blocked** the rest. Values are people; shares of
//! them are per cent. Metres are along the streets, from the middle of the population cell (about 100 m wide) over
//! the nearest street; minutes are at the profile's speed, with half the headway as the wait for a line without exact
//! times, and at most five rides.
//!
//! Without streets, ways are straight lines times `detour`: passable on foot, unknown by wheelchair.
//!
//! For public transport there is one search backwards from all clinics ([`sim_access::transit::Reversed`]) where one
//! from every home would do the same: who may leave a stop when, and from there along the streets to all homes.

mod cell_set;
mod shares;
pub(crate) mod straight;
mod touched;
mod transit;
mod union;
mod walk;

use std::sync::{Arc, LazyLock};

use serde::{Deserialize, Serialize};
use sim_access::Passability;
use sim_access::equity::Share;

use crate::model::{Model, ModelError, Who};
use crate::names;

pub use cell_set::CellSet;
pub use touched::{Company, touched};
pub(crate) use transit::Rides;

/// An indicator of reach.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Indicator {
    /// `stop-walk`, `stop-wheelchair`, `park-walk`, `park-wheelchair`, `clinic-walk`, `clinic-wheelchair`,
    /// `school-walk`, `school-wheelchair`, `clinic-transit`, `clinic-transit-wheelchair`.
    pub id: String,
    /// For people.
    pub name: String,
    /// What is calculated and how, with its source (SDG metadata, paper).
    pub method: String,
    /// `%` of people.
    pub unit: String,
}

/// What one goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Goal {
    Stop,
    Park,
    Clinic,
    School,
}

impl Goal {
    /// The kind of places; stops are none.
    pub(crate) const fn kind(self) -> Option<&'static str> {
        match self {
            Self::Stop => None,
            Self::Park => Some("park"),
            Self::Clinic => Some("clinic"),
            Self::School => Some("school"),
        }
    }
}

/// An indicator, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) goal: Goal,
    pub(crate) who: Who,
    pub(crate) transit: bool,
}

const ALL: [(&str, Asked); 10] = [
    ("stop-walk", Asked::on_ways(Goal::Stop, Who::Walking)),
    ("stop-wheelchair", Asked::on_ways(Goal::Stop, Who::Wheelchair)),
    ("park-walk", Asked::on_ways(Goal::Park, Who::Walking)),
    ("park-wheelchair", Asked::on_ways(Goal::Park, Who::Wheelchair)),
    ("clinic-walk", Asked::on_ways(Goal::Clinic, Who::Walking)),
    ("clinic-wheelchair", Asked::on_ways(Goal::Clinic, Who::Wheelchair)),
    ("school-walk", Asked::on_ways(Goal::School, Who::Walking)),
    ("school-wheelchair", Asked::on_ways(Goal::School, Who::Wheelchair)),
    ("clinic-transit", Asked::by_transit(Who::Walking)),
    ("clinic-transit-wheelchair", Asked::by_transit(Who::Wheelchair)),
];

impl Asked {
    const fn on_ways(goal: Goal, who: Who) -> Self {
        Self {
            goal,
            who,
            transit: false,
        }
    }

    const fn by_transit(who: Who) -> Self {
        Self {
            goal: Goal::Clinic,
            who,
            transit: true,
        }
    }

    /// The indicator of an identifier.
    pub(crate) fn of(id: &str) -> Result<Self, ModelError> {
        let found = ALL.iter().find(|(known, _)| *known == id);
        found.map(|(_, asked)| *asked).ok_or_else(|| {
            let known: Vec<&str> = ALL.iter().map(|(id, _)| *id).collect();
            ModelError::Data(format!(
                "`{id}` is not an indicator of reach; give one of {}",
                known.join(", ")
            ))
        })
    }

    fn method(self) -> String {
        let facility = match (self.goal, self.transit) {
            (Goal::Stop, _) => {
                "Share of people with a stop that is served on the day within 500 m along the network, or 1 000 m for \
                 rail, metro and ferry (SDG 11.2.1, UN-Habitat metadata 2021)."
            }
            (Goal::Park, _) => {
                "Share of people with the edge of a park within 400 m along the network (SDG 11.7.1, UN-Habitat \
                 metadata 2021)."
            }
            (Goal::Clinic, false) => {
                "Share of people with a clinic within so many metres along the network as the scenario file says (1 000 \
                 where it does not)."
            }
            (Goal::School, _) => {
                "Share of people with a school within so many metres along the network as the scenario file says (1 000 \
                 where it does not)."
            }
            (Goal::Clinic, true) => {
                "Share of people who, leaving home at the hour that the scenario file says (8:00 where it does not), \
                 are at a clinic within its minutes (30), on foot or by public transport: RAPTOR (Delling, Pajor, \
                 Werneck 2012) over the day's timetable, one search backwards from all clinics; lines without exact \
                 times are waited for half their headway."
            }
        };
        let ways = match self.who {
            Who::Walking => "Every way that is known to be open to somebody on foot.",
            Who::Wheelchair => {
                "Ways, doors, stops and vehicles known to be accessible by the wheelchair that the scenario file says (a \
                 manual one where it does not); what nobody knows is kept apart (Kleene 1938) and is never taken for passable."
            }
        };
        format!("{facility} {ways}")
    }
}

static INDICATORS: LazyLock<Vec<Indicator>> = LazyLock::new(|| {
    let indicator = |(id, asked): &(&str, Asked)| Indicator {
        id: (*id).to_owned(),
        name: names::indicator(id).unwrap_or(id).to_owned(),
        method: asked.method(),
        unit: "%".to_owned(),
    };
    ALL.iter().map(indicator).collect()
});

/// The indicators of reach that this crate knows.
pub fn all() -> &'static [Indicator] {
    &INDICATORS
}

/// What came out for one indicator.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// Everybody.
    pub all: Share,
    /// Each of [`Model::groups`].
    pub groups: Vec<Share>,
    /// Each of [`Model::areas`].
    pub areas: Vec<Share>,
    /// Each group in each area: `area_groups[area][group]`.
    pub area_groups: Vec<Vec<Share>>,
    /// Each of [`Model::cells`].
    pub states: Arc<[Passability]>,
}

impl Measured {
    /// Sums up people by these states, one for each of [`Model::cells`]: those that this crate calculated, or put
    /// together of several calculations.
    pub fn of(model: &Model, states: Arc<[Passability]>) -> Self {
        shares::sum(model, states)
    }
}

/// Measures an indicator; `Ok(None)` where the city lacks the data (no people, no stops, no clinics), and why is in
/// [`Model::notes`]. Pure: the same model gives the same, on any number of threads.
///
/// # Errors
/// There is no such indicator, or the timetable is too large for memory.
pub fn measure(model: &Model, indicator: &str) -> Result<Option<Measured>, ModelError> {
    let states = states(model, indicator)?;
    Ok(states.map(|states| Measured::of(model, states)))
}

/// The states alone, for those who sum up later.
///
/// # Errors
/// As for [`measure`].
pub fn states(model: &Model, indicator: &str) -> Result<Option<Arc<[Passability]>>, ModelError> {
    let asked = Asked::of(indicator)?;
    if model.cells().is_empty() {
        return Ok(None);
    }
    let states = if asked.transit {
        transit::states(model, asked.who)?
    } else {
        walk::states(model, asked)
    };
    Ok(states.map(Into::into))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indicators_have_a_name_and_a_method() {
        assert_eq!(all().len(), 10);
        for indicator in all() {
            assert!(Asked::of(&indicator.id).is_ok());
            assert!(indicator.method.len() > 80 && names::indicator(&indicator.id).is_some());
            assert!(
                !indicator.method.contains("travel."),
                "said for people: {}",
                indicator.method
            );
        }
        let error = Asked::of("clinic-drive").unwrap_err().to_string();
        assert!(error.starts_with("`clinic-drive` is not an indicator of reach; give one of stop-walk,"));
    }
}
