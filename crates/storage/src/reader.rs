//! Reading beside the writer: history is what is in the tables and what is only in the log, at one instant.
//!
//! The order makes it whole: first the unfolded changes of the entity are taken, then a snapshot of the tables
//! is opened. Whatever left the unfolded part before is in the snapshot; whatever is in both is known by its
//! number, because the entity's row says up to which commit it was folded.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use ngsi_ld::{Name, Timestamp, Uri};
use parking_lot::{Mutex, RwLock};
use rusqlite::Connection;

use crate::chunk::{number, read_chunk, read_piece, read_series, within};
use crate::current::{Became, read_row};
use crate::fault::Fault;
use crate::log::{Pending, Records};
use crate::names::Dictionary;
use crate::record::read_dataset;
use crate::series::{self, Order, SeriesKey};
use crate::{
    EntityKey, FoundRow, Number, Past, Piece, StorageError, StorageReader, Take, blob, system, tables,
};

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

    /// Instances of a series within a range that are in the tables, oldest first; no fewer than are to be taken.
    fn folded(
        &self,
        connection: &Connection,
        key: SeriesKey,
        range: (Timestamp, Timestamp),
        take: Take,
        became: &Became,
    ) -> Result<Vec<Past>, Fault> {
        let (most, order) = match take {
            Take::All => (usize::MAX, Order::EarliestFirst),
            Take::First(most) => (most, Order::EarliestFirst),
            Take::Last(most) => (most, Order::LatestFirst),
        };
        let names = self.names.read();
        let unknown = Fault::in_row("chunk", format!("of entity {}", key.entity));
        let named = || {
            let dataset = read_dataset(key.dataset.into(), &names)?;
            Ok((names.name(key.attribute.into())?, dataset))
        };
        let (name, dataset): (Name, Option<Uri>) = named().map_err(unknown)?;
        let (mut chunks, mut found) = (Vec::new(), 0);
        series::visit(connection, key, micros(range), order, &mut |body| {
            let mut past = read_chunk(body, &name, dataset.as_ref(), &names)?;
            past.retain(|one| within(one.instant(), range) && !became.forgets(one));
            found += past.len();
            chunks.push(past);
            Ok(found < most)
        })?;
        if order == Order::LatestFirst {
            chunks.reverse();
        }
        Ok(chunks.into_iter().flatten().collect())
    }

    /// The series of an entity that are in the tables.
    fn series_of(
        &self,
        connection: &Connection,
        key: EntityKey,
        attributes: &[Name],
        became: &Became,
    ) -> Result<Vec<SeriesKey>, Fault> {
        let entity = key.0.cast_signed();
        if became.erased {
            return Ok(Vec::new());
        }
        if attributes.is_empty() {
            return series::list(connection, entity, None);
        }
        let mut numbers: Vec<u32> = {
            let names = self.names.read();
            attributes
                .iter()
                .filter_map(|a| names.number(a.as_str()))
                .collect()
        };
        numbers.sort_unstable();
        numbers.dedup();
        let mut wanted = Vec::new();
        for number in numbers {
            wanted.extend(series::list(connection, entity, Some(number))?);
        }
        Ok(wanted)
    }

    /// The number of an attribute's series of a data set, if there ever was one of that name.
    fn number_of(&self, key: EntityKey, attribute: &Name, dataset_id: Option<&Uri>) -> Option<SeriesKey> {
        let names = self.names.read();
        Some(SeriesKey {
            entity: key.0.cast_signed(),
            attribute: names.number(attribute.as_str())?,
            dataset: dataset_id.map_or(Some(0), |dataset| names.number(dataset.as_str()))?,
        })
    }
}

fn micros(range: (Timestamp, Timestamp)) -> (i64, i64) {
    (range.0.as_micros(), range.1.as_micros())
}

impl StorageReader for Shared {
    fn history(
        &self,
        key: EntityKey,
        attributes: &[Name],
        range: (Timestamp, Timestamp),
        take: Take,
    ) -> Result<Vec<Past>, StorageError> {
        if range.0 >= range.1 || matches!(take, Take::First(0) | Take::Last(0)) {
            return Ok(Vec::new());
        }
        let records = self.pending.lock().of(key).cloned();
        self.read(|connection| {
            let became = self.unfolded(connection, key, records.as_ref())?;
            let mut all: BTreeMap<(Name, Option<Uri>), Vec<Past>> = BTreeMap::new();
            let wanted = self.series_of(connection, key, attributes, &became)?;
            for series in wanted {
                let past = self.folded(connection, series, range, take, &became)?;
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
                let count = past.len();
                found.extend(match take {
                    Take::All => past.drain(..),
                    Take::First(most) => past.drain(..most.min(count)),
                    Take::Last(most) => past.drain(count.saturating_sub(most)..),
                });
            }
            Ok(found)
        })
    }

