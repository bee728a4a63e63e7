//! Wrong usage, and maps and timetables that are not what they should be.

use std::io::Write as _;
use std::path::Path;

use black_box::{run, test_data, told};

use crate::street::{Folder, GOOD, ask, close, place, route, street};

#[test]
fn wrong_usage_says_what_to_do() {
    let folder = Folder::new();
    let map = folder.map(&street());
    let gone = folder.path("nothing-here");
    for (words, says) in [
        (
            vec!["isochrone", "--osm", &map, "--from", "47.1;9.5", "--minutes", "5"],
            "longitude,latitude",
        ),
        (vec!["isochrone", "--osm", &map, "--from", "36.8,0"], "--minutes"),
        (
            vec!["isochrone", "--osm", &map, "--from", "36.8,0", "--minutes", "-5"],
            "more than 0",
        ),
        (
            vec![
                "isochrone",
                "--osm",
                &map,
                "--from",
                "36.8,0",
                "--minutes",
                "5",
                "--profile",
                "unicycle",
            ],
            "manual-wheelchair",
        ),
        (vec!["edges", "--url", "http://127.0.0.1:1"], "--data-dir"),
        (vec!["edges", "--data-dir", &gone], "does not exist"),
        (
            vec!["edges", "--osm", &map, "--data-dir", &gone],
            "one or the other",
        ),
        (vec!["reach", "--osm", &map, "--metres", "5"], "--category"),
    ] {
        let (code, stdout, stderr) = told(&run(["simulate", "access"]
            .iter()
            .copied()
            .chain(words.iter().copied())));
        assert_eq!(code, 2, "{words:?}: {stdout}{stderr}");
        assert!(stderr.contains(says), "{words:?}: {stderr}");
        assert!(!Path::new(&gone).exists(), "a question makes no folder");
    }
    // Used rightly, and the city cannot answer.
    for (words, says) in [
        (
            vec!["reach", "--osm", &map, "--category", "clinic"],
            "--population",
        ),
        (
            vec!["matrix", "--osm", &map, "--by", "transit", "--origins", &map],
            "columns",
        ),
        (vec!["edges", "--osm", &gone], "nothing-here"),
    ] {
        let (code, stdout, stderr) = told(&run(["simulate", "access"]
            .iter()
            .copied()
            .chain(words.iter().copied())));
        assert_eq!(code, 1, "{words:?}: {stdout}{stderr}");
        assert!(stderr.contains(says), "{words:?}: {stderr}");
    }
    for question in ["isochrone", "reach", "route", "matrix", "survey", "edges"] {
        let (code, help, _) = told(&run(["simulate", "access", question, "--help"]));
        assert_eq!(code, 0);
        assert!(help.contains("Example"), "{question}: {help}");
    }
}

#[test]
fn a_map_cut_in_the_middle_is_refused_whole() {
    let folder = Folder::new();
    let xml = street().xml();
    for cut in [xml.len() / 3, xml.len() / 2, xml.len() - 10] {
        let map = folder.file("cut.osm", &xml[..cut]);
        let (code, stdout, stderr) = told(&run(["simulate", "access", "edges", "--osm", &map]));
        assert_eq!((code, stdout.as_str()), (1, ""), "{stderr}");
        assert!(
            stderr.contains("cut.osm") && stderr.contains("what to do"),
            "{stderr}"
        );
    }
    let Some(extract) = test_data("osm/liechtenstein.osm.pbf") else {
        return;
    };
    let bytes = std::fs::read(extract).expect("the extract");
    let map = folder.file("cut.osm.pbf", &bytes[..bytes.len() / 2]);
    let (code, stdout, stderr) = told(&run(["simulate", "access", "edges", "--osm", &map]));
    assert_eq!((code, stdout.as_str()), (1, ""), "{stderr}");
    assert!(stderr.contains("cut.osm.pbf"), "{stderr}");
}

#[test]
fn a_way_whose_nodes_are_missing_leaves_the_rest_as_it_is() {
    let folder = Folder::new();
    let mut broken = street();
    broken.way(20, &[4, 999, 7], GOOD);
    broken.way(21, &[998, 997], GOOD);
    let (whole, broken) = (folder.map(&street()), folder.map(&broken));
    for profile in ["walking", "manual-wheelchair"] {
        let of = |map: &str| {
            let (code, mut answer) = route(map, 0.0, 3.0, profile);
            let warnings = answer["warnings"].take().to_string();
            for key in ["metres", "seconds", "state", "steps", "decisive"] {
                assert!(!answer[key].is_null(), "{answer}");
            }
            answer["city"].take();
            (code, answer, warnings)
        };
        let ((code, answer, _), (code_broken, answer_broken, told)) = (of(&whole), of(&broken));
        assert_eq!((code, answer), (code_broken, answer_broken));
        assert!(
            told.contains("999") || told.contains("w20") || told.contains("way 20"),
            "it is said: {told}"
        );
    }
}

