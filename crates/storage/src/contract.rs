//! What every engine must do, as one suite of tests: `storage_contract_suite!(|| (guard, engine));`.
//!
//! The closure makes an empty engine, and whatever must live as long as it does (its folder).
#![allow(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    missing_docs,
    reason = "these are tests; their names say it"
)]

use std::sync::Arc;

use ngsi_ld::{Attribute, Entity, Name, Timestamp, Uri};

use crate::{Change, Datasets, EntityKey, Head, Numbers, Past, Piece, Storage, Stored, Take};

mod past;

pub use past::*;

/// Makes a test of each clause of the contract.
#[macro_export]
macro_rules! storage_contract_suite {
    ($make:expr) => {
        $crate::storage_contract_suite!($make;
            what_is_committed_is_loaded,
            a_replaced_value_becomes_history,
            a_removal_becomes_history_too,
            a_deleted_entity_keeps_its_history,
            history_is_in_time_order_however_it_came,
            history_is_limited_to_what_is_asked,
            data_sets_are_kept_apart,
            a_series_holds_the_numbers_of_the_default_instance,
            bulk_is_the_same_as_commit,
            an_instance_is_forgotten,
            the_past_of_an_attribute_is_forgotten,
            pieces_hold_what_history_holds,
            erasure_leaves_nothing,
            system_tables_are_ordered,
            blobs_are_read_by_window,
            readers_and_maintenance_do_not_disturb_each_other,
        );
    };
    ($make:expr; $($clause:ident),* $(,)?) => {
        $(
            #[test]
            fn $clause() {
                #[allow(clippy::redundant_closure_call, reason = "the closure is the macro's argument")]
                let (_guard, mut engine) = $make();
                $crate::contract::$clause(&mut engine);
            }
        )*
    };
}

fn name(term: &str) -> Name {
    Name::default_term(term)
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_seconds(1_700_000_000 + second)
}

const ALWAYS: (Timestamp, Timestamp) = (Timestamp::MIN, Timestamp::MAX);

/// A head of entity `number`.
pub fn head(number: u64) -> Head {
    Head {
        id: Uri::ngsi_ld("Sensor", &number.to_string()),
        types: vec![name("Sensor"), name("Device")],
        scope: vec!["/Nairobi".into()],
        created_at: at(0),
        modified_at: at(1),
        expires_at: None,
        temporal_only: false,
    }
}

/// A number of attribute `term`, observed at a second.
pub fn number(term: &str, value: f64, second: i64) -> Attribute {
    let mut attribute = Attribute::property(name(term), value)
        .observed_at(at(second))
        .unit_code("CEL");
    attribute.created_at = at(0);
    attribute.modified_at = at(second);
    attribute
}

/// Everything an engine loads.
pub fn loaded(engine: &mut dyn Storage) -> Vec<Stored> {
    let mut all = Vec::new();
    engine.load(&mut |stored| all.push(stored)).unwrap();
    all
}

fn values(past: &[Past]) -> Vec<f64> {
    past.iter()
        .filter_map(|p| {
            if let Past::Instance(a) = p {
                a.as_f64()
            } else {
                None
            }
        })
        .collect()
}

/// Maintenance until there is none left.
pub fn settle(engine: &mut dyn Storage) {
    while engine.maintain().unwrap() {}
}

pub fn what_is_committed_is_loaded(engine: &mut dyn Storage) {
    let (two, one) = (EntityKey(2), EntityKey(1));
    let target = Attribute::relationship(name("isAt"), Uri::ngsi_ld("Room", "1"));
    let first = engine
        .commit(&[
            Change::Head(two, head(2)),
            Change::Attribute(two, number("t", 20.5, 1)),
        ])
        .unwrap();
    let second = engine
        .commit(&[Change::Head(one, head(1)), Change::Attribute(one, target.clone())])
        .unwrap();
    assert!(first < second);
    let all = loaded(engine);
    assert_eq!(all.iter().map(|s| s.key).collect::<Vec<_>>(), [one, two]);
    let expected = Entity {
        id: head(1).id,
        types: head(1).types,
        scope: head(1).scope,
        created_at: head(1).created_at,
        modified_at: head(1).modified_at,
        expires_at: None,
        deleted_at: None,
        attributes: vec![target],
    };
    assert_eq!(all[0].entity, expected);
    assert_eq!(all[1].entity.attributes, [number("t", 20.5, 1)]);
    assert!(all.iter().all(|s| !s.temporal_only && s.deleted_at.is_none()));
}

