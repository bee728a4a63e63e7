//! Snapshots (5.16): what some queries find, copied into a store of its own, where it stays as it was and can be
//! worked on like the twin itself.

mod collecting;
mod notice;
mod shelf;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hashbrown::HashMap;
use ngsi_ld::{Error as Refusal, Timestamp, Uri};
use parking_lot::Mutex;
use query::View;
use serde_json::{Map, Value as Json};

use crate::error::Error;
use crate::ids;
use crate::operation::Copied;
use crate::rows::Row;
use crate::snapshot::Snapshot;
use crate::tenants::Tenants;
use crate::turns::Turns;
use crate::twin::Twin;

use self::collecting::{Job, Queue, copy_all};
use self::notice::Farewells;
pub(crate) use self::notice::OfSnapshot;
pub(crate) use self::shelf::Shelf;
use self::shelf::{Entry, TABLE};
pub use self::shelf::{QueryResult, SnapshotInfo, SnapshotStatus};

/// What the names of the stores of snapshots begin with.
pub(crate) const PREFIX: &str = "snapshot-";
/// How many snapshots one tenant may have.
const MOST: usize = 100;
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
    /// Of those that are being opened or closed: a store may be large.
    turns: Turns,
    /// Those of which the data is to be collected.
    queue: Queue,
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

    /// The twin with this store, if it is open.
    fn get(&self, store: &str, now: Timestamp) -> Option<Twin> {
        let mut twins = self.twins.lock();
        let (twin, since) = twins.get_mut(store)?;
        *since = now;
        Some(twin.clone())
    }

    /// Where there are too many, the store that nobody has asked for the longest time.
    fn idlest(&self) -> Option<String> {
        let twins = self.twins.lock();
        if twins.len() < MOST_OPEN {
            return None;
        }
        let resting = twins.iter().filter(|(_, (twin, _))| twin.can_rest());
        resting
            .min_by_key(|(_, (_, since))| *since)
            .map(|(store, _)| store.clone())
    }

    /// Closes a store that nobody uses, if it is as idle as asked. It is not opened again before it is closed.
    fn rest(&self, store: &str, idle: &dyn Fn(Timestamp) -> bool) {
        self.turns.take(store, || {
            let mut twins = self.twins.lock();
            let rests = twins
                .get(store)
                .is_some_and(|(twin, since)| twin.can_rest() && idle(*since));
            let resting = if rests { twins.remove(store) } else { None };
            drop(twins);
            drop(resting);
        });
    }
}

/// The snapshots of one tenant.
#[derive(Clone)]
pub struct Snapshots {
    tenants: Tenants,
    tenant: Twin,
    /// The tenant's name, unless it is the default one.
    name: Option<String>,
    /// What the names of the tenant's stores of snapshots begin with.
    prefix: String,
    /// Who asks; `None`: the program itself.
    view: Option<View>,
}

impl Snapshots {
    pub(crate) fn new(tenants: Tenants, tenant: Twin, name: Option<&str>) -> Self {
        // No tenant's name has a hyphen, so that no prefix is the beginning of another.
        let prefix = format!("{PREFIX}{}-", name.unwrap_or(""));
        Self {
            tenants,
            tenant,
            name: name.map(str::to_owned),
            prefix,
            view: None,
        }
    }

    /// The same for one who asks: those that he made, and all for who may see and do everything.
    #[must_use]
    pub fn seen_by(mut self, view: &View) -> Self {
        self.view = Some(view.clone());
        self
    }

    fn shows(&self, info: &SnapshotInfo) -> bool {
        let view = self.view.as_ref();
        view.is_none_or(|view| view.is_open() || view.caller().to_string() == info.maker)
    }

    /// Create Snapshot (5.16.1): begins to collect what `collect` finds in the city as it is now. For a thread that
    /// may wait; the data comes later, and `ready` is told then.
    ///
    /// # Errors
    /// `AlreadyExists`; `TooComplexQuery` where there are too many and none has a lower priority; [`Error::Busy`]
    /// where too many wait for their data.
    pub fn create(&self, new: NewSnapshot, collect: Box<Collect>, ready: Box<Ready>) -> Result<Uri, Error> {
        let picture = self.tenant.snapshot();
        self.begin(new, picture, collect, ready, SnapshotStatus::of)
    }

