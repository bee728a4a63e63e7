//! Evolutions in parts (6.3.10), in pieces (4.5.19), with deletions (4.5.7) and Scopes (4.5.6).

use ngsi_ld::query::temporal::{TemporalQuery, TimeProperty, TimeRelation};
use ngsi_ld::{Attribute, Timestamp, Uri};
use proptest::prelude::*;
use storage::{Embedded, Environment, Memory, Storage};
use twin::{Error, HistoryQuery, Instance, Operation, Piece, Reader, Twin};

use crate::common::{always, at, clock, hiding, id, name, property, run, set, thing, twin, view};

fn query(relation: TimeRelation, property: TimeProperty, last_n: Option<usize>) -> HistoryQuery {
    HistoryQuery {
        temporal: TemporalQuery { relation, property },
        attributes: Vec::new(),
        datasets: Vec::new(),
        last_n,
    }
}

fn dataset() -> Uri {
    Uri::ngsi_ld("Dataset", "x")
}

/// Some attributes with a past in several data sets, some of it current, some of it never observed.
fn fill(twin: &Twin, instants: &[(usize, Option<i64>, bool)]) {
    run(twin, Operation::Create(thing(1).with(property("a", -1)))).unwrap();
    for (index, (which, observed, current)) in instants.iter().enumerate() {
        let mut attribute = property(["a", "b", "c"][which % 3], index as i64);
        attribute.dataset_id = (which / 3 == 1).then(dataset);
        attribute.observed_at = observed.map(at);
        let mut entity = thing(1);
        entity.attributes = vec![attribute];
        let operation = Operation::AppendHistory {
            entity,
            current: *current,
        };
        run(twin, operation).unwrap();
    }
}

fn instant(a: &Attribute, property: TimeProperty) -> Timestamp {
    match property {
        TimeProperty::ModifiedAt => a.modified_at,
        TimeProperty::CreatedAt => a.created_at,
        _ => a.instant(),
    }
}

fn check_parts(
    twin: &Twin,
    most: usize,
    relation: TimeRelation,
    property: TimeProperty,
    last_n: Option<usize>,
    datasets: &[Option<Uri>],
) {
    let mut query = query(relation, property, last_n);
    let mut all = twin.history(&view(), &id(1), &query).unwrap().unwrap().attributes;
    all.retain(|a| datasets.is_empty() || datasets.contains(&a.dataset_id));
    query.datasets = datasets.to_vec();
    let mut instants: Vec<Timestamp> = all.iter().map(|a| instant(a, property)).collect();
    instants.sort_unstable();
    if last_n.is_some() {
        instants.reverse();
    }
    let fits = |at: Timestamp| match instants.get(most) {
        None => true,
        Some(beyond) if last_n.is_some() => at > *beyond,
        Some(beyond) => at < *beyond,
    };
    let expected: Vec<Attribute> = all
        .iter()
        .filter(|a| fits(instant(a, property)))
        .cloned()
        .collect();
    match twin.evolution(&view(), &id(1), &query, most) {
        Ok(part) => {
            let part = part.unwrap();
            assert_eq!(part.entity.attributes, expected);
            let reached = instants.iter().rev().copied().find(|at| fits(*at));
            assert_eq!(part.reached, reached.filter(|_| instants.len() > most));
            for attribute in &all {
                let is_in = expected.iter().any(|a| a.name == attribute.name);
                assert_eq!(part.left_out.contains(&attribute.name), !is_in);
            }
            for name in &part.left_out {
                assert!(
                    all.iter().any(|a| a.name == *name),
                    "{name} has nothing in that time"
                );
            }
        }
        Err(Error::TooManyOfOneInstant { at, .. }) => {
            assert!(expected.is_empty());
            assert_eq!(at, instants[0]);
        }
        Err(error) => panic!("{error}"),
    }
}

/// The pieces, as instances by instant and value.
fn pieced(twin: &Twin, query: &HistoryQuery) -> Vec<(String, Option<Uri>, Timestamp, i64)> {
    let mut found = Vec::new();
    let mut each = |name: &ngsi_ld::Name, dataset: Option<&Uri>, piece: Piece<'_>| {
        let mut take = |at: Timestamp, value: f64| {
            found.push((name.short().to_owned(), dataset.cloned(), at, value as i64));
        };
        match piece {
            Piece::One(at, one) => take(at, one.as_f64().unwrap()),
            Piece::Integers(instants, values) => {
                assert_eq!(instants.len(), values.len());
                for (at, value) in instants.iter().zip(values) {
                    take(Timestamp::from_micros(*at), *value as f64);
                }
            }
            Piece::Floats(instants, values) => {
                for (at, value) in instants.iter().zip(values) {
                    take(Timestamp::from_micros(*at), *value);
                }
            }
        }
    };
    twin.pieces(&view(), &id(1), query, &mut each).unwrap().unwrap();
    found.sort();
    found
}

