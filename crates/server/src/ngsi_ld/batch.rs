//! `/entityOperations/{create,upsert,update,merge,delete}` (5.6.7 to 5.6.10, 5.6.20).
//!
//! Every item stands alone: what is wrong with one leaves the others their way.

use axum::http::StatusCode;
use axum::response::IntoResponse;
use ngsi_ld::context::Context;
use ngsi_ld::representation::{read_entity, read_fragment};
use ngsi_ld::{Error, Uri};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use twin::{Operation, Outcome};

use super::answer::{bytes, no_content};
use super::attributes::{multi_status, overwrites};
use super::call::{Payload, Writing};
use super::examples;
use super::parameters::{Known, WriteParameters, list, shortened};
use crate::problem::{Answer, Problem, blocking};

/// What is to be done with each item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Create,
    UpsertReplace,
    UpsertUpdate,
    Update { overwrite: bool },
    Merge,
}

/// Batch Entity Creation
///
/// ETSI GS CIM 009, 5.6.7 and 6.14.3.1.
#[utoipa::path(
    post,
    path = "/ngsi-ld/v1/entityOperations/create",
    tag = "NGSI-LD batch operations",
    operation_id = "createBatch",
    request_body(content = ref("#/components/schemas/NewEntityList"), content_type = "application/json", example = examples::stops),
    responses(
        (status = 201, description = "All created; their ids", body = Vec<String>, content_type = "application/json", example = examples::ids),
        (status = 207, description = "Some were not", body = examples::BatchOperationResult, content_type = "application/json"),
        (status = 400, description = "Not an array of entities", body = examples::ProblemDetails, content_type = "application/json"),
    ),
)]
pub(crate) async fn create_batch(call: Writing, payload: Payload) -> Answer {
    run(&call, payload, Kind::Create).await
}

/// Batch Entity Creation or Update (Upsert)
///
/// ETSI GS CIM 009, 5.6.8 and 6.15.3.1. `options=replace` (the default) replaces all attributes of entities that
/// are there, `options=update` those that are given.
#[utoipa::path(
    post,
    path = "/ngsi-ld/v1/entityOperations/upsert",
    tag = "NGSI-LD batch operations",
    operation_id = "upsertBatch",
    params(WriteParameters),
    request_body(content = ref("#/components/schemas/NewEntityList"), content_type = "application/json", example = examples::stops),
    responses(
        (status = 201, description = "Done; the ids of those that are new", body = Vec<String>, content_type = "application/json", example = examples::ids),
        (status = 204, description = "Done; none is new"),
        (status = 207, description = "Some were not done", body = examples::BatchOperationResult, content_type = "application/json"),
        (status = 400, description = "Not an array of entities", body = examples::ProblemDetails, content_type = "application/json"),
    ),
)]
pub(crate) async fn upsert_batch(
    call: Writing,
    Known(parameters): Known<WriteParameters>,
    payload: Payload,
) -> Answer {
    let options = parameters.options.as_deref().filter(|text| !text.is_empty());
    let options = list("options", options)?;
    let kind = match options.as_slice() {
        [] | ["replace"] => Kind::UpsertReplace,
        ["update"] => Kind::UpsertUpdate,
        _ => return Err(Error::invalid("`options` is `replace` or `update`").into()),
    };
    run(&call, payload, kind).await
}

/// Batch Entity Update
///
/// ETSI GS CIM 009, 5.6.9 and 6.16.3.1.
#[utoipa::path(
    post,
    path = "/ngsi-ld/v1/entityOperations/update",
    tag = "NGSI-LD batch operations",
    operation_id = "updateBatch",
    params(WriteParameters),
    request_body(content = ref("#/components/schemas/EntityFragmentList"), content_type = "application/json", example = examples::stops),
    responses(
        (status = 204, description = "All updated"),
        (status = 207, description = "Some were not", body = examples::BatchOperationResult, content_type = "application/json"),
        (status = 400, description = "Not an array of entities", body = examples::ProblemDetails, content_type = "application/json"),
    ),
)]
pub(crate) async fn update_batch(
    call: Writing,
    Known(parameters): Known<WriteParameters>,
    payload: Payload,
) -> Answer {
    let overwrite = overwrites(&parameters)?;
    run(&call, payload, Kind::Update { overwrite }).await
}

