//! What is asked on good maps.

use black_box::{json, run, told};

use crate::street::{Folder, STEP_M, ask, close, place, route, street};

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
