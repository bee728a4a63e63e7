//! From the ways of a relation, or one closed way, to polygons.
//!
//! Which ring is an outline and which a hole follows from which lies in which, not from the roles: those are
//! wrong more often. Rings that meet in a node are taken apart there.

use std::collections::{HashMap, HashSet};

use geo::{Area, Orient, orient::Direction};
use geo_types::{Geometry, LineString, MultiPolygon, Polygon};

use super::nodes::Nodes;
use crate::features::crossing::find as crossing;
use crate::features::nesting::{MAX_RINGS, nest};

/// Joins ways end to end into closed lists of nodes, the first node again at the end.
///
/// # Errors
/// Where the outline is open: a sentence that names the node.
pub(super) fn join(ways: &[(i64, &[i64])]) -> Result<Vec<Vec<i64>>, String> {
    let mut ends: HashMap<i64, Vec<usize>> = HashMap::new();
    for (index, (_, nodes)) in ways.iter().enumerate() {
        if let (Some(first), Some(last)) = (nodes.first(), nodes.last())
            && first != last
        {
            ends.entry(*first).or_default().push(index);
            ends.entry(*last).or_default().push(index);
        }
    }
    // From a node on which an odd number of ways end, no way leads around.
    let mut open: Vec<(usize, i64)> = ends
        .iter()
        .filter(|(_, ways)| ways.len() % 2 == 1)
        .filter_map(|(node, ways)| ways.first().map(|way| (*way, *node)))
        .collect();
    open.sort_unstable();
    if let Some((way, node)) = open.first() {
        let way = ways.get(*way).map_or(0, |(id, _)| *id);
        return Err(format!(
            "its outline is open: way {way} ends at node {node}, and nothing goes on there"
        ));
    }
    let mut used = vec![false; ways.len()];
    let mut closed = Vec::new();
    for (start, (_, nodes)) in ways.iter().enumerate() {
        if used.get(start).copied().unwrap_or(true) || nodes.len() < 2 {
            continue;
        }
        // Where every end is even, a walk that never repeats a way can only end where it began.
        let mut path = nodes.to_vec();
        if let Some(used) = used.get_mut(start) {
            *used = true;
        }
        while let (Some(first), Some(last)) = (path.first().copied(), path.last().copied())
            && first != last
        {
            let next = ends.get_mut(&last).and_then(|ways| {
                while let Some(way) = ways.pop() {
                    if let Some(used) = used.get_mut(way).filter(|used| !**used) {
                        *used = true;
                        return Some(way);
                    }
                }
                None
            });
            let Some((_, nodes)) = next.and_then(|next| ways.get(next)) else {
                return Err(format!("its outline is open at node {last}"));
            };
            if nodes.first() == Some(&last) {
                path.extend(nodes.iter().skip(1));
            } else {
                path.extend(nodes.iter().rev().skip(1));
            }
        }
        closed.push(path);
    }
    Ok(closed)
}

/// Takes a closed list of nodes apart where it meets itself. What runs there and straight back is left out.
fn simple(path: &[i64]) -> Vec<Vec<i64>> {
    let mut rings = Vec::new();
    let mut stack: Vec<i64> = Vec::new();
    let mut on_stack: HashSet<i64> = HashSet::new();
    for node in path {
        if !on_stack.insert(*node) {
            let from = stack.iter().rposition(|on| on == node).unwrap_or(0);
            let mut ring = stack.split_off(from);
            for left in ring.iter().skip(1) {
                on_stack.remove(left);
            }
            ring.push(*node);
            if ring.len() >= 4 {
                rings.push(ring);
            }
        }
        stack.push(*node);
    }
    rings
}

