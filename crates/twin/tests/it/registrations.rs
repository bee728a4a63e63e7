//! Context source registrations: kept, found, held to the rules of their modes.

use ngsi_ld::context::Context;
use ngsi_ld::query::types::TypeSelection;
use ngsi_ld::registration::Draft;
use ngsi_ld::{Name, Uri};
use proptest::prelude::*;
use query::registrations::{EntitySpecification, RegistrationQuery};
use query::view::{Condition, Rights};
use serde_json::{Value as Json, json};
use storage::environment::ManualClock;
use storage::{Embedded, Environment, Memory};
use twin::{Error, Operation, Twin};

use crate::common::{Faulty, at, clock, id, name, open, property, run, thing, twin, view};
use std::sync::Arc;

pub(crate) fn draft(changes: &Json) -> Draft {
    let mut json = json!({
        "type": "ContextSourceRegistration", "endpoint": "http://a.example",
        "information": [{"entities": [{"type": "A"}]}],
    });
    let given = changes.as_object().unwrap().clone();
    json.as_object_mut().unwrap().extend(given);
    Draft::read(&json, Context::core()).unwrap()
}

pub(crate) fn register(twin: &Twin, changes: &Json) -> Result<Uri, Error> {
    twin.create_registration_blocking(&view(), draft(changes))
}

pub(crate) fn update(twin: &Twin, id: &Uri, fragment: &Json) -> Result<(), Error> {
    let fragment = Draft::read_fragment(fragment, Context::core()).unwrap();
    twin.update_registration_blocking(&view(), id, fragment)
}

fn of_type(name: &str) -> RegistrationQuery {
    RegistrationQuery {
        entities: vec![EntitySpecification {
            types: Some(TypeSelection::Type(Name::default_term(name))),
            ..EntitySpecification::default()
        }],
        ..RegistrationQuery::default()
    }
}

fn found(twin: &Twin, query: RegistrationQuery) -> Vec<Uri> {
    let found = twin.registrations_for(&view(), &query.prepare().unwrap());
    found
        .iter()
        .map(|one| one.stored.registration().id.clone())
        .collect()
}

#[test]
fn clause_5_9_a_registration_lives_until_it_is_deleted() {
    let clock = clock();
    let twin = Twin::open(Box::new(Memory::new()), Arc::<ManualClock>::clone(&clock)).unwrap();
    let made = register(&twin, &json!({})).unwrap();
    assert!(
        made.as_str()
            .starts_with("urn:ngsi-ld:ContextSourceRegistration:")
    );
    let other = register(&twin, &json!({})).unwrap();
    assert_ne!(made, other, "5.9.2.4: an id of its own");
    assert_eq!(found(&twin, of_type("A")), [made.clone(), other.clone()]);

    let again = register(&twin, &json!({"id": made.as_str()}));
    assert!(matches!(again, Err(Error::Taken(_, id)) if id == made), "5.9.2.4");

    clock.set(at(10));
    update(
        &twin,
        &made,
        &json!({"information": [{"entities": [{"type": "B"}]}]}),
    )
    .unwrap();
    assert_eq!(found(&twin, of_type("A")), [other]);
    assert_eq!(found(&twin, of_type("B")), std::slice::from_ref(&made));
    let stored = twin.registration(&view(), &made).unwrap();
    assert_eq!((stored.created_at, stored.modified_at), (at(0), at(10)));

    twin.delete_registration_blocking(&view(), &made).unwrap();
    assert!(twin.registration(&view(), &made).is_none() && found(&twin, of_type("B")).is_empty());
    for gone in [
        twin.delete_registration_blocking(&view(), &made),
        update(&twin, &made, &json!({})),
    ] {
        assert!(matches!(gone, Err(Error::Missing(_, id)) if id == made));
    }
}

