//! Nothing is acknowledged that is not durable, and what is not durable is not seen.

use std::sync::atomic::Ordering;

use storage::Storage as _;
use twin::{Error, Limits, Operation, Outcome, Reader, Twin};

use crate::common::{Fault, Faulty, all, at, clock, history, id, open, property, run, set, thing, view};

#[test]
fn a_failed_commit_leaves_nothing() {
    for fault in [Fault::Full, Fault::Io] {
        let store = Faulty::default();
        let twin = open(store.clone());
        run(&twin, Operation::Create(thing(1).with(property("a", 1)))).unwrap();
        let seen = all(&twin, &view());

        store.fail_next(fault);
        let results = twin.execute_blocking(
            &view(),
            vec![
                Operation::Create(thing(2)),
                Operation::Merge(id(1), set("a", 2)),
                Operation::Delete(id(7)), // would have failed anyway: the caller must not take that for an answer
            ],
        );
        for result in results {
            match (fault, result) {
                (Fault::Full, Err(Error::ReadOnly(text))) => assert!(text.contains("full"), "{text}"),
                (Fault::Io, Err(Error::Storage(text))) => assert!(text.contains("a broken disk"), "{text}"),
                (_, other) => panic!("{other:?}"),
            }
        }
        assert_eq!(all(&twin, &view()), seen);
        assert_eq!(history(&twin, &id(1)).len(), 1);

        // Later writes are tried again, and begin from what is durable.
        assert_eq!(run(&twin, Operation::Create(thing(2))).unwrap(), Outcome::Created);
        run(&twin, Operation::Merge(id(1), set("a", 3))).unwrap();
        twin.close();
        let again = open(store.inner.clone());
        assert_eq!(all(&again, &view()), all(&twin, &view()));
        assert_eq!(crate::common::numbers(&history(&again, &id(1))), [1.0, 3.0]);
    }
}

#[test]
fn a_store_that_stopped_stays_stopped_and_memory_goes_on_answering() {
    for fault in [Fault::Stopped, Fault::Panic] {
        let store = Faulty::default();
        let twin = open(store.clone());
        run(&twin, Operation::Create(thing(1))).unwrap();
        store.fail_next(fault);
        for _ in 0..3 {
            let error = run(&twin, Operation::Create(thing(2))).unwrap_err();
            assert!(
                matches!(&error, Error::Storage(text) if text.contains("restart")),
                "{error}"
            );
        }
        assert_eq!(store.commits.load(Ordering::SeqCst), 1, "it was not asked again");
        assert!(twin.get(&view(), &id(1)).is_some());
        assert!(twin.get(&view(), &id(2)).is_none());
        assert!(twin.put_blob(&mut &b"x"[..]).is_err());
    }
}

#[test]
fn a_defect_in_one_operation_hurts_no_other() {
    let store = Faulty::default();
    let twin = open(store.clone());
    run(&twin, Operation::Create(thing(1).with(property("a", 1)))).unwrap();
    let past = || thing(1).with(property("a", 5).observed_at(at(-9)));
    store.broken_past.store(true, Ordering::SeqCst);
    let results = twin.execute_blocking(
        &view(),
        vec![Operation::Create(thing(2)), Operation::UpsertReplace(thing(3))],
    );
    assert!(results.iter().all(Result::is_ok));
    let evaluated = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        run(
            &twin,
            Operation::AppendHistory {
                entity: past(),
                current: false,
            },
        )
    }));
    let error = evaluated.expect("the panic stays with the writer").unwrap_err();
    assert!(
        matches!(&error, Error::Storage(text) if text.contains("defect")),
        "{error}"
    );
    store.broken_past.store(false, Ordering::SeqCst);
    let outcome = run(
        &twin,
        Operation::AppendHistory {
            entity: past(),
            current: false,
        },
    )
    .unwrap();
    assert_eq!(
        outcome,
        Outcome::Appended {
            added: 1,
            known: 0,
            created: false
        }
    );
    assert_eq!(all(&twin, &view()).len(), 3);
}

#[test]
fn what_waits_together_is_made_durable_together() {
    let store = Faulty::default();
    let twin = open(store.clone());
    let held = store.gate.lock();
    let create = |n: i32| {
        let twin = twin.clone();
        std::thread::spawn(move || run(&twin, Operation::Create(thing(n))))
    };
    let mut threads = vec![create(0)];
    store.wait_for_commit();
    // The first is in the store; the rest gathers behind it.
    threads.extend((1..20).map(create));
    while twin.waiting() < 19 {
        std::thread::yield_now();
    }
    assert!(all(&twin, &view()).is_empty(), "nobody sees what is not durable");
    assert!(
        threads.iter().all(|thread| !thread.is_finished()),
        "nor is anybody told"
    );
    drop(held);
    for thread in threads {
        assert_eq!(thread.join().unwrap().unwrap(), Outcome::Created);
    }
    // The nineteen come through the queue one by one, but are counted before: the last may miss the group.
    let commits = store.commits.load(Ordering::SeqCst);
    assert!(commits < 20, "{commits} commits");
    assert_eq!(all(&twin, &view()).len(), 20);
}

