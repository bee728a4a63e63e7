//! `/temporal/entities`: create or add to (5.6.11, 5.6.12), retrieve (5.7.3), query (5.7.4), delete (5.6.16).

use axum::extract::Path;
use axum::http::StatusCode;
use ngsi_ld::representation::{read_temporal, read_temporal_attributes};
use ngsi_ld::{Entity, Error};
use serde_json::{Map, Value};
use twin::{HistoryQuery, MAX_MAPPED, Mapped, Operation, Outcome, Reader};

use super::answer::{PageRequest, Wording, created, no_content};
use super::call::{Call, Payload, Reading, Writing};
use super::entity::{entity_id, same_id};
use super::evolution::{self, Histories, Question};
use super::mapped::{Fitting, MapParameters, MapWish, WHOLE, too_many};
use super::negotiation::accepted;
use super::parameters::{
    Known, PageParameters, RepresentationParameters, SelectionParameters, TemporalParameters, flag,
};
use super::representation::Representation;
use super::selection::{Wanted, from_parameters, from_query};
use super::{TEMPORAL_ENTITIES, examples};
use crate::problem::{Answer, blocking};

/// How many histories are looked at together when a map is made.
const MAPPED_AT_ONCE: usize = 1000;

/// Create or Update Temporal Evolution of an Entity
///
/// ETSI GS CIM 009, 5.6.11 and 6.18.3.1. Instances that are known already are left alone.
#[utoipa::path(
    post,
    path = "/ngsi-ld/v1/temporal/entities",
    tag = "NGSI-LD temporal",
    operation_id = "createTemporal",
    request_body(content = Value, content_type = "application/json", example = examples::evolution),
    responses(
        (status = 201, description = "Created; `Location` is its path"),
        (status = 204, description = "Added to"),
        (status = 400, description = "Not a temporal representation", body = examples::ProblemDetails, content_type = "application/json"),
    ),
)]
pub(crate) async fn create_evolution(call: Writing, payload: Payload) -> Answer {
    let (json, context) = payload.object(&call).await?;
    let entity = read_temporal(&json, &context)?;
    let id = entity.id.clone();
    match call
        .execute(Operation::AppendHistory {
            entity,
            current: false,
        })
        .await?
    {
        Outcome::Created | Outcome::Appended { created: true, .. } => Ok(created(TEMPORAL_ENTITIES, &id)),
        _ => Ok(no_content()),
    }
}

/// Add Attributes to Temporal Evolution of an Entity
///
/// ETSI GS CIM 009, 5.6.12 and 6.20.3.1.
#[utoipa::path(
    post,
    path = "/ngsi-ld/v1/temporal/entities/{entityId}/attrs",
    tag = "NGSI-LD temporal",
    operation_id = "appendAttrsTemporal",
    params(("entityId" = String, Path, description = "The entity's id, a URI", example = "urn:ngsi-ld:AirQualityObserved:4853")),
    request_body(content = Value, content_type = "application/json", example = examples::instances),
    responses(
        (status = 204, description = "Added"),
        (status = 404, description = "No such entity", body = examples::ProblemDetails, content_type = "application/json"),
    ),
)]
pub(crate) async fn add_instances(call: Writing, Path(id): Path<String>, payload: Payload) -> Answer {
    let id = entity_id(&id)?;
    let (mut json, context) = payload.object(&call).await?;
    let head = head(&call, &id).await?;
    if let Some(object) = json.as_object_mut() {
        same_id(object, &id)?;
        object.shift_remove("id");
        object.shift_remove("type");
    }
    let entity = Entity {
        attributes: read_temporal_attributes(&json, &context)?,
        ..head
    };
    call.execute(Operation::AppendHistory {
        entity,
        current: false,
    })
    .await?;
    Ok(no_content())
}

/// Id, types and scope of what has a history.
async fn head(call: &Call, id: &ngsi_ld::Uri) -> Answer<Entity> {
    let query = HistoryQuery {
        temporal: ngsi_ld::query::temporal::TemporalQuery::parse(None, None, None, None)?,
        attributes: Vec::new(),
        last_n: Some(1),
    };
    let (twin, view, wanted) = (call.twin.clone(), call.view.clone(), id.clone());
    let found = blocking(move || twin.history(&view, &wanted, &query)).await??;
    Ok(found.ok_or_else(|| twin::Error::NotFound(id.clone()))?)
}

