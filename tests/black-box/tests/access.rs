//! Who reaches what: `mapacha simulate access` on small maps whose answers are counted by hand, and on bad ones.

#![allow(
    clippy::type_complexity,
    clippy::format_collect,
    clippy::format_push_string,
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

use black_box::{json, run, test_data, told};
use serde_json::Value as Json;

/// A thousandth of a degree along the equator (WGS 84), metres.
const STEP_M: f64 = 111.319_5;

/// A way of which a wheelchair user knows everything, and it is good.
const GOOD: &[(&str, &str)] = &[
    ("highway", "footway"),
    ("width", "2"),
    ("incline", "0%"),
    ("surface", "asphalt"),
    ("smoothness", "good"),
];

/// A map in OpenStreetMap's XML.
#[derive(Clone, Default)]
struct Map {
    nodes: Vec<(i64, f64, f64, Vec<(String, String)>)>,
    ways: Vec<(i64, Vec<i64>, Vec<(String, String)>)>,
}

fn owned(tags: &[(&str, &str)]) -> Vec<(String, String)> {
    tags.iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

impl Map {
    /// A node so many thousandths of a degree east and north of a place on the equator.
    fn node(&mut self, id: i64, east: f64, north: f64, tags: &[(&str, &str)]) {
        self.nodes.push((id, 36.8 + east / 1e3, north / 1e3, owned(tags)));
    }

    fn way(&mut self, id: i64, nodes: &[i64], tags: &[(&str, &str)]) {
        self.ways.push((id, nodes.to_vec(), owned(tags)));
    }

    fn xml(&self) -> String {
        let tags = |tags: &[(String, String)]| -> String {
            tags.iter()
                .map(|(key, value)| format!("<tag k=\"{key}\" v=\"{value}\"/>"))
                .collect()
        };
        let mut text = "<?xml version='1.0' encoding='UTF-8'?>\n<osm version=\"0.6\">\n".to_owned();
        for (id, lon, lat, of) in &self.nodes {
            let tags = tags(of);
            text.push_str(&format!(
                "<node id=\"{id}\" version=\"1\" lat=\"{lat:.7}\" lon=\"{lon:.7}\">{tags}</node>\n"
            ));
        }
        for (id, nodes, of) in &self.ways {
            let refs: String = nodes.iter().map(|node| format!("<nd ref=\"{node}\"/>")).collect();
            let tags = tags(of);
            text.push_str(&format!("<way id=\"{id}\" version=\"1\">{refs}{tags}</way>\n"));
        }
        text.push_str("</osm>\n");
        text
    }

    fn without(&self, node: i64, key: &str) -> Self {
        let mut map = self.clone();
        for (id, _, _, tags) in &mut map.nodes {
            if *id == node {
                tags.retain(|(k, _)| k != key);
            }
        }
        map
    }

    fn with(&self, node: i64, key: &str, value: &str) -> Self {
        let mut map = self.without(node, key);
        for (id, _, _, tags) in &mut map.nodes {
            if *id == node {
                tags.push((key.to_owned(), value.to_owned()));
            }
        }
        map
    }
}

/// A pavement (10), a crossing with a kerb on each side (11), pavements (12, 14):
/// 1 ---10--- 2 -11- 3 --12-- 4 ---14--- 7, and 1 to 2 is one step.
fn street() -> Map {
    let mut map = Map::default();
    map.node(1, 0.0, 0.0, &[]);
    map.node(2, 1.0, 0.0, &[("kerb", "flush"), ("tactile_paving", "yes")]);
    map.node(3, 1.1, 0.0, &[("kerb", "lowered"), ("tactile_paving", "yes")]);
    map.node(4, 2.0, 0.0, &[]);
    map.node(7, 3.0, 0.0, &[]);
    map.way(10, &[1, 2], GOOD);
    let crossing = [GOOD, &[("footway", "crossing"), ("crossing", "marked")]].concat();
    map.way(11, &[2, 3], &crossing);
    map.way(12, &[3, 4], GOOD);
    map.way(14, &[4, 7], GOOD);
    map
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        std::fs::write(self.0.path().join(name), bytes).expect("a file");
        self.path(name)
    }

    fn map(&self, map: &Map) -> String {
        let number = std::fs::read_dir(self.0.path()).expect("a folder").count();
        self.file(&format!("map-{number}.osm"), map.xml())
    }
}

fn place(east: f64, north: f64) -> String {
    format!("{:.7},{:.7}", 36.8 + east / 1e3, north / 1e3)
}