pub fn a_replaced_value_becomes_history(engine: &mut dyn Storage) {
    let key = EntityKey(1);
    engine
        .commit(&[
            Change::Head(key, head(1)),
            Change::Attribute(key, number("t", 1.0, 1)),
        ])
        .unwrap();
    assert_eq!(
        engine.reader().history(key, &[], ALWAYS, Take::All).unwrap(),
        [],
        "the current one is not history"
    );
    engine
        .commit(&[
            Change::Attribute(key, number("t", 2.0, 2)),
            Change::Attribute(key, number("t", 3.0, 3)),
        ])
        .unwrap();
    settle(engine);
    engine
        .commit(&[Change::Attribute(key, number("t", 4.0, 4))])
        .unwrap();
    let past = engine.reader().history(key, &[], ALWAYS, Take::All).unwrap();
    assert_eq!(
        past,
        [1, 2, 3].map(|i| Past::Instance(number("t", f64::from(i), i64::from(i))))
    );
    assert_eq!(loaded(engine)[0].entity.attributes, [number("t", 4.0, 4)]);
}

pub fn a_removal_becomes_history_too(engine: &mut dyn Storage) {
    let key = EntityKey(1);
    engine
        .commit(&[
            Change::Head(key, head(1)),
            Change::Attribute(key, number("t", 1.0, 1)),
        ])
        .unwrap();
    let absent = Change::RemoveAttribute(key, name("none"), None, at(2));
    engine
        .commit(&[Change::RemoveAttribute(key, name("t"), None, at(2)), absent])
        .unwrap();
    let removed = Past::Removed {
        name: name("t"),
        dataset_id: None,
        at: at(2),
    };
    let past = engine.reader().history(key, &[], ALWAYS, Take::All).unwrap();
    assert_eq!(past, [Past::Instance(number("t", 1.0, 1)), removed]);
    assert_eq!(loaded(engine)[0].entity.attributes, []);
}

pub fn a_deleted_entity_keeps_its_history(engine: &mut dyn Storage) {
    let key = EntityKey(1);
    engine
        .commit(&[
            Change::Head(key, head(1)),
            Change::Attribute(key, number("t", 1.0, 1)),
        ])
        .unwrap();
    engine.commit(&[Change::Delete(key, at(5))]).unwrap();
    let all = loaded(engine);
    assert_eq!(
        (all[0].deleted_at, &all[0].entity.attributes[..]),
        (Some(at(5)), &[number("t", 1.0, 1)][..]),
        "what was current is its last state"
    );
    let past = engine.reader().history(key, &[], ALWAYS, Take::All).unwrap();
    let removed = Past::Removed {
        name: name("t"),
        dataset_id: None,
        at: at(5),
    };
    assert_eq!(past, [Past::Instance(number("t", 1.0, 1)), removed]);
    engine
        .commit(&[
            Change::Last(key, vec![number("u", 2.0, 1)]),
            Change::Delete(key, at(6)),
        ])
        .unwrap();
    let again = engine.reader().history(key, &[], ALWAYS, Take::All).unwrap();
    assert_eq!(again, past, "the last state is no part of the history");
    let all = loaded(engine);
    assert_eq!(
        (all[0].deleted_at, &all[0].entity.attributes[..]),
        (Some(at(6)), &[number("u", 2.0, 1)][..])
    );
    engine.commit(&[Change::Head(key, head(1))]).unwrap();
    let all = loaded(engine);
    assert_eq!(
        (all[0].deleted_at, &all[0].entity.attributes[..]),
        (None, &[][..]),
        "a new head brings it back, without what it had"
    );
    engine
        .commit(&[Change::Last(key, vec![number("u", 2.0, 1)])])
        .unwrap();
    assert_eq!(loaded(engine)[0].entity.attributes, [], "it has a current state");
}

