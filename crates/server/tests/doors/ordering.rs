//! Ordered answers (4.23) over HTTP. Cases name clauses of ETSI GS CIM 009 V1.9.1.

use crate::common::City;
use serde_json::{Value, json};

const ENTITIES: &str = "/ngsi-ld/v1/entities";
const QUERY: &str = "/ngsi-ld/v1/entityOperations/query";

async fn town() -> City {
    let city = City::new();
    for (n, name, people, lon) in [
        (1, "Ähre", 30, 36.9),
        (2, "Zebra", 10, 36.7),
        (3, "adler", 30, 37.5),
        (4, "Azer", 20, 36.8),
    ] {
        city.create(&json!({
            "id": format!("urn:ngsi-ld:Ward:{n}"),
            "type": "Ward",
            "name": name,
            "people": {"value": people, "observedAt": format!("2026-01-0{n}T00:00:00Z")},
            "address": {"value": {"city": name}},
            "location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [lon, -1.3]}}
        }))
        .await;
    }
    city
}

fn ids(json: &Value) -> String {
    let ids = json.as_array().unwrap().iter();
    ids.map(|entity| entity["id"].as_str().unwrap().rsplit(':').next().unwrap())
        .collect::<Vec<_>>()
        .join(" ")
}

#[tokio::test]
async fn clause_4_23_3_ordered_by_get() {
    let city = town().await;
    for (order, expected) in [
        ("orderBy=name", "3 1 4 2"), // adler, Ähre, Azer, Zebra in the root collation
        ("orderBy=name;desc", "2 4 1 3"),
        ("orderBy=name&collation=de-u-co-phonebk", "3 1 4 2"),
        ("orderBy=name&collation=sv", "3 4 2 1"),
        ("orderBy=people,name", "2 4 3 1"),
        ("orderBy=people;desc,name;desc", "1 3 4 2"),
        ("orderBy=people.observedAt;desc", "4 3 2 1"),
        ("orderBy=address%5Bcity%5D", "3 1 4 2"),
        ("orderBy=id;desc", "4 3 2 1"),
        ("orderBy=createdAt;desc,id", "4 3 2 1"),
        ("orderBy=location;dist-asc&orderFrom=%5B36.81,-1.3%5D", "4 1 2 3"),
        ("orderBy=location;dist-desc&orderFrom=%5B36.86,-1.3%5D", "3 2 4 1"),
        ("orderBy=name&limit=2&offset=1", "1 4"),
        ("orderBy=name&local=true&limit=1", "3"),
    ] {
        let reply = city.get(&format!("{ENTITIES}?type=Ward&{order}")).await;
        assert_eq!(reply.status, 200, "{order}: {}", reply.text());
        assert_eq!(ids(&reply.json()), expected, "{order}");
    }
    let first = city
        .get(&format!("{ENTITIES}?type=Ward&orderBy=name&limit=2&count=true"))
        .await;
    assert_eq!(first.header("ngsild-results-count"), "4");
    assert!(
        first.header_all("link").contains("orderBy=name"),
        "{}",
        first.header_all("link")
    );
}

#[tokio::test]
async fn clause_5_7_2_4_bad_orderings() {
    let city = town().await;
    for bad in [
        "orderBy=location;dist-asc",
        "orderBy=location;dist-asc&orderFrom=8,40",
        "orderBy=location;dist-asc&orderFrom=%5B8,40%5D&orderGeometry=Polygon",
        "orderBy=name;up",
        "orderBy=name,,people",
        "orderBy=name&collation=!!nope",
        "orderBy=name&collation=de-u-co-nothing",
        "collation=!!nope",
    ] {
        let reply = city.get(&format!("{ENTITIES}?type=Ward&{bad}")).await;
        assert_eq!(
            (reply.status, reply.error().as_str()),
            (400, "BadRequestData"),
            "{bad}"
        );
    }
}

#[tokio::test]
async fn clause_5_2_43_ordered_by_post() {
    let city = town().await;
    let query = |ordering: Value| json!({"type": "Query", "entities": [{"type": "Ward"}, {"type": "Other"}], "ordering": ordering});
    for (ordering, expected) in [
        (json!({"orderBy": ["people;desc", "name"]}), "3 1 4 2"),
        (
            json!({"orderBy": ["location;dist-asc"], "coordinates": [[37.5, -1.3], [37.5, -1.4]], "geometry": "LineString"}),
            "3 1 4 2",
        ),
    ] {
        let reply = city.post(QUERY, &query(ordering)).await;
        assert_eq!((reply.status, ids(&reply.json()).as_str()), (200, expected));
    }
    let reply = city.post(QUERY, &query(json!({"orderBy": []}))).await;
    assert_eq!(reply.status, 400);
}

#[tokio::test]
async fn clause_5_7_4_4_histories_by_id_only() {
    let city = town().await;
    let path = "/ngsi-ld/v1/temporal/entities?type=Ward&timerel=after&timeAt=2020-01-01T00:00:00Z&timeproperty=modifiedAt";
    let reply = city.get(&format!("{path}&orderBy=id;desc")).await;
    assert_eq!(
        (reply.status, ids(&reply.json()).as_str()),
        (200, "4 3 2 1"),
        "{}",
        reply.text()
    );
    for bad in ["name", "createdAt", "id,name", "id&collation=!!"] {
        let reply = city.get(&format!("{path}&orderBy={bad}")).await;
        assert_eq!(
            (reply.status, reply.error().as_str()),
            (400, "BadRequestData"),
            "{bad}"
        );
    }
}
