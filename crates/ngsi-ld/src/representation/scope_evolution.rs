//! The evolution of an entity's Scope: instances of a Property that has nothing but times beside its value (4.5.6).

use serde_json::{Map, Value as Json};

use super::instance::Instance;
use super::path::Path;
use super::read::scope;
use super::read_series::{instances, is_series};
use super::read_value::is_null;
use super::reader::Reader;
use crate::entity::Attribute;
use crate::error::Error;
use crate::fragment::Change;
use crate::name::{NGSI_LD, Name};
use crate::value::{PropertyValue, Value};

/// Members that an instance of a Scope may have beside its value and `observedAt`.
const MEMBERS: [&str; 8] = [
    "type",
    "@type",
    "value",
    "observedAt",
    "deletedAt",
    "createdAt",
    "modifiedAt",
    "instanceId",
];

/// The name under which the instances of an entity's Scope stand among those of its attributes.
pub fn scope_name() -> Name {
    Name::from_iri(format!("{NGSI_LD}scope"))
}

impl Attribute {
    /// An instance of an entity's Scope.
    pub fn of_scope(scopes: &[Box<str>]) -> Self {
        Self::new(scope_name(), Value::Property(value_of(scopes)))
    }

    /// Whether it is an instance of an entity's Scope.
    pub fn is_scope(&self) -> bool {
        self.name.as_str().strip_prefix(NGSI_LD) == Some("scope")
    }

    /// The Scopes that an instance of an entity's Scope says; none where it says that they were removed.
    pub fn scopes(&self) -> Vec<Box<str>> {
        match &self.value {
            Value::Property(_) if self.deletion().is_some() => Vec::new(),
            Value::Property(PropertyValue::Text(text)) => vec![text.clone()],
            Value::Property(PropertyValue::Structured(json)) => {
                let list = json.as_array().into_iter().flatten();
                list.filter_map(Json::as_str).map(Box::from).collect()
            }
            _ => Vec::new(),
        }
    }
}

fn value_of(scopes: &[Box<str>]) -> PropertyValue {
    match scopes {
        [one] => PropertyValue::Text(one.clone()),
        several => {
            let list = several.iter().map(|one| Json::from(&**one)).collect();
            PropertyValue::from_json(Json::Array(list))
        }
    }
}

/// Whether `scope` holds instances, and not Scopes.
pub(super) fn is_evolution(json: &Json) -> bool {
    match json {
        Json::Object(_) => true,
        Json::Array(list) => list.iter().any(Json::is_object),
        _ => false,
    }
}

/// Reads the instances of `scope` in a temporal representation.
pub(super) fn read(json: &Json, reader: &Reader<'_>, path: &Path<'_>) -> Result<Vec<Instance>, Error> {
    match json {
        Json::Array(list) => {
            let each = list.iter().enumerate();
            each.map(|(index, one)| instance(one, reader, &Path::Index(path, index)))
                .collect()
        }
        series if is_series(series) => {
            let member = Path::Key(path, "values");
            let each = instances(series, path)?.into_iter();
            each.map(|(one, at)| instance(&Json::Object(one), reader, &Path::Index(&member, at)))
                .collect()
        }
        one => Ok(vec![instance(one, reader, path)?]),
    }
}

fn instance(json: &Json, reader: &Reader<'_>, path: &Path<'_>) -> Result<Instance, Error> {
    let Json::Object(object) = json else {
        return path.refuse(
            "the evolution of a Scope is an array of Properties, each with `value` and `observedAt`",
        );
    };
    if let Some(other) = object.keys().find(|key| !MEMBERS.contains(&key.as_str())) {
        return Path::Key(path, other).refuse(
            "an instance of a Scope has only `value`, `observedAt` and `deletedAt` (4.5.6); leave it out",
        );
    }
    if let Some(kind) = member(object, &["type", "@type"])
        && kind.as_str() != Some("Property")
    {
        return Path::Key(path, "type").refuse("an instance of a Scope is a Property (4.5.6)");
    }
    let Some(value) = object.get("value") else {
        return path.refuse("an instance of a Scope has a `value`, such as `/Nairobi/Westlands`");
    };
    let instant = |key: &str| match object.get(key) {
        None => Ok(None),
        Some(json) => reader.instant(json, &Path::Key(path, key)).map(Change::set),
    };
    let (observed_at, deleted_at) = (instant("observedAt")?, instant("deletedAt")?);
    let deleted_at = deleted_at.or(observed_at.filter(|_| is_null(value)));
    let value = if deleted_at.is_some() {
        PropertyValue::from(super::read_value::NULL)
    } else {
        value_of(&scope(value, reader, &Path::Key(path, "value"))?)
    };
    let mut instance = Instance::with_value(scope_name(), Value::Property(value));
    if let Some(at) = observed_at {
        instance.patch.observed_at = Change::Set(at);
    }
    if let Some(at) = deleted_at {
        let name = Name::from_iri(format!("{NGSI_LD}deletedAt"));
        let text = Value::Property(PropertyValue::from(at.to_string().as_str()));
        instance.sub_instances.push(Instance::with_value(name, text));
    }
    Ok(instance)
}

fn member<'j>(object: &'j Map<String, Json>, keys: &[&str]) -> Option<&'j Json> {
    keys.iter().find_map(|key| object.get(*key))
}
