//! `/temporal/entities/{entityId}/attrs/{attrId}` and the instances below it: delete an attribute's evolution
//! (5.6.13), modify (5.6.14) and delete (5.6.15) one instance.

use axum::extract::Path;
use ngsi_ld::context::Context;
use ngsi_ld::representation::read_temporal_attributes;
use ngsi_ld::{Attribute, Error, Name, Uri};
use serde_json::{Map, Value};
use twin::{Instance, InstanceRef, Operation};

use super::answer::no_content;
use super::call::{Payload, Writing};
use super::entity::entity_id;
use super::examples;
use super::parameters::{DeleteParameters, Known, flag, shortened};
use super::selection::attribute;
use crate::problem::{Answer, blocking};

/// Delete Attribute from Temporal Evolution of an Entity
///
/// ETSI GS CIM 009, 5.6.13 and 6.21.3.1: the default instances, those of `datasetId`, or with `deleteAll` all. What
/// the attribute is now stays.
#[utoipa::path(
    delete,
    path = "/ngsi-ld/v1/temporal/entities/{entityId}/attrs/{attrId}",
    tag = "NGSI-LD temporal",
    operation_id = "deleteAttrsTemporal",
    params(
        ("entityId" = String, Path, description = "The entity's id, a URI", example = "urn:ngsi-ld:AirQualityObserved:4853"),
        ("attrId" = String, Path, description = "The attribute's name", example = "pm25"),
        DeleteParameters,
    ),
    responses(
        (status = 204, description = "Deleted"),
        (status = 400, description = "Not an id or a name", body = examples::ProblemDetails, content_type = "application/json"),
        (status = 404, description = "No such entity or attribute", body = examples::ProblemDetails, content_type = "application/json"),
    ),
)]
pub(crate) async fn delete_attribute_evolution(
    call: Writing,
    Path((id, name)): Path<(String, String)>,
    Known(parameters): Known<DeleteParameters>,
) -> Answer {
    let id = entity_id(&id)?;
    let context = call.context().await?;
    let name = attribute_name(&name, &context)?;
    let all = flag("deleteAll", parameters.delete_all.as_deref())?;
    let instance = match parameters.dataset_id.as_deref() {
        _ if all => Instance::All,
        None | Some("" | "@none") => Instance::Default,
        Some(text) => {
            let dataset =
                Uri::parse(text).map_err(|error| Error::bad_data(format!("`datasetId`: {error}")))?;
            Instance::Dataset(dataset)
        }
    };
    call.execute(Operation::DeleteAttributeHistory(id, name, instance))
        .await?;
    Ok(no_content())
}

/// Modify Attribute Instance in Temporal Evolution of an Entity
///
/// ETSI GS CIM 009, 5.6.14 and 6.22.3.1. `instanceId` and `createdAt` stay. An instance that is current changes the
/// entity too.
#[utoipa::path(
    patch,
    path = "/ngsi-ld/v1/temporal/entities/{entityId}/attrs/{attrId}/{instanceId}",
    tag = "NGSI-LD temporal",
    operation_id = "updateAttrsTemporalInstance",
    params(
        ("entityId" = String, Path, description = "The entity's id, a URI", example = "urn:ngsi-ld:AirQualityObserved:4853"),
        ("attrId" = String, Path, description = "The attribute's name", example = "pm25"),
        ("instanceId" = String, Path, description = "The instance's id, a URI", example = "urn:ngsi-ld:Instance:4489d38a65199641e5b80348349eaa67"),
    ),
    request_body(content = ref("#/components/schemas/TemporalFragment"), content_type = "application/json", example = examples::instances),
    responses(
        (status = 204, description = "Modified"),
        (status = 400, description = "Not one whole instance", body = examples::ProblemDetails, content_type = "application/json"),
        (status = 404, description = "No such entity, attribute or instance", body = examples::ProblemDetails, content_type = "application/json"),
    ),
)]
pub(crate) async fn modify_instance(
    call: Writing,
    Path((id, name, instance)): Path<(String, String, String)>,
    payload: Payload,
) -> Answer {
    let id = entity_id(&id)?;
    let instance = instance_id(&instance)?;
    let (json, context) = payload.object(&call).await?;
    let expanded = attribute_name(&name, &context)?;
    let given = one_instance(&name, &expanded, json, &context)?;
    let which = find(&call, &id, expanded, instance).await?;
    call.execute(Operation::ReplaceInstance(id, which, given)).await?;
    Ok(no_content())
}

