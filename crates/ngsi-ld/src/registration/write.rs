//! Registrations to JSON.

use serde_json::{Map, Value as Json, json};

use super::fragment::TYPE;
use super::{EntityInfo, OwnProperty, Registration, RegistrationInfo, TimeInterval};
use crate::context::Context;
use crate::geojson;
use crate::name::Name;
use crate::representation::{Format, WriteOptions, write_attribute};
use crate::subscription::KeyValue;
use crate::time::Timestamp;
use crate::value::{GeoValue, OneOrMany};

/// Writes a registration, without an `@context` member. `times`: `createdAt` and `modifiedAt`, where they are wanted.
/// `lang`: the language of its own LanguageProperties (4.15).
pub fn write_registration(
    registration: &Registration,
    context: &Context,
    times: Option<(Timestamp, Timestamp)>,
    lang: Option<&str>,
) -> Map<String, Json> {
    let mut object = Map::new();
    let mut put = |member: &str, json: Option<Json>| {
        if let Some(json) = json {
            object.insert(member.to_owned(), json);
        }
    };
    let text = |text: &Option<String>| text.as_deref().map(Json::from);
    let place = |place: &Option<GeoValue>| place.as_ref().map(geojson::to_json);
    put("id", Some(registration.id.as_str().into()));
    put("type", Some(TYPE.into()));
    put("registrationName", text(&registration.name));
    put("description", text(&registration.description));
    let infos = registration.information.iter();
    put("information", Some(infos.map(|one| info(one, context)).collect()));
    put("endpoint", Some(registration.endpoint.as_str().into()));
    let pair = |KeyValue { key, value }: &KeyValue| json!({"key": key, "value": value});
    put(
        "contextSourceInfo",
        registration
            .source_info
            .as_ref()
            .map(|pairs| pairs.iter().map(pair).collect()),
    );
    put("contextSourceAlias", text(&registration.alias));
    put("tenant", text(&registration.tenant));
    put(
        "datasetId",
        registration.dataset_ids.as_ref().map(|ids| {
            ids.iter()
                .map(|id| Json::from(id.as_ref().map_or("@none", |id| id.as_str())))
                .collect()
        }),
    );
    put("mode", registration.mode.map(|mode| mode.as_str().into()));
    put("operations", operations(registration));
    put("management", management(registration));
    put("observationInterval", interval(registration.observation_interval));
    put("managementInterval", interval(registration.management_interval));
    put("location", place(&registration.location));
    put("observationSpace", place(&registration.observation_space));
    put("operationSpace", place(&registration.operation_space));
    put("refreshRate", text(&registration.refresh_rate));
    put(
        "scope",
        registration.scope.as_ref().map(|scope| match scope {
            OneOrMany::One(one) => Json::from(&**one),
            OneOrMany::Many(many) => many.iter().map(|one| Json::from(&**one)).collect(),
        }),
    );
    put("expiresAt", registration.expires_at.map(instant));
    for OwnProperty {
        name,
        instances,
        bare,
    } in &registration.own
    {
        let options = WriteOptions {
            format: if *bare {
                Format::Simplified
            } else {
                Format::Normalized
            },
            lang: lang.map(str::to_owned),
            ..WriteOptions::default()
        };
        put(
            &context.compact_name(name),
            write_attribute(instances, context, &options),
        );
    }
    if let Some((created_at, modified_at)) = times {
        put("createdAt", Some(instant(created_at)));
        put("modifiedAt", Some(instant(modified_at)));
    }
    object
}

fn info(info: &RegistrationInfo, context: &Context) -> Json {
    let mut object = Map::new();
    if let Some(entities) = &info.entities {
        let entities = entities.iter().map(|one| entity_info(one, context));
        object.insert("entities".into(), entities.collect());
    }
    for (member, names) in [
        ("propertyNames", &info.properties),
        ("relationshipNames", &info.relationships),
    ] {
        if let Some(names) = names {
            let names = names.iter().map(|name| Json::from(context.compact_name(name)));
            object.insert(member.into(), names.collect());
        }
    }
    Json::Object(object)
}

fn entity_info(info: &EntityInfo, context: &Context) -> Json {
    let mut object = Map::new();
    if let Some(id) = &info.id {
        object.insert("id".into(), id.as_str().into());
    }
    if let Some(pattern) = &info.id_pattern {
        object.insert("idPattern".into(), pattern.as_str().into());
    }
    let compact = |name: &Name| Json::from(context.compact_name(name));
    let types = match &info.types {
        OneOrMany::One(one) => compact(one),
        OneOrMany::Many(many) => many.iter().map(compact).collect(),
    };
    object.insert("type".into(), types);
    Json::Object(object)
}

pub(super) fn interval(interval: Option<TimeInterval>) -> Option<Json> {
    let interval = interval?;
    let mut object = Map::new();
    object.insert("startAt".into(), instant(interval.start));
    if let Some(end) = interval.end {
        object.insert("endAt".into(), instant(end));
    }
    Some(Json::Object(object))
}

pub(super) fn operations(registration: &Registration) -> Option<Json> {
    let operations = registration.operations.as_ref()?;
    Some(operations.iter().map(|one| one.as_str()).collect())
}

pub(super) fn management(registration: &Registration) -> Option<Json> {
    let management = registration.management.as_ref()?;
    let mut object = Map::new();
    if let Some(text) = &management.cache_duration {
        object.insert("cacheDuration".into(), text.as_str().into());
    }
    if let Some(ms) = management.cooldown_ms {
        object.insert("cooldown".into(), number(ms));
    }
    if let Some(flag) = management.local_only {
        object.insert("localOnly".into(), flag.into());
    }
    if let Some(ms) = management.timeout_ms {
        object.insert("timeout".into(), number(ms));
    }
    Some(Json::Object(object))
}

fn instant(instant: Timestamp) -> Json {
    Json::String(instant.to_string())
}

/// Whole numbers without a point, as they were sent.
fn number(number: f64) -> Json {
    #[allow(clippy::cast_possible_truncation, reason = "it is whole and small")]
    if number.fract() == 0.0 && number.abs() < 9e15 {
        Json::from(number as i64)
    } else {
        Json::from(number)
    }
}
