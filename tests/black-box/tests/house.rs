//! The house rules that a machine can keep: dependency arrows, no code that may not be, files that hold one idea.

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

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use black_box::root;
use serde_json::Value as Json;

/// Which crates of ours a crate may use (ARCHITECTURE.md, "Who may depend on whom").
const MAY_USE: &[(&str, &[&str])] = &[
    ("ngsi-ld", &[]),
    ("query", &["ngsi-ld"]),
    ("storage", &["query", "ngsi-ld"]),
    ("twin", &["storage", "query", "ngsi-ld"]),
    ("governance", &["twin", "query", "ngsi-ld"]),
    ("access", &["twin", "query", "ngsi-ld"]),
    ("formats", &["twin", "query", "ngsi-ld"]),
    ("indicators", &["formats", "twin", "query", "ngsi-ld"]),
    ("demo-city", &["formats", "twin", "query", "ngsi-ld"]),
    ("ui", &[]),
    ("sim-access", &[]),
    (
        "scenarios",
        &["sim-access", "indicators", "formats", "twin", "query", "ngsi-ld"],
    ),
    (
        "server",
        &[
            "governance",
            "scenarios",
            "formats",
            "indicators",
            "demo-city",
            "ui",
            "access",
            "twin",
            "query",
            "ngsi-ld",
        ],
    ),
    (
        "mapacha",
        &[
            "server",
            "governance",
            "scenarios",
            "formats",
            "indicators",
            "demo-city",
            "ui",
            "access",
            "twin",
            "storage",
            "query",
            "ngsi-ld",
        ],
    ),
    ("black-box", &["test-data"]),
    ("conformance", &["black-box"]),
    ("test-data", &[]),
    // What takes milliseconds is measured inside the process, so the measuring program builds a twin itself.
    (
        "benches",
        &[
            "black-box",
            "governance",
            "demo-city",
            "scenarios",
            "sim-access",
            "formats",
            "twin",
            "storage",
            "query",
            "ngsi-ld",
        ],
    ),
];

/// Crates that know no runtime and do no I/O.
const PURE: &[&str] = &["ngsi-ld", "query", "sim-access"];

fn metadata() -> Json {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON")
}

#[test]
fn arrows_go_down_only() {
    let allowed: BTreeMap<_, BTreeSet<_>> = MAY_USE
        .iter()
        .map(|(name, below)| (*name, below.iter().copied().collect()))
        .collect();
    let metadata = metadata();
    let packages = metadata["packages"].as_array().expect("packages");
    let ours: BTreeSet<_> = packages
        .iter()
        .filter_map(|package| package["name"].as_str())
        .collect();
    assert_eq!(
        ours,
        allowed.keys().copied().collect(),
        "every crate has its place in the table, and the other way round"
    );
    for package in packages {
        let name = package["name"].as_str().expect("a name");
        for dependency in package["dependencies"].as_array().expect("dependencies") {
            // Tests may use any engine to stand on: only what ships counts.
            let ships = dependency["kind"].is_null() || dependency["kind"] == "build";
            let used = dependency["name"].as_str().expect("a name");
            assert!(
                !ships || !ours.contains(used) || allowed[name].contains(used),
                "`{name}` uses `{used}`, which is not below it"
            );
            assert!(
                !(ships && PURE.contains(&name) && ["tokio", "rusqlite", "reqwest", "axum"].contains(&used)),
                "`{name}` does no I/O, so it cannot use `{used}`"
            );
        }
    }
}

fn sources(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn sources_keep_the_rules() {
    let mut files = Vec::new();
    sources(&root().join("crates"), &mut files);
    assert!(files.len() > 50, "the sources are found");
    for file in files {
        let text = std::fs::read_to_string(&file).expect("a text");
        let lines = text.lines().count();
        assert!(
            lines <= 600,
            "{}: {lines} lines: two ideas, two files",
            file.display()
        );
        for forbidden in ["todo!(", "unimplemented!(", "#[ignore]", "if false"] {
            assert!(!text.contains(forbidden), "{} holds {forbidden}", file.display());
        }
        let is_crate_root = file.ends_with("src/lib.rs") || file.ends_with("src/main.rs");
        assert!(
            !is_crate_root || text.starts_with("//!"),
            "{}: a crate says what it is",
            file.display()
        );
    }
}

#[test]
fn unsafe_is_forbidden_for_everybody() {
    let workspace: toml::Table = std::fs::read_to_string(root().join("Cargo.toml"))
        .expect("a text")
        .parse()
        .expect("TOML");
    assert_eq!(
        workspace["workspace"]["lints"]["rust"]["unsafe_code"].as_str(),
        Some("forbid")
    );
    for package in metadata()["packages"].as_array().expect("packages") {
        let manifest = package["manifest_path"].as_str().expect("a path");
        let table: toml::Table = std::fs::read_to_string(manifest)
            .expect("a text")
            .parse()
            .expect("TOML");
        assert_eq!(
            table["lints"]["workspace"].as_bool(),
            Some(true),
            "{manifest} takes the workspace's lints"
        );
    }
}

/// Packages and their features, as cargo resolves them for a build.
fn resolved(edges: &str, what: &[&str]) -> BTreeSet<(String, String)> {
    let output = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--offline",
            "--prefix=none",
            "--format={p}|{f}",
            "--edges",
            edges,
        ])
        .args(what)
        .current_dir(root())
        .output()
        .expect("cargo runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines = text
        .lines()
        .filter_map(|line| line.trim_end_matches(" (*)").split_once('|'));
    lines
        .map(|(package, features)| (package.to_owned(), features.to_owned()))
        .collect()
}

/// A second's work: the program has them below its parser generator only, the tests below an oracle of the audit log.
const SMALL: [&str; 2] = ["crypto-common v0.1.", "digest v0.10."];

#[test]
fn tests_compile_no_dependency_again() {
    let program = resolved("normal,build", &["--package", "mapacha"]);
    let everything = resolved("normal,build,dev", &["--workspace"]);
    assert!(program.len() > 100, "cargo tree works: {}", program.len());
    let packages: BTreeSet<&String> = program.iter().map(|(package, _)| package).collect();
    let again: Vec<_> = everything
        .difference(&program)
        .filter(|(package, _)| {
            packages.contains(package) && !SMALL.iter().any(|small| package.starts_with(small))
        })
        .collect();
    assert!(
        again.is_empty(),
        "these get other features in tests, and so are compiled twice: {again:#?}"
    );
}
