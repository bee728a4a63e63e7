//! What a query means: who may see what of it, which entities it selects, by which path, and what becomes of
//! their history.
//!
//! The evaluator over entities in memory is the definition; any other way to answer is held to it by tests.
//! No I/O, no clock.

pub mod aggregate;
mod bbox;
pub mod collation;
pub mod distance;
pub mod entity_query;
mod evaluate;
mod geometry;
mod links;
mod looks;
pub mod order;
pub mod place;
pub mod plan;
pub mod prepared;
pub mod registrations;
pub mod selector;
mod target;
pub mod temporal;
pub mod texts;
pub mod view;

pub use bbox::Bbox;
pub use collation::compare_texts;
pub use entity_query::{EntityQuery, Selection};
pub use links::{Links, MAX_LOOKUPS};
pub use order::{SortKey, Sorter};
pub use place::Place;
pub use plan::{OrderPlan, Plan, TextsOf};
pub use prepared::Prepared;
pub use selector::Selector;
pub use texts::{PreparedTest, TextTest};
pub use view::{Caller, Purpose, View};

/// Whether a value is a geometry of so many positions that its shape should be looked at before it is compared.
pub fn has_many_positions(value: &ngsi_ld::Value) -> bool {
    matches!(value, ngsi_ld::Value::Geo(value) if geometry::is_large(&value.geometry))
}

/// Finds out what the shape of such a geometry is, which is then remembered with it: to be done where it is read, so
/// that those who compare it need not. Other values are left alone. Takes some milliseconds, at worst some tenths of a
/// second.
pub fn look_at_shape(value: &ngsi_ld::Value) {
    if let ngsi_ld::Value::Geo(value) = value
        && geometry::is_large(&value.geometry)
    {
        value.shape(geometry::shape);
    }
}

/// A value that a comparison of `q` with an attribute itself looks at, where it can be indexed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Indexed<'a> {
    /// A number.
    Number(f64),
    /// A string, the target of a relationship, a term of a vocabulary: equal to a text of `q` where they are the same
    /// code points.
    Text(&'a str),
}

/// Gives every number and every text that a comparison of `q` with an attribute itself may look at, and the one that it
/// is ordered by, if that is a number or a text: what an index holds.
pub fn indexed_of<'a>(attribute: &'a ngsi_ld::Attribute, visit: &mut dyn FnMut(Indexed<'a>)) {
    use target::Scalar;
    target::scalars(attribute, &mut |scalar| match scalar {
        Scalar::Number(number) => visit(Indexed::Number(number)),
        Scalar::Text(text) | Scalar::Iri(text) => visit(Indexed::Text(text)),
        // Equal to no text, and ordered after all of them.
        Scalar::Boolean(_) | Scalar::DateTime(_) | Scalar::Date(_) | Scalar::Time(_) => {}
    });
}
