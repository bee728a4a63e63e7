//! The pages of the data-protection officer: deadlines, the register, requests, breaches, and how the city stands under a
//! law.
//!
//! They stand at the addresses of the API: who asks for HTML, as browsers do, gets the page. Forms are plain: each ends
//! with a redirect, or with the page again and what was typed.

mod activity;
mod cases;
mod fields;
mod holds;
mod law;
mod overview;
mod register;
mod retention;
mod sheet;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{MatchedPath, Request, State};
use axum::handler::Handler as _;
use axum::http::{Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use governance::desk::Error;
use ngsi_ld::Timestamp;

use super::read;
use super::respond::{self, Failure};
use super::scenarios::{is_form, wants_a_page};
use super::visit::Visit;
use crate::App;
use crate::desk::{AtDesk, refused};
use crate::problem::Problem;

/// The longest form.
const FORM_BYTES: usize = 256 << 10;

/// The pages that stand where the API has nothing.
pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/governance", get(overview::page))
        .route("/governance/retention/{rule}/edit", post(retention::edit))
        .route("/governance/retention/{rule}/end", post(retention::end))
        .route("/governance/processing/{activity}/edit", post(activity::describe))
        .route("/governance/processing/{activity}/delete", post(activity::delete))
}

/// Answers people where the API answers programs.
pub(crate) async fn for_people(State(app): State<App>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>();
    let route = route.map_or("", MatchedPath::as_str).to_owned();
    if !route.starts_with("/governance/") || !wants_a_page(&request) {
        return next.run(request).await;
    }
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let sends = *request.method() == Method::POST && is_form(request.headers());
    match (route.as_str(), reads, sends) {
        ("/governance/processing", true, _) => register::page.call(request, app).await,
        ("/governance/processing", _, true) => register::enter.call(request, app).await,
        ("/governance/processing/{activity}", true, _) => activity::page.call(request, app).await,
        ("/governance/processing/{activity}/assessment", _, true) => {
            activity::assess.call(request, app).await
        }
        ("/governance/processing/{activity}/approval", _, true) => activity::approve.call(request, app).await,
        ("/governance/requests" | "/governance/breaches", true, _) => overview::page.call(request, app).await,
        ("/governance/requests", _, true) => cases::receive.call(request, app).await,
        ("/governance/requests/{request}", true, _) => cases::request.call(request, app).await,
        ("/governance/requests/{request}/steps", _, true) => cases::step.call(request, app).await,
        ("/governance/breaches", _, true) => cases::record.call(request, app).await,
        ("/governance/breaches/{breach}", true, _) => cases::breach.call(request, app).await,
        ("/governance/breaches/{breach}/steps", _, true) => cases::breach_step.call(request, app).await,
        ("/governance/retention" | "/governance/retention-runs", true, _) => {
            retention::page.call(request, app).await
        }
        ("/governance/retention", _, true) => retention::make.call(request, app).await,
        ("/governance/retention/{rule}", true, _) => retention::rule.call(request, app).await,
        ("/governance/retention-runs", _, true) => retention::run.call(request, app).await,
        ("/governance/retention-runs/{run}", true, _) => retention::one_run.call(request, app).await,
        ("/governance/holds", true, _) => holds::page.call(request, app).await,
        ("/governance/holds", _, true) => holds::place.call(request, app).await,
        ("/governance/holds/{hold}", true, _) => holds::hold.call(request, app).await,
        ("/governance/holds/{hold}/release", _, true) => holds::release.call(request, app).await,
        ("/governance/profiles", true, _) => law::list.call(request, app).await,
        ("/governance/profiles/{profile}", true, _) => law::page.call(request, app).await,
        _ => next.run(request).await,
    }
}

/// Who visits, at the desk.
fn at(visit: &Visit) -> Result<AtDesk, Failure> {
    AtDesk::of(&visit.app, &visit.view, visit.who.as_deref())
        .map_err(|problem| Failure::refused(visit, &problem))
}

/// What the desk refuses, as a page.
fn failed(visit: &Visit) -> impl Fn(Error) -> Failure + '_ {
    |error| Failure::refused(visit, &refused(&error))
}

/// A page with what was refused on it, if anything was, and its status.
fn answered<T: askama::Template>(
    visit: &Visit,
    page: &T,
    error: Option<&Error>,
) -> Result<Response, Failure> {
    let mut response = respond::page(visit, page)?;
    if let Some(error) = error {
        *response.status_mut() = refused(error).status();
    }
    Ok(response)
}

/// A form that was sent.
struct Sent(Vec<(String, String)>);

impl Sent {
    async fn read(visit: &Visit, request: Request) -> Result<Self, Failure> {
        let bytes = to_bytes(request.into_body(), FORM_BYTES)
            .await
            .map_err(|_too_long| {
                let problem = Problem::api(StatusCode::PAYLOAD_TOO_LARGE, "the form is too long");
                Failure::refused(visit, &problem)
            })?;
        let fields = form_urlencoded::parse(&bytes).take(200);
        Ok(Self(
            fields
                .map(|(name, value)| (name.into_owned(), value.into_owned()))
                .collect(),
        ))
    }

    /// A field as it was typed; empty where it is not there.
    fn field(&self, name: &str) -> &str {
        let mut of_name = self.0.iter().filter(|(known, _)| known == name);
        of_name.next().map_or("", |(_, value)| value.trim())
    }

    /// The lines of a field that are not empty.
    fn lines(&self, name: &str) -> Vec<String> {
        let lines = self.field(name).lines().map(str::trim);
        lines.filter(|line| !line.is_empty()).map(str::to_owned).collect()
    }

    /// The lines of a field, in parts between `|`.
    fn rows<const N: usize>(&self, name: &str) -> Vec<[String; N]> {
        let row = |line: &String| {
            let mut parts = line.splitn(N, '|').map(|part| part.trim().to_owned());
            std::array::from_fn(|_| parts.next().unwrap_or_default())
        };
        self.lines(name).iter().map(row).collect()
    }

    /// A day, at its beginning in UTC; nothing where none is given.
    fn day(&self, name: &'static str) -> Result<Option<Timestamp>, Error> {
        let day = self.field(name);
        if day.is_empty() {
            return Ok(None);
        }
        let at = Timestamp::parse(&format!("{day}T00:00:00Z"));
        at.map(Some)
            .map_err(|_no_day| wrong(name, "write a day as in 2026-05-01"))
    }

    /// A minute in UTC, as browsers send it; nothing where none is given.
    fn minute(&self, name: &'static str) -> Result<Option<Timestamp>, Error> {
        let minute = self.field(name);
        if minute.is_empty() {
            return Ok(None);
        }
        let seconds = if minute.len() > "2026-05-01T10:00".len() {
            ""
        } else {
            ":00"
        };
        let at = Timestamp::parse(&format!("{minute}{seconds}Z"));
        at.map(Some)
            .map_err(|_no_minute| wrong(name, "write a minute in UTC as in 2026-05-01T10:00"))
    }

    /// A whole number; nothing where none is given.
    fn number<T: std::str::FromStr>(&self, name: &'static str) -> Result<Option<T>, Error> {
        match self.field(name) {
            "" => Ok(None),
            text => text
                .parse()
                .map(Some)
                .map_err(|_no_number| wrong(name, "write a whole number")),
        }
    }
}

fn wrong(place: &str, detail: &str) -> Error {
    Error::Wrong {
        place: place.to_owned(),
        detail: detail.to_owned(),
    }
}

/// 303: look there.
fn see(address: &str) -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, address.to_owned())]).into_response()
}
