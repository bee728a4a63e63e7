//! What the pictures of a report share: fills that need no colour, and the table beside each picture.

use std::fmt::Write as _;

use crate::report::markup::Escaped;
use crate::score::Band;

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

/// Data as an HTML table with a caption and header cells; the first cell of each row names it.
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
