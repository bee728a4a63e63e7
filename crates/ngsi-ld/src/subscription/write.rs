//! Subscriptions to JSON.

use serde_json::{Map, Value as Json, json};

use super::endpoint::{Endpoint, KeyValue};
use super::{EntitySelector, NotificationParams, Standing, Status, Subscription, WrittenGeo, portable};
use crate::context::Context;
use crate::name::Name;
use crate::query::projection::{Member, Projection};
use crate::query::temporal::{TemporalQuery, TimeProperty, TimeRelation};
use crate::query::types::TypeSelection;
use crate::time::Timestamp;

/// Writes a subscription, without an `@context` member. `now` decides its `status`; of one that cannot be used that is
/// `paused`, and `unusable` says why. With `sys_attrs` also `createdAt` and `modifiedAt`.
pub fn write_subscription(
    subscription: &Subscription,
    standing: &Standing,
    context: &Context,
    now: Timestamp,
    sys_attrs: bool,
) -> Map<String, Json> {
    let mut object = Map::new();
    let mut put = |member: &str, json: Option<Json>| {
        if let Some(json) = json {
            object.insert(member.to_owned(), json);
        }
    };
    let text = |text: &Option<String>| text.as_deref().map(Json::from);
    let expand_values = subscription.expand_values.as_deref().unwrap_or_default();
    put("id", Some(subscription.id.as_str().into()));
    put("type", Some("Subscription".into()));
    put("subscriptionName", text(&subscription.name));
    put("description", text(&subscription.description));
    put(
        "entities",
        subscription
            .entities
            .as_ref()
            .map(|selectors| selectors.iter().map(|one| selector(one, context)).collect()),
    );
    put(
        "watchedAttributes",
        subscription
            .watched_attributes
            .as_deref()
            .map(|all| names(all, context)),
    );
    put(
        "notificationTrigger",
        Some(
            subscription
                .triggers()
                .iter()
                .map(|trigger| trigger.as_str())
                .collect(),
        ),
    );
    put("timeInterval", subscription.time_interval_s.map(number));
    put("throttling", subscription.throttling_s.map(number));
    let q = subscription.q.as_ref();
    put("q", q.map(|q| portable::text(q, context, expand_values).into()));
    put(
        "geoQ",
        subscription.geo.as_ref().map(|written| geo(written, context)),
    );
    put(
        "scopeQ",
        subscription
            .scope
            .as_ref()
            .map(|scope| scope.text.as_str().into()),
    );
    put("temporalQ", subscription.temporal.as_ref().map(temporal));
    let csf = subscription.csf.as_ref();
    put("csf", csf.map(|csf| portable::text(csf, context, &[]).into()));
    put(
        "datasetId",
        subscription.dataset_ids.as_ref().map(|ids| {
            let text = |id: &Option<crate::Uri>| id.as_ref().map_or("@none", |id| id.as_str()).to_owned();
            ids.iter().map(text).collect()
        }),
    );
    put("lang", text(&subscription.lang));
    put(
        "expandValues",
        subscription
            .expand_values
            .as_deref()
            .map(|all| comma_list(all, context)),
    );
    put(
        "jsonKeys",
        subscription
            .json_keys
            .as_deref()
            .map(|all| comma_list(all, context)),
    );
    put("expiresAt", subscription.expires_at.map(instant));
    put("isActive", subscription.is_active.map(Json::from));
    put("jsonldContext", text(&subscription.jsonld_context));
    put("localOnly", subscription.local_only.map(Json::from));
    put("splitEntities", subscription.split_entities.map(Json::from));
    put(
        "ngsildConformance",
        subscription
            .conformance
            .map(|c| format!("{}.{}", c.major, c.minor).into()),
    );
    let status = match &standing.unusable {
        None => subscription.status(now),
        Some(_) => Status::Paused, // nobody is notified
    };
    put("status", Some(status.as_str().into()));
    put("unusable", text(&standing.unusable));
    put(
        "notification",
        Some(notification(&subscription.notification, standing, context)),
    );
    if sys_attrs {
        put("createdAt", standing.created_at.map(instant));
        put("modifiedAt", standing.modified_at.map(instant));
    }
    object
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

fn names(names: &[Name], context: &Context) -> Json {
    names
        .iter()
        .map(|name| Json::from(member(name, context)))
        .collect()
}

/// `@id` and `@type` as they are written in `pick` and `omit`.
fn member(name: &Name, context: &Context) -> String {
    match name.as_str() {
        "@id" => "id".to_owned(),
        "@type" => "type".to_owned(),
        _ => context.compact_name(name),
    }
}

/// One text for each member, with what is said of linked entities in braces (4.21).
fn projection(projection: &Projection, context: &Context) -> Json {
    fn text(member: &Member, context: &Context) -> String {
        let name = self::member(&member.name, context);
        let Some(linked) = &member.linked else {
            return name;
        };
        let inside: Vec<String> = linked.members.iter().map(|one| text(one, context)).collect();
        format!("{name}{{{}}}", inside.join(","))
    }
    projection
        .members
        .iter()
        .map(|one| Json::from(text(one, context)))
        .collect()
}

fn comma_list(names: &[Name], context: &Context) -> Json {
    let names: Vec<String> = names.iter().map(|name| context.compact_name(name)).collect();
    names.join(",").into()
}

fn selector(selector: &EntitySelector, context: &Context) -> Json {
    let mut object = Map::new();
    match &*selector.ids {
        [] => {}
        [one] => {
            object.insert("id".into(), one.as_str().into());
        }
        several => {
            object.insert(
                "id".into(),
                several.iter().map(|id| Json::from(id.as_str())).collect(),
            );
        }
    }
    if let Some(pattern) = &selector.id_pattern {
        object.insert("idPattern".into(), pattern.as_str().into());
    }
    object.insert("type".into(), types(&selector.types, context).into());
    Json::Object(object)
}

/// A type selection, compacted where that can be read again.
fn types(selection: &TypeSelection, context: &Context) -> String {
    match selection {
        TypeSelection::Type(name) => {
            let compact = context.compact_name(name);
            if compact.contains(|c: char| "|,;()<>\"".contains(c) || c.is_whitespace()) {
                selection.to_string()
            } else {
                compact
            }
        }
        TypeSelection::And(parts) if parts.is_empty() => "*".to_owned(),
        TypeSelection::And(parts) => {
            let part = |part: &TypeSelection| match part {
                TypeSelection::Or(_) => format!("({})", types(part, context)),
                _ => types(part, context),
            };
            format!("({})", parts.iter().map(part).collect::<Vec<_>>().join(";"))
        }
        TypeSelection::Or(parts) => parts
            .iter()
            .map(|part| types(part, context))
            .collect::<Vec<_>>()
            .join("|"),
    }
}

fn geo(written: &WrittenGeo, context: &Context) -> Json {
    let mut object = Map::new();
    object.insert("georel".into(), written.georel.as_str().into());
    object.insert("geometry".into(), written.geometry.as_str().into());
    object.insert("coordinates".into(), written.coordinates.clone());
    if written.names_property {
        object.insert(
            "geoproperty".into(),
            context.compact_name(&written.query.property).into(),
        );
    }
    Json::Object(object)
}

fn temporal(query: &TemporalQuery) -> Json {
    let mut object = Map::new();
    let (relation, at, end) = match query.relation {
        TimeRelation::Always => (None, None, None),
        TimeRelation::Before(at) => (Some("before"), Some(at), None),
        TimeRelation::After(at) => (Some("after"), Some(at), None),
        TimeRelation::Between(at, end) => (Some("between"), Some(at), Some(end)),
    };
    if let Some(relation) = relation {
        object.insert("timerel".into(), relation.into());
    }
    for (member, at) in [("timeAt", at), ("endTimeAt", end)] {
        if let Some(at) = at {
            object.insert(member.into(), instant(at));
        }
    }
    let property = match query.property {
        TimeProperty::ObservedAt => None, // the default
        TimeProperty::CreatedAt => Some("createdAt"),
        TimeProperty::ModifiedAt => Some("modifiedAt"),
        TimeProperty::DeletedAt => Some("deletedAt"),
    };
    if let Some(property) = property {
        object.insert("timeproperty".into(), property.into());
    }
    Json::Object(object)
}

fn notification(params: &NotificationParams, standing: &Standing, context: &Context) -> Json {
    let mut object = Map::new();
    let mut put = |member: &str, json: Option<Json>| {
        if let Some(json) = json {
            object.insert(member.to_owned(), json);
        }
    };
    put(
        "attributes",
        params.attributes.as_deref().map(|all| names(all, context)),
    );
    put("pick", params.pick.as_ref().map(|all| projection(all, context)));
    put("omit", params.omit.as_ref().map(|all| projection(all, context)));
    put("format", params.format.map(|given| given.word.into()));
    put("endpoint", Some(endpoint(&params.endpoint)));
    put("sysAttrs", params.sys_attrs.map(Json::from));
    put("showChanges", params.show_changes.map(Json::from));
    put("join", params.join.map(|join| join.as_str().into()));
    put("joinLevel", params.join_level.map(Json::from));
    let counted = |count: u64| (count > 0).then(|| Json::from(count));
    put(
        "status",
        standing
            .succeeded
            .map(|ok| if ok { "ok" } else { "failed" }.into()),
    );
    put("timesSent", counted(standing.times_sent));
    put("timesFailed", counted(standing.times_failed));
    put("lastNotification", standing.last_notification.map(instant));
    put("lastSuccess", standing.last_success.map(instant));
    put("lastFailure", standing.last_failure.map(instant));
    Json::Object(object)
}

fn endpoint(endpoint: &Endpoint) -> Json {
    let mut object = Map::new();
    object.insert("uri".into(), endpoint.uri.as_str().into());
    if let Some(accept) = endpoint.accept {
        object.insert("accept".into(), accept.as_str().into());
    }
    for (member, ms) in [
        ("timeout", endpoint.timeout_ms),
        ("cooldown", endpoint.cooldown_ms),
    ] {
        if let Some(ms) = ms {
            object.insert(member.into(), number(ms));
        }
    }
    for (member, pairs) in [
        ("receiverInfo", &endpoint.receiver_info),
        ("notifierInfo", &endpoint.notifier_info),
    ] {
        if let Some(pairs) = pairs {
            let pair = |KeyValue { key, value }: &KeyValue| json!({"key": key, "value": value});
            object.insert(member.into(), pairs.iter().map(pair).collect());
        }
    }
    Json::Object(object)
}
