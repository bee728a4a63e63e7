//! The examples of 5.5.8 and 5.5.12, and the rules of 5.6.2, 5.6.3, 5.6.4 and 5.6.17.

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::merge::merge_patch;
use super::*;
use crate::context::Context;
use crate::entity::Entity;
use crate::representation::{
    FragmentOptions, WriteOptions, read_attribute_fragment, read_entity, read_fragment, read_fragment_with,
    write_entity,
};

const THEN: Timestamp = Timestamp::MIN;

fn now() -> Timestamp {
    Timestamp::from_seconds(1_000)
}

fn entity(attributes: &Json) -> Entity {
    let mut json = json!({"id": "urn:a:b", "type": "T"});
    json.as_object_mut()
        .unwrap()
        .extend(attributes.as_object().unwrap().clone());
    read_entity(&json, Context::core()).unwrap()
}

fn fragment(json: &Json) -> Fragment {
    read_fragment(json, Context::core()).unwrap()
}

fn written(entity: &Entity) -> Json {
    let mut object = write_entity(entity, Context::core(), &WriteOptions::default());
    object.shift_remove("id");
    if object.get("type") == Some(&json!("T")) {
        object.shift_remove("type");
    }
    Json::Object(object)
}

fn merged(before: &Json, patch: &Json) -> Json {
    let mut entity = entity(before);
    fragment(patch).merge_into(&mut entity, now()).unwrap();
    written(&entity)
}

fn temperature() -> Json {
    json!({"temperature": {"type": "Property", "value": 25, "unitCode": "CEL", "observedAt": "2022-03-14T01:59:26Z"}})
}

#[test]
fn merging_leaves_what_it_does_not_name() {
    let patch =
        json!({"temperature": {"type": "Property", "value": 100, "observedAt": "2022-03-14T13:00:00Z"}});
    let after = json!({"temperature": {"type": "Property", "value": 100, "unitCode": "CEL", "observedAt": "2022-03-14T13:00:00Z"}});
    assert_eq!(merged(&temperature(), &patch), after);

    let address = json!({"address": {"type": "Property", "value": {"street": "17. Juni", "city": "Berlin", "country": "Germany"}}});
    let patch = json!({"address": {"type": "Property", "value": {"street": "Pariser Platz", "country": "urn:ngsi-ld:null"}}});
    let after =
        json!({"address": {"type": "Property", "value": {"street": "Pariser Platz", "city": "Berlin"}}});
    assert_eq!(merged(&address, &patch), after);
}

#[test]
fn merging_reaches_members_sub_attributes_and_instances() {
    let sub = json!({"type": "Property", "value": {"a": 1, "b": 2}});
    let before = json!({
        "a": [
            {"type": "Property", "value": 1, "unitCode": "CEL", "x": sub, "y": sub},
            {"type": "Property", "value": 2, "datasetId": "urn:d:1"},
            {"type": "Property", "value": 3, "datasetId": "urn:d:2"}
        ],
        "says": {"type": "LanguageProperty", "languageMap": {"en": "yes", "fr": "oui"}},
        "raw": {"type": "JsonProperty", "json": {"k": 1, "l": null}},
        "to": {"type": "Relationship", "object": "urn:x:1", "objectType": "Device"}
    });
    let patch = json!({
        "a": [
            {"type": "Property", "unitCode": "urn:ngsi-ld:null", "x": {"type": "Property", "value": {"b": "urn:ngsi-ld:null"}},
             "y": "urn:ngsi-ld:null"},
            {"type": "Property", "value": "urn:ngsi-ld:null", "datasetId": "urn:d:1"},
            {"type": "Property", "value": 4, "datasetId": "urn:d:3"}
        ],
        "says": {"type": "LanguageProperty", "languageMap": {"fr": "urn:ngsi-ld:null", "sw": "ndiyo"}},
        "raw": {"type": "JsonProperty", "json": {"m": {"n": 2, "o": "urn:ngsi-ld:null"}}},
        "to": {"type": "Relationship", "object": "urn:x:2"},
        "new": {"value": {"p": 1, "q": "urn:ngsi-ld:null"}},
        "never": "urn:ngsi-ld:null"
    });
    let after = json!({
        "a": [
            {"type": "Property", "value": 1, "x": {"type": "Property", "value": {"a": 1}}},
            {"type": "Property", "value": 3, "datasetId": "urn:d:2"},
            {"type": "Property", "value": 4, "datasetId": "urn:d:3"}
        ],
        "says": {"type": "LanguageProperty", "languageMap": {"en": "yes", "sw": "ndiyo"}},
        "raw": {"type": "JsonProperty", "json": {"k": 1, "l": null, "m": {"n": 2}}},
        "to": {"type": "Relationship", "object": "urn:x:2", "objectType": "Device"},
        "new": {"type": "Property", "value": {"p": 1}}
    });
    assert_eq!(merged(&before, &patch), after);
    let gone = json!({"says": {"type": "LanguageProperty", "languageMap": {"@none": "urn:ngsi-ld:null"}}, "raw": "urn:ngsi-ld:null"});
    let left: Vec<_> = merged(&before, &gone)
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect();
    assert_eq!(left, ["a", "to"]);
}

