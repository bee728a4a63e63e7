//! `/entityMaps` and `/temporal/entityMaps`: entity maps as resources (5.14).

use std::sync::Arc;

use axum::extract::Path;
use axum::http::StatusCode;
use ngsi_ld::{Error, Timestamp};
use serde_json::{Map, Value, json};
use twin::{EntityMap, Mapped, Reader};

use super::answer::{Wording, bytes, no_content};
use super::asked::Asked;
use super::call::{Call, Payload, Reading, Writing};
use super::entity::entity_id;
use super::evolution::Question;
use super::mapped::{MapInUse, MapParameters};
use super::negotiation::accepted;
use super::parameters::{
    HistoryParameters, Known, PageParameters, RepresentationParameters, SelectionParameters,
    TemporalParameters,
};
use super::{entities, examples, temporal};
use crate::problem::{Answer, NgsiError, Problem, blocking};

/// Create EntityMap for Query Entities
///
/// ETSI GS CIM 009, 5.14.4 and 6.34.3.1. What only says how entities are written is ignored.
#[utoipa::path(
    get,
    path = "/ngsi-ld/v1/entityMaps",
    tag = "NGSI-LD entity maps",
    operation_id = "createEntityMapQueryEntity",
    params(SelectionParameters, RepresentationParameters, PageParameters, MapParameters),
    responses(
        (status = 201, description = "The map; `NGSILD-EntityMap` is its path", body = ref("#/components/schemas/EntityMap"), content_type = "application/json", example = examples::entity_map),
        (status = 400, description = "A parameter cannot be read, or the query is too wide", body = examples::ProblemDetails, content_type = "application/json"),
    ),
)]
pub(crate) async fn map_query(
    call: Reading,
    Known(selection): Known<SelectionParameters>,
    Known(representation): Known<RepresentationParameters>,
    Known(maps): Known<MapParameters>,
) -> Answer {
    let media_type = accepted(&call.headers, false)?;
    let of = (selection, &representation, &maps);
    let mut asked = Asked::by_url(&call, Mapped::Entities, media_type, of).await?;
    asked.only_picked();
    make(&call, asked, None).await
}

/// Create EntityMap for Query Entities via POST
///
/// ETSI GS CIM 009, 5.14.4 and 6.34.3.2; the body is a Query (5.2.23).
#[utoipa::path(
    post,
    path = "/ngsi-ld/v1/entityMaps",
    tag = "NGSI-LD entity maps",
    operation_id = "createEntityMapQueryEntityPost",
    params(RepresentationParameters, PageParameters, MapParameters),
    request_body(content = ref("#/components/schemas/Query"), description = "A Query (5.2.23)", content_type = "application/json", example = examples::query),
    responses(
        (status = 201, description = "The map; `NGSILD-EntityMap` is its path", body = ref("#/components/schemas/EntityMap"), content_type = "application/json", example = examples::entity_map),
        (status = 400, description = "The query cannot be read, or is too wide", body = examples::ProblemDetails, content_type = "application/json"),
    ),
)]
pub(crate) async fn map_query_by_post(
    call: Reading,
    Known(selection): Known<SelectionParameters>,
    Known(maps): Known<MapParameters>,
    payload: Payload,
) -> Answer {
    let media_type = accepted(&call.headers, false)?;
    let of = (selection, &RepresentationParameters::default(), &maps);
    let (mut asked, _) = Asked::by_body(&call, Mapped::Entities, media_type, payload, of).await?;
    asked.only_picked();
    make(&call, asked, None).await
}

/// Create EntityMap for Query Temporal Evolution of Entities
///
/// ETSI GS CIM 009, 5.14.5 and 6.35.3.1.
#[utoipa::path(
    get,
    path = "/ngsi-ld/v1/temporal/entityMaps",
    tag = "NGSI-LD entity maps",
    operation_id = "createEntityMapQueryTemporal",
    params(SelectionParameters, TemporalParameters, HistoryParameters, PageParameters, MapParameters),
    responses(
        (status = 201, description = "The map; `NGSILD-EntityMap` is its path", body = ref("#/components/schemas/EntityMap"), content_type = "application/json", example = examples::entity_map),
        (status = 400, description = "No time is given, or the query is too wide", body = examples::ProblemDetails, content_type = "application/json"),
    ),
)]
pub(crate) async fn map_temporal_query(
    call: Reading,
    Known(selection): Known<SelectionParameters>,
    Known(temporal): Known<TemporalParameters>,
    Known(representation): Known<HistoryParameters>,
    Known(maps): Known<MapParameters>,
) -> Answer {
    let media_type = accepted(&call.headers, false)?;
    let representation = representation.into();
    let of = (selection, &representation, &maps);
    let asked = Asked::by_url(&call, Mapped::Evolutions, media_type, of).await?;
    let question = asked.question(&temporal)?;
    make(&call, asked, Some(question)).await
}

