//! Tests of the twin through its public API.

mod common;
mod concurrency;
mod durability;
mod model;
mod operations;
mod queries;
mod restart;
mod snapshots;
mod views;
