//! An assessment for people and for spreadsheets.

mod csv;
mod html;
pub mod markup;
mod svg;

pub use crate::chart::table;
pub use csv::csv;
pub use html::html;
pub use svg::svg;
