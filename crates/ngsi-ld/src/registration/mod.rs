//! Context source registrations (5.2.9), parsed and written back: which entities and attributes another broker or
//! source may be asked for.

mod fragment;
mod notification;
mod operations;
mod read;
mod rules;
mod stored;
#[cfg(test)]
mod tests;
mod write;

use crate::entity::{Attribute, Entity};
use crate::error::Error;
use crate::name::{Name, Uri};
use crate::subscription::KeyValue;
use crate::time::Timestamp;
use crate::value::{GeoValue, OneOrMany};

pub use fragment::Draft;
pub use notification::{TriggerReason, source_notification};
pub use operations::{Group, Offered, Operation};
pub use stored::{read_stored, write_stored};
pub use write::write_registration;

/// How operations are distributed to a source (4.3.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Mode {
    /// It is asked beside what is here.
    #[default]
    Inclusive,
    /// It alone holds these attributes of this entity.
    Exclusive,
    /// It holds them, and others may; this broker does not.
    Redirect,
    /// It is asked for what is not here.
    Auxiliary,
}

impl Mode {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Inclusive, Self::Exclusive, Self::Redirect, Self::Auxiliary];

    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Inclusive => "inclusive",
            Self::Exclusive => "exclusive",
            Self::Redirect => "redirect",
            Self::Auxiliary => "auxiliary",
        }
    }

    /// Whether this broker holds nothing of what is registered (4.3.6.3).
    pub fn is_proxied(self) -> bool {
        matches!(self, Self::Exclusive | Self::Redirect)
    }
}

/// Which entities a source has (5.2.8).
#[derive(Clone, Debug, PartialEq)]
pub struct EntityInfo {
    /// Their types, as they were given.
    pub types: OneOrMany<Name>,
    /// The one with this id. It goes before `id_pattern`.
    pub id: Option<Uri>,
    /// Those whose id this regular expression matches; not yet compiled.
    pub id_pattern: Option<String>,
}

/// What a source has (5.2.10). At least one member is there, and none is empty.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct RegistrationInfo {
    /// Of these entities; `None`: of any.
    pub entities: Option<Vec<EntityInfo>>,
    /// These Properties.
    pub properties: Option<Vec<Name>>,
    /// These Relationships.
    pub relationships: Option<Vec<Name>>,
}

impl RegistrationInfo {
    /// The attributes that are named, of both kinds; none: any.
    pub fn attributes(&self) -> impl Iterator<Item = &Name> {
        self.properties.iter().chain(&self.relationships).flatten()
    }

    /// Whether attributes are named.
    pub fn names_attributes(&self) -> bool {
        self.properties.is_some() || self.relationships.is_some()
    }
}

/// A time interval (5.2.11), both ends inside; without an end it is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeInterval {
    /// `startAt`.
    pub start: Timestamp,
    /// `endAt`, not before `start`.
    pub end: Option<Timestamp>,
}

/// How a source is to be asked (5.2.34).
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Management {
    /// How long an answer may be used again: an ISO 8601 duration, as it was written.
    pub cache_duration: Option<String>,
    /// How long to leave it alone after a failure, in milliseconds.
    pub cooldown_ms: Option<f64>,
    /// Whether it must not ask others.
    pub local_only: Option<bool>,
    /// How long an answer may take, in milliseconds.
    pub timeout_ms: Option<f64>,
}

/// A Context Source Property: a member that the standard does not know, kept and filtered by (`csf`, 4.9).
#[derive(Clone, Debug, PartialEq)]
pub struct OwnProperty {
    /// Its name.
    pub name: Name,
    /// Its instances.
    pub instances: Vec<Attribute>,
    /// Whether it was written as a bare value.
    pub bare: bool,
}

