//! The handle of a live twin.

use std::io::Read;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Weak};
use std::thread::JoinHandle;
use std::time::Duration;

use ngsi_ld::Timestamp;
use parking_lot::Mutex;
use query::View;
use storage::{Clock, Storage, StorageReader};
use tokio::sync::oneshot;

use crate::contexts::Library;
use crate::damage::{DamagedRow, Damages};
use crate::delivery::{Book, DeliveryLimits, Letter};
use crate::entity_maps::EntityMaps;
use crate::error::Error;
use crate::expiry::Deadlines;
use crate::operation::{Operation, Outcome};
use crate::reader::BlobId;
use crate::reading::Reading;
use crate::registrations::Registrations;
use crate::rows::{self, Row};
use crate::shard::Record;
use crate::sight::Sight;
use crate::snapshot::Snapshot;
use crate::snapshots::Shelf;
use crate::stage::Counters;
use crate::state::State;
use crate::subscriptions::{Matcher, Registry};
use crate::witness::{Event, Noted, Watch, Witness};
use crate::writer::{Command, Group, Reply, RowsReply, Writer};

/// Blobs go to the writer in pieces of so many bytes.
const PIECE: usize = 256 * 1024;
/// How long a client is asked to wait when the queue is full.
const RETRY_AFTER_S: u32 = 1;

/// The live twin of one tenant. Cheap to clone. When the last clone goes, what is queued is finished and the
/// store is closed.
#[derive(Clone)]
pub struct Twin(pub(crate) Arc<Shared>);

/// A handle that keeps nothing open.
pub(crate) struct WeakTwin(Weak<Shared>);

impl WeakTwin {
    pub(crate) fn upgrade(&self) -> Option<Twin> {
        self.0.upgrade().map(Twin)
    }
}

/// The bounds of a twin's memory and work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Requests that may wait for the writer.
    pub waiting_requests: usize,
    /// Operations that may wait for the writer; one request may have more if nothing else waits.
    pub waiting_operations: usize,
    /// Operations that are made durable together, at most about so many.
    pub group_operations: usize,
    /// A group takes no more requests after this time.
    pub group_time: Duration,
    /// Of what is delivered to others.
    pub delivery: DeliveryLimits,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            waiting_requests: 1024,
            waiting_operations: 100_000,
            group_operations: 1000,
            group_time: Duration::from_millis(5),
            delivery: DeliveryLimits::default(),
        }
    }
}

pub(crate) struct Shared {
    pub(crate) state: Arc<State>,
    storage: Arc<dyn StorageReader>,
    pub(crate) clock: Arc<dyn Clock>,
    limits: Limits,
    waiting: Arc<AtomicUsize>,
    pub(crate) commands: SyncSender<Command>,
    pub(crate) registry: Arc<Registry>,
    pub(crate) sight: Arc<Sight>,
    registrations: Registrations,
    pub(crate) book: Arc<Book>,
    writer: Mutex<Option<JoinHandle<()>>>,
    library: Library,
    entity_maps: EntityMaps,
    snapshots: Shelf,
    damaged: Vec<DamagedRow>,
}

impl Twin {
    /// Reads what is stored into memory and starts the writer.
    pub fn open(storage: Box<dyn Storage>, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        Self::open_with(storage, clock, Limits::default())
    }

    /// The same with other bounds.
    pub fn open_with(
        storage: Box<dyn Storage>,
        clock: Arc<dyn Clock>,
        limits: Limits,
    ) -> Result<Self, Error> {
        Self::open_witnessed(storage, clock, limits, |_| Ok(None))
    }

