//! Which entities of a shard have an attribute, and which have a number or a text of it.

mod numbers;
mod texts;

use std::collections::BTreeSet;
use std::sync::Arc;

use hashbrown::HashMap;
use ngsi_ld::{Attribute, Entity, Name};
use query::{Indexed, indexed_of};
use storage::EntityKey;

use numbers::{Numbers, rank};
pub(crate) use numbers::{Rank, number};
pub(crate) use texts::Collated;
pub(crate) use texts::Texts;
use texts::{MAX_BYTES, MAX_TEXTS};

/// The attributes of live entities. What a picture of a shard shares with it is copied when it changes, one attribute
/// at a time.
#[derive(Clone, Default)]
pub(crate) struct AttributeIndex {
    present: HashMap<Name, Arc<BTreeSet<EntityKey>>>,
    numbers: HashMap<Name, Arc<Numbers>>,
    texts: HashMap<Name, Arc<Texts>>,
}

/// What an entity has of one attribute in the way of numbers and texts.
#[derive(Clone, Copy, PartialEq)]
enum Found<'a> {
    Number(Rank),
    SeveralNumbers,
    Text(&'a str),
    OtherTexts,
}

/// A value among those of an attribute: texts come after numbers, in either direction (4.23.2).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum At {
    /// A number.
    Number(Rank),
    /// A text.
    Text(Collated),
}

