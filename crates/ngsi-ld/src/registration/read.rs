//! JSON to the members of a registration (5.2.8 to 5.2.11, 5.2.34).

use serde_json::Value as Json;

use super::operations::Offered;
use super::{EntityInfo, Management, Members, Mode, OwnProperty, REMOVABLE, RegistrationInfo, TimeInterval};
use crate::context::Context;
use crate::error::Error;
use crate::geojson;
use crate::name::{Name, Uri};
use crate::query::temporal::Period;
use crate::representation::{Format, WriteOptions, is_scope, read_attribute, write_attribute};
use crate::subscription::KeyValue;
use crate::subscription::endpoint::pairs;
use crate::subscription::reader::Object;
use crate::value::{GeoValue, OneOrMany};

/// How many elements the arrays of a registration may have.
const MAX_ELEMENTS: usize = 1000;
/// The longest text of one member, in bytes.
const MAX_TEXT: usize = 4096;

/// Members that only this program gives (Table 5.2.9-2); what a document says of them is left out.
const READ_ONLY: [&str; 8] = [
    "status",
    "timesSent",
    "timesFailed",
    "lastSuccess",
    "lastFailure",
    "createdAt",
    "modifiedAt",
    "@context",
];
/// Members that are always there.
pub(super) const MANDATORY: [&str; 4] = ["id", "type", "endpoint", "information"];

/// Whether a member is none that the standard knows.
pub(super) fn is_own(member: &str) -> bool {
    !(READ_ONLY.contains(&member)
        || MANDATORY.contains(&member)
        || REMOVABLE.contains(&member)
        || matches!(member, "@id" | "@type"))
}

/// Reads every member that is there.
pub(super) fn read_members(object: &Object<'_>, context: &Context) -> Result<Members, Error> {
    let id = object.text("id")?;
    Ok(Members {
        id: id.map(|text| object.uri("id", text)).transpose()?,
        endpoint: endpoint(object)?,
        information: information(object, context)?,
        own: own(object, context)?,
        name: filled(object, "registrationName")?,
        description: filled(object, "description")?,
        source_info: source_info(object)?,
        alias: alias(object)?,
        tenant: tenant(object)?,
        dataset_ids: datasets(object)?,
        expires_at: object.instant("expiresAt")?,
        location: geometry(object, "location")?,
        observation_space: geometry(object, "observationSpace")?,
        operation_space: geometry(object, "operationSpace")?,
        observation_interval: interval(object, "observationInterval")?,
        management_interval: interval(object, "managementInterval")?,
        management: management(object)?,
        mode: mode(object)?,
        operations: operations(object)?,
        refresh_rate: duration(object, "refreshRate")?,
        scope: scope(object)?,
    })
}

fn few<T>(object: &Object<'_>, member: &str, elements: Option<Vec<T>>) -> Result<Option<Vec<T>>, Error> {
    match elements {
        Some(elements) if elements.len() > MAX_ELEMENTS => {
            Err(object.error(member, format!("it has more than {MAX_ELEMENTS} elements")))
        }
        elements => Ok(elements),
    }
}

/// A text that is not empty.
fn filled(object: &Object<'_>, member: &str) -> Result<Option<String>, Error> {
    match object.text(member)? {
        Some("") => Err(object.error(member, "it is empty; leave it out")),
        Some(text) if text.len() > MAX_TEXT => {
            Err(object.error(member, format!("it is longer than {MAX_TEXT} bytes")))
        }
        text => Ok(text.map(str::to_owned)),
    }
}

/// Refuses members that an object of the standard does not have: a misspelt one would widen what is registered.
fn only(object: &Object<'_>, members: &[&str]) -> Result<(), Error> {
    match object.members.keys().find(|key| !members.contains(&key.as_str())) {
        None => Ok(()),
        Some(key) => {
            let shown: String = key.chars().take(60).collect();
            Err(object.error(
                &shown,
                format!("there is no such member; there are {}", members.join(", ")),
            ))
        }
    }
}

