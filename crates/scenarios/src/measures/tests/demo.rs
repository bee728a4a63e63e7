//! Measures on generated cities: those of their own ready scenarios, and some more.

use demo_city::City;
use formats::{ImportOptions, InputFile, Kind, MemorySink};

use super::*;
use crate::file::ScenarioFile;

/// A generated city with its timetable.
fn generated(seed: u64, inhabitants: u32) -> (City, Snapshot) {
    let city = City::generate(seed, inhabitants);
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
    let entities = sink.entities.into_values().chain(city.entities()).collect();
    let snapshot = snapshot_of(entities);
    (city, snapshot)
}

#[test]
fn ready_scenarios_can_be_carried_out() {
    for (seed, inhabitants) in [(42, 50_000), (3, 5_000)] {
        let (city, baseline) = generated(seed, inhabitants);
        let files = city.scenarios();
        assert!(files.len() >= 5);
        for (name, text) in files {
            let file = ScenarioFile::parse(&text).unwrap_or_else(|findings| panic!("{name}: {findings:#?}"));
            for scenario in &file.scenarios {
                let measures: Vec<&Measure> = file
                    .measures
                    .iter()
                    .filter(|measure| scenario.measures.contains(&measure.name))
                    .collect();
                let (fork, applied) = apply_all(&baseline, &view(), &measures)
                    .unwrap_or_else(|findings| panic!("{name} {}: {findings:#?}", scenario.name));
                assert_ne!(all(&fork.snapshot()), all(&baseline), "{name} {}", scenario.name);
                for (measure, applied) in measures.iter().zip(applied) {
                    assert!(
                        applied.changed().next().is_some(),
                        "{name}: {} changes nothing",
                        measure.name
                    );
                }
            }
            let measures: Vec<&Measure> = file.measures.iter().collect();
            let plans = Plans::new(&baseline, &view(), &measures).unwrap();
            assert_eq!(plans.len(), measures.len());
        }
    }
}

#[test]
fn measures_fit_the_city() {
    let (_, baseline) = generated(7, 10_000);
    let corner = |q: &str| {
        let found = query(&baseline, "RoadNode", q);
        format!(
            "urn:ngsi-ld:{}",
            found.first().unwrap_or_else(|| panic!("no RoadNode with {q}"))
        )
    };
    let raised = corner("kerb==\"raised\"");
    let ramp = measure("ramp", "kerb-ramp", json!({"nodes": [raised]}));
    let area = measure(
        "area",
        "resurface",
        json!({"streets": {"within_m": 400, "of": raised}}),
    );
    let clinic = measure("clinic", "move-place", json!({"place": {"x": 1}}));
    let (after, applied) = carried_on(&baseline, &[ramp, area]);
    assert!(applied[1].updated.len() > 3);
    let local = raised.trim_start_matches("urn:ngsi-ld:").to_owned();
    assert!(query(&after, "RoadNode", "kerb==\"lowered\"").contains(&local));
    assert!(!query(&baseline, "RoadNode", "kerb==\"lowered\"").contains(&local));
    let wrong = apply_all(&baseline, &view(), &[&clinic]).err().unwrap();
    assert!(wrong[0].to_string().contains("with.place"), "{wrong:?}");
}
