//! Policies, a classification, purposes, cases of a test: read or refused; what is taken can be asked, and agrees with Cedar.
#![no_main]

use access::policies::{Action, Asked, Classes, Documents, Kind, Limits, Purposes, RuleBook, Subject, Trial};
use libfuzzer_sys::fuzz_target;
use ngsi_ld::context::Context;
use ngsi_ld::representation::read_entity;
use query::view::Class;
use serde_json::json;

const CLASSES: &str = r#"{"version": 1, "classes": [
    {"name": "open", "meaning": ""}, {"name": "internal", "meaning": ""}, {"name": "confidential", "meaning": ""},
    {"name": "personal", "meaning": ""}, {"name": "special", "meaning": ""}
]}"#;

fuzz_target!(|text: &str| {
    let _ = Classes::parse("fuzz", text);
    let _ = Purposes::parse("fuzz", text);
    let _ = Trial::parse("fuzz", text);
    // Little beside them, so that more are tried.
    let documents = [("classification", CLASSES), ("roles", ""), ("fuzz", text)]
        .into_iter()
        .try_fold(Documents::default(), |documents, (name, text)| documents.with(name, Some(text.to_owned())));
    let Ok(documents) = documents else { return };
    let Ok(rules) = RuleBook::read(&documents, Limits::default()) else { return };
    let entity = json!({
        "id": "urn:a:b", "type": ["T", "U"], "scope": ["/a/b", "c"], "a": 1, "b": "x", "c": true, "d": ["x", 2],
        "r": {"object": ["urn:a:c"]}, "l": {"valueList": ["x", 2]}, "owner": "ada",
    });
    let Ok(entity) = read_entity(&entity, Context::core()) else { return };
    let subject = Subject::new(Kind::User, "ada", "t", ["viewer"]).in_group("g").in_scope("/a").with("d", "x");
    for action in [Action::Read, Action::Write] {
        let asked = Asked::new(subject.clone(), action);
        let rights = rules.rights(&asked);
        let mut rights = rights.of(&entity);
        for (class, verdict) in rules.explain(&asked, &entity, None).verdicts.iter().enumerate() {
            let class = Class(u8::try_from(class).expect("there are few classes"));
            assert_eq!((rights.to(class), &verdict.failed), (verdict.allowed, &None), "{verdict:?}");
        }
    }
});
