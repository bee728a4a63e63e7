//! What a tenant's snapshots are, besides their data: rows of its store (5.2.41).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use ngsi_ld::{Timestamp, Uri};
use parking_lot::{Mutex, RwLock};
use serde_json::{Map, Value as Json, json};
use storage::StorageReader;

use super::notice::{self, Farewells};
use crate::damage::Damages;
use crate::delivery::Book;
use crate::error::Error;
use crate::rows::Row;

/// The system table that holds them.
pub(super) const TABLE: &str = "snapshots";
/// The version of its rows.
const VERSION: u8 = 1;

/// Whether a snapshot can be used (Table 5.2.41-2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SnapshotStatus {
    /// Its data is being collected.
    Preparing,
    /// Every query found something.
    Success,
    /// Some query found something.
    Partial,
    /// No query found anything, but one was executed.
    Empty,
    /// Nothing could be executed, or the end of the program came between.
    Failure,
}

impl SnapshotStatus {
    const ALL: [Self; 5] = [
        Self::Preparing,
        Self::Success,
        Self::Partial,
        Self::Empty,
        Self::Failure,
    ];

    /// As the standard writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Preparing => "preparing",
            Self::Success => "success",
            Self::Partial => "partial",
            Self::Empty => "empty",
            Self::Failure => "failure",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }

    /// What the results of the queries make of the whole (5.16.1.4).
    pub fn of(results: &[QueryResult]) -> Self {
        let found = |result: &QueryResult| matches!(result, QueryResult::Found);
        if results.iter().all(found) {
            Self::Success
        } else if results.iter().any(found) {
            Self::Partial
        } else if results.contains(&QueryResult::Empty) {
            Self::Empty
        } else {
            Self::Failure
        }
    }
}

/// What came of one query of a snapshot (5.2.42).
#[derive(Clone, Debug, PartialEq)]
pub enum QueryResult {
    /// It found something.
    Found,
    /// It found nothing.
    Empty,
    /// It could not be executed: problem details.
    Failed(Json),
}

impl QueryResult {
    /// As ExecutionResultDetails.
    pub fn to_json(&self) -> Json {
        match self {
            Self::Found => json!({"resultStatus": "success"}),
            Self::Empty => json!({"resultStatus": "empty"}),
            Self::Failed(problem) => json!({"resultStatus": "failure", "problemDetails": problem}),
        }
    }

    fn from_json(json: &Json) -> Option<Self> {
        match json["resultStatus"].as_str()? {
            "success" => Some(Self::Found),
            "empty" => Some(Self::Empty),
            _ => Some(Self::Failed(json["problemDetails"].clone())),
        }
    }
}

/// A snapshot (5.2.41), without its data.
#[derive(Clone, Debug, PartialEq)]
pub struct SnapshotInfo {
    /// Its id.
    pub id: Uri,
    /// What the client said of it and the twin does not look at: the queries, the lifetime, whom to notify.
    pub given: Map<String, Json>,
    /// 1 (least) to 10: which is deleted first when there is no room.
    pub priority: u8,
    /// Whether it can be used.
    pub status: SnapshotStatus,
    /// What came of its queries.
    pub results: Vec<QueryResult>,
    /// What came of its temporal queries.
    pub temporal_results: Vec<QueryResult>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed.
    pub modified_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When it was used last.
    pub last_used_at: Timestamp,
    /// The name of the store with its data.
    pub(crate) store: String,
    /// Whether there are subscriptions in it, for which it stays open.
    pub(crate) watched: bool,
    /// Who made it. What it holds is what he saw, so that nobody else can be told what of it he may see.
    pub(crate) maker: String,
}

