//! Temporal evolution over HTTP.

use crate::common::City;
use serde_json::{Value, json};

const TEMPORAL: &str = "/ngsi-ld/v1/temporal/entities";

fn reading(minute: u32, value: f64) -> Value {
    json!({"type": "Property", "value": value, "observedAt": format!("2026-04-01T10:{minute:02}:00Z")})
}

async fn sensor() -> City {
    let city = City::new();
    let evolution = json!({
        "id": "urn:ngsi-ld:Sensor:1", "type": "Sensor",
        "pm25": [reading(0, 1.0), reading(10, 2.0), reading(20, 3.0), reading(30, 6.0)],
        "noise": [reading(10, 60.0)]
    });
    let reply = city.post(TEMPORAL, &evolution).await;
    assert_eq!(
        (reply.status, reply.header("location")),
        (201, "/ngsi-ld/v1/temporal/entities/urn:ngsi-ld:Sensor:1")
    );
    city
}

fn values(instances: &Value) -> Vec<f64> {
    match instances {
        Value::Array(items) => items.iter().map(|item| item["value"].as_f64().unwrap()).collect(),
        Value::Null => Vec::new(),
        one => vec![one["value"].as_f64().unwrap()],
    }
}

#[tokio::test]
async fn clauses_5_6_11_and_5_6_12_created_and_added_to() {
    let city = sensor().await;
    let more = json!({"id": "urn:ngsi-ld:Sensor:1", "type": "Sensor", "pm25": [reading(40, 8.0)]});
    assert_eq!(city.post(TEMPORAL, &more).await.status, 204);
    let path = format!("{TEMPORAL}/urn:ngsi-ld:Sensor:1/attrs");
    assert_eq!(
        city.post(&path, &json!({"pm25": [reading(50, 9.0)]}))
            .await
            .status,
        204
    );
    assert_eq!(
        city.post(&path, &json!({"pm25": [reading(50, 9.0)]}))
            .await
            .status,
        204,
        "known already"
    );
    let unknown = city
        .post(&path.replace(":1", ":2"), &json!({"pm25": [reading(50, 9.0)]}))
        .await;
    assert_eq!(unknown.status, 404);
    let all = city.get(&format!("{TEMPORAL}/urn:ngsi-ld:Sensor:1")).await.json();
    assert_eq!(values(&all["pm25"]), [1.0, 2.0, 3.0, 6.0, 8.0, 9.0]);
    assert!(all["pm25"][0]["instanceId"].is_string(), "{all}");
    assert_eq!(
        city.get("/ngsi-ld/v1/entities/urn:ngsi-ld:Sensor:1").await.status,
        404,
        "only a history was given"
    );
    assert_eq!(
        city.ask("DELETE", &format!("{TEMPORAL}/urn:ngsi-ld:Sensor:1"), &[], None)
            .await
            .status,
        204
    );
    assert_eq!(
        city.get(&format!("{TEMPORAL}/urn:ngsi-ld:Sensor:1")).await.status,
        404
    );
}

#[tokio::test]
async fn clause_5_7_3_retrieved_by_time() {
    let city = sensor().await;
    for (query, status, expected) in [
        ("", 200, &[1.0, 2.0, 3.0, 6.0][..]),
        (
            "?timerel=after&timeAt=2026-04-01T10:10:00Z",
            200,
            &[2.0, 3.0, 6.0],
        ),
        ("?timerel=before&timeAt=2026-04-01T10:10:00Z", 200, &[1.0]),
        (
            "?timerel=between&timeAt=2026-04-01T10:10:00Z&endTimeAt=2026-04-01T10:30:00Z",
            200,
            &[2.0, 3.0],
        ),
        ("?lastN=2", 200, &[3.0, 6.0]),
        ("?attrs=pm25&lastN=1", 200, &[6.0]),
        ("?pick=noise", 200, &[]),
        ("?timerel=after&timeAt=2030-01-01T00:00:00Z", 200, &[]),
        ("?timerel=after", 400, &[]),
        ("?timerel=during&timeAt=2026-04-01T10:10:00Z", 400, &[]),
        ("?timerel=after&timeAt=yesterday", 400, &[]),
        ("?timerel=between&timeAt=2026-04-01T10:10:00Z", 400, &[]),
        ("?timeproperty=testedAt", 400, &[]),
        ("?lastN=0", 400, &[]),
        ("?lastN=1.5", 400, &[]),
        ("?options=aggregatedValues", 400, &[]),
        ("?options=aggregatedValues&aggrMethods=mean", 400, &[]),
        (
            "?options=aggregatedValues&aggrMethods=avg&aggrPeriodDuration=often",
            400,
            &[],
        ),
    ] {
        let reply = city.get(&format!("{TEMPORAL}/urn:ngsi-ld:Sensor:1{query}")).await;
        assert_eq!(reply.status, status, "{query}: {}", reply.text());
        if status == 200 {
            assert_eq!(
                values(&reply.json()["pm25"]),
                expected,
                "{query}: {}",
                reply.text()
            );
        }
    }
    assert_eq!(
        city.get(&format!("{TEMPORAL}/urn:ngsi-ld:Sensor:2")).await.status,
        404
    );
    let geo = city
        .ask(
            "GET",
            &format!("{TEMPORAL}/urn:ngsi-ld:Sensor:1"),
            &[("accept", "application/geo+json")],
            None,
        )
        .await;
    assert_eq!(geo.status, 406);
}

