//! A small timetable by hand.
#![allow(clippy::unwrap_used, reason = "a test's helpers")]

use Passability::{Blocked, Passable, Unknown};
use sim_access::transit::{
    AccessLeg, Call, Element, Footpath, Frequency, FrequencyRule, JourneyLeg, Query, Rounds, Services,
    StopInput, StraightLine, ThreeTimetables, Timetable, TimetableOptions, TransitError, TripInput, Window,
    earliest, range, straight_footpaths, straight_legs, travel_times,
};
use sim_access::{Passability, Position};

const HOUR: i32 = 3_600;

fn stops(count: u32) -> Vec<StopInput> {
    (0..count)
        .map(|stop| StopInput {
            id: format!("s{stop}"),
            position: Position::new(36.8 + f64::from(stop) * 0.01, -1.3),
            wheelchair: Passable,
        })
        .collect()
}

fn trip(id: &str, calls: &[(u32, i32)]) -> TripInput {
    TripInput {
        id: id.to_owned(),
        service: 0,
        wheelchair: Passable,
        calls: calls.iter().map(|&(stop, time)| Call::at(stop, time)).collect(),
        frequencies: Vec::new(),
    }
}

fn foot(from: u32, to: u32, seconds: u32) -> Footpath {
    Footpath {
        from,
        to,
        seconds,
        state: Passable,
    }
}

fn leg(stop: u32, seconds: u32) -> AccessLeg {
    AccessLeg {
        stop,
        seconds,
        state: Passable,
    }
}

fn build(stops: &[StopInput], trips: &[TripInput], footpaths: &[Footpath]) -> Timetable {
    Timetable::build(
        stops,
        trips,
        footpaths,
        &Services::all_today(1),
        TimetableOptions::default(),
    )
    .unwrap()
}

fn at(timetable: &Timetable, access: &[AccessLeg], departure_s: i32, stop: u32) -> Option<i32> {
    let query = Query {
        access,
        departure_s,
        max_rides: 8,
    };
    earliest(timetable, &query, &mut Rounds::new()).at(stop)
}

/// A line 0-1-2 every half hour from 8:00, ten minutes a stop; from 3 (two minutes' walk from 2) a line to 4 at 8:25
/// and 8:55; an express 0-4 at 8:20 that takes an hour.
fn town() -> (Vec<StopInput>, Vec<TripInput>, Vec<Footpath>) {
    let mut trips: Vec<TripInput> = (0..3)
        .map(|n| {
            let start = 8 * HOUR + n * 1_800;
            trip(
                &format!("a{n}"),
                &[(0, start), (1, start + 600), (2, start + 1_200)],
            )
        })
        .collect();
    trips.push(trip("b0", &[(3, 8 * HOUR + 1_500), (4, 8 * HOUR + 2_100)]));
    trips.push(trip("b1", &[(3, 8 * HOUR + 3_300), (4, 8 * HOUR + 3_900)]));
    trips.push(trip("express", &[(0, 8 * HOUR + 1_200), (4, 8 * HOUR + 4_800)]));
    (stops(5), trips, vec![foot(2, 3, 120), foot(3, 2, 120)])
}

