//! The desk over a twin in memory: what it keeps, what it refuses, and what it does to the twin.

use std::sync::Arc;

use governance::desk::{
    BreachStep, By, Description, Desk, Error, Findings, Kind, Known, Level, NewBreach, NewRequest,
    RequestStep, Risk, Settings, State,
};
use governance::profiles::Clocks;
use ngsi_ld::{Attribute, Entity, Name, Timestamp, Uri};
use query::{Caller, View};
use storage::Memory;
use storage::environment::ManualClock;
use twin::{Operation, Reader as _, Twin};

const DAY: i64 = 24 * 3_600_000_000;

struct City {
    twin: Twin,
    clock: Arc<ManualClock>,
    desk: Desk,
}

fn city() -> City {
    let clock = Arc::new(ManualClock::new(
        Timestamp::parse("2026-05-01T12:00:00Z").unwrap(),
    ));
    let twin = Twin::open(Box::new(Memory::new()), Arc::<ManualClock>::clone(&clock)).unwrap();
    let settings = Settings {
        clocks: Clocks {
            access_days: 7,
            extension_days: 10,
            ..Clocks::default()
        },
        ..Settings::default()
    };
    let desk = Desk::open(&twin, settings).unwrap();
    City { twin, clock, desk }
}

fn person(id: &str) -> By {
    By::new(&View::open(Caller::Principal(id.into()), "x"), true)
}

fn key(id: &str) -> By {
    By::new(&View::open(Caller::Principal(id.into()), "x"), false)
}

fn all() -> View {
    View::open(Caller::System("test"), "x")
}

pub(crate) fn metering() -> Description {
    Description {
        name: "Water metering".into(),
        about: "Bills".into(),
        purposes: vec!["service-operation".into()],
        classes: vec!["personal".into()],
        types: vec!["Meter".into()],
        ..Description::default()
    }
}

pub(crate) fn findings() -> Findings {
    Findings {
        necessity: "Bills need readings".into(),
        risks: vec![Risk {
            what: "Absence can be read".into(),
            likelihood: Level::Low,
            severity: Level::Medium,
            measure: "monthly sums".into(),
        }],
        residual: Level::Low,
        consultation: String::new(),
        opinion: String::new(),
        review_at: Timestamp::parse("2027-05-01T00:00:00Z").unwrap(),
    }
}

fn refused<T: std::fmt::Debug>(result: Result<T, Error>, expected: &str) {
    let told = result.unwrap_err().to_string();
    assert!(told.contains(expected), "{told}\nshould say {expected}");
}

#[test]
fn an_assessment_is_approved_by_somebody_else_and_a_change_voids_it() {
    let city = city();
    let known = Known::default();
    let (ada, ben, cyd) = (person("ada"), person("ben"), person("cyd"));
    let activity = city.desk.enter(&ada, metering(), &known).unwrap();
    assert_eq!(activity.id, "water-metering");
    refused(
        city.desk.approve(&ben, "water-metering"),
        "has no impact assessment",
    );
    refused(
        city.desk.assess(&key("k"), "water-metering", findings()),
        "a person who logged in",
    );
    let mut empty = findings();
    empty.risks.clear();
    refused(city.desk.assess(&ben, "water-metering", empty), "`risks`");
    let mut past = findings();
    past.review_at = Timestamp::parse("2026-04-01T00:00:00Z").unwrap();
    refused(city.desk.assess(&ben, "water-metering", past), "`review_at`");
    city.desk.assess(&ben, "water-metering", findings()).unwrap();
    for (who, expected) in [
        (&ben, "another person"),
        (&ada, "another person"),
        (&key("cyd"), "a person who logged in"),
    ] {
        refused(city.desk.approve(who, "water-metering"), expected);
    }
    let approved = city.desk.approve(&cyd, "water-metering").unwrap();
    let assessment = approved.assessment.as_ref().unwrap();
    assert!(assessment.holds(city.desk.now()));
    // The same again changes nothing; anything else has to be assessed as it is now.
    let same = city
        .desk
        .describe(&ada, "water-metering", metering(), &known)
        .unwrap();
    assert!(same.assessment.as_ref().unwrap().approval.is_some());
    let mut more = metering();
    more.recipients.push("Water company".into());
    let changed = city.desk.describe(&ada, "water-metering", more, &known).unwrap();
    assert!(changed.assessment.as_ref().unwrap().approval.is_none());
    // Time passes over it.
    city.desk.approve(&cyd, "water-metering").unwrap();
    city.clock.advance(400 * DAY);
    let late = city.desk.activity("water-metering").unwrap();
    assert!(!late.assessment.as_ref().unwrap().holds(city.desk.now()));
    refused(city.desk.approve(&cyd, "water-metering"), "write it anew");
    // High risk needs the authority first.
    let mut risky = findings();
    risky.residual = Level::High;
    risky.review_at = Timestamp::parse("2029-01-01T00:00:00Z").unwrap();
    city.desk.assess(&ben, "water-metering", risky.clone()).unwrap();
    refused(
        city.desk.approve(&cyd, "water-metering"),
        "authority has to be asked",
    );
    risky.consultation = "asked on 1 May".into();
    city.desk.assess(&ben, "water-metering", risky).unwrap();
    assert!(city.desk.approve(&cyd, "water-metering").is_ok());
}

