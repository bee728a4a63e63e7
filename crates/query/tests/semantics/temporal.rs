//! Temporal selection and aggregation.

use ngsi_ld::query::temporal::{Aggregation, Method, TemporalQuery};
use ngsi_ld::{Attribute, PropertyValue, Timestamp, Value};
use proptest::prelude::*;
use query::temporal::{aggregate, select};
use serde_json::{Value as Json, json};

use crate::random::name;

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn value(json: Json) -> Value {
    Value::Property(PropertyValue::from_json(json))
}

const ALWAYS: (Timestamp, Timestamp) = (Timestamp::MIN, Timestamp::MAX);

#[test]
fn the_latest_of_each_attribute() {
    let instance = |term: &str, hour: i64| {
        Attribute::property(name(term), hour).observed_at(Timestamp::from_seconds(hour * 3600))
    };
    let mut instances = vec![
        instance("a", 3),
        instance("b", 1),
        instance("a", 1),
        instance("a", 2),
        Attribute::property(name("b"), 9_i64),
    ];
    let query = TemporalQuery::parse(Some("before"), Some("1970-01-01T03:00:00Z"), None, None).unwrap();
    let seen = |instances: &[Attribute]| -> Vec<(String, f64)> {
        instances
            .iter()
            .map(|a| (a.name.short().to_owned(), a.as_f64().unwrap()))
            .collect()
    };
    let mut before = instances.clone();
    select(&mut before, &query, None);
    assert_eq!(
        seen(&before),
        [("a".into(), 1.0), ("a".into(), 2.0), ("b".into(), 1.0)]
    );
    let always = TemporalQuery::parse(None, None, None, None).unwrap();
    select(&mut instances, &always, Some(2));
    assert_eq!(
        seen(&instances),
        [
            ("a".into(), 2.0),
            ("a".into(), 3.0),
            ("b".into(), 9.0),
            ("b".into(), 1.0)
        ]
    );
    select(&mut instances, &always, Some(0));
    assert!(instances.is_empty());
}

#[test]
fn data_sets_have_their_latest_each() {
    let instance = |set: Option<&str>, hour: i64| {
        let mut one = Attribute::property(name("a"), hour).observed_at(Timestamp::from_seconds(hour * 3600));
        one.dataset_id = set.map(|set| ngsi_ld::Uri::ngsi_ld("Dataset", set));
        one
    };
    let mut instances = vec![
        instance(None, 4),
        instance(Some("x"), 1),
        instance(None, 3),
        instance(Some("y"), 9),
        instance(Some("x"), 2),
    ];
    let always = TemporalQuery::parse(None, None, None, None).unwrap();
    select(&mut instances, &always, Some(1));
    assert_eq!(
        instances,
        [instance(Some("x"), 2), instance(None, 4), instance(Some("y"), 9)]
    );
}

/// One value a quarter of an hour, 1 to 8, from 10:00; by hour.
#[test]
fn every_method_by_hour() {
    let start = at("2026-05-01T10:00:00Z");
    let values: Vec<Value> = (1..=8).map(|n| value(json!(n))).collect();
    let list: Vec<_> = (0..)
        .map(|i: i64| start.plus_micros(i * 900_000_000))
        .zip(&values)
        .collect();
    let methods = Method::ALL.map(Method::as_str).join(",");
    let result = aggregate(
        &list,
        &Aggregation::parse(&methods, Some("PT1H")).unwrap(),
        ALWAYS,
    )
    .unwrap();
    let of = |method: Method| -> Vec<Json> {
        let (_, buckets) = result.iter().find(|(m, _)| *m == method).unwrap();
        buckets.iter().map(|bucket| bucket.value.clone()).collect()
    };
    assert_eq!(of(Method::Avg), [json!(2.5), json!(6.5)]);
    assert_eq!(of(Method::Sum), [json!(10), json!(26)]);
    assert_eq!(of(Method::Sumsq), [json!(30), json!(174)]);
    assert_eq!(of(Method::Min), [json!(1), json!(5)]);
    assert_eq!(of(Method::Max), [json!(4), json!(8)]);
    assert_eq!(of(Method::TotalCount), [json!(4), json!(4)]);
    assert_eq!(of(Method::DistinctCount), [json!(4), json!(4)]);
    for deviation in of(Method::Stddev) {
        assert!((deviation.as_f64().unwrap() - 1.25_f64.sqrt()).abs() < 1e-12);
    }
    let (_, buckets) = &result[0];
    assert_eq!(buckets[0].start, start);
    assert_eq!(
        (buckets[1].start, buckets[1].end),
        (at("2026-05-01T11:00:00Z"), at("2026-05-01T12:00:00Z"))
    );
}

