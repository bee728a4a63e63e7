//! From text to a tree of values: syntax, sizes, numbers.

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value as Json};

use super::Finding;

/// The longest file, in bytes.
pub(super) const MAX_BYTES: usize = 1 << 20;
/// How deep values may be nested.
const MAX_DEPTH: usize = 16;

/// Reads TOML, or JSON where the text begins with `{`.
pub(super) fn read(text: &str) -> Result<Json, Vec<Finding>> {
    if text.len() > MAX_BYTES {
        return Err(vec![Finding {
            place: "the file".to_owned(),
            what: format!("it has {} bytes; at most {MAX_BYTES} are read", text.len()),
            remedy: "divide it into several files".to_owned(),
        }]);
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim_start().starts_with('{') {
        read_json(text)
    } else {
        read_toml(text)
    }
}

fn read_json(text: &str) -> Result<Json, Vec<Finding>> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    Tree(0)
        .deserialize(&mut deserializer)
        .and_then(|tree| deserializer.end().map(|()| tree))
        .map_err(|error| {
            let message = error.to_string();
            // serde_json ends its messages with the place, which stands in its own field here.
            let what = message
                .rsplit_once(" at line ")
                .map_or(message.as_str(), |(what, _)| what);
            vec![Finding {
                place: format!("line {}, column {}", error.line(), error.column()),
                what: what.to_owned(),
                remedy: "write it as JSON, or as TOML".to_owned(),
            }]
        })
}

/// A value of JSON whose objects have no key twice and that is not nested beyond measure.
struct Tree(usize);

impl Tree {
    fn deeper<E: de::Error>(&self) -> Result<Self, E> {
        if self.0 < MAX_DEPTH {
            Ok(Self(self.0 + 1))
        } else {
            Err(E::custom(format!("values are nested deeper than {MAX_DEPTH}")))
        }
    }
}

impl<'de> DeserializeSeed<'de> for Tree {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Tree {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Json, E> {
        Number::from_f64(value)
            .map(Json::Number)
            .ok_or_else(|| E::custom("a number is too large"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(self.deeper()?)? {
            list.push(item);
        }
        Ok(Json::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Json, A::Error> {
        let mut map = Map::new();
        while let Some(key) = members.next_key::<String>()? {
            if map.contains_key(&key) {
                return Err(de::Error::custom(format!("the key `{key}` stands twice")));
            }
            let value = members.next_value_seed(self.deeper()?)?;
            map.insert(key, value);
        }
        Ok(Json::Object(map))
    }
}

fn read_toml(text: &str) -> Result<Json, Vec<Finding>> {
    let (_, errors) = toml::de::DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        return Err(errors.iter().take(20).map(|error| syntax(text, error)).collect());
    }
    let table: toml::Table = text.parse().map_err(|error| vec![syntax(text, &error)])?;
    let mut findings = Vec::new();
    let tree = json("", toml::Value::Table(table), 0, &mut findings);
    if findings.is_empty() {
        return Ok(tree);
    }
    for finding in &mut findings {
        if let Some(place) = owned(&tree, &finding.place) {
            finding.place = place;
        }
    }
    Err(findings)
}

/// `measure[0].cost` as `measure ramps, cost`.
fn owned(tree: &Json, path: &str) -> Option<String> {
    let (list, rest) = path.split_once('[')?;
    let (index, rest) = rest.split_once("].")?;
    if !matches!(list, "measure" | "scenario") {
        return None;
    }
    let index = index.parse().ok()?;
    let name = tree.get(list)?.get(index)?.get("name").and_then(Json::as_str);
    Some(format!(
        "{}, {rest}",
        super::shape::owner(list, index, name.unwrap_or_default())
    ))
}

fn syntax(text: &str, error: &toml::de::Error) -> Finding {
    let start = error.span().map_or(0, |span| span.start.min(text.len()));
    let before = text.get(..start).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    Finding {
        place: format!("line {line}, column {column}"),
        what: error.message().trim().replace('\n', ", "),
        remedy: "write it as TOML: `key = value`, texts in quotes".to_owned(),
    }
}

fn json(path: &str, value: toml::Value, depth: usize, findings: &mut Vec<Finding>) -> Json {
    let mut wrong = |what: String, remedy: &str| {
        findings.push(Finding {
            place: path.to_owned(),
            what,
            remedy: remedy.to_owned(),
        });
        Json::Null
    };
    if depth > MAX_DEPTH {
        return wrong(
            format!("values are nested deeper than {MAX_DEPTH}"),
            "nothing in a scenario file is",
        );
    }
    match value {
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => match Number::from_f64(number) {
            Some(number) => Json::Number(number),
            None => wrong(format!("`{number}` is not a number"), "give a number"),
        },
        toml::Value::Boolean(value) => value.into(),
        toml::Value::Datetime(when) => moment(when).into(),
        toml::Value::Array(items) => items
            .into_iter()
            .enumerate()
            .map(|(index, item)| json(&format!("{path}[{index}]"), item, depth + 1, findings))
            .collect(),
        toml::Value::Table(members) => {
            let mut map = Map::new();
            for (key, value) in members {
                let at = if path.is_empty() {
                    key.clone()
                } else {
                    format!("{path}.{key}")
                };
                map.insert(key, json(&at, value, depth + 1, findings));
            }
            Json::Object(map)
        }
    }
}

/// A date or a time without quotes, as the text it would be with them: `2027-03-01`, `08:00`.
fn moment(when: toml::value::Datetime) -> String {
    match (when.date, when.time) {
        (None, Some(time)) if time.second.unwrap_or(0) == 0 && time.nanosecond.unwrap_or(0) == 0 => {
            format!("{:02}:{:02}", time.hour, time.minute)
        }
        _ => when.to_string(),
    }
}
