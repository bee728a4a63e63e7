//! A page found along an index of an order is that of the sorted whole: over random entities, orders, conditions and
//! views, with writes between, in the live twin, in pictures and in forks, and after a restart.

use std::path::Path;

use ngsi_ld::context::Context;
use ngsi_ld::query::order::OrderBy;
use ngsi_ld::query::q::Q;
use ngsi_ld::representation::read_entity;
use ngsi_ld::{Attribute, Timestamp, Uri};
use proptest::prelude::*;
use query::view::{Condition, Rights};
use query::{Caller, EntityQuery, OrderPlan, Selection, View};
use serde_json::{Value as Json, json};
use storage::environment::ManualClock;
use storage::{Embedded, Environment, Memory, Storage};

use super::*;
use crate::operation::Instance;
use crate::reading::Reading;
use crate::shard::{Lane, Record};
use crate::state::{SHARDS, Shards};
use crate::{Operation, Twin};

const ORDERS: [(&str, Option<&str>); 19] = [
    ("b,modifiedAt", None),
    ("createdAt", None),
    ("createdAt;desc", None),
    ("modifiedAt;desc", None),
    ("modifiedAt", None),
    ("id", None),
    ("id;desc", None),
    ("type,id;desc", None),
    ("scope;desc", None),
    ("a", Some("sv")),
    ("a;desc", Some("und-u-ks-level1")),
    ("a,b;desc", None),
    ("b;desc,a", None),
    ("b,createdAt;desc,id", None),
    ("a.s", None),
    ("a.s;desc,b", None),
    ("m[x]", None),
    ("m[x];desc,a.observedAt", None),
    ("long", None),
];
const QUESTIONS: [Option<&str>; 5] = [None, Some("b>=2"), Some("a.s"), Some("b==1|a~=\"a\""), Some("h")];

fn order(at: usize) -> Sorter {
    let (text, tag) = ORDERS[at];
    Sorter::new(&OrderBy::parse(text, tag, None, None, Context::core()).unwrap()).unwrap()
}

fn name(term: &str) -> Name {
    Name::default_term(term)
}

fn id(number: u8) -> Uri {
    Uri::ngsi_ld("E", &number.to_string())
}

fn open() -> View {
    View::open(Caller::System("test"), "test")
}

/// A question for one page.
#[derive(Clone, Debug)]
struct Ask {
    order: usize,
    of_type: Option<&'static str>,
    q: usize,
    hidden: Option<&'static str>,
    offset: usize,
    limit: usize,
}

