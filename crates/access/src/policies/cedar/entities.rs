//! Who asks and what is asked for, as entities of Cedar.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use cedar_policy::{
    Context, Entities, Entity, EntityId, EntityTypeName, EntityUid, RestrictedExpression as Value,
};
use ngsi_ld::value::{PropertyValue, Value as Held};

use super::super::asked::{Asked, Subject};
use super::Schema;
use super::leaf::{owner, written};
use super::number::{NO_HIGHEST, NO_LOWEST, Rounding, text_of};
use super::read::chain;

/// The name of an entity of Cedar. The types are those of the schema.
pub(super) fn uid(of: &str, id: &str) -> Result<EntityUid, String> {
    let of: EntityTypeName = of.parse().map_err(|error| chain(&error))?;
    Ok(EntityUid::from_type_name_and_id(of, EntityId::new(id)))
}

/// Who asks, with all that they are in.
pub(super) fn of_subject(subject: &Subject) -> Result<Vec<Entity>, String> {
    let mut parents = HashSet::new();
    for (of, names) in [
        ("Role", &subject.roles),
        ("Group", &subject.groups),
        ("Tenant", &subject.tenants),
    ] {
        for name in names {
            parents.insert(uid(of, name)?);
        }
    }
    let mut entities: Vec<Entity> = parents
        .iter()
        .map(|uid| Entity::new_no_attrs(uid.clone(), HashSet::new()))
        .collect();
    let scopes = subject
        .scopes
        .iter()
        .filter(|scope| super::super::asked::is_scope(scope));
    let scopes = scopes
        .map(|scope| uid("Scope", scope).map(Value::new_entity_uid))
        .collect::<Result<Vec<_>, _>>()?;
    let attributes = [
        ("id".to_owned(), Value::new_string(subject.id.to_string())),
        ("scopes".to_owned(), Value::new_set(scopes)),
    ];
    let tags = subject
        .attributes
        .iter()
        .map(|(name, values)| (name.to_string(), texts(values)));
    let subject = uid(subject.kind.name(), &subject.id)?;
    entities.push(Entity::new_with_tags(subject, attributes, parents, tags).map_err(|error| chain(&error))?);
    Ok(entities)
}

/// How it is asked, for the attributes of a class.
pub(super) fn context(asked: &Asked, class: &str) -> Result<Context, String> {
    Context::from_pairs([
        (
            "tenant".to_owned(),
            Value::new_entity_uid(uid("Tenant", &asked.tenant)?),
        ),
        ("class".to_owned(), Value::new_entity_uid(uid("Class", class)?)),
        (
            "purpose".to_owned(),
            Value::new_entity_uid(uid("Purpose", &asked.purpose.0)?),
        ),
        (
            "assurance".to_owned(),
            Value::new_long(i64::from(asked.assurance)),
        ),
        ("hour".to_owned(), Value::new_long(i64::from(asked.hour))),
        ("weekday".to_owned(), Value::new_long(i64::from(asked.weekday))),
    ])
    .map_err(|error| chain(&error))
}

/// Both of them.
pub(super) fn all(
    schema: &Schema,
    asked: &Asked,
    entity: Option<&ngsi_ld::Entity>,
) -> Result<Entities, String> {
    let mut entities = of_subject(&asked.subject)?;
    if let Some(entity) = entity {
        let tenant = uid("Tenant", &asked.tenant)?;
        if !asked.subject.tenants.contains(&asked.tenant) {
            entities.push(Entity::new_no_attrs(tenant.clone(), HashSet::new()));
        }
        let mut parents = HashSet::from([tenant]);
        for scope in entity.scope.iter().flat_map(|scope| around(scope)) {
            let scope = uid("Scope", &scope)?;
            if parents.insert(scope.clone()) {
                entities.push(Entity::new_no_attrs(scope, HashSet::new()));
            }
        }
        entities.push(of_entity(entity, parents)?);
    }
    Entities::from_entities(entities, Some(&schema.0)).map_err(|error| chain(&error))
}

