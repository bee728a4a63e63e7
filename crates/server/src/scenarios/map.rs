//! `/scenarios/runs/{id}/map`: the areas of the city with the differences that a scenario makes there.

use axum::extract::Path;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use ngsi_ld::Value;
use scenarios::result::RunResult;
use serde::Deserialize;
use serde_json::{Value as Json, json};
use twin::Reader;
use utoipa::IntoParams;

use super::examples;
use super::files::known;
use super::results::result_of;
use super::runs::run_of;
use crate::kpi::Visitor;
use crate::ngsi_ld::ProblemDetails;
use crate::pages::LOCATION;
use crate::problem::{Answer, Problem, blocking};

/// What the map shows.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(super) struct MapParameters {
    /// The indicator; without it, the first of the result.
    #[param(example = "clinic-wheelchair")]
    indicator: Option<String>,
    /// The scenario, by name; without it, the first of the result.
    #[param(example = "kerbs")]
    scenario: Option<String>,
}

/// The map of differences
///
/// GeoJSON: the areas of the city, each with its value as it is, its value in the scenario, the difference, and how
/// many people gain and lose there.
#[utoipa::path(
    get,
    path = "/scenarios/runs/{id}/map",
    tag = "Scenarios",
    operation_id = "scenarioMap",
    params(("id" = String, Path, description = "The id of the run", example = "urn:ngsi-ld:ScenarioRun:1"), MapParameters),
    responses(
        (status = 200, description = "The areas", body = ref("#/components/schemas/DifferenceMap"), content_type = "application/geo+json",
            example = examples::map),
        (status = 404, description = "No such run, or it has no such scenario or indicator", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, description = "The run is not done, or gave nothing", body = ProblemDetails, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn differences(
    visitor: Visitor,
    Path(id): Path<String>,
    parameters: Result<axum::extract::Query<MapParameters>, axum::extract::rejection::QueryRejection>,
) -> Answer {
    let parameters = known(parameters)?;
    blocking(move || {
        let run = run_of(&visitor, &id)?;
        let found = result_of(&visitor, &run)?;
        let body = features(
            &visitor,
            &found,
            parameters.indicator.as_deref().filter(|text| !text.is_empty()),
            parameters.scenario.as_deref().filter(|text| !text.is_empty()),
        )?;
        let media_type = HeaderValue::from_static("application/geo+json");
        Ok::<Response, Problem>(([(header::CONTENT_TYPE, media_type)], body.to_string()).into_response())
    })
    .await?
}

fn features(
    visitor: &Visitor,
    found: &RunResult,
    indicator: Option<&str>,
    scenario: Option<&str>,
) -> Answer<Json> {
    let missing = |what: &str, name: &str, there: Vec<&str>| {
        let name: String = name.chars().take(100).collect();
        let detail = format!("the run has no {what} `{name}`; it has {}", there.join(", "));
        Problem::api(StatusCode::NOT_FOUND, detail)
    };
    let index = match indicator {
        None => 0,
        Some(name) => found
            .baseline
            .iter()
            .position(|value| value.indicator == name)
            .ok_or_else(|| {
                let there = found
                    .baseline
                    .iter()
                    .map(|value| value.indicator.as_str())
                    .collect();
                missing("indicator", name, there)
            })?,
    };
    let chosen = match scenario {
        None => found.scenarios.first(),
        Some(name) => found.scenarios.iter().find(|scenario| scenario.name == name),
    };
    let chosen = chosen.ok_or_else(|| {
        let there = found
            .scenarios
            .iter()
            .map(|scenario| scenario.name.as_str())
            .collect();
        missing("scenario", scenario.unwrap_or(""), there)
    })?;
    let (before, after, difference) = (
        found.baseline.get(index),
        chosen.values.get(index),
        chosen.differences.get(index),
    );
    let mut features = Vec::with_capacity(found.areas.len());
    for (at, area) in found.areas.iter().enumerate() {
        let geometry =
            visitor
                .twin
                .get(&visitor.view, &area.id)
                .and_then(|entity| match &entity.get(LOCATION)?.value {
                    Value::Geo(geometry) => Some(ngsi_ld::geojson::to_json(geometry)),
                    _ => None,
                });
        let (before, after) = (
            before.and_then(|v| v.areas.get(at)),
            after.and_then(|v| v.areas.get(at)),
        );
        let difference = difference.and_then(|d| d.areas.get(at));
        features.push(json!({
            "type": "Feature",
            "id": area.id.as_str(),
            "geometry": geometry,
            "properties": {
                "name": area.name,
                "people": before.and_then(|part| part.people),
                "baseline": before.and_then(|part| part.value),
                "value": after.and_then(|part| part.value),
                "low": after.and_then(|part| part.low),
                "high": after.and_then(|part| part.high),
                "difference": difference.and_then(|part| part.difference),
                "gain": difference.and_then(|part| part.gain),
                "lose": difference.and_then(|part| part.lose),
            },
        }));
    }
    Ok(json!({
        "type": "FeatureCollection",
        "features": features,
        "mapacha": {
            "scenario": chosen.name,
            "indicator": found.baseline.get(index).map(|value| &value.indicator),
            "unit": found.baseline.get(index).map(|value| &value.unit),
            "snapshot": found.provenance.snapshot,
        },
    }))
}
