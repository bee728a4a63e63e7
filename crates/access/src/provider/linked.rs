//! Accounts of people and programs that the provider knows. What links them is the pair of issuer and subject, of which the
//! store has a digest; never a name and never an e-mail address, which others could get.

use std::sync::Arc;

use ngsi_ld::Timestamp;
use query::Caller;
use serde::{Deserialize, Serialize};

use super::claims::Told;
use super::mapping::Grant;
use crate::access::Access;
use crate::error::{Error, Result};
use crate::people::MAX_PEOPLE;
use crate::people::account::{Account, check_name};
use crate::permissions::Role;
use crate::principal::{Assurance, Kind, Principal};
use crate::reach::Reach;
use crate::refused::{Door, Reason};
use crate::secret::{self, Digest};
use crate::sessions::Way;
use crate::sessions::login::{Attempt, Entered};
use crate::state::{Change, State};

/// How an account is known to the provider, and what the provider last said of it.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct External {
    /// Of issuer and subject.
    pub(crate) identity: Digest,
    pub(crate) issuer: String,
    pub(crate) roles: Vec<Role>,
    pub(crate) groups: Vec<String>,
    /// When the provider said so.
    pub(crate) told_at: Timestamp,
}

/// What stands for issuer and subject.
fn identity(issuer: &str, subject: &str) -> Digest {
    Digest::of("external identity", &format!("{issuer}\0{subject}"))
}

impl Told {
    fn identity(&self) -> Digest {
        identity(&self.issuer, &self.subject)
    }

    fn external(&self) -> External {
        let grants = self.grants.as_deref().unwrap_or(&[]);
        External {
            identity: self.identity(),
            issuer: self.issuer.clone(),
            roles: roles_in(grants),
            groups: groups_in(grants),
            told_at: self.issued_at,
        }
    }

    fn assurance(&self) -> Assurance {
        if self.two_factors {
            Assurance::Two
        } else {
            Assurance::One
        }
    }

    /// The link of an account after this was said: the same where nothing newer is said.
    fn renews(&self, before: &External) -> Option<External> {
        let now = self.external();
        let newer = self.grants.is_some() && now.told_at >= before.told_at;
        (newer && (now.roles != before.roles || now.groups != before.groups)).then_some(now)
    }
}

fn roles_in(grants: &[Grant]) -> Vec<Role> {
    let roles = grants.iter().filter_map(|grant| match grant {
        Grant::Role(role) => Some(*role),
        Grant::Group(_) => None,
    });
    roles.collect()
}

fn groups_in(grants: &[Grant]) -> Vec<String> {
    let groups = grants.iter().filter_map(|grant| match grant {
        Grant::Role(_) => None,
        Grant::Group(name) => Some(name.clone()),
    });
    groups.collect()
}

impl Access {
    /// Whether [`Self::of_token`] reads memory only.
    pub fn knows(&self, told: &Told) -> bool {
        self.read(|state| match state.linked(&told.identity()) {
            Some(account) => {
                let external = account.external.as_ref();
                external.is_some_and(|before| told.renews(before).is_none())
            }
            None => told.grants.as_ref().is_none_or(Vec::is_empty),
        })
    }

    /// Who a token stands for. Whoever the provider's groups let in has an account from the first time on, so that what they
    /// leave here (a subscription) stays theirs. Nobody gets more than the token says, beside what their account was given
    /// here. Waits for the disk unless [`Self::knows`].
    ///
    /// # Errors
    /// [`Error::Refused`] where the account is disabled.
    pub fn of_token(&self, told: &Told) -> Result<Principal, Error> {
        if !self.knows(told) {
            self.remember(told)?;
        }
        let now = self.now();
        self.read(|state| {
            let Some(account) = state.linked(&told.identity()) else {
                return Ok(stranger(told, now));
            };
            if !state.lets_in(account) {
                return Err(Error::Refused);
            }
            // A token may say less than the provider said before: then it does less.
            let mut narrowed = (**account).clone();
            if let Some(external) = &mut narrowed.external {
                let said = told.external();
                external.roles.retain(|role| said.roles.contains(role));
                external.groups.retain(|group| said.groups.contains(group));
            }
            let mut principal = state.principal(&narrowed, told.assurance(), now, now);
            principal.kind = kind_of(told);
            // Wider rights are for what people do in their sessions.
            principal.break_glass = None;
            // A group that the token leaves out may have been what kept them to some tenants.
            if principal.reach.tenants.is_empty() {
                principal.reach.tenants = state.reach_of(account).tenants;
                principal.permissions = principal.reach.leaves(principal.permissions);
            }
            if let Some(scopes) = told.scopes {
                principal.permissions = principal.permissions.and(scopes);
            }
            Ok(principal)
        })
    }

    /// Opens a session for whoever the provider says it is, or asks for the second factor that their account has here.
    ///
    /// # Errors
    /// [`Error::Refused`] where the account is disabled; [`Error::NoAccess`] where there is none and the provider's groups
    /// give nothing here.
    pub fn log_in_by_token(&self, told: &Told, attempt: &Attempt<'_>) -> Result<Entered, Error> {
        let entered = self.enter_by_token(told, attempt);
        let whom = self.read(|state| {
            state
                .linked(&told.identity())
                .map(|account| Arc::clone(&account.id))
        });
        self.refused_by(
            &entered,
            (Door::Session, Reason::Provider),
            attempt.from,
            whom.as_ref(),
        );
        entered
    }

