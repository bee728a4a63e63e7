//! `/governance/requests`: what people ask about their own data.

use axum::extract::Path;
use axum::extract::rejection::JsonRejection;
use axum::http::header;
use axum::response::IntoResponse as _;
use governance::desk::{NewRequest, RequestStep};

use super::{AtDesk, body, examples, made, refused};
use crate::ngsi_ld::ProblemDetails;
use crate::problem::Answer;

type Given<T> = Result<axum::Json<T>, JsonRejection>;

/// The requests of data subjects
///
/// All of them, with their deadlines and what was done.
#[utoipa::path(get, path = "/governance/requests", tag = "Governance", operation_id = "listRequests",
    responses((status = 200, description = "The requests", body = ref("#/components/schemas/SubjectRequests"), content_type = "application/json", example = json!([]))))]
pub(super) async fn list_requests(at: AtDesk) -> Answer {
    Ok(axum::Json(at.desk.requests()).into_response())
}

/// Enter a request
///
/// Its clock runs from when it came, by the law that `governance.profile` names.
#[utoipa::path(post, path = "/governance/requests", tag = "Governance", operation_id = "createRequest",
    request_body(content = ref("#/components/schemas/NewSubjectRequest"), content_type = "application/json",
        example = json!({"kind": "access", "subject": "A. Wanjiku, +254 700 000000", "entities": ["urn:ngsi-ld:Person:1"]})),
    responses(
        (status = 201, description = "It is entered", body = ref("#/components/schemas/SubjectRequest"), content_type = "application/json"),
        (status = 422, description = "Something of it is wrong; `place` says what", body = ProblemDetails, content_type = "application/problem+json"),
    ))]
pub(super) async fn create_request(at: AtDesk, given: Given<NewRequest>) -> Answer {
    let new = body(given)?;
    let request = at.done(move |at| at.desk.receive(&at.by, new)).await?;
    let address = format!("/governance/requests/{}", request.id);
    Ok(made(&address, axum::Json(request).into_response()))
}

/// One request
///
/// With everything that was done.
#[utoipa::path(get, path = "/governance/requests/{request}", tag = "Governance", operation_id = "retrieveRequest",
    params(("request" = String, Path, description = "Its id", example = "r-2026-0001")),
    responses(
        (status = 200, description = "The request", body = ref("#/components/schemas/SubjectRequest"), content_type = "application/json", example = examples::request),
        (status = 404, description = "There is no such request", body = ProblemDetails, content_type = "application/problem+json"),
    ))]
pub(super) async fn retrieve_request(at: AtDesk, Path(id): Path<String>) -> Answer {
    let request = at.done(move |at| at.desk.request(&id)).await?;
    Ok(axum::Json(request).into_response())
}

/// Take a step
///
/// `entities` (which are theirs), `identity` (it was made sure that it is them), `extend` (once), `correct` (one attribute,
/// by what the caller sees and may write), `erase` (now, with the past), `done`, `refuse`. What the twin shows not to be done cannot be called done.
#[utoipa::path(post, path = "/governance/requests/{request}/steps", tag = "Governance", operation_id = "stepRequest",
    params(("request" = String, Path, description = "Its id", example = "r-2026-0001")),
    request_body(content = ref("#/components/schemas/RequestStep"), content_type = "application/json",
        example = json!({"step": "identity", "note": "showed an identity card at the counter"})),
    responses(
        (status = 200, description = "The request", body = ref("#/components/schemas/SubjectRequest"), content_type = "application/json", example = examples::request),
        (status = 404, description = "There is no such request", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 403, description = "Only a person may do that, or somebody who may write it", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, description = "As it stands, this step cannot be taken", body = ProblemDetails, content_type = "application/problem+json"),
    ))]
pub(super) async fn step_request(at: AtDesk, Path(id): Path<String>, given: Given<RequestStep>) -> Answer {
    at.desk.request(&id).map_err(|error| refused(&error))?;
    let step = body(given)?;
    let request = at.done(move |at| at.step_request(&id, &step)).await?;
    Ok(axum::Json(request).into_response())
}

/// What is known of somebody
///
/// For a request for access or export, once it is known whose it is: everything under its entities, now and in the past,
/// what points to them, and what the register says of it. That it was given out is a step of the request.
#[utoipa::path(get, path = "/governance/requests/{request}/export", tag = "Governance", operation_id = "exportSubject",
    params(("request" = String, Path, description = "Its id", example = "r-2026-0001")),
    responses(
        (status = 200, description = "What is known", body = ref("#/components/schemas/SubjectExport"), content_type = "application/json", example = examples::export),
        (status = 404, description = "There is no such request", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, description = "It is not that kind of request, or nobody knows yet whose it is", body = ProblemDetails, content_type = "application/problem+json"),
    ))]
pub(super) async fn export_subject(at: AtDesk, Path(id): Path<String>) -> Answer {
    let name = format!(
        "attachment; filename=\"{}.json\"",
        id.replace(|c: char| !c.is_ascii_alphanumeric() && c != '-', "")
    );
    let document = at
        .done(move |at| {
            let request = at.desk.request(&id)?;
            at.desk
                .export(&at.by, &id, &at.twin_of(request.tenant.as_deref())?)
        })
        .await?;
    Ok(([(header::CONTENT_DISPOSITION, name)], axum::Json(document)).into_response())
}

impl AtDesk {
    /// Takes a step with a request.
    pub(crate) fn step_request(
        &self,
        id: &str,
        step: &RequestStep,
    ) -> Result<std::sync::Arc<governance::desk::Request>, governance::desk::Error> {
        let request = self.desk.request(id)?;
        self.desk
            .step(&self.by, id, &self.twin_of(request.tenant.as_deref())?, step)
    }
}