#[test]
fn registrations_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let open = || {
        let storage = Embedded::open(folder.path(), "city", Environment::real(1)).unwrap();
        Twin::open(Box::new(storage), clock()).unwrap()
    };
    let twin = open();
    let rich = json!({
        "id": "urn:x:rich", "mode": "redirect", "operations": ["updateOps"], "own": {"type": "Property", "value": 3},
        "information": [{"entities": [{"type": ["A", "B"], "idPattern": "^urn:x:.*"}], "propertyNames": ["https://a.example/p"]}],
        "location": {"type": "Point", "coordinates": [1.0, 2.0]}, "expiresAt": "2030-01-01T00:00:00Z",
    });
    let kept = register(&twin, &rich).unwrap();
    let changed = register(&twin, &json!({})).unwrap();
    update(&twin, &changed, &json!({"endpoint": "http://b.example"})).unwrap();
    let deleted = register(&twin, &json!({})).unwrap();
    twin.delete_registration_blocking(&view(), &deleted).unwrap();
    let before = twin.registration(&view(), &kept).unwrap();
    twin.close();
    drop(twin);

    let twin = open();
    let after = twin.registration(&view(), &kept).unwrap();
    assert_eq!(after.registration(), before.registration());
    assert_eq!(after.created_at, before.created_at);
    assert_eq!(
        twin.registration(&view(), &changed)
            .unwrap()
            .registration()
            .endpoint,
        "http://b.example"
    );
    assert!(twin.registration(&view(), &deleted).is_none());
    assert_eq!(found(&twin, of_type("B")), [kept]);
}

#[test]
fn clause_5_9_2_4_what_has_ended_is_gone() {
    let clock = clock();
    let twin = Twin::open(Box::new(Memory::new()), Arc::<ManualClock>::clone(&clock)).unwrap();
    let ends = |seconds| json!({"expiresAt": at(seconds).to_string()});
    let short = register(&twin, &ends(10)).unwrap();
    let long = register(&twin, &ends(20)).unwrap();
    assert_eq!(twin.expire_registrations_blocking().unwrap(), 0);
    clock.set(at(10));
    assert!(twin.registration(&view(), &short).is_none());
    assert_eq!(found(&twin, of_type("A")), std::slice::from_ref(&long));
    assert!(matches!(
        update(&twin, &short, &json!({})),
        Err(Error::Missing(..))
    ));
    assert_eq!(twin.expire_registrations_blocking().unwrap(), 1);
    assert_eq!(twin.rows("csource-registration").unwrap().len(), 1);
    update(&twin, &long, &json!({"expiresAt": null})).unwrap();
    clock.set(at(30));
    assert_eq!(twin.expire_registrations_blocking().unwrap(), 0);
    assert!(twin.registration(&view(), &long).is_some());
}

#[test]
fn clause_4_3_6_3_no_attribute_has_two_homes() {
    let info = |entity: Json, attribute: &str| json!([{"entities": [entity], "propertyNames": [attribute]}]);
    let one = json!({"type": "A", "id": "urn:x:1"});
    let exclusive = json!({"mode": "exclusive", "information": info(one.clone(), "p")});
    let redirect = json!({"mode": "redirect", "information": info(one.clone(), "p")});
    let cases = [
        ("exclusive and itself", &exclusive, exclusive.clone(), false),
        ("exclusive and redirect", &exclusive, redirect.clone(), false),
        ("redirect and exclusive", &redirect, exclusive.clone(), false),
        ("redirect twice", &redirect, redirect.clone(), true),
        (
            "exclusive and inclusive",
            &exclusive,
            json!({"information": info(one.clone(), "p")}),
            true,
        ),
        (
            "exclusive and auxiliary",
            &exclusive,
            json!({"mode": "auxiliary", "information": info(one.clone(), "p")}),
            true,
        ),
        (
            "another attribute",
            &exclusive,
            json!({"mode": "exclusive", "information": info(one, "q")}),
            true,
        ),
        ("a whole type", &exclusive, json!({"mode": "redirect"}), false),
        (
            "another type",
            &exclusive,
            json!({"mode": "redirect", "information": [{"entities": [{"type": "B"}]}]}),
            true,
        ),
    ];
    for (what, first, second, good) in cases {
        let twin = twin();
        let kept = register(&twin, first).unwrap();
        let result = register(&twin, &second);
        assert_eq!(result.is_ok(), good, "{what}: {result:?}");
        match result {
            Ok(second) => twin.delete_registration_blocking(&view(), &second).unwrap(),
            Err(error) => {
                assert!(
                    matches!(&error, Error::Conflict(text) if text.contains(kept.as_str())),
                    "{error}"
                );
            }
        }
        // 5.9.3.4: the same of a change; and nothing stands in its own way.
        update(&twin, &kept, &json!({"endpoint": "http://b.example"})).unwrap();
        let mut plain = second.clone();
        plain["mode"] = "inclusive".into();
        let changed = register(&twin, &plain).unwrap();
        let mode = second.get("mode").cloned().unwrap_or_else(|| "inclusive".into());
        assert_eq!(
            update(&twin, &changed, &json!({"mode": mode})).is_ok(),
            good,
            "{what}, changed"
        );
    }
}

