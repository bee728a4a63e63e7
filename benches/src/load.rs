//! The requests that a broker is loaded with, whichever broker it is, and what they cost it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use black_box::{Server, client};
use serde_json::{Value as Json, json};

use crate::process::cpu_of;

/// Entities of one batch.
pub(crate) const BATCH: usize = 100;
/// Connections of a load.
pub(crate) const CONNECTIONS: usize = 16;
/// Where the API of a broker begins.
pub(crate) const API: &str = "/ngsi-ld/v1";

/// One kind of request, made as often as can be.
pub(crate) struct Load {
    /// What the table calls it.
    pub(crate) name: &'static str,
    /// Which of `wrk/requests.lua`.
    pub(crate) operation: &'static str,
    /// The processor time of one that we want to stay below.
    pub(crate) goal: &'static str,
}

/// What every broker is asked. What makes entities comes last, so that the others find as many as they are told.
pub(crate) const LOADS: [Load; 7] = [
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

/// A broker that runs.
pub(crate) struct Broker {
    /// What stands before [`API`].
    pub(crate) url: String,
    /// Its processes; their time is added up.
    pub(crate) pids: Vec<u32>,
    /// With what requests say who sends them.
    pub(crate) key: Option<String>,
}

impl From<&Server> for Broker {
    fn from(server: &Server) -> Self {
        Self {
            url: server.url.clone(),
            pids: vec![server.pid()],
            key: None,
        }
    }
}

impl Broker {
    /// The processor time that it has taken since it began.
    pub(crate) fn cpu(&self) -> Duration {
        self.pids.iter().filter_map(|pid| cpu_of(*pid)).sum()
    }
}

/// What a load cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    /// Requests that were answered, or entities of a batch.
    pub(crate) count: u64,
    /// How long it took.
    pub(crate) wall: Duration,
    /// Processor time of the broker.
    pub(crate) cpu: Duration,
    /// How long an answer took, half of the time and in all but one of a hundred, in microseconds.
    pub(crate) percentiles_us: Option<(u64, u64)>,
}

impl Cost {
    /// Microseconds for each of its requests.
    pub(crate) fn each_us(&self, time: Duration) -> f64 {
        time.as_secs_f64() * 1e6 / self.count.max(1) as f64
    }

    /// Median and 99th percentile, as two cells of a table.
    pub(crate) fn percentiles(&self) -> String {
        self.percentiles_us.map_or_else(
            || "| ".to_owned(),
            |(median, p99)| format!("{median} µs | {p99} µs"),
        )
    }
}

/// Loads a broker for so many seconds. `turn` tells the loads of one program apart: no two make the same entities.
///
/// # Panics
/// When a request was refused, or not answered.
pub(crate) fn load(broker: &Broker, load: &Load, entities: usize, seconds: usize, turn: usize) -> Cost {
    let spent = broker.cpu();
    let key = broker.key.as_ref().map(|key| ("KEY", key));
    let output = Command::new("wrk")
        .envs(key)
        .args(["-t1", &format!("-c{CONNECTIONS}"), &format!("-d{seconds}s")])
        // What a broker takes long for is no failure of it.
        .args(["--timeout", "60s", "-s"])
        .arg(script())
        .arg(&broker.url)
        .env("OPERATION", load.operation)
        .env("ENTITIES", entities.to_string())
        .env("TURN", format!("{}-{turn}", std::process::id()))
        .output()
        .expect("wrk runs");
    let cpu = broker.cpu().saturating_sub(spent);
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
    Cost {
        count: number("requests"),
        wall: Duration::from_micros(number("duration_us")),
        cpu,
        percentiles_us: Some((number("median_us"), number("p99_us"))),
    }
}

fn script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("wrk/requests.lua")
}

/// Brings all entities, in batches, one after the other.
///
/// # Panics
/// When one is refused.
pub(crate) fn upsert(broker: &Broker, entities: usize) -> Cost {
    let http = client();
    let (begun, spent) = (Instant::now(), broker.cpu());
    for first in (0..entities).step_by(BATCH) {
        let batch: Vec<Json> = (first..(first + BATCH).min(entities))
            .map(|n| entity(n, entities))
            .collect();
        let mut request = http
            .post(format!("{}{API}/entityOperations/upsert", broker.url))
            .json(&batch);
        if let Some(key) = &broker.key {
            request = request.bearer_auth(key);
        }
        let answer = request.send().expect("an answer");
        assert!(
            answer.status().is_success(),
            "{}",
            answer.text().unwrap_or_default()
        );
    }
    Cost {
        count: entities as u64,
        wall: begun.elapsed(),
        cpu: broker.cpu().saturating_sub(spent),
        percentiles_us: None,
    }
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
