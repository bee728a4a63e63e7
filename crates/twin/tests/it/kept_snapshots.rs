//! Snapshots as the standard has them (5.16): copies in stores of their own.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use hashbrown::HashMap;
use ngsi_ld::{Entity, Uri};
use parking_lot::Mutex;
use query::Selection;
use storage::environment::{Environment, ManualClock};
use storage::{Embedded, Memory};
use twin::{
    Collected, Copied, Error, NewSnapshot, Operation, QueryResult, Reader, SnapshotChange, SnapshotInfo,
    SnapshotStatus, Snapshots, Tenants, Twin,
};

use crate::common::{at, clock, history, id, property, run, set, thing, view};

type Stores = Arc<Mutex<HashMap<String, Memory>>>;

const DAY: i64 = 24 * 3600;

fn open(folder: &Path, stores: &Stores, clock: &Arc<ManualClock>) -> Tenants {
    let stores = Arc::clone(stores);
    let clock: Arc<dyn twin::Clock> = Arc::<ManualClock>::clone(clock);
    Tenants::open(folder, clock, move |name| {
        Ok(Box::new(
            stores.lock().entry(name.to_owned()).or_default().clone(),
        ))
    })
    .unwrap()
}

/// Everything there is, as one query would find it.
fn everything(
    picture: &twin::Snapshot,
    take: &mut dyn FnMut(Copied) -> Result<(), Error>,
) -> Result<Collected, Error> {
    let mut failed = None;
    picture.scan(&view(), &Selection::default(), &mut |entity| {
        failed = take(Copied {
            entity: Entity::clone(entity),
            live: true,
            past: history(picture, &entity.id),
        })
        .err();
        failed.is_none()
    })?;
    failed.map_or(Ok(()), Err)?;
    Ok(Collected {
        results: vec![QueryResult::Found],
        temporal_results: Vec::new(),
    })
}

fn create(snapshots: &Snapshots, new: NewSnapshot) -> (Uri, Receiver<SnapshotInfo>) {
    let (sender, ready) = channel();
    let told = Box::new(move |info: &SnapshotInfo| sender.send(info.clone()).unwrap());
    let id = snapshots.create(new, Box::new(everything), told).unwrap();
    (id, ready)
}

fn made(snapshots: &Snapshots, new: NewSnapshot) -> Uri {
    let (id, ready) = create(snapshots, new);
    assert_eq!(ready.recv().unwrap().status, SnapshotStatus::Success);
    id
}

fn number(twin: &Twin, local: u32) -> Option<f64> {
    twin.get(&view(), &id(local))?
        .get("https://uri.etsi.org/ngsi-ld/default-context/n")?
        .as_f64()
}

fn numbered(n: i64) -> Entity {
    let mut entity = thing(1);
    entity.attributes.push(property("n", n));
    entity
}

#[test]
fn a_snapshot_is_frozen_and_a_world_of_its_own_over_restarts() {
    let (folder, stores, clock) = (tempfile::tempdir().unwrap(), Stores::default(), clock());
    let tenants = open(folder.path(), &stores, &clock);
    let city = tenants.get(None).unwrap();
    run(&city, Operation::Create(numbered(1))).unwrap();
    clock.set(at(10));
    run(&city, Operation::Merge(id(1), set("n", 2))).unwrap();
    clock.set(at(20));
    let snapshots = tenants.snapshots(&city, None);
    let snapshot = made(&snapshots, NewSnapshot::default());
    let info = snapshots.info(&snapshot).unwrap();
    assert_eq!(
        (info.priority, info.created_at, info.expires_at, info.last_used_at),
        (5, at(20), at(20 + DAY), at(20))
    );

    let frozen = snapshots.open(&snapshot).unwrap();
    assert_eq!(
        frozen.get(&view(), &id(1)),
        city.get(&view(), &id(1)),
        "with the times that it has in the city"
    );
    assert_eq!(history(&frozen, &id(1)), history(&city, &id(1)));
    run(&city, Operation::Merge(id(1), set("n", 3))).unwrap();
    assert_eq!((number(&city, 1), number(&frozen, 1)), (Some(3.0), Some(2.0)));
    run(&frozen, Operation::Merge(id(1), set("n", 100))).unwrap();
    assert_eq!((number(&city, 1), number(&frozen, 1)), (Some(3.0), Some(100.0)));
    assert_eq!(history(&frozen, &id(1)).len(), 3);
    clock.set(at(30));
    snapshots.open(&snapshot).unwrap();
    tenants.tidy().unwrap();
    tenants.close();

    let tenants = open(folder.path(), &stores, &clock);
    let snapshots = tenants.snapshots(&tenants.get(None).unwrap(), None);
    let info = snapshots.info(&snapshot).unwrap();
    assert_eq!(
        (info.status, info.last_used_at),
        (SnapshotStatus::Success, at(30))
    );
    let frozen = snapshots.open(&snapshot).unwrap();
    assert_eq!(
        (number(&frozen, 1), history(&frozen, &id(1)).len()),
        (Some(100.0), 3)
    );

    // Its time comes.
    drop(frozen);
    clock.set(at(20 + DAY));
    assert!(matches!(snapshots.info(&snapshot), Err(Error::Missing(..))));
    assert!(matches!(snapshots.open(&snapshot), Err(Error::Missing(..))));
    tenants.tidy().unwrap();
    assert!(tenants.get(None).unwrap().rows("snapshots").unwrap().is_empty());
}

