//! The parser of `q`'s terms.

use super::cursor::Cursor;
use super::q::{Operand, Operator, Path, Q};
use super::types::bracketed;
use crate::context::Context;
use crate::error::Error;
use crate::name::{Name, Uri};
use crate::time::Timestamp;

/// `path`, or `path operator values`; the path may lead through linked entities.
pub(super) fn term(cursor: &mut Cursor<'_>, context: &Context) -> Result<Q, Error> {
    let (hops, path) = linked_path(cursor, context)?;
    cursor.skip_spaces();
    let term = match operator(cursor) {
        Some(operator) => comparison(cursor, path, operator)?,
        None => Q::Exists(path),
    };
    Ok(hops
        .into_iter()
        .rev()
        .fold(term, |then, (relationship, types)| Q::Linked {
            relationship,
            types,
            then: Box::new(then),
        }))
}

fn comparison(cursor: &mut Cursor<'_>, path: Path, operator: Operator) -> Result<Q, Error> {
    cursor.skip_spaces();
    let operands = match operator {
        Operator::Matches | Operator::NotMatches => vec![Operand::Text(pattern(cursor)?)],
        Operator::Equal | Operator::NotEqual => equality_operands(cursor)?,
        Operator::Greater | Operator::GreaterOrEqual | Operator::Less | Operator::LessOrEqual => {
            let start = cursor.mark();
            match operand(cursor)? {
                Operand::Boolean(_) | Operand::Range(..) | Operand::Uri(_) | Operand::Word(..) => {
                    return Err(cursor.expected_at(start, "a number, a quoted string, a date or a time"));
                }
                operand => vec![operand],
            }
        }
    };
    Ok(Q::Compare(path, operator, operands))
}

/// A relationship that is followed, and the types of what it leads to.
type Hop = (Path, Vec<Name>);

/// `relationship{Type:relationship{path}}`, or a plain path.
fn linked_path(cursor: &mut Cursor<'_>, context: &Context) -> Result<(Vec<Hop>, Path), Error> {
    let mut hops = Vec::new();
    let last = loop {
        let start = cursor.mark();
        let path = path(cursor, context)?;
        if !cursor.eat("{") {
            break path;
        }
        if !path.members.is_empty() {
            return Err(cursor.expected_at(start, "the name of a relationship before `{`"));
        }
        cursor.enter()?;
        hops.push((path, type_hint(cursor, context)?));
    };
    for _ in &hops {
        if !cursor.eat("}") {
            return Err(cursor.expected("`}`"));
        }
        cursor.leave();
    }
    Ok((hops, last))
}

/// `Device,Sensor:`, the types of the linked entities, where there is such a hint. Inside braces the last colon
/// ends it, so a compact IRI there is written out in angle brackets.
fn type_hint(cursor: &mut Cursor<'_>, context: &Context) -> Result<Vec<Name>, Error> {
    let start = cursor.mark();
    let mut types = Vec::new();
    loop {
        if let Some(name) = bracketed(cursor)? {
            types.push(name);
            if cursor.eat(":") {
                return Ok(types);
            }
            if cursor.eat(",") {
                continue;
            }
            break;
        }
        let at = cursor.mark();
        let token = cursor.take_while(|c| c.is_alphanumeric() || "_-:@$".contains(c));
        if !token.is_empty() && cursor.eat(",") {
            types.push(context.expand(token));
        } else if let Some((name, _)) = token.rsplit_once(':').filter(|(name, _)| !name.is_empty()) {
            types.push(context.expand(name));
            cursor.back_to(at);
            cursor.advance(name.len() + 1);
            return Ok(types);
        } else {
            break;
        }
    }
    cursor.back_to(start);
    Ok(Vec::new())
}

fn operator(cursor: &mut Cursor<'_>) -> Option<Operator> {
    // The longer ones first.
    [
        Operator::NotMatches,
        Operator::Matches,
        Operator::Equal,
        Operator::NotEqual,
        Operator::GreaterOrEqual,
        Operator::Greater,
        Operator::LessOrEqual,
        Operator::Less,
    ]
    .into_iter()
    .find(|operator| cursor.eat(operator.as_str()))
}

