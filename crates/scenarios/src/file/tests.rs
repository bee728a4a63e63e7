use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;
use crate::catalogue::{ParameterType, kinds};
use crate::model::TravelOptions;

const GOOD: &str = r#"
schema = 1
title = "Kerbs or buses?"
currency = "USD"
seed = 7

[travel]
date = 2027-03-02
time = 08:00:00

[[measure]]
name = "ramps"
kind = "kerb-ramp"
cost = 12000
start = 2027-03-01
with.nodes = ["urn:ngsi-ld:RoadNode:17", "urn:ngsi-ld:RoadNode:18"]

[[measure]]
name = "stop"
kind = "new-stop"
cost = 8e3
yearly_cost = 500
with = { at = [36.82, -1.29], routes = { q = 'shortName=="7"' } }

[[scenario]]
name = "both"
measures = ["ramps", "stop"]
"#;

fn findings(text: &str) -> Vec<String> {
    match ScenarioFile::parse(text) {
        Ok(_) => Vec::new(),
        Err(findings) => findings.iter().map(ToString::to_string).collect(),
    }
}

/// The good file with one change.
fn with(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    GOOD.replacen(from, to, 1)
}

#[test]
fn a_good_file_is_read() {
    let file = ScenarioFile::parse(GOOD).unwrap();
    assert_eq!(file.measures.len(), 2);
    assert_eq!(file.travel.time, "08:00");
    assert_eq!(file.travel.date.as_deref(), Some("2027-03-02"));
    assert_eq!(file.measures[0].start.as_deref(), Some("2027-03-01"));
    let json = serde_json::to_string(&file).unwrap();
    assert_eq!(
        ScenarioFile::parse(&json).unwrap(),
        file,
        "JSON has the same keys"
    );
    assert_eq!(ScenarioFile::parse(&format!("\u{feff}{GOOD}")).unwrap(), file);
    assert_eq!(ScenarioFile::parse(&file.to_toml().unwrap()).unwrap(), file);
}

#[test]
fn a_budget_of_zero_is_a_budget() {
    let text =
        format!("{GOOD}\n[choose]\nbudget = 0\nobjectives = [{{ indicator = \"clinic-wheelchair\" }}]\n");
    assert_eq!(findings(&text), Vec::<String>::new());
}

