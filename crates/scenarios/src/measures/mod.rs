//! Measures against a fork of the twin: which entities change, and what stands against it.
//!
//! A measure is first *expanded* against the baseline, which finds everything that stands against it and gives what
//! it changes: entities made and taken away, attributes set, calls put into trips, hours of lines. Only then is
//! anything carried out, as operations on a [`Fork`]. Because what a measure changes follows from the baseline alone,
//! measures that do not contradict each other give the same city in any order.
//!
//! | File | Idea |
//! |---|---|
//! | `expand` | from kind and parameters to changes: what all verbs share |
//! | `attributes`, `calls`, `line`, `headway`, `street`, `runs` | the verbs |
//! | `city`, `timetable` | what they ask of the city |
//! | `plan` | what a measure changes |
//! | `against` | what stands against two measures together |
//! | `trip` | what several measures make of one trip |
//! | `carry` | from changes to operations |

mod against;
mod attributes;
mod calls;
mod carry;
mod city;
mod expand;
mod headway;
mod line;
mod occurring;
mod plan;
mod runs;
mod street;
#[cfg(test)]
mod tests;
mod timetable;
mod trip;

use std::collections::{BTreeMap, BTreeSet};

use ngsi_ld::Uri;
use query::View;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use twin::{Fork, Operation, Outcome, Reader as _, Snapshot};

use crate::file::{Finding, Measure};
use city::City;
use plan::Plan;

/// What a measure did to the entities of a fork.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Applied {
    /// The measure's name.
    pub measure: String,
    /// Entities that it made.
    pub created: Vec<Uri>,
    /// Entities that it changed.
    pub updated: Vec<Uri>,
    /// Entities that it took away.
    pub deleted: Vec<Uri>,
    /// What the reader should know.
    pub warnings: Vec<String>,
}

impl Applied {
    /// Every entity that is not as it was.
    pub fn changed(&self) -> impl Iterator<Item = &Uri> {
        self.created.iter().chain(&self.updated).chain(&self.deleted)
    }
}

/// Measures, expanded against a baseline: which entities each changes and how, found once, so that any subset of
/// them can be carried out quickly. What measures do together does not depend on their order.
pub struct Plans {
    baseline: Snapshot,
    view: View,
    expanded: Vec<Plan>,
    /// Of each two measures that contradict each other, the lower place first.
    against: BTreeMap<(usize, usize), Vec<Finding>>,
}

/// A fork of the baseline with some of the measures of [`Plans`]. A clone shares what it has.
#[derive(Clone)]
pub struct Draft {
    fork: Fork,
    members: Vec<usize>,
}

impl Plans {
    /// Expands measures. Selections are evaluated on the baseline; a measure may name entities that another of them
    /// makes (`urn:ngsi-ld:GtfsStop:scenario:<measure>`), and then needs it.
    ///
    /// # Errors
    /// Everything that stands against any of them alone. Contradictions between two are no error here: see
    /// [`Plans::contradictions`].
    pub fn new(baseline: &Snapshot, view: &View, measures: &[&Measure]) -> Result<Self, Vec<Finding>> {
        let needs = needs(baseline, view, measures);
        let city = City::new(baseline.clone(), baseline, view);
        let mut plans: BTreeMap<usize, Plan> = BTreeMap::new();
        let mut failed: BTreeSet<usize> = BTreeSet::new();
        let mut findings = Vec::new();
        let mut waiting: Vec<usize> = (0..measures.len()).collect();
        while !waiting.is_empty() {
            let before = waiting.len();
            waiting.retain(|&index| {
                let (Some(measure), Some(needed)) = (measures.get(index), needs.get(index)) else {
                    return false;
                };
                if needed.iter().any(|it| failed.contains(it)) {
                    failed.insert(index);
                    return false;
                }
                if !needed.iter().all(|it| plans.contains_key(it)) {
                    return true;
                }
                let expanded = if needed.is_empty() {
                    expand::expand(&city, measure)
                } else {
                    with_creates(baseline, view, needed, &plans)
                        .and_then(|snapshot| expand::expand(&City::new(snapshot, baseline, view), measure))
                };
                match expanded.and_then(|plan| room(baseline, view, plan)) {
                    Ok(mut plan) => {
                        plan.needs.clone_from(needed);
                        plans.insert(index, plan);
                    }
                    Err(wrong) => {
                        findings.extend(wrong);
                        failed.insert(index);
                    }
                }
                false
            });
            if waiting.len() == before {
                let names: Vec<&str> = waiting
                    .iter()
                    .filter_map(|&index| Some(measures.get(index)?.name.as_str()))
                    .collect();
                findings.push(Finding {
                    place: format!("measures {}", names.join(", ")),
                    what: "each needs what another of them makes".to_owned(),
                    remedy: "let one of them do without the others".to_owned(),
                });
                break;
            }
        }
        if !findings.is_empty() {
            return Err(findings);
        }
        let plans: Vec<Plan> = plans.into_values().collect();
        let mut against = BTreeMap::new();
        for (j, b) in plans.iter().enumerate() {
            for (i, a) in plans.iter().enumerate().take(j) {
                let found = against::between(a, b);
                if !found.is_empty() {
                    against.insert((i, j), found);
                }
            }
        }
        Ok(Self {
            baseline: baseline.clone(),
            view: view.clone(),
            expanded: plans,
            against,
        })
    }

