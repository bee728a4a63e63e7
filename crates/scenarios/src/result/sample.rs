//! A result for tests: two scenarios, two indicators, two groups, two areas, and a choice.

use std::collections::BTreeMap;

use ngsi_ld::Uri;

use super::{
    CarriedOut, Choice, Difference, Part, PartDifference, Provenance, RunResult, ScenarioResult, Subset,
    Told, Value, Verdict,
};
use crate::file::Objective;
use crate::measures::Applied;
use crate::model::{Area, Group};

fn part(value: f64) -> Part {
    Part {
        value: Some(value),
        low: Some(value),
        high: Some(value + 5.0),
        people: Some(500.0),
    }
}

fn value(indicator: &str, value: f64) -> Value {
    Value {
        indicator: indicator.to_owned(),
        name: format!("Share of people, {indicator}"),
        unit: "% of people".to_owned(),
        more_is_better: Some(true),
        value: Some(value),
        low: Some(value),
        high: Some(value + 5.0),
        uncertainty: Some("what is not known".to_owned()),
        groups: vec![part(value), part(value / 2.0)],
        areas: vec![part(value), Part::default()],
    }
}

fn difference(indicator: &str, difference: f64) -> Difference {
    let parts = |by: f64| PartDifference {
        difference: Some(by),
        gain: Some(by.max(0.0) * 5.0),
        lose: Some(-by.min(0.0) * 5.0),
    };
    Difference {
        indicator: indicator.to_owned(),
        difference: Some(difference),
        low: Some(difference - 1.0),
        high: Some(difference + 2.0),
        verdict: crate::result::Verdict::of(difference),
        people: Some(difference * 10.0),
        gain: Some(difference.max(0.0) * 10.0),
        lose: Some(-difference.min(0.0) * 10.0),
        cost_per_unit: (difference > 0.0).then_some(12.5),
        groups: vec![parts(difference), parts(difference * 2.0)],
        areas: vec![parts(difference), PartDifference::default()],
    }
}

impl Verdict {
    fn of(difference: f64) -> Self {
        match difference.total_cmp(&0.0) {
            std::cmp::Ordering::Less => Self::Worse,
            std::cmp::Ordering::Equal => Self::Same,
            std::cmp::Ordering::Greater => Self::Better,
        }
    }
}

fn scenario(name: &str, cost: f64, changes: [f64; 2]) -> ScenarioResult {
    ScenarioResult {
        name: name.to_owned(),
        title: format!("Scenario {name} <b>"),
        cost,
        yearly_cost: 100.0,
        measures: vec![Applied {
            measure: format!("{name}-measure"),
            created: vec![Uri::ngsi_ld("GtfsStop", "new")],
            ..Applied::default()
        }],
        carried_out: vec![CarriedOut {
            measure: format!("{name}-measure"),
            owner: Some("Roads, <department>".to_owned()),
            start: Some("2027-03-01".to_owned()),
        }],
        values: vec![
            value("clinic-walk", 60.0 + changes[0]),
            value("clinic-wheelchair", 20.0 + changes[1]),
        ],
        differences: vec![
            difference("clinic-walk", changes[0]),
            difference("clinic-wheelchair", changes[1]),
        ],
        warnings: vec![format!("{name} has a warning")],
    }
}

pub(crate) fn sample() -> RunResult {
    let subset = |bits: u32, cost: f64, value: f64, dropped: Option<&str>| Subset {
        bits,
        measures: ["kerbs-measure", "buses-measure"]
            .into_iter()
            .enumerate()
            .filter(|(index, _)| bits & (1 << index) != 0)
            .map(|(_, name)| name.to_owned())
            .collect(),
        cost,
        values: vec![value],
        dropped: dropped.map(str::to_owned),
    };
    let front = [subset(0, 0.0, 20.0, None), subset(1, 1000.0, 26.0, None)];
    RunResult {
        schema: 1,
        title: "Kerbs or \"buses\"?".to_owned(),
        city: "Tumbaco & sons".to_owned(),
        currency: Some("USD".to_owned()),
        groups: vec![
            Group {
                id: "disability".to_owned(),
                name: "Persons with disabilities".to_owned(),
            },
            Group {
                id: "age:65+".to_owned(),
                name: "65 and older".to_owned(),
            },
        ],
        areas: vec![
            Area {
                id: Uri::ngsi_ld("AdministrativeArea", "1"),
                name: "=cmd|' /C calc'!A0".to_owned(),
            },
            Area {
                id: Uri::ngsi_ld("AdministrativeArea", "2"),
                name: "Harbour".to_owned(),
            },
        ],
        measure_titles: BTreeMap::from([("buses-measure".to_owned(), "More <buses>".to_owned())]),
        baseline: vec![value("clinic-walk", 60.0), value("clinic-wheelchair", 20.0)],
        scenarios: vec![
            scenario("kerbs", 1000.0, [0.0, 6.0]),
            scenario("buses", 2000.0, [-2.5, 3.0]),
        ],
        choice: Some(Choice {
            measures: vec!["kerbs-measure".to_owned(), "buses-measure".to_owned()],
            objectives: vec![Objective {
                indicator: "clinic-wheelchair".to_owned(),
                group: Some("disability".to_owned()),
            }],
            budget: Some(1500.0),
            subsets: 4,
            simulations: 3,
            best: Some(1),
            pareto: front.to_vec(),
            measures_told: vec![Told {
                measure: "buses-measure".to_owned(),
                in_pareto: 0,
                alone: vec![3.0],
                with_the_best: vec![1.0],
                why: "it would be over the budget".to_owned(),
            }],
            all: vec![
                front[0].clone(),
                front[1].clone(),
                subset(2, 2000.0, 23.0, Some("it costs 500 USD more than the budget")),
                subset(3, 3000.0, 27.0, Some("it costs 1 500 USD more than the budget")),
            ],
            notes: vec!["A note.".to_owned()],
        }),
        provenance: Provenance {
            version: "0.1.0".to_owned(),
            snapshot: "2026-05-01T00:00:00Z".to_owned(),
            inputs: "ab".repeat(32),
            begun_with: None,
            file: "cd".repeat(32),
            seed: 7,
            entities: BTreeMap::from([("GtfsStop".to_owned(), 12)]),
            assumptions: vec!["Nobody moves.".to_owned()],
        },
        warnings: vec!["A <warning>.".to_owned()],
    }
}
