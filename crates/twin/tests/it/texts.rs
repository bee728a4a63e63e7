//! Whatever stands in an attribute: what the index of texts leads to is what looking at every entity gives.

use std::sync::Arc;

use ngsi_ld::context::Context;
use ngsi_ld::query::order::OrderBy;
use ngsi_ld::query::q::Q;
use ngsi_ld::representation::read_entity;
use ngsi_ld::{Entity, Uri};
use proptest::prelude::*;
use query::{EntityQuery, Selection, Sorter};
use serde_json::{Value as Json, json};
use twin::{Operation, Reader};

use crate::common::{id, name, run, twin, view};

/// Texts that are hard to tell apart, that look like something else, and that are too long for an index.
fn texts() -> Vec<String> {
    let mut texts: Vec<String> = [
        "",
        "a",
        "A",
        "\u{e1}",
        "a\u{301}",
        "aa",
        "b",
        "B",
        "z",
        "9",
        "10",
        "-1",
        "urn:x:1",
        "urn:x:2",
        "true",
        " a",
        "2026-05-01",
        "2026-05-01T00:00:00Z",
        "2026-05-01T02:00:00+02:00",
        "\u{65e5}\u{672c}",
        "\u{1f600}",
        "\\\"",
    ]
    .map(str::to_owned)
    .into();
    texts.extend([
        "x".repeat(256),
        "x".repeat(257),
        "x".repeat(300),
        "\u{e4}".repeat(200),
    ]);
    texts
}

fn text() -> impl Strategy<Value = String> {
    prop::sample::select(texts())
}

fn scalar() -> impl Strategy<Value = Json> {
    prop_oneof![
        6 => text().prop_map(Json::from),
        2 => (-1..3_i64).prop_map(Json::from),
        1 => any::<bool>().prop_map(Json::from),
        1 => Just(json!({"@type": "DateTime", "@value": "2026-05-01T00:00:00Z"})),
        1 => text().prop_map(|text| json!({"@type": "Code", "@value": text})),
    ]
}

fn instance() -> impl Strategy<Value = Json> {
    let uri = prop::sample::select(vec!["urn:x:1", "urn:x:2", "urn:x:3"]);
    prop_oneof![
        8 => scalar().prop_map(|value| json!({"value": value})),
        2 => prop::collection::vec(scalar(), 1..4).prop_map(|values| json!({"value": values})),
        1 => prop::collection::vec(text(), 30..40).prop_map(|values| json!({"value": values})),
        1 => text().prop_map(|text| json!({"value": {"x": text}})),
        1 => text().prop_map(|text| json!({"value": text, "valueType": "DateTime"})),
        1 => uri.clone().prop_map(|uri| json!({"object": uri})),
        1 => prop::collection::vec(uri.clone(), 1..4).prop_map(|uris| json!({"object": uris})),
        1 => prop::collection::vec(uri, 1..3)
            .prop_map(|uris| json!({"objectList": uris.iter().map(|uri| json!({"object": uri})).collect::<Vec<_>>()})),
        2 => (text(), text()).prop_map(|(en, sw)| json!({"languageMap": {"en": en, "sw": [sw]}})),
        1 => text().prop_map(|text| json!({"languageMap": {"@none": text, "de": "a"}})),
        1 => prop::sample::select(vec!["a", "b", "urn:x:1"]).prop_map(|term| json!({"vocab": term})),
        1 => scalar().prop_map(|value| json!({"json": {"@value": value}})),
        1 => text().prop_map(|text| json!({"json": [text]})),
        1 => prop::collection::vec(scalar(), 0..3).prop_map(|values| json!({"valueList": values})),
    ]
}

fn attribute() -> impl Strategy<Value = Option<Json>> {
    let instances =
        (prop::collection::vec(instance(), 1..4), any::<bool>()).prop_map(|(mut all, default)| {
            for (index, instance) in all.iter_mut().enumerate().skip(usize::from(default)) {
                instance["datasetId"] = format!("urn:d:{index}").into();
            }
            Json::from(all)
        });
    prop_oneof![3 => instances.prop_map(Some), 3 => instance().prop_map(Some), 1 => Just(None)]
}

#[derive(Clone, Debug)]
enum Step {
    Put(usize, Option<Json>, Option<Json>),
    Delete(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..30_usize, attribute(), attribute()).prop_map(|(number, a, b)| Step::Put(number, a, b)),
        1 => (0..30_usize).prop_map(Step::Delete),
    ]
}

fn operation(step: Step) -> Operation {
    match step {
        Step::Put(number, a, b) => {
            let half = if number % 2 == 0 { "Even" } else { "Odd" };
            let mut json = json!({"id": id(number).as_str(), "type": ["Thing", half]});
            for (term, value) in [("a", a), ("b", b)] {
                if let Some(value) = value {
                    json[term] = value;
                }
            }
            Operation::UpsertReplace(read_entity(&json, Context::core()).unwrap())
        }
        Step::Delete(number) => Operation::Delete(id(number)),
    }
}

