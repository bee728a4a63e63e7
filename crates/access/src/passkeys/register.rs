//! Adding a passkey (`WebAuthn` Level 3, 7.1).

use std::sync::Arc;

use query::Caller;
use sha2::{Digest as _, Sha256};

use super::authenticator;
use super::ceremonies::{Ceremony, For};
use super::client::{self, Purpose};
use super::{MOST_PASSKEYS, NoPasskey, Passkey, PasskeyInfo, RelyingParty, base64url, handle};
use crate::access::Access;
use crate::error::{Error, Result};
use crate::people::Proof;
use crate::principal::Assurance;
use crate::secret::{self, Digest};
use crate::sessions::with_assurance;
use crate::state::{Change, State};
use crate::throttle::Source;

/// How a browser may reach an authenticator (5.8.4); what else it names is left out.
const TRANSPORTS: [&str; 6] = ["ble", "hybrid", "internal", "nfc", "smart-card", "usb"];
/// The longest name of a passkey, in characters.
const LONGEST_NAME: usize = 64;

/// What a browser has to be told to make a passkey; the ids and the challenge in base64url.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasskeyRequest {
    /// What has to be signed.
    pub challenge: String,
    /// What this server is called.
    pub issuer: String,
    /// What the authenticator knows the person by.
    pub user: String,
    /// What the person is called.
    pub name: String,
    /// The passkeys that the person has already, and how browsers reach them.
    pub known: Vec<(String, Vec<String>)>,
}

/// What a browser answered; all as bytes.
#[derive(Clone, Copy, Debug)]
pub struct NewPasskey<'a> {
    /// What its owner calls it.
    pub name: &'a str,
    /// Its id.
    pub id: &'a [u8],
    /// `clientDataJSON`.
    pub client_data: &'a [u8],
    /// `attestationObject`.
    pub attestation: &'a [u8],
    /// How browsers reach it.
    pub transports: &'a [String],
}

/// A name as it is kept: without what is around it, at most 64 characters that can be seen.
pub(super) fn named(name: &str) -> Result<String> {
    let name = name.trim();
    let fine = (1..=LONGEST_NAME).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    if fine {
        Ok(name.to_owned())
    } else {
        Err(Error::Wrong("a passkey has a name of 1 to 64 characters"))
    }
}

fn registration(session: &str) -> Digest {
    Digest::of("passkey registration", session)
}

