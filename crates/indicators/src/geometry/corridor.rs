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
/// How many scan lines fall on the radius.
const LINES_PER_RADIUS: f64 = 20.0;

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
        pieces.measure(radius_m / LINES_PER_RADIUS, areas)
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
