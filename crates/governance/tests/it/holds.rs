//! Legal holds at the desk: who places and releases them, what they cover, and that an erasure stops before them.

use std::sync::Arc;

use governance::desk::{By, Desk, Error, Kind, NewHold, NewRequest, RequestStep, Settings};
use ngsi_ld::{Attribute, Entity, Name, Timestamp, Uri};
use query::{Caller, View};
use storage::Memory;
use storage::environment::ManualClock;
use twin::{Operation, Outcome, Reader as _, Twin};

struct City {
    twin: Twin,
    clock: Arc<ManualClock>,
    desk: Desk,
    store: Memory,
}

fn city() -> City {
    let store = Memory::new();
    let clock = Arc::new(ManualClock::new(
        Timestamp::parse("2026-05-01T12:00:00Z").unwrap(),
    ));
    let twin = Twin::open(Box::new(store.clone()), Arc::<ManualClock>::clone(&clock)).unwrap();
    let desk = Desk::open(&twin, Settings::default()).unwrap();
    twin.ask_holds(desk.keeper(), None);
    City {
        twin,
        clock,
        desk,
        store,
    }
}

fn person(id: &str) -> By {
    By::new(&View::open(Caller::Principal(id.into()), "x"), true)
}

fn all() -> View {
    View::open(Caller::System("test"), "x")
}

fn id(n: u8) -> Uri {
    Uri::ngsi_ld("Person", &n.to_string())
}

impl City {
    fn make(&self, n: u8, of: &str, scope: &str, level: i64) {
        let mut entity = Entity::new(id(n), Name::default_term(of))
            .with(Attribute::property(Name::default_term("level"), level));
        if !scope.is_empty() {
            entity.scope = vec![scope.into()];
        }
        self.twin
            .execute_blocking(&all(), vec![Operation::Create(entity)])
            .remove(0)
            .unwrap();
    }

    fn delete(&self, n: u8) -> Result<Outcome, twin::Error> {
        self.twin
            .execute_blocking(&all(), vec![Operation::Delete(id(n))])
            .remove(0)
    }

    fn erase_past(&self, n: u8) -> Result<Outcome, twin::Error> {
        self.twin
            .execute_blocking(&all(), vec![Operation::DeleteHistory(id(n))])
            .remove(0)
    }
}

fn hold(of: impl FnOnce(&mut NewHold)) -> NewHold {
    let mut hold = NewHold {
        reason: "High Court, case 12 of 2026".into(),
        ..NewHold::default()
    };
    of(&mut hold);
    hold
}

fn held(result: Result<Outcome, twin::Error>) -> bool {
    match result {
        Ok(_) => false,
        Err(twin::Error::Held(..)) => true,
        Err(other) => panic!("{other}"),
    }
}

/// What a hold is made of.
type Of = fn(&mut NewHold);

#[test]
fn what_fits_everything_that_is_given_is_held() {
    let cases: [(Of, [bool; 4]); 6] = [
        (
            |it| it.entities = vec![id(1).to_string(), id(4).to_string()],
            [true, false, false, true],
        ),
        (|it| it.types = vec!["Driver".into()], [true, true, false, false]),
        (|it| it.scope = "/Nairobi/#".into(), [true, false, true, false]),
        (|it| it.q = "level>5".into(), [false, true, true, false]),
        (
            |it| (it.types, it.q) = (vec!["Driver".into()], "level>5".into()),
            [false, true, false, false],
        ),
        (
            |it| (it.types, it.scope) = (vec!["Driver".into()], "/Nairobi/#".into()),
            [true, false, false, false],
        ),
    ];
    for (of, expected) in cases {
        let city = city();
        city.make(1, "Driver", "/Nairobi/West", 1);
        city.make(2, "Driver", "", 9);
        city.make(3, "Pupil", "/Nairobi/East", 9);
        city.make(4, "Pupil", "", 1);
        let hold = hold(of);
        city.desk.place(&person("a"), hold.clone()).unwrap();
        let found = [1, 2, 3, 4].map(|n| held(city.delete(n)));
        assert_eq!(found, expected, "{hold:?}");
    }
}

#[test]
fn of_what_is_gone_what_could_be_held_is() {
    let city = city();
    for n in [1, 2] {
        city.make(n, if n == 1 { "Driver" } else { "Pupil" }, "", 1);
        city.delete(n).unwrap();
    }
    city.desk
        .place(
            &person("a"),
            hold(|it| (it.types, it.q) = (vec!["Driver".into()], "level>5".into())),
        )
        .unwrap();
    assert!(held(city.erase_past(1)), "what it was is not known for sure");
    assert!(!held(city.erase_past(2)), "it is of another type");
}

