//! A small city made by hand, and what measures do to it.

mod bad;
mod demo;
mod kinds;
mod order;
mod timetables;

use std::collections::BTreeMap;
use std::sync::Arc;

use geo_types::{Coord, LineString, Point, Polygon};
use ngsi_ld::context::Context;
use ngsi_ld::query::q::Q;
use ngsi_ld::{Attribute, Entity, PropertyValue, Timestamp, Uri};
use query::{Caller, Selection, View};
use serde_json::{Value as Json, json};
use storage::Memory;
use storage::environment::SystemClock;
use twin::{Operation, Reader as _, Snapshot, Twin};

use super::city::name;
use super::*;

pub(super) fn view() -> View {
    View::open(Caller::System("test"), "test")
}

pub(super) fn id(short: &str) -> Uri {
    Uri::parse(&format!("urn:ngsi-ld:{short}")).unwrap()
}

/// An entity by `Type:local`.
fn entity(short: &str) -> Entity {
    let entity_type = short.split(':').next().unwrap();
    Entity::new(id(short), name(entity_type))
}

trait Said: Sized {
    fn text(self, term: &str, text: &str) -> Self;
    fn number(self, term: &str, number: i64) -> Self;
    fn to(self, term: &str, target: &str) -> Self;
    fn at(self, x: f64, y: f64) -> Self;
}

impl Said for Entity {
    fn text(self, term: &str, text: &str) -> Self {
        self.with(Attribute::property(name(term), text))
    }
    fn number(self, term: &str, number: i64) -> Self {
        self.with(Attribute::property(name(term), number))
    }
    fn to(self, term: &str, target: &str) -> Self {
        self.with(Attribute::relationship(name(term), id(target)))
    }
    fn at(self, x: f64, y: f64) -> Self {
        self.with(Attribute::geo(name("location"), Point::new(x, y)))
    }
}

/// Where the stops, and the corners of the main street, are: one every 556 m.
pub(super) const X: [f64; 4] = [36.800, 36.805, 36.810, 36.815];
pub(super) const Y: f64 = -1.28;

fn street(short: &str, nodes: &[i64], line: &[(f64, f64)], highway: &str) -> Entity {
    let line: Vec<Coord<f64>> = line.iter().map(|&(x, y)| Coord { x, y }).collect();
    entity(short)
        .text("highway", highway)
        .with(Attribute::property(name("nodes"), json!(nodes)))
        .with(Attribute::geo(name("location"), LineString(line)))
}

/// A trip and its calls: stops by number, arrival and departure.
fn trip(local: &str, route: &str, direction: i64, calls: &[(usize, &str, &str)]) -> Vec<Entity> {
    let trip = format!("GtfsTrip:{local}");
    let mut entities = vec![
        entity(&trip)
            .to("hasRoute", route)
            .to("hasService", "GtfsService:daily")
            .number("direction", direction)
            .text("wheelChairAccessible", "2"),
    ];
    for (index, (stop, arrival, departure)) in calls.iter().enumerate() {
        entities.push(
            entity(&format!("GtfsStopTime:{local}:{}", index + 1))
                .to("hasTrip", &trip)
                .to("hasStop", &format!("GtfsStop:{stop}"))
                .number("stopSequence", i64::try_from(index).unwrap() + 1)
                .text("arrivalTime", arrival)
                .text("departureTime", departure)
                .text("pickupType", "0"),
        );
    }
    entities
}

fn frequency(trip: &str, start: &str, end: &str, headway: i64) -> Entity {
    entity(&format!("GtfsFrequency:{trip}:{start}"))
        .to("hasTrip", &format!("GtfsTrip:{trip}"))
        .text("startTime", start)
        .text("endTime", end)
        .number("headwaySeconds", headway)
}

