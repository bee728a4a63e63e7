//! Many readers and writers at once: nothing torn, nothing out of order, nothing doubled or missing.

use std::sync::atomic::{AtomicBool, Ordering};

use ngsi_ld::Entity;
use query::{EntityQuery, Selection};
use storage::Memory;
use storage::environment::SystemClock;
use twin::{Operation, Outcome, Reader, Twin};

use crate::common::{history, id, name, property, run, thing, view};

/// Each write puts the same number in both attributes, so that a torn read can be seen.
fn pair(thing_number: usize, value: i64) -> Entity {
    thing(thing_number)
        .with(property("a", value))
        .with(property("b", value))
}

fn value(entity: &Entity) -> i64 {
    let number = |term: &str| entity.get(name(term).as_str()).unwrap().as_f64().unwrap();
    assert_eq!(number("a"), number("b"), "a torn read");
    number("a") as i64
}

#[test]
fn eight_threads() {
    const ENTITIES: usize = 20;
    const ROUNDS: i64 = 150;
    let twin = Twin::open(Box::new(Memory::new()), std::sync::Arc::new(SystemClock)).unwrap();
    for n in 0..ENTITIES {
        run(&twin, Operation::Create(pair(n, 0))).unwrap();
    }
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let twin = &twin;
        let done = &done;
        let writers: Vec<_> = (0..4)
            .map(|writer| {
                scope.spawn(move || {
                    for round in 1..=ROUNDS {
                        let operations: Vec<_> = (0..ENTITIES)
                            .filter(|n| n % 4 == writer)
                            .map(|n| Operation::UpsertReplace(pair(n, round)))
                            .collect();
                        let results = if round % 10 == 0 {
                            twin.load_blocking(&view(), operations)
                        } else {
                            twin.execute_blocking(&view(), operations)
                        };
                        for result in results {
                            assert_eq!(result.unwrap(), Outcome::Updated { not_updated: vec![] });
                        }
                        // What was acknowledged is seen.
                        assert_eq!(value(&twin.get(&view(), &id(writer)).unwrap()), round);
                    }
                })
            })
            .collect();
        let readers: Vec<_> = (0..4)
            .map(|reader| {
                scope.spawn(move || {
                    let mut last = [0; ENTITIES];
                    let mut rounds = 0;
                    while rounds < 5 || !done.load(Ordering::SeqCst) {
                        rounds += 1;
                        let snapshot = twin.snapshot();
                        let source: &dyn Reader = if reader % 2 == 0 { twin } else { &snapshot };
                        let query = EntityQuery {
                            selection: Selection::of_type(name("Thing")),
                            limit: 1000,
                            offset: 0,
                            count: true,
                        };
                        let page = source.query(&view(), &query).unwrap();
                        let ids: Vec<_> = page.entities.iter().map(|e| e.id.clone()).collect();
                        assert_eq!(
                            ids,
                            (0..ENTITIES).map(id).collect::<Vec<_>>(),
                            "doubled or missing"
                        );
                        for (n, entity) in page.entities.iter().enumerate() {
                            let value = value(entity);
                            assert!(value >= last[n], "time went back");
                            last[n] = value;
                        }
                        // The evolution up to now, whole: each value once, in order.
                        let n = rounds % ENTITIES;
                        let seen = twin.get(&view(), &id(n)).map(|e| value(&e)).unwrap();
                        let past: Vec<i64> = history(twin, &id(n))
                            .iter()
                            .filter(|a| a.name == name("a"))
                            .map(|a| a.as_f64().unwrap() as i64)
                            .collect();
                        let expected: Vec<i64> = (0..past.len() as i64).collect();
                        assert_eq!(past, expected, "doubled or missing");
                        assert!(past.len() as i64 > seen, "what was seen is in the history");
                        // A picture's history ends where the picture does.
                        let then = value(&snapshot.get(&view(), &id(n)).unwrap());
                        let past = history(&snapshot, &id(n))
                            .into_iter()
                            .filter(|a| a.name == name("a"))
                            .count();
                        assert_eq!(past as i64, then + 1);
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.join().unwrap();
        }
        done.store(true, Ordering::SeqCst);
        for reader in readers {
            reader.join().unwrap();
        }
    });
    for n in 0..ENTITIES {
        assert_eq!(history(&twin, &id(n)).len(), 2 * (ROUNDS as usize + 1));
    }
}

#[test]
fn asked_from_many_tasks() {
    let twin = crate::common::twin();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    let tasks: Vec<_> = (0..50)
        .map(|n| {
            let twin = twin.clone();
            runtime.spawn(async move { twin.execute(&view(), vec![Operation::Create(thing(n))]).await })
        })
        .collect();
    for task in tasks {
        assert_eq!(
            *runtime.block_on(task).unwrap()[0].as_ref().unwrap(),
            Outcome::Created
        );
    }
    assert_eq!(crate::common::all(&twin, &view()).len(), 50);
}
