//! What a run says. Its JSON is a contract.

mod csv;
mod figure;
mod html;
#[cfg(test)]
pub(crate) mod sample;
mod svg;

pub use csv::csv;
pub(crate) use figure::people;
pub use figure::{decimals, figure, money, money_decimals, signed};
pub use html::html;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::measures::Applied;
use crate::model::{Area, Group};

/// The result of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunResult {
    /// The version of this format: 1.
    pub schema: u32,
    /// The file's title.
    pub title: String,
    /// The city's name.
    pub city: String,
    /// ISO 4217 code of all costs.
    pub currency: Option<String>,
    /// The groups that people are counted by.
    pub groups: Vec<Group>,
    /// The city's areas.
    pub areas: Vec<Area>,
    /// The city as it is.
    pub baseline: Vec<Value>,
    /// The titles of the measures that have one, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub measure_titles: BTreeMap<String, String>,
    /// Each scenario, beside the baseline.
    pub scenarios: Vec<ScenarioResult>,
    /// The choice among the measures, where one was asked for.
    pub choice: Option<Choice>,
    /// Where the numbers come from.
    pub provenance: Provenance,
    /// What the reader should know about the whole.
    pub warnings: Vec<String>,
}

impl RunResult {
    /// A measure for people: its title, or its name where it has none.
    #[must_use]
    pub fn measure_title<'a>(&'a self, name: &'a str) -> &'a str {
        self.measure_titles.get(name).map_or(name, String::as_str)
    }

    /// An objective for people.
    pub(crate) fn objective(&self, objective: &crate::file::Objective) -> String {
        crate::names::objective(objective, &self.groups, &self.areas)
    }
}

/// The value of an indicator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Value {
    /// `clinic-wheelchair`, or a KPI of the catalogue.
    pub indicator: String,
    /// For people.
    pub name: String,
    /// Its unit.
    pub unit: String,
    /// Whether more is better; `null`: neither.
    pub more_is_better: Option<bool>,
    /// The value: of what is known. `null`: it cannot be calculated.
    pub value: Option<f64>,
    /// The bounds of the truth, as far as they are known: everything unknown bad, everything unknown good; or the
    /// KPI's own sensitivity.
    pub low: Option<f64>,
    /// See above.
    pub high: Option<f64>,
    /// What the bounds are about.
    pub uncertainty: Option<String>,
    /// Of each of the run's groups, in their order.
    pub groups: Vec<Part>,
    /// Of each of the run's areas, in their order.
    pub areas: Vec<Part>,
}

/// The value of a part of the people.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// The value; `null`: nobody is in it, or it is not known.
    pub value: Option<f64>,
    /// Bounds, as above.
    pub low: Option<f64>,
    /// Bounds, as above.
    pub high: Option<f64>,
    /// How many people it is about.
    pub people: Option<f64>,
}

/// A scenario beside the baseline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScenarioResult {
    /// Its name in the file.
    pub name: String,
    /// For people.
    pub title: String,
    /// What it costs once.
    pub cost: f64,
    /// What it costs every year.
    pub yearly_cost: f64,
    /// What each measure did to the entities.
    pub measures: Vec<Applied>,
    /// Who carries its measures out and when, in their order; of measures whose file says neither, nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub carried_out: Vec<CarriedOut>,
    /// The values, in the order of the baseline's.
    pub values: Vec<Value>,
    /// The differences, in the same order.
    pub differences: Vec<Difference>,
    /// What the reader should know.
    pub warnings: Vec<String>,
}

/// Who carries a measure out, and when it starts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CarriedOut {
    /// The measure's name.
    pub measure: String,
    /// Who carries it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// When it starts, `YYYY-MM-DD`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<String>,
}

impl CarriedOut {
    /// `Roads department, from 2027-03-01`.
    pub fn told(&self) -> String {
        let from = self.start.as_ref().map(|start| format!("from {start}"));
        let parts: Vec<&str> = self.owner.iter().chain(&from).map(String::as_str).collect();
        parts.join(", ")
    }
}

/// The city that a run is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Baseline {
    /// The instant of the snapshot.
    pub snapshot: String,
    /// The fingerprint of what was read.
    pub inputs: String,
}

