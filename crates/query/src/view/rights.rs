//! What may be done with entities and their attributes.

use std::sync::Arc;

use ngsi_ld::{Entity, Name};

use super::{Class, Classification, Condition};

/// For each class of attributes, of which entities it may be done.
#[derive(Clone, Debug)]
pub struct Rights(Inner);

#[derive(Clone, Debug)]
enum Inner {
    All,
    None,
    ByClass {
        classification: Arc<Classification>,
        /// By [`Class`]; of a class past the end, never.
        conditions: Arc<[Condition]>,
    },
}

impl Rights {
    /// With all of all.
    pub fn all() -> Self {
        Self(Inner::All)
    }

    /// With nothing.
    pub fn none() -> Self {
        Self(Inner::None)
    }

    /// With the attributes of each class where its condition holds of the entity; `conditions` are in the order of the
    /// classes.
    pub fn by_class(classification: Arc<Classification>, conditions: impl Into<Arc<[Condition]>>) -> Self {
        let conditions = conditions.into();
        let of_every_class = conditions.len() >= classification.classes().len();
        if of_every_class && conditions.iter().all(|one| *one == Condition::Always) {
            return Self::all();
        }
        if conditions.iter().all(|one| *one == Condition::Never) {
            return Self::none();
        }
        Self(Inner::ByClass {
            classification,
            conditions,
        })
    }

    /// Whether it is all of all, so that readers may take short cuts.
    pub fn is_all(&self) -> bool {
        matches!(self.0, Inner::All)
    }

    /// Whether it is nothing at all.
    pub fn is_none(&self) -> bool {
        matches!(self.0, Inner::None)
    }

    /// What they are of one entity.
    pub fn of<'a>(&'a self, entity: &'a Entity) -> RightsOf<'a> {
        RightsOf {
            rights: self,
            entity,
            known: [None; 8],
        }
    }
}

/// The rights to one entity: each condition is decided once.
#[derive(Debug)]
pub struct RightsOf<'a> {
    rights: &'a Rights,
    entity: &'a Entity,
    known: [Option<bool>; 8],
}

impl RightsOf<'_> {
    /// Whether they are to the attributes of a class.
    pub fn to(&mut self, class: Class) -> bool {
        match &self.rights.0 {
            Inner::All => true,
            Inner::None => false,
            Inner::ByClass { conditions, .. } => {
                let at = usize::from(class.0);
                let decide = || {
                    conditions
                        .get(at)
                        .is_some_and(|condition| condition.holds(self.entity))
                };
                match self.known.get(at).copied() {
                    Some(Some(known)) => known,
                    Some(None) => {
                        let known = decide();
                        self.known[at] = Some(known);
                        known
                    }
                    None => decide(),
                }
            }
        }
    }

    /// Whether they are to an attribute of that name.
    pub fn to_attribute(&mut self, attribute: &Name) -> bool {
        match &self.rights.0 {
            Inner::All => true,
            Inner::None => false,
            Inner::ByClass { classification, .. } => self.to(classification.class_of(self.entity, attribute)),
        }
    }

    /// Whether they are to every class, so also to an entity without attributes.
    pub fn to_all(&mut self) -> bool {
        match &self.rights.0 {
            Inner::All => true,
            Inner::None => false,
            Inner::ByClass { classification, .. } => {
                (0..=classification.most_restrictive().0).all(|class| self.to(Class(class)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ngsi_ld::{Attribute, Uri};

    fn name(term: &str) -> Name {
        Name::default_term(term)
    }

    #[test]
    fn the_class_of_the_attribute_and_the_condition_of_the_class_decide() {
        let mut classes = Classification::new(["open".into(), "personal".into()]);
        let open = classes.class("open").unwrap();
        classes.attribute(name("Car"), name("speed"), open);
        let classes = Arc::new(classes);
        let own = Condition::Attribute(name("owner"), super::super::Test::Is("Ada".into()));
        let rights = Rights::by_class(Arc::clone(&classes), [Condition::Always, own.clone()]);
        let car = |owner: &str| {
            Entity::new(Uri::ngsi_ld("Car", "1"), name("Car")).with(Attribute::property(name("owner"), owner))
        };
        let (ada, bob) = (car("Ada"), car("Bob"));
        assert!(rights.of(&ada).to_attribute(&name("plate")) && rights.of(&ada).to_all());
        assert!(!rights.of(&bob).to_attribute(&name("plate")) && !rights.of(&bob).to_all());
        assert!(rights.of(&bob).to_attribute(&name("speed")));
        assert!(Rights::all().of(&bob).to_attribute(&name("plate")));
        assert!(!Rights::none().of(&ada).to_attribute(&name("speed")));
        let always = [Condition::Always, Condition::Always];
        assert!(Rights::by_class(Arc::clone(&classes), always).is_all());
        assert!(!Rights::by_class(Arc::clone(&classes), [Condition::Always]).is_all());
        assert!(Rights::by_class(classes, [Condition::Never, Condition::Never]).is_none());
    }
}
