//! The compiled predicate against Cedar's own evaluation of every policy on every entity: not one difference.

use std::collections::BTreeMap;

use access::policies::{Action, Asked, Documents, Kind, Limits, RuleBook, Subject};
use ngsi_ld::{Attribute, Entity, Name, Uri};
use query::view::{Class, Rights};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::random;

fn documents(text: &str) -> Documents {
    Documents::default()
        .with("classification", Some(random::CLASSIFICATION.to_owned()))
        .and_then(|documents| documents.with("roles", Some(String::new())))
        .and_then(|documents| documents.with("some.cedar", Some(text.to_owned())))
        .unwrap()
}

/// What the predicate and Cedar both say, for every class.
fn decided(
    rules: &RuleBook,
    rights: &Rights,
    asked: &Asked,
    entity: &Entity,
    of: &str,
) -> Vec<(String, bool)> {
    let mut of_entity = rights.of(entity);
    let verdicts = rules.explain(asked, entity, None).verdicts;
    let each = verdicts.into_iter().enumerate().map(|(class, verdict)| {
        let allowed = of_entity.to(Class(u8::try_from(class).unwrap()));
        assert_eq!(
            (allowed, &verdict.failed),
            (verdict.allowed, &None),
            "{of}\nclass {}: {}\n{asked:#?}\n{entity:#?}\n{rights:#?}",
            verdict.class,
            verdict.reason()
        );
        (verdict.class, allowed)
    });
    each.collect()
}