pub fn history_is_in_time_order_however_it_came(engine: &mut dyn Storage) {
    let key = EntityKey(1);
    engine.commit(&[Change::Head(key, head(1))]).unwrap();
    for (step, second) in [50, 10, 30, 30, 20, 40, 10].into_iter().enumerate() {
        engine
            .commit(&[Change::History(
                key,
                number("t", f64::from(u8::try_from(step).unwrap()), second),
            )])
            .unwrap();
    }
    let past = engine.reader().history(key, &[], ALWAYS, Take::All).unwrap();
    assert_eq!(
        values(&past),
        [1.0, 6.0, 4.0, 2.0, 3.0, 5.0, 0.0],
        "equal instants stay in order of arrival"
    );
}

pub fn history_is_limited_to_what_is_asked(engine: &mut dyn Storage) {
    let key = EntityKey(1);
    let mut changes = vec![Change::Head(key, head(1))];
    for second in 0..20_i32 {
        changes.push(Change::History(
            key,
            number("t", f64::from(second), i64::from(second)),
        ));
        changes.push(Change::History(
            key,
            number("u", f64::from(-second), i64::from(second)),
        ));
    }
    engine.commit(&changes).unwrap();
    let reader = engine.reader();
    let range = (at(5), at(10));
    let t = [name("t")];
    assert_eq!(
        values(&reader.history(key, &t, range, Take::All).unwrap()),
        [5.0, 6.0, 7.0, 8.0, 9.0],
        "half open"
    );
    assert_eq!(
        values(&reader.history(key, &t, range, Take::Last(2)).unwrap()),
        [8.0, 9.0]
    );
    assert_eq!(
        values(&reader.history(key, &t, range, Take::First(2)).unwrap()),
        [5.0, 6.0]
    );
    for nothing in [Take::First(0), Take::Last(0)] {
        assert_eq!(reader.history(key, &t, ALWAYS, nothing).unwrap(), []);
    }
    assert_eq!(
        reader.history(key, &[], range, Take::Last(2)).unwrap().len(),
        4,
        "of each attribute"
    );
    assert_eq!(reader.history(key, &[name("v")], ALWAYS, Take::All).unwrap(), []);
    assert_eq!(reader.history(EntityKey(9), &[], ALWAYS, Take::All).unwrap(), []);
    assert_eq!(reader.history(key, &t, (at(10), at(5)), Take::All).unwrap(), []);
}

pub fn data_sets_are_kept_apart(engine: &mut dyn Storage) {
    let key = EntityKey(1);
    let set = |n: &str| Uri::ngsi_ld("Dataset", n);
    let of = |value: f64, set: Uri| number("t", value, 1).dataset(set);
    engine
        .commit(&[
            Change::Head(key, head(1)),
            Change::Attribute(key, of(1.0, set("a"))),
            Change::Attribute(key, number("u", 0.0, 1)),
            Change::Attribute(key, number("t", 2.0, 1)),
            Change::Attribute(key, of(3.0, set("a"))),
            Change::RemoveAttribute(key, name("t"), Some(set("b")), at(3)),
        ])
        .unwrap();
    let attributes = loaded(engine).remove(0).entity.attributes;
    assert_eq!(
        attributes,
        [of(3.0, set("a")), number("t", 2.0, 1), number("u", 0.0, 1)]
    );
    let past = engine.reader().history(key, &[], ALWAYS, Take::All).unwrap();
    assert_eq!(past, [Past::Instance(of(1.0, set("a")))]);
}

