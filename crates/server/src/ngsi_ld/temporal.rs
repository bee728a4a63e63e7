//! `/temporal/entities`: create or add to (5.6.11, 5.6.12), retrieve (5.7.3), query (5.7.4), delete (5.6.16).

use std::sync::Arc;

use axum::extract::Path;
use axum::http::StatusCode;
use ngsi_ld::representation::{read_temporal, read_temporal_attributes};
use ngsi_ld::{Entity, Error, Name, Uri};
use query::View;
use serde_json::Value;
use twin::{MAX_MAPPED, Mapped, Operation, Outcome, Reader};

use super::answer::{PageRequest, Wording, created, no_content};
use super::asked::Asked;
use super::call::{Call, Payload, Reading, Writing};
use super::entity::{entity_id, same_id};
use super::evolution::{self, Found, Question, Sheet};
use super::mapped::{MapParameters, MapWish, too_many};
use super::negotiation::accepted;
use super::parameters::{HistoryParameters, Known, PageParameters, SelectionParameters, TemporalParameters};
use super::representation::Representation;
use super::selection::Wanted;
use super::{TEMPORAL_ENTITIES, examples};
use crate::problem::{Answer, blocking};

/// What is found here.
const EVOLUTIONS: Mapped = Mapped::Evolutions;

/// Create or Update Temporal Evolution of an Entity
///
/// ETSI GS CIM 009, 5.6.11 and 6.18.3.1. Instances that are known already are left alone.
#[utoipa::path(
    post,
    path = "/ngsi-ld/v1/temporal/entities",
    tag = "NGSI-LD temporal",
    operation_id = "createTemporal",
    request_body(content = ref("#/components/schemas/NewEntityTemporal"), content_type = "application/json", example = examples::evolution),
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
    request_body(content = ref("#/components/schemas/TemporalFragment"), content_type = "application/json", example = examples::instances),
    responses(
        (status = 204, description = "Added"),
        (status = 404, description = "No such entity", body = examples::ProblemDetails, content_type = "application/json"),
    ),
)]
pub(crate) async fn add_instances(call: Writing, Path(id): Path<String>, payload: Payload) -> Answer {
    let id = entity_id(&id)?;
    let (mut json, context) = payload.object(&call).await?;
    let head = head(&call, &id)?;
    let mut types = Vec::new();
    if let Some(object) = json.as_object_mut() {
        same_id(object, &id)?;
        object.shift_remove("id");
        let given = object
            .shift_remove("type")
            .or_else(|| object.shift_remove("@type"));
        types = given.map_or(Ok(Vec::new()), |given| types_of(&given, &context))?;
    }
    // Types that it does not have yet are added (5.6.12.4); its Scope is not told here unless by instances.
    let entity = Entity {
        attributes: read_temporal_attributes(&json, &context)?,
        types,
        scope: Vec::new(),
        id: head.id.clone(),
        created_at: head.created_at,
        modified_at: head.modified_at,
        expires_at: head.expires_at,
        deleted_at: None,
    };
    call.execute(Operation::AppendHistory {
        entity,
        current: false,
    })
    .await?;
    Ok(no_content())
}

/// `type`: a name, or several.
fn types_of(json: &Value, context: &ngsi_ld::context::Context) -> Result<Vec<Name>, Error> {
    let name = |json: &Value| match json.as_str() {
        Some(text) if !text.is_empty() => Ok(context.expand(text)),
        _ => Err(Error::bad_data(
            "`type` is the name of an entity type, or an array of names",
        )),
    };
    match json {
        Value::Array(names) => names.iter().map(name).collect(),
        one => Ok(vec![name(one)?]),
    }
}

