//! The checklist of security, item by item with the tests that show it: `conformance/security.toml`.

use serde::Deserialize;
use serde_json::{Value, json};

/// The file, as it was when the program was built.
const FILE: &str = include_str!("../../../../conformance/security.toml");

/// A chapter of the checklist. Its title is the text `trust-chapter-ID`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Chapter {
    Identity,
    Devices,
    Rights,
    Limits,
    Outbound,
    Browsers,
    Surface,
    Secrets,
    Supply,
    Privacy,
    Proof,
}

impl Chapter {
    /// All, in the order of the page.
    pub(crate) const ALL: [Self; 11] = [
        Self::Identity,
        Self::Rights,
        Self::Privacy,
        Self::Proof,
        Self::Browsers,
        Self::Surface,
        Self::Limits,
        Self::Outbound,
        Self::Secrets,
        Self::Devices,
        Self::Supply,
    ];

    /// Its name in the file, and in the keys of texts.
    pub(crate) fn id(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Devices => "devices",
            Self::Rights => "rights",
            Self::Limits => "limits",
            Self::Outbound => "outbound",
            Self::Browsers => "browsers",
            Self::Surface => "surface",
            Self::Secrets => "secrets",
            Self::Supply => "supply",
            Self::Privacy => "privacy",
            Self::Proof => "proof",
        }
    }
}

/// How an item stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    /// Tests show all of it.
    Tested,
    /// Tests show a part of it, and the gap says which part is missing.
    Partial,
    /// It is not there.
    Gap,
}

impl State {
    /// Its name in the file, and in the keys of texts.
    pub(crate) fn id(self) -> &'static str {
        match self {
            Self::Tested => "tested",
            Self::Partial => "partial",
            Self::Gap => "gap",
        }
    }
}

/// One item.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Item {
    pub(crate) number: u32,
    pub(crate) chapter: Chapter,
    /// What it asks for, in English.
    pub(crate) asks: String,
    /// The clauses that ask for it.
    pub(crate) from: String,
    pub(crate) state: State,
    /// `FILE::TEST`.
    #[serde(default)]
    pub(crate) tests: Vec<String>,
    /// Commands that show more of it than fits into every test run.
    #[serde(default)]
    pub(crate) commands: Vec<String>,
    /// What is missing and why, in English.
    pub(crate) gap: Option<String>,
}

impl Item {
    /// For machines: `/trust/checklist.json`.
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "item": self.number,
            "chapter": self.chapter.id(),
            "asks": self.asks,
            "from": self.from,
            "state": self.state.id(),
            "tests": self.tests,
            "commands": self.commands,
            "gap": self.gap,
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    item: Vec<Item>,
}

/// All items, by number.
///
/// # Errors
/// When the file that was built in is not a checklist, which a test rules out.
pub(crate) fn checklist() -> Result<Vec<Item>, toml::de::Error> {
    toml::from_str::<File>(FILE).map(|file| file.item)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_read_and_no_chapter_is_empty() {
        let items = checklist().unwrap();
        assert_eq!(items.len(), 63);
        for chapter in Chapter::ALL {
            assert!(items.iter().any(|item| item.chapter == chapter), "{chapter:?}");
        }
        assert!(items.iter().all(|item| Chapter::ALL.contains(&item.chapter)));
    }
}
