//! Purge Snapshots (5.16.7): those that a query over the members of snapshots finds.

use axum::http::StatusCode;
use ngsi_ld::context::Context;
use ngsi_ld::query::q::Q;
use ngsi_ld::{Attribute, Entity, Error, Name, PropertyValue, Uri, Value as AttributeValue};
use query::Selection;
use serde::Deserialize;
use serde_json::{Value, json};
use twin::SnapshotInfo;
use utoipa::IntoParams;

use super::answer::{Wording, bytes, no_content};
use super::call::Reading;
use super::examples;
use super::negotiation::accepted;
use super::parameters::{Known, shortened};
use super::snapshots::{QUERIES, snapshots};
use crate::problem::{Answer, NgsiError, Problem, blocking};

/// Purge Snapshots (Table 6.36.3.2-1).
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct PurgeParameters {
    /// A query (4.9) over the members of snapshots.
    #[param(example = "snapshotPriority<5")]
    q: Option<String>,
}

/// Purge Snapshots
///
/// ETSI GS CIM 009, 5.16.7 and 6.36.3.2.
#[utoipa::path(
    delete,
    path = "/ngsi-ld/v1/snapshots",
    tag = "NGSI-LD snapshots",
    operation_id = "purgeSnapshots",
    params(PurgeParameters),
    responses(
        (status = 204, description = "All that match are deleted"),
        (status = 207, description = "Some are not", body = ref("#/components/schemas/BatchOperationResult"), content_type = "application/json"),
        (status = 400, description = "No query, or one about something else than snapshots", body = examples::ProblemDetails, content_type = "application/json"),
        (status = 404, description = "None matches", body = examples::ProblemDetails, content_type = "application/json"),
    ),
)]
pub(crate) async fn purge_snapshots(call: Reading, Known(parameters): Known<PurgeParameters>) -> Answer {
    let text = parameters
        .q
        .as_deref()
        .filter(|text| !text.is_empty())
        .ok_or_else(|| {
            Error::bad_data(
                "the query is too wide: say with `q` which snapshots, as in `q=snapshotPriority<5`",
            )
        })?;
    let q = Q::parse(text, Context::core())?;
    for path in q.paths() {
        let name = path.attributes.first();
        if !name.is_some_and(|name| {
            MEMBERS
                .iter()
                .any(|member| Context::core().expand(member) == *name)
        }) {
            let name = name.map_or("", Name::as_str);
            return Err(Error::bad_data(format!(
                "`q`: `{}` is no member of snapshots; these are {}",
                shortened(name),
                MEMBERS.join(", ")
            ))
            .into());
        }
    }
    let selection = Selection {
        q: Some(q),
        ..Selection::default()
    };
    let filter = selection.prepare()?;
    let snapshots = snapshots(&call)?;
    let (deleted, failed) = blocking(move || {
        let matching = snapshots
            .all()
            .into_iter()
            .filter(|info| filter.matches(&as_entity(info)));
        let (mut deleted, mut failed) = (Vec::new(), Vec::new());
        for info in matching {
            match snapshots.delete(&info.id) {
                Ok(_) => deleted.push(info.id),
                Err(error) => failed.push((info.id, Problem::from(error))),
            }
        }
        (deleted, failed)
    })
    .await?;
    if deleted.is_empty() && failed.is_empty() {
        let detail = "no snapshot matches `q`";
        return Err(Problem::ngsi(NgsiError::ResourceNotFound, detail));
    }
    if failed.is_empty() {
        return Ok(no_content());
    }
    let errors = failed
        .iter()
        .map(|(id, problem)| json!({"entityId": id.as_str(), "error": problem.to_json()}));
    let body = json!({
        "success": deleted.iter().map(Uri::as_str).collect::<Vec<_>>(),
        "errors": errors.collect::<Vec<_>>(),
    });
    let wording = Wording::new(
        Context::core().clone(),
        accepted(&call.headers, false)?,
        &call.headers,
    );
    Ok(wording.respond(StatusCode::MULTI_STATUS, bytes(&body)?))
}

/// The members that a purge can ask for.
const MEMBERS: [&str; 11] = [
    "id",
    "type",
    "snapshotStatus",
    "snapshotPriority",
    "snapshotLifetime",
    "endpoint",
    "createdAt",
    "modifiedAt",
    "expiresAt",
    "lastUsedAt",
    QUERIES,
];

/// A snapshot as something that `q` can be asked of.
fn as_entity(info: &SnapshotInfo) -> Entity {
    let core = Context::core();
    let mut entity = Entity::new(info.id.clone(), core.expand("Snapshot"));
    (entity.created_at, entity.modified_at) = (info.created_at, info.modified_at);
    entity.expires_at = Some(info.expires_at);
    let mut put = |member: &str, value: PropertyValue| {
        let mut attribute = Attribute::property(core.expand(member), 0);
        attribute.value = AttributeValue::Property(value);
        entity.attributes.push(attribute);
    };
    let text = |text: &str| PropertyValue::from(text);
    put("snapshotStatus", text(info.status.as_str()));
    put("snapshotPriority", PropertyValue::from(i64::from(info.priority)));
    for member in ["snapshotLifetime", "endpoint"] {
        if let Some(Value::String(value)) = info.given.get(member) {
            put(member, text(value));
        }
    }
    for (member, at) in [
        ("createdAt", info.created_at),
        ("modifiedAt", info.modified_at),
        ("expiresAt", info.expires_at),
        ("lastUsedAt", info.last_used_at),
    ] {
        put(member, text(&at.to_string()));
    }
    entity
}
