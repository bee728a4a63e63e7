//! Telling whoever wants to know what became of a snapshot (5.16.6), and of what happens in one (6.3.22).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ngsi_ld::context::CORE_URL;
use ngsi_ld::subscription::{Accept, Endpoint};
use ngsi_ld::{Timestamp, Uri};
use parking_lot::Mutex;
use serde_json::{Map, Value as Json, json};
use storage::StorageReader;

use super::shelf::{QueryResult, SnapshotInfo, SnapshotStatus};
use crate::damage::Damages;
use crate::delivery::{Book, Letter, Owner, OwnerKind, Parcel, Sending, Transport};
use crate::error::Error;
use crate::ids;
use crate::rows::Row;

/// The system table of snapshots that are gone and whose last message may not have arrived.
const TABLE: &str = "snapshot-farewells";
/// For how long the last message of a snapshot is tried.
const FAREWELL: Duration = Duration::from_hours(24);

/// Who owns the messages of a snapshot.
fn owner(id: &Uri) -> Owner {
    Owner {
        kind: OwnerKind::Snapshot,
        id: id.clone(),
    }
}

/// Where the members `endpoint` and `receiverInfo` say that messages go; `None` where they do not.
fn endpoint(given: &Map<String, Json>) -> Option<Endpoint> {
    let mut json = json!({"uri": given.get("endpoint")?});
    if let Some(pairs) = given.get("receiverInfo") {
        json["receiverInfo"] = pairs.clone();
    }
    match Endpoint::parse(&json) {
        Ok(endpoint) => Some(endpoint),
        Err(error) => {
            tracing::warn!(%error, "a snapshot has an endpoint that cannot be used");
            None
        }
    }
}

/// Lets the messages of a snapshot go where it says now.
pub(super) fn enter(book: &Book, info: &SnapshotInfo) {
    match endpoint(&info.given) {
        Some(endpoint) => book.enter_owner(&owner(&info.id), &endpoint, false, None),
        None if book.knows(&owner(&info.id)) => book.forget_owner(&owner(&info.id)),
        None => {}
    }
}

/// Lets what is to be said of snapshots lie whose rows could not be read, as far as their keys can be believed.
pub(super) fn hold(book: &Book, keys: &[Vec<u8>]) {
    let ids = keys
        .iter()
        .filter_map(|key| Uri::parse(std::str::from_utf8(key).ok()?).ok());
    ids.for_each(|id| book.hold_owner(owner(&id)));
}

/// Forgets what was to be said of a snapshot.
pub(super) fn forget(book: &Book, id: &Uri) {
    book.forget_owner(&owner(id));
}

/// What is said of a snapshot as it is now, where there is something to say and somebody wants to know it: not while
/// it is prepared, because more follows.
pub(super) fn letters(info: &SnapshotInfo, now: Timestamp) -> Vec<Letter> {
    if info.status == SnapshotStatus::Preparing || endpoint(&info.given).is_none() {
        return Vec::new();
    }
    vec![letter(info, now, false)]
}

/// A SnapshotNotification (5.3.4).
fn letter(info: &SnapshotInfo, now: Timestamp, gone: bool) -> Letter {
    let id = ids::fresh("Notification");
    let results = |results: &[QueryResult]| results.iter().map(QueryResult::to_json).collect::<Vec<_>>();
    // That it is gone is told by an end before the message.
    let ends = if gone {
        info.expires_at.min(now.plus_micros(-1000))
    } else {
        info.expires_at
    };
    let status = match info.status {
        SnapshotStatus::Preparing => SnapshotStatus::Failure, // deleted before it was ready
        status => status,
    };
    let mut body = json!({
        "id": id.as_str(),
        "type": "SnapshotNotification",
        "snapshotId": info.id.as_str(),
        "notifiedAt": now.to_string(),
        "expiresAt": ends.to_string(),
        "snapshotPriority": info.priority,
        "snapshotStatus": status.as_str(),
    });
    if gone {
        body["snapshotReady"] = false.into();
    }
    for (name, results) in [
        ("snapshotQueriesDetails", results(&info.results)),
        ("temporalSnapshotQueriesDetails", results(&info.temporal_results)),
    ] {
        if !results.is_empty() {
            body[name] = results.into();
        }
    }
    Letter {
        owner: owner(&info.id),
        id: id.as_str().to_owned(),
        about: vec![info.id.clone()],
        made_at: now,
        rights: 0,
        content_type: Accept::Json,
        link: Some(CORE_URL.to_owned()),
        body: body.to_string().into_bytes(),
    }
}

