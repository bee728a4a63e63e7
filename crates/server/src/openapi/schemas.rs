//! What bodies look like: the components of the description, JSON Schema (2020-12).
//!
//! They are data, a file for each part of the API; only the kinds of attributes, which are all alike, are made here. The
//! tests of the doors hold every answer against them.

use serde_json::{Map, Value, json};

const FILES: [&str; 11] = [
    include_str!("schemas/audit.json"),
    include_str!("schemas/entities.json"),
    include_str!("schemas/temporal.json"),
    include_str!("schemas/governance.json"),
    include_str!("schemas/subscriptions.json"),
    include_str!("schemas/sources.json"),
    include_str!("schemas/discovery.json"),
    include_str!("schemas/snapshots.json"),
    include_str!("schemas/service.json"),
    include_str!("schemas/scenarios.json"),
    include_str!("schemas/access.json"),
];

/// All of them by name. A file that is no JSON object would be left out; a test reads each.
pub(super) fn all() -> Map<String, Value> {
    let files = FILES
        .iter()
        .filter_map(|text| serde_json::from_str::<Map<String, Value>>(text).ok());
    files.flatten().chain(attribute_kinds()).collect()
}

/// A reference to a component.
pub(super) fn reference(name: &str) -> Value {
    json!({"$ref": format!("{PREFIX}{name}")})
}

/// How references to components begin.
pub(super) const PREFIX: &str = "#/components/schemas/";

/// The eight kinds of attributes, normalized (5.2.5 to 5.2.7, 5.2.32, 5.2.35 to 5.2.38).
fn attribute_kinds() -> impl Iterator<Item = (String, Value)> {
    let uri = || json!({"type": "string", "format": "uri"});
    let one_or_many = |one: Value| json!({"anyOf": [one.clone(), {"type": "array", "items": one}]});
    let text = || json!({"type": "string"});
    let linked = || one_or_many(reference("Entity"));
    let geometry = || json!({"anyOf": [reference("Geometry"), {"const": "urn:ngsi-ld:null"}]});
    let map = || json!({"type": "object", "additionalProperties": one_or_many(json!({"type": "string"}))});
    let list = || json!({"type": "array"});
    let any = || json!({"description": "Any JSON value"});
    [
        kind("Property", "value", "previousValue", any(), &[("lang", text())]),
        kind(
            "Relationship",
            "object",
            "previousObject",
            one_or_many(uri()),
            &[("objectType", one_or_many(text())), ("entity", linked())],
        ),
        kind("GeoProperty", "value", "previousValue", geometry(), &[]),
        kind(
            "LanguageProperty",
            "languageMap",
            "previousLanguageMap",
            map(),
            &[],
        ),
        kind(
            "VocabProperty",
            "vocab",
            "previousVocab",
            one_or_many(text()),
            &[],
        ),
        kind("JsonProperty", "json", "previousJson", any(), &[]),
        kind("ListProperty", "valueList", "previousValueList", list(), &[]),
        kind(
            "ListRelationship",
            "objectList",
            "previousObjectList",
            list(),
            &[("objectType", one_or_many(text())), ("entityList", linked())],
        ),
    ]
    .into_iter()
}

/// A kind whose `member` holds a `value`, with the members that all kinds have and `others`.
fn kind(name: &str, member: &str, previous: &str, value: Value, others: &[(&str, Value)]) -> (String, Value) {
    let uri = json!({"type": "string", "format": "uri"});
    let mut members = Map::new();
    members.insert("type".to_owned(), json!({"const": name}));
    members.insert(previous.to_owned(), value.clone());
    members.insert(member.to_owned(), value);
    members.extend(
        others
            .iter()
            .map(|(name, schema)| ((*name).to_owned(), schema.clone())),
    );
    for (name, schema) in [
        ("unitCode", json!({"type": "string"})),
        ("valueType", json!({"type": "string"})),
        ("observedAt", reference("DateTime")),
        ("datasetId", uri.clone()),
        ("instanceId", uri),
        ("createdAt", reference("DateTime")),
        ("modifiedAt", reference("DateTime")),
        ("deletedAt", reference("DateTime")),
        ("expiresAt", reference("DateTime")),
    ] {
        members.insert(name.to_owned(), schema);
    }
    let schema = json!({
        "type": "object",
        "required": ["type", member],
        "properties": members,
        "additionalProperties": reference("AttributeInstances"),
    });
    (name.to_owned(), schema)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_file_is_read_and_no_name_is_given_twice() {
        let mut names = BTreeSet::new();
        for text in FILES {
            let file: Map<String, Value> = serde_json::from_str(text).unwrap();
            for (name, schema) in file {
                assert!(schema.is_object(), "{name}");
                assert!(names.insert(name.clone()), "{name} is given twice");
            }
        }
        for (name, _) in attribute_kinds() {
            assert!(names.insert(name.clone()), "{name} is given twice");
        }
        assert_eq!(all().len(), names.len());
    }
}
