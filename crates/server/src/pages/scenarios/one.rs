//! `/scenarios/{id}`: one scenario file in words, with its runs.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use scenarios::catalogue;
use scenarios::file::{Finding, Measure, ScenarioFile};
use scenarios::indicator;
use scenarios::job;
use serde_json::Value as Json;

use super::headline;
use super::words::{self, Label, RunLine};
use super::{Failure, Visit, api, read, refused, respond, visitor};
use crate::App;
use crate::pages::describe::plain;
use crate::pages::frame::{Frame, Place};
use crate::pages::language::Language;

/// More runs are on the page of all runs.
const RUNS: usize = 20;
/// The longest text of a parameter that the table shows.
const LONGEST: usize = 160;

#[derive(Template)]
#[template(path = "scenario.html")]
struct OnePage {
    l: Language,
    frame: Frame,
    title: String,
    description: Option<String>,
    address: String,
    findings: Vec<Finding>,
    scenarios: Vec<ScenarioRow>,
    measures: Vec<MeasureRow>,
    indicators: Vec<Label>,
    travel: Vec<(String, String)>,
    objectives: Vec<String>,
    budget: Option<String>,
    runs: Vec<RunLine>,
    file: String,
}

struct ScenarioRow {
    title: String,
    description: Option<String>,
    measures: Vec<String>,
    cost: String,
    yearly: String,
}

struct MeasureRow {
    title: String,
    name: String,
    kind: String,
    changes: String,
    with: Vec<(String, String)>,
    cost: String,
    yearly: String,
    owner: String,
    start: String,
}

/// `GET /scenarios/{id}`, for people.
pub(super) async fn page(
    State(_app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    read(visit, move |visit| {
        let l = visit.language;
        let one = api::files::find(&visitor(visit), &id).map_err(refused(visit))?;
        let all = job::list(&visit.twin, &visit.view).map_err(|e| refused(visit)(api::of_job(e)))?;
        let runs = all
            .iter()
            .filter(|run| run.scenario_file == one.file || run.title == one.title)
            .take(RUNS);
        let runs: Vec<&job::Run> = runs.collect();
        let (file, findings) = match ScenarioFile::parse(&one.file) {
            Ok(file) => (Some(file), Vec::new()),
            Err(findings) => (None, findings),
        };
        let file = file.as_ref();
        let choose = file.and_then(|file| file.choose.as_ref());
        let currency = file.and_then(|file| file.currency.as_deref());
        let page = OnePage {
            l,
            frame: Frame::new(visit, Place::Scenarios, plain(&one.title)),
            title: plain(&one.title),
            description: one.description.as_deref().map(words::long),
            address: api::files::address(&one.id),
            findings,
            scenarios: file.map(|file| scenarios(file, l)).unwrap_or_default(),
            measures: file
                .map(|file| {
                    file.measures
                        .iter()
                        .map(|one| measure(one, currency, l))
                        .collect()
                })
                .unwrap_or_default(),
            indicators: file.map(|file| indicators(file, l)).unwrap_or_default(),
            travel: file
                .map(|file| words::travel(l, &file.travel))
                .unwrap_or_default(),
            objectives: choose
                .map(|choose| {
                    choose
                        .objectives
                        .iter()
                        .map(|one| words::objective(l, one, &[], &[]))
                        .collect()
                })
                .unwrap_or_default(),
            budget: choose
                .and_then(|choose| choose.budget)
                .map(|budget| words::money(l, budget, currency)),
            runs: headline::lines(visit, &runs, Some(&one.file))
                .map_err(|e| Failure::from_twin(visit, &e))?,
            file: one
                .file
                .chars()
                .filter(|c| !c.is_control() || matches!(c, '\n' | '\t'))
                .collect(),
        };
        respond::page(visit, &page)
    })
    .await
}

fn scenarios(file: &ScenarioFile, l: Language) -> Vec<ScenarioRow> {
    let named = |name: &str| file.measures.iter().find(|measure| measure.name == name);
    let row = |title: String, description: Option<String>, measures: Vec<&Measure>| {
        let sum = |of: fn(&Measure) -> f64| measures.iter().map(|measure| of(measure)).sum::<f64>();
        let currency = file.currency.as_deref();
        ScenarioRow {
            title,
            description,
            cost: words::money(l, sum(|measure| measure.cost), currency),
            yearly: words::money(l, sum(|measure| measure.yearly_cost), currency),
            measures: measures.iter().map(|measure| title_of(measure)).collect(),
        }
    };
    if file.scenarios.is_empty() {
        return vec![row(
            l.text("scenario-everything"),
            None,
            file.measures.iter().collect(),
        )];
    }
    file.scenarios
        .iter()
        .map(|scenario| {
            let measures = scenario.measures.iter().filter_map(|name| named(name)).collect();
            row(
                plain(scenario.title.as_deref().unwrap_or(&scenario.name)),
                scenario.description.as_deref().map(words::long),
                measures,
            )
        })
        .collect()
}

fn title_of(measure: &Measure) -> String {
    plain(measure.title.as_deref().unwrap_or(&measure.name))
}

fn measure(measure: &Measure, currency: Option<&str>, l: Language) -> MeasureRow {
    let kind = catalogue::kind(&measure.kind);
    MeasureRow {
        title: title_of(measure),
        name: plain(&measure.name),
        kind: kind.map_or_else(|| plain(&measure.kind), |kind| kind.title.clone()),
        changes: kind
            .map(|kind| kind.description.trim().to_owned())
            .unwrap_or_default(),
        with: measure
            .with
            .iter()
            .map(|(key, value)| (plain(key), told(value)))
            .collect(),
        cost: words::money(l, measure.cost, currency),
        yearly: words::money(l, measure.yearly_cost, currency),
        owner: measure.owner.as_deref().map(plain).unwrap_or_default(),
        start: measure.start.as_deref().map(plain).unwrap_or_default(),
    }
}

/// The value of a parameter; a long one is cut, and the file holds all of it.
fn told(value: &Json) -> String {
    let text = match value {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    };
    let shown = plain(&text);
    if shown.chars().count() > LONGEST {
        shown.chars().take(LONGEST).collect::<String>() + "…"
    } else {
        shown
    }
}

fn indicators(file: &ScenarioFile, l: Language) -> Vec<Label> {
    let named = |id: &String| {
        let known = indicator::all().iter().find(|one| one.id == *id);
        words::indicator(l, id, known.map_or(id.as_str(), |one| &one.name))
    };
    file.indicators.iter().map(named).collect()
}
