//! The forms of the standard's own examples (4.5), and what options leave out.

use serde_json::{Value as Json, json};

use super::super::*;
use crate::context::{BuiltIn, Context};
use crate::entity::Entity;
use crate::query::temporal::TimeProperty;
use crate::value::Kind;
use crate::{Attribute, Timestamp, Uri};

fn context() -> Context {
    Context::compile(
        &json!({"providedBy": {"@id": "urn:v:providedBy", "@type": "@id"}}),
        &BuiltIn,
    )
    .unwrap()
}

fn all_kinds() -> Entity {
    let json = json!({
        "id": "urn:ngsi-ld:T:1", "type": ["T", "U"], "scope": ["/a", "/b/c"],
        "name": [
            {"type": "Property", "value": "David Robert Jones"},
            {"type": "Property", "value": "David Bowie", "datasetId": "urn:d:1"}
        ],
        "speed": {"type": "Property", "value": 55.5, "unitCode": "KMH", "observedAt": "2026-01-01T00:00:00Z",
                  "source": {"type": "Property", "value": "GPS"}},
        "when": {"type": "Property", "value": {"@type": "DateTime", "@value": "2026-01-01T00:00:00Z"}},
        "location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [13.3986, 52.5547]}},
        "says": {"type": "LanguageProperty", "languageMap": {"en": "yes", "fr": "oui"}},
        "tickets": {"type": "JsonProperty", "json": {"id": "85a6cc52", "none": null}},
        "gender": {"type": "VocabProperty", "vocab": "Male"},
        "providedBy": {"type": "Relationship", "object": "urn:ngsi-ld:Device:1", "objectType": "Device"},
        "devices": {"type": "Relationship", "object": ["urn:d:1", "urn:d:2"]},
        "periods": {"type": "ListProperty", "valueList": ["First", "Second"]},
        "route": {"type": "ListRelationship", "objectList": [{"object": "urn:s:1"}, {"object": "urn:s:2"}]}
    });
    read_entity(&json, &context()).unwrap()
}

fn write(entity: &Entity, options: &WriteOptions) -> Json {
    Json::Object(write_entity(entity, &context(), options))
}

#[test]
fn simplified_is_as_the_standard_shows() {
    let simplified = WriteOptions {
        format: Format::Simplified,
        ..WriteOptions::default()
    };
    let written = write(&all_kinds(), &simplified);
    assert_eq!(
        written,
        json!({
            "id": "urn:ngsi-ld:T:1", "type": ["T", "U"], "scope": ["/a", "/b/c"],
            "name": {"dataset": {"@none": "David Robert Jones", "urn:d:1": "David Bowie"}},
            "speed": 55.5,
            "when": {"@type": "DateTime", "@value": "2026-01-01T00:00:00Z"},
            "location": {"type": "Point", "coordinates": [13.3986, 52.5547]},
            "says": {"languageMap": {"en": "yes", "fr": "oui"}},
            "tickets": {"json": {"id": "85a6cc52", "none": null}},
            "gender": {"vocab": "Male"},
            "providedBy": "urn:ngsi-ld:Device:1",
            "devices": ["urn:d:1", "urn:d:2"],
            "periods": ["First", "Second"],
            "route": ["urn:s:1", "urn:s:2"]
        })
    );
    let again = read_entity_simplified(&written, &context()).unwrap();
    let kind = |term: &str| again.get(context().expand(term).as_str()).unwrap().value.kind();
    assert_eq!(kind("providedBy"), Kind::Relationship, "the @context tells it");
    assert_eq!(kind("location"), Kind::GeoProperty);
    assert_eq!(kind("gender"), Kind::VocabProperty);
    assert_eq!(kind("devices"), Kind::Property);
    assert_eq!(again.instances(context().expand("name").as_str()).count(), 2);
}

#[test]
fn concise_is_as_the_standard_shows() {
    let concise = WriteOptions {
        format: Format::Concise,
        ..WriteOptions::default()
    };
    let written = write(&all_kinds(), &concise);
    for (key, json) in [
        (
            "name",
            json!([{"value": "David Robert Jones"}, {"value": "David Bowie", "datasetId": "urn:d:1"}]),
        ),
        (
            "speed",
            json!({"value": 55.5, "unitCode": "KMH", "observedAt": "2026-01-01T00:00:00Z", "source": "GPS"}),
        ),
        (
            "when",
            json!({"@type": "DateTime", "@value": "2026-01-01T00:00:00Z"}),
        ),
        (
            "location",
            json!({"type": "Point", "coordinates": [13.3986, 52.5547]}),
        ),
        ("says", json!({"languageMap": {"en": "yes", "fr": "oui"}})),
        ("gender", json!({"vocab": "Male"})),
        (
            "providedBy",
            json!({"object": "urn:ngsi-ld:Device:1", "objectType": "Device"}),
        ),
        ("route", json!({"objectList": ["urn:s:1", "urn:s:2"]})),
    ] {
        assert_eq!(written[key], json, "{key}");
    }
}

