//! Whether what has had its time goes.

use super::{Verdict, holds, violated, without};
use crate::desk::{Activity, DAY_MICROS, Outcome};
use crate::profiles::facts::Facts;
use crate::profiles::profile::Clocks;

/// Whether a rule that runs keeps nothing of an activity for longer than the register says.
fn is_kept_by_a_rule(facts: &Facts, activity: &Activity) -> bool {
    let Some(days) = activity.description.retention_days else {
        return false;
    };
    let longest = facts.now.plus_micros(-i64::from(days) * DAY_MICROS);
    (facts.rules.iter())
        .filter(|rule| rule.ended.is_none() && rule.says.activity == activity.id)
        .any(|rule| rule.says.before(facts.now).is_ok_and(|before| before >= longest))
}

pub(super) fn retention_runs(facts: &Facts, _: &Clocks) -> Verdict {
    let personal: Vec<_> = (facts.activities.iter())
        .filter(|activity| activity.description.is_personal())
        .collect();
    let without_rule: Vec<String> = (personal.iter())
        .filter(|activity| !is_kept_by_a_rule(facts, activity))
        .map(|activity| format!("`{}`", activity.id))
        .collect();
    if !without_rule.is_empty() {
        return without(
            &without_rule,
            "",
            "have no rule that deletes what was kept for as long as the register says",
            "make a rule at /governance/retention with `activity` and a `keep` that is no longer than `retention_days`",
        );
    }
    // What the latest run of each rule left.
    let left = |rule: &str| -> Option<&Outcome> {
        let mut runs: Vec<_> = facts.runs.iter().collect();
        runs.sort_by_key(|run| run.began_at);
        let latest = runs
            .iter()
            .rev()
            .find_map(|run| run.rules.iter().find(|it| it.rule == rule));
        latest.filter(|outcome| outcome.left > 0)
    };
    let failing = facts
        .rules
        .iter()
        .filter(|rule| rule.ended.is_none())
        .find_map(|rule| left(&rule.id));
    match failing {
        Some(outcome) => violated(
            format!(
                "the latest run of `{}` left {} of what had to go",
                outcome.rule, outcome.left
            ),
            "have it run again at /governance/retention, and look why in the log of the program",
        ),
        None => holds(format!(
            "each of the {} activities with personal data has a rule, and no run left anything",
            personal.len()
        )),
    }
}
