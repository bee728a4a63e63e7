//! The map of differences: the city's areas, shaded by how much better or worse they fare. Losses are hatched, so
//! that colour is never the only sign; the table of districts holds the same numbers.

use geo::BoundingRect;
use geo_types::{Geometry, MultiPolygon, Rect};
use scenarios::result::RunResult;

use super::compare::Focus;
use super::words;
use crate::pages::describe::plain;
use crate::pages::language::Argument::{Count, Text};
use crate::pages::language::Language;
use crate::pages::picture::{Projection, outlines, trace};
use crate::pages::visit::Visit;

const STEPS: usize = 3;

/// The map.
pub(super) struct DifferenceMap {
    pub(super) width: String,
    pub(super) height: String,
    pub(super) title: String,
    pub(super) shapes: Vec<Shape>,
    /// From the best to the worst, only those that occur.
    pub(super) legend: Vec<Class>,
}

/// One area.
pub(super) struct Shape {
    pub(super) path: String,
    pub(super) class: &'static str,
    pub(super) hatched: bool,
    pub(super) title: String,
}

/// One class of the legend.
pub(super) struct Class {
    pub(super) style: &'static str,
    pub(super) hatched: bool,
    pub(super) label: String,
}

/// Classes by how good the difference is: 3 to −3, and `None` for what is not known.
fn class_of(level: Option<i8>) -> &'static str {
    match level {
        Some(3..) => "d-b3",
        Some(2) => "d-b2",
        Some(1) => "d-b1",
        Some(0) => "d-0",
        Some(-1) => "d-w1",
        Some(-2) => "d-w2",
        Some(..=-3) => "d-w3",
        None => "d-none",
    }
}

impl DifferenceMap {
    /// For the indicator and the scenario in focus; `None` where no area has a shape.
    pub(super) fn of(visit: &Visit, found: &RunResult, focus: &Focus) -> Option<Self> {
        let l = visit.language;
        let value = found.baseline.get(focus.indicator)?;
        let scenario = found.scenarios.get(focus.scenario)?;
        let difference = scenario.differences.get(focus.indicator)?;
        let polygons = crate::scenarios::results::outlines(&visit.twin, &visit.view, found);
        let bounds = bounds(&polygons)?;
        let projection = Projection::of(bounds, 800.0, 6.0);
        let good = if value.more_is_better == Some(false) {
            -1.0
        } else {
            1.0
        };
        let change = |index: usize| {
            difference
                .areas
                .get(index)?
                .difference
                .filter(|change| change.is_finite())
        };
        let most = (0..found.areas.len())
            .filter_map(change)
            .map(f64::abs)
            .fold(0.0, f64::max);
        let step = most / STEPS as f64;
        let level = |change: Option<f64>| {
            let change = change?;
            let size = change.abs();
            let steps = if size <= 1e-9 || step <= 0.0 {
                0
            } else {
                1 + i8::from(size > step * (1.0 + 1e-9)) + i8::from(size > 2.0 * step * (1.0 + 1e-9))
            };
            Some(if change * good < 0.0 { -steps } else { steps })
        };
        let mut there = Vec::new();
        let mut shapes = Vec::with_capacity(found.areas.len());
        for (index, (area, polygon)) in found.areas.iter().zip(&polygons).enumerate() {
            if polygon.0.is_empty() {
                continue;
            }
            let level = level(change(index));
            if !there.contains(&level) {
                there.push(level);
            }
            let mut path = String::new();
            for (line, closed) in outlines(&Geometry::MultiPolygon(polygon.clone())) {
                trace(&mut path, line, closed, &projection);
            }
            let told = change(index).map_or_else(
                || l.text("no-value"),
                |change| words::difference(l, change, &value.unit),
            );
            shapes.push(Shape {
                path,
                class: class_of(level),
                hatched: level.is_some_and(|level| level < 0),
                title: format!("{}: {told}", plain(&area.name)),
            });
        }
        let neither = value.more_is_better.is_none();
        let label = |level: Option<i8>| label(level, step * good, &value.unit, neither, l);
        there.sort_by_key(|level| std::cmp::Reverse(*level));
        let indicator = words::indicator(l, &value.indicator, &value.name).text;
        let arguments = [
            ("indicator", Text(indicator.as_str())),
            ("scenario", Text(&plain(&scenario.title))),
            ("areas", Count(shapes.len())),
        ];
        Some(Self {
            width: format!("{:.0}", projection.width),
            height: format!("{:.0}", projection.height),
            title: l.text_with("difference-map-title", &arguments),
            legend: there
                .into_iter()
                .map(|level| Class {
                    style: class_of(level),
                    hatched: level.is_some_and(|level| level < 0),
                    label: label(level),
                })
                .collect(),
            shapes,
        })
    }
}

/// What a class means. `step`: the width of a class, with the sign of what is good.
fn label(level: Option<i8>, step: f64, unit: &str, neither: bool, l: Language) -> String {
    let Some(level) = level else {
        return l.text("no-value");
    };
    let (from, to) = (f64::from(level.abs() - 1), f64::from(level.abs()));
    let sign = f64::from(level.signum()) * step;
    let word = match (level.signum(), neither) {
        (0, _) => return l.text("verdict-same"),
        (1, false) => l.text("verdict-better"),
        (1, true) => l.text("verdict-more"),
        (_, false) => l.text("verdict-worse"),
        (_, true) => l.text("verdict-less"),
    };
    let range = if level.abs() == 1 {
        let to = words::difference(l, sign * to, unit);
        l.text_with("up-to", &[("value", Text(&to))])
    } else {
        format!(
            "{} – {}",
            words::signed(l, sign * from, unit),
            words::difference(l, sign * to, unit)
        )
    };
    format!("{word}: {range}")
}

fn bounds(polygons: &[MultiPolygon<f64>]) -> Option<Rect<f64>> {
    polygons
        .iter()
        .filter_map(BoundingRect::bounding_rect)
        .reduce(|a: Rect<f64>, b: Rect<f64>| {
            Rect::new(
                (a.min().x.min(b.min().x), a.min().y.min(b.min().y)),
                (a.max().x.max(b.max().x), a.max().y.max(b.max().y)),
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_says_what_it_means_in_the_direction_that_is_good() {
        let en = Language::ENGLISH;
        let of = |level, step, neither| label(level, step, "%", neither, en);
        assert_eq!(of(Some(1), 2.0, false), "better: up to +2 points");
        assert_eq!(of(Some(3), 2.0, false), "better: +4 – +6 points");
        assert_eq!(of(Some(-2), 2.0, false), "worse: \u{2212}2 – \u{2212}4 points");
        // Where less is better, more of it is worse.
        assert_eq!(of(Some(-1), -2.0, false), "worse: up to +2 points");
        assert_eq!(of(Some(-1), 2.0, true), "less: up to \u{2212}2 points");
        assert_eq!(of(Some(0), 2.0, false), "no change");
        assert_eq!(of(None, 2.0, false), "no value");
    }
}
