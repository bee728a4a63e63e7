//! Random changes to a small town: following them is reading anew, and no measure reaches beyond what it touches.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use ngsi_ld::{Attribute, Entity, Uri};
use proptest::prelude::*;
use scenarios::indicator::{Company, all, states};
use scenarios::model::{Model, TravelOptions};
use sim_access::Passability;
use twin::{Fork, Operation, Snapshot};

use crate::support::{entity, name, property, read, refers, run, view};
use crate::town::{Town, clinic, corner, located, node, park, place, service, stop, street, trip, way};

const SMALL: Town = Town { wide: 6, high: 4 };

/// A town with some of everything, and some things not known.
static BASE: LazyLock<Snapshot> = LazyLock::new(|| {
    let mut entities = service();
    entities.extend([
        clinic("a", [0.0, 0.0]),
        clinic("b", [1.2, 3.1]),
        located(entity("School", "s"), [3.0, 1.0]).with(property("wheelchair", "limited")),
        park("p", [[1.0, 2.0], [2.0, 3.0]]),
        stop("x", [5.0, 0.0]),
        stop("y", [2.0, 0.0]),
        stop("z", [0.5, 1.0]),
        stop("g", [6.0, 2.0]),
        stop("w", [5.0, 1.0]),
    ]);
    entities.extend(trip(
        "t",
        &[("x", "08:03:15"), ("y", "08:03:20"), ("z", "08:03:25")],
    ));
    // Who comes by this one changes on foot, from `w` to `x`.
    entities.extend(trip("f", &[("g", "08:01:00"), ("w", "08:01:30")]));
    entities.push(avenue());
    for block in 0..SMALL.wide {
        let mut kerb = entity("RoadNode", &format!("a{block}"));
        kerb = located(kerb, [f64::from(block) + 0.3, 3.0]);
        entities.push(
            kerb.with(property("node", format!("a{block}")))
                .with(property("kerb", "flush")),
        );
    }
    let snapshot = SMALL.with(entities);
    let mut fork = snapshot.fork();
    for block in 0..SMALL.wide {
        run(&mut fork, Operation::Delete(street(&format!("h-{block}-3"))));
    }
    for (id, term) in [
        (node([1, 1]), "kerb"),
        (node([4, 2]), "kerb"),
        (street("h-3-1"), "surface"),
        (street("v-2-1"), "smoothness"),
    ] {
        crate::support::without(&mut fork, &id, term);
    }
    fork.snapshot()
});

/// The northern row is one long street. In each block it has two vertices that no other street shares: a `RoadNode`
/// stands at the first of them, new streets may come in at the second.
fn avenue() -> Entity {
    let mut street = way("avenue", [[0, 3], [SMALL.wide, 3]]);
    let (mut line, mut nodes) = (Vec::new(), Vec::new());
    for block in 0..=SMALL.wide {
        line.push(place(corner([block, 3])));
        nodes.push(serde_json::json!(block * 1000 + 3));
        if block < SMALL.wide {
            for (vertex, along) in [("a", 0.3), ("b", 0.7)] {
                line.push(place([f64::from(block) + along, 3.0]));
                nodes.push(serde_json::json!(format!("{vertex}{block}")));
            }
        }
    }
    street.put(Attribute::geo(name("location"), geo_types::LineString(line)));
    street.put(property("nodes", serde_json::Value::Array(nodes)));
    street
}

fn options() -> TravelOptions {
    TravelOptions {
        walk_m: 300.0,
        minutes: 6.0,
        date: Some("2026-05-05".to_owned()),
        ..TravelOptions::default()
    }
}

static MODEL: LazyLock<Model> = LazyLock::new(|| read(&BASE, &options()));

