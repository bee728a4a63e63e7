//! The doors, asked in process over a city in memory.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests may, also outside of the functions that clippy knows as tests"
)]

mod admitted;
mod audit;
mod batch;
mod break_glass;
mod browsers;
mod common;
mod contexts;
mod described;
mod desk;
mod desk_refusals;
mod devices;
mod discovery;
mod entities;
mod evolution;
mod guards;
mod impact_gate;
mod linked;
mod maps;
mod nasty;
mod ordering;
mod passkeys;
mod payloads;
mod personal;
mod pki;
mod programs;
mod provider;
mod purge;
mod purposes;
mod rates;
mod refused;
mod registrations;
mod retention;
mod scenarios;
mod schema;
mod second_factor;
mod seen;
mod service;
mod snapshots;
mod source_subscriptions;
mod surface;
mod temporal;
mod tenants;
mod tls;
mod trust;
mod versions;
