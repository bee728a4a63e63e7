//! Reading beside the writer: history is what is in the tables and what is only in the log, at one instant.
//!
//! The order makes it whole: first the unfolded changes of the entity are taken, then a snapshot of the tables
//! is opened. Whatever left the unfolded part before is in the snapshot; whatever is in both is known by its
//! number, because the entity's row says up to which commit it was folded.

use std::collections::BTreeMap;
use std::path::PathBuf;

use ngsi_ld::{Name, Timestamp, Uri};
use parking_lot::{Mutex, RwLock};
use rusqlite::Connection;

use crate::chunk::{number, read_chunk, read_series, within};
use crate::current::{Became, read_row};
use crate::fault::Fault;
use crate::log::{Pending, Records};
use crate::names::Dictionary;
use crate::series::{self, SeriesKey};
use crate::{EntityKey, Number, Past, StorageError, StorageReader, blob, system, tables};

/// Connections that are kept open while nobody reads.
const IDLE: usize = 8;

/// What the writer and the readers have in common.
pub(crate) struct Shared {
    pub(crate) file: PathBuf,
    pub(crate) names: RwLock<Dictionary>,
    pub(crate) pending: Mutex<Pending>,
    idle: Mutex<Vec<Connection>>,
}

impl Shared {
    pub(crate) fn new(file: PathBuf, names: Dictionary, pending: Pending) -> Self {
        Self {
            file,
            names: RwLock::new(names),
            pending: Mutex::new(pending),
            idle: Mutex::default(),
        }
    }

    /// Closes the connections that nobody uses. The writer's is to be the last that is closed, because only it
    /// can bring SQLite's write-ahead log into the file then.
    pub(crate) fn close(&self) {
        self.idle.lock().clear();
    }

    /// The file, for errors.
    pub(crate) fn path(&self) -> String {
        self.file.display().to_string()
    }

    /// Reads from one snapshot.
    pub(crate) fn read<T>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, Fault>,
    ) -> Result<T, StorageError> {
        let attempt = || {
            let idle = self.idle.lock().pop();
            let connection = match idle {
                Some(connection) => connection,
                None => tables::open_for_reading(&self.file)?,
            };
            let transaction = connection.unchecked_transaction()?;
            let answer = read(&transaction);
            transaction.finish()?;
            let mut idle = self.idle.lock();
            if idle.len() < IDLE {
                idle.push(connection);
            }
            answer
        };
        attempt().map_err(|fault: Fault| fault.at(&self.path(), "reading"))
    }

    /// What became past by the changes that are not in the tables yet.
    fn unfolded(
        &self,
        connection: &Connection,
        key: EntityKey,
        records: Option<&Records>,
    ) -> Result<Became, Fault> {
        let mut became = Became::default();
        if let Some(records) = records {
            let names = self.names.read();
            let row = read_row(connection, key, &names)?;
            let mut current = row.current;
            for (_, change) in records.read(key, row.last_seq, &names)? {
                current.apply(change, &mut became);
            }
        }
        Ok(became)
    }

    /// The latest `most` instances of a series within a range that are in the tables, oldest first.
    fn folded(
        &self,
        connection: &Connection,
        key: SeriesKey,
        range: (Timestamp, Timestamp),
        most: usize,
    ) -> Result<Vec<Past>, Fault> {
        let names = self.names.read();
        let unknown = Fault::in_row("chunk", format!("of entity {}", key.entity));
        let named = || {
            let dataset = crate::record::read_dataset(key.dataset.into(), &names)?;
            Ok((names.name(key.attribute.into())?, dataset))
        };
        let (name, dataset): (Name, Option<Uri>) = named().map_err(unknown)?;
        let (mut chunks, mut found) = (Vec::new(), 0);
        series::visit(connection, key, range, &mut |body| {
            let mut past = read_chunk(body, &name, dataset.as_ref(), &names)?;
            past.retain(|one| within(one.instant(), range));
            found += past.len();
            chunks.push(past);
            Ok(found < most)
        })?;
        let past: Vec<Past> = chunks.into_iter().rev().flatten().collect();
        Ok(past)
    }
}

