//! Random small timetables against an exhaustive search of the graph of events.
#![allow(clippy::unwrap_used, reason = "a test's helpers")]
#![allow(
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "times of a small timetable"
)]

use proptest::prelude::*;
use sim_access::Passability;
use sim_access::place::Position;
use sim_access::transit::{
    AccessLeg, Call, Footpath, Frequency, FrequencyRule, JourneyLeg, Query, Reversed, Rounds, Services,
    StopInput, ThreeTimetables, Timetable, TimetableOptions, TripInput, Window, earliest, range,
};

const STOPS: u32 = 5;

#[derive(Clone, Debug)]
struct Case {
    stops: Vec<StopInput>,
    trips: Vec<TripInput>,
    footpaths: Vec<Footpath>,
    access: Vec<AccessLeg>,
    change_s: u32,
}

fn state() -> impl Strategy<Value = Passability> {
    prop_oneof![3 => Just(Passability::Passable), 1 => Just(Passability::Unknown), 1 => Just(Passability::Blocked)]
}

/// Trips along a few routes, so that some share their stops, follow and overtake each other.
fn trips(frequent: bool) -> impl Strategy<Value = Vec<TripInput>> {
    let often =
        (0..100_i32, 0..60_i32, 1..25_i32, any::<bool>()).prop_map(|(start_s, lasts, headway_s, exact)| {
            Frequency {
                start_s,
                end_s: start_s + lasts,
                headway_s,
                exact,
            }
        });
    let often = prop::collection::vec(often, if frequent { 0..3 } else { 0..1 });
    let stop = (0..STOPS, prop::bool::weighted(0.9), prop::bool::weighted(0.9));
    let route = prop::collection::vec(stop, 1..5);
    let times = prop::collection::vec((0..20_i32, 0..12_i32), 4);
    let trip = (0..3_usize, 0..60_i32, times, state(), often);
    let all = (prop::collection::vec(route, 3), prop::collection::vec(trip, 0..9));
    all.prop_map(|(routes, trips)| {
        let trip = |(route, start, times, wheelchair, frequencies): (usize, i32, Vec<(i32, i32)>, _, _)| {
            let mut time = start;
            let calls = routes[route]
                .iter()
                .zip(times)
                .map(|(&(stop, pick_up, drop_off), (ride, wait))| {
                    let arrival_s = time + ride;
                    time = arrival_s + wait;
                    Call {
                        stop,
                        arrival_s,
                        departure_s: time,
                        pick_up,
                        drop_off,
                    }
                })
                .collect();
            TripInput {
                id: String::new(),
                service: 0,
                wheelchair,
                calls,
                frequencies,
            }
        };
        trips.into_iter().map(trip).collect()
    })
}

fn cases(frequent: bool) -> impl Strategy<Value = Case> {
    let stops = prop::collection::vec(state(), STOPS as usize).prop_map(|states| {
        let stop = |wheelchair| StopInput {
            id: String::new(),
            position: Position::new(0.0, 0.0),
            wheelchair,
        };
        states.into_iter().map(stop).collect::<Vec<_>>()
    });
    let footpath = (0..STOPS, 0..STOPS, 0..15_u32, state()).prop_map(|(from, to, seconds, state)| Footpath {
        from,
        to,
        seconds,
        state,
    });
    let access =
        (0..STOPS, 0..15_u32, state()).prop_map(|(stop, seconds, state)| AccessLeg { stop, seconds, state });
    let rest = (
        prop::collection::vec(footpath, 0..6),
        prop::collection::vec(access, 1..4),
        0..5_u32,
    );
    (stops, trips(frequent), rest).prop_map(|(stops, trips, (footpaths, access, change_s))| Case {
        stops,
        trips,
        footpaths,
        access,
        change_s,
    })
}

impl Case {
    fn options(&self, at_least: Passability) -> TimetableOptions {
        TimetableOptions {
            at_least,
            frequency: FrequencyRule::Exact,
            change_s: self.change_s,
        }
    }

