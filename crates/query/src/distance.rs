//! Distances between geometries in metres: on the WGS 84 ellipsoid (4.10), and on a sphere (4.23).

use geo::line_measures::{Distance, Geodesic, Haversine};
use geo_types::{Coord, Geometry, Line, Point};

use crate::geometry::intersect;
use crate::geometry::segments::{Budget, Extent, Node, Segments, TooMuch};

/// How many steps of a comparison it takes to measure the distance from a point to a segment.
const MEASURING: u64 = 1 << 10;
/// The mean radius that Haversine goes by, in metres.
pub(crate) const RADIUS_M: f64 = 6_371_008.8;

/// The shortest distance between two geometries, in metres: geodesics (Karney 2013) on WGS 84. Segments are
/// straight in longitude and latitude (RFC 7946, section 3.1.1); geometries that touch or overlap are 0 apart.
/// Infinite where one of them is empty. Exact to a millimetre for segments up to 100 km. Of geometries that were made
/// to take endless time, the shortest that was found.
pub fn between_m(a: &Geometry<f64>, b: &Geometry<f64>) -> f64 {
    between_by(a, b, geodesic_m)
}

/// The same on a sphere, by the Haversine formula (4.23.1).
pub fn haversine_m(a: &Geometry<f64>, b: &Geometry<f64>) -> f64 {
    between_by(a, b, |a, b| Haversine.distance(a, b))
}

/// The distance between two points.
type Metric = fn(Point<f64>, Point<f64>) -> f64;

/// The same between two points, in metres on WGS 84.
pub(crate) fn geodesic_m(a: Point<f64>, b: Point<f64>) -> f64 {
    Geodesic.distance(a, b)
}

fn between_by(a: &Geometry<f64>, b: &Geometry<f64>, metric: Metric) -> f64 {
    if let (Geometry::Point(a), Geometry::Point(b)) = (a, b) {
        return metric(*a, *b);
    }
    let (a, b) = (Segments::of(a), Segments::of(b));
    let measured = Measured { a: &a, b: &b, metric };
    measured.shortest(&Budget::of_one())
}

/// Two geometries between which a distance is measured.
pub(crate) struct Measured<'a> {
    a: &'a Segments,
    b: &'a Segments,
    metric: Metric,
}

/// How far a search for the shortest distance is.
struct Search<'a> {
    budget: &'a Budget,
    /// The shortest that was found.
    best: f64,
    /// What is farther need not be looked at.
    beyond: f64,
    /// No shorter one is needed.
    enough: f64,
}

impl<'a> Measured<'a> {
    /// On WGS 84.
    pub(crate) fn geodesic(a: &'a Segments, b: &'a Segments) -> Self {
        Self {
            a,
            b,
            metric: geodesic_m,
        }
    }

    /// Whether they are at most so many metres apart.
    pub(crate) fn is_within(&self, limit_m: f64, budget: &Budget) -> Result<bool, TooMuch> {
        if intersect(self.a, self.b, budget)? {
            return Ok(true);
        }
        let mut search = Search {
            budget,
            best: f64::INFINITY,
            beyond: limit_m,
            enough: limit_m,
        };
        self.search(&mut search)?;
        Ok(search.best <= limit_m)
    }

    fn shortest(&self, budget: &Budget) -> f64 {
        if intersect(self.a, self.b, budget) == Ok(true) {
            return 0.0;
        }
        let mut search = Search {
            budget,
            best: f64::INFINITY,
            beyond: f64::INFINITY,
            enough: 0.0,
        };
        match self.search(&mut search) {
            Ok(()) | Err(TooMuch) => search.best,
        }
    }

    fn search(&self, search: &mut Search<'_>) -> Result<(), TooMuch> {
        match (self.a.root(), self.b.root()) {
            (Some(a), Some(b)) => self.visit(a, b, search),
            _ => Ok(()),
        }
    }

