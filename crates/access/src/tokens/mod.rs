//! Keys for services: `mapacha_<id>_<secret>`. What is stored is the digest of the whole.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use ngsi_ld::Timestamp;
use serde::{Deserialize, Serialize};

use crate::access::Access;
use crate::error::{Error, Result};
use crate::people::{account, later, within};
use crate::permissions::{Permission, Permissions, Role};
use crate::principal::{Assurance, Kind, Principal};
use crate::reach::Reach;
use crate::secret::{self, Digest};
use crate::state::{Change, State, shortened};

/// How every key begins, so that scanners for leaked secrets can know one.
const PREFIX: &str = "mapacha_";
/// How many keys there may be.
const MAX_KEYS: usize = 10_000;
/// How old what the store knows of a key's last use may be, in microseconds.
const WRITTEN_EVERY_US: i64 = 600_000_000;

/// A key, as it is stored.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Key {
    pub(crate) id: Arc<str>,
    pub(crate) name: String,
    /// Whose it is; it can do nothing that its owner cannot.
    #[serde(default)]
    pub(crate) owner: Option<Arc<str>>,
    pub(crate) roles: Vec<Role>,
    /// What of its roles' permissions it is for; empty: all.
    #[serde(default)]
    pub(crate) scopes: Vec<Permission>,
    /// What it is for; without it, what each request says.
    #[serde(default)]
    pub(crate) purpose: Option<Arc<str>>,
    pub(crate) made_at: Timestamp,
    #[serde(default)]
    pub(crate) expires_at: Option<Timestamp>,
    #[serde(default)]
    pub(crate) used_at: Option<Timestamp>,
    pub(crate) secret: Digest,
    /// The secret before the last rotation, and until when it holds.
    #[serde(default)]
    pub(crate) earlier: Option<(Digest, Timestamp)>,
}

/// A key and when it was last used, which is written down now and then.
pub(crate) struct LiveKey {
    pub(crate) key: Key,
    used_us: AtomicI64,
}

impl LiveKey {
    /// Who it stands for; nobody once it has ended, or its owner may not log in.
    pub(crate) fn principal(&self, state: &State, now: Timestamp) -> Option<Principal> {
        let key = &self.key;
        if key.expires_at.is_some_and(|end| end <= now) {
            return None;
        }
        let mut permissions: Permissions = key.roles.iter().copied().collect();
        let mut reach = Reach::default();
        if let Some(owner) = &key.owner {
            let owner = state.people.get(owner).filter(|account| state.lets_in(account))?;
            reach = state.reach_of(owner);
            permissions = permissions.and(state.permissions_of(owner));
        }
        if !key.scopes.is_empty() {
            permissions = permissions.and(key.scopes.iter().copied().collect());
        }
        Some(Principal {
            id: Arc::clone(&key.id),
            kind: Kind::Service,
            name: key.name.as_str().into(),
            roles: key.roles.clone(),
            groups: Vec::new(),
            reach,
            assurance: Assurance::One,
            authenticated_at: now,
            purpose: key.purpose.clone(),
            break_glass: None,
            permissions,
            owes_second_factor: false,
        })
    }

    pub(crate) fn new(key: Key) -> Self {
        let used_us = AtomicI64::new(key.used_at.map_or(0, Timestamp::as_micros));
        Self { key, used_us }
    }

    fn used_at(&self) -> Option<Timestamp> {
        let used_us = self.used_us.load(Ordering::Relaxed);
        (used_us > 0).then(|| Timestamp::from_micros(used_us))
    }
}

/// A key to make.
#[derive(Clone, Debug, Default)]
pub struct NewKey<'a> {
    /// What it is for, in a word.
    pub name: &'a str,
    /// The id of the account that it acts for; without it, it stands for itself.
    pub owner: Option<&'a str>,
    /// Its roles.
    pub roles: &'a [Role],
    /// What of its roles' permissions it is for; empty: all.
    pub scopes: &'a [Permission],
    /// The purpose it is for; without it, each request says its own. It is for the caller to see that there is such a
    /// purpose.
    pub purpose: Option<&'a str>,
    /// How long it holds; without it, until it is revoked.
    pub lifetime: Option<Duration>,
}

/// A key, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyInfo {
    /// Names it; it stands in the key itself.
    pub id: Arc<str>,
    /// What it is for.
    pub name: String,
    /// The id of the account that it acts for.
    pub owner: Option<Arc<str>>,
    /// Its roles.
    pub roles: Vec<Role>,
    /// What of its roles' permissions it is for; empty: all.
    pub scopes: Vec<Permission>,
    /// The purpose it is for; without it, each request says its own.
    pub purpose: Option<Arc<str>>,
    /// When it was made.
    pub made_at: Timestamp,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// When it was last used.
    pub used_at: Option<Timestamp>,
    /// Until when the secret before the last rotation holds.
    pub earlier_until: Option<Timestamp>,
}

impl KeyInfo {
    fn of(live: &LiveKey) -> Self {
        let key = &live.key;
        Self {
            id: Arc::clone(&key.id),
            name: key.name.clone(),
            owner: key.owner.clone(),
            roles: key.roles.clone(),
            scopes: key.scopes.clone(),
            purpose: key.purpose.clone(),
            made_at: key.made_at,
            expires_at: key.expires_at,
            used_at: live.used_at(),
            earlier_until: key.earlier.as_ref().map(|(_, until)| *until),
        }
    }
}

