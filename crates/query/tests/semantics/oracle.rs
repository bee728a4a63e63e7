//! Clause 4.9 once more, as naively as it can be said, over normalized JSON.

use jiff::Timestamp;
use ngsi_ld::query::q::{Operand, Operator, Path, Q};
use serde_json::{Value as Json, json};

pub(crate) fn holds(q: &Q, entity: &Json) -> bool {
    match q {
        Q::And(parts) => parts.iter().all(|part| holds(part, entity)),
        Q::Or(parts) => parts.iter().any(|part| holds(part, entity)),
        Q::Exists(path) => !targets(path, entity).is_empty(),
        Q::Compare(path, operator, operands) => targets(path, entity)
            .iter()
            .any(|(kind, target)| compares(kind, target, *operator, operands)),
        // One entity alone is linked with nothing.
        Q::Linked { .. } => false,
    }
}

/// The targets of a path, each with the kind of what it was found in.
fn targets(path: &Path, entity: &Json) -> Vec<(String, Json)> {
    let terms: Vec<&str> = path.attributes.iter().map(ngsi_ld::Name::short).collect();
    if terms == ["createdAt"] {
        return vec![(
            "core".to_owned(),
            json!({"@type": "DateTime", "@value": super::random::INSTANTS[0]}),
        )];
    }
    let mut here: Vec<Json> = entity[terms[0]].as_array().cloned().unwrap_or_default();
    for term in &terms[1..] {
        match *term {
            "observedAt" => {
                let instants = here.iter().filter_map(|a| a["observedAt"].as_str());
                return instants
                    .map(|at| ("core".to_owned(), json!({"@type": "DateTime", "@value": at})))
                    .collect();
            }
            "unitCode" => {
                return here
                    .iter()
                    .filter(|a| a["unitCode"].is_string())
                    .map(|a| ("core".to_owned(), a["unitCode"].clone()))
                    .collect();
            }
            term => {
                here = here
                    .iter()
                    .flat_map(|a| a[term].as_array().cloned().unwrap_or_default())
                    .collect();
            }
        }
    }
    here.iter()
        .filter_map(|attribute| target(attribute, &path.members))
        .collect()
}

fn target(attribute: &Json, members: &[String]) -> Option<(String, Json)> {
    let kind = attribute["type"].as_str().unwrap();
    let value = match kind {
        "Property" => &attribute["value"],
        "JsonProperty" => &attribute["json"],
        "Relationship" => &attribute["object"],
        "ListRelationship" => &attribute["objectList"],
        "ListProperty" => &attribute["valueList"],
        "VocabProperty" => &attribute["vocab"],
        "LanguageProperty" => {
            let map = attribute["languageMap"].as_object().unwrap();
            return match members {
                [] => Some((kind.to_owned(), map.values().cloned().collect())),
                [any] if any == "*" => Some((kind.to_owned(), map.values().cloned().collect())),
                [tag] => map
                    .get(&tag.to_lowercase())
                    .map(|text| ("Property".to_owned(), text.clone())),
                _ => None,
            };
        }
        other => panic!("{other}"),
    };
    if !members.is_empty() && !kind.starts_with("Property") && kind != "JsonProperty" {
        return None;
    }
    let mut value = value.clone();
    for member in members {
        value = value.as_object()?.get(member)?.clone();
    }
    Some((kind.to_owned(), value))
}

fn compares(kind: &str, target: &Json, operator: Operator, operands: &[Operand]) -> bool {
    // The texts of every language, one by one.
    let flat: Vec<Json> = match target {
        Json::Array(items) => items
            .iter()
            .flat_map(|item| item.as_array().cloned().unwrap_or_else(|| vec![item.clone()]))
            .collect(),
        one => vec![one.clone()],
    };
    let language = kind == "LanguageProperty";
    let link = ["Relationship", "ListRelationship", "VocabProperty"].contains(&kind);
    let single = !link && !target.is_array();
    match operator {
        Operator::Equal => flat
            .iter()
            .any(|value| operands.iter().any(|operand| equal(kind, value, operand))),
        Operator::NotEqual => !flat
            .iter()
            .any(|value| operands.iter().any(|operand| equal(kind, value, operand))),
        Operator::Matches | Operator::NotMatches => {
            let Operand::Text(pattern) = &operands[0] else {
                panic!()
            };
            let regex = regex::Regex::new(pattern).unwrap();
            let found = |value: &Json| value.as_str().is_some_and(|text| regex.is_match(text));
            match (operator, language) {
                (Operator::Matches, true) => flat.iter().any(found),
                (Operator::Matches, false) => single && found(target),
                (_, true) => !flat.is_empty() && !flat.iter().any(found),
                (_, false) => single && target.is_string() && !found(target),
            }
        }
        order => {
            let ordered = |value: &Json| {
                sign(value, &operands[0]).is_some_and(|sign| match order {
                    Operator::Greater => sign > 0,
                    Operator::GreaterOrEqual => sign >= 0,
                    Operator::Less => sign < 0,
                    _ => sign <= 0,
                })
            };
            if language {
                flat.iter().any(ordered)
            } else {
                single && ordered(target)
            }
        }
    }
}

fn equal(kind: &str, value: &Json, operand: &Operand) -> bool {
    match operand {
        Operand::Range(from, to) => {
            !["Relationship", "ListRelationship", "VocabProperty"].contains(&kind)
                && sign(value, from).is_some_and(|sign| sign >= 0)
                && sign(value, to).is_some_and(|sign| sign <= 0)
        }
        Operand::Boolean(wanted) => value == &json!(wanted),
        Operand::Text(wanted) | Operand::Uri(wanted) | Operand::Word(wanted) if kind == "VocabProperty" => {
            // The term stands in the JSON; expanded it is an IRI, which is what is compared.
            format!(
                "https://uri.etsi.org/ngsi-ld/default-context/{}",
                value.as_str().unwrap()
            ) == *wanted
        }
        Operand::Text(wanted) | Operand::Uri(wanted) | Operand::Word(wanted) => value == &json!(wanted),
        operand => sign(value, operand) == Some(0),
    }
}

/// -1, 0 or 1 as the value is below, at or above the operand; `None` where they are of different sorts.
fn sign(value: &Json, operand: &Operand) -> Option<i8> {
    let order = match operand {
        Operand::Number(wanted) => value.as_f64()?.partial_cmp(wanted)?,
        Operand::Text(wanted) => value.as_str()?.cmp(wanted),
        Operand::DateTime(wanted) => {
            let text = value.as_str().or_else(|| value["@value"].as_str())?;
            let wanted: Timestamp = wanted.to_string().parse().unwrap();
            text.parse::<Timestamp>().ok()?.cmp(&wanted)
        }
        Operand::Date(wanted) => value
            .as_str()
            .filter(|text| text.len() == 10 && text.starts_with("20"))?
            .cmp(wanted),
        _ => return None,
    };
    Some(order as i8)
}
