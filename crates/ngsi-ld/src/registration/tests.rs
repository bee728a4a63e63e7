#![allow(clippy::unwrap_used, reason = "tests panic when they fail")]

use serde_json::{Value as Json, json};

use super::*;
use crate::context::{BuiltIn, Context};

fn now() -> Timestamp {
    Timestamp::parse("2026-05-01T00:00:00Z").unwrap()
}

fn id() -> Uri {
    Uri::ngsi_ld("ContextSourceRegistration", "new")
}

fn context() -> Context {
    let terms = json!({
        "Building": "https://a.example/Building",
        "name": "https://a.example/name",
        "owner": "https://a.example/owner",
    });
    Context::compile(&terms, &BuiltIn).unwrap()
}

/// A small registration with other members put into it; `null` takes a member out.
fn with(changes: &Json) -> Json {
    let mut json = json!({
        "type": "ContextSourceRegistration",
        "endpoint": "http://a.example/ngsi-ld",
        "information": [{"entities": [{"type": "Building"}]}],
    });
    for (key, value) in changes.as_object().unwrap() {
        if value.is_null() {
            json.as_object_mut().unwrap().shift_remove(key);
        } else {
            json[key] = value.clone();
        }
    }
    json
}

fn read(json: &Json) -> Result<Registration, Error> {
    Draft::read(json, &context())?.create(id, now())
}

fn write(registration: &Registration, context: &Context) -> Json {
    Json::Object(write_registration(registration, context, None, None))
}

fn full() -> Json {
    json!({
        "id": "urn:x:registration",
        "type": "ContextSourceRegistration",
        "registrationName": "n",
        "description": "d",
        "information": [
            {"entities": [{"id": "urn:x:1", "type": "Building"}], "propertyNames": ["name"], "relationshipNames": ["owner"]},
            {"entities": [{"idPattern": "^urn:x:.*", "type": ["Building", "House"]}]},
            {"propertyNames": ["https://b.example/x"]},
        ],
        "endpoint": "https://a.example:9090/root",
        "contextSourceInfo": [
            {"key": "Authorization", "value": "urn:ngsi-ld:request"}, {"key": "accept", "value": "application/json"},
            {"key": "jsonldContext", "value": "http://a.example/c"}, {"key": "ngsildConformance", "value": "1.6"},
        ],
        "contextSourceAlias": "broker~water",
        "tenant": "water",
        "datasetId": ["@none", "urn:x:d"],
        "mode": "redirect",
        "operations": ["queryTemporal", "updateOps"],
        "management": {"cacheDuration": "PT5M", "cooldown": 500, "localOnly": true, "timeout": 1.5},
        "observationInterval": {"startAt": "2020-01-01T00:00:00Z", "endAt": "2021-01-01T00:00:00Z"},
        "managementInterval": {"startAt": "2020-01-01T00:00:00Z"},
        "location": {"type": "Point", "coordinates": [1.0, 2.0]},
        "observationSpace": {"type": "Point", "coordinates": [1.0, 2.5]},
        "operationSpace": {"type": "LineString", "coordinates": [[1.0, 2.5], [1.0, 3.5]]},
        "refreshRate": "P1D",
        "scope": ["/Madrid/Centro", "/A"],
        "expiresAt": "2030-01-01T00:00:00Z",
        "bare": "value",
        "whole": {"type": "Property", "value": 3, "unitCode": "MTR"},
        "name": {"type": "LanguageProperty", "languageMap": {"en": "tower", "sw": "mnara"}},
    })
}

#[test]
fn clause_5_2_9_every_member_is_kept_and_means_the_same_under_another_context() {
    let registration = read(&full()).unwrap();
    assert_eq!(write(&registration, &context()), full());
    let core = write(&registration, Context::core());
    assert_eq!(
        core["information"][0]["propertyNames"],
        json!(["https://a.example/name"])
    );
    assert_eq!(core["bare"], "value");
    assert_eq!(core["https://a.example/name"]["type"], "LanguageProperty");
    let again = Draft::read(&core, Context::core())
        .unwrap()
        .create(id, now())
        .unwrap();
    assert_eq!(again, registration);
    let sw = write_registration(&registration, &context(), Some((now(), now())), Some("sw"));
    assert_eq!(sw["name"]["value"], "mnara");
    assert_eq!(sw["createdAt"], "2026-05-01T00:00:00Z");
}