#[test]
fn members_are_picked_and_omitted() {
    let entity = all_kinds();
    let names = |terms: &[&str]| {
        terms
            .iter()
            .map(|term| context().expand(term))
            .collect::<Vec<_>>()
    };
    let keys = |options: &WriteOptions| -> Vec<String> {
        write_entity(&entity, &context(), options)
            .keys()
            .cloned()
            .collect()
    };
    let plain = WriteOptions::default();
    assert_eq!(
        keys(&WriteOptions {
            pick: names(&["id", "speed"]),
            ..plain.clone()
        }),
        ["id", "speed"]
    );
    assert_eq!(
        keys(&WriteOptions {
            pick: names(&["type", "scope"]),
            ..plain.clone()
        }),
        ["type", "scope"]
    );
    assert_eq!(
        keys(&WriteOptions {
            attrs: names(&["speed"]),
            ..plain.clone()
        }),
        ["id", "type", "scope", "speed"]
    );
    let omit = WriteOptions {
        omit: names(&["id", "type", "name", "says"]),
        ..plain.clone()
    };
    assert!(
        !keys(&omit)
            .iter()
            .any(|key| ["id", "type", "name", "says"].contains(&key.as_str()))
    );
    assert_eq!(keys(&omit).len(), 10);
    let one = WriteOptions {
        dataset_ids: vec![Some(Uri::parse("urn:d:1").unwrap())],
        ..plain.clone()
    };
    assert_eq!(keys(&one), ["id", "type", "scope", "name"]);
    let default = WriteOptions {
        dataset_ids: vec![None],
        ..plain
    };
    assert_eq!(write(&entity, &default)["name"]["value"], "David Robert Jones");
}

#[test]
fn a_language_is_chosen() {
    let french = WriteOptions {
        lang: Some("fr".into()),
        ..WriteOptions::default()
    };
    let says = json!({"type": "Property", "value": "oui", "lang": "fr"});
    assert_eq!(write(&all_kinds(), &french)["says"], says);
    let simplified = WriteOptions {
        format: Format::Simplified,
        ..french
    };
    assert_eq!(write(&all_kinds(), &simplified)["says"], "oui");
}

#[test]
fn clauses_5_2_5_and_5_2_6_output_only_members_are_ignored() {
    let json = json!({
        "id": "urn:a:b", "type": "T",
        "a": {"type": "Property", "value": 1, "previousValue": 0},
        "b": {"type": "Relationship", "object": "urn:a:c", "entity": {"id": "urn:a:c", "type": "T"}, "previousObject": "urn:a:d"},
        "c": {"type": "ListRelationship", "objectList": ["urn:a:c"], "entityList": [{"id": "urn:a:c", "type": "T"}]}
    });
    let entity = read_entity(&json, Context::core()).unwrap();
    assert!(
        entity
            .attributes
            .iter()
            .all(|attribute| attribute.sub_attributes.is_empty())
    );
}

#[test]
fn clause_5_2_2_read_only_members_of_attributes_are_ignored() {
    let core = Context::core();
    for at in [json!("2020-01-01T00:00:00Z"), json!("yesterday"), json!(0)] {
        let stamped = json!({
            "type": "Property", "value": 1, "createdAt": at, "modifiedAt": at, "deletedAt": at,
            "accuracy": {"type": "Property", "value": 2, "createdAt": at, "modifiedAt": at, "deletedAt": at}
        });
        let plain = json!({"type": "Property", "value": 1, "accuracy": {"type": "Property", "value": 2}});
        let with = |attribute: &Json| json!({"id": "urn:a:b", "type": "T", "a": attribute});
        let entity = read_entity(&with(&stamped), core).unwrap();
        assert_eq!(entity.attributes[0].deletion(), None, "{at}");
        assert_eq!(write(&entity, &WriteOptions::default()), with(&plain), "{at}");
        let replaced = read_attribute("a", &stamped, core).unwrap();
        assert_eq!(
            write_attribute(&replaced, core, &WriteOptions::default()),
            Some(plain.clone())
        );
        // A change to what is there must not make it look like something that is gone.
        assert_eq!(
            read_fragment(&with(&stamped), core),
            read_fragment(&with(&plain), core)
        );
        assert_eq!(
            read_attribute_fragment("a", &stamped, core),
            read_attribute_fragment("a", &plain, core)
        );
    }
}