    /// Clone Snapshot (5.16.2): begins to copy another snapshot, as far as `view` shows it. The clone says of the
    /// queries what the original says.
    ///
    /// # Errors
    /// As for [`Self::create`]; `ResourceNotFound` where the original is not there or cannot be used.
    pub fn clone_of(
        &self,
        id: &Uri,
        mut new: NewSnapshot,
        view: &View,
        ready: Box<Ready>,
    ) -> Result<Uri, Error> {
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
        self.begin(new, picture, Box::new(collect), ready, |_| {
            SnapshotStatus::Success
        })
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
        let there = shelf.get(id.as_str());
        if there.is_some_and(|entry| entry.info.expires_at > now) {
            return Err(Error::Taken("snapshot", id));
        }
        let open = self.tenants.open_snapshots();
        open.queue.has_room()?;
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
            store: format!(
                "{}{}",
                self.prefix,
                made.as_str().rsplit(':').next().unwrap_or_default()
            ),
            watched: false,
            maker: self
                .view
                .as_ref()
                .map_or_else(|| "system".to_owned(), |view| view.caller().to_string()),
        };
        let mut rows = vec![Shelf::row_of(&info)];
        rows.extend(shelf.farewells.end(&id));
        self.tenant.store_rows_blocking(rows)?;
        shelf.put(&info);
        if shelf.takes_the_place(&id) {
            // What was to be said of the other one is not for whoever wants to know of this one.
            notice::forget(self.tenant.book(), &id);
        }
        notice::enter(self.tenant.book(), &info);
        let Some(entry) = shelf.get(id.as_str()) else {
            return Err(Error::Missing("snapshot", id));
        };
        let job = Job {
            snapshots: self.clone(),
            entry,
            picture,
            collect,
            ready,
            status,
        };
        if let Err(error) = self.tenants.collect(job) {
            self.forget(&info)?;
            return Err(Error::Storage(format!(
                "no thread could be started for the snapshot: {error}"
            )));
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
            .ok_or_else(|| Error::Missing("snapshot", id.clone()))
    }

