//! System tables (users, rules, catalogue …): cold rows, ordered by key, all in one physical table.
//!
//! They do not pass through the log: their rows are written in the transaction of the commit they came with.

use rusqlite::{Connection, params};

use crate::codec::checksum_of;
use crate::fault::Fault;
use crate::{Change, FoundRow};

/// A system table's rows.
pub(crate) type Rows = Vec<(Vec<u8>, Vec<u8>)>;

/// Applies the changes that concern system tables; answers with the bytes written.
pub(crate) fn apply(connection: &Connection, changes: &[Change]) -> Result<usize, Fault> {
    let mut written = 0;
    for change in changes {
        match change {
            Change::System(table, key, Some(value)) => {
                connection
                    .prepare_cached(
                        "INSERT OR REPLACE INTO system (name, key, crc, value) VALUES (?, ?, ?, ?)",
                    )?
                    .execute(params![table, key, row_checksum(table, key, value), &**value])?;
                written += key.len() + value.len();
            }
            Change::System(table, key, None) => {
                connection
                    .prepare_cached("DELETE FROM system WHERE name = ? AND key = ?")?
                    .execute(params![table, key])?;
                written += key.len();
            }
            _ => {}
        }
    }
    Ok(written)
}

/// At most `limit` rows in the order of their keys, from `from` on.
pub(crate) fn read(connection: &Connection, table: &str, from: &[u8], limit: usize) -> Result<Rows, Fault> {
    let mut found = Vec::new();
    for row in read_as_found(connection, table, from, limit)? {
        match row.value {
            Ok(value) => found.push((row.key, value)),
            Err(what) => {
                let row = format!("`{table}`, key {}", row.key.escape_ascii());
                return Err(Fault::damaged("system", row, &what));
            }
        }
    }
    Ok(found)
}

/// The same with those that are damaged.
pub(crate) fn read_as_found(
    connection: &Connection,
    table: &str,
    from: &[u8],
    limit: usize,
) -> Result<Vec<FoundRow>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT key, crc, value FROM system WHERE name = ? AND key >= ? ORDER BY key LIMIT ?",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut rows = statement.query(params![table, from, limit])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let column = |index: usize| {
            row.get_ref(index)
                .map(|column| column.as_bytes().unwrap_or_default())
        };
        let (key, value) = (column(0)?.to_vec(), column(2)?);
        // A column of another type is damage like any other.
        let is_sound = row
            .get::<_, u32>(1)
            .is_ok_and(|crc| crc == row_checksum(table, &key, value));
        let value = if is_sound {
            Ok(value.to_vec())
        } else {
            Err("the checksum does not match".to_owned())
        };
        found.push(FoundRow { key, value });
    }
    Ok(found)
}

/// Checks every row; answers with how many there are and what is wrong.
pub(crate) fn check(connection: &Connection) -> Result<(u64, Vec<Fault>), Fault> {
    let mut statement = connection.prepare("SELECT name, key, crc, value FROM system")?;
    let mut rows = statement.query([])?;
    let (mut count, mut wrong) = (0, Vec::new());
    while let Some(row) = rows.next()? {
        count += 1;
        let (table, key, crc, value): (String, Vec<u8>, u32, Vec<u8>) =
            (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
        if crc != row_checksum(&table, &key, &value) {
            let row = format!("`{table}`, key {}", key.escape_ascii());
            wrong.push(Fault::damaged("system", row, "the checksum does not match"));
        }
    }
    Ok((count, wrong))
}

fn row_checksum(table: &str, key: &[u8], value: &[u8]) -> u32 {
    let length = i64::try_from(key.len()).unwrap_or(-1);
    checksum_of(table, &[length], &[key, value])
}
