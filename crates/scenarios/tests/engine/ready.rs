//! What must be true of the demo city's ready scenario files, whatever the numbers are.

use std::collections::BTreeMap;

use scenarios::file::{Measure, ScenarioFile};
use scenarios::result::{RunResult, Value, Verdict};
use scenarios::run::{Unwatched, run};

use crate::city::{demo, view};

/// Kinds that change streets and kerbs for the better, and nothing that runs on wheels by itself.
const KERBS: [&str; 1] = ["kerb-ramp"];
/// Kinds that change places.
const PLACES: [&str; 1] = ["new-place"];
/// Kinds that can only help.
const HELP: [&str; 8] = [
    "kerb-ramp",
    "step-free-stop",
    "low-floor-vehicles",
    "frequency",
    "new-place",
    "add-street",
    "new-stop",
    "serve-stop",
];

/// Whether an indicator is of journeys by public transport, or of its stops.
fn is_of_transit(indicator: &str) -> bool {
    indicator.contains("transit") || indicator.starts_with("stop-")
}

fn kinds<'a>(file: &'a ScenarioFile, names: &[String]) -> Vec<&'a str> {
    let measures = file
        .measures
        .iter()
        .filter(|measure| names.contains(&measure.name));
    measures.map(|measure| measure.kind.as_str()).collect()
}

fn cost(measures: &[Measure], names: &[String], of: impl Fn(&Measure) -> f64) -> f64 {
    measures
        .iter()
        .filter(|measure| names.contains(&measure.name))
        .map(of)
        .sum()
}

/// Nobody reaches by wheelchair what nobody reaches on foot: for everybody, each group and each area, in the value and
/// at best.
fn wheels_never_go_farther_than_feet(what: &str, values: &[Value]) {
    for walked in values {
        let wheels = match walked.indicator.strip_suffix("-walk") {
            Some(goal) => format!("{goal}-wheelchair"),
            None => format!("{}-wheelchair", walked.indicator),
        };
        let Some(rolled) = values.iter().find(|value| value.indicator == wheels) else {
            continue;
        };
        let pairs = [(walked.value, rolled.value), (walked.high, rolled.high)]
            .into_iter()
            .chain(
                walked
                    .groups
                    .iter()
                    .zip(&rolled.groups)
                    .map(|(a, b)| (a.value, b.value)),
            )
            .chain(
                walked
                    .areas
                    .iter()
                    .zip(&rolled.areas)
                    .map(|(a, b)| (a.value, b.value)),
            );
        for (feet, wheels) in pairs {
            if let (Some(feet), Some(wheels)) = (feet, wheels) {
                assert!(
                    wheels <= feet + 1e-9,
                    "{what} {}: {wheels} by wheelchair, {feet} on foot",
                    walked.indicator
                );
            }
        }
    }
}

fn what_cannot_matter_stays(what: &str, file: &ScenarioFile, result: &RunResult) {
    for (asked, scenario) in file.scenarios.iter().zip(&result.scenarios) {
        let kinds = kinds(file, &asked.measures);
        let all_of = |some: &[&str]| kinds.iter().all(|kind| some.contains(kind));
        for (before, difference) in result.baseline.iter().zip(&scenario.differences) {
            let what = format!("{what} {} {}", scenario.name, before.indicator);
            let Some(by) = difference.difference else { continue };
            // A kerb is nothing to who walks, on a street or to a bus.
            let on_foot = !before.indicator.ends_with("wheelchair");
            if all_of(&KERBS) && on_foot {
                assert_eq!((by, difference.verdict), (0.0, Verdict::Same), "{what}");
            }
            // Buses and stops change nothing on the ways to a clinic.
            let transit = ["step-free-stop", "low-floor-vehicles", "frequency", "new-stop"];
            if all_of(&transit) && !is_of_transit(&before.indicator) {
                assert_eq!((by, difference.verdict), (0.0, Verdict::Same), "{what}");
            }
            // A clinic is no stop.
            if all_of(&PLACES) && !before.indicator.starts_with("clinic") {
                assert_eq!((by, difference.verdict), (0.0, Verdict::Same), "{what}");
            }
            // KPIs are not of one direction.
            if all_of(&HELP) && before.more_is_better == Some(true) && before.indicator.contains('-') {
                // Buses that wait at one more stop come later somewhere: that may cost somebody.
                if !(kinds.contains(&"new-stop") && before.indicator.contains("transit")) {
                    assert_eq!(difference.lose.unwrap_or(0.0), 0.0, "{what}: somebody loses");
                    assert!(by >= 0.0, "{what}: {by}");
                }
            }
        }
    }
}

