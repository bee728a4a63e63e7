//! Accounts and keys as JSON, as the API and the command line write them.

use access::{BreakGlass, DeviceInfo, KeyInfo, PasskeyInfo, Permission, Permissions, Person};
use serde_json::{Value, json};

/// An account.
pub fn user(person: &Person) -> Value {
    json!({
        "id": person.id, "name": person.name, "roles": person.roles, "groups": person.groups,
        "tenants": person.reach.tenants, "scopes": person.reach.scopes,
        "permissions": names(person.permissions), "disabled": person.disabled, "invited": person.invited,
        "second_factor": person.second_factor, "passkeys": person.passkeys, "made_at": person.made_at.to_string(),
        "external": person.external, "last_login": person.last_login.map(|at| at.to_string()),
    })
}

/// A passkey; what it opens is not said.
pub fn passkey(info: &PasskeyInfo) -> Value {
    json!({
        "id": info.id, "name": info.name, "made_at": info.made_at.to_string(),
        "used_at": info.used_at.map(|at| at.to_string()), "backed_up": info.backed_up,
        "copied_at": info.copied_at.map(|at| at.to_string()),
    })
}

/// A key, without its secret.
pub fn key(info: &KeyInfo) -> Value {
    let at = |at: Option<ngsi_ld::Timestamp>| at.map(|at| at.to_string());
    json!({
        "id": info.id, "name": info.name, "owner": info.owner, "roles": info.roles, "scopes": info.scopes,
        "purpose": info.purpose,
        "made_at": info.made_at.to_string(), "expires_at": at(info.expires_at), "used_at": at(info.used_at),
        "earlier_until": at(info.earlier_until),
    })
}

/// A time that somebody took wider rights. `open`: whether it holds now.
pub fn break_glass(one: &BreakGlass, open: bool) -> Value {
    let review = one.review.as_ref().map(|review| {
        json!({
            "by": review.by, "name": review.name, "at": review.at.to_string(), "justified": review.justified,
            "note": review.note,
        })
    });
    json!({
        "id": one.id, "person": one.person, "name": one.name, "reason": one.reason,
        "begun_at": one.begun_at.to_string(), "until": one.until.to_string(),
        "ended_at": one.ended_at.map(|at| at.to_string()), "open": open, "review": review,
    })
}

/// A device, without its secrets.
pub fn device(info: &DeviceInfo) -> Value {
    let certificates: Vec<Value> = info
        .certificates
        .iter()
        .map(|one| {
            json!({"serial": one.serial, "begins_at": one.begins_at.to_string(), "ends_at": one.ends_at.to_string()})
        })
        .collect();
    json!({
        "id": info.id, "kind": info.kind, "state": info.state, "roles": info.roles, "scopes": info.scopes,
        "owner": info.owner, "tenants": info.reach.tenants, "made_at": info.made_at.to_string(), "certificates": certificates,
        "has_secret": info.has_secret, "earlier_until": info.earlier_until.map(|at| at.to_string()),
    })
}

/// A claim code: as people type it, as a device shows it, and as a drawing (SVG) of that.
pub fn claim(info: &DeviceInfo, code: &str) -> Value {
    let uri = format!("mapacha:claim?device={}&code={code}", info.id);
    let svg = crate::pages::qr_svg(&uri);
    json!({"code": code, "uri": uri, "svg": svg})
}

/// The names of permissions, in the order of their table.
pub(crate) fn names(permissions: Permissions) -> Vec<&'static str> {
    permissions.iter().map(Permission::name).collect()
}
