//! `/notifications/endpoints`: what waits for whom, and why it does.

use axum::Json as JsonBody;
use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse as _;
use ngsi_ld::Uri;
use serde::Deserialize;
use serde_json::{Value as Json, json};
use twin::delivery::{EndpointState, Owner};
use utoipa::IntoParams;

use super::dead_letters::{Part, known, wrong};
use crate::kpi::Visitor;
use crate::ngsi_ld::ProblemDetails;
use crate::problem::{Answer, Problem};

const DOOR: &str = "/notifications/endpoints";

/// Which endpoints.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// `true`: only those where the last attempt for one of the owners failed.
    #[param(value_type = Option<bool>, example = true)]
    failing: Option<String>,
}

impl Which {
    fn read(&self) -> Answer<bool> {
        match self.failing.as_deref() {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(wrong("`failing` is `true` or `false`")),
        }
    }
}

fn shown(state: &EndpointState) -> Json {
    let owner = |owner: &Owner| json!({"ownerKind": owner.kind.as_str(), "id": owner.id.as_str()});
    json!({
        "endpoint": state.uri,
        "owners": state.owners.iter().map(owner).collect::<Vec<_>>(),
        "waiting": state.waiting,
        "waitingBytes": state.waiting_bytes,
        "oldest": state.oldest.map(|at| at.to_string()),
        "attempts": state.attempts,
        "failures": state.failures,
        "lastFailure": state.last_failure,
        "restsUntil": state.rests_until.map(|at| at.to_string()),
    })
}

/// Endpoints, and why they wait
///
/// Those of the subscriptions that you may see, in the order of their URIs. `attempts` is how often the notification that
/// waits longest was tried; `failures` are since the last success, or since the program started.
#[utoipa::path(
    get,
    path = "/notifications/endpoints",
    tag = "Notifications",
    operation_id = "notificationEndpoints",
    params(Which, Part),
    responses(
        (status = 200, description = "A page of them; `next` is the cursor of the next page", body = ref("#/components/schemas/NotificationEndpointPage"), content_type = "application/json",
            example = json!({"items": [{"endpoint": "https://example.org/notify",
                "owners": [{"ownerKind": "subscription", "id": "urn:ngsi-ld:Subscription:1"}],
                "waiting": 3, "waitingBytes": 4321, "oldest": "2026-05-01T10:00:00Z", "attempts": 2, "failures": 2,
                "lastFailure": "it answered 500", "restsUntil": "2026-05-01T10:00:16Z"}], "next": null})),
        (status = 400, description = "Not a filter, not a limit, not a cursor", body = ProblemDetails, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn endpoints(
    visitor: Visitor,
    which: Result<Query<Which>, QueryRejection>,
    part: Result<Query<Part>, QueryRejection>,
) -> Answer {
    let (failing, part) = (known(which)?.read()?, known(part)?);
    let limit = part.limit()?;
    if part.cursor().is_some_and(|uri| Uri::parse(uri).is_err()) {
        return Err(wrong("`cursor` is not the `next` of a page"));
    }
    let mut found = (visitor.twin).endpoints(&visitor.view, failing, part.cursor(), limit + 1);
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| more).map(|last| last.uri.clone());
    let items: Vec<Json> = found.iter().map(shown).collect();
    let mut response = JsonBody(json!({"items": items, "next": next})).into_response();
    if let Some(next) = next {
        let mut query = form_urlencoded::Serializer::new(format!("limit={limit}&failing={failing}"));
        let link = format!(
            "<{DOOR}?{}>; rel=\"next\"",
            query.append_pair("cursor", &next).finish()
        );
        if let Ok(link) = header::HeaderValue::from_str(&link) {
            response.headers_mut().insert(header::LINK, link);
        }
    }
    Ok(response)
}

/// Which endpoint.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(super) struct One {
    /// As the subscription has it; a name and a password in it may be left out.
    #[param(value_type = String, required = true, example = "https://example.org/notify")]
    endpoint: Option<String>,
}

/// Try a resting endpoint now
///
/// After a failure an endpoint rests, the longer the more failed. Whoever has mended it need not wait for that. It counts as
/// an attempt. A rest that the endpoint or a subscription (`cooldown`) asked for is kept.
#[utoipa::path(
    post,
    path = "/notifications/endpoints/wake",
    tag = "Notifications",
    operation_id = "wakeEndpoint",
    params(One),
    responses(
        (status = 204, description = "It is tried now, if something waits for it"),
        (status = 400, description = "No endpoint is named", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 404, description = "No subscription of yours sends there", body = ProblemDetails, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn wake(visitor: Visitor, one: Result<Query<One>, QueryRejection>) -> Answer {
    let endpoint = known(one)?.endpoint.filter(|uri| !uri.is_empty());
    let endpoint = endpoint.ok_or_else(|| {
        wrong("say which: `?endpoint=` with the URI that `GET /notifications/endpoints` has, percent-encoded")
    })?;
    if visitor.twin.wake_endpoint(&visitor.view, &endpoint) {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let shown: String = endpoint.chars().take(200).collect();
    let detail = format!("no subscription of yours sends to `{shown}`; `GET {DOOR}` lists where they do");
    Err(Problem::api(StatusCode::NOT_FOUND, detail))
}