impl Access {
    /// Begins to add a passkey to one's own account, in the session with this token.
    ///
    /// # Errors
    /// [`Error::Refused`] for a wrong password, [`Error::SecondFirst`] where the account has a second factor that this
    /// session has not shown, [`Error::Many`].
    pub fn begin_passkey<'a>(
        &self,
        id: &str,
        session: &str,
        proof: impl Into<Proof<'a>>,
        rp: &RelyingParty,
        from: Source,
    ) -> Result<PasskeyRequest, Error> {
        self.is_owner(id, proof.into(), from)?;
        let (account, signing) = self.read(|state| {
            self.second_was_shown(state, id, Some(session))?;
            Ok::<_, Error>((Arc::clone(state.account(id)?), state.signing))
        })?;
        let_more(account.passkeys.len())?;
        let challenge = secret::bytes::<32>(&*self.inner().random)?;
        let ceremony = Ceremony {
            challenge,
            purpose: For::Registration(Arc::clone(&account.id)),
            rp: rp.clone(),
            from,
        };
        let mut open = self.inner().ceremonies.lock();
        open.begin(registration(session), ceremony, self.now());
        let known = account.passkeys.iter();
        Ok(PasskeyRequest {
            challenge: base64url(&challenge),
            issuer: self.inner().settings.issuer.clone(),
            user: base64url(&handle(&signing, &account.id)),
            name: account.name.clone(),
            known: known.map(|it| (it.id.clone(), it.transports.clone())).collect(),
        })
    }

    /// Adds the passkey that a browser made for the challenge of this session. The session counts as opened by two factors
    /// from then on, where this is the first passkey.
    ///
    /// # Errors
    /// [`Error::Passkey`] says what is wrong with it.
    pub fn add_passkey(&self, id: &str, session: &str, new: &NewPasskey<'_>) -> Result<PasskeyInfo, Error> {
        // Before the challenge is used up: a name can be mended.
        let name = named(new.name)?;
        let taken = self
            .inner()
            .ceremonies
            .lock()
            .take(&registration(session), self.now());
        let ceremony = taken.ok_or(Error::Passkey(NoPasskey::Late))?;
        if !matches!(&ceremony.purpose, For::Registration(person) if &**person == id) {
            return Err(Error::Passkey(NoPasskey::Challenge));
        }
        let passkey = self.verified(name, new, &ceremony).map_err(Error::Passkey)?;
        let own = Digest::of("session", session);
        self.by(Caller::Principal(id.into()))
            .change(|state| {
                self.second_was_shown(state, id, Some(session))?;
                let mut after = (**state.account(id)?).clone();
                let_more(after.passkeys.len())?;
                if state.passkeys.contains_key(&passkey.id) {
                    return Err(Error::Passkey(NoPasskey::Known));
                }
                let is_first = after.passkeys.is_empty();
                let info = passkey.info();
                after.passkeys.push(passkey);
                let mut changes = if is_first {
                    with_assurance(state, id, Some(&own), Assurance::Two)
                } else {
                    Vec::new()
                };
                changes.push(Change::Account(after));
                Ok((changes, info))
            })
            .inspect(|_| tracing::info!(person = id, "a passkey was added"))
    }

    fn verified(
        &self,
        name: String,
        new: &NewPasskey<'_>,
        ceremony: &Ceremony,
    ) -> Result<Passkey, NoPasskey> {
        client::check(
            new.client_data,
            Purpose::Creation,
            &ceremony.challenge,
            &ceremony.rp,
        )?;
        let hash = Sha256::digest(new.client_data);
        let data = authenticator::attested(new.attestation, &hash)?;
        data.check(&ceremony.rp)?;
        if !data.is_verified() {
            return Err(NoPasskey::Unverified);
        }
        let attested = data.attested.as_ref().ok_or(NoPasskey::AuthenticatorData)?;
        if attested.id != new.id {
            return Err(NoPasskey::Id);
        }
        let transports = TRANSPORTS
            .iter()
            .filter(|known| new.transports.iter().any(|one| one == *known));
        Ok(Passkey {
            id: base64url(attested.id),
            key: base64url(attested.key_bytes),
            name,
            made_at: self.now(),
            used_at: None,
            sign_count: data.sign_count,
            backup_eligible: data.is_backup_eligible(),
            backed_up: data.is_backed_up(),
            transports: transports.map(|known| (*known).to_owned()).collect(),
            copied_at: None,
        })
    }

    /// Refuses a change of what opens an account where it has a second factor that the session has not shown: else a
    /// password alone would be enough to put another in its place.
    pub(crate) fn second_was_shown(&self, state: &State, id: &str, session: Option<&str>) -> Result<()> {
        let account = state.account(id)?;
        let live = session.and_then(|token| state.sessions.get(&Digest::of("session", token)));
        let assurance = live
            .filter(|live| &*live.session.person == id)
            .map_or(Assurance::One, |live| live.session.assurance);
        if assurance == Assurance::Two {
            return Ok(());
        }
        let now = self.now();
        let who = state.principal(account, Assurance::One, now, now);
        let owed = self.inner().settings.second_factor.is_owed_by(&who);
        if account.totp.is_some() || (owed && !account.passkeys.is_empty()) {
            return Err(Error::SecondFirst);
        }
        Ok(())
    }
}

fn let_more(count: usize) -> Result<()> {
    if count >= MOST_PASSKEYS {
        return Err(Error::Many("20 passkeys"));
    }
    Ok(())
}
