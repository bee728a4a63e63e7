//! What the tests share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use ngsi_ld::fragment::{AttributeChange, AttributeFragment, AttributePatch, Change, Fragment, ValuePatch};
use ngsi_ld::query::temporal::{TemporalQuery, TimeProperty, TimeRelation};
use ngsi_ld::{Attribute, Entity, Name, Timestamp, Uri, Value};
use query::view::{Condition, Rights};
use query::{Caller, EntityQuery, Selection, View};
use storage::environment::ManualClock;
use storage::{
    EntityKey, Lsn, Memory, Number, Past, Piece, Storage, StorageError, StorageReader, Stored, Take,
};
use twin::{Error, HistoryQuery, Operation, Outcome, Reader, Twin};

/// 2026-05-01T00:00:00Z, when tests begin.
pub(crate) const START: i64 = 1_777_593_600;

pub(crate) fn name(term: &str) -> Name {
    Name::default_term(term)
}

pub(crate) fn id(local: impl std::fmt::Display) -> Uri {
    Uri::ngsi_ld("Thing", &local.to_string())
}

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(START + seconds)
}

pub(crate) fn view() -> View {
    View::open(Caller::System("test"), "test")
}

/// A view that shows, and lets be done, what is not hidden of the entities of which a condition holds.
pub(crate) fn only(condition: Condition) -> View {
    view().with(&Rights::of_entities(condition))
}

/// A view of everything but these attributes.
pub(crate) fn hiding(names: impl IntoIterator<Item = Name>) -> View {
    view().with(&Rights::except(Condition::Always, names))
}

pub(crate) fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new(at(0)))
}

pub(crate) fn open(storage: impl Storage + 'static) -> Twin {
    Twin::open(Box::new(storage), clock()).unwrap()
}

pub(crate) fn twin() -> Twin {
    open(Memory::new())
}

pub(crate) fn thing(local: impl std::fmt::Display) -> Entity {
    Entity::new(id(local), name("Thing"))
}

pub(crate) fn property(term: &str, value: i64) -> Attribute {
    Attribute::property(name(term), value)
}

/// A fragment that sets one Property.
pub(crate) fn set(term: &str, value: i64) -> Fragment {
    Fragment {
        attributes: vec![part(term, None, value, None)],
        ..Fragment::default()
    }
}

pub(crate) fn part(
    term: &str,
    dataset_id: Option<Uri>,
    value: i64,
    observed_at: Option<Timestamp>,
) -> AttributeFragment {
    let patch = AttributePatch {
        value: Some(ValuePatch::Typed(Value::Property(value.into()))),
        observed_at: observed_at.map_or(Change::Keep, Change::Set),
        ..AttributePatch::default()
    };
    AttributeFragment {
        name: name(term),
        dataset_id,
        change: AttributeChange::Set(Box::new(patch)),
    }
}

/// Executes one operation.
pub(crate) fn run(twin: &Twin, operation: Operation) -> Result<Outcome, Error> {
    twin.execute_blocking(&view(), vec![operation]).remove(0)
}

pub(crate) fn always() -> HistoryQuery {
    let temporal = TemporalQuery {
        relation: TimeRelation::Always,
        property: TimeProperty::ObservedAt,
    };
    HistoryQuery {
        temporal,
        attributes: Vec::new(),
        datasets: Vec::new(),
        last_n: None,
    }
}

/// The whole temporal evolution.
pub(crate) fn history(reader: &dyn Reader, id: &Uri) -> Vec<Attribute> {
    reader
        .history(&view(), id, &always())
        .unwrap()
        .map(|entity| entity.attributes)
        .unwrap_or_default()
}

pub(crate) fn numbers(attributes: &[Attribute]) -> Vec<f64> {
    attributes.iter().filter_map(Attribute::as_f64).collect()
}

/// Every entity, in order.
pub(crate) fn all(reader: &dyn Reader, view: &View) -> Vec<Arc<Entity>> {
    let query = EntityQuery {
        selection: Selection::default(),
        limit: usize::MAX,
        offset: 0,
        count: true,
    };
    let page = reader.query(view, &query).unwrap();
    assert_eq!(page.total, Some(page.entities.len()));
    page.entities
}

/// A store that fails when it is told to, and counts.
#[derive(Clone, Default)]
pub(crate) struct Faulty {
    pub(crate) inner: Memory,
    pub(crate) commits: Arc<AtomicUsize>,
    /// Commits that were begun.
    pub(crate) begun: Arc<AtomicUsize>,
    pub(crate) maintained: Arc<AtomicUsize>,
    /// While a test holds this, no commit goes on.
    pub(crate) gate: Arc<parking_lot::Mutex<()>>,
    /// Whether reading the past panics.
    pub(crate) broken_past: Arc<AtomicBool>,
    /// The entities and the system tables that were written, in order.
    pub(crate) written: Arc<parking_lot::Mutex<Vec<String>>>,
    /// Which numbers of the past were asked for.
    pub(crate) asked: Arc<parking_lot::Mutex<Vec<Asked>>>,
    /// What the next commit says, once.
    pub(crate) next_error: Arc<parking_lot::Mutex<Option<Fault>>>,
}

