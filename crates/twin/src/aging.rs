//! How old the past of an entity is, for those who have to see that nothing is kept for longer than it may be.
//!
//! An instance is as old as the instant that orders it says: `observedAt`, else `modifiedAt`.

use ngsi_ld::{Name, Timestamp, Uri};
use query::View;
use storage::{Past, Take};

use crate::Twin;
use crate::error::Error;
use crate::shard::Record;
use crate::state::Shards as _;

/// What is old of the past of an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Old {
    /// So many instances, of the oldest of them.
    pub instances: usize,
    /// The oldest is of this instant.
    pub oldest: Timestamp,
    /// They are those that are of before this instant.
    pub until: Timestamp,
    /// Whether there are more that are old.
    pub more: bool,
}

impl Twin {
    /// The attributes that an entity's past has instances of, or marks of their removal. Reads the store.
    ///
    /// # Errors
    /// [`Error::Forbidden`] unless the caller may do everything; when the store cannot be read.
    pub fn past_attributes(&self, view: &View, id: &Uri) -> Result<Vec<Name>, Error> {
        let Some(record) = self.record_for(view, id)? else {
            return Ok(Vec::new());
        };
        let mut names: Vec<Name> = (self.store().list(record.key, &[])?.into_iter())
            .map(|(name, _)| name)
            .collect();
        names.dedup();
        Ok(names)
    }

    /// What is of before an instant of an attribute's past, in all its data sets: the oldest, at most about `most` of
    /// each data set, and no instant by half. `None`: nothing. Reads the store.
    ///
    /// # Errors
    /// [`Error::Forbidden`] unless the caller may do everything; when the store cannot be read.
    pub fn old(
        &self,
        view: &View,
        id: &Uri,
        name: &Name,
        before: Timestamp,
        most: usize,
    ) -> Result<Option<Old>, Error> {
        let Some(record) = self.record_for(view, id)? else {
            return Ok(None);
        };
        let mut from = Timestamp::MIN;
        loop {
            let names = std::slice::from_ref(name);
            let found =
                (self.store()).history(record.key, names, (from, before), Take::First(most.max(1)))?;
            // Of a data set of which as many came as were asked for, nothing is known after the last of them.
            let full = found
                .chunk_by(|one, next| one.dataset_id() == next.dataset_id())
                .filter(|series| series.len() >= most)
                .filter_map(|series| series.last())
                .map(|last| last.instant().plus_micros(1))
                .min();
            let until = full.map_or(before, |full| full.min(before));
            let (mut instances, mut oldest) = (0, until);
            for past in &found {
                if let Past::Instance(instance) = past
                    && instance.instant() < until
                {
                    instances += 1;
                    oldest = oldest.min(instance.instant());
                }
            }
            if instances > 0 {
                if full.is_some() {
                    // More of that instant than were asked for may have been there.
                    instances = self.count_old(view, id, name, until)?.0;
                }
                return Ok(Some(Old {
                    instances,
                    oldest,
                    until,
                    more: until < before,
                }));
            }
            // Nothing but marks of removals, which hold no value.
            if until >= before {
                return Ok(None);
            }
            from = until;
        }
    }

    /// How many instances of before an instant an attribute's past has, in all its data sets, and the instant of the
    /// oldest. Reads the store, some at a time.
    ///
    /// # Errors
    /// [`Error::Forbidden`] unless the caller may do everything; when the store cannot be read.
    pub fn count_old(
        &self,
        view: &View,
        id: &Uri,
        name: &Name,
        before: Timestamp,
    ) -> Result<(usize, Option<Timestamp>), Error> {
        let Some(record) = self.record_for(view, id)? else {
            return Ok((0, None));
        };
        let (mut count, mut oldest) = (0, None);
        for (name, dataset) in self.store().list(record.key, std::slice::from_ref(name))? {
            let mut each = |past: Vec<Past>| {
                for one in past {
                    if let Past::Instance(one) = one {
                        count += 1;
                        oldest =
                            Some(oldest.map_or(one.instant(), |oldest: Timestamp| oldest.min(one.instant())));
                    }
                }
            };
            let range = (Timestamp::MIN, before);
            self.store()
                .visit(record.key, &name, dataset.as_ref(), range, &mut each)?;
        }
        Ok((count, oldest))
    }

    /// When anything was last known of an entity: the latest of what is current and of its past, the Scope aside. `None`:
    /// nothing is known of it. Reads the store.
    ///
    /// # Errors
    /// [`Error::Forbidden`] unless the caller may do everything; when the store cannot be read.
    pub fn last_known_at(&self, view: &View, id: &Uri) -> Result<Option<Timestamp>, Error> {
        let Some(record) = self.record_for(view, id)? else {
            return Ok(None);
        };
        let current = (record.entity.attributes.iter())
            .filter(|one| !one.is_scope())
            .map(ngsi_ld::Attribute::instant)
            .max();
        let always = (Timestamp::MIN, Timestamp::MAX);
        let mut last = None;
        for name in self.past_attributes(view, id)? {
            if name == ngsi_ld::representation::scope_name() {
                continue;
            }
            // The last of a data set may be marks of removals: they are no observations.
            let mut take = 2;
            loop {
                let names = std::slice::from_ref(&name);
                let past = self
                    .store()
                    .history(record.key, names, always, Take::Last(take))?;
                let mut all_known = true;
                for series in past.chunk_by(|one, next| one.dataset_id() == next.dataset_id()) {
                    let instance = series.iter().rev().find_map(|past| match past {
                        Past::Instance(one) => Some(one.instant()),
                        Past::Removed { .. } => None,
                    });
                    all_known &= instance.is_some() || series.len() < take;
                    last = last.max(instance);
                }
                if all_known {
                    break;
                }
                take *= 8;
            }
        }
        // Without any attribute: when it was made or changed.
        Ok(last.max(current).or(Some(record.entity.modified_at)))
    }

    fn record_for(&self, view: &View, id: &Uri) -> Result<Option<Record>, Error> {
        if !view.is_open() {
            return Err(Error::Forbidden(
                "how old the past is, is for those who may see everything".to_owned(),
            ));
        }
        Ok(self.0.state.record(id))
    }
}
