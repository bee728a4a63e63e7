//! Choosing in a city of one street, small enough to be simulated from scratch for every subset.

use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;

use super::lab::{bit, members};
use super::*;
use crate::indicator::CellSet;

/// How far people go, in cells.
const REACH: usize = 3;

#[derive(Clone, Debug, PartialEq)]
enum Change {
    /// A clinic in this cell.
    Build(usize),
    /// The clinic that a measure builds here gets a lift; without the clinic there is nothing to do.
    Lift(usize),
    /// The way between this cell and the next is open (or not).
    Way(usize, bool),
}

/// Cells in a row, ways between them, clinics with and without a lift; half of the people of each cell need one.
#[derive(Clone, Debug)]
struct Street {
    people: Vec<i64>,
    clinics: Vec<bool>,
    lifts: Vec<bool>,
    ways: Vec<bool>,
    changes: Vec<Change>,
}

impl Street {
    fn apply(&mut self, change: &Change) -> Result<(), String> {
        match *change {
            Change::Build(cell) => self.clinics[cell] = true,
            Change::Lift(cell) if !self.clinics[cell] => return Err("there is no clinic".to_owned()),
            Change::Lift(cell) => self.lifts[cell] = true,
            Change::Way(way, open) => self.ways[way] = open,
        }
        Ok(())
    }

    fn reached(&self, lift: bool) -> Vec<bool> {
        let good = |cell: usize| self.clinics[cell] && (!lift || self.lifts[cell]);
        (0..self.people.len())
            .map(|cell| {
                let to = |other: usize| {
                    let (low, high) = (cell.min(other), cell.max(other));
                    high - low <= REACH && self.ways[low..high].iter().all(|&open| open)
                };
                (0..self.people.len()).any(|other| good(other) && to(other))
            })
            .collect()
    }

    fn counts(&self, lift: bool) -> Count {
        let reached = self.reached(lift);
        Count {
            reached: self
                .people
                .iter()
                .zip(&reached)
                .filter(|(_, reached)| **reached)
                .map(|(p, _)| *p)
                .sum(),
            people: self.people.iter().sum(),
        }
    }
}

impl Lab for Street {
    fn with(&self, measure: usize) -> Result<Self, RunError> {
        let mut street = self.clone();
        let change = self.changes[measure].clone();
        street.apply(&change).map_err(|what| {
            RunError::Findings(vec![Finding {
                place: measure.to_string(),
                what,
                remedy: "build it".to_owned(),
            }])
        })?;
        Ok(street)
    }

