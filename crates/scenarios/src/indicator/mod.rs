//! What is measured: who reaches what, by group and area, in three values.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sim_access::Passability;
use sim_access::equity::Share;

use crate::model::{Model, ModelError};

/// An indicator of reach.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Indicator {
    /// `stop-walk`, `stop-wheelchair`, `park-walk`, `park-wheelchair`, `clinic-walk`, `clinic-wheelchair`,
    /// `school-walk`, `school-wheelchair`, `clinic-transit`, `clinic-transit-wheelchair`.
    pub id: String,
    /// For people.
    pub name: String,
    /// What is calculated and how, with its source (SDG metadata, paper).
    pub method: String,
    /// `%` of people.
    pub unit: String,
}

/// The indicators of reach that this crate knows.
pub fn all() -> &'static [Indicator] {
    &[]
}

/// What came out for one indicator.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// Everybody.
    pub all: Share,
    /// Each of [`Model::groups`].
    pub groups: Vec<Share>,
    /// Each of [`Model::areas`].
    pub areas: Vec<Share>,
    /// Persons with disabilities (or the group asked for) by area: `area_groups[area][group]`.
    pub area_groups: Vec<Vec<Share>>,
    /// Each of [`Model::cells`].
    pub states: Arc<[Passability]>,
}

/// Measures an indicator; `Ok(None)` where the city lacks the data (no stops, no clinics), and why is in
/// [`Model::notes`]. Pure: the same model gives the same, on any number of threads.
pub fn measure(model: &Model, indicator: &str) -> Result<Option<Measured>, ModelError> {
    let _ = (model, indicator);
    todo!()
}
