//! Which lines would take people on wheels to a clinic, if one could get on and off.

use std::collections::{BTreeMap, BTreeSet};

use super::scout::{By, Scout};
use super::{MINUTES, STOP_WITHIN_M};
use crate::gtfs::{SPEED_M_S, STOP_S};
use crate::transit::{Line, STOP_EVERY_M, Stop};

/// Metres a second on wheels, and how far they go to a stop.
const ROLLING_M_S: f64 = 1.0;
const ROLLING_TO_STOP_M: f64 = 800.0;

/// What it takes to go to a clinic by bus on wheels: a stop one gets to, a bus one gets into, and a stop from which
/// one gets to a clinic, all in time. Changing between lines is left out.
pub(super) struct Rides<'a> {
    /// From where one gets to each stop, and how far it is from there to a clinic; both in metres.
    stops: BTreeMap<&'a str, (BTreeMap<usize, f64>, Option<f64>)>,
    /// From where one needs no bus.
    there: BTreeSet<usize>,
}

impl<'a> Rides<'a> {
    pub(super) fn new(scout: &Scout<'a>) -> Self {
        let none = BTreeSet::new();
        let by = By::Wheels(&none);
        let mut clinics: BTreeMap<usize, f64> = BTreeMap::new();
        for clinic in scout.clinics().filter(|it| it.wheelchair == "yes") {
            for (node, away) in scout.around(clinic.at, MINUTES * 60.0 * ROLLING_M_S, by, &none) {
                let least = clinics.entry(node).or_insert(away);
                *least = least.min(away);
            }
        }
        let mut stops = BTreeMap::new();
        for stop in scout.city.lines.iter().flat_map(|line| &line.stops) {
            stops.entry(stop.id.as_str()).or_insert_with(|| {
                let near = scout.around(stop.at, ROLLING_TO_STOP_M, by, &none);
                let clinic = near
                    .iter()
                    .filter_map(|(node, away)| Some(away + clinics.get(node)?))
                    .min_by(f64::total_cmp);
                (near, clinic)
            });
        }
        Self {
            stops,
            there: clinics.into_keys().collect(),
        }
    }

    /// From where a line takes one to a clinic in time, if it runs so often and these of its stops are step-free.
    fn from(&self, line: &Line, headway_min: f64, step_free: impl Fn(&Stop) -> bool) -> BTreeSet<usize> {
        let calls: Vec<_> = line
            .stops
            .iter()
            .filter(|stop| step_free(stop))
            .map(|stop| (stop, &self.stops[stop.id.as_str()]))
            .collect();
        let wait_s = headway_min * 30.0;
        let mut reached = BTreeSet::new();
        for (on, (near, _)) in &calls {
            let rest_s = calls
                .iter()
                .filter(|(off, _)| off.id != on.id)
                .filter_map(|(off, (_, clinic))| {
                    let ride_m = (off.along_m - on.along_m).abs();
                    let stands_s = STOP_S * ride_m / STOP_EVERY_M;
                    Some(ride_m / SPEED_M_S + stands_s + (*clinic)? / ROLLING_M_S)
                });
            let Some(rest_s) = rest_s.min_by(f64::total_cmp) else {
                continue;
            };
            let left_m = (MINUTES * 60.0 - wait_s - rest_s) * ROLLING_M_S;
            let in_time = near.iter().filter(|(_, away)| **away <= left_m);
            reached.extend(
                in_time
                    .map(|(&node, _)| node)
                    .filter(|node| !self.there.contains(node)),
            );
        }
        reached
    }
}

/// The lines that take wheelchairs, first the one whose people on wheels would gain most from half the wait; of
/// equals, the one with most people waiting.
pub(super) fn busiest<'a>(scout: &Scout<'a>, rides: &Rides) -> Vec<&'a Line> {
    let lines = scout.city.lines.iter().filter(|line| line.wheelchair == 1);
    let mut lines: Vec<(f64, f64, &Line)> = lines
        .map(|line| {
            let headway = f64::from(line.headway_min);
            let reached = |headway: f64| {
                let nodes = rides.from(line, headway, |stop| stop.wheelchair == 1);
                scout.count(&nodes)
            };
            let stops = line.stops.iter().map(|stop| stop.at);
            let people = scout.count(&scout.around_any(stops, STOP_WITHIN_M, By::Foot));
            (reached(headway / 2.0) - reached(headway), people * headway, line)
        })
        .collect();
    lines.sort_by(|a, b| b.0.total_cmp(&a.0).then(b.1.total_cmp(&a.1)));
    lines.into_iter().map(|(.., line)| line).collect()
}

/// The lines without wheelchairs that would take most people to a clinic if they had them: each adds most to those
/// before it.
pub(super) fn worth_opening<'a>(scout: &Scout<'a>, rides: &Rides, lines: usize) -> Vec<&'a Line> {
    let mut reached: BTreeSet<usize> = scout
        .city
        .lines
        .iter()
        .filter(|line| line.wheelchair == 1)
        .flat_map(|line| rides.from(line, f64::from(line.headway_min), |stop| stop.wheelchair == 1))
        .collect();
    let mut left: Vec<&Line> = scout
        .city
        .lines
        .iter()
        .filter(|line| line.wheelchair != 1)
        .collect();
    let mut chosen = Vec::new();
    while chosen.len() < lines && !left.is_empty() {
        // The line that adds most to those before it.
        let gains = left.iter().map(|line| {
            let new = rides.from(line, f64::from(line.headway_min), |_| true);
            scout.count(new.difference(&reached))
        });
        let best = gains
            .enumerate()
            .max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)))
            .map_or(0, |(index, _)| index);
        let line = left.remove(best);
        reached.extend(rides.from(line, f64::from(line.headway_min), |_| true));
        chosen.push(line);
    }
    chosen
}
