//! What people ask about their own data, with its clock.

use ngsi_ld::{Timestamp, Uri};
use serde::{Deserialize, Serialize};

use super::error::{Error, Result};
use super::shelf::Record;
use super::{instant, words};
use crate::profiles::Clocks;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// To see what is known.
    Access,
    /// To have it put right.
    Correction,
    /// To take it elsewhere.
    Export,
    /// To have it erased.
    Erasure,
    /// To have it left alone while something is cleared up.
    Restriction,
    /// That it is not used for this.
    Objection,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Access,
        Self::Correction,
        Self::Export,
        Self::Erasure,
        Self::Restriction,
        Self::Objection,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Correction => "correction",
            Self::Export => "export",
            Self::Erasure => "erasure",
            Self::Restriction => "restriction",
            Self::Objection => "objection",
        }
    }
}

/// What a request is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewRequest {
    /// What is asked for.
    pub kind: Kind,
    /// Who asks: a name, a way to answer.
    pub subject: String,
    /// The entities that are theirs.
    #[serde(default)]
    pub entities: Vec<String>,
    /// In whose data; without it, the default tenant's.
    #[serde(default)]
    pub tenant: Option<String>,
    /// What they wrote.
    #[serde(default)]
    pub details: String,
    /// When it came, where that was before it was entered.
    #[serde(default, with = "instant::optional")]
    pub received_at: Option<Timestamp>,
}

/// How a request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Nobody knows yet whether it is really theirs.
    Received,
    /// It is theirs, and worked on.
    Identified,
    /// It was done.
    Done,
    /// It was refused.
    Refused,
}

/// What was done about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// What.
    pub step: String,
    /// When.
    #[serde(with = "instant")]
    pub at: Timestamp,
    /// By whom.
    pub by: String,
    /// What is to be said of it.
    pub note: String,
}

/// What is to be done about it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "step", rename_all = "lowercase", deny_unknown_fields)]
pub enum RequestStep {
    /// It was found out which entities are theirs.
    Entities {
        /// All of them.
        entities: Vec<String>,
        /// How.
        note: String,
    },
    /// It was made sure that it is theirs.
    Identity {
        /// How.
        note: String,
    },
    /// It takes longer, once, and they were told.
    Extend {
        /// By so many days.
        days: u32,
        /// Why.
        note: String,
    },
    /// An attribute of one of the entities is put right.
    Correct {
        /// Which entity.
        entity: String,
        /// Which attribute: a term, or a full IRI.
        attribute: String,
        /// What it is to be: the value, or the members of the attribute as NGSI-LD has them.
        value: serde_json::Value,
        /// What it is now, so that nothing else is overwritten; without it, whatever it is.
        #[serde(default)]
        was: Option<serde_json::Value>,
        /// What is to be said of it.
        note: String,
    },
    /// The entities are erased, with their past.
    Erase {
        /// What is to be said of it.
        #[serde(default)]
        note: String,
    },
    /// It was done.
    Done {
        /// What was answered.
        note: String,
    },
    /// It is refused.
    Refuse {
        /// Why, and where they can complain.
        note: String,
    },
}

/// A request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Its id: `r-2026-0001`.
    pub id: String,
    /// What is asked for.
    pub kind: Kind,
    /// Who asks.
    pub subject: String,
    /// The entities that are theirs.
    pub entities: Vec<String>,
    /// In whose data.
    pub tenant: Option<String>,
    /// What they wrote.
    pub details: String,
    /// How it stands.
    pub state: State,
    /// When it came.
    #[serde(with = "instant")]
    pub received_at: Timestamp,
    /// By when it is to be answered.
    #[serde(with = "instant")]
    pub due_at: Timestamp,
    /// By how many days that was put off.
    pub extended_days: u32,
    /// When it was answered.
    #[serde(with = "instant::optional")]
    pub closed_at: Option<Timestamp>,
    /// What was done, in order.
    pub steps: Vec<Step>,
}

impl Record for Request {
    const TABLE: &'static str = "governance-requests";
    const SORT: &'static str = "DataSubjectRequest";
    const WHAT: &'static str = "request";
    const MOST: usize = 100_000;
    fn id(&self) -> &str {
        &self.id
    }
}

/// The most steps of a record.
pub(super) const STEPS: usize = 200;

