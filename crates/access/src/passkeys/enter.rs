//! Logging in with a passkey (`WebAuthn` Level 3, 7.2).
//!
//! Nobody is told the id of anybody's passkey: the browser is not given a list, and the authenticator says itself whose
//! passkey it has. A name that was typed only narrows whom it may be; the answer to it is the same for every name.

use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::authenticator::AuthenticatorData;
use super::ceremonies::{Ceremony, For};
use super::client::{self, Purpose};
use super::cose::PublicKey;
use super::{NoPasskey, Passkey, RelyingParty, base64url, handle, unbase64url};
use crate::access::Access;
use crate::error::{Error, Result};
use crate::people::account::{Account, folded};
use crate::principal::Assurance;
use crate::refused::{Door, Reason};
use crate::secret::{self, Digest};
use crate::sessions::login::{Attempt, Entered, knows};
use crate::sessions::{ByPasskey, Way};
use crate::state::Change;
use crate::throttle::{self, Count, Source};

/// What a browser has to be told to show a passkey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasskeyChallenge {
    /// The token of this login, for the browser to keep: the challenge is its own.
    pub token: String,
    /// What has to be signed, in base64url.
    pub challenge: String,
}

/// What a browser answered; all as bytes.
#[derive(Clone, Copy, Debug)]
pub struct ShownPasskey<'a> {
    /// The passkey's id.
    pub id: &'a [u8],
    /// `clientDataJSON`.
    pub client_data: &'a [u8],
    /// `authenticatorData`.
    pub authenticator_data: &'a [u8],
    /// The signature over both.
    pub signature: &'a [u8],
    /// What the authenticator knows the person by.
    pub user: Option<&'a [u8]>,
}

fn login(token: &str) -> Digest {
    Digest::of("passkey login", token)
}

