//! Random entities (as normalized JSON, made into entities here) and random queries that often meet.

use ngsi_ld::query::q::{Operand, Operator, Path, Q};
use ngsi_ld::{Attribute, Entity, Name, OneOrMany, PropertyValue, Timestamp, Uri, Value};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

pub(crate) const INSTANTS: [&str; 3] = [
    "2026-05-01T00:00:00Z",
    "2026-05-01T12:00:00Z",
    "2026-05-02T00:00:00.5Z",
];

pub(crate) fn name(term: &str) -> Name {
    match term {
        "observedAt" | "unitCode" | "datasetId" | "createdAt" | "modifiedAt" | "location" => {
            Name::from_iri(format!("https://uri.etsi.org/ngsi-ld/{term}"))
        }
        term => Name::default_term(term),
    }
}

fn scalar() -> impl Strategy<Value = Json> {
    prop_oneof![
        3 => (0..4_i64).prop_map(Json::from),
        1 => (0..8_i64).prop_map(|n| Json::from(n as f64 / 2.0 + 0.25)),
        3 => prop::sample::select(vec!["p", "q", "pq", "urn:x:1", "2026-05-01", "3"]).prop_map(Json::from),
        1 => any::<bool>().prop_map(Json::from),
        1 => prop::sample::select(INSTANTS.to_vec()).prop_map(|at| json!({"@type": "DateTime", "@value": at})),
    ]
}

fn value() -> impl Strategy<Value = Json> {
    prop_oneof![
        4 => scalar(),
        1 => prop::collection::vec(scalar(), 0..3).prop_map(Json::from),
        2 => (scalar(), scalar()).prop_map(|(x, y)| json!({"x": x, "deep": {"y": y, "list": [1, "p"]}})),
    ]
}

fn instance() -> impl Strategy<Value = Json> {
    let uris = prop::sample::select(vec!["urn:x:1", "urn:x:2", "urn:x:3"]);
    let words = prop::sample::select(vec!["p", "q", "pq"]);
    let kind = prop_oneof![
        5 => value().prop_map(|value| json!({"type": "Property", "value": value})),
        1 => uris.clone().prop_map(|uri| json!({"type": "Relationship", "object": uri})),
        1 => prop::collection::vec(uris.clone(), 1..3).prop_map(|uris| json!({"type": "Relationship", "object": uris})),
        1 => prop::collection::vec(uris, 0..3)
            .prop_map(|uris| json!({"type": "ListRelationship", "objectList": uris})),
        1 => prop::collection::vec(scalar(), 0..3).prop_map(|list| json!({"type": "ListProperty", "valueList": list})),
        1 => value().prop_map(|value| json!({"type": "JsonProperty", "json": value})),
        2 => (words.clone(), words.clone(), any::<bool>()).prop_map(|(en, sw, many)| {
            let en = if many { json!([en, "zz"]) } else { json!(en) };
            json!({"type": "LanguageProperty", "languageMap": {"en": en, "sw": sw}})
        }),
        1 => words.prop_map(|word| json!({"type": "VocabProperty", "vocab": word})),
    ];
    (
        kind,
        prop::option::of(prop::sample::select(INSTANTS.to_vec())),
        prop::option::of("[CD]EL"),
    )
        .prop_map(|(mut json, observed_at, unit_code)| {
            if let Some(at) = observed_at {
                json["observedAt"] = at.into();
            }
            if let Some(code) = unit_code {
                json["unitCode"] = code.into();
            }
            json
        })
}

/// Attribute name → instances.
pub(crate) fn any_entity() -> impl Strategy<Value = Json> {
    let attribute = (
        prop::collection::vec(instance(), 1..3),
        prop::option::of(instance()),
    )
        .prop_map(|(mut all, sub)| {
            if let (Some(first), Some(sub)) = (all.first_mut(), sub) {
                first["s"] = json!([sub]);
            }
            Json::from(all)
        });
    prop::collection::btree_map("[abc]", attribute, 0..4).prop_map(|map| map.into_iter().collect())
}

pub(crate) fn entity_of(json: &Json) -> Entity {
    let mut entity = Entity::new(Uri::ngsi_ld("T", "1"), name("T"));
    entity.created_at = Timestamp::parse(INSTANTS[0]).unwrap();
    entity.modified_at = Timestamp::parse(INSTANTS[1]).unwrap();
    for (term, instances) in json.as_object().unwrap() {
        for (index, instance) in instances.as_array().unwrap().iter().enumerate() {
            let mut attribute = attribute_of(term, instance);
            attribute.dataset_id = (index > 0).then(|| Uri::ngsi_ld("Dataset", &index.to_string()));
            entity.put(attribute);
        }
    }
    entity
}

