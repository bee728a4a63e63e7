//! `/snapshots`: create, clone, ask, change and delete snapshots (5.16).

use std::sync::Arc;
use std::time::Duration;

use axum::extract::Path;
use axum::http::StatusCode;
use ngsi_ld::context::Context;
use ngsi_ld::subscription::Endpoint;
use ngsi_ld::{Entity, Error, Timestamp, Uri};
use query::View;
use query::entity_query::MAX_PATTERNS;
use serde_json::{Map, Value, json};
use twin::{
    Collected, Copied, NewSnapshot, QueryResult, Reader, Snapshot, SnapshotChange, SnapshotInfo, Snapshots,
};

use super::answer::{Wording, bytes, created, no_content};
use super::asked::temporal_parameters;
use super::call::{Call, Payload, Reading, tenant};
use super::entity::entity_id;
use super::evolution::{self, Found, Question};
use super::examples;
use super::mapped::lifetime;
use super::negotiation::accepted;
use super::parameters::shortened;
use super::representation::Representation;
use super::selection::{Wanted, from_query, text, within_bounds};
use super::subscriptions::check_reachable;
use crate::problem::{Answer, blocking};

/// Where snapshots are.
const SNAPSHOTS: &str = "/ngsi-ld/v1/snapshots";
/// How many queries one snapshot may have.
const MOST_QUERIES: usize = 100;
/// What clients may give, and the twin keeps as it is (Table 5.2.41-1).
pub(super) const QUERIES: &str = "snapshotQueries";
const TEMPORAL_QUERIES: &str = "snapshotTemporalQueries";
/// The members that the twin sets (Table 5.2.41-2); given ones are ignored.
const OUTPUT_ONLY: [&str; 7] = [
    "snapshotStatus",
    "snapshotQueriesDetails",
    "snapshotTemporalQueriesDetails",
    "createdAt",
    "modifiedAt",
    "expiresAt",
    "lastUsedAt",
];

/// Create Snapshot
///
/// ETSI GS CIM 009, 5.16.1 and 6.36.3.1. The city is copied as it is now; that takes a while, and `snapshotStatus`
/// tells when it is done. Operations that name the snapshot in `NGSILD-Snapshot` are then about the copy.
#[utoipa::path(
    post,
    path = "/ngsi-ld/v1/snapshots",
    tag = "NGSI-LD snapshots",
    operation_id = "createSnapshot",
    request_body(content = ref("#/components/schemas/NewSnapshot"), description = "A Snapshot (5.2.41)", content_type = "application/json",
        example = json!({"type": "Snapshot", "snapshotQueries": [{"type": "Query", "entities": [{"type": "GtfsStop"}]}], "snapshotLifetime": "P1D"})),
    responses(
        (status = 201, description = "Begun; `Location` is its path"),
        (status = 400, description = "Not a Snapshot", body = examples::ProblemDetails, content_type = "application/json"),
        (status = 403, description = "There are as many as there may be", body = examples::ProblemDetails, content_type = "application/json"),
        (status = 409, description = "A snapshot with this id exists", body = examples::ProblemDetails, content_type = "application/json"),
    ),
)]
pub(crate) async fn create_snapshot(call: Reading, payload: Payload) -> Answer {
    let (json, context) = payload.object(&call).await?;
    let object = json.as_object().ok_or_else(not_an_object)?;
    let now = call.app.clock.now();
    let mut new = parse_new(object, &context, now)?;
    reachable(&call, object)?;
    let (asked, meant) = (object.clone(), context.clone());
    let queries = blocking(move || queries(&asked, &meant)).await??;
    for name in [QUERIES, TEMPORAL_QUERIES] {
        if let Some(given) = object.get(name) {
            new.given.insert(name.to_owned(), given.clone());
        }
    }
    let (snapshots, view) = (snapshots(&call)?, call.view.clone());
    let collect = move |picture: &Snapshot, take: &mut dyn FnMut(Copied) -> Result<(), twin::Error>| {
        Ok(queries.collect(picture, &view, take))
    };
    let id = blocking(move || snapshots.create(new, Box::new(collect), Box::new(|_| ()))).await??;
    Ok(created(SNAPSHOTS, &id))
}