/// Id, types and scope of what has a history.
fn head(call: &Call, id: &Uri) -> Answer<Arc<Entity>> {
    let found = call.twin.evolution_of(&call.view, id);
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
        HistoryParameters,
        MapParameters,
    ),
    responses(
        (status = 200, description = "The evolution", body = ref("#/components/schemas/EntityTemporal"), content_type = "application/json", example = examples::evolution),
        (status = 206, description = "The part of it that `Content-Range` names: it is long", body = ref("#/components/schemas/EntityTemporal"), content_type = "application/json", example = examples::evolution),
        (status = 404, description = "No such entity", body = examples::ProblemDetails, content_type = "application/json"),
    ),
)]
pub(crate) async fn retrieve_evolution(
    call: Reading,
    Path(id): Path<String>,
    Known(temporal): Known<TemporalParameters>,
    Known(representation): Known<HistoryParameters>,
    Known(maps): Known<MapParameters>,
) -> Answer {
    let media_type = accepted(&call.headers, false)?;
    let id = entity_id(&id)?;
    let context = call.context().await?;
    let mut how = Representation::from_parameters(&representation.into(), &context, media_type)?;
    how.check_of_history(None)?;
    let question = Question::new(&temporal, how.evolution)?;
    let wording = Wording::new(context, media_type, &call.headers);
    let (twin, view, words) = (call.twin.clone(), call.view.clone(), wording.clone());
    let most = call.app.config.max_evolution_instances;
    let maps = MapWish::parse(&call.headers, &maps, None, call.app.clock.now())?;
    let of = id.clone();
    let answer =
        blocking(move || evolution::retrieve(&twin, &view, &of, &question, &how, &words, most)).await??;
    let mut response = answer.respond(&wording)?;
    if let Some(mapped) = maps.of_one(&call.twin, &call.view, EVOLUTIONS, id).await? {
        mapped.annotate(&mut response);
    }
    Ok(response)
}

/// Query Temporal Evolution of Entities
///
/// ETSI GS CIM 009, 5.7.4 and 6.18.3.2.
#[utoipa::path(
    get,
    path = "/ngsi-ld/v1/temporal/entities",
    tag = "NGSI-LD temporal",
    operation_id = "queryTemporal",
    params(SelectionParameters, TemporalParameters, HistoryParameters, PageParameters, MapParameters),
    responses(
        (status = 200, description = "The evolutions", body = ref("#/components/schemas/EntityTemporalList"), content_type = "application/json", example = examples::evolutions),
        (status = 206, description = "The part of them that `Content-Range` names: one is long", body = ref("#/components/schemas/EntityTemporalList"), content_type = "application/json", example = examples::evolutions),
        (status = 400, description = "No time is given, or the query is too wide", body = examples::ProblemDetails, content_type = "application/json"),
    ),
)]
pub(crate) async fn query_evolutions(
    call: Reading,
    Known(selection): Known<SelectionParameters>,
    Known(temporal): Known<TemporalParameters>,
    Known(representation): Known<HistoryParameters>,
    Known(page): Known<PageParameters>,
    Known(maps): Known<MapParameters>,
) -> Answer {
    let media_type = accepted(&call.headers, false)?;
    let page = PageRequest::parse(&page, &call.app.config)?.counting(representation.options.as_deref());
    let representation = representation.into();
    let of = (selection, &representation, &maps);
    let asked = Asked::by_url(&call, EVOLUTIONS, media_type, of).await?;
    let question = asked.question(&temporal)?;
    answer(&call, asked, question, page).await
}