#[test]
fn bad_files_are_told_where_and_what_to_do() {
    let choose = |text: &str| format!("{GOOD}\n[choose]\n{text}\n");
    let objective = "objectives = [{ indicator = \"clinic-wheelchair\" }]";
    let many: String = (0..16)
        .map(|n| {
            format!("[[measure]]\nname = \"m{n}\"\nkind = \"close-place\"\nwith.places = \"urn:a:{n}\"\n")
        })
        .collect();
    let cases: Vec<(String, &str)> = vec![
        ("title = \"x".into(), "line 1, column"),
        ("{\"schema\": 1,".into(), "line 1, column 13: EOF"),
        (
            "{\"schema\": 1, \"schema\": 1}".into(),
            "the key `schema` stands twice",
        ),
        ("schema = 1\nschema = 1".into(), "line 2"),
        ("{\"seed\": 1e999}".into(), "line 1, column"),
        (
            with("cost = 12000", "costs = 12000"),
            "measure ramps, costs: there is no key `costs`; did you mean `cost`?",
        ),
        (
            with("[travel]", "[travels]"),
            "travels: there is no key `travels`; did you mean `travel`?",
        ),
        (
            with("time = 08:00:00", "tyme = 1"),
            "travel.tyme: there is no key `tyme`; did you mean `time`?",
        ),
        (
            with("time = 08:00:00", "time = \"8 o'clock\""),
            "travel.time: `8 o'clock` is not a time of day; write it as `HH:MM`",
        ),
        (
            with("date = 2027-03-02", "date = \"2027-02-30\""),
            "travel.date: `2027-02-30` is not a date",
        ),
        (
            with("start = 2027-03-01", "start = \"soon\""),
            "measure ramps, start: `soon` is not a date",
        ),
        (
            with("[travel]", "[travel]\nminutes = 0"),
            "travel.minutes: 0 cannot be; give a number from 1",
        ),
        (
            with("[travel]", "[travel]\nwheelchair = \"manual\""),
            "travel.wheelchair: there is no profile `manual`",
        ),
        (
            with("schema = 1", "schema = 2"),
            "schema: this version reads schema 1, and the file says 2",
        ),
        (with("schema = 1", ""), "schema: it is not given"),
        (with("title = \"Kerbs or buses?\"", ""), "title: it is not given"),
        (
            with("title = \"Kerbs or buses?\"", "title = 3"),
            "title: `3` is not a text; give a text",
        ),
        (
            with("\"USD\"", "\"dollar\""),
            "currency: `dollar` is not a code of ISO 4217",
        ),
        (
            with("seed = 7", "seed = -7"),
            "seed: `-7` is not a whole number of 0 or more",
        ),
        (
            with("seed = 7", "indicators = [\"nonsense\"]"),
            "indicators[0]: there is no indicator `nonsense`",
        ),
        (
            with("name = \"ramps\"", "name = \"ramps old\""),
            "measure ramps old, name: `ramps old` is not a name; use letters",
        ),
        (with("name = \"ramps\"", ""), "measure 1, name: it is not given"),
        (
            with("name = \"stop\"", "name = \"ramps\""),
            "measure ramps, name: another measure has the same name",
        ),
        (
            with("\"kerb-ramp\"", "\"kerb_ramp\""),
            "measure ramps, kind: there is no kind of measure `kerb_ramp`; did you mean `kerb-ramp`?",
        ),
        (
            with("cost = 12000", "cost = -1"),
            "measure ramps, cost: -1 is not an amount of money",
        ),
        (
            with("cost = 12000", "cost = nan"),
            "measure ramps, cost: `NaN` is not a number",
        ),
        (
            with("cost = 12000", "cost = inf"),
            "measure ramps, cost: `inf` is not a number",
        ),
        (
            with("cost = 12000", "cost = \"12000\""),
            "measure ramps, cost: `\"12000\"` is not a number; give a number",
        ),
        (
            with("with.nodes", "with.node"),
            "measure ramps, with.node: `kerb-ramp` has no parameter `node`; did you mean `nodes`?",
        ),
        (
            with("with.nodes", "with.node"),
            "measure ramps, with.nodes: `kerb-ramp` needs it, and it is not given",
        ),
        (
            with("\"urn:ngsi-ld:RoadNode:18\"", "\"node 18\""),
            "measure ramps, with.nodes[1]: `node 18` is not an absolute URI",
        ),
        (
            with("\"urn:ngsi-ld:RoadNode:18\"", "18"),
            "measure ramps, with.nodes[1]: `18` is not the id of an entity",
        ),
        (
            with("[36.82, -1.29]", "[-1.29, 136.82]"),
            "measure stop, with.at: `[-1.29,136.82]` is nowhere on earth; give degrees of WGS 84, longitude",
        ),
        (
            with("[36.82, -1.29]", "\"there\""),
            "measure stop, with.at: `\"there\"` is not a position [longitude, latitude]",
        ),
        (
            with("q = 'shortName==\"7\"'", "q = 'shortName=='"),
            "measure stop, with.routes.q:",
        ),
        (
            with("q = 'shortName==\"7\"'", "type = \"GtfsStop\""),
            "measure stop, with.routes.type: `GtfsStop` cannot be meant here",
        ),
        (
            with("q = 'shortName==\"7\"'", "w = 1"),
            "measure stop, with.routes.w: a selection has no key `w`",
        ),
        (
            with("q = 'shortName==\"7\"'", "within_m = 5"),
            "measure stop, with.routes.of: it is not given",
        ),
        (
            with("q = 'shortName==\"7\"'", "area = [[0, 0], [1, 1], [2, 2]]"),
            "measure stop, with.routes.area: its positions enclose nothing",
        ),
        (
            with("at = ", "dwell_s = 1000, at = "),
            "measure stop, with.dwell_s: 1000 cannot be; give a number from 0 to 600",
        ),
        (
            with("at = ", "wheelchair_boarding = \"yes\", at = "),
            "measure stop, with.wheelchair_boarding: `\"yes\"` is not one of its words; it is one of `0`, `1` or `2`",
        ),
        (
            with("[\"ramps\", \"stop\"]", "[\"ramp\"]"),
            "scenario both, measures[0]: there is no measure `ramp` in this file; did you mean `ramps`?",
        ),
        (
            with("[\"ramps\", \"stop\"]", "[\"stop\", \"stop\"]"),
            "scenario both, measures[1]: `stop` stands twice",
        ),
        (
            with("[\"ramps\", \"stop\"]", "\"ramps\""),
            "scenario both, measures: `\"ramps\"` is not a list",
        ),
        (
            format!("{GOOD}\n[[scenario]]\nname = \"both\"\nmeasures = []"),
            "scenario both, name: another scenario has the same name",
        ),
        (
            choose(&format!("budget = -1\n{objective}")),
            "choose.budget: -1 is not an amount of money",
        ),
        (
            choose(&format!("budget = nan\n{objective}")),
            "choose.budget: `NaN` is not a number",
        ),
        (
            choose(&format!("years = -1\n{objective}")),
            "choose.years: -1 is not a number of years",
        ),
        (
            choose("objectives = []"),
            "choose.objectives: there are 0 objectives",
        ),
        (
            choose("objectives = [{ indicator = \"clinics\" }]"),
            "choose.objectives[0].indicator: there is no indicator of reach `clinics`",
        ),
        (
            choose(&format!("{objective}\nmeasures = [\"nothing\"]")),
            "choose.measures[0]: there is no measure `nothing`",
        ),
        (
            format!("schema = 1\ntitle = \"x\"\n{many}[choose]\n{objective}"),
            "choose.measures: there are 16 measures to choose from; name 1 to 15",
        ),
        (
            format!("schema = 1\ntitle = \"x\"\n[choose]\n{objective}"),
            "choose.measures: there are 0 measures to choose from",
        ),
        (
            "#".repeat(tree::MAX_BYTES + 1),
            "the file: it has 1048577 bytes; at most 1048576 are read",
        ),
        ("[]".into(), "line 1"),
        (
            format!(
                "schema = 1\ntitle = \"x\"\nx = {}1{}",
                "[".repeat(20),
                "]".repeat(20)
            ),
            "nested deeper",
        ),
        (format!("{{\"x\": {}", "[".repeat(100_000)), "nested deeper"),
        (format!("x = {}", "[".repeat(100_000)), "line 1, column"),
        (format!("x{} = 1", ".x".repeat(100_000)), "line 1, column"),
        (format!("[x{}]", ".x".repeat(100_000)), "line 1, column"),
        (String::new(), "schema: it is not given"),
    ];
    for (text, expected) in cases {
        let found = findings(&text);
        assert!(
            found.iter().any(|finding| finding.contains(expected)),
            "{expected}\n{}\ngave {found:#?}",
            text.chars().take(800).collect::<String>()
        );
    }
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let text = with("cost = 12000", "costs = 12000")
        .replacen("title = \"Kerbs or buses?\"", "", 1)
        .replacen("\"kerb-ramp\"", "\"kerb\"", 1)
        .replacen("yearly_cost = 500", "yearly_cost = -5", 1)
        .replacen("[\"ramps\", \"stop\"]", "[\"ramp\", \"stop\"]", 1);
    let places: Vec<String> = ScenarioFile::parse(&text)
        .unwrap_err()
        .into_iter()
        .map(|finding| finding.place)
        .collect();
    assert_eq!(
        places,
        [
            "title",
            "measure ramps, costs",
            "measure ramps, kind",
            "measure stop, yearly_cost",
            "scenario both, measures[0]"
        ]
    );
}

