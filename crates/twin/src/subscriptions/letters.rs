//! From what a subscription is told to messages that are ready to be sent (5.8.6, 5.3.1, 6.3.8).

use ngsi_ld::context::{CORE_URL, Context};
use ngsi_ld::subscription::{
    Accept, Notified, NotifiedAttribute, Trigger, notification, write_notified, write_notified_feature,
};
use ngsi_ld::{Entity, Timestamp, Uri};
use serde_json::{Map, Value as Json};

use super::StoredSubscription;
use super::compiled::Compiled;
use crate::delivery::Letter;

/// How many entities one notification holds at most, and about how many bytes: more go in several.
const MAX_ENTITIES: usize = 100;
const MAX_BYTES: usize = 512 << 10;

/// How a notification carries its @context.
pub(super) struct Wording {
    context: Context,
    /// The URL for the `Link` header, where the body does not hold the @context.
    link: Option<String>,
    embedded: Option<Json>,
}

impl Wording {
    /// That of a subscription. A `Link` names one URL: where the @context is more, names are compacted by the core
    /// @context, longer but such as the receiver can read.
    pub(super) fn of(stored: &StoredSubscription) -> Self {
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

/// One entity, as its notification shows it.
pub(super) struct Shown {
    id: Uri,
    json: Map<String, Json>,
}

/// Writes what happened to an entity, as a subscription is told of it.
pub(super) fn change(
    compiled: &Compiled,
    wording: &Wording,
    before: Option<&Entity>,
    after: Option<&Entity>,
    at: Timestamp,
) -> Option<Shown> {
    let entity = after.or(before)?;
    let show_changes = compiled.stored.subscription.notification.show_changes == Some(true);
    let deleted = match (after, &compiled.watched) {
        (Some(_), _) => NotifiedAttribute::All,
        (None, _) if compiled.triggers.has(Trigger::EntityDeleted) => NotifiedAttribute::None,
        (None, Some(watched)) => NotifiedAttribute::Named(watched),
        (None, None) => NotifiedAttribute::All,
    };
    let notified = Notified {
        before,
        after,
        at,
        show_changes,
        deleted,
    };
    Some(shown(compiled, wording, entity, &notified))
}

/// Writes an entity as it is.
pub(super) fn present(compiled: &Compiled, wording: &Wording, entity: &Entity, at: Timestamp) -> Shown {
    let notified = Notified {
        before: None,
        after: Some(entity),
        at,
        show_changes: false,
        deleted: NotifiedAttribute::None,
    };
    shown(compiled, wording, entity, &notified)
}

fn shown(compiled: &Compiled, wording: &Wording, entity: &Entity, notified: &Notified<'_>) -> Shown {
    let endpoint = &compiled.stored.subscription.notification.endpoint;
    let write = match endpoint.accept {
        Some(Accept::GeoJson) => write_notified_feature,
        _ => write_notified,
    };
    Shown {
        id: entity.id.clone(),
        json: write(notified, &wording.context, &compiled.options),
    }
}

/// Puts entities into as many messages as it takes. `id` gives each its id.
pub(super) fn letters(
    stored: &StoredSubscription,
    wording: &Wording,
    entities: Vec<Shown>,
    at: Timestamp,
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
            content_type: accept,
            link: wording.link.clone(),
            body: Json::Object(body).to_string().into_bytes(),
        });
    };
    let (mut about, mut data, mut bytes) = (Vec::new(), Vec::new(), 0);
    for Shown { id, json } in entities {
        // One of many is not worth weighing twice: a rough measure is enough.
        let weight = json.values().map(weight).sum::<usize>();
        if !data.is_empty()
            && (data.len() >= MAX_ENTITIES || bytes + weight > MAX_BYTES || about.contains(&id))
        {
            send(std::mem::take(&mut about), std::mem::take(&mut data));
            bytes = 0;
        }
        about.push(id);
        data.push(json);
        bytes += weight;
    }
    if !data.is_empty() {
        send(about, data);
    }
}

/// About how many bytes a value is written with.
fn weight(json: &Json) -> usize {
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
