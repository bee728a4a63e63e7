//! The media types in which bodies can be had and sent (6.3.4, 6.3.5), and the statuses of answers with a body that
//! no operation names itself.

use serde_json::{Map, Value, json};

use super::schemas;

/// Where the standard's operations are.
const ROOT: &str = "/ngsi-ld/v1/";

const JSON: &str = "application/json";
const LD_JSON: &str = "application/ld+json";
const MERGE_PATCH: &str = "application/merge-patch+json";
const GEO_JSON: &str = "application/geo+json";

/// What entities are in GeoJSON.
const FEATURES: [(&str, &str); 2] = [
    ("EntityList", "FeatureCollection"),
    ("EntityOrLinked", "FeatureOrLinked"),
];
/// Answers that are written as an older version of the standard has them where a client prefers that (6.3.6).
const CONFORMED: [&str; 4] = [
    "EntityList",
    "EntityOrLinked",
    "EntityTemporal",
    "EntityTemporalList",
];

/// Adds the components, and to every operation the other media types of its bodies.
pub(super) fn complete(document: &mut Value) {
    if let Some(components) = document
        .pointer_mut("/components/schemas")
        .and_then(Value::as_object_mut)
    {
        components.extend(schemas::all());
    }
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    for (path, item) in paths.into_iter().flatten() {
        let standard = path.starts_with(ROOT);
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            if standard
                && let Some(content) = operation.pointer_mut("/requestBody/content")
                && let Some(content) = content.as_object_mut()
            {
                also(content, LD_JSON, None);
                if method == "patch" {
                    also(content, MERGE_PATCH, None);
                }
            }
            if (path.as_str(), method.as_str()) == ("/scenarios/{id}", "get")
                && let Some(content) = operation.pointer_mut("/responses/200/content")
                && let Some(content) = content.as_object_mut()
            {
                // The file itself, as it was sent.
                let text = "schema = 1\ntitle = \"Kerbs\"\n";
                content.insert(
                    "application/toml".to_owned(),
                    json!({"schema": {"type": "string"}, "example": text}),
                );
            }
            let maps = has_parameter(operation, "entityMap");
            if let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) {
                answers(responses, standard, maps);
            }
        }
    }
}

fn answers(responses: &mut Map<String, Value>, standard: bool, maps: bool) {
    for (status, response) in responses.iter_mut() {
        let Some(content) = response.get_mut("content").and_then(Value::as_object_mut) else {
            continue;
        };
        let name = component(content).map(str::to_owned);
        let Some(name) = name.filter(|_| matches!(status.as_str(), "200" | "201" | "206")) else {
            continue;
        };
        let features = FEATURES.iter().find(|(entities, _)| *entities == name);
        if standard || features.is_some() {
            also(content, LD_JSON, None);
        }
        if let Some((_, features)) = features {
            also(content, GEO_JSON, Some(features));
        }
    }
    let Some(whole) = responses.get("200").cloned() else {
        return;
    };
    let content = whole.get("content").and_then(Value::as_object);
    let conformed = content
        .and_then(component)
        .is_some_and(|name| CONFORMED.contains(&name));
    for (holds, status, meaning) in [
        (
            maps && conformed,
            "201",
            "The same, and an entity map that `NGSILD-EntityMap` names",
        ),
        (
            conformed,
            "203",
            "The same, altered so that it is as the version of the standard that `Prefer` names has it",
        ),
    ] {
        if holds && !responses.contains_key(status) {
            let mut same = whole.clone();
            same["description"] = json!(meaning);
            responses.insert(status.to_owned(), same);
        }
    }
}

/// The name of the component that a body of JSON is.
fn component(content: &Map<String, Value>) -> Option<&str> {
    let schema = content.get(JSON)?.get("schema")?;
    schema.get("$ref")?.as_str()?.strip_prefix(schemas::PREFIX)
}

/// The same body in another media type, of another component where one is named.
fn also(content: &mut Map<String, Value>, media_type: &str, other: Option<&str>) {
    let Some(schema) = content.get(JSON).and_then(|body| body.get("schema")).cloned() else {
        return;
    };
    let schema = other.map_or(schema, schemas::reference);
    content
        .entry(media_type)
        .or_insert_with(|| json!({"schema": schema}));
}

fn has_parameter(operation: &Value, name: &str) -> bool {
    let parameters = operation.get("parameters").and_then(Value::as_array);
    parameters
        .into_iter()
        .flatten()
        .any(|one| one.get("name").is_some_and(|given| given == name))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a schema says anything.
    fn says(document: &Value, schema: &Value) -> bool {
        let Some(object) = schema.as_object() else {
            return false;
        };
        if let Some(name) = object.get("$ref").and_then(Value::as_str) {
            let component = name.strip_prefix('#').and_then(|path| document.pointer(path));
            return component.is_some_and(|component| says(document, component));
        }
        let items = object.get("items").is_none_or(|items| says(document, items));
        let constrains = ["type", "anyOf", "oneOf", "allOf", "enum", "const"]
            .iter()
            .any(|keyword| object.contains_key(*keyword));
        constrains && items
    }

    #[test]
    fn every_body_of_json_has_a_schema() {
        let document = crate::openapi();
        let mut wrong = Vec::new();
        let mut bodies = 0;
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let answers = operation["responses"].as_object().unwrap();
                let contents = answers
                    .iter()
                    .map(|(status, answer)| (status.as_str(), &answer["content"]))
                    .chain([("request", &operation["requestBody"]["content"])]);
                for (status, content) in contents {
                    for (media_type, body) in content.as_object().into_iter().flatten() {
                        bodies += 1;
                        if media_type.contains("json") && !says(&document, &body["schema"]) {
                            wrong.push(format!("{method} {path} {status} {media_type}"));
                        }
                    }
                }
            }
        }
        assert!(bodies > 300, "{bodies}");
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    #[test]
    fn every_reference_leads_somewhere() {
        fn walk(document: &Value, at: &Value, missing: &mut Vec<String>) {
            match at {
                Value::Object(object) => {
                    if let Some(name) = object.get("$ref").and_then(Value::as_str)
                        && document.pointer(name.trim_start_matches('#')).is_none()
                    {
                        missing.push(name.to_owned());
                    }
                    object.values().for_each(|inner| walk(document, inner, missing));
                }
                Value::Array(items) => items.iter().for_each(|inner| walk(document, inner, missing)),
                _ => {}
            }
        }
        let document = crate::openapi();
        let mut missing = Vec::new();
        walk(&document, &document, &mut missing);
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn entities_can_be_had_in_three_media_types() {
        let document = crate::openapi();
        let query = &document["paths"]["/ngsi-ld/v1/entities"]["get"]["responses"];
        for status in ["200", "201", "203"] {
            let content = &query[status]["content"];
            for (media_type, name) in [
                (JSON, "EntityList"),
                (LD_JSON, "EntityList"),
                (GEO_JSON, "FeatureCollection"),
            ] {
                assert_eq!(
                    content[media_type]["schema"],
                    schemas::reference(name),
                    "{status} {media_type}"
                );
            }
        }
        let merge = &document["paths"]["/ngsi-ld/v1/entities/{entityId}"]["patch"]["requestBody"]["content"];
        assert_eq!(merge[MERGE_PATCH]["schema"], schemas::reference("EntityFragment"));
    }
}
