//! The second factor: an app that shows codes, and codes on paper for when the app is gone.

use crate::access::Access;
use crate::error::{Error, Result};
use crate::people::account::{Account, Totp};
use crate::people::sealed;
use crate::permissions::Permission;
use crate::principal::{Assurance, Principal};
use crate::secret::{self, Digest, base32, typed};
use crate::sessions::with_assurance;
use crate::state::Change;
use crate::throttle::Source;
use crate::totp;

/// How many recovery codes there are.
const RECOVERY_CODES: usize = 10;

/// How long after a login without a password somebody may change what opens their account, in microseconds.
const FRESH_US: i64 = 600_000_000;

/// Who has to have a second factor to do anything here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SecondFactor {
    /// Nobody; whoever wants has one.
    #[default]
    Optional,
    /// Whoever may manage accounts.
    Administrators,
    /// Everybody who logs in.
    Everybody,
}

impl SecondFactor {
    /// Whether somebody who logged in has to set one up first.
    pub(crate) fn is_owed_by(self, who: &Principal) -> bool {
        let asked = match self {
            Self::Optional => false,
            Self::Administrators => who.may(Permission::UsersManage),
            Self::Everybody => true,
        };
        asked && who.assurance < Assurance::Two
    }
}

/// What shows that it is the owner of an account who changes its second factor, and not somebody at their desk.
#[derive(Clone, Copy)]
pub enum Proof<'a> {
    /// Their password.
    Password(&'a str),
    /// The token of a session that a passkey opened minutes ago; or the identity provider, for an account without a
    /// password.
    Session(&'a str),
}

impl<'a> From<&'a str> for Proof<'a> {
    fn from(password: &'a str) -> Self {
        Self::Password(password)
    }
}

/// What an app needs to show codes.
#[derive(Clone, PartialEq, Eq)]
pub struct Enrolment {
    /// The secret, to type.
    pub secret: String,
    /// The same as an `otpauth:` URI, to draw as a QR code.
    pub uri: String,
}

