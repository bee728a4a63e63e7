//! `/entities` and `/entityOperations/query`: Create Entity (5.6.1) and Query Entities (5.7.2).

use axum::http::StatusCode;
use axum::response::Response;
use ngsi_ld::representation::read_entity;
use ngsi_ld::{Entity, Error};
use query::{EntityQuery, View};
use std::sync::Arc;
use twin::{Mapped, Operation, Reader};

use super::answer::{PageRequest, Wording, created};
use super::asked::Asked;
use super::call::{Call, Payload, Reading, Writing};
use super::mapped::{MapParameters, WHOLE, too_many};
use super::negotiation::accepted;
use super::parameters::{Known, PageParameters, RepresentationParameters, SelectionParameters};
use super::representation::Representation;
use super::selection::Wanted;
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
    request_body(content = ref("#/components/schemas/NewEntity"), description = "An entity, normalized or concise", content_type = "application/json", example = examples::stop),
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
    params(SelectionParameters, RepresentationParameters, PageParameters, MapParameters),
    responses(
        (status = 200, description = "The entities, in the order asked for, else that of creation", body = ref("#/components/schemas/EntityList"), content_type = "application/json", example = examples::stops),
        (status = 400, description = "A parameter cannot be read, or the query is too wide", body = examples::ProblemDetails, content_type = "application/json"),
        (status = 406, description = "No media type that is accepted can be had"),
    ),
)]
pub(crate) async fn query_entities(
    call: Reading,
    Known(selection): Known<SelectionParameters>,
    Known(representation): Known<RepresentationParameters>,
    Known(page): Known<PageParameters>,
    Known(maps): Known<MapParameters>,
) -> Answer {
    let reader = Arc::new(call.twin.clone());
    query_of(call, reader, selection, representation, page, Some(maps)).await
}

/// Query Entities (5.7.2) of anything that can be read: the live twin, or the city as a scenario would make it. Only
/// of the live twin there are entity maps.
pub(crate) async fn query_of(
    call: Reading,
    reader: Arc<dyn Reader>,
    selection: SelectionParameters,
    representation: RepresentationParameters,
    page: PageParameters,
    maps: Option<MapParameters>,
) -> Answer {
    let media_type = accepted(&call.headers, true)?;
    let page = PageRequest::parse(&page, &call.app.config)?.counting(representation.options.as_deref());
    let none = MapParameters::default();
    let of = (selection, &representation, maps.as_ref().unwrap_or(&none));
    let asked = Asked::by_url(&call, Mapped::Entities, media_type, of).await?;
    answer(&call, reader, asked, page, maps.is_some()).await
}

/// Query Entities via POST
///
/// ETSI GS CIM 009, 5.7.2 and 6.23.3.1; the body is a Query (5.2.23).
#[utoipa::path(
    post,
    path = "/ngsi-ld/v1/entityOperations/query",
    tag = "NGSI-LD batch operations",
    operation_id = "queryBatch",
    params(PageParameters, RepresentationParameters, MapParameters),
    request_body(content = ref("#/components/schemas/Query"), description = "A Query (5.2.23)", content_type = "application/json", example = examples::query),
    responses(
        (status = 200, description = "The entities, in the order asked for, else that of creation", body = ref("#/components/schemas/EntityList"), content_type = "application/json", example = examples::stops),
        (status = 400, description = "The query cannot be read, or is too wide", body = examples::ProblemDetails, content_type = "application/json"),
    ),
)]
pub(crate) async fn query_entities_by_post(
    call: Reading,
    Known(selection): Known<SelectionParameters>,
    Known(representation): Known<RepresentationParameters>,
    Known(page): Known<PageParameters>,
    Known(maps): Known<MapParameters>,
    payload: Payload,
) -> Answer {
    let media_type = accepted(&call.headers, true)?;
    let page = PageRequest::parse(&page, &call.app.config)?.counting(representation.options.as_deref());
    let of = (selection, &representation, &maps);
    let (asked, query) = Asked::by_body(&call, Mapped::Entities, media_type, payload, of).await?;
    if query.contains_key("temporalQ") {
        return Err(Error::bad_data(
            "`temporalQ` is for /temporal/entityOperations/query (5.2.23); leave it out",
        )
        .into());
    }
    let reader = Arc::new(call.twin.clone());
    answer(&call, reader, asked, page, true).await
}

