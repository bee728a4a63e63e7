//! The pages of those who answer for the policies: their documents, what a change of one would change, and why somebody
//! can see something.

mod classes;
mod documents;
mod gate;
mod shifts;
#[cfg(test)]
mod tests;
mod why;

use access::PolicyViews;
use axum::Router;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::get;

use super::respond::{self, Failure};
use super::visit::{Visit, encode};
use super::{accounts, language, read};
use crate::App;

/// Where they are. Each of them is in the table of `identity`, too.
pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/policies", get(documents::list).post(documents::begin))
        .route(
            "/policies/documents/{document}",
            get(documents::page).post(documents::change),
        )
        .route("/policies/classes", get(classes::page).post(classes::change))
        .route("/policies/why", get(why::page))
}

/// The policies, where there are any.
fn views(visit: &Visit) -> Result<&PolicyViews, Failure> {
    let views = visit.app.config.views.as_ref();
    views.ok_or_else(|| Failure::not_found(visit))
}

/// A page that nobody may keep.
fn shown(visit: &Visit, page: &impl askama::Template, status: StatusCode) -> Result<Response, Failure> {
    let mut response = respond::page(visit, page)?;
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}
