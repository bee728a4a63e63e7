//! The policies from outside: against Cedar itself, as roles, as texts that people write, and in a store.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a suite fails by panicking, and says what it tried"
)]

mod demo_city;
mod differential;
mod documents;
mod explained;
mod impact;
mod messages;
mod mutated;
mod random;
mod roles;
mod store;
