//! What a body must be.
//!
//! An expectation is JSON. Objects have exactly the members of the expectation, unless it has a member `"@open"`;
//! `"@absent"` says that a member is not there. Arrays are equal in order, unless the first item is `"@unordered"`
//! (the rest in any order) or `"@includes"` (the rest are among the items, in any order). Strings that begin with
//! `@` stand for anything of a kind: `@any`, `@string`, `@number`, `@instant`, `@uri`, `@array`, `@object`,
//! `@nonempty`, `@deleted` (an NGSI-LD Null, or an attribute that has one as its value), `@~part` (a string that holds
//! that part). Instants are equal as instants.

use serde_json::{Map, Value};

/// Whether `actual` is what `expected` describes; else where it is not.
pub fn compare(expected: &Value, actual: &Value) -> Result<(), String> {
    at("", expected, actual)
}

fn at(path: &str, expected: &Value, actual: &Value) -> Result<(), String> {
    let differs = || {
        Err(format!(
            "{}: wanted {expected}, is {}",
            place(path),
            short(actual)
        ))
    };
    match (expected, actual) {
        (Value::String(pattern), _) if pattern.starts_with('@') => {
            if kind(pattern, actual) {
                Ok(())
            } else {
                differs()
            }
        }
        (Value::String(wanted), Value::String(is)) => {
            if wanted == is || same_instant(wanted, is) {
                Ok(())
            } else {
                differs()
            }
        }
        (Value::Number(wanted), Value::Number(is)) => {
            let (wanted, is) = (
                wanted.as_f64().unwrap_or(f64::NAN),
                is.as_f64().unwrap_or(f64::NAN),
            );
            if (wanted - is).abs() <= 1e-9 * wanted.abs() {
                Ok(())
            } else {
                differs()
            }
        }
        (Value::Array(wanted), Value::Array(is)) => match wanted.first().and_then(Value::as_str) {
            Some("@unordered") => unordered(path, &wanted[1..], is, true),
            Some("@includes") => unordered(path, &wanted[1..], is, false),
            _ if wanted.len() != is.len() => differs(),
            _ => wanted
                .iter()
                .zip(is)
                .enumerate()
                .try_for_each(|(index, (wanted, is))| at(&format!("{path}/{index}"), wanted, is)),
        },
        (Value::Object(wanted), Value::Object(is)) => objects(path, wanted, is),
        _ if expected == actual => Ok(()),
        _ => differs(),
    }
}

fn objects(path: &str, wanted: &Map<String, Value>, is: &Map<String, Value>) -> Result<(), String> {
    let open = wanted.contains_key("@open");
    for (name, wanted) in wanted.iter().filter(|(name, _)| *name != "@open") {
        match (wanted.as_str() == Some("@absent"), is.get(name)) {
            (true, None) => {}
            (true, Some(is)) => {
                return Err(format!(
                    "{}: `{name}` should not be there, is {}",
                    place(path),
                    short(is)
                ));
            }
            (false, None) => {
                let names: Vec<_> = is.keys().collect();
                return Err(format!("{}: `{name}` is not there, only {names:?}", place(path)));
            }
            (false, Some(is)) => at(&format!("{path}/{name}"), wanted, is)?,
        }
    }
    let unwanted = is.iter().find(|(name, _)| !wanted.contains_key(*name));
    match unwanted {
        Some((name, value)) if !open => Err(format!(
            "{}: `{name}` was not expected, is {}",
            place(path),
            short(value)
        )),
        _ => Ok(()),
    }
}

fn unordered(path: &str, wanted: &[Value], is: &[Value], exactly: bool) -> Result<(), String> {
    let all = || short(&Value::Array(is.to_vec()));
    if exactly && wanted.len() != is.len() {
        return Err(format!(
            "{}: wanted {} items, is {}",
            place(path),
            wanted.len(),
            all()
        ));
    }
    let mut left: Vec<&Value> = is.iter().collect();
    for wanted in wanted {
        let Some(found) = left.iter().position(|is| compare(wanted, is).is_ok()) else {
            return Err(format!(
                "{}: none of the items is {wanted}: {}",
                place(path),
                all()
            ));
        };
        left.swap_remove(found);
    }
    Ok(())
}

