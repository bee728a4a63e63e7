//! The texts of one attribute, in the order of the root collation, each once.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use query::compare_texts;
use storage::EntityKey;

/// The longest text that is indexed, in bytes: the index holds a copy of it.
pub(crate) const MAX_BYTES: usize = 256;
/// The most texts that one entity may have of one attribute, in all data sets and languages, all of which are indexed.
pub(crate) const MAX_TEXTS: usize = 32;

/// A text in the order of the root collation, by code points where that makes no difference: the default order of
/// strings (4.23.3), in which equal texts are the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Collated(pub(crate) Box<str>);

impl Ord for Collated {
    fn cmp(&self, other: &Self) -> Ordering {
        compare_texts(&self.0, &other.0)
    }
}

impl PartialOrd for Collated {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl From<&str> for Collated {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

/// The texts of one attribute.
#[derive(Clone, Default)]
pub(crate) struct Texts {
    by_text: BTreeMap<Collated, Keys>,
    /// How many pairs of a text and an entity there are in it.
    pub(super) pairs: usize,
    /// The entities with a text that is not in it: a long one, or one too many.
    pub(super) others: BTreeSet<EntityKey>,
}

/// The entities that have a text. Most texts are of one alone, or few texts of many.
#[derive(Clone)]
enum Keys {
    One(EntityKey),
    #[allow(clippy::box_collection, reason = "half as large, where there is one")]
    Many(Box<BTreeSet<EntityKey>>),
}

impl Keys {
    fn len(&self) -> usize {
        match self {
            Self::One(_) => 1,
            Self::Many(keys) => keys.len(),
        }
    }

    /// In order of creation.
    fn after(&self, after: Option<EntityKey>) -> impl Iterator<Item = EntityKey> + '_ {
        let (one, many) = match self {
            Self::One(key) => (Some(*key).filter(|key| Some(*key) > after), None),
            Self::Many(keys) => {
                let from = after.map_or(Bound::Unbounded, Bound::Excluded);
                (None, Some(keys.range((from, Bound::Unbounded))))
            }
        };
        one.into_iter().chain(many.into_iter().flatten().copied())
    }
}

impl Texts {
    pub(super) fn is_empty(&self) -> bool {
        self.by_text.is_empty() && self.others.is_empty()
    }

    pub(super) fn insert(&mut self, text: &str, key: EntityKey) {
        let mut added = true;
        self.by_text
            .entry(text.into())
            .and_modify(|keys| match keys {
                Keys::One(one) if *one == key => added = false,
                Keys::One(one) => *keys = Keys::Many(Box::new(BTreeSet::from([*one, key]))),
                Keys::Many(many) => added = many.insert(key),
            })
            .or_insert(Keys::One(key));
        self.pairs += usize::from(added);
    }

    pub(super) fn remove(&mut self, text: &str, key: EntityKey) {
        let text = Collated::from(text);
        let Some(keys) = self.by_text.get_mut(&text) else {
            return;
        };
        let left = match keys {
            Keys::One(one) if *one == key => None,
            Keys::One(_) => return,
            Keys::Many(many) => {
                if !many.remove(&key) {
                    return;
                }
                let mut left = many.iter().copied();
                Some((left.next(), left.next()))
            }
        };
        self.pairs -= 1;
        match left {
            None | Some((None, _)) => {
                self.by_text.remove(&text);
            }
            Some((Some(only), None)) => *keys = Keys::One(only),
            Some((Some(_), Some(_))) => {}
        }
    }

    /// How many different texts there are.
    pub(crate) fn different(&self) -> usize {
        self.by_text.len()
    }

