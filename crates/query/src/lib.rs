//! What a query means: who may see what of it, which entities it selects, by which path, and what becomes of
//! their history.
//!
//! The evaluator over entities in memory is the definition; any other way to answer is held to it by tests.
//! No I/O, no clock.

pub mod distance;
pub mod entity_query;
mod evaluate;
mod geometry;
pub mod plan;
pub mod prepared;
mod target;
pub mod temporal;
pub mod view;

pub use entity_query::{EntityQuery, Selection};
pub use plan::{Bbox, Plan};
pub use prepared::Prepared;
pub use view::{Caller, Purpose, View};
