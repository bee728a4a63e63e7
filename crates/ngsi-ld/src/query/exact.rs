//! Parsed queries as JSON that says exactly what they mean: every name is an IRI as it stands, whatever characters it
//! holds, and nothing is parsed again. For the disk: what was accepted once is read again, however it was written.
//!
//! Trees are lists of their nodes, each before its parts, so that no depth is too much for a JSON parser.

use std::slice::Iter;

use serde_json::{Value as Json, json};

use super::projection::{Member, Projection};
use super::q::{Operand, Operator, Path, Q};
use super::types::TypeSelection;
use crate::error::Error;
use crate::name::Name;
use crate::time::Timestamp;

/// The deepest tree that is read: no text that is accepted makes one that is half as deep.
const MAX_DEPTH: usize = 256;

fn damaged(what: &str) -> Error {
    Error::bad_data(format!("a stored {what} is damaged, or of a newer program"))
}

/// Names as their IRIs.
pub(crate) fn names_to_json<'a>(names: impl IntoIterator<Item = &'a Name>) -> Json {
    names.into_iter().map(|name| Json::from(name.as_str())).collect()
}

/// What [`names_to_json`] gave.
pub(crate) fn names_from_json(json: &Json) -> Result<Vec<Name>, Error> {
    texts(json).ok_or_else(|| damaged("list of names"))
}

/// A `q` or a `csf`.
pub(crate) fn q_to_json(q: &Q) -> Json {
    let mut nodes = Vec::new();
    q_nodes(q, &mut nodes);
    Json::Array(nodes)
}

/// What [`q_to_json`] gave.
pub(crate) fn q_from_json(json: &Json) -> Result<Q, Error> {
    whole(json, q_node).ok_or_else(|| damaged("query"))
}

/// A type selection.
pub(crate) fn types_to_json(types: &TypeSelection) -> Json {
    let mut nodes = Vec::new();
    type_nodes(types, &mut nodes);
    Json::Array(nodes)
}

/// What [`types_to_json`] gave.
pub(crate) fn types_from_json(json: &Json) -> Result<TypeSelection, Error> {
    whole(json, type_node).ok_or_else(|| damaged("type selection"))
}

/// A `pick` or an `omit`: an IRI for each member, with those of linked entities in a pair where something is said of
/// them. It is as deep as its text was, which a parser of JSON can read.
pub(crate) fn projection_to_json(projection: &Projection) -> Json {
    let member = |member: &Member| match &member.linked {
        None => Json::from(member.name.as_str()),
        Some(linked) => json!([member.name.as_str(), projection_to_json(linked)]),
    };
    projection.members.iter().map(member).collect()
}

/// What [`projection_to_json`] gave.
pub(crate) fn projection_from_json(json: &Json) -> Result<Projection, Error> {
    fn read(json: &Json) -> Option<Projection> {
        let member = |json: &Json| match json {
            Json::Array(pair) => Some(Member {
                name: Name::from_iri(pair.first()?.as_str()?),
                linked: Some(read(pair.get(1)?)?),
            }),
            name => Some(Member {
                name: Name::from_iri(name.as_str()?),
                linked: None,
            }),
        };
        let members = json.as_array()?.iter().map(member).collect::<Option<_>>()?;
        Some(Projection { members })
    }
    read(json).ok_or_else(|| damaged("projection"))
}

