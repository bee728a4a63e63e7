//! The map as a still picture: SVG drawn by the server, for readers without scripts or without WebGL.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write as _;

use geo_types::{Coord, Geometry, LineString, Point, Polygon, Rect};

use super::layers::{Kind, Layer, weight};
use super::place_query::{Places, place_of};

const WIDTH: f64 = 1000.0;
/// So many corners of lines and areas at most.
const CORNERS: usize = 24_000;
/// Points nearer than this would cover each other and are drawn once.
const CELL: f64 = 8.0;
/// Corners nearer than this do not show.
const STEP: i64 = 2;

type Pixel = (i64, i64);

/// A drawn map.
#[derive(Debug)]
pub(crate) struct Picture {
    pub(crate) width: i64,
    pub(crate) height: i64,
    /// The elements, from the bottom to the top. Hold no text from the data.
    pub(crate) body: String,
    /// Whether something was left out because there was too much.
    pub(crate) cut: bool,
}

/// From degrees to the picture: equal scale in both directions at the middle latitude.
pub(crate) struct Projection {
    west: f64,
    north: f64,
    x: f64,
    y: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

impl Projection {
    /// Fits the bounds into a picture of this width; the height follows within limits.
    pub(crate) fn of(bounds: Rect<f64>, width: f64, margin: f64) -> Self {
        let middle = f64::midpoint(bounds.min().y, bounds.max().y).clamp(-85.0, 85.0);
        let squeeze = middle.to_radians().cos();
        let (wide, high) = ((bounds.width() * squeeze).max(1e-5), bounds.height().max(1e-5));
        let height = (width * high / wide).clamp(width * 0.45, width * 0.8);
        let scale = ((width - 2.0 * margin) / wide).min((height - 2.0 * margin) / high);
        Self {
            west: bounds.min().x - (width / scale - wide) / 2.0 / squeeze,
            north: bounds.max().y + (height / scale - high) / 2.0,
            x: scale * squeeze,
            y: scale,
            width,
            height,
        }
    }

