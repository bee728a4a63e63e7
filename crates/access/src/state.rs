//! Everything that is known, in memory, and how it changes: first in the store, then here.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use ngsi_ld::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use twin::{Row, Twin};

use crate::break_glass::BreakGlass;
use crate::devices::{Device, Devices};
use crate::error::{Error, Result};
use crate::people::account::{Account, folded};
use crate::people::sealed;
use crate::permissions::{Permission, Permissions, Role};
use crate::principal::{Assurance, Kind, Principal};
use crate::provider::External;
use crate::reach::Reach;
use crate::rows::{self, DEVICES, GLASSES, GROUPS, KEYS, PEOPLE, REACHES, SESSIONS, SETTINGS};
use crate::secret::{self, Digest, Random};
use crate::sessions::{Live, Session};
use crate::tokens::{Key, LiveKey};

/// The row with which device cookies and form tokens are signed.
const SIGNING: &str = "signing";
/// The row of the code that makes the first administrator.
const SETUP: &str = "setup";

/// All records.
pub(crate) struct State {
    /// By id.
    pub(crate) people: BTreeMap<Arc<str>, Arc<Account>>,
    /// The ids of people by their folded names.
    pub(crate) names: HashMap<String, Arc<str>>,
    /// The ids of people by what the identity provider knows them by.
    pub(crate) external: HashMap<Digest, Arc<str>>,
    /// The ids of people by the ids of their passkeys.
    pub(crate) passkeys: HashMap<String, Arc<str>>,
    /// The identity provider that is believed.
    pub(crate) issuer: Option<String>,
    /// The roles of groups, by name.
    pub(crate) groups: BTreeMap<String, Vec<Role>>,
    /// Where the rights of groups' members reach, by the groups' names.
    pub(crate) reaches: BTreeMap<String, Reach>,
    /// By the digest of their token.
    pub(crate) sessions: HashMap<Digest, Arc<Live>>,
    /// By id.
    pub(crate) keys: BTreeMap<Arc<str>, Arc<LiveKey>>,
    /// Times that somebody took wider rights, by id.
    pub(crate) glasses: BTreeMap<Arc<str>, Arc<BreakGlass>>,
    /// Of these, whose end is not noted, by whose account.
    pub(crate) broken: HashMap<Arc<str>, Arc<str>>,
    /// Devices and services.
    pub(crate) devices: Devices,
    /// The digest of the code that makes the first administrator.
    pub(crate) setup: Option<Digest>,
    /// Signs device cookies and form tokens.
    pub(crate) signing: [u8; 32],
    /// How many accounts there are that cannot be read: as long as there are any, nobody is the first.
    pub(crate) unread_people: usize,
}

/// One thing that changes.
#[allow(
    clippy::large_enum_variant,
    reason = "there are a few at a time, for as long as it takes to store them"
)]
pub(crate) enum Change {
    Account(Account),
    NoAccount(Arc<str>),
    Group(String, Vec<Role>),
    NoGroup(String),
    Reach(String, Reach),
    NoReach(String),
    Session(Digest, Session),
    NoSession(Digest),
    Key(Key),
    NoKey(Arc<str>),
    BreakGlass(BreakGlass),
    Device(Device),
    Setup(Option<Digest>),
}