#[test]
fn clause_5_9_2_4_what_is_registered_elsewhere_is_not_here() {
    let twin = twin();
    run(&twin, Operation::Create(thing(1).with(property("p", 1)))).unwrap();
    let own = id(1);
    let info = |kind: &str, named: Option<&str>, attribute: Option<&str>| {
        let mut entity = json!({"type": kind});
        if let Some(id) = named {
            entity["id"] = id.into();
        }
        let mut info = json!({"entities": [entity]});
        if let Some(attribute) = attribute {
            info["propertyNames"] = json!([attribute]);
        }
        json!([info])
    };
    for (mode, information, good) in [
        ("exclusive", info("Thing", Some(own.as_str()), Some("p")), false),
        ("exclusive", info("Other", Some(own.as_str()), Some("p")), false),
        ("exclusive", info("Thing", Some(own.as_str()), Some("q")), true),
        ("exclusive", info("Thing", Some("urn:x:2"), Some("p")), true),
        ("redirect", info("Thing", Some(own.as_str()), None), false),
        ("redirect", info("Thing", None, Some("p")), false),
        ("redirect", info("Thing", None, Some("r")), true),
        ("redirect", info("Other", None, None), true),
        ("redirect", json!([{"propertyNames": ["p"]}]), false),
        ("inclusive", info("Thing", None, None), true),
        ("auxiliary", info("Thing", None, None), true),
    ] {
        let registration = json!({"mode": mode, "information": information});
        match register(&twin, &registration) {
            Ok(made) => {
                assert!(good, "{registration}");
                twin.delete_registration_blocking(&view(), &made).unwrap();
            }
            Err(error) => assert!(
                !good && matches!(error, Error::Conflict(_)),
                "{registration}: {error}"
            ),
        }
    }
}

#[test]
fn a_change_that_cannot_be_stored_did_not_happen() {
    let store = crate::common::Faulty::default();
    let twin = open(store.clone());
    let kept = register(&twin, &json!({})).unwrap();
    store.fail_next(crate::common::Fault::Full);
    assert!(register(&twin, &json!({"id": "urn:x:2"})).is_err());
    assert_eq!(found(&twin, of_type("A")), [kept]);
}

