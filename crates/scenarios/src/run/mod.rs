//! Baseline and scenarios, measured and compared.

mod compare;
mod kpis;
mod provenance;
mod steps;

use std::collections::BTreeSet;
use std::sync::Arc;

use query::View;
use serde::Serialize;
use sim_access::Passability;
use sim_access::parallel::in_order;
use twin::{Fork, Snapshot};

pub(crate) use steps::Portion;

use crate::file::{Finding, Measure, Scenario, ScenarioFile};
use crate::indicator::{self, Indicator, Measured};
use crate::measures::{Applied, Plans, apply_all};
use crate::model::{Model, ModelError};
use crate::result::{CarriedOut, Difference, RunResult, ScenarioResult, Value};
use compare::Costs;
use steps::Steps;

/// How many years of the yearly costs count, where a file does not say it.
const DEFAULT_YEARS: f64 = 10.0;

/// Why a run gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The scenario file does not fit the city.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Findings(Vec<Finding>),
    /// The city could not be modelled.
    #[error(transparent)]
    Model(#[from] crate::model::ModelError),
    /// The KPIs could not be calculated.
    #[error(transparent)]
    Assess(#[from] indicators::AssessError),
    /// Somebody cancelled it.
    #[error("the run was cancelled")]
    Cancelled,
}

impl From<twin::Error> for RunError {
    fn from(error: twin::Error) -> Self {
        Self::Model(ModelError::Twin(error))
    }
}

/// How far a run is, and whether to go on.
pub trait Watch: Sync {
    /// So many steps of so many are done; the last one was this. Calls of several threads may come out of order.
    fn progress(&self, done: usize, of: usize, step: &str);
    /// Whether to stop. Asked often.
    fn cancelled(&self) -> bool;
}

/// A watch that looks at nothing and never stops.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unwatched;

impl Watch for Unwatched {
    fn progress(&self, _done: usize, _of: usize, _step: &str) {}
    fn cancelled(&self) -> bool {
        false
    }
}

/// The hash of all that a run of a city would read.
pub(crate) fn inputs(baseline: &Snapshot, view: &View) -> Result<String, twin::Error> {
    Ok(provenance::Inputs::read(baseline, view, threads())?.hash)
}

/// How many threads there are to work with.
pub(crate) fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, |threads| threads.get().min(16))
}

/// Runs a scenario file against a snapshot. Nothing is written anywhere.
///
/// The result depends on the snapshot, the file and the version of this program only: not on time, on the number of
/// threads, or on chance beyond the file's seed.
///
/// # Errors
/// Everything in the file that does not fit the city; a city that cannot be read; somebody cancelled it.
pub fn run(
    baseline: &Snapshot,
    view: &View,
    file: &ScenarioFile,
    watch: &dyn Watch,
) -> Result<RunResult, RunError> {
    run_with(baseline, view, file, threads(), watch)
}

/// As [`run`], on so many threads.
///
/// # Errors
/// As [`run`].
pub fn run_with(
    baseline: &Snapshot,
    view: &View,
    file: &ScenarioFile,
    threads: usize,
    watch: &dyn Watch,
) -> Result<RunResult, RunError> {
    let scenarios = scenarios(file);
    let choosing = file.choose.is_some();
    let part = if choosing {
        Portion::of(watch, 0.0, 0.5)
    } else {
        Portion::of(watch, 0.0, 1.0)
    };
    let work = Steps::new(&part, 3 + scenarios.len());
    check_baseline(baseline, view, file, threads)?;
    let drafts = drafts(baseline, view, file, &scenarios, &work)?;
    work.check()?;
    let model = Model::read(baseline, view, &file.travel)?;
    work.done("the city is read")?;
    let city = City {
        baseline,
        view,
        file,
        wanted: Wanted::of(file),
        model: &model,
        threads,
    };
    let before = city.measure(&model, &work)?;
    work.done("the city as it is")?;
    let kpis = kpis::Before::new(&city, &drafts, &work)?;
    work.done("the city's KPIs as it is")?;
    let values = city.baseline_values(&before, &kpis);
    let results = in_order(
        drafts.len(),
        threads,
        || (),
        |(), index| {
            let result = city.scenario(&scenarios[index], &drafts[index], &before, &kpis, &work)?;
            work.done(&result.title)?;
            Ok::<_, RunError>(result)
        },
    );
    let results: Vec<ScenarioResult> = results.into_iter().collect::<Result<_, _>>()?;
    let choice = crate::choose::choose_and_tell(baseline, view, file, &model, &Portion::of(watch, 0.5, 1.0))?;
    let (choice, odd) = choice.map_or_else(Default::default, |(choice, odd)| (Some(choice), odd));
    let provenance = provenance::of(&city, threads, &work)?;
    Ok(RunResult {
        schema: 1,
        title: file.title.clone(),
        city: model.city_name().unwrap_or_default().to_owned(),
        currency: file.currency.clone(),
        groups: model.groups().to_vec(),
        areas: model.areas().to_vec(),
        warnings: warnings(drafts.iter().flat_map(DraftOf::warnings).chain(odd), &values),
        measure_titles: file
            .measures
            .iter()
            .filter_map(|measure| Some((measure.name.clone(), measure.title.clone()?)))
            .collect(),
        baseline: values,
        scenarios: results,
        choice,
        provenance,
    })
}