fn endpoint(object: &Object<'_>) -> Result<Option<String>, Error> {
    let Some(text) = filled(object, "endpoint")? else {
        return Ok(None);
    };
    object.uri("endpoint", &text)?;
    let host = text
        .split_once("://")
        .filter(|(scheme, _)| {
            ["http", "https"]
                .iter()
                .any(|one| scheme.eq_ignore_ascii_case(one))
        })
        .map(|(_, rest)| rest.split(['/', '?', '#']).next().unwrap_or_default());
    match host {
        Some(host) if host.contains('@') => Err(object.error(
            "endpoint",
            "it holds credentials; give them with `contextSourceInfo`",
        )),
        Some(host) if !host.is_empty() && !host.starts_with(':') => Ok(Some(text)),
        _ => Err(object.error(
            "endpoint",
            "it is the http or https URI of a source's NGSI-LD interface (5.2.9)",
        )),
    }
}

fn information(object: &Object<'_>, context: &Context) -> Result<Option<Vec<RegistrationInfo>>, Error> {
    let elements = few(
        object,
        "information",
        object.elements("information", "RegistrationInfo (5.2.10)")?,
    )?;
    let read = |(place, json): &(String, &Json)| info(json, place, context);
    elements
        .map(|elements| elements.iter().map(read).collect())
        .transpose()
}

fn info(json: &Json, place: &str, context: &Context) -> Result<RegistrationInfo, Error> {
    let object = Object::of(json, place, "it says what the source has (5.2.10)")?;
    only(&object, &["entities", "propertyNames", "relationshipNames"])?;
    let entities = few(
        &object,
        "entities",
        object.elements("entities", "EntityInfo (5.2.8)")?,
    )?;
    let read = |(place, json): &(String, &Json)| entity_info(json, place, context);
    let info = RegistrationInfo {
        entities: entities
            .map(|elements| elements.iter().map(read).collect::<Result<_, _>>())
            .transpose()?,
        properties: names(&object, "propertyNames", context)?,
        relationships: names(&object, "relationshipNames", context)?,
    };
    if info == RegistrationInfo::default() {
        return Err(Error::bad_data(format!(
            "`{place}` is empty; give `entities`, `propertyNames` or `relationshipNames` (5.2.10)"
        )));
    }
    Ok(info)
}

fn entity_info(json: &Json, place: &str, context: &Context) -> Result<EntityInfo, Error> {
    let object = Object::of(json, place, "it says which entities the source has (5.2.8)")?;
    only(&object, &["type", "id", "idPattern"])?;
    let type_name = |text: &str| match text {
        "" | "*" => Err(object.error("type", "it is the name of an entity type (4.6.2)")),
        text if text.contains(|c: char| c.is_whitespace() || c.is_control() || "<>\"|,;()".contains(c)) => {
            Err(object.error(
                "type",
                "it is the name of one entity type, not a selection (4.6.2)",
            ))
        }
        text => Ok(context.expand(text)),
    };
    let texts = few(&object, "type", object.texts("type", true)?)?
        .ok_or_else(|| object.error("type", "it is missing: entities are registered by type (5.2.8)"))?;
    let names: Vec<Name> = texts.into_iter().map(type_name).collect::<Result<_, _>>()?;
    let types = match (object.get("type"), &*names) {
        (Some(Json::String(_)), [one]) => OneOrMany::One(one.clone()),
        _ => OneOrMany::Many(names.into()),
    };
    Ok(EntityInfo {
        types,
        id: object
            .text("id")?
            .map(|text| object.uri("id", text))
            .transpose()?,
        id_pattern: filled(&object, "idPattern")?,
    })
}