pub fn a_series_holds_the_numbers_of_the_default_instance(engine: &mut dyn Storage) {
    let key = EntityKey(1);
    let mut text = number("t", 0.0, 3);
    text.value = ngsi_ld::Value::Property("warm".into());
    let mut whole = number("t", 0.0, 4);
    whole.value = ngsi_ld::Value::Property(7_i64.into());
    whole.unit_code = None;
    engine
        .commit(&[
            Change::Head(key, head(1)),
            Change::History(key, number("t", 2.5, 2)),
            Change::History(key, number("t", 1.5, 1).dataset(Uri::ngsi_ld("Dataset", "a"))),
            Change::History(key, text),
            Change::History(key, whole),
        ])
        .unwrap();
    let numbers = engine.reader().series(key, &name("t"), ALWAYS).unwrap();
    let found: Vec<_> = numbers
        .iter()
        .map(|n| (n.at, n.value, n.unit_code.as_deref()))
        .collect();
    assert_eq!(found, [(at(2), 2.5, Some("CEL")), (at(4), 7.0, None)]);
}

pub fn bulk_is_the_same_as_commit(engine: &mut dyn Storage) {
    let (one, two) = (EntityKey(1), EntityKey(2));
    engine
        .commit(&[
            Change::Head(one, head(1)),
            Change::Attribute(one, number("t", 1.0, 1)),
        ])
        .unwrap();
    let mut changes = vec![
        Change::Attribute(one, number("t", 2.0, 2)),
        Change::Head(two, head(2)),
    ];
    changes.extend((0..3_000).map(|i| Change::History(two, number("t", f64::from(i), i64::from(i)))));
    changes.push(Change::System("users", Box::from(*b"u"), Some(Arc::from(*b"v"))));
    let bulk = engine.bulk(&changes).unwrap();
    let after = engine
        .commit(&[Change::Attribute(one, number("t", 3.0, 3))])
        .unwrap();
    assert!(bulk < after);
    assert_eq!(loaded(engine).len(), 2);
    let reader = engine.reader();
    assert_eq!(
        values(&reader.history(one, &[], ALWAYS, Take::All).unwrap()),
        [1.0, 2.0]
    );
    let expected: Vec<f64> = (0..3_000).map(f64::from).collect();
    assert_eq!(
        values(&reader.history(two, &[], ALWAYS, Take::All).unwrap()),
        expected
    );
    assert_eq!(
        values(&reader.history(two, &[], ALWAYS, Take::Last(1_500)).unwrap()),
        expected[1_500..]
    );
    assert_eq!(reader.system("users", b"", 9).unwrap().len(), 1);
}

pub fn erasure_leaves_nothing(engine: &mut dyn Storage) {
    let (one, two) = (EntityKey(1), EntityKey(2));
    let shared = engine.put_blob(&mut b"shared".as_slice()).unwrap();
    let own = engine.put_blob(&mut b"own".as_slice()).unwrap();
    let blob = |id: &str| Attribute::property(name("blob"), id);
    engine
        .commit(&[
            Change::Head(one, head(1)),
            Change::Attribute(one, number("t", 1.0, 1)),
            Change::Attribute(one, number("t", 2.0, 2)),
            Change::Attribute(one, blob(&own)),
            Change::Attribute(one, blob(&shared)),
            Change::Head(two, head(2)),
            Change::Attribute(two, blob(&shared)),
        ])
        .unwrap();
    engine.commit(&[Change::Erase(one, at(9))]).unwrap();
    for _ in 0..2 {
        let reader = engine.reader();
        assert_eq!(loaded(engine).iter().map(|s| s.key).collect::<Vec<_>>(), [two]);
        assert_eq!(reader.history(one, &[], ALWAYS, Take::All).unwrap(), []);
        assert_eq!(reader.series(one, &name("t"), ALWAYS).unwrap(), []);
        assert_eq!(reader.blob_length(&own).unwrap(), None);
        assert_eq!(
            reader.blob_length(&shared).unwrap(),
            Some(6),
            "the other entity still names it"
        );
        settle(engine);
    }
}

