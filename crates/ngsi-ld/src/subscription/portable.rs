//! Queries as text that means the same under every @context.

use super::Written;
use crate::context::Context;
use crate::query::q::{Operand, Operator, Q};

/// The text for a reader with this @context: as it was written where that says the same to them.
pub(super) fn text(written: &Written<Q>, context: &Context, expand_values: &[crate::name::Name]) -> String {
    let same = Q::parse(&written.text, context).is_ok_and(|mut tree| {
        tree.expand_values(expand_values, context);
        tree == written.tree
    });
    if same {
        return written.text.clone();
    }
    let mut tree = written.tree.clone();
    spell_out(&mut tree, context);
    tree.to_string()
}

/// Replaces words, which another @context would expand to something else, by their text and their IRI.
fn spell_out(q: &mut Q, context: &Context) {
    match q {
        Q::And(parts) | Q::Or(parts) => parts.iter_mut().for_each(|part| spell_out(part, context)),
        Q::Compare(_, Operator::Equal | Operator::NotEqual, operands) => {
            let spelled = operands.drain(..).flat_map(|operand| match operand {
                Operand::Word(text, name) if context.expand(&text) != name => {
                    vec![Operand::Text(text), Operand::Uri(name.as_str().to_owned())]
                }
                other => vec![other],
            });
            *operands = spelled.collect();
        }
        _ => {}
    }
}
