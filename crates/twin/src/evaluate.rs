//! What one operation does to one entity: decided here, without any effect.

use std::sync::Arc;

use hashbrown::{HashMap, HashSet};
use ngsi_ld::{Attribute, Entity, Name, Timestamp, Uri, Value};
use query::View;
use storage::{Datasets, EntityKey};

use crate::error::Error;
use crate::expiry::left_at;
use crate::operation::{Copied, Instance, Operation, Outcome};
use crate::settle::{same_value, settle, stamp, unique};
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
        match operation {
            Operation::Create(entity) => match self.live() {
                Some(_) => Err(Error::AlreadyExists(entity.id)),
                None => self.create(entity),
            },
            Operation::UpsertReplace(entity) | Operation::Import(entity) if self.live().is_none() => {
                self.create(entity)
            }
            Operation::UpsertUpdate(entity) if self.live().is_none() => self.create(entity),
            Operation::UpsertReplace(entity) => {
                let before = self.visible(&entity.id)?;
                self.change(before, replaced(before, entity), Vec::new())
            }
            Operation::Import(entity) => {
                let before = self.visible(&entity.id)?;
                let effect = self.change(before, replaced(before, entity), Vec::new())?;
                Ok(if effect.after == After::Same {
                    Effect::nothing(Outcome::Unchanged)
                } else {
                    effect
                })
            }
            Operation::UpsertUpdate(entity) => {
                let before = self.visible(&entity.id)?;
                let mut after = before.clone();
                after.types.extend(entity.types);
                if !entity.scope.is_empty() {
                    after.scope = entity.scope;
                }
                after.expires_at = entity.expires_at.or(after.expires_at);
                for attribute in entity.attributes {
                    after.put(attribute);
                }
                self.change(before, after, Vec::new())
            }
            Operation::Replace(id, entity) => {
                let before = self.visible(&id)?;
                if entity.id != id {
                    let detail = format!("`id` is `{}`, but the request is about `{id}`", entity.id);
                    return Err(ngsi_ld::Error::bad_data(detail).into());
                }
                self.change(before, replaced(before, entity), Vec::new())
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
                let before = self.visible(&id)?;
                let mut after = before.clone();
                if !fragment.partial_update(&mut after, self.now)? {
                    return Err(Error::AttributeNotFound(id, fragment.name));
                }
                self.change(before, after, Vec::new())
            }
            Operation::ReplaceAttribute(id, attribute) => {
                let before = self.visible(&id)?;
                if before
                    .instance(attribute.name.as_str(), attribute.dataset_id.as_ref())
                    .is_none()
                {
                    return Err(Error::AttributeNotFound(id, attribute.name));
                }
                let mut after = before.clone();
                after.put(attribute);
                self.change(before, after, Vec::new())
            }
            Operation::DeleteAttribute(id, name, instance) => {
                let before = self.visible(&id)?;
                let mut after = before.clone();
                after.attributes.retain(|a| {
                    a.name != name
                        || match &instance {
                            Instance::All => false,
                            Instance::Default => a.dataset_id.is_some(),
                            Instance::Dataset(dataset) => a.dataset_id.as_ref() != Some(dataset),
                        }
                });
                if after.attributes.len() == before.attributes.len() {
                    return Err(Error::AttributeNotFound(id, name));
                }
                self.change(before, after, Vec::new())
            }
            Operation::Delete(id) => {
                let before = self.visible(&id)?;
                Ok(self.deleted(before))
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
        }
    }

    fn key(&self) -> EntityKey {
        self.record.as_ref().map_or(self.new_key, |record| record.key)
    }

    fn live(&self) -> Option<&Entity> {
        self.record.as_ref()?.live().map(|entity| &**entity)
    }

    /// The entity, if it is there and the caller may see it.
    fn visible(&self, id: &Uri) -> Result<&Entity, Error> {
        self.live()
            .filter(|entity| sees(self.view, entity))
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
        };
        Ok(Effect::becomes(Outcome::Created, record))
    }

    fn with_fragment(
        &self,
        id: &Uri,
        apply: impl FnOnce(&mut Entity) -> Result<Vec<(Name, String)>, ngsi_ld::Error>,
    ) -> Result<Effect, Error> {
        let before = self.visible(id)?;
        let mut after = before.clone();
        let not_updated = apply(&mut after)?;
        self.change(before, after, not_updated)
    }

    fn deleted(&self, before: &Entity) -> Effect {
        let mut entity = before.clone();
        entity.attributes.clear();
        let record = Record {
            key: self.key(),
            entity: Arc::new(entity),
            status: Status::Deleted(self.now),
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
            Some(left) => self.change(before, Entity::clone(&left), Vec::new()),
        }
    }

    /// The effect of making `after` of `before`.
    fn change(
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
        after.modified_at = self.now;
        Ok(Effect::becomes(
            outcome,
            Record {
                key: self.key(),
                entity: Arc::new(after),
                status: Status::Live,
            },
        ))
    }

    fn append_history(&self, given: Entity, current: bool) -> Result<Effect, Error> {
        let status = self.record.as_ref().map(|record| record.status);
        if let Some(record) = &self.record
            && !sees(self.view, &record.entity)
        {
            return Err(Error::NotFound(given.id));
        }
        let was = self.record.as_ref().map(|record| &*record.entity);
        if was.is_none() && given.types.is_empty() {
            return Err(no_type(&given.id));
        }
        let mut fresh = given.attributes;
        for attribute in &mut fresh {
            stamp(attribute, self.now, self.now);
            attribute.instance_id = None;
        }
        let given_count = fresh.len();
        self.leave_out_known(&mut fresh)?;
        let (added, known) = (fresh.len(), given_count - fresh.len());

        let gone = matches!(status, Some(Status::Deleted(_)));
        let mut entity = was.cloned().unwrap_or_else(|| Entity {
            attributes: Vec::new(),
            types: Vec::new(),
            scope: Vec::new(),
            expires_at: None,
            deleted_at: None,
            created_at: self.now,
            modified_at: self.now,
            id: given.id.clone(),
        });
        if gone && current {
            entity.created_at = self.now;
        }
        let revived = current && (gone || was.is_none());
        if !gone || current {
            entity.types.extend(given.types);
            entity.types = unique(entity.types);
            if !given.scope.is_empty() {
                entity.scope = given.scope;
            }
        }
        let (mut scopes, fresh): (Vec<Attribute>, Vec<Attribute>) =
            fresh.into_iter().partition(Attribute::is_scope);
        if let Some(latest) = self.latest_scope(&scopes)? {
            entity.scope = latest;
        }
        let mut history = if current {
            let series = entity
                .attributes
                .iter()
                .chain(&fresh)
                .map(|a| (&a.name, &a.dataset_id));
            let instances = series.collect::<HashSet<_>>().len();
            bounded(&entity.id, entity.attributes.len(), instances)?;
            make_current(&mut entity, fresh)
        } else {
            fresh
        };
        history.append(&mut scopes);
        let status = match status {
            _ if current => Status::Live,
            Some(status) => status,
            None => Status::TemporalOnly,
        };
        let outcome = Outcome::Appended {
            added,
            known,
            created: revived || was.is_none(),
        };
        if was == Some(&entity) && self.record.as_ref().map(|r| r.status) == Some(status) {
            return Ok(Effect {
                outcome,
                after: After::Same,
                forget: Vec::new(),
                history,
            });
        }
        entity.modified_at = self.now;
        let record = Record {
            key: self.key(),
            entity: Arc::new(entity),
            status,
        };
        Ok(Effect {
            outcome,
            after: After::Record(record),
            forget: Vec::new(),
            history,
        })
    }

    /// The Scope that the entity has by these instances, unless a later one is known.
    fn latest_scope(&self, scopes: &[Attribute]) -> Result<Option<Vec<Box<str>>>, Error> {
        let Some(latest) = scopes.iter().max_by_key(|scope| scope.instant()) else {
            return Ok(None);
        };
        if let Some(record) = &self.record {
            let later = (latest.instant().plus_micros(1), Timestamp::MAX);
            let known = (self.past.known)(record.key, std::slice::from_ref(&latest.name), later)?;
            if known.iter().any(|known| known.name == latest.name) {
                return Ok(None);
            }
        }
        Ok(Some(latest.scopes()))
    }

    /// Takes out the instances that are known already: same attribute, data set, `observedAt` and value.
    fn leave_out_known(&self, fresh: &mut Vec<Attribute>) -> Result<(), Error> {
        let observed = || fresh.iter().filter_map(|attribute| attribute.observed_at);
        let (Some(first), Some(last)) = (observed().min(), observed().max()) else {
            return Ok(());
        };
        let mut known: HashMap<(Name, Option<Uri>, Timestamp), Vec<Value>> = HashMap::new();
        let mut learn = |attribute: &Attribute| -> bool {
            let Some(at) = attribute.observed_at else {
                return true;
            };
            let values = known
                .entry((attribute.name.clone(), attribute.dataset_id.clone(), at))
                .or_default();
            let new = !values.iter().any(|value| same_value(value, &attribute.value));
            if new {
                values.push(attribute.value.clone());
            }
            new
        };
        if let Some(record) = &self.record {
            let names = unique(fresh.iter().map(|attribute| attribute.name.clone()).collect());
            // All that is known in the range at once: one question to the store, however many instances come.
            for past in (self.past.known)(record.key, &names, (first, last.plus_micros(1)))? {
                learn(&past);
            }
            record.entity.attributes.iter().for_each(|attribute| {
                learn(attribute);
            });
        }
        fresh.retain(|attribute| learn(attribute));
        Ok(())
    }

    /// What comes from another twin keeps the times that it had there.
    fn copy(&self, copied: Copied) -> Result<Effect, Error> {
        let Copied {
            mut entity,
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
                if !live {
                    entity.attributes.clear();
                }
                Record {
                    key: self.key(),
                    entity: Arc::new(entity),
                    status,
                }
            }
        };
        bounded(&record.entity.id, 0, record.entity.attributes.len())?;
        for attribute in &mut past {
            attribute.instance_id = None;
        }
        past.retain(|attribute| !record.entity.attributes.contains(attribute));
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
        let Some(record) = self
            .record
            .as_ref()
            .filter(|record| sees(self.view, &record.entity))
        else {
            return Err(Error::NotFound(id));
        };
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

