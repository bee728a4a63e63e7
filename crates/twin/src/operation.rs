//! What can be done to the twin, and what came of it.

use ngsi_ld::fragment::{AttributeChange, AttributeFragment, Fragment, ValuePatch};
use ngsi_ld::{Attribute, Entity, Name, Timestamp, Uri, Value};

/// What can be done to the twin. Each is atomic; [`crate::Twin::execute`] answers when it is durable.
///
/// An attribute instance that is written with everything it has already (value, `observedAt`, `unitCode`,
/// sub-attributes …) is not a new instance: it stays as it is, with its times, and nothing enters the history.
#[derive(Clone, Debug)]
pub enum Operation {
    /// Create Entity (5.6.1).
    Create(Entity),
    /// Batch upsert (5.6.8) with `options=replace`: creates, or replaces all attributes.
    UpsertReplace(Entity),
    /// Batch upsert with `options=update`: creates, or overwrites the attributes that are given.
    UpsertUpdate(Entity),
    /// As `UpsertReplace`, but an entity that is the same already (times set by the twin aside) is left alone.
    Import(Entity),
    /// Merge Entity (5.6.17).
    Merge(Uri, Fragment),
    /// Append Attributes (5.6.3); `true` overwrites those that exist.
    Append(Uri, Fragment, bool),
    /// Update Attributes (5.6.2).
    Update(Uri, Fragment),
    /// Partial Attribute Update (5.6.4).
    UpdateAttribute(Uri, AttributeFragment),
    /// Replace Attribute (5.6.19): the instance with its name and `datasetId`, which must be there.
    ReplaceAttribute(Uri, Attribute),
    /// Delete Attribute (5.6.5): the default instance, that of a data set, or all.
    DeleteAttribute(Uri, Name, Instance),
    /// Replace Entity (5.6.18).
    Replace(Uri, Entity),
    /// Delete Entity (5.6.6).
    Delete(Uri),
    /// Deletes what of an entity has had its time (4.22), be it all of it. The twin does that by itself.
    Expire(Uri),
    /// Create or Update Temporal Evolution (5.6.11): the attributes are instances of the past. An instance that
    /// is known already (same attribute, data set, `observedAt` and value) is left alone. With `current`, the
    /// latest instance of each attribute also becomes the entity's current one if nothing newer is there.
    AppendHistory {
        /// Id, types and instances.
        entity: Entity,
        /// See above.
        current: bool,
    },
    /// Puts a copy of what another twin has: with the times that it has there. What is here already stays, and is
    /// added to.
    Copy(Box<Copied>),
    /// Delete Temporal Evolution (5.6.16). An entity that is there now stays, with an empty past.
    DeleteHistory(Uri),
    /// Delete Attribute from Temporal Evolution (5.6.13): the default instances, those of a data set, or all. What
    /// the attribute is now stays, with an empty past.
    DeleteAttributeHistory(Uri, Name, Instance),
    /// Modify Attribute Instance (5.6.14): this one in its place. Where it is the current one, that changes too.
    ReplaceInstance(Uri, InstanceRef, Attribute),
    /// Delete Attribute Instance (5.6.15). Where it is the current one, the entity loses it.
    DeleteInstance(Uri, InstanceRef),
    /// Destroys the instances of an attribute's past that are of before an instant, of every data set. What is current
    /// stays. For who may do everything: retention does that.
    ForgetBefore(Uri, Name, Timestamp),
}

impl Operation {
    /// Gives every value that it gives to an attribute.
    pub(crate) fn values(&self, visit: &mut dyn FnMut(&Value)) {
        match self {
            Self::Create(entity)
            | Self::UpsertReplace(entity)
            | Self::UpsertUpdate(entity)
            | Self::Import(entity)
            | Self::Replace(_, entity)
            | Self::AppendHistory { entity, .. } => {
                entity.attributes.iter().for_each(|one| visit(&one.value));
            }
            Self::Copy(copied) => copied.entity.attributes.iter().for_each(|one| visit(&one.value)),
            Self::Merge(_, fragment) | Self::Append(_, fragment, _) | Self::Update(_, fragment) => {
                fragment.attributes.iter().filter_map(given).for_each(visit);
            }
            Self::UpdateAttribute(_, part) => {
                given(part).into_iter().for_each(visit);
            }
            Self::ReplaceAttribute(_, attribute) | Self::ReplaceInstance(_, _, attribute) => {
                visit(&attribute.value);
            }
            Self::DeleteAttribute(..)
            | Self::Delete(_)
            | Self::Expire(_)
            | Self::DeleteHistory(_)
            | Self::DeleteAttributeHistory(..)
            | Self::DeleteInstance(..)
            | Self::ForgetBefore(..) => {}
        }
    }

