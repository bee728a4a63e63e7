use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::*;

#[test]
fn the_catalogue_can_be_read_and_nothing_of_it_is_lost() {
    let file = read(TEXT).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(file.version, version());
    assert_eq!(file.kinds.len(), kinds().len());
    // A key that no verb knows would be dropped in silence.
    let raw: Json = toml::from_str(TEXT).unwrap();
    for (kind, raw) in file.kinds.iter().zip(raw["kind"].as_array().unwrap()) {
        for (effect, raw) in kind.effects.iter().zip(raw["effect"].as_array().unwrap()) {
            let mut known = serde_json::to_value(effect).unwrap();
            let members = known.as_object_mut().unwrap();
            members.retain(|key, value| !(key == "only_where" && value == &serde_json::json!({})));
            assert_eq!(&known, raw, "{}", kind.name);
        }
    }
}

#[test]
fn every_kind_is_told_and_every_parameter_used() {
    let mut names = BTreeSet::new();
    for kind in kinds() {
        assert!(names.insert(&kind.name), "{} stands twice", kind.name);
        assert!(
            !kind.title.is_empty() && kind.description.ends_with('.'),
            "{}",
            kind.name
        );
        assert!(!kind.assumptions.is_empty(), "{} assumes something", kind.name);
        assert!(!kind.effects.is_empty(), "{}", kind.name);
        let used: BTreeSet<String> = kind.effects.iter().flat_map(Effect::parameters).collect();
        let known: BTreeSet<String> = kind
            .parameters
            .iter()
            .map(|parameter| parameter.name.clone())
            .collect();
        assert_eq!(used, known, "{}", kind.name);
        for parameter in &kind.parameters {
            let place = format!("{} {}", kind.name, parameter.name);
            assert!(parameter.description.ends_with(['.', '…']), "{place}");
            assert!(!(parameter.optional && parameter.default.is_some()), "{place}");
        }
    }
    for wanted in [
        "new-stop",
        "new-line",
        "frequency",
        "extend-service-hours",
        "step-free-stop",
        "low-floor-vehicles",
        "kerb-ramp",
        "resurface",
        "widen-pavement",
        "ramp-over-steps",
        "survey",
        "close-street",
        "add-street",
        "bus-lanes",
        "new-place",
        "move-place",
        "close-place",
        "repair-lift",
    ] {
        assert!(kind(wanted).is_some(), "{wanted}");
    }
}

#[test]
fn defaults_are_what_their_parameters_take() {
    for kind in kinds() {
        for parameter in kind
            .parameters
            .iter()
            .filter(|parameter| parameter.default.is_some())
        {
            let with = BTreeMap::from([(parameter.name.clone(), parameter.default.clone().unwrap())]);
            let place = format!("with.{}", parameter.name);
            let wrong = argument::read(kind, &with, "default").err().unwrap_or_default();
            assert!(
                !wrong.iter().any(|finding| finding.place.contains(&place)),
                "{}: {wrong:?}",
                kind.name
            );
        }
    }
}

#[test]
fn tags_that_measures_write_are_tags_that_the_twin_keeps() {
    for kind in kinds() {
        let attributes: Vec<&String> = kind
            .effects
            .iter()
            .flat_map(|effect| match effect {
                Effect::Set { attributes, .. } | Effect::Close { attributes, .. } => {
                    attributes.keys().collect()
                }
                Effect::Remove { attributes, .. } => attributes.iter().collect(),
                _ => Vec::new(),
            })
            .collect();
        for term in attributes {
            let ours = ["wheelChairAccessible", "lanesPsv"].contains(&term.as_str());
            assert!(
                ours || formats::osm::keys::key(term).is_some(),
                "{} writes `{term}`",
                kind.name
            );
        }
    }
}
