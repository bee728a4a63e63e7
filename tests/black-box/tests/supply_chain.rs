//! The checklist of security is true to the tests it names; and what the program is made of is known, named and bounded.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a suite fails by panicking and says why"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use black_box::{root, run, told};
use serde_json::Value as Json;

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Whether a source has a test of such a name: in Rust a function that is marked as one, in JavaScript a check.
fn has_test(source: &str, file: &str, name: &str) -> bool {
    if Path::new(file)
        .extension()
        .is_some_and(|extension| extension == "mjs")
    {
        return source.contains(&format!("check(\"{name}\""));
    }
    source.split("fn ").enumerate().skip(1).any(|(at, rest)| {
        let is_it = rest.strip_prefix(name).is_some_and(|rest| rest.starts_with('('));
        // What stands between the end of the function before and this one.
        let before: String = source.split("fn ").take(at).collect::<Vec<_>>().join("fn ");
        let marks = before.rsplit("\n}").next().unwrap_or_default();
        let marks = marks.rsplit("    }\n").next().unwrap_or_default();
        is_it
            && (marks.contains("#[test]")
                || marks.contains("#[tokio::test")
                || before.contains("proptest! {"))
    })
}

#[test]
fn every_item_of_the_checklist_has_a_state_and_names_tests_that_exist() {
    let file: toml::Table = read("conformance/security.toml").parse().expect("TOML");
    let items = file["item"].as_array().expect("items");
    let numbers: Vec<i64> = items
        .iter()
        .filter_map(|item| item["number"].as_integer())
        .collect();
    assert_eq!(numbers, (1..=63).collect::<Vec<_>>(), "each item once, in order");
    let list = |item: &toml::Value, key: &str| -> Vec<String> {
        let given = item.get(key).and_then(toml::Value::as_array);
        given
            .into_iter()
            .flatten()
            .map(|one| one.as_str().expect("a text").to_owned())
            .collect()
    };
    let mut tested = 0;
    for item in items {
        let number = &item["number"];
        let state = item["state"].as_str().expect("a state");
        let tests = list(item, "tests");
        let gap = item.get("gap").and_then(toml::Value::as_str).unwrap_or("");
        let fits = match state {
            "tested" => !tests.is_empty() && gap.is_empty(),
            "partial" => !tests.is_empty() && gap.len() > 20,
            "gap" => tests.is_empty() && gap.len() > 20,
            other => panic!("{number}: there is no state {other}"),
        };
        assert!(
            fits,
            "{number}: what is tested names tests, and what is missing says why"
        );
        for test in &tests {
            let (path, name) = test
                .split_once("::")
                .unwrap_or_else(|| panic!("{number}: `{test}` is not FILE::TEST"));
            assert!(
                has_test(&read(path), path, name),
                "{number}: {path} has no test `{name}`"
            );
        }
        for command in list(item, "commands") {
            assert!(
                root().join(&command).is_file(),
                "{number}: {command} is not there"
            );
        }
        tested += usize::from(state == "tested");
    }
    assert!(tested >= 30, "{tested}");
}

#[test]
fn a_test_that_is_not_there_is_found() {
    let source = "#[test]\nfn one() {\n    two();\n}\n\nfn two() {}\n\n    #[tokio::test]\n    async fn three() {\n    }\n\n    fn four() {}\n";
    let found = |name| has_test(source, "a.rs", name);
    assert_eq!(
        [
            found("one"),
            found("two"),
            found("three"),
            found("four"),
            found("five")
        ],
        [true, false, true, false, false]
    );
    assert!(has_test("await check(\"it works\", async", "a.mjs", "it works"));
    assert!(!has_test("await check(\"it works\", async", "a.mjs", "it"));
}

fn metadata() -> Json {
    let host = Command::new("rustc").arg("-vV").output().expect("rustc runs");
    let host = String::from_utf8_lossy(&host.stdout).into_owned();
    let host = host
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .expect("a host")
        .to_owned();
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version=1",
            "--offline",
            "--filter-platform",
            &host,
        ])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON")
}

/// The bill of materials that the program itself prints.
fn bill() -> Json {
    let (code, stdout, stderr) = told(&run(["sbom"]));
    assert_eq!(code, 0, "{stderr}");
    serde_json::from_str(&stdout).expect("JSON")
}

fn text<'a>(json: &'a Json, key: &str) -> &'a str {
    json[key].as_str().unwrap_or_else(|| panic!("no {key} in {json}"))
}

type Id = (String, String);

fn id(json: &Json) -> Id {
    (text(json, "name").to_owned(), text(json, "version").to_owned())
}

