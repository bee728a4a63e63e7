//! Strategies on a street that is counted by hand: `mapacha scenario` on the built binary.
//!
//! Eleven corners, 111.3 m apart on the equator, ten people at each; a clinic at the last. Everything is known of
//! the street, and at corner 8 there is a kerb.

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
use std::path::{Path, PathBuf};

use black_box::{Server, json, mapacha, run, told};
use serde_json::{Value as Json, json};

/// Six corners of eleven are within 600 m of the clinic.
const WALK: f64 = 600.0 / 11.0;

fn lon(corner: usize) -> f64 {
    10.0 + 0.001 * f64::from(u32::try_from(corner).unwrap())
}

fn property(value: impl Into<Json>) -> Json {
    json!({"type": "Property", "value": value.into()})
}

fn geo(geometry: &Json) -> Json {
    json!({"type": "GeoProperty", "value": geometry})
}

/// The city, with what is known of the kerb.
fn city(kerb: Option<&str>) -> Vec<Json> {
    let mut entities = vec![json!({
        "id": "urn:ngsi-ld:AdministrativeArea:all", "type": "AdministrativeArea",
        "name": property("Street"), "administrativeLevel": property("district"),
        "population": property(110), "personsWithDisabilities": property(11),
        "location": geo(&json!({"type": "Polygon", "coordinates":
            [[[9.99, -0.01], [10.02, -0.01], [10.02, 0.01], [9.99, 0.01], [9.99, -0.01]]]})),
    })];
    for corner in 0..10 {
        entities.push(json!({
            "id": format!("urn:ngsi-ld:RoadSegment:{corner}"), "type": "RoadSegment",
            "nodes": property(json!([corner, corner + 1])),
            "highway": property("footway"), "surface": property("asphalt"), "smoothness": property("good"),
            "width": property(2.5), "incline": property("0%"),
            "location": geo(&json!({"type": "LineString", "coordinates": [[lon(corner), 0.0], [lon(corner + 1), 0.0]]})),
        }));
    }
    let mut node = json!({
        "id": "urn:ngsi-ld:RoadNode:8", "type": "RoadNode", "node": property(8), "barrier": property("kerb"),
        "location": geo(&json!({"type": "Point", "coordinates": [lon(8), 0.0]})),
    });
    if let Some(kerb) = kerb {
        node["kerb"] = property(kerb);
    }
    entities.push(node);
    entities.push(json!({
        "id": "urn:ngsi-ld:PointOfInterest:clinic", "type": "PointOfInterest", "category": property("clinic"),
        "wheelchair": property("yes"),
        "location": geo(&json!({"type": "Point", "coordinates": [lon(10), 0.0]})),
    }));
    entities
}

/// A data folder with the city in it.
fn imported(folder: &Path, kerb: Option<&str>) -> PathBuf {
    let data = folder.join("data");
    let entities = folder.join("city.json");
    std::fs::write(&entities, Json::Array(city(kerb)).to_string()).expect("a file");
    let mut people = "lon,lat,population\n".to_owned();
    for corner in 0..11 {
        let _ = writeln!(people, "{},0.0,10", lon(corner));
    }
    let grid = folder.join("people-2026.csv");
    std::fs::write(&grid, people).expect("a file");
    for (kind, file) in [("entities", &entities), ("population", &grid)] {
        let output = mapacha(["import", kind])
            .arg(file)
            .arg("--data-dir")
            .arg(&data)
            .output();
        let (code, _, stderr) = told(&output.expect("it starts"));
        assert_eq!(code, 0, "{stderr}");
    }
    data
}

fn scenario(folder: &Path, text: &str) -> PathBuf {
    let file = folder.join("scenario.toml");
    let head = "schema = 1\ntitle = \"Test\"\ncurrency = \"KES\"\nindicators = [\"clinic-walk\", \"clinic-wheelchair\"]\n\
                travel.walk_m = 600\n";
    std::fs::write(&file, format!("{head}{text}")).expect("a file");
    file
}

fn ran(data: &Path, file: &Path) -> Json {
    let path = |path: &Path| path.to_str().expect("a path").to_owned();
    json([
        "scenario".to_owned(),
        "run".to_owned(),
        path(file),
        "--data-dir".to_owned(),
        path(data),
    ])
}

