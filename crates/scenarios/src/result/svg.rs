//! The pictures of a result: bars of differences, a map, and the Pareto set. Each says in words what it shows, and
//! none tells anything by colour alone.

use std::fmt::Write as _;

use geo_types::{LineString, MultiPolygon};
use indicators::report::markup::Escaped;

use super::figure::{figure, money, signed, unit_of_difference};
use super::{Choice, RunResult};

/// The width of pictures, in units of their own.
const WIDTH: f64 = 640.0;
/// The most points of a Pareto picture beside those of the set.
const MOST_DOTS: usize = 4096;

fn open(svg: &mut String, id: &str, height: f64, title: &str, description: &str) {
    let _ = write!(
        svg,
        "<figure>\n<figcaption>{0}</figcaption>\n<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} \
         {height:.0}\" width=\"{WIDTH}\" role=\"img\" aria-labelledby=\"{id}-title {id}-desc\" \
         font-family=\"system-ui, sans-serif\" font-size=\"14\" fill=\"currentColor\">\n<title \
         id=\"{id}-title\">{0}</title>\n<desc id=\"{id}-desc\">{1}</desc>\n",
        Escaped(title),
        Escaped(description)
    );
}

const CLOSE: &str = "</svg>\n</figure>\n";

/// Fills that differ without colour: more, less.
fn patterns(svg: &mut String, id: &str) {
    let _ = writeln!(
        svg,
        "<defs><pattern id=\"{id}-more\" width=\"8\" height=\"8\" patternUnits=\"userSpaceOnUse\"><rect width=\"8\" \
         height=\"8\" fill=\"#00507a\"/></pattern><pattern id=\"{id}-less\" width=\"8\" height=\"8\" \
         patternUnits=\"userSpaceOnUse\"><rect width=\"8\" height=\"8\" fill=\"#fff\"/><path d=\"M-2 2l4-4M0 8l8-8M6 \
         10l4-4\" stroke=\"#8a3b00\" stroke-width=\"2.5\"/></pattern></defs>"
    );
}

/// Bars of the differences of one indicator, with their bounds; empty where nothing differs.
pub(super) fn bars(result: &RunResult, index: usize, name: &str) -> String {
    let rows: Vec<(&str, f64, f64, f64)> = result
        .scenarios
        .iter()
        .filter_map(|scenario| {
            let difference = scenario.differences.get(index)?;
            let by = difference.difference?;
            Some((
                scenario.title.as_str(),
                by,
                difference.low.unwrap_or(by),
                difference.high.unwrap_or(by),
            ))
        })
        .collect();
    let largest = rows
        .iter()
        .flat_map(|row| [row.1.abs(), row.2.abs(), row.3.abs()])
        .fold(0.0, f64::max);
    if largest <= 0.0 {
        return String::new();
    }
    let unit = result.baseline.get(index).map_or("", |value| value.unit.as_str());
    let id = format!("bars-{index}");
    let said: Vec<String> = rows
        .iter()
        .map(|(title, by, low, high)| {
            let [by, low, high] = [*by, *low, *high].map(|value| signed(value, unit));
            if low == high {
                format!("{title}: {by}")
            } else {
                format!("{title}: {by} (between {low} and {high})")
            }
        })
        .collect();
    let mut svg = String::new();
    open(
        &mut svg,
        &id,
        rows.len() as f64 * 48.0 + 8.0,
        &match unit_of_difference(unit) {
            "" => format!("{name}: differences"),
            said => format!("{name}: differences in {said}"),
        },
        &format!("{}.", said.join("; ")),
    );
    patterns(&mut svg, &id);
    let place = |value: f64| WIDTH / 2.0 + value / largest * (WIDTH / 2.0 - 12.0);
    for (row, (title, by, low, high)) in rows.iter().enumerate() {
        let y = row as f64 * 48.0;
        let (from, to) = (place(by.min(0.0)), place(by.max(0.0)));
        let fill = if *by < 0.0 { "less" } else { "more" };
        let (left, right) = (place(*low), place(*high));
        let _ = write!(
            svg,
            "<text x=\"0\" y=\"{:.1}\">{}: {}</text>\n<rect x=\"{from:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"14\" \
             fill=\"url(#{id}-{fill})\" stroke=\"currentColor\"/>\n<path d=\"M{left:.1} {:.1}H{right:.1}M{left:.1} \
             {:.1}v8M{right:.1} {:.1}v8\" stroke=\"currentColor\" stroke-width=\"2\" fill=\"none\"/>\n",
            y + 16.0,
            Escaped(title),
            signed(*by, unit),
            y + 22.0,
            to - from,
            y + 29.0,
            y + 25.0,
            y + 25.0
        );
    }
    let _ = writeln!(
        svg,
        "<path d=\"M{0} 20V{1:.0}\" stroke=\"currentColor\" stroke-dasharray=\"3 3\"/>",
        WIDTH / 2.0,
        rows.len() as f64 * 48.0
    );
    svg.push_str(CLOSE);
    svg
}