#[test]
fn the_schema_says_what_each_kind_takes() {
    let schema = ScenarioFile::schema();
    assert_eq!(
        schema["$schema"],
        json!("https://json-schema.org/draft/2020-12/schema")
    );
    let kind = &schema["$defs"]["Measure"]["properties"]["kind"]["enum"];
    assert_eq!(kind.as_array().unwrap().len(), kinds().len());
    let choices = schema["$defs"]["Measure"]["allOf"].as_array().unwrap();
    let ramp = choices
        .iter()
        .find(|choice| choice["if"]["properties"]["kind"]["const"] == json!("kerb-ramp"))
        .unwrap();
    assert_eq!(ramp["then"]["properties"]["with"]["required"], json!(["nodes"]));
    assert_eq!(schema["additionalProperties"], json!(false));
}

/// A value that a parameter takes.
fn argument(parameter: &crate::catalogue::Parameter) -> BoxedStrategy<Json> {
    let position = || (-180.0..180.0_f64, -90.0..90.0_f64).prop_map(|(x, y)| json!([x, y]));
    let id = || "[a-z]{1,8}".prop_map(|local| json!(format!("urn:ngsi-ld:Thing:{local}")));
    let (min, max) = (parameter.min.unwrap_or(-1e6), parameter.max.unwrap_or(1e6));
    match parameter.value {
        ParameterType::Text if !parameter.one_of.is_empty() => {
            proptest::sample::select(parameter.one_of.clone())
                .prop_map(Json::from)
                .boxed()
        }
        ParameterType::Text => "[ -~äß]{1,20}[a-z]".prop_map(Json::from).boxed(),
        ParameterType::Number => (min..=max).prop_map(Json::from).boxed(),
        #[allow(clippy::cast_possible_truncation, reason = "bounds of the catalogue")]
        ParameterType::Integer => (min as i64..=max as i64).prop_map(Json::from).boxed(),
        ParameterType::Boolean => any::<bool>().prop_map(Json::from).boxed(),
        ParameterType::Time => (0..48_u32, 0..60_u32)
            .prop_map(|(h, m)| json!(format!("{h:02}:{m:02}")))
            .boxed(),
        ParameterType::Position => position().boxed(),
        ParameterType::Line => proptest::collection::vec(position(), 1..4)
            .prop_map(Json::from)
            .boxed(),
        ParameterType::Area => Just(json!([[0, 0], [1, 0.5], [0, 2]])).boxed(),
        ParameterType::Entity => id().boxed(),
        ParameterType::Entities => {
            let of = parameter.of.first().cloned().unwrap_or_default();
            prop_oneof![
                id(),
                proptest::collection::vec(id(), 1..4).prop_map(Json::from),
                position().prop_map(
                    move |at| json!({ "type": of, "q": "kerb==\"raised\"", "within_m": 50, "of": at })
                ),
            ]
            .boxed()
        }
        ParameterType::Joint => prop_oneof![position(), id(), any::<i64>().prop_map(Json::from)].boxed(),
        ParameterType::Calls => (position(), id()).prop_map(|(a, b)| json!([a, b])).boxed(),
        ParameterType::Tags => Just(json!({ "smoothness": "good", "width": 1.5 })).boxed(),
    }
}

