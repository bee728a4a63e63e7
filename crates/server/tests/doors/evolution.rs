//! Evolutions over HTTP: corrections (5.6.13 to 5.6.15), parts (6.3.10), Scopes and deletions over time, conflicts.

use serde_json::{Value, json};

use crate::common::City;

const TEMPORAL: &str = "/ngsi-ld/v1/temporal/entities";
const SENSOR: &str = "/ngsi-ld/v1/temporal/entities/urn:ngsi-ld:Sensor:1";

fn reading(minute: u32, value: i64) -> Value {
    json!({"type": "Property", "value": value, "observedAt": format!("2026-04-01T10:{minute:02}:00Z")})
}

/// `most`: as many instances as one answer holds.
async fn city(most: usize) -> City {
    let city = City::with(|config| config.max_evolution_instances = most);
    let pm25: Vec<Value> = (0..20).map(|n| reading(n, i64::from(n))).collect();
    let noise: Vec<Value> = (10..25).map(|n| reading(n, 60)).collect();
    let evolution = json!({"id": "urn:ngsi-ld:Sensor:1", "type": "Sensor", "pm25": pm25, "noise": noise});
    assert_eq!(city.post(TEMPORAL, &evolution).await.status, 201);
    let other = json!({"id": "urn:ngsi-ld:Sensor:2", "type": "Sensor", "noise": [reading(40, 70)]});
    assert_eq!(city.post(TEMPORAL, &other).await.status, 201);
    city
}