/// A question, its exit code and its document.
fn ask(words: &[&str]) -> (i32, Json) {
    let output = run(["simulate", "access"].iter().chain(words));
    let (code, stdout, stderr) = told(&output);
    let document = serde_json::from_str(&stdout)
        .unwrap_or_else(|error| panic!("{words:?}: {code} {error}: {stdout}\n{stderr}"));
    (code, document)
}

fn route(map: &str, from: f64, to: f64, profile: &str) -> (i32, Json) {
    let (from, to) = (place(from, 0.0), place(to, 0.0));
    ask(&[
        "route",
        "--osm",
        map,
        "--from",
        &from,
        "--to",
        &to,
        "--profile",
        profile,
    ])
}

fn close(value: &Json, expected: f64) {
    let value = value.as_f64().unwrap_or(f64::NAN);
    assert!(
        (value - expected).abs() < 0.02 + expected * 1e-5,
        "{value} is not {expected}"
    );
}

#[test]
fn removing_one_kerb_tag_changes_one_answer() {
    let folder = Folder::new();
    let whole = street();
    let maps = [
        folder.map(&whole),
        folder.map(&whole.without(3, "kerb")),
        folder.map(&whole.with(3, "kerb", "raised")),
    ];
    let questions = [(0.0, 1.0), (2.0, 3.0), (0.3, 0.7)];
    for map in &maps {
        // What does not lead over that kerb, and who does not care for kerbs, hear the same.
        for (from, to) in questions {
            let (code, answer) = route(map, from, to, "manual-wheelchair");
            assert_eq!(
                (code, answer["state"].as_str()),
                (0, Some("passable")),
                "{answer}"
            );
        }
        let (code, answer) = route(map, 0.0, 3.0, "walking");
        assert_eq!(
            (code, answer["state"].as_str()),
            (0, Some("passable")),
            "{answer}"
        );
        close(&answer["metres"], 3.0 * STEP_M);
    }
    let over = |map: &str| route(map, 0.0, 3.0, "manual-wheelchair");

    let (code, answer) = over(&maps[0]);
    assert_eq!(
        (code, answer["state"].as_str()),
        (0, Some("passable")),
        "{answer}"
    );
    close(&answer["metres"], 3.0 * STEP_M);
    assert_eq!(answer["decisive"], serde_json::json!([]));

    let (code, answer) = over(&maps[1]);
    assert_eq!((code, answer["state"].as_str()), (0, Some("unknown")), "{answer}");
    let decisive = answer["decisive"].as_array().expect("decisive pieces");
    assert_eq!(decisive.len(), 1, "{answer}");
    assert_eq!(decisive[0]["segment"], "urn:ngsi-ld:RoadSegment:osm:w11");
    assert_eq!(decisive[0]["missing"], serde_json::json!(["kerb"]));
    assert!(
        answer["warnings"].to_string().contains("nobody knows"),
        "{answer}"
    );

    let (code, answer) = over(&maps[2]);
    assert_eq!(
        (code, answer["state"].as_str()),
        (3, Some("blocked")),
        "printed all the same: {answer}"
    );
    let decisive = &answer["decisive"][0];
    assert_eq!(decisive["segment"], "urn:ngsi-ld:RoadSegment:osm:w11");
    assert_eq!(decisive["blocking"], serde_json::json!(["kerb"]));
    assert!(
        decisive["reasons"][0]["needed"]
            .as_str()
            .is_some_and(|needed| needed.contains("0.03 m")),
        "{decisive}"
    );
    assert_eq!(answer["solved"], false);
}

/// Every tag that is asked for, taken away alone, makes unknown what was known, and names itself.
#[test]
fn each_missing_tag_is_named() {
    let folder = Folder::new();
    for key in ["width", "incline", "surface", "smoothness"] {
        let mut map = street();
        map.ways[0].2.retain(|(k, _)| k != key);
        let map = folder.map(&map);
        let (_, answer) = route(&map, 0.1, 0.9, "manual-wheelchair");
        assert_eq!(answer["state"], "unknown", "{key}: {answer}");
        assert_eq!(
            answer["decisive"][0]["missing"],
            serde_json::json!([key]),
            "{answer}"
        );
        let (_, survey) = ask(&["survey", "--osm", &map, "--profile", "manual-wheelchair"]);
        assert_eq!(survey["pieces"], 1, "{survey}");
        assert_eq!(
            survey["worth_a_look"][0]["missing"],
            serde_json::json!([key]),
            "{survey}"
        );
        assert_eq!(
            survey["worth_a_look"][0]["segment"],
            "urn:ngsi-ld:RoadSegment:osm:w10"
        );
        close(&survey["metres_lacking"][key], STEP_M);
    }
}

