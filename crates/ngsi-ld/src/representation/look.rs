//! What a piece of JSON under an attribute's name is: an instance with members, several, or a bare value (4.5.2.3).

use serde_json::{Map, Value as Json};

use crate::geojson;
use crate::value::Kind;

/// The members that hold a value, with the kind they tell.
const VALUE_MEMBERS: [(&str, Kind); 7] = [
    ("value", Kind::Property),
    ("object", Kind::Relationship),
    ("languageMap", Kind::LanguageProperty),
    ("json", Kind::JsonProperty),
    ("vocab", Kind::VocabProperty),
    ("valueList", Kind::ListProperty),
    ("objectList", Kind::ListRelationship),
];

/// Members that only an instance has, though they hold no value.
const OTHER_MEMBERS: [&str; 7] = [
    "observedAt",
    "unitCode",
    "datasetId",
    "objectType",
    "valueType",
    "instanceId",
    "expiresAt",
];

pub(super) fn kind_of_member(key: &str) -> Option<Kind> {
    VALUE_MEMBERS
        .iter()
        .find(|(member, _)| *member == key)
        .map(|(_, kind)| *kind)
}

pub(super) fn kind_of_type(text: &str) -> Option<Kind> {
    Kind::ALL.into_iter().find(|kind| kind.as_str() == text)
}

pub(super) fn type_of(object: &Map<String, Json>) -> Option<&Json> {
    object.get("type").or_else(|| object.get("@type"))
}

fn has_kind(json: &Json) -> bool {
    let Json::Object(object) = json else { return false };
    type_of(object)
        .and_then(Json::as_str)
        .is_some_and(|text| kind_of_type(text).is_some())
}

fn has_value_member(object: &Map<String, Json>) -> bool {
    VALUE_MEMBERS
        .iter()
        .any(|(member, _)| object.contains_key(*member))
}

/// What an object is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Look {
    /// An instance with members.
    Instance,
    /// A bare geometry.
    Geometry,
    /// Another bare value.
    Bare,
}

/// What the object under an attribute's name is. `fragment`: whether it may be an instance without a value.
pub(super) fn look(json: &Json, fragment: bool) -> Look {
    let Json::Object(object) = json else {
        return Look::Bare;
    };
    if object.contains_key("@value") {
        Look::Bare // a JSON-LD typed value
    } else if geojson::is_geometry(json) {
        Look::Geometry
    } else if type_of(object).is_some()
        || has_value_member(object)
        || OTHER_MEMBERS.iter().any(|member| object.contains_key(*member))
        || (fragment && object.values().any(has_kind))
    {
        Look::Instance
    } else {
        Look::Bare
    }
}

/// Whether an array under an attribute's name is one of instances, rather than a bare value.
pub(super) fn is_instances(elements: &[Json]) -> bool {
    elements.iter().any(has_kind)
        || (!elements.is_empty()
            && elements
                .iter()
                .all(|element| element.as_object().is_some_and(has_value_member)))
}
