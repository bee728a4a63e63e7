//! Reads attributes: normalized, concise or simplified, whole or in part.

use serde_json::{Map, Value as Json};

use super::instance::Instance;
use super::look::{Look, is_instances, kind_of_member, kind_of_type, look, type_of};
use super::names::{NAME_REMEDY, is_name, is_reserved};
use super::path::Path;
use super::plain::plain_member;
use super::read_series;
use super::read_value::{NULL, holds_null, is_null, is_null_value, kind_of_value, terms, uri, value};
use super::{date_time, short};
use crate::context::{Coercion, Context};
use crate::error::Error;
use crate::fragment::{Change, ValuePatch};
use crate::name::{Name, Uri};
use crate::time::Timestamp;
use crate::value::{Kind, OneOrMany, Value};

/// How many attributes an entity, or sub-attributes an attribute, may have.
const MAX_ATTRIBUTES: usize = 1000;
/// How many instances they may have in all, except of the past: what is done with them takes time that grows with
/// the square of it.
const MAX_INSTANCES: usize = 4096;

/// Members that only notifications have (5.2.5).
const PREVIOUS: [&str; 7] = [
    "previousValue",
    "previousObject",
    "previousLanguageMap",
    "previousJson",
    "previousVocab",
    "previousValueList",
    "previousObjectList",
];

/// What is being read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// A whole entity: values are needed, nulls are not allowed.
    Entity,
    /// A part of one: NGSI-LD Null removes.
    Fragment,
    /// The evolution of one: many instances, NGSI-LD Null with `deletedAt` says that it was deleted.
    Temporal,
}

pub(super) struct Reader<'a> {
    pub(super) context: &'a Context,
    pub(super) mode: Mode,
    pub(super) simplified: bool,
    pub(super) lang: Option<&'a str>,
}

