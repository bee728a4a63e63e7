//! Files that are not what they should be: a clear error that names file, row and remedy; good rows are kept.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::missing_panics_doc,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a suite fails by panicking and says why; its numbers are small"
)]

use std::io::Write as _;
use std::path::Path;

use black_box::{Server, mapacha, run, skipped, test_data, told};
use serde_json::Value as Json;

/// A small feed: name and text of each table.
fn feed() -> Vec<(&'static str, String)> {
    vec![
        ("agency.txt", "agency_id,agency_name,agency_url,agency_timezone\nA,Line,http://a.example,Africa/Nairobi\n".into()),
        ("stops.txt", "stop_id,stop_name,stop_lat,stop_lon\n1,One,-1.28,36.82\n2,Two,-1.29,36.83\n".into()),
        ("routes.txt", "route_id,agency_id,route_short_name,route_long_name,route_type\nR,A,1,One,3\n".into()),
        ("calendar.txt", "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\nD,1,1,1,1,1,1,1,20190101,20201231\n".into()),
        ("trips.txt", "route_id,service_id,trip_id\nR,D,T\n".into()),
        ("stop_times.txt", "trip_id,arrival_time,departure_time,stop_id,stop_sequence\nT,23:50:00,23:50:00,1,1\nT,24:10:00,24:10:00,2,2\n".into()),
    ]
}

fn zip_of(path: &Path, tables: &[(&str, String)]) {
    let mut zip = zip::ZipWriter::new(std::fs::File::create(path).expect("a file"));
    for (name, text) in tables {
        zip.start_file(*name, zip::write::SimpleFileOptions::default())
            .expect("a member");
        zip.write_all(text.as_bytes()).expect("its text");
    }
    zip.finish().expect("a zip");
}

struct City {
    folder: tempfile::TempDir,
}

impl City {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a folder"),
        }
    }

    fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, bytes).expect("a file");
        path.display().to_string()
    }

    fn data(&self) -> String {
        self.folder.path().join("data").display().to_string()
    }

    /// Exit code, stdout and stderr of an import.
    fn import(&self, words: &[&str]) -> (i32, String, String) {
        told(
            &mapacha(["import"])
                .args(words)
                .args(["--data-dir", &self.data()])
                .output()
                .expect("it starts"),
        )
    }

    /// How many entities of a type there are.
    fn count(&self, entity_type: &str) -> usize {
        let server = Server::over(&self.folder.path().join("data"));
        let (status, page) = server.get(&format!("/ngsi-ld/v1/entities?type={entity_type}&limit=1000"));
        assert_eq!(status, 200, "{page}");
        page.as_array().map_or(0, Vec::len)
    }
}

fn contains(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "`{part}` is missing in:\n{text}");
    }
}

#[test]
fn a_feed_that_is_good_is_taken_whole() {
    let city = City::new();
    let path = city.folder.path().join("feed.zip");
    zip_of(&path, &feed());
    let (code, stdout, stderr) = city.import(&["gtfs", &path.display().to_string()]);
    assert_eq!(code, 0, "{stdout}{stderr}");
    assert_eq!(city.count("GtfsStop"), 2);
    let server = Server::over(Path::new(&city.data()));
    let (_, times) = server.get("/ngsi-ld/v1/entities?type=GtfsStopTime");
    contains(&times.to_string(), &["24:10:00"]);
}

#[test]
fn a_truncated_zip_writes_nothing() {
    let city = City::new();
    let path = city.folder.path().join("feed.zip");
    zip_of(&path, &feed());
    let bytes = std::fs::read(&path).expect("a file");
    for keep in [0, 1, bytes.len() / 3, bytes.len() / 2, bytes.len() - 30] {
        let cut = city.file("cut.zip", &bytes[..keep]);
        let (code, stdout, stderr) = city.import(&["gtfs", &cut]);
        assert_eq!(code, 1, "{keep} bytes: {stdout}{stderr}");
        contains(&stderr, &["cut.zip", "what to do"]);
    }
    assert_eq!(city.count("GtfsStop,GtfsRoute,GtfsTrip,GtfsAgency,Dataset"), 0);
}

#[test]
fn a_map_is_taken_and_one_cut_in_the_middle_writes_nothing() {
    let Some(map) = test_data("osm/liechtenstein.osm.pbf") else {
        return;
    };
    let city = City::new();
    let bytes = std::fs::read(&map).expect("a file");
    let cut = city.file("cut.osm.pbf", &bytes[..700_000]);
    let (code, stdout, stderr) = city.import(&["osm", &cut]);
    assert_eq!(code, 1, "{stdout}{stderr}");
    contains(&stderr, &["cut.osm.pbf", "byte 700000", "what to do"]);
    assert_eq!(city.count("RoadSegment,RoadNode,School,Dataset"), 0);
    let map = map.display().to_string();
    // Municipalities across the border are not whole in the extract: findings.
    let (code, stdout, stderr) = city.import(&["osm", &map]);
    assert_eq!(code, 3, "{stdout}{stderr}");
    contains(&stdout, &["relation 75155 (Feldkirch)", "blob at byte"]);
    assert_eq!(
        (city.count("RoadNode"), city.count("AdministrativeArea")),
        (431, 11)
    );
    let (_, stdout, _) = city.import(&["osm", &map]);
    contains(&stdout, &["made 0, updated 0"]);
}

