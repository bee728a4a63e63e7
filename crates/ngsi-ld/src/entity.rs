//! Entities and their attributes (4.5, 5.2.4), in expanded form.

use crate::name::{Name, Uri};
use crate::time::Timestamp;
use crate::value::{GeoValue, PropertyValue, Relationship, Value};

/// An entity: the digital representation of one thing of the city.
#[derive(Clone, Debug, PartialEq)]
pub struct Entity {
    /// `id`.
    pub id: Uri,
    /// `type`, at least one.
    pub types: Vec<Name>,
    /// `scope` (4.18), e.g. `/Nairobi/Westlands`.
    pub scope: Vec<Box<str>>,
    /// `createdAt`; set by the twin.
    pub created_at: Timestamp,
    /// `modifiedAt`; set by the twin.
    pub modified_at: Timestamp,
    /// `expiresAt` of a transient entity (4.22).
    pub expires_at: Option<Timestamp>,
    /// `deletedAt`; in the temporal representation of an entity that was deleted only.
    pub deleted_at: Option<Timestamp>,
    /// All attribute instances. Those of one name stand together, in the order in which they were given;
    /// at most one for each `datasetId` (the one without is the default instance).
    pub attributes: Vec<Attribute>,
}

/// One instance of an attribute.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribute {
    /// Its name, expanded.
    pub name: Name,
    /// Kind and value.
    pub value: Value,
    /// `datasetId` (4.5.5); the default instance has none.
    pub dataset_id: Option<Uri>,
    /// `observedAt`.
    pub observed_at: Option<Timestamp>,
    /// `unitCode`, of a Property only: a UN/CEFACT code as a rule.
    pub unit_code: Option<Box<str>>,
    /// `createdAt`; set by the twin.
    pub created_at: Timestamp,
    /// `modifiedAt`; set by the twin.
    pub modified_at: Timestamp,
    /// `expiresAt` of a transient attribute (4.22).
    pub expires_at: Option<Timestamp>,
    /// `instanceId`; present in temporal representations only.
    pub instance_id: Option<Uri>,
    /// Sub-attributes: properties of properties, relationships of relationships …
    pub sub_attributes: Vec<Attribute>,
}

/// An instant that stands for "not yet set" until the twin stores the entity.
pub const UNSET: Timestamp = Timestamp::MIN;

impl Entity {
    /// An entity without attributes. The twin sets the times when it stores it.
    pub fn new(id: Uri, entity_type: Name) -> Self {
        Self {
            id,
            types: vec![entity_type],
            scope: Vec::new(),
            created_at: UNSET,
            modified_at: UNSET,
            expires_at: None,
            deleted_at: None,
            attributes: Vec::new(),
        }
    }

    /// The same with one more attribute.
    #[must_use]
    pub fn with(mut self, attribute: Attribute) -> Self {
        self.put(attribute);
        self
    }

    /// Adds an attribute instance, or replaces the one with the same name and `datasetId`.
    pub fn put(&mut self, attribute: Attribute) {
        put(&mut self.attributes, attribute);
    }

    /// The default instance of an attribute, or the first where there is no default one.
    pub fn get(&self, name: &str) -> Option<&Attribute> {
        find(&self.attributes, name)
    }

    /// Every instance of an attribute.
    pub fn instances<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Attribute> {
        self.attributes
            .iter()
            .filter(move |attribute| attribute.name.as_str() == name)
    }

    /// The instance with this name and `datasetId`.
    pub fn instance(&self, name: &str, dataset_id: Option<&Uri>) -> Option<&Attribute> {
        self.attributes
            .iter()
            .find(|a| a.name.as_str() == name && a.dataset_id.as_ref() == dataset_id)
    }

    /// Whether the entity has this type.
    pub fn has_type(&self, entity_type: &str) -> bool {
        self.types.iter().any(|t| t.as_str() == entity_type)
    }
}

impl Attribute {
    /// An attribute instance with this value and nothing else.
    pub fn new(name: Name, value: Value) -> Self {
        Self {
            name,
            value,
            dataset_id: None,
            observed_at: None,
            unit_code: None,
            created_at: UNSET,
            modified_at: UNSET,
            expires_at: None,
            instance_id: None,
            sub_attributes: Vec::new(),
        }
    }

    /// A Property.
    pub fn property(name: Name, value: impl Into<PropertyValue>) -> Self {
        Self::new(name, Value::Property(value.into()))
    }

