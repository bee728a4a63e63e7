//! All subsets of up to 15 measures, simulated; the Pareto set under a budget, and why the others were dropped.

use query::View;
use twin::Snapshot;

use crate::file::ScenarioFile;
use crate::model::Model;
use crate::result::Choice;
use crate::run::{RunError, Watch};

/// The most measures that can be chosen between: 32 768 subsets.
pub const MOST_MEASURES: usize = 15;

/// Simulates every subset of the measures that the file wants to choose between. `None`: it does not ask for it.
pub fn choose(
    baseline: &Snapshot,
    view: &View,
    file: &ScenarioFile,
    model: &Model,
    watch: &dyn Watch,
) -> Result<Option<Choice>, RunError> {
    let _ = (baseline, view, file, model, watch);
    todo!()
}
