//! The values of a city's areas: a map in five classes, and a table with bars of the same numbers.

use geo::BoundingRect;
use geo_types::Rect;
use indicators::AreaValue;
use ngsi_ld::Uri;
use twin::Reader;

use super::describe::plain;
use super::language::Language;
use super::picture::{Projection, outlines, trace};
use super::place_query::LOCATION;
use super::visit::{Visit, encode};

const CLASSES: usize = 5;

/// The values of areas, drawn.
pub(crate) struct Areas {
    pub(crate) width: String,
    pub(crate) height: String,
    pub(crate) shapes: Vec<AreaShape>,
    /// From the lowest to the highest.
    pub(crate) classes: Vec<Class>,
    /// Whether some area has no value.
    pub(crate) some_missing: bool,
    /// Whether it is known what was counted, and against what.
    pub(crate) counted: bool,
    /// From the highest to the lowest value.
    pub(crate) rows: Vec<Row>,
}

/// The outline of one area.
pub(crate) struct AreaShape {
    pub(crate) path: String,
    /// 0: no value; 1 to 5.
    pub(crate) class: usize,
    pub(crate) title: String,
}

/// A class of the legend.
pub(crate) struct Class {
    pub(crate) number: usize,
    pub(crate) label: String,
}

/// One row of the table.
pub(crate) struct Row {
    pub(crate) address: String,
    pub(crate) name: String,
    pub(crate) value: Option<String>,
    pub(crate) pct: String,
    pub(crate) numerator: Option<String>,
    pub(crate) denominator: Option<String>,
}

impl Areas {
    /// Draws the values; `None` where there are none.
    pub(crate) fn of(visit: &Visit, values: &[&AreaValue]) -> Option<Self> {
        if values.is_empty() {
            return None;
        }
        let l = visit.language;
        let numbers = || {
            values
                .iter()
                .filter_map(|area| area.value)
                .filter(|value| value.is_finite())
        };
        let (least, most) = numbers().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| {
            (low.min(v), high.max(v))
        });
        let step = (most - least) / CLASSES as f64;
        let class_of = |value: Option<f64>| match value {
            Some(value) if value.is_finite() && step > 0.0 => {
                1 + (1..CLASSES).filter(|n| value >= least + step * *n as f64).count()
            }
            Some(value) if value.is_finite() => 3,
            _ => 0,
        };
        let number = |value: f64| l.value((value * 100.0).round() / 100.0);
        let (shapes, width, height) = shapes(visit, values, &class_of, l);
        let mut rows: Vec<(&AreaValue, Row)> = values
            .iter()
            .map(|area| {
                let row = Row {
                    address: format!("/entities/{}", encode(&area.area)),
                    name: plain(&area.name),
                    value: area.value.map(number),
                    pct: format!(
                        "{:.1}",
                        area.value
                            .map_or(0.0, |v| 100.0 * v / most.max(f64::MIN_POSITIVE))
                            .clamp(0.0, 100.0)
                    ),
                    numerator: area.numerator.map(|v| l.value(v)),
                    denominator: area.denominator.map(|v| l.value(v)),
                };
                (*area, row)
            })
            .collect();
        rows.sort_by(|a, b| {
            let key = |area: &AreaValue| area.value.unwrap_or(f64::NEG_INFINITY);
            key(b.0)
                .total_cmp(&key(a.0))
                .then_with(|| a.1.name.cmp(&b.1.name))
        });
        let classes = if step > 0.0 {
            (0..CLASSES)
                .map(|n| Class {
                    number: n + 1,
                    label: format!(
                        "{} – {}",
                        number(least + step * n as f64),
                        number(least + step * (n + 1) as f64)
                    ),
                })
                .collect()
        } else if least.is_finite() {
            vec![Class {
                number: 3,
                label: number(least),
            }]
        } else {
            Vec::new()
        };
        Some(Self {
            width,
            height,
            shapes,
            classes,
            counted: values.iter().any(|area| area.numerator.is_some()),
            some_missing: values.iter().any(|area| area.value.is_none()),
            rows: rows.into_iter().map(|(_, row)| row).collect(),
        })
    }
}

fn shapes(
    visit: &Visit,
    values: &[&AreaValue],
    class_of: &dyn Fn(Option<f64>) -> usize,
    l: Language,
) -> (Vec<AreaShape>, String, String) {
    let entities: Vec<_> = values
        .iter()
        .filter_map(|area| Some((*area, visit.twin.get(&visit.view, &Uri::parse(&area.area).ok()?)?)))
        .collect();
    let located = || {
        entities
            .iter()
            .filter_map(|(area, entity)| Some((*area, entity.get(LOCATION)?.as_geometry()?)))
    };
    let bounds = located()
        .filter_map(|(_, geometry)| geometry.bounding_rect())
        .reduce(|a, b| {
            Rect::new(
                (a.min().x.min(b.min().x), a.min().y.min(b.min().y)),
                (a.max().x.max(b.max().x), a.max().y.max(b.max().y)),
            )
        });
    let Some(bounds) = bounds else {
        return (Vec::new(), "0".into(), "0".into());
    };
    let projection = Projection::of(bounds, 800.0, 6.0);
    let shapes = located().map(|(area, geometry)| {
        let mut path = String::new();
        for (line, closed) in outlines(geometry) {
            trace(&mut path, line, closed, &projection);
        }
        let value = area
            .value
            .map_or_else(|| l.text("no-value"), |value| l.value(value));
        AreaShape {
            path,
            class: class_of(area.value),
            title: format!("{}: {value}", plain(&area.name)),
        }
    });
    (
        shapes.collect(),
        format!("{:.0}", projection.width),
        format!("{:.0}", projection.height),
    )
}