fn measure(index: usize) -> impl Strategy<Value = Measure> {
    proptest::sample::select(kinds().to_vec()).prop_flat_map(move |kind| {
        let with: Vec<_> = kind
            .parameters
            .iter()
            .map(|parameter| {
                let name = parameter.name.clone();
                let value = argument(parameter);
                let value = if parameter.is_needed() {
                    value.prop_map(Some).boxed()
                } else {
                    proptest::option::of(value).boxed()
                };
                value.prop_map(move |value| (name.clone(), value))
            })
            .collect();
        let rest = (
            proptest::option::of("[ -~]{0,20}"),
            0.0..1e9_f64,
            any::<u32>(),
            proptest::option::of(Just("2027-03-01".to_owned())),
        );
        (with, rest).prop_map(move |(with, (title, cost, yearly, start))| Measure {
            name: format!("m-{index}"),
            owner: title.clone(),
            title,
            kind: kind.name.clone(),
            cost,
            yearly_cost: f64::from(yearly),
            start,
            with: with
                .into_iter()
                .filter_map(|(name, value)| Some((name, value?)))
                .collect(),
        })
    })
}

fn file() -> impl Strategy<Value = ScenarioFile> {
    let measures: Vec<_> = (0..4).map(measure).collect();
    (
        measures,
        "[ -~\n\té]{0,30}[a-z]",
        any::<i64>(),
        proptest::bool::ANY,
    )
        .prop_map(|(measures, title, seed, choose)| ScenarioFile {
            baseline: None,
            schema: 1,
            description: Some(title.clone()),
            title,
            currency: Some("KES".to_owned()),
            indicators: vec!["EC: I: T: 2A".to_owned()],
            travel: TravelOptions::default(),
            scenarios: vec![Scenario {
                name: "all".to_owned(),
                title: None,
                description: None,
                measures: measures
                    .iter()
                    .rev()
                    .map(|measure| measure.name.clone())
                    .collect(),
            }],
            choose: choose.then(|| Choose {
                measures: Vec::new(),
                objectives: vec![Objective {
                    indicator: "clinic-wheelchair".to_owned(),
                    group: Some("age:65+".to_owned()),
                }],
                budget: Some(0.0),
                years: 10.0,
            }),
            measures,
            seed: seed.unsigned_abs() / 2,
        })
}