    /// All whose time has not come, by id.
    pub fn all(&self) -> Vec<SnapshotInfo> {
        let now = self.tenant.now();
        let entries = self.tenant.snapshot_shelf().all();
        entries
            .iter()
            .map(|entry| entry.info())
            .filter(|info| info.expires_at > now && self.shows(info))
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

    fn update(
        &self,
        id: &Uri,
        change: impl FnOnce(&mut SnapshotInfo, Timestamp),
    ) -> Result<SnapshotInfo, Error> {
        let shelf = self.tenant.snapshot_shelf();
        let _changing = shelf.changing.lock();
        let mut info = self.info(id)?;
        let now = self.tenant.now();
        change(&mut info, now);
        info.modified_at = now;
        notice::enter(self.tenant.book(), &info);
        let letters = notice::letters(&info, now);
        self.tenant
            .store_rows_and_notify_blocking(vec![Shelf::row_of(&info)], letters)?;
        shelf.put(&info);
        Ok(info)
    }

    /// Notes that there are subscriptions in a snapshot: from now on it stays open for them, also after a restart.
    /// For a thread that may wait.
    pub fn watch(&self, id: &Uri) -> Result<(), Error> {
        let shelf = self.tenant.snapshot_shelf();
        let _changing = shelf.changing.lock();
        self.set_watched(self.info(id)?, true)
    }

    fn set_watched(&self, mut info: SnapshotInfo, watched: bool) -> Result<(), Error> {
        if info.watched != watched {
            info.watched = watched;
            self.tenant.store_rows_blocking(vec![Shelf::row_of(&info)])?;
            self.tenant.snapshot_shelf().put(&info);
        }
        Ok(())
    }

    /// Opens those in which there are subscriptions, so that what they ask for is sent. For a thread that may wait.
    pub(crate) fn open_watched(&self) {
        let now = self.tenant.now();
        for info in self.all().iter().filter(|info| info.watched) {
            if let Err(error) = self.twin(info, now) {
                tracing::warn!(snapshot = %info.id, %error, "a snapshot with subscriptions cannot be opened");
            }
        }
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
    /// `ResourceNotFound` where there is none or it has failed; [`Error::Preparing`] while it is prepared.
    pub fn open(&self, id: &Uri) -> Result<Twin, Error> {
        let entry = self
            .entry(id)
            .ok_or_else(|| Error::Missing("snapshot", id.clone()))?;
        match entry.info.status {
            SnapshotStatus::Preparing => return Err(Error::Preparing(id.clone())),
            SnapshotStatus::Failure => return Err(Error::Missing("snapshot", id.clone())),
            SnapshotStatus::Success | SnapshotStatus::Partial | SnapshotStatus::Empty => {}
        }
        let now = self.tenant.now();
        entry.touch(now);
        self.twin(&entry.info, now)
    }

    /// Deletes those whose time has come, writes down when the others were used, closes those that nobody asks; for
    /// a thread that may wait.
    pub fn tidy(&self) -> Result<(), Error> {
        let shelf = self.tenant.snapshot_shelf();
        let _changing = shelf.changing.lock();
        let now = self.tenant.now();
        let mut tidied = Ok(());
        for entry in shelf.all() {
            if entry.info.expires_at <= now {
                tidied = tidied.and(self.forget(&entry.info));
            }
        }
        let mut rows = shelf.used();
        rows.extend(shelf.farewells.tidy(self.tenant.book(), now));
        tidied = tidied.and(self.tenant.store_rows_blocking(rows));
        let open = self.tenants.open_snapshots();
        for entry in shelf.all() {
            let watched = open
                .twins
                .lock()
                .get(&entry.info.store)
                .map(|(twin, _)| twin.is_watched());
            if let Some(watched) = watched {
                tidied = tidied.and(self.set_watched(entry.info(), watched));
            }
        }
        let idle =
            |since: Timestamp| Duration::from_micros(now.as_micros().abs_diff(since.as_micros())) > IDLE;
        let stores: Vec<String> = open.twins.lock().keys().cloned().collect();
        for store in stores {
            open.rest(&store, &idle);
        }
        tidied
    }

    /// Deletes the stores of snapshots that nobody knows, and those of which the collecting was cut off, which is told.
    pub(crate) fn sweep(&self, folder: &Path) {
        for id in self.tenant.snapshot_shelf().take_cut_off() {
            let failed = self.update(&id, |info, _| info.status = SnapshotStatus::Failure);
            if let Err(error) = failed
                && !matches!(error, Error::Missing(..))
            {
                tracing::warn!(snapshot = %id, %error, "that a snapshot was cut off could not be written down");
            }
        }
        if self.tenant.snapshot_shelf().is_damaged() {
            tracing::warn!(
                tenant = self.name,
                "what is left of snapshots is not deleted: it may be the data of one whose row is damaged"
            );
            return;
        }
        let known = |store: &str| {
            let entries = self.tenant.snapshot_shelf().all();
            entries
                .iter()
                .any(|entry| entry.info.store == store && entry.info.status != SnapshotStatus::Failure)
        };
        let Ok(files) = std::fs::read_dir(folder) else {
            return;
        };
        for file in files.flatten() {
            let name = file.file_name();
            let store = name
                .to_str()
                .and_then(|name| name.split('.').next())
                .unwrap_or_default();
            if store.starts_with(&self.prefix) && !known(store) {
                tracing::info!(store, "what is left of a snapshot is deleted");
                remove(&file.path());
            }
        }
    }

    fn entry(&self, id: &Uri) -> Option<Arc<Entry>> {
        let entry = self.tenant.snapshot_shelf().get(id.as_str())?;
        (entry.info.expires_at > self.tenant.now() && self.shows(&entry.info)).then_some(entry)
    }

    /// The twin with the data of a snapshot, opened if it is not.
    fn twin(&self, info: &SnapshotInfo, now: Timestamp) -> Result<Twin, Error> {
        let (store, open) = (info.store.as_str(), self.tenants.open_snapshots());
        if let Some(twin) = open.get(store, now) {
            return Ok(twin);
        }
        if let Some(idlest) = open.idlest() {
            open.rest(&idlest, &|_| true);
        }
        // Two who ask for the same must get the same twin; those who ask for another do not wait.
        open.turns.take(store, || {
            if let Some(twin) = open.get(store, now) {
                return Ok(twin);
            }
            let twin = self.tenants.open_store(store, self.name.as_deref())?;
            let mut twins = open.twins.lock();
            if open.closed.load(Ordering::Relaxed) {
                drop(twins);
                twin.close();
                return Err(Error::Storage("the twins are closed".to_owned()));
            }
            self.tenants
                .start_delivery_of(&twin, self.name.as_deref(), &info.id);
            twins.insert(store.to_owned(), (twin.clone(), now));
            Ok(twin)
        })
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
        let (shelf, book, now) = (
            self.tenant.snapshot_shelf(),
            self.tenant.book(),
            self.tenant.now(),
        );
        let (mut rows, letters) = Farewells::of(info, now);
        rows.push(Row::delete(TABLE, info.id.as_str()));
        self.tenant.store_rows_and_notify_blocking(rows, letters)?;
        shelf.remove(info.id.as_str());
        self.tenants.open_snapshots().queue.leave_out_gone();
        shelf.farewells.enter(book, info, now);
        self.drop_store(&info.store);
        Ok(())
    }

    fn drop_store(&self, store: &str) {
        let open = self.tenants.open_snapshots();
        open.turns.take(store, || {
            let twin = open.twins.lock().remove(store);
            if let Some((twin, _)) = twin {
                twin.close();
            }
            let Ok(files) = std::fs::read_dir(self.tenants.folder()) else {
                return;
            };
            for file in files.flatten() {
                let name = file.file_name();
                if name.to_str().and_then(|name| name.split('.').next()) == Some(store) {
                    remove(&file.path());
                }
            }
        });
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

/// When what lives for `lifetime` from now on ends, within bounds.
fn end(now: Timestamp, lifetime: Duration) -> Timestamp {
    let micros = i64::try_from(lifetime.min(LONGEST).as_micros()).unwrap_or(i64::MAX);
    now.plus_micros(micros)
}
