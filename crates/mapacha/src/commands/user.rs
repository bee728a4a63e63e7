//! `mapacha user`

use std::fmt::Write as _;

use access::{NewPerson, Permissions, Reach, Role};
use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Value as Json, json};
use server::accounts_json;

use super::desk::{self, Desk, Where, joined, segment, tell, text};
use crate::config::Effective;
use crate::output::{Failure, Outcome};

#[derive(Debug, Subcommand)]
pub(crate) enum User {
    /// Make an account, and print the link by which its owner sets the password
    #[command(after_help = "Example:\n  mapacha user add wanjiku --role planner --data-dir ./nairobi")]
    Add(Add),
    /// List the accounts
    #[command(after_help = "Example:\n  mapacha user list --data-dir ./nairobi")]
    List(Where),
    /// Let somebody log in no more; they are out at once
    #[command(after_help = "Example:\n  mapacha user disable wanjiku --url http://127.0.0.1:8080")]
    Disable(One),
    /// Let somebody log in again
    #[command(after_help = "Example:\n  mapacha user enable wanjiku --data-dir ./nairobi")]
    Enable(One),
    /// Give somebody other roles, in the place of those before
    #[command(
        after_help = "Example:\n  mapacha user roles wanjiku --role planner --role editor --data-dir ./nairobi"
    )]
    Roles(Given),
    /// Say which tenants somebody is limited to, and which parts of the city are theirs, in the place of those before
    ///
    /// None of either: all tenants, and no part.
    #[command(
        after_help = "Example:\n  mapacha user reach wanjiku --tenant north --scope /city/harbour --data-dir ./nairobi"
    )]
    Reach(Reaching),
    /// Look at somebody's passkeys, or remove one that was lost
    #[command(subcommand)]
    Passkey(Passkey),
    /// Take somebody's password, passkeys and second factor away, and print the link by which a new password is set
    #[command(after_help = "Example:\n  mapacha user reset-password wanjiku --data-dir ./nairobi")]
    ResetPassword(One),
    /// Remove an account with its sessions and keys
    #[command(after_help = "Example:\n  mapacha user delete wanjiku --data-dir ./nairobi")]
    Delete(One),
    /// Print a new code that makes the first administrator, where there is no account yet
    ///
    /// A server prints one when it starts. This one takes its place.
    #[command(after_help = "Example:\n  mapacha user setup-code --data-dir ./nairobi")]
    SetupCode(Where),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Passkey {
    /// List somebody's passkeys
    #[command(after_help = "Example:\n  mapacha user passkey list wanjiku --data-dir ./nairobi")]
    List(One),
    /// Remove a passkey that was lost; the sessions that it opened end
    #[command(
        after_help = "Example:\n  mapacha user passkey remove wanjiku 5f0c1a9be2d34476 --data-dir ./nairobi"
    )]
    Remove(Lost),
}

#[derive(Debug, Args)]
pub(crate) struct Lost {
    /// The name of the account
    #[arg(value_name = "NAME")]
    name: String,
    /// The id of the passkey, as `mapacha user passkey list` prints it
    #[arg(value_name = "PASSKEY")]
    passkey: String,
    #[command(flatten)]
    place: Where,
}

#[derive(Debug, Args)]
pub(crate) struct Add {
    /// What the person types to log in
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    roles: Roles,
    #[command(flatten)]
    limits: Limits,
    #[command(flatten)]
    place: Where,
}

#[derive(Debug, Args)]
pub(crate) struct Reaching {
    /// The name of the account
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    limits: Limits,
    #[command(flatten)]
    place: Where,
}

#[derive(Debug, Args)]
struct Limits {
    /// A tenant that the account is limited to, `default` the default one; may be repeated. None: all
    #[arg(long = "tenant", value_name = "TENANT")]
    tenants: Vec<String>,
    /// A part of the city that is theirs, as in /city/harbour, for policies to speak of; may be repeated
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<String>,
}

