//! What one operation does to one entity: decided here, without any effect.

use std::borrow::Cow;
use std::sync::Arc;

use ngsi_ld::{Attribute, Entity, Name, Timestamp, Uri};
use query::View;
use storage::{Datasets, EntityKey};

use crate::error::Error;
use crate::expiry::left_at;
use crate::holds::Held;
use crate::operation::{Copied, Instance, Operation, Outcome};
use crate::settle::{settle, unique};
use crate::shard::{Record, Status};

/// The most attribute instances that one entity has at a time. What is done to an entity takes time that grows with
/// the square of it, and nobody else writes meanwhile.
const MAX_INSTANCES: usize = 4096;

/// Gives the instances of the past of these attributes whose instant is in this half-open range.
pub(crate) type Known<'a> =
    dyn Fn(EntityKey, &[Name], (Timestamp, Timestamp)) -> Result<Vec<Attribute>, Error> + 'a;

/// Gives the data sets that the past of this attribute has.
pub(crate) type PastDatasets<'a> = dyn Fn(EntityKey, &Name) -> Result<Vec<Option<Uri>>, Error> + 'a;

/// What can be asked of an entity's past.
pub(crate) struct PastOf<'a> {
    pub(crate) known: &'a Known<'a>,
    pub(crate) datasets: &'a PastDatasets<'a>,
}

/// What an operation is evaluated against.
pub(crate) struct Situation<'a> {
    /// What is known of the entity.
    pub(crate) record: Option<Record>,
    /// The instant that the operation leaves on what it changes; later than all that is on the entity.
    pub(crate) now: Timestamp,
    /// The number that the entity gets if it is new.
    pub(crate) new_key: EntityKey,
    /// Who asks.
    pub(crate) view: &'a View,
    /// Who is asked before anything is destroyed; none: nothing is for good.
    pub(crate) held: Option<&'a Held>,
    /// What is known of its past.
    pub(crate) past: PastOf<'a>,
}

/// What it does.
#[derive(Debug)]
pub(crate) struct Effect {
    /// What the caller is told.
    pub(crate) outcome: Outcome,
    /// What becomes of the entity.
    pub(crate) after: After,
    /// What of the past is destroyed, after that.
    pub(crate) forget: Vec<Forget>,
    /// Instances of the past that are new.
    pub(crate) history: Vec<Attribute>,
}

/// What of the past is destroyed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Forget {
    /// Every instance that is this one.
    Instance(Attribute),
    /// An attribute's, of these data sets.
    Series(Name, Datasets),
}

impl Forget {
    /// Whether an instance is one of them.
    pub(crate) fn covers(&self, past: &Attribute) -> bool {
        match self {
            Self::Instance(this) => this == past,
            Self::Series(name, datasets) => past.name == *name && datasets.contains(past.dataset_id.as_ref()),
        }
    }
}

/// What becomes of the entity.
#[derive(Debug, PartialEq)]
pub(crate) enum After {
    /// It stays as it is.
    Same,
    /// It is this now.
    Record(Record),
    /// Nothing of it is left.
    Erased,
}

impl Effect {
    fn nothing(outcome: Outcome) -> Self {
        Self {
            outcome,
            after: After::Same,
            forget: Vec::new(),
            history: Vec::new(),
        }
    }

    fn becomes(outcome: Outcome, record: Record) -> Self {
        Self {
            outcome,
            after: After::Record(record),
            forget: Vec::new(),
            history: Vec::new(),
        }
    }
}

