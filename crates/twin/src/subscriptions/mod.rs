//! Subscriptions to entities (5.8): kept, matched with every change, and turned into messages that are committed
//! together with the change that they tell of.

mod change;
mod compiled;
mod conditions;
mod edit;
mod index;
mod letters;
mod matching;
mod periodic;
mod registry;
mod stored;
#[cfg(test)]
mod tests;
mod unread;

use ngsi_ld::context::Context;
use ngsi_ld::subscription::{Standing, Subject, Subscription};
use ngsi_ld::{Timestamp, Uri};
use query::View;

pub(crate) use compiled::Compiled;
pub(crate) use edit::{Edit, EditReply, event};
pub(crate) use letters::{MAX_BYTES, MAX_ENTITIES, Wording, weight};
pub(crate) use matching::{Matcher, enter, hold, unusable};
pub(crate) use periodic::{notify as notify_of_entities, run as run_periodic};
pub(crate) use registry::Registry;
pub(crate) use stored::{SharedContexts, encode, erase, read};
pub use unread::UnreadSubscription;

use crate::delivery::{Owner, OwnerKind};

/// A subscription as the twin keeps it.
#[derive(Clone, Debug)]
pub struct StoredSubscription {
    /// What it is a subscription to.
    pub subject: Subject,
    /// What its subscriber wrote.
    pub subscription: Subscription,
    /// The @context of its notifications.
    pub context: Context,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed.
    pub modified_at: Timestamp,
    /// Why this program cannot use what another accepted: it is kept and shown, and nobody is notified.
    pub unusable: Option<String>,
    /// What its subscriber may see, now and whenever it is notified.
    pub(crate) view: View,
}

impl StoredSubscription {
    /// Whose messages its notifications are.
    pub(crate) fn owner(&self) -> Owner {
        owner(self.subject, &self.subscription.id)
    }

    /// What the system adds to it, with the counters of its notifications.
    pub(crate) fn standing(&self, counters: &Standing) -> Standing {
        Standing {
            created_at: Some(self.created_at),
            modified_at: Some(self.modified_at),
            unusable: self.unusable.clone(),
            ..counters.clone()
        }
    }
}

/// In whose name a subscription is notified that is changed: in that of who made it.
pub(crate) fn view_after(view: &View, before: &StoredSubscription) -> View {
    if view.caller() == before.view.caller() {
        view.clone()
    } else {
        before.view.clone()
    }
}

/// Whose messages the notifications of a subscription are.
pub(crate) fn owner(subject: Subject, id: &Uri) -> Owner {
    Owner {
        kind: match subject {
            Subject::Entities => OwnerKind::Subscription,
            Subject::Registrations => OwnerKind::RegistrationSubscription,
        },
        id: id.clone(),
    }
}