/// The snapshots that are gone and whose last message may not have arrived: until when it is tried.
#[derive(Default)]
pub(super) struct Farewells(Mutex<BTreeMap<Uri, Timestamp>>);

impl Farewells {
    /// As the store has them; lets their messages go on.
    pub(super) fn load(
        storage: &dyn StorageReader,
        book: &Book,
        damages: &mut Damages,
    ) -> Result<Self, Error> {
        let mut farewells = BTreeMap::new();
        let found = damages.read(storage, TABLE, decode)?;
        hold(book, &found.aside);
        for (_, (id, until, given)) in found.rows {
            if let Some(endpoint) = endpoint(&given) {
                book.enter_owner(&owner(&id), &endpoint, false, Some(until));
            }
            farewells.insert(id, until);
        }
        Ok(Self(Mutex::new(farewells)))
    }

    /// What is to be written and sent when a snapshot goes. [`Self::enter`] it once it is written.
    pub(super) fn of(info: &SnapshotInfo, now: Timestamp) -> (Vec<Row>, Vec<Letter>) {
        if endpoint(&info.given).is_none() {
            return (Vec::new(), Vec::new());
        }
        let value = json!({
            "until": until(now).as_micros(),
            "endpoint": info.given.get("endpoint"),
            "receiverInfo": info.given.get("receiverInfo").unwrap_or(&json!([])),
        });
        let row = Row::put(TABLE, info.id.as_str(), value.to_string().into_bytes());
        (vec![row], vec![letter(info, now, true)])
    }

    /// A snapshot is gone: its messages are tried for a while.
    pub(super) fn enter(&self, book: &Book, info: &SnapshotInfo, now: Timestamp) {
        if let Some(endpoint) = endpoint(&info.given) {
            book.enter_owner(&owner(&info.id), &endpoint, false, Some(until(now)));
            self.0.lock().insert(info.id.clone(), until(now));
        }
    }

    /// A snapshot of this id is there again: the row that is to be deleted.
    pub(super) fn end(&self, id: &Uri) -> Option<Row> {
        let ended = self.0.lock().remove(id);
        ended.map(|_| Row::delete(TABLE, id.as_str()))
    }

    /// Forgets those that were tried for long enough; gives the rows to delete.
    pub(super) fn tidy(&self, book: &Book, now: Timestamp) -> Vec<Row> {
        let mut farewells = self.0.lock();
        let over: Vec<Uri> = farewells
            .iter()
            .filter(|(_, until)| **until <= now)
            .map(|(id, _)| id.clone())
            .collect();
        for id in &over {
            farewells.remove(id);
            book.forget_owner(&owner(id));
        }
        over.iter().map(|id| Row::delete(TABLE, id.as_str())).collect()
    }
}

fn until(now: Timestamp) -> Timestamp {
    now.plus_micros(i64::try_from(FAREWELL.as_micros()).unwrap_or(i64::MAX))
}

fn decode(key: &[u8], value: &[u8]) -> Option<(Uri, Timestamp, Map<String, Json>)> {
    let id = Uri::parse(std::str::from_utf8(key).ok()?).ok()?;
    let Json::Object(given) = serde_json::from_slice(value).ok()? else {
        return None;
    };
    let until = Timestamp::from_micros(given.get("until")?.as_i64()?);
    Some((id, until, given))
}

/// Says beside each message of which snapshot it is (6.3.22).
pub(crate) struct OfSnapshot {
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) snapshot: Arc<str>,
}

impl Transport for OfSnapshot {
    fn send<'a>(&'a self, parcel: &'a Parcel) -> Sending<'a> {
        Box::pin(async move {
            let parcel = Parcel {
                snapshot: Some(Arc::clone(&self.snapshot)),
                ..parcel.clone()
            };
            self.transport.send(&parcel).await
        })
    }
}
