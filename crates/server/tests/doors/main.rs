//! The doors, asked in process over a city in memory.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "tests may, also outside of the functions that clippy knows as tests"
)]

mod admitted;
mod audit;
mod batch;
mod common;
mod contexts;
mod described;
mod devices;
mod discovery;
mod entities;
mod evolution;
mod guards;
mod linked;
mod maps;
mod nasty;
mod ordering;
mod payloads;
mod pki;
mod purge;
mod registrations;
mod scenarios;
mod schema;
mod seen;
mod service;
mod snapshots;
mod source_subscriptions;
mod temporal;
mod tls;
mod versions;
