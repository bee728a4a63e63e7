//! A body becomes a subscription or is refused, whatever IRIs an @context makes of its terms; what was accepted can be
//! written, and is read from the disk as it was.
//!
//! The input is a body, or pieces between zero bytes: IRIs, and the body last. `t0`, `t1`, … stand for the IRIs.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ngsi_ld::context::{BuiltIn, Context};
use ngsi_ld::subscription::{Draft, Standing, Subject, read_stored, write_stored, write_subscription};
use ngsi_ld::{Timestamp, Uri};
use serde_json::{Map, Value};

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
    let core = Context::core();
    let now = Timestamp::from_seconds(1_700_000_000);
    for subject in [Subject::Entities, Subject::Registrations] {
        let fragment = Draft::read_fragment(&json, &context, subject);
        let made = Draft::read(&json, &context, subject)
            .and_then(|draft| draft.create(|| Uri::ngsi_ld("Subscription", "1"), now));
        let Ok(subscription) = made else { continue };
        let written = write_subscription(&subscription, &Standing::default(), core, now, false);
        if plain {
            let written = Value::Object(written);
            assert!(Draft::read(&written, core, subject).is_ok(), "{written}");
        }
        let changed = fragment.and_then(|fragment| fragment.apply(subscription.clone(), now));
        for one in [Ok(subscription), changed].into_iter().flatten() {
            let stored = write_stored(&one).to_string();
            let again = serde_json::from_str(&stored).map(|json| read_stored(&json, subject));
            assert_eq!(again.ok(), Some(Ok(one)), "{stored}");
        }
    }
});
