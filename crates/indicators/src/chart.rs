//! Charts as inline SVG, drawn without colour as the only means and without scripts.

use ngsi_ld::Timestamp;

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

/// Horizontal bars with their labels and values as text.
pub fn bars(rows: &[(String, f64)], options: &ChartOptions) -> String {
    let _ = (rows, options);
    todo!()
}

/// A line over time; a gap of more than three usual intervals is left open.
pub fn line(points: &[(Timestamp, f64)], options: &ChartOptions) -> String {
    let _ = (points, options);
    todo!()
}

/// The same data as an HTML table with a caption and header cells.
pub fn table(caption: &str, headers: &[&str], rows: &[Vec<String>]) -> String {
    let _ = (caption, headers, rows);
    todo!()
}
