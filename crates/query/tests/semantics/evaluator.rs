//! `q` over entities.

use ngsi_ld::query::q::{Operand, Operator, Path, Q};
use proptest::prelude::*;
use query::Selection;
use serde_json::{Value as Json, json};

use crate::oracle;
use crate::random::{any_entity, any_q, entity_of, name};

fn selected(q: &Q, entity: &Json) -> bool {
    Selection {
        q: Some(q.clone()),
        ..Selection::default()
    }
    .matches(&entity_of(entity))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]
    #[test]
    fn agrees_with_the_oracle(q in any_q(), entity in any_entity()) {
        prop_assert_eq!(selected(&q, &entity), oracle::holds(&q, &entity), "{} over {}", q, entity);
    }
}

/// The examples in the text of 4.9, by hand.
#[test]
fn the_examples_of_the_clause() {
    use Operator::{Equal, NotEqual};
    let text = |text: &str| Operand::Text(text.to_owned());
    let check =
        |attribute: Json, members: &[&str], operator: Operator, operands: &[Operand], expected: bool| {
            let entity = json!({"color": [attribute]});
            let members = members.iter().map(|&member| member.to_owned()).collect();
            let q = Q::Compare(
                Path {
                    attributes: vec![name("color")],
                    members,
                },
                operator,
                operands.to_vec(),
            );
            assert_eq!(selected(&q, &entity), expected, "{q} over {entity}");
        };
    let property = |value: Json| json!({"type": "Property", "value": value});
    let language = |map: Json| json!({"type": "LanguageProperty", "languageMap": map});
    let red = [text("red")];
    check(property(json!("red")), &[], Equal, &red, true);
    check(property(json!(["blue", "red", "green"])), &[], Equal, &red, true);
    check(
        property(json!("red")),
        &[],
        Equal,
        &[text("black"), text("red")],
        true,
    );
    let ten_to_twenty = [Operand::Range(
        Box::new(Operand::Number(10.0)),
        Box::new(Operand::Number(20.0)),
    )];
    check(property(json!(15)), &[], Equal, &ten_to_twenty, true);
    check(property(json!(20)), &[], Equal, &ten_to_twenty, true);
    check(property(json!(9)), &[], NotEqual, &ten_to_twenty, true);
    check(
        language(json!({"fr": "rouge", "en": "red", "de": "rot"})),
        &["en"],
        Equal,
        &red,
        true,
    );
    check(
        language(json!({"fr": "red", "en": "black", "de": "blaue"})),
        &["en"],
        Equal,
        &red,
        false,
    );
    check(
        language(json!({"fr": ["chat", "rouge"], "en": ["red", "cat"]})),
        &["en"],
        Equal,
        &red,
        true,
    );
    check(
        language(json!({"fr": "rouge", "en": "red"})),
        &["*"],
        Equal,
        &red,
        true,
    );
    check(property(json!("black")), &[], NotEqual, &red, true);
    check(
        property(json!(["blue", "red", "green"])),
        &[],
        NotEqual,
        &red,
        false,
    );
    check(property(json!(7)), &[], NotEqual, &red, true);
    check(
        language(json!({"fr": "noir", "en": "black"})),
        &["en"],
        NotEqual,
        &red,
        true,
    );
    check(
        language(json!({"fr": "rouge", "en": "red"})),
        &["*"],
        NotEqual,
        &red,
        false,
    );
    check(property(json!("7")), &[], Equal, &[Operand::Number(7.0)], false);
    check(
        property(json!("7")),
        &[],
        Operator::Greater,
        &[Operand::Number(1.0)],
        false,
    );
    let uri = [Operand::Uri("http://example.com/red".to_owned())];
    let to = |object: Json| json!({"type": "Relationship", "object": object});
    check(
        to(json!(["http://example.com/blue", "http://example.com/red"])),
        &[],
        Equal,
        &uri,
        true,
    );
    check(to(json!("http://example.com/red")), &[], NotEqual, &uri, false);
    check(
        to(json!("http://example.com/red")),
        &[],
        Operator::Matches,
        &[text("red")],
        false,
    );
}

#[test]
fn a_regular_expression_is_held_to_a_size() {
    let path = Path {
        attributes: vec![name("a")],
        members: vec![],
    };
    for pattern in [
        "(",
        "a{1000000000}",
        "((a{1000}){1000}){1000}",
        &"(".repeat(8000),
        "[z-a]",
        "\\",
    ] {
        let q = Q::Compare(
            path.clone(),
            Operator::Matches,
            vec![Operand::Text(pattern.to_owned())],
        );
        let selection = Selection {
            q: Some(q),
            ..Selection::default()
        };
        let error = selection.prepare().unwrap_err();
        assert!(error.detail.contains("regular expression"), "{error}");
        assert!(!selection.matches(&entity_of(&json!({"a": [{"type": "Property", "value": "a"}]}))));
    }
    // Each is small, all of them are not.
    let term = Q::Compare(
        path.clone(),
        Operator::Matches,
        vec![Operand::Text("a".to_owned())],
    );
    for (count, accepted) in [(16, true), (17, false)] {
        let selection = Selection {
            q: Some(Q::Or(vec![
                Q::And(vec![term.clone(); count]),
                Q::Exists(path.clone()),
            ])),
            ..Selection::default()
        };
        assert_eq!(selection.prepare().is_ok(), accepted, "{count}");
    }
    // Linear, where a backtracking matcher would never come back.
    let q = Q::Compare(path, Operator::Matches, vec![Operand::Text("^(a+)+$".to_owned())]);
    assert!(!selected(
        &q,
        &json!({"a": [{"type": "Property", "value": format!("{}!", "a".repeat(50_000))}]})
    ));
}
