//! Many subscriptions: what matching costs, and what delivering does.

use std::time::Instant;

use black_box::client;
use serde_json::json;

use crate::broker::{cpu, measure, row, serve, setting, so_far, subscribe, upsert};
use crate::load::{API, Cost, Load};
use crate::receiver::Receiver;

/// Changes beside 10 000 subscriptions as a city has them: of each some part matches (the type, the watched attribute,
/// the condition, the id), and of none all. Then the same with ten more that do match, delivered over HTTP to a receiver
/// on this machine.
pub(crate) fn report() {
    let (entities, seconds) = (setting("ENTITIES", 10_000), setting("SECONDS", 5));
    let folder = tempfile::tempdir().expect("a folder");
    let server = serve(folder.path());
    let http = client();
    println!("\n### Beside 10 000 subscriptions that match partly\n");
    println!(
        "| What | Requests a second | Wall a request | CPU of the server a request | Median | p99 | Goal |"
    );
    println!("|---|---|---|---|---|---|---|");
    upsert(&server, entities);
    let patch = |name: &'static str, goal: &'static str| {
        let load = Load {
            name,
            operation: "patch",
            goal,
        };
        measure(&server, &load, (entities, 0), seconds);
    };
    patch("PATCH without subscriptions", "60 µs");
    let receiver = Receiver::start();
    for n in 0..10_000_usize {
        let sensor = json!([{"type": "Sensor"}]);
        let (entities, watched, q) = match n % 5 {
            0 => (json!([{"type": "Lamp"}]), "temperature", String::new()),
            1 => (sensor, "humidity", "status==\"ok\"".to_owned()),
            2 => (
                sensor,
                "temperature",
                format!("temperature>=-{n};temperature<=-1"),
            ),
            3 => (
                sensor,
                "temperature",
                format!("temperature>{}|temperature==-{n}", 1_000_000 + n),
            ),
            _ => (
                json!([{"type": "Sensor", "id": format!("urn:ngsi-ld:Sensor:absent-{n}")}]),
                "temperature",
                String::new(),
            ),
        };
        let mut subscription = json!({
            "type": "Subscription", "entities": entities, "watchedAttributes": [watched],
            "notification": {"endpoint": {"uri": receiver.uri(n % 100)}},
        });
        if !q.is_empty() {
            subscription["q"] = q.into();
        }
        subscribe(&http, &server, &subscription);
    }
    patch(
        "PATCH beside 10 000 subscriptions of which none matches wholly",
        "100 µs more",
    );
    assert_eq!(receiver.count(), 0, "nobody is told");
    let (told, changes) = (10_usize, 4_000_usize);
    for n in 0..told {
        subscribe(
            &http,
            &server,
            &json!({
                "type": "Subscription", "entities": [{"type": "Sensor"}], "watchedAttributes": ["temperature"],
                "q": "temperature>-1000", "notification": {"endpoint": {"uri": receiver.uri(1000 + n)}},
            }),
        );
    }
    let since = (Instant::now(), cpu(&server));
    let threads = 4;
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let (http, server) = (client(), &server);
            scope.spawn(move || {
                for n in (thread..changes).step_by(threads) {
                    // Each changes: the values are no one's before.
                    let address = format!(
                        "{}{API}/entities/urn:ngsi-ld:Sensor:{}/attrs/temperature",
                        server.url,
                        n % entities
                    );
                    let answer = http
                        .patch(address)
                        .json(&json!({"value": 2000 + n}))
                        .send()
                        .expect("an answer");
                    assert_eq!(answer.status().as_u16(), 204);
                }
            });
        }
    });
    receiver.wait_for(changes * told);
    let cost = so_far(&server, changes as u64, since);
    row(
        "the same with ten more that match: per change, with its ten notifications delivered over HTTP",
        &cost,
        "",
    );
    let count = (changes * told) as u64;
    row("of that, per notification", &Cost { count, ..cost }, "");
    let (code, _) = server.stop();
    assert_eq!(code, Some(0), "the server ends well after the load");
}
