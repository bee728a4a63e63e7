//! What a caller may do to an entity. To those who see it a refusal says so ([`Error::Forbidden`]); to the others it is
//! not there, and what they ask for is answered as if it were not.

use std::sync::Arc;

use ngsi_ld::{Entity, Name};
use query::View;

use crate::error::Error;
use crate::evaluate::Situation;
use crate::operation::Operation;
use crate::remembered::{Remembered, remembered};
use crate::shard::Record;

impl Situation<'_> {
    /// What the caller sees of the entity by his rights to its past; `None`: nothing is known of it, or shown.
    pub(crate) fn remembered(&self) -> Option<(&Record, Remembered)> {
        let record = self.record.as_ref()?;
        Some((record, remembered(self.view, record)?))
    }

    /// Whether a new entity would take over a past that is hidden, or show more of it than is shown now.
    pub(crate) fn would_take_over(&self, new: &Entity) -> bool {
        let rights = self.view.history();
        let Some(record) = self.record.as_ref().filter(|_| !rights.is_all()) else {
            return false;
        };
        if !record.last_known {
            return true;
        }
        let last = &record.entity;
        let same_classes = new.types == last.types || rights.of(last).to_all();
        let shown = rights.shows(last).is_some() && same_classes;
        !shown || !rights.of(new).are_within(&mut rights.of(last))
    }

    /// Refuses operations on attributes that the caller does not see, as if there were none, and on those that he may
    /// not write. Whether they are there makes no difference.
    pub(crate) fn permit_names(&self, operation: &Operation) -> Result<(), Error> {
        if self.view.is_open() {
            return Ok(());
        }
        let (whole, rights) = match operation {
            Operation::AppendHistory { .. } => match self.remembered() {
                Some((_, remembered)) => (remembered.whole, self.view.history()),
                None => return Ok(()),
            },
            _ => match self.record.as_ref().and_then(Record::live) {
                Some(entity) if self.view.of(entity).is_some() => (Arc::clone(entity), self.view.read()),
                _ => return Ok(()),
            },
        };
        let (mut seen, mut writable) = (rights.of(&whole), self.view.write().of(&whole));
        let names = operation.names();
        for name in &names {
            if !seen.to_attribute(name) {
                let id = operation.entity_id().clone();
                return Err(Error::AttributeNotFound(id, (*name).clone()));
            }
        }
        match names.into_iter().find(|name| !writable.to_attribute(name)) {
            Some(name) => Err(forbidden_attribute("write", name, &whole)),
            None => Ok(()),
        }
    }

    /// Whether the caller may make one entity of another, or a new one.
    pub(crate) fn permit_change(&self, before: Option<&Entity>, after: &Entity) -> Result<(), Error> {
        permit_change(self.view, before, after)
    }

    /// Whether the caller may delete all of an entity.
    pub(crate) fn permit_delete(&self, entity: &Entity) -> Result<(), Error> {
        if self.view.delete().of(entity).to_all() {
            Ok(())
        } else {
            Err(forbidden("delete", entity))
        }
    }

    /// Whether the caller may destroy the past of an attribute.
    pub(crate) fn permit_delete_of(&self, name: &Name, entity: &Entity) -> Result<(), Error> {
        if self.view.delete().of(entity).to_attribute(name) {
            Ok(())
        } else {
            Err(forbidden_attribute("delete", name, entity))
        }
    }

    /// Whether the caller may correct the past of an attribute.
    pub(crate) fn permit_write_of(&self, name: &Name, entity: &Entity) -> Result<(), Error> {
        if self.view.write().of(entity).to_attribute(name) {
            Ok(())
        } else {
            Err(forbidden_attribute("write", name, entity))
        }
    }
}

/// Whether a caller may make one entity of another, or a new one.
pub(crate) fn permit_change(view: &View, before: Option<&Entity>, after: &Entity) -> Result<(), Error> {
    if view.is_open() {
        return Ok(());
    }
    let mut after_rights = view.write().of(after);
    let Some(before) = before else {
        let mut names = after.attributes.iter().map(|one| &one.name);
        return match names.find(|name| !after_rights.to_attribute(name)) {
            Some(name) => Err(forbidden_attribute("write", name, after)),
            None if after.attributes.is_empty() && !after_rights.to_all() => {
                Err(forbidden("make an entity like", after))
            }
            None => Ok(()),
        };
    };
    let mut before_rights = view.write().of(before);
    for name in changed(before, after) {
        if !before_rights.to_attribute(name) || !after_rights.to_attribute(name) {
            return Err(forbidden_attribute("write", name, before));
        }
    }
    let heads =
        before.types == after.types && before.scope == after.scope && before.expires_at == after.expires_at;
    let may_all = before_rights.to_all() && after_rights.to_all();
    if !heads && !may_all {
        return Err(forbidden("change the type, the scope or the end of", before));
    }
    // Of other types its attributes are of other classes, and what is hidden would be shown.
    let all_shown = || view.read().of(before).to_all() && view.history().of(before).to_all();
    if before.types != after.types && !all_shown() {
        return Err(forbidden("change the type of", before));
    }
    if before.expires_at != after.expires_at && !view.delete().of(before).to_all() {
        return Err(forbidden("let end", before));
    }
    permit_sight(view, before, after)
}

/// Whether a caller sees no more of an entity after a change than before.
pub(crate) fn permit_sight(view: &View, before: &Entity, after: &Entity) -> Result<(), Error> {
    for rights in [view.read(), view.history()] {
        if !rights.of(after).are_within(&mut rights.of(before)) {
            return Err(forbidden("bring into your sight what you do not see of", before));
        }
    }
    Ok(())
}

/// The attributes of which an instance is another, or came, or went.
fn changed<'a>(before: &'a Entity, after: &'a Entity) -> impl Iterator<Item = &'a Name> {
    let differs = |one: &&'a ngsi_ld::Attribute, among: &'a Entity| !among.attributes.contains(one);
    let came = after.attributes.iter().filter(move |is| differs(is, before));
    let went = before.attributes.iter().filter(move |was| differs(was, after));
    came.chain(went).map(|one| &one.name)
}

pub(crate) fn forbidden(what: &str, entity: &Entity) -> Error {
    Error::Forbidden(format!("you may not {what} `{}`", entity.id))
}

fn forbidden_attribute(what: &str, name: &Name, entity: &Entity) -> Error {
    Error::Forbidden(format!("you may not {what} `{name}` of `{}`", entity.id))
}
