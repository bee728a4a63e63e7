//! What single operations leave behind, beyond what the model says.

use ngsi_ld::fragment::Fragment;
use ngsi_ld::query::temporal::{TemporalQuery, TimeProperty, TimeRelation};
use ngsi_ld::{Attribute, Entity};
use storage::Memory;
use twin::{Error, HistoryQuery, Operation, Outcome, Reader, Twin};

use crate::common::{
    always, at, clock, history, id, name, numbers, open, part, property, run, set, thing, twin, view,
};

#[test]
fn times_come_from_the_clock_and_never_go_back() {
    let clock = clock();
    let twin = Twin::open(Box::new(Memory::new()), clock.clone()).unwrap();
    let sub = property("a", 1).with(property("b", 2));
    run(
        &twin,
        Operation::Create(thing(1).with(sub).with(property("c", 3))),
    )
    .unwrap();
    let made = twin.get(&view(), &id(1)).unwrap();
    let a = |entity: &ngsi_ld::Entity| entity.get(name("a").as_str()).unwrap().clone();
    assert_eq!((made.created_at, made.modified_at), (at(0), at(0)));
    assert_eq!((a(&made).created_at, a(&made).modified_at), (at(0), at(0)));
    assert_eq!(a(&made).sub_attributes[0].created_at, at(0));

    clock.set(at(10));
    run(&twin, Operation::Merge(id(1), set("a", 5))).unwrap();
    let merged = twin.get(&view(), &id(1)).unwrap();
    assert_eq!((merged.created_at, merged.modified_at), (at(0), at(10)));
    assert_eq!((a(&merged).created_at, a(&merged).modified_at), (at(0), at(10)));
    assert_eq!(
        a(&merged).sub_attributes[0].modified_at,
        at(0),
        "what stayed keeps its time"
    );
    assert_eq!(merged.get(name("c").as_str()).unwrap().modified_at, at(0));

    clock.set(at(-1000)); // somebody set the clock back
    run(&twin, Operation::Merge(id(1), set("a", 6))).unwrap();
    let later = twin.get(&view(), &id(1)).unwrap();
    assert!(
        later.modified_at > at(10) && later.modified_at < at(11),
        "{}",
        later.modified_at
    );

    clock.set(at(20));
    run(&twin, Operation::UpsertReplace(thing(1).with(property("a", 6)))).unwrap();
    let replaced = twin.get(&view(), &id(1)).unwrap();
    assert_eq!((replaced.created_at, replaced.modified_at), (at(0), at(20)));
    assert_eq!(
        (a(&replaced).created_at, a(&replaced).modified_at),
        (at(0), at(20)),
        "a sub-attribute went"
    );
}

#[test]
fn what_is_as_it_was_is_not_written_again() {
    let clock = clock();
    let twin = Twin::open(Box::new(Memory::new()), clock.clone()).unwrap();
    let entity = || {
        thing(1)
            .with(property("a", 1).observed_at(at(-5)))
            .with(property("b", 2))
    };
    run(&twin, Operation::Create(entity())).unwrap();
    clock.set(at(9));
    assert_eq!(
        run(&twin, Operation::Import(entity())).unwrap(),
        Outcome::Unchanged
    );
    assert_eq!(
        run(&twin, Operation::UpsertReplace(entity())).unwrap(),
        Outcome::Updated { not_updated: vec![] }
    );
    assert_eq!(twin.get(&view(), &id(1)).unwrap().modified_at, at(0));
    assert_eq!(history(&twin, &id(1)).len(), 2);
    // One of two changes: the other stays.
    run(&twin, Operation::Import(entity().with(property("b", 3)))).unwrap();
    assert_eq!(twin.get(&view(), &id(1)).unwrap().modified_at, at(9));
    assert_eq!(numbers(&history(&twin, &id(1))), [1.0, 2.0, 3.0]);
}

#[test]
fn an_entity_does_not_grow_without_end() {
    let twin = twin();
    let many = |from: i64, to: i64| {
        let instances = (from..to).map(|n| property("a", n).observed_at(at(n)).dataset(id(n)));
        let mut entity = thing(1);
        entity.attributes.extend(instances);
        entity
    };
    run(&twin, Operation::Create(many(0, 4096))).unwrap();
    let one_more = Operation::AppendHistory {
        entity: many(4095, 4097),
        current: true,
    };
    for refused in [
        Operation::UpsertUpdate(many(4096, 4097)),
        Operation::UpsertReplace(many(0, 4097)),
        one_more,
        Operation::Create(Entity {
            id: id(2),
            ..many(0, 4097)
        }),
    ] {
        assert!(matches!(run(&twin, refused), Err(Error::Invalid(_))));
    }
    run(&twin, Operation::UpsertUpdate(many(1, 3))).unwrap();
    assert_eq!(twin.get(&view(), &id(1)).unwrap().attributes.len(), 4096);
}

