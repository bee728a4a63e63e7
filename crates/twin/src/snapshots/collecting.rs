//! The data of a snapshot on its way from the city into a store of its own (5.16.1, 5.16.2).

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use ngsi_ld::{Attribute, Entity, Error as Refusal, Uri};
use parking_lot::Mutex;
use query::{Caller, Selection, View};
use serde_json::{Value as Json, json};

use super::shelf::Entry;
use super::{Collect, Collected, QueryResult, Ready, SnapshotStatus, Snapshots};
use crate::error::Error;
use crate::operation::{Copied, Operation};
use crate::reader::{HistoryQuery, Reader};
use crate::snapshot::Snapshot;
use crate::tenants::Tenants;
use crate::twin::Twin;

/// How many entities, and how many instances of the past, one snapshot may have.
const MOST_COPIED: usize = 2_000_000;
/// How many entities are written together.
const BATCH: usize = 500;

/// How many snapshots may wait for their data. Each holds the picture it is made of, and with it what has changed
/// since.
const MOST_WAITING: usize = 16;
/// How long a client is asked to wait when as many wait.
const RETRY_AFTER_S: u32 = 10;

/// The snapshots of which the data is to be collected: one after the other, so that disk and memory are shared with
/// those who wait.
#[derive(Default)]
pub(super) struct Queue(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    jobs: VecDeque<Job>,
    /// Whether a thread works on it.
    at_work: bool,
}

impl Queue {
    /// # Errors
    /// [`Error::Busy`] where as many wait as may.
    pub(super) fn has_room(&self) -> Result<(), Error> {
        if self.0.lock().jobs.len() < MOST_WAITING {
            Ok(())
        } else {
            Err(Error::Busy {
                retry_after_s: RETRY_AFTER_S,
            })
        }
    }

    /// Lets go of those that were deleted, and of their pictures.
    pub(super) fn leave_out_gone(&self) {
        let mut waiting = self.0.lock();
        let (gone, jobs) = std::mem::take(&mut waiting.jobs)
            .into_iter()
            .partition(|job| job.entry.gone.load(Ordering::Relaxed));
        waiting.jobs = jobs;
        drop(waiting);
        let gone: VecDeque<Job> = gone;
        drop(gone); // with the last handle of a twin, perhaps
    }

    /// The next; `None` ends the work.
    fn next(&self) -> Option<Job> {
        let mut waiting = self.0.lock();
        let next = waiting.jobs.pop_front();
        waiting.at_work = next.is_some();
        next
    }
}

impl Tenants {
    /// Has the data of a snapshot collected when its turn comes.
    ///
    /// # Errors
    /// No thread can be started.
    pub(super) fn collect(&self, job: Job) -> std::io::Result<()> {
        let queue = &self.open_snapshots().queue;
        let mut waiting = queue.0.lock();
        waiting.jobs.push_back(job);
        if waiting.at_work {
            return Ok(());
        }
        let tenants = self.clone();
        let started = std::thread::Builder::new()
            .name("snapshot".to_owned())
            .spawn(move || {
                while let Some(job) = tenants.open_snapshots().queue.next() {
                    if catch_unwind(AssertUnwindSafe(|| job.run())).is_err() {
                        tracing::error!("collecting the data of a snapshot ended by a defect");
                    }
                }
            });
        match started {
            Ok(_) => {
                waiting.at_work = true;
                Ok(())
            }
            Err(error) => {
                let job = waiting.jobs.pop_back();
                drop(waiting);
                drop(job);
                Err(error)
            }
        }
    }
}

/// The collecting of one snapshot's data.
pub(super) struct Job {
    pub(super) snapshots: Snapshots,
    pub(super) entry: Arc<Entry>,
    pub(super) picture: Snapshot,
    pub(super) collect: Box<Collect>,
    pub(super) ready: Box<Ready>,
    pub(super) status: fn(&[QueryResult]) -> SnapshotStatus,
}

