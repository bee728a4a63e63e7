//! An assessment for people and for spreadsheets.

mod csv;
mod html;
pub(crate) mod markup;
mod svg;

pub use csv::csv;
pub use html::html;
pub use svg::svg;