    fn enter_by_token(&self, told: &Told, attempt: &Attempt<'_>) -> Result<Entered> {
        if !self.knows(told) {
            self.remember(told)?;
        }
        let account = self
            .read(|state| state.linked(&told.identity()).cloned())
            .ok_or(Error::NoAccess)?;
        if !self.read(|state| state.lets_in(&account)) {
            tracing::warn!(from = %attempt.from, person = &*account.id, "a login through the provider was refused");
            return Err(Error::Refused);
        }
        if account.totp.is_some() && !told.two_factors {
            return self
                .ask_second_factor(&account, Way::Provider)
                .map(Entered::SecondFactor);
        }
        self.enter(&account, told.assurance(), Way::Provider, attempt)
            .map(Entered::In)
    }

    /// Links one's own account, so that the provider opens it, too.
    ///
    /// # Errors
    /// [`Error::State`] where the account or the identity is linked otherwise already.
    pub fn link(&self, id: &str, told: &Told) -> Result<(), Error> {
        let external = told.external();
        self.by(Caller::Principal(id.into())).change(|state| {
            let before = state.account(id)?;
            match state.linked(&external.identity) {
                Some(other) if other.id == before.id => return Ok((Vec::new(), ())),
                Some(_) => return Err(Error::State("somebody else's account has this identity")),
                None => {}
            }
            if before.external.as_ref().is_some_and(|it| state.trusts(it)) {
                return Err(Error::State(
                    "the account is linked already; end that before you link another identity",
                ));
            }
            let mut after = (**before).clone();
            after.external = Some(external);
            Ok((vec![Change::Account(after)], ()))
        })
    }

    /// Ends the link of one's own account.
    ///
    /// # Errors
    /// [`Error::State`] where nothing else would open it.
    pub fn unlink(&self, id: &str) -> Result<(), Error> {
        self.by(Caller::Principal(id.into())).change(|state| {
            let before = state.account(id)?;
            if !before.opens_itself() {
                return Err(Error::State(
                    "without a password or a passkey nothing else would open the account",
                ));
            }
            let mut after = (**before).clone();
            after.external = None;
            Ok((vec![Change::Account(after)], ()))
        })
    }

    /// Stores what the provider newly says of somebody.
    fn remember(&self, told: &Told) -> Result<()> {
        let id: Arc<str> = secret::token::<16>(&*self.inner().random)?.into();
        let known = self.read(|state| {
            state
                .linked(&told.identity())
                .map(|account| Arc::clone(&account.id))
        });
        let by = self.by(Caller::Principal(known.unwrap_or_else(|| Arc::clone(&id))));
        let now = self.now();
        by.change(|state| {
            let identity = told.identity();
            let after = match state.linked(&identity) {
                Some(before) => {
                    let renewed = before.external.as_ref().and_then(|it| told.renews(it));
                    renewed.map(|external| Account {
                        external: Some(external),
                        ..(**before).clone()
                    })
                }
                None if told.grants.as_ref().is_none_or(Vec::is_empty) => None,
                None if state.people.len() >= MAX_PEOPLE => return Err(Error::Many("100000 accounts")),
                None => Some(Account {
                    id: Arc::clone(&id),
                    name: free_name(state, told, &identity),
                    roles: Vec::new(),
                    groups: Vec::new(),
                    reach: Reach::default(),
                    disabled: false,
                    made_at: now,
                    password: None,
                    invitation: None,
                    totp: None,
                    totp_new: None,
                    recovery: Vec::new(),
                    generation: 0,
                    last_login: None,
                    external: Some(told.external()),
                    passkeys: Vec::new(),
                }),
            };
            Ok((after.map(Change::Account).into_iter().collect(), ()))
        })
    }
}

fn kind_of(told: &Told) -> Kind {
    if told.is_program {
        Kind::Service
    } else {
        Kind::Person
    }
}

/// Somebody whom the provider knows, and to whom nobody has given anything here.
fn stranger(told: &Told, now: Timestamp) -> Principal {
    let id = format!("external-{}", told.identity().short());
    Principal {
        id: id.as_str().into(),
        kind: kind_of(told),
        name: id.into(),
        roles: Vec::new(),
        groups: Vec::new(),
        reach: Reach::default(),
        assurance: told.assurance(),
        authenticated_at: now,
        purpose: None,
        break_glass: None,
        permissions: crate::permissions::Permissions::default(),
        owes_second_factor: false,
    }
}

/// A name that nobody has: what the provider calls them, as far as that can be a name here.
fn free_name(state: &State, told: &Told, identity: &Digest) -> String {
    let number = identity.short();
    let wanted: String = told
        .name
        .as_deref()
        .unwrap_or("")
        .chars()
        .map(|c| if c.is_whitespace() { '.' } else { c })
        .filter(|c| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '@' | '+'))
        .take(40)
        .collect();
    let is_free = |name: &str| check_name(name).is_ok() && state.named(name).is_none();
    if is_free(&wanted) {
        return wanted;
    }
    let numbered = format!("{wanted}-{}", number.get(..6).unwrap_or("user"));
    if is_free(&numbered) {
        return numbered;
    }
    format!("user-{number}")
}