#[test]
fn errors_name_the_case() {
    let twin = twin();
    assert!(
        matches!(run(&twin, Operation::Merge(id(1), set("a", 1))), Err(Error::NotFound(i)) if i == id(1))
    );
    assert!(matches!(
        run(&twin, Operation::Delete(id(1))),
        Err(Error::NotFound(_))
    ));
    assert!(matches!(
        run(&twin, Operation::DeleteHistory(id(1))),
        Err(Error::NotFound(_))
    ));
    run(&twin, Operation::Create(thing(1))).unwrap();
    assert!(matches!(
        run(&twin, Operation::Create(thing(1))),
        Err(Error::AlreadyExists(_))
    ));
    let unknown = Operation::UpdateAttribute(id(1), part("a", None, 1, None));
    assert!(matches!(run(&twin, unknown), Err(Error::AttributeNotFound(_, n)) if n == name("a")));
    assert!(matches!(
        run(&twin, Operation::Replace(id(1), thing(2))),
        Err(Error::Invalid(_))
    ));
    let mut typeless = thing(3);
    typeless.types.clear();
    assert!(matches!(
        run(&twin, Operation::Create(typeless)),
        Err(Error::Invalid(_))
    ));
    let null = Fragment {
        attributes: vec![ngsi_ld::fragment::AttributeFragment {
            change: ngsi_ld::fragment::AttributeChange::Remove,
            ..part("a", None, 1, None)
        }],
        ..Fragment::default()
    };
    assert!(matches!(
        run(&twin, Operation::Append(id(1), null, true)),
        Err(Error::Invalid(_))
    ));
    assert!(twin.execute_blocking(&view(), vec![]).is_empty());
}

#[test]
fn a_history_without_an_entity() {
    let twin = twin();
    let past = thing(1).with(property("a", 1).observed_at(at(-9)));
    let append = |current| Operation::AppendHistory {
        entity: past.clone(),
        current,
    };
    assert_eq!(
        run(&twin, append(false)).unwrap(),
        Outcome::Appended {
            added: 1,
            known: 0,
            created: true
        }
    );
    assert_eq!(
        run(&twin, append(false)).unwrap(),
        Outcome::Appended {
            added: 0,
            known: 1,
            created: false
        }
    );
    assert!(twin.get(&view(), &id(1)).is_none());
    assert!(twin.types(&view()).is_empty());
    assert_eq!(numbers(&history(&twin, &id(1))), [1.0]);
    let mut evolutions = Vec::new();
    twin.evolutions(&view(), &[], &mut |entity| {
        evolutions.push(entity.id.clone());
        true
    })
    .unwrap();
    assert_eq!(evolutions, [id(1)]);
    assert_eq!(
        run(&twin, Operation::Create(thing(1).with(property("a", 2)))).unwrap(),
        Outcome::Created
    );
    assert_eq!(numbers(&history(&twin, &id(1))), [1.0, 2.0]);
}

#[test]
fn deleting_keeps_the_history_and_making_it_again_continues_it() {
    let store = Memory::new();
    let first = open(store.clone());
    run(&first, Operation::Create(thing(1).with(property("a", 1)))).unwrap();
    run(&first, Operation::Merge(id(1), set("a", 2))).unwrap();
    assert_eq!(run(&first, Operation::Delete(id(1))).unwrap(), Outcome::Deleted);
    assert!(first.get(&view(), &id(1)).is_none());
    assert_eq!(numbers(&history(&first, &id(1))), [1.0, 2.0]);
    drop(first);
    let twin = open(store);
    assert!(twin.get(&view(), &id(1)).is_none());
    assert_eq!(numbers(&history(&twin, &id(1))), [1.0, 2.0]);
    run(&twin, Operation::Create(thing(1).with(property("a", 3)))).unwrap();
    assert_eq!(numbers(&history(&twin, &id(1))), [1.0, 2.0, 3.0]);
    assert_eq!(
        run(&twin, Operation::DeleteHistory(id(1))).unwrap(),
        Outcome::Deleted
    );
    assert_eq!(
        numbers(&history(&twin, &id(1))),
        [3.0],
        "what is there now is there"
    );
    run(&twin, Operation::Delete(id(1))).unwrap();
    assert_eq!(numbers(&history(&twin, &id(1))), [3.0]);
    run(&twin, Operation::DeleteHistory(id(1))).unwrap();
    assert!(twin.history(&view(), &id(1), &always()).unwrap().is_none());
    assert!(matches!(
        run(&twin, Operation::DeleteHistory(id(1))),
        Err(Error::NotFound(_))
    ));
}