/// `a.b[c.d]`.
pub(super) fn path(cursor: &mut Cursor<'_>, context: &Context) -> Result<Path, Error> {
    let mut attributes = Vec::new();
    loop {
        attributes.push(attribute(cursor, context)?);
        if !cursor.eat(".") {
            break;
        }
    }
    let mut members = Vec::new();
    if cursor.eat("[") {
        loop {
            members.push(member(cursor)?);
            if cursor.eat("]") {
                break;
            }
            if !cursor.eat(".") {
                return Err(cursor.expected("`.` or `]`"));
            }
        }
        if cursor.peek() == Some('[') {
            return Err(cursor.expected("one pair of brackets only, with dots inside as in `a[b.c]`"));
        }
    }
    Ok(Path { attributes, members })
}

fn attribute(cursor: &mut Cursor<'_>, context: &Context) -> Result<Name, Error> {
    if let Some(name) = bracketed(cursor)? {
        return Ok(name);
    }
    if !cursor
        .peek()
        .is_some_and(|c| c.is_alphabetic() || c == '_' || c == '@')
    {
        return Err(cursor.expected("the name of an attribute, which begins with a letter"));
    }
    // The grammar has letters, digits and `_` only; names with `-` and compact IRIs with `:` are common.
    let name = cursor.take_while(|c| c.is_alphanumeric() || "_-:@$".contains(c));
    Ok(context.expand(name))
}

/// Whether a member's name may hold it without quotes.
pub(super) fn is_member_char(c: char) -> bool {
    c.is_alphanumeric() || "_-:@$*".contains(c)
}

fn member(cursor: &mut Cursor<'_>) -> Result<String, Error> {
    if cursor.peek() == Some('"') {
        return quoted(cursor);
    }
    match cursor.take_while(is_member_char) {
        "" => Err(cursor.expected("the name of a member or a language, such as `[city]` or `[en]`")),
        name => Ok(name.to_owned()),
    }
}

fn equality_operands(cursor: &mut Cursor<'_>) -> Result<Vec<Operand>, Error> {
    let mut operands = Vec::new();
    loop {
        cursor.skip_spaces();
        let start = cursor.mark();
        operands.push(operand(cursor)?);
        if operands.len() > 1
            && operands
                .iter()
                .any(|operand| matches!(operand, Operand::Range(..)))
        {
            return Err(cursor.expected_at(start, "one value: a range stands alone, not in a list"));
        }
        cursor.skip_spaces();
        if !cursor.eat(",") {
            return Ok(operands);
        }
    }
}

/// One value, or a range.
fn operand(cursor: &mut Cursor<'_>) -> Result<Operand, Error> {
    let first = if cursor.peek() == Some('"') {
        Operand::Text(quoted(cursor)?)
    } else {
        let whole = unquoted_length(cursor.rest());
        let token = cursor.rest().get(..whole).unwrap_or("").trim_end();
        // `..` inside a URI is part of it; after anything that begins with a digit or a sign it is a range's.
        let numeric = token.starts_with(|c: char| c.is_ascii_digit() || c == '-');
        let token = token
            .split_once("..")
            .filter(|_| numeric)
            .map_or(token, |(from, _)| from);
        let operand = unquoted(cursor, token)?;
        cursor.advance(token.len());
        operand
    };
    if !cursor.eat("..") {
        return Ok(first);
    }
    let start = cursor.mark();
    let last = if cursor.peek() == Some('"') {
        Operand::Text(quoted(cursor)?)
    } else {
        let token = cursor
            .rest()
            .get(..unquoted_length(cursor.rest()))
            .unwrap_or("")
            .trim_end();
        let operand = unquoted(cursor, token)?;
        cursor.advance(token.len());
        operand
    };
    let comparable = !matches!(first, Operand::Boolean(_) | Operand::Uri(_) | Operand::Word(..));
    if comparable && std::mem::discriminant(&first) == std::mem::discriminant(&last) {
        Ok(Operand::Range(Box::new(first), Box::new(last)))
    } else {
        Err(cursor.expected_at(start, "the range's other end, of the same sort as the first"))
    }
}