/// Whether the city is the one that the file is for.
fn check_baseline(
    baseline: &Snapshot,
    view: &View,
    file: &ScenarioFile,
    threads: usize,
) -> Result<(), RunError> {
    let Some(wanted) = &file.baseline else {
        return Ok(());
    };
    let found = provenance::Inputs::read(baseline, view, threads)?.hash;
    if found == *wanted {
        return Ok(());
    }
    Err(RunError::Findings(vec![Finding {
        place: "baseline".to_owned(),
        what: format!(
            "the file is for the city {wanted}, and the city of {} is {found}",
            baseline.at()
        ),
        remedy: "restore that city, or leave `baseline` out to run against the city as it is".to_owned(),
    }]))
}

/// The scenarios that a run of a file carries out: those that it names; where it names none and chooses nothing,
/// one with every measure.
#[must_use]
pub fn scenarios(file: &ScenarioFile) -> Vec<Scenario> {
    if file.scenarios.is_empty() && !file.measures.is_empty() && file.choose.is_none() {
        return vec![Scenario {
            name: "all-measures".to_owned(),
            title: Some("All measures".to_owned()),
            description: None,
            measures: file.measures.iter().map(|measure| measure.name.clone()).collect(),
        }];
    }
    file.scenarios.clone()
}

/// A scenario's measures, in its order. What the file does not have was told by [`ScenarioFile::check`].
#[must_use]
pub fn measures_of<'a>(file: &'a ScenarioFile, scenario: &Scenario) -> Vec<&'a Measure> {
    let named = |name: &String| file.measures.iter().find(|measure| measure.name == *name);
    scenario.measures.iter().filter_map(named).collect()
}

/// Who carries a scenario's measures out and when, of those that say it.
fn carried_out(file: &ScenarioFile, scenario: &Scenario) -> Vec<CarriedOut> {
    let said = measures_of(file, scenario).into_iter();
    said.filter(|measure| measure.owner.is_some() || measure.start.is_some())
        .map(|measure| CarriedOut {
            measure: measure.name.clone(),
            owner: measure.owner.clone(),
            start: measure.start.clone(),
        })
        .collect()
}

/// What a file's measures do.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Checked {
    /// The scenario; the measure alone, where it is one that is only chosen from.
    pub scenario: String,
    /// What each measure did to entities.
    pub measures: Vec<Applied>,
}