/// How many values of an attribute are in an index, and how many entities have some that are in no order.
#[derive(Clone, Copy, Default)]
pub(crate) struct Counts {
    /// Entities with one number.
    pub(crate) numbers: usize,
    /// Entities with several.
    pub(crate) several_numbers: usize,
    /// Pairs of a text and an entity that has it.
    pub(crate) texts: usize,
    /// Entities with a text that is not indexed.
    pub(crate) other_texts: usize,
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
        let numbers = self.numbers.get(name);
        numbers
            .into_iter()
            .flat_map(move |numbers| numbers.in_range(low, high))
    }

    /// The entities that have an indexed text of the attribute, in order of creation, after one of them.
    pub(crate) fn with_text<'a>(
        &'a self,
        name: &Name,
        text: &'a Collated,
        after: Option<EntityKey>,
    ) -> impl Iterator<Item = EntityKey> + 'a {
        let texts = self.texts.get(name);
        texts.into_iter().flat_map(move |texts| texts.with(text, after))
    }

    /// How many there are.
    pub(crate) fn count_with_text(&self, name: &Name, text: &Collated) -> usize {
        self.texts.get(name).map_or(0, |texts| texts.count(text))
    }

    /// The entities that have a text of the attribute which is not indexed.
    pub(crate) fn with_other_texts(&self, name: &Name) -> Option<&BTreeSet<EntityKey>> {
        self.texts.get(name).map(|texts| &texts.others)
    }

    /// The texts of an attribute as they are now: who keeps them makes whoever changes them make a copy.
    pub(crate) fn texts(&self, name: &Name) -> Option<Arc<Texts>> {
        self.texts.get(name).cloned()
    }

    /// The entities that have several numbers of the attribute.
    pub(crate) fn with_several_numbers(&self, name: &Name) -> Option<&BTreeSet<EntityKey>> {
        self.numbers.get(name).map(|numbers| &numbers.several)
    }

    /// How many values of an attribute there are.
    pub(crate) fn counts(&self, name: &Name) -> Counts {
        let mut counts = Counts::default();
        if let Some(numbers) = self.numbers.get(name) {
            (counts.numbers, counts.several_numbers) = (numbers.single.len(), numbers.several.len());
        }
        if let Some(texts) = self.texts.get(name) {
            (counts.texts, counts.other_texts) = (texts.pairs, texts.others.len());
        }
        counts
    }

    /// The next entities by the one number that they have of an attribute and, if `texts`, then by each of their texts,
    /// after a place that was reached.
    pub(crate) fn along(
        &self,
        name: &Name,
        descending: bool,
        texts: bool,
        after: Option<&(At, EntityKey)>,
        count: usize,
    ) -> Vec<(At, EntityKey)> {
        let (number, text) = match after {
            Some((At::Number(rank), key)) => (Some((*rank, *key)), None),
            Some((At::Text(text), key)) => (None, Some((text.clone(), *key))),
            None => (None, None),
        };
        let mut found = Vec::new();
        if text.is_none()
            && let Some(numbers) = self.numbers.get(name)
        {
            let next = numbers.along(descending, number, count);
            found.extend(next.into_iter().map(|(rank, key)| (At::Number(rank), key)));
        }
        if texts
            && found.len() < count
            && let Some(texts) = self.texts.get(name)
        {
            let next = texts.along(descending, text.as_ref(), count - found.len());
            found.extend(next.into_iter().map(|(text, key)| (At::Text(text), key)));
        }
        found
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
        // Most writes change one attribute of many.
        let (old, new) = if same_key {
            without_common_ends(&old, &new)
        } else {
            (&*old, &*new)
        };
        if let Some((key, _)) = before {
            for (name, found) in old.iter().filter(|one| !same_key || !new.contains(one)) {
                self.forget(name, *found, key);
            }
        }
        if let Some((key, _)) = after {
            for (name, found) in new.iter().filter(|one| !same_key || !old.contains(one)) {
                self.learn(name, *found, key);
            }
        }
    }

    fn learn(&mut self, name: &Name, found: Found<'_>, key: EntityKey) {
        match found {
            Found::Number(_) | Found::SeveralNumbers => {
                let numbers = Arc::make_mut(self.numbers.entry(name.clone()).or_default());
                match found {
                    Found::Number(rank) => numbers.single.insert((rank, key)),
                    _ => numbers.several.insert(key),
                };
            }
            Found::Text(_) | Found::OtherTexts => {
                let texts = Arc::make_mut(self.texts.entry(name.clone()).or_default());
                if let Found::Text(text) = found {
                    texts.insert(text, key);
                } else {
                    texts.others.insert(key);
                }
            }
        }
    }

    fn forget(&mut self, name: &Name, found: Found<'_>, key: EntityKey) {
        match found {
            Found::Number(_) | Found::SeveralNumbers => {
                let Some(shared) = self.numbers.get_mut(name) else {
                    return;
                };
                let numbers = Arc::make_mut(shared);
                match found {
                    Found::Number(rank) => numbers.single.remove(&(rank, key)),
                    _ => numbers.several.remove(&key),
                };
                if numbers.is_empty() {
                    self.numbers.remove(name);
                }
            }
            Found::Text(_) | Found::OtherTexts => {
                let Some(shared) = self.texts.get_mut(name) else {
                    return;
                };
                let texts = Arc::make_mut(shared);
                if let Found::Text(text) = found {
                    texts.remove(text, key);
                } else {
                    texts.others.remove(&key);
                }
                if texts.is_empty() {
                    self.texts.remove(name);
                }
            }
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

fn found(attributes: &[Attribute]) -> Vec<(&Name, Found<'_>)> {
    let mut all = Vec::new();
    for instances in attributes.chunk_by(|a, b| a.name == b.name) {
        let name = &instances[0].name;
        let (start, mut number, mut others) = (all.len(), None, false);
        for instance in instances {
            indexed_of(instance, &mut |value| match value {
                Indexed::Number(found) => {
                    number = match number {
                        None => Some(Found::Number(rank(found))),
                        Some(_) => Some(Found::SeveralNumbers),
                    };
                }
                // Each once, so that what is the same before and after can be left out on both sides.
                Indexed::Text(text) if all[start..].contains(&(name, Found::Text(text))) => {}
                Indexed::Text(text) if text.len() <= MAX_BYTES && all.len() - start < MAX_TEXTS => {
                    all.push((name, Found::Text(text)));
                }
                Indexed::Text(_) => others = true,
            });
        }
        all.extend(number.map(|number| (name, number)));
        all.extend(others.then_some((name, Found::OtherTexts)));
    }
    all
}

/// Two lists without what they begin and end with in common.
fn without_common_ends<'a, T: PartialEq>(mut a: &'a [T], mut b: &'a [T]) -> (&'a [T], &'a [T]) {
    while let ([first, more_a @ ..], [other, more_b @ ..]) = (a, b)
        && first == other
    {
        (a, b) = (more_a, more_b);
    }
    while let ([less_a @ .., last], [less_b @ .., other]) = (a, b)
        && last == other
    {
        (a, b) = (less_a, less_b);
    }
    (a, b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ngsi_ld::{PropertyValue, Uri, Value};
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
        assert!(index.present.is_empty() && index.numbers.is_empty() && index.texts.is_empty());
    }

    #[test]
    fn texts_follow_their_entities() {
        let mut index = AttributeIndex::default();
        let (one, two) = (EntityKey(1), EntityKey(2));
        let long = "x".repeat(MAX_BYTES + 1);
        let many: Vec<_> = (0..=MAX_TEXTS).map(|n| n.to_string()).collect();
        let first = entity(&[
            ("a", json!("p")),
            ("b", json!(["p", "q", "p", 5])),
            ("d", json!("same")),
        ]);
        let second = entity(&[
            ("a", json!("p")),
            ("b", json!(long)),
            ("c", json!(many)),
            ("d", json!("same")),
        ]);
        index.update(None, Some((one, &first)));
        index.update(None, Some((two, &second)));
        let with = |index: &AttributeIndex, term: &str, text: &str| -> Vec<u64> {
            let found: Vec<_> = index
                .with_text(&name(term), &text.into(), None)
                .map(|key| key.0)
                .collect();
            assert_eq!(index.count_with_text(&name(term), &text.into()), found.len());
            found
        };
        let others = |index: &AttributeIndex, term: &str| -> Vec<u64> {
            index
                .with_other_texts(&name(term))
                .into_iter()
                .flatten()
                .map(|key| key.0)
                .collect()
        };
        assert_eq!(with(&index, "a", "p"), [1, 2]);
        assert_eq!(
            (with(&index, "b", "p"), with(&index, "b", "q")),
            (vec![1], vec![1])
        );
        assert_eq!(
            (with(&index, "b", &long), others(&index, "b")),
            (vec![], vec![2]),
            "not copied"
        );
        assert_eq!(
            (with(&index, "c", "0"), others(&index, "c")),
            (vec![2], vec![2]),
            "too many"
        );
        assert_eq!(index.counts(&name("b")).texts, 2, "each once");
        let picture = index.clone();
        let changed = entity(&[("a", json!("r")), ("b", json!(["q"])), ("d", json!("same"))]);
        index.update(Some((one, &first)), Some((one, &changed)));
        assert_eq!(
            (with(&index, "a", "p"), with(&index, "a", "r")),
            (vec![2], vec![1])
        );
        assert_eq!(
            (with(&index, "b", "p"), with(&index, "b", "q")),
            (vec![], vec![1])
        );
        assert_eq!(
            (with(&picture, "a", "p"), with(&picture, "b", "p")),
            (vec![1, 2], vec![1])
        );
        assert!(
            Arc::ptr_eq(&index.texts[&name("d")], &picture.texts[&name("d")]),
            "not touched, not copied"
        );
        index.update(Some((one, &changed)), None);
        index.update(Some((two, &second)), None);
        assert!(index.present.is_empty() && index.numbers.is_empty() && index.texts.is_empty());
    }
}
