//! Geo-queries (4.10).

use geo_types::Geometry;

use crate::error::Error;
use crate::name::Name;

/// A parsed geo-query.
#[derive(Clone, Debug, PartialEq)]
pub struct GeoQuery {
    /// The relation asked for.
    pub relation: GeoRelation,
    /// The reference geometry.
    pub geometry: Geometry<f64>,
    /// The GeoProperty it is asked of; `location` unless said otherwise.
    pub property: Name,
}

/// `georel`. Distances in metres, both ends inside.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs, reason = "the names are the standard's own")]
pub enum GeoRelation {
    Near { min_distance_m: Option<f64>, max_distance_m: Option<f64> },
    Within,
    Contains,
    Intersects,
    Equals,
    Disjoint,
    Overlaps,
}

impl GeoQuery {
    /// From the parameters `georel`, `geometry`, `coordinates` (JSON text) and the expanded `geoproperty`.
    pub fn parse(georel: &str, geometry: &str, coordinates: &str, property: Option<Name>) -> Result<Self, Error> {
        let _ = (georel, geometry, coordinates, property);
        todo!()
    }
}