/// How many bytes of `rest` belong to a value without quotes: up to `;`, `|`, `,`, or a `)` that closes nothing.
fn unquoted_length(rest: &str) -> usize {
    let mut open = 0_usize;
    rest.find(|c| match c {
        ';' | '|' | ',' | '"' => true,
        '(' => {
            open += 1;
            false
        }
        ')' if open == 0 => true,
        ')' => {
            open -= 1;
            false
        }
        c => c.is_control(),
    })
    .unwrap_or(rest.len())
}

fn unquoted(cursor: &Cursor<'_>, token: &str) -> Result<Operand, Error> {
    let word = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    match token {
        "true" => return Ok(Operand::Boolean(true)),
        "false" => return Ok(Operand::Boolean(false)),
        _ => {}
    }
    if token.starts_with(|c: char| c.is_ascii_digit() || c == '-') {
        if let Some(number) = number(token) {
            return Ok(Operand::Number(number));
        }
        if let Ok(instant) = Timestamp::parse(token) {
            return Ok(Operand::DateTime(instant));
        }
        if token.len() == 10 && token.parse::<jiff::civil::Date>().is_ok() {
            return Ok(Operand::Date(token.to_owned()));
        }
        if is_time(token) {
            return Ok(Operand::Time(token.to_owned()));
        }
        return Err(cursor.expected(
            "a number (`-1.5e3`), a date and time (`2026-05-01T12:00:00Z`), a date (`2026-05-01`) or a time (`12:00:00Z`)",
        ));
    }
    if Uri::parse(token).is_ok() {
        return Ok(Operand::Uri(token.to_owned()));
    }
    if token.starts_with(char::is_alphabetic) && token.chars().all(word) {
        return Ok(Operand::Word(token.to_owned()));
    }
    Err(cursor.expected("a value: a number, true, false, a date, a URI, or a text in double quotes"))
}

/// A JSON number (RFC 8259, section 6) that a 64-bit float can hold.
fn number(text: &str) -> Option<f64> {
    // serde_json knows the grammar, the standard library rounds to the nearest float.
    let _: serde_json::Number = serde_json::from_str(text).ok()?;
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

/// A time of day in UTC (4.6.3): `hh:mm:ss[.ffffff]Z`.
fn is_time(text: &str) -> bool {
    text.strip_suffix('Z')
        .is_some_and(|time| time.len() >= 8 && time.parse::<jiff::civil::Time>().is_ok())
}

/// A JSON string (RFC 8259, section 7).
fn quoted(cursor: &mut Cursor<'_>) -> Result<String, Error> {
    let length = quoted_length(cursor)?;
    let text = serde_json::from_str(cursor.rest().get(..length).unwrap_or("")).map_err(|error| {
        cursor.wrong(&format!(
            "not a string as JSON writes it ({error}); write `\\\"` and `\\\\` inside quotes"
        ))
    })?;
    cursor.advance(length);
    Ok(text)
}

/// The length in bytes of the quoted string that begins here, quotes included.
fn quoted_length(cursor: &Cursor<'_>) -> Result<usize, Error> {
    let mut escaped = false;
    for (index, c) in cursor.rest().char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return Ok(index + 1),
            _ => {}
        }
    }
    Err(cursor.wrong("this double quote is never closed"))
}

/// A regular expression: in quotes, where only `\"` is an escape and every other backslash belongs to the
/// expression; or bare, up to a `;`, `|` or `)` outside its own parentheses and brackets.
fn pattern(cursor: &mut Cursor<'_>) -> Result<String, Error> {
    const WANTED: &str = "a regular expression, such as `~=\"^Park.*\"`";
    let rest = cursor.rest();
    let (length, body) = if cursor.peek() == Some('"') {
        let length = quoted_length(cursor)?;
        (length, rest.get(1..length - 1).unwrap_or(""))
    } else {
        let length = bare_pattern_length(rest);
        (length, rest.get(..length).unwrap_or("").trim_end())
    };
    let mut pattern = String::with_capacity(body.len());
    let mut chars = body.chars();
    while let Some(c) = chars.next() {
        match (c, (c == '\\').then(|| chars.next()).flatten()) {
            ('\\', Some('"')) => pattern.push('"'),
            ('\\', Some(next)) => pattern.extend(['\\', next]),
            ('\\', None) => return Err(cursor.expected(WANTED)),
            (c, _) => pattern.push(c),
        }
    }
    if pattern.is_empty() {
        return Err(cursor.expected(WANTED));
    }
    cursor.advance(length);
    Ok(pattern)
}

