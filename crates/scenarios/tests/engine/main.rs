//! Whole runs: the demo city and the Nairobi pack, measures carried out on entities, compared, chosen between, stored.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test program, which says what it leaves out"
)]

mod choice;
mod city;
mod jobs;
mod nairobi;
mod ready;
mod runs;
