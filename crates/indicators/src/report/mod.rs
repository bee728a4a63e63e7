//! An assessment for people and for spreadsheets.

use crate::assessment::Assessment;

impl Assessment {
    /// The 112 rows as CSV (RFC 4180, UTF-8, with a header).
    pub fn csv(&self) -> String {
        todo!()
    }

    /// One self-contained, accessible HTML page, fit for printing.
    pub fn html(&self) -> String {
        todo!()
    }

    /// An overview chart: score and coverage by sub-dimension.
    pub fn svg(&self) -> String {
        todo!()
    }
}
