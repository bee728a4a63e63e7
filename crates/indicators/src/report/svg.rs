//! The overview as one chart: the score of each sub-dimension, with how much of it is known.

use std::fmt::Write as _;

use super::markup::{Escaped, number};
use crate::assessment::Assessment;
use crate::chart::{PATTERNS, pattern_of};
use crate::score::Band;

/// Bars by sub-dimension. Bands differ by pattern and by text, not by colour alone. It fills the width it is
/// given without scaling its text.
pub fn svg(assessment: &Assessment) -> String {
    let overall = assessment.score.overall();
    let coverage = assessment.coverage;
    let city = if assessment.city.is_empty() {
        "The city"
    } else {
        &assessment.city
    };
    let title = match overall.pct {
        Some(pct) => format!(
            "{city}: U4SSC score {} % over {} scored data points",
            number(pct),
            overall.scored
        ),
        None => format!("{city}: no data point is scored yet"),
    };
    let mut rows = Vec::new();
    for dimension in &assessment.score.dimensions {
        for part in &dimension.parts {
            rows.push((format!("{}: {}", dimension.name, part.name), &part.score));
        }
    }
    let described: Vec<String> = rows
        .iter()
        .map(|(name, score)| match score.pct {
            Some(pct) => format!(
                "{name}: {} %, {} of {} data points known",
                number(pct),
                score.reported,
                score.total
            ),
            None => format!(
                "{name}: not scored, {} of {} data points known",
                score.reported, score.total
            ),
        })
        .collect();
    let height = 64 + rows.len() * 70 + 24 * Band::ALL.len();
    let mut svg = String::new();
    let _ = write!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"100%\" height=\"{height}\" role=\"img\" \
         aria-labelledby=\"overview-title overview-desc\" font-family=\"system-ui, sans-serif\" font-size=\"14\" \
         fill=\"currentColor\">\n<title id=\"overview-title\">{}</title>\n<desc id=\"overview-desc\">{} of {} data \
         points have a value. {}.</desc>\n{}",
        Escaped(&title),
        coverage.reported,
        coverage.total,
        Escaped(&described.join("; ")),
        PATTERNS.replace("{id}", "overview")
    );
    let _ = writeln!(
        svg,
        "<text x=\"0\" y=\"20\" font-size=\"16\" font-weight=\"600\">Score by sub-dimension</text>\n<text x=\"0\" \
         y=\"42\">{} of {} data points have a value</text>",
        coverage.reported, coverage.total
    );
    let mut y = 64;
    for (name, score) in rows {
        let known = format!("{} of {} known", score.reported, score.total);
        let said = match (score.pct, score.band) {
            (Some(pct), Some(band)) => {
                let _ = writeln!(
                    svg,
                    "<rect x=\"0\" y=\"{}\" width=\"{pct:.2}%\" height=\"18\" fill=\"url(#overview-{})\" \
                     stroke=\"currentColor\"/>",
                    y + 38,
                    pattern_of(band)
                );
                format!("{} %, {known}", number(pct))
            }
            _ => format!("not scored, {known}"),
        };
        let _ = writeln!(
            svg,
            "<rect x=\"0\" y=\"{}\" width=\"100%\" height=\"18\" fill=\"none\" stroke=\"currentColor\" \
             stroke-dasharray=\"2 3\"/>\n<text x=\"0\" y=\"{}\" font-weight=\"600\">{}</text>\n<text x=\"0\" \
             y=\"{}\">{said}</text>",
            y + 38,
            y + 14,
            Escaped(short(&name)),
            y + 31
        );
        y += 70;
    }
    for band in Band::ALL {
        let _ = writeln!(
            svg,
            "<rect x=\"1\" y=\"{y}\" width=\"28\" height=\"16\" fill=\"url(#overview-{})\" stroke=\"currentColor\"/>\n\
             <text x=\"38\" y=\"{}\">{}</text>",
            pattern_of(band),
            y + 13,
            band.label()
        );
        y += 24;
    }
    svg.push_str("</svg>\n");
    svg
}

/// The sub-dimension without its dimension: narrow screens have no room for both.
fn short(name: &str) -> &str {
    name.split_once(": ").map_or(name, |(_, rest)| rest)
}
