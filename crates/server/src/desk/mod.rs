//! `/governance`: the desk of the data-protection officer, for programs. The pages stand at the same addresses.

mod breaches;
mod examples;
pub(crate) mod facts;
pub(crate) mod gate;
pub(crate) mod ground;
mod holds;
mod processing;
mod profiles;
mod requests;
mod retention;

use access::{Kind, Permission};
use axum::extract::FromRequestParts;
use axum::extract::rejection::JsonRejection;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use governance::desk::{By, Desk, Error, Known};
use query::View;
use twin::Twin;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::identity;
use crate::problem::{Answer, Problem, blocking};

pub(crate) use profiles::report;

/// The routes, with their documentation.
pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(processing::list_activities, processing::create_activity))
        .routes(routes!(
            processing::retrieve_activity,
            processing::put_activity,
            processing::delete_activity
        ))
        .routes(routes!(processing::assess_activity))
        .routes(routes!(processing::approve_assessment))
        .routes(routes!(requests::list_requests, requests::create_request))
        .routes(routes!(requests::retrieve_request))
        .routes(routes!(requests::step_request))
        .routes(routes!(requests::export_subject))
        .routes(routes!(retention::list_rules, retention::create_rule))
        .routes(routes!(
            retention::retrieve_rule,
            retention::put_rule,
            retention::end_rule
        ))
        .routes(routes!(retention::preview_rule))
        .routes(routes!(retention::list_runs, retention::run_rules))
        .routes(routes!(retention::retrieve_run))
        .routes(routes!(holds::list_holds, holds::create_hold))
        .routes(routes!(holds::retrieve_hold))
        .routes(routes!(holds::release_hold))
        .routes(routes!(breaches::list_breaches, breaches::create_breach))
        .routes(routes!(breaches::retrieve_breach))
        .routes(routes!(breaches::step_breach))
        .routes(routes!(profiles::list_profiles))
        .routes(routes!(profiles::gap_report))
}

/// Somebody at the desk.
#[derive(Clone)]
pub(crate) struct AtDesk {
    pub(crate) app: App,
    pub(crate) desk: Desk,
    pub(crate) by: By,
}

impl AtDesk {
    /// The caller of a view; `who`: as what he is known.
    pub(crate) fn of(app: &App, view: &View, who: Option<&access::Principal>) -> Answer<Self> {
        let desk = app.config.desk.clone().ok_or_else(|| {
            let detail = "this server was started without a desk for data protection";
            Problem::api(StatusCode::NOT_FOUND, detail)
        })?;
        let is_person = who.is_some_and(|who| who.kind == Kind::Person);
        Ok(Self {
            app: app.clone(),
            desk,
            by: By::new(view, is_person),
        })
    }

    /// The purposes and classes that the policies of the moment know.
    pub(crate) fn known(&self) -> Known {
        let Some(views) = &self.app.config.views else {
            return Known::default();
        };
        let rules = views.policies().rules();
        Known {
            purposes: Some(rules.purposes().names().map(str::to_owned).collect()),
            classes: Some(rules.classes().names().map(str::to_owned).collect()),
        }
    }

    /// The twin that a request is about.
    pub(crate) fn twin_of(&self, tenant: Option<&str>) -> Result<Twin, Error> {
        self.app
            .twin(tenant)
            .ok_or_else(|| Error::Conflict(format!("there is no tenant `{}`", tenant.unwrap_or_default())))
    }

    /// Refuses a tenant that there is not: what is made for one would silently never apply.
    fn has_tenant(&self, tenant: Option<&str>) -> Result<(), Error> {
        let named = tenant.filter(|name| !name.is_empty());
        if self.app.twin(named).is_some() {
            return Ok(());
        }
        let name: String = named.unwrap_or_default().chars().take(60).collect();
        Err(Error::Wrong {
            place: "tenant".to_owned(),
            detail: format!(
                "there is no tenant `{name}`: write it as it was made, or leave it out for the default one"
            ),
        })
    }

    /// Does something on a thread that may wait.
    pub(crate) async fn done<T: Send + 'static>(
        self,
        work: impl FnOnce(&Self) -> Result<T, Error> + Send + 'static,
    ) -> Answer<T> {
        blocking(move || work(&self))
            .await
            .map_err(Problem::as_api)?
            .map_err(|error| refused(&error))
    }
}

impl FromRequestParts<App> for AtDesk {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let view = crate::caller_view(&parts.headers, &parts.extensions, app);
        let who = identity::principal(&parts.extensions);
        Self::of(app, &view, who.map(|who| &**who))
    }
}

/// Whether somebody may work at the desk, where that is asked.
pub(crate) fn may(app: &App, who: Option<&access::Principal>) -> bool {
    app.config.desk.is_some()
        && (app.config.access().is_none() || who.is_some_and(|who| who.may(Permission::GovernanceManage)))
}

/// The body, or why it is none.
fn body<T>(given: Result<axum::Json<T>, JsonRejection>) -> Answer<T> {
    given
        .map(|axum::Json(body)| body)
        .map_err(|rejection| Problem::api(rejection.status(), rejection.body_text()))
}

/// What the desk refuses, as a client reads it.
pub(crate) fn refused(error: &Error) -> Problem {
    let status = match error {
        Error::NotFound { .. } => StatusCode::NOT_FOUND,
        Error::Wrong { .. } => StatusCode::UNPROCESSABLE_ENTITY,
        Error::Conflict(_) => StatusCode::CONFLICT,
        Error::Forbidden(_) => StatusCode::FORBIDDEN,
        Error::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
    };
    let problem = Problem::api(status, error.to_string());
    match error {
        Error::Wrong { place, .. } => problem.member("place", place.as_str()),
        Error::Store(_) => problem.header(header::RETRY_AFTER, "5"),
        _ => problem,
    }
}

/// 201 with the address of what was made.
fn made(address: &str, body: axum::response::Response) -> axum::response::Response {
    let mut response = body;
    *response.status_mut() = StatusCode::CREATED;
    let mut headers = HeaderMap::new();
    if let Ok(value) = address.parse() {
        headers.insert(header::LOCATION, value);
    }
    response.headers_mut().extend(headers);
    response
}
