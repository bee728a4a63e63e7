//! What an operator asks: health, readiness, metrics, version, the API's description.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use twin::Reader;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::problem::{Answer, Problem, blocking};

/// On every listener.
pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(healthz))
        .routes(routes!(readyz))
        .routes(routes!(version))
        .routes(routes!(openapi_document))
}

/// On the listener for administration, which may be the same.
pub(crate) fn admin_router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(metrics))
}

/// Alive
///
/// The process answers.
#[utoipa::path(get, path = "/healthz", tag = "Service", operation_id = "healthz",
    responses((status = 200, description = "Alive", body = ref("#/components/schemas/Health"), content_type = "application/json", example = json!({"status": "ok"}))))]
async fn healthz() -> Response {
    axum::Json(json!({"status": "ok"})).into_response()
}

/// Ready
///
/// The twin is loaded and answers. Also tells whether the interactive parts of the pages are built in, and how many stored
/// rows beside the entities were found damaged and set aside: the log names each.
#[utoipa::path(get, path = "/readyz", tag = "Service", operation_id = "readyz",
    responses(
        (status = 200, description = "Ready", body = ref("#/components/schemas/Readiness"), content_type = "application/json",
            example = json!({"status": "ready", "tenants": 1, "islands": true, "damaged_rows": 0})),
        (status = 503, description = "Not ready"),
    ))]
async fn readyz(State(app): State<App>) -> Response {
    let ready = app.twin(None).is_some();
    let status = if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let body = json!({
        "status": if ready { "ready" } else { "the default tenant's store is closed" },
        "tenants": app.tenants.names().len() + 1,
        "islands": ui::has_islands(),
        "damaged_rows": app.tenants.damaged_rows(),
    });
    (status, axum::Json(body)).into_response()
}

/// Version
#[utoipa::path(get, path = "/version", tag = "Service", operation_id = "version",
    responses((status = 200, description = "The version", body = ref("#/components/schemas/Version"), content_type = "application/json",
        example = json!({"name": "mapacha", "version": "0.1.0", "ngsi_ld": "1.9.1"}))))]
async fn version(State(app): State<App>) -> Response {
    axum::Json(json!({"name": "mapacha", "version": app.config.version, "ngsi_ld": "1.9.1"})).into_response()
}

/// This document
#[utoipa::path(get, path = "/openapi.json", tag = "Service", operation_id = "openapi",
    responses((status = 200, description = "The OpenAPI 3.1 description of the API", body = ref("#/components/schemas/OpenApi"), content_type = "application/json",
        example = json!({"openapi": "3.1.0", "info": {"title": "Mapacha", "version": "0.1.0"}, "paths": {}}))))]
async fn openapi_document() -> Response {
    axum::Json(crate::openapi()).into_response()
}

/// Metrics
///
/// OpenMetrics text for Prometheus: requests by route and status, operations, entities, processor and memory.
#[utoipa::path(get, path = "/metrics", tag = "Service", operation_id = "metrics",
    responses((status = 200, description = "OpenMetrics text", body = String, content_type = "application/openmetrics-text",
        example = "mapacha_entities{tenant=\"default\"} 4284\n# EOF\n")))]
async fn metrics(State(app): State<App>) -> Answer {
    // What is counted is the process's own affair, also on a listener of its own, where nobody says who asks.
    let view = query::View::open(query::Caller::System("metrics"), "service-operation");
    let text = blocking(move || {
        let count = |twin: &twin::Twin| twin.types(&view).iter().map(|(_, count)| count).sum();
        for name in std::iter::once(None).chain(app.tenants.names().into_iter().map(Some)) {
            if let Some(twin) = app.twin(name.as_deref()) {
                app.metrics
                    .entities(name.as_deref().unwrap_or("default"), count(&twin));
                app.metrics
                    .notifications(name.as_deref().unwrap_or("default"), &twin.delivery_statistics());
            }
        }
        if let Some(access) = app.config.access() {
            let open = access.open_break_glasses().len();
            app.metrics.break_glass(&access.break_glasses(), open);
        }
        let failures = app.config.acme.as_ref().map_or(0, |acme| acme.state().failures);
        let tls = app.config.tls.as_ref();
        app.metrics
            .certificate(tls.and_then(crate::Tls::ends_at), failures);
        app.metrics.text()
    })
    .await?
    .map_err(|error| Problem::api(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    let media_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, media_type)], text).into_response())
}
