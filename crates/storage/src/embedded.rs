//! The embedded engine: one SQLite file, used log-structured under a twin in memory.
//!
//! `commit` writes one row of the log, in one transaction, with one fsync. `maintain` folds the log into the
//! tables in small slices, which need no fsync of their own: a slice that a power cut takes is done again.
//! `bulk` writes the tables directly.
//!
//! Damage: every row carries a checksum of its key and content, which every read
//! checks. A damaged key inside SQLite's B-tree can hide a row from a look-up; [`Embedded::verify`] finds that.
//!
//! Locks: the writer owns this value; readers share the dictionary and the unfolded changes with it.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::check::{self, Statistics, Verification};
use crate::environment::Held;
use crate::fault::Fault;
use crate::fold::fold_entity;
use crate::log::{self, Batch, Pending};
use crate::maintain::{Options, Work};
use crate::names::{Dictionary, Namer};
use crate::reader::Shared;
use crate::record::key_of;
use crate::tables::{FORMAT_THAT_FORGETS, FORMAT_WITH_LAST, meta, open_for_writing, set_meta};
use crate::{
    Change, EntityKey, Environment, Lsn, Storage, StorageError, StorageReader, Stored, Tidied, blob, current,
    system,
};

/// The embedded engine.
pub struct Embedded {
    pub(crate) connection: Connection,
    pub(crate) shared: Arc<Shared>,
    pub(crate) environment: Environment,
    pub(crate) options: Options,
    /// The number of the last commit.
    pub(crate) last: u64,
    /// The version of the file.
    pub(crate) format: u32,
    /// So many names are in the table.
    pub(crate) saved_names: usize,
    /// Greater keys have no rows.
    pub(crate) greatest_key: u64,
    pub(crate) work: Work,
    /// Whether that rests as soon as somebody writes.
    pub(crate) is_at_leisure: bool,
    /// The log up to here holds what was erased.
    pub(crate) purge: Option<u64>,
    /// Bytes written since the last checkpoint, about.
    pub(crate) unwritten: usize,
    /// Who does so at the moment.
    pub(crate) checkpointer: Option<JoinHandle<()>>,
    /// Why nothing is written any more.
    stopped: Option<String>,
    _lock: Box<dyn Held>,
}

impl Embedded {
    /// Opens `<folder>/<stem>.sqlite` and takes its lock; makes folder and file where they are missing.
    pub fn open(folder: &Path, stem: &str, environment: Environment) -> Result<Self, StorageError> {
        Self::open_with(folder, stem, environment, Options::default())
    }

    /// The same, with other limits.
    pub fn open_with(
        folder: &Path,
        stem: &str,
        environment: Environment,
        options: Options,
    ) -> Result<Self, StorageError> {
        let place = folder.display().to_string();
        let failed = |doing: &str| {
            let context = format!("{doing} `{place}`");
            move |error: std::io::Error| StorageError::Io {
                context,
                detail: error.to_string(),
            }
        };
        environment
            .disk
            .create_folder(folder)
            .map_err(failed("making the folder"))?;
        let lock = environment
            .disk
            .lock(&folder.join(format!("{stem}.lock")))
            .map_err(failed("locking"))?;
        let Some(lock) = lock else {
            return Err(StorageError::Locked { path: place });
        };
        let file: PathBuf = folder.join(format!("{stem}.sqlite"));
        let connection = open_for_writing(&file)?;
        environment
            .disk
            .sync_folder(folder)
            .map_err(failed("making durable the folder"))?;
        let path = file.display().to_string();
        let mut pending = Pending::default();
        let mut read = || {
            let names = Dictionary::read(&connection)?;
            let in_log = log::replay(&connection, &mut pending)?;
            let last = in_log.max(meta(&connection, "last")?.unwrap_or(0));
            let greatest: Option<i64> =
                connection.query_row("SELECT max(key) FROM entity", [], |row| row.get(0))?;
            blob::clean(&connection)?;
            Ok((
                names,
                last,
                greatest.unwrap_or(0).cast_unsigned(),
                meta(&connection, "purge")?,
                meta(&connection, "format")?.and_then(|format| u32::try_from(format).ok()),
            ))
        };
        let (names, last, greatest_key, purge, format) =
            read().map_err(|fault: Fault| fault.at(&path, "opening"))?;
        let saved_names = names.len();
        Ok(Self {
            connection,
            shared: Arc::new(Shared::new(file, names, pending)),
            environment,
            options,
            last,
            format: format.unwrap_or_default(),
            saved_names,
            greatest_key,
            work: Work::Nothing,
            is_at_leisure: false,
            purge,
            unwritten: 0,
            checkpointer: None,
            stopped: None,
            _lock: lock,
        })
    }

