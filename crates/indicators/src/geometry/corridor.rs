//! Street corridors: the union of lines, each widened to both sides, measured so that lines traced over the same
//! street count once.
//!
//! The buffer of a line has flat caps and round joins: a rectangle over each segment, and at each inner point
//! the sector of a circle that closes the gap on the outer side of the turn (half a circle where it turns
//! back). A line that ends where it begins is closed and gets a join there too. The area of the union, over
//! twice the radius, is the corridor's length.

use std::collections::HashSet;
use std::f64::consts::PI;

use geo_types::{Coord, MultiPolygon};

use super::scan::{Measured, Pieces};

/// Lines in metres, taken apart into what their buffers are made of; what is exactly the same is kept once.
#[derive(Clone, Debug, Default)]
pub struct CorridorNetwork {
    segments: Vec<Segment>,
    joins: Vec<Join>,
    length_m: f64,
    lines: usize,
}

#[derive(Clone, Copy, Debug)]
struct Segment {
    from: Coord<f64>,
    to: Coord<f64>,
}

/// A turn: the unit vectors of the way in and of the way out.
#[derive(Clone, Copy, Debug)]
struct Join {
    at: Coord<f64>,
    way_in: Coord<f64>,
    way_out: Coord<f64>,
}

/// Arcs are drawn in steps of at most this angle: the chord is at most 0.12 % of the radius inside the arc.
const ARC_STEP: f64 = PI / 32.0;
/// How far apart the scan lines are, in metres; for a narrow corridor at most an eighth of the radius.
const SPACING_M: f64 = 0.5;

impl CorridorNetwork {
    /// Takes lines apart. Repeated points are passed over; a line with fewer than two different points has no
    /// corridor and is not counted in [`Self::lines`].
    pub fn new<L: AsRef<[Coord<f64>]>>(lines: impl IntoIterator<Item = L>) -> Self {
        let mut network = Self::default();
        let mut segments_seen = HashSet::new();
        let mut joins_seen = HashSet::new();
        for line in lines {
            let mut points: Vec<Coord<f64>> = Vec::with_capacity(line.as_ref().len());
            for &point in line.as_ref() {
                if point.x.is_finite() && point.y.is_finite() && points.last() != Some(&point) {
                    points.push(point);
                }
            }
            let (Some(&first), Some(&last)) = (points.first(), points.last()) else {
                continue;
            };
            if points.len() < 2 {
                continue;
            }
            network.lines += 1;
            for pair in points.windows(2) {
                network.length_m += (pair[1].x - pair[0].x).hypot(pair[1].y - pair[0].y);
                if segments_seen.insert(ordered(key(pair[0]), key(pair[1]))) {
                    network.segments.push(Segment {
                        from: pair[0],
                        to: pair[1],
                    });
                }
            }
            if first == last && points.len() > 3 {
                points.push(points[1]);
            }
            for triple in points.windows(3) {
                let ends = ordered(key(triple[0]), key(triple[2]));
                if joins_seen.insert((key(triple[1]), ends)) {
                    network.joins.push(Join {
                        at: triple[1],
                        way_in: direction(triple[0], triple[1]),
                        way_out: direction(triple[1], triple[2]),
                    });
                }
            }
        }
        network
    }

    /// How many lines have a corridor.
    pub fn lines(&self) -> usize {
        self.lines
    }

    /// The plain sum of the lengths of all lines in metres, a street counted as often as it is traced.
    pub fn length_m(&self) -> f64 {
        self.length_m
    }

    /// The areas in square metres of the union of all corridors of a radius in metres, and of its parts inside
    /// `areas`.
    pub fn measure(&self, radius_m: f64, areas: &[MultiPolygon<f64>]) -> Measured {
        let mut pieces = Pieces::default();
        for segment in &self.segments {
            pieces.push(segment.rectangle(radius_m));
        }
        for join in &self.joins {
            if let Some(sector) = join.sector(radius_m) {
                pieces.push(sector);
            }
        }
        pieces.measure(SPACING_M.min(radius_m / 8.0), areas)
    }
}

