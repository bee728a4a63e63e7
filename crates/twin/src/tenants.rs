//! The twins of all tenants of one data folder.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};

use hashbrown::HashMap;
use ngsi_ld::Uri;
use parking_lot::Mutex;
use storage::{Clock, Storage, StorageError};

use crate::cradle::{self, Cradle};
use crate::delivery::Transport;
use crate::error::Error;
use crate::first_write::FirstWrite;
use crate::holds::{Holder, Holds};
use crate::ids;
use crate::rows::Row;
use crate::sight::Views;
use crate::snapshots::{OfSnapshot, Open, Snapshots};
use crate::turns::Turns;
use crate::twin::{Limits, Twin};
use crate::witness::Witnesses;

/// The name of the default tenant's store. No tenant can be called so.
const DEFAULT_STORE: &str = "city";
/// What the names of the other stores begin with.
pub(crate) const PREFIX: &str = "tenant-";
/// The most tenants of one folder: each has a thread and a file.
const MAX_TENANTS: usize = 1000;

/// Opens the store with this name, and makes it where it is missing.
type Factory = dyn Fn(&str) -> Result<Box<dyn Storage>, StorageError> + Send + Sync;

/// The twins of all tenants: the default one, which is always there, and named ones, each with a store of its
/// own, opened when first asked for. Cheap to clone.
#[derive(Clone)]
pub struct Tenants(Arc<Shared>);

pub(crate) struct Shared {
    factory: Box<Factory>,
    folder: PathBuf,
    snapshots: Open,
    alias: String,
    clock: Arc<dyn Clock>,
    limits: Limits,
    witnesses: Option<Arc<dyn Witnesses>>,
    default: Twin,
    named: Mutex<Named>,
    /// Of those that are being opened: a store may be large.
    opening: Turns,
    /// Who is asked what those may see who subscribed.
    views: OnceLock<Arc<dyn Views>>,
    /// Who is asked before anything is destroyed.
    holder: Arc<Holder>,
    /// How messages go out, once they do.
    delivery: OnceLock<(Arc<dyn Transport>, tokio::runtime::Handle)>,
}

#[derive(Default)]
struct Named {
    /// Those that have a store.
    names: BTreeSet<String>,
    /// Those that are open.
    open: HashMap<String, Twin>,
    /// Those that somebody wants to write to and that nothing was written for yet. Nobody finds them by reading, and
    /// they go when nobody holds them.
    unborn: HashMap<String, Unborn>,
    /// How many were to be made.
    attempts: u64,
    closed: bool,
}

struct Unborn {
    twin: Twin,
    /// Which attempt at this tenant it is.
    number: u64,
    /// Whether the first write is under way.
    being_born: bool,
}

impl Named {
    /// Takes out those that nobody holds. To be dropped after the lock is let go of: a twin waits for its writer.
    fn take_forsaken(&mut self) -> Vec<Unborn> {
        let forsaken = self
            .unborn
            .extract_if(|_, unborn| !unborn.being_born && !unborn.twin.is_shared());
        forsaken.map(|(_, unborn)| unborn).collect()
    }
}

impl Tenants {
    /// Opens the default tenant's twin and lists the others. `factory` opens the store with a given name in
    /// `folder`, as files that begin with the name and a dot: `city` for the default tenant, `tenant-<name>` for
    /// a named one.
    pub fn open(
        folder: &Path,
        clock: Arc<dyn Clock>,
        factory: impl Fn(&str) -> Result<Box<dyn Storage>, StorageError> + Send + Sync + 'static,
    ) -> Result<Self, Error> {
        Self::open_with(folder, clock, Limits::default(), factory)
    }

    /// The same with other bounds for each twin.
    pub fn open_with(
        folder: &Path,
        clock: Arc<dyn Clock>,
        limits: Limits,
        factory: impl Fn(&str) -> Result<Box<dyn Storage>, StorageError> + Send + Sync + 'static,
    ) -> Result<Self, Error> {
        Self::open_witnessed(folder, clock, limits, None, factory)
    }

