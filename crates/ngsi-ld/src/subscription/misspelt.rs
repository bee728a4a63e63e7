//! Members that are nearly one of a subscription: whoever writes `throtling` is not to be told of every change.
//!
//! Other members that the data type does not have are ignored (5.5.4).

use super::reader::Object;
use crate::error::Error;

/// The members of a Subscription (5.2.12), of its NotificationParams (5.2.14) and of their Endpoint (5.2.15).
const KNOWN: [&[&str]; 3] = [
    &[
        "id",
        "type",
        "subscriptionName",
        "description",
        "entities",
        "notificationTrigger",
        "watchedAttributes",
        "timeInterval",
        "throttling",
        "q",
        "geoQ",
        "csf",
        "isActive",
        "notification",
        "expiresAt",
        "temporalQ",
        "scopeQ",
        "lang",
        "jsonldContext",
        "expandValues",
        "jsonKeys",
        "datasetId",
        "localOnly",
        "splitEntities",
        "status",
        "createdAt",
        "modifiedAt",
        "@context",
        "ngsildConformance",
        "cooldown",
    ],
    &[
        "attributes",
        "format",
        "endpoint",
        "showChanges",
        "sysAttrs",
        "status",
        "timesSent",
        "timesFailed",
        "lastNotification",
        "lastFailure",
        "lastSuccess",
        "join",
        "joinLevel",
        "pick",
        "omit",
    ],
    &[
        "uri",
        "accept",
        "receiverInfo",
        "notifierInfo",
        "cooldown",
        "timeout",
    ],
];
/// How many letters a name may be off.
const NEAR: usize = 2;
/// The most bytes of one letter.
const LONGEST: usize = 4;

/// Refuses a member that is none and nearly one.
pub(super) fn refuse(subscription: &Object<'_>) -> Result<(), Error> {
    let mut objects = vec![*subscription];
    for member in ["notification", "endpoint"] {
        let inner = objects.last().and_then(|object| object.get(member)?.as_object());
        let Some(members) = inner else { break };
        let place = if member == "endpoint" {
            "/notification/endpoint"
        } else {
            "/notification"
        };
        objects.push(Object { members, place });
    }
    for (object, known) in objects.iter().zip(KNOWN) {
        for member in object
            .members
            .keys()
            .filter(|member| !known.contains(&member.as_str()))
        {
            let near = known
                .iter()
                .filter(|name| name.len() > 2 * NEAR && !name.starts_with('@'))
                // Names of other lengths are further off, and a long one takes long to be held against all.
                .filter(|name| name.len().abs_diff(member.len()) <= NEAR * LONGEST)
                .map(|name| (strsim::damerau_levenshtein(name, member), name))
                .min()
                .filter(|(distance, _)| *distance <= NEAR);
            if let Some((_, name)) = near {
                let shown: String = member.chars().take(40).collect();
                return Err(object.error(
                    &shown,
                    format_args!("there is no such member; did you mean `{name}`?"),
                ));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_nearly_a_member_is_refused_and_what_is_foreign_is_not() {
        let check = |json: &serde_json::Value| {
            let members = json.as_object().unwrap();
            refuse(&Object { members, place: "" }).map_err(|error| error.detail)
        };
        let fine = json!({
            "type": "Subscription", "throttling": 5, "https://a.example/own": 1, "owner": "me", "tag": "x", "__context": "x",
            "notification": {"endpoint": {"uri": "http://a.example", "accept": "application/json"}, "format": "concise"},
        });
        assert_eq!(check(&fine), Ok(()));
        for (bad, place) in [
            (json!({"throtling": 5}), "`/throtling`"),
            (json!({"ngsildConformence": "1.5"}), "`/ngsildConformence`"),
            (json!({"éthrottling": 5}), "`/éthrottling`"),
            (json!({"watchedAttribtes": ["a"]}), "`/watchedAttribtes`"),
            (json!({"notificationTriggers": []}), "`/notificationTriggers`"),
            (
                json!({"notification": {"sysAttr": true}}),
                "`/notification/sysAttr`",
            ),
            (
                json!({"notification": {"endpoint": {"url": 1, "recieverInfo": []}}}),
                "`/notification/endpoint/recieverInfo`",
            ),
        ] {
            let detail = check(&bad).unwrap_err();
            assert!(
                detail.starts_with(place) && detail.contains("did you mean"),
                "{detail}"
            );
        }
    }
}
