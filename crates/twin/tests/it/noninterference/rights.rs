//! Random rights.

use std::sync::Arc;

use ngsi_ld::{Name, Uri};
use query::view::{Class, Classification, Condition, Permissions, Rights, Test};
use query::{Caller, View};

use super::Random;
use super::world::{DECIDING, PLAIN, TYPES};
use crate::common::{id, name};

/// Alice's view.
pub(crate) fn of_alice(random: &mut Random) -> View {
    let classes = Arc::new(classification(random));
    let mut rights = |likely: usize| {
        let conditions: Vec<Condition> = (0..3)
            .map(|class| condition_of_class(random, likely.saturating_sub(30 * class)))
            .collect();
        Rights::by_class(Arc::clone(&classes), conditions)
    };
    let (read, write, delete, history) = (rights(80), rights(70), rights(60), rights(70));
    // As a rule the past is shown as the present is.
    let history = if random.often(50) { read.clone() } else { history };
    if read.is_all() {
        return of_alice(random); // nothing would be hidden
    }
    let permissions = Permissions {
        read,
        history,
        write,
        delete,
        epoch: 1,
    };
    View::new(Caller::Principal("urn:x:Alice".into()), "test", permissions)
}

fn classification(random: &mut Random) -> Classification {
    let mut classes = Classification::new(["open".into(), "internal".into(), "personal".into()]);
    for of in TYPES {
        for attribute in PLAIN.iter().chain(&DECIDING) {
            if random.often(75) {
                let class = if random.often(60) { 0 } else { random.below(3) };
                classes.attribute(name_of(of), name_of(attribute), Class(class as u8));
            }
        }
        if random.often(30) {
            classes.others(name_of(of), Class(1 + random.below(2) as u8));
        }
    }
    if random.often(40) {
        classes.anywhere(name_of("location"), Class(random.below(2) as u8));
    }
    classes
}

fn condition_of_class(random: &mut Random, likely: usize) -> Condition {
    if random.often(likely) {
        return if random.often(60) {
            Condition::Always
        } else {
            condition(random, 2)
        };
    }
    if random.often(50) {
        Condition::Never
    } else {
        condition(random, 2)
    }
}

/// Every kind, of what is the same in both twins.
fn condition(random: &mut Random, depth: usize) -> Condition {
    let several = |random: &mut Random| -> Box<[Condition]> {
        let many = 1 + random.below(3);
        (0..many).map(|_| condition(random, depth - 1)).collect()
    };
    match random.below(if depth == 0 { 7 } else { 10 }) {
        0 => Condition::Type(name_of(random.pick(&TYPES))),
        1 => Condition::Id(id(random.below(12))),
        2 => Condition::Scope(random.pick(&["/", "/s0", "/s1", "/s1/x"]).into()),
        3 => Condition::Attribute(name("d0"), Test::Flag(random.often(50))),
        4 => Condition::Attribute(name("d1"), Test::Is(random.pick(&["x", "y"]).into())),
        5 => Condition::Attribute(name("d2"), Test::Between(0.0, random.below(5) as f64)),
        6 => {
            let attribute = random.pick(&DECIDING);
            Condition::Attribute(name(attribute), Test::Exists)
        }
        7 => Condition::All(several(random)),
        8 => Condition::Any(several(random)),
        _ => Condition::Not(Box::new(condition(random, depth - 1))),
    }
}

pub(crate) fn name_of(term: &str) -> Name {
    ngsi_ld::context::Context::core().expand(term)
}

pub(crate) fn hidden_id(number: usize) -> Uri {
    Uri::ngsi_ld("Hidden", &number.to_string())
}
