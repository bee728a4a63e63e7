//! Reads of personal data: one leaf for each request that showed some, and none for any other, however it was asked.

use std::sync::Arc;
use std::time::Duration;

use access::Role;
use serde_json::{Value, json};
use twin::delivery::{Failure, Parcel, Sending, Transport};

use crate::admitted::key_with;
use crate::common::City;

const ENTITIES: &str = "/ngsi-ld/v1/entities";
const TEMPORAL: &str = "/ngsi-ld/v1/temporal/entities";
const ROAD: &str = "urn:ngsi-ld:RoadSegment:1";

/// Of what the default classification says: `name` of a road is open, `reporter` personal; people are personal, their
/// health is special.
async fn city(people: usize) -> City {
    let city = City::guarded();
    let key = key_with(&city, &[Role::Administrator]);
    let mut batch = vec![json!({
        "id": ROAD, "type": "RoadSegment", "name": {"type": "Property", "value": "Moi Avenue"},
        "reporter": {"type": "Property", "value": "Ada"},
    })];
    batch.extend((0..people).map(|number| {
        let mut person = json!({
            "id": person(number), "type": "Person", "name": {"type": "Property", "value": format!("n{number}")},
        });
        if number == 0 {
            person["healthStatus"] = json!({"type": "Property", "value": "fine"});
        }
        person
    }));
    let path = "/ngsi-ld/v1/entityOperations/create";
    let made = city
        .ask(
            "POST",
            path,
            &[("authorization", &key)],
            Some(&Value::from(batch).to_string()),
        )
        .await;
    assert_eq!(made.status, 201, "{}", made.text());
    city
}

fn person(number: usize) -> String {
    format!("urn:ngsi-ld:Person:{number}")
}

struct Log<'a> {
    city: &'a City,
    officer: String,
    read: usize,
}

impl<'a> Log<'a> {
    async fn of(city: &'a City) -> Self {
        let mut log = Self {
            city,
            officer: key_with(city, &[Role::Officer]),
            read: 0,
        };
        log.fresh().await;
        log
    }

    /// The leaves that were written since the last look.
    async fn fresh(&mut self) -> Vec<Value> {
        let path = format!("/audit/entries?from={}&limit=1000", self.read);
        let reply = self
            .city
            .ask("GET", &path, &[("authorization", &self.officer)], None)
            .await;
        let leaves = reply.json()["items"].as_array().unwrap().clone();
        self.read += leaves.len();
        leaves
    }
}

#[tokio::test]
async fn each_way_to_ask_leaves_one_leaf_where_something_personal_was_shown() {
    let city = city(3).await;
    let mut log = Log::of(&city).await;
    let officer = log.officer.clone();
    let editor = key_with(&city, &[Role::Editor]);
    log.fresh().await;
    let all = "Person personal 3; Person special 1";
    let one = "Person personal 1; Person special 1";
    let query = json!({"type": "Query", "entities": [{"type": "Person"}]}).to_string();
    let temporal = json!({"type": "Query", "entities": [{"type": "Person"}], "temporalQ": {"timerel": "before", "timeAt": "2100-01-01T00:00:00Z", "timeproperty": "modifiedAt"}}).to_string();
    let get = |target: &str| ("GET", target.to_owned(), None);
    for ((method, target, body), expected) in [
        (get(&format!("{ENTITIES}/{}", person(0))), one),
        (get(&format!("{ENTITIES}/{}", person(1))), "Person personal 1"),
        (get(&format!("{ENTITIES}?type=Person")), all),
        (
            get(&format!("{ENTITIES}?type=Person&limit=1&offset=1")),
            "Person personal 1",
        ),
        (get(&format!("{ENTITIES}?type=Person&orderBy=name")), all),
        (get(&format!("{ENTITIES}?type=Person&options=keyValues")), all),
        (
            (
                "POST",
                "/ngsi-ld/v1/entityOperations/query".to_owned(),
                Some(query),
            ),
            all,
        ),
        (get(&format!("{TEMPORAL}/{}", person(0))), one),
        (
            get(&format!(
                "{TEMPORAL}?type=Person&timeproperty=modifiedAt&timerel=before&timeAt=2100-01-01T00:00:00Z"
            )),
            all,
        ),
        (
            (
                "POST",
                "/ngsi-ld/v1/temporal/entityOperations/query".to_owned(),
                Some(temporal),
            ),
            all,
        ),
        (get(&format!("/entities/{}", person(0))), one),
        (get("/entities?type=Person"), all),
        // The walk past all of them shows a few.
        (get("/entities?type=RoadSegment"), "RoadSegment personal 1"),
        (get(&format!("{ENTITIES}/{ROAD}")), "RoadSegment personal 1"),
        (
            get(&format!("{ENTITIES}?type=RoadSegment,Person")),
            "Person personal 3; Person special 1; RoadSegment personal 1",
        ),
        // Nothing of a person is shown.
        (get(&format!("{ENTITIES}?type=Building")), ""),
        (get(&format!("{ENTITIES}/{}", person(7))), ""),
        (get(&format!("{ENTITIES}?type=Person&limit=0&count=true")), ""),
        (get("/ngsi-ld/v1/types"), ""),
        (get("/access/me"), ""),
        (get("/access/policies"), ""),
    ] {
        let headers = [
            ("authorization", officer.as_str()),
            ("mapacha-purpose", "supervision"),
            ("x-request-id", "mine-1"),
            (
                "accept",
                if target.starts_with("/entities") {
                    "text/html"
                } else {
                    "application/json"
                },
            ),
        ];
        let reply = city.ask(method, &target, &headers, body.as_deref()).await;
        assert!(
            [200, 404].contains(&reply.status),
            "{target}: {} {}",
            reply.status,
            reply.text()
        );
        let leaves = log.fresh().await;
        let told: Vec<&str> = leaves
            .iter()
            .map(|leaf| leaf["target_type"].as_str().unwrap())
            .collect();
        let expected: Vec<&str> = Some(expected)
            .filter(|text| !text.is_empty())
            .into_iter()
            .collect();
        assert_eq!(told, expected, "{method} {target}");
        for leaf in leaves {
            assert_eq!(leaf["action"], "personal.read");
            assert_eq!(leaf["purpose"], "supervision");
            assert_eq!(leaf["request"], "mine-1");
            assert!(!leaf["actor"].as_str().unwrap().contains("anonymous"));
            assert!(!leaf.to_string().contains("urn:"), "{leaf}");
        }
        // Who sees only what is open of a road, and no people, leaves nothing.
        let headers = [("authorization", editor.as_str())];
        if method == "GET" && target.starts_with("/ngsi-ld") {
            city.ask(method, &target, &headers, None).await;
            let leaves = log.fresh().await;
            assert!(leaves.is_empty(), "{target} as an editor: {leaves:?}");
        }
    }
}