/// The city. Line 7 runs by frequency both ways, line 8 by single trips every half hour.
pub(super) fn city() -> Vec<Entity> {
    let mut all = vec![
        street("RoadSegment:a", &[1, 2], &[(X[0], Y), (X[1], Y)], "primary").text("surface", "gravel"),
        street("RoadSegment:b", &[2, 3], &[(X[1], Y), (X[2], Y)], "primary"),
        street("RoadSegment:c", &[3, 4], &[(X[2], Y), (X[3], Y)], "primary"),
        street(
            "RoadSegment:steps",
            &[2, 5],
            &[(X[1], Y), (X[1], Y - 0.001)],
            "steps",
        ),
        entity("RoadNode:2")
            .number("node", 2)
            .at(X[1], Y)
            .text("kerb", "raised")
            .number("kerbHeight", 12),
        entity("RoadNode:3")
            .number("node", 3)
            .at(X[2], Y)
            .text("kerb", "raised"),
        entity("RoadNode:4")
            .number("node", 4)
            .at(X[3], Y)
            .text("kerb", "lowered")
            .text("tactilePaving", "yes"),
        entity("RoadNode:lift")
            .number("node", 5)
            .at(X[1], Y - 0.001)
            .text("highway", "elevator")
            .text("operationalStatus", "broken"),
        entity("PointOfInterest:clinic")
            .text("category", "clinic")
            .text("name", "Clinic")
            .number("capacity", 40)
            .at(X[3], Y + 0.002),
        entity("School:1")
            .text("category", "school")
            .number("capacity", 300)
            .at(X[0], Y + 0.002),
        entity("Park:1").with(Attribute::geo(
            name("location"),
            Polygon::new(
                LineString::from(vec![(X[0], Y), (X[0] + 0.002, Y), (X[0], Y + 0.002)]),
                vec![],
            ),
        )),
        entity("GtfsAgency:city").text("name", "City"),
        entity("GtfsRoute:7").text("shortName", "7"),
        entity("GtfsRoute:8").text("shortName", "8"),
        entity("GtfsRoute:idle").text("shortName", "0"),
        entity("GtfsService:daily"),
        entity("GtfsCalendarRule:daily")
            .to("hasService", "GtfsService:daily")
            .text("startDate", "2026-01-01")
            .text("endDate", "2026-12-31"),
        entity("AdministrativeArea:city")
            .text("administrativeLevel", "city")
            .with(Attribute::geo(
                name("location"),
                Polygon::new(
                    LineString::from(vec![
                        (36.79, -1.27),
                        (36.82, -1.27),
                        (36.82, -1.29),
                        (36.79, -1.29),
                    ]),
                    vec![],
                ),
            )),
    ];
    for (index, x) in X.iter().enumerate() {
        all.push(
            entity(&format!("GtfsStop:{}", index + 1))
                .text("name", &format!("Stop {}", index + 1))
                .text("wheelChairAccessible", "2")
                .at(*x, Y),
        );
    }
    let there: &[(usize, &str, &str)] = &[
        (1, "06:00:00", "06:00:00"),
        (2, "06:02:00", "06:02:00"),
        (3, "06:04:00", "06:04:30"),
        (4, "06:07:00", "06:07:00"),
    ];
    let back: &[(usize, &str, &str)] = &[
        (4, "06:00:00", "06:00:00"),
        (3, "06:02:00", "06:02:00"),
        (2, "06:04:00", "06:04:00"),
        (1, "06:06:00", "06:06:00"),
    ];
    all.extend(trip("7-0", "GtfsRoute:7", 0, there));
    all.extend(trip("7-1", "GtfsRoute:7", 1, back));
    for trip in ["7-0", "7-1"] {
        all.push(frequency(trip, "06:00:00", "09:00:00", 600));
        all.push(frequency(trip, "09:00:00", "20:00:00", 1200));
    }
    for (number, hour) in [("1", "08:00"), ("2", "08:30"), ("3", "09:00")] {
        let at = |minute: u32| {
            let (h, m) = hour.split_once(':').unwrap();
            format!("{h}:{:02}:00", m.parse::<u32>().unwrap() + minute)
        };
        let times = [at(0), at(3), at(6)];
        let calls: Vec<(usize, &str, &str)> = times
            .iter()
            .enumerate()
            .map(|(i, t)| (i + 1, t.as_str(), t.as_str()))
            .collect();
        all.extend(trip(&format!("8-{number}"), "GtfsRoute:8", 0, &calls));
    }
    all
}

pub(super) fn snapshot_of(entities: Vec<Entity>) -> Snapshot {
    let twin = Twin::open(Box::new(Memory::new()), Arc::new(SystemClock)).unwrap();
    let operations = entities.into_iter().map(Operation::Create).collect();
    for result in twin.load_blocking(&view(), operations) {
        result.unwrap();
    }
    twin.snapshot()
}

pub(super) fn baseline() -> Snapshot {
    snapshot_of(city())
}

pub(super) fn measure(name: &str, kind: &str, with: Json) -> Measure {
    Measure {
        name: name.to_owned(),
        title: None,
        kind: kind.to_owned(),
        cost: 0.0,
        yearly_cost: 0.0,
        owner: None,
        start: None,
        with: serde_json::from_value(with).unwrap(),
    }
}

