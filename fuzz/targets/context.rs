//! An @context is compiled or refused, and what it expands it compacts.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ngsi_ld::context::{BuiltIn, Context};
use serde_json::Value;

fuzz_target!(|body: &[u8]| {
    let Ok(json) = serde_json::from_slice::<Value>(body) else {
        return;
    };
    let Ok(context) = Context::compile(&json, &BuiltIn) else {
        return;
    };
    for term in ["temperature", "type", "location", "a", "a-b", "x:y", ""] {
        let name = context.expand(term);
        for compacted in [context.compact(&name), context.compact_name(&name)] {
            assert_eq!(context.expand(&compacted), name, "{term} becomes {name:?} becomes {compacted}");
        }
    }
});
