//! A query over scopes is read or refused, and what is written of it reads as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ngsi_ld::query::scope::ScopeQuery;

fuzz_target!(|text: &str| {
    let Ok(scope) = ScopeQuery::parse(text) else { return };
    let written = scope.to_string();
    assert_eq!(ScopeQuery::parse(&written).as_ref(), Ok(&scope), "{written}");
});
