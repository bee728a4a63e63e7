//! Being written.
#![allow(clippy::todo, reason = "being written")]

use crate::file::InputFile;
use crate::import::{ImportError, Session};

pub(crate) fn read(file: &InputFile, session: &mut Session<'_>) -> Result<(), ImportError> {
    let _ = (file, session);
    todo!()
}

/// The id of the entity that holds the values of an indicator, or of one of its data points:
/// `urn:ngsi-ld:KeyPerformanceIndicator:<kpi>[:<data point>]`, percent-encoded.
pub fn entity_id(kpi: &str, data_point: Option<&str>) -> ngsi_ld::Uri {
    let local = data_point.map_or_else(|| kpi.to_owned(), |data_point| format!("{kpi}:{data_point}"));
    ngsi_ld::Uri::ngsi_ld("KeyPerformanceIndicator", &local)
}