/// Clone Snapshot
///
/// ETSI GS CIM 009, 5.16.2 and 6.38.3.1.
#[utoipa::path(
    post,
    path = "/ngsi-ld/v1/snapshots/{snapshotId}/clone",
    tag = "NGSI-LD snapshots",
    operation_id = "cloneSnapshot",
    params(("snapshotId" = String, Path, description = "The id of the snapshot to copy, a URI", example = "urn:ngsi-ld:Snapshot:5d41402abc4b2a76b9719d911017c592")),
    request_body(content = ref("#/components/schemas/NewSnapshot"), description = "A Snapshot (5.2.41) without queries", content_type = "application/json",
        example = json!({"type": "Snapshot", "snapshotPriority": 9})),
    responses(
        (status = 201, description = "Begun; `Location` is its path"),
        (status = 400, description = "Not a Snapshot", body = examples::ProblemDetails, content_type = "application/json"),
        (status = 404, description = "No such snapshot", body = examples::ProblemDetails, content_type = "application/json"),
        (status = 409, description = "A snapshot with this id exists", body = examples::ProblemDetails, content_type = "application/json"),
    ),
)]
pub(crate) async fn clone_snapshot(call: Reading, Path(id): Path<String>, payload: Payload) -> Answer {
    let id = entity_id(&id)?;
    let snapshots = snapshots(&call)?;
    let original = snapshots.info(&id)?;
    let (json, context) = payload.object(&call).await?;
    let object = json.as_object().ok_or_else(not_an_object)?;
    no_queries(object)?;
    let mut new = parse_new(object, &context, call.app.clock.now())?;
    reachable(&call, object)?;
    // What the queries mean stays with them.
    if let Some(context) = original.given.get("@context") {
        new.given.insert("@context".to_owned(), context.clone());
    }
    let view = call.view.clone();
    let id = blocking(move || snapshots.clone_of(&id, new, &view, Box::new(|_| ()))).await??;
    Ok(created(SNAPSHOTS, &id))
}

/// Retrieve Snapshot Status
///
/// ETSI GS CIM 009, 5.16.3 and 6.37.3.1.
#[utoipa::path(
    get,
    path = "/ngsi-ld/v1/snapshots/{snapshotId}",
    tag = "NGSI-LD snapshots",
    operation_id = "retrieveSnapshotStatus",
    params(("snapshotId" = String, Path, description = "The snapshot's id, a URI", example = "urn:ngsi-ld:Snapshot:5d41402abc4b2a76b9719d911017c592")),
    responses(
        (status = 200, description = "The snapshot, without its data", body = ref("#/components/schemas/Snapshot"), content_type = "application/json", example = examples::snapshot),
        (status = 400, description = "Not a URI", body = examples::ProblemDetails, content_type = "application/json"),
        (status = 404, description = "No such snapshot, or its time has come", body = examples::ProblemDetails, content_type = "application/json"),
    ),
)]
pub(crate) async fn retrieve_snapshot(call: Reading, Path(id): Path<String>) -> Answer {
    let info = snapshots(&call)?.info(&entity_id(&id)?)?;
    answer(&call, &info).await
}

/// Update Snapshot Status
///
/// ETSI GS CIM 009, 5.16.4 and 6.37.3.2. The lifetime counts from now on.
#[utoipa::path(
    patch,
    path = "/ngsi-ld/v1/snapshots/{snapshotId}",
    tag = "NGSI-LD snapshots",
    operation_id = "updateSnapshotStatus",
    params(("snapshotId" = String, Path, description = "The snapshot's id, a URI", example = "urn:ngsi-ld:Snapshot:5d41402abc4b2a76b9719d911017c592")),
    request_body(content = ref("#/components/schemas/SnapshotFragment"), content_type = "application/json", example = json!({"snapshotPriority": 2, "snapshotLifetime": "P2D"})),
    responses(
        (status = 200, description = "The snapshot as it is now", body = ref("#/components/schemas/Snapshot"), content_type = "application/json", example = examples::snapshot),
        (status = 400, description = "Something that cannot be changed, or has a bad value", body = examples::ProblemDetails, content_type = "application/json"),
        (status = 404, description = "No such snapshot, or its time has come", body = examples::ProblemDetails, content_type = "application/json"),
    ),
)]
pub(crate) async fn update_snapshot(call: Reading, Path(id): Path<String>, payload: Payload) -> Answer {
    let id = entity_id(&id)?;
    let snapshots = snapshots(&call)?;
    let before = snapshots.info(&id)?;
    let (json, _) = payload.object(&call).await?;
    let object = json.as_object().ok_or_else(not_an_object)?;
    no_queries(object)?;
    if object.get("id").is_some_and(|given| given != id.as_str()) {
        return Err(Error::bad_data("`id` cannot be changed").into());
    }
    let null = |value: &Value| value.is_null() || value == "urn:ngsi-ld:null";
    let mut given = Vec::new();
    for name in ["endpoint", "receiverInfo"] {
        if let Some(value) = object.get(name) {
            given.push((name.to_owned(), (!null(value)).then(|| value.clone())));
        }
    }
    let mut rest = object.clone();
    rest.retain(|name, value| !(null(value) && matches!(name.as_str(), "endpoint" | "receiverInfo")));
    for (name, other) in [("endpoint", "receiverInfo"), ("receiverInfo", "endpoint")] {
        // What stays as it is must go with what is new.
        if let (true, false, Some(value)) = (
            rest.contains_key(name),
            object.contains_key(other),
            before.given.get(other),
        ) {
            rest.insert(other.to_owned(), value.clone());
        }
    }
    let Members { lifetime, priority } = Members::parse(&rest, call.app.clock.now(), false)?;
    reachable(&call, &rest)?;
    if let Some(text) = object.get("snapshotLifetime") {
        given.push(("snapshotLifetime".to_owned(), Some(text.clone())));
    }
    let change = SnapshotChange {
        given,
        lifetime,
        priority,
    };
    let info = blocking(move || snapshots.change(&id, change)).await??;
    answer(&call, &info).await
}