impl Access {
    /// Begins to set up a second factor. Nothing is asked for at login until [`Self::confirm_second_factor`].
    pub fn begin_second_factor<'a>(
        &self,
        id: &str,
        proof: impl Into<Proof<'a>>,
        from: Source,
    ) -> Result<Enrolment, Error> {
        self.is_owner(id, proof.into(), from)?;
        let random = &*self.inner().random;
        let clear = secret::bytes::<{ totp::SECRET_BYTES }>(random)?;
        let key = self.read(|state| state.signing);
        let secret = sealed::seal(&key, random, id, &clear)?;
        self.change(|state| {
            let mut after = (**state.account(id)?).clone();
            if after.totp.is_some() {
                return Err(Error::State(
                    "there is a second factor already; turn it off before you set up another",
                ));
            }
            after.totp_new = Some(secret);
            Ok((vec![Change::Account(after)], ()))
        })?;
        self.enrolment(id)?
            .ok_or(Error::State("the second factor was set up meanwhile"))
    }

    /// What was begun and is not confirmed yet.
    pub fn enrolment(&self, id: &str) -> Result<Option<Enrolment>, Error> {
        let (account, key) = self.read(|state| (state.account(id).cloned(), state.signing));
        let account = account?;
        let begun = account.totp_new.as_deref();
        let secret = begun.and_then(|text| sealed::open(&key, &account.id, text));
        Ok(secret.map(|secret| Enrolment {
            secret: base32(&secret),
            uri: totp::uri(&secret, &self.inner().settings.issuer, &account.name),
        }))
    }

    /// Turns the second factor on, once a code shows that the app has the secret. Answers with the recovery codes, which
    /// are shown this once. The session with this token counts as opened by two factors from then on.
    pub fn confirm_second_factor(
        &self,
        id: &str,
        code: &str,
        session: Option<&str>,
    ) -> Result<Vec<String>, Error> {
        let (token, session) = (session, session.map(|token| Digest::of("session", token)));
        let (codes, digests) = self.recovery_codes()?;
        let now = self.now();
        self.change(|state| {
            let mut after = (**state.account(id)?).clone();
            self.second_was_shown(state, id, token)?;
            let begun = after.totp_new.take();
            let opened = begun.and_then(|text| {
                let secret = sealed::open(&state.signing, &after.id, &text)?;
                Some((text, secret))
            });
            let Some((text, secret)) = opened else {
                return Err(Error::State("there is no second factor to confirm; begin again"));
            };
            let last = totp::accepted(&secret, code, now, i64::MIN).ok_or(Error::Refused)?;
            after.totp = Some(Totp { secret: text, last });
            after.recovery = digests;
            let mut changes = match &session {
                Some(own) => with_assurance(state, id, Some(own), Assurance::Two),
                None => Vec::new(),
            };
            changes.push(Change::Account(after));
            Ok((changes, codes))
        })
    }

    /// Turns the second factor off; sessions count as opened by one factor from then on.
    pub fn end_second_factor<'a>(
        &self,
        id: &str,
        proof: impl Into<Proof<'a>>,
        from: Source,
    ) -> Result<(), Error> {
        self.is_owner(id, proof.into(), from)?;
        self.change(|state| {
            let mut after = (**state.account(id)?).clone();
            after.totp = None;
            after.totp_new = None;
            after.recovery.clear();
            let mut changes = with_assurance(state, id, None, Assurance::One);
            changes.push(Change::Account(after));
            Ok((changes, ()))
        })
    }

    pub(crate) fn is_owner(&self, id: &str, proof: Proof<'_>, from: Source) -> Result<()> {
        match proof {
            Proof::Password(password) => self.check_password(id, password, from).map(|_| ()),
            Proof::Session(token) => {
                let account = self.read(|state| state.account(id).cloned())?;
                let since = self.now().plus_micros(-FRESH_US);
                if self.was_proved_since(&account, token, since) {
                    Ok(())
                } else {
                    Err(Error::State(
                        "log in again, with a passkey or at the identity provider, before you change this",
                    ))
                }
            }
        }
    }

    /// New recovery codes in the place of those before; they are shown this once.
    pub fn renew_recovery_codes<'a>(
        &self,
        id: &str,
        proof: impl Into<Proof<'a>>,
        from: Source,
    ) -> Result<Vec<String>, Error> {
        self.is_owner(id, proof.into(), from)?;
        let (codes, digests) = self.recovery_codes()?;
        self.change(|state| {
            let mut after = (**state.account(id)?).clone();
            if after.totp.is_none() {
                return Err(Error::State(
                    "there is no second factor that codes would stand in for",
                ));
            }
            after.recovery = digests;
            Ok((vec![Change::Account(after)], codes))
        })
    }

    fn recovery_codes(&self) -> Result<(Vec<String>, Vec<Digest>)> {
        let codes = (0..RECOVERY_CODES)
            .map(|_| secret::code::<10>(&*self.inner().random))
            .collect::<Result<Vec<_>>>()?;
        let digests = codes.iter().map(|code| recovery_digest(code)).collect();
        Ok((codes, digests))
    }

    /// Takes a code of the app, or a recovery code, which is used up by it.
    pub(crate) fn take_code(&self, id: &str, code: &str) -> Result<()> {
        let now = self.now();
        self.change(|state| {
            let mut after = (**state.account(id)?).clone();
            if takes(&mut after, &state.signing, code, now) {
                Ok((vec![Change::Account(after)], ()))
            } else {
                Err(Error::Refused)
            }
        })
    }
}

fn takes(account: &mut Account, key: &[u8; 32], code: &str, now: ngsi_ld::Timestamp) -> bool {
    let Some(totp) = &mut account.totp else {
        return false;
    };
    let secret = sealed::open(key, &account.id, &totp.secret).unwrap_or_default();
    if let Some(step) = totp::accepted(&secret, code, now, totp.last) {
        totp.last = step;
        return true;
    }
    let given = recovery_digest(code);
    let before = account.recovery.len();
    account.recovery.retain(|known| !known.is(&given));
    account.recovery.len() < before
}

fn recovery_digest(code: &str) -> Digest {
    Digest::of("recovery", &typed(code))
}
