//! The value of an attribute, by kind.

use std::sync::Arc;

use serde_json::Value as Json;

use super::names::{NAME_REMEDY, is_name};
use super::path::Path;
use crate::context::Context;
use crate::error::Error;
use crate::geojson;
use crate::name::{Name, Uri};
use crate::value::{Kind, OneOrMany, PropertyValue, Relationship, Value};

/// NGSI-LD Null (4.5.0).
pub(super) const NULL: &str = "urn:ngsi-ld:null";

pub(super) fn is_null(json: &Json) -> bool {
    json.as_str() == Some(NULL)
}

/// Whether NGSI-LD Null stands for the value of an attribute of this kind, in the form the kind asks for.
pub(super) fn is_null_value(kind: Kind, json: &Json) -> bool {
    is_null(json)
        || match (kind, json) {
            (Kind::LanguageProperty, Json::Object(map)) => {
                map.len() == 1 && map.get("@none").is_some_and(is_null)
            }
            (Kind::ListProperty | Kind::ListRelationship, Json::Array(list)) => {
                list.len() == 1 && (is_null(&list[0]) || list[0].get("object").is_some_and(is_null))
            }
            _ => false,
        }
}

/// Whether NGSI-LD Null stands anywhere inside.
pub(super) fn holds_null(json: &Json) -> bool {
    match json {
        Json::Array(elements) => elements.iter().any(holds_null),
        Json::Object(object) => object.values().any(holds_null),
        other => is_null(other),
    }
}

/// The kind that `value` tells by its look: a geometry makes a GeoProperty.
pub(super) fn kind_of_value(json: &Json) -> Kind {
    if geojson::is_geometry(json) {
        Kind::GeoProperty
    } else {
        Kind::Property
    }
}

/// Reads the content of the value member of an attribute of `kind`. `lang` lets a text be a languageMap.
pub(super) fn value(
    kind: Kind,
    json: &Json,
    context: &Context,
    lang: Option<&str>,
    path: &Path<'_>,
) -> Result<Value, Error> {
    if json.is_null() {
        return path.refuse(
            "null is no value in NGSI-LD (4.5.0); leave the attribute out, or say `urn:ngsi-ld:null` where a change deletes",
        );
    }
    Ok(match kind {
        Kind::Property => Value::Property(PropertyValue::from_json(json.clone())),
        Kind::GeoProperty => {
            // A geometry may come as text, so that JSON-LD tools leave it alone (4.7.1).
            let parsed = json
                .as_str()
                .and_then(|text| serde_json::from_str::<Json>(text).ok());
            let json = parsed.as_ref().filter(|json| json.is_object()).unwrap_or(json);
            if json.get("type").and_then(Json::as_str) == Some("GeometryCollection") {
                return path.refuse(
                    "a GeometryCollection cannot be the value of a GeoProperty (4.7.1); use MultiPoint, \
                     MultiLineString or MultiPolygon",
                );
            }
            Value::Geo(Arc::new(
                geojson::from_json(json).map_err(|error| path.error(error.detail))?,
            ))
        }
        Kind::Relationship => Value::Relationship(Relationship {
            object: targets(json, path)?,
            object_type: None,
        }),
        Kind::LanguageProperty => language(json, lang, path)?,
        Kind::JsonProperty if json.is_object() || json.is_array() => Value::Json(Box::new(json.clone())),
        Kind::JsonProperty => {
            return path
                .refuse("a JsonProperty holds an object or an array (4.5.24); a Property holds the rest");
        }
        Kind::VocabProperty => Value::Vocab(terms(json, context, path)?),
        Kind::ListProperty => match json {
            Json::Array(list) => Value::List(list.clone().into()),
            _ => return path.refuse("a ListProperty holds an array"),
        },
        Kind::ListRelationship => match json {
            Json::Array(list) => {
                let list: Result<Vec<_>, _> = list
                    .iter()
                    .enumerate()
                    .map(|(index, target)| {
                        uri(target.get("object").unwrap_or(target), &Path::Index(path, index))
                    })
                    .collect();
                Value::ListRelationship(list?.into())
            }
            _ => return path.refuse("a ListRelationship holds an array of `{\"object\": URI}` or URIs"),
        },
    })
}

