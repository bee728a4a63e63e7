//! `q`, the attribute query language (4.9).

use crate::context::Context;
use crate::error::Error;
use crate::name::Name;
use crate::time::Timestamp;

/// A parsed `q`. `;` (and) binds tighter than `|` (or).
#[derive(Clone, Debug, PartialEq)]
pub enum Q {
    /// Every one holds.
    And(Vec<Q>),
    /// At least one holds.
    Or(Vec<Q>),
    /// The attribute (or sub-attribute, or member) exists.
    Exists(Path),
    /// A comparison; true when any instance of the attribute satisfies it.
    Compare(Path, Operator, Vec<Operand>),
}

/// What a term looks at: `a.b[c.d]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    /// The attribute, then sub-attributes, expanded; the last may be a core member such as `observedAt`.
    pub attributes: Vec<Name>,
    /// Members inside a compound value, or the language of a LanguageProperty: as written, not expanded.
    pub members: Vec<String>,
}

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Operator {
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
    Matches,
    NotMatches,
}

/// The right-hand side. A value list (`==1,2,3`) gives several.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Operand {
    Number(f64),
    Text(String),
    Boolean(bool),
    DateTime(Timestamp),
    /// `2026-05-01`, compared as text with the same form.
    Date(String),
    /// `12:00:00Z`, compared as text with the same form.
    Time(String),
    Uri(String),
    /// `1..5`, both ends inside.
    Range(Box<Operand>, Box<Operand>),
}

impl Q {
    /// Parses `text`, expanding attribute names by `context`. Errors name the position.
    pub fn parse(text: &str, context: &Context) -> Result<Self, Error> {
        let _ = (text, context);
        todo!()
    }
}
