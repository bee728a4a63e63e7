//! Baseline and scenarios, measured and compared.

use query::View;
use twin::Snapshot;

use crate::file::{Finding, ScenarioFile};
use crate::result::RunResult;

/// Why a run gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The scenario file does not fit the city.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Findings(Vec<Finding>),
    /// The city could not be modelled.
    #[error(transparent)]
    Model(#[from] crate::model::ModelError),
    /// The KPIs could not be calculated.
    #[error(transparent)]
    Assess(#[from] indicators::AssessError),
    /// Somebody cancelled it.
    #[error("the run was cancelled")]
    Cancelled,
}

/// How far a run is, and whether to go on.
pub trait Watch: Sync {
    /// So many steps of so many are done; the last one was this.
    fn progress(&self, done: usize, of: usize, step: &str);
    /// Whether to stop. Asked often.
    fn cancelled(&self) -> bool;
}

/// Runs a scenario file against a snapshot. Nothing is written anywhere.
///
/// The result depends on the snapshot, the file and the version of this program only: not on time, on the number of
/// threads, or on chance beyond the file's seed.
pub fn run(
    baseline: &Snapshot,
    view: &View,
    file: &ScenarioFile,
    watch: &dyn Watch,
) -> Result<RunResult, RunError> {
    let _ = (baseline, view, file, watch);
    todo!()
}

/// How many threads there are to work with.
pub(crate) fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, |threads| threads.get().min(16))
}