impl Segment {
    /// Counter-clockwise.
    fn rectangle(&self, radius: f64) -> [Coord<f64>; 4] {
        let along = direction(self.from, self.to);
        let side = Coord {
            x: along.y * radius,
            y: -along.x * radius,
        };
        [self.from + side, self.to + side, self.to - side, self.from - side]
    }
}

impl Join {
    /// The sector on the outer side of the turn, counter-clockwise; none where the way is straight.
    fn sector(&self, radius: f64) -> Option<Vec<Coord<f64>>> {
        let cross = self.way_in.x * self.way_out.y - self.way_in.y * self.way_out.x;
        let dot = self.way_in.x * self.way_out.x + self.way_in.y * self.way_out.y;
        let turn = cross.atan2(dot);
        // Below a tenth of a micrometre across there is no gap that the union's own grid could see.
        if (turn * radius).abs() < 1e-7 {
            return None;
        }
        // Turning left opens a gap on the right, and the other way round; drawn counter-clockwise either way.
        let (start, sweep) = if turn > 0.0 {
            (self.way_in.y.atan2(self.way_in.x) - PI / 2.0, turn)
        } else {
            (self.way_out.y.atan2(self.way_out.x) + PI / 2.0, -turn)
        };
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "at most 32"
        )]
        let steps = (sweep / ARC_STEP).ceil().max(1.0) as u32;
        let mut ring = Vec::with_capacity(steps as usize + 2);
        ring.push(self.at);
        for step in 0..=steps {
            let angle = start + sweep * f64::from(step) / f64::from(steps);
            ring.push(
                self.at
                    + Coord {
                        x: angle.cos() * radius,
                        y: angle.sin() * radius,
                    },
            );
        }
        Some(ring)
    }
}

fn direction(from: Coord<f64>, to: Coord<f64>) -> Coord<f64> {
    let length = (to.x - from.x).hypot(to.y - from.y);
    Coord {
        x: (to.x - from.x) / length,
        y: (to.y - from.y) / length,
    }
}

type Key = (u64, u64);

fn key(point: Coord<f64>) -> Key {
    // Adding zero makes -0.0 and 0.0 the same.
    ((point.x + 0.0).to_bits(), (point.y + 0.0).to_bits())
}

fn ordered(a: Key, b: Key) -> (Key, Key) {
    if a <= b { (a, b) } else { (b, a) }
}

#[cfg(test)]
mod tests {
    use geo::{Area, BooleanOps, unary_union};
    use geo_types::{LineString, Polygon};
    use proptest::prelude::*;

    use super::*;

    const R: f64 = 10.0;

    fn line(points: &[(f64, f64)]) -> Vec<Coord<f64>> {
        points.iter().map(|&p| Coord::from(p)).collect()
    }

    fn area(lines: &[Vec<Coord<f64>>]) -> f64 {
        CorridorNetwork::new(lines).measure(R, &[]).total
    }

    fn assert_close(got: f64, expected: f64) {
        assert!(
            (got - expected).abs() <= 1e-4 * expected.max(1.0),
            "{got}, expected {expected}"
        );
    }

    /// The same pieces through the general polygon union of `geo`.
    fn general_union(lines: &[Vec<Coord<f64>>], radius: f64) -> geo_types::MultiPolygon<f64> {
        let network = CorridorNetwork::new(lines);
        let rectangles = network.segments.iter().map(|s| s.rectangle(radius).to_vec());
        let sectors = network.joins.iter().filter_map(|j| j.sector(radius));
        let pieces: Vec<Polygon<f64>> = rectangles
            .chain(sectors)
            .map(|ring| Polygon::new(LineString(ring), Vec::new()))
            .collect();
        unary_union(&pieces)
    }

    /// By how much the measured area may be off for streets along the scan lines: of those, half a line at each side is
    /// counted or not. In a city they are few, and their errors of random sign.
    fn along_the_scan(lines: &[Vec<Coord<f64>>], radius: f64) -> f64 {
        let spacing = SPACING_M.min(radius / 8.0);
        let along = |segment: &Segment| {
            let way = direction(segment.from, segment.to);
            let angle = (way.y.atan2(way.x) + crate::geometry::scan::TURN).rem_euclid(PI);
            let length = (segment.to.x - segment.from.x).hypot(segment.to.y - segment.from.y);
            if angle.min(PI - angle) < 0.1 {
                length * spacing
            } else {
                0.0
            }
        };
        CorridorNetwork::new(lines).segments.iter().map(along).sum()
    }

