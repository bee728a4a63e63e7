//! JSON to the members of a subscription (5.2.12 to 5.2.15, 5.2.33).

use serde_json::Value as Json;

use super::endpoint::{Accept, Endpoint};
use super::reader::Object;
use super::{
    Conformance, EntitySelector, GivenFormat, Join, Members, NotificationParams, Subject, Trigger, Written,
    WrittenGeo,
};
use crate::context::Context;
use crate::error::Error;
use crate::name::{NGSI_LD, Name, Uri};
use crate::query::geo::GeoQuery;
use crate::query::projection::Projection;
use crate::query::q::Q;
use crate::query::scope::ScopeQuery;
use crate::query::temporal::TemporalQuery;
use crate::query::types::TypeSelection;
use crate::representation::Format;

/// How many elements the arrays of a subscription may have.
const MAX_ELEMENTS: usize = 1000;
/// The longest pattern, in bytes.
const MAX_PATTERN: usize = 4096;

/// Reads every member that is there.
pub(super) fn read_members(
    object: &Object<'_>,
    context: &Context,
    subject: Subject,
) -> Result<Members, Error> {
    super::misspelt::refuse(object)?;
    let uri = |member: &str| -> Result<Option<Uri>, Error> {
        object
            .text(member)?
            .map(|text| object.uri(member, text))
            .transpose()
    };
    let text = |member: &str| object.text(member).map(|text| text.map(str::to_owned));
    let expand_values = comma_list(object, "expandValues", context)?;
    let placed = |member: &'static str| move |error: Error| at(object, member, &error);
    let mut q = written(object, "q", |text| Q::parse(text, context))?;
    if let (Some(q), Some(names)) = (&mut q, &expand_values) {
        q.tree.expand_values(names, context);
    }
    let temporal = match object.get("temporalQ") {
        None => None,
        Some(_) if subject == Subject::Entities => {
            return Err(object.error(
                "temporalQ",
                "it is for subscriptions to context source registrations only",
            ));
        }
        Some(json) => Some(temporal(json).map_err(placed("temporalQ"))?),
    };
    let notification = object
        .get("notification")
        .map(|json| notification(json, context, subject))
        .transpose()?;
    Ok(Members {
        id: uri("id")?,
        notification,
        name: text("subscriptionName")?,
        description: text("description")?,
        entities: entities(object, context)?,
        watched_attributes: names(object, "watchedAttributes", context)?,
        triggers: triggers(object)?,
        time_interval_s: object.positive("timeInterval")?,
        throttling_s: object.positive("throttling")?,
        q,
        geo: object
            .get("geoQ")
            .map(|json| geo(json, context))
            .transpose()
            .map_err(placed("geoQ"))?,
        scope: written(object, "scopeQ", ScopeQuery::parse)?,
        temporal,
        csf: written(object, "csf", |text| Q::parse(text, context))?,
        dataset_ids: datasets(object)?,
        lang: lang(object)?,
        expand_values,
        json_keys: comma_list(object, "jsonKeys", context)?,
        expires_at: object.instant("expiresAt")?,
        is_active: object.flag("isActive")?,
        jsonld_context: jsonld_context(object)?,
        local_only: object.flag("localOnly")?,
        split_entities: object.flag("splitEntities")?,
        conformance: conformance(object)?,
    })
}

/// The same refusal, said to be of a member.
fn at(object: &Object<'_>, member: &str, error: &Error) -> Error {
    Error {
        detail: format!("`{}/{member}`: {}", object.place, error.detail),
        kind: error.kind,
    }
}

fn written<T>(
    object: &Object<'_>,
    member: &str,
    parse: impl FnOnce(&str) -> Result<T, Error>,
) -> Result<Option<Written<T>>, Error> {
    object
        .text(member)?
        .map(|text| {
            let tree = parse(text).map_err(|error| at(object, member, &error))?;
            Ok(Written {
                text: text.to_owned(),
                tree,
            })
        })
        .transpose()
}

fn few<T>(object: &Object<'_>, member: &str, elements: Option<Vec<T>>) -> Result<Option<Vec<T>>, Error> {
    match elements {
        Some(elements) if elements.len() > MAX_ELEMENTS => {
            Err(object.error(member, format!("it has more than {MAX_ELEMENTS} elements")))
        }
        elements => Ok(elements),
    }
}

fn entities(object: &Object<'_>, context: &Context) -> Result<Option<Vec<EntitySelector>>, Error> {
    let elements = few(
        object,
        "entities",
        object.elements("entities", "selector (5.2.33)")?,
    )?;
    let selectors = elements.map(|elements| {
        let read = |(place, json): &(String, &Json)| selector(json, place, context);
        elements.iter().map(read).collect()
    });
    selectors.transpose()
}

