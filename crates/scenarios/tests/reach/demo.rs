//! The demo city.

use std::time::Instant;

use demo_city::City;
use formats::{ImportOptions, Kind};
use scenarios::indicator::{all, measure};
use scenarios::model::{Model, TravelOptions};
use twin::{Operation, Twin};

use crate::support::{import, property, put, read, run, twin, view};

pub(crate) fn city(seed: u64, inhabitants: u32) -> Twin {
    let city = City::generate(seed, inhabitants);
    let folder = tempfile::tempdir().unwrap();
    let twin = twin();
    for (kind, file, content) in [
        (Kind::Gtfs, "demo-gtfs.zip", city.gtfs_zip()),
        (Kind::Population, "demo-population.tif", city.population_geotiff()),
    ] {
        let path = folder.path().join(file);
        std::fs::write(&path, content).unwrap();
        let options = ImportOptions {
            year: Some(city.year()),
            ..ImportOptions::default()
        };
        import(&twin, kind, &path, &options);
    }
    put(&twin, city.entities());
    twin
}

#[test]
fn every_indicator_of_the_demo_city() {
    let twin = city(42, 50_000);
    let snapshot = twin.snapshot();
    let start = Instant::now();
    let base = read(&snapshot, &TravelOptions::default());
    println!("read {:?}", start.elapsed());
    for note in base.notes() {
        println!("  {note}");
    }
    println!(
        "{} cells, {} edges, {} stops, {} groups",
        base.cells().len(),
        base.streets().unwrap().network().edge_count(),
        base.stops().len(),
        base.groups().len()
    );
    for round in 0..2 {
        let whole = Instant::now();
        for indicator in all() {
            let start = Instant::now();
            let measured = measure(&base, &indicator.id).unwrap().unwrap();
            println!(
                "{round} {} {:?}: {:.1} % known, {:.1} % not known",
                indicator.id,
                start.elapsed(),
                measured.all.reached().unwrap() * 100.0,
                measured.all.not_known().unwrap() * 100.0
            );
        }
        println!("all {:?}", whole.elapsed());
    }
    let mut fork = snapshot.fork();
    let node = ngsi_ld::Uri::ngsi_ld("RoadNode", "1000");
    let kerb =
        ngsi_ld::Entity::new(node.clone(), crate::support::name("RoadNode")).with(property("kerb", "raised"));
    run(&mut fork, Operation::UpsertUpdate(kerb));
    let start = Instant::now();
    let after = base.after(&fork.snapshot(), &view(), &[node]).unwrap();
    println!("after a kerb {:?}", start.elapsed());
    let start = Instant::now();
    for indicator in all() {
        measure(&after, &indicator.id).unwrap().unwrap();
    }
    println!("all again {:?}", start.elapsed());
    let _: Model = after;
}
