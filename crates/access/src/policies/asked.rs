//! The question: who wants to do what, for what, when.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use query::Purpose;

/// What somebody wants to do with entities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// See how they are now.
    Read,
    /// See how they were.
    History,
    /// Be told when they change.
    Subscribe,
    /// Have figures calculated over them.
    Aggregate,
    /// Take them away in bulk.
    Export,
    /// Make and change them.
    Write,
    /// Delete them.
    Delete,
    /// Have the things that they stand for do something.
    Actuate,
    /// Decide about them: classify, hand over, erase.
    Admin,
}

impl Action {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Read,
        Self::History,
        Self::Subscribe,
        Self::Aggregate,
        Self::Export,
        Self::Write,
        Self::Delete,
        Self::Actuate,
        Self::Admin,
    ];

    /// Its name in policies.
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "Read",
            Self::History => "History",
            Self::Subscribe => "Subscribe",
            Self::Aggregate => "Aggregate",
            Self::Export => "Export",
            Self::Write => "Write",
            Self::Delete => "Delete",
            Self::Actuate => "Actuate",
            Self::Admin => "Admin",
        }
    }

    /// The action of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.name() == name)
    }

    /// The group it is in, by its name in policies.
    pub(super) fn group(self) -> Option<&'static str> {
        match self {
            Self::Read | Self::History | Self::Subscribe | Self::Aggregate => Some("See"),
            Self::Write | Self::Delete => Some("Change"),
            Self::Export | Self::Actuate | Self::Admin => None,
        }
    }
}

/// What kind of somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A human being.
    User,
    /// A program with a key.
    Service,
    /// A device.
    Device,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::User, Self::Service, Self::Device];

    /// Its name in policies.
    pub fn name(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Service => "Service",
            Self::Device => "Device",
        }
    }
}

/// Somebody who asks, as far as policies know them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Subject {
    /// A person, a program, a device.
    pub kind: Kind,
    /// The name of the account, the key or the device; unique within its kind.
    pub id: Arc<str>,
    /// The names of their roles.
    pub roles: BTreeSet<Arc<str>>,
    /// The names of their groups.
    pub groups: BTreeSet<Arc<str>>,
    /// The tenants they belong to.
    pub tenants: BTreeSet<Arc<str>>,
    /// The parts of the city that are theirs: scopes, such as `/Nairobi/Westlands`.
    pub scopes: BTreeSet<Arc<str>>,
    /// What else is known of them, by name: `department`, `entities` of a device …
    pub attributes: BTreeMap<Arc<str>, BTreeSet<Arc<str>>>,
}

impl Subject {
    /// Somebody of one tenant with these roles, and nothing else.
    pub fn new<'a>(kind: Kind, id: &str, tenant: &str, roles: impl IntoIterator<Item = &'a str>) -> Self {
        Self {
            kind,
            id: id.into(),
            roles: roles.into_iter().map(Arc::from).collect(),
            groups: BTreeSet::new(),
            tenants: [Arc::from(tenant)].into(),
            scopes: BTreeSet::new(),
            attributes: BTreeMap::new(),
        }
    }

    /// Somebody who did not say who they are, in the tenant that they ask: the role `anonymous` and no other.
    pub fn anonymous(tenant: &str) -> Self {
        Self::new(Kind::User, "anonymous", tenant, ["anonymous"])
    }

    /// The same, with a part of the city. What is not a scope is left out.
    #[must_use]
    pub fn in_scope(mut self, scope: &str) -> Self {
        if is_scope(scope) {
            self.scopes.insert(scope.into());
        }
        self
    }

    /// The same, in a group.
    #[must_use]
    pub fn in_group(mut self, group: &str) -> Self {
        self.groups.insert(group.into());
        self
    }

    /// The same, with something more that is known of them.
    #[must_use]
    pub fn with(mut self, attribute: &str, value: &str) -> Self {
        let values = self.attributes.entry(attribute.into()).or_default();
        values.insert(value.into());
        self
    }
}

/// Whether a text is a scope as policies write it: with a leading `/`, without one at the end; `/` is the root.
pub(crate) fn is_scope(text: &str) -> bool {
    text == "/" || (text.starts_with('/') && !text.ends_with('/') && !text.contains("//"))
}

/// A question to the policies.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Asked {
    /// Who.
    pub subject: Subject,
    /// To do what.
    pub action: Action,
    /// In which tenant.
    pub tenant: Arc<str>,
    /// For what; one that [`super::Purposes::of_request`] let pass.
    pub purpose: Purpose,
    /// By how many factors they proved who they are; 0 for nobody.
    pub assurance: u8,
    /// The hour of the day in the city's time zone, 0 to 23.
    pub hour: u8,
    /// The day of the week in the city's time zone, 1 (Monday) to 7.
    pub weekday: u8,
}

impl Asked {
    /// A question in the subject's first tenant, for the purpose that is meant where nobody says one, with one
    /// factor, on a Monday at noon.
    pub fn new(subject: Subject, action: Action) -> Self {
        let tenant = subject.tenants.first().cloned().unwrap_or_else(|| "".into());
        Self {
            subject,
            action,
            tenant,
            purpose: Purpose(super::purposes::UNSAID.into()),
            assurance: 1,
            hour: 12,
            weekday: 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_again_and_scopes_have_one_form() {
        for action in Action::ALL {
            assert_eq!(Action::parse(action.name()), Some(action));
        }
        assert_eq!(Action::parse("See"), None);
        for (text, expected) in [
            ("/", true),
            ("/a", true),
            ("/a/b", true),
            ("a", false),
            ("/a/", false),
            ("", false),
        ] {
            assert_eq!(is_scope(text), expected, "{text}");
        }
        let ada = Subject::new(Kind::User, "ada", "t", ["viewer"])
            .in_scope("north")
            .in_scope("/north");
        assert_eq!(ada.scopes.len(), 1);
    }
}