fn names(object: &Object<'_>, member: &str, context: &Context) -> Result<Option<Vec<Name>>, Error> {
    let odd = |c: char| c.is_whitespace() || c.is_control() || "<>\"'=;(),".contains(c);
    let name = |text: &str| {
        let name = context.expand(text);
        if text.is_empty() || text.chars().any(odd) || name.as_str().starts_with('@') {
            return Err(object.error(member, "it holds what is not the name of an attribute (4.6.2)"));
        }
        Ok(name)
    };
    few(object, member, object.texts(member, false)?)?
        .map(|texts| texts.into_iter().map(name).collect())
        .transpose()
}

/// The members that the standard does not know.
fn own(object: &Object<'_>, context: &Context) -> Result<Vec<OwnProperty>, Error> {
    let mut own: Vec<OwnProperty> = Vec::new();
    for (member, json) in object.members.iter().filter(|(member, _)| is_own(member)) {
        let shown: String = member.chars().take(60).collect();
        let instances =
            read_attribute(member, json, context).map_err(|error| object.error(&shown, error.detail))?;
        let Some(name) = instances.first().map(|one| one.name.clone()) else {
            continue;
        };
        if own.iter().any(|one| one.name == name) {
            return Err(object.error(&shown, format!("it names `{name}`, as another member does")));
        }
        if own.len() >= MAX_ELEMENTS {
            return Err(object.error(&shown, format!("there are more than {MAX_ELEMENTS} members")));
        }
        let simplified = WriteOptions {
            format: Format::Simplified,
            ..WriteOptions::default()
        };
        let bare = write_attribute(&instances, context, &simplified).as_ref() == Some(json);
        own.push(OwnProperty {
            name,
            instances,
            bare,
        });
    }
    Ok(own)
}

/// 4.3.6.5 and 4.3.6.6.
fn source_info(object: &Object<'_>) -> Result<Option<Vec<KeyValue>>, Error> {
    let pairs = pairs(object, "contextSourceInfo")?;
    for KeyValue { key, value } in pairs.iter().flatten() {
        let good = match key.as_str() {
            "accept" | "contentType" => matches!(value.as_str(), "application/json" | "application/ld+json"),
            "jsonldContext" => Uri::parse(value).is_ok(),
            "ngsildConformance" => value.split_once('.').is_some_and(|(major, minor)| {
                [major, minor].iter().all(|part| {
                    !part.is_empty() && part.len() < 9 && part.bytes().all(|b| b.is_ascii_digit())
                })
            }),
            key => !key.is_empty(),
        };
        if !good {
            let what = match key.as_str() {
                "accept" | "contentType" => "application/json or application/ld+json",
                "jsonldContext" => "the URL of an @context",
                "ngsildConformance" => "a version of the standard, major.minor, such as `1.6`",
                _ => return Err(object.error("contextSourceInfo", "it holds an empty `key`")),
            };
            return Err(object.error("contextSourceInfo", format!("`{key}` is {what} (4.3.6.6)")));
        }
    }
    Ok(pairs)
}

fn alias(object: &Object<'_>) -> Result<Option<String>, Error> {
    let alias = filled(object, "contextSourceAlias")?;
    let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    if alias.as_deref().is_some_and(|text| !text.bytes().all(token)) {
        return Err(object.error("contextSourceAlias", "it is a pseudonym: a token of RFC 7230"));
    }
    Ok(alias)
}

fn tenant(object: &Object<'_>) -> Result<Option<String>, Error> {
    let tenant = filled(object, "tenant")?;
    // It is sent as a header.
    if tenant
        .as_deref()
        .is_some_and(|text| text.bytes().any(|b| !b.is_ascii_graphic()))
    {
        return Err(object.error("tenant", "it is not the name of a tenant (4.14)"));
    }
    Ok(tenant)
}

fn datasets(object: &Object<'_>) -> Result<Option<Vec<Option<Uri>>>, Error> {
    let read = |text: &str| match text {
        "@none" => Ok(None),
        text => object.uri("datasetId", text).map(Some),
    };
    few(object, "datasetId", object.texts("datasetId", true)?)?
        .map(|texts| texts.into_iter().map(read).collect())
        .transpose()
}

