//! Entities to JSON: normalized, concise and simplified.

use serde_json::{Map, Value as Json};

use super::language;
use super::look::{Look, is_instances, look};
use super::options::{Format, WriteOptions};
use super::plain::member_of;
use super::read_value::NULL;
use crate::context::Context;
use crate::entity::{Attribute, Entity, UNSET};
use crate::geojson;
use crate::name::{NGSI_LD, Name, Uri};
use crate::time::Timestamp;
use crate::value::{Kind, OneOrMany, PropertyValue, Value};

/// The entities that relationships lead to, as they are written inside what links to them (4.5.23.2).
pub trait LinkedEntities {
    /// The entity that a relationship of the entity that is written leads to, if it is to be shown.
    fn linked(&self, relationship: &Name, target: &Uri) -> Option<Map<String, Json>>;
}

/// What is linked, where that is asked for.
type Linked<'a> = Option<&'a dyn LinkedEntities>;

/// Writes an entity, without an `@context` member.
pub fn write_entity(entity: &Entity, context: &Context, options: &WriteOptions) -> Map<String, Json> {
    entity_with(entity, context, options, None)
}

/// Writes an entity with the entities that its Relationships lead to (4.5.23.2): as `entity` and `entityList`, and in
/// simplified representation in the place of their ids.
pub fn write_entity_inline(
    entity: &Entity,
    context: &Context,
    options: &WriteOptions,
    linked: &dyn LinkedEntities,
) -> Map<String, Json> {
    entity_with(entity, context, options, Some(linked))
}

fn entity_with(
    entity: &Entity,
    context: &Context,
    options: &WriteOptions,
    linked: Linked<'_>,
) -> Map<String, Json> {
    let mut object = head(entity, context, options);
    for instances in groups(&entity.attributes) {
        if options.shows(&instances[0].name) {
            let shown: Vec<_> = instances
                .iter()
                .filter(|one| options.shows_dataset(one.dataset_id.as_ref()))
                .collect();
            if let Some(json) = attribute(&shown, context, options, linked) {
                object.insert(context.compact_name(&instances[0].name), json);
            }
        }
    }
    object
}

/// Writes the instances of one attribute: an object or value where there is one, else what the format has for
/// several. `None` where there are none.
pub fn write_attribute(instances: &[Attribute], context: &Context, options: &WriteOptions) -> Option<Json> {
    attribute(&instances.iter().collect::<Vec<_>>(), context, options, None)
}

/// `id`, `type`, `scope` and the times of the entity, as far as they are asked for.
pub(super) fn head(entity: &Entity, context: &Context, options: &WriteOptions) -> Map<String, Json> {
    let mut object = Map::with_capacity(entity.attributes.len() + 3);
    if options.shows_member("@id") {
        object.insert("id".into(), entity.id.as_str().into());
    }
    if options.shows_member("@type") {
        object.insert("type".into(), types(entity, context));
    }
    let core = |term: &str| options.shows_member(&format!("{NGSI_LD}{term}"));
    if !entity.scope.is_empty() && core("scope") {
        let scope = match &*entity.scope {
            [one] => Json::from(&**one),
            several => several.iter().map(|one| Json::from(&**one)).collect(),
        };
        object.insert("scope".into(), scope);
    }
    // Also where the representation is simplified: these are the entity's own, and have no attribute to be part of.
    if options.sys_attrs {
        for (term, instant) in [
            ("expiresAt", entity.expires_at.unwrap_or(UNSET)),
            ("createdAt", entity.created_at),
            ("modifiedAt", entity.modified_at),
            ("deletedAt", entity.deleted_at.unwrap_or(UNSET)),
        ] {
            if instant != UNSET && (options.pick.is_empty() || core(term)) {
                object.insert(term.into(), time(instant));
            }
        }
    }
    object
}

pub(super) fn types(entity: &Entity, context: &Context) -> Json {
    match &*entity.types {
        [one] => context.compact_name(one).into(),
        several => several.iter().map(|one| context.compact_name(one)).collect(),
    }
}

/// The attributes of one name at a time.
pub(super) fn groups(attributes: &[Attribute]) -> impl Iterator<Item = &[Attribute]> {
    attributes.chunk_by(|a, b| a.name == b.name)
}

pub(super) fn time(instant: Timestamp) -> Json {
    Json::String(instant.to_string())
}

