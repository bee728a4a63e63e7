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

use black_box::{root, test_data};

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
    let Some(folder) = test_data("../standards/resolution-98.md") else {
        return;
    };
    let source = std::fs::read_to_string(folder).expect("a text");
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
