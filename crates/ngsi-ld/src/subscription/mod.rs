//! Subscriptions (5.2.12), parsed and written back, and the notifications that come of them (5.3.1).
//!
//! One type serves both kinds: subscriptions to entities (5.8) and to context source registrations (5.11). A
//! [`Subscription`] is what its subscriber wrote, with every name expanded; what the system adds (status, counters,
//! times) is in [`Standing`] and is given when it is written.

pub(crate) mod endpoint;
mod fragment;
mod misspelt;
mod notified;
mod portable;
mod read;
pub(crate) mod reader;
mod stored;
#[cfg(test)]
mod tests;
mod write;

use crate::error::Error;
use crate::name::{Name, Uri};
use crate::query::geo::GeoQuery;
use crate::query::projection::Projection;
use crate::query::q::Q;
use crate::query::scope::ScopeQuery;
use crate::query::temporal::TemporalQuery;
use crate::query::types::TypeSelection;
use crate::representation::{Format, WriteOptions};
use crate::time::Timestamp;

pub use endpoint::{Accept, Endpoint, KeyValue, MqttVersion, Scheme};
pub use fragment::Draft;
pub use notified::{Notified, NotifiedAttribute, finish_notified, notification};
pub use stored::{read_stored, write_stored};
pub use write::write_subscription;

/// What is subscribed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Changes of entities (5.8).
    Entities,
    /// Changes of context source registrations (5.11).
    Registrations,
}

/// A kind of change (`notificationTrigger`). `entityUpdated` stands for the three kinds of change of attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are the standard's own")]
pub enum Trigger {
    EntityCreated,
    EntityUpdated,
    EntityDeleted,
    AttributeCreated,
    AttributeUpdated,
    AttributeDeleted,
}

impl Trigger {
    /// Every trigger.
    pub const ALL: [Self; 6] = [
        Self::EntityCreated,
        Self::EntityUpdated,
        Self::EntityDeleted,
        Self::AttributeCreated,
        Self::AttributeUpdated,
        Self::AttributeDeleted,
    ];
    /// Those of a subscription that names none.
    pub const DEFAULT: [Self; 2] = [Self::AttributeCreated, Self::AttributeUpdated];

    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EntityCreated => "entityCreated",
            Self::EntityUpdated => "entityUpdated",
            Self::EntityDeleted => "entityDeleted",
            Self::AttributeCreated => "attributeCreated",
            Self::AttributeUpdated => "attributeUpdated",
            Self::AttributeDeleted => "attributeDeleted",
        }
    }
}

/// Which entities (5.2.33).
#[derive(Clone, Debug, PartialEq)]
pub struct EntitySelector {
    /// One of these; empty: any. They go before `id_pattern`.
    pub ids: Vec<Uri>,
    /// A regular expression, not yet compiled.
    pub id_pattern: Option<String>,
    /// Their types; `*` is the empty conjunction.
    pub types: TypeSelection,
}

/// A query as it was written and as it was understood. Two are equal when they were understood alike.
#[derive(Clone, Debug)]
pub struct Written<T> {
    /// The text.
    pub text: String,
    /// Its meaning.
    pub tree: T,
}

impl<T: PartialEq> PartialEq for Written<T> {
    fn eq(&self, other: &Self) -> bool {
        self.tree == other.tree
    }
}

/// A geo-query as it was written, beside its meaning.
#[derive(Clone, Debug, PartialEq)]
pub struct WrittenGeo {
    /// `georel`.
    pub georel: String,
    /// `geometry`.
    pub geometry: String,
    /// `coordinates`, an array or its text.
    pub coordinates: serde_json::Value,
    /// Whether a `geoproperty` was given.
    pub names_property: bool,
    /// Its meaning.
    pub query: GeoQuery,
}

/// How linked entities come with those that are notified (4.5.23).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Join {
    /// Not at all (`@none`).
    #[default]
    None,
    /// Beside them.
    Flat,
    /// Inside the relationships.
    Inline,
}

impl Join {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "@none",
            Self::Flat => "flat",
            Self::Inline => "inline",
        }
    }
}

/// What a notification holds and where it goes (5.2.14).
#[derive(Clone, Debug, PartialEq)]
pub struct NotificationParams {
    /// Where to.
    pub endpoint: Endpoint,
    /// Only these attributes; `None`: all.
    pub attributes: Option<Vec<Name>>,
    /// Only these members.
    pub pick: Option<Projection>,
    /// Not these members.
    pub omit: Option<Projection>,
    /// The representation, if it was given.
    pub format: Option<GivenFormat>,
    /// Whether system attributes are included.
    pub sys_attrs: Option<bool>,
    /// Whether the values before the change are.
    pub show_changes: Option<bool>,
    /// Linked entities.
    pub join: Option<Join>,
    /// How far.
    pub join_level: Option<u32>,
}

/// A representation and the word it was given by: `keyValues` is a synonym that is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GivenFormat {
    /// The representation.
    pub format: Format,
    /// The word.
    pub word: &'static str,
}

impl NotificationParams {
    /// How entities are written in notifications. `lang` and `datasetId` are the subscription's.
    fn write_options(&self) -> WriteOptions {
        WriteOptions {
            format: self.format.map_or(Format::Normalized, |given| given.format),
            sys_attrs: self.sys_attrs.unwrap_or(false),
            pick: self.pick.as_ref().map(Projection::picked).unwrap_or_default(),
            omit: self.omit.as_ref().map(Projection::omitted).unwrap_or_default(),
            attrs: self.attributes.clone().unwrap_or_default(),
            ..WriteOptions::default()
        }
    }
}

