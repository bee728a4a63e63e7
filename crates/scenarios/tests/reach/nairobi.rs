//! The Nairobi pack: no streets, no census.

use std::path::PathBuf;
use std::time::Instant;

use formats::{ImportOptions, Kind};
use scenarios::indicator::{all, measure};
use scenarios::model::TravelOptions;

use crate::support::{import, read, twin};

/// Where the real data are, if they are.
pub(crate) fn data() -> Option<PathBuf> {
    let given = std::env::var_os("MAPACHA_TEST_DATA").map(PathBuf::from);
    let beside = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data"));
    given
        .into_iter()
        .chain([beside])
        .find(|folder| folder.join("nairobi").is_dir())
}

#[test]
fn a_city_without_streets_is_measured_in_straight_lines() {
    let Some(data) = data() else {
        eprintln!("ignored: no real data beside the workspace");
        return;
    };
    let twin = twin();
    for (kind, file) in [
        (Kind::Boundaries, "wards.geojson"),
        (Kind::Population, "population-2025-100m.tif"),
        (Kind::Gtfs, "gtfs-2019.zip"),
        (Kind::Places, "health-facilities.geojson"),
    ] {
        import(
            &twin,
            kind,
            &data.join("nairobi").join(file),
            &ImportOptions::default(),
        );
    }
    let start = Instant::now();
    let model = read(&twin.snapshot(), &TravelOptions::default());
    println!(
        "read {:?}; {} cells, {} stops",
        start.elapsed(),
        model.cells().len(),
        model.stops().len()
    );
    for note in model.notes() {
        println!("  {note}");
    }
    assert!(model.streets().is_none());
    for indicator in all() {
        let start = Instant::now();
        match measure(&model, &indicator.id).unwrap() {
            None => println!("{}: none", indicator.id),
            Some(measured) => println!(
                "{} {:?}: {:.1} % known, {:.1} % not known",
                indicator.id,
                start.elapsed(),
                measured.all.reached().unwrap() * 100.0,
                measured.all.not_known().unwrap() * 100.0
            ),
        }
    }
}
