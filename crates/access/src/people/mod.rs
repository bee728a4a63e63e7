//! People: their accounts, and what administrators do with them.

pub(crate) mod account;
mod own;
pub(crate) mod sealed;
mod second;
mod setup;

use std::sync::Arc;
use std::time::Duration;

use ngsi_ld::Timestamp;

use crate::access::Access;
use crate::error::{Error, Result};
use crate::permissions::{Permissions, Role};
use crate::reach::Reach;
use crate::secret::{self, Digest};
use crate::sessions::ends_of;
use crate::state::{Change, State, shortened};
use account::{Account, Invitation};
pub use second::{Enrolment, Proof, SecondFactor};

/// How many accounts there may be.
pub(crate) const MAX_PEOPLE: usize = 100_000;
/// How long an invitation holds.
pub(crate) const INVITED_FOR: Duration = Duration::from_hours(7 * 24);

/// An account, as others see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Stays the same when the name changes.
    pub id: Arc<str>,
    /// What the person types to log in.
    pub name: String,
    /// Its own roles.
    pub roles: Vec<Role>,
    /// The groups it belongs to.
    pub groups: Vec<String>,
    /// Where its rights reach, beside what its groups say.
    pub reach: Reach,
    /// What its roles and those of its groups give.
    pub permissions: Permissions,
    /// May not log in.
    pub disabled: bool,
    /// Has not set a password yet, or has to set a new one.
    pub invited: bool,
    /// Whether a second factor is asked for.
    pub second_factor: bool,
    /// How many recovery codes are left.
    pub recovery_codes: usize,
    /// When the account was made.
    pub made_at: Timestamp,
    /// When somebody last logged in with it.
    pub last_login: Option<Timestamp>,
    /// Whether the city's identity provider opens it.
    pub external: bool,
    /// Whether a password opens it.
    pub password: bool,
    /// How many passkeys open it.
    pub passkeys: usize,
}

/// An account to make.
#[derive(Clone, Debug, Default)]
pub struct NewPerson<'a> {
    /// What the person types to log in.
    pub name: &'a str,
    /// Its roles.
    pub roles: &'a [Role],
    /// Its groups.
    pub groups: &'a [String],
    /// Where its rights reach, beside what its groups say.
    pub reach: Reach,
    /// Its password; without it the person sets it, by an invitation.
    pub password: Option<&'a str>,
}

impl Person {
    fn of(state: &State, account: &Account) -> Self {
        let external = account.external.as_ref().is_some_and(|it| state.trusts(it));
        Self {
            id: Arc::clone(&account.id),
            name: account.name.clone(),
            roles: account.roles.clone(),
            groups: account.groups.clone(),
            reach: account.reach.clone(),
            permissions: state.permissions_of(account),
            disabled: account.disabled,
            invited: account.password.is_none() && account.passkeys.is_empty() && !external,
            second_factor: account.totp.is_some(),
            recovery_codes: account.recovery.len(),
            made_at: account.made_at,
            last_login: account.last_login,
            external,
            password: account.password.is_some(),
            passkeys: account.passkeys.len(),
        }
    }
}

impl Access {
    /// Everybody, by name.
    pub fn people(&self) -> Vec<Person> {
        let mut people: Vec<Person> = self.read(|state| {
            let accounts = state.people.values();
            accounts.map(|account| Person::of(state, account)).collect()
        });
        people.sort_by_cached_key(|person| account::folded(&person.name));
        people
    }

    /// The account with this id or this name.
    pub fn person(&self, id_or_name: &str) -> Result<Person, Error> {
        self.read(|state| {
            let known = state.people.get(id_or_name).or_else(|| state.named(id_or_name));
            known
                .map(|account| Person::of(state, account))
                .ok_or_else(|| Error::NotFound {
                    what: "account",
                    id: shortened(id_or_name),
                })
        })
    }

    /// Makes an account; answers with it and, where it has no password, with the code of its invitation. `by`: what
    /// whoever asks may do.
    pub fn add_person(
        &self,
        new: &NewPerson<'_>,
        by: Permissions,
    ) -> Result<(Person, Option<String>), Error> {
        let (account, code) = self.drafted(new)?;
        self.change(|state| {
            state.must_be_free(new.name, None)?;
            must_exist(state, new.groups)?;
            covered(state, by, &account)?;
            if state.people.len() >= MAX_PEOPLE {
                return Err(Error::Many("100000 accounts"));
            }
            let person = Person::of(state, &account);
            Ok((vec![Change::Account(account)], (person, code)))
        })
    }

    /// An account that is not stored yet.
    fn drafted(&self, new: &NewPerson<'_>) -> Result<(Account, Option<String>)> {
        account::check_name(new.name)?;
        new.reach.check()?;
        let inner = self.inner();
        let id: Arc<str> = secret::token::<16>(&*inner.random)?.into();
        let (password, invitation, code) = if let Some(password) = new.password {
            self.must_be_strong(password, new.name)?;
            let hashed = inner.hasher.hash(&*inner.random, password)?;
            (Some(hashed), None, None)
        } else {
            let (invitation, code) = self.invitation(&id)?;
            (None, Some(invitation), Some(code))
        };
        let account = Account {
            id,
            name: new.name.to_owned(),
            roles: account::each_once(new.roles),
            groups: new.groups.to_vec(),
            reach: new.reach.clone(),
            disabled: false,
            made_at: self.now(),
            password,
            invitation,
            totp: None,
            totp_new: None,
            recovery: Vec::new(),
            generation: 0,
            last_login: None,
            external: None,
            passkeys: Vec::new(),
        };
        Ok((account, code))
    }