fn refused(data: &Path, file: &Path) -> String {
    let output = mapacha(["scenario", "run"])
        .arg(file)
        .arg("--data-dir")
        .arg(data)
        .output();
    let (code, stdout, stderr) = told(&output.expect("it starts"));
    assert_eq!(code, 1, "{stdout}{stderr}");
    stderr
}

fn value(values: &Json, indicator: &str) -> (f64, f64, f64) {
    let found = values
        .as_array()
        .expect("values")
        .iter()
        .find(|value| value["indicator"] == indicator);
    let found = found.unwrap_or_else(|| panic!("{indicator} in {values}"));
    let number = |key: &str| found[key].as_f64().unwrap_or_else(|| panic!("{key} of {found}"));
    (number("value"), number("low"), number("high"))
}

fn near(a: f64, b: f64) {
    assert!((a - b).abs() < 1e-6, "{a} is not {b}");
}

const RAMP: &str = "[[measure]]\nname = \"ramp\"\nkind = \"kerb-ramp\"\ncost = 1000\nwith.nodes = [\"urn:ngsi-ld:RoadNode:8\"]\n";

#[test]
fn a_kerb_ramp_opens_the_way_and_the_live_city_stays() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = imported(folder.path(), Some("raised"));
    let result = ran(&data, &scenario(folder.path(), RAMP));
    near(value(&result["baseline"], "clinic-walk").0, WALK);
    let (before, low, high) = value(&result["baseline"], "clinic-wheelchair");
    assert!(before < WALK - 1.0, "the kerb cuts people off: {before}");
    near(low, before);
    near(high, before);
    let scenario = &result["scenarios"][0];
    near(value(&scenario["values"], "clinic-wheelchair").0, WALK);
    near(value(&scenario["values"], "clinic-walk").0, WALK);
    let updated = &scenario["measures"][0]["updated"];
    assert_eq!(updated, &json!(["urn:ngsi-ld:RoadNode:8"]));
    // People gained, and what each of them costs.
    let difference = scenario["differences"].as_array().expect("differences").iter();
    let wheels = difference
        .clone()
        .find(|d| d["indicator"] == "clinic-wheelchair")
        .expect("it is there");
    assert_eq!(wheels["verdict"], "better");
    let people = wheels["people"].as_f64().expect("people");
    near(people, (WALK - before) / 100.0 * 110.0);
    near(wheels["cost_per_unit"].as_f64().expect("a cost"), 1000.0 / people);
    // The city itself is as it was; the run and its results are entities of it.
    let server = Server::over(&data);
    let (_, node) = server.get("/ngsi-ld/v1/entities/urn:ngsi-ld:RoadNode:8");
    assert_eq!(node["kerb"]["value"], "raised");
    let (_, runs) = server.get("/ngsi-ld/v1/entities?type=ScenarioRun");
    assert_eq!(runs.as_array().map(Vec::len), Some(1), "{runs}");
    assert_eq!(runs[0]["status"]["value"], "done");
    let (_, results) = server.get("/ngsi-ld/v1/entities?type=ScenarioResult&limit=100");
    assert!(
        results.as_array().is_some_and(|results| results.len() >= 2),
        "{results}"
    );
}

#[test]
fn a_tag_that_is_not_there_changes_the_answer_to_nobody_knows() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = imported(folder.path(), None);
    let result = ran(&data, &scenario(folder.path(), RAMP));
    let (known, low, high) = value(&result["baseline"], "clinic-wheelchair");
    near(low, known);
    assert!(known < WALK - 1.0);
    near(high, WALK);
    let difference = &result["scenarios"][0]["differences"];
    let wheels = difference
        .as_array()
        .expect("differences")
        .iter()
        .find(|d| d["indicator"] == "clinic-wheelchair");
    // The way may have been good already: between nothing and all of it is gained.
    let wheels = wheels.expect("it is there");
    near(wheels["low"].as_f64().expect("low"), 0.0);
    near(wheels["high"].as_f64().expect("high"), WALK - known);
}

