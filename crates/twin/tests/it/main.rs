//! Tests of the twin through its public API.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::float_cmp,
    clippy::clone_on_ref_ptr,
    clippy::items_after_statements,
    clippy::many_single_char_names,
    clippy::match_same_arms,
    clippy::option_option,
    clippy::missing_panics_doc,
    reason = "tests panic when they fail, and count in small numbers"
)]

mod aging;
mod common;
mod concurrency;
mod contexts;
mod corrections;
mod counters;
mod damage;
mod delivery;
mod durability;
mod entity_maps;
mod evolution;
mod forks;
mod idle;
mod kept_snapshots;
mod last_state;
mod linked;
mod model;
mod noninterference;
mod operations;
mod order_plans;
mod ordering;
mod plans;
mod queries;
mod reference;
mod registrations;
mod restart;
mod rights;
mod rows;
mod snapshot_damage;
mod snapshot_notices;
mod snapshots;
mod source_subscriptions;
mod stored;
mod subscriptions;
mod tenants;
mod texts;
mod throttling;
mod transient;
mod views;
