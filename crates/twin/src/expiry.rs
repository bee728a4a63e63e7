//! Transient entities and attributes (4.22): when their time comes, and what is left then.

use std::collections::BTreeSet;
use std::sync::Arc;

use hashbrown::HashMap;
use ngsi_ld::{Attribute, Entity, Timestamp, Uri};

use crate::shard::Record;

/// When which entity loses something next. Costs nothing where nothing is transient.
#[derive(Debug, Default)]
pub(crate) struct Deadlines {
    by_id: HashMap<Uri, Timestamp>,
    queue: BTreeSet<(Timestamp, Uri)>,
}

impl Deadlines {
    /// Takes into account what an entity is now.
    pub(crate) fn note(&mut self, id: &Uri, record: Option<&Record>) {
        let end = record.and_then(Record::live).and_then(|entity| first_end(entity));
        if end.is_none() && self.by_id.is_empty() {
            return;
        }
        let before = match end {
            Some(end) => self.by_id.insert(id.clone(), end),
            None => self.by_id.remove(id),
        };
        if before == end {
            return;
        }
        if let Some(before) = before {
            self.queue.remove(&(before, id.clone()));
        }
        self.queue.extend(end.map(|end| (end, id.clone())));
    }

    /// When something ends next.
    pub(crate) fn first(&self) -> Option<Timestamp> {
        self.queue.first().map(|(end, _)| *end)
    }

    /// Whether something of an entity has ended by now.
    pub(crate) fn is_due(&self, id: &Uri, now: Timestamp) -> bool {
        !self.by_id.is_empty() && self.by_id.get(id).is_some_and(|end| *end <= now)
    }

    /// The entities of which something has ended by now, at most so many.
    pub(crate) fn due(&self, now: Timestamp, most: usize) -> Vec<Uri> {
        let ended = self.queue.iter().take_while(|(end, _)| *end <= now);
        ended.take(most).map(|(_, id)| id.clone()).collect()
    }
}

/// When an entity loses something next.
pub(crate) fn first_end(entity: &Entity) -> Option<Timestamp> {
    let attributes = entity.attributes.iter().filter_map(end_of);
    attributes.chain(entity.expires_at).min()
}

/// When an attribute, or something below it, ends.
fn end_of(attribute: &Attribute) -> Option<Timestamp> {
    let below = attribute.sub_attributes.iter().filter_map(end_of);
    below.chain(attribute.expires_at).min()
}

/// What is left of an entity at an instant; `None`: nothing.
pub(crate) fn left_at(entity: &Arc<Entity>, now: Timestamp) -> Option<Arc<Entity>> {
    if entity.expires_at.is_some_and(|end| end <= now) {
        return None;
    }
    if !entity
        .attributes
        .iter()
        .any(|attribute| end_of(attribute).is_some_and(|end| end <= now))
    {
        return Some(Arc::clone(entity));
    }
    let mut left = Entity::clone(entity);
    keep(&mut left.attributes, now);
    Some(Arc::new(left))
}

fn keep(attributes: &mut Vec<Attribute>, now: Timestamp) {
    attributes.retain_mut(|attribute| {
        keep(&mut attribute.sub_attributes, now);
        attribute.expires_at.is_none_or(|end| end > now)
    });
}

#[cfg(test)]
mod tests {
    use ngsi_ld::Name;
    use proptest::prelude::*;
    use storage::EntityKey;

    use super::*;
    use crate::shard::Status;

    fn at(n: i64) -> Timestamp {
        Timestamp::from_seconds(n)
    }

    fn transient(id: u8, ends: [Option<i64>; 3], status: Status) -> Record {
        let mut entity = Entity::new(Uri::ngsi_ld("T", &id.to_string()), Name::default_term("T"));
        entity.expires_at = ends[0].map(at);
        let mut attribute = Attribute::property(Name::default_term("a"), 1);
        attribute.expires_at = ends[1].map(at);
        let mut below = Attribute::property(Name::default_term("b"), 1);
        below.expires_at = ends[2].map(at);
        attribute.sub_attributes.push(below);
        entity.attributes.push(attribute);
        Record {
            key: EntityKey(u64::from(id)),
            entity: Arc::new(entity),
            status,
            last_known: true,
        }
    }

    proptest! {
        /// Whatever was noted, what is due is what a look at all that was noted last says.
        #[test]
        fn what_is_due_is_what_has_ended(
            notes in prop::collection::vec((0_u8..6, prop::array::uniform3(prop::option::of(0_i64..20)), 0_u8..3), 0..40),
            now in 0_i64..20,
        ) {
            let mut deadlines = Deadlines::default();
            let mut last: std::collections::BTreeMap<Uri, Option<Record>> = std::collections::BTreeMap::new();
            for (id, ends, kind) in notes {
                let record = match kind {
                    0 => None,
                    1 => Some(transient(id, ends, Status::Deleted(at(0)))),
                    _ => Some(transient(id, ends, Status::Live)),
                };
                let id = Uri::ngsi_ld("T", &id.to_string());
                deadlines.note(&id, record.as_ref());
                last.insert(id, record);
            }
            let live = |record: &Option<Record>| record.as_ref().and_then(Record::live).cloned();
            let ended = |entity: &Arc<Entity>| left_at(entity, at(now)).is_none_or(|left| left != *entity);
            let mut expected: Vec<Uri> = last.iter()
                .filter(|(_, record)| live(record).is_some_and(|entity| ended(&entity)))
                .map(|(id, _)| id.clone()).collect();
            let mut due = deadlines.due(at(now), usize::MAX);
            expected.sort_by(|a, b| a.as_str().cmp(b.as_str()));
            due.sort_by(|a, b| a.as_str().cmp(b.as_str()));
            prop_assert_eq!(&due, &expected);
            prop_assert_eq!(deadlines.first().is_some_and(|end| end <= at(now)), !expected.is_empty());
            for (id, record) in &last {
                let is_due = live(record).is_some_and(|entity| ended(&entity));
                prop_assert_eq!(deadlines.is_due(id, at(now)), is_due);
            }
        }
    }

    #[test]
    fn parts_end_by_themselves() {
        let record = transient(1, [Some(30), Some(20), Some(10)], Status::Live);
        let left = |n| left_at(&record.entity, at(n));
        let counts = |n: i64| {
            left(n).map(|e| {
                (
                    e.attributes.len(),
                    e.attributes.first().map_or(0, |a| a.sub_attributes.len()),
                )
            })
        };
        assert_eq!(counts(9), Some((1, 1)));
        assert_eq!(counts(10), Some((1, 0)));
        assert_eq!(counts(20), Some((0, 0)));
        assert_eq!(counts(30), None);
    }
}
