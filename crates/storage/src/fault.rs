//! What goes wrong inside, before it is known which file it concerns.

use crate::StorageError;
use crate::codec::Malformed;

/// A failure inside the engine.
#[derive(Debug)]
pub(crate) enum Fault {
    /// SQLite says so.
    Sqlite(rusqlite::Error),
    /// A row is not what was written.
    Damaged {
        table: &'static str,
        row: String,
        what: String,
    },
    /// Something that the caller asked for cannot be.
    Other(StorageError),
}

impl Fault {
    pub(crate) fn damaged(table: &'static str, row: impl std::fmt::Display, what: &str) -> Self {
        Self::Damaged {
            table,
            row: row.to_string(),
            what: what.to_owned(),
        }
    }

    /// Says which row it was that could not be read.
    pub(crate) fn in_row(table: &'static str, row: impl std::fmt::Display) -> impl FnOnce(Malformed) -> Self {
        move |malformed| Self::damaged(table, row, malformed.0)
    }

    /// The public error.
    pub(crate) fn at(self, path: &str, context: &str) -> StorageError {
        use rusqlite::ErrorCode::{DatabaseCorrupt, DiskFull, NotADatabase};
        let error = match self {
            Self::Other(error) => return error,
            Self::Damaged { table, row, what } => {
                let detail = format!("table `{table}`, row {row}: {what}");
                return StorageError::Corrupt {
                    path: path.to_owned(),
                    detail,
                };
            }
            Self::Sqlite(error) => error,
        };
        let corrupt = |detail: String| StorageError::Corrupt {
            path: path.to_owned(),
            detail,
        };
        match &error {
            rusqlite::Error::SqliteFailure(failure, _) => match failure.code {
                DiskFull => StorageError::Full {
                    path: path.to_owned(),
                },
                // The index of the write-ahead log could not grow: the same, by another name.
                _ if failure.extended_code == rusqlite::ffi::SQLITE_IOERR_SHMSIZE => StorageError::Full {
                    path: path.to_owned(),
                },
                DatabaseCorrupt | NotADatabase => corrupt(error.to_string()),
                _ => StorageError::Io {
                    context: format!("{context} `{path}`"),
                    detail: error.to_string(),
                },
            },
            rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::Utf8Error(..) => corrupt(format!("a column is not what was written: {error}")),
            _ => StorageError::Io {
                context: format!("{context} `{path}`"),
                detail: error.to_string(),
            },
        }
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}
