//! `/types` and `/attributes`: what there is (5.7.5 to 5.7.10).

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::Path;
use axum::http::StatusCode;
use ngsi_ld::{Entity, Name};
use query::Selection;
use serde_json::{Map, Value, json};
use twin::Reader;

use super::answer::{Wording, bytes};
use super::call::{Call, Reading};
use super::examples;
use super::negotiation::accepted;
use super::parameters::{DetailsParameter, Known, flag};
use super::selection::attribute;
use crate::problem::{Answer, NgsiError, Problem, blocking};

/// Available Entity Types
///
/// ETSI GS CIM 009, 5.7.5 and, with `details=true`, 5.7.6.
#[utoipa::path(
    get,
    path = "/ngsi-ld/v1/types",
    tag = "NGSI-LD discovery",
    operation_id = "retrieveEntityTypes",
    params(DetailsParameter),
    responses((status = 200, description = "The types", body = ref("#/components/schemas/EntityTypes"), content_type = "application/json",
        example = json!({"id": "urn:ngsi-ld:EntityTypeList:all", "type": "EntityTypeList", "typeList": ["GtfsStop"]}))),
)]
pub(crate) async fn entity_types(call: Reading, Known(parameters): Known<DetailsParameter>) -> Answer {
    let details = flag("details", parameters.details.as_deref())?;
    let wording = wording(&call).await?;
    let body = if details {
        let seen = look(&call, Selection::default()).await?;
        let list: Vec<_> = seen
            .types
            .iter()
            .map(|(name, seen)| {
                wording.finish(object(json!({
                    "id": name.as_str(),
                    "type": "EntityType",
                    "typeName": wording.context.compact_name(name),
                    "attributeNames": compacted(&wording, seen.attributes.keys()),
                })))
            })
            .collect();
        bytes(&list)?
    } else {
        // Where not everything is seen, everything is looked at.
        let (twin, view) = (call.twin.clone(), call.view.clone());
        let types = blocking(move || twin.types(&view)).await?;
        let mut names: Vec<_> = types.into_iter().map(|(name, _)| name).collect();
        names.sort();
        bytes(&wording.finish(object(json!({
            "id": "urn:ngsi-ld:EntityTypeList:all",
            "type": "EntityTypeList",
            "typeList": compacted(&wording, names.iter()),
        }))))?
    };
    Ok(wording.respond(StatusCode::OK, body))
}

/// Entity Type Information
///
/// ETSI GS CIM 009, 5.7.7 and 6.26.3.1.
#[utoipa::path(
    get,
    path = "/ngsi-ld/v1/types/{type}",
    tag = "NGSI-LD discovery",
    operation_id = "retrieveEntityTypeInfo",
    params(("type" = String, Path, description = "The type's name", example = "GtfsStop")),
    responses(
        (status = 200, description = "The type", body = ref("#/components/schemas/EntityTypeInfo"), content_type = "application/json",
            example = json!({"id": "https://uri.etsi.org/ngsi-ld/default-context/GtfsStop", "type": "EntityTypeInfo",
                "typeName": "GtfsStop", "entityCount": 4284, "attributeDetails": []})),
        (status = 404, description = "No entity has this type", body = examples::ProblemDetails, content_type = "application/json"),
    ),
)]
pub(crate) async fn entity_type(call: Reading, Path(name): Path<String>) -> Answer {
    let wording = wording(&call).await?;
    let name = attribute("type", &name, &wording.context)?;
    let seen = look(&call, Selection::of_type(name.clone())).await?;
    let Some(of_type) = seen.types.get(&name) else {
        return Err(Problem::ngsi(
            NgsiError::ResourceNotFound,
            format!("no entity has the type `{name}`"),
        ));
    };
    let details: Vec<_> = of_type
        .attributes
        .iter()
        .map(|(attribute, kinds)| {
            json!({
                "id": attribute.as_str(),
                "type": "Attribute",
                "attributeName": wording.context.compact_name(attribute),
                "attributeTypes": kinds.iter().collect::<Vec<_>>(),
            })
        })
        .collect();
    let body = wording.finish(object(json!({
        "id": name.as_str(),
        "type": "EntityTypeInfo",
        "typeName": wording.context.compact_name(&name),
        "entityCount": of_type.entities,
        "attributeDetails": details,
    })));
    Ok(wording.respond(StatusCode::OK, bytes(&body)?))
}

