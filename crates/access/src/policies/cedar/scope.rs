//! The head of a policy, which says whom and which actions it concerns: so that those that do not concern a question are not
//! evaluated for it.

use std::collections::HashSet;

use cedar_policy::pst::{ActionConstraint, EntityOrSlot, EntityUID, PrincipalConstraint};

use super::super::asked::{Action, Subject};
use super::Policy;

/// Which questions a policy concerns.
#[derive(Clone, Debug)]
pub(in super::super) struct Scope {
    /// One bit for each action.
    actions: u16,
    kind: Option<String>,
    within: Option<(String, String)>,
}

/// Who asks, as the heads of policies name them: themselves and all that they are in.
#[derive(Clone, Debug)]
pub(in super::super) struct Caller<'a> {
    kind: &'static str,
    within: HashSet<(&'static str, &'a str)>,
}

impl<'a> Caller<'a> {
    pub(in super::super) fn new(subject: &'a Subject) -> Self {
        let roles = subject.roles.iter().map(|name| ("Role", &**name));
        let groups = subject.groups.iter().map(|name| ("Group", &**name));
        let tenants = subject.tenants.iter().map(|name| ("Tenant", &**name));
        let itself = (subject.kind.name(), &*subject.id);
        Self {
            kind: subject.kind.name(),
            within: roles.chain(groups).chain(tenants).chain([itself]).collect(),
        }
    }
}

impl Scope {
    pub(in super::super) fn of(policy: &Policy) -> Self {
        let body = policy.tree.body();
        let bit = |name: &str| {
            let of = |action: &Action| action.name() == name || action.group() == Some(name);
            (Action::ALL.iter().filter(|action| of(action))).fold(0, |bits, action| bits | bit_of(*action))
        };
        let actions = match &body.action {
            ActionConstraint::Any => u16::MAX,
            ActionConstraint::Eq(action) => bit(&action.eid),
            ActionConstraint::In(of) => of.iter().fold(0, |bits, action| bits | bit(&action.eid)),
        };
        let (kind, within) = match &body.principal {
            PrincipalConstraint::Any => (None, None),
            PrincipalConstraint::Eq(of) | PrincipalConstraint::In(of) => (None, entity(of)),
            PrincipalConstraint::Is(kind) => (Some(kind.to_string()), None),
            PrincipalConstraint::IsIn(kind, of) => (Some(kind.to_string()), entity(of)),
        };
        Self {
            actions,
            kind,
            within,
        }
    }

    /// Whether the policy concerns this action of anybody.
    pub(in super::super) fn covers(&self, action: Action) -> bool {
        self.actions & bit_of(action) != 0
    }

    /// Whether the policy concerns this action of this caller.
    pub(in super::super) fn concerns(&self, action: Action, caller: &Caller<'_>) -> bool {
        self.covers(action)
            && self.kind.as_ref().is_none_or(|kind| *kind == caller.kind)
            && (self.within.as_ref())
                .is_none_or(|(of, id)| caller.within.contains(&(of.as_str(), id.as_str())))
    }
}

fn bit_of(action: Action) -> u16 {
    1 << (action as u16)
}

/// A slot stands in templates only, of which there are none.
fn entity(of: &EntityOrSlot) -> Option<(String, String)> {
    match of {
        EntityOrSlot::Entity(EntityUID { ty, eid }) => Some((ty.to_string(), eid.to_string())),
        EntityOrSlot::Slot(_) => None,
    }
}
