//! `/kpi/{id}`: one indicator: its value, how good that is, what it was computed from, and how it changes from
//! place to place and over time.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use indicators::{Assessment, DataPointResult, Kpi, Status};
use ngsi_ld::{Name, Timestamp, Uri};
use twin::Reader;

use super::areas::Areas;
use super::assessed::{
    self, ValueText, address_of, coverage_text, dimension_text, quality_text, status_text, unit_text,
};
use super::describe::{local_of, plain, ticked, type_label};
use super::features::cell;
use super::frame::{Frame, Place};
use super::language::Argument::Count;
use super::language::Language;
use super::plot::Plot;
use super::respond::{self, Failure};
use super::visit::{Visit, encode};
use super::{App, read};

#[derive(Template)]
#[template(path = "kpi.html")]
struct KpiPage {
    l: Language,
    frame: Frame,
    id: String,
    name: String,
    place: [String; 3],
    definition: Option<String>,
    sdg: String,
    parts: Vec<PartLink>,
    value: Option<ValueText>,
    status: Status,
    status_text: String,
    needed: Vec<(bool, String)>,
    facts: Vec<Fact>,
    formula: Option<String>,
    counted: Option<(String, String)>,
    benchmark: Option<String>,
    benchmark_basis: String,
    from: Vec<From>,
    sensitivity: Vec<(String, String)>,
    unit: String,
    notes: Vec<String>,
    areas: Option<Areas>,
    history: Option<Plot>,
    csv: String,
    entity: Option<String>,
}

struct PartLink {
    address: String,
    code: String,
    current: bool,
    value: String,
}

struct Fact {
    name: String,
    text: String,
}

struct From {
    label: String,
    address: Option<String>,
    count: String,
    attribute: String,
    readings: Option<String>,
    source: String,
    vintage: String,
    ids: Vec<(String, String)>,
}

/// `GET /kpi/{id}?data_point=…[&format=csv]`.
pub(crate) async fn page(
    State(_app): State<App>,
    Path(id): Path<String>,
    visit: Visit,
) -> Result<Response, Failure> {
    read(visit, move |visit| {
        let assessment = assessed::assessment(visit)?;
        let rows: Vec<_> = assessment
            .data_points
            .iter()
            .filter(|row| row.kpi == id)
            .collect();
        let asked = visit.parameter("data_point");
        let row = match asked {
            Some(part) => rows.iter().find(|row| row.data_point.as_deref() == Some(part)),
            // Of several parts, the first that says something.
            None => rows.iter().find(|row| row.value.is_some()).or(rows.first()),
        };
        let row = *row.ok_or_else(|| Failure::not_found(visit))?;
        if visit.parameter("format") == Some("csv") {
            return Ok(respond::file(
                "text/csv; charset=utf-8",
                "indicator.csv",
                csv(&assessment, row),
            ));
        }
        let kpi = visit.app.catalogue.kpi(&id);
        respond::page(visit, &show(visit, &assessment, row, &rows, kpi))
    })
    .await
}

fn show(
    visit: &Visit,
    assessment: &Assessment,
    row: &DataPointResult,
    rows: &[&DataPointResult],
    kpi: Option<&Kpi>,
) -> KpiPage {
    let l = visit.language;
    let unit = unit_text(&row.unit, l);
    let values: Vec<_> = assessment.areas_of(&row.kpi, row.data_point.as_deref()).collect();
    let parts = rows.iter().filter(|_| rows.len() > 1).map(|part| PartLink {
        address: address_of(&part.kpi, part.data_point.as_deref()),
        code: part
            .data_point
            .as_deref()
            .map(|code| plain(code).replace('_', " "))
            .unwrap_or_default(),
        current: part.data_point == row.data_point,
        value: ValueText::of(part, l).map_or_else(
            || status_text(part.status, l),
            |text| format!("{} {}", text.value, text.unit),
        ),
    });
    let counted = match (row.numerator, row.denominator) {
        (Some(numerator), Some(denominator)) => Some((l.value(numerator), l.value(denominator))),
        _ => None,
    };
    KpiPage {
        l,
        frame: Frame::new(visit, Place::Indicators, row.name.clone()),
        id: row.kpi.clone(),
        name: row.name.clone(),
        place: [
            dimension_text(&row.dimension, l),
            row.sub_dimension.clone(),
            row.category.clone(),
        ],
        definition: kpi.and_then(|kpi| kpi.definition.clone()),
        sdg: kpi.map(|kpi| kpi.sdg.join(", ")).unwrap_or_default(),
        parts: parts.collect(),
        value: ValueText::of(row, l),
        status: row.status,
        status_text: status_text(row.status, l),
        needed: row.needed.as_deref().map(ticked).unwrap_or_default(),
        facts: facts(row, l),
        formula: row.formula.as_deref().map(plain_long),
        counted,
        benchmark: row.benchmark.as_ref().map(|benchmark| l.value(benchmark.target)),
        benchmark_basis: row
            .benchmark
            .as_ref()
            .map(|b| plain(&b.basis))
            .unwrap_or_default(),
        from: computed_from(visit, row),
        sensitivity: row
            .sensitivity
            .iter()
            .map(|s| (plain(&s.assumption), l.value(s.value)))
            .collect(),
        notes: row.notes.iter().map(|note| plain_long(note)).collect(),
        areas: Areas::of(visit, &values),
        history: history(visit, row, &unit),
        csv: visit.address(&visit.path, &[("format", "csv")]),
        entity: Uri::parse(&row.entity)
            .ok()
            .filter(|id| visit.twin.get(&visit.view, id).is_some())
            .map(|id| format!("/entities/{}", encode(id.as_str()))),
        unit,
    }
}

