//! Charts as inline SVG, drawn without colour as the only means, without scripts, and without scaling their
//! text: lengths along are percentages of whatever width there is.

use std::fmt::Write as _;

use ngsi_ld::Timestamp;

use crate::report::markup::{Escaped, number};
use crate::score::Band;

/// How a chart is drawn and what it says about itself.
#[derive(Clone, Debug, Default)]
pub struct ChartOptions {
    /// `<title>`: what the chart shows, the finding first.
    pub title: String,
    /// `<desc>`: the summary in one or two sentences.
    pub description: String,
    /// The unit of the values.
    pub unit: String,
    /// A target, drawn as a dashed line with its text.
    pub target: Option<f64>,
    /// The end of the scale; without it, the largest value or target.
    pub maximum: Option<f64>,
    /// Unique within the page: ids inside the SVG begin with it.
    pub id: String,
}

/// Fills that differ without colour, one for each band: `url(#{id}-{pattern_of(band)})`.
pub(crate) const PATTERNS: &str = "<defs>\
<pattern id=\"{id}-p1\" width=\"8\" height=\"8\" patternUnits=\"userSpaceOnUse\"><rect width=\"8\" height=\"8\" fill=\"#fff\"/><circle cx=\"2\" cy=\"2\" r=\"1.4\" fill=\"#7a3b00\"/><circle cx=\"6\" cy=\"6\" r=\"1.4\" fill=\"#7a3b00\"/></pattern>\
<pattern id=\"{id}-p2\" width=\"8\" height=\"8\" patternUnits=\"userSpaceOnUse\"><rect width=\"8\" height=\"8\" fill=\"#fff\"/><path d=\"M-2 2l4-4M0 8l8-8M6 10l4-4\" stroke=\"#8a5a00\" stroke-width=\"2\"/></pattern>\
<pattern id=\"{id}-p3\" width=\"8\" height=\"8\" patternUnits=\"userSpaceOnUse\"><rect width=\"8\" height=\"8\" fill=\"#cfe8f5\"/><path d=\"M0 0l8 8M0 8l8-8\" stroke=\"#00507a\" stroke-width=\"1.5\"/></pattern>\
<pattern id=\"{id}-p4\" width=\"8\" height=\"8\" patternUnits=\"userSpaceOnUse\"><rect width=\"8\" height=\"8\" fill=\"#00507a\"/></pattern>\
</defs>\n";

/// The pattern of a band.
pub(crate) fn pattern_of(band: Band) -> &'static str {
    match band {
        Band::To33 => "p1",
        Band::To66 => "p2",
        Band::To95 => "p3",
        Band::From95 => "p4",
    }
}

/// Horizontal bars with their labels and values as text. A value below 0 has no bar, only its text.
pub fn bars(rows: &[(String, f64)], options: &ChartOptions) -> String {
    let scale = scale_end(rows.iter().map(|row| row.1), options);
    let mut marks = String::new();
    let mut bottom = 0;
    for (label, value) in rows {
        let said = with_unit(*value, &options.unit);
        // What is too long for a narrow screen takes two lines.
        let lines: &[String] = if label.chars().count() + said.chars().count() <= 36 {
            &[format!("{}: {said}", Escaped(label))]
        } else {
            &[Escaped(label).to_string(), said]
        };
        for line in lines {
            let _ = writeln!(marks, "<text x=\"0\" y=\"{}\">{line}</text>", bottom + 15);
            bottom += 18;
        }
        let _ = writeln!(
            marks,
            "<rect x=\"0\" y=\"{}\" width=\"{:.3}%\" height=\"16\" fill=\"url(#{}-p3)\" stroke=\"currentColor\"/>",
            bottom + 3,
            percent(*value, scale),
            Escaped(&options.id)
        );
        bottom += 26;
    }
    let mut svg = start(options, bottom + if options.target.is_some() { 28 } else { 4 });
    svg.push_str(&marks);
    if let Some(target) = options.target {
        let x = percent(target, scale);
        let anchor = if x > 50.0 { "end" } else { "start" };
        let _ = writeln!(
            svg,
            "<line x1=\"{x:.3}%\" x2=\"{x:.3}%\" y1=\"0\" y2=\"{bottom}\" stroke=\"currentColor\" stroke-width=\"2\" \
             stroke-dasharray=\"6 4\"/>\n<text x=\"{x:.3}%\" y=\"{}\" text-anchor=\"{anchor}\">target {}</text>",
            bottom + 18,
            with_unit(target, &options.unit)
        );
    }
    svg.push_str("</svg>\n");
    svg
}

