//! `mapacha device`

use std::path::PathBuf;
use std::time::Duration;

use access::{DeviceKind, Lifecycle, NewDevice, Permission, Permissions, Role};
use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Value as Json, json};
use server::accounts_json;

use super::desk::{self, Desk, Where, joined, segment, tell, text};
use crate::config::Effective;
use crate::output::{Failure, Outcome, say};

/// How many devices are asked for at once.
const PAGE: usize = 1000;

#[derive(Debug, Subcommand)]
pub(crate) enum Devices {
    /// Register a device or a service, and print its claim code, this once
    #[command(
        after_help = "Example:\n  mapacha device add urn:ngsi-ld:Device:lamp-7 --role operator --scope twin.write --qr lamp-7.svg --data-dir ./nairobi"
    )]
    Add(Add),
    /// List the devices, without their secrets
    #[command(after_help = "Example:\n  mapacha device list --data-dir ./nairobi")]
    List(Where),
    /// Claim a device by the code that it bears, and print the token for its first certificate, this once
    #[command(
        after_help = "Example:\n  mapacha device claim urn:ngsi-ld:Device:lamp-7 ABCD-EFGH-IJKL-MNOP-QRST-UVWX-YZ --url https://twin.city.example"
    )]
    Claim(Claim),
    /// Print another token for a device that was claimed, for its next certificate
    #[command(after_help = "Example:\n  mapacha device token urn:ngsi-ld:Device:lamp-7 --data-dir ./nairobi")]
    Token(One),
    /// Let nothing that a device shows open anything, from the next request on
    #[command(
        after_help = "Example:\n  mapacha device suspend urn:ngsi-ld:Device:lamp-7 --url https://twin.city.example"
    )]
    Suspend(One),
    /// Let a suspended device go on
    #[command(
        after_help = "Example:\n  mapacha device resume urn:ngsi-ld:Device:lamp-7 --data-dir ./nairobi"
    )]
    Resume(One),
    /// Give a device back: it belongs to nobody, has no credentials, and gets another claim code
    #[command(
        after_help = "Example:\n  mapacha device release urn:ngsi-ld:Device:lamp-7 --data-dir ./nairobi"
    )]
    Release(One),
    /// Take a device out of use for ever
    #[command(
        after_help = "Example:\n  mapacha device retire urn:ngsi-ld:Device:lamp-7 --data-dir ./nairobi"
    )]
    Retire(One),
    /// Give a device that can have no certificate a secret, and print it, this once
    #[command(
        after_help = "Example:\n  mapacha device secret urn:ngsi-ld:Device:lamp-7 --overlap-hours 24 --data-dir ./nairobi"
    )]
    Secret(Secret),
}

#[derive(Debug, Args)]
pub(crate) struct Add {
    /// Its id: that of its entity, as in urn:ngsi-ld:Device:lamp-7
    #[arg(value_name = "ID")]
    id: String,
    /// It is a program
    #[arg(long)]
    service: bool,
    /// A role: viewer, editor, planner, operator, officer, administrator; may be repeated
    #[arg(long = "role", value_name = "ROLE", required = true, value_parser = desk::role)]
    roles: Vec<Role>,
    /// A permission it is limited to, as in twin.write; may be repeated
    #[arg(long = "scope", value_name = "PERMISSION", value_parser = desk::permission)]
    scopes: Vec<Permission>,
    /// A file for the claim code as a QR code (SVG)
    #[arg(long, value_name = "FILE")]
    qr: Option<PathBuf>,
    #[command(flatten)]
    place: Where,
}

#[derive(Debug, Args)]
pub(crate) struct Claim {
    /// The device's id
    #[arg(value_name = "ID")]
    id: String,
    /// The code that the device bears
    #[arg(value_name = "CODE")]
    code: String,
    #[command(flatten)]
    place: Where,
}

#[derive(Debug, Args)]
pub(crate) struct One {
    /// The device's id
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    place: Where,
}

#[derive(Debug, Args)]
pub(crate) struct Secret {
    #[command(flatten)]
    one: One,
    /// How long the secret before holds
    #[arg(long, value_name = "HOURS", default_value_t = 24)]
    overlap_hours: u32,
}

impl Devices {
    /// Where the devices are.
    pub(crate) fn place(&self) -> &Where {
        match self {
            Self::Add(add) => &add.place,
            Self::List(place) => place,
            Self::Claim(claim) => &claim.place,
            Self::Token(one)
            | Self::Suspend(one)
            | Self::Resume(one)
            | Self::Release(one)
            | Self::Retire(one) => &one.place,
            Self::Secret(secret) => &secret.one.place,
        }
    }
}

