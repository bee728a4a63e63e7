//! Work in the background, in slices between commits: folding the log into the tables, cutting it, bringing
//! SQLite's write-ahead log into the file.

use std::sync::Arc;

use crate::embedded::{Embedded, begin};
use crate::fault::Fault;
use crate::fold::fold_entity;
use crate::names::Namer;
use crate::tables::{self, meta, set_meta};
use crate::{EntityKey, StorageError, log};

/// Changes of an entity that are worth writing its row for: less often, a feed of many things would have all their
/// rows written again after each of its bursts.
pub const DENSE: usize = 4;

/// When and how much the engine works in the background.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Unfolded changes at which a fold begins. More: fewer bytes written, a longer start, more memory
    /// (about 100 bytes each).
    pub fold_changes: usize,
    /// Unfolded changes of one entity at which a fold begins: who reads its past reads them one by one.
    pub fold_changes_of_one: usize,
    /// Bytes of unfolded changes at which a fold begins.
    pub fold_bytes: usize,
    /// Unfolded changes, of one entity or at least [`DENSE`] of each, at which a fold begins while nobody writes; a
    /// [`DENSE`]th part of `fold_changes` always is.
    pub fold_idle: usize,
    /// So many times these, commits wait for the fold.
    pub most_folds: usize,
    /// Entities in one slice of a fold, at most.
    pub slice_entities: usize,
    /// Microseconds that a slice takes, about.
    pub slice_micros: i64,
    /// Bytes written after which SQLite's write-ahead log is brought into the file.
    pub checkpoint_bytes: usize,
    /// Does most of that in a thread beside the writer, which then only does the rest. Changes no answer;
    /// without it, `maintain` takes as long as two fsyncs now and then.
    pub checkpoint_beside: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            fold_changes: 200_000,
            fold_changes_of_one: 30_000,
            fold_bytes: 64 << 20,
            fold_idle: 10_000,
            most_folds: 4,
            slice_entities: 2_000,
            slice_micros: 3_000,
            checkpoint_bytes: 8 << 20,
            checkpoint_beside: true,
        }
    }
}

/// What is being done in the background.
pub(crate) enum Work {
    Nothing,
    /// These entities are still to be folded, the next one last.
    Folding {
        left: Vec<EntityKey>,
        through: u64,
    },
    /// The log up to here is in the tables.
    Cutting {
        through: u64,
    },
}

impl Embedded {
    /// Entities whose changes are in the tables now.
    pub(crate) fn forget(&mut self, folded: &[EntityKey]) {
        let mut pending = self.shared.pending.lock();
        for key in folded {
            pending.remove(*key);
            self.greatest_key = self.greatest_key.max(key.0);
        }
    }

    /// Begins a fold of everything; `at_leisure`: it rests while somebody writes, unless it becomes due.
    pub(crate) fn begin_fold(&mut self, at_leisure: bool) {
        self.is_at_leisure = at_leisure;
        let mut left = self.shared.pending.lock().entities();
        left.reverse();
        self.work = Work::Folding {
            left,
            through: self.last,
        };
    }

    /// One slice of whatever is being done.
    pub(crate) fn slice(&mut self) -> Result<(), StorageError> {
        // A slice needs no fsync: the next commit's covers it, and if there is none, it is done again.
        let relaxed = self
            .connection
            .pragma_update(None, "synchronous", "normal")
            .map_err(Fault::from);
        let done = relaxed.and_then(|()| self.try_slice());
        let strict = self
            .connection
            .pragma_update(None, "synchronous", "full")
            .map_err(Fault::from);
        self.outcome(done.and(strict), "maintaining")
    }