/// Whether a caller sees an entity.
pub(crate) fn sees(view: &View, entity: &Entity) -> bool {
    view.is_open() || view.of(entity).is_some()
}

/// Refuses an entity that gets too many attribute instances; one that has them may lose some.
fn bounded(id: &Uri, before: usize, after: usize) -> Result<(), Error> {
    if after <= MAX_INSTANCES.max(before) {
        return Ok(());
    }
    Err(ngsi_ld::Error::bad_data(format!(
        "entity `{id}` would have {after} attribute instances; it can have {MAX_INSTANCES}: split it"
    ))
    .into())
}

fn no_type(id: &Uri) -> Error {
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

/// Makes the latest instance of each attribute and data set the current one, unless something as new is there;
/// gives back the rest.
fn make_current(entity: &mut Entity, fresh: Vec<Attribute>) -> Vec<Attribute> {
    let mut latest: HashMap<(Name, Option<Uri>), usize> = HashMap::new();
    for (index, attribute) in fresh.iter().enumerate() {
        let best = latest
            .entry((attribute.name.clone(), attribute.dataset_id.clone()))
            .or_insert(index);
        if fresh[*best].instant() <= attribute.instant() {
            *best = index;
        }
    }
    let chosen: HashSet<usize> = latest.into_values().collect();
    let mut rest = Vec::new();
    for (index, mut attribute) in fresh.into_iter().enumerate() {
        let present = entity.instance(attribute.name.as_str(), attribute.dataset_id.as_ref());
        let newest = present.is_none_or(|present| present.instant() < attribute.instant());
        if chosen.contains(&index) && newest {
            attribute.created_at = present.map_or(attribute.created_at, |present| present.created_at);
            entity.put(attribute);
        } else {
            rest.push(attribute);
        }
    }
    rest
}
