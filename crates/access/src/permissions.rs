//! Permissions, and the roles that give them: one table.

use std::fmt;

/// What may be done. The name of each is a contract: keys are limited to them, and refusals name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Permission {
    /// Read entities, their history, and the pages that show them.
    TwinRead,
    /// Make, change and delete entities and their history.
    TwinWrite,
    /// Make, see, change and delete subscriptions, also those to context sources.
    SubscriptionsManage,
    /// Register, change and remove context sources.
    SourcesManage,
    /// Add and remove @contexts that are served here.
    ContextsManage,
    /// Take, change and delete snapshots of the twin.
    SnapshotsManage,
    /// See how delivery stands, and handle what could not be delivered.
    NotificationsManage,
    /// Import files.
    ImportsRun,
    /// Read indicators and the assessment.
    AssessmentRead,
    /// Assess the city and store the result.
    AssessmentWrite,
    /// Read scenarios, runs and their results.
    ScenariosRead,
    /// Write scenarios and run them.
    ScenariosRun,
    /// Make, change and remove accounts, groups and keys.
    UsersManage,
    /// Take wider rights for a while, in an emergency.
    BreakGlass,
    /// Register devices, give them rights and credentials, suspend and retire them.
    DevicesManage,
    /// Read the audit log.
    AuditRead,
    /// Keep the register of processing activities, the requests of data subjects and the breaches, and read how the
    /// installation stands under a law.
    GovernanceManage,
    /// Write the rules about who may see which data.
    PoliciesManage,
    /// Read the figures of the running process.
    MetricsRead,
}

/// A named set of permissions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// Sees the city.
    Viewer,
    /// Keeps the city's data.
    Editor,
    /// Assesses the city and tries strategies out.
    Planner,
    /// Keeps the connections to devices and other systems.
    Operator,
    /// The data-protection officer.
    Officer,
    /// Manages accounts, and may do everything.
    Administrator,
}

use Permission as P;
use Role::{Administrator, Editor, Officer, Operator, Planner, Viewer};

/// The table: a permission, its name, and which roles give it.
const TABLE: [(Permission, &str, &[Role]); 19] = [
    (
        P::TwinRead,
        "twin.read",
        &[Viewer, Editor, Planner, Operator, Officer, Administrator],
    ),
    (P::TwinWrite, "twin.write", &[Editor, Operator, Administrator]),
    (
        P::SubscriptionsManage,
        "subscriptions.manage",
        &[Editor, Planner, Operator, Administrator],
    ),
    (P::SourcesManage, "sources.manage", &[Operator, Administrator]),
    (
        P::ContextsManage,
        "contexts.manage",
        &[Editor, Operator, Administrator],
    ),
    (
        P::SnapshotsManage,
        "snapshots.manage",
        &[Editor, Planner, Operator, Administrator],
    ),
    (
        P::NotificationsManage,
        "notifications.manage",
        &[Operator, Administrator],
    ),
    (P::ImportsRun, "imports.run", &[Editor, Operator, Administrator]),
    (
        P::AssessmentRead,
        "assessment.read",
        &[Viewer, Editor, Planner, Operator, Officer, Administrator],
    ),
    (
        P::AssessmentWrite,
        "assessment.write",
        &[Editor, Planner, Administrator],
    ),
    (
        P::ScenariosRead,
        "scenarios.read",
        &[Viewer, Editor, Planner, Operator, Officer, Administrator],
    ),
    (P::ScenariosRun, "scenarios.run", &[Planner, Administrator]),
    (P::UsersManage, "users.manage", &[Administrator]),
    (P::BreakGlass, "break-glass.use", &[Operator, Administrator]),
    (P::DevicesManage, "devices.manage", &[Operator, Administrator]),
    (P::AuditRead, "audit.read", &[Officer, Administrator]),
    (
        P::GovernanceManage,
        "governance.manage",
        &[Officer, Administrator],
    ),
    (P::PoliciesManage, "policies.manage", &[Officer, Administrator]),
    (P::MetricsRead, "metrics.read", &[Operator, Administrator]),
];

