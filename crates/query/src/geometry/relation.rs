//! How two geometries lie to each other, without looking at all of both: by their boxes, then by where their
//! boundaries meet. Only where these touch without crossing, the whole DE-9IM relation is worked out.

use std::borrow::Cow;
use std::ops::ControlFlow;

use geo::kernels::{Kernel, Orientation, RobustKernel};
use geo::relate::IntersectionMatrix;
use geo::{Intersects, Relate};
use geo_types::{Coord, Geometry, Line, Point};
use ngsi_ld::query::geo::GeoRelation;
use ngsi_ld::value::Shape;

use super::segments::{Budget, Position, Role, Segments, TooMuch};
use super::validity::crosses;

/// A valid geometry, ready to be compared.
#[derive(Clone, Debug)]
pub(crate) struct Figure<'a> {
    geometry: Cow<'a, Geometry<f64>>,
    segments: Segments,
    /// See [`Shape::Sound`].
    met: usize,
    touched: usize,
}

impl<'a> Figure<'a> {
    /// `None` where the shape is none that can be compared.
    pub(crate) fn new(geometry: &'a Geometry<f64>, known: &'a Shape) -> Option<Self> {
        let (geometry, met, touched) = match known {
            Shape::Sound { met, touched } => (geometry, *met, *touched),
            Shape::Mended { area, met, touched } => (&**area, *met, *touched),
            Shape::Unsound => return None,
        };
        Some(Self {
            segments: Segments::of(geometry),
            geometry: Cow::Borrowed(geometry),
            met,
            touched,
        })
    }

    /// The same, kept.
    pub(crate) fn into_owned(self) -> Figure<'static> {
        Figure {
            geometry: Cow::Owned(self.geometry.into_owned()),
            segments: self.segments,
            met: self.met,
            touched: self.touched,
        }
    }

    pub(crate) fn segments(&self) -> &Segments {
        &self.segments
    }

    fn is_collection(&self) -> bool {
        matches!(*self.geometry, Geometry::GeometryCollection(_))
    }

    /// Whether a relation of areas, lines and points holds between this and another.
    pub(crate) fn is_related(
        &self,
        relation: GeoRelation,
        other: &Self,
        budget: &Budget,
    ) -> Result<bool, TooMuch> {
        let (Some(here), Some(there)) = (self.segments.extent(), other.segments.extent()) else {
            return Ok(false);
        };
        match relation {
            GeoRelation::Within => Ok(here.is_inside(&there) && self.is_within(other, budget)?),
            GeoRelation::Contains => Ok(there.is_inside(&here) && other.is_within(self, budget)?),
            GeoRelation::Equals => Ok(here == there && self.equals(other, budget)?),
            GeoRelation::Overlaps => Ok(here.meets(&there) && self.overlaps(other, budget)?),
            GeoRelation::Intersects => intersect(&self.segments, &other.segments, budget),
            GeoRelation::Disjoint => Ok(!intersect(&self.segments, &other.segments, budget)?),
            GeoRelation::Near { .. } => Ok(false),
        }
    }

    fn is_within(&self, area: &Self, budget: &Budget) -> Result<bool, TooMuch> {
        if self.is_collection() || !area.segments.is_area() {
            return Ok(self.relate(area, 0, budget)?.is_within());
        }
        if self.segments.is_points() {
            let mut inside = false;
            for point in &self.segments.lines {
                match area.segments.position(point.start, budget)? {
                    Position::Outside => return Ok(false),
                    Position::Inside => inside = true,
                    Position::OnBoundary => {}
                }
            }
            return Ok(inside);
        }
        match boundaries(&self.segments, &area.segments, budget)? {
            Boundaries::Cross => Ok(false),
            Boundaries::Touch(met) => Ok(self.relate(area, met, budget)?.is_within()),
            Boundaries::Apart => lies_in(&self.segments, &area.segments, budget),
        }
    }

    fn equals(&self, other: &Self, budget: &Budget) -> Result<bool, TooMuch> {
        if self.is_collection() || other.is_collection() {
            return Ok(self.relate(other, 0, budget)?.is_equal_topo());
        }
        if self.segments.is_area() != other.segments.is_area() {
            return Ok(false);
        }
        let met = if self.segments.is_area() {
            match boundaries(&self.segments, &other.segments, budget)? {
                Boundaries::Cross | Boundaries::Apart => return Ok(false),
                Boundaries::Touch(met) => met,
            }
        } else {
            0
        };
        Ok(self.relate(other, met, budget)?.is_equal_topo())
    }

    fn overlaps(&self, other: &Self, budget: &Budget) -> Result<bool, TooMuch> {
        let collection = self.is_collection() || other.is_collection();
        let (here, there) = (&self.segments, &other.segments);
        if !collection && here.is_area() != there.is_area() {
            return Ok(false);
        }
        if collection || !here.is_area() {
            return Ok(self.relate(other, 0, budget)?.is_overlaps());
        }
        match boundaries(here, there, budget)? {
            Boundaries::Cross => Ok(true),
            Boundaries::Touch(met) => Ok(self.relate(other, met, budget)?.is_overlaps()),
            Boundaries::Apart => Ok(
                (some_inside(here, there, budget)? || some_inside(there, here, budget)?)
                    && !lies_in(here, there, budget)?
                    && !lies_in(there, here, budget)?,
            ),
        }
    }

    /// The whole relation. Besides the segments that meet, it locates each point where lines end or meet.
    fn relate(&self, other: &Self, met: usize, budget: &Budget) -> Result<IntersectionMatrix, TooMuch> {
        let nodes = |figure: &Self| (figure.segments.parts.len() + figure.touched) as u64;
        let size = |figure: &Self| figure.segments.lines.len() as u64;
        let located = nodes(self)
            .saturating_mul(size(other))
            .saturating_add(nodes(other).saturating_mul(size(self)));
        let compared = (self.met + other.met + met) as u64;
        budget.take(located.saturating_add(compared.saturating_mul(16)))?;
        Ok(self.geometry.relate(&*other.geometry))
    }
}

