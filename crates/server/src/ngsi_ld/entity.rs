//! `/entities/{entityId}`: retrieve (5.7.1), replace (5.6.18), merge (5.6.17), delete (5.6.6).

use axum::extract::Path;
use axum::http::StatusCode;
use ngsi_ld::context::Context;
use ngsi_ld::representation::{Format, FragmentOptions, read_entity, read_fragment_with};
use ngsi_ld::{Error, Timestamp, Uri};
use query::Selection;
use serde_json::Value;
use twin::{Join, JoinForm, Mapped, Operation, Reader};

use super::answer::{Wording, bytes, no_content};
use super::attributes::update_result;
use super::call::{Call, Payload, Reading, Writing};
use super::mapped::{MapParameters, MapWish};
use super::negotiation::accepted;
use super::parameters::{Known, MergeParameters, RepresentationParameters, TypeParameter};
use super::representation::{Keywords, Representation};
use super::{examples, selection};
use crate::problem::{Answer, NgsiError, Problem, blocking};

/// Retrieve Entity
///
/// ETSI GS CIM 009, 5.7.1 and 6.5.3.1.
#[utoipa::path(
    get,
    path = "/ngsi-ld/v1/entities/{entityId}",
    tag = "NGSI-LD entities",
    operation_id = "retrieveEntity",
    params(("entityId" = String, Path, description = "The entity's id, a URI", example = "urn:ngsi-ld:GtfsStop:0001RLW"), TypeParameter, RepresentationParameters, MapParameters),
    responses(
        (status = 200, description = "The entity", body = ref("#/components/schemas/EntityOrLinked"), content_type = "application/json", example = examples::stop),
        (status = 404, description = "No such entity, or it has none of the attributes asked for", body = examples::ProblemDetails, content_type = "application/json"),
    ),
)]
pub(crate) async fn retrieve_entity(
    call: Reading,
    Path(id): Path<String>,
    Known(of_type): Known<TypeParameter>,
    Known(representation): Known<RepresentationParameters>,
    Known(maps): Known<MapParameters>,
) -> Answer {
    let maps = MapWish::parse(&call.headers, &maps, None, call.app.clock.now())?;
    let media_type = accepted(&call.headers, true)?;
    let id = entity_id(&id)?;
    let context = call.context().await?;
    let how = Representation::from_parameters(&representation, &context, media_type)?;
    how.check(None)?;
    let types = selection::types(of_type.types.as_deref(), &context)?;
    let entity = call
        .twin
        .get(&call.view, &id)
        .ok_or_else(|| twin::Error::NotFound(id.clone()))?;
    if types.is_some()
        && !(Selection {
            types,
            ..Selection::default()
        })
        .matches(&entity)
    {
        return Err(twin::Error::NotFound(id).into());
    }
    let attrs = &how.write.attrs;
    if !attrs.is_empty() && !attrs.iter().any(|name| entity.get(name.as_str()).is_some()) {
        let detail = format!("entity `{id}` has none of the attributes that `attrs` names");
        return Err(Problem::ngsi(NgsiError::ResourceNotFound, detail));
    }
    if how.hides(&entity) {
        let detail = format!("nothing of entity `{id}` is left by `pick` and `omit`");
        return Err(Problem::ngsi(NgsiError::ResourceNotFound, detail));
    }
    let wording = Wording::new(context, media_type, &call.headers);
    let entity = wording.conformed(&entity);
    let (words, joined) = (wording.clone(), how.join.is_some());
    let (twin, view) = (call.twin.clone(), call.view.clone());
    let write = move || -> Answer<Vec<u8>> {
        let mut objects = how.objects(&twin, &view, &[entity], &words.context, media_type)?;
        match (&how.join, objects.pop()) {
            (
                None
                | Some(Join {
                    form: JoinForm::Inline,
                    ..
                }),
                Some(only),
            ) => bytes(&words.finish(only)),
            (_, last) => {
                objects.extend(last);
                words.bytes_of_all(objects)
            }
        }
    };
    let body = if joined { blocking(write).await?? } else { write()? };
    let mut response = wording.respond(StatusCode::OK, body);
    // 5.7.1.4: a map of one entity, which tells those who ask the sources that hold parts of it where to ask.
    if let Some(mapped) = maps.of_one(&call.twin, &call.view, Mapped::Entities, id).await? {
        mapped.annotate(&mut response);
    }
    Ok(response)
}

/// Replace Entity
///
/// ETSI GS CIM 009, 5.6.18 and 6.5.3.3.
#[utoipa::path(
    put,
    path = "/ngsi-ld/v1/entities/{entityId}",
    tag = "NGSI-LD entities",
    operation_id = "replaceEntity",
    params(("entityId" = String, Path, description = "The entity's id, a URI", example = "urn:ngsi-ld:GtfsStop:0001RLW"), TypeParameter),
    request_body(content = ref("#/components/schemas/EntityFragment"), content_type = "application/json", example = examples::stop),
    responses(
        (status = 204, description = "Replaced"),
        (status = 400, description = "Not an entity", body = examples::ProblemDetails, content_type = "application/json"),
        (status = 404, description = "No such entity", body = examples::ProblemDetails, content_type = "application/json"),
    ),
)]
pub(crate) async fn replace_entity(
    call: Writing,
    Path(id): Path<String>,
    Known(of_type): Known<TypeParameter>,
    payload: Payload,
) -> Answer {
    let id = entity_id(&id)?;
    let (mut json, context) = payload.object(&call).await?;
    if let Some(object) = json.as_object_mut() {
        same_id(object, &id)?;
        object.entry("id").or_insert_with(|| Value::from(id.as_str()));
    }
    let entity = read_entity(&json, &context)?;
    must_have_type(&call, &id, &of_type, &context)?;
    call.execute(Operation::Replace(id, entity)).await?;
    Ok(no_content())
}

