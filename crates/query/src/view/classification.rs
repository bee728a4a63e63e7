//! Classes of attributes: what kind of knowledge an attribute of a type is, so that rules are few and what is new is in
//! the most restrictive class.

use std::collections::HashMap;

use ngsi_ld::{Entity, Name};

/// A class of attributes: an index into [`Classification::classes`]. They are ordered: a later one is more restrictive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Class(pub u8);

/// Which attributes are of which class.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Classification {
    classes: Vec<Box<str>>,
    of: HashMap<Name, Types>,
}

/// What is said of one type.
#[derive(Clone, Debug, Default, PartialEq)]
struct Types {
    attributes: HashMap<Name, Class>,
    others: Option<Class>,
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
            of: HashMap::new(),
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

    /// The class of an attribute of an entity: of several types, the most restrictive one that a type of the entity
    /// names for it. A type of which nothing is said says nothing where another type of the entity does; where none
    /// does, the most restrictive.
    pub fn class_of(&self, entity: &Entity, attribute: &Name) -> Class {
        let said = entity.types.iter().filter_map(|of| {
            let of = self.of.get(of)?;
            of.attributes.get(attribute).copied().or(of.others)
        });
        said.max().unwrap_or_else(|| self.most_restrictive())
    }
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
    }
}
