//! The segments of a geometry, found by place.
//!
//! Segments that follow each other lie near each other, so that boxes around runs of them, and boxes around runs of
//! boxes, are an index that is made in linear time. What walks over it counts its steps and ends after so many: a
//! geometry can be made on purpose of which all boxes overlap.

use std::cell::Cell;
use std::ops::{ControlFlow, Range};

use geo::kernels::{Kernel, Orientation, RobustKernel};
use geo_types::{Coord, Geometry, Line, LineString, Polygon};

/// How many segments, or boxes, one box holds.
const FAN: usize = 16;
/// How many steps a comparison of two geometries may take: some tenths of a second.
const STEPS: u64 = 1 << 24;

/// A comparison took more than it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooMuch;

/// What a comparison may still take.
#[derive(Debug)]
pub(crate) struct Budget(Cell<u64>);

impl Budget {
    /// That of one comparison.
    pub(crate) fn of_one() -> Self {
        Self(Cell::new(STEPS))
    }

    /// Takes so many steps.
    pub(crate) fn take(&self, steps: u64) -> Result<(), TooMuch> {
        self.0.set(self.0.get().checked_sub(steps).ok_or(TooMuch)?);
        Ok(())
    }
}

/// A rectangle of longitudes and latitudes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Extent {
    pub(crate) min: Coord<f64>,
    pub(crate) max: Coord<f64>,
}

impl Extent {
    pub(crate) fn of_line(line: &Line<f64>) -> Self {
        Self {
            min: Coord {
                x: line.start.x.min(line.end.x),
                y: line.start.y.min(line.end.y),
            },
            max: Coord {
                x: line.start.x.max(line.end.x),
                y: line.start.y.max(line.end.y),
            },
        }
    }

    fn with(self, other: Self) -> Self {
        Self {
            min: Coord {
                x: self.min.x.min(other.min.x),
                y: self.min.y.min(other.min.y),
            },
            max: Coord {
                x: self.max.x.max(other.max.x),
                y: self.max.y.max(other.max.y),
            },
        }
    }

    pub(crate) fn meets(&self, other: &Self) -> bool {
        self.min.x <= other.max.x
            && other.min.x <= self.max.x
            && self.min.y <= other.max.y
            && other.min.y <= self.max.y
    }

    pub(crate) fn is_inside(&self, other: &Self) -> bool {
        other.min.x <= self.min.x
            && self.max.x <= other.max.x
            && other.min.y <= self.min.y
            && self.max.y <= other.max.y
    }
}

/// What a run of segments is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// A point: one segment of no length.
    Point,
    /// A line.
    Line,
    /// The outer ring of the polygon with this number.
    Exterior(usize),
    /// A hole of the polygon with this number.
    Hole(usize),
}

/// A point, a line or a ring.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) role: Role,
    pub(crate) lines: Range<usize>,
}

/// Where a position lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Position {
    Inside,
    OnBoundary,
    Outside,
}

/// A place in the index: a box of a level; level 0 is that of segments.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Node {
    pub(crate) level: usize,
    pub(crate) index: usize,
}

/// All segments of a geometry. Points are segments of no length.
#[derive(Clone, Debug)]
pub(crate) struct Segments {
    pub(crate) lines: Vec<Line<f64>>,
    pub(crate) parts: Vec<Part>,
    /// Boxes around [`FAN`] segments each, around as many of these, and so on, until it is one.
    levels: Vec<Vec<Extent>>,
}

impl Segments {
    pub(crate) fn of(geometry: &Geometry<f64>) -> Self {
        let mut runs = Runs::default();
        runs.add(geometry);
        runs.index()
    }

    /// The box around all; `None` where there is nothing.
    pub(crate) fn extent(&self) -> Option<Extent> {
        self.levels.last()?.first().copied()
    }

    pub(crate) fn root(&self) -> Option<Node> {
        Some(Node {
            level: self.levels.len().checked_sub(1)? + 1,
            index: 0,
        })
    }

    pub(crate) fn extent_of(&self, node: Node) -> Option<Extent> {
        match node.level.checked_sub(1) {
            None => self.lines.get(node.index).map(Extent::of_line),
            Some(level) => self.levels.get(level)?.get(node.index).copied(),
        }
    }