    /// The same, with somebody who writes down what is done, made for the reader of the store.
    pub fn open_witnessed(
        mut storage: Box<dyn Storage>,
        clock: Arc<dyn Clock>,
        limits: Limits,
        witness: impl FnOnce(&Arc<dyn StorageReader>) -> Result<Option<Box<dyn Witness>>, Error>,
    ) -> Result<Self, Error> {
        let state = Arc::new(State::new());
        let reader = storage.reader();
        let watch = Watch::new(witness(&reader)?);
        let mut counters = Counters::noted(&*reader)?;
        let mut deadlines = Deadlines::default();
        storage.load(&mut |stored| {
            let record = Record::from(stored);
            counters.learn(&record);
            let id = record.entity.id.clone();
            deadlines.note(&id, Some(&record));
            state.apply(counters.latest, [(id, Some(record))]);
        })?;
        state.apply(counters.latest, []);
        // Owners first, then what waits for them.
        let mut damages = Damages::default();
        let book = Arc::new(Book::read(&*reader, limits.delivery, &mut damages)?);
        let registry = Arc::new(Registry::default());
        let sight = Arc::new(Sight::default());
        let registrations = Registrations::open(&*reader, &book)?;
        let mut matcher = Matcher::open(&*reader, Arc::clone(&registry), Arc::clone(&sight), &book)?;
        let snapshots = Shelf::load(&*reader, &book, &mut damages)?;
        book.open_queues(&*reader, clock.now(), &mut damages)?;
        matcher.learn_standings(&book);
        state.ends_next(deadlines.first(), true);
        let library = Library::load(&*reader, &mut damages)?;
        let entity_maps = EntityMaps::load(&*reader, &mut damages)?;
        let (commands, queue) = sync_channel(limits.waiting_requests);
        let waiting = Arc::new(AtomicUsize::new(0));
        let writer = Writer {
            storage,
            reader: Arc::clone(&reader),
            state: Arc::clone(&state),
            clock: Arc::clone(&clock),
            counters,
            group: Group {
                operations: limits.group_operations,
                time: limits.group_time,
            },
            commands: queue,
            waiting: Arc::clone(&waiting),
            matcher,
            book: Arc::clone(&book),
            deadlines,
            stopped: None,
            watch,
        };
        let thread = std::thread::Builder::new()
            .name("twin-writer".to_owned())
            .spawn(move || writer.run())
            .map_err(|error| Error::Storage(format!("the writer's thread cannot be started: {error}")))?;
        let writer = Mutex::new(Some(thread));
        Ok(Self(Arc::new(Shared {
            state,
            storage: reader,
            clock,
            limits,
            waiting,
            commands,
            registry,
            sight,
            registrations,
            book,
            writer,
            library,
            entity_maps,
            snapshots,
            damaged: damages.into_rows(),
        })))
    }

    /// The rows that could not be read when the twin was opened and were set aside, besides those of subscriptions and
    /// registrations, which are listed with these.
    pub fn damaged_rows(&self) -> &[DamagedRow] {
        &self.0.damaged
    }

    /// Executes operations in the order given, each atomic by itself, and answers when all are durable. Each
    /// fails for itself.
    ///
    /// # Errors
    /// [`Error::Busy`] for every one when the queue of the writer is full.
    pub async fn execute(&self, view: &View, operations: Vec<Operation>) -> Vec<Result<Outcome, Error>> {
        let count = operations.len();
        if count == 0 {
            return Vec::new();
        }
        let operations = if have_many_positions(&operations) {
            let looked_at = tokio::task::spawn_blocking(move || {
                look_at_shapes(&operations);
                operations
            });
            let Ok(looked_at) = looked_at.await else {
                let defect = "a geometry met a defect of this program; please report it with the log";
                return vec![Err(Error::Storage(defect.to_owned())); count];
            };
            looked_at
        } else {
            operations
        };
        if !self.reserve(count) {
            return vec![
                Err(Error::Busy {
                    retry_after_s: RETRY_AFTER_S
                });
                count
            ];
        }
        let (sender, answer) = oneshot::channel();
        let reply: Reply = Box::new(move |results| {
            let _ = sender.send(results); // who asked may have gone
        });
        let command = Command::Execute {
            view: view.clone(),
            operations,
            reply,
        };
        let refused = match self.0.commands.try_send(command) {
            Ok(()) => return answer.await.unwrap_or_else(|_| vec![Err(closed()); count]),
            Err(TrySendError::Full(_)) => Error::Busy {
                retry_after_s: RETRY_AFTER_S,
            },
            Err(TrySendError::Disconnected(_)) => closed(),
        };
        self.0.waiting.fetch_sub(count, Ordering::Relaxed);
        vec![Err(refused); count]
    }

