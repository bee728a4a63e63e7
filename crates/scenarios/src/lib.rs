//! What a city would gain, before it pays: measures, runs, comparison and choice.
//!
//! A scenario is a snapshot of the twin with measures. A measure changes *entities* (a stop, a kerb, a timetable) in
//! a [`twin::Fork`], which is queried like the twin; simulators and the KPI calculation then read that fork, and the
//! differences to the baseline are what the measure does. The live twin is never touched; a run's results become
//! entities of it.
//!
//! | Module | Idea |
//! |---|---|
//! | [`file`] | the scenario file: named measures, scenarios, what to measure, what to choose between |
//! | [`access`] | questions of reach on a city: isochrones, shares, ways, matrices, missing tags |
//! | [`catalogue`] | the kinds of measures, as data: parameters, and which entities each changes and how |
//! | [`measures`] | a measure of a kind, against a fork of the twin: operations, contradictions, application |
//! | [`model`] | from entities to the inputs of the simulators: streets, timetable, people, places |
//! | [`names`] | what indicators and groups are called, everywhere |
//! | [`indicator`] | what is measured: reach by group and district, in three values; and the city's KPIs |
//! | [`run`] | baseline and scenarios, measured and compared |
//! | [`choose`] | all subsets of up to 15 measures under a budget; the Pareto set, and why the others were dropped |
//! | [`siting`] | where new stops or clinics would help most people |
//! | [`result`] | what a run says, as a contract in JSON; CSV and HTML of it |
//! | [`job`] | runs in the background: progress, cancel, resume; their entities |

#![cfg_attr(
    test,
    allow(
        clippy::cloned_ref_to_slice_refs,
        clippy::duration_suboptimal_units,
        clippy::float_cmp,
        clippy::format_collect,
        reason = "tests say what they mean, and compare exactly where exactly is meant"
    )
)]

pub mod access;
pub mod catalogue;
pub mod choose;
pub mod file;
pub mod indicator;
pub mod job;
pub mod measures;
pub mod model;
pub mod names;
pub mod result;
pub mod run;
pub mod siting;
