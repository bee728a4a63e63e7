//! Random changes, committed, written in bulk, folded slice by slice, reopened at any point: the embedded engine
//! answers like the simplest one.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "these are tests"
)]

use std::path::Path;

use ngsi_ld::{
    Attribute, Entity, GeoValue, Name, OneOrMany, PropertyValue, Relationship, Timestamp, Uri, Value,
};
use proptest::prelude::*;
use storage::Options;
use storage::contract::{flat, pieced};
use storage::{
    Change, Datasets, Embedded, EntityKey, Environment, Head, Memory, Past, Storage, Stored, Take,
};

#[derive(Clone, Debug)]
enum Step {
    Commit(Vec<Change>),
    Bulk(Vec<Change>),
    /// Forgets instances that are there: of this entity, every so manyth.
    Forget(u64, usize, bool),
    Maintain(usize),
    Tidy(usize),
    Fold,
    Reopen,
}

fn name(number: usize) -> Name {
    Name::default_term(["temperature", "location", "mood", "isAt", "level"][number % 5])
}

fn dataset() -> impl Strategy<Value = Option<Uri>> {
    prop_oneof![3 => Just(None), 1 => (0..2_u8).prop_map(|n| Some(Uri::ngsi_ld("Dataset", &n.to_string())))]
}