#[test]
fn records_are_there_again_after_a_restart_and_what_is_taken_out_is_not() {
    let city = city();
    let ada = person("ada");
    city.desk.enter(&ada, metering(), &Known::default()).unwrap();
    city.desk.enter(&ada, metering(), &Known::default()).unwrap();
    city.desk.assess(&ada, "water-metering-2", findings()).unwrap();
    city.desk.withdraw(&ada, "water-metering").unwrap();
    refused(
        city.desk.withdraw(&ada, "water-metering"),
        "there is no processing activity",
    );
    let request = city.desk.receive(&ada, asks(Kind::Access, &["urn:a:1"])).unwrap();
    let again = Desk::open(&city.twin, Settings::default()).unwrap();
    assert_eq!(again.activities(), city.desk.activities());
    assert_eq!(again.activities().len(), 1);
    assert_eq!(again.request(&request.id).unwrap(), request);
    // A row that cannot be read is left, and the others are there.
    let row = twin::Row::put("governance-processing", "x", vec![9, b'{']);
    city.twin.store_rows_blocking(vec![row]).unwrap();
    assert_eq!(
        Desk::open(&city.twin, Settings::default())
            .unwrap()
            .activities()
            .len(),
        1
    );
}

fn asks(kind: Kind, entities: &[&str]) -> NewRequest {
    NewRequest {
        kind,
        subject: "A. Wanjiku".into(),
        entities: entities.iter().map(|id| (*id).to_owned()).collect(),
        tenant: None,
        details: String::new(),
        received_at: None,
    }
}

fn note() -> String {
    "seen".to_owned()
}

#[test]
fn a_request_has_its_clock_and_its_states() {
    let city = city();
    let ada = person("ada");
    let request = city.desk.receive(&ada, asks(Kind::Access, &["urn:a:1"])).unwrap();
    assert_eq!(request.id, "r-2026-0001");
    assert_eq!(request.due_at.to_string(), "2026-05-08T12:00:00Z");
    assert_eq!(
        city.desk
            .receive(&ada, asks(Kind::Erasure, &[]))
            .unwrap()
            .due_at
            .to_string(),
        "2026-05-31T12:00:00Z"
    );
    let step = |step: RequestStep| city.desk.step(&ada, "r-2026-0001", &city.twin, &step);
    refused(step(RequestStep::Done { note: note() }), "`identity` first");
    refused(
        city.desk.export(&ada, "r-2026-0001", &city.twin).map(|_| ()),
        "`identity` first",
    );
    refused(step(RequestStep::Identity { note: String::new() }), "`note`");
    assert_eq!(
        step(RequestStep::Identity { note: note() }).unwrap().state,
        State::Identified
    );
    refused(
        step(RequestStep::Extend {
            days: 11,
            note: note(),
        }),
        "1 to 10 days",
    );
    let put_off = step(RequestStep::Extend {
        days: 10,
        note: note(),
    })
    .unwrap();
    assert_eq!(put_off.due_at.to_string(), "2026-05-18T12:00:00Z");
    refused(
        step(RequestStep::Extend {
            days: 1,
            note: note(),
        }),
        "put off already, by 10 days",
    );
    refused(step(RequestStep::Done { note: note() }), "get its export first");
    refused(
        step(RequestStep::Erase { note: note() }),
        "no request for erasure",
    );
    city.desk.export(&ada, "r-2026-0001", &city.twin).unwrap();
    city.desk.export(&ada, "r-2026-0001", &city.twin).unwrap();
    let done = step(RequestStep::Done { note: note() }).unwrap();
    let steps: Vec<&str> = done.steps.iter().map(|step| step.step.as_str()).collect();
    assert_eq!(steps, ["identity", "extend", "export", "done"]);
    refused(step(RequestStep::Refuse { note: note() }), "answered already");
    refused(
        city.desk.step(
            &ada,
            "r-2026-0009",
            &city.twin,
            &RequestStep::Done { note: note() },
        ),
        "there is no request",
    );
    let mut future = asks(Kind::Access, &[]);
    future.received_at = Some(Timestamp::parse("2026-06-01T00:00:00Z").unwrap());
    refused(city.desk.receive(&ada, future), "in the future");
    refused(
        city.desk.receive(&ada, asks(Kind::Access, &["no uri"])),
        "`entities[0]`",
    );
}

