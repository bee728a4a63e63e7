//! What a timetable is made of. Times are seconds after noon minus 12 hours of the service day (GTFS), and may pass
//! 86 400.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::passability::Passability;
use crate::place::Position;

/// A place where vehicles stop.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StopInput {
    /// The caller's name of it.
    pub id: String,
    /// Where it is.
    pub position: Position,
    /// Whether one can board and alight by wheelchair ([`Passability::from_gtfs`] of `wheelchair_boarding`).
    pub wheelchair: Passability,
}

/// A vehicle at a stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// The stop, by its place among the stops.
    pub stop: u32,
    /// When it arrives, seconds.
    pub arrival_s: i32,
    /// When it leaves, seconds; not before it arrives.
    pub departure_s: i32,
    /// Whether one can get on.
    pub pick_up: bool,
    /// Whether one can get off.
    pub drop_off: bool,
}

impl Call {
    /// A call of no duration at which one can get on and off.
    #[must_use]
    pub const fn at(stop: u32, time_s: i32) -> Self {
        Self {
            stop,
            arrival_s: time_s,
            departure_s: time_s,
            pick_up: true,
            drop_off: true,
        }
    }
}

/// A part of the day in which a trip is repeated (GTFS `frequencies.txt`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frequency {
    /// When the first vehicle leaves the first stop, seconds.
    pub start_s: i32,
    /// No vehicle leaves the first stop at this time or later, seconds.
    pub end_s: i32,
    /// Seconds between vehicles, at least 1.
    pub headway_s: i32,
    /// Whether vehicles leave at exactly these times (`exact_times` = 1), or only this often (0).
    pub exact: bool,
}

/// A trip of a vehicle; with frequencies, the pattern of many.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TripInput {
    /// The caller's name of it.
    pub id: String,
    /// The service it runs on, by its place in [`Services`].
    pub service: u32,
    /// Whether the vehicle takes wheelchairs.
    pub wheelchair: Passability,
    /// Its calls in order; times known at every one.
    pub calls: Vec<Call>,
    /// When it is repeated. Empty: it runs once, at its own times. Else only the differences of its times count.
    pub frequencies: Vec<Frequency>,
}

/// A way on foot between two stops, in one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Footpath {
    /// From this stop.
    pub from: u32,
    /// To this one.
    pub to: u32,
    /// How long it takes.
    pub seconds: u32,
    /// Whether it can be passed.
    pub state: Passability,
}

/// Which services run on the day before, on the day itself and on the day after. Yesterday's trips may still be on
/// the road after midnight, and tomorrow's end tonight's journeys.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Services {
    /// By service: yesterday, today, tomorrow.
    pub runs: Vec<[bool; 3]>,
}

impl Services {
    /// So many services that all run today, and only today.
    #[must_use]
    pub fn all_today(count: usize) -> Self {
        Self {
            runs: vec![[false, true, false]; count],
        }
    }
}

