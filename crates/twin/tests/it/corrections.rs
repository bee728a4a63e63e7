//! Corrections of the past (5.6.13 to 5.6.15), beyond what the model says: within one group, after a restart, for
//! those who may not see.

use ngsi_ld::{Attribute, Uri};
use storage::{Embedded, Environment, Memory, Storage};
use twin::{Error, Instance, InstanceRef, Operation, Outcome, Reader, Twin};

use crate::common::{at, clock, hiding, history, id, name, numbers, property, run, set, thing, twin, view};

fn past(value: i64, second: i64) -> Attribute {
    property("a", value).observed_at(at(second))
}

fn append(values: &[(i64, i64)]) -> Operation {
    let mut entity = thing(1);
    entity.attributes = values
        .iter()
        .map(|(value, second)| past(*value, *second))
        .collect();
    Operation::AppendHistory {
        entity,
        current: false,
    }
}

/// The instance with this value.
fn instance(twin: &Twin, value: f64) -> InstanceRef {
    let all = history(twin, &id(1));
    let found = all.iter().find(|a| a.as_f64() == Some(value)).unwrap();
    let instance = found.instance_id.as_ref().unwrap();
    twin.find_instance(&view(), &id(1), &name("a"), instance).unwrap()
}

#[test]
fn clause_5_6_14_a_modified_instance_keeps_its_id_and_when_it_was_created() {
    let clock = clock();
    let twin = Twin::open(Box::new(Memory::new()), clock.clone()).unwrap();
    run(&twin, append(&[(1, 10), (2, 20), (3, 30)])).unwrap();
    let which = instance(&twin, 2.0);
    let was = history(&twin, &id(1))[1].clone();
    clock.set(at(100));
    // Its own instant moves it to the end.
    let given = past(20, 40).unit_code("CEL");
    let outcome = run(
        &twin,
        Operation::ReplaceInstance(id(1), which.clone(), given.clone()),
    );
    assert_eq!(outcome.unwrap(), Outcome::Updated { not_updated: vec![] });
    let now = history(&twin, &id(1));
    assert_eq!(numbers(&now), [1.0, 3.0, 20.0]);
    assert_eq!((now[2].created_at, now[2].modified_at), (was.created_at, at(100)));
    assert_eq!(now[2].instance_id, was.instance_id);
    assert_eq!(now[2].unit_code.as_deref(), Some("CEL"));
    // It is found by its id where it is now, and can be modified and deleted again.
    let moved = twin
        .find_instance(&view(), &id(1), &name("a"), &which.id)
        .unwrap();
    assert_eq!(moved.at, at(40));
    assert!(
        matches!(
            run(&twin, Operation::DeleteInstance(id(1), which)),
            Err(Error::InstanceNotFound(..))
        ),
        "it is no longer where it was"
    );
    run(
        &twin,
        Operation::ReplaceInstance(id(1), moved.clone(), past(21, 40)),
    )
    .unwrap();
    run(&twin, Operation::DeleteInstance(id(1), moved)).unwrap();
    assert_eq!(numbers(&history(&twin, &id(1))), [1.0, 3.0]);
}

#[test]
fn what_was_forgotten_in_a_group_is_forgotten_for_the_rest_of_it() {
    let twin = twin();
    run(&twin, append(&[(1, 10), (2, 20)])).unwrap();
    let which = instance(&twin, 1.0);
    let results = twin.execute_blocking(
        &view(),
        vec![
            Operation::DeleteInstance(id(1), which.clone()),
            Operation::DeleteInstance(id(1), which.clone()),
            append(&[(1, 10)]),
            append(&[(2, 20)]),
            Operation::DeleteAttributeHistory(id(1), name("a"), Instance::All),
            Operation::DeleteAttributeHistory(id(1), name("a"), Instance::All),
            append(&[(2, 20), (5, 50)]),
        ],
    );
    let told: Vec<_> = results.into_iter().map(std::result::Result::ok).collect();
    let appended = |added, known| {
        Some(Outcome::Appended {
            added,
            known,
            created: false,
        })
    };
    assert_eq!(
        told,
        [
            Some(Outcome::Deleted),
            None,
            appended(1, 0),
            appended(0, 1),
            Some(Outcome::Deleted),
            None,
            appended(2, 0),
        ]
    );
    assert_eq!(numbers(&history(&twin, &id(1))), [2.0, 5.0]);
}