#[test]
fn a_number_is_never_given_twice() {
    let store = Memory::new();
    let first = open(store.clone());
    run(&first, Operation::Create(thing(1))).unwrap();
    run(&first, Operation::Create(thing(2).with(property("a", 1)))).unwrap();
    run(&first, Operation::Delete(id(2))).unwrap();
    run(&first, Operation::DeleteHistory(id(2))).unwrap();
    drop(first);
    let twin = open(store.clone());
    run(&twin, Operation::Create(thing(3).with(property("a", 2)))).unwrap();
    twin.close();
    let mut keys = Vec::new();
    storage::Storage::load(&mut store.clone(), &mut |stored| {
        keys.push((stored.key.0, stored.entity.id));
    })
    .unwrap();
    assert_eq!(keys, [(1, id(1)), (3, id(3))]);
}

#[test]
fn readings_become_current_when_they_are_newest() {
    let twin = twin();
    let readings = |values: &[(i64, i64)]| {
        let mut entity = thing(1);
        for (seconds, value) in values {
            entity
                .attributes
                .push(property("a", *value).observed_at(at(*seconds)).unit_code("GQ"));
        }
        Operation::AppendHistory {
            entity,
            current: true,
        }
    };
    let outcome = run(&twin, readings(&[(1, 10), (3, 30), (2, 20), (3, 30)])).unwrap();
    assert_eq!(
        outcome,
        Outcome::Appended {
            added: 3,
            known: 1,
            created: true
        }
    );
    let current = |twin: &Twin| {
        twin.get(&view(), &id(1))
            .unwrap()
            .get(name("a").as_str())
            .unwrap()
            .as_f64()
    };
    assert_eq!(current(&twin), Some(30.0));
    run(&twin, readings(&[(0, 5), (2, 20)])).unwrap();
    assert_eq!(current(&twin), Some(30.0), "something newer is there");
    run(&twin, readings(&[(9, 90)])).unwrap();
    assert_eq!(current(&twin), Some(90.0));
    assert_eq!(numbers(&history(&twin, &id(1))), [5.0, 10.0, 20.0, 30.0, 90.0]);
    // Two operations of one group know of each other.
    let results = twin.execute_blocking(
        &view(),
        vec![readings(&[(11, 110)]), readings(&[(11, 110), (12, 120)])],
    );
    assert_eq!(
        *results[1].as_ref().unwrap(),
        Outcome::Appended {
            added: 1,
            known: 1,
            created: false
        }
    );

    let series = twin.series(&view(), &id(1), &name("a"), (at(2), at(11))).unwrap();
    let values: Vec<_> = series.iter().map(|s| (s.observed_at, s.value)).collect();
    assert_eq!(values, [(at(2), 20.0), (at(3), 30.0), (at(9), 90.0)]);
    assert!(series.iter().all(|s| s.unit_code.as_deref() == Some("GQ")));
    assert!(
        twin.series(&view(), &id(1), &name("b"), (at(2), at(11)))
            .unwrap()
            .is_empty()
    );
    assert!(
        twin.series(&view(), &id(2), &name("a"), (at(2), at(11)))
            .unwrap()
            .is_empty()
    );
}

