//! From a point to the nearest edge.

use rstar::{AABB, PointDistance, RTreeObject};
use serde::{Deserialize, Serialize};

use super::{EdgeIndex, Network};
use crate::place::{Plane, Position, nearest_on_segment};
use crate::units::small;

/// A point put onto a network: where it splits which edge, and how far off it lies.
///
/// A place at the very end of an edge is at the node, and so on every edge that meets there: whether its own edge can
/// be passed does not matter to it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Snap {
    /// The edge.
    pub edge: EdgeIndex,
    /// Where on the edge, 0 at its `from` to 1 at its `to`, by length.
    pub fraction: f64,
    /// Straight metres from the point to the edge; walked too.
    pub offset_m: f64,
}

impl Snap {
    /// A place on an edge itself.
    #[must_use]
    pub const fn on(edge: EdgeIndex, fraction: f64) -> Self {
        Self {
            edge,
            fraction,
            offset_m: 0.0,
        }
    }
}

impl Snap {
    /// Whether it is at the node that the edge is entered from (`forward`: at its `from`), and nothing of the edge
    /// lies between.
    pub(crate) const fn is_at_entry(&self, forward: bool) -> bool {
        if forward {
            self.fraction <= 0.0
        } else {
            self.fraction >= 1.0
        }
    }
}

/// A straight piece of an edge on the Mercator map.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Piece {
    edge: u32,
    /// Which piece of its edge.
    number: u32,
    a: [f64; 2],
    b: [f64; 2],
}

impl Piece {
    pub(crate) fn of_edge(network: &Network, edge: EdgeIndex, pieces: &mut Vec<Self>) {
        let course = || network.course(edge).map(Position::mercator);
        for (number, (a, b)) in course().zip(course().skip(1)).enumerate() {
            pieces.push(Self {
                edge: edge.0,
                number: small(number),
                a,
                b,
            });
        }
    }
}

impl RTreeObject for Piece {
    type Envelope = AABB<[f64; 2]>;

    fn envelope(&self) -> Self::Envelope {
        AABB::from_corners(self.a, self.b)
    }
}

impl PointDistance for Piece {
    fn distance_2(&self, point: &[f64; 2]) -> f64 {
        nearest_on_segment(*point, self.a, self.b).1
    }
}

impl Network {
    /// The nearest edge to a point within so many metres. Of edges equally near (at a junction), the first in the
    /// input. `None`: nothing is that near, or the point is no place.
    ///
    /// "Nearest" is on the Mercator map of the sphere; against the ellipsoid its directions differ by 0.3 %.
    #[must_use]
    pub fn snap(&self, point: Position, within_m: f64) -> Option<Snap> {
        self.snap_where(point, within_m, |_| true)
    }

    /// As [`Network::snap`], among edges that a caller allows: those a house may open on, say.
    #[must_use]
    pub fn snap_where(
        &self,
        point: Position,
        within_m: f64,
        allowed: impl Fn(EdgeIndex) -> bool,
    ) -> Option<Snap> {
        if !point.is_valid() {
            return None;
        }
        let on_map = point.mercator();
        let mut best: Option<(f64, &Piece)> = None;
        for (piece, squared) in self.pieces().nearest_neighbor_iter_with_distance_2(&on_map) {
            match best {
                None if allowed(EdgeIndex(piece.edge)) => best = Some((squared, piece)),
                None => {
                    // Nothing allowed so far: stop where even the map says it is too far.
                    if squared.sqrt() * 6_400_000.0 * point.lat.to_radians().cos() > 1.01 * within_m + 1.0 {
                        return None;
                    }
                }
                // A hair's breadth on the earth: equally near.
                Some((nearest, _)) if squared.sqrt() > nearest.sqrt() + 1e-12 => break,
                Some((_, first)) => {
                    if (piece.edge, piece.number) < (first.edge, first.number)
                        && allowed(EdgeIndex(piece.edge))
                    {
                        best = best.map(|(nearest, _)| (nearest, piece));
                    }
                }
            }
        }
        let (_, piece) = best?;
        let snap = self.place_on(EdgeIndex(piece.edge), piece.number, point);
        (snap.offset_m <= within_m).then_some(snap)
    }

