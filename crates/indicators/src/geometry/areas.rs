//! Which areas hold a point: an index over polygons for very many points.

use geo_types::{Coord, Geometry, LineString, MultiPolygon, Polygon};

use super::bounds::Bounds;

/// Polygons, indexed. A point on an edge that two areas share lies in exactly one of them.
#[derive(Clone, Debug)]
pub struct AreaIndex {
    areas: Vec<Slabs>,
    bounds: Bounds,
    /// For each tile of a raster over `bounds`, the areas whose bounding boxes touch it.
    tiles: Vec<Vec<u32>>,
    side: usize,
}

impl AreaIndex {
    /// Indexes areas; they are named by their position.
    pub fn new<'a>(areas: impl IntoIterator<Item = &'a MultiPolygon<f64>>) -> Self {
        let areas: Vec<_> = areas.into_iter().map(Slabs::new).collect();
        let bounds = areas
            .iter()
            .fold(Bounds::EMPTY, |all, area| all.with(&area.bounds));
        let side = (areas.len().isqrt() * 4).clamp(1, 256);
        let mut index = Self {
            areas,
            bounds,
            tiles: vec![Vec::new(); side * side],
            side,
        };
        for number in 0..index.areas.len() {
            let area = index.areas[number].bounds;
            if area.is_empty() {
                continue;
            }
            let (x0, y0) = index.tile(Coord {
                x: area.min_x,
                y: area.min_y,
            });
            let (x1, y1) = index.tile(Coord {
                x: area.max_x,
                y: area.max_y,
            });
            for y in y0..=y1 {
                for x in x0..=x1 {
                    index.tiles[y * side + x].push(u32::try_from(number).unwrap_or(u32::MAX));
                }
            }
        }
        index
    }

    /// The areas that hold a point, in their order.
    pub fn holding(&self, point: Coord<f64>) -> impl Iterator<Item = usize> + '_ {
        let candidates = if self.bounds.holds(point) {
            let (x, y) = self.tile(point);
            self.tiles[y * self.side + x].as_slice()
        } else {
            &[]
        };
        candidates
            .iter()
            .map(|&number| number as usize)
            .filter(move |&number| self.areas[number].holds(point))
    }

    /// Whether any area holds the point.
    pub fn any(&self, point: Coord<f64>) -> bool {
        self.holding(point).next().is_some()
    }

    fn tile(&self, point: Coord<f64>) -> (usize, usize) {
        let along = |value: f64, min: f64, max: f64| {
            let part = if max > min {
                (value - min) / (max - min)
            } else {
                0.0
            };
            slot(part * self.side as f64, self.side)
        };
        (
            along(point.x, self.bounds.min_x, self.bounds.max_x),
            along(point.y, self.bounds.min_y, self.bounds.max_y),
        )
    }
}

/// The edges of one area, by horizontal slabs: a point is tested against those of its own slab only.
#[derive(Clone, Debug)]
struct Slabs {
    bounds: Bounds,
    /// Where each slab's edges begin, one more than there are slabs.
    starts: Vec<usize>,
    /// Lower end, upper end. The same whichever way the ring runs, so that neighbours agree on a shared edge.
    edges: Vec<(Coord<f64>, Coord<f64>)>,
}

impl Slabs {
    fn new(area: &MultiPolygon<f64>) -> Self {
        let mut edges = Vec::new();
        let mut bounds = Bounds::EMPTY;
        for ring in area
            .0
            .iter()
            .flat_map(|polygon| std::iter::once(polygon.exterior()).chain(polygon.interiors()))
        {
            for line in ring.lines() {
                bounds = bounds.holding(line.start).holding(line.end);
                if line.start.y < line.end.y {
                    edges.push((line.start, line.end));
                } else if line.end.y < line.start.y {
                    edges.push((line.end, line.start));
                }
            }
        }
        let count = (edges.len() / 4).clamp(1, 4096);
        let slabs_of =
            |edge: &(Coord<f64>, Coord<f64>)| slab(edge.0.y, &bounds, count)..=slab(edge.1.y, &bounds, count);
        let mut starts = vec![0; count + 1];
        for edge in &edges {
            for number in slabs_of(edge) {
                starts[number + 1] += 1;
            }
        }
        for number in 0..count {
            starts[number + 1] += starts[number];
        }
        let mut next = starts.clone();
        let mut sorted = vec![(Coord::zero(), Coord::zero()); starts[count]];
        for edge in &edges {
            for number in slabs_of(edge) {
                sorted[next[number]] = *edge;
                next[number] += 1;
            }
        }
        Self {
            bounds,
            starts,
            edges: sorted,
        }
    }

    fn holds(&self, point: Coord<f64>) -> bool {
        if !self.bounds.holds(point) {
            return false;
        }
        let number = slab(point.y, &self.bounds, self.starts.len() - 1);
        let edges = &self.edges[self.starts[number]..self.starts[number + 1]];
        let crossings = edges.iter().filter(|(low, high)| {
            low.y <= point.y
                && point.y < high.y
                && point.x < low.x + (point.y - low.y) * (high.x - low.x) / (high.y - low.y)
        });
        crossings.count() % 2 == 1
    }
}

