//! What of certain classes was shown through a view: counted while one request is answered, so that it can be written
//! down before the answer is sent.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ngsi_ld::{Entity, Name, Uri};

use super::{Class, Classification};

/// Of more entities the ids are not kept, and each is counted as often as it is shown.
const MOST_IDS: usize = 1_000;

/// Counts what is shown of a class and those that are more restrictive. What is of no such class costs a lookup for each
/// of its attributes, and no lock.
#[derive(Debug)]
pub struct Shown {
    classification: Arc<Classification>,
    from: Class,
    counted: Mutex<Counted>,
}

/// By type and class.
type Kinds = BTreeMap<(Option<Name>, Class), Ids>;

#[derive(Debug, Default)]
struct Counted {
    kinds: Kinds,
    all: Ids,
}

/// Each once, as long as there are not too many.
#[derive(Debug, Default)]
struct Ids {
    known: BTreeSet<Uri>,
    beyond: usize,
}

impl Ids {
    fn add(&mut self, id: &Uri) {
        if self.known.contains(id) {
            return;
        }
        if self.known.len() < MOST_IDS {
            self.known.insert(id.clone());
        } else {
            self.beyond += 1;
        }
    }

    fn count(&self) -> usize {
        self.known.len() + self.beyond
    }
}

/// What was shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownOf {
    /// The first type of the entities, the class of the attributes, and of how many entities.
    pub kinds: Vec<(Option<Name>, Box<str>, usize)>,
    /// The first thousand entities.
    pub ids: BTreeSet<Uri>,
    /// How many there are; more than a thousand are counted as often as they were shown.
    pub entities: usize,
}

impl Shown {
    /// Nothing yet, of this class and those after it.
    pub fn new(classification: Arc<Classification>, from: Class) -> Self {
        Self {
            classification,
            from,
            counted: Mutex::default(),
        }
    }

    /// Something is shown: an entity with the attributes that the caller sees of it.
    pub fn look(&self, entity: &Entity) {
        let names = entity.attributes.iter().map(|attribute| &attribute.name);
        self.look_at(&entity.id, &entity.types, names);
    }

    /// The same, of the attributes with these names.
    pub fn look_at<'a>(&self, id: &Uri, types: &[Name], names: impl IntoIterator<Item = &'a Name>) {
        let of = self.classification.of_types(types);
        let mut seen: Vec<Class> = Vec::new();
        for name in names {
            let class = of.class_of(name);
            if class >= self.from && !seen.contains(&class) {
                seen.push(class);
            }
        }
        if seen.is_empty() {
            return;
        }
        let mut counted = self.counted();
        counted.all.add(id);
        for class in seen {
            let kind = (types.first().cloned(), class);
            counted.kinds.entry(kind).or_default().add(id);
        }
    }

    /// What was counted, from then on forgotten; nothing where nothing was.
    pub fn take(&self) -> Option<ShownOf> {
        let counted = std::mem::take(&mut *self.counted());
        if counted.kinds.is_empty() {
            return None;
        }
        let classes = self.classification.classes();
        let kinds = counted.kinds.into_iter().map(|((of, class), ids)| {
            let class = classes.get(usize::from(class.0));
            (of, class.cloned().unwrap_or_default(), ids.count())
        });
        Some(ShownOf {
            kinds: kinds.collect(),
            entities: counted.all.count(),
            ids: counted.all.known,
        })
    }

    fn counted(&self) -> MutexGuard<'_, Counted> {
        // What was counted holds also where somebody broke off.
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ngsi_ld::Attribute;

    fn name(term: &str) -> Name {
        Name::default_term(term)
    }

    fn shown() -> Shown {
        let mut classes = Classification::new(["open".into(), "personal".into(), "special".into()]);
        for (of, attribute, class) in [
            ("Road", "name", 0),
            ("Road", "reporter", 1),
            ("Person", "name", 1),
            ("Person", "health", 2),
        ] {
            classes.attribute(name(of), name(attribute), Class(class));
        }
        Shown::new(Arc::new(classes), Class(1))
    }

    fn entity(of: &str, id: usize, attributes: &[&str]) -> Entity {
        let entity = Entity::new(Uri::ngsi_ld(of, &id.to_string()), name(of));
        attributes.iter().fold(entity, |entity, attribute| {
            entity.with(Attribute::property(name(attribute), 1_i64))
        })
    }

    #[test]
    fn what_is_personal_is_counted_once_for_each_entity_and_the_rest_is_not() {
        let shown = shown();
        shown.look(&entity("Road", 1, &["name"]));
        shown.look(&entity("Person", 9, &[]));
        assert_eq!(shown.take(), None);
        for _ in 0..3 {
            shown.look(&entity("Road", 1, &["name", "reporter"]));
            shown.look(&entity("Person", 1, &["health"]));
            shown.look(&entity("Person", 1, &["name"]));
        }
        shown.look(&entity("Person", 2, &["name", "name"]));
        shown.look(&entity("New", 1, &["x"]));
        let found = shown.take().unwrap();
        let kinds: Vec<(&str, &str, usize)> = found
            .kinds
            .iter()
            .map(|(of, class, times)| (of.as_ref().unwrap().short(), &**class, *times))
            .collect();
        // What nobody classified is the most restrictive.
        let mut expected = [
            ("New", "special", 1),
            ("Person", "personal", 2),
            ("Person", "special", 1),
            ("Road", "personal", 1),
        ];
        expected.sort_unstable();
        let mut kinds = kinds;
        kinds.sort_unstable();
        assert_eq!(kinds, expected);
        assert_eq!((found.entities, found.ids.len()), (4, 4));
        assert_eq!(shown.take(), None, "it is forgotten");
    }

    #[test]
    fn of_very_many_the_ids_are_not_kept() {
        let shown = shown();
        for id in 0..1_500 {
            shown.look(&entity("Person", id, &["name"]));
        }
        let found = shown.take().unwrap();
        assert_eq!(
            (found.entities, found.ids.len(), found.kinds[0].2),
            (1_500, 1_000, 1_500)
        );
    }
}
