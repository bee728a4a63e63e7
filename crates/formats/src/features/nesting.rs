//! Which ring is an outline and which a hole: by which lies in which. Directions and roles are wrong more often.

use geo::coordinate_position::{CoordPos, CoordinatePosition};
use geo::{Area, BoundingRect};
use geo_types::{Coord, Polygon, Rect};

/// The most rings of one area.
pub(crate) const MAX_RINGS: usize = 5_000;

/// Puts closed rings, each the outline of a polygon, none of which cross, into groups: an outline and the holes
/// directly in it, by their indices; the largest outline first. An outline within a hole is one of its own.
pub(crate) fn nest(rings: &[Polygon<f64>]) -> Vec<Vec<usize>> {
    struct Ring {
        index: usize,
        area: f64,
        bounds: Option<Rect<f64>>,
    }
    let mut order: Vec<Ring> = rings
        .iter()
        .enumerate()
        .map(|(index, ring)| Ring {
            index,
            area: ring.unsigned_area(),
            bounds: ring.bounding_rect(),
        })
        .collect();
    order.sort_by(|a, b| b.area.total_cmp(&a.area));
    // Larger rings first: the ring that directly holds one is the last before it that holds it.
    let mut depths: Vec<usize> = Vec::with_capacity(order.len());
    let mut groups: Vec<(usize, Vec<usize>)> = Vec::new();
    for (place, ring) in order.iter().enumerate() {
        let holder = (0..place).rev().find(|other| {
            order.get(*other).is_some_and(|other| {
                let (Some(outer), Some(inner)) = (&other.bounds, &ring.bounds) else {
                    return false;
                };
                let (Some(outline), Some(within)) = (rings.get(other.index), rings.get(ring.index)) else {
                    return false;
                };
                holds(outer, inner) && lies_in(within, outline)
            })
        });
        let depth = holder.map_or(0, |holder| depths.get(holder).copied().unwrap_or(0) + 1);
        depths.push(depth);
        if depth % 2 == 0 {
            groups.push((place, vec![ring.index]));
        } else if let Some((_, group)) = groups.iter_mut().find(|(outline, _)| Some(*outline) == holder) {
            group.push(ring.index);
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

fn holds(outer: &Rect<f64>, inner: &Rect<f64>) -> bool {
    outer.min().x <= inner.min().x
        && outer.min().y <= inner.min().y
        && outer.max().x >= inner.max().x
        && outer.max().y >= inner.max().y
}

/// Whether a ring that does not cross another lies in it: by its first point that is not on the other.
fn lies_in(ring: &Polygon<f64>, other: &Polygon<f64>) -> bool {
    let line = ring.exterior();
    let corners = line.0.iter().copied();
    let middles = line.lines().map(|side| Coord {
        x: f64::midpoint(side.start.x, side.end.x),
        y: f64::midpoint(side.start.y, side.end.y),
    });
    corners
        .chain(middles)
        .map(|point| other.coordinate_position(&point))
        .find(|position| *position != CoordPos::OnBoundary)
        .is_some_and(|position| position == CoordPos::Inside)
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo_types::LineString;

    fn square(x: f64, y: f64, side: f64) -> Polygon<f64> {
        let line = vec![(x, y), (x + side, y), (x + side, y + side), (x, y + side), (x, y)];
        Polygon::new(LineString::from(line), Vec::new())
    }

    #[test]
    fn rings_are_put_where_they_lie() {
        let rings = [
            square(4.0, 4.0, 1.0),
            square(3.0, 3.0, 4.0),
            square(0.0, 0.0, 10.0),
            square(20.0, 0.0, 10.0),
            square(1.0, 1.0, 1.0),
        ];
        assert_eq!(nest(&rings), [vec![2, 1, 4], vec![3], vec![0]]);
        // Side by side: both outlines, though they share a side.
        assert_eq!(nest(&[square(0.0, 0.0, 1.0), square(1.0, 0.0, 1.0)]).len(), 2);
        // A hole that touches the outline.
        assert_eq!(
            nest(&[square(0.0, 0.0, 4.0), square(0.0, 1.0, 1.0)]),
            [vec![0, 1]]
        );
        assert!(nest(&[]).is_empty());
    }
}
