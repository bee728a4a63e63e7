//! A body becomes a context source registration or is refused, whatever IRIs an @context makes of its terms; what is
//! written of it reads as the same, and so does what the disk keeps.
//!
//! The input is a body, or pieces between zero bytes: IRIs, and the body last. `t0`, `t1`, … stand for the IRIs.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ngsi_ld::context::{BuiltIn, Context};
use ngsi_ld::registration::{Draft, read_stored, write_registration, write_stored};
use ngsi_ld::{Timestamp, Uri};
use serde_json::{Map, Value};

/// How deep a body may be, as at the doors.
const MAX_DEPTH: usize = 64;

fn within(json: &Value, left: usize) -> bool {
    match json {
        Value::Array(elements) => left > 0 && elements.iter().all(|one| within(one, left - 1)),
        Value::Object(members) => left > 0 && members.values().all(|one| within(one, left - 1)),
        _ => true,
    }
}

fuzz_target!(|input: &[u8]| {
    let mut pieces: Vec<&[u8]> = input.split(|byte| *byte == 0).collect();
    let Some(Ok(json)) = pieces.pop().map(serde_json::from_slice::<Value>) else {
        return;
    };
    let iris = pieces.iter().enumerate();
    let terms: Map<String, Value> = iris
        .map(|(n, iri)| (format!("t{n}"), String::from_utf8_lossy(iri).into()))
        .collect();
    let plain = terms.is_empty();
    let Ok(context) = Context::compile(&Value::Object(terms), &BuiltIn) else {
        return;
    };
    if !within(&json, MAX_DEPTH) {
        return;
    }
    let core = Context::core();
    let now = Timestamp::from_seconds(1_700_000_000);
    let id = || Uri::ngsi_ld("ContextSourceRegistration", "1");
    let made = Draft::read(&json, &context).and_then(|draft| draft.create(id, now));
    let Ok(registration) = made else { return };
    let written = Value::Object(write_registration(&registration, core, None, None));
    if plain {
        let again = Draft::read(&written, core).and_then(|draft| draft.create(id, now));
        assert_eq!(again.as_ref(), Ok(&registration), "{written}");
    }
    let changed = Draft::read_fragment(&json, &context)
        .and_then(|fragment| fragment.apply(registration.clone(), now));
    for one in [Ok(registration), changed].into_iter().flatten() {
        let stored = write_stored(&one).to_string();
        let again = serde_json::from_str(&stored).map(|json| read_stored(&json));
        assert_eq!(again.ok(), Some(Ok(one)), "{stored}");
    }
});
