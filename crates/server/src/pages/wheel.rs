//! The wheel: every data point of the catalogue as one spoke, filled as far as its benchmark is attained. The
//! empty spokes are the message as much as the full ones; the table beside it holds the same numbers.

use std::fmt::Write as _;

use indicators::{Assessment, Status};

const CENTRE: f64 = 200.0;
const INNER: f64 = 92.0;
const OUTER: f64 = 192.0;
/// The gap between two dimensions, in degrees.
const GAP: f64 = 5.0;

/// The spokes, as SVG elements inside a view box of 400 by 400. Holds no text from the data.
pub(crate) fn spokes(assessment: &Assessment) -> String {
    let dimensions: Vec<&str> = {
        let mut seen: Vec<&str> = Vec::new();
        for row in &assessment.data_points {
            if !seen.contains(&row.dimension.as_str()) {
                seen.push(&row.dimension);
            }
        }
        seen
    };
    let mut svg = String::new();
    if assessment.data_points.is_empty() {
        return svg;
    }
    let step = (360.0 - GAP * dimensions.len() as f64) / assessment.data_points.len() as f64;
    let mut angle = -90.0 + GAP / 2.0;
    for (index, dimension) in dimensions.iter().enumerate() {
        for row in assessment
            .data_points
            .iter()
            .filter(|row| row.dimension == *dimension)
        {
            let applies = row.status != Status::NotApplicable;
            let class = if applies { "w-track" } else { "w-na" };
            let _ = write!(
                svg,
                "<path class=\"{class}\" d=\"{}\"/>",
                spoke(angle, angle + step, OUTER)
            );
            if matches!(row.status, Status::Calculated | Status::Reported) {
                // A value without a benchmark fills half; a value that attains nothing still shows that it is there.
                let share = row
                    .attainment_pct
                    .map_or(0.5, |percent| (percent / 100.0).clamp(0.08, 1.0));
                let reach = INNER + (OUTER - INNER) * share;
                let path = spoke(angle, angle + step, reach);
                let _ = write!(svg, "<path class=\"w-value w-{}\" d=\"{path}\"/>", index % 3 + 1);
            }
            angle += step;
        }
        angle += GAP;
    }
    svg
}

/// A piece of a ring from [`INNER`] to `reach`, between two angles in degrees.
fn spoke(from: f64, to: f64, reach: f64) -> String {
    let at = |radius: f64, angle: f64| {
        let (sin, cos) = angle.to_radians().sin_cos();
        (CENTRE + radius * cos, CENTRE + radius * sin)
    };
    let ((ax, ay), (bx, by)) = (at(INNER, from), at(reach, from));
    let ((cx, cy), (dx, dy)) = (at(reach, to), at(INNER, to));
    format!(
        "M{ax:.1} {ay:.1}L{bx:.1} {by:.1}A{reach:.1} {reach:.1} 0 0 1 {cx:.1} {cy:.1}L{dx:.1} {dy:.1}A{INNER} {INNER} 0 0 0 {ax:.1} {ay:.1}Z"
    )
}
