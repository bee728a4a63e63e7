//! A timetable, built for one day and one kind of traveller.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::input::{Footpath, Frequency, Services, StopInput, TransitError, TripInput, check};
use super::patterns::{Key, Patterns, Run, key_of};
use crate::passability::Passability;
use crate::units::small;

const DAY_S: i32 = 86_400;
/// Vehicle calls a timetable may hold, frequencies told out.
const MOST_CALLS: usize = 50_000_000;

/// How trips without exact times are treated.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FrequencyRule {
    /// Somebody who comes at any moment waits this share of the headway: 0.5 is the expected wait for vehicles evenly
    /// spaced, 1 the worst, 0 the best. Vehicles come from the start to the end of the frequency.
    Wait {
        /// Share of the headway, 0 to 1.
        share: f64,
    },
    /// As if the times were exact, the first vehicle leaving at the start.
    Exact,
}

/// How a timetable is built.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TimetableOptions {
    /// Stops, trips and footpaths of less than this state are left out: [`Passability::Blocked`] takes all (somebody
    /// on foot), [`Passability::Passable`] only what is known to be accessible.
    pub at_least: Passability,
    /// How trips without exact times are treated.
    pub frequency: FrequencyRule,
    /// Least time between two vehicles at one stop, seconds.
    pub change_s: u32,
}

impl Default for TimetableOptions {
    fn default() -> Self {
        Self {
            at_least: Passability::Blocked,
            frequency: FrequencyRule::Wait { share: 0.5 },
            change_s: 0,
        }
    }
}

/// A trip that is repeated without exact times.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) trip: u32,
    pub(super) stops: Vec<u32>,
    pub(super) boards: Vec<[bool; 2]>,
    /// Arrival and departure after leaving the first stop.
    pub(super) times: Vec<[i32; 2]>,
    pub(super) windows: Vec<WindowOfLine>,
}

/// When a line runs, and how long one waits for it; seconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct WindowOfLine {
    pub(super) start: i32,
    pub(super) end: i32,
    pub(super) wait: i32,
}

impl Line {
    /// When the vehicle that somebody catches who is at a call at a time left the first stop; `None`: none comes.
    pub(super) fn catch(&self, call: usize, ready_s: i32) -> Option<i32> {
        let offset = self.times[call][1];
        let mut best: Option<i32> = None;
        for window in &self.windows {
            // In terms of the first stop: who comes before the first vehicle waits for it, and then as everybody.
            let since = ready_s.saturating_sub(offset);
            if since < window.end {
                let leaves = since.max(window.start) + window.wait;
                best = Some(best.map_or(leaves, |best| best.min(leaves)));
            }
        }
        best
    }
}

/// Which pattern or line calls at a stop, and at which of its calls.
#[derive(Clone, Copy, Debug)]
pub(super) struct Visit {
    /// Patterns first, then lines.
    pub(super) route: u32,
    pub(super) call: u32,
}

/// A timetable: patterns of trips, lines without exact times, footpaths. Never changes once built.
#[derive(Clone, Debug)]
pub struct Timetable {
    stops: usize,
    pub(super) options: TimetableOptions,
    pub(super) usable: Vec<bool>,
    pub(super) patterns: Patterns,
    pub(super) lines: Vec<Line>,
    visits_from: Vec<u32>,
    visits: Vec<Visit>,
    footpaths_from: Vec<u32>,
    footpaths: Vec<(u32, i32)>,
}