    /// How many measures there are.
    pub fn len(&self) -> usize {
        self.expanded.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.expanded.is_empty()
    }

    /// What is odd about each measure, with its name.
    pub fn warnings(&self) -> impl Iterator<Item = String> {
        self.expanded.iter().flat_map(|plan| {
            let warnings = plan.warnings.iter();
            warnings.map(|warning| format!("{}: {warning}", plan.measure))
        })
    }

    /// The contradictions among these measures, by their places in the list: two that leave one attribute of one
    /// entity with different values, one that changes what another takes away, two that make the same entity; and
    /// measures that need one that is not among them.
    pub fn contradictions(&self, subset: &[usize]) -> Vec<Finding> {
        let subset: BTreeSet<usize> = subset.iter().copied().collect();
        let mut findings: Vec<Finding> = self
            .against
            .iter()
            .filter(|((a, b), _)| subset.contains(a) && subset.contains(b))
            .flat_map(|(_, findings)| findings.iter().cloned())
            .collect();
        findings.extend(subset.iter().filter_map(|&index| self.lacks(index, &subset)));
        findings
    }

    /// What a measure needs and does not have.
    fn lacks(&self, index: usize, among: &BTreeSet<usize>) -> Option<Finding> {
        let plan = self.expanded.get(index)?;
        let lacking = plan.needs.iter().find(|it| !among.contains(*it))?;
        let other = &self.expanded.get(*lacking)?.measure;
        Some(Finding {
            place: format!("measure {}", plan.measure),
            what: format!("it names what measure {other} makes, which is not carried out"),
            remedy: format!("take {other} in, or leave {} out", plan.measure),
        })
    }

    /// The baseline, to be written to.
    pub fn draft(&self) -> Draft {
        Draft {
            fork: self.baseline.fork(),
            members: Vec::new(),
        }
    }

    /// Carries out one more measure, by its place in the list. A measure that the draft has already changes nothing.
    ///
    /// # Errors
    /// What stands against it beside those that the draft has; the draft is then as it was.
    pub fn add(&self, draft: &mut Draft, measure: usize) -> Result<Applied, Vec<Finding>> {
        let Some(plan) = self.expanded.get(measure) else {
            return Err(vec![Finding {
                place: format!("measure number {measure}"),
                what: format!("there are {} measures", self.expanded.len()),
                remedy: "name one of them".to_owned(),
            }]);
        };
        let mut applied = Applied {
            measure: plan.measure.clone(),
            warnings: plan.warnings.clone(),
            ..Applied::default()
        };
        if draft.members.contains(&measure) {
            return Ok(applied);
        }
        let mut findings: Vec<Finding> = draft
            .members
            .iter()
            .filter_map(|&other| self.against.get(&(other.min(measure), other.max(measure))))
            .flatten()
            .cloned()
            .collect();
        findings.extend(self.lacks(measure, &draft.members.iter().copied().collect()));
        if !findings.is_empty() {
            return Err(findings);
        }
        let members: Vec<&Plan> = draft
            .members
            .iter()
            .chain([&measure])
            .filter_map(|&index| self.expanded.get(index))
            .collect();
        let operations = carry::operations(&draft.fork.snapshot(), &self.view, &members);
        // What fails leaves the draft as it was.
        let mut fork = draft.fork.clone();
        execute(&mut fork, &self.view, operations, &mut applied)?;
        draft.fork = fork;
        draft.members.push(measure);
        Ok(applied)
    }
}

impl Draft {
    /// The fork.
    pub fn fork(&self) -> &Fork {
        &self.fork
    }

    /// The fork, to go on from.
    pub fn into_fork(self) -> Fork {
        self.fork
    }

    /// The measures that it has, by their places in the list, in the order in which they were added.
    pub fn members(&self) -> &[usize] {
        &self.members
    }

    /// A picture of it, to be read like the twin.
    pub fn snapshot(&self) -> Snapshot {
        self.fork.snapshot()
    }
}

/// Applies one measure to a fork that may hold others already; what it selects and changes is what the fork holds.
/// For several at once, in any order and with their contradictions found, see [`apply_all`] and [`Plans`].
///
/// # Errors
/// What stands against it: an entity that is not there, a parameter that does not fit. The fork is then as it was.
pub fn apply(fork: &mut Fork, view: &View, measure: &Measure) -> Result<Applied, Vec<Finding>> {
    let plans = Plans::new(&fork.snapshot(), view, &[measure])?;
    let mut draft = Draft {
        fork: fork.clone(),
        members: Vec::new(),
    };
    let applied = plans.add(&mut draft, 0)?;
    *fork = draft.fork;
    Ok(applied)
}

