//! Sessions: what a browser holds is a random token, what the store holds is its digest.

mod browsers;
pub(crate) mod login;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use ngsi_ld::Timestamp;
use serde::{Deserialize, Serialize};

use crate::access::Access;
use crate::error::{Error, Result};
use crate::people::account::Account;
use crate::people::later;
use crate::permissions::Permissions;
use crate::principal::{Assurance, Principal};
use crate::secret::Digest;
use crate::state::{Change, State, shortened};

/// How old what the store knows of a session's last use may be.
const WRITTEN_EVERY: Duration = Duration::from_mins(1);
/// How many sessions one account may have; a new one ends the oldest.
const MAX_SESSIONS: usize = 50;

/// A session, as it is stored.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Session {
    pub(crate) person: Arc<str>,
    pub(crate) began_at: Timestamp,
    pub(crate) seen_at: Timestamp,
    pub(crate) assurance: Assurance,
    /// What the browser called itself.
    #[serde(default)]
    pub(crate) browser: String,
    /// Whether the identity provider opened it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) external: bool,
    /// The passkey that opened it, where one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) passkey: Option<ByPasskey>,
}

/// By which passkey a session was opened.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ByPasskey {
    /// As its owner sees it.
    pub(crate) id: String,
    /// Whether the authenticator verified who was there: two factors by itself.
    pub(crate) verified: bool,
}

/// What opens a session, first of all.
#[derive(Clone, Debug)]
pub(crate) enum Way {
    Password,
    Provider,
    Passkey(ByPasskey),
}

/// A session and when it was last used, which is written down now and then.
pub(crate) struct Live {
    pub(crate) session: Session,
    seen_us: AtomicI64,
}

impl Live {
    pub(crate) fn new(session: Session) -> Self {
        let seen_us = AtomicI64::new(session.seen_at.as_micros());
        Self { session, seen_us }
    }

    fn seen_at(&self) -> Timestamp {
        Timestamp::from_micros(self.seen_us.load(Ordering::Relaxed))
    }
}

/// A login that waits for its second factor.
#[derive(Clone, Debug)]
pub(crate) struct Begun {
    pub(crate) person: Arc<str>,
    pub(crate) until: Timestamp,
    pub(crate) generation: u32,
    /// What answered for the first factor.
    pub(crate) way: Way,
}

/// A session, as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionInfo {
    /// Names it; it opens nothing.
    pub id: String,
    /// What the browser called itself.
    pub browser: String,
    /// When it began.
    pub began_at: Timestamp,
    /// When it was last used.
    pub seen_at: Timestamp,
    /// By how many factors it was opened.
    pub assurance: Assurance,
    /// Whether it is the one that asks.
    pub current: bool,
}

impl Access {
    /// Who has the session with this token, and as of now uses it. Reads memory only.
    pub fn of_session(&self, token: &str) -> Option<Principal> {
        let digest = Digest::of("session", token);
        let now = self.now();
        self.read(|state| {
            let live = state.sessions.get(&digest)?;
            if self.is_over(live, now) {
                return None;
            }
            let account = state
                .people
                .get(&live.session.person)
                .filter(|account| state.lets_in(account))?;
            live.seen_us.fetch_max(now.as_micros(), Ordering::Relaxed);
            let mut principal = state.principal(account, live.session.assurance, live.session.began_at, now);
            if self.inner().settings.second_factor.is_owed_by(&principal) {
                principal.owes_second_factor = true;
                principal.permissions = Permissions::default();
                principal.break_glass = None;
            }
            Some(principal)
        })
    }

    fn is_over(&self, live: &Live, now: Timestamp) -> bool {
        let settings = &self.inner().settings;
        later(live.seen_at(), settings.idle) <= now || later(live.session.began_at, settings.longest) <= now
    }

    /// Somebody's sessions, the one last used first; `token` is that of the one that asks.
    pub fn sessions(&self, person: &str, token: Option<&str>) -> Vec<SessionInfo> {
        let own = token.map(|token| Digest::of("session", token));
        let now = self.now();
        let mut sessions: Vec<SessionInfo> = self.read(|state| {
            let of_person = state
                .sessions
                .iter()
                .filter(|(_, live)| &*live.session.person == person && !self.is_over(live, now));
            of_person
                .map(|(digest, live)| SessionInfo {
                    id: digest.short(),
                    browser: live.session.browser.clone(),
                    began_at: live.session.began_at,
                    seen_at: live.seen_at(),
                    assurance: live.session.assurance,
                    current: own.as_ref().is_some_and(|own| own.is(digest)),
                })
                .collect()
        });
        sessions.sort_by(|a, b| b.seen_at.cmp(&a.seen_at).then_with(|| a.id.cmp(&b.id)));
        sessions
    }