#[test]
fn clause_5_2_9_what_is_little_is_enough_and_what_the_system_gives_is_ignored() {
    let read_only = json!({
        "status": 3, "timesSent": "x", "timesFailed": [], "lastSuccess": 1, "lastFailure": {}, "createdAt": 1, "modifiedAt": 2,
    });
    let registration = read(&with(&read_only)).unwrap();
    assert_eq!(registration, read(&with(&json!({}))).unwrap());
    assert_eq!(registration.id, id());
    assert_eq!(registration.mode(), Mode::Inclusive);
    assert!(registration.own.is_empty() && !registration.is_temporal());
}

#[test]
fn what_is_wrong_is_refused_with_its_place() {
    let cases: &[(&str, Json, &str)] = &[
        ("5.2.9", json!({"type": null}), "/type"),
        ("5.2.9", json!({"type": "Building"}), "/type"),
        ("5.2.9", json!({"id": "no uri"}), "/id"),
        ("5.2.9", json!({"endpoint": null}), "/endpoint"),
        ("5.2.9", json!({"endpoint": "nowhere"}), "/endpoint"),
        ("5.2.9", json!({"endpoint": "ftp://a.example"}), "/endpoint"),
        ("5.2.9", json!({"endpoint": "http://:80"}), "/endpoint"),
        ("5.2.9", json!({"endpoint": "http://u:p@a.example"}), "/endpoint"),
        ("5.2.9", json!({"information": null}), "/information"),
        ("5.2.9", json!({"information": []}), "/information"),
        ("5.2.9", json!({"information": {}}), "/information"),
        ("5.2.10", json!({"information": [{}]}), "/information/0"),
        (
            "5.2.10",
            json!({"information": [{"entities": []}]}),
            "/information/0/entities",
        ),
        (
            "5.2.10",
            json!({"information": [{"propertyNames": []}]}),
            "/information/0/propertyNames",
        ),
        (
            "5.2.10",
            json!({"information": [{"propertyNames": ["a b"]}]}),
            "/information/0/propertyNames",
        ),
        (
            "5.2.10",
            json!({"information": [{"relationshipNames": "a"}]}),
            "/information/0/relationshipNames",
        ),
        (
            "5.2.10",
            json!({"information": [{"propertyName": ["a"]}]}),
            "/information/0/propertyName",
        ),
        (
            "5.2.8",
            json!({"information": [{"entities": [{"id": "urn:x:1"}]}]}),
            "/information/0/entities/0/type",
        ),
        (
            "5.2.8",
            json!({"information": [{"entities": [{"type": "A|B"}]}]}),
            "/information/0/entities/0/type",
        ),
        (
            "5.2.8",
            json!({"information": [{"entities": [{"type": []}]}]}),
            "/information/0/entities/0/type",
        ),
        (
            "5.2.8",
            json!({"information": [{"entities": [{"type": "A", "id": "1"}]}]}),
            "/information/0/entities/0/id",
        ),
        (
            "5.2.8",
            json!({"information": [{"entities": [{"type": "A", "idPattern": 1}]}]}),
            "/information/0/entities/0/idPattern",
        ),
        (
            "5.2.11",
            json!({"observationInterval": {"endAt": "2020-01-01T00:00:00Z"}}),
            "/observationInterval/startAt",
        ),
        (
            "5.2.11",
            json!({"observationInterval": {"startAt": "2020-01-01"}}),
            "/observationInterval/startAt",
        ),
        (
            "5.2.11",
            json!({"managementInterval": {"startAt": "2020-01-01T00:00:00Z", "endAt": "2019-01-01T00:00:00Z"}}),
            "/managementInterval/endAt",
        ),
        ("5.2.34", json!({"management": "yes"}), "/management"),
        (
            "5.2.34",
            json!({"management": {"cacheDuration": "bogus"}}),
            "/management/cacheDuration",
        ),
        (
            "5.2.34",
            json!({"management": {"cooldown": 0}}),
            "/management/cooldown",
        ),
        (
            "5.2.34",
            json!({"management": {"timeout": -5}}),
            "/management/timeout",
        ),
        (
            "5.2.34",
            json!({"management": {"localOnly": "yes"}}),
            "/management/localOnly",
        ),
        ("4.3.6", json!({"mode": "other"}), "/mode"),
        ("4.20", json!({"operations": []}), "/operations"),
        ("4.20", json!({"operations": ["createentity"]}), "/operations"),
        (
            "5.2.22",
            json!({"contextSourceInfo": [{"key": "a", "value": 1}]}),
            "/contextSourceInfo",
        ),
        (
            "5.2.22",
            json!({"contextSourceInfo": [{"key": "a"}]}),
            "/contextSourceInfo",
        ),
        (
            "4.3.6.6",
            json!({"contextSourceInfo": [{"key": "accept", "value": "text/html"}]}),
            "/contextSourceInfo",
        ),
        (
            "4.3.6.6",
            json!({"contextSourceInfo": [{"key": "contentType", "value": "x"}]}),
            "/contextSourceInfo",
        ),
        (
            "4.3.6.6",
            json!({"contextSourceInfo": [{"key": "jsonldContext", "value": "x"}]}),
            "/contextSourceInfo",
        ),
        (
            "4.3.6.6",
            json!({"contextSourceInfo": [{"key": "ngsildConformance", "value": "1"}]}),
            "/contextSourceInfo",
        ),
        (
            "5.2.9",
            json!({"contextSourceAlias": "a b"}),
            "/contextSourceAlias",
        ),
        ("5.2.9", json!({"contextSourceAlias": ""}), "/contextSourceAlias"),
        ("5.2.9", json!({"registrationName": ""}), "/registrationName"),
        ("5.2.9", json!({"description": 1}), "/description"),
        ("5.2.9", json!({"tenant": "a\r\nb"}), "/tenant"),
        ("5.2.9", json!({"datasetId": ["x"]}), "/datasetId"),
        ("5.2.9", json!({"location": "here"}), "/location"),
        (
            "5.2.9",
            json!({"location": {"type": "Point", "coordinates": [200, 0]}}),
            "/location",
        ),
        ("5.2.9", json!({"refreshRate": "often"}), "/refreshRate"),
        ("4.18", json!({"scope": "/a//b"}), "/scope"),
        (
            "5.9.2.4",
            json!({"expiresAt": "2026-05-01T00:00:00Z"}),
            "/expiresAt",
        ),
        ("4.6.2", json!({"a b": 1}), "/a b"),
    ];
    for (clause, changes, place) in cases {
        let error = read(&with(changes)).unwrap_err();
        assert!(
            error.detail.starts_with(&format!("`{place}")),
            "{clause} {changes}: {error}"
        );
    }
    assert!(read(&json!([])).is_err());
}