fn someone(id: &str) -> Entity {
    Entity::new(Uri::parse(id).unwrap(), Name::default_term("Person"))
}

fn name(text: &str) -> Attribute {
    Attribute::property(Name::default_term("name"), text.to_owned())
}

fn executed(city: &City, operations: Vec<Operation>) {
    for result in city.twin.execute_blocking(&all(), operations) {
        result.unwrap();
    }
}

/// A person with two names, one after the other, a reading of the past, and a house that points to them.
fn populated() -> City {
    let city = city();
    let id = Uri::parse("urn:ngsi-ld:Person:1").unwrap();
    executed(
        &city,
        vec![Operation::Create(someone(id.as_str()).with(name("Old Name")))],
    );
    city.clock.advance(1_000_000);
    executed(
        &city,
        vec![Operation::UpsertUpdate(
            someone(id.as_str()).with(name("New Name")),
        )],
    );
    let at = Timestamp::parse("2026-01-01T00:00:00Z").unwrap();
    let pulse = Attribute::property(Name::default_term("pulse"), 71.0).observed_at(at);
    executed(
        &city,
        vec![Operation::AppendHistory {
            entity: someone(id.as_str()).with(pulse),
            current: false,
        }],
    );
    let owner = Attribute::relationship(Name::default_term("owner"), id);
    let house = Entity::new(Uri::ngsi_ld("House", "1"), Name::default_term("House"));
    executed(&city, vec![Operation::Create(house.with(owner))]);
    executed(
        &city,
        vec![Operation::Create(
            someone("urn:ngsi-ld:Person:2").with(name("Somebody Else")),
        )],
    );
    city
}

#[test]
fn an_export_is_everything_of_the_person_and_nothing_of_others() {
    let city = populated();
    let ada = person("ada");
    let mut activity = metering();
    activity.types = vec!["Person".into()];
    city.desk.enter(&ada, activity, &Known::default()).unwrap();
    let request = city
        .desk
        .receive(&ada, asks(Kind::Export, &["urn:ngsi-ld:Person:1"]))
        .unwrap();
    let step = RequestStep::Identity { note: note() };
    city.desk.step(&ada, &request.id, &city.twin, &step).unwrap();
    let text = city
        .desk
        .export(&ada, &request.id, &city.twin)
        .unwrap()
        .to_string();
    for expected in [
        "Old Name",
        "New Name",
        "pulse",
        "71",
        "urn:ngsi-ld:House:1",
        "owner",
        "Water metering",
    ] {
        assert!(text.contains(expected), "{expected} is not in {text}");
    }
    assert!(!text.contains("Somebody Else"), "{text}");
}

