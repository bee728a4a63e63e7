//! The town on a grid: every number counted by hand.
//!
//! From the middle of the k-th street of the j-th row it is `100 (k + j) + 50` m to the junction (0, 0). With a limit
//! of 500 m those with `k + j <= 4` reach it: 5 + 4 + 3 + 2 + 1 = 15 streets, 150 people.
#![allow(clippy::float_cmp, reason = "whole numbers of people")]

use ngsi_ld::{Attribute, Entity, Uri};
use scenarios::indicator::{Measured, measure};
use scenarios::model::{Model, TravelOptions, Who};
use sim_access::equity::Share;
use sim_access::{Metric, Passability};
use twin::{Fork, Operation, Snapshot};

use crate::support::{entity, name, property, read, refers, run, view, without};
use crate::town::{TOWN, clinic, corner, located, node, park, place, service, stop, street, trip};

fn options() -> TravelOptions {
    TravelOptions {
        walk_m: 500.0,
        minutes: 10.0,
        ..TravelOptions::default()
    }
}

fn of(model: &Model, indicator: &str) -> Measured {
    measure(model, indicator).unwrap().unwrap()
}

/// Passable, unknown, blocked people.
fn people(model: &Model, indicator: &str) -> [f64; 3] {
    let Share {
        passable,
        unknown,
        blocked,
    } = of(model, indicator).all;
    [passable, unknown, blocked]
}

fn base() -> Snapshot {
    TOWN.with([clinic("c", [0.0, 0.0])])
}

/// The model after an operation, by reading anew; following the change must give the same.
fn after(base: &Model, fork: &Fork, changed: &[Uri]) -> Model {
    let snapshot = fork.snapshot();
    let anew = read(&snapshot, base.options());
    let followed = base.after(&snapshot, &view(), changed).unwrap();
    for indicator in scenarios::indicator::all() {
        assert_eq!(
            measure(&followed, &indicator.id).unwrap(),
            measure(&anew, &indicator.id).unwrap(),
            "{}",
            indicator.id
        );
    }
    assert_eq!(followed.notes(), anew.notes());
    followed
}

fn upsert(fork: &mut Fork, entity: Entity) -> Uri {
    let id = entity.id.clone();
    run(fork, Operation::UpsertUpdate(entity));
    id
}

#[test]
fn a_clinic_at_the_corner() {
    let model = read(&base(), &options());
    assert_eq!(model.cells().len(), 84);
    assert_eq!(model.streets().unwrap().network().edge_count(), 12 * 7 + 13 * 6);
    for indicator in ["clinic-walk", "clinic-wheelchair"] {
        let measured = of(&model, indicator);
        assert_eq!(measured.all.passable, 150.0, "{indicator}");
        assert_eq!(measured.all.blocked, 690.0, "{indicator}");
        // All of them live in the west, where a tenth have a disability and a quarter are old.
        let names: Vec<&str> = model.areas().iter().map(|area| area.name.as_str()).collect();
        assert_eq!(names, ["East", "West"]);
        assert_eq!(measured.areas[1].passable, 150.0);
        assert_eq!(measured.areas[0].passable, 0.0);
        let ids: Vec<&str> = model.groups().iter().map(|group| group.id.as_str()).collect();
        assert_eq!(
            ids,
            [
                "disability",
                "age:0-64",
                "age:65+",
                "income:low",
                "income:middle",
                "income:high"
            ]
        );
        let reached: Vec<f64> = measured
            .groups
            .iter()
            .map(|group| group.passable.round())
            .collect();
        // Of 420 westerners 280 are the poorer third of the town, and 140 of the middle one.
        assert_eq!(reached, [15.0, 113.0, 38.0, 100.0, 50.0, 0.0]);
        assert!((measured.groups[0].people() - (42.0 + 84.0)).abs() < 1e-9);
        assert!((measured.area_groups[1][0].passable - 15.0).abs() < 1e-9);
    }
    assert_eq!(measure(&model, "school-walk").unwrap(), None);
    assert_eq!(measure(&model, "clinic-transit").unwrap(), None);
    assert!(model.notes().iter().any(|note| note.contains("`school`")));
}

