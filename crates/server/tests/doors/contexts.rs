//! `/jsonldContexts` (ETSI GS CIM 009 V1.9.1, 5.13, 6.29, 6.30).

use serde_json::json;

use crate::common::{City, link};

const PATH: &str = "/ngsi-ld/v1/jsonldContexts";
const CORE: &str = "https:%2F%2Furi.etsi.org%2Fngsi-ld%2Fv1%2Fngsi-ld-core-context-v1.6.jsonld";
/// One that the operator gave.
const GIVEN: &str = "http://a.example/context.jsonld";
const GIVEN_ID: &str = "http:%2F%2Fa.example%2Fcontext.jsonld";

async fn add(city: &City, body: &serde_json::Value) -> String {
    let reply = city.post(PATH, body).await;
    assert_eq!(reply.status, 201, "{}", reply.text());
    assert!(reply.body.is_empty());
    reply.header("location").to_owned()
}

#[tokio::test]
async fn clause_5_13_2_what_is_added_is_served_and_described() {
    let city = City::new();
    let context = json!({"@context": {"Tower": "http://b.example/Tower"}});
    let location = add(
        &city,
        &json!({"@context": context["@context"], "id": "left aside"}),
    )
    .await;
    assert!(
        location.starts_with(&format!("{PATH}/urn:ngsi-ld:Context:")),
        "{location}"
    );

    let served = city.get(&location).await;
    assert_eq!((served.status, served.json()), (200, context));
    assert_eq!(served.header("content-type"), "application/json");
    let as_ld = city
        .ask("GET", &location, &[("accept", "application/ld+json")], None)
        .await;
    assert_eq!(as_ld.header("content-type"), "application/ld+json");

    let details = city.get(&format!("{location}?details=true")).await.json();
    assert_eq!(details["kind"], "Hosted");
    assert_eq!(details["createdAt"], "2026-05-01T12:00:00Z");
    assert_eq!(details["URL"], format!("http://127.0.0.1:8080{location}"));
    assert_eq!(
        format!("{PATH}/{}", details["localId"].as_str().unwrap()),
        location
    );
    assert_eq!(
        details["numberOfHits"], 2,
        "5.13.3.5: found by the two that were served"
    );

    let listed = city.get(&format!("{PATH}?kind=Hosted")).await.json();
    assert_eq!(listed, json!([format!("http://127.0.0.1:8080{location}")]));
    assert_eq!(
        city.get(&format!("{PATH}?kind=ImplicitlyCreated")).await.json(),
        json!([])
    );
}

#[tokio::test]
async fn clause_5_13_1_a_hosted_context_needs_no_network_also_inside_others() {
    let city = City::new();
    let inner = add(&city, &json!({"@context": {"height": "http://b.example/height"}})).await;
    let inner_url = format!("http://city.example:8443{inner}");
    let outer = add(
        &city,
        &json!({"@context": [inner_url, {"Tower": "http://b.example/Tower"}]}),
    )
    .await;
    let outer_url = format!("https://proxy.example{outer}");

    let body = json!({"id": "urn:x:1", "type": "Tower", "height": {"type": "Property", "value": 7}});
    let linked = [("link", link(&outer_url))];
    let headers: Vec<(&str, &str)> = linked
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let reply = city
        .ask("POST", "/ngsi-ld/v1/entities", &headers, Some(&body.to_string()))
        .await;
    assert_eq!(reply.status, 201, "{}", reply.text());
    let stored = city.get("/ngsi-ld/v1/entities/urn:x:1").await.json();
    assert_eq!(stored["type"], "http://b.example/Tower");
    assert!(stored.get("http://b.example/height").is_some(), "{stored}");

    for (path, hits) in [(&inner, 1), (&outer, 1)] {
        let details = city.get(&format!("{path}?details=true")).await.json();
        assert_eq!(details["numberOfHits"], hits, "{details}");
        assert_eq!(details["lastUsage"], "2026-05-01T12:00:00Z");
    }

    // 5.13.5: with the inner one gone, the outer one says less.
    assert_eq!(city.ask("DELETE", &inner, &[], None).await.status, 204);
    assert_eq!(city.get(&inner).await.status, 404);
    let reply = city
        .ask("GET", "/ngsi-ld/v1/entities/urn:x:1", &headers, None)
        .await;
    assert_eq!(
        (reply.status, reply.error().as_str()),
        (504, "LdContextNotAvailable")
    );
}

