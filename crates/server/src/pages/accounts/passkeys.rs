//! One's own passkeys, on `/account`: named and removed by plain forms, added by the script that asks the browser.

use access::{PasskeyInfo, Proof};
use axum::extract::{Request, State};
use axum::response::Response;
use serde_json::json;

use super::account::{Shown, account_page};
use super::{Failure, Sent, Visit, accounts, encode, person, read, see};
use crate::App;
use crate::pages::language::{Language, instant};

/// A passkey in a table.
pub(super) struct PasskeyRow {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) made: String,
    pub(super) used: Option<String>,
    pub(super) backed_up: bool,
    /// When it was refused because it counted backwards.
    pub(super) copied: Option<String>,
}

impl PasskeyRow {
    pub(super) fn of_all(passkeys: Vec<PasskeyInfo>) -> Vec<Self> {
        passkeys
            .into_iter()
            .map(|one| Self {
                made: instant(one.made_at),
                used: one.used_at.map(instant),
                backed_up: one.backed_up,
                copied: one.copied_at.map(instant),
                id: one.id,
                name: one.name,
            })
            .collect()
    }
}

/// A passkey that is to be changed: its id, its name, and the name as it was typed last.
pub(super) struct Changed {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) typed: String,
}

/// What the script of passkeys has to be told.
pub(super) struct Script {
    /// Its address.
    pub(super) source: String,
    /// Where passkeys can be used, as browsers write it; empty where they cannot.
    pub(super) origin: String,
    /// What it may have to say, as JSON.
    pub(super) texts: String,
}

/// Each reason that a door gives, and those of the browser.
const REASONS: [&str; 15] = [
    "aborted",
    "copied",
    "known",
    "late",
    "many",
    "name",
    "other",
    "refused",
    "second",
    "site",
    "stale",
    "unknown-browser",
    "unverified",
    "wait",
    "waiting",
];

impl Script {
    /// In the reader's language.
    pub(super) fn of(visit: &Visit, l: Language) -> Option<Self> {
        let texts: serde_json::Map<String, serde_json::Value> = REASONS
            .iter()
            .map(|reason| {
                (
                    (*reason).to_owned(),
                    json!(l.text(&format!("passkey-say-{reason}"))),
                )
            })
            .collect();
        Some(Self {
            source: ui::path_of("passkey.js")?,
            origin: visit
                .site
                .as_ref()
                .map_or_else(String::new, |site| site.origin().to_owned()),
            texts: json!(texts).to_string(),
        })
    }
}

/// The passkey that the address or the form before names, to be changed.
pub(super) fn to_change(
    visit: &Visit,
    sent: Option<(String, Option<String>)>,
    rows: &[PasskeyRow],
) -> Option<Changed> {
    let (id, typed) = sent.unwrap_or_else(|| (visit.parameter("passkey").unwrap_or("").to_owned(), None));
    let row = rows.iter().find(|row| row.id == id)?;
    Some(Changed {
        typed: typed.unwrap_or_else(|| row.name.clone()),
        name: row.name.clone(),
        id,
    })
}

/// `POST /account/passkeys`: `then` says what is to be done with one.
pub(super) async fn change(
    State(app): State<App>,
    visit: Visit,
    request: Request,
) -> Result<Response, Failure> {
    let sent = Sent::read(&app, &visit, request).await?;
    read(visit, move |visit| {
        let (access, who) = (accounts(visit)?, person(visit)?);
        let session = visit.session.as_deref().unwrap_or("");
        let id = sent.field("passkey");
        let (changed, word, field) = match sent.field("then") {
            "rename" => {
                let renamed = access.rename_passkey(&who.id, id, sent.field("name"));
                (renamed.map(|_| ()), "passkey-named", "passkey-name")
            }
            "remove" => {
                let proof = match sent.field("password") {
                    "" => Proof::Session(session),
                    password => Proof::Password(password),
                };
                let removed = access.remove_own_passkey(&who.id, session, id, proof, sent.from);
                (removed, "passkey-removed", "passkey-password")
            }
            _ => return Ok(see("/account")),
        };
        match changed {
            Ok(()) => Ok(see(&format!("/account?done={}", encode(word)))),
            // Gone is gone.
            Err(access::Error::NotFound { .. }) => Ok(see("/account?done=passkey-removed")),
            Err(error) => account_page(
                visit,
                Shown {
                    wrong: Some((error, field)),
                    passkey: Some((id.to_owned(), sent.all("name").next().map(str::to_owned))),
                    ..Shown::default()
                },
            ),
        }
    })
    .await
}
