//! `mapacha simulate access survey`: what it says where nothing can be ranked or the category is unknown; and
//! `--level`, which the importer's warning names.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::missing_panics_doc,
    reason = "a suite fails by panicking and says why"
)]

use std::fmt::Write as _;
use std::path::Path;

use black_box::{run, told};
use serde_json::Value as Json;

/// So many pieces of way of which nothing is known, each a little longer than the one before; a pharmacy at the first;
/// around it a district of `admin_level` 6 in a region of level 4.
fn map(folder: &Path, pieces: i64) -> String {
    let mut text = "<?xml version='1.0' encoding='UTF-8'?>\n<osm version=\"0.6\">\n".to_owned();
    let node = |text: &mut String, id: i64, east: i64, north: i64, tags: &str| {
        let (lon, lat) = (36.8 + east as f64 / 1e5, north as f64 / 1e5);
        let _ = writeln!(
            text,
            "<node id=\"{id}\" version=\"1\" lat=\"{lat:.7}\" lon=\"{lon:.7}\">{tags}</node>"
        );
    };
    // At 0, 20, 41, 63 … hundred-thousandths of a degree.
    let at = |corner: i64| 20 * corner + corner * (corner - 1) / 2;
    for corner in 0..=pieces {
        node(&mut text, 1 + corner, at(corner), 0, "");
    }
    let tags = "<tag k=\"amenity\" v=\"pharmacy\"/><tag k=\"name\" v=\"Pharmacy\"/>";
    node(&mut text, 9_000, 0, 5, tags);
    for (number, (east, north)) in [(-900, -900), (9_000, -900), (9_000, 900), (-900, 900)]
        .into_iter()
        .enumerate()
    {
        node(&mut text, 9_001 + i64::try_from(number).unwrap(), east, north, "");
    }
    for piece in 1..=pieces {
        let (from, to) = (piece, piece + 1);
        let _ = writeln!(
            text,
            "<way id=\"{piece}\" version=\"1\"><nd ref=\"{from}\"/><nd ref=\"{to}\"/><tag k=\"highway\" v=\"footway\"/></way>"
        );
    }
    text.push_str("<way id=\"8000\" version=\"1\">");
    for corner in [9_001, 9_002, 9_003, 9_004, 9_001] {
        let _ = write!(text, "<nd ref=\"{corner}\"/>");
    }
    text.push_str("</way>\n");
    for (id, level, name) in [(1, 4, "Region"), (2, 6, "Town")] {
        let _ = writeln!(
            text,
            "<relation id=\"{id}\" version=\"1\"><member type=\"way\" ref=\"8000\" role=\"outer\"/>\
             <tag k=\"type\" v=\"boundary\"/><tag k=\"boundary\" v=\"administrative\"/>\
             <tag k=\"admin_level\" v=\"{level}\"/><tag k=\"name\" v=\"{name}\"/></relation>"
        );
    }
    text.push_str("</osm>\n");
    let path = folder.join(format!("map-{pieces}.osm"));
    std::fs::write(&path, text).expect("a file");
    path.display().to_string()
}

fn ask(words: &[&str]) -> (i32, String, String) {
    told(&run(["simulate", "access"].iter().chain(words)))
}

fn survey(words: &[&str]) -> Json {
    let (code, stdout, stderr) = ask(&[&["survey", "--profile", "manual-wheelchair"], words].concat());
    assert_eq!(code, 0, "{words:?}: {stderr}");
    serde_json::from_str(&stdout).expect("a document")
}

#[test]
fn an_unknown_category_is_refused_with_those_that_there_are() {
    let folder = tempfile::tempdir().expect("a folder");
    let map = map(folder.path(), 3);
    for (word, meant) in [("pharmcy", true), ("observatory", false)] {
        let (code, stdout, stderr) = ask(&["survey", "--osm", &map, "--category", word]);
        assert_eq!((code, stdout.as_str()), (2, ""), "{stderr}");
        assert!(
            stderr.contains("--category") && stderr.contains("`pharmacy`"),
            "{stderr}"
        );
        assert_eq!(stderr.contains("did you mean `pharmacy`?"), meant, "{stderr}");
    }
}

