//! Logging in: a password, and a second factor where the account has one.

use std::sync::Arc;
use std::time::Duration;

use crate::access::Access;
use crate::error::{Error, Result};
use crate::people::account::{Account, folded};
use crate::people::later;
use crate::principal::Assurance;
use crate::refused::{Door, Reason};
use crate::secret::{self, Digest};
use crate::sessions::{Begun, Session, Way, browsers, opening};
use crate::state::Change;
use crate::throttle::{self, Count, Source};

/// How long a login waits for its second factor.
const SECOND_WITHIN: Duration = Duration::from_mins(5);
/// How many logins wait for that at once.
const MAX_BEGUN: usize = 10_000;

/// A try to log in.
#[derive(Clone, Copy, Default)]
pub struct Attempt<'a> {
    /// Where it comes from.
    pub from: Source,
    /// The cookie by which the browser shows that it was here before.
    pub known_browser: Option<&'a str>,
    /// What the browser calls itself.
    pub browser: &'a str,
}

/// What came of it.
#[derive(Clone, PartialEq, Eq)]
pub enum Entered {
    /// A session.
    In(Opened),
    /// The password was right, and a code is asked for: the token of the login so far.
    SecondFactor(String),
}

/// A session that was opened.
#[derive(Clone, PartialEq, Eq)]
pub struct Opened {
    /// The session's token: whoever has it is in.
    pub token: String,
    /// The cookie by which the browser will be known.
    pub known_browser: String,
    /// The account's id.
    pub person: Arc<str>,
}

impl Access {
    /// Tries a name and a password. An unknown name takes the same work and gets the same answer as a wrong password.
    ///
    /// # Errors
    /// [`Error::Refused`], [`Error::Wait`] after too many failures, [`Error::Busy`] where too many passwords wait to be
    /// checked.
    pub fn log_in(&self, name: &str, password: &str, attempt: &Attempt<'_>) -> Result<Entered, Error> {
        let account = self.read(|state| state.named(name).cloned());
        let entered = self.log_in_to(account.clone(), name, password, attempt);
        let whom = account.as_ref().map(|account| &account.id);
        self.refused_by(&entered, (Door::Session, Reason::Password), attempt.from, whom);
        entered
    }

    fn log_in_to(
        &self,
        account: Option<Arc<Account>>,
        name: &str,
        password: &str,
        attempt: &Attempt<'_>,
    ) -> Result<Entered> {
        let inner = self.inner();
        let now = self.now();
        let signing = self.read(|state| state.signing);
        let counts = match &account {
            Some(account) if knows(&signing, account, attempt, now) => {
                vec![Count::Browser(throttle::name(&account.id))]
            }
            _ => vec![
                Count::Account(throttle::name(&folded(name))),
                Count::Source(attempt.from),
            ],
        };
        if let Err(wait) = inner.throttle.lock().begin(&counts, now) {
            tracing::debug!(from = %attempt.from, "a login has to wait");
            return Err(wait);
        }
        let stored = account.as_ref().and_then(|account| account.password.as_ref());
        let right = inner.hasher.is(password, stored);
        if right.is_err() {
            inner.throttle.lock().give_back(&counts);
        }
        let Some(account) = account
            .filter(|account| account.can_log_in())
            .filter(|_| right == Ok(true))
        else {
            right?;
            // Names stay out of the log: people type passwords where names belong.
            tracing::warn!(from = %attempt.from, "a login was refused");
            return Err(Error::Refused);
        };
        inner.throttle.lock().give_back(&counts);
        self.renew_hash(&account, password);
        if account.totp.is_none() {
            return self
                .enter(&account, Assurance::One, Way::Password, attempt)
                .map(Entered::In);
        }
        self.ask_second_factor(&account, Way::Password)
            .map(Entered::SecondFactor)
    }

    /// A login whose first factor was right waits for the second: answers with its token.
    pub(crate) fn ask_second_factor(&self, account: &Account, way: Way) -> Result<String> {
        let inner = self.inner();
        let now = self.now();
        let token = secret::token::<32>(&*inner.random)?;
        let mut begun = inner.begun.lock();
        begun.retain(|_, begun| begun.until > now);
        if begun.len() >= MAX_BEGUN {
            return Err(Error::Busy);
        }
        let waiting = Begun {
            person: Arc::clone(&account.id),
            until: later(now, SECOND_WITHIN),
            generation: account.generation,
            way,
        };
        begun.insert(Digest::of("begun", &token), waiting);
        Ok(token)
    }

