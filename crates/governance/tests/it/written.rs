//! What is written down, when, and by whom it can be read.

use governance::audit::{Audit, Filter, Hash, Keys};
use ngsi_ld::registration::Draft as RegistrationDraft;
use ngsi_ld::{Attribute, Name, Timestamp, Uri};
use query::{Caller, View};
use serde_json::json;
use storage::{Memory, Storage as _};
use twin::{Event, Operation, Row};

use crate::city::{City, bus, fill, view};

fn actions(city: &City) -> Vec<String> {
    city.leaves().iter().map(|leaf| leaf.action.to_string()).collect()
}

#[test]
fn every_write_leaves_a_leaf_and_nothing_else_does() {
    let city = City::in_memory(&Memory::new());
    let id = Uri::ngsi_ld("Bus", "1");
    let results = city.run(vec![
        Operation::Create(bus(1, 50)),
        Operation::Create(bus(1, 50)), // is there already
        Operation::UpsertReplace(bus(1, 60)),
        Operation::Import(bus(1, 60)), // is the same already
        Operation::Delete(Uri::ngsi_ld("Bus", "none")),
    ]);
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 3);
    city.run(vec![Operation::Delete(id.clone())])[0].as_ref().unwrap();
    assert_eq!(
        actions(&city),
        ["audit.begin", "entity.create", "entity.upsert", "entity.delete"]
    );
    let leaves = city.leaves();
    let (created, changed, deleted) = (&leaves[1], &leaves[2], &leaves[3]);
    assert_eq!(created.actor, "anonymous");
    assert_eq!(created.purpose, "service-operation");
    assert_eq!(created.request.as_deref(), Some("r-1"));
    assert_eq!(created.target_type.as_deref(), Some("Bus"));
    assert!(created.allowed && created.on_behalf_of.is_none());
    assert_eq!(created.target, changed.target);
    assert_eq!(
        created.target.as_deref().unwrap(),
        city.log().pseudonyms().target(id.as_str())
    );
    assert!(created.before.is_none() && created.after.is_some());
    assert!(changed.before.is_some() && changed.after.is_some());
    assert!(deleted.before.is_some() && deleted.after.is_some());
    assert!(leaves.iter().enumerate().all(|(n, leaf)| leaf.seq == n as u64));
    // The id, which may be a person's, is nowhere.
    let text = city.log().entries(0, 9).unwrap().concat();
    assert!(!String::from_utf8(text).unwrap().contains("urn:"));
}

#[test]
fn what_was_written_has_a_hash_that_another_value_has_not() {
    let hashes = |speed: i64, note: Option<&str>| {
        let city = City::in_memory(&Memory::new());
        let mut entity = bus(1, speed);
        if let Some(note) = note {
            entity = entity.with(Attribute::property(Name::default_term("note"), note));
        }
        city.run(vec![Operation::Create(entity)])[0].as_ref().unwrap();
        city.run(vec![Operation::UpsertReplace(bus(1, 99))])[0]
            .as_ref()
            .unwrap();
        let leaves = city.leaves();
        (
            leaves[1].after.unwrap(),
            leaves[2].before.unwrap(),
            leaves[2].after.unwrap(),
        )
    };
    let (first, same) = (hashes(50, None), hashes(50, None));
    assert_eq!(first, same, "of what was written and when, nothing else");
    let all = [
        first,
        hashes(51, None),
        hashes(50, Some("x")),
        hashes(50, Some("y")),
    ];
    let distinct: std::collections::BTreeSet<Hash> = all.iter().map(|one| one.0).collect();
    assert_eq!(distinct.len(), 4);
    let distinct: std::collections::BTreeSet<Hash> = all.iter().map(|one| one.1).collect();
    assert_eq!(distinct.len(), 4, "what was there before differs too");
}

