//! Boxes in degrees, that geometries are looked up by.

use std::f64::consts::PI;
use std::fmt;

use geo::BoundingRect;
use geo_types::Geometry;
use ngsi_ld::query::geo::{GeoQuery, GeoRelation};

use crate::distance::RADIUS_M;

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

    /// No point of this box is farther from one of another than this, in metres on a sphere
    /// ([`crate::distance::haversine_m`]). Never too little; exact to metres where this one is a point.
    pub fn reach_m(&self) -> impl Fn(&Self) -> f64 + use<> {
        let middle = (
            f64::midpoint(self.west, self.east),
            f64::midpoint(self.south, self.north),
        );
        let from_middle = self.farthest_m(middle);
        move |other| other.farthest_m(middle) + from_middle
    }

    /// The greatest distance on a sphere between a point and one of the box, and up to two metres more.
    fn farthest_m(&self, (lon, lat): (f64, f64)) -> f64 {
        let latitudes = -90.0..=90.0;
        if ![lat, self.south, self.north]
            .iter()
            .all(|lat| latitudes.contains(lat))
        {
            return f64::INFINITY;
        }
        // The farther aside, the farther away: what decides is the meridian that is the most so.
        let (first, width) = ((self.west - lon).rem_euclid(360.0), self.east - self.west);
        let opposite = |turn: f64| (first..=first + width).contains(&turn);
        let short_way = |degrees: f64| {
            let degrees = degrees.rem_euclid(360.0);
            degrees.min(360.0 - degrees)
        };
        let aside = if opposite(180.0) || opposite(540.0) {
            180.0
        } else {
            short_way(first).max(short_way(first + width))
        };
        // Along it the cosine of the distance is A cos(φ - φ*).
        let (lat, aside) = (lat.to_radians(), aside.to_radians());
        let (along, across) = (lat.sin(), lat.cos() * aside.cos());
        let (amplitude, top) = (along.hypot(across), along.atan2(across));
        let (south, north) = (self.south.to_radians(), self.north.to_radians());
        let ends = (south - top).cos().min((north - top).cos());
        let turns = [top - PI, top + PI];
        let least = if turns.iter().any(|turn| (south..=north).contains(turn)) {
            -1.0
        } else {
            ends
        };
        (amplitude * least).clamp(-1.0, 1.0).acos() * RADIUS_M + 2.0
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
    use geo::line_measures::{Destination, Distance, Geodesic, Haversine};
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

        /// Nothing in a box is farther than it reaches; and where it is a point, something is as far.
        #[test]
        fn a_box_reaches_as_far_as_its_farthest_point(
            from in (-190.0..=190.0, -90.0..=90.0, prop_oneof![3 => Just(0.0), 1 => 0.0..5.0]), to in (-180.0..=180.0, -90.0..=90.0),
            size in prop_oneof![Just((0.0, 0.0)), (0.0..3.0, 0.0..3.0), (0.0..360.0, 0.0..90.0)],
        ) {
            let (lon, lat, wide): (f64, f64, f64) = from;
            let there = Bbox { west: to.0, south: to.1, east: to.0 + size.0, north: (to.1 + size.1).min(90.0) };
            let here = Bbox { west: lon, south: lat, east: lon + wide, north: (lat + wide).min(90.0) };
            let reach = here.reach_m()(&there);
            let mut farthest: f64 = 0.0;
            for (x, y) in (0..=40_u8).flat_map(|x| (0..=40_u8).map(move |y| (f64::from(x) / 40.0, f64::from(y) / 40.0))) {
                let point = Point::new(there.west + x * (there.east - there.west), there.south + y * (there.north - there.south));
                for corner in [Point::new(here.west, here.south), Point::new(here.east, here.north)] {
                    farthest = farthest.max(Haversine.distance(corner, point));
                }
            }
            prop_assert!(farthest <= reach, "{farthest} {reach}");
            if wide == 0.0 {
                // Between two points of the grid it is not farther than that.
                let between = Haversine.distance(Point::new(0.0, 0.0), Point::new(size.0 / 40.0, 0.0)) + size.1 / 40.0 * 111_200.0;
                prop_assert!(reach <= farthest + between + 5.0, "{farthest} {reach}");
            }
        }
    }
}
