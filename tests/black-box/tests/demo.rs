//! The demo: a living city through the public door.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::missing_panics_doc,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a suite fails by panicking and says why; its numbers are small"
)]

use std::time::{Duration, Instant};

use black_box::{Server, client, mapacha};

fn demo(extra: &[&str]) -> Server {
    Server::start(mapacha(["demo", "--listen", "127.0.0.1:0", "--population", "5000"]).args(extra))
}

#[test]
fn the_demo_city_lives() {
    let server = demo(&[]);
    let (status, types) = server.get("/ngsi-ld/v1/types");
    assert_eq!(status, 200);
    for expected in [
        "GtfsStop",
        "AdministrativeArea",
        "PopulationGrid",
        "AirQualityObserved",
        "Building",
        "RoadSegment",
    ] {
        assert!(
            types.to_string().contains(expected),
            "{expected} is missing in {types}"
        );
    }
    // Readings keep coming, and they come in through the HTTP door.
    let newest = || {
        let (_, page) = server.get("/ngsi-ld/v1/entities?type=AirQualityObserved&limit=1000");
        let entities = page.as_array().expect("entities").clone();
        entities
            .iter()
            .filter_map(|e| e["pm25"]["observedAt"].as_str().map(str::to_owned))
            .max()
    };
    let posts = || {
        let text = client()
            .get(format!("{}/metrics", server.url))
            .send()
            .expect("metrics")
            .text()
            .expect("a text");
        let lines = text
            .lines()
            .filter(|line| line.contains("_count{") && line.contains("entityOperations/upsert"));
        lines
            .filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok())
            .sum::<u64>()
    };
    let (before, asked) = (newest(), posts());
    let started = Instant::now();
    while newest() == before || posts() <= asked {
        assert!(
            started.elapsed() < Duration::from_mins(1),
            "no new reading in a minute: {before:?}, {asked} posts"
        );
        std::thread::sleep(Duration::from_millis(500));
    }
    let (status, assessment) = server.get("/kpi/assessment");
    assert_eq!(status, 200);
    assert!(
        assessment["coverage"]["reported"]
            .as_u64()
            .is_some_and(|reported| reported >= 3),
        "{}",
        assessment["coverage"]
    );
    let (code, took) = server.stop();
    assert_eq!(code, Some(0));
    assert!(took < Duration::from_secs(5), "{took:?}");
}

#[test]
fn the_same_seed_is_the_same_city() {
    let stops = |seed: &str| {
        let server = demo(&["--seed", seed]);
        server
            .get("/ngsi-ld/v1/entities?type=GtfsStop&limit=1000&options=keyValues")
            .1
    };
    let (one, again, other) = (stops("7"), stops("7"), stops("8"));
    assert_eq!(one, again);
    assert_ne!(one, other);
}
