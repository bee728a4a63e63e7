//! What retention asks of a twin: the past before an instant goes, and nothing else does; and what is held stays.

use std::sync::Arc;

use ngsi_ld::{Attribute, Entity, Timestamp, Uri};
use parking_lot::Mutex;
use proptest::prelude::*;
use storage::{Embedded, Environment, Memory, Options, Storage};
use twin::{Error, Holds, Instance, InstanceRef, Operation, Outcome, Reader as _, Twin};

use crate::common::{
    at, clock, hiding, history, id, name, numbers, only, property, run, set, thing, twin, view,
};

fn told(term: &str, dataset: Option<u8>, value: i64, second: i64) -> Attribute {
    let mut one = property(term, value).observed_at(at(second));
    one.dataset_id = dataset.map(|n| Uri::ngsi_ld("Dataset", &n.to_string()));
    one
}

/// What an evolution holds, without what the twin makes up: name, data set, instant, value.
fn plain(twin: &Twin) -> Vec<(String, Option<String>, i64, i64)> {
    let Some(entity) = twin.history(&view(), &id(1), &crate::common::always()).unwrap() else {
        return Vec::new();
    };
    let mut all: Vec<_> = (entity.attributes.iter())
        .map(|one| {
            (
                one.name.as_str().to_owned(),
                one.dataset_id.as_ref().map(ToString::to_string),
                one.instant().as_micros(),
                one.as_f64().unwrap() as i64,
            )
        })
        .collect();
    all.sort();
    all
}

