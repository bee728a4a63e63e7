//! How records stand in the store: a version byte, then JSON, so that a later program can add members.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, Result};

/// Accounts, by id.
pub(crate) const PEOPLE: &str = "access-people";
/// Groups, by name.
pub(crate) const GROUPS: &str = "access-groups";
/// Sessions, by the digest of their token.
pub(crate) const SESSIONS: &str = "access-sessions";
/// Keys, by id.
pub(crate) const KEYS: &str = "access-keys";
/// Where the rights of groups' members reach, by the groups' names.
pub(crate) const REACHES: &str = "access-group-reach";
/// Times that somebody took wider rights, by id.
pub(crate) const GLASSES: &str = "access-break-glass";
/// Devices and services, by id.
pub(crate) const DEVICES: &str = "access-devices";
/// The few things of which there is one.
pub(crate) const SETTINGS: &str = "access-settings";

/// The version of all of them.
const VERSION: u8 = 1;

/// A record as a row's value.
pub(crate) fn write(record: &impl Serialize) -> Result<Vec<u8>> {
    let mut value = vec![VERSION];
    serde_json::to_writer(&mut value, record).map_err(|error| Error::Store(error.to_string()))?;
    Ok(value)
}

/// The record that a row holds, or why it cannot be read.
pub(crate) fn read<T: DeserializeOwned>(value: &[u8]) -> std::result::Result<T, String> {
    match value.split_first() {
        Some((&VERSION, json)) => serde_json::from_slice(json).map_err(|error| error.to_string()),
        Some((version, _)) => Err(format!("it has version {version}; this program reads {VERSION}")),
        None => Err("it is empty".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_says_why() {
        assert_eq!(read::<Vec<u8>>(&write(&[1_u8, 2]).unwrap()).unwrap(), [1, 2]);
        assert!(read::<Vec<u8>>(&[]).unwrap_err().contains("empty"));
        assert!(
            read::<Vec<u8>>(&[2, b'[', b']'])
                .unwrap_err()
                .contains("version 2")
        );
        assert!(read::<Vec<u8>>(&[1, b'[']).is_err());
    }
}