proptest! {
    #[test]
    fn what_is_written_is_read(file in file()) {
        let toml = file.to_toml().unwrap();
        prop_assert_eq!(ScenarioFile::parse(&toml).map_err(|it| format!("{it:?}\n{toml}")), Ok(file.clone()));
        let json = serde_json::to_string(&file).unwrap();
        prop_assert_eq!(ScenarioFile::parse(&json), Ok(file));
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,200}", at in 0..GOOD.len(), cut in 0..40_usize) {
        let _ = ScenarioFile::parse(&text);
        // A good file with a piece cut out.
        if let (Some(head), Some(tail)) = (GOOD.get(..at), GOOD.get((at + cut).min(GOOD.len())..)) {
            let _ = ScenarioFile::parse(&format!("{head}{text}{tail}"));
            let _ = ScenarioFile::parse(&format!("{head}{tail}"));
        }
    }
}

#[test]
fn scenarios_and_measures_are_bounded() {
    use std::fmt::Write as _;
    let many = |measures: usize, scenarios: usize| {
        let mut text = "schema = 1\ntitle = \"Many\"\n".to_owned();
        for number in 0..measures {
            let _ = write!(text, "[[measure]]\nname = \"m{number}\"\nkind = \"kerb-ramp\"\n");
            text += "with.nodes = [\"urn:ngsi-ld:RoadNode:17\"]\n";
        }
        for number in 0..scenarios {
            let _ = write!(text, "[[scenario]]\nname = \"s{number}\"\nmeasures = [\"m0\"]\n");
        }
        findings(&text)
    };
    assert_eq!(many(200, 50), Vec::<String>::new());
    assert_eq!(
        many(201, 51),
        [
            "measure: there are 201 of them; at most 200 are taken; divide them among several files",
            "scenario: there are 51 of them; at most 50 are taken; divide them among several files",
        ]
    );
}

/// Whatever the check of a file lets pass, a model can be read with.
#[test]
fn travel_has_one_set_of_limits() {
    for (travel, remedy) in [
        ("minutes = 601", "give a number from 1 to 600"),
        ("walk_m = 50001", "give a number from 1 to 50000"),
        ("detour = 5.5", "give a number from 1 to 5"),
        ("wheelchair = \"Long_Cane\"", "did you mean `long_cane`?"),
    ] {
        let found = findings(&with("[travel]", &format!("[travel]\n{travel}")));
        assert!(
            found.len() == 1 && found[0].ends_with(remedy),
            "{travel}: {found:?}"
        );
    }
    for time in ["25:30", "8:00"] {
        let text = with("time = 08:00:00", &format!("time = \"{time}\""));
        let file = ScenarioFile::parse(&text).unwrap();
        assert!(crate::model::departure_s(&file.travel).is_some());
    }
}

#[test]
fn a_baseline_is_a_fingerprint() {
    let hash = "0123456789abcdef".repeat(4);
    let file = |baseline: &str| with("schema = 1", &format!("schema = 1\nbaseline = \"{baseline}\""));
    let read = ScenarioFile::parse(&file(&hash)).unwrap();
    assert_eq!(read.baseline.as_deref(), Some(hash.as_str()));
    assert_eq!(ScenarioFile::parse(&read.to_toml().unwrap()).unwrap(), read);
    for bad in ["2026-05-01T00:00:00Z", "ab", &hash.to_uppercase()] {
        let found = findings(&file(bad));
        assert!(
            found.len() == 1 && found[0].starts_with(&format!("baseline: `{bad}` is not the fingerprint")),
            "{found:?}"
        );
    }
}