/// Delete Snapshot
///
/// ETSI GS CIM 009, 5.16.5 and 6.37.3.3.
#[utoipa::path(
    delete,
    path = "/ngsi-ld/v1/snapshots/{snapshotId}",
    tag = "NGSI-LD snapshots",
    operation_id = "deleteSnapshot",
    params(("snapshotId" = String, Path, description = "The snapshot's id, a URI", example = "urn:ngsi-ld:Snapshot:5d41402abc4b2a76b9719d911017c592")),
    responses(
        (status = 204, description = "Deleted"),
        (status = 400, description = "Not a URI", body = examples::ProblemDetails, content_type = "application/json"),
        (status = 404, description = "No such snapshot, or its time has come", body = examples::ProblemDetails, content_type = "application/json"),
    ),
)]
pub(crate) async fn delete_snapshot(call: Reading, Path(id): Path<String>) -> Answer {
    let id = entity_id(&id)?;
    let snapshots = snapshots(&call)?;
    blocking(move || snapshots.delete(&id)).await??;
    Ok(no_content())
}

/// The members of a Snapshot that are looked at.
struct Members {
    lifetime: Option<Duration>,
    priority: Option<u8>,
}

impl Members {
    /// Checks everything that a client may give (Table 5.2.41-1); `new`: `type` must be there.
    fn parse(object: &Map<String, Value>, now: Timestamp, new: bool) -> Result<Self, Error> {
        match object.get("type") {
            Some(kind) if kind == "Snapshot" => {}
            None if !new => {}
            _ => return Err(Error::bad_data("`type` must be `Snapshot` (5.2.41)")),
        }
        let lifetime = text(object, "snapshotLifetime")?
            .map(|text| lifetime("snapshotLifetime", text, now))
            .transpose()?;
        let priority = match object.get("snapshotPriority") {
            None => None,
            Some(value) => Some(
                value
                    .as_u64()
                    .and_then(|priority| u8::try_from(priority).ok())
                    .filter(|priority| (1..=10).contains(priority))
                    .ok_or_else(|| Error::bad_data("`snapshotPriority` is a whole number from 1 to 10"))?,
            ),
        };
        endpoint(text(object, "endpoint")?, object.get("receiverInfo"))?;
        let known = |name: &str| {
            OUTPUT_ONLY.contains(&name)
                || matches!(
                    name,
                    "id" | "type" | "endpoint" | "receiverInfo" | QUERIES | TEMPORAL_QUERIES
                )
                || matches!(name, "snapshotLifetime" | "snapshotPriority")
        };
        match object.keys().find(|name| !known(name)) {
            Some(name) => {
                let instead =
                    format!("; what it holds is said by the queries in `{QUERIES}` and `{TEMPORAL_QUERIES}`");
                Err(Error::bad_data(format!(
                    "`{}` is no member of a Snapshot (5.2.41){}",
                    shortened(name),
                    if new { &instead } else { "" }
                )))
            }
            None => Ok(Self { lifetime, priority }),
        }
    }
}

/// Refuses an endpoint that no notification would ever reach.
fn reachable(call: &Call, object: &Map<String, Value>) -> Result<(), Error> {
    let reached = |uri| check_reachable(call, "/endpoint", uri);
    text(object, "endpoint")?.map_or(Ok(()), reached)
}

