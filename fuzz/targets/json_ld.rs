//! A body becomes an entity, and what is written of it reads as the same entity.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ngsi_ld::context::Context;
use ngsi_ld::representation::{
    Format, WriteOptions, read_entity, read_entity_simplified, read_fragment, read_temporal, write_entity,
};
use serde_json::Value;

fuzz_target!(|body: &[u8]| {
    let Ok(json) = serde_json::from_slice::<Value>(body) else {
        return;
    };
    let core = Context::core();
    let _ = read_fragment(&json, core);
    let _ = read_temporal(&json, core);
    let _ = read_entity_simplified(&json, core);
    let Ok(entity) = read_entity(&json, core) else { return };
    for format in [Format::Normalized, Format::Concise] {
        let options = WriteOptions {
            format,
            sys_attrs: true,
            ..WriteOptions::default()
        };
        let written = Value::Object(write_entity(&entity, core, &options));
        let again = read_entity(&written, core).unwrap_or_else(|error| panic!("{error}: {written}"));
        assert_eq!(again, entity, "{written}");
    }
});
