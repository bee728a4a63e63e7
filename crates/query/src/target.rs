//! What a path of `q` leads to in an entity (4.9: target element, target value).

use jiff::civil::{Date, Time};
use ngsi_ld::entity::UNSET;
use ngsi_ld::name::NGSI_LD;
use ngsi_ld::query::q::Path;
use ngsi_ld::{Attribute, Entity, PropertyValue, Timestamp, Uri, Value};
use serde_json::Value as Json;

/// A single value that can be compared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Scalar<'a> {
    Number(f64),
    Text(&'a str),
    Boolean(bool),
    DateTime(Timestamp),
    Date(Date),
    Time(Time),
    /// A relationship's target, a vocabulary's term.
    Iri(&'a str),
}

/// The target value of one attribute instance.
#[derive(Debug)]
pub(crate) enum Target<'a> {
    /// One value.
    One(Scalar<'a>),
    /// An array's values, or the targets of a relationship: equal when one of them is.
    Many(Vec<Scalar<'a>>),
    /// The texts of a LanguageProperty in all languages.
    Texts(Vec<Scalar<'a>>),
    /// Something that exists and compares with nothing: an object, a geometry.
    Opaque,
}

/// Gives every target of `path` in `entity` to `visit`, until one answers `true`; whether one did.
pub(crate) fn any<'a>(entity: &'a Entity, path: &Path, visit: &mut dyn FnMut(Target<'a>) -> bool) -> bool {
    let Some((first, rest)) = path.attributes.split_first() else {
        return false;
    };
    let mut present = false;
    for attribute in entity
        .attributes
        .iter()
        .filter(|attribute| attribute.name == *first)
    {
        present = true;
        if descend(attribute, rest, &path.members, visit) {
            return true;
        }
    }
    if present || !rest.is_empty() || !path.members.is_empty() {
        return false;
    }
    entity_time(entity, first.as_str()).is_some_and(|instant| visit(Target::One(Scalar::DateTime(instant))))
}

/// Gives every value that a comparison with the attribute itself (no sub-attribute, no member) may look at.
pub(crate) fn scalars<'a>(attribute: &'a Attribute, visit: &mut dyn FnMut(Scalar<'a>)) {
    match value_target(&attribute.value, &[]) {
        Some(Target::One(scalar)) => visit(scalar),
        Some(Target::Many(scalars) | Target::Texts(scalars)) => scalars.into_iter().for_each(visit),
        Some(Target::Opaque) | None => {}
    }
}

/// Gives every entity that `path` leads to to `visit`, until one answers `true`; whether one did.
pub(crate) fn any_link(entity: &Entity, path: &Path, visit: &mut dyn FnMut(&Uri) -> bool) -> bool {
    fn follow(attributes: &[Attribute], path: &[ngsi_ld::Name], visit: &mut dyn FnMut(&Uri) -> bool) -> bool {
        let Some((first, rest)) = path.split_first() else {
            return false;
        };
        attributes
            .iter()
            .filter(|attribute| attribute.name == *first)
            .any(|attribute| {
                if rest.is_empty() {
                    attribute.targets().iter().any(&mut *visit)
                } else {
                    follow(&attribute.sub_attributes, rest, visit)
                }
            })
    }
    follow(&entity.attributes, &path.attributes, visit)
}

/// A time that the entity itself has: `createdAt`, `modifiedAt`, `expiresAt`.
pub(crate) fn entity_time(entity: &Entity, name: &str) -> Option<Timestamp> {
    let instant = match core_member(name)? {
        "createdAt" => Some(entity.created_at),
        "modifiedAt" => Some(entity.modified_at),
        "expiresAt" => entity.expires_at,
        _ => None,
    };
    instant.filter(|&instant| instant != UNSET)
}

fn descend<'a>(
    attribute: &'a Attribute,
    path: &[ngsi_ld::Name],
    members: &[String],
    visit: &mut dyn FnMut(Target<'a>) -> bool,
) -> bool {
    let Some((first, rest)) = path.split_first() else {
        return value_target(&attribute.value, members).is_some_and(visit);
    };
    if rest.is_empty()
        && members.is_empty()
        && let Some(member) = core_member(first.as_str())
        && let Some(target) = core_target(attribute, member)
    {
        return visit(target);
    }
    attribute
        .sub_attributes
        .iter()
        .filter(|sub_attribute| sub_attribute.name == *first)
        .any(|sub_attribute| descend(sub_attribute, rest, members, visit))
}

/// `https://uri.etsi.org/ngsi-ld/observedAt` → `observedAt`.
fn core_member(name: &str) -> Option<&str> {
    name.strip_prefix(NGSI_LD)
}

/// A member of an attribute that is not an attribute itself.
pub(crate) fn core_target<'a>(attribute: &'a Attribute, member: &str) -> Option<Target<'a>> {
    let text = |text: &'a str| Target::One(Scalar::Text(text));
    match member {
        "observedAt" => instant_target(attribute.observed_at),
        "createdAt" => instant_target(Some(attribute.created_at)),
        "modifiedAt" => instant_target(Some(attribute.modified_at)),
        "expiresAt" => instant_target(attribute.expires_at),
        "unitCode" => attribute.unit_code.as_deref().map(text),
        "datasetId" => attribute.dataset_id.as_ref().map(|uri| text(uri.as_str())),
        "instanceId" => attribute.instance_id.as_ref().map(|uri| text(uri.as_str())),
        _ => None,
    }
}

fn instant_target<'a>(instant: Option<Timestamp>) -> Option<Target<'a>> {
    instant
        .filter(|&instant| instant != UNSET)
        .map(|instant| Target::One(Scalar::DateTime(instant)))
}

fn value_target<'a>(value: &'a Value, members: &[String]) -> Option<Target<'a>> {
    match value {
        Value::Property(value) => property_target(value, members),
        Value::Json(json) => member_of(json, members).map(json_target),
        Value::Language(texts) => language_target(texts, members),
        Value::Geo(geo) => match members {
            [] => Some(Target::Opaque),
            [member] if member == "type" => Some(Target::One(Scalar::Text(geometry_type(&geo.geometry)))),
            _ => geo
                .source
                .as_deref()
                .and_then(|source| member_of(source, members))
                .map(json_target),
        },
        _ if !members.is_empty() => None,
        Value::Relationship(relationship) => {
            Some(iris(relationship.targets().iter().map(ngsi_ld::Uri::as_str)))
        }
        Value::ListRelationship(targets) => Some(iris(targets.iter().map(ngsi_ld::Uri::as_str))),
        Value::Vocab(terms) => Some(iris(terms.as_slice().iter().map(ngsi_ld::Name::as_str))),
        Value::List(list) => Some(Target::Many(list.iter().filter_map(json_scalar).collect())),
    }
}

