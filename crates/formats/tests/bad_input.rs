//! Files that are not what they should be: what is said, and that the good rows are kept.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::float_cmp,
    reason = "a test may fail, and knows its numbers"
)]

mod common;

use common::{count, entity, feed, feed_with, import_bytes, import_into, options, text, zip};
use formats::{ImportError, ImportOptions, Kind, MemorySink, Refusal, Report};

fn gtfs(bytes: &[u8]) -> (MemorySink, Result<Report, ImportError>) {
    import_bytes(Kind::Gtfs, "feed.zip", bytes, &[])
}

/// An import that failed: its message, and that nothing was written.
fn failure((sink, report): (MemorySink, Result<Report, ImportError>)) -> String {
    let error = report.unwrap_err();
    assert!(
        sink.entities.is_empty() && sink.history.is_empty() && sink.blobs.is_empty(),
        "{error}: something was written"
    );
    assert!(!error.remedy().is_empty());
    assert!(error.to_string().starts_with(&error.what()));
    error.to_string()
}

fn refused(report: &Report) -> Vec<String> {
    report.refused.iter().map(ToString::to_string).collect()
}

#[test]
fn a_sound_feed_is_taken_whole() {
    let (sink, report) = gtfs(&zip(&feed()));
    let report = report.unwrap();
    assert_eq!(report.refused, []);
    assert_eq!(
        (
            count(&sink, "GtfsStop"),
            count(&sink, "GtfsStation"),
            count(&sink, "GtfsShape")
        ),
        (3, 1, 1)
    );
    let time = entity(&sink, "urn:ngsi-ld:GtfsStopTime:T:2");
    assert_eq!(
        (text(time, "arrivalTime"), text(time, "hasStop")),
        ("24:10:00".into(), "urn:ngsi-ld:GtfsStop:2".into())
    );
    assert_eq!(
        text(entity(&sink, "urn:ngsi-ld:GtfsStopTime:T:1"), "departureTime"),
        "06:00:20"
    );
    assert_eq!(text(entity(&sink, "urn:ngsi-ld:GtfsRoute:R"), "name"), "One, Two");
    assert_eq!(
        text(entity(&sink, "urn:ngsi-ld:GtfsTrip:T"), "hasShape"),
        "urn:ngsi-ld:GtfsShape:L"
    );
    // The points of the shape are put in order.
    let shape = entity(&sink, "urn:ngsi-ld:GtfsShape:L").attributes[0]
        .as_geometry()
        .unwrap();
    assert_eq!(
        *shape,
        geo_types::Geometry::LineString(vec![(36.82, -1.28), (36.83, -1.29)].into())
    );
    assert_eq!(
        text(entity(&sink, "urn:ngsi-ld:Dataset:gtfs:feed"), "validTo"),
        "2020-12-31"
    );
}

#[test]
fn two_feeds_live_together() {
    let (one, _) = import_bytes(Kind::Gtfs, "feed.zip", &zip(&feed()), &[("feed", "matatu")]);
    assert_eq!(
        text(entity(&one, "urn:ngsi-ld:GtfsStopTime:matatu:T:1"), "hasTrip"),
        "urn:ngsi-ld:GtfsTrip:matatu:T"
    );
    assert!(one.entities.contains_key("urn:ngsi-ld:Dataset:gtfs:matatu"));
    assert!(
        failure(import_bytes(
            Kind::Gtfs,
            "feed.zip",
            &zip(&feed()),
            &[("feed", "a:b")]
        ))
        .contains("feed")
    );
}

#[test]
fn a_truncated_zip_writes_nothing() {
    let whole = zip(&feed());
    for keep in [
        0,
        1,
        2,
        whole.len() / 3,
        whole.len() / 2,
        whole.len() - 30,
        whole.len() - 1,
    ] {
        let message = failure(gtfs(&whole[..keep]));
        assert!(
            message.contains("feed.zip") && message.contains("unzip -t"),
            "{keep}: {message}"
        );
    }
    assert!(failure(gtfs(b"<html>not found</html>")).contains("not a zip archive"));
}