    /// The same, with somebody who writes down what is done in each tenant's twin.
    pub fn open_witnessed(
        folder: &Path,
        clock: Arc<dyn Clock>,
        limits: Limits,
        witnesses: Option<Arc<dyn Witnesses>>,
        factory: impl Fn(&str) -> Result<Box<dyn Storage>, StorageError> + Send + Sync + 'static,
    ) -> Result<Self, Error> {
        let store = factory(DEFAULT_STORE)?;
        let default = Twin::open_witnessed(store, Arc::clone(&clock), limits, |reader| {
            witnesses.as_ref().map_or(Ok(None), |all| all.of(None, reader))
        })?;
        // The default tenant's store is open: the folder is ours.
        let names = cradle::sweep(folder)
            .and_then(|()| stored(folder))
            .map_err(|error| {
                Error::Storage(format!(
                    "the folder {} cannot be listed: {error}",
                    folder.display()
                ))
            })?;
        let named = Mutex::new(Named {
            names,
            ..Named::default()
        });
        let tenants = Self(Arc::new(Shared {
            factory: Box::new(factory),
            folder: folder.to_owned(),
            snapshots: Open::default(),
            alias: alias(&default)?,
            clock,
            limits,
            witnesses,
            default,
            named,
            opening: Turns::default(),
            views: OnceLock::new(),
            holder: Arc::default(),
            delivery: OnceLock::new(),
        }));
        tenants.tell_holder(&tenants.0.default, None);
        tenants.snapshots(&tenants.0.default, None).sweep(folder);
        Ok(tenants)
    }

    /// The default tenant's twin, or that of a name; `None` where there is no such tenant. The first call for a
    /// name reads its store. A store that cannot be opened is logged and answers `None`; see
    /// [`Self::try_get`].
    pub fn get(&self, name: Option<&str>) -> Option<Twin> {
        let Some(name) = name else {
            return Some(self.0.default.clone());
        };
        self.try_get(name).unwrap_or_else(|error| {
            tracing::error!(tenant = name, %error, "the store of a tenant cannot be opened");
            None
        })
    }

    /// The twin of a name, `None` where there is none, and the error of a store that cannot be opened.
    pub fn try_get(&self, name: &str) -> Result<Option<Twin>, Error> {
        self.find(name, false)
    }

    /// The twin of a name, for a write. Where there is no such tenant, the first write that succeeds makes it: until
    /// then it is not found by [`Self::get`], and nothing of it is on disk.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a name that is not 1 to 50 of `a`–`z`, `0`–`9` and `_`.
    pub fn get_or_create(&self, name: &str) -> Result<Twin, Error> {
        if !is_valid(name) {
            let name: String = name.chars().take(60).collect();
            return Err(ngsi_ld::Error::bad_data(format!(
                "`{name}` is not the name of a tenant: use 1 to 50 lower-case letters, digits and `_`"
            ))
            .into());
        }
        self.find(name, true)?
            .ok_or_else(|| Error::Storage(format!("the tenant `{name}` could not be made")))
    }

    /// Delivers what any tenant has to tell others, from now on, by tasks of `runtime`. Opens every tenant, so that
    /// what waits since the last time goes out too.
    pub fn deliver(&self, transport: Arc<dyn Transport>, runtime: &tokio::runtime::Handle) {
        let open: Vec<(String, Twin)> = {
            let named = self.0.named.lock();
            if self.0.delivery.set((transport, runtime.clone())).is_err() {
                return; // it does already
            }
            named
                .open
                .iter()
                .map(|(name, twin)| (name.clone(), twin.clone()))
                .collect()
        };
        self.start_delivery(&self.0.default, None);
        for (name, twin) in &open {
            self.start_delivery(twin, Some(name));
        }
        let tenants = self.clone();
        runtime.spawn_blocking(move || {
            tenants.snapshots(&tenants.0.default, None).open_watched();
            for name in tenants.names() {
                // An error is logged.
                if let Some(twin) = tenants.get(Some(&name)) {
                    tenants.snapshots(&twin, Some(&name)).open_watched();
                }
            }
        });
    }