    /// The place on a piece of an edge nearest to a point, in true metres.
    fn place_on(&self, edge: EdgeIndex, number: u32, point: Position) -> Snap {
        let plane = Plane::at(point);
        let (mut before, mut total, mut offset_m) = (0.0, 0.0, f64::INFINITY);
        let course = || self.course(edge).map(|place| plane.xy(place));
        for (at, (a, b)) in course().zip(course().skip(1)).enumerate() {
            let length = (b[0] - a[0]).hypot(b[1] - a[1]);
            if at == number as usize {
                let (along, squared) = nearest_on_segment([0.0, 0.0], a, b);
                before = total + along * length;
                offset_m = squared.sqrt();
            }
            total += length;
        }
        Snap {
            edge,
            fraction: if total > 0.0 {
                (before / total).clamp(0.0, 1.0)
            } else {
                0.0
            },
            offset_m,
        }
    }

    /// Where a place on an edge lies on the earth; `None`: no such edge.
    #[must_use]
    pub fn place_of(&self, snap: &Snap) -> Option<Position> {
        self.place_at(snap.edge, snap.fraction)
    }

    /// The course of an edge between two fractions of its length, from the lesser to the greater; nothing for an edge
    /// that is not in the network.
    #[must_use]
    pub fn stretch(&self, edge: EdgeIndex, from: f64, to: f64) -> Vec<Position> {
        let Some(first) = self.course(edge).next() else {
            return Vec::new();
        };
        let (low, high) = (from.min(to).clamp(0.0, 1.0), from.max(to).clamp(0.0, 1.0));
        let plane = Plane::at(first);
        let course: Vec<(Position, [f64; 2])> =
            self.course(edge).map(|place| (place, plane.xy(place))).collect();
        let lengths: Vec<f64> = course
            .windows(2)
            .map(|ab| (ab[1].1[0] - ab[0].1[0]).hypot(ab[1].1[1] - ab[0].1[1]))
            .collect();
        let total: f64 = lengths.iter().sum();
        let mut along = 0.0;
        let mut stretch: Vec<Position> = self.place_at(edge, low).into_iter().collect();
        for (length, (place, _)) in lengths.iter().zip(course.iter().skip(1)) {
            along += length;
            if along > low * total && along < high * total {
                stretch.push(*place);
            }
        }
        stretch.extend(self.place_at(edge, high));
        stretch
    }

    /// The place at a fraction of an edge's course.
    pub(crate) fn place_at(&self, edge: EdgeIndex, fraction: f64) -> Option<Position> {
        let plane = Plane::at(self.course(edge).next()?);
        let course: Vec<[f64; 2]> = self.course(edge).map(|place| plane.xy(place)).collect();
        let total: f64 = course
            .windows(2)
            .map(|ab| (ab[1][0] - ab[0][0]).hypot(ab[1][1] - ab[0][1]))
            .sum();
        let mut left = total * fraction.clamp(0.0, 1.0);
        for ab in course.windows(2) {
            let ([ax, ay], [bx, by]) = (ab[0], ab[1]);
            let length = (bx - ax).hypot(by - ay);
            if left <= length && length > 0.0 {
                let share = left / length;
                return Some(
                    plane
                        .position([ax + share * (bx - ax), ay + share * (by - ay)])
                        .wrapped(),
                );
            }
            left -= length;
        }
        course.last().map(|&last| plane.position(last).wrapped())
    }
}

