//! The entity type selection language (4.17).

use std::fmt;

use super::boolean::{self, tree, write_joined};
use super::cursor::Cursor;
use crate::context::Context;
use crate::error::Error;
use crate::name::Name;

/// A parsed `type` parameter: `A|B`, `A,B`, `(A;B)`; `*` is the empty conjunction, which every entity satisfies.
#[derive(Clone, Debug, PartialEq)]
pub enum TypeSelection {
    /// The entity has this type.
    Type(Name),
    /// It satisfies all.
    And(Vec<TypeSelection>),
    /// It satisfies at least one.
    Or(Vec<TypeSelection>),
}

tree!(TypeSelection);

impl TypeSelection {
    /// Parses `text`, expanding type names by `context`. A name in angle brackets is an IRI as it stands, with
    /// any characters. Parentheses may also hold alternatives, which 4.17 does not ask for.
    pub fn parse(text: &str, context: &Context) -> Result<Self, Error> {
        let mut cursor = Cursor::new("type", "(Home;Vehicle)|Motorhome", text)?;
        boolean::parse(&mut cursor, &['|', ','], &mut |cursor| {
            if cursor.eat("*") {
                return Ok(Self::And(Vec::new()));
            }
            if let Some(name) = bracketed(cursor)? {
                return Ok(Self::Type(name));
            }
            let name =
                cursor.take_while(|c| !"|,;()<>\"".contains(c) && !c.is_whitespace() && !c.is_control());
            if name.is_empty() {
                Err(cursor.expected("an entity type"))
            } else {
                Ok(Self::Type(context.expand(name)))
            }
        })
    }

    /// Whether an entity with these types is selected.
    pub fn matches(&self, types: &[Name]) -> bool {
        match self {
            Self::Type(name) => types.contains(name),
            Self::And(parts) => parts.iter().all(|part| part.matches(types)),
            Self::Or(parts) => parts.iter().any(|part| part.matches(types)),
        }
    }
}

/// An IRI in angle brackets, as it stands.
pub(super) fn bracketed(cursor: &mut Cursor<'_>) -> Result<Option<Name>, Error> {
    if !cursor.eat("<") {
        return Ok(None);
    }
    let iri = cursor.take_while(|c| c != '>' && c != '<' && !c.is_whitespace() && !c.is_control());
    if iri.is_empty() || !cursor.eat(">") {
        return Err(cursor.expected("an IRI and `>`"));
    }
    Ok(Some(Name::from_iri(iri)))
}

impl fmt::Display for TypeSelection {
    /// As a text that parses to the same tree whatever the context.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Type(name) => write!(f, "<{name}>"),
            Self::And(parts) if parts.is_empty() => f.write_str("*"),
            Self::And(parts) => {
                f.write_str("(")?;
                write_joined(f, parts, ';', |part| matches!(part, Self::Or(_)))?;
                f.write_str(")")
            }
            Self::Or(parts) => write_joined(f, parts, '|', |_| false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    fn name(term: &str) -> TypeSelection {
        TypeSelection::Type(Name::default_term(term))
    }

    fn parse(text: &str) -> Result<TypeSelection, Error> {
        TypeSelection::parse(text, Context::core())
    }

    #[test]
    fn the_examples_of_the_clause() {
        let check = |text: &str, expected: TypeSelection| {
            let parsed = parse(text).unwrap();
            assert_eq!(parsed, expected, "{text}");
            assert_eq!(
                parse(&parsed.to_string()).unwrap(),
                expected,
                "{text} printed as {parsed}"
            );
        };
        let or = |parts: &[TypeSelection]| TypeSelection::Or(parts.to_vec());
        let both = TypeSelection::And(vec![name("Home"), name("Vehicle")]);
        check("Building", name("Building"));
        check("Building|House", or(&[name("Building"), name("House")]));
        check("Building,House", or(&[name("Building"), name("House")]));
        check("(Home;Vehicle)", both.clone());
        check("(Home;Vehicle)|Motorhome", or(&[both.clone(), name("Motorhome")]));
        check("(Home;Vehicle),Motorhome", or(&[both, name("Motorhome")]));
        check(
            "https://a.example/B",
            TypeSelection::Type(Name::from_iri("https://a.example/B")),
        );
        check(
            "<https://a.example/B(1)>",
            TypeSelection::Type(Name::from_iri("https://a.example/B(1)")),
        );
        check("Größe | 車", or(&[name("Größe"), name("車")]));
        check("*", TypeSelection::And(vec![]));
        check("(A)", name("A"));
    }

    #[test]
    fn what_is_not_a_selection_is_refused_with_its_place() {
        for (bad, says) in [
            ("", "character 1"),
            ("A|", "character 3"),
            ("A B", "character 3"),
            ("(A;B", "expected `)`"),
            ("A)", "character 2"),
            ("<>", "an IRI"),
            ("|A", "character 1"),
            ("\"A\"", "character 1"),
        ] {
            let error = parse(bad).unwrap_err();
            assert!(error.detail.contains(says), "{bad}: {error}");
            assert!(error.detail.contains("an example"), "{bad}: {error}");
            assert_eq!(error.kind, ErrorKind::BadRequestData);
        }
        for heavy in ["(".repeat(100_000), "(".repeat(1000), "A|".repeat(300)] {
            assert_eq!(parse(&heavy).unwrap_err().kind, ErrorKind::TooComplexQuery);
        }
    }

    #[test]
    fn an_entity_may_have_other_types_too() {
        let types = ["Home", "Vehicle", "Boat"].map(Name::default_term);
        for (text, expected) in [
            ("Home", true),
            ("Car", false),
            ("(Home;Vehicle)", true),
            ("(Home;Car)", false),
            ("Car|Boat", true),
            ("*", true),
        ] {
            assert_eq!(parse(text).unwrap().matches(&types), expected, "{text}");
        }
    }
}
