//! The broker under load: requests over loopback by `wrk`, beside what they cost the server.
//!
//! Processor time of the server per request is what compares on a machine with other work on it; wall time per
//! request is how long the load took over how many requests it made. `ENTITIES` sets how many entities there are
//! (10 000), `SECONDS` how long each load lasts (5).

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use black_box::{Client, Server, client, mapacha};
use serde_json::{Value as Json, json};

use crate::process::{cpu_of, resident};

/// Entities of one batch.
const BATCH: usize = 100;
/// Connections of a load.
const CONNECTIONS: usize = 16;
/// Instances of the attribute that is aggregated.
const INSTANCES: usize = 1_000_000;
/// Instances that one request brings.
const INSTANCES_A_REQUEST: usize = 10_000;
pub(crate) const API: &str = "/ngsi-ld/v1";

pub(crate) struct Load {
    pub(crate) name: &'static str,
    pub(crate) operation: &'static str,
    pub(crate) goal: &'static str,
}

const LOADS: [Load; 7] = [
    Load {
        name: "GET by id",
        operation: "get",
        goal: "35 µs",
    },
    Load {
        name: "query `type`, limit 20",
        operation: "type",
        goal: "150 µs",
    },
    Load {
        name: "query `type` and `q` (40 to 80 % match), limit 20",
        operation: "q",
        goal: "300 µs",
    },
    Load {
        name: "query `type` and `q` (one in 10 000 matches), limit 20",
        operation: "rare",
        goal: "300 µs",
    },
    Load {
        name: "query `near` 300 m, limit 20",
        operation: "near",
        goal: "200 µs",
    },
    Load {
        name: "PATCH one attribute, durable",
        operation: "patch",
        goal: "60 µs",
    },
    Load {
        name: "create, durable",
        operation: "create",
        goal: "70 µs",
    },
];

/// Prints the table.
pub(crate) fn report() {
    if Command::new("wrk").arg("--version").output().is_err() {
        println!("The broker's chapter needs wrk: apt-get install wrk");
        return;
    }
    let entities = setting("ENTITIES", 10_000);
    let seconds = setting("SECONDS", 5);
    let folder = tempfile::tempdir().expect("a folder");
    let server = serve(folder.path());
    println!("## The broker: {entities} entities of 5 attributes, {CONNECTIONS} connections\n");
    println!(
        "| What | Requests a second | Wall a request | CPU of the server a request | Median | p99 | Goal |"
    );
    println!("|---|---|---|---|---|---|---|");
    upsert(&server, entities);
    rest(&server, entities as u64);
    for load in &LOADS {
        let requests = measure(&server, load, entities, seconds);
        if matches!(load.operation, "patch" | "create") {
            rest(&server, requests);
        }
    }
    subscriptions(&server, entities, seconds);
    aggregation(&server);
    let megabytes = resident(server.pid(), "VmRSS:").unwrap_or_default() >> 20;
    println!("\nResident after all of it: {megabytes} MB.\n");
    let (code, _) = server.stop();
    assert_eq!(code, Some(0), "the server ends well after the load");
}

pub(crate) fn serve(folder: &Path) -> Server {
    let mut command = mapacha(["serve", "--listen", "127.0.0.1:0", "--data-dir"]);
    command.arg(folder);
    // Subscribers of the measurement are on this machine.
    command.env("MAPACHA__NOTIFICATIONS__ALLOW_PRIVATE", "true");
    Server::start(&mut command)
}

pub(crate) fn setting(name: &str, default: usize) -> usize {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}

pub(crate) fn cpu(server: &Server) -> Duration {
    cpu_of(server.pid()).unwrap_or_default()
}

pub(crate) fn row(what: &str, count: u64, wall: Duration, cpu: Duration, percentiles: &str, goal: &str) {
    let each = |time: Duration| time.as_secs_f64() * 1e6 / count.max(1) as f64;
    println!(
        "| {what} | {:.0} | {:.0} µs | {:.0} µs | {percentiles} | {goal} |",
        count as f64 / wall.as_secs_f64(),
        each(wall),
        each(cpu)
    );
}

/// All entities, in batches, one after the other.
pub(crate) fn upsert(server: &Server, entities: usize) {
    let http = client();
    let (begun, spent) = (Instant::now(), cpu(server));
    for first in (0..entities).step_by(BATCH) {
        let batch: Vec<Json> = (first..(first + BATCH).min(entities))
            .map(|n| entity(n, entities))
            .collect();
        let answer = http
            .post(format!("{}{API}/entityOperations/upsert", server.url))
            .json(&batch)
            .send()
            .expect("an answer");
        assert!(
            answer.status().is_success(),
            "{}",
            answer.text().unwrap_or_default()
        );
    }
    row(
        "batch upsert of 100, one connection, per entity",
        entities as u64,
        begun.elapsed(),
        cpu(server).saturating_sub(spent),
        "| ",
        "60 µs",
    );
}

/// The n-th entity: values and places spread evenly, in an order that is not that of the ids.
fn entity(n: usize, entities: usize) -> Json {
    let scattered = n * 7_919 % entities;
    let part = scattered as f64 / entities as f64;
    json!({
        "id": format!("urn:ngsi-ld:Sensor:{n}"),
        "type": "Sensor",
        "temperature": {"type": "Property", "value": part * 100.0, "unitCode": "CEL"},
        "humidity": {"type": "Property", "value": (n * 31) % 100},
        "status": {"type": "Property", "value": if n.is_multiple_of(10) { "broken" } else { "ok" }},
        "location": {"type": "GeoProperty", "value": {
            "type": "Point", "coordinates": [36.7 + part * 0.2, -1.35 + (n * 104_729 % entities) as f64 / entities as f64 * 0.15]
        }},
        "refDistrict": {"type": "Relationship", "object": format!("urn:ngsi-ld:District:{}", n % 17)},
    })
}

