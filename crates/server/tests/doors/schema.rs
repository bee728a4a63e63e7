//! JSON Schema (2020-12), as much of it as the description of the API uses. A keyword that is not known here fails: what
//! is not understood would not be checked.

use serde_json::{Map, Value};

/// The components of a description.
pub(crate) struct Schemas<'a> {
    document: &'a Value,
    /// Components in whose place others are looked at.
    instead: Vec<(&'a str, &'a str)>,
}

/// Where, and what is wrong there.
type Checked = Result<(), String>;

impl<'a> Schemas<'a> {
    pub(crate) fn of(document: &'a Value) -> Self {
        Self {
            document,
            instead: Vec::new(),
        }
    }

    /// The same with another component in the place of one.
    pub(crate) fn with(mut self, name: &'a str, other: &'a str) -> Self {
        self.instead.push((name, other));
        self
    }

    /// Whether a value is as a schema says.
    pub(crate) fn check(&self, schema: &Value, value: &Value) -> Checked {
        self.at("", schema, value)
    }

    fn at(&self, place: &str, schema: &Value, value: &Value) -> Checked {
        let schema = match schema {
            Value::Bool(true) => return Ok(()),
            Value::Bool(false) => return Err(format!("{place}: nothing may stand here")),
            Value::Object(schema) => schema,
            other => panic!("no schema: {other}"),
        };
        for (keyword, rule) in schema {
            self.keyword(place, schema, keyword, rule, value)?;
        }
        Ok(())
    }

    fn keyword(
        &self,
        place: &str,
        schema: &Map<String, Value>,
        keyword: &str,
        rule: &Value,
        value: &Value,
    ) -> Checked {
        let wrong = |what: String| Err(format!("{place}: {what}"));
        let number = |rule: &Value| rule.as_f64().unwrap();
        match keyword {
            "$ref" => self.at(place, self.component(rule.as_str().unwrap()), value),
            "type" if !is_of(rule, value) => wrong(format!("not of type {rule}")),
            "const" if rule != value => wrong(format!("not {rule}")),
            "enum" if !rule.as_array().unwrap().contains(value) => wrong(format!("none of {rule}")),
            "anyOf" | "oneOf" => {
                let each: Vec<Checked> = rule
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|one| self.at(place, one, value))
                    .collect();
                let fitting = each.iter().filter(|one| one.is_ok()).count();
                match (keyword, fitting) {
                    ("oneOf", 1) | ("anyOf", 1..) => Ok(()),
                    (_, 0) => {
                        let why: Vec<String> = each.into_iter().filter_map(Result::err).collect();
                        wrong(format!("none fits: ({})", why.join(") and (")))
                    }
                    _ => wrong(format!("{fitting} fit, and one should")),
                }
            }
            "allOf" => {
                let mut all = rule.as_array().unwrap().iter();
                all.try_for_each(|one| self.at(place, one, value))
            }
            "format" => match value.as_str().map(|text| (rule.as_str().unwrap(), text)) {
                Some(("uri", text)) if !text.contains(':') => wrong(format!("`{text}` is no URI")),
                Some(("date-time", text)) if ngsi_ld::Timestamp::parse(text).is_err() => {
                    wrong(format!("`{text}` is no instant"))
                }
                _ => Ok(()),
            },
            "minimum" if value.as_f64().is_some_and(|value| value < number(rule)) => {
                wrong("too small".into())
            }
            "maximum" if value.as_f64().is_some_and(|value| value > number(rule)) => {
                wrong("too large".into())
            }
            "minItems" if length(value).is_some_and(|length| length < number(rule)) => {
                wrong("too few".into())
            }
            "maxItems" if length(value).is_some_and(|length| length > number(rule)) => {
                wrong("too many".into())
            }
            "items" => {
                let mut items = value.as_array().into_iter().flatten().enumerate();
                items.try_for_each(|(index, item)| self.at(&format!("{place}/{index}"), rule, item))
            }
            "required" => {
                let Some(object) = value.as_object() else {
                    return Ok(());
                };
                let mut names = rule.as_array().unwrap().iter().filter_map(Value::as_str);
                match names.find(|name| !object.contains_key(*name)) {
                    Some(name) => wrong(format!("`{name}` is missing")),
                    None => Ok(()),
                }
            }
            "properties" => {
                let mut members = rule.as_object().unwrap().iter();
                members.try_for_each(|(name, rule)| match value.get(name) {
                    Some(member) => self.at(&format!("{place}/{name}"), rule, member),
                    None => Ok(()),
                })
            }
            "additionalProperties" => {
                let known = schema.get("properties").and_then(Value::as_object);
                let members = value.as_object().into_iter().flatten();
                let mut others =
                    members.filter(|(name, _)| known.is_none_or(|known| !known.contains_key(*name)));
                others.try_for_each(|(name, member)| self.at(&format!("{place}/{name}"), rule, member))
            }
            // These hold, and those say nothing of the value.
            "type" | "const" | "enum" | "minimum" | "maximum" | "minItems" | "maxItems" | "description"
            | "discriminator" | "example" | "examples" | "title" | "default" => Ok(()),
            other => panic!("{place}: the keyword `{other}` is not known"),
        }
    }

    fn component(&self, reference: &str) -> &'a Value {
        let name = reference.strip_prefix("#/components/schemas/").unwrap();
        let instead = self.instead.iter().find(|(wanted, _)| *wanted == name);
        let name = instead.map_or(name, |(_, other)| other);
        let component = &self.document["components"]["schemas"][name];
        assert!(component.is_object(), "there is no component {name}");
        component
    }
}

