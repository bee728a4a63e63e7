//! Subscriptions for the disk. What was accepted once is read again, whatever IRIs its terms became: names stand as they
//! are and queries as their trees ([`crate::query::exact`]), apart from what no @context has a say in, which is as in a
//! request.

use serde_json::{Map, Value as Json, json};

use super::read::read_members;
use super::reader::Object;
use super::write::write_subscription;
use super::{
    EntitySelector, Members, NotificationParams, Standing, Subject, Subscription, Written, WrittenGeo,
};
use crate::context::Context;
use crate::error::Error;
use crate::name::{Name, Uri};
use crate::query::exact;
use crate::query::geo::GeoQuery;
use crate::query::q::Q;
use crate::time::Timestamp;

/// The members of a subscription that are stored as they were understood.
const UNDERSTOOD: [&str; 7] = [
    "entities",
    "watchedAttributes",
    "q",
    "geoQ",
    "csf",
    "expandValues",
    "jsonKeys",
];
/// Those of its `notification`.
const UNDERSTOOD_OF_NOTIFICATION: [&str; 3] = ["attributes", "pick", "omit"];

/// Writes a subscription for the disk; [`read_stored`] makes the same of it again.
pub fn write_stored(subscription: &Subscription) -> Json {
    let standing = Standing::default();
    let mut document = write_subscription(subscription, &standing, Context::core(), Timestamp::MIN, false);
    document.shift_remove("status");
    for member in UNDERSTOOD {
        document.shift_remove(member);
    }
    if subscription.triggers.is_none() {
        document.shift_remove("notificationTrigger"); // what was not given is not given after a restart either
    }
    if let Some(Json::Object(notification)) = document.get_mut("notification") {
        for member in UNDERSTOOD_OF_NOTIFICATION {
            notification.shift_remove(member);
        }
    }
    let params = &subscription.notification;
    let names = |names: &Option<Vec<Name>>| names.as_ref().map(exact::names_to_json);
    let mut understood = Map::new();
    for (member, json) in [
        (
            "entities",
            subscription
                .entities
                .as_ref()
                .map(|all| all.iter().map(selector_to_json).collect()),
        ),
        ("watchedAttributes", names(&subscription.watched_attributes)),
        ("q", subscription.q.as_ref().map(q_to_json)),
        ("geoQ", subscription.geo.as_ref().map(geo_to_json)),
        ("csf", subscription.csf.as_ref().map(q_to_json)),
        ("expandValues", names(&subscription.expand_values)),
        ("jsonKeys", names(&subscription.json_keys)),
        ("attributes", names(&params.attributes)),
        ("pick", params.pick.as_ref().map(exact::projection_to_json)),
        ("omit", params.omit.as_ref().map(exact::projection_to_json)),
    ] {
        if let Some(json) = json {
            understood.insert(member.to_owned(), json);
        }
    }
    json!({"document": document, "understood": understood})
}

/// What [`write_stored`] gave.
///
/// # Errors
/// `BadRequestData` for anything else.
pub fn read_stored(stored: &Json, subject: Subject) -> Result<Subscription, Error> {
    let part = |name: &str| {
        let json = stored.get(name).unwrap_or(&Json::Null);
        Object::of(json, "", "it is stored so")
    };
    let (document, understood) = (part("document")?, part("understood")?);
    let id = Uri::parse(document.required_text("id")?).map_err(|error| document.error("id", error))?;
    let names = |member: &str| understood.get(member).map(exact::names_from_json).transpose();
    let members = read_members(&document, Context::core(), subject)?;
    let entities = match understood.get("entities") {
        None => None,
        Some(Json::Array(all)) => Some(all.iter().map(selector_from_json).collect::<Result<_, _>>()?),
        Some(_) => return Err(understood.error("entities", "it is no array")),
    };
    let projection = |member: &str| {
        understood
            .get(member)
            .map(exact::projection_from_json)
            .transpose()
    };
    let params = members
        .notification
        .ok_or_else(|| document.error("notification", "it is missing"))?;
    let members = Members {
        notification: Some(NotificationParams {
            attributes: names("attributes")?,
            pick: projection("pick")?,
            omit: projection("omit")?,
            ..params
        }),
        entities,
        watched_attributes: names("watchedAttributes")?,
        q: understood.get("q").map(q_from_json).transpose()?,
        geo: understood.get("geoQ").map(geo_from_json).transpose()?,
        csf: understood.get("csf").map(q_from_json).transpose()?,
        expand_values: names("expandValues")?,
        json_keys: names("jsonKeys")?,
        ..members
    };
    // What 5.2.12 asks of the members together was asked when it was accepted.
    members.into_subscription(id)
}

fn selector_to_json(selector: &EntitySelector) -> Json {
    json!({
        "ids": selector.ids.iter().map(Uri::as_str).collect::<Vec<_>>(),
        "idPattern": selector.id_pattern,
        "types": exact::types_to_json(&selector.types),
    })
}

fn selector_from_json(json: &Json) -> Result<EntitySelector, Error> {
    let wrong = || Error::bad_data("a stored selector is damaged, or of a newer program");
    let ids = json.get("ids").and_then(Json::as_array).ok_or_else(wrong)?;
    let ids = ids.iter().map(|id| Uri::parse(id.as_str()?).ok());
    Ok(EntitySelector {
        ids: ids.collect::<Option<_>>().ok_or_else(wrong)?,
        id_pattern: json.get("idPattern").and_then(Json::as_str).map(str::to_owned),
        types: exact::types_from_json(json.get("types").ok_or_else(wrong)?)?,
    })
}

fn q_to_json(written: &Written<Q>) -> Json {
    json!({"text": written.text, "tree": exact::q_to_json(&written.tree)})
}

fn q_from_json(json: &Json) -> Result<Written<Q>, Error> {
    let text = json.get("text").and_then(Json::as_str);
    Ok(Written {
        text: text.unwrap_or_default().to_owned(),
        tree: exact::q_from_json(json.get("tree").unwrap_or(&Json::Null))?,
    })
}

fn geo_to_json(geo: &WrittenGeo) -> Json {
    json!({
        "query": {"georel": geo.georel, "geometry": geo.geometry, "coordinates": geo.coordinates},
        "geoproperty": geo.names_property.then(|| geo.query.property.as_str()),
    })
}

fn geo_from_json(json: &Json) -> Result<WrittenGeo, Error> {
    let written = json.get("query").unwrap_or(&Json::Null);
    let text = |member: &str| written.get(member).and_then(Json::as_str).unwrap_or_default();
    let mut query = GeoQuery::from_json(written, Context::core())?;
    let property = json.get("geoproperty").and_then(Json::as_str);
    if let Some(iri) = property {
        query.property = Name::from_iri(iri);
    }
    Ok(WrittenGeo {
        georel: text("georel").to_owned(),
        geometry: text("geometry").to_owned(),
        coordinates: written.get("coordinates").cloned().unwrap_or(Json::Null),
        names_property: property.is_some(),
        query,
    })
}
