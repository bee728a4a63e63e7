//! Who reaches what: from the entities of a twin to shares of people.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test program"
)]

mod asked;
mod changes;
mod counted;
mod demo;
mod nairobi;
mod real;
mod support;
mod town;