/// Applies measures to a fork of the baseline, and looks for contradictions: two that leave one attribute of one
/// entity with different values, one that changes what another takes away, two that make the same entity. The order
/// of the measures does not matter; what each did is given in theirs.
///
/// # Errors
/// Everything that stands against it; the baseline is never touched.
pub fn apply_all(
    baseline: &Snapshot,
    view: &View,
    measures: &[&Measure],
) -> Result<(Fork, Vec<Applied>), Vec<Finding>> {
    let plans = Plans::new(baseline, view, measures)?;
    let all: Vec<usize> = (0..plans.len()).collect();
    let against = plans.contradictions(&all);
    if !against.is_empty() {
        return Err(against);
    }
    let mut draft = plans.draft();
    let mut applied: BTreeMap<usize, Applied> = BTreeMap::new();
    // What is needed comes first; `Plans` holds no circles.
    while let Some(next) = all.iter().copied().find(|index| {
        !applied.contains_key(index) && plans.lacks(*index, &applied.keys().copied().collect()).is_none()
    }) {
        applied.insert(next, plans.add(&mut draft, next)?);
    }
    Ok((draft.fork, applied.into_values().collect()))
}

/// For each measure, those that make what it names, by their places.
fn needs(baseline: &Snapshot, view: &View, measures: &[&Measure]) -> Vec<BTreeSet<usize>> {
    let mut makers: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, measure) in measures.iter().enumerate() {
        makers.insert(&measure.name, index);
    }
    measures
        .iter()
        .enumerate()
        .map(|(index, measure)| {
            let mut needed = BTreeSet::new();
            for value in measure.with.values() {
                gather(value, &mut |text| {
                    let Some((_, rest)) = text
                        .strip_prefix("urn:ngsi-ld:")
                        .and_then(|it| it.split_once(":scenario:"))
                    else {
                        return;
                    };
                    let name = rest.split(':').next().unwrap_or_default();
                    if let Some(&maker) = makers.get(name).filter(|maker| **maker != index)
                        // What an earlier scenario left in the twin is there.
                        && Uri::parse(text).is_ok_and(|id| baseline.get(view, &id).is_none())
                    {
                        needed.insert(maker);
                    }
                });
            }
            needed
        })
        .collect()
}

/// Visits every text.
fn gather(value: &Json, visit: &mut dyn FnMut(&str)) {
    match value {
        Json::String(text) => visit(text),
        Json::Array(items) => items.iter().for_each(|item| gather(item, visit)),
        Json::Object(members) => members.values().for_each(|member| gather(member, visit)),
        _ => {}
    }
}

/// The baseline with the entities that these measures make, and what those that they need make.
fn with_creates(
    baseline: &Snapshot,
    view: &View,
    needed: &BTreeSet<usize>,
    plans: &BTreeMap<usize, Plan>,
) -> Result<Snapshot, Vec<Finding>> {
    let mut all = BTreeSet::new();
    let mut waiting: Vec<usize> = needed.iter().copied().collect();
    while let Some(index) = waiting.pop() {
        if all.insert(index) {
            waiting.extend(plans.get(&index).into_iter().flat_map(|plan| &plan.needs));
        }
    }
    let mut fork = baseline.fork();
    for plan in all.iter().filter_map(|index| plans.get(index)) {
        let creates = plan.creates.values().cloned().map(Operation::Create).collect();
        let mut applied = Applied {
            measure: plan.measure.clone(),
            ..Applied::default()
        };
        execute(&mut fork, view, creates, &mut applied)?;
    }
    Ok(fork.snapshot())
}

/// Whether there is room for what a measure makes.
fn room(baseline: &Snapshot, view: &View, plan: Plan) -> Result<Plan, Vec<Finding>> {
    let findings: Vec<Finding> = plan
        .creates
        .keys()
        .filter(|id| baseline.get(view, id).is_some())
        .take(5)
        .map(|id| Finding {
            place: format!("measure {}", plan.measure),
            what: format!("it would make `{id}`, which is in the twin already"),
            remedy: "give the measure another name".to_owned(),
        })
        .collect();
    if findings.is_empty() {
        Ok(plan)
    } else {
        Err(findings)
    }
}

fn execute(
    fork: &mut Fork,
    view: &View,
    operations: Vec<Operation>,
    applied: &mut Applied,
) -> Result<(), Vec<Finding>> {
    let (mut created, mut updated, mut deleted) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for operation in operations {
        let id = operation.entity_id().clone();
        match fork.execute(view, operation) {
            Ok(Outcome::Created) => created.insert(id),
            Ok(Outcome::Deleted) => deleted.insert(id),
            Ok(Outcome::Updated { .. }) => updated.insert(id),
            Ok(Outcome::Unchanged | Outcome::Appended { .. }) => false,
            Err(error) => {
                return Err(vec![Finding {
                    place: format!("measure {}", applied.measure),
                    what: error.to_string(),
                    remedy: "look at the entity in the twin".to_owned(),
                }]);
            }
        };
    }
    applied.created = created.into_iter().collect();
    applied.updated = updated.into_iter().collect();
    applied.deleted = deleted.into_iter().collect();
    Ok(())
}
