//! The state of an entity that decides who may see its past: as it is; of one that has no state any more, as it was
//! last, which the store is asked for.

use std::sync::Arc;

use ngsi_ld::{Attribute, Entity, Timestamp};
use query::View;
use storage::{Past, Take};

use crate::error::Error;
use crate::shard::{Record, Status};

/// How many of the latest instances of each attribute and data set are looked at: the last one, its end, and what was
/// observed in a time to come.
pub(crate) const LOOKED_AT: Take = Take::Last(4);

/// The state of which everything that is left is in the past: `past` are the latest instances of each attribute and
/// data set, those of one together and in order.
pub(crate) fn state(record: &Record, past: Vec<Past>) -> Arc<Entity> {
    let deleted_at = match record.status {
        Status::Live => return Arc::clone(&record.entity),
        Status::Deleted(at) => Some(at),
        Status::TemporalOnly => None,
    };
    let mut last = Entity::clone(&record.entity);
    last.attributes = of_series(past, deleted_at);
    Arc::new(last)
}

fn of_series(past: Vec<Past>, deleted_at: Option<Timestamp>) -> Vec<Attribute> {
    let mut attributes = Vec::new();
    let mut rest = past.into_iter().peekable();
    while let Some(first) = rest.next() {
        let series = (first.name().clone(), first.dataset_id().cloned());
        let (mut latest, mut there) = (None, false);
        let mut next = Some(first);
        while let Some(one) = next {
            match one {
                Past::Instance(instance) => (latest, there) = (Some(instance), true),
                // What was removed before the entity was not a part of it any more.
                Past::Removed { at, .. } => there = Some(at) == deleted_at,
            }
            next = rest.next_if(|one| *one.name() == series.0 && one.dataset_id() == series.1.as_ref());
        }
        attributes.extend(latest.filter(|instance| there && !instance.is_scope()));
    }
    attributes
}

/// An entity that a caller may know the past of.
pub(crate) struct Remembered {
    /// What decides: its state, or the last one.
    pub(crate) whole: Arc<Entity>,
    /// What is seen of its state; without attributes where it has none.
    pub(crate) seen: Arc<Entity>,
}

/// What a caller sees of an entity by his rights to its past. `last` gives its last state where it has none.
pub(crate) fn remembered(
    view: &View,
    record: &Record,
    last: impl FnOnce() -> Result<Arc<Entity>, Error>,
) -> Result<Option<Remembered>, Error> {
    let rights = view.history();
    if rights.is_all() {
        return Ok(Some(Remembered {
            whole: Arc::clone(&record.entity),
            seen: Arc::clone(&record.entity),
        }));
    }
    if rights.is_none() {
        return Ok(None);
    }
    let whole = last()?;
    let seen = match rights.shows(&whole) {
        None => return Ok(None),
        Some(seen) if record.live().is_some() => match seen {
            std::borrow::Cow::Borrowed(_) => Arc::clone(&whole),
            std::borrow::Cow::Owned(seen) => Arc::new(seen),
        },
        Some(seen) => {
            let mut seen = seen.into_owned();
            seen.attributes.clear();
            Arc::new(seen)
        }
    };
    Ok(Some(Remembered { whole, seen }))
}

#[cfg(test)]
mod tests {
    use ngsi_ld::{Name, Uri};
    use storage::EntityKey;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn instance(term: &str, value: i64, modified: i64) -> Past {
        let mut one = Attribute::property(Name::default_term(term), value);
        one.modified_at = at(modified);
        Past::Instance(one)
    }

    fn removed(term: &str, when: i64) -> Past {
        Past::Removed {
            name: Name::default_term(term),
            dataset_id: None,
            at: at(when),
        }
    }

    #[test]
    fn the_last_state_is_what_was_there_when_it_was_deleted() {
        let record = |status| Record {
            key: EntityKey(1),
            entity: Arc::new(Entity::new(Uri::ngsi_ld("T", "1"), Name::default_term("T"))),
            status,
        };
        let past = || {
            vec![
                instance("a", 1, 1),
                instance("a", 2, 2),
                removed("a", 9),
                instance("b", 3, 1),
                removed("b", 4),
                instance("c", 5, 1),
                removed("c", 3),
                instance("c", 6, 5),
                removed("c", 9),
            ]
        };
        let values = |status| {
            let state = state(&record(status), past());
            let each = state.attributes.iter();
            each.map(|one| (one.name.short().to_owned(), one.as_f64().unwrap()))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            values(Status::Deleted(at(9))),
            [("a".to_owned(), 2.0), ("c".to_owned(), 6.0)]
        );
        assert!(values(Status::TemporalOnly).is_empty());
        assert!(values(Status::Live).is_empty());
        let never_there = vec![instance("a", 1, 1), instance("a", 2, 2)];
        let state = state(&record(Status::TemporalOnly), never_there);
        assert_eq!(state.attributes.len(), 1);
    }
}
