//! The gap report: what a law asks, article by article, and how an installation stands.

use serde::Serialize;

use super::checks::{self, Verdict};
use super::facts::Facts;
use super::profile::{CAUTION, Clocks, Profile};

/// How an article stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// A check found it violated.
    Violated,
    /// Every check of it holds. What is organisational is still for people.
    Checked,
    /// No program can check it.
    Organisational,
}

impl Standing {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Violated => "violated",
            Self::Checked => "checked",
            Self::Organisational => "organisational",
        }
    }
}

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The check.
    pub check: &'static str,
    /// What it asks.
    pub asks: &'static str,
    /// The setting or the record that it looks at.
    pub setting: &'static str,
    /// Whether it holds.
    pub holds: bool,
    /// What it found.
    pub found: String,
    /// What to do, where it does not hold.
    pub remedy: Option<String>,
}

/// How an article stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stood {
    /// Where it stands.
    pub article: String,
    /// What it is about.
    pub title: String,
    /// What it asks.
    pub duty: String,
    /// How it stands.
    pub standing: Standing,
    /// What its checks found.
    pub checks: Vec<Finding>,
    /// What people have to see to.
    pub organisational: String,
}

/// A gap report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The profile's id.
    pub profile: String,
    /// The law.
    pub name: String,
    /// Where it holds.
    pub territory: String,
    /// Who watches over it.
    pub authority: String,
    /// Where its text is published.
    pub text: String,
    /// On what the profile rests.
    pub basis: String,
    /// What the report is not.
    pub caution: String,
    /// When it was made.
    pub at: String,
    /// Its clocks.
    pub clocks: Clocks,
    /// How many articles are violated.
    pub violated: usize,
    /// Of how many every check holds.
    pub checked: usize,
    /// How many no program can check.
    pub organisational: usize,
    /// The articles.
    pub articles: Vec<Stood>,
}

impl Report {
    /// Holds an installation against a law.
    pub fn of(profile: &Profile, facts: &Facts) -> Self {
        let articles: Vec<Stood> = profile
            .articles
            .iter()
            .map(|article| {
                let checks: Vec<Finding> = (article.checks.iter())
                    .filter_map(|name| checks::named(name))
                    .map(|check| {
                        let (holds, found, remedy) = match check.run(facts, &profile.clocks) {
                            Verdict::Holds(found) => (true, found, None),
                            Verdict::Violated { found, remedy } => (false, found, Some(remedy)),
                        };
                        Finding {
                            check: check.name,
                            asks: check.asks,
                            setting: check.setting,
                            holds,
                            found,
                            remedy,
                        }
                    })
                    .collect();
                let standing = if checks.is_empty() {
                    Standing::Organisational
                } else if checks.iter().all(|check| check.holds) {
                    Standing::Checked
                } else {
                    Standing::Violated
                };
                Stood {
                    article: article.article.clone(),
                    title: article.title.clone(),
                    duty: article.duty.clone(),
                    standing,
                    checks,
                    organisational: article.organisational.clone(),
                }
            })
            .collect();
        let count = |standing| {
            articles
                .iter()
                .filter(|article| article.standing == standing)
                .count()
        };
        Self {
            profile: profile.id.clone(),
            name: profile.name.clone(),
            territory: profile.territory.clone(),
            authority: profile.authority.clone(),
            text: profile.text.clone(),
            basis: profile.basis.clone(),
            caution: CAUTION.to_owned(),
            at: facts.now.to_string(),
            clocks: profile.clocks.clone(),
            violated: count(Standing::Violated),
            checked: count(Standing::Checked),
            organisational: count(Standing::Organisational),
            articles,
        }
    }
}