#[test]
fn clause_4_3_6_modes_have_their_rules() {
    let entity = json!({"id": "urn:x:1", "type": "Building"});
    let info = |entities: Json, attributes: bool| {
        let mut info = json!({"entities": entities});
        if attributes {
            info["propertyNames"] = json!(["name"]);
        }
        info
    };
    for (infos, good) in [
        (json!([info(json!([entity]), true)]), true),
        (
            json!([info(json!([entity]), true), info(json!([entity]), true)]),
            true,
        ),
        (json!([info(json!([entity]), false)]), false),
        (json!([{"propertyNames": ["name"]}]), false),
        (json!([info(json!([{"type": "Building"}]), true)]), false),
        (
            json!([info(json!([{"type": "Building", "idPattern": ".*"}]), true)]),
            false,
        ),
        (
            json!([info(json!([entity, {"id": "urn:x:2", "type": "Building"}]), true)]),
            false,
        ),
    ] {
        let json = with(&json!({"mode": "exclusive", "information": infos}));
        assert_eq!(read(&json).is_ok(), good, "{json}");
    }
    for (operations, good) in [
        (json!(["retrieveOps"]), true),
        (json!(["retrieveEntity", "queryEntity"]), true),
        (json!(["retrieveOps", "updateEntity"]), false),
        (json!(["federationOps"]), false),
    ] {
        let json = with(&json!({"mode": "auxiliary", "operations": operations}));
        assert_eq!(read(&json).is_ok(), good, "{json}");
    }
}

#[test]
fn clause_4_20_groups_hold_what_the_table_says() {
    // Table 4.20-2, counted by hand.
    for (group, count) in [
        (Group::FederationOps, 19),
        (Group::AssociationOps, 15),
        (Group::UpdateOps, 4),
        (Group::RetrieveOps, 2),
        (Group::RedirectionOps, 23),
    ] {
        let held = Operation::ALL.iter().filter(|one| group.has(**one)).count();
        assert_eq!(held, count, "{}", group.as_str());
        assert_eq!(Offered::parse(group.as_str()), Some(Offered::Group(group)));
    }
    assert_eq!(Operation::ALL.len(), 43);
    let federation = read(&with(&json!({}))).unwrap();
    assert!(federation.offers(Operation::QueryBatch) && !federation.offers(Operation::CreateEntity));
    assert!(federation.offers(Operation::CreateSubscription));
    let auxiliary = read(&with(&json!({"mode": "auxiliary"}))).unwrap();
    assert!(auxiliary.offers(Operation::QueryEntity) && !auxiliary.offers(Operation::CreateSubscription));
    let some = read(&with(&json!({"operations": ["updateOps", "createEntity"]}))).unwrap();
    assert!(some.offers(Operation::ReplaceAttrs) && some.offers(Operation::CreateEntity));
    assert!(!some.offers(Operation::RetrieveEntity));
}

