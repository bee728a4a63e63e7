//! From the twin to the inputs of the calculations: which entities, which attributes, in which units.
//!
//! Types and attributes are known by their term under the default vocabulary, the core @context or Smart Data
//! Models, so that a city may have imported its data with or without an @context.

pub mod air;
pub mod boundary;
pub mod dataset;
pub mod population;
pub(crate) mod reported;
pub mod terms;
pub(crate) mod transit;
