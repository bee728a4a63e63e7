//! The log as JSON: leaves, and proofs of them.

use axum::Json as JsonBody;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::header;
use axum::response::IntoResponse;
use governance::audit::{Hash, MOST_ENTRIES};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value as Json, json};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{ask, readable, wrong};
use crate::App;
use crate::kpi::Visitor;
use crate::ngsi_ld::ProblemDetails;
use crate::problem::{Answer, Problem};

/// How many leaves a page has unless it is told.
const USUAL: u64 = 100;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(entries))
        .routes(routes!(inclusion))
        .routes(routes!(consistency))
}

/// Which leaves.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct Range {
    /// The number of the first, from 0; 0 unless given.
    #[param(value_type = Option<u64>, example = 0)]
    from: Option<String>,
    /// At most so many, 1 to 1000; 100 unless given.
    #[param(value_type = Option<u64>, example = 100)]
    limit: Option<String>,
}

/// Which leaf, in which tree.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct Inclusion {
    /// The number of the leaf, from 0; 0 unless given.
    #[param(value_type = Option<u64>, example = 0)]
    index: Option<String>,
    /// How many leaves the tree has; those of the latest checkpoint unless given.
    #[param(value_type = Option<u64>, example = 1)]
    size: Option<String>,
}

/// Which two trees.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct Consistency {
    /// How many leaves the earlier one has; 1 unless given.
    #[param(value_type = Option<u64>, example = 1)]
    old: Option<String>,
    /// How many the later one has; those of the latest checkpoint unless given.
    #[param(value_type = Option<u64>, example = 1)]
    new: Option<String>,
}

fn known<T>(parameters: Result<Query<T>, QueryRejection>) -> Answer<T> {
    let Query(parameters) = parameters.map_err(|rejection| wrong(rejection.body_text()))?;
    Ok(parameters)
}

/// A whole number, if one was given.
fn number(name: &str, text: Option<&str>) -> Answer<Option<u64>> {
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let read = text
        .parse()
        .ok()
        .filter(|_| text.bytes().all(|b| b.is_ascii_digit()));
    read.map(Some)
        .ok_or_else(|| wrong(format!("`{name}` is a whole number from 0 on")))
}

/// The leaves of the log
///
/// In order, from one on. Each is in its canonical form, whose bytes are what the tree is made of; a mirror takes the
/// bundles of entries instead.
#[utoipa::path(get, path = "/audit/entries", tag = "Audit", operation_id = "auditEntries", params(Range),
    responses(
        (status = 200, description = "A page of them", body = ref("#/components/schemas/AuditEntries"), content_type = "application/json",
            example = json!({"size": 1, "items": [{"version": 1, "tenant": "", "actor": "anonymous", "purpose": "service-operation",
                "decision": "allowed", "action": "entity.create", "target_type": "Bus", "request": "5f-1", "time": "2026-05-01T12:00:00.000000Z",
                "seq": 0, "target": "fq6ly2vlzh4wkt7ujtmovbqrxe", "after": "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"}], "next": null})),
        (status = 400, description = "Not a range", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 404, description = "Nothing is recorded", body = ProblemDetails, content_type = "application/problem+json"),
    ))]
async fn entries(
    State(app): State<App>,
    visitor: Visitor,
    range: Result<Query<Range>, QueryRejection>,
) -> Answer {
    let range = known(range)?;
    let from = number("from", range.from.as_deref())?.unwrap_or(0);
    let limit = number("limit", range.limit.as_deref())?.unwrap_or(USUAL);
    if !(1..=MOST_ENTRIES).contains(&limit) {
        return Err(wrong(format!(
            "`limit` is a whole number from 1 to {MOST_ENTRIES}"
        )));
    }
    let log = readable(&app, &visitor)?;
    let (size, found) = ask(log, move |log| {
        let size = log.size();
        Ok((size, log.entries(from, from.saturating_add(limit).min(size))?))
    })
    .await?;
    let items: Result<Vec<Box<RawValue>>, _> = found
        .into_iter()
        .map(|entry| RawValue::from_string(String::from_utf8_lossy(&entry).into_owned()))
        .collect();
    let items = items.ok().ok_or_else(wrong_entry)?;
    let end = from.saturating_add(items.len() as u64);
    let next = (!items.is_empty() && end < size).then_some(end);
    let items = serde_json::to_string(&items).ok().ok_or_else(wrong_entry)?;
    let body = format!("{{\"size\":{size},\"items\":{items},\"next\":{}}}", json!(next));
    let mut response = ([(header::CONTENT_TYPE, "application/json")], body).into_response();
    if let Some(next) = next
        && let Ok(link) = format!("</audit/entries?from={next}&limit={limit}>; rel=\"next\"").parse()
    {
        response.headers_mut().insert(header::LINK, link);
    }
    Ok(response)
}