#[test]
fn nothing_is_ranked_where_nobody_lives() {
    let folder = tempfile::tempdir().expect("a folder");
    let map = map(folder.path(), 4);
    // No stop at all; a pharmacy and nobody who goes there.
    for category in ["stop", "pharmacy"] {
        let answer = survey(&["--osm", &map, "--category", category]);
        assert_eq!(
            (answer["ranked"].clone(), answer["pieces"].clone()),
            (false.into(), 4.into()),
            "{answer}"
        );
        assert!(answer["warnings"].to_string().contains("not ranked"), "{answer}");
        let pieces = answer["worth_a_look"].as_array().expect("pieces");
        assert!(
            pieces
                .iter()
                .all(|piece| piece["rank"].is_null() && piece["people"].is_null()),
            "{answer}"
        );
        assert_eq!(
            pieces[0]["segment"], "urn:ngsi-ld:RoadSegment:osm:w4",
            "the longest first"
        );
    }
    // With people at the far end, all of them pass the piece at the pharmacy and those between.
    let people = folder.path().join("people-2025.csv");
    std::fs::write(&people, "lon,lat,population\n36.80066,0.0,30\n36.80086,0.0,70\n").expect("a file");
    let people = people.display().to_string();
    let ring = "[[36.79,-0.01],[36.81,-0.01],[36.81,0.01],[36.79,0.01],[36.79,-0.01]]";
    let boundary = folder.path().join("city.geojson");
    let feature = format!(
        r#"{{"type":"FeatureCollection","features":[{{"type":"Feature","properties":{{"name":"Line","level":"city"}},"geometry":{{"type":"Polygon","coordinates":[{ring}]}}}}]}}"#
    );
    std::fs::write(&boundary, feature).expect("a file");
    let boundary = boundary.display().to_string();
    let city = ["--osm", &map, "--population", &people, "--boundaries", &boundary];
    let answer = survey(&[&city[..], &["--category", "pharmacy"]].concat());
    assert_eq!(answer["ranked"], true, "{answer}");
    let first = &answer["worth_a_look"][0];
    assert_eq!(
        (first["rank"].clone(), first["people"].clone()),
        (1.into(), 100.0.into()),
        "{answer}"
    );
}

#[test]
fn a_hundred_pieces_are_shown_where_nobody_says_how_many() {
    let folder = tempfile::tempdir().expect("a folder");
    let map = map(folder.path(), 130);
    let answer = survey(&["--osm", &map]);
    assert_eq!(
        (answer["pieces"].clone(), answer["shown"].clone()),
        (130.into(), 100.into()),
        "{answer}"
    );
    assert!(answer["warnings"].to_string().contains("--most 0"), "{answer}");
    let answer = survey(&["--osm", &map, "--most", "0"]);
    assert_eq!(answer["shown"], 130);
    let answer = survey(&["--osm", &map, "--most", "7"]);
    assert_eq!(answer["shown"], 7);
}

#[test]
fn the_level_that_the_warning_names_can_be_given() {
    let folder = tempfile::tempdir().expect("a folder");
    let map = map(folder.path(), 3);
    let areas = |words: &[&str]| {
        let (code, stdout, stderr) = ask(&[&["edges", "--osm", &map], words].concat());
        assert_eq!(code, 0, "{stderr}");
        let answer: Json = serde_json::from_str(&stdout).expect("a document");
        (answer["city"]["name"].clone(), answer["warnings"].to_string())
    };
    let (name, warnings) = areas(&[]);
    assert!(
        name.is_null() && warnings.contains("--level"),
        "{name} {warnings}"
    );
    let (name, warnings) = areas(&["--level", "6"]);
    assert_eq!(name, "Town", "{warnings}");
    let (code, _, stderr) = ask(&["edges", "--osm", &map, "--level", "99"]);
    assert!(code != 0 && stderr.contains("1 to 12"), "{stderr}");
    let (code, _, stderr) = ask(&["edges", "--data-dir", "here", "--level", "6"]);
    assert!(code == 2 && stderr.contains("--osm"), "{stderr}");
}