fn any_q() -> impl Strategy<Value = Option<String>> {
    let quoted = || text().prop_map(|text| Json::from(text).to_string());
    let equal = || {
        prop_oneof![
            4 => (prop::sample::select(vec!["a", "b"]), prop::collection::vec(quoted(), 1..4))
                .prop_map(|(attribute, texts)| format!("{attribute}=={}", texts.join(","))),
            1 => Just("a==urn:x:1".to_owned()),
            1 => Just("b==a,urn:x:2".to_owned()),
        ]
    };
    let other = prop::sample::select(vec![
        "a==2026-05-01T00:00:00Z",
        "a==\"a\",2026-05-01T00:00:00Z",
        "a==\"a\"..\"b\"",
        "a>=\"a\"",
        "a!=\"a\"",
        "a==1",
        "b==\"a\",1",
        "a~=\"^a\"",
        "a!~=\"^a|x$\"",
        "b~=\"(?i)A|urn\"",
        "b!~=\".\"",
        "a>\"a\"",
        "a<\"b\"",
        "b<=\"\u{e1}\"",
        "a==\"\"..\"urn:x:2\"",
        "b==\"aa\"..\"z\";a~=\"1\"",
        "a>=\"a\";a<\"b\"",
        "a[en]==\"a\"",
        "b",
        "a.b==\"a\"",
        "a==true",
        "b==2026-05-01",
    ]);
    prop_oneof![
        1 => Just(None),
        4 => equal().prop_map(Some),
        1 => other.clone().prop_map(|q| Some(q.to_owned())),
        2 => (equal(), equal()).prop_map(|(one, other)| Some(format!("{one}|{other}"))),
        1 => (equal(), equal()).prop_map(|(one, other)| Some(format!("{one};{other}"))),
        1 => (equal(), other).prop_map(|(one, other)| Some(format!("({one};{other})|{one}"))),
    ]
}

fn any_order() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "a",
        "a;desc",
        "b",
        "b;desc",
        "a,b",
        "a;desc,b",
        "b,a;desc",
        "b;desc,a;desc",
        "a,id;desc",
        "nothing",
        "nothing;desc",
        "a[en]",
        "createdAt;desc",
    ])
}

type Asked = (Option<String>, &'static str, Option<&'static str>, usize, usize);

/// A page by whatever path, and what it must be: everything that there is, evaluated and sorted.
fn asked(
    reader: &dyn Reader,
    (q, order, entity_type, offset, limit): &Asked,
) -> [(Vec<Uri>, bool, Option<usize>); 4] {
    let selection = Selection {
        q: q.as_ref().map(|q| Q::parse(q, Context::core()).unwrap()),
        types: entity_type.and_then(|term| Selection::of_type(name(term)).types),
        ..Selection::default()
    };
    let mut all: Vec<Arc<Entity>> = Vec::new();
    let everything = &mut |entity: &Arc<Entity>| {
        all.push(Arc::clone(entity));
        true
    };
    reader.scan(&view(), &Selection::default(), everything).unwrap();
    all.retain(|entity| selection.matches(entity));
    let query = |count: bool| EntityQuery {
        selection: selection.clone(),
        limit: *limit,
        offset: *offset,
        count,
    };
    let expected = |all: &[Arc<Entity>], total: Option<usize>| {
        let ids = all
            .iter()
            .skip(*offset)
            .take(*limit)
            .map(|entity| entity.id.clone())
            .collect();
        (ids, all.len() > offset + limit, total)
    };
    let given = |page: twin::Page| {
        let ids = page.entities.iter().map(|entity| entity.id.clone()).collect();
        (ids, page.more, page.total)
    };
    let found = given(reader.query(&view(), &query(true)).unwrap());
    let created = expected(&all, Some(all.len()));
    let sorter = Sorter::new(&OrderBy::parse(order, None, None, None, Context::core()).unwrap()).unwrap();
    all.sort_by(|a, b| sorter.compare(&sorter.key(a), &sorter.key(b)));
    let ordered = given(reader.ordered(&view(), &query(false), &sorter).unwrap());
    [found, created, ordered, expected(&all, None)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]
    #[test]
    fn every_path_gives_what_looking_at_all_gives(
        before in prop::collection::vec(step(), 1..50), after in prop::collection::vec(step(), 0..30),
        questions in prop::collection::vec(
            (any_q(), any_order(), prop::option::of(prop::sample::select(vec!["Thing", "Odd"])), 0..4_usize, 1..8_usize),
            1..12,
        ),
    ) {
        let twin = twin();
        for step in before {
            let _ = run(&twin, operation(step));
        }
        let picture = twin.snapshot();
        let then: Vec<_> = questions.iter().map(|question| asked(&picture, question)).collect();
        for step in after {
            let _ = run(&twin, operation(step));
        }
        for (question, then) in questions.iter().zip(then) {
            prop_assert_eq!(&asked(&picture, question), &then, "the picture changed: {:?}", question);
            for [found, created, ordered, sorted] in [then, asked(&twin, question)] {
                prop_assert_eq!(found, created, "{:?}", question);
                prop_assert_eq!(ordered, sorted, "{:?}", question);
            }
        }
    }
}