impl SnapshotInfo {
    fn row(&self) -> Row {
        let results = |results: &[QueryResult]| results.iter().map(QueryResult::to_json).collect::<Vec<_>>();
        let value = json!({
            "given": self.given,
            "priority": self.priority,
            "status": self.status.as_str(),
            "results": results(&self.results),
            "temporalResults": results(&self.temporal_results),
            "createdAt": self.created_at.as_micros(),
            "modifiedAt": self.modified_at.as_micros(),
            "expiresAt": self.expires_at.as_micros(),
            "lastUsedAt": self.last_used_at.as_micros(),
            "store": self.store,
            "watched": self.watched,
            "maker": self.maker,
        });
        let mut bytes = vec![VERSION];
        bytes.extend_from_slice(value.to_string().as_bytes());
        Row::put(TABLE, self.id.as_str(), bytes)
    }

    fn read(key: &[u8], value: &[u8]) -> Option<Self> {
        let (VERSION, text) = value.split_first().map(|(version, text)| (*version, text))? else {
            return None;
        };
        let mut value: Json = serde_json::from_slice(text).ok()?;
        let instant = |name: &str| value[name].as_i64().map(Timestamp::from_micros);
        let results = |name: &str| -> Option<Vec<QueryResult>> {
            value[name]
                .as_array()?
                .iter()
                .map(QueryResult::from_json)
                .collect()
        };
        Some(Self {
            id: Uri::parse(std::str::from_utf8(key).ok()?).ok()?,
            priority: u8::try_from(value["priority"].as_u64()?).ok()?,
            status: SnapshotStatus::parse(value["status"].as_str()?)?,
            results: results("results")?,
            temporal_results: results("temporalResults")?,
            created_at: instant("createdAt")?,
            modified_at: instant("modifiedAt")?,
            expires_at: instant("expiresAt")?,
            last_used_at: instant("lastUsedAt")?,
            store: value["store"].as_str()?.to_owned(),
            watched: value["watched"].as_bool().unwrap_or_default(),
            maker: value["maker"].as_str().unwrap_or("anonymous").to_owned(),
            given: match value["given"].take() {
                Json::Object(given) => given,
                _ => return None,
            },
        })
    }
}

/// A snapshot in memory.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) info: SnapshotInfo,
    last_used: Arc<AtomicI64>,
    /// Whether it was used since its row was written.
    dirty: Arc<AtomicBool>,
    /// Set when it is deleted, for whoever still collects its data.
    pub(super) gone: Arc<AtomicBool>,
}

/// The snapshots of one twin.
pub(crate) struct Shelf {
    entries: RwLock<BTreeMap<String, Arc<Entry>>>,
    /// Held while they are made or changed, so that memory and store say the same.
    pub(super) changing: Mutex<()>,
    /// Those that the end of the program came between.
    cut_off: Mutex<Vec<Uri>>,
    /// Those that are gone and have something left to say.
    pub(super) farewells: Farewells,
    /// The keys of the rows that could not be read. Their data may be anybody's, so none is swept up.
    aside: Mutex<Vec<Vec<u8>>>,
}

impl Shelf {
    /// As the store has them. One that was being prepared when the program ended has failed: it is never taken for
    /// a whole one. Messages about them go on by `book`.
    pub(crate) fn load(
        storage: &dyn StorageReader,
        book: &Book,
        damages: &mut Damages,
    ) -> Result<Self, Error> {
        let farewells = Farewells::load(storage, book, damages)?;
        let (mut entries, mut cut_off) = (BTreeMap::new(), Vec::new());
        let found = damages.read(storage, TABLE, SnapshotInfo::read)?;
        notice::hold(book, &found.aside);
        for (_, mut info) in found.rows {
            if info.status == SnapshotStatus::Preparing {
                info.status = SnapshotStatus::Failure;
                cut_off.push(info.id.clone());
            }
            notice::enter(book, &info);
            entries.insert(info.id.as_str().to_owned(), Arc::new(Entry::new(info)));
        }
        Ok(Self {
            entries: RwLock::new(entries),
            changing: Mutex::default(),
            cut_off: Mutex::new(cut_off),
            farewells,
            aside: Mutex::new(found.aside),
        })
    }

