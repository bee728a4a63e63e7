//! A body becomes a context source registration or is refused, and what is written of it reads as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ngsi_ld::context::Context;
use ngsi_ld::registration::{Draft, write_registration};
use ngsi_ld::{Timestamp, Uri};
use serde_json::Value;

fuzz_target!(|body: &[u8]| {
    let Ok(json) = serde_json::from_slice::<Value>(body) else {
        return;
    };
    let core = Context::core();
    let now = Timestamp::from_seconds(1_700_000_000);
    let id = || Uri::ngsi_ld("ContextSourceRegistration", "1");
    let made = Draft::read(&json, core).and_then(|draft| draft.create(id, now));
    if let Ok(registration) = made {
        let written = Value::Object(write_registration(&registration, core, None, None));
        let again = Draft::read(&written, core).and_then(|draft| draft.create(id, now));
        assert_eq!(again.as_ref(), Ok(&registration), "{written}");
        if let Ok(fragment) = Draft::read_fragment(&json, core) {
            let _ = fragment.apply(registration, now);
        }
    }
});
