//! The page about scenario files says what the catalogue says.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests stand outside the tests themselves"
)]

use std::fmt::Write as _;

use scenarios::catalogue::{Kind, Parameter, kinds};
use scenarios::file::ScenarioFile;

const PAGE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../docs/src/reference/scenario-file.md"
);
const BEGIN: &str =
    "<!-- kinds: written by `MAPACHA_WRITE_DOCS=1 cargo test -p scenarios --test scenario_file_page` -->\n";
const END: &str = "<!-- end of kinds -->";

fn told(kind: &Kind) -> String {
    let mut text = format!(
        "### `{}`: {}\n\n{}\n\n",
        kind.name,
        kind.title,
        kind.description.trim()
    );
    _ = writeln!(text, "| `with` | Type | What it is |\n|---|---|---|");
    for parameter in &kind.parameters {
        let (value, about) = (type_of(parameter), &parameter.description);
        _ = writeln!(text, "| `{}` | {value} | {about} |", parameter.name);
    }
    text.push_str("\nAssumed:\n\n");
    for assumption in &kind.assumptions {
        _ = writeln!(text, "- {assumption}");
    }
    text.push('\n');
    text
}

fn type_of(parameter: &Parameter) -> String {
    let mut text = parameter.value.as_str().to_owned();
    if !parameter.of.is_empty() {
        _ = write!(text, " of {}", parameter.of.join(", "));
    }
    if !parameter.one_of.is_empty() {
        _ = write!(text, ": `{}`", parameter.one_of.join("`, `"));
    }
    if let (Some(min), Some(max)) = (parameter.min, parameter.max) {
        _ = write!(text, ", {min} to {max}");
    }
    if let Some(default) = &parameter.default {
        let default = default
            .as_str()
            .map_or_else(|| default.to_string(), str::to_owned);
        _ = write!(text, " (`{default}`)");
    }
    if parameter.optional {
        text.push_str(", optional");
    }
    text
}

#[test]
fn the_page_tells_every_kind() {
    let page = std::fs::read_to_string(PAGE).unwrap();
    let (head, rest) = page.split_once(BEGIN).unwrap();
    let (now, tail) = rest.split_once(END).unwrap();
    let wanted: String = std::iter::once("\n".to_owned())
        .chain(kinds().iter().map(told))
        .collect();
    if std::env::var_os("MAPACHA_WRITE_DOCS").is_some() {
        std::fs::write(PAGE, format!("{head}{BEGIN}{wanted}{END}{tail}")).unwrap();
    } else {
        assert!(
            now == wanted,
            "the page is not as the catalogue; write it anew as it says itself"
        );
    }
}

#[test]
fn its_example_is_a_scenario_file() {
    let page = std::fs::read_to_string(PAGE).unwrap();
    let example = page
        .split("```toml\n")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    let file = ScenarioFile::parse(example).unwrap_or_else(|findings| panic!("{findings:#?}"));
    assert_eq!(file.scenarios.len(), 2);
}