#[test]
fn clause_5_5_8_a_fragment_changes_what_it_names() {
    let apply =
        |fragment: &Json| Draft::read_fragment(fragment, &context())?.apply(read(&full()).unwrap(), now());
    let changed = apply(&json!({
        "endpoint": "http://b.example", "expiresAt": null, "scope": "urn:ngsi-ld:null", "bare": null,
        "name": "short", "other": 1, "information": [{"entities": [{"type": "New"}]}],
    }))
    .unwrap();
    let mut expected = full();
    let object = expected.as_object_mut().unwrap();
    for gone in ["expiresAt", "scope", "bare"] {
        object.shift_remove(gone);
    }
    object.insert("endpoint".into(), "http://b.example".into());
    object.insert("name".into(), "short".into());
    object.insert("other".into(), 1.into());
    object.insert("information".into(), json!([{"entities": [{"type": "New"}]}]));
    assert_eq!(write(&changed, &context()), expected);
    assert_eq!(apply(&json!({})).unwrap(), read(&full()).unwrap());
    for bad in [
        json!({"endpoint": null}),
        json!({"information": "urn:ngsi-ld:null"}),
        json!({"type": "Building"}),
        json!({"id": "urn:x:other"}),
        json!({"expiresAt": "2020-01-01T00:00:00Z"}),
        json!({"mode": "exclusive"}),
    ] {
        assert!(apply(&bad).is_err(), "{bad}");
    }
}

#[test]
fn clause_4_9_a_registration_can_be_filtered_like_an_entity() {
    let registration = read(&full()).unwrap();
    let entity = registration.as_entity(now(), now());
    let core = |term: &str| Context::core().expand(term);
    assert_eq!(
        entity.get(core("endpoint").as_str()).unwrap().as_str(),
        Some("https://a.example:9090/root")
    );
    assert!(
        entity
            .get(core("location").as_str())
            .unwrap()
            .as_geometry()
            .is_some()
    );
    assert_eq!(entity.get(core("bare").as_str()).unwrap().as_str(), Some("value"));
    assert_eq!(entity.scope.len(), 2);
    assert_eq!(registration.narrowed(&[2]).information.len(), 1);
}

/// Terms that became IRIs which no request could hold as they stand, or which the core @context has words for.
fn odd() -> Context {
    let terms = json!({
        "t": "https://example.org/onto?term=t",
        "p": "https://example.org/(a),b;c'd",
        "T": "https://example.org/A|B <C>",
        "d": "https://uri.etsi.org/ngsi-ld/description",
        "u": "https://uri.etsi.org/ngsi-ld/registrationName",
        "w": {"@id": "https://example.org/w w", "@type": "@vocab"},
        "r": {"@id": "https://example.org/r=", "@type": "@id"},
        "@vocab": "https://example.org/v?=",
    });
    Context::compile(&terms, &BuiltIn).unwrap()
}

#[test]
fn what_was_accepted_is_read_from_the_disk_whatever_its_terms_became() {
    let all = [
        with(&json!({"information": [{"propertyNames": ["t", "p"], "relationshipNames": ["r"]}]})),
        with(&json!({"information": [{"entities": [{"type": ["T", "type", "X"], "id": "urn:x:1"}]}]})),
        with(&json!({
            "d": 5, "u": {"value": 1, "w": {"vocab": ["t", "X"]}, "unitCode": "CEL"}, "r": "urn:x:1",
            "w": {"type": "VocabProperty", "vocab": "p"},
            "x": {"type": "Relationship", "object": "urn:x:2", "objectType": ["T", "t"]},
            "y": [{"value": 1}, {"value": {"a": ["b"]}, "datasetId": "urn:x:d"}],
            "z": {"value": "2026-05-01", "valueType": "T"},
            "l": {"languageMap": {"en": "x"}}, "g": {"value": {"type": "Point", "coordinates": [1, 2, 3]}},
        })),
        with(&full()),
    ];
    for json in all {
        let made = Draft::read(&json, &odd()).unwrap().create(id, now()).unwrap();
        let stored = serde_json::from_str(&write_stored(&made).to_string()).unwrap();
        assert_eq!(read_stored(&stored), Ok(made), "{json}");
    }
    for bad in [
        json!(null),
        json!({"names": [], "document": {}}),
        json!({"names": [1], "document": full()}),
    ] {
        assert!(read_stored(&bad).is_err(), "{bad}");
    }
}
