//! Entities as an earlier version of the specification would have them (4.3.6.8): for those who cannot read more.

use serde_json::Value as Json;

use crate::context::Context;
use crate::entity::{Attribute, Entity};
use crate::value::{OneOrMany, PropertyValue, Relationship, Value};

/// A version of the specification, 1.0 to 1.9.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    minor: u8,
}

impl Version {
    /// The version that this program implements.
    pub const NEWEST: Self = Self { minor: 9 };

    /// Reads `1.5`. Of what is newer than this program, this program conforms to its own version. `None`: no
    /// version of the specification.
    pub fn parse(text: &str) -> Option<Self> {
        let minor = text.strip_prefix("1.")?;
        let minor: u16 = minor
            .parse()
            .ok()
            .filter(|_| minor.bytes().all(|b| b.is_ascii_digit()))?;
        Some(u8::try_from(minor).map_or(Self::NEWEST, |minor| Self { minor }.min(Self::NEWEST)))
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "1.{}", self.minor)
    }
}

/// What an entity looked like in an earlier version (Tables 4.3.6.8-1 to -3); `None`: just the same. Of an
/// `evolution` the instances of one attribute are no data sets, and all stay. Names in values are written by `context`.
pub fn conform(entity: &Entity, version: Version, evolution: bool, context: &Context) -> Option<Entity> {
    if version == Version::NEWEST {
        return None;
    }
    let mut old = entity.clone();
    old.expires_at = None; // 1.9
    if version.minor < 4 {
        old.scope.clear();
    }
    if version.minor < 3 {
        old.types.truncate(1);
    }
    attributes(&mut old.attributes, version, evolution, context);
    (old != *entity).then_some(old)
}

fn attributes(attributes: &mut Vec<Attribute>, version: Version, evolution: bool, context: &Context) {
    if version.minor < 3 && !evolution {
        // One instance of each, that without data set before all others.
        let given = std::mem::take(attributes);
        for attribute in given {
            match attributes.iter_mut().find(|other| other.name == attribute.name) {
                None => attributes.push(attribute),
                Some(other) if attribute.dataset_id.is_none() => *other = attribute,
                Some(_) => {}
            }
        }
    }
    for attribute in attributes {
        attribute.expires_at = None; // 1.9
        if version.minor < 3 {
            attribute.dataset_id = None;
            attribute.observed_at = None;
            attribute.unit_code = None;
        }
        if let Some(value) = value(&attribute.value, version, context) {
            attribute.value = value;
        }
        self::attributes(&mut attribute.sub_attributes, version, evolution, context);
    }
}

