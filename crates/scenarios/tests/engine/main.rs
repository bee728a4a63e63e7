//! Whole runs: the demo city and the Nairobi pack, measures carried out on entities, compared, chosen between, stored.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::float_cmp,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test program: it says what it leaves out, and compares exactly where exactly is meant"
)]

mod choice;
mod city;
mod jobs;
mod nairobi;
mod ready;
mod runs;
