//! Linked entities through a view: what it hides is not there behind a relationship either.

use ngsi_ld::context::Context;
use ngsi_ld::query::projection::Projection;
use ngsi_ld::query::q::Q;
use ngsi_ld::representation::WriteOptions;
use ngsi_ld::{Attribute, Entity, Relationship, Value};
use query::view::Condition;
use query::{EntityQuery, Selection, View};
use serde_json::json;
use twin::{Join, JoinForm, JoinedWriting, MAX_LINKED, Operation, Reader, Twin, write_joined};

use crate::common::{hiding, id, name, only, property, run, thing, twin, view};

/// 1 leads to 2 and 3, which lead to 4.
fn town() -> Twin {
    let twin = twin();
    let to = |targets: &[usize]| {
        let targets: Vec<_> = targets.iter().map(id).collect();
        Attribute::new(name("to"), Value::Relationship(Relationship::to_many(targets)))
    };
    for (number, targets) in [(1, vec![2, 3]), (2, vec![4]), (3, vec![4]), (4, vec![1])] {
        let mut entity: Entity = thing(number)
            .with(to(&targets))
            .with(property("n", i64::from(number)));
        entity.types = vec![name(if number == 3 { "Secret" } else { "Thing" })];
        run(&twin, Operation::Create(entity)).unwrap();
    }
    twin
}

fn written(twin: &Twin, view: &View, form: JoinForm, level: usize) -> Result<String, twin::Error> {
    let first = twin.get(view, &id(1)).unwrap();
    let options = WriteOptions {
        format: ngsi_ld::representation::Format::Simplified,
        ..WriteOptions::default()
    };
    let join = Join {
        form,
        level,
        contained_by: Vec::new(),
    };
    let how = JoinedWriting {
        context: Context::core(),
        options: &options,
        pick: &Projection::parse("pick", "n,to{n,to{n,to{n,to}}}", Context::core()).unwrap(),
        omit: &Projection::default(),
        join: Some(&join),
        feature: None,
    };
    let objects = write_joined(twin, view, &[first], &how)?;
    Ok(json!(objects).to_string().replace("urn:ngsi-ld:Thing:", ""))
}

fn without_secrets() -> View {
    only(Condition::Type(name("Thing")))
}

#[test]
fn linked_entities_are_seen_through_the_view() {
    let twin = town();
    let inline = |view: &View| written(&twin, view, JoinForm::Inline, 2).unwrap();
    assert_eq!(
        inline(&view()),
        r#"[{"to":[{"to":[{"to":["1"],"n":4}],"n":2},{"to":[{"to":["1"],"n":4}],"n":3}],"n":1}]"#
    );
    assert_eq!(
        inline(&without_secrets()),
        r#"[{"to":[{"to":[{"to":["1"],"n":4}],"n":2},"3"],"n":1}]"#
    );
    assert_eq!(
        inline(&hiding([name("n")])),
        r#"[{"to":[{"to":[{"to":["1"]}]},{"to":[{"to":["1"]}]}]}]"#
    );
    let flat = |view: &View| written(&twin, view, JoinForm::Flat, 3).unwrap();
    assert_eq!(
        flat(&without_secrets()),
        r#"[{"to":["2","3"],"n":1},{"to":["4"],"n":2},{"to":["1"],"n":4}]"#
    );
}

#[test]
fn queries_through_relationships_ask_the_view() {
    let twin = town();
    let query = EntityQuery {
        selection: Selection {
            q: Some(Q::parse("to{n}==3", Context::core()).unwrap()),
            ..Selection::default()
        },
        limit: 9,
        offset: 0,
        count: true,
    };
    let total = |view: &View| twin.query(view, &query).unwrap().total;
    assert_eq!(total(&view()), Some(1));
    assert_eq!(total(&without_secrets()), Some(0));
    assert_eq!(total(&hiding([name("n")])), Some(0));
    assert_eq!(total(&hiding([name("to")])), Some(0));
    assert_eq!(twin.snapshot().query(&view(), &query).unwrap().total, Some(1));
}

#[test]
fn an_answer_does_not_grow_without_end() {
    let twin = twin();
    // Ten, each leading to all: 10 to the power of the level.
    for number in 0..10_usize {
        let all: Vec<_> = (0..10).map(id).collect();
        let to = Value::Relationship(Relationship::to_many(all));
        run(
            &twin,
            Operation::Create(thing(number).with(Attribute::new(name("to"), to))),
        )
        .unwrap();
    }
    let all: Vec<_> = (0..10_usize).filter_map(|n| twin.get(&view(), &id(n))).collect();
    let write = |form, level| {
        let join = Join {
            form,
            level,
            contained_by: Vec::new(),
        };
        let how = JoinedWriting {
            context: Context::core(),
            options: &WriteOptions::default(),
            pick: &Projection::default(),
            omit: &Projection::default(),
            join: Some(&join),
            feature: None,
        };
        write_joined(&twin, &view(), &all, &how).map(|objects| objects.len())
    };
    assert_eq!(write(JoinForm::Inline, 2).unwrap(), 10);
    let error = write(JoinForm::Inline, 9).unwrap_err().to_string();
    assert!(error.contains(&MAX_LINKED.to_string()), "{error}");
    assert_eq!(write(JoinForm::Flat, 9).unwrap(), 10);
}

#[test]
fn the_bytes_of_linked_entities_are_bounded() {
    let twin = twin();
    let text = "x".repeat(100_000);
    run(
        &twin,
        Operation::Create(thing(2).with(Attribute::property(name("n"), text.as_str()))),
    )
    .unwrap();
    let many = |number: usize, times: usize| {
        let targets = vec![id(2); times];
        let to = Attribute::new(name("to"), Value::Relationship(Relationship::to_many(targets)));
        run(&twin, Operation::UpsertReplace(thing(number).with(to))).unwrap();
    };
    many(1, 100);
    assert!(written(&twin, &view(), JoinForm::Inline, 1).unwrap().len() > 10_000_000);
    many(1, 2_000); // 200 MB
    let error = written(&twin, &view(), JoinForm::Inline, 1).unwrap_err();
    assert!(error.to_string().contains("linked entities"), "{error}");
    assert!(
        written(&twin, &view(), JoinForm::Flat, 1).is_ok(),
        "there it stands once"
    );
    // In several steps the bytes inside are counted once.
    many(3, 100);
    let to = Attribute::new(
        name("to"),
        Value::Relationship(Relationship::to_many(vec![id(3)])),
    );
    run(&twin, Operation::UpsertReplace(thing(1).with(to))).unwrap();
    assert!(written(&twin, &view(), JoinForm::Inline, 3).is_ok());
}
