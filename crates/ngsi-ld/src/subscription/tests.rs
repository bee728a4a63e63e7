#![allow(clippy::unwrap_used, reason = "tests panic when they fail")]

use serde_json::{Value as Json, json};

use super::*;
use crate::context::{BuiltIn, Context};
use crate::{Attribute, Entity, ErrorKind, Value};

mod notifications;

const NOW: &str = "2026-05-01T00:00:00Z";

fn now() -> Timestamp {
    Timestamp::parse(NOW).unwrap()
}

fn id() -> Uri {
    Uri::ngsi_ld("Subscription", "new")
}

fn context() -> Context {
    let terms = json!({
        "Building": "https://a.example/Building",
        "name": "https://a.example/name",
        "state": {"@id": "https://a.example/state", "@type": "@vocab"},
        "good": "https://a.example/good",
    });
    Context::compile(&terms, &BuiltIn).unwrap()
}

fn read(json: &Json) -> Result<Subscription, Error> {
    Draft::read(json, &context(), Subject::Entities)?.create(id, now())
}

/// A small subscription with other members put into it; `null` takes a member out.
fn with(changes: &Json) -> Json {
    let mut json = json!({
        "type": "Subscription",
        "entities": [{"type": "Building"}],
        "notification": {"endpoint": {"uri": "http://a.example/notify"}},
    });
    merge(&mut json, changes);
    json
}

fn merge(into: &mut Json, changes: &Json) {
    for (key, value) in changes.as_object().unwrap() {
        match value {
            Json::Null => {
                into.as_object_mut().unwrap().shift_remove(key);
            }
            Json::Object(_) if into.get(key).is_some_and(Json::is_object) => merge(&mut into[key], value),
            value => into[key] = value.clone(),
        }
    }
}

fn write(subscription: &Subscription, context: &Context) -> Json {
    Json::Object(write_subscription(
        subscription,
        &Standing::default(),
        context,
        now(),
        false,
    ))
}

fn full() -> Json {
    json!({
        "id": "urn:ngsi-ld:Subscription:1",
        "type": "Subscription",
        "subscriptionName": "n",
        "description": "d",
        "entities": [
            {"id": "urn:x:1", "type": "Building"},
            {"id": ["urn:x:1", "urn:x:2"], "type": "(Building;House)|Hut"},
            {"idPattern": "^urn:x:.*", "type": "*"},
        ],
        "watchedAttributes": ["name", "https://b.example/x"],
        "notificationTrigger": ["entityCreated", "attributeDeleted"],
        "throttling": 1.5,
        "q": "name==\"a\";temperature>20",
        "geoQ": {"georel": "near;maxDistance==100", "geometry": "Point", "coordinates": [1, 2], "geoproperty": "name"},
        "scopeQ": "/a/#",
        "csf": "origin==\"x\"",
        "datasetId": ["@none", "urn:d:1"],
        "lang": "fr,en;q=0.5",
        "expandValues": "name,other",
        "jsonKeys": "other",
        "expiresAt": "2027-01-01T00:00:00Z",
        "isActive": false,
        "jsonldContext": "http://a.example/c",
        "localOnly": true,
        "splitEntities": false,
        "ngsildConformance": "1.6",
        "status": "paused",
        "notification": {
            "pick": ["id", "type", "scope", "name", "in{name,in{name}}"],
            "omit": ["other"],
            "format": "concise",
            "endpoint": {
                "uri": "https://a.example:8443/notify",
                "accept": "application/ld+json",
                "timeout": 500,
                "cooldown": 1500,
                "receiverInfo": [{"key": "Authorization", "value": "Bearer x"}],
                "notifierInfo": [{"key": "k", "value": "v"}],
            },
            "sysAttrs": true,
            "showChanges": true,
            "join": "inline",
            "joinLevel": 2,
        },
    })
}

#[test]
fn clause_5_2_12_every_member_is_read_and_written() {
    let subscription = read(&full()).unwrap();
    assert_eq!(write(&subscription, &context()), full());
    // Through another @context, the same is meant.
    let elsewhere = write(&subscription, Context::core());
    assert_eq!(elsewhere["entities"][0]["type"], "https://a.example/Building");
    assert_eq!(
        elsewhere["q"],
        "<https://a.example/name>==a;<https://uri.etsi.org/ngsi-ld/default-context/temperature>>20"
            .replace("==a", "==https://a.example/a")
            .replace(
                "https://a.example/a;",
                "https://uri.etsi.org/ngsi-ld/default-context/a;"
            )
    );
    let again = Draft::read(&elsewhere, Context::core(), Subject::Entities)
        .unwrap()
        .create(id, now())
        .unwrap();
    assert_eq!(again, subscription);
}

