//! What several measures make of one trip, whatever their order: its calls, their times and numbers, and its hours.

use std::collections::BTreeMap;

use ngsi_ld::Uri;

use super::plan::{Headway, Insertion, TripChange};
use super::timetable::BaseTrip;

/// At most so much of a leg's run time is saved.
const MOST_SAVED: f64 = 0.9;

/// Which call of a trip.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    /// Of the baseline, by its place.
    Base(usize),
    /// Of a measure, by its name.
    New(String),
}

/// A call as it is afterwards.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Call {
    pub(super) key: Key,
    pub(super) stop: Uri,
    pub(super) sequence: i64,
    /// Arrival and departure in whole seconds.
    pub(super) times: Option<(i64, i64)>,
    /// The distance along the shape, where the calls beside it have one.
    pub(super) far: Option<f64>,
}

/// The calls of a trip with these changes.
pub(super) fn calls(base: &BaseTrip, changes: &[&TripChange]) -> Vec<Call> {
    let mut insertions: Vec<&Insertion> = changes.iter().filter_map(|change| change.call.as_ref()).collect();
    insertions.sort_by(|a, b| {
        a.leg
            .cmp(&b.leg)
            .then(a.fraction.total_cmp(&b.fraction))
            .then(a.measure.cmp(&b.measure))
    });
    // Two measures that give lanes to the same street save its time once.
    let mut savings: BTreeMap<usize, BTreeMap<&Uri, f64>> = BTreeMap::new();
    for ((leg, street), share) in changes.iter().flat_map(|change| &change.savings) {
        savings.entry(*leg).or_default().insert(street, *share);
    }
    let mut insertions = insertions.into_iter().peekable();
    let mut calls = Vec::with_capacity(base.calls.len() + 1);
    let mut inserted = 0;
    // When the vehicle leaves, in seconds.
    let mut leaves = 0.0;
    for (index, call) in base.calls.iter().enumerate() {
        let was = base.times.as_ref().and_then(|times| times.get(index).copied());
        let arrives = match (was, index.checked_sub(1)) {
            (Some((arrival, _)), None) => Some(arrival),
            (Some((arrival, _)), Some(leg)) => {
                let before = base
                    .times
                    .as_ref()
                    .and_then(|times| times.get(leg))
                    .map_or(arrival, |time| time.1);
                let saved: f64 = savings.get(&leg).map_or(0.0, |streets| streets.values().sum());
                let run = (arrival - before) * (1.0 - saved.min(MOST_SAVED));
                let mut later = 0.0;
                while let Some(insertion) = insertions.next_if(|it| it.leg == leg) {
                    inserted += 1;
                    let arrival = leaves + insertion.fraction * run + later + insertion.detour_s / 2.0;
                    calls.push(new_call(base, insertion, inserted, Some(arrival)));
                    later += insertion.detour_s + insertion.dwell_s;
                }
                Some(leaves + run + later)
            }
            (None, leg) => {
                while let Some(insertion) = insertions.next_if(|it| Some(it.leg) == leg) {
                    inserted += 1;
                    calls.push(new_call(base, insertion, inserted, None));
                }
                None
            }
        };
        let times = arrives.zip(was).map(|(arrives, (arrival, departure))| {
            leaves = arrives + (departure - arrival);
            (whole(arrives), whole(leaves))
        });
        calls.push(Call {
            key: Key::Base(index),
            stop: call.stop.clone(),
            sequence: call.sequence + inserted,
            times,
            far: call.far,
        });
    }
    calls
}

fn new_call(base: &BaseTrip, insertion: &Insertion, inserted: i64, arrival: Option<f64>) -> Call {
    let far = |index: usize| base.calls.get(index).and_then(|call| call.far);
    Call {
        key: Key::New(insertion.measure.clone()),
        stop: insertion.stop.clone(),
        sequence: base.calls.get(insertion.leg).map_or(0, |call| call.sequence) + inserted,
        times: arrival.map(|arrival| (whole(arrival), whole(arrival + insertion.dwell_s))),
        far: far(insertion.leg)
            .zip(far(insertion.leg + 1))
            .map(|(from, to)| from + insertion.fraction * (to - from)),
    }
}

#[allow(clippy::cast_possible_truncation, reason = "seconds of a few days")]
fn whole(seconds: f64) -> i64 {
    seconds.round() as i64
}

/// Hours of a trip as they are afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// The GtfsFrequency of the baseline that goes on as this; none: it is new.
    pub(super) of: Option<usize>,
    /// The one of which it is a part; none: hours in which the line did not run.
    pub(super) like: Option<usize>,
    /// What names it: when it was cut off.
    pub(super) cut_s: u32,
    pub(super) start_s: u32,
    pub(super) end_s: u32,
    pub(super) headway_s: u32,
}

/// The hours of a trip with these windows, which do not overlap.
pub(super) fn hours(base: &BaseTrip, changes: &[&TripChange]) -> Vec<Piece> {
    let mut windows: Vec<Headway> = changes.iter().filter_map(|change| change.hours).collect();
    windows.sort_by_key(|window| (window.from_s, window.until_s));
    let mut pieces = Vec::new();
    for (index, was) in base.hours.iter().enumerate() {
        let inner = windows.iter().filter(|window| !window.extend);
        let mut cuts: Vec<u32> = inner
            .clone()
            .flat_map(|window| [window.from_s, window.until_s])
            .filter(|cut| (was.start_s + 1..was.end_s).contains(cut))
            .collect();
        cuts.sort_unstable();
        cuts.dedup();
        let ends = cuts.iter().copied().chain([was.end_s]);
        let starts = std::iter::once(was.start_s).chain(cuts.iter().copied());
        for (cut_s, end_s) in starts.zip(ends) {
            let window = inner.clone().find(|it| it.from_s <= cut_s && cut_s < it.until_s);
            let mut start_s = cut_s;
            if window.is_none() && was.exact {
                // Departures at exact times stay where they were.
                start_s = was.start_s + (cut_s - was.start_s).div_ceil(was.headway_s) * was.headway_s;
            }
            if start_s < end_s {
                pieces.push(Piece {
                    of: (cut_s == was.start_s).then_some(index),
                    like: Some(index),
                    cut_s,
                    start_s,
                    end_s,
                    headway_s: window.map_or(was.headway_s, |it| it.every_s),
                });
            }
        }
    }
    for window in windows.iter().filter(|window| window.extend) {
        // The gaps between the hours of the baseline.
        let mut at = window.from_s;
        let mut gap = |from: u32, to: u32| {
            if from < to {
                pieces.push(Piece {
                    of: None,
                    like: None,
                    cut_s: from,
                    start_s: from,
                    end_s: to,
                    headway_s: window.every_s,
                });
            }
        };
        for was in &base.hours {
            gap(at, was.start_s.min(window.until_s));
            at = at.max(was.end_s);
        }
        gap(at, window.until_s);
    }
    pieces
}