impl Job {
    /// Collects, and says how it went.
    pub(super) fn run(self) {
        let Self {
            snapshots,
            entry,
            picture,
            collect,
            ready,
            status,
        } = self;
        let (id, store) = (entry.info.id.clone(), entry.info.store.clone());
        let closed = Arc::clone(&snapshots.tenants.open_snapshots().closed);
        let gone = || entry.gone.load(Ordering::Relaxed) || closed.load(Ordering::Relaxed);
        if gone() {
            return; // there is no store yet
        }
        let collected = snapshots
            .twin(&entry.info, snapshots.tenant.now())
            .and_then(|twin| fill(&twin, &picture, collect, &gone));
        if gone() {
            snapshots.drop_store(&store);
            return;
        }
        let finished = snapshots.update(&id, |info, _| match collected {
            Ok(Collected {
                results,
                temporal_results,
            }) => {
                let all = [results.as_slice(), temporal_results.as_slice()].concat();
                info.status = status(&all);
                (info.results, info.temporal_results) = (results, temporal_results);
            }
            Err(error) => {
                tracing::warn!(snapshot = %info.id, %error, "a snapshot failed");
                info.status = SnapshotStatus::Failure;
                let failed = QueryResult::Failed(json!({
                    "type": "https://uri.etsi.org/ngsi-ld/errors/InternalError",
                    "title": "The data could not be collected",
                    "detail": error.to_string(),
                }));
                let count = |name: &str| info.given.get(name).and_then(Json::as_array).map_or(0, Vec::len);
                let (queries, temporal) = (count("snapshotQueries"), count("snapshotTemporalQueries"));
                info.results = vec![failed.clone(); queries];
                info.temporal_results = vec![failed; temporal];
            }
        });
        match finished {
            Ok(info) => {
                if info.status == SnapshotStatus::Failure {
                    snapshots.drop_store(&store);
                }
                ready(&info);
            }
            // It was deleted meanwhile, as anybody may, or the store takes no more writes.
            Err(error) => {
                if gone() {
                    tracing::debug!(snapshot = %id, "a snapshot was deleted before it was finished");
                } else {
                    tracing::warn!(snapshot = %id, %error, "a snapshot could not be finished");
                }
                snapshots.drop_store(&store);
            }
        }
    }
}

/// Copies what `collect` finds into a twin, in batches.
fn fill(
    twin: &Twin,
    picture: &Snapshot,
    collect: Box<Collect>,
    gone: &dyn Fn() -> bool,
) -> Result<Collected, Error> {
    let view = View::open(Caller::System("snapshots"), "snapshot");
    let (mut batch, mut copied) = (Vec::new(), 0_usize);
    let write = |batch: &mut Vec<Operation>| -> Result<(), Error> {
        if gone() {
            return Err(Error::Storage("the snapshot was deleted".to_owned()));
        }
        for result in twin.load_blocking(&view, std::mem::take(batch)) {
            result?;
        }
        Ok(())
    };
    let mut take = |one: Copied| {
        copied += 1 + one.past.len();
        if copied > MOST_COPIED {
            return Err(Refusal::too_complex(format!(
                "a snapshot holds at most {MOST_COPIED} entities and instances of the past: narrow its queries"
            ))
            .into());
        }
        batch.push(Operation::Copy(Box::new(one)));
        if batch.len() >= BATCH {
            write(&mut batch)
        } else {
            Ok(())
        }
    };
    let collected = collect(picture, &mut take)?;
    write(&mut batch)?;
    Ok(collected)
}

/// Everything of a picture, with its past.
pub(super) fn copy_all(
    picture: &Snapshot,
    view: &View,
    take: &mut dyn FnMut(Copied) -> Result<(), Error>,
) -> Result<(), Error> {
    let always = HistoryQuery {
        temporal: ngsi_ld::query::temporal::TemporalQuery::parse(None, None, None, None)?,
        attributes: Vec::new(),
        datasets: Vec::new(),
        last_n: None,
    };
    let past_of = |id: &Uri| -> Result<Vec<Attribute>, Error> {
        let part = picture.evolution(view, id, &always, usize::MAX)?;
        Ok(part.map(|part| part.entity.attributes).unwrap_or_default())
    };
    let mut failed = None;
    let mut copy = |entity: &Arc<Entity>, live: bool| {
        let copied = past_of(&entity.id).and_then(|past| {
            let last = picture.last_state(view, &entity.id).filter(|_| !live);
            let mut entity = Entity::clone(entity);
            if let Some(last) = last {
                entity.attributes.clone_from(&last.attributes);
            }
            take(Copied { entity, live, past })
        });
        failed = copied.err();
        failed.is_none()
    };
    if view.is_open() {
        picture.evolutions(view, &[], &mut |entity| {
            let live = picture.get(view, &entity.id).is_some();
            copy(entity, live)
        })?;
    } else {
        // What is seen of the present and what of the past are two things.
        picture.scan(view, &Selection::default(), &mut |entity| copy(entity, true))?;
        picture.evolutions(view, &[], &mut |entity| {
            if picture.get(view, &entity.id).is_some() {
                return true;
            }
            copy(entity, false)
        })?;
    }
    failed.map_or(Ok(()), Err)
}
