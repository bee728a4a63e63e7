//! Another NGSI-LD broker beside ours: the same requests to both, in turns, in one run on one machine.
//!
//! The other one runs already and holds nothing yet. `PEER_URL` is what stands before `/ngsi-ld/v1` in its addresses,
//! `PEER_PID` its process, or its processes with commas between them (a broker and its database), `PEER_NAME` what the
//! table calls it. `ENTITIES` and `SECONDS` are as in the chapter on our own.

use std::collections::BTreeSet;
use std::process::Command;
use std::time::Duration;

use black_box::client;
use serde_json::Value as Json;

use crate::broker::{serve, setting};
use crate::load::{API, BATCH, Broker, CONNECTIONS, Cost, LOADS, load, upsert};
use crate::process::{cpu_of, resident};

/// Questions whose answers both must agree in, so that nobody is fast by not answering.
const QUESTIONS: [&str; 7] = [
    "/urn:ngsi-ld:Sensor:42",
    "?type=Sensor&limit=20",
    "?type=Sensor&limit=20&q=temperature%3E40",
    "?type=Sensor&limit=1000&q=temperature%3E99",
    "?type=Sensor&limit=20&q=temperature%3D%3D42..42.01",
    "?type=Sensor&limit=1000&georel=near%3BmaxDistance%3D%3D300&geometry=Point&coordinates=%5B36.8%2C-1.28%5D",
    "?type=Sensor&limit=1000&georel=near%3BmaxDistance%3D%3D3000&geometry=Point&coordinates=%5B36.8%2C-1.28%5D",
];

/// Prints the table: for each request the middle one of `runs` turns by processor time.
pub(crate) fn report(runs: usize) {
    let Some((name, peer)) = peer() else {
        println!("\nNo broker stands beside: PEER_URL and PEER_PID name one that runs and is empty.");
        return;
    };
    if Command::new("wrk").arg("--version").output().is_err() {
        println!("This chapter needs wrk: apt-get install wrk");
        return;
    }
    let (entities, seconds) = (setting("ENTITIES", 10_000), setting("SECONDS", 5));
    let folder = tempfile::tempdir().expect("a folder");
    let server = serve(folder.path());
    let ours = Broker::from(&server);
    println!("\n## Beside {name}: {entities} entities of 5 attributes, {CONNECTIONS} connections\n");
    println!("| What | CPU, Mapacha | CPU, {name} | times | Wall, Mapacha | Wall, {name} | times |");
    println!("|---|---|---|---|---|---|---|");
    // Each is empty only once.
    let first = [upsert(&ours, entities), upsert(&peer, entities)];
    row(
        &format!("batch upsert of {BATCH}, one connection, per entity"),
        first,
    );
    agree(&ours, &peer);
    for one in &LOADS {
        let turns = (0..runs.max(1)).map(|turn| {
            let of = |broker: &Broker| {
                quiet(&[&ours, &peer]);
                load(broker, one, entities, seconds, turn)
            };
            // Who goes first has the colder machine: each does in every second turn.
            if turn.is_multiple_of(2) {
                let ours = of(&ours);
                (ours, of(&peer))
            } else {
                let peer = of(&peer);
                (of(&ours), peer)
            }
        });
        let (ours, peer): (Vec<_>, Vec<_>) = turns.unzip();
        row(
            one.name.trim_end_matches(", durable"),
            [middle(ours), middle(peer)],
        );
    }
    let megabytes = |broker: &Broker| -> u64 {
        let each = broker.pids.iter().filter_map(|pid| resident(*pid, "VmRSS:"));
        each.sum::<u64>() >> 20
    };
    println!(
        "\nResident after all of it: Mapacha {} MB, {name} {} MB.\n",
        megabytes(&ours),
        megabytes(&peer)
    );
    let (code, _) = server.stop();
    assert_eq!(code, Some(0), "the server ends well after the load");
}

