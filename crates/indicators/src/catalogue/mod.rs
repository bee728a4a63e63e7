//! The catalogue of indicators: a versioned data file that is compiled in.

mod benchmarks;

use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

pub use benchmarks::{Benchmark, BenchmarkSet};

/// A catalogue of KPIs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Catalogue {
    /// Its name, e.g. `U4SSC`.
    #[serde(rename = "catalogue")]
    pub name: String,
    /// The version of this file.
    pub version: String,
    /// What it is and where it comes from.
    pub about: String,
    /// The KPIs, in the order in which they are reported.
    pub kpis: Vec<Kpi>,
}

/// A key performance indicator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kpi {
    /// Its identifier, e.g. `EC: I: T: 2A`.
    pub id: String,
    /// One of three, e.g. `Economy`.
    pub dimension: String,
    /// One of seven, e.g. `Infrastructure`.
    pub sub_dimension: String,
    /// One of 22 within its sub-dimension, e.g. `Transport`.
    pub category: String,
    /// Its name.
    pub name: String,
    /// Core or advanced. Data, not derived from the identifier's last letter.
    pub level: Level,
    /// `smart`, `structural` or `sustainable`.
    #[serde(rename = "type")]
    pub label: Option<String>,
    /// The unit of its values.
    pub unit: String,
    /// Which values are better.
    pub direction: Direction,
    /// How it is computed.
    pub formula: Formula,
    /// The SDG targets or indicators it answers.
    pub sdg: Vec<String>,
    /// What it says, in the project's words.
    pub definition: Option<String>,
    /// What is reported and scored: one entry without a code, or one for each part.
    pub data_points: Vec<DataPointPart>,
    /// What to know when reporting it.
    pub reporting_notes: Option<String>,
    /// What a verifier looks at.
    pub verifier_plausibility: Option<Vec<String>>,
    /// How well this row is founded: `sourced` or `partly-sourced`.
    pub confidence: String,
    /// The fields of this row that nobody has checked against the source.
    pub from_memory_fields: Vec<String>,
    /// Where the row was read.
    pub source: Vec<String>,
    /// How well the formula is founded.
    pub formula_confidence: String,
}

/// The level of a KPI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the names are the catalogue's own")]
pub enum Level {
    Core,
    Advanced,
}

/// Which values of a KPI are better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Direction {
    /// The more, the better.
    #[serde(rename = "higher")]
    Higher,
    /// The less, the better.
    #[serde(rename = "lower")]
    Lower,
    /// The nearer to 1, the better (parity).
    #[serde(rename = "target_1")]
    Parity,
    /// It differs between the data points and is not laid down: such data points are not scored.
    #[serde(rename = "per_datapoint")]
    PerDataPoint,
}

/// How a KPI is computed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Formula {
    /// `percent`, `per_100k`, `ratio` …
    pub kind: String,
    /// What is counted.
    pub numerator: Option<String>,
    /// Against what.
    pub denominator: Option<String>,
    /// The factor of the quotient.
    pub multiplier: Option<f64>,
}

/// A part of a KPI that has a value of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataPointPart {
    /// Its code within the KPI, e.g. `PM2.5`; none where the KPI is not split.
    pub code: Option<String>,
    /// The unit of its values.
    pub unit: String,
}

/// A data point: the unit of reporting and scoring, 112 in U4SSC.
#[derive(Clone, Debug, PartialEq)]
pub struct DataPoint<'a> {
    /// The KPI it belongs to.
    pub kpi: &'a Kpi,
    /// Its code within the KPI, e.g. `PM2.5`; none where the KPI is not split.
    pub data_point: Option<&'a str>,
    /// The unit of its values.
    pub unit: &'a str,
}

impl DataPoint<'_> {
    /// The name for people: that of the KPI, with the part where there is one.
    pub fn name(&self) -> String {
        match self.data_point {
            Some(part) => format!("{} ({})", self.kpi.name, part.replace('_', " ")),
            None => self.kpi.name.clone(),
        }
    }
}

impl Catalogue {
    /// The U4SSC catalogue that is compiled in.
    #[allow(
        clippy::expect_used,
        clippy::missing_panics_doc,
        reason = "the file is compiled in and a test parses it"
    )]
    pub fn built_in() -> &'static Self {
        static CATALOGUE: OnceLock<Catalogue> = OnceLock::new();
        CATALOGUE.get_or_init(|| {
            serde_json::from_str(include_str!("../../data/u4ssc-catalogue-1.json")).expect("catalogue file")
        })
    }

    /// Its name and version, as the assessment prints it: `U4SSC-1`.
    pub fn label(&self) -> String {
        format!("{}-{}", self.name, self.version)
    }

    /// Every data point, in catalogue order.
    pub fn data_points(&self) -> impl Iterator<Item = DataPoint<'_>> {
        self.kpis.iter().flat_map(|kpi| {
            kpi.data_points.iter().map(move |part| DataPoint {
                kpi,
                data_point: part.code.as_deref(),
                unit: &part.unit,
            })
        })
    }

    /// The KPI with this identifier.
    pub fn kpi(&self, id: &str) -> Option<&Kpi> {
        self.kpis.iter().find(|kpi| kpi.id == id)
    }

    /// One data point.
    pub fn data_point(&self, kpi: &str, data_point: Option<&str>) -> Option<DataPoint<'_>> {
        self.data_points()
            .find(|point| point.kpi.id == kpi && point.data_point == data_point)
    }
}
