//! `/scenarios/runs/{id}`: how far a run is, and when it is done, what each scenario would change, for whom, and at
//! what cost.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::Response;
use scenarios::file::ScenarioFile;
use scenarios::job::{Run, RunStatus};
use scenarios::result::RunResult;

use super::changes::Changes;
use super::choice::ChoicePart;
use super::compare::{Comparison, Focus};
use super::difference_map::DifferenceMap;
use super::effect::Effect;
use super::parts::Parts;
use super::words::{self, Titles};
use super::{Failure, Visit, api, read, refused, respond, visitor};
use crate::App;
use crate::pages::describe::plain;
use crate::pages::frame::{Frame, Place};
use crate::pages::language::Language;
use crate::pages::visit::address;

/// A page that looks after a run loads itself again after so many seconds.
const AGAIN_S: &str = "4";
/// Years of yearly costs that count where the file does not say.
pub(super) const YEARS: f64 = 10.0;

#[derive(Template)]
#[template(path = "run.html")]
struct RunPage {
    l: Language,
    frame: Frame,
    title: String,
    address: String,
    status: String,
    class: &'static str,
    works: bool,
    /// Whether the page loads itself again, and the address of the other way.
    watches: bool,
    other_way: String,
    percent: String,
    step: Option<String>,
    errors: Vec<String>,
    submitted: String,
    found: Option<Found>,
}

/// What a finished run found, drawn.
struct Found {
    comparison: Comparison,
    parts: Option<Parts>,
    map: Option<DifferenceMap>,
    effect: Option<Effect>,
    choice: Option<ChoicePart>,
    changes: Vec<Changes>,
    sure: Sure,
    files: Vec<(String, String)>,
}

/// Where the numbers come from, and how sure they are.
struct Sure {
    warnings: Vec<String>,
    uncertainties: Vec<String>,
    assumptions: Vec<String>,
    facts: Vec<(String, String)>,
    entities: Vec<(String, String)>,
    /// How people travel.
    travel: Vec<(String, String)>,
}

/// `GET /scenarios/runs/{id}`, for people.
pub(super) async fn page(
    State(_app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    read(visit, move |visit| {
        let run = api::runs::run_of(&visitor(visit), &id).map_err(refused(visit))?;
        let found = match run.status {
            RunStatus::Done => Some(api::results::result_of(&visitor(visit), &run).map_err(refused(visit))?),
            _ => None,
        };
        shown(visit, &run, found.as_ref())
    })
    .await
}

/// The page of a run, and of its result where it has one.
pub(super) fn shown(visit: &Visit, run: &Run, found: Option<&RunResult>) -> Result<Response, Failure> {
    let l = visit.language;
    let works = !run.status.is_final();
    let watches = works && visit.parameter("watch").is_some();
    let path = api::runs::address(&run.id);
    let page = RunPage {
        l,
        frame: Frame::new(visit, Place::Scenarios, plain(&run.title)),
        title: plain(&run.title),
        status: words::status(l, run.status),
        class: words::status_class(run.status),
        works,
        watches,
        other_way: if watches {
            path.clone()
        } else {
            format!("{path}?watch=1")
        },
        percent: l.number((run.progress * 100.0).clamp(0.0, 100.0), 0),
        step: run.step.as_deref().map(plain),
        errors: run.errors.iter().map(|error| words::long(error)).collect(),
        submitted: words::moment(run.submitted_at),
        found: found.map(|found| drawn(visit, run, found, &path)),
        address: path,
    };
    let mut response = respond::page(visit, &page)?;
    if watches {
        response
            .headers_mut()
            .insert(header::REFRESH, HeaderValue::from_static(AGAIN_S));
    }
    Ok(response)
}

fn drawn(visit: &Visit, run: &Run, found: &RunResult, path: &str) -> Found {
    let l = visit.language;
    let focus = Focus::of(visit, found);
    let file = ScenarioFile::parse(&run.scenario_file).ok();
    let titles = Titles::of(file.as_ref());
    let travel = file
        .as_ref()
        .map(|file| words::travel(l, &file.travel))
        .unwrap_or_default();
    let years = file
        .and_then(|file| file.choose)
        .map_or(YEARS, |choose| choose.years);
    let map_file = address(
        &format!("{path}/map"),
        [
            ("indicator", focus.indicator_id(found)),
            ("scenario", focus.scenario_name(found)),
        ]
        .into_iter(),
    );
    let result = |format: &str| format!("{path}/result?format={format}");
    Found {
        comparison: Comparison::of(found, &focus, l),
        parts: Parts::of(found, &focus, l),
        map: DifferenceMap::of(visit, found, &focus),
        effect: Effect::of(found, &focus, years, l),
        choice: found
            .choice
            .as_ref()
            .map(|choice| ChoicePart::of(visit, found, choice, &titles)),
        changes: Changes::all(found, path, &titles, l),
        sure: sure(run, found, travel, l),
        files: vec![
            (result("html"), l.text("take-html")),
            (result("csv"), l.text("take-csv")),
            (result("json"), l.text("take-json")),
            (map_file, l.text("take-map")),
        ],
    }
}

fn sure(run: &Run, found: &RunResult, travel: Vec<(String, String)>, l: Language) -> Sure {
    let mut uncertainties: Vec<String> = Vec::new();
    for value in &found.baseline {
        if let Some(text) = value
            .uncertainty
            .as_deref()
            .map(words::long)
            .filter(|text| !uncertainties.contains(text))
        {
            uncertainties.push(text);
        }
    }
    let mut warnings: Vec<String> = Vec::new();
    let all = found.scenarios.iter().flat_map(|scenario| &scenario.warnings);
    for warning in found
        .warnings
        .iter()
        .chain(&run.warnings)
        .chain(all)
        .map(|text| words::long(text))
    {
        if !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }
    let from = &found.provenance;
    let facts = [
        ("fact-snapshot", from.snapshot.clone()),
        ("fact-version", from.version.clone()),
        ("fact-seed", from.seed.to_string()),
        ("fact-inputs", from.inputs.clone()),
        ("fact-file", from.file.clone()),
    ];
    Sure {
        warnings,
        uncertainties,
        travel,
        assumptions: from.assumptions.iter().map(|text| words::long(text)).collect(),
        facts: facts
            .into_iter()
            .map(|(key, value)| (l.text(key), plain(&value)))
            .collect(),
        entities: from
            .entities
            .iter()
            .map(|(name, count)| {
                let name = ngsi_ld::Name::from_iri(name.as_str());
                (crate::pages::describe::type_label(l, &name), l.count(*count))
            })
            .collect(),
    }
}