#[derive(Clone, Debug)]
enum Step {
    /// One write or several in one group.
    Write(Vec<Write>),
    Wait(u8),
    /// A few entities more are taken into an index.
    Begin(usize, Option<&'static str>, usize),
    Ask(Ask),
    /// Of a picture that is taken now and asked after the next steps.
    Picture(Ask),
    /// Of a fork with one more write.
    Fork(Write, Ask),
}

#[derive(Clone, Debug)]
enum Write {
    Put(u8, Json),
    Patch(u8, &'static str, Json),
    Lose(u8, &'static str),
    Delete(u8),
}

impl Write {
    fn operation(&self, now: Timestamp) -> Operation {
        match self {
            Self::Put(number, json) => Operation::UpsertReplace(entity(*number, json.clone(), now)),
            Self::Patch(number, term, value) => {
                let json = json!({ *term: {"value": value, "s": number} });
                let mut given = entity(*number, json, now);
                given.expires_at = None;
                Operation::UpsertUpdate(given)
            }
            Self::Lose(number, term) => {
                Operation::DeleteAttribute(id(*number), name(term), Instance::Default)
            }
            Self::Delete(number) => Operation::Delete(id(*number)),
        }
    }
}

fn entity(number: u8, mut json: Json, now: Timestamp) -> ngsi_ld::Entity {
    let ends = json.as_object_mut().unwrap().remove("ends");
    json["id"] = id(number).as_str().into();
    if json.get("type").is_none() {
        json["type"] = "A".into();
    }
    let mut entity = read_entity(&json, Context::core()).unwrap();
    if let Some(seconds) = ends.as_ref().and_then(Json::as_i64) {
        let end = now.plus_micros(seconds * 1_000_000);
        if seconds % 2 == 0 {
            entity.expires_at = Some(end);
        } else if let Some(attribute) = entity.attributes.first_mut() {
            attribute.expires_at = Some(end);
        }
    }
    entity
}

fn any_value() -> impl Strategy<Value = Json> {
    prop_oneof![
        (0..3_i64).prop_map(Json::from),
        prop::sample::select(vec!["a", "A", "á", "b", "ä", "z", ""]).prop_map(Json::from),
        Just(json!(true)),
        Just(json!([1, "a"])),
        Just(json!([1, 2])),
        Just(json!({"k": 1})),
    ]
}

fn any_entity() -> impl Strategy<Value = Json> {
    let some = |chance| prop::option::weighted(chance, any_value());
    (
        prop::sample::select(vec![json!("A"), json!("A"), json!("B"), json!(["A", "B"])]),
        some(0.8),
        some(0.5),
        some(0.5),
        prop::option::weighted(0.2, "[ab]"),
        prop::option::weighted(0.1, 1..40_i64),
        (0..3_u8, any::<bool>(), any::<bool>()),
    )
        .prop_map(|(types, a, b, x, long, ends, (scopes, hidden, second))| {
            let mut json = json!({"type": types});
            if let Some(a) = a {
                json["a"] = json!({"value": a, "s": b, "observedAt": "2026-01-01T00:00:00Z"});
                if json["a"]["s"].is_null() {
                    json["a"].as_object_mut().unwrap().remove("s");
                }
                if second {
                    json["a"] = json!([json["a"], {"value": 1, "datasetId": "urn:d:1"}]);
                }
            }
            if let Some(b) = b {
                json["b"] = json!({"value": b});
            }
            if let Some(x) = x {
                json["m"] = json!({"value": {"x": x}});
            }
            if let Some(long) = long {
                // Longer than a place holds: what tells them apart is cut off.
                json["long"] = format!("{}{long}", "x".repeat(300)).into();
            }
            if scopes > 0 {
                json["scope"] = Json::from([json!("/A"), json!("/B")][..usize::from(scopes)].to_vec());
            }
            if hidden {
                json["h"] = 1.into();
            }
            json["ends"] = ends.map_or(Json::Null, Json::from);
            json
        })
}

fn any_write() -> impl Strategy<Value = Write> {
    let number = || 0..25_u8;
    prop_oneof![
        4 => (number(), any_entity()).prop_map(|(number, json)| Write::Put(number, json)),
        3 => (number(), prop::sample::select(vec!["a", "b", "h"]), any_value())
            .prop_map(|(number, term, value)| Write::Patch(number, term, value)),
        1 => (number(), prop::sample::select(vec!["a", "b"])).prop_map(|(number, term)| Write::Lose(number, term)),
        1 => number().prop_map(Write::Delete),
    ]
}

fn any_type() -> impl Strategy<Value = Option<&'static str>> {
    prop::sample::select(vec![None, Some("A"), Some("A"), Some("B")])
}

fn any_ask() -> impl Strategy<Value = Ask> {
    (
        0..ORDERS.len(),
        any_type(),
        0..QUESTIONS.len(),
        prop::option::weighted(0.3, prop::sample::select(vec!["a", "b", "h", "m"])),
        prop_oneof![3 => Just(0), 1 => 0..12_usize],
        1..9_usize,
    )
        .prop_map(|(order, of_type, q, hidden, offset, limit)| Ask {
            order,
            of_type,
            q,
            hidden,
            offset,
            limit,
        })
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => prop::collection::vec(any_write(), 1..4).prop_map(Step::Write),
        1 => (1..20_u8).prop_map(Step::Wait),
        1 => (0..ORDERS.len(), any_type(), 1..4_usize).prop_map(|(order, of_type, many)| Step::Begin(order, of_type, many)),
        6 => any_ask().prop_map(Step::Ask),
        1 => any_ask().prop_map(Step::Picture),
        1 => (any_write(), any_ask()).prop_map(|(write, ask)| Step::Fork(write, ask)),
    ]
}

/// The page is that of all that is selected, sorted.
fn check<S: Shards>(reading: &Reading<'_, S>, ask: &Ask) -> Result<(), TestCaseError> {
    let view = match ask.hidden {
        None => open(),
        Some(term) => open().with(&Rights::except(Condition::Always, [name(term)])),
    };
    let query = EntityQuery {
        selection: Selection {
            types: ask.of_type.and_then(|term| Selection::of_type(name(term)).types),
            q: QUESTIONS[ask.q].map(|q| Q::parse(q, Context::core()).unwrap()),
            ..Selection::default()
        },
        limit: ask.limit,
        offset: ask.offset,
        count: false,
    };
    let sorter = order(ask.order);
    let mut all = Vec::new();
    reading
        .visit(&view, &query.selection, &mut |entity| {
            all.push(Arc::clone(entity));
            true
        })
        .unwrap();
    all.sort_by(|a, b| sorter.compare(&sorter.key(a), &sorter.key(b)));
    let expected: Vec<_> = all.iter().skip(ask.offset).take(ask.limit).collect();
    let whole = reading.ordered(&view, &query, &sorter).unwrap();
    prop_assert_eq!(whole.entities.iter().collect::<Vec<_>>(), expected.clone());
    prop_assert_eq!(whole.more, all.len() > ask.offset + ask.limit);
    // What is hidden may move forward.
    if !view.read().is_all() && !sorter.hiding_moves_first_back() {
        return Ok(());
    }
    let found = reading.basis(&query, &sorter, usize::MAX);
    reading.make(&found.basis);
    let page = reading.page_in_order(&view, &query, &found).unwrap().unwrap();
    prop_assert_eq!(page.entities.iter().collect::<Vec<_>>(), expected);
    prop_assert_eq!(page.more, all.len() > ask.offset + ask.limit);
    if QUESTIONS[ask.q].is_none()
        && view.read().is_all()
        && reading.over_by.is_none()
        && ORDERS[ask.order].0 != "long"
    {
        prop_assert!(page.examined <= ask.offset + ask.limit + 1, "{}", page.examined);
    }
    Ok(())
}

/// Every index holds what it would if it were made now.
fn check_indexes(shards: &impl Shards) -> Result<(), TestCaseError> {
    for index in 0..SHARDS {
        shards.with(index, |shard| {
            let made = shard.orders().0.read();
            prop_assert!(made.len() <= MAX_INDEXES);
            let mut live: Vec<Record> = Vec::new();
            shard.page(&Lane::Live, None, usize::MAX, &mut live);
            for OrderIndex {
                basis,
                standings,
                reached,
                complete,
            } in made.iter().map(|made| &*made.index)
            {
                let held = live
                    .iter()
                    .filter(|record| *complete || Some(record.key) <= *reached)
                    .filter(|record| basis.takes(&record.entity))
                    .map(|record| (basis.sorter.place(&record.entity), record.key));
                prop_assert_eq!(standings, &held.collect::<BTreeSet<_>>());
            }
            Ok(())
        })?;
    }
    Ok(())
}

fn walk(
    steps: &[Step],
    clock: &Arc<ManualClock>,
    store: &dyn Fn() -> Box<dyn Storage>,
) -> Result<(), TestCaseError> {
    let opened = || {
        let clock: Arc<dyn crate::Clock> = Arc::<ManualClock>::clone(clock);
        Twin::open(store(), clock).unwrap()
    };
    let twin = opened();
    let mut pictures = Vec::new();
    for step in steps {
        match step {
            Step::Write(writes) => {
                let writes = writes.iter().map(|write| write.operation(twin.now()));
                twin.execute_blocking(&open(), writes.collect());
            }
            Step::Wait(seconds) => clock.advance(i64::from(*seconds) * 1_000_000),
            Step::Begin(at, of_type, many) => {
                let basis = Arc::new(Basis {
                    of_type: of_type.map(name),
                    sorter: order(*at),
                });
                let lane = of_type.map_or(Lane::Live, |term| Lane::OfType(name(term)));
                let state = twin.reading().state;
                for index in 0..SHARDS {
                    state.with(index, |shard| {
                        if !shard.orders().has(basis.of_type.as_ref(), &basis.sorter) {
                            let mut piece = Vec::new();
                            shard.page(&lane, shard.orders().reached(&basis), *many, &mut piece);
                            let next = piece.iter().map(|record| (record.key, &*record.entity));
                            shard.orders().extend(&basis, 0, next, false);
                        }
                    });
                }
            }
            Step::Ask(ask) => check(&twin.reading(), ask)?,
            Step::Picture(ask) => pictures.push((twin.snapshot(), ask)),
            Step::Fork(write, ask) => {
                let mut fork = twin.snapshot().fork();
                let _ = fork.execute(&open(), write.operation(twin.now()));
                check(&fork.snapshot().reading(), ask)?;
                check_indexes(fork.snapshot().reading().state)?;
            }
        }
        check_indexes(twin.reading().state)?;
    }
    for (picture, ask) in &pictures {
        check(&picture.reading(), ask)?;
    }
    check_indexes(twin.reading().state)?;
    twin.close();
    let twin = opened();
    for step in steps {
        if let Step::Ask(ask) = step {
            check(&twin.reading(), ask)?;
        }
    }
    twin.close();
    Ok(())
}

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new(Timestamp::from_seconds(1_777_593_600)))
}

