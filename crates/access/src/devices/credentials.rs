//! How a device gets its credentials, and who it is by them. Nothing here knows over which protocol they came.

use std::sync::Arc;
use std::time::Duration;

use ngsi_ld::Timestamp;

use super::record::Issued;
use super::{Device, DeviceInfo, Lifecycle, known};
use crate::access::Access;
use crate::authority::Authority;
use crate::certificates::Certificate;
use crate::error::{Error, Result};
use crate::people::later;
use crate::permissions::Permissions;
use crate::principal::{Kind, Principal};
use crate::refused::Reason;
use crate::secret::{self, Digest};
use crate::state::State;
use crate::throttle::{Count, Source};

/// How every secret of a device begins, so that scanners for leaked secrets can know one.
const PREFIX: &str = "mapachadevice_";
/// How many certificates of one device hold at once: the one before, and the one after.
const OVERLAP: usize = 2;

/// Why a certificate, though verified, stands for nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Nobody {
    /// It cannot be read.
    #[error("the certificate cannot be read")]
    Unreadable,
    /// It is not of now.
    #[error("the certificate does not hold at this moment")]
    NotNow,
    /// The built-in authority issued it, and no device has it any more; or none of its URIs is the id of a device.
    #[error("the certificate is that of no device that is known here")]
    Unknown,
    /// The device is not active.
    #[error("the device of the certificate is {0}, not active")]
    Not(Lifecycle),
}

impl Access {
    /// Who a certificate (DER) stands for. That its key was shown, and that an authority signed it whose word is taken,
    /// is for the transport to have checked. Reads memory only.
    ///
    /// One that the built-in authority issued is looked up by its fingerprint; one of another authority by the URI among
    /// its alternative names, which has to be a device's id. The common name counts for nothing.
    pub fn of_certificate(&self, der: &[u8]) -> Result<Principal, Nobody> {
        let certificate = Certificate::read(der).ok_or(Nobody::Unreadable)?;
        let now = self.now();
        // Sessions are resumed without the handshake's checks, and connections live long.
        if now < certificate.begins_at || now >= certificate.ends_at {
            return Err(Nobody::NotNow);
        }
        self.read(|state| {
            let device = by_certificate(state, &certificate).ok_or(Nobody::Unknown)?;
            device.principal(now).ok_or(Nobody::Not(device.state))
        })
    }

    /// Who a device's secret stands for. Reads memory only.
    pub fn of_device_secret(&self, given: &str) -> Option<Principal> {
        if !given.starts_with(PREFIX) {
            return None;
        }
        let digest = Digest::of("device", given);
        let now = self.now();
        self.read(|state| {
            let device = state.devices.by_credential(&digest)?;
            let current = device.secret.is_some_and(|secret| secret.is(&digest));
            let earlier = device
                .earlier
                .is_some_and(|(secret, until)| secret.is(&digest) && until > now);
            (current || earlier).then(|| device.principal(now)).flatten()
        })
    }

    /// The key that an active device of this id shares with us (for DTLS-PSK): 32 bytes, the SHA-256 of `device`, a zero
    /// byte and its secret, as the device computes it too.
    pub fn device_psk(&self, id: &str) -> Option<[u8; 32]> {
        self.read(|state| {
            let device = state.devices.by_id.get(id)?;
            let digest = device.secret.filter(|_| device.state == Lifecycle::Active)?;
            digest.as_bytes().try_into().ok()
        })
    }

    /// Gives a device that was claimed its first certificate, for its enrolment token; gives the chain (PEM). From then on
    /// it is active. `request`: PKCS #10 (PEM). Makes the authority where there is none.
    ///
    /// # Errors
    /// [`Error::Refused`] where there is no such device or the token is not right: which of them, nobody is told.
    /// [`Error::Wait`] after too many failures from this source.
    pub fn enrol_device(
        &self,
        id: &str,
        token: &str,
        request: &str,
        (authority, city): (&Authority, &str),
        from: Source,
    ) -> Result<(DeviceInfo, String), Error> {
        let counts = [Count::Source(from)];
        self.counted(id, Reason::Enrolment, &counts, from, || {
            self.enrol(id, token, request, authority, city)
        })
    }

    fn enrol(
        &self,
        id: &str,
        token: &str,
        request: &str,
        authority: &Authority,
        city: &str,
    ) -> Result<(DeviceInfo, String)> {
        let given = Digest::of("enrolment", token);
        let now = self.now();
        let may = |device: &Device| {
            let right = device.enrolment.as_ref().is_some_and(|once| once.is(&given, now));
            right && matches!(device.state, Lifecycle::Claimed | Lifecycle::Active)
        };
        // Before anything is signed, and once more when it is written.
        if !self.read(|state| state.devices.by_id.get(id).is_some_and(|device| may(device))) {
            return Err(Error::Refused);
        }
        authority.ensure(city, now)?;
        self.certify(id, request, authority, |device| {
            if !may(device) {
                return Err(Error::Refused);
            }
            device.enrolment = None;
            device.state = Lifecycle::Active;
            Ok(())
        })
    }