    fn invitation(&self, id: &str) -> Result<(Invitation, String)> {
        let code = format!("{id}.{}", secret::token::<16>(&*self.inner().random)?);
        let invitation = Invitation {
            digest: Digest::of("invitation", &code),
            until: later(self.now(), INVITED_FOR),
        };
        Ok((invitation, code))
    }

    /// Gives an account another name.
    pub fn rename_person(&self, id: &str, name: &str, by: Permissions) -> Result<Person, Error> {
        account::check_name(name)?;
        self.edit(id, by, |state, account| {
            state.must_be_free(name, Some(&account.id))?;
            name.clone_into(&mut account.name);
            Ok(())
        })
    }

    /// Gives an account other roles and groups. They hold from the next request on.
    pub fn set_roles(
        &self,
        id: &str,
        roles: &[Role],
        groups: &[String],
        by: Permissions,
    ) -> Result<Person, Error> {
        self.edit(id, by, |state, account| {
            must_exist(state, groups)?;
            account.roles = account::each_once(roles);
            account.groups = groups.to_vec();
            Ok(())
        })
    }

    /// Says where the rights of an account reach. It holds from the next request on.
    pub fn set_reach(&self, id: &str, reach: &Reach, by: Permissions) -> Result<Person, Error> {
        reach.check()?;
        self.edit(id, by, |_, account| {
            account.reach = reach.clone();
            Ok(())
        })
    }

    /// Lets somebody log in no more, and ends their sessions; their keys are void as long as they are disabled.
    pub fn disable_person(&self, id: &str, by: Permissions) -> Result<Person, Error> {
        self.edit(id, by, |_, account| {
            account.disabled = true;
            Ok(())
        })
    }

    /// Lets somebody log in again.
    pub fn enable_person(&self, id: &str, by: Permissions) -> Result<Person, Error> {
        self.edit(id, by, |_, account| {
            account.disabled = false;
            Ok(())
        })
    }

    /// Removes an account with its sessions and keys.
    pub fn remove_person(&self, id: &str, by: Permissions) -> Result<(), Error> {
        self.change(|state| {
            let account = state.account(id)?;
            covered(state, by, account)?;
            state.stays_managed(id, None)?;
            let mut changes = ends_of(state, id, None);
            let keys = state
                .keys
                .values()
                .filter(|key| key.key.owner.as_deref() == Some(id));
            changes.extend(keys.map(|key| Change::NoKey(Arc::clone(&key.key.id))));
            changes.push(Change::NoAccount(Arc::clone(&account.id)));
            Ok((changes, ()))
        })
    }

    /// Takes somebody's password, passkeys and second factor away, ends their sessions, and gives the code of an invitation to set
    /// a new one: for who forgot, or lost the phone.
    pub fn reset_person(&self, id: &str, by: Permissions) -> Result<(Person, String), Error> {
        let (invitation, code) = self.invitation(id)?;
        self.change(|state| {
            let mut after = (**state.account(id)?).clone();
            covered(state, by, &after)?;
            // An administrator who resets the last one can undo it with the code.
            after.password = None;
            after.invitation = Some(invitation);
            after.totp = None;
            after.totp_new = None;
            after.recovery.clear();
            after.passkeys.clear();
            after.generation += 1;
            let person = Person::of(state, &after);
            let mut changes = ends_of(state, id, None);
            changes.push(Change::Account(after));
            Ok((changes, (person, code)))
        })
    }

    /// Changes an account, unless nobody could manage accounts then.
    fn edit(
        &self,
        id: &str,
        by: Permissions,
        edit: impl FnOnce(&State, &mut Account) -> Result<()>,
    ) -> Result<Person> {
        self.change(|state| {
            let before = state.account(id)?;
            covered(state, by, before)?;
            let mut after = (**before).clone();
            edit(state, &mut after)?;
            covered(state, by, &after)?;
            state.stays_managed(id, Some(&after))?;
            let mut changes = if after.disabled {
                ends_of(state, id, None)
            } else {
                Vec::new()
            };
            let person = Person::of(state, &after);
            changes.push(Change::Account(after));
            Ok((changes, person))
        })
        .inspect(|person| tracing::info!(person = &*person.id, "an account was changed"))
    }
}

/// Refuses to hand out a role that gives more than whoever hands it out has.
pub(crate) fn within(by: Permissions, roles: &[Role]) -> Result<()> {
    match roles.iter().find(|role| !by.covers(role.permissions())) {
        Some(role) => Err(Error::Beyond(*role)),
        None => Ok(()),
    }
}

/// Refuses to touch an account that may do more than whoever asks.
pub(crate) fn covered(state: &State, by: Permissions, account: &Account) -> Result<()> {
    within(by, &state.roles_of(account))
}

fn must_exist(state: &State, groups: &[String]) -> Result<()> {
    match groups.iter().find(|group| !state.groups.contains_key(*group)) {
        Some(unknown) => Err(Error::NotFound {
            what: "group",
            id: shortened(unknown),
        }),
        None => Ok(()),
    }
}

/// An instant so much later.
pub(crate) fn later(now: Timestamp, by: Duration) -> Timestamp {
    now.plus_micros(i64::try_from(by.as_micros()).unwrap_or(i64::MAX))
}
