//! Groups: a name that carries roles, for many people at once.

use crate::access::Access;
use crate::error::{Error, Result};
use crate::people::account;
use crate::people::within;
use crate::permissions::{Permissions, Role};
use crate::state::{Change, shortened};

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
        account::check_name(name)?;
        let roles = account::each_once(roles);
        self.change(|state| {
            within(by, &roles)?;
            let before = state.groups.get(name);
            within(by, before.map_or(&[][..], Vec::as_slice))?;
            if before.is_none() && state.groups.len() >= MAX_GROUPS {
                return Err(Error::Many("1000 groups"));
            }
            stays_managed(state, name, &roles)?;
            Ok((vec![Change::Group(name.to_owned(), roles.clone())], ()))
        })
    }

    /// Removes a group; its members lose what it gave.
    pub fn remove_group(&self, name: &str, by: Permissions) -> Result<(), Error> {
        self.change(|state| {
            let roles = state.groups.get(name).ok_or_else(|| Error::NotFound {
                what: "group",
                id: shortened(name),
            })?;
            within(by, roles)?;
            stays_managed(state, name, &[])?;
            let mut changes = vec![Change::NoGroup(name.to_owned())];
            for member in state
                .people
                .values()
                .filter(|one| one.groups.iter().any(|group| group == name))
            {
                let mut without = (**member).clone();
                without.groups.retain(|group| group != name);
                changes.push(Change::Account(without));
            }
            Ok((changes, ()))
        })
    }
}

/// Whether somebody could still manage accounts if a group had only these roles.
fn stays_managed(state: &crate::state::State, name: &str, roles: &[Role]) -> Result<()> {
    use crate::permissions::Permission::UsersManage;
    let manages = |roles: &[Role]| roles.iter().any(|role| role.permissions().has(UsersManage));
    let managers = |with: &dyn Fn(&str) -> bool| {
        state.people.values().any(|account| {
            account.can_log_in()
                && (manages(&account.roles) || account.groups.iter().any(|group| with(group)))
        })
    };
    let of_group = |group: &str| state.groups.get(group).is_some_and(|roles| manages(roles));
    let before = managers(&of_group);
    let after = managers(&|group| {
        if group == name {
            manages(roles)
        } else {
            of_group(group)
        }
    });
    if before && !after {
        return Err(Error::LastAdministrator);
    }
    Ok(())
}
