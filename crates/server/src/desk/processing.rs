//! `/governance/processing`: the register of processing activities.

use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, Query};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse as _;
use governance::desk::{Description, Findings};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{AtDesk, body, examples, made};
use crate::ngsi_ld::ProblemDetails;
use crate::problem::{Answer, Problem};

type Given<T> = Result<axum::Json<T>, JsonRejection>;

/// In which form the register is given.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(super) struct Form {
    /// `json` (the default) or `csv`.
    #[param(example = "json")]
    format: Option<String>,
}

/// The register of processing activities
///
/// Everything that the city does with personal data, as a document or as a table.
#[utoipa::path(get, path = "/governance/processing", tag = "Governance", operation_id = "listActivities", params(Form),
    responses(
        (status = 200, description = "The register", content(
            (ref("#/components/schemas/ProcessingRegister") = "application/json", example = json!({"controller": "City of Example", "officer": "dpo@city.example",
                "registration": null, "data_location": "KE", "profile": "kenya-dpa", "at": "2026-05-01T12:00:00Z", "activities": []})),
            (String = "text/csv"),
        )),
        (status = 400, description = "There is no such form", body = ProblemDetails, content_type = "application/problem+json"),
    ))]
pub(super) async fn list_activities(at: AtDesk, Query(form): Query<Form>) -> Answer {
    let (desk, settings) = (&at.desk, at.desk.settings());
    let activities = desk.activities();
    match form.format.as_deref() {
        None | Some("json") => {
            let document = governance::desk::document(settings, &activities, desk.now());
            Ok(axum::Json(document).into_response())
        }
        Some("csv") => {
            let headers = [
                (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
                (
                    header::CONTENT_DISPOSITION,
                    "attachment; filename=\"processing.csv\"",
                ),
            ];
            Ok((headers, governance::desk::csv(settings, &activities)).into_response())
        }
        Some(_) => Err(Problem::api(StatusCode::BAD_REQUEST, "`format` is json or csv")),
    }
}

/// Enter an activity
///
/// Its purposes and classes have to be those that the policies know.
#[utoipa::path(post, path = "/governance/processing", tag = "Governance", operation_id = "createActivity",
    request_body(content = ref("#/components/schemas/ProcessingDescription"), content_type = "application/json",
        example = json!({"name": "Water metering", "purposes": ["service-operation"], "classes": ["personal"], "types": ["WaterConsumptionObserved"]})),
    responses(
        (status = 201, description = "It is in the register", body = ref("#/components/schemas/ProcessingActivity"), content_type = "application/json"),
        (status = 422, description = "Something of it is wrong; `place` says what", body = ProblemDetails, content_type = "application/problem+json"),
    ))]
pub(super) async fn create_activity(at: AtDesk, given: Given<Description>) -> Answer {
    let description = body(given)?;
    let activity = at
        .done(|at| at.desk.enter(&at.by, description, &at.known()))
        .await?;
    let address = format!("/governance/processing/{}", activity.id);
    Ok(made(&address, axum::Json(activity).into_response()))
}

/// One activity
///
/// With its impact assessment.
#[utoipa::path(get, path = "/governance/processing/{activity}", tag = "Governance", operation_id = "retrieveActivity",
    params(("activity" = String, Path, description = "Its id", example = "water-metering")),
    responses(
        (status = 200, description = "The activity", body = ref("#/components/schemas/ProcessingActivity"), content_type = "application/json", example = examples::activity),
        (status = 404, description = "There is no such activity", body = ProblemDetails, content_type = "application/problem+json"),
    ))]
pub(super) async fn retrieve_activity(at: AtDesk, Path(id): Path<String>) -> Answer {
    let activity = at.done(move |at| at.desk.activity(&id)).await?;
    Ok(axum::Json(activity).into_response())
}

