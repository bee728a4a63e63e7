//! The benchmark set: what each data point is measured against, and why.

use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

/// A set of benchmarks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BenchmarkSet {
    /// Its name.
    #[serde(rename = "benchmark_set")]
    pub name: String,
    /// The version of this file.
    pub version: String,
    /// Whose it is.
    pub about: String,
    /// The benchmarks.
    pub benchmarks: Vec<Benchmark>,
}

/// The benchmark of one data point.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Benchmark {
    /// The KPI.
    pub kpi: String,
    /// Its part, where it is split.
    pub data_point: Option<String>,
    /// The value that counts as full attainment, in the data point's unit.
    pub target: f64,
    /// Where the target comes from.
    pub basis: String,
    /// For a target of 0: the value at which attainment reaches 0, falling linearly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zero_at: Option<f64>,
}

impl BenchmarkSet {
    /// The project's own set, compiled in.
    #[allow(
        clippy::expect_used,
        clippy::missing_panics_doc,
        reason = "the file is compiled in and a test parses it"
    )]
    pub fn built_in() -> &'static Self {
        static SET: OnceLock<BenchmarkSet> = OnceLock::new();
        SET.get_or_init(|| {
            serde_json::from_str(include_str!("../../data/benchmarks-1.json")).expect("benchmark file")
        })
    }

    /// Its name and version, as the assessment prints it: `mapacha-1`.
    pub fn label(&self) -> String {
        format!("{}-{}", self.name, self.version)
    }

    /// The benchmark of one data point, if it has one.
    pub fn of(&self, kpi: &str, data_point: Option<&str>) -> Option<&Benchmark> {
        self.benchmarks
            .iter()
            .find(|b| b.kpi == kpi && b.data_point.as_deref() == data_point)
    }
}
