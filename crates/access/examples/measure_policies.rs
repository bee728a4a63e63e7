//! What policies cost: how long it takes to read them, to compile a question, and to decide an entity.
//!
//! `cargo run --release -p access --example measure_policies`

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program that prints figures"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use access::policies::{Action, Asked, Documents, Kind, Limits, Policies, RuleBook, Subject};
use ngsi_ld::{Attribute, Entity, Name, Uri};

const TYPES: [&str; 8] = [
    "Streetlight",
    "GtfsStop",
    "Building",
    "AirQualityObserved",
    "Device",
    "Person",
    "Park",
    "RoadSegment",
];

/// Grants by group, place, type, class and purpose; every tenth policy forbids.
fn policies(count: usize) -> String {
    let policy = |number: usize| {
        let (group, scope, of) = (number % 40, number % 25, TYPES[number % TYPES.len()]);
        if number.is_multiple_of(10) {
            format!(
                "@id(\"p{number}\") forbid (principal in Group::\"g{group}\", action in Action::\"See\", resource in \
                 Scope::\"/city/d{scope}\") when {{ resource.hasTag(\"status\") && \
                 resource.getTag(\"status\").texts.contains(\"secret\") }};\n"
            )
        } else {
            format!(
                "@id(\"p{number}\") permit (principal in Group::\"g{group}\", action in Action::\"See\", resource in \
                 Scope::\"/city/d{scope}\") when {{ resource.types.contains(\"{of}\") && \
                 [Class::\"internal\", Class::\"personal\"].contains(context.class) && \
                 context.purpose == Purpose::\"planning\" }};\n"
            )
        }
    };
    (0..count).map(policy).collect()
}

fn entities() -> Vec<Entity> {
    let entity = |number: usize| {
        let of = TYPES[number % TYPES.len()];
        let term = Name::default_term;
        let mut entity = Entity::new(Uri::ngsi_ld(of, &number.to_string()), term(of))
            .with(Attribute::property(term("name"), "x"))
            .with(Attribute::property(
                term("status"),
                if number.is_multiple_of(7) { "secret" } else { "ok" },
            ))
            .with(Attribute::property(term("owner"), "somebody"));
        entity.scope = vec![format!("/city/d{}/b{}", number % 25, number % 9).into()];
        entity
    };
    (0..10_000).map(entity).collect()
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn main() {
    let entities = entities();
    let classes = RuleBook::defaults().unwrap().classes().names().count();
    println!(
        "| policies | read | compile a question, {classes} classes | ask again | decide an entity, {classes} classes | seen |"
    );
    println!("|---|---|---|---|---|---|");
    for count in [50, 500] {
        let documents = Documents::default()
            .with("many.cedar", Some(policies(count)))
            .unwrap();
        let begun = Instant::now();
        let policies = Policies::of(documents, Limits::default()).unwrap();
        let read = begun.elapsed();
        let mut subject = Subject::new(Kind::User, "ada", "city", ["viewer"]);
        for group in (0..40).step_by(8) {
            subject = subject.in_group(&format!("g{group}"));
        }
        let asked = Asked {
            purpose: query::Purpose("planning".into()),
            ..Asked::new(subject, Action::Read)
        };
        let rules = policies.rules();
        let time = |done: &dyn Fn()| {
            let begun = Instant::now();
            done();
            begun.elapsed()
        };
        let compile = median(&mut [(); 21].map(|()| time(&|| drop(black_box(rules.rights(&asked))))));
        let rights = policies.rights(&asked);
        let again = median(&mut [(); 21].map(|()| time(&|| drop(black_box(policies.rights(&asked))))));
        let mut seen = 0_usize;
        let mut decide = [(); 21].map(|()| {
            let begun = Instant::now();
            seen = 0;
            for entity in &entities {
                let mut of = rights.of(entity);
                seen += (0..5).filter(|class| of.to(query::view::Class(*class))).count();
            }
            begun.elapsed()
        });
        let decide = median(&mut decide);
        let each = decide.as_nanos() / entities.len() as u128;
        println!(
            "| {count} | {read:.1?} | {compile:.2?} | {again:.2?} | {each} ns | {seen} of {} |",
            entities.len() * classes
        );
    }
}
