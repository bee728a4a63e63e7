//! What is refused, with where and why.

use serde_json::{Value as Json, json};

use super::super::*;
use crate::context::Context;
use crate::error::ErrorKind;

fn entity(members: &Json) -> Json {
    let mut json = json!({"id": "urn:ngsi-ld:T:1", "type": "T"});
    json.as_object_mut()
        .unwrap()
        .extend(members.as_object().unwrap().clone());
    json
}

#[test]
fn a_bad_entity_is_refused_with_place_and_remedy() {
    let value = json!({"type": "Property", "value": 1});
    for (json, parts) in [
        (json!([]), ["no object", "`id`"]),
        (json!({}), ["empty", "`id`"]),
        (json!({"type": "T"}), ["`/id`", "missing"]),
        (json!({"id": "urn:x:y"}), ["`/type`", "missing"]),
        (json!({"id": "1", "type": "T"}), ["`/id`", "scheme"]),
        (json!({"id": 1, "type": "T"}), ["`/id`", "URI"]),
        (json!({"id": "urn:x:y", "type": []}), ["`/type`", "at least one"]),
        (
            json!({"id": "urn:x:y", "type": ["T", 1]}),
            ["`/type/1`", "string"],
        ),
        (json!({"id": "urn:x:y", "type": "type"}), ["`/type`", "keyword"]),
        (json!({"id": "urn:x:y", "type": "a b"}), ["`/type`", "4.6.2"]),
        (entity(&json!({"a<b": value})), ["`/a<b`", "4.6.2"]),
        (entity(&json!({"a/b": value})), ["`/a~1b`", "4.6.2"]),
        (entity(&json!({"@foo": value})), ["`/@foo`", "keyword"]),
        (
            entity(&json!({"datasetId": "urn:x:y"})),
            ["`/datasetId`", "4.5.1"],
        ),
        (entity(&json!({"a": null})), ["`/a`", "null"]),
        (entity(&json!({"a": "urn:ngsi-ld:null"})), ["`/a`", "leave"]),
        (
            entity(&json!({"a": {"type": "Property", "value": null}})),
            ["`/a/value`", "null"],
        ),
        (
            entity(&json!({"a": {"type": "Property", "value": "urn:ngsi-ld:null"}})),
            ["`/a/value`", "5.5.4"],
        ),
        (
            entity(&json!({"a": {"type": "Property", "value": {"b": ["urn:ngsi-ld:null"]}}})),
            ["`/a/value`", "5.5.4"],
        ),
        (
            entity(&json!({"a": {"type": "LanguageProperty", "valueType": "x", "languageMap": {"en": "b"}}})),
            ["`/a/valueType`", "langString"],
        ),
        (
            entity(&json!({"a": {"valueType": "x", "languageMap": {"en": "b"}}})),
            ["`/a/valueType`", "langString"],
        ),
        (
            entity(&json!({"a": {"type": "Property"}})),
            ["`/a`", "needs its `value`"],
        ),
        (
            entity(&json!({"a": {"observedAt": "2026-01-01T00:00:00Z"}})),
            ["`/a`", "no value"],
        ),
        (
            entity(&json!({"a": {"type": "Porperty", "value": 1}})),
            ["`/a/type`", "Porperty"],
        ),
        (
            entity(&json!({"a": {"type": "Property", "object": "urn:x:y"}})),
            ["`/a/object`", "`value`"],
        ),
        (
            entity(&json!({"a": {"value": 1, "object": "urn:x:y"}})),
            ["`/a/object`", "one value"],
        ),
        (
            entity(&json!({"a": {"type": "Relationship", "object": "x"}})),
            ["`/a/object`", "scheme"],
        ),
        (
            entity(&json!({"a": {"type": "Relationship", "object": []}})),
            ["`/a/object`", "at least one"],
        ),
        (
            entity(&json!({"a": {"type": "Relationship", "object": "urn:x:y", "unitCode": "KMH"}})),
            ["`/a/unitCode`", "no unit"],
        ),
        (
            entity(&json!({"a": {"type": "Property", "value": 1, "objectType": "T"}})),
            ["`/a/objectType`", "Relationship"],
        ),
        (
            entity(
                &json!({"a": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [1, 91]}}}),
            ),
            ["`/a/value`", "Earth"],
        ),
        (
            entity(
                &json!({"a": {"type": "GeoProperty", "value": {"type": "GeometryCollection", "geometries": []}}}),
            ),
            ["`/a/value`", "4.7.1"],
        ),
        (
            entity(&json!({"location": {"type": "Property", "value": 1}})),
            ["`/location`", "4.7.1"],
        ),
        (
            entity(&json!({"a": {"languageMap": "x"}})),
            ["`/a/languageMap`", "object"],
        ),
        (
            entity(&json!({"a": {"languageMap": {"e n": "x"}}})),
            ["`/a/languageMap/e n`", "language tag"],
        ),
        (
            entity(&json!({"a": {"languageMap": {"en": 1}}})),
            ["`/a/languageMap/en`", "string"],
        ),
        (entity(&json!({"a": {"vocab": 1}})), ["`/a/vocab`", "term"]),
        (
            entity(&json!({"a": {"valueList": 1}})),
            ["`/a/valueList`", "array"],
        ),
        (
            entity(&json!({"a": {"objectList": [{"object": "x"}]}})),
            ["`/a/objectList/0`", "scheme"],
        ),
        (
            entity(&json!({"a": {"value": 1, "observedAt": "2026-01-01"}})),
            ["`/a/observedAt`", "4.6.3"],
        ),
        (
            entity(&json!({"a": {"value": 1, "unitCode": 5}})),
            ["`/a/unitCode`", "UN/CEFACT"],
        ),
        (
            entity(&json!({"a": {"value": 1, "datasetId": "x"}})),
            ["`/a/datasetId`", "scheme"],
        ),
        (
            entity(&json!({"a": {"value": 1, "@context": {}}})),
            ["`/a/@context`", "5.5.7"],
        ),
        (
            entity(&json!({"a": {"value": 1, "b": {"type": "Property", "c": {"value": null}}}})),
            ["`/a/b/c/value`", "null"],
        ),
        (entity(&json!({"a": [value, value]})), ["`/a/1`", "default"]),
        (
            entity(&json!({"a": [value, {"type": "Property", "value": 1, "datasetId": "@none"}]})),
            ["`/a/1`", "default"],
        ),
        (
            entity(
                &json!({"a": [{"value": 1, "datasetId": "urn:x:y"}, {"value": 1, "datasetId": "urn:x:y"}]}),
            ),
            ["`/a/1`", "4.5.5"],
        ),
        (entity(&json!({"a": [value, 5]})), ["`/a/1`", "object"]),
        (
            entity(&json!({"a": 1, "https://uri.etsi.org/ngsi-ld/default-context/a": 2})),
            ["default-context~1a`", "keep one"],
        ),
        (entity(&json!({"scope": "a b"})), ["`/scope`", "4.18"]),
        (entity(&json!({"scope": ["/a", 5]})), ["`/scope/1`", "Scope"]),
    ] {
        let error = read_entity(&json, Context::core()).expect_err(&json.to_string());
        assert_eq!(error.kind, ErrorKind::BadRequestData);
        for part in parts {
            assert!(error.detail.contains(part), "{json}: {}", error.detail);
        }
    }
}