impl Timetable {
    /// Builds the timetable of a day. Trips without two calls carry nobody and are left out.
    pub fn build(
        stops: &[StopInput],
        trips: &[TripInput],
        footpaths: &[Footpath],
        services: &Services,
        options: TimetableOptions,
    ) -> Result<Self, TransitError> {
        check(stops.len(), trips, footpaths, services)?;
        let wait_share = match options.frequency {
            FrequencyRule::Wait { share } if !(0.0..=1.0).contains(&share) => {
                return Err(TransitError::WaitShare(share.to_string()));
            }
            FrequencyRule::Wait { share } => Some(share),
            FrequencyRule::Exact => None,
        };
        let mut runs: BTreeMap<Key, Vec<Run>> = BTreeMap::new();
        let (mut lines, mut calls) = (Vec::new(), 0_usize);
        for (number, trip) in trips.iter().enumerate() {
            if trip.wheelchair < options.at_least || trip.calls.len() < 2 {
                continue;
            }
            let days = days(services, trip);
            let (even, exact): (Vec<&Frequency>, Vec<&Frequency>) = trip
                .frequencies
                .iter()
                .partition(|frequency| wait_share.is_some() && !frequency.exact);
            if let Some(line) = line(small(number), trip, &even, &days, wait_share.unwrap_or(0.0)) {
                lines.push(line);
            }
            let departures = departures(trip, &exact, &days, &mut calls)?;
            if !departures.is_empty() {
                let lane = runs.entry(key_of(&trip.calls)).or_default();
                lane.extend(
                    departures
                        .into_iter()
                        .map(|shift| run(small(number), trip, shift)),
                );
            }
        }
        let usable = stops
            .iter()
            .map(|stop| stop.wheelchair >= options.at_least)
            .collect();
        let mut timetable = Self {
            stops: stops.len(),
            options,
            usable,
            patterns: Patterns::of(runs),
            lines,
            visits_from: Vec::new(),
            visits: Vec::new(),
            footpaths_from: Vec::new(),
            footpaths: Vec::new(),
        };
        timetable.index_visits();
        timetable.index_footpaths(footpaths);
        Ok(timetable)
    }

    fn index_visits(&mut self) {
        let patterns = (0..self.patterns.count()).map(|pattern| self.patterns.stops(pattern));
        let routes = patterns.chain(self.lines.iter().map(|line| line.stops.as_slice()));
        let mut visits: Vec<(u32, Visit)> = Vec::new();
        for (route, stops) in routes.enumerate() {
            let calls = stops.iter().enumerate();
            visits.extend(calls.map(|(call, &stop)| {
                (
                    stop,
                    Visit {
                        route: small(route),
                        call: small(call),
                    },
                )
            }));
        }
        visits.sort_by_key(|(stop, visit)| (*stop, visit.route, visit.call));
        self.visits_from = rows(self.stops, visits.iter().map(|(stop, _)| *stop));
        self.visits = visits.into_iter().map(|(_, visit)| visit).collect();
    }

    fn index_footpaths(&mut self, footpaths: &[Footpath]) {
        let mut kept: Vec<&Footpath> = footpaths
            .iter()
            .filter(|path| path.state >= self.options.at_least && path.from != path.to)
            .collect();
        kept.sort_by_key(|path| (path.from, path.to, path.seconds));
        kept.dedup_by_key(|path| (path.from, path.to));
        self.footpaths_from = rows(self.stops, kept.iter().map(|path| path.from));
        self.footpaths = kept.iter().map(|path| (path.to, seconds(path.seconds))).collect();
    }

    /// The same stops with other patterns and lines, and every footpath the other way.
    pub(super) fn turned(&self, patterns: Patterns, lines: Vec<Line>) -> Self {
        let mut turned = Self {
            stops: self.stops,
            options: self.options,
            usable: self.usable.clone(),
            patterns,
            lines,
            visits_from: Vec::new(),
            visits: Vec::new(),
            footpaths_from: Vec::new(),
            footpaths: Vec::new(),
        };
        turned.index_visits();
        let mut footpaths: Vec<(u32, (u32, i32))> = Vec::with_capacity(self.footpaths.len());
        for from in 0..small(self.stops) {
            footpaths.extend(
                self.footpaths(from)
                    .iter()
                    .map(|&(to, seconds)| (to, (from, seconds))),
            );
        }
        footpaths.sort_unstable();
        turned.footpaths_from = rows(self.stops, footpaths.iter().map(|path| path.0));
        turned.footpaths = footpaths.into_iter().map(|path| path.1).collect();
        turned
    }

    /// Number of stops.
    #[must_use]
    pub const fn stop_count(&self) -> usize {
        self.stops
    }

    /// Number of patterns and lines: what one round of a search scans at most.
    #[must_use]
    pub const fn route_count(&self) -> usize {
        self.patterns.count() + self.lines.len()
    }

