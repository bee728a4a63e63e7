//! A thread that carries runs out.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use ngsi_ld::{Timestamp, Uri};
use parking_lot::Mutex;
use twin::{Operation, Snapshot};

use super::entity::{self, Update};
use super::queue::Shared;
use super::{Run, RunStatus};
use crate::file::ScenarioFile;
use crate::result::{Baseline, RunResult};
use crate::run::{RunError, Watch, inputs};

/// Progress is written at most so often, in microseconds.
const PROGRESS_EVERY: i64 = 500_000;

/// Works until all is to end.
pub(super) fn run(shared: &Arc<Shared>) {
    while let Some(id) = shared.next() {
        carry_out(shared, &id);
        shared.left(&id);
    }
}

fn carry_out(shared: &Shared, id: &Uri) {
    let Some(run) = shared.read(id).filter(|run| !run.status.is_final()) else {
        return;
    };
    let outcome = catch_unwind(AssertUnwindSafe(|| found(shared, &run))).unwrap_or_else(|_| {
        tracing::error!(run = %id, "a scenario run panicked; nothing of it was stored");
        Err(Failure::Failed(vec![
            "the run met a defect of this program; please report it with the log".to_owned(),
        ]))
    });
    let written = match outcome {
        Ok(result) => done(shared, id, &result),
        // The program ends as it was asked to: that is no attempt that failed.
        Err(Failure::Over) if shared.is_cut_off(id) => {
            shared.write(Update::default().attempts(run.attempts).of(id))
        }
        Err(Failure::Over) => return,
        Err(Failure::Failed(errors)) => failed(shared, id, &errors),
    };
    if let Err(error) = written {
        tracing::error!(run = %id, %error, "the end of a scenario run could not be stored; it is run again at the next start");
    }
}

/// Why a run found nothing.
enum Failure {
    /// It was cancelled, or all is to end: whoever did that has said so.
    Over,
    Failed(Vec<String>),
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Cancelled => Self::Over,
            RunError::Findings(findings) => Self::Failed(findings.iter().map(ToString::to_string).collect()),
            other => Self::Failed(vec![other.to_string()]),
        }
    }
}

impl From<twin::Error> for Failure {
    fn from(error: twin::Error) -> Self {
        Self::Failed(vec![error.to_string()])
    }
}

/// What a run finds, with what is to be said about it.
fn found(shared: &Shared, run: &Run) -> Result<RunResult, Failure> {
    let file = ScenarioFile::parse(&run.scenario_file).map_err(RunError::Findings)?;
    let snapshot = shared.twin.snapshot();
    let begun = start(shared, run, &snapshot)?;
    let watch = JobWatch {
        shared,
        id: &run.id,
        written: Mutex::new((shared.twin.now(), 0.0)),
    };
    let mut result = (shared.work)(&snapshot, &shared.view, &file, &watch)?;
    result.warnings.splice(0..0, begun.warnings);
    result.provenance.begun_with = begun.with;
    Ok(result)
}

/// A run that begins.
struct Begun {
    /// The baseline that it began with before, where that was another.
    with: Option<Baseline>,
    /// What is to be said about it.
    warnings: Vec<String>,
}

/// Says that a run is at work, and on what.
fn start(shared: &Shared, run: &Run, snapshot: &Snapshot) -> Result<Begun, Failure> {
    let hash = inputs(snapshot, &shared.view)?;
    let mut begun = Begun {
        with: None,
        warnings: Vec::new(),
    };
    if let Some(before) = run.fingerprint.as_ref().filter(|before| **before != hash) {
        let was_at = run.baseline_at.or(run.started_at).unwrap_or(run.submitted_at);
        begun.warnings.push(format!(
            "the program ended during this run, and the city changed before the run began anew: all of it is of the \
             city at {}, not of the city at {was_at} with which it began",
            snapshot.at()
        ));
        begun.with = Some(Baseline {
            snapshot: was_at.to_string(),
            inputs: before.clone(),
        });
    }
    if run.fingerprint.is_some() && run.version != env!("CARGO_PKG_VERSION") {
        begun.warnings.push(format!(
            "the run began with version {} and was done with version {}",
            run.version,
            env!("CARGO_PKG_VERSION")
        ));
    }
    // Held, so that a run that is cancelled at this instant does not come back to life.
    let queue = shared.lock();
    if queue.is_working(&run.id) {
        shared.write(
            Update::default()
                .status(RunStatus::Running)
                .started(shared.twin.now())
                .version()
                .fingerprint(&hash)
                .baseline_at(snapshot.at())
                .attempts(run.attempts.saturating_add(1))
                .progress(0.0, "the city is read")
                .of(&run.id),
        )?;
        drop(queue);
        Ok(begun)
    } else {
        Err(Failure::Over)
    }
}

