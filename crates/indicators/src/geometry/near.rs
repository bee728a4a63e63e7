//! Whether a place lies within a distance of any of many points, on the ellipsoid.

use std::collections::HashMap;

use geo::{Distance, Geodesic, Point};
use geo_types::Coord;

use super::projection::{WGS84_A, WGS84_F, degrees_between};

/// Points, indexed for one distance.
#[derive(Clone, Debug)]
pub struct Neighbourhood {
    distance_m: f64,
    origin_x: f64,
    /// Tile sizes in degrees, each at least the distance.
    tile: (f64, f64),
    tiles: HashMap<(i64, i64), Vec<Coord<f64>>>,
}

/// Within so many metres of the limit, and beyond so high a latitude, only the geodesic decides.
const DOUBT_M: f64 = 0.01;
const FLAT_UP_TO_DEGREES: f64 = 75.0;

impl Neighbourhood {
    /// Indexes points (degrees) for a distance in metres. Positions that are not on earth are left out.
    pub fn new(points: impl IntoIterator<Item = Coord<f64>>, distance_m: f64) -> Self {
        let points: Vec<_> = points
            .into_iter()
            .filter(|c| c.x.abs() <= 540.0 && c.y.abs() <= 90.0)
            .collect();
        let origin_x = points.first().map_or(0.0, |point| point.x);
        let highest = points
            .iter()
            .fold(0.0_f64, |highest, point| highest.max(point.y.abs()));
        // The shortest degree of latitude is 110 574 m, at the equator; one of longitude shrinks by the cosine
        // (a tile more towards the pole for what stands across the edge). A percent to spare covers the ellipsoid.
        let tall = 1.01 * distance_m / 110_574.0;
        let narrowest = (highest + tall).min(90.0).to_radians().cos();
        let wide = (1.01 * distance_m / (111_319.0 * narrowest.max(1e-9))).min(360.0);
        let mut index = Self {
            distance_m,
            origin_x,
            tile: (wide, tall),
            tiles: HashMap::new(),
        };
        for point in points {
            index.tiles.entry(index.tile_of(point)).or_default().push(point);
        }
        index
    }

    /// Whether a place (degrees) is at most the distance away from one of the points: geodesic on WGS 84
    /// (Karney), the limit inside. Where a flat estimate good to micrometres is clear, it decides.
    pub fn reaches(&self, place: Coord<f64>) -> bool {
        let (column, row) = self.tile_of(place);
        (row - 1..=row + 1).any(|row| {
            (column - 1..=column + 1).any(|column| {
                self.tiles
                    .get(&(column, row))
                    .is_some_and(|points| points.iter().any(|&p| self.near(place, p)))
            }) || (self.tile.0 > 90.0 && self.near_in_row(place, row))
        })
    }

    /// Round a pole a tile is no neighbourhood: every point of the row is looked at.
    fn near_in_row(&self, place: Coord<f64>, row: i64) -> bool {
        self.tiles
            .iter()
            .any(|(&(_, r), points)| r == row && points.iter().any(|&p| self.near(place, p)))
    }

    fn near(&self, a: Coord<f64>, b: Coord<f64>) -> bool {
        if a.y.abs() < FLAT_UP_TO_DEGREES {
            let doubt = flat_distance_m(a, b) - self.distance_m;
            if doubt.abs() > DOUBT_M {
                return doubt < 0.0;
            }
        }
        Geodesic.distance(Point(a), Point(b)) <= self.distance_m
    }

    #[allow(
        clippy::cast_possible_truncation,
        reason = "tile numbers of positions on earth"
    )]
    fn tile_of(&self, point: Coord<f64>) -> (i64, i64) {
        let east = degrees_between(self.origin_x, point.x);
        (
            (east / self.tile.0).floor() as i64,
            (point.y / self.tile.1).floor() as i64,
        )
    }
}

/// The distance in metres on the ellipsoid's tangent cylinder at the middle latitude: for a kilometre, below 75
/// degrees, good to a tenth of a millimetre.
fn flat_distance_m(a: Coord<f64>, b: Coord<f64>) -> f64 {
    let e2 = WGS84_F * (2.0 - WGS84_F);
    let (sin, cos) = f64::midpoint(a.y, b.y).to_radians().sin_cos();
    let w2 = 1.0 - e2 * sin * sin;
    let prime_vertical = WGS84_A / w2.sqrt();
    let meridian = prime_vertical * (1.0 - e2) / w2;
    let east = prime_vertical * cos * degrees_between(a.x, b.x).to_radians();
    let north = meridian * (b.y - a.y).to_radians();
    east.hypot(north)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_antimeridian_is_no_border() {
        let index = Neighbourhood::new([Coord { x: 179.999, y: -16.5 }], 500.0);
        assert!(
            index.reaches(Coord {
                x: -179.999,
                y: -16.5
            }),
            "213 m away"
        );
        assert!(!index.reaches(Coord { x: -179.99, y: -16.5 }), "1.2 km away");
        assert!(!Neighbourhood::new([], 500.0).reaches(Coord { x: 0.0, y: 0.0 }));
        assert!(
            !Neighbourhood::new([Coord { x: f64::NAN, y: 0.0 }], 500.0).reaches(Coord { x: 0.0, y: 0.0 })
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        /// Against the geodesic to every point.
        #[test]
        fn agrees_with_every_geodesic(
            origin in (-180.0..180.0_f64, -84.0..84.0_f64),
            points in prop::collection::vec((-0.02..0.02_f64, -0.02..0.02_f64), 0..20),
            places in prop::collection::vec((-0.03..0.03_f64, -0.03..0.03_f64), 30),
            distance in 50.0..1500.0_f64,
        ) {
            let wrap = |(x, y): (f64, f64)| Coord {
                x: (origin.0 + x + 180.0).rem_euclid(360.0) - 180.0, y: origin.1 + y,
            };
            let points: Vec<_> = points.into_iter().map(wrap).collect();
            let index = Neighbourhood::new(points.iter().copied(), distance);
            for place in places.into_iter().map(wrap) {
                let expected = points.iter().any(|&p| Geodesic.distance(Point(p), Point(place)) <= distance);
                prop_assert_eq!(index.reaches(place), expected);
            }
        }

        #[test]
        fn the_flat_estimate_is_good_where_it_decides(
            lon in -180.0..180.0_f64, lat in -75.0..75.0_f64, dx in -0.01..0.01_f64, dy in -0.01..0.01_f64,
        ) {
            let (a, b) = (Coord { x: lon, y: lat }, Coord { x: lon + dx, y: lat + dy });
            let geodesic = Geodesic.distance(Point(a), Point(b));
            prop_assume!(geodesic < 1000.0);
            prop_assert!((flat_distance_m(a, b) - geodesic).abs() < 1e-3);
        }
    }
}