/// Checks where and how notifications are to go (5.16.6).
fn endpoint(uri: Option<&str>, receiver_info: Option<&Value>) -> Result<(), Error> {
    // What the receiver is told must be good also while nobody is.
    let mut endpoint = json!({"uri": uri.unwrap_or("http://nobody.invalid/")});
    if let Some(pairs) = receiver_info {
        endpoint["receiverInfo"] = pairs.clone();
    }
    let place = |error: Error| Error {
        detail: format!("`endpoint` and `receiverInfo`: {}", error.detail),
        ..error
    };
    Endpoint::parse(&endpoint).map(drop).map_err(place)
}

/// What is asked of a new snapshot, its queries aside.
fn parse_new(object: &Map<String, Value>, context: &Context, now: Timestamp) -> Result<NewSnapshot, Error> {
    let Members { lifetime, priority } = Members::parse(object, now, true)?;
    let mut given = Map::new();
    for name in ["snapshotLifetime", "endpoint", "receiverInfo"] {
        if let Some(value) = object.get(name) {
            given.insert(name.to_owned(), value.clone());
        }
    }
    // What names in the queries mean.
    given.insert("@context".to_owned(), context.to_json().clone());
    Ok(NewSnapshot {
        id: text(object, "id")?.map(Uri::parse).transpose()?,
        given,
        lifetime,
        priority,
    })
}

fn no_queries(object: &Map<String, Value>) -> Result<(), Error> {
    match [QUERIES, TEMPORAL_QUERIES]
        .iter()
        .find(|name| object.contains_key(**name))
    {
        Some(name) => Err(Error::bad_data(format!(
            "`{name}` is given when a snapshot is created, and not later (5.2.41)"
        ))),
        None => Ok(()),
    }
}

/// The queries of a snapshot, read.
struct Queries {
    entities: Vec<(Wanted, Representation)>,
    histories: Vec<(Wanted, Question, Representation)>,
}

fn queries(object: &Map<String, Value>, context: &Context) -> Result<Queries, Error> {
    let list = |name: &str| match object.get(name) {
        None => Ok([].as_slice()),
        Some(Value::Array(queries)) if (1..=MOST_QUERIES).contains(&queries.len()) => Ok(queries.as_slice()),
        Some(_) => Err(Error::bad_data(format!(
            "`{name}` is an array of 1 to {MOST_QUERIES} queries (5.2.23)"
        ))),
    };
    let (plain, temporal) = (list(QUERIES)?, list(TEMPORAL_QUERIES)?);
    if plain.is_empty() && temporal.is_empty() {
        let detail =
            format!("`{QUERIES}` or `{TEMPORAL_QUERIES}` is missing: say what the snapshot should hold");
        return Err(Error::bad_data(detail));
    }
    let patterns = plain.iter().chain(temporal).filter_map(Value::as_object);
    let patterns: usize = patterns.map(within_bounds).sum::<Result<_, _>>()?;
    if patterns > MAX_PATTERNS {
        return Err(Error::too_complex(format!(
            "the queries have {patterns} of `idPattern`, and those of a snapshot have at most {MAX_PATTERNS}"
        )));
    }
    let at = |name: &str, index: usize| {
        let place = format!("/{name}/{index}: ");
        move |error: Error| Error {
            detail: format!("{place}{}", error.detail),
            ..error
        }
    };
    let mut queries = Queries {
        entities: Vec::new(),
        histories: Vec::new(),
    };
    for (index, query) in plain.iter().enumerate() {
        let read = || {
            let query = query.as_object().ok_or_else(not_a_query)?;
            if query.contains_key("temporalQ") {
                let detail = format!("a query with `temporalQ` belongs under `{TEMPORAL_QUERIES}`");
                return Err(Error::bad_data(detail));
            }
            whole(query, context)
        };
        queries.entities.push(read().map_err(at(QUERIES, index))?);
    }
    for (index, query) in temporal.iter().enumerate() {
        let read = || {
            let query = query.as_object().ok_or_else(not_a_query)?;
            if !query.contains_key("temporalQ") {
                return Err(Error::bad_data("`temporalQ` is missing"));
            }
            let (wanted, how) = whole(query, context)?;
            let question = Question::new(&temporal_parameters(query)?, how.evolution)?;
            question.must_have_time()?;
            Ok((wanted, question.of_instances(), how))
        };
        queries
            .histories
            .push(read().map_err(at(TEMPORAL_QUERIES, index))?);
    }
    Ok(queries)
}

