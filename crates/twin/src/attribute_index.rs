//! Which entities of a shard have an attribute, and which have a number of it in a range.

use std::collections::BTreeSet;
use std::ops::Bound;
use std::sync::Arc;

use hashbrown::HashMap;
use ngsi_ld::{Attribute, Entity, Name};
use query::numbers_of;
use storage::EntityKey;

/// A number's place among numbers: see [`rank`].
pub(crate) type Rank = u64;

/// The attributes of live entities. What a picture of a shard shares with it is copied when it changes, one attribute
/// at a time.
#[derive(Clone, Default)]
pub(crate) struct AttributeIndex {
    present: HashMap<Name, Arc<BTreeSet<EntityKey>>>,
    numbers: HashMap<Name, Arc<Numbers>>,
}

/// The numbers of one attribute.
#[derive(Clone, Default)]
struct Numbers {
    /// Of entities that have one.
    single: BTreeSet<(Rank, EntityKey)>,
    /// The entities that have several: in several data sets, or in an array.
    several: BTreeSet<EntityKey>,
}

/// What an entity has of one attribute in the way of numbers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Found {
    Single(Rank),
    Several,
}

impl AttributeIndex {
    /// The entities that have an attribute.
    pub(crate) fn with(&self, name: &Name) -> Option<&BTreeSet<EntityKey>> {
        self.present.get(name).map(|keys| &**keys)
    }

    /// How many there are.
    pub(crate) fn count_with(&self, name: &Name) -> usize {
        self.with(name).map_or(0, BTreeSet::len)
    }

    /// The entities that may have a number of the attribute in the range, which holds both ends; in no order.
    pub(crate) fn in_range(&self, name: &Name, low: f64, high: f64) -> impl Iterator<Item = EntityKey> + '_ {
        let (low, high) = (rank(low), rank(high));
        self.numbers.get(name).into_iter().flat_map(move |numbers| {
            let single = (low <= high).then(|| {
                let from = (low, EntityKey(u64::MIN));
                numbers.single.range(from..=(high, EntityKey(u64::MAX)))
            });
            let single = single.into_iter().flatten().map(|(_, key)| *key);
            single.chain(numbers.several.iter().copied())
        })
    }

    /// How many entities have one number of an attribute, and how many have several.
    pub(crate) fn count_numbers(&self, name: &Name) -> (usize, usize) {
        self.numbers
            .get(name)
            .map_or((0, 0), |numbers| (numbers.single.len(), numbers.several.len()))
    }

    /// The entities that have several numbers of an attribute.
    pub(crate) fn with_several(&self, name: &Name) -> impl Iterator<Item = EntityKey> + '_ {
        self.numbers
            .get(name)
            .into_iter()
            .flat_map(|numbers| numbers.several.iter().copied())
    }

    /// The next entities that have one number of an attribute, by that number, after a place that was reached.
    pub(crate) fn by_number(
        &self,
        name: &Name,
        descending: bool,
        after: Option<(Rank, EntityKey)>,
        count: usize,
    ) -> Vec<(Rank, EntityKey)> {
        let Some(numbers) = self.numbers.get(name) else {
            return Vec::new();
        };
        let bound = after.map_or(Bound::Unbounded, Bound::Excluded);
        if descending {
            let range = numbers.single.range((Bound::Unbounded, bound));
            range.rev().take(count).copied().collect()
        } else {
            let range = numbers.single.range((bound, Bound::Unbounded));
            range.take(count).copied().collect()
        }
    }

    /// Brings the index from what an entity was to what it is, touching only what differs.
    pub(crate) fn update(
        &mut self,
        before: Option<(EntityKey, &Entity)>,
        after: Option<(EntityKey, &Entity)>,
    ) {
        let key = |side: Option<(EntityKey, &Entity)>| side.map(|(key, _)| key);
        let same_key = key(before) == key(after);
        let (old, new) = (attributes(before), attributes(after));
        if !(same_key && names(old).eq(names(new))) {
            let kept = |name: &Name, side: &[Attribute]| same_key && side.iter().any(|a| a.name == *name);
            if let Some((key, _)) = before {
                for name in names(old).filter(|name| !kept(name, new)) {
                    if let Some(keys) = self.present.get_mut(name) {
                        Arc::make_mut(keys).remove(&key);
                        if keys.is_empty() {
                            self.present.remove(name);
                        }
                    }
                }
            }
            if let Some((key, _)) = after {
                for name in names(new).filter(|name| !kept(name, old)) {
                    let keys = self.present.entry(name.clone()).or_default();
                    Arc::make_mut(keys).insert(key);
                }
            }
        }
        let (old, new) = (found(old), found(new));
        if same_key && old == new {
            return;
        }
        if let Some((key, _)) = before {
            for (name, found) in old.iter().filter(|one| !same_key || !new.contains(one)) {
                self.forget(name, *found, key);
            }
        }
        if let Some((key, _)) = after {
            for (name, found) in new.iter().filter(|one| !same_key || !old.contains(one)) {
                let numbers = Arc::make_mut(self.numbers.entry((*name).clone()).or_default());
                match found {
                    Found::Single(rank) => numbers.single.insert((*rank, key)),
                    Found::Several => numbers.several.insert(key),
                };
            }
        }
    }

    fn forget(&mut self, name: &Name, found: Found, key: EntityKey) {
        let Some(shared) = self.numbers.get_mut(name) else {
            return;
        };
        let numbers = Arc::make_mut(shared);
        match found {
            Found::Single(rank) => numbers.single.remove(&(rank, key)),
            Found::Several => numbers.several.remove(&key),
        };
        if numbers.single.is_empty() && numbers.several.is_empty() {
            self.numbers.remove(name);
        }
    }
}