    /// Looks at the nearest boxes first, so that most of the others need not be looked at.
    fn visit(&self, a: Node, b: Node, search: &mut Search<'_>) -> Result<(), TooMuch> {
        if a.level == 0 && b.level == 0 {
            return match (self.a.lines.get(a.index), self.b.lines.get(b.index)) {
                (Some(a), Some(b)) => self.measure(a, b, search),
                _ => Ok(()),
            };
        }
        let mut inside: Vec<(f64, Node, Node)> = if a.level >= b.level {
            self.a.inside(a).map(|a| (0.0, a, b)).collect()
        } else {
            self.b.inside(b).map(|b| (0.0, a, b)).collect()
        };
        for (at_least, a, b) in &mut inside {
            search.budget.take(4)?;
            *at_least = match (self.a.extent_of(*a), self.b.extent_of(*b)) {
                (Some(a), Some(b)) => at_least_m(&a, &b),
                _ => f64::INFINITY,
            };
        }
        inside.sort_by(|one, other| one.0.total_cmp(&other.0));
        for (at_least, a, b) in inside {
            if at_least >= search.best || at_least > search.beyond || search.best <= search.enough {
                break;
            }
            self.visit(a, b, search)?;
        }
        Ok(())
    }

    fn measure(&self, a: &Line<f64>, b: &Line<f64>, search: &mut Search<'_>) -> Result<(), TooMuch> {
        for (point, segment) in [(a.start, b), (a.end, b), (b.start, a), (b.end, a)] {
            search.budget.take(8)?;
            if may_be_nearer(point, *segment, search.best.min(search.beyond.next_up())) {
                search.budget.take(MEASURING)?;
                search.best = search.best.min(to_segment(point, *segment, self.metric));
            }
        }
        Ok(())
    }
}

/// No two points of these boxes are nearer than this: the Haversine formula of the least differences, which grows with
/// each. The sphere is within 0.6 % of the ellipsoid.
fn at_least_m(a: &Extent, b: &Extent) -> f64 {
    let gap = |low: f64, high: f64| low.max(high).max(0.0);
    let latitude = gap(a.min.y - b.max.y, b.min.y - a.max.y);
    let apart = |shift: f64| gap(a.min.x + shift - b.max.x, b.min.x - a.max.x - shift);
    let longitude = apart(0.0).min(apart(360.0)).min(apart(-360.0));
    let half_square = |degrees: f64| (degrees.to_radians() / 2.0).sin().powi(2);
    let narrowest = |extent: &Extent| extent.min.y.abs().max(extent.max.y.abs()).to_radians().cos();
    let haversine =
        half_square(latitude) + narrowest(a).max(0.0) * narrowest(b).max(0.0) * half_square(longitude);
    2.0 * RADIUS_M * haversine.min(1.0).sqrt().asin() * 0.99
}

const METRES_PER_DEGREE: f64 = 111_700.0; // the longest on WGS 84

/// Whether a segment may be nearer to a point than so many metres: by the triangle inequality, on the sphere.
fn may_be_nearer(point: Coord<f64>, segment: Line<f64>, than_m: f64) -> bool {
    let rough = |at: Coord<f64>| Haversine.distance(Point(point), Point(at));
    let length = segment.dx().hypot(segment.dy()) * METRES_PER_DEGREE;
    (rough(segment.start) + rough(segment.end) - length) / 2.0 * 0.99 < than_m
}

