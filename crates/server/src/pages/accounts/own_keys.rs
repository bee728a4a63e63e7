//! The keys of one's own programs, on `/account`.

use std::time::Duration;

use access::{Error, KeyInfo, NewKey};
use axum::extract::{Request, State};
use axum::response::Response;

use super::account::{Shown, account_page};
use super::{Failure, Sent, Visit, accounts, failed, person, read, see, words};
use crate::App;
use crate::pages::language::{Language, instant};

/// How long the secret before a renewal holds.
const OVERLAP: Duration = Duration::from_hours(24);

/// A key in a table.
pub(super) struct KeyRow {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) roles: String,
    pub(super) made: String,
    pub(super) used: Option<String>,
    pub(super) ends: Option<String>,
}

impl KeyRow {
    pub(super) fn of_all(l: Language, keys: &[KeyInfo]) -> Vec<Self> {
        keys.iter()
            .map(|key| Self {
                id: key.id.to_string(),
                name: key.name.clone(),
                roles: words::roles(l, &key.roles),
                made: instant(key.made_at),
                used: key.used_at.map(instant),
                ends: key.expires_at.map(instant),
            })
            .collect()
    }
}

/// `POST /account/keys`: `then` says what is to be done.
pub(super) async fn change(
    State(app): State<App>,
    visit: Visit,
    request: Request,
) -> Result<Response, Failure> {
    let sent = Sent::read(&app, &visit, request).await?;
    read(visit, move |visit| {
        let (access, who) = (accounts(visit)?, person(visit)?);
        let id = sent.field("key");
        let is_own = || access.keys(Some(&who.id)).iter().any(|key| &*key.id == id);
        let made = match sent.field("then") {
            "make" => {
                let days = sent
                    .field("days")
                    .parse::<u64>()
                    .ok()
                    .filter(|days| (1..=3650).contains(days));
                let new = NewKey {
                    name: sent.field("key-name").trim(),
                    owner: Some(&who.id),
                    roles: &words::ticked(sent.all("role")),
                    lifetime: days.map(|days| Duration::from_hours(24 * days)),
                    ..NewKey::default()
                };
                access.add_key(&new, who.may_hand_on())
            }
            "renew" if is_own() => access.rotate_key(id, OVERLAP, who.may_hand_on()),
            "end" if is_own() => {
                return match access.revoke_key(id) {
                    Ok(()) | Err(Error::NotFound { .. }) => Ok(see("/account?done=key-ended")),
                    Err(error) => Err(failed(visit, &error)),
                };
            }
            _ => return Ok(see("/account")),
        };
        let shows = match made {
            Ok((_, key)) => Shown {
                done: Some("done-key"),
                key: Some(key),
                ..Shown::default()
            },
            Err(error) => Shown {
                wrong: Some((error, "key-name")),
                ..Shown::default()
            },
        };
        account_page(visit, shows)
    })
    .await
}
