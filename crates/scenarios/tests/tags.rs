//! Two tables that must agree across crates that may not know each other: what the importer of OpenStreetMap keeps
//! (`formats::osm::keys`), and what the simulator of reach reads (`sim_access::tags`).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test program"
)]

use std::collections::BTreeSet;

use formats::osm::keys;
use sim_access::tags::{read, read_kerb};

/// Every word that stands in the simulator's reader: whatever it compares a key or a value with is among them.
fn words() -> BTreeSet<&'static str> {
    let source = include_str!("../../sim-access/src/tags.rs");
    source
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .flat_map(|line| line.split('"').skip(1).step_by(2))
        .filter(|word| !word.is_empty() && word.is_ascii() && word.len() < 60)
        .collect()
}

/// Ways of which other tags are read.
const WAYS: [&[(&str, &str)]; 7] = [
    &[],
    &[("highway", "footway")],
    &[("highway", "residential")],
    &[("highway", "residential"), ("sidewalk", "no")],
    &[("highway", "steps")],
    &[("highway", "elevator")],
    &[("access", "yes")],
];

/// The keys that change what the simulator knows of a way or a kerb, found by asking it.
fn keys_that_are_read() -> BTreeSet<&'static str> {
    let words = words();
    let values: Vec<&str> = words.iter().copied().chain(["2", "1.5 m", "8%", "-1"]).collect();
    let matters = |key: &str| {
        WAYS.iter().any(|way| {
            let plain = read(way.iter().copied());
            values.iter().any(|value| {
                let more = || way.iter().copied().chain([(key, *value)]);
                read(more()) != plain || read_kerb(more()) != read_kerb(way.iter().copied())
            })
        })
    };
    words.iter().copied().filter(|word| matters(word)).collect()
}

#[test]
fn the_importer_keeps_every_tag_that_the_simulator_reads() {
    let read = keys_that_are_read();
    // The search finds what is known to be read, and nothing but keys.
    for key in [
        "highway",
        "surface",
        "smoothness",
        "width",
        "est_width",
        "sidewalk:left:width",
        "incline",
        "kerb",
        "kerb:height",
        "barrier",
        "tactile_paving",
        "ramp:wheelchair",
        "step_count",
        "handrail:center",
        "elevator:operational_status",
        "conveying",
        "oneway:foot",
        "railway",
        "public_transport",
        "footway",
        "access",
        "foot",
        "wheelchair",
        "crossing",
    ] {
        assert!(read.contains(key), "`{key}` is read: {read:?}");
    }
    for value in ["asphalt", "lowered", "very_bad", "cm"] {
        assert!(!read.contains(value), "`{value}` is a value");
    }
    let lost: Vec<&str> = read
        .iter()
        .copied()
        .filter(|key| keys::term(key).is_none())
        .collect();
    assert!(
        lost.is_empty(),
        "the simulator reads them and the importer leaves them out: {lost:?}"
    );
    // And back: the attribute is the tag that it was.
    for key in read {
        assert_eq!(keys::term(key).and_then(keys::key), Some(key));
    }
}
