//! Runs of the demo city's own scenarios.

use ngsi_ld::{Attribute, Entity, Name, Uri};
use query::Selection;
use scenarios::file::{Choose, Measure, Objective, ScenarioFile};
use scenarios::model::Model;
use scenarios::result::{RunResult, Verdict, csv, html};
use scenarios::run::{Unwatched, check, run_with};
use twin::{Reader as _, Snapshot};

use crate::city::{demo, put, view};

fn json(result: &RunResult) -> String {
    serde_json::to_string(result).unwrap()
}

#[test]
fn the_ready_scenarios_run_and_threads_do_not_show() {
    let (twin, files) = demo(3, 20_000);
    let baseline = twin.snapshot();
    for (name, file) in &files {
        let mut file = file.clone();
        // The choice is held against brute force elsewhere.
        file.choose = None;
        let result =
            run_with(&baseline, &view(), &file, 1, &Unwatched).unwrap_or_else(|e| panic!("{name}: {e}"));
        let again = run_with(&twin.snapshot(), &view(), &file, 3, &Unwatched).unwrap();
        assert_eq!(json(&result), json(&again), "{name}");
        assert_eq!(serde_json::from_str::<RunResult>(&json(&result)).unwrap(), result);
        assert_eq!(result.scenarios.len(), file.scenarios.len().max(1));
        assert!(!result.baseline.is_empty());
        assert!(result.provenance.entities["RoadSegment"] > 100);
        let mut differs = false;
        for scenario in &result.scenarios {
            assert_eq!(scenario.values.len(), result.baseline.len());
            assert_eq!(scenario.differences.len(), result.baseline.len());
            for (index, difference) in scenario.differences.iter().enumerate() {
                let (before, after) = (&result.baseline[index], &scenario.values[index]);
                let (Some(was), Some(is), Some(by)) = (before.value, after.value, difference.difference)
                else {
                    continue;
                };
                differs |= by != 0.0;
                assert!(
                    (is - was - by).abs() < 1e-6,
                    "{name} {}: {was} {is} {by}",
                    scenario.name
                );
                assert!(difference.low.unwrap() <= by + 1e-9 && by <= difference.high.unwrap() + 1e-9);
                let (Some(gain), Some(lose)) = (difference.gain, difference.lose) else {
                    continue;
                };
                assert!((gain - lose - difference.people.unwrap()).abs() < 1e-6);
                // Who gains in the areas is who gains at all: the areas cover the city.
                let of_areas: f64 = difference.areas.iter().filter_map(|area| area.gain).sum();
                assert!(
                    (of_areas - gain).abs() < 1e-3 * (1.0 + gain),
                    "{name}: {of_areas} {gain}"
                );
                assert_eq!(difference.verdict == Verdict::Same, by == 0.0);
            }
        }
        assert!(differs, "{name} changes nothing");
        assert!(csv(&result).lines().count() > 10);
        assert!(html(&result, &[]).contains(&result.provenance.inputs));
    }
}

#[test]
fn what_does_not_fit_the_city_is_told_and_nothing_runs() {
    let (twin, files) = demo(3, 5_000);
    let mut file = files[0].1.clone();
    file.measures[0].kind = "serve-stop".to_owned();
    file.measures[0].with = [
        ("stop".to_owned(), "urn:ngsi-ld:GtfsStop:none".into()),
        (
            "routes".to_owned(),
            serde_json::json!(["urn:ngsi-ld:GtfsRoute:none"]),
        ),
    ]
    .into();
    let error = run_with(&twin.snapshot(), &view(), &file, 1, &Unwatched).unwrap_err();
    assert!(error.to_string().contains("urn:ngsi-ld:GtfsStop:none"), "{error}");
}

