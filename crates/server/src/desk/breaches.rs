//! `/governance/breaches`: what went wrong with personal data.

use axum::extract::Path;
use axum::extract::rejection::JsonRejection;
use axum::response::IntoResponse as _;
use governance::desk::{BreachStep, NewBreach};

use super::{AtDesk, body, examples, made, refused};
use crate::ngsi_ld::ProblemDetails;
use crate::problem::Answer;

type Given<T> = Result<axum::Json<T>, JsonRejection>;

/// The breaches
///
/// All of them, with their deadlines and what was done.
#[utoipa::path(get, path = "/governance/breaches", tag = "Governance", operation_id = "listBreaches",
    responses((status = 200, description = "The breaches", body = ref("#/components/schemas/Breaches"), content_type = "application/json", example = json!([]))))]
pub(super) async fn list_breaches(at: AtDesk) -> Answer {
    Ok(axum::Json(at.desk.breaches()).into_response())
}

/// Record a breach
///
/// The clock runs from when it became known.
#[utoipa::path(post, path = "/governance/breaches", tag = "Governance", operation_id = "createBreach",
    request_body(content = ref("#/components/schemas/NewBreach"), content_type = "application/json",
        example = json!({"title": "Laptop lost", "nature": "A laptop with an export was left in a bus", "risk": "medium", "people": 40})),
    responses(
        (status = 201, description = "It is recorded", body = ref("#/components/schemas/Breach"), content_type = "application/json"),
        (status = 422, description = "Something of it is wrong; `place` says what", body = ProblemDetails, content_type = "application/problem+json"),
    ))]
pub(super) async fn create_breach(at: AtDesk, given: Given<NewBreach>) -> Answer {
    let new = body(given)?;
    let breach = at.done(move |at| at.desk.record(&at.by, new)).await?;
    let address = format!("/governance/breaches/{}", breach.id);
    Ok(made(&address, axum::Json(breach).into_response()))
}

/// One breach
///
/// With everything that was done.
#[utoipa::path(get, path = "/governance/breaches/{breach}", tag = "Governance", operation_id = "retrieveBreach",
    params(("breach" = String, Path, description = "Its id", example = "b-2026-0001")),
    responses(
        (status = 200, description = "The breach", body = ref("#/components/schemas/Breach"), content_type = "application/json", example = examples::breach),
        (status = 404, description = "There is no such breach", body = ProblemDetails, content_type = "application/problem+json"),
    ))]
pub(super) async fn retrieve_breach(at: AtDesk, Path(id): Path<String>) -> Answer {
    let breach = at.done(move |at| at.desk.breach(&id)).await?;
    Ok(axum::Json(breach).into_response())
}

/// Take a step
///
/// `authority` (it was told), `people` (they were told), `risk` (it is another one), `close`.
#[utoipa::path(post, path = "/governance/breaches/{breach}/steps", tag = "Governance", operation_id = "stepBreach",
    params(("breach" = String, Path, description = "Its id", example = "b-2026-0001")),
    request_body(content = ref("#/components/schemas/BreachStep"), content_type = "application/json",
        example = json!({"step": "authority", "note": "ODPC/2026/0417"})),
    responses(
        (status = 200, description = "The breach", body = ref("#/components/schemas/Breach"), content_type = "application/json", example = examples::breach),
        (status = 404, description = "There is no such breach", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, description = "As it stands, this step cannot be taken", body = ProblemDetails, content_type = "application/problem+json"),
    ))]
pub(super) async fn step_breach(at: AtDesk, Path(id): Path<String>, given: Given<BreachStep>) -> Answer {
    at.desk.breach(&id).map_err(|error| refused(&error))?;
    let step = body(given)?;
    let breach = at.done(move |at| at.desk.breach_step(&at.by, &id, &step)).await?;
    Ok(axum::Json(breach).into_response())
}
