//! Whatever an entity is, what is written of it is read as the same entity.

use std::sync::Arc;

use geo_types::Point;
use proptest::prelude::*;
use serde_json::{Map, Value as Json};

use super::super::*;
use crate::context::{BuiltIn, Context};
use crate::entity::{Attribute, Entity};
use crate::geojson;
use crate::value::{GeoValue, OneOrMany, PropertyValue, Relationship, Value};
use crate::{Kind, Name, Timestamp, Uri};

fn context() -> Context {
    let json = serde_json::json!([{"ex": "https://example.org/", "speed": "ex:speed", "Bus": "ex:Bus", "oneWay": "ex:one"}]);
    Context::compile(&json, &BuiltIn).unwrap()
}

fn number() -> impl Strategy<Value = f64> {
    // Decimals that any reader of JSON gives back exactly.
    (-10_000_000_i32..10_000_000).prop_map(|n| f64::from(n) / 1e3)
}

fn name() -> impl Strategy<Value = Name> {
    let known = vec![
        "speed",
        "Bus",
        "name",
        "description",
        "oneWay",
        "isPartOf",
        "value",
        "object",
        "ex:other",
        "urn:x:y",
        // What follows the default vocabulary is no name (4.6.2).
        "https://uri.etsi.org/ngsi-ld/default-context/non-commercial",
        "https://uri.etsi.org/ngsi-ld/default-context/7",
    ];
    prop_oneof![
        prop::sample::select(known),
        prop::sample::select(vec!["été", "a1", "json", "status"])
    ]
    .prop_map(|term| context().expand(term))
}

fn uri() -> impl Strategy<Value = Uri> {
    "urn:[a-z]{2,4}:[A-Za-z0-9:]{1,6}".prop_map(|text| Uri::parse(&text).unwrap())
}

fn instant() -> impl Strategy<Value = Timestamp> {
    (0_i64..4_000_000_000_000_000).prop_map(Timestamp::from_micros)
}