#[test]
fn a_damaged_zip_writes_nothing() {
    let whole = zip(&feed());
    // A byte of the packed stop times, which come late in the archive.
    let at = whole
        .windows(14)
        .position(|window| window == b"stop_times.txt")
        .unwrap()
        + 40;
    let mut bytes = whole;
    bytes[at] ^= 0xFF;
    let message = failure(gtfs(&bytes));
    assert!(
        message.contains("feed.zip/stop_times.txt") && message.contains("damaged"),
        "{message}"
    );
}

#[test]
fn tables_that_must_be_there_are_named() {
    for table in [
        "agency.txt",
        "stops.txt",
        "routes.txt",
        "trips.txt",
        "stop_times.txt",
    ] {
        let tables: Vec<_> = feed().into_iter().filter(|(name, _)| *name != table).collect();
        let message = failure(gtfs(&zip(&tables)));
        assert!(
            message.starts_with(&format!("feed.zip: {table} is missing in the archive")),
            "{message}"
        );
    }
    let tables: Vec<_> = feed()
        .into_iter()
        .filter(|(name, _)| *name != "calendar.txt")
        .collect();
    assert!(failure(gtfs(&zip(&tables))).contains("neither calendar.txt nor calendar_dates.txt"));
    let tables: Vec<_> = feed()
        .into_iter()
        .filter(|(name, _)| !["shapes.txt", "frequencies.txt"].contains(name))
        .collect();
    let report = gtfs(&zip(&tables)).1.unwrap();
    assert_eq!(report.refused, []);
    assert!(
        report.warnings.iter().any(|warning| warning.contains("shape")),
        "{:?}",
        report.warnings
    );
    let message = failure(gtfs(&feed_with("stops.txt", |text| {
        text.replace("stop_lat", "latitude")
    })));
    assert!(
        message.contains("feed.zip/stops.txt") && message.contains("no column stop_lat"),
        "{message}"
    );
}

#[test]
fn a_zip_bomb_is_refused() {
    let message = failure(gtfs(&feed_with("stops.txt", |text| {
        text.to_owned() + &"\n".repeat(80 << 20)
    })));
    assert!(
        message.contains("stops.txt") && message.contains("unpacks to more than"),
        "{message}"
    );
}

#[test]
fn bad_rows_are_refused_one_by_one() {
    let bytes = feed_with("stops.txt", |text| {
        text.to_owned()
            + "3,\"Three, at the\nmarket\",,,0,\n4,Four,-1.27,36.81,0,\n5,Five,95,36.8,0,\n1,Again,-1.2,36.8,0,\n6,Six,0,0,,\n,No,-1.2,36.8,,\n7,Seven,x,36.8,,\n"
    });
    let (sink, report) = gtfs(&bytes);
    let report = report.unwrap();
    assert_eq!(
        refused(&report),
        [
            "feed.zip/stops.txt, line 5, stop_lat: stop 3 Three, at the\nmarket: it has no stop_lat",
            "feed.zip/stops.txt, line 8, stop_lat: stop 5 Five: 95 is beyond 90 degrees",
            "feed.zip/stops.txt, line 9, stop_id: stop 1 Again: an earlier row has the same identifier",
            "feed.zip/stops.txt, line 10, stop_lat: stop 6 Six: it lies at 0, 0 in the Gulf of Guinea, which stands for a place that is not known",
            "feed.zip/stops.txt, line 11, stop_id: stop: it has no identifier",
            "feed.zip/stops.txt, line 12, stop_lat: stop 7 Seven: `x` is not a number",
        ]
    );
    assert_eq!(count(&sink, "GtfsStop"), 4);
    assert_eq!(report.rows["stops.txt"], 10);
    assert!(
        report
            .warnings
            .iter()
            .any(|warning| warning.contains("no trip stops at 1 of the stops"))
    );
}

