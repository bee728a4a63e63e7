//! RAPTOR (Delling, Pajor, Werneck, "Round-Based Public Transit Routing", 2012/2015): round k finds the earliest
//! arrival at every stop with at most k rides.
//!
//! One footpath may lie between two rides, before none and after any: footpaths are not chained, so they need not be
//! closed under transitivity. To keep that exact, arrivals by ride are kept apart from the times at which one is
//! ready to board (after a footpath, or after the change time).

use super::journey::{Journey, trace, trace_to};
use super::legs::AccessLeg;
use super::timetable::{Timetable, seconds};
use crate::units::small;

/// Later than any time.
pub(super) const NEVER: i32 = i32::MAX;

/// A search for earliest arrivals.
#[derive(Clone, Copy, Debug)]
pub struct Query<'a> {
    /// Ways from the origin to stops.
    pub access: &'a [AccessLeg],
    /// When the traveller leaves the origin, seconds of the service day.
    pub departure_s: i32,
    /// The most rides in a journey.
    pub max_rides: usize,
}

/// The ride that led to a label.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ride {
    pub(super) route: u32,
    /// Of a pattern the vehicle's number in it; of a line when the vehicle left the first stop.
    pub(super) vehicle: i32,
    pub(super) board: u32,
    pub(super) alight: u32,
}

/// How one came to be ready at a stop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Ready {
    /// On foot from the origin.
    #[default]
    Access,
    /// Off a vehicle at this stop.
    Ride,
    /// On foot from another stop.
    Walk(u32),
}

/// Memory for searches, one for each thread. Used again, it allocates nothing.
#[derive(Clone, Debug, Default)]
pub struct Rounds {
    pub(super) stops: usize,
    pub(super) rides: usize,
    /// By round and stop: arrival by ride, and its ride.
    pub(super) ride: Vec<i32>,
    pub(super) ride_of: Vec<Ride>,
    /// By round and stop: ready to board, and how.
    pub(super) ready: Vec<i32>,
    pub(super) ready_by: Vec<Ready>,
    /// By stop, over all rounds: arrival by ride, and by any way.
    pub(super) best_ride: Vec<i32>,
    best: Vec<i32>,
    marked: Vec<u32>,
    is_marked: Vec<bool>,
    alighted: Vec<u32>,
    has_alighted: Vec<bool>,
    /// By route: the first call at a marked stop.
    first_call: Vec<u32>,
    touched: Vec<u32>,
}

