//! Instants and durations are read or refused, and what is written of an instant reads as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ngsi_ld::Timestamp;
use ngsi_ld::query::temporal::{Period, TemporalQuery};

fuzz_target!(|text: &str| {
    let _ = Period::parse(text);
    let _ = TemporalQuery::parse(Some("between"), Some(text), Some(text), None);
    let Ok(instant) = Timestamp::parse(text) else { return };
    let written = instant.to_string();
    assert_eq!(Timestamp::parse(&written), Ok(instant), "{written}");
});