#[test]
fn periods_count_from_the_range_and_empty_ones_are_left_out() {
    let values = [value(json!(1)), value(json!(2))];
    let list = [
        (at("2026-03-31T12:00:00Z"), &values[0]),
        (at("2026-01-31T23:00:00Z"), &values[1]),
    ];
    let range = (at("2026-01-31T00:00:00Z"), at("2027-01-01T00:00:00Z"));
    let monthly = Aggregation::parse("max", Some("P1M")).unwrap();
    let (_, buckets) = &aggregate(&list, &monthly, range).unwrap()[0];
    let seen: Vec<_> = buckets
        .iter()
        .map(|b| (b.value.clone(), b.start.to_string(), b.end.to_string()))
        .collect();
    assert_eq!(
        seen,
        [
            (
                json!(2),
                "2026-01-31T00:00:00Z".into(),
                "2026-02-28T00:00:00Z".into()
            ),
            (
                json!(1),
                "2026-03-31T00:00:00Z".into(),
                "2026-04-30T00:00:00Z".into()
            ),
        ]
    );
    let whole = Aggregation::parse("totalCount", Some("PT0S")).unwrap();
    let (_, buckets) = &aggregate(&list, &whole, range).unwrap()[0];
    assert_eq!(
        (buckets[0].start, buckets[0].end, &buckets[0].value),
        (range.0, range.1, &json!(2))
    );
    let (_, buckets) = &aggregate(&list, &whole, ALWAYS).unwrap()[0];
    assert_eq!((buckets[0].start, buckets[0].end), (list[1].0, list[0].0));
    assert!(aggregate(&[], &whole, range).unwrap()[0].1.is_empty());
}

#[test]
fn the_tables_of_datatypes() {
    let now = at("2026-05-01T10:00:00Z");
    let check = |values: &[Json], method: &str, expected: Option<Json>| {
        let values: Vec<Value> = values.iter().cloned().map(value).collect();
        let list: Vec<_> = values.iter().map(|value| (now, value)).collect();
        let result = aggregate(&list, &Aggregation::parse(method, None).unwrap(), ALWAYS);
        assert_eq!(
            result.ok().map(|r| r[0].1[0].value.clone()),
            expected,
            "{method} of {values:?}"
        );
    };
    check(&[json!("b"), json!("a")], "max", Some(json!("b")));
    check(&[json!("b"), json!("a")], "avg", None);
    check(&[json!(true), json!(false)], "avg", Some(json!(0.5)));
    check(&[json!([1, 2]), json!([1])], "sum", Some(json!(3)));
    check(&[json!([1, 2]), json!([1])], "stddev", None);
    check(&[json!({"x": 1})], "max", None);
    check(
        &[json!({"x": 1}), json!({"x": 1})],
        "distinctCount",
        Some(json!(1)),
    );
    let time = |text: &str| json!({"@type": "Time", "@value": text});
    check(
        &[time("08:00:00Z"), time("09:00:00Z")],
        "avg",
        Some(json!("08:30:00Z")),
    );
    check(&[time("08:00:00Z"), time("09:00:00Z")], "sum", None);
    let instant = |text: &str| json!({"@type": "DateTime", "@value": text});
    check(
        &[instant("2026-05-01T10:00:00Z"), instant("2026-06-01T10:00:00Z")],
        "min",
        Some(json!("2026-05-01T10:00:00Z")),
    );
    check(&[json!(1), json!("1")], "max", None);
    check(&[json!(1), json!("1")], "totalCount", Some(json!(2)));
}

proptest! {
    /// Fixed periods by plain division.
    #[test]
    fn agrees_with_division(
        values in prop::collection::vec((0_i64..100_000, -50_i64..50), 1..60), period in 1_i64..20_000, offset in 0_i64..50_000,
    ) {
        let range = (Timestamp::from_seconds(offset), Timestamp::from_seconds(90_000));
        let owned: Vec<_> = values.iter().map(|&(s, v)| (Timestamp::from_seconds(s), value(json!(v)))).collect();
        let list: Vec<_> = owned.iter().map(|(at, value)| (*at, value)).collect();
        let aggregation = Aggregation::parse("sum,totalCount", Some(&format!("PT{period}S"))).unwrap();
        let result = aggregate(&list, &aggregation, range).unwrap();
        let mut expected = std::collections::BTreeMap::<i64, (i64, i64)>::new();
        for &(second, number) in values.iter().filter(|(s, _)| (offset..90_000).contains(s)) {
            let bucket = expected.entry((second - offset) / period * period + offset).or_default();
            *bucket = (bucket.0 + number, bucket.1 + 1);
        }
        let sums: Vec<_> = expected.iter().map(|(start, (sum, _))| (Timestamp::from_seconds(*start), json!(sum))).collect();
        let counts: Vec<_> = expected.iter().map(|(s, (_, n))| (Timestamp::from_seconds(*s), json!(n))).collect();
        let ours = |index: usize| -> Vec<_> { result[index].1.iter().map(|b| (b.start, b.value.clone())).collect() };
        prop_assert_eq!(ours(0), sums);
        prop_assert_eq!(ours(1), counts);
    }
}