/// Available Attributes
///
/// ETSI GS CIM 009, 5.7.8 and, with `details=true`, 5.7.9.
#[utoipa::path(
    get,
    path = "/ngsi-ld/v1/attributes",
    tag = "NGSI-LD discovery",
    operation_id = "retrieveAttributes",
    params(DetailsParameter),
    responses((status = 200, description = "The attributes", body = ref("#/components/schemas/Attributes"), content_type = "application/json",
        example = json!({"id": "urn:ngsi-ld:AttributeList:all", "type": "AttributeList", "attributeList": ["name", "location"]}))),
)]
pub(crate) async fn attributes(call: Reading, Known(parameters): Known<DetailsParameter>) -> Answer {
    let details = flag("details", parameters.details.as_deref())?;
    let wording = wording(&call).await?;
    let seen = look(&call, Selection::default()).await?;
    let body = if details {
        let list: Vec<_> = seen
            .attributes
            .iter()
            .map(|(name, of)| {
                wording.finish(object(json!({
                    "id": name.as_str(),
                    "type": "Attribute",
                    "attributeName": wording.context.compact_name(name),
                    "typeNames": compacted(&wording, of.types.iter()),
                })))
            })
            .collect();
        bytes(&list)?
    } else {
        bytes(&wording.finish(object(json!({
            "id": "urn:ngsi-ld:AttributeList:all",
            "type": "AttributeList",
            "attributeList": compacted(&wording, seen.attributes.keys()),
        }))))?
    };
    Ok(wording.respond(StatusCode::OK, body))
}

/// Attribute Information
///
/// ETSI GS CIM 009, 5.7.10 and 6.28.3.1.
#[utoipa::path(
    get,
    path = "/ngsi-ld/v1/attributes/{attrId}",
    tag = "NGSI-LD discovery",
    operation_id = "retrieveAttributeInfo",
    params(("attrId" = String, Path, description = "The attribute's name", example = "name")),
    responses(
        (status = 200, description = "The attribute", body = ref("#/components/schemas/AttributeInfo"), content_type = "application/json",
            example = json!({"id": "https://uri.etsi.org/ngsi-ld/default-context/name", "type": "Attribute",
                "attributeName": "name", "attributeCount": 4284, "attributeTypes": ["Property"], "typeNames": ["GtfsStop"]})),
        (status = 404, description = "No entity has this attribute", body = examples::ProblemDetails, content_type = "application/json"),
    ),
)]
pub(crate) async fn attribute_information(call: Reading, Path(name): Path<String>) -> Answer {
    let wording = wording(&call).await?;
    let name = match wording.context.expand(&name) {
        member if member.as_str().starts_with('@') => member, // no attribute, so nothing will have it
        _ => attribute("attrId", &name, &wording.context)?,
    };
    let selection = Selection {
        attributes: vec![name.clone()],
        ..Selection::default()
    };
    let seen = look(&call, selection).await?;
    let Some(of) = seen.attributes.get(&name) else {
        return Err(Problem::ngsi(
            NgsiError::ResourceNotFound,
            format!("no entity has the attribute `{name}`"),
        ));
    };
    let body = wording.finish(object(json!({
        "id": name.as_str(),
        "type": "Attribute",
        "attributeName": wording.context.compact_name(&name),
        "attributeCount": of.instances,
        "attributeTypes": of.kinds.iter().collect::<Vec<_>>(),
        "typeNames": compacted(&wording, of.types.iter()),
    })));
    Ok(wording.respond(StatusCode::OK, bytes(&body)?))
}

async fn wording(call: &Call) -> Answer<Wording> {
    let media_type = accepted(&call.headers, false)?;
    Ok(Wording::new(call.context().await?, media_type, &call.headers))
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}

fn compacted<'a>(wording: &Wording, names: impl Iterator<Item = &'a Name>) -> Vec<String> {
    names.map(|name| wording.context.compact_name(name)).collect()
}

/// What entities have, by type and by attribute.
#[derive(Default)]
struct Seen {
    types: BTreeMap<Name, OfType>,
    attributes: BTreeMap<Name, OfAttribute>,
}

#[derive(Default)]
struct OfType {
    entities: usize,
    attributes: BTreeMap<Name, BTreeSet<&'static str>>,
}

#[derive(Default)]
struct OfAttribute {
    instances: usize,
    kinds: BTreeSet<&'static str>,
    types: BTreeSet<Name>,
}

impl Seen {
    fn add(&mut self, entity: &Entity) {
        for name in &entity.types {
            let of_type = self.types.entry(name.clone()).or_default();
            of_type.entities += 1;
            for attribute in &entity.attributes {
                let kind = attribute.value.kind().as_str();
                match of_type.attributes.get_mut(&attribute.name) {
                    Some(kinds) => {
                        kinds.insert(kind);
                    }
                    None => {
                        of_type
                            .attributes
                            .insert(attribute.name.clone(), BTreeSet::from([kind]));
                    }
                }
            }
        }
        for attribute in &entity.attributes {
            let of = self.attributes.entry(attribute.name.clone()).or_default();
            of.instances += 1;
            of.kinds.insert(attribute.value.kind().as_str());
            for name in &entity.types {
                if !of.types.contains(name) {
                    of.types.insert(name.clone());
                }
            }
        }
    }
}

/// Looks at every entity of a selection, on a thread that may be held.
async fn look(call: &Call, selection: Selection) -> Answer<Seen> {
    let (twin, view) = (call.twin.clone(), call.view.clone());
    blocking(move || {
        let mut seen = Seen::default();
        twin.scan(&view, &selection, &mut |entity| {
            seen.add(entity);
            true
        })?;
        Ok::<_, twin::Error>(seen)
    })
    .await?
    .map_err(Problem::from)
}
