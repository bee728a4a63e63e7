//! All devices, in memory.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::Device;
use crate::secret::Digest;

/// All devices, found by their id and by their credentials.
#[derive(Default)]
pub(crate) struct Devices {
    pub(crate) by_id: BTreeMap<Arc<str>, Arc<Device>>,
    by_credential: HashMap<Digest, Arc<str>>,
}

impl Devices {
    /// Takes a device in the place of the one before of this id.
    pub(crate) fn put(&mut self, device: Device) {
        if let Some(before) = self.by_id.get(&device.id) {
            for credential in before.credentials() {
                self.by_credential.remove(&credential);
            }
        }
        for credential in device.credentials() {
            self.by_credential.insert(credential, Arc::clone(&device.id));
        }
        self.by_id.insert(Arc::clone(&device.id), Arc::new(device));
    }

    /// The device that has a certificate or a secret of this digest.
    pub(crate) fn by_credential(&self, digest: &Digest) -> Option<&Arc<Device>> {
        self.by_id.get(self.by_credential.get(digest)?)
    }
}

impl FromIterator<Device> for Devices {
    fn from_iter<I: IntoIterator<Item = Device>>(devices: I) -> Self {
        let mut all = Self::default();
        for device in devices {
            all.put(device);
        }
        all
    }
}
