//! The conformance files are complete and true to the tests they name.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::missing_panics_doc,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a suite fails by panicking and says why; its numbers are small"
)]

use black_box::{find, root, skipped};

fn file() -> toml::Table {
    let text = std::fs::read_to_string(root().join("conformance/resolution-98.toml")).expect("the file");
    text.parse().expect("TOML")
}

#[test]
fn every_line_has_a_state_and_names_tests_that_exist() {
    let file = file();
    let lines = file["line"].as_array().expect("lines");
    assert!(lines.len() >= 26);
    for line in lines {
        let text = |key: &str| {
            line[key]
                .as_str()
                .unwrap_or_else(|| panic!("{key} of {line}"))
                .to_owned()
        };
        let state = text("state");
        assert!(
            ["done", "partial", "planned"].contains(&state.as_str()),
            "{state}"
        );
        let tests = line["tests"].as_array().expect("tests");
        assert!(!text("now").is_empty() && !text("feature").is_empty());
        assert_eq!(
            tests.is_empty(),
            state == "planned",
            "{}: what works is shown by a test",
            text("id")
        );
        for test in tests {
            let path = root().join(test.as_str().expect("a path"));
            assert!(path.exists(), "{}: {} is not there", text("id"), path.display());
        }
    }
}

#[test]
fn no_line_of_the_resolution_is_left_out() {
    let Some(text) = find("../standards/resolution-98.md") else {
        skipped("the text of the resolution is not beside the test data");
        return;
    };
    let source = std::fs::read_to_string(text).expect("a text");
    let clauses = source
        .lines()
        .filter(|line| line.starts_with('|') && !line.starts_with("|---"));
    let clauses: Vec<_> = clauses
        .map(|line| line.split('|').nth(1).unwrap_or("").trim())
        .filter(|c| *c != "Clause")
        .collect();
    let file = file();
    let ours: Vec<_> = file["line"]
        .as_array()
        .expect("lines")
        .iter()
        .filter_map(|line| line["clause"].as_str())
        .collect();
    assert_eq!(ours, clauses);
}

/// A case of `tests/conformance`, as far as it matters here.
struct Case {
    id: String,
    clause: String,
    gap: bool,
    /// What is asked: method and path, each with the status that it gives.
    asks: Vec<(String, i64)>,
}

fn cases() -> Vec<Case> {
    let folder = root().join("tests/conformance/cases");
    let mut cases = Vec::new();
    for file in std::fs::read_dir(folder)
        .expect("the folder of the cases")
        .flatten()
    {
        let text = std::fs::read_to_string(file.path()).expect("a text");
        let area: toml::Table = text
            .parse()
            .unwrap_or_else(|error| panic!("{}: {error}", file.path().display()));
        for case in area["case"].as_array().expect("cases") {
            let text = |key: &str| case[key].as_str().expect("a text").to_owned();
            let asks = case["steps"].as_array().expect("steps").iter();
            let asks = asks.filter_map(|step| {
                let status = step.get("status").or_else(|| step.get("status_any")?.get(0));
                // A step that says nothing of the status but what it gives means success.
                let shows = ["expect", "ids", "ids_in_order"]
                    .iter()
                    .any(|key| step.get(key).is_some());
                let status = match (status, step.get("error")) {
                    (Some(status), None) => status.as_integer()?,
                    (None, None) if shows => 200,
                    _ => return None,
                };
                Some((step.get("ask")?.as_str()?.to_owned(), status))
            });
            cases.push(Case {
                id: text("id"),
                clause: text("clause"),
                gap: case.get("known_gap").is_some(),
                asks: asks.collect(),
            });
        }
    }
    cases
}

fn ngsi_ld() -> toml::Table {
    let text = std::fs::read_to_string(root().join("conformance/ngsi-ld.toml")).expect("the file");
    text.parse().expect("TOML")
}

#[test]
fn every_clause_of_ngsi_ld_has_cases_and_every_case_a_clause() {
    let (file, cases) = (ngsi_ld(), cases());
    assert!(cases.len() >= 300, "{} cases", cases.len());
    let clauses = file["clause"].as_array().expect("clauses");
    let text = |clause: &toml::Value, key: &str| clause[key].as_str().expect("a text").to_owned();
    // The longest clause number that a case's begins with.
    let entry = |case: &Case| {
        let numbers = clauses.iter().map(|clause| text(clause, "clause"));
        let above = numbers.filter(|number| {
            case.clause == *number
                || case
                    .clause
                    .strip_prefix(number.as_str())
                    .is_some_and(|rest| rest.starts_with('.'))
        });
        above.max_by_key(String::len)
    };
    for case in &cases {
        assert!(
            entry(case).is_some(),
            "{}: clause {} is not in the file",
            case.id,
            case.clause
        );
    }
    for clause in clauses {
        let number = text(clause, "clause");
        assert!(
            ["shall", "should", "may"].contains(&text(clause, "level").as_str()),
            "{number}"
        );
        assert!(!text(clause, "title").is_empty(), "{number}");
        let own: Vec<&Case> = cases
            .iter()
            .filter(|case| entry(case).as_ref() == Some(&number))
            .collect();
        let prefixes = clause["cases"].as_array().expect("cases");
        let prefixes: Vec<&str> = prefixes.iter().filter_map(toml::Value::as_str).collect();
        for prefix in &prefixes {
            assert!(
                own.iter().any(|case| case.id.starts_with(prefix)),
                "{number}: no case is {prefix}…"
            );
        }
        for case in &own {
            assert!(
                prefixes.iter().any(|prefix| case.id.starts_with(prefix)),
                "{number}: {} is not listed",
                case.id
            );
        }
        let state = if own.iter().any(|case| case.gap) {
            "partial"
        } else {
            "done"
        };
        assert_eq!(
            text(clause, "state"),
            state,
            "{number}: partial is what has a known gap"
        );
    }
}

#[test]
fn every_operation_of_ngsi_ld_succeeds_in_some_case() {
    let (file, cases) = (ngsi_ld(), cases());
    let operations = file["operations"].as_array().expect("operations");
    assert_eq!(operations.len(), 64);
    for operation in operations {
        let (method, path) = (
            operation["method"].as_str().expect("a method"),
            operation["path"].as_str().expect("a path"),
        );
        let wanted: Vec<&str> = path.split('/').collect();
        let found = cases
            .iter()
            .filter(|case| !case.gap)
            .flat_map(|case| &case.asks)
            .any(|(ask, status)| {
                let (its_method, target) = ask.split_once(' ').expect("METHOD PATH");
                let target = target.split('?').next().unwrap_or("");
                let segments: Vec<&str> = target.split('/').collect();
                its_method == method
                    && (200..300).contains(status)
                    && segments.len() == wanted.len()
                    && segments
                        .iter()
                        .zip(&wanted)
                        .all(|(is, wanted)| is == wanted || wanted.starts_with('{'))
            });
        assert!(found, "{method} {path} succeeds in no case");
    }
}

#[test]
fn every_doubt_about_the_public_suite_says_why() {
    for doubt in ngsi_ld()["suite_doubt"].as_array().expect("doubts") {
        for key in ["test", "clause", "why"] {
            assert!(
                doubt[key].as_str().is_some_and(|text| !text.is_empty()),
                "{key} of {doubt}"
            );
        }
    }
}