/// What a query asks for, and which part of it.
fn whole(query: &Map<String, Value>, context: &Context) -> Result<(Wanted, Representation), Error> {
    let wanted = from_query(query, false, context)?;
    let mut how = Representation::default();
    how.amend(query, context)?;
    how.check(wanted.selection.q.as_ref())?;
    Ok((wanted, how))
}

impl Queries {
    /// Executes all of them on a picture of the city, and hands over what they find.
    fn collect(
        &self,
        picture: &Snapshot,
        view: &View,
        take: &mut dyn FnMut(Copied) -> Result<(), twin::Error>,
    ) -> Collected {
        let result = |found: Answer<usize>| match found {
            Ok(0) => QueryResult::Empty,
            Ok(_) => QueryResult::Found,
            Err(problem) => QueryResult::Failed(problem.to_json()),
        };
        let entities = self.entities.iter();
        let results = entities.map(|(wanted, how)| result(copy_entities(picture, view, wanted, how, take)));
        let results = results.collect();
        let histories = self.histories.iter();
        let temporal_results = histories
            .map(|(wanted, question, how)| {
                let mut found = 0;
                let mut copy = |one: Found| {
                    found += 1;
                    let mut entity = one.into_entity();
                    // Its head is what it is now, not what is told of the time that was asked for.
                    let past = std::mem::take(&mut entity.attributes);
                    if let Some(last) = picture.last_state(view, &entity.id) {
                        entity.scope.clone_from(&last.scope);
                        entity.attributes.clone_from(&last.attributes);
                    }
                    entity.deleted_at = None;
                    take(Copied {
                        past,
                        entity,
                        live: false,
                    })?;
                    Ok(true)
                };
                let copied = evolution::visit(
                    picture,
                    view,
                    wanted,
                    question,
                    how,
                    usize::MAX,
                    &|_| true,
                    &mut copy,
                );
                result(copied.map(|()| found))
            })
            .collect();
        Collected {
            results,
            temporal_results,
        }
    }
}

fn copy_entities(
    picture: &Snapshot,
    view: &View,
    wanted: &Wanted,
    how: &Representation,
    take: &mut dyn FnMut(Copied) -> Result<(), twin::Error>,
) -> Answer<usize> {
    let (mut found, mut failed) = (0, None);
    picture.scan(view, &wanted.selection, &mut |entity: &Arc<Entity>| {
        let mut entity = Entity::clone(entity);
        how.keep(&mut entity);
        found += 1;
        failed = take(Copied {
            entity,
            live: true,
            past: Vec::new(),
        })
        .err();
        failed.is_none()
    })?;
    match failed {
        Some(error) => Err(error.into()),
        None => Ok(found),
    }
}

/// The snapshots of the tenant.
pub(super) fn snapshots(call: &Call) -> Answer<Snapshots> {
    let name = tenant(&call.headers)?;
    let all = call.app.tenants.snapshots(&call.tenant, name.as_deref());
    Ok(all.seen_by(&call.view))
}

/// A snapshot as it is written (5.2.41), under the @context of its queries.
async fn answer(call: &Call, info: &SnapshotInfo) -> Answer {
    let media_type = accepted(&call.headers, false)?;
    let context = match info.given.get("@context") {
        Some(context) => call.compile(context.clone()).await?,
        None => Context::core().clone(),
    };
    let mut members = Map::new();
    let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
    put("id", info.id.as_str().into());
    put("type", "Snapshot".into());
    for (name, value) in info.given.iter().filter(|(name, _)| *name != "@context") {
        put(name, value.clone());
    }
    put("snapshotPriority", info.priority.into());
    put("snapshotStatus", info.status.as_str().into());
    for (name, results) in [
        ("snapshotQueriesDetails", &info.results),
        ("snapshotTemporalQueriesDetails", &info.temporal_results),
    ] {
        if !results.is_empty() {
            put(name, results.iter().map(QueryResult::to_json).collect());
        }
    }
    for (name, at) in [
        ("createdAt", info.created_at),
        ("modifiedAt", info.modified_at),
        ("expiresAt", info.expires_at),
        ("lastUsedAt", info.last_used_at),
    ] {
        put(name, at.to_string().into());
    }
    let wording = Wording::new(context, media_type, &call.headers);
    let body = bytes(&wording.finish(members))?;
    Ok(wording.respond(StatusCode::OK, body))
}

fn not_an_object() -> Error {
    Error::invalid("the body is a JSON object")
}

fn not_a_query() -> Error {
    Error::bad_data("a query is an object (5.2.23)")
}
