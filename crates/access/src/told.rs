//! What the audit log is told of accounts, keys and sessions, in the commit of the change itself.

use std::sync::Arc;

use ngsi_ld::Timestamp;
use query::Caller;
use twin::Event;

use crate::break_glass;
use crate::devices::{Device, Lifecycle};
use crate::passkeys;
use crate::people::account::Account;
use crate::rows;
use crate::state::{Change, State};
use crate::tokens::Key;

/// What a change is to the log; nothing, where it notes only that something was used.
pub(crate) fn told(change: &Change, state: &State, by: &Caller) -> Option<Event> {
    let event = |by: &Caller, action: &str, sort: &str, name: &str, before: Option<Vec<u8>>| {
        let after = change.row().ok().and_then(|row| row.value);
        Event::of(by.clone(), "access", action)
            .to(sort, name)
            .with(before, after)
    };
    match change {
        Change::Account(account) => {
            let before = state.people.get(&account.id);
            if before.is_some_and(|before| but_for_use(before) == but_for_use(account)) {
                return None;
            }
            let action = match before {
                Some(before) => passkeys::told(before, account).unwrap_or("user.update"),
                None => "user.create",
            };
            let before = before.and_then(|before| rows::write(&**before).ok());
            Some(event(by, action, "User", &account.id, before))
        }
        Change::NoAccount(id) => {
            let before = state
                .people
                .get(id)
                .and_then(|before| rows::write(&**before).ok());
            Some(event(by, "user.delete", "User", id, before))
        }
        Change::Group(name, _) | Change::NoGroup(name) => {
            let before = state.groups.get(name).and_then(|roles| rows::write(roles).ok());
            let action = if matches!(change, Change::Group(..)) {
                "group.put"
            } else {
                "group.delete"
            };
            Some(event(by, action, "Group", name, before))
        }
        Change::Reach(name, _) | Change::NoReach(name) => {
            let before = state.reaches.get(name).and_then(|reach| rows::write(reach).ok());
            Some(event(by, "group.put", "Group", name, before))
        }
        Change::Key(key) => {
            let before = state.keys.get(&key.id).map(|live| &live.key);
            if before.is_some_and(|before| unused(before) == unused(key)) {
                return None;
            }
            let action = if before.is_some() {
                "key.update"
            } else {
                "key.create"
            };
            let before = before.and_then(|before| rows::write(before).ok());
            Some(event(by, action, "Key", &key.id, before))
        }
        Change::NoKey(id) => {
            let before = state.keys.get(id).and_then(|live| rows::write(&live.key).ok());
            Some(event(by, "key.delete", "Key", id, before))
        }
        Change::Session(digest, session) => {
            // What is written again is when it was last used.
            let begins = !state.sessions.contains_key(digest);
            let who = Caller::Principal(Arc::clone(&session.person));
            begins.then(|| event(&who, "session.begin", "User", &session.person, None))
        }
        Change::NoSession(digest) => {
            let person = &state.sessions.get(digest)?.session.person;
            Some(event(by, "session.end", "User", person, None))
        }
        Change::BreakGlass(one) => {
            let before = state.glasses.get(&one.id).map(|before| &**before);
            let action = break_glass::action(before, one);
            let before = before.and_then(|before| rows::write(before).ok());
            Some(event(by, action, "User", &one.person, before))
        }
        Change::Device(device) => {
            let before = state.devices.by_id.get(&device.id);
            let action = of_device(before.map(|before| &**before), device);
            let before = before.and_then(|before| rows::write(&**before).ok());
            Some(event(by, action, "Device", &device.id, before))
        }
        Change::Setup(_) => None,
    }
}

/// What happened to a device.
fn of_device(before: Option<&Device>, after: &Device) -> &'static str {
    let Some(before) = before else {
        return "device.create";
    };
    let issued = after
        .certificates
        .iter()
        .any(|certificate| !before.certificates.contains(certificate));
    match (before.state, after.state) {
        (Lifecycle::Manufactured, Lifecycle::Claimed) => "device.claim",
        (Lifecycle::Claimed, Lifecycle::Active) => "device.enrol",
        (Lifecycle::Suspended, Lifecycle::Active) => "device.resume",
        (from, Lifecycle::Suspended) if from != Lifecycle::Suspended => "device.suspend",
        (from, Lifecycle::Retired) if from != Lifecycle::Retired => "device.retire",
        (from, Lifecycle::Manufactured) if from != Lifecycle::Manufactured => "device.release",
        _ if issued => "device.certify",
        _ => "device.update",
    }
}

/// An account without what a login changes of it.
fn but_for_use(account: &Account) -> Option<Vec<u8>> {
    let mut account = account.clone();
    account.last_login = None;
    if let Some(external) = &mut account.external {
        external.told_at = Timestamp::MIN;
    }
    if let Some(totp) = &mut account.totp {
        totp.last = 0;
    }
    account.passkeys.iter_mut().for_each(passkeys::but_for_use);
    rows::write(&account).ok()
}

/// A key without when it was used.
fn unused(key: &Key) -> Option<Vec<u8>> {
    let mut key = key.clone();
    key.used_at = None;
    rows::write(&key).ok()
}
