//! A suite of our own for ETSI GS CIM 009 V1.9.1: tables of cases, each written from a clause, asked of the built
//! binary over HTTP.
//!
//! Each file in `cases/` is an area. Every case runs twice, each time in a tenant of its own: as it is written, and
//! with all its ids, types, attribute names and contexts renamed, so that nothing passes by knowing the payloads.
//! `docs/src/reference/ngsi-ld.md` says how to run it and how a case is written.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::missing_panics_doc,
    reason = "a suite fails by panicking and says why"
)]

pub mod area;
pub mod compare;
pub mod receiver;
pub mod run;

pub use run::run;
