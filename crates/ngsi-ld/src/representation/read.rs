//! JSON to entities and fragments.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::instance::Instance;
use super::names::is_scope;
use super::path::Path;
use super::read_value::{NULL, holds_null, is_null, types, uri};
use super::reader::{Mode, Reader};
use super::scope_evolution;
use super::short;
use crate::context::Context;
use crate::entity::{Attribute, Entity, UNSET};
use crate::error::Error;
use crate::fragment::{AttributeFragment, Change, Fragment, ValuePatch};
use crate::geojson;
use crate::name::{Name, Uri};
use crate::time::Timestamp;
use crate::value::{Kind, PropertyValue, Value};

/// How deep a document may be nested.
const MAX_DEPTH: usize = 64;

/// Reads an entity in normalized or concise representation (4.5.1 to 4.5.3). An `@context` member is ignored: the
/// caller has compiled it into `context`. `createdAt` and `modifiedAt` are read; a twin sets its own.
pub fn read_entity(json: &Json, context: &Context) -> Result<Entity, Error> {
    whole(
        json,
        &Reader {
            context,
            mode: Mode::Entity,
            simplified: false,
            lang: None,
        },
    )
}

/// Reads an entity in simplified representation (4.5.4). What it does not tell, the @context may: a term of
/// `@type` `@id` is a Relationship, one of `@vocab` a VocabProperty; everything else is a Property, or a
/// GeoProperty where it looks like a geometry.
pub fn read_entity_simplified(json: &Json, context: &Context) -> Result<Entity, Error> {
    whole(
        json,
        &Reader {
            context,
            mode: Mode::Entity,
            simplified: true,
            lang: None,
        },
    )
}

/// Reads the temporal evolution of an entity (4.5.6): each attribute is one instance or an array of instances, or in
/// the simplified temporal representation (4.5.9) a series of data points. The instances of a Scope stand among those of the attributes, see [`super::scope_name`].
pub fn read_temporal(json: &Json, context: &Context) -> Result<Entity, Error> {
    whole(
        json,
        &Reader {
            context,
            mode: Mode::Temporal,
            simplified: false,
            lang: None,
        },
    )
}

/// Reads instances to add to an evolution, without `id` and `type` (5.6.12): `{"speed": [{…}, …], …}`.
pub fn read_temporal_attributes(json: &Json, context: &Context) -> Result<Vec<Attribute>, Error> {
    let reader = Reader {
        context,
        mode: Mode::Temporal,
        simplified: false,
        lang: None,
    };
    let members = Members::read(top(json, "it holds attributes with their instances")?, &reader)?;
    Ok(members
        .instances
        .into_iter()
        .filter_map(Instance::into_attribute)
        .collect())
}

fn whole(json: &Json, reader: &Reader<'_>) -> Result<Entity, Error> {
    let object = top(json, "an entity is an object with `id` and `type`")?;
    let members = Members::read(object, reader)?;
    let Some(id) = members.id else {
        return Path::Root.refuse("`/id` is missing: every entity has a URI as its id");
    };
    if members.types.is_empty() {
        return Path::Root.refuse("`/type` is missing: every entity has at least one type");
    }
    Ok(Entity {
        id,
        types: members.types,
        scope: members.scope.unwrap_or_default(),
        created_at: members.created_at.unwrap_or(UNSET),
        modified_at: members.modified_at.unwrap_or(UNSET),
        expires_at: members.expires_at.set(),
        deleted_at: None,
        attributes: members
            .instances
            .into_iter()
            .filter_map(Instance::into_attribute)
            .collect(),
    })
}

/// Reads one whole attribute instance, or an array of instances, as `PUT …/attrs/{name}` and the temporal
/// `POST …/attrs/{name}` carry it. `name` is as in the URL; it is expanded.
pub fn read_attribute(name: &str, json: &Json, context: &Context) -> Result<Vec<Attribute>, Error> {
    let reader = Reader {
        context,
        mode: Mode::Entity,
        simplified: false,
        lang: None,
    };
    check_depth(json)?;
    let name = reader.attribute_name(name, false, &Path::Key(&Path::Root, name))?;
    let mut instances = Vec::new();
    match json {
        Json::Object(object) => instances.push(reader.instance(&name, object, &Path::Root)?),
        other => reader.attribute(&name, "", other, &Path::Root, &mut instances)?,
    }
    Ok(instances
        .into_iter()
        .filter_map(Instance::into_attribute)
        .collect())
}