/// A line over time; a gap of more than three usual intervals is left open. Of more than a thousand points the
/// smallest and the largest of each of 500 equal stretches of time are drawn.
pub fn line(points: &[(Timestamp, f64)], options: &ChartOptions) -> String {
    const TOP: usize = 24;
    const HEIGHT: usize = 160;
    let mut points: Vec<_> = points
        .iter()
        .copied()
        .filter(|point| point.1.is_finite())
        .collect();
    points.sort_by_key(|point| point.0);
    let scale = scale_end(points.iter().map(|point| point.1), options);
    let lowest = points.iter().fold(0.0_f64, |lowest, point| lowest.min(point.1));
    let mut svg = start(options, TOP + HEIGHT + 28);
    let up = |value: f64| 100.0 - 100.0 * (value - lowest) / (scale - lowest);
    let (Some(first), Some(last)) = (points.first().copied(), points.last().copied()) else {
        svg.push_str("<text x=\"0\" y=\"20\">There are no values yet.</text>\n</svg>\n");
        return svg;
    };
    let span = (last.0.as_micros() - first.0.as_micros()).max(1) as f64;
    let along = |at: Timestamp| {
        if first.0 == last.0 {
            500.0
        } else {
            1000.0 * (at.as_micros() - first.0.as_micros()) as f64 / span
        }
    };
    let _ = writeln!(
        svg,
        "<text x=\"0\" y=\"14\">{}</text>\n<svg x=\"0\" y=\"{TOP}\" width=\"100%\" height=\"{HEIGHT}\" viewBox=\"0 0 \
         1000 100\" preserveAspectRatio=\"none\" overflow=\"visible\" fill=\"none\" stroke=\"currentColor\">\n<path \
         d=\"M0 100H1000M0 0H1000\" stroke-dasharray=\"2 3\" vector-effect=\"non-scaling-stroke\"/>",
        with_unit(scale, &options.unit)
    );
    for run in runs(&thinned(points)) {
        let path: Vec<String> = run
            .iter()
            .map(|p| format!("{:.2} {:.2}", along(p.0), up(p.1)))
            .collect();
        // A value by itself is a short dash, so that it can be seen.
        let path = if let [only] = path.as_slice() {
            format!("{only}h4")
        } else {
            path.join("L")
        };
        let _ = writeln!(
            svg,
            "<path d=\"M{path}\" stroke-width=\"2\" vector-effect=\"non-scaling-stroke\"/>"
        );
    }
    if let Some(target) = options.target {
        let _ = writeln!(
            svg,
            "<path d=\"M0 {:.2}H1000\" stroke-width=\"2\" stroke-dasharray=\"6 4\" \
             vector-effect=\"non-scaling-stroke\"/>",
            up(target)
        );
    }
    svg.push_str("</svg>\n");
    if let Some(target) = options.target {
        let _ = writeln!(
            svg,
            "<text x=\"100%\" y=\"14\" text-anchor=\"end\">dashed: target {}</text>",
            with_unit(target, &options.unit)
        );
    }
    let day = |at: Timestamp| at.to_string().chars().take(10).collect::<String>();
    let bottom = TOP + HEIGHT + 18;
    let _ = writeln!(
        svg,
        "<text x=\"0\" y=\"{bottom}\">{}</text>\n<text x=\"100%\" y=\"{bottom}\" text-anchor=\"end\">{}</text>\n</svg>",
        day(first.0),
        day(last.0)
    );
    svg
}

/// The same data as an HTML table with a caption and header cells; the first cell of each row names it.
pub fn table(caption: &str, headers: &[&str], rows: &[Vec<String>]) -> String {
    let mut html = String::new();
    let _ = write!(
        html,
        "<table>\n<caption>{}</caption>\n<thead><tr>",
        Escaped(caption)
    );
    for header in headers {
        let _ = write!(html, "<th scope=\"col\">{}</th>", Escaped(header));
    }
    html.push_str("</tr></thead>\n<tbody>\n");
    for row in rows {
        html.push_str("<tr>");
        for (index, cell) in row.iter().enumerate() {
            let _ = if index == 0 {
                write!(html, "<th scope=\"row\">{}</th>", Escaped(cell))
            } else {
                write!(html, "<td>{}</td>", Escaped(cell))
            };
        }
        html.push_str("</tr>\n");
    }
    html.push_str("</tbody>\n</table>\n");
    html
}

fn start(options: &ChartOptions, height: usize) -> String {
    let id = Escaped(&options.id).to_string();
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"100%\" height=\"{height}\" role=\"img\" \
         aria-labelledby=\"{id}-title {id}-desc\" font-family=\"system-ui, sans-serif\" font-size=\"14\" \
         fill=\"currentColor\">\n<title id=\"{id}-title\">{}</title>\n<desc id=\"{id}-desc\">{}</desc>\n{}",
        Escaped(&options.title),
        Escaped(&options.description),
        PATTERNS.replace("{id}", &id)
    )
}