/// What each scenario of a file changes, and each measure that is only chosen from: by itself, for those to choose
/// from need not go together. Simulates nothing, writes nothing.
///
/// # Errors
/// Everything in the file that does not fit the city, once each; or the twin cannot be read.
pub fn check(baseline: &Snapshot, view: &View, file: &ScenarioFile) -> Result<Vec<Checked>, RunError> {
    check_baseline(baseline, view, file, threads())?;
    let mut findings = Vec::new();
    let mut checked = Vec::new();
    let scenarios = scenarios(file);
    for scenario in &scenarios {
        match apply_all(baseline, view, &measures_of(file, scenario)) {
            Ok((_, measures)) => checked.push(Checked {
                scenario: scenario.name.clone(),
                measures,
            }),
            Err(against) => tell_once(&mut findings, against),
        }
    }
    let tried: BTreeSet<&String> = scenarios.iter().flat_map(|scenario| &scenario.measures).collect();
    let chosen: Vec<&Measure> = file
        .choose
        .as_ref()
        .map_or_else(Vec::new, |choose| choose.of(file));
    match Plans::new(baseline, view, &chosen) {
        Err(against) => tell_once(&mut findings, against),
        Ok(plans) => {
            for (index, measure) in chosen.iter().enumerate() {
                let mut draft = plans.draft();
                // One that needs another of them does nothing alone.
                let alone = plans.contradictions(&[index]).is_empty() && !tried.contains(&measure.name);
                if let Some(Ok(applied)) = alone.then(|| plans.add(&mut draft, index)) {
                    checked.push(Checked {
                        scenario: measure.name.clone(),
                        measures: vec![applied],
                    });
                }
            }
        }
    }
    if findings.is_empty() {
        Ok(checked)
    } else {
        Err(RunError::Findings(findings))
    }
}

/// Two scenarios with the same wrong measure have one finding.
fn tell_once(findings: &mut Vec<Finding>, against: Vec<Finding>) {
    for finding in against {
        if !findings.contains(&finding) {
            findings.push(finding);
        }
    }
}

/// A scenario's entities.
struct DraftOf {
    fork: Fork,
    applied: Vec<Applied>,
    cost: f64,
    yearly_cost: f64,
}

impl DraftOf {
    /// What is odd about its measures, each with its measure's name.
    fn warnings(&self) -> impl Iterator<Item = String> {
        self.applied.iter().flat_map(|applied| {
            let warnings = applied.warnings.iter();
            warnings.map(|warning| format!("{}: {warning}", applied.measure))
        })
    }
}

/// Carries every scenario's measures out.
fn drafts(
    baseline: &Snapshot,
    view: &View,
    file: &ScenarioFile,
    scenarios: &[Scenario],
    work: &Steps<'_>,
) -> Result<Vec<DraftOf>, RunError> {
    let mut drafts = Vec::with_capacity(scenarios.len());
    let mut findings: Vec<Finding> = Vec::new();
    for scenario in scenarios {
        work.check()?;
        let measures = measures_of(file, scenario);
        match apply_all(baseline, view, &measures) {
            Ok((fork, applied)) => drafts.push(DraftOf {
                fork,
                applied,
                cost: measures.iter().map(|measure| measure.cost).sum(),
                yearly_cost: measures.iter().map(|measure| measure.yearly_cost).sum(),
            }),
            Err(against) => tell_once(&mut findings, against),
        }
    }
    if findings.is_empty() {
        Ok(drafts)
    } else {
        Err(RunError::Findings(findings))
    }
}

/// What a file wants measured.
struct Wanted {
    reach: Vec<&'static Indicator>,
    /// KPIs by id; `None`: those that a scenario can change.
    kpis: Option<Vec<String>>,
    /// Whether indicators without data are shown, with the reason.
    named: bool,
}

impl Wanted {
    fn of(file: &ScenarioFile) -> Self {
        if file.indicators.is_empty() {
            return Self {
                reach: indicator::all().iter().collect(),
                kpis: None,
                named: false,
            };
        }
        let known = |id: &String| indicator::all().iter().find(|indicator| indicator.id == *id);
        Self {
            reach: file.indicators.iter().filter_map(known).collect(),
            kpis: Some(
                file.indicators
                    .iter()
                    .filter(|id| known(id).is_none())
                    .cloned()
                    .collect(),
            ),
            named: true,
        }
    }
}

/// What all scenarios of a run have in common.
struct City<'a> {
    baseline: &'a Snapshot,
    view: &'a View,
    file: &'a ScenarioFile,
    wanted: Wanted,
    model: &'a Model,
    threads: usize,
}

/// What was measured, by the places of [`Wanted::reach`].
type Reach = Vec<Option<Measured>>;

