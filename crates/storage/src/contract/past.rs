//! The clauses of the past that is forgotten and the past in pieces.

use super::{
    ALWAYS, Change, Datasets, EntityKey, Name, Numbers, Past, Piece, Storage, Take, Timestamp, Uri, at, head,
    loaded, name, number, settle, values,
};

pub fn an_instance_is_forgotten(engine: &mut dyn Storage) {
    let key = EntityKey(1);
    let set = Uri::ngsi_ld("Dataset", "a");
    let t = |value: f64, second| number("t", value, second);
    let mut changes = vec![Change::Head(key, head(1))];
    changes.extend((0..2_000_i32).map(|i| Change::History(key, t(f64::from(i), i64::from(i)))));
    changes.push(Change::History(key, t(7.0, 7))); // the same once more
    changes.push(Change::History(key, t(7.5, 7)));
    changes.push(Change::History(key, t(7.0, 7).dataset(set.clone())));
    changes.push(Change::Attribute(key, t(9_999.0, 9_999)));
    engine.commit(&changes).unwrap();
    let count = |engine: &dyn Storage| {
        engine
            .reader()
            .history(key, &[], ALWAYS, Take::All)
            .unwrap()
            .len()
    };
    assert_eq!(count(engine), 2_003);
    let known = |engine: &dyn Storage| {
        let range = (at(6), at(9));
        values(&engine.reader().history(key, &[], range, Take::All).unwrap())
    };
    // One that is, several that are not, and the current one.
    let forget = [
        t(7.0, 7),
        t(7.0, 6),
        t(8.0, 7),
        t(8.0, 8).unit_code("P1"),
        number("u", 8.0, 8),
        t(8.0, 8).dataset(set),
        t(9_999.0, 9_999),
    ];
    let changes: Vec<Change> = forget.map(|one| Change::Forget(key, one)).into();
    engine.commit(&changes).unwrap();
    for _ in 0..2 {
        assert_eq!(known(engine), [6.0, 7.5, 8.0, 7.0]);
        assert_eq!(count(engine), 2_001);
        let series = engine.reader().series(key, &name("t"), (at(6), at(9))).unwrap();
        let numbers: Vec<f64> = series.iter().map(|number| number.value).collect();
        assert_eq!(numbers, [6.0, 7.5, 8.0]);
        let last = engine.reader().history(key, &[], ALWAYS, Take::Last(1)).unwrap();
        assert_eq!(values(&last), [1_999.0, 7.0], "of each series");
        settle(engine);
    }
    assert_eq!(loaded(engine)[0].entity.attributes, [t(9_999.0, 9_999)]);
    // What comes after it is forgotten, in the same commit and later, is there.
    let again = [
        Change::Forget(key, t(6.0, 6)),
        Change::History(key, t(6.0, 6)),
        Change::Forget(key, t(8.0, 8)),
    ];
    engine.commit(&again).unwrap();
    engine.bulk(&[Change::History(key, t(7.0, 7))]).unwrap();
    for _ in 0..2 {
        assert_eq!(known(engine), [6.0, 7.5, 7.0, 7.0]);
        settle(engine);
    }
    // One that became past in the same commit.
    engine
        .commit(&[
            Change::Attribute(key, t(1e6, 10_000)),
            Change::Forget(key, t(9_999.0, 9_999)),
        ])
        .unwrap();
    for _ in 0..2 {
        assert_eq!(count(engine), 2_001);
        settle(engine);
    }
}

