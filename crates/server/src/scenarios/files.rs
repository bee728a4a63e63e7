//! `/scenarios`: the scenario files that the twin keeps.

use axum::body::to_bytes;
use axum::extract::{Path, RawQuery, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use ngsi_ld::Uri;
use scenarios::file::ScenarioFile;
use serde_json::{Value as Json, json};
use twin::{Operation, Twin};

use super::examples;
use super::paging::PageParameters;
use super::problems::with_findings;
use super::stored::{self, Stored};
use crate::App;
use crate::kpi::Visitor;
use crate::ngsi_ld::ProblemDetails;
use crate::pages::encode;
use crate::problem::{Answer, Problem, blocking};

const EXAMPLE: &str = "schema = 1\ntitle = \"Kerbs\"\n\n[[measure]]\nname = \"ramps\"\nkind = \"kerb-ramp\"\n\
    cost = 12000\nwith.nodes = [\"urn:ngsi-ld:RoadNode:17\"]\n";

/// The scenario files
///
/// Those that the twin keeps, in order of creation.
#[utoipa::path(
    get,
    path = "/scenarios",
    tag = "Scenarios",
    operation_id = "scenarios",
    params(PageParameters),
    responses(
        (status = 200, description = "A page of them, without their texts; `next` is the cursor of the next page", body = ref("#/components/schemas/ScenarioPage"),
            content_type = "application/json", example = examples::scenarios),
        (status = 400, description = "Not a limit, not a cursor", body = ProblemDetails, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn list(
    visitor: Visitor,
    parameters: Result<axum::extract::Query<PageParameters>, axum::extract::rejection::QueryRejection>,
) -> Answer {
    let part = known(parameters)?.read()?;
    blocking(move || {
        let all =
            stored::list(&visitor.twin, &visitor.view).map_err(|error| Problem::from(error).as_api())?;
        Ok(part.of(
            "/scenarios",
            &all,
            |one| (one.created_at.as_micros(), one.id.as_str().to_owned()),
            // In order of creation, so that what is made meanwhile comes last; of one instant, by id.
            |after, place| after < place,
            head,
        ))
    })
    .await?
}

/// Keep a scenario file
///
/// The body is the file, TOML or JSON (`/scenarios/schema`). It is read and checked as far as that can be done without
/// running it. With an `Idempotency-Key`, sending it again gives the same scenario.
#[utoipa::path(
    post,
    path = "/scenarios",
    tag = "Scenarios",
    operation_id = "createScenario",
    params(("Idempotency-Key" = Option<String>, Header, description = "Any text of up to 200 characters; a second request with it makes nothing new")),
    request_body(content = String, description = "The scenario file", content_type = "application/toml", example = json!(EXAMPLE)),
    responses(
        (status = 201, description = "Kept; `Location` is its path", body = ref("#/components/schemas/Scenario"), content_type = "application/json",
            example = examples::scenario),
        (status = 400, description = "Not a scenario file; `findings` says where, what is wrong and what to do", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 413, description = "The file is too large", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 422, description = "The key was used for another file", body = ProblemDetails, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn create(State(app): State<App>, visitor: Visitor, request: Request) -> Answer {
    let key = idempotency_key(request.headers())?;
    let text = text_of(&app, request).await?;
    blocking(move || {
        let kept = keep(&app, &visitor, &text, key.as_deref())?;
        let mut response = (StatusCode::CREATED, axum::Json(whole(&kept))).into_response();
        set(&mut response, header::LOCATION, &address(&kept.id));
        set(&mut response, header::ETAG, &kept.etag());
        Ok(response)
    })
    .await?
}

/// One scenario file
///
/// With `format=file`, or with `Accept: application/toml` or `text/plain`, the file itself.
#[utoipa::path(
    get,
    path = "/scenarios/{id}",
    tag = "Scenarios",
    operation_id = "scenario",
    params(
        ("id" = String, Path, description = "The id of its entity", example = "urn:ngsi-ld:Scenario:kerbs"),
        ("format" = Option<String>, Query, description = "`file`: the file itself", example = "file"),
    ),
    responses(
        (status = 200, description = "The file with its title and times; `ETag` is its state", body = ref("#/components/schemas/Scenario"), content_type = "application/json",
            example = examples::scenario),
        (status = 304, description = "It is as `If-None-Match` says"),
        (status = 404, description = "No such scenario", body = ProblemDetails, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn retrieve(
    visitor: Visitor,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Answer {
    let as_file = query.is_some_and(|query| query.split('&').any(|pair| pair == "format=file"));
    blocking(move || {
        let one = find(&visitor, &id)?;
        let etag = one.etag();
        let mut response = if names(&headers, &header::IF_NONE_MATCH, &etag) {
            StatusCode::NOT_MODIFIED.into_response()
        } else if as_file || wants_text(&headers) {
            let media_type = if one.file.trim_start().starts_with('{') {
                "application/json"
            } else {
                "application/toml"
            };
            let name = if media_type == "application/json" {
                "scenario.json"
            } else {
                "scenario.toml"
            };
            let mut response = ([(header::CONTENT_TYPE, media_type)], one.file.clone()).into_response();
            set(
                &mut response,
                header::CONTENT_DISPOSITION,
                &format!("attachment; filename=\"{name}\""),
            );
            response
        } else {
            axum::Json(whole(&one)).into_response()
        };
        set(&mut response, header::ETAG, &etag);
        set(&mut response, header::CACHE_CONTROL, "no-cache");
        set(&mut response, header::VARY, "Accept");
        Ok(response)
    })
    .await?
}

/// Replace a scenario file
///
/// With `If-Match`, only when it is still as the client knows it.
#[utoipa::path(
    put,
    path = "/scenarios/{id}",
    tag = "Scenarios",
    operation_id = "replaceScenario",
    params(
        ("id" = String, Path, description = "The id of its entity", example = "urn:ngsi-ld:Scenario:kerbs"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the state that is to be replaced"),
    ),
    request_body(content = String, description = "The scenario file", content_type = "application/toml", example = json!(EXAMPLE)),
    responses(
        (status = 200, description = "Replaced", body = ref("#/components/schemas/Scenario"), content_type = "application/json", example = examples::scenario),
        (status = 400, description = "Not a scenario file; see `findings`", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 404, description = "No such scenario", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 412, description = "Somebody changed it meanwhile", body = ProblemDetails, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn replace(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    request: Request,
) -> Answer {
    let headers = request.headers().clone();
    let text = text_of(&app, request).await?;
    blocking(move || {
        let one = put(&app, &visitor, &id, &text, &|state| permits(&headers, state))?;
        let mut response = axum::Json(whole(&one)).into_response();
        set(&mut response, header::ETAG, &one.etag());
        Ok(response)
    })
    .await?
}

/// Delete a scenario file
///
/// Its runs and their results stay.
#[utoipa::path(
    delete,
    path = "/scenarios/{id}",
    tag = "Scenarios",
    operation_id = "deleteScenario",
    params(
        ("id" = String, Path, description = "The id of its entity", example = "urn:ngsi-ld:Scenario:kerbs"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the state that is to be deleted"),
    ),
    responses(
        (status = 204, description = "Deleted"),
        (status = 404, description = "No such scenario", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 412, description = "Somebody changed it meanwhile", body = ProblemDetails, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn delete(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Answer {
    blocking(move || {
        remove(&app, &visitor, &id, &|state| permits(&headers, state))?;
        Ok(StatusCode::NO_CONTENT.into_response())
    })
    .await?
}

/// Reads, checks and keeps a new file.
pub(crate) fn keep(app: &App, visitor: &Visitor, text: &str, key: Option<&str>) -> Answer<Stored> {
    let file = parse(app, text)?;
    let Visitor { twin, view, .. } = visitor;
    let digest = stored::digest(text);
    let _writing = app.scenarios.writes.lock();
    if let Some(key) = key {
        let all = stored::list(twin, view).map_err(|error| Problem::from(error).as_api())?;
        if let Some(known) = all.into_iter().find(|one| one.key.as_deref() == Some(key)) {
            if known.digest.as_deref() == Some(digest.as_str()) {
                return Ok(known);
            }
            return Err(super::of_job(scenarios::job::JobError::KeyTaken(key.to_owned())));
        }
    }
    let id = stored::free_id(twin, view, &file.title);
    let request = key.map(|key| (key, digest.as_str()));
    let entity = stored::entity(id.clone(), &file, text, request);
    write(app, twin, visitor, Operation::Create(entity))?;
    written(visitor, &id)
}

/// Reads, checks and puts a file in the place of one that is there. `permits`: whether its present state, by entity
/// tag, may be replaced.
pub(crate) fn put(
    app: &App,
    visitor: &Visitor,
    id: &str,
    text: &str,
    permits: &dyn Fn(&str) -> bool,
) -> Answer<Stored> {
    let file = parse(app, text)?;
    let _writing = app.scenarios.writes.lock();
    let before = find(visitor, id)?;
    if !permits(&before.etag()) {
        return Err(changed_meanwhile());
    }
    let request = before.key.as_deref().zip(before.digest.as_deref());
    let entity = stored::entity(before.id.clone(), &file, text, request);
    write(app, &visitor.twin, visitor, Operation::UpsertReplace(entity))?;
    written(visitor, &before.id)
}

/// Deletes a file, if its present state, by entity tag, may be.
pub(crate) fn remove(app: &App, visitor: &Visitor, id: &str, permits: &dyn Fn(&str) -> bool) -> Answer<()> {
    let _writing = app.scenarios.writes.lock();
    let before = find(visitor, id)?;
    if !permits(&before.etag()) {
        return Err(changed_meanwhile());
    }
    write(app, &visitor.twin, visitor, Operation::Delete(before.id))
}

/// The scenario of this id.
pub(crate) fn find(visitor: &Visitor, id: &str) -> Answer<Stored> {
    Uri::parse(id)
        .ok()
        .and_then(|id| stored::read(&visitor.twin, &visitor.view, &id))
        .ok_or_else(|| {
            let id: String = id.chars().take(200).collect();
            Problem::api(
                StatusCode::NOT_FOUND,
                format!("there is no scenario `{id}`; GET /scenarios lists them"),
            )
        })
}

fn parse(app: &App, text: &str) -> Answer<ScenarioFile> {
    let most = app.config.scenario_runs.file_bytes;
    if text.len() > most {
        return Err(super::of_job(scenarios::job::JobError::TooLong {
            bytes: text.len(),
            most,
        }));
    }
    ScenarioFile::parse(text).map_err(|findings| with_findings(StatusCode::BAD_REQUEST, &findings))
}

fn write(app: &App, twin: &Twin, visitor: &Visitor, operation: Operation) -> Answer<()> {
    for result in twin.execute_blocking(&visitor.view, vec![operation]) {
        app.metrics.operation(&result);
        result.map_err(|error| Problem::from(error).as_api())?;
    }
    Ok(())
}

fn written(visitor: &Visitor, id: &Uri) -> Answer<Stored> {
    stored::read(&visitor.twin, &visitor.view, id).ok_or_else(|| {
        Problem::api(
            StatusCode::CONFLICT,
            "the scenario was written and then deleted by somebody else",
        )
    })
}

fn changed_meanwhile() -> Problem {
    Problem::api(
        StatusCode::PRECONDITION_FAILED,
        "somebody changed the scenario meanwhile: read it again, and send its new `ETag` in `If-Match`",
    )
}

/// The path of a scenario.
pub(crate) fn address(id: &Uri) -> String {
    format!("/scenarios/{}", encode(id.as_str()))
}

fn head(one: &Stored) -> Json {
    json!({
        "id": one.id.as_str(),
        "title": one.title,
        "description": one.description,
        "created_at": one.created_at.to_string(),
        "modified_at": one.modified_at.to_string(),
    })
}

fn whole(one: &Stored) -> Json {
    let mut json = head(one);
    if let Some(object) = json.as_object_mut() {
        object.insert("file".to_owned(), Json::from(one.file.as_str()));
    }
    json
}

/// The text that a request brings, within the limit for scenario files.
pub(super) async fn text_of(app: &App, request: Request) -> Answer<String> {
    let limit = app.config.scenario_runs.file_bytes;
    let bytes = to_bytes(request.into_body(), limit).await.map_err(|error| {
        let why = error.to_string();
        if why.contains("length limit") {
            Problem::api(
                StatusCode::PAYLOAD_TOO_LARGE,
                format!("a scenario file has at most {limit} bytes"),
            )
        } else {
            Problem::api(
                StatusCode::BAD_REQUEST,
                format!("the body could not be read: {why}"),
            )
        }
    })?;
    String::from_utf8(bytes.into()).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Problem::api(
            StatusCode::BAD_REQUEST,
            format!("the body is not UTF-8 from byte {at} on; save the file as UTF-8"),
        )
    })
}

/// The `Idempotency-Key` of a request.
pub(super) fn idempotency_key(headers: &HeaderMap) -> Answer<Option<String>> {
    let Some(value) = headers.get("idempotency-key") else {
        return Ok(None);
    };
    let key = value.to_str().ok().map(|key| key.trim().trim_matches('"'));
    let key = key.filter(|key| !key.is_empty() && key.len() <= 200);
    let refused = || {
        Problem::api(
            StatusCode::BAD_REQUEST,
            "`Idempotency-Key` is a text of 1 to 200 characters of ASCII",
        )
    };
    key.map(|key| Some(key.to_owned())).ok_or_else(refused)
}

/// Whether a conditional header names an entity tag (RFC 9110, 13.1).
pub(super) fn names(headers: &HeaderMap, header: &axum::http::HeaderName, etag: &str) -> bool {
    headers
        .get_all(header)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|tag| tag.trim().trim_start_matches("W/"))
        .any(|tag| tag == "*" || tag == etag)
}

fn permits(headers: &HeaderMap, etag: &str) -> bool {
    !headers.contains_key(header::IF_MATCH) || names(headers, &header::IF_MATCH, etag)
}

fn wants_text(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    let first = accept.unwrap_or("").split([',', ';']).next().unwrap_or("").trim();
    matches!(first, "application/toml" | "text/plain")
}

pub(super) fn set(response: &mut Response, name: header::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

/// Query parameters, or what is wrong with them.
pub(super) fn known<T>(
    parameters: Result<axum::extract::Query<T>, axum::extract::rejection::QueryRejection>,
) -> Answer<T> {
    parameters
        .map(|axum::extract::Query(parameters)| parameters)
        .map_err(|rejection| Problem::api(StatusCode::BAD_REQUEST, rejection.body_text()))
}
