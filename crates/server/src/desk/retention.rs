//! `/governance/retention`: for how long what is kept, and what the rules did.

use std::sync::Arc;

use axum::extract::Path;
use axum::extract::rejection::JsonRejection;
use axum::response::IntoResponse as _;
use governance::desk::{Error, NewRule, Rule, Which};
use serde::Deserialize;

use super::{AtDesk, body, examples, made};
use crate::ngsi_ld::ProblemDetails;
use crate::problem::Answer;

type Given<T> = Result<axum::Json<T>, JsonRejection>;

/// The rules of retention
///
/// All of them, also those that were ended.
#[utoipa::path(get, path = "/governance/retention", tag = "Governance", operation_id = "listRetentionRules",
    responses((status = 200, description = "The rules", body = ref("#/components/schemas/RetentionRules"), content_type = "application/json", example = json!([]))))]
pub(super) async fn list_rules(at: AtDesk) -> Answer {
    Ok(axum::Json(at.desk.rules()).into_response())
}

/// Make a rule
///
/// `history`: values of the past go; `values`: and those that are there now; `entities`: whole entities of which nothing
/// was observed since. It runs once a day, and when it is asked to. Ask its preview first.
#[utoipa::path(post, path = "/governance/retention", tag = "Governance", operation_id = "createRetentionRule",
    request_body(content = ref("#/components/schemas/NewRetentionRule"), content_type = "application/json",
        example = json!({"name": "Meter readings", "activity": "water-metering", "types": ["WaterConsumptionObserved"], "classes": ["personal"], "what": "history", "keep": "P1Y"})),
    responses(
        (status = 201, description = "It is made", body = ref("#/components/schemas/RetentionRule"), content_type = "application/json"),
        (status = 422, description = "Something of it is wrong; `place` says what", body = ProblemDetails, content_type = "application/problem+json"),
    ))]
pub(super) async fn create_rule(at: AtDesk, given: Given<NewRule>) -> Answer {
    let new = body(given)?;
    let rule = at.done(move |at| at.make_rule(new)).await?;
    let address = format!("/governance/retention/{}", rule.id);
    Ok(made(&address, axum::Json(rule).into_response()))
}

impl AtDesk {
    /// Makes a rule.
    pub(crate) fn make_rule(&self, says: NewRule) -> Result<Arc<Rule>, Error> {
        self.has_tenant_of(&says)?;
        self.desk.make_rule(&self.by, says, &self.known())
    }

    /// Makes a rule say something else.
    pub(crate) fn change_rule(&self, id: &str, says: NewRule) -> Result<Arc<Rule>, Error> {
        self.has_tenant_of(&says)?;
        self.desk.change_rule(&self.by, id, says, &self.known())
    }

    fn has_tenant_of(&self, says: &NewRule) -> Result<(), Error> {
        self.has_tenant(says.tenant.as_deref().filter(|name| *name != "*"))
    }
}

/// One rule
///
/// As it stands.
#[utoipa::path(get, path = "/governance/retention/{rule}", tag = "Governance", operation_id = "retrieveRetentionRule",
    params(("rule" = String, Path, description = "Its id", example = "meter-readings")),
    responses(
        (status = 200, description = "The rule", body = ref("#/components/schemas/RetentionRule"), content_type = "application/json", example = examples::rule),
        (status = 404, description = "There is no such rule", body = ProblemDetails, content_type = "application/problem+json"),
    ))]
pub(super) async fn retrieve_rule(at: AtDesk, Path(id): Path<String>) -> Answer {
    let rule = at.done(move |at| at.desk.rule(&id)).await?;
    Ok(axum::Json(rule).into_response())
}

/// Make a rule say something else
///
/// It holds from the next run on.
#[utoipa::path(put, path = "/governance/retention/{rule}", tag = "Governance", operation_id = "putRetentionRule",
    params(("rule" = String, Path, description = "Its id", example = "meter-readings")),
    request_body(content = ref("#/components/schemas/NewRetentionRule"), content_type = "application/json",
        example = json!({"name": "Meter readings", "types": ["WaterConsumptionObserved"], "what": "history", "keep": "P6M"})),
    responses(
        (status = 200, description = "The rule", body = ref("#/components/schemas/RetentionRule"), content_type = "application/json", example = examples::rule),
        (status = 404, description = "There is no such rule", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, description = "It was ended", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 422, description = "Something of it is wrong; `place` says what", body = ProblemDetails, content_type = "application/problem+json"),
    ))]