/// Merge Entity
///
/// ETSI GS CIM 009, 5.6.17 and 6.5.3.4. `"urn:ngsi-ld:null"` takes away what it is the value of.
#[utoipa::path(
    patch,
    path = "/ngsi-ld/v1/entities/{entityId}",
    tag = "NGSI-LD entities",
    operation_id = "mergeEntity",
    params(("entityId" = String, Path, description = "The entity's id, a URI", example = "urn:ngsi-ld:GtfsStop:0001RLW"), TypeParameter, MergeParameters),
    request_body(content = ref("#/components/schemas/EntityFragment"), description = "The part that changes", content_type = "application/json", example = examples::fragment),
    responses(
        (status = 204, description = "Merged"),
        (status = 207, description = "Some attributes were left alone", body = ref("#/components/schemas/UpdateResult"), content_type = "application/json"),
        (status = 400, description = "Not a fragment of an entity", body = examples::ProblemDetails, content_type = "application/json"),
        (status = 404, description = "No such entity", body = examples::ProblemDetails, content_type = "application/json"),
    ),
)]
pub(crate) async fn merge_entity(
    call: Writing,
    Path(id): Path<String>,
    Known(of_type): Known<TypeParameter>,
    Known(parameters): Known<MergeParameters>,
    payload: Payload,
) -> Answer {
    let id = entity_id(&id)?;
    let keywords = Keywords::parse(parameters.format.as_deref(), parameters.options.as_deref())?;
    let observed_at = parameters
        .observed_at
        .as_deref()
        .map(Timestamp::parse)
        .transpose();
    let options = FragmentOptions {
        simplified: keywords.format == Format::Simplified,
        lang: parameters.lang,
        observed_at: observed_at.map_err(|error| Error::bad_data(format!("`observedAt`: {error}")))?,
    };
    let (mut json, context) = payload.object(&call).await?;
    if let Some(object) = json.as_object_mut() {
        same_id(object, &id)?;
        object.shift_remove("id");
    }
    let fragment = read_fragment_with(&json, &context, &options)?;
    must_have_type(&call, &id, &of_type, &context)?;
    let names: Vec<_> = fragment
        .attributes
        .iter()
        .map(|attribute| attribute.name.clone())
        .collect();
    let outcome = call.execute(Operation::Merge(id, fragment)).await?;
    update_result(&outcome, &names)
}

/// Delete Entity
///
/// ETSI GS CIM 009, 5.6.6 and 6.5.3.2. Its temporal evolution stays.
#[utoipa::path(
    delete,
    path = "/ngsi-ld/v1/entities/{entityId}",
    tag = "NGSI-LD entities",
    operation_id = "deleteEntity",
    params(("entityId" = String, Path, description = "The entity's id, a URI", example = "urn:ngsi-ld:GtfsStop:0001RLW"), TypeParameter),
    responses(
        (status = 204, description = "Deleted"),
        (status = 404, description = "No such entity", body = examples::ProblemDetails, content_type = "application/json"),
    ),
)]
pub(crate) async fn delete_entity(
    call: Writing,
    Path(id): Path<String>,
    Known(of_type): Known<TypeParameter>,
) -> Answer {
    let id = entity_id(&id)?;
    let context = call.context().await?;
    must_have_type(&call, &id, &of_type, &context)?;
    call.execute(Operation::Delete(id)).await?;
    Ok(no_content())
}

/// The id in a path.
pub(crate) fn entity_id(text: &str) -> Result<Uri, Error> {
    Uri::parse(text).map_err(|error| Error::bad_data(format!("the entity id in the path: {error}")))
}

/// Refuses a body whose `id` is not that of the path.
pub(crate) fn same_id(object: &serde_json::Map<String, Value>, id: &Uri) -> Result<(), Error> {
    match object.get("id").or_else(|| object.get("@id")) {
        None => Ok(()),
        Some(Value::String(text)) if text == id.as_str() => Ok(()),
        Some(_) => Err(Error::bad_data(format!(
            "the body's `id` is not the path's, `{id}`"
        ))),
    }
}

/// For the `type` parameter of operations on one entity: one of other types does not exist for them.
pub(crate) fn must_have_type(
    call: &Call,
    id: &Uri,
    of_type: &TypeParameter,
    context: &Context,
) -> Answer<()> {
    let Some(types) = selection::types(of_type.types.as_deref(), context)? else {
        return Ok(());
    };
    let selection = Selection {
        types: Some(types),
        ..Selection::default()
    };
    match call.twin.get(&call.view, id) {
        Some(entity) if selection.matches(&entity) => Ok(()),
        _ => Err(twin::Error::NotFound(id.clone()).into()),
    }
}