    /// Folds everything that was committed and empties the log: before a copy of the file, and in tests.
    pub fn fold(&mut self) -> Result<(), StorageError> {
        if matches!(self.work, Work::Nothing) {
            self.begin_fold(false);
        }
        while !matches!(self.work, Work::Nothing) {
            self.slice()?;
        }
        if self.last_unfolded() { self.fold() } else { Ok(()) }
    }

    /// Reads everything and checks it. Takes as long as reading the file; writing goes on meanwhile only
    /// because the reader's handle can be used from another thread, see [`Storage::reader`].
    pub fn verify(&self) -> Result<Verification, StorageError> {
        let path = self.shared.path();
        self.shared.read(|connection| check::verify(connection, &path))
    }

    /// How much there is.
    pub fn statistics(&self) -> Result<Statistics, StorageError> {
        let mut statistics = self.shared.read(check::count)?;
        let pending = self.shared.pending.lock();
        statistics.log_changes = pending.changes() as u64;
        statistics.log_bytes = pending.bytes() as u64;
        statistics.last_commit = self.last;
        Ok(statistics)
    }

    fn last_unfolded(&self) -> bool {
        self.shared.pending.lock().changes() > 0
    }

    fn usable(&self) -> Result<(), StorageError> {
        self.stopped
            .as_ref()
            .map_or(Ok(()), |detail| Err(StorageError::Stopped(detail.clone())))
    }

    /// Makes the public error of a failure, and stops where it leaves unknown what is durable. A full disk does
    /// not: SQLite has taken the transaction back. Nor does damage: nothing was written.
    pub(crate) fn outcome<T>(&mut self, result: Result<T, Fault>, context: &str) -> Result<T, StorageError> {
        result.map_err(|fault| {
            let ours = matches!(fault, Fault::Other(_));
            let error = fault.at(&self.shared.path(), context);
            if let (false, StorageError::Io { .. }) = (ours, &error) {
                tracing::error!(%error, "the store stops writing");
                self.stopped = Some(error.to_string());
            }
            if let StorageError::Full { .. } = error {
                // SQLite's write-ahead log may hold many versions of a page, the file needs one. Best effort.
                let _ = self.checkpoint("TRUNCATE");
            }
            error
        })
    }

    /// What a commit and a bulk have in common: everything but the entities themselves.
    fn write_beside(&self, transaction: &Transaction, changes: &[Change], lsn: u64) -> Result<usize, Fault> {
        self.shared.names.read().save(transaction, self.saved_names)?;
        blob::follow(transaction, changes)?;
        if erases(changes) {
            set_meta(transaction, "purge", lsn)?;
        }
        let format = format_of(changes);
        if format > self.format {
            // An older program would take these records for damage, or what they leave for something else.
            set_meta(transaction, "format", format.into())?;
        }
        system::apply(transaction, changes)
    }

    fn written(&mut self, changes: &[Change], lsn: u64, bytes: usize) -> Lsn {
        self.last = lsn;
        self.format = self.format.max(format_of(changes));
        self.saved_names = self.shared.names.read().len();
        self.unwritten += bytes + 4_096 * 4;
        if erases(changes) {
            self.purge = Some(lsn);
        }
        Lsn(lsn)
    }

    fn try_commit(&mut self, changes: &[Change]) -> Result<Lsn, Fault> {
        let batch = Batch::new(changes, &mut Namer::new(&self.shared.names));
        let first = self.last + 1;
        let lsn = self.last + batch.rows.len().max(1) as u64;
        let transaction = begin(&self.connection)?;
        let mut bytes = self.write_beside(&transaction, changes, lsn)?;
        bytes += batch.append(&transaction, first)?;
        if batch.rows.is_empty() {
            set_meta(&transaction, "last", lsn)?; // a log row would say it
        }
        transaction.commit()?;
        batch.remember(&mut self.shared.pending.lock(), first);
        Ok(self.written(changes, lsn, bytes))
    }