pub(super) async fn put_rule(at: AtDesk, Path(id): Path<String>, given: Given<NewRule>) -> Answer {
    let new = body(given)?;
    let rule = at.done(move |at| at.change_rule(&id, new)).await?;
    Ok(axum::Json(rule).into_response())
}

/// End a rule
///
/// It stays in the records, and runs no more.
#[utoipa::path(delete, path = "/governance/retention/{rule}", tag = "Governance", operation_id = "endRetentionRule",
    params(("rule" = String, Path, description = "Its id", example = "meter-readings")),
    responses(
        (status = 200, description = "The rule", body = ref("#/components/schemas/RetentionRule"), content_type = "application/json", example = examples::rule),
        (status = 404, description = "There is no such rule", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, description = "It was ended already", body = ProblemDetails, content_type = "application/problem+json"),
    ))]
pub(super) async fn end_rule(at: AtDesk, Path(id): Path<String>) -> Answer {
    let rule = at.done(move |at| at.desk.end_rule(&at.by, &id)).await?;
    Ok(axum::Json(rule).into_response())
}

/// What a rule would do now
///
/// Counted, and nothing changed: what would go, what a legal hold keeps, and how old the oldest is of everything that the
/// rule speaks of. Looks at all of it.
#[utoipa::path(get, path = "/governance/retention/{rule}/preview", tag = "Governance", operation_id = "previewRetentionRule",
    params(("rule" = String, Path, description = "Its id", example = "meter-readings")),
    responses(
        (status = 200, description = "What would go", body = ref("#/components/schemas/RetentionOutcome"), content_type = "application/json", example = examples::outcome),
        (status = 404, description = "There is no such rule", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, description = "It was ended", body = ProblemDetails, content_type = "application/problem+json"),
    ))]
pub(super) async fn preview_rule(at: AtDesk, Path(id): Path<String>) -> Answer {
    let outcome = at
        .done(move |at| Ok(at.preview(Which::One(&id))?.into_iter().next()))
        .await?;
    Ok(axum::Json(outcome).into_response())
}

/// The runs of retention
///
/// What each rule did: counts, and that it was looked at again.
#[utoipa::path(get, path = "/governance/retention-runs", tag = "Governance", operation_id = "listRetentionRuns",
    responses((status = 200, description = "The runs", body = ref("#/components/schemas/RetentionRuns"), content_type = "application/json", example = json!([]))))]
pub(super) async fn list_runs(at: AtDesk) -> Answer {
    Ok(axum::Json(at.desk.runs()).into_response())
}

/// Which rules are to run.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ToRun {
    /// This one; without it, all.
    rule: Option<String>,
}

/// Have retention run now
///
/// One rule, or all. It goes on when nobody waits for the answer any more, and by itself once a day.
#[utoipa::path(post, path = "/governance/retention-runs", tag = "Governance", operation_id = "runRetention",
    request_body(content = ref("#/components/schemas/RetentionToRun"), content_type = "application/json",
        example = json!({"rule": "meter-readings"})),
    responses(
        (status = 201, description = "It ran", body = ref("#/components/schemas/RetentionRun"), content_type = "application/json"),
        (status = 404, description = "There is no such rule", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, description = "It runs already, or the rule was ended", body = ProblemDetails, content_type = "application/problem+json"),
    ))]
pub(super) async fn run_rules(at: AtDesk, given: Given<ToRun>) -> Answer {
    let to_run = body(given)?;
    let run = at
        .done(move |at| at.retain(to_run.rule.as_deref().map_or(Which::All, Which::One)))
        .await?;
    let address = format!("/governance/retention-runs/{}", run.id);
    Ok(made(&address, axum::Json(run).into_response()))
}

/// One run
///
/// With what each rule did.
#[utoipa::path(get, path = "/governance/retention-runs/{run}", tag = "Governance", operation_id = "retrieveRetentionRun",
    params(("run" = String, Path, description = "Its id", example = "d-2026-0001")),
    responses(
        (status = 200, description = "The run", body = ref("#/components/schemas/RetentionRun"), content_type = "application/json", example = examples::run),
        (status = 404, description = "There is no such run", body = ProblemDetails, content_type = "application/problem+json"),
    ))]
pub(super) async fn retrieve_run(at: AtDesk, Path(id): Path<String>) -> Answer {
    let run = at.done(move |at| at.desk.retention_run(&id)).await?;
    Ok(axum::Json(run).into_response())
}
