//! Random policies from a grammar, random people, random entities. All of them few in their names, so that they meet.

use access::policies::{Action, Asked, Kind, Subject};
use ngsi_ld::{Attribute, Entity, Name, PropertyValue, Uri, Value};
use query::Purpose;
use rand::{Rng, RngExt};
use serde_json::json;

const ROLES: [&str; 4] = ["editor", "viewer", "operator", "anonymous"];
const GROUPS: [&str; 2] = ["water", "roads"];
const IDS: [&str; 3] = ["ada", "bob", "eve"];
const CLASSES: [&str; 3] = ["open", "personal", "special"];
const PURPOSES: [&str; 3] = ["service-operation", "planning", "research"];
const TYPES: [&str; 4] = ["Lamp", "Car", "Person", "https://example.org/Bench"];
const ENTITIES: [&str; 4] = ["urn:x:1", "urn:x:2", "urn:x:3", "urn:x:4"];
const SCOPES: [&str; 5] = ["/", "/city", "/city/north", "/city/north/1", "/citynorth"];
const TERMS: [&str; 5] = [
    "status",
    "power",
    "location",
    "https://example.org/mark",
    "absent",
];
const TEXTS: [&str; 4] = ["on", "off", "ada", "urn:x:2"];
/// Beyond what a number can be, for some: then the policy does not count.
const OVERFLOW: &str = "context.hour * 1000000000000000000 > 0";
const NUMBERS: [&str; 6] = ["0.0", "0.1", "0.3333", "12.5", "-7.25", "99999999999.0"];

/// Three classes, of which each has something.
pub(crate) const CLASSIFICATION: &str = r#"
version = 1
classes = [
    { name = "open", meaning = "" }, { name = "personal", meaning = "" }, { name = "special", meaning = "" },
]
[[rules]]
types = ["Lamp", "Car"]
others = "open"
attributes = { owner = "personal" }
"#;

fn one<'a>(rng: &mut impl Rng, of: &[&'a str]) -> &'a str {
    of[rng.random_range(0..of.len())]
}

fn some<'a>(rng: &mut impl Rng, of: &[&'a str], most: usize) -> Vec<&'a str> {
    let count = rng.random_range(0..=most);
    (0..count).map(|_| one(rng, of)).collect()
}

fn list(of: &[&str]) -> String {
    let quoted: Vec<String> = of.iter().map(|text| format!("\"{text}\"")).collect();
    format!("[{}]", quoted.join(", "))
}

fn entities(kind: &str, of: &[&str]) -> String {
    let named: Vec<String> = of.iter().map(|text| format!("{kind}::\"{text}\"")).collect();
    format!("[{}]", named.join(", "))
}

/// At least one: an empty list has no type in Cedar.
fn several<'a>(rng: &mut impl Rng, of: &[&'a str]) -> Vec<&'a str> {
    let mut found = some(rng, of, 2);
    found.push(one(rng, of));
    found
}

/// A document of policies: several that meet, or one whose condition alone decides.
pub(crate) fn document(rng: &mut impl Rng) -> String {
    match rng.random_range(0..6) {
        0 | 1 => {
            let depth = rng.random_range(0..4);
            return format!(
                "@id(\"p\") permit (principal, action, resource) when {{ {} }};",
                expression(rng, depth)
            );
        }
        2 => {
            let term = one(rng, &TERMS);
            let asked = guarded(rng, term);
            return format!(
                "@id(\"p\") permit (principal, action, resource) when {{ resource.hasTag(\"{term}\") && {asked} }};"
            );
        }
        _ => {}
    }
    let count = rng.random_range(1..=7);
    (0..count).map(|number| policy(rng, number)).collect()
}