#[tokio::test]
async fn clause_5_13_2_4_what_is_no_context_is_refused() {
    let city = City::new();
    for (body, error) in [
        ("{\"@context\": 42}", "BadRequestData"),
        ("{\"@context\": true}", "BadRequestData"),
        ("{\"@context\": null}", "BadRequestData"),
        ("{\"@context\": [\"http://a.example/c\", 7]}", "BadRequestData"),
        ("{\"@context\": \"relative.jsonld\"}", "BadRequestData"),
        ("{\"@context\": {\"a\": 7}}", "BadRequestData"),
        (
            "{\"@context\": {\"a\": \"b:c\", \"b\": \"a:d\"}}",
            "BadRequestData",
        ),
        ("{\"a\": \"http://a.example/a\"}", "InvalidRequest"),
        ("[]", "InvalidRequest"),
        ("{", "InvalidRequest"),
    ] {
        let reply = city.ask("POST", PATH, &[], Some(body)).await;
        assert_eq!(
            (reply.status, reply.error().as_str()),
            (400, error),
            "{body}: {}",
            reply.text()
        );
        assert!(!reply.headers.contains_key("location"));
    }
    assert_eq!(city.get(&format!("{PATH}?kind=Hosted")).await.json(), json!([]));
}

#[tokio::test]
async fn clause_5_13_4_copies_are_described_and_not_served() {
    let city = City::new();
    assert_eq!(
        city.get(&format!("{PATH}/{GIVEN_ID}?details=true")).await.status,
        404,
        "not used yet"
    );
    let tower = json!({"id": "urn:x:1", "type": "Tower", "@context": GIVEN}).to_string();
    let ld = [("content-type", "application/ld+json")];
    assert_eq!(
        city.ask("POST", "/ngsi-ld/v1/entities", &ld, Some(&tower))
            .await
            .status,
        201
    );

    let details = city.get(&format!("{PATH}/{GIVEN_ID}?details=true")).await.json();
    assert_eq!(
        (&details["kind"], &details["URL"], &details["numberOfHits"]),
        (&json!("Cached"), &json!(GIVEN), &json!(1))
    );
    let by_id = format!("{PATH}/{}", details["localId"].as_str().unwrap());
    for path in [format!("{PATH}/{GIVEN_ID}"), by_id.clone()] {
        let reply = city.get(&path).await;
        assert_eq!(
            (reply.status, reply.error().as_str()),
            (422, "OperationNotSupported"),
            "{path}"
        );
    }
    let listed = city.get(&format!("{PATH}?kind=Cached")).await.json();
    assert!(listed.as_array().unwrap().contains(&json!(GIVEN)), "{listed}");

    assert_eq!(
        city.ask("DELETE", &format!("{by_id}?reload=true"), &[], None)
            .await
            .status,
        204
    );
    assert_eq!(city.ask("DELETE", &by_id, &[], None).await.status, 204);
    assert_eq!(city.get(&by_id).await.status, 404);
}

#[tokio::test]
async fn clauses_5_13_3_to_5_13_5_what_is_wrong_is_said() {
    let city = City::new();
    let hosted = add(&city, &json!({"@context": {}})).await;
    let none = format!("{PATH}/urn:ngsi-ld:Context:none");
    let core = format!("{PATH}/{CORE}");
    for (method, target, status, error) in [
        ("GET", format!("{PATH}?details=other"), 400, "BadRequestData"),
        ("GET", format!("{PATH}?kind=other"), 400, "BadRequestData"),
        ("GET", none.clone(), 404, "ResourceNotFound"),
        ("GET", format!("{none}?details=true"), 404, "ResourceNotFound"),
        ("GET", core.clone(), 422, "OperationNotSupported"),
        ("GET", format!("{core}?details=true"), 200, ""),
        ("DELETE", none.clone(), 404, "ResourceNotFound"),
        ("DELETE", format!("{none}?reload=false"), 404, "ResourceNotFound"),
        ("DELETE", format!("{none}?reload=true"), 400, "BadRequestData"),
        ("DELETE", format!("{none}?reload=xxx"), 400, "BadRequestData"),
        ("DELETE", format!("{hosted}?reload=true"), 400, "BadRequestData"),
        ("DELETE", core.clone(), 400, "BadRequestData"),
        ("DELETE", format!("{core}?reload=true"), 204, ""),
    ] {
        let reply = city.ask(method, &target, &[], None).await;
        assert_eq!(
            (reply.status, reply.error().as_str()),
            (status, error),
            "{method} {target}"
        );
    }
}

