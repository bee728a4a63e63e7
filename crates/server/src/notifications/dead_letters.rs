//! `/notifications`: how delivery stands, and what could not be delivered.

use axum::Json as JsonBody;
use axum::extract::{Path, Query};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use ngsi_ld::Uri;
use serde::Deserialize;
use serde_json::{Value as Json, json};
use twin::Reader as _;
use twin::delivery::{DeadLetter, DeadLetterFilter};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::endpoints;
use crate::App;
use crate::kpi::Visitor;
use crate::ngsi_ld::ProblemDetails;
use crate::problem::{Answer, Problem};

const USUAL: usize = 50;
const MOST: usize = 200;
const DOOR: &str = "/notifications/dead-letters";

/// The routes, with their documentation.
pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(status))
        .routes(routes!(endpoints::endpoints))
        .routes(routes!(endpoints::wake))
        .routes(routes!(list, purge))
        .routes(routes!(replay))
        .routes(routes!(one, purge_one))
}

/// Which dead letters. Everything that is given must hold.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct Filter {
    /// Of the subscription with this id.
    #[param(example = "urn:ngsi-ld:Subscription:1")]
    subscription: Option<String>,
    /// To this endpoint.
    #[param(example = "https://example.org/notify")]
    endpoint: Option<String>,
}

/// Which part of the list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(super) struct Part {
    /// At most so many, 1 to 200; 50 unless given.
    #[param(value_type = Option<usize>, example = 50)]
    limit: Option<String>,
    /// Where the last page ended: its `next`.
    cursor: Option<String>,
}

pub(super) fn wrong(detail: impl Into<String>) -> Problem {
    Problem::api(StatusCode::BAD_REQUEST, detail)
}

impl Part {
    pub(super) fn limit(&self) -> Answer<usize> {
        match self.limit.as_deref().filter(|text| !text.is_empty()) {
            None => Ok(USUAL),
            Some(text) => text
                .parse()
                .ok()
                .filter(|limit| (1..=MOST).contains(limit))
                .ok_or_else(|| wrong(format!("`limit` is a whole number from 1 to {MOST}"))),
        }
    }

    pub(super) fn cursor(&self) -> Option<&str> {
        self.cursor.as_deref().filter(|text| !text.is_empty())
    }
}

impl Filter {
    fn read(self) -> Answer<DeadLetterFilter> {
        // A filter with nothing in it is a script's empty variable, and must not mean all of them.
        let given = |name: &str, text: Option<String>| match text {
            Some(text) if text.is_empty() => {
                Err(wrong(format!("`{name}` is empty; leave it out, or say which")))
            }
            text => Ok(text),
        };
        let owner = given("subscription", self.subscription)?
            .map(|id| Uri::parse(&id).map_err(|error| wrong(format!("`subscription`: {error}"))))
            .transpose()?;
        Ok(DeadLetterFilter {
            number: None,
            owner,
            uri: given("endpoint", self.endpoint)?,
        })
    }
}

impl Filter {
    /// The `Link` to the next page of what it lets through.
    fn next_page(&self, limit: usize, cursor: &str) -> String {
        let mut query = form_urlencoded::Serializer::new(format!("limit={limit}&cursor={cursor}"));
        for (name, value) in [("subscription", &self.subscription), ("endpoint", &self.endpoint)] {
            if let Some(value) = value {
                query.append_pair(name, value);
            }
        }
        format!("<{DOOR}?{}>; rel=\"next\"", query.finish())
    }
}

fn number(text: &str) -> Answer<u64> {
    text.parse()
        .ok()
        .ok_or_else(|| wrong("the number of a dead letter is a whole number"))
}

pub(super) fn known<T>(parameters: Result<Query<T>, axum::extract::rejection::QueryRejection>) -> Answer<T> {
    let Query(parameters) = parameters.map_err(|rejection| wrong(rejection.body_text()))?;
    Ok(parameters)
}

