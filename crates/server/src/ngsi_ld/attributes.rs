//! `/entities/{entityId}/attrs` and `…/attrs/{attrId}`: append (5.6.3), update (5.6.2), partial update (5.6.4),
//! replace (5.6.19) and delete (5.6.5) attributes.

use axum::extract::Path;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use ngsi_ld::context::Context;
use ngsi_ld::fragment::Fragment;
use ngsi_ld::representation::{read_attribute, read_attribute_fragment, read_fragment};
use ngsi_ld::{Error, Name, Uri};
use serde_json::json;
use twin::{Instance, Operation, Outcome, Reader};

use super::answer::{bytes, no_content};
use super::call::{Payload, Writing};
use super::entity::{entity_id, must_have_type, same_id};
use super::examples;
use super::parameters::{DeleteParameters, Known, TypeParameter, WriteParameters, flag, list};
use super::selection::attribute;
use crate::problem::Answer;

/// Append Attributes
///
/// ETSI GS CIM 009, 5.6.3 and 6.6.3.1. Attributes that are there are overwritten unless `options=noOverwrite`.
#[utoipa::path(
    post,
    path = "/ngsi-ld/v1/entities/{entityId}/attrs",
    tag = "NGSI-LD attributes",
    operation_id = "appendAttrs",
    params(("entityId" = String, Path, description = "The entity's id, a URI", example = "urn:ngsi-ld:GtfsStop:0001RLW"), TypeParameter, WriteParameters),
    request_body(content = ref("#/components/schemas/EntityFragment"), content_type = "application/json", example = examples::fragment),
    responses(
        (status = 204, description = "All appended"),
        (status = 207, description = "Some attributes were left alone", body = ref("#/components/schemas/UpdateResult"), content_type = "application/json"),
        (status = 404, description = "No such entity", body = examples::ProblemDetails, content_type = "application/json"),
    ),
)]
pub(crate) async fn append_attributes(
    call: Writing,
    Path(id): Path<String>,
    Known(of_type): Known<TypeParameter>,
    Known(parameters): Known<WriteParameters>,
    payload: Payload,
) -> Answer {
    let id = entity_id(&id)?;
    let overwrite = overwrites(&parameters)?;
    let (fragment, context) = fragment_of(&call, payload, &id).await?;
    must_have_type(&call, &id, &of_type, &context)?;
    let names = names_of(&fragment);
    let outcome = call.execute(Operation::Append(id, fragment, overwrite)).await?;
    update_result(&outcome, &names)
}

/// Whether attributes that are there are overwritten: `options` says `noOverwrite`, or nothing.
pub(super) fn overwrites(parameters: &WriteParameters) -> Result<bool, Error> {
    let options = parameters.options.as_deref().filter(|text| !text.is_empty());
    match list("options", options)?.as_slice() {
        [] => Ok(true),
        ["noOverwrite"] => Ok(false),
        _ => Err(Error::invalid("`options` is `noOverwrite`, or nothing (6.3.20)")),
    }
}

/// Update Attributes
///
/// ETSI GS CIM 009, 5.6.2 and 6.6.3.2. Attributes that are there are replaced, others appended.
#[utoipa::path(
    patch,
    path = "/ngsi-ld/v1/entities/{entityId}/attrs",
    tag = "NGSI-LD attributes",
    operation_id = "updateEntity",
    params(("entityId" = String, Path, description = "The entity's id, a URI", example = "urn:ngsi-ld:GtfsStop:0001RLW"), TypeParameter),
    request_body(content = ref("#/components/schemas/EntityFragment"), content_type = "application/json", example = examples::fragment),
    responses(
        (status = 204, description = "All updated"),
        (status = 207, description = "Some attributes were left alone", body = ref("#/components/schemas/UpdateResult"), content_type = "application/json"),
        (status = 404, description = "No such entity", body = examples::ProblemDetails, content_type = "application/json"),
    ),
)]
pub(crate) async fn update_attributes(
    call: Writing,
    Path(id): Path<String>,
    Known(of_type): Known<TypeParameter>,
    payload: Payload,
) -> Answer {
    let id = entity_id(&id)?;
    let (fragment, context) = fragment_of(&call, payload, &id).await?;
    must_have_type(&call, &id, &of_type, &context)?;
    let names = names_of(&fragment);
    let outcome = call.execute(Operation::Update(id, fragment)).await?;
    update_result(&outcome, &names)
}