#[test]
fn history_is_asked_by_time() {
    let clock = clock();
    let twin = Twin::open(Box::new(Memory::new()), clock.clone()).unwrap();
    run(
        &twin,
        Operation::Create(thing(1).with(property("a", 0)).with(property("b", 100))),
    )
    .unwrap();
    for n in 1..=5 {
        clock.set(at(10 * n));
        let fragment = Fragment {
            attributes: vec![part("a", None, n, Some(at(-100 * n)))], // observed in the other order
            ..Fragment::default()
        };
        run(&twin, Operation::Update(id(1), fragment)).unwrap();
    }
    let ask = |relation, property, last_n, attributes: &[&str]| {
        let temporal = TemporalQuery { relation, property };
        let attributes = attributes.iter().map(|term| name(term)).collect();
        let query = HistoryQuery {
            temporal,
            attributes,
            datasets: Vec::new(),
            last_n,
        };
        numbers(&twin.history(&view(), &id(1), &query).unwrap().unwrap().attributes)
    };
    use TimeProperty::{CreatedAt, DeletedAt, ModifiedAt, ObservedAt};
    use TimeRelation::{After, Always, Before, Between};
    assert_eq!(
        ask(Between(at(-300), at(-100)), ObservedAt, None, &[]),
        [3.0, 2.0],
        "half open, oldest first"
    );
    assert_eq!(ask(Before(at(-300)), ObservedAt, None, &[]), [5.0, 4.0]);
    assert_eq!(
        ask(After(at(-200)), ObservedAt, None, &[]),
        [2.0, 1.0],
        "what was never observed is not after"
    );
    assert_eq!(ask(After(at(-200)), ObservedAt, Some(1), &[]), [1.0]);
    assert_eq!(ask(Between(at(10), at(30)), ModifiedAt, None, &[]), [1.0, 2.0]);
    assert_eq!(ask(After(at(0)), ModifiedAt, Some(2), &["a"]), [4.0, 5.0]);
    assert_eq!(ask(After(at(0)), CreatedAt, None, &["b"]), [100.0]);
    assert_eq!(ask(After(at(0)), DeletedAt, None, &[]), Vec::<f64>::new());
    assert_eq!(
        ask(Always, ObservedAt, None, &["a"]),
        [5.0, 4.0, 3.0, 2.0, 1.0, 0.0]
    );
    assert_eq!(
        ask(Always, ModifiedAt, None, &["a"]),
        [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    );
    assert_eq!(ask(Always, ObservedAt, Some(2), &[]), [1.0, 0.0, 100.0]);
    assert_eq!(ask(Always, ObservedAt, Some(0), &[]), Vec::<f64>::new());
}

#[test]
fn instance_ids_stay() {
    let store = Memory::new();
    let twin = open(store.clone());
    run(&twin, Operation::Create(thing(1).with(property("a", 1)))).unwrap();
    let first = history(&twin, &id(1))[0].instance_id.clone().unwrap();
    assert!(first.as_str().starts_with("urn:ngsi-ld:Instance:"), "{first}");
    run(&twin, Operation::Merge(id(1), set("a", 2))).unwrap();
    drop(twin);
    let again = history(&open(store), &id(1));
    assert_eq!(
        again[0].instance_id.as_ref(),
        Some(&first),
        "past now, and the same"
    );
    assert_ne!(again[1].instance_id, again[0].instance_id);
}

#[test]
fn a_blob_is_read_by_window() {
    let twin = twin();
    let content: Vec<u8> = (0..1_000_000_u32).flat_map(u32::to_le_bytes).collect();
    let blob = twin.put_blob(&mut content.as_slice()).unwrap();
    let mut window = [0; 8];
    assert!(
        twin.read_blob(&view(), &blob, 0, &mut window).is_err(),
        "nobody names it yet"
    );
    assert_eq!(twin.blob_length(&view(), &blob).unwrap(), None);
    let raster = thing(1).with(Attribute::property(name("blob"), blob.0.as_str()));
    run(&twin, Operation::Create(raster)).unwrap();
    twin.read_blob(&view(), &blob, 4 * 999_998, &mut window).unwrap();
    assert_eq!(window, content[content.len() - 8..]);
    assert!(
        twin.read_blob(&view(), &blob, 4 * 999_999, &mut window).is_err(),
        "past its end"
    );
    assert_eq!(twin.blob_length(&view(), &blob).unwrap(), Some(4_000_000));
    run(&twin, Operation::DeleteHistory(id(1))).unwrap();
    twin.read_blob(&view(), &blob, 0, &mut window).unwrap();
    run(&twin, Operation::Delete(id(1))).unwrap();
    assert!(
        twin.read_blob(&view(), &blob, 0, &mut window).is_err(),
        "who named it is gone"
    );

    struct Broken;
    impl std::io::Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("the upload broke off"))
        }
    }
    let error = twin.put_blob(&mut Broken).unwrap_err();
    assert!(error.to_string().contains("the upload broke off"), "{error}");
    assert_eq!(twin.put_blob(&mut std::io::empty()).unwrap().0.len(), 64);
}