#[test]
fn a_feed_without_stops_names_the_file() {
    let city = City::new();
    let path = city.folder.path().join("feed.zip");
    let tables: Vec<_> = feed()
        .into_iter()
        .filter(|(name, _)| *name != "stops.txt")
        .collect();
    zip_of(&path, &tables);
    let (code, _, stderr) = city.import(&["gtfs", &path.display().to_string()]);
    assert_eq!(code, 1);
    contains(&stderr, &["stops.txt", "feed.zip"]);
    assert_eq!(city.count("GtfsRoute,GtfsTrip,GtfsAgency"), 0);
}

#[test]
fn a_stop_without_coordinates_is_refused_by_row() {
    let city = City::new();
    let path = city.folder.path().join("feed.zip");
    let mut tables = feed();
    tables[1]
        .1
        .push_str("3,\"Three, at the\nmarket\",,\n4,Four,-1.27,36.81\n5,Five,95,36.8\n");
    zip_of(&path, &tables);
    let list = city.folder.path().join("refused.jsonl").display().to_string();
    let (code, stdout, stderr) = city.import(&["gtfs", &path.display().to_string(), "--refused", &list]);
    assert_eq!(code, 3, "{stdout}{stderr}");
    contains(&stdout, &["stops.txt", "line 4", "line 7"]);
    assert_eq!(city.count("GtfsStop"), 3);
    let listed = std::fs::read_to_string(list).expect("the list of refused rows");
    assert_eq!(
        listed.lines().filter(|line| line.contains("stops.txt")).count(),
        2,
        "{listed}"
    );
}

#[test]
fn a_raster_in_a_projection_that_is_not_understood_is_refused_with_the_remedy() {
    let city = City::new();
    let path = city.folder.path().join("utm.tif");
    {
        use tiff::encoder::{TiffEncoder, colortype::Gray32Float};
        use tiff::tags::Tag;
        let mut encoder =
            TiffEncoder::new(std::fs::File::create(&path).expect("a file")).expect("an encoder");
        let mut image = encoder.new_image::<Gray32Float>(2, 2).expect("an image");
        image
            .encoder()
            .write_tag(Tag::ModelPixelScaleTag, &[100.0_f64, 100.0, 0.0][..])
            .expect("a tag");
        image
            .encoder()
            .write_tag(
                Tag::ModelTiepointTag,
                &[0.0_f64, 0.0, 0.0, 250_000.0, 9_850_000.0, 0.0][..],
            )
            .expect("a tag");
        // Projected (1024 = 1), EPSG:20800 (3072), which is nobody's.
        let keys: [u16; 12] = [1, 1, 0, 2, 1024, 0, 1, 1, 3072, 0, 1, 20800];
        image
            .encoder()
            .write_tag(Tag::GeoKeyDirectoryTag, &keys[..])
            .expect("a tag");
        image.write_data(&[1.0, 2.0, 3.0, 4.0]).expect("the cells");
    }
    let (code, _, stderr) = city.import(&["population", &path.display().to_string()]);
    assert_eq!(code, 1);
    contains(&stderr, &["utm.tif", "EPSG:20800", "gdalwarp -t_srs EPSG:4326"]);
    assert_eq!(city.count("PopulationGrid"), 0);
}

