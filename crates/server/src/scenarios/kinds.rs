//! What a scenario file can hold: its schema, the kinds of measures, the indicators.

use axum::response::{IntoResponse, Response};
use scenarios::catalogue;
use scenarios::file::ScenarioFile;
use scenarios::indicator;
use serde_json::json;

use super::examples;
use crate::problem::Answer;

/// The schema of scenario files
///
/// JSON Schema (2020-12) of the format, which TOML and JSON share.
#[utoipa::path(
    get,
    path = "/scenarios/schema",
    tag = "Scenarios",
    operation_id = "scenarioSchema",
    responses((status = 200, description = "The JSON Schema", body = ref("#/components/schemas/JsonSchema"), content_type = "application/schema+json",
        example = json!({"title": "ScenarioFile", "type": "object"}))),
)]
pub(super) async fn schema() -> Answer {
    let media_type = [(axum::http::header::CONTENT_TYPE, "application/schema+json")];
    let body = ScenarioFile::schema().to_string();
    Ok::<Response, _>((media_type, body).into_response())
}

/// The kinds of measures
///
/// What each needs to know, which entities it changes and how, and what is assumed.
#[utoipa::path(
    get,
    path = "/scenarios/kinds",
    tag = "Scenarios",
    operation_id = "scenarioKinds",
    responses((status = 200, description = "The catalogue of measures", body = ref("#/components/schemas/MeasureKinds"), content_type = "application/json",
        example = examples::kinds)),
)]
pub(super) async fn kinds() -> Answer {
    let body = json!({"version": catalogue::version(), "kinds": catalogue::kinds()});
    Ok(axum::Json(body).into_response())
}

/// The indicators
///
/// The indicators of reach; a file may also name any data point of `/kpi/catalogue`.
#[utoipa::path(
    get,
    path = "/scenarios/indicators",
    tag = "Scenarios",
    operation_id = "scenarioIndicators",
    responses((status = 200, description = "The indicators", body = ref("#/components/schemas/ScenarioIndicators"), content_type = "application/json",
        example = json!([{"id": "clinic-wheelchair", "name": "Reach a clinic by wheelchair", "method": "…", "unit": "%"}]))),
)]
pub(super) async fn indicators() -> Answer {
    Ok(axum::Json(json!(indicator::all())).into_response())
}
