//! `/scenarios/runs`: every run, the latest first.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use scenarios::job::{self, Run};

use super::headline;
use super::words::RunLine;
use super::{Failure, Visit, api, read, refused, respond, see, visitor};
use crate::App;
use crate::pages::frame::{Frame, Place};
use crate::pages::language::Language;
use crate::pages::pager::Pager;

const ROWS: usize = 50;

#[derive(Template)]
#[template(path = "scenario_runs.html")]
struct RunsPage {
    l: Language,
    frame: Frame,
    rows: Vec<RunLine>,
    pager: Pager,
}

/// `GET /scenarios/runs`, for people.
pub(super) async fn page(State(_app): State<App>, visit: Visit) -> Result<Response, Failure> {
    read(visit, |visit| {
        let l = visit.language;
        let all = job::list(&visit.twin, &visit.view).map_err(|e| refused(visit)(api::of_job(e)))?;
        let pager = Pager::of(visit, all.len(), ROWS);
        let shown: Vec<&Run> = all.iter().skip(pager.first).take(ROWS).collect();
        let page = RunsPage {
            l,
            frame: Frame::new(visit, Place::Scenarios, l.text("runs-title")),
            rows: headline::lines(visit, &shown, None).map_err(|e| Failure::from_twin(visit, &e))?,
            pager,
        };
        respond::page(visit, &page)
    })
    .await
}

/// `POST /scenarios/runs/{id}/delete`.
pub(super) async fn delete(
    State(_app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    read(visit, move |visit| {
        api::runs::remove(&visit.app, &visitor(visit), &id).map_err(refused(visit))?;
        Ok(see("/scenarios/runs"))
    })
    .await
}