fn embedded(folder: &Path) -> Box<dyn Storage> {
    Box::new(Embedded::open(folder, "city", Environment::real(1)).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]
    #[test]
    fn a_page_along_an_index_is_that_of_the_sorted_whole(steps in prop::collection::vec(any_step(), 1..60)) {
        let memory = Memory::new();
        walk(&steps, &clock(), &|| Box::new(memory.clone()))?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]
    #[test]
    fn so_it_is_over_the_embedded_store(steps in prop::collection::vec(any_step(), 20..60)) {
        let folder = tempfile::tempdir().unwrap();
        walk(&steps, &clock(), &|| embedded(folder.path()))?;
    }
}

/// Two thousand things of one number each, of which one in four is a `Rare`.
fn city() -> Twin {
    let twin = Twin::open(Box::new(Memory::new()), clock()).unwrap();
    let operations = (0..2000_i64).map(|number| {
        let mut entity = ngsi_ld::Entity::new(Uri::ngsi_ld("E", &number.to_string()), name("Thing"));
        if number % 4 == 0 {
            entity.types.push(name("Rare"));
        }
        entity.attributes.push(Attribute::property(name("a"), number % 2));
        Operation::Create(entity)
    });
    let done = twin.load_blocking(&open(), operations.collect());
    assert!(done.iter().all(Result::is_ok));
    twin
}

