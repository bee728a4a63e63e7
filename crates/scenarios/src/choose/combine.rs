//! What every subset gives, of what the simulated ones gave.

use std::collections::BTreeMap;

use super::lab::{Count, Mask, bit, members};
use super::plan::{Impossible, Plan, Rules};
use super::search::Outcomes;

/// What is known of all subsets, by their bits.
pub(crate) struct Table {
    /// The counts of each objective, or why the subset cannot be.
    pub(crate) rows: Vec<Result<Vec<Count>, Bar>>,
}

/// Why a subset cannot be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Bar {
    Rule(Impossible),
    /// What the simulation found against it.
    Found(String),
}

impl Table {
    /// Adds up, component by component, what the parts of each subset change. `indicator_of`: the indicator of each
    /// objective.
    pub(crate) fn new(
        count: usize,
        base: &[Count],
        indicator_of: &[usize],
        plan: &Plan,
        rules: &Rules,
        outcomes: &Outcomes,
    ) -> Self {
        let rows = (0..bit(count))
            .map(|mask| match rules.against(mask) {
                Some(impossible) => Err(Bar::Rule(impossible)),
                None => base
                    .iter()
                    .enumerate()
                    .map(|(objective, &base)| {
                        let components = &plan.components[indicator_of[objective]];
                        components.iter().try_fold(base, |sum, component| {
                            let part = component & mask;
                            if part == 0 {
                                return Ok(sum);
                            }
                            match outcomes.get(&part) {
                                Some(Ok(counts)) => Ok(sum.moved(counts[objective].unwrap_or(base), base)),
                                Some(Err(why)) => Err(Bar::Found(why.clone())),
                                None => Err(Bar::Found(found_below(outcomes, part, rules))),
                            }
                        })
                    })
                    .collect(),
            })
            .collect();
        Self { rows }
    }

    /// The counts of a subset that can be.
    pub(crate) fn counts(&self, mask: Mask) -> Option<&[Count]> {
        self.rows.get(mask as usize)?.as_ref().ok().map(Vec::as_slice)
    }
}

/// A subset that was not simulated, because one that it is built on could not be carried out: why.
fn found_below(outcomes: &Outcomes, mut part: Mask, rules: &Rules) -> String {
    for &measure in rules.order.iter().rev() {
        part &= !bit(measure);
        if let Some(Err(why)) = outcomes.get(&part) {
            return why.clone();
        }
    }
    "it could not be carried out".to_owned()
}

/// Costs of all subsets in thousandths of the currency's unit.
pub(crate) fn costs(of_each: &[i64]) -> Vec<i64> {
    (0..bit(of_each.len()))
        .map(|mask| members(mask).fold(0, |sum: i64, index| sum.saturating_add(of_each[index])))
        .collect()
}

/// A sum of money in thousandths. More than nine thousand million millions stay that.
#[allow(
    clippy::cast_possible_truncation,
    reason = "the cast saturates, and sums of it do too"
)]
pub(crate) fn thousandths(amount: f64) -> i64 {
    (amount * 1000.0).round() as i64
}

/// Objectives by the indicator that they ask for, in the order of their first.
pub(crate) fn by_indicator(indicators: &[&str]) -> (Vec<String>, Vec<usize>) {
    let mut names: Vec<String> = Vec::new();
    let mut places = BTreeMap::new();
    let of = indicators
        .iter()
        .map(|&indicator| {
            *places.entry(indicator.to_owned()).or_insert_with(|| {
                names.push(indicator.to_owned());
                names.len() - 1
            })
        })
        .collect();
    (names, of)
}