/// A change to one entity, or to a few that belong together.
#[derive(Clone, Debug)]
enum Change {
    Kerb([u32; 2], Option<&'static str>),
    Obstacle([u32; 2], &'static str),
    Surface(String, &'static str),
    Close(String),
    Tear(String),
    Bend(String, [f64; 2]),
    Build(u32, [[u32; 2]; 2], bool),
    Report(u32, String, &'static str),
    Unmark([u32; 2]),
    Join(u32, bool),
    Highway(String, &'static str),
    AvenueKerb(u32, &'static str),
    Clinic(u32, [f64; 2], &'static str),
    Move(&'static str, [f64; 2]),
    Shut(&'static str),
    Door(&'static str, &'static str),
    Park([f64; 2]),
    StopMoves(&'static str, [f64; 2]),
    StopSays(&'static str, &'static str),
    TripSays(&'static str),
    Trip(u32, Vec<(&'static str, u32)>),
    Uncall(u32),
    Route(&'static str),
    Often(u32, u32),
    Census(u32),
}

fn a_street() -> impl Strategy<Value = String> {
    prop_oneof![
        (0..SMALL.wide, 0..SMALL.high).prop_map(|(i, j)| format!("h-{i}-{j}")),
        (0..=SMALL.wide, 0..SMALL.high - 1).prop_map(|(i, j)| format!("v-{i}-{j}")),
    ]
}

fn a_node() -> impl Strategy<Value = [u32; 2]> {
    (0..=SMALL.wide, 0..SMALL.high).prop_map(|(i, j)| [i, j])
}

fn a_place() -> impl Strategy<Value = [f64; 2]> {
    // At junctions, on streets, between them.
    (0..25_u32, 0..13_u32).prop_map(|(x, y)| [f64::from(x) / 4.0, f64::from(y) / 4.0])
}

fn a_stop() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["x", "y", "z"])
}

fn change() -> impl Strategy<Value = Change> {
    use Change::{
        AvenueKerb, Bend, Build, Census, Clinic, Close, Door, Highway, Join, Kerb, Move, Obstacle, Often,
        Park, Report, Route, Shut, StopMoves, StopSays, Surface, Tear, Trip, TripSays, Uncall, Unmark,
    };
    let word = |words: &'static [&'static str]| prop::sample::select(words);
    let streets = prop_oneof![
        (a_node(), prop::option::of(word(&["lowered", "raised", "flush"])))
            .prop_map(|(at, kerb)| Kerb(at, kerb)),
        (a_node(), word(&["bollard", "stile", "kerb", "gate"]))
            .prop_map(|(at, barrier)| Obstacle(at, barrier)),
        (a_street(), word(&["gravel", "asphalt", "mud"]))
            .prop_map(|(street, surface)| Surface(street, surface)),
        a_street().prop_map(Close),
        a_street().prop_map(Tear),
        (a_street(), a_place()).prop_map(|(street, by)| Bend(street, by)),
        (0..3_u32, [a_node(), a_node()], any::<bool>()).prop_map(|(n, ends, named)| Build(n, ends, named)),
        (0..3_u32, a_street(), word(&["yes", "no", "unknown"]))
            .prop_map(|(n, street, says)| Report(n, street, says)),
        a_node().prop_map(Unmark),
        (0..SMALL.wide, any::<bool>()).prop_map(|(block, north)| Join(block, north)),
        (a_street(), word(&["motorway", "footway", "steps"]))
            .prop_map(|(street, class)| Highway(street, class)),
        (0..SMALL.wide, word(&["lowered", "raised"])).prop_map(|(block, kerb)| AvenueKerb(block, kerb)),
    ];
    let places = prop_oneof![
        (0..3_u32, a_place(), word(&["yes", "no", "limited"])).prop_map(|(n, at, door)| Clinic(n, at, door)),
        (word(&["a", "b"]), a_place()).prop_map(|(clinic, to)| Move(clinic, to)),
        word(&["a", "b"]).prop_map(Shut),
        (word(&["a", "b"]), word(&["yes", "no", "limited"])).prop_map(|(clinic, door)| Door(clinic, door)),
        a_place().prop_map(Park),
        (0..9_u32).prop_map(Census),
    ];
    let buses = prop_oneof![
        (a_stop(), a_place()).prop_map(|(stop, to)| StopMoves(stop, to)),
        (a_stop(), word(&["0", "1", "2"])).prop_map(|(stop, says)| StopSays(stop, says)),
        word(&["0", "1", "2"]).prop_map(TripSays),
        (0..2_u32, prop::collection::vec((a_stop(), 0..8_u32), 2..4)).prop_map(|(n, calls)| Trip(n, calls)),
        (1..4_u32).prop_map(Uncall),
        word(&["0", "1", "2", "3"]).prop_map(Route),
        (0..2_u32, 1..10_u32).prop_map(|(n, minutes)| Often(n, minutes)),
    ];
    prop_oneof![4 => streets, 2 => places, 2 => buses]
}

impl Change {
    /// Does it; gives the entities that it changed.
    fn carry_out(&self, fork: &mut Fork) -> Vec<Uri> {
        let patch = |id: Uri, kind: &str, attributes: Vec<Attribute>| {
            let mut entity = Entity::new(id, name(kind));
            entity.attributes = attributes;
            vec![Operation::UpsertUpdate(entity)]
        };
        let geo = |at: [f64; 2]| Attribute::geo(name("location"), geo_types::Point(place(at)));
        let place_of = |local: &str| Uri::ngsi_ld("PointOfInterest", local);
        let stop_of = |local: &str| Uri::ngsi_ld("GtfsStop", local);
        let operations = match self {
            Self::Kerb(at, Some(kerb)) => patch(node(*at), "RoadNode", vec![property("kerb", *kerb)]),
            Self::Kerb(at, None) => {
                vec![Operation::DeleteAttribute(
                    node(*at),
                    name("kerb"),
                    twin::Instance::Default,
                )]
            }
            Self::Obstacle(at, barrier) => patch(node(*at), "RoadNode", vec![property("barrier", *barrier)]),
            Self::Surface(local, surface) => {
                patch(street(local), "RoadSegment", vec![property("surface", *surface)])
            }
            Self::Close(local) => patch(
                street(local),
                "RoadSegment",
                vec![property("foot", "no"), property("access", "no")],
            ),
            Self::Tear(local) => vec![Operation::Delete(street(local))],
            Self::Bend(local, by) => {
                let line = vec![place(corner([0, 0])), place(*by), place(corner([3, 3]))];
                let line = Attribute::geo(name("location"), geo_types::LineString(line));
                patch(street(local), "RoadSegment", vec![line])
            }
            Self::Build(number, ends, named) => {
                let mut street = way(&format!("new-{number}"), *ends);
                if !named {
                    street
                        .attributes
                        .retain(|attribute| attribute.name != name("nodes"));
                }
                vec![Operation::UpsertReplace(street)]
            }
            Self::Report(number, local, says) => vec![Operation::UpsertReplace(
                entity("AccessibilityReport", &number.to_string())
                    .with(refers("refRoadSegment", &street(local)))
                    .with(property("passable", *says))
                    .with(property("dateReported", format!("2026-05-0{}", number + 1))),
            )],
            Self::Unmark(at) => vec![Operation::Delete(node(*at))],
            Self::Join(block, north) => {
                // From the avenue to the next row, or out of town.
                let mut street = way(&format!("join-{block}"), [[*block, 2], [*block, 2]]);
                let (end, id) = if *north {
                    (
                        [f64::from(*block) + 0.7, 4.0],
                        serde_json::json!(format!("n{block}")),
                    )
                } else {
                    (corner([*block, 2]), serde_json::json!(block * 1000 + 2))
                };
                let line = vec![place(end), place([f64::from(*block) + 0.7, 3.0])];
                street.put(Attribute::geo(name("location"), geo_types::LineString(line)));
                street.put(property("nodes", serde_json::json!([id, format!("b{block}")])));
                vec![Operation::UpsertReplace(street)]
            }
            Self::Highway(local, class) => {
                patch(street(local), "RoadSegment", vec![property("highway", *class)])
            }
            Self::AvenueKerb(block, kerb) => patch(
                Uri::ngsi_ld("RoadNode", &format!("a{block}")),
                "RoadNode",
                vec![property("kerb", *kerb)],
            ),
            Self::Clinic(number, at, door) => {
                let mut clinic = clinic(&format!("new-{number}"), *at);
                clinic.put(property("wheelchair", *door));
                vec![Operation::UpsertReplace(clinic)]
            }
            Self::Move(local, to) => patch(place_of(local), "PointOfInterest", vec![geo(*to)]),
            Self::Shut(local) => vec![Operation::Delete(place_of(local))],
            Self::Door(local, door) => patch(
                place_of(local),
                "PointOfInterest",
                vec![property("wheelchair", *door)],
            ),
            Self::Park([x, y]) => vec![Operation::UpsertReplace(park(
                "q",
                [[*x, *y], [x + 0.5, y + 0.5]],
            ))],
            Self::StopMoves(local, to) => patch(stop_of(local), "GtfsStop", vec![geo(*to)]),
            Self::StopSays(local, says) => patch(
                stop_of(local),
                "GtfsStop",
                vec![property("wheelChairAccessible", *says)],
            ),
            Self::TripSays(says) => patch(
                Uri::ngsi_ld("GtfsTrip", "t"),
                "GtfsTrip",
                vec![property("wheelChairAccessible", *says)],
            ),
            Self::Trip(number, calls) => {
                let mut minute = 0;
                let times: Vec<(&str, String)> = calls
                    .iter()
                    .map(|(stop, after)| {
                        minute += after;
                        (*stop, format!("08:{minute:02}:00"))
                    })
                    .collect();
                let calls: Vec<(&str, &str)> =
                    times.iter().map(|(stop, time)| (*stop, time.as_str())).collect();
                let entities = trip(&format!("new-{number}"), &calls);
                entities.into_iter().map(Operation::UpsertReplace).collect()
            }
            Self::Uncall(sequence) => vec![Operation::Delete(Uri::ngsi_ld(
                "GtfsStopTime",
                &format!("t:{sequence}"),
            ))],
            Self::Route(kind) => patch(
                Uri::ngsi_ld("GtfsRoute", "1"),
                "GtfsRoute",
                vec![property("routeType", *kind)],
            ),
            Self::Often(number, minutes) => vec![Operation::UpsertReplace(
                entity("GtfsFrequency", &number.to_string())
                    .with(refers("hasTrip", &Uri::ngsi_ld("GtfsTrip", "t")))
                    .with(property("startTime", format!("0{}:00:00", 7 + number)))
                    .with(property("endTime", format!("0{}:30:00", 8 + number)))
                    .with(property("headwaySeconds", i64::from(minutes * 60))),
            )],
            Self::Census(disabled) => patch(
                Uri::ngsi_ld("AdministrativeArea", "West"),
                "AdministrativeArea",
                vec![property("personsWithDisabilities", i64::from(*disabled))],
            ),
        };
        let mut changed = Vec::new();
        for operation in operations {
            let id = operation.entity_id().clone();
            // What is not there cannot be taken away.
            if fork.execute(&view(), operation).is_ok() {
                changed.push(id);
            }
        }
        changed
    }
}

fn all_states(model: &Model) -> Vec<Option<std::sync::Arc<[Passability]>>> {
    all()
        .iter()
        .map(|indicator| states(model, &indicator.id).unwrap())
        .collect()
}

proptest! {
    #[test]
    fn following_changes_is_reading_anew(steps in prop::collection::vec(prop::collection::vec(change(), 1..4), 1..4)) {
        let mut fork = BASE.fork();
        let mut model = MODEL.clone();
        for step in steps {
            // Some caches are filled before, some are not.
            if step.len() % 2 == 1 {
                let _ = all_states(&model);
            }
            let changed: Vec<Uri> = step.iter().flat_map(|change| change.carry_out(&mut fork)).collect();
            let snapshot = fork.snapshot();
            model = model.after(&snapshot, &view(), &changed).unwrap();
            let anew = read(&snapshot, &options());
            for indicator in all() {
                let followed = scenarios::indicator::measure(&model, &indicator.id).unwrap();
                let read = scenarios::indicator::measure(&anew, &indicator.id).unwrap();
                prop_assert!(followed == read, "{}", indicator.id);
            }
            prop_assert_eq!(model.notes(), anew.notes());
        }
    }

    #[test]
    fn wheels_reach_no_more_than_feet_and_sums_are_sums(changes in prop::collection::vec(change(), 0..6)) {
        let mut fork = BASE.fork();
        for change in &changes {
            change.carry_out(&mut fork);
        }
        let model = read(&fork.snapshot(), &options());
        for goal in ["stop", "park", "clinic", "school"] {
            let [feet, wheels] = ["walk", "wheelchair"].map(|who| states(&model, &format!("{goal}-{who}")).unwrap());
            for (feet, wheels) in feet.iter().flat_map(|s| s.iter()).zip(wheels.iter().flat_map(|s| s.iter())) {
                prop_assert!(wheels <= feet, "{}: {:?} on foot, {:?} by wheelchair", goal, feet, wheels);
            }
        }
        for indicator in all() {
            let Some(measured) = scenarios::indicator::measure(&model, &indicator.id).unwrap() else { continue };
            let close = |a: f64, b: f64| (a - b).abs() < 1e-6;
            prop_assert!(close(measured.all.people(), 240.0));
            prop_assert!(close(measured.areas.iter().map(|share| share.passable).sum(), measured.all.passable));
            for of in ["age:", "income:"] {
                let groups = model.groups().iter().zip(&measured.groups).filter(|(group, _)| group.id.starts_with(of));
                let (mut passable, mut unknown) = (0.0, 0.0);
                for (_, share) in groups {
                    passable += share.passable;
                    unknown += share.unknown;
                }
                prop_assert!(close(passable, measured.all.passable) && close(unknown, measured.all.unknown));
            }
        }
    }

    #[test]
    fn closing_a_street_never_improves(
        changes in prop::collection::vec(change(), 0..4),
        closed in prop::collection::vec(a_street(), 1..4),
    ) {
        let mut fork = BASE.fork();
        for change in &changes {
            change.carry_out(&mut fork);
        }
        let snapshot = fork.snapshot();
        let open = read(&snapshot, &options());
        let there: Vec<&String> = closed.iter().filter(|local| fork.has(&street(local))).collect();
        for local in there {
            Change::Close(local.clone()).carry_out(&mut fork);
        }
        let shut = read(&fork.snapshot(), &options());
        for ((before, after), indicator) in all_states(&open).iter().zip(all_states(&shut)).zip(all()) {
            for (before, after) in before.iter().flat_map(|s| s.iter()).zip(after.iter().flat_map(|s| s.iter())) {
                prop_assert!(after <= before, "{}", indicator.id);
            }
        }
    }

    #[test]
    fn no_measure_reaches_beyond_what_it_touches(
        measures in prop::collection::vec(prop::collection::vec(change(), 1..3), 2..5),
    ) {
        reaches_no_further(measures)?;
    }
}

/// Measures of a change or two each, none of which touches an entity of another: for every subset and every measure
/// not in it, all cells whose state it changes are touched.
fn reaches_no_further(measures: Vec<Vec<Change>>) -> Result<(), TestCaseError> {
    let mut taken = BTreeSet::new();
    let measures: Vec<(Vec<Change>, Vec<Uri>)> = measures
        .into_iter()
        .filter_map(|measure| {
            let mut fork = BASE.fork();
            let changed: Vec<Vec<Uri>> = measure.iter().map(|change| change.carry_out(&mut fork)).collect();
            // What cannot be done to the city as it is, is no measure.
            let done = changed.iter().all(|changed| !changed.is_empty());
            let changed: Vec<Uri> = changed.into_iter().flatten().collect();
            let free = done && changed.iter().all(|id| !taken.contains(id));
            taken.extend(changed.iter().cloned());
            free.then_some((measure, changed))
        })
        .collect();
    let count = measures.len();
    let model = |subset: usize| {
        let mut fork = BASE.fork();
        let mut changed = Vec::new();
        for (number, (measure, _)) in measures.iter().enumerate() {
            if subset & (1 << number) != 0 {
                changed.extend(measure.iter().flat_map(|change| change.carry_out(&mut fork)));
            }
        }
        MODEL.after(&fork.snapshot(), &view(), &changed).unwrap()
    };
    let models: Vec<Model> = (0..1 << count).map(model).collect();
    let found: Vec<Vec<_>> = models.iter().map(all_states).collect();
    let company = Company::of(&models[0], &models[(1 << count) - 1]).unwrap();
    for (number, (measure, changed)) in measures.iter().enumerate() {
        for (at, indicator) in all().iter().enumerate() {
            let touched = company.touched(changed, &indicator.id).unwrap();
            for subset in (0..1_usize << count).filter(|subset| subset & (1 << number) == 0) {
                let (without, with) = (&found[subset][at], &found[subset | 1 << number][at]);
                let (Some(without), Some(with)) = (without, with) else {
                    prop_assert!(without.is_none() && with.is_none() || !touched.is_empty());
                    continue;
                };
                for (cell, (a, b)) in without.iter().zip(with.iter()).enumerate() {
                    prop_assert!(
                        a == b || touched.contains(cell),
                        "{}: {:?} in company {:b} changes cell {} from {:?} to {:?}",
                        indicator.id,
                        measure,
                        subset,
                        cell,
                        a,
                        b
                    );
                }
            }
        }
    }
    Ok(())
}

#[test]
fn a_street_that_is_cut_changes_as_a_whole() {
    let (clinic, cut) = (
        vec![Change::Clinic(0, [5.0, 0.75], "yes")],
        vec![Change::Join(5, true)],
    );
    let state = |changes: &[Change]| {
        let mut fork = BASE.fork();
        let changed: Vec<Uri> = changes
            .iter()
            .flat_map(|change| change.carry_out(&mut fork))
            .collect();
        let after = MODEL.after(&fork.snapshot(), &view(), &changed).unwrap();
        states(&after, "clinic-wheelchair").unwrap().unwrap()[SMALL.cell([5, 3])]
    };
    // In the middle of the last block one is 275 m from the clinic. The new street, a dead end, comes in on the other
    // side, 40 m farther off; and yet nobody knows its kerb, so nobody knows the street that one lives on.
    assert_eq!(state(&clinic), Passability::Passable);
    assert_eq!(
        state(&[clinic.clone(), cut.clone()].concat()),
        Passability::Unknown
    );
    reaches_no_further(vec![clinic, cut]).unwrap();
}

#[test]
fn a_kerb_counts_for_a_street_that_others_cut() {
    // Without the new street, the kerb is at the end of the piece that the clinic is on.
    let clinic = vec![Change::Clinic(0, [2.95, 3.0], "yes")];
    let (cut, kerb) = (vec![Change::Join(2, true)], vec![Change::AvenueKerb(2, "raised")]);
    reaches_no_further(vec![clinic, cut, kerb]).unwrap();
}