/// Retrieve Temporal Evolution of an Entity
///
/// ETSI GS CIM 009, 5.7.3 and 6.19.3.1.
#[utoipa::path(
    get,
    path = "/ngsi-ld/v1/temporal/entities/{entityId}",
    tag = "NGSI-LD temporal",
    operation_id = "retrieveEntityTemporal",
    params(
        ("entityId" = String, Path, description = "The entity's id, a URI", example = "urn:ngsi-ld:AirQualityObserved:4853"),
        TemporalParameters,
        RepresentationParameters,
    ),
    responses(
        (status = 200, description = "The evolution", body = Value, content_type = "application/json", example = examples::evolution),
        (status = 206, description = "The part of it that `Content-Range` names: it is long"),
        (status = 404, description = "No such entity", body = examples::ProblemDetails, content_type = "application/json"),
    ),
)]
pub(crate) async fn retrieve_evolution(
    call: Reading,
    Path(id): Path<String>,
    Known(temporal): Known<TemporalParameters>,
    Known(representation): Known<RepresentationParameters>,
) -> Answer {
    let media_type = accepted(&call.headers, false)?;
    let id = entity_id(&id)?;
    let context = call.context().await?;
    let mut how = Representation::from_parameters(&representation, &context, media_type)?;
    how.check_of_history(None)?;
    let question = Question::new(&temporal, how.evolution)?;
    let wording = Wording::new(context, media_type, &call.headers);
    let (twin, view, words) = (call.twin.clone(), call.view.clone(), wording.clone());
    let answer = blocking(move || evolution::retrieve(&twin, &view, &id, &question, &how, &words)).await??;
    answer.respond(&wording)
}

/// Query Temporal Evolution of Entities
///
/// ETSI GS CIM 009, 5.7.4 and 6.18.3.2.
#[utoipa::path(
    get,
    path = "/ngsi-ld/v1/temporal/entities",
    tag = "NGSI-LD temporal",
    operation_id = "queryTemporal",
    params(SelectionParameters, TemporalParameters, RepresentationParameters, PageParameters, MapParameters),
    responses(
        (status = 200, description = "The evolutions", body = Vec<Value>, content_type = "application/json", example = examples::evolutions),
        (status = 206, description = "The part of them that `Content-Range` names: one is long"),
        (status = 400, description = "No time is given, or the query is too wide", body = examples::ProblemDetails, content_type = "application/json"),
    ),
)]
pub(crate) async fn query_evolutions(
    call: Reading,
    Known(selection): Known<SelectionParameters>,
    Known(temporal): Known<TemporalParameters>,
    Known(representation): Known<RepresentationParameters>,
    Known(page): Known<PageParameters>,
    Known(maps): Known<MapParameters>,
) -> Answer {
    let media_type = accepted(&call.headers, false)?;
    let page = PageRequest::parse(&page, &call.app.config)?;
    let context = call.context().await?;
    let wanted = from_parameters(&selection, representation.attrs.as_deref(), &context)?;
    let mut how = Representation::from_parameters(&representation, &context, media_type)?;
    how.check_of_history(wanted.selection.q.as_ref())?;
    let question = Question::new(&temporal, how.evolution)?;
    let wording = Wording::new(context, media_type, &call.headers);
    let maps = MapWish::parse(&call.headers, &maps, None, call.app.clock.now())?;
    answer(&call.0, wanted, question, how, page, wording, maps).await
}

/// Query Temporal Evolution of Entities via POST
///
/// ETSI GS CIM 009, 5.7.4 and 6.24.3.1; the body is a Query (5.2.23) with a `temporalQ` (5.2.21).
#[utoipa::path(
    post,
    path = "/ngsi-ld/v1/temporal/entityOperations/query",
    tag = "NGSI-LD temporal",
    operation_id = "queryTemporalBatch",
    params(PageParameters, RepresentationParameters, MapParameters),
    request_body(content = Value, content_type = "application/json", example = examples::temporal_query),
    responses(
        (status = 200, description = "The evolutions", body = Vec<Value>, content_type = "application/json", example = examples::evolutions),
        (status = 206, description = "The part of them that `Content-Range` names: one is long"),
        (status = 400, description = "No time is given, or the query is too wide", body = examples::ProblemDetails, content_type = "application/json"),
    ),
)]
pub(crate) async fn query_evolutions_by_post(
    call: Reading,
    Known(selection): Known<SelectionParameters>,
    Known(representation): Known<RepresentationParameters>,
    Known(page): Known<PageParameters>,
    Known(maps): Known<MapParameters>,
    payload: Payload,
) -> Answer {
    let media_type = accepted(&call.headers, false)?;
    let page = PageRequest::parse(&page, &call.app.config)?;
    let (json, context) = payload.object(&call).await?;
    let query = json
        .as_object()
        .ok_or_else(|| Error::invalid("the body is a JSON object"))?;
    let wanted = from_query(query, flag("local", selection.local.as_deref())?, &context)?;
    let mut how = Representation::from_parameters(&representation, &context, media_type)?;
    how.amend(query, &context)?;
    how.check_of_history(wanted.selection.q.as_ref())?;
    let question = Question::new(&temporal_parameters(query)?, how.evolution)?;
    let wording = Wording::new(context, media_type, &call.headers);
    let maps = MapWish::parse(&call.headers, &maps, Some(query), call.app.clock.now())?;
    answer(&call.0, wanted, question, how, page, wording, maps).await
}

