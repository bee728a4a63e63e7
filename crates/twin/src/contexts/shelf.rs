//! The documents that were fetched, or given by the operator, by their URL: the kind "Cached" (5.13.1).

use std::sync::Arc;
use std::time::Duration;

use ngsi_ld::{Timestamp, Uri};
use serde_json::{Value as Json, json};

use super::cache::Cache;
use crate::ids;
use crate::rows::Row;

/// The system table of the default tenant that holds what was fetched, so that it is there after a restart even if
/// it cannot be fetched then.
pub(super) const TABLE: &str = "jsonld-contexts-cached";
/// The version of its rows.
const VERSION: u8 = 1;
/// After this time a document that did not say how long it holds is asked for again (6.3.16).
const HEURISTIC_AGE: Duration = Duration::from_hours(24);
/// No document is asked for twice within this time.
const LEAST_AGE: Duration = Duration::from_secs(1);

/// A document and what is known of it.
#[derive(Clone)]
pub(super) struct Held {
    pub(super) document: Arc<Json>,
    pub(super) local_id: Uri,
    pub(super) created_at: Timestamp,
    /// When it is to be asked for again; `None`: it is the operator's, and stays.
    pub(super) fresh_until: Option<Timestamp>,
    pub(super) hits: u64,
    pub(super) last_usage: Option<Timestamp>,
}

impl Held {
    pub(super) fn is_fresh(&self, now: Timestamp) -> bool {
        self.fresh_until.is_none_or(|until| now < until)
    }

    pub(super) fn count(&mut self, now: Timestamp) {
        self.hits += 1;
        self.last_usage = Some(now);
    }
}

/// Documents by URL.
#[derive(Default)]
pub(super) struct Shelf(pub(super) Cache<Held>);

impl Shelf {
    /// Puts a document in the place of the one with its URL, whose id and uses it inherits. Gives the rows that
    /// keep the store like this.
    pub(super) fn put(
        &mut self,
        url: &str,
        document: Arc<Json>,
        bytes: usize,
        now: Timestamp,
        fresh_until: Option<Timestamp>,
    ) -> Vec<Row> {
        let before = self.0.get(url).cloned();
        let held = Held {
            document,
            local_id: before
                .as_ref()
                .map_or_else(|| ids::of_content("Context", url), |held| held.local_id.clone()),
            created_at: now,
            fresh_until,
            hits: before.as_ref().map_or(0, |held| held.hits),
            last_usage: before.and_then(|held| held.last_usage),
        };
        let mut rows: Vec<Row> = fresh_until.map(|_| row(url, &held)).into_iter().collect();
        let gone = self.0.put(url.to_owned(), held, bytes);
        rows.extend(gone.into_iter().map(|url| Row::delete(TABLE, url)));
        rows
    }

    /// Takes in a row of the store.
    pub(super) fn restore(&mut self, key: &[u8], value: &[u8]) -> Option<()> {
        let (VERSION, text) = value.split_first().map(|(version, text)| (*version, text))? else {
            return None;
        };
        let url = std::str::from_utf8(key).ok()?;
        let mut value: Json = serde_json::from_slice(text).ok()?;
        let held = Held {
            document: Arc::new(value["document"].take()),
            local_id: ids::of_content("Context", url),
            created_at: Timestamp::from_micros(value["createdAt"].as_i64()?),
            fresh_until: Some(Timestamp::from_micros(value["freshUntil"].as_i64()?)),
            hits: 0,
            last_usage: None,
        };
        self.0.put(url.to_owned(), held, text.len());
        Some(())
    }

    /// The URL of the document with this URL or local id.
    pub(super) fn url_of(&self, id: &str) -> Option<String> {
        self.0
            .iter()
            .find(|(url, held)| *url == id || held.local_id.as_str() == id)
            .map(|(url, _)| url.to_owned())
    }
}

fn row(url: &str, held: &Held) -> Row {
    let value = json!({
        "createdAt": held.created_at.as_micros(),
        "freshUntil": held.fresh_until.map(Timestamp::as_micros),
        "document": *held.document,
    });
    let mut bytes = vec![VERSION];
    bytes.extend_from_slice(value.to_string().as_bytes());
    Row::put(TABLE, url, bytes)
}

/// Until when a document holds that was fetched now.
pub(super) fn fresh_until(now: Timestamp, max_age: Option<Duration>) -> Timestamp {
    let age = max_age
        .unwrap_or(HEURISTIC_AGE)
        .clamp(LEAST_AGE, Duration::from_hours(24 * 365));
    now.plus_micros(i64::try_from(age.as_micros()).unwrap_or(i64::MAX))
}
