//! From what a subscription is told to messages that are ready to be sent (5.8.6, 5.3.1, 6.3.8).

use std::borrow::Cow;
use std::sync::Arc;

use ngsi_ld::conformance::conform;
use ngsi_ld::context::{CORE_URL, Context};
use ngsi_ld::query::projection::Projection;
use ngsi_ld::representation::{feature_of, write_entity};
use ngsi_ld::subscription::{Accept, Notified, NotifiedAttribute, Trigger, finish_notified, notification};
use ngsi_ld::{Entity, Timestamp, Uri};
use serde_json::{Map, Value as Json};

use super::StoredSubscription;
use super::compiled::Compiled;
use crate::delivery::Letter;
use crate::join::{Join, JoinedWriting, write_joined_by};

/// How many entities one notification holds at most, and about how many bytes: more go in several.
pub(crate) const MAX_ENTITIES: usize = 100;
pub(crate) const MAX_BYTES: usize = 512 << 10;

/// How a notification carries its @context.
pub(crate) struct Wording {
    pub(crate) context: Context,
    /// The URL for the `Link` header, where the body does not hold the @context.
    pub(crate) link: Option<String>,
    /// The @context as the body holds it, where it does.
    pub(crate) embedded: Option<Json>,
}

impl Wording {
    /// That of a subscription. A `Link` names one URL: where the @context is more, names are compacted by the core
    /// @context, longer but such as the receiver can read.
    pub(crate) fn of(stored: &StoredSubscription) -> Self {
        let endpoint = &stored.subscription.notification.endpoint;
        let url = stored.context.link();
        let in_body = match endpoint.accept.unwrap_or_default() {
            Accept::Json => false,
            Accept::LdJson => true,
            Accept::GeoJson => !endpoint.prefers_json_body(),
        };
        match (in_body, url) {
            (true, url) => Self {
                context: stored.context.clone(),
                link: None,
                embedded: Some(url.map_or_else(|| stored.context.to_json().clone(), Json::from)),
            },
            (false, Some(url)) => Self {
                context: stored.context.clone(),
                link: Some(url.to_owned()),
                embedded: None,
            },
            (false, None) => Self {
                context: Context::core().clone(),
                link: Some(CORE_URL.to_owned()),
                embedded: None,
            },
        }
    }
}

/// One entity, as its notification shows it, and those it is linked with that stand beside it.
pub(super) struct Shown {
    id: Uri,
    json: Map<String, Json>,
    linked: Vec<Map<String, Json>>,
}

/// Gives entities by their ids, as a subscriber sees them.
pub(super) type Find<'a> = dyn Fn(&Uri) -> Option<Arc<Entity>> + 'a;

/// Writes what happened to an entity, as a subscription is told of it.
pub(super) fn change(
    compiled: &Compiled,
    wording: &Wording,
    before: Option<&Entity>,
    after: Option<&Entity>,
    at: Timestamp,
    find: &Find<'_>,
) -> Option<Shown> {
    let show_changes = compiled.stored.subscription.notification.show_changes == Some(true);
    let deleted = match &compiled.watched {
        _ if after.is_none() && compiled.triggers.has(Trigger::EntityDeleted) => NotifiedAttribute::None,
        Some(watched) if after.is_none() => NotifiedAttribute::Named(watched),
        _ => NotifiedAttribute::All,
    };
    let notified = Notified {
        before,
        after,
        at,
        show_changes,
        deleted,
    };
    shown(compiled, wording, &notified, find)
}

/// Writes an entity as it is.
pub(super) fn present(
    compiled: &Compiled,
    wording: &Wording,
    entity: &Entity,
    at: Timestamp,
    find: &Find<'_>,
) -> Option<Shown> {
    let notified = Notified {
        before: None,
        after: Some(entity),
        at,
        show_changes: false,
        deleted: NotifiedAttribute::None,
    };
    shown(compiled, wording, &notified, find)
}

