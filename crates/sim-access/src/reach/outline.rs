//! The area around what is reached, as polygons.
//!
//! Method: the reached pieces are buffered. On a square grid of the given spacing, the distance from every grid
//! point to the nearest piece is computed exactly; the line where it equals the buffer's width is traced by marching
//! squares (Lorensen and Cline 1987, in the plane) with linear interpolation along the grid's edges, ambiguous
//! squares being decided by the mean of their corners. A gap narrower than the spacing may be closed, and the line
//! lies within about an eighth of spacing² / width of the true one. Holes (blocks nobody gets near) are kept.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::isochrone::ReachedPiece;
use crate::network::Network;
use crate::place::{Plane, Position, nearest_on_segment};

/// A closed ring: the last position is the first. Outer rings run against the clock, holes with it (RFC 7946).
pub type Ring = Vec<Position>;

/// A polygon.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shape {
    /// Its outer ring.
    pub outer: Ring,
    /// Its holes.
    pub holes: Vec<Ring>,
}

/// How an outline is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct OutlineOptions {
    /// How far beside a way the area goes, metres.
    pub width_m: f64,
    /// Spacing of the grid, metres; not more than the width. Made wider where the area would need more than four
    /// million grid points.
    pub spacing_m: f64,
}

impl Default for OutlineOptions {
    fn default() -> Self {
        Self {
            width_m: 30.0,
            spacing_m: 15.0,
        }
    }
}

/// The area around reached pieces: polygons, largest first. Nothing for no pieces, or a width or spacing that is
/// not a positive number.
#[must_use]
pub fn outline(network: &Network, pieces: &[ReachedPiece], options: &OutlineOptions) -> Vec<Shape> {
    if !(options.width_m > 0.0 && options.width_m.is_finite() && options.spacing_m > 0.0) {
        return Vec::new();
    }
    let Some(first) = pieces.iter().find_map(|piece| network.course(piece.edge).next()) else {
        return Vec::new();
    };
    let plane = Plane::at(first);
    let mut segments = Vec::new();
    for piece in pieces {
        cut(network, piece, &plane, &mut segments);
    }
    match Grid::of(&segments, options) {
        Some(mut grid) => {
            for &segment in &segments {
                grid.draw(segment);
            }
            assemble(grid.trace(), &plane)
        }
        None => Vec::new(),
    }
}

type Segment = [[f64; 2]; 2];

/// The straight pieces of the reached part of an edge.
fn cut(network: &Network, piece: &ReachedPiece, plane: &Plane, segments: &mut Vec<Segment>) {
    let course: Vec<[f64; 2]> = network.course(piece.edge).map(|place| plane.xy(place)).collect();
    let length = |a: [f64; 2], b: [f64; 2]| (b[0] - a[0]).hypot(b[1] - a[1]);
    let total: f64 = course.windows(2).map(|ab| length(ab[0], ab[1])).sum();
    let (begins, ends) = (
        piece.from.clamp(0.0, 1.0) * total,
        piece.to.clamp(0.0, 1.0) * total,
    );
    let mut before = 0.0;
    for ab in course.windows(2) {
        let (a, b) = (ab[0], ab[1]);
        let here = length(a, b);
        let (from, to) = ((begins - before).max(0.0), (ends - before).min(here));
        if from <= to {
            let at = |along: f64| {
                let share = if here > 0.0 { along / here } else { 0.0 };
                [a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1])]
            };
            segments.push([at(from), at(to)]);
        }
        before += here;
    }
}

/// Squared distances at grid points.
struct Grid {
    origin: [f64; 2],
    spacing: f64,
    width: f64,
    columns: usize,
    rows: usize,
    squared: Vec<f32>,
}

impl Grid {
    const MOST_POINTS: f64 = 4_000_000.0;

    fn of(segments: &[Segment], options: &OutlineOptions) -> Option<Self> {
        let points = || segments.iter().flatten();
        let low = |axis: usize| points().map(|point| point[axis]).fold(f64::INFINITY, f64::min);
        let high = |axis: usize| {
            points()
                .map(|point| point[axis])
                .fold(f64::NEG_INFINITY, f64::max)
        };
        let width = options.width_m;
        let extent = [high(0) - low(0), high(1) - low(1)];
        if !extent.iter().all(|extent| extent.is_finite()) {
            return None;
        }
        let mut spacing = options.spacing_m.min(width).max(0.01);
        let counts = |spacing: f64| extent.map(|extent| ((extent + 2.0 * width) / spacing).ceil() + 5.0);
        while counts(spacing).iter().product::<f64>() > Self::MOST_POINTS {
            spacing *= 1.5;
        }
        // Two points outside on every side: the outermost are never inside, so every ring closes.
        let margin = width + 2.0 * spacing;
        let [columns, rows] = counts(spacing).map(whole);
        Some(Self {
            origin: [low(0) - margin, low(1) - margin],
            spacing,
            width,
            columns,
            rows,
            squared: vec![f32::INFINITY; columns * rows],
        })
    }

