//! Damaged rows of snapshots: each is set aside with its data, and everything else goes on.

use std::path::Path;
use std::sync::Arc;

use ngsi_ld::Uri;
use serde_json::json;
use storage::environment::{Environment, ManualClock};
use storage::{Embedded, Memory};
use twin::{Collected, NewSnapshot, Operation, QueryResult, Snapshots, Tenants};

use crate::common::{clock, id, run, thing, view};
use crate::damage::flip;

fn open(folder: &Path, clock: &Arc<ManualClock>) -> Tenants {
    let place = folder.to_owned();
    Tenants::open(folder, Arc::<ManualClock>::clone(clock), move |name| {
        Ok(Box::new(Embedded::open(&place, name, Environment::real(1))?))
    })
    .unwrap()
}

fn of(tenants: &Tenants) -> Snapshots {
    tenants.snapshots(&tenants.get(None).unwrap(), None)
}

fn make(snapshots: &Snapshots, name: &str) -> Uri {
    let (sender, ready) = std::sync::mpsc::channel();
    let new = NewSnapshot {
        id: Some(Uri::parse(&format!("urn:snapshot:{name}")).unwrap()),
        given: json!({"endpoint": format!("http://{name}.example/")})
            .as_object()
            .unwrap()
            .clone(),
        ..NewSnapshot::default()
    };
    let found = |_: &_, take: &mut dyn FnMut(twin::Copied) -> Result<(), twin::Error>| {
        take(twin::Copied {
            entity: thing(1),
            live: true,
            past: Vec::new(),
        })?;
        Ok(Collected {
            results: vec![QueryResult::Found],
            temporal_results: Vec::new(),
        })
    };
    let ready_now = Box::new(move |_: &twin::SnapshotInfo| sender.send(()).unwrap());
    let id = snapshots.create(new, Box::new(found), ready_now).unwrap();
    ready.recv().unwrap();
    id
}

fn stores(folder: &Path) -> Vec<String> {
    let files = std::fs::read_dir(folder).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names
        .filter(|name| name.starts_with("snapshot-") && name.ends_with(".sqlite"))
        .collect();
    names.sort();
    names
}

#[test]
fn a_damaged_snapshot_keeps_no_tenant_from_opening_and_its_data_stays() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), clock());
    let tenants = open(folder.path(), &clock);
    let city = tenants.get(None).unwrap();
    run(&city, Operation::Create(thing(1))).unwrap();
    let snapshots = of(&tenants);
    let (lost, kept) = (make(&snapshots, "lost"), make(&snapshots, "kept"));
    for gone in ["gone", "past"] {
        let gone = make(&snapshots, gone);
        snapshots.delete(&gone).unwrap();
    }
    let value = |table: &str, holds: &str| {
        let mut rows = city.rows(table).unwrap().into_iter();
        let found = rows.find(|(key, _)| String::from_utf8_lossy(key).contains(holds));
        found.unwrap().1
    };
    let damaged = [value("snapshots", "lost"), value("snapshot-farewells", "gone")];
    drop(city);
    tenants.close();
    drop((snapshots, tenants));
    for value in &damaged {
        flip(folder.path(), value);
    }
    let before = stores(folder.path());
    assert_eq!(before.len(), 2);

    for _ in 0..2 {
        let tenants = open(folder.path(), &clock);
        let city = tenants.get(None).unwrap();
        let tables: Vec<&str> = city.damaged_rows().iter().map(|row| row.table).collect();
        assert_eq!(tables, ["snapshot-farewells", "snapshots"]);
        assert_eq!(tenants.damaged_rows(), 2);
        let snapshots = of(&tenants);
        assert!(snapshots.info(&lost).is_err());
        let open = snapshots.open(&kept).unwrap();
        assert!(twin::Reader::get(&open, &view(), &id(1)).is_some());
        drop((open, city));
        tenants.tidy().unwrap();
        tenants.close();
        assert_eq!(stores(folder.path()), before, "nobody knows whose data it is");
    }

    // A new one may have the id; then what is left of the old one is nobody's.
    let tenants = open(folder.path(), &clock);
    make(&of(&tenants), "lost");
    tenants.close();
    drop(tenants);
    let tenants = open(folder.path(), &clock);
    assert_eq!(tenants.damaged_rows(), 1);
    assert_eq!(of(&tenants).all().len(), 2);
    assert_eq!(stores(folder.path()).len(), 2);
}

/// A row of a form that this program does not know may be a later one's: it stays, and so does the data.
#[test]
fn a_snapshot_of_an_unknown_form_is_set_aside() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), clock());
    let memory = Memory::new();
    let stored = memory.clone();
    let open = || {
        let stored = stored.clone();
        Tenants::open(folder.path(), clock.clone(), move |_| {
            Ok(Box::new(stored.clone()))
        })
        .unwrap()
    };
    let tenants = open();
    let rows = vec![twin::Row::put("snapshots", *b"urn:x:1", *b"\x09{}")];
    tenants.get(None).unwrap().store_rows_blocking(rows).unwrap();
    tenants.close();
    let left = folder.path().join("snapshot--of-a-later-program.sqlite");
    std::fs::write(&left, "data").unwrap();
    let tenants = open();
    assert_eq!(tenants.damaged_rows(), 1);
    assert!(left.exists());
}