/// Every entity without what depends on when and in which order it was made, by id.
pub(super) fn all(snapshot: &Snapshot) -> BTreeMap<Uri, Entity> {
    let mut all = BTreeMap::new();
    snapshot
        .scan(&view(), &Selection::default(), &mut |entity| {
            let mut entity = (**entity).clone();
            (entity.created_at, entity.modified_at) = (Timestamp::MIN, Timestamp::MIN);
            for attribute in &mut entity.attributes {
                (attribute.created_at, attribute.modified_at) = (Timestamp::MIN, Timestamp::MIN);
            }
            entity.attributes.sort_by(|a, b| a.name.cmp(&b.name));
            all.insert(entity.id.clone(), entity);
            true
        })
        .unwrap();
    all
}

/// The ids of what an NGSI-LD query finds.
pub(super) fn query(snapshot: &Snapshot, entity_type: &str, q: &str) -> Vec<String> {
    let selection = Selection {
        q: Some(Q::parse(q, Context::core()).unwrap()),
        ..Selection::of_type(name(entity_type))
    };
    let mut found = Vec::new();
    snapshot
        .scan(&view(), &selection, &mut |entity| {
            found.push(entity.id.as_str().trim_start_matches("urn:ngsi-ld:").to_owned());
            true
        })
        .unwrap();
    found.sort();
    found
}

/// An attribute's value, as JSON; null where it is not there.
pub(super) fn said(snapshot: &Snapshot, short: &str, term: &str) -> Json {
    let entity = snapshot
        .get(&view(), &id(short))
        .unwrap_or_else(|| panic!("{short} is not there"));
    match indicators::binding::terms::attribute(&entity, term).map(|attribute| &attribute.value) {
        Some(ngsi_ld::Value::Property(value)) => PropertyValue::to_json(value),
        Some(ngsi_ld::Value::Relationship(to)) => json!(to.targets()[0].as_str()),
        Some(other) => panic!("{other:?}"),
        None => Json::Null,
    }
}

/// Carries out measures on the small city; the baseline stays as it is.
pub(super) fn carried(measures: &[Measure]) -> (Snapshot, Vec<Applied>) {
    carried_on(&baseline(), measures)
}

pub(super) fn carried_on(baseline: &Snapshot, measures: &[Measure]) -> (Snapshot, Vec<Applied>) {
    let was = all(baseline);
    let measures: Vec<&Measure> = measures.iter().collect();
    let (fork, applied) =
        apply_all(baseline, &view(), &measures).unwrap_or_else(|findings| panic!("{findings:#?}"));
    assert_eq!(all(baseline), was, "the baseline is never touched");
    let after = fork.snapshot();
    // What is said to have changed is what changed.
    let now = all(&after);
    let mut changed: Vec<&Uri> = was
        .keys()
        .chain(now.keys())
        .filter(|id| was.get(*id) != now.get(*id))
        .collect();
    changed.sort();
    changed.dedup();
    let mut told: Vec<&Uri> = applied.iter().flat_map(Applied::changed).collect();
    told.sort();
    told.dedup();
    assert_eq!(told, changed);
    (after, applied)
}

/// The calls of a trip in order: sequence, stop, arrival, departure.
pub(super) fn calls(snapshot: &Snapshot, trip: &str) -> Vec<(i64, String, String, String)> {
    let trip = format!("urn:ngsi-ld:{trip}");
    let mut calls: Vec<_> = all(snapshot)
        .into_values()
        .filter(|entity| entity.has_type(name("GtfsStopTime").as_str()))
        .filter(|entity| entity.get(name("hasTrip").as_str()).unwrap().targets()[0].as_str() == trip)
        .map(|entity| {
            let text = |term: &str| {
                entity
                    .get(name(term).as_str())
                    .unwrap()
                    .as_str()
                    .unwrap()
                    .to_owned()
            };
            #[allow(clippy::cast_possible_truncation, reason = "small numbers")]
            let sequence = entity
                .get(name("stopSequence").as_str())
                .unwrap()
                .as_f64()
                .unwrap() as i64;
            let stop = entity.get(name("hasStop").as_str()).unwrap().targets()[0]
                .local()
                .to_owned();
            (sequence, stop, text("arrivalTime"), text("departureTime"))
        })
        .collect();
    calls.sort();
    calls
}

/// What stands against measures.
pub(super) fn refused(measures: &[Measure]) -> Vec<String> {
    let baseline = baseline();
    let was = all(&baseline);
    let measures: Vec<&Measure> = measures.iter().collect();
    let findings = match apply_all(&baseline, &view(), &measures) {
        Ok(_) => Vec::new(),
        Err(findings) => findings.iter().map(ToString::to_string).collect(),
    };
    assert_eq!(all(&baseline), was, "the baseline is never touched");
    findings
}
