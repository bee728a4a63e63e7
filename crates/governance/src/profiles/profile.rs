//! A profile, as its file has it.

use std::sync::LazyLock;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::checks;
use crate::desk::Kind;

/// The profiles that come with the program, by their ids.
const BUILT_IN: [(&str, &str); 5] = [
    ("gdpr", include_str!("../../profiles/gdpr.toml")),
    ("kenya-dpa", include_str!("../../profiles/kenya-dpa.toml")),
    ("malabo", include_str!("../../profiles/malabo.toml")),
    ("nigeria-ndpa", include_str!("../../profiles/nigeria-ndpa.toml")),
    ("popia", include_str!("../../profiles/popia.toml")),
];

/// How long a law gives, in days from when a request came, and in hours from when a breach became known. What a law does
/// not say is the program's default: 30 days, 72 hours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Clocks {
    /// To give access.
    pub access_days: u32,
    /// To correct.
    pub correction_days: u32,
    /// To hand over an export.
    pub export_days: u32,
    /// To erase.
    pub erasure_days: u32,
    /// To restrict.
    pub restriction_days: u32,
    /// To answer an objection.
    pub objection_days: u32,
    /// By how many days an answer can be put off, once.
    pub extension_days: u32,
    /// To tell the authority of a breach.
    pub breach_hours: u32,
}

impl Default for Clocks {
    fn default() -> Self {
        Self {
            access_days: 30,
            correction_days: 30,
            export_days: 30,
            erasure_days: 30,
            restriction_days: 30,
            objection_days: 30,
            extension_days: 30,
            breach_hours: 72,
        }
    }
}

impl Clocks {
    /// The days for a kind of request.
    pub fn days(&self, kind: Kind) -> u32 {
        match kind {
            Kind::Access => self.access_days,
            Kind::Correction => self.correction_days,
            Kind::Export => self.export_days,
            Kind::Erasure => self.erasure_days,
            Kind::Restriction => self.restriction_days,
            Kind::Objection => self.objection_days,
        }
    }
}

/// An article of a law.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Article {
    /// Where it stands: `Art. 30`, `s. 31`.
    pub article: String,
    /// What it is about.
    pub title: String,
    /// What it asks of the city, in our words.
    pub duty: String,
    /// The checks that can find it violated, by name.
    #[serde(default)]
    pub checks: Vec<String>,
    /// What people have to see to, since no program can check it.
    #[serde(default)]
    pub organisational: String,
}

/// A legal profile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// The version of this form: 1.
    pub version: u32,
    /// Its id: small letters, digits and `-`.
    pub id: String,
    /// The law, as it is called.
    pub name: String,
    /// Where it holds.
    pub territory: String,
    /// Who watches over it.
    pub authority: String,
    /// Where its text is published.
    pub text: String,
    /// On what this profile rests, and what is to be checked before it is relied on.
    pub basis: String,
    /// How long it gives.
    #[serde(default)]
    pub clocks: Clocks,
    /// Its articles, in their order.
    pub articles: Vec<Article>,
}

/// Why a text is no profile.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(pub String);

