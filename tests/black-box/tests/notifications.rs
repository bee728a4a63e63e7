//! The built server and those it notifies: nothing that was acknowledged goes untold, and nobody waits for the dead.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a suite fails by panicking and says why"
)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use black_box::{Server, client, mapacha};
use serde_json::{Value as Json, json};

const TAKES: u8 = 0;
const HANGS: u8 = 1;
const FAILS: u8 = 2;

/// An endpoint.
struct Receiver {
    uri: String,
    mood: Arc<AtomicU8>,
    got: Arc<Mutex<Vec<Json>>>,
}

impl Receiver {
    fn start(mood: u8) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let uri = format!("http://{}/notify", listener.local_addr().expect("an address"));
        let (mood, got) = (Arc::new(AtomicU8::new(mood)), Arc::new(Mutex::new(Vec::new())));
        let (its_mood, its_got) = (Arc::clone(&mood), Arc::clone(&got));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (mood, got) = (Arc::clone(&its_mood), Arc::clone(&its_got));
                std::thread::spawn(move || serve(stream, &mood, &got));
            }
        });
        Self { uri, mood, got }
    }

    fn set(&self, mood: u8) {
        self.mood.store(mood, Ordering::SeqCst);
    }

    fn values(&self) -> Vec<i64> {
        let got = self.got.lock().unwrap();
        got.iter()
            .map(|body| body["data"][0]["level"]["value"].as_i64().unwrap_or(-1))
            .collect()
    }

    fn wait_for(&self, count: usize) {
        let begun = Instant::now();
        while self.got.lock().unwrap().len() < count {
            assert!(
                begun.elapsed() < Duration::from_mins(1),
                "{} of {count} came",
                self.got.lock().unwrap().len()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

fn serve(stream: TcpStream, mood: &AtomicU8, got: &Mutex<Vec<Json>>) {
    let mut reader = BufReader::new(stream);
    loop {
        let mut length = 0;
        let mut line = String::new();
        loop {
            line.clear();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            let lower = line.to_ascii_lowercase();
            if let Some(value) = lower.strip_prefix("content-length:") {
                length = value.trim().parse().expect("a length");
            }
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        if reader.read_exact(&mut body).is_err() {
            return;
        }
        let answer: &[u8] = match mood.load(Ordering::SeqCst) {
            HANGS => {
                std::thread::sleep(Duration::from_mins(5));
                return;
            }
            FAILS => b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n",
            _ => {
                got.lock()
                    .unwrap()
                    .push(serde_json::from_slice(&body).expect("JSON"));
                b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
            }
        };
        if reader.get_mut().write_all(answer).is_err() {
            return;
        }
    }
}

fn start(data: &Path) -> Server {
    Server::start(
        mapacha(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(data)
            .env("MAPACHA__NOTIFICATIONS__ALLOW_PRIVATE", "true"),
    )
}

const SUBSCRIPTIONS: &str = "/ngsi-ld/v1/subscriptions";

fn subscription(id: &str, uri: &str) -> Json {
    json!({"id": id, "type": "Subscription", "entities": [{"type": "Tank"}],
        "notification": {"endpoint": {"uri": uri, "timeout": 2000}}})
}

fn subscribe(server: &Server, id: &str, uri: &str) {
    let (status, body) = server.send("POST", SUBSCRIPTIONS, &subscription(id, uri));
    assert_eq!(status, 201, "{body}");
}

fn level(server: &Server, value: i64) {
    let entity =
        json!([{"id": "urn:ngsi-ld:Tank:1", "type": "Tank", "level": {"type": "Property", "value": value}}]);
    let (status, body) = server.send("POST", "/ngsi-ld/v1/entityOperations/upsert", &entity);
    assert!(status == 201 || status == 204, "{status} {body}");
}

#[test]
fn what_was_acknowledged_is_told_after_kill_9() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let hanging = Receiver::start(HANGS);
    let failing = Receiver::start(FAILS);
    let server = start(&data);
    subscribe(&server, "urn:ngsi-ld:Subscription:hanging", &hanging.uri);
    subscribe(&server, "urn:ngsi-ld:Subscription:failing", &failing.uri);
    for value in 1..=20 {
        level(&server, value);
    }
    server.kill(); // at once: of the last ones no attempt was made
    hanging.set(TAKES);
    failing.set(TAKES);
    let server = start(&data);
    hanging.wait_for(20);
    failing.wait_for(20);
    for receiver in [&hanging, &failing] {
        let mut values = receiver.values();
        values.dedup(); // at least once, in order
        assert_eq!(values, (1..=20).collect::<Vec<_>>());
    }
    let (_, subscription) = server.get("/ngsi-ld/v1/subscriptions/urn:ngsi-ld:Subscription:hanging");
    assert_eq!(subscription["notification"]["status"], "ok", "{subscription}");
    // And what arrived does not come again.
    let begun = Instant::now();
    while server.get("/notifications").1["waiting"] != 0 {
        assert!(begun.elapsed() < Duration::from_secs(30));
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_millis(500)); // the disk is told every 50 ms
    let before = hanging.got.lock().unwrap().len();
    server.kill();
    let server = start(&data);
    level(&server, 21);
    hanging.wait_for(before + 1);
    assert_eq!(*hanging.values().last().unwrap(), 21);
    assert_eq!(hanging.got.lock().unwrap().len(), before + 1);
}

#[test]
fn dead_and_hanging_endpoints_delay_nobody() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = start(&folder.path().join("data"));
    let live = Receiver::start(TAKES);
    let hanging = Receiver::start(HANGS);
    let nobody = {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        format!("http://{}/", listener.local_addr().expect("an address"))
    };
    subscribe(&server, "urn:ngsi-ld:Subscription:hanging", &hanging.uri);
    subscribe(&server, "urn:ngsi-ld:Subscription:nobody", &nobody);
    subscribe(
        &server,
        "urn:ngsi-ld:Subscription:unresolved",
        "http://nobody.invalid/notify",
    );
    subscribe(&server, "urn:ngsi-ld:Subscription:live", &live.uri);
    let begun = Instant::now();
    for value in 1..=100 {
        level(&server, value);
    }
    live.wait_for(100);
    // One attempt at the hanging one takes 2 s: nobody waited for a hundred of them.
    assert!(begun.elapsed() < Duration::from_mins(1));
    assert_eq!(live.values(), (1..=100).collect::<Vec<_>>());
    let status = |which: &str| {
        let (_, subscription) = server.get(&format!(
            "/ngsi-ld/v1/subscriptions/urn:ngsi-ld:Subscription:{which}"
        ));
        subscription["notification"].clone()
    };
    assert_eq!(status("live")["timesSent"], 100);
    let begun = Instant::now();
    while status("nobody")["status"] != "failed" {
        assert!(begun.elapsed() < Duration::from_secs(30));
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(status("nobody").get("lastFailure").is_some());
    let (_, standing) = server.get("/notifications");
    assert_eq!(standing["delivered"], 100, "{standing}");
    assert_eq!(standing["waiting"], 300, "{standing}");
    let (_, failing) = server.get("/notifications/endpoints?failing=true");
    let found = (failing["items"].as_array().into_iter().flatten())
        .find(|item| item["endpoint"] == nobody.as_str())
        .expect("the endpoint that nobody listens at");
    assert_eq!(found["waiting"], 100, "{found}");
    assert!(
        found["lastFailure"].as_str().is_some_and(|why| !why.is_empty()) && found["restsUntil"].is_string(),
        "{found}"
    );
    // Whoever has mended it need not wait; of another endpoint nothing is known.
    for (endpoint, status) in [(nobody.as_str(), 204), ("http://nobody.invalid/else", 404)] {
        let path = format!("/notifications/endpoints/wake?endpoint={endpoint}");
        assert_eq!(server.send("POST", &path, &json!({})).0, status, "{endpoint}");
    }
    // With the subscription goes what waits for it.
    let deleted = client()
        .delete(format!(
            "{}/ngsi-ld/v1/subscriptions/urn:ngsi-ld:Subscription:nobody",
            server.url
        ))
        .send()
        .expect("the server answers");
    assert_eq!(deleted.status(), 204);
    assert_eq!(server.get("/notifications").1["waiting"], 200);
}

#[test]
fn without_leave_nothing_inside_is_reached() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::over(&folder.path().join("data"));
    let inside = Receiver::start(TAKES);
    let by_name = inside.uri.replace("127.0.0.1", "localhost");
    // What is plain to see is refused at once.
    let broker = by_name.replace("http://", "mqtt://");
    for uri in [&inside.uri, &by_name, &broker] {
        let (status, text) = server.send(
            "POST",
            SUBSCRIPTIONS,
            &subscription("urn:ngsi-ld:Subscription:inside", uri),
        );
        assert_eq!(status, 400, "{text}");
        assert!(text.contains("notifications.allow_private"), "{text}");
        let snapshot = json!({"type": "Snapshot", "endpoint": uri, "snapshotQueries": [
            {"type": "Query", "entities": [{"type": "Tank"}]}]});
        let (status, text) = server.send("POST", "/ngsi-ld/v1/snapshots", &snapshot);
        assert_eq!(status, 400, "{text}");
        assert!(text.contains("notifications.allow_private"), "{text}");
    }
    // What only the name's addresses tell, when it is sent.
    let own_name = std::fs::read_to_string("/etc/hostname").expect("a machine has a name");
    let broker = broker.replace("localhost", own_name.trim());
    subscribe(&server, "urn:ngsi-ld:Subscription:broker", &broker);
    level(&server, 1);
    let begun = Instant::now();
    loop {
        let (_, subscription) = server.get("/ngsi-ld/v1/subscriptions/urn:ngsi-ld:Subscription:broker");
        if subscription["notification"]["status"] == "failed" {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{subscription}");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(inside.got.lock().unwrap().is_empty());
}