#[test]
fn only_what_is_named_gets_a_new_time() {
    let mut entity = entity(&json!({"a": 1, "b": {"value": 2, "c": 3}}));
    let patch = json!({"b": {"type": "Property", "value": 3}, "d": 4});
    fragment(&patch).merge_into(&mut entity, now()).unwrap();
    let times: Vec<_> = entity
        .attributes
        .iter()
        .map(|a| (a.created_at, a.modified_at))
        .collect();
    assert_eq!(times, [(THEN, THEN), (THEN, now()), (now(), now())]);
    assert_eq!(entity.attributes[1].sub_attributes[0].modified_at, THEN);
    assert_eq!(entity.modified_at, now());
}

#[test]
fn another_kind_replaces_the_whole() {
    let after = json!({"temperature": {"type": "Relationship", "object": "urn:x:1"}});
    assert_eq!(merged(&temperature(), &after), after);
}

#[test]
fn a_bare_value_takes_the_kind_that_is_there() {
    let before = json!({
        "to": {"type": "Relationship", "object": "urn:x:1"},
        "many": {"type": "ListRelationship", "objectList": [{"object": "urn:x:1"}]},
        "word": {"type": "VocabProperty", "vocab": "Male"},
        "list": {"type": "ListProperty", "valueList": [1]},
        "says": {"type": "LanguageProperty", "languageMap": {"en": "yes", "nl": "ja"}},
        "speed": {"type": "Property", "value": 1, "observedAt": "2022-03-14T01:59:26Z"},
        "place": {"type": "Property", "value": 1}
    });
    let patch = json!({
        "to": "urn:x:2", "many": ["urn:x:2", "urn:x:3"], "word": "Female", "list": [2, 3], "says": "jawohl",
        "speed": 2, "place": {"type": "Point", "coordinates": [1.5, 2.5]}, "new": "urn:x:9"
    });
    let instant = "2026-01-01T00:00:00Z";
    let options = FragmentOptions {
        simplified: true,
        lang: Some("nl".into()),
        observed_at: Some(Timestamp::parse(instant).unwrap()),
    };
    let mut entity = entity(&before);
    read_fragment_with(&patch, Context::core(), &options)
        .unwrap()
        .merge_into(&mut entity, now())
        .unwrap();
    assert_eq!(
        written(&entity),
        json!({
            "to": {"type": "Relationship", "object": "urn:x:2"},
            "many": {"type": "ListRelationship", "objectList": [{"object": "urn:x:2"}, {"object": "urn:x:3"}]},
            "word": {"type": "VocabProperty", "vocab": "Female"},
            "list": {"type": "ListProperty", "valueList": [2, 3]},
            "says": {"type": "LanguageProperty", "languageMap": {"en": "yes", "nl": "jawohl"}},
            "speed": {"type": "Property", "value": 2, "observedAt": instant},
            "place": {"type": "Property", "value": {"type": "Point", "coordinates": [1.5, 2.5]}},
            "new": {"type": "Property", "value": "urn:x:9"}
        })
    );
}

#[test]
fn types_scope_and_expiry_merge() {
    let mut entity = entity(&json!({"scope": "/a", "expiresAt": "2030-01-01T00:00:00Z"}));
    fragment(&json!({"type": ["U", "T"], "scope": ["/b"], "expiresAt": "urn:ngsi-ld:null"}))
        .merge_into(&mut entity, now())
        .unwrap();
    assert_eq!(written(&entity), json!({"type": ["T", "U"], "scope": "/b"}));
    fragment(&json!({"scope": "urn:ngsi-ld:null"}))
        .merge_into(&mut entity, now())
        .unwrap();
    assert!(entity.scope.is_empty());
}

#[test]
fn updating_replaces_whole_instances() {
    let mut before = entity(&temperature());
    let patch = json!({"temperature": {"value": 100}, "new": 1, "never": "urn:ngsi-ld:null", "scope": "/a"});
    let left = fragment(&patch).update(&mut before, now()).unwrap();
    assert_eq!(
        written(&before),
        json!({"temperature": {"type": "Property", "value": 100}, "new": {"type": "Property", "value": 1}}),
        "the unit is gone, the scope was not there"
    );
    let left: Vec<_> = left.into_iter().map(|(name, _)| name).collect();
    assert_eq!(left, ["scope", "never"].map(|term| Context::core().expand(term)));
    assert_eq!(
        (before.attributes[0].created_at, before.attributes[0].modified_at),
        (THEN, now())
    );
    fragment(&json!({"temperature": {"value": "urn:ngsi-ld:null"}}))
        .update(&mut before, now())
        .unwrap();
    assert_eq!(before.attributes.len(), 1);
}

