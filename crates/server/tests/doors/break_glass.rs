//! Breaking the glass: at once, seen by others, each request in the log, and over in time.

use access::Role;
use serde_json::{Value, json};

use crate::admitted::{key_with, logged_in};
use crate::common::{City, Reply};

const ENTITIES: &str = "/ngsi-ld/v1/entities";
const SECRET: &str = "/ngsi-ld/v1/entities/urn:ngsi-ld:Secret:1";
const GLASS: &str = "/access/break-glass";

struct Session<'a> {
    city: &'a City,
    cookie: String,
}

impl Session<'_> {
    async fn send(&self, method: &str, target: &str, body: Option<&Value>) -> Reply {
        let headers = [
            ("cookie", self.cookie.as_str()),
            ("host", "127.0.0.1:8080"),
            ("sec-fetch-site", "same-origin"),
        ];
        let body = body.map(Value::to_string);
        self.city.ask(method, target, &headers, body.as_deref()).await
    }

    async fn get(&self, target: &str) -> Reply {
        self.send("GET", target, None).await
    }
}

fn session<'a>(city: &'a City, name: &str, role: Role) -> Session<'a> {
    let (cookie, _) = logged_in(city, name, &[role]);
    Session { city, cookie }
}

async fn city() -> City {
    let city = City::guarded();
    let key = key_with(&city, &[Role::Administrator]);
    let secret = json!({"id": "urn:ngsi-ld:Secret:1", "type": "Secret", "colour": {"type": "Property", "value": "red"}});
    let made = city
        .ask(
            "POST",
            ENTITIES,
            &[("authorization", &key)],
            Some(&secret.to_string()),
        )
        .await;
    assert_eq!(made.status, 201, "{}", made.text());
    city
}

/// The actions in the log, with their targets' sorts.
async fn log(officer: &Session<'_>) -> Vec<(String, String)> {
    let log = officer.get("/audit/entries?from=0&limit=1000").await.json();
    let text = |leaf: &Value, member: &str| leaf[member].as_str().unwrap_or("").to_owned();
    let leaves = log["items"].as_array().unwrap();
    leaves
        .iter()
        .map(|leaf| (text(leaf, "action"), text(leaf, "target_type")))
        .collect()
}

