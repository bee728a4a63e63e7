//! `/scenarios`: the scenario files that the city keeps, each with its latest run.

use std::collections::HashMap;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use scenarios::file::ScenarioFile;
use scenarios::job;

use super::words::RunLine;
use super::{Failure, Visit, api, read, refused, respond};
use crate::App;
use crate::pages::describe::plain;
use crate::pages::frame::{Frame, Place};
use crate::pages::language::Argument::Count;
use crate::pages::language::Language;
use crate::pages::pager::Pager;

const ROWS: usize = 50;

#[derive(Template)]
#[template(path = "scenarios.html")]
struct ListPage {
    l: Language,
    frame: Frame,
    rows: Vec<Row>,
    pager: Pager,
}

struct Row {
    address: String,
    title: String,
    description: Option<String>,
    /// How many measures and scenarios; none: the file cannot be read.
    holds: Option<String>,
    latest: Option<RunLine>,
    run: String,
}

/// `GET /scenarios`, for people.
pub(super) async fn page(State(_app): State<App>, visit: Visit) -> Result<Response, Failure> {
    read(visit, |visit| {
        let l = visit.language;
        let all = api::stored::list(&visit.twin, &visit.view).map_err(|e| Failure::from_twin(visit, &e))?;
        let runs = job::list(&visit.twin, &visit.view).map_err(|e| refused(visit)(api::of_job(e)))?;
        let mut latest: HashMap<&str, &job::Run> = HashMap::new();
        for run in &runs {
            latest.entry(run.scenario_file.as_str()).or_insert(run);
        }
        let pager = Pager::of(visit, all.len(), ROWS);
        let rows = all.iter().skip(pager.first).take(ROWS).map(|one| {
            let address = api::files::address(&one.id);
            Row {
                title: plain(&one.title),
                description: one.description.as_deref().map(plain),
                holds: ScenarioFile::parse(&one.file).ok().map(|file| {
                    let scenarios = file.scenarios.len().max(1);
                    l.text_with(
                        "scenario-holds",
                        &[
                            ("measures", Count(file.measures.len())),
                            ("scenarios", Count(scenarios)),
                        ],
                    )
                }),
                latest: latest.get(one.file.as_str()).map(|run| RunLine::of(l, run, None)),
                run: format!("{address}/runs"),
                address,
            }
        });
        let page = ListPage {
            l,
            frame: Frame::new(visit, Place::Scenarios, l.text("scenarios-title")),
            rows: rows.collect(),
            pager,
        };
        respond::page(visit, &page)
    })
    .await
}
