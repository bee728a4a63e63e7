//! Additions to the past (5.6.11): instances that are not known yet, of which the latest may become what the entity
//! is now.

use std::sync::Arc;

use hashbrown::{HashMap, HashSet};
use ngsi_ld::{Attribute, Entity, Name, Timestamp, Uri, Value};

use crate::error::Error;
use crate::evaluate::{After, Effect, Situation, bounded, no_type};
use crate::operation::Outcome;
use crate::remembered::bring_up;
use crate::settle::{same_value, stamp, unique};
use crate::shard::{Record, Status};

impl Situation<'_> {
    /// Create or Update Temporal Evolution (5.6.11).
    pub(crate) fn append_history(&self, given: Entity, current: bool) -> Result<Effect, Error> {
        let status = self.record.as_ref().map(|record| record.status);
        let known = self.remembered();
        if self.record.is_some() && known.is_none() {
            return Err(Error::NotFound(given.id));
        }
        let was = self.record.as_ref().map(|record| &*record.entity);
        if was.is_none() && given.types.is_empty() {
            return Err(no_type(&given.id));
        }
        if was.is_none() {
            self.permit_change(None, &given)?;
        }
        let mut fresh = given.attributes;
        for attribute in &mut fresh {
            stamp(attribute, self.now, self.now);
            attribute.instance_id = None;
        }
        let given_count = fresh.len();
        self.leave_out_known(&mut fresh)?;
        let (added, left_alone) = (fresh.len(), given_count - fresh.len());

        let gone = matches!(status, Some(Status::Deleted(_)));
        let is_live = status == Some(Status::Live);
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
        if current && !is_live {
            entity.attributes.clear();
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
        if (!gone || current)
            && let Some(latest) = self.latest_scope(&scopes)?
        {
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
            // What was current when it was deleted stays what it had last.
            if !gone && !is_live {
                let before = entity.attributes.len();
                bring_up(&mut entity, &fresh);
                bounded(&entity.id, before, entity.attributes.len())?;
            }
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
            known: left_alone,
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
        match &known {
            Some(_) if gone && current => {
                self.permit_change(None, &entity)?;
                if self.would_take_over(&entity) {
                    return Err(Error::NotFound(given.id));
                }
            }
            Some((_, last)) => {
                self.permit_change(Some(&last.whole), &entity)?;
                self.permit_leaving(&last.whole, &entity)?;
            }
            None => {}
        }
        entity.modified_at = self.now;
        let record = Record {
            key: self.key(),
            entity: Arc::new(entity),
            last_known: status == Status::Live || self.record.as_ref().is_none_or(|record| record.last_known),
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
            // The last ones of an entity that has no current state are among those of the past.
            let current = record.live().into_iter().flat_map(|entity| &entity.attributes);
            for attribute in current {
                learn(attribute);
            }
        }
        fresh.retain(|attribute| learn(attribute));
        Ok(())
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
