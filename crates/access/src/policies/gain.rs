//! Which data about people a change of policies newly lets somebody read.

use std::collections::{BTreeSet, HashSet};

use ngsi_ld::{Attribute, Entity, Name, Uri};
use query::Purpose;
use query::view::Rights;

use super::asked::{Action, Asked};
use super::purposes::UNSAID;
use super::rule_book::RuleBook;

/// What reads: the actions of which views are made, less those that change something.
const READING: [Action; 3] = [Action::Read, Action::History, Action::Subscribe];

/// Data about people that somebody could newly read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Gain {
    /// A type of the entities.
    pub of: Name,
    /// The class of the attributes: `personal`, or one that is more restrictive.
    pub class: String,
}

/// Collects what is gained, for the questions and entities that it is shown.
///
/// An attribute is about people where it is in such a class after the change, and also where somebody had put it into
/// one before: a class that is taken off is no way around.
#[derive(Debug)]
pub struct Gains<'a> {
    before: &'a RuleBook,
    after: &'a RuleBook,
    /// Whether the same is classified in the same way.
    same_classes: bool,
    /// Rights that differ, before and after.
    pairs: Vec<(Rights, Rights)>,
    compared: HashSet<(u64, u64)>,
    found: BTreeSet<Gain>,
}

impl<'a> Gains<'a> {
    /// Of one rule book in the place of another.
    pub fn new(before: &'a RuleBook, after: &'a RuleBook) -> Self {
        Self {
            before,
            after,
            same_classes: before.classes().classification() == after.classes().classification(),
            pairs: Vec::new(),
            compared: HashSet::new(),
            found: BTreeSet::new(),
        }
    }

    /// Asks for somebody: to read, for every purpose, at every hour of a week where policies ask for one of them. What
    /// the question says of these does not count.
    pub fn ask(&mut self, question: &Asked) {
        let of_purposes = mention(self.before, "purpose") || mention(self.after, "purpose");
        let purposes: Vec<&str> = (self.after.purposes().names())
            .filter(|name| of_purposes || *name == UNSAID)
            .collect();
        for action in READING {
            for purpose in &purposes {
                let asked = Asked {
                    action,
                    purpose: Purpose((*purpose).into()),
                    ..question.clone()
                };
                if !(self.before.asks_time(&asked) || self.after.asks_time(&asked)) {
                    self.compare(asked);
                    continue;
                }
                for (weekday, hour) in (1..=7).flat_map(|day| (0..24).map(move |hour| (day, hour))) {
                    let asked = asked.clone();
                    self.compare(Asked {
                        hour,
                        weekday,
                        ..asked
                    });
                }
            }
        }
    }

    fn compare(&mut self, asked: Asked) {
        let is_known = self
            .before
            .purposes()
            .names()
            .any(|name| *name == *asked.purpose.0);
        if is_known && self.same_classes && self.after.says_the_same(self.before, &asked) {
            return;
        }
        let is = self.after.rights(&asked);
        let was = self.before.rights(&Asked {
            // Whoever asks for a purpose that there was not had the usual one.
            purpose: if is_known {
                asked.purpose.clone()
            } else {
                Purpose(UNSAID.into())
            },
            ..asked
        });
        let prints = (was.fingerprint(), is.fingerprint());
        if prints.0 != prints.1 && self.compared.insert(prints) {
            self.pairs.push((was, is));
        }
    }

    /// Whether nobody's rights differ, so that nothing need be shown.
    pub fn are_none(&self) -> bool {
        self.pairs.is_empty()
    }

    /// Looks at an entity of each type that is classified, before or after, with the attributes that are named there
    /// and one that is not: for what is not there yet.
    pub fn look_at_types(&mut self) {
        let (before, after) = (self.before, self.after);
        for (of, named) in before.classes().named().iter().chain(after.classes().named()) {
            let unnamed = Name::from_iri("urn:mapacha:another-attribute".to_owned());
            let mut probe = Entity::new(Uri::ngsi_ld("Probe", "1"), of.clone());
            for name in named.iter().cloned().chain([unnamed]) {
                probe = probe.with(Attribute::property(name, ""));
            }
            self.look(&probe);
        }
    }

    /// Looks at an entity.
    pub fn look(&mut self, entity: &Entity) {
        let names: BTreeSet<&Name> = entity
            .attributes
            .iter()
            .map(|attribute| &attribute.name)
            .collect();
        for name in names {
            let classes = self.about_people(entity, name);
            let gains: Vec<Gain> = (entity.types.iter())
                .flat_map(|of| {
                    classes.iter().map(|class| Gain {
                        of: of.clone(),
                        class: class.clone(),
                    })
                })
                .filter(|gain| !self.found.contains(gain))
                .collect();
            let gained = |(was, is): &(Rights, Rights)| {
                is.of(entity).to_attribute(name) && !was.of(entity).to_attribute(name)
            };
            if !gains.is_empty() && self.pairs.iter().any(gained) {
                self.found.extend(gains);
            }
        }
    }