/// What `mapacha` could be linked from, by `cargo metadata`: another way than the program's own, which asks `cargo tree`. It
/// knows nothing of the features that are off, so there is more of it.
fn linked(metadata: &Json) -> BTreeMap<Id, &Json> {
    let packages: BTreeMap<&str, &Json> = metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|package| (text(package, "id"), package))
        .collect();
    let nodes: BTreeMap<&str, &Json> = metadata["resolve"]["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|node| (text(node, "id"), node))
        .collect();
    let is_macro = |package: &Json| {
        let targets = package["targets"].as_array().unwrap();
        targets
            .iter()
            .any(|target| target["kind"].as_array().unwrap().contains(&"proc-macro".into()))
    };
    let start = packages
        .iter()
        .find(|(_, package)| package["name"] == "mapacha")
        .expect("the program");
    let mut waiting = vec![*start.0];
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    while let Some(at) = waiting.pop() {
        if is_macro(packages[at]) || !seen.insert(at) {
            continue;
        }
        for used in nodes[at]["deps"].as_array().unwrap() {
            let kinds = used["dep_kinds"].as_array().unwrap();
            if kinds.iter().any(|kind| kind["kind"].is_null()) {
                waiting.push(text(used, "pkg"));
            }
        }
    }
    seen.into_iter()
        .map(|at| (id(packages[at]), packages[at]))
        .collect()
}

/// Which package uses which, where that is no choice of features; without macros.
fn always_used(metadata: &Json) -> Vec<(Id, Id)> {
    let linked = linked(metadata);
    let mut all = Vec::new();
    for (by, package) in &linked {
        for used in package["dependencies"].as_array().unwrap() {
            // Of those for some machines only, cargo knows which are for this one; they are not counted here.
            let always = used["kind"].is_null() && used["optional"] == false && used["target"].is_null();
            let mut of_name = linked.keys().filter(|(name, _)| name == text(used, "name"));
            if always && let (Some(one), None) = (of_name.next(), of_name.next()) {
                all.push((by.clone(), one.clone()));
            }
        }
    }
    assert!(all.len() > 500, "{}", all.len());
    all
}

#[test]
fn the_bill_of_materials_is_what_cargo_resolves() {
    let metadata = metadata();
    let expected: BTreeSet<Id> = linked(&metadata).into_keys().collect();
    let bill = bill();
    assert_eq!(text(&bill, "bomFormat"), "CycloneDX");
    let all = bill["components"].as_array().expect("components");
    let components: Vec<&Json> = all
        .iter()
        .filter(|component| text(component, "purl").starts_with("pkg:cargo/"))
        .collect();
    let mut named: BTreeSet<Id> = components
        .iter()
        .filter(|component| component["scope"] == "required")
        .map(|component| id(component))
        .collect();
    named.insert(id(&bill["metadata"]["component"]));
    let made_up: Vec<_> = named.difference(&expected).collect();
    assert!(made_up.is_empty(), "{made_up:#?}");
    // What is used whatever the features are is there.
    for (by, used) in always_used(&metadata) {
        assert!(
            !named.contains(&by) || named.contains(&used),
            "{by:?} uses {used:?}"
        );
    }
    assert!(named.len() > 250, "{}", named.len());

    // Each is what the lock file holds it to.
    let lock: toml::Table = read("Cargo.lock").parse().expect("TOML");
    let checksums: BTreeMap<Id, String> = lock["package"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|package| {
            let field = |key: &str| package.get(key).and_then(toml::Value::as_str).map(str::to_owned);
            Some(((field("name")?, field("version")?), field("checksum")?))
        })
        .collect();
    for component in components {
        let given = component["hashes"][0]["content"].as_str().map(str::to_owned);
        assert_eq!(given, checksums.get(&id(component)).cloned(), "{component}");
    }
}

/// Packages that could bring foreign code by what their manifest says, and do not.
const NONE_OF_ITS_OWN: &[(&str, &str)] = &[
    ("aws-lc-rs", "links what aws-lc-sys builds"),
    ("stacker", "compiles something on Windows only"),
];

