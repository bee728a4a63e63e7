//! Cold rows beside the entities: subscriptions, registrations, what waits to be delivered. Small tables ordered by
//! key, written by the one writer in order with everything else.

use storage::{Change, FoundRow, StorageReader};

use crate::error::Error;

/// How many rows are read at a time.
const PAGE: usize = 1000;

/// One row of a system table: put, or deleted where there is no value. The table `twin` is the twin's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The table.
    pub table: &'static str,
    /// Its key; rows are read in the order of their keys.
    pub key: Vec<u8>,
    /// Its value. Begin it with a version byte: it is read by later programs.
    pub value: Option<Vec<u8>>,
}

impl Row {
    /// Puts a row in the place of the one with its key, if any.
    pub fn put(table: &'static str, key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) -> Self {
        Self {
            table,
            key: key.into(),
            value: Some(value.into()),
        }
    }

    /// Deletes a row; nothing happens where there is none.
    pub fn delete(table: &'static str, key: impl Into<Vec<u8>>) -> Self {
        Self {
            table,
            key: key.into(),
            value: None,
        }
    }
}

impl From<Row> for Change {
    fn from(row: Row) -> Self {
        Self::System(row.table, row.key.into(), row.value.map(Into::into))
    }
}

/// The key of a row, and what is kept under it.
pub(crate) type KeyAndValue = (Vec<u8>, Vec<u8>);

/// Every row of a table, in the order of the keys.
pub(crate) fn read(storage: &dyn StorageReader, table: &str) -> Result<Vec<KeyAndValue>, Error> {
    read_paged(storage, table, PAGE)
}

/// The same with those that are damaged.
pub(crate) fn read_as_found(storage: &dyn StorageReader, table: &str) -> Result<Vec<FoundRow>, Error> {
    let mut rows: Vec<FoundRow> = Vec::new();
    let mut from = Vec::new();
    loop {
        let mut more = storage.system_as_found(table, &from, PAGE)?;
        if more.len() < PAGE {
            rows.extend(more);
            return Ok(rows);
        }
        // The key of a damaged row may lie anywhere, and would lead astray: those at the end are found again, after the
        // last sound one.
        let greatest = more.iter().rposition(|row| row.value.is_ok());
        more.truncate(greatest.map_or(0, |at| at + 1));
        let next = more.last().map(|row| [row.key.as_slice(), &[0]].concat());
        rows.extend(more);
        match next {
            Some(next) if next > from => from = next,
            _ => {
                return Err(Error::Storage(format!(
                    "the system table `{table}` is damaged: {PAGE} of its rows that follow each other cannot be read"
                )));
            }
        }
    }
}

fn read_paged(storage: &dyn StorageReader, table: &str, page: usize) -> Result<Vec<KeyAndValue>, Error> {
    let mut rows: Vec<KeyAndValue> = Vec::new();
    let mut from = Vec::new();
    loop {
        let more = storage.system(table, &from, page)?;
        let last = more.len() < page;
        rows.extend(more);
        match rows.last() {
            Some((key, _)) if !last => {
                // The least key after it.
                from.clone_from(key);
                from.push(0);
            }
            _ => return Ok(rows),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use storage::{Memory, Storage as _};

    #[test]
    fn pages_neither_lose_nor_repeat_a_row() {
        let mut memory = Memory::new();
        let keys: Vec<Vec<u8>> = vec![
            vec![],
            vec![0],
            vec![0, 0],
            vec![1],
            vec![1, 0],
            vec![255],
            vec![255, 255],
        ];
        for key in &keys {
            memory.commit(&[Row::put("t", key.clone(), [7]).into()]).unwrap();
        }
        memory.commit(&[Row::put("u", [9], [9]).into()]).unwrap();
        for page in 1..9 {
            let read = read_paged(&*memory.reader(), "t", page).unwrap();
            assert_eq!(
                read.into_iter().map(|(key, _)| key).collect::<Vec<_>>(),
                keys,
                "{page} a page"
            );
        }
        assert!(read(&*memory.reader(), "none").unwrap().is_empty());
    }
}