/// Writes all that a run found, with its status in the same batch.
fn done(shared: &Shared, id: &Uri, result: &RunResult) -> Result<(), twin::Error> {
    if !shared.begin_writing(id) {
        return Ok(());
    }
    let (results, operations) = match batch(shared, id, result) {
        Ok(batch) => batch,
        Err(error) => return shared.write(ended(shared, &[error.to_string()]).of(id)),
    };
    let outcomes = shared.twin.load_blocking(&shared.view, operations);
    let Some(error) = outcomes.into_iter().find_map(Result::err) else {
        return Ok(());
    };
    // The batch was not durable, or somebody took the run away past us: then its results are nobody's.
    let away = results.into_iter().map(Operation::Delete).collect();
    drop(shared.twin.load_blocking(&shared.view, away));
    match shared.read(id) {
        Some(_) => shared.write(ended(shared, &[error.to_string()]).of(id)),
        None => Ok(()),
    }
}

/// The results' ids, and what is written.
fn batch(shared: &Shared, id: &Uri, result: &RunResult) -> Result<(Vec<Uri>, Vec<Operation>), twin::Error> {
    let bytes = serde_json::to_vec(result)
        .map_err(|error| twin::Error::Storage(format!("the result cannot be written as JSON: {error}")))?;
    // Nothing names it yet, so nobody sees it.
    let blob = shared.twin.put_blob(&mut bytes.as_slice())?;
    let results = entity::results(id, result);
    let ids = results.iter().map(|entity| entity.id.clone()).collect();
    let mut operations: Vec<Operation> = results.into_iter().map(Operation::UpsertReplace).collect();
    operations.push(
        Update::default()
            .progress(1.0, "done")
            .fingerprint(&result.provenance.inputs)
            .warnings(&result.warnings)
            .blob(&blob)
            .finished(shared.twin.now())
            .status(RunStatus::Done)
            .of(id),
    );
    Ok((ids, operations))
}

fn failed(shared: &Shared, id: &Uri, errors: &[String]) -> Result<(), twin::Error> {
    if !shared.begin_writing(id) {
        return Ok(());
    }
    shared.write(ended(shared, errors).of(id))
}

fn ended(shared: &Shared, errors: &[String]) -> Update {
    Update::default()
        .errors(errors)
        .finished(shared.twin.now())
        .status(RunStatus::Failed)
}

/// Writes progress now and then, and stops the work when it is over.
struct JobWatch<'a> {
    shared: &'a Shared,
    id: &'a Uri,
    /// When progress was last written, and how much.
    written: Mutex<(Timestamp, f64)>,
}

impl Watch for JobWatch<'_> {
    fn progress(&self, done: usize, of: usize, step: &str) {
        let progress = (done as f64 / of.max(1) as f64).clamp(0.0, 1.0);
        let now = self.shared.twin.now();
        let Some(mut written) = self.written.try_lock() else {
            return;
        };
        let soon = now.as_micros() - written.0.as_micros() < PROGRESS_EVERY;
        if soon || progress < written.1 || self.cancelled() {
            return;
        }
        *written = (now, progress);
        // A progress that cannot be written is no reason to end.
        if let Err(error) = self
            .shared
            .write(Update::default().progress(progress, step).of(self.id))
        {
            tracing::warn!(run = %self.id, %error, "the progress of a scenario run could not be stored");
        }
    }

    fn cancelled(&self) -> bool {
        self.shared.is_over(self.id)
    }
}
