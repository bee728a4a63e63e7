//! Whether a geometry is one of OGC Simple Features, found in a time that hardly grows faster than its positions.

use std::ops::ControlFlow;

use geo::kernels::{Kernel, Orientation, RobustKernel};
use geo::{BooleanOps, Intersects, Validation};
use geo_types::{Coord, Geometry, Line, LineString, MultiPolygon};
use ngsi_ld::value::Shape;

use super::segments::{Budget, Role, Segments, TooMuch};

/// A polygon that crosses itself more often is not mended.
const MAX_CROSSINGS: usize = 100_000;

/// What the shape of a geometry is. Of one that takes too much to look at: that it is none.
pub(crate) fn shape(geometry: &Geometry<f64>) -> Shape {
    let segments = Segments::of(geometry);
    let budget = Budget::of_one();
    let sound = match geometry {
        Geometry::Polygon(_) | Geometry::MultiPolygon(_) => is_area(geometry, &segments, &budget),
        simple => {
            let sound = match simple {
                Geometry::GeometryCollection(parts) => parts
                    .iter()
                    .all(|part| matches!(shape(part), Shape::Sound { .. })),
                simple => simple.is_valid(),
            };
            if sound {
                Contacts::of(&segments, &budget).map(Some)
            } else {
                return Shape::Unsound;
            }
        }
    };
    match sound {
        Ok(Some(Contacts { met, touched })) => Shape::Sound { met, touched },
        Ok(None) => match Contacts::of(&segments, &Budget::of_one()) {
            Ok(contacts) if contacts.touched <= MAX_CROSSINGS => mended(geometry),
            Ok(_) | Err(TooMuch) => Shape::Unsound,
        },
        Err(TooMuch) => Shape::Unsound,
    }
}

/// How often the segments of a geometry meet each other.
struct Contacts {
    /// Pairs of which the boxes meet.
    met: usize,
    /// Pairs that have a point in common and do not follow each other.
    touched: usize,
}

impl Contacts {
    fn of(segments: &Segments, budget: &Budget) -> Result<Self, TooMuch> {
        let mut contacts = Self { met: 0, touched: 0 };
        let flow = segments.own_pairs(budget, &mut |i, j| {
            contacts.met += 1;
            if let (Some(a), Some(b)) = (segments.lines.get(i), segments.lines.get(j))
                && a.end != b.start
                && b.end != a.start
                && a.intersects(b)
            {
                contacts.touched += 1;
            }
            ControlFlow::Continue(())
        })?;
        debug_assert!(flow.is_continue(), "nothing stops it");
        Ok(contacts)
    }
}

/// The area that a polygon which crosses itself encloses, each part of it once; nothing of what encloses none. RFC
/// 7946 does not forbid such polygons, and cities have them.
fn mended(geometry: &Geometry<f64>) -> Shape {
    let none = MultiPolygon::new(Vec::new());
    let area = match geometry {
        Geometry::Polygon(polygon) => polygon.union(&none),
        Geometry::MultiPolygon(polygons) => polygons.union(&none),
        _ => return Shape::Unsound,
    };
    if area.0.is_empty() {
        return Shape::Unsound;
    }
    let area = Geometry::MultiPolygon(area);
    let segments = Segments::of(&area);
    match is_area(&area, &segments, &Budget::of_one()) {
        Ok(Some(Contacts { met, touched })) => Shape::Mended {
            area: Box::new(area),
            met,
            touched,
        },
        Ok(None) | Err(TooMuch) => Shape::Unsound,
    }
}

