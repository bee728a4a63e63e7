//! Corrections of the past: one attribute's, or one instance's (5.6.13 to 5.6.15).
//!
//! The latest instance of an evolution is what the entity is now. To clear the past of an attribute leaves that
//! alone; to replace or delete the very instance that is current changes the entity.

use std::sync::Arc;

use ngsi_ld::{Attribute, Entity, Name, Timestamp, Uri};
use storage::Datasets;

use crate::error::Error;
use crate::evaluate::{After, Effect, Forget, Situation};
use crate::history::instance_id;
use crate::kept::is_kept_of;
use crate::operation::{Instance, InstanceRef, Outcome};
use crate::permit::permit_sight;
use crate::remembered::bring_up;
use crate::settle::stamp;
use crate::shard::{Record, Status};

impl Situation<'_> {
    /// Delete Attribute from Temporal Evolution (5.6.13).
    pub(crate) fn delete_attribute_history(
        &self,
        id: &Uri,
        name: &Name,
        instance: &Instance,
    ) -> Result<Effect, Error> {
        let (record, whole) = self.evolving(id, name)?;
        self.permit_delete_of(name, &whole)?;
        self.permit_loss()?;
        let datasets = match instance {
            Instance::All => Datasets::All,
            Instance::Default => Datasets::Only(None),
            Instance::Dataset(dataset) => Datasets::Only(Some(dataset.clone())),
        };
        let current = |a: &Attribute| a.name == *name && datasets.contains(a.dataset_id.as_ref());
        let past = (self.past.datasets)(record.key, name)?;
        let known = past.iter().any(|dataset| datasets.contains(dataset.as_ref()))
            || record.entity.attributes.iter().any(current);
        if !known {
            return Err(Error::AttributeNotFound(id.clone(), name.clone()));
        }
        let after = if record.live().is_none() && record.entity.attributes.iter().any(current) {
            let mut last = Entity::clone(&record.entity);
            last.attributes.retain(|attribute| !current(attribute));
            self.changed(record, last)?
        } else {
            After::Same
        };
        Ok(Effect {
            outcome: Outcome::Deleted,
            after,
            forget: vec![Forget::Series(name.clone(), datasets)],
            history: Vec::new(),
        })
    }

    /// Modify Attribute Instance (5.6.14): `createdAt` and `instanceId` stay, `modifiedAt` is now.
    pub(crate) fn replace_instance(
        &self,
        id: &Uri,
        which: &InstanceRef,
        mut given: Attribute,
    ) -> Result<Effect, Error> {
        let (record, whole) = self.evolving(id, &which.attribute)?;
        self.permit_write_of(&which.attribute, &whole)?;
        self.permit_loss()?;
        let found = self.find(id, which, record)?;
        let Some(was) = found.first() else {
            return Err(missing(id, which));
        };
        if given.name != which.attribute {
            let detail = format!(
                "the instance is one of `{}`, not of `{}`",
                which.attribute, given.name
            );
            return Err(ngsi_ld::Error::bad_data(detail).into());
        }
        if given.dataset_id.is_none() {
            given.dataset_id.clone_from(&was.dataset_id);
        }
        if given.dataset_id != was.dataset_id {
            let detail = "an instance stays in its data set: give the same `datasetId`, or none";
            return Err(ngsi_ld::Error::bad_data(detail).into());
        }
        stamp(&mut given, was.created_at, self.now);
        given.instance_id = Some(which.id.clone());
        let mut entity = Entity::clone(&record.entity);
        let is_live = record.live().is_some();
        let current = entity
            .attributes
            .iter_mut()
            .find(|a| is_one_of(record, a, &found));
        let (after, history) = match current {
            Some(current) if is_live => {
                *current = given;
                (self.changed(record, entity)?, Vec::new())
            }
            Some(last) => {
                last.clone_from(&given);
                (self.changed(record, entity)?, vec![given])
            }
            None if record.status == Status::TemporalOnly => {
                bring_up(&mut entity, std::slice::from_ref(&given));
                (self.changed(record, entity)?, vec![given])
            }
            None => (After::Same, vec![given]),
        };
        Ok(Effect {
            outcome: Outcome::Updated {
                not_updated: Vec::new(),
            },
            after,
            forget: found.into_iter().map(Forget::Instance).collect(),
            history,
        })
    }

    /// Delete Attribute Instance (5.6.15).
    pub(crate) fn delete_instance(&self, id: &Uri, which: &InstanceRef) -> Result<Effect, Error> {
        let (record, whole) = self.evolving(id, &which.attribute)?;
        self.permit_delete_of(&which.attribute, &whole)?;
        self.permit_loss()?;
        let found = self.find(id, which, record)?;
        if found.is_empty() {
            return Err(missing(id, which));
        }
        let mut entity = Entity::clone(&record.entity);
        entity.attributes.retain(|a| !is_one_of(record, a, &found));
        let after = if entity.attributes.len() == record.entity.attributes.len() {
            After::Same
        } else {
            self.changed(record, entity)?
        };
        Ok(Effect {
            outcome: Outcome::Deleted,
            after,
            forget: found.into_iter().map(Forget::Instance).collect(),
            history: Vec::new(),
        })
    }

    /// What retention does: the instances of before an instant go. Of an entity that has no current state the last one
    /// loses them too, because it shows what they were.
    pub(crate) fn forget_before(&self, id: &Uri, name: &Name, before: Timestamp) -> Result<Effect, Error> {
        let record = self.record.as_ref().ok_or_else(|| Error::NotFound(id.clone()))?;
        self.permit_loss()?;
        let range = (Timestamp::MIN, before);
        let past = (self.past.known)(record.key, std::slice::from_ref(name), range)?;
        let gone: Vec<Forget> = past.into_iter().map(Forget::Instance).collect();
        let mut after = After::Same;
        if record.live().is_none() {
            let mut last = Entity::clone(&record.entity);
            last.attributes
                .retain(|one| one.name != *name || one.instant() >= before);
            after = self.changed(record, last)?;
        }
        Ok(Effect {
            outcome: if gone.is_empty() && after == After::Same {
                Outcome::Unchanged
            } else {
                Outcome::Deleted
            },
            after,
            forget: gone,
            history: Vec::new(),
        })
    }

    fn changed(&self, record: &Record, mut entity: Entity) -> Result<After, Error> {
        if *record.entity == entity {
            return Ok(After::Same);
        }
        if record.live().is_some() {
            self.permit_change(Some(&record.entity), &entity)?;
            entity.modified_at = self.now;
        } else {
            // Who corrects the past need not be allowed to write the present.
            permit_sight(self.view, &record.entity, &entity)?;
        }
        Ok(After::Record(Record {
            entity: Arc::new(entity),
            ..record.clone()
        }))
    }

    /// The entity, if it has an evolution that the caller may see, and the state of it that decides that.
    fn evolving(&self, id: &Uri, name: &Name) -> Result<(&Record, Arc<Entity>), Error> {
        let (record, remembered) = self.remembered().ok_or_else(|| Error::NotFound(id.clone()))?;
        if !self.view.history().of(&remembered.whole).to_attribute(name) {
            return Err(Error::AttributeNotFound(id.clone(), name.clone()));
        }
        Ok((record, remembered.whole))
    }

    /// Every instance that has this id: one, unless it was written down more than once.
    fn find(&self, id: &Uri, which: &InstanceRef, record: &Record) -> Result<Vec<Attribute>, Error> {
        let range = (which.at, which.at.plus_micros(1));
        let mut found = Vec::new();
        let past = (self.past.known)(record.key, std::slice::from_ref(&which.attribute), range)?;
        let current = record.live().into_iter().flat_map(|entity| &entity.attributes);
        for instance in past.into_iter().chain(current.cloned()) {
            if instance.name == which.attribute
                && instance_id(id, &instance) == which.id
                && !found.contains(&instance)
            {
                found.push(instance);
            }
        }
        Ok(found)
    }
}

/// Whether an attribute of what an entity is, or was last, is one of these instances.
fn is_one_of(record: &Record, attribute: &Attribute, instances: &[Attribute]) -> bool {
    let is_live = record.live().is_some();
    let mut all = instances.iter();
    all.any(|one| one == attribute || !is_live && is_kept_of(attribute, one))
}

fn missing(id: &Uri, which: &InstanceRef) -> Error {
    Error::InstanceNotFound(id.clone(), which.attribute.clone(), which.id.clone())
}
