//! The demo city.

use std::time::Instant;

use demo_city::City;
use formats::{ImportOptions, Kind};
use ngsi_ld::{Entity, Uri};
use scenarios::indicator::{Company, all, measure};
use scenarios::model::TravelOptions;
use twin::{Operation, Reader as _, Twin};

use crate::support::{import, name, property, put, read, run, twin, view};

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
}

/// Prints what it costs to follow changes; how much that may be is held by the benches.
#[test]
fn changes_to_the_demo_city_are_followed() {
    let twin = city(42, 50_000);
    let snapshot = twin.snapshot();
    let base = read(&snapshot, &TravelOptions::default());
    for indicator in all() {
        measure(&base, &indicator.id).unwrap().unwrap();
    }
    let streets = base.streets().unwrap();
    let [first, last] = [0, 2000].map(|edge| streets.segment(sim_access::EdgeIndex(edge)).unwrap().clone());
    let junction = streets
        .network()
        .edges()
        .find_map(|edge| streets.nodes_of(edge)[0].cloned())
        .unwrap();
    let mut street = (*snapshot.get(&view(), &first).unwrap()).clone();
    street.id = Uri::ngsi_ld("RoadSegment", "another");
    let mut clinic = (*snapshot.get(&view(), &base.places("clinic")[0].id).unwrap()).clone();
    clinic.id = Uri::ngsi_ld("PointOfInterest", "another");
    let mut stop = (*snapshot.get(&view(), &base.stops()[0].id).unwrap()).clone();
    stop.put(property("wheelChairAccessible", "2"));
    let kerb = Entity::new(junction, name("RoadNode")).with(property("kerb", "raised"));
    let surface = Entity::new(last, name("RoadSegment")).with(property("surface", "mud"));
    let mut whole = snapshot.fork();
    let mut measures = Vec::new();
    for (what, entity) in [
        ("kerb", kerb),
        ("surface", surface),
        ("clinic", clinic),
        ("stop", stop),
        ("street", street),
    ] {
        let id = entity.id.clone();
        let mut fork = snapshot.fork();
        run(&mut fork, Operation::UpsertUpdate(entity.clone()));
        run(&mut whole, Operation::UpsertUpdate(entity));
        let changed = fork.snapshot();
        let start = Instant::now();
        let after = base.after(&changed, &view(), std::slice::from_ref(&id)).unwrap();
        let followed = start.elapsed();
        let start = Instant::now();
        let found: Vec<_> = all()
            .iter()
            .map(|indicator| measure(&after, &indicator.id).unwrap())
            .collect();
        println!(
            "{what}: followed in {followed:?}, measured in {:?}",
            start.elapsed()
        );
        let anew = read(&changed, base.options());
        for (found, indicator) in found.iter().zip(all()) {
            assert!(
                *found == measure(&anew, &indicator.id).unwrap(),
                "{what}: {}",
                indicator.id
            );
        }
        measures.push((what, id));
    }
    let ids: Vec<Uri> = measures.iter().map(|(_, id)| id.clone()).collect();
    let after = base.after(&whole.snapshot(), &view(), &ids).unwrap();
    let start = Instant::now();
    let company = Company::of(&base, &after).unwrap();
    println!("company in {:?}", start.elapsed());
    for (what, id) in &measures {
        let start = Instant::now();
        let touched: Vec<String> = all()
            .iter()
            .map(|indicator| {
                company
                    .touched(std::slice::from_ref(id), &indicator.id)
                    .unwrap()
                    .len()
                    .to_string()
            })
            .collect();
        println!("{what} touches {} in {:?}", touched.join(" "), start.elapsed());
    }
}