/// A scope and those that it is below of, as policies write them: `/a/b`, `/a`, `/`.
fn around(scope: &str) -> Vec<String> {
    let scope = scope.trim_matches('/');
    let cuts = scope.match_indices('/').map(|(at, _)| at).chain([scope.len()]);
    let mut scopes: Vec<String> = cuts.map(|at| format!("/{}", &scope[..at])).collect();
    scopes.push("/".to_owned());
    scopes
}

/// What is known of the instances of one attribute.
#[derive(Default)]
struct Tag {
    texts: BTreeSet<String>,
    flags: BTreeSet<bool>,
    highest: Option<f64>,
    lowest: Option<f64>,
}

fn of_entity(entity: &ngsi_ld::Entity, parents: HashSet<EntityUid>) -> Result<Entity, String> {
    let mut tags: BTreeMap<&ngsi_ld::Name, Tag> = BTreeMap::new();
    for attribute in &entity.attributes {
        let tag = tags.entry(&attribute.name).or_default();
        match &attribute.value {
            Held::Property(PropertyValue::Text(text)) => drop(tag.texts.insert(text.to_string())),
            Held::Property(PropertyValue::Boolean(flag)) => drop(tag.flags.insert(*flag)),
            Held::Property(PropertyValue::Structured(json)) => tag.texts.extend(
                json.as_array()
                    .into_iter()
                    .flatten()
                    .filter_map(|one| one.as_str().map(str::to_owned)),
            ),
            Held::List(list) => tag
                .texts
                .extend(list.iter().filter_map(|one| one.as_str().map(str::to_owned))),
            Held::Property(PropertyValue::Integer(_) | PropertyValue::Number(_))
            | Held::Relationship(_)
            | Held::ListRelationship(_)
            | Held::Geo(_)
            | Held::Language(_)
            | Held::Json(_)
            | Held::Vocab(_) => {}
        }
        tag.texts
            .extend(attribute.targets().iter().map(ToString::to_string));
        if let Some(number) = attribute.as_f64() {
            tag.highest = Some(tag.highest.map_or(number, |highest| highest.max(number)));
            tag.lowest = Some(tag.lowest.map_or(number, |lowest| lowest.min(number)));
        }
    }
    let owners = tags.get(&owner()).map(|tag| texts(&tag.texts));
    let types: BTreeSet<String> = entity.types.iter().flat_map(written).collect();
    let attributes = [
        ("id".to_owned(), Value::new_string(entity.id.to_string())),
        ("types".to_owned(), texts(&types)),
        ("owner".to_owned(), owners.unwrap_or_else(|| Value::new_set([]))),
    ];
    let mut named = Vec::new();
    for (name, tag) in &tags {
        for key in written(name).into_iter().collect::<BTreeSet<_>>() {
            named.push((key, of_tag(tag)?));
        }
    }
    Entity::new_with_tags(uid("NgsiEntity", entity.id.as_str())?, attributes, parents, named)
        .map_err(|error| chain(&error))
}

fn of_tag(tag: &Tag) -> Result<Value, String> {
    let decimal = |number: Option<f64>, rounding, none: &str| {
        Value::new_decimal(number.map_or_else(|| none.to_owned(), |number| text_of(number, rounding)))
    };
    Value::new_record([
        ("texts".to_owned(), texts(&tag.texts)),
        (
            "flags".to_owned(),
            Value::new_set(tag.flags.iter().map(|flag| Value::new_bool(*flag))),
        ),
        (
            "highest".to_owned(),
            decimal(tag.highest, Rounding::Down, NO_HIGHEST),
        ),
        ("lowest".to_owned(), decimal(tag.lowest, Rounding::Up, NO_LOWEST)),
    ])
    .map_err(|error| chain(&error))
}

fn texts<T: ToString>(of: &BTreeSet<T>) -> Value {
    Value::new_set(of.iter().map(|text| Value::new_string(text.to_string())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_in_those_above_it() {
        assert_eq!(around("/a/b"), ["/a", "/a/b", "/"]);
        assert_eq!(around("a/b"), ["/a", "/a/b", "/"]);
    }
}
