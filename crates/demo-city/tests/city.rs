//! The whole city: the same seed gives the same bytes, and what it gives holds together.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests stand outside the tests themselves"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read};

use demo_city::{City, SensorKind};
use formats::{ImportOptions, InputFile, Kind, MemorySink};
use geo::{Area, Contains, Distance, Geodesic, Intersects};
use geo_types::{Geometry, Point, Polygon};
use ngsi_ld::{Entity, Name, Timestamp};
use sha2::{Digest, Sha256};

fn hash(city: &City) -> String {
    let mut hash = Sha256::new();
    hash.update(city.name());
    hash.update(city.gtfs_zip());
    hash.update(city.population_geotiff());
    hash.update(city.population_csv());
    for entity in city.entities() {
        hash.update(format!("{entity:?}"));
    }
    for sensor in city.sensors() {
        hash.update(format!(
            "{:?}",
            sensor.reading(Timestamp::from_seconds(1_780_000_000))
        ));
    }
    format!("{:?}", hash.finalize().as_slice())
}

fn value<'a>(entity: &'a Entity, term: &str) -> &'a ngsi_ld::Attribute {
    let name = ngsi_ld::context::Context::core().expand(term);
    entity
        .get(name.as_str())
        .unwrap_or_else(|| panic!("{} has no {term}", entity.id))
}

fn of_type(city: &City, entity_type: &str) -> Vec<Entity> {
    let name = Name::default_term(entity_type);
    city.entities()
        .filter(|entity| entity.has_type(name.as_str()))
        .collect()
}