impl Access {
    /// Who a key stands for, and as of now uses it. Reads memory only.
    pub fn of_key(&self, given: &str) -> Option<Principal> {
        let (id, _) = given.strip_prefix(PREFIX)?.split_once('_')?;
        let digest = Digest::of("key", given);
        let now = self.now();
        self.read(|state| {
            let live = state.keys.get(id)?;
            let key = &live.key;
            let current = key.secret.is(&digest);
            let earlier = key
                .earlier
                .as_ref()
                .is_some_and(|(secret, until)| secret.is(&digest) && *until > now);
            if !(current || earlier) {
                return None;
            }
            let principal = live.principal(state, now)?;
            live.used_us.fetch_max(now.as_micros(), Ordering::Relaxed);
            Some(principal)
        })
    }

    /// All keys, or those of an account; by name.
    pub fn keys(&self, owner: Option<&str>) -> Vec<KeyInfo> {
        let mut keys: Vec<KeyInfo> = self.read(|state| {
            let all = state.keys.values();
            all.filter(|live| owner.is_none() || live.key.owner.as_deref() == owner)
                .map(|live| KeyInfo::of(live))
                .collect()
        });
        keys.sort_by(|a, b| a.name.cmp(&b.name).then_with(|| a.id.cmp(&b.id)));
        keys
    }

    /// A key by its id.
    pub fn key(&self, id: &str) -> Result<KeyInfo, Error> {
        self.read(|state| Ok(KeyInfo::of(known(state, id)?)))
    }

    /// Makes a key; the second is the key itself, which is shown this once. `by`: what whoever asks may do.
    pub fn add_key(&self, new: &NewKey<'_>, by: Permissions) -> Result<(KeyInfo, String), Error> {
        account::check_name(new.name)?;
        within(by, new.roles)?;
        let random = &*self.inner().random;
        let id: Arc<str> = secret::token::<8>(random)?.into();
        let (whole, secret) = self.secret_of(&id)?;
        let now = self.now();
        let key = Key {
            id,
            name: new.name.to_owned(),
            owner: None,
            roles: account::each_once(new.roles),
            scopes: new.scopes.to_vec(),
            purpose: new.purpose.map(Arc::from),
            made_at: now,
            expires_at: new.lifetime.map(|lifetime| later(now, lifetime)),
            used_at: None,
            secret,
            earlier: None,
        };
        self.change(|state| {
            let mut key = key;
            if let Some(owner) = new.owner {
                let owner = state.account(owner)?;
                // What is out of the owner's reach the key has no more than they have.
                within(state.roles_of(owner).into_iter().collect(), &key.roles)?;
                key.owner = Some(Arc::clone(&owner.id));
            }
            if state.keys.len() >= MAX_KEYS {
                return Err(Error::Many("10000 keys"));
            }
            let info = KeyInfo::of(&LiveKey::new(key.clone()));
            Ok((vec![Change::Key(key)], (info, whole)))
        })
    }

    /// Gives a key another secret, which is shown this once; the one before holds for `overlap` longer.
    pub fn rotate_key(
        &self,
        id: &str,
        overlap: Duration,
        by: Permissions,
    ) -> Result<(KeyInfo, String), Error> {
        let (whole, secret) = self.secret_of(id)?;
        let until = later(self.now(), overlap);
        self.change(|state| {
            let live = known(state, id)?;
            within(by, &live.key.roles)?;
            let mut after = live.key.clone();
            after.used_at = live.used_at();
            after.earlier = Some((after.secret, until));
            after.secret = secret;
            let info = KeyInfo::of(&LiveKey::new(after.clone()));
            Ok((vec![Change::Key(after)], (info, whole)))
        })
    }

    /// Ends a key at once.
    pub fn revoke_key(&self, id: &str) -> Result<(), Error> {
        self.change(|state| Ok((vec![Change::NoKey(Arc::clone(&known(state, id)?.key.id))], ())))
    }

    /// A new secret for the key with this id: the whole key, and its digest.
    fn secret_of(&self, id: &str) -> Result<(String, Digest)> {
        let whole = format!("{PREFIX}{id}_{}", secret::token::<32>(&*self.inner().random)?);
        let digest = Digest::of("key", &whole);
        Ok((whole, digest))
    }
}

fn known<'a>(state: &'a State, id: &str) -> Result<&'a Arc<LiveKey>> {
    state.keys.get(id).ok_or_else(|| Error::NotFound {
        what: "key",
        id: shortened(id),
    })
}

/// When keys were used, where the store knows too little of that.
pub(crate) fn used(state: &State) -> Vec<Change> {
    let stale = |live: &&Arc<LiveKey>| {
        let written = live.key.used_at.map_or(0, Timestamp::as_micros);
        live.used_us.load(Ordering::Relaxed) - written >= WRITTEN_EVERY_US
    };
    let keys = state.keys.values().filter(stale);
    keys.map(|live| {
        let mut key = live.key.clone();
        key.used_at = live.used_at();
        Change::Key(key)
    })
    .collect()
}
