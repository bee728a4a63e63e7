//! The city of a twin, as choosing needs it.

use std::collections::BTreeMap;
use std::sync::Arc;

use ngsi_ld::Uri;
use parking_lot::Mutex;
use query::View;
use sim_access::equity::Share;
use twin::Snapshot;

use super::combine::thousandths;
use super::lab::{Count, Lab};
use crate::file::{Finding, Measure, Objective};
use crate::indicator::{self, CellSet, Company, Measured};
use crate::measures::{Draft, Plans};
use crate::model::Model;
use crate::run::RunError;

/// What all subsets have in common.
pub(super) struct Ground<'a> {
    view: &'a View,
    model: &'a Model,
    plans: Plans,
    objectives: &'a [Objective],
    /// Sets of measures carried out together, for the questions about each indicator.
    together: Mutex<BTreeMap<Vec<usize>, Arc<Together>>>,
}

/// The cells that each of some measures, carried out together, can change, by indicator.
type Together = BTreeMap<String, Vec<CellSet>>;

/// Whose share an objective is.
enum Part {
    All,
    Group(usize),
    Area(usize),
}

impl<'a> Ground<'a> {
    pub(super) fn new(
        baseline: &Snapshot,
        view: &'a View,
        model: &'a Model,
        measures: &[&Measure],
        objectives: &'a [Objective],
    ) -> Result<Self, RunError> {
        let mut findings = Vec::new();
        for (number, objective) in objectives.iter().enumerate() {
            let place = format!("choose.objectives[{number}]");
            if !indicator::all()
                .iter()
                .any(|known| known.id == objective.indicator)
            {
                let known: Vec<&str> = indicator::all().iter().map(|known| known.id.as_str()).collect();
                findings.push(Finding {
                    place,
                    what: format!("`{}` is no indicator of reach", objective.indicator),
                    remedy: format!("choose by one of {}", known.join(", ")),
                });
            } else if part(model, objective).is_none() {
                let groups: Vec<&str> = model.groups().iter().map(|group| group.id.as_str()).collect();
                findings.push(Finding {
                    place,
                    what: format!(
                        "this city has no group or area `{}`",
                        objective.group.as_deref().unwrap_or_default()
                    ),
                    remedy: format!("take one of {}, or the id of an area", groups.join(", ")),
                });
            }
        }
        if !findings.is_empty() {
            return Err(RunError::Findings(findings));
        }
        Ok(Self {
            view,
            model,
            plans: Plans::new(baseline, view, measures).map_err(RunError::Findings)?,
            objectives,
            together: Mutex::default(),
        })
    }

    /// What is odd about the measures, each with its measure's name.
    pub(super) fn warnings(&self) -> Vec<String> {
        self.plans.warnings().collect()
    }

    fn together(&self, measures: &[usize]) -> Result<Arc<Together>, RunError> {
        if let Some(known) = self.together.lock().get(measures) {
            return Ok(Arc::clone(known));
        }
        let mut draft = self.plans.draft();
        let mut changed = Vec::with_capacity(measures.len());
        for &measure in measures {
            let applied = self.plans.add(&mut draft, measure).map_err(RunError::Findings)?;
            changed.push(applied.changed().cloned().collect::<Vec<Uri>>());
        }
        let all: Vec<Uri> = changed.iter().flatten().cloned().collect();
        let model = self.model.after(&draft.snapshot(), self.view, &all)?;
        let company = Company::of(self.model, &model)?;
        let mut together = Together::new();
        for objective in self.objectives {
            if !together.contains_key(&objective.indicator) {
                let touched = changed
                    .iter()
                    .map(|changed| company.touched(changed, &objective.indicator))
                    .collect::<Result<_, _>>()?;
                together.insert(objective.indicator.clone(), touched);
            }
        }
        let together = Arc::new(together);
        self.together
            .lock()
            .insert(measures.to_vec(), Arc::clone(&together));
        Ok(together)
    }
}

fn part(model: &Model, objective: &Objective) -> Option<Part> {
    let Some(name) = &objective.group else {
        return Some(Part::All);
    };
    let group = model.groups().iter().position(|group| group.id == *name);
    let area = || model.areas().iter().position(|area| area.id.as_str() == name);
    group.map(Part::Group).or_else(|| area().map(Part::Area))
}

/// The city with some measures carried out.
#[derive(Clone)]
pub(super) struct City<'a> {
    ground: &'a Ground<'a>,
    draft: Draft,
    model: Model,
}

impl<'a> City<'a> {
    /// The city as it is.
    pub(super) fn of(ground: &'a Ground<'a>) -> Self {
        Self {
            ground,
            draft: ground.plans.draft(),
            model: ground.model.clone(),
        }
    }
}

impl Lab for City<'_> {
    fn with(&self, measure: usize) -> Result<Self, RunError> {
        let mut draft = self.draft.clone();
        let applied = self
            .ground
            .plans
            .add(&mut draft, measure)
            .map_err(RunError::Findings)?;
        let changed: Vec<Uri> = applied.changed().cloned().collect();
        let model = self.model.after(&draft.snapshot(), self.ground.view, &changed)?;
        Ok(Self {
            ground: self.ground,
            draft,
            model,
        })
    }

    fn check(&self, measures: &[usize]) -> Result<(), String> {
        let against = self.ground.plans.contradictions(measures);
        if against.is_empty() {
            return Ok(());
        }
        let against: Vec<String> = against.iter().map(ToString::to_string).collect();
        Err(against.join("; "))
    }

    fn touched(&self, together: &[usize], indicator: &str) -> Result<Vec<CellSet>, RunError> {
        let all = self.ground.together(together)?;
        Ok(all.get(indicator).cloned().unwrap_or_default())
    }

    fn count(&self, indicator: &str, objectives: &[usize]) -> Result<Option<Vec<Count>>, RunError> {
        let Some(measured) = indicator::measure(&self.model, indicator)? else {
            return Ok(None);
        };
        let counts = objectives.iter().map(|&objective| {
            let share = part(&self.model, &self.ground.objectives[objective])
                .and_then(|part| share(&measured, &part))
                .unwrap_or_default();
            Count {
                reached: thousandths(share.passable),
                people: thousandths(share.people()),
            }
        });
        Ok(Some(counts.collect()))
    }
}

fn share(measured: &Measured, part: &Part) -> Option<Share> {
    match *part {
        Part::All => Some(measured.all),
        Part::Group(index) => measured.groups.get(index).copied(),
        Part::Area(index) => measured.areas.get(index).copied(),
    }
}
