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

use crate::delivery::Transport;
use crate::error::Error;
use crate::ids;
use crate::rows::Row;
use crate::snapshots::{OfSnapshot, Open, Snapshots};
use crate::turns::Turns;
use crate::twin::{Limits, Twin};

/// The name of the default tenant's store. No tenant can be called so.
const DEFAULT_STORE: &str = "city";
/// What the names of the other stores begin with.
const PREFIX: &str = "tenant-";
/// The most tenants of one folder: each has a thread and a file.
const MAX_TENANTS: usize = 1000;

/// Opens the store with this name, and makes it where it is missing.
type Factory = dyn Fn(&str) -> Result<Box<dyn Storage>, StorageError> + Send + Sync;

/// The twins of all tenants: the default one, which is always there, and named ones, each with a store of its
/// own, opened when first asked for. Cheap to clone.
#[derive(Clone)]
pub struct Tenants(Arc<Shared>);

struct Shared {
    factory: Box<Factory>,
    folder: PathBuf,
    snapshots: Open,
    alias: String,
    clock: Arc<dyn Clock>,
    limits: Limits,
    default: Twin,
    named: Mutex<Named>,
    /// Of those that are being opened: a store may be large.
    opening: Turns,
    /// How messages go out, once they do.
    delivery: OnceLock<(Arc<dyn Transport>, tokio::runtime::Handle)>,
}