#[test]
fn clause_4_6_2_only_terms_stand_alone_without_being_names() {
    let iri = |rest: &str| format!("https://uri.etsi.org/ngsi-ld/default-context/{rest}");
    let json = json!({
        "id": "urn:a:b", "type": iri("street-lamp"),
        iri("top-speed"): {
            "type": "Relationship", "object": "urn:a:c", "objectType": iri("street-lamp"),
            iri("2nd"): {"type": "VocabProperty", "vocab": "non-commercial"}
        }
    });
    let entity = read_entity(&json, Context::core()).unwrap();
    assert_eq!(write(&entity, &WriteOptions::default()), json);
}

#[test]
fn clause_4_5_2_2_value_types_are_coerced() {
    let context = Context::compile(
        &json!({"myType": "https://a.example/myType"}),
        &crate::context::BuiltIn,
    )
    .unwrap();
    let json =
        json!({"id": "urn:a:b", "type": "T", "a": {"type": "Property", "value": "1", "valueType": "myType"}});
    let entity = read_entity(&json, &context).unwrap();
    let written = |context: &Context| {
        write_entity(&entity, context, &WriteOptions::default())["a"]["valueType"].clone()
    };
    assert_eq!(written(&context), "myType");
    assert_eq!(written(Context::core()), "https://a.example/myType");
}

#[test]
fn plain_members_of_an_attribute_are_kept() {
    let json = json!({
        "id": "urn:a:b", "type": "T",
        "a": {"type": "Property", "value": 1, "valueType": "xsd:integer"},
        "ngsildproof": {"type": "Property", "value": {"p": 1}, "entityIdSealed": "urn:a:b", "entityTypeSealed": "T"}
    });
    let mut entity = read_entity(&json, Context::core()).unwrap();
    assert_eq!(
        Json::Object(write_entity(&entity, Context::core(), &WriteOptions::default())),
        json
    );
    let previous = plain_member("previousValue", json!(0)).unwrap();
    entity.attributes[0] = entity.attributes[0].clone().with(previous);
    let written = Json::Object(write_entity(&entity, Context::core(), &WriteOptions::default()));
    assert_eq!(written["a"]["previousValue"], 0);
}

/// 4.5.2.2: in every representation, what proves is an object.
#[test]
fn what_proves_is_an_object_in_every_form() {
    let of = |proof: Json| json!({"id": "urn:a:b", "type": "T", "ngsildproof": proof});
    for (proof, concise, simplified) in [
        (json!({"p": 1}), true, true),
        (json!({"value": {"p": 1}}), true, true),
        (json!(1), false, false),
        (json!("eddsa"), false, false),
        (json!(["a"]), false, false),
        (json!({"type": "Point", "coordinates": [1, 2]}), false, false),
        (json!({"languageMap": {"en": "a"}}), false, false),
        (json!({"value": 1}), false, true),
    ] {
        let read = read_entity(&of(proof.clone()), Context::core());
        assert_eq!(read.is_ok(), concise, "{proof}: {read:?}");
        let read = read_entity_simplified(&of(proof.clone()), Context::core());
        assert_eq!(read.is_ok(), simplified, "{proof}: {read:?}");
    }
}

#[test]
fn features_have_the_geometry_that_is_asked_for() {
    let json = json!({
        "id": "urn:a:b", "type": "T",
        "location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [1.5, 2.5]}},
        "area": [
            {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [3.5, 4.5]}, "datasetId": "urn:d:1"},
            {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [5.5, 6.5]}, "datasetId": "urn:d:2"}
        ]
    });
    let entity = read_entity(&json, Context::core()).unwrap();
    let area = Context::core().expand("area");
    let simplified = WriteOptions {
        format: Format::Simplified,
        ..WriteOptions::default()
    };
    let feature = Json::Object(write_feature(&entity, None, Context::core(), &simplified));
    assert_eq!(
        feature,
        json!({
            "id": "urn:a:b", "type": "Feature", "geometry": {"type": "Point", "coordinates": [1.5, 2.5]},
            "properties": {
                "type": "T",
                "location": {"type": "Point", "coordinates": [1.5, 2.5]},
                "area": {"dataset": {
                    "urn:d:1": {"type": "Point", "coordinates": [3.5, 4.5]},
                    "urn:d:2": {"type": "Point", "coordinates": [5.5, 6.5]}
                }}
            }
        })
    );
    let geometry = |options: &WriteOptions| {
        write_feature(&entity, Some(&area), Context::core(), options)["geometry"].clone()
    };
    assert_eq!(
        geometry(&simplified),
        Json::Null,
        "two instances, none the default"
    );
    let second = WriteOptions {
        dataset_ids: vec![Some(Uri::parse("urn:d:2").unwrap())],
        ..simplified
    };
    assert_eq!(geometry(&second)["coordinates"], json!([5.5, 6.5]));
    let collection = write_feature_collection(
        [&entity, &entity],
        None,
        Context::core(),
        &WriteOptions::default(),
    );
    assert_eq!(collection["features"].as_array().unwrap().len(), 2);
}