/// Partial Attribute Update
///
/// ETSI GS CIM 009, 5.6.4 and 6.7.3.1. The members that are given change; the others stay.
#[utoipa::path(
    patch,
    path = "/ngsi-ld/v1/entities/{entityId}/attrs/{attrId}",
    tag = "NGSI-LD attributes",
    operation_id = "updateAttr",
    params(
        ("entityId" = String, Path, description = "The entity's id, a URI", example = "urn:ngsi-ld:GtfsStop:0001RLW"),
        ("attrId" = String, Path, description = "The attribute's name", example = "name"),
        TypeParameter,
    ),
    request_body(content = ref("#/components/schemas/AttributeFragment"), content_type = "application/json", example = examples::attribute),
    responses(
        (status = 204, description = "Updated"),
        (status = 404, description = "No such entity or attribute", body = examples::ProblemDetails, content_type = "application/json"),
    ),
)]
pub(crate) async fn update_attribute(
    call: Writing,
    Path((id, name)): Path<(String, String)>,
    Known(of_type): Known<TypeParameter>,
    payload: Payload,
) -> Answer {
    let id = entity_id(&id)?;
    let (json, context) = payload.object(&call).await?;
    changeable(&name, &context)?;
    let fragment = read_attribute_fragment(&name, &json, &context)?;
    must_have_type(&call, &id, &of_type, &context)?;
    call.execute(Operation::UpdateAttribute(id, fragment)).await?;
    Ok(no_content())
}

/// Replace Attribute
///
/// ETSI GS CIM 009, 5.6.19 and 6.7.3.3.
#[utoipa::path(
    put,
    path = "/ngsi-ld/v1/entities/{entityId}/attrs/{attrId}",
    tag = "NGSI-LD attributes",
    operation_id = "replaceAttr",
    params(
        ("entityId" = String, Path, description = "The entity's id, a URI", example = "urn:ngsi-ld:GtfsStop:0001RLW"),
        ("attrId" = String, Path, description = "The attribute's name", example = "name"),
        TypeParameter,
    ),
    request_body(content = ref("#/components/schemas/AttributeFragment"), content_type = "application/json", example = examples::attribute),
    responses(
        (status = 204, description = "Replaced"),
        (status = 404, description = "No such entity or attribute", body = examples::ProblemDetails, content_type = "application/json"),
    ),
)]
pub(crate) async fn replace_attribute(
    call: Writing,
    Path((id, name)): Path<(String, String)>,
    Known(of_type): Known<TypeParameter>,
    payload: Payload,
) -> Answer {
    let id = entity_id(&id)?;
    let (json, context) = payload.object(&call).await?;
    changeable(&name, &context)?;
    let Ok([instance]) = <[_; 1]>::try_from(read_attribute(&name, &json, &context)?) else {
        return Err(Error::bad_data("the body is one instance of the attribute").into());
    };
    must_have_type(&call, &id, &of_type, &context)?;
    call.execute(Operation::ReplaceAttribute(id, instance)).await?;
    Ok(no_content())
}