#[test]
fn a_change_with_a_walk() {
    let (stops, trips, footpaths) = town();
    let timetable = build(&stops, &trips, &footpaths);
    let access = [leg(0, 60)];
    // Leaves 7:59, is there at 8:00, rides to 2 (8:20), walks to 3 (8:22), rides at 8:25 to 4 (8:35).
    assert_eq!(at(&timetable, &access, 8 * HOUR - 60, 4), Some(8 * HOUR + 2_100));
    assert_eq!(at(&timetable, &access, 8 * HOUR - 60, 3), Some(8 * HOUR + 1_320));
    // A second late: the next bus at 8:30 gets to 3 at 8:52, the ride at 8:55 to 4 at 9:05; the express is at 9:20.
    assert_eq!(at(&timetable, &access, 8 * HOUR - 59, 4), Some(8 * HOUR + 3_900));
    // With one ride only the express.
    let mut rounds = Rounds::new();
    let query = Query {
        access: &access,
        departure_s: 8 * HOUR,
        max_rides: 1,
    };
    assert_eq!(
        earliest(&timetable, &query, &mut rounds).at(4),
        Some(8 * HOUR + 4_800)
    );
    assert_eq!(at(&timetable, &access, 10 * HOUR, 4), None);

    let query = Query {
        access: &access,
        departure_s: 8 * HOUR - 60,
        max_rides: 8,
    };
    let arrivals = earliest(&timetable, &query, &mut rounds);
    let journey = arrivals.journey_through(&[leg(4, 30)]).unwrap();
    assert_eq!(journey.arrive_s, 8 * HOUR + 2_130);
    assert_eq!(
        journey.legs,
        [
            JourneyLeg::Access { stop: 0, seconds: 60 },
            JourneyLeg::Ride {
                trip: 0,
                from: 0,
                to: 2,
                depart_s: 8 * HOUR,
                arrive_s: 8 * HOUR + 1_200
            },
            JourneyLeg::Walk {
                from: 2,
                to: 3,
                seconds: 120
            },
            JourneyLeg::Ride {
                trip: 3,
                from: 3,
                to: 4,
                depart_s: 8 * HOUR + 1_500,
                arrive_s: 8 * HOUR + 2_100
            },
            JourneyLeg::Egress { stop: 4, seconds: 30 },
        ]
    );
    assert_eq!(arrivals.journey(9), None);
}

#[test]
fn changing_takes_its_time() {
    let trips = [
        trip("in", &[(0, 0), (1, 600)]),
        trip("out", &[(1, 650), (2, 900)]),
        trip("later", &[(1, 720), (2, 1_000)]),
    ];
    let options = TimetableOptions {
        change_s: 60,
        ..TimetableOptions::default()
    };
    let timetable = Timetable::build(&stops(3), &trips, &[], &Services::all_today(1), options).unwrap();
    assert_eq!(at(&timetable, &[leg(0, 0)], 0, 2), Some(1_000));
    assert_eq!(
        at(&timetable, &[leg(1, 0)], 650, 2),
        Some(900),
        "who comes on foot needs no time to change"
    );
}

#[test]
fn an_overtaking_express_is_caught() {
    let trips = [
        trip("slow", &[(0, 0), (1, 3_000)]),
        trip("fast", &[(0, 600), (1, 1_200)]),
    ];
    let timetable = build(&stops(2), &trips, &[]);
    assert_eq!(timetable.route_count(), 2);
    assert_eq!(at(&timetable, &[leg(0, 0)], 0, 1), Some(1_200));
}

#[test]
fn no_getting_on_where_only_off() {
    let mut only_off = trip("off", &[(0, 0), (1, 600), (2, 1_200)]);
    only_off.calls[1].pick_up = false;
    let timetable = build(&stops(3), &[only_off.clone()], &[]);
    assert_eq!(at(&timetable, &[leg(1, 0)], 0, 2), None);
    assert_eq!(at(&timetable, &[leg(0, 0)], 0, 1), Some(600));
    only_off.calls[1].drop_off = false;
    let timetable = build(&stops(3), &[only_off], &[]);
    assert_eq!(at(&timetable, &[leg(0, 0)], 0, 1), None);
}

#[test]
fn past_midnight_and_on_the_days_around() {
    let night = [trip("night", &[(0, 25 * HOUR), (1, 26 * HOUR)])];
    let on = |runs: [bool; 3]| {
        let services = Services { runs: vec![runs] };
        Timetable::build(&stops(2), &night, &[], &services, TimetableOptions::default()).unwrap()
    };
    assert_eq!(
        at(&on([false, true, false]), &[leg(0, 0)], 23 * HOUR, 1),
        Some(26 * HOUR)
    );
    // Yesterday's 25:00 leaves at one this night; tomorrow's comes a day later.
    assert_eq!(at(&on([true, true, false]), &[leg(0, 0)], 0, 1), Some(2 * HOUR));
    assert_eq!(at(&on([false, false, true]), &[leg(0, 0)], 0, 1), Some(50 * HOUR));
    assert_eq!(at(&on([false, false, false]), &[leg(0, 0)], 0, 1), None);
}

