//! Pages for people: rendered on the server, complete without scripts.
//!
//! A page reads the twin through the view of who asks, and says what it found in the reader's language. The only
//! script is the interactive map's, which takes the place of a picture where a browser can draw it.

pub(crate) mod accounts;
mod areas;
mod assessed;
mod assets;
mod audit;
mod describe;
pub(crate) mod desk;
mod entities;
mod entity;
mod features;
mod frame;
mod kpi;
mod kpi_list;
mod language;
mod layers;
mod map;
mod overview;
mod pager;
mod picture;
mod place_query;
mod plot;
mod policies;
pub(crate) mod reach;
mod respond;
pub(crate) mod scenarios;
#[cfg(test)]
pub(crate) mod tests;
mod trust;
mod visit;
mod wheel;

use axum::Router;
use axum::http::request::Parts;
use axum::response::Response;
use axum::routing::get;

use crate::App;
use crate::problem::Problem;
pub(crate) use accounts::qr::svg as qr_svg;
pub(crate) use place_query::LOCATION;
use respond::Failure;
use visit::Visit;
pub(crate) use visit::encode;

/// Every page, and what pages need: styles, islands, the features of the map.
pub fn router() -> Router<App> {
    Router::new()
        .route("/", get(overview::page))
        .route("/kpi", get(kpi_list::page))
        .route("/kpi/{id}", get(kpi::page))
        .route("/map", get(map::page))
        .route("/map/features.geojson", get(features::geojson))
        .route("/map/features.csv", get(features::csv))
        .route("/entities", get(entities::page))
        .route("/audit", get(audit::page))
        .route("/entities/{id}", get(entity::page))
        .route("/assets/{name}", get(assets::asset))
        .route("/reach", get(reach::page))
        .route("/trust", get(trust::page))
        .route("/trust/{document}", get(trust::documents))
        .route("/.well-known/security.txt", get(trust::security_txt))
        .merge(desk::router())
        .merge(scenarios::router())
        .merge(accounts::router())
        .merge(policies::router())
}

/// What a visitor sees where there is no door: for the router's fallback, when the request wants HTML.
pub(crate) async fn not_found(visit: Visit) -> Response {
    use axum::response::IntoResponse;
    Failure::not_found(&visit).into_response()
}

/// A refusal of the layer before the doors, as a page; none where the city itself is not there.
pub(crate) async fn refused(parts: &mut Parts, app: &App, problem: &Problem) -> Option<Response> {
    use axum::extract::FromRequestParts as _;
    use axum::response::IntoResponse as _;
    let visit = Visit::from_request_parts(parts, app).await.ok()?;
    Some(Failure::refused(&visit, problem).into_response())
}

/// Reads the twin and writes the page on a thread that may be held.
async fn read(
    visit: Visit,
    work: impl FnOnce(&Visit) -> Result<Response, Failure> + Send + 'static,
) -> Result<Response, Failure> {
    let kept = visit.clone();
    tokio::task::spawn_blocking(move || work(&visit))
        .await
        .unwrap_or_else(|error| {
            tracing::error!(%error, "a page failed");
            Err(Failure::internal(&kept))
        })
}
