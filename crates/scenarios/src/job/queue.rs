//! The queue of a tenant's runs.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use ngsi_ld::{Timestamp, Uri};
use parking_lot::{Condvar, Mutex, MutexGuard};
use query::View;
use twin::{Operation, Reader, Snapshot, Twin};

use super::entity::{self, RUN, Update};
use super::worker;
use super::{JobError, JobLimits, Run, RunStatus, Submission, Submitted};
use crate::file::ScenarioFile;
use crate::result::RunResult;
use crate::run::{self, RunError, Watch};

/// How long a client is asked to wait when the queue is full.
const RETRY_AFTER_S: u32 = 5;

/// How often a run is begun whose work the program does not survive.
const MOST_ATTEMPTS: u32 = 2;

/// What carries a scenario file out.
pub(super) type Work =
    dyn Fn(&Snapshot, &View, &ScenarioFile, &dyn Watch) -> Result<RunResult, RunError> + Send + Sync;

/// The runs of one tenant's twin. Cheap to clone; when the last clone goes, its workers end.
#[derive(Clone)]
pub struct Jobs(Arc<Handle>);

struct Handle {
    shared: Arc<Shared>,
    workers: Mutex<Vec<JoinHandle<()>>>,
}

/// What workers and handles share.
pub(super) struct Shared {
    pub(super) twin: Twin,
    pub(super) view: View,
    pub(super) limits: JobLimits,
    pub(super) work: Box<Work>,
    queue: Mutex<Queue>,
    /// Something was queued or finished, or all is to end.
    changed: Condvar,
}

#[derive(Default)]
pub(super) struct Queue {
    waiting: VecDeque<Uri>,
    /// Those at work.
    working: HashMap<Uri, Stage>,
    /// Runs are to stop where they are.
    ending: bool,
}

/// How far a run at work is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// It can be cancelled.
    Working,
    /// It was cancelled.
    Cancelled,
    /// What it found is being written.
    Writing,
}

impl Queue {
    /// Whether a run is at work and was not cancelled.
    pub(super) fn is_working(&self, id: &Uri) -> bool {
        !self.ending && self.working.get(id) == Some(&Stage::Working)
    }
}

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock()
    }

    /// The next run; `None`: there will be none.
    pub(super) fn next(&self) -> Option<Uri> {
        let mut queue = self.lock();
        loop {
            if queue.ending {
                return None;
            }
            if let Some(id) = queue.waiting.pop_front() {
                queue.working.insert(id.clone(), Stage::Working);
                return Some(id);
            }
            self.changed.wait(&mut queue);
        }
    }

    /// Whether a run at work is to stop.
    pub(super) fn is_over(&self, id: &Uri) -> bool {
        !self.lock().is_working(id)
    }

    /// Whether a run at work is to stop only because all is to end.
    pub(super) fn is_cut_off(&self, id: &Uri) -> bool {
        let queue = self.lock();
        queue.ending && queue.working.get(id) == Some(&Stage::Working)
    }

    /// From here on a run cannot be cancelled; `false`: it was.
    pub(super) fn begin_writing(&self, id: &Uri) -> bool {
        let mut queue = self.lock();
        match queue.working.get_mut(id) {
            Some(stage) if *stage == Stage::Working => {
                *stage = Stage::Writing;
                true
            }
            _ => false,
        }
    }

    /// A worker has let go of a run.
    pub(super) fn left(&self, id: &Uri) {
        self.lock().working.remove(id);
        self.changed.notify_all();
    }

    /// Executes one operation.
    pub(super) fn write(&self, operation: Operation) -> Result<(), twin::Error> {
        let results = self.twin.execute_blocking(&self.view, vec![operation]);
        results.into_iter().try_for_each(|result| result.map(drop))
    }

    pub(super) fn read(&self, id: &Uri) -> Option<Run> {
        entity::read(&self.twin, &self.view, id)
    }
}

/// Whether the program ended too often while a run was at work.
fn is_given_up(run: &Run) -> bool {
    run.status == RunStatus::Running && run.attempts >= MOST_ATTEMPTS
}