/// The areas with one scenario's differences in one indicator; empty where none differs.
pub(super) fn map(
    result: &RunResult,
    index: usize,
    scenario: usize,
    outlines: &[MultiPolygon<f64>],
) -> String {
    let Some(found) = result.scenarios.get(scenario) else {
        return String::new();
    };
    let by = |area: usize| found.differences.get(index)?.areas.get(area)?.difference;
    let largest = (0..outlines.len())
        .filter_map(by)
        .map(f64::abs)
        .fold(0.0, f64::max);
    let Some(frame) = Frame::of(outlines).filter(|_| largest > 0.0) else {
        return String::new();
    };
    let (name, unit) = result
        .baseline
        .get(index)
        .map_or(("", ""), |value| (value.name.as_str(), value.unit.as_str()));
    let id = format!("map-{index}-{scenario}");
    let said: Vec<String> = (0..outlines.len())
        .filter_map(|area| {
            let by = by(area).filter(|by| *by != 0.0)?;
            Some(format!("{}: {}", result.areas.get(area)?.name, signed(by, unit)))
        })
        .collect();
    let others = if said.len() < result.areas.len() {
        " All other areas do not differ."
    } else {
        ""
    };
    let in_what = match unit_of_difference(unit) {
        "" => String::new(),
        said => format!(" in {said}"),
    };
    let mut svg = String::new();
    open(
        &mut svg,
        &id,
        frame.height + 30.0,
        &format!("{}: {name}, differences{in_what} by area", found.title),
        &format!("{}.{others}", said.join("; ")),
    );
    patterns(&mut svg, &id);
    for (area, outline) in outlines.iter().enumerate() {
        let by = by(area).unwrap_or(0.0);
        let fill = match by.total_cmp(&0.0) {
            std::cmp::Ordering::Less => format!("url(#{id}-less)"),
            std::cmp::Ordering::Equal => "none".to_owned(),
            std::cmp::Ordering::Greater => format!("url(#{id}-more)"),
        };
        let _ = writeln!(
            svg,
            "<path d=\"{}\" fill=\"{fill}\" fill-opacity=\"{:.2}\" fill-rule=\"evenodd\" stroke=\"currentColor\"/>",
            frame.path(outline),
            (by.abs() / largest).mul_add(0.75, 0.25)
        );
    }
    for (area, outline) in outlines.iter().enumerate() {
        use geo::Centroid as _;
        if let (Some(by), Some(centre)) = (by(area).filter(|by| *by != 0.0), outline.centroid()) {
            let (x, y) = frame.place(centre.x(), centre.y());
            // A halo, so that the number can be read on any fill.
            let _ = writeln!(
                svg,
                "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"middle\" font-size=\"12\" stroke=\"Canvas\" \
                 stroke-width=\"3\" paint-order=\"stroke\">{}</text>",
                signed(by, unit)
            );
        }
    }
    let _ = writeln!(
        svg,
        "<text x=\"0\" y=\"{:.1}\">Filled: more. Striped: less. Empty: no difference. Fainter: less of it.</text>",
        frame.height + 20.0
    );
    svg.push_str(CLOSE);
    svg
}

/// From degrees to the picture: equirectangular at the middle latitude.
struct Frame {
    west: f64,
    north: f64,
    scale_x: f64,
    scale_y: f64,
    height: f64,
}

impl Frame {
    fn of(outlines: &[MultiPolygon<f64>]) -> Option<Self> {
        let mut bounds = [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY];
        for point in outlines
            .iter()
            .flat_map(|outline| &outline.0)
            .flat_map(|polygon| &polygon.exterior().0)
            .filter(|point| point.x.is_finite() && point.y.is_finite())
        {
            bounds = [
                bounds[0].min(point.x),
                bounds[1].min(point.y),
                bounds[2].max(point.x),
                bounds[3].max(point.y),
            ];
        }
        let [west, south, east, north] = bounds;
        let squeeze = f64::midpoint(south, north).to_radians().cos().max(0.01);
        let (width, tall) = ((east - west) * squeeze, north - south);
        if !(width > 0.0 && tall > 0.0) {
            return None;
        }
        // Not taller than wide, so that it fits a page.
        let scale = (WIDTH / width).min(WIDTH / tall);
        Some(Self {
            west,
            north,
            scale_x: scale * squeeze,
            scale_y: scale,
            height: tall * scale,
        })
    }

    fn place(&self, x: f64, y: f64) -> (f64, f64) {
        ((x - self.west) * self.scale_x, (self.north - y) * self.scale_y)
    }