#[derive(Default)]
struct Named {
    /// Those that have a store.
    names: BTreeSet<String>,
    /// Those that are open.
    open: HashMap<String, Twin>,
    /// How many are being made.
    coming: usize,
    closed: bool,
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
        let default = Twin::open_with(factory(DEFAULT_STORE)?, Arc::clone(&clock), limits)?;
        let names = stored(folder).map_err(|error| {
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
            default,
            named,
            opening: Turns::default(),
            delivery: OnceLock::new(),
        }));
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

    /// The twin of a name, made where it is missing: for the first write.
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
        let named: Vec<(String, Twin)> = {
            let named = self.0.named.lock();
            let open = named.open.iter();
            open.map(|(name, twin)| (name.clone(), twin.clone())).collect()
        };
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

    pub(crate) fn open_snapshots(&self) -> &Open {
        &self.0.snapshots
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.0.folder
    }

    /// Opens a store that is no tenant's.
    pub(crate) fn open_store(&self, store: &str) -> Result<Twin, Error> {
        if self.0.snapshots.closed.load(Ordering::Relaxed) {
            return Err(Error::Storage("the twins are closed".to_owned()));
        }
        let storage = (self.0.factory)(store)?;
        Twin::open_with(storage, Arc::clone(&self.0.clock), self.0.limits)
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
            named.open.drain().map(|(_, twin)| twin).collect()
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
                Looked::ToOpen => self.0.named.lock().coming += 1,
            }
            let opened = self.open_named(name);
            let mut named = self.0.named.lock();
            named.coming -= 1;
            let twin = opened?;
            if named.closed {
                drop(named);
                twin.close();
                return Err(Error::Storage("the twins are closed".to_owned()));
            }
            self.start_delivery(&twin, Some(name));
            named.names.insert(name.to_owned());
            named.open.insert(name.to_owned(), twin.clone());
            Ok(Some(twin))
        })
    }

    fn look_for(&self, name: &str, create: bool) -> Result<Looked, Error> {
        let named = self.0.named.lock();
        if let Some(twin) = named.open.get(name) {
            return Ok(Looked::Open(twin.clone()));
        }
        let there = named.names.contains(name);
        if !there && !create {
            return Ok(Looked::Nothing);
        }
        if named.closed {
            return Err(Error::Storage("the twins are closed".to_owned()));
        }
        if !there && named.names.len() + named.coming >= MAX_TENANTS {
            return Err(Error::Storage(format!(
                "there are {MAX_TENANTS} tenants already, which is the most"
            )));
        }
        Ok(Looked::ToOpen)
    }

    fn open_named(&self, name: &str) -> Result<Twin, Error> {
        let open = || {
            let storage = (self.0.factory)(&format!("{PREFIX}{name}"))?;
            let twin = Twin::open_with(storage, Arc::clone(&self.0.clock), self.0.limits)?;
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
mod tests {
    use super::*;
    use crate::{Operation, Reader as _};
    use ngsi_ld::{Entity, Name};
    use query::{Caller, View};
    use storage::Memory;
    use storage::environment::SystemClock;

    fn memory(
        stores: &Arc<Mutex<HashMap<String, Memory>>>,
    ) -> impl Fn(&str) -> Result<Box<dyn Storage>, StorageError> + use<> {
        let stores = Arc::clone(stores);
        move |name| {
            Ok(Box::new(
                stores.lock().entry(name.to_owned()).or_default().clone(),
            ))
        }
    }

    #[test]
    fn each_tenant_has_a_city_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let stores = Arc::default();
        let tenants = Tenants::open(folder.path(), Arc::new(SystemClock), memory(&stores)).unwrap();
        let view = View::open(Caller::System("test"), "test");
        let id = Uri::ngsi_ld("T", "1");
        let entity = Entity::new(id.clone(), Name::default_term("T"));

        assert!(tenants.get(Some("water")).is_none(), "nothing was written for it");
        let water = tenants.get_or_create("water").unwrap();
        water
            .execute_blocking(&view, vec![Operation::Create(entity)])
            .remove(0)
            .unwrap();
        assert!(tenants.get(Some("water")).unwrap().get(&view, &id).is_some());
        assert!(tenants.get(None).unwrap().get(&view, &id).is_none());
        assert_eq!(tenants.names(), ["water"]);
        assert_eq!(tenants.verify().unwrap(), "1 entities of 2 tenant(s) were read");
        for bad in ["", "Water", "a-b", "a/b", "..", &"a".repeat(51)] {
            assert!(
                matches!(tenants.get_or_create(bad), Err(Error::Invalid(_))),
                "{bad}"
            );
            assert!(tenants.get(Some(bad)).is_none());
        }
        tenants.close();
        assert!(tenants.get_or_create("later").is_err());
    }

    #[test]
    fn nobody_waits_for_the_store_of_another() {
        let folder = tempfile::tempdir().unwrap();
        let stores = Arc::default();
        let (open, slow) = (memory(&stores), "tenant-slow");
        let (arrived, opening) = std::sync::mpsc::channel();
        let (go_on, wait) = std::sync::mpsc::channel::<()>();
        let (arrived, wait) = (Mutex::new(arrived), Mutex::new(wait));
        let tenants = Tenants::open(folder.path(), Arc::new(SystemClock), move |name| {
            if name == slow {
                arrived.lock().send(()).unwrap();
                wait.lock().recv().unwrap();
            }
            open(name)
        })
        .unwrap();
        tenants.get_or_create("quick").unwrap();
        std::thread::scope(|scope| {
            let one = scope.spawn(|| tenants.get_or_create("slow").unwrap());
            opening.recv().unwrap();
            let other = scope.spawn(|| tenants.get_or_create("slow").unwrap());
            // While it is opened, others are found, made and listed.
            assert!(tenants.get(Some("quick")).is_some());
            tenants.get_or_create("new").unwrap();
            assert_eq!(tenants.names(), ["new", "quick"]);
            go_on.send(()).unwrap();
            let (one, other) = (one.join().unwrap(), other.join().unwrap());
            assert!(Arc::ptr_eq(&one.0, &other.0), "both have the same twin");
        });
        assert!(opening.try_recv().is_err(), "it was opened once");
    }

    #[test]
    fn one_that_cannot_be_tidied_does_not_keep_the_others_from_it() {
        let folder = tempfile::tempdir().unwrap();
        let stores: Arc<Mutex<HashMap<String, Memory>>> = Arc::default();
        let clock = Arc::new(storage::environment::ManualClock::new(SystemClock.now()));
        let tenants = Tenants::open(
            folder.path(),
            Arc::clone(&clock) as Arc<dyn Clock>,
            memory(&stores),
        )
        .unwrap();
        let names = ["a", "b"];
        for name in names {
            let twin = tenants.get_or_create(name).unwrap();
            let snapshots = tenants.snapshots(&twin, Some(name));
            let new = crate::snapshots::NewSnapshot {
                lifetime: Some(std::time::Duration::from_secs(1)),
                ..Default::default()
            };
            snapshots
                .create(
                    new,
                    Box::new(|_, _| Ok(crate::Collected::default())),
                    Box::new(|_| ()),
                )
                .unwrap();
        }
        clock.set(clock.now().plus_micros(10_000_000));
        // The writer of the first is gone.
        tenants.get(Some("a")).unwrap().close();
        assert!(tenants.tidy().is_err());
        clock.set(clock.now().plus_micros(-10_000_000));
        let left = names.map(|name| {
            let twin = tenants.get(Some(name)).unwrap();
            tenants.snapshots(&twin, Some(name)).all().len()
        });
        assert_eq!(left, [1, 0]);
    }

    #[test]
    fn tenants_are_found_again() {
        let folder = tempfile::tempdir().unwrap();
        for file in [
            "city.sqlite",
            "tenant-water.sqlite",
            "tenant-water.sqlite-wal",
            "tenant-Bad.sqlite",
            "tenant-.x",
        ] {
            std::fs::write(folder.path().join(file), "").unwrap();
        }
        let stores = Arc::default();
        let tenants = Tenants::open(folder.path(), Arc::new(SystemClock), memory(&stores)).unwrap();
        assert_eq!(tenants.names(), ["water"]);
        assert!(tenants.get(Some("water")).is_some());
        assert_eq!(stores.lock().len(), 2, "opened when asked for");
    }
}
