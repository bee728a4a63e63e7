//! Devices and services with an identity of their own: a name, a life, and credentials of which the store has digests.
//!
//! Somebody registers a device and gets a claim code, which stands on it (as a QR code, say). Whoever has the device has
//! the code and claims it; that gives an enrolment token, for which the device gets its first certificate. It renews that
//! with itself. What it may do is what its roles give and its scopes leave, and only while it is active.

mod credentials;
mod known;
mod record;

use std::sync::Arc;
use std::time::Duration;

use ngsi_ld::Timestamp;

use crate::access::Access;
use crate::error::{Error, Result};
use crate::people::account::each_once;
use crate::people::{later, within};
use crate::permissions::{Permission, Permissions, Role};
use crate::reach::Reach;
use crate::refused::{Door, Reason};
use crate::secret::{self, Digest};
use crate::state::{Change, State, shortened};
use crate::throttle::{self, Count, Source};

pub use credentials::Nobody;
pub(crate) use known::Devices;
pub(crate) use record::Device;
pub use record::{DeviceKind, Lifecycle};
use record::{Once, check_id};

/// How many devices there may be.
const MAX_DEVICES: usize = 500_000;
/// How long an enrolment token holds.
const ENROL_WITHIN: Duration = Duration::from_hours(7 * 24);

/// A device to register.
#[derive(Clone, Debug, Default)]
pub struct NewDevice<'a> {
    /// Its id, such as `urn:ngsi-ld:Device:lamp-7`.
    pub id: &'a str,
    /// A device or a service.
    pub kind: DeviceKind,
    /// Its roles.
    pub roles: &'a [Role],
    /// What of its roles' permissions it is for; empty: all.
    pub scopes: &'a [Permission],
}

/// A certificate that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateInfo {
    /// Its number, in hexadecimal digits.
    pub serial: String,
    /// From when it holds.
    pub begins_at: Timestamp,
    /// Until when it holds.
    pub ends_at: Timestamp,
}

/// A device, without its secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceInfo {
    /// Its id.
    pub id: Arc<str>,
    /// A device or a service.
    pub kind: DeviceKind,
    /// Where it is in its life.
    pub state: Lifecycle,
    /// Its roles.
    pub roles: Vec<Role>,
    /// What of its roles' permissions it is for; empty: all.
    pub scopes: Vec<Permission>,
    /// The id of who claimed it.
    pub owner: Option<Arc<str>>,
    /// The tenants that it is limited to, and the parts of the city: those of who claimed it, as they were then.
    pub reach: Reach,
    /// When it was registered.
    pub made_at: Timestamp,
    /// The certificates that hold, the oldest first.
    pub certificates: Vec<CertificateInfo>,
    /// Whether it has a secret.
    pub has_secret: bool,
    /// Until when the secret before the last rotation holds.
    pub earlier_until: Option<Timestamp>,
}

impl DeviceInfo {
    fn of(device: &Device, now: Timestamp) -> Self {
        let holding = device.certificates.iter().filter(|issued| issued.ends_at > now);
        Self {
            id: Arc::clone(&device.id),
            kind: device.kind,
            state: device.state,
            roles: device.roles.clone(),
            scopes: device.scopes.clone(),
            owner: device.owner.clone(),
            reach: device.reach.clone(),
            made_at: device.made_at,
            certificates: holding
                .map(|issued| CertificateInfo {
                    serial: issued.serial.clone(),
                    begins_at: issued.begins_at,
                    ends_at: issued.ends_at,
                })
                .collect(),
            has_secret: device.secret.is_some(),
            earlier_until: device.earlier.map(|(_, until)| until),
        }
    }
}

impl Access {
    /// All devices, by id: at most so many after this one.
    pub fn devices(&self, after: Option<&str>, limit: usize) -> Vec<DeviceInfo> {
        use std::ops::Bound::{Excluded, Unbounded};
        let from = after.map_or(Unbounded, Excluded);
        let now = self.now();
        self.read(|state| {
            let devices = state.devices.by_id.range::<str, _>((from, Unbounded));
            devices
                .take(limit)
                .map(|(_, device)| DeviceInfo::of(device, now))
                .collect()
        })
    }

