//! The last states of entities that have no current one: what they cost, and what those are worth that nobody knows.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use ngsi_ld::{Attribute, Entity};
use query::view::{Condition, Rights, Test};
use query::{Caller, View};
use storage::{Change, Embedded, Environment, Lsn, Memory, Storage, StorageError, StorageReader, Stored};
use twin::{Error, Operation, Reader as _, Twin};

use crate::common::{always, at, clock, id, name, only, open, property, run, thing, view};

fn store(folder: &Path) -> Embedded {
    Embedded::open(folder, "city", Environment::real(1)).unwrap()
}

fn wide(attributes: usize) -> Entity {
    (0..attributes).fold(thing(1), |entity, n| {
        entity.with(property(&format!("wide{n}"), 1).observed_at(at(0)))
    })
}

fn reading(n: i64) -> Operation {
    Operation::AppendHistory {
        entity: thing(1).with(property("wide7", n).observed_at(at(n))),
        current: false,
    }
}

/// An instance that is told of a past costs about what an instance costs, however many attributes the entity has.
#[test]
fn an_instance_of_the_past_costs_no_more_where_there_are_many_attributes() {
    let bytes = |attributes: usize, together: bool| {
        let folder = tempfile::tempdir().unwrap();
        let twin = Twin::open(Box::new(store(folder.path())), clock()).unwrap();
        let told = Operation::AppendHistory {
            entity: wide(attributes),
            current: false,
        };
        run(&twin, told).unwrap();
        twin.close();
        drop(twin);
        let before = store(folder.path()).statistics().unwrap().log_bytes;
        let twin = Twin::open(Box::new(store(folder.path())), clock()).unwrap();
        let readings = (1..=1000).map(reading).collect::<Vec<_>>();
        if together {
            let done = twin.execute_blocking(&view(), readings);
            assert!(done.iter().all(Result::is_ok));
        } else {
            for one in readings.into_iter().take(200) {
                run(&twin, one).unwrap();
            }
        }
        twin.close();
        drop(twin);
        store(folder.path()).statistics().unwrap().log_bytes - before
    };
    for together in [true, false] {
        let (narrow, wide) = (bytes(10, together), bytes(1000, together));
        assert!(
            wide <= narrow + narrow / 10,
            "{wide} bytes with a thousand attributes, {narrow} with ten"
        );
    }
}

/// What was told of the past one by one and what was told at once leaves the same last state, also after a start.
#[test]
fn the_last_state_is_the_same_after_a_start() {
    let folder = tempfile::tempdir().unwrap();
    let twin = Twin::open(Box::new(store(folder.path())), clock()).unwrap();
    let told = Operation::AppendHistory {
        entity: wide(3),
        current: false,
    };
    for operation in [told, reading(5), reading(9), reading(2)] {
        run(&twin, operation).unwrap();
    }
    let last = |twin: &Twin| {
        let last = twin.snapshot().last_state(&view(), &id(1)).unwrap();
        let values = last.attributes.iter();
        values
            .map(|one| (one.name.clone(), one.as_f64()))
            .collect::<Vec<_>>()
    };
    let before = last(&twin);
    assert_eq!(before.len(), 4);
    assert!(before.contains(&(name("wide7"), Some(9.0))));
    let past = twin.history(&view(), &id(1), &always()).unwrap();
    drop(twin);
    let twin = Twin::open(Box::new(store(folder.path())), clock()).unwrap();
    assert_eq!(last(&twin), before);
    assert_eq!(twin.history(&view(), &id(1), &always()).unwrap(), past);
}

/// A store of which older programs left no last states that can be told.
#[derive(Clone, Default)]
struct Older(Memory);

impl Storage for Older {
    fn load(&mut self, sink: &mut dyn FnMut(Stored)) -> Result<(), StorageError> {
        self.0.load(&mut |mut stored| {
            if stored.deleted_at.is_some() || stored.temporal_only {
                stored.entity.attributes.clear();
                stored.last_known = false;
            }
            sink(stored);
        })
    }
    fn commit(&mut self, changes: &[Change]) -> Result<Lsn, StorageError> {
        self.0.commit(changes)
    }
    fn bulk(&mut self, changes: &[Change]) -> Result<Lsn, StorageError> {
        self.0.bulk(changes)
    }
    fn maintain(&mut self) -> Result<bool, StorageError> {
        Ok(false)
    }
    fn put_blob(&mut self, content: &mut dyn Read) -> Result<String, StorageError> {
        self.0.put_blob(content)
    }
    fn reader(&self) -> Arc<dyn StorageReader> {
        self.0.reader()
    }
}

/// What is not known is held against nobody's wish to see it, and not for it either: who may not see everything does not
/// see the past, and takes it over by no new entity.
#[test]
fn what_is_not_known_decides_for_nobody() {
    let older = Older::default();
    let twin = open(older.clone());
    let owned = |local: &str| {
        let owner = Attribute::property(name("owner"), "Ada");
        thing(local).with(owner).with(property("b", 0))
    };
    for operation in [
        Operation::Create(owned("gone")),
        Operation::Delete(id("gone")),
        Operation::AppendHistory {
            entity: owned("past"),
            current: false,
        },
    ] {
        run(&twin, operation).unwrap();
    }
    let hers = || Condition::Attribute(name("owner"), Test::Is("Ada".into()));
    let views = [
        only(hers()),
        only(hers().negated()),
        only(Condition::Type(name("Thing"))),
        View::new(
            Caller::Principal("urn:x:1".into()),
            "test",
            query::view::Permissions::uniform(&Rights::except(Condition::Always, [name("owner")])),
        ),
    ];
    let shown = |twin: &Twin, local: &str| {
        views.each_ref().map(|view| {
            let past = twin.history(view, &id(local), &always()).unwrap();
            assert_eq!(past.is_some(), twin.evolution_of(view, &id(local)).is_some());
            past.is_some()
        })
    };
    for local in ["gone", "past"] {
        assert_eq!(shown(&twin, local), [true, false, true, true], "{local}");
    }
    drop(twin);
    let twin = open(older);
    for local in ["gone", "past"] {
        assert_eq!(shown(&twin, local), [false; 4], "{local}");
        assert_eq!(
            twin.history(&view(), &id(local), &always())
                .unwrap()
                .unwrap()
                .attributes
                .len(),
            2
        );
        for view in &views {
            let append = Operation::AppendHistory {
                entity: thing(local).with(property("b", 1).observed_at(at(1))),
                current: false,
            };
            let attempt = |operation| twin.execute_blocking(view, vec![operation]).remove(0);
            assert!(matches!(attempt(append), Err(Error::NotFound(_))));
            let create = attempt(Operation::Create(thing(local)));
            assert!(
                matches!(create, Err(Error::AlreadyExists(_) | Error::Forbidden(_))),
                "{create:?}"
            );
        }
    }
    // Told of by who may see everything it stays unknown; with a current state it is as any other.
    let told = Operation::AppendHistory {
        entity: thing("past").with(property("b", 1).observed_at(at(1))),
        current: false,
    };
    run(&twin, told).unwrap();
    assert_eq!(shown(&twin, "past"), [false; 4]);
    for operation in [Operation::Create(owned("gone")), Operation::Delete(id("gone"))] {
        run(&twin, operation).unwrap();
    }
    assert_eq!(shown(&twin, "gone"), [true, false, true, true]);
}