    fn pieces(
        &self,
        key: EntityKey,
        attribute: &Name,
        dataset_id: Option<&Uri>,
        range: (Timestamp, Timestamp),
        each: &mut dyn FnMut(Piece<'_>),
    ) -> Result<(), StorageError> {
        if range.0 >= range.1 {
            return Ok(());
        }
        let records = self.pending.lock().of(key).cloned();
        self.read(|connection| {
            let mut became = self.unfolded(connection, key, records.as_ref())?;
            let series = self
                .number_of(key, attribute, dataset_id)
                .filter(|_| !became.erased);
            if let (Some(series), true) = (series, became.forgotten.is_empty()) {
                let names = self.names.read();
                series::visit(
                    connection,
                    series,
                    micros(range),
                    Order::EarliestFirst,
                    &mut |body| {
                        read_piece(body, attribute, dataset_id, &names, range, each)?;
                        Ok(true)
                    },
                )?;
            } else if let Some(series) = series {
                let past = self.folded(connection, series, range, Take::All, &became)?;
                each(Piece::Any(&past));
            }
            became.past.retain(|one| {
                one.name() == attribute && one.dataset_id() == dataset_id && within(one.instant(), range)
            });
            if !became.past.is_empty() {
                each(Piece::Any(&became.past));
            }
            Ok(())
        })
    }

    fn visit(
        &self,
        key: EntityKey,
        attribute: &Name,
        dataset_id: Option<&Uri>,
        range: (Timestamp, Timestamp),
        each: &mut dyn FnMut(Vec<Past>),
    ) -> Result<(), StorageError> {
        if range.0 >= range.1 {
            return Ok(());
        }
        let records = self.pending.lock().of(key).cloned();
        self.read(|connection| {
            let mut became = self.unfolded(connection, key, records.as_ref())?;
            let series = self
                .number_of(key, attribute, dataset_id)
                .filter(|_| !became.erased);
            if let Some(series) = series {
                let names = self.names.read();
                series::visit(
                    connection,
                    series,
                    micros(range),
                    Order::EarliestFirst,
                    &mut |body| {
                        let mut past = read_chunk(body, attribute, dataset_id, &names)?;
                        past.retain(|one| within(one.instant(), range) && !became.forgets(one));
                        each(past);
                        Ok(true)
                    },
                )?;
            }
            became.past.retain(|one| {
                one.name() == attribute && one.dataset_id() == dataset_id && within(one.instant(), range)
            });
            each(became.past);
            Ok(())
        })
    }

    fn list(&self, key: EntityKey, attributes: &[Name]) -> Result<Vec<(Name, Option<Uri>)>, StorageError> {
        let records = self.pending.lock().of(key).cloned();
        self.read(|connection| {
            let became = self.unfolded(connection, key, records.as_ref())?;
            let mut found: BTreeSet<(Name, Option<Uri>)> = BTreeSet::new();
            for series in self.series_of(connection, key, attributes, &became)? {
                let names_of = |names: &Dictionary| {
                    let named = || {
                        Ok((
                            names.name(series.attribute.into())?,
                            read_dataset(series.dataset.into(), names)?,
                        ))
                    };
                    named().map_err(Fault::in_row("chunk", format!("of entity {}", key.0)))
                };
                if became.forgotten.is_empty() {
                    found.insert(names_of(&self.names.read())?);
                } else {
                    let name = names_of(&self.names.read())?;
                    let mut left = false;
                    let always = (i64::MIN, i64::MAX);
                    let names = self.names.read();
                    series::visit(connection, series, always, Order::EarliestFirst, &mut |body| {
                        let past = read_chunk(body, &name.0, name.1.as_ref(), &names)?;
                        left = past.iter().any(|one| !became.forgets(one));
                        Ok(!left)
                    })?;
                    found.extend(left.then_some(name.clone()));
                }
            }
            let unfolded = became
                .past
                .iter()
                .filter(|one| attributes.is_empty() || attributes.contains(one.name()));
            found.extend(unfolded.map(|one| (one.name().clone(), one.dataset_id().cloned())));
            Ok(found.into_iter().collect())
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
            let series = self.number_of(key, attribute, None).filter(|_| !became.erased);
            if let (Some(series), true) = (series, became.forgotten.is_empty()) {
                let names = self.names.read();
                series::visit(
                    connection,
                    series,
                    micros(range),
                    Order::EarliestFirst,
                    &mut |body| {
                        read_series(body, attribute, &names, range, &mut numbers)?;
                        Ok(true)
                    },
                )?;
            } else if let Some(series) = series {
                let past = self.folded(connection, series, range, Take::All, &became)?;
                numbers.extend(past.iter().filter_map(number));
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

    fn system_as_found(&self, table: &str, from: &[u8], limit: usize) -> Result<Vec<FoundRow>, StorageError> {
        self.read(|connection| system::read_as_found(connection, table, from, limit))
    }
}
