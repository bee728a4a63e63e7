//! Records of one sort: in a table of the store and, the same, in memory. A version byte, then JSON.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};
use serde::Serialize;
use serde::de::DeserializeOwned;
use twin::{Event, Row, Twin};

use super::error::{Error, Result};

/// The version of a row.
const VERSION: u8 = 1;

/// What stands on a shelf.
pub(super) trait Record: Clone + Serialize + DeserializeOwned {
    /// The table of the store.
    const TABLE: &'static str;
    /// What it is, for the audit log.
    const SORT: &'static str;
    /// What it is, for people.
    const WHAT: &'static str;
    /// The most there may be.
    const MOST: usize;
    /// Its id, which is its key.
    fn id(&self) -> &str;
}

/// All records of a sort.
pub(super) struct Shelf<T> {
    twin: Twin,
    records: RwLock<BTreeMap<String, Arc<T>>>,
    /// Held from the decision to change something until it is stored and applied.
    changing: Mutex<()>,
}

impl<T: Record> Shelf<T> {
    /// As the store has them. What cannot be read is told to the log, left where it is, and otherwise not there.
    pub(super) fn open(twin: Twin) -> Result<Self> {
        let mut records = BTreeMap::new();
        for (key, value) in twin.rows(T::TABLE)? {
            let read = match value.split_first() {
                Some((&VERSION, json)) => {
                    serde_json::from_slice::<T>(json).map_err(|error| error.to_string())
                }
                Some((version, _)) => Err(format!("it has version {version}; this program reads {VERSION}")),
                None => Err("it is empty".to_owned()),
            };
            match read {
                Ok(record) => drop(records.insert(record.id().to_owned(), Arc::new(record))),
                Err(why) => tracing::error!(
                    table = T::TABLE,
                    key = %String::from_utf8_lossy(&key),
                    why,
                    "a record cannot be read; it is left as it is, and not used"
                ),
            }
        }
        Ok(Self {
            twin,
            records: RwLock::new(records),
            changing: Mutex::default(),
        })
    }

    /// All, by their ids.
    pub(super) fn all(&self) -> Vec<Arc<T>> {
        self.records.read().values().cloned().collect()
    }

    /// The one of this id.
    pub(super) fn get(&self, id: &str) -> Result<Arc<T>> {
        self.records
            .read()
            .get(id)
            .cloned()
            .ok_or_else(|| Error::NotFound {
                what: T::WHAT,
                id: super::words::short(id),
            })
    }

    /// Decides on one record with all before its eyes, stores it with its leaf, and applies it when it is durable.
    pub(super) fn add(
        &self,
        event: Event,
        make: impl FnOnce(&BTreeMap<String, Arc<T>>) -> Result<T>,
    ) -> Result<Arc<T>> {
        let _one = self.changing.lock();
        let record = {
            let records = self.records.read();
            if records.len() >= T::MOST {
                return Err(Error::Conflict(format!(
                    "there are {} {}s already, and there may not be more",
                    T::MOST,
                    T::WHAT
                )));
            }
            make(&records)?
        };
        self.store(None, record, event)
    }

    /// Changes a record.
    pub(super) fn change(
        &self,
        id: &str,
        event: Event,
        decide: impl FnOnce(&T) -> Result<T>,
    ) -> Result<Arc<T>> {
        let _one = self.changing.lock();
        let before = self.get(id)?;
        let record = decide(&before)?;
        self.store(Some(&before), record, event)
    }

    /// Takes a record away; the audit log keeps that it was there.
    pub(super) fn remove(&self, id: &str, event: Event) -> Result<()> {
        let _one = self.changing.lock();
        let before = self.get(id)?;
        let event = event.to(T::SORT, id).with(Some(written(&*before)?), None);
        self.twin
            .store_rows_as_blocking(vec![Row::delete(T::TABLE, id.as_bytes())], vec![event])?;
        self.records.write().remove(id);
        Ok(())
    }

    fn store(&self, before: Option<&Arc<T>>, record: T, event: Event) -> Result<Arc<T>> {
        let value = written(&record)?;
        let before = before.map(|before| written(&**before)).transpose()?;
        let event = event.to(T::SORT, record.id()).with(before, Some(value.clone()));
        let row = Row::put(T::TABLE, record.id().as_bytes(), value);
        self.twin.store_rows_as_blocking(vec![row], vec![event])?;
        let record = Arc::new(record);
        self.records
            .write()
            .insert(record.id().to_owned(), Arc::clone(&record));
        Ok(record)
    }
}

fn written(record: &impl Serialize) -> Result<Vec<u8>> {
    let mut value = vec![VERSION];
    serde_json::to_writer(&mut value, record).map_err(|error| Error::Store(error.to_string()))?;
    Ok(value)
}
