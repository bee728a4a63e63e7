//! Retention: how long what is kept, as rules that run, and the record of what they did.

use ngsi_ld::context::Context;
use ngsi_ld::query::temporal::Period;
use ngsi_ld::{Entity, Name, Timestamp};
use serde::{Deserialize, Serialize};

use super::activity::Known;
use super::error::{Error, Result};
use super::shelf::Record;
use super::{instant, words};

/// What goes when its time has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum What {
    /// Values of the past. What is there now stays, however old it is.
    #[default]
    History,
    /// Values of the past, and those that are there now and were not observed again since.
    Values,
    /// Whole entities, with their past, of which nothing was observed since.
    Entities,
}

impl What {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::History, Self::Values, Self::Entities];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::History => "history",
            Self::Values => "values",
            Self::Entities => "entities",
        }
    }
}

/// What a rule is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NewRule {
    /// What it is called.
    pub name: String,
    /// For which processing activity of the register: its id.
    pub activity: String,
    /// In whose data: without it, the default tenant's; `*`: everybody's.
    pub tenant: Option<String>,
    /// Of entities of these types: terms, or full IRIs; `*` is every type.
    pub types: Vec<String>,
    /// These attributes.
    pub attributes: Vec<String>,
    /// Attributes of these classes, as the policies of access know them. With neither these nor those: all.
    pub classes: Vec<String>,
    /// What goes.
    pub what: What,
    /// For how long it is kept: an ISO 8601 duration, as `P30D`, `P6M`, `PT12H`.
    pub keep: String,
}

/// That a rule no longer runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// By whom.
    pub by: String,
    /// When.
    #[serde(with = "instant")]
    pub at: Timestamp,
}

/// A rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// Its id, made from its first name.
    pub id: String,
    /// What it says.
    #[serde(flatten)]
    pub says: NewRule,
    /// When it was made.
    #[serde(with = "instant")]
    pub made_at: Timestamp,
    /// When it was changed last.
    #[serde(with = "instant")]
    pub changed_at: Timestamp,
    /// Who did.
    pub changed_by: String,
    /// That it no longer runs.
    pub ended: Option<Ended>,
}

impl Record for Rule {
    const TABLE: &'static str = "governance-retention";
    const SORT: &'static str = "RetentionRule";
    const WHAT: &'static str = "retention rule";
    const MOST: usize = 1_000;
    fn id(&self) -> &str {
        &self.id
    }
}

/// The longest that a rule keeps something, in years.
const LONGEST_YEARS: i64 = 200;

impl NewRule {
    /// Refuses a rule that could not run, or not as it reads.
    pub fn check(&self, known: &Known, now: Timestamp) -> Result<()> {
        words::some("name", &self.name, words::NAME, "say what the rule is called")?;
        words::text("activity", &self.activity, words::NAME)?;
        for (place, given) in [
            ("types", &self.types),
            ("attributes", &self.attributes),
            ("classes", &self.classes),
        ] {
            words::list(place, given.iter().map(String::as_str))?;
        }
        if self.types.is_empty() {
            return Err(Error::wrong(
                "types",
                "it is empty: name the types of entities, or `*` for every type",
            ));
        }
        if self.what == What::Entities && !(self.attributes.is_empty() && self.classes.is_empty()) {
            return Err(Error::wrong(
                "what",
                "whole entities have all their attributes: leave `attributes` and `classes` out, or give `history` or `values`",
            ));
        }
        if let Some(known) = &known.classes
            && let Some(unknown) = self.classes.iter().find(|class| !known.contains(*class))
        {
            let all: Vec<&str> = known.iter().map(String::as_str).collect();
            return Err(Error::wrong(
                "classes",
                format!(
                    "there is no `{}`; there are {}",
                    words::short(unknown),
                    all.join(", ")
                ),
            ));
        }
        self.before(now).map(|_| ())
    }