    /// A device by its id.
    pub fn device(&self, id: &str) -> Result<DeviceInfo, Error> {
        let now = self.now();
        self.read(|state| Ok(DeviceInfo::of(known(state, id)?, now)))
    }

    /// Registers a device; the second is its claim code, which is told this once. `by`: what whoever asks may do.
    pub fn add_device(&self, new: &NewDevice<'_>, by: Permissions) -> Result<(DeviceInfo, String), Error> {
        check_id(new.id)?;
        within(by, new.roles)?;
        let (code, claim) = self.claim_code()?;
        let now = self.now();
        let device = Device {
            id: new.id.into(),
            kind: new.kind,
            state: Lifecycle::Manufactured,
            roles: each_once(new.roles),
            scopes: new.scopes.to_vec(),
            owner: None,
            reach: Reach::default(),
            made_at: now,
            claim: Some(claim),
            enrolment: None,
            certificates: Vec::new(),
            secret: None,
            earlier: None,
        };
        self.change(|state| {
            if state.devices.by_id.contains_key(new.id) {
                return Err(Error::Taken(new.id.to_owned()));
            }
            if state.devices.by_id.len() >= MAX_DEVICES {
                return Err(Error::Many("500000 devices"));
            }
            let info = DeviceInfo::of(&device, now);
            Ok((vec![Change::Device(device)], (info, code)))
        })
    }

    /// Another claim code in the place of the one before, for a device that nobody claimed yet.
    pub fn renew_claim_code(&self, id: &str, by: Permissions) -> Result<(DeviceInfo, String), Error> {
        let (code, claim) = self.claim_code()?;
        let info = self.change_device(id, Some(by), |device| {
            if device.state != Lifecycle::Manufactured {
                return Err(Error::State("only a device that nobody claimed has a claim code"));
            }
            device.claim = Some(claim);
            Ok(())
        })?;
        Ok((info, code))
    }

    /// Claims a device for somebody who proves by its code to have it. The second is the enrolment token, which is told
    /// this once and holds for a week. The device is of the tenants and parts of the city that they are of.
    ///
    /// # Errors
    /// [`Error::Refused`] where there is no such device, it was claimed before, or the code is not right: which of them,
    /// nobody is told. [`Error::Wait`] after too many failures of this owner or from this source: whoever has the device
    /// is not slowed down by others who guess.
    pub fn claim_device(
        &self,
        id: &str,
        code: &str,
        owner: &str,
        from: Source,
    ) -> Result<(DeviceInfo, String), Error> {
        let counts = [Count::Claimant(throttle::name(owner)), Count::Source(from)];
        self.counted(id, Reason::Claim, &counts, from, || self.claim(id, code, owner))
    }

    /// Does what may be a guess at what proves somebody to have a device: counted for these, and told to the audit log
    /// where it was one.
    pub(crate) fn counted<T>(
        &self,
        id: &str,
        reason: Reason,
        counts: &[Count],
        from: Source,
        attempt: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        let throttle = &self.inner().throttle;
        // Counted afterwards: a fleet that enrols at the same moment is no guesser, and nobody guesses 128 bits by asking
        // a few at once.
        let may = throttle.lock().look(counts, self.now());
        let tried = may.and_then(|()| attempt());
        if matches!(tried, Err(Error::Refused)) {
            let _slowed_by_others = throttle.lock().begin(counts, self.now());
        }
        let whom = self.read(|state| state.devices.by_id.get(id).map(|device| Arc::clone(&device.id)));
        self.refused_by(&tried, (Door::Device, reason), from, whom.as_ref());
        tried
    }

