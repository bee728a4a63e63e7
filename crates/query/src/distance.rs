//! Distances between geometries in metres: on the WGS 84 ellipsoid (4.10), and on a sphere (4.23).

use geo::line_measures::{Distance, Geodesic, Haversine};
use geo::{CoordsIter, Intersects};
use geo_types::{Coord, Geometry, Line, LineString, Point, Polygon};

/// The shortest distance between two geometries, in metres: geodesics (Karney 2013) on WGS 84. Segments are
/// straight in longitude and latitude (RFC 7946, section 3.1.1); geometries that touch or overlap are 0 apart.
/// Infinite where one of them is empty. Exact to a millimetre for segments up to 100 km.
pub fn between_m(a: &Geometry<f64>, b: &Geometry<f64>) -> f64 {
    between_by(a, b, |a, b| Geodesic.distance(a, b))
}

/// The same on a sphere, by the Haversine formula (4.23.1).
pub fn haversine_m(a: &Geometry<f64>, b: &Geometry<f64>) -> f64 {
    between_by(a, b, |a, b| Haversine.distance(a, b))
}

/// The distance between two points.
type Metric = fn(Point<f64>, Point<f64>) -> f64;

fn between_by(a: &Geometry<f64>, b: &Geometry<f64>, metric: Metric) -> f64 {
    if let (Geometry::Point(a), Geometry::Point(b)) = (a, b) {
        return metric(*a, *b);
    }
    if a.intersects(b) {
        return 0.0;
    }
    let (a, b) = (Parts::of(a), Parts::of(b));
    let mut best = f64::INFINITY;
    for (points, other) in [(&a.points, &b), (&b.points, &a)] {
        for &point in points {
            for &segment in &other.segments {
                best = to_segment(point, segment, best, metric);
            }
        }
    }
    // Where one side has no segment, its points meet the other side's only here.
    if a.segments.is_empty() || b.segments.is_empty() {
        for &p in &a.lone_points {
            for &q in &b.lone_points {
                best = best.min(metric(Point(p), Point(q)));
            }
        }
    }
    best
}

/// A geometry's vertices and the segments between them.
#[derive(Default)]
struct Parts {
    points: Vec<Coord<f64>>,
    lone_points: Vec<Coord<f64>>,
    segments: Vec<Line<f64>>,
}

impl Parts {
    fn of(geometry: &Geometry<f64>) -> Self {
        let mut parts = Self {
            points: geometry.coords_iter().collect(),
            ..Self::default()
        };
        parts.add(geometry);
        parts
    }

    fn add(&mut self, geometry: &Geometry<f64>) {
        match geometry {
            Geometry::Point(point) => self.lone_points.push(point.0),
            Geometry::MultiPoint(points) => self.lone_points.extend(points.iter().map(|point| point.0)),
            Geometry::Line(line) => self.segments.push(*line),
            Geometry::LineString(line) => self.add_line(line),
            Geometry::MultiLineString(lines) => lines.iter().for_each(|line| self.add_line(line)),
            Geometry::Polygon(polygon) => self.add_polygon(polygon),
            Geometry::MultiPolygon(polygons) => polygons.iter().for_each(|polygon| self.add_polygon(polygon)),
            Geometry::Rect(rect) => self.add_polygon(&rect.to_polygon()),
            Geometry::Triangle(triangle) => self.add_polygon(&triangle.to_polygon()),
            Geometry::GeometryCollection(all) => all.iter().for_each(|geometry| self.add(geometry)),
        }
    }

    fn add_line(&mut self, line: &LineString<f64>) {
        self.segments.extend(line.lines());
    }

    fn add_polygon(&mut self, polygon: &Polygon<f64>) {
        self.add_line(polygon.exterior());
        polygon.interiors().iter().for_each(|ring| self.add_line(ring));
    }
}

/// The distance from a point to a segment if it is below `best`, else `best`.
fn to_segment(point: Coord<f64>, segment: Line<f64>, best: f64, metric: Metric) -> f64 {
    const METRES_PER_DEGREE: f64 = 111_700.0; // the longest on WGS 84
    let at = |t: f64| Point(segment.start + (segment.end - segment.start) * t);
    let point = Point(point);
    let rough = |t: f64| Haversine.distance(point, at(t));
    // No point of the segment is nearer than this: the triangle inequality. The sphere is within 0.6 % of the
    // ellipsoid.
    let (dx, dy) = (segment.dx().abs(), segment.dy().abs());
    let length = dx.hypot(dy) * METRES_PER_DEGREE;
    if (rough(0.0) + rough(1.0) - length) / 2.0 * 0.99 >= best {
        return best;
    }
    // Within one degree the distance along the segment has a single minimum; of longer ones the nearest piece.
    let pieces = dx.max(dy).ceil().clamp(1.0, 360.0);
    let (mut nearest, mut nearest_m) = (0.0, f64::INFINITY);
    let mut piece = 0.0;
    while piece <= pieces {
        let metres = rough(piece / pieces);
        if metres < nearest_m {
            (nearest, nearest_m) = (piece, metres);
        }
        piece += 1.0;
    }
    let low = ((nearest - 1.0) / pieces).max(0.0);
    let high = ((nearest + 1.0) / pieces).min(1.0);
    best.min(golden_section(low, high, 1e-4 / length.max(1.0), |t| {
        metric(point, at(t))
    }))
}