impl Request {
    pub(super) fn new(id: String, new: NewRequest, clocks: &Clocks, now: Timestamp) -> Result<Self> {
        words::some(
            "subject",
            &new.subject,
            words::NAME,
            "say who asks, and how to answer",
        )?;
        words::text("details", &new.details, words::TEXT)?;
        let entities = entities(&new.entities)?;
        let received_at = new.received_at.unwrap_or(now);
        if received_at > now {
            return Err(Error::wrong("received_at", "it is in the future"));
        }
        Ok(Self {
            id,
            kind: new.kind,
            subject: new.subject,
            entities,
            tenant: new.tenant.filter(|name| !name.is_empty()),
            details: new.details,
            state: State::Received,
            received_at,
            due_at: received_at.plus_micros(i64::from(clocks.days(new.kind)) * instant::DAY),
            extended_days: 0,
            closed_at: None,
            steps: Vec::new(),
        })
    }

    /// Whether it still waits for an answer.
    pub fn is_open(&self) -> bool {
        self.closed_at.is_none()
    }

    /// Whether it was not answered in the time that a law gives: that of its kind, put off at most by as much as it
    /// can be.
    pub fn is_late(&self, clocks: &Clocks, now: Timestamp) -> bool {
        let days = clocks.days(self.kind) + self.extended_days.min(clocks.extension_days);
        let due = self.received_at.plus_micros(i64::from(days) * instant::DAY);
        self.closed_at.unwrap_or(now) > due
    }

    /// Whether such a step was taken.
    pub fn has(&self, step: &str) -> bool {
        self.steps.iter().any(|taken| taken.step == step)
    }

    /// The entities, as ids.
    pub(super) fn ids(&self) -> Vec<Uri> {
        self.entities
            .iter()
            .filter_map(|id| Uri::parse(id).ok())
            .collect()
    }

    /// Refuses what needs to know that the request is theirs.
    pub(super) fn must_be_identified(&self) -> Result<()> {
        match self.state {
            State::Identified => Ok(()),
            State::Received => Err(Error::Conflict(format!(
                "nobody made sure yet that `{}` comes from the person whose data they are: take the step `identity` first",
                self.id
            ))),
            State::Done | State::Refused => Err(self.is_closed()),
        }
    }

    pub(super) fn is_closed(&self) -> Error {
        Error::Conflict(format!("`{}` was answered already; enter a new request", self.id))
    }

    /// The same with one step more.
    pub(super) fn and(mut self, step: &str, note: &str, by: &str, at: Timestamp) -> Result<Self> {
        words::some("note", note, words::TEXT, "say what was done, or why")?;
        if self.steps.len() >= STEPS {
            return Err(Error::Conflict(format!(
                "`{}` has {STEPS} steps already",
                self.id
            )));
        }
        self.steps.push(Step {
            step: step.to_owned(),
            at,
            by: by.to_owned(),
            note: note.to_owned(),
        });
        Ok(self)
    }
}

/// Refuses ids that are none.
pub(super) fn entities(given: &[String]) -> Result<Vec<String>> {
    words::list("entities", given.iter().map(String::as_str))?;
    for (number, id) in given.iter().enumerate() {
        Uri::parse(id).map_err(|error| Error::wrong(format!("entities[{number}]"), error.to_string()))?;
    }
    Ok(given.to_vec())
}

impl RequestStep {
    /// Its name, and what is said of it.
    pub(super) fn named(&self) -> (&'static str, &str) {
        match self {
            Self::Entities { note, .. } => ("entities", note),
            Self::Identity { note } => ("identity", note),
            Self::Extend { note, .. } => ("extend", note),
            Self::Correct { note, .. } => ("correct", note),
            Self::Erase { note } => ("erase", note),
            Self::Done { note } => ("done", note),
            Self::Refuse { note } => ("refuse", note),
        }
    }
}

/// The next id: a letter, the year, a number that counts up.
pub(super) fn next_id<'a>(letter: char, now: Timestamp, known: impl Iterator<Item = &'a String>) -> String {
    let year = now.to_jiff().strftime("%Y").to_string();
    let before = format!("{letter}-{year}-");
    let last = known
        .filter_map(|id| id.strip_prefix(&before)?.parse::<u32>().ok())
        .max()
        .unwrap_or(0);
    format!("{before}{:04}", last + 1)
}