impl State {
    /// As the store has it. What cannot be read is told to the log, left where it is, and otherwise not there.
    pub(crate) fn load(twin: &Twin, random: &dyn Random, issuer: Option<String>) -> Result<Self> {
        let mut unread_people = 0;
        let people: Vec<Account> = table(twin, PEOPLE, &mut unread_people)?
            .into_iter()
            .map(|(_, account)| account)
            .collect();
        let mut unread = 0;
        let groups = table::<Vec<Role>>(twin, GROUPS, &mut unread)?
            .into_iter()
            .filter_map(|(name, roles)| Some((String::from_utf8(name).ok()?, roles)))
            .collect();
        let reaches = table::<Reach>(twin, REACHES, &mut unread)?
            .into_iter()
            .filter_map(|(name, reach)| Some((String::from_utf8(name).ok()?, reach)))
            .collect();
        let sessions = table::<Session>(twin, SESSIONS, &mut unread)?
            .into_iter()
            .filter_map(|(digest, session)| {
                Some((Digest::from_bytes(&digest)?, Arc::new(Live::new(session))))
            })
            .collect();
        let keys = table::<Key>(twin, KEYS, &mut unread)?
            .into_iter()
            .map(|(_, key)| (Arc::clone(&key.id), Arc::new(LiveKey::new(key))))
            .collect();
        let glasses: Vec<BreakGlass> = table(twin, GLASSES, &mut unread)?
            .into_iter()
            .map(|(_, one)| one)
            .collect();
        let devices: Vec<Device> = table(twin, DEVICES, &mut unread)?
            .into_iter()
            .map(|(_, device)| device)
            .collect();
        let settings: HashMap<Vec<u8>, Digest> = table(twin, SETTINGS, &mut unread)?.into_iter().collect();
        let signing = if let Some(known) = settings.get(SIGNING.as_bytes()) {
            *known
        } else {
            let fresh = Digest::of("signing", &secret::token::<32>(random)?);
            twin.store_rows_blocking(vec![Row::put(SETTINGS, SIGNING, rows::write(&fresh)?)])?;
            fresh
        };
        let mut key = [0; 32];
        key.copy_from_slice(signing.as_bytes());
        let people = sealed_now(twin, random, &key, people)?;
        let mut state = Self {
            people: BTreeMap::new(),
            names: HashMap::new(),
            external: HashMap::new(),
            passkeys: HashMap::new(),
            issuer,
            groups,
            reaches,
            sessions,
            keys,
            glasses: BTreeMap::new(),
            broken: HashMap::new(),
            devices: devices.into_iter().collect(),
            setup: settings.get(SETUP.as_bytes()).copied(),
            signing: key,
            unread_people,
        };
        for account in people {
            state.apply(Change::Account(account));
        }
        for one in glasses {
            state.apply(Change::BreakGlass(one));
        }
        Ok(state)
    }

    /// The account with an id.
    pub(crate) fn account(&self, id: &str) -> Result<&Arc<Account>> {
        self.people.get(id).ok_or_else(|| Error::NotFound {
            what: "account",
            id: shortened(id),
        })
    }

    /// The account of this name.
    pub(crate) fn named(&self, name: &str) -> Option<&Arc<Account>> {
        self.people.get(self.names.get(&folded(name))?)
    }

    /// The account that the identity provider knows so, if that provider is the one that is believed.
    pub(crate) fn linked(&self, identity: &Digest) -> Option<&Arc<Account>> {
        let account = self.people.get(self.external.get(identity)?)?;
        let external = account.external.as_ref()?;
        (external.identity.is(identity) && self.trusts(external)).then_some(account)
    }

    /// Whether a link is to the identity provider that is believed now.
    pub(crate) fn trusts(&self, external: &External) -> bool {
        self.issuer.as_deref() == Some(&*external.issuer)
    }

    /// Whether an account is open to its owner: it is enabled, and something opens it.
    pub(crate) fn lets_in(&self, account: &Account) -> bool {
        !account.disabled && self.is_opened(account)
    }

    /// Whether a password, a passkey or the identity provider opens an account.
    pub(crate) fn is_opened(&self, account: &Account) -> bool {
        account.opens_itself() || account.external.as_ref().is_some_and(|it| self.trusts(it))
    }

    /// Refuses a name that another has.
    pub(crate) fn must_be_free(&self, name: &str, own: Option<&str>) -> Result<()> {
        match self.names.get(&folded(name)) {
            Some(id) if own != Some(&**id) => Err(Error::Taken(name.to_owned())),
            _ => Ok(()),
        }
    }

    /// The groups of an account, each once: those that it was put into, and those that there are of the ones that the
    /// identity provider names.
    pub(crate) fn groups_of(&self, account: &Account) -> Vec<String> {
        let mut groups = account.groups.clone();
        if let Some(external) = account.external.as_ref().filter(|it| self.trusts(it)) {
            let known = external
                .groups
                .iter()
                .filter(|name| self.groups.contains_key(*name));
            for name in known {
                if !groups.contains(name) {
                    groups.push(name.clone());
                }
            }
        }
        groups
    }