    fn timetable(&self, options: TimetableOptions) -> Timetable {
        Timetable::build(
            &self.stops,
            &self.trips,
            &self.footpaths,
            &Services::all_today(1),
            options,
        )
        .unwrap()
    }

    /// Every vehicle with its own times.
    fn vehicles(&self, at_least: Passability) -> Vec<Vec<Call>> {
        let mut vehicles = Vec::new();
        for trip in self.trips.iter().filter(|trip| trip.wheelchair >= at_least) {
            let shifted = |by: i32| {
                let shift = |call: &Call| Call {
                    arrival_s: call.arrival_s + by,
                    departure_s: call.departure_s + by,
                    ..*call
                };
                trip.calls.iter().map(shift).collect::<Vec<_>>()
            };
            if trip.frequencies.is_empty() {
                vehicles.push(shifted(0));
            }
            for frequency in &trip.frequencies {
                let starts = (frequency.start_s..frequency.end_s).step_by(frequency.headway_s as usize);
                vehicles.extend(starts.map(|start| shifted(start - trip.calls[0].departure_s)));
            }
        }
        vehicles
    }

    /// Earliest arrivals by ride at every stop: the graph of (vehicle, call) events, searched until nothing is new.
    fn by_events(&self, at_least: Passability, departure_s: i32) -> Vec<Option<i32>> {
        let vehicles = self.vehicles(at_least);
        let usable = |stop: u32| self.stops[stop as usize].wheelchair >= at_least;
        let boards = |call: &Call| call.pick_up && usable(call.stop);
        // On board when leaving a call.
        let mut aboard: Vec<Vec<bool>> = vehicles.iter().map(|calls| vec![false; calls.len()]).collect();
        let mut waiting = Vec::new();
        for (vehicle, calls) in vehicles.iter().enumerate() {
            for (call, at) in calls.iter().enumerate() {
                let comes = self.access.iter().any(|leg| {
                    leg.state >= at_least
                        && leg.stop == at.stop
                        && departure_s + leg.seconds as i32 <= at.departure_s
                });
                if boards(at) && comes {
                    waiting.push((vehicle, call));
                }
            }
        }
        let mut earliest: Vec<Option<i32>> = vec![None; self.stops.len()];
        while let Some((vehicle, call)) = waiting.pop() {
            if std::mem::replace(&mut aboard[vehicle][call], true) {
                continue;
            }
            let Some(next) = vehicles[vehicle].get(call + 1) else {
                continue;
            };
            waiting.push((vehicle, call + 1));
            if !(next.drop_off && usable(next.stop)) {
                continue;
            }
            let best = &mut earliest[next.stop as usize];
            *best = Some(best.map_or(next.arrival_s, |best| best.min(next.arrival_s)));
            for (other, calls) in vehicles.iter().enumerate() {
                for (call, at) in calls.iter().enumerate() {
                    let changes =
                        at.stop == next.stop && next.arrival_s + self.change_s as i32 <= at.departure_s;
                    let walks = self.footpaths.iter().any(|path| {
                        path.state >= at_least
                            && path.from != path.to
                            && (path.from, path.to) == (next.stop, at.stop)
                            && next.arrival_s + path.seconds as i32 <= at.departure_s
                    });
                    if boards(at) && (changes || walks) {
                        waiting.push((other, call));
                    }
                }
            }
        }
        earliest
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn as_an_exhaustive_search(case in cases(true), departure_s in 0..60_i32) {
        let mut rounds = Rounds::new();
        for at_least in Passability::ALL {
            let timetable = case.timetable(case.options(at_least));
            let query = Query { access: &case.access, departure_s, max_rides: 20 };
            let arrivals = earliest(&timetable, &query, &mut rounds);
            for (stop, want) in (0..STOPS).zip(case.by_events(at_least, departure_s)) {
                prop_assert_eq!(arrivals.by_ride(stop), want);
                // The journey holds together.
                let Some(journey) = arrivals.journey(stop) else {
                    prop_assert_eq!(want, None);
                    continue;
                };
                prop_assert_eq!(Some(journey.arrive_s), want);
                let (mut at, mut now, mut rode) = (None, departure_s, false);
                for leg in &journey.legs {
                    match *leg {
                        JourneyLeg::Access { stop, seconds } => {
                            prop_assert!(case.access.iter().any(|leg| leg.stop == stop && leg.seconds as i32 == seconds && leg.state >= at_least));
                            (at, now) = (Some(stop), now + seconds);
                        }
                        JourneyLeg::Walk { from, to, seconds } => {
                            prop_assert_eq!(at, Some(from));
                            (at, now, rode) = (Some(to), now + seconds, false);
                        }
                        JourneyLeg::Ride { trip, from, to, depart_s, arrive_s } => {
                            prop_assert_eq!(at, Some(from));
                            let change = if rode { case.change_s as i32 } else { 0 };
                            prop_assert!(now + change <= depart_s && depart_s <= arrive_s);
                            prop_assert!(case.trips[trip as usize].wheelchair >= at_least);
                            (at, now, rode) = (Some(to), arrive_s, true);
                        }
                        JourneyLeg::Egress { .. } => prop_assert!(false, "no destination was named"),
                    }
                }
                prop_assert_eq!((at, now), (Some(stop), journey.arrive_s));
            }
        }
    }

    #[test]
    fn a_range_is_its_departures_one_by_one(case in cases(true), from_s in 0..40_i32, step_s in 1..20_i32, share in 0.0..1.0_f64, max_rides in 1..4_usize) {
        let options = TimetableOptions { frequency: FrequencyRule::Wait { share }, ..case.options(Passability::Unknown) };
        let timetable = case.timetable(options);
        let to: Vec<Vec<AccessLeg>> = (0..STOPS).map(|stop| vec![AccessLeg { stop, seconds: 3, state: Passability::Passable }]).collect();
        let window = Window::new(from_s, from_s + 60, step_s).unwrap();
        let mut rounds = Rounds::new();
        let all = range(&timetable, &case.access, &to, &[], window, max_rides, &mut rounds);
        for (number, departure_s) in window.departures().enumerate() {
            let query = Query { access: &case.access, departure_s, max_rides };
            let alone = earliest(&timetable, &query, &mut rounds);
            for (stop, egress) in to.iter().enumerate() {
                let want = alone.through(egress).map(|at| (at - departure_s) as u32);
                prop_assert_eq!(all.get(number, stop), want);
            }
        }
    }

    #[test]
    fn waiting_longer_or_riding_less_is_never_quicker(case in cases(true), departure_s in 0..60_i32, share in 0.0..1.0_f64) {
        let mut rounds = Rounds::new();
        let mut times = |share: f64, departure_s: i32, max_rides: usize| -> Vec<i32> {
            let options = TimetableOptions { frequency: FrequencyRule::Wait { share }, ..case.options(Passability::Blocked) };
            let timetable = case.timetable(options);
            let arrivals = earliest(&timetable, &Query { access: &case.access, departure_s, max_rides }, &mut rounds);
            (0..STOPS).map(|stop| arrivals.at(stop).unwrap_or(i32::MAX)).collect()
        };
        let base = times(share, departure_s, 4);
        for worse in [times(1.0, departure_s, 4), times(share, departure_s + 5, 4), times(share, departure_s, 1)] {
            for (worse, base) in worse.into_iter().zip(&base) {
                prop_assert!(worse >= *base);
            }
        }
    }

    #[test]
    fn a_trip_more_never_delays_and_wheels_never_go_faster(case in cases(true), kept in 0..8_usize) {
        let mut fewer = case.clone();
        fewer.trips.truncate(kept);
        let mut rounds = Rounds::new();
        let mut times = |case: &Case, at_least: Passability| -> Vec<i32> {
            let timetable = case.timetable(case.options(at_least));
            let arrivals = earliest(&timetable, &Query { access: &case.access, departure_s: 0, max_rides: 9 }, &mut rounds);
            (0..STOPS).map(|stop| arrivals.at(stop).unwrap_or(i32::MAX)).collect()
        };
        let all = times(&case, Passability::Blocked);
        for slower in [times(&fewer, Passability::Blocked), times(&case, Passability::Unknown)] {
            prop_assert!(slower.iter().zip(&all).all(|(slower, all)| slower >= all));
        }
        let sure = times(&case, Passability::Passable);
        prop_assert!(sure.iter().zip(times(&case, Passability::Unknown)).all(|(sure, unsure)| *sure >= unsure));
    }

    #[test]
    fn knowing_more_never_undoes_a_decided_answer(case in cases(false), which in 0..30_usize, learned in any::<bool>(), within_s in 0..150_u32) {
        let egress: Vec<AccessLeg> = vec![AccessLeg { stop: STOPS - 1, seconds: 2, state: Passability::Passable }];
        let answer = |case: &Case| {
            let options = case.options(Passability::Blocked);
            let three = ThreeTimetables::build(&case.stops, &case.trips, &case.footpaths, &Services::all_today(1), options).unwrap();
            let query = Query { access: &case.access, departure_s: 0, max_rides: 9 };
            three.answer(&query, &egress, &[], within_s, &mut Rounds::new())
        };
        let before = answer(&case);
        let mut more = case.clone();
        let unknown: Vec<&mut Passability> = more.stops.iter_mut().map(|stop| &mut stop.wheelchair)
            .chain(more.trips.iter_mut().map(|trip| &mut trip.wheelchair))
            .chain(more.footpaths.iter_mut().map(|path| &mut path.state))
            .chain(more.access.iter_mut().map(|leg| &mut leg.state))
            .filter(|state| **state == Passability::Unknown)
            .collect();
        if unknown.is_empty() {
            return Ok(());
        }
        let at = which % unknown.len();
        if let Some(state) = unknown.into_iter().nth(at) {
            *state = Passability::from(learned);
        }
        let after = answer(&more).state;
        match before.state {
            Passability::Unknown if learned => prop_assert!(after >= before.state),
            Passability::Unknown => prop_assert!(after <= before.state),
            decided => prop_assert_eq!(after, decided),
        }
        match before.state {
            Passability::Passable => prop_assert!(before.undecided.is_empty() && before.blocking.is_empty()),
            Passability::Unknown => prop_assert!(!before.undecided.is_empty() && before.blocking.is_empty()),
            Passability::Blocked => prop_assert_eq!(before.blocking.is_empty(), before.arrive_s.is_none()),
        }
    }

    /// Whoever leaves a stop in time by the search forwards does so by the one search backwards, and nobody else.
    #[test]
    fn backwards_is_forwards_from_everywhere(
        case in cases(true),
        rule in 0..3_usize,
        arrive_by in 0..200_i32,
        max_rides in 0..4_usize,
    ) {
        let frequency = [
            FrequencyRule::Exact,
            FrequencyRule::Wait { share: 0.5 },
            FrequencyRule::Wait { share: 1.0 },
        ][rule];
        for at_least in Passability::ALL {
            let timetable = case.timetable(TimetableOptions { frequency, ..case.options(at_least) });
            let reversed = Reversed::of(&timetable);
            let (mut back, mut rounds) = (Rounds::new(), Rounds::new());
            // The ways from the origin to stops serve as ways from stops to the destination.
            let latest = reversed.latest(&case.access, arrive_by, max_rides, &mut back);
            for stop in 0..STOPS {
                let leaves = latest.boarding(stop);
                for departure_s in -5..arrive_by + 5 {
                    let access = [AccessLeg { stop, seconds: 0, state: Passability::Passable }];
                    let query = Query { access: &access, departure_s, max_rides };
                    let arrives = earliest(&timetable, &query, &mut rounds).through(&case.access);
                    prop_assert_eq!(
                        arrives.is_some_and(|at| at <= arrive_by),
                        leaves.is_some_and(|leaves| leaves >= departure_s),
                        "stop {}, leaving at {}: arrives {:?}, latest {:?}", stop, departure_s, arrives, leaves
                    );
                }
            }
        }
    }
}