impl Rounds {
    /// Memory; it grows to the size of the timetable it is used on, once.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    pub(super) fn reset(&mut self, timetable: &Timetable, max_rides: usize) {
        // No journey is better for more rides than there are stops: each must lead to a new one.
        let rides = max_rides.min(timetable.stop_count()).min(64);
        let (stops, routes) = (timetable.stop_count(), timetable.route_count());
        let labels = stops * (rides + 1);
        (self.stops, self.rides) = (stops, rides);
        for times in [&mut self.ride, &mut self.ready] {
            times.clear();
            times.resize(labels, NEVER);
        }
        self.ride_of.resize(labels, Ride::default());
        self.ready_by.resize(labels, Ready::default());
        for times in [&mut self.best_ride, &mut self.best] {
            times.clear();
            times.resize(stops, NEVER);
        }
        for flags in [&mut self.is_marked, &mut self.has_alighted] {
            flags.clear();
            flags.resize(stops, false);
        }
        self.first_call.clear();
        self.first_call.resize(routes, u32::MAX);
        self.marked.clear();
        self.alighted.clear();
        self.touched.clear();
    }

    /// Improves the labels with everything that leaves the origin at a time. Labels of later departures may stand:
    /// who leaves earlier can do as they do (rRAPTOR, section 4.2 of the paper).
    pub(super) fn depart(&mut self, timetable: &Timetable, access: &[AccessLeg], departure_s: i32) {
        for leg in access {
            let stop = leg.stop as usize;
            if stop < self.stops && leg.state >= timetable.options.at_least {
                let at = departure_s.saturating_add(seconds(leg.seconds));
                self.make_ready(0, stop, at, Ready::Access);
                self.best[stop] = self.best[stop].min(at);
            }
        }
        for round in 1..=self.rides {
            let (before, here) = ((round - 1) * self.stops, round * self.stops);
            for stop in 0..self.stops {
                self.ride[here + stop] = self.ride[here + stop].min(self.ride[before + stop]);
                self.ready[here + stop] = self.ready[here + stop].min(self.ready[before + stop]);
            }
            self.collect(timetable);
            if self.touched.is_empty() {
                break;
            }
            let touched = std::mem::take(&mut self.touched);
            for &route in &touched {
                let first = std::mem::replace(&mut self.first_call[route as usize], u32::MAX);
                if (route as usize) < timetable.patterns.count() {
                    self.scan_pattern(timetable, route, first as usize, round);
                } else {
                    self.scan_line(timetable, route, first as usize, round);
                }
            }
            self.touched = touched;
            self.walk(timetable, round);
        }
        self.collect(timetable);
        for &route in &self.touched {
            self.first_call[route as usize] = u32::MAX;
        }
    }

    /// Gathers the routes that call at marked stops, and takes the marks off.
    fn collect(&mut self, timetable: &Timetable) {
        self.touched.clear();
        for stop in self.marked.drain(..) {
            self.is_marked[stop as usize] = false;
            if !timetable.usable[stop as usize] {
                continue;
            }
            for visit in timetable.visits(stop) {
                let first = &mut self.first_call[visit.route as usize];
                if *first == u32::MAX {
                    self.touched.push(visit.route);
                }
                *first = visit.call.min(*first);
            }
        }
        self.touched.sort_unstable();
    }

    fn scan_pattern(&mut self, timetable: &Timetable, route: u32, first: usize, round: usize) {
        let pattern = route as usize;
        let patterns = &timetable.patterns;
        let (stops, boards, times) = (
            patterns.stops(pattern),
            patterns.boards(pattern),
            patterns.times(pattern),
        );
        let (calls, vehicles) = (stops.len(), patterns.trips(pattern).len());
        let mut riding: Option<(usize, usize)> = None;
        for call in first..calls {
            let stop = stops[call] as usize;
            if !timetable.usable[stop] {
                continue;
            }
            let [gets_on, gets_off] = boards[call];
            if let Some((vehicle, board)) = riding.filter(|_| gets_off) {
                let at = times[vehicle * calls + call][0];
                let vehicle = i32::try_from(vehicle).unwrap_or(i32::MAX);
                self.arrive(
                    round,
                    stop,
                    at,
                    Ride {
                        route,
                        vehicle,
                        board: small(board),
                        alight: small(call),
                    },
                );
            }
            let ready = self.ready[(round - 1) * self.stops + stop];
            if gets_on && ready != NEVER {
                // The first vehicle that leaves late enough, among those before the one we are on.
                let (mut low, mut high) = (0, riding.map_or(vehicles, |(vehicle, _)| vehicle));
                let end = high;
                while low < high {
                    let middle = usize::midpoint(low, high);
                    if times[middle * calls + call][1] < ready {
                        low = middle + 1;
                    } else {
                        high = middle;
                    }
                }
                if low < end {
                    riding = Some((low, call));
                }
            }
        }
    }

    fn scan_line(&mut self, timetable: &Timetable, route: u32, first: usize, round: usize) {
        let Some(line) = timetable.lines.get(route as usize - timetable.patterns.count()) else {
            return;
        };
        let mut riding: Option<(i32, usize)> = None;
        for call in first..line.stops.len() {
            let stop = line.stops[call] as usize;
            if !timetable.usable[stop] {
                continue;
            }
            let [gets_on, gets_off] = line.boards[call];
            if let Some((left, board)) = riding.filter(|_| gets_off) {
                let ride = Ride {
                    route,
                    vehicle: left,
                    board: small(board),
                    alight: small(call),
                };
                self.arrive(round, stop, left + line.times[call][0], ride);
            }
            let ready = self.ready[(round - 1) * self.stops + stop];
            if gets_on && ready != NEVER {
                let caught = line
                    .catch(call, ready)
                    .filter(|&left| riding.is_none_or(|(riding, _)| left < riding));
                riding = caught.map(|left| (left, call)).or(riding);
            }
        }
    }

    /// After the rides of a round: ready for the next after changing here, or after a footpath.
    fn walk(&mut self, timetable: &Timetable, round: usize) {
        let alighted = std::mem::take(&mut self.alighted);
        let change = seconds(timetable.options.change_s);
        for &stop in &alighted {
            self.has_alighted[stop as usize] = false;
            let at = self.ride[round * self.stops + stop as usize];
            self.make_ready(round, stop as usize, at.saturating_add(change), Ready::Ride);
            for &(to, seconds) in timetable.footpaths(stop) {
                let there = at.saturating_add(seconds);
                self.make_ready(round, to as usize, there, Ready::Walk(stop));
                self.best[to as usize] = self.best[to as usize].min(there);
            }
        }
        self.alighted = alighted;
        self.alighted.clear();
    }

    fn arrive(&mut self, round: usize, stop: usize, at: i32, ride: Ride) {
        let label = round * self.stops + stop;
        if at < self.ride[label] {
            self.ride[label] = at;
            self.ride_of[label] = ride;
            self.best_ride[stop] = self.best_ride[stop].min(at);
            self.best[stop] = self.best[stop].min(at);
            if !std::mem::replace(&mut self.has_alighted[stop], true) {
                self.alighted.push(small(stop));
            }
        }
    }

    fn make_ready(&mut self, round: usize, stop: usize, at: i32, by: Ready) {
        let label = round * self.stops + stop;
        if at < self.ready[label] {
            self.ready[label] = at;
            self.ready_by[label] = by;
            if !std::mem::replace(&mut self.is_marked[stop], true) {
                self.marked.push(small(stop));
            }
        }
    }
}

