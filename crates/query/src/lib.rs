//! What a query means: who may see what of it, which entities it selects, in which order, by which path.
//!
//! The evaluator over entities in memory is the definition; any other way to answer is held to it by tests.
//! No I/O, no clock.

pub mod entity_query;
pub mod view;

pub use entity_query::{EntityQuery, Selection};
pub use view::{Caller, Purpose, View};
