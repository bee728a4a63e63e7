//! The rows of the assessment as CSV.

use crate::assessment::{Assessment, DataPointResult, KpiValue};

const COLUMNS: [&str; 30] = [
    "kpi",
    "data_point",
    "name",
    "value",
    "unit",
    "status",
    "origin",
    "quality",
    "temporal_pct",
    "area_pct",
    "vintages",
    "period",
    "points",
    "attainment_pct",
    "target",
    "target_basis",
    "verified",
    "numerator",
    "denominator",
    "index",
    "formula",
    "computed_from",
    "notes",
    "reported_value",
    "needed",
    "dimension",
    "sub_dimension",
    "category",
    "level",
    "entity",
];

/// The city-level rows as CSV (RFC 4180, UTF-8, with a header). A text that a spreadsheet would run as a formula
/// gets an apostrophe before it.
pub fn csv(assessment: &Assessment) -> String {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    // A Vec takes everything: there is nothing here that could fail.
    let _ = writer.write_record(COLUMNS);
    for row in &assessment.data_points {
        let _ = writer.write_record(fields(row));
    }
    String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
}

fn fields(row: &DataPointResult) -> [String; 30] {
    let number = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
    let text = |value: &Option<String>| harmless(value.as_deref().unwrap_or_default());
    let level = if row.level == crate::catalogue::Level::Core {
        "core"
    } else {
        "advanced"
    };
    [
        row.kpi.clone(),
        row.data_point.clone().unwrap_or_default(),
        row.name.clone(),
        row.value.as_ref().map_or_else(String::new, value),
        row.unit.clone(),
        row.status.slug().to_owned(),
        text(&row.origin),
        row.quality
            .map_or_else(String::new, |quality| quality.slug().to_owned()),
        number(row.coverage.temporal_pct),
        number(row.coverage.area_pct),
        harmless(&row.vintages.join(" ")),
        text(&row.period),
        row.points.map_or_else(String::new, |points| points.to_string()),
        number(row.attainment_pct),
        number(row.benchmark.as_ref().map(|benchmark| benchmark.target)),
        row.benchmark
            .as_ref()
            .map_or_else(String::new, |benchmark| benchmark.basis.clone()),
        row.verified
            .map_or_else(String::new, |verified| verified.to_string()),
        number(row.numerator),
        number(row.denominator),
        number(row.index),
        text(&row.formula),
        harmless(&sources(row)),
        harmless(&row.notes.join("; ")),
        row.reported
            .as_ref()
            .map_or_else(String::new, |reported| value(&reported.value)),
        text(&row.needed),
        row.dimension.clone(),
        row.sub_dimension.clone(),
        row.category.clone(),
        level.to_owned(),
        row.entity.clone(),
    ]
}

fn value(value: &KpiValue) -> String {
    match value {
        KpiValue::Number(number) => number.to_string(),
        KpiValue::Boolean(yes) => if *yes { "yes" } else { "no" }.to_owned(),
        KpiValue::Text(text) => harmless(text),
    }
}

/// What a value was computed from, in one line: `4284 GtfsStop; 32907 readings of 1 AirQualityObserved`.
pub(super) fn sources(row: &DataPointResult) -> String {
    let parts: Vec<String> = row
        .computed_from
        .iter()
        .map(|source| {
            let readings = source
                .readings
                .map_or_else(String::new, |count| format!("{count} readings of "));
            let of = match (&source.source, &source.vintage) {
                (Some(file), Some(vintage)) => format!(" ({file}, {vintage})"),
                (Some(one), None) | (None, Some(one)) => format!(" ({one})"),
                (None, None) => String::new(),
            };
            format!("{readings}{} {}{of}", source.count, source.entity_type)
        })
        .collect();
    parts.join("; ")
}

fn harmless(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}