fn selector(json: &Json, place: &str, context: &Context) -> Result<EntitySelector, Error> {
    let object = Object::of(json, place, "it selects entities (5.2.33)")?;
    let types = TypeSelection::parse(object.required_text("type")?, context)
        .map_err(|error| at(&object, "type", &error))?;
    let ids = few(&object, "id", object.texts("id", true)?)?.unwrap_or_default();
    let ids = ids
        .into_iter()
        .map(|id| object.uri("id", id))
        .collect::<Result<_, _>>()?;
    let id_pattern = object.text("idPattern")?;
    if id_pattern.is_some_and(|pattern| pattern.len() > MAX_PATTERN) {
        return Err(object.error("idPattern", format!("it is longer than {MAX_PATTERN} bytes")));
    }
    Ok(EntitySelector {
        ids,
        id_pattern: id_pattern.map(str::to_owned),
        types,
    })
}

fn names(object: &Object<'_>, member: &str, context: &Context) -> Result<Option<Vec<Name>>, Error> {
    let texts = few(object, member, object.texts(member, false)?)?;
    let expand = |text: &str| match text {
        "" => Err(object.error(member, "it holds an empty name")),
        text => Ok(context.expand(text)),
    };
    texts
        .map(|texts| texts.into_iter().map(expand).collect())
        .transpose()
}

fn projection(
    object: &Object<'_>,
    member: &'static str,
    context: &Context,
) -> Result<Option<Projection>, Error> {
    let texts = few(object, member, object.texts(member, false)?)?;
    texts
        .map(|texts| {
            Projection::parse_all(member, &texts, context).map_err(|error| at(object, member, &error))
        })
        .transpose()
}

fn comma_list(object: &Object<'_>, member: &str, context: &Context) -> Result<Option<Vec<Name>>, Error> {
    let split = |text: &str| -> Result<Vec<Name>, Error> {
        text.split(',')
            .map(str::trim)
            .map(|name| match name {
                "" => Err(object.error(member, "it is a list of attribute names with commas between them")),
                name => Ok(context.expand(name)),
            })
            .collect()
    };
    few(object, member, object.text(member)?.map(split).transpose()?)
}

fn triggers(object: &Object<'_>) -> Result<Option<Vec<Trigger>>, Error> {
    let known = |text: &str| {
        Trigger::ALL
            .into_iter()
            .find(|trigger| trigger.as_str() == text)
            .ok_or_else(|| {
                let all: Vec<_> = Trigger::ALL.iter().map(|trigger| trigger.as_str()).collect();
                let shown: String = text.chars().take(60).collect();
                object.error(
                    "notificationTrigger",
                    format!("`{shown}` is not one of {}", all.join(", ")),
                )
            })
    };
    let mut triggers: Vec<Trigger> = Vec::new();
    let Some(texts) = object.texts("notificationTrigger", false)? else {
        return Ok(None);
    };
    for text in texts {
        let trigger = known(text)?;
        if !triggers.contains(&trigger) {
            triggers.push(trigger);
        }
    }
    Ok(Some(triggers))
}

