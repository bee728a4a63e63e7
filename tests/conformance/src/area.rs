//! A file of cases, as written and renamed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// A file of `cases/`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Area {
    /// The file's stem; filled in when read.
    #[serde(skip)]
    pub name: String,
    /// The words that the second run renames: types, attribute names, terms.
    pub names: Vec<String>,
    /// @contexts that the server has as files: URL = document.
    #[serde(default)]
    pub contexts: BTreeMap<String, String>,
    /// Documents that our own HTTP server offers: `${served}/NAME`.
    #[serde(default)]
    pub served: BTreeMap<String, String>,
    /// Entities that cases may start with.
    #[serde(default)]
    pub fixture: BTreeMap<String, String>,
    /// The cases.
    pub case: Vec<Case>,
}

/// What one clause asks for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// Its name, unique in the suite.
    pub id: String,
    /// The clause it is written from.
    pub clause: String,
    /// The requirement.
    pub title: String,
    /// The fixture that is there before the first step.
    pub given: Option<String>,
    /// Requests and what they give.
    pub steps: Vec<Step>,
    /// What is wrong with the product today. The case must fail as long as this is here.
    pub known_gap: Option<String>,
    /// The case says the same when renamed: it names nothing of its own.
    #[serde(default)]
    pub nameless: bool,
}

/// One request with what it must give, or a notification that must come (or not).
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Step {
    /// `METHOD /path?query`, below `/ngsi-ld/v1`; values of the query are written unencoded.
    pub ask: String,
    /// Headers to send. `@none` sends none of that name.
    pub with: BTreeMap<String, String>,
    /// The body to send.
    pub send: Option<String>,
    /// `send` repeated: `["[", 500000]` sends so many brackets.
    pub send_many: Option<(String, usize)>,
    /// The body has no `Content-Length`.
    pub without_length: bool,
    /// The path is sent as it stands.
    pub raw: bool,

    /// The status.
    pub status: Option<u16>,
    /// Any of these.
    pub status_any: Vec<u16>,
    /// The NGSI-LD error: its type, status and body.
    pub error: Option<String>,
    /// The body, see [`crate::compare`].
    pub expect: Option<String>,
    /// The body is empty.
    pub empty: bool,
    /// The body is an array of entities with these ids, in any order.
    pub ids: Option<Vec<String>>,
    /// The same, in this order.
    pub ids_in_order: Option<Vec<String>>,
    /// Headers of the answer: the value, `prefix*`, `~part`, `@any` or `@absent`.
    pub headers: BTreeMap<String, String>,
    /// Takes `header:Name`, `last:Name` (the last segment of that header's path) or a JSON pointer into the body.
    pub save: BTreeMap<String, String>,
    /// Ask again until it gives that, at most so many seconds.
    pub until: Option<f64>,

    /// The next notification.
    pub notified: Option<String>,
    /// No notification comes in so many seconds.
    pub silent: Option<f64>,
    /// Which receiver: what follows `${receiver}/`.
    pub at: String,
    /// Wait so many seconds.
    pub pause: Option<f64>,
}

/// The folder of the cases.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("cases")
}

/// All areas there are, by their files.
pub fn all() -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder())
        .expect("the folder of the cases")
        .flatten()
        .filter_map(|file| Some(file.file_name().to_str()?.strip_suffix(".toml")?.to_owned()))
        .collect();
    names.sort();
    names
}

impl Area {
    /// Reads an area as written, and renamed.
    ///
    /// # Panics
    /// When the file is not as it should be.
    pub fn read(name: &str) -> (Self, Self) {
        let path = folder().join(format!("{name}.toml"));
        let text =
            std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let parse = |text: &str| -> Self {
            let mut area: Self = toml::from_str(text).unwrap_or_else(|error| panic!("{name}: {error}"));
            name.clone_into(&mut area.name);
            area
        };
        let written = parse(&text);
        let mut renamed = parse(&rename(&text, &written.names));
        for (index, (case, other)) in written.case.iter().zip(&mut renamed.case).enumerate() {
            other.id.clone_from(&case.id);
            other.title.clone_from(&case.title);
            assert!(
                case.nameless
                    || case.given.is_some()
                    || format!("{:?}", case.steps) != format!("{:?}", other.steps),
                "{name}: case {index} {}: nothing in it is renamed; put its names into `names`, or say `nameless`",
                case.id
            );
        }
        (written, renamed)
    }
}

/// Renames whole words, and the namespace of URNs (but `urn:ngsi-ld:null`, which is the standard's).
pub fn rename(text: &str, names: &[String]) -> String {
    let mut renamed = String::with_capacity(text.len() * 2);
    let mut word = String::new();
    let mut encoded = 0; // digits of a percent-encoded byte are of no word
    for character in text.chars().chain(['\n']) {
        if encoded == 0 && (character.is_alphanumeric() || character == '_') {
            word.push(character);
            continue;
        }
        if names.contains(&word) {
            renamed.push_str(&new_name(&word));
        } else {
            renamed.push_str(&word);
        }
        word.clear();
        renamed.push(character);
        encoded = if character == '%' {
            2_usize
        } else {
            encoded.saturating_sub(1)
        };
    }
    renamed.pop();
    renamed
        .replace("urn:ngsi-ld:null", "\u{0}")
        .replace("urn:ngsi-ld:", "urn:other:x:")
        .replace('\u{0}', "urn:ngsi-ld:null")
        .replace("conformance.example", "elsewhere.example")
}

/// Another name, which sorts among its like as the old one did.
fn new_name(word: &str) -> String {
    let upper = word.starts_with(char::is_uppercase);
    let prefix = if upper { "Q7x_" } else { "q7x_" };
    format!("{prefix}{word}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_renamed_as_a_whole() {
        let names = ["Lamp".to_owned(), "power".to_owned()];
        assert_eq!(
            rename(
                r#"{"id":"urn:ngsi-ld:Lamp:1","power":"urn:ngsi-ld:null","powers":1,"c":"http://conformance.example/Lamp"}"#,
                &names
            ),
            r#"{"id":"urn:other:x:Q7x_LampZ:1","q7x_powerZ":"urn:ngsi-ld:null","powers":1,"c":"http://elsewhere.example/Q7x_LampZ"}"#
        );
    }

    #[test]
    fn every_area_can_be_read_and_ids_are_unique() {
        let mut ids = std::collections::BTreeSet::new();
        for name in all() {
            for case in Area::read(&name).0.case {
                assert!(ids.insert(case.id.clone()), "{} is there twice", case.id);
                assert!(!case.steps.is_empty() && !case.clause.is_empty() && !case.title.is_empty());
            }
        }
    }
}