    fn claim(&self, id: &str, code: &str, owner: &str) -> Result<(DeviceInfo, String)> {
        let given = Digest::of("claim", &secret::typed(code));
        let (token, enrolment) = self.enrolment_token()?;
        let now = self.now();
        let reach = self.principal(owner).map(|owner| owner.reach).unwrap_or_default();
        let claimed = self.change_device(id, None, |device| {
            let right = device.claim.as_ref().is_some_and(|claim| claim.is(&given, now));
            if !(right && device.state == Lifecycle::Manufactured) {
                return Err(Error::Refused);
            }
            device.state = Lifecycle::Claimed;
            device.owner = Some(owner.into());
            device.reach = reach;
            device.claim = None;
            device.enrolment = Some(enrolment);
            Ok(())
        });
        match claimed {
            Ok(info) => Ok((info, token)),
            Err(Error::NotFound { .. }) => Err(Error::Refused),
            Err(other) => Err(other),
        }
    }

    /// Another enrolment token, for a device that was claimed: its credentials are lost, or it was never enrolled. What it
    /// has goes on holding.
    pub fn renew_enrolment(&self, id: &str, by: Permissions) -> Result<(DeviceInfo, String), Error> {
        let (token, enrolment) = self.enrolment_token()?;
        let info = self.change_device(id, Some(by), |device| {
            if !matches!(device.state, Lifecycle::Claimed | Lifecycle::Active) {
                return Err(Error::State(
                    "only a device that is claimed or active can be enrolled",
                ));
            }
            device.enrolment = Some(enrolment);
            Ok(())
        })?;
        Ok((info, token))
    }

    /// Gives a device other roles and scopes.
    pub fn set_device_rights(
        &self,
        id: &str,
        roles: &[Role],
        scopes: &[Permission],
        by: Permissions,
    ) -> Result<DeviceInfo, Error> {
        within(by, roles)?;
        self.change_device(id, Some(by), |device| {
            device.roles = each_once(roles);
            device.scopes = scopes.to_vec();
            Ok(())
        })
    }

    /// Suspends a device, lets it go on, gives it back (`manufactured`: it belongs to nobody and has no credentials), or
    /// retires it. What its credentials open changes with the next request.
    pub fn set_device_state(&self, id: &str, next: Lifecycle, by: Permissions) -> Result<DeviceInfo, Error> {
        self.change_device(id, Some(by), |device| {
            if !device.state.may_become(next) {
                return Err(Error::State(
                    "a device cannot go from where it is to there: an active one can be suspended, a suspended one made \
                     active, each given back (manufactured) or retired for ever",
                ));
            }
            if next == Lifecycle::Active && device.certificates.is_empty() && device.secret.is_none() {
                return Err(Error::State("it has no credentials; it has to be enrolled"));
            }
            if matches!(next, Lifecycle::Manufactured | Lifecycle::Retired) {
                device.forget_credentials();
                device.owner = None;
                device.reach = Reach::default();
            }
            device.state = next;
            Ok(())
        })
    }

    /// Changes a device. `by`: what whoever asks may do, which has to cover what the device may do.
    fn change_device(
        &self,
        id: &str,
        by: Option<Permissions>,
        change: impl FnOnce(&mut Device) -> Result<()>,
    ) -> Result<DeviceInfo> {
        let now = self.now();
        self.change(|state| {
            let before = known(state, id)?;
            if let Some(by) = by {
                within(by, &before.roles)?;
            }
            let mut device = (**before).clone();
            change(&mut device)?;
            device.certificates.retain(|issued| issued.ends_at > now);
            let info = DeviceInfo::of(&device, now);
            Ok((vec![Change::Device(device)], info))
        })
    }

    fn claim_code(&self) -> Result<(String, Once)> {
        // 128 bits: nobody guesses it, and it does not follow from anything that the device says of itself.
        let code = secret::code::<16>(&*self.inner().random)?;
        let digest = Digest::of("claim", &secret::typed(&code));
        Ok((code, Once { digest, until: None }))
    }

    fn enrolment_token(&self) -> Result<(String, Once)> {
        let token = secret::token::<32>(&*self.inner().random)?;
        let digest = Digest::of("enrolment", &token);
        let until = Some(later(self.now(), ENROL_WITHIN));
        Ok((token, Once { digest, until }))
    }
}

fn known<'a>(state: &'a State, id: &str) -> Result<&'a Arc<Device>> {
    state.devices.by_id.get(id).ok_or_else(|| Error::NotFound {
        what: "device",
        id: shortened(id),
    })
}
