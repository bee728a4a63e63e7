//! Every subset in the demo city, against each subset carried out from scratch.

use scenarios::choose::choose;
use scenarios::file::{Choose, Measure, Objective, ScenarioFile};
use scenarios::indicator::measure;
use scenarios::measures::apply_all;
use scenarios::model::Model;
use scenarios::run::Unwatched;
use twin::Snapshot;

use crate::city::{demo, view};

/// What a subset gives: the measures on a fork, the fork read as a city of its own.
fn from_scratch(baseline: &Snapshot, file: &ScenarioFile, measures: &[&Measure]) -> Option<Vec<f64>> {
    let (fork, _) = apply_all(baseline, &view(), measures).ok()?;
    let model = Model::read(&fork.snapshot(), &view(), &file.travel).unwrap();
    let objectives = &file.choose.as_ref().unwrap().objectives;
    let values = objectives.iter().map(|objective| {
        let measured = measure(&model, &objective.indicator).unwrap().unwrap();
        let share = match &objective.group {
            None => measured.all,
            Some(group) => {
                let place = model
                    .groups()
                    .iter()
                    .position(|known| known.id == *group)
                    .unwrap();
                measured.groups[place]
            }
        };
        100.0 * share.reached().unwrap()
    });
    Some(values.collect())
}

#[test]
fn every_subset_gives_what_it_gives_alone() {
    let (twin, files) = demo(3, 8_000);
    let baseline = twin.snapshot();
    // A few measures of every programme.
    let mut file = files
        .iter()
        .find(|(name, _)| name == "everything.toml")
        .unwrap()
        .1
        .clone();
    let step = file.measures.len().div_ceil(6);
    file.measures = file.measures.into_iter().step_by(step).collect();
    file.scenarios = Vec::new();
    let objective = |indicator: &str, group: Option<&str>| Objective {
        indicator: indicator.to_owned(),
        group: group.map(str::to_owned),
    };
    file.choose = Some(Choose {
        measures: Vec::new(),
        objectives: vec![
            objective("clinic-wheelchair", Some("disability")),
            objective("stop-walk", None),
            objective("clinic-transit-wheelchair", None),
        ],
        budget: None,
        years: 10.0,
    });
    let model = Model::read(&baseline, &view(), &file.travel).unwrap();
    let choice = choose(&baseline, &view(), &file, &model, &Unwatched)
        .unwrap()
        .unwrap();
    let count = file.measures.len();
    assert_eq!(choice.all.len(), 1 << count);
    for (bits, subset) in choice.all.iter().enumerate() {
        let measures: Vec<&Measure> = (0..count)
            .filter(|index| bits & (1 << index) != 0)
            .map(|index| &file.measures[index])
            .collect();
        match from_scratch(&baseline, &file, &measures) {
            None => assert!(subset.values.is_empty(), "{bits:b}: {:?}", subset.dropped),
            Some(values) => {
                for (told, value) in subset.values.iter().zip(&values) {
                    // People are counted in thousandths.
                    assert!((told - value).abs() < 1e-4, "{bits:b}: {told} {value}");
                }
                assert_eq!(
                    subset.values.len(),
                    values.len(),
                    "{bits:b}: {:?}",
                    subset.dropped
                );
            }
        }
    }
    assert!(choice.simulations < choice.all.len() * 3);
}
