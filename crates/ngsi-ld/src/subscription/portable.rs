//! Queries as text that means the same under every @context.

use super::Written;
use crate::context::Context;
use crate::query::q::Q;

/// The text for a reader with this @context: as it was written where that says the same to them.
pub(super) fn text(written: &Written<Q>, context: &Context, expand_values: &[crate::name::Name]) -> String {
    let same = Q::parse(&written.text, context).is_ok_and(|mut tree| {
        tree.expand_values(expand_values, context);
        tree == written.tree
    });
    if same {
        return written.text.clone();
    }
    // What `expandValues` names is expanded in the tree already, and every name is printed as an IRI.
    written.tree.to_string()
}