#[test]
fn words_of_a_vocabulary_mean_the_same_under_another_context() {
    let q = "state==good,bad";
    let subscription = read(&with(&json!({"q": q}))).unwrap();
    assert_eq!(write(&subscription, &context())["q"], q);
    assert_eq!(
        write(&subscription, Context::core())["q"],
        "<https://a.example/state>==good,bad"
    );
}

#[test]
fn clause_5_8_1_what_is_not_given_is_as_the_clause_says() {
    let subscription = read(&with(&json!({}))).unwrap();
    assert_eq!(subscription.id, id());
    assert_eq!(
        subscription.triggers(),
        [Trigger::AttributeCreated, Trigger::AttributeUpdated]
    );
    assert_eq!(subscription.status(now()), Status::Active);
    let written = write(&subscription, &context());
    assert_eq!(
        written,
        json!({
            "id": id().as_str(),
            "type": "Subscription",
            "entities": [{"type": "Building"}],
            "notificationTrigger": ["attributeCreated", "attributeUpdated"],
            "status": "active",
            "notification": {"endpoint": {"uri": "http://a.example/notify"}},
        })
    );
    // Output only members are ignored (Tables 5.2.12-2 and 5.2.14.2-1), and so are members that are not known.
    let given =
        with(&json!({"status": "expired", "__x": 1, "notification": {"timesSent": 42, "lastFailure": "x"}}));
    assert_eq!(write(&read(&given).unwrap(), &context()), written);
}

