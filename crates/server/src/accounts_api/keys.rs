//! `/access/keys`.

use std::time::Duration;

use access::{NewKey, Permission, Role};
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{body, days, done, json_of, purposes};
use crate::App;
use crate::accounts_json::key;
use crate::identity::Asker;
use crate::ngsi_ld::ProblemDetails;
use crate::problem::Answer;

/// A key to make.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Made {
    name: String,
    roles: Vec<Role>,
    #[serde(default)]
    scopes: Vec<Permission>,
    /// What it is for; without it, each request says its own purpose.
    purpose: Option<String>,
    /// The account that it acts for, by id or name.
    owner: Option<String>,
    /// How long it holds; without it, until it is revoked.
    days: Option<u32>,
}

/// How a key is renewed.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Renewed {
    /// How long the secret before holds.
    overlap_hours: u32,
}

fn example() -> Value {
    json!({"id": "00112233aabbccdd", "name": "sensors", "owner": null, "roles": ["operator"], "scopes": ["twin.write"],
        "purpose": null, "made_at": "2026-05-01T12:00:00Z", "expires_at": null, "used_at": null, "earlier_until": null})
}

fn told_example() -> Value {
    json!({"info": example(), "key": "mapacha_00112233aabbccdd_…"})
}

/// All keys
///
/// Without their secrets, which nobody has but those who were told.
#[utoipa::path(get, path = "/access/keys", tag = "Access", operation_id = "listKeys",
    responses((status = 200, description = "The keys", body = ref("#/components/schemas/AccessKeys"), content_type = "application/json",
        example = json!([example()]))))]
pub(super) async fn list_keys(asker: Asker) -> Response {
    let keys: Vec<Value> = asker.access.keys(None).iter().map(key).collect();
    json_of(&json!(keys))
}

/// Make a key
///
/// The key itself is told this once.
#[utoipa::path(post, path = "/access/keys", tag = "Access", operation_id = "createKey",
    request_body(content = ref("#/components/schemas/AccessNewKey"), content_type = "application/json",
        example = json!({"name": "sensors", "roles": ["operator"], "scopes": ["twin.write"], "purpose": "maintenance", "days": 365})),
    responses(
        (status = 201, description = "The key", body = ref("#/components/schemas/AccessKeyTold"), content_type = "application/json",
            example = told_example),
        (status = 404, description = "There is no such owner", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 422, description = "A member is wrong", body = ProblemDetails, content_type = "application/problem+json"),
    ))]
pub(super) async fn create_key(
    asker: Asker,
    State(app): State<App>,
    given: Result<axum::Json<Made>, JsonRejection>,
) -> Answer {
    let given = body(given)?;
    if let Some(purpose) = &given.purpose {
        purposes::must_be(super::policies::views(&app)?, purpose)?;
    }
    let (info, secret) = done(asker, move |asker| {
        let owner = given.owner.as_deref().map(|known| asker.access.person(known));
        let owner = owner.transpose()?.map(|person| person.id);
        let new = NewKey {
            name: &given.name,
            owner: owner.as_deref(),
            roles: &given.roles,
            scopes: &given.scopes,
            purpose: given.purpose.as_deref(),
            lifetime: given.days.map(days),
        };
        asker.access.add_key(&new, asker.principal.permissions)
    })
    .await?;
    let location = format!("/access/keys/{}", info.id);
    let body = axum::Json(json!({"info": key(&info), "key": secret}));
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], body).into_response())
}

/// Revoke a key
///
/// It opens nothing from now on.
#[utoipa::path(delete, path = "/access/keys/{key}", tag = "Access", operation_id = "revokeKey",
    params(("key" = String, Path, description = "The key's id", example = "00112233aabbccdd")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, description = "There is no such key", body = ProblemDetails, content_type = "application/problem+json"),
    ))]
pub(super) async fn revoke_key(asker: Asker, Path(id): Path<String>) -> Answer {
    done(asker, move |asker| asker.access.revoke_key(&id)).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Renew a key
///
/// It gets another secret, which is told this once; the one before holds for `overlap_hours` longer.
#[utoipa::path(post, path = "/access/keys/{key}/rotate", tag = "Access", operation_id = "rotateKey",
    params(("key" = String, Path, description = "The key's id", example = "00112233aabbccdd")),
    request_body(content = ref("#/components/schemas/AccessRotation"), content_type = "application/json",
        example = json!({"overlap_hours": 24})),
    responses(
        (status = 200, description = "The key with its new secret", body = ref("#/components/schemas/AccessKeyTold"), content_type = "application/json",
            example = told_example),
        (status = 404, description = "There is no such key", body = ProblemDetails, content_type = "application/problem+json"),
    ))]
pub(super) async fn rotate_key(
    asker: Asker,
    Path(id): Path<String>,
    given: Result<axum::Json<Renewed>, JsonRejection>,
) -> Answer {
    let given = body(given)?;
    let (info, secret) = done(asker, move |asker| {
        let overlap = Duration::from_hours(u64::from(given.overlap_hours));
        asker.access.rotate_key(&id, overlap, asker.principal.permissions)
    })
    .await?;
    Ok(json_of(&json!({"info": key(&info), "key": secret})))
}
