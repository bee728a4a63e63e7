//! `q`, the attribute query language (4.9).

use std::fmt;

use super::boolean::{self, tree, write_joined};
use super::cursor::Cursor;
use super::q_parser;
use crate::context::Context;
use crate::error::Error;
use crate::name::{NGSI_LD, Name};
use crate::time::Timestamp;

/// A parsed `q`. `;` (and) binds tighter than `|` (or). Parsed trees hold no node of one sort directly inside
/// a node of the same sort.
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
    /// An entity that the relationship leads to satisfies a term: `sensor{Device:humidity}==40`.
    Linked {
        /// The relationship, without members.
        relationship: Path,
        /// The entity that it leads to has one of these types; empty: any.
        types: Vec<Name>,
        /// What holds for that entity: never an `And` or an `Or`.
        then: Box<Q>,
    },
}

/// What a term looks at: `a.b[c.d]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    /// The attribute, then sub-attributes, expanded; the last may be a core member such as `observedAt`.
    pub attributes: Vec<Name>,
    /// Members inside a compound value, or the language of a LanguageProperty (`*`: any): as written, not expanded.
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

/// The right-hand side. A value list (`==1,2,3`) gives several; a range stands alone.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Operand {
    Number(f64),
    /// A quoted string; of `~=` and `!~=`, the regular expression.
    Text(String),
    Boolean(bool),
    DateTime(Timestamp),
    /// `2026-05-01`, a valid date.
    Date(String),
    /// `12:00:00Z`, a valid time of day.
    Time(String),
    Uri(String),
    /// A word without quotes (`gender==Male`, example 12): a text, unless `expandValues` makes an IRI of it.
    Word(String),
    /// `1..5`, both ends inside and of one sort.
    Range(Box<Operand>, Box<Operand>),
}

tree!(Q);

impl Q {
    /// Parses `text`, expanding attribute names by `context`. An attribute name in angle brackets is an IRI as it
    /// stands. Errors name the position.
    pub fn parse(text: &str, context: &Context) -> Result<Self, Error> {
        Self::parse_as("q", text, context)
    }

    /// The same, of another parameter in this language, such as `csf`.
    pub fn parse_as(parameter: &'static str, text: &str, context: &Context) -> Result<Self, Error> {
        let mut cursor = Cursor::new(
            parameter,
            "temperature>=20;name==\"Park\"|address[city]==\"Berlin\"",
            text,
        )?;
        boolean::parse(&mut cursor, &['|'], &mut |cursor| q_parser::term(cursor, context))
    }

    /// `expandValues` (4.9): strings that are compared with one of these attributes become IRIs by `context`.
    pub fn expand_values(&mut self, attributes: &[Name], context: &Context) {
        match self {
            Self::And(parts) | Self::Or(parts) => {
                for part in parts {
                    part.expand_values(attributes, context);
                }
            }
            Self::Compare(path, Operator::Equal | Operator::NotEqual, operands)
                if path
                    .attributes
                    .last()
                    .is_some_and(|name| attributes.contains(name)) =>
            {
                for operand in operands {
                    if let Operand::Text(text) | Operand::Word(text) = operand {
                        *operand = Operand::Uri(context.expand(text).as_str().to_owned());
                    }
                }
            }
            Self::Linked { then, .. } => then.expand_values(attributes, context),
            Self::Exists(_) | Self::Compare(..) => {}
        }
    }

    /// Every path that it looks at in the entity itself.
    pub fn paths(&self) -> Vec<&Path> {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().flat_map(Self::paths).collect(),
            Self::Exists(path) | Self::Compare(path, ..) => vec![path],
            Self::Linked { relationship, .. } => vec![relationship],
        }
    }

    /// How many relationships are followed, one after the other, at most; 0: it looks at the entity alone.
    pub fn linked_depth(&self) -> usize {
        match self {
            Self::And(parts) | Self::Or(parts) => {
                parts.iter().map(Self::linked_depth).max().unwrap_or_default()
            }
            Self::Exists(_) | Self::Compare(..) => 0,
            Self::Linked { then, .. } => 1 + then.linked_depth(),
        }
    }

    /// Whether it looks at an attribute that is not one that the system keeps (4.8).
    pub fn has_user_attribute(&self) -> bool {
        self.paths()
            .iter()
            .any(|path| path.attributes.first().is_some_and(|name| !is_system(name)))
    }
}