#[test]
fn evolutions_are_written_as_pairs() {
    let json = json!({
        "id": "urn:a:b", "type": "T",
        "speed": [
            {"type": "Property", "value": 120, "observedAt": "2026-01-01T00:00:00Z", "instanceId": "urn:i:1"},
            {"type": "Property", "value": 80, "observedAt": "2026-01-02T00:00:00Z"},
            {"type": "Property", "value": 81, "observedAt": "2026-01-02T00:00:00Z", "datasetId": "urn:d:1"}
        ],
        "says": [{"type": "LanguageProperty", "languageMap": {"en": "yes"}, "observedAt": "2026-01-01T00:00:00Z"}],
        "gone": [{"type": "Relationship", "object": "urn:ngsi-ld:null", "deletedAt": "2026-01-03T00:00:00Z"}],
        "route": [{"type": "ListRelationship", "objectList": ["urn:s:1"], "observedAt": "2026-01-01T00:00:00Z"}]
    });
    let entity = read_temporal(&json, Context::core()).unwrap();
    let options = WriteOptions::default();
    let core = Context::core();
    let pairs = Json::Object(write_temporal(
        &entity,
        core,
        TemporalFormat::TemporalValues,
        &options,
    ));
    assert_eq!(
        pairs,
        json!({
            "id": "urn:a:b", "type": "T",
            "speed": [
                {"type": "Property", "values": [[120, "2026-01-01T00:00:00Z"], [80, "2026-01-02T00:00:00Z"]]},
                {"type": "Property", "datasetId": "urn:d:1", "values": [[81, "2026-01-02T00:00:00Z"]]}
            ],
            "says": {"type": "LanguageProperty", "languageMaps": [[{"languageMap": {"en": "yes"}}, "2026-01-01T00:00:00Z"]]},
            "gone": {"type": "Relationship", "objects": [["urn:ngsi-ld:null", "2026-01-03T00:00:00Z"]]},
            "route": {"type": "ListRelationship", "objectLists": [[["urn:s:1"], "2026-01-01T00:00:00Z"]]}
        })
    );
    let mut more = json.clone();
    more.as_object_mut()
        .unwrap()
        .retain(|key, _| key != "id" && key != "type");
    assert_eq!(
        read_temporal_attributes(&more, core).as_ref(),
        Ok(&entity.attributes)
    );
    let full = Json::Object(write_temporal(
        &entity,
        core,
        TemporalFormat::Normalized,
        &options,
    ));
    assert_eq!(full["speed"][0]["instanceId"], "urn:i:1");
    assert_eq!(full["gone"], json["gone"]);

    let day = |n: i64| Timestamp::from_seconds(1_767_225_600 + n * 86_400);
    let mut changed = entity.clone();
    changed.attributes[0].modified_at = day(9);
    let modified = WriteOptions {
        time_property: TimeProperty::ModifiedAt,
        ..options.clone()
    };
    let pairs = write_temporal(&changed, core, TemporalFormat::TemporalValues, &modified);
    assert_eq!(
        pairs["speed"][0]["values"][0],
        json!([120, "2026-01-10T00:00:00Z"])
    );

    let rows = |value: f64| {
        vec![AggregatedRow {
            value: value.into(),
            start: day(0),
            end: day(1),
        }]
    };
    let aggregated = AggregatedAttribute {
        name: core.expand("speed"),
        kind: Kind::Property,
        dataset_id: None,
        methods: vec![("avg", rows(100.0)), ("max", rows(120.0))],
    };
    assert_eq!(
        Json::Object(write_aggregated(&entity, &[aggregated], core, &options)),
        json!({
            "id": "urn:a:b", "type": "T",
            "speed": {
                "type": "Property",
                "avg": [[100.0, "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"]],
                "max": [[120.0, "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"]]
            }
        })
    );
}

#[test]
fn a_deleted_attribute_says_so_in_its_kind() {
    let core = Context::core();
    let instant = Timestamp::from_seconds(0);
    for (kind, null) in [
        ("name", json!("urn:ngsi-ld:null")),
        ("location", json!("urn:ngsi-ld:null")),
        ("says", json!({"@none": "urn:ngsi-ld:null"})),
        ("periods", json!(["urn:ngsi-ld:null"])),
        ("providedBy", json!("urn:ngsi-ld:null")),
    ] {
        let name = context().expand(kind);
        let attribute: Attribute = all_kinds()
            .get(name.as_str())
            .unwrap()
            .clone()
            .deleted_at(instant);
        assert_eq!(attribute.deletion(), Some(instant));
        let json = write_attribute(std::slice::from_ref(&attribute), core, &WriteOptions::default()).unwrap();
        assert_eq!(json[attribute.value.kind().value_member()], null);
        assert_eq!(json["deletedAt"], "1970-01-01T00:00:00Z");
    }
}
