//! `/audit`: the tamper-evident log of what was done, for whoever checks it.
//!
//! Laid out as C2SP `tlog-tiles` has it below the prefix `/audit`, so that its clients and mirrors read it; and as JSON.

mod json;
mod tiles;

use axum::http::StatusCode;
use governance::audit::{Error, Log};
use utoipa_axum::router::OpenApiRouter;

use crate::App;
use crate::kpi::Visitor;
use crate::problem::{Answer, Problem, blocking};

/// The routes, with their documentation.
pub(crate) fn router() -> OpenApiRouter<App> {
    tiles::router().merge(json::router())
}

/// The log of a visitor's tenant: the one place that every route of this module, and the page, comes through.
pub(crate) fn readable(app: &App, visitor: &Visitor) -> Answer<Log> {
    let log = app
        .config
        .audit
        .as_ref()
        .and_then(|audit| audit.log(visitor.tenant.as_deref()));
    log.ok_or_else(|| {
        let detail = "what is done is not recorded here: `audit.enabled` is false";
        Problem::api(StatusCode::NOT_FOUND, detail)
    })
}

/// Asks a log on a thread that may be held.
async fn ask<T: Send + 'static>(
    log: Log,
    work: impl FnOnce(&Log) -> Result<T, Error> + Send + 'static,
) -> Answer<T> {
    blocking(move || work(&log)).await?.map_err(problem)
}

pub(crate) fn problem(error: Error) -> Problem {
    match error {
        Error::OutOfRange(detail) => Problem::api(StatusCode::NOT_FOUND, detail),
        error => Problem::api(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    }
}

fn wrong(detail: impl Into<String>) -> Problem {
    Problem::api(StatusCode::BAD_REQUEST, detail)
}