fn check_pieces(twin: &Twin, relation: TimeRelation, property: TimeProperty) {
    let query = query(relation, property, None);
    let all = twin.history(&view(), &id(1), &query).unwrap().unwrap().attributes;
    let mut expected: Vec<_> = all
        .iter()
        .filter(|a| property != TimeProperty::ObservedAt || a.observed_at.is_some())
        .map(|a| {
            let value = a.as_f64().unwrap() as i64;
            (
                a.name.short().to_owned(),
                a.dataset_id.clone(),
                instant(a, property),
                value,
            )
        })
        .collect();
    expected.sort();
    assert_eq!(pieced(twin, &query), expected);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_part_is_the_beginning_or_the_end_of_all(
        instants in prop::collection::vec((0..6_usize, prop::option::weighted(0.8, 0..20_i64), any::<bool>()), 0..40),
        most in 1..30_usize,
        last_n in prop::option::of(1..12_usize),
        range in (0..20_i64, 0..20_i64),
        embedded in any::<bool>(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let storage: Box<dyn Storage> = if embedded {
            let options = storage::Options { fold_changes: 7, ..storage::Options::default() };
            Box::new(Embedded::open_with(folder.path(), "city", Environment::real(1), options).unwrap())
        } else {
            Box::new(Memory::new())
        };
        let clock = clock();
        clock.set(at(1_000));
        let twin = Twin::open(storage, clock).unwrap();
        fill(&twin, &instants);
        let between = TimeRelation::Between(at(range.0.min(range.1)), at(range.0.max(range.1)));
        for relation in [TimeRelation::Always, TimeRelation::After(at(range.0)), TimeRelation::Before(at(range.1)), between] {
            for property in [TimeProperty::ObservedAt, TimeProperty::ModifiedAt] {
                for datasets in [&[][..], &[None], &[Some(dataset())], &[Some(dataset()), None]] {
                    check_parts(&twin, most, relation, property, last_n, datasets);
                }
                check_pieces(&twin, relation, property);
            }
        }
    }
}

/// More of one attribute than have room, and nothing beside it, by an instant that the store does not order by.
#[test]
fn the_last_of_one_attribute_are_a_part_where_one_more_has_no_room() {
    let clock = clock();
    clock.set(at(1_000));
    let twin = Twin::open(Box::new(Memory::new()), clock).unwrap();
    fill(
        &twin,
        &[(0, Some(1), true), (0, Some(2), true), (0, Some(3), true)],
    );
    for most in 1..5 {
        for last_n in 1..5 {
            for property in [TimeProperty::ObservedAt, TimeProperty::ModifiedAt] {
                check_parts(&twin, most, TimeRelation::Always, property, Some(last_n), &[]);
            }
        }
    }
}

#[test]
fn clause_4_5_7_a_deletion_is_an_instance() {
    let clock = clock();
    let twin = Twin::open(Box::new(Memory::new()), clock.clone()).unwrap();
    let target = Attribute::relationship(name("r"), id(7));
    run(
        &twin,
        Operation::Create(thing(1).with(property("a", 1)).with(target)),
    )
    .unwrap();
    for (second, attribute) in [(10, "a"), (20, "r")] {
        clock.set(at(second));
        run(
            &twin,
            Operation::DeleteAttribute(id(1), name(attribute), Instance::All),
        )
        .unwrap();
    }
    let deletions = |relation| {
        let query = query(relation, TimeProperty::DeletedAt, None);
        let part = twin.evolution(&view(), &id(1), &query, 100).unwrap().unwrap();
        let of = |a: &Attribute| (a.name.short().to_owned(), a.value.kind().as_str(), a.deletion());
        part.entity.attributes.iter().map(of).collect::<Vec<_>>()
    };
    let (a, r) = (
        ("a".to_owned(), "Property", Some(at(10))),
        ("r".to_owned(), "Relationship", Some(at(20))),
    );
    assert_eq!(deletions(TimeRelation::Always), [a.clone(), r.clone()]);
    assert_eq!(deletions(TimeRelation::After(at(11))), [r]);
    assert_eq!(deletions(TimeRelation::Before(at(11))), [a]);
    let part = twin.evolution(&view(), &id(1), &always(), 100).unwrap().unwrap();
    assert_eq!(part.entity.attributes.len(), 4, "with no time asked for, all");
    assert_eq!(
        twin.history(&view(), &id(1), &always())
            .unwrap()
            .unwrap()
            .attributes
            .len(),
        2
    );
}

/// In memory, from the store, and no longer once there is an entity of that id again.
#[test]
fn clause_4_8_a_deleted_entity_says_when_that_was() {
    let folder = tempfile::tempdir().unwrap();
    let clock = clock();
    let open = || {
        let store = Embedded::open(folder.path(), "city", Environment::real(1)).unwrap();
        Twin::open(Box::new(store), clock.clone()).unwrap()
    };
    let told = |twin: &Twin| {
        let part = twin.evolution(&view(), &id(1), &always(), 100).unwrap().unwrap();
        let pieces = twin
            .pieces(&view(), &id(1), &always(), &mut |_, _, _| {})
            .unwrap();
        let deleted_at = part.entity.deleted_at;
        assert_eq!(pieces.unwrap().deleted_at, deleted_at);
        let other = twin.evolution(&view(), &id(2), &always(), 100).unwrap().unwrap();
        assert_eq!(other.entity.deleted_at, None);
        deleted_at
    };
    let twin = open();
    for n in [1, 2] {
        run(&twin, Operation::Create(thing(n).with(property("a", 1)))).unwrap();
    }
    assert_eq!(told(&twin), None);
    clock.set(at(10));
    run(&twin, Operation::Delete(id(1))).unwrap();
    assert_eq!(told(&twin), Some(at(10)));
    let past = Operation::AppendHistory {
        entity: thing(1).with(property("a", 3).observed_at(at(5))),
        current: false,
    };
    clock.set(at(20));
    run(&twin, past).unwrap();
    assert_eq!(
        told(&twin),
        Some(at(10)),
        "more of its past does not bring it back"
    );
    twin.close();
    drop(twin);
    let twin = open();
    assert_eq!(told(&twin), Some(at(10)));
    clock.set(at(30));
    run(&twin, Operation::Create(thing(1).with(property("a", 2)))).unwrap();
    assert_eq!(told(&twin), None);
}

#[test]
fn clause_4_5_6_changes_of_the_scope_are_kept() {
    let clock = clock();
    let twin = Twin::open(Box::new(Memory::new()), clock.clone()).unwrap();
    let scoped = |scopes: &[&str]| ngsi_ld::fragment::Fragment {
        scope: Some(scopes.iter().map(|scope| (*scope).into()).collect()),
        ..Default::default()
    };
    let mut entity = thing(1).with(property("a", 1));
    entity.scope = vec!["/A".into()];
    run(&twin, Operation::Create(entity)).unwrap();
    clock.set(at(10));
    run(&twin, Operation::Merge(id(1), scoped(&["/A", "/B"]))).unwrap();
    run(&twin, Operation::Merge(id(1), set("a", 2))).unwrap();
    clock.set(at(20));
    run(&twin, Operation::Merge(id(1), scoped(&[]))).unwrap();
    clock.set(at(30));
    run(&twin, Operation::Merge(id(1), scoped(&["/C"]))).unwrap();
    clock.set(at(40));
    run(&twin, Operation::Delete(id(1))).unwrap();
    let mut scopes = query(TimeRelation::Always, TimeProperty::ObservedAt, None);
    scopes.attributes = vec![ngsi_ld::representation::scope_name()];
    let found = twin
        .history(&view(), &id(1), &scopes)
        .unwrap()
        .unwrap()
        .attributes;
    let told: Vec<_> = found
        .iter()
        .map(|one| (one.scopes(), one.observed_at, one.deletion()))
        .collect();
    assert_eq!(
        told,
        [
            (vec!["/A".into()], Some(at(0)), None),
            (vec!["/A".into(), "/B".into()], Some(at(10)), None),
            (vec![], None, Some(at(20))),
            (vec!["/C".into()], Some(at(30)), None),
            (vec![], None, Some(at(40))),
        ]
    );
    // Given as history: the latest is what the entity has.
    let twin = crate::common::twin();
    let mut entity = thing(2);
    entity.attributes = [("/B", 20), ("/A", 10)]
        .map(|(scope, second)| Attribute::of_scope(&[scope.into()]).observed_at(at(second)))
        .into();
    let append = |entity| Operation::AppendHistory {
        entity,
        current: false,
    };
    run(&twin, append(entity)).unwrap();
    let scope = |twin: &Twin| {
        let mut found = None;
        twin.evolutions(&view(), &[], &mut |entity| {
            found = Some(entity.scope.clone());
            true
        })
        .unwrap();
        found.unwrap()
    };
    assert_eq!(scope(&twin), ["/B".into()]);
    let mut earlier = thing(2);
    earlier.attributes = vec![Attribute::of_scope(&["/Z".into()]).observed_at(at(15))];
    run(&twin, append(earlier)).unwrap();
    assert_eq!(scope(&twin), ["/B".into()], "a later one is known");
    let _ = twin;
}

#[test]
fn a_hidden_attribute_takes_no_room() {
    let twin = twin();
    let mut entity = thing(1);
    for second in 0..20 {
        entity
            .attributes
            .push(property("secret", second).observed_at(at(second)));
    }
    entity.attributes.push(property("a", 1).observed_at(at(50)));
    run(
        &twin,
        Operation::AppendHistory {
            entity,
            current: false,
        },
    )
    .unwrap();
    let blind = hiding([name("secret")]);
    let part = twin.evolution(&blind, &id(1), &always(), 5).unwrap().unwrap();
    assert_eq!(part.reached, None);
    assert_eq!(part.entity.attributes.len(), 1);
    assert!(part.left_out.is_empty());
    let mut names = Vec::new();
    let mut each = |name: &ngsi_ld::Name, _: Option<&Uri>, _: Piece<'_>| names.push(name.clone());
    twin.pieces(&blind, &id(1), &always(), &mut each).unwrap();
    assert_eq!(names, [name("a")]);
}

#[test]
fn evolutions_of_a_type_are_those_that_are_and_those_that_were() {
    let twin = twin();
    let typed = |number: i64, types: &[&str]| {
        let mut entity = thing(number).with(property("a", number).observed_at(at(1)));
        entity.types = types.iter().map(|term| name(term)).collect();
        entity
    };
    for (number, types) in [
        (1, &["A"][..]),
        (2, &["B"]),
        (3, &["A", "B"]),
        (4, &["A"]),
        (5, &["B"]),
    ] {
        run(&twin, Operation::Create(typed(number, types))).unwrap();
    }
    run(&twin, Operation::Delete(id(1))).unwrap();
    run(&twin, Operation::Delete(id(3))).unwrap();
    for (number, types) in [(6, &["A"][..]), (7, &["C"])] {
        let entity = typed(number, types);
        let append = Operation::AppendHistory {
            entity,
            current: false,
        };
        run(&twin, append).unwrap();
    }
    run(&twin, Operation::DeleteHistory(id(4))).unwrap();
    let visited = |reader: &dyn Reader, types: &[&str]| {
        let types: Vec<_> = types.iter().map(|term| name(term)).collect();
        let mut found = Vec::new();
        let mut visit = |entity: &std::sync::Arc<ngsi_ld::Entity>| {
            found.push(entity.id.clone());
            true
        };
        reader.evolutions(&view(), &types, &mut visit).unwrap();
        found
    };
    // By looking at all of them.
    let oracle = |reader: &dyn Reader, types: &[&str]| {
        let all = visited(reader, &[]).into_iter();
        all.filter(|id| {
            let entity = reader.evolution_of(&view(), id).unwrap();
            types.iter().any(|term| entity.types.contains(&name(term)))
        })
        .collect::<Vec<_>>()
    };
    let picture = twin.snapshot();
    run(&twin, Operation::Create(typed(1, &["B"]))).unwrap();
    for types in [&["A"][..], &["B"], &["C"], &["A", "B"], &["A", "C"], &["D"]] {
        assert_eq!(visited(&twin, types), oracle(&twin, types), "{types:?}");
        assert_eq!(
            visited(&picture, types),
            oracle(&picture, types),
            "{types:?}, before"
        );
    }
    assert_eq!(visited(&twin, &["C"]), [id(7)]);
    assert!(
        visited(&picture, &["A"]).contains(&id(1)),
        "what was deleted was of its type"
    );
}