/// How a fragment is written, and what its operation says once for all attributes (5.6.17).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FragmentOptions {
    /// Simplified representation: the kinds of present attributes are kept.
    pub simplified: bool,
    /// The common language of texts for LanguageProperties.
    pub lang: Option<String>,
    /// The common `observedAt`.
    pub observed_at: Option<Timestamp>,
}

/// Reads an entity fragment, normalized or concise, with `urn:ngsi-ld:null` for what goes (4.5.0). An `id` in it
/// is ignored: the operation names the entity.
pub fn read_fragment(json: &Json, context: &Context) -> Result<Fragment, Error> {
    read_fragment_with(json, context, &FragmentOptions::default())
}

/// The same, with options.
pub fn read_fragment_with(
    json: &Json,
    context: &Context,
    options: &FragmentOptions,
) -> Result<Fragment, Error> {
    let lang = options.lang.as_deref();
    let reader = Reader {
        context,
        mode: Mode::Fragment,
        simplified: options.simplified,
        lang,
    };
    let members = Members::read(
        top(json, "an entity fragment is an object with attributes")?,
        &reader,
    )?;
    Ok(Fragment {
        types: members.types,
        scope: members.scope,
        expires_at: members.expires_at,
        observed_at: options.observed_at,
        attributes: members
            .instances
            .into_iter()
            .map(Instance::into_fragment)
            .collect(),
    })
}

/// Reads the fragment of one attribute, as `PATCH …/attrs/{name}` carries it (5.6.4). `name` is as in the URL.
pub fn read_attribute_fragment(
    name: &str,
    json: &Json,
    context: &Context,
) -> Result<AttributeFragment, Error> {
    let reader = Reader {
        context,
        mode: Mode::Fragment,
        simplified: false,
        lang: None,
    };
    let object = top(
        json,
        "an attribute fragment is an object with members of the attribute",
    )?;
    let name = reader.attribute_name(name, false, &Path::Key(&Path::Root, name))?;
    let instance = reader.instance(&name, object, &Path::Root)?;
    // The value is replaced whole (5.5.8): there is nothing for a null inside it to remove.
    if let Some(ValuePatch::Typed(Value::Property(value))) = &instance.patch.value
        && holds_null(&value.to_json())
    {
        return Path::Key(&Path::Root, "value").refuse(format_args!(
            "`{NULL}` inside a value removes nothing here, since the value is replaced whole (5.5.8); merge the entity \
             instead"
        ));
    }
    Ok(instance.into_fragment())
}

fn top<'j>(json: &'j Json, what: &str) -> Result<&'j Map<String, Json>, Error> {
    check_depth(json)?;
    match json {
        Json::Object(object) if object.keys().any(|key| key != "@context") => Ok(object),
        Json::Object(_) => Path::Root.refuse(format_args!("the object is empty: {what}")),
        _ => Path::Root.refuse(format_args!("that is no object: {what}")),
    }
}

fn check_depth(json: &Json) -> Result<(), Error> {
    fn within(json: &Json, left: usize) -> bool {
        match json {
            Json::Array(elements) => left > 0 && elements.iter().all(|element| within(element, left - 1)),
            Json::Object(object) => left > 0 && object.values().all(|value| within(value, left - 1)),
            _ => true,
        }
    }
    if within(json, MAX_DEPTH) {
        Ok(())
    } else {
        Path::Root.refuse(format_args!(
            "the document is nested more than {MAX_DEPTH} deep; flatten it"
        ))
    }
}

