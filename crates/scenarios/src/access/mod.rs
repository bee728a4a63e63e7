//! Questions of reach on a city's entities, answered as JSON, GeoJSON and tables: what `mapacha simulate access` asks.
//!
//! The city is read as everywhere in this crate ([`crate::model`]), so files that are imported into a twin in memory
//! and a city that has run for years give the same answers. Nothing is written; a question and a city give one
//! answer, on any number of threads.
//!
//! | Question | Answers |
//! |---|---|
//! | [`isochrone`] | what is reached from a place within minutes or metres, as areas by the three values |
//! | [`reach`] | the share of people within a distance along the network of a category of places |
//! | [`route`] | from one place to another: passable, unknown (which tags are missing where) or blocked (by what) |
//! | [`matrix`] | what it costs from all of these to all of those, on foot or by public transport |
//! | [`survey`] | the map of missing tags, and where a look would tell most people most |
//! | [`edges`] | the network itself, for those who check it with another engine |

mod answer;
mod city;
pub mod edges;
pub mod isochrone;
mod journeys;
pub mod matrix;
mod places;
pub mod reach;
pub mod route;
pub mod survey;

pub use answer::{Answer, Table};
pub use city::City;
pub use places::{Place, PointError, point, points_of_csv};
pub use sim_access::reach::OutlineOptions;
pub use sim_access::{Metric, Position, Profile};

use sim_access::Passability;

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub enum QuestionError {
    /// The city could not be modelled.
    #[error(transparent)]
    Model(#[from] crate::model::ModelError),
    /// The twin could not be read.
    #[error("the twin could not be read: {0}")]
    Twin(#[from] twin::Error),
    /// A profile that cannot be.
    #[error("{0}")]
    Profile(#[from] sim_access::passability::ProfileError),
    /// The timetable cannot be built.
    #[error("the timetable: {0}")]
    Timetable(#[from] sim_access::transit::TransitError),
    /// The city lacks what the question is about.
    #[error("{what}; {remedy}")]
    Missing {
        /// What it lacks.
        what: String,
        /// What to do.
        remedy: String,
    },
    /// An option that makes no sense.
    #[error("{option}: {what}; {remedy}")]
    Option {
        /// The option.
        option: &'static str,
        /// What is wrong with it.
        what: String,
        /// What to do.
        remedy: String,
    },
}

impl QuestionError {
    pub(crate) fn missing(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::Missing {
            what: what.into(),
            remedy: remedy.into(),
        }
    }

    pub(crate) fn option(option: &'static str, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::Option {
            option,
            what: what.into(),
            remedy: remedy.into(),
        }
    }

    /// Whether the question was put wrongly, rather than the city unable to answer it.
    #[must_use]
    pub const fn is_usage(&self) -> bool {
        matches!(self, Self::Option { .. } | Self::Profile(_))
    }
}

/// How far one goes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Limit {
    /// Metres along the network.
    Metres(f64),
    /// Minutes at the profile's speed.
    Minutes(f64),
}

impl Limit {
    /// What is counted.
    #[must_use]
    pub const fn metric(self) -> Metric {
        match self {
            Self::Metres(_) => Metric::Distance,
            Self::Minutes(_) => Metric::Time,
        }
    }

    /// As a cost of its metric.
    #[must_use]
    pub fn cost(self) -> sim_access::Cost {
        match self {
            Self::Metres(metres) => Metric::Distance.cost(metres),
            Self::Minutes(minutes) => Metric::Time.cost(minutes * 60.0),
        }
    }

    /// Whether it is a number of metres or minutes, more than 0.
    pub(crate) fn check(self) -> Result<(), QuestionError> {
        let (option, value) = match self {
            Self::Metres(value) => ("--metres", value),
            Self::Minutes(value) => ("--minutes", value),
        };
        if value > 0.0 && value.is_finite() {
            Ok(())
        } else {
            Err(QuestionError::option(
                option,
                format!("`{value}` is no distance one can go"),
                "give a number more than 0",
            ))
        }
    }

    pub(crate) fn to_json(self) -> serde_json::Value {
        match self {
            Self::Metres(value) => serde_json::json!({ "metres": value }),
            Self::Minutes(value) => serde_json::json!({ "minutes": value }),
        }
    }
}

/// How people go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// On foot or by wheelchair alone.
    #[default]
    Walk,
    /// By public transport, and on foot or by wheelchair to, from and between stops.
    Transit,
}

/// The profiles by name: `walking`, `manual-wheelchair`, `powered-wheelchair`, `long-cane`; `_` will do for `-`.
#[must_use]
pub fn profile(name: &str) -> Option<Profile> {
    let name = name.replace('_', "-");
    Profile::built_in()
        .into_iter()
        .find(|profile| profile.name == name)
}

/// The word for a state, in every answer.
#[must_use]
pub const fn word(state: Passability) -> &'static str {
    match state {
        Passability::Passable => "passable",
        Passability::Unknown => "unknown",
        Passability::Blocked => "blocked",
    }
}
