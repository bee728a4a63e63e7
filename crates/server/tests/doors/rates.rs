//! How many requests somebody may make, and who is not delayed by those who make more.

use std::net::IpAddr;

use access::Role;
use axum::body::Body;
use axum::http::Request;
use server::identity::Peer;
use server::{Rate, Rates};

use crate::admitted::{key_with, logged_in};
use crate::common::City;

const ENTITIES: &str = "/ngsi-ld/v1/entities?type=Bus";

fn limited(rates: Rates) -> City {
    City::guarded_with(|_| {}, |config, _| config.rates = rates)
}

async fn with_key(city: &City, key: &str, tenant: Option<&str>) -> u16 {
    let mut headers = vec![("authorization", key)];
    headers.extend(tenant.map(|name| ("ngsild-tenant", name)));
    city.ask("GET", ENTITIES, &headers, None).await.status
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_asks_too_often_is_told_when_to_come_back_and_delays_nobody_else() {
    let city = limited(Rates {
        caller: Rate::of(1, 5),
        ..Rates::default()
    });
    let (key, other) = (
        key_with(&city, &[Role::Administrator]),
        key_with(&city, &[Role::Administrator]),
    );
    for n in 0..5 {
        assert_eq!(with_key(&city, &key, None).await, 200, "{n}");
    }
    let headers = [("authorization", &*key)];
    let reply = city.ask("GET", ENTITIES, &headers, None).await;
    assert_eq!(reply.status, 429, "{}", reply.text());
    assert_eq!(reply.header("content-type"), "application/json");
    assert_eq!(reply.header("retry-after"), "1");
    let detail = reply.json()["detail"].as_str().unwrap().to_owned();
    assert!(
        detail.contains("you may make 1 requests a second, and 5 at once"),
        "{detail}"
    );
    // It is one bucket, whatever is asked for: also what everybody may have.
    for path in ["/login", "/access/users", "/nothing"] {
        let reply = city.ask("GET", path, &headers, None).await;
        // What is not there is said to everybody.
        let expected = if path == "/nothing" { 404 } else { 429 };
        assert_eq!(reply.status, expected, "{path}");
    }
    // Nobody else waits; and what was refused was not done.
    assert_eq!(with_key(&city, &other, None).await, 200);
    let bus = r#"{"id": "urn:a:1", "type": "Bus"}"#;
    let refused = city
        .ask("POST", "/ngsi-ld/v1/entities", &headers, Some(bus))
        .await;
    assert_eq!(refused.status, 429);
    assert_eq!(with_key(&city, &other, None).await, 200);
    let there = [("authorization", &*other)];
    let found = city
        .ask("GET", "/ngsi-ld/v1/entities/urn:a:1", &there, None)
        .await;
    assert_eq!(found.status, 404);
    // Whoever comes back when told to is let through, once.
    city.clock.advance(1_000_000);
    assert_eq!(with_key(&city, &key, None).await, 200);
    assert_eq!(with_key(&city, &key, None).await, 429);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_are_told_on_a_page() {
    let city = limited(Rates {
        caller: Rate::of(1, 2),
        ..Rates::default()
    });
    let (cookie, _) = logged_in(&city, "ada", &[Role::Administrator]);
    let headers = [("cookie", &*cookie), ("accept", "text/html")];
    for expected in [200, 200, 429] {
        let page = city.ask("GET", "/account", &headers, None).await;
        assert_eq!(page.status, expected, "{}", page.text());
        if expected == 429 {
            assert!(page.header("content-type").starts_with("text/html"));
            assert_eq!(page.header("retry-after"), "1");
            assert!(page.text().contains("come back in 1 s"), "{}", page.text());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn those_in_one_tenant_leave_another_its_own() {
    let city = limited(Rates {
        tenant: Rate::of(1, 4),
        ..Rates::default()
    });
    let keys = [
        key_with(&city, &[Role::Administrator]),
        key_with(&city, &[Role::Administrator]),
    ];
    let bus = r#"{"id": "urn:a:1", "type": "Bus"}"#;
    let headers = [("authorization", &*keys[0]), ("ngsild-tenant", "harbour")];
    let made = city
        .ask("POST", "/ngsi-ld/v1/entities", &headers, Some(bus))
        .await;
    assert_eq!(made.status, 201, "{}", made.text());
    for n in 0..3 {
        assert_eq!(with_key(&city, &keys[n % 2], Some("harbour")).await, 200, "{n}");
    }
    for key in &keys {
        assert_eq!(with_key(&city, key, Some("harbour")).await, 429);
        assert_eq!(with_key(&city, key, None).await, 200);
    }
    city.clock.advance(1_000_000);
    assert_eq!(with_key(&city, &keys[1], Some("harbour")).await, 200);
}

async fn from(city: &City, address: &str, key: Option<&str>) -> u16 {
    let mut request = Request::get("/login").body(Body::empty()).unwrap();
    if let Some(key) = key {
        request
            .headers_mut()
            .insert("authorization", key.parse().unwrap());
    }
    let address: IpAddr = address.parse().unwrap();
    request.extensions_mut().insert(Peer(address));
    city.send(request).await.status
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_are_counted_by_where_they_come_from() {
    let city = limited(Rates {
        stranger: Rate::of(1, 3),
        ..Rates::default()
    });
    let key = key_with(&city, &[Role::Administrator]);
    logged_in(&city, "ada", &[Role::Administrator]);
    for n in 0..3 {
        assert_eq!(from(&city, "192.0.2.1", None).await, 200, "{n}");
    }
    assert_eq!(from(&city, "192.0.2.1", None).await, 429);
    // A wrong key makes nobody another one.
    assert_eq!(from(&city, "192.0.2.1", Some("Bearer mapacha_wrong")).await, 429);
    // Somebody known from there, and somebody else elsewhere.
    assert_eq!(from(&city, "192.0.2.1", Some(&key)).await, 200);
    assert_eq!(from(&city, "192.0.2.2", None).await, 200);
    // A household has a whole network of IPv6.
    for n in 0..3 {
        assert_eq!(from(&city, &format!("2001:db8::{n}"), None).await, 200);
    }
    assert_eq!(from(&city, "2001:db8::9", None).await, 429);
    assert_eq!(from(&city, "2001:db8:0:1::9", None).await, 200);
}