fn geometry(object: &Object<'_>, member: &str) -> Result<Option<GeoValue>, Error> {
    object
        .get(member)
        .map(|json| geojson::from_json(json).map_err(|error| object.error(member, error.detail)))
        .transpose()
}

fn interval(object: &Object<'_>, member: &str) -> Result<Option<TimeInterval>, Error> {
    let Some(json) = object.get(member) else {
        return Ok(None);
    };
    let place = format!("{}/{member}", object.place);
    let object = Object::of(json, &place, "it is a TimeInterval (5.2.11)")?;
    only(&object, &["startAt", "endAt"])?;
    let start = object
        .instant("startAt")?
        .ok_or_else(|| object.error("startAt", "it is missing"))?;
    let end = object.instant("endAt")?;
    if end.is_some_and(|end| end < start) {
        return Err(object.error("endAt", "it lies before `startAt`"));
    }
    Ok(Some(TimeInterval { start, end }))
}

fn management(object: &Object<'_>) -> Result<Option<Management>, Error> {
    let Some(json) = object.get("management") else {
        return Ok(None);
    };
    let place = format!("{}/management", object.place);
    let object = Object::of(json, &place, "it says how the source is to be asked (5.2.34)")?;
    only(&object, &["cacheDuration", "cooldown", "localOnly", "timeout"])?;
    Ok(Some(Management {
        cache_duration: duration(&object, "cacheDuration")?,
        cooldown_ms: object.positive("cooldown")?,
        local_only: object.flag("localOnly")?,
        timeout_ms: object.positive("timeout")?,
    }))
}

fn duration(object: &Object<'_>, member: &str) -> Result<Option<String>, Error> {
    let text = filled(object, member)?;
    if text.as_deref().is_some_and(|text| Period::parse(text).is_err()) {
        return Err(object.error(member, "it is not an ISO 8601 duration, such as `PT5M`"));
    }
    Ok(text)
}

fn mode(object: &Object<'_>) -> Result<Option<Mode>, Error> {
    let Some(text) = object.text("mode")? else {
        return Ok(None);
    };
    Mode::ALL
        .into_iter()
        .find(|mode| mode.as_str() == text)
        .map(Some)
        .ok_or_else(|| {
            object.error(
                "mode",
                "it is one of inclusive, exclusive, redirect and auxiliary",
            )
        })
}

fn operations(object: &Object<'_>) -> Result<Option<Vec<Offered>>, Error> {
    let read = |text: &str| {
        Offered::parse(text).ok_or_else(|| {
            let shown: String = text.chars().take(60).collect();
            object.error(
                "operations",
                format!("`{shown}` is not the name of an operation, or of a group of operations (4.20)"),
            )
        })
    };
    few(object, "operations", object.texts("operations", false)?)?
        .map(|texts| texts.into_iter().map(read).collect())
        .transpose()
}

fn scope(object: &Object<'_>) -> Result<Option<OneOrMany<Box<str>>>, Error> {
    let read = |text: &str| {
        if is_scope(text) {
            Ok(Box::from(text))
        } else {
            Err(object.error(
                "scope",
                "write `/Nairobi/Westlands`: levels of letters, numbers and `_` (4.18)",
            ))
        }
    };
    let Some(texts) = few(object, "scope", object.texts("scope", true)?)? else {
        return Ok(None);
    };
    let mut scopes = texts
        .into_iter()
        .map(read)
        .collect::<Result<Vec<Box<str>>, _>>()?;
    Ok(Some(match object.get("scope") {
        Some(Json::String(_)) if scopes.len() == 1 => OneOrMany::One(scopes.swap_remove(0)),
        _ => OneOrMany::Many(scopes.into()),
    }))
}
