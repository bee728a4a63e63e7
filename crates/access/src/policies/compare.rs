//! A change of policies before it is made: who gains what, who loses what.

use std::collections::BTreeSet;

use ngsi_ld::{Entity, Name, Uri};

use super::asked::Asked;
use super::rule_book::RuleBook;

/// The most differences that are listed; all are counted.
const LISTED: usize = 10_000;

/// What a change of policies changes, for the questions and entities it was tried on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Comparison {
    /// How many pairs of question and entity were tried.
    pub tried: usize,
    /// In how many of them somebody gains something.
    pub gains: usize,
    /// In how many of them somebody loses something.
    pub losses: usize,
    /// Each of them, the first ten thousand.
    pub differences: Vec<Difference>,
}

/// What a question gets of an entity that it did not get before, or the other way round.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// The question, by its place among those that were tried.
    pub asked: usize,
    /// The entity.
    pub entity: Uri,
    /// The attributes that it now gets, and did not.
    pub gained: Vec<Name>,
    /// The attributes that it got, and does not any more.
    pub lost: Vec<Name>,
    /// The policies that decide now and did not before, or decided and do not any more, by id.
    pub because: Vec<String>,
}

impl RuleBook {
    /// What changes where this rule book is put in the place of another, for these questions about these entities.
    /// An entity without attributes is left out: there is nothing to gain or lose.
    pub fn compare(&self, before: &Self, asked: &[Asked], entities: &[Entity]) -> Comparison {
        let mut comparison = Comparison::default();
        for (number, question) in asked.iter().enumerate() {
            let (old, new) = (before.rights(question), self.rights(question));
            for entity in entities {
                comparison.tried += 1;
                let (mut was, mut is) = (old.of(entity), new.of(entity));
                let (mut gained, mut lost) = (Vec::new(), Vec::new());
                let names: BTreeSet<&Name> = entity
                    .attributes
                    .iter()
                    .map(|attribute| &attribute.name)
                    .collect();
                for name in names {
                    match (was.to_attribute(name), is.to_attribute(name)) {
                        (false, true) => gained.push(name.clone()),
                        (true, false) => lost.push(name.clone()),
                        _ => {}
                    }
                }
                comparison.gains += usize::from(!gained.is_empty());
                comparison.losses += usize::from(!lost.is_empty());
                let differs = !gained.is_empty() || !lost.is_empty();
                if differs && comparison.differences.len() < LISTED {
                    let concerned: Vec<&Name> = gained.iter().chain(&lost).collect();
                    let because = self.because(before, question, entity, &concerned);
                    comparison.differences.push(Difference {
                        asked: number,
                        entity: entity.id.clone(),
                        gained,
                        lost,
                        because,
                    });
                }
            }
        }
        comparison
    }

    pub(super) fn because(
        &self,
        before: &Self,
        asked: &Asked,
        entity: &Entity,
        attributes: &[&Name],
    ) -> Vec<String> {
        let deciding = |rules: &Self| -> BTreeSet<(bool, String)> {
            let classification = rules.classes().classification();
            let classes: BTreeSet<_> = attributes
                .iter()
                .map(|attribute| classification.class_of(entity, attribute))
                .collect();
            let names: Vec<&str> = rules.classes().names().collect();
            let verdicts = classes.iter().filter_map(|class| {
                let name = names.get(usize::from(class.0))?;
                rules.satisfied(asked, name, entity).ok()
            });
            let ids = verdicts.flat_map(|found| {
                let permits = found.permits.into_iter().map(|id| (true, id));
                permits.chain(found.forbids.into_iter().map(|id| (false, id)))
            });
            ids.collect()
        };
        let (was, is) = (deciding(before), deciding(self));
        let ids: BTreeSet<String> = was.symmetric_difference(&is).map(|(_, id)| id.clone()).collect();
        ids.into_iter().collect()
    }
}