fn attribute(
    instances: &[&Attribute],
    context: &Context,
    options: &WriteOptions,
    linked: Linked<'_>,
) -> Option<Json> {
    let members = |one: &Attribute| members_with(one, context, options, false, linked);
    Some(match (instances, options.format) {
        ([], _) => return None,
        ([one], Format::Simplified) => simplified(one, context, options, linked),
        ([one], Format::Normalized) => Json::Object(members(one)),
        ([one], Format::Concise) => concise(members(one), &one.value),
        (several, Format::Normalized) => several.iter().map(|one| Json::Object(members(one))).collect(),
        // An array is known as one of instances by their members, so values do not stand bare in it.
        (several, Format::Concise) => several
            .iter()
            .map(|one| Json::Object(without_type(members(one), &one.value)))
            .collect(),
        (several, Format::Simplified) => {
            let by_dataset = several.iter().map(|one| {
                let dataset = one.dataset_id.as_ref().map_or("@none", |id| id.as_str());
                (dataset.to_owned(), simplified(one, context, options, linked))
            });
            Json::Object(Map::from_iter([(
                "dataset".to_owned(),
                Json::Object(by_dataset.collect()),
            )]))
        }
    })
}

/// The members of an instance in normalized representation. `temporal`: with `instanceId`.
pub(super) fn members(
    attribute: &Attribute,
    context: &Context,
    options: &WriteOptions,
    temporal: bool,
) -> Map<String, Json> {
    members_with(attribute, context, options, temporal, None)
}

fn members_with(
    attribute: &Attribute,
    context: &Context,
    options: &WriteOptions,
    temporal: bool,
    linked: Linked<'_>,
) -> Map<String, Json> {
    let mut object = Map::with_capacity(4 + attribute.sub_attributes.len());
    let kind = attribute.value.kind();
    if let (Value::Language(map), Some(asked)) = (&attribute.value, &options.lang)
        && attribute.deletion().is_none()
        && let Some((tag, text)) = language::choose(map, asked)
    {
        object.insert("type".into(), Kind::Property.as_str().into());
        object.insert("value".into(), text.clone());
        object.insert("lang".into(), tag.into());
    } else {
        object.insert("type".into(), kind.as_str().into());
        let value = if attribute.deletion().is_some() {
            null(kind)
        } else {
            value(&attribute.value, context, options)
        };
        object.insert(kind.value_member().into(), value);
    }
    if let Value::Relationship(relationship) = &attribute.value
        && let Some(types) = &relationship.object_type
    {
        object.insert(
            "objectType".into(),
            names(types, |name| context.compact_name(name)),
        );
    }
    if let Some(linked) = linked {
        let entity = |target: &Uri| linked.linked(&attribute.name, target).map(Json::Object);
        let all = |targets: &[Uri]| targets.iter().filter_map(entity).collect::<Vec<_>>();
        match &attribute.value {
            Value::Relationship(relationship) => match &relationship.object {
                OneOrMany::One(target) => {
                    if let Some(entity) = entity(target) {
                        object.insert("entity".into(), entity);
                    }
                }
                OneOrMany::Many(targets) => {
                    let entities = all(targets);
                    if !entities.is_empty() {
                        object.insert("entity".into(), Json::Array(entities));
                    }
                }
            },
            Value::ListRelationship(targets) => {
                let entities = all(targets);
                if !entities.is_empty() {
                    object.insert("entityList".into(), Json::Array(entities));
                }
            }
            _ => {}
        }
    }
    if let Some(code) = &attribute.unit_code {
        object.insert("unitCode".into(), Json::from(&**code));
    }
    if let Some(instant) = attribute.observed_at {
        object.insert("observedAt".into(), time(instant));
    }
    if let Some(id) = &attribute.dataset_id {
        object.insert("datasetId".into(), id.as_str().into());
    }
    if let Some(id) = attribute.instance_id.as_ref().filter(|_| temporal) {
        object.insert("instanceId".into(), id.as_str().into());
    }
    if options.sys_attrs {
        for (term, instant) in [
            ("expiresAt", attribute.expires_at.unwrap_or(UNSET)),
            ("createdAt", attribute.created_at),
            ("modifiedAt", attribute.modified_at),
        ] {
            if instant != UNSET {
                object.insert(term.into(), time(instant));
            }
        }
    }
    for instances in groups(&attribute.sub_attributes) {
        if let Some(member) = member_of(&instances[0].name) {
            if let Value::Property(plain) = &instances[0].value {
                let json = match plain {
                    PropertyValue::Text(iri) if member == "valueType" => {
                        context.compact(&Name::from_iri(&**iri)).into()
                    }
                    plain => plain.to_json(),
                };
                object.insert(member.into(), json);
            }
            continue;
        }
        let shown: Vec<_> = instances.iter().collect();
        if let Some(json) = self::attribute(&shown, context, options, None) {
            object.insert(context.compact_name(&instances[0].name), json);
        }
    }
    object
}

