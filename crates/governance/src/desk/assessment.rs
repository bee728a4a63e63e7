//! The impact assessment of an activity: what could happen to people, what is done against it, and who agreed.

use ngsi_ld::Timestamp;
use serde::{Deserialize, Serialize};

use super::error::Result;
use super::{instant, words};

/// How likely, how bad, or how much of a risk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Hardly.
    Low,
    /// Somewhat.
    Medium,
    /// Much.
    High,
}

impl Level {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Low, Self::Medium, Self::High];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }

    /// The one with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.name() == name)
    }
}

/// Something that could happen to people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Risk {
    /// What.
    pub what: String,
    /// How likely it is.
    pub likelihood: Level,
    /// How bad it would be.
    pub severity: Level,
    /// What is done against it.
    pub measure: String,
}

/// What an assessment found (GDPR, Article 35 (7)).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Findings {
    /// Why it is needed, and why less would not do.
    pub necessity: String,
    /// What could happen.
    pub risks: Vec<Risk>,
    /// What remains of it, with the measures.
    pub residual: Level,
    /// Where much remains: when the authority was asked, and what it said.
    #[serde(default)]
    pub consultation: String,
    /// What the data-protection officer says.
    #[serde(default)]
    pub opinion: String,
    /// By when it is to be looked at again.
    #[serde(with = "instant")]
    pub review_at: Timestamp,
}

/// That somebody else agreed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// Who.
    pub by: String,
    /// When.
    #[serde(with = "instant")]
    pub at: Timestamp,
}

/// An impact assessment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assessment {
    /// What it found.
    #[serde(flatten)]
    pub findings: Findings,
    /// Who wrote it.
    pub author: String,
    /// When.
    #[serde(with = "instant")]
    pub written_at: Timestamp,
    /// Who agreed, if anybody did.
    pub approval: Option<Approval>,
}

impl Findings {
    /// Refuses an assessment that assesses nothing.
    pub(super) fn check(&self, now: Timestamp) -> Result<()> {
        words::some(
            "necessity",
            &self.necessity,
            words::TEXT,
            "say why the activity is needed, and why less would not do",
        )?;
        if self.risks.is_empty() {
            return Err(super::Error::wrong(
                "risks",
                "it is empty: name one risk to people at least, and what is done against it",
            ));
        }
        words::list("risks", self.risks.iter().map(|risk| risk.what.as_str()))?;
        for (number, risk) in self.risks.iter().enumerate() {
            words::some(
                &format!("risks[{number}].measure"),
                &risk.measure,
                words::TEXT,
                "say what is done against it",
            )?;
        }
        words::text("consultation", &self.consultation, words::TEXT)?;
        words::text("opinion", &self.opinion, words::TEXT)?;
        if self.review_at <= now {
            return Err(super::Error::wrong(
                "review_at",
                "it is past: say by when it is to be looked at again",
            ));
        }
        Ok(())
    }
}

impl Assessment {
    /// Whether it holds: somebody else agreed, and the time for another look has not come.
    pub fn holds(&self, now: Timestamp) -> bool {
        self.approval.is_some() && now < self.findings.review_at
    }
}