fn shown(letter: &DeadLetter, with_body: bool) -> Json {
    let mut json = json!({
        "number": letter.number,
        "notification": letter.letter.id,
        "ownerKind": letter.letter.owner.kind.as_str(),
        "subscription": letter.letter.owner.id.as_str(),
        "endpoint": letter.uri,
        "entities": letter.letter.about.iter().map(Uri::as_str).collect::<Vec<_>>(),
        "reason": letter.reason,
        "attempts": letter.attempts,
        "madeAt": letter.letter.made_at.to_string(),
        "givenUpAt": letter.given_up_at.to_string(),
        "contentType": letter.letter.content_type.as_str(),
        "bytes": letter.letter.body.len(),
    });
    if with_body {
        let body = serde_json::from_slice(&letter.letter.body).unwrap_or(Json::Null);
        json["body"] = body;
    }
    json
}

fn none() -> Problem {
    Problem::api(
        StatusCode::NOT_FOUND,
        "there is no dead letter with this number; it may have been replayed or purged",
    )
}

/// How delivery stands
///
/// What waits for endpoints, what was delivered and given up since the start.
#[utoipa::path(
    get,
    path = "/notifications",
    tag = "Notifications",
    operation_id = "notificationStatus",
    responses((status = 200, description = "Figures of this tenant", body = ref("#/components/schemas/NotificationStatus"), content_type = "application/json",
        example = json!({"waiting": 3, "waitingBytes": 4321, "endpoints": 1, "failingEndpoints": 1, "deadLetters": 0,
            "delivered": 120, "failedAttempts": 4, "givenUp": 0, "dropped": 0}))),
)]
async fn status(visitor: Visitor) -> Answer {
    let statistics = visitor.twin.delivery_statistics();
    Ok(JsonBody(json!({
        "waiting": statistics.waiting,
        "waitingBytes": statistics.waiting_bytes,
        "endpoints": statistics.endpoints,
        "failingEndpoints": statistics.failing_endpoints,
        "deadLetters": statistics.dead_letters,
        "delivered": statistics.delivered,
        "failedAttempts": statistics.failed_attempts,
        "givenUp": statistics.given_up,
        "dropped": statistics.dropped,
    }))
    .into_response())
}

/// Notifications that could not be delivered
///
/// The oldest first.
#[utoipa::path(
    get,
    path = "/notifications/dead-letters",
    tag = "Notifications",
    operation_id = "deadLetters",
    params(Filter, Part),
    responses(
        (status = 200, description = "A page of them; `next` is the cursor of the next page", body = ref("#/components/schemas/DeadLetterPage"), content_type = "application/json",
            example = json!({"items": [{"number": 7, "subscription": "urn:ngsi-ld:Subscription:1", "endpoint": "https://example.org/notify",
                "reason": "it answered 500", "attempts": 8}], "next": null})),
        (status = 400, description = "Not a filter, not a cursor", body = ProblemDetails, content_type = "application/problem+json"),
    ),
)]
async fn list(
    visitor: Visitor,
    filter: Result<Query<Filter>, axum::extract::rejection::QueryRejection>,
    part: Result<Query<Part>, axum::extract::rejection::QueryRejection>,
) -> Answer {
    let (asked, part) = (known(filter)?, known(part)?);
    let filter = asked.clone().read()?;
    let limit = part.limit()?;
    let after = part
        .cursor()
        .map(|text| {
            text.parse()
                .ok()
                .ok_or_else(|| wrong("`cursor` is not the `next` of a page"))
        })
        .transpose()?;
    let mut found = visitor
        .twin
        .dead_letters(&visitor.view, &filter, after, limit + 1);
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| more).map(|last| last.number.to_string());
    let items: Vec<Json> = found.iter().map(|letter| shown(letter, false)).collect();
    let mut response = JsonBody(json!({"items": items, "next": next})).into_response();
    if let Some(next) = next
        && let Ok(link) = header::HeaderValue::from_str(&asked.next_page(limit, &next))
    {
        response.headers_mut().insert(header::LINK, link);
    }
    Ok(response)
}

