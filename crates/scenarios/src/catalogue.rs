//! The kinds of measures, as data (`catalogue/measures.toml`): what each needs to know, and which entities it
//! changes and how.

use serde::{Deserialize, Serialize};

/// A kind of measure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kind {
    /// Its name in scenario files: `new-stop`, `kerb-ramp` …
    pub name: String,
    /// For people.
    pub title: String,
    /// What it changes in the city and what is assumed, for people.
    pub description: String,
    /// What it needs to know.
    #[serde(default, rename = "parameter")]
    pub parameters: Vec<Parameter>,
    /// What it does to entities, in order.
    #[serde(default, rename = "effect")]
    pub effects: Vec<Effect>,
}

/// A parameter of a kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// Its key under `with`.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub value: ParameterType,
    /// For people.
    pub description: String,
    /// Used where nothing is given; a parameter without one must be given.
    #[serde(default)]
    pub default: Option<serde_json::Value>,
}

/// Types of parameters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum ParameterType {
    Text,
    Number,
    Integer,
    Boolean,
    /// `HH:MM`.
    Time,
    /// `[longitude, latitude]` in degrees of WGS 84.
    Position,
    /// A list of positions, two or more.
    Line,
    /// An entity's id.
    Entity,
    /// A list of entities' ids, or `{type, q, area}` that selects them.
    Entities,
}

/// One effect of a kind. The helper that implements [`crate::measures`] owns its shape.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Effect {
    /// The verb: `create`, `set`, `remove`, `delete`, `scale`, `move`, `call-at`, `new-line` …
    pub verb: String,
    /// Its operands.
    #[serde(flatten)]
    pub operands: serde_json::Map<String, serde_json::Value>,
}

/// Every kind.
pub fn kinds() -> &'static [Kind] {
    &[]
}

/// A kind by name.
pub fn kind(name: &str) -> Option<&'static Kind> {
    kinds().iter().find(|kind| kind.name == name)
}
