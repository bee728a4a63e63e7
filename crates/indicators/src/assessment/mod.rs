//! The self-assessment: every data point of the catalogue with its value or the reason why there is none.

mod calculated;
mod entities;
mod run;

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::catalogue::{Benchmark, Level};
use crate::period::PeriodRequest;
use crate::score::ScoreTree;

pub(crate) use entities::kpi_entity_id;
pub use run::assess;

/// What an assessment is asked to do.
#[derive(Clone, Debug, Default)]
pub struct AssessOptions {
    /// The period; without it, for each indicator the latest that has data.
    pub period: Option<PeriodRequest>,
    /// The city's time zone; without it, that of the timetable's agency, else UTC.
    pub time_zone: Option<TimeZone>,
    /// The city's name; without it, that of a city-level area, else what the areas have in common.
    pub city: Option<String>,
    /// The name that stands for the city where nothing else says it: the tenant's.
    pub tenant: Option<String>,
}

/// Why there is no assessment. Missing data is no error: it is a row that says what is missing.
#[derive(Debug, thiserror::Error)]
pub enum AssessError {
    /// The twin could not be read.
    #[error("the twin could not be read: {0}")]
    Twin(#[from] twin::Error),
    /// The period holds no instant in the city's time zone.
    #[error("the period `{0}` is empty in the city's time zone: give one that ends after it begins")]
    EmptyPeriod(String),
}

/// A city's self-assessment. Its JSON is a contract.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Assessment {
    /// The city's name.
    pub city: String,
    /// The period that was asked for, or `latest`.
    pub period: String,
    /// The city's time zone (IANA name).
    pub time_zone: String,
    /// Name and version of the catalogue.
    pub catalogue_version: String,
    /// Name and version of the benchmark set.
    pub benchmark_set: String,
    /// How many data points have a value.
    pub coverage: Coverage,
    /// Scores, each with its own coverage.
    pub score: ScoreTree,
    /// The 112 city-level rows, in catalogue order.
    pub data_points: Vec<DataPointResult>,
    /// Values of areas within the city.
    pub areas: Vec<AreaValue>,
    /// Indicators beyond the catalogue.
    pub extra: Vec<ExtraValue>,
    /// What the reader should know about the whole.
    pub warnings: Vec<String>,
    /// Values that break a plausibility rule; they are shown, and not scored.
    #[serde(default)]
    pub plausibility: Vec<String>,
}

/// How much of a catalogue has a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// Calculated and reported data points.
    pub reported: usize,
    /// All data points, those that do not apply left out.
    pub total: usize,
}

/// One data point of the city.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DataPointResult {
    /// The KPI's identifier.
    pub kpi: String,
    /// The part of it, where it is split.
    pub data_point: Option<String>,
    /// Its name.
    pub name: String,
    /// The value, never clamped or rounded.
    pub value: Option<KpiValue>,
    /// The unit of the value.
    pub unit: String,
    /// Whether and how there is a value.
    pub status: Status,
    /// `calculated` from the twin, or who reported it.
    pub origin: Option<String>,
    /// How good the value is.
    pub quality: Option<Quality>,
    /// How much of period and area the data cover.
    pub coverage: DataCoverage,
    /// The years that the data are of, for each source.
    pub vintages: Vec<String>,
    /// 1 to 4, where the data point is scored.
    pub points: Option<u8>,
    /// How much of the benchmark the value attains, 0 to 100.
    pub attainment_pct: Option<f64>,
    /// The period the value is of.
    pub period: Option<String>,
    /// The same as two instants, the second excluded.
    pub calculation_period: Option<CalculationPeriod>,
    /// What the value was computed from.
    pub computed_from: Vec<ComputedFrom>,
    /// The formula with its numbers.
    pub formula: Option<String>,
    /// Whether an independent verifier confirmed it; none: nobody looked.
    pub verified: Option<bool>,
    /// What is counted.
    pub numerator: Option<f64>,
    /// Against what.
    pub denominator: Option<f64>,
    /// For a concentration: percent of the guideline value.
    pub index: Option<f64>,
    /// What it is measured against.
    pub benchmark: Option<Benchmark>,
    /// How the value changes with the assumptions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sensitivity: Vec<Sensitivity>,
    /// Further numbers of the calculation, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub details: BTreeMap<String, f64>,
    /// What the reader should know.
    pub notes: Vec<String>,
    /// What the city reported for the same data point, where the value is calculated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reported: Option<Reported>,
    /// The unit of a reported value, as reported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reported_unit: Option<String>,
    /// What would be needed, where there is no value.
    pub needed: Option<String>,
    /// Its place in the catalogue.
    pub dimension: String,
    /// See above.
    pub sub_dimension: String,
    /// See above.
    pub category: String,
    /// Core or advanced.
    pub level: Level,
    /// The id of the entity that keeps the value and its history.
    pub entity: String,
}

/// A value: a number as a rule, a truth value for a yes/no data point.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
#[allow(missing_docs, reason = "the names say it")]
pub enum KpiValue {
    Number(f64),
    Boolean(bool),
    Text(String),
}

/// Whether and how a data point has a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names are the contract's own")]
pub enum Status {
    Calculated,
    Reported,
    NotReported,
    NotApplicable,
}

/// The six quality levels of U4SSC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quality {
    /// Accurate measurement.
    AccurateMeasurement,
    /// Extrapolated from a survey of inhabitants.
    SurveyExtrapolation,
    /// Extrapolated from higher-level data.
    HigherLevelExtrapolation,
    /// An estimate on assumptions.
    EstimateOnAssumptions,
    /// A personal estimate.
    PersonalEstimate,
    /// Unknown or untraceable.
    Unknown,
}