fn attribute_of(term: &str, json: &Json) -> Attribute {
    let uris = |json: &Json| -> Vec<Uri> {
        json.as_array()
            .unwrap()
            .iter()
            .map(|uri| Uri::parse(uri.as_str().unwrap()).unwrap())
            .collect()
    };
    let value = match json["type"].as_str().unwrap() {
        "Property" => Value::Property(PropertyValue::from_json(json["value"].clone())),
        "Relationship" => Value::Relationship(match &json["object"] {
            Json::String(uri) => ngsi_ld::Relationship::to(Uri::parse(uri).unwrap()),
            many => ngsi_ld::Relationship::to_many(uris(many)),
        }),
        "ListRelationship" => Value::ListRelationship(uris(&json["objectList"]).into()),
        "ListProperty" => Value::List(json["valueList"].as_array().unwrap().clone().into()),
        "JsonProperty" => Value::Json(Box::new(json["json"].clone())),
        "LanguageProperty" => Value::Language(Box::new(json["languageMap"].as_object().unwrap().clone())),
        "VocabProperty" => Value::Vocab(OneOrMany::One(name(json["vocab"].as_str().unwrap()))),
        other => panic!("{other}"),
    };
    let mut attribute = Attribute::new(name(term), value);
    attribute.observed_at = json["observedAt"]
        .as_str()
        .map(|at| Timestamp::parse(at).unwrap());
    attribute.unit_code = json["unitCode"].as_str().map(Into::into);
    for sub in json["s"].as_array().into_iter().flatten() {
        attribute.sub_attributes.push(attribute_of("s", sub));
    }
    attribute
}

fn operand() -> impl Strategy<Value = Operand> {
    prop_oneof![
        (0..4_i64).prop_map(|n| Operand::Number(n as f64)),
        prop::sample::select(vec!["p", "q", "urn:x:1", "CEL"])
            .prop_map(|text| Operand::Text(text.to_owned())),
        prop::sample::select(INSTANTS.to_vec())
            .prop_map(|at| Operand::DateTime(Timestamp::parse(at).unwrap())),
        Just(Operand::Date("2026-05-01".to_owned())),
    ]
}

fn equality_operands() -> impl Strategy<Value = Vec<Operand>> {
    let more = prop_oneof![
        3 => operand(),
        1 => any::<bool>().prop_map(Operand::Boolean),
        1 => Just(Operand::Uri("urn:x:1".to_owned())),
        1 => Just(Operand::Word("p".to_owned())),
    ];
    let range = prop_oneof![
        (0..3_i64, 0..3_i64)
            .prop_map(|(a, b)| (Operand::Number(a as f64), Operand::Number((a + b) as f64 / 1.5))),
        Just((Operand::Text("a".to_owned()), Operand::Text("pp".to_owned()))),
    ];
    prop_oneof![
        3 => prop::collection::vec(more, 1..3),
        1 => range.prop_map(|(from, to)| vec![Operand::Range(Box::new(from), Box::new(to))]),
    ]
}

fn term() -> impl Strategy<Value = Q> {
    let path = |attributes: &[&str], members: &[&str]| Path {
        attributes: attributes.iter().map(|term| name(term)).collect(),
        members: members.iter().map(|&member| member.to_owned()).collect(),
    };
    let paths = vec![
        path(&["a"], &[]),
        path(&["b"], &[]),
        path(&["a", "s"], &[]),
        path(&["a"], &["x"]),
        path(&["b"], &["deep", "y"]),
        path(&["a"], &["deep", "list"]),
        path(&["a"], &["en"]),
        path(&["a"], &["EN"]),
        path(&["a"], &["*"]),
        path(&["a", "s"], &["x"]),
        path(&["a", "observedAt"], &[]),
        path(&["a", "s", "unitCode"], &[]),
        path(&["createdAt"], &[]),
    ];
    let order = vec![
        Operator::Greater,
        Operator::GreaterOrEqual,
        Operator::Less,
        Operator::LessOrEqual,
    ];
    let (paths, order) = (prop::sample::select(paths), prop::sample::select(order));
    let equality = prop::sample::select(vec![Operator::Equal, Operator::NotEqual]);
    let matching = prop::sample::select(vec![Operator::Matches, Operator::NotMatches]);
    let pattern = prop::sample::select(vec!["^p", "q", "p$", "^pq?$"]);
    prop_oneof![
        paths.clone().prop_map(Q::Exists),
        (paths.clone(), equality, equality_operands()).prop_map(|(p, o, v)| Q::Compare(p, o, v)),
        (paths.clone(), order, operand()).prop_map(|(p, o, v)| Q::Compare(p, o, vec![v])),
        (paths, matching, pattern).prop_map(|(p, o, v)| Q::Compare(p, o, vec![Operand::Text(v.to_owned())])),
    ]
}

pub(crate) fn any_q() -> impl Strategy<Value = Q> {
    let leaf = term();
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..3).prop_map(Q::And),
            prop::collection::vec(inner, 1..3).prop_map(Q::Or),
        ]
    })
}