#[test]
fn a_full_queue_says_so() {
    let store = Faulty::default();
    let limits = Limits {
        waiting_requests: 2,
        waiting_operations: 5,
        ..Limits::default()
    };
    let twin = Twin::open_with(Box::new(store.clone()), clock(), limits).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    let create =
        |numbers: std::ops::Range<i32>| numbers.map(|n| Operation::Create(thing(n))).collect::<Vec<_>>();

    let held = store.gate.lock();
    let spawn = |operations: Vec<Operation>| {
        let twin = twin.clone();
        runtime.spawn(async move { twin.execute(&view(), operations).await })
    };
    let first = spawn(create(0..10)); // more than may wait, but nothing else waits
    store.wait_for_commit();
    let mut waiting = Vec::new();
    let mut refused = 0;
    for n in 0..20 {
        let task = spawn(create(100 + 2 * n..102 + 2 * n));
        waiting.push(task);
    }
    let mut accepted = 0;
    while twin.waiting() < 4 {
        std::thread::yield_now();
    }
    drop(held);
    for task in waiting {
        let results = runtime.block_on(task).unwrap();
        match &results[..] {
            [Ok(Outcome::Created), Ok(Outcome::Created)] => accepted += 1,
            [Err(Error::Busy { retry_after_s: 1.. }), Err(Error::Busy { .. })] => refused += 1,
            other => panic!("{other:?}"),
        }
    }
    assert!(runtime.block_on(first).unwrap().iter().all(Result::is_ok));
    assert_eq!(accepted + refused, 20);
    assert_eq!(
        all(&twin, &view()).len(),
        10 + 2 * accepted,
        "what was refused was not done"
    );
    drop(twin);
    runtime.shutdown_background();
}

#[test]
fn closing_finishes_what_is_queued() {
    let store = Faulty::default();
    let twin = open(store.clone());
    let held = store.gate.lock();
    let create = |n: i32| {
        let twin = twin.clone();
        std::thread::spawn(move || run(&twin, Operation::Create(thing(n))))
    };
    let mut threads = vec![create(0)];
    store.wait_for_commit();
    threads.extend((1..8).map(create));
    while twin.waiting() < 7 {
        std::thread::yield_now();
    }
    let closing = std::thread::spawn({
        let twin = twin.clone();
        move || twin.close()
    });
    drop(held);
    for thread in threads {
        // Queued before the end, or told that it came too late; never left without an answer.
        match thread.join().unwrap() {
            Ok(Outcome::Created) => {}
            Err(Error::Storage(text)) => assert!(text.contains("closed"), "{text}"),
            other => panic!("{other:?}"),
        }
    }
    closing.join().unwrap();
    assert!(matches!(
        run(&twin, Operation::Create(thing(99))),
        Err(Error::Storage(_))
    ));
    let mut stored = 0;
    store.inner.clone().load(&mut |_| stored += 1).unwrap();
    assert_eq!(
        all(&twin, &view()).len(),
        stored,
        "memory still answers, and tells what is stored"
    );
    twin.close(); // once more does no harm
}

#[test]
fn a_load_is_one_commit() {
    let store = Faulty::default();
    let twin = open(store.clone());
    let operations = || (0..5000).map(|n| Operation::Import(thing(n))).collect::<Vec<_>>();
    store.fail_next(Fault::Full);
    assert!(
        twin.load_blocking(&view(), operations())
            .iter()
            .all(|r| matches!(r, Err(Error::ReadOnly(_))))
    );
    assert!(all(&twin, &view()).is_empty());
    assert!(
        twin.load_blocking(&view(), operations())
            .iter()
            .all(|r| *r.as_ref().unwrap() == Outcome::Created)
    );
    assert_eq!(store.commits.load(Ordering::SeqCst), 1);
    // The same once more writes nothing at all.
    let again = twin.load_blocking(&view(), operations());
    assert!(again.iter().all(|r| *r.as_ref().unwrap() == Outcome::Unchanged));
    assert_eq!(store.commits.load(Ordering::SeqCst), 1);
    assert!(store.maintained.load(Ordering::SeqCst) > 0);
}
