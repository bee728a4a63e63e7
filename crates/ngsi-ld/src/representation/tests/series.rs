//! The simplified temporal representation (4.5.9), read.

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::super::*;
use crate::context::Context;
use crate::entity::Attribute;
use crate::{Entity, Timestamp};

fn read(members: &Json) -> Result<Entity, crate::Error> {
    let mut json = json!({"id": "urn:ngsi-ld:T:1", "type": "T"});
    json.as_object_mut()
        .unwrap()
        .extend(members.as_object().unwrap().clone());
    read_temporal(&json, Context::core())
}

/// The clause's examples, and what they say in full.
#[test]
fn clause_4_5_9_each_kind_has_its_member() {
    let (first, second) = ("2022-08-09T18:25:02Z", "2022-08-10T18:25:02Z");
    let ticket = json!([{"id": "85a6cc52-0589-45f9", "value": "Overstay 60 minutes"}]);
    for (series, kind, member, values) in [
        (json!(["Joe Bloggs", "Bill Smith"]), "Property", "value", "values"),
        (
            json!([{"type": "Point", "coordinates": [1, 2]}, {"type": "Point", "coordinates": [1.5, 2]}]),
            "GeoProperty",
            "value",
            "values",
        ),
        (
            json!([{"languageMap": {"en": "yes", "fr": "oui"}}, {"languageMap": {"en": "no"}}]),
            "LanguageProperty",
            "languageMap",
            "languageMaps",
        ),
        (
            json!([["First", "Second"], ["1st", "2nd"]]),
            "ListProperty",
            "valueList",
            "valueLists",
        ),
        (
            json!([{"json": ticket}, {"json": {"a": null}}]),
            "JsonProperty",
            "json",
            "jsons",
        ),
        (
            json!([{"vocab": "Male"}, {"vocab": "Female"}]),
            "VocabProperty",
            "vocab",
            "vocabs",
        ),
        (
            json!(["urn:p:1", ["urn:p:2", "urn:p:3"]]),
            "Relationship",
            "object",
            "objects",
        ),
        (
            json!([["urn:p:1", "urn:p:2"], []]),
            "ListRelationship",
            "objectList",
            "objectLists",
        ),
    ] {
        let full = |at: usize, instant: &str| {
            let value = series[at]
                .get(member)
                .filter(|_| series[at].is_object())
                .unwrap_or(&series[at]);
            json!({"type": kind, member: value, "observedAt": instant, "datasetId": "urn:d:1"})
        };
        let told = json!({"a": {"type": kind, "datasetId": "urn:d:1", values: [[series[0], first], [series[1], second]]}});
        let in_full = json!({"a": [full(0, first), full(1, second)]});
        assert_eq!(read(&told), read(&in_full), "{kind}");
        assert_eq!(read(&told).unwrap().attributes.len(), 2, "{kind}");
    }
}

#[test]
fn clause_4_5_9_data_sets_deletions_and_scopes() {
    let told = json!({
        "speed": [
            {"type": "Property", "values": [[120, "2026-01-01T00:00:00Z"], ["urn:ngsi-ld:null", "2026-01-02T00:00:00Z"]]},
            {"type": "Property", "datasetId": "urn:d:1", "values": [[81, "2026-01-02T00:00:00Z"]]}
        ],
        "scope": {"type": "Property", "values": [["/a", "2026-01-01T00:00:00Z"], [["/a", "/b"], "2026-01-02T00:00:00Z"]]},
        "none": {"type": "Property", "values": []},
    });
    let in_full = json!({
        "speed": [
            {"type": "Property", "value": 120, "observedAt": "2026-01-01T00:00:00Z"},
            {"type": "Property", "value": "urn:ngsi-ld:null", "observedAt": "2026-01-02T00:00:00Z"},
            {"type": "Property", "datasetId": "urn:d:1", "value": 81, "observedAt": "2026-01-02T00:00:00Z"}
        ],
        "scope": [
            {"type": "Property", "value": "/a", "observedAt": "2026-01-01T00:00:00Z"},
            {"type": "Property", "value": ["/a", "/b"], "observedAt": "2026-01-02T00:00:00Z"}
        ],
    });
    assert_eq!(read(&told), read(&in_full));
    let attributes = read(&told).unwrap().attributes;
    assert_eq!(attributes.len(), 5);
    assert_eq!(attributes[1].deletion(), attributes[1].observed_at);
    assert!(attributes[3].is_scope());
    assert_eq!(attributes[4].scopes(), ["/a".into(), "/b".into()]);
}

