//! Snapshots (ETSI GS CIM 009 V1.9.1, 5.5.15, 5.16, 6.3.22, 6.36 to 6.38).

use serde_json::{Value, json};

use crate::common::{City, link};

const ENTITIES: &str = "/ngsi-ld/v1/entities";
const SNAPSHOTS: &str = "/ngsi-ld/v1/snapshots";
const GIVEN: &str = "http://a.example/context.jsonld";

async fn city() -> City {
    let city = City::new();
    for (id, speed) in [("urn:v:fast", 80), ("urn:v:slow", 30)] {
        city.create(
            &json!({"id": id, "type": "Vehicle", "speed": {"type": "Property", "value": speed},
            "name": {"type": "Property", "value": id}}),
        )
        .await;
    }
    city
}

/// Waits until it is not prepared any more.
async fn ready(city: &City, location: &str) -> Value {
    loop {
        let reply = city.get(location).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        let snapshot = reply.json();
        if snapshot["snapshotStatus"] != "preparing" {
            return snapshot;
        }
        tokio::task::yield_now().await;
    }
}

async fn create(city: &City, body: &Value) -> (String, Value) {
    let reply = city.post(SNAPSHOTS, body).await;
    assert_eq!(reply.status, 201, "{}", reply.text());
    let location = reply.header("location").to_owned();
    let snapshot = ready(city, &location).await;
    (location, snapshot)
}

fn of_type(kind: &str) -> Value {
    json!({"type": "Query", "entities": [{"type": kind}]})
}