/// Delete Attribute
///
/// ETSI GS CIM 009, 5.6.5 and 6.7.3.2: the default instance, that of `datasetId`, or with `deleteAll` every one.
#[utoipa::path(
    delete,
    path = "/ngsi-ld/v1/entities/{entityId}/attrs/{attrId}",
    tag = "NGSI-LD attributes",
    operation_id = "deleteAttr",
    params(
        ("entityId" = String, Path, description = "The entity's id, a URI", example = "urn:ngsi-ld:GtfsStop:0001RLW"),
        ("attrId" = String, Path, description = "The attribute's name", example = "name"),
        TypeParameter,
        DeleteParameters,
    ),
    responses(
        (status = 204, description = "Deleted"),
        (status = 404, description = "No such entity or attribute", body = examples::ProblemDetails, content_type = "application/json"),
    ),
)]
pub(crate) async fn delete_attribute(
    call: Writing,
    Path((id, name)): Path<(String, String)>,
    Known(of_type): Known<TypeParameter>,
    Known(parameters): Known<DeleteParameters>,
) -> Answer {
    let id = entity_id(&id)?;
    let context = call.context().await?;
    must_have_type(&call, &id, &of_type, &context)?;
    let name = attribute("attrId", &name, &context)?;
    if is_one_of(&name, &["id", "type"], &context) {
        return Err(Error::bad_data("an entity's `id` and `type` cannot be deleted").into());
    }
    if is_one_of(&name, &["scope"], &context) {
        let entity = call
            .twin
            .get(&call.view, &id)
            .ok_or_else(|| twin::Error::NotFound(id.clone()))?;
        if entity.scope.is_empty() {
            return Err(twin::Error::AttributeNotFound(id, name).into());
        }
        let nothing = Fragment {
            scope: Some(Vec::new()),
            ..Fragment::default()
        };
        call.execute(Operation::Merge(id, nothing)).await?;
        return Ok(no_content());
    }
    let all = flag("deleteAll", parameters.delete_all.as_deref())?;
    let instance = match parameters.dataset_id.as_deref() {
        _ if all => Instance::All,
        None | Some("@none") => Instance::Default,
        Some(text) => {
            let dataset =
                Uri::parse(text).map_err(|error| Error::bad_data(format!("`datasetId`: {error}")))?;
            Instance::Dataset(dataset)
        }
    };
    call.execute(Operation::DeleteAttribute(id, name, instance))
        .await?;
    Ok(no_content())
}

async fn fragment_of(call: &Writing, payload: Payload, id: &Uri) -> Answer<(Fragment, Context)> {
    let (mut json, context) = payload.object(call).await?;
    if let Some(object) = json.as_object_mut() {
        same_id(object, id)?;
        object.shift_remove("id");
    }
    Ok((read_fragment(&json, &context)?, context))
}

/// 5.6.4.4, 5.6.19.4: `scope` is not for these operations; nor are `id` and `type`.
fn changeable(name: &str, context: &Context) -> Result<(), Error> {
    let expanded = attribute("attrId", name, context)?;
    if is_one_of(&expanded, &["id", "type", "scope"], context) {
        return Err(Error::bad_data(format!(
            "`{name}` is not an attribute that can be changed here"
        )));
    }
    Ok(())
}

fn is_one_of(name: &Name, terms: &[&str], context: &Context) -> bool {
    terms.iter().any(|term| context.expand(term) == *name)
}

fn names_of(fragment: &Fragment) -> Vec<Name> {
    fragment
        .attributes
        .iter()
        .map(|attribute| attribute.name.clone())
        .collect()
}

/// 204, or 207 with an UpdateResult (5.2.18) where some attributes were left alone. Names are whole IRIs there,
/// as no @context comes along (6.3.6).
pub(crate) fn update_result(outcome: &Outcome, names: &[Name]) -> Answer {
    let not_updated = match outcome {
        Outcome::Updated { not_updated } if !not_updated.is_empty() => not_updated,
        _ => return Ok(no_content()),
    };
    let mut updated: Vec<&str> = Vec::new();
    for name in names {
        let left_alone = not_updated.iter().any(|(left, _)| left == name);
        if !left_alone && !updated.contains(&name.as_str()) {
            updated.push(name.as_str());
        }
    }
    let not_updated: Vec<_> = not_updated
        .iter()
        .map(|(name, reason)| json!({"attributeName": name.as_str(), "reason": reason}))
        .collect();
    multi_status(&json!({"updated": updated, "notUpdated": not_updated}))
}

/// 207, always as application/json (6.3.6).
pub(crate) fn multi_status(body: &impl serde::Serialize) -> Answer<Response> {
    let media_type = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    Ok((StatusCode::MULTI_STATUS, media_type, bytes(body)?).into_response())
}
