//! The files of Nairobi, counted by a naive reader of the test's own and by the importers.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::float_cmp,
    reason = "a test may fail, and knows its numbers"
)]

mod common;

use std::collections::BTreeMap;
use std::io::Read as _;

use common::{count, entity, import_into, options, test_data, text};
use formats::{ImportOptions, Kind, MemorySink, raster};

/// The rows of a table in a zip, by splitting at commas: the Nairobi feed needs no more, save for quotes.
fn naive(zip: &std::path::Path, table: &str) -> Vec<BTreeMap<String, String>> {
    let mut archive = zip::ZipArchive::new(std::fs::File::open(zip).unwrap()).unwrap();
    let mut text = String::new();
    archive.by_name(table).unwrap().read_to_string(&mut text).unwrap();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().unwrap().clone();
    reader
        .records()
        .map(|record| {
            header
                .iter()
                .map(str::to_owned)
                .zip(record.unwrap().iter().map(str::to_owned))
                .collect()
        })
        .collect()
}

#[test]
fn the_timetable_is_read_whole() {
    let Some(path) = test_data("nairobi/gtfs-2019.zip") else {
        return;
    };
    let mut sink = MemorySink::default();
    let report = import_into(&mut sink, Kind::Gtfs, &path, &ImportOptions::default()).unwrap();
    assert_eq!(report.refused, [], "{}", report.to_text(20));
    assert_eq!(report.refused_count, 0);

    let stops = naive(&path, "stops.txt");
    let times = naive(&path, "stop_times.txt");
    assert_eq!((stops.len(), report.by_type["GtfsStop"].made), (4_284, 4_284));
    let stations = stops.iter().filter(|stop| stop["location_type"] == "1").count();
    assert_eq!(
        (count(&sink, "GtfsStop"), count(&sink, "GtfsStation")),
        (4_284, stations)
    );
    assert_eq!(count(&sink, "GtfsTrip"), 272);
    assert_eq!(count(&sink, "GtfsRoute"), 136);
    assert_eq!(count(&sink, "GtfsStopTime"), times.len());
    assert_eq!(
        count(&sink, "GtfsFrequency"),
        naive(&path, "frequencies.txt").len()
    );
    assert_eq!(count(&sink, "GtfsShape"), 272);
    assert_eq!(report.rows["shapes.txt"], 36_483);
    let points: usize = sink
        .entities
        .values()
        .filter(|entity| entity.types[0].short() == "GtfsShape")
        .map(|entity| match entity.attributes[0].as_geometry() {
            Some(geo_types::Geometry::LineString(line)) => line.0.len(),
            other => panic!("{other:?}"),
        })
        .sum();
    assert_eq!(points, 36_483);

    // Every coordinate and every time is what the file says.
    for stop in &stops {
        let found = entity(
            &sink,
            ngsi_ld::Uri::ngsi_ld("GtfsStop", &stop["stop_id"]).as_str(),
        );
        let point = geo_types::Point::new(
            stop["stop_lon"].parse().unwrap(),
            stop["stop_lat"].parse().unwrap(),
        );
        let location = found
            .get("https://uri.etsi.org/ngsi-ld/location")
            .and_then(|a| a.as_geometry());
        assert_eq!(location, Some(&geo_types::Geometry::Point(point)));
    }
    for time in &times {
        let local = format!("{}:{}", time["trip_id"], time["stop_sequence"]);
        let found = entity(&sink, ngsi_ld::Uri::ngsi_ld("GtfsStopTime", &local).as_str());
        assert_eq!(
            text(found, "arrivalTime").trim_start_matches('0'),
            time["arrival_time"].trim_start_matches('0')
        );
        assert_eq!(
            text(found, "hasStop"),
            ngsi_ld::Uri::ngsi_ld("GtfsStop", &time["stop_id"]).to_string()
        );
    }
    let dataset = entity(&sink, "urn:ngsi-ld:Dataset:gtfs:gtfs-2019");
    assert_eq!(text(dataset, "vintage"), "2019");
    assert_eq!(
        (text(dataset, "validFrom"), text(dataset, "validTo")),
        ("2019-01-01".into(), "2020-12-31".into())
    );

    // Twice changes nothing.
    let before = sink.clone();
    let again = import_into(&mut sink, Kind::Gtfs, &path, &ImportOptions::default()).unwrap();
    assert_eq!((again.made, again.updated, again.known), (0, 0, report.made));
    assert!(before == sink);
    assert!(sink.largest_batch <= 1_000);
}

