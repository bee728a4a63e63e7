//! The JSON Schema of scenario files: of the structs, and of each kind's parameters.

use std::sync::LazyLock;

use serde_json::{Map, Value as Json, json};

use super::ScenarioFile;
use crate::catalogue::{Kind, Parameter, ParameterType, kinds};

/// The schema of the structs alone.
pub(super) static STRUCTS: LazyLock<Json> = LazyLock::new(|| {
    schemars::generate::SchemaSettings::draft2020_12()
        .into_generator()
        .into_root_schema_for::<ScenarioFile>()
        .to_value()
});

/// The whole.
pub(super) fn whole() -> Json {
    let mut schema = STRUCTS.clone();
    let names: Vec<&str> = kinds().iter().map(|kind| kind.name.as_str()).collect();
    let choices: Vec<Json> = kinds().iter().map(of_kind).collect();
    if let Some(measure) = schema.pointer_mut("/$defs/Measure").and_then(Json::as_object_mut) {
        if let Some(kind) = measure
            .get_mut("properties")
            .and_then(|properties| properties.get_mut("kind"))
            .and_then(Json::as_object_mut)
        {
            kind.insert("enum".to_owned(), json!(names));
        }
        measure.insert("allOf".to_owned(), Json::Array(choices));
    }
    if let Some(definitions) = schema.get_mut("$defs").and_then(Json::as_object_mut) {
        definitions.insert("Position".to_owned(), position());
    }
    schema
}

/// If it is of this kind, then its parameters are these.
fn of_kind(kind: &Kind) -> Json {
    let properties: Map<String, Json> = kind
        .parameters
        .iter()
        .map(|parameter| (parameter.name.clone(), of_parameter(parameter)))
        .collect();
    let required: Vec<&str> = kind
        .parameters
        .iter()
        .filter(|parameter| parameter.is_needed())
        .map(|parameter| parameter.name.as_str())
        .collect();
    json!({
        "if": { "properties": { "kind": { "const": kind.name } }, "required": ["kind"] },
        "then": {
            "title": kind.title,
            "description": kind.description,
            "properties": { "with": {
                "type": "object",
                "properties": properties,
                "required": required,
                "additionalProperties": false,
            } },
        },
    })
}

fn position() -> Json {
    json!({
        "description": "Longitude and latitude in degrees of WGS 84.",
        "type": "array",
        "prefixItems": [
            { "type": "number", "minimum": -180, "maximum": 180 },
            { "type": "number", "minimum": -90, "maximum": 90 },
        ],
        "minItems": 2,
        "maxItems": 2,
    })
}

fn of_parameter(parameter: &Parameter) -> Json {
    let position = json!({ "$ref": "#/$defs/Position" });
    let id = json!({ "type": "string", "format": "uri" });
    let positions = |least: usize| json!({ "type": "array", "items": position, "minItems": least });
    let mut schema = match parameter.value {
        ParameterType::Text if parameter.one_of.is_empty() => json!({ "type": "string", "maxLength": 500 }),
        ParameterType::Text => json!({ "type": "string", "enum": parameter.one_of }),
        ParameterType::Number => json!({ "type": "number" }),
        ParameterType::Integer => json!({ "type": "integer" }),
        ParameterType::Boolean => json!({ "type": "boolean" }),
        ParameterType::Time => {
            json!({ "type": "string", "pattern": "^[0-9]{1,2}:[0-5][0-9](:[0-5][0-9])?$" })
        }
        ParameterType::Position => position.clone(),
        ParameterType::Line => positions(1),
        ParameterType::Area => positions(3),
        ParameterType::Entity => id,
        ParameterType::Entities => json!({ "anyOf": [
            id,
            { "type": "array", "items": id, "minItems": 1 },
            selection(parameter, &id, &position, &positions(3)),
        ] }),
        ParameterType::Joint => json!({ "anyOf": [{ "type": "string" }, { "type": "integer" }, position] }),
        ParameterType::Calls => {
            json!({ "type": "array", "items": { "anyOf": [id, position] }, "minItems": 2 })
        }
        ParameterType::Tags => json!({
            "type": "object",
            "minProperties": 1,
            "additionalProperties": { "type": ["string", "number"] },
        }),
    };
    if let Some(members) = schema.as_object_mut() {
        members.insert("description".to_owned(), json!(parameter.description));
        for (key, value) in [("minimum", parameter.min), ("maximum", parameter.max)] {
            if let Some(value) = value {
                members.insert(key.to_owned(), json!(value));
            }
        }
        if let Some(default) = &parameter.default {
            members.insert("default".to_owned(), default.clone());
        }
    }
    schema
}

fn selection(parameter: &Parameter, id: &Json, position: &Json, area: &Json) -> Json {
    let mut entity_type = json!({ "type": "string" });
    if let (false, Some(members)) = (parameter.of.is_empty(), entity_type.as_object_mut()) {
        members.insert("enum".to_owned(), json!(parameter.of));
    }
    let required: &[&str] = if parameter.of.len() == 1 { &[] } else { &["type"] };
    json!({
        "type": "object",
        "properties": {
            "type": entity_type,
            "q": { "type": "string" },
            "area": area,
            "within_m": { "type": "number", "minimum": 0, "maximum": 100_000 },
            "of": { "anyOf": [id, position] },
        },
        "required": required,
        "dependentRequired": { "within_m": ["of"], "of": ["within_m"] },
        "additionalProperties": false,
    })
}
