//! The verb that changes how often a line runs, and when.

use std::sync::Arc;

use super::city::{called, grouped, made};
use super::expand::Expansion;
use super::plan::{Copy, Headway, Hours};
use super::timetable::{BaseHours, BaseTrip};
use crate::catalogue::Operand;

/// The most trips that one measure adds.
const MOST_COPIES: usize = 20_000;

impl Expansion<'_> {
    pub(super) fn headway(
        &mut self,
        routes: &Operand,
        headway_min: &Operand,
        from: &Operand,
        until: &Operand,
        extend: bool,
    ) {
        let (Some(minutes), Some(from_s), Some(until_s)) =
            (self.number(headway_min), self.time(from), self.time(until))
        else {
            return;
        };
        if from_s >= until_s {
            self.wrong(
                "with.until",
                "the window ends before it begins",
                "give a later time; past midnight, as 25:00",
            );
            return;
        }
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the catalogue holds it from half a minute to a day"
        )]
        let every_s = ((minutes * 60.0).round() as u32).max(1);
        let window = Headway {
            from_s,
            until_s,
            every_s,
            extend,
        };
        let routes = self.named(routes);
        let Some(timetable) = self.timetable() else { return };
        for route in routes.iter() {
            self.plan.uses.insert(route.entity.id.clone());
            self.plan.headways.push(Hours {
                route: route.entity.id.clone(),
                from_s,
                until_s,
            });
            let ids = timetable.of_route(&route.entity.id);
            if ids.is_empty() {
                self.no_trips(route);
                continue;
            }
            let trips: Vec<Arc<BaseTrip>> = ids.iter().filter_map(|id| timetable.trip(id)).collect();
            let (repeated, single): (Vec<_>, Vec<_>) = trips.iter().partition(|trip| !trip.hours.is_empty());
            let mut changed = 0;
            let mut today = Today::default();
            for trip in &repeated {
                for hours in trip.hours.iter().filter(|hours| window.meets(hours)) {
                    today.take(hours.headway_s);
                }
                if changes_hours(trip, window) {
                    changed += 1;
                    self.plan.trip(trip).hours = Some(window);
                }
            }
            let groups = grouped(single.into_iter().filter_map(|trip| {
                // Both directions, and lines that say none, by where they start.
                let first = trip.calls.first()?.stop.clone();
                let way = trip
                    .direction
                    .clone()
                    .unwrap_or_else(|| first.as_str().to_owned());
                Some((
                    (trip.service.clone(), way),
                    (trip.leaves_s()?, trip.id.clone(), Arc::clone(trip)),
                ))
            }));
            for mut group in groups.into_values() {
                group.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
                let departures: Vec<(u32, Arc<BaseTrip>)> = group
                    .into_iter()
                    .map(|(leaves, _, trip)| (leaves, trip))
                    .collect();
                today.read(&departures, window);
                changed += self.copy(&departures, window);
            }
            let line = called(&route.entity);
            let every = in_minutes(every_s);
            match (changed, today.0) {
                (0, _) if extend => self.warn(format!("{line} runs in all of the window already")),
                (0, None) => self.warn(format!("{line} does not run in the window: nothing changes")),
                (0, Some(_)) => self.warn(format!(
                    "{line} runs every {today} in the window today: a vehicle every {every} changes nothing"
                )),
                // Single trips are never taken away.
                (_, Some((least_s, _))) if !extend && least_s < every_s && !repeated.is_empty() => self.warn(format!(
                    "{line} runs every {today} in the window today, and would run every {every}: less often"
                )),
                _ => {}
            }
        }
    }

    /// Adds copies of trips that stand singly; how many.
    fn copy(&mut self, departures: &[(u32, Arc<BaseTrip>)], window: Headway) -> usize {
        let mut count = 0;
        for (at_s, like) in new_departures(departures, window) {
            if self.copies >= MOST_COPIES {
                if self.copies == MOST_COPIES {
                    self.copies += 1; // told once
                    let what = format!("more than {MOST_COPIES} trips would be added");
                    self.wrong("with.headway_min", what, "give a longer headway");
                }
                break;
            }
            let Some(leaves_s) = like.leaves_s() else { continue };
            let time = clock(at_s);
            let id = made("GtfsTrip", &self.measure.name, &[like.id.local(), &time]);
            let shift_s = i64::from(at_s) - i64::from(leaves_s);
            self.plan.trip(&like).copies.push(Copy { id, shift_s });
            self.copies += 1;
            count += 1;
        }
        count
    }
}

