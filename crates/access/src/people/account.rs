//! An account, as it is stored.

use std::sync::Arc;

use ngsi_ld::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::passkeys::Passkey;
use crate::passwords::Hashed;
use crate::permissions::Role;
use crate::provider::External;
use crate::reach::Reach;
use crate::secret::Digest;

/// Somebody who may log in.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Account {
    pub(crate) id: Arc<str>,
    /// What the person types to log in.
    pub(crate) name: String,
    pub(crate) roles: Vec<Role>,
    #[serde(default)]
    pub(crate) groups: Vec<String>,
    /// Where its rights reach, beside what its groups say.
    #[serde(default)]
    pub(crate) reach: Reach,
    #[serde(default)]
    pub(crate) disabled: bool,
    pub(crate) made_at: Timestamp,
    /// None until an invitation was accepted.
    pub(crate) password: Option<Hashed>,
    /// Lets its bearer set the password, once.
    #[serde(default)]
    pub(crate) invitation: Option<Invitation>,
    /// The second factor.
    #[serde(default)]
    pub(crate) totp: Option<Totp>,
    /// The secret of a second factor that was not yet confirmed, sealed.
    #[serde(default)]
    pub(crate) totp_new: Option<String>,
    /// Digests of the recovery codes that are left.
    #[serde(default)]
    pub(crate) recovery: Vec<Digest>,
    /// Counts up with every change of the password: what was signed for an earlier one is void.
    #[serde(default)]
    pub(crate) generation: u32,
    #[serde(default)]
    pub(crate) last_login: Option<Timestamp>,
    /// How the identity provider knows this person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) external: Option<External>,
    /// In the order in which they were added.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) passkeys: Vec<Passkey>,
}

/// A one-time link.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Invitation {
    pub(crate) digest: Digest,
    pub(crate) until: Timestamp,
}

/// A second factor.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Totp {
    /// Sealed.
    pub(crate) secret: String,
    /// The last step whose code was taken.
    pub(crate) last: i64,
}

impl Account {
    /// Whether it is enabled and has a password or a passkey: by that alone, without the identity provider.
    pub(crate) fn can_log_in(&self) -> bool {
        !self.disabled && self.opens_itself()
    }

    /// Whether a password or a passkey opens it.
    pub(crate) fn opens_itself(&self) -> bool {
        self.password.is_some() || !self.passkeys.is_empty()
    }
}

/// A name as it is compared: case makes no difference.
pub(crate) fn folded(name: &str) -> String {
    name.trim().to_lowercase()
}

/// Refuses what cannot be the name of an account, a group or a key.
pub(crate) fn check_name(name: &str) -> Result<()> {
    let fine = (1..=64).contains(&name.chars().count())
        && name.chars().any(char::is_alphanumeric)
        && name
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '@' | '+'));
    if fine {
        Ok(())
    } else {
        Err(Error::BadName(name.chars().take(70).collect()))
    }
}

/// Roles in their order, each once.
pub(crate) fn each_once(roles: &[Role]) -> Vec<Role> {
    let mut roles = roles.to_vec();
    roles.sort_unstable();
    roles.dedup();
    roles
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for good in [
            "ada",
            "ada.lovelace@city.example",
            "Wanjikũ",
            "李",
            "a+b-c_d",
            &"a".repeat(64),
        ] {
            assert!(check_name(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            " ",
            "a b",
            " ada",
            "a\nb",
            "...",
            "a/b",
            "<b>",
            "a\u{202e}b",
            &"a".repeat(65),
        ] {
            assert!(check_name(bad).is_err(), "{bad:?}");
        }
        assert_eq!(folded(" Ada "), folded("aDA"));
    }
}
