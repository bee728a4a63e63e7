//! The embedded engine.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use crate::{Change, Environment, Lsn, Storage, StorageError, StorageReader, Stored};

/// The embedded engine: a SQLite file used as log and history.
pub struct Embedded {}

impl Embedded {
    /// Opens `<folder>/<stem>.sqlite`, and makes folder and file where they are missing.
    pub fn open(folder: &Path, stem: &str, environment: Environment) -> Result<Self, StorageError> {
        let _ = (folder, stem, environment);
        todo!()
    }
}

impl Storage for Embedded {
    fn load(&mut self, _sink: &mut dyn FnMut(Stored)) -> Result<(), StorageError> {
        todo!()
    }
    fn commit(&mut self, _changes: &[Change]) -> Result<Lsn, StorageError> {
        todo!()
    }
    fn bulk(&mut self, _changes: &[Change]) -> Result<Lsn, StorageError> {
        todo!()
    }
    fn maintain(&mut self) -> Result<bool, StorageError> {
        todo!()
    }
    fn put_blob(&mut self, _content: &mut dyn Read) -> Result<String, StorageError> {
        todo!()
    }
    fn reader(&self) -> Arc<dyn StorageReader> {
        todo!()
    }
}