impl Jobs {
    /// Starts the workers. Runs that were waiting or at work when the program ended are queued again; one at whose
    /// work it ended twice has failed.
    ///
    /// # Errors
    /// The twin cannot be read or written, or a thread cannot be started.
    pub fn start(twin: Twin, view: View, limits: JobLimits) -> Result<Self, JobError> {
        Self::start_with(twin, view, limits, Box::new(run::run))
    }

    pub(super) fn start_with(
        twin: Twin,
        view: View,
        limits: JobLimits,
        work: Box<Work>,
    ) -> Result<Self, JobError> {
        let mut open: Vec<Run> = entity::list(&twin, &view)?;
        open.retain(|run| !run.status.is_final());
        open.reverse();
        let now = twin.now();
        let again: Vec<Operation> = open
            .iter()
            .filter(|run| run.status == RunStatus::Running)
            .map(|run| {
                let update = if is_given_up(run) {
                    Update::default()
                        .errors(&[format!(
                            "the program ended {} times while it worked on this run, which is not begun again: see \
                             the log of the program and the memory of the machine, divide the scenarios among \
                             several files, and submit them",
                            run.attempts
                        )])
                        .finished(now)
                        .status(RunStatus::Failed)
                } else {
                    Update::default()
                        .status(RunStatus::Queued)
                        .progress(0.0, "waits to begin anew after a restart")
                };
                update.of(&run.id)
            })
            .collect();
        for result in twin.execute_blocking(&view, again) {
            result?;
        }
        open.retain(|run| !is_given_up(run));
        let shared = Arc::new(Shared {
            twin,
            view,
            limits,
            work,
            queue: Mutex::new(Queue {
                waiting: open.into_iter().map(|run| run.id).collect(),
                ..Queue::default()
            }),
            changed: Condvar::new(),
        });
        let mut workers = Vec::new();
        for number in 0..limits.workers.clamp(1, 8) {
            let for_worker = Arc::clone(&shared);
            let started = std::thread::Builder::new()
                .name(format!("scenario-{number}"))
                .spawn(move || worker::run(&for_worker));
            workers.push(started.map_err(|error| {
                twin::Error::Storage(format!("a thread for scenario runs cannot be started: {error}"))
            })?);
        }
        Ok(Self(Arc::new(Handle {
            shared,
            workers: Mutex::new(workers),
        })))
    }

    /// Asks for a run. Waits for the twin; call it from a thread that may.
    ///
    /// # Errors
    /// What is wrong with the file; too many runs wait; the key was used for another file; the twin cannot be written.
    pub fn submit(&self, submission: Submission) -> Result<Submitted, JobError> {
        let shared = &self.0.shared;
        let Submission { file, title, key } = submission;
        if file.len() > shared.limits.file_bytes {
            return Err(JobError::TooLong {
                bytes: file.len(),
                most: shared.limits.file_bytes,
            });
        }
        let parsed = ScenarioFile::parse(&file).map_err(JobError::Findings)?;
        let title = title
            .filter(|title| !title.trim().is_empty())
            .unwrap_or(parsed.title);
        // Held to the end, so that two submissions with one key do not both make a run.
        let mut queue = shared.lock();
        if queue.ending {
            return Err(JobError::Stopped);
        }
        if let Some(key) = &key
            && let Some(known) = self.with_key(key)?
        {
            return if known.scenario_file == file {
                Ok(Submitted {
                    id: known.id,
                    created: false,
                })
            } else {
                Err(JobError::KeyTaken(key.clone()))
            };
        }
        if queue.waiting.len() >= shared.limits.waiting {
            return Err(JobError::Busy {
                waiting: queue.waiting.len(),
                retry_after_s: RETRY_AFTER_S,
            });
        }
        let now = shared.twin.now();
        let id = self.new_id(now);
        let run = entity::new_run(id.clone(), &title, &file, key.as_deref(), now);
        shared.write(Operation::Create(run))?;
        queue.waiting.push_back(id.clone());
        drop(queue);
        shared.changed.notify_all();
        Ok(Submitted { id, created: true })
    }