/// The least value of `f` on [low, high], where it has a single minimum, to a width of `tolerance`.
fn golden_section(mut low: f64, mut high: f64, tolerance: f64, f: impl Fn(f64) -> f64) -> f64 {
    const RATIO: f64 = 0.618_033_988_749_894_9;
    let ends = f(low).min(f(high));
    let (mut left, mut right) = (high - RATIO * (high - low), low + RATIO * (high - low));
    let (mut f_left, mut f_right) = (f(left), f(right));
    while high - low > tolerance {
        if f_left < f_right {
            (high, right, f_right) = (right, left, f_left);
            left = high - RATIO * (high - low);
            f_left = f(left);
        } else {
            (low, left, f_left) = (left, right, f_right);
            right = low + RATIO * (high - low);
            f_right = f(right);
        }
    }
    ends.min(f_left).min(f_right)
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo_types::{line_string, point, polygon};
    use proptest::prelude::*;

    /// Every segment of both cut into many points, every pair measured.
    fn brute_force(a: &Geometry<f64>, b: &Geometry<f64>, steps: u32) -> f64 {
        let cut = |geometry: &Geometry<f64>| -> Vec<Point<f64>> {
            let parts = Parts::of(geometry);
            let mut points: Vec<_> = parts.points.iter().map(|&c| Point(c)).collect();
            for line in parts.segments {
                points.extend((0..=steps).map(|i| {
                    Point(line.start + (line.end - line.start) * (f64::from(i) / f64::from(steps)))
                }));
            }
            points
        };
        let (a, b) = (cut(a), cut(b));
        let pairs = a
            .iter()
            .flat_map(|&p| b.iter().map(move |&q| Geodesic.distance(p, q)));
        pairs.fold(f64::INFINITY, f64::min)
    }

    #[test]
    fn known_distances() {
        // The example of the GeodSolve manual (GeographicLib): JFK to LHR is 5 551 759.400 m.
        let jfk = point! { x: -73.8, y: 40.6 };
        let lhr = point! { x: -0.5, y: 51.6 };
        assert!((between_m(&jfk.into(), &lhr.into()) - 5_551_759.400).abs() < 0.001);
        // A degree of longitude on the equator: 111 319.49 m.
        let line: Geometry<f64> = line_string![(x: 0.0, y: 0.0), (x: 1.0, y: 0.0)].into();
        let east: Geometry<f64> = point! { x: 2.0, y: 0.0 }.into();
        assert!((between_m(&line, &east) - 111_319.490_8).abs() < 0.01);
        // Across the antimeridian.
        let (west, east) = (point! { x: 179.5, y: 0.0 }, point! { x: -179.5, y: 0.0 });
        assert!((between_m(&west.into(), &east.into()) - 111_319.490_8).abs() < 0.01);
    }

    #[test]
    fn clause_4_23_1_haversine() {
        let sphere_m = 6_371_008.8_f64; // the mean radius
        let at = |x: f64, y: f64| -> Geometry<f64> { point! { x: x, y: y }.into() };
        // A quarter of a great circle, and a degree of one.
        let quarter = haversine_m(&at(0.0, 0.0), &at(0.0, 90.0));
        assert!(
            (quarter - sphere_m * std::f64::consts::FRAC_PI_2).abs() < 100.0,
            "{quarter}"
        );
        let line: Geometry<f64> = line_string![(x: -1.0, y: 1.0), (x: 1.0, y: 1.0)].into();
        let degree = haversine_m(&line, &at(0.0, 0.0));
        assert!((degree - sphere_m.to_radians()).abs() < 1.0, "{degree}");
    }

    #[test]
    fn inside_is_zero_and_a_hole_is_outside() {
        let square: Geometry<f64> = polygon!(
            exterior: [(x: 0., y: 0.), (x: 9., y: 0.), (x: 9., y: 9.), (x: 0., y: 9.)],
            interiors: [[(x: 3., y: 3.), (x: 6., y: 3.), (x: 6., y: 6.), (x: 3., y: 6.)]],
        )
        .into();
        assert!(between_m(&square, &point! { x: 1.0, y: 1.0 }.into()).abs() < f64::EPSILON);
        let in_hole = point! { x: 4.0, y: 4.5 };
        let expected = Geodesic.distance(in_hole, point! { x: 3.0, y: 4.5 });
        assert!((between_m(&square, &in_hole.into()) - expected).abs() < 20.0);
        assert!(between_m(&square, &Geometry::MultiPoint(geo_types::MultiPoint(vec![]))).is_infinite());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]
        #[test]
        fn agrees_with_brute_force(
            lon in -179.0..179.0, lat in -80.0..80.0,
            a in prop::collection::vec((-0.05..0.05, -0.05..0.05), 1..4),
            b in prop::collection::vec((-0.05..0.05, -0.05..0.05), 1..4),
            area in any::<bool>(),
        ) {
            let make = |offsets: &[(f64, f64)], shift: f64, area: bool| -> Geometry<f64> {
                let coords: Vec<_> = offsets.iter().map(|(x, y)| Coord { x: lon + x + shift, y: lat + y }).collect();
                match coords.as_slice() {
                    [one] => Point(*one).into(),
                    [_, _, _] if area => Polygon::new(LineString(coords), vec![]).into(),
                    _ => LineString(coords).into(),
                }
            };
            let (a, b) = (make(&a, 0.0, area), make(&b, 0.12, false));
            let (ours, oracle) = (between_m(&a, &b), brute_force(&a, &b, 400));
            // The oracle is at most one step's length too long, never too short.
            prop_assert!(ours <= oracle + 1e-3, "{ours} {oracle}");
            prop_assert!(oracle - ours < 12.0, "{ours} {oracle}");
            prop_assert!((ours - between_m(&b, &a)).abs() < 1e-3);
        }
    }
}