/// A value as an earlier version knew it; `None`: just the same.
fn value(value: &Value, version: Version, context: &Context) -> Option<Value> {
    let property = |json: Json| Some(Value::Property(PropertyValue::from_json(json)));
    match value {
        Value::Language(map) if version.minor < 4 => property(Json::Object((**map).clone())),
        Value::Json(json) if version.minor < 8 => property((**json).clone()),
        Value::Vocab(terms) if version.minor < 8 => property(match terms {
            OneOrMany::One(term) => context.compact(term).into(),
            OneOrMany::Many(terms) => terms.iter().map(|term| context.compact(term)).collect(),
        }),
        Value::List(items) if version.minor < 8 => property(Json::Array(items.to_vec())),
        Value::ListRelationship(targets) if version.minor < 8 => {
            Some(Value::Relationship(Relationship::to_many(targets.clone())))
        }
        Value::Relationship(relationship) if version.minor < 8 && relationship.object_type.is_some() => {
            Some(Value::Relationship(Relationship {
                object_type: None,
                ..relationship.clone()
            }))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::representation::{WriteOptions, read_entity, write_entity};

    fn version(text: &str) -> Version {
        Version::parse(text).unwrap()
    }

    #[test]
    fn versions_are_read() {
        for (text, expected) in [
            ("1.0", Some("1.0")),
            ("1.5", Some("1.5")),
            ("1.9", Some("1.9")),
            ("1.10", Some("1.9")),
            ("1.999", Some("1.9")),
            ("2.0", None),
            ("1", None),
            ("1.", None),
            ("1.+5", None),
            ("1.x", None),
            ("1.99999999", None),
            ("", None),
        ] {
            assert_eq!(
                Version::parse(text).map(|version| version.to_string()).as_deref(),
                expected,
                "{text}"
            );
        }
    }

    /// Tables 4.3.6.8-1 to -3: each thing is there from its version on, and before it is written as its fallback.
    #[test]
    fn clause_4_3_6_8_each_thing_has_a_version_and_a_fallback() {
        let context = Context::core();
        let entity = |members: Json| {
            let mut json = json!({"id": "urn:x:1", "type": "T"});
            json.as_object_mut()
                .unwrap()
                .extend(members.as_object().unwrap().clone());
            read_entity(&json, context).unwrap()
        };
        let p = |value: Json| json!({"type": "Property", "value": value});
        for (members, since, fallback) in [
            (json!({"expiresAt": "2030-01-01T00:00:00Z"}), 9, json!({})),
            (json!({"scope": "/a"}), 4, json!({})),
            (json!({"type": ["T", "U"]}), 3, json!({"type": "T"})),
            (
                json!({"a": {"type": "LanguageProperty", "languageMap": {"en": "x"}}}),
                4,
                json!({"a": p(json!({"en": "x"}))}),
            ),
            (
                json!({"a": {"type": "JsonProperty", "json": {"b": 1}}}),
                8,
                json!({"a": p(json!({"b": 1}))}),
            ),
            (
                json!({"a": {"type": "VocabProperty", "vocab": "b"}}),
                8,
                json!({"a": p(json!("b"))}),
            ),
            (
                json!({"a": {"type": "VocabProperty", "vocab": ["b", "c"]}}),
                8,
                json!({"a": p(json!(["b", "c"]))}),
            ),
            (
                json!({"a": {"type": "ListProperty", "valueList": [1, 2]}}),
                8,
                json!({"a": p(json!([1, 2]))}),
            ),
            (
                json!({"a": {"type": "ListRelationship", "objectList": ["urn:x:2"]}}),
                8,
                json!({"a": {"type": "Relationship", "object": ["urn:x:2"]}}),
            ),
            (
                json!({"a": {"type": "Relationship", "object": "urn:x:2", "objectType": "V"}}),
                8,
                json!({"a": {"type": "Relationship", "object": "urn:x:2"}}),
            ),
            (
                json!({"a": {"type": "Property", "value": 1, "expiresAt": "2030-01-01T00:00:00Z"}}),
                9,
                json!({"a": p(json!(1))}),
            ),
            (
                json!({"a": {"type": "Property", "value": 1, "observedAt": "2020-01-01T00:00:00Z"}}),
                3,
                json!({"a": p(json!(1))}),
            ),
            (
                json!({"a": {"type": "Property", "value": 1, "unitCode": "CEL"}}),
                3,
                json!({"a": p(json!(1))}),
            ),
            (
                json!({"a": {"type": "Property", "value": 1, "datasetId": "urn:d:1"}}),
                3,
                json!({"a": p(json!(1))}),
            ),
            (
                json!({"a": [{"type": "Property", "value": 1, "datasetId": "urn:d:1"}, {"type": "Property", "value": 2}]}),
                3,
                json!({"a": p(json!(2))}),
            ),
            (
                json!({"a": {"type": "Property", "value": 1, "b": {"type": "JsonProperty", "json": [2]}}}),
                8,
                json!({"a": {"type": "Property", "value": 1, "b": p(json!([2]))}}),
            ),
        ] {
            let now = entity(members.clone());
            let options = WriteOptions {
                sys_attrs: true,
                ..WriteOptions::default()
            };
            for minor in 0..=9 {
                let old = conform(&now, version(&format!("1.{minor}")), false, context);
                assert_eq!(old.is_some(), minor < since, "1.{minor}: {members}");
                let Some(old) = old else { continue };
                if minor + 1 == since {
                    let mut expected = fallback.clone();
                    // Everything else that is younger is not in these cases.
                    let object = expected.as_object_mut().unwrap();
                    for (name, value) in [("id", json!("urn:x:1")), ("type", json!("T"))] {
                        object.entry(name).or_insert(value);
                    }
                    let written = write_entity(&old, context, &options);
                    let again = write_entity(&read_entity(&expected, context).unwrap(), context, &options);
                    assert_eq!(written, again, "1.{minor}: {members}");
                }
            }
        }
    }

    #[test]
    fn instances_of_a_history_all_stay() {
        let mut history = Entity::new(
            crate::Uri::parse("urn:x:1").unwrap(),
            crate::Name::default_term("T"),
        );
        for n in 0..3 {
            history
                .attributes
                .push(Attribute::property(crate::Name::default_term("a"), n));
        }
        assert_eq!(conform(&history, version("1.0"), true, Context::core()), None);
        assert_eq!(
            conform(&history, version("1.0"), false, Context::core())
                .unwrap()
                .attributes
                .len(),
            1
        );
    }
}