fn instant() -> impl Strategy<Value = Timestamp> {
    // Few, so that instants collide; and now and then a far one.
    prop_oneof![
        8 => (0_i64..40).prop_map(|s| Timestamp::from_seconds(1_700_000_000 + s)),
        1 => any::<i64>().prop_map(Timestamp::from_micros),
    ]
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(serde_json::Value::from),
        any::<i64>().prop_map(serde_json::Value::from),
        any::<u64>().prop_map(serde_json::Value::from),
        (-1e300_f64..1e300).prop_map(serde_json::Value::from),
        ".{0,8}".prop_map(serde_json::Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
            proptest::collection::vec((".{0,4}", inner), 0..4)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}

fn uris() -> impl Strategy<Value = Vec<Uri>> {
    proptest::collection::vec((0..9_u8).prop_map(|n| Uri::ngsi_ld("Room", &n.to_string())), 0..3)
}

fn geometry() -> impl Strategy<Value = geo_types::Geometry<f64>> {
    let coord = (-180.0..180.0_f64, -90.0..90.0_f64);
    let line = proptest::collection::vec(coord.clone(), 0..5).prop_map(geo_types::LineString::from);
    let polygon = (line.clone(), proptest::collection::vec(line.clone(), 0..2))
        .prop_map(|(outer, inner)| geo_types::Polygon::new(outer, inner));
    let simple = prop_oneof![
        coord
            .clone()
            .prop_map(|c| geo_types::Geometry::from(geo_types::Point::from(c))),
        (coord.clone(), coord.clone()).prop_map(|(a, b)| geo_types::Line::new(a, b).into()),
        (coord.clone(), coord.clone()).prop_map(|(a, b)| geo_types::Rect::new(a, b).into()),
        (coord.clone(), coord.clone(), coord.clone()).prop_map(|(a, b, c)| geo_types::Triangle::new(
            a.into(),
            b.into(),
            c.into()
        )
        .into()),
        line.clone().prop_map(geo_types::Geometry::from),
        polygon.clone().prop_map(geo_types::Geometry::from),
        proptest::collection::vec(coord, 0..3).prop_map(|all| geo_types::MultiPoint::from(all).into()),
        proptest::collection::vec(line, 0..3).prop_map(|all| geo_types::MultiLineString::new(all).into()),
        proptest::collection::vec(polygon, 0..3).prop_map(|all| geo_types::MultiPolygon::new(all).into()),
    ];
    simple.prop_recursive(2, 4, 3, |inner| {
        proptest::collection::vec(inner, 0..3)
            .prop_map(|all| geo_types::Geometry::GeometryCollection(all.into()))
    })
}

fn value() -> impl Strategy<Value = Value> {
    let structured = json().prop_filter("an array or an object", |json| {
        json.is_array() || json.is_object()
    });
    prop_oneof![
        12 => (-400..400_i32).prop_map(|n| Value::Property((f64::from(n) / 10.0).into())),
        3 => (-40..40_i64).prop_map(|n| Value::Property(n.into())),
        1 => any::<i64>().prop_map(|n| Value::Property(n.into())),
        2 => any::<f64>().prop_filter("JSON has no such number", |n| n.is_finite()).prop_map(|n| Value::Property(n.into())),
        1 => any::<bool>().prop_map(|b| Value::Property(b.into())),
        1 => ".{0,12}".prop_map(|text| Value::Property(text.into())),
        1 => structured.prop_map(|json| Value::Property(PropertyValue::Structured(Box::new(json)))),
        1 => (uris(), any::<bool>(), any::<bool>()).prop_map(|(targets, one, typed)| {
            let object = match targets.first() {
                Some(first) if one => OneOrMany::One(first.clone()),
                _ => OneOrMany::Many(targets.into()),
            };
            let types = OneOrMany::Many([name(0), name(1)].into());
            Value::Relationship(Relationship { object, object_type: typed.then(|| Box::new(types)) })
        }),
        1 => (geometry(), proptest::option::of(json())).prop_map(|(geometry, source)| {
            Value::Geo(GeoValue::new(geometry, source.map(Box::new)).into())
        }),
        1 => ".{0,4}".prop_map(|text| {
            Value::Language(Box::new([("sw".to_owned(), text.clone().into()), ("en".to_owned(), text.into())].into_iter().collect()))
        }),
        1 => json().prop_map(|json| Value::Json(Box::new(json))),
        1 => (0..5_usize).prop_map(|n| Value::Vocab(OneOrMany::One(name(n)))),
        1 => proptest::collection::vec(json(), 0..3).prop_map(|all| Value::List(all.into())),
        1 => uris().prop_map(|targets| Value::ListRelationship(targets.into())),
    ]
}

fn plain() -> impl Strategy<Value = Attribute> {
    (
        (0..5_usize, value(), dataset()),
        (proptest::option::weighted(0.8, instant()), instant(), instant()),
        proptest::option::of(prop_oneof![Just("CEL"), Just("P1")]),
        (
            proptest::option::weighted(0.05, instant()),
            proptest::option::weighted(0.05, 0..9_u8),
        ),
    )
        .prop_map(
            |(
                (number, value, dataset_id),
                (observed_at, created_at, modified_at),
                unit,
                (expires_at, id),
            )| {
                let mut attribute = Attribute::new(name(number), value);
                attribute.dataset_id = dataset_id;
                attribute.observed_at = observed_at;
                attribute.created_at = created_at;
                attribute.modified_at = modified_at;
                attribute.unit_code = unit.map(Box::from);
                attribute.expires_at = expires_at;
                attribute.instance_id = id.map(|id| Uri::ngsi_ld("Instance", &id.to_string()));
                attribute
            },
        )
}

fn attribute() -> impl Strategy<Value = Attribute> {
    let with_subs = (plain(), proptest::collection::vec(plain(), 1..3)).prop_map(|(mut attribute, subs)| {
        attribute.sub_attributes = subs;
        attribute
    });
    prop_oneof![9 => plain(), 1 => with_subs]
}

/// Like what a sensor sends: series of plain numbers, in bunches, so that chunks fill, split and merge.
fn readings() -> impl Strategy<Value = Vec<Change>> {
    (1..4_u64, 1..700_i64, 0..3_000_i64, 1..3_i64, any::<bool>()).prop_map(
        |(key, count, start, step, current)| {
            (0..count)
                .map(|i| {
                    let at = Timestamp::from_seconds(1_700_000_000 + start + i * step);
                    let mut reading =
                        Attribute::property(name(4), f64::from(i32::try_from(i).unwrap()) / 4.0);
                    reading = reading.observed_at(at).unit_code("CEL");
                    reading.modified_at = at.plus_micros(i * 37 % 1_000);
                    if current {
                        Change::Attribute(EntityKey(key), reading)
                    } else {
                        Change::History(EntityKey(key), reading)
                    }
                })
                .collect()
        },
    )
}

fn head() -> impl Strategy<Value = Head> {
    (
        0..9_u8,
        proptest::option::of(instant()),
        any::<bool>(),
        instant(),
        instant(),
    )
        .prop_map(
            |(number, expires_at, temporal_only, created_at, modified_at)| Head {
                id: Uri::ngsi_ld("Sensor", &number.to_string()),
                types: (0..=usize::from(number % 3)).map(name).collect(),
                scope: (0..number % 2).map(|n| format!("/Nairobi/{n}").into()).collect(),
                created_at,
                modified_at,
                expires_at,
                temporal_only,
            },
        )
}

fn change() -> impl Strategy<Value = Change> {
    let key = (1..5_u64).prop_map(EntityKey);
    let bytes = || proptest::collection::vec(0..4_u8, 0..3);
    let table = prop_oneof![Just("users"), Just("rules")];
    prop_oneof![
        4 => (key.clone(), head()).prop_map(|(key, head)| Change::Head(key, head)),
        12 => (key.clone(), attribute()).prop_map(|(key, attribute)| Change::Attribute(key, attribute)),
        6 => (key.clone(), attribute()).prop_map(|(key, attribute)| Change::History(key, attribute)),
        2 => (key.clone(), 0..5_usize, dataset(), instant())
            .prop_map(|(key, number, dataset, at)| Change::RemoveAttribute(key, name(number), dataset, at)),
        1 => (key.clone(), instant()).prop_map(|(key, at)| Change::Delete(key, at)),
        1 => (key.clone(), proptest::collection::vec(attribute(), 0..3)).prop_map(|(key, last)| Change::Last(key, last)),
        1 => (key.clone(), 0..5_usize, prop_oneof![Just(Datasets::All), dataset().prop_map(Datasets::Only)])
            .prop_map(|(key, number, datasets)| Change::ForgetSeries(key, name(number), datasets)),
        1 => (key.clone(), attribute()).prop_map(|(key, attribute)| Change::Forget(key, attribute)),
        1 => (key, instant()).prop_map(|(key, at)| Change::Erase(key, at)),
        2 => (table, bytes(), proptest::option::weighted(0.8, bytes()))
            .prop_map(|(table, key, value)| Change::System(table, key.into(), value.map(Into::into))),
    ]
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    prop_oneof![4 => proptest::collection::vec(change(), 0..12), 1 => readings()]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => changes().prop_map(Step::Commit),
        3 => changes().prop_map(Step::Bulk),
        2 => (1..5_u64, 1..40_usize, any::<bool>()).prop_map(|(key, every, bulk)| Step::Forget(key, every, bulk)),
        3 => (1..4_usize).prop_map(Step::Maintain),
        2 => (1..4_usize).prop_map(Step::Tidy),
        1 => Just(Step::Fold),
        1 => Just(Step::Reopen),
    ]
}

