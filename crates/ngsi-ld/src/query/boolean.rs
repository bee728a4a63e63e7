//! What `q`, `type` and `scopeQ` share: terms joined by `;` (and), by `|` (or), with parentheses.

use std::fmt;

use super::cursor::Cursor;
use crate::error::Error;

/// A tree of terms under and/or. `and` and `or` are never called with a single part.
pub(super) trait Tree: Sized {
    fn and(parts: Vec<Self>) -> Self;
    fn or(parts: Vec<Self>) -> Self;
    /// The parts of an `and` node; other nodes come back as they are.
    fn into_and(self) -> Result<Vec<Self>, Self>;
    /// The parts of an `or` node; other nodes come back as they are.
    fn into_or(self) -> Result<Vec<Self>, Self>;
}

/// Parses the whole text. `;` binds tighter than any of `or_signs`. Nested nodes of one sort become one node.
pub(super) fn parse<T: Tree>(
    cursor: &mut Cursor<'_>,
    or_signs: &[char],
    term: &mut dyn FnMut(&mut Cursor<'_>) -> Result<T, Error>,
) -> Result<T, Error> {
    let tree = disjunction(cursor, or_signs, term)?;
    if cursor.at_end() {
        return Ok(tree);
    }
    let signs: Vec<_> = or_signs.iter().map(|sign| format!("`{sign}`")).collect();
    Err(cursor.expected(&format!("`;`, {} or the end", signs.join(", "))))
}

fn disjunction<T: Tree>(
    cursor: &mut Cursor<'_>,
    or_signs: &[char],
    term: &mut dyn FnMut(&mut Cursor<'_>) -> Result<T, Error>,
) -> Result<T, Error> {
    let mut parts = Vec::new();
    loop {
        match conjunction(cursor, or_signs, term)?.into_or() {
            Ok(nested) => parts.extend(nested),
            Err(part) => parts.push(part),
        }
        if !cursor.peek().is_some_and(|c| or_signs.contains(&c)) {
            return Ok(joined(parts, T::or));
        }
        cursor.advance(1);
    }
}

fn conjunction<T: Tree>(
    cursor: &mut Cursor<'_>,
    or_signs: &[char],
    term: &mut dyn FnMut(&mut Cursor<'_>) -> Result<T, Error>,
) -> Result<T, Error> {
    let mut parts = Vec::new();
    loop {
        cursor.skip_spaces();
        let part = if cursor.eat("(") {
            cursor.enter()?;
            let inner = disjunction(cursor, or_signs, term)?;
            if !cursor.eat(")") {
                return Err(cursor.expected("`)`"));
            }
            cursor.leave();
            inner
        } else {
            cursor.count_term()?;
            term(cursor)?
        };
        match part.into_and() {
            Ok(nested) => parts.extend(nested),
            Err(part) => parts.push(part),
        }
        cursor.skip_spaces();
        if !cursor.eat(";") {
            return Ok(joined(parts, T::and));
        }
    }
}

fn joined<T>(mut parts: Vec<T>, join: impl FnOnce(Vec<T>) -> T) -> T {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        Some(last) => {
            parts.push(last);
            join(parts)
        }
        None => join(parts),
    }
}

/// Writes parts with `separator` between them.
pub(super) fn write_joined<T: fmt::Display>(
    f: &mut fmt::Formatter<'_>,
    parts: &[T],
    separator: char,
    in_parentheses: impl Fn(&T) -> bool,
) -> fmt::Result {
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            write!(f, "{separator}")?;
        }
        if in_parentheses(part) {
            write!(f, "({part})")?;
        } else {
            write!(f, "{part}")?;
        }
    }
    Ok(())
}

/// Implements [`Tree`] for an enum with the variants `And(Vec<Self>)` and `Or(Vec<Self>)`.
macro_rules! tree {
    ($tree:ty) => {
        impl super::boolean::Tree for $tree {
            fn and(parts: Vec<Self>) -> Self {
                Self::And(parts)
            }
            fn or(parts: Vec<Self>) -> Self {
                Self::Or(parts)
            }
            fn into_and(self) -> Result<Vec<Self>, Self> {
                if let Self::And(parts) = self {
                    Ok(parts)
                } else {
                    Err(self)
                }
            }
            fn into_or(self) -> Result<Vec<Self>, Self> {
                if let Self::Or(parts) = self {
                    Ok(parts)
                } else {
                    Err(self)
                }
            }
        }
    };
}
pub(super) use tree;
