//! All subsets of up to 15 measures, simulated; the Pareto set under a budget, and why the others were dropped.
//!
//! Nothing is estimated from single effects. A subset's value is that of the city with its measures carried out,
//! together. Work is shared where that is exact: a subset is simulated on top of the same without its last measure,
//! and measures that cannot change the answer for the same cell (see [`crate::indicator::touched`]) are simulated
//! apart, because what they do together is then what they do one by one, person by person.

mod city;
mod combine;
mod lab;
mod pareto;
mod plan;
mod search;
mod tell;
#[cfg(test)]
mod tests;

use query::View;
use twin::Snapshot;

use crate::file::{Choose, Finding, Measure, Objective, ScenarioFile};
use crate::model::Model;
use crate::names;
use crate::result::{Choice, Subset};
use crate::run::{RunError, Watch, threads};
use city::City;
use combine::{Table, by_indicator, costs, thousandths};
use lab::{Count, Lab, Mask};
use pareto::{Point, best, pareto};
use plan::{Plan, Rules};
use search::{Asked, Question, simulate};
use tell::Teller;

/// The most measures that can be chosen between: 32 768 subsets.
pub const MOST_MEASURES: usize = 15;
/// The most objectives beside the cost.
pub const MOST_OBJECTIVES: usize = 3;

/// Simulates every subset of the measures that the file wants to choose between. `None`: it does not ask for it.
///
/// # Errors
/// What is wrong with the question: too many measures or objectives, an indicator that the city has no data for.
pub fn choose(
    baseline: &Snapshot,
    view: &View,
    file: &ScenarioFile,
    model: &Model,
    watch: &dyn Watch,
) -> Result<Option<Choice>, RunError> {
    let told = choose_and_tell(baseline, view, file, model, watch)?;
    Ok(told.map(|(choice, _)| choice))
}

/// As [`choose`], with what is odd about the measures.
pub(crate) fn choose_and_tell(
    baseline: &Snapshot,
    view: &View,
    file: &ScenarioFile,
    model: &Model,
    watch: &dyn Watch,
) -> Result<Option<(Choice, Vec<String>)>, RunError> {
    let Some(asked) = &file.choose else {
        return Ok(None);
    };
    let measures = measures(file, asked).map_err(|finding| RunError::Findings(vec![finding]))?;
    let problem = Problem {
        names: measures.iter().map(|measure| measure.name.clone()).collect(),
        titles: measures.iter().map(|measure| measure.title.clone()).collect(),
        objective_names: asked
            .objectives
            .iter()
            .map(|objective| names::objective(objective, model.groups(), model.areas()))
            .collect(),
        costs: measures
            .iter()
            .map(|measure| thousandths(asked.years.mul_add(measure.yearly_cost, measure.cost)))
            .collect(),
        objectives: &asked.objectives,
        budget: asked.budget,
        currency: file.currency.as_deref(),
    };
    let ground = city::Ground::new(baseline, view, model, &measures, &asked.objectives)?;
    let choice = solve(&City::of(&ground), &problem, threads(), watch)?;
    Ok(Some((choice, ground.warnings())))
}

/// The measures to choose between.
fn measures<'a>(file: &'a ScenarioFile, asked: &Choose) -> Result<Vec<&'a Measure>, Finding> {
    let finding = |place: &str, what: String, remedy: &str| Finding {
        place: place.to_owned(),
        what,
        remedy: remedy.to_owned(),
    };
    let measures: Vec<&Measure> = if asked.measures.is_empty() {
        file.measures.iter().collect()
    } else {
        let named = |name: &String| {
            file.measures
                .iter()
                .find(|measure| measure.name == *name)
                .ok_or_else(|| {
                    finding(
                        "choose.measures",
                        format!("there is no measure `{name}`"),
                        "name measures of this file",
                    )
                })
        };
        asked.measures.iter().map(named).collect::<Result<_, _>>()?
    };
    if measures.is_empty() || measures.len() > MOST_MEASURES {
        return Err(finding(
            "choose.measures",
            format!("there are {} measures to choose between", measures.len()),
            "name 1 to 15 of them; every subset is simulated",
        ));
    }
    if asked.objectives.is_empty() || asked.objectives.len() > MOST_OBJECTIVES {
        return Err(finding(
            "choose.objectives",
            format!("there are {} objectives", asked.objectives.len()),
            "name 1 to 3; the cost is always one more",
        ));
    }
    Ok(measures)
}

/// A choice to be made, whatever the city is.
struct Problem<'a> {
    names: Vec<String>,
    /// For people, where they have one.
    titles: Vec<Option<String>>,
    /// For people.
    objective_names: Vec<String>,
    /// In thousandths of the currency's unit.
    costs: Vec<i64>,
    objectives: &'a [Objective],
    budget: Option<f64>,
    currency: Option<&'a str>,
}

