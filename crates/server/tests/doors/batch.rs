//! Batch operations and queries by POST.

use crate::common::City;
use serde_json::{Value, json};

fn lamp(n: u32, power: u32) -> Value {
    json!({"id": format!("urn:ngsi-ld:Streetlight:{n}"), "type": "Streetlight", "power": {"type": "Property", "value": power}})
}

async fn batch(city: &City, operation: &str, items: &Value) -> (u16, Value) {
    let reply = city
        .post(&format!("/ngsi-ld/v1/entityOperations/{operation}"), items)
        .await;
    let body = if reply.body.is_empty() {
        Value::Null
    } else {
        reply.json()
    };
    (reply.status, body)
}

#[tokio::test]
async fn clauses_5_6_7_to_5_6_10_and_5_6_20() {
    let city = City::new();
    let (status, ids) = batch(&city, "create", &json!([lamp(1, 10), lamp(2, 10)])).await;
    assert_eq!(
        (status, ids),
        (
            201,
            json!(["urn:ngsi-ld:Streetlight:1", "urn:ngsi-ld:Streetlight:2"])
        )
    );

    let (status, result) = batch(&city, "create", &json!([lamp(2, 1), lamp(3, 10), {"id": "x"}, 7])).await;
    assert_eq!(status, 207);
    assert_eq!(result["success"], json!(["urn:ngsi-ld:Streetlight:3"]));
    let errors = result["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 3);
    assert_eq!(errors[0]["entityId"], "urn:ngsi-ld:Streetlight:2");
    assert_eq!(
        errors[0]["error"]["type"],
        "https://uri.etsi.org/ngsi-ld/errors/AlreadyExists"
    );
    assert_eq!(errors[0]["error"]["status"], 409);

    assert_eq!(
        batch(&city, "upsert", &json!([lamp(1, 20), lamp(2, 20)])).await.0,
        204
    );
    let (status, new) = batch(&city, "upsert", &json!([lamp(1, 30), lamp(4, 30)])).await;
    assert_eq!((status, new), (201, json!(["urn:ngsi-ld:Streetlight:4"])));

    let colour = json!([{"id": "urn:ngsi-ld:Streetlight:1", "type": "Streetlight", "colour": {"type": "Property", "value": "red"}}]);
    assert_eq!(batch(&city, "upsert?options=update", &colour).await.0, 204);
    let one = city
        .get("/ngsi-ld/v1/entities/urn:ngsi-ld:Streetlight:1?options=keyValues")
        .await
        .json();
    assert_eq!((&one["power"], &one["colour"]), (&json!(30), &json!("red")));
    assert_eq!(batch(&city, "upsert", &colour).await.0, 204);
    let one = city
        .get("/ngsi-ld/v1/entities/urn:ngsi-ld:Streetlight:1?options=keyValues")
        .await
        .json();
    assert_eq!(one.get("power"), None, "replace is the default");
    assert_eq!(batch(&city, "upsert?options=sideways", &colour).await.0, 400);

    let update = json!([lamp(1, 40), lamp(9, 40)]);
    let (status, result) = batch(&city, "update", &update).await;
    assert_eq!(
        (status, &result["errors"][0]["entityId"]),
        (207, &json!("urn:ngsi-ld:Streetlight:9"))
    );
    assert_eq!(result["errors"][0]["error"]["status"], 404);
    let (status, _) = batch(&city, "update?options=noOverwrite", &json!([lamp(1, 50)])).await;
    assert_eq!(status, 207);

    let merge = json!([{"id": "urn:ngsi-ld:Streetlight:1", "colour": "urn:ngsi-ld:null"}]);
    assert_eq!(batch(&city, "merge", &merge).await, (204, Value::Null));
    let one = city
        .get("/ngsi-ld/v1/entities/urn:ngsi-ld:Streetlight:1?options=keyValues")
        .await
        .json();
    assert_eq!((&one["power"], one.get("colour")), (&json!(40), None));

    let (status, result) = batch(
        &city,
        "delete",
        &json!(["urn:ngsi-ld:Streetlight:1", "urn:ngsi-ld:Streetlight:9", 7]),
    )
    .await;
    assert_eq!((status, result["errors"].as_array().unwrap().len()), (207, 2));
    assert_eq!(
        batch(&city, "delete", &json!(["urn:ngsi-ld:Streetlight:2"]))
            .await
            .0,
        204
    );
}

#[tokio::test]
async fn bodies_that_are_no_batch() {
    let city = City::new();
    for operation in ["create", "upsert", "update", "merge", "delete"] {
        for bad in [json!([]), json!({}), json!([null]), json!("x"), json!(null)] {
            let (status, body) = batch(&city, operation, &bad).await;
            assert_eq!(status, 400, "{operation} {bad}: {body}");
            assert_eq!(body["type"], "https://uri.etsi.org/ngsi-ld/errors/BadRequestData");
        }
    }
}

#[tokio::test]
async fn clause_6_3_5_each_item_has_its_own_context() {
    let city = City::new();
    let ld = [("content-type", "application/ld+json")];
    let context = json!("http://a.example/context.jsonld");
    let items = json!([
        {"id": "urn:t:1", "type": "Tower", "height": {"type": "Property", "value": 1}, "@context": context},
        {"id": "urn:t:2", "type": "Tower", "height": {"type": "Property", "value": 2}},
        {"id": "urn:t:3", "type": "Tower", "height": {"type": "Property", "value": 3}, "@context": "http://b.example/"},
    ]);
    let reply = city
        .ask(
            "POST",
            "/ngsi-ld/v1/entityOperations/create",
            &ld,
            Some(&items.to_string()),
        )
        .await;
    let result = reply.json();
    assert_eq!((reply.status, &result["success"]), (207, &json!(["urn:t:1"])));
    assert_eq!(result["errors"][0]["error"]["status"], 400, "no @context");
    assert_eq!(
        result["errors"][1]["error"]["status"], 504,
        "an @context that cannot be had"
    );
}

#[tokio::test]
async fn clause_5_2_23_queries_by_post() {
    let city = City::new();
    batch(&city, "create", &json!([lamp(1, 10), lamp(2, 20), lamp(3, 30)])).await;
    city.create(
        &json!({"id": "urn:ngsi-ld:Bench:1", "type": "Bench", "power": {"type": "Property", "value": 10}}),
    )
    .await;
    let path = "/ngsi-ld/v1/entityOperations/query";
    for (query, status, count) in [
        (
            json!({"type": "Query", "entities": [{"type": "Streetlight"}]}),
            200,
            3,
        ),
        (
            json!({"type": "Query", "entities": [{"type": "Streetlight", "id": "urn:ngsi-ld:Streetlight:1"}]}),
            200,
            1,
        ),
        (
            json!({"type": "Query", "entities": [{"type": "Streetlight", "idPattern": "1$"}, {"type": "Bench"}]}),
            200,
            2,
        ),
        (json!({"type": "Query", "entities": [{"type": "*"}]}), 200, 4),
        (json!({"type": "Query", "q": "power>=20"}), 200, 2),
        (
            json!({"type": "Query", "attrs": ["power"], "q": "power==10"}),
            200,
            2,
        ),
        (
            json!({"type": "Query", "entities": [{"type": "Streetlight"}], "pick": ["id"]}),
            200,
            3,
        ),
        (json!({"type": "Query"}), 400, 0),
        (json!({"entities": [{"type": "Streetlight"}]}), 400, 0),
        (json!({"type": "Query", "entities": []}), 400, 0),
        (json!({"type": "Query", "entities": [{"id": "urn:x:y"}]}), 400, 0),
        (
            json!({"type": "Query", "entities": [{"type": "A", "id": 7}]}),
            400,
            0,
        ),
        (json!({"type": "Query", "entities": 7}), 400, 0),
        (json!({"type": "Query", "attrs": []}), 400, 0),
        (json!({"type": "Query", "q": 7}), 400, 0),
        (json!({"type": "Query", "geoQ": {"georel": "near"}}), 400, 0),
        (json!([]), 400, 0),
    ] {
        let reply = city.post(path, &query).await;
        assert_eq!(reply.status, status, "{query}: {}", reply.text());
        if status == 200 {
            assert_eq!(reply.json().as_array().unwrap().len(), count, "{query}");
        }
    }
    let two = json!({"type": "Query", "entities": [{"type": "Streetlight"}, {"type": "Bench"}]});
    let page = city
        .post(&format!("{path}?limit=3&offset=2&count=true"), &two)
        .await;
    assert_eq!(
        (
            page.json().as_array().unwrap().len(),
            page.header("ngsild-results-count")
        ),
        (2, "4")
    );
    let near = json!({"type": "Query", "geoQ": {"georel": "near;maxDistance==10", "geometry": "Point", "coordinates": [0, 0]}});
    assert_eq!(city.post(path, &near).await.json(), json!([]));
}