fn open(folder: &Path, fold_changes: usize) -> Embedded {
    let options = Options {
        fold_changes,
        fold_idle: fold_changes.min(5),
        slice_entities: 1,
        checkpoint_bytes: 64 << 10,
        ..Options::default()
    };
    Embedded::open_with(folder, "mapacha", Environment::real(1), options).unwrap()
}

fn everything(storage: &mut dyn Storage) -> Vec<(EntityKey, Entity, bool, bool, Option<Timestamp>)> {
    let mut all = Vec::new();
    storage
        .load(&mut |Stored {
                        key,
                        entity,
                        last_known,
                        temporal_only,
                        deleted_at,
                    }| all.push((key, entity, last_known, temporal_only, deleted_at)))
        .unwrap();
    all
}

fn compare(model: &mut Memory, engine: &mut Embedded, range: (Timestamp, Timestamp), last_n: usize) {
    assert_eq!(everything(engine), everything(model));
    let (ours, theirs) = (engine.reader(), model.reader());
    let always = (Timestamp::MIN, Timestamp::from_micros(i64::MAX));
    for key in (1..5).map(EntityKey) {
        for (range, take) in [
            (always, Take::All),
            (range, Take::All),
            (always, Take::Last(last_n)),
            (range, Take::Last(last_n)),
            (always, Take::First(last_n)),
            (range, Take::First(last_n)),
        ] {
            let some = [name(4), name(0)];
            for attributes in [&[][..], &some] {
                let expected: Vec<Past> = theirs.history(key, attributes, range, take).unwrap();
                assert_eq!(ours.history(key, attributes, range, take).unwrap(), expected);
            }
        }
        assert_eq!(ours.list(key, &[]).unwrap(), theirs.list(key, &[]).unwrap());
        for number in 0..5 {
            let one = [name(number)];
            assert_eq!(ours.list(key, &one).unwrap(), theirs.list(key, &one).unwrap());
            let mut visited = Vec::new();
            ours.visit(key, &one[0], None, range, &mut |past| visited.extend(past))
                .unwrap();
            visited.sort_by_key(Past::instant);
            let mut default = theirs.history(key, &one, range, Take::All).unwrap();
            default.retain(|one| one.dataset_id().is_none());
            assert_eq!(visited, default);
            let past = theirs.history(key, &[name(number)], range, Take::All).unwrap();
            let mut expected: Vec<_> = past
                .iter()
                .filter(|one| one.dataset_id().is_none())
                .map(flat)
                .collect();
            expected.sort_by(|a, b| a.partial_cmp(b).unwrap());
            assert_eq!(pieced(&*ours, key, &name(number), None, range), expected);
            let expected = theirs.series(key, &name(number), range).unwrap();
            assert_eq!(ours.series(key, &name(number), range).unwrap(), expected);
        }
    }
    for table in ["users", "rules", "none"] {
        assert_eq!(
            ours.system(table, &[1], last_n).unwrap(),
            theirs.system(table, &[1], last_n).unwrap()
        );
        assert_eq!(
            ours.system(table, &[], 99).unwrap(),
            theirs.system(table, &[], 99).unwrap()
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: std::env::var("MAPACHA_MODEL_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(48),
        max_shrink_iters: 2_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_engine_answers_like_the_model(
        steps in proptest::collection::vec(step(), 1..16),
        fold_changes in prop_oneof![Just(1_usize), Just(20), Just(100_000)],
        range in (instant(), instant()),
        last_n in 0..5_usize,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let mut engine = open(folder.path(), fold_changes);
        let mut model = Memory::new();
        let mut lsn = storage::Lsn(0);
        for step in steps {
            let step = match step {
                Step::Forget(key, every, bulk) => {
                    let always = (Timestamp::MIN, Timestamp::from_micros(i64::MAX));
                    let past = model.reader().history(EntityKey(key), &[], always, Take::All).unwrap();
                    let forget = past.into_iter().step_by(every).filter_map(|one| match one {
                        Past::Instance(attribute) => Some(Change::Forget(EntityKey(key), attribute)),
                        Past::Removed { .. } => None,
                    });
                    let changes = forget.collect();
                    if bulk { Step::Bulk(changes) } else { Step::Commit(changes) }
                }
                other => other,
            };
            match step {
                Step::Forget(..) => {}
                Step::Commit(changes) | Step::Bulk(changes) if changes.is_empty() => {
                    prop_assert_eq!(engine.commit(&[]).unwrap(), lsn);
                }
                Step::Commit(changes) => {
                    model.commit(&changes).unwrap();
                    let next = engine.commit(&changes).unwrap();
                    prop_assert!(next > lsn);
                    lsn = next;
                }
                Step::Bulk(changes) => {
                    model.bulk(&changes).unwrap();
                    let next = engine.bulk(&changes).unwrap();
                    prop_assert!(next > lsn);
                    lsn = next;
                }
                Step::Maintain(slices) => {
                    for _ in 0..slices {
                        engine.maintain().unwrap();
                    }
                }
                Step::Tidy(slices) => {
                    for _ in 0..slices {
                        engine.tidy().unwrap();
                    }
                }
                Step::Fold => engine.fold().unwrap(),
                Step::Reopen => {
                    drop(engine);
                    engine = open(folder.path(), fold_changes);
                }
            }
            compare(&mut model, &mut engine, range, last_n);
        }
        prop_assert_eq!(engine.verify().unwrap().damages, Vec::<String>::new());
    }
}
