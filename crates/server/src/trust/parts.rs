//! What this program is made of, as cargo resolved it when it was built (`build.rs`), and the same as a bill of
//! materials (CycloneDX 1.6, ECMA-424).

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::islands;

/// A package that this program is made of.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
    /// An SPDX expression; empty where the package names a file instead.
    pub(crate) licence: &'static str,
    repository: &'static str,
    /// SHA-256 of the archive that it was built from; empty for our own.
    checksum: &'static str,
    pub(crate) ours: bool,
    /// Whether it is in the program, and did not only help to build it.
    pub(crate) linked: bool,
    /// What it uses, by its place in the list.
    needs: &'static [usize],
}

include!(concat!(env!("OUT_DIR"), "/parts.rs"));

/// Packages that bring code in C or assembler, and what that is. `docs/src/explanation/supply-chain.md` says how each
/// is confined; `tests/black-box/tests/supply_chain.rs` sees that none is left out.
pub(crate) const LINKED_C: &[(&str, &str)] = &[
    ("aws-lc-sys", "AWS-LC"),
    ("libsqlite3-sys", "SQLite"),
    ("psm", "psm"),
    ("tikv-jemalloc-sys", "jemalloc"),
];

/// All of them, by name.
pub(crate) fn parts() -> &'static [Part] {
    PARTS
}

impl Part {
    /// Its package URL (purl), which is its name in the bill of materials too.
    fn url(&self) -> String {
        format!("pkg:cargo/{}@{}", self.name, self.version.replace('+', "%2B"))
    }

    fn licence(&self) -> Value {
        if self.licence.is_empty() {
            json!([{"license": {"name": "see the package"}}])
        } else {
            json!([{"expression": self.licence}])
        }
    }

    fn component(&self) -> Value {
        let mut component = Map::new();
        component.insert("type".into(), "library".into());
        component.insert("bom-ref".into(), self.url().into());
        component.insert("name".into(), self.name.into());
        component.insert("version".into(), self.version.into());
        component.insert(
            "scope".into(),
            if self.linked { "required" } else { "excluded" }.into(),
        );
        if !self.checksum.is_empty() {
            component.insert(
                "hashes".into(),
                json!([{"alg": "SHA-256", "content": self.checksum}]),
            );
        }
        component.insert("licenses".into(), self.licence());
        component.insert("purl".into(), self.url().into());
        if self.repository.starts_with("https://") {
            component.insert(
                "externalReferences".into(),
                json!([{"type": "vcs", "url": self.repository}]),
            );
        }
        if let Some((_, what)) = LINKED_C.iter().find(|(name, _)| *name == self.name) {
            component.insert(
                "properties".into(),
                json!([{"name": "mapacha:links", "value": what}]),
            );
        }
        Value::Object(component)
    }
}

/// The bill of materials of this very program. It has no date and no serial number, so the same program has the same.
pub fn sbom() -> Value {
    let (program, rest): (Vec<&Part>, Vec<&Part>) = PARTS.iter().partition(|part| part.name == "mapacha");
    let program: Vec<Value> = program
        .into_iter()
        .map(|part| {
            json!({
                "type": "application",
                "bom-ref": part.url(),
                "name": part.name,
                "version": part.version,
                "description": "The twin of a smart sustainable city, in one program",
                "licenses": part.licence(),
                "purl": part.url(),
            })
        })
        .collect();
    let dependencies: Vec<Value> = PARTS
        .iter()
        .map(|part| {
            let needs: Vec<String> = part
                .needs
                .iter()
                .filter_map(|at| PARTS.get(*at))
                .map(Part::url)
                .collect();
            json!({"ref": part.url(), "dependsOn": needs})
        })
        .collect();
    let mut components: Vec<Value> = rest.into_iter().map(Part::component).collect();
    if ui::has_islands() {
        components.extend(islands::components());
    }
    json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "lifecycles": [{"phase": "build"}],
            "component": program.first(),
        },
        "components": components,
        "dependencies": dependencies,
    })
}

/// What is in the program, by licence, as a text.
pub(crate) fn licences() -> String {
    let mut by_licence: BTreeMap<&str, Vec<&Part>> = BTreeMap::new();
    for part in PARTS.iter().filter(|part| part.linked) {
        by_licence.entry(part.licence).or_default().push(part);
    }
    let mut text = String::from(
        "What is linked into this program, by licence. The texts of the licences are in each package, and come with packages \
         of this program as LICENCES.txt (scripts/licences).\n",
    );
    for (licence, parts) in by_licence {
        let _ = writeln!(
            text,
            "\n{}",
            if licence.is_empty() {
                "(see the package)"
            } else {
                licence
            }
        );
        for part in parts {
            let _ = writeln!(text, "  {} {}  {}", part.name, part.version, part.repository);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn everything_has_a_licence_and_what_is_not_ours_a_checksum() {
        assert!(PARTS.len() > 300, "{}", PARTS.len());
        for part in PARTS {
            assert!(!part.licence.is_empty(), "{part:?}");
            let is_sha_256 =
                part.checksum.len() == 64 && part.checksum.bytes().all(|b| b.is_ascii_hexdigit());
            assert_eq!(is_sha_256, !part.ours, "{part:?}");
            assert!(
                part.repository.is_empty() || part.repository.starts_with("http"),
                "{part:?}"
            );
        }
        let names: BTreeSet<_> = PARTS
            .iter()
            .filter(|part| part.linked)
            .map(|part| part.name)
            .collect();
        for known in [
            "mapacha",
            "server",
            "twin",
            "rusqlite",
            "tokio",
            "serde_json",
            "cedar-policy",
        ] {
            assert!(names.contains(known), "{known}");
        }
        // Macros, and what is for tests only.
        for not_linked in ["serde_derive", "askama_derive", "proptest", "insta"] {
            assert!(!names.contains(not_linked), "{not_linked}");
        }
    }

    #[test]
    fn the_bill_names_each_part_once_and_leads_nowhere_else() {
        let bill = sbom();
        let mut names: BTreeSet<&str> = BTreeSet::new();
        names.extend(bill["metadata"]["component"]["bom-ref"].as_str());
        for component in bill["components"].as_array().unwrap() {
            assert!(
                names.insert(component["bom-ref"].as_str().unwrap()),
                "{component}"
            );
        }
        let of_cargo = names.iter().filter(|name| name.starts_with("pkg:cargo/")).count();
        assert_eq!(of_cargo, PARTS.len());
        for dependency in bill["dependencies"].as_array().unwrap() {
            assert!(names.contains(dependency["ref"].as_str().unwrap()));
            for used in dependency["dependsOn"].as_array().unwrap() {
                assert!(names.contains(used.as_str().unwrap()), "{dependency}");
            }
        }
        let here = env!("CARGO_MANIFEST_DIR").trim_end_matches("/crates/server");
        assert!(!bill.to_string().contains(here), "no folder of a machine");
    }
}