    /// The classes of an attribute that are about people: after, and before where somebody said so.
    fn about_people(&self, entity: &Entity, name: &Name) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for (rules, is_said) in [
            (self.after, true),
            (
                self.before,
                (entity.types.iter()).any(|of| self.before.classes().classification().knows(of)),
            ),
        ] {
            let classification = rules.classes().classification();
            let class = classification.class_of(entity, name);
            if is_said && class >= rules.classes().personal() {
                let called = classification.classes().get(usize::from(class.0));
                found.extend(called.map(ToString::to_string));
            }
        }
        found
    }

    /// What was found.
    pub fn found(self) -> BTreeSet<Gain> {
        self.found
    }
}

/// Whether the text of any policy holds a word.
fn mention(rules: &RuleBook, word: &str) -> bool {
    rules.policies().any(|policy| policy.text.contains(word))
}

#[cfg(test)]
mod tests {
    use super::super::asked::{Kind, Subject};
    use super::super::change::Documents;
    use super::super::classes::DEFAULT_CLASSES;
    use super::super::rule_book::Limits;
    use super::*;

    fn book(changes: &[(&str, &str)]) -> RuleBook {
        let documents = changes
            .iter()
            .fold(Documents::default(), |documents, (name, text)| {
                documents.with(name, Some((*text).to_owned())).unwrap()
            });
        RuleBook::read(&documents, Limits::default()).unwrap()
    }

    /// What viewers gain from the first to the second, as `Type class`.
    fn gains(before: &RuleBook, after: &RuleBook, entities: &[Entity]) -> Vec<String> {
        let mut gains = Gains::new(before, after);
        gains.ask(&Asked::new(
            Subject::new(Kind::User, "ada", "city", ["viewer"]),
            Action::Read,
        ));
        gains.look_at_types();
        for entity in entities {
            gains.look(entity);
        }
        let found = gains.found().into_iter();
        found
            .map(|gain| format!("{} {}", gain.of.short(), gain.class))
            .collect()
    }

    fn of_type(of: &str, more: &str) -> String {
        format!(
            "@id(\"city.one\")\npermit (principal in Role::\"viewer\", action in Action::\"See\", resource)\n\
             when {{ resource.types.contains(\"{of}\"){more} }};\n"
        )
    }

    #[test]
    fn what_is_newly_read_of_people_is_named_by_type_and_class() {
        let nothing = book(&[]);
        let person = of_type("Person", "");
        for (what, text, expected) in [
            (
                "all of it",
                person.clone(),
                &["Person personal", "Person special"][..],
            ),
            (
                "one class",
                of_type("Person", " && context.class == Class::\"personal\""),
                &["Person personal"],
            ),
            ("no people", of_type("Pipe", ""), &[]),
            (
                "at night",
                of_type("Patient", " && context.hour == 3 && context.weekday == 7"),
                &["Patient special"],
            ),
            (
                "for one purpose",
                of_type("Patient", " && context.purpose == Purpose::\"research\""),
                &["Patient special"],
            ),
            (
                "by another action",
                of_type("Patient", "").replace("in Action::\"See\"", "== Action::\"Write\""),
                &[],
            ),
        ] {
            assert_eq!(
                gains(&nothing, &book(&[("one.cedar", &text)]), &[]),
                expected,
                "{what}"
            );
        }
        // What was there stays, and to take it away is no gain; to take a prohibition away is.
        let given = book(&[("one.cedar", &person)]);
        assert!(gains(&given, &given, &[]).is_empty());
        assert!(gains(&given, &nothing, &[]).is_empty());
        let but = person.clone() + &person.replace("permit", "forbid").replace("city.one", "city.two");
        assert_eq!(
            gains(&book(&[("one.cedar", &but)]), &given, &[]),
            ["Person personal", "Person special"]
        );
    }

    #[test]
    fn a_class_that_is_taken_off_is_a_gain_and_a_first_word_is_none() {
        let before = book(&[]);
        let opened = DEFAULT_CLASSES.replace("healthStatus = \"special\", ", "healthStatus = \"open\", ");
        assert_ne!(opened, DEFAULT_CLASSES);
        // Of every type of that rule.
        let people = [
            "Citizen",
            "ContactPoint",
            "Employee",
            "Person",
            "Resident",
            "ServiceRequest",
            "Ticket",
            "Trip",
        ];
        assert_eq!(
            gains(&before, &book(&[("classification", &opened)]), &[]),
            people.map(|of| format!("{of} special"))
        );
        let new = Entity::new(Uri::ngsi_ld("New", "1"), Name::default_term("New"))
            .with(Attribute::property(Name::default_term("colour"), "red"));
        let said = format!("{DEFAULT_CLASSES}\n[[rules]]\ntypes = [\"New\"]\nothers = \"open\"\n");
        assert!(
            gains(
                &before,
                &book(&[("classification", &said)]),
                std::slice::from_ref(&new)
            )
            .is_empty()
        );
        // What nobody classified is in the last class.
        let policy = of_type("New", "");
        assert_eq!(
            gains(&before, &book(&[("one.cedar", &policy)]), &[new]),
            ["New special"]
        );
    }

    #[test]
    fn a_new_purpose_gives_nobody_what_they_had_already() {
        let more = format!(
            "{}\n[purposes.picnics]\nmeaning = \"picnics\"\ncompatible = []\n",
            super::super::purposes::DEFAULT_PURPOSES
        );
        assert!(gains(&book(&[]), &book(&[("purposes", &more)]), &[]).is_empty());
    }
}