/// Delete Attribute Instance from Temporal Evolution of an Entity
///
/// ETSI GS CIM 009, 5.6.15 and 6.22.3.2. An instance that is current is taken from the entity too.
#[utoipa::path(
    delete,
    path = "/ngsi-ld/v1/temporal/entities/{entityId}/attrs/{attrId}/{instanceId}",
    tag = "NGSI-LD temporal",
    operation_id = "deleteAttrsTemporalInstance",
    params(
        ("entityId" = String, Path, description = "The entity's id, a URI", example = "urn:ngsi-ld:AirQualityObserved:4853"),
        ("attrId" = String, Path, description = "The attribute's name", example = "pm25"),
        ("instanceId" = String, Path, description = "The instance's id, a URI", example = "urn:ngsi-ld:Instance:4489d38a65199641e5b80348349eaa67"),
    ),
    responses(
        (status = 204, description = "Deleted"),
        (status = 404, description = "No such entity, attribute or instance", body = examples::ProblemDetails, content_type = "application/json"),
    ),
)]
pub(crate) async fn delete_instance(
    call: Writing,
    Path((id, name, instance)): Path<(String, String, String)>,
) -> Answer {
    let id = entity_id(&id)?;
    let instance = instance_id(&instance)?;
    let context = call.context().await?;
    let name = attribute_name(&name, &context)?;
    let which = find(&call, &id, name, instance).await?;
    call.execute(Operation::DeleteInstance(id, which)).await?;
    Ok(no_content())
}

/// Looks for an instance, which may mean to read a long history, away from the one who writes.
async fn find(call: &Writing, id: &Uri, name: Name, instance: Uri) -> Answer<InstanceRef> {
    let (twin, view, id) = (call.twin.clone(), call.view.clone(), id.clone());
    Ok(blocking(move || twin.find_instance(&view, &id, &name, &instance)).await??)
}

fn instance_id(text: &str) -> Result<Uri, Error> {
    Uri::parse(text).map_err(|error| Error::bad_data(format!("the instance id in the path: {error}")))
}

/// A name as a path has it: no segment that means another path.
fn attribute_name(name: &str, context: &Context) -> Result<Name, Error> {
    let dots = matches!(name, "." | "..") || name.contains("%2e") || name.contains("%2E");
    if dots || name.chars().any(|c| "/\\%".contains(c)) && !name.contains(':') {
        return Err(Error::bad_data(format!(
            "`{}` is not the name of an attribute",
            shortened(name)
        )));
    }
    attribute("attrId", name, context)
}

/// Members of which an instance has one; an object without them names attributes.
const INSTANCE: [&str; 9] = [
    "type",
    "@type",
    "value",
    "object",
    "languageMap",
    "json",
    "vocab",
    "valueList",
    "objectList",
];

/// The instance that a body holds: `{"speed": [{…}]}` with exactly one item (5.6.14.3), or that item alone.
fn one_instance(name: &str, expanded: &Name, json: Value, context: &Context) -> Answer<Attribute> {
    let wrapped = match json {
        Value::Object(mut object) => {
            let is_it = |key: &String| context.expand(key) == *expanded;
            if let Some(key) = object.keys().find(|key| is_it(key)).cloned() {
                for head in ["id", "@id", "type", "@type"] {
                    object.shift_remove(head);
                }
                if object.len() > 1 {
                    return Err(Error::bad_data(format!(
                        "the body holds other attributes than `{key}`: send the one instance that is modified"
                    ))
                    .into());
                }
                Value::Object(object)
            } else if INSTANCE.iter().any(|member| object.contains_key(*member)) {
                Value::Object(Map::from_iter([(name.to_owned(), Value::Object(object))]))
            } else {
                return Err(Error::bad_data(format!(
                    "the body holds no instance of `{}`: send `{{\"{0}\": [{{…}}]}}`, or its one instance alone",
                    shortened(name)
                ))
                .into());
            }
        }
        other => other,
    };
    let mut instances = read_temporal_attributes(&wrapped, context)?;
    match (instances.pop(), instances.is_empty()) {
        (Some(instance), true) => Ok(instance),
        _ => Err(Error::bad_data(format!(
            "`{}` is an array of exactly one instance (5.6.14)",
            shortened(name)
        ))
        .into()),
    }
}
