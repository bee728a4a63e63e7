//! Who asks, once it is known.

use std::sync::Arc;

use ngsi_ld::Timestamp;

use crate::permissions::{Permission, Permissions, Role};
use crate::reach::Reach;

/// What kind of somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A human being who logged in.
    Person,
    /// A program with a key.
    Service,
    /// A device, or a program, with a certificate or a secret of its own.
    Device,
}

/// By how many factors somebody proved who they are (NIST SP 800-63B, AAL1 and AAL2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Assurance {
    /// A password, or a key.
    One,
    /// A password and a code.
    Two,
}

/// Somebody who proved who they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The account's id, the key's, or the device's.
    pub id: Arc<str>,
    /// A person, a service or a device.
    pub kind: Kind,
    /// The account's name, the key's, or the device's id.
    pub name: Arc<str>,
    /// Its own roles and those of its groups.
    pub roles: Vec<Role>,
    /// The groups it belongs to.
    pub groups: Vec<String>,
    /// Where its rights reach.
    pub reach: Reach,
    /// By how many factors it proved who it is.
    pub assurance: Assurance,
    /// When it did.
    pub authenticated_at: Timestamp,
    /// What a key was made for; none: it may be for anything, as people are.
    pub purpose: Option<Arc<str>>,
    /// The id of the time that they took wider rights, while that holds.
    pub break_glass: Option<Arc<str>>,
    /// What its roles give, less what a key is not for; nothing as long as it owes a second factor.
    pub permissions: Permissions,
    /// Whether it has to set up a second factor before it may do anything else.
    pub owes_second_factor: bool,
}

impl Principal {
    /// What it may give to a key of its own: what it may do itself, and what its roles give beyond where its rights reach,
    /// which the key gets no more than it does.
    pub fn may_hand_on(&self) -> Permissions {
        if self.owes_second_factor {
            return Permissions::default();
        }
        let of_roles: Permissions = self.roles.iter().copied().collect();
        let within = self.reach.leaves(of_roles);
        let beyond = of_roles.iter().filter(|permission| !within.has(*permission));
        self.permissions.iter().chain(beyond).collect()
    }

    /// Whether it has a permission.
    pub fn may(&self, permission: Permission) -> bool {
        self.permissions.has(permission)
    }
}