fn iris<'a>(iris: impl Iterator<Item = &'a str>) -> Target<'a> {
    Target::Many(iris.map(Scalar::Iri).collect())
}

fn property_target<'a>(value: &'a PropertyValue, members: &[String]) -> Option<Target<'a>> {
    if let PropertyValue::Structured(json) = value {
        return member_of(json, members).map(json_target);
    }
    if !members.is_empty() {
        return None;
    }
    Some(Target::One(match value {
        PropertyValue::Boolean(value) => Scalar::Boolean(*value),
        PropertyValue::Integer(value) => Scalar::Number(*value as f64),
        PropertyValue::Number(value) => Scalar::Number(*value),
        PropertyValue::Text(text) => Scalar::Text(text),
        PropertyValue::Structured(_) => return None,
    }))
}

/// What a path of members leads to.
pub(crate) fn member_of<'a>(json: &'a Json, members: &[String]) -> Option<&'a Json> {
    members
        .iter()
        .try_fold(json, |json, member| json.as_object()?.get(member))
}

fn json_target(json: &Json) -> Target<'_> {
    match json {
        Json::Array(array) => Target::Many(array.iter().filter_map(json_scalar).collect()),
        json => json_scalar(json).map_or(Target::Opaque, Target::One),
    }
}

/// A JSON value that can be compared; `None` of arrays, objects and null.
pub(crate) fn json_scalar(json: &Json) -> Option<Scalar<'_>> {
    match json {
        Json::Null | Json::Array(_) => None,
        Json::Bool(value) => Some(Scalar::Boolean(*value)),
        Json::Number(number) => number.as_f64().map(Scalar::Number),
        Json::String(text) => Some(Scalar::Text(text)),
        Json::Object(object) => {
            let value = object.get("@value")?;
            let Json::String(text) = value else {
                return json_scalar(value).filter(|_| !value.is_object());
            };
            Some(typed(
                text,
                object.get("@type").and_then(Json::as_str).unwrap_or(""),
            ))
        }
    }
}

/// A string with a datatype (4.6.3): its `@type`, or the `valueType` beside it.
pub(crate) fn typed<'a>(text: &'a str, datatype: &str) -> Scalar<'a> {
    match datatype.strip_prefix(NGSI_LD).unwrap_or(datatype) {
        "DateTime" => Timestamp::parse(text).map_or(Scalar::Text(text), Scalar::DateTime),
        "Date" => date(text).map_or(Scalar::Text(text), Scalar::Date),
        "Time" => time(text).map_or(Scalar::Text(text), Scalar::Time),
        _ => Scalar::Text(text),
    }
}

/// The `valueType` of an attribute, expanded; nothing where it has none.
pub(crate) fn value_type(attribute: &Attribute) -> &str {
    attribute
        .sub_attributes
        .iter()
        .find(|sub_attribute| core_member(sub_attribute.name.as_str()) == Some("hasValueType"))
        .and_then(Attribute::as_str)
        .unwrap_or("")
}

/// `2026-05-01`.
pub(crate) fn date(text: &str) -> Option<Date> {
    text.parse().ok().filter(|_| text.len() == 10)
}

/// `12:00:00Z`.
pub(crate) fn time(text: &str) -> Option<Time> {
    text.strip_suffix('Z')
        .filter(|time| time.len() >= 8)?
        .parse()
        .ok()
}

fn language_target<'a>(texts: &'a serde_json::Map<String, Json>, members: &[String]) -> Option<Target<'a>> {
    let strings = |json: &'a Json| match json {
        Json::Array(array) => array.iter().filter_map(json_scalar).collect(),
        json => Vec::from_iter(json_scalar(json)),
    };
    match members {
        [] => Some(Target::Texts(texts.values().flat_map(strings).collect())),
        [any] if any == "*" => Some(Target::Texts(texts.values().flat_map(strings).collect())),
        [language] => texts
            .iter()
            .find(|(tag, _)| tag.eq_ignore_ascii_case(language))
            .map(|(_, json)| json_target(json)),
        _ => None,
    }
}

fn geometry_type(geometry: &geo_types::Geometry<f64>) -> &'static str {
    use geo_types::Geometry as G;
    match geometry {
        G::Point(_) => "Point",
        G::Line(_) | G::LineString(_) => "LineString",
        G::Polygon(_) | G::Rect(_) | G::Triangle(_) => "Polygon",
        G::MultiPoint(_) => "MultiPoint",
        G::MultiLineString(_) => "MultiLineString",
        G::MultiPolygon(_) => "MultiPolygon",
        G::GeometryCollection(_) => "GeometryCollection",
    }
}
