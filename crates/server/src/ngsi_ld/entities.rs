//! `/entities` and `/entityOperations/query`: Create Entity (5.6.1) and Query Entities (5.7.2).

use axum::http::StatusCode;
use axum::response::Response;
use ngsi_ld::representation::read_entity;
use ngsi_ld::{Entity, Error};
use query::{EntityQuery, View};
use std::sync::Arc;
use twin::{Operation, Ordered, Reader};

use super::answer::{PageRequest, Wording, created};
use super::call::{Call, Payload, Reading, Writing};
use super::negotiation::accepted;
use super::parameters::{
    Known, PageParameters, RepresentationParameters, SelectionParameters, UnsupportedParameters, flag,
};
use super::representation::Representation;
use super::selection::{Wanted, from_parameters, from_query};
use super::{ENTITIES, examples};
use crate::problem::{Answer, blocking};

/// Create Entity
///
/// ETSI GS CIM 009, 5.6.1 and 6.4.3.1.
#[utoipa::path(
    post,
    path = "/ngsi-ld/v1/entities",
    tag = "NGSI-LD entities",
    operation_id = "createEntity",
    request_body(content = Value, description = "An entity, normalized or concise", content_type = "application/json", example = examples::stop),
    responses(
        (status = 201, description = "Created; `Location` is its path"),
        (status = 400, description = "Not JSON, or not an entity", body = examples::ProblemDetails, content_type = "application/json"),
        (status = 409, description = "An entity with this id exists", body = examples::ProblemDetails, content_type = "application/json"),
    ),
)]
pub(crate) async fn create_entity(call: Writing, payload: Payload) -> Answer {
    let (json, context) = payload.object(&call).await?;
    let entity = read_entity(&json, &context)?;
    let id = entity.id.clone();
    call.execute(Operation::Create(entity)).await?;
    Ok(created(ENTITIES, &id))
}

/// Query Entities
///
/// ETSI GS CIM 009, 5.7.2 and 6.4.3.2. At least one of `type`, `attrs`, `q` and `georel` is given, or `local=true`.
#[utoipa::path(
    get,
    path = "/ngsi-ld/v1/entities",
    tag = "NGSI-LD entities",
    operation_id = "queryEntities",
    params(SelectionParameters, RepresentationParameters, PageParameters),
    responses(
        (status = 200, description = "The entities, in the order asked for, else that of creation", body = Vec<Value>, content_type = "application/json", example = examples::stops),
        (status = 400, description = "A parameter cannot be read, or the query is too wide", body = examples::ProblemDetails, content_type = "application/json"),
        (status = 406, description = "No media type that is accepted can be had"),
    ),
)]
pub(crate) async fn query_entities(
    call: Reading,
    Known(selection): Known<SelectionParameters>,
    Known(representation): Known<RepresentationParameters>,
    Known(page): Known<PageParameters>,
    Known(unsupported): Known<UnsupportedParameters>,
) -> Answer {
    let reader = Arc::new(call.twin.clone());
    query_of(call, reader, selection, representation, page, unsupported).await
}

/// Query Entities (5.7.2) of anything that can be read: the live twin, or the city as a scenario would make it.
pub(crate) async fn query_of(
    call: Reading,
    reader: Arc<dyn Reader>,
    selection: SelectionParameters,
    representation: RepresentationParameters,
    page: PageParameters,
    unsupported: UnsupportedParameters,
) -> Answer {
    unsupported.refuse()?;
    let media_type = accepted(&call.headers, true)?;
    let page = PageRequest::parse(&page, &call.app.config)?.counting(representation.options.as_deref());
    let context = call.context().await?;
    let wanted = from_parameters(&selection, representation.attrs.as_deref(), &context)?;
    let representation = Representation::from_parameters(&representation, &context, media_type)?;
    representation.check(wanted.selection.q.as_ref())?;
    let wording = Wording::new(context, media_type, &call.headers);
    answer(&call.0, reader, wanted, representation, page, wording).await
}