/// How often a line runs in a window today: the least and the greatest headway, in seconds; none: it does not.
#[derive(Clone, Copy, Default)]
struct Today(Option<(u32, u32)>);

impl Today {
    fn take(&mut self, headway_s: u32) {
        let (least, most) = self.0.unwrap_or((headway_s, headway_s));
        self.0 = Some((least.min(headway_s), most.max(headway_s)));
    }

    /// The gaps between departures that lie in the window.
    fn read(&mut self, departures: &[(u32, Arc<BaseTrip>)], window: Headway) {
        for pair in departures.windows(2) {
            if let [(before_s, _), (after_s, _)] = pair
                && window.from_s <= *before_s
                && *after_s < window.until_s
                && after_s > before_s
            {
                self.take(after_s - before_s);
            }
        }
    }
}

impl std::fmt::Display for Today {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            None => f.write_str("never"),
            Some((least, most)) if least == most => f.write_str(&in_minutes(least)),
            Some((least, most)) => write!(f, "{} to {}", in_minutes(least), in_minutes(most)),
        }
    }
}

/// Seconds as minutes, to the tenth.
fn in_minutes(seconds: u32) -> String {
    format!("{} min", (f64::from(seconds) / 6.0).round() / 10.0)
}

impl Headway {
    /// Whether hours and window have an instant in common.
    fn meets(self, hours: &BaseHours) -> bool {
        hours.start_s < self.until_s && self.from_s < hours.end_s
    }
}

/// Whether a window makes anything else of a trip's hours.
fn changes_hours(trip: &BaseTrip, window: Headway) -> bool {
    if window.extend {
        // Something of the window is not in the hours.
        let mut at = window.from_s;
        for hours in &trip.hours {
            if hours.start_s > at {
                break;
            }
            at = at.max(hours.end_s);
        }
        return at < window.until_s;
    }
    let mut hours = trip.hours.iter();
    hours.any(|hours| window.meets(hours) && hours.headway_s != window.every_s)
}

/// New departures of one direction, each with the trip that it is like. `departures` are in order.
fn new_departures(departures: &[(u32, Arc<BaseTrip>)], window: Headway) -> Vec<(u32, Arc<BaseTrip>)> {
    let Headway {
        from_s,
        until_s,
        every_s,
        extend,
    } = window;
    let mut new = Vec::new();
    let (Some((first_s, first)), Some((last_s, last))) = (departures.first(), departures.last()) else {
        return new;
    };
    if extend {
        let early = (from_s..until_s.min(*first_s)).step_by(every_s as usize);
        new.extend(early.map(|at| (at, Arc::clone(first))));
        let late = (from_s.max(last_s.saturating_add(every_s))..until_s).step_by(every_s as usize);
        new.extend(late.map(|at| (at, Arc::clone(last))));
        return new;
    }
    for pair in departures.windows(2) {
        let [(before_s, like), (after_s, _)] = pair else {
            continue;
        };
        let gap = after_s - before_s;
        let parts = gap.div_ceil(every_s).max(1);
        for part in 1..parts {
            #[allow(clippy::cast_possible_truncation, reason = "a part of the gap")]
            let at = before_s + (u64::from(gap) * u64::from(part) / u64::from(parts)) as u32;
            if (from_s..until_s).contains(&at) {
                new.push((at, Arc::clone(like)));
            }
        }
    }
    new
}

/// `HH:MM:SS` of a service day.
pub(super) fn clock(seconds: u32) -> String {
    format!(
        "{:02}:{:02}:{:02}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    )
}

/// `HH:MM:SS` of whole seconds; what would lie before the service day is its beginning.
pub(super) fn clock_of(seconds: i64) -> String {
    clock(u32::try_from(seconds.max(0)).unwrap_or(u32::MAX))
}