    /// The same, from a thread that may wait: it waits while the queue is full.
    pub fn execute_blocking(&self, view: &View, operations: Vec<Operation>) -> Vec<Result<Outcome, Error>> {
        look_at_shapes(&operations);
        self.send_and_wait(operations.len(), |reply| Command::Execute {
            view: view.clone(),
            operations,
            reply,
        })
    }

    /// As [`Self::execute_blocking`], past the log and straight into the tables: for imports of thousands.
    /// All of one call is durable together or not at all; an operation that is refused is left out.
    pub fn load_blocking(&self, view: &View, operations: Vec<Operation>) -> Vec<Result<Outcome, Error>> {
        look_at_shapes(&operations);
        self.send_and_wait(operations.len(), |reply| Command::Load {
            view: view.clone(),
            operations,
            reply,
        })
    }

    /// Writes rows of system tables, all or none, in order with every other write, and answers when they are
    /// durable.
    ///
    /// # Errors
    /// [`Error::Busy`] when the queue of the writer is full.
    pub async fn store_rows(&self, rows: Vec<Row>) -> Result<(), Error> {
        self.store_rows_and_notify(rows, Vec::new()).await
    }

    /// The same, and in the same commit messages for others, whose owners were entered before.
    pub async fn store_rows_and_notify(&self, rows: Vec<Row>, letters: Vec<Letter>) -> Result<(), Error> {
        let count = rows.len() + letters.len();
        if count == 0 {
            return Ok(());
        }
        let rows = rows.into();
        self.ask(count, |reply| Command::Rows { rows, letters, reply })
            .await
    }

    /// Writes rows, none or some, and in the same commit what is noted of them in the audit log.
    ///
    /// # Errors
    /// [`Error::Busy`] when the queue of the writer is full.
    pub async fn store_rows_as(&self, rows: Vec<Row>, events: Vec<Event>) -> Result<(), Error> {
        let rows = Noted { rows, events };
        let (count, letters) = (rows.weight(), Vec::new());
        if count == 0 {
            return Ok(());
        }
        self.ask(count, |reply| Command::Rows { rows, letters, reply })
            .await
    }

    /// The same, from a thread that may wait: it waits while the queue is full.
    pub fn store_rows_as_blocking(&self, rows: Vec<Row>, events: Vec<Event>) -> Result<(), Error> {
        let rows = Noted { rows, events };
        self.store_noted_blocking(rows, Vec::new())
    }

    /// Has the writer do something that counts as so many operations.
    pub(crate) async fn ask(
        &self,
        count: usize,
        command: impl FnOnce(RowsReply) -> Command,
    ) -> Result<(), Error> {
        let busy = || Error::Busy {
            retry_after_s: RETRY_AFTER_S,
        };
        if !self.reserve(count) {
            return Err(busy());
        }
        let (sender, answer) = oneshot::channel();
        let reply = Box::new(move |result| {
            let _ = sender.send(result); // who asked may have gone
        });
        let refused = match self.0.commands.try_send(command(reply)) {
            Ok(()) => return answer.await.unwrap_or_else(|_| Err(closed())),
            Err(TrySendError::Full(_)) => busy(),
            Err(TrySendError::Disconnected(_)) => closed(),
        };
        self.0.waiting.fetch_sub(count, Ordering::Relaxed);
        Err(refused)
    }

