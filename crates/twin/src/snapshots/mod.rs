//! Snapshots (5.16): what some queries find, copied into a store of its own, where it stays as it was and can be
//! worked on like the twin itself.

mod shelf;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hashbrown::HashMap;
use ngsi_ld::{Attribute, Entity, Error as Refusal, Timestamp, Uri};
use parking_lot::Mutex;
use query::{Caller, View};
use serde_json::{Map, Value as Json, json};

use crate::error::Error;
use crate::ids;
use crate::operation::{Copied, Operation};
use crate::reader::{HistoryQuery, Reader};
use crate::rows::Row;
use crate::snapshot::Snapshot;
use crate::tenants::Tenants;
use crate::twin::Twin;

pub(crate) use self::shelf::Shelf;
use self::shelf::{Entry, TABLE};
pub use self::shelf::{QueryResult, SnapshotInfo, SnapshotStatus};

/// What the names of the stores of snapshots begin with.
pub(crate) const PREFIX: &str = "snapshot-";
/// How many snapshots one tenant may have.
const MOST: usize = 100;
/// How many entities, and how many instances of the past, one snapshot may have.
const MOST_COPIED: usize = 2_000_000;
/// How many entities are written together.
const BATCH: usize = 500;
/// How many snapshots are open at a time; each is held in memory.
const MOST_OPEN: usize = 16;
/// How long one that nobody asks stays open.
const IDLE: Duration = Duration::from_mins(5);
/// How long a snapshot lives unless something else is asked for.
const LIFETIME: Duration = Duration::from_hours(24);
/// How long it may live from when that is decided.
const LONGEST: Duration = Duration::from_hours(24 * 30);
/// Its priority unless one is given (5.16.1.4).
const PRIORITY: u8 = 5;

/// What is asked of a new snapshot.
#[derive(Clone, Debug, Default)]
pub struct NewSnapshot {
    /// Its id; made where it is not given.
    pub id: Option<Uri>,
    /// See [`SnapshotInfo::given`].
    pub given: Map<String, Json>,
    /// How long it should live.
    pub lifetime: Option<Duration>,
    /// 1 to 10.
    pub priority: Option<u8>,
}

/// What a snapshot is to be from now on; `None`: as it is.
#[derive(Clone, Debug, Default)]
pub struct SnapshotChange {
    /// Members of [`SnapshotInfo::given`] that are new; without a value, those that are gone.
    pub given: Vec<(String, Option<Json>)>,
    /// How long it should live from now on.
    pub lifetime: Option<Duration>,
    /// 1 to 10.
    pub priority: Option<u8>,
}

/// Collects the data of a snapshot: looks at the picture and hands over what it finds. Runs on a thread of its own.
pub type Collect =
    dyn FnOnce(&Snapshot, &mut dyn FnMut(Copied) -> Result<(), Error>) -> Result<Collected, Error> + Send;

/// What came of the queries of a snapshot.
#[derive(Clone, Debug, Default)]
pub struct Collected {
    /// Of `snapshotQueries`, in their order.
    pub results: Vec<QueryResult>,
    /// Of `snapshotTemporalQueries`, in their order.
    pub temporal_results: Vec<QueryResult>,
}

/// Told when a snapshot can be used, or cannot (5.16.6).
pub type Ready = dyn FnOnce(&SnapshotInfo) + Send;

/// The snapshots that are open.
#[derive(Default)]
pub(crate) struct Open {
    twins: Mutex<HashMap<String, (Twin, Timestamp)>>,
    /// Held while data is collected: one at a time, so that disk and memory are shared with those who wait.
    collecting: Arc<Mutex<()>>,
    /// Set when the program ends: what is being collected is not finished.
    pub(crate) closed: Arc<AtomicBool>,
}

impl Open {
    /// Closes all.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
        let twins: Vec<Twin> = self.twins.lock().drain().map(|(_, (twin, _))| twin).collect();
        twins.iter().for_each(Twin::close);
    }
}

/// The snapshots of one tenant.
#[derive(Clone)]
pub struct Snapshots {
    tenants: Tenants,
    tenant: Twin,
    /// What the names of the tenant's stores of snapshots begin with.
    prefix: String,
}

