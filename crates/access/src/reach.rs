//! Where somebody's rights reach: the tenants, and the parts of the city that are theirs.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::people::account::Account;
use crate::permissions::{Permission, Permissions};
use crate::policies::is_scope;
use crate::state::State;
use crate::views::DEFAULT_TENANT;

/// The most tenants and the most scopes of an account or a group.
const MOST: usize = 100;
/// The longest name of a tenant, and the longest scope, in bytes.
const LONGEST: usize = 200;

/// Where rights reach: of an account, or of all members of a group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Reach {
    /// The tenants, `default` the default one; none: nothing is said, so all where nothing else is said.
    pub tenants: BTreeSet<Arc<str>>,
    /// The parts of the city that are theirs, such as `/city/north`: policies may speak of them.
    pub scopes: BTreeSet<Arc<str>>,
}

impl Reach {
    /// Whether it says nothing.
    pub fn is_everywhere(&self) -> bool {
        self.tenants.is_empty() && self.scopes.is_empty()
    }

    /// Refuses what is no tenant, no scope, or too much.
    pub(crate) fn check(&self) -> Result<()> {
        let fine = |text: &str| {
            (1..=LONGEST).contains(&text.len()) && !text.chars().any(|c| c.is_control() || c.is_whitespace())
        };
        if self.tenants.len() > MOST || self.scopes.len() > MOST {
            return Err(Error::Wrong(
                "an account or a group has at most 100 tenants and 100 scopes",
            ));
        }
        if !self
            .tenants
            .iter()
            .all(|tenant| fine(tenant) && !tenant.contains('/'))
        {
            return Err(Error::Wrong(
                "a tenant is named by its name, `default` the default one",
            ));
        }
        if !self.scopes.iter().all(|scope| fine(scope) && is_scope(scope)) {
            return Err(Error::Wrong("a scope is written as `/city/north`"));
        }
        Ok(())
    }

    /// What both name.
    fn join(&mut self, other: &Self) {
        self.tenants.extend(other.tenants.iter().cloned());
        self.scopes.extend(other.scopes.iter().cloned());
    }

    /// Whether it reaches into a tenant; without a name, the default one.
    pub fn has_tenant(&self, tenant: Option<&str>) -> bool {
        let is_named = match tenant {
            None => self.tenants.contains(DEFAULT_TENANT),
            // A tenant that is called so is not the default one.
            Some(name) => name != DEFAULT_TENANT && self.tenants.contains(name),
        };
        self.tenants.is_empty() || is_named
    }

    /// What permissions are left to somebody whose rights reach so far: what is of the whole installation is not for who
    /// is of some tenants.
    pub(crate) fn leaves(&self, permissions: Permissions) -> Permissions {
        if self.tenants.is_empty() {
            return permissions;
        }
        let whole = [
            Permission::UsersManage,
            // Devices are registered for the whole installation.
            Permission::DevicesManage,
            Permission::PoliciesManage,
            // The desk answers requests about the data of any tenant.
            Permission::GovernanceManage,
            Permission::ContextsManage,
            Permission::MetricsRead,
            Permission::BreakGlass,
        ];
        permissions
            .iter()
            .filter(|permission| !whole.contains(permission))
            .collect()
    }
}

impl State {
    /// Where the rights of an account reach: where it and its groups say, together.
    pub(crate) fn reach_of(&self, account: &Account) -> Reach {
        let mut all = account.reach.clone();
        let groups = self.groups_of(account);
        for reach in groups.iter().filter_map(|group| self.reaches.get(group)) {
            all.join(reach);
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach(tenants: &[&str], scopes: &[&str]) -> Reach {
        let all = |names: &[&str]| names.iter().map(|name| Arc::from(*name)).collect();
        Reach {
            tenants: all(tenants),
            scopes: all(scopes),
        }
    }

    #[test]
    fn what_is_none_is_refused() {
        assert!(
            reach(&["default", "north"], &["/", "/city/north"])
                .check()
                .is_ok()
        );
        for (tenants, scopes) in [
            (&[""][..], &[][..]),
            (&["a b"], &[]),
            (&["a/b"], &[]),
            (&["a\n"], &[]),
            (&[], &["north"]),
            (&[], &["/north/"]),
            (&[], &["/a b"]),
        ] {
            let reach = reach(tenants, scopes);
            assert!(matches!(reach.check(), Err(Error::Wrong(_))), "{reach:?}");
        }
        let many: Vec<String> = (0..101).map(|number| format!("t{number}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert!(reach(&many, &[]).check().is_err());
    }

    #[test]
    fn who_is_of_some_tenants_has_nothing_of_the_whole() {
        let all = Permissions::all();
        assert_eq!(reach(&[], &["/north"]).leaves(all), all);
        let left = reach(&["north"], &[]).leaves(all);
        assert!(left.has(Permission::TwinWrite) && left.has(Permission::AuditRead));
        assert!(!left.has(Permission::UsersManage) && !left.has(Permission::PoliciesManage));
        assert!(!left.has(Permission::GovernanceManage) && !left.has(Permission::DevicesManage));
        assert!(reach(&[], &[]).has_tenant(None) && reach(&[], &[]).has_tenant(Some("x")));
        assert!(reach(&["default"], &[]).has_tenant(None) && !reach(&["default"], &[]).has_tenant(Some("x")));
        assert!(!reach(&["default"], &[]).has_tenant(Some("default")));
        assert!(reach(&["x"], &[]).has_tenant(Some("x")) && !reach(&["x"], &[]).has_tenant(None));
    }
}
