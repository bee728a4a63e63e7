//! The Nairobi pack: no streets, no census.

use std::time::Instant;

use formats::{ImportOptions, Kind};
use scenarios::indicator::{all, measure};
use scenarios::model::TravelOptions;
use test_data::test_data;

use crate::support::{import, read, twin};

#[test]
fn a_city_without_streets_is_measured_in_straight_lines() {
    let Some(data) = test_data("nairobi") else {
        return;
    };
    let twin = twin();
    for (kind, file) in [
        (Kind::Boundaries, "wards.geojson"),
        (Kind::Population, "population-2025-100m.tif"),
        (Kind::Gtfs, "gtfs-2019.zip"),
        (Kind::Places, "health-facilities.geojson"),
    ] {
        import(&twin, kind, &data.join(file), &ImportOptions::default());
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
