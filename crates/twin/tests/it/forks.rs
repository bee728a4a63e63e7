//! What if: a fork answers like a twin, and nothing of it shows anywhere else.

use ngsi_ld::{Attribute, Entity, Name, Uri};
use proptest::prelude::*;
use query::{EntityQuery, Selection};
use twin::{Operation, Reader, Twin};

use crate::common::{all, view};

fn open() -> Twin {
    crate::common::twin()
}

fn id(number: u8) -> Uri {
    Uri::ngsi_ld("Kerb", &number.to_string())
}

fn kerb(number: u8, height: i64) -> Entity {
    Entity::new(id(number), Name::default_term("Kerb"))
        .with(Attribute::property(Name::default_term("height"), height))
}

fn operation((kind, number, height): (u8, u8, i64)) -> Operation {
    match kind {
        0 => Operation::Create(kerb(number, height)),
        1 => Operation::UpsertReplace(kerb(number, height)),
        2 => Operation::UpsertUpdate(kerb(number, height)),
        3 => Operation::Delete(id(number)),
        _ => Operation::ReplaceAttribute(
            id(number),
            Attribute::property(Name::default_term("height"), height),
        ),
    }
}

/// Without what depends on when it was done.
fn timeless(mut entity: Entity) -> Entity {
    entity.created_at = ngsi_ld::Timestamp::MIN;
    entity.modified_at = ngsi_ld::Timestamp::MIN;
    for attribute in &mut entity.attributes {
        attribute.created_at = ngsi_ld::Timestamp::MIN;
        attribute.modified_at = ngsi_ld::Timestamp::MIN;
    }
    entity
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// The live twin is the oracle: the same operations give the same answers and the same entities.
    #[test]
    fn a_fork_does_what_the_twin_would_do(
        before in prop::collection::vec((0..5_u8, 0..12_u8, 0..4_i64), 0..30),
        then in prop::collection::vec((0..5_u8, 0..12_u8, 0..4_i64), 0..30),
    ) {
        let twin = open();
        for step in before {
            let _ = twin.execute_blocking(&view(), vec![operation(step)]); // some cannot be done
        }
        let baseline = twin.snapshot();
        let was = all(&baseline, &view());
        let mut fork = baseline.fork();
        let mut forked = Vec::new();
        for step in &then {
            forked.push(fork.execute(&view(), operation(*step)).map_err(|e| e.to_string()));
        }
        prop_assert_eq!(&all(&baseline, &view()), &was, "the picture stays as it is");
        prop_assert_eq!(&all(&twin, &view()), &was, "the twin stays as it is");
        let again = { let mut fork = baseline.fork(); for step in &then { let _ = fork.execute(&view(), operation(*step)); } all(&fork.snapshot(), &view()) };
        prop_assert_eq!(&all(&fork.snapshot(), &view()), &again, "the same, times and all, whenever it is done");
        let mut live = Vec::new();
        for step in then {
            live.extend(twin.execute_blocking(&view(), vec![operation(step)]).into_iter().map(|r| r.map_err(|e| e.to_string())));
        }
        prop_assert_eq!(forked, live);
        let sorted = |entities: Vec<std::sync::Arc<Entity>>| {
            let mut entities: Vec<_> = entities.iter().map(|e| timeless((**e).clone())).collect();
            entities.sort_by(|a, b| a.id.cmp(&b.id));
            entities
        };
        prop_assert_eq!(sorted(all(&fork.snapshot(), &view())), sorted(all(&twin, &view())));
    }
}

#[test]
fn forks_of_forks_share_and_do_not_mix() {
    let twin = open();
    twin.execute_blocking(&view(), vec![Operation::Create(kerb(1, 12))])
        .into_iter()
        .for_each(|result| assert!(result.is_ok()));
    let mut left = twin.snapshot().fork();
    left.execute(&view(), Operation::Create(kerb(2, 0))).unwrap();
    let mut right = left.clone();
    right.execute(&view(), Operation::Delete(id(1))).unwrap();
    left.execute(&view(), Operation::Create(kerb(3, 0))).unwrap();
    let count = |reader: &dyn Reader| {
        let query = EntityQuery {
            selection: Selection::of_type(Name::default_term("Kerb")),
            limit: 10,
            offset: 0,
            count: true,
        };
        reader.query(&view(), &query).unwrap().total
    };
    assert_eq!(count(&left.snapshot()), Some(3));
    assert_eq!(count(&right.snapshot()), Some(1));
    assert_eq!(count(&twin), Some(1));
    assert!(left.has(&id(3)) && !right.has(&id(3)) && !right.has(&id(1)));
}

/// What a fork made is still there in a fork of its picture, whatever is made there.
#[test]
fn a_fork_of_a_fork_keeps_what_it_made() {
    let twin = open();
    let mut first = twin.snapshot().fork();
    first.execute(&view(), Operation::Create(kerb(1, 1))).unwrap();
    let mut second = first.snapshot().fork();
    second.execute(&view(), Operation::Create(kerb(2, 2))).unwrap();
    let ids: Vec<Uri> = all(&second.snapshot(), &view())
        .iter()
        .map(|e| e.id.clone())
        .collect();
    assert_eq!(ids, [id(1), id(2)]);
    assert_eq!(all(&first.snapshot(), &view()).len(), 1);
}
