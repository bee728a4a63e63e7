//! The audit log, held against published vectors, two implementations by others, the definition itself, and damage; the
//! desk and the legal profiles, each check of them violated.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "tests may, also outside of the functions that clippy knows as tests"
)]

mod city;
mod crash;
mod desk;
mod forms;
mod holds;
mod merkle;
mod others;
mod profiles;
mod retention;
mod retention_rules;
mod tamper;
mod written;