fn policy(rng: &mut impl Rng, number: usize) -> String {
    let effect = if rng.random_bool(0.7) { "permit" } else { "forbid" };
    let principal = match rng.random_range(0..7) {
        0 => format!("principal in Role::\"{}\"", one(rng, &ROLES)),
        1 => format!("principal is {}", one(rng, &["User", "Service", "Device"])),
        2 => format!("principal is User in Group::\"{}\"", one(rng, &GROUPS)),
        3 => format!("principal == User::\"{}\"", one(rng, &IDS)),
        _ => "principal".to_owned(),
    };
    let action = match rng.random_range(0..6) {
        0 => "action == Action::\"Read\"".to_owned(),
        1 => "action in Action::\"See\"".to_owned(),
        2 => "action in [Action::\"Change\", Action::\"Export\", Action::\"Read\"]".to_owned(),
        _ => "action".to_owned(),
    };
    let resource = match rng.random_range(0..7) {
        0 => format!("resource in Scope::\"{}\"", one(rng, &SCOPES)),
        1 => format!("resource == NgsiEntity::\"{}\"", one(rng, &ENTITIES)),
        2 => format!("resource is NgsiEntity in Scope::\"{}\"", one(rng, &SCOPES)),
        3 => format!("resource in Tenant::\"{}\"", one(rng, &["t", "u"])),
        _ => "resource".to_owned(),
    };
    let mut text = format!("@id(\"p{number}\") {effect} ({principal}, {action}, {resource})");
    for _ in 0..rng.random_range(0..3) {
        let word = if rng.random_bool(0.7) { "when" } else { "unless" };
        let depth = rng.random_range(0..4);
        for part in [" ", word, " { ", &expression(rng, depth), " }"] {
            text.push_str(part);
        }
    }
    text.push_str(";\n");
    text
}

fn expression(rng: &mut impl Rng, depth: usize) -> String {
    if depth == 0 {
        return leaf(rng);
    }
    let below = |rng: &mut _| expression(rng, depth - 1);
    match rng.random_range(0..9) {
        0 => format!("({} && {OVERFLOW})", leaf(rng)),
        1 => format!("({} && {})", below(rng), below(rng)),
        2 | 3 => format!("({} || {})", below(rng), below(rng)),
        4 => format!("!({})", below(rng)),
        5 => format!("(if {} then {} else {})", below(rng), below(rng), below(rng)),
        6 | 7 => {
            let term = one(rng, &TERMS);
            format!(
                "(if resource.hasTag(\"{term}\") then {} else {})",
                guarded(rng, term),
                below(rng)
            )
        }
        _ => leaf(rng),
    }
}

/// What may be asked of an attribute that is there.
fn guarded(rng: &mut impl Rng, term: &str) -> String {
    let tag = format!("resource.getTag(\"{term}\")");
    match rng.random_range(0..6) {
        0 => format!("{tag}.texts.contains(\"{}\")", one(rng, &TEXTS)),
        1 => {
            let way = one(rng, &["containsAny", "containsAll"]);
            format!("{tag}.texts.{way}({})", list(&several(rng, &TEXTS)))
        }
        2 => format!("{tag}.flags.contains({})", rng.random_bool(0.5)),
        3 => format!("{tag}.texts.contains(principal.id)"),
        _ => {
            let bound = one(rng, &["highest", "lowest"]);
            let way = one(
                rng,
                &["lessThan", "lessThanOrEqual", "greaterThan", "greaterThanOrEqual"],
            );
            let number = one(rng, &NUMBERS);
            if rng.random_bool(0.8) {
                format!("{tag}.{bound}.{way}(decimal(\"{number}\"))")
            } else {
                format!("decimal(\"{number}\").{way}({tag}.{bound})")
            }
        }
    }
}

fn leaf(rng: &mut impl Rng) -> String {
    match rng.random_range(0..24) {
        0 | 1 => format!("resource.types.contains(\"{}\")", one(rng, &TYPES)),
        2 => {
            let way = one(rng, &["containsAny", "containsAll"]);
            format!("resource.types.{way}({})", list(&several(rng, &TYPES)))
        }
        3 => format!("{}.containsAny(resource.types)", list(&several(rng, &TYPES))),
        4 => "resource.owner.contains(principal.id)".to_owned(),
        5 => format!(
            "resource.id {} \"{}\"",
            one(rng, &["==", "!="]),
            one(rng, &ENTITIES)
        ),
        6 => format!("{}.contains(resource.id)", list(&several(rng, &ENTITIES))),
        7 => format!("resource in Scope::\"{}\"", one(rng, &SCOPES)),
        8 => format!("resource in {}", entities("Scope", &several(rng, &SCOPES))),
        9 => "resource in principal.scopes".to_owned(),
        10 => format!("resource.hasTag(\"{}\")", one(rng, &TERMS)),
        11..=13 => {
            let term = one(rng, &TERMS);
            format!("(resource.hasTag(\"{term}\") && {})", guarded(rng, term))
        }
        14 => {
            "(principal.hasTag(\"things\") && principal.getTag(\"things\").contains(resource.id))".to_owned()
        }
        15 => "(principal.hasTag(\"words\") && resource.hasTag(\"status\") && \
               principal.getTag(\"words\").containsAny(resource.getTag(\"status\").texts))"
            .to_owned(),
        16 => format!(
            "{}.contains(context.class)",
            entities("Class", &several(rng, &CLASSES))
        ),
        17 => format!("context.class == Class::\"{}\"", one(rng, &CLASSES)),
        18 => format!("context.purpose != Purpose::\"{}\"", one(rng, &PURPOSES)),
        19 => format!("context.assurance >= {}", rng.random_range(0..3)),
        20 => format!("context.hour < {}", rng.random_range(0..24)),
        21 => OVERFLOW.to_owned(),
        22 => format!("principal in Role::\"{}\"", one(rng, &ROLES)),
        _ => format!("principal.id like \"{}*\"", one(rng, &["a", "b", ""])),
    }
}

