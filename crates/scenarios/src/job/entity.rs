//! Runs and results as entities.

use ngsi_ld::context::Context;
use ngsi_ld::fragment::{AttributeChange, AttributeFragment, AttributePatch, Fragment, ValuePatch};
use ngsi_ld::{Attribute, Entity, Name, PropertyValue, Timestamp, Uri, Value};
use query::{Selection, View};
use twin::{BlobId, Operation, Reader};

use super::{JobError, Run, RunStatus};
use crate::result::{self, Difference, RunResult, ScenarioResult, Verdict};

/// The type of runs.
pub(super) const RUN: &str = "ScenarioRun";
/// The type of results.
pub(super) const RESULT: &str = "ScenarioResult";
/// The attribute of a run that holds the key of its submission.
const KEY: &str = "idempotencyKey";

/// The name of an attribute: the core @context's where it has one, else in the default vocabulary.
fn name(term: &str) -> Name {
    Context::core().expand(term)
}

fn property(term: &str, value: impl Into<PropertyValue>) -> Attribute {
    Attribute::property(name(term), value)
}

impl RunStatus {
    fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [
            Self::Queued,
            Self::Running,
            Self::Done,
            Self::Failed,
            Self::Cancelled,
        ]
        .into_iter()
        .find(|status| status.as_str() == text)
    }

    /// Whether nothing more will happen.
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Queued | Self::Running)
    }
}

/// A run that has just been asked for.
pub(super) fn new_run(id: Uri, title: &str, file: &str, key: Option<&str>, at: Timestamp) -> Entity {
    let entity = Entity::new(id, Name::default_term(RUN))
        .with(property("title", title))
        .with(property("status", RunStatus::Queued.as_str()))
        .with(property("progress", 0.0))
        .with(property("submittedAt", at.to_string()))
        .with(property("scenarioFile", file))
        .with(property("version", env!("CARGO_PKG_VERSION")));
    match key {
        Some(key) => entity.with(property(KEY, key)),
        None => entity,
    }
}

/// Changes of a run's attributes.
#[derive(Default)]
pub(super) struct Update(Vec<AttributeFragment>);

impl Update {
    fn set(mut self, term: &str, value: impl Into<PropertyValue>) -> Self {
        let patch = AttributePatch {
            value: Some(ValuePatch::Typed(Value::Property(value.into()))),
            ..AttributePatch::default()
        };
        self.0.push(AttributeFragment {
            name: name(term),
            dataset_id: None,
            change: AttributeChange::Set(Box::new(patch)),
        });
        self
    }

    pub(super) fn status(self, status: RunStatus) -> Self {
        self.set("status", status.as_str())
    }

    pub(super) fn progress(self, progress: f64, step: &str) -> Self {
        self.set("progress", progress).set("step", step)
    }

    pub(super) fn started(self, at: Timestamp) -> Self {
        self.set("startedAt", at.to_string())
    }

    pub(super) fn finished(self, at: Timestamp) -> Self {
        self.set("finishedAt", at.to_string())
    }

    pub(super) fn version(self) -> Self {
        self.set("version", env!("CARGO_PKG_VERSION"))
    }

    pub(super) fn fingerprint(self, hash: &str) -> Self {
        self.set("fingerprint", hash)
    }

    pub(super) fn baseline_at(self, at: Timestamp) -> Self {
        self.set("baselineAt", at.to_string())
    }

    pub(super) fn attempts(self, attempts: u32) -> Self {
        self.set("attempts", i64::from(attempts))
    }

    pub(super) fn errors(self, errors: &[String]) -> Self {
        self.set("errors", serde_json::Value::from(errors))
    }

    pub(super) fn warnings(self, warnings: &[String]) -> Self {
        self.set("warnings", serde_json::Value::from(warnings))
    }

    pub(super) fn blob(self, blob: &BlobId) -> Self {
        self.set("blob", blob.0.as_str())
    }

    /// The operation. It fails where the run is gone.
    pub(super) fn of(self, id: &Uri) -> Operation {
        let fragment = Fragment {
            attributes: self.0,
            ..Fragment::default()
        };
        Operation::Append(id.clone(), fragment, true)
    }
}

/// The results of a run as entities: one for each scenario and indicator.
pub(super) fn results(run: &Uri, found: &RunResult) -> Vec<Entity> {
    let at = Timestamp::parse(&found.provenance.snapshot).ok();
    found
        .scenarios
        .iter()
        .flat_map(|scenario| {
            scenario
                .differences
                .iter()
                .enumerate()
                .map(move |(index, difference)| one(run, found, scenario, index, difference, at))
        })
        .collect()
}