#[test]
fn history_and_what_ends_by_itself_are_written_down() {
    let city = City::in_memory(&Memory::new());
    let past = |at: i64| {
        let mut entity = bus(2, 1);
        for attribute in &mut entity.attributes {
            attribute.observed_at = Some(Timestamp::from_seconds(at));
        }
        Operation::AppendHistory {
            entity,
            current: false,
        }
    };
    city.run(vec![past(5), past(5), past(6)]);
    assert_eq!(
        actions(&city),
        ["audit.begin", "history.append", "history.append"]
    );
    let mut passing = bus(3, 1);
    passing.expires_at = Some(city.twin().now().plus_micros(1_000_000));
    city.run(vec![Operation::Create(passing)])[0].as_ref().unwrap();
    city.clock.advance(5_000_000);
    // Somebody asks for it, and finds that it has had its time.
    assert!(city.run(vec![Operation::Delete(Uri::ngsi_ld("Bus", "3"))])[0].is_err());
    let leaf = city.leaves().pop().unwrap();
    assert_eq!((&*leaf.action, &*leaf.actor), ("entity.expire", "system:twin"));
    assert_eq!(leaf.request, None, "it was nobody's request");
}

#[test]
fn registrations_and_events_are_written_with_their_rows() {
    let memory = Memory::new();
    let city = City::in_memory(&memory);
    let registration = json!({
        "type": "ContextSourceRegistration", "endpoint": "http://other.example",
        "information": [{"entities": [{"type": "Bus"}]}], "mode": "inclusive",
    });
    let context = ngsi_ld::context::Context::core().clone();
    let draft = RegistrationDraft::read(&registration, &context);
    let id = city
        .twin()
        .create_registration_blocking(&view(), draft.unwrap())
        .unwrap();
    city.twin().delete_registration_blocking(&view(), &id).unwrap();
    let event = Event {
        caller: Caller::Principal("grace@city.example".into()),
        on_behalf_of: Some("ada@city.example".into()),
        purpose: "administration".into(),
        request: None,
        action: "user.create".into(),
        target: Some(("User".into(), "ada@city.example".into())),
        allowed: false,
        before: None,
        after: Some(b"row".to_vec()),
    };
    let row = Row::put("user", *b"ada", *b"row");
    city.twin()
        .store_rows_as_blocking(vec![row], vec![event])
        .unwrap();
    assert_eq!(
        actions(&city),
        [
            "audit.begin",
            "registration.create",
            "registration.delete",
            "user.create"
        ]
    );
    let leaf = city.leaves().pop().unwrap();
    assert_eq!(leaf.after, Some(Hash::of(b"row")));
    let names = city.log().pseudonyms().clone();
    assert!(!leaf.allowed && leaf.actor == names.actor("grace@city.example"));
    assert_eq!(
        leaf.on_behalf_of.as_deref(),
        Some(&*names.actor("ada@city.example"))
    );
    assert_ne!(names.actor("ada@city.example"), names.target("ada@city.example"));
    let text = String::from_utf8(city.log().entries(3, 4).unwrap().concat()).unwrap();
    assert!(!text.contains("ada") && !text.contains("grace"), "{text}");
    assert_eq!(memory.reader().system("user", b"", 9).unwrap().len(), 1);
}

#[test]
fn checkpoints_come_once_a_second_and_at_the_end() {
    let memory = Memory::new();
    let city = City::in_memory(&memory);
    let size = || city.log().checkpoint().map(|checkpoint| checkpoint.size);
    assert_eq!(size(), Some(1), "with the first leaf");
    fill(&city, 5, 1);
    assert_eq!(size(), Some(1), "no second has passed");
    city.clock.advance(1_000_000);
    fill(&city, 7, 1);
    // With the next group, or by itself just before it.
    assert!(matches!(size(), Some(5 | 6)), "{:?}", size());
    let log = city.log();
    city.tenants.close();
    let last = log.checkpoint().unwrap();
    assert_eq!((last.size, last.root), (7, log.root(7).unwrap()));
    assert_eq!(
        governance::audit::Checkpoint::open(&last.note, log.verifier()).unwrap(),
        *last
    );
}