/// An element that a timetable cannot take, and why.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TransitError {
    /// A stop that is not among the stops.
    #[error("{what} names stop {stop}, but there are {count} stops (numbered from 0)")]
    UnknownStop {
        /// Who names it.
        what: String,
        /// The stop.
        stop: u32,
        /// How many there are.
        count: usize,
    },
    /// A service that is not among the services.
    #[error("trip `{trip}` runs on service {service}, but there are {count} services (numbered from 0)")]
    UnknownService {
        /// The trip.
        trip: String,
        /// Its service.
        service: u32,
        /// How many there are.
        count: usize,
    },
    /// Times that run backwards, or further than ten days.
    #[error(
        "trip `{trip}`, call {call}: arrives at {arrival_s} s, leaves at {departure_s} s, after leaving the call before at {before_s} s; times must not run backwards nor pass ten days"
    )]
    Times {
        /// The trip.
        trip: String,
        /// The call, from 0.
        call: usize,
        /// When it arrives.
        arrival_s: i32,
        /// When it leaves.
        departure_s: i32,
        /// When the vehicle left the call before.
        before_s: i32,
    },
    /// A frequency that cannot be.
    #[error(
        "trip `{trip}`, frequency {frequency}: every {headway_s} s from {start_s} s to {end_s} s; give a headway of 1 s or more, and an end not before the start, both within ten days"
    )]
    Frequency {
        /// The trip.
        trip: String,
        /// The frequency, from 0.
        frequency: usize,
        /// Its headway.
        headway_s: i32,
        /// Its start.
        start_s: i32,
        /// Its end.
        end_s: i32,
    },
    /// A share of the headway that is none.
    #[error("wait share {0}; give a share of the headway from 0 to 1")]
    WaitShare(String),
    /// A window of departures that is none.
    #[error(
        "departures from {from_s} s until {until_s} s every {step_s} s; give a step of 1 s or more, at most 100 000 departures, within ten days"
    )]
    Window {
        /// First departure.
        from_s: i32,
        /// End, not itself a departure.
        until_s: i32,
        /// Time between departures.
        step_s: i32,
    },
    /// Times were asked of a network that counts distance.
    #[error("walking times need a network that counts time; this one counts distance")]
    CountsDistance,
    /// More than the indexes can number.
    #[error("{count} {what} are more than the {most} that one timetable can hold")]
    TooLarge {
        /// What there is too much of.
        what: &'static str,
        /// How many there are.
        count: usize,
        /// How many may be.
        most: usize,
    },
}

/// Ten days: no time of a timetable lies further from midnight.
pub(super) const MOST_S: i32 = 864_000;

pub(super) fn check(
    stops: usize,
    trips: &[TripInput],
    footpaths: &[Footpath],
    services: &Services,
) -> Result<(), TransitError> {
    let most = 1 << 28;
    let calls = trips.iter().map(|trip| trip.calls.len()).sum();
    for (what, count) in [
        ("stops", stops),
        ("trips", trips.len()),
        ("calls", calls),
        ("footpaths", footpaths.len()),
    ] {
        if count > most {
            return Err(TransitError::TooLarge { what, count, most });
        }
    }
    for trip in trips {
        check_trip(trip, stops, services)?;
    }
    for (number, footpath) in footpaths.iter().enumerate() {
        if let Some(stop) = [footpath.from, footpath.to]
            .into_iter()
            .find(|&stop| stop as usize >= stops)
        {
            return Err(TransitError::UnknownStop {
                what: format!("footpath {number}"),
                stop,
                count: stops,
            });
        }
    }
    Ok(())
}

fn check_trip(trip: &TripInput, stops: usize, services: &Services) -> Result<(), TransitError> {
    if trip.service as usize >= services.runs.len() {
        return Err(TransitError::UnknownService {
            trip: trip.id.clone(),
            service: trip.service,
            count: services.runs.len(),
        });
    }
    let mut before_s = -MOST_S;
    for (number, call) in trip.calls.iter().enumerate() {
        if call.stop as usize >= stops {
            let what = format!("trip `{}`, call {number},", trip.id);
            return Err(TransitError::UnknownStop {
                what,
                stop: call.stop,
                count: stops,
            });
        }
        if call.arrival_s < before_s || call.departure_s < call.arrival_s || call.departure_s > MOST_S {
            return Err(TransitError::Times {
                trip: trip.id.clone(),
                call: number,
                arrival_s: call.arrival_s,
                departure_s: call.departure_s,
                before_s,
            });
        }
        before_s = call.departure_s;
    }
    for (
        number,
        &Frequency {
            start_s,
            end_s,
            headway_s,
            ..
        },
    ) in trip.frequencies.iter().enumerate()
    {
        if headway_s < 1 || start_s < -MOST_S || end_s < start_s || end_s > MOST_S {
            let trip = trip.id.clone();
            return Err(TransitError::Frequency {
                trip,
                frequency: number,
                headway_s,
                start_s,
                end_s,
            });
        }
    }
    Ok(())
}
