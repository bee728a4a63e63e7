//! Subscriptions whose rows cannot be read: damaged, or of a newer program. They keep no twin from opening; they are
//! kept as they are, shown, and can be deleted.

use ngsi_ld::Uri;
use ngsi_ld::context::Context;
use ngsi_ld::subscription::Subject;
use serde_json::{Map, Value as Json};

use crate::error::Error;

/// A subscription whose row cannot be read. Nobody is notified; what waits to be delivered for it stays on disk.
#[derive(Clone, Debug)]
pub struct UnreadSubscription {
    /// What it is a subscription to.
    pub subject: Subject,
    /// Its id.
    pub id: Uri,
    /// Why it cannot be read.
    pub reason: String,
    /// What of it can be read.
    pub(super) document: Option<Map<String, Json>>,
    /// The @context of its notifications, if that is known: its row stays.
    pub(crate) context: Option<Context>,
}

impl UnreadSubscription {
    /// What is said to who wants to change it.
    pub(crate) fn cannot_change(&self) -> Error {
        Error::Conflict(format!(
            "the subscription `{}` is stored and cannot be read ({}), so it cannot be changed; delete it, and make it anew",
            self.id, self.reason
        ))
    }

    /// What can be told of it, with names as their IRIs: `status` is `paused`, and `unusable` says why.
    pub fn to_json(&self) -> Map<String, Json> {
        let mut object = Map::new();
        object.insert("id".into(), self.id.as_str().into());
        object.insert("type".into(), "Subscription".into());
        let told = self.document.iter().flatten();
        object.extend(told.map(|(member, json)| (member.clone(), json.clone())));
        object.insert("id".into(), self.id.as_str().into());
        object.insert("status".into(), "paused".into());
        object.insert("unusable".into(), self.reason.as_str().into());
        object
    }
}