#[test]
fn an_isochrone_is_as_long_as_the_street_one_walks() {
    let folder = Folder::new();
    let map = folder.map(&street().with(3, "kerb", "raised"));
    let from = place(0.0, 0.0);
    let (code, answer) = ask(&["isochrone", "--osm", &map, "--from", &from, "--metres", "200"]);
    assert_eq!(code, 0, "{answer}");
    close(&answer["reached"]["passable"]["length_m"], 200.0);
    close(&answer["reached"]["unknown"]["length_m"], 0.0);
    // The wheelchair ends before the crossing; what lies beyond it within the distance is blocked, not unknown.
    let words = [
        "isochrone",
        "--osm",
        &map,
        "--from",
        &from,
        "--metres",
        "200",
        "--profile",
        "manual-wheelchair",
    ];
    let (code, answer) = ask(&words);
    assert_eq!(code, 0, "{answer}");
    close(&answer["reached"]["passable"]["length_m"], STEP_M);
    close(&answer["reached"]["unknown"]["length_m"], 0.0);
    close(&answer["reached"]["blocked"]["length_m"], 200.0 - STEP_M);
    let (_, geojson) = ask(&[&words[..], &["--format", "geojson"]].concat());
    let states: Vec<&str> = geojson["features"]
        .as_array()
        .expect("features")
        .iter()
        .filter_map(|feature| feature["properties"]["state"].as_str())
        .collect();
    assert_eq!(states, ["blocked", "unknown", "passable"]);
    assert_eq!(geojson["features"][2]["geometry"]["type"], "MultiPolygon");
    // Ten minutes on foot are 798 m: the whole street.
    let (_, answer) = ask(&["isochrone", "--osm", &map, "--from", &from, "--minutes", "10"]);
    close(&answer["reached"]["passable"]["length_m"], 3.0 * STEP_M);
}

#[test]
fn files_and_a_city_give_the_same_answer() {
    let folder = Folder::new();
    let map = folder.map(&street().without(3, "kerb"));
    let data = folder.path("data");
    json(["import", "osm", &map, "--data-dir", &data]);
    let (from, to) = (place(0.2, 0.0), place(2.9, 0.0));
    let of = |source: &[&str]| {
        let words = [
            &[
                "route",
                "--from",
                &from,
                "--to",
                &to,
                "--profile",
                "powered-wheelchair",
            ],
            source,
        ]
        .concat();
        let (_, mut answer) = ask(&words);
        answer.as_object_mut().expect("a document").remove("warnings");
        answer
    };
    let here = of(&["--data-dir", &data]);
    assert_eq!(here, of(&["--osm", &map]));
    assert_eq!(here["state"], "unknown", "{here}");
    let (_, edges, _) = told(&run([
        "simulate",
        "access",
        "edges",
        "--data-dir",
        &data,
        "--format",
        "csv",
    ]));
    assert_eq!(edges.lines().count(), 5, "a head and four edges: {edges}");
}

#[test]
fn a_matrix_takes_points() {
    let folder = Folder::new();
    let map = folder.map(&street());
    let points = |name: &str, at: &[(&str, f64)]| {
        let rows: String = at
            .iter()
            .map(|(id, east)| format!("{id},{}\n", place(*east, 0.0)))
            .collect();
        folder.file(name, format!("id,lon,lat\n{rows}"))
    };
    let (from, to) = (
        points("from.csv", &[("a", 0.0), ("b", 1.5)]),
        points("to.csv", &[("x", 3.0), ("y", 0.5), ("z", 900.0)]),
    );
    let words = ["matrix", "--osm", &map, "--origins", &from, "--destinations", &to];
    let (code, answer) = ask(&words);
    assert_eq!(code, 0, "{answer}");
    close(&answer["value"][0][0], 3.0 * STEP_M);
    close(&answer["value"][1][1], STEP_M);
    assert!(answer["value"][0][2].is_null(), "100 km off: {answer}");
    assert!(
        answer["warnings"].to_string().contains("1 of 3 destinations"),
        "{answer}"
    );
    let (_, near) = ask(&[&words[..], &["--metres", "120"]].concat());
    assert!(
        near["value"][0][0].is_null() && near["value"][1][1].is_number(),
        "{near}"
    );
    let (_, csv, _) = told(&run(["simulate", "access"]
        .iter()
        .chain(&words)
        .chain(&["--format", "csv"])));
    assert!(
        csv.starts_with("from,to,metres,metres_at_best\r\na,x,333.9"),
        "{csv}"
    );
}

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