    /// A street along the scan lines, in a small ward: found by chance.
    #[test]
    fn a_street_along_the_scan_lines_is_off_by_half_a_line_at_each_side() {
        let street = line(&[
            (22.186_146_926_344_477, 344.497_559_900_709_9),
            (416.083_580_474_895_65, 108.479_795_390_297_94),
        ]);
        let (x, y, side) = (225.024_234_366_580_12, 179.811_146_130_470_04, 50.0);
        let ring = vec![(x, y), (x + side, y), (x + side, y + side), (x, y + side), (x, y)];
        let ward = MultiPolygon(vec![Polygon::new(ring.into(), Vec::new())]);
        let radius = 6.362_230_549_792_414_5;
        let measured = CorridorNetwork::new([&street]).measure(radius, &[ward]);
        // Clipped by hand.
        let off = (measured.inside - 741.423_876).abs();
        assert!(off <= side * 2_f64.sqrt() * SPACING_M, "{off}");
        assert!(off <= along_the_scan(&[street], radius));
    }

    #[test]
    fn a_straight_street_is_its_length_times_its_width() {
        for (x, y) in [(1000.0, 0.0), (0.0, 1000.0), (600.0, 800.0)] {
            assert_close(area(&[line(&[(0.0, 0.0), (x, y)])]), 20_000.0);
            assert_close(area(&[line(&[(0.0, 0.0), (x / 3.0, y / 3.0), (x, y)])]), 20_000.0);
        }
    }

    #[test]
    fn a_street_traced_twice_counts_once() {
        let there = line(&[(0.0, 0.0), (1000.0, 0.0)]);
        let back = line(&[(1000.0, 0.0), (400.0, 0.0), (0.0, 0.0)]);
        assert_close(area(&[there.clone(), there.clone()]), 20_000.0);
        assert_close(area(&[there.clone(), back]), 20_000.0);
        let beside = line(&[(0.0, 5.0), (1000.0, 5.0)]);
        assert_close(area(&[there.clone(), beside]), 25_000.0);
        let apart = line(&[(0.0, 20.0), (1000.0, 20.0)]);
        assert_close(area(&[there.clone(), apart]), 40_000.0);
        let network = CorridorNetwork::new([&there, &there]);
        assert_eq!((network.length_m(), network.lines()), (2000.0, 2));
    }

    #[test]
    fn crossing_streets_share_the_crossing() {
        let across = line(&[(-500.0, 0.0), (500.0, 0.0)]);
        assert_close(
            area(&[across.clone(), line(&[(0.0, -500.0), (0.0, 500.0)])]),
            2.0 * 20_000.0 - 400.0,
        );
        // At an angle a the crossing is a rhombus of w² / sin a.
        let (sin, cos) = 0.7_f64.sin_cos();
        let slanted = line(&[(-500.0 * cos, -500.0 * sin), (500.0 * cos, 500.0 * sin)]);
        assert_close(area(&[across, slanted]), 2.0 * 20_000.0 - 400.0 / sin);
    }

    #[test]
    fn turns_are_round_outside_and_ends_are_flat() {
        let quarter = std::f64::consts::PI * R * R / 4.0;
        for corner in [
            [(0.0, 0.0), (500.0, 0.0), (500.0, 500.0)],
            [(0.0, 0.0), (500.0, 0.0), (500.0, -500.0)],
        ] {
            // Two rectangles overlap in a square of R² inside the corner, and a quarter circle closes it outside.
            assert_close(area(&[line(&corner)]), 2.0 * 10_000.0 - R * R + quarter);
        }
        // Where it turns back there is half a circle, at its ends there is none.
        let u_turn = line(&[(0.0, 0.0), (500.0, 0.0), (0.0, 0.0)]);
        assert_close(area(&[u_turn]), 10_000.0 + 2.0 * quarter);
        // A closed line is round at every corner.
        let square = line(&[(0.0, 0.0), (500.0, 0.0), (500.0, 500.0), (0.0, 500.0), (0.0, 0.0)]);
        assert_close(
            area(&[square]),
            520.0 * 520.0 - 480.0 * 480.0 - 4.0 * R * R + 4.0 * quarter,
        );
    }

