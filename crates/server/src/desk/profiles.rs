//! `/governance/profiles`: laws as data, and how this installation stands.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::IntoResponse as _;
use governance::profiles::{Profile, Report};
use serde_json::json;

use super::{AtDesk, examples, facts};
use crate::ngsi_ld::ProblemDetails;
use crate::problem::{Answer, Problem, blocking};

/// The legal profiles
///
/// Those that come with the program.
#[utoipa::path(get, path = "/governance/profiles", tag = "Governance", operation_id = "listProfiles",
    responses((status = 200, description = "The profiles", body = ref("#/components/schemas/LegalProfiles"), content_type = "application/json",
        example = json!([{"id": "kenya-dpa", "name": "Kenya: Data Protection Act, 2019", "territory": "Kenya", "articles": 25, "in_force": true}]))))]
pub(super) async fn list_profiles(at: AtDesk) -> Answer {
    let in_force = at.desk.settings().profile.as_deref();
    let all: Vec<_> = Profile::built_in()
        .iter()
        .map(|profile| {
            json!({
                "id": profile.id, "name": profile.name, "territory": profile.territory,
                "articles": profile.articles.len(), "in_force": in_force == Some(profile.id.as_str()),
            })
        })
        .collect();
    Ok(axum::Json(all).into_response())
}

/// The gap report
///
/// What a law asks, article by article, and what the program's checks find here. What no program can check is
/// `organisational`, never fulfilled.
#[utoipa::path(get, path = "/governance/profiles/{profile}", tag = "Governance", operation_id = "gapReport",
    params(("profile" = String, Path, description = "The profile's id", example = "kenya-dpa")),
    responses(
        (status = 200, description = "The report", body = ref("#/components/schemas/GapReport"), content_type = "application/json", example = examples::gaps),
        (status = 404, description = "There is no such profile", body = ProblemDetails, content_type = "application/problem+json"),
    ))]
pub(super) async fn gap_report(at: AtDesk, Path(id): Path<String>) -> Answer {
    let report = blocking(move || report(&at, &id))
        .await
        .map_err(Problem::as_api)??;
    Ok(axum::Json(report).into_response())
}

/// How this installation stands under a law. Looks at every entity: for a thread that may wait.
pub(crate) fn report(at: &AtDesk, id: &str) -> Answer<Report> {
    let profile = Profile::of(id).ok_or_else(|| {
        let shown: String = id.chars().take(60).collect();
        Problem::api(
            StatusCode::NOT_FOUND,
            format!("there is no profile `{shown}`; there are {}", Profile::ids()),
        )
    })?;
    let config = &at.app.config;
    let asked = facts::Installation {
        tenants: &at.app.tenants,
        desk: &at.desk,
        access: config.access(),
        views: config.views.as_ref(),
        audit_recorded: config.audit.is_some(),
        listen: config.listen.ip(),
        public_url: config.public_url.as_ref().map(crate::PublicUrl::as_str),
    };
    let facts = asked.facts().map_err(|error| {
        tracing::error!(%error, "the gap report could not read the twin");
        Problem::api(StatusCode::SERVICE_UNAVAILABLE, error.to_string())
    })?;
    Ok(Report::of(profile, &facts))
}
