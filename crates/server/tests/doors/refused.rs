//! Who was refused is in the audit log, a flood of it in few entries, and nothing that was typed.

use access::{NewDevice, Permissions, Role};
use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

use crate::admitted::{access_of, key_with, logged_in};
use crate::common::{City, Reply};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

async fn log_in(city: &City, name: &str, password: &str) -> u16 {
    let body = format!("name={name}&password={password}&next=/");
    let headers = [FORM, ("accept", "text/html"), ("sec-fetch-site", "same-origin")];
    city.ask("POST", "/login", &headers, Some(&body)).await.status
}

/// The refusals in the log, once what was counted is written down, and the log's text.
async fn told(city: &City, cookie: &str) -> (Vec<Value>, String) {
    access_of(city).tidy().unwrap();
    let page = city
        .ask("GET", "/audit/entries?limit=1000", &[("cookie", cookie)], None)
        .await;
    assert_eq!(page.status, 200, "{}", page.text());
    let items = page.json()["items"].as_array().unwrap().clone();
    let refused = items.into_iter().filter(|item| item["decision"] == "refused");
    (refused.collect(), page.text())
}

/// How often each sort was refused.
fn counts(refused: &[Value]) -> Vec<(String, u64)> {
    let mut counts: Vec<(String, u64)> = Vec::new();
    for item in refused {
        let sort = item["target_type"].as_str().unwrap();
        let (sort, times) = sort.rsplit_once(' ').unwrap();
        counts.push((sort.to_owned(), times.parse().unwrap()));
    }
    counts.sort();
    counts
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_is_few_entries_with_the_right_counts_and_nothing_typed_is_in_the_store() {
    let city = City::guarded();
    let (cookie, _) = logged_in(&city, "chief", &[Role::Administrator]);
    assert_eq!(told(&city, &cookie).await.0, Vec::<Value>::new());
    // People type passwords where names belong.
    for n in 0..150 {
        log_in(&city, &format!("kifaru-wa-siri-{n}"), "mlango-wa-pili").await;
    }
    for _ in 0..150 {
        log_in(&city, "chief", "mlango-wa-pili").await;
    }
    let wrong = [("authorization", "Bearer mapacha_kifaru")];
    for _ in 0..200 {
        city.ask("GET", "/ngsi-ld/v1/types", &wrong, None).await;
    }
    let (refused, text) = told(&city, &cookie).await;
    let counts = counts(&refused);
    assert!(counts.len() <= 6, "{counts:?}");
    let sum = |of: &str| -> u64 {
        let of_sort = counts.iter().filter(|(sort, _)| sort.starts_with(of));
        of_sort.map(|(_, times)| times).sum()
    };
    assert_eq!((sum("unknown key"), sum("User")), (200, 150), "{counts:?}");
    assert_eq!(sum("unknown"), 350, "{counts:?}");
    // All from one source, which has a pseudonym, too.
    for item in &refused {
        assert_eq!(item["actor"], refused[0]["actor"]);
        assert_ne!(item["actor"], "anonymous");
    }
    for typed in ["kifaru", "mlango", "chief"] {
        assert!(!text.contains(typed), "{typed}");
    }
    // What the store has, whatever table it is in.
    let twin = city.app.twin(None).unwrap();
    let rows = twin.rows("audit").unwrap();
    assert!(!rows.is_empty());
    for (key, value) in rows {
        let row = String::from_utf8_lossy(&[key, value].concat()).into_owned();
        assert!(!row.contains("kifaru") && !row.contains("mlango"), "{row}");
    }
    // It is written down once.
    assert_eq!(told(&city, &cookie).await.0.len(), refused.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_officer_sees_who_was_refused_and_who_got_in() {
    let city = City::guarded();
    let (cookie, _) = logged_in(&city, "dpo", &[Role::Officer]);
    log_in(&city, "dpo", "not-this-one").await;
    let (refused, _) = told(&city, &cookie).await;
    assert_eq!(counts(&refused), [("User password".to_owned(), 1)]);
    assert_eq!(refused[0]["action"], json!("session.refuse"));
    let headers = [("cookie", &*cookie), ("accept", "text/html")];
    let page = city
        .ask("GET", "/audit?action=session.", &headers, None)
        .await
        .text();
    for seen in ["A login refused", "User password 1", "Logged in"] {
        assert!(page.contains(seen), "{seen}: {page}");
    }
    // By the account, and by the source.
    let person = access_of(&city).person("dpo").unwrap().id;
    for query in [format!("entity={person}"), "actor=source+unknown".to_owned()] {
        let address = format!("/audit?action=session.refuse&{query}");
        let page = city.ask("GET", &address, &headers, None).await.text();
        assert!(page.contains("User password 1"), "{address}: {page}");
    }
}

/// Sends JSON from an address.
async fn from(city: &City, address: &str, key: &str, to: &str, body: &Value) -> Reply {
    let request = Request::post(to)
        .header("content-type", "application/json")
        .extension(server::identity::Peer(address.parse().unwrap()));
    let request = match key {
        "" => request,
        key => request.header("authorization", key),
    };
    city.send(request.body(Body::from(body.to_string())).unwrap())
        .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_claim_codes_are_slowed_by_who_tries_and_from_where() {
    const LAMP: &str = "urn:ngsi-ld:Device:lamp-7";
    let city = City::guarded();
    let (cookie, _) = logged_in(&city, "chief", &[Role::Administrator]);
    let (guesser, owner) = (
        key_with(&city, &[Role::Operator]),
        key_with(&city, &[Role::Operator]),
    );
    let new = NewDevice {
        id: LAMP,
        kind: access::DeviceKind::Device,
        roles: &[Role::Operator],
        scopes: &[],
    };
    let (_, code) = access_of(&city).add_device(&new, Permissions::all()).unwrap();
    let claim = format!("/access/devices/{LAMP}/claim");
    let wrong = json!({"code": "AAAA-BBBB-kifaru"});
    let mut looked_at = 0;
    for n in 0..200 {
        // From ever other networks.
        let reply = from(&city, &format!("198.51.100.{n}"), &guesser, &claim, &wrong).await;
        match reply.status {
            404 => looked_at += 1,
            429 => assert!((1..=900).contains(&reply.header("retry-after").parse::<u64>().unwrap())),
            status => panic!("{status}: {}", reply.text()),
        }
    }
    assert_eq!(looked_at, 10);
    // The right one waits as well, and is taken after that.
    let right = json!({"code": code});
    let reply = from(&city, "198.51.100.200", &guesser, &claim, &right).await;
    assert_eq!(reply.status, 429, "{}", reply.text());
    // Enrolment tokens need no login: these are counted by where they come from.
    let enrol = format!("/access/devices/{LAMP}/enrol");
    let tried = json!({"token": "kifaru", "request": "x"});
    let mut looked_at = 0;
    for _ in 0..100 {
        let reply = from(&city, "203.0.113.9", "", &enrol, &tried).await;
        looked_at += usize::from(reply.status == 404);
        assert!(matches!(reply.status, 404 | 429), "{}", reply.text());
    }
    assert_eq!(looked_at, 20);
    // Who has the device is not slowed down by any of it.
    let reply = from(&city, "192.0.2.1", &owner, &claim, &right).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    // All of it is in the log.
    let (refused, text) = told(&city, &cookie).await;
    let times = |of: &str| -> u64 {
        let all = counts(&refused).into_iter();
        all.filter(|(sort, _)| sort == of).map(|(_, times)| times).sum()
    };
    assert_eq!(
        [
            times("Device claim"),
            times("Device enrolment"),
            times("Device slowed")
        ],
        [10, 20, 190 + 1 + 80]
    );
    assert!(!text.contains("kifaru") && !text.contains("198.51.100"));
}
