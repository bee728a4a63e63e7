//! The log: what was committed and is not yet in the tables, one row for each commit (more where it is very
//! long), and the same in memory by entity.
//!
//! A row's body is a list of records, `length | subject key (0: none) | entity | change`.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use rusqlite::{Connection, params};

use crate::codec::{FRAME_VERSION, Input, Malformed, Output, checksum, seal, unseal};
use crate::fault::Fault;
use crate::names::{Dictionary, Namer};
use crate::record::{key_of, read_change, write_change};
use crate::{Change, EntityKey};

/// Bytes after which a commit goes on in the next row.
const ROW: usize = 8 << 20;

/// Changes as the log holds them.
#[derive(Default)]
pub(crate) struct Batch {
    /// The bodies of its rows.
    pub(crate) rows: Vec<Vec<u8>>,
    /// For each change its entity, its row, and where the change stands in it.
    records: Vec<(EntityKey, usize, std::ops::Range<usize>)>,
}

impl Batch {
    /// Writes the changes of entities; those of system tables are not for the log.
    pub(crate) fn new(changes: &[Change], namer: &mut Namer) -> Self {
        let mut batch = Self::default();
        let mut body = Output::default();
        let mut record = Output::default();
        for change in changes {
            let Some(key) = key_of(change) else { continue };
            record.0.clear();
            record.varint(0);
            record.varint(key.0);
            let head = record.0.len();
            write_change(&mut record, change, namer);
            body.bytes(&record.0);
            let end = body.0.len();
            batch
                .records
                .push((key, batch.rows.len(), end - (record.0.len() - head)..end));
            if end >= ROW {
                batch.rows.push(std::mem::take(&mut body.0));
            }
        }
        if !body.is_empty() {
            batch.rows.push(body.0);
        }
        batch
    }

    /// Writes the rows, from number `seq` on.
    pub(crate) fn append(&self, connection: &Connection, seq: u64) -> Result<usize, Fault> {
        let mut written = 0;
        let mut statement =
            connection.prepare_cached("INSERT INTO log (seq, version, crc, payload) VALUES (?, ?, ?, ?)")?;
        for (body, seq) in self.rows.iter().zip(seq..) {
            let (payload, seq) = (seal(body), seq.cast_signed());
            statement.execute(params![
                seq,
                FRAME_VERSION,
                checksum("log", &[seq], &payload),
                payload
            ])?;
            written += payload.len();
        }
        Ok(written)
    }

    /// Holds the changes in memory too, after the rows were written from number `seq` on.
    pub(crate) fn remember(&self, pending: &mut Pending, seq: u64) {
        for (key, row, range) in &self.records {
            if let Some(change) = self.rows.get(*row).and_then(|body| body.get(range.clone())) {
                pending.add(*key, seq + *row as u64, change);
            }
        }
    }
}

impl Output {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Reads the whole log into memory; answers with the number of its last row.
pub(crate) fn replay(connection: &Connection, pending: &mut Pending) -> Result<u64, Fault> {
    let mut statement = connection.prepare("SELECT seq, crc, payload FROM log ORDER BY seq")?;
    let mut rows = statement.query([])?;
    let mut last = 0;
    while let Some(row) = rows.next()? {
        let (seq, crc): (i64, u32) = (row.get(0)?, row.get(1)?);
        let payload = row.get_ref(2)?.as_blob().map_err(rusqlite::Error::from)?;
        if crc != checksum("log", &[seq], payload) {
            return Err(Fault::damaged("log", seq, "the checksum does not match"));
        }
        last = seq.cast_unsigned();
        let body = unseal(payload).map_err(Fault::in_row("log", seq))?;
        let mut split = || {
            let mut input = Input(&body);
            while !input.is_empty() {
                let mut record = Input(input.bytes()?);
                if record.varint()? != 0 {
                    return Err(Malformed("it is encrypted, and this version holds no keys"));
                }
                pending.add(EntityKey(record.varint()?), last, record.0);
            }
            Ok(())
        };
        split().map_err(Fault::in_row("log", seq))?;
    }
    Ok(last)
}

/// Cuts rows up to number `through` from the log, oldest first, until `enough`; `true` when none is left.
pub(crate) fn cut(
    connection: &Connection,
    through: u64,
    enough: &mut dyn FnMut() -> bool,
) -> Result<bool, Fault> {
    let mut statement =
        connection.prepare_cached("DELETE FROM log WHERE seq = (SELECT min(seq) FROM log) AND seq <= ?")?;
    loop {
        if statement.execute([through.cast_signed()])? == 0 {
            return Ok(true);
        }
        if enough() {
            return Ok(false);
        }
    }
}

/// What is in the log but not yet in the tables, by entity, in order.
#[derive(Default)]
pub(crate) struct Pending {
    by_entity: HashMap<EntityKey, Records>,
    changes: usize,
    bytes: usize,
    /// No entity has more changes.
    most: usize,
}

#[derive(Clone, Default)]
pub(crate) struct Records {
    /// `seq | length | change` of each.
    bytes: Vec<u8>,
    changes: usize,
}

impl Pending {
    fn add(&mut self, key: EntityKey, seq: u64, change: &[u8]) {
        let records = match self.by_entity.entry(key) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(Records::default()),
        };
        let before = records.bytes.len();
        let mut output = Output(std::mem::take(&mut records.bytes));
        output.varint(seq);
        output.bytes(change);
        records.bytes = output.0;
        records.changes += 1;
        self.most = self.most.max(records.changes);
        self.changes += 1;
        self.bytes += records.bytes.len() - before;
    }

    /// Forgets an entity whose changes are in the tables now.
    pub(crate) fn remove(&mut self, key: EntityKey) {
        if let Some(records) = self.by_entity.remove(&key) {
            self.changes -= records.changes;
            self.bytes -= records.bytes.len();
        }
    }

    /// The changes of an entity.
    pub(crate) fn of(&self, key: EntityKey) -> Option<&Records> {
        self.by_entity.get(&key)
    }

    /// The entities that have changes, in order.
    pub(crate) fn entities(&self) -> Vec<EntityKey> {
        let mut keys: Vec<EntityKey> = self.by_entity.keys().copied().collect();
        keys.sort_unstable();
        keys
    }

    /// How many changes wait.
    pub(crate) fn changes(&self) -> usize {
        self.changes
    }

    /// Of how many entities.
    pub(crate) fn count(&self) -> usize {
        self.by_entity.len()
    }

    /// How many changes wait of the entity that has most; of one that was folded since, until [`Self::find_most`].
    pub(crate) fn most_of_one(&self) -> usize {
        self.most
    }

    /// Looks for the entity that has most.
    pub(crate) fn find_most(&mut self) {
        let all = self.by_entity.values();
        self.most = all.map(|records| records.changes).max().unwrap_or(0);
    }

    /// How many bytes they take.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Records {
    /// The changes with a greater number than `after`, each with its number.
    pub(crate) fn read(
        &self,
        key: EntityKey,
        after: u64,
        names: &Dictionary,
    ) -> Result<Vec<(u64, Change)>, Fault> {
        let mut input = Input(&self.bytes);
        let mut changes = Vec::with_capacity(self.changes);
        let mut next = || {
            let (seq, change) = (input.varint()?, input.bytes()?);
            let mut change = Input(change);
            let read = if seq > after {
                Some((seq, read_change(&mut change, key, names)?))
            } else {
                None
            };
            Ok((read, input.is_empty()))
        };
        loop {
            let (change, done) = next().map_err(Fault::in_row("log", format!("of entity {}", key.0)))?;
            changes.extend(change);
            if done {
                return Ok(changes);
            }
        }
    }
}