#[test]
fn size_has_limits() {
    let many: serde_json::Map<_, _> = (0..1001).map(|n| (format!("a{n}"), json!(1))).collect();
    let error = read_entity(&entity(&Json::Object(many)), Context::core()).unwrap_err();
    assert!(error.detail.contains("1000 attributes"), "{error}");
    let instances = |n: usize| {
        (0..900)
            .map(|i| json!({"value": 1, "datasetId": format!("urn:x:{n}:{i}")}))
            .collect()
    };
    let many: serde_json::Map<_, _> = (0..5)
        .map(|n| (format!("a{n}"), Json::Array(instances(n))))
        .collect();
    let many = entity(&Json::Object(many));
    let error = read_entity(&many, Context::core()).unwrap_err();
    assert!(error.detail.contains("4096 attribute instances"), "{error}");
    assert!(read_temporal(&many, Context::core()).is_ok());
    let deep = (0..70).fold(
        json!(1),
        |inner, _| json!({"type": "Property", "value": 1, "a": inner}),
    );
    let error = read_entity(&entity(&json!({"a": deep})), Context::core()).unwrap_err();
    assert!(error.detail.contains("64 deep"), "{error}");
}

#[test]
fn nulls_in_evolutions_say_when() {
    let instance = json!({"type": "Property", "value": "urn:ngsi-ld:null"});
    let error = read_temporal(&entity(&json!({"a": [instance]})), Context::core()).unwrap_err();
    assert!(
        error.detail.contains("`/a/0`") && error.detail.contains("deletedAt"),
        "{error}"
    );
}
