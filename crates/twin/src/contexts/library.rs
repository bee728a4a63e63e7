//! The @contexts that one tenant's clients gave us to keep and to serve (5.13).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

use ngsi_ld::{Error as Refusal, Timestamp, Uri};
use parking_lot::RwLock;
use serde_json::{Value as Json, json};
use storage::StorageReader;

use super::ContextKind;
use crate::error::Error;
use crate::ids;
use crate::rows::{self, Row};

/// The system table that holds them.
const TABLE: &str = "jsonld-contexts";
/// The version of its rows.
const VERSION: u8 = 1;
/// How many of each kind one tenant may have.
const MOST: usize = 2000;
/// How many bytes of JSON text one tenant may have in all.
const MOST_BYTES: usize = 64 << 20;
/// What "never" is among instants.
const NEVER: i64 = i64::MIN;

/// The hosted @contexts of one twin, in memory; their rows are in its store.
pub(crate) struct Library {
    /// Tells this library from any other.
    pub(super) id: String,
    entries: RwLock<BTreeMap<String, Arc<Hosted>>>,
}

/// One hosted @context.
pub(super) struct Hosted {
    pub(super) local_id: Uri,
    pub(super) kind: ContextKind,
    pub(super) context: Json,
    pub(super) created_at: Timestamp,
    bytes: usize,
    hits: AtomicU64,
    last_usage: AtomicI64,
    /// Whether it was used since its row was written.
    dirty: AtomicBool,
}

impl Hosted {
    fn new(local_id: Uri, kind: ContextKind, context: Json, created_at: Timestamp) -> Self {
        let bytes = context.to_string().len();
        Self {
            local_id,
            kind,
            context,
            created_at,
            bytes,
            hits: AtomicU64::new(0),
            last_usage: AtomicI64::new(NEVER),
            dirty: AtomicBool::new(false),
        }
    }

    /// It was found and used.
    pub(super) fn count(&self, now: Timestamp) {
        self.hits.fetch_add(1, Ordering::Relaxed);
        self.last_usage.store(now.as_micros(), Ordering::Relaxed);
        self.dirty.store(true, Ordering::Relaxed);
    }

    /// How often it was found.
    pub(super) fn hits(&self) -> u64 {
        self.hits.load(Ordering::Relaxed)
    }

    /// When it was found last.
    pub(super) fn last_usage(&self) -> Option<Timestamp> {
        match self.last_usage.load(Ordering::Relaxed) {
            NEVER => None,
            micros => Some(Timestamp::from_micros(micros)),
        }
    }

    fn row(&self) -> Row {
        let value = json!({
            "kind": self.kind.as_str(),
            "createdAt": self.created_at.as_micros(),
            "numberOfHits": self.hits(),
            "lastUsage": self.last_usage().map(Timestamp::as_micros),
            "@context": self.context,
        });
        let mut bytes = vec![VERSION];
        bytes.extend_from_slice(value.to_string().as_bytes());
        Row::put(TABLE, self.local_id.as_str(), bytes)
    }

    fn read(key: &[u8], value: &[u8]) -> Option<Self> {
        let (VERSION, text) = value.split_first().map(|(version, text)| (*version, text))? else {
            return None;
        };
        let local_id = Uri::parse(std::str::from_utf8(key).ok()?).ok()?;
        let mut value: Json = serde_json::from_slice(text).ok()?;
        let kind = ContextKind::parse(value["kind"].as_str()?)?;
        let created_at = Timestamp::from_micros(value["createdAt"].as_i64()?);
        let hosted = Self::new(local_id, kind, value["@context"].take(), created_at);
        hosted
            .hits
            .store(value["numberOfHits"].as_u64().unwrap_or(0), Ordering::Relaxed);
        hosted
            .last_usage
            .store(value["lastUsage"].as_i64().unwrap_or(NEVER), Ordering::Relaxed);
        Some(hosted)
    }
}

impl Library {
    /// As the store has it.
    pub(crate) fn load(storage: &dyn StorageReader) -> Result<Self, Error> {
        let mut entries = BTreeMap::new();
        for (key, value) in rows::read(storage, TABLE)? {
            let hosted = Hosted::read(&key, &value).ok_or_else(|| {
                let key = String::from_utf8_lossy(&key);
                Error::Storage(format!(
                    "the row `{key}` of the system table `{TABLE}` is damaged"
                ))
            })?;
            entries.insert(hosted.local_id.as_str().to_owned(), Arc::new(hosted));
        }
        Ok(Self {
            id: ids::fresh("Library").as_str().to_owned(),
            entries: RwLock::new(entries),
        })
    }

    /// The one with this local id.
    pub(super) fn get(&self, local_id: &str) -> Option<Arc<Hosted>> {
        self.entries.read().get(local_id).cloned()
    }

    /// All, by local id.
    pub(super) fn all(&self) -> Vec<Arc<Hosted>> {
        self.entries.read().values().cloned().collect()
    }

    /// Makes an entry, and the row that `store` is to make durable. An implicitly created one is named after its
    /// content and made once.
    pub(super) fn add(
        &self,
        kind: ContextKind,
        context: &Json,
        now: Timestamp,
        store: impl FnOnce(Vec<Row>) -> Result<(), Error>,
    ) -> Result<Uri, Error> {
        let local_id = match kind {
            ContextKind::ImplicitlyCreated => ids::of_content("Context", &context.to_string()),
            _ => ids::fresh("Context"),
        };
        if let Some(there) = self.get(local_id.as_str()) {
            return Ok(there.local_id.clone());
        }
        let hosted = Hosted::new(local_id.clone(), kind, context.clone(), now);
        {
            let entries = self.entries.read();
            let same_kind = entries.values().filter(|entry| entry.kind == kind).count();
            let bytes: usize = entries.values().map(|entry| entry.bytes).sum();
            if same_kind >= MOST || bytes + hosted.bytes > MOST_BYTES {
                return Err(Refusal::too_complex(format!(
                    "{same_kind} @contexts of {bytes} bytes are kept here already; at most {MOST} of {MOST_BYTES} \
                     bytes are: delete some under /ngsi-ld/v1/jsonldContexts"
                ))
                .into());
            }
        }
        store(vec![hosted.row()])?;
        self.entries
            .write()
            .insert(local_id.as_str().to_owned(), Arc::new(hosted));
        Ok(local_id)
    }

    /// Takes an entry away; whether there was one.
    pub(super) fn remove(
        &self,
        local_id: &str,
        store: impl FnOnce(Vec<Row>) -> Result<(), Error>,
    ) -> Result<bool, Error> {
        if self.get(local_id).is_none() {
            return Ok(false);
        }
        store(vec![Row::delete(TABLE, local_id)])?;
        self.entries.write().remove(local_id);
        Ok(true)
    }

    /// The rows of those that were used since they were written.
    pub(crate) fn used(&self) -> Vec<Row> {
        self.all()
            .iter()
            .filter(|entry| entry.dirty.swap(false, Ordering::Relaxed))
            .map(|entry| entry.row())
            .collect()
    }
}
