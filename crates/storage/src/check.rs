//! What `mapacha doctor` and the metrics ask: is every row what was written, and how much is there.

use rusqlite::Connection;

use crate::fault::Fault;
use crate::names::Dictionary;
use crate::{blob, current, log, series, system};

/// The answer of [`crate::Embedded::verify`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verification {
    /// Rows whose checksum was calculated anew.
    pub rows: u64,
    /// What is not as it was written: table, row and reason. Empty: everything is sound.
    pub damages: Vec<String>,
}

/// How much a store holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Entities, also deleted and erased ones.
    pub entities: u64,
    /// Chunks of history.
    pub chunks: u64,
    /// Instances in chunks.
    pub instances: u64,
    /// Bytes of the chunks' payloads.
    pub chunk_bytes: u64,
    /// Rows of the log.
    pub log_rows: u64,
    /// Changes in the log that are not in the tables yet.
    pub log_changes: u64,
    /// Bytes that these take in memory.
    pub log_bytes: u64,
    /// Names in the dictionary.
    pub names: u64,
    /// Rows of system tables.
    pub system_rows: u64,
    /// Blobs.
    pub blobs: u64,
    /// Bytes of blobs.
    pub blob_bytes: u64,
    /// Bytes of the file, without SQLite's write-ahead log.
    pub file_bytes: u64,
    /// Number of the last commit.
    pub last_commit: u64,
}

/// Checks every row and what SQLite itself knows of the file.
pub(crate) fn verify(connection: &Connection, path: &str) -> Result<Verification, Fault> {
    let mut found = Verification::default();
    let mut statement = connection.prepare("PRAGMA integrity_check(100)")?;
    let lines = statement
        .query_map([], |row| row.get::<_, String>(0))?
        .collect::<Result<Vec<_>, _>>()?;
    found
        .damages
        .extend(lines.into_iter().filter(|line| line != "ok"));
    let names = match Dictionary::read(connection) {
        Ok(names) => names,
        Err(fault) => {
            // Without the dictionary nothing else can be read.
            found.damages.push(fault.at(path, "verifying").to_string());
            return Ok(found);
        }
    };
    found.rows += names.len() as u64;
    let mut pending = log::Pending::default();
    let mut entities = 0;
    let read =
        current::read_rows(connection, &names, &mut |_, _| entities += 1).map(|()| (entities, Vec::new()));
    for checked in [
        read,
        series::check(connection, &names),
        blob::check(connection),
        system::check(connection),
        log::replay(connection, &mut pending).map(|_| (pending.changes() as u64, Vec::new())),
    ] {
        match checked {
            Ok((rows, wrong)) => {
                found.rows += rows;
                found.damages.extend(
                    wrong
                        .into_iter()
                        .map(|fault| fault.at(path, "verifying").to_string()),
                );
            }
            Err(fault) => found.damages.push(fault.at(path, "verifying").to_string()),
        }
    }
    Ok(found)
}

/// Counts.
pub(crate) fn count(connection: &Connection) -> Result<Statistics, Fault> {
    let ask = |sql: &str| {
        connection
            .query_row(sql, [], |row| row.get::<_, i64>(0))
            .map(i64::cast_unsigned)
    };
    Ok(Statistics {
        entities: ask("SELECT count(*) FROM entity")?,
        chunks: ask("SELECT count(*) FROM chunk")?,
        instances: ask("SELECT coalesce(sum(n), 0) FROM chunk")?,
        chunk_bytes: ask("SELECT coalesce(sum(length(payload)), 0) FROM chunk")?,
        log_rows: ask("SELECT count(*) FROM log")?,
        names: ask("SELECT count(*) FROM name")?,
        system_rows: ask("SELECT count(*) FROM system")?,
        blobs: ask("SELECT count(*) FROM blob")?,
        blob_bytes: ask("SELECT coalesce(sum(length), 0) FROM blob")?,
        file_bytes: ask("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")?,
        ..Statistics::default()
    })
}