/// A part of the past: an entity's attribute and data set in a range of time.
pub(crate) type Asked = (EntityKey, Name, Option<Uri>, (Timestamp, Timestamp));

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Full,
    Io,
    Stopped,
    Panic,
}

impl Faulty {
    /// Waits until a commit has begun.
    pub(crate) fn wait_for_commit(&self) {
        while self.begun.load(Ordering::SeqCst) == 0 {
            std::thread::yield_now();
        }
    }

    pub(crate) fn fail_next(&self, fault: Fault) {
        *self.next_error.lock() = Some(fault);
    }
}

impl Storage for Faulty {
    fn load(&mut self, sink: &mut dyn FnMut(Stored)) -> Result<(), StorageError> {
        self.inner.load(sink)
    }
    fn commit(&mut self, changes: &[storage::Change]) -> Result<Lsn, StorageError> {
        self.begun.fetch_add(1, Ordering::SeqCst);
        let _held = self.gate.lock();
        let fault = self.next_error.lock().take();
        match fault {
            None => {
                let lsn = self.inner.commit(changes)?;
                let written = changes.iter().filter_map(|change| match change {
                    storage::Change::Head(_, head) => Some(head.id.to_string()),
                    storage::Change::System(table, ..) => Some((*table).to_owned()),
                    _ => None,
                });
                self.written.lock().extend(written);
                self.commits.fetch_add(1, Ordering::SeqCst);
                Ok(lsn)
            }
            Some(Fault::Full) => Err(StorageError::Full { path: "x".into() }),
            Some(Fault::Io) => Err(StorageError::Io {
                context: "writing".into(),
                detail: "a broken disk".into(),
            }),
            Some(Fault::Stopped) => Err(StorageError::Stopped("a broken disk".into())),
            Some(Fault::Panic) => panic!("a defect, as the test wants it"),
        }
    }
    fn bulk(&mut self, changes: &[storage::Change]) -> Result<Lsn, StorageError> {
        self.commit(changes)
    }
    fn maintain(&mut self) -> Result<bool, StorageError> {
        self.maintained.fetch_add(1, Ordering::SeqCst);
        Ok(false)
    }
    fn put_blob(&mut self, content: &mut dyn std::io::Read) -> Result<String, StorageError> {
        self.inner.put_blob(content)
    }
    fn reader(&self) -> Arc<dyn StorageReader> {
        Arc::new(FaultyReader(
            self.inner.reader(),
            Arc::clone(&self.broken_past),
            Arc::clone(&self.asked),
        ))
    }
}

struct FaultyReader(
    Arc<dyn StorageReader>,
    Arc<AtomicBool>,
    Arc<parking_lot::Mutex<Vec<Asked>>>,
);

impl StorageReader for FaultyReader {
    fn history(
        &self,
        key: EntityKey,
        attributes: &[Name],
        range: (Timestamp, Timestamp),
        take: Take,
    ) -> Result<Vec<Past>, StorageError> {
        assert!(!self.1.load(Ordering::SeqCst), "a defect, as the test wants it");
        self.0.history(key, attributes, range, take)
    }
    fn pieces(
        &self,
        key: EntityKey,
        attribute: &Name,
        dataset_id: Option<&Uri>,
        range: (Timestamp, Timestamp),
        each: &mut dyn FnMut(Piece<'_>),
    ) -> Result<(), StorageError> {
        let asked = (key, attribute.clone(), dataset_id.cloned(), range);
        self.2.lock().push(asked);
        self.0.pieces(key, attribute, dataset_id, range, each)
    }
    fn visit(
        &self,
        key: EntityKey,
        attribute: &Name,
        dataset_id: Option<&Uri>,
        range: (Timestamp, Timestamp),
        each: &mut dyn FnMut(Vec<Past>),
    ) -> Result<(), StorageError> {
        self.0.visit(key, attribute, dataset_id, range, each)
    }
    fn list(&self, key: EntityKey, attributes: &[Name]) -> Result<Vec<(Name, Option<Uri>)>, StorageError> {
        assert!(!self.1.load(Ordering::SeqCst), "a defect, as the test wants it");
        self.0.list(key, attributes)
    }
    fn series(
        &self,
        key: EntityKey,
        attribute: &Name,
        range: (Timestamp, Timestamp),
    ) -> Result<Vec<Number>, StorageError> {
        self.0.series(key, attribute, range)
    }
    fn read_blob(&self, blob: &str, offset: u64, buffer: &mut [u8]) -> Result<(), StorageError> {
        self.0.read_blob(blob, offset, buffer)
    }
    fn blob_length(&self, blob: &str) -> Result<Option<u64>, StorageError> {
        self.0.blob_length(blob)
    }
    fn system(
        &self,
        table: &str,
        from: &[u8],
        limit: usize,
    ) -> Result<Vec<(Vec<u8>, Vec<u8>)>, StorageError> {
        self.0.system(table, from, limit)
    }
}
