//! What memory keeps of the last state of an entity that has no current one: what a condition can look at, and no more.
//! Such states decide who may see a past, and are shown to nobody; but they stay for as long as the past does, while
//! entities come and go.

use std::sync::Arc;

use ngsi_ld::{Attribute, Entity, PropertyValue, Value};
use serde_json::Value as Json;

use crate::shard::Record;

impl Record {
    /// What of it memory keeps.
    pub(crate) fn kept(mut self) -> Self {
        if self.live().is_none() && !self.entity.attributes.is_empty() {
            let mut entity = match Arc::try_unwrap(self.entity) {
                Ok(entity) => entity,
                Err(shared) => Entity::clone(&shared),
            };
            entity.attributes = entity.attributes.into_iter().map(deciding).collect();
            entity.attributes.shrink_to_fit();
            self.entity = Arc::new(entity);
        }
        self
    }
}

/// What of an attribute a condition can look at ([`query::view::Condition`]): that it is there, and its value where that
/// is a number, a truth value, a text, texts or targets. Its times stay too: they say which instance it is.
pub(crate) fn deciding(attribute: Attribute) -> Attribute {
    let Attribute {
        name,
        value,
        dataset_id,
        observed_at,
        created_at,
        modified_at,
        unit_code: _,
        expires_at: _,
        instance_id: _,
        sub_attributes: _,
    } = attribute;
    Attribute {
        dataset_id,
        observed_at,
        created_at,
        modified_at,
        ..Attribute::new(name, deciding_value(value))
    }
}

fn deciding_value(value: Value) -> Value {
    let texts = |list: Vec<Json>| Value::List(list.into_iter().filter(Json::is_string).collect());
    match value {
        Value::Property(PropertyValue::Structured(json)) => match *json {
            Json::Array(list) => texts(list),
            _ => nothing(),
        },
        Value::List(list) => texts(list.into()),
        Value::Property(_) | Value::ListRelationship(_) => value,
        Value::Relationship(mut relationship) => {
            relationship.object_type = None;
            Value::Relationship(relationship)
        }
        Value::Geo(_) | Value::Language(_) | Value::Json(_) | Value::Vocab(_) => nothing(),
    }
}

/// Passes no test but that it is there.
fn nothing() -> Value {
    Value::List(Vec::new().into())
}

/// Whether something that memory keeps is what is kept of an instance.
pub(crate) fn is_kept_of(kept: &Attribute, whole: &Attribute) -> bool {
    kept == whole || *kept == deciding(whole.clone())
}

#[cfg(test)]
mod tests {
    use ngsi_ld::{GeoValue, Name, OneOrMany, Relationship, Timestamp, Uri};
    use proptest::prelude::*;
    use query::view::{Condition, Test};
    use storage::EntityKey;

    use super::*;
    use crate::shard::Status;

    fn json() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::from),
            (0..3_i64).prop_map(Json::from),
            "[ab]{0,2}".prop_map(Json::from),
        ];
        leaf.prop_recursive(2, 8, 3, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..3).prop_map(Json::from),
                proptest::collection::vec(("[ab]", inner), 0..3)
                    .prop_map(|members| Json::Object(members.into_iter().collect())),
            ]
        })
    }

    fn uris() -> impl Strategy<Value = Vec<Uri>> {
        proptest::collection::vec(
            "[ab]{1,2}".prop_map(|id| Uri::parse(&format!("urn:{id}")).unwrap()),
            0..3,
        )
    }

    fn value() -> impl Strategy<Value = Value> {
        prop_oneof![
            json().prop_map(|json| Value::Property(PropertyValue::from_json(json))),
            json().prop_map(|json| Value::Json(Box::new(json))),
            proptest::collection::vec(json(), 0..3).prop_map(|list| Value::List(list.into())),
            uris().prop_map(|targets| Value::ListRelationship(targets.into())),
            uris().prop_map(|targets| Value::Relationship(Relationship {
                object: OneOrMany::Many(targets.into()),
                object_type: Some(Box::new(OneOrMany::One(Name::default_term("T")))),
            })),
            "[ab]".prop_map(|text| Value::Language(Box::new(
                [("en".to_owned(), text.into())].into_iter().collect()
            ))),
            "[ab]".prop_map(|term| Value::Vocab(OneOrMany::One(Name::from_iri(term)))),
            Just(Value::Geo(Arc::new(GeoValue::from(geo_types::Geometry::from(
                geo_types::Point::new(1.0, 2.0)
            ))))),
        ]
    }

    fn test() -> impl Strategy<Value = Test> {
        prop_oneof![
            Just(Test::Exists),
            "[ab]{0,2}|urn:[ab]{1,2}".prop_map(|text| Test::Is(text.into())),
            any::<bool>().prop_map(Test::Flag),
            (0..3_u8, 0..3_u8).prop_map(|(a, b)| Test::Between(a.into(), b.into())),
        ]
    }

    proptest! {
        /// No condition is decided otherwise on what is kept than on the whole.
        #[test]
        fn what_is_kept_decides_as_the_whole(
            attributes in proptest::collection::vec((0..3_usize, value(), any::<bool>()), 0..4),
            tests in proptest::collection::vec((0..4_usize, test()), 1..20),
        ) {
            let name = |number: usize| Name::default_term(["a", "b", "c", "d"][number]);
            let mut entity = Entity::new(Uri::ngsi_ld("T", "1"), name(0));
            for (number, value, set) in attributes {
                let mut one = Attribute::new(name(number), value).unit_code("CEL");
                one.dataset_id = set.then(|| Uri::ngsi_ld("Dataset", "1"));
                one.sub_attributes = vec![Attribute::property(name(1), "a")];
                entity.put(one);
            }
            for status in [Status::Deleted(Timestamp::from_seconds(1)), Status::TemporalOnly, Status::Live] {
                let record = Record {
                    key: EntityKey(1),
                    entity: Arc::new(entity.clone()),
                    status,
                    last_known: true,
                };
                let kept = record.clone().kept();
                prop_assert_eq!(&kept.clone().kept(), &kept);
                prop_assert_eq!(kept == record, status == Status::Live || entity.attributes.is_empty());
                for (number, test) in &tests {
                    let condition = Condition::Attribute(name(*number), test.clone());
                    prop_assert_eq!(condition.holds(&kept.entity), condition.holds(&entity), "{:?}", condition);
                }
                for (kept, whole) in kept.entity.attributes.iter().zip(&entity.attributes) {
                    prop_assert!(is_kept_of(kept, whole));
                }
            }
        }
    }
}
