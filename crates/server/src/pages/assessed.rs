//! The city's assessment, as the pages show it.

use std::sync::Arc;
use std::time::Duration;

use indicators::{Assessment, DataPointResult, KpiValue, Status};

use super::language::Language;
use super::respond::Failure;
use super::visit::{Visit, encode};
use crate::kpi::cache;

/// An assessment may be this old: readings arrive all the time, and a page need not wait for each.
const FRESH: Duration = Duration::from_secs(5);

/// The latest assessment.
pub(crate) fn assessment(visit: &Visit) -> Result<Arc<Assessment>, Failure> {
    cache::assessment(&visit.app, None, &visit.twin, &visit.view, None, FRESH).map_err(|error| {
        tracing::error!(%error, "the city could not be assessed");
        Failure::internal(visit)
    })
}

/// A value as words: the number or word, and the unit.
pub(crate) struct ValueText {
    pub(crate) value: String,
    pub(crate) unit: String,
}

impl ValueText {
    /// Of a data point that has one.
    pub(crate) fn of(row: &DataPointResult, l: Language) -> Option<Self> {
        let value = match row.value.as_ref()? {
            KpiValue::Number(number) => l.value(*number),
            KpiValue::Boolean(true) => l.text("yes"),
            KpiValue::Boolean(false) => l.text("no"),
            KpiValue::Text(text) => super::describe::plain(text),
        };
        let unit = if matches!(row.value, Some(KpiValue::Number(_))) {
            unit_text(&row.unit, l)
        } else {
            String::new()
        };
        Some(Self { value, unit })
    }
}

/// The catalogue's unit, or nothing where it says nothing.
pub(crate) fn unit_text(unit: &str, l: Language) -> String {
    match unit {
        "number" | "ratio" | "index" | "yes/no" => String::new(),
        "%" => "%".to_owned(),
        other => {
            let _ = l;
            super::describe::plain(other)
        }
    }
}

/// The word for a status.
pub(crate) fn status_text(status: Status, l: Language) -> String {
    match status {
        Status::Calculated => l.text("status-calculated"),
        Status::Reported => l.text("status-reported"),
        Status::NotReported => l.text("status-not-reported"),
        Status::NotApplicable => l.text("status-not-applicable"),
    }
}

/// Quality in words.
pub(crate) fn quality_text(row: &DataPointResult, l: Language) -> Option<String> {
    use indicators::Quality;
    Some(match row.quality? {
        Quality::AccurateMeasurement => l.text("quality-accurate"),
        Quality::SurveyExtrapolation => l.text("quality-survey"),
        Quality::HigherLevelExtrapolation => l.text("quality-higher-level"),
        Quality::EstimateOnAssumptions => l.text("quality-estimate"),
        Quality::PersonalEstimate => l.text("quality-personal"),
        Quality::Unknown => l.text("quality-unknown"),
    })
}

/// Coverage in words: of the time, of the area.
pub(crate) fn coverage_text(row: &DataPointResult, l: Language) -> Option<String> {
    use super::language::Argument::Text;
    let percent = |value: f64| l.value((value * 10.0).round() / 10.0);
    let time = row
        .coverage
        .temporal_pct
        .map(|p| l.text_with("coverage-time", &[("percent", Text(&percent(p)))]));
    let area = row
        .coverage
        .area_pct
        .map(|p| l.text_with("coverage-area", &[("percent", Text(&percent(p)))]));
    match (time, area) {
        (Some(time), Some(area)) => Some(format!("{time}{}{area}", l.text("list-comma"))),
        (one, other) => one.or(other),
    }
}

/// The address of a data point's page.
pub(crate) fn address_of(kpi: &str, data_point: Option<&str>) -> String {
    let path = format!("/kpi/{}", encode(kpi));
    match data_point {
        Some(part) => format!("{path}?data_point={}", encode(part)),
        None => path,
    }
}

/// The three dimensions in the reader's language; any other name as the catalogue has it.
pub(crate) fn dimension_text(name: &str, l: Language) -> String {
    match name {
        "Economy" => l.text("dimension-economy"),
        "Environment" => l.text("dimension-environment"),
        "Society and Culture" | "Society & Culture" => l.text("dimension-society"),
        other => other.to_owned(),
    }
}