#[test]
fn one_kerb_tag_is_missing() {
    let snapshot = base();
    let model = read(&snapshot, &options());
    let mut fork = snapshot.fork();
    without(&mut fork, &node([1, 0]), "kerb");
    let changed = after(&model, &fork, &[node([1, 0])]);
    // On the two streets beside it nobody knows; beyond it, (2, 0) goes round by the next row, 450 m, and (3, 0) and
    // (4, 0) cannot: 550 and 650 m.
    assert_eq!(people(&changed, "clinic-wheelchair"), [110.0, 40.0, 690.0]);
    let states = of(&changed, "clinic-wheelchair").states;
    for k in 0..5 {
        let expected = if k == 2 {
            Passability::Passable
        } else {
            Passability::Unknown
        };
        assert_eq!(states[TOWN.cell([k, 0])], expected, "{k}");
    }
    assert_eq!(people(&changed, "clinic-walk"), [150.0, 0.0, 690.0]);
    // The streets say what is missing, and of which entity.
    let streets = changed.streets().unwrap();
    let edge = streets.edges_of(&street("h-0-0"))[0];
    let verdict = streets
        .travel(Who::Wheelchair, Metric::Distance)
        .verdict(edge, true)
        .unwrap();
    assert_eq!(verdict.undecided.tags().collect::<Vec<_>>(), ["kerb"]);
    assert_eq!(streets.nodes_of(edge)[1], Some(&node([1, 0])));
    // Somebody looks: it is raised. Now they are blocked.
    let raised = Entity::new(node([1, 0]), name("RoadNode")).with(property("kerb", "raised"));
    let id = upsert(&mut fork, raised);
    let known = after(&changed, &fork, &[id]);
    assert_eq!(people(&known, "clinic-wheelchair"), [110.0, 0.0, 730.0]);
}

#[test]
fn a_reported_barrier_counts_at_once() {
    let snapshot = base();
    let model = read(&snapshot, &options());
    let mut fork = snapshot.fork();
    let report = |local: &str, passable: &str, date: &str| {
        entity("AccessibilityReport", local)
            .with(refers("refRoadSegment", &street("v-0-0")))
            .with(property("passable", passable))
            .with(property("dateReported", date))
    };
    let id = upsert(&mut fork, report("1", "no", "2026-05-01T08:00:00Z"));
    let barred = after(&model, &fork, &[id]);
    // All others have a way of the same length past it; from (0, j) it is 100 m more, and (0, 4) is too far.
    assert_eq!(people(&barred, "clinic-wheelchair"), [140.0, 0.0, 700.0]);
    assert_eq!(people(&barred, "clinic-walk"), [150.0, 0.0, 690.0]);
    let id = upsert(&mut fork, report("2", "unknown", "2026-05-02T08:00:00Z"));
    let doubted = after(&barred, &fork, &[id]);
    assert_eq!(people(&doubted, "clinic-wheelchair"), [140.0, 10.0, 690.0]);
    // The second is withdrawn, the first holds again; then it is withdrawn too.
    let [first, second] = ["1", "2"].map(|local| Uri::ngsi_ld("AccessibilityReport", local));
    run(&mut fork, Operation::Delete(second.clone()));
    let again = after(&doubted, &fork, &[second]);
    assert_eq!(people(&again, "clinic-wheelchair"), [140.0, 0.0, 700.0]);
    run(&mut fork, Operation::Delete(first.clone()));
    let open = after(&again, &fork, &[first]);
    assert_eq!(people(&open, "clinic-wheelchair"), [150.0, 0.0, 690.0]);
}

#[test]
fn no_report_lets_wheels_pass_where_feet_do_not() {
    let closed = Entity::new(street("v-0-0"), name("RoadSegment")).with(property("foot", "no"));
    let doubt = entity("AccessibilityReport", "1")
        .with(refers("refRoadSegment", &street("v-0-0")))
        .with(property("passable", "unknown"));
    let snapshot = base();
    let mut fork = snapshot.fork();
    let ids = [upsert(&mut fork, closed), upsert(&mut fork, doubt)];
    let model = after(&read(&snapshot, &options()), &fork, &ids);
    assert_eq!(people(&model, "clinic-wheelchair"), [140.0, 0.0, 700.0]);
    // It opens again, and nobody knows.
    without(&mut fork, &street("v-0-0"), "foot");
    let model = after(&model, &fork, &[street("v-0-0")]);
    assert_eq!(people(&model, "clinic-wheelchair"), [140.0, 10.0, 690.0]);
    assert_eq!(people(&model, "clinic-walk"), [150.0, 0.0, 690.0]);
}