fn slab(y: f64, bounds: &Bounds, count: usize) -> usize {
    let height = bounds.max_y - bounds.min_y;
    if height > 0.0 {
        slot((y - bounds.min_y) / height * count as f64, count)
    } else {
        0
    }
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "held within 0..count; NaN gives 0"
)]
fn slot(position: f64, count: usize) -> usize {
    (position.max(0.0) as usize).min(count - 1)
}

/// The polygons of a geometry; lines and points have none.
pub fn polygons(geometry: &Geometry<f64>) -> MultiPolygon<f64> {
    match geometry {
        Geometry::Polygon(polygon) => MultiPolygon(vec![polygon.clone()]),
        Geometry::MultiPolygon(polygons) => polygons.clone(),
        Geometry::Rect(rect) => MultiPolygon(vec![rect.to_polygon()]),
        Geometry::Triangle(triangle) => MultiPolygon(vec![triangle.to_polygon()]),
        Geometry::GeometryCollection(parts) => {
            MultiPolygon(parts.iter().flat_map(|part| polygons(part).0).collect())
        }
        _ => MultiPolygon(Vec::new()),
    }
}

/// The same with the shell counter-clockwise and the holes clockwise, every coordinate mapped.
pub fn mapped(area: &MultiPolygon<f64>, map: impl Fn(Coord<f64>) -> Coord<f64>) -> MultiPolygon<f64> {
    use geo::orient::{Direction, Orient};
    let ring = |ring: &LineString<f64>| LineString(ring.0.iter().map(|&c| map(c)).collect());
    MultiPolygon(
        area.0
            .iter()
            .map(|p| {
                Polygon::new(ring(p.exterior()), p.interiors().iter().map(ring).collect())
                    .orient(Direction::Default)
            })
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use geo::Contains;
    use geo_types::{point, polygon, wkt};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn holes_count_as_outside_and_a_shared_edge_belongs_to_one() {
        let left: Polygon<f64> =
            wkt!(POLYGON((0. 0.,2. 0.,2. 4.,0. 4.,0. 0.),(0.5 1.,1.5 1.,1.5 2.,0.5 2.,0.5 1.)));
        let right: Polygon<f64> = wkt!(POLYGON((2. 0.,4. 0.,4. 4.,2. 4.,2. 0.)));
        let index = AreaIndex::new(&[MultiPolygon(vec![left]), MultiPolygon(vec![right])]);
        let at = |x, y| index.holding(Coord { x, y }).collect::<Vec<_>>();
        assert_eq!(at(1.0, 3.0), [0]);
        assert_eq!(at(1.0, 1.5), [0; 0], "in the hole");
        assert_eq!(at(3.0, 1.0), [1]);
        assert_eq!(at(2.0, 1.0).len(), 1, "on the shared edge");
        assert_eq!(at(9.0, 9.0), [0; 0]);
    }

    #[test]
    fn nothing_and_nonsense_hold_nothing() {
        let empty = MultiPolygon(Vec::new());
        let flat = MultiPolygon(vec![
            polygon![(x: 1.0, y: 1.0), (x: 2.0, y: 1.0), (x: 3.0, y: 1.0)],
        ]);
        let index = AreaIndex::new(&[empty, flat]);
        for point in [(1.5, 1.0), (0.0, 0.0), (f64::NAN, 1.0), (f64::INFINITY, 1.0)] {
            assert!(!index.any(Coord::from(point)));
        }
        assert!(!AreaIndex::new(&[]).any(Coord::zero()));
    }

    proptest! {
        /// Against `geo`'s own predicate, on star-shaped polygons with a hole; edges have measure zero here.
        #[test]
        fn agrees_with_the_general_predicate(
            radii in prop::collection::vec(0.5..3.0_f64, 3..40),
            centre in (-5.0..5.0_f64, -5.0..5.0_f64),
            points in prop::collection::vec((-9.0..9.0_f64, -9.0..9.0_f64), 50),
        ) {
            let ring = |scale: f64| -> LineString<f64> {
                radii.iter().enumerate().map(|(i, r)| {
                    let angle = std::f64::consts::TAU * i as f64 / radii.len() as f64;
                    (centre.0 + scale * r * angle.cos(), centre.1 + scale * r * angle.sin())
                }).collect()
            };
            let area = MultiPolygon(vec![Polygon::new(ring(1.0), vec![ring(0.4)])]);
            let shifted = mapped(&area, |c| Coord { x: c.x + 1.0, y: c.y });
            let index = AreaIndex::new([&area, &shifted]);
            for (x, y) in points {
                let expected: Vec<usize> = [&area, &shifted].iter().enumerate()
                    .filter(|(_, a)| a.contains(&point!(x: x, y: y))).map(|(i, _)| i).collect();
                prop_assert_eq!(index.holding(Coord { x, y }).collect::<Vec<_>>(), expected);
            }
        }
    }
}
