//! Whole subscriptions and fragments of them (5.8.2, 5.5.8).

use serde_json::Value as Json;

use super::read::read_members;
use super::reader::{Object, is_null};
use super::{Members, REMOVABLE, Subject, Subscription};
use crate::context::Context;
use crate::error::Error;
use crate::name::Uri;
use crate::query::types::TypeSelection;
use crate::time::Timestamp;

/// A document that was read: the members that it gives, and those that it takes away.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    members: Members,
    removed: Vec<&'static str>,
}

impl Draft {
    /// Reads a whole subscription. What must hold between its members is checked by [`Draft::create`].
    ///
    /// # Errors
    /// `BadRequestData` with the place of what is wrong.
    pub fn read(json: &Json, context: &Context, subject: Subject) -> Result<Self, Error> {
        let object = Object::of(
            json,
            "",
            "a subscription is an object with `type` and `notification`",
        )?;
        match object.text("type")? {
            Some("Subscription") => {}
            None => return Err(object.error("type", "it is missing; it is `Subscription`")),
            Some(_) => return Err(object.error("type", "it must be `Subscription`")),
        }
        Ok(Self {
            members: read_members(&object, context, subject)?,
            removed: Vec::new(),
        })
    }

    /// Reads a fragment: only what it holds changes, and `"urn:ngsi-ld:null"` or `null` takes a member away.
    pub fn read_fragment(json: &Json, context: &Context, subject: Subject) -> Result<Self, Error> {
        let object = Object::of(json, "", "a fragment of a subscription is an object")?;
        if object.text("type")?.is_some_and(|text| text != "Subscription") {
            return Err(object.error("type", "it must be `Subscription`"));
        }
        for mandatory in ["id", "type", "notification"] {
            if object.is_removed(mandatory) {
                return Err(object.error(mandatory, "it cannot be taken away"));
            }
        }
        let removed: Vec<&'static str> = REMOVABLE
            .iter()
            .copied()
            .filter(|member| object.is_removed(member))
            .collect();
        let mut kept = object.members.clone();
        kept.retain(|_, value| !is_null(value));
        let object = Object {
            members: &kept,
            place: "",
        };
        Ok(Self {
            members: read_members(&object, context, subject)?,
            removed,
        })
    }

    /// The id it gives.
    pub fn id(&self) -> Option<&Uri> {
        self.members.id.as_ref()
    }

    /// The URI of the endpoint it gives.
    pub fn endpoint(&self) -> Option<&str> {
        let notification = self.members.notification.as_ref()?;
        Some(&notification.endpoint.uri)
    }

    /// The `jsonldContext` it gives.
    pub fn jsonld_context(&self) -> Option<&str> {
        self.members.jsonld_context.as_deref()
    }

    /// As a new subscription, with `new_id` where it gives none.
    ///
    /// # Errors
    /// `BadRequestData` where what 5.2.12 asks of the members together does not hold, or `expiresAt` is past.
    pub fn create(self, new_id: impl FnOnce() -> Uri, now: Timestamp) -> Result<Subscription, Error> {
        let mut members = self.members;
        let id = members.id.take().unwrap_or_else(new_id);
        not_past(members.expires_at, now)?;
        let subscription = members.into_subscription(id)?;
        check(&subscription)?;
        Ok(subscription)
    }

    /// What becomes of a subscription by this fragment.
    ///
    /// # Errors
    /// As of [`Draft::create`]; and where it gives another id.
    pub fn apply(self, current: Subscription, now: Timestamp) -> Result<Subscription, Error> {
        if self.members.id.as_ref().is_some_and(|id| *id != current.id) {
            return Err(Error::bad_data(
                "`/id`: the id of a subscription cannot be changed",
            ));
        }
        not_past(self.members.expires_at, now)?;
        let changed = self.members.onto(current, &self.removed);
        check(&changed)?;
        Ok(changed)
    }
}

fn not_past(expires_at: Option<Timestamp>, now: Timestamp) -> Result<(), Error> {
    match expires_at {
        Some(end) if end <= now => Err(Error::bad_data(format!(
            "`/expiresAt`: {end} is past; give an instant to come, or leave it out"
        ))),
        _ => Ok(()),
    }
}

/// What 5.2.12 asks of the members together.
fn check(subscription: &Subscription) -> Result<(), Error> {
    let refuse = |place: &str, what: &str| Err(Error::bad_data(format!("`/{place}`: {what}")));
    let local = subscription.local_only == Some(true);
    if subscription.entities.is_none() && subscription.watched_attributes.is_none() && !local {
        return refuse(
            "entities",
            "give `entities` or `watchedAttributes`, or limit the subscription with `localOnly: true`",
        );
    }
    if subscription.time_interval_s.is_some() {
        if subscription.watched_attributes.is_some() {
            return refuse("watchedAttributes", "it does not go with `timeInterval`");
        }
        if subscription.throttling_s.is_some() {
            return refuse("throttling", "it does not go with `timeInterval`");
        }
        if subscription.entities.is_none() && !local {
            return refuse("entities", "a subscription with `timeInterval` needs them");
        }
    }
    let every_type = |types: &TypeSelection| matches!(types, TypeSelection::And(parts) if parts.is_empty());
    if subscription.local_only == Some(false)
        && subscription
            .entities
            .iter()
            .flatten()
            .any(|selector| every_type(&selector.types))
    {
        return refuse(
            "localOnly",
            "a selector of every type (`*`) is of local scope (5.2.33)",
        );
    }
    Ok(())
}