    #[test]
    fn degenerate_lines_do_no_harm() {
        let street = line(&[(0.0, 0.0), (1000.0, 0.0)]);
        let stuttering = line(&[
            (0.0, 0.0),
            (0.0, 0.0),
            (500.0, 0.0),
            (500.0, 0.0),
            (1000.0, 0.0),
            (1000.0, 0.0),
        ]);
        assert_close(area(&[stuttering]), 20_000.0);
        let nothing = [
            line(&[]),
            line(&[(7.0, 7.0)]),
            line(&[(7.0, 7.0), (7.0, 7.0)]),
            line(&[(f64::NAN, 0.0), (1.0, 1.0)]),
        ];
        let network = CorridorNetwork::new(&nothing);
        assert_eq!((network.lines(), network.measure(R, &[]).total), (0, 0.0));
        let [a, b, c, d] = nothing;
        assert_close(area(&[street, a, b, c, d]), 20_000.0);
    }

    #[test]
    fn a_point_astray_costs_no_hour() {
        let astray = line(&[(0.0, 0.0), (1e7, 2e7)]);
        let length = 1e7_f64.hypot(2e7);
        assert_close(area(&[astray]), length * 2.0 * R);
    }

    #[test]
    fn parts_inside_areas_are_cut_at_their_edges() {
        let square = |x: f64| {
            let ring = vec![
                (x, -100.0),
                (x + 400.0, -100.0),
                (x + 400.0, 100.0),
                (x, 100.0),
                (x, -100.0),
            ];
            let hole = vec![
                (x + 100.0, -50.0),
                (x + 200.0, -50.0),
                (x + 200.0, 50.0),
                (x + 100.0, 50.0),
                (x + 100.0, -50.0),
            ];
            MultiPolygon(vec![Polygon::new(ring.into(), vec![hole.into()])])
        };
        let network = CorridorNetwork::new([line(&[(-1000.0, 0.0), (1000.0, 0.0)])]);
        // Two areas that overlap by half: each holds 400 m less the hole's 100 m. Together they hold the street
        // from 0 m to 600 m; only the hole of the first is not covered by the other (100 to 200 m), the hole of
        // the second lies in the first.
        let measured = network.measure(R, &[square(0.0), square(200.0)]);
        assert_close(measured.total, 40_000.0);
        assert_close(measured.by_area[0], 6_000.0);
        assert_close(measured.by_area[1], 6_000.0);
        assert_close(measured.inside, 20.0 * 500.0);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        /// Against the general union, on tangled lines.
        #[test]
        fn agrees_with_the_general_union(
            lines in prop::collection::vec(prop::collection::vec((0.0..600.0_f64, 0.0..600.0_f64), 1..9), 1..7),
            radius in 4.0..16.0_f64,
            ward in (0.0..300.0_f64, 0.0..300.0_f64, 50.0..400.0_f64),
        ) {
            let lines: Vec<_> = lines.iter().map(|points| line(points)).collect();
            let (x, y, side) = ward;
            let ward = MultiPolygon(vec![Polygon::new(
                vec![(x, y), (x + side, y), (x + side, y + side), (x, y + side), (x, y)].into(), Vec::new(),
            )]);
            let union = general_union(&lines, radius);
            let measured = CorridorNetwork::new(&lines).measure(radius, std::slice::from_ref(&ward));
            let total = union.unsigned_area();
            let along = along_the_scan(&lines, radius);
            prop_assert!((measured.total - total).abs() <= 2e-3 * total + 1.0 + along, "{} {total}", measured.total);
            let inside = union.intersection(&ward).unsigned_area();
            prop_assert!((measured.inside - inside).abs() <= 2e-3 * inside + 2.0 + along, "{} {inside}", measured.inside);
            prop_assert!((measured.by_area[0] - measured.inside).abs() <= 1e-9 * measured.inside.max(1.0));
        }
    }
}