#[test]
fn one_that_is_cut_off_is_never_taken_for_a_whole_one() {
    let (folder, stores, clock) = (tempfile::tempdir().unwrap(), Stores::default(), clock());
    let tenants = open(folder.path(), &stores, &clock);
    let city = tenants.get(None).unwrap();
    run(&city, Operation::Create(numbered(1))).unwrap();
    let snapshots = tenants.snapshots(&city, None);
    let (begun, has_begun) = channel();
    let (go, may_go) = channel::<()>();
    let collect = move |picture: &twin::Snapshot, take: &mut dyn FnMut(Copied) -> Result<(), Error>| {
        for n in 0..600 {
            take(Copied {
                entity: thing(n),
                live: true,
                past: Vec::new(),
            })?; // more than one batch
        }
        begun.send(()).unwrap();
        let _ = may_go.recv();
        everything(picture, take)
    };
    let id = snapshots
        .create(NewSnapshot::default(), Box::new(collect), Box::new(|_| ()))
        .unwrap();
    has_begun.recv().unwrap();
    assert_eq!(snapshots.info(&id).unwrap().status, SnapshotStatus::Preparing);
    assert!(matches!(snapshots.open(&id), Err(Error::Preparing(_))));

    // What is on disk now is what a process would find that comes after one that was killed.
    let later = open(folder.path(), &stores, &clock);
    let theirs = later.snapshots(&later.get(None).unwrap(), None);
    assert_eq!(theirs.info(&id).unwrap().status, SnapshotStatus::Failure);
    assert!(matches!(theirs.open(&id), Err(Error::Missing(..))));

    // Deleted while it is prepared: it does not come back.
    snapshots.delete(&id).unwrap();
    go.send(()).unwrap();
    let after = made(&snapshots, NewSnapshot::default()); // one after the other: the first has ended by now
    assert_eq!(
        snapshots
            .all()
            .iter()
            .map(|info| info.id.clone())
            .collect::<Vec<_>>(),
        [after]
    );
}

#[test]
fn clauses_5_16_2_to_5_16_5_cloned_changed_and_deleted() {
    let (folder, stores, clock) = (tempfile::tempdir().unwrap(), Stores::default(), clock());
    let tenants = open(folder.path(), &stores, &clock);
    let city = tenants.get(None).unwrap();
    run(&city, Operation::Create(numbered(1))).unwrap();
    let snapshots = tenants.snapshots(&city, None);
    let named = NewSnapshot {
        id: Some(id("s")),
        lifetime: Some(Duration::from_hours(24 * 365)),
        ..NewSnapshot::default()
    };
    let original = made(&snapshots, named.clone());
    assert_eq!(original, id("s"));
    assert_eq!(
        snapshots.info(&original).unwrap().expires_at,
        at(30 * DAY),
        "bounded"
    );
    let again = snapshots.create(named.clone(), Box::new(everything), Box::new(|_| ()));
    assert!(matches!(again, Err(Error::Taken(..))));

    run(
        &snapshots.open(&original).unwrap(),
        Operation::Merge(id(1), set("n", 7)),
    )
    .unwrap();
    let (sender, ready) = channel();
    let told = Box::new(move |info: &SnapshotInfo| sender.send(info.clone()).unwrap());
    let copy = snapshots
        .clone_of(&original, NewSnapshot::default(), &view(), told)
        .unwrap();
    assert_eq!(ready.recv().unwrap().status, SnapshotStatus::Success);
    assert!(matches!(
        snapshots.clone_of(&id("none"), NewSnapshot::default(), &view(), Box::new(|_| ())),
        Err(Error::Missing(..))
    ));

    clock.set(at(60));
    let change = SnapshotChange {
        priority: Some(2),
        lifetime: Some(Duration::from_hours(1)),
        given: vec![("endpoint".into(), Some("http://a.example".into()))],
    };
    let changed = snapshots.change(&original, change).unwrap();
    assert_eq!(
        (
            changed.priority,
            changed.expires_at,
            changed.modified_at,
            changed.created_at
        ),
        (2, at(60 + 3600), at(60), at(0))
    );
    assert_eq!(changed.given["endpoint"], "http://a.example");

    snapshots.delete(&original).unwrap();
    assert!(matches!(snapshots.delete(&original), Err(Error::Missing(..))));
    let copied = snapshots.open(&copy).unwrap();
    assert_eq!(number(&copied, 1), Some(7.0), "the clone is its own");
    assert_eq!(history(&copied, &id(1)).len(), 2);

    // Another tenant knows nothing of it.
    let other = tenants.get_or_create("other").unwrap();
    assert!(matches!(
        tenants.snapshots(&other, Some("other")).info(&copy),
        Err(Error::Missing(..))
    ));
}