    fn try_bulk(&mut self, changes: &[Change]) -> Result<Lsn, Fault> {
        let mut by_entity: Vec<(EntityKey, &Change)> = changes
            .iter()
            .filter_map(|change| Some((key_of(change)?, change)))
            .collect();
        by_entity.sort_by_key(|(key, _)| *key); // stable: in order for each
        let lsn = self.last + 1;
        let transaction = begin(&self.connection)?;
        let mut keys = Vec::new();
        {
            let mut namer = Namer::new(&self.shared.names);
            for group in by_entity.chunk_by(|a, b| a.0 == b.0) {
                let key = group[0].0;
                let pending = self.shared.pending.lock().of(key).cloned();
                let mut all = pending.map_or(Ok(Vec::new()), |records| records.read(key, 0, &namer))?;
                all.extend(group.iter().map(|(_, change)| (lsn, (*change).clone())));
                fold_entity(&transaction, &mut namer, key, key.0 > self.greatest_key, all)?;
                keys.push(key);
            }
        }
        let bytes = self.write_beside(&transaction, changes, lsn)?;
        set_meta(&transaction, "last", lsn)?;
        transaction.commit()?;
        self.forget(&keys);
        Ok(self.written(changes, lsn, bytes + changes.len() * 64))
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        self.finish_checkpoint();
        self.shared.close();
    }
}

impl Embedded {
    /// Gives every entity that is stored, in order of its key.
    pub(crate) fn each(&mut self, sink: &mut dyn FnMut(Stored)) -> Result<(), StorageError> {
        let names = self.shared.names.read();
        let pending = self.shared.pending.lock();
        let unfolded = pending.entities();
        let mut next = unfolded.iter().copied().peekable();
        let mut broken = None;
        let mut give = |key: EntityKey, row: current::Row| {
            let mut state = row.current;
            if let Some(records) = pending.of(key) {
                match records.read(key, row.last_seq, &names) {
                    Ok(changes) => {
                        let mut became = current::Became::default();
                        for (_, change) in changes {
                            state.apply(change, &mut became);
                        }
                    }
                    Err(fault) => broken = Some(fault),
                }
            }
            if let Some(stored) = state.stored(key) {
                sink(stored);
            }
        };
        let mut greatest = 0;
        let read = current::read_rows(&self.connection, &names, &mut |key, row| {
            greatest = greatest.max(row.last_seq);
            while let Some(unfolded) = next.next_if(|unfolded| *unfolded < key) {
                give(unfolded, current::Row::default());
            }
            next.next_if_eq(&key);
            give(key, row);
        });
        next.for_each(|key| give(key, current::Row::default()));
        drop((names, pending));
        // Commits after this one must have greater numbers, or the fold would pass them over.
        self.last = self.last.max(greatest);
        let result = broken.map_or(read, Err);
        self.outcome(result, "loading")
    }
}

impl Storage for Embedded {
    fn load(&mut self, sink: &mut dyn FnMut(Stored)) -> Result<(), StorageError> {
        if let Err(error) = self.fill_last_states() {
            // It is safe without them: what is not known decides for nobody.
            tracing::warn!(%error, "the last states of entities that are gone could not be written; it is tried again at the next start");
        }
        self.each(sink)
    }

    fn commit(&mut self, changes: &[Change]) -> Result<Lsn, StorageError> {
        self.usable()?;
        if changes.is_empty() {
            return Ok(Lsn(self.last));
        }
        if self.pending_exceeds(self.options.most_folds) {
            self.fold()?;
        }
        let result = self.try_commit(changes);
        self.outcome(result, "committing to")
    }

    fn bulk(&mut self, changes: &[Change]) -> Result<Lsn, StorageError> {
        self.usable()?;
        if changes.is_empty() {
            return Ok(Lsn(self.last));
        }
        let result = self.try_bulk(changes);
        self.outcome(result, "writing in bulk to")
    }

    fn maintain(&mut self) -> Result<bool, StorageError> {
        self.usable()?;
        let done = self.checkpoint_gently();
        self.outcome(done, "maintaining")?;
        let is_due = self.is_fold_due();
        match self.work {
            Work::Nothing if is_due => self.begin_fold(false),
            Work::Nothing => return Ok(false),
            _ if self.is_at_leisure && !is_due => return Ok(false),
            _ => {
                self.is_at_leisure = false;
                self.slice()?;
            }
        }
        Ok(true)
    }

    fn tidy(&mut self) -> Result<Tidied, StorageError> {
        if self.maintain()? {
            return Ok(Tidied::More);
        }
        match self.work {
            Work::Nothing if self.is_fold_worthwhile() => self.begin_fold(true),
            Work::Nothing if self.checkpointer.is_some() => return Ok(Tidied::Almost),
            Work::Nothing => return Ok(Tidied::All),
            _ => self.slice()?,
        }
        Ok(Tidied::More)
    }

    fn put_blob(&mut self, content: &mut dyn Read) -> Result<String, StorageError> {
        self.usable()?;
        let stored = blob::put(&self.connection, content);
        let stored = self.outcome(stored, "storing a blob in")?;
        self.unwritten = self.options.checkpoint_bytes;
        Ok(stored)
    }

