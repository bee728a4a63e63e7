//! The timetable walked backwards: who must leave where, and when, to arrive in time.
//!
//! Leaving every home at eight and arriving at a clinic by half past is the same set of homes as one search backwards
//! from all clinics at half past, asked which homes may leave at eight or later. So one search takes the place of one
//! for each home. Times are negated, calls and footpaths run the other way, getting on and off change places; the
//! search itself is RAPTOR as it is.
//!
//! A trip without exact times makes its passengers wait once for each boarding. Forwards, somebody ready at a call
//! (in terms of the first stop: at `r < end`) rides on a vehicle that left the first stop at
//! `max(r, start) + wait`. Backwards, somebody who must be on a vehicle that left by `x` must be ready by
//! `min(x - wait, end - 1)`, and cannot unless `x - wait >= start`. With times negated that is a window of the same
//! form, from `1 - end - wait` until `1 - start - wait`: the wait is the same in both directions.

use super::legs::AccessLeg;
use super::patterns::Patterns;
use super::raptor::{Arrivals, Query, Rounds, earliest};
use super::timetable::{Line, Timetable, WindowOfLine};

/// A timetable walked backwards.
#[derive(Clone, Debug)]
pub struct Reversed {
    turned: Timetable,
}

impl Reversed {
    /// Turns a timetable round.
    #[must_use]
    pub fn of(timetable: &Timetable) -> Self {
        Self {
            turned: timetable.reversed(),
        }
    }

    /// Number of stops.
    #[must_use]
    pub const fn stop_count(&self) -> usize {
        self.turned.stop_count()
    }

    /// The latest moments at which one must be at stops to arrive by a time at one of the destinations that `egress`
    /// leads to (ways from stops to the nearest of them), with at most so many rides.
    pub fn latest<'r>(
        &'r self,
        egress: &[AccessLeg],
        arrive_by_s: i32,
        max_rides: usize,
        rounds: &'r mut Rounds,
    ) -> Latest<'r> {
        let query = Query {
            access: egress,
            departure_s: arrive_by_s.saturating_neg(),
            max_rides,
        };
        Latest {
            arrivals: earliest(&self.turned, &query, rounds),
        }
    }
}

/// What a search backwards found.
#[derive(Clone, Copy, Debug)]
pub struct Latest<'r> {
    arrivals: Arrivals<'r>,
}

impl Latest<'_> {
    /// The latest moment, seconds of the service day, at which somebody at a stop who boards a vehicle there still
    /// arrives in time. `None`: nobody does who boards there.
    #[must_use]
    pub fn boarding(&self, stop: u32) -> Option<i32> {
        self.arrivals.by_ride(stop).map(i32::saturating_neg)
    }
}

impl Patterns {
    fn reversed(&self) -> Self {
        let mut turned = self.clone();
        for pattern in 0..self.count() {
            let (stops, times) = (self.range(pattern), self.range_of_times(pattern));
            let (calls, trips) = (stops.len(), self.range_of_trips(pattern));
            turned.stops[stops.clone()].reverse();
            turned.boards[stops.clone()].reverse();
            for boards in &mut turned.boards[stops] {
                boards.swap(0, 1);
            }
            // The last vehicle comes first, and every vehicle's last call: both are one turn of the whole.
            turned.trips[trips].reverse();
            let times = &mut turned.times[times];
            times.reverse();
            for [arrival, departure] in times.iter_mut() {
                (*arrival, *departure) = (-*departure, -*arrival);
            }
            debug_assert_eq!(times.len() % calls.max(1), 0);
        }
        turned
    }
}

impl Line {
    fn reversed(&self) -> Self {
        Self {
            trip: self.trip,
            stops: self.stops.iter().rev().copied().collect(),
            boards: self.boards.iter().rev().map(|&[on, off]| [off, on]).collect(),
            times: self
                .times
                .iter()
                .rev()
                .map(|&[arrival, departure]| [-departure, -arrival])
                .collect(),
            windows: self
                .windows
                .iter()
                .map(|window| WindowOfLine {
                    start: 1 - window.end - window.wait,
                    end: 1 - window.start - window.wait,
                    wait: window.wait,
                })
                .collect(),
        }
    }
}

impl Timetable {
    fn reversed(&self) -> Self {
        let lines = self.lines.iter().map(Line::reversed).collect();
        self.turned(self.patterns.reversed(), lines)
    }
}