#[test]
fn clause_5_5_15_the_least_important_makes_room() {
    let (folder, stores, clock) = (tempfile::tempdir().unwrap(), Stores::default(), clock());
    let tenants = open(folder.path(), &stores, &clock);
    let snapshots = tenants.snapshots(&tenants.get(None).unwrap(), None);
    let with = |priority| NewSnapshot {
        priority: Some(priority),
        ..NewSnapshot::default()
    };
    let least = made(&snapshots, with(2));
    for _ in 0..99 {
        made(&snapshots, with(4));
    }
    let refused = snapshots.create(with(2), Box::new(everything), Box::new(|_| ()));
    assert!(
        matches!(refused, Err(Error::Invalid(_))),
        "none is less important"
    );
    made(&snapshots, with(3));
    assert!(matches!(snapshots.info(&least), Err(Error::Missing(..))));
    assert_eq!(snapshots.all().len(), 100);
}

#[test]
fn the_files_of_what_is_deleted_or_was_cut_off_go() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), clock());
    let at = folder.path().to_owned();
    let start = || {
        let at = at.clone();
        let clock: Arc<dyn twin::Clock> = Arc::clone(&clock) as Arc<dyn twin::Clock>;
        Tenants::open(folder.path(), clock, move |name| {
            Ok(Box::new(Embedded::open(&at, name, Environment::real(1))?))
        })
        .unwrap()
    };
    let files = || {
        let names = std::fs::read_dir(folder.path())
            .unwrap()
            .map(|file| file.unwrap().file_name());
        names
            .filter(|name| name.to_str().unwrap().starts_with("snapshot-"))
            .count()
    };
    let tenants = start();
    let city = tenants.get(None).unwrap();
    run(&city, Operation::Create(numbered(1))).unwrap();
    let snapshots = tenants.snapshots(&city, None);
    let (gone, kept) = (
        made(&snapshots, NewSnapshot::default()),
        made(&snapshots, NewSnapshot::default()),
    );
    let with_both = files();
    snapshots.delete(&gone).unwrap();
    assert!(files() > 0 && files() < with_both);
    drop((snapshots, city));
    tenants.close();
    drop(tenants);
    std::fs::write(folder.path().join("snapshot--0123.sqlite"), "left").unwrap();
    let tenants = start();
    assert!(!folder.path().join("snapshot--0123.sqlite").exists());
    let snapshots = tenants.snapshots(&tenants.get(None).unwrap(), None);
    assert_eq!(number(&snapshots.open(&kept).unwrap(), 1), Some(1.0));
    assert!(tenants.names().is_empty(), "a snapshot is no tenant");
}

#[test]
fn those_that_wait_for_their_data_are_bounded_and_let_go_when_they_are_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let tenants = open(folder.path(), &Stores::default(), &clock());
    let twin = tenants.get(None).unwrap();
    let snapshots = tenants.snapshots(&twin, None);
    let (go_on, wait) = channel::<()>();
    let (begun, began) = channel();
    let first = snapshots
        .create(
            NewSnapshot::default(),
            Box::new(move |_, _| {
                begun.send(()).unwrap();
                wait.recv().unwrap();
                Ok(Collected::default())
            }),
            Box::new(|_| ()),
        )
        .unwrap();
    began.recv().unwrap();
    let held = Arc::new(());
    let make = || {
        let held = Arc::clone(&held);
        snapshots.create(
            NewSnapshot::default(),
            Box::new(move |_, _| {
                drop(held);
                Ok(Collected::default())
            }),
            Box::new(|_| ()),
        )
    };
    // One after the other, they leave nothing.
    for _ in 0..50 {
        snapshots.delete(&make().unwrap()).unwrap();
    }
    assert_eq!(
        Arc::strong_count(&held),
        1,
        "nothing of those that are deleted is kept"
    );
    let mut waiting = Vec::new();
    let refused = loop {
        match make() {
            Ok(id) => waiting.push(id),
            Err(error) => break error,
        }
    };
    assert!(matches!(refused, Error::Busy { .. }), "{refused}");
    assert_eq!(Arc::strong_count(&held), 1 + waiting.len());
    snapshots.delete(&waiting.pop().unwrap()).unwrap();
    waiting.push(make().unwrap());
    go_on.send(()).unwrap();
    for id in waiting.iter().chain([&first]) {
        while snapshots.info(id).unwrap().status == SnapshotStatus::Preparing {
            std::thread::sleep(Duration::from_millis(2));
        }
    }
    assert_eq!(Arc::strong_count(&held), 1);
}