/// Create EntityMap for Query Temporal Evolution of Entities via POST
///
/// ETSI GS CIM 009, 5.14.5 and 6.35.3.2; the body is a Query (5.2.23) with a `temporalQ` (5.2.21).
#[utoipa::path(
    post,
    path = "/ngsi-ld/v1/temporal/entityMaps",
    tag = "NGSI-LD entity maps",
    operation_id = "createEntityMapQueryTemporalPost",
    params(HistoryParameters, PageParameters, MapParameters),
    request_body(content = ref("#/components/schemas/Query"), content_type = "application/json", example = examples::temporal_query),
    responses(
        (status = 201, description = "The map; `NGSILD-EntityMap` is its path", body = ref("#/components/schemas/EntityMap"), content_type = "application/json", example = examples::entity_map),
        (status = 400, description = "No time is given, or the query is too wide", body = examples::ProblemDetails, content_type = "application/json"),
    ),
)]
pub(crate) async fn map_temporal_query_by_post(
    call: Reading,
    Known(selection): Known<SelectionParameters>,
    Known(maps): Known<MapParameters>,
    payload: Payload,
) -> Answer {
    let media_type = accepted(&call.headers, false)?;
    let of = (selection, &RepresentationParameters::default(), &maps);
    let (asked, query) = Asked::by_body(&call, Mapped::Evolutions, media_type, payload, of).await?;
    let question = asked.question_in(&query)?;
    make(&call, asked, Some(question)).await
}

/// Makes a map of what is asked, of histories where a question about them is given, and answers with it.
async fn make(call: &Call, asked: Asked, history: Option<Question>) -> Answer {
    let Asked {
        mut wanted,
        how,
        wording,
        maps: wish,
    } = asked;
    if let Some(question) = &history {
        question.must_have_time()?;
        wanted.besides = question.besides(&how);
    }
    let (twin, view, most) = (
        call.twin.clone(),
        call.view.clone(),
        call.app.config.max_evolution_instances,
    );
    let made: Option<MapInUse> = blocking(move || match &history {
        None => {
            let find = || entities::mappable(&twin, &view, &wanted);
            wish.make().resolve(&twin, &view, Mapped::Entities, &wanted, find)
        }
        Some(question) => {
            let find = || temporal::mappable(&twin, &view, &wanted, question, &how, most);
            wish.make()
                .resolve(&twin, &view, Mapped::Evolutions, &wanted, find)
        }
    })
    .await??;
    let Some(made) = made else {
        return Ok(no_content()); // a wish to make one is always fulfilled
    };
    let body = bytes(&wording.finish(written(Arc::clone(&made.map), call).await?))?;
    let mut response = wording.respond(StatusCode::CREATED, body);
    made.annotate(&mut response);
    Ok(response)
}

/// Retrieve EntityMap
///
/// ETSI GS CIM 009, 5.14.1 and 6.32.3.1.
#[utoipa::path(
    get,
    path = "/ngsi-ld/v1/entityMaps/{entityMapId}",
    tag = "NGSI-LD entity maps",
    operation_id = "retrieveEntityMap",
    params(("entityMapId" = String, Path, description = "The map's id, a URI", example = "urn:ngsi-ld:EntityMap:5d41402abc4b2a76b9719d911017c592")),
    responses(
        (status = 200, description = "The map", body = ref("#/components/schemas/EntityMap"), content_type = "application/json", example = examples::entity_map),
        (status = 400, description = "Not a URI", body = examples::ProblemDetails, content_type = "application/json"),
        (status = 404, description = "No such map, or its time has come", body = examples::ProblemDetails, content_type = "application/json"),
    ),
)]
pub(crate) async fn retrieve_entity_map(call: Reading, Path(id): Path<String>) -> Answer {
    let media_type = accepted(&call.headers, false)?;
    let id = entity_id(&id)?;
    let map = call.twin.entity_map(&call.view, id.as_str());
    let map = map.ok_or_else(|| unknown(&id))?;
    let wording = Wording::new(call.context().await?, media_type, &call.headers);
    let body = bytes(&wording.finish(written(map, &call).await?))?;
    Ok(wording.respond(StatusCode::OK, body))
}

