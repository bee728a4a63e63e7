//! A body becomes a subscription or is refused, and can be written.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ngsi_ld::context::Context;
use ngsi_ld::subscription::{Draft, Standing, Subject, write_subscription};
use ngsi_ld::{Timestamp, Uri};
use serde_json::Value;

fuzz_target!(|body: &[u8]| {
    let Ok(json) = serde_json::from_slice::<Value>(body) else {
        return;
    };
    let core = Context::core();
    let _ = Draft::read_fragment(&json, core, Subject::Entities);
    for subject in [Subject::Entities, Subject::Registrations] {
        let Ok(draft) = Draft::read(&json, core, subject) else { continue };
        let now = Timestamp::from_seconds(1_700_000_000);
        if let Ok(subscription) = draft.create(|| Uri::ngsi_ld("Subscription", "1"), now) {
            let written = Value::Object(write_subscription(&subscription, &Standing::default(), core, now, false));
            assert!(Draft::read(&written, core, subject).is_ok(), "{written}");
        }
    }
});
