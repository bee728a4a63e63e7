//! What people do with their own account: set the password they were invited to, change it.

use crate::access::Access;
use crate::error::{Error, Result};
use crate::people::Person;
use crate::people::account::Account;
use crate::refused::{Door, Reason};
use crate::secret::{self, Digest};
use crate::sessions::ends_of;
use crate::state::{Change, State};
use crate::throttle::{self, Count, Source};

impl Access {
    /// The account that an invitation is for, while it holds.
    pub fn invited(&self, code: &str) -> Result<Person, Error> {
        let now = self.now();
        self.read(|state| {
            let account = invited(state, code, now)?;
            Ok(Person::of(state, account))
        })
    }

    /// Sets the password of who was invited; the invitation is void then.
    pub fn accept_invitation(&self, code: &str, password: &str) -> Result<Person, Error> {
        let person = self.invited(code)?;
        self.must_be_strong(password, &person.name)?;
        let inner = self.inner();
        let hashed = inner.hasher.hash(&*inner.random, password)?;
        let now = self.now();
        self.change(|state| {
            let mut after = invited(state, code, now)?.clone();
            after.password = Some(hashed);
            after.invitation = None;
            after.generation += 1;
            let person = Person::of(state, &after);
            Ok((vec![Change::Account(after)], person))
        })
    }

    /// Changes one's own password. All sessions but the one with the token `keep` end, and browsers that were known are
    /// strangers again.
    pub fn change_password(
        &self,
        id: &str,
        old: &str,
        new: &str,
        keep: Option<&str>,
        from: Source,
    ) -> Result<(), Error> {
        let name = self.check_password(id, old, from)?;
        self.must_be_strong(new, &name)?;
        let inner = self.inner();
        let hashed = inner.hasher.hash(&*inner.random, new)?;
        let keep = keep.map(|token| Digest::of("session", token));
        self.change(|state| {
            let mut after = (**state.account(id)?).clone();
            after.password = Some(hashed);
            after.generation += 1;
            let mut changes = ends_of(state, id, keep.as_ref());
            changes.push(Change::Account(after));
            Ok((changes, ()))
        })
    }

    /// Whether this is the password of somebody who is logged in; answers with the name. Guesses are counted.
    pub(crate) fn check_password(&self, id: &str, password: &str, from: Source) -> Result<String> {
        let account = self.read(|state| state.account(id).cloned())?;
        let checked = self.is_password_of(&account, password, from);
        self.refused_by(
            &checked,
            (Door::Session, Reason::Password),
            from,
            Some(&account.id),
        );
        checked.map(|()| account.name.clone())
    }

    fn is_password_of(&self, account: &Account, password: &str, from: Source) -> Result<()> {
        // Whoever is here is logged in: their guesses do not count for those who are not.
        let counts = [Count::Browser(throttle::name(&account.id)), Count::Source(from)];
        let inner = self.inner();
        inner.throttle.lock().begin(&counts, self.now())?;
        let checked = inner.hasher.is(password, account.password.as_ref());
        if matches!(checked, Ok(true) | Err(_)) {
            inner.throttle.lock().give_back(&counts);
        }
        if checked? { Ok(()) } else { Err(Error::Refused) }
    }
}

/// The account whose invitation this is.
fn invited<'a>(state: &'a State, code: &str, now: ngsi_ld::Timestamp) -> Result<&'a Account> {
    let digest = Digest::of("invitation", code.trim());
    let id = code.trim().split('.').next().unwrap_or("");
    let account = state.people.get(id).filter(|account| !account.disabled);
    let invitation = account.and_then(|account| Some((account, account.invitation.as_ref()?)));
    match invitation {
        Some((account, invitation)) if invitation.until > now && invitation.digest.is(&digest) => Ok(account),
        _ => Err(Error::Refused),
    }
}

/// What a form carries to show that it is this server's own, for whoever has the session with this token.
impl Access {
    /// The token of forms shown in a session.
    pub fn form_token(&self, session: &str) -> String {
        use hmac::{Hmac, KeyInit as _, Mac as _};
        let key = self.read(|state| state.signing);
        let Ok(mut mac) = Hmac::<sha2::Sha256>::new_from_slice(&key) else {
            return String::new(); // HMAC takes keys of any length
        };
        mac.update(b"form\0");
        mac.update(Digest::of("session", session).as_bytes());
        secret::hex(&mac.finalize().into_bytes()[..16])
    }

    /// Whether a form's token belongs to the session with this token.
    pub fn is_form_token(&self, session: &str, given: &str) -> bool {
        let right = self.form_token(session);
        !right.is_empty() && secret::same(right.as_bytes(), given.as_bytes())
    }
}