/// Any JSON but null, some of it with the look of something else.
fn json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<u64>().prop_map(Json::from),
        number().prop_map(Json::from),
        ".{0,6}".prop_map(Json::from),
        prop::sample::select(&["Property", "GeoProperty", "Point", "DateTime", "@none"]).prop_map(Json::from),
    ];
    let key = prop_oneof![
        prop::sample::select(&[
            "type",
            "value",
            "object",
            "languageMap",
            "coordinates",
            "@value",
            "@type",
            "dataset",
            "observedAt",
            "a"
        ])
        .prop_map(str::to_owned),
        "[a-z]{1,3}",
    ];
    leaf.prop_recursive(3, 12, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            prop::collection::vec((key.clone(), inner), 0..4)
                .prop_map(|members| Json::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

fn one_or_many<T: std::fmt::Debug + Clone>(
    one: impl Strategy<Value = T> + Clone + 'static,
) -> impl Strategy<Value = OneOrMany<T>> {
    prop_oneof![
        one.clone().prop_map(OneOrMany::One),
        prop::collection::vec(one, 1..3).prop_map(|many| OneOrMany::Many(many.into()))
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let uri = || Box::new(uri().boxed());
    let text = prop_oneof![
        ".{0,4}".prop_map(Json::from),
        prop::collection::vec(".{0,4}", 0..3).prop_map(Json::from)
    ];
    let object_type = prop::option::of(one_or_many(name().boxed()).prop_map(Box::new));
    prop_oneof![
        json().prop_map(|json| Value::Property(PropertyValue::from_json(json))),
        (one_or_many(uri()), object_type)
            .prop_map(|(object, object_type)| Value::Relationship(Relationship { object, object_type })),
        (-180_000..180_000_i32, -90_000..90_000_i32).prop_map(|(x, y)| {
            Value::Geo(Arc::new(GeoValue::from(geo_types::Geometry::from(Point::new(
                f64::from(x) / 1e3,
                f64::from(y) / 1e3,
            )))))
        }),
        prop::collection::vec(("[a-z]{2}(-[A-Z]{2})?|@none", text), 0..3)
            .prop_map(|map| Value::Language(Box::new(map.into_iter().collect()))),
        json().prop_map(|json| {
            let whole = json.is_object() || json.is_array();
            Value::Json(Box::new(if whole { json } else { Json::Array(vec![json]) }))
        }),
        one_or_many(name().boxed()).prop_map(Value::Vocab),
        prop::collection::vec(json(), 0..3).prop_map(|list| Value::List(list.into())),
        prop::collection::vec(*uri(), 0..3).prop_map(|list| Value::ListRelationship(list.into())),
    ]
}

fn attribute() -> impl Strategy<Value = Attribute> {
    let one = (
        (name(), value(), prop::option::of(uri())),
        (
            prop::option::of(instant()),
            prop::option::of("[A-Z0-9]{2,3}"),
            prop::option::of(instant()),
        ),
    )
        .prop_map(
            |((name, value, dataset_id), (observed_at, unit_code, expires_at))| {
                let unitless = !matches!(
                    value.kind(),
                    Kind::Property | Kind::GeoProperty | Kind::ListProperty
                );
                Attribute {
                    dataset_id,
                    observed_at,
                    unit_code: unit_code.filter(|_| !unitless).map(Into::into),
                    expires_at,
                    ..Attribute::new(name, value)
                }
            },
        );
    one.prop_recursive(2, 6, 3, |inner| {
        (inner.clone(), prop::collection::vec(inner, 0..3)).prop_map(|(attribute, subs)| {
            // Inside an attribute these names are members.
            let free = |sub: &Attribute| !["hasValue", "hasObject", "hasJSON"].contains(&sub.name.short());
            subs.into_iter().filter(free).fold(attribute, Attribute::with)
        })
    })
}

fn entity() -> impl Strategy<Value = Entity> {
    (
        uri(),
        prop::collection::btree_set(name(), 1..3),
        prop::collection::btree_set("/[a-z]{1,3}(/[a-z]{1,2})?", 0..3),
        prop::option::of(instant()),
        prop::collection::vec(attribute(), 0..6),
    )
        .prop_map(|(id, types, scope, expires_at, attributes)| {
            let mut entity = Entity::new(id, Name::default_term("x"));
            entity.types = types.into_iter().collect();
            entity.scope = scope.into_iter().map(Into::into).collect();
            entity.expires_at = expires_at;
            attributes.into_iter().fold(entity, Entity::with)
        })
}

fn options(format: Format) -> WriteOptions {
    WriteOptions {
        format,
        sys_attrs: true,
        ..WriteOptions::default()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn normalized_and_concise_lose_nothing(entity in entity()) {
        let context = context();
        for format in [Format::Normalized, Format::Concise] {
            let json = Json::Object(write_entity(&entity, &context, &options(format)));
            let text = json.to_string();
            let again = read_entity(&serde_json::from_str(&text).unwrap(), &context);
            prop_assert_eq!(again.as_ref(), Ok(&entity), "{}", text);
        }
    }

    /// The evolution of an entity: every instance with an id of its own, several of one data set.
    #[test]
    fn evolutions_lose_nothing(entity in entity(), ids in prop::collection::vec((uri(), instant()), 6)) {
        let context = context();
        let mut entity = entity;
        entity.scope.clear();
        let twice: Vec<_> = entity.attributes.iter().flat_map(|a| [a.clone(), a.clone()]).zip(ids.iter().cycle())
            .map(|(a, (id, at))| Attribute { instance_id: Some(id.clone()), modified_at: *at, ..a })
            .collect();
        entity.attributes = twice;
        entity.attributes.sort_by(|a, b| a.name.cmp(&b.name));
        let json = Json::Object(write_temporal(&entity, &context, TemporalFormat::Normalized, &options(Format::Normalized)));
        let again = read_temporal(&json, &context);
        prop_assert_eq!(again.as_ref(), Ok(&entity), "{}", json);
    }

    /// Simplified is lossy, but what it writes is always read, and the values are kept.
    #[test]
    fn simplified_is_read_and_written_alike(entity in entity()) {
        // In this representation a Property that holds such an object cannot be told from the kind that it shows.
        let poses = |a: &Attribute| match &a.value {
            Value::Property(PropertyValue::Structured(json)) => {
                // One that looks like a geometry and is none is refused.
                let no_geometry = geojson::is_geometry(json) && geojson::from_json(json).is_err();
                no_geometry || json.as_object().is_some_and(|object| {
                    object.len() == 1 && object.keys().all(|key| ["languageMap", "dataset"].contains(&key.as_str()))
                })
            }
            _ => false,
        };
        prop_assume!(!entity.attributes.iter().any(poses));
        let context = context();
        let json = Json::Object(write_entity(&entity, &context, &options(Format::Simplified)));
        let again = read_entity_simplified(&json, &context).map(|e| write_entity(&e, &context, &options(Format::Simplified)));
        prop_assert_eq!(again.as_ref().map(|object| Json::Object(object.clone())), Ok(json));
    }

    /// Reading never panics, and a refusal says something.
    #[test]
    fn anything_is_read_or_refused(json in json(), key in "[a-zA-Z@]{1,9}") {
        let context = Context::core();
        let object = serde_json::json!({"id": "urn:a:b", "type": "T", key.clone(): json});
        for error in [
            read_entity(&object, context).err(),
            read_entity_simplified(&object, context).err(),
            read_temporal(&object, context).err(),
            read_fragment(&object, context).err(),
            read_attribute_fragment(&key, &json, context).err(),
            read_attribute(&key, &json, context).err(),
        ].into_iter().flatten() {
            prop_assert!(!error.detail.is_empty());
        }
    }
}