fn repeated(exact: bool) -> TripInput {
    let frequencies = vec![Frequency {
        start_s: 8 * HOUR,
        end_s: 9 * HOUR,
        headway_s: 600,
        exact,
    }];
    // Only differences of its own times count: ten minutes, a minute's stop, ten minutes.
    let mut trip = trip("f", &[(0, 100), (1, 700), (2, 1_360)]);
    trip.calls[1].departure_s = 760;
    TripInput { frequencies, ..trip }
}

#[test]
fn frequencies_with_exact_times_are_trips() {
    let timetable = build(&stops(3), &[repeated(true)], &[]);
    assert_eq!((timetable.vehicle_count(), timetable.route_count()), (6, 1));
    assert_eq!(
        at(&timetable, &[leg(0, 0)], 8 * HOUR + 1, 2),
        Some(8 * HOUR + 600 + 1_260)
    );
    assert_eq!(at(&timetable, &[leg(0, 0)], 9 * HOUR - 600, 1), Some(9 * HOUR));
    assert_eq!(at(&timetable, &[leg(0, 0)], 9 * HOUR - 599, 1), None);
}

#[test]
fn frequencies_without_are_waited_for() {
    let with = |frequency| {
        let options = TimetableOptions {
            frequency,
            ..TimetableOptions::default()
        };
        Timetable::build(
            &stops(3),
            &[repeated(false)],
            &[],
            &Services::all_today(1),
            options,
        )
        .unwrap()
    };
    let expected = with(FrequencyRule::Wait { share: 0.5 });
    assert_eq!((expected.vehicle_count(), expected.route_count()), (0, 1));
    assert_eq!(
        at(&expected, &[leg(0, 0)], 8 * HOUR + 777, 1),
        Some(8 * HOUR + 777 + 300 + 600)
    );
    // At stop 1 vehicles come eleven minutes after they leave stop 0, and as late after the end.
    assert_eq!(
        at(&expected, &[leg(1, 0)], 9 * HOUR + 600, 2),
        Some(9 * HOUR + 600 + 300 + 600)
    );
    assert_eq!(at(&expected, &[leg(0, 0)], 9 * HOUR, 1), None);
    // Before the first: it comes between 8:00 and 8:10.
    assert_eq!(at(&expected, &[leg(0, 0)], 0, 1), Some(8 * HOUR + 300 + 600));
    assert_eq!(
        at(
            &with(FrequencyRule::Wait { share: 1.0 }),
            &[leg(0, 0)],
            8 * HOUR,
            1
        ),
        Some(8 * HOUR + 1_200)
    );
    assert_eq!(
        at(&with(FrequencyRule::Exact), &[leg(0, 0)], 8 * HOUR + 1, 1),
        Some(8 * HOUR + 1_200)
    );
    let journey = earliest(
        &expected,
        &Query {
            access: &[leg(0, 0)],
            departure_s: 8 * HOUR,
            max_rides: 2,
        },
        &mut Rounds::new(),
    )
    .journey(2)
    .unwrap();
    let ride = JourneyLeg::Ride {
        trip: 0,
        from: 0,
        to: 2,
        depart_s: 8 * HOUR + 300,
        arrive_s: 8 * HOUR + 1_560,
    };
    assert_eq!(journey.legs, [JourneyLeg::Access { stop: 0, seconds: 0 }, ride]);
}

