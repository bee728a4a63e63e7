//! The data files: complete, consistent, and the same as the research they were made from.
#![allow(clippy::expect_used, clippy::panic, reason = "a test program")]

use std::collections::{BTreeMap, HashSet};

use indicators::{BenchmarkSet, Catalogue, Direction};
use serde_json::Value as Json;

#[test]
fn the_catalogue_is_complete_and_its_ids_are_unique() {
    let catalogue = Catalogue::built_in();
    assert_eq!(catalogue.label(), "U4SSC-1");
    assert_eq!(catalogue.kpis.len(), 91);
    assert_eq!(catalogue.data_points().count(), 112);
    let ids: HashSet<_> = catalogue.kpis.iter().map(|kpi| &kpi.id).collect();
    assert_eq!(ids.len(), 91);
    let points: HashSet<_> = catalogue
        .data_points()
        .map(|point| (point.kpi.id.clone(), point.data_point.map(str::to_owned)))
        .collect();
    assert_eq!(points.len(), 112);
    assert_eq!(
        catalogue
            .kpis
            .iter()
            .filter(|kpi| kpi.data_points.len() > 1)
            .count(),
        7,
        "seven KPIs are split"
    );
    let mut dimensions: BTreeMap<&str, usize> = BTreeMap::new();
    for kpi in &catalogue.kpis {
        *dimensions.entry(&kpi.dimension).or_default() += 1;
    }
    assert_eq!(
        dimensions,
        [("Economy", 45), ("Environment", 17), ("Society and Culture", 29)].into()
    );
    let sub_dimensions: HashSet<_> = catalogue
        .kpis
        .iter()
        .map(|kpi| (&kpi.dimension, &kpi.sub_dimension))
        .collect();
    assert_eq!(sub_dimensions.len(), 7);
}

#[test]
fn every_field_holds_what_it_may() {
    let catalogue = Catalogue::built_in();
    for kpi in &catalogue.kpis {
        let id = &kpi.id;
        let parts: Vec<&str> = id.split(": ").collect();
        assert_eq!(parts.len(), 4, "{id}");
        assert!(["EC", "EN", "SC"].contains(&parts[0]), "{id}");
        let (number, suffix) = parts[3].split_at(parts[3].len() - 1);
        assert!(
            number.parse::<u8>().is_ok() && ["C", "A"].contains(&suffix),
            "{id}"
        );
        assert!(
            !kpi.name.is_empty() && !kpi.unit.is_empty() && !kpi.category.is_empty(),
            "{id}"
        );
        if let Some(label) = &kpi.label {
            assert!(
                ["smart", "structural", "sustainable"].contains(&label.as_str()),
                "{id}: {label}"
            );
        }
        assert!(
            ["sourced", "partly-sourced"].contains(&kpi.confidence.as_str()),
            "{id}: {}",
            kpi.confidence
        );
        assert!(!kpi.data_points.is_empty(), "{id}");
        if kpi.data_points.len() > 1 {
            assert!(
                kpi.data_points.iter().all(|part| part.code.is_some()),
                "{id}: every part has a code"
            );
        }
        assert!(kpi.data_points.iter().all(|part| !part.unit.is_empty()), "{id}");
        assert!(kpi.formula.multiplier.is_none_or(|factor| factor > 0.0), "{id}");
        for target in &kpi.sdg {
            let goal = target.split('.').next().and_then(|goal| goal.parse::<u8>().ok());
            assert!(
                goal.is_some_and(|goal| (1..=17).contains(&goal)),
                "{id}: SDG {target}"
            );
        }
        for url in kpi.source.iter().filter(|source| source.starts_with("http")) {
            assert!(url.starts_with("https://"), "{id}: {url}");
        }
    }
}

