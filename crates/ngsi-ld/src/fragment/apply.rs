//! The operations that apply a fragment: merge (5.6.17), append (5.6.3), update (5.6.2), partial update (5.6.4).

use super::merge::{members, merge_value, new_attribute, says_other_kind};
use super::{AttributeChange, AttributeFragment, AttributePatch, Change, Fragment};
use crate::entity::{Attribute, Entity};
use crate::error::Error;
use crate::name::{Name, Uri};
use crate::time::Timestamp;
use crate::value::Kind;

impl Fragment {
    /// Merge Entity (5.6.17, 5.5.12): JSON merge patch down into the values, NGSI-LD Null removes. Attributes that
    /// the fragment does not name stay as they are, with their times. An attribute whose kind changes is replaced.
    ///
    /// # Errors
    /// An attribute that is not there yet and is given no value. The entity is then to be thrown away.
    pub fn merge_into(&self, entity: &mut Entity, now: Timestamp) -> Result<(), Error> {
        self.head(entity, true);
        merge_all(&mut entity.attributes, &self.attributes, self.observed_at, now)?;
        entity.modified_at = now;
        Ok(())
    }

    /// Append Attributes (5.6.3): instances that are not there are added; those that are, are replaced if
    /// `overwrite`. Answers with what was left alone, and why.
    ///
    /// # Errors
    /// NGSI-LD Null, and instances without a value.
    pub fn append_to(
        &self,
        entity: &mut Entity,
        overwrite: bool,
        now: Timestamp,
    ) -> Result<Vec<(Name, String)>, Error> {
        let mut left = Vec::new();
        let mut changed = self.head(entity, overwrite);
        for part in &self.attributes {
            let AttributeChange::Set(patch) = &part.change else {
                return Err(Error::bad_data(format!(
                    "`{}`: appending cannot remove; use DELETE, or PATCH with `urn:ngsi-ld:null`",
                    part.name
                )));
            };
            match part.find(&entity.attributes) {
                Some(_) if !overwrite => left.push((part.name.clone(), part.there_already())),
                Some(index) => {
                    changed = true;
                    part.replace(&mut entity.attributes[index], patch, now)?;
                }
                None => {
                    changed = true;
                    entity.put(new_attribute(&part.name, part.dataset_id.as_ref(), patch, now)?);
                }
            }
        }
        if changed {
            entity.modified_at = now;
        }
        Ok(left)
    }

    /// Update Attributes (5.6.2, 5.5.8): each instance named is replaced, removed by NGSI-LD Null, or added. A scope
    /// is taken only where the entity has one. Answers with what was left alone, and why: nulls of what is not there.
    ///
    /// # Errors
    /// An instance without a value.
    pub fn update(&self, entity: &mut Entity, now: Timestamp) -> Result<Vec<(Name, String)>, Error> {
        let mut left = Vec::new();
        let had_scope = !entity.scope.is_empty();
        let mut changed = self.head(entity, had_scope);
        if !had_scope {
            entity.scope.clear();
            if self.scope.as_ref().is_some_and(|scope| !scope.is_empty()) {
                let scope = Name::from_iri(format!("{}scope", crate::name::NGSI_LD));
                left.push((scope, "there is no scope to update; append one".to_owned()));
            }
        }
        for part in &self.attributes {
            match (part.find(&entity.attributes), &part.change) {
                (Some(index), AttributeChange::Remove) => drop(entity.attributes.remove(index)),
                (Some(index), AttributeChange::Set(patch)) => {
                    part.replace(&mut entity.attributes[index], patch, now)?;
                }
                (None, AttributeChange::Remove) => {
                    left.push((
                        part.name.clone(),
                        "there is no such attribute instance to remove".to_owned(),
                    ));
                    continue;
                }
                (None, AttributeChange::Set(patch)) => {
                    entity.put(new_attribute(&part.name, part.dataset_id.as_ref(), patch, now)?);
                }
            }
            changed = true;
        }
        if changed {
            entity.modified_at = now;
        }
        Ok(left)
    }

    /// Takes types, scope and expiry. Says whether anything is different.
    fn head(&self, entity: &mut Entity, overwrite: bool) -> bool {
        let before = (entity.types.len(), entity.scope.clone(), entity.expires_at);
        for name in &self.types {
            if !entity.types.contains(name) {
                entity.types.push(name.clone());
            }
        }
        if let Some(scope) = &self.scope {
            if overwrite {
                entity.scope.clone_from(scope);
            } else {
                let new: Vec<_> = scope
                    .iter()
                    .filter(|one| !entity.scope.contains(one))
                    .cloned()
                    .collect();
                entity.scope.extend(new);
            }
        }
        if overwrite || entity.expires_at.is_none() {
            self.expires_at.apply(&mut entity.expires_at);
        }
        before != (entity.types.len(), entity.scope.clone(), entity.expires_at)
    }
}