fn page(of_type: &str) -> EntityQuery {
    EntityQuery {
        selection: Selection::of_type(name(of_type)),
        limit: 5,
        offset: 0,
        count: false,
    }
}

fn by(text: &str) -> Sorter {
    Sorter::new(&OrderBy::parse(text, None, None, None, Context::core()).unwrap()).unwrap()
}

#[test]
fn so_many_indexes_are_kept_and_the_one_used_longest_ago_goes() {
    let twin = city();
    let reading = twin.reading();
    let ask = |order: &str| {
        let sorter = by(order);
        let planned = reading.order_plan(&open(), &page("Thing"), &sorter);
        assert!(matches!(planned, OrderPlan::Indexed { .. }), "{planned}");
        let found = reading.ordered(&open(), &page("Thing"), &sorter).unwrap();
        assert!(found.examined <= 6, "{}", found.examined);
    };
    let has = |order: &str| reading.basis(&page("Thing"), &by(order), 0).made;
    ask("id");
    for number in 1..MAX_INDEXES {
        ask(&format!("x{number},id"));
    }
    assert!(has("id") && has("x1,id"));
    ask("id");
    ask("createdAt");
    assert!(has("id") && has("createdAt") && !has("x1,id") && has("x2,id"));
    for index in 0..SHARDS {
        reading
            .state
            .with(index, |shard| assert_eq!(shard.orders().count(), MAX_INDEXES));
    }
}