#[test]
fn rows_that_name_what_is_not_there_are_refused() {
    let mut tables = feed();
    for (name, text) in &mut tables {
        match *name {
            "trips.txt" => text.push_str("X,D,T2,,0,L\nR,X,T3,,0,L\nR,D,T4,,9,L\nR,D,T5,,0,NONE\n"),
            "stop_times.txt" => text.push_str("T9,6:00:00,6:00:00,1,1\nT,6:00:00,6:00:00,9,3\nT,6:00,6:00:00,1,4\nT,7:00:00,7:00:00,1,2\n"),
            "frequencies.txt" => text.push_str("T,09:00:00,08:00:00,300\nT,09:00:00,10:00:00,0\nT9,09:00:00,10:00:00,60\n"),
            "calendar.txt" => text.push_str("E,1,1,1,1,1,2,0,20190101,20201231\nF,1,1,1,1,1,1,0,20190101,20181231\nG,1,1,1,1,1,1,0,2019-01-01,20181231\n"),
            _ => {}
        }
    }
    let report = gtfs(&zip(&tables)).1.unwrap();
    let list = refused(&report).join("\n");
    for expected in [
        "trips.txt, line 3, route_id: trip T2: route `X` is not in routes.txt",
        "trips.txt, line 4, service_id: trip T3: service `X`",
        "trips.txt, line 5, direction_id: trip T4: `9` is not a direction",
        "stop_times.txt, line 4, trip_id: trip T9, stop 1: trip `T9` is not in trips.txt",
        "stop_times.txt, line 5, stop_id: trip T, stop 3: stop `9` is not in stops.txt",
        "stop_times.txt, line 6, arrival_time: trip T, stop 4: `6:00` is not a time",
        "stop_times.txt, line 7, stop_sequence: trip T, stop 2: an earlier row",
        "frequencies.txt, line 3, end_time",
        "frequencies.txt, line 4, headway_secs",
        "frequencies.txt, line 5, trip_id",
        "calendar.txt, line 3, saturday: service E: `2` is neither 0 nor 1",
        "calendar.txt, line 4, end_date: service F",
        "calendar.txt, line 5, start_date: service G: `2019-01-01` is not a date",
    ] {
        assert!(list.contains(expected), "`{expected}` is missing in:\n{list}");
    }
    assert_eq!(report.refused.len(), 13, "{list}");
    let warnings = report.warnings.join("\n");
    assert!(
        warnings.contains("1 trips name a shape that is not in shapes.txt"),
        "{warnings}"
    );
    let text = report.to_text(5);
    assert!(
        text.contains("refused 13") && text.contains("and 8 more refused"),
        "{text}"
    );
}

#[test]
fn shapes_may_stand_mixed() {
    let mixed = |_: &str| {
        "shape_id,shape_pt_lat,shape_pt_lon,shape_pt_sequence\nL,1,1,1\nM,5,5,1\nL,2,2,2\nM,6,6,2\nL,x,2,3\nN,1,1,1\nL,9,9,2\n".to_owned()
    };
    let (sink, report) = gtfs(&feed_with("shapes.txt", mixed));
    let report = report.unwrap();
    assert_eq!(count(&sink, "GtfsShape"), 2);
    let list = refused(&report).join("\n");
    assert!(
        list.contains("line 6, shape_pt_lat") && list.contains("line 7: shape N: it has one point"),
        "{list}"
    );
    assert!(
        list.contains("line 8, shape_pt_sequence: shape L, point 2"),
        "{list}"
    );
    assert_eq!(report.refused.len(), 3, "{list}");
}

#[test]
fn tables_may_be_written_in_any_encoding() {
    let mut tables = feed();
    tables[1].1 = tables[1].1.replace("One", "Musée");
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, text) in &tables {
        archive
            .start_file(format!("gtfs/{name}"), zip::write::SimpleFileOptions::default())
            .unwrap();
        let latin: Vec<u8> = text
            .chars()
            .map(|c| u8::try_from(u32::from(c)).unwrap())
            .collect();
        std::io::Write::write_all(&mut archive, &latin).unwrap();
    }
    let (sink, report) = gtfs(&archive.finish().unwrap().into_inner());
    assert_eq!(text(entity(&sink, "urn:ngsi-ld:GtfsStop:1"), "name"), "Musée");
    assert!(
        report
            .unwrap()
            .warnings
            .iter()
            .any(|w| w.contains("stops.txt: line 2 is not UTF-8"))
    );
}

