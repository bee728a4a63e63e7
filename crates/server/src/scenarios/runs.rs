//! `/scenarios/runs`: asking for runs, watching them, ending them.

use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use ngsi_ld::Uri;
use scenarios::job::{self, JobError, Run, RunStatus, Submission};
use serde_json::{Value as Json, json};

use super::examples;
use super::files::{find, idempotency_key, known, set, text_of};
use super::of_job;
use super::paging::PageParameters;
use crate::App;
use crate::kpi::Visitor;
use crate::ngsi_ld::ProblemDetails;
use crate::pages::encode;
use crate::problem::{Answer, Problem, blocking};

/// The runs
///
/// The latest first.
#[utoipa::path(
    get,
    path = "/scenarios/runs",
    tag = "Scenarios",
    operation_id = "scenarioRuns",
    params(PageParameters),
    responses(
        (status = 200, description = "A page of them; `next` is the cursor of the next page", body = ref("#/components/schemas/ScenarioRunPage"), content_type = "application/json",
            example = examples::runs),
        (status = 400, description = "Not a limit, not a cursor", body = ProblemDetails, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn list(
    visitor: Visitor,
    parameters: Result<axum::extract::Query<PageParameters>, axum::extract::rejection::QueryRejection>,
) -> Answer {
    let part = known(parameters)?.read()?;
    blocking(move || {
        let mut all = job::list(&visitor.twin, &visitor.view).map_err(of_job)?;
        let place = |run: &Run| (run.submitted_at.as_micros(), run.id.as_str().to_owned());
        all.sort_by_key(|run| std::cmp::Reverse(place(run)));
        Ok(part.of(
            "/scenarios/runs",
            &all,
            place,
            |after, place| after > place,
            |run| shown(run, false),
        ))
    })
    .await?
}

/// Run a scenario file
///
/// The body is the file, TOML or JSON. The run begins in the background. With an `Idempotency-Key`, sending it again
/// gives the same run.
#[utoipa::path(
    post,
    path = "/scenarios/runs",
    tag = "Scenarios",
    operation_id = "runScenarioFile",
    params(("Idempotency-Key" = Option<String>, Header, description = "Any text of up to 200 characters; a second request with it runs nothing new")),
    request_body(content = String, description = "The scenario file", content_type = "application/toml",
        example = json!("schema = 1\ntitle = \"Kerbs\"\n")),
    responses(
        (status = 202, description = "Accepted; `Location` is the run", body = ref("#/components/schemas/ScenarioRun"), content_type = "application/json",
            example = examples::run),
        (status = 400, description = "Not a scenario file; `findings` says where, what is wrong and what to do", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 413, description = "The file is too large", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 422, description = "The key was used for another file", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 503, description = "Too many runs wait; `Retry-After` says when to try again", body = ProblemDetails, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn submit(State(app): State<App>, visitor: Visitor, request: Request) -> Answer {
    let key = idempotency_key(request.headers())?;
    let file = text_of(&app, request).await?;
    blocking(move || {
        let submission = Submission {
            file,
            key,
            ..Submission::default()
        };
        accepted(&visitor, &start(&app, &visitor, submission)?)
    })
    .await?
}

/// Run a scenario that the twin keeps
#[utoipa::path(
    post,
    path = "/scenarios/{id}/runs",
    tag = "Scenarios",
    operation_id = "runScenario",
    params(
        ("id" = String, Path, description = "The id of its entity", example = "urn:ngsi-ld:Scenario:kerbs"),
        ("Idempotency-Key" = Option<String>, Header, description = "Any text of up to 200 characters; a second request with it runs nothing new"),
    ),
    responses(
        (status = 202, description = "Accepted; `Location` is the run", body = ref("#/components/schemas/ScenarioRun"), content_type = "application/json",
            example = examples::run),
        (status = 400, description = "What it keeps is not a scenario file; see `findings`", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 404, description = "No such scenario", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 503, description = "Too many runs wait; `Retry-After` says when to try again", body = ProblemDetails, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn submit_stored(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    headers: axum::http::HeaderMap,
) -> Answer {
    let key = idempotency_key(&headers)?;
    blocking(move || {
        let run = start_stored(&app, &visitor, &id, key)?;
        accepted(&visitor, &run)
    })
    .await?
}

/// One run
///
/// How far it is, and when it is done, where its result is.
#[utoipa::path(
    get,
    path = "/scenarios/runs/{id}",
    tag = "Scenarios",
    operation_id = "scenarioRun",
    params(("id" = String, Path, description = "The id of its entity", example = "urn:ngsi-ld:ScenarioRun:1")),
    responses(
        (status = 200, description = "The run; `status` is queued, running, done, failed or cancelled", body = ref("#/components/schemas/ScenarioRun"), content_type = "application/json",
            example = examples::run),
        (status = 404, description = "No such run", body = ProblemDetails, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn retrieve(visitor: Visitor, Path(id): Path<String>) -> Answer {
    blocking(move || Ok(axum::Json(shown(&run_of(&visitor, &id)?, true)).into_response())).await?
}

/// Cancel a run
///
/// What it found so far is dropped. A run that is finished stays as it is.
#[utoipa::path(
    post,
    path = "/scenarios/runs/{id}/cancel",
    tag = "Scenarios",
    operation_id = "cancelScenarioRun",
    params(("id" = String, Path, description = "The id of its entity", example = "urn:ngsi-ld:ScenarioRun:1")),
    responses(
        (status = 200, description = "The run as it is now", body = ref("#/components/schemas/ScenarioRun"), content_type = "application/json",
            example = examples::run),
        (status = 404, description = "No such run", body = ProblemDetails, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn cancel(State(app): State<App>, visitor: Visitor, Path(id): Path<String>) -> Answer {
    blocking(move || {
        end(&app, &visitor, &id)?;
        Ok(axum::Json(shown(&run_of(&visitor, &id)?, true)).into_response())
    })
    .await?
}

/// Delete a run
///
/// With everything that it found.
#[utoipa::path(
    delete,
    path = "/scenarios/runs/{id}",
    tag = "Scenarios",
    operation_id = "deleteScenarioRun",
    params(("id" = String, Path, description = "The id of its entity", example = "urn:ngsi-ld:ScenarioRun:1")),
    responses(
        (status = 204, description = "Deleted"),
        (status = 404, description = "No such run", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, description = "It is not finished: cancel it first", body = ProblemDetails, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn delete(State(app): State<App>, visitor: Visitor, Path(id): Path<String>) -> Answer {
    blocking(move || {
        remove(&app, &visitor, &id)?;
        Ok(StatusCode::NO_CONTENT.into_response())
    })
    .await?
}

fn jobs(app: &App, visitor: &Visitor) -> Answer<job::Jobs> {
    let jobs = app.scenarios.jobs(app, visitor.tenant.as_deref(), &visitor.twin);
    jobs.map_err(of_job)
}

/// Asks for a run.
pub(crate) fn start(app: &App, visitor: &Visitor, submission: Submission) -> Answer<Uri> {
    let submitted = jobs(app, visitor)?.submit(submission).map_err(of_job)?;
    Ok(submitted.id)
}

/// Asks for a run of a scenario that the twin keeps.
pub(crate) fn start_stored(app: &App, visitor: &Visitor, id: &str, key: Option<String>) -> Answer<Uri> {
    let one = find(visitor, id)?;
    let submission = Submission {
        file: one.file,
        title: Some(one.title),
        key,
    };
    start(app, visitor, submission)
}

/// Cancels a run.
pub(crate) fn end(app: &App, visitor: &Visitor, id: &str) -> Answer<()> {
    let run = run_of(visitor, id)?;
    jobs(app, visitor)?.cancel(&run.id).map_err(of_job)
}

/// Deletes a run that is finished, with everything that it found.
pub(crate) fn remove(app: &App, visitor: &Visitor, id: &str) -> Answer<()> {
    let run = run_of(visitor, id)?;
    jobs(app, visitor)?.delete(&run.id).map_err(of_job)?;
    app.scenarios.forks.forget(&run.id);
    Ok(())
}

/// The run of this id.
pub(crate) fn run_of(visitor: &Visitor, id: &str) -> Answer<Run> {
    let missing = || {
        let id: String = id.chars().take(200).collect();
        Problem::api(
            StatusCode::NOT_FOUND,
            format!("there is no run `{id}`; GET /scenarios/runs lists them"),
        )
    };
    let id = Uri::parse(id).map_err(|_not_a_uri| missing())?;
    job::read(&visitor.twin, &visitor.view, &id).ok_or_else(missing)
}

/// The path of a run.
pub(crate) fn address(id: &Uri) -> String {
    format!("/scenarios/runs/{}", encode(id.as_str()))
}

fn accepted(visitor: &Visitor, id: &Uri) -> Answer<Response> {
    let run =
        job::read(&visitor.twin, &visitor.view, id).ok_or_else(|| of_job(JobError::NotFound(id.clone())))?;
    let mut response = (StatusCode::ACCEPTED, axum::Json(shown(&run, false))).into_response();
    set(&mut response, header::LOCATION, &address(id));
    Ok(response)
}

fn shown(run: &Run, file: bool) -> Json {
    let instant = |at: Option<ngsi_ld::Timestamp>| at.map(|at| at.to_string());
    let mut json = json!({
        "id": run.id.as_str(),
        "title": run.title,
        "status": run.status,
        "progress": run.progress,
        "step": run.step,
        "submitted_at": run.submitted_at.to_string(),
        "started_at": instant(run.started_at),
        "finished_at": instant(run.finished_at),
        "fingerprint": run.fingerprint,
        "version": run.version,
        "error": (!run.errors.is_empty()).then(|| run.errors.join("\n")),
        "errors": run.errors,
        "warnings": run.warnings,
        "result": (run.status == RunStatus::Done).then(|| format!("{}/result", address(&run.id))),
    });
    if let Some(object) = json.as_object_mut().filter(|_| file) {
        object.insert("file".to_owned(), Json::from(run.scenario_file.as_str()));
    }
    json
}
