//! The second factor: an app that shows codes, and codes on paper for when the app is gone.

use crate::access::Access;
use crate::error::{Error, Result};
use crate::people::account::{Account, Totp};
use crate::secret::{self, Digest, base32, typed};
use crate::state::Change;
use crate::throttle::Source;
use crate::totp;

/// How many recovery codes there are.
const RECOVERY_CODES: usize = 10;

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
    pub fn begin_second_factor(&self, id: &str, password: &str, from: Source) -> Result<Enrolment, Error> {
        self.check_password(id, password, from)?;
        let secret = secret::token::<{ totp::SECRET_BYTES }>(&*self.inner().random)?;
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
        let account = self.read(|state| state.account(id).cloned())?;
        let secret = account.totp_new.as_deref().and_then(secret::unhex);
        Ok(secret.map(|secret| Enrolment {
            secret: base32(&secret),
            uri: totp::uri(&secret, &self.inner().settings.issuer, &account.name),
        }))
    }

    /// Turns the second factor on, once a code shows that the app has the secret. Answers with the recovery codes, which
    /// are shown this once.
    pub fn confirm_second_factor(&self, id: &str, code: &str) -> Result<Vec<String>, Error> {
        let (codes, digests) = self.recovery_codes()?;
        let now = self.now();
        self.change(|state| {
            let mut after = (**state.account(id)?).clone();
            let begun = after.totp_new.take();
            let Some((hex, secret)) = begun.and_then(|hex| Some((hex.clone(), secret::unhex(&hex)?))) else {
                return Err(Error::State("there is no second factor to confirm; begin again"));
            };
            let last = totp::accepted(&secret, code, now, i64::MIN).ok_or(Error::Refused)?;
            after.totp = Some(Totp { secret: hex, last });
            after.recovery = digests;
            Ok((vec![Change::Account(after)], codes))
        })
    }

    /// Turns the second factor off.
    pub fn end_second_factor(&self, id: &str, password: &str, from: Source) -> Result<(), Error> {
        self.check_password(id, password, from)?;
        self.change(|state| {
            let mut after = (**state.account(id)?).clone();
            after.totp = None;
            after.totp_new = None;
            after.recovery.clear();
            Ok((vec![Change::Account(after)], ()))
        })
    }

    /// New recovery codes in the place of those before; they are shown this once.
    pub fn renew_recovery_codes(&self, id: &str, password: &str, from: Source) -> Result<Vec<String>, Error> {
        self.check_password(id, password, from)?;
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
            if takes(&mut after, code, now) {
                Ok((vec![Change::Account(after)], ()))
            } else {
                Err(Error::Refused)
            }
        })
    }
}

fn takes(account: &mut Account, code: &str, now: ngsi_ld::Timestamp) -> bool {
    let Some(totp) = &mut account.totp else {
        return false;
    };
    let secret = secret::unhex(&totp.secret).unwrap_or_default();
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