fn boundary(city: &City) -> Polygon<f64> {
    let areas = of_type(city, "AdministrativeArea");
    match value(&areas[0], "location").as_geometry() {
        Some(Geometry::Polygon(polygon)) => polygon.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let first = hash(&City::generate(7, 5_000));
    assert_eq!(first, hash(&City::generate(7, 5_000)));
    assert_ne!(first, hash(&City::generate(8, 5_000)));
    assert_ne!(first, hash(&City::generate(7, 5_001)));
}

#[test]
fn every_size_works() {
    for inhabitants in [0, 1, 100, 2_500, 50_000, 400_000] {
        let city = City::generate(u64::from(inhabitants), inhabitants);
        assert_eq!(city.population_grid().population(), inhabitants);
        assert!(city.sensors().len() >= 20);
        let ids: BTreeSet<_> = city.entities().map(|entity| entity.id).collect();
        assert_eq!(ids.len(), city.entities().count(), "no id twice");
        assert!(city.entities().count() > 300);
    }
}

#[test]
fn it_lies_in_the_open_ocean() {
    for entity in City::generate(1, 50_000).entities() {
        let bbox = query_box(value(&entity, "location").as_geometry().unwrap());
        assert!(
            bbox.0 > -30.1 && bbox.1 < -29.9 && bbox.2 > -40.1 && bbox.3 < -39.9,
            "{}",
            entity.id
        );
    }
}

fn query_box(geometry: &Geometry<f64>) -> (f64, f64, f64, f64) {
    let rect = geo::BoundingRect::bounding_rect(geometry).unwrap();
    (rect.min().x, rect.max().x, rect.min().y, rect.max().y)
}

#[test]
fn everybody_is_counted_in_every_way() {
    let city = City::generate(3, 50_000);
    let grid = city.population_grid();
    let boundary = boundary(&city);
    let mut disabled = 0;
    for (&at, cell) in &grid.cells {
        assert_eq!(cell.by_sex_and_age.iter().flatten().sum::<u32>(), cell.population);
        assert!(cell.persons_with_disabilities <= cell.population);
        assert!(at.0 < grid.height && at.1 < grid.width);
        assert!(boundary.contains(&Point(grid.centre(at))), "{at:?} is outside");
        disabled += cell.persons_with_disabilities;
    }
    assert_eq!(grid.population(), 50_000);
    let areas = of_type(&city, "AdministrativeArea");
    let population = |area: &Entity| value(area, "population").as_f64().unwrap();
    assert!((population(&areas[0]) - 50_000.0).abs() < 0.5);
    assert!((areas[1..].iter().map(population).sum::<f64>() - 50_000.0).abs() < 0.5);
    assert!(
        (value(&areas[0], "personsWithDisabilities").as_f64().unwrap() - f64::from(disabled)).abs() < 0.5
    );
    let share = f64::from(disabled) / 50_000.0;
    assert!((0.08..0.2).contains(&share), "{share}");
    let step = grid.cell_size();
    let corner = Point::new(-30.0, -40.0);
    for other in [
        Point::new(-30.0 + step.x, -40.0),
        Point::new(-30.0, -40.0 + step.y),
    ] {
        assert!((Geodesic.distance(corner, other) - 100.0).abs() < 0.3);
    }
    let residents: f64 = of_type(&city, "Building")
        .iter()
        .map(|b| value(b, "peopleOccupancy").as_f64().unwrap())
        .sum();
    assert!((0.9 * 50_000.0..=50_000.0).contains(&residents), "{residents}");
}

#[test]
fn buildings_stand_in_the_city_and_not_in_one_another() {
    let city = City::generate(5, 20_000);
    let boundary = boundary(&city);
    let footprints: Vec<Polygon<f64>> = of_type(&city, "Building")
        .iter()
        .map(|building| match value(building, "location").as_geometry() {
            Some(Geometry::Polygon(polygon)) => polygon.clone(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert!(
        (1_000..20_000).contains(&footprints.len()),
        "{}",
        footprints.len()
    );
    for (index, footprint) in footprints.iter().enumerate() {
        assert!(geo::Validation::is_valid(footprint));
        assert!(boundary.contains(footprint));
        assert!(footprint.unsigned_area() > 0.0);
        // Those of one block follow one another.
        assert!(
            footprints[..index]
                .iter()
                .rev()
                .take(4)
                .all(|other| !footprint.intersects(other))
        );
    }
}

/// A GTFS file as rows by column.
fn table(zip: &[u8], name: &str) -> Vec<BTreeMap<String, String>> {
    let mut archive = zip::ZipArchive::new(Cursor::new(zip)).unwrap();
    let mut text = String::new();
    archive.by_name(name).unwrap().read_to_string(&mut text).unwrap();
    csv::Reader::from_reader(text.as_bytes())
        .deserialize()
        .map(Result::unwrap)
        .collect()
}

#[test]
fn the_timetable_refers_to_nothing_that_is_not_there() {
    let city = City::generate(11, 50_000);
    let zip = city.gtfs_zip();
    let ids = |file: &str, column: &str| -> BTreeSet<String> {
        table(&zip, file).iter().map(|row| row[column].clone()).collect()
    };
    let (stops, routes, trips) = (
        ids("stops.txt", "stop_id"),
        ids("routes.txt", "route_id"),
        ids("trips.txt", "trip_id"),
    );
    assert!((8..=14).contains(&routes.len()), "{}", routes.len());
    assert_eq!(table(&zip, "stops.txt").len(), stops.len(), "no stop twice");
    assert_eq!(
        ids("stop_times.txt", "stop_id"),
        stops,
        "every stop is served, and no other"
    );
    assert_eq!(ids("stop_times.txt", "trip_id"), trips);
    assert_eq!(ids("frequencies.txt", "trip_id"), trips);
    assert_eq!(ids("trips.txt", "route_id"), routes);
    assert_eq!(ids("trips.txt", "shape_id"), ids("shapes.txt", "shape_id"));
    assert_eq!(ids("trips.txt", "service_id"), ids("calendar.txt", "service_id"));
    assert_eq!(ids("routes.txt", "agency_id"), ids("agency.txt", "agency_id"));
    assert_eq!(ids("stops.txt", "wheelchair_boarding").len(), 3);
    assert_eq!(ids("trips.txt", "wheelchair_accessible").len(), 3);
    // Every line goes both ways on every day of the week, and is under way at eight.
    for day in [
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
    ] {
        let services: BTreeSet<String> = table(&zip, "calendar.txt")
            .iter()
            .filter(|row| row[day] == "1")
            .map(|row| row["service_id"].clone())
            .collect();
        let at_eight: BTreeSet<String> = table(&zip, "frequencies.txt")
            .iter()
            .filter(|row| row["start_time"].as_str() <= "08:00:00" && row["end_time"].as_str() > "08:00:00")
            .map(|row| row["trip_id"].clone())
            .collect();
        let runs: BTreeSet<(String, String)> = table(&zip, "trips.txt")
            .iter()
            .filter(|row| services.contains(&row["service_id"]) && at_eight.contains(&row["trip_id"]))
            .map(|row| (row["route_id"].clone(), row["direction_id"].clone()))
            .collect();
        assert_eq!(runs.len(), 2 * routes.len(), "{day}");
    }

    let mut last: BTreeMap<String, (u32, u32, f64)> = BTreeMap::new();
    for row in table(&zip, "stop_times.txt") {
        let time = row["arrival_time"]
            .split(':')
            .fold(0, |sum, part| sum * 60 + part.parse::<u32>().unwrap());
        let now = (
            row["stop_sequence"].parse().unwrap(),
            time,
            row["shape_dist_traveled"].parse().unwrap(),
        );
        if let Some(before) = last.insert(row["trip_id"].clone(), now) {
            assert!(
                before.0 < now.0 && before.1 < now.1 && before.2 < now.2,
                "{row:?}"
            );
        }
    }
    assert!(
        table(&zip, "frequencies.txt")
            .iter()
            .any(|row| row["end_time"].as_str() > "24:00:00")
    );
    // Stops lie beside their line's shape, shapes in the city.
    let boundary = boundary(&city);
    let mut shapes: BTreeMap<String, Vec<Point<f64>>> = BTreeMap::new();
    for row in table(&zip, "shapes.txt") {
        let at = Point::new(
            row["shape_pt_lon"].parse().unwrap(),
            row["shape_pt_lat"].parse().unwrap(),
        );
        assert!(boundary.intersects(&at), "{row:?}");
        shapes.entry(row["shape_id"].clone()).or_default().push(at);
    }
    let places: BTreeMap<String, Point<f64>> = table(&zip, "stops.txt")
        .iter()
        .map(|row| {
            (
                row["stop_id"].clone(),
                Point::new(row["stop_lon"].parse().unwrap(), row["stop_lat"].parse().unwrap()),
            )
        })
        .collect();
    let shape_of: BTreeMap<String, String> = table(&zip, "trips.txt")
        .iter()
        .map(|row| (row["trip_id"].clone(), row["shape_id"].clone()))
        .collect();
    for row in table(&zip, "stop_times.txt") {
        let near = shapes[&shape_of[&row["trip_id"]]]
            .iter()
            .map(|at| Geodesic.distance(*at, places[&row["stop_id"]]))
            .fold(f64::INFINITY, f64::min);
        assert!(near < 8.0, "{row:?} is {near} m from its line");
    }
}

#[test]
fn the_importers_take_what_a_user_could_have() {
    let city = City::generate(2, 5_000);
    let folder = tempfile::tempdir().unwrap();
    for (kind, file, content) in [
        (Kind::Gtfs, "feed.zip", city.gtfs_zip()),
        (Kind::Population, "population.tif", city.population_geotiff()),
        (Kind::Population, "population.csv", city.population_csv()),
    ] {
        let path = folder.path().join(file);
        std::fs::write(&path, content).unwrap();
        let mut sink = MemorySink::default();
        let options = ImportOptions {
            year: Some(city.year()),
            ..ImportOptions::default()
        };
        let report =
            formats::import(kind, &[InputFile::new(&path)], &options, &mut sink, &mut |_| {}).unwrap();
        assert!(!report.has_refusals(), "{file}: {}", report.to_text(9));
        if kind == Kind::Population {
            let grids = sink
                .entities
                .values()
                .filter(|e| e.has_type(Name::default_term("PopulationGrid").as_str()));
            let totals: Vec<f64> = grids
                .map(|grid| value(grid, "totalPopulation").as_f64().unwrap())
                .collect();
            assert_eq!(totals, [5_000.0], "{file}");
        }
    }
}

#[test]
fn sensors_stand_in_the_city() {
    let city = City::generate(4, 50_000);
    let boundary = boundary(&city);
    assert_eq!(city.sensors().len(), 500);
    for kind in SensorKind::ALL {
        assert!(
            city.sensors().iter().any(|sensor| sensor.kind() == kind),
            "{kind:?}"
        );
    }
    for sensor in city.sensors() {
        assert!(
            boundary.contains(&Point(sensor.location())),
            "{}",
            sensor.entity().id
        );
    }
    // Every district has air measured.
    let districts = &of_type(&city, "AdministrativeArea")[1..];
    for district in districts {
        let Some(Geometry::Polygon(outline)) = value(district, "location").as_geometry() else {
            panic!()
        };
        let air = city
            .sensors()
            .iter()
            .filter(|sensor| sensor.kind() == SensorKind::Air);
        assert!(
            air.into_iter()
                .any(|sensor| outline.contains(&Point(sensor.location()))),
            "{}",
            district.id
        );
    }
}

/// The least and the greatest that a reading may be.
const RANGES: [(&str, f64, f64); 20] = [
    ("pm25", 0.5, 150.0),
    ("pm10", 1.0, 300.0),
    ("no2", 0.5, 250.0),
    ("o3", 4.0, 140.0),
    ("temperature", -10.0, 45.0),
    ("relativeHumidity", 0.0, 1.0),
    ("windSpeed", 0.0, 25.0),
    ("windDirection", 0.0, 360.0),
    ("precipitation", 0.0, 60.0),
    ("atmosphericPressure", 960.0, 1050.0),
    ("solarRadiation", 0.0, 1300.0),
    ("LAeq", 28.0, 100.0),
    ("LAmax", 30.0, 112.0),
    ("availableSpotNumber", 0.0, 400.0),
    ("occupancy", 0.0, 1.0),
    ("flowRate", 0.0, 900.0),
    ("waterConsumption", 0.0, 9e6),
    ("illuminanceLevel", 0.0, 1.0),
    ("powerConsumption", 0.0, 120.0),
    ("unused", 0.0, 0.0),
];

#[test]
fn readings_are_plausible_and_do_not_depend_on_the_order() {
    let city = City::generate(6, 5_000);
    let start = Timestamp::parse("2026-03-02T02:00:00Z").unwrap();
    let hours: Vec<Timestamp> = (0..14 * 24)
        .map(|hour| start.plus_micros(hour * 3_600_000_000))
        .collect();
    for sensor in city.sensors() {
        let series: Vec<Entity> = hours.iter().map(|&at| sensor.reading(at)).collect();
        let again: Vec<Entity> = hours.iter().rev().map(|&at| sensor.reading(at)).collect();
        assert!(series.iter().eq(again.iter().rev()));
        let mut meter = 0.0;
        for reading in &series {
            assert_eq!(reading.id, sensor.entity().id);
            assert!(!reading.attributes.is_empty());
            for attribute in &reading.attributes {
                assert!(attribute.observed_at.is_some());
                let Some(number) = attribute.as_f64() else {
                    continue;
                };
                let range = RANGES.iter().find(|(term, ..)| *term == attribute.name.short());
                let (_, least, most) = range.unwrap_or_else(|| panic!("{:?}", attribute.name));
                assert!(
                    (*least..=*most).contains(&number),
                    "{:?} is {number}",
                    attribute.name
                );
                if attribute.name.short() == "waterConsumption" {
                    assert!(number >= meter, "a meter never goes back");
                    meter = number;
                }
            }
        }
    }
}

#[test]
fn days_and_weeks_have_their_rhythm() {
    let city = City::generate(6, 20_000);
    // A Monday; the city is two hours behind UTC.
    let monday = Timestamp::parse("2026-03-02T02:00:00Z").unwrap();
    let mean = |kind: SensorKind, term: &str, days: &[i64], hours: &[i64]| {
        let sensors: Vec<_> = city
            .sensors()
            .iter()
            .filter(|sensor| sensor.kind() == kind)
            .collect();
        let mut numbers = Vec::new();
        for week in 0..4 {
            for day in days {
                for hour in hours {
                    let at = monday.plus_micros((((week * 7 + day) * 24 + hour) * 60 + 20) * 60_000_000);
                    numbers.extend(
                        sensors
                            .iter()
                            .map(|s| value(&s.reading(at), term).as_f64().unwrap()),
                    );
                }
            }
        }
        numbers.iter().sum::<f64>() / numbers.len() as f64
    };
    let (work, rest) = ([0, 1, 2, 3, 4], [5, 6]);
    assert!(mean(SensorKind::Air, "no2", &work, &[8]) > 1.4 * mean(SensorKind::Air, "no2", &work, &[3]));
    assert!(mean(SensorKind::Air, "no2", &work, &[8]) > 1.2 * mean(SensorKind::Air, "no2", &rest, &[8]));
    assert!(
        mean(SensorKind::Noise, "LAeq", &work, &[8]) > 5.0 + mean(SensorKind::Noise, "LAeq", &work, &[3])
    );
    assert!(
        mean(SensorKind::Water, "flowRate", &work, &[7])
            > 3.0 * mean(SensorKind::Water, "flowRate", &work, &[3])
    );
    assert!(mean(SensorKind::StreetLight, "illuminanceLevel", &work, &[22]) > 0.9);
    assert!(mean(SensorKind::StreetLight, "illuminanceLevel", &work, &[12]) < 0.01);
    assert!(
        mean(SensorKind::Weather, "temperature", &work, &[15])
            > 2.0 + mean(SensorKind::Weather, "temperature", &work, &[4])
    );
    let pm25 = mean(
        SensorKind::Air,
        "pm25",
        &[0, 1, 2, 3, 4, 5, 6],
        &[0, 3, 6, 9, 12, 15, 18, 21],
    );
    assert!((5.0..25.0).contains(&pm25), "{pm25}");
    // The household's day is what its meter says.
    for sensor in city
        .sensors()
        .iter()
        .filter(|sensor| sensor.kind() == SensorKind::Water)
        .take(20)
    {
        let read = |at: Timestamp| value(&sensor.reading(at), "waterConsumption").as_f64().unwrap();
        let week = read(monday.plus_micros(7 * 86_400_000_000)) - read(monday);
        assert!((7.0 * 150.0..7.0 * 1200.0).contains(&week), "{week}");
    }
}
