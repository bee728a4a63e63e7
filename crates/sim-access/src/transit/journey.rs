//! The journey itself, from the labels a search left.

use serde::{Deserialize, Serialize};

use super::legs::AccessLeg;
use super::raptor::{Arrivals, NEVER, Ready};
use super::timetable::seconds;

/// A part of a journey. Stops and trips by their places in the input; times in seconds of the service day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum JourneyLeg {
    /// On foot from the origin to a stop.
    Access {
        /// The stop.
        stop: u32,
        /// How long it takes.
        seconds: i32,
    },
    /// On a vehicle.
    Ride {
        /// The trip.
        trip: u32,
        /// Where one gets on.
        from: u32,
        /// Where one gets off.
        to: u32,
        /// When the vehicle leaves (of a line without exact times: is expected to).
        depart_s: i32,
        /// When it arrives.
        arrive_s: i32,
    },
    /// On foot between stops.
    Walk {
        /// From this stop.
        from: u32,
        /// To this one.
        to: u32,
        /// How long it takes.
        seconds: i32,
    },
    /// On foot from a stop to the destination.
    Egress {
        /// The stop.
        stop: u32,
        /// How long it takes.
        seconds: i32,
    },
}

/// A journey.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Journey {
    /// When it arrives, seconds of the service day.
    pub arrive_s: i32,
    /// Its parts in order.
    pub legs: Vec<JourneyLeg>,
}

pub(super) fn trace(arrivals: &Arrivals<'_>, stop: u32) -> Option<Journey> {
    let (timetable, rounds) = (arrivals.timetable, arrivals.rounds);
    let arrive_s = arrivals.by_ride(stop)?;
    let label = |round: usize, stop: u32| round * rounds.stops + stop as usize;
    let mut legs = Vec::new();
    let (mut stop, mut round, mut at) = (stop, rounds.rides, arrive_s);
    loop {
        // The round in which the vehicle's arrival was first found: from there on it was only copied.
        round = (1..=round).find(|&round| rounds.ride[label(round, stop)] == at)?;
        let ride = rounds.ride_of[label(round, stop)];
        let route = ride.route as usize;
        let (board, alight) = (ride.board as usize, ride.alight as usize);
        let patterns = &timetable.patterns;
        let (trip, from, depart_s) = if route < patterns.count() {
            let (stops, vehicle) = (patterns.stops(route), usize::try_from(ride.vehicle).ok()?);
            let times = patterns.times(route);
            let trip = *patterns.trips(route).get(vehicle)?;
            (
                trip,
                *stops.get(board)?,
                times.get(vehicle * stops.len() + board)?[1],
            )
        } else {
            let line = timetable.lines.get(route - patterns.count())?;
            debug_assert_eq!(line.stops.get(alight), Some(&stop));
            (
                line.trip,
                *line.stops.get(board)?,
                ride.vehicle + line.times.get(board)?[1],
            )
        };
        legs.push(JourneyLeg::Ride {
            trip,
            from,
            to: stop,
            depart_s,
            arrive_s: at,
        });
        round -= 1;
        let ready = rounds.ready[label(round, from)];
        if ready == NEVER {
            return None;
        }
        round = (0..=round).find(|&round| rounds.ready[label(round, from)] == ready)?;
        match rounds.ready_by[label(round, from)] {
            Ready::Access => {
                let seconds = ready.saturating_sub(arrivals.departure_s);
                legs.push(JourneyLeg::Access { stop: from, seconds });
                break;
            }
            Ready::Ride => {
                stop = from;
                at = rounds.ride[label(round, stop)];
            }
            Ready::Walk(walked_from) => {
                at = rounds.ride[label(round, walked_from)];
                legs.push(JourneyLeg::Walk {
                    from: walked_from,
                    to: from,
                    seconds: ready - at,
                });
                stop = walked_from;
            }
        }
    }
    legs.reverse();
    Some(Journey { arrive_s, legs })
}

pub(super) fn trace_to(arrivals: &Arrivals<'_>, egress: &AccessLeg) -> Option<Journey> {
    let mut journey = trace(arrivals, egress.stop)?;
    let seconds = seconds(egress.seconds);
    journey.legs.push(JourneyLeg::Egress {
        stop: egress.stop,
        seconds,
    });
    journey.arrive_s = journey.arrive_s.saturating_add(seconds);
    Some(journey)
}
