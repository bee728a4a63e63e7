//! `/access/policies`.

use access::PolicyViews;
use access::policies::{ChangeError, Finding, Refused, StoreError};
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse as _;
use serde_json::{Value, json};

use super::json_of;
use crate::App;
use crate::desk::gate::{self, NotChanged};
use crate::identity::Asker;
use crate::ngsi_ld::ProblemDetails;
use crate::policies_json::finding;
use crate::problem::{Answer, Problem, blocking};

/// The documents that are always there.
const ALWAYS: [&str; 3] = ["roles", "classification", "purposes"];

/// All documents
///
/// What the rules of access are written in: `roles` (Cedar), `classification` and `purposes` (TOML), and the city's own
/// policies (Cedar). `changed` tells those that are no longer what the program came with.
#[utoipa::path(get, path = "/access/policies", tag = "Access", operation_id = "listPolicyDocuments",
    responses((status = 200, description = "The documents", body = ref("#/components/schemas/AccessPolicies"), content_type = "application/json",
        example = json!({"epoch": 1, "documents": [{"name": "roles", "changed": false}]}))))]
pub(super) async fn list_documents(_asker: Asker, State(app): State<App>) -> Answer {
    let views = views(&app)?;
    let documents = views.policies().documents();
    let untouched = access::policies::Documents::default();
    let changed = [
        documents.roles() != untouched.roles(),
        documents.classification() != untouched.classification(),
        documents.purposes() != untouched.purposes(),
    ];
    let always = ALWAYS
        .iter()
        .zip(changed)
        .map(|(name, changed)| json!({"name": name, "changed": changed}));
    let own = documents
        .policies()
        .keys()
        .map(|name| json!({"name": name, "changed": true}));
    let all: Vec<Value> = always.chain(own).collect();
    Ok(json_of(
        &json!({"epoch": views.policies().epoch(), "documents": all}),
    ))
}

/// One document
///
/// Its text.
#[utoipa::path(get, path = "/access/policies/{document}", tag = "Access", operation_id = "retrievePolicyDocument",
    params(("document" = String, Path, description = "The name", example = "classification")),
    responses(
        (status = 200, description = "The text", body = String, content_type = "text/plain", example = json!("version = 1\n")),
        (status = 404, description = "There is no such document", body = ProblemDetails, content_type = "application/problem+json"),
    ))]
pub(super) async fn retrieve_document(
    _asker: Asker,
    State(app): State<App>,
    Path(name): Path<String>,
) -> Answer {
    let documents = views(&app)?.policies().documents();
    let text = match name.as_str() {
        "roles" => Some(documents.roles()),
        "classification" => Some(documents.classification()),
        "purposes" => Some(documents.purposes()),
        name => documents.policies().get(name).map(String::as_str),
    };
    let text = text.ok_or_else(|| nothing(&name))?.to_owned();
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response())
}

/// Write a document
///
/// It is checked with all the others, stored, and holds from then on for everybody, also for subscriptions. What does not
/// hold together is refused, and nothing changes. With `governance.impact_gate` so is what newly lets somebody read personal
/// or special data of which no impact assessment holds: `missing` says which, and where to make it.
#[utoipa::path(put, path = "/access/policies/{document}", tag = "Access", operation_id = "putPolicyDocument",
    params(("document" = String, Path, description = "The name: `roles`, `classification`, `purposes`, or one for the city's own policies",
        example = "north.cedar")),
    request_body(content = String, content_type = "text/plain",
        example = "@id(\"north.lamps\")\npermit (principal in Role::\"viewer\", action in Action::\"See\", resource)\nwhen { resource.types.contains(\"Lamp\") };"),
    responses(
        (status = 200, description = "It holds; `findings` are odd, but not wrong", body = ref("#/components/schemas/AccessFindings"), content_type = "application/json",
            example = json!({"findings": []})),
        (status = 400, description = "There can be no document of that name", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, description = "An impact assessment is missing; `missing` says of what", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 422, description = "It does not hold together with the others", body = ProblemDetails, content_type = "application/problem+json"),
    ))]
pub(super) async fn put_document(
    asker: Asker,
    State(app): State<App>,
    Path(name): Path<String>,
    text: String,
) -> Answer {
    let odd = change(&app, asker, name, Some(text)).await?;
    let odd: Vec<Value> = odd.iter().map(finding).collect();
    Ok(json_of(&json!({"findings": odd})))
}

/// Take a document away
///
/// `roles`, `classification` and `purposes` are then again what the program came with.
#[utoipa::path(delete, path = "/access/policies/{document}", tag = "Access", operation_id = "deletePolicyDocument",
    params(("document" = String, Path, description = "The name", example = "north.cedar")),
    responses(
        (status = 204, description = "It no longer holds"),
        (status = 404, description = "There is no such document", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, description = "Without it somebody would newly read what no impact assessment covers; `missing` says what", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 422, description = "The others do not hold together without it", body = ProblemDetails, content_type = "application/problem+json"),
    ))]
pub(super) async fn delete_document(
    asker: Asker,
    State(app): State<App>,
    Path(name): Path<String>,
) -> Answer {
    let documents = views(&app)?.policies().documents();
    if !ALWAYS.contains(&name.as_str()) && !documents.policies().contains_key(&name) {
        return Err(nothing(&name));
    }
    change(&app, asker, name, None).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn change(app: &App, asker: Asker, name: String, text: Option<String>) -> Answer<Vec<Finding>> {
    let (app, views) = (app.clone(), views(app)?.clone());
    blocking(move || app.change_policies(&views, &asker.principal, &name, text.as_deref()))
        .await
        .map_err(Problem::as_api)?
        .map_err(|error| match error {
            NotChanged::Policies(error) => refused(&error),
            NotChanged::Gate(refusal) => gate::refused(&refusal),
        })
}

pub(super) fn views(app: &App) -> Answer<&PolicyViews> {
    app.config.views.as_ref().ok_or_else(|| {
        let detail = "this server asks nobody to log in (access.mode = open), so no policies hold here";
        Problem::api(StatusCode::NOT_FOUND, detail)
    })
}

fn nothing(name: &str) -> Problem {
    let name: String = name.chars().take(60).collect();
    Problem::api(
        StatusCode::NOT_FOUND,
        format!("there is no document `{name}`; GET /access/policies lists them"),
    )
}

pub(super) fn refused(error: &ChangeError) -> Problem {
    match error {
        ChangeError::Name(_) => Problem::api(StatusCode::BAD_REQUEST, error.to_string()),
        ChangeError::Refused(Refused(findings)) => {
            let findings: Vec<Value> = findings.iter().map(finding).collect();
            Problem::api(StatusCode::UNPROCESSABLE_ENTITY, error.to_string())
                .member("findings", Value::from(findings))
        }
        ChangeError::Store(StoreError::Failed(_) | StoreError::Unreadable { .. }) => {
            Problem::api(StatusCode::SERVICE_UNAVAILABLE, error.to_string()).header(header::RETRY_AFTER, "5")
        }
    }
}
