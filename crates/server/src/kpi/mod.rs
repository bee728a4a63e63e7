//! The indicators over HTTP: the catalogue, and the city's assessment.

pub mod cache;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use indicators::{Assessment, report};
use query::View;
use serde::Deserialize;
use serde_json::{Value, json};
use twin::{Operation, Twin};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::ngsi_ld::ProblemDetails;
use crate::problem::{Answer, Problem, blocking};
use crate::{App, caller_view};
use cache::Refused;

/// The routes, with their documentation.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(catalogue))
        .routes(routes!(get_assessment, post_assessment))
}

/// What is asked of the assessment.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct AssessmentParameters {
    /// `2018`, `2018-09` or `2018-09-01/2019-01-01`, in the city's time zone; without it, for each indicator the
    /// latest that has data.
    #[param(example = "2018")]
    period: Option<String>,
    /// `json` (the default), `csv`, `html` or `svg`.
    #[param(example = "json")]
    format: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Json,
    Csv,
    Html,
    Svg,
}

impl Format {
    fn parse(text: Option<&str>) -> Result<Self, Problem> {
        match text {
            None | Some("json") => Ok(Self::Json),
            Some("csv") => Ok(Self::Csv),
            Some("html") => Ok(Self::Html),
            Some("svg") => Ok(Self::Svg),
            Some(other) => {
                let other: String = other.chars().take(60).collect();
                let detail = format!("`format` is json, csv, html or svg, not `{other}`");
                Err(Problem::api(StatusCode::BAD_REQUEST, detail))
            }
        }
    }
}

/// Who asks, of which city. Errors are ours, not those of NGSI-LD.
pub(crate) struct Visitor {
    pub(crate) twin: Twin,
    pub(crate) view: View,
    pub(crate) tenant: Option<String>,
}

impl FromRequestParts<App> for Visitor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let tenant = tenant_of(&parts.headers)?;
        let (name, shared) = (tenant.clone(), app.clone());
        let twin = blocking(move || shared.twin(name.as_deref())).await?;
        let unknown = || {
            let name = tenant.as_deref().unwrap_or("");
            Problem::api(StatusCode::NOT_FOUND, format!("there is no tenant `{name}`"))
        };
        Ok(Self {
            twin: twin.ok_or_else(unknown)?,
            view: caller_view(&parts.headers, &parts.extensions, app),
            tenant,
        })
    }
}

/// The tenant that `NGSILD-Tenant` names.
pub(crate) fn tenant_of(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get("ngsild-tenant") else {
        return Ok(None);
    };
    let name = value
        .to_str()
        .ok()
        .filter(|name| !name.is_empty() && name.len() <= 100);
    let name = name.ok_or_else(|| {
        Problem::api(
            StatusCode::BAD_REQUEST,
            "`NGSILD-Tenant` is not the name of a tenant",
        )
    })?;
    Ok(Some(name.to_owned()))
}

/// A catalogue, for the OpenAPI document.
fn catalogue_example() -> Value {
    json!({"catalogue": "U4SSC", "version": "1", "about": "91 indicators of smart sustainable cities", "kpis": [{
        "id": "EC: I: T: 2A", "dimension": "Economy", "sub_dimension": "Infrastructure", "category": "Transport",
        "name": "Public Transport Network Convenience", "level": "advanced", "unit": "%", "direction": "higher",
        "formula": {"kind": "percent"}, "sdg": ["11.2.1"], "data_points": [{"code": null, "unit": "%"}]}]})
}

/// An assessment, for the OpenAPI document.
fn assessment_example() -> Value {
    json!({"city": "Nairobi", "period": "latest", "time_zone": "Africa/Nairobi", "catalogue_version": "U4SSC 1",
        "benchmark_set": "U4SSC 1", "coverage": {"reported": 3, "total": 112}, "score": {}, "data_points": [],
        "areas": [], "extra": [], "warnings": [], "plausibility": []})
}

/// The catalogue of indicators
///
/// The 91 U4SSC key performance indicators with their 112 data points, benchmarks and sources.
#[utoipa::path(
    get,
    path = "/kpi/catalogue",
    tag = "KPI",
    operation_id = "kpiCatalogue",
    responses((status = 200, description = "The catalogue", body = ref("#/components/schemas/KpiCatalogue"), content_type = "application/json",
        example = catalogue_example)),
)]
async fn catalogue(State(app): State<App>) -> Answer {
    let body = serde_json::to_vec(&app.catalogue).map_err(|error| {
        Problem::api(
            StatusCode::INTERNAL_SERVER_ERROR,
            format!("the catalogue could not be written: {error}"),
        )
    })?;
    Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response())
}

