//! A change of the policies before it is made: which data about people it newly lets somebody read, anywhere.

use std::collections::BTreeSet;

use query::{Caller, Selection, View};
use twin::{Reader as _, Tenants};

use crate::break_glass::BREAK_GLASS_ROLE;
use crate::policies::{Action, ChangeError, Gain, Gains, Limits, RuleBook, StoreError, UNSAID};
use crate::{Assurance, Changes, Kind, PolicyViews, Principal, Role};

/// The most people, keys and devices that are asked about in a tenant.
const MAX_ASKED: usize = 1_000;

impl PolicyViews {
    /// Which data about people a change of the policies newly lets somebody read, in any tenant.
    ///
    /// Asked for everybody there is (of those who differ in nothing but the id, those whom the documents name first, a
    /// thousand at most), for somebody of each role and group, and for strangers; of every entity there is, and of one
    /// of each type that is classified. What an emergency opens is left out: that is alarmed. It takes seconds where
    /// there is much.
    ///
    /// # Errors
    /// When the documents would not hold together, or a twin cannot be read.
    pub fn gained(&self, tenants: &Tenants, changes: &Changes) -> Result<BTreeSet<Gain>, ChangeError> {
        let standing = self.policies().documents();
        let mut documents = standing.as_ref().clone();
        for (name, text) in changes {
            documents = documents.with(name, text.clone())?;
        }
        let after = RuleBook::read(&documents, Limits::default())?;
        let before = self.policies().rules();
        let mut found = BTreeSet::new();
        if documents == *standing {
            return Ok(found);
        }
        let texts: Vec<&str> = changes.values().flatten().map(String::as_str).collect();
        let view = View::open(Caller::System("access"), "supervision");
        let names = tenants.names();
        for tenant in std::iter::once(None).chain(names.iter().map(|name| Some(name.as_str()))) {
            let Some(twin) = tenants.get(tenant) else { continue };
            let mut gains = Gains::new(&before, &after);
            for who in self.readers(tenant, &texts) {
                let purpose = query::Purpose(UNSAID.into());
                gains.ask(&self.question(who.as_ref(), tenant, &purpose, Action::Read));
            }
            if gains.are_none() {
                continue;
            }
            gains.look_at_types();
            let scanned = twin.scan(&view, &Selection::default(), &mut |entity| {
                gains.look(entity);
                true
            });
            scanned.map_err(|error| StoreError::Failed(error.to_string()))?;
            found.extend(gains.found());
        }
        Ok(found)
    }

    /// Everybody who may come, as they are without an emergency; `None`: a stranger.
    fn readers(&self, tenant: Option<&str>, texts: &[&str]) -> Vec<Option<Principal>> {
        let (there, _) = self.everybody(tenant, texts, MAX_ASKED);
        let there = there.into_iter().map(|(_, who)| {
            who.map(|mut who| {
                who.break_glass = None;
                who
            })
        });
        let of_role = |role: Role, kind: Kind| self.somebody(kind, vec![role], None);
        let roles = Role::ALL
            .into_iter()
            .filter(|role| role.name() != BREAK_GLASS_ROLE)
            .flat_map(|role| [of_role(role, Kind::Person), of_role(role, Kind::Service)]);
        let groups = self.access().groups().into_iter();
        let groups = groups.map(|(name, roles)| self.somebody(Kind::Person, roles, Some(name)));
        let device = self.somebody(Kind::Device, Vec::new(), None);
        there
            .chain(roles.chain(groups).chain([device]).map(Some))
            .collect()
    }

    /// Somebody who may come, who proved with two factors who they are.
    fn somebody(&self, kind: Kind, roles: Vec<Role>, group: Option<String>) -> Principal {
        let reach = group.as_ref().map(|name| self.access().group_reach(name));
        Principal {
            owes_second_factor: false,
            id: "somebody".into(),
            kind,
            name: "somebody".into(),
            permissions: roles.iter().copied().collect(),
            roles,
            groups: group.into_iter().collect(),
            reach: reach.unwrap_or_default(),
            assurance: Assurance::Two,
            authenticated_at: self.access().now(),
            purpose: None,
            break_glass: None,
        }
    }
}
