//! What may be done with entities and their attributes.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use ngsi_ld::{Attribute, Entity, Name};

use super::classification::{ClassesOf, fnv};
use super::{Class, Classification, Condition};

/// For each class of attributes, of which entities it may be done.
#[derive(Clone, Debug)]
pub struct Rights(Inner);

#[derive(Clone, Debug)]
enum Inner {
    All,
    None,
    ByClass(Arc<ByClass>),
}

#[derive(Debug)]
struct ByClass {
    classification: Arc<Classification>,
    /// Each once.
    conditions: Box<[Condition]>,
    /// By [`Class`], which of them; of a class past the end, none holds.
    of_class: Box<[u16]>,
    fingerprint: OnceLock<u64>,
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
        let conditions: Arc<[Condition]> = conditions.into();
        let classes = classification.classes().len();
        let given = conditions.get(..classes).unwrap_or(&conditions);
        if given.len() == classes && given.iter().all(|one| *one == Condition::Always) {
            return Self::all();
        }
        if given.iter().all(|one| *one == Condition::Never) {
            return Self::none();
        }
        let mut each: Vec<Condition> = Vec::new();
        let mut of_class = Vec::with_capacity(given.len());
        for condition in given {
            let at = each.iter().position(|known| known == condition);
            let at = at.unwrap_or_else(|| {
                each.push(condition.clone());
                each.len() - 1
            });
            of_class.push(u16::try_from(at).unwrap_or(u16::MAX)); // at most 256 classes
        }
        Self(Inner::ByClass(Arc::new(ByClass {
            classification,
            conditions: each.into(),
            of_class: of_class.into(),
            fingerprint: OnceLock::new(),
        })))
    }

    /// With all of the entities of which a condition holds, except the attributes with these names.
    pub fn except(condition: Condition, hidden: impl IntoIterator<Item = Name>) -> Self {
        let mut classification = Classification::new(["shown".into(), "hidden".into()]);
        let mut hides = false;
        // What is not named is in the class that is more restrictive, so that is the one that is shown.
        for name in hidden {
            hides = true;
            classification.anywhere(name, Class(0));
        }
        let of_hidden = if hides {
            Condition::Never
        } else {
            condition.clone()
        };
        Self::by_class(Arc::new(classification), [of_hidden, condition])
    }

    /// With all of the entities of which a condition holds.
    pub fn of_entities(condition: Condition) -> Self {
        Self::except(condition, [])
    }

    /// Whether it is all of all, so that readers may take short cuts.
    pub fn is_all(&self) -> bool {
        matches!(self.0, Inner::All)
    }

    /// Whether it is nothing at all.
    pub fn is_none(&self) -> bool {
        matches!(self.0, Inner::None)
    }

    /// The attributes whose values they depend on.
    pub fn depend_on(&self) -> BTreeSet<&Name> {
        match &self.0 {
            Inner::All | Inner::None => BTreeSet::new(),
            Inner::ByClass(by) => by.conditions.iter().flat_map(Condition::attributes).collect(),
        }
    }

    /// A number that other rights do not have, the same after a restart; 0 for all of all.
    pub fn fingerprint(&self) -> u64 {
        match &self.0 {
            Inner::All => 0,
            Inner::None => 1,
            Inner::ByClass(by) => *by.fingerprint.get_or_init(|| {
                let text = format!(
                    "{:x} {:?} {:?}",
                    by.classification.fingerprint(),
                    by.conditions,
                    by.of_class
                );
                fnv(&text).max(2)
            }),
        }
    }

    /// What they are of one entity.
    pub fn of<'a>(&'a self, entity: &'a Entity) -> RightsOf<'a> {
        RightsOf(match &self.0 {
            Inner::All => Of::All,
            Inner::None => Of::None,
            Inner::ByClass(by) => Of::ByClass(Decided {
                by,
                entity,
                classes: None,
                known: 0,
                holds: 0,
            }),
        })
    }

    /// What of an entity they are to: the attributes, and times that tell of nothing else. `None`: nothing.
    pub fn shows<'a>(&self, entity: &'a Entity) -> Option<Cow<'a, Entity>> {
        match &self.0 {
            Inner::All => Some(Cow::Borrowed(entity)),
            Inner::None => None,
            Inner::ByClass(_) => self.of(entity).shows(entity),
        }
    }
}

/// The rights to one entity: each condition is decided once.
#[derive(Debug)]
pub struct RightsOf<'a>(Of<'a>);

#[derive(Debug)]
enum Of<'a> {
    All,
    None,
    ByClass(Decided<'a>),
}

