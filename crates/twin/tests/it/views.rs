//! What a view hides does not exist.

use ngsi_ld::query::q::{Path, Q};
use ngsi_ld::query::types::TypeSelection;
use ngsi_ld::{Attribute, Name, Timestamp};
use query::view::{Condition, Rights, Test};
use query::{EntityQuery, Selection};
use twin::{Error, Operation, Reader, Twin};

use crate::common::{all, always, at, hiding, id, name, only, property, run, set, thing, twin, view};

/// Ten things, the odd ones of type `Secret` besides, each with `a`, `private` and a blob; one without a present.
fn city() -> (Twin, twin::BlobId) {
    let twin = twin();
    let blob = twin.put_blob(&mut &b"raster"[..]).unwrap();
    for n in 0..10 {
        let mut entity = thing(n)
            .with(property("a", n).observed_at(at(0)))
            .with(property("private", n).observed_at(at(0)));
        if n % 2 == 1 {
            entity.types.push(name("Secret"));
        }
        if n == 1 {
            entity.put(Attribute::property(name("blob"), blob.0.as_str()));
        }
        run(&twin, Operation::Create(entity)).unwrap();
        run(&twin, Operation::Merge(id(n), set("private", n + 100))).unwrap();
    }
    (twin, blob)
}

fn exists(name: Name) -> Selection {
    let path = Path {
        attributes: vec![name],
        members: vec![],
    };
    Selection {
        q: Some(Q::Exists(path)),
        ..Selection::default()
    }
}

#[test]
fn a_hidden_entity_does_not_exist() {
    let (twin, blob) = city();
    // Those of which 4 is the last: rows by id.
    let ids = (0..5).map(id).filter(|i| *i != id(1));
    let narrow = only(Condition::Any(ids.map(Condition::Id).collect()));
    let snapshot = twin.snapshot();
    for reader in [&twin as &dyn Reader, &snapshot] {
        assert!(reader.get(&narrow, &id(1)).is_none());
        assert!(reader.get(&narrow, &id(2)).is_some());
        assert_eq!(all(reader, &narrow).len(), 4);
        let selection = Selection::of_type(name("Thing"));
        let page = reader
            .query(
                &narrow,
                &EntityQuery {
                    selection,
                    limit: 4,
                    offset: 0,
                    count: true,
                },
            )
            .unwrap();
        assert_eq!((page.entities.len(), page.total, page.more), (4, Some(4), false));
        assert_eq!(reader.types(&narrow), [(name("Secret"), 1), (name("Thing"), 4)]);
        assert!(reader.history(&narrow, &id(1), &always()).unwrap().is_none());
        assert!(
            reader
                .series(&narrow, &id(1), &name("a"), (Timestamp::MIN, Timestamp::MAX))
                .unwrap()
                .is_empty()
        );
        let mut window = [0; 6];
        assert!(reader.read_blob(&narrow, &blob, 0, &mut window).is_err());
        assert_eq!(reader.blob_length(&narrow, &blob).unwrap(), None);
        reader.read_blob(&view(), &blob, 0, &mut window).unwrap();
        assert_eq!(&window, b"raster");
        let mut seen = 0;
        reader
            .evolutions(&narrow, &[], &mut |_| {
                seen += 1;
                true
            })
            .unwrap();
        assert_eq!(seen, 4);
        let nobody = view().with(&Rights::none());
        assert!(all(reader, &nobody).is_empty() && reader.types(&nobody).is_empty());
    }
    let refused = twin.execute_blocking(
        &narrow,
        vec![
            Operation::Delete(id(1)),
            Operation::Merge(id(1), set("a", 1)),
            Operation::DeleteHistory(id(1)),
            Operation::AppendHistory {
                entity: thing(1),
                current: true,
            },
            Operation::UpsertReplace(thing(1)),
        ],
    );
    assert!(
        refused.iter().all(|r| matches!(r, Err(Error::NotFound(_)))),
        "{refused:?}"
    );
    assert!(twin.get(&view(), &id(1)).is_some());
}

#[test]
fn a_hidden_attribute_does_not_exist() {
    let (twin, blob) = city();
    let blind = hiding([name("private"), name("blob")]);
    let snapshot = twin.snapshot();
    for reader in [&twin as &dyn Reader, &snapshot] {
        let entity = reader.get(&blind, &id(1)).unwrap();
        assert!(entity.get(name("private").as_str()).is_none() && entity.get(name("a").as_str()).is_some());
        assert!(
            all(reader, &blind)
                .iter()
                .all(|e| e.get(name("private").as_str()).is_none())
        );
        // Nor can it be found out by a filter, with or without an index.
        for selection in [
            exists(name("private")),
            Selection {
                attributes: vec![name("private")],
                ..Selection::default()
            },
            Selection {
                types: Some(TypeSelection::Type(name("Secret"))),
                ..exists(name("private"))
            },
        ] {
            let query = EntityQuery {
                selection,
                limit: 1,
                offset: 0,
                count: true,
            };
            let page = reader.query(&blind, &query).unwrap();
            assert_eq!((page.entities.len(), page.total, page.more), (0, Some(0), false));
            assert!(reader.query(&view(), &query).unwrap().total > Some(0));
        }
        let past = reader.history(&blind, &id(1), &always()).unwrap().unwrap();
        assert!(past.attributes.iter().all(|a| a.name == name("a")) && past.attributes.len() == 1);
        let always = (Timestamp::MIN, Timestamp::MAX);
        assert!(
            reader
                .series(&blind, &id(1), &name("private"), always)
                .unwrap()
                .is_empty()
        );
        assert_eq!(
            reader.series(&blind, &id(1), &name("a"), always).unwrap().len(),
            1
        );
        assert_eq!(
            reader
                .series(&view(), &id(1), &name("private"), always)
                .unwrap()
                .len(),
            2
        );
        assert!(reader.read_blob(&blind, &blob, 0, &mut [0; 6]).is_err());
    }
}