/// The distance from a point to a segment.
fn to_segment(point: Coord<f64>, segment: Line<f64>, metric: Metric) -> f64 {
    let at = |t: f64| Point(segment.start + (segment.end - segment.start) * t);
    let point = Point(point);
    if segment.start == segment.end {
        return metric(point, Point(segment.start));
    }
    let (dx, dy) = (segment.dx().abs(), segment.dy().abs());
    let length = dx.hypot(dy) * METRES_PER_DEGREE;
    // Within one degree the distance along the segment has a single minimum; of longer ones the nearest piece.
    let pieces = dx.max(dy).ceil().clamp(1.0, 360.0);
    let (mut nearest, mut nearest_m) = (0.0, f64::INFINITY);
    let mut piece = 0.0;
    while piece <= pieces {
        let metres = Haversine.distance(point, at(piece / pieces));
        if metres < nearest_m {
            (nearest, nearest_m) = (piece, metres);
        }
        piece += 1.0;
    }
    let low = ((nearest - 1.0) / pieces).max(0.0);
    let high = ((nearest + 1.0) / pieces).min(1.0);
    golden_section(low, high, 1e-4 / length.max(1.0), |t| metric(point, at(t)))
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
    use geo_types::{LineString, Polygon, line_string, point, polygon};
    use proptest::prelude::*;

    /// Every segment of both cut into many points, every pair measured.
    fn brute_force(a: &Geometry<f64>, b: &Geometry<f64>, steps: u32) -> f64 {
        let cut = |geometry: &Geometry<f64>| -> Vec<Point<f64>> {
            let mut points = Vec::new();
            for line in Segments::of(geometry).lines {
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
        #[test]
        fn no_boxes_are_nearer_than_it_says(
            a in (-180.0..180.0, -90.0..90.0, 0.0..9.0, 0.0..9.0),
            b in (-180.0..180.0, -90.0..90.0, 0.0..9.0, 0.0..9.0),
            at in (0.0..=1.0, 0.0..=1.0, 0.0..=1.0, 0.0..=1.0),
        ) {
            let extent = |(x, y, wide, high): (f64, f64, f64, f64)| Extent {
                min: Coord { x, y },
                max: Coord { x: (x + wide).min(180.0), y: (y + high).min(90.0) },
            };
            let (a, b) = (extent(a), extent(b));
            let inside = |e: &Extent, s: f64, t: f64| {
                Point::new(e.min.x + (e.max.x - e.min.x) * s, e.min.y + (e.max.y - e.min.y) * t)
            };
            let (p, q) = (inside(&a, at.0, at.1), inside(&b, at.2, at.3));
            prop_assert!(at_least_m(&a, &b) <= Geodesic.distance(p, q) + 1e-6);
            prop_assert!(at_least_m(&a, &b) <= Haversine.distance(p, q) + 1e-6);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]
        #[test]
        fn finds_what_looking_at_all_finds(
            lon in -179.9..179.0, lat in -85.0..85.0,
            a in prop::collection::vec((0.0..0.9, 0.0..0.9), 1..60),
            b in prop::collection::vec((0.0..0.9, 0.0..0.9), 1..60),
            shift in -2.0..2.0, points in any::<bool>(), limit in 0.0..100_000.0_f64,
        ) {
            let line = |offsets: &[(f64, f64)], shift: f64| -> LineString<f64> {
                offsets.iter().map(|(x, y)| Coord { x: f64::clamp(lon + x + shift, -180.0, 180.0), y: lat + y }).collect()
            };
            let (a, b) = (line(&a, 0.0), line(&b, shift));
            let a: Geometry<f64> = if points {
                geo_types::MultiPoint(a.0.into_iter().map(Point).collect()).into()
            } else {
                a.into()
            };
            let b = Geometry::from(b);
            let (ours, theirs) = (Segments::of(&a), Segments::of(&b));
            let mut all = f64::INFINITY;
            for one in &ours.lines {
                for other in &theirs.lines {
                    if geo::Intersects::intersects(one, other) {
                        all = 0.0;
                    }
                    for (point, segment) in [(one.start, other), (one.end, other), (other.start, one), (other.end, one)] {
                        all = all.min(to_segment(point, *segment, geodesic_m));
                    }
                }
            }
            prop_assert!((between_m(&a, &b) - all).abs() < 1e-6, "{} {all}", between_m(&a, &b));
            if f64::abs(all - limit) > 1e-6 {
                let near = Measured::geodesic(&ours, &theirs).is_within(limit, &Budget::of_one());
                prop_assert_eq!(near, Ok(all <= limit));
            }
        }
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