/// Five hundred are sorted by looking at them. What does not pay is not made.
#[test]
fn an_index_is_made_when_as_much_was_sorted_for_the_want_of_it() {
    let twin = city();
    let reading = twin.reading();
    let sorter = by("id;desc");
    let few = page("Rare");
    for _ in 0..10 {
        let found = reading.ordered(&open(), &few, &sorter).unwrap();
        assert_eq!(found.examined, 500);
    }
    assert!(!reading.basis(&few, &sorter, 0).made);
    // Twelve hundred of two thousand are sorted once, and not twice.
    let due = || reading.basis(&page("Thing"), &sorter, 1200).is_due_to_sort();
    assert!(!due());
    let basis = reading.basis(&page("Thing"), &sorter, 1200).basis;
    let owed = || reading.state.ledger().owed(basis.of_type.as_ref(), &basis.sorter);
    reading.state.ledger().owe(&basis, 1200);
    assert!(due() && owed() == 1200);
    reading.make(&basis);
    assert!(due() && owed() == 0);
}

/// Where the first value is the same of many, an index of all values is made in time.
#[test]
fn several_values_get_an_index_when_the_first_does_not_tell_enough_apart() {
    let twin = city();
    let sorter = by("a,id;desc");
    let reading = twin.reading();
    let mut looked_at = Vec::new();
    for _ in 0..6 {
        looked_at.push(
            reading
                .ordered(&open(), &page("Thing"), &sorter)
                .unwrap()
                .examined,
        );
    }
    assert!(looked_at[0] >= 1000 && looked_at[5] == 6, "{looked_at:?}");
    let plan = reading.order_plan(&open(), &page("Thing"), &sorter);
    assert_eq!(plan.to_string(), "along an index of a, id desc, of type Thing");
}

/// Who does not see an attribute does not learn by an order when it was changed.
#[test]
fn what_is_hidden_moves_nothing_by_when_it_was_changed() {
    let twin = city();
    let reading = twin.reading();
    let id = |number: u32| Uri::ngsi_ld("E", &number.to_string());
    let secret = ngsi_ld::Entity::new(id(0), name("Thing"));
    for number in [0, 3, 7] {
        let mut entity = secret.clone();
        entity.id = id(number);
        entity
            .attributes
            .push(Attribute::property(name("h"), i64::from(number)));
        assert!(twin.execute_blocking(&open(), vec![Operation::UpsertUpdate(entity)])[0].is_ok());
    }
    let narrow = open().with(&Rights::except(Condition::Always, [name("h")]));
    for order in [
        "modifiedAt",
        "modifiedAt;desc",
        "type,modifiedAt",
        "h,modifiedAt;desc",
        "createdAt,h;desc",
    ] {
        let sorter = by(order);
        for (view, index) in [(&open(), true), (&narrow, order != "modifiedAt")] {
            let mut all = Vec::new();
            let of_all = &page("Thing").selection;
            reading
                .visit(view, of_all, &mut |entity| {
                    all.push(Arc::clone(entity));
                    true
                })
                .unwrap();
            all.sort_by(|a, b| sorter.compare(&sorter.key(a), &sorter.key(b)));
            let planned = reading.order_plan(view, &page("Thing"), &sorter);
            assert_eq!(matches!(planned, OrderPlan::Indexed { .. }), index, "{planned}");
            let found = reading.ordered(view, &page("Thing"), &sorter).unwrap();
            assert_eq!(found.entities, all[..5], "{order}");
        }
    }
}

/// Writers and readers while indexes are made and given up: no page is out of order, and what is there all the time is
/// in it.
#[test]
fn indexes_are_made_while_others_write_and_ask() {
    let twin = city();
    let (writer, asker) = (twin.clone(), twin.clone());
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for number in 0..600_i64 {
                let mut entity =
                    ngsi_ld::Entity::new(Uri::ngsi_ld("E", &(number * 3).to_string()), name("Thing"));
                entity.attributes.push(Attribute::property(name("a"), number));
                let done = writer.execute_blocking(&open(), vec![Operation::UpsertUpdate(entity)]);
                assert!(done[0].is_ok());
            }
        });
        for shift in 0..3_usize {
            let twin = asker.clone();
            scope.spawn(move || {
                for round in 0..60 {
                    let sorter = by(&format!("x{},id;desc", (round + shift) % 20));
                    let found = twin.reading().ordered(&open(), &page("Thing"), &sorter).unwrap();
                    let ids: Vec<_> = found.entities.iter().map(|entity| entity.id.local()).collect();
                    assert_eq!(ids, ["999", "998", "997", "996", "995"], "by text");
                }
            });
        }
    });
    check_indexes(twin.reading().state).unwrap();
    twin.close();
}