fn clinic(name: &str, corner: usize, cost: u32) -> String {
    format!(
        "[[measure]]\nname = \"{name}\"\nkind = \"new-place\"\ncost = {cost}\nwith.category = \"clinic\"\nwith.at = [{}, 0.0]\n",
        lon(corner)
    )
}

#[test]
fn overlapping_measures_are_not_added_up() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = imported(folder.path(), Some("lowered"));
    let choose = "[choose]\nbudget = 5000\n[[choose.objectives]]\nindicator = \"clinic-walk\"\n";
    let text = format!(
        "{}{}{RAMP}{choose}",
        clinic("west", 2, 2000),
        clinic("east", 3, 3000)
    );
    let choice = &ran(&data, &scenario(folder.path(), &text))["choice"];
    assert_eq!(choice["subsets"], 8);
    let all = choice["all"].as_array().expect("all subsets");
    let of = |bits: u32| {
        let found = all
            .iter()
            .find(|subset| subset["bits"] == bits)
            .expect("it is there");
        found["values"][0].as_f64().expect("a value")
    };
    near(of(0), WALK);
    near(of(1), 100.0);
    near(of(2), 100.0);
    // One alone brings everybody in: two bring no more.
    near(of(3), 100.0);
    let pareto = choice["pareto"].as_array().expect("a set");
    let sets: Vec<&Json> = pareto.iter().map(|subset| &subset["bits"]).collect();
    assert_eq!(sets, [&json!(0), &json!(1)], "nothing, and the cheaper one alone");
    assert_eq!(pareto[1]["measures"], json!(["west"]));
    let dropped = all.iter().filter(|subset| !subset["dropped"].is_null()).count();
    assert_eq!(dropped, 6, "each of the others says why");
}

#[test]
fn a_budget_of_zero_leaves_what_is_free() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = imported(folder.path(), Some("raised"));
    let choose = "[choose]\nbudget = 0\n[[choose.objectives]]\nindicator = \"clinic-wheelchair\"\ngroup = \"disability\"\n";
    let result = ran(&data, &scenario(folder.path(), &format!("{RAMP}{choose}")));
    let pareto = result["choice"]["pareto"].as_array().expect("a set");
    assert_eq!(pareto.len(), 1);
    assert_eq!(pareto[0]["bits"], 0);
    let why = result["choice"]["measures_told"][0]["why"].as_str().expect("why");
    assert!(why.contains("budget"), "{why}");
}

#[test]
fn what_does_not_fit_is_told_and_nothing_is_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = imported(folder.path(), Some("raised"));
    let nowhere = RAMP.replace("RoadNode:8", "RoadNode:88");
    let said = refused(&data, &scenario(folder.path(), &nowhere));
    assert!(said.contains("RoadNode:88") && said.contains("ramp"), "{said}");
    let street = |name: &str, surface: &str| {
        format!(
            "[[measure]]\nname = \"{name}\"\nkind = \"resurface\"\nwith.streets = [\"urn:ngsi-ld:RoadSegment:1\"]\nwith.surface = \"{surface}\"\n"
        )
    };
    let text = format!("{}{}", street("tar", "asphalt"), street("stones", "concrete"));
    let said = refused(&data, &scenario(folder.path(), &text));
    for part in ["tar", "stones", "RoadSegment:1", "surface"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let said = refused(
        &data,
        &scenario(folder.path(), &RAMP.replace("kerb-ramp", "kerb-rampp")),
    );
    assert!(said.contains("kerb-ramp`"), "did you mean: {said}");
    let said = refused(&data, &scenario(folder.path(), "[[measure]\n"));
    assert!(said.contains("line"), "{said}");
    let server = Server::over(&data);
    let (_, runs) = server.get("/ngsi-ld/v1/entities?type=ScenarioRun,ScenarioResult");
    assert_eq!(runs, json!([]), "nothing is half-written");
}