    fn point(&self, column: usize, row: usize) -> [f64; 2] {
        [
            self.origin[0] + column as f64 * self.spacing,
            self.origin[1] + row as f64 * self.spacing,
        ]
    }

    /// Brings the points near a segment up to date.
    #[allow(
        clippy::cast_possible_truncation,
        reason = "a distance in metres needs no more than f32"
    )]
    fn draw(&mut self, [a, b]: Segment) {
        let reach = self.width + 1.5 * self.spacing;
        let range = |axis: usize, count: usize| {
            let (low, high) = (a[axis].min(b[axis]) - reach, a[axis].max(b[axis]) + reach);
            let index = |value: f64| whole((value - self.origin[axis]) / self.spacing).min(count);
            index(low)..(index(high) + 1).min(count)
        };
        let (columns, rows) = (range(0, self.columns), range(1, self.rows));
        for row in rows {
            for column in columns.clone() {
                let squared = nearest_on_segment(self.point(column, row), a, b).1 as f32;
                let held = &mut self.squared[row * self.columns + column];
                *held = held.min(squared);
            }
        }
    }

    /// How far inside a point is (positive), or outside (negative). Points nobody looked at are well outside.
    fn inside(&self, column: usize, row: usize) -> f64 {
        let squared = f64::from(self.squared[row * self.columns + column]);
        // Never exactly 0: the line must not run through a grid point.
        let value = self.width - squared.sqrt().min(self.width + 2.0 * self.spacing);
        if value == 0.0 { -1e-9 } else { value }
    }

    /// The lines where inside turns to outside, as closed rings with the inside on their left.
    fn trace(&self) -> Vec<Vec<[f64; 2]>> {
        // Crossings are named by the grid edge they lie on: twice the point's number, plus one for the edge upwards.
        let mut next: BTreeMap<usize, usize> = BTreeMap::new();
        for row in 0..self.rows.saturating_sub(1) {
            for column in 0..self.columns.saturating_sub(1) {
                let number = row * self.columns + column;
                let (bottom, left) = (2 * number, 2 * number + 1);
                let (top, right) = (2 * (number + self.columns), 2 * (number + 1) + 1);
                let corners = [(0, 0), (1, 0), (1, 1), (0, 1)].map(|(x, y)| self.inside(column + x, row + y));
                let case = (0..4).fold(0, |case, corner| {
                    case | usize::from(corners[corner] > 0.0) << corner
                });
                let centre_inside = corners.iter().sum::<f64>() > 0.0;
                let mut line = |from: usize, to: usize| {
                    next.insert(from, to);
                };
                match case {
                    1 => line(bottom, left),
                    2 => line(right, bottom),
                    3 => line(right, left),
                    4 => line(top, right),
                    5 if centre_inside => {
                        line(bottom, right);
                        line(top, left);
                    }
                    5 => {
                        line(bottom, left);
                        line(top, right);
                    }
                    6 => line(top, bottom),
                    7 => line(top, left),
                    8 => line(left, top),
                    9 => line(bottom, top),
                    10 if centre_inside => {
                        line(right, top);
                        line(left, bottom);
                    }
                    10 => {
                        line(right, bottom);
                        line(left, top);
                    }
                    11 => line(right, top),
                    12 => line(left, right),
                    13 => line(bottom, right),
                    14 => line(left, bottom),
                    _ => {}
                }
            }
        }
        let mut rings = Vec::new();
        while let Some((&first, _)) = next.first_key_value() {
            let (mut ring, mut at) = (Vec::new(), first);
            while let Some(to) = next.remove(&at) {
                ring.push(self.crossing(at));
                at = to;
            }
            if let Some(&start) = ring.first() {
                ring.push(start);
                rings.push(ring);
            }
        }
        rings
    }

    fn crossing(&self, name: usize) -> [f64; 2] {
        let (number, upwards) = (name / 2, name % 2);
        let (column, row) = (number % self.columns, number / self.columns);
        let (a, b) = (
            self.inside(column, row),
            self.inside(column + 1 - upwards, row + upwards),
        );
        let along = a / (a - b) * self.spacing;
        let [x, y] = self.point(column, row);
        if upwards == 1 {
            [x, y + along]
        } else {
            [x + along, y]
        }
    }
}

/// Twice the area within a ring, positive against the clock.
fn area(ring: &[[f64; 2]]) -> f64 {
    ring.windows(2)
        .map(|ab| ab[0][0] * ab[1][1] - ab[1][0] * ab[0][1])
        .sum()
}

