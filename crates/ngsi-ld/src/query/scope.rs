//! The scope query language (4.19).

use std::fmt;

use super::boolean::{self, tree, write_joined};
use super::cursor::Cursor;
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

tree!(ScopeQuery);

impl ScopeQuery {
    /// Parses `text`. The slash at the start may be missing, as it is in example 5 of the clause, and level names
    /// may hold more than the letters, digits and `_` of the grammar (`/Europe/Île-de-France`).
    pub fn parse(text: &str) -> Result<Self, Error> {
        let mut cursor = Cursor::new("scopeQ", "/Madrid/Gardens/#|(/Madrid/+/North;/CompanyA)", text)?;
        boolean::parse(&mut cursor, &['|', ','], &mut |cursor| {
            cursor.eat("/");
            let mut levels = Vec::new();
            loop {
                let mark = cursor.mark();
                let name = cursor.take_while(|c| !"/;|,()+#".contains(c) && !c.is_control());
                levels.push(match name.trim_end() {
                    "" if cursor.eat("+") => Level::Any,
                    "" if cursor.eat("#") => Level::Subtree,
                    "" => return Err(cursor.expected("a level of a scope, `+` or `#`")),
                    // No scope has such a level: nothing would ever be found.
                    name if !name.starts_with(char::is_alphabetic) => {
                        return Err(
                            cursor.expected_at(mark, "a level of a scope, which begins with a letter")
                        );
                    }
                    name => Level::Name(name.into()),
                });
                if matches!(levels.last(), Some(Level::Subtree)) || !cursor.eat("/") {
                    return Ok(Self::Pattern(levels));
                }
            }
        })
    }

    /// Whether an entity with these scopes (`/Nairobi/Westlands`) is selected.
    pub fn matches(&self, scopes: &[Box<str>]) -> bool {
        match self {
            Self::Pattern(levels) => scopes.iter().any(|scope| in_pattern(scope, levels)),
            Self::And(parts) => parts.iter().all(|part| part.matches(scopes)),
            Self::Or(parts) => parts.iter().any(|part| part.matches(scopes)),
        }
    }
}

fn in_pattern(scope: &str, levels: &[Level]) -> bool {
    let mut names = scope.split('/').filter(|name| !name.is_empty()).peekable();
    if names.peek().is_none() {
        return false;
    }
    for level in levels {
        match (level, names.next()) {
            (Level::Subtree, _) => return true,
            (Level::Name(wanted), Some(name)) if **wanted == *name => {}
            (Level::Any, Some(_)) => {}
            _ => return false,
        }
    }
    names.next().is_none()
}

impl fmt::Display for ScopeQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pattern(levels) => levels.iter().try_for_each(|level| match level {
                Level::Name(name) => write!(f, "/{name}"),
                Level::Any => f.write_str("/+"),
                Level::Subtree => f.write_str("/#"),
            }),
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

    #[test]
    fn the_examples_of_the_clause() {
        let check = |text: &str, scopes: &[&str], expected: bool| {
            let scopes: Vec<Box<str>> = scopes.iter().map(|&s| s.into()).collect();
            let query = ScopeQuery::parse(text).unwrap();
            assert_eq!(query.matches(&scopes), expected, "{text} of {scopes:?}");
            assert_eq!(ScopeQuery::parse(&query.to_string()).unwrap(), query, "{text}");
        };
        check("/Madrid", &["/Madrid"], true);
        check("/Madrid", &["/Madrid/Gardens"], false);
        check("/Madrid", &["/Paris", "/Madrid"], true);
        for scope in [
            "/Madrid/Gardens",
            "/Madrid/Gardens/ParqueNorte/Parterre1",
            "/Madrid/Gardens/ParqueSur",
        ] {
            check("/Madrid/Gardens/#", &[scope], true);
        }
        check("/Madrid/Gardens/#", &["/Madrid"], false);
        check("/Madrid/Gardens/#", &["/Madrid/GardensX"], false);
        check("/Madrid/+/ParqueNorte", &["/Madrid/Sights/ParqueNorte"], true);
        check("/Madrid/+/ParqueNorte", &["/Madrid/ParqueNorte"], false);
        check(
            "(/Madrid/Districts;/CompanyA)",
            &["/Madrid/Districts", "/CompanyA"],
            true,
        );
        check("(/Madrid/Districts;/CompanyA)", &["/CompanyA"], false);
        check("(/Madrid/Districts;/CompanyA)|CompanyB", &["/CompanyB"], true);
        check("(/Madrid/Districts;/CompanyA),CompanyB", &["/CompanyB"], true);
        check("/#", &["/x"], true);
        check("/#", &[], false);
        check("/#", &["/"], false);
        check("/Île-de-France/北", &["/Île-de-France/北"], true);
    }

    #[test]
    fn what_is_not_a_scope_query_is_refused() {
        for bad in [
            "", "/", "//", "/A//B", "/A/#/B", "/A/#B", "/A+", "/A|", "/1A", "/A/_b", "(/A", "/A)", "/A;;/B",
            "\u{0}",
        ] {
            let error = ScopeQuery::parse(bad).unwrap_err();
            assert!(error.detail.contains("at character"), "{bad}: {error}");
        }
        assert!(ScopeQuery::parse(&"(".repeat(8000)).is_err());
    }
}