async fn answer(
    call: &Call,
    reader: Arc<dyn Reader>,
    mut asked: Asked,
    page: PageRequest,
    with_maps: bool,
) -> Answer {
    asked.only_picked();
    let Asked {
        wanted,
        how: representation,
        wording,
        maps,
    } = asked;
    let (view, twin) = (call.view.clone(), call.twin.clone());
    let words = wording.clone();
    let (body, pages, total, mapped) = blocking(move || -> Answer<_> {
        let find = || mappable(&*reader, &view, &wanted);
        let mapped = if with_maps {
            maps.resolve(&twin, &view, Mapped::Entities, &wanted, find)?
        } else {
            None
        };
        let (entities, pages, total) = if let Some(mapped) = &mapped {
            let found = mapped.page(&wanted, page, view.is_open(), |ids| {
                let found = select(&*reader, &view, wanted.among(ids), WHOLE)?.entities;
                Ok(found
                    .into_iter()
                    .map(|entity| (entity.id.clone(), entity))
                    .collect())
            })?;
            (found.items, (found.next, found.previous), found.total)
        } else {
            let found = select(&*reader, &view, wanted.clone(), page)?;
            let shown = found.entities.len();
            let pages = if page.is_beyond(shown) {
                let none = PageRequest {
                    limit: 0,
                    offset: 0,
                    count: true,
                };
                let wanted = Wanted {
                    order: None,
                    ..wanted
                };
                page.beyond(select(&*reader, &view, wanted, none)?.total.unwrap_or(0))
            } else {
                page.around(shown, found.more)
            };
            (found.entities, pages, found.total)
        };
        let body = write(&*reader, &view, &entities, &representation, &words)?;
        Ok((body, pages, total, mapped))
    })
    .await??;
    let made = mapped.as_ref().is_some_and(|mapped| mapped.made);
    let status = if made { StatusCode::CREATED } else { StatusCode::OK };
    let mut response: Response = wording.respond(status, body);
    page.link_pages(&mut response, call, wording.media_type, pages, total);
    if let Some(mapped) = mapped {
        mapped.annotate(&mut response);
    }
    Ok(response)
}

/// The ids of everything that is wanted, in its order: what an entity map holds (5.14.4).
pub(super) fn mappable(
    reader: &dyn Reader,
    view: &query::View,
    wanted: &Wanted,
) -> Answer<Vec<ngsi_ld::Uri>> {
    let found = select(reader, view, wanted.clone(), WHOLE)?;
    if found.more {
        return Err(too_many());
    }
    Ok(found.entities.iter().map(|entity| entity.id.clone()).collect())
}

/// One page of what is wanted.
fn select(twin: &dyn Reader, view: &View, wanted: Wanted, page: PageRequest) -> Answer<twin::Page> {
    let PageRequest { limit, offset, count } = page;
    let sorter = wanted.sorter()?;
    let query = EntityQuery {
        selection: wanted.selection,
        limit,
        offset,
        count,
    };
    Ok(match &sorter {
        Some(sorter) => twin.ordered(view, &query, sorter)?,
        None => twin.query(view, &query)?,
    })
}

fn write(
    reader: &dyn Reader,
    view: &View,
    entities: &[Arc<Entity>],
    representation: &Representation,
    wording: &Wording,
) -> Answer<Vec<u8>> {
    let entities: Vec<Arc<Entity>> = entities.iter().map(|entity| wording.conformed(entity)).collect();
    let objects = representation.objects(reader, view, &entities, &wording.context, wording.media_type)?;
    wording.bytes_of_all(objects)
}
