//! Rows of system tables through the twin's writer.

use std::sync::atomic::Ordering;

use storage::{Embedded, Environment};
use twin::{Error, Operation, Reader as _, Row, Twin};

use crate::common::{Fault, Faulty, clock, id, open, run, set, thing, view};

#[test]
fn rows_are_there_after_a_restart_in_the_order_of_their_keys() {
    let folder = tempfile::tempdir().unwrap();
    let open = || {
        let storage = Embedded::open(folder.path(), "city", Environment::real(1)).unwrap();
        Twin::open(Box::new(storage), clock()).unwrap()
    };
    let twin = open();
    // More than one page.
    let rows: Vec<Row> = (0..2500_u32)
        .rev()
        .map(|n| Row::put("a", n.to_be_bytes(), n.to_le_bytes()))
        .collect();
    twin.store_rows_blocking(rows).unwrap();
    twin.store_rows_blocking(vec![
        Row::put("b", *b"x", *b"1"),
        Row::put("b", *b"x", *b"2"),
        Row::delete("a", 7_u32.to_be_bytes()),
        Row::delete("a", *b"never there"),
    ])
    .unwrap();
    run(&twin, Operation::Create(thing(1))).unwrap();
    drop(twin);

    let twin = open();
    let expected: Vec<_> = (0..2500_u32)
        .filter(|n| *n != 7)
        .map(|n| (n.to_be_bytes().to_vec(), n.to_le_bytes().to_vec()))
        .collect();
    assert_eq!(twin.rows("a").unwrap(), expected);
    assert_eq!(twin.rows("b").unwrap(), [(b"x".to_vec(), b"2".to_vec())]);
    assert!(twin.rows("c").unwrap().is_empty());
    assert!(twin.get(&view(), &id(1)).is_some());
}

#[tokio::test(flavor = "multi_thread")]
#[allow(
    clippy::await_holding_lock,
    reason = "what holds the writer back has to be held while others wait; it is another thread's"
)]
async fn rows_and_operations_that_wait_together_share_a_commit_and_keep_their_order() {
    let store = Faulty::default();
    let twin = open(store.clone());
    let held = store.gate.lock();
    let first = tokio::spawn({
        let twin = twin.clone();
        async move { twin.execute(&view(), vec![Operation::Create(thing(1))]).await }
    });
    store.wait_for_commit();
    let mut waiting = Vec::new();
    for n in 0..3_u8 {
        let twin = twin.clone();
        let before = twin.waiting();
        let writing = twin.clone();
        waiting.push(tokio::spawn(async move {
            writing.store_rows(vec![Row::put("t", *b"same key", [n])]).await
        }));
        while twin.waiting() == before {
            tokio::task::yield_now().await;
        }
    }
    drop(held);
    first.await.unwrap().remove(0).unwrap();
    for one in waiting {
        one.await.unwrap().unwrap();
    }
    assert_eq!(twin.rows("t").unwrap(), [(b"same key".to_vec(), vec![2])]);
    assert_eq!(store.commits.load(Ordering::SeqCst), 2);
    assert_eq!(twin.waiting(), 0);
}

#[test]
fn a_commit_that_fails_is_told_and_nothing_of_it_is_there() {
    let store = Faulty::default();
    let twin = open(store.clone());
    for (fault, is_read_only) in [(Fault::Full, true), (Fault::Io, false)] {
        store.fail_next(fault);
        let error = twin
            .store_rows_blocking(vec![Row::put("t", *b"k", *b"v")])
            .unwrap_err();
        assert_eq!(matches!(error, Error::ReadOnly(_)), is_read_only, "{error}");
        assert!(twin.rows("t").unwrap().is_empty());
    }
    twin.store_rows_blocking(Vec::new()).unwrap();
    run(&twin, Operation::Create(thing(1))).unwrap();
    run(&twin, Operation::Merge(id(1), set("a", 1))).unwrap();
    twin.close();
    assert!(
        twin.store_rows_blocking(vec![Row::put("t", *b"k", *b"v")])
            .is_err()
    );
}
