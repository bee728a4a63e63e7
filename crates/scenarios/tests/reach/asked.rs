//! Questions to the town on a grid that go wrong easily: other profiles, stations of several kinds, areas of several
//! levels. Every number counted by hand.
#![allow(clippy::float_cmp, reason = "whole numbers of people")]

use std::sync::Arc;

use ngsi_ld::{Attribute, Entity, Timestamp, Uri};
use scenarios::access::{
    City, Limit, Metric as Counted, Mode, Place, Profile, isochrone, matrix, profile, reach,
};
use scenarios::indicator::measure;
use scenarios::model::{Followed, Model, TravelOptions, Who};
use serde_json::Value as Json;
use sim_access::{Metric, Passability, Position};
use storage::Memory;
use storage::environment::ManualClock;
use twin::{Operation, Snapshot, Twin};

use crate::support::{entity, name, property, put, read, refers, view};
use crate::town::{TOWN, clinic, corner, park, place, rectangle, service, stop, street, trip};

fn asked<T>(snapshot: &Snapshot, options: &TravelOptions, ask: impl FnOnce(&City<'_>) -> T) -> T {
    let view = view();
    ask(&City::read(snapshot, &view, options).unwrap())
}

fn people(answer: &Json, state: &str) -> f64 {
    answer[state].as_f64().unwrap()
}

fn passable(model: &Model, indicator: &str) -> f64 {
    measure(model, indicator).unwrap().unwrap().all.passable
}

#[test]
fn a_profile_of_one_s_own_heeds_reports_of_wheelchairs() {
    let barrier = entity("AccessibilityReport", "1")
        .with(refers("refRoadSegment", &street("h-0-0")))
        .with(property("passable", "no"));
    let model = read(&TOWN.with([barrier]), &TravelOptions::default());
    let streets = model.streets().unwrap();
    let edge = streets.edges_of(&street("h-0-0"))[0];
    // As a file without a name is read: every key that is left out is that of `walking`.
    let nameless = Profile {
        min_width_m: Some(0.9),
        ..Profile::walking()
    };
    for (profile, expected) in [
        (Profile::walking(), Passability::Passable),
        (Profile::manual_wheelchair(), Passability::Blocked),
        (nameless, Passability::Blocked),
    ] {
        let travel = streets.travel_of(&profile, Metric::Time).unwrap();
        assert_eq!(travel.verdict(edge, true).unwrap().state, expected, "{profile:?}");
    }
}

/// A bus from (10, 3) to (0, 1) that says of itself and of its stops that no wheelchair gets on.
fn bus_for_walkers() -> Vec<Entity> {
    let mut entities = service();
    for (local, at) in [("a", [10.0, 3.0]), ("b", [0.0, 1.0])] {
        entities.push(stop(local, at).with(property("wheelChairAccessible", "2")));
    }
    let mut bus = trip("t", &[("a", "08:04:00"), ("b", "08:08:00")]);
    bus[0].put(property("wheelChairAccessible", "2"));
    entities.extend(bus);
    entities
}

#[test]
fn a_long_cane_takes_the_bus_that_no_wheelchair_takes() {
    let snapshot = TOWN.with(bus_for_walkers());
    for (name, rides) in [
        ("long-cane", true),
        ("walking", true),
        ("manual-wheelchair", false),
    ] {
        let profile = profile(name).unwrap();
        let options = TravelOptions {
            wheelchair: if name == "walking" {
                "manual_wheelchair"
            } else {
                name
            }
            .replace('-', "_"),
            ..TravelOptions::default()
        };
        let question = matrix::Question {
            origins: vec![at("from", [10.0, 3.0])],
            destinations: vec![at("to", [0.0, 1.0])],
            profile: profile.clone(),
            mode: Mode::Transit,
            metric: Counted::Time,
            limit: Some(Limit::Minutes(9.0)),
            threads: 1,
        };
        let table = asked(&snapshot, &options, |city| matrix::ask(city, &question).unwrap()).table;
        let shown = format!("{:?}", table.rows);
        assert_eq!(shown.contains("Number(8.0)"), rides, "{name}: {shown}");
        // And in the indicator, which goes another way.
        let model = read(&snapshot, &options);
        let who = if name == "walking" {
            Who::Walking
        } else {
            Who::Wheelchair
        };
        let stops = model.timetable().unwrap().inputs(&model.profile(who));
        assert_eq!(stops[0].wheelchair == Passability::Passable, rides, "{name}");
    }
}

fn at(id: &str, corner: [f64; 2]) -> Place {
    let at = place(corner);
    Place {
        id: id.to_owned(),
        name: id.to_owned(),
        at: Position::new(at.x, at.y),
    }
}

/// A district in the north-east corner where nobody lives is the last one by name.
#[test]
fn areas_without_people_are_in_the_list() {
    let beyond = entity("AdministrativeArea", "Zoo")
        .with(property("name", "Zoo"))
        .with(property("administrativeLevel", "district"))
        .with(Attribute::geo(
            name("location"),
            rectangle([20.0, 20.0], [21.0, 21.0]),
        ));
    let snapshot = TOWN.with([clinic("c", [0.0, 0.0]), beyond]);
    let question = reach::Question {
        category: "clinic".into(),
        limit: Some(Limit::Metres(500.0)),
        profile: Profile::walking(),
    };
    let answer = asked(&snapshot, &TravelOptions::default(), |city| {
        reach::ask(city, &question).unwrap()
    });
    let areas = answer.document["areas"].as_array().unwrap();
    let names: Vec<&str> = areas.iter().map(|area| area["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["East", "West", "Zoo"]);
    assert_eq!(people(&areas[1]["share"], "passable"), 150.0);
    assert_eq!(people(&areas[2]["share"], "people"), 0.0);
    assert_eq!(answer.table.rows.len(), 4);
}

fn area(local: &str, level: &str, [from, to]: [[f64; 2]; 2]) -> Entity {
    entity("AdministrativeArea", local)
        .with(property("name", local))
        .with(property("administrativeLevel", level))
        .with(Attribute::geo(name("location"), rectangle(from, to)))
}

#[test]
fn districts_keep_the_people_of_their_sub_districts() {
    // By name the parts come first: the western half has two, and one that crosses its border a little.
    let parts = [
        area("A", "subdistrict", [[0.0, -0.5], [3.0, 6.5]]),
        area("B", "subdistrict", [[3.0, -0.5], [6.5, 6.5]]).with(property("personsWithDisabilities", 50_i64)),
    ];
    let model = read(&TOWN.with(parts), &TravelOptions::default());
    let names: Vec<&str> = model.areas().iter().map(|area| area.name.as_str()).collect();
    assert_eq!(names, ["East", "West"]);
    let of = |wanted: u32| {
        let cells = model.cells().iter().zip(model.cell_areas());
        cells.filter(|(_, area)| **area == Some(wanted)).count()
    };
    assert_eq!((of(0), of(1)), (42, 42));
    assert_eq!(model.group_shares(Some(1))[0], 0.1);
    assert!(
        model
            .notes()
            .iter()
            .any(|note| note.contains("one level; 2 ") && note.contains("first: A")),
        "{:?}",
        model.notes()
    );
    // Wards within a county that is the city, and nothing else says what the city is.
    let twin = crate::support::twin();
    TOWN.settle(&twin);
    crate::support::put(
        &twin,
        [
            area("County", "county", [[0.0, -0.5], [12.0, 6.5]])
                .with(property("population", 840_i64))
                .with(property("personsWithDisabilities", 84_i64)),
            area("X", "ward", [[0.0, -0.5], [4.0, 6.5]]),
            area("Y", "ward", [[4.0, -0.5], [8.0, 6.5]]),
            area("Z", "ward", [[8.0, -0.5], [12.0, 6.5]]),
        ],
    );
    let model = read(&twin.snapshot(), &TravelOptions::default());
    let names: Vec<&str> = model.areas().iter().map(|area| area.name.as_str()).collect();
    assert_eq!(names, ["X", "Y", "Z"]);
    assert_eq!(model.group_shares(Some(0)), [0.1]);
}

/// Two municipalities make the city, and no district says anything: of 420 people 42 and of 420 people 126.
#[test]
fn several_city_areas_are_summed() {
    let twin = crate::support::twin();
    TOWN.settle(&twin);
    let half = |local: &str, from: f64, disabled: i64, old: i64| {
        area(local, "municipality", [[from, -0.5], [from + 6.0, 6.5]])
            .with(property("population", 420_i64))
            .with(property("personsWithDisabilities", disabled))
            .with(property(
                "populationByAge",
                serde_json::json!({"0-64": 100 - old, "65+": old}),
            ))
    };
    crate::support::put(&twin, [half("M", 0.0, 42, 10), half("N", 6.0, 126, 30)]);
    let model = read(&twin.snapshot(), &TravelOptions::default());
    assert!(model.areas().is_empty() && model.cells().len() == 84);
    let ids: Vec<&str> = model.groups().iter().map(|group| group.id.as_str()).collect();
    assert_eq!(ids, ["disability", "age:0-64", "age:65+"]);
    for (share, expected) in model.group_shares(None).iter().zip([0.2, 0.8, 0.2]) {
        assert!((share - expected).abs() < 1e-12, "{:?}", model.group_shares(None));
    }
}

/// A trip of another line, by rail.
fn rail(local: &str, calls: &[(&str, &str)], wheelchair: &str) -> Vec<Entity> {
    let line = Uri::ngsi_ld("GtfsRoute", "2");
    let mut entities = trip(local, calls);
    entities[0].put(refers("hasRoute", &line));
    entities[0].put(property("wheelChairAccessible", wheelchair));
    entities.push(entity("GtfsRoute", "2").with(property("routeType", "2")));
    entities
}

#[test]
fn a_station_is_as_far_as_the_vehicles_that_take_one() {
    let mut entities = service();
    entities.extend([stop("a", [0.0, 0.0]), stop("end", [0.0, 36.0])]);
    entities.extend(trip("bus", &[("a", "08:00:00"), ("end", "08:30:00")]));
    let calls = [("a", "08:05:00"), ("end", "08:30:00")];
    let ask = |snapshot: &Snapshot, profile: Profile| {
        let question = reach::Question {
            category: "stop".into(),
            limit: None,
            profile,
        };
        let answer = asked(snapshot, &TravelOptions::default(), |city| {
            reach::ask(city, &question).unwrap()
        });
        let share = &answer.document["share"];
        ["passable", "unknown", "blocked"].map(|state| people(share, state))
    };
    for (wheelchair, expected) in [
        // By bus 150 within 500 m; the train at 1000 m, where 490 live, takes none, or nobody knows.
        ("2", [150.0, 0.0, 690.0]),
        ("0", [150.0, 340.0, 350.0]),
        ("1", [490.0, 0.0, 350.0]),
    ] {
        let trains = rail("train", &calls, wheelchair);
        let snapshot = TOWN.with(entities.clone().into_iter().chain(trains));
        let model = read(&snapshot, &TravelOptions::default());
        let found = measure(&model, "stop-wheelchair").unwrap().unwrap().all;
        assert_eq!(
            [found.passable, found.unknown, found.blocked],
            expected,
            "{wheelchair}"
        );
        assert_eq!(passable(&model, "stop-walk"), 490.0);
        assert_eq!(
            ask(&snapshot, Profile::manual_wheelchair()),
            expected,
            "{wheelchair}"
        );
        assert_eq!(ask(&snapshot, Profile::walking()), [490.0, 0.0, 350.0]);
    }
}

#[test]
fn nobody_gets_on_where_one_only_gets_off() {
    let mut entities = service();
    entities.extend([
        stop("a", [0.0, 0.0]),
        stop("m", [10.0, 3.0]),
        stop("end", [0.0, 36.0]),
    ]);
    let mut bus = trip("t", &[("a", "08:00:00"), ("m", "08:10:00"), ("end", "08:30:00")]);
    bus[2].put(property("pickupType", "1"));
    entities.extend(bus);
    let model = read(&TOWN.with(entities), &TravelOptions::default());
    assert_eq!(passable(&model, "stop-walk"), 150.0);
    let served: Vec<bool> = model.stops().iter().map(|stop| stop.served).collect();
    assert_eq!(served, [true, true, false]);
}

/// The stop is across a street that wheels do not pass; who is unhindered gets to the bus and far.
#[test]
fn what_is_blocked_by_transit_is_what_an_unhindered_one_reaches() {
    let shut = |local: &str| {
        entity("AccessibilityReport", local)
            .with(refers("refRoadSegment", &street(local)))
            .with(property("passable", "no"))
    };
    let mut entities = service();
    // The corner (12, 6) hangs on two streets.
    entities.extend([shut("h-11-6"), shut("v-12-5")]);
    entities.extend([stop("a", [12.0, 6.0]), stop("b", [0.0, 0.0])]);
    entities.extend(trip("t", &[("a", "08:02:30"), ("b", "08:05:00")]));
    entities.push(park("p", [[4.0, 2.0], [6.0, 4.0]]));
    let snapshot = TOWN.with(entities);
    let from = corner([11, 6]);
    let question = isochrone::Question {
        from: at("from", from).at,
        limit: Limit::Minutes(8.0),
        profile: Profile::manual_wheelchair(),
        mode: Mode::Transit,
        outline: None,
    };
    let answer = asked(&snapshot, &TravelOptions::default(), |city| {
        isochrone::ask(city, &question).unwrap()
    });
    // Off the bus at (0, 0) at 8:05, three minutes are left: 180 m, three streets.
    let blocked = people(&answer.document["reached"]["blocked"], "people");
    let near_the_end = 30.0;
    let behind_the_barrier = 10.0;
    assert_eq!(
        blocked,
        near_the_end + behind_the_barrier,
        "{:?}",
        answer.document
    );
}

/// What is reported counts when somebody asks next, without reading the city anew.
#[test]
fn a_model_that_is_kept_follows_the_city() {
    let clock = Arc::new(ManualClock::new(Timestamp::from_seconds(1_777_593_600)));
    let twin = Twin::open(Box::new(Memory::new()), Arc::clone(&clock) as Arc<_>).unwrap();
    TOWN.settle(&twin);
    let city = TOWN.streets().into_iter().chain(TOWN.districts());
    put(
        &twin,
        city.chain([clinic("c", [0.0, 0.0])]).chain(bus_for_walkers()),
    );
    let options = TravelOptions {
        walk_m: 500.0,
        ..TravelOptions::default()
    };
    let mut kept = Followed::read(&twin.snapshot(), &view(), &options).unwrap();
    assert_eq!(passable(kept.model(), "clinic-wheelchair"), 150.0);
    let barrier = entity("AccessibilityReport", "1")
        .with(refers("refRoadSegment", &street("v-0-0")))
        .with(property("passable", "no"));
    let id = barrier.id.clone();
    let mut then = |operation: Operation, expected: f64| {
        clock.advance(1_000);
        for outcome in twin.execute_blocking(&view(), vec![operation]) {
            outcome.unwrap();
        }
        let snapshot = twin.snapshot();
        kept = kept.at(&snapshot, &view()).unwrap();
        assert_eq!(passable(kept.model(), "clinic-wheelchair"), expected);
        let anew = read(&snapshot, &options);
        for indicator in scenarios::indicator::all() {
            assert_eq!(
                measure(kept.model(), &indicator.id).unwrap(),
                measure(&anew, &indicator.id).unwrap(),
                "{}",
                indicator.id
            );
        }
        assert_eq!(kept.model().options(), anew.options());
    };
    then(Operation::Create(barrier.clone()), 140.0);
    then(Operation::Delete(id), 150.0);
    // What no model is made of changes nothing.
    then(Operation::Create(entity("Streetlight", "1")), 150.0);
    then(Operation::Create(barrier), 140.0);
    // One clinic goes, another comes: as many as before.
    clock.advance(1_000);
    for outcome in twin.execute_blocking(&view(), vec![Operation::Delete(clinic("c", [0.0, 0.0]).id)]) {
        outcome.unwrap();
    }
    then(Operation::Create(clinic("d", [2.0, 0.0])), 240.0);
    // A line that runs on fewer days: the day is chosen anew.
    let rule = Entity::new(
        Uri::ngsi_ld("GtfsCalendarRule", "daily"),
        name("GtfsCalendarRule"),
    )
    .with(property("startDate", "2026-03-01"));
    then(Operation::UpsertUpdate(rule), 240.0);
}