#[tokio::test]
async fn clause_5_5_10_a_hosted_context_is_its_tenants() {
    let city = City::new();
    let body = json!({"@context": {"Tower": "http://b.example/Tower"}}).to_string();
    let (a, b) = ([("ngsild-tenant", "a")], [("ngsild-tenant", "b")]);
    let reply = city.ask("POST", PATH, &a, Some(&body)).await;
    assert_eq!(reply.status, 201);
    let location = reply.header("location").to_owned();
    for other in [&[][..], &b] {
        assert_eq!(city.ask("GET", &location, other, None).await.status, 404);
        assert_eq!(city.ask("DELETE", &location, other, None).await.status, 404);
        let listed = city.ask("GET", PATH, other, None).await;
        assert_eq!(listed.status, 200);
        assert!(!listed.text().contains(&location));
    }
    assert_eq!(city.ask("GET", &location, &a, None).await.status, 200);

    // What one tenant compiled is not there for another.
    let named = link(&format!("http://h.example{location}"));
    let create = |tenant: Option<&'static str>| {
        let mut headers = vec![("link", named.as_str())];
        headers.extend(tenant.map(|tenant| ("ngsild-tenant", tenant)));
        let body = json!({"id": "urn:x:1", "type": "Tower"}).to_string();
        let city = &city;
        async move {
            city.ask("POST", "/ngsi-ld/v1/entities", &headers, Some(&body))
                .await
                .status
        }
    };
    assert_eq!(create(Some("a")).await, 201);
    assert_eq!(create(Some("a")).await, 409);
    assert_eq!(create(None).await, 504);
    assert_eq!(create(Some("b")).await, 504);
}

#[tokio::test]
async fn clause_5_13_1_a_subscription_with_several_contexts_gets_one_url() {
    let city = City::new();
    let context = json!([GIVEN, {"Tower": "http://b.example/Tower"}]);
    let subscription = |id: &str| {
        json!({"id": id, "type": "Subscription", "entities": [{"type": "Tower"}], "@context": context,
            "notification": {"endpoint": {"uri": "http://a.example/n"}}})
        .to_string()
    };
    let ld = [("content-type", "application/ld+json")];
    for id in ["urn:s:1", "urn:s:2"] {
        let reply = city
            .ask("POST", "/ngsi-ld/v1/subscriptions", &ld, Some(&subscription(id)))
            .await;
        assert_eq!(reply.status, 201, "{}", reply.text());
    }
    let listed = city
        .get(&format!("{PATH}?kind=ImplicitlyCreated&details=true"))
        .await
        .json();
    assert_eq!(listed.as_array().unwrap().len(), 1, "both are the same: {listed}");
    let url = listed[0]["URL"].as_str().unwrap();
    assert_eq!(
        city.get("/ngsi-ld/v1/subscriptions/urn:s:2").await.json()["jsonldContext"],
        url
    );
    let path = url.strip_prefix("http://127.0.0.1:8080").unwrap();
    // The core @context is in every one (4.4).
    let served = city.get(path).await.json()["@context"].clone();
    assert_eq!(served.as_array().unwrap()[..2], context.as_array().unwrap()[..]);
    // What it names is read as it was meant.
    let stored = city
        .ask(
            "GET",
            "/ngsi-ld/v1/subscriptions/urn:s:1",
            &[("link", &link(url))],
            None,
        )
        .await
        .json();
    assert_eq!(stored["entities"][0]["type"], "Tower");
}

#[tokio::test]
async fn an_own_address_that_is_not_there_is_not_fetched() {
    let city = City::new();
    let location = add(&city, &json!({"@context": {"Tower": "http://b.example/Tower"}})).await;
    let own = format!("http://127.0.0.1:8080{location}");
    let query = "/ngsi-ld/v1/entities?type=Tower";
    let headers = link(&own);
    assert_eq!(
        city.ask("GET", query, &[("link", &headers)], None).await.status,
        200
    );
    let gone = format!("{own}0");
    let reply = city.ask("GET", query, &[("link", &link(&gone))], None).await;
    assert_eq!(
        (reply.status, reply.error().as_str()),
        (504, "LdContextNotAvailable")
    );
    assert!(
        reply
            .text()
            .contains("this server has no @context `urn:ngsi-ld:Context:"),
        "{}",
        reply.text()
    );
    // Hosted by the default tenant, it serves the others too.
    city.ask(
        "POST",
        "/ngsi-ld/v1/entities",
        &[("ngsild-tenant", "b")],
        Some(r#"{"id":"urn:a:1","type":"A"}"#),
    )
    .await;
    let other = [("link", headers.as_str()), ("ngsild-tenant", "b")];
    assert_eq!(city.ask("GET", query, &other, None).await.status, 200);
}
