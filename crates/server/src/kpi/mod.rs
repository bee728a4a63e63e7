//! The indicators over HTTP.

pub mod cache;