/// Manages devices.
pub(crate) fn run(command: &Devices, effective: &Effective, json: bool) -> Result<Outcome, Failure> {
    let desk = Desk::open(command.place(), effective)?;
    let all = Permissions::all();
    let path = |id: &str, more: &str| format!("/access/devices/{}{more}", segment(id));
    match command {
        Devices::Add(add) => {
            let kind = if add.service {
                DeviceKind::Service
            } else {
                DeviceKind::Device
            };
            let body = json!({"id": add.id, "kind": kind, "roles": add.roles, "scopes": add.scopes});
            let made = desk.ask(Method::POST, "/access/devices", Some(&body), |folder| {
                let new = NewDevice {
                    id: &add.id,
                    kind,
                    roles: &add.roles,
                    scopes: &add.scopes,
                };
                let (info, code) = folder.access.add_device(&new, all)?;
                Ok(json!({"info": accounts_json::device(&info), "claim": accounts_json::claim(&info, &code)}))
            })?;
            if let Some(file) = &add.qr {
                let svg = made["claim"]["svg"].as_str();
                std::fs::write(
                    file,
                    svg.ok_or_else(|| Failure::new("the code is too long for a QR code"))?,
                )?;
            }
            once(&made, json, |made| text(&made["claim"], "code"))?;
        }
        Devices::List(_) => {
            let devices = list(&desk)?;
            tell(&devices, json, |devices| {
                let devices = devices.as_array().map_or(&[][..], Vec::as_slice);
                if devices.is_empty() {
                    return "there is no device\n".to_owned();
                }
                devices.iter().map(line).collect()
            })?;
        }
        Devices::Claim(claim) => {
            let body = json!({"code": claim.code});
            let claimed = desk.ask(Method::POST, &path(&claim.id, "/claim"), Some(&body), |folder| {
                let claimed = folder.access.claim_device(
                    &claim.id,
                    &claim.code,
                    "command line",
                    access::Source::default(),
                );
                let (info, token) = claimed.map_err(|error| match error {
                    access::Error::Refused => Failure::new(
                        "there is no such device, it was claimed before, or this is not its code",
                    ),
                    other => other.into(),
                })?;
                Ok(json!({"info": accounts_json::device(&info), "token": token}))
            })?;
            once(&claimed, json, |told| text(told, "token"))?;
        }
        Devices::Token(one) => {
            let told = desk.ask(Method::POST, &path(&one.id, "/enrolment"), None, |folder| {
                let (info, token) = folder.access.renew_enrolment(&one.id, all)?;
                Ok(json!({"info": accounts_json::device(&info), "token": token}))
            })?;
            once(&told, json, |told| text(told, "token"))?;
        }
        Devices::Suspend(one) => state(&desk, one, Lifecycle::Suspended, json)?,
        Devices::Resume(one) => state(&desk, one, Lifecycle::Active, json)?,
        Devices::Retire(one) => state(&desk, one, Lifecycle::Retired, json)?,
        Devices::Release(one) => {
            bring(&desk, one, Lifecycle::Manufactured)?;
            let told = desk.ask(Method::POST, &path(&one.id, "/claim-code"), None, |folder| {
                let (info, code) = folder.access.renew_claim_code(&one.id, all)?;
                Ok(json!({"info": accounts_json::device(&info), "claim": accounts_json::claim(&info, &code)}))
            })?;
            once(&told, json, |told| text(&told["claim"], "code"))?;
        }
        Devices::Secret(secret) => {
            let id = &secret.one.id;
            let body = json!({"overlap_hours": secret.overlap_hours});
            let told = desk.ask(Method::POST, &path(id, "/secret"), Some(&body), |folder| {
                let overlap = Duration::from_hours(secret.overlap_hours.into());
                let (info, secret) = folder.access.rotate_device_secret(id, overlap, all)?;
                Ok(json!({"info": accounts_json::device(&info), "secret": secret}))
            })?;
            once(&told, json, |told| text(told, "secret"))?;
        }
    }
    Ok(Outcome::Done)
}

fn list(desk: &Desk) -> Result<Json, Failure> {
    let mut all: Vec<Json> = Vec::new();
    loop {
        let after = all.last().map(|device| text(device, "id").to_owned());
        let path = match &after {
            Some(id) => format!("/access/devices?limit={PAGE}&after={}", segment(id)),
            None => format!("/access/devices?limit={PAGE}"),
        };
        let part = desk.ask(Method::GET, &path, None, |folder| {
            let devices = folder.access.devices(after.as_deref(), PAGE);
            Ok(devices.iter().map(accounts_json::device).collect())
        })?;
        let Json::Array(part) = part else {
            return Err(Failure::new("the server's answer is no list of devices"));
        };
        if part.is_empty() {
            return Ok(Json::Array(all));
        }
        all.extend(part);
    }
}

fn bring(desk: &Desk, one: &One, next: Lifecycle) -> Result<Json, Failure> {
    let path = format!("/access/devices/{}", segment(&one.id));
    desk.ask(Method::PATCH, &path, Some(&json!({"state": next})), |folder| {
        let info = folder
            .access
            .set_device_state(&one.id, next, Permissions::all())?;
        Ok(accounts_json::device(&info))
    })
}

fn state(desk: &Desk, one: &One, next: Lifecycle, json: bool) -> Result<(), Failure> {
    let device = bring(desk, one, next)?;
    tell(&device, json, |device| {
        format!("{} is {}\n", text(device, "id"), text(device, "state"))
    })
}

/// The secret on stdout, alone, so that a script can keep it.
fn once(document: &Json, json: bool, secret: impl FnOnce(&Json) -> &str) -> Result<(), Failure> {
    if !json {
        say("copy it now; it is not shown again");
    }
    tell(document, json, |document| format!("{}\n", secret(document)))
}

fn line(device: &Json) -> String {
    let scopes = joined(device, "scopes");
    let scopes = if scopes.is_empty() {
        scopes
    } else {
        format!(" ({scopes})")
    };
    let last = device["certificates"].as_array().and_then(|all| all.last());
    format!(
        "{:<40} {:<12} {}{scopes}; certificate until: {}\n",
        text(device, "id"),
        text(device, "state"),
        joined(device, "roles"),
        last.and_then(|one| one["ends_at"].as_str()).unwrap_or("none")
    )
}