#[test]
fn every_benchmark_has_a_data_point_a_direction_and_a_basis() {
    let catalogue = Catalogue::built_in();
    let set = BenchmarkSet::built_in();
    assert_eq!(set.label(), "mapacha-1");
    assert!(set.about.contains("own"), "it says whose it is");
    let mut seen = HashSet::new();
    for benchmark in &set.benchmarks {
        let what = format!("{} {:?}", benchmark.kpi, benchmark.data_point);
        let point = catalogue.data_point(&benchmark.kpi, benchmark.data_point.as_deref());
        let point = point.unwrap_or_else(|| panic!("{what} is no data point"));
        assert_ne!(
            point.kpi.direction,
            Direction::PerDataPoint,
            "{what}: what would be better?"
        );
        assert!(
            benchmark.target.is_finite() && benchmark.target >= 0.0 && !benchmark.basis.is_empty(),
            "{what}"
        );
        assert!(
            benchmark
                .zero_at
                .is_none_or(|zero| benchmark.target == 0.0 && zero > 0.0),
            "{what}"
        );
        assert!(
            seen.insert((&benchmark.kpi, &benchmark.data_point)),
            "{what} twice"
        );
    }
    assert_eq!(set.of("EC: I: T: 2A", None).map(|b| b.target), Some(100.0));
    assert_eq!(
        set.of("EN: EN: AQ: 1C", Some("PM2.5")).map(|b| b.target),
        Some(5.0)
    );
    assert!(set.of("EN: EN: AQ: 1C", Some("O3")).is_none());
}

/// The transformation that `data/u4ssc-catalogue.jq` makes, a second time.
#[test]
fn the_catalogue_is_what_the_research_says() {
    let Some(path) = test_data::find("../standards/u4ssc.json") else {
        test_data::skipped("the research file u4ssc.json is not beside the test data");
        return;
    };
    let text = std::fs::read_to_string(path).expect("a text");
    let research: Vec<Json> = serde_json::from_str(&text).expect("the research file");
    let ours = serde_json::to_value(Catalogue::built_in()).expect("a catalogue");
    let ours = ours["kpis"].as_array().expect("KPIs");
    assert_eq!(ours.len(), research.len());
    let set = BenchmarkSet::built_in();
    let mut benchmarks = 1; // EC: I: T: 2A, which the research has not
    for (ours, theirs) in ours.iter().zip(&research) {
        let id = theirs["id"].as_str().expect("an id");
        for (key, value) in theirs.as_object().expect("an object") {
            match key.as_str() {
                "data_points" => {
                    let codes: Vec<&Json> = ours["data_points"]
                        .as_array()
                        .expect("parts")
                        .iter()
                        .map(|p| &p["code"])
                        .collect();
                    let expected = value
                        .as_array()
                        .map_or_else(|| vec![&Json::Null], |list| list.iter().collect());
                    assert_eq!(codes, expected, "{id}");
                }
                "suggested_benchmark" => match &value["value"] {
                    Json::Null => {}
                    Json::Object(parts) => {
                        for (part, target) in parts {
                            assert_eq!(
                                set.of(id, Some(part)).map(|b| b.target),
                                target.as_f64(),
                                "{id} {part}"
                            );
                            benchmarks += 1;
                        }
                    }
                    target => {
                        for part in ours["data_points"].as_array().expect("parts") {
                            assert_eq!(
                                set.of(id, part["code"].as_str()).map(|b| b.target),
                                target.as_f64(),
                                "{id}"
                            );
                            benchmarks += 1;
                        }
                    }
                },
                // Numbers may be written 100 or 100.0.
                "formula" => {
                    for (member, value) in value.as_object().expect("a formula") {
                        let text = ours["formula"][member]
                            .as_str()
                            .and_then(|text| text.parse().ok());
                        match value.as_f64() {
                            Some(number) if member == "denominator" => assert_eq!(text, Some(number), "{id}"),
                            Some(number) => {
                                assert_eq!(ours["formula"][member].as_f64(), Some(number), "{id}");
                            }
                            None => assert_eq!(&ours["formula"][member], value, "{id} {member}"),
                        }
                    }
                }
                _ => assert_eq!(&ours[key], value, "{id} {key}"),
            }
        }
    }
    assert_eq!(set.benchmarks.len(), benchmarks);
}
