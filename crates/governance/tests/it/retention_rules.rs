//! Rules of retention: which are refused, whose data they are for, and what a run says that was cut off.

use std::sync::Arc;

use governance::desk::{Desk, Error, Ground, Known, NewHold, NewRule, RunState, Settings, What, Which};
use ngsi_ld::{Entity, Timestamp};
use storage::Memory;
use storage::environment::ManualClock;
use twin::{Clock, Operation, Tenants, Twin};

use crate::retention::{Given, all, begin, city, class_of, filled, id, name, over, person, reading};

/// What is wrong with a rule.
type Wrong = fn(&mut NewRule);

#[test]
fn rules_that_could_not_run_are_refused() {
    let city = city();
    let good = || NewRule {
        name: "R".into(),
        types: vec!["*".into()],
        keep: "P30D".into(),
        ..NewRule::default()
    };
    let cases: [(Wrong, &str); 12] = [
        (|it| it.name = " ".into(), "`name`: it is empty"),
        (|it| it.types.clear(), "`types`: it is empty"),
        (|it| it.keep = String::new(), "`keep`"),
        (
            |it| it.keep = "30 days".into(),
            "`keep`: `30 days` is no ISO 8601",
        ),
        (|it| it.keep = "P0D".into(), "is no time at all"),
        (|it| it.keep = "-P3D".into(), "`keep`"),
        (|it| it.keep = "P9999Y".into(), "`keep`"),
        (|it| it.keep = "P300Y".into(), "longer than 200 years"),
        (
            |it| it.activity = "none".into(),
            "`activity`: the register has no",
        ),
        (
            |it| (it.what, it.attributes) = (What::Entities, vec!["a".into()]),
            "`what`: whole entities",
        ),
        (
            |it| it.classes = vec!["secret".into()],
            "`classes`: there is no `secret`; there are open",
        ),
        (|it| it.types = vec![String::new()], "`types[0]`"),
    ];
    let known = Known {
        purposes: None,
        classes: Some(["open".to_owned()].into()),
    };
    for (change, expected) in cases {
        let mut wrong = good();
        change(&mut wrong);
        let told = city
            .desk
            .make_rule(&person("a"), wrong, &known)
            .unwrap_err()
            .to_string();
        assert!(told.contains(expected), "{told}\nshould say {expected}");
    }
    let id = city
        .desk
        .make_rule(&person("a"), good(), &known)
        .unwrap()
        .id
        .clone();
    let changed = NewRule {
        keep: "P1Y".into(),
        ..good()
    };
    let rule = city.desk.change_rule(&person("b"), &id, changed, &known).unwrap();
    assert_eq!((rule.says.keep.as_str(), rule.changed_by.as_str()), ("P1Y", "b"));
    assert!(matches!(city.desk.rule("none"), Err(Error::NotFound { .. })));
    assert_eq!(
        rule.says.before(begin()).unwrap(),
        Timestamp::parse("2025-05-01T12:00:00Z").unwrap()
    );
}

#[test]
fn what_the_end_of_the_program_cut_off_is_said_to_be() {
    let city = filled(&[Given {
        of: 0,
        now: vec![],
        past: vec![(0, 40)],
        gone: false,
    }]);
    city.rule(NewRule {
        name: "R".into(),
        types: vec!["*".into()],
        keep: "P30D".into(),
        ..NewRule::default()
    });
    // As a crash leaves it: a row that says that a run runs.
    let row = serde_json::json!({
        "id": "d-2026-0001", "by": "system:retention", "began_at": "2026-05-01T11:00:00Z", "ended_at": null,
        "state": "running", "why": "", "rules": [],
    });
    let value = [&[1], row.to_string().as_bytes()].concat();
    let table = "governance-retention-runs";
    city.twin
        .store_rows_blocking(vec![twin::Row::put(table, *b"d-2026-0001", value)])
        .unwrap();
    let again = over(city.store.clone(), Arc::clone(&city.clock));
    assert!(again.desk.retention_is_due(), "it did not run to its end");
    let run = again.retain(&|| false);
    assert_eq!(
        (run.id.as_str(), run.rules[0].counts.instances),
        ("d-2026-0002", 1)
    );
    let cut_off = again.desk.retention_run("d-2026-0001").unwrap();
    assert_eq!(cut_off.state, RunState::Interrupted);
}

#[test]
fn rules_are_for_a_tenant_or_for_all() {
    let folder = tempfile::tempdir().unwrap();
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::new(begin()));
    let tenants = Tenants::open(folder.path(), clock, |_| Ok(Box::new(Memory::new()))).unwrap();
    let home = tenants.get(None).unwrap();
    let desk = Desk::open(&home, Settings::default()).unwrap();
    tenants.ask_holds(&desk.keeper());
    let mut kept = Vec::new();
    for tenant in [None, Some("water"), Some("roads")] {
        let twin = tenant.map_or_else(|| home.clone(), |name| tenants.get_or_create(name).unwrap());
        let mut entity = Entity::new(id("Meter", 1), name("Meter"));
        twin.execute_blocking(&all(), vec![Operation::Create(entity.clone())]);
        entity.attributes = vec![reading("level", 1, 40)];
        twin.execute_blocking(
            &all(),
            vec![Operation::AppendHistory {
                entity,
                current: false,
            }],
        );
        kept.push(twin);
    }
    let hold = NewHold {
        reason: "case".into(),
        tenant: Some("roads".into()),
        types: vec!["Meter".into()],
        ..NewHold::default()
    };
    desk.place(&person("a"), hold).unwrap();
    let counts = |tenant: Option<&str>| {
        let says = NewRule {
            name: format!("for {tenant:?}"),
            tenant: tenant.map(str::to_owned),
            types: vec!["Meter".into()],
            keep: "P30D".into(),
            ..NewRule::default()
        };
        let rule = desk.make_rule(&person("a"), says, &Known::default()).unwrap();
        let ground = Ground {
            tenants: tenants.names(),
            twin_of: &|name| tenants.get(name),
            class_of: &class_of,
            stop: &|| false,
        };
        let outcome = desk.preview(Which::One(&rule.id), &ground).unwrap().remove(0);
        (outcome.counts.instances, outcome.counts.held)
    };
    assert_eq!(counts(None), (1, 0));
    assert_eq!(counts(Some("water")), (1, 0));
    assert_eq!(counts(Some("roads")), (0, 1));
    assert_eq!(counts(Some("*")), (2, 1));
    // The twins ask too, whoever writes.
    let delete = |twin: &Twin| {
        twin.execute_blocking(&all(), vec![Operation::Delete(id("Meter", 1))])
            .remove(0)
    };
    assert!(matches!(delete(&kept[2]), Err(twin::Error::Held(_, hold)) if hold == "h-2026-0001"));
    assert!(delete(&kept[1]).is_ok());
}