    /// Tries a code for a login whose password was right. The token is void then, whatever it was answered: a new one is
    /// in the session.
    ///
    /// # Errors
    /// [`Error::Refused`] for a wrong code, and where the login was begun too long ago.
    pub fn second_factor(&self, token: &str, code: &str, attempt: &Attempt<'_>) -> Result<Opened, Error> {
        let inner = self.inner();
        let (now, digest) = (self.now(), Digest::of("begun", token));
        let begun = inner.begun.lock().get(&digest).cloned();
        let Some(begun) = begun.filter(|begun| begun.until > now) else {
            return Err(Error::Refused);
        };
        let (account, signing) = self.read(|state| (state.people.get(&begun.person).cloned(), state.signing));
        let opens =
            |it: &Arc<Account>| self.read(|state| state.lets_in(it)) && it.generation == begun.generation;
        let Some(account) = account.filter(opens) else {
            self.refused(Door::Session, Reason::Code, attempt.from, Some(&begun.person));
            return Err(Error::Refused);
        };
        let counted = throttle::name(&account.id);
        let counts = if knows(&signing, &account, attempt, now) {
            vec![Count::Browser(counted)]
        } else {
            vec![Count::Second(counted), Count::Source(attempt.from)]
        };
        let begins = inner.throttle.lock().begin(&counts, now);
        let taken = begins.and_then(|()| {
            let taken = self.take_code(&account.id, code);
            if !matches!(taken, Err(Error::Refused)) {
                inner.throttle.lock().give_back(&counts);
            }
            taken
        });
        self.refused_by(
            &taken,
            (Door::Session, Reason::Code),
            attempt.from,
            Some(&account.id),
        );
        if let Err(error) = taken {
            tracing::warn!(from = %attempt.from, person = &*account.id, "a second factor was refused");
            return Err(error);
        }
        inner.begun.lock().remove(&digest);
        let account = self.read(|state| state.account(&account.id).cloned())?;
        self.enter(&account, Assurance::Two, begun.way, attempt)
    }

    /// Whether a login with this token waits for its second factor.
    pub fn awaits_second_factor(&self, token: &str) -> bool {
        let now = self.now();
        let begun = self.inner().begun.lock();
        begun
            .get(&Digest::of("begun", token))
            .is_some_and(|begun| begun.until > now)
    }

    /// Opens a session with a token of its own.
    pub(crate) fn enter(
        &self,
        account: &Account,
        assurance: Assurance,
        way: Way,
        attempt: &Attempt<'_>,
    ) -> Result<Opened> {
        let now = self.now();
        let token = secret::token::<32>(&*self.inner().random)?;
        let session = Session {
            person: Arc::clone(&account.id),
            began_at: now,
            seen_at: now,
            assurance,
            browser: attempt
                .browser
                .chars()
                .filter(|c| !c.is_control())
                .take(200)
                .collect(),
            external: matches!(way, Way::Provider),
            passkey: match way {
                Way::Passkey(by) => Some(by),
                Way::Password | Way::Provider => None,
            },
        };
        self.change(|state| {
            let mut after = (**state.account(&account.id)?).clone();
            // Between the check and now it may have been disabled, or its password changed.
            if !state.lets_in(&after) || after.generation != account.generation {
                return Err(Error::Refused);
            }
            after.last_login = Some(now);
            let opened = Opened {
                known_browser: browsers::cookie(&state.signing, &after, now),
                person: Arc::clone(&after.id),
                token: token.clone(),
            };
            let mut changes = opening(state, Digest::of("session", &token), session);
            changes.push(Change::Account(after));
            Ok((changes, opened))
        })
        .inspect(
            |opened| tracing::info!(from = %attempt.from, person = &*opened.person, "somebody logged in"),
        )
    }

    /// A right password whose hash cost too little is hashed anew. That it failed is no reason to refuse who is right.
    fn renew_hash(&self, account: &Account, password: &str) {
        let inner = self.inner();
        if !account
            .password
            .as_ref()
            .is_some_and(|hashed| inner.hasher.is_old(hashed))
        {
            return;
        }
        let renewed = inner.hasher.hash(&*inner.random, password).and_then(|hashed| {
            self.change(|state| {
                let mut after = (**state.account(&account.id)?).clone();
                if after.generation == account.generation {
                    after.password = Some(hashed);
                }
                Ok((vec![Change::Account(after)], ()))
            })
        });
        if let Err(error) = renewed {
            tracing::warn!(%error, "a password could not be hashed anew; it will be at the next login");
        }
    }
}

/// Whether a browser shows that somebody logged in to this account with it before.
pub(crate) fn knows(
    signing: &[u8; 32],
    account: &Account,
    attempt: &Attempt<'_>,
    now: ngsi_ld::Timestamp,
) -> bool {
    attempt
        .known_browser
        .is_some_and(|cookie| browsers::knows(signing, account, cookie, now))
}
