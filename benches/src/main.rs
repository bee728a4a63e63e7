//! Measures the built program and prints a table in Markdown, as `benches/README.md` records it.
//!
//! Times are wall time and CPU time of whole processes (user + system, from the operating system's accounting of
//! finished children); memory is the peak resident set. Each figure is the median of several runs.

#![allow(
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

mod main_job;
mod process;

fn main() {
    let runs = std::env::args()
        .nth(1)
        .and_then(|text| text.parse().ok())
        .unwrap_or(5);
    println!("{}", process::machine());
    println!();
    main_job::report(runs);
}