/// Batch Entity Merge
///
/// ETSI GS CIM 009, 5.6.20 and 6.31.3.1.
#[utoipa::path(
    post,
    path = "/ngsi-ld/v1/entityOperations/merge",
    tag = "NGSI-LD batch operations",
    operation_id = "mergeBatch",
    request_body(content = ref("#/components/schemas/EntityFragmentList"), content_type = "application/json", example = examples::stops),
    responses(
        (status = 204, description = "All merged"),
        (status = 207, description = "Some were not", body = examples::BatchOperationResult, content_type = "application/json"),
        (status = 400, description = "Not an array of entities", body = examples::ProblemDetails, content_type = "application/json"),
    ),
)]
pub(crate) async fn merge_batch(call: Writing, payload: Payload) -> Answer {
    run(&call, payload, Kind::Merge).await
}

/// Batch Entity Delete
///
/// ETSI GS CIM 009, 5.6.10 and 6.17.3.1.
#[utoipa::path(
    post,
    path = "/ngsi-ld/v1/entityOperations/delete",
    tag = "NGSI-LD batch operations",
    operation_id = "deleteBatch",
    request_body(content = ref("#/components/schemas/IdList"), content_type = "application/json", example = examples::ids),
    responses(
        (status = 204, description = "All deleted"),
        (status = 207, description = "Some were not", body = examples::BatchOperationResult, content_type = "application/json"),
        (status = 400, description = "Not an array of ids", body = examples::ProblemDetails, content_type = "application/json"),
    ),
)]
pub(crate) async fn delete_batch(call: Writing, payload: Payload) -> Answer {
    let items = payload.ids()?.into_iter().enumerate().map(|(index, item)| {
        let text = item.as_str().ok_or_else(|| {
            Error::bad_data("the id of an entity is a string; to delete, give the ids and nothing else")
        });
        let id = text.and_then(|text| Uri::parse(text).map_err(Error::from));
        (
            written_id(&item),
            id.map(Operation::Delete)
                .map_err(|error| Problem::from(error).of_item(index)),
        )
    });
    let done = execute(&call, items.collect()).await;
    blocking(move || respond(&done, StatusCode::NO_CONTENT)).await?
}

/// An item's id as the client wrote it, and what is to be done, or what is wrong with it.
type Item = (String, Result<Operation, Problem>);

async fn run(call: &Writing, payload: Payload, kind: Kind) -> Answer {
    let items = payload.items(call).await?;
    let items: Vec<Item> = blocking(move || {
        items.map(|index, json, context| {
            let id = written_id(json.get("id").or_else(|| json.get("@id")).unwrap_or(&Value::Null));
            let operation = context.and_then(|context| Ok(operation(json, context, kind)?));
            (id, operation.map_err(|problem| problem.of_item(index)))
        })
    })
    .await?;
    let done = execute(call, items).await;
    let when_all = if kind == Kind::Create {
        StatusCode::CREATED
    } else {
        StatusCode::NO_CONTENT
    };
    blocking(move || respond(&done, when_all)).await?
}

fn operation(mut json: Value, context: &Context, kind: Kind) -> Result<Operation, Error> {
    if !json.is_object() {
        return Err(Error::bad_data(
            "it is not an object: an entity is one, with `id` and `type`",
        ));
    }
    Ok(match kind {
        Kind::Create => Operation::Create(read_entity(&json, context)?),
        Kind::UpsertReplace => Operation::UpsertReplace(read_entity(&json, context)?),
        Kind::UpsertUpdate => Operation::UpsertUpdate(read_entity(&json, context)?),
        Kind::Update { .. } | Kind::Merge => {
            let id = json
                .as_object_mut()
                .and_then(|o| o.shift_remove("id").or_else(|| o.shift_remove("@id")));
            let id = id
                .as_ref()
                .and_then(Value::as_str)
                .ok_or_else(|| Error::bad_data("it has no `id`, and that says which entity is meant"))?;
            let (id, fragment) = (Uri::parse(id)?, read_fragment(&json, context)?);
            match kind {
                Kind::Update { overwrite } => Operation::Append(id, fragment, overwrite),
                _ => Operation::Merge(id, fragment),
            }
        }
    })
}

fn written_id(id: &Value) -> String {
    id.as_str().map(shortened_id).unwrap_or_default()
}

