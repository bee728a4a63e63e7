//! The description of the API: OpenAPI 3.1, made from the handlers themselves.

mod answers;
mod bodies;
mod schemas;

use serde_json::Value;
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;

use crate::{App, accounts_api, audit, desk, imports, kpi, ngsi_ld, notifications, scenarios, service};

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Mapacha",
        description = "The digital twin of a smart sustainable city: NGSI-LD (ETSI GS CIM 009 V1.9.1), imports, \
            U4SSC key performance indicators, scenarios, an audit log that proves itself. Errors of NGSI-LD have the standard's types, those of the other APIs \
            follow RFC 9457.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    tags(
        (name = "NGSI-LD entities", description = "Things of the city, one by one and by query"),
        (name = "NGSI-LD attributes", description = "What is known of a thing"),
        (name = "NGSI-LD batch operations", description = "Many things at once"),
        (name = "NGSI-LD temporal", description = "What was known, and when"),
        (name = "NGSI-LD discovery", description = "What there is"),
        (name = "NGSI-LD subscriptions", description = "Being told of what changes"),
        (name = "NGSI-LD context sources", description = "Who else has what"),
        (name = "Notifications", description = "How delivery stands, and what could not be delivered"),
        (name = "NGSI-LD entity maps", description = "What a query found, to page through"),
        (name = "NGSI-LD snapshots", description = "What queries found, frozen, to be worked on like the city itself"),
        (name = "NGSI-LD @contexts", description = "The names that clients use, kept and served"),
        (name = "KPI", description = "The U4SSC indicators and the city's self-assessment"),
        (name = "Scenarios", description = "What the city would gain: measures, runs, comparison"),
        (name = "Imports", description = "Files that a city has"),
        (name = "Access", description = "People, groups and keys, and what they may do"),
        (name = "Governance", description = "The desk of the data-protection officer: register, requests, breaches, legal profiles"),
        (name = "Audit", description = "What was done, by whom, and the proof of it"),
        (name = "Service", description = "For whoever runs it"),
    ),
)]
struct Document;

/// Every door but the pages, with its documentation. `admin`: also what an operator alone should see.
pub(crate) fn doors(admin: bool) -> OpenApiRouter<App> {
    let doors = OpenApiRouter::with_openapi(Document::openapi())
        .merge(ngsi_ld::router())
        .merge(notifications::router())
        .merge(kpi::router())
        .merge(scenarios::router())
        .merge(imports::router())
        .merge(accounts_api::router())
        .merge(audit::router())
        .merge(desk::router())
        .merge(service::router());
    if admin {
        doors.merge(service::admin_router())
    } else {
        doors
    }
}

/// The OpenAPI 3.1 document, as JSON.
pub fn openapi() -> Value {
    let mut description = doors(true).into_openapi();
    answers::complete(&mut description);
    // It cannot fail: the description is made of texts and numbers.
    let mut document = serde_json::to_value(description).unwrap_or_default();
    bodies::complete(&mut document);
    crate::identity::described(&mut document);
    document
}