    fn check(&self, measures: &[usize]) -> Result<(), String> {
        for &measure in measures {
            let against = |other: &usize| match (&self.changes[measure], &self.changes[*other]) {
                (Change::Way(a, x), Change::Way(b, y)) => a == b && x != y,
                (Change::Build(a), Change::Build(b)) => a == b && measure != *other,
                _ => false,
            };
            if measures.iter().any(against) {
                return Err("open or closed".to_owned());
            }
            // A clinic that is built has the name of the measure that builds it.
            let built = |cell: usize| {
                let first = self
                    .changes
                    .iter()
                    .position(|change| *change == Change::Build(cell));
                first.is_some_and(|first| measures.contains(&first))
            };
            match self.changes[measure] {
                Change::Lift(cell) if !self.clinics[cell] && !built(cell) => {
                    return Err("there is no clinic".to_owned());
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn touched(&self, together: &[usize], indicator: &str) -> Result<Vec<CellSet>, RunError> {
        let cells = |change: &Change| match *change {
            Change::Build(_) | Change::Lift(_) if indicator == "nobody" => 0..0,
            Change::Lift(_) if indicator == "walk" => 0..0,
            Change::Build(cell) | Change::Lift(cell) => cell.saturating_sub(REACH)..cell + REACH + 1,
            Change::Way(way, _) => (way + 1).saturating_sub(REACH)..way + REACH + 1,
        };
        Ok(together
            .iter()
            .map(|&measure| {
                let mut set = CellSet::none(self.people.len());
                cells(&self.changes[measure]).for_each(|cell| set.insert(cell));
                set
            })
            .collect())
    }

    fn count(&self, indicator: &str, objectives: &[usize]) -> Result<Option<Vec<Count>>, RunError> {
        Ok(Some(vec![self.counts(indicator == "lift"); objectives.len()]))
    }
}

struct Silent;

impl Watch for Silent {
    fn progress(&self, _done: usize, _of: usize, _step: &str) {}
    fn cancelled(&self) -> bool {
        false
    }
}

fn objectives(names: &[&str]) -> Vec<Objective> {
    names
        .iter()
        .map(|name| Objective {
            indicator: (*name).to_owned(),
            group: None,
        })
        .collect()
}

fn problem<'a>(objectives: &'a [Objective], costs: &[i64], budget: Option<f64>) -> Problem<'a> {
    Problem {
        names: (0..costs.len()).map(|index| format!("m{index}")).collect(),
        titles: vec![None; costs.len()],
        objective_names: objectives.iter().map(|one| one.indicator.clone()).collect(),
        costs: costs.iter().map(|cost| cost * 1000).collect(),
        objectives,
        budget,
        currency: Some("USD"),
    }
}

fn street(people: &[i64], changes: &[Change]) -> Street {
    Street {
        people: people.iter().map(|people| people * 1000).collect(),
        clinics: vec![false; people.len()],
        lifts: vec![false; people.len()],
        ways: vec![true; people.len() - 1],
        changes: changes.to_vec(),
    }
}

#[test]
fn two_clinics_that_reach_the_same_people_show_their_overlap() {
    let street = street(
        &[10; 20],
        &[Change::Build(5), Change::Build(6), Change::Build(15)],
    );
    let objectives = objectives(&["walk"]);
    let choice = solve(&street, &problem(&objectives, &[5, 4, 4], Some(9.0)), 1, &Silent).unwrap();
    // Each of the three reaches 7 cells of 20; the first two have 6 in common.
    let values: Vec<f64> = choice.all.iter().map(|subset| subset.values[0]).collect();
    assert_eq!(values, [0.0, 35.0, 35.0, 40.0, 35.0, 70.0, 70.0, 75.0]);
    assert_eq!(
        choice.simulations, 4,
        "the pair and its parts, and the third alone"
    );
    let pareto: Vec<u32> = choice.pareto.iter().map(|subset| subset.bits).collect();
    assert_eq!(pareto, [0b000, 0b010, 0b110]);
    assert_eq!(choice.best, Some(0b110));
    assert_eq!(
        choice.measures_told[0].why,
        "the best affordable subset would gain 10 people (5 percentage points) of “walk” from it, but with its 5 USD \
         would be 4 USD over the budget; part of what it gives alone is given by `m1` already"
    );
    assert_eq!(choice.measures_told[0].alone, [35.0]);
    assert_eq!(choice.measures_told[0].with_the_best, [5.0]);
    assert_eq!(
        choice.measures_told[1].why,
        "it is in the best affordable subset, which loses 70 people (35 percentage points) of “walk” without it"
    );
    assert_eq!(
        choice.all[0b001].dropped.as_deref(),
        Some("`m1` costs 1 USD less and gives as much of “walk”")
    );
    assert_eq!(
        choice.all[0b111].dropped.as_deref(),
        Some("it costs 13 USD, 4 USD more than the budget")
    );
    assert_eq!(choice.pareto[2].dropped, None);
}

#[test]
fn a_budget_of_nothing_leaves_what_is_free() {
    let street = street(&[10; 8], &[Change::Build(1), Change::Build(6)]);
    let objectives = objectives(&["walk"]);
    let choice = solve(&street, &problem(&objectives, &[5, 4], Some(0.0)), 1, &Silent).unwrap();
    assert_eq!(choice.pareto.len(), 1);
    assert_eq!(choice.pareto[0].bits, 0);
    assert!(
        choice
            .notes
            .iter()
            .any(|note| note.contains("The budget is zero: only what costs nothing remains"))
    );
    let choice = solve(&street, &problem(&objectives, &[5, 0], Some(0.0)), 1, &Silent).unwrap();
    assert_eq!(choice.pareto.len(), 1);
    assert_eq!(choice.pareto[0].bits, 0b10, "free and better than nothing");
}

#[test]
fn what_contradicts_and_what_needs_another_is_told() {
    let changes = [
        Change::Lift(4),
        Change::Build(4),
        Change::Way(4, false),
        Change::Way(4, true),
        Change::Lift(9),
    ];
    let street = street(&[10; 10], &changes);
    let objectives = objectives(&["lift"]);
    let choice = solve(&street, &problem(&objectives, &[1; 5], None), 1, &Silent).unwrap();
    let why = |bits: usize| choice.all[bits].dropped.clone().unwrap();
    assert_eq!(why(0b00001), "`m0` needs `m1`");
    assert_eq!(
        why(0b01100),
        "`m2` and `m3` contradict each other: open or closed"
    );
    assert_eq!(why(0b10000), "`m4` cannot be carried out: there is no clinic");
    assert_eq!(
        choice.all[0b00011].values,
        [70.0],
        "the lift is built after its clinic"
    );
    assert!(choice.all[0b00001].values.is_empty());
    assert_eq!(choice.best, Some(0b00011));
    assert_eq!(choice.measures_told[2].with_the_best, [-30.0]);
    assert_eq!(
        choice.measures_told[4].why,
        "`m4` cannot be carried out: there is no clinic"
    );
}

#[test]
fn a_choice_is_cancelled_at_any_instant() {
    /// Says yes from the nth question on.
    struct After(AtomicUsize);
    impl Watch for After {
        fn progress(&self, _done: usize, _of: usize, _step: &str) {}
        fn cancelled(&self) -> bool {
            let left = |left: usize| Some(left.saturating_sub(1));
            self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, left) == Ok(0)
        }
    }
    let street = street(
        &[10; 8],
        &[Change::Build(1), Change::Way(2, false), Change::Build(6)],
    );
    let objectives = objectives(&["walk"]);
    let problem = problem(&objectives, &[1; 3], None);
    let mut finished = 0;
    for questions in 0..40 {
        for threads in [1, 3] {
            match solve(&street, &problem, threads, &After(AtomicUsize::new(questions))) {
                Err(RunError::Cancelled) => assert_eq!(finished, 0),
                Ok(_) => finished += 1,
                Err(other) => panic!("{other}"),
            }
        }
    }
    assert!(finished > 0);
}

fn change(cells: usize) -> impl Strategy<Value = Change> {
    prop_oneof![
        (0..cells).prop_map(Change::Build),
        (0..cells).prop_map(Change::Lift),
        ((0..cells - 1), any::<bool>()).prop_map(|(way, open)| Change::Way(way, open)),
    ]
}

fn any_street() -> impl Strategy<Value = (Street, Vec<i64>)> {
    (5..30_usize, 1..8_usize).prop_flat_map(|(cells, measures)| {
        (
            prop::collection::vec(0..50_i64, cells),
            prop::collection::vec(prop::bool::weighted(0.1), cells),
            prop::collection::vec(any::<bool>(), cells),
            prop::collection::vec(prop::bool::weighted(0.8), cells - 1),
            prop::collection::vec(change(cells), measures),
            prop::collection::vec(0..9_i64, measures),
        )
            .prop_map(|(people, clinics, lifts, ways, changes, costs)| {
                let mut street = street(&people, &changes);
                street.lifts = lifts
                    .iter()
                    .zip(&clinics)
                    .map(|(lift, clinic)| *lift && *clinic)
                    .collect();
                (street.clinics, street.ways) = (clinics, ways);
                (street, costs)
            })
    })
}

proptest! {
    /// Every subset from scratch, in the order of the file as far as each measure can be.
    #[test]
    fn equals_brute_force((street, costs) in any_street(), budget in prop::option::of(0..30_i64), threads in 1..4_usize) {
        let objectives = objectives(&["walk", "lift"]);
        let problem = problem(&objectives, &costs, budget.map(|budget| budget as f64));
        let choice = solve(&street, &problem, threads, &Silent).unwrap();
        let mut possible = Vec::new();
        for mask in 0..bit(costs.len()) {
            let measures: Vec<usize> = members(mask).collect();
            let told = &choice.all[mask as usize];
            prop_assert_eq!(told.cost, measures.iter().map(|&m| costs[m]).sum::<i64>() as f64);
            if street.check(&measures).is_err() {
                prop_assert!(told.values.is_empty() && told.dropped.is_some(), "{:?}", told);
                continue;
            }
            let mut city = street.clone();
            for build in [true, false] {
                for &m in &measures {
                    let change = street.changes[m].clone();
                    if matches!(change, Change::Build(_)) == build {
                        city.apply(&change).unwrap();
                    }
                }
            }
            let values = vec![city.counts(false).percent(), city.counts(true).percent()];
            prop_assert_eq!(&told.values, &values);
            if budget.is_none_or(|budget| told.cost <= budget as f64) {
                possible.push((mask, told.cost, values));
            } else {
                prop_assert!(told.dropped.as_ref().unwrap().contains("more than the budget"));
            }
        }
        // The front from the definition.
        for (mask, cost, values) in &possible {
            let beaten = possible.iter().any(|(_, c, v)| {
                c <= cost && v[0] >= values[0] && v[1] >= values[1] && (c < cost || v[0] > values[0] || v[1] > values[1])
            });
            let stays = choice.pareto.iter().any(|subset| subset.bits == *mask);
            prop_assert!(!(beaten && stays));
            let alike = choice.pareto.iter().any(|s| s.cost == *cost && s.values == *values);
            prop_assert!(beaten || alike, "{:?} is lost", mask);
            prop_assert_eq!(choice.all[*mask as usize].dropped.is_none(), stays);
        }
        // Which threads did the work cannot be told.
        prop_assert_eq!(solve(&street, &problem, 1, &Silent).unwrap(), choice);
    }
}