    /// The same, from a thread that may wait: it waits while the queue is full.
    pub fn store_rows_blocking(&self, rows: Vec<Row>) -> Result<(), Error> {
        self.store_rows_and_notify_blocking(rows, Vec::new())
    }

    /// The same with messages, as [`Self::store_rows_and_notify`].
    pub fn store_rows_and_notify_blocking(&self, rows: Vec<Row>, letters: Vec<Letter>) -> Result<(), Error> {
        self.store_noted_blocking(rows.into(), letters)
    }

    pub(crate) fn store_noted_blocking(&self, rows: Noted, letters: Vec<Letter>) -> Result<(), Error> {
        let count = rows.weight() + letters.len();
        if count == 0 {
            return Ok(());
        }
        self.ask_blocking(count, |reply| Command::Rows { rows, letters, reply })
    }

    /// As [`Self::ask`], from a thread that may wait.
    pub(crate) fn ask_blocking(
        &self,
        count: usize,
        command: impl FnOnce(RowsReply) -> Command,
    ) -> Result<(), Error> {
        let (sender, answer) = sync_channel(1);
        let reply = Box::new(move |result| {
            let _ = sender.send(result); // who asked may have gone
        });
        self.0.waiting.fetch_add(count, Ordering::Relaxed);
        if self.0.commands.send(command(reply)).is_err() {
            self.0.waiting.fetch_sub(count, Ordering::Relaxed);
            return Err(closed());
        }
        answer.recv().unwrap_or_else(|_| Err(closed()))
    }

    /// Every row of a system table, in the order of their keys. Reads the store: not for an executor's thread.
    #[allow(clippy::type_complexity, reason = "a list of key-value pairs")]
    pub fn rows(&self, table: &str) -> Result<Vec<(Vec<u8>, Vec<u8>)>, Error> {
        rows::read(&*self.0.storage, table)
    }

    /// Stores a blob, read to its end, and answers with its name when it is durable. For a thread that may
    /// wait. The writer waits for `content` meanwhile, so it should come from memory or a local file.
    pub fn put_blob(&self, content: &mut dyn Read) -> Result<BlobId, Error> {
        let (sender, pieces) = sync_channel(4);
        let (reply, answer) = sync_channel(1);
        self.0
            .commands
            .send(Command::Blob { pieces, reply })
            .map_err(|_gone| closed())?;
        loop {
            let mut piece = Vec::with_capacity(PIECE);
            let read = Read::take(&mut *content, PIECE as u64)
                .read_to_end(&mut piece)
                .map(|_| piece);
            let last = read.as_ref().map_or(true, Vec::is_empty);
            // A writer that listens no more has found an error and answers with it.
            if sender.send(read).is_err() || last {
                break;
            }
        }
        answer.recv().map_err(|_gone| closed())?.map(BlobId)
    }

    pub(crate) fn registrations(&self) -> &Registrations {
        &self.0.registrations
    }

    /// A picture of now. Costs 64 counters.
    pub fn snapshot(&self) -> Snapshot {
        let over_by = self.over_by();
        Snapshot::new(self.0.state.freeze(), Arc::clone(&self.0.storage)).without(over_by)
    }

    /// How many operations wait for the writer: for metrics, and for those who must not add to them.
    pub fn waiting(&self) -> usize {
        self.0.waiting.load(Ordering::Relaxed)
    }

    /// The clock it lives by.
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// Finishes what is queued and closes the store; waits for it. Later writes are refused; memory can still be
    /// read.
    pub fn close(&self) {
        self.0.book.close();
        let _ = self.0.commands.send(Command::Close); // it may be closed already
        self.0.join();
    }

    pub(crate) fn weak(&self) -> WeakTwin {
        WeakTwin(Arc::downgrade(&self.0))
    }

    /// Whether no other handle is there.
    pub(crate) fn is_last(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }

    /// The @contexts that it hosts.
    pub(crate) fn library(&self) -> &Library {
        &self.0.library
    }