#[test]
fn the_population_is_read_to_the_last_bit() {
    let Some(path) = test_data("nairobi/population-2025-100m.tif") else {
        return;
    };
    let mut sink = MemorySink::default();
    let report = import_into(&mut sink, Kind::Population, &path, &ImportOptions::default()).unwrap();
    assert_eq!(report.rows["populated cells"], 64_666);

    // The file is uncompressed: its numbers stand in it as they are, 113 strips of 3 rows.
    let bytes = std::fs::read(&path).unwrap();
    let offsets = &bytes[444..444 + 113 * 4];
    let mut cells: Vec<f32> = Vec::new();
    for (strip, offset) in offsets.chunks_exact(4).enumerate() {
        let offset = u32::from_le_bytes(offset.try_into().unwrap()) as usize;
        let rows = if strip == 112 { 338 - 112 * 3 } else { 3 };
        let strip = &bytes[offset..offset + rows * 544 * 4];
        cells.extend(
            strip
                .chunks_exact(4)
                .map(|cell| f32::from_le_bytes(cell.try_into().unwrap())),
        );
    }
    assert_eq!(cells.iter().filter(|cell| **cell > 0.0).count(), 64_666);

    let grid = entity(&sink, "urn:ngsi-ld:PopulationGrid:population-2025-100m");
    assert_eq!(text(grid, "vintage"), "2025");
    let blob = &sink.blobs[&text(grid, "blob")];
    let grid = raster::Grid::open(blob).unwrap();
    let window = grid.window(0, 0, 544, 338).unwrap();
    for (ours, theirs) in window.values.iter().zip(&cells) {
        let same = if *theirs == -99999.0 {
            ours.is_nan()
        } else {
            *ours == f64::from(*theirs)
        };
        assert!(same, "{ours} {theirs}");
    }
    let sum: f64 = cells
        .iter()
        .filter(|cell| **cell > 0.0)
        .map(|cell| f64::from(*cell))
        .sum();
    assert!((grid.header().summary.sum - sum).abs() < 1e-6 * sum);
    let (lon, lat) = grid.header().centre(0, 0).unwrap();
    assert!((lon - (36.650_832_466_73 + 0.000_833_333_33 / 2.0)).abs() < 1e-12);
    assert!((lat - (-1.163_332_992_680_014_2 - 0.000_833_333_33 / 2.0)).abs() < 1e-12);
    assert_eq!(
        import_into(&mut sink, Kind::Population, &path, &ImportOptions::default())
            .unwrap()
            .made,
        0
    );
}

#[test]
fn the_wards_are_read() {
    let Some(path) = test_data("nairobi/wards.geojson") else {
        return;
    };
    let mut sink = MemorySink::default();
    let report = import_into(&mut sink, Kind::Boundaries, &path, &ImportOptions::default()).unwrap();
    assert_eq!(report.refused, [], "{}", report.to_text(20));
    assert_eq!(count(&sink, "AdministrativeArea"), 84);
    let json: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    for feature in json["features"].as_array().unwrap() {
        let code = feature["properties"]["ward_code"].as_str().unwrap();
        let area = entity(&sink, &format!("urn:ngsi-ld:AdministrativeArea:ward:{code}"));
        assert_eq!(
            text(area, "name"),
            feature["properties"]["ward_name"].as_str().unwrap()
        );
        assert_eq!(text(area, "administrativeLevel"), "ward");
        let ngsi_ld::Value::Geo(value) = &area.get("https://uri.etsi.org/ngsi-ld/location").unwrap().value
        else {
            panic!("no location")
        };
        assert_eq!(ngsi_ld::geojson::to_json(value), feature["geometry"]);
    }
    assert_eq!(
        import_into(&mut sink, Kind::Boundaries, &path, &ImportOptions::default())
            .unwrap()
            .made,
        0
    );
}