fn solve<L: Lab>(
    lab: &L,
    problem: &Problem<'_>,
    threads: usize,
    watch: &dyn Watch,
) -> Result<Choice, RunError> {
    let count = problem.names.len();
    let indicators: Vec<&str> = problem.objectives.iter().map(|o| o.indicator.as_str()).collect();
    let (indicators, indicator_of) = by_indicator(&indicators);
    let asked: Vec<Asked> = indicators
        .iter()
        .enumerate()
        .map(|(number, indicator)| Asked {
            indicator: indicator.clone(),
            objectives: (0..indicator_of.len())
                .filter(|&objective| indicator_of[objective] == number)
                .collect(),
        })
        .collect();
    let base = baseline(lab, problem, &asked)?;
    watch.progress(0, 1, "which measures can be together");
    let rules = Rules::find(lab, count, watch)?;
    let plan = Plan::find(lab, &rules, count, &indicators, watch)?;
    let subsets = plan.subsets(&rules);
    let question = Question {
        subsets: &subsets,
        order: &rules.order,
        asked: &asked,
        concerns: &|indicator, mask| plan.concerns(indicator, mask),
        base: &base,
        told: &|done| watch.progress(done, subsets.len(), "subsets of measures"),
    };
    let outcomes = simulate(lab, &question, threads, watch)?;
    let table = Table::new(count, &base, &indicator_of, &plan, &rules, &outcomes);
    Ok(choice(problem, &table, &rules, subsets.len()))
}

/// The counts of the city as it is.
fn baseline<L: Lab>(lab: &L, problem: &Problem<'_>, asked: &[Asked]) -> Result<Vec<Count>, RunError> {
    let mut base = vec![Count::default(); problem.objectives.len()];
    for asked in asked {
        let Some(counts) = lab.count(&asked.indicator, &asked.objectives)? else {
            return Err(RunError::Findings(vec![Finding {
                place: "choose.objectives".to_owned(),
                what: format!("`{}` cannot be measured in this city", asked.indicator),
                remedy: "take an indicator that the city has the data for, or import what it needs"
                    .to_owned(),
            }]));
        };
        for (&objective, count) in asked.objectives.iter().zip(counts) {
            base[objective] = count;
        }
    }
    Ok(base)
}

fn choice(problem: &Problem<'_>, table: &Table, rules: &Rules, simulations: usize) -> Choice {
    let costs = costs(&problem.costs);
    let budget = problem.budget.map(thousandths);
    let points: Vec<Option<Point>> = (0..table.rows.len())
        .map(|index| {
            let mask = Mask::try_from(index).unwrap_or(Mask::MAX);
            table.counts(mask).map(|counts| Point {
                mask,
                cost: costs[index],
                values: counts.iter().map(|count| count.percent()).collect(),
            })
        })
        .collect();
    let affordable: Vec<Point> = points
        .iter()
        .flatten()
        .filter(|point| budget.is_none_or(|budget| point.cost <= budget))
        .cloned()
        .collect();
    let front = pareto(&affordable);
    let teller = Teller {
        measures: &problem.names,
        titles: &problem.titles,
        objectives: &problem.objective_names,
        currency: problem.currency,
        budget,
        costs: &costs,
        table,
        rules,
        front: &front,
        best: best(&front),
    };
    let subset = |mask: Mask, point: Option<&Point>, names: bool| Subset {
        bits: mask,
        measures: if names { teller.names(mask) } else { Vec::new() },
        cost: costs[mask as usize] as f64 / 1000.0,
        values: point.map(|point| point.values.clone()).unwrap_or_default(),
        dropped: teller.dropped(mask, point),
    };
    Choice {
        measures: problem.names.clone(),
        objectives: problem.objectives.to_vec(),
        budget: problem.budget,
        subsets: points.len(),
        simulations,
        pareto: front
            .iter()
            .map(|point| subset(point.mask, Some(point), true))
            .collect(),
        best: teller.best.map(|best| best.mask),
        measures_told: (0..problem.names.len())
            .map(|measure| teller.told(measure))
            .collect(),
        all: points
            .iter()
            .enumerate()
            .map(|(index, point)| subset(Mask::try_from(index).unwrap_or(Mask::MAX), point.as_ref(), false))
            .collect(),
        notes: notes(problem, budget, points.len(), affordable.len()),
    }
}

fn notes(problem: &Problem<'_>, budget: Option<i64>, subsets: usize, affordable: usize) -> Vec<String> {
    let mut notes = vec![
        "The best affordable subset is the one of the Pareto set with the most of the first objective, then of the \
         second and third, then the cheapest."
            .to_owned(),
    ];
    let free = problem.costs.iter().filter(|&&cost| cost <= 0).count();
    match budget {
        Some(budget) if budget <= 0 => notes.push(format!(
            "The budget is {}: only what costs nothing remains, which is {} of the {} measures.",
            if budget == 0 { "zero" } else { "below zero" },
            if free == 0 {
                "none".to_owned()
            } else {
                free.to_string()
            },
            problem.costs.len()
        )),
        Some(_) if affordable == 1 => {
            notes.push("No measure fits the budget: only doing nothing remains.".to_owned());
        }
        _ => {}
    }
    if affordable == 0 {
        notes.push("No subset fits the budget, not even doing nothing.".to_owned());
    }
    notes.push(format!(
        "{affordable} of {subsets} subsets can be carried out and fit the budget."
    ));
    notes
}