    /// The roles of an account: its own, those that the identity provider gives, and those of its groups, each once.
    pub(crate) fn roles_of(&self, account: &Account) -> Vec<Role> {
        let groups = self.groups_of(account);
        let of_groups = groups.iter().filter_map(|group| self.groups.get(group));
        let external = account.external.as_ref().filter(|it| self.trusts(it));
        let external = external.map_or(&[][..], |it| it.roles.as_slice());
        let own = account.roles.iter().chain(external);
        let mut roles: Vec<Role> = own.chain(of_groups.flatten()).copied().collect();
        roles.sort_unstable();
        roles.dedup();
        roles
    }

    /// Somebody with an account, who proved it so.
    pub(crate) fn principal(
        &self,
        account: &Account,
        assurance: Assurance,
        at: Timestamp,
        now: Timestamp,
    ) -> Principal {
        let roles = self.roles_of(account);
        let reach = self.reach_of(account);
        let permissions = reach.leaves(roles.iter().copied().collect());
        // Who may not take them any more has them no longer.
        let broken = self.broken_by(&account.id, now);
        let broken = broken.filter(|_| permissions.has(Permission::BreakGlass));
        Principal {
            id: Arc::clone(&account.id),
            kind: Kind::Person,
            name: account.name.as_str().into(),
            permissions,
            reach,
            roles,
            groups: self.groups_of(account),
            assurance,
            authenticated_at: at,
            purpose: None,
            break_glass: broken.map(|one| Arc::clone(&one.id)),
            owes_second_factor: false,
        }
    }

    /// What an account may do.
    pub(crate) fn permissions_of(&self, account: &Account) -> Permissions {
        let reach = self.reach_of(account);
        reach.leaves(self.roles_of(account).into_iter().collect())
    }

    /// Whether somebody could still manage accounts if this account were so (or gone, `None`). Where nobody can as it
    /// is, nothing is lost.
    pub(crate) fn stays_managed(&self, id: &str, after: Option<&Account>) -> Result<()> {
        // What the identity provider gives it may take back, and it may be out of reach.
        let manages = |account: &Account| {
            let own = Account {
                external: None,
                ..account.clone()
            };
            own.can_log_in() && self.permissions_of(&own).has(Permission::UsersManage)
        };
        let before = self.people.get(id).is_some_and(|account| manages(account));
        if !before || after.is_some_and(manages) {
            return Ok(());
        }
        let others = self.people.values().filter(|account| &*account.id != id);
        if others.into_iter().any(|account| manages(account)) {
            Ok(())
        } else {
            Err(Error::LastAdministrator)
        }
    }

    /// Takes a change that is stored.
    pub(crate) fn apply(&mut self, change: Change) {
        match change {
            Change::Account(account) => {
                if let Some(before) = self.people.get(&account.id) {
                    self.names.remove(&folded(&before.name));
                    if let Some(external) = &before.external {
                        self.external.remove(&external.identity);
                    }
                    for passkey in &before.passkeys {
                        self.passkeys.remove(&passkey.id);
                    }
                }
                for passkey in &account.passkeys {
                    self.passkeys.insert(passkey.id.clone(), Arc::clone(&account.id));
                }
                if let Some(external) = &account.external {
                    self.external.insert(external.identity, Arc::clone(&account.id));
                }
                self.names.insert(folded(&account.name), Arc::clone(&account.id));
                self.people.insert(Arc::clone(&account.id), Arc::new(account));
            }
            Change::NoAccount(id) => {
                if let Some(account) = self.people.remove(&id) {
                    self.names.remove(&folded(&account.name));
                    if let Some(external) = &account.external {
                        self.external.remove(&external.identity);
                    }
                    for passkey in &account.passkeys {
                        self.passkeys.remove(&passkey.id);
                    }
                }
            }
            Change::Group(name, roles) => {
                self.groups.insert(name, roles);
            }
            Change::NoGroup(name) => {
                self.groups.remove(&name);
            }
            Change::Reach(name, reach) => {
                self.reaches.insert(name, reach);
            }
            Change::NoReach(name) => {
                self.reaches.remove(&name);
            }
            Change::Session(digest, session) => {
                self.sessions.insert(digest, Arc::new(Live::new(session)));
            }
            Change::NoSession(digest) => {
                self.sessions.remove(&digest);
            }
            Change::Key(key) => {
                self.keys.insert(Arc::clone(&key.id), Arc::new(LiveKey::new(key)));
            }
            Change::NoKey(id) => {
                self.keys.remove(&id);
            }
            Change::BreakGlass(one) => self.apply_glass(one),
            Change::Device(device) => self.devices.put(device),
            Change::Setup(digest) => self.setup = digest,
        }
    }
}

