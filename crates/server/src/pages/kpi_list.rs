//! `/kpi`: every data point of the catalogue, with its value or what is missing.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use indicators::{Assessment, Status};

use super::assessed::{
    self, ValueText, address_of, coverage_text, dimension_text, quality_text, status_text, unit_text,
};
use super::describe::plain;
use super::features::cell;
use super::frame::{Frame, Place};
use super::language::Argument::Count;
use super::language::Language;
use super::respond::{self, Failure};
use super::visit::Visit;
use super::{App, read};

#[derive(Template)]
#[template(path = "kpi_list.html")]
struct KpiListPage {
    l: Language,
    frame: Frame,
    summary: String,
    statuses: Vec<Choice>,
    search: String,
    dimensions: Vec<Dimension>,
    shown: usize,
    extra: Vec<Extra>,
    csv: String,
}

struct Choice {
    value: &'static str,
    label: String,
    chosen: bool,
}

struct Dimension {
    name: String,
    parts: Vec<Part>,
}

struct Part {
    name: String,
    rows: Vec<Row>,
}

struct Row {
    address: String,
    kpi: String,
    name: String,
    value: Option<ValueText>,
    unit: String,
    status: Status,
    status_text: String,
    quality: Option<String>,
    coverage: Option<String>,
}

struct Extra {
    name: String,
    value: String,
    period: String,
}

const STATUSES: [Status; 4] = [
    Status::Calculated,
    Status::Reported,
    Status::NotReported,
    Status::NotApplicable,
];

/// `GET /kpi?status=…&search=…[&format=csv]`.
pub(crate) async fn page(State(_app): State<App>, visit: Visit) -> Result<Response, Failure> {
    read(visit, |visit| {
        let l = visit.language;
        let assessment = assessed::assessment(visit)?;
        if visit.parameter("format") == Some("csv") {
            return Ok(respond::file(
                "text/csv; charset=utf-8",
                "indicators.csv",
                csv(&assessment),
            ));
        }
        let status = visit.parameter("status").unwrap_or_default();
        let search = visit.parameter("search").unwrap_or_default();
        let wanted = search.to_lowercase();
        let mut dimensions: Vec<Dimension> = Vec::new();
        let mut shown = 0;
        for row in &assessment.data_points {
            let matches = (status.is_empty() || row.status.slug() == status)
                && (row.name.to_lowercase().contains(&wanted) || row.kpi.to_lowercase().contains(&wanted));
            if !matches {
                continue;
            }
            shown += 1;
            let name = dimension_text(&row.dimension, l);
            if dimensions.last().is_none_or(|dimension| dimension.name != name) {
                dimensions.push(Dimension {
                    name,
                    parts: Vec::new(),
                });
            }
            let Some(dimension) = dimensions.last_mut() else {
                continue;
            };
            if dimension
                .parts
                .last()
                .is_none_or(|part| part.name != row.sub_dimension)
            {
                dimension.parts.push(Part {
                    name: row.sub_dimension.clone(),
                    rows: Vec::new(),
                });
            }
            let Some(part) = dimension.parts.last_mut() else {
                continue;
            };
            part.rows.push(Row {
                address: address_of(&row.kpi, row.data_point.as_deref()),
                kpi: row.kpi.clone(),
                name: row.name.clone(),
                value: ValueText::of(row, l),
                unit: unit_text(&row.unit, l),
                status: row.status,
                status_text: status_text(row.status, l),
                quality: quality_text(row, l),
                coverage: coverage_text(row, l),
            });
        }
        let page = KpiListPage {
            l,
            frame: Frame::new(visit, Place::Indicators, l.text("kpi-list-title")),
            summary: l.text_with(
                "kpi-list-summary",
                &[
                    ("reported", Count(assessment.coverage.reported)),
                    ("total", Count(assessment.coverage.total)),
                ],
            ),
            statuses: STATUSES
                .into_iter()
                .map(|one| Choice {
                    value: one.slug(),
                    label: status_text(one, l),
                    chosen: one.slug() == status,
                })
                .collect(),
            search: search.to_owned(),
            dimensions,
            shown,
            extra: assessment
                .extra
                .iter()
                .map(|extra| Extra {
                    name: plain(&extra.name),
                    value: match &extra.reported.value {
                        indicators::KpiValue::Number(number) => l.value(*number),
                        indicators::KpiValue::Boolean(yes) => l.text(if *yes { "yes" } else { "no" }),
                        indicators::KpiValue::Text(text) => plain(text),
                    },
                    period: extra.reported.period.as_deref().map(plain).unwrap_or_default(),
                })
                .collect(),
            csv: visit.address("/kpi", &[("format", "csv")]),
        };
        respond::page(visit, &page)
    })
    .await
}

fn csv(assessment: &Assessment) -> String {
    let mut text = String::from(
        "kpi,data_point,name,value,unit,status,quality,temporal_pct,area_pct,vintages,points,attainment_pct,period\r\n",
    );
    let number = |value: Option<f64>| value.map(|n| n.to_string()).unwrap_or_default();
    for row in &assessment.data_points {
        let value = match &row.value {
            Some(indicators::KpiValue::Number(n)) => n.to_string(),
            Some(indicators::KpiValue::Boolean(yes)) => yes.to_string(),
            Some(indicators::KpiValue::Text(text)) => text.clone(),
            None => String::new(),
        };
        let cells = [
            row.kpi.clone(),
            row.data_point.clone().unwrap_or_default(),
            row.name.clone(),
            value,
            row.unit.clone(),
            row.status.slug().to_owned(),
            row.quality
                .map(|quality| quality.slug().to_owned())
                .unwrap_or_default(),
            number(row.coverage.temporal_pct),
            number(row.coverage.area_pct),
            row.vintages.join(";"),
            row.points.map(|points| points.to_string()).unwrap_or_default(),
            number(row.attainment_pct),
            row.period.clone().unwrap_or_default(),
        ];
        for (index, value) in cells.iter().enumerate() {
            if index > 0 {
                text.push(',');
            }
            cell(&mut text, value);
        }
        text.push_str("\r\n");
    }
    text
}