    fn with_key(&self, key: &str) -> Result<Option<Run>, JobError> {
        let runs = entity::list(&self.0.shared.twin, &self.0.shared.view)?;
        Ok(runs.into_iter().find(|run| run.key.as_deref() == Some(key)))
    }

    /// `urn:ngsi-ld:ScenarioRun:20261122T200148Z-1`: the instant, and the first number that is free.
    fn new_id(&self, now: Timestamp) -> Uri {
        let shared = &self.0.shared;
        let instant = now.to_jiff().strftime("%Y%m%dT%H%M%SZ").to_string();
        let mut number = 1_u64;
        loop {
            let id = Uri::ngsi_ld(RUN, &format!("{instant}-{number}"));
            if shared.twin.get(&shared.view, &id).is_none() {
                return id;
            }
            number += 1;
        }
    }

    /// Cancels a run that waits or works; what it found so far is dropped. A run that is finished stays as it is.
    /// Waits for the twin, not for the worker.
    ///
    /// # Errors
    /// There is no such run; the twin cannot be written.
    pub fn cancel(&self, id: &Uri) -> Result<(), JobError> {
        let shared = &self.0.shared;
        let mut queue = shared.lock();
        let run = shared.read(id).ok_or_else(|| JobError::NotFound(id.clone()))?;
        if run.status.is_final() || queue.working.get(id) == Some(&Stage::Writing) {
            return Ok(());
        }
        shared.write(
            Update::default()
                .status(RunStatus::Cancelled)
                .finished(shared.twin.now())
                .of(id),
        )?;
        queue.waiting.retain(|waiting| waiting != id);
        if let Some(stage) = queue.working.get_mut(id) {
            *stage = Stage::Cancelled;
        }
        drop(queue);
        shared.changed.notify_all();
        Ok(())
    }

    /// Removes a finished run and its results.
    ///
    /// # Errors
    /// There is no such run; it is not finished; the twin cannot be written.
    pub fn delete(&self, id: &Uri) -> Result<(), JobError> {
        let shared = &self.0.shared;
        let queue = shared.lock();
        let run = shared.read(id).ok_or_else(|| JobError::NotFound(id.clone()))?;
        if !run.status.is_final() {
            return Err(JobError::NotFinished(id.clone()));
        }
        let mut gone = entity::results_of(&shared.twin, &shared.view, id)?;
        gone.push(id.clone());
        let operations: Vec<Operation> = gone
            .into_iter()
            .flat_map(|id| [Operation::Delete(id.clone()), Operation::DeleteHistory(id)])
            .collect();
        for result in shared.twin.load_blocking(&shared.view, operations) {
            match result {
                // Gone already, or without a past.
                Ok(_) | Err(twin::Error::NotFound(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        drop(queue);
        Ok(())
    }

    /// Waits until a run is finished, at most so long; gives the run as it then is.
    pub fn wait(&self, id: &Uri, at_most: Duration) -> Option<Run> {
        let shared = &self.0.shared;
        let until = Instant::now() + at_most;
        let mut queue = shared.lock();
        loop {
            let run = shared.read(id)?;
            let at_rest = run.status.is_final() && !queue.working.contains_key(id);
            if at_rest || queue.ending || shared.changed.wait_until(&mut queue, until).timed_out() {
                drop(queue);
                return shared.read(id);
            }
        }
    }

    /// Ends the workers; runs that work or wait go on at the next start. Waits for them.
    pub fn stop(&self) {
        self.0.stop();
    }
}

impl Handle {
    fn stop(&self) {
        self.shared.lock().ending = true;
        self.shared.changed.notify_all();
        let workers = std::mem::take(&mut *self.workers.lock());
        for worker in workers {
            // A worker may hold the last handle itself, and cannot wait for itself.
            if worker.thread().id() != std::thread::current().id() && worker.join().is_err() {
                tracing::error!("a thread for scenario runs ended by a panic");
            }
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.stop();
    }
}
