//! What the engine does while nobody writes: it folds what waits in the log, and rests as soon as somebody does.
#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::path::Path;

use ngsi_ld::{Attribute, Name, Timestamp, Uri};
use storage::{Change, Embedded, EntityKey, Environment, Head, Options, Past, Storage, Take, Tidied};

fn open(folder: &Path) -> Embedded {
    let options = Options {
        fold_changes: 1_000,
        fold_changes_of_one: 100,
        fold_idle: 20,
        slice_entities: 1,
        ..Options::default()
    };
    Embedded::open_with(folder, "mapacha", Environment::real(1), options).unwrap()
}

fn head(key: u64) -> Change {
    let head = Head {
        id: Uri::ngsi_ld("Meter", &key.to_string()),
        types: vec![Name::default_term("Meter")],
        scope: Vec::new(),
        created_at: Timestamp::from_seconds(0),
        modified_at: Timestamp::from_seconds(0),
        expires_at: None,
        temporal_only: false,
    };
    Change::Head(EntityKey(key), head)
}

fn reading(key: u64, second: i64) -> Change {
    let attribute = Attribute::property(Name::default_term("power"), second);
    Change::History(
        EntityKey(key),
        attribute.observed_at(Timestamp::from_seconds(second)),
    )
}

/// Brings each of these entities so many changes, one commit each; the first is its head.
fn fill(engine: &mut Embedded, keys: std::ops::Range<u64>, changes: i64) {
    for key in keys {
        engine.commit(&[head(key)]).unwrap();
        for second in 1..changes {
            engine.commit(&[reading(key, second)]).unwrap();
        }
    }
}

fn past(engine: &Embedded, key: u64) -> Vec<Past> {
    let always = (Timestamp::MIN, Timestamp::MAX);
    engine
        .reader()
        .history(EntityKey(key), &[], always, Take::All)
        .unwrap()
}

/// How many changes wait in the log.
fn waiting(engine: &Embedded) -> u64 {
    engine.statistics().unwrap().log_changes
}

fn tidy(engine: &mut Embedded) {
    while engine.tidy().unwrap() != Tidied::All {}
}

#[test]
fn what_waits_is_folded_while_nobody_writes() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = open(folder.path());
    fill(&mut engine, 1..2, 20);
    assert!(!engine.maintain().unwrap(), "it is not much");
    assert_eq!(waiting(&engine), 20);
    let before = past(&engine, 1);
    assert_eq!(before.len(), 19);
    tidy(&mut engine);
    let statistics = engine.statistics().unwrap();
    assert_eq!((statistics.log_changes, statistics.log_rows), (0, 0));
    assert_eq!((statistics.entities, statistics.instances), (1, 19));
    assert_eq!(past(&engine, 1), before);
    assert_eq!(engine.tidy().unwrap(), Tidied::All, "there is nothing more");
}

#[test]
fn few_changes_of_many_are_left_to_wait() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = open(folder.path());
    fill(&mut engine, 1..31, 1);
    tidy(&mut engine);
    assert_eq!(waiting(&engine), 30, "a row each is much for one change each");
    fill(&mut engine, 1..31, 3);
    tidy(&mut engine);
    assert_eq!(waiting(&engine), 0);
    fill(&mut engine, 31..281, 1);
    tidy(&mut engine);
    assert_eq!(waiting(&engine), 0, "so many are not much less work later");
    // Little is left to wait however dense it is.
    fill(&mut engine, 1..2, 19);
    tidy(&mut engine);
    assert_eq!(waiting(&engine), 19);
}

#[test]
fn a_fold_at_leisure_rests_while_somebody_writes() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = open(folder.path());
    fill(&mut engine, 1..6, 10);
    for _ in 0..3 {
        assert_eq!(engine.tidy().unwrap(), Tidied::More);
    }
    assert_eq!(waiting(&engine), 30, "two of the five are folded");
    let mut more = 0;
    for second in 10..20 {
        // One that is folded, and one that is not.
        engine.commit(&[reading(1, second), reading(5, second)]).unwrap();
        more += 2;
        assert!(!engine.maintain().unwrap());
        assert_eq!(waiting(&engine), 30 + more);
    }
    let before: Vec<_> = (1..6).map(|key| past(&engine, key)).collect();
    assert_eq!(before[0].len(), 19);
    tidy(&mut engine);
    assert!(waiting(&engine) < 20, "what is left is little");
    let after: Vec<_> = (1..6).map(|key| past(&engine, key)).collect();
    assert_eq!(after, before);
    drop(engine);
    let engine = open(folder.path());
    let again: Vec<_> = (1..6).map(|key| past(&engine, key)).collect();
    assert_eq!(again, before);
    assert_eq!(engine.verify().unwrap().damages, Vec::<String>::new());
}

#[test]
fn a_fold_that_becomes_due_rests_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = open(folder.path());
    fill(&mut engine, 1..6, 10);
    engine.tidy().unwrap();
    engine.tidy().unwrap();
    assert!(!engine.maintain().unwrap());
    // Many changes of one entity are folded though all together are few: who asks for its past reads them all.
    fill(&mut engine, 7..8, 100);
    while engine.maintain().unwrap() {}
    assert_eq!(waiting(&engine), 0);
    assert_eq!(past(&engine, 7).len(), 99);
    engine.commit(&[reading(7, 1_000)]).unwrap();
    assert!(!engine.maintain().unwrap(), "and then they are few again");
}