impl Permission {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|(permission, _, _)| *permission)
    }

    /// Its name, such as `twin.read`.
    pub fn name(self) -> &'static str {
        let row = TABLE.iter().find(|(permission, _, _)| *permission == self);
        row.map_or("", |(_, name, _)| name)
    }

    /// The one with this name.
    pub fn parse(name: &str) -> Option<Self> {
        let row = TABLE.iter().find(|(_, known, _)| *known == name);
        row.map(|(permission, _, _)| *permission)
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Role {
    /// All of them, the least first.
    pub const ALL: [Self; 6] = [Viewer, Editor, Planner, Operator, Officer, Administrator];

    /// Its name, such as `viewer`.
    pub fn name(self) -> &'static str {
        match self {
            Viewer => "viewer",
            Editor => "editor",
            Planner => "planner",
            Operator => "operator",
            Officer => "officer",
            Administrator => "administrator",
        }
    }

    /// The one with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// What it gives.
    pub fn permissions(self) -> Permissions {
        let rows = TABLE.iter().filter(|(_, _, roles)| roles.contains(&self));
        rows.map(|(permission, _, _)| *permission).collect()
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of permissions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Permissions(u32);

impl Permissions {
    /// Every permission there is.
    pub fn all() -> Self {
        Permission::all().collect()
    }

    /// Whether it holds one.
    pub fn has(self, permission: Permission) -> bool {
        self.0 & bit(permission) != 0
    }

    /// Whether it holds all of another set.
    pub fn covers(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// What both hold.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Those it holds, in the order of the table.
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::all().filter(move |permission| self.has(*permission))
    }
}

impl FromIterator<Permission> for Permissions {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        Self(
            permissions
                .into_iter()
                .fold(0, |bits, permission| bits | bit(permission)),
        )
    }
}

impl FromIterator<Role> for Permissions {
    fn from_iter<I: IntoIterator<Item = Role>>(roles: I) -> Self {
        Self(
            roles
                .into_iter()
                .fold(0, |bits, role| bits | role.permissions().0),
        )
    }
}

fn bit(permission: Permission) -> u32 {
    1 << (permission as u32)
}

/// As JSON: the names.
macro_rules! as_name {
    ($($kind:ty: $what:literal),*) => {
        $(impl serde::Serialize for $kind {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.name())
            }
        }
        impl<'de> serde::Deserialize<'de> for $kind {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let name = <std::borrow::Cow<'de, str> as serde::Deserialize<'de>>::deserialize(deserializer)?;
                Self::parse(&name).ok_or_else(|| {
                    let shown: String = name.chars().take(60).collect();
                    serde::de::Error::custom(format!(concat!("there is no ", $what, " `{}`"), shown))
                })
            }
        })*
    };
}
as_name!(Permission: "permission", Role: "role");

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_permission_has_one_row_a_name_and_somebody_who_has_it() {
        let names: BTreeSet<_> = TABLE.iter().map(|(_, name, _)| *name).collect();
        let bits: BTreeSet<_> = Permission::all().map(bit).collect();
        assert_eq!((names.len(), bits.len()), (TABLE.len(), TABLE.len()));
        for (permission, name, roles) in TABLE {
            assert_eq!(Permission::parse(name), Some(permission));
            assert!(roles.contains(&Administrator), "{name}");
        }
        assert_eq!(Administrator.permissions(), Permissions::all());
        assert_eq!(Permission::parse("twin.destroy"), None);
    }

    /// The matrix as it is documented (docs/src/how-to/accounts.md): a change here is a change there.
    #[test]
    fn what_each_role_may_do() {
        let may = |role: Role| {
            role.permissions()
                .iter()
                .map(Permission::name)
                .collect::<Vec<_>>()
        };
        let seeing = ["twin.read", "assessment.read", "scenarios.read"];
        assert_eq!(may(Viewer), seeing);
        assert_eq!(
            may(Officer),
            [
                "twin.read",
                "assessment.read",
                "scenarios.read",
                "audit.read",
                "governance.manage",
                "policies.manage"
            ]
        );
        for role in Role::ALL {
            assert_eq!(Role::parse(role.name()), Some(role));
            assert!(role.permissions().covers(Viewer.permissions()), "{role}");
            assert_eq!(
                role.permissions().has(P::UsersManage),
                role == Administrator,
                "{role}"
            );
        }
        let both: Permissions = [Planner, Editor].into_iter().collect();
        assert!(both.has(P::ScenariosRun) && both.has(P::ImportsRun) && !both.has(P::AuditRead));
    }

    #[test]
    fn names_in_json() {
        let json = serde_json::to_string(&(P::TwinRead, Planner)).unwrap();
        assert_eq!(json, r#"["twin.read","planner"]"#);
        let back: (Permission, Role) = serde_json::from_str(&json).unwrap();
        assert_eq!(back, (P::TwinRead, Planner));
        assert!(serde_json::from_str::<Role>("\"king\"").is_err());
    }
}