fn bare_pattern_length(rest: &str) -> usize {
    let (mut open, mut in_class, mut escaped) = (0_usize, false, false);
    rest.find(|c| {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ']' => in_class = false,
            _ if in_class => {}
            '[' => in_class = true,
            '(' => open += 1,
            ')' if open > 0 => open -= 1,
            ';' | '|' | ')' if open == 0 => return true,
            _ => {}
        }
        false
    })
    .unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(terms: &[&str]) -> Vec<Name> {
        terms.iter().map(|term| Context::core().expand(term)).collect()
    }

    fn path(attributes: &[&str]) -> Path {
        Path {
            attributes: names(attributes),
            members: Vec::new(),
        }
    }

    fn linked(relationship: &str, types: &[&str], then: Q) -> Q {
        Q::Linked {
            relationship: path(&[relationship]),
            types: names(types),
            then: Box::new(then),
        }
    }

    #[test]
    fn clause_4_9_linked_entities() {
        let forty =
            |attributes: &[&str]| Q::Compare(path(attributes), Operator::Equal, vec![Operand::Number(40.0)]);
        for (text, expected) in [
            (
                "sensor{humidity}==40",
                linked("sensor", &[], forty(&["humidity"])),
            ),
            (
                "sensor{Device:humidity}==40",
                linked("sensor", &["Device"], forty(&["humidity"])),
            ),
            (
                "sensor{Device,Sensor:humidity.accuracy}==40",
                linked("sensor", &["Device", "Sensor"], forty(&["humidity", "accuracy"])),
            ),
            (
                "a{b{T:c}}==40",
                linked("a", &[], linked("b", &["T"], forty(&["c"]))),
            ),
            (
                "a{T,U:b{c}}",
                linked("a", &["T", "U"], linked("b", &[], Q::Exists(path(&["c"])))),
            ),
            (
                "a{<https://a.example/T>:<https://a.example/b>}==40",
                linked("a", &["https://a.example/T"], forty(&["https://a.example/b"])),
            ),
        ] {
            let parsed = Q::parse(text, Context::core()).unwrap();
            assert_eq!(parsed, expected, "{text}");
            assert_eq!(
                Q::parse(&parsed.to_string(), Context::core()),
                Ok(expected),
                "{parsed}"
            );
        }
        let q = Q::parse("x>1;a{b{c}}~=\"x\"|d{e[f]}", Context::core()).unwrap();
        assert_eq!((q.linked_depth(), q.paths().len()), (2, 3));
        for (bad, says) in [
            ("a{b", "`}`"),
            ("a{}", "the name of an attribute"),
            ("a{{b}}", "the name of an attribute"),
            ("a{b}}", "character 5"),
            ("a[x]{b}", "a relationship"),
            ("a{b}{c}", "character 5"),
            ("a{T,b}", "`}`"),
            ("a{T:}", "the name of an attribute"),
            ("a{b>1}", "`}`"),
        ] {
            let error = Q::parse(bad, Context::core()).unwrap_err();
            assert!(error.detail.contains(says), "{bad}: {error}");
        }
    }

    #[test]
    fn clause_5_7_2_4_system_attributes() {
        let of = |text| Q::parse(text, Context::core()).unwrap().has_user_attribute();
        assert!(!of("modifiedAt>2020-01-01T00:00:00Z"));
        assert!(!of("createdAt;modifiedAt"));
        assert!(of("createdAt;x"));
        assert!(of("x.modifiedAt>2020-01-01T00:00:00Z"));
    }
}
