//! People and services over a store in memory, with a clock that is set.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests may, also outside of the functions that clippy knows as tests"
)]

mod authenticator;
mod break_glass;
mod devices;
mod keys;
mod login;
mod passkeys;
mod passkeys_attacks;
mod passkeys_login;
mod passkeys_own;
mod people;
mod second_factor;
mod stored;
mod support;
mod views;
mod why;