#[test]
fn what_is_hidden_by_what_it_is_now_is_hidden_in_its_past() {
    let twin = twin();
    run(&twin, Operation::Create(thing(1).with(property("open", 1)))).unwrap();
    let narrow = only(Condition::Attribute(name("open"), Test::Exists));
    assert!(twin.history(&narrow, &id(1), &always()).unwrap().is_some());
    run(
        &twin,
        Operation::DeleteAttribute(id(1), name("open"), twin::Instance::All),
    )
    .unwrap();
    assert!(twin.history(&narrow, &id(1), &always()).unwrap().is_none());
    assert!(twin.history(&view(), &id(1), &always()).unwrap().is_some());
}

#[test]
fn a_hidden_past_is_not_taken_over() {
    let twin = twin();
    let mut secret = thing(1).with(property("a", 1));
    secret.types = vec![name("Secret")];
    run(&twin, Operation::Create(secret)).unwrap();
    run(&twin, Operation::Delete(id(1))).unwrap();
    let mut secret = thing(2);
    secret.types = vec![name("Secret")];
    let past = secret.with(property("a", 1).observed_at(at(0)));
    run(
        &twin,
        Operation::AppendHistory {
            entity: past,
            current: false,
        },
    )
    .unwrap();
    let narrow = only(Condition::Type(name("Thing")));
    for n in [1, 2] {
        assert!(twin.history(&narrow, &id(n), &always()).unwrap().is_none());
        let refused = twin.execute_blocking(
            &narrow,
            vec![
                Operation::Create(thing(n)),
                Operation::UpsertReplace(thing(n)),
                Operation::UpsertUpdate(thing(n)),
                Operation::Import(thing(n)),
            ],
        );
        assert!(
            matches!(
                refused.as_slice(),
                [
                    Err(Error::AlreadyExists(_)),
                    Err(Error::NotFound(_)),
                    Err(Error::NotFound(_)),
                    Err(Error::NotFound(_)),
                ]
            ),
            "{refused:?}"
        );
        assert!(twin.history(&narrow, &id(n), &always()).unwrap().is_none());
        let past = twin.history(&view(), &id(n), &always()).unwrap().unwrap();
        assert!(!past.attributes.is_empty());
    }
}

#[test]
fn hidden_attributes_are_neither_changed_nor_found_out_by_writing() {
    let tried = |twin: &Twin| {
        let blind = hiding([name("private")]);
        let mut answers = Vec::new();
        for operation in [
            Operation::DeleteAttribute(id(1), name("private"), twin::Instance::All),
            Operation::ReplaceAttribute(id(1), property("private", 9)),
            Operation::UpdateAttribute(id(1), crate::common::part("private", None, 9, None)),
            Operation::Append(id(1), set("private", 9), false),
            Operation::Append(id(1), set("private", 9), true),
            Operation::Update(id(1), set("private", 9)),
            Operation::Merge(id(1), set("private", 9)),
            Operation::Replace(id(1), thing(1).with(property("private", 9))),
            Operation::UpsertReplace(thing(1).with(property("private", 9))),
            Operation::UpsertUpdate(thing(1).with(property("private", 9))),
            Operation::Import(thing(1).with(property("private", 9))),
            Operation::AppendHistory {
                entity: thing(1).with(property("private", 9).observed_at(at(1))),
                current: true,
            },
            // What may be written leaves the rest alone.
            Operation::Append(id(1), set("a", 2), true),
            Operation::Merge(id(1), set("b", 2)),
            Operation::Replace(id(1), thing(1).with(property("c", 3))),
            Operation::UpsertReplace(thing(1).with(property("d", 4)).with(property("a", 5))),
        ] {
            answers.push(twin.execute_blocking(&blind, vec![operation]).remove(0));
        }
        let left = twin.get(&blind, &id(1)).unwrap().attributes.len();
        assert_eq!(left, 2);
        answers
    };
    let (with, without) = (twin(), twin());
    run(
        &with,
        Operation::Create(
            thing(1)
                .with(property("x", 1))
                .with(property("private", 7))
                .with(property("a", 1)),
        ),
    )
    .unwrap();
    run(
        &without,
        Operation::Create(thing(1).with(property("x", 1)).with(property("a", 1))),
    )
    .unwrap();
    let (told, told_without) = (tried(&with), tried(&without));
    assert!(
        told[..12]
            .iter()
            .all(|one| matches!(one, Err(Error::AttributeNotFound(..)))),
        "{told:?}"
    );
    assert_eq!(
        format!("{told:?}"),
        format!("{told_without:?}"),
        "whether it is there makes no difference"
    );
    let entity = with.get(&view(), &id(1)).unwrap();
    assert_eq!(
        entity.get(name("private").as_str()).and_then(Attribute::as_f64),
        Some(7.0)
    );
    // Writing what is there already is no change.
    let before = with.get(&view(), &id(1)).unwrap();
    let same = with.execute_blocking(
        &hiding([name("private")]),
        vec![Operation::Merge(id(1), set("a", 5))],
    );
    assert!(same[0].is_ok());
    assert_eq!(
        with.get(&view(), &id(1)).unwrap().attributes.len(),
        before.attributes.len()
    );
}