    /// Those that the end of the program came between, once.
    pub(super) fn take_cut_off(&self) -> Vec<Uri> {
        std::mem::take(&mut self.cut_off.lock())
    }

    /// Whether the data of some snapshot is not known to be its.
    pub(super) fn is_damaged(&self) -> bool {
        !self.aside.lock().is_empty()
    }

    /// A snapshot of this id is written in the place of one that could not be read, if there was one.
    pub(super) fn takes_the_place(&self, id: &Uri) -> bool {
        let mut aside = self.aside.lock();
        let before = aside.len();
        aside.retain(|key| key != id.as_str().as_bytes());
        aside.len() < before
    }

    pub(super) fn get(&self, id: &str) -> Option<Arc<Entry>> {
        self.entries.read().get(id).cloned()
    }

    pub(super) fn all(&self) -> Vec<Arc<Entry>> {
        self.entries.read().values().cloned().collect()
    }

    /// The row that makes a snapshot, or what is new of it, durable.
    pub(super) fn row_of(info: &SnapshotInfo) -> Row {
        info.row()
    }

    /// Makes a snapshot, or what is new of it, visible.
    pub(super) fn put(&self, info: &SnapshotInfo) {
        let mut entries = self.entries.write();
        let before = entries.get(info.id.as_str());
        let entry = before.map_or_else(|| Entry::new(info.clone()), |before| before.with(info.clone()));
        entries.insert(info.id.as_str().to_owned(), Arc::new(entry));
    }

    /// Forgets a snapshot.
    pub(super) fn remove(&self, id: &str) {
        if let Some(entry) = self.entries.write().remove(id) {
            entry.gone.store(true, Ordering::Relaxed);
        }
    }

    /// The rows of those that were used since theirs were written.
    pub(super) fn used(&self) -> Vec<Row> {
        self.all()
            .iter()
            .filter(|entry| entry.dirty.swap(false, Ordering::Relaxed))
            .map(|entry| entry.info().row())
            .collect()
    }
}

impl Entry {
    fn new(info: SnapshotInfo) -> Self {
        Self {
            last_used: Arc::new(AtomicI64::new(info.last_used_at.as_micros())),
            dirty: Arc::default(),
            gone: Arc::default(),
            info,
        }
    }

    fn with(&self, info: SnapshotInfo) -> Self {
        Self {
            info,
            last_used: Arc::clone(&self.last_used),
            dirty: Arc::clone(&self.dirty),
            gone: Arc::clone(&self.gone),
        }
    }

    /// As it is now.
    pub(super) fn info(&self) -> SnapshotInfo {
        SnapshotInfo {
            last_used_at: Timestamp::from_micros(self.last_used.load(Ordering::Relaxed)),
            ..self.info.clone()
        }
    }

    /// It is used.
    pub(super) fn touch(&self, now: Timestamp) {
        self.last_used.store(now.as_micros(), Ordering::Relaxed);
        self.dirty.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clause_5_16_1_4_what_the_queries_make_of_the_whole() {
        use QueryResult::{Empty, Found};
        let failed = || QueryResult::Failed(json!({"title": "x"}));
        for (results, status) in [
            (vec![Found, Found], SnapshotStatus::Success),
            (vec![Found, Empty], SnapshotStatus::Partial),
            (vec![failed(), Found], SnapshotStatus::Partial),
            (vec![Empty, Empty], SnapshotStatus::Empty),
            (vec![failed(), Empty], SnapshotStatus::Empty),
            (vec![failed()], SnapshotStatus::Failure),
        ] {
            assert_eq!(SnapshotStatus::of(&results), status, "{results:?}");
        }
        for status in SnapshotStatus::ALL {
            assert_eq!(SnapshotStatus::parse(status.as_str()), Some(status));
        }
    }
}
