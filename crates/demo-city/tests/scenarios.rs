//! The ready scenarios: every city has some, and they speak of things that are there.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests stand outside the tests themselves"
)]

use std::collections::BTreeSet;

use demo_city::City;
use formats::{ImportOptions, InputFile, Kind, MemorySink};

/// The ids of everything in the city, timetable included.
fn ids(city: &City) -> BTreeSet<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("feed.zip");
    std::fs::write(&path, city.gtfs_zip()).unwrap();
    let mut sink = MemorySink::default();
    let options = ImportOptions::default();
    formats::import(
        Kind::Gtfs,
        &[InputFile::new(&path)],
        &options,
        &mut sink,
        &mut |_| {},
    )
    .unwrap();
    let timetable = sink.entities.keys().map(ToString::to_string);
    timetable
        .chain(city.entities().map(|entity| entity.id.to_string()))
        .collect()
}

/// Every text in a value that is an entity's id.
fn named(value: &toml::Value, found: &mut Vec<String>) {
    match value {
        toml::Value::String(text) if text.starts_with("urn:") => found.push(text.clone()),
        toml::Value::Array(values) => values.iter().for_each(|value| named(value, found)),
        toml::Value::Table(table) => table.values().for_each(|value| named(value, found)),
        _ => {}
    }
}

fn texts<'a>(file: &'a toml::Table, list: &str, key: &str) -> Vec<&'a str> {
    let rows = file[list].as_array().unwrap();
    rows.iter().map(|row| row[key].as_str().unwrap()).collect()
}

#[test]
fn they_speak_of_what_is_there() {
    for (seed, inhabitants) in [
        (1, 50_000),
        (2, 50_000),
        (3, 20_000),
        (4, 5_000),
        (5, 1_000),
        (6, 120_000),
    ] {
        let city = City::generate(seed, inhabitants);
        let ids = ids(&city);
        let files = city.scenarios();
        if inhabitants >= 20_000 {
            let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
            assert_eq!(
                names,
                [
                    "kerb-ramps.toml",
                    "step-free-buses.toml",
                    "more-buses.toml",
                    "new-clinic.toml",
                    "everything.toml",
                    "kerbs-or-buses.toml"
                ],
                "seed {seed}"
            );
        }
        for (name, text) in &files {
            let file: toml::Table = text
                .parse()
                .unwrap_or_else(|error| panic!("{name}: {error}\n{text}"));
            let mut entities = Vec::new();
            named(&file["measure"], &mut entities);
            for id in entities {
                assert!(ids.contains(&id), "{name} of seed {seed} speaks of {id}");
            }
            let measures: BTreeSet<&str> = texts(&file, "measure", "name").into_iter().collect();
            assert_eq!(
                measures.len(),
                texts(&file, "measure", "name").len(),
                "no name twice"
            );
            for scenario in file["scenario"].as_array().unwrap() {
                let used = scenario["measures"].as_array().unwrap();
                assert!(
                    used.iter().all(|it| measures.contains(it.as_str().unwrap())),
                    "{name}"
                );
                assert!(!used.is_empty());
            }
            if let Some(choose) = file.get("choose") {
                let choosable = choose["measures"].as_array().unwrap();
                assert!((1..=15).contains(&choosable.len()));
                assert!(choosable.iter().all(|it| measures.contains(it.as_str().unwrap())));
            }
        }
    }
}

#[test]
fn the_default_city_has_all_twelve_measures_to_choose_from() {
    let city = City::generate(1, 50_000);
    let files = city.scenarios();
    let everything = &files
        .iter()
        .find(|(name, _)| name == "everything.toml")
        .unwrap()
        .1;
    let file: toml::Table = everything.parse().unwrap();
    assert_eq!(file["choose"]["measures"].as_array().unwrap().len(), 12);
    assert_eq!(file["scenario"].as_array().unwrap().len(), 5);
    for kind in [
        "kerb-ramp",
        "step-free-stop",
        "low-floor-vehicles",
        "frequency",
        "new-stop",
        "new-place",
        "add-street",
        "close-street",
        "bus-lanes",
    ] {
        assert!(texts(&file, "measure", "kind").contains(&kind), "{kind}");
    }
    assert_eq!(files, City::generate(1, 50_000).scenarios());
}