/// Describe an activity anew
///
/// Where something changes, its impact assessment has to be approved again.
#[utoipa::path(put, path = "/governance/processing/{activity}", tag = "Governance", operation_id = "putActivity",
    params(("activity" = String, Path, description = "Its id", example = "water-metering")),
    request_body(content = ref("#/components/schemas/ProcessingDescription"), content_type = "application/json",
        example = json!({"name": "Water metering", "purposes": ["service-operation"], "classes": ["personal"], "types": ["WaterConsumptionObserved"], "retention_days": 365})),
    responses(
        (status = 200, description = "The activity", body = ref("#/components/schemas/ProcessingActivity"), content_type = "application/json", example = examples::activity),
        (status = 404, description = "There is no such activity", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 422, description = "Something of it is wrong; `place` says what", body = ProblemDetails, content_type = "application/problem+json"),
    ))]
pub(super) async fn put_activity(at: AtDesk, Path(id): Path<String>, given: Given<Description>) -> Answer {
    let description = body(given)?;
    let activity = at
        .done(move |at| at.desk.describe(&at.by, &id, description, &at.known()))
        .await?;
    Ok(axum::Json(activity).into_response())
}

/// Take an activity out
///
/// The audit log keeps that it was there.
#[utoipa::path(delete, path = "/governance/processing/{activity}", tag = "Governance", operation_id = "deleteActivity",
    params(("activity" = String, Path, description = "Its id", example = "water-metering")),
    responses(
        (status = 204, description = "It is no longer in the register"),
        (status = 404, description = "There is no such activity", body = ProblemDetails, content_type = "application/problem+json"),
    ))]
pub(super) async fn delete_activity(at: AtDesk, Path(id): Path<String>) -> Answer {
    at.done(move |at| at.desk.withdraw(&at.by, &id)).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Write an impact assessment
///
/// By a person who logged in. It holds when another person approved it.
#[utoipa::path(post, path = "/governance/processing/{activity}/assessment", tag = "Governance", operation_id = "assessActivity",
    params(("activity" = String, Path, description = "The activity's id", example = "water-metering")),
    request_body(content = ref("#/components/schemas/AssessmentFindings"), content_type = "application/json",
        example = json!({"necessity": "Bills need readings; monthly ones suffice", "residual": "low", "review_at": "2027-05-01T00:00:00Z",
            "risks": [{"what": "Absence from home can be read", "likelihood": "low", "severity": "medium", "measure": "monthly sums only"}]})),
    responses(
        (status = 200, description = "The activity", body = ref("#/components/schemas/ProcessingActivity"), content_type = "application/json", example = examples::activity),
        (status = 404, description = "There is no such activity", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 422, description = "Something of it is wrong; `place` says what", body = ProblemDetails, content_type = "application/problem+json"),
    ))]
pub(super) async fn assess_activity(at: AtDesk, Path(id): Path<String>, given: Given<Findings>) -> Answer {
    let findings = body(given)?;
    let activity = at.done(move |at| at.desk.assess(&at.by, &id, findings)).await?;
    Ok(axum::Json(activity).into_response())
}

/// Approve an impact assessment
///
/// By a person who logged in, and neither wrote it nor described the activity last.
#[utoipa::path(post, path = "/governance/processing/{activity}/approval", tag = "Governance", operation_id = "approveAssessment",
    params(("activity" = String, Path, description = "The activity's id", example = "water-metering")),
    responses(
        (status = 200, description = "The activity", body = ref("#/components/schemas/ProcessingActivity"), content_type = "application/json", example = examples::activity),
        (status = 404, description = "There is no such activity", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, description = "There is nothing to approve, or it is out of date", body = ProblemDetails, content_type = "application/problem+json"),
    ))]
pub(super) async fn approve_assessment(at: AtDesk, Path(id): Path<String>) -> Answer {
    let activity = at.done(move |at| at.desk.approve(&at.by, &id)).await?;
    Ok(axum::Json(activity).into_response())
}