fn shortened_id(id: &str) -> String {
    if id.len() <= 1000 {
        id.to_owned()
    } else {
        shortened(id)
    }
}

/// An item's id, and what came of it.
type Done = (String, Result<Outcome, Refusal>);

/// Why an item was not done. Of many thousands, only what is short is kept until it is told.
enum Refusal {
    /// It cannot be read.
    Item(Problem),
    /// The twin refused it.
    Twin(twin::Error),
}

impl Refusal {
    fn problem(&self) -> Problem {
        match self {
            Self::Item(problem) => problem.clone(),
            Self::Twin(error) => error.clone().into(),
        }
    }
}

/// Executes what can be; answers in the items' order.
async fn execute(call: &Writing, items: Vec<Item>) -> Vec<Done> {
    let mut operations = Vec::with_capacity(items.len());
    let mut plan = Vec::with_capacity(items.len());
    for (id, item) in items {
        match item {
            Ok(operation) => {
                operations.push(operation);
                plan.push((id, None));
            }
            Err(problem) => plan.push((id, Some(problem))),
        }
    }
    let results = if operations.is_empty() {
        Vec::new()
    } else {
        call.execute_all(operations).await
    };
    let mut results = results.into_iter();
    let missing = || Err(twin::Error::Storage("the twin did not answer".to_owned()));
    plan.into_iter()
        .map(|(id, refused)| match refused {
            Some(problem) => (id, Err(Refusal::Item(problem))),
            None => (id, results.next().unwrap_or_else(missing).map_err(Refusal::Twin)),
        })
        .collect()
}

/// Whether this server failed; an @context that cannot be had (504) is the item's matter.
fn is_ours(status: StatusCode) -> bool {
    status.is_server_error() && status != StatusCode::GATEWAY_TIMEOUT
}

/// A BatchOperationResult (5.2.16), written error by error: there may be many.
#[derive(Serialize)]
struct BatchResult<'a> {
    success: Vec<&'a str>,
    errors: Errors<'a>,
}

struct Errors<'a>(&'a [Done]);

impl Serialize for Errors<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let errors = self.0.iter().filter_map(|(id, result)| {
            let problem = match result {
                Ok(outcome) => left_alone(outcome)?,
                Err(refusal) => refusal.problem(),
            };
            Some(json!({"entityId": id, "error": problem.to_json()}))
        });
        serializer.collect_seq(errors)
    }
}

/// What is wrong when some attributes were left alone.
fn left_alone(outcome: &Outcome) -> Option<Problem> {
    let Outcome::Updated { not_updated } = outcome else {
        return None;
    };
    if not_updated.is_empty() {
        return None;
    }
    let reasons: Vec<_> = not_updated
        .iter()
        .map(|(name, why)| format!("{name}: {why}"))
        .collect();
    let detail = format!("some attributes were left alone: {}", reasons.join("; "));
    Some(Error::bad_data(detail).into())
}

/// 201 with the ids of what is new, 204 where nothing is, 207 where something could not be done.
fn respond(done: &[Done], when_all: StatusCode) -> Answer {
    // When the store cannot take anything, that is the answer, not a list of it.
    if done.iter().all(|(_, result)| result.is_err()) {
        let mut refusals = done.iter().filter_map(|(_, result)| result.as_ref().err());
        let ours = |refusal: &Refusal| Some(refusal.problem()).filter(|problem| is_ours(problem.status()));
        if let Some(problem) = refusals.find_map(ours) {
            return Err(problem);
        }
    }
    let fine = done.iter().filter_map(|(id, result)| match result {
        Ok(outcome) if left_alone(outcome).is_none() => Some((id.as_str(), *outcome == Outcome::Created)),
        _ => None,
    });
    let well: Vec<(&str, bool)> = fine.collect();
    if well.len() < done.len() {
        return multi_status(&BatchResult {
            success: well.iter().map(|(id, _)| *id).collect(),
            errors: Errors(done),
        });
    }
    let created: Vec<&str> = well
        .iter()
        .filter(|(_, created)| *created)
        .map(|(id, _)| *id)
        .collect();
    if created.is_empty() && when_all != StatusCode::CREATED {
        return Ok(no_content());
    }
    let media_type = [(axum::http::header::CONTENT_TYPE, "application/json")];
    Ok((StatusCode::CREATED, media_type, bytes(&created)?).into_response())
}
