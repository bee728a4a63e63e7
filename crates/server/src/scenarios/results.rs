//! `/scenarios/runs/{id}/result`: what a run found, as data, as a table, as a page to print.

use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use geo_types::{Geometry, MultiPolygon};
use query::View;
use scenarios::job::{self, Run, RunStatus};
use scenarios::result::{self, RunResult};
use serde::Deserialize;
use twin::Reader;
use utoipa::IntoParams;

use super::examples;
use super::files::{known, names, set};
use super::of_job;
use super::runs::run_of;
use crate::kpi::Visitor;
use crate::ngsi_ld::ProblemDetails;
use crate::ngsi_ld::weight_of;
use crate::pages::LOCATION;
use crate::problem::{Answer, Problem, blocking};

/// In which form.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(super) struct ResultParameters {
    /// `json`, `csv` or `html`; without it, what `Accept` likes best, and of equals `json`.
    #[param(example = "json")]
    format: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Json,
    Csv,
    Html,
}

impl Format {
    const ALL: [(Self, &'static str, &'static str); 3] = [
        (Self::Json, "json", "application/json"),
        (Self::Csv, "csv", "text/csv"),
        (Self::Html, "html", "text/html"),
    ];

    fn of(parameter: Option<&str>, headers: &HeaderMap) -> Answer<Self> {
        if let Some(name) = parameter.filter(|name| !name.is_empty()) {
            let known = Self::ALL.iter().find(|(_, known, _)| *known == name);
            return known.map(|(format, ..)| *format).ok_or_else(|| {
                let name: String = name.chars().take(60).collect();
                Problem::api(
                    StatusCode::BAD_REQUEST,
                    format!("`format` is json, csv or html, not `{name}`"),
                )
            });
        }
        let mut best = (Self::Json, 0.0);
        for (format, _, media_type) in Self::ALL {
            let weight = weight_of(headers, media_type);
            if weight > best.1 {
                best = (format, weight);
            }
        }
        if best.1 > 0.0 {
            return Ok(best.0);
        }
        Err(Problem::api(
            StatusCode::NOT_ACCEPTABLE,
            "a result can be had as application/json, text/csv and text/html",
        ))
    }
}

/// What a run found
///
/// The comparison of its scenarios with the city as it is. The JSON is a contract; it says which version it is of.
#[utoipa::path(
    get,
    path = "/scenarios/runs/{id}/result",
    tag = "Scenarios",
    operation_id = "scenarioResult",
    params(("id" = String, Path, description = "The id of the run", example = "urn:ngsi-ld:ScenarioRun:1"), ResultParameters),
    responses(
        (status = 200, description = "The result", body = ref("#/components/schemas/ScenarioResult"), content_type = "application/json",
            example = examples::result),
        (status = 304, description = "The client has it already"),
        (status = 404, description = "No such run", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, description = "The run is not done, or gave nothing", body = ProblemDetails, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn result(
    visitor: Visitor,
    Path(id): Path<String>,
    headers: HeaderMap,
    parameters: Result<axum::extract::Query<ResultParameters>, axum::extract::rejection::QueryRejection>,
) -> Answer {
    let format = Format::of(known(parameters)?.format.as_deref(), &headers)?;
    blocking(move || {
        let run = run_of(&visitor, &id)?;
        // A result never changes; where it is written by another version it may be worded differently. The page has
        // the outlines that the areas have when somebody asks, and so no tag.
        let tagged = format != Format::Html;
        let fingerprint = run.fingerprint.as_deref().unwrap_or("").get(..16).unwrap_or("");
        let etag = format!("\"{fingerprint}-{}-{format:?}\"", env!("CARGO_PKG_VERSION")).to_lowercase();
        let known = tagged && names(&headers, &header::IF_NONE_MATCH, &etag);
        let mut response = if run.status == RunStatus::Done && known {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            let found = result_of(&visitor, &run)?;
            rendered(&visitor, &found, format)?
        };
        if tagged {
            set(&mut response, header::ETAG, &etag);
        }
        set(&mut response, header::CACHE_CONTROL, "no-cache");
        set(&mut response, header::VARY, "Accept");
        Ok(response)
    })
    .await?
}

/// The result of a run, or why there is none.
pub(crate) fn result_of(visitor: &Visitor, run: &Run) -> Answer<RunResult> {
    let nothing = |detail: String| Problem::api(StatusCode::CONFLICT, detail);
    match run.status {
        RunStatus::Done => {}
        RunStatus::Queued | RunStatus::Running => {
            return Err(
                nothing("the run is not done yet; ask again".to_owned()).header(header::RETRY_AFTER, "1")
            );
        }
        RunStatus::Failed => {
            return Err(nothing(format!("the run failed: {}", run.errors.join("; "))));
        }
        RunStatus::Cancelled => return Err(nothing("the run was cancelled and found nothing".to_owned())),
    }
    job::result(&visitor.twin, &visitor.view, &run.id)
        .map_err(of_job)?
        .ok_or_else(|| nothing("the run found nothing".to_owned()))
}

fn rendered(visitor: &Visitor, found: &RunResult, format: Format) -> Answer<Response> {
    let (media_type, body) = match format {
        Format::Json => {
            let body = serde_json::to_string(found).map_err(|error| {
                Problem::api(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    format!("the result could not be written: {error}"),
                )
            })?;
            ("application/json", body)
        }
        Format::Csv => ("text/csv; charset=utf-8", result::csv(found)),
        Format::Html => {
            let outlines = outlines(&visitor.twin, &visitor.view, found);
            ("text/html; charset=utf-8", result::html(found, &outlines))
        }
    };
    let mut response = ([(header::CONTENT_TYPE, media_type)], body).into_response();
    if format == Format::Html {
        // It stands alone, its styles inside; nothing else may run or load in it.
        let policy =
            "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; sandbox";
        response
            .headers_mut()
            .insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    }
    Ok(response)
}

/// The outlines of a result's areas, in their order, as the twin has them now; empty where it has none of them.
pub(crate) fn outlines(reader: &dyn Reader, view: &View, found: &RunResult) -> Vec<MultiPolygon<f64>> {
    let outline = |id| {
        let entity = reader.get(view, id)?;
        match entity.get(LOCATION)?.as_geometry()? {
            Geometry::Polygon(polygon) => Some(MultiPolygon(vec![polygon.clone()])),
            Geometry::MultiPolygon(polygons) => Some(polygons.clone()),
            _ => None,
        }
    };
    let outlines: Vec<_> = found.areas.iter().map(|area| outline(&area.id)).collect();
    if outlines.iter().all(Option::is_none) {
        return Vec::new();
    }
    outlines
        .into_iter()
        .map(|outline| outline.unwrap_or(MultiPolygon(Vec::new())))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_is_what_is_asked_for() {
        let accept = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, HeaderValue::from_static(text));
            headers
        };
        let of = |parameter, text| Format::of(parameter, &accept(text)).ok();
        assert_eq!(of(None, "*/*"), Some(Format::Json));
        assert_eq!(of(None, "text/html, */*;q=0.5"), Some(Format::Html));
        assert_eq!(of(None, "text/csv"), Some(Format::Csv));
        assert_eq!(of(Some("csv"), "text/html"), Some(Format::Csv));
        assert_eq!(of(Some("pdf"), "*/*"), None);
        assert_eq!(of(None, "image/png"), None);
        assert_eq!(Format::of(None, &HeaderMap::new()).ok(), Some(Format::Json));
    }
}