#[tokio::test]
async fn it_opens_what_is_closed_for_a_while_and_leaves_traces() {
    let city = city().await;
    let (ola, eve) = (
        session(&city, "ola", Role::Operator),
        session(&city, "eve", Role::Officer),
    );
    assert_eq!(ola.get(SECRET).await.status, 404);
    for (body, status) in [
        (json!({"reason": "short"}), 422),
        (json!({"reason": "a water main has burst", "minutes": 241}), 422),
        (json!({"reason": "a water main has burst", "minutes": 0}), 422),
        (json!({"minutes": 10}), 422),
    ] {
        let refused = ola.send("POST", GLASS, Some(&body)).await;
        assert_eq!(refused.status, status, "{body}: {}", refused.text());
    }
    let body = json!({"reason": "a water main has burst", "minutes": 15});
    assert_eq!(eve.send("POST", GLASS, Some(&body)).await.status, 403);
    let begun = ola.send("POST", GLASS, Some(&body)).await;
    assert_eq!(begun.status, 201, "{}", begun.text());
    let id = begun.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(begun.json()["until"], "2026-05-01T12:15:00Z");
    assert_eq!(ola.send("POST", GLASS, Some(&body)).await.status, 409);
    // Each request is in the log, whatever it found.
    let before = log(&eve).await;
    assert_eq!(ola.get(SECRET).await.status, 200);
    assert_eq!(
        ola.get(&format!("{ENTITIES}/urn:ngsi-ld:Secret:2")).await.status,
        404
    );
    let query = json!({"type": "Query", "entities": [{"type": "Secret"}]});
    let found = ola
        .send("POST", "/ngsi-ld/v1/entityOperations/query", Some(&query))
        .await;
    assert_eq!(found.json().as_array().unwrap().len(), 1, "{}", found.text());
    let leaves = log(&eve).await.split_off(before.len());
    let request = |route: &str| ("break-glass.request".to_owned(), route.to_owned());
    let requests: Vec<_> = leaves
        .into_iter()
        .filter(|(action, _)| action == "break-glass.request")
        .collect();
    assert_eq!(
        requests,
        [
            request("GET /ngsi-ld/v1/entities/{entityId}"),
            request("GET /ngsi-ld/v1/entities/{entityId}"),
            request("POST /ngsi-ld/v1/entityOperations/query"),
        ]
    );
    // Others see it.
    let listed = eve.get(GLASS).await.json();
    assert_eq!(
        (&listed[0]["name"], &listed[0]["open"]),
        (&json!("ola"), &json!(true))
    );
    assert_eq!(ola.get(GLASS).await.status, 403);
    let page = |reply: Reply| reply.text();
    let banner = "ola has wider rights until 2026-05-01 12:15 UTC";
    assert!(page(eve.get("/account").await).contains(banner));
    let ada = session(&city, "ada", Role::Viewer);
    assert!(!page(ada.get("/account").await).contains("wider rights"));
    let metrics = city
        .ask(
            "GET",
            "/metrics",
            &[("authorization", &key_with(&city, &[Role::Operator]))],
            None,
        )
        .await
        .text();
    for line in [
        "break_glass{state=\"open\"} 1",
        "break_glass{state=\"unreviewed\"} 1",
    ] {
        assert!(metrics.contains(line), "{line}: {metrics}");
    }
    let review = json!({"justified": true, "note": "it had"});
    let reviewing = format!("{GLASS}/{id}/review");
    assert_eq!(eve.send("POST", &reviewing, Some(&review)).await.status, 409);
    // It ends by itself.
    city.clock.advance(15 * 60 * 1_000_000 - 1);
    assert_eq!(ola.get(SECRET).await.status, 200);
    city.clock.advance(1);
    assert_eq!(ola.get(SECRET).await.status, 404);
    assert_eq!(
        ola.send("POST", &format!("{GLASS}/{id}/end"), None).await.status,
        409
    );
    let reviewed = eve.send("POST", &reviewing, Some(&review)).await;
    assert_eq!(reviewed.json()["review"]["name"], "eve", "{}", reviewed.text());
    let actions: Vec<String> = log(&eve).await.into_iter().map(|(action, _)| action).collect();
    for action in ["break-glass.begin", "break-glass.review"] {
        assert_eq!(
            actions.iter().filter(|known| *known == action).count(),
            1,
            "{action}"
        );
    }
}

#[tokio::test]
async fn it_ends_by_hand_and_keys_get_none() {
    let city = city().await;
    let ola = session(&city, "ola", Role::Administrator);
    let body = json!({"reason": "a water main has burst"});
    let key = key_with(&city, &[Role::Administrator]);
    let headers = [("authorization", &*key)];
    let refused = city.ask("POST", GLASS, &headers, Some(&body.to_string())).await;
    assert_eq!(refused.status, 422, "{}", refused.text());
    let begun = ola.send("POST", GLASS, Some(&body)).await;
    assert_eq!(begun.status, 201, "{}", begun.text());
    assert_eq!(begun.json()["until"], "2026-05-01T13:00:00Z");
    let id = begun.json()["id"].as_str().unwrap().to_owned();
    let ended = ola.send("POST", &format!("{GLASS}/{id}/end"), None).await;
    assert_eq!(ended.json()["open"], false, "{}", ended.text());
    assert_eq!(
        ola.send("POST", &format!("{GLASS}/00/end"), None).await.status,
        404
    );
    let own = json!({"justified": true});
    let refused = ola
        .send("POST", &format!("{GLASS}/{id}/review"), Some(&own))
        .await;
    assert_eq!(refused.status, 409, "nobody reviews their own");
}
