//! From entities to the inputs of the simulators: streets, timetable, people, places.

pub mod places;
pub mod streets;
pub mod timetable;

use ngsi_ld::Uri;
use query::View;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sim_access::Snap;
use twin::Reader;

pub use places::Place;
pub use streets::{Streets, Who};
pub use timetable::{Stop, Timetable};

/// How people travel, where a scenario file says nothing else.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TravelOptions {
    /// The day, `YYYY-MM-DD`; without it, a Tuesday on which the timetable runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// When journeys by public transport start, `HH:MM`.
    pub time: String,
    /// How long a journey by public transport may take, door to door, in minutes.
    pub minutes: f64,
    /// How far somebody walks or rolls to a clinic, a school, in metres along the network.
    pub walk_m: f64,
    /// Where there are no streets in the twin: how much longer the way is than the straight line.
    pub detour: f64,
    /// The profile that stands for persons with disabilities (`manual_wheelchair`, `powered_wheelchair`,
    /// `long_cane`).
    pub wheelchair: String,
}

impl Default for TravelOptions {
    fn default() -> Self {
        Self {
            date: None,
            time: "08:00".to_owned(),
            minutes: 30.0,
            walk_m: 1000.0,
            detour: 1.3,
            wheelchair: "manual_wheelchair".to_owned(),
        }
    }
}

/// A group of people.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Group {
    /// `disability`, `age:65+`, `income:low` …
    pub id: String,
    /// For people.
    pub name: String,
}

/// An area of the city.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Area {
    /// The entity.
    pub id: Uri,
    /// Its name.
    pub name: String,
}

/// Why there is no model.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The twin could not be read.
    #[error("the twin could not be read: {0}")]
    Twin(#[from] twin::Error),
    /// An option that is none.
    #[error("travel.{key}: {what}; {remedy}")]
    Option {
        /// Its key.
        key: &'static str,
        /// What is wrong.
        what: String,
        /// What to do.
        remedy: &'static str,
    },
    /// Entities that the simulators cannot take.
    #[error("{0}")]
    Data(String),
}

/// The city as the simulators see it. Cheap to clone: parts are shared.
#[derive(Clone)]
pub struct Model {}

impl Model {
    /// Reads a city.
    pub fn read(reader: &dyn Reader, view: &View, options: &TravelOptions) -> Result<Self, ModelError> {
        let _ = (reader, view, options);
        todo!()
    }

    /// The model after these entities were made, changed or taken away, as `reader` now shows them. The same as
    /// [`Model::read`] of that reader with this model's [`Model::options`], but it shares with this model what did
    /// not change, and costs what did.
    pub fn after(&self, reader: &dyn Reader, view: &View, changed: &[Uri]) -> Result<Self, ModelError> {
        let _ = (reader, view, changed);
        todo!()
    }

    /// How people travel; `date` is the day that was chosen, where none was given and a timetable runs.
    pub fn options(&self) -> &TravelOptions {
        todo!()
    }

    /// The city's name, where its boundary says it.
    pub fn city_name(&self) -> Option<&str> {
        todo!()
    }

    /// The groups that people are counted by.
    pub fn groups(&self) -> &[Group] {
        todo!()
    }

    /// The city's areas.
    pub fn areas(&self) -> &[Area] {
        todo!()
    }

    /// Where people live: longitude and latitude of each inhabited cell within the boundary, and how many.
    pub fn cells(&self) -> &[indicators::calculation::Cell] {
        todo!()
    }

    /// The area that each of [`Model::cells`] is in, by its place among [`Model::areas`].
    pub fn cell_areas(&self) -> &[Option<u32>] {
        todo!()
    }

    /// Where each of [`Model::cells`] lies on the streets; empty where the twin has no streets.
    pub fn cell_snaps(&self) -> &[Option<Snap>] {
        todo!()
    }

    /// The streets; `None`: the twin has none, and ways are straight lines times `detour`.
    pub fn streets(&self) -> Option<&Streets> {
        todo!()
    }

    /// The timetable of the day; `None`: the twin has no trips.
    pub fn timetable(&self) -> Option<&Timetable> {
        todo!()
    }

    /// The stops that the day's trips call at.
    pub fn stops(&self) -> &[Stop] {
        todo!()
    }

    /// The places of a category: `clinic`, `school`, `park` (see [`places`]), or a category as the entities say it
    /// (`pharmacy`, `library` …); by id.
    pub fn places(&self, category: &str) -> Vec<&Place> {
        let _ = category;
        todo!()
    }

    /// What was assumed, left out or not known, for people.
    pub fn notes(&self) -> &[String] {
        todo!()
    }
}