/// One dead letter
///
/// With the body that was to be sent.
#[utoipa::path(
    get,
    path = "/notifications/dead-letters/{number}",
    tag = "Notifications",
    operation_id = "deadLetter",
    params(("number" = String, Path, description = "Its number", example = "7")),
    responses(
        (status = 200, description = "The dead letter", body = ref("#/components/schemas/DeadLetter"), content_type = "application/json",
            example = json!({"number": 7, "subscription": "urn:ngsi-ld:Subscription:1", "endpoint": "https://example.org/notify",
                "reason": "it answered 500", "attempts": 8, "body": {"type": "Notification"}})),
        (status = 400, description = "Not a number", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 404, description = "No such dead letter", body = ProblemDetails, content_type = "application/problem+json"),
    ),
)]
async fn one(visitor: Visitor, Path(text): Path<String>) -> Answer {
    let filter = DeadLetterFilter {
        number: Some(number(&text)?),
        ..DeadLetterFilter::default()
    };
    let found = visitor.twin.dead_letters(&visitor.view, &filter, None, 1);
    let letter = found.first().ok_or_else(none)?;
    if visitor.view.shown().is_some() {
        // Its body was written long ago. What it holds of persons is counted as what is known of its entities.
        for id in &letter.letter.about {
            visitor.twin.evolution_of(&visitor.view, id);
        }
    }
    Ok(JsonBody(shown(letter, true)).into_response())
}

/// Send dead letters once more
///
/// They go to the end of their subscriptions' queues, with the ids they had. Those whose subscription is gone stay.
#[utoipa::path(
    post,
    path = "/notifications/dead-letters/replay",
    tag = "Notifications",
    operation_id = "replayDeadLetters",
    params(Filter),
    responses(
        (status = 200, description = "How many", body = ref("#/components/schemas/Replayed"), content_type = "application/json", example = json!({"replayed": 3})),
        (status = 400, description = "Not a filter", body = ProblemDetails, content_type = "application/problem+json"),
    ),
)]
async fn replay(
    visitor: Visitor,
    filter: Result<Query<Filter>, axum::extract::rejection::QueryRejection>,
) -> Answer {
    let filter = known(filter)?.read()?;
    let (twin, view) = (&visitor.twin, &visitor.view);
    let replayed = twin.replay_dead_letters(view, &filter).await.map_err(of_twin)?;
    Ok(JsonBody(json!({"replayed": replayed})).into_response())
}

/// Destroy dead letters
#[utoipa::path(
    delete,
    path = "/notifications/dead-letters",
    tag = "Notifications",
    operation_id = "purgeDeadLetters",
    params(Filter),
    responses(
        (status = 200, description = "How many", body = ref("#/components/schemas/Purged"), content_type = "application/json", example = json!({"purged": 3})),
        (status = 400, description = "Not a filter", body = ProblemDetails, content_type = "application/problem+json"),
    ),
)]
async fn purge(
    visitor: Visitor,
    filter: Result<Query<Filter>, axum::extract::rejection::QueryRejection>,
) -> Answer {
    let filter = known(filter)?.read()?;
    let (twin, view) = (&visitor.twin, &visitor.view);
    let purged = twin.purge_dead_letters(view, &filter).await.map_err(of_twin)?;
    Ok(JsonBody(json!({"purged": purged})).into_response())
}

/// Destroy one dead letter
#[utoipa::path(
    delete,
    path = "/notifications/dead-letters/{number}",
    tag = "Notifications",
    operation_id = "purgeDeadLetter",
    params(("number" = String, Path, description = "Its number", example = "7")),
    responses(
        (status = 204, description = "Destroyed"),
        (status = 400, description = "Not a number", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 404, description = "No such dead letter", body = ProblemDetails, content_type = "application/problem+json"),
    ),
)]
async fn purge_one(visitor: Visitor, Path(text): Path<String>) -> Answer {
    let filter = DeadLetterFilter {
        number: Some(number(&text)?),
        ..DeadLetterFilter::default()
    };
    let (twin, view) = (&visitor.twin, &visitor.view);
    match twin.purge_dead_letters(view, &filter).await.map_err(of_twin)? {
        0 => Err(none()),
        _ => Ok(StatusCode::NO_CONTENT.into_response()),
    }
}

fn of_twin(error: twin::Error) -> Problem {
    Problem::from(error).as_api()
}
