//! The kinds of files that can be imported.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What a file holds, as the command line and `POST /imports/{kind}` name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// NGSI-LD entities: one object, an array, or one entity a line.
    Entities,
    /// A public transport timetable: a GTFS zip.
    Gtfs,
    /// Inhabitants on a grid: GeoTIFF or CSV.
    Population,
    /// Administrative areas: polygons of GeoJSON, GeoPackage or Shapefile.
    Boundaries,
    /// Places: points or polygons of GeoJSON, GeoPackage or Shapefile.
    Places,
    /// A series of readings: CSV.
    Observations,
    /// Reported values of key performance indicators: CSV or XLSX.
    Kpi,
    /// Streets, places and areas of OpenStreetMap: PBF or XML.
    Osm,
}

/// A word that names no kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a kind of file that can be imported; the kinds are: entities, gtfs, population, boundaries, \
     places, observations, kpi, osm"
)]
pub struct UnknownKind(pub String);

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::Entities,
        Self::Gtfs,
        Self::Population,
        Self::Boundaries,
        Self::Places,
        Self::Observations,
        Self::Kpi,
        Self::Osm,
    ];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Entities => "entities",
            Self::Gtfs => "gtfs",
            Self::Population => "population",
            Self::Boundaries => "boundaries",
            Self::Places => "places",
            Self::Observations => "observations",
            Self::Kpi => "kpi",
            Self::Osm => "osm",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| UnknownKind(text.chars().take(60).collect()))
    }
}