    /// The rings, without points that cannot be told apart in the picture.
    fn path(&self, outline: &MultiPolygon<f64>) -> String {
        let mut path = String::new();
        let mut ring = |ring: &LineString<f64>| {
            let mut last = None;
            for point in &ring.0 {
                let place = self.place(point.x, point.y);
                let near = |(x, y): (f64, f64)| (x - place.0).abs() + (y - place.1).abs() < 0.7;
                if last.is_some_and(near) {
                    continue;
                }
                let verb = if last.is_none() { 'M' } else { 'L' };
                let _ = write!(path, "{verb}{:.1} {:.1}", place.0, place.1);
                last = Some(place);
            }
            path.push('Z');
        };
        for polygon in &outline.0 {
            ring(polygon.exterior());
            polygon.interiors().iter().for_each(&mut ring);
        }
        path
    }
}

/// Cost against the first objective: every affordable subset a dot, the Pareto set a line of squares.
pub(super) fn pareto(result: &RunResult, choice: &Choice) -> String {
    let Some(objective) = choice.objectives.first() else {
        return String::new();
    };
    let points: Vec<(f64, f64)> = choice
        .all
        .iter()
        .filter_map(|subset| Some((subset.cost, *subset.values.first()?)))
        .collect();
    let range = |pick: fn(&(f64, f64)) -> f64| {
        let values = points.iter().map(pick);
        values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(value), high.max(value))
        })
    };
    let ((cheap, dear), (least, most)) = (range(|point| point.0), range(|point| point.1));
    if !(cheap.is_finite() && least.is_finite()) {
        return String::new();
    }
    let height = 320.0;
    let along = |value: f64, low: f64, high: f64| {
        if high > low {
            (value - low) / (high - low)
        } else {
            0.5
        }
    };
    let place = |cost: f64, value: f64| {
        (
            along(cost, cheap, dear).mul_add(WIDTH - 40.0, 20.0),
            (1.0 - along(value, least, most)).mul_add(height - 70.0, 20.0),
        )
    };
    let currency = result.currency.as_deref();
    let said: Vec<String> = choice
        .pareto
        .iter()
        .filter_map(|subset| {
            let name = if subset.measures.is_empty() {
                "nothing".to_owned()
            } else {
                let titles: Vec<&str> = subset
                    .measures
                    .iter()
                    .map(|name| result.measure_title(name))
                    .collect();
                titles.join(" and ")
            };
            Some(format!(
                "{name}: {}, {} %",
                money(subset.cost, currency),
                figure(*subset.values.first()?, "%")
            ))
        })
        .collect();
    let mut svg = String::new();
    open(
        &mut svg,
        "pareto",
        height,
        &format!("Cost and effect of every subset: {}", result.objective(objective)),
        &format!("The subsets that no other beats: {}.", said.join("; ")),
    );
    let step = points.len().div_ceil(MOST_DOTS).max(1);
    for &(cost, value) in points.iter().step_by(step) {
        let (x, y) = place(cost, value);
        let _ = writeln!(
            svg,
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"1.5\" fill-opacity=\"0.4\"/>"
        );
    }
    let mut line = String::new();
    for subset in &choice.pareto {
        let Some(&value) = subset.values.first() else {
            continue;
        };
        let (x, y) = place(subset.cost, value);
        let _ = write!(line, "{}{x:.1} {y:.1}", if line.is_empty() { 'M' } else { 'L' });
        let _ = writeln!(
            svg,
            "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"8\" height=\"8\" fill=\"#00507a\" stroke=\"currentColor\"/>",
            x - 4.0,
            y - 4.0
        );
    }
    let _ = writeln!(svg, "<path d=\"{line}\" fill=\"none\" stroke=\"currentColor\"/>");
    if let Some(budget) = choice.budget.filter(|budget| (cheap..=dear).contains(budget)) {
        let (x, _) = place(budget, least);
        let _ = write!(
            svg,
            "<path d=\"M{x:.1} 10V{0:.0}\" stroke=\"currentColor\" stroke-dasharray=\"4 3\"/>\n<text x=\"{x:.1}\" \
             y=\"{1:.0}\" text-anchor=\"middle\">budget</text>\n",
            height - 46.0,
            height - 30.0
        );
    }
    let _ = writeln!(
        svg,
        "<text x=\"0\" y=\"{0:.0}\">Cost: {1} to {2}, left to right. Up: {3} % to {4} %. Squares: no other subset \
         beats them.</text>",
        height - 8.0,
        Escaped(&money(cheap, currency)),
        Escaped(&money(dear, currency)),
        figure(least, "%"),
        figure(most, "%")
    );
    svg.push_str(CLOSE);
    svg
}