#[test]
fn a_quiet_second_is_signed_too() {
    let city = City::in_memory(&Memory::new());
    fill(&city, 3, 1);
    city.clock.advance(1_500_000);
    // Nothing is written; the writer looks once a second.
    for _ in 0..200 {
        if city.log().checkpoint().unwrap().size == 3 {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("never signed");
}

#[test]
fn tenants_have_logs_of_their_own_and_keep_them() {
    let folder = tempfile::tempdir().unwrap();
    let before = {
        let city = City::on_disk(folder.path()).unwrap();
        let north = city.tenants.get_or_create("north").unwrap();
        assert!(north.execute_blocking(&view(), vec![Operation::Delete(Uri::ngsi_ld("A", "1"))])[0].is_err());
        assert_eq!(
            city.audit.log(Some("north")).unwrap().size(),
            0,
            "nothing was written"
        );
        north.execute_blocking(&view(), vec![Operation::Create(bus(1, 5))])[0]
            .as_ref()
            .unwrap();
        fill(&city, 280, 40);
        let log = city.audit.log(Some("north")).unwrap();
        assert_eq!((log.size(), city.log().size()), (1, 280));
        assert!(log.verifier().name().ends_with("/audit/north"));
        let same = Uri::ngsi_ld("Bus", "1");
        assert_ne!(
            log.pseudonyms().target(same.as_str()),
            city.log().pseudonyms().target(same.as_str()),
            "nobody can tell that it is the same in both"
        );
        let roots = (log.root(1).unwrap(), city.log().root(280).unwrap());
        city.tenants.close();
        roots
    };
    let city = City::on_disk(folder.path()).unwrap();
    let north = city.tenants.get(Some("north")).unwrap();
    let log = city.audit.log(Some("north")).unwrap();
    assert_eq!((log.root(1).unwrap(), city.log().root(280).unwrap()), before);
    assert_eq!(city.log().checkpoint().unwrap().size, 280);
    north.load_blocking(&view(), (2..500).map(|n| Operation::Import(bus(n, 5))).collect());
    assert_eq!(
        log.size(),
        499,
        "past the log of the store, but not past this one"
    );
    fill_more(&city);
    assert_eq!(city.log().size(), 281);
    let proof = city.log().consistency(280, 281).unwrap();
    let now = city.log().root(281).unwrap();
    assert!(governance::audit::verify_consistency(
        280, before.1, 281, now, &proof
    ));
}

fn fill_more(city: &City) {
    city.run(vec![Operation::Create(bus(100_000, 1))])[0]
        .as_ref()
        .unwrap();
}

#[test]
fn keys_are_made_once_and_names_are_lost_with_theirs() {
    let memory = Memory::new();
    let open = || {
        let at = memory.clone();
        let folder = tempfile::tempdir().unwrap();
        City::over(
            folder.path(),
            Audit::new(),
            Box::new(move |_| Ok(Box::new(at.clone()))),
        )
        .unwrap()
    };
    let city = open();
    let (instance, name) = (
        city.audit.keys().unwrap().instance(),
        city.log().pseudonyms().target("urn:x:1"),
    );
    city.tenants.close();
    let city = open();
    assert_eq!(city.audit.keys().unwrap().instance(), instance);
    assert_eq!(city.log().pseudonyms().target("urn:x:1"), name);
    assert_eq!(city.log().size(), 1, "it began once");
    let destroyed = Row::delete("audit-key", Keys::PSEUDONYM_ROW);
    city.twin().store_rows_blocking(vec![destroyed]).unwrap();
    city.tenants.close();
    let city = open();
    assert_eq!(
        city.audit.keys().unwrap().instance(),
        instance,
        "what was signed still is"
    );
    let other = city.log().pseudonyms().target("urn:x:1");
    assert_ne!(other, name);
    city.tenants.close();
    assert_eq!(
        open().log().pseudonyms().target("urn:x:1"),
        other,
        "the new key is kept"
    );
}

#[test]
fn the_latest_are_found_by_who_what_and_when() {
    let city = City::in_memory(&Memory::new());
    fill(&city, 600, 50);
    let later = View::open(Caller::System("import"), "import");
    city.clock.advance(60_000_000);
    let at = city.twin().now();
    city.twin()
        .execute_blocking(&later, vec![Operation::UpsertReplace(bus(7, 1))]);
    let find = |filter: Filter| city.log().latest(&filter, None, 50).unwrap();
    let all = find(Filter::default());
    assert_eq!(
        (all.leaves.len(), all.leaves[0].seq, all.older),
        (50, 600, Some(551))
    );
    let next = city.log().latest(&Filter::default(), all.older, 50).unwrap();
    assert_eq!((next.leaves[0].seq, next.older), (550, Some(501)));
    let by = |actor: &str| {
        find(Filter {
            actor: Some(actor.to_owned()),
            ..Filter::default()
        })
        .leaves
        .len()
    };
    assert_eq!((by("system:import"), by("system:audit"), by("nobody")), (1, 1, 0));
    let of = find(Filter {
        target: Some("urn:ngsi-ld:Bus:7".to_owned()),
        ..Filter::default()
    });
    let seqs: Vec<u64> = of.leaves.iter().map(|leaf| leaf.seq).collect();
    assert_eq!(seqs, [600, 7]);
    let pseudonym = of.leaves[0].target.clone().unwrap().into_owned();
    assert_eq!(
        find(Filter {
            target: Some(pseudonym),
            ..Filter::default()
        })
        .leaves
        .len(),
        2
    );
    assert_eq!(
        find(Filter {
            from: Some(at),
            ..Filter::default()
        })
        .leaves
        .len(),
        1
    );
    assert_eq!(
        find(Filter {
            before: Some(at),
            action: Some("audit.".into()),
            ..Filter::default()
        })
        .leaves
        .len(),
        1
    );
    assert_eq!(
        find(Filter {
            action: Some("entity.up".into()),
            ..Filter::default()
        })
        .leaves
        .len(),
        1
    );
}

#[test]
fn tiles_and_bundles_are_there_as_far_as_the_log_is() {
    let city = City::in_memory(&Memory::new());
    fill(&city, 300, 30);
    let log = city.log();
    assert_eq!(log.tile(0, 0, 256).unwrap().len(), 256 * 32);
    assert_eq!(log.tile(0, 1, 44).unwrap().len(), 44 * 32);
    assert_eq!(
        log.tile(1, 0, 1).unwrap(),
        Hash::of_node(&log_node(&log, 0), &log_node(&log, 1)).0
    );
    for (level, number, width) in [
        (0, 1, 45),
        (0, 1, 256),
        (0, 2, 1),
        (1, 0, 2),
        (1, 1, 1),
        (2, 0, 1),
        (0, 0, 0),
        (0, 0, 257),
        (63, 0, 1),
        (0, u64::MAX, 256),
    ] {
        assert!(
            log.tile(level, number, width).is_err(),
            "{level} {number} {width}"
        );
    }
    let bundle = log.bundle(1, 44).unwrap();
    let mut rest = &bundle[..];
    let mut entries = Vec::new();
    while !rest.is_empty() {
        let (length, after) = rest.split_at(2);
        let (entry, after) = after.split_at(usize::from(u16::from_be_bytes([length[0], length[1]])));
        entries.push(entry.to_vec());
        rest = after;
    }
    assert_eq!(entries, log.entries(256, 300).unwrap());
    assert!(log.entries(300, 400).unwrap().is_empty());
}

/// The root of half a tile.
fn log_node(log: &governance::audit::Log, half: usize) -> Hash {
    let tile = log.tile(0, 0, 256).unwrap();
    let hashes: Vec<Hash> = tile.as_chunks::<32>().0.iter().copied().map(Hash).collect();
    crate::merkle::mth(&hashes[half * 128..(half + 1) * 128])
}