/// How much of the period and of the area the data cover, in percent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DataCoverage {
    /// Of the period; none where the data are a state, not a series.
    pub temporal_pct: Option<f64>,
    /// Of the area; none where it cannot be told.
    pub area_pct: Option<f64>,
}

/// The period of a calculation: [from, to).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names say it")]
pub struct CalculationPeriod {
    pub from: String,
    pub to: String,
}

/// One source of a value: entities of one type in the twin.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ComputedFrom {
    /// The entity type, short.
    #[serde(rename = "type")]
    pub entity_type: String,
    /// How many entities.
    pub count: usize,
    /// Their ids, where they are few.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ids: Vec<String>,
    /// The attribute that was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribute: Option<String>,
    /// How many values of its history, for a series.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub readings: Option<usize>,
    /// Where the data come from: file, provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The year the data are of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vintage: Option<String>,
}

/// A value under another assumption.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sensitivity {
    /// The assumption, e.g. `corridor buffer 5 m`.
    pub assumption: String,
    /// The value under it.
    pub value: f64,
}

/// A value that the city reported.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reported {
    /// The value.
    pub value: KpiValue,
    /// Its unit, as reported.
    pub unit: Option<String>,
    /// Its period, as reported.
    pub period: Option<String>,
    /// Its quality.
    pub quality: Option<Quality>,
    /// Its origin, as reported.
    pub origin: Option<String>,
    /// Its source, as reported.
    pub source: Option<String>,
    /// A note, as reported.
    pub note: Option<String>,
}

/// A value of one area within the city.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AreaValue {
    /// The area entity's id.
    pub area: String,
    /// The area's name.
    pub name: String,
    /// The area's code.
    pub code: Option<String>,
    /// The KPI.
    pub kpi: String,
    /// Its part.
    pub data_point: Option<String>,
    /// The value; none where nobody lives there.
    pub value: Option<f64>,
    /// The unit.
    pub unit: String,
    /// What is counted.
    pub numerator: Option<f64>,
    /// Against what.
    pub denominator: Option<f64>,
    /// How much of the benchmark the value attains.
    pub attainment_pct: Option<f64>,
    /// The id of the entity that keeps the value and its history.
    pub entity: String,
}

/// An indicator of the city's own, beyond the catalogue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExtraValue {
    /// Its identifier.
    pub kpi: String,
    /// Its part.
    pub data_point: Option<String>,
    /// Its name.
    pub name: String,
    /// The reported value.
    #[serde(flatten)]
    pub reported: Reported,
    /// The id of the entity that keeps the value and its history.
    pub entity: String,
}

impl KpiValue {
    /// As a number; yes is 1, no is 0.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Boolean(yes) => Some(f64::from(u8::from(*yes))),
            Self::Text(_) => None,
        }
    }
}

impl Quality {
    /// The slug that JSON, CSV and the twin carry.
    pub fn slug(self) -> &'static str {
        match self {
            Self::AccurateMeasurement => "accurate_measurement",
            Self::SurveyExtrapolation => "survey_extrapolation",
            Self::HigherLevelExtrapolation => "higher_level_extrapolation",
            Self::EstimateOnAssumptions => "estimate_on_assumptions",
            Self::PersonalEstimate => "personal_estimate",
            Self::Unknown => "unknown",
        }
    }

    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::AccurateMeasurement => "accurate measurement",
            Self::SurveyExtrapolation => "extrapolated from a survey of inhabitants",
            Self::HigherLevelExtrapolation => "extrapolated from higher-level data",
            Self::EstimateOnAssumptions => "estimate on assumptions",
            Self::PersonalEstimate => "personal estimate",
            Self::Unknown => "unknown or untraceable",
        }
    }

    /// From a slug or from its words; `None` for any other text.
    pub fn parse(text: &str) -> Option<Self> {
        let plain = text.trim().to_lowercase().replace(['_', '-'], " ");
        [
            Self::AccurateMeasurement,
            Self::SurveyExtrapolation,
            Self::HigherLevelExtrapolation,
            Self::EstimateOnAssumptions,
            Self::PersonalEstimate,
            Self::Unknown,
        ]
        .into_iter()
        .find(|quality| {
            [quality.slug(), quality.words()]
                .iter()
                .any(|known| known.replace(['_', '-'], " ") == plain)
        })
    }
}

impl Status {
    /// The word that JSON and CSV carry.
    pub fn slug(self) -> &'static str {
        match self {
            Self::Calculated => "calculated",
            Self::Reported => "reported",
            Self::NotReported => "not_reported",
            Self::NotApplicable => "not_applicable",
        }
    }
}

impl Assessment {
    /// One data point.
    pub fn data_point(&self, kpi: &str, data_point: Option<&str>) -> Option<&DataPointResult> {
        self.data_points
            .iter()
            .find(|row| row.kpi == kpi && row.data_point.as_deref() == data_point)
    }

    /// The values of areas of one data point.
    pub fn areas_of<'a>(
        &'a self,
        kpi: &'a str,
        data_point: Option<&'a str>,
    ) -> impl Iterator<Item = &'a AreaValue> + 'a {
        self.areas
            .iter()
            .filter(move |row| row.kpi == kpi && row.data_point.as_deref() == data_point)
    }
}
