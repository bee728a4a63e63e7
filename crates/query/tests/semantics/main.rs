//! What queries mean, against oracles that share no code with the crate.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests stand outside the tests themselves"
)]

mod evaluator;
mod oracle;
mod plan;
mod random;
mod temporal;