#[test]
fn clause_5_2_12_what_is_refused() {
    for (changes, place, says) in [
        (json!({"type": null}), "/type", "missing"),
        (json!({"type": "Subscripcion"}), "/type", "Subscription"),
        (json!({"id": "x"}), "/id", "URI"),
        (json!({"notification": null}), "/notification", "missing"),
        (json!({"entities": null}), "/entities", "watchedAttributes"),
        (json!({"entities": []}), "/entities", "at least one"),
        (
            json!({"entities": [{"id": "urn:x:1"}]}),
            "/entities/0/type",
            "missing",
        ),
        (
            json!({"entities": [{"type": "A"}, {"type": "B", "id": "x"}]}),
            "/entities/1/id",
            "URI",
        ),
        (
            json!({"entities": [{"type": "("}]}),
            "/entities/0/type",
            "character",
        ),
        (
            json!({"watchedAttributes": []}),
            "/watchedAttributes",
            "at least one",
        ),
        (
            json!({"watchedAttributes": "name"}),
            "/watchedAttributes",
            "array",
        ),
        (
            json!({"notificationTrigger": ["entityChanged"]}),
            "/notificationTrigger",
            "entityCreated",
        ),
        (json!({"q": "(("}), "/q", "character"),
        (json!({"csf": "(("}), "/csf", "character"),
        (json!({"scopeQ": "//"}), "/scopeQ", "character"),
        (json!({"geoQ": {"georel": "near"}}), "/geoQ", ""),
        (
            json!({"temporalQ": {"timerel": "before", "timeAt": NOW}}),
            "/temporalQ",
            "registrations",
        ),
        (json!({"timeInterval": 0}), "/timeInterval", "greater than 0"),
        (json!({"timeInterval": "1"}), "/timeInterval", "number"),
        (json!({"throttling": -30}), "/throttling", "greater than 0"),
        (
            json!({"timeInterval": 1, "throttling": 1}),
            "/throttling",
            "timeInterval",
        ),
        (
            json!({"timeInterval": 1, "watchedAttributes": ["a"]}),
            "/watchedAttributes",
            "timeInterval",
        ),
        (json!({"timeInterval": 1, "entities": null}), "/entities", ""),
        (
            json!({"entities": [{"type": "*"}], "localOnly": false}),
            "/localOnly",
            "local scope",
        ),
        (json!({"expiresAt": NOW}), "/expiresAt", "past"),
        (json!({"expiresAt": "tomorrow"}), "/expiresAt", "tomorrow"),
        (json!({"isActive": "yes"}), "/isActive", "true"),
        (json!({"datasetId": []}), "/datasetId", "at least one"),
        (json!({"datasetId": ["x"]}), "/datasetId", "URI"),
        (json!({"lang": ""}), "/lang", "RFC 5646"),
        (
            json!({"jsonldContext": "unknownContext"}),
            "/jsonldContext",
            "URI",
        ),
        (json!({"ngsildConformance": "1"}), "/ngsildConformance", "1.6"),
        (json!({"ngsildConformance": "+1.6"}), "/ngsildConformance", "1.6"),
        (json!({"expandValues": "a,,b"}), "/expandValues", "commas"),
        (
            json!({"notification": {"endpoint": null}}),
            "/notification/endpoint",
            "missing",
        ),
        (
            json!({"notification": {"format": "xml"}}),
            "/notification/format",
            "normalized",
        ),
        (
            json!({"notification": {"attributes": []}}),
            "/notification/attributes",
            "at least one",
        ),
        (
            json!({"notification": {"attributes": ["id"]}}),
            "/notification/attributes",
            "pick",
        ),
        (
            json!({"notification": {"attributes": ["a"], "pick": ["a"]}}),
            "/notification/attributes",
            "pick",
        ),
        (
            json!({"notification": {"attributes": ["a"], "omit": ["a"]}}),
            "/notification/attributes",
            "omit",
        ),
        (
            json!({"notification": {"pick": ["id"], "omit": ["id"]}}),
            "/notification/omit",
            "pick",
        ),
        (
            json!({"notification": {"showChanges": true, "format": "keyValues"}}),
            "/notification/showChanges",
            "simplified",
        ),
        (
            json!({"notification": {"join": "deep"}}),
            "/notification/join",
            "flat",
        ),
        (
            json!({"notification": {"join": "flat", "joinLevel": 0}}),
            "/notification/joinLevel",
            "greater than 0",
        ),
        (
            json!({"notification": {"sysAttrs": 1}}),
            "/notification/sysAttrs",
            "true",
        ),
    ] {
        let error = read(&with(&changes)).expect_err(&changes.to_string());
        assert_eq!(error.kind, ErrorKind::BadRequestData, "{changes}: {error}");
        assert!(error.detail.contains(&format!("`{place}")), "{changes}: {error}");
        assert!(error.detail.contains(says), "{changes}: {error}");
    }
    for bad in [json!([]), json!("x"), json!(null)] {
        assert!(read(&bad).is_err());
    }
    for good in [
        json!({"entities": null, "watchedAttributes": ["a"]}),
        json!({"entities": null, "localOnly": true}),
        json!({"timeInterval": 0.5}),
        json!({"entities": [{"type": "*"}]}),
    ] {
        assert!(read(&with(&good)).is_ok(), "{good}");
    }
}

