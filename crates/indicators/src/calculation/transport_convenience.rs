//! `EC: I: T: 2A`, Public Transport Network Convenience: the share of inhabitants who live within 500 m of a
//! stop of public transport that is served.
//!
//! A cell of the population grid counts by its centre, wholly or not at all. The distance is the geodesic on
//! WGS 84, not the way on foot.

use geo_types::MultiPolygon;

use super::Cell;
use crate::geometry::{AreaIndex, Bounds, Neighbourhood};

/// How far a stop reaches, in metres; the limit itself is inside.
pub const REACH_M: f64 = 500.0;

/// Inhabitants of an area and those of them who have a stop near.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Share {
    /// Inhabitants within reach of a served stop.
    pub near: f64,
    /// All inhabitants.
    pub people: f64,
    /// Cells that these live in.
    pub cells: usize,
}

impl Share {
    /// The share in percent; none where nobody lives.
    pub fn percent(&self) -> Option<f64> {
        (self.people > 0.0).then(|| 100.0 * self.near / self.people)
    }

    fn add(&mut self, people: f64, near: bool) {
        self.people += people;
        self.cells += 1;
        if near {
            self.near += people;
        }
    }
}

/// The result for the city and for each area.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Convenience {
    /// The whole city.
    pub city: Share,
    /// Each area, in the order given.
    pub areas: Vec<Share>,
}

/// Calculates the share for the city (the union of `city`, in degrees) and for each of `areas`. `stops`: the
/// served ones, in degrees.
pub fn calculate(
    cells: &[Cell],
    stops: impl IntoIterator<Item = geo_types::Coord<f64>>,
    city: &[MultiPolygon<f64>],
    areas: &[MultiPolygon<f64>],
) -> Convenience {
    let neighbourhood = Neighbourhood::new(stops, REACH_M);
    let city = AreaIndex::new(city);
    let index = AreaIndex::new(areas);
    let mut result = Convenience {
        city: Share::default(),
        areas: vec![Share::default(); areas.len()],
    };
    for cell in cells {
        let in_city = city.any(cell.centre);
        let mut in_areas = index.holding(cell.centre).peekable();
        if !in_city && in_areas.peek().is_none() {
            continue;
        }
        let near = neighbourhood.reaches(cell.centre);
        if in_city {
            result.city.add(cell.people, near);
        }
        for area in in_areas {
            result.areas[area].add(cell.people, near);
        }
    }
    result
}

/// The inhabitants of the city and of each area, when there are no stops to ask about.
pub fn inhabitants(cells: &[Cell], city: &[MultiPolygon<f64>], areas: &[MultiPolygon<f64>]) -> Convenience {
    calculate(cells, [], city, areas)
}

/// The box around polygons, in degrees.
pub fn bounds(polygons: &[MultiPolygon<f64>]) -> Bounds {
    Bounds::of(
        polygons
            .iter()
            .flat_map(|p| &p.0)
            .flat_map(|p| p.exterior().0.iter().copied()),
    )
}

#[cfg(test)]
mod tests {
    use geo::{Distance, Geodesic, Intersects, Point};
    use geo_types::{Coord, LineString, Polygon};
    use proptest::prelude::*;

    use super::*;

    fn square(west: f64, south: f64, side: f64, hole: f64) -> MultiPolygon<f64> {
        let ring = |inset: f64| -> LineString<f64> {
            let (w, s, e, n) = (
                west + inset,
                south + inset,
                west + side - inset,
                south + side - inset,
            );
            vec![(w, s), (e, s), (e, n), (w, n), (w, s)].into()
        };
        let holes = if hole > 0.0 {
            vec![ring(side / 2.0 * (1.0 - hole))]
        } else {
            Vec::new()
        };
        MultiPolygon(vec![Polygon::new(ring(0.0), holes)])
    }

    #[test]
    fn nobody_and_nothing() {
        let cell = Cell {
            centre: Coord { x: 0.0005, y: 0.0005 },
            people: 3.0,
        };
        let stop = Coord { x: 0.0, y: 0.0 };
        assert_eq!(
            calculate(&[], [stop], &[square(0.0, 0.0, 1.0, 0.0)], &[])
                .city
                .percent(),
            None
        );
        assert_eq!(
            calculate(&[cell], [], &[square(0.0, 0.0, 1.0, 0.0)], &[])
                .city
                .percent(),
            Some(0.0)
        );
        assert_eq!(
            calculate(&[cell], [stop], &[], &[]).city.percent(),
            None,
            "without a boundary nobody is in"
        );
        // A stop outside the boundary serves those inside.
        let outside = Coord { x: -0.001, y: 0.0005 };
        assert_eq!(
            calculate(&[cell], [outside], &[square(0.0, 0.0, 1.0, 0.0)], &[])
                .city
                .percent(),
            Some(100.0)
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]

        /// Against every cell × every stop × every polygon.
        #[test]
        fn agrees_with_brute_force(
            origin in (-170.0..170.0_f64, -70.0..70.0_f64),
            people in prop::collection::vec(0.01..500.0_f64, 400),
            stops in prop::collection::vec((0.0..0.04_f64, 0.0..0.04_f64), 0..25),
            wards in prop::collection::vec((0.0..0.03_f64, 0.0..0.03_f64, 0.002..0.02_f64, 0.0..0.8_f64), 1..6),
        ) {
            let cells: Vec<Cell> = people.iter().enumerate().map(|(i, &people)| Cell {
                centre: Coord { x: origin.0 + (i % 20) as f64 * 0.002 + 0.001, y: origin.1 + (i / 20) as f64 * 0.002 + 0.001 },
                people,
            }).collect();
            let stops: Vec<Coord<f64>> =
                stops.into_iter().map(|(x, y)| Coord { x: origin.0 + x, y: origin.1 + y }).collect();
            let wards: Vec<_> =
                wards.into_iter().map(|(x, y, side, hole)| square(origin.0 + x, origin.1 + y, side, hole)).collect();
            let got = calculate(&cells, stops.iter().copied(), &wards, &wards);
            let mut city = (0.0, 0.0);
            let mut each = vec![(0.0, 0.0); wards.len()];
            for cell in &cells {
                let near = stops.iter().any(|&s| Geodesic.distance(Point(s), Point(cell.centre)) <= 500.0);
                let near = if near { cell.people } else { 0.0 };
                let inside: Vec<bool> = wards.iter().map(|w| w.intersects(&cell.centre)).collect();
                if inside.contains(&true) {
                    city = (city.0 + near, city.1 + cell.people);
                }
                for (sums, _) in each.iter_mut().zip(&inside).filter(|(_, inside)| **inside) {
                    *sums = (sums.0 + near, sums.1 + cell.people);
                }
            }
            let close = |share: &Share, (near, people): (f64, f64)| {
                (share.near - near).abs() < 1e-6 && (share.people - people).abs() < 1e-6
            };
            prop_assert!(close(&got.city, city), "{:?} {city:?}", got.city);
            for (share, sums) in got.areas.iter().zip(each) {
                prop_assert!(close(share, sums), "{share:?} {sums:?}");
            }
        }
    }
}