#[test]
fn what_only_looks_like_a_series_is_what_it_was() {
    // A sub-attribute may be called `values`, and a value may hold anything.
    let one =
        read(&json!({"a": {"type": "Property", "value": 1, "values": {"type": "Property", "value": 2}}}));
    assert_eq!(one.unwrap().attributes[0].sub_attributes.len(), 1);
    let bare = read(&json!({"a": {"values": [[1, "2026-01-01T00:00:00Z"]]}})).unwrap();
    assert_eq!(bare.attributes[0].observed_at, None);
    // Only the evolution of an entity is told so.
    let json = json!({"id": "urn:a:b", "type": "T", "a": {"type": "Property", "values": [[1, "2026-01-01T00:00:00Z"]]}});
    assert!(read_entity(&json, Context::core()).is_err());
    let inside = json!({"a": {"type": "Property", "value": 1, "b": {"type": "Property", "values": [[1, "2026-01-01T00:00:00Z"]]}}});
    assert!(read(&inside).unwrap_err().detail.contains("`/a/b/values/0`"));
}

#[test]
fn a_bad_series_is_refused_with_place_and_remedy() {
    let at = "2026-01-01T00:00:00Z";
    for (series, parts) in [
        (json!({"type": "Property", "values": 1}), ["`/a/values`", "array"]),
        (
            json!({"type": "Property", "values": [1]}),
            ["`/a/values/0`", "array of two"],
        ),
        (
            json!({"type": "Property", "values": [[1, at], [1]]}),
            ["`/a/values/1`", "array of two"],
        ),
        (
            json!({"type": "Property", "values": [[1, at, at]]}),
            ["`/a/values/0`", "array of two"],
        ),
        (
            json!({"type": "Property", "values": [[1, "yesterday"]]}),
            ["`/a/0/observedAt`", "DateTime"],
        ),
        (
            json!({"type": "Property", "values": [[null, at]]}),
            ["`/a/0/value`", "null"],
        ),
        (
            json!({"type": "Property", "values": [[1, at]], "unitCode": "MTR"}),
            ["`/a/unitCode`", "in full"],
        ),
        (
            json!({"type": "Property", "objects": [["urn:a:b", at]]}),
            ["`/a/objects/0`", "is an object"],
        ),
        (
            json!({"type": "Property", "values": [[1, at]], "datasetId": "d"}),
            ["`/a/0/datasetId`", "scheme"],
        ),
        (
            json!({"type": "JsonProperty", "jsons": [[{"a": 1}, at]]}),
            ["`/a/jsons/0`", "`json` alone"],
        ),
        (
            json!({"type": "VocabProperty", "vocabs": [[["Male"], at]]}),
            ["`/a/vocabs/0`", "`vocab` alone"],
        ),
        (
            json!({"type": "LanguageProperty", "languageMaps": [[{"en": "x"}, at]]}),
            ["`/a/languageMaps/0`", "alone"],
        ),
        (
            json!({"type": "Relationship", "objects": [["here", at]]}),
            ["`/a/0/object`", "scheme"],
        ),
        (
            json!({"type": "ListProperty", "valueLists": [["x", at]]}),
            ["`/a/0/valueList`", "array"],
        ),
    ] {
        let error = read(&json!({"a": series})).unwrap_err();
        for part in parts {
            assert!(error.detail.contains(part), "{series}: {error}");
        }
    }
}

proptest! {
    /// What is written so is read so: the instances with nothing but value, instant and data set.
    #[test]
    fn what_is_written_in_pairs_is_read_from_them(
        points in prop::collection::vec((any::<i32>(), 0_i64..4_000_000_000, prop::option::of(0..3_u8), any::<bool>()), 0..40)
    ) {
        let mut entity = Entity::new(crate::Uri::ngsi_ld("T", "1"), Context::core().expand("T"));
        let name = Context::core().expand("speed");
        for (value, second, dataset, geo) in points {
            let value = f64::from(value) / 8.0;
            let mut one = if geo {
                Attribute::geo(name.clone(), geo_types::Point(geo_types::coord! {x: value % 180.0, y: 1.0}))
            } else {
                Attribute::property(name.clone(), value)
            };
            one.dataset_id = dataset.map(|n| crate::Uri::ngsi_ld("Dataset", &n.to_string()));
            entity.attributes.push(one.observed_at(Timestamp::from_seconds(second)));
        }
        let options = WriteOptions::default();
        let pairs = write_temporal(&entity, Context::core(), TemporalFormat::TemporalValues, &options);
        let back = read_temporal(&Json::Object(pairs), Context::core()).unwrap();
        // Series of one data set and kind stand together; their order is kept.
        let series = |entity: &Entity| {
            let mut attributes = entity.attributes.clone();
            attributes.sort_by_key(|a| (a.dataset_id.clone(), a.value.kind().as_str()));
            attributes
        };
        prop_assert_eq!(series(&entity), series(&back));
    }
}