fn kind(pattern: &str, actual: &Value) -> bool {
    let text = actual.as_str().unwrap_or("");
    match pattern {
        "@any" => true,
        "@string" => actual.is_string(),
        "@number" => actual.is_number(),
        "@array" => actual.is_array(),
        "@object" => actual.is_object(),
        "@instant" => is_instant(text),
        "@uri" => text.split_once(':').is_some_and(|(scheme, rest)| {
            !rest.is_empty() && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        }),
        "@deleted" => {
            is_null(actual)
                || actual
                    .as_object()
                    .is_some_and(|members| members.values().any(is_null))
        }
        "@nonempty" => match actual {
            Value::Array(items) => !items.is_empty(),
            Value::Object(members) => !members.is_empty(),
            Value::String(text) => !text.is_empty(),
            _ => false,
        },
        _ => match pattern.strip_prefix("@~") {
            Some(part) => text.contains(part),
            None => pattern == text,
        },
    }
}

/// Whether this is an NGSI-LD Null (4.5.0), in any of its forms.
fn is_null(value: &Value) -> bool {
    const NULL: &str = "urn:ngsi-ld:null";
    match value {
        Value::Array(items) => items.len() == 1 && is_null(&items[0]),
        Value::Object(members) => members.len() == 1 && members.get("@none").is_some_and(is_null),
        _ => value.as_str() == Some(NULL),
    }
}

/// `YYYY-MM-DDThh:mm:ss[.ffffff]Z` (4.6.3).
fn is_instant(text: &str) -> bool {
    let Some((date, fraction)) = text
        .strip_suffix('Z')
        .map(|text| text.split_once('.').unwrap_or((text, "0")))
    else {
        return false;
    };
    let shape = "dddd-dd-ddTdd:dd:dd";
    date.len() == shape.len()
        && date.chars().zip(shape.chars()).all(|(is, wanted)| {
            if wanted == 'd' {
                is.is_ascii_digit()
            } else {
                is == wanted
            }
        })
        && (1..=6).contains(&fraction.len())
        && fraction.bytes().all(|byte| byte.is_ascii_digit())
}

fn same_instant(one: &str, other: &str) -> bool {
    let bare = |text: &str| -> String {
        let text = text.trim_end_matches('Z');
        if text.contains('.') {
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        } else {
            text.to_owned()
        }
    };
    is_instant(one) && is_instant(other) && bare(one) == bare(other)
}

fn place(path: &str) -> &str {
    if path.is_empty() { "the body" } else { path }
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(600) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::compare;
    use serde_json::json;

    #[test]
    fn what_matches_and_what_does_not() {
        for (expected, actual, matches) in [
            (json!({"a": 1}), json!({"a": 1.0}), true),
            (json!({"a": 1}), json!({"a": 1, "b": 2}), false),
            (json!({"a": 1, "@open": true}), json!({"a": 1, "b": 2}), true),
            (json!({"a": "@absent"}), json!({}), true),
            (json!({"a": "@absent"}), json!({"a": null}), false),
            (json!({"a": "@any"}), json!({}), false),
            (json!([1, 2]), json!([2, 1]), false),
            (json!(["@unordered", 1, 2]), json!([2, 1]), true),
            (json!(["@unordered", 1, 1]), json!([2, 1]), false),
            (json!(["@unordered", 1]), json!([2, 1]), false),
            (json!(["@includes", 1]), json!([2, 1]), true),
            (json!(["@includes", 3]), json!([2, 1]), false),
            (json!("@instant"), json!("2026-01-01T00:00:00.5Z"), true),
            (json!("@instant"), json!("2026-01-01T00:00:00+01:00"), false),
            (
                json!("2026-01-01T00:00:00Z"),
                json!("2026-01-01T00:00:00.000Z"),
                true,
            ),
            (json!("2026-01-01T00:00:10Z"), json!("2026-01-01T00:00:1Z"), false),
            (json!("@uri"), json!("urn:a:b"), true),
            (json!("@uri"), json!("a b"), false),
            (json!("@~part"), json!("a part of"), true),
            (json!("@deleted"), json!("urn:ngsi-ld:null"), true),
            (
                json!("@deleted"),
                json!({"type": "Property", "value": "urn:ngsi-ld:null"}),
                true,
            ),
            (
                json!("@deleted"),
                json!({"languageMap": {"@none": "urn:ngsi-ld:null"}}),
                true,
            ),
            (json!("@deleted"), json!({"type": "Property", "value": 1}), false),
            (json!("@none"), json!("@none"), true),
            (json!("@none"), json!("x"), false),
            (json!(null), json!(null), true),
        ] {
            assert_eq!(
                compare(&expected, &actual).is_ok(),
                matches,
                "{expected} {actual}"
            );
        }
    }
}