impl Reader<'_> {
    /// Reads the members of an entity, or `inside` an instance, that are attributes: `take` sees each member first
    /// and says whether it was something else.
    pub(super) fn attributes(
        &self,
        object: &Map<String, Json>,
        inside: bool,
        path: &Path<'_>,
        mut take: impl FnMut(&str, &Json, &Path<'_>) -> Result<bool, Error>,
    ) -> Result<Vec<Instance>, Error> {
        if object.len() > MAX_ATTRIBUTES + 32 {
            return path.refuse(format_args!(
                "there are more than {MAX_ATTRIBUTES} attributes; split the entity"
            ));
        }
        let mut instances: Vec<Instance> = Vec::with_capacity(object.len());
        // Where each name starts: two members can expand to one name.
        let mut starts: Vec<usize> = Vec::new();
        for (key, json) in object {
            let path = Path::Key(path, key);
            if take(key, json, &path)? {
                continue;
            }
            let name = self.attribute_name(key, inside, &path)?;
            let doubled = starts.iter().any(|start| instances[*start].name == name);
            if doubled {
                return path.refuse(format_args!(
                    "it names `{name}`, as another member does; keep one of them"
                ));
            }
            let start = instances.len();
            if self.mode == Mode::Temporal && !inside && read_series::is_series(json) {
                self.series(&name, json, &path, &mut instances)?;
            } else {
                self.attribute(&name, key, json, &path, &mut instances)?;
            }
            if instances.len() > start {
                starts.push(start);
            }
            if self.mode != Mode::Temporal && instances.len() > MAX_INSTANCES {
                return path.refuse(format_args!(
                    "there are more than {MAX_INSTANCES} attribute instances; split the entity"
                ));
            }
            if starts.len() > MAX_ATTRIBUTES {
                return path.refuse(format_args!(
                    "there are more than {MAX_ATTRIBUTES} attributes; split the entity"
                ));
            }
        }
        Ok(instances)
    }

    pub(super) fn attribute_name(&self, key: &str, inside: bool, path: &Path<'_>) -> Result<Name, Error> {
        if !is_name(key) {
            return path.refuse(format_args!("that is no attribute name: {NAME_REMEDY}"));
        }
        let name = self.context.expand(key);
        if is_reserved(&name, inside) || key == "valueType" {
            return path.refuse(
                "that is a member of entities or attributes and cannot be an attribute itself (4.5.1)",
            );
        }
        if name.as_str().starts_with('@') {
            return path.refuse("the @context makes a keyword of it; rename it");
        }
        Ok(name)
    }

    /// Reads what stands under an attribute's name: one instance, several, or a bare value.
    pub(super) fn attribute(
        &self,
        name: &Name,
        key: &str,
        json: &Json,
        path: &Path<'_>,
        out: &mut Vec<Instance>,
    ) -> Result<(), Error> {
        if is_null(json) {
            if self.mode != Mode::Fragment {
                return path.refuse(format_args!(
                    "`{NULL}` only removes what is there; leave the attribute out"
                ));
            }
            let mut instance = Instance::new(name.clone());
            instance.removed = true;
            out.push(instance);
            return Ok(());
        }
        if self.simplified {
            return self.simplified_attribute(name, key, json, path, out);
        }
        match json {
            Json::Array(elements) if self.mode == Mode::Temporal || is_instances(elements) => {
                if self.mode != Mode::Temporal && elements.len() > MAX_ATTRIBUTES {
                    return path.refuse(format_args!("there are more than {MAX_ATTRIBUTES} instances"));
                }
                let start = out.len();
                for (index, element) in elements.iter().enumerate() {
                    let path = Path::Index(path, index);
                    let Json::Object(object) = element else {
                        return path
                            .refuse("an instance of an attribute is an object with `type` and a value");
                    };
                    let instance = self.instance(name, object, &path)?;
                    let doubled = self.mode != Mode::Temporal
                        && out[start..]
                            .iter()
                            .any(|other| other.dataset_id == instance.dataset_id);
                    if doubled {
                        return path.refuse(match instance.dataset_id {
                            None => "there are two default instances; give one a `datasetId`".to_owned(),
                            Some(id) => format!("there are two instances of `{id}`; keep one (4.5.5)"),
                        });
                    }
                    out.push(instance);
                }
            }
            Json::Object(object) if look(json, self.mode == Mode::Fragment) == Look::Instance => {
                out.push(self.instance(name, object, path)?);
            }
            bare => out.push(self.bare(name, bare, path)?),
        }
        Ok(())
    }

    /// A bare value in concise representation: a Property or a GeoProperty. In a fragment it may turn out to be
    /// the value of another kind (5.6.17).
    fn bare(&self, name: &Name, json: &Json, path: &Path<'_>) -> Result<Instance, Error> {
        let inferred = self.checked_value(kind_of_value(json), json, path)?;
        if is_proof(name) && !is_null(json) && !is_object(&inferred) {
            return path.refuse(NO_PROOF);
        }
        if self.mode != Mode::Fragment {
            return Ok(Instance::with_value(name.clone(), inferred));
        }
        let mut instance = Instance::new(name.clone());
        instance.patch.value = Some(self.untyped(json, inferred));
        Ok(instance)
    }

    fn untyped(&self, json: &Json, inferred: Value) -> ValuePatch {
        let targets = match json {
            Json::String(text) => Uri::parse(text).ok().map(OneOrMany::One),
            Json::Array(list) if !list.is_empty() => list
                .iter()
                .map(|one| one.as_str().and_then(|text| Uri::parse(text).ok()))
                .collect::<Option<Vec<_>>>()
                .map(|list| OneOrMany::Many(list.into())),
            _ => None,
        };
        ValuePatch::Simplified {
            json: Box::new(json.clone()),
            inferred,
            targets,
            terms: terms(json, self.context, &Path::Root).ok(),
            lang: self.lang.map(Into::into),
        }
    }

    fn simplified_attribute(
        &self,
        name: &Name,
        key: &str,
        json: &Json,
        path: &Path<'_>,
        out: &mut Vec<Instance>,
    ) -> Result<(), Error> {
        if let Json::Object(object) = json
            && object.len() == 1
            && let Some(Json::Object(sets)) = object.get("dataset")
        {
            for (dataset, json) in sets {
                let path = Path::Key(path, dataset);
                let mut instance = self.simplified_value(name, key, json, &path)?;
                instance.dataset_id = Self::dataset_id(&Json::from(dataset.as_str()), &path)?;
                out.push(instance);
            }
            return Ok(());
        }
        out.push(self.simplified_value(name, key, json, path)?);
        Ok(())
    }

    fn simplified_value(
        &self,
        name: &Name,
        key: &str,
        json: &Json,
        path: &Path<'_>,
    ) -> Result<Instance, Error> {
        if let Json::Object(object) = json
            && object.len() == 1
            && let Some((member, inner)) = object.iter().next()
            && let Some(kind @ (Kind::LanguageProperty | Kind::JsonProperty | Kind::VocabProperty)) =
                kind_of_member(member)
        {
            let path = Path::Key(path, member);
            if is_proof(name) {
                return path.refuse(NO_PROOF);
            }
            return Ok(Instance::with_value(
                name.clone(),
                self.checked_value(kind, inner, &path)?,
            ));
        }
        let mut instance = self.bare(name, json, path)?;
        if self.mode == Mode::Fragment {
            return Ok(instance);
        }
        let told = match self.context.coercion(key) {
            Coercion::Id => Kind::Relationship,
            Coercion::Vocab => Kind::VocabProperty,
            _ => return Ok(instance),
        };
        // What the @context tells is taken where the value can be that.
        if let Ok(value) = value(told, json, self.context, self.lang, path) {
            instance = Instance::with_value(name.clone(), value);
        }
        Ok(instance)
    }

    fn checked_value(&self, kind: Kind, json: &Json, path: &Path<'_>) -> Result<Value, Error> {
        if self.mode != Mode::Fragment && holds_null(json) {
            return path.refuse(format_args!(
                "`{NULL}` only removes what is there, and there is nothing yet (5.5.4)"
            ));
        }
        value(kind, json, self.context, self.lang, path)
    }

    /// Reads one instance: an object with members.
    pub(super) fn instance(
        &self,
        name: &Name,
        object: &Map<String, Json>,
        path: &Path<'_>,
    ) -> Result<Instance, Error> {
        let kind = match type_of(object) {
            None => None,
            Some(json) => match json.as_str().and_then(kind_of_type) {
                Some(kind) => Some(kind),
                None => {
                    return Path::Key(path, "type").refuse(format_args!(
                        "{} is no kind of attribute; it is Property, Relationship, GeoProperty, LanguageProperty, \
                         JsonProperty, VocabProperty, ListProperty or ListRelationship",
                        short(&json.to_string())
                    ));
                }
            },
        };
        let mut instance = Instance::new(name.clone());
        instance.patch.kind = kind;
        let mut extra = Vec::new();
        let found = self.attributes(object, true, path, |key, json, path| {
            self.member(&mut instance, key, json, path, &mut extra)
        })?;
        // Also where no `type` says so.
        if (kind == Some(Kind::LanguageProperty) || object.contains_key("languageMap"))
            && let Some(told) = object.get("valueType")
            && told.as_str().is_some_and(|told| told != "langString")
        {
            return Path::Key(path, "valueType")
                .refuse("that of a LanguageProperty is `langString` (Table 5.2.32-1); leave it out");
        }
        instance.sub_instances = found;
        instance.sub_instances.extend(extra);
        self.complete(instance, path)
    }

    /// Takes a member of an instance that is no sub-attribute.
    fn member(
        &self,
        instance: &mut Instance,
        key: &str,
        json: &Json,
        path: &Path<'_>,
        extra: &mut Vec<Instance>,
    ) -> Result<bool, Error> {
        let patch = &mut instance.patch;
        match key {
            // The kind was read before.
            "type" | "@type" | "entity" | "entityList" => {}
            "datasetId" => instance.dataset_id = Self::dataset_id(json, path)?,
            "observedAt" => patch.observed_at = self.instant(json, path)?,
            "expiresAt" => patch.expires_at = self.instant(json, path)?,
            "unitCode" => {
                patch.unit_code = match json.as_str() {
                    Some(NULL) if self.mode == Mode::Fragment => Change::Remove,
                    Some(code) if !code.is_empty() => Change::Set(code.into()),
                    _ => return path.refuse("a unit is a UN/CEFACT code as a string, such as `KMH`"),
                }
            }
            "objectType" => {
                patch.object_type = match json.as_str() {
                    Some(NULL) if self.mode == Mode::Fragment => Change::Remove,
                    _ => Change::Set(terms(json, self.context, path)?),
                }
            }
            // Set by the system (5.2.2): what a client says is of no weight, so its form is not either.
            "createdAt" => instance.created_at = self.instant(json, path).ok().and_then(Change::set),
            "modifiedAt" => instance.modified_at = self.instant(json, path).ok().and_then(Change::set),
            // Only an evolution tells of what is not there any more.
            "deletedAt" if self.mode != Mode::Temporal => {}
            "instanceId" => instance.instance_id = Some(uri(json, path)?),
            "deletedAt" | "valueType" | "lang" | "entityIdSealed" | "entityTypeSealed" => {
                let Some(text) = json.as_str() else {
                    return path.refuse("it takes a string");
                };
                // Coerced to a URI by the @context (4.5.2.2).
                let held = if key == "valueType" && !is_null(json) {
                    Json::from(self.context.expand(text).as_str())
                } else {
                    json.clone()
                };
                let Some(attribute) = plain_member(key, held) else {
                    return Ok(false);
                };
                if key.ends_with("Sealed") && !is_proof(&instance.name) {
                    return path.refuse("only `ngsildproof` has it (4.5.2.2); leave it out");
                }
                let mut plain = Instance::with_value(attribute.name, attribute.value);
                plain.removed = self.mode == Mode::Fragment && is_null(json);
                extra.push(plain);
            }
            "@context" if matches!(path, Path::Key(Path::Root, _)) => {} // of a document that is one attribute
            "@context" => {
                return path
                    .refuse("an @context stands at the top of the document only (5.5.7); move it there");
            }
            // Output only, as `entity` and `entityList` are: "in the event that they are provided, implementations shall
            // ignore them" (5.2.5, 5.2.6).
            _ if PREVIOUS.contains(&key) => {}
            _ if key.starts_with('@') => {
                return path.refuse("that JSON-LD keyword has no place in an attribute");
            }
            _ => {
                let Some(told) = kind_of_member(key) else {
                    return Ok(false);
                };
                let kind = match patch.kind {
                    Some(kind) if kind.value_member() == key => kind,
                    Some(kind) if patch.value.is_none() && !instance.removed => {
                        return path.refuse(format_args!(
                            "a {} has no `{key}`; its value stands under `{}`",
                            kind.as_str(),
                            kind.value_member()
                        ));
                    }
                    Some(_) => return path.refuse("an attribute has one value only; it is of one kind"),
                    None if told == Kind::Property => kind_of_value(json),
                    None => told,
                };
                patch.kind = Some(kind);
                if self.mode != Mode::Entity && is_null_value(kind, json) {
                    instance.removed = true;
                } else {
                    patch.value = Some(ValuePatch::Typed(self.checked_value(kind, json, path)?));
                }
            }
        }
        Ok(true)
    }

    /// Checks what can be checked only when all members are known.
    fn complete(&self, mut instance: Instance, path: &Path<'_>) -> Result<Instance, Error> {
        let kind = instance.patch.kind;
        if let Some(
            kind @ (Kind::Relationship
            | Kind::ListRelationship
            | Kind::JsonProperty
            | Kind::LanguageProperty
            | Kind::VocabProperty),
        ) = kind
            && instance.patch.unit_code != Change::Keep
        {
            return Path::Key(path, "unitCode")
                .refuse(format_args!("a {} has no unit; leave it out", kind.as_str()));
        }
        if instance.patch.object_type != Change::Keep
            && !matches!(kind, None | Some(Kind::Relationship | Kind::ListRelationship))
        {
            return Path::Key(path, "objectType")
                .refuse("only a Relationship has an objectType; leave it out");
        }
        if instance.removed {
            if self.mode == Mode::Temporal {
                let says_when = |sub: &Instance| sub.name.as_str().ends_with("/deletedAt");
                match &instance.patch.observed_at {
                    _ if instance.sub_instances.iter().any(says_when) => {}
                    // Its own instant is as good as any other.
                    Change::Set(at) => {
                        let name = Name::from_iri(format!("{}deletedAt", crate::name::NGSI_LD));
                        let text = Value::Property(at.to_string().as_str().into());
                        instance.sub_instances.push(Instance::with_value(name, text));
                    }
                    _ => {
                        return path.refuse(format_args!(
                            "an instance with `{NULL}` says with `deletedAt` (or `observedAt`) when that was"
                        ));
                    }
                }
                instance.patch.value = Some(ValuePatch::Typed(deleted(kind)));
            }
        } else if is_proof(&instance.name) && instance.patch.value.as_ref().is_some_and(not_an_object) {
            return Path::Key(path, "value").refuse(NO_PROOF);
        } else if instance.patch.value.is_none() && self.mode != Mode::Fragment {
            return path.refuse(match kind {
                Some(kind) => format!("a {} needs its `{}`", kind.as_str(), kind.value_member()),
                None => "the attribute has no value; give it `value`, `object` or another".to_owned(),
            });
        }
        Ok(instance)
    }

    fn dataset_id(json: &Json, path: &Path<'_>) -> Result<Option<Uri>, Error> {
        match json.as_str() {
            Some("@none") => Ok(None),
            Some(NULL) => path.refuse("a datasetId cannot be removed (5.5.8); delete the instance instead"),
            _ => uri(json, path).map(Some),
        }
    }

    pub(super) fn instant(&self, json: &Json, path: &Path<'_>) -> Result<Change<Timestamp>, Error> {
        match json.as_str() {
            Some(NULL) if self.mode == Mode::Fragment => Ok(Change::Remove),
            text => text.and_then(date_time::parse).map(Change::Set).ok_or_else(|| {
                path.error(format_args!(
                    "{} is no DateTime; write it in UTC, such as `2026-05-01T12:00:00Z` (4.6.3)",
                    short(&json.to_string())
                ))
            }),
        }
    }
}

