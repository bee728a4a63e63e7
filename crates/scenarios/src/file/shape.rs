//! Whether a tree of values has the keys and types of a scenario file, by its own schema.

use serde_json::{Map, Value as Json};

use super::Finding;
use super::nearest::did_you_mean;

/// Checks a tree against the schema of the structs, and puts it right where it is wrong, so that what remains can
/// be read and checked further: unknown keys go, mistyped values go or become empty.
pub(super) fn check(schema: &Json, tree: &mut Json) -> Vec<Finding> {
    let mut shape = Shape {
        definitions: schema.get("$defs"),
        findings: Vec::new(),
    };
    if !shape.fits(schema, tree) {
        shape.wrong(&Place::default(), tree, "a table");
        return shape.findings;
    }
    shape.value(schema, tree, &Place::default());
    shape.findings
}

/// Where a value stands: `measure ramps, with.nodes[2]`.
#[derive(Clone, Debug, Default)]
struct Place {
    /// `measure ramps`, `scenario 2`.
    owner: String,
    path: String,
}

impl Place {
    fn key(&self, key: &str) -> Self {
        let dot = if self.path.is_empty() { "" } else { "." };
        Self {
            owner: self.owner.clone(),
            path: format!("{}{dot}{key}", self.path),
        }
    }

    fn item(&self, index: usize, item: &Json) -> Self {
        if self.owner.is_empty() && matches!(self.path.as_str(), "measure" | "scenario") {
            let name = item.get("name").and_then(Json::as_str).unwrap_or_default();
            return Self {
                owner: owner(&self.path, index, name),
                path: String::new(),
            };
        }
        Self {
            owner: self.owner.clone(),
            path: format!("{}[{index}]", self.path),
        }
    }

    fn text(&self) -> String {
        match (self.owner.is_empty(), self.path.is_empty()) {
            (true, true) => "the file".to_owned(),
            (true, false) => self.path.clone(),
            (false, true) => self.owner.clone(),
            (false, false) => format!("{}, {}", self.owner, self.path),
        }
    }
}

/// A measure or scenario by its name, or by its number where it has none.
pub(super) fn owner(what: &str, index: usize, name: &str) -> String {
    if name.is_empty() || name.chars().count() > 64 || name.chars().any(char::is_control) {
        format!("{what} {}", index + 1)
    } else {
        format!("{what} {name}")
    }
}

struct Shape<'a> {
    definitions: Option<&'a Json>,
    findings: Vec<Finding>,
}

impl<'a> Shape<'a> {
    /// What a reference stands for.
    fn resolve(&self, schema: &'a Json) -> &'a Json {
        let named = |reference: &str| self.definitions?.get(reference.strip_prefix("#/$defs/")?);
        match schema.get("$ref").and_then(Json::as_str).and_then(named) {
            Some(target) => target,
            // An optional struct: `anyOf: [{$ref}, {type: null}]`.
            None => match schema
                .get("anyOf")
                .and_then(Json::as_array)
                .and_then(|all| all.first())
            {
                Some(first) => self.resolve(first),
                None => schema,
            },
        }
    }

    fn types(&self, schema: &'a Json) -> Vec<&'a str> {
        let optional = schema.get("anyOf").is_some();
        let mut types: Vec<&str> = match self.resolve(schema).get("type") {
            Some(Json::String(one)) => vec![one.as_str()],
            Some(Json::Array(several)) => several.iter().filter_map(Json::as_str).collect(),
            _ => Vec::new(),
        };
        if optional {
            types.push("null");
        }
        types
    }

    fn fits(&self, schema: &'a Json, value: &Json) -> bool {
        let types = self.types(schema);
        types.is_empty()
            || types.iter().any(|name| match *name {
                "object" => value.is_object(),
                "array" => value.is_array(),
                "string" => value.is_string(),
                "boolean" => value.is_boolean(),
                "null" => value.is_null(),
                "number" => value.is_number(),
                "integer" if schema.get("minimum").is_some() => value.is_u64(),
                "integer" => value.is_i64() || value.is_u64(),
                _ => true,
            })
    }

    fn wrong(&mut self, place: &Place, value: &Json, wanted: &str) {
        self.findings.push(Finding {
            place: place.text(),
            what: format!("{} is not {wanted}", crate::catalogue::argument::shown(value)),
            remedy: format!("give {wanted}"),
        });
    }

    fn value(&mut self, schema: &'a Json, value: &mut Json, place: &Place) {
        let schema = self.resolve(schema);
        match value {
            Json::Object(members) => self.object(schema, members, place),
            Json::Array(items) => {
                let Some(of) = schema.get("items") else { return };
                let mut kept = Vec::with_capacity(items.len());
                for (index, mut item) in std::mem::take(items).into_iter().enumerate() {
                    let place = place.item(index, &item);
                    if self.fits(of, &item) {
                        self.value(of, &mut item, &place);
                        kept.push(item);
                    } else {
                        self.wrong(&place, &item, self.wanted(of));
                    }
                }
                *items = kept;
            }
            _ => {}
        }
    }

    fn object(&mut self, schema: &'a Json, members: &mut Map<String, Json>, place: &Place) {
        // A map with keys of the user's own.
        let Some(known) = schema.get("properties").and_then(Json::as_object) else {
            return;
        };
        let strange: Vec<String> = members
            .keys()
            .filter(|key| !known.contains_key(*key))
            .cloned()
            .collect();
        for key in strange {
            members.remove(&key);
            self.findings.push(Finding {
                place: place.key(&key).text(),
                what: format!("there is no key `{key}`"),
                remedy: did_you_mean(&key, known.keys().map(String::as_str), "leave it out"),
            });
        }
        let required: Vec<&str> = schema
            .get("required")
            .and_then(Json::as_array)
            .map(|keys| keys.iter().filter_map(Json::as_str).collect())
            .unwrap_or_default();
        for (key, of) in known {
            let place = place.key(key);
            match members.get_mut(key) {
                Some(value) if self.fits(of, value) => self.value(of, value, &place),
                Some(value) => {
                    let wanted = self.wanted(of);
                    self.wrong(&place, &value.clone(), wanted);
                    members.remove(key);
                }
                None if required.contains(&key.as_str()) => self.findings.push(Finding {
                    place: place.text(),
                    what: "it is not given".to_owned(),
                    remedy: match of.get("description").and_then(Json::as_str) {
                        Some(about) => format!("give {}: {about}", self.wanted(of)),
                        None => format!("give {}", self.wanted(of)),
                    },
                }),
                None => {}
            }
            if !members.contains_key(key) && required.contains(&key.as_str()) {
                members.insert(key.clone(), self.empty(of));
            }
        }
    }

    fn wanted(&self, schema: &'a Json) -> &'static str {
        let types = self.types(schema);
        match types.first() {
            Some(&"object") => "a table",
            Some(&"array") => "a list",
            Some(&"string") => "a text",
            Some(&"boolean") => "`true` or `false`",
            Some(&"integer") => "a whole number of 0 or more",
            Some(&"number") => "a number",
            _ => "a value",
        }
    }

    fn empty(&self, schema: &'a Json) -> Json {
        match self.types(schema).first() {
            Some(&"object") => Json::Object(Map::new()),
            Some(&"array") => Json::Array(Vec::new()),
            Some(&"integer" | &"number") => 0.into(),
            Some(&"boolean") => false.into(),
            _ => "".into(),
        }
    }
}
