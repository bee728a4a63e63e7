//! Population grids in projections, beside what PROJ (by pyproj and rasterio) says of them.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::float_cmp,
    clippy::cast_possible_truncation,
    reason = "a test may fail, and knows its numbers"
)]

mod common;

use std::collections::BTreeMap;

use common::{entity, import_bytes, text};
use formats::raster::{Bbox, Cell, Grid};
use formats::{Kind, MemorySink};

const CENTRES: &str = include_str!("fixtures/rasters/centres.tsv");

/// Longitude, latitude and inhabitants of the cells of a grid, by column and row.
fn reference(name: &str) -> BTreeMap<(u32, u32), (f64, f64, f64)> {
    CENTRES
        .lines()
        .filter(|line| line.split('\t').next() == Some(name))
        .map(|line| {
            let fields: Vec<&str> = line.split('\t').collect();
            let number = |at: usize| fields[at].parse::<f64>().unwrap();
            let cell = (fields[1].parse().unwrap(), fields[2].parse().unwrap());
            (cell, (number(3), number(4), number(5)))
        })
        .collect()
}

fn picture(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/rasters");
    std::fs::read(format!("{folder}/{name}.tif")).unwrap()
}

fn imported(name: &str, options: &[(&str, &str)]) -> MemorySink {
    let file = format!("{name}-2025.tif");
    let (sink, report) = import_bytes(Kind::Population, &file, &picture(name), options);
    let report = report.unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(report.refused_count, 0);
    sink
}

fn grid(sink: &MemorySink, name: &str) -> Grid<Vec<u8>> {
    let grid = entity(sink, &format!("urn:ngsi-ld:PopulationGrid:{name}-2025"));
    Grid::open(sink.blobs[&text(grid, "blob")].clone()).unwrap()
}

fn cells(grid: &Grid<Vec<u8>>, bbox: Option<Bbox>) -> Vec<Cell> {
    let mut cells = Vec::new();
    grid.cells(bbox, &mut |cell| cells.push(cell)).unwrap();
    cells
}

#[test]
fn centres_are_where_proj_says_and_nobody_is_lost() {
    for (name, crs) in [
        ("utm37s", "EPSG:32737"),
        ("web", "EPSG:3857"),
        ("mollweide", "World_Mollweide"),
        ("world", "World_Mollweide"),
        ("laea", "of its own"),
        ("arc1960", "EPSG:21037"),
    ] {
        let sink = imported(name, &[]);
        let entity = entity(&sink, &format!("urn:ngsi-ld:PopulationGrid:{name}-2025"));
        assert_eq!(text(entity, "crs"), crs);
        let reference = reference(name);
        let sum: f64 = reference.values().map(|(_, _, people)| people).sum();
        let grid = grid(&sink, name);
        assert_eq!(grid.header().summary.sum, sum, "{name}");
        assert_eq!(
            text(entity, "totalPopulation").parse::<f64>().unwrap(),
            sum,
            "{name}"
        );
        let found = cells(&grid, None);
        assert_eq!(found.len(), reference.len(), "{name}");
        assert_eq!(found.iter().map(|cell| cell.value).sum::<f64>(), sum, "{name}");
        let bbox = grid.header().bbox();
        for cell in &found {
            let (lon, lat, people) = reference[&(cell.column, cell.row)];
            let metres = (cell.lon - lon).hypot(cell.lat - lat) * 111_320.0;
            assert!(metres < 0.001, "{name} {cell:?} is {metres} m from {lon} {lat}");
            assert_eq!(cell.value, people);
            assert!(bbox.holds(cell.lon, cell.lat), "{name} {cell:?} {bbox:?}");
        }
    }
}

#[test]
fn a_box_holds_the_cells_whose_centres_it_holds() {
    for name in ["utm37s", "web", "mollweide", "world", "laea", "arc1960"] {
        let grid = grid(&imported(name, &[]), name);
        let reference = reference(name);
        for (west, south, east, north) in [
            (36.83, -1.28, 36.86, -1.26),
            (-180.0, -90.0, 180.0, 90.0),
            (-10.0, -20.0, 30.0, 40.0),
            (170.0, 0.0, 180.0, 80.0),
        ] {
            let bbox = Bbox {
                west,
                south,
                east,
                north,
            };
            let mut found: Vec<_> = cells(&grid, Some(bbox))
                .iter()
                .map(|cell| (cell.column, cell.row))
                .collect();
            found.sort_unstable();
            let expected: Vec<_> = reference
                .iter()
                .filter(|(_, (lon, lat, _))| (west..=east).contains(lon) && (south..=north).contains(lat))
                .map(|(cell, _)| *cell)
                .collect();
            assert_eq!(found, expected, "{name} {bbox:?}");
        }
    }
}

#[test]
fn the_user_may_say_the_system() {
    // The same numbers, said to be in another datum: two hundred metres off.
    let plain = grid(&imported("utm37s", &[]), "utm37s");
    let (sink, report) = import_bytes(
        Kind::Population,
        "utm37s-2025.tif",
        &picture("utm37s"),
        &[("crs", "EPSG:21037")],
    );
    let report = report.unwrap();
    assert!(
        report
            .warnings
            .iter()
            .any(|warning| warning.contains("it was read in EPSG:21037")),
        "{:?}",
        report.warnings
    );
    let shifted = grid(&sink, "utm37s");
    let (a, b) = (&cells(&plain, None)[0], &cells(&shifted, None)[0]);
    let metres = (a.lon - b.lon).hypot(a.lat - b.lat) * 111_320.0;
    assert!((250.0..400.0).contains(&metres), "{metres}");
    let (sink, report) = import_bytes(
        Kind::Population,
        "utm37s-2025.tif",
        &picture("utm37s"),
        &[("crs", "Arc 1960")],
    );
    let error = report.unwrap_err().to_string();
    assert!(
        error.starts_with("option `crs`: ") && error.contains("EPSG:21037"),
        "{error}"
    );
    assert!(sink.entities.is_empty() && sink.blobs.is_empty());
}

#[test]
fn inhabitants_beyond_the_earth_are_an_error() {
    // Metres of a projection taken for those of the web's map in its far corner.
    let (sink, report) = import_bytes(
        Kind::Population,
        "world.tif",
        &picture("world"),
        &[("crs", "EPSG:32737")],
    );
    let error = report.unwrap_err().to_string();
    assert!(
        error.contains("is no place on earth in its coordinate system EPSG:32737"),
        "{error}"
    );
    assert!(error.contains("--crs"), "{error}");
    assert!(sink.entities.is_empty() && sink.blobs.is_empty());
}

#[test]
fn a_table_in_metres_is_a_grid() {
    let csv = "x,y,population\n257050,9861950,3\n257150,9861950,4.5\n257050,9861850,5\n";
    let (sink, report) = import_bytes(
        Kind::Population,
        "p-2025.csv",
        csv.as_bytes(),
        &[("crs", "EPSG:32737")],
    );
    assert_eq!(report.unwrap().refused_count, 0);
    let grid = grid(&sink, "p");
    let found = cells(&grid, None);
    assert_eq!(found.iter().map(|cell| cell.value).sum::<f64>(), 12.5);
    // pyproj 3.7: EPSG:32737 to EPSG:4326 of 257050, 9861950.
    let first = found[0];
    assert!(
        (first.lon - 36.816_686_7).abs() < 1e-6 && (first.lat + 1.248_067_2).abs() < 1e-6,
        "{first:?}"
    );
    // Without the system these are no degrees.
    let (_, report) = import_bytes(Kind::Population, "p-2025.csv", csv.as_bytes(), &[]);
    assert!(report.is_err());
}