#[tokio::test]
async fn clause_5_16_1_what_the_queries_find_stays_as_it_is() {
    let city = city().await;
    let query = json!({"type": "Query", "entities": [{"type": "Vehicle"}], "q": "speed>50", "pick": ["id", "type", "speed"]});
    let (_, snapshot) = create(
        &city,
        &json!({"type": "Snapshot", "snapshotQueries": [query.clone()]}),
    )
    .await;
    assert_eq!(snapshot["snapshotStatus"], "success");
    assert_eq!(snapshot["snapshotQueries"], json!([query]));
    assert_eq!(
        snapshot["snapshotQueriesDetails"],
        json!([{"resultStatus": "success"}])
    );
    assert_eq!(snapshot["snapshotPriority"], 5);
    assert_eq!(snapshot["createdAt"], "2026-05-01T12:00:00Z");
    assert_eq!(snapshot["expiresAt"], "2026-05-02T12:00:00Z");
    assert_eq!(snapshot["lastUsedAt"], "2026-05-01T12:00:00Z");

    let id = snapshot["id"].as_str().unwrap();
    let here = [("ngsild-snapshot", id)];
    let query = format!("{ENTITIES}?type=Vehicle");
    let reply = city.ask("GET", &query, &here, None).await;
    assert_eq!(
        (reply.status, reply.header("ngsild-snapshot")),
        (200, id),
        "6.3.22"
    );
    let speed = |value: i64| json!({"type": "Property", "value": value});
    assert_eq!(
        reply.json(),
        json!([{"id": "urn:v:fast", "type": "Vehicle", "speed": speed(80)}])
    );

    // What is done to the one is not done to the other.
    let attrs = format!("{ENTITIES}/urn:v:fast/attrs");
    let slower = json!({"speed": speed(10)});
    assert_eq!(city.patch(&attrs, &slower).await.status, 204);
    let faster = json!({"speed": speed(99)}).to_string();
    let done = city.ask("PATCH", &attrs, &here, Some(&faster)).await;
    assert_eq!((done.status, done.header("ngsild-snapshot")), (204, id));
    let fast = format!("{ENTITIES}/urn:v:fast");
    assert_eq!(city.get(&fast).await.json()["speed"]["value"], 10);
    assert_eq!(
        city.ask("GET", &fast, &here, None).await.json()["speed"]["value"],
        99
    );
    let new = json!({"id": "urn:v:new", "type": "Lorry"}).to_string();
    assert_eq!(city.ask("POST", ENTITIES, &here, Some(&new)).await.status, 201);
    assert_eq!(city.get(&format!("{ENTITIES}/urn:v:new")).await.status, 404);
    let types = city.ask("GET", "/ngsi-ld/v1/types", &here, None).await.json();
    assert_eq!(types["typeList"], json!(["Lorry", "Vehicle"]));
    let temporal = city
        .ask("GET", "/ngsi-ld/v1/temporal/entities/urn:v:fast", &here, None)
        .await
        .json();
    assert_eq!(temporal["speed"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn clause_5_16_1_4_the_status_says_what_the_queries_found() {
    let city = city().await;
    let temporal = |at: &str| {
        json!({"type": "Query", "entities": [{"type": "Vehicle"}],
            "temporalQ": {"timerel": "after", "timeAt": at, "timeproperty": "createdAt"}})
    };
    for (queries, temporal_queries, status, details) in [
        (
            vec![of_type("Vehicle"), of_type("None")],
            vec![],
            "partial",
            json!(["success", "empty"]),
        ),
        (vec![of_type("None")], vec![], "empty", json!(["empty"])),
        (
            vec![],
            vec![temporal("2000-01-01T00:00:00Z")],
            "success",
            json!(["success"]),
        ),
        (
            vec![of_type("None")],
            vec![temporal("2999-01-01T00:00:00Z")],
            "empty",
            json!(["empty", "empty"]),
        ),
    ] {
        let mut body = json!({"type": "Snapshot"});
        for (name, list) in [
            ("snapshotQueries", &queries),
            ("snapshotTemporalQueries", &temporal_queries),
        ] {
            if !list.is_empty() {
                body[name] = json!(list);
            }
        }
        let (_, snapshot) = create(&city, &body).await;
        assert_eq!(snapshot["snapshotStatus"], status, "{body}");
        let found: Vec<&Value> = ["snapshotQueriesDetails", "snapshotTemporalQueriesDetails"]
            .iter()
            .filter_map(|name| snapshot[name].as_array())
            .flatten()
            .map(|detail| &detail["resultStatus"])
            .collect();
        assert_eq!(json!(found), details);
    }
    let body = json!({"type": "Snapshot", "snapshotTemporalQueries": [temporal("2000-01-01T00:00:00Z")]});
    let (_, snapshot) = create(&city, &body).await;
    let here = [("ngsild-snapshot", snapshot["id"].as_str().unwrap())];
    let reply = city
        .ask("GET", "/ngsi-ld/v1/temporal/entities/urn:v:fast", &here, None)
        .await;
    assert_eq!(reply.json()["speed"][0]["value"], 80, "{}", reply.text());
    assert_eq!(
        city.ask("GET", &format!("{ENTITIES}/urn:v:fast"), &here, None)
            .await
            .status,
        404,
        "only its past"
    );
}

#[tokio::test]
async fn clauses_5_16_2_to_5_16_7_cloned_changed_deleted_purged() {
    let city = city().await;
    let (location, _) = create(
        &city,
        &json!({"type": "Snapshot", "snapshotQueries": [of_type("Vehicle")]}),
    )
    .await;
    let changed = city
        .patch(
            &location,
            &json!({"snapshotPriority": 2, "snapshotLifetime": "PT1H", "expiresAt": "ignored"}),
        )
        .await;
    assert_eq!(changed.status, 200);
    assert_eq!(changed.json()["snapshotPriority"], 2);
    assert_eq!(changed.json()["expiresAt"], "2026-05-01T13:00:00Z");

    let reply = city
        .post(
            &format!("{location}/clone"),
            &json!({"type": "Snapshot", "id": "urn:s:copy", "snapshotPriority": 9}),
        )
        .await;
    assert_eq!(
        (reply.status, reply.header("location")),
        (201, "/ngsi-ld/v1/snapshots/urn:s:copy")
    );
    let copy = ready(&city, "/ngsi-ld/v1/snapshots/urn:s:copy").await;
    assert_eq!(
        (&copy["snapshotStatus"], &copy["snapshotPriority"]),
        (&json!("success"), &json!(9))
    );
    let again = city
        .post(
            &format!("{location}/clone"),
            &json!({"type": "Snapshot", "id": "urn:s:copy"}),
        )
        .await;
    assert_eq!((again.status, again.error().as_str()), (409, "AlreadyExists"));

    let purged = city
        .ask(
            "DELETE",
            &format!("{SNAPSHOTS}?q=snapshotPriority%3C5"),
            &[],
            None,
        )
        .await;
    assert_eq!(purged.status, 204, "{}", purged.text());
    assert_eq!(city.get(&location).await.status, 404);
    let here = [("ngsild-snapshot", "urn:s:copy")];
    let found = city
        .ask("GET", &format!("{ENTITIES}?type=Vehicle"), &here, None)
        .await;
    assert_eq!(found.json().as_array().unwrap().len(), 2, "the clone is its own");
    for (q, status) in [
        ("snapshotPriority%3C5", 404),
        ("speed%3E50", 400),
        ("snapshotPriority%3C", 400),
        ("", 400),
        (
            "snapshotStatus==%22success%22;createdAt%3E2000-01-01T00:00:00Z;expiresAt%3E2026-05-01T12:30:00Z",
            204,
        ),
    ] {
        let reply = city.ask("DELETE", &format!("{SNAPSHOTS}?q={q}"), &[], None).await;
        assert_eq!(reply.status, status, "{q}: {}", reply.text());
    }
    assert_eq!(city.ask("DELETE", SNAPSHOTS, &[], None).await.status, 400);
    assert_eq!(city.ask("GET", ENTITIES, &here, None).await.status, 404);
}

#[tokio::test]
async fn clause_5_2_41_what_is_no_snapshot_is_refused() {
    let city = city().await;
    let queries = json!([of_type("Vehicle")]);
    let mut temporal = of_type("Vehicle");
    temporal["temporalQ"] = json!({"timerel": "after", "timeAt": "2020-01-01T00:00:00Z"});
    for body in [
        json!({"type": "Snapshot"}),
        json!({"type": "Snapshot", "snapshotQueries": []}),
        json!({"type": "Snapshot", "snapshotQueries": of_type("Vehicle")}),
        json!({"type": "Snapshot", "snapshotQueries": [temporal]}),
        json!({"type": "Snapshot", "snapshotTemporalQueries": queries}),
        json!({"type": "Snapshot", "snapshotQueries": [{"type": "Query"}]}),
        json!({"type": "Snapshot", "snapshotQueries": ["x"]}),
        json!({"snapshotQueries": queries}),
        json!({"type": "Vehicle", "snapshotQueries": queries}),
        json!({"type": "Snapshot", "id": "not a uri", "snapshotQueries": queries}),
        json!({"type": "Snapshot", "snapshotPriority": 0, "snapshotQueries": queries}),
        json!({"type": "Snapshot", "snapshotPriority": 11, "snapshotQueries": queries}),
        json!({"type": "Snapshot", "snapshotPriority": "5", "snapshotQueries": queries}),
        json!({"type": "Snapshot", "snapshotLifetime": "1 day", "snapshotQueries": queries}),
        json!({"type": "Snapshot", "endpoint": "nowhere", "snapshotQueries": queries}),
        json!({"type": "Snapshot", "endpoint": "ftp://a.example/n", "snapshotQueries": queries}),
        json!({"type": "Snapshot", "endpoint": "mqtt://a.example", "snapshotQueries": queries}),
        json!({"type": "Snapshot", "receiverInfo": {"a": "b"}, "snapshotQueries": queries}),
        json!({"type": "Snapshot", "receiverInfo": [{"key": "a b", "value": "c"}], "snapshotQueries": queries}),
        json!({"type": "Snapshot", "snapshotColour": "red", "snapshotQueries": queries}),
    ] {
        let reply = city.post(SNAPSHOTS, &body).await;
        assert_eq!(
            (reply.status, reply.error().as_str()),
            (400, "BadRequestData"),
            "{body}: {}",
            reply.text()
        );
    }
    let (location, _) = create(
        &city,
        &json!({"type": "Snapshot", "id": "urn:s:1", "snapshotQueries": queries}),
    )
    .await;
    let again = city
        .post(
            SNAPSHOTS,
            &json!({"type": "Snapshot", "id": "urn:s:1", "snapshotQueries": queries}),
        )
        .await;
    assert_eq!((again.status, again.error().as_str()), (409, "AlreadyExists"));
    for body in [
        json!({"snapshotQueries": []}),
        json!({"id": "urn:s:2"}),
        json!({"snapshotPriority": 11}),
        json!({"type": "X"}),
    ] {
        let reply = city.patch(&location, &body).await;
        assert_eq!(
            (reply.status, reply.error().as_str()),
            (400, "BadRequestData"),
            "{body}"
        );
    }
    let body = json!({"type": "Snapshot"}).to_string();
    for (method, target, status) in [
        ("GET", "/urn:s:none", 404),
        ("PATCH", "/urn:s:none", 404),
        ("DELETE", "/urn:s:none", 404),
        ("POST", "/urn:s:none/clone", 404),
        ("GET", "/no%20uri", 400),
        ("DELETE", "/no%20uri", 400),
    ] {
        let body = (method == "PATCH" || method == "POST").then_some(body.as_str());
        let reply = city.ask(method, &format!("{SNAPSHOTS}{target}"), &[], body).await;
        assert_eq!(reply.status, status, "{method} {target}");
    }
    for (name, status) in [("urn:s:none", 404), ("no uri", 400)] {
        let reply = city
            .ask(
                "GET",
                &format!("{ENTITIES}?type=Vehicle"),
                &[("ngsild-snapshot", name)],
                None,
            )
            .await;
        assert_eq!(reply.status, status, "6.3.22: {name}");
    }
}

#[tokio::test]
async fn clause_5_5_15_snapshots_are_their_tenants_and_keep_their_context() {
    let city = City::new();
    let tenant = ("ngsild-tenant", "water");
    let tower =
        json!({"id": "urn:t:1", "type": "Tower", "height": {"type": "Property", "value": 30}}).to_string();
    let linked = link(GIVEN);
    let headers = [tenant, ("link", linked.as_str())];
    assert_eq!(
        city.ask("POST", ENTITIES, &headers, Some(&tower)).await.status,
        201
    );
    let body =
        json!({"type": "Snapshot", "id": "urn:s:1", "snapshotQueries": [of_type("Tower")]}).to_string();
    assert_eq!(
        city.ask("POST", SNAPSHOTS, &headers, Some(&body)).await.status,
        201
    );
    let snapshot = loop {
        let reply = city
            .ask("GET", &format!("{SNAPSHOTS}/urn:s:1"), &[tenant], None)
            .await;
        if reply.json()["snapshotStatus"] != "preparing" {
            break reply;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(snapshot.json()["snapshotStatus"], "success");
    assert!(
        snapshot.header_all("link").contains(GIVEN),
        "what the queries mean is said beside them"
    );
    assert_eq!(city.get(&format!("{SNAPSHOTS}/urn:s:1")).await.status, 404);
    let query = format!("{ENTITIES}?type=Tower");
    let here = ("ngsild-snapshot", "urn:s:1");
    assert_eq!(
        city.ask("GET", &query, &[here, ("link", linked.as_str())], None)
            .await
            .status,
        404
    );
    let found = city
        .ask("GET", &query, &[here, tenant, ("link", linked.as_str())], None)
        .await;
    assert_eq!(found.json()[0]["height"]["value"], 30);
}

/// Subscriptions in a snapshot are of the snapshot, and live and go with it.
#[tokio::test]
async fn clause_5_5_15_a_snapshot_can_be_subscribed_to() {
    const PATH: &str = "/ngsi-ld/v1/subscriptions";
    let city = city().await;
    let (location, snapshot) = create(
        &city,
        &json!({"type": "Snapshot", "snapshotQueries": [of_type("Vehicle")]}),
    )
    .await;
    let here = [("ngsild-snapshot", snapshot["id"].as_str().unwrap())];
    let body = json!({"id": "urn:s:in", "type": "Subscription", "entities": [{"type": "Vehicle"}],
        "notification": {"endpoint": {"uri": "http://a.example/n"}}})
    .to_string();
    assert_eq!(city.ask("POST", PATH, &here, Some(&body)).await.status, 201);
    assert_eq!(
        city.get(&format!("{PATH}/urn:s:in")).await.status,
        404,
        "the city has none"
    );
    assert_eq!(
        city.ask("GET", &format!("{PATH}/urn:s:in"), &here, None)
            .await
            .status,
        200
    );
    assert_eq!(city.ask("DELETE", &location, &[], None).await.status, 204);
    assert_eq!(
        city.ask("GET", &format!("{PATH}/urn:s:in"), &here, None)
            .await
            .status,
        404
    );
}

/// Every operation that reads says of which snapshot it is (6.3.22), and reads nothing else.
#[tokio::test]
async fn clause_6_3_22_every_reading_operation_reads_the_snapshot() {
    let city = city().await;
    let body = json!({"type": "Snapshot", "id": "urn:s:1", "snapshotQueries": [of_type("Vehicle")]});
    create(&city, &body).await;
    let here = [("ngsild-snapshot", "urn:s:1")];
    city.create(&json!({"id": "urn:v:later", "type": "Lorry", "height": {"type": "Property", "value": 4}}))
        .await;
    let v1 = |path: &str| format!("/ngsi-ld/v1/{path}");
    let time = "timerel=before&timeAt=2999-01-01T00:00:00Z&timeproperty=createdAt";
    for path in [
        v1("entities?local=true"),
        v1("types"),
        v1("types?details=true"),
        v1("attributes"),
        v1("attributes?details=true"),
        v1(&format!("temporal/entities?local=true&{time}")),
        v1("entityMaps?local=true"),
        v1(&format!("temporal/entityMaps?local=true&{time}")),
    ] {
        let reply = city.ask("GET", &path, &here, None).await;
        assert!([200, 201].contains(&reply.status), "{path}: {}", reply.text());
        assert_eq!(reply.header("ngsild-snapshot"), "urn:s:1", "{path}");
        let text = reply.text();
        let later = ["urn:v:later", "Lorry", "height"]
            .iter()
            .any(|word| text.contains(word));
        assert!(
            !later && !city.get(&path).await.text().is_empty(),
            "{path}: {text}"
        );
        assert!(
            text.contains("ehicle") || text.contains("urn:v:") || text.contains("speed"),
            "{path}: {text}"
        );
    }
    for path in [
        v1("entities/urn:v:later"),
        v1("types/Lorry"),
        v1("attributes/height"),
        v1("temporal/entities/urn:v:later"),
    ] {
        assert_eq!(city.get(&path).await.status, 200, "{path}");
        let reply = city.ask("GET", &path, &here, None).await;
        assert_eq!(
            (reply.status, reply.header("ngsild-snapshot")),
            (404, "urn:s:1"),
            "{path}"
        );
    }
    for (path, query) in [
        (
            "entityOperations/query",
            json!({"type": "Query", "entities": [{"type": "Lorry"}]}),
        ),
        (
            "temporal/entityOperations/query",
            json!({"type": "Query", "entities": [{"type": "Lorry"}],
            "temporalQ": {"timerel": "before", "timeAt": "2999-01-01T00:00:00Z", "timeproperty": "createdAt"}}),
        ),
    ] {
        let all = city.post(&v1(path), &query).await.json();
        assert_eq!(all.as_array().unwrap().len(), 1, "{path}");
        let reply = city.ask("POST", &v1(path), &here, Some(&query.to_string())).await;
        assert_eq!((reply.status, reply.json()), (200, json!([])), "{path}");
    }
    // Maps of a snapshot are the snapshot's.
    let map = city.ask("GET", &v1("entityMaps?type=Vehicle"), &here, None).await;
    let map = map.header("ngsild-entitymap").to_owned();
    assert_eq!(city.get(&map).await.status, 404);
    assert_eq!(city.ask("GET", &map, &here, None).await.status, 200);
}

#[tokio::test]
async fn a_query_in_the_place_of_a_snapshot_is_told_where_it_belongs() {
    let city = City::new();
    let given = json!({"type": "Snapshot", "entities": [{"type": "A"}]});
    let reply = city.post("/ngsi-ld/v1/snapshots", &given).await;
    assert_eq!(reply.status, 400);
    for part in [
        "`entities` is no member",
        "`snapshotQueries`",
        "`snapshotTemporalQueries`",
    ] {
        assert!(reply.text().contains(part), "{part}: {}", reply.text());
    }
}
