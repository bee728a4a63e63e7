//! A tenant comes into being by a write that succeeds, and by nothing else (4.14).

use std::path::Path;
use std::sync::Arc;

use ngsi_ld::fragment::Fragment;
use storage::{Embedded, Environment, Storage, StorageError};
use tempfile::TempDir;
use twin::{Error, Operation, Reader as _, Tenants};

use crate::common::{Fault, Faulty, clock, id, run, set, thing, view};

fn open(folder: &Path) -> Tenants {
    let place = folder.to_owned();
    let factory = move |store: &str| -> Result<Box<dyn Storage>, StorageError> {
        Ok(Box::new(Embedded::open(&place, store, Environment::real(1))?))
    };
    Tenants::open(folder, clock(), factory).unwrap()
}

/// The files of a folder that are not the default tenant's.
fn files(folder: &TempDir) -> Vec<String> {
    let files = std::fs::read_dir(folder.path()).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| !name.starts_with("city.")).collect();
    names.sort();
    names
}

#[test]
fn what_is_refused_makes_no_tenant() {
    let folder = tempfile::tempdir().unwrap();
    let tenants = open(folder.path());
    {
        let water = tenants.get_or_create("water").unwrap();
        for refused in [
            Operation::Delete(id(1)),
            Operation::Update(id(1), set("p", 1)),
            Operation::Merge(id(1), Fragment::default()),
        ] {
            assert!(matches!(run(&water, refused), Err(Error::NotFound(_))));
        }
        assert!(water.get(&view(), &id(1)).is_none());
        assert!(water.rows("anything").unwrap().is_empty());
    }
    assert!(tenants.get(Some("water")).is_none());
    assert!(tenants.names().is_empty());
    assert_eq!(files(&folder), [""; 0]);

    // The first that succeeds makes it, for everybody who holds it already.
    let (one, other) = (
        tenants.get_or_create("water").unwrap(),
        tenants.get_or_create("water").unwrap(),
    );
    run(&one, Operation::Create(thing(1))).unwrap();
    assert!(other.get(&view(), &id(1)).is_some());
    assert_eq!(tenants.names(), ["water"]);
    let found = tenants.get(Some("water")).unwrap();
    run(&found, Operation::Create(thing(2))).unwrap();
    assert!(one.get(&view(), &id(2)).is_some());
    assert!(!files(&folder).contains(&"tenant-water.new".to_owned()));
    drop((one, other, found));
    tenants.close();
    drop(tenants);

    let tenants = open(folder.path());
    assert_eq!(tenants.names(), ["water"]);
    let water = tenants.get(Some("water")).unwrap();
    assert!(water.get(&view(), &id(1)).is_some() && water.get(&view(), &id(2)).is_some());
}

#[test]
fn a_first_write_that_fails_leaves_nothing_and_the_next_may_succeed() {
    let folder = tempfile::tempdir().unwrap();
    let water = Faulty::default();
    let (store, place) = (water.clone(), folder.path().to_owned());
    let factory = move |name: &str| -> Result<Box<dyn Storage>, StorageError> {
        std::fs::write(place.join(format!("{name}.sqlite")), "").unwrap();
        Ok(match name {
            "city" => Box::new(Faulty::default()),
            _ => Box::new(store.clone()),
        })
    };
    let tenants = Tenants::open(folder.path(), clock(), factory).unwrap();
    for fault in [Fault::Full, Fault::Io] {
        water.fail_next(fault);
        let twin = tenants.get_or_create("water").unwrap();
        assert!(run(&twin, Operation::Create(thing(1))).is_err());
        assert!(twin.get(&view(), &id(1)).is_none());
        assert!(tenants.get(Some("water")).is_none());
        assert_eq!(files(&folder), [""; 0], "{fault:?}");
    }
    let twin = tenants.get_or_create("water").unwrap();
    run(&twin, Operation::Create(thing(1))).unwrap();
    assert!(tenants.get(Some("water")).unwrap().get(&view(), &id(1)).is_some());
    assert_eq!(files(&folder), ["tenant-water.sqlite"]);
}

