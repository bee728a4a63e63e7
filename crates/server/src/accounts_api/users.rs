//! `/access/users`.

use std::collections::BTreeSet;
use std::sync::Arc;

use access::{NewPerson, Person, Reach, Role};
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{body, done, json_of};
use crate::App;
use crate::accounts_json::user;
use crate::identity::Asker;
use crate::ngsi_ld::{ProblemDetails, own_url};
use crate::problem::Answer;

/// An account to make.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Made {
    name: String,
    #[serde(default)]
    roles: Vec<Role>,
    #[serde(default)]
    groups: Vec<String>,
    #[serde(default)]
    tenants: BTreeSet<Arc<str>>,
    #[serde(default)]
    scopes: BTreeSet<Arc<str>>,
    password: Option<String>,
}

/// What is to change.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    name: Option<String>,
    roles: Option<Vec<Role>>,
    groups: Option<Vec<String>>,
    tenants: Option<BTreeSet<Arc<str>>>,
    scopes: Option<BTreeSet<Arc<str>>>,
    disabled: Option<bool>,
}

fn example() -> Value {
    json!({"id": "6a", "name": "ada", "roles": ["viewer"], "groups": [], "tenants": [], "scopes": [], "permissions": ["twin.read"], "disabled": false,
        "invited": false, "second_factor": true, "passkeys": 1, "made_at": "2026-05-01T12:00:00Z", "external": false, "last_login": null})
}

fn invited_example() -> Value {
    json!({"user": example(), "invitation": "https://twin.city.example/invitation?code=6a.f1"})
}

/// With the link by which the password is set, which is told this once.
fn invited(app: &App, headers: &HeaderMap, person: &Person, code: Option<&str>) -> Value {
    let link = code.map(|code| own_url(app, headers, &format!("/invitation?code={code}")));
    json!({"user": user(person), "invitation": link})
}

/// All accounts
///
/// By name.
#[utoipa::path(get, path = "/access/users", tag = "Access", operation_id = "listUsers",
    responses((status = 200, description = "The accounts", body = ref("#/components/schemas/AccessUsers"), content_type = "application/json",
        example = json!([example()]))))]
pub(super) async fn list_users(asker: Asker) -> Response {
    let users: Vec<Value> = asker.access.people().iter().map(user).collect();
    json_of(&json!(users))
}

/// Make an account
///
/// Without a password, the answer has a link by which whoever opens it sets one; it works once, for seven days.
#[utoipa::path(post, path = "/access/users", tag = "Access", operation_id = "createUser",
    request_body(content = ref("#/components/schemas/AccessNewUser"), content_type = "application/json",
        example = json!({"name": "ben", "roles": ["editor"]})),
    responses(
        (status = 201, description = "The account", body = ref("#/components/schemas/AccessInvited"), content_type = "application/json",
            example = invited_example),
        (status = 409, description = "The name is in use", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 422, description = "The password is one that others would guess, or a member is wrong", body = ProblemDetails, content_type = "application/problem+json"),
    ))]
pub(super) async fn create_user(
    State(app): State<App>,
    asker: Asker,
    headers: HeaderMap,
    given: Result<axum::Json<Made>, JsonRejection>,
) -> Answer {
    let given = body(given)?;
    let (person, code) = done(asker, move |asker| {
        let new = NewPerson {
            name: &given.name,
            roles: &given.roles,
            groups: &given.groups,
            reach: Reach {
                tenants: given.tenants.clone(),
                scopes: given.scopes.clone(),
            },
            password: given.password.as_deref(),
        };
        asker.access.add_person(&new, asker.principal.permissions)
    })
    .await?;
    let location = format!("/access/users/{}", person.id);
    let body = axum::Json(invited(&app, &headers, &person, code.as_deref()));
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], body).into_response())
}

/// One account
///
/// By its id or its name.
#[utoipa::path(get, path = "/access/users/{user}", tag = "Access", operation_id = "retrieveUser",
    params(("user" = String, Path, description = "The id or the name", example = "ada")),
    responses(
        (status = 200, description = "The account", body = ref("#/components/schemas/AccessUser"), content_type = "application/json",
            example = example),
        (status = 404, description = "There is no such account", body = ProblemDetails, content_type = "application/problem+json"),
    ))]