fn one(
    run: &Uri,
    found: &RunResult,
    scenario: &ScenarioResult,
    index: usize,
    difference: &Difference,
    at: Option<Timestamp>,
) -> Entity {
    let slug: String = difference
        .indicator
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '-' {
                c
            } else {
                '_'
            }
        })
        .collect();
    let local = format!("{}:{}:{slug}", run.local(), scenario.name);
    let value = scenario.values.get(index);
    let before = found.baseline.get(index);
    let mut entity = Entity::new(Uri::ngsi_ld(RESULT, &local), Name::default_term(RESULT))
        .with(Attribute::relationship(name("hasRun"), run.clone()))
        .with(property("scenario", scenario.name.as_str()))
        .with(property("indicator", difference.indicator.as_str()))
        .with(property(
            "verdict",
            match difference.verdict {
                Verdict::Better => "better",
                Verdict::Worse => "worse",
                Verdict::Same => "same",
                Verdict::NotKnown => "not_known",
            },
        ))
        .with(property("cost", scenario.cost))
        .with(property("yearlyCost", scenario.yearly_cost));
    if !scenario.carried_out.is_empty() {
        let told = serde_json::to_value(&scenario.carried_out).unwrap_or_default();
        entity.put(property("carriedOut", told));
    }
    let unit = value.filter(|value| value.unit.starts_with('%')).map(|_| "P1");
    let mut number = |term: &str, number: Option<f64>, unit: Option<&str>| {
        if let Some(number) = number {
            let mut attribute = property(term, number);
            attribute.unit_code = unit.map(Into::into);
            attribute.observed_at = at;
            entity.put(attribute);
        }
    };
    // `value` is a word of the language itself, and no name of an attribute.
    number("indicatorValue", value.and_then(|value| value.value), unit);
    number("low", value.and_then(|value| value.low), unit);
    number("high", value.and_then(|value| value.high), unit);
    number("baseline", before.and_then(|before| before.value), unit);
    number("difference", difference.difference, unit);
    number("differenceLow", difference.low, unit);
    number("differenceHigh", difference.high, unit);
    number("people", difference.people, None);
    number("gain", difference.gain, None);
    number("lose", difference.lose, None);
    number("costPerUnit", difference.cost_per_unit, None);
    if let Some(value) = value {
        entity.put(property("name", value.name.as_str()));
        entity.put(property("unit", value.unit.as_str()));
    }
    entity
}

/// The ids of the results of a run.
pub(super) fn results_of(reader: &dyn Reader, view: &View, run: &Uri) -> Result<Vec<Uri>, twin::Error> {
    let has_run = name("hasRun");
    let mut ids = Vec::new();
    reader.scan(
        view,
        &Selection::of_type(Name::default_term(RESULT)),
        &mut |entity| {
            let target = entity.get(has_run.as_str()).map(Attribute::targets);
            if target.is_some_and(|targets| targets.contains(run)) {
                ids.push(entity.id.clone());
            }
            true
        },
    )?;
    Ok(ids)
}

fn of(entity: &Entity) -> Option<Run> {
    if !entity.has_type(Name::default_term(RUN).as_str()) {
        return None;
    }
    let attribute = |term: &str| entity.get(name(term).as_str());
    let text = |term: &str| attribute(term).and_then(Attribute::as_str).map(str::to_owned);
    let instant = |term: &str| Timestamp::parse(&text(term)?).ok();
    let texts = |term: &str| -> Vec<String> {
        let Some(Value::Property(value)) = attribute(term).map(|attribute| &attribute.value) else {
            return Vec::new();
        };
        match value.to_json() {
            serde_json::Value::Array(items) => items
                .iter()
                .filter_map(|item| item.as_str().map(str::to_owned))
                .collect(),
            serde_json::Value::String(text) => vec![text],
            _ => Vec::new(),
        }
    };
    Some(Run {
        id: entity.id.clone(),
        title: text("title").unwrap_or_default(),
        status: RunStatus::parse(&text("status")?)?,
        progress: attribute("progress").and_then(Attribute::as_f64).unwrap_or(0.0),
        step: text("step"),
        submitted_at: instant("submittedAt").unwrap_or(entity.created_at),
        started_at: instant("startedAt"),
        finished_at: instant("finishedAt"),
        scenario_file: text("scenarioFile").unwrap_or_default(),
        fingerprint: text("fingerprint"),
        baseline_at: instant("baselineAt"),
        attempts: attempts(attribute("attempts").and_then(Attribute::as_f64)),
        version: text("version").unwrap_or_default(),
        errors: texts("errors"),
        warnings: texts("warnings"),
        blob: text("blob").map(BlobId),
        key: text(KEY),
    })
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is within the bounds"
)]
fn attempts(said: Option<f64>) -> u32 {
    said.map_or(0, |attempts| attempts.clamp(0.0, 1e6) as u32)
}

/// A run, as a view shows it.
pub fn read(reader: &dyn Reader, view: &View, id: &Uri) -> Option<Run> {
    reader.get(view, id).and_then(|entity| of(&entity))
}

/// Every run that a view shows, the latest first.
///
/// # Errors
/// The twin cannot be read.
pub fn list(reader: &dyn Reader, view: &View) -> Result<Vec<Run>, JobError> {
    let mut runs = Vec::new();
    reader.scan(
        view,
        &Selection::of_type(Name::default_term(RUN)),
        &mut |entity| {
            runs.extend(of(entity));
            true
        },
    )?;
    runs.sort_by(|a, b| (b.submitted_at, &b.id).cmp(&(a.submitted_at, &a.id)));
    Ok(runs)
}

/// The whole result of a run that is done; `None`: it is not.
///
/// # Errors
/// There is no such run; its result cannot be read.
pub fn result(reader: &dyn Reader, view: &View, id: &Uri) -> Result<Option<RunResult>, JobError> {
    let run = read(reader, view, id).ok_or_else(|| JobError::NotFound(id.clone()))?;
    let (RunStatus::Done, Some(blob)) = (run.status, &run.blob) else {
        return Ok(None);
    };
    let unreadable = |why: String| JobError::Result(id.clone(), why);
    let length = reader
        .blob_length(view, blob)?
        .ok_or_else(|| unreadable("its blob is not there".to_owned()))?;
    let length = usize::try_from(length).map_err(|error| unreadable(error.to_string()))?;
    let mut bytes = vec![0; length];
    reader.read_blob(view, blob, 0, &mut bytes)?;
    let result: result::RunResult =
        serde_json::from_slice(&bytes).map_err(|error| unreadable(error.to_string()))?;
    Ok(Some(result))
}