/// Earliest arrivals at all stops.
pub fn earliest<'r>(timetable: &'r Timetable, query: &Query<'_>, rounds: &'r mut Rounds) -> Arrivals<'r> {
    rounds.reset(timetable, query.max_rides);
    rounds.depart(timetable, query.access, query.departure_s);
    Arrivals {
        timetable,
        rounds,
        departure_s: query.departure_s,
    }
}

/// What a search found.
#[derive(Clone, Copy, Debug)]
pub struct Arrivals<'r> {
    pub(super) timetable: &'r Timetable,
    pub(super) rounds: &'r Rounds,
    pub(super) departure_s: i32,
}

impl Arrivals<'_> {
    /// The earliest arrival at a stop by any way: on foot from the origin, by ride, by a footpath after a ride.
    #[must_use]
    pub fn at(&self, stop: u32) -> Option<i32> {
        self.rounds
            .best
            .get(stop as usize)
            .copied()
            .filter(|&at| at != NEVER)
    }

    /// The earliest arrival at a stop on a vehicle.
    #[must_use]
    pub fn by_ride(&self, stop: u32) -> Option<i32> {
        self.rounds
            .best_ride
            .get(stop as usize)
            .copied()
            .filter(|&at| at != NEVER)
    }

    /// The earliest arrival at a destination that is walked to from stops, after at least one ride.
    #[must_use]
    pub fn through(&self, egress: &[AccessLeg]) -> Option<i32> {
        self.best_egress(egress).map(|(at, _)| at)
    }

    /// The journey to a stop on a vehicle.
    #[must_use]
    pub fn journey(&self, stop: u32) -> Option<Journey> {
        trace(self, stop)
    }

    /// The journey to a destination that is walked to from stops.
    #[must_use]
    pub fn journey_through(&self, egress: &[AccessLeg]) -> Option<Journey> {
        let (_, leg) = self.best_egress(egress)?;
        trace_to(self, &egress[leg])
    }

    fn best_egress(&self, egress: &[AccessLeg]) -> Option<(i32, usize)> {
        let usable = egress
            .iter()
            .enumerate()
            .filter(|(_, leg)| leg.state >= self.timetable.options.at_least);
        usable
            .filter_map(|(number, leg)| {
                Some((
                    self.by_ride(leg.stop)?.saturating_add(seconds(leg.seconds)),
                    number,
                ))
            })
            .min()
    }
}
