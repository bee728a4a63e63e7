//! What nobody should send, and somebody will: never a 500, never a hang, always a reason.

use crate::common::City;
use serde_json::{Value, json};

const ENTITIES: &str = "/ngsi-ld/v1/entities";

/// Bodies that are no entity, by what is wrong with them.
fn bodies() -> Vec<(&'static str, Vec<u8>)> {
    let nested = |open: &str, close: &str, n: usize| format!("{}1{}", open.repeat(n), close.repeat(n));
    let entity =
        |attribute: &str| format!(r#"{{"id":"urn:ngsi-ld:A:1","type":"A",{attribute}}}"#).into_bytes();
    vec![
        ("nothing", Vec::new()),
        ("white space", b" \n\t".to_vec()),
        ("half", br#"{"id":"urn:ngsi-ld:A:1","#.to_vec()),
        ("null", b"null".to_vec()),
        ("a number", b"17".to_vec()),
        ("a string", b"\"x\"".to_vec()),
        ("an array", b"[]".to_vec()),
        ("two documents", b"{} {}".to_vec()),
        ("a comment", b"{/* x */}".to_vec()),
        (
            "a trailing comma",
            br#"{"id":"urn:ngsi-ld:A:1","type":"A",}"#.to_vec(),
        ),
        ("single quotes", b"{'id':'urn:ngsi-ld:A:1'}".to_vec()),
        ("NaN", entity(r#""a":{"type":"Property","value":NaN}"#)),
        ("infinity", entity(r#""a":{"type":"Property","value":1e999}"#)),
        (
            "a BOM",
            b"\xef\xbb\xbf{\"id\":\"urn:ngsi-ld:A:1\",\"type\":\"A\"}".to_vec(),
        ),
        (
            "UTF-16",
            "{\"id\":\"urn:ngsi-ld:A:1\"}"
                .encode_utf16()
                .flat_map(u16::to_le_bytes)
                .collect(),
        ),
        (
            "bytes that are not UTF-8",
            entity("\"a\":{\"type\":\"Property\",\"value\":\"\u{0}\"}")
                .iter()
                .map(|b| if *b == 0 { 0xff } else { *b })
                .collect(),
        ),
        (
            "half a surrogate",
            entity(r#""a":{"type":"Property","value":"\ud800"}"#),
        ),
        (
            "a key twice",
            entity(r#""a":{"type":"Property","value":1},"a":{"type":"Property","value":2}"#),
        ),
        ("too deep an array", nested("[", "]", 65).into_bytes()),
        ("too deep an object", nested("{\"a\":", "}", 65).into_bytes()),
        ("far too deep", "[".repeat(500_000).into_bytes()),
        (
            "deep inside a value",
            entity(&format!(
                r#""a":{{"type":"Property","value":{}}}"#,
                nested("[", "]", 100)
            )),
        ),
        ("no id", br#"{"type":"A"}"#.to_vec()),
        ("no type", br#"{"id":"urn:ngsi-ld:A:1"}"#.to_vec()),
        ("an empty type", br#"{"id":"urn:ngsi-ld:A:1","type":""}"#.to_vec()),
        (
            "an empty type list",
            br#"{"id":"urn:ngsi-ld:A:1","type":[]}"#.to_vec(),
        ),
        (
            "a number for a type",
            br#"{"id":"urn:ngsi-ld:A:1","type":7}"#.to_vec(),
        ),
        ("an id that is no URI", br#"{"id":"A1","type":"A"}"#.to_vec()),
        (
            "an id with a line end",
            br#"{"id":"urn:a:\r\nX-Evil: 1","type":"A"}"#.to_vec(),
        ),
        ("an object for an id", br#"{"id":{},"type":"A"}"#.to_vec()),
        ("a null attribute", entity(r#""a":null"#)),
        ("a Property without value", entity(r#""a":{"type":"Property"}"#)),
        (
            "a Property of null",
            entity(r#""a":{"type":"Property","value":null}"#),
        ),
        ("an unknown kind", entity(r#""a":{"type":"Propperty","value":1}"#)),
        (
            "a Relationship to no URI",
            entity(r#""a":{"type":"Relationship","object":"x y"}"#),
        ),
        (
            "a Relationship without object",
            entity(r#""a":{"type":"Relationship"}"#),
        ),
        (
            "a geometry that is none",
            entity(r#""a":{"type":"GeoProperty","value":{"type":"Point","coordinates":["x","y"]}}"#),
        ),
        (
            "a geometry without coordinates",
            entity(r#""a":{"type":"GeoProperty","value":{"type":"Point"}}"#),
        ),
        (
            "an open ring",
            entity(
                r#""a":{"type":"GeoProperty","value":{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1]]]}}"#,
            ),
        ),
        (
            "a LanguageProperty of a list",
            entity(r#""a":{"type":"LanguageProperty","languageMap":[1]}"#),
        ),
        (
            "a time that is none",
            entity(r#""a":{"type":"Property","value":1,"observedAt":"yesterday"}"#),
        ),
        (
            "a number for a time",
            entity(r#""a":{"type":"Property","value":1,"observedAt":7}"#),
        ),
        (
            "a datasetId that is no URI",
            entity(r#""a":{"type":"Property","value":1,"datasetId":"x"}"#),
        ),
        (
            "one datasetId twice",
            entity(r#""a":[{"type":"Property","value":1},{"type":"Property","value":2}]"#),
        ),
        ("an empty list of instances", entity(r#""a":[]"#)),
        (
            "an empty attribute name",
            entity(r#""":{"type":"Property","value":1}"#),
        ),
    ]
}

#[tokio::test]
async fn no_body_makes_the_server_fail() {
    let city = City::new();
    city.create(&json!({"id": "urn:ngsi-ld:B:1", "type": "B", "a": {"type": "Property", "value": 1}}))
        .await;
    let doors = [
        ("POST", ENTITIES, true),
        ("PUT", "/ngsi-ld/v1/entities/urn:ngsi-ld:A:1", false),
        ("PATCH", "/ngsi-ld/v1/entities/urn:ngsi-ld:B:1", false),
        ("POST", "/ngsi-ld/v1/entities/urn:ngsi-ld:B:1/attrs", false),
        ("PATCH", "/ngsi-ld/v1/entities/urn:ngsi-ld:B:1/attrs", false),
        ("PATCH", "/ngsi-ld/v1/entities/urn:ngsi-ld:B:1/attrs/a", false),
        ("PUT", "/ngsi-ld/v1/entities/urn:ngsi-ld:B:1/attrs/a", false),
        ("POST", "/ngsi-ld/v1/entityOperations/create", false),
        ("POST", "/ngsi-ld/v1/entityOperations/upsert", false),
        ("POST", "/ngsi-ld/v1/entityOperations/update", false),
        ("POST", "/ngsi-ld/v1/entityOperations/merge", false),
        ("POST", "/ngsi-ld/v1/entityOperations/delete", false),
        ("POST", "/ngsi-ld/v1/entityOperations/query", false),
        ("POST", "/ngsi-ld/v1/temporal/entities", false),
        (
            "POST",
            "/ngsi-ld/v1/temporal/entities/urn:ngsi-ld:B:1/attrs",
            false,
        ),
        ("POST", "/ngsi-ld/v1/temporal/entityOperations/query", false),
    ];
    let accepted_by_design = [
        "an unknown kind",
        "one datasetId twice",
        "an empty list of instances",
    ];
    for (what, body) in bodies() {
        for (method, path, must_refuse) in doors {
            let reply = city.ask_bytes(method, path, &[], Some(&body)).await;
            assert!(
                reply.status < 500,
                "{what} to {method} {path}: {} {}",
                reply.status,
                reply.text()
            );
            assert!(!reply.headers.contains_key("x-evil"), "{what}");
            if must_refuse && !accepted_by_design.contains(&what) {
                assert_eq!(reply.status, 400, "{what} to {method} {path}: {}", reply.text());
                let detail = reply.json()["detail"].as_str().unwrap_or("").to_owned();
                assert!(detail.len() > 10 && detail.len() < 2000, "{what}: {detail}");
            }
        }
    }
    let survivors = city.get("/ngsi-ld/v1/entities?type=B&options=keyValues").await;
    assert_eq!(survivors.status, 200);
}

#[tokio::test]
async fn no_address_makes_the_server_fail() {
    let city = City::new();
    let long = format!("/ngsi-ld/v1/entities?q={}", "(".repeat(10_000));
    let alternatives = format!("/ngsi-ld/v1/entities?type={}", "A%7C".repeat(5_000));
    let patterns = "/ngsi-ld/v1/entities?type=A&idPattern=(a%7B1000%7D)%7B1000%7D";
    let slow = "/ngsi-ld/v1/entities?q=a~=%22(x%2B)%2B%2B%2By%22";
    for target in [
        "/ngsi-ld/v1/entities/%00",
        "/ngsi-ld/v1/entities/%FF%FE",
        "/ngsi-ld/v1/entities/..%2F..%2Fetc%2Fpasswd",
        "/ngsi-ld/v1/entities/urn:a:b/attrs/%F0%9F%98%80",
        "/ngsi-ld/v1/entities?type=%FF",
        "/ngsi-ld/v1/entities?type=A&q=%00",
        "/ngsi-ld/v1/entities?type=A&limit=%20%20",
        "/ngsi-ld/v1/entities?type=A&georel=near;maxDistance==1e400&geometry=Point&coordinates=[0,0]",
        "/ngsi-ld/v1/entities?type=A&georel=near;maxDistance==1&geometry=Point&coordinates=[1e400,0]",
        "/ngsi-ld/v1/entities?type=A&georel=within&geometry=Polygon&coordinates=[[[]]]",
        "/ngsi-ld/v1/entities?&&&=&=&type",
        "/ngsi-ld/v1/temporal/entities?type=A&timerel=after&timeAt=9999999999-01-01T00:00:00Z",
        "/ngsi-ld/v1/temporal/entities?type=A&timerel=before&timeAt=-9999-01-01T00:00:00Z&lastN=99999999999999999999",
        "/ngsi-ld/v1/types/%20",
        "/kpi/assessment?period=%FF",
        "/kpi/assessment?format=exe",
        &long,
        &alternatives,
        patterns,
        slow,
    ] {
        let reply = city.get(target).await;
        assert!(
            reply.status < 500,
            "{}: {} {}",
            &target[..target.len().min(80)],
            reply.status,
            reply.text()
        );
    }
    for headers in [
        [("link", "<>; rel=\"http://www.w3.org/ns/json-ld#context\"")],
        [(
            "link",
            "<file:///etc/passwd>; rel=\"http://www.w3.org/ns/json-ld#context\"",
        )],
        [(
            "link",
            "<http://127.0.0.1:1/>; rel=\"http://www.w3.org/ns/json-ld#context\"",
        )],
        [("link", ";;;;")],
        [("accept", ";;;,,,q=")],
        [("prefer", "body=json;;;")],
        [("ngsild-tenant", "")],
    ] {
        let reply = city
            .ask("GET", "/ngsi-ld/v1/entities?type=A", &headers, None)
            .await;
        assert!(
            reply.status < 500 || reply.status == 504,
            "{headers:?}: {} {}",
            reply.status,
            reply.text()
        );
    }
}

#[tokio::test]
async fn sizes_have_limits() {
    let city = City::with(|config| {
        config.max_entity_bytes = 1000;
        config.max_batch_bytes = 5000;
        config.max_import_bytes = 8000;
    });
    let entity = |n: usize| json!({"id": "urn:ngsi-ld:A:1", "type": "A", "a": {"type": "Property", "value": "x".repeat(n)}});
    assert_eq!(city.post(ENTITIES, &entity(100)).await.status, 201);
    let large = city.post(ENTITIES, &entity(2000)).await;
    assert_eq!((large.status, large.json()["status"].as_u64()), (413, Some(413)));
    let upsert = "/ngsi-ld/v1/entityOperations/upsert";
    assert_eq!(city.post(upsert, &json!([entity(100)])).await.status, 204);
    let large = city
        .post(upsert, &json!([entity(100), entity(2000), entity(500)]))
        .await;
    assert_eq!(large.status, 207, "{}", large.text());
    let result = large.json();
    assert_eq!(result["success"].as_array().unwrap().len(), 2);
    assert_eq!(result["errors"][0]["error"]["status"], 413, "{result}");
    assert!(
        result["errors"][0]["error"]["detail"]
            .as_str()
            .unwrap()
            .contains("`/1`")
    );
    assert_eq!(city.post(upsert, &json!([entity(6000)])).await.status, 413);
    let file = json!([entity(9000)]).to_string();
    let import = city
        .ask(
            "POST",
            "/imports/entities",
            &[("content-type", "application/octet-stream")],
            Some(&file),
        )
        .await;
    assert_eq!(import.status, 413, "{}", import.text());

    let request = axum::http::Request::post(ENTITIES).header("content-type", "application/json");
    let lying = request
        .header("content-length", "10")
        .body(axum::body::Body::from(entity(2000).to_string()))
        .unwrap();
    assert_eq!(
        city.send(lying).await.status,
        413,
        "a length that lies does not help"
    );
}

#[tokio::test]
async fn paths_and_methods_that_are_not_there() {
    let city = City::new();
    let reply = city.get("/ngsi-ld/v1/nothing").await;
    assert_eq!(
        (reply.status, reply.header("content-type")),
        (404, "application/json")
    );
    assert!(reply.json()["detail"].as_str().unwrap().contains("/openapi.json"));
    let reply = city.get("/nothing").await;
    assert_eq!(
        (reply.status, reply.header("content-type")),
        (404, "application/problem+json")
    );
    let page = city
        .ask("GET", "/nothing", &[("accept", "text/html,*/*;q=0.8")], None)
        .await;
    assert_eq!(page.status, 404);
    assert!(
        page.header("content-type").starts_with("text/html"),
        "{}",
        page.text()
    );

    let reply = city.ask("PUT", ENTITIES, &[], None).await;
    assert_eq!(
        (reply.status, reply.header("content-type")),
        (405, "application/json")
    );
    let allow: Value = reply
        .header_all("allow")
        .split(',')
        .map(str::trim)
        .collect::<Vec<_>>()
        .into();
    assert!(
        allow.as_array().unwrap().contains(&json!("POST"))
            && allow.as_array().unwrap().contains(&json!("GET")),
        "{allow}"
    );
    assert!(reply.json()["detail"].as_str().unwrap().contains("PUT"));
    for method in ["PUT", "PATCH"] {
        let reply = city.ask(method, &format!("{ENTITIES}/"), &[], None).await;
        assert_eq!(
            (reply.status, reply.error().as_str()),
            (400, "BadRequestData"),
            "{method}"
        );
    }
}
