//! Every answer that a test gets is held against the description of the API: its status is one that is described, and
//! its body, and the body of a request that was accepted, are as their schemas say.

use std::sync::OnceLock;

use axum::http::HeaderMap;
use serde_json::Value;

use crate::schema::Schemas;

/// What was asked, as far as the description speaks of it.
pub(crate) struct Asked {
    pub method: String,
    pub target: String,
    pub content_type: String,
    pub body: Option<Vec<u8>>,
}

fn document() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(server::openapi)
}

/// Panics where an answer is not as described.
pub(crate) fn check(asked: &Asked, status: u16, headers: &HeaderMap, body: &[u8]) {
    let path = asked.target.split('?').next().unwrap_or("");
    let path = path.trim_end_matches('/');
    let Some(operation) = operation(&asked.method.to_lowercase(), path) else {
        return; // a page, or nothing
    };
    let said = format!("{} {} {status}", asked.method, asked.target);
    let answers = &operation["responses"];
    if (200..300).contains(&status) {
        let answer = &answers[status.to_string()];
        assert!(answer.is_object(), "{said}: the status is not described");
        answer_body(answer, asked, headers, body, &said);
    }
    if matches!(status, 200 | 201 | 204)
        && let Some(sent) = &asked.body
        && let Ok(sent) = serde_json::from_slice::<Value>(sent)
        && path.starts_with("/ngsi-ld/")
    {
        let content = &operation["requestBody"]["content"];
        let name = essence(&asked.content_type);
        let schema = &content[&name]["schema"];
        // What is sent beside an operation that takes nothing is nobody's business.
        assert!(
            schema.is_object() || content.is_null(),
            "{said}: {name} is not described"
        );
        if schema.is_object() {
            Schemas::of(document())
                .check(schema, &sent)
                .unwrap_or_else(|why| panic!("{said}: the request: {why}: {sent}"));
        }
    }
}

fn answer_body(answer: &Value, asked: &Asked, headers: &HeaderMap, body: &[u8], said: &str) {
    let media_type = headers
        .get("content-type")
        .map_or("", |value| value.to_str().unwrap());
    let encoded = headers.contains_key("content-encoding") || asked.method == "HEAD";
    if !media_type.contains("json") || encoded || body.is_empty() {
        return;
    }
    let schema = &answer["content"][essence(media_type)]["schema"];
    assert!(schema.is_object(), "{said}: {media_type} is not described");
    let json: Value = serde_json::from_slice(body).unwrap();
    let mut schemas = Schemas::of(document());
    // Who asks for no other form gets the normalized one, of which the schemas say most.
    let query = asked.target.split_once('?').map_or("", |(_, query)| query);
    if asked.method == "GET" && !query.contains("format=") && !query.contains("options=") {
        schemas = schemas
            .with("Entity", "EntityNormalized")
            .with("EntityTemporal", "EntityTemporalNormalized");
    }
    schemas
        .check(schema, &json)
        .unwrap_or_else(|why| panic!("{said}: the answer: {why}: {json:#}"));
}

/// A media type without its parameters.
fn essence(media_type: &str) -> String {
    media_type
        .split(';')
        .next()
        .unwrap_or("")
        .trim()
        .to_ascii_lowercase()
}

/// The operation at a path: where several fit, the one with the fewest parameters.
fn operation(method: &str, path: &str) -> Option<&'static Value> {
    let parts: Vec<&str> = path.split('/').collect();
    let paths = document()["paths"].as_object()?.iter();
    let fitting = paths.filter_map(|(template, item)| {
        let template: Vec<&str> = template.split('/').collect();
        let fits = template.len() == parts.len()
            && template
                .iter()
                .zip(&parts)
                .all(|(wanted, given)| wanted.starts_with('{') || wanted == given);
        let open = template.iter().filter(|part| part.starts_with('{')).count();
        fits.then_some((open, item))
    });
    let (_, item) = fitting.min_by_key(|(open, _)| *open)?;
    item.get(method)
}

/// What the description shows as examples is as its own schemas say.
#[test]
fn examples_are_as_their_schemas_say() {
    let (mut seen, mut wrong) = (0, Vec::new());
    for (path, item) in document()["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let answers = operation["responses"].as_object().unwrap().values();
            for holder in answers.chain([&operation["requestBody"]]) {
                for (media_type, body) in holder["content"].as_object().into_iter().flatten() {
                    let Some(example) = body.get("example").filter(|_| media_type.contains("json")) else {
                        continue;
                    };
                    seen += 1;
                    if let Err(why) = Schemas::of(document()).check(&body["schema"], example) {
                        wrong.push(format!("{method} {path}: {why}"));
                    }
                }
            }
        }
    }
    assert!(seen > 80, "{seen}");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The check itself finds what is not as described.
#[test]
fn what_is_not_described_is_found() {
    let answered = |method: &str, target: &str, status: u16, body: &str| {
        let asked = Asked {
            method: method.to_owned(),
            target: target.to_owned(),
            content_type: "application/json".to_owned(),
            body: (method == "POST").then(|| body.as_bytes().to_vec()),
        };
        let mut headers = HeaderMap::new();
        headers.insert("content-type", "application/json".parse().unwrap());
        std::panic::catch_unwind(|| check(&asked, status, &headers, body.as_bytes())).is_ok()
    };
    let types = "/ngsi-ld/v1/types";
    let good = r#"{"id":"urn:a:1","type":"EntityTypeList","typeList":[]}"#;
    assert!(answered("GET", types, 200, good));
    assert!(!answered("GET", types, 200, "{}"));
    assert!(!answered("GET", types, 202, good));
    // Without a form asked for, entities are normalized.
    let simplified = r#"{"id":"urn:a:1","type":"A","n":1}"#;
    assert!(!answered("GET", "/ngsi-ld/v1/entities/urn:a:1", 200, simplified));
    assert!(answered(
        "GET",
        "/ngsi-ld/v1/entities/urn:a:1?options=keyValues",
        200,
        simplified
    ));
}
