//! What a caller may know of an entity's past: its state decides, as it is; of one that has no state any more, as it
//! was last.

use std::borrow::Cow;
use std::sync::Arc;

use ngsi_ld::{Attribute, Entity};
use query::View;

use crate::shard::Record;

/// An entity that a caller may know the past of.
pub(crate) struct Remembered {
    /// What decides: its state, or the last one.
    pub(crate) whole: Arc<Entity>,
    /// What is seen of its state; without attributes where it has none.
    pub(crate) seen: Arc<Entity>,
}

/// What a caller sees of an entity by his rights to its past.
pub(crate) fn remembered(view: &View, record: &Record) -> Option<Remembered> {
    let mut seen = last_state(view, record)?;
    if record.live().is_none() && !seen.attributes.is_empty() {
        seen = Arc::new(with(&seen, Vec::new()));
    }
    Some(Remembered {
        whole: Arc::clone(&record.entity),
        seen,
    })
}

/// The entity with these in the place of its attributes.
pub(crate) fn with(now: &Entity, attributes: Vec<Attribute>) -> Entity {
    Entity {
        id: now.id.clone(),
        types: now.types.clone(),
        scope: now.scope.clone(),
        created_at: now.created_at,
        modified_at: now.modified_at,
        expires_at: now.expires_at,
        deleted_at: None,
        attributes,
    }
}

/// What a caller sees, by his rights to the past of an entity, of its state; of one that has none, of the last one.
pub(crate) fn last_state(view: &View, record: &Record) -> Option<Arc<Entity>> {
    let rights = view.history();
    if rights.is_all() {
        return Some(Arc::clone(&record.entity));
    }
    if rights.is_none() || !record.last_known {
        return None;
    }
    Some(match rights.shows(&record.entity)? {
        Cow::Borrowed(_) => Arc::clone(&record.entity),
        Cow::Owned(seen) => Arc::new(seen),
    })
}

/// Brings the last state of an entity that has no current one up to instances of its past that were told of: the
/// latest of each attribute and data set stands.
pub(crate) fn bring_up(last: &mut Entity, told: &[Attribute]) {
    for one in told.iter().filter(|one| !one.is_scope()) {
        let present = last.instance(one.name.as_str(), one.dataset_id.as_ref());
        if present.is_none_or(|present| present.instant() <= one.instant()) {
            last.put(one.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use ngsi_ld::{Name, Timestamp, Uri};

    use super::*;

    #[test]
    fn the_latest_of_each_stands_however_they_come() {
        let mut last = Entity::new(Uri::ngsi_ld("T", "1"), Name::default_term("T"));
        let told = |term: &str, value: i64, at: i64| {
            Attribute::property(Name::default_term(term), value).observed_at(Timestamp::from_seconds(at))
        };
        bring_up(&mut last, &[told("a", 2, 20), told("a", 1, 10), told("b", 3, 5)]);
        bring_up(&mut last, &[told("a", 4, 15), told("b", 5, 5)]);
        let values = last.attributes.iter().map(|one| one.as_f64().unwrap());
        assert_eq!(values.collect::<Vec<_>>(), [2.0, 5.0]);
    }
}
