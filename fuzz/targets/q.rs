//! A query is read or refused; what is written of it reads as the same; asked of an entity, it answers.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ngsi_ld::context::Context;
use ngsi_ld::query::q::Q;
use ngsi_ld::query::types::TypeSelection;
use ngsi_ld::representation::read_entity;
use query::Selection;
use serde_json::json;

/// With IRIs for terms a query may be longer than what anybody may ask.
const MAX_BYTES: usize = 8192;

fuzz_target!(|text: &str| {
    let core = Context::core();
    if let Ok(types) = TypeSelection::parse(text, core) {
        let written = types.to_string();
        if written.len() <= MAX_BYTES {
            assert_eq!(TypeSelection::parse(&written, core).as_ref(), Ok(&types), "{written}");
        }
    }
    let Ok(q) = Q::parse(text, core) else { return };
    let written = q.to_string();
    if written.len() <= MAX_BYTES {
        assert_eq!(Q::parse(&written, core).as_ref(), Ok(&q), "{written}");
    }
    let entity = json!({
        "id": "urn:a:b", "type": "T", "a": 1, "b": "x", "c": {"d": [1, {"e": null}]}, "n": {"languageMap": {"en": "x"}},
        "r": {"object": ["urn:a:c"]}, "l": {"valueList": [1, 2]}, "s": {"value": 1, "observedAt": "2026-01-01T00:00:00Z"},
    });
    if let Ok(entity) = read_entity(&entity, core) {
        let selection = Selection {
            q: Some(q),
            ..Selection::default()
        };
        if let Ok(prepared) = query::Prepared::new(&selection) {
            let _ = prepared.matches(&entity);
        }
    }
});
