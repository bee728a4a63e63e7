//! The twin over the embedded engine, closed and opened again.

use std::path::Path;
use std::sync::Arc;

use ngsi_ld::Timestamp;
use storage::{Embedded, Environment, Storage, StorageError};
use twin::{Error, Operation, Outcome, Reader, Tenants, Twin};

use crate::common::{all, at, clock, history, id, name, numbers, property, run, set, thing, view};

fn open(folder: &Path) -> Result<Twin, Error> {
    Twin::open(
        Box::new(Embedded::open(folder, "city", Environment::real(1))?),
        clock(),
    )
}

#[test]
fn everything_is_there_again() {
    let folder = tempfile::tempdir().unwrap();
    let readings = 3000;
    let twin = open(folder.path()).unwrap();
    let entities = (0..500)
        .map(|n| Operation::Import(thing(n).with(property("a", n))))
        .collect();
    assert!(twin.load_blocking(&view(), entities).iter().all(Result::is_ok));
    let mut sensor = thing("sensor");
    for n in 0..readings {
        sensor
            .attributes
            .push(property("level", n).observed_at(at(60 * n)).unit_code("MTR"));
    }
    let append = || Operation::AppendHistory {
        entity: sensor.clone(),
        current: true,
    };
    let all_new = Outcome::Appended {
        added: readings as usize,
        known: 0,
        created: true,
    };
    assert_eq!(
        *twin.load_blocking(&view(), vec![append()])[0].as_ref().unwrap(),
        all_new
    );
    run(&twin, Operation::Merge(id(7), set("a", 70))).unwrap();
    run(&twin, Operation::Delete(id(8))).unwrap();
    let past = thing(9).with(property("a", -1).observed_at(at(-1)));
    run(
        &twin,
        Operation::AppendHistory {
            entity: past,
            current: false,
        },
    )
    .unwrap();
    let blob = twin.put_blob(&mut &b"raster"[..]).unwrap();
    let raster = thing("raster").with(ngsi_ld::Attribute::property(name("blob"), blob.0.as_str()));
    run(&twin, Operation::Create(raster)).unwrap();

    let before = (
        all(&twin, &view()),
        history(&twin, &id(7)),
        history(&twin, &id(8)),
        history(&twin, &id(9)),
    );
    let sensor_before = history(&twin, &id("sensor"));
    assert_eq!(sensor_before.len(), readings as usize);
    drop(twin); // the last handle: the store is closed when this returns

    let twin = open(folder.path()).unwrap();
    let after = (
        all(&twin, &view()),
        history(&twin, &id(7)),
        history(&twin, &id(8)),
        history(&twin, &id(9)),
    );
    assert_eq!(after, before);
    assert_eq!(numbers(&after.1), [7.0, 70.0]);
    assert_eq!(numbers(&after.2), [8.0]);
    assert_eq!(numbers(&after.3), [-1.0, 9.0]);
    assert_eq!(history(&twin, &id("sensor")), sensor_before);
    let snapshot = twin.snapshot();
    assert_eq!(
        history(&snapshot, &id("sensor")),
        sensor_before,
        "also before anything is written"
    );
    let always = (Timestamp::MIN, Timestamp::MAX);
    for reader in [&twin as &dyn Reader, &snapshot] {
        let series = reader
            .series(&view(), &id("sensor"), &name("level"), always)
            .unwrap();
        assert_eq!(series.len(), readings as usize);
        assert!(
            series
                .iter()
                .zip(0..)
                .all(|(s, n)| s.value == n as f64 && s.observed_at == at(60 * n))
        );
    }
    let mut content = [0; 6];
    twin.read_blob(&view(), &blob, 0, &mut content).unwrap();
    assert_eq!(&content, b"raster");
    // The same once more is known.
    let known = Outcome::Appended {
        added: 0,
        known: readings as usize,
        created: false,
    };
    assert_eq!(
        *twin.load_blocking(&view(), vec![append()])[0].as_ref().unwrap(),
        known
    );
}

#[test]
fn tenants_keep_their_own_files() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().to_owned();
    let factory = move |store: &str| -> Result<Box<dyn Storage>, StorageError> {
        Ok(Box::new(Embedded::open(&place, store, Environment::real(1))?))
    };
    let open = || Tenants::open(folder.path(), clock(), factory.clone());
    let tenants = open().unwrap();
    run(&tenants.get(None).unwrap(), Operation::Create(thing(1))).unwrap();
    run(
        &tenants.get_or_create("water").unwrap(),
        Operation::Create(thing(2)),
    )
    .unwrap();
    let locked = open()
        .err()
        .expect("one process, or one opener, at a time")
        .to_string();
    assert!(locked.contains("in use by another process"), "{locked}");
    tenants.close();
    drop(tenants);

    let tenants = open().unwrap();
    assert_eq!(tenants.names(), ["water"]);
    let water = tenants.get(Some("water")).unwrap();
    assert!(water.get(&view(), &id(2)).is_some() && water.get(&view(), &id(1)).is_none());
    assert!(tenants.get(None).unwrap().get(&view(), &id(1)).is_some());
    assert_eq!(tenants.verify().unwrap(), "2 entities of 2 tenant(s) were read");
    let again = Arc::new(tenants.clone());
    drop((tenants, again, water)); // without close
    assert!(open().is_ok());
}
