//! Ordered pages are what sorting everything gives, and an order does not cost a look at every entity.

use std::sync::Arc;

use ngsi_ld::context::Context;
use ngsi_ld::query::order::OrderBy;
use ngsi_ld::query::q::Q;
use ngsi_ld::{Attribute, Entity};
use proptest::prelude::*;
use query::{EntityQuery, Selection, Sorter};
use twin::{MAX_ORDERED, Operation, Reader};

use crate::common::{hiding, name, run, thing, twin, view};

fn order(text: &str) -> Sorter {
    Sorter::new(&OrderBy::parse(text, None, Some("[0,0]"), None, Context::core()).unwrap()).unwrap()
}

fn page(offset: usize, limit: usize) -> EntityQuery {
    EntityQuery {
        selection: Selection::of_type(name("Thing")),
        limit,
        offset,
        count: true,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn a_page_is_part_of_the_sorted_whole(
        rows in prop::collection::vec((prop::option::of(0..4_i64), "[abAB]{0,2}"), 1..40),
        text in prop_oneof![
            Just("a"), Just("a;desc"), Just("b,a"), Just("b;desc,a;desc"), Just("id;desc"), Just("createdAt;desc"),
        ],
        offset in 0..45_usize, limit in 0..20_usize, sets in prop::collection::vec(0..8_u8, 40),
    ) {
        let twin = twin();
        for (number, (a, b)) in rows.iter().enumerate() {
            let mut entity = thing(number);
            entity.types = vec![name("Thing")];
            entity.attributes = vec![Attribute::property(name("b"), b.as_str())];
            entity.attributes.extend(a.map(|a| Attribute::property(name("a"), a)));
            // A second instance, a default one that is no number, several numbers in one.
            match (a, sets[number]) {
                (_, 0) => entity.put(Attribute::property(name("a"), 2_i64).dataset(crate::common::id("set"))),
                (Some(_), 1) => {
                    entity.put(Attribute::property(name("a"), 1_i64).dataset(crate::common::id("set")));
                    entity.put(Attribute::property(name("a"), "text"));
                }
                (_, 2) => entity.put(Attribute::property(name("a"), serde_json::json!([1, 2]))),
                _ => {}
            }
            run(&twin, Operation::Create(entity)).unwrap();
        }
        let sorter = order(text);
        let mut all: Vec<Arc<Entity>> = twin.query(&view(), &page(0, 1000)).unwrap().entities;
        all.sort_by(|x, y| sorter.compare(&sorter.key(x), &sorter.key(y)));
        let expected: Vec<_> = all.iter().skip(offset).take(limit).map(|e| e.id.clone()).collect();
        let found = twin.ordered(&view(), &page(offset, limit), &sorter).unwrap();
        let ids: Vec<_> = found.entities.iter().map(|e| e.id.clone()).collect();
        prop_assert_eq!(ids, expected);
        prop_assert_eq!(found.total, Some(rows.len()));
        prop_assert_eq!(found.more, rows.len() > offset + limit);
        // Without a count, the walk may be along the numbers; a condition makes it longer.
        for selection in [Selection::of_type(name("Thing")), Selection::default(), Selection {
            q: Some(Q::parse("b~=\"a\"", Context::core()).unwrap()), ..Selection::default()
        }] {
            let expected: Vec<_> = all.iter().filter(|e| selection.matches(e)).map(|e| e.id.clone()).collect();
            let query = EntityQuery { selection, count: false, ..page(offset, limit) };
            let found = twin.ordered(&view(), &query, &sorter).unwrap();
            let ids: Vec<_> = found.entities.iter().map(|e| e.id.clone()).collect();
            prop_assert_eq!(ids, expected.iter().skip(offset).take(limit).cloned().collect::<Vec<_>>());
            prop_assert_eq!(found.more, expected.len() > offset + limit && limit > 0 || limit == 0 && expected.len() > offset);
        }
    }
}

#[test]
fn what_is_hidden_orders_nothing() {
    let twin = twin();
    for (number, secret) in [3_i64, 1, 2].into_iter().enumerate() {
        let mut entity = thing(number);
        entity.types = vec![name("Thing")];
        entity.attributes = vec![
            Attribute::property(name("secret"), secret),
            Attribute::property(name("open"), 1),
        ];
        run(&twin, Operation::Create(entity)).unwrap();
    }
    let ids = |view: &query::View| -> Vec<String> {
        let found = twin.ordered(view, &page(0, 9), &order("secret")).unwrap();
        found.entities.iter().map(|e| e.id.to_string()).collect()
    };
    let created: Vec<_> = (0..3).map(|n| thing(n).id.to_string()).collect();
    assert_eq!(
        ids(&view()),
        [created[1].clone(), created[2].clone(), created[0].clone()]
    );
    assert_eq!(ids(&hiding([name("secret")])), created);
}

#[test]
fn too_deep_a_page_is_refused() {
    let twin = twin();
    assert!(twin.ordered(&view(), &page(MAX_ORDERED, 0), &order("id")).is_ok());
    let refused = twin.ordered(&view(), &page(MAX_ORDERED, 1), &order("id"));
    assert!(refused.unwrap_err().to_string().contains("paged"));
}
