//! The city's key performance indicators: the U4SSC catalogue, the calculation of what the twin can answer,
//! values that the city reports, points and scores, and the assessment that puts them side by side.
//!
//! Everything is read through [`twin::Reader`] with a [`query::View`]; calculation itself is pure (no I/O, no
//! clock): inputs in, numbers with their provenance out.

pub mod assessment;
pub mod binding;
pub mod calculation;
pub mod catalogue;
mod chart;
pub mod geometry;
pub mod period;
pub mod report;
pub mod score;

pub use assessment::{
    AreaValue, AssessError, AssessOptions, Assessment, ComputedFrom, Coverage, DataCoverage, DataPointResult,
    ExtraValue, KpiValue, Quality, Reported, Sensitivity, Status, assess,
};
pub use catalogue::{Benchmark, BenchmarkSet, Catalogue, DataPoint, Direction, Kpi};
pub use period::{Period, PeriodRequest};
pub use score::{Band, Score, ScoreTree};
