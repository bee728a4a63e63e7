//! Measures against a fork of the twin: which entities change, and what stands against it.

use ngsi_ld::Uri;
use query::View;
use serde::{Deserialize, Serialize};
use twin::{Fork, Snapshot};

use crate::file::{Finding, Measure};

/// What a measure did to the entities of a fork.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Applied {
    /// The measure's name.
    pub measure: String,
    /// Entities that it made.
    pub created: Vec<Uri>,
    /// Entities that it changed.
    pub updated: Vec<Uri>,
    /// Entities that it took away.
    pub deleted: Vec<Uri>,
    /// What the reader should know.
    pub warnings: Vec<String>,
}

impl Applied {
    /// Every entity that is not as it was.
    pub fn changed(&self) -> impl Iterator<Item = &Uri> {
        self.created.iter().chain(&self.updated).chain(&self.deleted)
    }
}

/// Applies one measure to a fork that may hold others already.
///
/// # Errors
/// What stands against it: an entity that is not there, a parameter that does not fit. The fork is then as it was.
pub fn apply(fork: &mut Fork, view: &View, measure: &Measure) -> Result<Applied, Vec<Finding>> {
    let _ = (fork, view, measure);
    todo!()
}

/// Applies measures in order to a fork of the baseline, and looks for contradictions: two that leave one attribute
/// of one entity with different values, one that changes what another takes away, two that make the same entity.
///
/// # Errors
/// Everything that stands against it; the baseline is never touched.
pub fn apply_all(
    baseline: &Snapshot,
    view: &View,
    measures: &[&Measure],
) -> Result<(Fork, Vec<Applied>), Vec<Finding>> {
    let _ = (baseline, view, measures);
    todo!()
}
