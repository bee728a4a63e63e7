//! `mapacha key`

use std::time::Duration;

use access::{NewKey, Permission, Permissions, Role};
use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Value as Json, json};
use server::accounts_json;

use super::desk::{self, Desk, Where, joined, segment, tell, text};
use crate::config::Effective;
use crate::output::{Failure, Outcome, say};

#[derive(Debug, Subcommand)]
pub(crate) enum Keys {
    /// Make a key for a program, and print it, this once
    ///
    /// A program sends it as `Authorization: Bearer`.
    #[command(
        after_help = "Example:\n  mapacha key create sensors --role operator --days 365 --data-dir ./nairobi"
    )]
    Create(Create),
    /// List the keys, without their secrets
    #[command(after_help = "Example:\n  mapacha key list --data-dir ./nairobi")]
    List(Where),
    /// End a key at once
    #[command(after_help = "Example:\n  mapacha key revoke 00112233aabbccdd --url http://127.0.0.1:8080")]
    Revoke(One),
    /// Give a key another secret, and print it, this once
    #[command(
        after_help = "Example:\n  mapacha key rotate 00112233aabbccdd --overlap-hours 24 --data-dir ./nairobi"
    )]
    Rotate(Rotate),
}

#[derive(Debug, Args)]
pub(crate) struct Create {
    /// What it is for, in a word
    #[arg(value_name = "NAME")]
    name: String,
    /// A role: viewer, editor, planner, operator, officer, administrator; may be repeated
    #[arg(long = "role", value_name = "ROLE", required = true, value_parser = desk::role)]
    roles: Vec<Role>,
    /// A permission it is limited to, as in twin.write; may be repeated
    #[arg(long = "scope", value_name = "PERMISSION", value_parser = desk::permission)]
    scopes: Vec<Permission>,
    /// What it is for, one of the purposes that the city registered; without it, each request says its own
    #[arg(long, value_name = "PURPOSE")]
    purpose: Option<String>,
    /// The account that it acts for; it can do nothing that its owner cannot
    #[arg(long, value_name = "NAME")]
    owner: Option<String>,
    /// How long it holds; without it, until it is revoked
    #[arg(long, value_name = "DAYS")]
    days: Option<u32>,
    #[command(flatten)]
    place: Where,
}

#[derive(Debug, Args)]
pub(crate) struct One {
    /// The key's id, the part between the first two `_`
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    place: Where,
}

#[derive(Debug, Args)]
pub(crate) struct Rotate {
    #[command(flatten)]
    one: One,
    /// How long the secret before holds
    #[arg(long, value_name = "HOURS", default_value_t = 24)]
    overlap_hours: u32,
}

impl Keys {
    /// Where the keys are.
    pub(crate) fn place(&self) -> &Where {
        match self {
            Self::Create(create) => &create.place,
            Self::List(place) => place,
            Self::Revoke(one) => &one.place,
            Self::Rotate(rotate) => &rotate.one.place,
        }
    }
}

/// Manages keys.
pub(crate) fn run(command: &Keys, effective: &Effective, json: bool) -> Result<Outcome, Failure> {
    let desk = Desk::open(command.place(), effective)?;
    let all = Permissions::all();
    match command {
        Keys::Create(create) => {
            let body = json!({"name": create.name, "roles": create.roles, "scopes": create.scopes,
                "purpose": create.purpose, "owner": create.owner, "days": create.days});
            let made = desk.ask(Method::POST, "/access/keys", Some(&body), |folder| {
                let owner = create.owner.as_deref().map(|name| folder.access.person(name));
                let owner = owner.transpose()?.map(|person| person.id);
                if let Some(purpose) = &create.purpose {
                    let rules = folder.policies()?.rules();
                    let known = rules.purposes().of_client(Some(purpose), None);
                    known.map_err(|refused| Failure::new(refused.to_string()))?;
                }
                let new = NewKey {
                    name: &create.name,
                    owner: owner.as_deref(),
                    roles: &create.roles,
                    scopes: &create.scopes,
                    purpose: create.purpose.as_deref(),
                    lifetime: create.days.map(|days| Duration::from_hours(24 * u64::from(days))),
                };
                let (info, key) = folder.access.add_key(&new, all)?;
                Ok(json!({"info": accounts_json::key(&info), "key": key}))
            })?;
            told(&made, json)?;
        }
        Keys::List(_) => {
            let keys = desk.ask(Method::GET, "/access/keys", None, |folder| {
                Ok(folder.access.keys(None).iter().map(accounts_json::key).collect())
            })?;
            tell(&keys, json, |keys| {
                let keys = keys.as_array().map_or(&[][..], Vec::as_slice);
                if keys.is_empty() {
                    return "there is no key\n".to_owned();
                }
                keys.iter().map(line).collect()
            })?;
        }
        Keys::Revoke(one) => {
            let path = format!("/access/keys/{}", segment(&one.id));
            desk.ask(Method::DELETE, &path, None, |folder| {
                folder.access.revoke_key(&one.id)?;
                Ok(Json::Null)
            })?;
            tell(&json!({"revoked": one.id}), json, |_| {
                format!("{} is revoked\n", one.id)
            })?;
        }
        Keys::Rotate(rotate) => {
            let id = &rotate.one.id;
            let path = format!("/access/keys/{}/rotate", segment(id));
            let body = json!({"overlap_hours": rotate.overlap_hours});
            let rotated = desk.ask(Method::POST, &path, Some(&body), |folder| {
                let overlap = Duration::from_hours(rotate.overlap_hours.into());
                let (info, key) = folder.access.rotate_key(id, overlap, all)?;
                Ok(json!({"info": accounts_json::key(&info), "key": key}))
            })?;
            told(&rotated, json)?;
        }
    }
    Ok(Outcome::Done)
}

/// The key on stdout, alone, so that a script can keep it.
fn told(made: &Json, json: bool) -> Result<(), Failure> {
    if !json {
        say("copy it now; it is not shown again");
    }
    tell(made, json, |made| format!("{}\n", text(made, "key")))
}

fn line(key: &Json) -> String {
    let scopes = joined(key, "scopes");
    let scopes = if scopes.is_empty() {
        scopes
    } else {
        format!(" ({scopes})")
    };
    format!(
        "{}  {:<24} {}{scopes}; ends: {}; last used: {}\n",
        text(key, "id"),
        text(key, "name"),
        joined(key, "roles"),
        key["expires_at"].as_str().unwrap_or("never"),
        key["used_at"].as_str().unwrap_or("never")
    )
}
