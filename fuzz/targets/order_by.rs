//! An order, line by line `orderBy`, `collation`, `orderFrom`, is read or refused; its comparison is an order.
#![no_main]

use std::cmp::Ordering;

use libfuzzer_sys::fuzz_target;
use ngsi_ld::context::Context;
use ngsi_ld::query::order::OrderBy;
use ngsi_ld::query::projection::Projection;
use ngsi_ld::representation::read_entity;
use query::Sorter;
use serde_json::json;

fuzz_target!(|text: &str| {
    let core = Context::core();
    let mut lines = text.splitn(3, '\n');
    let by = lines.next().unwrap_or_default();
    let _ = Projection::parse("pick", by, core);
    let Ok(order) = OrderBy::parse(by, lines.next(), lines.next(), None, core) else {
        return;
    };
    let Ok(sorter) = Sorter::new(&order) else { return };
    let values = [json!(1), json!("a"), json!([1, 2]), json!({"b": true}), json!("2026-01-01")];
    let keys: Vec<_> = values
        .iter()
        .enumerate()
        .filter_map(|(n, value)| {
            let json = json!({"id": format!("urn:a:{n}"), "type": "T", "a": {"value": value}});
            read_entity(&json, core).ok().map(|entity| sorter.key(&entity))
        })
        .collect();
    for a in &keys {
        assert_eq!(sorter.compare(a, a), Ordering::Equal);
        for b in &keys {
            assert_eq!(sorter.compare(a, b), sorter.compare(b, a).reverse());
            for c in &keys {
                if sorter.compare(a, b).is_le() && sorter.compare(b, c).is_le() {
                    assert!(sorter.compare(a, c).is_le());
                }
            }
        }
    }
});