pub(super) fn uri(json: &Json, path: &Path<'_>) -> Result<Uri, Error> {
    let Some(text) = json.as_str() else {
        return path.refuse("it takes a URI, such as `urn:ngsi-ld:Vehicle:A4567`, as a string");
    };
    Uri::parse(text).map_err(|error| path.error(error))
}

fn targets(json: &Json, path: &Path<'_>) -> Result<OneOrMany<Uri>, Error> {
    match json {
        Json::Array(list) if list.is_empty() => path.refuse("a Relationship needs at least one target"),
        Json::Array(list) => {
            let list: Result<Vec<_>, _> = list
                .iter()
                .enumerate()
                .map(|(index, one)| uri(one, &Path::Index(path, index)))
                .collect();
            Ok(OneOrMany::Many(list?.into()))
        }
        one => uri(one, path).map(OneOrMany::One),
    }
}

fn language(json: &Json, lang: Option<&str>, path: &Path<'_>) -> Result<Value, Error> {
    let map = match (json, lang) {
        (Json::Object(map), _) => map.clone(),
        (Json::String(_), Some(lang)) => serde_json::Map::from_iter([(lang.to_owned(), json.clone())]),
        _ => {
            return path.refuse("a languageMap is an object: language tags (RFC 5646, or `@none`) and texts");
        }
    };
    for (tag, text) in &map {
        let path = Path::Key(path, tag);
        let is_tag =
            !tag.is_empty() && tag.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') || tag == "@none";
        if !is_tag {
            return path
                .refuse("that is no language tag; use one of RFC 5646, such as `sw` or `pt-BR`, or `@none`");
        }
        let is_text = match text {
            Json::String(_) => true,
            Json::Array(texts) => texts.iter().all(Json::is_string),
            _ => false,
        };
        if !is_text {
            return path.refuse("a language has a string or an array of strings");
        }
    }
    Ok(Value::Language(Box::new(map)))
}

/// Names under a member of type `@vocab`: `vocab`, `objectType`, `type`.
pub(super) fn terms(json: &Json, context: &Context, path: &Path<'_>) -> Result<OneOrMany<Name>, Error> {
    let term = |json: &Json, path: &Path<'_>| match json.as_str() {
        Some(text) if !text.is_empty() && !text.starts_with('@') => Ok(context.expand(text)),
        _ => path.refuse("it takes a term, or an array of terms, as strings"),
    };
    match json {
        Json::Array(list) if !list.is_empty() => {
            let list: Result<Vec<_>, _> = list
                .iter()
                .enumerate()
                .map(|(index, one)| term(one, &Path::Index(path, index)))
                .collect();
            Ok(OneOrMany::Many(list?.into()))
        }
        one => term(one, path).map(OneOrMany::One),
    }
}

/// Entity types: names that are not keywords, each once.
pub(super) fn types(json: &Json, context: &Context, path: &Path<'_>) -> Result<Vec<Name>, Error> {
    let one = |json: &Json, path: &Path<'_>| {
        let Some(text) = json.as_str() else {
            return path.refuse("a type is a string, or an array of strings");
        };
        if !is_name(text) {
            return path.refuse(format_args!(
                "`{}` is no type name: {NAME_REMEDY}",
                super::short(text)
            ));
        }
        let name = context.expand(text);
        if name.as_str().starts_with('@') {
            return path.refuse(format_args!("`{text}` is a keyword, not a type"));
        }
        Ok(name)
    };
    let Json::Array(list) = json else {
        return Ok(vec![one(json, path)?]);
    };
    let mut types: Vec<Name> = Vec::with_capacity(list.len());
    for (index, json) in list.iter().enumerate() {
        let name = one(json, &Path::Index(path, index))?;
        if !types.contains(&name) {
            types.push(name);
        }
    }
    if types.is_empty() {
        path.refuse("an entity has at least one type")
    } else {
        Ok(types)
    }
}
