//! Runs in the background: progress, cancel, resume; their entities.
//!
//! A run is an entity `ScenarioRun`; what it found is an entity `ScenarioResult` for each of its scenarios and
//! indicators, and the whole [`crate::result::RunResult`] as a blob that the run names. Nothing else of the twin is
//! ever written.
//!
//! What a run found is written in one batch, durable together or not at all, with the run's status in it. So at any
//! instant, and after a crash at any instant, a run is `done` with all its results, or it has none. A run that was
//! waiting or at work when the program ended is queued again at the next start, and then begins anew: its baseline is
//! the city as it then is. A run records the instant and the fingerprint of its baseline when it begins; if the city
//! has changed in the meantime, the result names both baselines and says so. A file that must not run against another
//! city says so with `baseline`. A run at whose work the program ended twice without being asked to is not tried a
//! third time: it failed.

mod entity;
mod queue;
#[cfg(test)]
mod tests;
mod worker;

use ngsi_ld::{Timestamp, Uri};
use serde::{Deserialize, Serialize};
use twin::BlobId;

pub use entity::{list, read, result};
pub use queue::Jobs;

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
    /// The instant of the city that it read.
    pub baseline_at: Option<Timestamp>,
    /// How often it began and did not come to an end.
    pub attempts: u32,
    /// The version of the program.
    pub version: String,
    /// Why it failed: findings in the file, one a line, or an error.
    pub errors: Vec<String>,
    /// What the reader should know.
    pub warnings: Vec<String>,
    /// The whole result.
    #[serde(skip)]
    pub blob: Option<BlobId>,
    /// The key of its submission.
    #[serde(skip)]
    pub key: Option<String>,
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
