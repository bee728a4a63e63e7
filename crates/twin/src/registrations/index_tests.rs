//! Against a look at everything, and how much is looked at.
#![allow(clippy::unwrap_used, reason = "tests panic when they fail")]

use proptest::prelude::*;

use super::*;

fn name(term: &str) -> Name {
    Name::default_term(term)
}

fn id(kind: &str, number: usize) -> Uri {
    Uri::ngsi_ld(kind, &number.to_string())
}

/// Entities of a type, or of any, with an id or with any; and an attribute, or any.
fn footprint(kind: Option<&str>, entity: Option<usize>, attribute: Option<&str>) -> Footprint {
    Footprint {
        entities: Some(vec![Part {
            types: kind.map(|kind| vec![name(kind)]),
            ids: entity.map(|number| vec![id("E", number)]),
        }]),
        attributes: attribute.map(|term| vec![name(term)]),
    }
}

fn names() -> impl Strategy<Value = Option<Vec<Name>>> {
    let name = (0..4_u8).prop_map(|n| name(&format!("n{n}")));
    prop::option::of(prop::collection::vec(name, 1..3))
}

fn footprints() -> impl Strategy<Value = Footprint> {
    let ids = prop::option::of(prop::collection::vec((0..4_usize).prop_map(|n| id("E", n)), 1..3));
    let part = (names(), ids).prop_map(|(types, ids)| Part { types, ids });
    let entities = prop::option::of(prop::collection::vec(part, 1..3));
    (entities, names()).prop_map(|(entities, attributes)| Footprint { entities, attributes })
}

/// Whether two footprints meet, by the words of their fields.
fn meet(a: &Footprint, b: &Footprint) -> bool {
    fn share<T: PartialEq>(a: Option<&Vec<T>>, b: Option<&Vec<T>>) -> bool {
        let (Some(a), Some(b)) = (a, b) else { return true };
        a.iter().any(|one| b.contains(one))
    }
    let entities = match (&a.entities, &b.entities) {
        (Some(a), Some(b)) => a.iter().any(|one| {
            b.iter().any(|other| {
                share(one.types.as_ref(), other.types.as_ref()) && share(one.ids.as_ref(), other.ids.as_ref())
            })
        }),
        _ => true,
    };
    entities && share(a.attributes.as_ref(), b.attributes.as_ref())
}

proptest! {
    #[test]
    fn nothing_that_meets_is_missing(
        values in prop::collection::vec(footprints(), 1..20),
        replaced in prop::collection::vec((0..20_usize, footprints()), 0..6),
        gone in prop::collection::vec(0..20_usize, 0..10),
        asked in prop::collection::vec(footprints(), 1..10),
    ) {
        let mut index = Index::default();
        let mut there: Vec<Option<Footprint>> = values.iter().cloned().map(Some).collect();
        for (number, value) in values.into_iter().enumerate() {
            index.put(&id("V", number), value, number);
        }
        let count = there.len();
        for (number, value) in replaced.into_iter().filter(|(number, _)| *number < count) {
            index.put(&id("V", number), value.clone(), number);
            there[number] = Some(value);
        }
        for number in gone.into_iter().filter(|number| *number < count) {
            index.remove(&id("V", number));
            there[number] = None;
        }
        for question in asked {
            let mut found: Vec<usize> = index.candidates(&question).into_iter().copied().collect();
            found.sort_unstable();
            let mut once = found.clone();
            once.dedup();
            prop_assert_eq!(&found, &once, "each once");
            for (number, value) in there.iter().enumerate() {
                let meets = value.as_ref().is_some_and(|value| meet(value, &question));
                prop_assert!(!meets || found.contains(&number), "{number} is missing for {question:?}");
                prop_assert!(value.is_some() || !found.contains(&number), "{number} is gone");
            }
        }
        for number in 0..there.len() {
            index.remove(&id("V", number));
        }
        prop_assert!(index.named.is_empty() && index.unnamed.is_empty() && index.by_type.is_empty());
        prop_assert!(index.by_attribute.is_empty() && index.by_id.is_empty());
    }
}

#[test]
fn of_ten_thousand_few_are_looked_at() {
    let mut index = Index::default();
    for number in 0..10_000 {
        let value = match number % 4 {
            // One entity and one of its attributes, as an exclusive registration.
            0 => footprint(Some("Sensor"), Some(number), Some("temperature")),
            // One of 2 500 types.
            1 => footprint(Some(&format!("T{number}")), None, None),
            // One of 2 500 attributes.
            2 => footprint(Some("Station"), None, Some(&format!("a{number}"))),
            // An entity whatever its type.
            _ => footprint(None, Some(number), None),
        };
        index.put(&id("V", number), value, number);
    }
    for (asked, most) in [
        (footprint(Some("Sensor"), Some(400), None), 1),
        (footprint(Some("Sensor"), Some(400), Some("temperature")), 1),
        (footprint(Some("T401"), None, None), 2_501),
        (footprint(Some("T401"), Some(7), None), 2),
        (footprint(Some("Station"), Some(7), Some("a402")), 2_501),
        (footprint(Some("Nothing"), Some(1), None), 0),
    ] {
        let looked_at = index.candidates(&asked).len();
        assert!(looked_at <= most, "{looked_at} for {asked:?}");
    }
}
