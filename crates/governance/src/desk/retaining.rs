//! Retention at the desk: rules are made, looked at beforehand, and run.

use std::sync::Arc;

use query::{Caller, View};
use twin::Twin;

use super::activity::{Known, id_of};
use super::doing::{By, Desk};
use super::error::{Error, Result};
use super::instant::DAY;
use super::request::next_id;
use super::retention::{Counts, Ended, NewRule, Outcome, Rule, Run, RunState};
use super::sweep::{Ground, Sweep, Told};

/// What for, in the audit log.
const RETENTION: &str = "retention";
/// Runs that are over and are kept, at most.
const KEPT: usize = 2_000;

/// Which rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which<'a> {
    /// All that have not ended.
    All,
    /// This one.
    One(&'a str),
}

impl By {
    /// The program itself, in whose name retention runs by itself.
    pub fn retention() -> Self {
        Self::new(&View::open(Caller::System(RETENTION), RETENTION), false)
    }
}

impl Desk {
    /// Every rule of retention, by id.
    pub fn rules(&self) -> Vec<Arc<Rule>> {
        self.0.rules.all()
    }

    /// One of them.
    pub fn rule(&self, id: &str) -> Result<Arc<Rule>> {
        self.0.rules.get(id)
    }

    /// Every run, by id.
    pub fn runs(&self) -> Vec<Arc<Run>> {
        self.0.runs.all()
    }

    /// One of them.
    pub fn retention_run(&self, id: &str) -> Result<Arc<Run>> {
        self.0.runs.get(id)
    }

    /// Makes a rule. It runs from the next run on.
    pub fn make_rule(&self, by: &By, says: NewRule, known: &Known) -> Result<Arc<Rule>> {
        self.check_rule(&says, known)?;
        let now = self.now();
        self.0.rules.add(by.event("retention.create"), |others| {
            Ok(Rule {
                id: id_of(&says.name, |id| others.contains_key(id)),
                says,
                made_at: now,
                changed_at: now,
                changed_by: by.name(),
                ended: None,
            })
        })
    }

    /// Makes a rule say something else.
    pub fn change_rule(&self, by: &By, id: &str, says: NewRule, known: &Known) -> Result<Arc<Rule>> {
        self.check_rule(&says, known)?;
        let now = self.now();
        self.0.rules.change(id, by.event("retention.update"), |before| {
            if before.ended.is_some() {
                return Err(ended(id));
            }
            Ok(Rule {
                says,
                changed_at: now,
                changed_by: by.name(),
                ..before.clone()
            })
        })
    }

    /// Ends a rule: it stays in the records, and runs no more.
    pub fn end_rule(&self, by: &By, id: &str) -> Result<Arc<Rule>> {
        let now = self.now();
        self.0.rules.change(id, by.event("retention.end"), |before| {
            if before.ended.is_some() {
                return Err(ended(id));
            }
            Ok(Rule {
                ended: Some(Ended {
                    by: by.name(),
                    at: now,
                }),
                ..before.clone()
            })
        })
    }

    fn check_rule(&self, says: &NewRule, known: &Known) -> Result<()> {
        says.check(known, self.now())?;
        if !says.activity.is_empty() && self.activity(&says.activity).is_err() {
            return Err(Error::wrong(
                "activity",
                format!(
                    "the register has no activity `{}`",
                    super::words::short(&says.activity)
                ),
            ));
        }
        Ok(())
    }

    /// What would go now. Looks at everything that the rules speak of: for a thread that may wait.
    pub fn preview(&self, which: Which<'_>, ground: &Ground<'_>) -> Result<Vec<Outcome>> {
        let view = View::open(Caller::System(RETENTION), RETENTION);
        let mut outcomes = Vec::new();
        for rule in self.running(which)? {
            let mut outcome = self.outcome(&rule)?;
            if self.sweep(&rule, &mut outcome, ground, &view, false)?.is_err() {
                return Err(Error::Conflict("the program is stopping; ask again".to_owned()));
            }
            outcomes.push(outcome);
        }
        Ok(outcomes)
    }

    /// Runs rules. What is destroyed leaves a leaf for each write, and the run itself one when it begins and one, with
    /// the counts, when it ends. For a thread that may wait long.
    ///
    /// # Errors
    /// [`Error::Conflict`] while another run runs.
    pub fn retain(&self, by: &By, which: Which<'_>, ground: &Ground<'_>) -> Result<Arc<Run>> {
        let Some(_one) = self.0.running.try_lock() else {
            return Err(Error::Conflict(
                "retention runs already; wait until it has ended, see /governance/retention".to_owned(),
            ));
        };
        let rules = self.running(which)?;
        self.clear_runs(by)?;
        let now = self.now();
        let begun = self.0.runs.add(by.event("retention.begin"), |others| {
            Ok(Run {
                id: next_id('d', now, others.keys()),
                by: by.name(),
                began_at: now,
                ended_at: None,
                state: RunState::Running,
                why: String::new(),
                rules: Vec::new(),
            })
        })?;
        let view = by.all_seeing(RETENTION);
        let mut run = Run::clone(&begun);
        run.state = RunState::Done;
        for rule in &rules {
            let mut outcome = self.outcome(rule)?;
            let swept = self.sweep(rule, &mut outcome, ground, &view, true);
            let swept = swept.and_then(|swept| match swept {
                Ok(()) => self.look_again(rule, &mut outcome, ground, &view),
                told @ Err(_) => Ok(told),
            });
            run.rules.push(outcome);
            match swept {
                Ok(Ok(())) => {}
                Ok(Err(Told)) => {
                    run.state = RunState::Stopped;
                    break;
                }
                Err(error) => {
                    run.state = RunState::Failed;
                    run.why = error.to_string();
                    break;
                }
            }
        }
        run.ended_at = Some(self.now());
        self.0
            .runs
            .change(&begun.id, by.event("retention.end-run"), |_| Ok(run))
    }

