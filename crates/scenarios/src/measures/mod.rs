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

/// Measures, expanded against a baseline: which entities each changes and how, found once, so that any subset of
/// them can be carried out quickly. What measures do together does not depend on their order.
pub struct Plans {}

/// A fork of the baseline with some of the measures of [`Plans`]. A clone shares what it has.
#[derive(Clone)]
pub struct Draft {
    fork: Fork,
}

impl Plans {
    /// Expands measures. Selections are evaluated on the baseline; a measure may name entities that another of them
    /// makes (`urn:ngsi-ld:GtfsStop:scenario:<measure>`), and then needs it.
    ///
    /// # Errors
    /// Everything that stands against any of them alone. Contradictions between two are no error here: see
    /// [`Plans::contradictions`].
    pub fn new(baseline: &Snapshot, view: &View, measures: &[&Measure]) -> Result<Self, Vec<Finding>> {
        let _ = (baseline, view, measures);
        todo!()
    }

    /// The contradictions among these measures, by their places in the list: two that leave one attribute of one
    /// entity with different values, one that changes what another takes away, two that make the same entity; and
    /// measures that need one that is not among them.
    pub fn contradictions(&self, subset: &[usize]) -> Vec<Finding> {
        let _ = subset;
        todo!()
    }

    /// The baseline, to be written to.
    pub fn draft(&self) -> Draft {
        todo!()
    }

    /// Carries out one more measure, by its place in the list.
    ///
    /// # Errors
    /// What stands against it beside those that the draft has; the draft is then as it was.
    pub fn add(&self, draft: &mut Draft, measure: usize) -> Result<Applied, Vec<Finding>> {
        let _ = (draft, measure);
        todo!()
    }
}

impl Draft {
    /// The fork.
    pub fn fork(&self) -> &Fork {
        &self.fork
    }

    /// A picture of it, to be read like the twin.
    pub fn snapshot(&self) -> Snapshot {
        self.fork.snapshot()
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
