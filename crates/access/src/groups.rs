//! Groups: a name that carries roles, for many people at once.

use crate::access::Access;
use crate::error::{Error, Result};
use crate::people::account::{self, Account};
use crate::people::within;
use crate::permissions::{Permission, Permissions, Role};
use crate::reach::Reach;
use crate::state::{Change, State, shortened};

/// How many groups there may be.
const MAX_GROUPS: usize = 1000;

impl Access {
    /// All groups with their roles.
    pub fn groups(&self) -> Vec<(String, Vec<Role>)> {
        self.read(|state| {
            let groups = state.groups.iter();
            groups
                .map(|(name, roles)| (name.clone(), roles.clone()))
                .collect()
        })
    }

    /// Makes a group, or gives it other roles. `by`: what whoever asks may do.
    pub fn put_group(&self, name: &str, roles: &[Role], by: Permissions) -> Result<(), Error> {
        self.put_group_within(name, roles, &self.group_reach(name), by)
    }

    /// The same, and says where the rights of its members reach.
    pub fn put_group_within(
        &self,
        name: &str,
        roles: &[Role],
        reach: &Reach,
        by: Permissions,
    ) -> Result<(), Error> {
        account::check_name(name)?;
        reach.check()?;
        let roles = account::each_once(roles);
        self.change(|state| {
            within(by, &roles)?;
            let before = state.groups.get(name);
            within(by, before.map_or(&[][..], Vec::as_slice))?;
            if before.is_none() && state.groups.len() >= MAX_GROUPS {
                return Err(Error::Many("1000 groups"));
            }
            stays_managed(state, name, &roles, reach)?;
            let mut changes = vec![Change::Group(name.to_owned(), roles.clone())];
            if !reach.is_everywhere() {
                changes.push(Change::Reach(name.to_owned(), reach.clone()));
            } else if state.reaches.contains_key(name) {
                changes.push(Change::NoReach(name.to_owned()));
            }
            Ok((changes, ()))
        })
    }

    /// Where the rights of the members of a group reach.
    pub fn group_reach(&self, name: &str) -> Reach {
        self.read(|state| state.reaches.get(name).cloned().unwrap_or_default())
    }

    /// Removes a group; its members lose what it gave.
    pub fn remove_group(&self, name: &str, by: Permissions) -> Result<(), Error> {
        self.change(|state| {
            let roles = state.groups.get(name).ok_or_else(|| Error::NotFound {
                what: "group",
                id: shortened(name),
            })?;
            within(by, roles)?;
            let reach = state.reaches.get(name).cloned().unwrap_or_default();
            stays_managed(state, name, &[], &reach)?;
            let mut changes = vec![Change::NoGroup(name.to_owned())];
            if state.reaches.contains_key(name) {
                changes.push(Change::NoReach(name.to_owned()));
            }
            for member in state
                .people
                .values()
                .filter(|one| one.groups.iter().any(|group| group == name))
            {
                let mut without = (**member).clone();
                without.groups.retain(|group| group != name);
                // Whoever was of some tenants is not of all because a group is gone.
                without.reach.tenants.extend(reach.tenants.iter().cloned());
                changes.push(Change::Account(without));
            }
            Ok((changes, ()))
        })
    }
}

/// Whether somebody could still manage accounts if a group had only these roles, and its members' rights reached so far.
fn stays_managed(state: &State, name: &str, roles: &[Role], reach: &Reach) -> Result<()> {
    let manages = |account: &Account, of: &dyn Fn(&str) -> (Vec<Role>, Reach)| {
        let mut roles = account.roles.clone();
        let mut all = account.reach.clone();
        for (more, reach) in account.groups.iter().map(|group| of(group)) {
            roles.extend(more);
            all.tenants.extend(reach.tenants);
        }
        let given = all.leaves(roles.into_iter().collect());
        account.can_log_in() && given.has(Permission::UsersManage)
    };
    let before = |group: &str| {
        let roles = state.groups.get(group).cloned().unwrap_or_default();
        (roles, state.reaches.get(group).cloned().unwrap_or_default())
    };
    let after = |group: &str| {
        if group == name {
            (roles.to_vec(), reach.clone())
        } else {
            before(group)
        }
    };
    let people = || state.people.values();
    if people().any(|account| manages(account, &before)) && !people().any(|account| manages(account, &after))
    {
        return Err(Error::LastAdministrator);
    }
    Ok(())
}