/// Update EntityMap
///
/// ETSI GS CIM 009, 5.14.2 and 6.32.3.2. Only `expiresAt` can be changed, to at most a day from now.
#[utoipa::path(
    patch,
    path = "/ngsi-ld/v1/entityMaps/{entityMapId}",
    tag = "NGSI-LD entity maps",
    operation_id = "updateEntityMap",
    params(("entityMapId" = String, Path, description = "The map's id, a URI", example = "urn:ngsi-ld:EntityMap:5d41402abc4b2a76b9719d911017c592")),
    request_body(content = ref("#/components/schemas/EntityMapFragment"), content_type = "application/json", example = json!({"expiresAt": "2026-05-01T13:00:00Z"})),
    responses(
        (status = 204, description = "Changed"),
        (status = 400, description = "Not an instant", body = examples::ProblemDetails, content_type = "application/json"),
        (status = 404, description = "No such map, or its time has come", body = examples::ProblemDetails, content_type = "application/json"),
    ),
)]
pub(crate) async fn update_entity_map(call: Writing, Path(id): Path<String>, payload: Payload) -> Answer {
    let id = entity_id(&id)?;
    if call.twin.entity_map(&call.view, id.as_str()).is_none() {
        return Err(unknown(&id));
    }
    let (json, _) = payload.object(&call).await?;
    if json.get("type").is_some_and(|kind| kind != "EntityMap") {
        return Err(Error::bad_data("`type` of an entity map is `EntityMap`").into());
    }
    if json.get("id").is_some_and(|given| given != id.as_str()) {
        return Err(Error::bad_data("`id` cannot be changed").into());
    }
    let at = match json.get("expiresAt") {
        None => return Ok(no_content()),
        Some(Value::String(text)) => Timestamp::parse(text).map_err(Error::from)?,
        Some(_) => return Err(Error::bad_data("`expiresAt` is a date and time (4.6.3)").into()),
    };
    let (twin, view, wanted) = (call.twin.clone(), call.view.clone(), id.clone());
    match blocking(move || twin.end_entity_map(&view, wanted.as_str(), at)).await?? {
        Some(_) => Ok(no_content()),
        None => Err(unknown(&id)),
    }
}

/// Delete EntityMap
///
/// ETSI GS CIM 009, 5.14.3 and 6.32.3.3.
#[utoipa::path(
    delete,
    path = "/ngsi-ld/v1/entityMaps/{entityMapId}",
    tag = "NGSI-LD entity maps",
    operation_id = "deleteEntityMap",
    params(("entityMapId" = String, Path, description = "The map's id, a URI", example = "urn:ngsi-ld:EntityMap:5d41402abc4b2a76b9719d911017c592")),
    responses(
        (status = 204, description = "Deleted"),
        (status = 400, description = "Not a URI", body = examples::ProblemDetails, content_type = "application/json"),
        (status = 404, description = "No such map, or its time has come", body = examples::ProblemDetails, content_type = "application/json"),
    ),
)]
pub(crate) async fn delete_entity_map(call: Writing, Path(id): Path<String>) -> Answer {
    let id = entity_id(&id)?;
    let (twin, view, wanted) = (call.twin.clone(), call.view.clone(), id.clone());
    if blocking(move || twin.delete_entity_map(&view, wanted.as_str())).await?? {
        Ok(no_content())
    } else {
        Err(unknown(&id))
    }
}

/// A map as it is written (5.2.39). What the caller may not see is not in it.
async fn written(map: Arc<EntityMap>, call: &Call) -> Answer<Map<String, Value>> {
    let (twin, view) = (call.twin.clone(), call.view.clone());
    blocking(move || {
        let open = view.is_open();
        let visible = |id: &&ngsi_ld::Uri| {
            open || match map.of {
                Mapped::Entities => twin.get(&view, id).is_some(),
                Mapped::Evolutions => twin.evolution_of(&view, id).is_some(),
            }
        };
        let entities: Map<String, Value> = map
            .entities()
            .filter(visible)
            .map(|id| (id.as_str().to_owned(), json!(["@none"])))
            .collect();
        let mut members = Map::new();
        let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
        put("id", map.id.as_str().into());
        put("type", "EntityMap".into());
        put("expiresAt", map.expires_at.to_string().into());
        put("entityMap", Value::Object(entities));
        put("linkedMaps", json!({}));
        members
    })
    .await
}

fn unknown(id: &ngsi_ld::Uri) -> Problem {
    Problem::ngsi(
        NgsiError::ResourceNotFound,
        format!("there is no entity map `{id}`, or its time has come"),
    )
}
