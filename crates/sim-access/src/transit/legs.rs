//! Ways on foot to, from and between stops: along the street network, or straight with a detour factor.

use serde::{Deserialize, Serialize};

use super::input::{Footpath, StopInput, TransitError};
use crate::network::Snap;
use crate::parallel::in_order;
use crate::passability::Passability;
use crate::place::Position;
use crate::reach::{Start, Workspace, search};
use crate::travel::{Towards, Travel};
use crate::units::{Cost, Metric, small};

/// A way between a place and a stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessLeg {
    /// The stop, by its place among the stops.
    pub stop: u32,
    /// How long it takes.
    pub seconds: u32,
    /// Whether it can be passed.
    pub state: Passability,
}

/// Walking without a street network.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct StraightLine {
    /// The farthest one walks, metres on the ground (detour included).
    pub within_m: f64,
    /// Metres on the ground for a metre in the air; 1.3 is usual in grown cities.
    pub detour: f64,
    /// Speed, metres a second.
    pub speed_m_s: f64,
}

impl Default for StraightLine {
    fn default() -> Self {
        Self {
            within_m: 800.0,
            detour: 1.3,
            speed_m_s: 1.33,
        }
    }
}

impl StraightLine {
    fn seconds(&self, from: Position, to: Position) -> Option<u32> {
        let metres = from.distance_m(to) * self.detour.max(1.0);
        (self.speed_m_s > 0.0 && metres <= self.within_m)
            .then(|| whole_seconds(Metric::Time.cost(metres / self.speed_m_s)))
    }
}

/// Ways from a place to stops, as the crow flies times the detour. Whether a wheelchair can pass them nobody knows.
#[must_use]
pub fn straight_legs(place: Position, stops: &[StopInput], walking: &StraightLine) -> Vec<AccessLeg> {
    let legs = stops.iter().enumerate().filter_map(|(stop, input)| {
        let seconds = walking.seconds(place, input.position)?;
        Some(AccessLeg {
            stop: small(stop),
            seconds,
            state: Passability::Unknown,
        })
    });
    legs.collect()
}

/// Ways between stops, as the crow flies times the detour, in both directions.
#[must_use]
pub fn straight_footpaths(stops: &[StopInput], walking: &StraightLine) -> Vec<Footpath> {
    let mut by_lat: Vec<(f64, u32)> = (0..)
        .zip(stops)
        .map(|(number, stop)| (stop.position.lat, number))
        .collect();
    by_lat.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    // A degree of latitude is never less than this.
    let strip = walking.within_m / 110_500.0;
    let mut footpaths = Vec::new();
    for (at, &(lat, from)) in by_lat.iter().enumerate() {
        for &(_, to) in by_lat[at + 1..]
            .iter()
            .take_while(|(other, _)| other - lat <= strip)
        {
            let places = [from, to].map(|stop| stops[stop as usize].position);
            if let Some(seconds) = walking.seconds(places[0], places[1]) {
                let state = Passability::Unknown;
                footpaths.push(Footpath {
                    from,
                    to,
                    seconds,
                    state,
                });
                footpaths.push(Footpath {
                    from: to,
                    to: from,
                    seconds,
                    state,
                });
            }
        }
    }
    footpaths.sort_by_key(|path| (path.from, path.to));
    footpaths
}

/// Ways along streets from a place to stops within so many seconds, of at least a state. A stop may come several
/// times: by a way known to be passable, by a quicker one that nobody knows, and, where blocked ways are asked for, by
/// one that is quicker still and blocked.
pub fn network_legs(
    travel: &Travel,
    place: &Snap,
    stops: &[Option<Snap>],
    within_s: f64,
    at_least: Passability,
    workspace: &mut Workspace,
) -> Result<Vec<AccessLeg>, TransitError> {
    if travel.metric() != Metric::Time {
        return Err(TransitError::CountsDistance);
    }
    let limit = Metric::Time.cost(within_s);
    let mut legs: Vec<AccessLeg> = Vec::new();
    let mut sure = vec![Cost::MAX; stops.len()];
    let states = Passability::ALL.into_iter().rev();
    for state in states.filter(|state| *state >= at_least) {
        let reached = search(travel, state, &[Start::from(*place)], limit, workspace);
        for (stop, snap) in stops.iter().enumerate() {
            let Some(arrival) = snap.as_ref().and_then(|snap| reached.arrival(snap)) else {
                continue;
            };
            if arrival.cost < sure[stop] {
                sure[stop] = arrival.cost;
                legs.push(AccessLeg {
                    stop: small(stop),
                    seconds: whole_seconds(arrival.cost),
                    state,
                });
            }
        }
    }
    legs.sort_by_key(|leg| (leg.stop, leg.seconds));
    Ok(legs)
}

/// Ways along streets from stops to a place: what [`network_legs`] is at the end of a journey.
pub fn network_legs_towards(
    towards: &Towards,
    place: &Snap,
    stops: &[Option<Snap>],
    within_s: f64,
    at_least: Passability,
    workspace: &mut Workspace,
) -> Result<Vec<AccessLeg>, TransitError> {
    network_legs(towards.turned(), place, stops, within_s, at_least, workspace)
}

/// Ways along streets between all stops within so many seconds, of at least a state, on so many threads.
pub fn network_footpaths(
    travel: &Travel,
    stops: &[Option<Snap>],
    within_s: f64,
    at_least: Passability,
    threads: usize,
) -> Result<Vec<Footpath>, TransitError> {
    let rows = in_order(
        stops.len(),
        threads,
        Workspace::new,
        |workspace, from| match &stops[from] {
            Some(place) => network_legs(travel, place, stops, within_s, at_least, workspace),
            None => Ok(Vec::new()),
        },
    );
    let mut footpaths = Vec::new();
    for (from, legs) in rows.into_iter().enumerate() {
        let from = small(from);
        let others = legs?.into_iter().filter(|leg| leg.stop != from);
        footpaths.extend(others.map(|AccessLeg { stop, seconds, state }| Footpath {
            from,
            to: stop,
            seconds,
            state,
        }));
    }
    Ok(footpaths)
}

/// Begun seconds count.
const fn whole_seconds(milliseconds: Cost) -> u32 {
    milliseconds.div_ceil(1000)
}
