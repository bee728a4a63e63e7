//! Boxes in degrees, that geometries are looked up by.

use std::fmt;

use geo::BoundingRect;
use geo_types::Geometry;
use ngsi_ld::query::geo::{GeoQuery, GeoRelation};

/// A box in degrees of longitude and latitude; never across the antimeridian.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs, reason = "the names say it")]
pub struct Bbox {
    pub west: f64,
    pub south: f64,
    pub east: f64,
    pub north: f64,
}

impl Bbox {
    /// The bounding box of a geometry; `None` of an empty one.
    pub fn of(geometry: &Geometry<f64>) -> Option<Self> {
        let rect = geometry.bounding_rect()?;
        Some(Self {
            west: rect.min().x,
            south: rect.min().y,
            east: rect.max().x,
            north: rect.max().y,
        })
    }

    /// A box that every geometry which satisfies the query meets; `None` where there is no bound.
    pub fn of_query(query: &GeoQuery) -> Option<Self> {
        let reference = Self::of(&query.geometry)?;
        match query.relation {
            GeoRelation::Near {
                max_distance_m: Some(distance_m),
                ..
            } => Some(reference.widened_m(distance_m)),
            GeoRelation::Near {
                max_distance_m: None, ..
            }
            | GeoRelation::Disjoint => None,
            GeoRelation::Within
            | GeoRelation::Contains
            | GeoRelation::Intersects
            | GeoRelation::Equals
            | GeoRelation::Overlaps => Some(reference),
        }
    }

    /// Whether two boxes have a point in common.
    pub fn intersects(&self, other: &Self) -> bool {
        self.west <= other.east
            && other.west <= self.east
            && self.south <= other.north
            && other.south <= self.north
    }

    /// A box that holds everything within so many metres of this one, never too small: all longitudes where a pole
    /// or the antimeridian is reached.
    #[must_use]
    pub fn widened_m(&self, distance_m: f64) -> Self {
        // WGS 84: a degree of latitude has at least 110 574 m, the least radius of curvature is 6 335 439 m. The
        // angle that a distance spans is greatest there, and a circle at latitude φ reaches asin(sin δ / cos φ) of
        // longitude to either side. 1 % more covers the difference between sphere and ellipsoid.
        let degrees = distance_m / 110_500.0 * 1.01 + 1e-9;
        let (south, north) = (self.south - degrees, self.north + degrees);
        let angle = distance_m / 6_335_000.0;
        let sine = angle.sin() / self.south.abs().max(self.north.abs()).to_radians().cos();
        let aside = if angle < std::f64::consts::FRAC_PI_2 && (0.0..1.0).contains(&sine) {
            sine.asin().to_degrees() * 1.01 + 1e-9
        } else {
            360.0
        };
        let (west, east) = (self.west - aside, self.east + aside);
        let everywhere = south <= -90.0 || north >= 90.0 || west <= -180.0 || east >= 180.0;
        let (west, east) = if everywhere { (-180.0, 180.0) } else { (west, east) };
        Self {
            west,
            south: south.max(-90.0),
            east,
            north: north.min(90.0),
        }
    }
}

impl fmt::Display for Bbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "[{:.6}, {:.6}, {:.6}, {:.6}]",
            self.west, self.south, self.east, self.north
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo::line_measures::{Destination, Geodesic};
    use geo_types::Point;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn a_widened_box_holds_everything_within_reach(
            lon in -180.0..=180.0, lat in prop_oneof![-90.0..=90.0, 89.0..=90.0, -90.0..=-89.0],
            distance in prop_oneof![0.001..100.0, 100.0..100_000.0, 1e5..2.2e7],
            share in 0.0..=1.0, bearing in 0.0..360.0,
        ) {
            let start = Point::new(lon, lat);
            let bbox = Bbox::of(&start.into()).unwrap().widened_m(distance);
            let end = Geodesic.destination(start, bearing, distance * share);
            let x = (end.x() + 540.0).rem_euclid(360.0) - 180.0;
            let end = Bbox { west: x, east: x, south: end.y(), north: end.y() };
            prop_assert!(bbox.intersects(&end), "{bbox} {end}");
        }
    }
}