fn costs_are_those_of_the_file(what: &str, file: &ScenarioFile, result: &RunResult) {
    for (asked, scenario) in file.scenarios.iter().zip(&result.scenarios) {
        let once = cost(&file.measures, &asked.measures, |measure| measure.cost);
        let yearly = cost(&file.measures, &asked.measures, |measure| measure.yearly_cost);
        assert!((scenario.cost - once).abs() < 1e-6, "{what} {}", scenario.name);
        assert!(
            (scenario.yearly_cost - yearly).abs() < 1e-6,
            "{what} {}",
            scenario.name
        );
    }
    let (Some(choose), Some(choice)) = (&file.choose, &result.choice) else {
        assert!(file.choose.is_none() && result.choice.is_none(), "{what}");
        return;
    };
    assert_eq!(choice.budget, choose.budget);
    let budget = choose.budget.unwrap();
    assert!(!choice.pareto.is_empty(), "{what}: doing nothing is free");
    for subset in &choice.pareto {
        let cost = cost(&file.measures, &subset.measures, |measure| {
            choose.years.mul_add(measure.yearly_cost, measure.cost)
        });
        assert!(
            (subset.cost - cost).abs() < 0.01,
            "{what}: {} and {cost}",
            subset.cost
        );
        assert!(cost <= budget + 0.01, "{what}: {cost} of {budget}");
    }
    // No member of the set beats another.
    for (a, b) in choice
        .pareto
        .iter()
        .flat_map(|a| choice.pareto.iter().map(move |b| (a, b)))
    {
        let as_good = a.cost <= b.cost && a.values.iter().zip(&b.values).all(|(a, b)| a >= b);
        assert!(
            a.bits == b.bits || !as_good || a.values == b.values,
            "{what}: {:b} beats {:b}",
            a.bits,
            b.bits
        );
    }
    for subset in choice.all.iter().filter(|subset| subset.cost > budget + 0.01) {
        assert!(
            subset.dropped.is_some(),
            "{what}: {:b} is not affordable",
            subset.bits
        );
    }
}

#[test]
fn the_ready_scenarios_say_nothing_that_cannot_be() {
    let (twin, files) = demo(42, 8_000);
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "kerb-ramps.toml",
            "step-free-buses.toml",
            "more-buses.toml",
            "new-clinic.toml",
            "everything.toml",
            "kerbs-or-buses.toml"
        ]
    );
    let baseline = twin.snapshot();
    // The same city has the same values, whatever is asked of it.
    let mut as_it_is: BTreeMap<String, Value> = BTreeMap::new();
    for (name, file) in &files {
        let mut file = file.clone();
        // Every indicator of reach, not only those that the file is about.
        file.indicators = scenarios::indicator::all()
            .iter()
            .map(|it| it.id.clone())
            .collect();
        if let Some(choose) = &mut file.choose {
            // A choice of six is as good a proof as one of fifteen.
            let step = choose.measures.len().div_ceil(6);
            choose.measures = choose.measures.iter().step_by(step).cloned().collect();
            choose.budget = choose.budget.map(|budget| budget / 3.0);
        }
        let result =
            run(&baseline, &view(), &file, &Unwatched).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(
            result.warnings,
            Vec::<String>::new(),
            "{name}: ready files have nothing odd"
        );
        for value in &result.baseline {
            let known = as_it_is
                .entry(value.indicator.clone())
                .or_insert_with(|| value.clone());
            assert_eq!(known, value, "{name}");
        }
        wheels_never_go_farther_than_feet(name, &result.baseline);
        for scenario in &result.scenarios {
            wheels_never_go_farther_than_feet(&format!("{name} {}", scenario.name), &scenario.values);
        }
        what_cannot_matter_stays(name, &file, &result);
        costs_are_those_of_the_file(name, &file, &result);
    }
}

