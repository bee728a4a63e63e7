//! Classes of attributes: what kind of knowledge an attribute of a type is, so that rules are few and what is new is in
//! the most restrictive class.

use hashbrown::HashMap;
use ngsi_ld::{Entity, Name};

/// A class of attributes: an index into [`Classification::classes`]. They are ordered: a later one is more restrictive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Class(pub u8);

/// Which attributes are of which class.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Classification {
    classes: Vec<Box<str>>,
    of: HashMap<Name, Types>,
    anywhere: HashMap<Name, Class>,
}

/// What is said of one type.
#[derive(Clone, Debug, Default, PartialEq)]
struct Types {
    attributes: HashMap<Name, Class>,
    others: Option<Class>,
}

impl Types {
    fn class_of(&self, attribute: &Name) -> Option<Class> {
        self.attributes.get(attribute).copied().or(self.others)
    }
}

impl Classification {
    /// None of the attributes is in a class yet, so all are in the last. `classes` are from the least restrictive to
    /// the most; there is at least one, and those past 256 are left out.
    pub fn new(classes: impl IntoIterator<Item = Box<str>>) -> Self {
        let mut classes: Vec<Box<str>> = classes.into_iter().take(256).collect();
        if classes.is_empty() {
            classes.push("restricted".into());
        }
        Self {
            classes,
            ..Self::default()
        }
    }

    /// The names of the classes, from the least restrictive to the most.
    pub fn classes(&self) -> &[Box<str>] {
        &self.classes
    }

    /// The class of that name.
    pub fn class(&self, name: &str) -> Option<Class> {
        let at = self.classes.iter().position(|class| **class == *name)?;
        u8::try_from(at).ok().map(Class)
    }

    /// The most restrictive class: that of what nobody classified.
    pub fn most_restrictive(&self) -> Class {
        Class(u8::try_from(self.classes.len().saturating_sub(1)).unwrap_or(u8::MAX))
    }

    /// Puts an attribute of a type into a class.
    pub fn attribute(&mut self, of: Name, attribute: Name, class: Class) {
        self.of.entry(of).or_default().attributes.insert(attribute, class);
    }

    /// Puts those attributes of a type into a class that are not named by [`Self::attribute`].
    pub fn others(&mut self, of: Name, class: Class) {
        self.of.entry(of).or_default().others = Some(class);
    }

    /// Puts an attribute into a class wherever nothing is said of it for a type of the entity.
    pub fn anywhere(&mut self, attribute: Name, class: Class) {
        self.anywhere.insert(attribute, class);
    }

    /// Whether anything is said of a type.
    pub fn knows(&self, of: &Name) -> bool {
        self.of.contains_key(of)
    }

    /// The class of an attribute of entities that have this type and no other.
    pub fn class_in(&self, of: &Name, attribute: &Name) -> Class {
        self.of_types(std::slice::from_ref(of)).class_of(attribute)
    }

    /// The class of an attribute of an entity: of several types, the most restrictive one that a type of the entity
    /// names for it. A type of which nothing is said says nothing where another type of the entity does; where none
    /// does, what is said of the attribute [`Self::anywhere`], else the most restrictive.
    pub fn class_of(&self, entity: &Entity, attribute: &Name) -> Class {
        self.of(entity).class_of(attribute)
    }

    /// What is said of an entity's types, looked up once for all its attributes.
    pub(super) fn of<'a>(&'a self, entity: &'a Entity) -> ClassesOf<'a> {
        self.of_types(&entity.types)
    }

    /// What is said of types.
    pub(super) fn of_types<'a>(&'a self, types: &'a [Name]) -> ClassesOf<'a> {
        let types = match types {
            [one] => Said::One(self.of.get(one)),
            several => Said::Several(several),
        };
        ClassesOf {
            classification: self,
            types,
        }
    }

    /// A number that another classification does not have, the same after a restart.
    pub(super) fn fingerprint(&self) -> u64 {
        let mut said: Vec<String> = self
            .classes
            .iter()
            .map(|class| format!("class {class}"))
            .collect();
        let mut entries: Vec<String> = Vec::new();
        for (of, types) in &self.of {
            let each = types.attributes.iter();
            entries.extend(each.map(|(attribute, class)| format!("{of} {attribute} {}", class.0)));
            entries.extend(types.others.map(|class| format!("{of} * {}", class.0)));
        }
        let anywhere = self.anywhere.iter();
        entries.extend(anywhere.map(|(attribute, class)| format!("* {attribute} {}", class.0)));
        entries.sort_unstable();
        said.append(&mut entries);
        fnv(&said.join("\n"))
    }
}

/// The classes of the attributes of one entity.
#[derive(Clone, Copy, Debug)]
pub(super) struct ClassesOf<'a> {
    classification: &'a Classification,
    types: Said<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Said<'a> {
    One(Option<&'a Types>),
    Several(&'a [Name]),
}

impl ClassesOf<'_> {
    /// See [`Classification::class_of`].
    pub(super) fn class_of(&self, attribute: &Name) -> Class {
        let all = self.classification;
        let said = match self.types {
            Said::One(types) => types.and_then(|types| types.class_of(attribute)),
            Said::Several(names) => {
                let each = names
                    .iter()
                    .filter_map(|name| all.of.get(name)?.class_of(attribute));
                each.max()
            }
        };
        said.or_else(|| all.anywhere.get(attribute).copied())
            .unwrap_or_else(|| all.most_restrictive())
    }
}

/// FNV-1a.
pub(super) fn fnv(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ngsi_ld::Uri;

    fn name(term: &str) -> Name {
        Name::default_term(term)
    }

    #[test]
    fn of_several_types_the_most_restrictive_word_counts_and_silence_is_the_most_restrictive_of_all() {
        let mut classes = Classification::new(["open".into(), "internal".into(), "personal".into()]);
        let class = |name: &str| Classification::clone(&classes).class(name).unwrap();
        let (open, internal, personal) = (class("open"), class("internal"), class("personal"));
        classes.attribute(name("Car"), name("speed"), open);
        classes.others(name("Car"), internal);
        classes.attribute(name("Taxi"), name("speed"), personal);
        let mut car = Entity::new(Uri::ngsi_ld("Car", "1"), name("Car"));
        assert_eq!(classes.class_of(&car, &name("speed")), open);
        assert_eq!(classes.class_of(&car, &name("colour")), internal);
        car.types = [name("Car"), name("Taxi")].into();
        assert_eq!(classes.class_of(&car, &name("speed")), personal);
        assert_eq!(classes.class_of(&car, &name("colour")), internal);
        let new = Entity::new(Uri::ngsi_ld("New", "1"), name("New"));
        assert_eq!(classes.class_of(&new, &name("speed")), personal);
        assert_eq!(classes.most_restrictive(), personal);
        assert!(classes.class("none").is_none());
        let before = classes.fingerprint();
        classes.anywhere(name("speed"), open);
        assert_eq!(classes.class_of(&new, &name("speed")), open);
        assert_eq!(
            classes.class_of(&car, &name("speed")),
            personal,
            "a type says more"
        );
        assert_ne!(classes.fingerprint(), before);
        assert_eq!(classes.fingerprint(), classes.clone().fingerprint());
    }
}