#[tokio::test]
async fn clauses_4_5_8_and_4_5_19_other_representations() {
    let city = sensor().await;
    let simple = city
        .get(&format!("{TEMPORAL}/urn:ngsi-ld:Sensor:1?format=temporalValues"))
        .await
        .json();
    assert_eq!(
        simple["pm25"]["values"][0],
        json!([1.0, "2026-04-01T10:00:00Z"]),
        "{simple}"
    );
    let all = "format=aggregatedValues&aggrMethods=avg,max,totalCount&timerel=between&timeAt=2026-04-01T10:00:00Z&endTimeAt=2026-04-01T11:00:00Z";
    let whole = city
        .get(&format!("{TEMPORAL}/urn:ngsi-ld:Sensor:1?{all}"))
        .await
        .json();
    let row = |value: Value| json!([[value, "2026-04-01T10:00:00Z", "2026-04-01T11:00:00Z"]]);
    assert_eq!(
        (&whole["pm25"]["avg"], &whole["pm25"]["max"]),
        (&row(json!(3)), &row(json!(6))),
        "{whole}"
    );
    assert_eq!(whole["noise"]["totalCount"], row(json!(1)));
    let halves = city
        .get(&format!(
            "{TEMPORAL}/urn:ngsi-ld:Sensor:1?{all}&aggrPeriodDuration=PT20M&attrs=pm25"
        ))
        .await
        .json();
    let means: Vec<_> = halves["pm25"]["avg"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row[0].clone())
        .collect();
    assert_eq!(means, [json!(1.5), json!(4.5)], "{halves}");
}

#[tokio::test]
async fn clause_5_7_4_queries() {
    let city = sensor().await;
    let second = json!({"id": "urn:ngsi-ld:Sensor:2", "type": "Sensor", "pm25": [reading(5, 50.0)],
        "location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [36.8, -1.3]}}});
    assert_eq!(city.post(TEMPORAL, &second).await.status, 201);
    let after = "timerel=after&timeAt=2026-04-01T10:00:00Z";
    for (query, status, count) in [
        (format!("type=Sensor&{after}"), 200, 2),
        (format!("type=Sensor&{after}&q=pm25==50"), 200, 1),
        (format!("type=Sensor&{after}&q=pm25==1"), 200, 1),
        (format!("type=Sensor&{after}&q=pm25==77"), 200, 0),
        (format!("type=Sensor&{after}&attrs=noise"), 200, 1),
        (format!("type=Sensor&{after}&id=urn:ngsi-ld:Sensor:2"), 200, 1),
        (
            "type=Sensor&timerel=after&timeAt=2026-04-01T10:06:00Z".to_owned(),
            200,
            1,
        ),
        (
            "type=Sensor&timerel=after&timeAt=2027-01-01T00:00:00Z".to_owned(),
            200,
            0,
        ),
        (format!("type=Vehicle&{after}"), 200, 0),
        (format!("type=Sensor&{after}&limit=1"), 200, 1),
        (format!("type=Sensor&{after}&limit=1&offset=1"), 200, 1),
        (format!("type=Sensor&{after}&limit=1&offset=2"), 200, 0),
        ("type=Sensor".to_owned(), 400, 0),
        (after.to_owned(), 400, 0),
    ] {
        let reply = city.get(&format!("{TEMPORAL}?{query}")).await;
        assert_eq!(reply.status, status, "{query}: {}", reply.text());
        if status == 200 {
            assert_eq!(
                reply.json().as_array().unwrap().len(),
                count,
                "{query}: {}",
                reply.text()
            );
        }
    }
    let page = city
        .get(&format!("{TEMPORAL}?type=Sensor&{after}&limit=1&count=true"))
        .await;
    assert_eq!(page.header("ngsild-results-count"), "2");
    assert!(page.header_all("link").contains("rel=\"next\""));

    let path = "/ngsi-ld/v1/temporal/entityOperations/query";
    let query = json!({"type": "Query", "entities": [{"type": "Sensor"}],
        "temporalQ": {"timerel": "after", "timeAt": "2026-04-01T10:06:00Z", "lastN": 1}});
    let reply = city.post(path, &query).await;
    assert_eq!(
        (reply.status, values(&reply.json()[0]["pm25"])),
        (200, vec![6.0]),
        "{}",
        reply.text()
    );
    let mut aggregated = query.clone();
    aggregated["temporalQ"] =
        json!({"timerel": "after", "timeAt": "2026-04-01T10:06:00Z", "aggrMethods": ["max"]});
    let reply = city
        .post(&format!("{path}?format=aggregatedValues"), &aggregated)
        .await;
    assert_eq!(reply.json()[0]["pm25"]["max"][0][0], 6, "{}", reply.text());
    let timeless = json!({"type": "Query", "entities": [{"type": "Sensor"}]});
    assert_eq!(city.post(path, &timeless).await.status, 400);
}

#[tokio::test]
async fn what_an_entity_was_is_its_history() {
    let city = City::new();
    city.create(
        &json!({"id": "urn:ngsi-ld:Lamp:1", "type": "Lamp", "power": {"type": "Property", "value": 0}}),
    )
    .await;
    for value in 1..=3 {
        city.clock.advance(1_000_000);
        let reply = city
            .patch(
                "/ngsi-ld/v1/entities/urn:ngsi-ld:Lamp:1",
                &json!({"power": {"type": "Property", "value": value}}),
            )
            .await;
        assert_eq!(reply.status, 204);
    }
    let history = city
        .get(&format!(
            "{TEMPORAL}/urn:ngsi-ld:Lamp:1?timeproperty=modifiedAt&lastN=100"
        ))
        .await
        .json();
    assert_eq!(values(&history["power"]), [0.0, 1.0, 2.0, 3.0], "{history}");
}
