//! The payloads of the public conformance suite, sent to the operations that exist.

use std::path::Path;

use crate::common::{City, data};
use serde_json::Value;

const LD: (&str, &str) = ("content-type", "application/ld+json");

/// Every payload of a folder itself, with its name.
fn payloads(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file() && path.extension().is_some_and(|e| e == "jsonld" || e == "json"))
        .map(|path| {
            (
                path.file_name().unwrap().to_string_lossy().into_owned(),
                std::fs::read(path).unwrap(),
            )
        })
        .collect();
    // The suite puts an id of its own there before it sends the file.
    for (_, body) in &mut files {
        if let Ok(text) = std::str::from_utf8(body) {
            *body = text
                .replace("RandomUuidToBeReplaced", "urn:ngsi-ld:Building:1")
                .into_bytes();
        }
    }
    files.sort();
    assert!(files.len() > 10);
    files
}

/// What the names of the suite's files say of them.
fn is_bad(name: &str) -> bool {
    ["invalid", "empty", "unretrievable", "meta-model", "temporal-observedat-not", "observedat-offset", "observedat-reified", "without-id", "null", "-query.jsonld", "-query-two-entities"]
        .iter()
        .any(|word| name.contains(word))
        // A representation without @context sent as ld+json.
        || name == "vehicle-create-temporal-representation-without-context.jsonld"
}

fn headers(name: &str) -> Vec<(&'static str, &'static str)> {
    if name.ends_with(".jsonld") {
        vec![LD]
    } else {
        Vec::new()
    }
}

#[tokio::test]
async fn entities_are_created_and_come_back() {
    let Some(folder) = data("ngsi-ld/payloads/entities") else {
        return;
    };
    let mut created = 0;
    for (name, body) in payloads(&folder) {
        if name.starts_with("vehicle-") && name.contains("-attribute.json") || name.contains("instance.json")
        {
            continue; // a fragment, not an entity
        }
        let city = City::new();
        let reply = city
            .ask_bytes("POST", "/ngsi-ld/v1/entities", &headers(&name), Some(&body))
            .await;
        assert!(
            reply.status < 500 || reply.status == 504,
            "{name}: {} {}",
            reply.status,
            reply.text()
        );
        if is_bad(&name) {
            assert!(reply.status >= 400, "{name}: {}", reply.status);
            continue;
        }
        if reply.status != 201 {
            // Some files are fragments by content: they have no id.
            let json: Value = serde_json::from_slice(&body).unwrap();
            assert!(
                json.get("id").is_none() || json.get("type").is_none(),
                "{name}: {}",
                reply.text()
            );
            continue;
        }
        created += 1;
        let location = reply.header("location").to_owned();
        let sent: Value = serde_json::from_slice(&body).unwrap();
        let link = crate::common::link(crate::common::SUITE);
        let link = [("link", link.as_str())];
        let same_context: &[_] = if name.ends_with(".jsonld") { &link } else { &[] };
        let back = city.ask("GET", &location, same_context, None).await;
        assert_eq!(back.status, 200, "{name}");
        let found = back.json();
        for (member, value) in sent.as_object().unwrap() {
            if member != "@context"
                && value.get("type").is_some_and(|t| t == "Property")
                && value.get("value").is_some_and(|v| !v.is_object())
            {
                assert_eq!(found[member]["value"], value["value"], "{name}: {member}");
            }
        }
    }
    assert!(created > 40, "{created}");
}

#[tokio::test]
async fn histories_are_created_and_come_back() {
    let Some(folder) = data("ngsi-ld/payloads/temporalEntities") else {
        return;
    };
    let mut created = 0;
    for (name, body) in payloads(&folder) {
        let city = City::new();
        let reply = city
            .ask_bytes(
                "POST",
                "/ngsi-ld/v1/temporal/entities",
                &headers(&name),
                Some(&body),
            )
            .await;
        assert!(
            reply.status < 500 || reply.status == 504,
            "{name}: {} {}",
            reply.status,
            reply.text()
        );
        if is_bad(&name) {
            assert!(reply.status >= 400, "{name}: {} {}", reply.status, reply.text());
            continue;
        }
        assert_eq!(reply.status, 201, "{name}: {}", reply.text());
        created += 1;
        let back = city.get(reply.header("location")).await;
        assert_eq!(back.status, 200, "{name}");
    }
    assert!(created > 8, "{created}");
}

#[tokio::test]
async fn fragments_change_a_building_and_never_break_it() {
    let Some(folder) = data("ngsi-ld/payloads/entities") else {
        return;
    };
    let building = std::fs::read(folder.join("building-simple-attributes.jsonld")).unwrap();
    for (name, body) in payloads(&folder.join("fragmentEntities")) {
        for (method, path) in [
            ("PATCH", "/ngsi-ld/v1/entities/urn:ngsi-ld:Building:randomUUID"),
            (
                "POST",
                "/ngsi-ld/v1/entities/urn:ngsi-ld:Building:randomUUID/attrs",
            ),
            (
                "PATCH",
                "/ngsi-ld/v1/entities/urn:ngsi-ld:Building:randomUUID/attrs",
            ),
            (
                "PATCH",
                "/ngsi-ld/v1/entities/urn:ngsi-ld:Building:randomUUID/attrs/name",
            ),
        ] {
            let city = City::new();
            let created = city
                .ask_bytes("POST", "/ngsi-ld/v1/entities", &[LD], Some(&building))
                .await;
            assert_eq!(created.status, 201, "{}", created.text());
            let reply = city.ask_bytes(method, path, &headers(&name), Some(&body)).await;
            assert!(
                reply.status < 500,
                "{method} {name}: {} {}",
                reply.status,
                reply.text()
            );
            let after = city
                .get("/ngsi-ld/v1/entities/urn:ngsi-ld:Building:randomUUID")
                .await;
            assert_eq!(after.status, 200, "{method} {name}");
        }
    }
}

#[tokio::test]
async fn temporal_queries_by_post() {
    let Some(folder) = data("ngsi-ld/payloads/temporalEntities") else {
        return;
    };
    let city = City::new();
    for name in [
        "2020-08-vehicle-temporal-representation.jsonld",
        "2020-09-vehicle-temporal-representation.jsonld",
    ] {
        let body = std::fs::read(folder.join(name)).unwrap();
        let reply = city
            .ask_bytes("POST", "/ngsi-ld/v1/temporal/entities", &[LD], Some(&body))
            .await;
        assert!([201, 204].contains(&reply.status), "{name}: {}", reply.text());
    }
    let path = "/ngsi-ld/v1/temporal/entityOperations/query";
    for (name, body) in payloads(&folder)
        .into_iter()
        .filter(|(name, _)| name.contains("query"))
    {
        let aggregated = name.contains("aggr");
        let target = if aggregated {
            format!("{path}?options=aggregatedValues")
        } else {
            path.to_owned()
        };
        // They hold no @context, whatever their names say.
        let link = crate::common::link(crate::common::SUITE);
        let reply = city
            .ask_bytes("POST", &target, &[("link", &link)], Some(&body))
            .await;
        let bad = ["bad", "bogus", "invalid", "no-end", "fractional", "zero"]
            .iter()
            .any(|word| name.contains(word));
        let expected = if bad { 400 } else { 200 };
        assert_eq!(reply.status, expected, "{name}: {}", reply.text());
    }
}