/// The city's self-assessment
///
/// Computed from what the twin holds now; stored nowhere.
#[utoipa::path(
    get,
    path = "/kpi/assessment",
    tag = "KPI",
    operation_id = "kpiAssessment",
    params(AssessmentParameters),
    responses(
        (status = 200, description = "All 112 data points, with value, unit, status, quality, coverage and provenance", body = ref("#/components/schemas/Assessment"),
            content_type = "application/json", example = assessment_example),
        (status = 400, description = "Not a period, not a format", body = ProblemDetails, content_type = "application/problem+json"),
    ),
)]
async fn get_assessment(
    State(app): State<App>,
    visitor: Visitor,
    parameters: Result<axum::extract::Query<AssessmentParameters>, axum::extract::rejection::QueryRejection>,
) -> Answer {
    let parameters = known(parameters)?;
    let format = Format::parse(parameters.format.as_deref())?;
    blocking(move || {
        let assessment = compute(&app, &visitor, &parameters)?;
        respond(&assessment, format)
    })
    .await?
    .map_err(Problem::as_api)
}

/// Assess the city and store the results
///
/// Every calculated value becomes a `KeyPerformanceIndicator` entity with history. Answers with the assessment.
#[utoipa::path(
    post,
    path = "/kpi/assessment",
    tag = "KPI",
    operation_id = "kpiAssess",
    params(AssessmentParameters),
    responses(
        (status = 200, description = "The assessment; its results are stored", body = ref("#/components/schemas/Assessment"), content_type = "application/json",
            example = assessment_example),
        (status = 400, description = "Not a period, not a format", body = ProblemDetails, content_type = "application/problem+json"),
    ),
)]
async fn post_assessment(
    State(app): State<App>,
    visitor: Visitor,
    parameters: Result<axum::extract::Query<AssessmentParameters>, axum::extract::rejection::QueryRejection>,
) -> Answer {
    let parameters = known(parameters)?;
    let format = Format::parse(parameters.format.as_deref())?;
    blocking(move || {
        let assessment = compute(&app, &visitor, &parameters)?;
        let operations = assessment
            .entities()
            .into_iter()
            .map(|entity| Operation::AppendHistory {
                entity,
                current: true,
            });
        for result in visitor.twin.execute_blocking(&visitor.view, operations.collect()) {
            app.metrics.operation(&result);
            result?;
        }
        respond(&assessment, format)
    })
    .await?
    .map_err(Problem::as_api)
}

fn known(
    parameters: Result<axum::extract::Query<AssessmentParameters>, axum::extract::rejection::QueryRejection>,
) -> Result<AssessmentParameters, Problem> {
    let parameters =
        parameters.map_err(|rejection| Problem::api(StatusCode::BAD_REQUEST, rejection.body_text()))?;
    Ok(parameters.0)
}

fn compute(app: &App, visitor: &Visitor, parameters: &AssessmentParameters) -> Answer<Arc<Assessment>> {
    let Visitor { twin, view, tenant } = visitor;
    let period = parameters.period.as_deref().filter(|period| !period.is_empty());
    cache::assessment(app, tenant.as_deref(), twin, view, period, Duration::ZERO).map_err(|error| match error
    {
        Refused::Period(why) => Problem::api(StatusCode::BAD_REQUEST, format!("`period`: {why}")),
        Refused::Failed(indicators::AssessError::Twin(error)) => error.into(),
        Refused::Failed(error) => Problem::api(StatusCode::BAD_REQUEST, error.to_string()),
    })
}

fn respond(assessment: &Assessment, format: Format) -> Answer<Response> {
    let (media_type, body) = match format {
        Format::Json => {
            let body = serde_json::to_string(assessment).map_err(|error| {
                Problem::api(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    format!("the assessment could not be written: {error}"),
                )
            })?;
            ("application/json", body)
        }
        Format::Csv => ("text/csv; charset=utf-8", report::csv(assessment)),
        Format::Html => ("text/html; charset=utf-8", report::html(assessment)),
        Format::Svg => ("image/svg+xml", report::svg(assessment)),
    };
    let mut response = ([(header::CONTENT_TYPE, media_type)], body).into_response();
    if matches!(format, Format::Html | Format::Svg) {
        // A report stands alone, its styles inside; nothing else may run or load in it.
        let policy =
            "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; sandbox";
        response
            .headers_mut()
            .insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    }
    Ok(response)
}
