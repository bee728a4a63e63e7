//! What a change of policies changes for many, counted: held against Cedar's own evaluation of every policy before and
//! after, for every question, entity and attribute.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use access::policies::{Asked, Documents, Impact, Limits, RuleBook};
use ngsi_ld::{Entity, Name, Uri};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::random;

/// Question, first type, class, gained.
type Key = (usize, Option<Name>, String, bool);

fn book(text: &str) -> Option<RuleBook> {
    let documents = Documents::default()
        .with("classification", Some(random::CLASSIFICATION.to_owned()))
        .and_then(|documents| documents.with("roles", Some(String::new())))
        .and_then(|documents| documents.with("some.cedar", Some(text.to_owned())))
        .unwrap();
    RuleBook::read(&documents, Limits::default()).ok()
}

/// The class of an attribute, and whether it is allowed: by Cedar, not by predicates.
fn decided(rules: &RuleBook, asked: &Asked, entity: &Entity, attribute: &Name) -> (String, bool) {
    let verdict = rules
        .explain(asked, entity, Some(attribute))
        .verdicts
        .pop()
        .unwrap();
    (verdict.class, verdict.allowed)
}

#[test]
fn it_counts_what_cedar_says() {
    let seed = std::env::var("MAPACHA_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok())
        .unwrap_or(5);
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (mut rounds, mut gained, mut lost) = (0, 0, 0);
    while rounds < 60 {
        let (before, after) = (random::document(&mut rng), random::document(&mut rng));
        let (Some(old), Some(new)) = (book(&before), book(&after)) else {
            continue;
        };
        rounds += 1;
        let asked: Vec<Asked> = (0..4).map(|_| random::asked(&mut rng)).collect();
        let entities: Vec<Arc<Entity>> = (0..5).map(|_| Arc::new(random::entity(&mut rng))).collect();
        let mut expected: BTreeMap<Key, (BTreeSet<Name>, BTreeSet<usize>)> = BTreeMap::new();
        for (number, question) in asked.iter().enumerate() {
            for (at, entity) in entities.iter().enumerate() {
                for attribute in entity.attributes.iter().map(|attribute| &attribute.name) {
                    let (_, was) = decided(&old, question, entity, attribute);
                    let (class, is) = decided(&new, question, entity, attribute);
                    if was != is {
                        let key = (number, entity.types.first().cloned(), class, is);
                        let counted = expected.entry(key).or_default();
                        counted.0.insert(attribute.clone());
                        counted.1.insert(at);
                    }
                }
            }
        }
        let mut impact = Impact::new(&old, &new, &asked);
        assert!(impact.work() <= asked.len());
        for entity in &entities {
            impact.look(entity, entity);
        }
        let (shifts, unlisted) = impact.shifts();
        assert_eq!(unlisted, 0);
        let mut found: BTreeMap<Key, (BTreeSet<Name>, usize)> = BTreeMap::new();
        for shift in shifts {
            *(if shift.gained { &mut gained } else { &mut lost }) += 1;
            for number in shift.asked {
                let key = (
                    number,
                    shift.entity_type.clone(),
                    shift.class.clone(),
                    shift.gained,
                );
                let twice = found.insert(key, (shift.attributes.clone(), shift.entities));
                assert!(twice.is_none(), "seed {seed}, round {rounds}");
            }
        }
        let expected: BTreeMap<Key, (BTreeSet<Name>, usize)> = expected
            .into_iter()
            .map(|(key, (attributes, entities))| (key, (attributes, entities.len())))
            .collect();
        assert_eq!(
            found, expected,
            "seed {seed}, round {rounds}:\n{before}\n=>\n{after}"
        );
    }
    assert!(gained > 10 && lost > 10, "{gained} {lost}");
}

#[test]
fn what_is_not_shown_is_not_told_of() {
    let text = |who: &str| format!("@id(\"all\") permit (principal == User::\"{who}\", action, resource);");
    let (old, new) = (book(&text("ada")).unwrap(), book(&text("bob")).unwrap());
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let asked: Vec<Asked> = (0..40).map(|_| random::asked(&mut rng)).collect();
    let hidden = Arc::new(random::entity(&mut rng));
    let shown = Entity::new(Uri::ngsi_ld("X", "1"), Name::default_term("X"));
    let mut impact = Impact::new(&old, &new, &asked);
    assert!(impact.work() > 0, "somebody is concerned");
    impact.look(&hidden, &shown);
    assert!(impact.shifts().0.is_empty());
}
