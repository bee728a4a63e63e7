//! Whole registrations and fragments of them (5.9.2, 5.9.3, 5.5.8).

use serde_json::Value as Json;

use super::read::{MANDATORY, is_own, read_members};
use super::rules::check;
use super::{Members, REMOVABLE, Registration};
use crate::context::Context;
use crate::error::Error;
use crate::name::{Name, Uri};
use crate::subscription::reader::{Object, is_null};
use crate::time::Timestamp;

/// The only `type`.
pub(super) const TYPE: &str = "ContextSourceRegistration";

/// A document that was read: the members that it gives, and those that it takes away.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    members: Members,
    removed: Vec<&'static str>,
    removed_own: Vec<Name>,
}

impl Draft {
    /// Reads a whole registration. What must hold between its members is checked by [`Draft::create`].
    ///
    /// # Errors
    /// `BadRequestData` with the place of what is wrong.
    pub fn read(json: &Json, context: &Context) -> Result<Self, Error> {
        let object = Object::of(
            json,
            "",
            "a registration is an object with `type`, `endpoint` and `information`",
        )?;
        if object.required_text("type")? != TYPE {
            return Err(object.error("type", format!("it must be `{TYPE}`")));
        }
        Ok(Self {
            members: read_members(&object, context)?,
            removed: Vec::new(),
            removed_own: Vec::new(),
        })
    }

    /// Reads a fragment: only what it holds changes, and `"urn:ngsi-ld:null"` or `null` takes a member away.
    ///
    /// # Errors
    /// As of [`Draft::read`]; and where it takes away what every registration has.
    pub fn read_fragment(json: &Json, context: &Context) -> Result<Self, Error> {
        let object = Object::of(json, "", "a fragment of a registration is an object")?;
        if let Some(mandatory) = MANDATORY.iter().find(|member| object.is_removed(member)) {
            return Err(object.error(mandatory, "it cannot be taken away"));
        }
        if object.text("type")?.is_some_and(|text| text != TYPE) {
            return Err(object.error("type", format!("it must be `{TYPE}`")));
        }
        let removed = |member: &&str| object.is_removed(member);
        let removed: Vec<&'static str> = REMOVABLE.iter().copied().filter(removed).collect();
        let own = object.members.iter();
        let removed_own = own
            .filter(|(member, value)| is_own(member) && is_null(value))
            .map(|(member, _)| context.expand(member))
            .collect();
        let mut kept = object.members.clone();
        kept.retain(|_, value| !is_null(value));
        let object = Object {
            members: &kept,
            place: "",
        };
        Ok(Self {
            members: read_members(&object, context)?,
            removed,
            removed_own,
        })
    }

    /// The id it gives.
    pub fn id(&self) -> Option<&Uri> {
        self.members.id.as_ref()
    }

    /// As a new registration, with `new_id` where it gives none.
    ///
    /// # Errors
    /// `BadRequestData` where what 5.2.9 and 4.3.6 ask of the members together does not hold, or `expiresAt` is past.
    pub fn create(self, new_id: impl FnOnce() -> Uri, now: Timestamp) -> Result<Registration, Error> {
        let mut members = self.members;
        let id = members.id.take().unwrap_or_else(new_id);
        not_past(members.expires_at, now)?;
        let registration = members.into_registration(id)?;
        check(&registration)?;
        Ok(registration)
    }

    /// What becomes of a registration by this fragment.
    ///
    /// # Errors
    /// As of [`Draft::create`]; and where it gives another id.
    pub fn apply(self, current: Registration, now: Timestamp) -> Result<Registration, Error> {
        if self.members.id.as_ref().is_some_and(|id| *id != current.id) {
            return Err(Error::bad_data(
                "`/id`: the id of a registration cannot be changed (5.2.9)",
            ));
        }
        not_past(self.members.expires_at, now)?;
        let changed = self.members.onto(current, &self.removed, &self.removed_own);
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
