//! The NGSI-LD door: ETSI GS CIM 009 V1.9.1, under `/ngsi-ld/v1`.
//!
//! Operations are executed here, and not yet distributed to the context sources that are registered. A path that is
//! not there answers 404, a method that is not there 405 with `Allow`.

mod answer;
mod asked;
mod attributes;
mod batch;
mod call;
mod contexts;
mod defined;
mod discovery;
mod entities;
mod entity;
mod evolution;
mod examples;
mod info;
mod items;
mod mapped;
mod maps;
mod members;
mod negotiation;
mod parameters;
mod purge;
mod registrations;
mod representation;
mod selection;
mod snapshots;
mod snapshots_purge;
mod source_subscriptions;
mod subscriptions;
mod temporal;
mod temporal_attributes;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;

pub(crate) use call::{MAX_BODIES_KIB, Reading, TENANT, own_url};
pub(crate) use defined::{Defined, refuse_undefined};
pub(crate) use entities::query_of;
pub use examples::ProblemDetails;
pub(crate) use mapped::MapParameters;
pub(crate) use negotiation::{CONTEXT_RELATION, weight_of};
pub(crate) use parameters::{Known, PageParameters, RepresentationParameters, SelectionParameters};

/// Where the standard's operations are.
pub(crate) const ROOT: &str = "/ngsi-ld/v1/";
/// Where entities live.
pub const ENTITIES: &str = "/ngsi-ld/v1/entities";
/// Where their evolutions live.
pub const TEMPORAL_ENTITIES: &str = "/ngsi-ld/v1/temporal/entities";

/// Every operation, with its documentation.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(
            entities::create_entity,
            entities::query_entities,
            purge::purge_entities
        ))
        .routes(routes!(
            entity::retrieve_entity,
            entity::replace_entity,
            entity::merge_entity,
            entity::delete_entity
        ))
        .routes(routes!(
            attributes::append_attributes,
            attributes::update_attributes
        ))
        .routes(routes!(
            attributes::update_attribute,
            attributes::replace_attribute,
            attributes::delete_attribute
        ))
        .routes(routes!(batch::create_batch))
        .routes(routes!(batch::upsert_batch))
        .routes(routes!(batch::update_batch))
        .routes(routes!(batch::merge_batch))
        .routes(routes!(batch::delete_batch))
        .routes(routes!(entities::query_entities_by_post))
        .routes(routes!(discovery::entity_types))
        .routes(routes!(discovery::entity_type))
        .routes(routes!(discovery::attributes))
        .routes(routes!(discovery::attribute_information))
        .routes(routes!(temporal::create_evolution, temporal::query_evolutions))
        .routes(routes!(temporal::retrieve_evolution, temporal::delete_evolution))
        .routes(routes!(temporal::add_instances))
        .routes(routes!(temporal_attributes::delete_attribute_evolution))
        .routes(routes!(
            temporal_attributes::modify_instance,
            temporal_attributes::delete_instance
        ))
        .routes(routes!(temporal::query_evolutions_by_post))
        .routes(routes!(
            subscriptions::create_subscription,
            subscriptions::query_subscriptions
        ))
        .routes(routes!(
            subscriptions::retrieve_subscription,
            subscriptions::update_subscription,
            subscriptions::delete_subscription
        ))
        .routes(routes!(
            registrations::register_context_source,
            registrations::query_registrations
        ))
        .routes(routes!(
            registrations::retrieve_registration,
            registrations::update_registration,
            registrations::delete_registration
        ))
        .routes(routes!(
            source_subscriptions::create_source_subscription,
            source_subscriptions::query_source_subscriptions
        ))
        .routes(routes!(
            source_subscriptions::retrieve_source_subscription,
            source_subscriptions::update_source_subscription,
            source_subscriptions::delete_source_subscription
        ))
        .routes(routes!(info::source_identity))
        .routes(routes!(maps::map_query, maps::map_query_by_post))
        .routes(routes!(
            maps::retrieve_entity_map,
            maps::update_entity_map,
            maps::delete_entity_map
        ))
        .routes(routes!(
            maps::map_temporal_query,
            maps::map_temporal_query_by_post
        ))
        .routes(routes!(
            snapshots::create_snapshot,
            snapshots_purge::purge_snapshots
        ))
        .routes(routes!(
            snapshots::retrieve_snapshot,
            snapshots::update_snapshot,
            snapshots::delete_snapshot
        ))
        .routes(routes!(snapshots::clone_snapshot))
        .routes(routes!(contexts::create_context, contexts::list_contexts))
        .routes(routes!(contexts::serve_context, contexts::delete_context))
}

/// 6.3.14, 6.3.22: a tenant or a snapshot that a request names is named in its response.
pub(crate) async fn echo_tenant(request: Request, next: Next) -> Response {
    if !request.uri().path().starts_with(ROOT) {
        return next.run(request).await;
    }
    let named = [call::TENANT_HEADER, call::SNAPSHOT_HEADER]
        .map(|name| request.headers().get(&name).cloned().map(|value| (name, value)));
    let mut response = next.run(request).await;
    response.headers_mut().extend(named.into_iter().flatten());
    response
}