/// Whether two geometries have a point in common.
pub(crate) fn intersect(a: &Segments, b: &Segments, budget: &Budget) -> Result<bool, TooMuch> {
    match (a.extent(), b.extent()) {
        (Some(here), Some(there)) if here.meets(&there) => {}
        _ => return Ok(false),
    }
    let touch = a.pairs(b, budget, &mut |i, j| match (a.lines.get(i), b.lines.get(j)) {
        (Some(one), Some(other)) if one.intersects(other) => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    })?;
    Ok(touch.is_break() || some_inside(a, b, budget)? || some_inside(b, a, budget)?)
}

/// How the boundaries of two areas, or a line and the boundary of an area, meet.
enum Boundaries {
    /// They have no point in common.
    Apart,
    /// They have points in common; so many pairs of segments come near.
    Touch(usize),
    /// One goes from one side of the other to the other side.
    Cross,
}

fn boundaries(a: &Segments, b: &Segments, budget: &Budget) -> Result<Boundaries, TooMuch> {
    let (mut met, mut touch) = (0, false);
    let flow = a.pairs(b, budget, &mut |i, j| {
        met += 1;
        let (Some(one), Some(other)) = (a.lines.get(i), b.lines.get(j)) else {
            return ControlFlow::Continue(());
        };
        if crosses(one, other) {
            return ControlFlow::Break(());
        }
        if one.intersects(other) {
            touch = true;
            if passes(a, i, other) || passes(b, j, one) {
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    })?;
    Ok(match (flow, touch) {
        (ControlFlow::Break(()), _) => Boundaries::Cross,
        (_, true) => Boundaries::Touch(met),
        (_, false) => Boundaries::Apart,
    })
}

/// Whether a line goes from one side of a segment to the other at the end of its own segment with this number.
fn passes(line: &Segments, number: usize, through: &Line<f64>) -> bool {
    let side = |at: Coord<f64>| RobustKernel::orient2d(through.start, through.end, at);
    let Some(here) = line.lines.get(number) else {
        return false;
    };
    let inner = here.end != through.start && here.end != through.end;
    if !inner || side(here.end) != Orientation::Collinear || !through.intersects(&Point(here.end)) {
        return false;
    }
    let Some(part) = line.parts.get(line.part_of(number)) else {
        return false;
    };
    let next = if number + 1 < part.lines.end {
        number + 1
    } else {
        part.lines.start
    };
    let Some(next) = line.lines.get(next).filter(|next| next.start == here.end) else {
        return false; // the end of a line
    };
    let (from, to) = (side(here.start), side(next.end));
    from != Orientation::Collinear && to != Orientation::Collinear && from != to
}

/// Whether some part lies in an area, where the boundaries are apart: each part is in it or outside as a whole.
fn some_inside(parts: &Segments, area: &Segments, budget: &Budget) -> Result<bool, TooMuch> {
    if !area
        .parts
        .iter()
        .any(|part| matches!(part.role, Role::Exterior(_)))
    {
        return Ok(false);
    }
    for start in parts.parts.iter().filter_map(|part| parts.start_of(part)) {
        if area.position(start, budget)? != Position::Outside {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether all lies in an area, where the boundaries are apart: each part of it does, and no hole of the area lies
/// in it.
fn lies_in(parts: &Segments, area: &Segments, budget: &Budget) -> Result<bool, TooMuch> {
    for start in parts.parts.iter().filter_map(|part| parts.start_of(part)) {
        if area.position(start, budget)? != Position::Inside {
            return Ok(false);
        }
    }
    Ok(!some_inside(area, parts, budget)?)
}