    /// Its entity maps.
    pub(crate) fn entity_maps(&self) -> &EntityMaps {
        &self.0.entity_maps
    }

    /// What its snapshots are.
    pub(crate) fn snapshot_shelf(&self) -> &Shelf {
        &self.0.snapshots
    }

    /// Whether somebody is to be told of what happens in it, or has not been told yet.
    pub(crate) fn is_watched(&self) -> bool {
        let subscribed = |registry: &Registry| registry.page(0, 0).1 > 0;
        subscribed(&self.0.registry)
            || subscribed(&self.registrations().subscriptions)
            || self.0.book.statistics().waiting > 0
    }

    /// Whether nobody would miss it: it can be closed, and opened again.
    pub(crate) fn can_rest(&self) -> bool {
        !self.is_shared() && !self.is_watched()
    }

    /// Delivery.
    pub(crate) fn book(&self) -> &Book {
        &self.0.book
    }

    /// Whether somebody else has a handle of it.
    pub(crate) fn is_shared(&self) -> bool {
        Arc::strong_count(&self.0) > 1
    }

    /// Puts away what has had its time, and writes down what was only counted; for a thread that may wait. To be
    /// called now and then.
    pub fn tidy(&self) -> Result<(), Error> {
        self.0.library.write_used(|rows| self.store_rows_blocking(rows))?;
        self.tidy_entity_maps()
    }

    pub(crate) fn store(&self) -> &dyn StorageReader {
        &*self.0.storage
    }

    pub(crate) fn reading(&self) -> Reading<'_, State> {
        Reading {
            state: &self.0.state,
            storage: &*self.0.storage,
            until: None,
            over_by: self.over_by(),
        }
    }

    /// Now, where something transient may have ended and still be there.
    fn over_by(&self) -> Option<Timestamp> {
        self.0.state.may_be_over(|| self.0.clock.now())
    }

    /// Counts operations in, unless too many wait.
    fn reserve(&self, count: usize) -> bool {
        let most = self.0.limits.waiting_operations;
        let more = |waiting: usize| (waiting == 0 || waiting + count <= most).then(|| waiting + count);
        self.0
            .waiting
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, more)
            .is_ok()
    }

    fn send_and_wait(
        &self,
        count: usize,
        command: impl FnOnce(Reply) -> Command,
    ) -> Vec<Result<Outcome, Error>> {
        if count == 0 {
            return Vec::new();
        }
        let (sender, answer) = sync_channel(1);
        let reply: Reply = Box::new(move |results| {
            let _ = sender.send(results); // who asked may have gone
        });
        self.0.waiting.fetch_add(count, Ordering::Relaxed);
        if self.0.commands.send(command(reply)).is_err() {
            self.0.waiting.fetch_sub(count, Ordering::Relaxed);
            return vec![Err(closed()); count];
        }
        answer.recv().unwrap_or_else(|_| vec![Err(closed()); count])
    }
}

impl Shared {
    fn join(&self) {
        let Some(thread) = self.writer.lock().take() else {
            return;
        };
        // Whoever drops the last handle may be woken on the writer's own thread, which cannot wait for itself.
        if thread.thread().id() != std::thread::current().id() && thread.join().is_err() {
            tracing::error!("the writer ended by a panic");
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.book.close();
        // The queue may be full only of what the writer is about to do, so there will be room.
        let _ = self.commands.send(Command::Close);
        self.join();
    }
}

fn have_many_positions(operations: &[Operation]) -> bool {
    let mut found = false;
    for operation in operations {
        operation.values(&mut |value| found |= query::has_many_positions(value));
    }
    found
}

/// What subscriptions will ask of geometries of many positions is found out here, where nobody else waits for it: the
/// writer must not spend its time on it.
fn look_at_shapes(operations: &[Operation]) {
    for operation in operations {
        operation.values(&mut query::look_at_shape);
    }
}

fn closed() -> Error {
    Error::Storage("the twin is closed".to_owned())
}