pub fn the_past_of_an_attribute_is_forgotten(engine: &mut dyn Storage) {
    let key = EntityKey(1);
    let set = |n: &str| Uri::ngsi_ld("Dataset", n);
    let mut changes = vec![Change::Head(key, head(1))];
    for second in 0..5 {
        for one in [number("t", 1.0, second), number("u", 3.0, second)] {
            changes.push(Change::History(key, one));
        }
        for n in ["a", "b"] {
            changes.push(Change::History(key, number("t", 2.0, second).dataset(set(n))));
        }
    }
    changes.push(Change::Attribute(key, number("t", 4.0, 9)));
    changes.push(Change::RemoveAttribute(key, name("t"), None, at(10)));
    changes.push(Change::Attribute(key, number("t", 5.0, 11)));
    engine.commit(&changes).unwrap();
    let left = |engine: &dyn Storage, term: &str| {
        let reader = engine.reader();
        let past = reader.history(key, &[name(term)], ALWAYS, Take::All).unwrap();
        let series = reader.list(key, &[name(term)]).unwrap();
        let datasets: Vec<_> = series.into_iter().map(|(_, dataset)| dataset).collect();
        (past.len(), datasets)
    };
    assert_eq!(
        left(engine, "t"),
        (17, vec![None, Some(set("a")), Some(set("b"))])
    );
    for (datasets, expected) in [
        (
            Datasets::Only(Some(set("c"))),
            (17, vec![None, Some(set("a")), Some(set("b"))]),
        ),
        (Datasets::Only(Some(set("a"))), (12, vec![None, Some(set("b"))])),
        (Datasets::Only(None), (5, vec![Some(set("b"))])),
        (Datasets::All, (0, vec![])),
    ] {
        engine
            .commit(&[Change::ForgetSeries(key, name("t"), datasets)])
            .unwrap();
        for _ in 0..2 {
            assert_eq!(left(engine, "t"), expected);
            assert_eq!(left(engine, "u"), (5, vec![None]));
            settle(engine);
        }
    }
    assert_eq!(loaded(engine)[0].entity.attributes, [number("t", 5.0, 11)]);
    engine
        .commit(&[Change::Attribute(key, number("t", 6.0, 12))])
        .unwrap();
    assert_eq!(left(engine, "t"), (1, vec![None]), "the past begins again");
}

/// What [`crate::StorageReader::pieces`] gives, as what [`crate::StorageReader::history`] would say of it.
pub fn pieced(
    reader: &dyn crate::StorageReader,
    key: EntityKey,
    attribute: &Name,
    dataset_id: Option<&Uri>,
    range: (Timestamp, Timestamp),
) -> Vec<(Timestamp, Option<f64>, Option<Timestamp>)> {
    let mut found = Vec::new();
    let mut each = |piece: Piece<'_>| match piece {
        Piece::Any(past) => found.extend(past.iter().map(flat)),
        Piece::Numbers {
            instants,
            modified,
            values,
            ..
        } => {
            let values: Vec<f64> = match values {
                Numbers::Integers(integers) => integers.iter().map(|integer| *integer as f64).collect(),
                Numbers::Floats(floats) => floats.to_vec(),
            };
            assert_eq!((instants.len(), modified.len()), (values.len(), values.len()));
            for ((at, modified), value) in instants.iter().zip(modified).zip(values) {
                let modified = Timestamp::from_micros(*modified);
                found.push((Timestamp::from_micros(*at), Some(value), Some(modified)));
            }
        }
    };
    reader
        .pieces(key, attribute, dataset_id, range, &mut each)
        .unwrap();
    found.sort_by(|a, b| a.partial_cmp(b).unwrap());
    found
}

/// See [`pieced`].
pub fn flat(past: &Past) -> (Timestamp, Option<f64>, Option<Timestamp>) {
    match past {
        Past::Instance(instance) => (past.instant(), instance.as_f64(), Some(instance.modified_at)),
        Past::Removed { .. } => (past.instant(), None, None),
    }
}

pub fn pieces_hold_what_history_holds(engine: &mut dyn Storage) {
    let key = EntityKey(1);
    let set = Uri::ngsi_ld("Dataset", "a");
    let mut changes = vec![Change::Head(key, head(1))];
    for second in (0..3_000_i32).rev() {
        let mut one = number("t", f64::from(second) / 4.0, i64::from(second));
        if second % 1_000 == 7 {
            one.value = ngsi_ld::Value::Property("warm".into());
        }
        changes.push(Change::History(key, one.clone()));
        if second % 3 == 0 {
            changes.push(Change::History(key, one.dataset(set.clone())));
        }
    }
    engine.commit(&changes).unwrap();
    engine
        .commit(&[Change::Attribute(key, number("t", 1.0, 5_000))])
        .unwrap();
    engine
        .commit(&[Change::RemoveAttribute(key, name("t"), None, at(5_001))])
        .unwrap();
    for _ in 0..2 {
        let reader = engine.reader();
        for (range, dataset) in [(ALWAYS, None), ((at(100), at(2_100)), None), (ALWAYS, Some(&set))] {
            let past = reader.history(key, &[name("t")], range, Take::All).unwrap();
            let mut expected: Vec<_> = past
                .iter()
                .filter(|one| one.dataset_id() == dataset)
                .map(flat)
                .collect();
            expected.sort_by(|a, b| a.partial_cmp(b).unwrap());
            assert_eq!(pieced(&*reader, key, &name("t"), dataset, range), expected);
        }
        assert_eq!(pieced(&*reader, key, &name("none"), None, ALWAYS), []);
        settle(engine);
    }
}