impl AttributeFragment {
    /// Partial Attribute Update (5.6.4, 5.5.8): the members that are given replace those that are there, NGSI-LD
    /// Null removes one, or the instance. `false` where the entity has no such instance.
    ///
    /// # Errors
    /// Another kind than the instance has; a new sub-attribute without a value.
    pub fn partial_update(&self, entity: &mut Entity, now: Timestamp) -> Result<bool, Error> {
        let Some(index) = self.find(&entity.attributes) else {
            return Ok(false);
        };
        match &self.change {
            AttributeChange::Remove => drop(entity.attributes.remove(index)),
            AttributeChange::Set(patch) => self.overlay(&mut entity.attributes[index], patch, now)?,
        }
        entity.modified_at = now;
        Ok(true)
    }

    fn overlay(
        &self,
        attribute: &mut Attribute,
        patch: &AttributePatch,
        now: Timestamp,
    ) -> Result<(), Error> {
        if let Some(kind) = says_other_kind(patch, attribute.value.kind()) {
            return Err(Error::bad_data(format!(
                "`{}` is a {} and cannot become a {} here; replace it with PUT",
                self.name,
                attribute.value.kind().as_str(),
                kind.as_str()
            )));
        }
        if let Some(given) = &patch.value {
            let value = given.resolve(Some(&attribute.value));
            match (&mut attribute.value, value) {
                (crate::Value::Relationship(present), crate::Value::Relationship(new)) => {
                    present.object = new.object;
                }
                (present, new) => *present = new,
            }
        }
        members(attribute, patch);
        for part in &patch.sub_attributes {
            let index = part.find(&attribute.sub_attributes);
            match (index, &part.change) {
                (Some(index), AttributeChange::Remove) => drop(attribute.sub_attributes.remove(index)),
                (None, AttributeChange::Remove) => {}
                (Some(index), AttributeChange::Set(patch)) => {
                    part.replace(&mut attribute.sub_attributes[index], patch, now)?;
                }
                (None, AttributeChange::Set(patch)) => {
                    let new = new_attribute(&part.name, part.dataset_id.as_ref(), patch, now)?;
                    put(&mut attribute.sub_attributes, new);
                }
            }
        }
        attribute.modified_at = now;
        Ok(())
    }

    /// Replaces an instance whole; `createdAt` stays.
    fn replace(
        &self,
        attribute: &mut Attribute,
        patch: &AttributePatch,
        now: Timestamp,
    ) -> Result<(), Error> {
        let mut new = new_attribute(&self.name, self.dataset_id.as_ref(), patch, now)?;
        new.created_at = attribute.created_at;
        *attribute = new;
        Ok(())
    }

    fn find(&self, attributes: &[Attribute]) -> Option<usize> {
        find(attributes, &self.name, self.dataset_id.as_ref())
    }

    fn there_already(&self) -> String {
        match &self.dataset_id {
            None => "it is there already, and overwriting was not asked for".to_owned(),
            Some(id) => format!("its instance of `{id}` is there already, and overwriting was not asked for"),
        }
    }
}

fn find(attributes: &[Attribute], name: &Name, dataset_id: Option<&Uri>) -> Option<usize> {
    attributes
        .iter()
        .position(|a| a.name == *name && a.dataset_id.as_ref() == dataset_id)
}

/// Puts a new instance after those of its name.
fn put(attributes: &mut Vec<Attribute>, new: Attribute) {
    let after = attributes
        .iter()
        .rposition(|a| a.name == new.name)
        .map_or(attributes.len(), |index| index + 1);
    attributes.insert(after, new);
}

/// Merges the parts into attributes, or into sub-attributes. `observed_at`: see [`Fragment::observed_at`].
pub(super) fn merge_all(
    attributes: &mut Vec<Attribute>,
    parts: &[AttributeFragment],
    observed_at: Option<Timestamp>,
    now: Timestamp,
) -> Result<(), Error> {
    for part in parts {
        match (part.find(attributes), &part.change) {
            (Some(index), AttributeChange::Remove) => drop(attributes.remove(index)),
            (None, AttributeChange::Remove) => {}
            (None, AttributeChange::Set(patch)) => {
                put(
                    attributes,
                    new_attribute(&part.name, part.dataset_id.as_ref(), patch, now)?,
                );
            }
            (Some(index), AttributeChange::Set(patch)) => {
                let present = &mut attributes[index];
                let value = patch
                    .value
                    .as_ref()
                    .map(|given| given.resolve(Some(&present.value)));
                let kind: Option<Kind> = value.as_ref().map(crate::Value::kind).or(patch.kind);
                if kind.is_some_and(|kind| kind != present.value.kind()) {
                    part.replace(present, patch, now)?;
                    continue;
                }
                if let Some(value) = value {
                    merge_value(&mut present.value, value);
                }
                members(present, patch);
                if let (Some(instant), Some(observed), Change::Keep) =
                    (observed_at, &mut present.observed_at, &patch.observed_at)
                {
                    *observed = instant;
                }
                merge_all(&mut present.sub_attributes, &patch.sub_attributes, None, now)?;
                present.modified_at = now;
            }
        }
    }
    Ok(())
}