pub fn system_tables_are_ordered(engine: &mut dyn Storage) {
    let put = |table, key: &[u8], value: &[u8]| Change::System(table, key.into(), Some(value.into()));
    engine
        .commit(&[
            put("a", b"2", b"two"),
            put("a", b"1", b"one"),
            put("b", b"1", b"other"),
        ])
        .unwrap();
    engine
        .commit(&[
            put("a", b"10", b"ten"),
            put("a", b"2", b"TWO"),
            put("a", b"", b"none"),
        ])
        .unwrap();
    engine
        .commit(&[Change::System("a", b"".as_slice().into(), None)])
        .unwrap();
    let reader = engine.reader();
    let row = |key: &[u8], value: &[u8]| (key.to_vec(), value.to_vec());
    let all = [row(b"1", b"one"), row(b"10", b"ten"), row(b"2", b"TWO")];
    assert_eq!(reader.system("a", b"", 10).unwrap(), all);
    assert_eq!(reader.system("a", b"10", 1).unwrap(), all[1..2]);
    assert_eq!(reader.system("a", b"11", 9).unwrap(), all[2..]);
    assert_eq!(reader.system("c", b"", 9).unwrap(), []);
}

pub fn blobs_are_read_by_window(engine: &mut dyn Storage) {
    let content: Vec<u8> = (0..200_000_u32)
        .map(|i| u8::try_from((i ^ (i >> 7)) % 251).unwrap())
        .collect();
    let id = engine.put_blob(&mut content.as_slice()).unwrap();
    assert_eq!(
        engine.put_blob(&mut content.as_slice()).unwrap(),
        id,
        "the same content is the same blob"
    );
    let empty = engine.put_blob(&mut std::io::empty()).unwrap();
    assert_eq!(
        empty, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "FIPS 180-4"
    );
    let reader = engine.reader();
    assert_eq!(reader.blob_length(&id).unwrap(), Some(200_000));
    assert_eq!(reader.blob_length(&empty).unwrap(), Some(0));
    assert_eq!(reader.blob_length("none").unwrap(), None);
    for (offset, length) in [
        (0, 200_000),
        (0, 0),
        (65_535, 2),
        (65_536, 65_536),
        (199_999, 1),
        (200_000, 0),
    ] {
        let mut buffer = vec![0; length];
        reader
            .read_blob(&id, u64::try_from(offset).unwrap(), &mut buffer)
            .unwrap();
        assert_eq!(buffer, content[offset..offset + length]);
    }
    for (offset, length) in [(0, 200_001), (200_000, 1), (u64::MAX, 1), (300_000, 0)] {
        assert!(
            reader.read_blob(&id, offset, &mut vec![0; length]).is_err(),
            "{offset} {length}"
        );
    }
    assert!(reader.read_blob("none", 0, &mut []).is_err());
}

pub fn readers_and_maintenance_do_not_disturb_each_other(engine: &mut dyn Storage) {
    const LAST: i32 = 3_000;
    let key = EntityKey(1);
    engine
        .commit(&[
            Change::Head(key, head(1)),
            Change::Attribute(key, number("t", 0.0, 0)),
        ])
        .unwrap();
    let reader = engine.reader();
    let watcher = std::thread::spawn(move || {
        let mut seen = 0;
        while seen < usize::try_from(LAST).unwrap() {
            let numbers = reader.series(key, &name("t"), ALWAYS).unwrap();
            assert!(numbers.len() >= seen, "what was history stays history");
            seen = numbers.len();
            assert!(
                numbers
                    .iter()
                    .zip(0..)
                    .all(|(n, i)| n.value.total_cmp(&f64::from(i)).is_eq()),
                "none missing"
            );
        }
    });
    for value in 1..=LAST {
        let change = Change::Attribute(key, number("t", f64::from(value), i64::from(value)));
        if value % 100 == 0 {
            engine.bulk(&[change])
        } else {
            engine.commit(&[change])
        }
        .unwrap();
        engine.maintain().unwrap();
    }
    watcher.join().unwrap();
}