/// Whether this is a member of entities that is no attribute of theirs: `createdAt`, `modifiedAt`, `deletedAt`,
/// `expiresAt` (4.8, 4.22), `scope` (4.18).
pub fn is_system(name: &Name) -> bool {
    matches!(
        name.as_str().strip_prefix(NGSI_LD),
        Some("createdAt" | "modifiedAt" | "deletedAt" | "expiresAt" | "scope")
    )
}

impl Operator {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Matches => "~=",
            Self::NotMatches => "!~=",
        }
    }

    /// The one that is written so.
    pub(super) fn parse(text: &str) -> Option<Self> {
        [
            Self::NotMatches,
            Self::Matches,
            Self::Equal,
            Self::NotEqual,
            Self::GreaterOrEqual,
            Self::Greater,
            Self::LessOrEqual,
            Self::Less,
        ]
        .into_iter()
        .find(|operator| operator.as_str() == text)
    }
}

impl fmt::Display for Q {
    /// As a text that parses to the same tree, whatever the context (words aside).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::And(parts) => write_joined(f, parts, ';', |part| matches!(part, Self::Or(_))),
            Self::Or(parts) => write_joined(f, parts, '|', |_| false),
            term => write_term(f, term),
        }
    }
}

/// The path through linked entities first, then the operator and what stands right of it.
fn write_term(f: &mut fmt::Formatter<'_>, term: &Q) -> fmt::Result {
    let (mut last, mut hops) = (term, 0);
    while let Q::Linked {
        relationship,
        types,
        then,
    } = last
    {
        write!(f, "{relationship}{{")?;
        for (index, name) in types.iter().enumerate() {
            write!(f, "<{name}>{}", if index + 1 == types.len() { ":" } else { "," })?;
        }
        (last, hops) = (then, hops + 1);
    }
    if let Q::Exists(path) | Q::Compare(path, ..) = last {
        write!(f, "{path}")?;
    }
    f.write_str(&"}".repeat(hops))?;
    match last {
        Q::Compare(_, operator @ (Operator::Matches | Operator::NotMatches), operands) => {
            f.write_str(operator.as_str())?;
            match operands.first() {
                Some(Operand::Text(pattern)) => write!(f, "\"{}\"", pattern.replace('"', "\\\"")),
                _ => Ok(()),
            }
        }
        Q::Compare(_, operator, operands) => {
            f.write_str(operator.as_str())?;
            write_joined(f, operands, ',', |_| false)
        }
        _ => Ok(()),
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, name) in self.attributes.iter().enumerate() {
            write!(f, "{}<{name}>", if index > 0 { "." } else { "" })?;
        }
        for (index, member) in self.members.iter().enumerate() {
            f.write_str(if index > 0 { "." } else { "[" })?;
            if !member.is_empty() && member.chars().all(q_parser::is_member_char) {
                f.write_str(member)?;
            } else {
                f.write_str(&quoted(member))?;
            }
        }
        f.write_str(if self.members.is_empty() { "" } else { "]" })
    }
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) if *number == 0.0 || (1e-5..1e16).contains(&number.abs()) => {
                write!(f, "{number}")
            }
            Self::Number(number) => write!(f, "{number:?}"),
            Self::Text(text) => f.write_str(&quoted(text)),
            Self::Boolean(value) => write!(f, "{value}"),
            Self::DateTime(instant) => write!(f, "{instant}"),
            Self::Date(text) | Self::Time(text) | Self::Uri(text) | Self::Word(text) => f.write_str(text),
            Self::Range(from, to) => write!(f, "{from}..{to}"),
        }
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests;