#[test]
fn boundaries_are_refused_by_feature() {
    let ring = |points: &str| format!(r#"{{"type":"Polygon","coordinates":[[{points}]]}}"#);
    let feature = |name: &str, geometry: &str| {
        format!(
            "{{\"type\":\"Feature\",\"properties\":{{\"name\":\"{name}\",\"code\":\"{name}\"}},\"geometry\":{geometry}}}"
        )
    };
    let good = ring("[36.8,-1.3],[36.9,-1.3],[36.9,-1.2],[36.8,-1.2],[36.8,-1.3]");
    let text = format!(
        "{{\"type\":\"FeatureCollection\",\"features\":[\n{},\n{},\n{},\n{},\n{},\n{}]}}",
        feature("good", &good),
        feature("bow", &ring("[36,-1],[38,-3],[38,-1],[36,-3],[36,-1]")),
        feature("none", "null"),
        feature("open", &ring("[36.8,-1.3],[36.9,-1.3],[36.9,-1.2],[36.8,-1.2]")),
        feature(
            "metres",
            &ring("[257000,9857000],[258000,9857000],[258000,9858000],[257000,9857000]")
        ),
        feature("good", &good),
    );
    let (sink, report) = import_bytes(Kind::Boundaries, "w.geojson", text.as_bytes(), &[]);
    let report = report.unwrap();
    assert_eq!(
        refused(&report),
        [
            "w.geojson, line 3, geometry: feature 2 bow: its outline crosses itself at 37 -2",
            "w.geojson, line 4, geometry: feature 3 none: it has no geometry",
            "w.geojson, line 5, geometry: feature 4 open: a ring is open: it begins at 36.8 -1.3 and ends at 36.8 -1.2",
            "w.geojson, line 6, geometry: feature 5 metres: 257000, 9857000 is not a longitude and a latitude",
            "w.geojson, line 7: feature 6: an earlier feature gave the same id urn:ngsi-ld:AdministrativeArea:good",
        ]
    );
    assert_eq!(count(&sink, "AdministrativeArea"), 1);
    assert!(report.refused[0].remedy.contains("makevalid"));

    let cut = failure(import_bytes(
        Kind::Boundaries,
        "w.geojson",
        &text.as_bytes()[..text.len() - 2],
        &[],
    ));
    assert!(
        cut.contains("w.geojson") && cut.contains("line 7") && cut.contains("cut off"),
        "{cut}"
    );
    let crs = r#"{"type":"FeatureCollection","crs":{"type":"name","properties":{"name":"urn:ogc:def:crs:EPSG::20800"}},"features":[]}"#;
    let message = failure(import_bytes(Kind::Boundaries, "w.geojson", crs.as_bytes(), &[]));
    assert!(
        message.contains("EPSG:20800") && message.contains("ogr2ogr -t_srs EPSG:4326"),
        "{message}"
    );
    let nameless = r#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"bez":"x"},"geometry":{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,0]]]}}]}"#;
    let (_, report) = import_bytes(Kind::Boundaries, "w.geojson", nameless.as_bytes(), &[]);
    assert!(report.unwrap().refused[0].remedy.contains("--name-property"));
    let (sink, _) = import_bytes(
        Kind::Boundaries,
        "w.geojson",
        nameless.as_bytes(),
        &[("name-property", "bez")],
    );
    assert_eq!(count(&sink, "AdministrativeArea"), 1);
}

const SERIES: [(&str, &str); 7] = [
    ("entity", "urn:ngsi-ld:NoiseLevelObserved:n1"),
    ("attribute", "LAeq"),
    ("time-column", "when"),
    ("value-column", "level"),
    ("time-format", "%d/%m/%Y %H:%M"),
    ("time-zone", "Africa/Nairobi"),
    ("decimal-comma", "true"),
];

#[test]
fn a_bad_row_in_the_middle_is_listed() {
    let csv = "\u{feff}when;\"level\"\r\n13/05/2026 10:00;51,5\r\n14/05/2026 25:99;52\r\n\r\n15/05/2026 10:00;loud\r\n16/05/2026 10:00;\"53,5\"\r\n17/05/2026 10:00;\r\n18/05/2026 10:00;1;2\r\n;3\r\n";
    let (sink, report) = import_bytes(Kind::Observations, "noise.csv", csv.as_bytes(), &SERIES);
    let report = report.unwrap();
    assert_eq!(
        refused(&report),
        [
            "noise.csv, line 3, when: reading `14/05/2026 25:99` 52: `14/05/2026 25:99` is not a time of the format `%d/%m/%Y %H:%M`",
            "noise.csv, line 5, level: reading of 15/05/2026 10:00: `loud` is not a number",
            "noise.csv, line 7, level: reading of 17/05/2026 10:00: it has no value",
            "noise.csv, line 8: row: the row has 3 fields, the header 2: a field that holds the delimiter must stand in quotes",
            "noise.csv, line 9, when: reading `` 3: it has no time",
        ]
    );
    let id = ngsi_ld::Uri::parse("urn:ngsi-ld:NoiseLevelObserved:n1").unwrap();
    let values: Vec<_> = sink.history[&id]
        .iter()
        .map(|reading| (reading.as_f64(), reading.observed_at.unwrap().to_string()))
        .collect();
    assert_eq!(
        values,
        [
            (Some(51.5), "2026-05-13T07:00:00Z".to_owned()),
            (Some(53.5), "2026-05-16T07:00:00Z".to_owned())
        ]
    );
    assert_eq!(entity(&sink, id.as_str()).types[0].short(), "NoiseLevelObserved");
    assert_eq!(
        text(entity(&sink, id.as_str()), "LAeq"),
        "53.5",
        "the newest is the current one"
    );
}

#[test]
fn options_of_a_series_are_checked_before_the_file() {
    let csv = "when,level\n2026-05-13 10:00,1\n";
    let with = |name: &str, value: Option<&str>| {
        let pairs: Vec<_> = SERIES
            .iter()
            .filter(|(key, _)| *key != name)
            .copied()
            .chain(value.map(|value| (name, value)))
            .collect();
        failure(import_bytes(
            Kind::Observations,
            "noise.csv",
            csv.as_bytes(),
            &pairs,
        ))
    };
    assert!(with("entity", None).contains("--entity"));
    assert!(with("attribute", None).contains("--attribute"));
    assert!(with("entity", Some("sensor 1")).contains("absolute URI"));
    assert!(with("time-zone", Some("Nairobi")).contains("IANA"));
    let message = with("value-column", Some("levl"));
    assert!(
        message.contains("did you mean `level`?") && message.contains("--value-column"),
        "{message}"
    );
    assert!(with("time-format", Some("dd/mm/yyyy")).contains("strptime"));
    assert!(with("longitude", Some("36.8")).contains("belong together"));
}

#[test]
fn entities_are_read_in_every_form() {
    let lines = r#"{"id":"urn:ngsi-ld:A:1","type":"A","x":{"type":"Property","value":1}}
{"id":"urn:ngsi-ld:A:2","type":"A","x":{"value":1}}
{"id":"urn:ngsi-ld:A:3","type":"A","x":1,"location":{"type":"Point","coordinates":[36.8,-1.28]}}
{"id":"no uri","type":"A"}
{"id":"urn:ngsi-ld:A:4",
{"id":"urn:ngsi-ld:A:5","type":"A","@context":"https://somewhere.example/context.jsonld"}
{"id":"urn:ngsi-ld:A:6","type":"A","b":2,"@context":{"b":"https://example.org/b"}}
"#;
    let (sink, report) = import_bytes(Kind::Entities, "e.jsonl", lines.as_bytes(), &[]);
    let report = report.unwrap();
    assert_eq!(count(&sink, "A"), 4, "{:?}", report.refused);
    assert_eq!(
        report
            .refused
            .iter()
            .map(|refusal| refusal.line.unwrap())
            .collect::<Vec<_>>(),
        [4, 5, 6]
    );
    assert!(report.refused[2].remedy.contains("inline"));
    assert!(
        entity(&sink, "urn:ngsi-ld:A:6")
            .get("https://example.org/b")
            .is_some()
    );
    for id in ["1", "2", "3"] {
        assert_eq!(text(entity(&sink, &format!("urn:ngsi-ld:A:{id}")), "x"), "1");
    }
    let array = r#"[{"id":"urn:ngsi-ld:A:1","type":"A"}, 7, {"id":"urn:ngsi-ld:A:2","type":"A"}]"#;
    let (sink, report) = import_bytes(Kind::Entities, "e.json", array.as_bytes(), &[]);
    assert_eq!((count(&sink, "A"), report.unwrap().refused_count), (2, 1));
    assert!(failure(import_bytes(Kind::Entities, "e.json", b"[{]", &[])).contains("line 1"));
    assert!(failure(import_bytes(Kind::Entities, "e.json", b"", &[])).contains("empty"));
}

#[test]
fn reported_values_are_held_against_the_catalogue() {
    let csv = "kpi;data_point;value;unit;period;quality;source;note\n\
        EC: I: T: 2A;;92,5;%;2025;1;Transport office;counted\n\
        ec:ict:ict:4c;4g;80;;2025-06;survey;;\n\
        EC: I: T: 2A;;91;%;2024;;;\n\
        EC: I: T: 2X;;1;;2025;;;\n\
        EC: ICT: ICT: 4C;;1;;2025;;;\n\
        EC: ICT: ICT: 1C;;viele;;2025;;;\n\
        EC: ICT: ICT: 1C;;7;;last year;;;\n\
        EC: ICT: ICT: 1C;;7;;2025;good;;\n";
    let (sink, report) = import_bytes(
        Kind::Kpi,
        "k.csv",
        csv.as_bytes(),
        &[("decimal-comma", "true"), ("time-zone", "Africa/Nairobi")],
    );
    let report = report.unwrap();
    let places: Vec<_> = report
        .refused
        .iter()
        .map(|r: &Refusal| (r.line.unwrap(), r.column.clone().unwrap()))
        .collect();
    let expected = [
        (5, "kpi"),
        (6, "data_point"),
        (7, "value"),
        (8, "period"),
        (9, "quality"),
    ];
    assert_eq!(places, expected.map(|(line, column)| (line, column.to_owned())));
    assert!(report.refused[0].remedy.contains("did you mean"));
    let id = formats::kpi::entity_id("EC: I: T: 2A", None);
    let current = entity(&sink, id.as_str());
    assert_eq!(
        (text(current, "kpi"), text(current, "kpiValue")),
        ("EC: I: T: 2A".into(), "92.5".into())
    );
    let value = current
        .attributes
        .iter()
        .find(|a| a.name.short() == "kpiValue")
        .unwrap();
    assert_eq!(value.dataset_id, Some(formats::kpi::reported()));
    assert_eq!(value.observed_at.unwrap().to_string(), "2025-12-31T20:59:59Z");
    let sub = |term: &str| {
        value
            .sub_attributes
            .iter()
            .find(|a| a.name.short() == term)
            .and_then(|a| a.as_str())
    };
    assert_eq!(
        (sub("origin"), sub("quality"), sub("period")),
        (Some("reported"), Some("accurate_measurement"), Some("2025"))
    );
    assert_eq!(sink.history[&id].len(), 2, "every reported value stays");
    let mobile = formats::kpi::entity_id("EC: ICT: ICT: 4C", Some("4G"));
    assert_eq!(text(entity(&sink, mobile.as_str()), "dataPoint"), "4G");
    assert!(failure(import_bytes(Kind::Kpi, "k.csv", b"kpi,value\n", &[])).contains("no column period"));
    assert!(failure(import_bytes(Kind::Kpi, "k.xlsx", b"PK\x03\x04rubbish", &[])).contains("workbook"));
}

#[test]
fn refusals_are_written_to_a_file_as_they_happen() {
    let folder = tempfile::tempdir().unwrap();
    let (file, list) = (
        folder.path().join("noise.csv"),
        folder.path().join("refused.jsonl"),
    );
    std::fs::write(&file, "when;level\n13/05/2026 10:00;x\n").unwrap();
    let options = ImportOptions {
        refusals_file: Some(list.clone()),
        ..options(&SERIES)
    };
    let report = import_into(&mut MemorySink::default(), Kind::Observations, &file, &options).unwrap();
    let written: Vec<Refusal> = std::fs::read_to_string(list)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(written, report.refused);
}

#[test]
fn a_file_that_is_not_there_is_named() {
    for kind in Kind::ALL {
        let options = options(&SERIES);
        let missing = std::path::Path::new("/nowhere/x.bin");
        let error = import_into(&mut MemorySink::default(), kind, missing, &options).unwrap_err();
        assert!(error.to_string().contains("x.bin"), "{error}");
    }
}
