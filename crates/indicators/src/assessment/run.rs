//! Carrying an assessment out.

use query::View;
use twin::Reader;

use super::{AssessError, AssessOptions, Assessment};

/// Assesses the city that a view of the twin shows.
pub fn assess(reader: &dyn Reader, view: &View, options: &AssessOptions) -> Result<Assessment, AssessError> {
    let _ = (reader, view, options);
    todo!()
}