/// Declares [`Subscription`], [`Draft`] and what goes from the one to the other.
macro_rules! members {
    ($($(#[$doc:meta])* $member:literal $field:ident: $kind:ty,)*) => {
        /// A subscription as its subscriber wrote it (5.2.12).
        #[derive(Clone, Debug, PartialEq)]
        pub struct Subscription {
            /// `id`.
            pub id: Uri,
            /// `notification`.
            pub notification: NotificationParams,
            $($(#[$doc])* pub $field: Option<$kind>,)*
        }

        /// The members that a document gives: a whole subscription that is not yet checked, or a fragment of one
        /// (5.8.2).
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct Members {
            /// `id`.
            pub id: Option<Uri>,
            /// `notification`.
            pub notification: Option<NotificationParams>,
            $($(#[$doc])* pub $field: Option<$kind>,)*
        }

        impl Members {
            /// As a subscription, where all that it must have is there.
            fn into_subscription(self, id: Uri) -> Result<Subscription, Error> {
                let notification = self.notification.ok_or_else(|| {
                    Error::bad_data("`/notification` is missing: it says where notifications go (5.2.14)")
                })?;
                Ok(Subscription { id, notification, $($field: self.$field,)* })
            }

            /// These members on top of those of a subscription; `removed` are taken away.
            fn onto(self, current: Subscription, removed: &[&str]) -> Subscription {
                Subscription {
                    id: current.id,
                    notification: self.notification.unwrap_or(current.notification),
                    $($field: if removed.contains(&$member) { None } else { self.$field.or(current.$field) },)*
                }
            }
        }

        /// The members that can be taken away.
        pub(super) const REMOVABLE: &[&str] = &[$($member),*];
    };
}

members! {
    /// `subscriptionName`.
    "subscriptionName" name: String,
    /// `description`.
    "description" description: String,
    /// Which entities, one of these; never empty.
    "entities" entities: Vec<EntitySelector>,
    /// Whose change counts; never empty.
    "watchedAttributes" watched_attributes: Vec<Name>,
    /// Which changes count, where not the default ones; never empty.
    "notificationTrigger" triggers: Vec<Trigger>,
    /// Notify every so many seconds, whether anything changed or not; greater than 0.
    "timeInterval" time_interval_s: f64,
    /// At least so many seconds between notifications; greater than 0.
    "throttling" throttling_s: f64,
    /// What must hold of an entity.
    "q" q: Written<Q>,
    /// Where it must be.
    "geoQ" geo: WrittenGeo,
    /// In which scope.
    "scopeQ" scope: Written<ScopeQuery>,
    /// The time that matching registrations cover; of subscriptions to registrations only.
    "temporalQ" temporal: TemporalQuery,
    /// What must hold of a context source.
    "csf" csf: Written<Q>,
    /// Which instances are notified; `None` is the default one. Never empty.
    "datasetId" dataset_ids: Vec<Option<Uri>>,
    /// The language that texts are given in.
    "lang" lang: String,
    /// Attributes whose values in `q` are expanded.
    "expandValues" expand_values: Vec<Name>,
    /// Attributes whose values are opaque JSON.
    "jsonKeys" json_keys: Vec<Name>,
    /// When it ends.
    "expiresAt" expires_at: Timestamp,
    /// `false`: paused.
    "isActive" is_active: bool,
    /// The @context of notifications.
    "jsonldContext" jsonld_context: String,
    /// Whether only what is stored here counts.
    "localOnly" local_only: bool,
    /// Whether entities are spread over several brokers.
    "splitEntities" split_entities: bool,
    /// The version of the standard that notifications conform to.
    "ngsildConformance" conformance: Conformance,
}

/// A version of the standard, `1.6`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Conformance {
    /// `1`.
    pub major: u32,
    /// `6`.
    pub minor: u32,
}

/// What a subscription does at the moment (`status`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the standard's own")]
pub enum Status {
    Active,
    Paused,
    Expired,
}

impl Status {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Expired => "expired",
        }
    }
}

impl Subscription {
    /// What it does at an instant.
    pub fn status(&self, now: Timestamp) -> Status {
        if self.expires_at.is_some_and(|end| end <= now) {
            Status::Expired
        } else if self.is_active == Some(false) {
            Status::Paused
        } else {
            Status::Active
        }
    }

    /// Which changes count.
    pub fn triggers(&self) -> &[Trigger] {
        self.triggers.as_deref().unwrap_or(&Trigger::DEFAULT)
    }

    /// How entities are written in its notifications.
    pub fn write_options(&self) -> WriteOptions {
        WriteOptions {
            lang: self.lang.clone(),
            dataset_ids: self.dataset_ids.clone().unwrap_or_default(),
            ..self.notification.write_options()
        }
    }
}

/// What the system knows of a subscription and adds when it is written (Tables 5.2.12-2 and 5.2.14.2-1).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Standing {
    /// How many notifications were sent.
    pub times_sent: u64,
    /// Of how many an attempt failed, however often each is tried.
    pub times_failed: u64,
    /// When the last was sent.
    pub last_notification: Option<Timestamp>,
    /// When the last attempt succeeded.
    pub last_success: Option<Timestamp>,
    /// When the last attempt failed.
    pub last_failure: Option<Timestamp>,
    /// Whether the last attempt succeeded.
    pub succeeded: Option<bool>,
    /// When the subscription was made.
    pub created_at: Option<Timestamp>,
    /// When it was changed.
    pub modified_at: Option<Timestamp>,
    /// Why it is kept and shown, and cannot be used.
    pub unusable: Option<String>,
}