impl StorageReader for Shared {
    fn history(
        &self,
        key: EntityKey,
        attributes: &[Name],
        range: (Timestamp, Timestamp),
        last_n: Option<usize>,
    ) -> Result<Vec<Past>, StorageError> {
        let most = last_n.unwrap_or(usize::MAX);
        if range.0 >= range.1 || most == 0 {
            return Ok(Vec::new());
        }
        let records = self.pending.lock().of(key).cloned();
        self.read(|connection| {
            let became = self.unfolded(connection, key, records.as_ref())?;
            let mut all: BTreeMap<(Name, Option<Uri>), Vec<Past>> = BTreeMap::new();
            let entity = key.0.cast_signed();
            let wanted = if became.erased {
                Vec::new()
            } else if attributes.is_empty() {
                series::list(connection, entity, None)?
            } else {
                let numbers: Vec<u32> = {
                    let names = self.names.read();
                    let mut numbers: Vec<u32> = attributes
                        .iter()
                        .filter_map(|a| names.number(a.as_str()))
                        .collect();
                    numbers.sort_unstable();
                    numbers.dedup();
                    numbers
                };
                let mut wanted = Vec::new();
                for number in numbers {
                    wanted.extend(series::list(connection, entity, Some(number))?);
                }
                wanted
            };
            for series in wanted {
                let past = self.folded(connection, series, range, most)?;
                if let Some(first) = past.first() {
                    all.insert((first.name().clone(), first.dataset_id().cloned()), past);
                }
            }
            for one in became.past {
                if within(one.instant(), range) && (attributes.is_empty() || attributes.contains(one.name()))
                {
                    all.entry((one.name().clone(), one.dataset_id().cloned()))
                        .or_default()
                        .push(one);
                }
            }
            let mut found = Vec::new();
            for mut past in all.into_values() {
                past.sort_by_key(Past::instant); // stable: what was folded came first
                found.extend(past.drain(past.len().saturating_sub(most)..));
            }
            Ok(found)
        })
    }

    fn series(
        &self,
        key: EntityKey,
        attribute: &Name,
        range: (Timestamp, Timestamp),
    ) -> Result<Vec<Number>, StorageError> {
        if range.0 >= range.1 {
            return Ok(Vec::new());
        }
        let records = self.pending.lock().of(key).cloned();
        self.read(|connection| {
            let became = self.unfolded(connection, key, records.as_ref())?;
            let mut numbers = Vec::new();
            let attribute_number = self.names.read().number(attribute.as_str());
            if let (false, Some(attribute_number)) = (became.erased, attribute_number) {
                let names = self.names.read();
                let series = SeriesKey {
                    entity: key.0.cast_signed(),
                    attribute: attribute_number,
                    dataset: 0,
                };
                let mut chunks = Vec::new();
                series::visit(connection, series, range, &mut |body| {
                    let mut chunk = Vec::new();
                    read_series(body, attribute, &names, range, &mut chunk)?;
                    chunks.push(chunk);
                    Ok(true)
                })?;
                numbers.reserve(chunks.iter().map(Vec::len).sum());
                numbers.extend(chunks.into_iter().rev().flatten());
            }
            let unfolded = became.past.iter().filter(|one| {
                one.name() == attribute && one.dataset_id().is_none() && within(one.instant(), range)
            });
            numbers.extend(unfolded.filter_map(number));
            numbers.sort_by_key(|number| number.at);
            Ok(numbers)
        })
    }

    fn read_blob(&self, blob: &str, offset: u64, buffer: &mut [u8]) -> Result<(), StorageError> {
        self.read(|connection| blob::read(connection, blob, offset, buffer))
    }

    fn blob_length(&self, blob: &str) -> Result<Option<u64>, StorageError> {
        self.read(|connection| blob::length(connection, blob))
    }

    fn system(&self, table: &str, from: &[u8], limit: usize) -> Result<system::Rows, StorageError> {
        self.read(|connection| system::read(connection, table, from, limit))
    }
}