    fn reader(&self) -> Arc<dyn StorageReader> {
        Arc::clone(&self.shared) as Arc<dyn StorageReader>
    }
}

pub(crate) fn begin(connection: &Connection) -> Result<Transaction<'_>, Fault> {
    Ok(Transaction::new_unchecked(
        connection,
        TransactionBehavior::Immediate,
    )?)
}

/// Whether something is to leave the files.
fn erases(changes: &[Change]) -> bool {
    forgets(changes) || changes.iter().any(|change| matches!(change, Change::Erase(..)))
}

/// The least version of a file that may hold these changes.
fn format_of(changes: &[Change]) -> u32 {
    let of = |change: &Change| match change {
        Change::Delete(..) | Change::Last(..) => FORMAT_WITH_LAST,
        Change::Head(_, head) if head.temporal_only => FORMAT_WITH_LAST,
        Change::Forget(..) | Change::ForgetSeries(..) => FORMAT_THAT_FORGETS,
        _ => 1,
    };
    changes.iter().map(of).max().unwrap_or(1)
}

fn forgets(changes: &[Change]) -> bool {
    changes
        .iter()
        .any(|change| matches!(change, Change::Forget(..) | Change::ForgetSeries(..)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_failed_fsync_nothing_is_acknowledged() {
        let (_folder, mut engine) = make(Options::default());
        let change = [Change::System("t", (*b"k").into(), None)];
        for (code, stops) in [
            (rusqlite::ffi::SQLITE_FULL, false),
            (rusqlite::ffi::SQLITE_IOERR_FSYNC, true),
        ] {
            let failure = rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None);
            assert!(
                engine
                    .outcome::<()>(Err(failure.into()), "committing to")
                    .is_err()
            );
            assert_eq!(
                matches!(engine.commit(&change), Err(StorageError::Stopped(_))),
                stops
            );
            assert_eq!(
                matches!(engine.bulk(&change), Err(StorageError::Stopped(_))),
                stops
            );
            assert_eq!(matches!(engine.maintain(), Err(StorageError::Stopped(_))), stops);
        }
        assert_eq!(
            engine.reader().system("t", b"", 1).unwrap(),
            [],
            "reading goes on"
        );
    }

    fn small() -> Options {
        Options {
            fold_changes: 3,
            slice_entities: 2,
            ..Options::default()
        }
    }

    fn make(options: Options) -> (tempfile::TempDir, Embedded) {
        let folder = tempfile::tempdir().unwrap();
        let engine = Embedded::open_with(folder.path(), "mapacha", Environment::real(1), options).unwrap();
        (folder, engine)
    }

    #[test]
    fn a_history_of_large_values_is_kept_in_many_rows() {
        use ngsi_ld::{Attribute, Name, Timestamp};
        let (_folder, mut engine) = make(small());
        let key = EntityKey(1);
        let name = Name::default_term("document");
        // Nothing in it repeats, so that compression does not help.
        let text = |n: i64| -> String {
            let mut state = n.cast_unsigned() + 1;
            let mut next = || {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                char::from_digit(u32::try_from(state >> 59).unwrap_or(0), 32).unwrap_or('0')
            };
            (0..300_000).map(|_| next()).collect()
        };
        // The last ones come late, and some are of one instant.
        let instants: Vec<i64> = (0..24).map(|n| n / 2 * 10).chain([5, 75, 75]).collect();
        for (n, instant) in (0..).zip(&instants) {
            let mut attribute = Attribute::property(name.clone(), text(n));
            attribute.observed_at = Some(Timestamp::from_seconds(*instant));
            engine.commit(&[Change::History(key, attribute)]).unwrap();
            engine.fold().unwrap();
        }
        let largest: i64 = engine
            .connection
            .query_row("SELECT max(length(payload)) FROM chunk", [], |row| row.get(0))
            .unwrap();
        assert!(largest < 2 << 20, "{largest} bytes in one row");
        let range = (Timestamp::MIN, Timestamp::MAX);
        let past = engine
            .reader()
            .history(key, &[], range, crate::Take::All)
            .unwrap();
        let mut sorted = instants.clone();
        sorted.sort_unstable();
        let found: Vec<i64> = past
            .iter()
            .map(|one| one.instant().as_micros() / 1_000_000)
            .collect();
        assert_eq!(found, sorted);
    }

    mod as_it_is {
        crate::storage_contract_suite!(|| super::make(crate::Options::default()));
    }

    mod folding_all_the_time {
        crate::storage_contract_suite!(|| super::make(super::small()));
    }
}