#[test]
fn what_a_crash_leaves_of_a_tenant_that_nobody_was_told_of_goes() {
    let folder = tempfile::tempdir().unwrap();
    let tenants = open(folder.path());
    for name in ["water", "waterworks"] {
        let twin = tenants.get_or_create(name).unwrap();
        run(&twin, Operation::Create(thing(1))).unwrap();
    }
    tenants.close();
    drop(tenants);
    // As if the program had been killed before the mark went: with the first write on disk, and before.
    std::fs::write(folder.path().join("tenant-water.new"), "").unwrap();
    std::fs::write(folder.path().join("tenant-air.new"), "").unwrap();
    std::fs::write(folder.path().join("tenant-air.lock"), "").unwrap();
    let tenants = open(folder.path());
    assert_eq!(tenants.names(), ["waterworks"]);
    assert!(tenants.get(Some("water")).is_none() && tenants.get(Some("air")).is_none());
    assert!(
        files(&folder)
            .iter()
            .all(|file| file.starts_with("tenant-waterworks.")),
        "{:?}",
        files(&folder)
    );
    let water = tenants.get_or_create("water").unwrap();
    assert!(water.get(&view(), &id(1)).is_none());
    run(&water, Operation::Create(thing(2))).unwrap();
    assert_eq!(tenants.names(), ["water", "waterworks"]);
}

#[test]
fn a_store_that_was_put_there_meanwhile_is_not_deleted() {
    let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let other = open(elsewhere.path());
    run(
        &other.get_or_create("water").unwrap(),
        Operation::Create(thing(1)),
    )
    .unwrap();
    other.close();
    drop(other);
    let tenants = open(folder.path());
    let water = tenants.get_or_create("water").unwrap();
    for file in files(&elsewhere) {
        std::fs::copy(elsewhere.path().join(&file), folder.path().join(&file)).unwrap();
    }
    let before = files(&folder);
    assert!(!before.is_empty());
    let error = run(&water, Operation::Create(thing(2))).unwrap_err().to_string();
    assert!(error.contains("restart the server"), "{error}");
    assert_eq!(files(&folder), before);
    drop(water);
    tenants.close();
    drop(tenants);
    let tenants = open(folder.path());
    let water = tenants.get(Some("water")).unwrap();
    assert!(water.get(&view(), &id(1)).is_some());
}

#[test]
fn many_first_writes_at_once_make_one_tenant() {
    let folder = tempfile::tempdir().unwrap();
    let tenants = open(folder.path());
    for round in 0..5 {
        let name = format!("t{round}");
        let barrier = Arc::new(std::sync::Barrier::new(8));
        std::thread::scope(|scope| {
            for thread in 0..8 {
                let (tenants, barrier, name) = (tenants.clone(), Arc::clone(&barrier), name.clone());
                scope.spawn(move || {
                    barrier.wait();
                    // Half of them want what cannot be, and come and go.
                    for attempt in 0..4 {
                        let twin = tenants.get_or_create(&name).unwrap();
                        if thread % 2 == 0 {
                            run(&twin, Operation::Create(thing(format!("{thread}-{attempt}")))).unwrap();
                        } else {
                            assert!(run(&twin, Operation::Delete(id("none"))).is_err());
                        }
                    }
                });
            }
        });
        let twin = tenants.get(Some(&name)).unwrap();
        assert_eq!(crate::common::all(&twin, &view()).len(), 16);
    }
    tenants.close();
    drop(tenants);
    let tenants = open(folder.path());
    assert_eq!(tenants.names().len(), 5);
    assert_eq!(tenants.verify().unwrap(), "80 entities of 6 tenant(s) were read");
}

#[test]
fn those_that_nobody_holds_do_not_add_up() {
    let folder = tempfile::tempdir().unwrap();
    let tenants = open(folder.path());
    // More than there may be tenants: each goes before the next.
    for number in 0..1_010 {
        drop(tenants.get_or_create(&format!("t{number}")).unwrap());
    }
    tenants.tidy().unwrap();
    assert_eq!(files(&folder), [""; 0]);
}