    /// Gives an active device another certificate; gives the chain (PEM). The one before holds until it ends, or until the
    /// next one. `who`: the device, as it showed itself.
    ///
    /// # Errors
    /// [`Error::Refused`] where that is no device, or not active.
    pub fn renew_certificate(
        &self,
        who: &Principal,
        request: &str,
        authority: &Authority,
    ) -> Result<(DeviceInfo, String), Error> {
        if who.kind != Kind::Device {
            return Err(Error::Refused);
        }
        self.certify(&who.id, request, authority, |device| {
            if device.state == Lifecycle::Active {
                Ok(())
            } else {
                Err(Error::Refused)
            }
        })
    }

    fn certify(
        &self,
        id: &str,
        request: &str,
        authority: &Authority,
        change: impl FnOnce(&mut Device) -> Result<()>,
    ) -> Result<(DeviceInfo, String)> {
        let signed = authority.sign_client(request, id, &*self.inner().random, self.now())?;
        let certificate = signed.certificate;
        let info = self.change_device(id, None, |device| {
            change(device)?;
            let first = (device.certificates.len() + 1).saturating_sub(OVERLAP);
            device.certificates.drain(..first);
            device.certificates.push(Issued {
                fingerprint: certificate.fingerprint,
                serial: certificate.serial,
                begins_at: certificate.begins_at,
                ends_at: certificate.ends_at,
            });
            Ok(())
        })?;
        Ok((info, signed.chain_pem))
    }

    /// Gives a device that has or cannot have a certificate a secret to share, which is told this once; one before holds
    /// for `overlap` longer. A claimed device is active from then on.
    pub fn rotate_device_secret(
        &self,
        id: &str,
        overlap: Duration,
        by: Permissions,
    ) -> Result<(DeviceInfo, String), Error> {
        let whole = format!("{PREFIX}{}", secret::token::<32>(&*self.inner().random)?);
        let digest = Digest::of("device", &whole);
        let until = later(self.now(), overlap);
        let info = self.change_device(id, Some(by), |device| {
            if !matches!(device.state, Lifecycle::Claimed | Lifecycle::Active) {
                return Err(Error::State(
                    "only a device that is claimed or active can have a secret",
                ));
            }
            device.earlier = device.secret.map(|before| (before, until));
            device.secret = Some(digest);
            device.state = Lifecycle::Active;
            Ok(())
        })?;
        Ok((info, whole))
    }

    /// Ends one certificate of a device, by its number.
    pub fn revoke_certificate(&self, id: &str, serial: &str, by: Permissions) -> Result<DeviceInfo, Error> {
        self.change_device(id, Some(by), |device| {
            let before = device.certificates.len();
            device.certificates.retain(|issued| issued.serial != serial);
            if device.certificates.len() == before {
                return Err(Error::NotFound {
                    what: "certificate",
                    id: crate::state::shortened(serial),
                });
            }
            Ok(())
        })
    }

    /// Of the active devices those that differ in more than their id, each once; and how many are active.
    pub(crate) fn unlike_devices(&self) -> (Vec<Principal>, usize) {
        let now = self.now();
        self.read(|state| {
            let mut unlike: Vec<Principal> = Vec::new();
            let mut active = 0;
            for who in state
                .devices
                .by_id
                .values()
                .filter_map(|device| device.principal(now))
            {
                active += 1;
                let is_alike = |other: &Principal| {
                    (&other.roles, &other.reach, other.permissions)
                        == (&who.roles, &who.reach, who.permissions)
                };
                if !unlike.iter().any(is_alike) {
                    unlike.push(who);
                }
            }
            (unlike, active)
        })
    }

    /// A device's principal, whether it asks or not.
    pub(crate) fn device_principal(state: &State, id: &str, now: Timestamp) -> Option<Principal> {
        known(state, id).ok()?.principal(now)
    }
}

fn by_certificate<'a>(state: &'a State, certificate: &Certificate) -> Option<&'a Arc<Device>> {
    if let Some(device) = state.devices.by_credential(&certificate.fingerprint) {
        return Some(device);
    }
    if certificate.is_built_in {
        return None;
    }
    // One that names two devices is neither.
    let mut named = certificate
        .uris
        .iter()
        .filter_map(|uri| state.devices.by_id.get(uri.as_str()));
    let device = named.next()?;
    named.next().is_none().then_some(device)
}