/// Somebody who asks for something.
pub(crate) fn asked(rng: &mut impl Rng) -> Asked {
    let kind = Kind::ALL[rng.random_range(0..3)];
    let roles = some(rng, &ROLES, 2);
    let tenant = if rng.random_bool(0.95) { "t" } else { "u" };
    let mut subject = Subject::new(kind, one(rng, &IDS), tenant, roles);
    for group in some(rng, &GROUPS, 1) {
        subject = subject.in_group(group);
    }
    for scope in some(rng, &SCOPES, 2) {
        subject = subject.in_scope(scope);
    }
    for thing in some(rng, &ENTITIES, 2) {
        subject = subject.with("things", thing);
    }
    for word in some(rng, &TEXTS, 2) {
        subject = subject.with("words", word);
    }
    Asked {
        tenant: "t".into(),
        purpose: Purpose(one(rng, &PURPOSES).into()),
        assurance: rng.random_range(0..3),
        hour: rng.random_range(0..24),
        weekday: rng.random_range(1..8),
        ..Asked::new(subject, Action::ALL[rng.random_range(0..Action::ALL.len())])
    }
}

fn name(term: &str) -> Name {
    ngsi_ld::context::Context::core().expand(term)
}

/// An entity of up to three types, with some attributes and without others.
pub(crate) fn entity(rng: &mut impl Rng) -> Entity {
    let id = Uri::parse(one(rng, &ENTITIES)).unwrap();
    let mut entity = Entity::new(id, name(one(rng, &TYPES)));
    for more in some(rng, &TYPES, 2) {
        if !entity.has_type(name(more).as_str()) {
            entity.types.push(name(more));
        }
    }
    entity.scope = some(rng, &["/city", "/city/north", "city/north/1", "/citynorth"], 2)
        .into_iter()
        .map(Box::from)
        .collect();
    for term in ["status", "power", "location", "https://example.org/mark", "owner"] {
        for number in 0..rng.random_range(0..3) {
            let attribute = Attribute::new(name(term), value(rng));
            entity.put(match number {
                0 => attribute,
                number => attribute.dataset(Uri::parse(&format!("urn:d:{number}")).unwrap()),
            });
        }
    }
    entity
}

fn value(rng: &mut impl Rng) -> Value {
    let text = one(rng, &TEXTS);
    match rng.random_range(0..10) {
        0 | 1 => Value::Property(PropertyValue::Text(text.into())),
        2 => Value::Property(PropertyValue::Boolean(rng.random_bool(0.5))),
        3 => Value::Property(PropertyValue::Integer(rng.random_range(-10..20))),
        4 | 9 => {
            let numbers = [
                0.0,
                0.1,
                0.1 + 0.2,
                1.0 / 3.0,
                12.5,
                12.500_001,
                -7.250_01,
                1e300,
                -1e300,
                0.333_3,
                99_999_999_999.0,
            ];
            Value::Property(PropertyValue::Number(numbers[rng.random_range(0..numbers.len())]))
        }
        5 => Value::Property(PropertyValue::from_json(json!([text, one(rng, &TEXTS), 7, true]))),
        6 => Value::List(vec![json!(text), json!(1)].into()),
        7 => Value::ListRelationship(vec![Uri::parse("urn:x:2").unwrap()].into()),
        _ => Value::Relationship(ngsi_ld::Relationship::to(
            Uri::parse(one(rng, &["urn:x:1", "urn:x:2"])).unwrap(),
        )),
    }
}