    /// From now on `views` are asked what those may see who subscribed, in whatever tenant. Before anything is delivered,
    /// and before anybody else writes.
    pub fn ask_views(&self, views: &Arc<dyn Views>) {
        let open: Vec<(String, Twin)> = {
            let named = self.0.named.lock();
            if self.0.views.set(Arc::clone(views)).is_err() {
                return; // somebody is asked already
            }
            let unborn = named.unborn.iter().map(|(name, unborn)| (name, &unborn.twin));
            named
                .open
                .iter()
                .chain(unborn)
                .map(|(name, twin)| (name.clone(), twin.clone()))
                .collect()
        };
        self.0.default.ask_views(Arc::clone(views), None);
        for (name, twin) in &open {
            twin.ask_views(Arc::clone(views), Some(name));
        }
    }

    /// From now on `holds` are asked before anything of any tenant is destroyed. Snapshots are copies, and go when they go.
    pub fn ask_holds(&self, holds: &Arc<dyn Holds>) {
        let _ = self.0.holder.set(Arc::clone(holds)); // once for the life of an installation
    }

    fn tell_holder(&self, twin: &Twin, name: Option<&str>) {
        twin.0.state.held.ask(Arc::clone(&self.0.holder), name);
    }

    /// A twin that was opened asks as the others do.
    fn tell_views(&self, twin: &Twin, name: Option<&str>) {
        if let Some(views) = self.0.views.get() {
            twin.ask_views(Arc::clone(views), name);
        }
    }

    fn start_delivery(&self, twin: &Twin, name: Option<&str>) {
        if let Some((transport, runtime)) = self.0.delivery.get() {
            runtime.spawn(twin.deliver(Arc::clone(transport), name));
        }
    }

    /// The same for what happens in a snapshot.
    pub(crate) fn start_delivery_of(&self, twin: &Twin, name: Option<&str>, snapshot: &Uri) {
        if let Some((transport, runtime)) = self.0.delivery.get() {
            let transport = OfSnapshot {
                transport: Arc::clone(transport),
                snapshot: snapshot.as_str().into(),
            };
            runtime.spawn(twin.deliver(Arc::new(transport), name));
        }
    }

    /// A name for this installation that no other has, the same for ever.
    pub fn alias(&self) -> &str {
        &self.0.alias
    }

    /// The snapshots of a tenant: its twin, and its name unless it is the default one.
    pub fn snapshots(&self, tenant: &Twin, name: Option<&str>) -> Snapshots {
        Snapshots::new(self.clone(), tenant.clone(), name)
    }

    /// Puts away what has had its time, of every tenant that is open; for a thread that may wait. To be called now
    /// and then.
    ///
    /// # Errors
    /// The first; the others are tidied all the same.
    pub fn tidy(&self) -> Result<(), Error> {
        let (named, forsaken): (Vec<(String, Twin)>, Vec<Unborn>) = {
            let mut named = self.0.named.lock();
            let forsaken = named.take_forsaken();
            let open = named.open.iter();
            (
                open.map(|(name, twin)| (name.clone(), twin.clone())).collect(),
                forsaken,
            )
        };
        drop(forsaken);
        let default = [(None, &self.0.default)].into_iter();
        let mut tidied = Ok(());
        for (name, twin) in default.chain(named.iter().map(|(name, twin)| (Some(name.as_str()), twin))) {
            for one in [twin.tidy(), self.snapshots(twin, name).tidy()] {
                if let Err(error) = &one {
                    tracing::warn!(tenant = name, %error, "a tenant could not be tidied");
                }
                tidied = tidied.and(one);
            }
        }
        tidied
    }

    /// How many rows of the tenants that are open could not be read and were set aside ([`Twin::damaged_rows`]).
    pub fn damaged_rows(&self) -> usize {
        let named = self.0.named.lock();
        let twins = named.open.values().chain([&self.0.default]);
        twins.map(|twin| twin.damaged_rows().len()).sum()
    }

    pub(crate) fn open_snapshots(&self) -> &Open {
        &self.0.snapshots
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.0.folder
    }

    /// Opens a store that is no tenant's.
    pub(crate) fn open_store(&self, store: &str, tenant: Option<&str>) -> Result<Twin, Error> {
        if self.0.snapshots.closed.load(Ordering::Relaxed) {
            return Err(Error::Storage("the twins are closed".to_owned()));
        }
        let storage = (self.0.factory)(store)?;
        let twin = Twin::open_with(storage, Arc::clone(&self.0.clock), self.0.limits)?;
        self.tell_views(&twin, tenant);
        Ok(twin)
    }