#[test]
fn every_package_with_foreign_code_is_named() {
    let metadata = metadata();
    let bill = bill();
    let components = bill["components"].as_array().unwrap();
    let in_program: BTreeSet<Id> = components
        .iter()
        .filter(|component| component["scope"] == "required")
        .map(id)
        .collect();
    let mut found: BTreeSet<String> = BTreeSet::new();
    for (of, package) in linked(&metadata) {
        let builds = package["dependencies"].as_array().unwrap().iter().any(|used| {
            used["kind"] == "build" && ["cc", "cmake", "nasm-rs", "bindgen"].contains(&text(used, "name"))
        });
        if in_program.contains(&of) && (builds || package["links"].is_string()) {
            found.insert(of.0);
        }
    }
    let exempt: BTreeSet<String> = NONE_OF_ITS_OWN
        .iter()
        .map(|(name, _)| (*name).to_owned())
        .collect();
    assert!(
        exempt.is_subset(&found),
        "an exemption that is needed no longer: {exempt:?}"
    );
    let found: BTreeSet<String> = found.difference(&exempt).cloned().collect();
    let named: BTreeSet<String> = components
        .iter()
        .filter(|component| !component["properties"].is_null())
        .map(|component| text(component, "name").to_owned())
        .collect();
    assert_eq!(named, found, "crates/server/src/trust/parts.rs names them");
    let page = read("docs/src/explanation/supply-chain.md");
    for name in named {
        assert!(
            page.contains(&format!("`{name}`")),
            "docs/src/explanation/supply-chain.md says how {name} is confined"
        );
    }
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() && !path.ends_with("target") && !path.ends_with("node_modules") {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The sources below these folders, each with its path from the root and its text without comments.
fn code_below(folders: &[&str]) -> Vec<(String, String)> {
    let mut files = Vec::new();
    for folder in folders {
        sources(&root().join(folder), &mut files);
    }
    files
        .into_iter()
        .map(|file| {
            let text = std::fs::read_to_string(&file).expect("a text");
            let code: Vec<&str> = text
                .lines()
                .map(|line| line.split("//").next().unwrap_or(""))
                .collect();
            let path = file
                .strip_prefix(root())
                .expect("below the root")
                .display()
                .to_string();
            (path, code.join("\n"))
        })
        .collect()
}

#[test]
fn no_source_of_ours_is_unsafe() {
    let all = code_below(&["crates", "tests", "benches", "fuzz"]);
    assert!(all.len() > 300, "{}", all.len());
    let own = "tests/black-box/tests/supply_chain.rs";
    for (path, code) in all.iter().filter(|(path, _)| path != own) {
        for word in [
            "unsafe {",
            "unsafe fn",
            "unsafe impl",
            "unsafe extern",
            "unsafe trait",
            "unsafe(",
            "allow(unsafe_code",
            "expect(unsafe_code",
        ] {
            assert!(!code.contains(word), "{path}: {word}");
        }
    }
}

/// Where chance is no secret that anybody is given, and why.
const NO_SECRET: &[(&str, &str, &str)] = &[(
    "crates/server/src/identity/rates.rs",
    "RandomState",
    "spreads those who ask over tables, as every map of the standard library does",
)];

#[test]
fn chance_that_keeps_secrets_is_the_systems() {
    let mut uses = 0;
    for (path, code) in code_below(&["crates/access/src", "crates/governance/src", "crates/server/src"]) {
        if path.ends_with("tests.rs") {
            continue;
        }
        let code = code.split("#[cfg(test)]").next().unwrap_or_default();
        for other in [
            "rand::rng(",
            "thread_rng",
            "SmallRng",
            "StdRng",
            "ChaCha",
            "from_seed",
            "seed_from",
            "fastrand",
            "RandomState",
        ] {
            let allowed = |&(file, name, _): &(&str, &str, &str)| file == path && name == other;
            assert!(
                !code.contains(other) || NO_SECRET.iter().any(allowed),
                "{path}: {other} is for games, and secrets come from SysRng"
            );
        }
        uses += code.matches("SysRng").count();
    }
    assert!(uses >= 2, "the system's generator is used");
}

/// Where a view is made that sees everything, how often, and why that is right. A door that made one would read past
/// everybody's rights; what is not here is a failure.
const OPEN_VIEWS: &[(&str, usize, &str)] = &[
    (
        "crates/access/src/gained.rs",
        1,
        "looks at what a change of policies would newly open; names types and classes, and shows nothing of it",
    ),
    (
        "crates/server/src/ngsi_ld/subscriptions.rs",
        1,
        "counts a tenant's subscriptions, and shows none",
    ),
    (
        "crates/access/src/views.rs",
        1,
        "the system itself, which is no caller",
    ),
    (
        "crates/access/src/why.rs",
        1,
        "finds out whether whoever asks sees what the policies decide by; tells nothing else",
    ),
    (
        "crates/governance/src/audit/registry.rs",
        1,
        "the audit log's own first entry",
    ),
    (
        "crates/governance/src/desk/doing.rs",
        1,
        "the officer's desk sees all of who asked it, with a permission of its own and an entry in the audit log",
    ),
    (
        "crates/mapacha/src/world.rs",
        1,
        "whoever has the data folder, on the command line",
    ),
    (
        "crates/server/src/desk/facts.rs",
        1,
        "counts what is held by type and class, and shows nothing of it",
    ),
    (
        "crates/server/src/identity/mod.rs",
        2,
        "where nobody has to log in; and, closed at once by rights to nothing, for strangers",
    ),
    (
        "crates/server/src/scenarios/mod.rs",
        1,
        "the simulator reads the whole city; its results are seen through a view",
    ),
    (
        "crates/server/src/service.rs",
        1,
        "numbers of everything, for who may read the figures",
    ),
    (
        "crates/governance/src/desk/retaining.rs",
        2,
        "rules of retention see what nobody has to see; what they tell are counts",
    ),
    (
        "crates/twin/src/notify.rs",
        1,
        "a subscription is only tried for whether it can be compiled",
    ),
    (
        "crates/twin/src/registrations/conflicts.rs",
        1,
        "what contradicts is decided by what is there",
    ),
    (
        "crates/twin/src/registrations/edit.rs",
        1,
        "what ends by itself is written by the twin",
    ),
    (
        "crates/twin/src/snapshots/collecting.rs",
        1,
        "writes into the snapshot what was collected through its maker's view",
    ),
    (
        "crates/twin/src/subscriptions/stored.rs",
        1,
        "after a restart, until the subscriber's rights are asked for: nothing, unless he saw everything",
    ),
    (
        "crates/twin/src/witness.rs",
        1,
        "the twin's own changes, in the audit log",
    ),
    (
        "crates/twin/src/writer.rs",
        1,
        "what is transient ends by the twin itself",
    ),
];

#[test]
fn no_view_is_open_but_where_it_is_said() {
    let mut found: BTreeMap<String, usize> = BTreeMap::new();
    for (path, code) in code_below(&["crates"]) {
        let of_tests = ["/tests/", "/tests.rs", "_tests.rs", "/examples/", "/benches/"];
        if of_tests.iter().any(|part| path.contains(part)) || path.starts_with("crates/query/") {
            continue;
        }
        let code = code.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
        let open = code.matches("View::open(").count();
        if open > 0 {
            found.insert(path, open);
        }
    }
    let said: BTreeMap<String, usize> = OPEN_VIEWS
        .iter()
        .map(|(path, times, _)| ((*path).to_owned(), *times))
        .collect();
    assert_eq!(
        found, said,
        "a view that sees everything is made where the table has it, and nowhere else"
    );
}

#[test]
fn how_to_report_is_written_down() {
    let page = read("SECURITY.md");
    for part in [
        "## Reporting",
        "three working days",
        "thirty",
        "## Supported versions",
        "/.well-known/security.txt",
        "/trust",
    ] {
        assert!(page.contains(part), "SECURITY.md says nothing of {part}");
    }
}

/// What asks a view. Each place has an entry in tests/mutations/views.toml, so that a test is known to notice when it is
/// gone.
const ASKS: [&str; 6] = [
    "caller_view(",
    "view.of(",
    "view.read()",
    "view.history()",
    "view.write()",
    "view.delete()",
];

/// Places that only tell rights apart, to keep what was computed by each, or that say whose a message is: no answer
/// depends on what is asked there; `doctor` and the report of gaps ask what others would see.
const TELL_APART: &[&str] = &[
    "crates/server/src/identity/mod.rs",
    "crates/server/src/desk/facts.rs",
    "crates/server/src/kpi/cache.rs",
    "crates/twin/src/registrations/subscribers.rs",
    "crates/twin/src/registrations/subscribe.rs",
];

#[test]
fn every_place_that_asks_a_view_can_be_taken_away() {
    let file: toml::Table = read("tests/mutations/views.toml").parse().expect("TOML");
    let mut covered: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for mutation in file["mutation"].as_array().expect("mutations") {
        let field = |key: &str| {
            mutation[key]
                .as_str()
                .unwrap_or_else(|| panic!("{key} of {mutation}"))
                .to_owned()
        };
        let (path, find) = (field("file"), field("find"));
        assert_eq!(
            read(&path).matches(&find).count(),
            1,
            "{path} holds this once: {find}"
        );
        assert!(!field("what").is_empty() && field("write") != find);
        assert!(["twin", "doors"].contains(&field("tests").as_str()));
        covered.entry(path).or_default().push(find);
    }
    let mut asked = 0;
    for (path, code) in code_below(&["crates/twin/src", "crates/server/src"]) {
        if path.ends_with("tests.rs") || TELL_APART.contains(&path.as_str()) {
            continue;
        }
        let code = code.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
        for line in code.lines().map(str::trim) {
            if !ASKS.iter().any(|asks| line.contains(asks)) || line.starts_with("pub fn") {
                continue;
            }
            asked += 1;
            let known = covered.get(&path).into_iter().flatten();
            assert!(
                known
                    .flat_map(|find| find.lines())
                    .any(|find| line.contains(find.trim())),
                "{path}: tests/mutations/views.toml does not take this away: {line}"
            );
        }
    }
    assert!(asked > 30, "{asked}");
}
