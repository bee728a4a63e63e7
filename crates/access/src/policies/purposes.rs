//! What for: the purposes that there are, which of them a client is registered for, and which are compatible.

use std::collections::BTreeMap;
use std::sync::Arc;

use query::Purpose;
use serde::Deserialize;

use super::classes::{is_word, read, short};
use super::finding::{Finding, Refused};

/// The purposes that a city starts with.
pub const DEFAULT_PURPOSES: &str = include_str!("data/purposes.toml");

/// The purpose that is meant where nobody says one.
pub const UNSAID: &str = "service-operation";

/// The most purposes that there may be.
const MAX_PURPOSES: usize = 200;

/// The purposes that there are.
#[derive(Clone, Debug)]
pub struct Purposes {
    known: BTreeMap<Arc<str>, Known>,
}

#[derive(Clone, Debug)]
struct Known {
    meaning: Box<str>,
    compatible: Vec<Arc<str>>,
}

/// Why data cannot be had for a purpose.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PurposeRefused {
    /// There is no such purpose.
    #[error("there is no purpose `{asked}`; the purposes are {known}")]
    Unknown {
        /// What was asked.
        asked: String,
        /// Those that there are.
        known: String,
    },
    /// The client may not ask for this purpose.
    #[error("you are not registered for the purpose `{asked}`; you may ask for {registered}")]
    NotRegistered {
        /// What was asked, or meant where nothing was said.
        asked: String,
        /// What the client is registered for.
        registered: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    purposes: BTreeMap<String, PurposeOf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PurposeOf {
    meaning: String,
    #[serde(default)]
    compatible: Vec<String>,
}

impl Purposes {
    /// Reads a list of purposes, TOML or JSON; `document` is its name in findings.
    pub fn parse(document: &str, text: &str) -> Result<Self, Refused> {
        let file: File = read(document, text)?;
        let mut findings = Vec::new();
        let mut wrong =
            |message: String, help: &str| findings.push(Finding::of_document(document, message, help));
        if file.version != 1 {
            wrong(
                format!(
                    "it has version {}, and this program reads version 1",
                    file.version
                ),
                "use the program that it was written for, or a newer one",
            );
        }
        if file.purposes.len() > MAX_PURPOSES {
            wrong(
                format!("it has {} purposes", file.purposes.len()),
                "keep 200 at most",
            );
        }
        if !file.purposes.contains_key(UNSAID) {
            wrong(
                format!("the purpose `{UNSAID}` is missing"),
                "add it: it is what is meant where nobody says one",
            );
        }
        for (name, purpose) in &file.purposes {
            if !is_word(name) {
                wrong(
                    format!("`purposes`: `{}` cannot be a name", short(name)),
                    "use letters, digits, `-`, `_` and `.`, at most 60",
                );
            }
            for other in &purpose.compatible {
                if !file.purposes.contains_key(other) {
                    wrong(
                        format!(
                            "`purposes.{}.compatible`: there is no purpose `{}`",
                            short(name),
                            short(other)
                        ),
                        "add it, or take it out of this list",
                    );
                }
            }
        }
        if !findings.is_empty() {
            return Err(Refused(findings));
        }
        let known = file.purposes.into_iter().map(|(name, purpose)| {
            let compatible = purpose.compatible.into_iter().map(Arc::from).collect();
            let meaning = purpose.meaning.into();
            (Arc::from(name), Known { meaning, compatible })
        });
        Ok(Self {
            known: known.collect(),
        })
    }

    /// Their names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.known.keys().map(|name| &**name)
    }

    /// What a purpose means, in a sentence for people.
    pub fn meaning(&self, name: &str) -> Option<&str> {
        self.known.get(name).map(|known| &*known.meaning)
    }

    /// Those that may be asked for as well by who is registered for this one.
    pub fn compatible(&self, name: &str) -> impl Iterator<Item = &str> {
        let known = self.known.get(name).into_iter();
        known.flat_map(|known| known.compatible.iter().map(|other| &**other))
    }

    /// The purpose of a request by a client with a purpose of its own, or none: the one it says; where it says none,
    /// its own, else `service-operation`. A client with a purpose may ask for that one and for those that it is
    /// compatible with, any other for all that there are: what it gets for each is for the policies to say.
    pub fn of_client(&self, said: Option<&str>, own: Option<&str>) -> Result<Purpose, PurposeRefused> {
        match own {
            Some(own) => self.of_request(Some(said.unwrap_or(own)), &[own]),
            None => self.of_request(said, &[said.unwrap_or(UNSAID)]),
        }
    }

    /// Those that [`Self::of_client`] lets a client ask for.
    pub fn open_to<'a>(&'a self, own: Option<&'a str>) -> impl Iterator<Item = &'a str> {
        self.names()
            .filter(move |name| self.of_client(Some(name), own).is_ok())
    }

    /// The purpose of a request: the one it says, where its client is registered for it or for one that it is
    /// compatible with; `service-operation` where it says none. A client that is registered for nothing is
    /// registered for that one.
    pub fn of_request(&self, said: Option<&str>, registered: &[&str]) -> Result<Purpose, PurposeRefused> {
        let registered = if registered.is_empty() {
            &[UNSAID]
        } else {
            registered
        };
        let asked = said.unwrap_or(UNSAID);
        let Some((name, _)) = self.known.get_key_value(asked) else {
            return Err(PurposeRefused::Unknown {
                asked: short(asked),
                known: self.names().collect::<Vec<_>>().join(", "),
            });
        };
        let covers = |registered: &&str| {
            *registered == asked
                || (self.known.get(*registered))
                    .is_some_and(|known| known.compatible.iter().any(|other| **other == *asked))
        };
        if registered.iter().any(covers) {
            return Ok(Purpose(Arc::clone(name)));
        }
        Err(PurposeRefused::NotRegistered {
            asked: asked.to_owned(),
            registered: registered.join(", "),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_gets_what_its_client_is_registered_for_and_what_is_compatible_with_it() {
        let purposes = Purposes::parse("default", DEFAULT_PURPOSES).unwrap();
        let of = |said, registered: &[&str]| {
            purposes
                .of_request(said, registered)
                .map(|purpose| purpose.0.to_string())
        };
        assert_eq!(of(None, &[]).unwrap(), "service-operation");
        assert_eq!(
            of(None, &["service-operation", "research"]).unwrap(),
            "service-operation"
        );
        assert_eq!(
            of(Some("research"), &["service-operation", "research"]).unwrap(),
            "research"
        );
        assert_eq!(of(Some("statistics"), &["planning"]).unwrap(), "statistics");
        // Compatible is not mutual, and not handed on.
        assert!(of(Some("planning"), &["statistics"]).is_err());
        assert!(of(Some("maintenance"), &[]).is_ok());
        let refused = of(Some("research"), &[]).unwrap_err().to_string();
        assert_eq!(
            refused,
            "you are not registered for the purpose `research`; you may ask for service-operation"
        );
        let refused = of(None, &["research"]).unwrap_err().to_string();
        assert!(
            refused.contains("`service-operation`; you may ask for research"),
            "{refused}"
        );
        let refused = of(Some("marketing"), &["research"]).unwrap_err().to_string();
        assert!(
            refused.starts_with("there is no purpose `marketing`; the purposes are data-subject-request,"),
            "{refused}"
        );
        assert!(purposes.meaning("planning").is_some());
        assert_eq!(
            purposes.compatible("planning").collect::<Vec<_>>(),
            ["statistics", "research"]
        );
    }

    #[test]
    fn a_client_with_a_purpose_keeps_to_it_and_any_other_names_one_that_there_is() {
        let purposes = Purposes::parse("default", DEFAULT_PURPOSES).unwrap();
        for (said, own, expected) in [
            (None, None, Some("service-operation")),
            (Some("research"), None, Some("research")),
            (Some("marketing"), None, None),
            (Some(""), None, None),
            (None, Some("planning"), Some("planning")),
            (Some("statistics"), Some("planning"), Some("statistics")),
            (Some("service-operation"), Some("planning"), None),
            (Some("marketing"), Some("planning"), None),
            // One that the city gave up.
            (None, Some("marketing"), None),
        ] {
            let purpose = purposes.of_client(said, own).ok();
            let name = purpose.as_ref().map(|purpose| &*purpose.0);
            assert_eq!(name, expected, "{said:?} {own:?}");
        }
        assert_eq!(purposes.open_to(None).count(), purposes.names().count());
        let planning: Vec<_> = purposes.open_to(Some("planning")).collect();
        assert_eq!(planning, ["planning", "research", "statistics"]);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, expected) in [
            (
                "version = 1\n[purposes]",
                "the purpose `service-operation` is missing",
            ),
            (
                "version = 3\n[purposes.service-operation]\nmeaning = \"\"",
                "it has version 3",
            ),
            (
                "version = 1\n[purposes.service-operation]\nmeaning = \"\"\ncompatible = [\"fun\"]",
                "`purposes.service-operation.compatible`: there is no purpose `fun`",
            ),
            ("version = 1\n[purposes.service-operation]\n", "missing field"),
        ] {
            let message = Purposes::parse("purposes.toml", text).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}\nshould say: {expected}");
        }
    }
}