#[test]
fn a_closed_street_a_bollard_and_a_way_round() {
    let snapshot = base();
    let model = read(&snapshot, &options());
    let mut fork = snapshot.fork();
    let closed = Entity::new(street("h-0-0"), name("RoadSegment"))
        .with(property("access", "no"))
        .with(property("foot", "no"));
    let id = upsert(&mut fork, closed);
    let shut = after(&model, &fork, &[id]);
    // Who lives there is cut off; (1, 0) to (4, 0) go round by the next row, 100 (k + 2) + 50 m: (1, 0) and (2, 0)
    // reach it, (3, 0) and (4, 0) do not.
    for indicator in ["clinic-walk", "clinic-wheelchair"] {
        assert_eq!(people(&shut, indicator), [120.0, 0.0, 720.0], "{indicator}");
    }
    let mut fork = snapshot.fork();
    let bollard = Entity::new(node([1, 0]), name("RoadNode")).with(property("barrier", "bollard"));
    let id = upsert(&mut fork, bollard);
    let narrow = after(&model, &fork, &[id]);
    assert_eq!(people(&narrow, "clinic-walk"), [150.0, 0.0, 690.0]);
    assert_eq!(people(&narrow, "clinic-wheelchair"), [110.0, 40.0, 690.0]);
    let wide = Entity::new(node([1, 0]), name("RoadNode")).with(property("maxwidthPhysical", 1.2));
    let id = upsert(&mut fork, wide);
    let wide = after(&narrow, &fork, &[id]);
    assert_eq!(people(&wide, "clinic-wheelchair"), [150.0, 0.0, 690.0]);
}

#[test]
fn a_new_street_and_one_that_goes() {
    let snapshot = base();
    let model = read(&snapshot, &options());
    let mut fork = snapshot.fork();
    // Straight from the clinic to (4, 4): 566 m instead of 800; nobody lives on it, and it meets nothing between.
    let diagonal = crate::town::way("diagonal", [[0, 0], [4, 4]]);
    let id = upsert(&mut fork, diagonal);
    let shorter = after(&model, &fork, &[id]);
    assert_eq!(people(&shorter, "clinic-walk"), [150.0, 0.0, 690.0]);
    let wider = TravelOptions {
        walk_m: 650.0,
        ..options()
    };
    // 650 m: k + j <= 6 are 28 streets; by the diagonal also those within 84 m of its end: (3, 4) has it already
    // not (7), and (4, 4): both are 566 + 50 m.
    assert_eq!(
        people(&read(&snapshot, &wider), "clinic-walk"),
        [280.0, 0.0, 560.0]
    );
    assert_eq!(
        people(&read(&fork.snapshot(), &wider), "clinic-walk"),
        [300.0, 0.0, 540.0]
    );
    run(&mut fork, Operation::Delete(street("v-0-0")));
    let gone = after(&shorter, &fork, &[street("v-0-0")]);
    assert_eq!(people(&gone, "clinic-walk"), [140.0, 0.0, 700.0]);
}

#[test]
fn two_stops_overlap() {
    let bus = |stops: &[(&str, [f64; 2])]| {
        let mut entities = service();
        entities.extend(stops.iter().map(|(local, at)| stop(local, *at)));
        // The far end is out of everybody's reach: 30 blocks north.
        entities.push(stop("end", [0.0, 36.0]));
        for (local, _) in stops {
            entities.extend(trip(local, &[(local, "08:00:00"), ("end", "08:30:00")]));
        }
        read(&TOWN.with(entities), &options())
    };
    let (a, b) = (("a", [0.0, 0.0]), ("b", [2.0, 0.0]));
    for indicator in ["stop-walk", "stop-wheelchair"] {
        // From (2, 0): 4 + 5 + 5 + 4 + 3 + 2 + 1 streets; of those, 14 of the other's 15.
        let alone = people(&bus(&[a]), indicator)[0] + people(&bus(&[b]), indicator)[0];
        assert_eq!(alone, 150.0 + 240.0);
        assert_eq!(people(&bus(&[a, b]), indicator)[0], 250.0, "{indicator}");
    }
}