fn geo(json: &Json, context: &Context) -> Result<WrittenGeo, Error> {
    let query = GeoQuery::from_json(json, context)?;
    let text = |member: &str| {
        json.get(member)
            .and_then(Json::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    Ok(WrittenGeo {
        georel: text("georel"),
        geometry: text("geometry"),
        coordinates: json.get("coordinates").cloned().unwrap_or(Json::Null),
        names_property: json.get("geoproperty").is_some(),
        query,
    })
}

fn temporal(json: &Json) -> Result<TemporalQuery, Error> {
    let object = Object::of(json, "", "it is a temporal query (5.2.21)")?;
    TemporalQuery::parse(
        object.text("timerel")?,
        object.text("timeAt")?,
        object.text("endTimeAt")?,
        object.text("timeproperty")?,
    )
}

fn datasets(object: &Object<'_>) -> Result<Option<Vec<Option<Uri>>>, Error> {
    let texts = few(object, "datasetId", object.texts("datasetId", true)?)?;
    let read = |text: &str| match text {
        "@none" => Ok(None),
        text => object.uri("datasetId", text).map(Some),
    };
    texts
        .map(|texts| texts.into_iter().map(read).collect())
        .transpose()
}

fn lang(object: &Object<'_>) -> Result<Option<String>, Error> {
    match object.text("lang")? {
        Some("") => Err(object.error("lang", "it is a language tag (RFC 5646)")),
        text => Ok(text.map(str::to_owned)),
    }
}

fn jsonld_context(object: &Object<'_>) -> Result<Option<String>, Error> {
    let Some(text) = object.text("jsonldContext")? else {
        return Ok(None);
    };
    object.uri("jsonldContext", text)?;
    Ok(Some(text.to_owned()))
}

fn conformance(object: &Object<'_>) -> Result<Option<Conformance>, Error> {
    let Some(text) = object.text("ngsildConformance")? else {
        return Ok(None);
    };
    let parts = text.split_once('.').and_then(|(major, minor)| {
        // `+1` is a number to Rust.
        let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        (digits(major) && digits(minor)).then_some(())?;
        Some(Conformance {
            major: major.parse().ok()?,
            minor: minor.parse().ok()?,
        })
    });
    parts.map(Some).ok_or_else(|| {
        object.error(
            "ngsildConformance",
            "it is a version of the standard, major.minor, such as `1.6`",
        )
    })
}

/// 5.2.14.
fn notification(json: &Json, context: &Context, subject: Subject) -> Result<NotificationParams, Error> {
    let object = Object::of(
        json,
        "/notification",
        "it says what is sent, and where to (5.2.14)",
    )?;
    let Some(endpoint) = object.get("endpoint") else {
        return Err(object.error(
            "endpoint",
            "it is missing: it says where notifications go (5.2.15)",
        ));
    };
    let format = format(&object)?;
    let (attributes, pick, omit) = (
        names(&object, "attributes", context)?,
        projection(&object, "pick", context)?,
        projection(&object, "omit", context)?,
    );
    if attributes.is_some() && (pick.is_some() || omit.is_some()) {
        return Err(object.error("attributes", "it does not go with `pick` and `omit`"));
    }
    let core_scope = format!("{NGSI_LD}scope");
    let is_head = |name: &&Name| ["@id", "@type", &core_scope].contains(&name.as_str());
    if attributes.iter().flatten().any(|name| is_head(&name)) {
        return Err(object.error(
            "attributes",
            "`id`, `type` and `scope` are not attributes; name them with `pick`",
        ));
    }
    let picked = pick.as_ref().map(Projection::picked).unwrap_or_default();
    let omitted = omit.as_ref().map(Projection::omitted).unwrap_or_default();
    if let Some(both) = picked.iter().find(|name| omitted.contains(name)) {
        let both = context.compact_name(both);
        return Err(object.error("omit", format!("`{both}` is in `pick` too")));
    }
    let show_changes = object.flag("showChanges")?;
    if show_changes == Some(true) && format.is_some_and(|given| given.format == Format::Simplified) {
        return Err(object.error(
            "showChanges",
            "it does not go with the simplified format, which has no room for changes",
        ));
    }
    let endpoint = Endpoint::read(endpoint, "/notification/endpoint")?;
    if subject == Subject::Registrations && endpoint.accept == Some(Accept::GeoJson) {
        return Err(Error::bad_data(
            "`/notification/endpoint/accept`: registrations are not written as GeoJSON; ask for application/json or \
             application/ld+json (5.3.2)",
        ));
    }
    Ok(NotificationParams {
        endpoint,
        attributes,
        pick,
        omit,
        format,
        sys_attrs: object.flag("sysAttrs")?,
        show_changes,
        join: join(&object)?,
        join_level: join_level(&object)?,
    })
}

fn format(object: &Object<'_>) -> Result<Option<GivenFormat>, Error> {
    let given = |format, word| Some(GivenFormat { format, word });
    Ok(match object.text("format")? {
        None => None,
        Some("normalized") => given(Format::Normalized, "normalized"),
        Some("concise") => given(Format::Concise, "concise"),
        Some("simplified") => given(Format::Simplified, "simplified"),
        Some("keyValues") => given(Format::Simplified, "keyValues"),
        Some(_) => {
            return Err(object.error(
                "format",
                "it is one of normalized, concise, simplified and keyValues",
            ));
        }
    })
}

fn join(object: &Object<'_>) -> Result<Option<Join>, Error> {
    let Some(text) = object.text("join")? else {
        return Ok(None);
    };
    [Join::None, Join::Flat, Join::Inline]
        .into_iter()
        .find(|join| join.as_str() == text)
        .map(Some)
        .ok_or_else(|| object.error("join", "it is one of flat, inline and @none"))
}

fn join_level(object: &Object<'_>) -> Result<Option<u32>, Error> {
    match object.get("joinLevel") {
        None => Ok(None),
        Some(json) => match json.as_u64().and_then(|level| u32::try_from(level).ok()) {
            Some(level) if level > 0 => Ok(Some(level)),
            _ => Err(object.error("joinLevel", "it is a whole number greater than 0")),
        },
    }
}
