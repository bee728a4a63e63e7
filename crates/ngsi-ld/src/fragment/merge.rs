//! How the value and the members of one instance take those of a fragment.

use serde_json::{Map, Value as Json};

use super::{AttributePatch, Change, ValuePatch};
use crate::entity::Attribute;
use crate::error::Error;
use crate::name::Name;
use crate::time::Timestamp;
use crate::value::{Kind, OneOrMany, PropertyValue, Relationship, Value};

const NULL: &str = "urn:ngsi-ld:null";

impl<T: Clone> Change<T> {
    pub(super) fn apply(&self, member: &mut Option<T>) {
        match self {
            Self::Keep => {}
            Self::Remove => *member = None,
            Self::Set(value) => *member = Some(value.clone()),
        }
    }
}

impl ValuePatch {
    /// The value, where an attribute with the value `present` is there or not.
    pub(super) fn resolve(&self, present: Option<&Value>) -> Value {
        match self {
            Self::Typed(value) => value.clone(),
            Self::Simplified {
                json,
                inferred,
                targets,
                terms,
                lang,
            } => {
                let kept = match (present, targets, terms) {
                    (Some(Value::Relationship(_)), Some(object), _) => {
                        Some(Value::Relationship(Relationship {
                            object: object.clone(),
                            object_type: None,
                        }))
                    }
                    (Some(Value::ListRelationship(_)), Some(OneOrMany::Many(list)), _) => {
                        Some(Value::ListRelationship(list.clone()))
                    }
                    (Some(Value::Vocab(_)), _, Some(terms)) => Some(Value::Vocab(terms.clone())),
                    (Some(Value::Language(_)), ..) if json.is_string() => {
                        let tag = lang.as_deref().unwrap_or("@none").to_owned();
                        Some(Value::Language(Box::new(Map::from_iter([(
                            tag,
                            (**json).clone(),
                        )]))))
                    }
                    (Some(Value::Json(_)), ..) => Some(Value::Json(json.clone())),
                    (Some(Value::List(_)), ..) => match &**json {
                        Json::Array(list) => Some(Value::List(list.clone().into())),
                        _ => None,
                    },
                    (Some(Value::Property(_)), ..) => {
                        Some(Value::Property(PropertyValue::from_json((**json).clone())))
                    }
                    _ => None,
                };
                kept.unwrap_or_else(|| inferred.clone())
            }
        }
    }
}

/// RFC 7396 with NGSI-LD Null in the place of null.
pub(super) fn merge_patch(target: &mut Json, patch: &Json) {
    let Json::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Json::Object(Map::new());
    }
    let Json::Object(object) = target else { return };
    for (key, value) in patch {
        if value.as_str() == Some(NULL) {
            object.shift_remove(key);
        } else {
            merge_patch(object.entry(key.clone()).or_insert(Json::Null), value);
        }
    }
}

/// The value `present` after the value `new` of the same kind was merged into it (5.5.12).
pub(super) fn merge_value(present: &mut Value, new: Value) {
    match (present, new) {
        (Value::Property(present), Value::Property(PropertyValue::Structured(new))) if new.is_object() => {
            let mut json = present.to_json();
            merge_patch(&mut json, &new);
            *present = PropertyValue::from_json(json);
        }
        (Value::Json(present), Value::Json(new)) => merge_patch(present, &new),
        (Value::Language(present), Value::Language(new)) => {
            for (tag, text) in *new {
                if text.as_str() == Some(NULL) {
                    present.shift_remove(&tag);
                } else {
                    present.insert(tag, text);
                }
            }
        }
        (Value::Relationship(present), Value::Relationship(new)) => present.object = new.object,
        (present, new) => *present = new,
    }
}

/// A new instance from the members of a fragment, or why there is none.
pub(super) fn new_attribute(
    name: &Name,
    dataset_id: Option<&crate::name::Uri>,
    patch: &AttributePatch,
    now: Timestamp,
) -> Result<Attribute, Error> {
    let Some(given) = &patch.value else {
        return Err(Error::bad_data(format!(
            "`{name}` is not there yet, so it needs a value"
        )));
    };
    let mut value = without_nulls(given.resolve(None));
    if let (Value::Relationship(relationship), Change::Set(types)) = (&mut value, &patch.object_type) {
        relationship.object_type = Some(Box::new(types.clone()));
    }
    let mut attribute = Attribute::new(name.clone(), value);
    attribute.dataset_id = dataset_id.cloned();
    attribute.created_at = now;
    attribute.modified_at = now;
    members(&mut attribute, patch);
    super::apply::merge_all(&mut attribute.sub_attributes, &patch.sub_attributes, None, now)?;
    Ok(attribute)
}

/// Takes the members that are neither value nor sub-attribute.
pub(super) fn members(attribute: &mut Attribute, patch: &AttributePatch) {
    patch.observed_at.apply(&mut attribute.observed_at);
    patch.unit_code.apply(&mut attribute.unit_code);
    patch.expires_at.apply(&mut attribute.expires_at);
    if let Value::Relationship(relationship) = &mut attribute.value {
        match &patch.object_type {
            Change::Keep => {}
            Change::Remove => relationship.object_type = None,
            Change::Set(types) => relationship.object_type = Some(Box::new(types.clone())),
        }
    }
}

/// A new value has nothing that its nulls could remove.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Property(PropertyValue::Structured(patch)) if patch.is_object() => {
            let mut json = Json::Null;
            merge_patch(&mut json, &patch);
            Value::Property(PropertyValue::Structured(Box::new(json)))
        }
        Value::Json(patch) => {
            let mut json = Json::Null;
            merge_patch(&mut json, &patch);
            Value::Json(Box::new(json))
        }
        Value::Language(mut map) => {
            map.retain(|_, text| text.as_str() != Some(NULL));
            Value::Language(map)
        }
        other => other,
    }
}

/// The kind a patch says, against the kind that is there: a GeoProperty is a Property too.
pub(super) fn says_other_kind(patch: &AttributePatch, present: Kind) -> Option<Kind> {
    patch.kind.filter(|kind| *kind != present)
}