#[test]
fn rail_reaches_farther_and_unknown_boarding_is_unknown() {
    let mut entities = service();
    entities.extend([stop("a", [0.0, 0.0]), stop("end", [0.0, 36.0])]);
    entities.extend(trip("t", &[("a", "08:00:00"), ("end", "08:30:00")]));
    let snapshot = TOWN.with(entities);
    let bus = read(&snapshot, &options());
    assert_eq!(people(&bus, "stop-walk"), [150.0, 0.0, 690.0]);
    let mut fork = snapshot.fork();
    let rail =
        Entity::new(Uri::ngsi_ld("GtfsRoute", "1"), name("GtfsRoute")).with(property("routeType", "2"));
    let id = upsert(&mut fork, rail);
    let rail = after(&bus, &fork, &[id]);
    // k + j <= 9 of 12 x 7: 10 + 9 + 8 + 7 + 6 + 5 + 4.
    assert_eq!(people(&rail, "stop-wheelchair"), [490.0, 0.0, 350.0]);
    let trip = Uri::ngsi_ld("GtfsTrip", "t");
    without(&mut fork, &trip, "wheelChairAccessible");
    let doubt = after(&rail, &fork, std::slice::from_ref(&trip));
    assert_eq!(people(&doubt, "stop-wheelchair"), [0.0, 490.0, 350.0]);
    assert_eq!(people(&doubt, "stop-walk"), [490.0, 0.0, 350.0]);
    run(&mut fork, Operation::Delete(trip.clone()));
    let none = after(&doubt, &fork, &[trip]);
    assert_eq!(measure(&none, "stop-walk").unwrap(), None);
}

#[test]
fn a_park_is_reached_at_its_edge() {
    let model = read(&TOWN.with([park("p", [[4.0, 2.0], [6.0, 4.0]])]), &options());
    // Columns 0 to 9, counted at the top of the hand-written table: 3 5 7 7 7 7 7 7 5 3.
    for indicator in ["park-walk", "park-wheelchair"] {
        assert_eq!(people(&model, indicator), [580.0, 0.0, 260.0], "{indicator}");
    }
}

#[test]
fn a_bus_in_time() {
    let mut entities = service();
    entities.extend([
        clinic("c", [0.0, 0.0]),
        stop("a", [10.0, 3.0]),
        stop("m", [5.0, 3.0]),
        stop("b", [0.0, 1.0]),
    ]);
    // The time in the middle is interpolated.
    entities.extend(trip("t", &[("a", "08:04:00"), ("m", ""), ("b", "08:08:00")]));
    let snapshot = TOWN.with(entities);
    let model = read(&snapshot, &options());
    assert_eq!(model.options().date.as_deref(), Some("2026-01-06"));
    assert_eq!(model.stops().len(), 3);
    let middle = model.timetable().unwrap().trips[0].calls[1].arrival_s;
    // 500 m of 500 m + 539 m.
    assert_eq!(middle, 8 * 3600 + 240 + 116);
    // On foot at 1.33 m/s, 798 m in ten minutes: k + j <= 7, 35 streets. From the last stop it is 76 s. At (10, 3) one
    // boards by 8:04 after 319 m at most: 1 + 3 + 5 + 5 + 3 streets. At (5, 3) the bus calls at 8:05:56, so 473 m:
    // 1 3 5 6 7 7 6 ... of its neighbours those with k + j >= 8.
    let states = of(&model, "clinic-transit").states;
    let mut expected = 0.0;
    for k in 0..12 {
        for j in 0..7 {
            let way = |[i, y]: [f64; 2]| (f64::from(k) + 0.5 - i).abs() + (f64::from(j) - y).abs();
            let reaches = way([0.0, 0.0]) <= 7.98 || way([10.0, 3.0]) <= 3.192 || way([5.0, 3.0]) <= 4.73;
            expected += if reaches { 10.0 } else { 0.0 };
            let state = states[TOWN.cell([k, j])];
            assert_eq!(state == Passability::Passable, reaches, "{k}, {j}");
        }
    }
    assert_eq!(people(&model, "clinic-transit")[0], expected);
    // By wheelchair at 1 m/s: 600 m, 240 m and 356 m.
    let states = of(&model, "clinic-transit-wheelchair").states;
    for k in 0..12 {
        for j in 0..7 {
            let way = |[i, y]: [f64; 2]| (f64::from(k) + 0.5 - i).abs() + (f64::from(j) - y).abs();
            let reaches = way([0.0, 0.0]) <= 6.0 || way([10.0, 3.0]) <= 2.4 || way([5.0, 3.0]) <= 3.56;
            assert_eq!(
                states[TOWN.cell([k, j])] == Passability::Passable,
                reaches,
                "{k}, {j}"
            );
        }
    }
    // Nobody knows whether the vehicle takes wheelchairs: 21 streets are sure.
    let mut fork = snapshot.fork();
    without(&mut fork, &Uri::ngsi_ld("GtfsTrip", "t"), "wheelChairAccessible");
    let doubt = after(&model, &fork, &[Uri::ngsi_ld("GtfsTrip", "t")]);
    let [passable, unknown, _] = people(&doubt, "clinic-transit-wheelchair");
    assert_eq!(passable, 210.0);
    assert_eq!(passable + unknown, people(&model, "clinic-transit-wheelchair")[0]);
}

