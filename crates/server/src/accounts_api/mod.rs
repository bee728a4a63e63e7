//! `/access`: people, groups, keys, devices and policies, for programs that manage them.

pub(crate) mod break_glass;
mod compare;
mod devices;
mod enrolment;
mod groups;
mod keys;
mod passkeys;
mod policies;
mod purposes;
mod users;
mod why;

use std::time::Duration;

use access::{Assurance, Error, Kind, Role};
use axum::extract::rejection::JsonRejection;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::accounts_json::names;
use crate::identity::Asker;
use crate::problem::{Answer, Problem, blocking};

/// The routes, with their documentation.
pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(me))
        .routes(routes!(all_roles))
        .routes(routes!(purposes::list_purposes))
        .routes(routes!(users::list_users, users::create_user))
        .routes(routes!(
            users::retrieve_user,
            users::update_user,
            users::delete_user
        ))
        .routes(routes!(users::reset_user))
        .routes(routes!(passkeys::list_passkeys))
        .routes(routes!(passkeys::remove_passkey))
        .routes(routes!(passkeys::begin_passkey))
        .routes(routes!(passkeys::add_passkey))
        .routes(routes!(passkeys::begin_passkey_login))
        .routes(routes!(passkeys::log_in_by_passkey))
        .routes(routes!(devices::list_devices, devices::create_device))
        .routes(routes!(devices::retrieve_device, devices::update_device))
        .routes(routes!(devices::revoke_certificate))
        .routes(routes!(devices::renew_claim_code))
        .routes(routes!(devices::renew_enrolment))
        .routes(routes!(devices::rotate_secret))
        .routes(routes!(enrolment::authority))
        .routes(routes!(enrolment::claim_device))
        .routes(routes!(enrolment::enrol_device))
        .routes(routes!(enrolment::renew_certificate))
        .routes(routes!(groups::list_groups))
        .routes(routes!(groups::put_group, groups::delete_group))
        .routes(routes!(keys::list_keys, keys::create_key))
        .routes(routes!(keys::revoke_key))
        .routes(routes!(keys::rotate_key))
        .routes(routes!(break_glass::list, break_glass::begin))
        .routes(routes!(break_glass::end))
        .routes(routes!(break_glass::review))
        .routes(routes!(why::why))
        .routes(routes!(policies::list_documents))
        .routes(routes!(compare::compare))
        .routes(routes!(
            policies::retrieve_document,
            policies::put_document,
            policies::delete_document
        ))
}

/// Who asks
///
/// The account or the key that the request came with, its roles, and what they give.
#[utoipa::path(get, path = "/access/me", tag = "Access", operation_id = "me",
    responses((status = 200, description = "Who asks", body = ref("#/components/schemas/AccessPrincipal"), content_type = "application/json",
        example = json!({"id": "6a", "kind": "person", "name": "ada", "roles": ["viewer"], "groups": [], "assurance": "one",
            "authenticated_at": "2026-05-01T12:00:00Z", "purpose": null, "permissions": ["twin.read"]}))))]
async fn me(asker: Asker) -> Response {
    let who = &asker.principal;
    let kind = match who.kind {
        Kind::Person => "person",
        Kind::Service => "service",
        Kind::Device => "device",
    };
    let assurance = match who.assurance {
        Assurance::One => "one",
        Assurance::Two => "two",
    };
    json_of(&json!({
        "id": who.id, "kind": kind, "name": who.name, "roles": who.roles, "groups": who.groups,
        "assurance": assurance, "authenticated_at": who.authenticated_at.to_string(), "purpose": who.purpose,
        "permissions": names(who.permissions),
    }))
}

/// The roles
///
/// Every role with the permissions that it gives.
#[utoipa::path(get, path = "/access/roles", tag = "Access", operation_id = "roles",
    responses((status = 200, description = "The roles", body = ref("#/components/schemas/AccessRoles"), content_type = "application/json",
        example = json!([{"role": "viewer", "permissions": ["twin.read", "assessment.read", "scenarios.read"]}]))))]
async fn all_roles(_asker: Asker) -> Response {
    let roles = Role::ALL.map(|role| json!({"role": role, "permissions": names(role.permissions())}));
    json_of(&json!(roles))
}

fn json_of(body: &Value) -> Response {
    axum::Json(body).into_response()
}

/// Does something with the accounts, on a thread that may wait.
async fn done<T: Send + 'static>(
    asker: Asker,
    work: impl FnOnce(&Asker) -> Result<T, Error> + Send + 'static,
) -> Answer<T> {
    blocking(move || work(&asker))
        .await
        .map_err(Problem::as_api)?
        .map_err(|error| refused(&error))
}

/// The body, or why it is none.
fn body<T>(given: Result<axum::Json<T>, JsonRejection>) -> Answer<T> {
    given
        .map(|axum::Json(body)| body)
        .map_err(|rejection| Problem::api(rejection.status(), rejection.body_text()))
}

/// What the accounts refuse, as the client reads it.
fn refused(error: &Error) -> Problem {
    let status = match error {
        Error::NotFound { .. } => StatusCode::NOT_FOUND,
        Error::Taken(_)
        | Error::LastAdministrator
        | Error::State(_)
        | Error::SecondFirst
        | Error::Unseen
        | Error::Many(_) => StatusCode::CONFLICT,
        Error::BadName(_) | Error::BadDevice(_) | Error::Request(_) => StatusCode::BAD_REQUEST,
        Error::Weak(_) | Error::Wrong(_) | Error::Passkey(_) => StatusCode::UNPROCESSABLE_ENTITY,
        Error::Beyond(_) | Error::NoAccess | Error::Refused => StatusCode::FORBIDDEN,
        Error::Wait { .. } => StatusCode::TOO_MANY_REQUESTS,
        Error::Busy | Error::Store(_) | Error::Authority(_) => StatusCode::SERVICE_UNAVAILABLE,
    };
    let detail = if let Error::Authority(why) = error {
        // It names files of this machine.
        tracing::error!(%why, "the certificate authority cannot be used");
        "the certificate authority cannot be used; the log of the server says why".to_owned()
    } else {
        error.to_string()
    };
    let problem = Problem::api(status, detail);
    match error {
        Error::Wait { seconds } => problem.header(header::RETRY_AFTER, &seconds.to_string()),
        Error::Busy | Error::Store(_) => problem.header(header::RETRY_AFTER, "5"),
        _ => problem,
    }
}

/// Days, as clients give them.
fn days(count: u32) -> Duration {
    Duration::from_hours(24 * u64::from(count))
}