fn attributes(side: Option<(EntityKey, &Entity)>) -> &[Attribute] {
    side.map_or(&[], |(_, entity)| &entity.attributes)
}

/// Each name once: instances of one name stand together.
fn names(attributes: &[Attribute]) -> impl Iterator<Item = &Name> {
    attributes
        .chunk_by(|a, b| a.name == b.name)
        .map(|instances| &instances[0].name)
}

fn found(attributes: &[Attribute]) -> Vec<(&Name, Found)> {
    let mut all = Vec::new();
    for instances in attributes.chunk_by(|a, b| a.name == b.name) {
        let mut one = None;
        for instance in instances {
            numbers_of(instance, &mut |number| {
                one = match one {
                    None => Some(Found::Single(rank(number))),
                    Some(_) => Some(Found::Several),
                };
            });
        }
        all.extend(one.map(|one| (&instances[0].name, one)));
    }
    all
}

/// A number's place among numbers: equal numbers have equal ones, a greater number a greater one.
fn rank(number: f64) -> Rank {
    // Both zeros are equal.
    let bits = if number == 0.0 { 0 } else { number.to_bits() };
    if bits >> 63 == 0 { bits | 1 << 63 } else { !bits }
}

/// The number at a place.
pub(crate) fn number(rank: Rank) -> f64 {
    f64::from_bits(if rank >> 63 == 1 { rank & !(1 << 63) } else { !rank })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ngsi_ld::{PropertyValue, Uri, Value};
    use proptest::prelude::*;
    use serde_json::json;

    fn name(term: &str) -> Name {
        Name::default_term(term)
    }

    fn entity(values: &[(&str, serde_json::Value)]) -> Entity {
        let mut entity = Entity::new(Uri::ngsi_ld("T", "1"), name("T"));
        for (index, (term, value)) in values.iter().enumerate() {
            let value = Value::Property(PropertyValue::from_json(value.clone()));
            entity.put(Attribute::new(name(term), value).dataset(Uri::ngsi_ld("D", &index.to_string())));
        }
        entity
    }

    proptest! {
        #[test]
        fn ranks_are_in_the_order_of_numbers(a in any::<f64>(), b in any::<f64>()) {
            prop_assume!(!a.is_nan() && !b.is_nan());
            prop_assert_eq!(rank(a).cmp(&rank(b)), a.partial_cmp(&b).unwrap());
            prop_assert!(number(rank(a)).to_bits() == a.to_bits() || a == 0.0);
        }
    }

    #[test]
    fn an_index_follows_its_entities() {
        let mut index = AttributeIndex::default();
        let (one, two) = (EntityKey(1), EntityKey(2));
        let first = entity(&[("a", json!(5)), ("b", json!("x"))]);
        let second = entity(&[("a", json!([1, 20])), ("c", json!(-0.0))]);
        index.update(None, Some((one, &first)));
        index.update(None, Some((two, &second)));
        let range = |index: &AttributeIndex, term: &str, low: f64, high: f64| -> Vec<u64> {
            index.in_range(&name(term), low, high).map(|key| key.0).collect()
        };
        assert_eq!(index.count_with(&name("a")), 2);
        assert_eq!(
            range(&index, "a", 5.0, 5.0),
            [1, 2],
            "several numbers may always be inside"
        );
        assert_eq!(range(&index, "a", 6.0, f64::INFINITY), [2]);
        assert_eq!(range(&index, "a", 9.0, 1.0), [2]);
        assert_eq!(range(&index, "c", 0.0, 0.0), [2]);
        assert!(range(&index, "b", f64::NEG_INFINITY, f64::INFINITY).is_empty());
        let picture = index.clone();
        let changed = entity(&[("a", json!(7))]);
        index.update(Some((one, &first)), Some((one, &changed)));
        assert_eq!(range(&index, "a", 5.0, 6.0), [2]);
        assert_eq!(range(&index, "a", 7.0, 7.0), [1, 2]);
        assert_eq!(
            (index.count_with(&name("b")), picture.count_with(&name("b"))),
            (0, 1)
        );
        assert_eq!(range(&picture, "a", 5.0, 6.0), [1, 2]);
        index.update(Some((one, &changed)), None);
        index.update(Some((two, &second)), None);
        assert!(index.present.is_empty() && index.numbers.is_empty());
    }
}