#[test]
fn clause_5_2_15_endpoints() {
    let endpoint = |changes: Json| read(&with(&json!({"notification": {"endpoint": changes}})));
    for (changes, place, says) in [
        (json!({"uri": null}), "/uri", "missing"),
        (json!({"uri": "notify"}), "/uri", "URI"),
        (json!({"uri": "ftp://a.example/x"}), "/uri", "mqtts"),
        (json!({"uri": "urn:x:y"}), "/uri", "mqtts"),
        (json!({"uri": "http:///x"}), "/uri", "host"),
        (json!({"uri": "http://:80/x"}), "/uri", "host"),
        (json!({"uri": "http://u:p@a.example/x"}), "/uri", "receiverInfo"),
        (json!({"uri": "mqtt://a.example"}), "/uri", "topic"),
        (json!({"uri": "mqtt://a.example/"}), "/uri", "topic"),
        (json!({"uri": "mqtt://a.example/a/#"}), "/uri", "published"),
        (json!({"accept": "text/html"}), "/accept", "geo+json"),
        (json!({"timeout": 0}), "/timeout", "greater than 0"),
        (json!({"cooldown": -1}), "/cooldown", "greater than 0"),
        (json!({"cooldown": 1e12}), "/cooldown", "a day"),
        (
            json!({"receiverInfo": {"key": "a", "value": "b"}}),
            "/receiverInfo",
            "5.2.22",
        ),
        (
            json!({"receiverInfo": [{"key": "K", "value": 42}]}),
            "/receiverInfo/0/value",
            "string",
        ),
        (
            json!({"receiverInfo": [{"key": "K"}]}),
            "/receiverInfo/0/value",
            "missing",
        ),
        (
            json!({"receiverInfo": [{"key": "a b", "value": ""}]}),
            "/receiverInfo/0",
            "RFC 7230",
        ),
        (
            json!({"receiverInfo": [{"key": "a", "value": "x\r\nHost: y"}]}),
            "/receiverInfo/0",
            "control",
        ),
        (
            json!({"receiverInfo": [{"key": "hOst", "value": "x"}]}),
            "/receiverInfo/0",
            "connection",
        ),
        (
            json!({"notifierInfo": [{"key": "K", "value": {"a": 1}}]}),
            "/notifierInfo/0/value",
            "string",
        ),
        (
            json!({"uri": "mqtt://a/b", "notifierInfo": [{"key": "MQTT-QoS", "value": "3"}]}),
            "/notifierInfo",
            "0, 1, 2",
        ),
        (
            json!({"uri": "mqtt://a/b", "notifierInfo": [{"key": "MQTT-Version", "value": "5"}]}),
            "/notifierInfo",
            "mqtt5.0",
        ),
    ] {
        let error = endpoint(changes.clone()).expect_err(&changes.to_string());
        let place = format!("`/notification/endpoint{place}");
        assert!(
            error.detail.contains(&place) && error.detail.contains(says),
            "{changes}: {error}"
        );
    }
    let mqtt = endpoint(json!({
        "uri": "MQTTS://user:word@a.example:1/a/b",
        "notifierInfo": [{"key": "MQTT-QoS", "value": "2"}, {"key": "MQTT-Version", "value": "mqtt3.1.1"}],
    }))
    .unwrap()
    .notification
    .endpoint;
    assert_eq!(
        (mqtt.scheme(), mqtt.mqtt_qos(), mqtt.mqtt_version()),
        (Scheme::Mqtts, 2, MqttVersion::V3)
    );
    let plain = endpoint(json!({"uri": "mqtt://a.example/a"}))
        .unwrap()
        .notification
        .endpoint;
    assert_eq!((plain.mqtt_qos(), plain.mqtt_version()), (0, MqttVersion::V5));
}

#[test]
fn clause_5_8_2_fragments() {
    let current = || read(&full()).unwrap();
    let patch =
        |json: Json| Draft::read_fragment(&json, &context(), Subject::Entities)?.apply(current(), now());
    // A member is replaced as a whole (5.5.8).
    let changed =
        patch(json!({"type": "Subscription", "notification": {"endpoint": {"uri": "http://b.example/"}}}))
            .unwrap();
    assert_eq!(changed.notification.format, None);
    assert_eq!(changed.q, current().q);
    let changed = patch(json!({"q": "urn:ngsi-ld:null", "lang": null, "isActive": true})).unwrap();
    assert_eq!(
        (changed.q, changed.lang.clone(), changed.is_active),
        (None, None, Some(true))
    );
    assert_eq!(
        patch(json!({"id": "urn:ngsi-ld:Subscription:1"})).unwrap(),
        current()
    );
    for (bad, says) in [
        (json!({"id": "urn:ngsi-ld:Subscription:2"}), "cannot be changed"),
        (json!({"type": "Other"}), "Subscription"),
        (json!({"notification": null}), "taken away"),
        (
            json!({"notification": {"format": "keyValues"}}),
            "/notification/endpoint",
        ),
        (
            json!({"notification": {"format": "keyValues", "endpoint": null}}),
            "/notification/endpoint",
        ),
        (json!({"expiresAt": NOW}), "past"),
        (json!({"timeInterval": 5}), "timeInterval"),
        (
            json!({"entities": null, "watchedAttributes": null, "localOnly": null}),
            "/entities",
        ),
    ] {
        let error = patch(bad.clone()).expect_err(&bad.to_string());
        assert!(error.detail.contains(says), "{bad}: {error}");
    }
}

#[test]
fn clause_5_8_2_4_status() {
    let at = |text: &str| Timestamp::parse(text).unwrap();
    let subscription = |changes: Json| read(&with(&changes)).unwrap();
    for (changes, instant, status) in [
        (json!({}), "2030-01-01T00:00:00Z", Status::Active),
        (json!({"isActive": false}), NOW, Status::Paused),
        (
            json!({"expiresAt": "2027-01-01T00:00:00Z"}),
            "2026-12-31T23:59:59.9Z",
            Status::Active,
        ),
        (
            json!({"expiresAt": "2027-01-01T00:00:00Z"}),
            "2027-01-01T00:00:00Z",
            Status::Expired,
        ),
        (
            json!({"isActive": false, "expiresAt": "2027-01-01T00:00:00Z"}),
            "2028-01-01T00:00:00Z",
            Status::Expired,
        ),
    ] {
        assert_eq!(
            subscription(changes.clone()).status(at(instant)),
            status,
            "{changes}"
        );
    }
}

