//! `/access/break-glass`.

use std::time::Duration;

use access::USUAL_TIME;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse as _;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{body, done, json_of};
use crate::App;
use crate::accounts_json::break_glass as as_json;
use crate::identity::Asker;
use crate::ngsi_ld::ProblemDetails;
use crate::problem::{Answer, Problem};

/// Why, and for how long.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Begun {
    reason: String,
    /// An hour unless given, four at most.
    minutes: Option<u32>,
}

/// What somebody else found.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Found {
    justified: bool,
    #[serde(default)]
    note: String,
}

fn example() -> Value {
    json!({"id": "00112233aabbccdd", "person": "6a", "name": "ola", "reason": "A water main has burst in Market Street",
        "begun_at": "2026-05-01T12:00:00Z", "until": "2026-05-01T13:00:00Z", "ended_at": null, "open": true, "review": null})
}

/// Refuses where nothing is recorded.
pub(crate) fn must_be_recorded(app: &App) -> Answer<()> {
    if app.config.audit.is_some() {
        return Ok(());
    }
    let detail =
        "what is done is not recorded here (`audit.enabled` is false), so nobody can break the glass";
    Err(Problem::api(StatusCode::CONFLICT, detail))
}

/// Who took wider rights
///
/// Every time that somebody broke the glass, the latest first: why, for how long, and what somebody else found who reviewed
/// it.
#[utoipa::path(get, path = "/access/break-glass", tag = "Access", operation_id = "listBreakGlass",
    responses((status = 200, description = "Every time", body = ref("#/components/schemas/AccessBreakGlasses"), content_type = "application/json",
        example = json!([example()]))))]
pub(super) async fn list(asker: Asker) -> Answer {
    let now = asker.access.open_break_glasses();
    let all = asker.access.break_glasses();
    let all: Vec<Value> = all.iter().map(|one| as_json(one, now.contains(one))).collect();
    Ok(json_of(&Value::from(all)))
}

/// Break the glass
///
/// Takes the rights that the policies give the role `break-glass`, from now on, for `minutes` (60 unless given, 240 at
/// most), for a person who logged in. Others see it: in the audit log, on their pages, in the metrics. Every request until
/// it ends is in the audit log before it is answered.
#[utoipa::path(post, path = "/access/break-glass", tag = "Access", operation_id = "breakGlass",
    request_body(content = ref("#/components/schemas/AccessBreakGlassBegun"), content_type = "application/json",
        example = json!({"reason": "A water main has burst in Market Street", "minutes": 60})),
    responses(
        (status = 201, description = "It holds", body = ref("#/components/schemas/AccessBreakGlass"), content_type = "application/json",
            example = example),
        (status = 409, description = "They have wider rights already, or nothing is recorded here", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 422, description = "It is a key that asks, the reason says nothing, or it is for too long", body = ProblemDetails, content_type = "application/problem+json"),
    ))]
pub(super) async fn begin(
    asker: Asker,
    State(app): State<App>,
    given: Result<axum::Json<Begun>, JsonRejection>,
) -> Answer {
    let given = body(given)?;
    must_be_recorded(&app)?;
    let time = given
        .minutes
        .map_or(USUAL_TIME, |minutes| Duration::from_secs(60 * u64::from(minutes)));
    let one = done(asker, move |asker| {
        asker.access.break_glass(&asker.principal, &given.reason, time)
    })
    .await?;
    let location = format!("/access/break-glass/{}", one.id);
    let body = axum::Json(as_json(&one, true));
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], body).into_response())
}

/// End it
///
/// Before its time: for whoever broke the glass, and for who answers for the policies.
#[utoipa::path(post, path = "/access/break-glass/{breakGlass}/end", tag = "Access", operation_id = "endBreakGlass",
    params(("breakGlass" = String, Path, description = "Its id", example = "00112233aabbccdd")),
    responses(
        (status = 200, description = "It has ended", body = ref("#/components/schemas/AccessBreakGlass"), content_type = "application/json",
            example = example),
        (status = 404, description = "There is none of this id that whoever asks may end", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, description = "It has ended already", body = ProblemDetails, content_type = "application/problem+json"),
    ))]
pub(super) async fn end(asker: Asker, Path(id): Path<String>) -> Answer {
    let one = done(asker, move |asker| {
        asker.access.end_break_glass(&id, &asker.principal)
    })
    .await?;
    Ok(json_of(&as_json(&one, false)))
}

/// Review it
///
/// What somebody found who is somebody else, once it has ended: whether there was good reason.
#[utoipa::path(post, path = "/access/break-glass/{breakGlass}/review", tag = "Access", operation_id = "reviewBreakGlass",
    params(("breakGlass" = String, Path, description = "Its id", example = "00112233aabbccdd")),
    request_body(content = ref("#/components/schemas/AccessBreakGlassFound"), content_type = "application/json",
        example = json!({"justified": true, "note": "Three streets were closed by it"})),
    responses(
        (status = 200, description = "It is written down", body = ref("#/components/schemas/AccessBreakGlass"), content_type = "application/json",
            example = example),
        (status = 404, description = "There is none of this id", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, description = "It still holds, was reviewed already, or was their own", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 422, description = "It is a key that asks", body = ProblemDetails, content_type = "application/problem+json"),
    ))]
pub(super) async fn review(
    asker: Asker,
    Path(id): Path<String>,
    given: Result<axum::Json<Found>, JsonRejection>,
) -> Answer {
    let given = body(given)?;
    let one = done(asker, move |asker| {
        let who = &asker.principal;
        asker
            .access
            .review_break_glass(&id, who, given.justified, &given.note)
    })
    .await?;
    Ok(json_of(&as_json(&one, false)))
}