/// Whether rings enclose areas: no ring meets itself; rings meet each other at points only; each hole lies in its
/// polygon, in no other hole, and no polygon in another's area. If so, how often they meet.
fn is_area(
    geometry: &Geometry<f64>,
    segments: &Segments,
    budget: &Budget,
) -> Result<Option<Contacts>, TooMuch> {
    let enough = match geometry {
        Geometry::Polygon(polygon) => std::slice::from_ref(polygon),
        Geometry::MultiPolygon(polygons) => &polygons.0,
        _ => &[],
    }
    .iter()
    .filter(|polygon| !polygon.exterior().0.is_empty())
    .flat_map(|polygon| std::iter::once(polygon.exterior()).chain(polygon.interiors()))
    .all(has_three);
    if !enough {
        return Ok(None);
    }
    let mut contacts = Contacts { met: 0, touched: 0 };
    let mut touching = vec![false; segments.parts.len()];
    let flow = segments.own_pairs(budget, &mut |i, j| {
        let (Some(a), Some(b)) = (segments.lines.get(i), segments.lines.get(j)) else {
            return ControlFlow::Continue(());
        };
        contacts.met += 1;
        if !a.intersects(b) {
            return ControlFlow::Continue(());
        }
        let (of_a, of_b) = (segments.part_of(i), segments.part_of(j));
        let wrong = if of_a == of_b {
            a.start != b.end && a.end != b.start
        } else {
            crosses(a, b) || runs_along(a, b)
        };
        if wrong {
            return ControlFlow::Break(());
        }
        if of_a != of_b {
            contacts.touched += 1;
            for part in [of_a, of_b] {
                if let Some(touching) = touching.get_mut(part) {
                    *touching = true;
                }
            }
        }
        ControlFlow::Continue(())
    })?;
    if flow.is_break() {
        return Ok(None);
    }
    for (number, touching) in touching.into_iter().enumerate() {
        if !lies_well(segments, number, touching, budget)? {
            return Ok(None);
        }
    }
    Ok(Some(contacts))
}

/// Whether a ring lies where it may. Where it touches others, each piece of it is looked at.
fn lies_well(segments: &Segments, number: usize, touching: bool, budget: &Budget) -> Result<bool, TooMuch> {
    let Some(part) = segments.parts.get(number) else {
        return Ok(true);
    };
    let lines = segments.lines.get(part.lines.clone()).unwrap_or_default();
    let mut seen = false;
    for at in lines.iter().flat_map(|line| [line.start, middle(line)]) {
        let mut others = segments.windings(at, budget)?;
        others.retain(|(other, _)| *other != number);
        if others.iter().any(|(_, winding)| winding.is_none()) {
            continue; // on another ring, which tells nothing
        }
        budget.take((others.len() as u64).saturating_pow(2))?;
        let within = |role: Role| {
            others
                .iter()
                .any(|(other, _)| segments.parts.get(*other).is_some_and(|part| part.role == role))
        };
        let own = match part.role {
            Role::Exterior(polygon) => !within(Role::Hole(polygon)),
            Role::Hole(polygon) => within(Role::Exterior(polygon)) && !within(Role::Hole(polygon)),
            Role::Point | Role::Line => true,
        };
        let polygon_of = |role| match role {
            Role::Exterior(polygon) | Role::Hole(polygon) => Some(polygon),
            Role::Point | Role::Line => None,
        };
        let foreign =
            others.iter().all(
                |(other, _)| match segments.parts.get(*other).map(|part| part.role) {
                    Some(Role::Exterior(polygon)) if Some(polygon) != polygon_of(part.role) => {
                        within(Role::Hole(polygon))
                    }
                    _ => true,
                },
            );
        if !own || !foreign {
            return Ok(false);
        }
        seen = true;
        if !touching {
            break;
        }
    }
    Ok(seen)
}

fn has_three(ring: &LineString<f64>) -> bool {
    let mut last = None;
    let distinct = ring.0.iter().filter(|at| last.replace(**at) != Some(**at));
    ring.0.is_empty() || distinct.take(4).count() == 4
}

fn middle(line: &Line<f64>) -> Coord<f64> {
    Coord {
        x: f64::midpoint(line.start.x, line.end.x),
        y: f64::midpoint(line.start.y, line.end.y),
    }
}

/// Whether two segments cross, each at an inner point.
pub(crate) fn crosses(a: &Line<f64>, b: &Line<f64>) -> bool {
    let sides = |of: &Line<f64>, other: &Line<f64>| {
        let start = RobustKernel::orient2d(of.start, of.end, other.start);
        let end = RobustKernel::orient2d(of.start, of.end, other.end);
        start != end && start != Orientation::Collinear && end != Orientation::Collinear
    };
    sides(a, b) && sides(b, a)
}

/// Whether two segments have more than a point in common.
fn runs_along(a: &Line<f64>, b: &Line<f64>) -> bool {
    let on = |at| RobustKernel::orient2d(a.start, a.end, at) == Orientation::Collinear;
    if a.start == a.end || b.start == b.end || !on(b.start) || !on(b.end) {
        return false;
    }
    let overlap =
        |a0: f64, a1: f64, b0: f64, b1: f64| a0.max(a1).min(b0.max(b1)) - a0.min(a1).max(b0.min(b1));
    overlap(a.start.x, a.end.x, b.start.x, b.end.x) > 0.0
        || overlap(a.start.y, a.end.y, b.start.y, b.end.y) > 0.0
}