#[derive(Debug)]
struct Decided<'a> {
    by: &'a ByClass,
    entity: &'a Entity,
    classes: Option<ClassesOf<'a>>,
    /// Of the first 64 conditions, which are decided, and which hold.
    known: u64,
    holds: u64,
}

impl Decided<'_> {
    fn has(&mut self, class: Class) -> bool {
        let Some(&at) = self.by.of_class.get(usize::from(class.0)) else {
            return false;
        };
        self.holds(usize::from(at))
    }

    fn holds(&mut self, at: usize) -> bool {
        let bit = if at < 64 { 1_u64 << at } else { 0 };
        if self.known & bit != 0 {
            return self.holds & bit != 0;
        }
        let holds = self
            .by
            .conditions
            .get(at)
            .is_some_and(|condition| condition.holds(self.entity));
        self.known |= bit;
        if holds {
            self.holds |= bit;
        }
        holds
    }

    fn has_attribute(&mut self, attribute: &Name) -> bool {
        let (by, entity) = (self.by, self.entity);
        let classes = self.classes.get_or_insert_with(|| by.classification.of(entity));
        let class = classes.class_of(attribute);
        self.has(class)
    }

    fn has_all(&mut self) -> bool {
        self.by.of_class.len() >= self.by.classification.classes().len()
            && (0..self.by.conditions.len()).all(|at| self.holds(at))
    }

    fn has_some(&mut self) -> bool {
        (0..self.by.conditions.len()).any(|at| self.holds(at))
    }
}

impl RightsOf<'_> {
    /// Whether they are to the attributes of a class.
    pub fn to(&mut self, class: Class) -> bool {
        match &mut self.0 {
            Of::All => true,
            Of::None => false,
            Of::ByClass(decided) => decided.has(class),
        }
    }

    /// Whether they are to an attribute of that name.
    pub fn to_attribute(&mut self, attribute: &Name) -> bool {
        match &mut self.0 {
            Of::All => true,
            Of::None => false,
            Of::ByClass(decided) => decided.has_attribute(attribute),
        }
    }

    /// Whether they are to every class, so also to an entity without attributes.
    pub fn to_all(&mut self) -> bool {
        match &mut self.0 {
            Of::All => true,
            Of::None => false,
            Of::ByClass(decided) => decided.has_all(),
        }
    }

    /// Whether they are to no class that `before` is not to: of the same entity as it was, by the same rights.
    pub fn are_within(&mut self, before: &mut RightsOf<'_>) -> bool {
        match (&mut self.0, &mut before.0) {
            (_, Of::All) | (Of::None, _) => true,
            (Of::ByClass(after), Of::ByClass(before)) => {
                (0..after.by.conditions.len()).all(|at| !after.holds(at) || before.holds(at))
            }
            _ => false,
        }
    }

    /// What of their entity they are to.
    fn shows<'e>(&mut self, entity: &'e Entity) -> Option<Cow<'e, Entity>> {
        let decided = match &mut self.0 {
            Of::All => return Some(Cow::Borrowed(entity)),
            Of::None => return None,
            Of::ByClass(decided) => decided,
        };
        if decided.has_all() {
            return Some(Cow::Borrowed(entity));
        }
        if !decided.has_some() {
            return None;
        }
        let attributes = &entity.attributes;
        // Instances of one name stand together.
        let mut last: Option<(&Name, bool)> = None;
        let mut is_shown = |attribute: &'e Attribute| match last {
            Some((name, shown)) if *name == attribute.name => shown,
            _ => {
                let shown = decided.has_attribute(&attribute.name);
                last = Some((&attribute.name, shown));
                shown
            }
        };
        let first_hidden = attributes.iter().position(|attribute| !is_shown(attribute));
        let (kept, rest) = match first_hidden {
            Some(at) => attributes.split_at(at),
            None => (attributes.as_slice(), [].as_slice()),
        };
        let rest: Vec<&Attribute> = rest.iter().filter(|attribute| is_shown(attribute)).collect();
        if kept.is_empty() && rest.is_empty() {
            return None;
        }
        let seen = kept.iter().chain(rest.iter().copied());
        let modified_at = seen
            .clone()
            .map(|attribute| attribute.modified_at)
            .fold(entity.created_at, Ord::max);
        if first_hidden.is_none() && modified_at == entity.modified_at {
            return Some(Cow::Borrowed(entity));
        }
        Some(Cow::Owned(Entity {
            id: entity.id.clone(),
            types: entity.types.clone(),
            scope: entity.scope.clone(),
            created_at: entity.created_at,
            modified_at,
            expires_at: entity.expires_at,
            deleted_at: entity.deleted_at,
            attributes: seen.cloned().collect(),
        }))
    }
}

#[cfg(test)]
#[path = "rights_tests.rs"]
mod tests;