#[test]
fn a_polygon_that_crosses_itself_is_refused_and_the_others_are_kept() {
    let city = City::new();
    let ring = |points: &str| format!(r#"{{"type":"Polygon","coordinates":[[{points}]]}}"#);
    let feature = |name: &str, geometry: &str| {
        format!(
            r#"{{"type":"Feature","properties":{{"name":"{name}","code":"{name}"}},"geometry":{geometry}}}"#
        )
    };
    let text = format!(
        r#"{{"type":"FeatureCollection","features":[{},{},{},{}]}}"#,
        feature(
            "good",
            &ring("[36.8,-1.3],[36.9,-1.3],[36.9,-1.2],[36.8,-1.2],[36.8,-1.3]")
        ),
        feature(
            "bow",
            &ring("[36.8,-1.3],[36.9,-1.2],[36.9,-1.3],[36.8,-1.2],[36.8,-1.3]")
        ),
        feature("none", "null"),
        feature(
            "also good",
            &ring("[36.9,-1.3],[37.0,-1.3],[37.0,-1.2],[36.9,-1.2],[36.9,-1.3]")
        ),
    );
    let file = city.file("wards.geojson", text);
    let (code, stdout, stderr) = city.import(&["boundaries", &file]);
    assert_eq!(code, 3, "{stdout}{stderr}");
    contains(&stdout, &["bow", "crosses itself", "none"]);
    assert_eq!(city.count("AdministrativeArea"), 2);
}

#[test]
fn a_bad_row_in_the_middle_is_listed_and_the_rest_is_kept() {
    let city = City::new();
    // Day first, BOM, CRLF, quoted fields, an empty line.
    let file = city.file(
        "noise.csv",
        "\u{feff}when;\"level\"\r\n13/05/2026 10:00;51,5\r\n14/05/2026 25:99;52\r\n\r\n15/05/2026 10:00;loud\r\n16/05/2026 10:00;\"53,5\"\r\n",
    );
    let words = [
        "observations",
        &file,
        "--entity",
        "urn:ngsi-ld:NoiseLevelObserved:n1",
        "--attribute",
        "LAeq",
    ];
    let more = [
        "--time-column",
        "when",
        "--value-column",
        "level",
        "--time-format",
        "%d/%m/%Y %H:%M",
    ];
    let last = ["--time-zone", "Africa/Nairobi", "--decimal-comma"];
    let (code, stdout, stderr) = city.import(&[&words[..], &more[..], &last[..]].concat());
    assert_eq!(code, 3, "{stdout}{stderr}");
    contains(&stdout, &["noise.csv", "line 3", "line 5", "loud"]);
    let server = Server::over(Path::new(&city.data()));
    let (_, history) =
        server.get("/ngsi-ld/v1/temporal/entities/urn:ngsi-ld:NoiseLevelObserved:n1?attrs=LAeq");
    let values: Vec<_> = history["LAeq"]
        .as_array()
        .expect("instances")
        .iter()
        .map(|i| i["value"].as_f64())
        .collect();
    assert_eq!(values, [Some(51.5), Some(53.5)]);
    assert_eq!(history["LAeq"][0]["observedAt"], "2026-05-13T07:00:00Z");
}

#[test]
fn a_full_disk_is_named_and_what_was_written_is_whole() {
    if told(
        &std::process::Command::new("id")
            .arg("-u")
            .output()
            .expect("id runs"),
    )
    .1
    .trim()
        != "0"
    {
        skipped("a small file system can be mounted by root only");
        return;
    }
    let Some(files) = test_data("nairobi") else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let small = folder.path().join("small");
    std::fs::create_dir(&small).expect("a folder");
    let mounted = std::process::Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=3m", "tmpfs"])
        .arg(&small)
        .status()
        .is_ok_and(|status| status.success());
    if !mounted {
        skipped("tmpfs cannot be mounted here");
        return;
    }
    let data = small.join("data").display().to_string();
    let zip = files.join("gtfs-2019.zip").display().to_string();
    let (code, stdout, stderr) = told(&run(["import", "gtfs", &zip, "--data-dir", &data]));
    let grown = std::process::Command::new("mount")
        .args(["-o", "remount,size=200m"])
        .arg(&small)
        .status();
    let again = told(&run(["import", "gtfs", &zip, "--data-dir", &data, "--json"]));
    let _ = std::process::Command::new("umount")
        .arg("-l")
        .arg(&small)
        .status();
    assert_eq!(code, 1, "{stdout}{stderr}");
    contains(&stderr, &["full", "what to do"]);
    assert!(grown.is_ok_and(|status| status.success()));
    // With room, the same import goes on where it stopped and ends where a clean one would.
    assert_eq!(again.0, 0, "{}{}", again.1, again.2);
    let report: Json = serde_json::from_str(&again.1).expect("a report");
    let of = |what: &str| report[what].as_u64().unwrap_or(0);
    assert_eq!(of("refused_count"), 0, "{report}");
    assert!(of("made") + of("known") > 13_000, "{report}");
}

#[test]
fn wrong_usage_is_told_from_failure() {
    let city = City::new();
    for (words, code, parts) in [
        (
            vec!["import", "gtfs", "/nowhere/feed.zip"],
            1,
            vec!["/nowhere/feed.zip"],
        ),
        (vec!["import", "gtsf", "x.zip"], 2, vec!["gtsf", "gtfs"]),
        (vec!["import", "epanet", "x.inp"], 1, vec!["epanet"]),
        (vec!["import", "observations", "x.csv"], 2, vec!["--entity"]),
        (
            vec!["assess", "--period", "last year"],
            2,
            vec!["last year", "2018-09"],
        ),
        (vec!["assess", "--format", "pdf"], 1, vec!["pdf", "html"]),
        (
            vec!["serve", "--listen", "0.0.0.0:0"],
            1,
            vec!["plain http", "127.0.0.1", "http.plain_text"],
        ),
        (vec!["serve", "--listen", "nonsense"], 2, vec!["nonsense"]),
    ] {
        let mut command = mapacha(&words);
        if ["import", "assess", "serve"].contains(&words[0]) {
            command.args(["--data-dir", &city.data()]);
        }
        let (exit, _, stderr) = told(&command.output().expect("it starts"));
        assert_eq!(exit, code, "{words:?}: {stderr}");
        contains(&stderr, &parts);
    }
}
