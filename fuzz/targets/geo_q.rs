//! A geo-query, line by line `georel`, `geometry`, `coordinates`, is read or refused, and answers.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ngsi_ld::context::Context;
use ngsi_ld::query::geo::GeoQuery;
use ngsi_ld::representation::read_entity;
use query::Selection;
use serde_json::json;

fuzz_target!(|text: &str| {
    let mut lines = text.splitn(3, '\n');
    let mut line = || lines.next().unwrap_or_default();
    let Ok(geo) = GeoQuery::parse(line(), line(), line(), None) else {
        return;
    };
    let place = json!({"id": "urn:a:b", "type": "T", "location": {"type": "Point", "coordinates": [36.8, -1.3]}});
    if let Ok(entity) = read_entity(&place, Context::core()) {
        let selection = Selection {
            geo: Some(geo),
            ..Selection::default()
        };
        if let Ok(prepared) = query::Prepared::new(&selection) {
            let _ = prepared.matches(&entity);
        }
    }
});
