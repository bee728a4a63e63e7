//! The whole: made once, passed down.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ngsi_ld::Timestamp;
use parking_lot::{Mutex, RwLock};
use query::Caller;
use twin::{Clock, Event, Twin};

use crate::error::{Error, Result};
use crate::passkeys::Ceremonies;
use crate::passwords::{Cost, Hasher, rules};
use crate::people::SecondFactor;
use crate::principal::{Assurance, Principal};
use crate::refused::Refusals;
use crate::secret::{Digest, Random};
use crate::sessions::Begun;
use crate::state::{Change, State};
use crate::throttle::Throttle;
use crate::told;

/// What can be set.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What authenticator apps show beside a code.
    pub issuer: String,
    /// Words that no password may rest on, beside the account's name: the city's, the program's.
    pub words: Vec<String>,
    /// A session that was not used for so long ends.
    pub idle: Duration,
    /// A session ends so long after the login, used or not.
    pub longest: Duration,
    /// The identity provider that is believed, by its issuer; without one, nobody comes by it.
    pub provider: Option<String>,
    /// Who has to have a second factor.
    pub second_factor: SecondFactor,
    /// What hashing a password costs.
    pub cost: Cost,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            issuer: "Mapacha".to_owned(),
            words: vec!["mapacha".to_owned()],
            idle: Duration::from_hours(1),
            longest: Duration::from_hours(12),
            provider: None,
            second_factor: SecondFactor::default(),
            cost: Cost::CURRENT,
        }
    }
}

/// People, services, and what they may do; and in whose name they are changed. Cheap to clone.
#[derive(Clone)]
pub struct Access(Arc<Inner>, Caller);

pub(crate) struct Inner {
    twin: Twin,
    clock: Arc<dyn Clock>,
    pub(crate) random: Box<dyn Random>,
    pub(crate) settings: Settings,
    pub(crate) hasher: Hasher,
    state: RwLock<State>,
    /// Counts the changes of who there is and what they may do.
    epoch: AtomicU64,
    /// Held from the decision to change something until it is stored and applied.
    changing: Mutex<()>,
    pub(crate) throttle: Mutex<Throttle>,
    /// Who was refused, for the audit log.
    pub(crate) refusals: Mutex<Refusals>,
    /// Logins that wait for their second factor, by the digest of their token.
    pub(crate) begun: Mutex<HashMap<Digest, Begun>>,
    /// Challenges that wait for a passkey.
    pub(crate) ceremonies: Mutex<Ceremonies>,
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.0.state.read();
        f.debug_struct("Access")
            .field("people", &state.people.len())
            .field("sessions", &state.sessions.len())
            .field("keys", &state.keys.len())
            .finish_non_exhaustive()
    }
}

impl Access {
    /// Over the rows of the default tenant's twin. Reads the store: for a thread that may wait.
    ///
    /// # Errors
    /// When the store cannot be read or written. A record that cannot be read is no error: it is told to the log.
    pub fn open(
        twin: Twin,
        clock: Arc<dyn Clock>,
        random: impl Random + 'static,
        settings: Settings,
    ) -> Result<Self, Error> {
        let state = State::load(&twin, &random, settings.provider.clone())?;
        let inner = Inner {
            twin,
            clock,
            random: Box::new(random),
            hasher: Hasher::new(settings.cost),
            settings,
            state: RwLock::new(state),
            epoch: AtomicU64::new(0),
            changing: Mutex::default(),
            throttle: Mutex::default(),
            refusals: Mutex::default(),
            begun: Mutex::default(),
            ceremonies: Mutex::default(),
        };
        Ok(Self(Arc::new(inner), Caller::System("access")))
    }

    /// The same, changed in somebody's name: so the audit log has it.
    #[must_use]
    pub fn by(&self, caller: Caller) -> Self {
        Self(Arc::clone(&self.0), caller)
    }

    pub(crate) fn inner(&self) -> &Inner {
        &self.0
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// Reads what is known.
    pub(crate) fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.0.state.read())
    }

    /// Decides on changes, stores them, and applies them when they are durable.
    pub(crate) fn change<T>(&self, decide: impl FnOnce(&State) -> Result<(Vec<Change>, T)>) -> Result<T> {
        let _changing = self.0.changing.lock();
        let (changes, events, about_rights, answer) = {
            let state = self.0.state.read();
            let (changes, answer) = decide(&state)?;
            let events: Vec<Event> = changes
                .iter()
                .filter_map(|change| told::told(change, &state, &self.1))
                .collect();
            let about_rights = changes.iter().any(|change| change.is_about_rights(&state));
            (changes, events, about_rights, answer)
        };
        let rows = changes.iter().map(Change::row).collect::<Result<Vec<_>>>()?;
        self.0.twin.store_rows_as_blocking(rows, events)?;
        let mut state = self.0.state.write();
        for change in changes {
            state.apply(change);
        }
        drop(state);
        if about_rights {
            self.0.epoch.fetch_add(1, Ordering::Release);
        }
        Ok(answer)
    }

    /// Has the audit log tell of what changed nothing.
    pub(crate) fn tell(&self, events: Vec<Event>) -> Result<()> {
        Ok(self.0.twin.store_rows_as_blocking(Vec::new(), events)?)
    }

    /// Refuses a password that others would guess of somebody with this name.
    pub(crate) fn must_be_strong(&self, password: &str, name: &str) -> Result<()> {
        let words = self.0.settings.words.iter().map(String::as_str);
        let context: Vec<&str> = words.chain([name]).collect();
        rules::check(password, &context).map_err(Error::Weak)
    }

    /// Who has this id, whether they ask or not: for what is done in their name. Nobody, where the account is disabled,
    /// the key has ended, or the device is not active.
    pub fn principal(&self, id: &str) -> Option<Principal> {
        let now = self.now();
        self.read(|state| {
            if let Some(account) = state.people.get(id) {
                return state
                    .lets_in(account)
                    .then(|| state.principal(account, Assurance::One, now, now));
            }
            if let Some(live) = state.keys.get(id) {
                return live.principal(state, now);
            }
            Self::device_principal(state, id, now)
        })
    }

    /// Counts the changes of who there is and what they may do since the start.
    pub fn epoch(&self) -> u64 {
        self.0.epoch.load(Ordering::Acquire)
    }

    /// What is set.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// How many passwords were hashed since the start.
    pub fn passwords_hashed(&self) -> u64 {
        self.0.hasher.computed()
    }
}