#[test]
fn measures_to_choose_from_need_not_go_together() {
    let (twin, files) = demo(3, 5_000);
    let baseline = twin.snapshot();
    let mut file = files[0].1.clone();
    let school = |name: &str, at: [f64; 2]| Measure {
        name: name.to_owned(),
        kind: "new-stop".to_owned(),
        with: [
            ("at".to_owned(), serde_json::json!(at)),
            ("routes".to_owned(), route(&baseline)),
        ]
        .into(),
        ..file.measures[0].clone()
    };
    let at = Model::read(&baseline, &view(), &file.travel).unwrap().stops()[0].position;
    // The same entity, made twice in different places.
    let one = school("x", [at.lon, at.lat]);
    file.measures = vec![one.clone(), school("y", [at.lon + 0.001, at.lat])];
    file.scenarios = Vec::new();
    file.choose = None;
    let together = check(&baseline, &view(), &file).unwrap();
    assert_eq!(together.len(), 1);
    assert_eq!(together[0].scenario, "all-measures");
    file.measures[1].kind = "close-street".to_owned();
    file.measures[1].with = [("streets".to_owned(), "urn:ngsi-ld:RoadSegment:none".into())].into();
    let wrong = check(&baseline, &view(), &file).unwrap_err().to_string();
    file.choose = Some(Choose {
        measures: Vec::new(),
        objectives: vec![Objective {
            indicator: "stop-walk".to_owned(),
            group: None,
        }],
        budget: None,
        years: 10.0,
    });
    // What is wrong with a measure alone is told all the same, and once.
    assert_eq!(check(&baseline, &view(), &file).unwrap_err().to_string(), wrong);
    // Two that move one clinic to two places.
    let clinic = Model::read(&baseline, &view(), &file.travel)
        .unwrap()
        .places("clinic")[0]
        .id
        .to_string();
    for (measure, east) in file.measures.iter_mut().zip([0.001, 0.002]) {
        measure.kind = "move-place".to_owned();
        measure.with = [
            ("place".to_owned(), clinic.clone().into()),
            ("to".to_owned(), serde_json::json!([at.lon + east, at.lat])),
        ]
        .into();
    }
    let checked = check(&baseline, &view(), &file).unwrap();
    let names: Vec<&str> = checked.iter().map(|one| one.scenario.as_str()).collect();
    assert_eq!(names, ["x", "y"]);
    assert!(checked.iter().all(|one| one.measures[0].updated.len() == 1));
    let choice = run_with(&baseline, &view(), &file, 1, &Unwatched)
        .unwrap()
        .choice
        .unwrap();
    assert!(choice.all[3].values.is_empty(), "both together cannot be");
    file.choose = None;
    assert!(
        check(&baseline, &view(), &file)
            .unwrap_err()
            .to_string()
            .contains("`location`")
    );
}

fn route(snapshot: &Snapshot) -> serde_json::Value {
    let mut route = None;
    let routes = Selection::of_type(Name::default_term("GtfsRoute"));
    let types = snapshot.types(&view());
    let name = types
        .into_iter()
        .map(|(name, _)| name)
        .find(|name| name.short() == "GtfsRoute");
    let routes = name.map_or(routes, Selection::of_type);
    snapshot
        .scan(&view(), &routes, &mut |entity| {
            route.get_or_insert_with(|| entity.id.to_string());
            false
        })
        .unwrap();
    serde_json::json!([route.unwrap()])
}

#[test]
fn a_file_may_name_its_city_and_results_say_who_does_what() {
    let (twin, files) = demo(3, 5_000);
    let baseline = twin.snapshot();
    let mut file = files[0].1.clone();
    file.choose = None;
    file.measures[0].owner = Some("Roads department".to_owned());
    file.measures[0].start = Some("2027-03-01".to_owned());
    let result = run_with(&baseline, &view(), &file, 1, &Unwatched).unwrap();
    let of_first = result
        .scenarios
        .iter()
        .find(|scenario| {
            scenario
                .measures
                .iter()
                .any(|it| it.measure == file.measures[0].name)
        })
        .unwrap();
    assert_eq!(
        of_first.carried_out[0].told(),
        "Roads department, from 2027-03-01"
    );
    file.baseline = Some(result.provenance.inputs.clone());
    let again = run_with(&baseline, &view(), &file, 1, &Unwatched).unwrap();
    assert_eq!(again.scenarios, result.scenarios);
    // A sensor of the air of a type of its own: a KPI reads it, so the city is another.
    let sensor = Entity::new(
        Uri::ngsi_ld("Streetlight", "1"),
        Name::default_term("Streetlight"),
    )
    .with(Attribute::property(Name::default_term("pm10"), 20.0));
    put(&twin, [sensor]);
    let now = twin.snapshot();
    let error = run_with(&now, &view(), &file, 1, &Unwatched)
        .unwrap_err()
        .to_string();
    let found = run_with(
        &now,
        &view(),
        &ScenarioFile {
            baseline: None,
            ..file.clone()
        },
        1,
        &Unwatched,
    )
    .unwrap()
    .provenance;
    assert_ne!(found.inputs, result.provenance.inputs);
    assert_eq!(found.entities["Streetlight"], 1);
    assert!(
        error.starts_with("baseline: ")
            && error.contains(&found.inputs)
            && error.contains(&result.provenance.inputs),
        "{error}"
    );
    assert!(check(&now, &view(), &file).is_err());
}
