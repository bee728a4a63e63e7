//! Whether the rings of a polygon cross themselves or each other (OGC 06-103r4, 6.1.11).

use geo::line_intersection::{LineIntersection, line_intersection};
use geo_types::{Coord, Line, LineString};
use rstar::{AABB, RTree, RTreeObject};

/// A side of a ring.
struct Side {
    ring: usize,
    index: usize,
    line: Line<f64>,
}

impl RTreeObject for Side {
    type Envelope = AABB<[f64; 2]>;

    fn envelope(&self) -> Self::Envelope {
        AABB::from_corners(
            [self.line.start.x, self.line.start.y],
            [self.line.end.x, self.line.end.y],
        )
    }
}

/// A sentence that names the place where rings cross; `None` where they do not. Rings may touch each other in
/// single points, a ring may not touch itself.
pub(crate) fn find(rings: &[LineString<f64>]) -> Option<String> {
    let mut sides = Vec::new();
    let mut counts = Vec::new();
    for (ring, line) in rings.iter().enumerate() {
        let before = sides.len();
        // A position given twice is no side.
        for line in line.lines().filter(|line| line.start != line.end) {
            sides.push(Side {
                ring,
                index: sides.len() - before,
                line,
            });
        }
        counts.push(sides.len() - before);
    }
    let tree = RTree::bulk_load(sides);
    let mut worst: Option<((usize, usize), String)> = None;
    for side in &tree {
        for other in tree.locate_in_envelope_intersecting(&side.envelope()) {
            if (other.ring, other.index) <= (side.ring, side.index) {
                continue;
            }
            let count = counts.get(side.ring).copied().unwrap_or(0);
            if let Some(why) = crossing(side, other, count) {
                // The first along the outline, so that the message is always the same.
                let at = (side.ring, side.index);
                if worst
                    .as_ref()
                    .is_none_or(|(best, text)| (at, &why) < (*best, text))
                {
                    worst = Some((at, why));
                }
            }
        }
    }
    worst.map(|(_, why)| why)
}

fn crossing(side: &Side, other: &Side, count: usize) -> Option<String> {
    let whose = |ring: usize| {
        if ring == 0 {
            "its outline"
        } else {
            "the ring of a hole"
        }
    };
    let place = |at: Coord<f64>| format!("{} {}", at.x, at.y);
    let same = side.ring == other.ring;
    let next = same && (other.index == side.index + 1 || (side.index == 0 && other.index + 1 == count));
    match line_intersection(side.line, other.line)? {
        LineIntersection::SinglePoint {
            intersection,
            is_proper,
        } => {
            if same && !next {
                let verb = if is_proper { "crosses" } else { "touches" };
                Some(format!(
                    "{} {verb} itself at {}",
                    whose(side.ring),
                    place(intersection)
                ))
            } else if !same && is_proper {
                Some(format!(
                    "{} crosses {} at {}",
                    whose(other.ring),
                    whose(side.ring),
                    place(intersection)
                ))
            } else {
                None
            }
        }
        LineIntersection::Collinear { intersection } => {
            if intersection.start == intersection.end {
                let touches = same && !next;
                return touches.then(|| {
                    format!(
                        "{} touches itself at {}",
                        whose(side.ring),
                        place(intersection.start)
                    )
                });
            }
            let verb = if same {
                "runs back over itself".to_owned()
            } else {
                format!("runs along {}", whose(side.ring))
            };
            Some(format!(
                "{} {verb} at {}",
                whose(other.ring),
                place(intersection.start)
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ring(points: &[(f64, f64)]) -> LineString<f64> {
        let mut ring: LineString<f64> = points.to_vec().into();
        ring.close();
        ring
    }

    #[test]
    fn crossings_are_found_and_touches_told_apart() {
        let square = ring(&[(0., 0.), (10., 0.), (10., 10.), (0., 10.)]);
        assert_eq!(find(std::slice::from_ref(&square)), None);
        let hole = ring(&[(2., 2.), (4., 2.), (4., 4.), (2., 4.)]);
        assert_eq!(find(&[square.clone(), hole]), None);
        let touching = ring(&[(0., 5.), (4., 2.), (4., 4.)]);
        assert_eq!(
            find(&[square.clone(), touching]),
            None,
            "a hole may touch the outline"
        );
        let out = ring(&[(5., 5.), (15., 5.), (5., 6.)]);
        assert!(
            find(&[square.clone(), out])
                .unwrap()
                .starts_with("the ring of a hole crosses its outline at 10 5")
        );
        let along = ring(&[(0., 2.), (0., 5.), (3., 3.)]);
        assert!(find(&[square, along]).unwrap().contains("runs along its outline"));
        let spike = ring(&[(0., 0.), (5., 0.), (5., 5.), (5., 0.), (10., 0.), (10., 10.)]);
        assert!(find(&[spike]).is_some());
        let eight = ring(&[(0., 0.), (1., 1.), (2., 2.), (2., 0.), (1., 1.), (0., 2.)]);
        assert_eq!(find(&[eight]).unwrap(), "its outline touches itself at 1 1");
        let twice = ring(&[(0., 0.), (10., 0.), (10., 0.), (10., 10.)]);
        assert_eq!(find(&[twice]), None, "a position given twice is no fault");
    }

    proptest! {
        /// Against every pair of sides.
        #[test]
        fn it_agrees_with_brute_force(points in proptest::collection::vec((0_i8..12, 0_i8..12), 3..9)) {
            let points: Vec<_> = points.iter().map(|(x, y)| (f64::from(*x), f64::from(*y))).collect();
            let mut points = points;
            points.dedup();
            prop_assume!(points.len() > 2 && points.first() != points.last());
            let ring = ring(&points);
            let lines: Vec<_> = ring.lines().collect();
            let mut crosses = false;
            for i in 0..lines.len() {
                for j in i + 1..lines.len() {
                    let next = j == i + 1 || (i == 0 && j + 1 == lines.len());
                    crosses |= match line_intersection(lines[i], lines[j]) {
                        None => false,
                        Some(LineIntersection::SinglePoint { .. }) => !next,
                        Some(LineIntersection::Collinear { intersection }) => {
                            !next || intersection.start != intersection.end
                        }
                    };
                }
            }
            prop_assert_eq!(find(&[ring]).is_some(), crosses);
        }
    }
}