fn scale_end(values: impl Iterator<Item = f64>, options: &ChartOptions) -> f64 {
    let largest = values
        .chain(options.target)
        .filter(|v| v.is_finite())
        .fold(0.0, f64::max);
    let end = options
        .maximum
        .filter(|maximum| *maximum > 0.0)
        .unwrap_or(largest);
    if end > 0.0 { end } else { 1.0 }
}

fn percent(value: f64, scale: f64) -> f64 {
    if value.is_finite() {
        (100.0 * value / scale).clamp(0.0, 100.0)
    } else {
        0.0
    }
}

fn with_unit(value: f64, unit: &str) -> String {
    let space = if unit.is_empty() { "" } else { "\u{a0}" };
    format!("{}{space}{}", number(value), Escaped(unit))
}

fn thinned(points: Vec<(Timestamp, f64)>) -> Vec<(Timestamp, f64)> {
    const STRETCHES: i64 = 500;
    let (Some(first), Some(last)) = (points.first(), points.last()) else {
        return points;
    };
    if points.len() <= 1000 {
        return points;
    }
    let start = first.0.as_micros();
    let stretch = ((last.0.as_micros() - start) / STRETCHES).max(1);
    let mut kept = Vec::with_capacity(1002);
    for group in
        points.chunk_by(|a, b| (a.0.as_micros() - start) / stretch == (b.0.as_micros() - start) / stretch)
    {
        let by_value = |a: &&(Timestamp, f64), b: &&(Timestamp, f64)| a.1.total_cmp(&b.1);
        let (low, high) = (group.iter().min_by(by_value), group.iter().max_by(by_value));
        let mut ends: Vec<_> = low.into_iter().chain(high).copied().collect();
        ends.sort_by_key(|point| point.0);
        ends.dedup();
        kept.extend(ends);
    }
    kept
}

/// Stretches without a gap.
fn runs(points: &[(Timestamp, f64)]) -> Vec<&[(Timestamp, f64)]> {
    let gap = |pair: &[(Timestamp, f64)]| pair[1].0.as_micros() - pair[0].0.as_micros();
    let mut gaps: Vec<i64> = points.windows(2).map(gap).collect();
    gaps.sort_unstable();
    let usual = gaps.get(gaps.len() / 2).copied().unwrap_or(0);
    points
        .chunk_by(|a, b| b.0.as_micros() - a.0.as_micros() <= usual.saturating_mul(3))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> ChartOptions {
        ChartOptions {
            title: "Bars & <lines>".to_owned(),
            description: "Two of them.".to_owned(),
            unit: "%".to_owned(),
            target: Some(50.0),
            maximum: Some(100.0),
            id: "c1".to_owned(),
        }
    }

    #[test]
    fn bars_say_in_words_what_they_show() {
        let svg = bars(
            &[("<b>Ward</b>".to_owned(), 25.0), ("Other".to_owned(), -3.0)],
            &options(),
        );
        assert!(svg.contains("<title id=\"c1-title\">Bars &amp; &lt;lines&gt;</title>"));
        assert!(svg.contains("&lt;b&gt;Ward&lt;/b&gt;: 25\u{a0}%"), "{svg}");
        assert!(svg.contains("width=\"25.000%\"") && svg.contains("width=\"0.000%\""));
        assert!(svg.contains("target 50"));
        assert!(!svg.contains("<b>"));
    }

    #[test]
    fn a_line_is_open_where_data_are_missing() {
        let at = |minute: i64| Timestamp::from_seconds(minute * 60);
        let points: Vec<_> = [0, 1, 2, 3, 60, 61, 62].map(|minute| (at(minute), 10.0)).to_vec();
        assert_eq!(
            line(&points, &options())
                .matches("stroke-width=\"2\" vector-effect")
                .count(),
            2
        );
        assert!(line(&[], &options()).contains("no values yet"));
        assert!(line(&[(at(1), 3.0)], &options()).contains("h4"));
        let many: Vec<_> = (0..50_000).map(|i| (at(i), (i % 97) as f64)).collect();
        assert!(line(&many, &options()).len() < 40_000, "what is drawn is bounded");
    }

    #[test]
    fn every_chart_is_well_formed() {
        for svg in [
            bars(&[("a".to_owned(), 1.0)], &options()),
            line(&[(Timestamp::from_seconds(1), 2.0)], &options()),
        ] {
            assert_eq!(svg.matches("<svg").count(), svg.matches("</svg>").count());
            assert_eq!(svg.matches("<text").count(), svg.matches("</text>").count());
        }
    }
}