#[test]
fn a_hold_stands_from_when_to_when_and_is_released_by_another() {
    let city = city();
    city.make(1, "Driver", "", 1);
    let day = |day: &str| Some(Timestamp::parse(&format!("2026-{day}T00:00:00Z")).unwrap());
    let new = hold(|it| {
        it.types = vec!["Driver".into()];
        (it.from, it.until) = (day("06-01"), day("07-01"));
    });
    let placed = city.desk.place(&person("a"), new).unwrap();
    assert_eq!(placed.id, "h-2026-0001");
    let at = |when: &str| {
        city.clock.set(day(when).unwrap());
        let hold = city.desk.hold(&placed.id).unwrap();
        (hold.stands(city.desk.now()), hold.is_open(city.desk.now()))
    };
    assert_eq!(at("05-20"), (false, true));
    assert_eq!(at("06-02"), (true, true));
    assert!(held(city.delete(1)));
    // As after a restart.
    let again = Twin::open(
        Box::new(city.store.clone()),
        Arc::<ManualClock>::clone(&city.clock),
    )
    .unwrap();
    let desk = Desk::open(&again, Settings::default()).unwrap();
    again.ask_holds(desk.keeper(), None);
    assert!(held(
        again
            .execute_blocking(&all(), vec![Operation::Delete(id(1))])
            .remove(0)
    ));
    let told = city.desk.release(&person("a"), &placed.id, "over").unwrap_err();
    assert!(
        matches!(&told, Error::Forbidden(told) if told.contains("another person")),
        "{told}"
    );
    assert!(matches!(
        city.desk.release(&person("b"), &placed.id, " "),
        Err(Error::Wrong { .. })
    ));
    let program = By::new(&View::open(Caller::Principal("k".into()), "x"), false);
    assert!(matches!(
        city.desk.release(&program, &placed.id, "over"),
        Err(Error::Forbidden(_))
    ));
    assert!(matches!(
        city.desk.place(&program, hold(|it| it.q = "a".into())),
        Err(Error::Forbidden(_))
    ));
    let released = city
        .desk
        .release(&person("b"), &placed.id, "the case is over")
        .unwrap();
    assert_eq!(released.released.as_ref().unwrap().by, "b");
    assert!(matches!(
        city.desk.release(&person("b"), &placed.id, "over"),
        Err(Error::Conflict(_))
    ));
    assert_eq!(at("06-03"), (false, false));
    assert!(!held(city.delete(1)));
    // One that nobody released stands until its day.
    city.make(2, "Pupil", "", 1);
    city.desk
        .place(
            &person("a"),
            hold(|it| (it.types, it.until) = (vec!["Pupil".into()], day("07-01"))),
        )
        .unwrap();
    assert!(held(city.delete(2)));
    city.clock.set(day("07-01").unwrap());
    assert!(!held(city.delete(2)));
}

#[test]
fn holds_that_hold_nothing_are_refused() {
    let city = city();
    let past = Some(Timestamp::parse("2026-01-01T00:00:00Z").unwrap());
    let cases: [(Of, &str); 7] = [
        (|it| it.reason = " ".into(), "`reason`: it is empty"),
        (|_| {}, "`entities`: nothing says what is held"),
        (|it| it.entities = vec!["no id".into()], "`entities[0]`"),
        (|it| it.q = "level>".into(), "`q`"),
        (|it| it.q = "owner{Person}.name==\"x\"".into(), "`q`"),
        (|it| it.scope = "(/Nairobi".into(), "`scope`"),
        (|it| it.types = vec![String::new()], "`types[0]`"),
    ];
    for (of, expected) in cases {
        let told = city.desk.place(&person("a"), hold(of)).unwrap_err().to_string();
        assert!(told.contains(expected), "{told}\nshould say {expected}");
    }
    let told = city.desk.place(
        &person("a"),
        hold(|it| (it.types, it.until) = (vec!["T".into()], past)),
    );
    assert!(told.unwrap_err().to_string().contains("`until`"));
    city.make(1, "T", "", 1);
    assert!(!held(city.delete(1)), "what was refused holds nothing");
}

#[test]
fn an_erasure_stops_before_anything_is_done() {
    let city = city();
    city.make(1, "Person", "", 1);
    city.make(2, "Person", "", 2);
    city.desk
        .place(&person("a"), hold(|it| it.entities = vec![id(2).to_string()]))
        .unwrap();
    let new = NewRequest {
        kind: Kind::Erasure,
        subject: "A. Wanjiku".into(),
        entities: vec![id(1).to_string(), id(2).to_string()],
        tenant: None,
        details: String::new(),
        received_at: None,
    };
    let request = city.desk.receive(&person("b"), new).unwrap();
    let step = |step: RequestStep| city.desk.step(&person("b"), &request.id, &city.twin, &step);
    step(RequestStep::Identity { note: "card".into() }).unwrap();
    let told = step(RequestStep::Erase { note: String::new() }).unwrap_err();
    assert!(
        matches!(&told, Error::Conflict(told) if told.contains("`h-2026-0001`")),
        "{told}"
    );
    assert!(city.twin.get(&all(), &id(1)).is_some(), "nothing of it was done");
    city.desk.release(&person("b"), "h-2026-0001", "over").unwrap();
    step(RequestStep::Erase { note: String::new() }).unwrap();
    assert!(city.twin.evolution_of(&all(), &id(2)).is_none());
}
