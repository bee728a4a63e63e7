//! Notifications of context source registrations (5.3.2).

use serde_json::{Map, Value as Json};

use crate::name::Uri;
use crate::subscription::{Accept, notification};
use crate::time::Timestamp;

/// Why registrations are notified (5.3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TriggerReason {
    /// They match now and were not told of before.
    NewlyMatching,
    /// They were told of before, changed, and still match.
    Updated,
    /// They were told of before, and match no more or are gone.
    NoLongerMatching,
}

impl TriggerReason {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NewlyMatching => "newlyMatching",
            Self::Updated => "updated",
            Self::NoLongerMatching => "noLongerMatching",
        }
    }
}

/// A CSourceNotification (5.3.2) of registrations that were written already. Its @context is inside where `accept`
/// wants it there: in the registrations, which are documents of their own, and in the notification.
pub fn source_notification(
    id: &str,
    subscription: &Uri,
    at: Timestamp,
    reason: TriggerReason,
    data: Vec<Map<String, Json>>,
    accept: Accept,
    context: Option<&Json>,
) -> Map<String, Json> {
    let mut object = notification(id, subscription, at, data, accept, context);
    object.insert("type".into(), "ContextSourceNotification".into());
    object.insert("triggerReason".into(), reason.as_str().into());
    object
}