    /// What a box holds.
    pub(crate) fn inside(&self, node: Node) -> impl Iterator<Item = Node> + use<> {
        let level = node.level.saturating_sub(1);
        let count = match level.checked_sub(1) {
            None => self.lines.len(),
            Some(below) => self.levels.get(below).map_or(0, Vec::len),
        };
        let first = node.index * FAN;
        (first..(first + FAN).min(count)).map(move |index| Node { level, index })
    }

    /// The part that a segment is of.
    pub(crate) fn part_of(&self, line: usize) -> usize {
        self.parts
            .partition_point(|part| part.lines.start <= line)
            .saturating_sub(1)
    }

    /// The first position of a part.
    pub(crate) fn start_of(&self, part: &Part) -> Option<Coord<f64>> {
        self.lines.get(part.lines.start).map(|line| line.start)
    }

    /// Whether there are areas, and nothing else.
    pub(crate) fn is_area(&self) -> bool {
        !self.parts.is_empty()
            && self
                .parts
                .iter()
                .all(|part| matches!(part.role, Role::Exterior(_) | Role::Hole(_)))
    }

    /// Whether there are points, and nothing else.
    pub(crate) fn is_points(&self) -> bool {
        !self.parts.is_empty() && self.parts.iter().all(|part| part.role == Role::Point)
    }