#[test]
fn a_view_hides_registrations_and_members_of_them() {
    let twin = twin();
    let shown = register(&twin, &json!({"owner": "Ada", "scope": "/open"})).unwrap();
    let exclusive = json!({
        "mode": "exclusive", "scope": "/closed",
        "information": [{"entities": [{"type": "A", "id": "urn:x:1"}], "propertyNames": ["p"]}],
    });
    let hidden = register(&twin, &exclusive).unwrap();
    let csf = |text: &str| RegistrationQuery {
        csf: Some(ngsi_ld::query::q::Q::parse(text, Context::core()).unwrap()),
        ..of_type("A")
    };
    let partial = view().with(&Rights::except(Condition::Scope("/open".into()), [name("owner")]));
    let ask = |view: &query::View, query: RegistrationQuery| -> Vec<Uri> {
        let found = twin.registrations_for(view, &query.prepare().unwrap());
        found
            .iter()
            .map(|one| one.stored.registration().id.clone())
            .collect()
    };
    assert_eq!(ask(&view(), of_type("A")), [shown.clone(), hidden.clone()]);
    assert_eq!(ask(&partial, of_type("A")), std::slice::from_ref(&shown));
    assert_eq!(ask(&view(), csf("owner==\"Ada\"")), std::slice::from_ref(&shown));
    assert!(ask(&partial, csf("owner==\"Ada\"")).is_empty());
    let seen = twin.registration(&partial, &shown).unwrap();
    assert!(seen.registration().own.is_empty() && seen.registration().scope.is_some());
    assert_eq!(
        twin.registration(&view(), &shown)
            .unwrap()
            .registration()
            .own
            .len(),
        1
    );
    assert!(twin.registration(&partial, &hidden).is_none());
    let fragment =
        || Draft::read_fragment(&json!({"endpoint": "http://b.example"}), Context::core()).unwrap();
    for refused in [
        twin.update_registration_blocking(&partial, &hidden, fragment()),
        twin.delete_registration_blocking(&partial, &hidden),
    ] {
        assert!(matches!(refused, Err(Error::Missing(_, id)) if id == hidden));
    }
    // A change by one who does not see all of it leaves the rest.
    twin.update_registration_blocking(&partial, &shown, fragment())
        .unwrap();
    assert_eq!(
        twin.registration(&view(), &shown)
            .unwrap()
            .registration()
            .own
            .len(),
        1
    );
    // Whether something stands in the way is not told to one who may not see it.
    let refused = twin
        .create_registration_blocking(&partial, draft(&exclusive))
        .unwrap_err();
    assert!(matches!(&refused, Error::Forbidden(_)), "{refused}");
    let refused = twin.delete_registration_blocking(&partial, &shown);
    assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
}

/// The only one for `p` of the thing.
fn only_home(local: &str) -> Json {
    json!({"mode": "exclusive", "operations": ["createEntity"], "information": [
        {"entities": [{"type": "Thing", "id": id(local).as_str()}], "propertyNames": ["p"]},
    ]})
}

#[test]
fn clause_4_3_6_3_an_entity_on_its_way_is_in_the_way() {
    let storage = Faulty::default();
    let twin = open(storage.clone());
    let held = storage.gate.lock();
    std::thread::scope(|scope| {
        let created = scope.spawn(|| run(&twin, Operation::Create(thing("x").with(property("p", 1)))));
        storage.wait_for_commit();
        // It is not visible yet, and will be before the registration.
        let registered = scope.spawn(|| register(&twin, &only_home("x")));
        while twin.waiting() == 0 && !registered.is_finished() {
            std::thread::yield_now();
        }
        drop(held);
        assert!(created.join().unwrap().is_ok());
        let registered = registered.join().unwrap();
        assert!(matches!(registered, Err(Error::Conflict(_))), "{registered:?}");
    });
    assert!(found(&twin, of_type("Thing")).is_empty());
    assert_eq!(twin.waiting(), 0, "what was refused waits no more");
    // Nor does one that came and went stand in the way.
    run(&twin, Operation::Delete(id("x"))).unwrap();
    register(&twin, &only_home("x")).unwrap();
}

#[test]
fn clause_4_3_6_3_of_many_at_once_one_is_exclusive_and_no_entity_was_there_before() {
    for round in 0..30 {
        let storage = Faulty::default();
        let twin = open(storage.clone());
        let local = format!("x{round}");
        let barrier = std::sync::Barrier::new(12);
        let made: Vec<Uri> = std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    barrier.wait();
                    let _ = run(&twin, Operation::Create(thing(&local).with(property("p", 1)))); // one of them
                });
            }
            let register = || {
                barrier.wait();
                register(&twin, &only_home(&local)).ok()
            };
            let registering: Vec<_> = (0..8).map(|_| scope.spawn(register)).collect();
            let made = registering.into_iter().map(|one| one.join().unwrap());
            made.flatten().collect()
        });
        assert!(made.len() <= 1, "an attribute has one home: {made:?}");
        assert_eq!(found(&twin, of_type("Thing")), made);
        let written = storage.written.lock();
        let first = |what: &str| written.iter().position(|one| one == what);
        let (entity, registration) = (first(id(&local).as_str()), first("csource-registration"));
        assert!(
            registration.is_none() || registration < entity,
            "the entity was here first: {written:?}"
        );
    }
}

