//! Accounts and keys as JSON, as the API and the command line write them.

use access::{KeyInfo, Permission, Permissions, Person};
use serde_json::{Value, json};

/// An account.
pub fn user(person: &Person) -> Value {
    json!({
        "id": person.id, "name": person.name, "roles": person.roles, "groups": person.groups,
        "permissions": names(person.permissions), "disabled": person.disabled, "invited": person.invited,
        "second_factor": person.second_factor, "made_at": person.made_at.to_string(),
        "external": person.external, "last_login": person.last_login.map(|at| at.to_string()),
    })
}

/// A key, without its secret.
pub fn key(info: &KeyInfo) -> Value {
    let at = |at: Option<ngsi_ld::Timestamp>| at.map(|at| at.to_string());
    json!({
        "id": info.id, "name": info.name, "owner": info.owner, "roles": info.roles, "scopes": info.scopes,
        "made_at": info.made_at.to_string(), "expires_at": at(info.expires_at), "used_at": at(info.used_at),
        "earlier_until": at(info.earlier_until),
    })
}

/// The names of permissions, in the order of their table.
pub(crate) fn names(permissions: Permissions) -> Vec<&'static str> {
    permissions.iter().map(Permission::name).collect()
}
