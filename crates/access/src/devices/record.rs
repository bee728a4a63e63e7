//! A device or a service with an identity of its own, as it is stored.

use std::fmt;
use std::sync::Arc;

use ngsi_ld::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::permissions::{Permission, Permissions, Role};
use crate::principal::{Assurance, Kind, Principal};
use crate::reach::Reach;
use crate::secret::Digest;
use crate::state::shortened;

/// What it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeviceKind {
    /// A thing of the city.
    #[default]
    Device,
    /// A program.
    Service,
}

/// Where it is in its life. Only an active one is anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lifecycle {
    /// It is known, and belongs to nobody yet.
    Manufactured,
    /// It belongs to somebody, and has no credentials yet.
    Claimed,
    /// It has credentials, and they hold.
    Active,
    /// Its credentials do not hold at the moment.
    Suspended,
    /// It is out of use for ever; its id is never used again.
    Retired,
}

impl Lifecycle {
    /// Its name, such as `active`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Manufactured => "manufactured",
            Self::Claimed => "claimed",
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Retired => "retired",
        }
    }

    /// Whether somebody may bring it from here to there. What needs a proof (claiming, enrolling) is done otherwise.
    pub(crate) fn may_become(self, next: Self) -> bool {
        use Lifecycle::{Active, Claimed, Manufactured, Retired, Suspended};
        matches!(
            (self, next),
            (Active, Suspended)
                | (Suspended, Active)
                | (Claimed | Active | Suspended, Manufactured)
                | (Manufactured | Claimed | Active | Suspended, Retired)
        )
    }
}

impl fmt::Display for Lifecycle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A certificate that was issued to it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Issued {
    pub(crate) fingerprint: Digest,
    pub(crate) serial: String,
    pub(crate) begins_at: Timestamp,
    pub(crate) ends_at: Timestamp,
}

/// A secret that works once, until a moment.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Once {
    pub(crate) digest: Digest,
    #[serde(default)]
    pub(crate) until: Option<Timestamp>,
}

impl Once {
    pub(crate) fn is(&self, given: &Digest, now: Timestamp) -> bool {
        self.digest.is(given) && self.until.is_none_or(|until| until > now)
    }
}

/// A device or a service, as it is stored.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Device {
    pub(crate) id: Arc<str>,
    #[serde(default)]
    pub(crate) kind: DeviceKind,
    pub(crate) state: Lifecycle,
    pub(crate) roles: Vec<Role>,
    /// What of its roles' permissions it is for; empty: all.
    #[serde(default)]
    pub(crate) scopes: Vec<Permission>,
    /// The id of who claimed it.
    #[serde(default)]
    pub(crate) owner: Option<Arc<str>>,
    /// Where the rights of who claimed it reached: so far reach its own.
    #[serde(default)]
    pub(crate) reach: Reach,
    pub(crate) made_at: Timestamp,
    /// Proves that whoever has it has the device.
    #[serde(default)]
    pub(crate) claim: Option<Once>,
    /// With it the device gets its first certificate.
    #[serde(default)]
    pub(crate) enrolment: Option<Once>,
    /// Those that hold, the oldest first.
    #[serde(default)]
    pub(crate) certificates: Vec<Issued>,
    /// The digest of the secret that it shares with us, where it has no certificate.
    #[serde(default)]
    pub(crate) secret: Option<Digest>,
    /// The secret before, and until when it holds.
    #[serde(default)]
    pub(crate) earlier: Option<(Digest, Timestamp)>,
}

impl Device {
    /// What it may do.
    pub(crate) fn permissions(&self) -> Permissions {
        let permissions = self.reach.leaves(self.roles.iter().copied().collect());
        if self.scopes.is_empty() {
            permissions
        } else {
            permissions.and(self.scopes.iter().copied().collect())
        }
    }

    /// Whether what was done in its name may not be done any more, or more may.
    pub(crate) fn gives_other_rights_than(&self, other: &Self) -> bool {
        let counts = |state| matches!(state, Lifecycle::Active | Lifecycle::Suspended);
        counts(self.state)
            && (self.state != other.state || self.roles != other.roles || self.scopes != other.scopes)
    }

    /// It, where it is active.
    pub(crate) fn principal(&self, now: Timestamp) -> Option<Principal> {
        (self.state == Lifecycle::Active).then(|| Principal {
            id: Arc::clone(&self.id),
            kind: Kind::Device,
            name: Arc::clone(&self.id),
            roles: self.roles.clone(),
            groups: Vec::new(),
            reach: self.reach.clone(),
            assurance: Assurance::One,
            owes_second_factor: false,
            authenticated_at: now,
            purpose: None,
            break_glass: None,
            permissions: self.permissions(),
        })
    }

    /// Without anything by which it could show who it is.
    pub(crate) fn forget_credentials(&mut self) {
        self.claim = None;
        self.enrolment = None;
        self.certificates.clear();
        self.secret = None;
        self.earlier = None;
    }

    /// The digests by which it is found: of certificates, and of secrets.
    pub(crate) fn credentials(&self) -> impl Iterator<Item = Digest> {
        let certificates = self.certificates.iter().map(|issued| issued.fingerprint);
        let secrets = self
            .secret
            .into_iter()
            .chain(self.earlier.map(|(digest, _)| digest));
        certificates.chain(secrets)
    }
}

/// An id such as `urn:ngsi-ld:Device:lamp-7`: it is that of the entity which the device is in the twin, and the name in
/// its certificate.
pub(crate) fn check_id(id: &str) -> Result<()> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b":._-~+@".contains(&byte);
    let rest = id
        .strip_prefix("urn:ngsi-ld:")
        .and_then(|rest| rest.split_once(':'));
    let fine = rest.is_some_and(|(sort, local)| !sort.is_empty() && !local.is_empty())
        && id.len() <= 200
        && id.bytes().all(allowed);
    if fine {
        Ok(())
    } else {
        Err(Error::BadDevice(shortened(id)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids() {
        for good in [
            "urn:ngsi-ld:Device:lamp-7",
            "urn:ngsi-ld:Service:a:b",
            "urn:ngsi-ld:Device:70B3D57ED0001234",
        ] {
            assert!(check_id(good).is_ok(), "{good}");
        }
        let long = format!("urn:ngsi-ld:Device:{}", "x".repeat(200));
        for bad in [
            "",
            "lamp",
            "urn:ngsi-ld:Device:",
            "urn:ngsi-ld::x",
            "urn:ngsi-ld:Device:a b",
            "urn:ngsi-ld:Device:ä",
            "urn:ngsi-ld:Device:a/b",
            "urn:ngsi-ld:Device:a\n",
            "https://city.example/lamp",
            &long,
        ] {
            assert!(check_id(bad).is_err(), "{bad}");
        }
    }

    /// The table of the documentation: from the left to the top.
    #[test]
    fn the_life_of_a_device() {
        use Lifecycle::{Active, Claimed, Manufactured, Retired, Suspended};
        let all = [Manufactured, Claimed, Active, Suspended, Retired];
        let table = [
            (Manufactured, "----r"),
            (Claimed, "m---r"),
            (Active, "m--sr"),
            (Suspended, "m-a-r"),
            (Retired, "-----"),
        ];
        for (from, row) in table {
            for (to, cell) in all.into_iter().zip(row.chars()) {
                assert_eq!(from.may_become(to), cell != '-', "{from} {to}");
            }
        }
    }
}
