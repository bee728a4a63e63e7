//! The scope query language (4.19).

use crate::error::Error;

/// A parsed `scopeQ`.
#[derive(Clone, Debug, PartialEq)]
pub enum ScopeQuery {
    /// Levels from the root: `/A/+/B`, `/A/#`.
    Pattern(Vec<Level>),
    /// All hold.
    And(Vec<ScopeQuery>),
    /// At least one holds.
    Or(Vec<ScopeQuery>),
}

/// One level of a scope pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Level {
    /// This name.
    Name(Box<str>),
    /// `+`: any one level.
    Any,
    /// `#`: this level and everything below; only at the end.
    Subtree,
}

impl ScopeQuery {
    /// Parses `text`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let _ = text;
        todo!()
    }
}