    /// A Relationship to one entity.
    pub fn relationship(name: Name, target: Uri) -> Self {
        Self::new(name, Value::Relationship(Relationship::to(target)))
    }

    /// A GeoProperty.
    pub fn geo(name: Name, geometry: impl Into<geo_types::Geometry<f64>>) -> Self {
        Self::new(
            name,
            Value::Geo(std::sync::Arc::new(GeoValue::from(geometry.into()))),
        )
    }

    /// The same, observed at an instant.
    #[must_use]
    pub fn observed_at(mut self, instant: Timestamp) -> Self {
        self.observed_at = Some(instant);
        self
    }

    /// The same, in a unit (UN/CEFACT code).
    #[must_use]
    pub fn unit_code(mut self, code: &str) -> Self {
        self.unit_code = Some(code.into());
        self
    }

    /// The same, as the instance of a data set.
    #[must_use]
    pub fn dataset(mut self, dataset_id: Uri) -> Self {
        self.dataset_id = Some(dataset_id);
        self
    }

    /// The same with one more sub-attribute.
    #[must_use]
    pub fn with(mut self, sub_attribute: Self) -> Self {
        put(&mut self.sub_attributes, sub_attribute);
        self
    }

    /// A sub-attribute's default instance.
    pub fn get(&self, name: &str) -> Option<&Self> {
        find(&self.sub_attributes, name)
    }

    /// The number, if it is a Property that holds one.
    pub fn as_f64(&self) -> Option<f64> {
        match &self.value {
            Value::Property(value) => value.as_f64(),
            _ => None,
        }
    }

    /// The text, if it is a Property that holds one.
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::Property(value) => value.as_str(),
            _ => None,
        }
    }

    /// The truth value, if it is a Property that holds one.
    pub fn as_bool(&self) -> Option<bool> {
        match &self.value {
            Value::Property(value) => value.as_bool(),
            _ => None,
        }
    }

    /// The targets, if it is a Relationship.
    pub fn targets(&self) -> &[Uri] {
        match &self.value {
            Value::Relationship(relationship) => relationship.targets(),
            Value::ListRelationship(targets) => targets,
            _ => &[],
        }
    }

    /// The geometry, if it is a GeoProperty.
    pub fn as_geometry(&self) -> Option<&geo_types::Geometry<f64>> {
        match &self.value {
            Value::Geo(value) => Some(&value.geometry),
            _ => None,
        }
    }

    /// The instant that orders this instance in time: `observedAt`, else `modifiedAt`.
    pub fn instant(&self) -> Timestamp {
        self.observed_at.unwrap_or(self.modified_at)
    }
}

fn find<'a>(attributes: &'a [Attribute], name: &str) -> Option<&'a Attribute> {
    let mut named = attributes
        .iter()
        .filter(|attribute| attribute.name.as_str() == name);
    let first = named.next()?;
    if first.dataset_id.is_none() {
        Some(first)
    } else {
        named.find(|a| a.dataset_id.is_none()).or(Some(first))
    }
}

fn put(attributes: &mut Vec<Attribute>, attribute: Attribute) {
    let mut after = None;
    for (index, present) in attributes.iter_mut().enumerate() {
        if present.name == attribute.name {
            if present.dataset_id == attribute.dataset_id {
                *present = attribute;
                return;
            }
            after = Some(index + 1);
        }
    }
    attributes.insert(after.unwrap_or(attributes.len()), attribute);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instances_of_one_name_stand_together() {
        let name = |n: &str| Name::default_term(n);
        let set = |n: &str| Uri::ngsi_ld("Dataset", n);
        let entity = Entity::new(Uri::ngsi_ld("T", "1"), name("T"))
            .with(Attribute::property(name("a"), 1_i64).dataset(set("x")))
            .with(Attribute::property(name("b"), 2_i64))
            .with(Attribute::property(name("a"), 3_i64))
            .with(Attribute::property(name("a"), 4_i64).dataset(set("x")));
        let order: Vec<_> = entity
            .attributes
            .iter()
            .map(|a| (a.name.short().to_owned(), a.as_f64()))
            .collect();
        assert_eq!(
            order,
            [
                ("a".into(), Some(4.0)),
                ("a".into(), Some(3.0)),
                ("b".into(), Some(2.0))
            ]
        );
        assert_eq!(
            entity.get(name("a").as_str()).unwrap().as_f64(),
            Some(3.0),
            "the default instance wins"
        );
    }
}