#[test]
fn the_current_instance_is_replaced_and_deleted_in_the_entity_too() {
    let twin = twin();
    run(&twin, Operation::Create(thing(1).with(property("a", 1)))).unwrap();
    run(&twin, Operation::Merge(id(1), set("a", 2))).unwrap();
    let now = instance(&twin, 2.0);
    run(
        &twin,
        Operation::ReplaceInstance(id(1), now.clone(), property("a", 3)),
    )
    .unwrap();
    let entity = twin.get(&view(), &id(1)).unwrap();
    assert_eq!(numbers(&entity.attributes), [3.0]);
    assert_eq!(numbers(&history(&twin, &id(1))), [1.0, 3.0]);
    let now = twin.find_instance(&view(), &id(1), &name("a"), &now.id).unwrap();
    run(&twin, Operation::DeleteInstance(id(1), now)).unwrap();
    assert!(twin.get(&view(), &id(1)).unwrap().attributes.is_empty());
    assert_eq!(numbers(&history(&twin, &id(1))), [1.0]);
    // The past of an attribute goes, what it is now stays.
    run(&twin, Operation::Merge(id(1), set("a", 4))).unwrap();
    run(
        &twin,
        Operation::DeleteAttributeHistory(id(1), name("a"), Instance::Default),
    )
    .unwrap();
    assert_eq!(numbers(&history(&twin, &id(1))), [4.0]);
}

#[test]
fn what_is_not_there_is_told_apart() {
    let twin = twin();
    run(&twin, append(&[(1, 10)])).unwrap();
    let which = instance(&twin, 1.0);
    let other = Uri::ngsi_ld("Instance", "none");
    let find = |n: usize, attribute: &str, instance: &Uri| {
        twin.find_instance(&view(), &id(n), &name(attribute), instance)
    };
    assert!(matches!(find(2, "a", &which.id), Err(Error::NotFound(_))));
    assert!(matches!(
        find(1, "b", &which.id),
        Err(Error::AttributeNotFound(..))
    ));
    assert!(matches!(find(1, "a", &other), Err(Error::InstanceNotFound(..))));
    let delete = |n, attribute, instance| {
        run(
            &twin,
            Operation::DeleteAttributeHistory(id(n), name(attribute), instance),
        )
    };
    let set = Instance::Dataset(Uri::ngsi_ld("Dataset", "x"));
    assert!(matches!(
        delete(1, "b", Instance::All),
        Err(Error::AttributeNotFound(..))
    ));
    assert!(matches!(delete(1, "a", set), Err(Error::AttributeNotFound(..))));
    assert!(matches!(delete(9, "a", Instance::All), Err(Error::NotFound(_))));
    for bad in [property("b", 1), property("a", 1).dataset(other)] {
        let refused = run(&twin, Operation::ReplaceInstance(id(1), which.clone(), bad));
        assert!(matches!(refused, Err(Error::Invalid(_))));
    }
    // What a view hides cannot be corrected, and does not exist.
    let blind = hiding([name("a")]);
    let hidden = twin.find_instance(&blind, &id(1), &name("a"), &which.id);
    assert!(matches!(hidden, Err(Error::NotFound(_))), "nothing is left of it");
    for operation in [
        Operation::DeleteInstance(id(1), which.clone()),
        Operation::DeleteAttributeHistory(id(1), name("a"), Instance::All),
    ] {
        let refused = twin.execute_blocking(&blind, vec![operation]).remove(0);
        assert!(matches!(refused, Err(Error::NotFound(_))));
    }
    assert_eq!(numbers(&history(&twin, &id(1))), [1.0]);
}

#[test]
fn corrections_are_durable() {
    let folder = tempfile::tempdir().unwrap();
    let open = || -> Box<dyn Storage> {
        let options = storage::Options {
            fold_changes: 2,
            ..storage::Options::default()
        };
        Box::new(Embedded::open_with(folder.path(), "city", Environment::real(1), options).unwrap())
    };
    let clock = clock();
    let twin = Twin::open(open(), clock.clone()).unwrap();
    run(&twin, append(&[(1, 10), (2, 20), (3, 30), (4, 40)])).unwrap();
    let (one, two) = (instance(&twin, 1.0), instance(&twin, 2.0));
    run(&twin, Operation::DeleteInstance(id(1), one)).unwrap();
    run(&twin, Operation::ReplaceInstance(id(1), two.clone(), past(7, 25))).unwrap();
    let before = history(&twin, &id(1));
    assert_eq!(numbers(&before), [7.0, 3.0, 4.0]);
    twin.close();
    let twin = Twin::open(open(), clock).unwrap();
    assert_eq!(history(&twin, &id(1)), before);
    let found = twin.find_instance(&view(), &id(1), &name("a"), &two.id);
    assert_eq!(found.unwrap().at, at(25));
}