    /// Whether the session with this token was opened for this person since an instant, and what opened it is proof enough:
    /// a passkey that verified who was there, or, for an account without a password, the identity provider.
    pub(crate) fn was_proved_since(&self, account: &Account, token: &str, since: Timestamp) -> bool {
        let digest = Digest::of("session", token);
        self.read(|state| {
            let session = state.sessions.get(&digest).map(|live| &live.session);
            session.is_some_and(|it| {
                let verified = it.passkey.as_ref().is_some_and(|by| by.verified);
                let proves = verified || (it.external && account.password.is_none());
                proves && it.person == account.id && it.began_at >= since
            })
        })
    }

    /// Whether the identity provider opened the session with this token.
    pub fn is_external_session(&self, token: &str) -> bool {
        let digest = Digest::of("session", token);
        self.read(|state| {
            state
                .sessions
                .get(&digest)
                .is_some_and(|live| live.session.external)
        })
    }

    /// Ends the session with this token, if there is one: logout.
    pub fn end_session(&self, token: &str) -> Result<(), Error> {
        let digest = Digest::of("session", token);
        self.inner().begun.lock().remove(&Digest::of("begun", token));
        self.change(|state| {
            let known = state.sessions.contains_key(&digest);
            Ok((
                known.then_some(Change::NoSession(digest)).into_iter().collect(),
                (),
            ))
        })
    }

    /// Ends one of somebody's sessions, by the id that [`Self::sessions`] gives.
    pub fn end_session_of(&self, person: &str, id: &str) -> Result<(), Error> {
        self.change(|state| {
            let mut sessions = state.sessions.iter();
            let found = sessions
                .find(|(digest, live)| &*live.session.person == person && digest.short() == id)
                .map(|(digest, _)| *digest);
            let digest = found.ok_or_else(|| Error::NotFound {
                what: "session",
                id: shortened(id),
            })?;
            Ok((vec![Change::NoSession(digest)], ()))
        })
    }

    /// Writes down when sessions and keys were last used and who was refused, and puts away what is over. For now and then, on a thread that
    /// may wait.
    pub fn tidy(&self) -> Result<(), Error> {
        let now = self.now();
        self.inner().begun.lock().retain(|_, begun| begun.until > now);
        self.inner().ceremonies.lock().tidy(now);
        self.tell_refusals()?;
        self.change(|state| {
            let mut changes = Vec::new();
            for (digest, live) in &state.sessions {
                if self.is_over(live, now) || !state.people.contains_key(&live.session.person) {
                    changes.push(Change::NoSession(*digest));
                } else if later(live.session.seen_at, WRITTEN_EVERY) <= live.seen_at() {
                    let mut session = live.session.clone();
                    session.seen_at = live.seen_at();
                    changes.push(Change::Session(*digest, session));
                }
            }
            changes.extend(crate::tokens::used(state));
            changes.extend(crate::break_glass::over(state, now));
            Ok((changes, ()))
        })
    }
}

/// The ends of somebody's sessions, all but one.
pub(crate) fn ends_of(state: &State, person: &str, keep: Option<&Digest>) -> Vec<Change> {
    let sessions = state.sessions.iter();
    sessions
        .filter(|(digest, live)| &*live.session.person == person && Some(*digest) != keep)
        .map(|(digest, _)| Change::NoSession(*digest))
        .collect()
}

/// Somebody's sessions with another assurance: all of them, or one.
pub(crate) fn with_assurance(
    state: &State,
    person: &str,
    only: Option<&Digest>,
    assurance: Assurance,
) -> Vec<Change> {
    let sessions = state.sessions.iter();
    sessions
        .filter(|(digest, live)| {
            &*live.session.person == person
                && live.session.assurance != assurance
                // What a passkey proved does not hang on a code.
                && !live.session.passkey.as_ref().is_some_and(|by| by.verified)
                && only.is_none_or(|only| only == *digest)
        })
        .map(|(digest, live)| {
            let mut session = live.session.clone();
            session.assurance = assurance;
            session.seen_at = live.seen_at();
            Change::Session(*digest, session)
        })
        .collect()
}

/// The changes that open a session: it, and the end of the oldest where there are too many.
pub(crate) fn opening(state: &State, digest: Digest, session: Session) -> Vec<Change> {
    let mut own: Vec<(Timestamp, Digest)> = state
        .sessions
        .iter()
        .filter(|(_, live)| live.session.person == session.person)
        .map(|(digest, live)| (live.seen_at(), *digest))
        .collect();
    own.sort_unstable();
    let over = (own.len() + 1).saturating_sub(MAX_SESSIONS);
    let mut changes: Vec<Change> = own
        .iter()
        .take(over)
        .map(|(_, digest)| Change::NoSession(*digest))
        .collect();
    changes.push(Change::Session(digest, session));
    changes
}
