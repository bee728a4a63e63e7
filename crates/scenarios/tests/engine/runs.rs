//! Runs of the demo city's own scenarios.

use scenarios::result::{RunResult, Verdict, csv, html};
use scenarios::run::{Unwatched, run_with};

use crate::city::{demo, view};

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