fn wrong_entry() -> Problem {
    Problem::api(
        axum::http::StatusCode::INTERNAL_SERVER_ERROR,
        "a leaf of the log cannot be read; `mapacha verify` says which",
    )
}

/// Proof that a leaf is in the log
#[utoipa::path(get, path = "/audit/proof/inclusion", tag = "Audit", operation_id = "auditInclusion", params(Inclusion),
    responses(
        (status = 200, description = "The proof", body = ref("#/components/schemas/AuditInclusion"), content_type = "application/json",
            example = json!({"index": 0, "size": 1, "leaf": "brM0LJ/7N6mJylROa3gKLHiQH7M/tzdohRGjBhevoB0=",
                "root": "brM0LJ/7N6mJylROa3gKLHiQH7M/tzdohRGjBhevoB0=", "proof": []})),
        (status = 400, description = "Not a leaf, not a size", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 404, description = "There is no such leaf or tree, or nothing is recorded", body = ProblemDetails, content_type = "application/problem+json"),
    ))]
async fn inclusion(
    State(app): State<App>,
    visitor: Visitor,
    asked: Result<Query<Inclusion>, QueryRejection>,
) -> Answer {
    let asked = known(asked)?;
    let index = number("index", asked.index.as_deref())?.unwrap_or(0);
    let size = number("size", asked.size.as_deref())?;
    let log = readable(&app, &visitor)?;
    let size = size.unwrap_or_else(|| log.checkpoint().map_or(0, |checkpoint| checkpoint.size));
    let body = ask(log, move |log| {
        let proof = log.inclusion(index, size)?;
        let entry = log.entries(index, index + 1)?;
        let leaf = entry.first().map(|entry| Hash::of_leaf(entry).to_base64());
        Ok(json!({"index": index, "size": size, "leaf": leaf, "root": log.root(size)?.to_base64(), "proof": texts(&proof)}))
    })
    .await?;
    Ok(JsonBody(body).into_response())
}

/// Proof that nothing was changed between two checkpoints
#[utoipa::path(get, path = "/audit/proof/consistency", tag = "Audit", operation_id = "auditConsistency", params(Consistency),
    responses(
        (status = 200, description = "The proof", body = ref("#/components/schemas/AuditConsistency"), content_type = "application/json",
            example = json!({"old": 1, "new": 1, "old_root": "brM0LJ/7N6mJylROa3gKLHiQH7M/tzdohRGjBhevoB0=",
                "new_root": "brM0LJ/7N6mJylROa3gKLHiQH7M/tzdohRGjBhevoB0=", "proof": []})),
        (status = 400, description = "Not a size", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 404, description = "There is no such tree, or nothing is recorded", body = ProblemDetails, content_type = "application/problem+json"),
    ))]
async fn consistency(
    State(app): State<App>,
    visitor: Visitor,
    asked: Result<Query<Consistency>, QueryRejection>,
) -> Answer {
    let asked = known(asked)?;
    let old = number("old", asked.old.as_deref())?.unwrap_or(1);
    let new = number("new", asked.new.as_deref())?;
    let log = readable(&app, &visitor)?;
    let new = new.unwrap_or_else(|| log.checkpoint().map_or(0, |checkpoint| checkpoint.size));
    let body = ask(log, move |log| {
        let proof = log.consistency(old, new)?;
        let (was, is) = (log.root(old)?.to_base64(), log.root(new)?.to_base64());
        Ok(json!({"old": old, "new": new, "old_root": was, "new_root": is, "proof": texts(&proof)}))
    })
    .await?;
    Ok(JsonBody(body).into_response())
}

fn texts(proof: &[Hash]) -> Vec<Json> {
    proof.iter().map(|hash| Json::from(hash.to_base64())).collect()
}