impl Snapshots {
    pub(crate) fn new(tenants: Tenants, tenant: Twin, name: Option<&str>) -> Self {
        // No tenant's name has a hyphen, so that no prefix is the beginning of another.
        let prefix = format!("{PREFIX}{}-", name.unwrap_or(""));
        Self {
            tenants,
            tenant,
            prefix,
        }
    }

    /// Create Snapshot (5.16.1): begins to collect what `collect` finds in the city as it is now. For a thread that
    /// may wait; the data comes later, and `ready` is told then.
    ///
    /// # Errors
    /// `AlreadyExists`; `TooComplexQuery` where there are too many and none has a lower priority.
    pub fn create(&self, new: NewSnapshot, collect: Box<Collect>, ready: Box<Ready>) -> Result<Uri, Error> {
        let picture = self.tenant.snapshot();
        self.begin(new, picture, collect, ready, SnapshotStatus::of)
    }

    /// Clone Snapshot (5.16.2): begins to copy another snapshot, as far as `view` shows it. The clone says of the
    /// queries what the original says.
    ///
    /// # Errors
    /// As for [`Self::create`]; `ResourceNotFound` where the original is not there or cannot be used.
    pub fn clone_of(&self, id: &Uri, mut new: NewSnapshot, view: &View, ready: Box<Ready>) -> Result<Uri, Error> {
        let twin = self.open(id)?;
        let original = self.info(id)?;
        for name in ["snapshotQueries", "snapshotTemporalQueries"] {
            if let Some(queries) = original.given.get(name) {
                new.given.insert(name.to_owned(), queries.clone());
            }
        }
        let view = view.clone();
        let collect = move |picture: &Snapshot, take: &mut dyn FnMut(Copied) -> Result<(), Error>| {
            copy_all(picture, &view, take)?;
            Ok(Collected {
                results: original.results,
                temporal_results: original.temporal_results,
            })
        };
        let picture = twin.snapshot();
        self.begin(new, picture, Box::new(collect), ready, |_| SnapshotStatus::Success)
    }

    fn begin(
        &self,
        new: NewSnapshot,
        picture: Snapshot,
        collect: Box<Collect>,
        ready: Box<Ready>,
        status: fn(&[QueryResult]) -> SnapshotStatus,
    ) -> Result<Uri, Error> {
        let now = self.tenant.now();
        let shelf = self.tenant.snapshot_shelf();
        let _changing = shelf.changing.lock();
        let id = new.id.unwrap_or_else(|| ids::fresh("Snapshot"));
        if self.entry(&id).is_some() {
            return Err(Error::AlreadyExists(id));
        }
        let priority = new.priority.unwrap_or(PRIORITY);
        self.make_room(priority)?;
        let made = ids::fresh("Store");
        let info = SnapshotInfo {
            id: id.clone(),
            given: new.given,
            priority,
            status: SnapshotStatus::Preparing,
            results: Vec::new(),
            temporal_results: Vec::new(),
            created_at: now,
            modified_at: now,
            expires_at: end(now, new.lifetime.unwrap_or(LIFETIME)),
            last_used_at: now,
            store: format!("{}{}", self.prefix, made.as_str().rsplit(':').next().unwrap_or_default()),
        };
        self.tenant.store_rows_blocking(vec![Shelf::row_of(&info)])?;
        shelf.put(info.clone());
        let Some(entry) = shelf.get(id.as_str()) else {
            return Err(Error::NotFound(id));
        };
        let job = Job {
            snapshots: self.clone(),
            entry,
            picture,
            collect,
            ready,
            status,
        };
        let started = std::thread::Builder::new()
            .name("snapshot".to_owned())
            .spawn(move || job.run());
        if let Err(error) = started {
            self.forget(&info)?;
            return Err(Error::Storage(format!("no thread could be started for the snapshot: {error}")));
        }
        Ok(id)
    }

    /// The snapshot with this id, unless its time has come.
    ///
    /// # Errors
    /// `ResourceNotFound`.
    pub fn info(&self, id: &Uri) -> Result<SnapshotInfo, Error> {
        self.entry(id)
            .map(|entry| entry.info())
            .ok_or_else(|| Error::NotFound(id.clone()))
    }