/// Waits until the server has nothing left to do, so that no load pays what another left behind; prints what it was.
fn rest(server: &Server, requests: u64) {
    let (begun, spent) = (Instant::now(), cpu(server));
    let mut before = spent;
    loop {
        std::thread::sleep(Duration::from_secs(2));
        let now = cpu(server);
        if now.saturating_sub(before) < Duration::from_millis(30) {
            break;
        }
        before = now;
    }
    row(
        "what that left in the log, folded while nobody writes, a request",
        requests,
        begun.elapsed(),
        cpu(server).saturating_sub(spent),
        "| ",
        "",
    );
}

/// Loads the server; answers with the number of requests.
pub(crate) fn measure(server: &Server, load: &Load, entities: usize, seconds: usize) -> u64 {
    let spent = cpu(server);
    let output = Command::new("wrk")
        .args(["-t1", &format!("-c{CONNECTIONS}"), &format!("-d{seconds}s"), "-s"])
        .arg(script())
        .arg(&server.url)
        .env("OPERATION", load.operation)
        .env("ENTITIES", entities.to_string())
        .output()
        .expect("wrk runs");
    let spent = cpu(server).saturating_sub(spent);
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text
        .lines()
        .find(|line| line.starts_with('{'))
        .unwrap_or_default();
    let said: Json = serde_json::from_str(line).unwrap_or_else(|_| panic!("wrk said: {text}"));
    let number = |name: &str| said[name].as_u64().unwrap_or_default();
    assert_eq!(
        (number("refused"), number("broken")),
        (0, 0),
        "{}: {text}",
        load.name
    );
    row(
        load.name,
        number("requests"),
        Duration::from_micros(number("duration_us")),
        spent,
        &format!("{} µs | {} µs", number("median_us"), number("p99_us")),
        load.goal,
    );
    number("requests")
}

fn script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("wrk/requests.lua")
}

/// Changes with 10 000 subscriptions to what changes beside, whose condition never holds: what matching costs, without
/// delivery.
fn subscriptions(server: &Server, entities: usize, seconds: usize) {
    let http = client();
    let count = 10_000;
    let subscribe = |subscription: &Json| subscribe(&http, server, subscription);
    // Nobody listens there, and nobody is to be told.
    let notification = json!({"endpoint": {"uri": "http://127.0.0.1:9/none"}});
    for n in 0..count {
        subscribe(&json!({
            "type": "Subscription", "notification": notification,
            "entities": [{"type": "Sensor"}], "watchedAttributes": ["temperature"],
            "q": format!("temperature>{}", 1_000_000 + n),
        }));
    }
    let load = Load {
        name: "PATCH with 10 000 subscriptions to its attribute, whose `q` does not hold",
        operation: "patch",
        goal: "100 µs more",
    };
    measure(server, &load, entities, seconds);
}

pub(crate) fn subscribe(http: &Client, server: &Server, subscription: &Json) {
    let address = format!("{}{API}/subscriptions", server.url);
    let answer = http.post(address).json(subscription).send().expect("an answer");
    assert_eq!(
        answer.status().as_u16(),
        201,
        "{}",
        answer.text().unwrap_or_default()
    );
}

/// A million instances of one attribute, and their averages by the hour.
fn aggregation(server: &Server) {
    let http = client();
    let address = format!("{}{API}/temporal/entities", server.url);
    let (begun, spent) = (Instant::now(), cpu(server));
    for first in (0..INSTANCES).step_by(INSTANCES_A_REQUEST) {
        let values: Vec<Json> = (first..first + INSTANCES_A_REQUEST)
            .map(|n| {
                let (day, second) = (n * 10 / 86_400, n * 10 % 86_400);
                // 116 days from 1 January: months of 28 days keep it simple.
                let (month, day) = (1 + day / 28, 1 + day % 28);
                let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
                let at = format!("2026-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z");
                json!({"type": "Property", "value": n % 1000, "observedAt": at})
            })
            .collect();
        let evolution = json!({"id": "urn:ngsi-ld:Meter:1", "type": "Meter", "power": values});
        let answer = http.post(&address).json(&evolution).send().expect("an answer");
        assert!(
            answer.status().is_success(),
            "{}",
            answer.text().unwrap_or_default()
        );
    }
    row(
        "a million instances of one attribute brought, 10 000 a request, per instance",
        INSTANCES as u64,
        begun.elapsed(),
        cpu(server).saturating_sub(spent),
        "| ",
        "",
    );
    let question = format!(
        "{address}/urn:ngsi-ld:Meter:1?options=aggregatedValues&aggrMethods=avg,max&aggrPeriodDuration=P7D\
         &timerel=after&timeAt=2026-01-01T00:00:00Z&attrs=power"
    );
    let asked = |what: &str, rounds: u64| {
        let (begun, spent) = (Instant::now(), cpu(server));
        for _ in 0..rounds {
            let answer = http.get(&question).send().expect("an answer");
            assert_eq!(answer.status().as_u16(), 200);
            let text = answer.text().expect("a text");
            let json: Json = serde_json::from_str(&text).expect("JSON");
            let weeks = json["power"]["avg"].as_array().map_or(0, Vec::len);
            assert!(weeks >= 16, "{text}");
        }
        let spent = cpu(server).saturating_sub(spent);
        row(what, rounds, begun.elapsed(), spent, "| ", "50 ms");
    };
    // While the newest instances still stand in the log one by one; and once they are packed.
    asked(
        "aggregation over a million instances (avg and max by the week), at once",
        3,
    );
    std::thread::sleep(Duration::from_secs(3));
    asked("the same, three seconds later", 20);
}