/// Query Entities via POST
///
/// ETSI GS CIM 009, 5.7.2 and 6.23.3.1; the body is a Query (5.2.23).
#[utoipa::path(
    post,
    path = "/ngsi-ld/v1/entityOperations/query",
    tag = "NGSI-LD batch operations",
    operation_id = "queryBatch",
    params(PageParameters, RepresentationParameters),
    request_body(content = Value, description = "A Query (5.2.23)", content_type = "application/json", example = examples::query),
    responses(
        (status = 200, description = "The entities, in the order asked for, else that of creation", body = Vec<Value>, content_type = "application/json", example = examples::stops),
        (status = 400, description = "The query cannot be read, or is too wide", body = examples::ProblemDetails, content_type = "application/json"),
    ),
)]
pub(crate) async fn query_entities_by_post(
    call: Reading,
    Known(selection): Known<SelectionParameters>,
    Known(representation): Known<RepresentationParameters>,
    Known(page): Known<PageParameters>,
    payload: Payload,
) -> Answer {
    let media_type = accepted(&call.headers, true)?;
    let page = PageRequest::parse(&page, &call.app.config)?.counting(representation.options.as_deref());
    let (json, context) = payload.object(&call).await?;
    let query = json
        .as_object()
        .ok_or_else(|| Error::invalid("the body is a JSON object"))?;
    UnsupportedParameters::refuse_members(query)?;
    if query.contains_key("temporalQ") {
        return Err(Error::bad_data(
            "`temporalQ` is for /temporal/entityOperations/query (5.2.23); leave it out",
        )
        .into());
    }
    let local = flag("local", selection.local.as_deref())?;
    let wanted = from_query(query, local, &context)?;
    let mut how = Representation::from_parameters(&representation, &context, media_type)?;
    how.amend(query, &context)?;
    how.check(wanted.selection.q.as_ref())?;
    let wording = Wording::new(context, media_type, &call.headers);
    let reader = Arc::new(call.twin.clone());
    answer(&call.0, reader, wanted, how, page, wording).await
}

async fn answer(
    call: &Call,
    reader: Arc<dyn Reader>,
    mut wanted: Wanted,
    representation: Representation,
    page: PageRequest,
    wording: Wording,
) -> Answer {
    // An entity of which nothing would be shown is not in the answer.
    if wanted.selection.attributes.is_empty() {
        wanted.selection.attributes = representation.picked().to_vec();
    }
    let view = call.view.clone();
    let words = wording.clone();
    let (body, shown, more, total) = blocking(move || -> Answer<_> {
        let found = select(&*reader, &view, wanted, page)?;
        let body = write(&*reader, &view, &found.entities, &representation, &words)?;
        Ok((body, found.entities.len(), found.more, found.total))
    })
    .await??;
    let mut response: Response = wording.respond(StatusCode::OK, body);
    page.annotate(&mut response, call, wording.media_type, shown, more, total);
    Ok(response)
}

/// One page of what is wanted.
fn select(twin: &dyn Reader, view: &View, wanted: Wanted, page: PageRequest) -> Answer<twin::Page> {
    let PageRequest { limit, offset, count } = page;
    let sorter = wanted.sorter()?;
    if wanted.any.is_empty() {
        let query = EntityQuery {
            selection: wanted.selection,
            limit,
            offset,
            count,
        };
        return Ok(match &sorter {
            Some(sorter) => twin.ordered(view, &query, sorter)?,
            None => twin.query(view, &query)?,
        });
    }
    // Several selectors: the twin finds what all of them have in common, the rest is sorted out here.
    let any = wanted
        .any
        .iter()
        .map(query::Selection::prepare)
        .collect::<Result<Vec<_>, _>>()?;
    if let Some(sorter) = &sorter {
        let mut ordered = Ordered::new(sorter, offset, limit)?;
        twin.scan(view, &wanted.selection, &mut |entity: &Arc<Entity>| {
            if any.iter().any(|one| one.matches(entity)) {
                ordered.push(entity);
            }
            true
        })?;
        return Ok(ordered.page(count));
    }
    let mut found = twin::Page::default();
    let mut matched = 0_usize;
    twin.scan(view, &wanted.selection, &mut |entity: &Arc<Entity>| {
        if any.iter().any(|one| one.matches(entity)) {
            if matched >= offset && found.entities.len() < limit {
                found.entities.push(Arc::clone(entity));
            } else if matched >= offset {
                found.more = true;
            }
            matched += 1;
        }
        count || !found.more
    })?;
    found.total = count.then_some(matched);
    Ok(found)
}

fn write(
    reader: &dyn Reader,
    view: &View,
    entities: &[Arc<Entity>],
    representation: &Representation,
    wording: &Wording,
) -> Answer<Vec<u8>> {
    let objects = representation.objects(reader, view, entities, &wording.context, wording.media_type)?;
    wording.bytes_of_all(objects)
}
