//! The broker under load: requests over loopback by `wrk`, beside what they cost the server.
//!
//! Processor time of the server per request is what compares on a machine with other work on it; wall time per
//! request is how long the load took over how many requests it made. `ENTITIES` sets how many entities there are
//! (10 000), `SECONDS` how long each load lasts (5).

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use black_box::{Client, Server, client, mapacha};
use serde_json::{Value as Json, json};

use crate::load::{API, CONNECTIONS, Cost, LOADS, Load, load};
use crate::process::resident;

/// Instances of the attribute that is aggregated.
const INSTANCES: usize = 1_000_000;
/// Instances that one request brings.
const INSTANCES_A_REQUEST: usize = 10_000;

/// Pages of 20 in an order, and what writes cost beside what these leave: two indexes, of orders that no index of an
/// attribute has.
const ORDERS: [Load; 7] = [
    Load {
        name: "`type` by a number, descending",
        operation: "number",
        goal: "300 µs",
    },
    Load {
        name: "`type` by `createdAt`, the latest first",
        operation: "latest",
        goal: "300 µs",
    },
    Load {
        name: "`type` by a text that all share, then `id`, descending",
        operation: "several",
        goal: "300 µs",
    },
    Load {
        name: "`type`, the nearest first",
        operation: "nearest",
        goal: "300 µs",
    },
    Load {
        name: "`type`, the farthest first",
        operation: "farthest",
        goal: "300 µs",
    },
    Load {
        name: "PATCH one attribute beside the indexes of two orders, durable",
        operation: "patch",
        goal: "60 µs",
    },
    Load {
        name: "create beside them, durable",
        operation: "create",
        goal: "70 µs",
    },
];

/// The number of entities of the smaller table.
const FEW: usize = 10_000;

/// Questions of which as many match as of those in the smaller table.
const ALIKE: [Load; 2] = [
    Load {
        name: "query `type` and `q` of which as few match as among 10 000, limit 20",
        operation: "rare_alike",
        goal: "300 µs",
    },
    Load {
        name: "query `near` within which as many are as among 10 000, limit 20",
        operation: "near_alike",
        goal: "200 µs",
    },
];

/// Prints the table.
pub(crate) fn report() {
    if Command::new("wrk").arg("--version").output().is_err() {
        println!("The broker's chapter needs wrk: apt-get install wrk");
        return;
    }
    let entities = setting("ENTITIES", FEW);
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
    for (turn, loads) in [&LOADS[..], &ORDERS[..]].into_iter().enumerate() {
        for load in loads {
            if matches!(load.operation, "latest" | "several") {
                let first = Load {
                    name: "the first second of the next, in which its index is made",
                    operation: load.operation,
                    goal: "",
                };
                measure(&server, &first, (entities, turn), 1);
            }
            let requests = measure(&server, load, (entities, turn), seconds);
            if load.operation == "near" && entities > FEW {
                for alike in &ALIKE {
                    measure(&server, alike, (entities, turn), seconds);
                }
            }
            if matches!(load.operation, "patch" | "create") {
                rest(&server, requests);
            }
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
    crate::load::Broker::from(server).cpu()
}

pub(crate) fn row(what: &str, cost: &Cost, goal: &str) {
    println!(
        "| {what} | {:.0} | {:.0} µs | {:.0} µs | {} | {goal} |",
        cost.count as f64 / cost.wall.as_secs_f64(),
        cost.each_us(cost.wall),
        cost.each_us(cost.cpu),
        cost.percentiles(),
    );
}

/// What was done one request after the other, since `begun`.
pub(crate) fn so_far(server: &Server, count: u64, (begun, spent): (Instant, Duration)) -> Cost {
    Cost {
        count,
        wall: begun.elapsed(),
        cpu: cpu(server).saturating_sub(spent),
        percentiles_us: None,
    }
}

/// All entities, in batches.
pub(crate) fn upsert(server: &Server, entities: usize) {
    let cost = crate::load::upsert(&server.into(), entities);
    row("batch upsert of 100, one connection, per entity", &cost, "60 µs");
}

/// Loads the server; answers with the number of requests. Two turns make other entities.
pub(crate) fn measure(server: &Server, what: &Load, (entities, turn): (usize, usize), seconds: usize) -> u64 {
    let cost = load(&server.into(), what, entities, seconds, turn);
    row(what.name, &cost, what.goal);
    cost.count
}

/// Waits until the server has nothing left to do, so that no load pays what another left behind; prints what it was.
fn rest(server: &Server, requests: u64) {
    let begun = (Instant::now(), cpu(server));
    let mut before = begun.1;
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
        &so_far(server, requests, begun),
        "",
    );
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
    measure(server, &load, (entities, 0), seconds);
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
    let since = (Instant::now(), cpu(server));
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
        &so_far(server, INSTANCES as u64, since),
        "",
    );
    let question = format!(
        "{address}/urn:ngsi-ld:Meter:1?options=aggregatedValues&aggrMethods=avg,max&aggrPeriodDuration=P7D\
         &timerel=after&timeAt=2026-01-01T00:00:00Z&attrs=power"
    );
    let asked = |what: &str, rounds: u64| {
        let since = (Instant::now(), cpu(server));
        for _ in 0..rounds {
            let answer = http.get(&question).send().expect("an answer");
            assert_eq!(answer.status().as_u16(), 200);
            let text = answer.text().expect("a text");
            let json: Json = serde_json::from_str(&text).expect("JSON");
            let weeks = json["power"]["avg"].as_array().map_or(0, Vec::len);
            assert!(weeks >= 16, "{text}");
        }
        row(what, &so_far(server, rounds, since), "50 ms");
    };
    // While the newest instances still stand in the log one by one; and once they are packed.
    asked(
        "aggregation over a million instances (avg and max by the week), at once",
        3,
    );
    std::thread::sleep(Duration::from_secs(3));
    asked("the same, three seconds later", 20);
}
