//! Runs in the background: progress, cancel, resume; their entities.
//!
//! A run is an entity `ScenarioRun`; what it found is an entity `ScenarioResult` for each of its scenarios and
//! indicators, and the whole [`RunResult`] as a blob that the run names. Nothing else of the twin is ever written.

use ngsi_ld::{Timestamp, Uri};
use query::View;
use serde::{Deserialize, Serialize};
use twin::{BlobId, Reader, Twin};

use crate::result::RunResult;

/// The bounds of a tenant's runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobLimits {
    /// Threads that carry runs out, 1 to 8.
    pub workers: usize,
    /// Runs that may wait.
    pub waiting: usize,
    /// The length of a scenario file in bytes.
    pub file_bytes: usize,
}

impl Default for JobLimits {
    fn default() -> Self {
        Self {
            workers: 1,
            waiting: 16,
            file_bytes: 1 << 20,
        }
    }
}

/// A run that is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Submission {
    /// The scenario file, TOML or JSON.
    pub file: String,
    /// For people; without it, the file's title.
    pub title: Option<String>,
    /// A second submission with the same key gives the first one's run.
    pub key: Option<String>,
}

/// A run that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submitted {
    /// Its entity.
    pub id: Uri,
    /// Whether it is new; otherwise its key was known.
    pub created: bool,
}

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the names say it")]
pub enum RunStatus {
    Queued,
    Running,
    Done,
    Failed,
    Cancelled,
}

/// A run, as its entity says.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Run {
    /// Its entity.
    pub id: Uri,
    /// For people.
    pub title: String,
    /// How far it is.
    pub status: RunStatus,
    /// 0 to 1.
    pub progress: f64,
    /// What it does now, for people.
    pub step: Option<String>,
    /// When it was submitted, started, finished.
    pub submitted_at: Timestamp,
    /// See above.
    pub started_at: Option<Timestamp>,
    /// See above.
    pub finished_at: Option<Timestamp>,
    /// The scenario file as it was submitted.
    pub scenario_file: String,
    /// SHA-256 of the city's data that it read, in hex.
    pub fingerprint: Option<String>,
    /// The version of the program.
    pub version: String,
    /// Why it failed: findings in the file, one a line, or an error.
    pub errors: Vec<String>,
    /// What the reader should know.
    pub warnings: Vec<String>,
    /// The whole result.
    #[serde(skip)]
    pub blob: Option<BlobId>,
}

/// Why a run cannot be submitted, read, cancelled or deleted.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// The scenario file is wrong.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Findings(Vec<crate::file::Finding>),
    /// The scenario file is too long.
    #[error("the scenario file has {bytes} bytes; at most {most} are taken")]
    TooLong {
        /// Its length.
        bytes: usize,
        /// The limit.
        most: usize,
    },
    /// Too many runs wait.
    #[error("{waiting} runs are waiting already; try again in {retry_after_s} s")]
    Busy {
        /// How many.
        waiting: usize,
        /// Seconds to wait.
        retry_after_s: u32,
    },
    /// The key was used for another file.
    #[error("the key `{0}` was used for another scenario file; take another key")]
    KeyTaken(String),
    /// There is no such run.
    #[error("there is no run `{0}`")]
    NotFound(Uri),
    /// The run works: cancel it first.
    #[error("the run `{0}` is not finished; cancel it first")]
    NotFinished(Uri),
    /// The result cannot be read.
    #[error("the result of `{0}` cannot be read: {1}")]
    Result(Uri, String),
    /// The twin did not take it.
    #[error(transparent)]
    Twin(#[from] twin::Error),
    /// The runs of this tenant are stopped.
    #[error("runs are stopped, because the server is closing")]
    Stopped,
}

/// The runs of one tenant's twin. Cheap to clone.
#[derive(Clone)]
pub struct Jobs {}

impl Jobs {
    /// Starts the workers. Runs that were waiting or at work when the program ended are queued again.
    pub fn start(twin: Twin, view: View, limits: JobLimits) -> Result<Self, JobError> {
        let _ = (twin, view, limits);
        todo!()
    }

    /// Asks for a run. Waits for the twin; call it from a thread that may.
    pub fn submit(&self, submission: Submission) -> Result<Submitted, JobError> {
        let _ = submission;
        todo!()
    }

    /// Cancels a run that waits or works; what it found so far is dropped. A run that is finished stays as it is.
    /// Waits for the twin, not for the worker.
    pub fn cancel(&self, id: &Uri) -> Result<(), JobError> {
        let _ = id;
        todo!()
    }

    /// Removes a finished run and its results.
    pub fn delete(&self, id: &Uri) -> Result<(), JobError> {
        let _ = id;
        todo!()
    }

    /// Waits until a run is finished, at most so long; gives the run as it then is.
    pub fn wait(&self, id: &Uri, at_most: std::time::Duration) -> Option<Run> {
        let _ = (id, at_most);
        todo!()
    }

    /// Ends the workers; runs that work or wait go on at the next start. Waits for them.
    pub fn stop(&self) {
        todo!()
    }
}

/// A run, as a view shows it.
pub fn read(reader: &dyn Reader, view: &View, id: &Uri) -> Option<Run> {
    let _ = (reader, view, id);
    todo!()
}

/// Every run that a view shows, the latest first.
pub fn list(reader: &dyn Reader, view: &View) -> Result<Vec<Run>, JobError> {
    let _ = (reader, view);
    todo!()
}

/// The whole result of a run that is done; `None`: it is not.
pub fn result(reader: &dyn Reader, view: &View, id: &Uri) -> Result<Option<RunResult>, JobError> {
    let _ = (reader, view, id);
    todo!()
}