#[test]
fn a_stop_three_hundred_kilometres_away_is_left_out() {
    let mut entities = service();
    entities.extend([
        clinic("c", [0.0, 0.0]),
        stop("a", [10.0, 3.0]),
        stop("b", [0.0, 1.0]),
    ]);
    entities.push(stop("lost", [3000.0, 0.0]));
    entities.extend(trip(
        "t",
        &[("a", "08:04:00"), ("lost", "08:06:00"), ("b", "08:08:00")],
    ));
    let model = read(&TOWN.with(entities), &options());
    assert_eq!(model.stops().len(), 2);
    let note = model
        .notes()
        .iter()
        .find(|note| note.contains("more than 100 km"))
        .unwrap();
    assert!(
        note.contains("urn:ngsi-ld:GtfsStop:lost") && note.contains("299 km"),
        "{note}"
    );
    assert_eq!(people(&model, "clinic-transit")[0], (35.0 + 17.0) * 10.0);
}

#[test]
fn without_streets_lines_are_straight() {
    let twin = crate::support::twin();
    TOWN.settle(&twin);
    crate::support::put(
        &twin,
        TOWN.districts()
            .into_iter()
            .chain([clinic("c", [0.0, 0.0]), park("p", [[4.0, 2.0], [6.0, 4.0]])]),
    );
    let model = read(&twin.snapshot(), &options());
    assert!(model.streets().is_none() && model.cell_snaps().is_empty());
    let mut near = [0.0; 2];
    for k in 0..12 {
        for j in 0..7 {
            let [x, y] = [f64::from(k) + 0.5, f64::from(j)];
            near[0] += if x.hypot(y) * 1.3 <= 5.0 { 10.0 } else { 0.0 };
            let away = [(4.0 - x).max(x - 6.0).max(0.0), (2.0 - y).max(y - 4.0).max(0.0)];
            near[1] += if away[0].hypot(away[1]) * 1.3 <= 4.0 {
                10.0
            } else {
                0.0
            };
        }
    }
    for (indicator, near) in [("clinic", near[0]), ("park", near[1])] {
        assert_eq!(
            people(&model, &format!("{indicator}-walk")),
            [near, 0.0, 840.0 - near]
        );
        assert_eq!(
            people(&model, &format!("{indicator}-wheelchair")),
            [0.0, near, 840.0 - near]
        );
    }
    assert!(
        model.notes()[0].contains("groups")
            || model.notes().iter().any(|note| note.contains("straight lines"))
    );
}

#[test]
fn doors_and_places_of_other_kinds() {
    let pharmacy =
        located(entity("PointOfInterest", "x"), corner([3, 3])).with(property("category", "pharmacy"));
    let gate = geo_types::MultiPoint(vec![geo_types::Point(place([2.0, 0.0]))]);
    let shut = clinic("c", [0.0, 0.0])
        .with(property("wheelchair", "no"))
        .with(Attribute::geo(name("entrances"), gate));
    let model = read(&TOWN.with([pharmacy, shut]), &options());
    assert_eq!(model.places("pharmacy").len(), 1);
    // One goes in at (2, 0): 24 streets. No wheels do.
    assert_eq!(people(&model, "clinic-walk"), [240.0, 0.0, 600.0]);
    assert_eq!(people(&model, "clinic-wheelchair"), [0.0, 0.0, 840.0]);
    assert!(
        model
            .streets()
            .unwrap()
            .entrances(model.places("pharmacy")[0])
            .len()
            == 1
    );
}
