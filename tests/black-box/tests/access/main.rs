//! Who reaches what: `mapacha simulate access` on small maps whose answers are counted by hand, and on bad ones.

#![allow(
    clippy::type_complexity,
    clippy::format_collect,
    clippy::format_push_string,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::missing_panics_doc,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a suite fails by panicking and says why; its numbers are small"
)]

mod answers;
mod refusals;
mod street;
