//! The scenario file: what is tried, on what, and what is measured. TOML or JSON, the same keys.

mod check;
pub(crate) mod nearest;
mod schema;
mod shape;
#[cfg(test)]
mod tests;
mod tree;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A scenario file.
///
/// ```toml
/// schema = 1
/// title = "Kerbs or buses?"
/// currency = "USD"
///
/// [[measure]]
/// name = "ramps-old-town"
/// kind = "kerb-ramp"
/// cost = 12000
/// owner = "Roads department"
/// start = "2027-03-01"
/// with.nodes = ["urn:ngsi-ld:RoadNode:17"]
///
/// [[scenario]]
/// name = "kerbs"
/// measures = ["ramps-old-town"]
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScenarioFile {
    /// The version of this format: 1.
    pub schema: u32,
    /// What it is about, in a line.
    pub title: String,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// ISO 4217 code of all costs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// What is measured, by identifier (see [`crate::indicator`]), or a KPI of the catalogue (`EC: I: T: 2A`).
    /// Empty: all that the city has the data for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub indicators: Vec<String>,
    /// The fingerprint of the city that the file is for (`provenance.inputs` of a result, 64 hexadecimal digits). With
    /// it, a run of any other city is refused; without it, a run is of the city as it is when it begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<String>,
    /// How people travel.
    #[serde(default)]
    pub travel: crate::model::TravelOptions,
    /// The measures that scenarios are made of.
    #[serde(default, rename = "measure", skip_serializing_if = "Vec::is_empty")]
    pub measures: Vec<Measure>,
    /// The scenarios. None: one with every measure.
    #[serde(default, rename = "scenario", skip_serializing_if = "Vec::is_empty")]
    pub scenarios: Vec<Scenario>,
    /// Which of the measures to choose, if asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub choose: Option<Choose>,
    /// The seed of whatever is drawn by chance (recorded with the results).
    #[serde(default)]
    pub seed: u64,
}

/// A named measure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Measure {
    /// Its name in this file: letters, digits, `-`, `_`.
    pub name: String,
    /// For people; without it, the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// A kind of the catalogue (`mapacha scenario kinds`).
    pub kind: String,
    /// What it costs once, in the file's currency.
    #[serde(default)]
    pub cost: f64,
    /// What it costs every year.
    #[serde(default)]
    pub yearly_cost: f64,
    /// Who carries it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// When it starts, `YYYY-MM-DD`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<String>,
    /// The parameters of its kind.
    #[serde(default)]
    pub with: BTreeMap<String, serde_json::Value>,
}

/// A named scenario: the baseline with these measures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Its name in this file: letters, digits, `-`, `_`.
    pub name: String,
    /// For people; without it, the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Measures by name, in the order in which they are carried out.
    pub measures: Vec<String>,
}

/// A choice among the measures: every subset is simulated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Choose {
    /// The measures to choose from, 1 to 15. Empty: all of the file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub measures: Vec<String>,
    /// What is wanted, 1 to 3 objectives; cost is always one more.
    pub objectives: Vec<Objective>,
    /// The most that may be spent (once, and for `years` of the yearly costs).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<f64>,
    /// How many years of the yearly costs count.
    #[serde(default = "ten_years")]
    pub years: f64,
}

impl Choose {
    /// The measures of the file to choose from.
    pub(crate) fn of<'a>(&self, file: &'a ScenarioFile) -> Vec<&'a Measure> {
        let asked = |measure: &&Measure| self.measures.is_empty() || self.measures.contains(&measure.name);
        file.measures.iter().filter(asked).collect()
    }
}

fn ten_years() -> f64 {
    10.0
}

/// Something that is wanted.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Objective {
    /// The indicator.
    pub indicator: String,
    /// Only of these people (`disability`, `age:65+`, `income:low`, or an area's id); without it, of all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
}

/// What is wrong with a scenario file, where, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize)]
#[error("{place}: {what}; {remedy}")]
pub struct Finding {
    /// Where: a line and column, or a key as in `measure ramps-old-town, with.nodes[2]`.
    pub place: String,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub remedy: String,
}

impl ScenarioFile {
    /// Reads TOML, or JSON where the text begins with `{`, and checks all that can be without a city: names,
    /// references, kinds and their parameters, costs, budget.
    ///
    /// # Errors
    /// Everything that is wrong, not the first only.
    pub fn parse(text: &str) -> Result<Self, Vec<Finding>> {
        let mut tree = tree::read(text)?;
        let mut findings = shape::check(&schema::STRUCTS, &mut tree);
        match serde_json::from_value::<Self>(tree) {
            Ok(file) => {
                // What the shape lacks is said once.
                let also: Vec<Finding> = file
                    .check()
                    .into_iter()
                    .filter(|it| !findings.iter().any(|known| known.place == it.place))
                    .collect();
                findings.extend(also);
                if findings.is_empty() {
                    return Ok(file);
                }
            }
            Err(error) if findings.is_empty() => findings.push(Finding {
                place: "the file".to_owned(),
                what: error.to_string(),
                remedy: "`mapacha scenario schema` says what each key takes".to_owned(),
            }),
            Err(_) => {}
        }
        Err(findings)
    }

    /// Everything that is wrong with its names, references, kinds and parameters, costs and budget, as far as that
    /// can be said without a city. Empty of a file that was read by [`ScenarioFile::parse`].
    pub fn check(&self) -> Vec<Finding> {
        check::check(self)
    }

    /// As TOML that [`ScenarioFile::parse`] reads as the same file.
    ///
    /// # Errors
    /// Values that TOML cannot hold: null, and whole numbers of 2^63 or more.
    pub fn to_toml(&self) -> Result<String, Finding> {
        toml::to_string(self).map_err(|error| Finding {
            place: "the file".to_owned(),
            what: format!("it cannot be written as TOML ({error})"),
            remedy: "leave null values out, or write it as JSON".to_owned(),
        })
    }

    /// The JSON Schema of the format (2020-12), with the parameters of every kind of measure.
    pub fn schema() -> serde_json::Value {
        schema::whole()
    }
}
