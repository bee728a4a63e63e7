//! Two measurements of one indicator, compared cell by cell.
//!
//! The value of an indicator of reach is the share of people *known* to reach; its low bound is the same, its high
//! bound the share if everything unknown were good. A difference cannot be bounded by the bounds of two values alone:
//! most of what is unknown before is unknown after, and is the same both times. So differences are bounded cell by
//! cell. **The rule: whatever is not known about a cell is all bad, or all good, before and after alike.**
//!
//! | before | after | difference | low | high |
//! |---|---|---|---|---|
//! | reached | reached | 0 | 0 | 0 |
//! | not known | reached | +1 | 0 | +1 |
//! | not reached | reached | +1 | +1 | +1 |
//! | reached | not known | −1 | −1 | 0 |
//! | not known | not known | 0 | 0 | 0 |
//! | not reached | not known | 0 | 0 | +1 |
//! | reached | not reached | −1 | −1 | −1 |
//! | not known | not reached | 0 | −1 | 0 |
//! | not reached | not reached | 0 | 0 | 0 |
//!
//! A cell that is unknown before and after neither gains nor loses. That is an assumption, and the one weak point: a
//! measure may open a second way that nobody knows either. How many people it is about is `not_known` of the value.

use std::sync::Arc;

use sim_access::Passability;
use sim_access::Passability::{Blocked, Passable, Unknown};
use sim_access::equity::Share;

use crate::indicator::{Indicator, Measured};
use crate::model::Model;
use crate::result::{Difference, Part, PartDifference, Value, Verdict};

/// What a scenario costs, in all the years that count.
#[derive(Clone, Copy, Debug)]
pub(super) struct Costs(pub(super) f64);

impl Costs {
    /// For each of so many.
    fn for_each(self, gained: f64) -> Option<f64> {
        (gained > 0.0)
            .then(|| self.0 / gained)
            .filter(|cost| cost.is_finite())
    }
}

/// Whether the same people live in the same cells of two models, in the same groups and areas.
pub(super) fn same_people(before: &Model, after: &Model) -> bool {
    if before.cells() != after.cells() || before.groups() != after.groups() || before.areas() != after.areas()
    {
        return false;
    }
    let everybody: Arc<[Passability]> = before.cells().iter().map(|_| Passable).collect();
    Measured::of(before, Arc::clone(&everybody)) == Measured::of(after, everybody)
}

/// The value of an indicator of reach.
pub(super) fn value(indicator: &Indicator, measured: Option<&Measured>, model: &Model) -> Value {
    let all = measured.map(|measured| part(&measured.all)).unwrap_or_default();
    let parts = |of: &dyn Fn(&Measured) -> Vec<Part>, count: usize| {
        measured.map_or_else(|| vec![Part::default(); count], of)
    };
    let unknown = measured.is_some_and(|measured| measured.all.unknown > 0.0);
    Value {
        indicator: indicator.id.clone(),
        name: indicator.name.clone(),
        unit: indicator.unit.clone(),
        more_is_better: Some(true),
        value: all.value,
        low: all.low,
        high: all.high,
        uncertainty: unknown.then(|| {
            "what is not known of ways and places: all of it bad (low), all of it good (high)".to_owned()
        }),
        groups: parts(
            &|measured| measured.groups.iter().map(part).collect(),
            model.groups().len(),
        ),
        areas: parts(
            &|measured| measured.areas.iter().map(part).collect(),
            model.areas().len(),
        ),
    }
}

fn part(share: &Share) -> Part {
    let percent = |share: Option<f64>| share.map(|share| 100.0 * share);
    Part {
        value: percent(share.reached()),
        low: percent(share.reached()),
        high: percent(share.at_best()),
        people: (share.people() > 0.0).then(|| share.people()),
    }
}

/// The least, the known and the most that a cell can change by.
fn change(before: Passability, after: Passability) -> [i8; 3] {
    let reached = |state: Passability, good: bool| match state {
        Passable => 1,
        Unknown => i8::from(good),
        Blocked => 0,
    };
    let bad = reached(after, false) - reached(before, false);
    let good = reached(after, true) - reached(before, true);
    [bad.min(good), bad, bad.max(good)]
}

/// States that stand for changes: who gains is passable, who loses is blocked.
fn signs(changes: impl Iterator<Item = i8>) -> Arc<[Passability]> {
    changes
        .map(|change| match change {
            1.. => Passable,
            0 => Unknown,
            _ => Blocked,
        })
        .collect()
}

