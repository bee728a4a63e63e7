//! Journeys by wheelchair: yes, nobody knows, no, and what it hangs on.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::input::{Footpath, Services, StopInput, TransitError, TripInput};
use super::journey::{Journey, JourneyLeg};
use super::legs::AccessLeg;
use super::raptor::{Query, Rounds, earliest};
use super::timetable::{Timetable, TimetableOptions, seconds};
use crate::passability::Passability;

/// What an answer hangs on. Stops and trips by their places in the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Element {
    /// Getting on or off at a stop.
    Stop {
        /// The stop.
        stop: u32,
    },
    /// The vehicle of a trip.
    Trip {
        /// The trip.
        trip: u32,
    },
    /// The way between two stops.
    Footpath {
        /// From this stop.
        from: u32,
        /// To this one.
        to: u32,
    },
    /// The way from the origin to a stop.
    Access {
        /// The stop.
        stop: u32,
    },
    /// The way from a stop to the destination.
    Egress {
        /// The stop.
        stop: u32,
    },
    /// The way without any ride.
    Direct,
}

/// A three-valued answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransitAnswer {
    /// Passable: a journey of known good parts arrives in time. Unknown: only one with parts nobody knows. Blocked:
    /// not even so.
    pub state: Passability,
    /// When the best journey of that state arrives, seconds of the service day; `None`: nobody arrives in time.
    pub arrive_s: Option<i32>,
    /// That journey; `None` where it has no ride, or where nobody arrives.
    pub journey: Option<Journey>,
    /// What nobody knows of it.
    pub undecided: Vec<Element>,
    /// What blocks it.
    pub blocking: Vec<Element>,
}

/// One timetable three times: with what is known to be accessible, with what may be, with everything.
#[derive(Clone, Debug)]
pub struct ThreeTimetables {
    /// By state, blocked first: stops, trips and footpaths of at least that state.
    timetables: [Timetable; 3],
    stops: Vec<Passability>,
    trips: Vec<Passability>,
    /// The best state of the ways between two stops that take so long.
    footpaths: BTreeMap<(u32, u32, i32), Passability>,
}

impl ThreeTimetables {
    /// Builds the three; the state in the options does not count.
    pub fn build(
        stops: &[StopInput],
        trips: &[TripInput],
        footpaths: &[Footpath],
        services: &Services,
        options: TimetableOptions,
    ) -> Result<Self, TransitError> {
        let build = |at_least| {
            Timetable::build(
                stops,
                trips,
                footpaths,
                services,
                TimetableOptions { at_least, ..options },
            )
        };
        let [blocked, unknown, passable] = Passability::ALL;
        let mut states = BTreeMap::new();
        for path in footpaths {
            let state = states
                .entry((path.from, path.to, seconds(path.seconds)))
                .or_insert(path.state);
            *state = path.state.or(*state);
        }
        Ok(Self {
            timetables: [build(blocked)?, build(unknown)?, build(passable)?],
            stops: stops.iter().map(|stop| stop.wheelchair).collect(),
            trips: trips.iter().map(|trip| trip.wheelchair).collect(),
            footpaths: states,
        })
    }

    /// The timetable of everything of at least a state.
    #[must_use]
    pub const fn of(&self, at_least: Passability) -> &Timetable {
        &self.timetables[at_least as usize]
    }

    /// Whether a destination is reached within so many seconds of leaving. Legs of each state may be given; `direct`
    /// are the ways without any ride (seconds and state).
    #[must_use]
    pub fn answer(
        &self,
        query: &Query<'_>,
        egress: &[AccessLeg],
        direct: &[(u32, Passability)],
        within_s: u32,
        rounds: &mut Rounds,
    ) -> TransitAnswer {
        let latest = query.departure_s.saturating_add(seconds(within_s));
        for state in [Passability::Passable, Passability::Unknown, Passability::Blocked] {
            let on_foot = direct.iter().filter(|way| way.1 >= state);
            let on_foot = on_foot
                .map(|way| (query.departure_s.saturating_add(seconds(way.0)), way.1))
                .min_by_key(|way| way.0);
            let arrivals = earliest(self.of(state), query, rounds);
            let by_ride = arrivals.through(egress);
            let arrive_s = by_ride.into_iter().chain(on_foot.map(|way| way.0)).min();
            let Some(arrive_s) = arrive_s.filter(|&at| at <= latest) else {
                continue;
            };
            let journey = arrivals
                .journey_through(egress)
                .filter(|journey| journey.arrive_s == arrive_s);
            let parts = match (&journey, on_foot) {
                (Some(journey), _) => self.parts(journey, query, egress),
                (None, Some(way)) => vec![(Element::Direct, way.1)],
                (None, None) => Vec::new(),
            };
            let of = |wanted: Passability| {
                let mut elements: Vec<Element> = parts
                    .iter()
                    .filter(|part| part.1 == wanted)
                    .map(|part| part.0)
                    .collect();
                elements.sort_unstable();
                elements.dedup();
                elements
            };
            let (undecided, blocking) = (of(Passability::Unknown), of(Passability::Blocked));
            return TransitAnswer {
                state,
                arrive_s: Some(arrive_s),
                journey,
                undecided: if state == Passability::Unknown {
                    undecided
                } else {
                    Vec::new()
                },
                blocking,
            };
        }
        TransitAnswer {
            state: Passability::Blocked,
            arrive_s: None,
            journey: None,
            undecided: Vec::new(),
            blocking: Vec::new(),
        }
    }

    /// The parts of a journey and what is known of them.
    fn parts(
        &self,
        journey: &Journey,
        query: &Query<'_>,
        egress: &[AccessLeg],
    ) -> Vec<(Element, Passability)> {
        let of =
            |states: &[Passability], number: u32| states.get(number as usize).copied().unwrap_or_default();
        let leg_state = |legs: &[AccessLeg], stop: u32, taken: i32| {
            let same = legs
                .iter()
                .filter(|leg| leg.stop == stop && seconds(leg.seconds) == taken);
            same.map(|leg| leg.state).max().unwrap_or_default()
        };
        let mut parts = Vec::new();
        for leg in &journey.legs {
            match *leg {
                JourneyLeg::Access { stop, seconds } => {
                    parts.push((Element::Access { stop }, leg_state(query.access, stop, seconds)));
                }
                JourneyLeg::Egress { stop, seconds } => {
                    parts.push((Element::Egress { stop }, leg_state(egress, stop, seconds)));
                }
                JourneyLeg::Walk { from, to, seconds } => {
                    let state = self
                        .footpaths
                        .get(&(from, to, seconds))
                        .copied()
                        .unwrap_or_default();
                    parts.push((Element::Footpath { from, to }, state));
                }
                JourneyLeg::Ride { trip, from, to, .. } => {
                    parts.push((Element::Trip { trip }, of(&self.trips, trip)));
                    parts.extend([from, to].map(|stop| (Element::Stop { stop }, of(&self.stops, stop))));
                }
            }
        }
        parts
    }
}