#[test]
fn a_window_of_departures() {
    let (stops, trips, footpaths) = town();
    let timetable = build(&stops, &trips, &footpaths);
    let window = Window::new(8 * HOUR - 600, 8 * HOUR + 600, 600).unwrap();
    let to = [vec![leg(2, 0)], vec![]];
    let result = range(
        &timetable,
        &[leg(0, 0)],
        &to,
        &[None, Some(5_000)],
        window,
        8,
        &mut Rounds::new(),
    );
    // 7:50 and 8:00 ride the bus of 8:00, arriving at 8:20.
    assert_eq!(
        (
            result.get(0, 0),
            result.get(1, 0),
            result.get(2, 0),
            result.get(0, 2)
        ),
        (Some(1_800), Some(1_200), None, None)
    );
    let times = result.distribution(0).unwrap();
    assert_eq!((times.mean_s(), times.reached()), (Some(1_500.0), 1.0));
    assert_eq!(
        (times.percentile_s(0.5), times.percentile_s(1.0)),
        (Some(1_200), Some(1_800))
    );
    assert_eq!(result.distribution(1).unwrap().mean_s(), Some(5_000.0));
    let late = range(
        &timetable,
        &[leg(0, 0)],
        &to,
        &[],
        Window::new(9 * HOUR, 9 * HOUR + 1_200, 600).unwrap(),
        8,
        &mut Rounds::new(),
    );
    let times = late.distribution(0).unwrap();
    assert_eq!(
        (times.reached(), times.percentile_s(0.5), times.percentile_s(0.9)),
        (0.5, Some(1_200), None)
    );
    assert!(
        Window::new(0, 100, 0).is_err()
            && Window::new(5, 0, 1).is_err()
            && Window::new(i32::MIN, i32::MAX, 1).is_err()
    );
}

#[test]
fn matrices_on_any_number_of_threads() {
    let (stops, trips, footpaths) = town();
    let timetable = build(&stops, &trips, &footpaths);
    let places: Vec<Vec<AccessLeg>> = (0..5).map(|stop| vec![leg(stop, 60)]).collect();
    let on_foot = |from: usize, to: usize| (from == to).then_some(0);
    let times = |threads| travel_times(&timetable, &places, &places, &on_foot, 8 * HOUR - 60, 8, threads);
    let alone = times(1);
    assert_eq!(
        (alone.get(0, 4), alone.get(4, 0), alone.get(3, 3)),
        (Some(60 + 2_100 + 60), None, Some(0))
    );
    assert!(times(2) == alone && times(7) == alone);
}

#[test]
fn by_wheelchair_three_answers() {
    let (stops, trips, footpaths) = town();
    let ask = |stops: &[StopInput], trips: &[TripInput], footpaths: &[Footpath], within_s: u32| {
        let services = Services::all_today(1);
        let three =
            ThreeTimetables::build(stops, trips, footpaths, &services, TimetableOptions::default()).unwrap();
        let access = [leg(0, 60)];
        let query = Query {
            access: &access,
            departure_s: 8 * HOUR - 60,
            max_rides: 8,
        };
        three.answer(&query, &[leg(4, 0)], &[], within_s, &mut Rounds::new())
    };
    assert_eq!(ask(&stops, &trips, &footpaths, 3_600).state, Passable);
    // Nobody knows the vehicle of 8:25: the later one is known, if there is time.
    let mut unsure = trips.clone();
    unsure[3].wheelchair = Unknown;
    let found = ask(&stops, &unsure, &footpaths, 2 * 3_600);
    assert_eq!((found.state, found.arrive_s), (Passable, Some(8 * HOUR + 3_900)));
    let found = ask(&stops, &unsure, &footpaths, 3_600);
    assert_eq!((found.state, found.arrive_s), (Unknown, Some(8 * HOUR + 2_100)));
    assert_eq!(found.undecided, [Element::Trip { trip: 3 }]);
    // Two ways that take as long: the better one counts.
    let twice = [
        footpaths[0],
        Footpath {
            state: Blocked,
            ..footpaths[0]
        },
    ];
    let found = ask(&stops, &unsure, &twice, 3_600);
    assert_eq!((found.state, found.blocking), (Unknown, vec![]));
    // No step-free way between 2 and 3.
    let steps = [Footpath {
        state: Blocked,
        ..footpaths[0]
    }];
    let found = ask(&stops, &trips, &steps, 3_600);
    assert_eq!(
        (found.state, found.blocking),
        (Blocked, vec![Element::Footpath { from: 2, to: 3 }])
    );
    // Riding through a stop that is not accessible is no matter; getting off there is.
    let mut high = stops.clone();
    high[1].wheelchair = Blocked;
    assert_eq!(ask(&high, &trips, &footpaths, 3_600).state, Passable);
    high[4].wheelchair = Blocked;
    let found = ask(&high, &trips, &footpaths, 3_600);
    assert_eq!(
        (found.state, found.blocking),
        (Blocked, vec![Element::Stop { stop: 4 }])
    );
    assert_eq!(ask(&stops, &trips, &footpaths, 60).arrive_s, None);
    // A way without a ride.
    let three = ThreeTimetables::build(
        &stops,
        &[],
        &[],
        &Services::default(),
        TimetableOptions::default(),
    )
    .unwrap();
    let query = Query {
        access: &[],
        departure_s: 0,
        max_rides: 3,
    };
    let found = three.answer(
        &query,
        &[],
        &[(600, Unknown), (900, Blocked)],
        700,
        &mut Rounds::new(),
    );
    assert_eq!((found.state, found.undecided), (Unknown, vec![Element::Direct]));
}

