//! What a rule of retention does to a twin: one entity after the other, some of its past at a time, so that writes of
//! others are not held up. What is done twice does no harm: a run that was cut off is gone on with by the next.

use std::sync::Arc;

use ngsi_ld::{Entity, Name, Timestamp, Uri};
use query::View;
use twin::{Instance, Operation, Reader as _, Twin};

use super::doing::Desk;
use super::error::{Error, Result};
use super::retention::{Counts, NewRule, What};

/// As many values of an attribute's past go in one write, about.
const STEP: usize = 500;

/// What a sweep needs of the installation.
pub struct Ground<'a> {
    /// The named tenants.
    pub tenants: Vec<String>,
    /// The twin of a tenant; `None`: of the default one.
    pub twin_of: &'a dyn Fn(Option<&str>) -> Option<Twin>,
    /// The class of an attribute of an entity.
    pub class_of: &'a dyn Fn(&Entity, &Name) -> String,
    /// Whether to stop here; asked before each write.
    pub stop: &'a dyn Fn() -> bool,
}

/// One rule on one twin.
pub(super) struct Sweep<'a> {
    pub(super) desk: &'a Desk,
    pub(super) ground: &'a Ground<'a>,
    pub(super) rule: &'a NewRule,
    pub(super) tenant: Option<&'a str>,
    pub(super) twin: &'a Twin,
    pub(super) view: &'a View,
    /// What is of before goes.
    pub(super) before: Timestamp,
    /// Whether it goes, or is only counted.
    pub(super) act: bool,
}

/// That a sweep was told to stop.
pub(super) struct Told;

/// One entity, as far as a rule looks at it.
struct Looked<'a> {
    entity: &'a Arc<Entity>,
    live: bool,
    /// The attributes that the rule speaks of.
    names: Vec<Name>,
    /// Attributes that are there now, are old, and may go.
    old_now: Vec<(Name, Option<Uri>)>,
}