impl City<'_> {
    /// Measures every indicator of reach of the city as it is, several at once.
    fn measure(&self, model: &Model, work: &Steps<'_>) -> Result<Reach, RunError> {
        let wanted = &self.wanted.reach;
        let measured = in_order(
            wanted.len(),
            self.threads,
            || (),
            |(), index| {
                work.check()?;
                Ok::<_, RunError>(indicator::measure(model, &wanted[index].id)?)
            },
        );
        measured.into_iter().collect()
    }

    /// Whether an indicator of reach is shown.
    fn shown(&self, before: &Reach, index: usize) -> bool {
        self.wanted.named || before[index].is_some()
    }

    fn baseline_values(&self, before: &Reach, kpis: &kpis::Before) -> Vec<Value> {
        let reach = self.wanted.reach.iter().zip(before).enumerate();
        let mut values: Vec<Value> = reach
            .filter(|(index, _)| self.shown(before, *index))
            .map(|(_, (indicator, measured))| compare::value(indicator, measured.as_ref(), self.model))
            .collect();
        values.extend(kpis.values(self.model));
        values
    }

    fn scenario(
        &self,
        scenario: &Scenario,
        draft: &DraftOf,
        before: &Reach,
        kpis: &kpis::Before,
        work: &Steps<'_>,
    ) -> Result<ScenarioResult, RunError> {
        work.check()?;
        let snapshot = draft.fork.snapshot();
        let changed: Vec<ngsi_ld::Uri> = draft
            .applied
            .iter()
            .flat_map(Applied::changed)
            .cloned()
            .collect::<std::collections::BTreeSet<_>>()
            .into_iter()
            .collect();
        let model = self.model.after(&snapshot, self.view, &changed)?;
        let years = self
            .file
            .choose
            .as_ref()
            .map_or(DEFAULT_YEARS, |choose| choose.years);
        let costs = Costs(draft.yearly_cost.mul_add(years, draft.cost));
        let same_people = compare::same_people(self.model, &model);
        let mut warnings: Vec<String> = draft.warnings().collect();
        if !same_people {
            warnings.push(
                "the measures change where people live: nobody can be said to gain or lose, and the bounds of \
                 differences are those of two separate values"
                    .to_owned(),
            );
        }
        let new_notes = model
            .notes()
            .iter()
            .filter(|note| !self.model.notes().contains(note));
        warnings.extend(new_notes.cloned());
        let mut values: Vec<Value> = Vec::new();
        let mut differences: Vec<Difference> = Vec::new();
        for (index, indicator) in self.wanted.reach.iter().enumerate() {
            if !self.shown(before, index) {
                continue;
            }
            work.check()?;
            let after = indicator::measure(&model, &indicator.id)?;
            let value = compare::value(indicator, after.as_ref(), &model);
            differences.push(match (&before[index], &after) {
                (Some(before), Some(after)) if same_people => {
                    let count = |states: Arc<[Passability]>| Measured::of(&model, states);
                    compare::difference(indicator, before, after, costs, &count)
                }
                (before, after) => {
                    let before = compare::value(indicator, before.as_ref(), self.model);
                    let after = compare::value(indicator, after.as_ref(), &model);
                    compare::apart(&before, &after, costs)
                }
            });
            values.push(value);
        }
        work.check()?;
        let after = kpis.after(self, &snapshot, &changed)?;
        for (before, after) in kpis
            .values(self.model)
            .iter()
            .zip(kpis.values_of(after.as_deref(), self.model))
        {
            differences.push(kpis.difference(before, &after, costs));
            values.push(after.value);
        }
        Ok(ScenarioResult {
            name: scenario.name.clone(),
            title: scenario.title.clone().unwrap_or_else(|| scenario.name.clone()),
            cost: draft.cost,
            yearly_cost: draft.yearly_cost,
            measures: draft.applied.clone(),
            carried_out: carried_out(self.file, scenario),
            values,
            differences,
            warnings,
        })
    }
}

/// What the reader should know about the whole: what is odd about the measures, once each, and what has no value.
fn warnings(odd: impl Iterator<Item = String>, values: &[Value]) -> Vec<String> {
    let mut warnings: Vec<String> = Vec::new();
    for warning in odd {
        if !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }
    let valueless = values.iter().filter(|value| value.value.is_none());
    warnings.extend(valueless.map(|value| match &value.uncertainty {
        Some(why) => format!("{} has no value: {why}", value.indicator),
        None => format!("{} has no value: the city lacks the data", value.indicator),
    }));
    warnings
}