#[test]
fn the_clinics_are_read_and_those_without_a_place_are_listed() {
    let Some(path) = test_data("nairobi/health-facilities.geojson") else {
        return;
    };
    let mut sink = MemorySink::default();
    let report = import_into(&mut sink, Kind::Places, &path, &ImportOptions::default()).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let features = json["features"].as_array().unwrap();
    let placed = features
        .iter()
        .filter(|feature| feature["geometry"].is_object())
        .count();
    assert_eq!(features.len(), 155);
    assert_eq!(
        (count(&sink, "PointOfInterest"), report.refused.len()),
        (placed, 155 - placed)
    );
    let lines: Vec<String> = std::fs::read_to_string(&path)
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect();
    for refusal in &report.refused {
        assert_eq!(refusal.why, "it has no geometry");
        let line = usize::try_from(refusal.line.unwrap()).unwrap();
        let name = refusal.what.splitn(3, ' ').nth(2).unwrap();
        // The feature begins on that line and its name stands below.
        assert_eq!(lines[line - 1].trim(), "{");
        assert!(
            lines[line - 1..line + 25].iter().any(|line| line.contains(name)),
            "{refusal:?}"
        );
    }
    let clinic = entity(
        &sink,
        "urn:ngsi-ld:PointOfInterest:health-facilities:kenya_health.4",
    );
    assert_eq!(
        (text(clinic, "name"), text(clinic, "category")),
        ("CHURA DISP".into(), "dispensary".into())
    );
}

#[test]
fn the_readings_are_read() {
    let Some(path) = test_data("nairobi/air-quality-pm25-2018.csv") else {
        return;
    };
    let mut sink = MemorySink::default();
    let options = options(&[
        ("entity", "urn:ngsi-ld:AirQualityObserved:nairobi"),
        ("attribute", "pm25"),
        ("time-column", "timestamp"),
        ("value-column", "P2"),
        ("time-format", "%m/%d/%Y %H:%M"),
        ("time-format", "%m/%d/%Y %H:%M:%S"),
        ("time-zone", "Africa/Nairobi"),
        ("unit", "µg/m³"),
        ("longitude", "36.8"),
        ("latitude", "-1.3"),
    ]);
    let report = import_into(&mut sink, Kind::Observations, &path, &options).unwrap();
    assert_eq!(report.refused, []);
    assert_eq!(
        (report.made, report.updated),
        (32_907 + 1, 1),
        "readings and the data set; the location"
    );
    let id = ngsi_ld::Uri::parse("urn:ngsi-ld:AirQualityObserved:nairobi").unwrap();
    let readings = &sink.history[&id];

    let raw = std::fs::read_to_string(&path).unwrap();
    let rows: Vec<(&str, f64)> = raw
        .lines()
        .skip(1)
        .map(|line| {
            line.split_once(',')
                .map(|(time, value)| (time, value.trim().parse().unwrap()))
                .unwrap()
        })
        .collect();
    assert_eq!((rows.len(), readings.len()), (32_907, 32_907));
    for (reading, (time, value)) in readings.iter().zip(&rows) {
        assert_eq!(reading.as_f64(), Some(*value));
        // Nairobi is three hours ahead of UTC, all the year.
        let parts: Vec<i64> = time
            .split(['/', ' ', ':'])
            .map(|part| part.parse().unwrap())
            .collect();
        let date = jiff::civil::date(
            parts[2].try_into().unwrap(),
            parts[0].try_into().unwrap(),
            parts[1].try_into().unwrap(),
        );
        let days = date.since(jiff::civil::date(1970, 1, 1)).unwrap().get_days();
        let seconds =
            i64::from(days) * 86_400 + (parts[3] - 3) * 3_600 + parts[4] * 60 + parts.get(5).unwrap_or(&0);
        assert_eq!(
            reading.observed_at,
            Some(ngsi_ld::Timestamp::from_seconds(seconds)),
            "{time}"
        );
        assert_eq!(reading.unit_code.as_deref(), Some("GQ"));
    }
    let dataset = entity(&sink, "urn:ngsi-ld:Dataset:observations:air-quality-pm25-2018");
    assert_eq!(text(dataset, "vintage"), "2018");
    let again = import_into(&mut sink, Kind::Observations, &path, &options).unwrap();
    assert_eq!((again.made, again.updated), (0, 0));
}
