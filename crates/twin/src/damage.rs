//! Rows of system tables that cannot be read. They keep no twin from opening: each is set aside where it lies, told of,
//! and everything else goes on.

use storage::{FoundRow, StorageReader};

use crate::error::Error;
use crate::rows;

/// A row that was set aside: it stays in the store as it is, until something is written in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DamagedRow {
    /// The system table.
    pub table: &'static str,
    /// Its key, with what is no printable ASCII escaped.
    pub key: String,
    /// Why it cannot be read.
    pub reason: String,
}

/// Reads tables, and notes what of them cannot be read.
#[derive(Debug, Default)]
pub(crate) struct Damages(Vec<DamagedRow>);

/// A table, as far as it could be read.
pub(crate) struct Sound<T> {
    /// What its rows say, by their keys and in their order.
    pub(crate) rows: Vec<(Vec<u8>, T)>,
    /// The keys of the others. They may be damaged too.
    pub(crate) aside: Vec<Vec<u8>>,
}

impl Damages {
    /// Every row of a table that `decode` can read.
    ///
    /// # Errors
    /// Where the store itself cannot be read.
    pub(crate) fn read<T>(
        &mut self,
        storage: &dyn StorageReader,
        table: &'static str,
        mut decode: impl FnMut(&[u8], &[u8]) -> Option<T>,
    ) -> Result<Sound<T>, Error> {
        let mut sound = Sound {
            rows: Vec::new(),
            aside: Vec::new(),
        };
        for FoundRow { key, value } in rows::read_as_found(storage, table)? {
            let unknown = || "it is not of a form that this program knows".to_owned();
            match value.and_then(|value| decode(&key, &value).ok_or_else(unknown)) {
                Ok(row) => sound.rows.push((key, row)),
                Err(reason) => {
                    self.note(table, &key, reason);
                    sound.aside.push(key);
                }
            }
        }
        Ok(sound)
    }

    fn note(&mut self, table: &'static str, key: &[u8], reason: String) {
        let key = key.escape_ascii().to_string();
        tracing::error!(
            table,
            key,
            reason,
            "a row of a system table is damaged; it is set aside, and everything else goes on"
        );
        self.0.push(DamagedRow { table, key, reason });
    }

    /// What was noted.
    pub(crate) fn into_rows(self) -> Vec<DamagedRow> {
        self.0
    }
}