fn element() -> impl Strategy<Value = Json> {
    let entity = (0..3_u8, prop::option::of(0..3_u8), any::<bool>()).prop_map(|(kind, id, pattern)| {
        let mut entity = json!({"type": format!("T{kind}")});
        match id {
            Some(id) if pattern => entity["idPattern"] = format!("{id}$").into(),
            Some(id) => entity["id"] = format!("urn:x:{id}").into(),
            None => {}
        }
        entity
    });
    let entities = prop::option::of(prop::collection::vec(entity, 1..3));
    let names = prop::option::of(prop::collection::vec(
        (0..3_u8).prop_map(|n| format!("p{n}")),
        1..3,
    ));
    (entities, names).prop_map(|(entities, names)| {
        let mut info = json!({});
        if let Some(entities) = entities {
            info["entities"] = entities.into();
        }
        if let Some(names) = names {
            info["relationshipNames"] = names.into();
        }
        if info == json!({}) {
            info["propertyNames"] = json!(["p0"]);
        }
        info
    })
}

fn question() -> impl Strategy<Value = RegistrationQuery> {
    let types = prop::option::of(prop::sample::select(vec!["T0", "T1|T2", "(T0;T1)", "*", "T3"]));
    let ids = prop::collection::vec(
        (0..4_u8).prop_map(|n| Uri::parse(&format!("urn:x:{n}")).unwrap()),
        0..3,
    );
    let pattern = prop::option::of((0..4_u8).prop_map(|n| regex::Regex::new(&format!("{n}$")).unwrap()));
    let specification = (types, ids, pattern).prop_map(|(types, ids, id_pattern)| EntitySpecification {
        types: types.map(|text| TypeSelection::parse(text, Context::core()).unwrap()),
        ids,
        id_pattern,
    });
    let attributes =
        prop::collection::vec((0..4_u8).prop_map(|n| Name::default_term(&format!("p{n}"))), 0..3);
    (prop::collection::vec(specification, 0..3), attributes).prop_map(|(entities, attributes)| {
        RegistrationQuery {
            entities,
            attributes,
            ..RegistrationQuery::default()
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_index_finds_what_a_look_at_every_registration_finds(
        registrations in prop::collection::vec(prop::collection::vec(element(), 1..3), 1..12),
        questions in prop::collection::vec(question(), 1..8),
        gone in prop::collection::vec(0..12_usize, 0..4),
    ) {
        let twin = twin();
        let mut ids: Vec<Uri> = registrations
            .iter()
            .map(|information| register(&twin, &json!({"information": information})).unwrap())
            .collect();
        for index in gone {
            if index < ids.len() {
                twin.delete_registration_blocking(&view(), &ids.remove(index)).unwrap();
            }
        }
        for question in questions {
            let prepared = question.clone().prepare().unwrap();
            let mut expected: Vec<Uri> = ids
                .iter()
                .filter(|id| !prepared.matching(twin.registration(&view(), id).unwrap().prepared()).is_empty())
                .cloned()
                .collect();
            let mut found = found(&twin, question);
            expected.sort();
            found.sort();
            prop_assert_eq!(found, expected);
        }
    }
}

#[test]
fn registrations_that_end_together_go_in_few_commits() {
    let (faulty, clock) = (crate::common::Faulty::default(), clock());
    let twin = Twin::open(Box::new(faulty.clone()), Arc::<ManualClock>::clone(&clock)).unwrap();
    for _ in 0..600 {
        register(&twin, &json!({"expiresAt": at(10).to_string()})).unwrap();
    }
    let stays = register(&twin, &json!({})).unwrap();
    clock.set(at(11));
    let before = faulty.commits.load(std::sync::atomic::Ordering::SeqCst);
    assert_eq!(twin.expire_registrations_blocking().unwrap(), 600);
    assert!(faulty.commits.load(std::sync::atomic::Ordering::SeqCst) - before <= 3);
    assert_eq!(found(&twin, of_type("A")), std::slice::from_ref(&stays));
    twin.close();
    clock.set(at(0));
    let twin = Twin::open(Box::new(faulty), clock).unwrap();
    assert_eq!(found(&twin, of_type("A")), [stays], "they are gone for good");
}