/// Gains less losses, in percentage points.
fn points(share: &Share) -> Option<f64> {
    let people = share.people();
    (people > 0.0).then(|| 100.0 * (share.passable - share.blocked) / people)
}

/// The difference of two measurements of the same people. `count` counts them by states.
pub(super) fn difference(
    indicator: &Indicator,
    before: &Measured,
    after: &Measured,
    costs: Costs,
    count: &dyn Fn(Arc<[Passability]>) -> Measured,
) -> Difference {
    let pairs = || before.states.iter().zip(after.states.iter());
    let by = |which: usize| {
        count(signs(
            pairs().map(|(&before, &after)| change(before, after)[which]),
        ))
    };
    let (low, known, high) = (by(0), by(1), by(2));
    let people = known.all.passable - known.all.blocked;
    let parts = |shares: &[Share]| -> Vec<PartDifference> {
        shares
            .iter()
            .map(|share| PartDifference {
                difference: points(share),
                gain: (share.people() > 0.0).then_some(share.passable),
                lose: (share.people() > 0.0).then_some(share.blocked),
            })
            .collect()
    };
    let difference = points(&known.all);
    Difference {
        indicator: indicator.id.clone(),
        difference,
        low: points(&low.all),
        high: points(&high.all),
        verdict: verdict(difference, Some(true)),
        people: difference.map(|_| people),
        gain: difference.map(|_| known.all.passable),
        lose: difference.map(|_| known.all.blocked),
        cost_per_unit: costs.for_each(people),
        groups: parts(&known.groups),
        areas: parts(&known.areas),
    }
}

/// The difference of two values of which nothing more is known than their bounds.
pub(super) fn apart(before: &Value, after: &Value, costs: Costs) -> Difference {
    let less = |a: Option<f64>, b: Option<f64>| Some(a? - b?);
    let difference = less(after.value, before.value);
    let better = before.more_is_better.or(after.more_is_better);
    let gained = match better {
        Some(true) => difference,
        Some(false) => difference.map(|difference| -difference),
        None => None,
    };
    let parts = |after: &[Part], before: &[Part]| -> Vec<PartDifference> {
        let pairs = before.iter().zip(after);
        pairs
            .map(|(before, after)| PartDifference {
                difference: less(after.value, before.value),
                ..PartDifference::default()
            })
            .collect()
    };
    Difference {
        indicator: before.indicator.clone(),
        difference,
        low: less(after.low, before.high),
        high: less(after.high, before.low),
        verdict: verdict(difference, better),
        people: None,
        gain: None,
        lose: None,
        cost_per_unit: gained.and_then(|gained| costs.for_each(gained)),
        groups: parts(&after.groups, &before.groups),
        areas: parts(&after.areas, &before.areas),
    }
}