impl Access {
    /// Begins a login with a passkey: of whoever has one, or of the account of this name. Whether there is one, the answer
    /// does not say.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn begin_passkey_login(
        &self,
        name: Option<&str>,
        rp: &RelyingParty,
        from: Source,
    ) -> Result<PasskeyChallenge, Error> {
        let random = &*self.inner().random;
        let (token, challenge) = (secret::token::<32>(random)?, secret::bytes::<32>(random)?);
        let ceremony = Ceremony {
            challenge,
            // Longer than any name is: nobody's.
            purpose: For::Login(name.map(|name| folded(&name.chars().take(100).collect::<String>()))),
            rp: rp.clone(),
            from,
        };
        let mut open = self.inner().ceremonies.lock();
        open.begin(login(&token), ceremony, self.now());
        Ok(PasskeyChallenge {
            token,
            challenge: base64url(&challenge),
        })
    }

    /// Tries the passkey that a browser showed for the challenge of the login with this token; the challenge is used up by
    /// it. Where the authenticator verified who is there, that counts as two factors; where somebody was merely there, as
    /// one, and the account's second factor is asked for.
    ///
    /// # Errors
    /// [`Error::Passkey`] for what was not made for this challenge and this site, or counts backwards; [`Error::Refused`]
    /// where it opens nothing, for whatever reason; [`Error::Wait`] after too many failures.
    pub fn log_in_by_passkey(
        &self,
        token: &str,
        shown: &ShownPasskey<'_>,
        attempt: &Attempt<'_>,
    ) -> Result<Entered, Error> {
        let whom = self.read(|state| state.passkeys.get(&base64url(shown.id)).cloned());
        let entered = self.enter_by_passkey(token, shown, attempt);
        self.refused_by(
            &entered,
            (Door::Session, Reason::Passkey),
            attempt.from,
            whom.as_ref(),
        );
        entered
    }

    fn enter_by_passkey(
        &self,
        token: &str,
        shown: &ShownPasskey<'_>,
        attempt: &Attempt<'_>,
    ) -> Result<Entered> {
        let inner = self.inner();
        let now = self.now();
        let taken = inner.ceremonies.lock().take(&login(token), now);
        let ceremony = taken.ok_or(Error::Passkey(NoPasskey::Late))?;
        let For::Login(named) = &ceremony.purpose else {
            return Err(Error::Passkey(NoPasskey::Challenge));
        };
        client::check(
            shown.client_data,
            Purpose::Assertion,
            &ceremony.challenge,
            &ceremony.rp,
        )
        .map_err(Error::Passkey)?;
        let data = AuthenticatorData::parse(shown.authenticator_data).map_err(Error::Passkey)?;
        data.check(&ceremony.rp).map_err(Error::Passkey)?;
        if data.attested.is_some() {
            return Err(Error::Passkey(NoPasskey::AuthenticatorData));
        }
        let id = base64url(shown.id);
        let (account, signing) = self.read(|state| {
            let person = state.passkeys.get(&id);
            let account = person.and_then(|person| state.people.get(person));
            (account.cloned(), state.signing)
        });
        let counts = match &account {
            Some(account) if knows(&signing, account, attempt, now) => {
                vec![Count::Browser(throttle::name(&account.id))]
            }
            Some(account) => vec![
                Count::Passkey(throttle::name(&account.id)),
                Count::Source(attempt.from),
            ],
            None => vec![Count::Source(attempt.from)],
        };
        if let Err(wait) = inner.throttle.lock().begin(&counts, now) {
            tracing::debug!(from = %attempt.from, "a login by passkey has to wait");
            return Err(wait);
        }
        let is_right = |account: &Arc<Account>| {
            let is_named = named.as_deref().is_none_or(|name| name == folded(&account.name));
            // No list was given, so the authenticator has to say whose it is (step 6).
            let is_handle = shown
                .user
                .is_some_and(|user| secret::same(user, &handle(&signing, &account.id)));
            is_named
                && is_handle
                && self.read(|state| state.lets_in(account))
                && is_signed(account, &id, shown)
        };
        let Some(account) = account.filter(is_right) else {
            tracing::warn!(from = %attempt.from, "a login by passkey was refused");
            return Err(Error::Refused);
        };
        inner.throttle.lock().give_back(&counts);
        let used = self.note_use(&account, &id, &data)?;
        let way = Way::Passkey(ByPasskey {
            id: used.short(),
            verified: data.is_verified(),
        });
        if data.is_verified() {
            let opened = self.enter(&account, Assurance::Two, way, attempt)?;
            return Ok(Entered::In(opened));
        }
        if account.totp.is_some() {
            return self.ask_second_factor(&account, way).map(Entered::SecondFactor);
        }
        self.enter(&account, Assurance::One, way, attempt)
            .map(Entered::In)
    }

    /// Writes down that a passkey was used, unless it contradicts what is known of it: then that is written down.
    fn note_use(&self, account: &Account, id: &str, data: &AuthenticatorData<'_>) -> Result<Passkey> {
        let now = self.now();
        let used = self.change(|state| {
            let mut after = (**state.account(&account.id)?).clone();
            // It may have been removed meanwhile.
            let known = after.passkeys.iter_mut().find(|it| it.id == id);
            let known = known.ok_or(Error::Refused)?;
            if known.backup_eligible != data.is_backup_eligible() {
                return Err(Error::Passkey(NoPasskey::Backup));
            }
            // Whoever counts, counts up (7.2, step 22).
            let counts = data.sign_count != 0 || known.sign_count != 0;
            let copied = counts && data.sign_count <= known.sign_count;
            if copied {
                known.copied_at = Some(now);
            } else {
                known.sign_count = data.sign_count;
                known.backed_up = data.is_backed_up();
                known.used_at = Some(now);
            }
            let used = known.clone();
            Ok((vec![Change::Account(after)], (!copied).then_some(used)))
        })?;
        used.ok_or_else(|| {
            tracing::warn!(
                person = &*account.id,
                "a passkey counted backwards; there may be a copy of it"
            );
            Error::Passkey(NoPasskey::Copied)
        })
    }
}

/// Whether the passkey of this id, of this account, signed what was shown.
fn is_signed(account: &Account, id: &str, shown: &ShownPasskey<'_>) -> bool {
    let known = account.passkeys.iter().find(|it| it.id == id);
    let key = known.and_then(|it| unbase64url(&it.key));
    let Some(Ok(key)) = key.map(|key| PublicKey::parse(&key)) else {
        return false;
    };
    let hash = Sha256::digest(shown.client_data);
    key.signed(&[shown.authenticator_data, &hash].concat(), shown.signature)
}