impl Situation<'_> {
    /// Decides.
    pub(crate) fn evaluate(&self, operation: Operation) -> Result<Effect, Error> {
        self.permit_names(&operation)?;
        match operation {
            Operation::Create(entity) => {
                self.permit_change(None, &entity)?;
                // What is there and is not shown, be it its past, is not taken over.
                if self.live().is_some() || self.would_take_over(&entity) {
                    return Err(Error::AlreadyExists(entity.id));
                }
                self.create(entity)
            }
            Operation::UpsertReplace(entity)
            | Operation::Import(entity)
            | Operation::UpsertUpdate(entity)
                if self.live().is_none() =>
            {
                self.permit_change(None, &entity)?;
                if self.would_take_over(&entity) {
                    return Err(Error::NotFound(entity.id));
                }
                self.create(entity)
            }
            Operation::UpsertReplace(entity) => {
                let before = self.visible(&entity.id)?;
                self.change(replaced(&before, entity), Vec::new())
            }
            Operation::Import(entity) => {
                let before = self.visible(&entity.id)?;
                let effect = self.change(replaced(&before, entity), Vec::new())?;
                Ok(if effect.after == After::Same {
                    Effect::nothing(Outcome::Unchanged)
                } else {
                    effect
                })
            }
            Operation::UpsertUpdate(entity) => {
                let mut after = self.visible(&entity.id)?.into_owned();
                after.types.extend(entity.types);
                if !entity.scope.is_empty() {
                    after.scope = entity.scope;
                }
                after.expires_at = entity.expires_at.or(after.expires_at);
                for attribute in entity.attributes {
                    after.put(attribute);
                }
                self.change(after, Vec::new())
            }
            Operation::Replace(id, entity) => {
                let before = self.visible(&id)?;
                if entity.id != id {
                    let detail = format!("`id` is `{}`, but the request is about `{id}`", entity.id);
                    return Err(ngsi_ld::Error::bad_data(detail).into());
                }
                self.change(replaced(&before, entity), Vec::new())
            }
            Operation::Merge(id, fragment) => self.with_fragment(&id, |entity| {
                fragment.merge_into(entity, self.now)?;
                Ok(Vec::new())
            }),
            Operation::Append(id, fragment, overwrite) => {
                self.with_fragment(&id, |entity| fragment.append_to(entity, overwrite, self.now))
            }
            Operation::Update(id, fragment) => {
                self.with_fragment(&id, |entity| fragment.update(entity, self.now))
            }
            Operation::UpdateAttribute(id, fragment) => {
                let mut after = self.visible(&id)?.into_owned();
                if !fragment.partial_update(&mut after, self.now)? {
                    return Err(Error::AttributeNotFound(id, fragment.name));
                }
                self.change(after, Vec::new())
            }
            Operation::ReplaceAttribute(id, attribute) => {
                let mut after = self.visible(&id)?.into_owned();
                if after
                    .instance(attribute.name.as_str(), attribute.dataset_id.as_ref())
                    .is_none()
                {
                    return Err(Error::AttributeNotFound(id, attribute.name));
                }
                after.put(attribute);
                self.change(after, Vec::new())
            }
            Operation::DeleteAttribute(id, name, instance) => {
                let mut after = self.visible(&id)?.into_owned();
                let were = after.attributes.len();
                after.attributes.retain(|a| {
                    a.name != name
                        || match &instance {
                            Instance::All => false,
                            Instance::Default => a.dataset_id.is_some(),
                            Instance::Dataset(dataset) => a.dataset_id.as_ref() != Some(dataset),
                        }
                });
                if after.attributes.len() == were {
                    return Err(Error::AttributeNotFound(id, name));
                }
                self.change(after, Vec::new())
            }
            Operation::Delete(id) => {
                self.visible(&id)?;
                let before = self.record.as_ref().and_then(Record::live);
                let before = before.ok_or(Error::NotFound(id))?;
                self.permit_delete(before)?;
                self.permit_loss()?;
                Ok(self.deleted(before))
            }
            Operation::Expire(_) | Operation::Copy(_) | Operation::ForgetBefore(..)
                if !self.view.is_open() =>
            {
                Err(Error::Forbidden(
                    "this is done by the twin itself, or by who may do everything".to_owned(),
                ))
            }
            Operation::Expire(_) => self.expire(),
            Operation::AppendHistory { entity, current } => self.append_history(entity, current),
            Operation::Copy(copied) => self.copy(*copied),
            Operation::DeleteHistory(id) => self.delete_history(id),
            Operation::DeleteAttributeHistory(id, name, instance) => {
                self.delete_attribute_history(&id, &name, &instance)
            }
            Operation::ReplaceInstance(id, which, given) => self.replace_instance(&id, &which, given),
            Operation::DeleteInstance(id, which) => self.delete_instance(&id, &which),
            Operation::ForgetBefore(id, name, before) => self.forget_before(&id, &name, before),
        }
    }

    pub(crate) fn key(&self) -> EntityKey {
        self.record.as_ref().map_or(self.new_key, |record| record.key)
    }

    fn live(&self) -> Option<&Entity> {
        self.record.as_ref()?.live().map(|entity| &**entity)
    }

    /// What the caller sees of the entity, if it is there.
    fn visible(&self, id: &Uri) -> Result<Cow<'_, Entity>, Error> {
        self.live()
            .and_then(|entity| self.view.of(entity))
            .ok_or_else(|| Error::NotFound(id.clone()))
    }

    fn create(&self, mut entity: Entity) -> Result<Effect, Error> {
        if entity.types.is_empty() {
            return Err(no_type(&entity.id));
        }
        bounded(&entity.id, 0, entity.attributes.len())?;
        let attributes = std::mem::take(&mut entity.attributes);
        entity.types = unique(entity.types);
        entity.attributes = settle(&[], attributes, self.now);
        (entity.created_at, entity.modified_at) = (self.now, self.now);
        let record = Record {
            key: self.key(),
            entity: Arc::new(entity),
            status: Status::Live,
            last_known: true,
        };
        Ok(Effect::becomes(Outcome::Created, record))
    }

    fn with_fragment(
        &self,
        id: &Uri,
        apply: impl FnOnce(&mut Entity) -> Result<Vec<(Name, String)>, ngsi_ld::Error>,
    ) -> Result<Effect, Error> {
        let mut after = self.visible(id)?.into_owned();
        let not_updated = apply(&mut after)?;
        self.change(after, not_updated)
    }

    fn deleted(&self, before: &Arc<Entity>) -> Effect {
        let record = Record {
            key: self.key(),
            entity: Arc::clone(before),
            status: Status::Deleted(self.now),
            last_known: true,
        };
        Effect::becomes(Outcome::Deleted, record)
    }

    fn expire(&self) -> Result<Effect, Error> {
        let Some(before) = self.record.as_ref().and_then(Record::live) else {
            return Ok(Effect::nothing(Outcome::Unchanged));
        };
        match left_at(before, self.now) {
            None => Ok(self.deleted(before)),
            Some(left) if Arc::ptr_eq(&left, before) => Ok(Effect::nothing(Outcome::Unchanged)),
            Some(left) => self.change_whole(before, Entity::clone(&left), Vec::new()),
        }
    }

    /// The effect of making `after` of what the caller sees: what they do not see stays.
    fn change(&self, mut after: Entity, not_updated: Vec<(Name, String)>) -> Result<Effect, Error> {
        let Some(before) = self.live() else {
            return Err(Error::NotFound(after.id));
        };
        if !self.view.read().is_all() {
            let mut rights = self.view.read().of(before);
            let mut shown = std::mem::take(&mut after.attributes).into_iter().peekable();
            for was in &before.attributes {
                let same = |is: &Attribute| is.name == was.name && is.dataset_id == was.dataset_id;
                if rights.to_attribute(&was.name) {
                    after.attributes.extend(shown.next_if(same));
                } else {
                    after.attributes.push(was.clone());
                }
            }
            after.attributes.extend(shown);
        }
        self.permit_leaving(before, &after)?;
        self.change_whole(before, after, not_updated)
    }

    /// The effect of making `after` of `before`.
    fn change_whole(
        &self,
        before: &Entity,
        mut after: Entity,
        not_updated: Vec<(Name, String)>,
    ) -> Result<Effect, Error> {
        bounded(&after.id, before.attributes.len(), after.attributes.len())?;
        let outcome = Outcome::Updated { not_updated };
        let attributes = std::mem::take(&mut after.attributes);
        after.attributes = settle(&before.attributes, attributes, self.now);
        after.types = unique(after.types);
        (after.created_at, after.modified_at) = (before.created_at, before.modified_at);
        if after == *before {
            return Ok(Effect::nothing(outcome));
        }
        self.permit_change(Some(before), &after)?;
        after.modified_at = self.now;
        Ok(Effect::becomes(
            outcome,
            Record {
                key: self.key(),
                entity: Arc::new(after),
                status: Status::Live,
                last_known: true,
            },
        ))
    }

    /// What comes from another twin keeps the times that it had there.
    fn copy(&self, copied: Copied) -> Result<Effect, Error> {
        let Copied {
            entity,
            live,
            mut past,
        } = copied;
        let status = if live { Status::Live } else { Status::TemporalOnly };
        let before = self.record.as_ref();
        let record = match before {
            Some(before) if !live => before.clone(),
            Some(before) if before.status == Status::Live => {
                let mut both = Entity::clone(&before.entity);
                both.types.extend(entity.types);
                both.types = unique(both.types);
                for attribute in entity.attributes {
                    if both
                        .instance(attribute.name.as_str(), attribute.dataset_id.as_ref())
                        .is_none()
                    {
                        both.attributes.push(attribute);
                    }
                }
                Record {
                    entity: Arc::new(both),
                    ..before.clone()
                }
            }
            _ => {
                if entity.types.is_empty() {
                    return Err(no_type(&entity.id));
                }
                Record {
                    key: self.key(),
                    entity: Arc::new(entity),
                    status,
                    last_known: true,
                }
            }
        };
        bounded(&record.entity.id, 0, record.entity.attributes.len())?;
        for attribute in &mut past {
            attribute.instance_id = None;
        }
        if let Some(entity) = record.live() {
            past.retain(|attribute| !entity.attributes.contains(attribute));
        }
        let outcome = if before.is_some() {
            Outcome::Updated {
                not_updated: Vec::new(),
            }
        } else {
            Outcome::Created
        };
        let after = if before == Some(&record) {
            After::Same
        } else {
            After::Record(record)
        };
        Ok(Effect {
            outcome,
            after,
            forget: Vec::new(),
            history: past,
        })
    }

    fn delete_history(&self, id: Uri) -> Result<Effect, Error> {
        let Some((record, remembered)) = self.remembered() else {
            return Err(Error::NotFound(id));
        };
        self.permit_delete(&remembered.whole)?;
        self.permit_loss()?;
        let after = match record.status {
            // The past goes with the key; what is there now goes on under a new one.
            Status::Live => After::Record(Record {
                key: self.new_key,
                ..record.clone()
            }),
            Status::TemporalOnly | Status::Deleted(_) => After::Erased,
        };
        Ok(Effect {
            outcome: Outcome::Deleted,
            after,
            forget: Vec::new(),
            history: Vec::new(),
        })
    }
}

/// Refuses an entity that gets too many attribute instances; one that has them may lose some.
pub(crate) fn bounded(id: &Uri, before: usize, after: usize) -> Result<(), Error> {
    if after <= MAX_INSTANCES.max(before) {
        return Ok(());
    }
    Err(ngsi_ld::Error::bad_data(format!(
        "entity `{id}` would have too many attribute instances; it can have {MAX_INSTANCES}: split it"
    ))
    .into())
}

pub(crate) fn no_type(id: &Uri) -> Error {
    ngsi_ld::Error::bad_data(format!("entity `{id}` has no `type`: give it at least one")).into()
}

/// What is given in the place of what is there. Without types it keeps those that are there.
fn replaced(before: &Entity, given: Entity) -> Entity {
    Entity {
        types: if given.types.is_empty() {
            before.types.clone()
        } else {
            given.types
        },
        ..given
    }
}