/// A clinic alone changes who reaches a clinic, and nothing else.
#[test]
fn a_clinic_changes_the_reach_of_clinics_alone() {
    let (twin, files) = demo(42, 8_000);
    let (_, file) = files.iter().find(|(name, _)| name == "new-clinic.toml").unwrap();
    let mut file = file.clone();
    file.indicators = scenarios::indicator::all()
        .iter()
        .map(|it| it.id.clone())
        .collect();
    file.measures.retain(|measure| measure.kind == "new-place");
    assert_eq!(file.measures.len(), 1);
    file.scenarios[0].measures = vec![file.measures[0].name.clone()];
    let result = run(&twin.snapshot(), &view(), &file, &Unwatched).unwrap();
    let scenario = &result.scenarios[0];
    assert_eq!(scenario.measures[0].created.len(), 1);
    let mut gained = 0.0;
    for difference in &scenario.differences {
        let by = difference.difference.unwrap();
        if difference.indicator.starts_with("clinic") {
            assert!(by >= 0.0, "{}: {by}", difference.indicator);
            gained += by;
        } else {
            assert_eq!(by, 0.0, "{}", difference.indicator);
        }
    }
    assert!(gained > 0.0, "it stands where people have none");
}

/// What is odd about a measure stands in the result's own warnings, once, whether it is in a scenario or a choice.
#[test]
fn what_is_odd_about_a_measure_is_a_warning_of_the_whole() {
    let (twin, files) = demo(3, 1_000);
    let baseline = twin.snapshot();
    let clinic = |file: &ScenarioFile| {
        file.measures
            .iter()
            .find(|measure| measure.kind == "new-place")
            .unwrap()
            .clone()
    };
    let mut file = files
        .iter()
        .find(|(name, _)| name == "new-clinic.toml")
        .unwrap()
        .1
        .clone();
    let mut clinic = clinic(&file);
    let at = clinic.with["at"].as_array().unwrap().clone();
    // Half a degree north: some 55 km, less the city.
    clinic.with.insert(
        "at".to_owned(),
        serde_json::json!([at[0], at[1].as_f64().unwrap() + 0.5]),
    );
    file.measures = vec![clinic.clone()];
    for scenario in &mut file.scenarios {
        scenario.measures = vec![clinic.name.clone()];
    }
    let mut twice = file.scenarios[0].clone();
    twice.name = "again".to_owned();
    file.scenarios.push(twice);
    let odd = |result: &RunResult| -> Vec<String> {
        let warnings = result.warnings.iter();
        warnings
            .filter(|it| it.contains("outside of the city"))
            .cloned()
            .collect()
    };
    let result = run(&baseline, &view(), &file, &Unwatched).unwrap();
    assert_eq!(odd(&result).len(), 1, "{:?}", result.warnings);
    assert!(
        odd(&result)[0].starts_with(&format!("{}: ", clinic.name)),
        "{:?}",
        result.warnings
    );
    assert!(
        result
            .scenarios
            .iter()
            .all(|it| it.warnings.contains(&odd(&result)[0]))
    );
    file.scenarios = Vec::new();
    file.choose = Some(scenarios::file::Choose {
        measures: Vec::new(),
        objectives: vec![scenarios::file::Objective {
            indicator: "clinic-walk".to_owned(),
            group: None,
        }],
        budget: None,
        years: 10.0,
    });
    let result = run(&baseline, &view(), &file, &Unwatched).unwrap();
    assert_eq!(odd(&result).len(), 1, "{:?}", result.warnings);
}