impl Profile {
    /// Those that come with the program.
    pub fn built_in() -> &'static [Self] {
        static READ: LazyLock<Vec<Profile>> = LazyLock::new(|| {
            // Each is read by a test, so none is left out here.
            (BUILT_IN.iter())
                .filter_map(|(_, text)| Profile::parse(text).ok())
                .collect()
        });
        &READ
    }

    /// The one of this id that comes with the program.
    pub fn of(id: &str) -> Option<&'static Self> {
        Self::built_in().iter().find(|profile| profile.id == id)
    }

    /// The ids of those that come with the program.
    pub fn ids() -> String {
        BUILT_IN.map(|(id, _)| id).join(", ")
    }

    /// Reads one.
    ///
    /// # Errors
    /// Where the text is no TOML of that form, or an article names a check that there is none of, or neither a check nor
    /// what people have to see to.
    pub fn parse(text: &str) -> Result<Self, Unreadable> {
        let profile: Self = toml::from_str(text).map_err(|error| Unreadable(error.to_string()))?;
        let wrong = |what: String| Err(Unreadable(what));
        if profile.version != 1 {
            return wrong(format!(
                "it has version {}, and this program reads version 1",
                profile.version
            ));
        }
        let id_letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if profile.id.is_empty() || profile.id.len() > 40 || !profile.id.chars().all(id_letter) {
            return wrong("`id`: use small letters, digits and `-`, at most 40".to_owned());
        }
        if profile.articles.is_empty() {
            return wrong("`articles`: a law without an article asks for nothing".to_owned());
        }
        for article in &profile.articles {
            let at = &article.article;
            if let Some(name) = article.checks.iter().find(|name| checks::named(name).is_none()) {
                let known: Vec<&str> = checks::CHECKS.iter().map(|check| check.name).collect();
                return wrong(format!(
                    "`{at}`: there is no check `{name}`; there are {}",
                    known.join(", ")
                ));
            }
            if article.checks.is_empty() && article.organisational.trim().is_empty() {
                return wrong(format!(
                    "`{at}`: name a check, or say what people have to see to (`organisational`)"
                ));
            }
        }
        Ok(profile)
    }
}

/// What stands before everything that is made of a profile.
pub(super) const CAUTION: &str = "This lists what a program can check, in its own words. It is no legal advice, and what it \
    does not find may still be missing.";

/// The JSON Schema of a profile's file.
pub fn json_schema() -> Json {
    schemars::schema_for!(Profile).to_value()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_profile_that_comes_with_the_program_is_read() {
        for (id, text) in BUILT_IN {
            let profile = Profile::parse(text).unwrap_or_else(|error| panic!("{id}: {error}"));
            assert_eq!(profile.id, id);
            assert!(Profile::of(id).is_some());
            let checked = profile
                .articles
                .iter()
                .filter(|article| !article.checks.is_empty())
                .count();
            assert!(checked >= 8, "{id}: {checked} articles are checked");
            let mut seen = std::collections::BTreeSet::new();
            for article in &profile.articles {
                assert!(seen.insert(&article.article), "{id}: {} twice", article.article);
            }
        }
        assert_eq!(Profile::built_in().len(), BUILT_IN.len());
        assert!(Profile::of("atlantis").is_none());
    }

    #[test]
    fn the_schema_beside_the_profiles_is_that_of_the_structs() {
        let file: Json = serde_json::from_str(include_str!("../../profiles/profile.schema.json")).unwrap();
        let now = serde_json::to_string_pretty(&json_schema()).unwrap();
        assert!(
            file == json_schema(),
            "profiles/profile.schema.json should be:\n{now}"
        );
    }

    #[test]
    fn what_is_no_profile_says_why() {
        let good = "version = 1\nid = \"a\"\nname = \"A\"\nterritory = \"A\"\nauthority = \"A\"\ntext = \"A\"\nbasis = \"A\"\n";
        let with = |article: &str| {
            format!("{good}[[articles]]\narticle = \"s. 1\"\ntitle = \"T\"\nduty = \"D\"\n{article}")
        };
        assert!(Profile::parse(&with("checks = [\"audit-recorded\"]")).is_ok());
        for (text, expected) in [
            (String::new(), "missing field"),
            (good.to_owned(), "missing field `articles`"),
            (format!("{good}articles = []"), "asks for nothing"),
            (
                with("checks = [\"magic\"]"),
                "`s. 1`: there is no check `magic`; there are login-required",
            ),
            (with(""), "`s. 1`: name a check"),
            (with("checks = []\nfulfilled = true"), "unknown field"),
            (
                with("checks = [\"audit-recorded\"]").replace("id = \"a\"", "id = \"A b\""),
                "`id`",
            ),
            (
                with("organisational = \"x\"").replace("version = 1", "version = 2"),
                "version 2",
            ),
            (
                with("organisational = \"x\"\n[clocks]\naccess_days = -1"),
                "invalid value",
            ),
        ] {
            let told = Profile::parse(&text).unwrap_err().to_string();
            assert!(told.contains(expected), "{told}\nshould say {expected}");
        }
    }
}
