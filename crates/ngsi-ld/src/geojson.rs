//! GeoJSON geometries (RFC 7946), both ways.

use serde_json::Value as Json;

use crate::error::Error;
use crate::value::GeoValue;

/// Reads a geometry. Longitude before latitude, in degrees of WGS 84; rings are closed.
pub fn from_json(_json: &Json) -> Result<GeoValue, Error> {
    todo!()
}

/// Writes a geometry: as it was read, if it was.
pub fn to_json(_value: &GeoValue) -> Json {
    todo!()
}