/// Outer rings with the holes that lie in them.
fn assemble(rings: Vec<Vec<[f64; 2]>>, plane: &Plane) -> Vec<Shape> {
    let (mut outer, holes): (Vec<_>, Vec<_>) = rings.into_iter().partition(|ring| area(ring) > 0.0);
    outer.sort_by(|a, b| area(b).total_cmp(&area(a)));
    let places = |ring: &[[f64; 2]]| ring.iter().map(|&point| plane.position(point)).collect::<Ring>();
    let mut shapes: Vec<Shape> = outer
        .iter()
        .map(|ring| Shape {
            outer: places(ring),
            holes: Vec::new(),
        })
        .collect();
    for hole in holes {
        // The smallest ring around it; largest come first.
        let around = hole
            .first()
            .and_then(|&point| outer.iter().rposition(|ring| contains(ring, point)));
        if let Some(around) = around {
            shapes[around].holes.push(places(&hole));
        }
    }
    shapes
}

fn contains(ring: &[[f64; 2]], [x, y]: [f64; 2]) -> bool {
    let crosses = |ab: &&[[f64; 2]]| {
        let ([ax, ay], [bx, by]) = (ab[0], ab[1]);
        (ay > y) != (by > y) && x < ax + (y - ay) / (by - ay) * (bx - ax)
    };
    ring.windows(2).filter(crosses).count() % 2 == 1
}

/// A count from a number; below 0 is 0.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped; no number is 0"
)]
fn whole(value: f64) -> usize {
    value.clamp(0.0, 1e9) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attributes::EdgeAttributes;
    use crate::network::{EdgeIndex, EdgeInput, NodeInput};

    fn square() -> Network {
        let plane = Plane::at(Position::new(36.8, -1.3));
        let corners = [[0.0, 0.0], [200.0, 0.0], [200.0, 200.0], [0.0, 200.0]];
        let nodes: Vec<_> = (0..)
            .zip(corners)
            .map(|(id, xy)| NodeInput {
                id,
                position: plane.position(xy),
            })
            .collect();
        let edge = |id: i64| EdgeInput::straight(id, id, (id + 1) % 4, 200.0, EdgeAttributes::default());
        Network::build(&nodes, &[edge(0), edge(1), edge(2), edge(3)]).unwrap()
    }

    fn whole_edge(edge: u32) -> ReachedPiece {
        ReachedPiece {
            edge: EdgeIndex(edge),
            from: 0.0,
            to: 1.0,
        }
    }

    fn area_m2(ring: &Ring) -> f64 {
        let plane = Plane::at(ring[0]);
        area(&ring.iter().map(|&place| plane.xy(place)).collect::<Vec<_>>()) / 2.0
    }

    #[test]
    fn a_street_is_a_sausage() {
        let network = square();
        let options = OutlineOptions {
            width_m: 30.0,
            spacing_m: 5.0,
        };
        let half = ReachedPiece {
            edge: EdgeIndex(0),
            from: 0.25,
            to: 0.75,
        };
        let shapes = outline(&network, &[half], &options);
        assert_eq!((shapes.len(), shapes[0].holes.len()), (1, 0));
        let truth = 100.0 * 60.0 + std::f64::consts::PI * 900.0;
        assert!(
            (area_m2(&shapes[0].outer) / truth - 1.0).abs() < 0.01,
            "{}",
            area_m2(&shapes[0].outer)
        );
        assert_eq!(shapes[0].outer.first(), shapes[0].outer.last());
    }

    #[test]
    fn a_block_is_a_ring() {
        let network = square();
        let all: Vec<_> = (0..4).map(whole_edge).collect();
        let shapes = outline(
            &network,
            &all,
            &OutlineOptions {
                width_m: 30.0,
                spacing_m: 5.0,
            },
        );
        assert_eq!((shapes.len(), shapes[0].holes.len()), (1, 1));
        let hole = area_m2(&shapes[0].holes[0]);
        assert!((hole / -(140.0 * 140.0) - 1.0).abs() < 0.01, "{hole}");
        let outer = 200.0 * 200.0 + 4.0 * 200.0 * 30.0 + std::f64::consts::PI * 900.0;
        assert!((area_m2(&shapes[0].outer) / outer - 1.0).abs() < 0.01);
        // Two streets that do not touch are two areas.
        assert_eq!(
            outline(
                &network,
                &[whole_edge(0), whole_edge(2)],
                &OutlineOptions::default()
            )
            .len(),
            2
        );
    }

    #[test]
    fn nothing_and_nonsense() {
        let network = square();
        assert!(outline(&network, &[], &OutlineOptions::default()).is_empty());
        assert!(outline(&network, &[whole_edge(9)], &OutlineOptions::default()).is_empty());
        let options = OutlineOptions {
            width_m: f64::NAN,
            spacing_m: 1.0,
        };
        assert!(outline(&network, &[whole_edge(0)], &options).is_empty());
        let tiny = OutlineOptions {
            width_m: 30.0,
            spacing_m: 1e-300,
        };
        assert_eq!(outline(&network, &[whole_edge(0)], &tiny).len(), 1);
        let nowhere = ReachedPiece {
            edge: EdgeIndex(0),
            from: f64::NAN,
            to: f64::NAN,
        };
        let _ = outline(&network, &[nowhere], &OutlineOptions::default());
    }
}
