//! The pages about scenarios: files, runs, and what came of them.
//!
//! They stand at the addresses of the API: who asks for HTML, as browsers do, gets the page, and everybody else the
//! data. Forms are plain: each ends with a redirect or with the page again and what was typed.

mod changes;
mod choice;
mod compare;
mod difference_map;
mod edit;
mod effect;
mod headline;
mod kinds;
mod list;
mod one;
mod parts;
mod run;
mod runs;
#[cfg(test)]
mod tests;
pub(super) mod words;

use axum::Router;
use axum::extract::{MatchedPath, Path, Request, State};
use axum::handler::Handler as _;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};

use super::read;
use super::respond::{self, Failure};
use super::visit::Visit;
use crate::App;
use crate::kpi::Visitor;
use crate::ngsi_ld::weight_of;
use crate::problem::Problem;
use crate::scenarios as api;

/// The pages that stand where the API has nothing.
pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/scenarios/new", get(edit::new))
        .route("/scenarios/{id}/edit", get(edit::edit).post(edit::replace))
        .route("/scenarios/{id}/delete", post(edit::delete))
        .route("/scenarios/runs/{id}/delete", post(runs::delete))
}

/// Answers people where the API answers programs.
pub(crate) async fn for_people(State(app): State<App>, request: Request, next: Next) -> Response {
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or("", MatchedPath::as_str)
        .to_owned();
    if !route.starts_with("/scenarios") || !wants_a_page(&request) {
        return next.run(request).await;
    }
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let writes = *request.method() == Method::POST;
    match route.as_str() {
        "/scenarios" if reads => list::page.call(request, app).await,
        "/scenarios/kinds" if reads => kinds::page.call(request, app).await,
        "/scenarios/runs" if reads => runs::page.call(request, app).await,
        "/scenarios/runs/{id}" if reads => run::page.call(request, app).await,
        "/scenarios/{id}" if reads => one::page.call(request, app).await,
        "/scenarios" if writes && is_form(request.headers()) => edit::create.call(request, app).await,
        "/scenarios/{id}/runs" if writes && is_form(request.headers()) => start.call(request, app).await,
        "/scenarios/runs/{id}/cancel" if writes && is_form(request.headers()) => {
            cancel.call(request, app).await
        }
        _ => next.run(request).await,
    }
}

/// Whether a browser asks for something to look at: HTML rather than JSON, and no form of the data by name.
pub(super) fn wants_a_page(request: &Request) -> bool {
    let (headers, query) = (request.headers(), request.uri().query().unwrap_or(""));
    weight_of(headers, "text/html") > weight_of(headers, "application/json")
        && !query.split('&').any(|pair| pair.starts_with("format="))
}

pub(super) fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("");
    let kind = kind.trim_start().to_ascii_lowercase();
    kind.starts_with("multipart/form-data") || kind.starts_with("application/x-www-form-urlencoded")
}

/// `POST /scenarios/{id}/runs` from a page: runs it, and shows how far it is.
async fn start(State(_app): State<App>, visit: Visit, Path(id): Path<String>) -> Result<Response, Failure> {
    read(visit, move |visit| {
        let run = api::runs::start_stored(&visit.app, &visitor(visit), &id, None)
            .map_err(|problem| Failure::refused(visit, &problem))?;
        Ok(see(&format!("{}?watch=1", api::runs::address(&run))))
    })
    .await
}

/// `POST /scenarios/runs/{id}/cancel` from a page.
async fn cancel(State(_app): State<App>, visit: Visit, Path(id): Path<String>) -> Result<Response, Failure> {
    read(visit, move |visit| {
        let run =
            api::runs::run_of(&visitor(visit), &id).map_err(|problem| Failure::refused(visit, &problem))?;
        api::runs::end(&visit.app, &visitor(visit), &id)
            .map_err(|problem| Failure::refused(visit, &problem))?;
        Ok(see(&api::runs::address(&run.id)))
    })
    .await
}

/// Who visits, as the API knows visitors.
fn visitor(visit: &Visit) -> Visitor {
    Visitor {
        twin: visit.twin.clone(),
        view: visit.view.clone(),
        tenant: None,
    }
}

/// 303: look there.
fn see(address: &str) -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, address.to_owned())]).into_response()
}

fn refused(visit: &Visit) -> impl Fn(Problem) -> Failure + '_ {
    |problem| Failure::refused(visit, &problem)
}