#[test]
fn clause_5_2_14_2_what_the_system_adds() {
    let subscription = read(&with(&json!({}))).unwrap();
    let standing = Standing {
        times_sent: 3,
        times_failed: 1,
        last_notification: Some(now()),
        last_success: Some(now()),
        last_failure: None,
        succeeded: Some(true),
        created_at: Some(now()),
        modified_at: Some(now()),
        unusable: None,
    };
    let written = Json::Object(write_subscription(
        &subscription,
        &standing,
        &context(),
        now(),
        true,
    ));
    assert_eq!(written["createdAt"], NOW);
    assert_eq!(
        written["notification"],
        json!({
            "endpoint": {"uri": "http://a.example/notify"},
            "status": "ok",
            "timesSent": 3,
            "timesFailed": 1,
            "lastNotification": NOW,
            "lastSuccess": NOW,
        })
    );
}

/// Terms that became IRIs which no request could hold as they stand.
fn odd() -> Context {
    let mut terms = json!({
        "speed": "https://example.org/~joe/vocab#speed",
        "t": "https://example.org/onto?term=t;(x),y",
        "T": "https://example.org/A|B <C>",
        "Deep": "https://example.org/deep",
    });
    for n in 0..120 {
        terms[format!("a{n}")] = format!("https://example.org/{n:03}/{}", "x".repeat(60)).into();
    }
    Context::compile(&terms, &BuiltIn).unwrap()
}

#[test]
fn what_was_accepted_is_read_from_the_disk_whatever_its_terms_became() {
    let long: Vec<String> = (0..120).map(|n| format!("a{n}>0")).collect();
    let deep = (0..31).fold("T;Deep".to_owned(), |inner, _| format!("T|({inner});Deep"));
    let all = [
        json!({"notification": {"pick": ["speed", "t{T{speed}}"], "omit": ["a1"]}}),
        json!({"q": long.join(";")}),
        json!({"q": "speed==T|t==x,\"a b\"", "expandValues": "speed,t", "jsonKeys": "t,T"}),
        json!({"watchedAttributes": ["t", "T", "a b"], "notification": {"attributes": ["t"], "format": "keyValues"}}),
        json!({"entities": [{"type": "T|(speed;t)", "id": ["urn:x:1", "urn:x:2"]}, {"type": deep, "idPattern": "^urn"}]}),
        json!({"geoQ": {"georel": "near;maxDistance==5", "geometry": "Point", "coordinates": "[1,2]", "geoproperty": "t"}}),
        json!({"csf": "t==\"x\"", "scopeQ": "/A/#", "lang": "en", "datasetId": ["@none", "urn:d:1"]}),
        json!({
            "subscriptionName": "n", "description": "d", "throttling": 0.1, "expiresAt": "2026-06-01T00:00:00Z",
            "isActive": false, "localOnly": true, "ngsildConformance": "1.5", "notificationTrigger": ["entityDeleted"],
            "notification": {
                "join": "inline", "joinLevel": 2, "sysAttrs": true,
                "endpoint": {"uri": "mqtt://a.example/t", "timeout": 1.5, "notifierInfo": [{"key": "MQTT-QoS", "value": "1"}]},
            },
        }),
    ];
    for changes in all {
        let json = with(&changes);
        let draft = Draft::read(&json, &odd(), Subject::Entities).unwrap();
        let made = draft.create(id, now()).unwrap();
        let stored = serde_json::from_str(&write_stored(&made).to_string()).unwrap();
        let again = read_stored(&stored, Subject::Entities).unwrap();
        assert_eq!(again, made, "{json}");
        let text = |one: &Subscription| one.q.as_ref().or(one.csf.as_ref()).map(|q| q.text.clone());
        assert_eq!(text(&again), text(&made));
    }
    for bad in [
        json!(null),
        json!({"document": {}, "understood": {}}),
        json!({"document": with(&json!({}))}),
    ] {
        assert!(read_stored(&bad, Subject::Entities).is_err(), "{bad}");
    }
}