    /// Gives the entities that have a text that is taken, each text being asked once, and those with a text that is not
    /// in it.
    pub(crate) fn that<'a>(
        &'a self,
        takes: &'a dyn Fn(&str) -> bool,
    ) -> impl Iterator<Item = EntityKey> + 'a {
        let taken = self.by_text.iter().filter(move |(text, _)| takes(&text.0));
        let with = taken.flat_map(|(_, keys)| keys.after(None));
        with.chain(self.others.iter().copied())
    }

    /// How many entities have a text.
    pub(super) fn count(&self, text: &Collated) -> usize {
        self.by_text.get(text).map_or(0, Keys::len)
    }

    /// The entities that have a text, in order of creation.
    pub(super) fn with(
        &self,
        text: &Collated,
        after: Option<EntityKey>,
    ) -> impl Iterator<Item = EntityKey> + '_ {
        self.by_text
            .get(text)
            .into_iter()
            .flat_map(move |keys| keys.after(after))
    }

    /// The next entities by their texts, after a place that was reached; one with several texts stands at each.
    pub(super) fn along(
        &self,
        descending: bool,
        after: Option<&(Collated, EntityKey)>,
        count: usize,
    ) -> Vec<(Collated, EntityKey)> {
        let here = after.and_then(|(text, key)| {
            let (text, keys) = self.by_text.get_key_value(text)?;
            Some(keys.after(Some(*key)).map(move |key| (text, key)))
        });
        let bound = after.map_or(Bound::Unbounded, |(text, _)| Bound::Excluded(text));
        let (up, down) = if descending {
            (None, Some(self.by_text.range((Bound::Unbounded, bound)).rev()))
        } else {
            (Some(self.by_text.range((bound, Bound::Unbounded))), None)
        };
        let further = up.into_iter().flatten().chain(down.into_iter().flatten());
        let further = further.flat_map(|(text, keys)| keys.after(None).map(move |key| (text, key)));
        here.into_iter()
            .flatten()
            .chain(further)
            .take(count)
            .map(|(text, key)| (text.clone(), key))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// A list of pairs, sorted by the collation itself.
        #[test]
        fn it_holds_what_was_put_and_not_taken(
            steps in prop::collection::vec(
                (
                    any::<bool>(),
                    prop::sample::select(vec!["", "a", "A", "b", "\u{e1}", "a\u{301}", "1", "sensor 10", "sensor 9"]),
                    0..4_u64,
                ),
                0..60,
            ),
            descending in any::<bool>(), count in 1..4_usize,
        ) {
            let root = query::collation::Collation::new(Some("und")).unwrap();
            let mut texts = Texts::default();
            let mut pairs: BTreeSet<(&str, u64)> = BTreeSet::new();
            for (put, text, key) in steps {
                if put {
                    texts.insert(text, EntityKey(key));
                    pairs.insert((text, key));
                } else {
                    texts.remove(text, EntityKey(key));
                    pairs.remove(&(text, key));
                }
            }
            prop_assert_eq!(texts.pairs, pairs.len());
            prop_assert_eq!(texts.is_empty(), pairs.is_empty());
            let mut expected: Vec<_> = pairs.into_iter().collect();
            expected.sort_by(|(a, x), (b, y)| {
                let texts = root.compare(a, b).then(a.cmp(b));
                if descending { texts.reverse() } else { texts }.then(x.cmp(y))
            });
            for (text, _) in &expected {
                let of_it = expected.iter().filter(|(other, _)| other == text).map(|(_, key)| EntityKey(*key));
                prop_assert_eq!(texts.count(&(*text).into()), of_it.clone().count());
                let found = texts.with(&(*text).into(), None).collect::<Vec<_>>();
                prop_assert_eq!(found, of_it.collect::<Vec<_>>());
            }
            let mut found: Vec<(Collated, EntityKey)> = Vec::new();
            loop {
                let more = texts.along(descending, found.last(), count);
                let ended = more.len() < count;
                found.extend(more);
                if ended {
                    break;
                }
            }
            let found: Vec<_> = found.iter().map(|(text, key)| (&*text.0, key.0)).collect();
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn a_key_in_the_map_takes_as_little_as_it_can() {
        assert_eq!(size_of::<(Collated, Keys)>(), 32);
    }
}
