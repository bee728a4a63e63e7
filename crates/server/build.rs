//! Writes down what the program is made of: every package that cargo resolves for `mapacha`, with its licence, the
//! checksum that `Cargo.lock` holds it to, and what it uses. From this the program makes its own bill of materials.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// Name and version.
type Id = (String, String);

#[derive(Default)]
struct Facts {
    licence: String,
    repository: String,
    ours: bool,
    needs: BTreeSet<Id>,
}

fn main() -> Result<(), String> {
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or("no CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("no OUT_DIR")?);
    let lock = here.join("../../Cargo.lock");
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=../../Cargo.lock");
    println!("cargo:rerun-if-changed=../../Cargo.toml");

    // What is linked, and what only helped to build it: macros and build scripts.
    let linked = tree(&here, "normal,no-proc-macro")?;
    let everything = tree(&here, "normal,build")?;
    let checksums = checksums(&lock)?;
    let order: BTreeMap<&Id, usize> = everything.keys().zip(0..).collect();
    let mut source = String::from("pub(super) static PARTS: &[Part] = &[\n");
    for (id, facts) in &everything {
        let found = linked.get(id);
        let needs: Vec<usize> = found
            .map_or(&facts.needs, |linked| &linked.needs)
            .iter()
            .filter_map(|needed| order.get(needed).copied())
            .collect();
        let (name, version) = id;
        writeln!(
            source,
            "    Part {{ name: {name:?}, version: {version:?}, licence: {:?}, repository: {:?}, checksum: {:?}, ours: {}, linked: {}, needs: &{needs:?} }},",
            facts.licence.replace('/', " OR "),
            facts.repository,
            checksums.get(id).map_or("", String::as_str),
            facts.ours,
            found.is_some(),
        )
        .map_err(|error| error.to_string())?;
    }
    source.push_str("];\n");
    fs::write(out.join("parts.rs"), source).map_err(|error| format!("{}: {error}", out.display()))
}

/// What `mapacha` uses over such edges, as cargo resolves it for the target.
fn tree(here: &Path, edges: &str) -> Result<BTreeMap<Id, Facts>, String> {
    let cargo = env::var_os("CARGO").ok_or("no CARGO")?;
    let target = env::var("TARGET").map_err(|error| error.to_string())?;
    let output = Command::new(cargo)
        .args([
            "tree",
            "--offline",
            "--package=mapacha",
            "--prefix=depth",
            "--charset=utf8",
        ])
        .args(["--format=|{p}|{l}|{r}|", "--edges", edges, "--target", &target])
        .current_dir(here)
        .output()
        .map_err(|error| format!("cargo tree cannot be run: {error}"))?;
    if !output.status.success() {
        return Err(format!(
            "cargo tree says what the program is made of, and failed: {}",
            String::from_utf8_lossy(&output.stderr)
        ));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let mut found: BTreeMap<Id, Facts> = BTreeMap::new();
    let mut above: Vec<Id> = Vec::new();
    for line in text.lines() {
        let mut fields = line.split('|');
        let mut field = || fields.next().unwrap_or_default();
        let depth: usize = field()
            .parse()
            .map_err(|_no_number| format!("no depth in `{line}`"))?;
        let mut package = field().split(' ');
        let id = (
            package.next().unwrap_or_default().to_owned(),
            package
                .next()
                .unwrap_or_default()
                .trim_start_matches('v')
                .to_owned(),
        );
        // A folder follows where a package is ours; it stays out of the binary.
        let ours = package
            .next()
            .is_some_and(|where_from| where_from.starts_with("(/"));
        let facts = found.entry(id.clone()).or_default();
        field().clone_into(&mut facts.licence);
        field().clone_into(&mut facts.repository);
        facts.ours = ours;
        above.truncate(depth);
        if let Some(parent) = above.last().and_then(|parent| found.get_mut(parent)) {
            parent.needs.insert(id.clone());
        }
        above.push(id);
    }
    Ok(found)
}

/// What `Cargo.lock` holds each package of a registry to.
fn checksums(lock: &Path) -> Result<BTreeMap<Id, String>, String> {
    let text = fs::read_to_string(lock).map_err(|error| format!("{}: {error}", lock.display()))?;
    let mut found = BTreeMap::new();
    for package in text.split("[[package]]").skip(1) {
        let value = |key: &str| {
            let line = package.lines().find_map(|line| line.strip_prefix(key))?;
            Some(line.strip_prefix(" = ")?.trim_matches('"').to_owned())
        };
        if let (Some(name), Some(version), Some(checksum)) =
            (value("name"), value("version"), value("checksum"))
        {
            found.insert((name, version), checksum);
        }
    }
    Ok(found)
}
