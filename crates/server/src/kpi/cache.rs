//! Assessments that were computed and still hold.

/// Assessments by tenant and period, each with the state of the twin that it was computed from.
#[derive(Default)]
pub struct Assessments;
