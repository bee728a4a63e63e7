//! A result as CSV: one row for each scenario, indicator and part.

use super::RunResult;

/// The values and differences as CSV (RFC 4180, UTF-8, with a header).
pub fn csv(result: &RunResult) -> String {
    let _ = result;
    todo!()
}
