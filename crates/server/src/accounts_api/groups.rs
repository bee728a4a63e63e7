//! `/access/groups`.

use std::collections::BTreeSet;
use std::sync::Arc;

use access::{Reach, Role};
use axum::extract::Path;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{body, done, json_of};
use crate::identity::Asker;
use crate::ngsi_ld::ProblemDetails;
use crate::problem::Answer;

/// What a group carries.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Carried {
    roles: Vec<Role>,
    /// The tenants of its members; without it, as it was.
    tenants: Option<BTreeSet<Arc<str>>>,
    /// The parts of the city that are theirs; without it, as it was.
    scopes: Option<BTreeSet<Arc<str>>>,
}

/// All groups
///
/// A group carries roles for all of its members, and may limit them to some tenants.
#[utoipa::path(get, path = "/access/groups", tag = "Access", operation_id = "listGroups",
    responses((status = 200, description = "The groups", body = ref("#/components/schemas/AccessGroups"), content_type = "application/json",
        example = json!([{"name": "water-works", "roles": ["editor"], "tenants": [], "scopes": ["/city/north"]}]))))]
pub(super) async fn list_groups(asker: Asker) -> Response {
    let groups = asker.access.groups();
    let groups: Vec<Value> = groups
        .iter()
        .map(|(name, roles)| {
            let reach = asker.access.group_reach(name);
            json!({"name": name, "roles": roles, "tenants": reach.tenants, "scopes": reach.scopes})
        })
        .collect();
    json_of(&json!(groups))
}

/// Make or change a group
///
/// Its members have what its roles give from the next request on.
#[utoipa::path(put, path = "/access/groups/{group}", tag = "Access", operation_id = "putGroup",
    params(("group" = String, Path, description = "The name", example = "water-works")),
    request_body(content = ref("#/components/schemas/AccessGroupRoles"), content_type = "application/json",
        example = json!({"roles": ["editor"], "scopes": ["/city/north"]})),
    responses(
        (status = 204, description = "It is so"),
        (status = 422, description = "A member is wrong", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, description = "Nobody could manage accounts then", body = ProblemDetails, content_type = "application/problem+json"),
    ))]
pub(super) async fn put_group(
    asker: Asker,
    Path(name): Path<String>,
    given: Result<axum::Json<Carried>, JsonRejection>,
) -> Answer {
    let given = body(given)?;
    done(asker, move |asker| {
        let access = &asker.access;
        let before = access.group_reach(&name);
        let reach = Reach {
            tenants: given.tenants.unwrap_or(before.tenants),
            scopes: given.scopes.unwrap_or(before.scopes),
        };
        access.put_group_within(&name, &given.roles, &reach, asker.principal.permissions)
    })
    .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Remove a group
///
/// Its members lose what it gave.
#[utoipa::path(delete, path = "/access/groups/{group}", tag = "Access", operation_id = "deleteGroup",
    params(("group" = String, Path, description = "The name", example = "water-works")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, description = "There is no such group", body = ProblemDetails, content_type = "application/problem+json"),
    ))]
pub(super) async fn delete_group(asker: Asker, Path(name): Path<String>) -> Answer {
    done(asker, move |asker| {
        asker.access.remove_group(&name, asker.principal.permissions)
    })
    .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