/// The other broker and its name, if the environment names one.
fn peer() -> Option<(String, Broker)> {
    let url = std::env::var("PEER_URL").ok()?;
    let pids = std::env::var("PEER_PID").ok()?;
    let pids: Vec<u32> = pids
        .split(',')
        .map(|pid| {
            pid.trim()
                .parse()
                .expect("PEER_PID is a number, or several with commas")
        })
        .collect();
    for pid in &pids {
        assert!(cpu_of(*pid).is_some(), "there is no process {pid}");
    }
    let broker = Broker {
        key: None,
        url: url.trim_end_matches('/').to_owned(),
        pids,
    };
    let name = std::env::var("PEER_NAME").unwrap_or_else(|_| "the peer".to_owned());
    Some((name, broker))
}

/// Asks both the same and compares what they say: whole entities for one, the ids where all that match are asked for,
/// their number where it is any 20 of them.
fn agree(ours: &Broker, peer: &Broker) {
    let http = client();
    for question in QUESTIONS {
        let answer = |broker: &Broker| {
            let answer = http
                .get(format!("{}{API}/entities{question}", broker.url))
                .header("accept", "application/json")
                .send()
                .expect("an answer");
            assert_eq!(answer.status().as_u16(), 200, "{question} at {}", broker.url);
            let text = answer.text().expect("a text");
            serde_json::from_str::<Json>(&text).expect("JSON")
        };
        let (a, b) = (answer(ours), answer(peer));
        match (&a, &b) {
            // Some measure distances on a sphere, some on the ellipsoid: they part at the rim.
            (Json::Array(a), Json::Array(b)) if question.contains("georel") => {
                let rim = a.len().max(50) / 50;
                assert!(
                    a.len().abs_diff(b.len()) <= rim,
                    "{question}: {} and {}",
                    a.len(),
                    b.len()
                );
            }
            (Json::Array(a), Json::Array(b)) => {
                assert_eq!(a.len(), b.len(), "{question}");
                if a.len() < 20 || question.contains("limit=1000") {
                    assert_eq!(ids(a), ids(b), "{question}");
                }
            }
            (a, b) => assert!(alike(a, b), "{question}: {a} is not {b}"),
        }
    }
}

/// Whether two documents are the same but for the last digits of numbers.
fn alike(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Number(a), Json::Number(b)) => {
            let [a, b] = [a, b].map(|number| number.as_f64().unwrap_or(f64::NAN));
            (a - b).abs() <= 1e-12 * a.abs()
        }
        (Json::Array(a), Json::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| alike(a, b)),
        (Json::Object(a), Json::Object(b)) => {
            let found = |(key, a): (&String, &Json)| b.get(key).is_some_and(|b| alike(a, b));
            a.len() == b.len() && a.iter().all(found)
        }
        (a, b) => a == b,
    }
}

fn ids(entities: &[Json]) -> BTreeSet<&str> {
    entities.iter().filter_map(|one| one["id"].as_str()).collect()
}

/// Waits until neither works on what the last turn left, for half a minute at most.
fn quiet(brokers: &[&Broker]) {
    let spent = || -> Duration { brokers.iter().map(|broker| broker.cpu()).sum() };
    for _ in 0..60 {
        let before = spent();
        std::thread::sleep(Duration::from_millis(500));
        if spent().saturating_sub(before) <= Duration::from_millis(10) {
            return;
        }
    }
}

/// The middle one by processor time for each request.
fn middle(mut costs: Vec<Cost>) -> Cost {
    costs.sort_by(|a, b| a.each_us(a.cpu).total_cmp(&b.each_us(b.cpu)));
    costs[costs.len() / 2]
}

fn row(what: &str, [ours, peer]: [Cost; 2]) {
    let cells = |time: fn(&Cost) -> Duration| {
        let (a, b) = (ours.each_us(time(&ours)), peer.each_us(time(&peer)));
        format!("{} | {} | {:.1} ", figure(a), figure(b), b / a)
    };
    println!(
        "| {what} | {} | {}|",
        cells(|cost| cost.cpu),
        cells(|cost| cost.wall)
    );
}

fn figure(us: f64) -> String {
    if us < 10_000.0 {
        format!("{us:.0} µs")
    } else {
        format!("{:.0} ms", us / 1000.0)
    }
}