impl Change {
    /// Whether it may change what somebody may do, where this is how it was. Sessions come and go without that, and so do
    /// certificates.
    pub(crate) fn is_about_rights(&self, before: &State) -> bool {
        match self {
            Self::Account(_)
            | Self::NoAccount(_)
            | Self::Group(..)
            | Self::NoGroup(_)
            | Self::Reach(..)
            | Self::NoReach(_)
            | Self::Key(_)
            | Self::NoKey(_) => true,
            Self::Device(device) => {
                let before = before.devices.by_id.get(&device.id);
                before.is_some_and(|before| before.gives_other_rights_than(device))
            }
            // Who broke the glass is somebody else for the policies from the next request on.
            Self::Session(..) | Self::NoSession(_) | Self::BreakGlass(_) | Self::Setup(_) => false,
        }
    }

    /// As it is stored.
    pub(crate) fn row(&self) -> Result<Row> {
        fn put(table: &'static str, key: &[u8], record: &impl Serialize) -> Result<Row> {
            Ok(Row::put(table, key, rows::write(record)?))
        }
        match self {
            Self::Account(account) => put(PEOPLE, account.id.as_bytes(), account),
            Self::NoAccount(id) => Ok(Row::delete(PEOPLE, id.as_bytes())),
            Self::Group(name, roles) => put(GROUPS, name.as_bytes(), roles),
            Self::NoGroup(name) => Ok(Row::delete(GROUPS, name.as_bytes())),
            Self::Reach(name, reach) => put(REACHES, name.as_bytes(), reach),
            Self::NoReach(name) => Ok(Row::delete(REACHES, name.as_bytes())),
            Self::Session(digest, session) => put(SESSIONS, digest.as_bytes(), session),
            Self::NoSession(digest) => Ok(Row::delete(SESSIONS, digest.as_bytes())),
            Self::Key(key) => put(KEYS, key.id.as_bytes(), key),
            Self::NoKey(id) => Ok(Row::delete(KEYS, id.as_bytes())),
            Self::BreakGlass(one) => put(GLASSES, one.id.as_bytes(), one),
            Self::Device(device) => put(DEVICES, device.id.as_bytes(), device),
            Self::Setup(Some(digest)) => put(SETTINGS, SETUP.as_bytes(), digest),
            Self::Setup(None) => Ok(Row::delete(SETTINGS, SETUP)),
        }
    }
}

/// The accounts with their secrets sealed; those that stood there as they are, are written anew.
fn sealed_now(
    twin: &Twin,
    random: &dyn Random,
    key: &[u8; 32],
    mut people: Vec<Account>,
) -> Result<Vec<Account>> {
    let mut renewed = Vec::new();
    for account in &mut people {
        let id = Arc::clone(&account.id);
        let totp = account.totp.as_mut().map(|totp| &mut totp.secret);
        let mut any = false;
        for text in totp.into_iter().chain(account.totp_new.as_mut()) {
            if !sealed::is_sealed(text)
                && let Some(clear) = secret::unhex(text)
            {
                *text = sealed::seal(key, random, &id, &clear)?;
                any = true;
            }
        }
        if any {
            renewed.push(Row::put(PEOPLE, id.as_bytes(), rows::write(account)?));
        }
    }
    if !renewed.is_empty() {
        tracing::info!(
            accounts = renewed.len(),
            "the secrets of second factors were sealed"
        );
        twin.store_rows_blocking(renewed)?;
    }
    Ok(people)
}

/// The records of a table that can be read, by their keys.
fn table<T: DeserializeOwned>(twin: &Twin, table: &str, unread: &mut usize) -> Result<Vec<(Vec<u8>, T)>> {
    let mut records = Vec::new();
    for (key, value) in twin.rows(table)? {
        match rows::read(&value) {
            Ok(record) => records.push((key, record)),
            Err(why) => {
                *unread += 1;
                let key = secret::hex(&key[..key.len().min(16)]);
                tracing::error!(
                    table,
                    key,
                    why,
                    "a record cannot be read; it is left as it is, and not used"
                );
            }
        }
    }
    Ok(records)
}

/// A text of somebody else's, for a message.
pub(crate) fn shortened(text: &str) -> String {
    text.chars().take(100).collect()
}
