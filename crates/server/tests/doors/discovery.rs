//! What there is: types, attributes, tenants (5.7.5 to 5.7.10, 5.5.10, 6.3.14).

use crate::common::City;
use crate::entities::{stop, stops};
use serde_json::json;

const ENTITIES: &str = "/ngsi-ld/v1/entities";

#[tokio::test]
async fn clauses_5_7_5_to_5_7_10_what_there_is() {
    let city = stops(3).await;
    assert_eq!(
        city.get("/ngsi-ld/v1/types").await.json()["typeList"],
        json!(["GtfsStop"])
    );
    let details = city.get("/ngsi-ld/v1/types?details=true").await.json();
    assert_eq!(details[0]["typeName"], "GtfsStop");
    assert_eq!(details[0]["attributeNames"].as_array().unwrap().len(), 3);
    let one = city.get("/ngsi-ld/v1/types/GtfsStop").await.json();
    assert_eq!(
        (&one["entityCount"], &one["type"]),
        (&json!(3), &json!("EntityTypeInfo"))
    );
    assert_eq!(city.get("/ngsi-ld/v1/types/Vehicle").await.status, 404);
    let list = city.get("/ngsi-ld/v1/attributes").await.json();
    assert!(
        list["attributeList"]
            .as_array()
            .unwrap()
            .contains(&json!("location")),
        "{list}"
    );
    let of_name = city.get("/ngsi-ld/v1/attributes/name").await.json();
    assert_eq!(
        (&of_name["attributeCount"], &of_name["typeNames"]),
        (&json!(3), &json!(["GtfsStop"]))
    );
    assert_eq!(city.get("/ngsi-ld/v1/attributes/colour").await.status, 404);
    assert_eq!(city.get("/ngsi-ld/v1/attributes?details=maybe").await.status, 400);
    let identity = city.get("/ngsi-ld/v1/info/sourceIdentity").await.json();
    assert_eq!(identity["type"], "ContextSourceIdentity");
}

#[tokio::test]
async fn clauses_5_5_10_and_6_3_14_tenants() {
    let city = City::new();
    let tenant = [("ngsild-tenant", "kisumu")];
    let unknown = city
        .ask("GET", "/ngsi-ld/v1/entities?type=GtfsStop", &tenant, None)
        .await;
    assert_eq!(
        (unknown.status, unknown.error().as_str()),
        (404, "NonexistentTenant")
    );
    assert_eq!(unknown.header("ngsild-tenant"), "kisumu");
    let created = city
        .ask("POST", ENTITIES, &tenant, Some(&stop(1).to_string()))
        .await;
    assert_eq!((created.status, created.header("ngsild-tenant")), (201, "kisumu"));
    let found = city
        .ask("GET", "/ngsi-ld/v1/entities?type=GtfsStop", &tenant, None)
        .await;
    assert_eq!(found.json().as_array().unwrap().len(), 1);
    let default = city.get("/ngsi-ld/v1/entities?type=GtfsStop").await;
    assert_eq!((default.json(), default.header("ngsild-tenant")), (json!([]), ""));
    // 4.14: what is refused makes no tenant.
    let here = [("ngsild-tenant", "nakuru")];
    let inline = [
        ("ngsild-tenant", "nakuru"),
        ("content-type", "application/ld+json"),
    ];
    for (headers, path, body) in [
        (&here[..], ENTITIES, json!({"id": "urn:x:1"})),
        (&here, ENTITIES, json!("nothing")),
        (
            &here,
            "/ngsi-ld/v1/entityOperations/create",
            json!([{"id": "urn:x:1"}]),
        ),
        (&here, "/ngsi-ld/v1/entityOperations/delete", json!(["urn:x:1"])),
        (
            &here,
            "/ngsi-ld/v1/entities/urn:x:1/attrs",
            json!({"a": {"type": "Property", "value": 1}}),
        ),
        (
            &here,
            "/ngsi-ld/v1/subscriptions",
            json!({"type": "Subscription"}),
        ),
        (
            &inline,
            "/ngsi-ld/v1/subscriptions",
            json!({"type": "Subscription", "entities": [{"type": "A"}], "expiresAt": "2020-01-01T00:00:00Z",
                "@context": {"A": "https://a.example/A"}, "notification": {"endpoint": {"uri": "https://a.example/"}}}),
        ),
        (
            &inline,
            "/ngsi-ld/v1/csourceSubscriptions",
            json!({"type": "Subscription", "entities": [{"type": "A", "idPattern": "("}],
                "@context": {"A": "https://a.example/A"}, "notification": {"endpoint": {"uri": "https://a.example/"}}}),
        ),
        (
            &here,
            "/ngsi-ld/v1/csourceRegistrations",
            json!({"type": "ContextSourceRegistration"}),
        ),
        (&here, "/ngsi-ld/v1/temporal/entities", json!({"id": "urn:x:1"})),
        (&here, "/ngsi-ld/v1/jsonldContexts", json!({})),
    ] {
        let refused = city.ask("POST", path, headers, Some(&body.to_string())).await;
        assert!((207..500).contains(&refused.status), "{path}: {refused:?}");
        let unknown = city.ask("GET", "/ngsi-ld/v1/types", &here, None).await;
        assert_eq!(
            (unknown.status, unknown.error().as_str()),
            (404, "NonexistentTenant"),
            "{path} {body}"
        );
    }
    for bad in ["../../etc", "a b", "Ünï"] {
        let reply = city
            .ask(
                "POST",
                ENTITIES,
                &[("ngsild-tenant", bad)],
                Some(&stop(1).to_string()),
            )
            .await;
        assert_eq!(reply.status, 400, "{bad}");
    }
}