/// What stands in an instance that says that an attribute of this kind was deleted; it is never written.
pub(super) fn deleted(kind: Option<Kind>) -> Value {
    use crate::value::{PropertyValue, Relationship};
    let null = || Uri::parse(NULL).ok();
    match (kind, null()) {
        (Some(Kind::Relationship), Some(null)) => Value::Relationship(Relationship::to(null)),
        (Some(Kind::LanguageProperty), _) => {
            Value::Language(Box::new(Map::from_iter([("@none".to_owned(), Json::from(NULL))])))
        }
        (Some(Kind::JsonProperty), _) => Value::Json(Box::new(Json::from(NULL))),
        (Some(Kind::VocabProperty), _) => Value::Vocab(OneOrMany::One(Name::from_iri(NULL))),
        (Some(Kind::ListProperty), _) => Value::List(Box::new([Json::from(NULL)])),
        (Some(Kind::ListRelationship), Some(null)) => Value::ListRelationship(Box::new([null])),
        _ => Value::Property(PropertyValue::from(NULL)),
    }
}

/// The attribute that proves others (4.5.2.2).
fn is_proof(name: &Name) -> bool {
    name.as_str().ends_with("/ngsildproof")
}

const NO_PROOF: &str = "the value of `ngsildproof` is the object of a W3C Data Integrity proof (4.5.2.2)";

fn is_object(value: &Value) -> bool {
    matches!(value, Value::Property(value) if value.to_json().is_object())
}

fn not_an_object(value: &ValuePatch) -> bool {
    match value {
        ValuePatch::Typed(value) => !is_object(value),
        ValuePatch::Simplified { json, .. } => !json.is_object(),
    }
}