/// A feed with two stops on the street, and one more stop 300 km away if asked for.
fn feed(path: &Path, far: bool) {
    let mut tables = vec![
        ("agency.txt", "agency_id,agency_name,agency_url,agency_timezone\nA,Line,http://a.example,Africa/Nairobi\n".to_owned()),
        ("stops.txt", format!("stop_id,stop_name,stop_lat,stop_lon\n1,One,0.0001,36.8001\n2,Two,0.0001,36.8029\n{}", if far { "3,Far,2.7,36.8\n" } else { "" })),
        ("routes.txt", "route_id,agency_id,route_short_name,route_long_name,route_type\nR,A,1,One,3\n".to_owned()),
        ("calendar.txt", "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\nD,1,1,1,1,1,1,1,20250101,20271231\n".to_owned()),
        ("trips.txt", "route_id,service_id,trip_id\nR,D,T\n".to_owned()),
    ];
    let calls = "trip_id,arrival_time,departure_time,stop_id,stop_sequence\nT,08:05:00,08:05:00,1,1\nT,08:06:00,08:06:00,2,2\n";
    tables.push((
        "stop_times.txt",
        format!("{calls}{}", if far { "T,12:00:00,12:00:00,3,3\n" } else { "" }),
    ));
    let mut zip = zip::ZipWriter::new(std::fs::File::create(path).expect("a file"));
    for (name, text) in tables {
        zip.start_file(name, zip::write::SimpleFileOptions::default())
            .expect("a member");
        zip.write_all(text.as_bytes()).expect("its text");
    }
    zip.finish().expect("a zip");
}

#[test]
fn a_stop_300_km_away_is_told_and_changes_nothing_else() {
    let folder = Folder::new();
    let map = folder.map(&street());
    let people = folder.file(
        "people-2025.csv",
        "lon,lat,population\n36.8000,0.0002,100\n36.8010,0.0002,50\n36.8020,0.0002,25\n36.8030,0.0002,10\n",
    );
    let ring = "[[36.79,-0.01],[36.81,-0.01],[36.81,0.01],[36.79,0.01],[36.79,-0.01]]";
    let boundary = folder.file(
        "city.geojson",
        format!(
            r#"{{"type":"FeatureCollection","features":[{{"type":"Feature","properties":{{"name":"Line","level":"city"}},"geometry":{{"type":"Polygon","coordinates":[{ring}]}}}}]}}"#
        ),
    );
    let points = folder.file(
        "points.csv",
        format!("id,lon,lat\na,{}\nb,{}\n", place(0.0, 0.0), place(3.0, 0.0)),
    );
    let of = |far: bool| {
        let gtfs = folder.path(if far { "far.zip" } else { "near.zip" });
        feed(Path::new(&gtfs), far);
        let city = [
            "--osm",
            &map,
            "--gtfs",
            &gtfs,
            "--population",
            &people,
            "--boundaries",
            &boundary,
        ];
        let (code, reach) = ask(&[&["reach", "--category", "stop", "--metres", "50"], &city[..]].concat());
        assert_eq!(code, 0, "{reach}");
        let words = [
            "matrix",
            "--by",
            "transit",
            "--time",
            "08:00",
            "--date",
            "2026-11-24",
            "--origins",
            &points,
            "--destinations",
            &points,
        ];
        let (code, matrix) = ask(&[&words, &city[..]].concat());
        assert_eq!(code, 0, "{matrix}");
        (reach, matrix)
    };
    let ((reach, matrix), (reach_far, matrix_far)) = (of(false), of(true));
    // Of the four homes, those above the two stops: 100 + 10 of 185.
    close(&reach["share"]["people"], 185.0);
    close(&reach["share"]["passable"], 110.0);
    assert_eq!(reach["share"], reach_far["share"]);
    for key in ["value", "at_best", "pairs", "reached"] {
        assert_eq!(matrix[key], matrix_far[key]);
    }
    // Who leaves at 8:00 walks 11 m, rides from 8:05 to 8:06, and walks 11 m; or walks 334 m in 251 s.
    let minutes = matrix["value"][0][1].as_f64().expect("a time");
    assert!((4.1..=6.4).contains(&minutes), "{matrix}");
    let told = reach_far["warnings"].to_string();
    assert!(
        told.contains("Far") || told.contains("GtfsStop:3"),
        "it is said: {told}"
    );
}