    /// What is of before this instant goes, at this time.
    pub fn before(&self, now: Timestamp) -> Result<Timestamp> {
        let bad = |why: &str| {
            Error::wrong(
                "keep",
                format!(
                    "`{}` {why}; give a duration as `P30D`, `P6M`, `P2Y` or `PT12H`",
                    words::short(&self.keep)
                ),
            )
        };
        let period = match Period::parse(self.keep.trim()) {
            Ok(Some(period)) => period,
            Ok(None) => return Err(bad("is no time at all")),
            Err(_) => return Err(bad("is no ISO 8601 duration, or goes backwards")),
        };
        let before = period
            .after(now, -1)
            .ok_or_else(|| bad("goes back before the calendar"))?;
        if now.as_micros() - before.as_micros() > LONGEST_YEARS * 366 * instant::DAY {
            return Err(bad("is longer than 200 years"));
        }
        Ok(before)
    }

    /// The types that it names; empty: every type.
    pub(super) fn of_types(&self) -> Vec<Name> {
        if self.types.iter().any(|of| of == "*") {
            return Vec::new();
        }
        let core = Context::core();
        self.types.iter().map(|of| core.expand(of)).collect()
    }

    /// Whether it speaks of an attribute of an entity.
    pub(super) fn speaks_of(
        &self,
        entity: &Entity,
        attribute: &Name,
        class_of: &dyn Fn(&Entity, &Name) -> String,
    ) -> bool {
        let core = Context::core();
        (self.attributes.is_empty() && self.classes.is_empty())
            || self.attributes.iter().any(|name| core.expand(name) == *attribute)
            || (!self.classes.is_empty() && self.classes.contains(&class_of(entity, attribute)))
    }

    /// Whether it speaks of the data of a tenant.
    pub(super) fn is_for(&self, tenant: Option<&str>) -> bool {
        match self.tenant.as_deref() {
            Some("*") => true,
            named => named.filter(|name| !name.is_empty()) == tenant,
        }
    }
}

/// What a rule did, or would do: counts, and never a value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Whole entities.
    pub entities: u64,
    /// Values of the past.
    pub instances: u64,
    /// Values that were there now.
    pub values: u64,
    /// Entities of which something would have gone, but for a legal hold.
    pub held: u64,
    /// Of everything that the rule speaks of, the oldest is of this instant.
    #[serde(with = "instant::optional")]
    pub oldest: Option<Timestamp>,
}

impl Counts {
    /// Whether nothing was to go.
    pub fn is_nothing(&self) -> bool {
        self.entities == 0 && self.instances == 0 && self.values == 0
    }
}

/// What became of one rule in a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// The rule.
    pub rule: String,
    /// What it was called then.
    pub name: String,
    /// What is of before this instant had to go.
    #[serde(with = "instant")]
    pub before: Timestamp,
    /// What went; in a preview, what would go.
    #[serde(flatten)]
    pub counts: Counts,
    /// What should have gone and was still there when it was looked at again afterwards.
    pub left: u64,
    /// What happened, in words, where something did.
    pub proof: String,
}

/// How a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RunState {
    /// It runs.
    Running,
    /// All rules ran to their end.
    Done,
    /// The program was told to stop; the next run goes on.
    Stopped,
    /// The program ended in the middle; the next run went on.
    Interrupted,
    /// The store failed.
    Failed,
}

impl RunState {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Stopped => "stopped",
            Self::Interrupted => "interrupted",
            Self::Failed => "failed",
        }
    }
}

/// One run of the rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Its id: `d-2026-0001`.
    pub id: String,
    /// Who had it run; `system:retention` where nobody had to.
    pub by: String,
    /// When it began.
    #[serde(with = "instant")]
    pub began_at: Timestamp,
    /// When it ended.
    #[serde(with = "instant::optional")]
    pub ended_at: Option<Timestamp>,
    /// How it stands.
    pub state: RunState,
    /// Why it failed.
    pub why: String,
    /// What each rule did.
    pub rules: Vec<Outcome>,
}

impl Record for Run {
    const TABLE: &'static str = "governance-retention-runs";
    const SORT: &'static str = "RetentionRun";
    const WHAT: &'static str = "run of retention";
    const MOST: usize = 5_000;
    fn id(&self) -> &str {
        &self.id
    }
}