impl Limits {
    fn reach(&self) -> Reach {
        let all = |names: &[String]| names.iter().map(|name| name.as_str().into()).collect();
        Reach {
            tenants: all(&self.tenants),
            scopes: all(&self.scopes),
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Given {
    /// The name of the account
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    roles: Roles,
    #[command(flatten)]
    place: Where,
}

#[derive(Debug, Args)]
struct Roles {
    /// A role: viewer, editor, planner, operator, officer, administrator; may be repeated
    #[arg(long = "role", value_name = "ROLE", value_parser = desk::role)]
    roles: Vec<Role>,
    /// A group, whose roles the account has, too; may be repeated
    #[arg(long = "group", value_name = "GROUP")]
    groups: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct One {
    /// The name of the account
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    place: Where,
}

impl User {
    /// Where the accounts are.
    pub(crate) fn place(&self) -> &Where {
        match self {
            Self::Add(add) => &add.place,
            Self::Roles(given) => &given.place,
            Self::Reach(reaching) => &reaching.place,
            Self::List(place) | Self::SetupCode(place) => place,
            Self::Passkey(Passkey::List(one)) => &one.place,
            Self::Passkey(Passkey::Remove(lost)) => &lost.place,
            Self::Disable(one) | Self::Enable(one) | Self::ResetPassword(one) | Self::Delete(one) => {
                &one.place
            }
        }
    }
}

/// Manages accounts.
pub(crate) fn run(command: &User, effective: &Effective, json: bool) -> Result<Outcome, Failure> {
    if let (User::SetupCode(_), Some(_)) = (command, &command.place().url) {
        return Err(
            Failure::usage("--url: a server does not tell its setup code to anybody who asks")
                .remedy("read it from what the server printed when it started; a restart prints a new one"),
        );
    }
    let desk = Desk::open(command.place(), effective)?;
    let all = Permissions::all();
    let path = |name: &str, more: &str| format!("/access/users/{}{more}", segment(name));
    match command {
        User::Add(add) => {
            let body = json!({"name": add.name, "roles": add.roles.roles, "groups": add.roles.groups,
                "tenants": add.limits.tenants, "scopes": add.limits.scopes});
            let made = desk.ask(Method::POST, "/access/users", Some(&body), |folder| {
                let new = NewPerson {
                    name: &add.name,
                    roles: &add.roles.roles,
                    groups: &add.roles.groups,
                    reach: add.limits.reach(),
                    password: None,
                };
                let (person, code) = folder.access.add_person(&new, all)?;
                let link = code.map(|code| folder.link(&code));
                Ok(invited(&person, link.as_deref()))
            })?;
            tell(&made, json, |made| link_of(made, "the account is made"))?;
        }
        User::List(_) => {
            let users = desk.ask(Method::GET, "/access/users", None, |folder| {
                Ok(folder.access.people().iter().map(accounts_json::user).collect())
            })?;
            tell(&users, json, listed)?;
        }
        User::Disable(one) | User::Enable(one) => {
            let disabled = matches!(command, User::Disable(_));
            let body = json!({"disabled": disabled});
            let user = desk.ask(Method::PATCH, &path(&one.name, ""), Some(&body), |folder| {
                let id = folder.access.person(&one.name)?.id;
                let person = if disabled {
                    folder.access.disable_person(&id, all)?
                } else {
                    folder.access.enable_person(&id, all)?
                };
                Ok(accounts_json::user(&person))
            })?;
            tell(&user, json, line)?;
        }
        User::Roles(given) => {
            let (roles, groups) = (&given.roles.roles, &given.roles.groups);
            let body = json!({"roles": roles, "groups": groups});
            let user = desk.ask(Method::PATCH, &path(&given.name, ""), Some(&body), |folder| {
                let id = folder.access.person(&given.name)?.id;
                Ok(accounts_json::user(
                    &folder.access.set_roles(&id, roles, groups, all)?,
                ))
            })?;
            tell(&user, json, line)?;
        }
        User::Reach(reaching) => {
            let limits = &reaching.limits;
            let body = json!({"tenants": limits.tenants, "scopes": limits.scopes});
            let user = desk.ask(Method::PATCH, &path(&reaching.name, ""), Some(&body), |folder| {
                let id = folder.access.person(&reaching.name)?.id;
                let person = folder.access.set_reach(&id, &limits.reach(), all)?;
                Ok(accounts_json::user(&person))
            })?;
            tell(&user, json, line)?;
        }
        User::Passkey(passkey) => of_passkeys(passkey, &desk, json)?,
        User::ResetPassword(one) => {
            let reset = desk.ask(Method::POST, &path(&one.name, "/reset"), None, |folder| {
                let id = folder.access.person(&one.name)?.id;
                let (person, code) = folder.access.reset_person(&id, all)?;
                Ok(invited(&person, Some(&folder.link(&code))))
            })?;
            tell(&reset, json, |reset| link_of(reset, "the password is reset"))?;
        }
        User::Delete(one) => {
            desk.ask(Method::DELETE, &path(&one.name, ""), None, |folder| {
                let id = folder.access.person(&one.name)?.id;
                folder.access.remove_person(&id, all)?;
                Ok(Json::Null)
            })?;
            tell(&json!({"deleted": one.name}), json, |_| {
                format!("{} is gone\n", one.name)
            })?;
        }
        User::SetupCode(_) => {
            let told = desk.ask(Method::GET, "", None, |folder| {
                let code = folder.access.setup_code()?.ok_or_else(|| {
                    Failure::new("there is an account already, so nobody needs a setup code")
                        .remedy("`mapacha user reset-password` gives somebody a new password")
                })?;
                Ok(json!({"setup_code": code, "url": format!("{}/setup", folder.url)}))
            })?;
            tell(&told, json, |told| format!("{}\n", text(told, "setup_code")))?;
        }
    }
    Ok(Outcome::Done)
}

fn of_passkeys(command: &Passkey, desk: &Desk, json: bool) -> Result<(), Failure> {
    let path = |name: &str, more: &str| format!("/access/users/{}/passkeys{more}", segment(name));
    match command {
        Passkey::List(one) => {
            let passkeys = desk.ask(Method::GET, &path(&one.name, ""), None, |folder| {
                let id = folder.access.person(&one.name)?.id;
                let passkeys = folder.access.passkeys(&id)?;
                Ok(passkeys.iter().map(accounts_json::passkey).collect())
            })?;
            tell(&passkeys, json, passkeys_listed)
        }
        Passkey::Remove(lost) => {
            let more = format!("/{}", segment(&lost.passkey));
            desk.ask(Method::DELETE, &path(&lost.name, &more), None, |folder| {
                let id = folder.access.person(&lost.name)?.id;
                let all = Permissions::all();
                folder.access.remove_passkey(&id, &lost.passkey, all)?;
                Ok(Json::Null)
            })?;
            tell(&json!({"removed": lost.passkey}), json, |_| {
                format!("the passkey {} of {} is gone\n", lost.passkey, lost.name)
            })
        }
    }
}

fn passkeys_listed(passkeys: &Json) -> String {
    let passkeys = passkeys.as_array().map_or(&[][..], Vec::as_slice);
    let line = |one: &Json| {
        let copied = match one["copied_at"].as_str() {
            Some(at) => format!("; counted backwards at {at}: there may be a copy of it"),
            None => String::new(),
        };
        format!(
            "{}  {:<24} added {}; last used {}{copied}\n",
            text(one, "id"),
            text(one, "name"),
            text(one, "made_at"),
            one["used_at"].as_str().unwrap_or("never")
        )
    };
    if passkeys.is_empty() {
        return "there is no passkey\n".to_owned();
    }
    passkeys.iter().map(line).collect()
}

fn invited(person: &access::Person, link: Option<&str>) -> Json {
    json!({"user": accounts_json::user(person), "invitation": link})
}

fn link_of(made: &Json, done: &str) -> String {
    format!(
        "{done}; pass this link on by a safe way, it works once, for seven days:\n{}\n",
        text(made, "invitation")
    )
}

fn line(user: &Json) -> String {
    let state = if user["disabled"] == true {
        "disabled"
    } else if user["invited"] == true {
        "invited"
    } else {
        "active"
    };
    let groups = joined(user, "groups");
    let groups = if groups.is_empty() {
        groups
    } else {
        format!(", groups: {groups}")
    };
    let tenants = joined(user, "tenants");
    let tenants = if tenants.is_empty() {
        tenants
    } else {
        format!(", of {tenants} only")
    };
    let last = user["last_login"].as_str().unwrap_or("never");
    format!(
        "{:<24} {state:<9} {}{groups}{tenants}; last login: {last}\n",
        text(user, "name"),
        joined(user, "roles")
    )
}

fn listed(users: &Json) -> String {
    let users = users.as_array().map_or(&[][..], Vec::as_slice);
    let mut all = users.iter().map(line).collect::<String>();
    if all.is_empty() {
        let _ = writeln!(
            all,
            "there is no account yet; `mapacha user setup-code` makes the first one possible"
        );
    }
    all
}
