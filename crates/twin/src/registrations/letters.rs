//! What subscribers are told of registrations, as messages that are ready to be sent (5.3.2, 5.11.7).

use ngsi_ld::registration::{TriggerReason, source_notification, write_registration};
use ngsi_ld::subscription::Accept;
use ngsi_ld::{Timestamp, Uri};
use serde_json::{Map, Value as Json};

use super::{MatchedRegistration, StoredRegistration};
use crate::delivery::Letter;
use crate::subscriptions::{MAX_BYTES, MAX_ENTITIES, StoredSubscription, Wording, weight};

/// A registration as it is told: with the elements of its `information` that matter, or with all.
pub(super) enum Told<'a> {
    Matching(&'a MatchedRegistration),
    Whole(&'a StoredRegistration),
}

/// Puts registrations into as many messages as it takes: one, if there are none. `rights` are those by which the
/// subscriber sees them.
pub(super) fn letters(
    subscription: &StoredSubscription,
    reason: TriggerReason,
    registrations: &[Told<'_>],
    at: Timestamp,
    rights: u64,
) -> Vec<Letter> {
    let wording = Wording::of(subscription);
    let mut made = Vec::new();
    let (mut about, mut data, mut bytes) = (Vec::new(), Vec::new(), 0);
    let mut send = |about: &mut Vec<Uri>, data: &mut Vec<Map<String, Json>>| {
        let (about, data) = (std::mem::take(about), std::mem::take(data));
        made.push(letter(subscription, &wording, reason, about, data, at, rights));
    };
    for one in registrations {
        let (stored, written) = write(subscription, &wording, one);
        let more = written.values().map(weight).sum::<usize>();
        if !data.is_empty() && (data.len() >= MAX_ENTITIES || bytes + more > MAX_BYTES) {
            send(&mut about, &mut data);
            bytes = 0;
        }
        about.push(stored.id().clone());
        data.push(written);
        bytes += more;
    }
    if !data.is_empty() || registrations.is_empty() {
        send(&mut about, &mut data);
    }
    made
}

fn write<'a>(
    subscription: &StoredSubscription,
    wording: &Wording,
    told: &Told<'a>,
) -> (&'a StoredRegistration, Map<String, Json>) {
    let asked = &subscription.subscription;
    let narrowed;
    let (stored, registration) = match told {
        Told::Whole(stored) => (*stored, stored.registration()),
        Told::Matching(matched) => {
            narrowed = matched.stored.registration().narrowed(&matched.elements);
            (&*matched.stored, &narrowed)
        }
    };
    let times =
        (asked.notification.sys_attrs == Some(true)).then_some((stored.created_at, stored.modified_at));
    let written = write_registration(registration, &wording.context, times, asked.lang.as_deref());
    (stored, written)
}

fn letter(
    subscription: &StoredSubscription,
    wording: &Wording,
    reason: TriggerReason,
    mut about: Vec<Uri>,
    data: Vec<Map<String, Json>>,
    at: Timestamp,
    rights: u64,
) -> Letter {
    let id = &subscription.subscription.id;
    let accept = subscription.subscription.notification.endpoint.accept;
    let content_type = accept
        .filter(|accept| *accept != Accept::GeoJson)
        .unwrap_or_default();
    if about.is_empty() {
        about.push(id.clone());
    }
    let notification = crate::ids::fresh("Notification").as_str().to_owned();
    let body = source_notification(
        &notification,
        id,
        at,
        reason,
        data,
        content_type,
        wording.embedded.as_ref(),
    );
    Letter {
        owner: subscription.owner(),
        id: notification,
        about,
        made_at: at,
        rights,
        content_type,
        link: wording.link.clone(),
        body: Json::Object(body).to_string().into_bytes(),
    }
}
