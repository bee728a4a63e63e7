//! Places that people go to: `PointOfInterest`, `School` and `Park` entities, by category.

use geo_types::MultiPolygon;
use ngsi_ld::Uri;
use sim_access::Position;
use sim_access::attributes::Wheelchair;

/// A place.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// The entity.
    pub id: Uri,
    /// Its name.
    pub name: String,
    /// Its categories as the entity says them, in lower case.
    pub categories: Vec<String>,
    /// Where it is: its point, or a point on its surface.
    pub position: Position,
    /// Its outline in degrees, where it is an area.
    pub outline: Option<MultiPolygon<f64>>,
    /// Where one goes in, as far as the entity says it.
    pub entrances: Vec<Position>,
    /// Whether one gets in by wheelchair; `None`: nobody knows.
    pub wheelchair: Option<Wheelchair>,
}