    fn try_slice(&mut self) -> Result<(), Fault> {
        let began = self.environment.clock.now();
        let clock = Arc::clone(&self.environment.clock);
        let late = began.plus_micros(self.options.slice_micros);
        match &mut self.work {
            Work::Nothing => Ok(()),
            Work::Folding { left, through } => {
                let transaction = begin(&self.connection)?;
                let mut folded = Vec::new();
                for key in left.iter().rev().take(self.options.slice_entities.max(1)) {
                    let mut namer = Namer::new(&self.shared.names);
                    // Not in the condition, which would hold the lock, and the readers, while it folds.
                    let records = self.shared.pending.lock().of(*key).cloned();
                    if let Some(records) = records {
                        let changes = records.read(*key, 0, &namer)?;
                        fold_entity(&transaction, &mut namer, *key, key.0 > self.greatest_key, changes)?;
                    }
                    folded.push(*key);
                    if clock.now() >= late {
                        break;
                    }
                }
                self.shared.names.read().save(&transaction, self.saved_names)?;
                transaction.commit()?;
                self.saved_names = self.shared.names.read().len();
                left.truncate(left.len() - folded.len());
                let (through, is_done) = (*through, left.is_empty());
                if is_done {
                    self.work = Work::Cutting { through };
                }
                self.unwritten += folded.len() * 4_096;
                self.forget(&folded);
                if is_done {
                    self.shared.pending.lock().find_most();
                }
                Ok(())
            }
            Work::Cutting { through } => {
                let through = *through;
                let transaction = begin(&self.connection)?;
                let last = meta(&transaction, "last")?.unwrap_or(0).max(through);
                set_meta(&transaction, "last", last)?;
                let done = log::cut(&transaction, through, &mut || clock.now() >= late)?;
                transaction.commit()?;
                self.unwritten += 4_096 * 16;
                if done {
                    self.work = Work::Nothing;
                    self.emptied(through)?;
                }
                Ok(())
            }
        }
    }

    /// After the log was cut: what was erased is to leave SQLite's write-ahead log too.
    fn emptied(&mut self, through: u64) -> Result<(), Fault> {
        if self.purge.is_none_or(|purge| purge > through) {
            return Ok(());
        }
        if self.checkpoint("TRUNCATE")? {
            let transaction = begin(&self.connection)?;
            transaction.execute("DELETE FROM meta WHERE name = 'purge'", [])?;
            transaction.commit()?;
            self.purge = None;
        }
        Ok(())
    }

    /// Brings SQLite's write-ahead log into the file; `false` when a reader was in the way.
    pub(crate) fn checkpoint(&mut self, kind: &str) -> Result<bool, Fault> {
        self.unwritten = 0;
        let busy: i64 = self
            .connection
            .query_row(&format!("PRAGMA wal_checkpoint({kind})"), [], |row| row.get(0))?;
        Ok(busy == 0)
    }

    /// The same in small steps: most of it beside the writer, the rest at once.
    pub(crate) fn checkpoint_gently(&mut self) -> Result<(), Fault> {
        if let Some(running) = &self.checkpointer {
            if running.is_finished() {
                self.finish_checkpoint();
                self.checkpoint("PASSIVE")?;
            }
        } else if self.unwritten >= self.options.checkpoint_bytes {
            let file = self.shared.file.clone();
            let beside = move || {
                if let Err(fault) = tables::checkpoint(&file) {
                    tracing::warn!(?fault, "a checkpoint failed; it will be done again");
                }
            };
            let thread = std::thread::Builder::new().name("checkpoint".to_owned());
            match self.options.checkpoint_beside.then(|| thread.spawn(beside)) {
                Some(Ok(running)) => self.checkpointer = Some(running),
                _ => self.checkpoint("PASSIVE").map(|_| ())?,
            }
        }
        Ok(())
    }

    pub(crate) fn finish_checkpoint(&mut self) {
        if let Some(running) = self.checkpointer.take() {
            let _ = running.join(); // it has said itself what went wrong
        }
    }

    pub(crate) fn pending_exceeds(&self, times: usize) -> bool {
        let pending = self.shared.pending.lock();
        pending.changes() >= self.options.fold_changes.saturating_mul(times)
            || pending.bytes() >= self.options.fold_bytes.saturating_mul(times)
    }

    /// Whether a fold is due though somebody may be about to write.
    pub(crate) fn is_fold_due(&self) -> bool {
        let crowded = || self.shared.pending.lock().most_of_one() >= self.options.fold_changes_of_one;
        self.purge.is_some() || self.pending_exceeds(1) || crowded()
    }

    /// Whether a fold is worth its while when nobody writes.
    pub(crate) fn is_fold_worthwhile(&self) -> bool {
        let (pending, enough) = (self.shared.pending.lock(), self.options.fold_idle.max(1));
        let dense = pending.count().saturating_mul(DENSE);
        // Of so many, to wait for more saves little.
        let many = self.options.fold_changes / DENSE;
        pending.most_of_one() >= enough || pending.changes() >= enough.max(dense.min(many))
    }
}
