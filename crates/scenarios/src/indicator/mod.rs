//! What is measured: who reaches what, by group and area, in three values.

mod cell_set;

use std::sync::Arc;

use ngsi_ld::Uri;
use serde::{Deserialize, Serialize};
use sim_access::Passability;
use sim_access::equity::Share;

use crate::model::{Model, ModelError};

pub use cell_set::CellSet;

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

/// Counts people by given states of [`Model::cells`]: what [`measure`] does once it has the states. With states that
/// stand for changes (passable: gains; blocked: loses), it counts who gains and who loses, by group and area.
pub fn count(model: &Model, states: Arc<[Passability]>) -> Measured {
    let _ = (model, states);
    todo!()
}

/// The cells whose state of an indicator a measure could change, in whatever company.
///
/// `base` is the city as it is, `after` the city with *all* measures under discussion, `changed` the entities that
/// one of them changes. For every subset of the measures without that one, and every cell outside the answer, adding
/// the measure leaves the cell's state as it is. So measures of disjoint answers do not interact.
///
/// # Errors
/// None that models of this crate cause.
pub fn touched(
    base: &Model,
    after: &Model,
    changed: &[Uri],
    indicator: &str,
) -> Result<CellSet, ModelError> {
    let _ = (base, after, changed, indicator);
    todo!()
}