/// The difference of a scenario to the baseline in one indicator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// The indicator.
    pub indicator: String,
    /// Scenario less baseline.
    pub difference: Option<f64>,
    /// The least that it can be, given what is not known.
    pub low: Option<f64>,
    /// The most.
    pub high: Option<f64>,
    /// The verdict: `better`, `worse`, `same`, or `not_known` where there is no value or no direction.
    pub verdict: Verdict,
    /// How many more people (fewer where negative) it concerns, for shares of people.
    pub people: Option<f64>,
    /// How many people gain: they are known to reach it now, and were not before.
    pub gain: Option<f64>,
    /// How many lose.
    pub lose: Option<f64>,
    /// The cost (once and yearly, over the file's years) for each unit gained; for shares of people, for each
    /// person.
    pub cost_per_unit: Option<f64>,
    /// Each group's difference, in the run's order.
    pub groups: Vec<PartDifference>,
    /// Each area's difference, in the run's order.
    pub areas: Vec<PartDifference>,
}

/// The difference of a part of the people.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PartDifference {
    /// Scenario less baseline.
    pub difference: Option<f64>,
    /// How many people gain: they are known to reach it now, and were not before.
    pub gain: Option<f64>,
    /// How many lose.
    pub lose: Option<f64>,
}

/// Whether a difference is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum Verdict {
    Better,
    Worse,
    Same,
    NotKnown,
}

/// The choice among the measures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// The measures, by name; bit `i` of a subset is `measures[i]`.
    pub measures: Vec<String>,
    /// What is wanted.
    pub objectives: Vec<crate::file::Objective>,
    /// The most that may be spent.
    pub budget: Option<f64>,
    /// How many subsets there are, and how many simulations they took, shared.
    pub subsets: usize,
    /// See above.
    pub simulations: usize,
    /// The best of the Pareto set, as bits: the one with the most of the first objective, then of the second and third,
    /// then the cheapest.
    pub best: Option<u32>,
    /// The Pareto set: affordable subsets that no other beats, cheapest first.
    pub pareto: Vec<Subset>,
    /// For each measure, why it is not in the best affordable subset, or that it is.
    pub measures_told: Vec<Told>,
    /// Every subset (`0..2^n`, in this order), for those who want to look: cost, values, why it was dropped; without
    /// names, which its bits say.
    pub all: Vec<Subset>,
    /// What the reader should know.
    pub notes: Vec<String>,
}

/// A subset of measures and what it gives.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Subset {
    /// The subset as bits.
    pub bits: u32,
    /// Its measures by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub measures: Vec<String>,
    /// What it costs, with the yearly costs of the years that count.
    pub cost: f64,
    /// The value of each objective; none: the subset cannot be.
    pub values: Vec<f64>,
    /// Why it was dropped; none: it is in the Pareto set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dropped: Option<String>,
}

/// What became of a measure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Told {
    /// The measure.
    pub measure: String,
    /// In how many of the Pareto set it is.
    pub in_pareto: usize,
    /// What it gives alone, of each objective; empty: it cannot be alone.
    pub alone: Vec<f64>,
    /// What the best affordable subset loses without it (or would gain with it), of each objective; empty:
    /// they cannot be together, or others of it need this one.
    pub with_the_best: Vec<f64>,
    /// For people: why it was dropped, or why it is in.
    pub why: String,
}

/// Where the numbers come from: the same inputs give the same result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// The program's version.
    pub version: String,
    /// The instant of the snapshot.
    pub snapshot: String,
    /// SHA-256 over every entity that was read, in hex.
    pub inputs: String,
    /// The city that the run began with, where the program ended during the run and the city was another when the run
    /// began anew: nothing of the result is of that city.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begun_with: Option<Baseline>,
    /// SHA-256 of the scenario file as it was understood, in hex.
    pub file: String,
    /// The seed.
    pub seed: u64,
    /// How many entities of each type were read.
    pub entities: BTreeMap<String, usize>,
    /// What was assumed.
    pub assumptions: Vec<String>,
}

/// A number of people for people to read: whole, thousands apart.
pub(crate) fn rounded(people: f64) -> String {
    figure::people(people).replace('\u{a0}', " ")
}
