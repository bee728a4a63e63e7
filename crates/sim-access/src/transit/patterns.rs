//! Trips of one sequence of stops, in an order in which none overtakes another.

use std::collections::BTreeMap;

use super::input::Call;
use crate::units::small;

/// A vehicle's times along its pattern.
#[derive(Clone, Debug)]
pub(super) struct Run {
    /// The trip, by its place in the input.
    pub(super) trip: u32,
    /// Arrival and departure at each call.
    pub(super) times: Vec<[i32; 2]>,
}

/// What two trips must share to stand in one pattern: the stops, and where one gets on and off.
pub(super) type Key = Vec<(u32, bool, bool)>;

pub(super) fn key_of(calls: &[Call]) -> Key {
    calls
        .iter()
        .map(|call| (call.stop, call.pick_up, call.drop_off))
        .collect()
}

/// Patterns with their trips laid end to end.
#[derive(Clone, Debug, Default)]
pub(super) struct Patterns {
    /// Where each pattern's stops begin; one more at the end.
    pub(super) stops_from: Vec<u32>,
    pub(super) stops: Vec<u32>,
    /// Whether one can get on and off there.
    pub(super) boards: Vec<[bool; 2]>,
    /// Where each pattern's trips begin; one more at the end.
    pub(super) trips_from: Vec<u32>,
    pub(super) trips: Vec<u32>,
    /// Where each pattern's times begin: trip after trip, call after call.
    pub(super) times_from: Vec<u32>,
    pub(super) times: Vec<[i32; 2]>,
}

impl Patterns {
    /// Sorts runs into patterns. Runs that would overtake another get a pattern of their own, so that in each pattern
    /// the first vehicle that can be caught is the best (Delling, Pajor, Werneck 2012, section 3.1).
    pub(super) fn of(by_key: BTreeMap<Key, Vec<Run>>) -> Self {
        let mut all = Self {
            stops_from: vec![0],
            trips_from: vec![0],
            times_from: vec![0],
            ..Self::default()
        };
        for (key, mut runs) in by_key {
            runs.sort_by(|a, b| a.times.cmp(&b.times).then(a.trip.cmp(&b.trip)));
            let mut lanes: Vec<Vec<Run>> = Vec::new();
            for run in runs {
                let follows = |lane: &&mut Vec<Run>| {
                    lane.last().is_some_and(|last| {
                        last.times
                            .iter()
                            .zip(&run.times)
                            .all(|(a, b)| a[0] <= b[0] && a[1] <= b[1])
                    })
                };
                match lanes.iter_mut().find(follows) {
                    Some(lane) => lane.push(run),
                    None => lanes.push(vec![run]),
                }
            }
            for lane in lanes {
                all.stops.extend(key.iter().map(|call| call.0));
                all.boards.extend(key.iter().map(|call| [call.1, call.2]));
                all.stops_from.push(small(all.stops.len()));
                for run in lane {
                    all.trips.push(run.trip);
                    all.times.extend(run.times);
                }
                all.trips_from.push(small(all.trips.len()));
                all.times_from.push(small(all.times.len()));
            }
        }
        all
    }

    pub(super) const fn count(&self) -> usize {
        self.trips_from.len().saturating_sub(1)
    }

    pub(super) fn stops(&self, pattern: usize) -> &[u32] {
        &self.stops[self.range(pattern)]
    }

    pub(super) fn boards(&self, pattern: usize) -> &[[bool; 2]] {
        &self.boards[self.range(pattern)]
    }

    pub(super) fn trips(&self, pattern: usize) -> &[u32] {
        &self.trips[self.range_of_trips(pattern)]
    }

    pub(super) fn times(&self, pattern: usize) -> &[[i32; 2]] {
        &self.times[self.range_of_times(pattern)]
    }

    pub(super) fn range_of_trips(&self, pattern: usize) -> std::ops::Range<usize> {
        self.trips_from[pattern] as usize..self.trips_from[pattern + 1] as usize
    }

    pub(super) fn range_of_times(&self, pattern: usize) -> std::ops::Range<usize> {
        self.times_from[pattern] as usize..self.times_from[pattern + 1] as usize
    }

    pub(super) fn range(&self, pattern: usize) -> std::ops::Range<usize> {
        self.stops_from[pattern] as usize..self.stops_from[pattern + 1] as usize
    }
}