    /// Number of vehicles with exact times.
    #[must_use]
    pub const fn vehicle_count(&self) -> usize {
        self.patterns.trips.len()
    }

    /// What it was built for.
    #[must_use]
    pub const fn options(&self) -> TimetableOptions {
        self.options
    }

    pub(super) fn visits(&self, stop: u32) -> &[Visit] {
        let stop = stop as usize;
        &self.visits[self.visits_from[stop] as usize..self.visits_from[stop + 1] as usize]
    }

    pub(super) fn footpaths(&self, stop: u32) -> &[(u32, i32)] {
        let stop = stop as usize;
        &self.footpaths[self.footpaths_from[stop] as usize..self.footpaths_from[stop + 1] as usize]
    }
}

/// Seconds on foot as a signed number, at most ten days.
pub(super) fn seconds(seconds: u32) -> i32 {
    i32::try_from(seconds)
        .unwrap_or(i32::MAX)
        .min(super::input::MOST_S)
}

/// Where each row begins among entries sorted by row.
fn rows(count: usize, sorted: impl Iterator<Item = u32>) -> Vec<u32> {
    let mut from = vec![0_u32; count + 1];
    for row in sorted {
        from[row as usize + 1] += 1;
    }
    for row in 0..count {
        from[row + 1] += from[row];
    }
    from
}

/// By how much the trip's times are shifted on each day it runs.
fn days(services: &Services, trip: &TripInput) -> Vec<i32> {
    let runs = services
        .runs
        .get(trip.service as usize)
        .copied()
        .unwrap_or_default();
    [-DAY_S, 0, DAY_S]
        .into_iter()
        .zip(runs)
        .filter(|(_, runs)| *runs)
        .map(|(shift, _)| shift)
        .collect()
}

/// The shifts of a trip's own times at which a vehicle with exact times leaves.
fn departures(
    trip: &TripInput,
    exact: &[&Frequency],
    days: &[i32],
    calls: &mut usize,
) -> Result<Vec<i32>, TransitError> {
    if trip.frequencies.is_empty() {
        *calls += trip.calls.len() * days.len();
    }
    let first = trip.calls.first().map_or(0, |call| call.departure_s);
    let mut shifts = if trip.frequencies.is_empty() {
        days.to_vec()
    } else {
        Vec::new()
    };
    for &day in days {
        for frequency in exact {
            let mut leaves = frequency.start_s;
            while leaves < frequency.end_s {
                shifts.push(leaves - first + day);
                *calls += trip.calls.len();
                if *calls > MOST_CALLS {
                    return Err(TransitError::TooLarge {
                        what: "calls",
                        count: *calls,
                        most: MOST_CALLS,
                    });
                }
                leaves = leaves.saturating_add(frequency.headway_s);
            }
        }
    }
    Ok(shifts)
}

fn run(number: u32, trip: &TripInput, shift: i32) -> Run {
    let times = trip
        .calls
        .iter()
        .map(|call| [call.arrival_s + shift, call.departure_s + shift])
        .collect();
    Run { trip: number, times }
}

#[allow(clippy::cast_possible_truncation, reason = "a share of at most ten days")]
fn line(number: u32, trip: &TripInput, even: &[&Frequency], days: &[i32], wait_share: f64) -> Option<Line> {
    let first = trip.calls.first()?.departure_s;
    let windows: Vec<WindowOfLine> = days
        .iter()
        .flat_map(|day| even.iter().map(move |frequency| (day, frequency)))
        .map(|(day, frequency)| WindowOfLine {
            start: frequency.start_s + day,
            end: frequency.end_s + day,
            wait: (f64::from(frequency.headway_s) * wait_share).round() as i32,
        })
        .collect();
    (!windows.is_empty()).then(|| Line {
        trip: number,
        stops: trip.calls.iter().map(|call| call.stop).collect(),
        boards: trip
            .calls
            .iter()
            .map(|call| [call.pick_up, call.drop_off])
            .collect(),
        times: trip
            .calls
            .iter()
            .map(|call| [call.arrival_s - first, call.departure_s - first])
            .collect(),
        windows,
    })
}