/// A text that may be long, as it may be shown.
fn plain_long(text: &str) -> String {
    let mut left = text;
    let mut shown = String::new();
    while !left.is_empty() && shown.len() < 4000 {
        let cut = left
            .char_indices()
            .nth(250)
            .map_or(left.len(), |(index, _)| index);
        let (head, tail) = left.split_at(cut);
        shown.push_str(&plain(head));
        left = tail;
    }
    shown
}

fn facts(row: &DataPointResult, l: Language) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut add = |key: &str, text: Option<String>| {
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            facts.push(Fact {
                name: l.text(key),
                text,
            });
        }
    };
    add("fact-quality", quality_text(row, l));
    add("fact-coverage", coverage_text(row, l));
    add("fact-period", row.period.as_deref().map(plain));
    add(
        "fact-vintages",
        Some(
            row.vintages
                .iter()
                .map(|v| plain(v))
                .collect::<Vec<_>>()
                .join(", "),
        ),
    );
    add(
        "fact-attainment",
        row.attainment_pct
            .map(|percent| format!("{}\u{a0}%", l.number(percent, 0))),
    );
    add(
        "fact-points",
        row.points
            .map(|points| l.text_with("points-of-four", &[("points", Count(points.into()))])),
    );
    add(
        "fact-index",
        row.index.map(|index| format!("{}\u{a0}%", l.number(index, 0))),
    );
    add(
        "fact-origin",
        row.origin
            .as_deref()
            .filter(|origin| *origin != "calculated")
            .map(plain),
    );
    if row.value.is_some() {
        let verified = match row.verified {
            Some(true) => l.text("verified-yes"),
            Some(false) => l.text("verified-no"),
            None => l.text("verified-nobody"),
        };
        add("fact-verified", Some(verified));
    }
    facts
}

fn computed_from(visit: &Visit, row: &DataPointResult) -> Vec<From> {
    let l = visit.language;
    row.computed_from
        .iter()
        .map(|from| From {
            label: type_label(l, &Name::default_term(&from.entity_type)),
            address: (from.count > 0).then(|| format!("/entities?type={}", encode(&from.entity_type))),
            count: l.count(from.count),
            attribute: from.attribute.as_deref().map(plain).unwrap_or_default(),
            readings: from.readings.map(|n| l.count(n)),
            source: from.source.as_deref().map(plain).unwrap_or_default(),
            vintage: from.vintage.as_deref().map(plain).unwrap_or_default(),
            ids: from
                .ids
                .iter()
                .filter_map(|id| Uri::parse(id).ok())
                .map(|id| (format!("/entities/{}", encode(id.as_str())), local_of(&id)))
                .take(10)
                .collect(),
        })
        .collect()
}

/// The values that the indicator's entity had over time.
fn history(visit: &Visit, row: &DataPointResult, unit: &str) -> Option<Plot> {
    let id = Uri::parse(&row.entity).ok()?;
    let entity = visit.twin.get(&visit.view, &id)?;
    let value = entity
        .attributes
        .iter()
        .find(|a| matches!(a.name.short(), "kpiValue" | "value"))?;
    let always = (Timestamp::MIN, Timestamp::MAX);
    let samples = visit.twin.series(&visit.view, &id, &value.name, always).ok()?;
    let samples: Vec<_> = samples
        .iter()
        .map(|sample| (sample.observed_at, sample.value))
        .collect();
    Plot::of(
        visit.language.text("history-title"),
        unit.to_owned(),
        &samples,
        visit.language,
    )
}

fn csv(assessment: &Assessment, row: &DataPointResult) -> String {
    let mut text = String::from("kpi,data_point,area,name,value,unit,numerator,denominator\r\n");
    let number = |value: Option<f64>| value.map(|n| n.to_string()).unwrap_or_default();
    let part = row.data_point.clone().unwrap_or_default();
    let city = [
        row.kpi.clone(),
        part.clone(),
        String::new(),
        assessment.city.clone(),
        number(row.value.as_ref().and_then(indicators::KpiValue::as_f64)),
        row.unit.clone(),
        number(row.numerator),
        number(row.denominator),
    ];
    let areas = assessment
        .areas_of(&row.kpi, row.data_point.as_deref())
        .map(|area| {
            [
                row.kpi.clone(),
                part.clone(),
                area.area.clone(),
                area.name.clone(),
                number(area.value),
                area.unit.clone(),
                number(area.numerator),
                number(area.denominator),
            ]
        });
    for cells in std::iter::once(city).chain(areas) {
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
