//! What a change of policies changes for many people and all entities, counted: before it is made.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ngsi_ld::{Entity, Name};
use query::view::{Class, Rights};

use super::asked::Asked;
use super::rule_book::RuleBook;

/// The most different things that are told apart; what is more is counted and not listed.
const MAX_SHIFTS: usize = 10_000;

/// What some gain or lose of one class of attributes of one type of entities.
#[derive(Clone, Debug, PartialEq)]
pub struct Shift {
    /// The questions that it is the same for, by their places among those that were asked.
    pub asked: Vec<usize>,
    /// The first type of the entities.
    pub entity_type: Option<Name>,
    /// The class of the attributes, by the rules after the change.
    pub class: String,
    /// Whether it is gained; else it is lost.
    pub gained: bool,
    /// The attributes.
    pub attributes: BTreeSet<Name>,
    /// How many entities.
    pub entities: usize,
    /// The first of them.
    pub example: Arc<Entity>,
    /// The policies that decide of it now and did not before, or decided and do not any more, by id.
    pub because: Vec<String>,
}

/// What a change of policies changes: shown entities one by one, it counts.
#[derive(Debug)]
pub struct Impact<'a> {
    before: &'a RuleBook,
    after: &'a RuleBook,
    asked: &'a [Asked],
    pairs: Vec<Pair>,
    shifts: BTreeMap<Key, Counted>,
    unlisted: usize,
}

/// Rights that differ, and whose they are.
#[derive(Debug)]
struct Pair {
    before: Rights,
    after: Rights,
    asked: Vec<usize>,
}

/// Which pair, which type, which class, and whether it is gained.
type Key = (usize, Option<Name>, Class, bool);

#[derive(Debug)]
struct Counted {
    attributes: BTreeSet<Name>,
    entities: usize,
    example: Arc<Entity>,
}

impl<'a> Impact<'a> {
    /// Of one rule book in the place of another, for these questions. Compiles each for both: milliseconds.
    pub fn new(before: &'a RuleBook, after: &'a RuleBook, asked: &'a [Asked]) -> Self {
        let mut pairs: Vec<Pair> = Vec::new();
        for (number, question) in asked.iter().enumerate() {
            let (was, is) = (before.rights(question), after.rights(question));
            let (was_print, is_print) = (was.fingerprint(), is.fingerprint());
            if was_print == is_print {
                continue;
            }
            let same = |pair: &&mut Pair| {
                (pair.before.fingerprint(), pair.after.fingerprint()) == (was_print, is_print)
            };
            match pairs.iter_mut().find(same) {
                Some(pair) => pair.asked.push(number),
                None => pairs.push(Pair {
                    before: was,
                    after: is,
                    asked: vec![number],
                }),
            }
        }
        Self {
            before,
            after,
            asked,
            pairs,
            shifts: BTreeMap::new(),
            unlisted: 0,
        }
    }

    /// How many different rights have to be asked of each entity.
    pub fn work(&self) -> usize {
        self.pairs.len()
    }

    /// The attributes whose values decide who gets what, before or after.
    pub fn depends_on(&self) -> BTreeSet<Name> {
        let rights = self.pairs.iter().flat_map(|pair| [&pair.before, &pair.after]);
        rights.flat_map(Rights::depend_on).cloned().collect()
    }

    /// Looks at one entity; of its attributes only at those that `shown` has.
    pub fn look(&mut self, entity: &Arc<Entity>, shown: &Entity) {
        let names: BTreeSet<&Name> = shown.attributes.iter().map(|attribute| &attribute.name).collect();
        let classification = self.after.classes().classification();
        for (number, pair) in self.pairs.iter().enumerate() {
            let (mut was, mut is) = (pair.before.of(entity), pair.after.of(entity));
            let mut seen: BTreeMap<(Class, bool), Vec<&Name>> = BTreeMap::new();
            for name in &names {
                let gained = match (was.to_attribute(name), is.to_attribute(name)) {
                    (false, true) => true,
                    (true, false) => false,
                    _ => continue,
                };
                let class = classification.class_of(entity, name);
                seen.entry((class, gained)).or_default().push(name);
            }
            for ((class, gained), attributes) in seen {
                let key = (number, entity.types.first().cloned(), class, gained);
                if self.shifts.len() >= MAX_SHIFTS && !self.shifts.contains_key(&key) {
                    self.unlisted += 1;
                    continue;
                }
                let counted = self.shifts.entry(key).or_insert_with(|| Counted {
                    attributes: BTreeSet::new(),
                    entities: 0,
                    example: Arc::clone(entity),
                });
                counted.entities += 1;
                counted.attributes.extend(attributes.into_iter().cloned());
            }
        }
    }

    /// What was counted: losses first, then by how many people it is for; and how often something was left out of the
    /// list.
    pub fn shifts(self) -> (Vec<Shift>, usize) {
        let classes: Vec<&str> = self.after.classes().names().collect();
        let mut shifts: Vec<Shift> = self
            .shifts
            .into_iter()
            .filter_map(|((number, entity_type, class, gained), counted)| {
                let pair = self.pairs.get(number)?;
                let question = self.asked.get(*pair.asked.first()?)?;
                let attributes: Vec<&Name> = counted.attributes.iter().collect();
                let because = self
                    .after
                    .because(self.before, question, &counted.example, &attributes);
                Some(Shift {
                    asked: pair.asked.clone(),
                    entity_type,
                    class: (*classes.get(usize::from(class.0))?).to_owned(),
                    gained,
                    attributes: counted.attributes,
                    entities: counted.entities,
                    example: counted.example,
                    because,
                })
            })
            .collect();
        shifts.sort_by_key(|shift| (shift.gained, std::cmp::Reverse(shift.asked.len())));
        (shifts, self.unlisted)
    }
}
