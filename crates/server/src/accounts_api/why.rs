//! `/access/why`.

use access::policies::Action;
use access::{Assurance, WhyAsked};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use ngsi_ld::Uri;
use query::Purpose;
use serde::Deserialize;
use utoipa::IntoParams;

use super::policies::views;
use super::{json_of, purposes, refused};
use crate::App;
use crate::identity::Asker;
use crate::kpi::Visitor;
use crate::ngsi_ld::ProblemDetails;
use crate::policies_json;
use crate::problem::{Answer, Problem, blocking};

/// Who, what and with which entity.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Asked {
    /// The id or the name of an account, the id of a key or a device, or `anonymous`.
    #[param(example = "anonymous")]
    principal: String,
    /// The entity.
    #[param(example = "urn:ngsi-ld:Streetlight:1")]
    entity: String,
    /// An attribute of it, by its name or its full IRI; without it, all are looked at.
    #[param(example = "name")]
    attribute: Option<String>,
    /// `Read` (unless given), `History`, `Subscribe`, `Aggregate`, `Export`, `Write`, `Delete`, `Actuate` or `Admin`.
    #[param(example = "Read")]
    action: Option<String>,
    /// What for, one of /access/purposes; `service-operation` unless given.
    #[param(example = "service-operation")]
    purpose: Option<String>,
    /// By how many factors they would have logged in, `one` or `two`; as many as they can unless given.
    #[param(example = "one")]
    assurance: Option<String>,
}

/// Why somebody can see something
///
/// Which policies permit it and which forbid it, for each class of the entity's attributes, and whether the doors would
/// let them ask at all. Whoever asks learns nothing of what they do not see themselves.
#[utoipa::path(get, path = "/access/why", tag = "Access", operation_id = "why", params(Asked),
    responses(
        (status = 200, description = "What the policies say", body = ref("#/components/schemas/AccessWhy"), content_type = "application/json",
            example = json!({"principal": {"kind": "anonymous", "roles": [], "groups": []}, "action": "Read", "purpose": "service-operation",
                "entity": "urn:ngsi-ld:Streetlight:1", "types": ["Streetlight"], "permission": {"name": "twin.read", "given": false}, "allowed": false,
                "classes": [{"class": "open", "attributes": ["name"], "allowed": true, "reason": "permitted by `role.anonymous` (Open data is for everybody)",
                    "permits": [{"id": "role.anonymous", "title": "Open data is for everybody", "document": "roles", "line": 3}], "forbids": []}]})),
        (status = 400, description = "Not a question", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 404, description = "There is no such account, key or entity", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, description = "Nobody can log in with the account, or the policies decide by what whoever asks does not see", body = ProblemDetails, content_type = "application/problem+json"),
    ))]
pub(super) async fn why(
    _asker: Asker,
    State(app): State<App>,
    visitor: Visitor,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Answer {
    let wrong = |detail: String| Problem::api(StatusCode::BAD_REQUEST, detail);
    let Query(asked) = asked.map_err(|rejection| wrong(rejection.body_text()))?;
    let views = views(&app)?.clone();
    let entity = Uri::parse(&asked.entity).map_err(|error| wrong(format!("`entity`: {error}")))?;
    let action = asked.action.as_deref().unwrap_or("Read");
    let action = Action::parse(action).ok_or_else(|| {
        let all = Action::ALL.map(Action::name).join(", ");
        wrong(format!("`action` is one of {all}"))
    })?;
    let assurance = match asked.assurance.as_deref() {
        None => None,
        Some("one") => Some(Assurance::One),
        Some("two") => Some(Assurance::Two),
        Some(_) => return Err(wrong("`assurance` is `one` or `two`".to_owned())),
    };
    let purpose = asked.purpose.as_deref().unwrap_or(access::policies::UNSAID);
    purposes::must_be(&views, purpose)?;
    let purpose = Purpose(purpose.into());
    let found = blocking(move || {
        let question = WhyAsked {
            who: &asked.principal,
            action,
            purpose: &purpose,
            tenant: visitor.tenant.as_deref(),
            assurance,
            entity: &entity,
            attribute: asked.attribute.as_deref(),
        };
        let why = views.why(&visitor.twin, &visitor.view, &question);
        why.map(|why| policies_json::why(&question, &why))
    });
    let found = found.await.map_err(Problem::as_api)?;
    Ok(json_of(&found.map_err(|error| refused(&error))?))
}