pub(super) async fn retrieve_user(asker: Asker, Path(known): Path<String>) -> Answer {
    let person = done(asker, move |asker| asker.access.person(&known)).await?;
    Ok(json_of(&user(&person)))
}

/// Change an account
///
/// What is not named stays. Who is disabled is out at once.
#[utoipa::path(patch, path = "/access/users/{user}", tag = "Access", operation_id = "updateUser",
    params(("user" = String, Path, description = "The id or the name", example = "ada")),
    request_body(content = ref("#/components/schemas/AccessUserChange"), content_type = "application/json",
        example = json!({"roles": ["viewer", "planner"], "disabled": false})),
    responses(
        (status = 200, description = "The account as it is now", body = ref("#/components/schemas/AccessUser"), content_type = "application/json",
            example = example),
        (status = 404, description = "There is no such account", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, description = "The name is in use, or nobody could manage accounts then", body = ProblemDetails, content_type = "application/problem+json"),
    ))]
pub(super) async fn update_user(
    asker: Asker,
    Path(known): Path<String>,
    given: Result<axum::Json<Change>, JsonRejection>,
) -> Answer {
    let given = body(given)?;
    let person = done(asker, move |asker| {
        let (access, by) = (&asker.access, asker.principal.permissions);
        let mut person = access.person(&known)?;
        if let Some(name) = &given.name {
            person = access.rename_person(&person.id, name, by)?;
        }
        if given.roles.is_some() || given.groups.is_some() {
            let roles = given.roles.as_ref().unwrap_or(&person.roles);
            let groups = given.groups.as_ref().unwrap_or(&person.groups);
            person = access.set_roles(&person.id, roles, groups, by)?;
        }
        if given.tenants.is_some() || given.scopes.is_some() {
            let reach = Reach {
                tenants: given.tenants.unwrap_or_else(|| person.reach.tenants.clone()),
                scopes: given.scopes.unwrap_or_else(|| person.reach.scopes.clone()),
            };
            person = access.set_reach(&person.id, &reach, by)?;
        }
        match given.disabled {
            Some(true) => access.disable_person(&person.id, by),
            Some(false) => access.enable_person(&person.id, by),
            None => Ok(person),
        }
    })
    .await?;
    Ok(json_of(&user(&person)))
}

/// Delete an account
///
/// With its sessions and its keys.
#[utoipa::path(delete, path = "/access/users/{user}", tag = "Access", operation_id = "deleteUser",
    params(("user" = String, Path, description = "The id or the name", example = "ada")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, description = "There is no such account", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, description = "Nobody could manage accounts then", body = ProblemDetails, content_type = "application/problem+json"),
    ))]
pub(super) async fn delete_user(asker: Asker, Path(known): Path<String>) -> Answer {
    done(asker, move |asker| {
        let person = asker.access.person(&known)?;
        asker
            .access
            .remove_person(&person.id, asker.principal.permissions)
    })
    .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Reset an account
///
/// Takes password, passkeys, second factor and sessions, and answers with a link by which a new password is set.
#[utoipa::path(post, path = "/access/users/{user}/reset", tag = "Access", operation_id = "resetUser",
    params(("user" = String, Path, description = "The id or the name", example = "ada")),
    responses(
        (status = 200, description = "The account with its link", body = ref("#/components/schemas/AccessInvited"), content_type = "application/json",
            example = invited_example),
        (status = 404, description = "There is no such account", body = ProblemDetails, content_type = "application/problem+json"),
    ))]
pub(super) async fn reset_user(
    State(app): State<App>,
    asker: Asker,
    headers: HeaderMap,
    Path(known): Path<String>,
) -> Answer {
    let (person, code) = done(asker, move |asker| {
        let person = asker.access.person(&known)?;
        asker.access.reset_person(&person.id, asker.principal.permissions)
    })
    .await?;
    Ok(json_of(&invited(&app, &headers, &person, Some(&code))))
}