fn on_disk(folder: &std::path::Path, fold_changes: usize) -> Box<dyn Storage> {
    let options = Options {
        fold_changes,
        ..Options::default()
    };
    Box::new(Embedded::open_with(folder, "city", Environment::real(1), options).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// What goes is what a look at every instance says, in memory and on disk, folded or not, some at a time or all at
    /// once, now and after a restart.
    #[test]
    fn what_is_old_goes_and_nothing_else(
        instances in prop::collection::vec((0..2_u8, prop::option::of(0..2_u8), 0..1000_i64, 0..60_i64), 0..80),
        later in prop::collection::vec((0..2_u8, 100..160_i64), 0..6),
        before in 0..170_i64,
        most in 1..30_usize,
        fold_changes in prop_oneof![Just(1_usize), Just(30), Just(100_000)],
        gone in any::<bool>(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        for disk in [false, true] {
            let open = || -> Box<dyn Storage> {
                if disk { on_disk(folder.path(), fold_changes) } else { Box::new(Memory::new()) }
            };
            let clock = clock();
            let twin = Twin::open(open(), clock.clone()).unwrap();
            run(&twin, Operation::Create(thing(1))).unwrap();
            let term = |n: u8| if n == 0 { "a" } else { "b" };
            let mut entity = thing(1);
            entity.attributes = instances.iter().map(|(n, dataset, value, second)| told(term(*n), *dataset, *value, *second)).collect();
            run(&twin, Operation::AppendHistory { entity, current: false }).unwrap();
            for (n, second) in &later {
                clock.set(at(*second));
                run(&twin, Operation::Append(id(1), set(term(*n), *second), true)).unwrap();
            }
            if gone {
                run(&twin, Operation::Delete(id(1))).unwrap();
            }
            let live: Vec<Attribute> = twin.get(&view(), &id(1)).map(|entity| entity.attributes.clone()).unwrap_or_default();
            let is_now = |one: &(String, Option<String>, i64, i64)| live.iter().any(|now| {
                now.name.as_str() == one.0 && now.dataset_id.is_none() && one.1.is_none() && now.instant().as_micros() == one.2
            });
            let cut = at(before);
            let mut expected = plain(&twin);
            let old = expected.iter().filter(|one| one.0 == name("a").as_str() && one.2 < cut.as_micros() && !is_now(one)).count();
            let first = expected.iter().filter(|one| one.0 == name("a").as_str() && !is_now(one)).map(|one| one.2).min();
            expected.retain(|one| one.0 != name("a").as_str() || one.2 >= cut.as_micros() || is_now(one));
            let (count, oldest) = twin.count_old(&view(), &id(1), &name("a"), cut).unwrap();
            prop_assert_eq!(count, old);
            prop_assert_eq!(oldest.map(Timestamp::as_micros), first.filter(|first| *first < cut.as_micros()));
            let mut went = 0;
            while let Some(old) = twin.old(&view(), &id(1), &name("a"), cut, most).unwrap() {
                prop_assert!(old.oldest < old.until && old.until <= cut);
                let outcome = run(&twin, Operation::ForgetBefore(id(1), name("a"), old.until)).unwrap();
                prop_assert_eq!(outcome, Outcome::Deleted);
                went += old.instances;
                prop_assert!(went <= count, "it gets somewhere");
            }
            prop_assert_eq!(went, count);
            prop_assert_eq!(&plain(&twin), &expected);
            let again = run(&twin, Operation::ForgetBefore(id(1), name("a"), cut)).unwrap();
            prop_assert!(gone || again == Outcome::Unchanged);
            if disk {
                drop(twin);
                let twin = Twin::open(open(), clock).unwrap();
                prop_assert_eq!(&plain(&twin), &expected);
                prop_assert_eq!(twin.count_old(&view(), &id(1), &name("a"), cut).unwrap(), (0, None));
            }
        }
    }
}

#[test]
fn of_what_is_gone_the_last_state_loses_it_too() {
    let folder = tempfile::tempdir().unwrap();
    let twin = Twin::open(on_disk(folder.path(), 1), clock()).unwrap();
    run(&twin, Operation::Create(thing(1).with(told("a", None, 7, 10)))).unwrap();
    run(&twin, Operation::Delete(id(1))).unwrap();
    let seven = only(query::view::Condition::Attribute(
        name("a"),
        query::view::Test::Between(7.0, 7.0),
    ));
    let remembered = |twin: &Twin| twin.evolution_of(&seven, &id(1)).is_some();
    assert!(remembered(&twin), "its last state decides who may know of it");
    run(&twin, Operation::ForgetBefore(id(1), name("a"), at(11))).unwrap();
    assert!(!remembered(&twin));
    drop(twin);
    let twin = Twin::open(on_disk(folder.path(), 1), clock()).unwrap();
    assert!(!remembered(&twin), "on disk neither");
    assert!(twin.evolution_of(&view(), &id(1)).is_some());
}

#[test]
fn nobody_but_who_may_do_everything_may_do_that_or_ask() {
    let twin = twin();
    run(&twin, Operation::Create(thing(1).with(told("a", None, 1, 1)))).unwrap();
    let blind = hiding([name("b")]);
    let forget = Operation::ForgetBefore(id(1), name("a"), at(9));
    let refused = twin.execute_blocking(&blind, vec![forget]).remove(0);
    assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
    assert!(matches!(
        twin.old(&blind, &id(1), &name("a"), at(9), 5),
        Err(Error::Forbidden(_))
    ));
    assert!(matches!(
        twin.count_old(&blind, &id(1), &name("a"), at(9)),
        Err(Error::Forbidden(_))
    ));
    assert!(matches!(
        twin.last_known_at(&blind, &id(1)),
        Err(Error::Forbidden(_))
    ));
    assert!(matches!(
        twin.past_attributes(&blind, &id(1)),
        Err(Error::Forbidden(_))
    ));
}

#[test]
fn when_anything_was_known_last() {
    let twin = twin();
    let last = |n: u8| twin.last_known_at(&view(), &id(n)).unwrap();
    assert_eq!(last(1), None);
    run(&twin, Operation::Create(thing(1).with(told("a", None, 1, 100)))).unwrap();
    assert_eq!(last(1), Some(at(100)));
    let mut more = thing(1);
    more.attributes = vec![told("b", Some(1), 1, 50), told("b", Some(2), 1, 130)];
    run(
        &twin,
        Operation::AppendHistory {
            entity: more,
            current: false,
        },
    )
    .unwrap();
    assert_eq!(last(1), Some(at(130)), "its past may be later than what it is");
    run(&twin, Operation::Delete(id(1))).unwrap();
    assert_eq!(last(1), Some(at(130)), "that it went is no observation");
}

/// Holds these ids, and entities that have a number of `a` between 5 and 9.
struct Held(Mutex<Vec<Uri>>);

impl Holds for Held {
    fn on(&self, tenant: Option<&str>, entity: &Entity, whole: bool, _now: Timestamp) -> Option<String> {
        let by_value = entity.attributes.iter().any(|one| {
            one.name == name("a") && one.as_f64().is_some_and(|value| (5.0..9.0).contains(&value))
        });
        let held = self.0.lock().contains(&entity.id) || (whole && by_value);
        (held && tenant == Some("water")).then(|| "h-1".to_owned())
    }
}

#[test]
fn what_is_held_is_not_destroyed_by_anybody() {
    let twin = twin();
    let held = Arc::new(Held(Mutex::new(vec![id(1)])));
    twin.ask_holds(Arc::<Held>::clone(&held), Some("water"));
    for n in [1, 2, 3] {
        run(
            &twin,
            Operation::Create(thing(n).with(told("a", None, 1, 10)).with(told("b", None, 1, 10))),
        )
        .unwrap();
        let mut more = thing(n);
        more.attributes = vec![told("a", None, 2, 5)];
        run(
            &twin,
            Operation::AppendHistory {
                entity: more,
                current: false,
            },
        )
        .unwrap();
    }
    let which = |n: u8| {
        let past = history(&twin, &id(n));
        let first = past.iter().find(|one| one.as_f64() == Some(2.0)).unwrap();
        InstanceRef {
            attribute: name("a"),
            id: first.instance_id.clone().unwrap(),
            at: at(5),
        }
    };
    let destroying = |n: u8| {
        vec![
            Operation::ReplaceInstance(id(n), which(n), told("a", None, 9, 5)),
            Operation::DeleteInstance(id(n), which(n)),
            Operation::DeleteAttributeHistory(id(n), name("a"), Instance::All),
            Operation::ForgetBefore(id(n), name("a"), at(100)),
            Operation::Delete(id(n)),
            Operation::DeleteHistory(id(n)),
        ]
    };
    let before = history(&twin, &id(1));
    for operation in destroying(1) {
        let refused = run(&twin, operation.clone());
        assert!(
            matches!(&refused, Err(Error::Held(of, hold)) if *of == id(1) && hold == "h-1"),
            "{operation:?}: {refused:?}"
        );
    }
    assert_eq!(history(&twin, &id(1)), before);
    // Who does not see it learns of no hold.
    let blind = only(query::view::Condition::Attribute(
        name("a"),
        query::view::Test::Between(50.0, 60.0),
    ));
    let refused = twin
        .execute_blocking(&blind, vec![Operation::Delete(id(1))])
        .remove(0);
    assert!(matches!(refused, Err(Error::NotFound(_))), "{refused:?}");
    // Others go, and what is held goes on: what is replaced becomes past.
    for operation in destroying(2) {
        let done = run(&twin, operation.clone());
        assert!(!matches!(done, Err(Error::Held(..))), "{operation:?}");
    }
    run(&twin, Operation::Merge(id(1), set("b", 2))).unwrap();
    assert_eq!(history(&twin, &id(1)).len(), before.len() + 1);
    // What is held for what it is, is not brought out of that.
    run(&twin, Operation::Merge(id(3), set("a", 6))).unwrap();
    run(&twin, Operation::Merge(id(3), set("a", 7))).unwrap();
    let refused = run(&twin, Operation::Merge(id(3), set("a", 1)));
    assert!(matches!(refused, Err(Error::Held(..))), "{refused:?}");
    let refused = run(&twin, Operation::DeleteAttribute(id(3), name("a"), Instance::All));
    assert!(matches!(refused, Err(Error::Held(..))), "{refused:?}");
    assert_eq!(numbers(&twin.get(&view(), &id(3)).unwrap().attributes)[0], 7.0);
    // Released.
    held.0.lock().clear();
    run(&twin, Operation::Delete(id(1))).unwrap();
    run(&twin, Operation::DeleteHistory(id(1))).unwrap();
    assert!(twin.evolution_of(&view(), &id(1)).is_none());
}

#[test]
fn what_is_transient_ends_under_a_hold_too_and_its_past_stays() {
    let clock = clock();
    let twin = Twin::open(Box::new(Memory::new()), clock.clone()).unwrap();
    twin.ask_holds(Arc::new(Held(Mutex::new(vec![id(1)]))), Some("water"));
    let mut entity = thing(1).with(told("a", None, 6, 10));
    entity.expires_at = Some(at(50));
    run(&twin, Operation::Create(entity)).unwrap();
    clock.set(at(60));
    run(&twin, Operation::Create(thing(2))).unwrap();
    assert!(twin.get(&view(), &id(1)).is_none());
    assert_eq!(numbers(&history(&twin, &id(1))), [6.0]);
    let refused = run(&twin, Operation::DeleteHistory(id(1)));
    assert!(matches!(refused, Err(Error::Held(..))), "{refused:?}");
}
