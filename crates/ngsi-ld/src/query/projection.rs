//! The attribute projection language (4.21): which members of an entity, and of the entities it is linked with.

use super::cursor::Cursor;
use crate::context::Context;
use crate::error::Error;
use crate::name::Name;

/// A `pick` or an `omit`: `id,name,locatedAt{name,isIn{name}}`. Empty where nothing was given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Projection {
    /// Its members, each name once.
    pub members: Vec<Member>,
}

/// A member of an entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its name, expanded: `id` is `@id`, `type` is `@type`.
    pub name: Name,
    /// Of the entities that this relationship leads to; `None`: nothing is said of them.
    pub linked: Option<Projection>,
}

impl Projection {
    /// Parses the value of `parameter` (`pick` or `omit`). `,` and `|` are the same.
    pub fn parse(parameter: &'static str, text: &str, context: &Context) -> Result<Self, Error> {
        let mut cursor = Cursor::new(parameter, "id,name,locatedAt{name}", text)?;
        let projection = Self::members(&mut cursor, context)?;
        if cursor.at_end() {
            Ok(projection)
        } else {
            Err(cursor.expected("`,`, `|`, `{` or the end"))
        }
    }

    /// The same of several texts, which stand side by side (5.2.23).
    pub fn parse_all(parameter: &'static str, texts: &[&str], context: &Context) -> Result<Self, Error> {
        let mut all = Self::default();
        for text in texts {
            for member in Self::parse(parameter, text, context)?.members {
                all.add(member);
            }
        }
        Ok(all)
    }

    fn members(cursor: &mut Cursor<'_>, context: &Context) -> Result<Self, Error> {
        let mut projection = Self::default();
        loop {
            cursor.skip_spaces();
            cursor.count_term()?;
            let name = cursor
                .take_while(|c| !c.is_whitespace() && !c.is_control() && !",|{}<>[]\"'=;()!~".contains(c));
            if name.is_empty() {
                return Err(cursor.expected("the name of a member"));
            }
            cursor.skip_spaces();
            let mut linked = None;
            if cursor.eat("{") {
                cursor.enter()?;
                linked = Some(Self::members(cursor, context)?);
                if !cursor.eat("}") {
                    return Err(cursor.expected("`,`, `|` or `}`"));
                }
                cursor.leave();
                cursor.skip_spaces();
            }
            projection.add(Member {
                name: context.expand(name),
                linked,
            });
            if !cursor.eat(",") && !cursor.eat("|") {
                return Ok(projection);
            }
        }
    }

    /// Adds a member; what is said of one twice holds both times.
    fn add(&mut self, member: Member) {
        let Some(present) = self.members.iter_mut().find(|one| one.name == member.name) else {
            self.members.push(member);
            return;
        };
        match (&mut present.linked, member.linked) {
            (Some(present), Some(more)) => {
                for member in more.members {
                    present.add(member);
                }
            }
            (present, more) => *present = present.take().or(more),
        }
    }

    /// Whether nothing was given.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// How many relationships it reaches through, one after the other; 0: none.
    pub fn depth(&self) -> usize {
        let below = self.members.iter().filter_map(|member| member.linked.as_ref());
        below.map(|linked| 1 + linked.depth()).max().unwrap_or_default()
    }

    /// As a `pick`: the members that stay.
    pub fn picked(&self) -> Vec<Name> {
        self.members.iter().map(|member| member.name.clone()).collect()
    }

    /// As an `omit`: the members that go. A relationship of which something is said stays: what is said is about the
    /// entities behind it.
    pub fn omitted(&self) -> Vec<Name> {
        let whole = self.members.iter().filter(|member| member.linked.is_none());
        whole.map(|member| member.name.clone()).collect()
    }

    /// What is said of the entities that a relationship leads to.
    pub fn linked(&self, relationship: &Name) -> Option<&Self> {
        self.members
            .iter()
            .find(|member| member.name == *relationship)?
            .linked
            .as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use proptest::prelude::*;

    fn parse(text: &str) -> Result<Projection, Error> {
        Projection::parse("pick", text, Context::core())
    }

    fn shown(projection: &Projection) -> String {
        let members = projection.members.iter().map(|member| {
            let linked = member.linked.as_ref();
            format!(
                "{}{}",
                member.name.as_str().strip_prefix('@').map_or_else(
                    || Context::core().compact(&member.name),
                    |keyword| format!("@{keyword}")
                ),
                linked.map_or(String::new(), |linked| format!("{{{}}}", shown(linked)))
            )
        });
        members.collect::<Vec<_>>().join(",")
    }

    #[test]
    fn clause_4_21_projections() {
        for (text, expected, depth) in [
            ("temperature", "temperature", 0),
            ("temperature,humidity", "temperature,humidity", 0),
            ("temperature|humidity", "temperature,humidity", 0),
            (
                "observation{temperature,humidity}",
                "observation{temperature,humidity}",
                1,
            ),
            ("id, type ,scope|name", "@id,@type,scope,name", 0),
            ("a{b{c|d},e},f", "a{b{c,d},e},f", 2),
            ("a,b,a", "a,b", 0),
            ("a{b},a{c,b},a", "a{b,c}", 1),
            ("http://x.example/a{b}", "http://x.example/a{b}", 1),
        ] {
            let projection = parse(text).unwrap();
            assert_eq!(shown(&projection), expected, "{text}");
            assert_eq!(projection.depth(), depth, "{text}");
        }
        let projection = parse("id,a{b},c").unwrap();
        assert_eq!(projection.picked().len(), 3);
        assert_eq!(projection.omitted().len(), 2);
        assert!(projection.linked(&Context::core().expand("a")).is_some());
        assert!(projection.linked(&Context::core().expand("c")).is_none());
    }

    #[test]
    fn what_is_not_a_projection_is_refused() {
        for bad in [
            "", ",", "a,", ",a", "a,,b", "a||b", "a;b", "a{b", "a{{b}", "a{}", "a{,b}", "a}", "a{b}}",
            "a{b}c", "a b", "a{b;c}", "a[b]", "<a>",
        ] {
            let error = parse(bad).unwrap_err();
            assert_eq!(error.kind, ErrorKind::BadRequestData, "{bad}");
            assert!(error.detail.starts_with("`pick`"), "{error}");
        }
        let deep = format!("{}a{}", "a{".repeat(40), "}".repeat(40));
        assert_eq!(parse(&deep).unwrap_err().kind, ErrorKind::TooComplexQuery);
        assert_eq!(
            parse(&"a,".repeat(400)).unwrap_err().kind,
            ErrorKind::TooComplexQuery
        );
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[a-c,|{};\\[<> é]{0,30}") {
            let _ = parse(&text);
        }
    }
}