/// 2 000 cases, or 100 000 with `MAPACHA_TORTURE`; each is some policies, somebody, an entity, every class. The seed is printed,
/// and `MAPACHA_SEED` gives another.
#[test]
fn the_predicate_is_what_cedar_says() {
    let wanted = if std::env::var_os("MAPACHA_TORTURE").is_some() {
        100_000
    } else {
        2_000
    };
    let seed = std::env::var("MAPACHA_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok())
        .unwrap_or(98);
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (mut cases, mut refused, mut books) = (0, 0, 0);
    let mut counted: BTreeMap<(&str, String), (usize, usize)> = BTreeMap::new();
    let mut undecided = 0_usize;
    while cases < wanted {
        let text = random::document(&mut rng);
        books += 1;
        let rules = match RuleBook::read(&documents(&text), Limits::default()) {
            Ok(rules) => rules,
            Err(reason) => {
                refused += 1;
                assert!(
                    refused * 20 <= books + 100,
                    "seed {seed}: the grammar writes what is refused:\n{text}\n{reason}"
                );
                continue;
            }
        };
        let asked = random::asked(&mut rng);
        let rights = rules.rights(&asked);
        undecided += usize::from(!rights.is_all() && !rights.is_none());
        for _ in 0..4 {
            let entity = random::entity(&mut rng);
            for (class, allowed) in decided(&rules, &rights, &asked, &entity, &format!("seed {seed}\n{text}"))
            {
                let count = counted.entry((asked.action.name(), class)).or_default();
                if allowed { count.0 += 1 } else { count.1 += 1 }
            }
            cases += 1;
        }
    }
    let (allowed, denied) = counted
        .values()
        .fold((0, 0), |sum, count| (sum.0 + count.0, sum.1 + count.1));
    eprintln!(
        "seed {seed}: {cases} cases of {books} policy sets ({refused} refused), {undecided} of {} questions decided by the \
         entity; {allowed} times allowed, {denied} times denied",
        cases / 4
    );
    assert_eq!(counted.len(), 27, "every action in every class: {counted:?}");
    for (of, (allowed, denied)) in counted {
        eprintln!("  {of:?}: {allowed} allowed, {denied} denied");
        assert!(
            allowed > 5 && denied > 5,
            "{of:?} is not told apart: {allowed} allowed, {denied} denied"
        );
    }
    assert!(
        undecided * 4 > cases / 4,
        "the entity decides {undecided} of {} questions",
        cases / 4
    );
}

/// One policy with this condition, decided on these entities; how often it is allowed.
fn allowed(condition: &str, entities: &[Entity]) -> usize {
    let text = format!("@id(\"p\") permit (principal, action, resource) when {{ {condition} }};");
    let rules = RuleBook::read(&documents(&text), Limits::default())
        .unwrap_or_else(|reason| panic!("{text}\n{reason}"));
    let asked = Asked::new(Subject::new(Kind::User, "ada", "t", []), Action::Read);
    let rights = rules.rights(&asked);
    let open = entities
        .iter()
        .filter(|entity| decided(&rules, &rights, &asked, entity, &text)[0].1);
    open.count()
}

fn lamp() -> Entity {
    Entity::new(Uri::ngsi_ld("Lamp", "1"), Name::default_term("Lamp"))
}

/// Every comparison with every number of one place, around the place where numbers are rounded.
#[test]
fn numbers_are_compared_as_cedar_compares_them() {
    let around = [
        0.0,
        0.1,
        0.1 + 0.2,
        0.299_95,
        0.3,
        0.300_01,
        0.300_1,
        12.5,
        -0.3,
        -0.300_01,
        1e300,
        -1e300,
    ];
    let power = |number: f64| Attribute::property(Name::default_term("power"), number);
    let mut entities: Vec<Entity> = around.iter().map(|number| lamp().with(power(*number))).collect();
    let other = |number| power(number).dataset(Uri::parse("urn:d:1").unwrap());
    entities.push(lamp().with(power(0.1)).with(other(12.5)));
    entities.push(lamp().with(Attribute::property(Name::default_term("power"), "much")));
    entities.push(lamp());
    let mut counts = Vec::new();
    for bound in ["highest", "lowest"] {
        for way in ["lessThan", "lessThanOrEqual", "greaterThan", "greaterThanOrEqual"] {
            for number in ["0.3", "-0.3", "0.0"] {
                let asked = format!("resource.getTag(\"power\").{bound}.{way}(decimal(\"{number}\"))");
                counts.push(allowed(
                    &format!("resource.hasTag(\"power\") && {asked}"),
                    &entities,
                ));
                let turned = format!("decimal(\"{number}\").{way}(resource.getTag(\"power\").{bound})");
                counts.push(allowed(
                    &format!("resource.hasTag(\"power\") && !{turned}"),
                    &entities,
                ));
            }
        }
    }
    assert!(
        counts.iter().all(|count| (1..entities.len()).contains(count)),
        "{counts:?}"
    );
}

/// Every way to put three conditions together, one of which has no value for some entities.
#[test]
fn a_policy_that_fails_does_not_count_as_cedar_has_it() {
    let entities = [
        lamp(),
        lamp().with(Attribute::property(Name::default_term("mark"), true)),
        Entity::new(Uri::ngsi_ld("Car", "1"), Name::default_term("Car")),
    ];
    let leaves = [
        "resource.types.contains(\"Lamp\")",
        // Beyond what a number can be: no value for a lamp.
        "(resource.types.contains(\"Lamp\") && context.hour * 9223372036854775807 > 0)",
        "resource.hasTag(\"mark\")",
    ];
    let (mut some, mut none) = (0, 0);
    for one in leaves {
        for other in leaves {
            for condition in [
                format!("{one} && {other}"),
                format!("{one} || {other}"),
                format!("!({one} && {other})"),
                format!("!({one} || {other})"),
                format!("!({one}) || {other}"),
                format!("if {one} then {other} else resource.hasTag(\"mark\")"),
                format!("!(if {one} then resource.hasTag(\"mark\") else {other})"),
            ] {
                let count = allowed(&condition, &entities);
                if count > 0 { some += 1 } else { none += 1 }
            }
        }
    }
    assert!(
        some > 10 && none > 10,
        "{some} are true of something, {none} of nothing"
    );
}