#[cfg(test)]
#[allow(clippy::cast_possible_truncation, reason = "metres of a small street")]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::attributes::EdgeAttributes;
    use crate::network::{EdgeInput, NodeInput};

    fn network(places: &[[f64; 2]], pairs: &[[usize; 2]]) -> Network {
        let plane = Plane::at(Position::new(9.5, 47.1));
        let nodes: Vec<_> = (0..)
            .zip(places)
            .map(|(id, &xy)| NodeInput {
                id,
                position: plane.position(xy),
            })
            .collect();
        let edges: Vec<_> = pairs
            .iter()
            .map(|&[a, b]| {
                let length = (places[a][0] - places[b][0]).hypot(places[a][1] - places[b][1]);
                let id = |node: usize| i64::try_from(node).unwrap();
                EdgeInput::straight(0, id(a), id(b), length, EdgeAttributes::default())
            })
            .collect();
        Network::build(&nodes, &edges).unwrap()
    }

    #[test]
    fn splits_the_edge_where_it_should() {
        let network = network(&[[0.0, 0.0], [100.0, 0.0], [0.0, 100.0]], &[[0, 1], [0, 2]]);
        let plane = Plane::at(Position::new(9.5, 47.1));
        let snap = network.snap(plane.position([25.0, 7.0]), 50.0).unwrap();
        assert_eq!(snap.edge, EdgeIndex(0));
        assert!(
            (snap.fraction - 0.25).abs() < 1e-3 && (snap.offset_m - 7.0).abs() < 0.05,
            "{snap:?}"
        );
        assert_eq!(network.snap(plane.position([25.0, 7.0]), 6.5), None);
        // At the junction both are equally near: the first is taken, however the tree is built.
        assert_eq!(
            network.snap(plane.position([-3.0, -3.0]), 50.0).unwrap().edge,
            EdgeIndex(0)
        );
        assert_eq!(
            network
                .snap_where(plane.position([25.0, 7.0]), 50.0, |edge| edge.0 == 1)
                .unwrap()
                .edge
                .0,
            1
        );
        assert_eq!(
            network.snap_where(plane.position([25.0, 7.0]), 50.0, |_| false),
            None
        );
        assert_eq!(network.snap(Position::new(f64::NAN, 0.0), f64::INFINITY), None);
    }

    #[test]
    fn a_stretch_keeps_the_bends_between() {
        let plane = Plane::at(Position::new(9.5, 47.1));
        let place = |xy| plane.position(xy);
        let nodes = [(0, [0.0, 0.0]), (1, [100.0, 100.0])].map(|(id, xy)| NodeInput {
            id,
            position: place(xy),
        });
        let mut edge = EdgeInput::straight(0, 0, 1, 200.0, EdgeAttributes::default());
        edge.bends.push(place([100.0, 0.0]));
        let network = Network::build(&nodes, &[edge]).unwrap();
        let metres = |from, to| -> Vec<[i64; 2]> {
            let stretch = network.stretch(EdgeIndex(0), from, to);
            stretch
                .iter()
                .map(|&at| plane.xy(at).map(|metre| metre.round() as i64))
                .collect()
        };
        assert_eq!(metres(0.25, 0.75), [[50, 0], [100, 0], [100, 50]]);
        assert_eq!(metres(0.9, 0.6), [[100, 20], [100, 80]]);
        assert_eq!(metres(0.5, 0.5), [[100, 0], [100, 0]]);
        assert!(network.stretch(EdgeIndex(7), 0.0, 1.0).is_empty());
    }

    proptest! {
        #[test]
        fn as_near_as_a_look_at_every_edge_finds(
            places in prop::collection::vec(prop::array::uniform2(-500.0..500.0_f64), 2..12),
            pairs in prop::collection::vec([0..12_usize, 0..12_usize], 1..20),
            point in prop::array::uniform2(-600.0..600.0_f64),
        ) {
            let pairs: Vec<_> = pairs.iter().map(|&[a, b]| [a % places.len(), b % places.len()]).collect();
            let plane = Plane::at(Position::new(9.5, 47.1));
            let snap = network(&places, &pairs).snap(plane.position(point), 5_000.0).unwrap();
            let nearest = pairs
                .iter()
                .map(|&[a, b]| nearest_on_segment(point, places[a], places[b]).1.sqrt())
                .fold(f64::INFINITY, f64::min);
            // The map's directions are those of the sphere.
            prop_assert!((snap.offset_m - nearest).abs() <= 0.005 * nearest + 1e-3, "{} {}", snap.offset_m, nearest);
            prop_assert!((0.0..=1.0).contains(&snap.fraction));
        }
    }

    #[test]
    fn a_street_across_the_180th_meridian() {
        let nodes = [179.999, -179.999].map(|lon| NodeInput {
            id: lon as i64,
            position: Position::new(lon, -16.8),
        });
        let street = EdgeInput::straight(
            0,
            179,
            -179,
            213.0,
            EdgeAttributes::of(crate::attributes::Highway::Path),
        );
        let network = Network::build(&nodes, &[street]).unwrap();
        for asked in [179.9995, -179.9995] {
            let snap = network.snap(Position::new(asked, -16.8), 5.0).unwrap();
            let place = network.place_of(&snap).unwrap();
            assert!(place.is_valid() && (place.lon - asked).abs() < 1e-9, "{place:?}");
        }
    }
}