#[test]
fn walking_in_a_straight_line() {
    let stops = stops(4);
    let walking = StraightLine {
        within_m: 1_500.0,
        detour: 1.3,
        speed_m_s: 1.0,
    };
    // A hundredth of a degree at this latitude is 1112.9 m; 1446.8 m on the ground.
    let legs = straight_legs(stops[1].position, &stops, &walking);
    let times: Vec<_> = legs.iter().map(|leg| (leg.stop, leg.seconds)).collect();
    assert_eq!(times, [(0, 1_447), (1, 0), (2, 1_447)]);
    assert!(legs.iter().all(|leg| leg.state == Unknown));
    let footpaths = straight_footpaths(&stops, &walking);
    assert_eq!(footpaths.len(), 6);
    let nowhere = StraightLine {
        speed_m_s: f64::NAN,
        ..walking
    };
    assert!(straight_footpaths(&stops, &nowhere).is_empty());
    // A stop three hundred kilometres away is walked to by nobody.
    let mut far = stops.clone();
    far[3].position = Position::new(39.5, -1.3);
    assert_eq!(straight_footpaths(&far, &walking).len(), 4);
}

#[test]
fn nonsense_is_told() {
    let error = |trip: TripInput| {
        let options = TimetableOptions::default();
        Timetable::build(&stops(2), &[trip], &[], &Services::all_today(1), options)
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        error(trip("t", &[(0, 0), (7, 60)])),
        "trip `t`, call 1, names stop 7, but there are 2 stops (numbered from 0)"
    );
    assert!(error(trip("t", &[(0, 100), (1, 60)])).starts_with("trip `t`, call 1: arrives at 60 s"));
    assert!(error(trip("t", &[(0, i32::MIN), (1, 60)])).contains("ten days"));
    assert!(error(trip("t", &[(0, 0), (1, i32::MAX)])).contains("ten days"));
    let headway = |headway_s, end_s| {
        let frequencies = vec![Frequency {
            start_s: 0,
            end_s,
            headway_s,
            exact: true,
        }];
        TripInput {
            frequencies,
            ..trip("t", &[(0, 0), (1, 60)])
        }
    };
    assert!(error(headway(0, 600)).starts_with("trip `t`, frequency 0: every 0 s"));
    assert!(error(headway(60, -1)).contains("an end not before the start"));
    assert!(
        error(TripInput {
            service: 3,
            ..trip("t", &[(0, 0), (1, 60)])
        })
        .contains("service 3, but there are 1 services")
    );
    let build = |footpaths: &[Footpath], frequency| {
        let options = TimetableOptions {
            frequency,
            ..TimetableOptions::default()
        };
        Timetable::build(&stops(2), &[], footpaths, &Services::default(), options)
    };
    assert!(matches!(
        build(&[foot(0, 2, 60)], FrequencyRule::Exact),
        Err(TransitError::UnknownStop { stop: 2, .. })
    ));
    assert!(matches!(
        build(&[], FrequencyRule::Wait { share: 1.5 }),
        Err(TransitError::WaitShare(_))
    ));
    assert!(matches!(
        build(&[], FrequencyRule::Wait { share: f64::NAN }),
        Err(TransitError::WaitShare(_))
    ));
    // What is not there is not reached, and nothing breaks.
    let timetable = build(&[foot(0, 1, u32::MAX)], FrequencyRule::Exact).unwrap();
    assert_eq!(at(&timetable, &[leg(99, 0), leg(0, u32::MAX)], i32::MAX, 1), None);
    assert_eq!(at(&timetable, &[leg(0, 5)], 0, 0), Some(5));
}