#[test]
fn appending_overwrites_only_when_asked() {
    let patch = json!({
        "temperature": [{"value": 1}, {"value": 2, "datasetId": "urn:d:1"}], "type": "U", "scope": ["/a", "/b"]
    });
    let mut kept = entity(&temperature());
    kept.scope = vec!["/a".into()];
    let left = fragment(&patch).append_to(&mut kept, false, now()).unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!(kept.scope, ["/a".into(), "/b".into()]);
    assert_eq!(kept.types.len(), 2);
    let values: Vec<_> = kept.attributes.iter().map(crate::Attribute::as_f64).collect();
    assert_eq!(values, [Some(25.0), Some(2.0)]);
    let left = fragment(&patch).append_to(&mut kept, true, now()).unwrap();
    assert!(left.is_empty());
    assert_eq!(kept.attributes[0].as_f64(), Some(1.0));
    assert_eq!(kept.attributes[0].unit_code, None);
    assert!(
        fragment(&json!({"temperature": "urn:ngsi-ld:null"}))
            .append_to(&mut kept, true, now())
            .is_err()
    );
}

#[test]
fn a_partial_update_keeps_other_members_and_the_kind() {
    let patch = |json: &Json| read_attribute_fragment("temperature", json, Context::core()).unwrap();
    let mut before = entity(&temperature());
    let change = patch(
        &json!({"type": "Property", "value": 100, "observedAt": "2022-03-14T13:00:00Z", "by": {"value": "x"}}),
    );
    assert_eq!(change.partial_update(&mut before, now()), Ok(true));
    assert_eq!(
        written(&before)["temperature"],
        json!({"type": "Property", "value": 100, "unitCode": "CEL", "observedAt": "2022-03-14T13:00:00Z",
               "by": {"type": "Property", "value": "x"}})
    );
    assert_eq!(
        patch(&json!({"unitCode": "urn:ngsi-ld:null", "by": "urn:ngsi-ld:null"}))
            .partial_update(&mut before, now()),
        Ok(true)
    );
    assert_eq!(
        written(&before)["temperature"],
        json!({"type": "Property", "value": 100, "observedAt": "2022-03-14T13:00:00Z"})
    );
    assert!(
        patch(&json!({"type": "Relationship", "object": "urn:x:1"}))
            .partial_update(&mut before, now())
            .is_err()
    );
    assert_eq!(
        patch(&json!({"value": 1, "datasetId": "urn:d:1"})).partial_update(&mut before, now()),
        Ok(false)
    );
    assert_eq!(
        patch(&json!({"value": "urn:ngsi-ld:null"})).partial_update(&mut before, now()),
        Ok(true)
    );
    assert!(before.attributes.is_empty());
}

#[test]
fn what_is_not_there_needs_a_value() {
    let mut before = entity(&json!({}));
    let error = fragment(&json!({"a": {"type": "Property", "unitCode": "CEL"}}))
        .merge_into(&mut before, now())
        .unwrap_err();
    assert!(error.detail.contains("needs a value"), "{error}");
}

/// RFC 7396, appendix A, with NGSI-LD Null for null.
#[test]
fn merge_patch_is_that_of_the_rfc() {
    for (target, patch, result) in [
        (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
        (json!({"a": "b"}), json!({"b": "c"}), json!({"a": "b", "b": "c"})),
        (json!({"a": "b"}), json!({"a": NULL}), json!({})),
        (json!({"a": "b", "b": "c"}), json!({"a": NULL}), json!({"b": "c"})),
        (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
        (json!({"a": "c"}), json!({"a": ["b"]}), json!({"a": ["b"]})),
        (
            json!({"a": {"b": "c"}}),
            json!({"a": {"b": "d", "c": NULL}}),
            json!({"a": {"b": "d"}}),
        ),
        (json!({"a": [{"b": "c"}]}), json!({"a": [1]}), json!({"a": [1]})),
        (json!(["a", "b"]), json!(["c", "d"]), json!(["c", "d"])),
        (json!({"a": "b"}), json!(["c"]), json!(["c"])),
        (json!({"a": "foo"}), json!("bar"), json!("bar")),
        (json!({"e": 0}), json!({"a": 1}), json!({"e": 0, "a": 1})),
        (json!([1, 2]), json!({"a": "b", "c": NULL}), json!({"a": "b"})),
        (
            json!({}),
            json!({"a": {"bb": {"ccc": NULL}}}),
            json!({"a": {"bb": {}}}),
        ),
    ] {
        let mut merged = target.clone();
        merge_patch(&mut merged, &patch);
        assert_eq!(merged, result, "{target} {patch}");
    }
}

const NULL: &str = "urn:ngsi-ld:null";

proptest! {
    /// Merging what an entity is into itself changes its times only.
    #[test]
    fn merging_an_entity_into_itself_changes_nothing(values in prop::collection::vec(-9_i64..9, 1..5)) {
        let json: serde_json::Map<_, _> = values.iter().enumerate()
            .map(|(n, value)| (format!("a{n}"), json!({"type": "Property", "value": {"v": value}, "s": {"type": "Property", "value": n}})))
            .collect();
        let json = Json::Object(json);
        prop_assert_eq!(merged(&json, &json), json);
    }
}