    /// The attributes of the entity as it is that it is about, by name.
    pub(crate) fn names(&self) -> Vec<&Name> {
        match self {
            Self::UpsertReplace(entity)
            | Self::UpsertUpdate(entity)
            | Self::Import(entity)
            | Self::Replace(_, entity)
            | Self::AppendHistory { entity, .. } => entity.attributes.iter().map(|one| &one.name).collect(),
            Self::Merge(_, fragment) | Self::Append(_, fragment, _) | Self::Update(_, fragment) => {
                fragment.attributes.iter().map(|part| &part.name).collect()
            }
            Self::UpdateAttribute(_, part) => vec![&part.name],
            Self::ReplaceAttribute(_, attribute) => vec![&attribute.name],
            Self::DeleteAttribute(_, name, _) => vec![name],
            _ => Vec::new(),
        }
    }

    /// What it is called in the audit log.
    pub fn action(&self) -> &'static str {
        match self {
            Self::Create(_) => "entity.create",
            Self::UpsertReplace(_) | Self::UpsertUpdate(_) => "entity.upsert",
            Self::Import(_) => "entity.import",
            Self::Merge(..) => "entity.merge",
            Self::Append(..) => "entity.append",
            Self::Update(..) | Self::UpdateAttribute(..) => "entity.update",
            Self::ReplaceAttribute(..) | Self::Replace(..) => "entity.replace",
            Self::DeleteAttribute(..) => "attribute.delete",
            Self::Delete(_) => "entity.delete",
            Self::Expire(_) => "entity.expire",
            Self::AppendHistory { .. } => "history.append",
            Self::Copy(_) => "entity.copy",
            Self::DeleteHistory(_) | Self::DeleteAttributeHistory(..) | Self::DeleteInstance(..) => {
                "history.delete"
            }
            Self::ForgetBefore(..) => "history.expire",
            Self::ReplaceInstance(..) => "history.replace",
        }
    }

    /// The entity it is about.
    pub fn entity_id(&self) -> &Uri {
        match self {
            Self::Create(entity)
            | Self::UpsertReplace(entity)
            | Self::UpsertUpdate(entity)
            | Self::Import(entity)
            | Self::AppendHistory { entity, .. } => &entity.id,
            Self::Merge(id, _)
            | Self::Append(id, ..)
            | Self::Update(id, _)
            | Self::UpdateAttribute(id, _)
            | Self::ReplaceAttribute(id, _)
            | Self::DeleteAttribute(id, ..)
            | Self::Replace(id, _)
            | Self::Delete(id)
            | Self::Expire(id)
            | Self::DeleteHistory(id)
            | Self::DeleteAttributeHistory(id, ..)
            | Self::ReplaceInstance(id, ..)
            | Self::DeleteInstance(id, _)
            | Self::ForgetBefore(id, ..) => id,
            Self::Copy(copied) => &copied.entity.id,
        }
    }
}

/// An entity as another twin has it.
#[derive(Clone, Debug)]
pub struct Copied {
    /// Its id, types, scope, times and current attributes; where it has no current state, those of its last one.
    pub entity: Entity,
    /// Whether it has a current state.
    pub live: bool,
    /// Instances of the past; the current ones may be among them.
    pub past: Vec<Attribute>,
}

/// The value that a fragment gives.
fn given(part: &AttributeFragment) -> Option<&Value> {
    let AttributeChange::Set(patch) = &part.change else {
        return None;
    };
    match patch.value.as_ref()? {
        ValuePatch::Typed(value) | ValuePatch::Simplified { inferred: value, .. } => Some(value),
    }
}

/// One instance of an evolution, as [`crate::Twin::find_instance`] finds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceRef {
    /// Its attribute.
    pub attribute: Name,
    /// Its `instanceId`.
    pub id: Uri,
    /// The instant that orders it: `observedAt`, else `modifiedAt`.
    pub at: Timestamp,
}

/// Which instances of an attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Instance {
    Default,
    Dataset(Uri),
    All,
}

/// What an operation did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The entity is new.
    Created,
    /// It was there and changed. `not_updated`: attributes that were left alone, with the reason (207).
    Updated {
        /// See above.
        not_updated: Vec<(Name, String)>,
    },
    /// It was there and is as it was.
    Unchanged,
    /// Instances of history: so many were new, so many known.
    Appended {
        /// New instances.
        added: usize,
        /// Instances left alone because they were known.
        known: usize,
        /// Whether the entity itself is new.
        created: bool,
    },
    /// It is gone.
    Deleted,
}