/// The members of an entity.
#[derive(Default)]
struct Members {
    id: Option<Uri>,
    types: Vec<Name>,
    scope: Option<Vec<Box<str>>>,
    expires_at: Change<Timestamp>,
    created_at: Option<Timestamp>,
    modified_at: Option<Timestamp>,
    instances: Vec<Instance>,
}

impl Members {
    fn read(object: &Map<String, Json>, reader: &Reader<'_>) -> Result<Self, Error> {
        let mut members = Self::default();
        let mut scopes = Vec::new();
        let mut instances = reader.attributes(object, false, &Path::Root, |key, json, path| {
            match key {
                "@context" | "deletedAt" => {}
                "id" | "@id" if is_null(json) => {
                    return path.refuse(format_args!("`{NULL}` is no id of an entity (5.5.4)"));
                }
                "id" | "@id" => members.id = Some(uri(json, path)?),
                "type" | "@type" => members.types = types(json, reader.context, path)?,
                "scope" if reader.mode == Mode::Temporal && scope_evolution::is_evolution(json) => {
                    scopes = scope_evolution::read(json, reader, path)?;
                }
                "scope" => members.scope = Some(scope(json, reader, path)?),
                "expiresAt" => members.expires_at = reader.instant(json, path)?,
                // Set by the system: what a client says is of no weight, so its form is not either.
                "createdAt" => members.created_at = reader.instant(json, path).ok().and_then(Change::set),
                "modifiedAt" => members.modified_at = reader.instant(json, path).ok().and_then(Change::set),
                _ if key.starts_with('@') => {
                    return path.refuse("that JSON-LD keyword has no place in an entity; leave it out");
                }
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        for instance in &mut instances {
            let core = instance.name.as_str().strip_prefix(crate::name::NGSI_LD);
            let term = ["location", "observationSpace", "operationSpace"]
                .into_iter()
                .find(|term| core == Some(term));
            if let Some(term) = term {
                as_geo_property(instance, &Path::Key(&Path::Root, term))?;
            }
        }
        instances.extend(scopes);
        members.instances = instances;
        Ok(members)
    }
}

/// The core's own GeoProperties (4.7.1). Much published data calls them Property: a geometry makes up for that.
fn as_geo_property(instance: &mut Instance, path: &Path<'_>) -> Result<(), Error> {
    if let Some(ValuePatch::Typed(Value::Property(PropertyValue::Structured(json)))) = &instance.patch.value
        && geojson::is_geometry(json)
    {
        let geo = geojson::from_json(json).map_err(|error| path.error(error.detail))?;
        instance.patch.value = Some(ValuePatch::Typed(Value::Geo(Arc::new(geo))));
        instance.patch.kind = Some(Kind::GeoProperty);
    }
    if instance.patch.kind.is_some_and(|kind| kind != Kind::GeoProperty) {
        return path.refuse("it is a GeoProperty by definition (4.7.1); give it a GeoJSON geometry");
    }
    Ok(())
}

/// `scope`: a text, or several.
pub(super) fn scope(json: &Json, reader: &Reader<'_>, path: &Path<'_>) -> Result<Vec<Box<str>>, Error> {
    match json {
        Json::String(text) if text == NULL && reader.mode == Mode::Fragment => Ok(Vec::new()),
        Json::String(text) if is_scope(text) => Ok(vec![text.as_str().into()]),
        Json::String(text) => path.refuse(format_args!(
            "`{}` is no Scope; write `/Nairobi/Westlands`: levels of letters, numbers and `_` (4.18)",
            short(text)
        )),
        Json::Array(list) => {
            let mut scopes: Vec<Box<str>> = Vec::with_capacity(list.len());
            for (index, one) in list.iter().enumerate() {
                let path = Path::Index(path, index);
                if one.is_array() {
                    return path.refuse("a Scope is a text");
                }
                for one in scope(one, reader, &path)? {
                    if !scopes.contains(&one) {
                        scopes.push(one);
                    }
                }
            }
            Ok(scopes)
        }
        _ => path.refuse("a Scope is a text such as `/Nairobi/Westlands`, or an array of these"),
    }
}
