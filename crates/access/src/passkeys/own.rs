//! What people do with their passkeys, and administrators with those of others.

use query::Caller;

use super::{NoPasskey, PasskeyInfo, register};
use crate::access::Access;
use crate::error::{Error, Result};
use crate::people::{Proof, covered};
use crate::permissions::Permissions;
use crate::secret::Digest;
use crate::state::{Change, State, shortened};
use crate::throttle::Source;

impl Access {
    /// Somebody's passkeys, in the order in which they were added.
    ///
    /// # Errors
    /// [`Error::NotFound`] where there is no such account.
    pub fn passkeys(&self, id: &str) -> Result<Vec<PasskeyInfo>, Error> {
        self.read(|state| {
            let account = state.account(id)?;
            Ok(account.passkeys.iter().map(super::Passkey::info).collect())
        })
    }

    /// Gives a passkey of one's own another name.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Wrong`] for what is no name.
    pub fn rename_passkey(&self, id: &str, passkey: &str, name: &str) -> Result<PasskeyInfo, Error> {
        let name = register::named(name)?;
        self.by(Caller::Principal(id.into())).change(|state| {
            let mut after = (**state.account(id)?).clone();
            let known = after.passkeys.iter_mut().find(|it| it.short() == passkey);
            let known = known.ok_or_else(|| none(passkey))?;
            known.name = name;
            let info = known.info();
            Ok((vec![Change::Account(after)], info))
        })
    }

    /// Removes a passkey of one's own, and ends the sessions that it opened, but for the one with the token `session`.
    ///
    /// # Errors
    /// [`Error::Refused`] for a wrong password, [`Error::SecondFirst`], [`Error::NotFound`]; [`Error::Passkey`] where nothing
    /// else opens the account.
    pub fn remove_own_passkey<'a>(
        &self,
        id: &str,
        session: &str,
        passkey: &str,
        proof: impl Into<Proof<'a>>,
        from: Source,
    ) -> Result<(), Error> {
        self.is_owner(id, proof.into(), from)?;
        let keep = Digest::of("session", session);
        self.by(Caller::Principal(id.into())).change(|state| {
            self.second_was_shown(state, id, Some(session))?;
            removed(state, id, passkey, Some(&keep))
        })
    }

    /// Removes somebody's passkey, and ends the sessions that it opened: for who lost it. `by`: what whoever asks may do.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Beyond`]; [`Error::Passkey`] where nothing else opens the account: then it is to be
    /// reset.
    pub fn remove_passkey(&self, id: &str, passkey: &str, by: Permissions) -> Result<(), Error> {
        self.change(|state| {
            covered(state, by, state.account(id)?)?;
            removed(state, id, passkey, None)
        })
    }
}

fn removed(state: &State, id: &str, passkey: &str, keep: Option<&Digest>) -> Result<(Vec<Change>, ())> {
    let mut after = (**state.account(id)?).clone();
    let before = after.passkeys.len();
    after.passkeys.retain(|it| it.short() != passkey);
    if after.passkeys.len() == before {
        return Err(none(passkey));
    }
    if !state.is_opened(&after) {
        return Err(Error::Passkey(NoPasskey::Last));
    }
    state.stays_managed(id, Some(&after))?;
    let opened = state.sessions.iter().filter(|(digest, live)| {
        let by = live.session.passkey.as_ref();
        &*live.session.person == id && by.is_some_and(|by| by.id == passkey) && Some(*digest) != keep
    });
    let mut changes: Vec<Change> = opened.map(|(digest, _)| Change::NoSession(*digest)).collect();
    changes.push(Change::Account(after));
    Ok((changes, ()))
}

fn none(passkey: &str) -> Error {
    Error::NotFound {
        what: "passkey",
        id: shortened(passkey),
    }
}
