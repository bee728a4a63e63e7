//! A result as one page: for screens, screen readers and paper. Nothing is loaded from anywhere.

use geo_types::MultiPolygon;

use super::RunResult;

/// One self-contained, accessible HTML page, fit for printing. `outlines`: the polygons of the result's areas in
/// their order, for the maps; empty: no maps.
pub fn html(result: &RunResult, outlines: &[MultiPolygon<f64>]) -> String {
    let _ = (result, outlines);
    todo!()
}
