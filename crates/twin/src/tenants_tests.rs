//! Tenants over stores in memory.
#![allow(clippy::unwrap_used, reason = "tests panic when they fail")]

use super::*;
use crate::{Operation, Reader as _};
use ngsi_ld::{Entity, Name};
use query::{Caller, View};
use storage::Memory;
use storage::environment::SystemClock;

fn memory(
    stores: &Arc<Mutex<HashMap<String, Memory>>>,
) -> impl Fn(&str) -> Result<Box<dyn Storage>, StorageError> + use<> {
    let stores = Arc::clone(stores);
    move |name| {
        Ok(Box::new(
            stores.lock().entry(name.to_owned()).or_default().clone(),
        ))
    }
}

#[test]
fn each_tenant_has_a_city_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let stores = Arc::default();
    let tenants = Tenants::open(folder.path(), Arc::new(SystemClock), memory(&stores)).unwrap();
    let view = View::open(Caller::System("test"), "test");
    let id = Uri::ngsi_ld("T", "1");
    let entity = Entity::new(id.clone(), Name::default_term("T"));

    assert!(tenants.get(Some("water")).is_none(), "nothing was written for it");
    let water = tenants.get_or_create("water").unwrap();
    water
        .execute_blocking(&view, vec![Operation::Create(entity)])
        .remove(0)
        .unwrap();
    assert!(tenants.get(Some("water")).unwrap().get(&view, &id).is_some());
    assert!(tenants.get(None).unwrap().get(&view, &id).is_none());
    assert_eq!(tenants.names(), ["water"]);
    assert_eq!(tenants.verify().unwrap(), "1 entities of 2 tenant(s) were read");
    for bad in ["", "Water", "a-b", "a/b", "..", &"a".repeat(51)] {
        assert!(
            matches!(tenants.get_or_create(bad), Err(Error::Invalid(_))),
            "{bad}"
        );
        assert!(tenants.get(Some(bad)).is_none());
    }
    tenants.close();
    assert!(tenants.get_or_create("later").is_err());
}

#[test]
fn nobody_waits_for_the_store_of_another() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("tenant-slow.sqlite"), "").unwrap();
    let stores = Arc::default();
    let (open, slow) = (memory(&stores), "tenant-slow");
    let (arrived, opening) = std::sync::mpsc::channel();
    let (go_on, wait) = std::sync::mpsc::channel::<()>();
    let (arrived, wait) = (Mutex::new(arrived), Mutex::new(wait));
    let tenants = Tenants::open(folder.path(), Arc::new(SystemClock), move |name| {
        if name == slow {
            arrived.lock().send(()).unwrap();
            wait.lock().recv().unwrap();
        }
        open(name)
    })
    .unwrap();
    let write = |name: &str| {
        let entity = Entity::new(Uri::ngsi_ld("T", "1"), Name::default_term("T"));
        let view = View::open(Caller::System("test"), "test");
        let twin = tenants.get_or_create(name).unwrap();
        twin.execute_blocking(&view, vec![Operation::Create(entity)])
            .remove(0)
            .unwrap();
    };
    write("quick");
    std::thread::scope(|scope| {
        let one = scope.spawn(|| tenants.get_or_create("slow").unwrap());
        opening.recv().unwrap();
        let other = scope.spawn(|| tenants.get_or_create("slow").unwrap());
        // While it is opened, others are found, made and listed.
        assert!(tenants.get(Some("quick")).is_some());
        write("new");
        assert_eq!(tenants.names(), ["new", "quick", "slow"]);
        go_on.send(()).unwrap();
        let (one, other) = (one.join().unwrap(), other.join().unwrap());
        assert!(Arc::ptr_eq(&one.0, &other.0), "both have the same twin");
    });
    assert!(opening.try_recv().is_err(), "it was opened once");
}

#[test]
fn one_that_cannot_be_tidied_does_not_keep_the_others_from_it() {
    let folder = tempfile::tempdir().unwrap();
    let stores: Arc<Mutex<HashMap<String, Memory>>> = Arc::default();
    let clock = Arc::new(storage::environment::ManualClock::new(SystemClock.now()));
    let tenants = Tenants::open(
        folder.path(),
        Arc::clone(&clock) as Arc<dyn Clock>,
        memory(&stores),
    )
    .unwrap();
    let names = ["a", "b"];
    for name in names {
        let twin = tenants.get_or_create(name).unwrap();
        let snapshots = tenants.snapshots(&twin, Some(name));
        let new = crate::snapshots::NewSnapshot {
            lifetime: Some(std::time::Duration::from_secs(1)),
            ..Default::default()
        };
        snapshots
            .create(
                new,
                Box::new(|_, _| Ok(crate::Collected::default())),
                Box::new(|_| ()),
            )
            .unwrap();
    }
    clock.set(clock.now().plus_micros(10_000_000));
    // The writer of the first is gone.
    tenants.get(Some("a")).unwrap().close();
    assert!(tenants.tidy().is_err());
    clock.set(clock.now().plus_micros(-10_000_000));
    let left = names.map(|name| {
        let twin = tenants.get(Some(name)).unwrap();
        tenants.snapshots(&twin, Some(name)).all().len()
    });
    assert_eq!(left, [1, 0]);
}

#[test]
fn tenants_are_found_again() {
    let folder = tempfile::tempdir().unwrap();
    for file in [
        "city.sqlite",
        "tenant-water.sqlite",
        "tenant-water.sqlite-wal",
        "tenant-Bad.sqlite",
        "tenant-.x",
    ] {
        std::fs::write(folder.path().join(file), "").unwrap();
    }
    let stores = Arc::default();
    let tenants = Tenants::open(folder.path(), Arc::new(SystemClock), memory(&stores)).unwrap();
    assert_eq!(tenants.names(), ["water"]);
    assert!(tenants.get(Some("water")).is_some());
    assert_eq!(stores.lock().len(), 2, "opened when asked for");
}