#[tokio::test]
async fn a_leaf_of_one_entity_is_found_by_its_pseudonym_and_one_of_a_thousand_is_one() {
    let city = city(1_000).await;
    let mut log = Log::of(&city).await;
    let officer = log.officer.clone();
    let made = city
        .ask(
            "GET",
            "/audit/entries?from=0&limit=1000",
            &[("authorization", &officer)],
            None,
        )
        .await
        .json();
    let targets: Vec<&Value> = made["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|leaf| leaf["action"] == "entity.create" && leaf["target_type"] == "Person")
        .map(|leaf| &leaf["target"])
        .collect();
    log.fresh().await;
    let headers = [("authorization", officer.as_str())];
    city.ask("GET", &format!("{ENTITIES}/{}", person(5)), &headers, None)
        .await;
    let leaf = log.fresh().await;
    assert_eq!(&leaf[0]["target"], targets[5]);
    let reply = city
        .ask(
            "GET",
            &format!("{ENTITIES}?type=Person&limit=1000"),
            &headers,
            None,
        )
        .await;
    assert_eq!(reply.json().as_array().unwrap().len(), 1_000);
    let leaves = log.fresh().await;
    assert_eq!(leaves.len(), 1);
    assert_eq!(leaves[0]["target_type"], "Person personal 1000; Person special 1");
}

/// An endpoint that takes nothing.
struct Refusing;

impl Transport for Refusing {
    fn send<'a>(&'a self, _parcel: &'a Parcel) -> Sending<'a> {
        Box::pin(async {
            Err(Failure {
                refused: true,
                ..Failure::passing("it takes nothing")
            })
        })
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_looks_at_what_could_not_be_delivered_is_told_of() {
    let city = city(1).await;
    let runtime = tokio::runtime::Handle::current();
    city.app.tenants.deliver(Arc::new(Refusing), &runtime);
    let mut log = Log::of(&city).await;
    let key = key_with(&city, &[Role::Administrator]);
    let headers = [("authorization", key.as_str())];
    let subscription = json!({
        "type": "Subscription", "entities": [{"type": "Person"}],
        "notification": {"endpoint": {"uri": "http://a.example/n"}},
    });
    let path = "/ngsi-ld/v1/subscriptions";
    let made = city
        .ask("POST", path, &headers, Some(&subscription.to_string()))
        .await;
    assert_eq!(made.status, 201, "{}", made.text());
    let fragment = json!({"name": {"type": "Property", "value": "Wanjiru"}});
    let path = format!("{ENTITIES}/{}/attrs", person(0));
    let changed = city
        .ask("PATCH", &path, &headers, Some(&fragment.to_string()))
        .await;
    assert_eq!(changed.status, 204, "{}", changed.text());
    let letters = "/notifications/dead-letters";
    let mut number = None;
    for _ in 0..2_000 {
        let found = city.ask("GET", letters, &headers, None).await.json();
        number = found["items"][0]["number"].as_u64();
        if number.is_some() {
            break;
        }
        city.clock.advance(60_000_000);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let number = number.expect("it is given up in time");
    log.fresh().await;
    let list = city.ask("GET", letters, &headers, None).await;
    assert!(!list.text().contains("Wanjiru"));
    assert!(log.fresh().await.is_empty(), "the list has no bodies");
    let letter = city
        .ask("GET", &format!("{letters}/{number}"), &headers, None)
        .await;
    assert!(letter.text().contains("Wanjiru"), "{}", letter.text());
    let leaves = log.fresh().await;
    assert_eq!(leaves.len(), 1, "{leaves:?}");
    assert_eq!(leaves[0]["action"], "personal.read");
    assert_eq!(leaves[0]["target_type"], "Person personal 1; Person special 1");
}