    /// Whether the rules are to run by themselves: there are some, and none ran to its end by itself since a day.
    pub fn retention_is_due(&self) -> bool {
        let by = By::retention().name();
        let a_day_ago = self.now().plus_micros(-DAY);
        let ran = |run: &Arc<Run>| run.by == by && run.state == RunState::Done && run.began_at > a_day_ago;
        self.has_rules() && !self.runs().iter().any(ran)
    }

    /// Whether no rule was made or changed within a day: so long a new one can be looked at before it runs by itself.
    pub fn rules_are_settled(&self) -> bool {
        let a_day_ago = self.now().plus_micros(-DAY);
        let rules = self.rules();
        let mut running = rules.iter().filter(|rule| rule.ended.is_none());
        running.all(|rule| rule.changed_at <= a_day_ago)
    }

    /// Whether a run is recorded as running: it does, or the program ended in the middle of it.
    pub fn retention_runs(&self) -> bool {
        self.0.running.is_locked()
    }

    /// Whether there are rules that run.
    pub fn has_rules(&self) -> bool {
        self.rules().iter().any(|rule| rule.ended.is_none())
    }

    fn running(&self, which: Which<'_>) -> Result<Vec<Arc<Rule>>> {
        match which {
            Which::All => Ok((self.rules().into_iter())
                .filter(|rule| rule.ended.is_none())
                .collect()),
            Which::One(id) => {
                let rule = self.rule(id)?;
                if rule.ended.is_some() {
                    return Err(ended(id));
                }
                Ok(vec![rule])
            }
        }
    }

    fn outcome(&self, rule: &Rule) -> Result<Outcome> {
        Ok(Outcome {
            rule: rule.id.clone(),
            name: rule.says.name.clone(),
            before: rule.says.before(self.now())?,
            counts: Counts::default(),
            left: 0,
            proof: String::new(),
        })
    }

    fn sweep(
        &self,
        rule: &Rule,
        outcome: &mut Outcome,
        ground: &Ground<'_>,
        view: &View,
        act: bool,
    ) -> Result<std::result::Result<(), Told>> {
        let names = ground.tenants.iter().map(|name| Some(name.as_str()));
        for tenant in std::iter::once(None).chain(names) {
            if !rule.says.is_for(tenant) {
                continue;
            }
            let Some(twin): Option<Twin> = (ground.twin_of)(tenant) else {
                continue;
            };
            let sweep = Sweep {
                desk: self,
                ground,
                rule: &rule.says,
                tenant,
                twin: &twin,
                view,
                before: outcome.before,
                act,
            };
            if sweep.run(&mut outcome.counts)?.is_err() {
                return Ok(Err(Told));
            }
        }
        Ok(Ok(()))
    }

    /// Looks whether what had to go is gone, and says so.
    fn look_again(
        &self,
        rule: &Rule,
        outcome: &mut Outcome,
        ground: &Ground<'_>,
        view: &View,
    ) -> Result<std::result::Result<(), Told>> {
        let mut again = Outcome {
            counts: Counts::default(),
            ..outcome.clone()
        };
        if let told @ Err(_) = self.sweep(rule, &mut again, ground, view, false)? {
            return Ok(told);
        }
        let left = &again.counts;
        outcome.left = left.entities + left.instances + left.values;
        outcome.counts.oldest = left.oldest;
        let counts = &outcome.counts;
        outcome.proof = format!(
            "Of before {}: {} values of the past, {} values that were there now and {} whole entities were destroyed; {} \
             entities are held. Looked at again on {}: {} of it left.",
            outcome.before,
            counts.instances,
            counts.values,
            counts.entities,
            counts.held,
            self.now(),
            outcome.left
        );
        Ok(Ok(()))
    }

    /// Says of runs that the end of the program cut off that it did, and lets the oldest go.
    fn clear_runs(&self, by: &By) -> Result<()> {
        let runs = self.runs();
        for cut_off in runs.iter().filter(|run| run.state == RunState::Running) {
            let event = by.event("retention.end-run");
            self.0.runs.change(&cut_off.id, event, |before| {
                Ok(Run {
                    state: RunState::Interrupted,
                    why: "the program ended before the run did; the next run went on".to_owned(),
                    ..before.clone()
                })
            })?;
        }
        let mut oldest: Vec<&Arc<Run>> = runs.iter().collect();
        oldest.sort_by_key(|run| run.began_at);
        for run in oldest.iter().take(runs.len().saturating_sub(KEPT)) {
            self.0.runs.remove(&run.id, by.event("retention.forget-run"))?;
        }
        Ok(())
    }
}

fn ended(id: &str) -> Error {
    Error::Conflict(format!("the rule `{id}` was ended; make a new one"))
}