/// Reads all nodes of a list as one tree.
fn whole<T>(json: &Json, read: fn(&mut Iter<'_, Json>, usize) -> Option<T>) -> Option<T> {
    let mut nodes = json.as_array()?.iter();
    let tree = read(&mut nodes, 0)?;
    nodes.next().is_none().then_some(tree)
}

/// As many parts as a node says that it has.
fn parts<T>(
    count: &Json,
    nodes: &mut Iter<'_, Json>,
    depth: usize,
    read: fn(&mut Iter<'_, Json>, usize) -> Option<T>,
) -> Option<Vec<T>> {
    (0..count.as_u64()?).map(|_| read(nodes, depth + 1)).collect()
}

fn texts(json: &Json) -> Option<Vec<Name>> {
    let read = |one: &Json| Some(Name::from_iri(one.as_str()?));
    json.as_array()?.iter().map(read).collect()
}

fn type_nodes(types: &TypeSelection, nodes: &mut Vec<Json>) {
    let (word, parts) = match types {
        TypeSelection::Type(name) => return nodes.push(name.as_str().into()),
        TypeSelection::And(parts) => ("and", parts),
        TypeSelection::Or(parts) => ("or", parts),
    };
    nodes.push(json!({word: parts.len()}));
    for part in parts {
        type_nodes(part, nodes);
    }
}

fn type_node(nodes: &mut Iter<'_, Json>, depth: usize) -> Option<TypeSelection> {
    let node = nodes.next().filter(|_| depth <= MAX_DEPTH)?;
    if let Some(iri) = node.as_str() {
        return Some(TypeSelection::Type(Name::from_iri(iri)));
    }
    if let Some(count) = node.get("and") {
        return parts(count, nodes, depth, type_node).map(TypeSelection::And);
    }
    parts(node.get("or")?, nodes, depth, type_node).map(TypeSelection::Or)
}

fn q_nodes(q: &Q, nodes: &mut Vec<Json>) {
    match q {
        Q::And(parts) => {
            nodes.push(json!({"and": parts.len()}));
            for part in parts {
                q_nodes(part, nodes);
            }
        }
        Q::Or(parts) => {
            nodes.push(json!({"or": parts.len()}));
            for part in parts {
                q_nodes(part, nodes);
            }
        }
        Q::Exists(path) => nodes.push(json!({"exists": path_to_json(path)})),
        Q::Compare(path, operator, operands) => nodes.push(json!({
            "compare": path_to_json(path),
            "by": operator.as_str(),
            "with": operands.iter().map(operand_to_json).collect::<Json>(),
        })),
        Q::Linked {
            relationship,
            types,
            then,
        } => {
            nodes.push(json!({"linked": path_to_json(relationship), "types": names_to_json(types)}));
            q_nodes(then, nodes);
        }
    }
}

fn q_node(nodes: &mut Iter<'_, Json>, depth: usize) -> Option<Q> {
    let node = nodes.next().filter(|_| depth <= MAX_DEPTH)?;
    if let Some(count) = node.get("and") {
        return parts(count, nodes, depth, q_node).map(Q::And);
    }
    if let Some(count) = node.get("or") {
        return parts(count, nodes, depth, q_node).map(Q::Or);
    }
    if let Some(path) = node.get("exists") {
        return path_from_json(path).map(Q::Exists);
    }
    if let Some(path) = node.get("linked") {
        return Some(Q::Linked {
            relationship: path_from_json(path)?,
            types: texts(node.get("types")?)?,
            then: Box::new(q_node(nodes, depth + 1)?),
        });
    }
    let path = path_from_json(node.get("compare")?)?;
    let operator = Operator::parse(node.get("by")?.as_str()?)?;
    let operands = node.get("with")?.as_array()?.iter().map(operand_from_json);
    Some(Q::Compare(path, operator, operands.collect::<Option<_>>()?))
}

fn path_to_json(path: &Path) -> Json {
    json!([names_to_json(&path.attributes), path.members])
}

fn path_from_json(json: &Json) -> Option<Path> {
    let members = json.get(1)?.as_array()?.iter();
    Some(Path {
        attributes: texts(json.get(0)?)?,
        members: members
            .map(|member| member.as_str().map(str::to_owned))
            .collect::<Option<_>>()?,
    })
}

fn operand_to_json(operand: &Operand) -> Json {
    match operand {
        Operand::Number(number) => json!({"number": number}),
        Operand::Text(text) => json!({"text": text}),
        Operand::Boolean(value) => json!({"boolean": value}),
        Operand::DateTime(instant) => json!({"dateTime": instant.as_micros()}),
        Operand::Date(text) => json!({"date": text}),
        Operand::Time(text) => json!({"time": text}),
        Operand::Uri(text) => json!({"uri": text}),
        Operand::Word(text) => json!({"word": text}),
        Operand::Range(from, to) => json!({"from": operand_to_json(from), "to": operand_to_json(to)}),
    }
}

fn operand_from_json(json: &Json) -> Option<Operand> {
    let (kind, value) = json.as_object()?.iter().next()?;
    let text = || value.as_str().map(str::to_owned);
    Some(match kind.as_str() {
        "number" => Operand::Number(value.as_f64()?),
        "text" => Operand::Text(text()?),
        "boolean" => Operand::Boolean(value.as_bool()?),
        "dateTime" => Operand::DateTime(Timestamp::from_micros(value.as_i64()?)),
        "date" => Operand::Date(text()?),
        "time" => Operand::Time(text()?),
        "uri" => Operand::Uri(text()?),
        "word" => Operand::Word(text()?),
        "from" => {
            // No range is the end of another.
            let end = |json: &Json| operand_from_json(json).filter(|end| !matches!(end, Operand::Range(..)));
            Operand::Range(Box::new(end(value)?), Box::new(end(json.get("to")?)?))
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::{BuiltIn, Context};

    /// IRIs that no text of a query can hold as they stand.
    fn context() -> Context {
        let odd = json!({
            "a": "https://e.example/~x#a(1);b|c,d=\"e\"{}[]<>'!",
            "b": format!("https://e.example/{}", "long/".repeat(300)),
            "c": "https://e.example/white space",
        });
        Context::compile(&odd, &BuiltIn).unwrap()
    }

    #[test]
    fn what_was_understood_is_what_is_read_again() {
        let context = context();
        let deep = (0..31).fold("a".to_owned(), |inner, n| {
            let word = if n % 2 == 0 { '|' } else { ';' };
            format!("b{word}({inner})")
        });
        let many: Vec<String> = (0..190)
            .map(|n| format!("b=={n}.5e300,\"x\",urn:a:b,w"))
            .collect();
        for text in [
            "a",
            "a.b[c.\"odd.one\"]>=1e15;c==1..2|b==\"x\"..\"y\"",
            "a==2026-05-01T00:00:00.000001Z,2026-05-01,12:00:00Z,true,Word",
            "a~=\"x;|(y)\"",
            "a{b,<urn:t>:c{b}}!=-0.1;b",
            &deep,
            &many.join(";"),
        ] {
            let mut q = Q::parse(text, &context).unwrap();
            q.expand_values(&[context.expand("a"), context.expand("b")], &context);
            let stored = q_to_json(&q).to_string();
            let again = q_from_json(&serde_json::from_str(&stored).unwrap());
            assert_eq!(again, Ok(q), "{text}");
        }
        for text in ["*", "a|b", "(a;b)|c", &deep] {
            let types = TypeSelection::parse(text, &context).unwrap();
            assert_eq!(types_from_json(&types_to_json(&types)), Ok(types), "{text}");
        }
        let deep = format!("{}c{}", "a{".repeat(32), "}".repeat(32));
        for text in ["id,type,a{b,c{a|id}},b", &deep] {
            let projection = Projection::parse("pick", text, &context).unwrap();
            let stored = projection_to_json(&projection).to_string();
            let again = projection_from_json(&serde_json::from_str(&stored).unwrap());
            assert_eq!(again, Ok(projection), "{text}");
        }
    }

    #[test]
    fn what_is_damaged_is_refused() {
        let endless = Json::Array(vec![json!({"and": 1}); 100_000]);
        for bad in [
            json!(null),
            json!([]),
            json!(["a", "b"]),
            json!([{"and": 2}, "a"]),
            json!([{"and": u64::MAX}]),
            json!([{"exists": []}]),
            json!([{"compare": [["a"], []], "by": "=~", "with": []}]),
            json!([{"compare": [["a"], []], "by": "==", "with": [{"from": {"from": {}}}]}]),
            endless,
        ] {
            let _ = types_from_json(&bad); // `["a"]` is one of types
            assert!(q_from_json(&bad).is_err(), "{bad:.200}");
        }
        assert!(types_from_json(&json!([{"or": 2}, "a"])).is_err());
        assert!(projection_from_json(&json!([["a"]])).is_err());
        assert!(names_from_json(&json!(["a", 1])).is_err());
    }
}