#[allow(clippy::cast_precision_loss, reason = "lengths are small")]
fn length(value: &Value) -> Option<f64> {
    value.as_array().map(|items| items.len() as f64)
}

fn is_of(types: &Value, value: &Value) -> bool {
    let of = |kind: &str| match kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "number" => value.is_number(),
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        other => panic!("`{other}` is no type"),
    };
    match types {
        Value::String(kind) => of(kind),
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).any(of),
        other => panic!("{other} is no type"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// What the schemas must not let pass, or they would prove nothing.
    #[test]
    fn what_is_wrong_is_found() {
        let document = server::openapi();
        let fits = |name: &str, value: &Value| {
            let schema = json!({"$ref": format!("#/components/schemas/{name}")});
            Schemas::of(&document).check(&schema, value).is_ok()
        };
        let entity = json!({"id": "urn:a:1", "type": "A", "n": {"type": "Property", "value": 1},
            "near": {"type": "Relationship", "object": ["urn:a:2"], "since": {"type": "Property", "value": "x"}},
            "place": [{"type": "GeoProperty", "value": {"type": "Point", "coordinates": [1, 2.5]}}]});
        assert!(fits("EntityNormalized", &entity));
        assert!(fits(
            "NewEntity",
            &json!({"id": "urn:a:1", "type": ["A", "B"], "n": 1, "m": {"object": "urn:a:2"}})
        ));
        for (name, bad) in [
            ("EntityNormalized", json!({"id": "urn:a:1", "type": "A", "n": 1})),
            (
                "EntityNormalized",
                json!({"id": "urn:a:1", "type": "A", "n": {"type": "Nothing", "value": 1}}),
            ),
            (
                "EntityNormalized",
                json!({"id": "urn:a:1", "type": "A", "n": {"type": "Relationship", "value": 1}}),
            ),
            (
                "EntityNormalized",
                json!({"id": "urn:a:1", "type": "A", "n": {"type": "GeoProperty", "value": "x"}}),
            ),
            (
                "EntityNormalized",
                json!({"id": "urn:a:1", "type": "A", "createdAt": "yesterday"}),
            ),
            ("EntityNormalized", json!([])),
            ("NewEntity", json!({"id": "urn:a:1"})),
            ("NewEntity", json!({"id": "urn:a:1", "type": "A", "n": null})),
            (
                "EntityTemporalNormalized",
                json!({"id": "urn:a:1", "type": "A", "n": {"type": "Property", "value": 1}}),
            ),
            (
                "EntityTemporalValues",
                json!({"id": "urn:a:1", "type": "A", "n": {"type": "Property", "values": [[1]]}}),
            ),
            (
                "Feature",
                json!({"type": "Feature", "geometry": null, "properties": {}, "more": 1}),
            ),
            ("Geometry", json!({"type": "Point", "coordinates": [[1, 2]]})),
            ("Geometry", json!({"type": "Circle", "coordinates": [1, 2]})),
            (
                "Subscription",
                json!({"id": "urn:a:1", "type": "Subscription", "notification": {"endpoint": {"uri": "http://a"}}}),
            ),
            (
                "NewSubscription",
                json!({"type": "Subscription", "notification": {"endpoint": {}}}),
            ),
            (
                "NewCSourceRegistration",
                json!({"type": "ContextSourceRegistration", "endpoint": "http://a"}),
            ),
            ("Query", json!({"type": "Query", "geoQ": {"georel": "near"}})),
            ("Snapshot", json!({"id": "urn:a:1", "type": "Snapshot"})),
        ] {
            assert!(!fits(name, &bad), "{name}: {bad}");
        }
    }
}
