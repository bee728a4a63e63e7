//! The file: its tables, its version, how it is opened.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension, params};

use crate::StorageError;
use crate::fault::Fault;

/// The version of the file that this program writes and knows. 2: the log may hold that instances of the past were
/// destroyed. 3: what has no current state has a last one. An older file becomes one of these with the first change
/// that an older program would not understand, or not undo.
pub(crate) const FORMAT: u32 = 3;
/// The first version in which instances of the past may be destroyed.
pub(crate) const FORMAT_THAT_FORGETS: u32 = 2;
/// The first version with last states.
pub(crate) const FORMAT_WITH_LAST: u32 = 3;
/// `Mapa`, in SQLite's header, for `file` and its like.
const APPLICATION_ID: u32 = 0x4d61_7061;

/// Every row with content carries a CRC-32 of its key and content. `payload`s are frames (see `codec`).
const SCHEMA: &str = "
    CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE name (id INTEGER PRIMARY KEY, text TEXT NOT NULL, crc INTEGER NOT NULL);
    CREATE TABLE log (seq INTEGER PRIMARY KEY, version INTEGER NOT NULL, crc INTEGER NOT NULL, payload BLOB NOT NULL);
    CREATE TABLE entity (key INTEGER PRIMARY KEY, last_seq INTEGER NOT NULL, crc INTEGER NOT NULL, payload BLOB NOT NULL);
    CREATE TABLE chunk (
        entity INTEGER NOT NULL, attribute INTEGER NOT NULL, dataset INTEGER NOT NULL, t0 INTEGER NOT NULL,
        t1 INTEGER NOT NULL, n INTEGER NOT NULL, last_seq INTEGER NOT NULL,
        min REAL, max REAL, sum REAL, sumsq REAL,
        version INTEGER NOT NULL, crc INTEGER NOT NULL, payload BLOB NOT NULL,
        PRIMARY KEY (entity, attribute, dataset, t0)
    ) WITHOUT ROWID;
    CREATE TABLE system (
        name TEXT NOT NULL, key BLOB NOT NULL, crc INTEGER NOT NULL, value BLOB NOT NULL, PRIMARY KEY (name, key)
    ) WITHOUT ROWID;
    CREATE TABLE blob (
        number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, length INTEGER NOT NULL, crc INTEGER NOT NULL
    );
    CREATE TABLE blob_piece (id INTEGER PRIMARY KEY, crc INTEGER NOT NULL, content BLOB NOT NULL);
    CREATE TABLE blob_use (entity INTEGER NOT NULL, blob TEXT NOT NULL, PRIMARY KEY (entity, blob)) WITHOUT ROWID;
    CREATE INDEX blob_use_by_blob ON blob_use (blob);
";

/// Opens the file for the one who writes; makes it where it is missing. The caller has the lock.
pub(crate) fn open_for_writing(file: &Path) -> Result<Connection, StorageError> {
    let path = file.display().to_string();
    let fault = |fault: Fault| fault.at(&path, "opening");
    let connection = Connection::open_with_flags(
        file,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )
    .map_err(|error| fault(error.into()))?;
    let found = format_of(&connection).map_err(fault)?;
    match found {
        Some(found) if found > FORMAT => {
            return Err(StorageError::NewerFormat {
                path,
                found,
                known: FORMAT,
            });
        }
        Some(0) => {
            let detail = "it is a SQLite database, but not one of this program".to_owned();
            return Err(StorageError::Io {
                context: format!("opening `{path}`"),
                detail,
            });
        }
        _ => {}
    }
    prepare(&connection, found.is_none()).map_err(fault)?;
    Ok(connection)
}

/// The format version; 0 where the file is something else, none where it is new.
fn format_of(connection: &Connection) -> Result<Option<u32>, Fault> {
    let tables: u32 = connection.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0))?;
    if tables == 0 {
        return Ok(None);
    }
    let ours: u32 = connection.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    if ours != APPLICATION_ID {
        return Ok(Some(0));
    }
    let version =
        meta(connection, "format")?.ok_or_else(|| Fault::damaged("meta", "format", "the row is missing"))?;
    Ok(Some(u32::try_from(version).unwrap_or(u32::MAX)))
}

fn prepare(connection: &Connection, new: bool) -> Result<(), Fault> {
    if new {
        connection.pragma_update(None, "page_size", 4_096)?;
    }
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    // What is erased is overwritten, in the tables and in the log alike.
    connection.pragma_update(None, "secure_delete", "on")?;
    // The engine does it in `maintain`; this is for those who do not call that: 64 MiB.
    connection.pragma_update(None, "wal_autocheckpoint", 16_384)?;
    connection.pragma_update(None, "journal_size_limit", 64 << 20)?;
    connection.pragma_update(None, "cache_size", -32_768)?;
    // Nobody else writes; this is how long emptying the write-ahead log waits for readers.
    connection.busy_timeout(Duration::from_millis(50))?;
    share(connection)?;
    if new {
        let transaction = connection.unchecked_transaction()?;
        transaction.execute_batch(SCHEMA)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        set_meta(&transaction, "format", FORMAT.into())?;
        transaction.commit()?;
    }
    Ok(())
}

/// Opens the file for reading, beside the one who writes.
pub(crate) fn open_for_reading(file: &Path) -> Result<Connection, Fault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags)?;
    connection.busy_timeout(Duration::from_secs(10))?;
    share(&connection)?;
    connection.pragma_update(None, "cache_size", -4_096)?;
    Ok(connection)
}

/// Brings SQLite's write-ahead log into the file beside the one who writes, as far as it can.
pub(crate) fn checkpoint(file: &Path) -> Result<(), Fault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags)?;
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?;
    Ok(())
}

fn share(connection: &Connection) -> Result<(), Fault> {
    connection.set_prepared_statement_cache_capacity(64);
    connection.pragma_update(None, "temp_store", "memory")?;
    connection.pragma_update(None, "cell_size_check", "on")?;
    connection.pragma_update(None, "trusted_schema", "off")?;
    Ok(())
}

/// A number that the store remembers.
pub(crate) fn meta(connection: &Connection, name: &str) -> Result<Option<u64>, Fault> {
    let mut statement = connection.prepare_cached("SELECT value FROM meta WHERE name = ?")?;
    let value: Option<i64> = statement.query_row([name], |row| row.get(0)).optional()?;
    Ok(value.map(i64::cast_unsigned))
}

/// Remembers a number.
pub(crate) fn set_meta(connection: &Connection, name: &str, value: u64) -> Result<(), Fault> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)")?
        .execute(params![name, value.cast_signed()])?;
    Ok(())
}