#[test]
fn an_erasure_leaves_nothing_and_cannot_be_claimed() {
    let city = populated();
    let ada = person("ada");
    let (id, other) = (
        Uri::parse("urn:ngsi-ld:Person:1").unwrap(),
        Uri::parse("urn:ngsi-ld:Person:2").unwrap(),
    );
    let request = city.desk.receive(&ada, asks(Kind::Erasure, &[])).unwrap();
    let step = |step: RequestStep| city.desk.step(&ada, &request.id, &city.twin, &step);
    refused(
        step(RequestStep::Erase { note: String::new() }),
        "`identity` first",
    );
    step(RequestStep::Identity { note: note() }).unwrap();
    refused(
        step(RequestStep::Erase { note: String::new() }),
        "names no entities",
    );
    let entities = vec![id.to_string(), "urn:ngsi-ld:Person:gone".to_owned()];
    step(RequestStep::Entities {
        entities,
        note: note(),
    })
    .unwrap();
    refused(step(RequestStep::Done { note: note() }), "nothing was erased");
    assert!(city.twin.evolution_of(&all(), &id).is_some());
    let erased = step(RequestStep::Erase { note: String::new() }).unwrap();
    let told = &erased.steps.last().unwrap().note;
    assert!(
        told.starts_with("1 erased with their past, 1 not there; 1 attributes still point"),
        "{told}"
    );
    assert!(told.contains("owner of urn:ngsi-ld:House:1"), "{told}");
    assert!(city.twin.get(&all(), &id).is_none());
    assert!(
        city.twin.evolution_of(&all(), &id).is_none(),
        "its past is gone too"
    );
    assert!(city.twin.get(&all(), &other).is_some());
    // Somebody writes it again before the request is closed.
    executed(
        &city,
        vec![Operation::Create(someone(id.as_str()).with(name("Again")))],
    );
    refused(step(RequestStep::Done { note: note() }), "is there again");
    step(RequestStep::Erase { note: note() }).unwrap();
    assert_eq!(
        step(RequestStep::Done { note: note() }).unwrap().state,
        State::Done
    );
}

#[test]
fn a_correction_is_done_when_something_was_corrected() {
    let city = populated();
    let ada = person("ada");
    city.clock.advance(DAY);
    let request = city
        .desk
        .receive(&ada, asks(Kind::Correction, &["urn:ngsi-ld:Person:1"]))
        .unwrap();
    let step = |step: RequestStep| city.desk.step(&ada, &request.id, &city.twin, &step);
    step(RequestStep::Identity { note: note() }).unwrap();
    refused(
        step(RequestStep::Done { note: note() }),
        "none of its entities was changed",
    );
    city.clock.advance(1_000_000);
    executed(
        &city,
        vec![Operation::UpsertUpdate(
            someone("urn:ngsi-ld:Person:1").with(name("Right Name")),
        )],
    );
    assert!(step(RequestStep::Done { note: note() }).is_ok());
}

#[test]
fn a_breach_has_its_clock_and_is_not_closed_over_those_who_have_to_be_told() {
    let city = city();
    let ada = person("ada");
    let new = NewBreach {
        title: "Laptop lost".into(),
        nature: "left in a bus".into(),
        known_at: None,
        risk: Level::High,
        people: Some(40),
        data: String::new(),
        consequences: String::new(),
        measures: String::new(),
    };
    let breach = city.desk.record(&ada, new.clone()).unwrap();
    assert_eq!(
        (breach.id.as_str(), breach.due_at.to_string().as_str()),
        ("b-2026-0001", "2026-05-04T12:00:00Z")
    );
    let step = |step: BreachStep| city.desk.breach_step(&ada, "b-2026-0001", &step);
    refused(
        step(BreachStep::Close { note: note() }),
        "authority has to be told",
    );
    refused(step(BreachStep::Authority { note: " ".into() }), "`note`");
    step(BreachStep::Authority {
        note: "ODPC/1".into(),
    })
    .unwrap();
    refused(step(BreachStep::Close { note: note() }), "people have to be told");
    step(BreachStep::People {
        note: "by letter".into(),
    })
    .unwrap();
    assert!(
        step(BreachStep::Close { note: note() })
            .unwrap()
            .closed_at
            .is_some()
    );
    refused(step(BreachStep::Close { note: note() }), "is closed");
    let clocks = Clocks::default();
    let other = city
        .desk
        .record(
            &ada,
            NewBreach {
                risk: Level::Medium,
                ..new
            },
        )
        .unwrap();
    assert!(!other.is_late(&clocks, city.desk.now()));
    city.clock.advance(4 * DAY);
    assert!(other.is_late(&clocks, city.desk.now()));
    let low = BreachStep::Risk {
        risk: Level::Low,
        note: note(),
    };
    let low = city.desk.breach_step(&ada, &other.id, &low).unwrap();
    assert!(!low.is_late(&clocks, city.desk.now()));
    let closed = BreachStep::Close { note: note() };
    assert!(city.desk.breach_step(&ada, &other.id, &closed).is_ok());
}