    /// All whose time has not come, by id.
    pub fn all(&self) -> Vec<SnapshotInfo> {
        let now = self.tenant.now();
        let entries = self.tenant.snapshot_shelf().all();
        entries
            .iter()
            .map(|entry| entry.info())
            .filter(|info| info.expires_at > now)
            .collect()
    }

    /// Update Snapshot Status (5.16.4); for a thread that may wait.
    pub fn change(&self, id: &Uri, change: SnapshotChange) -> Result<SnapshotInfo, Error> {
        self.update(id, |info, now| {
            for (name, value) in change.given {
                match value {
                    Some(value) => info.given.insert(name, value),
                    None => info.given.shift_remove(&name),
                };
            }
            if let Some(lifetime) = change.lifetime {
                info.expires_at = end(now, lifetime);
            }
            info.priority = change.priority.unwrap_or(info.priority);
        })
    }

    fn update(&self, id: &Uri, change: impl FnOnce(&mut SnapshotInfo, Timestamp)) -> Result<SnapshotInfo, Error> {
        let shelf = self.tenant.snapshot_shelf();
        let _changing = shelf.changing.lock();
        let mut info = self.info(id)?;
        let now = self.tenant.now();
        change(&mut info, now);
        info.modified_at = now;
        self.tenant.store_rows_blocking(vec![Shelf::row_of(&info)])?;
        shelf.put(info.clone());
        Ok(info)
    }

    /// Delete Snapshot (5.16.5), with its data; for a thread that may wait.
    pub fn delete(&self, id: &Uri) -> Result<SnapshotInfo, Error> {
        let shelf = self.tenant.snapshot_shelf();
        let _changing = shelf.changing.lock();
        let info = self.info(id)?;
        self.forget(&info)?;
        Ok(info)
    }

    /// The twin that holds the data of a snapshot, for operations on it (5.5.15). The first call reads its store.
    ///
    /// # Errors
    /// `ResourceNotFound` where there is none or it has failed; [`Error::Busy`] while it is prepared.
    pub fn open(&self, id: &Uri) -> Result<Twin, Error> {
        let entry = self.entry(id).ok_or_else(|| Error::NotFound(id.clone()))?;
        match entry.info.status {
            SnapshotStatus::Preparing => return Err(Error::Busy { retry_after_s: 1 }),
            SnapshotStatus::Failure => return Err(Error::NotFound(id.clone())),
            SnapshotStatus::Success | SnapshotStatus::Partial | SnapshotStatus::Empty => {}
        }
        let now = self.tenant.now();
        entry.touch(now);
        self.twin(&entry.info.store, now)
    }

    /// Deletes those whose time has come, writes down when the others were used, closes those that nobody asks; for
    /// a thread that may wait.
    pub fn tidy(&self) -> Result<(), Error> {
        let shelf = self.tenant.snapshot_shelf();
        let _changing = shelf.changing.lock();
        let now = self.tenant.now();
        for entry in shelf.all() {
            if entry.info.expires_at <= now {
                self.forget(&entry.info)?;
            }
        }
        self.tenant.store_rows_blocking(shelf.used())?;
        let open = self.tenants.open_snapshots();
        let idle = |since: Timestamp| Duration::from_micros(now.as_micros().abs_diff(since.as_micros())) > IDLE;
        open.twins
            .lock()
            .retain(|_, (twin, since)| twin.is_shared() || !idle(*since));
        Ok(())
    }

    /// Deletes the stores of snapshots that nobody knows, and those of which the collecting was cut off.
    pub(crate) fn sweep(&self, folder: &Path) {
        let known = |store: &str| {
            let entries = self.tenant.snapshot_shelf().all();
            entries.iter().any(|entry| {
                entry.info.store == store && entry.info.status != SnapshotStatus::Failure
            })
        };
        let Ok(files) = std::fs::read_dir(folder) else { return };
        for file in files.flatten() {
            let name = file.file_name();
            let store = name.to_str().and_then(|name| name.split('.').next()).unwrap_or_default();
            if store.starts_with(&self.prefix) && !known(store) {
                tracing::info!(store, "what is left of a snapshot is deleted");
                remove(&file.path());
            }
        }
    }

