//! A store that comes into being with its first write, so that what is refused leaves nothing behind.

use std::io::Read;
use std::sync::{Arc, OnceLock};

use ngsi_ld::{Name, Timestamp, Uri};
use storage::{
    Change, EntityKey, FoundRow, Lsn, Number, Past, Piece, Storage, StorageError, StorageReader, Stored,
    Take, Tidied,
};

/// What happens around the first write, in this order: [`Self::begin`], the write, [`Self::confirm`],
/// [`Self::announce`]; [`Self::undo`] where one of the first three fails.
pub(crate) trait Birth: Send {
    /// Makes the store.
    fn begin(&mut self) -> Result<Box<dyn Storage>, StorageError>;
    /// The write is durable: from now on a crash leaves the store.
    fn confirm(&mut self) -> Result<(), StorageError>;
    /// Lets others find it.
    fn announce(&mut self);
    /// Takes away what was made; the store is closed.
    fn undo(&mut self);
}

/// The store: nothing of it is there before something is written.
pub(crate) struct FirstWrite {
    birth: Box<dyn Birth>,
    made: Option<Box<dyn Storage>>,
    reader: Arc<LateReader>,
}

impl FirstWrite {
    pub(crate) fn new(birth: Box<dyn Birth>) -> Self {
        Self {
            birth,
            made: None,
            reader: Arc::default(),
        }
    }

    fn write<T>(
        &mut self,
        work: impl FnOnce(&mut dyn Storage) -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        if let Some(made) = &mut self.made {
            return work(&mut **made);
        }
        let attempt = self.birth.begin().and_then(|mut store| {
            let mut is_empty = true;
            store.load(&mut |_| is_empty = false)?;
            if !is_empty {
                return Err(StorageError::Io {
                    context: "making a store".to_owned(),
                    detail: "there is one with this name already; restart the server to use it".to_owned(),
                });
            }
            let done = work(&mut *store)?;
            Ok((store, done))
        });
        let confirmed = attempt.and_then(|made| self.birth.confirm().map(|()| made));
        match confirmed {
            Ok((store, done)) => {
                let _ = self.reader.0.set(store.reader()); // it is set here only, once
                self.made = Some(store);
                self.birth.announce();
                Ok(done)
            }
            Err(error) => {
                self.birth.undo();
                Err(error)
            }
        }
    }
}

impl Storage for FirstWrite {
    fn load(&mut self, sink: &mut dyn FnMut(Stored)) -> Result<(), StorageError> {
        self.made.as_mut().map_or(Ok(()), |made| made.load(sink))
    }

    fn commit(&mut self, changes: &[Change]) -> Result<Lsn, StorageError> {
        self.write(|store| store.commit(changes))
    }

    fn bulk(&mut self, changes: &[Change]) -> Result<Lsn, StorageError> {
        self.write(|store| store.bulk(changes))
    }

    fn maintain(&mut self) -> Result<bool, StorageError> {
        self.made.as_mut().map_or(Ok(false), |made| made.maintain())
    }

    fn tidy(&mut self) -> Result<Tidied, StorageError> {
        self.made.as_mut().map_or(Ok(Tidied::All), |made| made.tidy())
    }

    fn put_blob(&mut self, content: &mut dyn Read) -> Result<String, StorageError> {
        self.write(|store| store.put_blob(content))
    }

    fn reader(&self) -> Arc<dyn StorageReader> {
        Arc::<LateReader>::clone(&self.reader)
    }
}

/// Reads a store that may not be there yet, and has nothing in it then.
#[derive(Default)]
struct LateReader(OnceLock<Arc<dyn StorageReader>>);

impl StorageReader for LateReader {
    fn history(
        &self,
        key: EntityKey,
        attributes: &[Name],
        range: (Timestamp, Timestamp),
        take: Take,
    ) -> Result<Vec<Past>, StorageError> {
        let reader = self.0.get();
        reader.map_or(Ok(Vec::new()), |one| one.history(key, attributes, range, take))
    }

    fn pieces(
        &self,
        key: EntityKey,
        attribute: &Name,
        dataset_id: Option<&Uri>,
        range: (Timestamp, Timestamp),
        each: &mut dyn FnMut(Piece<'_>),
    ) -> Result<(), StorageError> {
        let reader = self.0.get();
        reader.map_or(Ok(()), |one| one.pieces(key, attribute, dataset_id, range, each))
    }

    fn visit(
        &self,
        key: EntityKey,
        attribute: &Name,
        dataset_id: Option<&Uri>,
        range: (Timestamp, Timestamp),
        each: &mut dyn FnMut(Vec<Past>),
    ) -> Result<(), StorageError> {
        let reader = self.0.get();
        reader.map_or(Ok(()), |one| one.visit(key, attribute, dataset_id, range, each))
    }

    fn list(&self, key: EntityKey, attributes: &[Name]) -> Result<Vec<(Name, Option<Uri>)>, StorageError> {
        let reader = self.0.get();
        reader.map_or(Ok(Vec::new()), |one| one.list(key, attributes))
    }

    fn series(
        &self,
        key: EntityKey,
        attribute: &Name,
        range: (Timestamp, Timestamp),
    ) -> Result<Vec<Number>, StorageError> {
        let reader = self.0.get();
        reader.map_or(Ok(Vec::new()), |one| one.series(key, attribute, range))
    }

    fn read_blob(&self, blob: &str, offset: u64, buffer: &mut [u8]) -> Result<(), StorageError> {
        match self.0.get() {
            Some(reader) => reader.read_blob(blob, offset, buffer),
            None => Err(StorageError::Io {
                context: format!("reading the blob {blob}"),
                detail: "there is none".to_owned(),
            }),
        }
    }

    fn blob_length(&self, blob: &str) -> Result<Option<u64>, StorageError> {
        self.0.get().map_or(Ok(None), |one| one.blob_length(blob))
    }

    fn system(
        &self,
        table: &str,
        from: &[u8],
        limit: usize,
    ) -> Result<Vec<(Vec<u8>, Vec<u8>)>, StorageError> {
        let reader = self.0.get();
        reader.map_or(Ok(Vec::new()), |one| one.system(table, from, limit))
    }

    fn system_as_found(&self, table: &str, from: &[u8], limit: usize) -> Result<Vec<FoundRow>, StorageError> {
        let reader = self.0.get();
        reader.map_or(Ok(Vec::new()), |one| one.system_as_found(table, from, limit))
    }
}
