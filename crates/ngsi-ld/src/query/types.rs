//! The entity type selection language (4.17).

use crate::context::Context;
use crate::error::Error;
use crate::name::Name;

/// A parsed `type` parameter: `A|B`, `A,B`, `(A;B)`.
#[derive(Clone, Debug, PartialEq)]
pub enum TypeSelection {
    /// The entity has this type.
    Type(Name),
    /// It satisfies all.
    And(Vec<TypeSelection>),
    /// It satisfies at least one.
    Or(Vec<TypeSelection>),
}

impl TypeSelection {
    /// Parses `text`, expanding type names by `context`.
    pub fn parse(text: &str, context: &Context) -> Result<Self, Error> {
        let _ = (text, context);
        todo!()
    }
}