/// Whether a difference is good. Exact: any difference counts.
pub(super) fn verdict(difference: Option<f64>, more_is_better: Option<bool>) -> Verdict {
    match (difference, more_is_better) {
        (Some(0.0), _) => Verdict::Same,
        (Some(difference), Some(more)) if (difference > 0.0) == more => Verdict::Better,
        (Some(_), Some(_)) => Verdict::Worse,
        (_, None) | (None, _) => Verdict::NotKnown,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Cells with so many people, of one group for each, in one area.
    fn counted(weights: &[f64], states: Arc<[Passability]>) -> Measured {
        let mut all = Share::default();
        let mut groups = vec![Share::default(); weights.len()];
        for (index, (weight, state)) in weights.iter().zip(states.iter()).enumerate() {
            for share in [&mut all, &mut groups[index]] {
                match state {
                    Passable => share.passable += weight,
                    Unknown => share.unknown += weight,
                    Blocked => share.blocked += weight,
                }
            }
        }
        Measured {
            all,
            groups,
            areas: vec![all],
            area_groups: Vec::new(),
            states,
        }
    }

    fn between(weights: &[f64], before: &[Passability], after: &[Passability]) -> Difference {
        let indicator = Indicator {
            id: "x".to_owned(),
            name: "x".to_owned(),
            method: String::new(),
            unit: "%".to_owned(),
        };
        let count = |states: Arc<[Passability]>| counted(weights, states);
        difference(
            &indicator,
            &count(before.into()),
            &count(after.into()),
            Costs(100.0),
            &count,
        )
    }

    #[test]
    fn the_rule_is_the_table() {
        for (before, after, expected) in [
            (Passable, Passable, [0, 0, 0]),
            (Unknown, Passable, [0, 1, 1]),
            (Blocked, Passable, [1, 1, 1]),
            (Passable, Unknown, [-1, -1, 0]),
            (Unknown, Unknown, [0, 0, 0]),
            (Blocked, Unknown, [0, 0, 1]),
            (Passable, Blocked, [-1, -1, -1]),
            (Unknown, Blocked, [-1, 0, 0]),
            (Blocked, Blocked, [0, 0, 0]),
        ] {
            assert_eq!(change(before, after), expected, "{before:?} {after:?}");
        }
    }

    #[test]
    fn who_gains_and_who_loses_by_hand() {
        let told = between(
            &[10.0, 20.0, 30.0, 40.0],
            &[Blocked, Passable, Unknown, Unknown],
            &[Passable, Blocked, Unknown, Passable],
        );
        assert_eq!(
            (told.people, told.gain, told.lose),
            (Some(30.0), Some(50.0), Some(20.0))
        );
        assert_eq!(
            (told.difference, told.low, told.high),
            (Some(30.0), Some(-10.0), Some(30.0))
        );
        assert_eq!(told.verdict, Verdict::Better);
        assert_eq!(told.cost_per_unit, Some(100.0 / 30.0));
        assert_eq!(
            (told.groups[0].gain, told.groups[1].lose),
            (Some(10.0), Some(20.0))
        );
        let nothing = between(&[0.0], &[Blocked], &[Passable]);
        assert_eq!(
            (nothing.difference, nothing.people, nothing.cost_per_unit),
            (None, None, None)
        );
        assert_eq!(nothing.verdict, Verdict::NotKnown);
    }

    #[test]
    fn verdicts_follow_the_direction() {
        assert_eq!(verdict(Some(1.0), Some(false)), Verdict::Worse);
        assert_eq!(verdict(Some(-1.0), Some(false)), Verdict::Better);
        assert_eq!(verdict(Some(0.0), None), Verdict::Same);
        assert_eq!(verdict(Some(1.0), None), Verdict::NotKnown);
    }

    fn state() -> impl Strategy<Value = Passability> {
        prop_oneof![Just(Passable), Just(Unknown), Just(Blocked)]
    }

    proptest! {
        #[test]
        fn bounds_hold_and_narrow_with_knowledge(
            cells in prop::collection::vec((0..100_u32, state(), state()), 1..20), which in any::<prop::sample::Index>(),
        ) {
            let weights: Vec<f64> = cells.iter().map(|cell| f64::from(cell.0)).collect();
            let before: Vec<Passability> = cells.iter().map(|cell| cell.1).collect();
            let after: Vec<Passability> = cells.iter().map(|cell| cell.2).collect();
            let told = between(&weights, &before, &after);
            let (Some(low), Some(known), Some(high)) = (told.low, told.difference, told.high) else {
                prop_assert!(weights.iter().all(|&w| w == 0.0));
                return Ok(());
            };
            prop_assert!(low <= known && known <= high);
            // Never wider than what the bounds of the two values alone would allow.
            let share = |states: &[Passability]| counted(&weights, states.into()).all;
            let (b, a) = (share(&before), share(&after));
            let eps = 1e-9;
            prop_assert!(low >= 100.0 * (a.reached().unwrap() - b.at_best().unwrap()) - eps);
            prop_assert!(high <= 100.0 * (a.at_best().unwrap() - b.reached().unwrap()) + eps);
            prop_assert!((known - 100.0 * (a.reached().unwrap() - b.reached().unwrap())).abs() < eps);
            // Gains less losses are the difference, of all and of each group.
            let people = told.gain.unwrap() - told.lose.unwrap();
            prop_assert_eq!(told.people, Some(people));
            let groups: f64 = told.groups.iter().filter_map(|g| Some(g.gain? - g.lose?)).sum();
            prop_assert!((groups - people).abs() < eps);
            // Whatever comes to be known of a cell, before and after alike, narrows the bounds.
            let cell = which.index(cells.len());
            for good in [Passable, Blocked] {
                let learn = |states: &[Passability]| {
                    let mut states = states.to_vec();
                    if states[cell] == Unknown {
                        states[cell] = good;
                    }
                    states
                };
                let wiser = between(&weights, &learn(&before), &learn(&after));
                prop_assert!(low <= wiser.low.unwrap() + eps && wiser.high.unwrap() <= high + eps);
            }
        }
    }
}
