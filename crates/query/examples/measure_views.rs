//! What a view costs, in CPU time for each entity it is asked of: `cargo run --release -p query --example measure_views`.
//! Linux only: it reads what the scheduler counted for its thread, so that a busy machine does not show.
#![allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_wrap,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "an example for people, that ends where something is not as it expects"
)]

use std::hint::black_box;
use std::sync::Arc;

use ngsi_ld::{Attribute, Entity, Name, Uri};
use query::view::Condition::{Always, Never};
use query::view::{Class, Classification, Condition, Permissions, Rights, Test};
use query::{Caller, View};

const ENTITIES: usize = 20_000;
const ROUNDS: usize = 20;
const TYPES: usize = 20;
const ATTRIBUTES: usize = 8;

fn name(term: &str, number: usize) -> Name {
    Name::default_term(&format!("{term}{number}"))
}

/// Nanoseconds that this thread has run.
fn cpu_ns() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    text.split(' ').next().unwrap().parse().unwrap()
}

/// Things of 20 types in five districts, each with eight attributes and the names that the compiled @context shares.
fn city() -> Vec<Entity> {
    let types: Vec<Name> = (0..TYPES).map(|n| name("Type", n)).collect();
    let attributes: Vec<Name> = (0..ATTRIBUTES).map(|n| name("attribute", n)).collect();
    let make = |number: usize| {
        let id = Uri::ngsi_ld("Thing", &number.to_string());
        let mut entity = Entity::new(id, types[number % TYPES].clone());
        entity.scope = vec![format!("/city/district{}/quarter{}", number % 5, number % 7).into()];
        for (at, attribute) in attributes.iter().enumerate() {
            entity.put(match at {
                0 => Attribute::property(attribute.clone(), number.is_multiple_of(3)),
                1 => Attribute::property(attribute.clone(), format!("owner{}", number % 50).as_str()),
                _ => Attribute::property(attribute.clone(), number as i64),
            });
        }
        entity
    };
    (0..ENTITIES).map(make).collect()
}

/// Of four classes; the last attribute of each type is personal, the one before internal.
fn classes() -> Arc<Classification> {
    let names = ["open", "internal", "confidential", "personal"];
    let mut classes = Classification::new(names.map(Into::into));
    for of in 0..TYPES {
        for attribute in 0..ATTRIBUTES {
            let class = match attribute {
                7 => 3,
                6 => 1,
                _ => 0,
            };
            classes.attribute(name("Type", of), name("attribute", attribute), Class(class));
        }
    }
    Arc::new(classes)
}

fn main() {
    let city = city();
    let classes = classes();
    let scope = |district: usize| Condition::Scope(format!("/city/district{district}").into());
    let of_type = |number: usize| Condition::Type(name("Type", number));
    let public = || Condition::Attribute(name("attribute", 0), Test::Flag(true));
    // What the design measured: a role's scopes and types, and an owner.
    let designed = || {
        Condition::Any(
            [
                Condition::All([scope(1), of_type(3)].into()),
                Condition::All([scope(2), public()].into()),
                Condition::Attribute(name("attribute", 1), Test::Is("owner7".into())),
            ]
            .into(),
        )
    };
    let by_class = |conditions: [Condition; 4]| Rights::by_class(Arc::clone(&classes), conditions);
    let views = [
        ("open", Rights::all()),
        (
            "everybody's classes, whole entities",
            by_class([Always, Always, Always, public().or(public().negated())]),
        ),
        (
            "entities by scope, type and owner",
            by_class([designed(), designed(), designed(), designed()]),
        ),
        (
            "nothing of other districts",
            by_class([scope(1), scope(1), scope(1), scope(1)]),
        ),
        (
            "hides one personal attribute of eight",
            by_class([Always, Always, Always, Never]),
        ),
        (
            "the same, but in its own scopes",
            by_class([Always, Always, designed(), designed()]),
        ),
    ];
    let measure = |ask: &dyn Fn(&Entity) -> usize| {
        let before = cpu_ns();
        let mut seen = 0;
        for _ in 0..ROUNDS {
            seen += city.iter().map(ask).sum::<usize>();
        }
        black_box(seen);
        (cpu_ns() - before) as f64 / (ROUNDS * ENTITIES) as f64
    };
    let walk = |entity: &Entity| black_box(entity).attributes.len();
    measure(&walk);
    let nothing = measure(&walk);
    println!("{nothing:>8.1} ns  walking past an entity");
    for (what, rights) in views {
        let view = View::new(Caller::Anonymous, "measure", Permissions::uniform(&rights));
        let sees = |entity: &Entity| view.of(black_box(entity)).map_or(0, |seen| seen.attributes.len());
        measure(&sees);
        let shown = city.iter().filter(|entity| view.of(entity).is_some()).count();
        let ns = measure(&sees) - nothing;
        let decides = |entity: &Entity| {
            let mut rights = view.read().of(black_box(entity));
            usize::from(rights.to_all())
        };
        let decided = measure(&decides) - nothing;
        println!("{ns:>8.1} ns  {what}: shows {shown} of {ENTITIES} ({decided:.1} ns to decide the classes)");
    }
}
