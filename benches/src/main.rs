//! Measures the built program and prints tables in Markdown, as `benches/README.md` records them.
//!
//! `benches [RUNS]` measures everything, `benches main [RUNS]`, `benches access [RUNS]`, `benches scenarios [RUNS]`,
//! `benches audit [RUNS]`, `benches overhead [RUNS]`, `benches broker` and `benches beside [RUNS]` one chapter, `benches subscriptions` the last part
//! of the broker's;
//! `benches validate access` writes the validation page of the docs.
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
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "a suite fails by panicking and says why; its numbers are small"
)]

mod access;
mod audit;
mod beside;
mod broker;
mod crowd;
mod load;
mod main_job;
mod overhead;
mod process;
mod receiver;
mod strategies;
mod validate;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let runs = words.iter().find_map(|word| word.parse().ok()).unwrap_or(5);
    if words.starts_with(&["validate"]) {
        assert_eq!(words.get(1), Some(&"access"), "benches validate access");
        validate::access();
        return;
    }
    println!("{}", process::machine());
    println!();
    let chapter = words
        .first()
        .copied()
        .filter(|word| word.parse::<usize>().is_err());
    if chapter.is_none_or(|chapter| chapter == "main") {
        main_job::report(runs);
    }
    if chapter.is_none_or(|chapter| chapter == "access") {
        access::report(runs);
    }
    if chapter.is_none_or(|chapter| chapter == "scenarios") {
        strategies::report(runs);
    }
    if chapter.is_none_or(|chapter| chapter == "audit") {
        audit::report(runs);
    }
    if chapter.is_none_or(|chapter| chapter == "broker") {
        broker::report();
    }
    if chapter.is_none_or(|chapter| ["broker", "subscriptions"].contains(&chapter)) {
        crowd::report();
    }
    if chapter.is_none_or(|chapter| chapter == "overhead") {
        overhead::report(runs);
    }
    if chapter.is_none_or(|chapter| chapter == "beside") {
        beside::report(runs);
    }
}