/// The content of the value member.
fn value(value: &Value, context: &Context, options: &WriteOptions) -> Json {
    match value {
        Value::Property(value) => value.to_json(),
        Value::Relationship(relationship) => match &relationship.object {
            OneOrMany::One(target) => target.as_str().into(),
            OneOrMany::Many(targets) => targets.iter().map(|target| Json::from(target.as_str())).collect(),
        },
        Value::Geo(geo) => geojson::to_json(geo),
        Value::Language(map) => Json::Object((**map).clone()),
        Value::Json(json) => (**json).clone(),
        Value::Vocab(terms) => names(terms, |term| context.compact(term)),
        Value::List(list) => Json::Array(list.to_vec()),
        Value::ListRelationship(targets) => targets
            .iter()
            .map(|target| {
                let target = Json::from(target.as_str());
                match options.format {
                    Format::Normalized => Json::Object(Map::from_iter([("object".to_owned(), target)])),
                    Format::Concise | Format::Simplified => target,
                }
            })
            .collect(),
    }
}

fn names(names: &OneOrMany<Name>, compact: impl Fn(&Name) -> String) -> Json {
    match names {
        OneOrMany::One(name) => compact(name).into(),
        OneOrMany::Many(names) => names.iter().map(compact).collect(),
    }
}

/// NGSI-LD Null in the form that a kind asks for (4.5.0).
pub(super) fn null(kind: Kind) -> Json {
    match kind {
        Kind::LanguageProperty => Json::Object(Map::from_iter([("@none".to_owned(), Json::from(NULL))])),
        Kind::ListProperty | Kind::ListRelationship => Json::Array(vec![NULL.into()]),
        _ => NULL.into(),
    }
}

/// The members without `type` where a reader infers it.
fn without_type(mut object: Map<String, Json>, value: &Value) -> Map<String, Json> {
    let inferred = match value {
        Value::Property(PropertyValue::Structured(json)) => !geojson::is_geometry(json),
        _ => true,
    };
    // A value member named `@value` or a geometry beside it cannot be mistaken: the object is looked at as a whole.
    if inferred {
        object.shift_remove("type");
    }
    object
}

/// A lone instance in concise representation: its value alone where that says everything.
fn concise(object: Map<String, Json>, value: &Value) -> Json {
    let mut object = without_type(object, value);
    if object.len() == 1
        && let Some(json) = object.get_mut("value")
    {
        let bare = match (&*json, value) {
            (Json::Array(elements), _) => !is_instances(elements),
            (json, Value::Geo(_)) => look(json, false) == Look::Geometry,
            (json @ Json::Object(_), _) => look(json, true) == Look::Bare,
            _ => true,
        };
        if bare {
            return json.take();
        }
    }
    Json::Object(object)
}

/// The value of an instance in simplified representation (4.5.4).
fn simplified(attribute: &Attribute, context: &Context, options: &WriteOptions, linked: Linked<'_>) -> Json {
    let kind = attribute.value.kind();
    if let Some(linked) = linked.filter(|_| attribute.deletion().is_none()) {
        let entity = |target: &Uri| {
            linked
                .linked(&attribute.name, target)
                .map_or_else(|| target.as_str().into(), Json::Object)
        };
        match &attribute.value {
            Value::Relationship(relationship) => {
                return match &relationship.object {
                    OneOrMany::One(target) => entity(target),
                    OneOrMany::Many(targets) => targets.iter().map(entity).collect(),
                };
            }
            Value::ListRelationship(targets) => return targets.iter().map(entity).collect(),
            _ => {}
        }
    }
    let value = if attribute.deletion().is_some() {
        null(kind)
    } else {
        value(&attribute.value, context, options)
    };
    match (&attribute.value, &options.lang) {
        (Value::Language(map), Some(asked)) if attribute.deletion().is_none() => {
            language::choose(map, asked).map_or(Json::from(""), |(_, text)| text.clone())
        }
        (Value::Language(_) | Value::Json(_) | Value::Vocab(_), _) => {
            Json::Object(Map::from_iter([(kind.value_member().to_owned(), value)]))
        }
        _ => value,
    }
}
