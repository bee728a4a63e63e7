//! Places on the earth, and the flat piece of it around one of them.

use serde::{Deserialize, Serialize};

/// A position in WGS 84, degrees.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Position {
    /// Degrees east, -180 to 180.
    pub lon: f64,
    /// Degrees north, -90 to 90.
    pub lat: f64,
}

impl Position {
    /// A position; not checked.
    #[must_use]
    pub const fn new(lon: f64, lat: f64) -> Self {
        Self { lon, lat }
    }

    /// Whether it is a place at all: finite, and within the ranges.
    #[must_use]
    pub fn is_valid(self) -> bool {
        (-180.0..=180.0).contains(&self.lon) && (-90.0..=90.0).contains(&self.lat)
    }

    /// The same place with a longitude within the range: 181 degrees east is 179 west.
    pub(crate) fn wrapped(self) -> Self {
        let lon = if self.lon > 180.0 {
            self.lon - 360.0
        } else if self.lon < -180.0 {
            self.lon + 360.0
        } else {
            self.lon
        };
        Self::new(lon, self.lat.clamp(-90.0, 90.0))
    }

    /// The straight distance in metres, on the plane that touches the ellipsoid between the two. Within 0.1 % of
    /// the geodesic up to 100 km at latitudes below 70 degrees; for streets and stops, not for continents.
    #[must_use]
    pub fn distance_m(self, other: Self) -> f64 {
        let middle = Self::new(self.lon, f64::midpoint(self.lat, other.lat));
        let [x, y] = Plane::at(middle).xy(Self::new(other.lon, middle.lat + (other.lat - self.lat)));
        x.hypot(y)
    }

    /// The place on the sphere's Mercator map, in units of the earth's radius. Conformal, so that what is nearest
    /// on the ground is nearest on the map.
    pub(crate) fn mercator(self) -> [f64; 2] {
        let lat = self.lat.clamp(-89.0, 89.0).to_radians();
        [
            self.lon.to_radians(),
            (std::f64::consts::FRAC_PI_4 + lat / 2.0).tan().ln(),
        ]
    }
}

/// The plane that touches WGS 84 at a place: metres east and north of it.
#[derive(Clone, Copy, Debug)]
pub struct Plane {
    origin: Position,
    /// Metres in a degree, east and north.
    scale: [f64; 2],
}

impl Plane {
    /// The plane at a place.
    #[must_use]
    pub fn at(origin: Position) -> Self {
        const SEMI_MAJOR_M: f64 = 6_378_137.0;
        const ECCENTRICITY_SQUARED: f64 = 0.006_694_379_990_14;
        let (sin, cos) = origin.lat.to_radians().sin_cos();
        let w = 1.0 - ECCENTRICITY_SQUARED * sin * sin;
        let east = SEMI_MAJOR_M / w.sqrt() * cos;
        let north = SEMI_MAJOR_M * (1.0 - ECCENTRICITY_SQUARED) / (w * w.sqrt());
        Self {
            origin,
            scale: [east.max(1e-6).to_radians(), north.to_radians()],
        }
    }

    /// Metres east and north of the origin; across the 180th meridian the short way round.
    #[must_use]
    pub fn xy(&self, place: Position) -> [f64; 2] {
        let lon = Position::new(place.lon - self.origin.lon, 0.0).wrapped().lon;
        [lon * self.scale[0], (place.lat - self.origin.lat) * self.scale[1]]
    }

    /// The place of a point of the plane; beyond the 180th meridian its longitude goes on, so that an outline stays
    /// in one piece.
    #[must_use]
    pub fn position(&self, [x, y]: [f64; 2]) -> Position {
        Position::new(
            self.origin.lon + x / self.scale[0],
            self.origin.lat + y / self.scale[1],
        )
    }
}

/// Where a segment comes nearest to a point: the fraction along it, and the squared distance.
pub(crate) fn nearest_on_segment(point: [f64; 2], a: [f64; 2], b: [f64; 2]) -> (f64, f64) {
    let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
    let squared = dx * dx + dy * dy;
    let along = if squared > 0.0 {
        (((point[0] - a[0]) * dx + (point[1] - a[1]) * dy) / squared).clamp(0.0, 1.0)
    } else {
        0.0
    };
    let (x, y) = (point[0] - (a[0] + along * dx), point[1] - (a[1] + along * dy));
    (along, x * x + y * y)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_distances() {
        // Karney's geodesics, by GeographicLib: one degree of latitude at 47, one degree of longitude at 0.
        let north = Position::new(9.5, 46.5).distance_m(Position::new(9.5, 47.5));
        assert!((north - 111_177.0).abs() < 30.0, "{north}");
        let east = Position::new(36.0, 0.0).distance_m(Position::new(37.0, 0.0));
        assert!((east - 111_319.49).abs() < 0.1, "{east}");
        assert!(Position::new(179.999, 0.0).distance_m(Position::new(-179.999, 0.0)) < 300.0);
    }

    #[test]
    fn the_plane_goes_both_ways() {
        let plane = Plane::at(Position::new(36.8, -1.3));
        let place = plane.position([120.0, -45.0]);
        let [x, y] = plane.xy(place);
        assert!((x - 120.0).abs() < 1e-6 && (y + 45.0).abs() < 1e-6);
    }
}
