//! Simulates subsets, each on top of the one that it is built on, on several threads.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::{Condvar, Mutex};

use super::lab::{Count, Lab, Mask, bit};
use crate::run::{RunError, Watch};

/// What is counted: an indicator, and the objectives (by number) that it serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) indicator: String,
    pub(crate) objectives: Vec<usize>,
}

/// What is simulated and counted.
pub(crate) struct Question<'a> {
    /// The subsets.
    pub(crate) subsets: &'a BTreeSet<Mask>,
    /// The order in which measures are carried out.
    pub(crate) order: &'a [usize],
    /// What is counted.
    pub(crate) asked: &'a [Asked],
    /// Whether a subset counts for one of `asked`.
    pub(crate) concerns: &'a (dyn Fn(usize, Mask) -> bool + Sync),
    /// The counts of the baseline, by objective.
    pub(crate) base: &'a [Count],
    /// How many are done, each time that one is.
    pub(crate) told: &'a (dyn Fn(usize) + Sync),
}

/// The counts of each simulated subset, by objective; `None`: it was not asked for there. A subset that could not be
/// carried out has the reason instead.
pub(crate) type Outcomes = BTreeMap<Mask, Result<Vec<Option<Count>>, String>>;

/// One step: a measure on top of a city in which others are carried out.
struct Task<L> {
    lab: L,
    mask: Mask,
    measure: usize,
}

struct Shared<L> {
    state: Mutex<State<L>>,
    changed: Condvar,
    done: AtomicUsize,
}

struct State<L> {
    /// The last comes first: the subsets are walked depth first, so that few cities are alive at a time.
    tasks: Vec<Task<L>>,
    working: usize,
    outcomes: Outcomes,
    error: Option<RunError>,
}

/// Simulates the subsets of a question. The order of work depends on chance, the outcomes do not.
pub(crate) fn simulate<L: Lab>(
    lab: &L,
    question: &Question<'_>,
    threads: usize,
    watch: &dyn Watch,
) -> Result<Outcomes, RunError> {
    let shared = Shared {
        state: Mutex::new(State {
            tasks: children(lab, 0, question),
            working: 0,
            outcomes: Outcomes::new(),
            error: None,
        }),
        changed: Condvar::new(),
        done: AtomicUsize::new(0),
    };
    let threads = threads.clamp(1, question.subsets.len().max(1));
    std::thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(|| work(&shared, question, watch));
        }
        work(&shared, question, watch);
    });
    let state = shared.state.into_inner();
    match state.error {
        Some(error) => Err(error),
        None => Ok(state.outcomes),
    }
}

/// The subsets that are built on one: with one measure more that comes later in the order than all that it has.
fn children<L: Lab>(lab: &L, mask: Mask, question: &Question<'_>) -> Vec<Task<L>> {
    let later = |&&measure: &&usize| mask & bit(measure) == 0;
    question
        .order
        .iter()
        .rev()
        .take_while(later)
        .filter(|&&measure| question.subsets.contains(&(mask | bit(measure))))
        .map(|&measure| Task {
            lab: lab.clone(),
            mask: mask | bit(measure),
            measure,
        })
        .collect()
}

fn work<L: Lab>(shared: &Shared<L>, question: &Question<'_>, watch: &dyn Watch) {
    // Whoever unwinds must not leave the others waiting for it.
    struct Leaving<'a, L>(&'a Shared<L>);
    impl<L> Drop for Leaving<'_, L> {
        fn drop(&mut self) {
            let mut state = self.0.state.lock();
            if std::thread::panicking() {
                state.tasks.clear();
                state.error.get_or_insert(RunError::Cancelled);
                state.working = state.working.saturating_sub(1);
            }
            drop(state);
            self.0.changed.notify_all();
        }
    }
    let _leaving = Leaving(shared);
    loop {
        let task = {
            let mut state = shared.state.lock();
            loop {
                if state.error.is_some() {
                    return;
                }
                if let Some(task) = state.tasks.pop() {
                    state.working += 1;
                    break task;
                }
                if state.working == 0 {
                    return;
                }
                shared.changed.wait(&mut state);
            }
        };
        let result = if watch.cancelled() {
            Err(RunError::Cancelled)
        } else {
            step(&task, question)
        };
        let mut state = shared.state.lock();
        state.working -= 1;
        match result {
            Ok((outcome, lab)) => {
                state.outcomes.insert(task.mask, outcome);
                if let Some(lab) = lab {
                    state.tasks.extend(children(&lab, task.mask, question));
                }
            }
            Err(error) => {
                state.error.get_or_insert(error);
            }
        }
        drop(state);
        shared.changed.notify_all();
        (question.told)(shared.done.fetch_add(1, Ordering::Relaxed) + 1);
    }
}

type Step<L> = (Result<Vec<Option<Count>>, String>, Option<L>);

fn step<L: Lab>(task: &Task<L>, question: &Question<'_>) -> Result<Step<L>, RunError> {
    let lab = match task.lab.with(task.measure) {
        Ok(lab) => lab,
        Err(RunError::Findings(findings)) => {
            let why: Vec<String> = findings.iter().map(ToString::to_string).collect();
            return Ok((Err(why.join("; ")), None));
        }
        Err(error) => return Err(error),
    };
    let mut counts = vec![None; question.base.len()];
    for (number, asked) in question.asked.iter().enumerate() {
        if !(question.concerns)(number, task.mask) {
            continue;
        }
        let found = lab.count(&asked.indicator, &asked.objectives)?;
        for (place, &objective) in asked.objectives.iter().enumerate() {
            // What a measure makes impossible to measure (the last clinic closes) is reached by nobody.
            let nobody = Count {
                reached: 0,
                people: question.base[objective].people,
            };
            counts[objective] = Some(found.as_ref().map_or(nobody, |found| found[place]));
        }
    }
    Ok((Ok(counts), Some(lab)))
}