    /// Gives each pair of segments, one of each, of which the boxes meet, until told to stop.
    pub(crate) fn pairs(
        &self,
        other: &Self,
        budget: &Budget,
        visit: &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, TooMuch> {
        let (Some(here), Some(there)) = (self.root(), other.root()) else {
            return Ok(ControlFlow::Continue(()));
        };
        Pairs {
            left: self,
            right: other,
            budget,
        }
        .walk(here, there, visit)
    }

    /// Gives each pair of its own segments of which the boxes meet, once, until told to stop.
    pub(crate) fn own_pairs(
        &self,
        budget: &Budget,
        visit: &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, TooMuch> {
        let Some(root) = self.root() else {
            return Ok(ControlFlow::Continue(()));
        };
        let pairs = Pairs {
            left: self,
            right: self,
            budget,
        };
        pairs.walk_own(root, root, visit)
    }

    /// Gives each segment that a ray from a position to the east may meet.
    fn to_the_east(
        &self,
        of: Coord<f64>,
        node: Node,
        budget: &Budget,
        visit: &mut dyn FnMut(usize),
    ) -> Result<(), TooMuch> {
        let met = |extent: Extent| extent.min.y <= of.y && of.y <= extent.max.y && of.x <= extent.max.x;
        for inside in self.inside(node) {
            budget.take(1)?;
            if !self.extent_of(inside).is_some_and(met) {
                continue;
            }
            if inside.level == 0 {
                visit(inside.index);
            } else {
                self.to_the_east(of, inside, budget, visit)?;
            }
        }
        Ok(())
    }

    /// Where a position lies of each ring that it is in or on: the winding number, `None`: on it.
    pub(crate) fn windings(
        &self,
        of: Coord<f64>,
        budget: &Budget,
    ) -> Result<Vec<(usize, Option<i32>)>, TooMuch> {
        let mut found: Vec<(usize, Option<i32>)> = Vec::new();
        let Some(root) = self.root() else {
            return Ok(found);
        };
        let mut last = 0;
        self.to_the_east(of, root, budget, &mut |index| {
            let Some(line) = self.lines.get(index) else { return };
            let Some(turn) = turn(line, of) else { return };
            if !self
                .parts
                .get(last)
                .is_some_and(|part| part.lines.contains(&index))
            {
                last = self.part_of(index);
            }
            if matches!(
                self.parts.get(last).map(|part| part.role),
                None | Some(Role::Point | Role::Line)
            ) {
                return;
            }
            let place = found
                .iter()
                .position(|(part, _)| *part == last)
                .unwrap_or_else(|| {
                    found.push((last, Some(0)));
                    found.len() - 1
                });
            if let Some((_, winding)) = found.get_mut(place) {
                *winding = match (*winding, turn) {
                    (Some(winding), Turn::Around(turn)) => Some(winding + turn),
                    _ => None,
                };
            }
        })?;
        found.retain(|(_, winding)| *winding != Some(0));
        Ok(found)
    }

    /// Where a position lies of the areas: on a boundary where an odd number of polygons has it there.
    pub(crate) fn position(&self, of: Coord<f64>, budget: &Budget) -> Result<Position, TooMuch> {
        let windings = self.windings(of, budget)?;
        // As many polygons as there are, each with as many holes.
        budget.take((windings.len() as u64).saturating_pow(2))?;
        let mut boundaries = 0_usize;
        let mut inside = false;
        for &(part, winding) in &windings {
            let Some(Role::Exterior(polygon)) = self.parts.get(part).map(|part| part.role) else {
                continue;
            };
            let mut holes = windings.iter().filter(|(part, _)| {
                self.parts
                    .get(*part)
                    .is_some_and(|part| part.role == Role::Hole(polygon))
            });
            match (winding, holes.next()) {
                (None, _) | (_, Some((_, None))) => boundaries += 1,
                (_, Some((_, Some(_)))) => {}
                (_, None) => inside = true,
            }
        }
        Ok(if boundaries % 2 == 1 {
            Position::OnBoundary
        } else if inside {
            Position::Inside
        } else {
            Position::Outside
        })
    }
}

/// What a segment says of a position: that it lies on it, or how it turns around it.
enum Turn {
    On,
    Around(i32),
}

/// The winding number algorithm: an upward edge includes its start and not its end, a downward one its end and not its
/// start.
fn turn(line: &Line<f64>, of: Coord<f64>) -> Option<Turn> {
    let (start, end) = (line.start, line.end);
    let between = start.x.min(end.x) <= of.x && of.x <= start.x.max(end.x);
    let on = |orientation| (orientation == Orientation::Collinear && between).then_some(Turn::On);
    if start.y <= of.y && of.y <= end.y {
        let orientation = RobustKernel::orient2d(start, end, of);
        if orientation == Orientation::CounterClockwise && end.y > of.y {
            return Some(Turn::Around(1));
        }
        return on(orientation);
    }
    if start.y > of.y && end.y <= of.y {
        let orientation = RobustKernel::orient2d(start, end, of);
        if orientation == Orientation::Clockwise {
            return Some(Turn::Around(-1));
        }
        return on(orientation);
    }
    None
}

/// A walk over two indexes at once.
struct Pairs<'a> {
    left: &'a Segments,
    right: &'a Segments,
    budget: &'a Budget,
}

impl Pairs<'_> {
    fn walk(
        &self,
        here: Node,
        there: Node,
        visit: &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, TooMuch> {
        self.budget.take(1)?;
        let meet = match (self.left.extent_of(here), self.right.extent_of(there)) {
            (Some(here), Some(there)) => here.meets(&there),
            _ => false,
        };
        if !meet {
            return Ok(ControlFlow::Continue(()));
        }
        if here.level == 0 && there.level == 0 {
            return Ok(visit(here.index, there.index));
        }
        if here.level >= there.level {
            for inside in self.left.inside(here) {
                if self.walk(inside, there, visit)?.is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
        } else {
            for inside in self.right.inside(there) {
                if self.walk(here, inside, visit)?.is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Both of the same level, `here` not after `there`.
    fn walk_own(
        &self,
        here: Node,
        there: Node,
        visit: &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, TooMuch> {
        for a in self.left.inside(here) {
            for b in self.right.inside(there) {
                if b.index < a.index || a.level == 0 && a.index == b.index {
                    continue;
                }
                self.budget.take(1)?;
                let meet = match (self.left.extent_of(a), self.right.extent_of(b)) {
                    (Some(a), Some(b)) => a.meets(&b),
                    _ => false,
                };
                if !meet {
                    continue;
                }
                let flow = if a.level == 0 {
                    visit(a.index, b.index)
                } else {
                    self.walk_own(a, b, visit)?
                };
                if flow.is_break() {
                    return Ok(flow);
                }
            }
        }
        Ok(ControlFlow::Continue(()))
    }
}

/// The parts of a geometry, to be put in order.
#[derive(Default)]
struct Runs {
    runs: Vec<(Role, Vec<Line<f64>>)>,
    polygons: usize,
}

impl Runs {
    fn add(&mut self, geometry: &Geometry<f64>) {
        match geometry {
            Geometry::Point(point) => self.point(point.0),
            Geometry::MultiPoint(points) => points.iter().for_each(|point| self.point(point.0)),
            Geometry::Line(line) => self.runs.push((Role::Line, vec![*line])),
            Geometry::LineString(line) => self.line(Role::Line, line),
            Geometry::MultiLineString(lines) => lines.iter().for_each(|line| self.line(Role::Line, line)),
            Geometry::Polygon(polygon) => self.polygon(polygon),
            Geometry::MultiPolygon(polygons) => polygons.iter().for_each(|polygon| self.polygon(polygon)),
            Geometry::Rect(rect) => self.polygon(&rect.to_polygon()),
            Geometry::Triangle(triangle) => self.polygon(&triangle.to_polygon()),
            Geometry::GeometryCollection(all) => all.iter().for_each(|geometry| self.add(geometry)),
        }
    }

    fn point(&mut self, at: Coord<f64>) {
        self.runs.push((Role::Point, vec![Line::new(at, at)]));
    }

    fn line(&mut self, role: Role, line: &LineString<f64>) {
        let lines: Vec<Line<f64>> = match line.0.as_slice() {
            [only] => vec![Line::new(*only, *only)],
            _ => line.lines().collect(),
        };
        if !lines.is_empty() {
            self.runs.push((role, lines));
        }
    }

    fn polygon(&mut self, polygon: &Polygon<f64>) {
        if polygon.exterior().0.is_empty() {
            return;
        }
        let number = self.polygons;
        self.polygons += 1;
        self.line(Role::Exterior(number), polygon.exterior());
        for ring in polygon.interiors() {
            self.line(Role::Hole(number), ring);
        }
    }

    fn index(mut self) -> Segments {
        if self.runs.len() > 2 {
            // Parts come in any order; those that lie near each other shall stand near each other.
            self.runs.sort_by_cached_key(|(_, lines)| {
                let at = lines.first().map_or(Coord::default(), |line| line.start);
                interleaved(at)
            });
        }
        let (mut lines, mut parts) = (Vec::new(), Vec::with_capacity(self.runs.len()));
        for (role, run) in self.runs {
            let first = lines.len();
            lines.extend(run);
            parts.push(Part {
                role,
                lines: first..lines.len(),
            });
        }
        let around = |boxes: &mut dyn Iterator<Item = Extent>| boxes.reduce(Extent::with);
        let mut levels: Vec<Vec<Extent>> = Vec::new();
        let mut level: Vec<Extent> = lines
            .chunks(FAN)
            .filter_map(|run| around(&mut run.iter().map(Extent::of_line)))
            .collect();
        while !level.is_empty() {
            let next: Vec<Extent> = level
                .chunks(FAN)
                .filter_map(|run| around(&mut run.iter().copied()))
                .collect();
            let last = level.len() == 1;
            levels.push(level);
            if last {
                break;
            }
            level = next;
        }
        Segments { lines, parts, levels }
    }
}

/// The bits of longitude and latitude in turns: near in one number mostly means near on the map.
fn interleaved(at: Coord<f64>) -> u64 {
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the cast saturates, which is what is wanted"
    )]
    let bits = |degrees: f64| {
        let mut bits = u64::from(((degrees + 180.0) / 360.0 * f64::from(u32::MAX)) as u32);
        for (shift, mask) in [
            (16, 0x0000_ffff_0000_ffff),
            (8, 0x00ff_00ff_00ff_00ff),
            (4, 0x0f0f_0f0f_0f0f_0f0f),
            (2, 0x3333_3333_3333_3333),
            (1, 0x5555_5555_5555_5555),
        ] {
            bits = (bits | bits << shift) & mask;
        }
        bits
    };
    bits(at.x) | bits(at.y) << 1
}