/// Makes a polygon, or several, of closed lists of nodes, all of which have their place.
///
/// # Errors
/// A sentence that says why these lists are the outline of nothing.
pub(super) fn polygons(closed: &[Vec<i64>], nodes: &Nodes) -> Result<Geometry<f64>, String> {
    let mut rings = Vec::new();
    for path in closed.iter().flat_map(|path| simple(path)) {
        let mut line = Vec::with_capacity(path.len());
        for id in &path {
            let position = nodes
                .position(*id)
                .ok_or_else(|| format!("its node {id} is not in the file"))?;
            line.push(position.coord());
        }
        let polygon = Polygon::new(LineString(line), Vec::new());
        if polygon.unsigned_area() <= 0.0 {
            let lines = [polygon.exterior().clone()];
            return Err(crossing(&lines).unwrap_or_else(|| "its outline encloses no area".to_owned()));
        }
        rings.push(polygon);
    }
    if rings.is_empty() {
        return Err("its outline encloses no area".to_owned());
    }
    if rings.len() > MAX_RINGS {
        return Err(format!("it has more than {MAX_RINGS} rings"));
    }
    let lines: Vec<_> = rings.iter().map(|ring| ring.exterior().clone()).collect();
    if let Some(why) = crossing(&lines) {
        return Err(why);
    }
    let line = |index: &usize| lines.get(*index).cloned();
    let mut polygons: Vec<_> = nest(&rings)
        .iter()
        .filter_map(|group| {
            let (outline, holes) = group.split_first()?;
            let holes = holes.iter().filter_map(line).collect();
            Some(Polygon::new(line(outline)?, holes).orient(Direction::Default))
        })
        .collect();
    Ok(if polygons.len() == 1 {
        Geometry::Polygon(polygons.remove(0))
    } else {
        Geometry::MultiPolygon(MultiPolygon(polygons))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::osm::element::Position;
    use crate::osm::nodes::Needed;
    use proptest::prelude::*;

    /// Nodes of a grid: node `10 * y + x` lies at `x`, `y`.
    fn grid() -> Nodes {
        let mut needed = Needed::of(100);
        needed.outline(&(0..100).collect::<Vec<i64>>()).unwrap();
        let mut nodes = needed.into_table().unwrap();
        for id in 0..100_i32 {
            let slot = nodes.slot(i64::from(id)).unwrap();
            let position = Position {
                lon: id % 10 * 10_000_000,
                lat: id / 10 * 10_000_000,
            };
            nodes.place(slot, position);
        }
        nodes
    }

    fn area(ways: &[(i64, &[i64])]) -> Result<(usize, usize, f64), String> {
        let geometry = polygons(&join(ways)?, &grid())?;
        let polygons = match &geometry {
            Geometry::Polygon(polygon) => vec![polygon.clone()],
            Geometry::MultiPolygon(polygons) => polygons.0.clone(),
            _ => vec![],
        };
        let holes = polygons.iter().map(|polygon| polygon.interiors().len()).sum();
        Ok((polygons.len(), holes, geometry.unsigned_area()))
    }

    #[test]
    fn ways_are_joined_whichever_way_they_run() {
        // A square of 9 by 9 in three ways, one of them backwards.
        assert_eq!(
            area(&[(1, &[0, 9]), (2, &[99, 9]), (3, &[99, 90, 0])]),
            Ok((1, 0, 81.0))
        );
        // A hole, and an island in it.
        let hole: &[i64] = &[11, 18, 88, 81, 11];
        let island: &[i64] = &[33, 36, 66, 63, 33];
        assert_eq!(
            area(&[(3, island), (2, hole), (1, &[0, 9, 99, 90, 0])]),
            Ok((2, 1, 81.0 - 49.0 + 9.0))
        );
        // Two apart, and two that meet in a node, split there or not.
        assert_eq!(
            area(&[(1, &[0, 1, 11, 10, 0]), (2, &[5, 6, 16, 15, 5])]),
            Ok((2, 0, 2.0))
        );
        assert_eq!(
            area(&[(1, &[0, 1, 11, 10, 0]), (2, &[11, 12, 22, 21, 11])]),
            Ok((2, 0, 2.0))
        );
        assert_eq!(area(&[(1, &[0, 1, 11, 12, 22, 21, 11, 10, 0])]), Ok((2, 0, 2.0)));
        assert_eq!(
            area(&[
                (1, &[11, 10, 0, 1]),
                (2, &[1, 11]),
                (3, &[11, 12, 22]),
                (4, &[22, 21, 11])
            ]),
            Ok((2, 0, 2.0))
        );
        // There and straight back is no area.
        assert_eq!(area(&[(1, &[0, 1, 2, 1, 11, 10, 0])]), Ok((1, 0, 1.0)));
        // A hole that touches the outline in a node.
        assert_eq!(
            area(&[(1, &[0, 9, 99, 90, 0]), (2, &[0, 12, 22, 0])]),
            Ok((1, 1, 80.0))
        );
    }

    #[test]
    fn broken_outlines_are_told() {
        assert_eq!(
            area(&[(7, &[0, 9]), (8, &[9, 99])]).unwrap_err(),
            "its outline is open: way 7 ends at node 0, and nothing goes on there"
        );
        assert_eq!(
            area(&[(1, &[0, 99, 9, 90, 0])]).unwrap_err(),
            "its outline crosses itself at 4.5 4.5"
        );
        assert_eq!(
            area(&[(1, &[0, 1, 2, 0])]).unwrap_err(),
            "its outline runs back over itself at 0 0"
        );
        assert_eq!(
            area(&[(1, &[0, 1, 0])]).unwrap_err(),
            "its outline encloses no area"
        );
        assert_eq!(area(&[]).unwrap_err(), "its outline encloses no area");
    }

    proptest! {
        /// However a ring is cut into ways, turned and shuffled, it is the same ring.
        #[test]
        fn any_cut_of_a_ring_is_the_ring(
            cuts in proptest::collection::btree_set(0_usize..36, 1..10),
            turned in proptest::collection::vec(any::<bool>(), 10),
            shift in 0_usize..10,
        ) {
            // The outline of the grid: 36 nodes.
            let ring: Vec<i64> = (0..9)
                .chain((0..9).map(|y| y * 10 + 9))
                .chain((1..10).rev().map(|x| 90 + x))
                .chain((1..10).rev().map(|y| y * 10))
                .collect();
            let cuts: Vec<usize> = cuts.into_iter().collect();
            let mut ways: Vec<Vec<i64>> = (0..cuts.len())
                .map(|index| {
                    let from = cuts[index];
                    let to = if index + 1 < cuts.len() { cuts[index + 1] } else { cuts[0] + 36 };
                    let mut way: Vec<i64> = (from..=to).map(|at| ring[at % 36]).collect();
                    if turned[index] {
                        way.reverse();
                    }
                    way
                })
                .collect();
            let count = ways.len();
            ways.rotate_left(shift % count);
            let ways: Vec<(i64, &[i64])> = ways.iter().map(|way| (1, way.as_slice())).collect();
            prop_assert_eq!(area(&ways), Ok((1, 0, 81.0)));
        }

        #[test]
        fn any_ways_are_polygons_or_told(ways in proptest::collection::vec(proptest::collection::vec(0_i64..100, 0..9), 0..6)) {
            let ways: Vec<(i64, &[i64])> = ways.iter().map(|way| (1, way.as_slice())).collect();
            let _ = area(&ways);
        }
    }
}
