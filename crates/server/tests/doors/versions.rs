//! Version negotiation, transient entities and source identity at the doors (ETSI GS CIM 009 V1.9.1, 4.3.6.8, 4.22,
//! 5.15, 6.3.6).

use serde_json::json;

use crate::common::City;

const ENTITIES: &str = "/ngsi-ld/v1/entities";

#[tokio::test]
async fn clauses_4_3_6_8_and_6_3_6_a_client_is_given_what_it_can_read() {
    let city = City::new();
    city.create(&json!({"id": "urn:x:1", "type": "T", "scope": "/a",
        "v": {"type": "VocabProperty", "vocab": "b"}, "n": {"type": "Property", "value": 1}}))
        .await;
    city.create(&json!({"id": "urn:x:2", "type": "U", "n": {"type": "Property", "value": 1}}))
        .await;
    for (target, prefer, status, applied, kind) in [
        ("/urn:x:1", "ngsi-ld=1.5", 203, "ngsi-ld=1.5", "Property"),
        ("/urn:x:1", "ngsi-ld=1.8", 200, "ngsi-ld=1.8", "VocabProperty"),
        ("/urn:x:1", "ngsi-ld=1.9", 200, "ngsi-ld=1.9", "VocabProperty"),
        ("/urn:x:1", "ngsi-ld=1.12", 200, "ngsi-ld=1.9", "VocabProperty"),
        ("/urn:x:1", "ngsi-ld=2.0", 200, "", "VocabProperty"),
        ("/urn:x:1", "respond-async", 200, "", "VocabProperty"),
        ("?type=T", "ngsi-ld=1.5", 203, "ngsi-ld=1.5", "Property"),
        ("?type=U", "ngsi-ld=1.0", 200, "ngsi-ld=1.0", ""),
    ] {
        let reply = city
            .ask("GET", &format!("{ENTITIES}{target}"), &[("prefer", prefer)], None)
            .await;
        assert_eq!(
            (reply.status, reply.header("preference-applied")),
            (status, applied),
            "{target} {prefer}"
        );
        let body = reply.json();
        let entity = body.get(0).unwrap_or(&body);
        assert_eq!(
            entity["v"]["type"].as_str().unwrap_or(""),
            kind,
            "{target} {prefer}"
        );
        assert_eq!(
            entity.get("scope").is_some(),
            target.contains('1') || target.contains("=T"),
            "{prefer}"
        );
    }
    let map = city
        .ask(
            "GET",
            &format!("{ENTITIES}?type=T&entityMap=true"),
            &[("prefer", "ngsi-ld=1.3")],
            None,
        )
        .await;
    assert_eq!(map.status, 203);
    assert!(map.json()[0].get("scope").is_none(), "scopes are of 1.4");
    let posted = json!({"type": "Query", "entities": [{"type": "T"}]}).to_string();
    let path = "/ngsi-ld/v1/entityOperations/query";
    let reply = city
        .ask("POST", path, &[("prefer", "ngsi-ld=1.5")], Some(&posted))
        .await;
    assert_eq!(
        (reply.status, &reply.json()[0]["v"]["type"]),
        (203, &json!("Property"))
    );
}

#[tokio::test]
async fn clause_4_22_transient_entities_and_attributes_end() {
    let city = City::new();
    city.create(
        &json!({"id": "urn:x:1", "type": "Alert", "expiresAt": "2026-05-01T13:00:00Z",
        "n": {"type": "Property", "value": 1, "expiresAt": "2026-05-01T12:30:00Z"}}),
    )
    .await;
    let path = format!("{ENTITIES}/urn:x:1");
    let shown = city.get(&format!("{path}?options=sysAttrs")).await.json();
    assert_eq!(shown["expiresAt"], "2026-05-01T13:00:00Z", "6.3.11");
    assert_eq!(shown["n"]["expiresAt"], "2026-05-01T12:30:00Z");
    city.clock
        .set(ngsi_ld::Timestamp::parse("2026-05-01T12:30:00Z").unwrap());
    assert!(city.get(&path).await.json().get("n").is_none());
    assert_eq!(
        city.get(&format!("{ENTITIES}?type=Alert&q=n")).await.json(),
        json!([])
    );
    city.clock
        .set(ngsi_ld::Timestamp::parse("2026-05-01T13:00:00Z").unwrap());
    assert_eq!(city.get(&path).await.status, 404);
    let counted = city
        .get(&format!("{ENTITIES}?type=Alert&limit=0&count=true"))
        .await;
    assert_eq!(counted.header("ngsild-results-count"), "0");
    let again = city
        .post(ENTITIES, &json!({"id": "urn:x:1", "type": "Alert"}))
        .await;
    assert_eq!(again.status, 201, "{}", again.text());
}

#[tokio::test]
async fn clause_5_15_1_who_answers_here() {
    let city = City::new();
    let path = "/ngsi-ld/v1/info/sourceIdentity";
    let identity = city.get(path).await.json();
    assert_eq!(identity["type"], "ContextSourceIdentity");
    assert!(
        identity["id"]
            .as_str()
            .unwrap()
            .starts_with("urn:ngsi-ld:ContextSourceIdentity:")
    );
    assert_eq!(
        (&identity["contextSourceUptime"], &identity["contextSourceTimeAt"]),
        (&json!("PT0S"), &json!("2026-05-01T12:00:00Z"))
    );
    let alias = |tenant: &'static str| {
        let city = &city;
        async move {
            let reply = city.ask("GET", path, &[("ngsild-tenant", tenant)], None).await;
            assert_eq!(
                reply.status, 200,
                "also of a tenant for which nothing was written"
            );
            reply.json()["contextSourceAlias"].as_str().unwrap().to_owned()
        }
    };
    let (a, b, again) = (alias("a").await, alias("b").await, alias("a").await);
    assert!(a != b && a == again && identity["contextSourceAlias"] != a.as_str());
    assert!(
        a.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte)),
        "a token (RFC 9110): {a}"
    );
}