impl Sweep<'_> {
    /// Goes through all that the rule speaks of.
    pub(super) fn run(&self, counts: &mut Counts) -> Result<std::result::Result<(), Told>> {
        let mut ids: Vec<Uri> = Vec::new();
        self.twin
            .evolutions(self.view, &self.rule.of_types(), &mut |entity| {
                ids.push(entity.id.clone());
                !(self.ground.stop)()
            })?;
        for id in &ids {
            if (self.ground.stop)() {
                return Ok(Err(Told));
            }
            // As it is by now, not as it was when it was listed.
            let now = self.twin.get(self.view, id);
            let live = now.is_some();
            let Some(entity) = now.or_else(|| self.twin.evolution_of(self.view, id)) else {
                continue;
            };
            let swept = match self.rule.what {
                What::Entities => self.whole(&entity, live, counts),
                What::History | What::Values => self.parts(&entity, live, counts),
            };
            if swept?.is_err() {
                return Ok(Err(Told));
            }
        }
        Ok(Ok(()))
    }

    /// A rule of whole entities.
    fn whole(
        &self,
        entity: &Arc<Entity>,
        live: bool,
        counts: &mut Counts,
    ) -> Result<std::result::Result<(), Told>> {
        let id = &entity.id;
        let mut past = 0;
        for name in self.twin.past_attributes(self.view, id)? {
            let oldest = self.twin.old(self.view, id, &name, Timestamp::MAX, 1)?;
            counts.saw(oldest.map(|old| old.oldest));
        }
        for attribute in &entity.attributes {
            counts.saw(Some(attribute.instant()));
        }
        let last = self.twin.last_known_at(self.view, id)?;
        if last.is_none_or(|last| last >= self.before) {
            return Ok(Ok(()));
        }
        if self.is_held(entity, live, counts) {
            return Ok(Ok(()));
        }
        for name in self.twin.past_attributes(self.view, id)? {
            past += self.twin.count_old(self.view, id, &name, Timestamp::MAX)?.0;
        }
        let values = entity.attributes.len();
        if self.act {
            let both = [
                Operation::Delete(id.clone()),
                Operation::DeleteHistory(id.clone()),
            ];
            for operation in both.into_iter().skip(usize::from(!live)) {
                if !self.done(operation, counts)? {
                    return Ok(Ok(()));
                }
            }
        }
        counts.entities += 1;
        counts.instances += past as u64;
        counts.values += values as u64;
        Ok(Ok(()))
    }

    /// A rule of values.
    fn parts(
        &self,
        entity: &Arc<Entity>,
        live: bool,
        counts: &mut Counts,
    ) -> Result<std::result::Result<(), Told>> {
        let id = &entity.id;
        let mut names = self.twin.past_attributes(self.view, id)?;
        names.retain(|name| self.rule.speaks_of(entity, name, self.ground.class_of));
        let mut has_old = false;
        for name in &names {
            let oldest = self.twin.old(self.view, id, name, Timestamp::MAX, 1)?;
            let oldest = oldest.map(|old| old.oldest);
            counts.saw(oldest);
            has_old |= oldest.is_some_and(|oldest| oldest < self.before);
        }
        let mut old_now = Vec::new();
        if live && self.rule.what == What::Values {
            for one in &entity.attributes {
                if !self.rule.speaks_of(entity, &one.name, self.ground.class_of) {
                    continue;
                }
                counts.saw(Some(one.instant()));
                if one.instant() < self.before {
                    old_now.push((one.name.clone(), one.dataset_id.clone()));
                    if !names.contains(&one.name) {
                        names.push(one.name.clone());
                    }
                }
            }
        }
        if !has_old && old_now.is_empty() {
            return Ok(Ok(()));
        }
        if self.is_held(entity, live, counts) {
            return Ok(Ok(()));
        }
        let looked = Looked {
            entity,
            live,
            names,
            old_now,
        };
        if self.act {
            return self.forget(&looked, counts);
        }
        for name in &looked.names {
            counts.instances += self.twin.count_old(self.view, id, name, self.before)?.0 as u64;
        }
        counts.values += looked.old_now.len() as u64;
        Ok(Ok(()))
    }

    /// Destroys what is old of an entity.
    fn forget(&self, looked: &Looked<'_>, counts: &mut Counts) -> Result<std::result::Result<(), Told>> {
        let id = &looked.entity.id;
        // What is there now becomes past first, and goes with that: a crash between leaves it to the next run.
        let mut past_already = 0;
        for (name, dataset) in &looked.old_now {
            if (self.ground.stop)() {
                return Ok(Err(Told));
            }
            let which = dataset.clone().map_or(Instance::Default, Instance::Dataset);
            if !self.done(
                Operation::DeleteAttribute(id.clone(), name.clone(), which),
                counts,
            )? {
                return Ok(Ok(()));
            }
            counts.values += 1;
            past_already += 1;
        }
        for name in &looked.names {
            while let Some(old) = self.twin.old(self.view, id, name, self.before, STEP)? {
                if (self.ground.stop)() {
                    return Ok(Err(Told));
                }
                if !self.done(
                    Operation::ForgetBefore(id.clone(), name.clone(), old.until),
                    counts,
                )? {
                    return Ok(Ok(()));
                }
                let was_now = past_already.min(old.instances);
                past_already -= was_now;
                counts.instances += (old.instances - was_now) as u64;
            }
        }
        // Of what is gone already, nothing is left: then nor is its name.
        if !looked.live && self.is_empty(id)? {
            self.done(Operation::DeleteHistory(id.clone()), counts)?;
        }
        Ok(Ok(()))
    }

    fn is_empty(&self, id: &Uri) -> Result<bool> {
        for name in self.twin.past_attributes(self.view, id)? {
            if self.twin.old(self.view, id, &name, Timestamp::MAX, 1)?.is_some() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether something was done; not, where a hold came between or it is gone by itself.
    fn done(&self, operation: Operation, counts: &mut Counts) -> Result<bool> {
        match self.twin.execute_blocking(self.view, vec![operation]).pop() {
            // What is gone by itself needs nothing more.
            Some(Ok(_) | Err(twin::Error::NotFound(_) | twin::Error::AttributeNotFound(..))) => Ok(true),
            Some(Err(twin::Error::Held(..))) => {
                counts.held += 1;
                Ok(false)
            }
            Some(Err(error)) => Err(error.into()),
            None => Err(Error::Store("the twin gave no answer".to_owned())),
        }
    }

    fn is_held(&self, entity: &Entity, live: bool, counts: &mut Counts) -> bool {
        let held = self.desk.hold_on(self.tenant, entity, live).is_some();
        counts.held += u64::from(held);
        held
    }
}

impl Counts {
    fn saw(&mut self, instant: Option<Timestamp>) {
        if let Some(instant) = instant {
            self.oldest = Some(self.oldest.map_or(instant, |oldest| oldest.min(instant)));
        }
    }
}