#[test]
fn a_place_outside_of_the_city_is_told_by_check_and_by_the_result() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = imported(folder.path(), Some("raised"));
    let check = |text: &str| {
        let file = scenario(folder.path(), text);
        let output = mapacha(["scenario", "check"])
            .arg(&file)
            .arg("--data-dir")
            .arg(&data)
            .output();
        told(&output.expect("it starts"))
    };
    let clinic = |at: &str| {
        format!(
            "[[measure]]\nname = \"north\"\nkind = \"new-place\"\nwith.category = \"clinic\"\nwith.at = {at}\n"
        )
    };
    // 0.5 degrees north of the city's northern edge, 54 km: odd, and it may be meant.
    let odd = clinic("[10.0, 0.5]");
    let (code, stdout, stderr) = check(&odd);
    assert_eq!(code, 0, "{stderr}");
    assert!(
        stdout.contains("warning") && stdout.contains("54 km outside of the city"),
        "{stdout}"
    );
    let result = ran(&data, &scenario(folder.path(), &odd));
    let warnings = result["warnings"].as_array().expect("warnings");
    let of_place = warnings
        .iter()
        .filter(|it| it.as_str().is_some_and(|it| it.contains("outside of the city")));
    assert_eq!(of_place.count(), 1, "{warnings:?}");
    // The two numbers the other way round: nobody means it.
    let (code, stdout, stderr) = check(&clinic("[0.0, 10.0]"));
    assert_eq!(code, 1, "{stdout}{stderr}");
    assert!(
        stderr.contains("with.at") && stderr.contains("[10, 0] lies in the city"),
        "{stderr}"
    );
}

#[test]
fn what_excludes_each_other_can_be_chosen_between() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = imported(folder.path(), Some("raised"));
    let street = |name: &str, surface: &str| {
        format!(
            "[[measure]]\nname = \"{name}\"\nkind = \"resurface\"\ncost = 10\nwith.streets = [\"urn:ngsi-ld:RoadSegment:1\"]\nwith.surface = \"{surface}\"\n"
        )
    };
    let choose = "[choose]\n[[choose.objectives]]\nindicator = \"clinic-walk\"\n";
    let text = format!(
        "{}{}{choose}",
        street("tar", "asphalt"),
        street("stones", "concrete")
    );
    let file = scenario(folder.path(), &text);
    let all = &ran(&data, &file)["choice"]["all"];
    let why = all[3]["dropped"].as_str().expect("both together cannot be");
    assert!(why.contains("tar") && why.contains("stones"), "{why}");
    let checked = json([
        "scenario",
        "check",
        file.to_str().expect("a path"),
        "--data-dir",
        data.to_str().expect("a path"),
    ]);
    let each: Vec<_> = checked
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| one["scenario"].clone())
        .collect();
    assert_eq!(each, ["tar", "stones"], "each by itself: {checked}");
}

#[test]
fn a_running_server_is_not_asked_to_check_and_the_answer_says_what_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = scenario(folder.path(), RAMP);
    let url = "http://127.0.0.1:1";
    let output = mapacha(["scenario", "check"])
        .arg(&file)
        .args(["--url", url])
        .output();
    let (code, _, stderr) = told(&output.expect("it starts"));
    assert_eq!(code, 2, "{stderr}");
    assert!(
        stderr.contains("mapacha scenario run") && stderr.contains(url) && stderr.contains("--data-dir"),
        "{stderr}"
    );
    let (code, _, stderr) = told(&run(["scenario", "site", "--url", url]));
    assert!(code == 2 && stderr.contains("--data-dir"), "{stderr}");
}

#[test]
fn the_catalogue_and_the_schema_can_be_read() {
    let kinds = json(["scenario", "kinds"]);
    let names: Vec<&str> = kinds
        .as_array()
        .expect("kinds")
        .iter()
        .filter_map(|kind| kind["name"].as_str())
        .collect();
    for name in [
        "new-stop",
        "new-line",
        "frequency",
        "step-free-stop",
        "kerb-ramp",
        "resurface",
        "close-street",
        "add-street",
        "bus-lanes",
        "new-place",
        "move-place",
    ] {
        assert!(names.contains(&name), "{name}");
    }
    let schema = json(["scenario", "schema"]);
    assert!(schema["properties"]["measure"].is_object(), "{schema}");
    for command in ["run", "check", "site"] {
        let (code, stdout, _) = told(&run(["scenario", command, "--help"]));
        assert!(code == 0 && stdout.contains("Example"), "{command}: {stdout}");
    }
}