    pub(crate) fn place(&self, at: Coord<f64>) -> (f64, f64) {
        ((at.x - self.west) * self.x, (self.north - at.y) * self.y)
    }
}

impl Picture {
    /// Draws places; `None` where there is none.
    pub(crate) fn of(places: &Places) -> Option<Self> {
        let projection = Projection::of(places.bounds?, WIDTH, 24.0);
        // The layers with the most entities lie at the bottom.
        let mut paths: BTreeMap<(Kind, Reverse<usize>, i64), String> = BTreeMap::new();
        let mut points: BTreeMap<Reverse<usize>, HashMap<Pixel, Pixel>> = BTreeMap::new();
        let mut drawn: HashSet<(usize, String)> = HashSet::new();
        let mut corners = 0;
        let mut cut = places.cut;
        for (index, entity) in places.at_most(usize::MAX) {
            let (Some(layer), Some((_, geometry))) = (places.layers.get(*index), place_of(entity)) else {
                continue;
            };
            if !layer.shown {
                continue;
            }
            if layer.kind == Kind::Point {
                for point in points_of(geometry) {
                    let (x, y) = projection.place(point.0);
                    let cell = (rounded(x / CELL), rounded(y / CELL));
                    let cells = points.entry(Reverse(*index)).or_default();
                    cells.entry(cell).or_insert((rounded(x), rounded(y)));
                }
                continue;
            }
            if corners > CORNERS && layer.kind != Kind::Area {
                cut = true;
                continue;
            }
            let path = paths
                .entry((layer.kind, Reverse(*index), rounded(10.0 * weight(entity))))
                .or_default();
            for (line, closed) in outlines(geometry) {
                let mut traced = String::new();
                let taken = trace(&mut traced, line, closed, &projection);
                // Trips share their way: what is drawn already is not drawn again.
                if drawn.insert((*index, traced.clone())) {
                    path.push_str(&traced);
                    corners += taken;
                }
            }
        }
        let mut body = String::new();
        for ((kind, Reverse(index), tenths), path) in &paths {
            let Some(layer) = places.layers.get(*index).filter(|_| !path.is_empty()) else {
                continue;
            };
            draw(&mut body, layer, *kind, *tenths as f64 / 10.0, path);
        }
        for (Reverse(index), cells) in &points {
            let Some(layer) = places.layers.get(*index) else {
                continue;
            };
            let mut places: Vec<_> = cells.values().collect();
            places.sort_unstable();
            let scale = if places.len() > 400 { 0.5 } else { 0.8 };
            let id = format!("s{index}");
            let _ = write!(
                body,
                "<defs><path id=\"{id}\" d=\"{}\" transform=\"scale({scale}) translate(-8 -8)\"/></defs><g class=\"g-shape {}\">",
                layer.shape.path(),
                layer.class()
            );
            for (x, y) in places {
                let _ = write!(body, "<use href=\"#{id}\" x=\"{x}\" y=\"{y}\"/>");
            }
            body.push_str("</g>");
        }
        Some(Self {
            width: rounded(projection.width),
            height: rounded(projection.height),
            body,
            cut,
        })
    }
}

fn draw(body: &mut String, layer: &Layer, kind: Kind, weight: f64, path: &str) {
    let class = match kind {
        Kind::Area => "g-area",
        Kind::Building => "g-block",
        _ => "g-line",
    };
    let _ = write!(body, "<path class=\"{class} {}\" d=\"{path}\"", layer.class());
    if kind == Kind::Area {
        let _ = write!(body, " fill-opacity=\"{}\"", layer.fill);
    }
    if kind == Kind::Line {
        let _ = write!(body, " stroke-width=\"{:.1}\"", layer.width * weight);
    }
    let dashes = layer.dashes(1.0);
    if !dashes.is_empty() && kind != Kind::Building {
        let _ = write!(body, " stroke-dasharray=\"{dashes}\"");
    }
    body.push_str("/>");
}

/// Writes a line in whole pixels, without steps that would not show. Answers with the corners it took.
pub(crate) fn trace(
    path: &mut String,
    line: &LineString<f64>,
    closed: bool,
    projection: &Projection,
) -> usize {
    let mut last: Option<(i64, i64)> = None;
    let mut corners = 0;
    for (index, at) in line.0.iter().enumerate() {
        let (x, y) = projection.place(*at);
        let here = (rounded(x), rounded(y));
        match last {
            None => {
                let _ = write!(path, "M{} {}", here.0, here.1);
            }
            Some(before) if before == here => continue,
            Some(before)
                if (here.0 - before.0).abs() <= STEP
                    && (here.1 - before.1).abs() <= STEP
                    && index + 1 < line.0.len()
                    && line.0.len() > 8 =>
            {
                continue;
            }
            Some(before) => {
                let _ = write!(path, "l{} {}", here.0 - before.0, here.1 - before.1);
            }
        }
        last = Some(here);
        corners += 1;
    }
    if closed && corners > 0 {
        path.push('z');
    }
    corners
}

/// The lines of a geometry, and whether they close.
pub(crate) fn outlines(geometry: &Geometry<f64>) -> Vec<(&LineString<f64>, bool)> {
    fn rings(polygon: &Polygon<f64>) -> impl Iterator<Item = (&LineString<f64>, bool)> {
        std::iter::once(polygon.exterior())
            .chain(polygon.interiors())
            .map(|ring| (ring, true))
    }
    match geometry {
        Geometry::LineString(line) => vec![(line, false)],
        Geometry::MultiLineString(lines) => lines.0.iter().map(|line| (line, false)).collect(),
        Geometry::Polygon(polygon) => rings(polygon).collect(),
        Geometry::MultiPolygon(polygons) => polygons.0.iter().flat_map(rings).collect(),
        Geometry::GeometryCollection(parts) => parts.0.iter().flat_map(outlines).collect(),
        _ => Vec::new(),
    }
}

fn points_of(geometry: &Geometry<f64>) -> Vec<Point<f64>> {
    match geometry {
        Geometry::Point(point) => vec![*point],
        Geometry::MultiPoint(points) => points.0.clone(),
        Geometry::GeometryCollection(parts) => parts.0.iter().flat_map(points_of).collect(),
        _ => Vec::new(),
    }
}

/// To the nearest whole number; far outside the picture everything is equally far.
fn rounded(value: f64) -> i64 {
    #[allow(clippy::cast_possible_truncation, reason = "clamped before")]
    let whole = value.clamp(-1e6, 1e6).round() as i64;
    whole
}