fn shown(compiled: &Compiled, wording: &Wording, notified: &Notified<'_>, find: &Find<'_>) -> Option<Shown> {
    let (context, options) = (&wording.context, &compiled.options);
    let old = |entity: &Entity| conform(entity, compiled.version?, false, context);
    let entity = notified.entity(context, options)?;
    let entity = old(&entity).map_or(entity, Cow::Owned);
    let find = &|id: &Uri| find(id).map(|entity| old(&entity).map_or(entity, Arc::new));
    let (written, mut linked) = match &compiled.join {
        None => (write_entity(&entity, context, options), Vec::new()),
        Some(join) => joined(compiled, wording, join, &entity, find),
    };
    let mut json = finish_notified(notified, &entity, written, context, options);
    if compiled.stored.subscription.notification.endpoint.accept == Some(Accept::GeoJson) {
        json = feature_of(&entity, None, options, json);
        for one in &mut linked {
            let found = one.get("id").and_then(|id| find(&Uri::parse(id.as_str()?).ok()?));
            if let Some(entity) = found {
                *one = feature_of(&entity, None, options, std::mem::take(one));
            }
        }
    }
    Some(Shown {
        id: entity.id.clone(),
        json,
        linked,
    })
}

/// An entity with those it is linked with: inside it, or beside it.
fn joined(
    compiled: &Compiled,
    wording: &Wording,
    join: &Join,
    entity: &Entity,
    find: &Find<'_>,
) -> (Map<String, Json>, Vec<Map<String, Json>>) {
    let params = &compiled.stored.subscription.notification;
    let everything = Projection::default();
    let how = JoinedWriting {
        context: &wording.context,
        options: &compiled.options,
        pick: params.pick.as_ref().unwrap_or(&everything),
        omit: params.omit.as_ref().unwrap_or(&everything),
        join: Some(join),
        feature: None,
    };
    match write_joined_by(find, &[Arc::new(entity.clone())], &how) {
        Ok(mut written) if !written.is_empty() => (written.remove(0), written),
        Ok(_) => (Map::new(), Vec::new()),
        Err(error) => {
            let id = &compiled.stored.subscription.id;
            tracing::warn!(subscription = %id, entity = %entity.id, %error, "a notification leaves linked entities out");
            (
                write_entity(entity, &wording.context, &compiled.options),
                Vec::new(),
            )
        }
    }
}

/// Puts entities into as many messages as it takes, as they are seen at an instant by these rights. `id` gives each its
/// id.
pub(super) fn letters(
    stored: &StoredSubscription,
    wording: &Wording,
    entities: Vec<Shown>,
    (at, rights): (Timestamp, u64),
    id: &mut dyn FnMut(&Uri) -> String,
    into: &mut Vec<Letter>,
) {
    let subscription = &stored.subscription;
    let accept = subscription.notification.endpoint.accept.unwrap_or_default();
    let mut send = |about: Vec<Uri>, data: Vec<Map<String, Json>>| {
        let id = id(&subscription.id);
        let body = notification(&id, &subscription.id, at, data, accept, wording.embedded.as_ref());
        into.push(Letter {
            owner: stored.owner(),
            id,
            about,
            made_at: at,
            rights,
            content_type: accept,
            link: wording.link.clone(),
            body: Json::Object(body).to_string().into_bytes(),
        });
    };
    let (mut about, mut data, mut bytes) = (Vec::new(), Vec::new(), 0);
    for Shown { id, json, linked } in entities {
        // One of many is not worth weighing twice: a rough measure is enough.
        let weight = std::iter::once(&json)
            .chain(&linked)
            .flat_map(Map::values)
            .map(weight)
            .sum::<usize>();
        if !data.is_empty()
            && (data.len() >= MAX_ENTITIES || bytes + weight > MAX_BYTES || about.contains(&id))
        {
            send(std::mem::take(&mut about), std::mem::take(&mut data));
            bytes = 0;
        }
        about.push(id);
        data.push(json);
        for one in linked {
            // One that several are linked with stands there once.
            if data.iter().all(|other| other.get("id") != one.get("id")) {
                data.push(one);
            }
        }
        bytes += weight;
    }
    if !data.is_empty() {
        send(about, data);
    }
}

/// About how many bytes a value is written with.
pub(crate) fn weight(json: &Json) -> usize {
    match json {
        Json::String(text) => text.len() + 4,
        Json::Array(elements) => elements.iter().map(weight).sum::<usize>() + 4,
        Json::Object(object) => {
            object
                .iter()
                .map(|(key, value)| key.len() + 4 + weight(value))
                .sum::<usize>()
                + 4
        }
        _ => 8,
    }
}
