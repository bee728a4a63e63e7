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
//! | [`indicator`] | what is measured: reach by group and district, in three values; and the city's KPIs |
//! | [`run`] | baseline and scenarios, measured and compared |
//! | [`choose`] | all subsets of up to 15 measures under a budget; the Pareto set, and why the others were dropped |
//! | [`siting`] | where new stops or clinics would help most people |
//! | [`result`] | what a run says, as a contract in JSON; CSV and HTML of it |
//! | [`job`] | runs in the background: progress, cancel, resume; their entities |

pub mod access;
pub mod catalogue;
pub mod choose;
pub mod file;
pub mod indicator;
pub mod job;
pub mod measures;
pub mod model;
pub mod result;
pub mod run;
pub mod siting;
