//! A city whose writes are audited, in memory or on disk, and a store that fails when it is told.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use governance::audit::{Audit, Keys, Leaf, Log};
use ngsi_ld::{Attribute, Entity, Name, Timestamp, Uri};
use query::{Caller, View};
use storage::environment::{Environment, ManualClock};
use storage::{Embedded, Memory};
use twin::{Change, Clock, Limits, Operation, Outcome, Storage, StorageError, StorageReader, Tenants, Twin};

pub(crate) const BEGIN: &str = "2026-05-01T12:00:00Z";

pub(crate) struct City {
    pub tenants: Tenants,
    pub audit: Audit,
    pub clock: Arc<ManualClock>,
}

pub(crate) fn keys() -> Keys {
    Keys::of_seeds([7; 32], [9; 32])
}

type Factory = Box<dyn Fn(&str) -> Result<Box<dyn Storage>, StorageError> + Send + Sync>;

impl City {
    pub(crate) fn over(folder: &Path, audit: Audit, factory: Factory) -> Result<Self, twin::Error> {
        let clock = Arc::new(ManualClock::new(Timestamp::parse(BEGIN).unwrap()));
        let shared: Arc<dyn Clock> = Arc::<ManualClock>::clone(&clock);
        let witnesses = Some(Arc::new(audit.clone()) as Arc<dyn twin::Witnesses>);
        let tenants = Tenants::open_witnessed(folder, shared, Limits::default(), witnesses, factory)?;
        audit.begin(&tenants.get(None).unwrap())?;
        Ok(Self {
            tenants,
            audit,
            clock,
        })
    }

    /// In memory: every tenant is in the same one, so only the default may be used.
    pub(crate) fn in_memory(memory: &Memory) -> Self {
        let memory = memory.clone();
        let folder = tempfile::tempdir().unwrap();
        Self::over(
            folder.path(),
            Audit::with_keys(keys()),
            Box::new(move |_| Ok(Box::new(memory.clone()))),
        )
        .unwrap()
    }

    pub(crate) fn on_disk(folder: &Path) -> Result<Self, twin::Error> {
        let at = folder.to_owned();
        Self::over(
            folder,
            Audit::with_keys(keys()),
            Box::new(move |stem| Ok(Box::new(Embedded::open(&at, stem, Environment::real(1))?))),
        )
    }

    pub(crate) fn twin(&self) -> Twin {
        self.tenants.get(None).unwrap()
    }

    pub(crate) fn log(&self) -> Log {
        self.audit.log(None).unwrap()
    }

    pub(crate) fn leaves(&self) -> Vec<Leaf<'static>> {
        leaves(&self.log())
    }

    /// Does something as somebody who did not say who they are.
    pub(crate) fn run(&self, operations: Vec<Operation>) -> Vec<Result<Outcome, twin::Error>> {
        self.twin().execute_blocking(&view(), operations)
    }
}

pub(crate) fn leaves(log: &Log) -> Vec<Leaf<'static>> {
    let mut leaves = Vec::new();
    while (leaves.len() as u64) < log.size() {
        let from = leaves.len() as u64;
        let some = log.entries(from, log.size()).unwrap();
        leaves.extend(some.iter().map(|entry| Leaf::parse(entry).unwrap()));
    }
    leaves
}

pub(crate) fn view() -> View {
    View::open(Caller::Anonymous, "service-operation").of_request("r-1")
}

pub(crate) fn bus(number: usize, speed: i64) -> Entity {
    Entity::new(
        Uri::ngsi_ld("Bus", &number.to_string()),
        Name::default_term("Bus"),
    )
    .with(Attribute::property(Name::default_term("speed"), speed))
    .with(Attribute::property(Name::default_term("line"), "44"))
}

/// Writes as many entities as it takes until the log has so many leaves, `group` at a time.
pub(crate) fn fill(city: &City, leaves: u64, group: usize) {
    while city.log().size() < leaves {
        let there = usize::try_from(city.log().size()).unwrap();
        let left = usize::try_from(leaves).unwrap() - there;
        let operations = (0..group.min(left)).map(|n| Operation::Create(bus(there + n, 50)));
        for result in city.run(operations.collect()) {
            result.unwrap();
        }
    }
}

/// A store whose commits fail as long as it is told so.
pub(crate) struct Failing {
    pub store: Memory,
    pub fails: Arc<AtomicBool>,
}

impl Failing {
    fn check(&self) -> Result<(), StorageError> {
        if self.fails.load(Ordering::SeqCst) {
            return Err(StorageError::Full { path: "x".to_owned() });
        }
        Ok(())
    }
}

impl Storage for Failing {
    fn load(&mut self, sink: &mut dyn FnMut(storage::Stored)) -> Result<(), StorageError> {
        self.store.load(sink)
    }

    fn commit(&mut self, changes: &[Change]) -> Result<storage::Lsn, StorageError> {
        self.check()?;
        self.store.commit(changes)
    }

    fn bulk(&mut self, changes: &[Change]) -> Result<storage::Lsn, StorageError> {
        self.check()?;
        self.store.bulk(changes)
    }

    fn maintain(&mut self) -> Result<bool, StorageError> {
        Ok(false)
    }

    fn put_blob(&mut self, content: &mut dyn Read) -> Result<String, StorageError> {
        self.store.put_blob(content)
    }

    fn reader(&self) -> Arc<dyn StorageReader> {
        self.store.reader()
    }
}
