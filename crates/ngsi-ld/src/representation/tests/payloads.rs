//! Real payloads: those of the NGSI-LD test suite and the examples of Smart Data Models.

use serde_json::{Value as Json, json};

use super::super::*;
use crate::context::{BuiltIn, Context, ContextSource};
use crate::entity::{Attribute, Entity};
use crate::error::Error;
use crate::testing;

/// Serves the suite's contexts from their files.
struct Suite(std::path::PathBuf);

impl ContextSource for Suite {
    fn document(&self, url: &str) -> Result<Json, Error> {
        match url.rsplit('/').next() {
            Some(file) if file.starts_with("ngsi-ld-test-suite") => Ok(testing::json(&self.0.join(file))),
            Some("ngsildTestSuiteV1.8-compound.jsonld") => {
                Ok(testing::json(&self.0.join("ngsi-ld-test-suite-compound.jsonld")))
            }
            _ => BuiltIn.document(url),
        }
    }
}

fn normalized(entity: &Entity, context: &Context) -> Json {
    Json::Object(write_entity(
        entity,
        context,
        &WriteOptions {
            sys_attrs: true,
            ..WriteOptions::default()
        },
    ))
}

fn options(format: Format) -> WriteOptions {
    WriteOptions {
        format,
        ..WriteOptions::default()
    }
}

/// Times as they are written, whatever their decimals.
fn canonical(json: &mut Json) {
    match json {
        Json::Array(elements) => elements.iter_mut().for_each(canonical),
        Json::Object(object) => {
            for (key, value) in object {
                if let (Json::Array(types), "type") = (&value, key.as_str())
                    && let [one] = &**types
                {
                    *value = one.clone();
                }
                match value.as_str().and_then(date_time::parse) {
                    Some(instant) if key.ends_with("At") => *value = Json::from(instant.to_string()),
                    _ => canonical(value),
                }
            }
        }
        _ => {}
    }
}

/// Reads a payload, writes it and compares, member order aside.
fn round_trip(mut json: Json, context: &Context) -> Result<(), Error> {
    let entity = read_entity(&json, context)?;
    let object = json.as_object_mut().unwrap();
    object.shift_remove("@context");
    canonical(&mut json);
    assert_eq!(normalized(&entity, context), json);
    let concise = Json::Object(write_entity(&entity, context, &options(Format::Concise)));
    let again = read_entity(&concise, context).unwrap_or_else(|error| panic!("{error}: {concise:#}"));
    assert_eq!(without_times(again), without_times(entity), "{concise:#}");
    Ok(())
}

fn without_times(mut entity: Entity) -> Entity {
    fn clear(attributes: &mut [Attribute]) {
        for attribute in attributes {
            attribute.created_at = crate::entity::UNSET;
            attribute.modified_at = crate::entity::UNSET;
            clear(&mut attribute.sub_attributes);
        }
    }
    clear(&mut entity.attributes);
    entity.created_at = crate::entity::UNSET;
    entity.modified_at = crate::entity::UNSET;
    entity
}

#[test]
fn every_payload_of_the_suite_is_read_and_written_back() {
    let Some(folder) = testing::data("ngsi-ld") else {
        return;
    };
    let source = Suite(folder.join("contexts"));
    let refused = [
        "empty.jsonld",
        "invalid-type.jsonld",
        "meta-model-languageproperty-no-map.jsonld",
        "meta-model-property-no-value.jsonld",
        "meta-model-property-null-value.jsonld",
        "meta-model-relationship-no-object.jsonld",
        "temporal-observedat-not-datetime.jsonld",
        "temporal-observedat-offset.jsonld",
        "temporal-observedat-reified.jsonld",
    ];
    let mut read = 0;
    for path in testing::files(&folder.join("payloads/entities")) {
        // Some payloads are templates.
        let text = std::fs::read_to_string(&path)
            .unwrap()
            .replace("RandomUuidToBeReplaced", "urn:ngsi-ld:Building:1");
        let Ok(json) = serde_json::from_str::<Json>(&text) else {
            continue;
        };
        let file = path.file_name().unwrap().to_str().unwrap();
        let parent = path.parent().unwrap().file_name().unwrap().to_str().unwrap();
        let whole = json.get("id").is_some() && json.get("geometry").is_none();
        if parent != "entities" && !(whole && matches!(parent, "interoperability" | "orderBy" | "merge")) {
            continue;
        }
        let context = json.get("@context").cloned().unwrap_or_default();
        let Ok(compiled) = Context::compile(&context, &source) else {
            assert!(file.contains("unretrievable"), "{file}: {context}");
            continue;
        };
        if refused.contains(&file) {
            assert!(read_entity(&json, &compiled).is_err(), "{file} is not to be read");
        } else if whole {
            round_trip(json, &compiled).unwrap_or_else(|error| panic!("{file}: {error}"));
            read += 1;
        }
    }
    assert!(read > 50, "{read}");
}