    /// The names of the tenants besides the default one.
    pub fn names(&self) -> Vec<String> {
        self.0.named.lock().names.iter().cloned().collect()
    }

    /// Opens every tenant and looks at each of its entities; tells what was found.
    pub fn verify(&self) -> Result<String, Error> {
        let names = self.names();
        let mut entities = 0_usize;
        let mut count = |twin: &Twin| {
            twin.reading().each(&mut || entities += 1);
        };
        count(&self.0.default);
        for name in &names {
            match self.try_get(name)? {
                Some(twin) => count(&twin),
                None => {
                    return Err(Error::Storage(format!(
                        "the store of the tenant `{name}` is gone"
                    )));
                }
            }
        }
        Ok(format!(
            "{entities} entities of {} tenant(s) were read",
            names.len() + 1
        ))
    }

    /// Finishes what is queued and closes every store; waits for it. Later writes are refused.
    pub fn close(&self) {
        let open: Vec<Twin> = {
            let mut named = self.0.named.lock();
            named.closed = true;
            let unborn: Vec<Twin> = named.unborn.values().map(|one| one.twin.clone()).collect();
            named.open.drain().map(|(_, twin)| twin).chain(unborn).collect()
        };
        self.0.snapshots.close();
        self.0.default.close();
        open.iter().for_each(Twin::close);
    }

    fn find(&self, name: &str, create: bool) -> Result<Option<Twin>, Error> {
        match self.look_for(name, create)? {
            Looked::Open(twin) => return Ok(Some(twin)),
            Looked::Nothing => return Ok(None),
            Looked::ToOpen => {}
        }
        // Two who ask for the same tenant must get the same twin; those who ask for another do not wait.
        self.0.opening.take(name, || {
            match self.look_for(name, create)? {
                Looked::Open(twin) => return Ok(Some(twin)),
                Looked::Nothing => return Ok(None),
                Looked::ToOpen => {}
            }
            let twin = self.open_named(name)?;
            let mut named = self.0.named.lock();
            if named.closed {
                drop(named);
                twin.close();
                return Err(closed());
            }
            self.start_delivery(&twin, Some(name));
            named.open.insert(name.to_owned(), twin.clone());
            Ok(Some(twin))
        })
    }

    fn look_for(&self, name: &str, create: bool) -> Result<Looked, Error> {
        let mut named = self.0.named.lock();
        if let Some(twin) = named.open.get(name) {
            return Ok(Looked::Open(twin.clone()));
        }
        if named.names.contains(name) {
            return if named.closed {
                Err(closed())
            } else {
                Ok(Looked::ToOpen)
            };
        }
        if !create {
            return Ok(Looked::Nothing);
        }
        let forsaken = named.take_forsaken();
        let conceived = self.conceive(&mut named, name);
        drop(named);
        drop(forsaken);
        conceived.map(Looked::Open)
    }

    /// The twin of a tenant that is not there yet. Nothing of it is read, so it is no wait.
    fn conceive(&self, named: &mut Named, name: &str) -> Result<Twin, Error> {
        if named.closed {
            return Err(closed());
        }
        if let Some(unborn) = named.unborn.get(name) {
            return Ok(unborn.twin.clone());
        }
        if named.names.len() + named.unborn.len() >= MAX_TENANTS {
            return Err(Error::Storage(format!(
                "there are {MAX_TENANTS} tenants already, which is the most"
            )));
        }
        named.attempts += 1;
        let number = named.attempts;
        let storage = FirstWrite::new(Box::new(Cradle {
            tenants: Arc::downgrade(&self.0),
            name: name.to_owned(),
            number,
            folder: self.0.folder.clone(),
        }));
        let twin = self.0.open_twin(Box::new(storage), name)?;
        self.tell_views(&twin, Some(name));
        self.tell_holder(&twin, Some(name));
        let unborn = Unborn {
            twin: twin.clone(),
            number,
            being_born: false,
        };
        named.unborn.insert(name.to_owned(), unborn);
        Ok(twin)
    }

