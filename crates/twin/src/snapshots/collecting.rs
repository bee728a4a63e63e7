//! The data of a snapshot on its way from the city into a store of its own (5.16.1, 5.16.2).

use std::sync::Arc;
use std::sync::atomic::Ordering;

use ngsi_ld::{Attribute, Entity, Error as Refusal};
use query::{Caller, View};
use serde_json::{Value as Json, json};

use super::shelf::Entry;
use super::{Collect, Collected, QueryResult, Ready, SnapshotStatus, Snapshots};
use crate::error::Error;
use crate::operation::{Copied, Operation};
use crate::reader::{HistoryQuery, Reader};
use crate::snapshot::Snapshot;
use crate::twin::Twin;

/// How many entities, and how many instances of the past, one snapshot may have.
const MOST_COPIED: usize = 2_000_000;
/// How many entities are written together.
const BATCH: usize = 500;

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
        let turn = Arc::clone(&snapshots.tenants.open_snapshots().collecting);
        let _turn = turn.lock();
        let (id, store) = (entry.info.id.clone(), entry.info.store.clone());
        let closed = Arc::clone(&snapshots.tenants.open_snapshots().closed);
        let gone = || entry.gone.load(Ordering::Relaxed) || closed.load(Ordering::Relaxed);
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
        last_n: None,
    };
    let mut failed = None;
    picture.evolutions(view, &mut |entity: &Arc<Entity>| {
        let copy = || -> Result<(), Error> {
            let past: Vec<Attribute> = picture
                .evolution(view, &entity.id, &always, usize::MAX)?
                .map(|part| part.entity.attributes)
                .unwrap_or_default();
            take(Copied {
                live: picture.get(view, &entity.id).is_some(),
                entity: Entity::clone(entity),
                past,
            })
        };
        let mut copy = copy;
        failed = copy().err();
        failed.is_none()
    })?;
    failed.map_or(Ok(()), Err)
}