fn values(instances: &Value) -> Vec<i64> {
    let list = instances.as_array().cloned().unwrap_or_default();
    list.iter().map(|one| one["value"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn clause_6_3_10_parts() {
    let city = city(12).await;
    let after = "timerel=after&timeAt=2026-04-01T09:00:00Z";
    let between = "timerel=between&timeAt=2026-04-01T09:00:00Z&endTimeAt=2026-04-01T12:00:00Z";
    let before = "timerel=before&timeAt=2026-04-01T12:00:00Z";
    let minute = |n: u32| format!("2026-04-01T10:{n:02}:00Z");
    // 10 of the first alone, then two at a time: 10 + 2 = 12 up to minute 10.
    let early: Vec<i64> = (0..=10).collect();
    for (query, start) in [
        (String::new(), minute(0)),
        (format!("?{after}"), "2026-04-01T09:00:00Z".to_owned()),
        (format!("?{between}"), "2026-04-01T09:00:00Z".to_owned()),
        (format!("?{before}"), minute(0)),
    ] {
        let reply = city.get(&format!("{SENSOR}{query}")).await;
        assert_eq!(reply.status, 206, "{query}: {}", reply.text());
        let range = format!("DateTime {start}-{}/*", minute(10));
        assert_eq!(reply.header("content-range"), range, "{query}");
        let body = reply.json();
        assert_eq!(values(&body["pm25"]), early, "{query}");
        assert_eq!(values(&body["noise"]), [60], "{query}");
    }
    // From the end: 5 of the second alone (20 to 24), then two at a time back to 17.
    for (query, start) in [
        ("?lastN=20".to_owned(), minute(24)),
        (format!("?lastN=20&{after}"), minute(24)),
        (format!("?lastN=20&{between}"), "2026-04-01T12:00:00Z".to_owned()),
        (format!("?lastN=20&{before}"), "2026-04-01T12:00:00Z".to_owned()),
    ] {
        let reply = city.get(&format!("{SENSOR}{query}")).await;
        assert_eq!(reply.status, 206, "{query}: {}", reply.text());
        let range = format!("DateTime {start}-{}/20", minute(17));
        assert_eq!(reply.header("content-range"), range, "{query}");
        let body = reply.json();
        assert_eq!(values(&body["pm25"]), [17, 18, 19], "{query}");
        assert_eq!(values(&body["noise"]).len(), 8, "{query}");
    }
    // What fits comes at once; an attribute without instances in the part is there, and empty.
    let reply = city.get(&format!("{SENSOR}?lastN=5")).await;
    assert_eq!((reply.status, reply.header("content-range")), (200, ""));
    let reply = city
        .get(&format!("{TEMPORAL}?type=Sensor&{after}&options=temporalValues"))
        .await;
    assert_eq!(reply.status, 206);
    let body = reply.json();
    assert_eq!(body[0]["pm25"]["values"].as_array().unwrap().len(), 11);
    assert_eq!(
        (&body[1]["id"], &body[1]["noise"]),
        (&json!("urn:ngsi-ld:Sensor:2"), &json!([])),
        "{body}"
    );
    // The client goes on from there, and in the end has seen everything once.
    let (mut seen, mut from) = (Vec::new(), "2026-04-01T09:00:00Z".to_owned());
    for _ in 0..9 {
        let reply = city
            .get(&format!("{SENSOR}?timerel=after&timeAt={from}&attrs=pm25,noise"))
            .await;
        let body = reply.json();
        for attribute in ["pm25", "noise"] {
            for one in body[attribute].as_array().into_iter().flatten() {
                seen.push(one["instanceId"].to_string());
            }
        }
        if reply.status == 200 {
            break;
        }
        let range = reply.header("content-range").to_owned();
        let reached = range
            .trim_end_matches("/*")
            .rsplit_once("Z-")
            .unwrap()
            .1
            .to_owned();
        from = reached.replace('Z', ".000001Z");
    }
    seen.sort();
    let all = seen.len();
    seen.dedup();
    assert_eq!((seen.len(), all), (35, 35));
    // Aggregates are not cut.
    let reply = city
        .get(&format!(
            "{SENSOR}?options=aggregatedValues&aggrMethods=totalCount"
        ))
        .await;
    assert_eq!(
        (reply.status, &reply.json()["pm25"]["totalCount"][0][0]),
        (200, &json!(20))
    );
}

#[tokio::test]
async fn clause_5_6_13_an_attribute_of_the_evolution_is_deleted() {
    let city = city(100).await;
    let set = json!({"pm25": [{"type": "Property", "value": 1, "datasetId": "urn:ngsi-ld:Dataset:x", "observedAt": "2026-04-01T10:00:00Z"}]});
    assert_eq!(city.post(&format!("{SENSOR}/attrs"), &set).await.status, 204);
    for (path, status) in [
        ("not-a-uri/attrs/pm25", 400),
        ("urn:ngsi-ld:Sensor:1/attrs/pm(25", 400),
        ("urn:ngsi-ld:Sensor:1/attrs/%2e%2e", 400),
        ("urn:ngsi-ld:Sensor:1/attrs/%252e%252e", 400),
        ("urn:ngsi-ld:Sensor:1/attrs/pm25?datasetId=nothing", 400),
        ("urn:ngsi-ld:Sensor:1/attrs/pm25?deleteAll=perhaps", 400),
        ("urn:ngsi-ld:Sensor:9/attrs/pm25", 404),
        ("urn:ngsi-ld:Sensor:1/attrs/pm10", 404),
        (
            "urn:ngsi-ld:Sensor:1/attrs/pm25?datasetId=urn:ngsi-ld:Dataset:y",
            404,
        ),
        ("urn:ngsi-ld:Sensor:1/attrs/pm25", 204),
        ("urn:ngsi-ld:Sensor:1/attrs/pm25", 404),
        (
            "urn:ngsi-ld:Sensor:1/attrs/pm25?datasetId=urn:ngsi-ld:Dataset:x",
            204,
        ),
        ("urn:ngsi-ld:Sensor:1/attrs/noise?deleteAll=true", 204),
    ] {
        let reply = city.ask("DELETE", &format!("{TEMPORAL}/{path}"), &[], None).await;
        assert_eq!(reply.status, status, "{path}: {}", reply.text());
    }
    let left = city.get(SENSOR).await.json();
    assert!(
        left.get("pm25").is_none() && left.get("noise").is_none(),
        "{left}"
    );
}

#[tokio::test]
async fn clauses_5_6_14_and_5_6_15_one_instance() {
    let city = city(100).await;
    let before = city.get(&format!("{SENSOR}?options=sysAttrs")).await.json();
    let was = &before["pm25"][3];
    let instance = was["instanceId"].as_str().unwrap();
    let path = format!("{SENSOR}/attrs/pm25/{instance}");
    city.clock.advance(5_000_000);
    for (body, status) in [
        (json!({"pm25": [reading(3, 1), reading(4, 2)]}), 400),
        (json!({"pm25": []}), 400),
        (json!({"pm25": [reading(3, 1)], "noise": [reading(3, 1)]}), 400),
        (json!({"pm25": [{"type": "Property"}]}), 400),
        (json!({"pm25": [reading(3, 333)]}), 204),
    ] {
        let reply = city.patch(&path, &body).await;
        assert_eq!(reply.status, status, "{body}: {}", reply.text());
    }
    let after = city.get(&format!("{SENSOR}?options=sysAttrs")).await.json();
    let is = &after["pm25"][3];
    assert_eq!(
        (&is["value"], &is["instanceId"]),
        (&json!(333), &was["instanceId"])
    );
    assert_eq!(is["createdAt"], was["createdAt"]);
    assert_ne!(is["modifiedAt"], was["modifiedAt"]);
    assert_eq!(after["pm25"].as_array().unwrap().len(), 20);
    // The instance alone is understood too.
    assert_eq!(city.patch(&path, &reading(3, 334)).await.status, 204);
    for (other, status) in [
        ("attrs/pm25/nothing", 400),
        ("attrs/pm(25/urn:ngsi-ld:Instance:1", 400),
        ("attrs/pm25/urn:ngsi-ld:Instance:1", 404),
        ("attrs/pm10/urn:ngsi-ld:Instance:1", 404),
    ] {
        let target = format!("{SENSOR}/{other}");
        let attribute = other.split('/').nth(1).unwrap();
        let body = json!({attribute: [reading(3, 1)]});
        assert_eq!(city.patch(&target, &body).await.status, status, "{other}");
        let reply = city.ask("DELETE", &target, &[], None).await;
        assert_eq!(reply.status, status, "{other}");
    }
    assert_eq!(city.ask("DELETE", &path, &[], None).await.status, 204);
    assert_eq!(city.ask("DELETE", &path, &[], None).await.status, 404);
    let left = city.get(SENSOR).await.json();
    let expected: Vec<i64> = (0..20).filter(|n| *n != 3).collect();
    assert_eq!(values(&left["pm25"]), expected);
}

#[tokio::test]
async fn clauses_5_2_44_and_5_7_4_aggregation_by_post() {
    let city = city(100).await;
    let path = "/ngsi-ld/v1/temporal/entityOperations/query";
    let after = json!({"timerel": "after", "timeAt": "2026-04-01T10:00:00Z"});
    let with = |more: Value| {
        let mut query = after.clone();
        for (key, value) in more.as_object().unwrap() {
            query[key] = value.clone();
        }
        json!({"type": "Query", "entities": [{"type": "Sensor"}], "temporalQ": query})
    };
    let params = |more: Value| json!({"type": "Query", "entities": [{"type": "Sensor"}], "temporalQ": after, "aggrParams": more});
    for (body, status) in [
        (with(json!({"aggrMethods": ["max", "min"]})), 200),
        (with(json!({"aggrMethods": "max,min"})), 200),
        (params(json!({"aggrMethods": "max,min"})), 200),
        (
            params(json!({"aggrMethods": ["max", "min"], "aggrPeriodDuration": "PT0S"})),
            200,
        ),
        (with(json!({"aggrMethods": ["mean"]})), 400),
        (
            with(json!({"aggrMethods": ["max"], "aggrPeriodDuration": "bogus"})),
            400,
        ),
        (with(json!({"aggrMethods": 5})), 400),
        (params(json!({"aggrPeriodDuration": "PT1H"})), 400),
        (params(json!(["max"])), 400),
        (with(json!({"lastN": 2.5})), 400),
        (with(json!({"lastN": "2"})), 400),
        (with(json!({"lastN": -2})), 400),
    ] {
        let reply = city.post(path, &body).await;
        assert_eq!(reply.status, status, "{body}: {}", reply.text());
        if status == 200 {
            let found = reply.json();
            let pm25 = &found[0]["pm25"];
            assert_eq!(
                (&pm25["max"][0][0], &pm25["min"][0][0]),
                (&json!(19), &json!(0)),
                "{body}: {found}"
            );
        } else {
            assert_eq!(reply.error(), "BadRequestData", "{body}");
        }
    }
    // Periods of the calendar, counted from the start of the time that is asked for, or from the first instance.
    let months = "options=aggregatedValues&aggrMethods=totalCount&aggrPeriodDuration=P1M";
    for (time, start, end) in [
        (
            "timerel=after&timeAt=2026-01-31T00:00:00Z",
            "2026-03-31T00:00:00Z",
            "2026-04-30T00:00:00Z",
        ),
        (
            "timerel=before&timeAt=2027-01-31T00:00:00Z",
            "2026-04-01T10:00:00Z",
            "2026-05-01T10:00:00Z",
        ),
    ] {
        let found = city.get(&format!("{SENSOR}?{months}&{time}")).await.json();
        assert_eq!(
            found["pm25"]["totalCount"],
            json!([[20, start, end]]),
            "{time}: {found}"
        );
    }
}

#[tokio::test]
async fn clauses_4_18_and_5_7_4_scopes_over_time() {
    let city = City::new();
    let scope = |text: &str, hour: u32| json!({"type": "Property", "value": text, "observedAt": format!("2026-03-01T{hour:02}:00:00Z")});
    let speed = |value: i64, hour: u32| json!({"type": "Property", "value": value, "observedAt": format!("2026-03-01T{hour:02}:30:00Z")});
    let car = json!({"id": "urn:ngsi-ld:Car:1", "type": "Car",
        "scope": [scope("/North/A", 10), scope("/South", 12)],
        "speed": [speed(1, 9), speed(2, 11), speed(3, 13)]});
    assert_eq!(city.post(TEMPORAL, &car).await.status, 201);
    for (scope, time, expected) in [
        ("/North/%23", "timerel=after&timeAt=2026-03-01T00:00:00Z", vec![2]),
        ("/South", "timerel=after&timeAt=2026-03-01T00:00:00Z", vec![3]),
        ("/South", "timerel=before&timeAt=2026-03-01T12:00:00Z", vec![]),
        ("/%23", "timerel=after&timeAt=2026-03-01T00:00:00Z", vec![2, 3]),
        ("/East", "timerel=after&timeAt=2026-03-01T00:00:00Z", vec![]),
    ] {
        let found = city
            .get(&format!("{TEMPORAL}?type=Car&scopeQ={scope}&{time}"))
            .await
            .json();
        let speeds = found[0]["speed"]
            .as_array()
            .map_or(Vec::new(), |_| values(&found[0]["speed"]));
        assert_eq!(speeds, expected, "{scope} {time}: {found}");
    }
    let whole = city.get(&format!("{TEMPORAL}/urn:ngsi-ld:Car:1")).await.json();
    assert_eq!(whole["scope"][0]["value"], "/North/A", "{whole}");
    assert_eq!(whole["scope"][1]["observedAt"], "2026-03-01T12:00:00Z", "{whole}");
    for bad in [
        json!([{"type": "Relationship", "object": "urn:a:b"}]),
        json!([{"type": "Property", "value": "/A", "unitCode": "CEL"}]),
        json!([{"type": "Property", "value": "no scope"}]),
        json!([{"type": "Property"}]),
        json!(["/A", {"type": "Property", "value": "/A"}]),
    ] {
        let body = json!({"id": "urn:ngsi-ld:Car:2", "type": "Car", "scope": bad});
        assert_eq!(city.post(TEMPORAL, &body).await.status, 400, "{body}");
    }
}

#[tokio::test]
async fn clause_4_5_7_deletions_are_told() {
    let city = City::new();
    city.create(&json!({"id": "urn:ngsi-ld:Lamp:1", "type": "Lamp",
        "power": {"type": "Property", "value": 5}, "isIn": {"type": "Relationship", "object": "urn:ngsi-ld:Room:1"}}))
        .await;
    city.clock.advance(1_000_000);
    for attribute in ["power", "isIn"] {
        let path = format!("/ngsi-ld/v1/entities/urn:ngsi-ld:Lamp:1/attrs/{attribute}");
        assert_eq!(city.ask("DELETE", &path, &[], None).await.status, 204);
    }
    let told = city
        .get(&format!("{TEMPORAL}/urn:ngsi-ld:Lamp:1?timeproperty=deletedAt"))
        .await
        .json();
    assert_eq!(told["power"][0]["value"], "urn:ngsi-ld:null", "{told}");
    assert_eq!(told["isIn"][0]["object"], "urn:ngsi-ld:null", "{told}");
    assert!(told["power"][0]["deletedAt"].is_string());
    // Given as history, with `deletedAt` or just an instant.
    let given = json!({"id": "urn:ngsi-ld:Lamp:2", "type": "Lamp", "power": [
        {"type": "Property", "value": "urn:ngsi-ld:null", "deletedAt": "2026-01-01T00:00:00Z"},
        {"type": "Property", "value": "urn:ngsi-ld:null", "observedAt": "2026-01-02T00:00:00Z"}]});
    assert_eq!(city.post(TEMPORAL, &given).await.status, 201);
    let told = city
        .get(&format!(
            "{TEMPORAL}/urn:ngsi-ld:Lamp:2?timeproperty=deletedAt&timerel=after&timeAt=2025-12-01T00:00:00Z"
        ))
        .await
        .json();
    assert_eq!(told["power"].as_array().unwrap().len(), 2, "{told}");
    let never = json!({"id": "urn:ngsi-ld:Lamp:3", "type": "Lamp", "power": [{"type": "Property", "value": "urn:ngsi-ld:null"}]});
    assert_eq!(city.post(TEMPORAL, &never).await.status, 400);
}

#[tokio::test]
async fn clauses_4_21_and_5_7_4_what_does_not_go_together() {
    let city = city(100).await;
    let after = "timerel=after&timeAt=2026-04-01T09:00:00Z";
    for (query, status) in [
        ("pick=pm25&omit=pm25", 400),
        ("attrs=pm25&pick=noise", 400),
        ("attrs=pm25&omit=noise", 400),
        ("pick=owner{name}", 400),
        ("pick=unknown", 404),
        ("attrs=unknown", 404),
        ("omit=id,type,pm25,noise", 404),
        ("attrs=pm25", 200),
        ("pick=id", 200),
        ("attrs=pm25&timerel=after&timeAt=2030-01-01T00:00:00Z", 200),
    ] {
        let reply = city.get(&format!("{SENSOR}?{query}")).await;
        assert_eq!(reply.status, status, "{query}: {}", reply.text());
        if status == 400 {
            let reply = city.get(&format!("{TEMPORAL}?type=Sensor&{after}&{query}")).await;
            assert_eq!(reply.status, status, "{query}: {}", reply.text());
            assert_eq!(reply.error(), "BadRequestData");
        }
    }
    let only_ids = city
        .get(&format!("{TEMPORAL}?type=Sensor&{after}&pick=id"))
        .await
        .json();
    let expected = json!([{"id": "urn:ngsi-ld:Sensor:1"}, {"id": "urn:ngsi-ld:Sensor:2"}]);
    assert_eq!(only_ids, expected);
    for (order, first) in [("id", "1"), ("id;desc", "2"), ("id;asc", "1")] {
        let found = city
            .get(&format!("{TEMPORAL}?type=Sensor&{after}&orderBy={order}&limit=1"))
            .await
            .json();
        assert_eq!(found[0]["id"], format!("urn:ngsi-ld:Sensor:{first}"), "{order}");
    }
    for order in ["pm25", "createdAt", "id,type", "id;up"] {
        let reply = city
            .get(&format!("{TEMPORAL}?type=Sensor&{after}&orderBy={order}"))
            .await;
        assert_eq!(
            (reply.status, reply.error().as_str()),
            (400, "BadRequestData"),
            "{order}"
        );
    }
    // Types that are new are added (5.6.12.4).
    let more = json!({"type": ["Sensor", "Device"], "noise": [reading(50, 1)]});
    assert_eq!(city.post(&format!("{SENSOR}/attrs"), &more).await.status, 204);
    assert_eq!(city.get(SENSOR).await.json()["type"], json!(["Sensor", "Device"]));
}

/// Which data sets are asked for is decided before what fits into one answer.
#[tokio::test]
async fn clauses_4_5_5_and_6_3_10_a_data_set_takes_the_room_that_it_needs() {
    let city = city(12).await;
    let set = json!({"pm25": [{"type": "Property", "value": 1, "datasetId": "urn:d:x", "observedAt": "2026-04-01T10:30:00Z"}]});
    assert_eq!(city.post(&format!("{SENSOR}/attrs"), &set).await.status, 204);
    let after = "timerel=after&timeAt=2026-04-01T09:00:00Z";
    let alone = city
        .get(&format!("{TEMPORAL}?type=Sensor&{after}&datasetId=urn:d:x"))
        .await;
    assert_eq!((alone.status, alone.header("content-range")), (200, ""));
    let body = alone.json();
    assert_eq!(body.as_array().unwrap().len(), 1, "{body}");
    assert_eq!(values(&body[0]["pm25"]), [1]);
    let one = city
        .get(&format!("{SENSOR}?{after}&datasetId=urn:d:x&attrs=pm25"))
        .await;
    assert_eq!((one.status, values(&one.json()["pm25"])), (200, vec![1]));
    let with_condition = city
        .get(&format!(
            "{TEMPORAL}?type=Sensor&{after}&datasetId=urn:d:x&q=noise==60"
        ))
        .await;
    assert_eq!(
        values(&with_condition.json()[0]["pm25"]),
        [1],
        "{}",
        with_condition.text()
    );
    let both = city
        .get(&format!("{SENSOR}?{after}&datasetId=urn:d:x,@none&attrs=pm25"))
        .await;
    assert_eq!((both.status, values(&both.json()["pm25"]).len()), (206, 12));
    // Another question of the same map takes nothing out of it.
    let made = city
        .get(&format!(
            "{TEMPORAL}?type=Sensor&{after}&datasetId=urn:d:x&entityMap=true"
        ))
        .await;
    assert_eq!(made.status, 201, "{}", made.text());
    let map = made.header("ngsild-entitymap").to_owned();
    let page = |dataset: &'static str| {
        let (city, map) = (&city, map.clone());
        async move {
            let target = format!("{TEMPORAL}?type=Sensor&{after}&datasetId={dataset}");
            city.ask("GET", &target, &[("ngsild-entitymap", &map)], None)
                .await
        }
    };
    assert_eq!(page("urn:d:none").await.json(), json!([]));
    assert_eq!(values(&page("urn:d:x").await.json()[0]["pm25"]), [1]);
}

/// Those that are only counted are found like those that are shown; a page after the end leads back to the last one.
#[tokio::test]
async fn clause_6_3_10_pages_of_histories() {
    let city = City::with(|config| config.max_evolution_instances = 100);
    for n in 0..7_u32 {
        // Many instances of one instant, some in the time that is asked for and some not.
        let attributes: serde_json::Map<String, Value> = (0..90)
            .map(|a| (format!("a{a}"), json!([reading(if n == 3 { 1 } else { 30 }, 1)])))
            .collect();
        let mut evolution = json!({"id": format!("urn:s:{n}"), "type": "Station"});
        evolution.as_object_mut().unwrap().extend(attributes);
        assert_eq!(city.post(TEMPORAL, &evolution).await.status, 201);
    }
    let query = format!("{TEMPORAL}?type=Station&timerel=after&timeAt=2026-04-01T10:20:00Z&count=true");
    let mut found = Vec::new();
    for offset in 0..8 {
        let page = city.get(&format!("{query}&limit=1&offset={offset}")).await;
        assert_eq!(page.header("ngsild-results-count"), "6");
        let body = page.json();
        found.extend(body.as_array().unwrap().iter().map(|one| one["id"].to_string()));
    }
    let expected = [0, 1, 2, 4, 5, 6].map(|n| format!("\"urn:s:{n}\""));
    assert_eq!(found, expected);
    let beyond = city.get(&format!("{query}&limit=2&offset=1000")).await;
    let links = beyond.header_all("link");
    assert!(
        links.contains("offset=4") && links.contains("rel=\"prev\""),
        "{links}"
    );
}

/// What has nothing in the time that is asked for is no part of the answer, also where there is no room for everything.
#[tokio::test]
async fn clause_6_3_10_only_what_has_something_in_that_time_is_named() {
    let city = city(12).await;
    let attribute = json!({"c": {"type": "Property", "value": 1}});
    let entity = json!({"id": "urn:ngsi-ld:Sensor:1", "type": "Sensor", "c": attribute["c"].clone()});
    let made = city.post("/ngsi-ld/v1/entities", &entity).await;
    assert!(matches!(made.status, 201 | 409), "{}", made.text());
    if made.status == 409 {
        let added = city
            .post("/ngsi-ld/v1/entities/urn:ngsi-ld:Sensor:1/attrs", &attribute)
            .await;
        assert_eq!(added.status, 204, "{}", added.text());
    }
    let part = city
        .get(&format!("{SENSOR}?timerel=after&timeAt=2026-04-01T09:00:00Z"))
        .await;
    assert_eq!(part.status, 206);
    let body = part.json();
    assert!(body.get("c").is_none() && body.get("pm25").is_some(), "{body}");
}

/// C.5.16.3: a Scope that held when the time began is told, also where there is none any more.
#[tokio::test]
async fn clause_c_5_16_3_a_scope_that_held_then() {
    let city = City::new();
    let entity = json!({"id": "urn:ngsi-ld:Sensor:9", "type": "Sensor", "scope": "/A", "a": reading(0, 1)});
    city.create(&entity).await;
    // After the Scope was set, as the city's clock has it.
    let later = json!({"type": "Property", "value": 2, "observedAt": "2026-05-01T12:30:00Z"});
    let target = "/ngsi-ld/v1/entities/urn:ngsi-ld:Sensor:9/attrs";
    assert_eq!(city.patch(target, &json!({"a": later})).await.status, 204);
    city.clock.advance(3_600_000_000);
    let deleted = city.ask("DELETE", &format!("{target}/scope"), &[], None).await;
    assert_eq!(deleted.status, 204, "{}", deleted.text());
    let told = city
        .get("/ngsi-ld/v1/temporal/entities/urn:ngsi-ld:Sensor:9?timerel=after&timeAt=2026-05-01T12:20:00Z")
        .await;
    assert!(told.json()["scope"].to_string().contains("/A"), "{}", told.text());
}
