//! What went wrong with personal data, with its clock.

use ngsi_ld::Timestamp;
use serde::{Deserialize, Serialize};

use super::assessment::Level;
use super::error::{Error, Result};
use super::request::STEPS;
use super::shelf::Record;
use super::{Step, instant, words};
use crate::profiles::Clocks;

/// What is said of a breach (GDPR, Article 33 (3) and (5)).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewBreach {
    /// What it is called.
    pub title: String,
    /// What happened.
    pub nature: String,
    /// When it became known; the clock runs from here.
    #[serde(default, with = "instant::optional")]
    pub known_at: Option<Timestamp>,
    /// How much harm it can do to people.
    pub risk: Level,
    /// About how many people.
    #[serde(default)]
    pub people: Option<u64>,
    /// Which data, of whom.
    #[serde(default)]
    pub data: String,
    /// What may come of it.
    #[serde(default)]
    pub consequences: String,
    /// What is done about it.
    #[serde(default)]
    pub measures: String,
}

/// That somebody was told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// When.
    #[serde(with = "instant")]
    pub at: Timestamp,
    /// Under which number, or how.
    pub reference: String,
}

/// What is to be done about it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "step", rename_all = "lowercase", deny_unknown_fields)]
pub enum BreachStep {
    /// The authority was told.
    Authority {
        /// Under which number.
        note: String,
    },
    /// The people were told.
    People {
        /// How.
        note: String,
    },
    /// The risk is another one than it seemed.
    Risk {
        /// How much.
        risk: Level,
        /// Why.
        note: String,
    },
    /// Nothing more is to be done.
    Close {
        /// What came of it; where nobody had to be told, why.
        note: String,
    },
}

/// A breach.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Breach {
    /// Its id: `b-2026-0001`.
    pub id: String,
    /// What it is called.
    pub title: String,
    /// What happened.
    pub nature: String,
    /// When it became known.
    #[serde(with = "instant")]
    pub known_at: Timestamp,
    /// By when the authority is to be told.
    #[serde(with = "instant")]
    pub due_at: Timestamp,
    /// How much harm it can do to people.
    pub risk: Level,
    /// About how many people.
    pub people: Option<u64>,
    /// Which data, of whom.
    pub data: String,
    /// What may come of it.
    pub consequences: String,
    /// What is done about it.
    pub measures: String,
    /// That the authority was told.
    pub authority: Option<Told>,
    /// That the people were told.
    pub told_people: Option<Told>,
    /// When it was closed.
    #[serde(with = "instant::optional")]
    pub closed_at: Option<Timestamp>,
    /// What was done, in order.
    pub steps: Vec<Step>,
}

impl Record for Breach {
    const TABLE: &'static str = "governance-breaches";
    const SORT: &'static str = "DataBreach";
    const WHAT: &'static str = "breach";
    const MOST: usize = 20_000;
    fn id(&self) -> &str {
        &self.id
    }
}

impl Breach {
    pub(super) fn new(id: String, new: NewBreach, clocks: &Clocks, now: Timestamp) -> Result<Self> {
        words::some(
            "title",
            &new.title,
            words::NAME,
            "say in a few words what happened",
        )?;
        words::some("nature", &new.nature, words::TEXT, "say what happened")?;
        for (place, given) in [
            ("data", &new.data),
            ("consequences", &new.consequences),
            ("measures", &new.measures),
        ] {
            words::text(place, given, words::TEXT)?;
        }
        let known_at = new.known_at.unwrap_or(now);
        if known_at > now {
            return Err(Error::wrong("known_at", "it is in the future"));
        }
        Ok(Self {
            id,
            title: new.title,
            nature: new.nature,
            known_at,
            due_at: known_at.plus_micros(i64::from(clocks.breach_hours) * instant::HOUR),
            risk: new.risk,
            people: new.people,
            data: new.data,
            consequences: new.consequences,
            measures: new.measures,
            authority: None,
            told_people: None,
            closed_at: None,
            steps: Vec::new(),
        })
    }

    /// Whether the authority had to be told by now, by a law's clock, and was not, or too late.
    pub fn is_late(&self, clocks: &Clocks, now: Timestamp) -> bool {
        let due = self
            .known_at
            .plus_micros(i64::from(clocks.breach_hours) * instant::HOUR);
        match (&self.authority, self.risk) {
            (Some(told), _) => told.at > due,
            (None, Level::Low) => false,
            (None, _) => now > due,
        }
    }

    /// What comes of a step.
    pub(super) fn after(&self, step: &BreachStep, by: &str, at: Timestamp) -> Result<Self> {
        if self.closed_at.is_some() {
            return Err(Error::Conflict(format!(
                "`{}` is closed; enter a new breach",
                self.id
            )));
        }
        if self.steps.len() >= STEPS {
            return Err(Error::Conflict(format!(
                "`{}` has {STEPS} steps already",
                self.id
            )));
        }
        let (name, note) = step.named();
        words::some("note", note, words::TEXT, "say what was done, or why")?;
        let told = || Told {
            at,
            reference: note.to_owned(),
        };
        let mut breach = self.clone();
        match step {
            BreachStep::Authority { .. } => breach.authority = Some(told()),
            BreachStep::People { .. } => breach.told_people = Some(told()),
            BreachStep::Risk { risk, .. } => breach.risk = *risk,
            BreachStep::Close { .. } => {
                if self.risk > Level::Low && self.authority.is_none() {
                    return Err(Error::Conflict(format!(
                        "the risk of `{}` is not low, so the authority has to be told before it is closed: take the step \
                         `authority`, or `risk` where it turned out to be low",
                        self.id
                    )));
                }
                if self.risk == Level::High && self.told_people.is_none() {
                    return Err(Error::Conflict(format!(
                        "the risk of `{}` is high, so the people have to be told before it is closed: take the step \
                         `people`, or `risk` where it turned out to be less",
                        self.id
                    )));
                }
                breach.closed_at = Some(at);
            }
        }
        breach.steps.push(Step {
            step: name.to_owned(),
            at,
            by: by.to_owned(),
            note: note.to_owned(),
        });
        Ok(breach)
    }
}

impl BreachStep {
    /// Its name, and what is said of it.
    pub(super) fn named(&self) -> (&'static str, &str) {
        match self {
            Self::Authority { note } => ("authority", note),
            Self::People { note } => ("people", note),
            Self::Risk { note, .. } => ("risk", note),
            Self::Close { note } => ("close", note),
        }
    }
}
