//! The @contexts that one tenant's clients gave us to keep and to serve (5.13).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

use hashbrown::HashSet;
use ngsi_ld::{Error as Refusal, Timestamp, Uri};
use parking_lot::{Mutex, RwLock};
use serde_json::{Value as Json, json};
use storage::StorageReader;

use super::ContextKind;
use crate::damage::Damages;
use crate::error::Error;
use crate::ids;
use crate::rows::Row;

/// The system table that holds them.
const TABLE: &str = "jsonld-contexts";
/// The version of its rows.
const VERSION: u8 = 1;
/// How many of each kind one tenant may have.
const MOST: usize = 2000;
/// How many bytes of JSON text one tenant may have in all.
const MOST_BYTES: usize = 64 << 20;
/// How many that nobody needs go at once where there is no room for one.
const AT_ONCE: usize = MOST / 16;
/// What "never" is among instants.
const NEVER: i64 = i64::MIN;

/// The hosted @contexts of one twin, in memory; their rows are in its store.
pub(crate) struct Library {
    /// Tells this library from any other.
    pub(super) id: String,
    /// The local ids of those whose rows are damaged.
    aside: HashSet<String>,
    entries: RwLock<BTreeMap<String, Arc<Hosted>>>,
    /// Held from the look at what is there to the end of a change: rows are written in the order of the changes.
    changing: Mutex<()>,
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
    pub(crate) fn load(storage: &dyn StorageReader, damages: &mut Damages) -> Result<Self, Error> {
        let stored = damages.read(storage, TABLE, Hosted::read)?;
        let aside = stored.aside.into_iter().map(String::from_utf8);
        let entries = stored
            .rows
            .into_iter()
            .map(|(_, hosted)| (hosted.local_id.as_str().to_owned(), Arc::new(hosted)));
        Ok(Self {
            id: ids::fresh("Library").as_str().to_owned(),
            aside: aside.filter_map(Result::ok).collect(),
            entries: RwLock::new(entries.collect()),
            changing: Mutex::new(()),
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
    /// content and made once; where there is no room for it, those go that are not among `named`.
    pub(super) fn add(
        &self,
        kind: ContextKind,
        context: &Json,
        now: Timestamp,
        named: impl FnOnce() -> HashSet<String>,
        store: impl FnOnce(Vec<Row>) -> Result<(), Error>,
    ) -> Result<Uri, Error> {
        let local_id = match kind {
            ContextKind::ImplicitlyCreated => ids::of_content("Context", &context.to_string()),
            _ => ids::fresh("Context"),
        };
        let _one = self.changing.lock();
        if let Some(there) = self.get(local_id.as_str()) {
            // Somebody is about to name it.
            there.count(now);
            return Ok(there.local_id.clone());
        }
        let hosted = Hosted::new(local_id.clone(), kind, context.clone(), now);
        let mut held = self.held(kind, &[]);
        let mut gone = Vec::new();
        if !held.has_room_for(&hosted) && kind == ContextKind::ImplicitlyCreated {
            gone = self.unneeded(&named());
            held = self.held(kind, &gone);
        }
        if !held.has_room_for(&hosted) {
            let Held { count, bytes } = held;
            return Err(Refusal::too_complex(format!(
                "{count} @contexts of {bytes} bytes are kept here already; at most {MOST} of {MOST_BYTES} \
                 bytes are: delete some under /ngsi-ld/v1/jsonldContexts"
            ))
            .into());
        }
        let mut rows: Vec<Row> = gone.iter().map(|one| Row::delete(TABLE, one.as_str())).collect();
        rows.push(hosted.row());
        store(rows)?;
        let mut entries = self.entries.write();
        for one in &gone {
            entries.remove(one);
        }
        entries.insert(local_id.as_str().to_owned(), Arc::new(hosted));
        Ok(local_id)
    }

    /// How many of a kind there are, and the bytes of all kinds, without some.
    fn held(&self, kind: ContextKind, without: &[String]) -> Held {
        let entries = self.entries.read();
        let gone = |id: &str| without.iter().any(|gone| gone == id);
        let mut held = Held { count: 0, bytes: 0 };
        for entry in entries.values().filter(|one| !gone(one.local_id.as_str())) {
            held.count += usize::from(entry.kind == kind);
            held.bytes += entry.bytes;
        }
        held
    }

    /// Implicitly created ones that are not named, those that were used longest ago: so many that there is room for a
    /// while.
    fn unneeded(&self, named: &HashSet<String>) -> Vec<String> {
        let mut found: Vec<(Timestamp, String)> = self
            .all()
            .iter()
            .filter(|one| {
                one.kind == ContextKind::ImplicitlyCreated && !named.contains(one.local_id.as_str())
            })
            .map(|one| {
                let used = one
                    .last_usage()
                    .map_or(one.created_at, |at| at.max(one.created_at));
                (used, one.local_id.as_str().to_owned())
            })
            .collect();
        found.sort_unstable();
        found.truncate(AT_ONCE);
        found.into_iter().map(|(_, id)| id).collect()
    }

    /// Takes an entry away; whether there was one.
    pub(super) fn remove(
        &self,
        local_id: &str,
        store: impl FnOnce(Vec<Row>) -> Result<(), Error>,
    ) -> Result<bool, Error> {
        let _one = self.changing.lock();
        // What is damaged can be taken away, and is not told from what is gone afterwards.
        if self.get(local_id).is_none() && !self.aside.contains(local_id) {
            return Ok(false);
        }
        store(vec![Row::delete(TABLE, local_id)])?;
        self.entries.write().remove(local_id);
        Ok(true)
    }

    /// Has `store` write the rows of those that were used since they were written.
    pub(crate) fn write_used(&self, store: impl FnOnce(Vec<Row>) -> Result<(), Error>) -> Result<(), Error> {
        // One that is deleted meanwhile would come back.
        let _one = self.changing.lock();
        let rows = self
            .all()
            .iter()
            .filter(|entry| entry.dirty.swap(false, Ordering::Relaxed))
            .map(|entry| entry.row())
            .collect();
        store(rows)
    }
}

/// How much is kept.
struct Held {
    count: usize,
    bytes: usize,
}

impl Held {
    fn has_room_for(&self, one: &Hosted) -> bool {
        self.count < MOST && self.bytes + one.bytes <= MOST_BYTES
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use storage::{Memory, Storage as _};

    use super::*;

    #[test]
    fn what_is_deleted_while_its_use_is_written_down_does_not_come_back() {
        let library = Library::load(&*Memory::new().reader(), &mut Damages::default()).unwrap();
        let (now, none) = (Timestamp::from_seconds(0), HashSet::new);
        let id = library.add(ContextKind::Hosted, &json!({}), now, none, |_| Ok(()));
        let id = id.unwrap();
        library.get(id.as_str()).unwrap().count(now);
        let written = Mutex::new(Vec::new());
        let (done, ended) = mpsc::channel();
        let delete = || {
            let store = |rows| {
                written.lock().extend(rows);
                Ok(())
            };
            library.remove(id.as_str(), store).unwrap();
            let _ = done.send(());
        };
        std::thread::scope(|threads| {
            library
                .write_used(|rows| {
                    threads.spawn(delete);
                    let _ = ended.recv_timeout(Duration::from_millis(200));
                    written.lock().extend(rows);
                    Ok(())
                })
                .unwrap();
        });
        let last = written.into_inner().pop().unwrap();
        assert_eq!(last.value, None, "the row is deleted after it was written");
    }
}
