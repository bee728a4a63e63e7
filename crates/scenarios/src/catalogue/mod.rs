//! The kinds of measures, as data (`catalogue/measures.toml`): what each needs to know, which entities it changes
//! and how, and what is assumed.

pub(crate) mod argument;
mod effect;
mod parameter;
#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

pub use effect::{Effect, Operand, TypeOf, Who};
pub use parameter::{Parameter, ParameterType};

/// A kind of measure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kind {
    /// Its name in scenario files: `new-stop`, `kerb-ramp` …
    pub name: String,
    /// For people.
    pub title: String,
    /// What it changes in the city, for people.
    pub description: String,
    /// What is assumed, a sentence each.
    #[serde(default)]
    pub assumptions: Vec<String>,
    /// What it needs to know.
    #[serde(default, rename = "parameter")]
    pub parameters: Vec<Parameter>,
    /// What it does to entities, in order.
    #[serde(default, rename = "effect")]
    pub effects: Vec<Effect>,
}

impl Kind {
    /// A parameter by name.
    pub fn parameter(&self, name: &str) -> Option<&Parameter> {
        self.parameters.iter().find(|parameter| parameter.name == name)
    }
}

/// The data file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: String,
    #[serde(rename = "kind")]
    kinds: Vec<Kind>,
}

const TEXT: &str = include_str!("../../catalogue/measures.toml");

// A catalogue that cannot be read has no kinds; a test holds that it can.
static FILE: LazyLock<File> = LazyLock::new(|| {
    read(TEXT).unwrap_or_else(|_| File {
        version: String::new(),
        kinds: Vec::new(),
    })
});

fn read(text: &str) -> Result<File, toml::de::Error> {
    toml::from_str(text)
}

/// Every kind, in the order of the file.
pub fn kinds() -> &'static [Kind] {
    &FILE.kinds
}

/// A kind by name.
pub fn kind(name: &str) -> Option<&'static Kind> {
    kinds().iter().find(|kind| kind.name == name)
}

/// The version of the catalogue.
pub fn version() -> &'static str {
    &FILE.version
}