    fn open_named(&self, name: &str) -> Result<Twin, Error> {
        let open = || {
            let storage = (self.0.factory)(&format!("{PREFIX}{name}"))?;
            let twin = self.0.open_twin(storage, name)?;
            self.tell_views(&twin, Some(name));
            self.tell_holder(&twin, Some(name));
            self.snapshots(&twin, Some(name)).sweep(&self.0.folder);
            Ok(twin)
        };
        catch_unwind(AssertUnwindSafe(open)).unwrap_or_else(|_| {
            Err(Error::Storage(format!(
                "the store of `{name}` met a defect of this program; see the log"
            )))
        })
    }
}

/// What there is of a tenant.
enum Looked {
    Open(Twin),
    /// None, and none is to be made.
    Nothing,
    ToOpen,
}

/// What the writer of a tenant that is not there yet does with its first write.
impl Shared {
    /// Opens the twin of a named tenant over its store.
    fn open_twin(&self, storage: Box<dyn Storage>, name: &str) -> Result<Twin, Error> {
        Twin::open_witnessed(storage, Arc::clone(&self.clock), self.limits, |reader| {
            let witnesses = self.witnesses.as_ref();
            witnesses.map_or(Ok(None), |all| all.of(Some(name), reader))
        })
    }

    /// Whether that attempt at a tenant still counts; its first write is under way then.
    pub(crate) fn is_to_be_born(&self, name: &str, number: u64) -> bool {
        let mut named = self.named.lock();
        let unborn = named
            .unborn
            .get_mut(name)
            .filter(|unborn| unborn.number == number);
        unborn.map(|unborn| unborn.being_born = true).is_some()
    }

    /// The first write of that attempt failed, and nothing is left of it.
    pub(crate) fn was_not_born(&self, name: &str, number: u64) {
        let mut named = self.named.lock();
        if let Some(unborn) = named
            .unborn
            .get_mut(name)
            .filter(|unborn| unborn.number == number)
        {
            unborn.being_born = false;
        }
    }

    /// Makes a store.
    pub(crate) fn make(&self, store: &str) -> Result<Box<dyn Storage>, StorageError> {
        (self.factory)(store)
    }

    /// The first write of a tenant is durable: from now on it is there.
    pub(crate) fn born(this: &Arc<Self>, name: &str) {
        let mut named = this.named.lock();
        let Some(unborn) = named.unborn.remove(name) else {
            return;
        };
        named.names.insert(name.to_owned());
        named.open.insert(name.to_owned(), unborn.twin.clone());
        drop(named);
        Tenants(Arc::clone(this)).start_delivery(&unborn.twin, Some(name));
    }
}

fn closed() -> Error {
    Error::Storage("the twins are closed".to_owned())
}

/// The name of an installation, made when it is first opened.
fn alias(default: &Twin) -> Result<String, Error> {
    const TABLE: &str = "identity";
    const ALIAS: &[u8] = b"alias";
    let rows = default.rows(TABLE)?;
    let kept = rows.into_iter().find(|(key, _)| key == ALIAS);
    if let Some(alias) = kept.and_then(|(_, value)| String::from_utf8(value).ok()) {
        return Ok(alias);
    }
    let made = ids::fresh("Installation");
    let digits: String = made
        .as_str()
        .rsplit(':')
        .next()
        .unwrap_or_default()
        .chars()
        .take(16)
        .collect();
    let alias = format!("mapacha-{digits}");
    default.store_rows_blocking(vec![Row::put(TABLE, ALIAS, alias.as_bytes())])?;
    Ok(alias)
}

fn is_valid(name: &str) -> bool {
    (1..=50).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// The tenants that have files in the folder.
fn stored(folder: &Path) -> std::io::Result<BTreeSet<String>> {
    if !folder.exists() {
        return Ok(BTreeSet::new());
    }
    let mut names = BTreeSet::new();
    for entry in std::fs::read_dir(folder)? {
        let file = PathBuf::from(entry?.file_name());
        let store = file
            .to_str()
            .and_then(|file| file.split('.').next())
            .unwrap_or_default();
        if let Some(name) = store.strip_prefix(PREFIX).filter(|name| is_valid(name)) {
            names.insert(name.to_owned());
        }
    }
    Ok(names)
}

#[cfg(test)]
#[path = "tenants_tests.rs"]
mod tests;