/// The members of `temporalQ` (5.2.21) and `aggrParams` (5.2.44), as the parameters that they are for GET.
pub(super) fn temporal_parameters(query: &Map<String, Value>) -> Result<TemporalParameters, Error> {
    let none = Map::new();
    let part = |name: &str| match query.get(name) {
        None => Ok(&none),
        Some(Value::Object(part)) => Ok(part),
        Some(_) => Err(Error::bad_data(format!("`{name}` is an object"))),
    };
    let (temporal, aggregation) = (part("temporalQ")?, part("aggrParams")?);
    let text = |name: &str| match temporal.get(name).or_else(|| aggregation.get(name)) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(Value::Number(number)) => Ok(Some(number.to_string())),
        Some(Value::Array(items)) if items.iter().all(Value::is_string) => Ok(Some(
            items
                .iter()
                .filter_map(Value::as_str)
                .collect::<Vec<_>>()
                .join(","),
        )),
        Some(_) => Err(Error::bad_data(format!("`temporalQ.{name}` is a string"))),
    };
    Ok(TemporalParameters {
        timerel: text("timerel")?,
        time_at: text("timeAt")?,
        end_time_at: text("endTimeAt")?,
        timeproperty: text("timeproperty")?,
        last_n: text("lastN")?,
        aggr_methods: text("aggrMethods")?,
        aggr_period_duration: text("aggrPeriodDuration")?,
    })
}

async fn answer(
    call: &Call,
    wanted: Wanted,
    question: Question,
    how: Representation,
    page: PageRequest,
    wording: Wording,
    maps: MapWish,
) -> Answer {
    question.must_have_time()?;
    let (twin, view, words) = (call.twin.clone(), call.view.clone(), wording.clone());
    let (answer, pages, mapped) = blocking(move || -> Answer<_> {
        let ask = |wanted: &Wanted, page| evolution::query(&twin, &view, wanted, &question, &how, page, &words);
        let find = || mappable(&|page| ask(&wanted, page));
        let Some(mapped) = maps.resolve(&twin, Mapped::Evolutions, &wanted, find)? else {
            let answer = ask(&wanted, page)?;
            let pages = page.around(answer.objects.len(), answer.more);
            return Ok((answer, pages, None));
        };
        let mut answer = Histories::default();
        let found = mapped.page(&wanted, page, view.is_open(), |ids| {
            let mut some = ask(&wanted.among(ids.clone()), WHOLE)?;
            answer.note(&mut some);
            if !some.more {
                return Ok(Fitting::all(some.objects));
            }
            // More than one answer holds: as many of them, in the order of the map, as it does hold.
            let (mut items, mut instances) = (Vec::new(), 0);
            for id in ids {
                if instances >= evolution::MAX_INSTANCES {
                    return Ok(Fitting { items, until: Some(id) });
                }
                let one = ask(&wanted.among(vec![id]), WHOLE)?;
                instances += one.instances;
                items.extend(one.objects);
            }
            Ok(Fitting::all(items))
        })?;
        answer.objects = found.items.into_iter().map(|object| (mapped.map.id.clone(), object)).collect();
        answer.total = found.total;
        Ok((answer, (found.next, found.previous), Some(mapped)))
    })
    .await??;
    let total = answer.total;
    let mut response = answer.respond(&wording)?;
    page.link_pages(&mut response, call, wording.media_type, pages, total);
    if let Some(mapped) = mapped {
        if mapped.made && response.status() == StatusCode::OK {
            *response.status_mut() = StatusCode::CREATED;
        }
        mapped.annotate(&mut response);
    }
    Ok(response)
}

/// The ids of all histories that a query finds: what an entity map holds (5.14.5).
pub(super) fn mappable(ask: &dyn Fn(PageRequest) -> Answer<Histories>) -> Answer<Vec<ngsi_ld::Uri>> {
    let mut ids = Vec::new();
    loop {
        // Page by page: what they say is not needed, and not kept.
        let page = PageRequest { limit: MAPPED_AT_ONCE, offset: ids.len(), count: false };
        let found = ask(page)?;
        ids.extend(found.objects.into_iter().map(|(id, _)| id));
        if !found.more {
            return Ok(ids);
        }
        if ids.len() > MAX_MAPPED {
            return Err(too_many());
        }
    }
}

/// Delete Temporal Evolution of an Entity
///
/// ETSI GS CIM 009, 5.6.16 and 6.19.3.2. What the entity is now stays.
#[utoipa::path(
    delete,
    path = "/ngsi-ld/v1/temporal/entities/{entityId}",
    tag = "NGSI-LD temporal",
    operation_id = "deleteEntityTemporal",
    params(("entityId" = String, Path, description = "The entity's id, a URI", example = "urn:ngsi-ld:AirQualityObserved:4853")),
    responses(
        (status = 204, description = "Deleted"),
        (status = 404, description = "No such entity", body = examples::ProblemDetails, content_type = "application/json"),
    ),
)]
pub(crate) async fn delete_evolution(call: Writing, Path(id): Path<String>) -> Answer {
    let id = entity_id(&id)?;
    call.execute(Operation::DeleteHistory(id)).await?;
    Ok(no_content())
}
