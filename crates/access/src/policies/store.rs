//! Where the documents of a city are kept.

use query::Caller;
use twin::{Event, Row, Twin};

use super::change::Documents;

/// The table of a tenant's store that holds them, by name.
const TABLE: &str = "access-policies";
/// The version of a row: what follows it is the document's text.
const VERSION: u8 = 1;

/// Keeps documents. What it says is kept has to be kept.
pub trait PolicyStore: Send + Sync {
    /// All documents.
    fn load(&self) -> Result<Documents, StoreError>;
    /// Puts a document in the place of the one of that name, or takes it away where there is no text; done when it
    /// returns.
    fn put(&self, name: &str, text: Option<&str>) -> Result<(), StoreError>;
}

/// Why documents could not be kept or read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// A row cannot be read by this program.
    #[error(
        "the stored document `{name}` cannot be read: {reason}; restore it from a backup, or use the program that wrote it"
    )]
    Unreadable {
        /// Its name.
        name: String,
        /// Why.
        reason: String,
    },
    /// The store said no.
    #[error("the policies could not be stored or read: {0}")]
    Failed(String),
}

/// Rows of the tenant's own store, in order with all its other writes.
impl PolicyStore for Twin {
    fn load(&self) -> Result<Documents, StoreError> {
        let rows = self
            .rows(TABLE)
            .map_err(|error| StoreError::Failed(error.to_string()))?;
        let mut documents = Documents::default();
        for (key, value) in rows {
            let name = String::from_utf8_lossy(&key).into_owned();
            let unreadable = |reason: &str| StoreError::Unreadable {
                name: name.clone(),
                reason: reason.to_owned(),
            };
            let text = match value.split_first() {
                Some((&VERSION, text)) => text,
                Some((version, _)) => {
                    return Err(unreadable(&format!(
                        "it has version {version}, and this program reads {VERSION}"
                    )));
                }
                None => return Err(unreadable("it is empty")),
            };
            let text = std::str::from_utf8(text).map_err(|error| unreadable(&error.to_string()))?;
            documents = (documents.with(&name, Some(text.to_owned())))
                .map_err(|error| unreadable(&error.to_string()))?;
        }
        Ok(documents)
    }

    fn put(&self, name: &str, text: Option<&str>) -> Result<(), StoreError> {
        let by = Caller::System("access");
        KeptBy { twin: self, by }.put(name, text)
    }
}

/// A tenant's store, and who changes the policies in it: the audit log tells of it in the same commit.
pub struct KeptBy<'a> {
    /// The tenant's.
    pub twin: &'a Twin,
    /// Who.
    pub by: Caller,
}

impl PolicyStore for KeptBy<'_> {
    fn load(&self) -> Result<Documents, StoreError> {
        self.twin.load()
    }

    fn put(&self, name: &str, text: Option<&str>) -> Result<(), StoreError> {
        let value = text.map(|text| {
            let mut value = vec![VERSION];
            value.extend_from_slice(text.as_bytes());
            value
        });
        let failed = |error: twin::Error| StoreError::Failed(error.to_string());
        let rows = self.twin.rows(TABLE).map_err(failed)?;
        let before = rows.into_iter().find(|(key, _)| key == name.as_bytes());
        let action = if text.is_some() {
            "policy.put"
        } else {
            "policy.delete"
        };
        let event = Event::of(self.by.clone(), "access", action)
            .to("PolicyDocument", name)
            .with(before.map(|(_, value)| value), value.clone());
        let row = match value {
            Some(value) => Row::put(TABLE, name, value),
            None => Row::delete(TABLE, name),
        };
        self.twin
            .store_rows_as_blocking(vec![row], vec![event])
            .map_err(failed)
    }
}

/// A store of tests, which can be made to fail.
#[cfg(test)]
#[derive(Debug, Default)]
pub(super) struct Memory {
    documents: parking_lot::Mutex<Documents>,
    fails: std::sync::atomic::AtomicBool,
}

#[cfg(test)]
impl Memory {
    pub(super) fn fail(&self) {
        self.fails.store(true, std::sync::atomic::Ordering::Relaxed);
    }

    pub(super) fn mend(&self) {
        self.fails.store(false, std::sync::atomic::Ordering::Relaxed);
    }
}

#[cfg(test)]
impl PolicyStore for Memory {
    fn load(&self) -> Result<Documents, StoreError> {
        Ok(self.documents.lock().clone())
    }

    fn put(&self, name: &str, text: Option<&str>) -> Result<(), StoreError> {
        if self.fails.load(std::sync::atomic::Ordering::Relaxed) {
            return Err(StoreError::Failed("the disk is full".into()));
        }
        let mut documents = self.documents.lock();
        *documents = documents.clone().with(name, text.map(str::to_owned)).unwrap();
        Ok(())
    }
}