/// Query Temporal Evolution of Entities via POST
///
/// ETSI GS CIM 009, 5.7.4 and 6.24.3.1; the body is a Query (5.2.23) with a `temporalQ` (5.2.21).
#[utoipa::path(
    post,
    path = "/ngsi-ld/v1/temporal/entityOperations/query",
    tag = "NGSI-LD temporal",
    operation_id = "queryTemporalBatch",
    params(PageParameters, HistoryParameters, MapParameters),
    request_body(content = ref("#/components/schemas/Query"), content_type = "application/json", example = examples::temporal_query),
    responses(
        (status = 200, description = "The evolutions", body = ref("#/components/schemas/EntityTemporalList"), content_type = "application/json", example = examples::evolutions),
        (status = 206, description = "The part of them that `Content-Range` names: one is long", body = ref("#/components/schemas/EntityTemporalList"), content_type = "application/json", example = examples::evolutions),
        (status = 400, description = "No time is given, or the query is too wide", body = examples::ProblemDetails, content_type = "application/json"),
    ),
)]
pub(crate) async fn query_evolutions_by_post(
    call: Reading,
    Known(selection): Known<SelectionParameters>,
    Known(representation): Known<HistoryParameters>,
    Known(page): Known<PageParameters>,
    Known(maps): Known<MapParameters>,
    payload: Payload,
) -> Answer {
    let media_type = accepted(&call.headers, false)?;
    let page = PageRequest::parse(&page, &call.app.config)?.counting(representation.options.as_deref());
    let representation = representation.into();
    let of = (selection, &representation, &maps);
    let (asked, query) = Asked::by_body(&call, EVOLUTIONS, media_type, payload, of).await?;
    let question = asked.question_in(&query)?;
    answer(&call, asked, question, page).await
}

async fn answer(call: &Call, asked: Asked, question: Question, page: PageRequest) -> Answer {
    let Asked {
        mut wanted,
        how,
        wording,
        maps,
    } = asked;
    question.must_have_time()?;
    wanted.besides = question.besides(&how);
    let (twin, view, words) = (call.twin.clone(), call.view.clone(), wording.clone());
    let most = call.app.config.max_evolution_instances;
    let (answer, pages, mapped) = blocking(move || -> Answer<_> {
        let find = || mappable(&twin, &view, &wanted, &question, &how, most);
        let Some(mapped) = maps.resolve(&twin, &view, EVOLUTIONS, &wanted, find)? else {
            let answer = evolution::query(&twin, &view, &wanted, &question, &how, page, &words, most)?;
            let pages = match answer.total {
                Some(total) if page.is_beyond(answer.shown()) => page.beyond(total),
                _ => page.around(answer.shown(), answer.more),
            };
            return Ok((answer, pages, None));
        };
        let visit = |ids: Vec<Uri>, visit: &mut dyn FnMut(Found) -> Answer<bool>| {
            evolution::visit(
                &twin,
                &view,
                &wanted.among(ids),
                &question,
                &how,
                most,
                &|_| true,
                visit,
            )
        };
        // What was read to see whether it still fits is kept, as far as there is room for it in one answer.
        let mut held = 0;
        let found = mapped.page(&wanted, page, view.is_open(), |ids| {
            let mut fitting = Vec::new();
            visit(ids, &mut |found| {
                let id = found.entity().id.clone();
                let fits = held + found.instances() <= most;
                held += if fits { found.instances() } else { 0 };
                fitting.push((id.clone(), (id, fits.then_some(found))));
                Ok(true)
            })?;
            Ok(fitting)
        })?;
        let mut sheet = Sheet::new(&question, &how, &words, most);
        for (id, read) in found.items {
            match read {
                Some(read) => sheet.take(read)?,
                None => visit(vec![id], &mut |read| sheet.take(read).map(|()| true))?,
            }
        }
        let mut answer = sheet.finish();
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
pub(super) fn mappable(
    reader: &dyn Reader,
    view: &View,
    wanted: &Wanted,
    question: &Question,
    how: &Representation,
    most: usize,
) -> Answer<Vec<Uri>> {
    let mut ids = Vec::new();
    evolution::visit(
        reader,
        view,
        wanted,
        question,
        how,
        most,
        &|_| false,
        &mut |found| {
            ids.push(found.entity().id.clone());
            Ok(ids.len() <= MAX_MAPPED)
        },
    )?;
    if ids.len() > MAX_MAPPED {
        return Err(too_many());
    }
    Ok(ids)
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
