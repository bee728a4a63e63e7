//! `/governance/holds`: what may not be destroyed while somebody has to keep it.

use std::sync::Arc;

use axum::extract::Path;
use axum::extract::rejection::JsonRejection;
use axum::response::IntoResponse as _;
use governance::desk::{Error, Hold, NewHold};
use serde::Deserialize;

use super::{AtDesk, body, examples, made};
use crate::ngsi_ld::ProblemDetails;
use crate::problem::Answer;

type Given<T> = Result<axum::Json<T>, JsonRejection>;

/// The legal holds
///
/// All of them, also those that were released.
#[utoipa::path(get, path = "/governance/holds", tag = "Governance", operation_id = "listHolds",
    responses((status = 200, description = "The holds", body = ref("#/components/schemas/LegalHolds"), content_type = "application/json", example = json!([]))))]
pub(super) async fn list_holds(at: AtDesk) -> Answer {
    Ok(axum::Json(at.desk.holds()).into_response())
}

/// Place a legal hold
///
/// By a person who logged in. What fits everything that is given (`entities`, `types`, `scope`, `q`) is held: retention
/// passes it over, and whoever asks, it is not deleted, nothing of its past is, and no write brings it out of the hold.
#[utoipa::path(post, path = "/governance/holds", tag = "Governance", operation_id = "createHold",
    request_body(content = ref("#/components/schemas/NewLegalHold"), content_type = "application/json",
        example = json!({"reason": "High Court, case 12 of 2026", "types": ["Vehicle"], "scope": "/Nairobi/Depot"})),
    responses(
        (status = 201, description = "It stands", body = ref("#/components/schemas/LegalHold"), content_type = "application/json"),
        (status = 422, description = "Something of it is wrong; `place` says what", body = ProblemDetails, content_type = "application/problem+json"),
    ))]
pub(super) async fn create_hold(at: AtDesk, given: Given<NewHold>) -> Answer {
    let new = body(given)?;
    let hold = at.done(move |at| at.place(new)).await?;
    let address = format!("/governance/holds/{}", hold.id);
    Ok(made(&address, axum::Json(hold).into_response()))
}

impl AtDesk {
    /// Places a hold.
    pub(crate) fn place(&self, new: NewHold) -> Result<Arc<Hold>, Error> {
        self.has_tenant(new.tenant.as_deref())?;
        self.desk.place(&self.by, new)
    }
}

/// One hold
///
/// As it stands.
#[utoipa::path(get, path = "/governance/holds/{hold}", tag = "Governance", operation_id = "retrieveHold",
    params(("hold" = String, Path, description = "Its id", example = "h-2026-0001")),
    responses(
        (status = 200, description = "The hold", body = ref("#/components/schemas/LegalHold"), content_type = "application/json", example = examples::hold),
        (status = 404, description = "There is no such hold", body = ProblemDetails, content_type = "application/problem+json"),
    ))]
pub(super) async fn retrieve_hold(at: AtDesk, Path(id): Path<String>) -> Answer {
    let hold = at.done(move |at| at.desk.hold(&id)).await?;
    Ok(axum::Json(hold).into_response())
}

/// Why a hold is released.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Why {
    note: String,
}

/// Release a hold
///
/// By a person who logged in, and another one than who placed it.
#[utoipa::path(post, path = "/governance/holds/{hold}/release", tag = "Governance", operation_id = "releaseHold",
    params(("hold" = String, Path, description = "Its id", example = "h-2026-0001")),
    request_body(content = ref("#/components/schemas/HoldRelease"), content_type = "application/json",
        example = json!({"note": "the case is over"})),
    responses(
        (status = 200, description = "The hold", body = ref("#/components/schemas/LegalHold"), content_type = "application/json", example = examples::hold),
        (status = 404, description = "There is no such hold", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, description = "It was released already", body = ProblemDetails, content_type = "application/problem+json"),
    ))]
pub(super) async fn release_hold(at: AtDesk, Path(id): Path<String>, given: Given<Why>) -> Answer {
    let why = body(given)?;
    let hold = at.done(move |at| at.desk.release(&at.by, &id, &why.note)).await?;
    Ok(axum::Json(hold).into_response())
}