/// Declares [`Registration`], [`Members`] and what goes from the one to the other.
macro_rules! members {
    ($($(#[$doc:meta])* $member:literal $field:ident: $kind:ty,)*) => {
        /// A registration as its provider wrote it (5.2.9).
        #[derive(Clone, Debug, PartialEq)]
        pub struct Registration {
            /// `id`.
            pub id: Uri,
            /// `endpoint`: the root of the source's API, of HTTP or HTTPS.
            pub endpoint: String,
            /// `information`; never empty.
            pub information: Vec<RegistrationInfo>,
            /// Members of its own, in the order given.
            pub own: Vec<OwnProperty>,
            $($(#[$doc])* pub $field: Option<$kind>,)*
        }

        /// The members that a document gives.
        #[derive(Clone, Debug, Default, PartialEq)]
        struct Members {
            id: Option<Uri>,
            endpoint: Option<String>,
            information: Option<Vec<RegistrationInfo>>,
            own: Vec<OwnProperty>,
            $($field: Option<$kind>,)*
        }

        impl Members {
            /// As a registration, where all that it must have is there.
            fn into_registration(self, id: Uri) -> Result<Registration, Error> {
                let missing = |what: &str| Error::bad_data(format!("`/{what}` is missing (5.2.9)"));
                Ok(Registration {
                    id,
                    endpoint: self.endpoint.ok_or_else(|| missing("endpoint"))?,
                    information: self.information.ok_or_else(|| missing("information"))?,
                    own: self.own,
                    $($field: self.$field,)*
                })
            }

            /// These members on top of those of a registration; `removed` and `removed_own` are taken away.
            fn onto(self, current: Registration, removed: &[&str], removed_own: &[Name]) -> Registration {
                let given = self.own;
                let mut own = current.own;
                own.retain(|one| !removed_own.contains(&one.name));
                for one in given {
                    match own.iter_mut().find(|present| present.name == one.name) {
                        Some(present) => *present = one,
                        None => own.push(one),
                    }
                }
                Registration {
                    id: current.id,
                    endpoint: self.endpoint.unwrap_or(current.endpoint),
                    information: self.information.unwrap_or(current.information),
                    own,
                    $($field: if removed.contains(&$member) { None } else { self.$field.or(current.$field) },)*
                }
            }
        }

        impl Registration {
            /// The same without what is hidden: members of its own by their names, those of the standard by the names
            /// that the core @context gives them. What every registration has stays.
            #[must_use]
            pub fn without(&self, hides: &dyn Fn(&str) -> bool) -> Self {
                let hidden = |term: &str| hides(crate::context::Context::core().expand(term).as_str());
                let mut own = self.own.clone();
                own.retain(|one| !hides(one.name.as_str()));
                Self {
                    id: self.id.clone(),
                    endpoint: self.endpoint.clone(),
                    information: self.information.clone(),
                    own,
                    $($field: if hidden($member) { None } else { self.$field.clone() },)*
                }
            }
        }

        /// The members that can be taken away.
        const REMOVABLE: &[&str] = &[$($member),*];
    };
}

members! {
    /// `registrationName`.
    "registrationName" name: String,
    /// `description`.
    "description" description: String,
    /// What the source is told when it is asked (4.3.6.5, 4.3.6.6).
    "contextSourceInfo" source_info: Vec<KeyValue>,
    /// The pseudonym by which loops are found (a token of RFC 7230).
    "contextSourceAlias" alias: String,
    /// The tenant of the source that is meant.
    "tenant" tenant: String,
    /// The data sets it has; `None` is the default one. Never empty.
    "datasetId" dataset_ids: Vec<Option<Uri>>,
    /// When it ends: it is deleted then.
    "expiresAt" expires_at: Timestamp,
    /// Where the entities it has are.
    "location" location: GeoValue,
    /// What its entities observe.
    "observationSpace" observation_space: GeoValue,
    /// Where its entities act.
    "operationSpace" operation_space: GeoValue,
    /// The times of `observedAt` that it has; with it, the source answers temporal queries.
    "observationInterval" observation_interval: TimeInterval,
    /// The times of `createdAt`, `modifiedAt` and `deletedAt` that it has; with it, the source answers temporal
    /// queries.
    "managementInterval" management_interval: TimeInterval,
    /// How it is to be asked.
    "management" management: Management,
    /// `mode`, if it was given.
    "mode" mode: Mode,
    /// What it can be asked to do; never empty.
    "operations" operations: Vec<Offered>,
    /// How often it changes: an ISO 8601 duration, as it was written.
    "refreshRate" refresh_rate: String,
    /// The scopes of its entities; never empty.
    "scope" scope: OneOrMany<Box<str>>,
}

impl Registration {
    /// Its mode; inclusive unless it says otherwise.
    pub fn mode(&self) -> Mode {
        self.mode.unwrap_or_default()
    }

    /// Whether the source can be asked to do this: the group `federationOps` where nothing is said (4.20), of
    /// auxiliary sources only what consumes (4.3.6.2).
    pub fn offers(&self, operation: Operation) -> bool {
        let offered = self
            .operations
            .as_deref()
            .unwrap_or(&[Offered::Group(Group::FederationOps)]);
        offered.iter().any(|one| one.has(operation))
            && (self.mode() != Mode::Auxiliary || operation.consumes())
    }

    /// Whether it ended before an instant, or at it.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }

    /// Whether the source answers temporal queries, and only these (5.9.1).
    pub fn is_temporal(&self) -> bool {
        self.observation_interval.is_some() || self.management_interval.is_some()
    }

    /// The scopes of its entities.
    pub fn scopes(&self) -> &[Box<str>] {
        match &self.scope {
            Some(scope) => scope.as_slice(),
            None => &[],
        }
    }

    /// The same with only these elements of `information`.
    #[must_use]
    pub fn narrowed(&self, elements: &[usize]) -> Self {
        let kept = elements
            .iter()
            .filter_map(|at| self.information.get(*at).cloned());
        Self {
            information: kept.collect(),
            ..self.clone()
        }
    }

    /// Its members as the attributes of an entity, for `csf`, `scopeQ` and geo-queries: what the standard knows under
    /// the names of the core @context, beside its own.
    pub fn as_entity(&self, created_at: Timestamp, modified_at: Timestamp) -> Entity {
        let core = |term: &str| crate::context::Context::core().expand(term);
        let mut entity = Entity::new(self.id.clone(), core("ContextSourceRegistration"));
        entity.scope = self.scopes().to_vec();
        entity.created_at = created_at;
        entity.modified_at = modified_at;
        entity.expires_at = self.expires_at;
        let mut text = |term: &str, text: Option<&str>| {
            if let Some(text) = text {
                entity.put(Attribute::property(core(term), text));
            }
        };
        text("endpoint", Some(&self.endpoint));
        text("registrationName", self.name.as_deref());
        text("description", self.description.as_deref());
        text("contextSourceAlias", self.alias.as_deref());
        text("tenant", self.tenant.as_deref());
        text("mode", Some(self.mode().as_str()));
        text("refreshRate", self.refresh_rate.as_deref());
        let mut places = |term: &str, place: &Option<GeoValue>| {
            if let Some(place) = place {
                entity.put(Attribute::new(
                    core(term),
                    crate::value::Value::Geo(place.clone().into()),
                ));
            }
        };
        places("location", &self.location);
        places("observationSpace", &self.observation_space);
        places("operationSpace", &self.operation_space);
        for structured in [
            ("operations", write::operations(self)),
            ("management", write::management(self)),
            ("observationInterval", write::interval(self.observation_interval)),
            ("managementInterval", write::interval(self.management_interval)),
        ] {
            if let (term, Some(json)) = structured {
                entity.put(Attribute::property(core(term), json));
            }
        }
        for own in &self.own {
            own.instances.iter().for_each(|one| entity.put(one.clone()));
        }
        entity
    }
}