    fn entry(&self, id: &Uri) -> Option<Arc<Entry>> {
        let entry = self.tenant.snapshot_shelf().get(id.as_str())?;
        (entry.info.expires_at > self.tenant.now()).then_some(entry)
    }

    /// The twin of a store, opened if it is not.
    fn twin(&self, store: &str, now: Timestamp) -> Result<Twin, Error> {
        // Held while a store is opened: two who ask for the same must get the same twin.
        let mut twins = self.tenants.open_snapshots().twins.lock();
        if let Some((twin, since)) = twins.get_mut(store) {
            *since = now;
            return Ok(twin.clone());
        }
        if twins.len() >= MOST_OPEN
            && let Some(idlest) = twins
                .iter()
                .filter(|(_, (twin, _))| !twin.is_shared())
                .min_by_key(|(_, (_, since))| *since)
                .map(|(store, _)| store.clone())
        {
            twins.remove(&idlest);
        }
        let twin = self.tenants.open_store(store)?;
        twins.insert(store.to_owned(), (twin.clone(), now));
        Ok(twin)
    }

    /// Deletes those of the lowest priority, if it is lower than that of the one to come, until there is room.
    fn make_room(&self, priority: u8) -> Result<(), Error> {
        let mut entries = self.tenant.snapshot_shelf().all();
        entries.sort_by_key(|entry| (entry.info.priority, entry.info.expires_at));
        let mut least = entries.iter();
        for _ in MOST..=entries.len() {
            match least.next() {
                Some(entry) if entry.info.priority < priority => self.forget(&entry.info)?,
                _ => {
                    return Err(Refusal::too_complex(format!(
                        "there are {MOST} snapshots, which is the most, and none has a lower priority: delete one"
                    ))
                    .into());
                }
            }
        }
        Ok(())
    }

    /// Forgets a snapshot, then deletes its data: what is cut off between is swept up at the next start.
    fn forget(&self, info: &SnapshotInfo) -> Result<(), Error> {
        self.tenant
            .store_rows_blocking(vec![Row::delete(TABLE, info.id.as_str())])?;
        self.tenant.snapshot_shelf().remove(info.id.as_str());
        self.drop_store(&info.store);
        Ok(())
    }

    fn drop_store(&self, store: &str) {
        let open = self.tenants.open_snapshots().twins.lock().remove(store);
        if let Some((twin, _)) = open {
            twin.close();
        }
        let Ok(files) = std::fs::read_dir(self.tenants.folder()) else { return };
        for file in files.flatten() {
            let name = file.file_name();
            if name.to_str().and_then(|name| name.split('.').next()) == Some(store) {
                remove(&file.path());
            }
        }
    }
}

fn remove(path: &Path) {
    let removed = if path.is_dir() {
        std::fs::remove_dir_all(path)
    } else {
        std::fs::remove_file(path)
    };
    if let Err(error) = removed {
        tracing::warn!(path = %path.display(), %error, "the data of a snapshot could not be deleted");
    }
}

/// The collecting of one snapshot's data.
struct Job {
    snapshots: Snapshots,
    entry: Arc<Entry>,
    picture: Snapshot,
    collect: Box<Collect>,
    ready: Box<Ready>,
    status: fn(&[QueryResult]) -> SnapshotStatus,
}

impl Job {
    fn run(self) {
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
            .twin(&store, snapshots.tenant.now())
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
            // It was deleted meanwhile, or the store takes no more writes.
            Err(error) => {
                tracing::warn!(snapshot = %id, %error, "a snapshot could not be finished");
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
        if batch.len() >= BATCH { write(&mut batch) } else { Ok(()) }
    };
    let collected = collect(picture, &mut take)?;
    write(&mut batch)?;
    Ok(collected)
}

/// Everything of a picture, with its past.
fn copy_all(
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

/// When what lives for `lifetime` from now on ends, within bounds.
fn end(now: Timestamp, lifetime: Duration) -> Timestamp {
    let micros = i64::try_from(lifetime.min(LONGEST).as_micros()).unwrap_or(i64::MAX);
    now.plus_micros(micros)
}