#[test]
fn every_temporal_payload_of_the_suite_is_read_and_written_back() {
    let Some(folder) = testing::data("ngsi-ld") else {
        return;
    };
    let source = Suite(folder.join("contexts"));
    let mut read = 0;
    for path in testing::files(&folder.join("payloads/temporalEntities")) {
        let Ok(mut json) = serde_json::from_str::<Json>(&std::fs::read_to_string(&path).unwrap()) else {
            continue;
        };
        let file = path.file_name().unwrap().to_str().unwrap();
        let text = json.to_string();
        let Some(object) = json.as_object() else { continue };
        if file == "vehicle-temporal-representation-property-020-19.jsonld" {
            continue; // a scope that was deleted: entities hold no history of their scope
        }
        // Answers in temporalValues and aggregated form are not read.
        let answer = [
            "\"values\"",
            "\"languageMaps\"",
            "\"objects\"",
            "\"vocabs\"",
            "\"jsons\"",
            "\"avg\"",
            "\"min\"",
        ];
        if object.get("id").is_none()
            || !object.contains_key("type")
            || answer.iter().any(|key| text.contains(key))
        {
            continue;
        }
        let context = object.get("@context").cloned().unwrap_or_default();
        let Ok(context) = Context::compile(&context, &source) else {
            continue;
        };
        if file == "vehicle-temporal-representation-without-id.jsonld" {
            assert!(read_temporal(&json, &context).is_err());
            continue;
        }
        if file == "vehicle-temporal-representation-scope.jsonld" {
            json["scope"] = json!([{"type": "Property", "value": json["scope"]}]);
        }
        let entity = read_temporal(&json, &context).unwrap_or_else(|error| panic!("{file}: {error}"));
        let all = WriteOptions {
            sys_attrs: true,
            ..WriteOptions::default()
        };
        let written = Json::Object(write_temporal(
            &entity,
            &context,
            TemporalFormat::Normalized,
            &all,
        ));
        let object = json.as_object_mut().unwrap();
        object.shift_remove("@context");
        for value in object.values_mut() {
            if value.is_object() {
                *value = Json::Array(vec![value.take()]);
            }
        }
        canonical(&mut json);
        assert_eq!(written, json, "{file}");
        read += 1;
    }
    assert!(read > 20, "{read}");
}

#[test]
fn every_smart_data_models_example_is_read_and_written_back() {
    let Some(folder) = testing::data("smart-data-models") else {
        return;
    };
    // Published examples that are not NGSI-LD, and where.
    let refused = [
        ("FloodMonitoring", "`/floodLevelStatus/type`"),
        ("NightSkyQuality", "`/id`"),
        ("PhreaticObserved", "`/depth/observedAt`"),
        ("WaterObserved", "`/dateObserved/object`"),
        ("CityWork", "`/workDisposition/tramwayImpacted/type`"),
        ("RestrictionException", "`/name/type`"),
        ("SpecialRestriction", "`/name/type`"),
        ("TransportStation", "`/dateLastReported/type`"),
        ("Vehicle", "`/battery/observedAt`"),
        ("VehicleFault", "`/observedAt`"),
    ];
    let mut read = 0;
    for path in testing::files(&folder) {
        if !path.ends_with("example-normalized.jsonld") {
            continue;
        }
        let mut json = testing::json(&path);
        let model = path.parent().unwrap();
        let contexts = model.parent().unwrap().join("context.jsonld");
        let context = Context::compile(&testing::json(&contexts), &BuiltIn).unwrap();
        let model = model.file_name().unwrap().to_str().unwrap();
        if let Some((_, place)) = refused.iter().find(|(name, _)| *name == model) {
            let error = read_entity(&json, &context).unwrap_err();
            assert!(error.detail.starts_with(place), "{model}: {error}");
            continue;
        }
        let object = json.as_object_mut().unwrap();
        object.retain(|key, value| !(key.ends_with("edAt") && value.is_object())); // of the system, reified: ignored
        if let Some(location) = object
            .get_mut("location")
            .filter(|location| location["type"] == "Property")
        {
            location["type"] = json!("GeoProperty"); // what we make of it
        }
        round_trip(json, &context).unwrap_or_else(|error| panic!("{model}: {error}"));
        read += 1;
    }
    assert!(read >= 60, "{read}");
}
