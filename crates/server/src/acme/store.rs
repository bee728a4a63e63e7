//! What is kept of an authority: the account with it, and the certificate it gave, in a folder of its own.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use instant_acme::AccountCredentials;
use jiff::Timestamp;
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use crate::net::FetchError;

/// Why orders cannot be made here.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A file cannot be read or written.
    #[error("{}: {why}; it has to be readable and writable by the server alone", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// No self-signed certificate could be made.
    #[error("no self-signed certificate could be made: {0}")]
    StandIn(rcgen::Error),
    /// There are no means for requests.
    #[error(transparent)]
    Client(FetchError),
}

/// The folder of one directory.
pub(super) struct Store {
    folder: PathBuf,
}

/// What matters of a certificate that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) begins_at: Timestamp,
    pub(super) ends_at: Timestamp,
    /// Its DNS names in lower case, sorted.
    names: Vec<String>,
}

impl Stored {
    /// When it ends.
    pub(super) fn ends_at(&self) -> Timestamp {
        self.ends_at
    }

    /// Whether it is for these names and no others.
    pub(super) fn is_for(&self, names: &[String]) -> bool {
        sorted(names) == self.names
    }

    #[cfg(test)]
    pub(super) fn of(begins_at: Timestamp, ends_at: Timestamp, names: &[&str]) -> Self {
        let names = sorted(names);
        Self {
            begins_at,
            ends_at,
            names,
        }
    }

    /// The first certificate of a PEM text; nothing unless its key is in it, too.
    fn read(pem: &[u8]) -> Option<Self> {
        let chain: Vec<_> = CertificateDer::pem_slice_iter(pem)
            .collect::<Result<_, _>>()
            .ok()?;
        let key = PrivateKeyDer::from_pem_slice(pem).ok()?;
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        let certified = CertifiedKey::from_der(chain, key, &provider).ok()?;
        let (_, certificate) = X509Certificate::from_der(certified.cert.first()?).ok()?;
        let names = certificate.subject_alternative_name().ok()??;
        let names = names.value.general_names.iter().filter_map(|name| match name {
            GeneralName::DNSName(name) => Some(*name),
            _ => None,
        });
        let second = |at: x509_parser::time::ASN1Time| Timestamp::from_second(at.timestamp()).ok();
        Some(Self {
            begins_at: second(certificate.validity().not_before)?,
            ends_at: second(certificate.validity().not_after)?,
            names: sorted(&names.collect::<Vec<_>>()),
        })
    }
}

fn sorted(names: &[impl AsRef<str>]) -> Vec<String> {
    let mut names: Vec<_> = names
        .iter()
        .map(|name| name.as_ref().to_ascii_lowercase())
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// The folder of a directory: its URL without what a file's name cannot hold, so that what one authority gave (such as
/// one for trials) is never taken for what another would.
fn folder_of(folder: &Path, directory: &str) -> PathBuf {
    let bare = directory.strip_prefix("https://").unwrap_or(directory);
    let keep = |c: char| {
        if c.is_ascii_alphanumeric() || c == '.' || c == '-' {
            c
        } else {
            '_'
        }
    };
    let name: String = bare.chars().map(keep).take(120).collect();
    folder.join(name.trim_matches(['.', '_']))
}

/// Where a directory's certificate and its key are.
pub(super) fn certificate_file(folder: &Path, directory: &str) -> PathBuf {
    folder_of(folder, directory).join("certificate.pem")
}

/// Where the self-signed certificate is that is shown before there is one.
pub(super) fn stand_in_file(folder: &Path, directory: &str) -> PathBuf {
    folder_of(folder, directory).join("self-signed.pem")
}

impl Store {
    /// Makes the folder where it is not there.
    pub(super) fn open(folder: &Path, directory: &str) -> Result<Self, StoreError> {
        let folder = folder_of(folder, directory);
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&folder);
        made.map_err(|error| unwritten(&folder, &error))?;
        Ok(Self { folder })
    }

    /// The certificate, after its key.
    pub(super) fn certificate(&self) -> PathBuf {
        self.folder.join("certificate.pem")
    }

    fn account_file(&self) -> PathBuf {
        self.folder.join("account.json")
    }

    /// What the authority gave; nothing where it gave nothing yet.
    pub(super) fn stored(&self) -> Option<Stored> {
        Stored::read(&std::fs::read(self.certificate()).ok()?)
    }

    /// A certificate that cannot be used is kept beside, and another one ordered.
    ///
    /// # Errors
    /// When it cannot be read or moved.
    pub(super) fn set_aside_what_is_damaged(&self) -> Result<(), StoreError> {
        let path = self.certificate();
        let content = match std::fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            content => content.map_err(|error| unwritten(&path, &error))?,
        };
        if Stored::read(&content).is_some() {
            return Ok(());
        }
        let aside = path.with_extension("damaged");
        std::fs::rename(&path, &aside).map_err(|error| unwritten(&path, &error))?;
        tracing::error!(
            "{} holds no certificate with its key; it is kept as {}, and another one is ordered",
            path.display(),
            aside.display()
        );
        Ok(())
    }

    /// Keeps what the authority gave: the key first, then the chain, in one file, so that no moment has one without the
    /// other.
    ///
    /// # Errors
    /// When they do not belong together, or cannot be written.
    pub(super) fn write_certificate(&self, key: &str, chain: &str) -> Result<(), StoreError> {
        let path = self.certificate();
        let content = format!("{key}{chain}");
        if Stored::read(content.as_bytes()).is_none() {
            return Err(StoreError::File {
                path,
                why: "what the authority gave is no certificate for the key that it was asked for".to_owned(),
            });
        }
        write(&path, &content)
    }

    /// Makes the certificate that is shown while there is no other.
    ///
    /// # Errors
    /// When it cannot be made or written.
    pub(super) fn write_stand_in(&self, names: &[String]) -> Result<(), StoreError> {
        let make = || {
            let key = KeyPair::generate()?;
            let mut params = CertificateParams::new(names)?;
            params.distinguished_name = DistinguishedName::new();
            let says = "self-signed, until an authority gives one";
            params.distinguished_name.push(DnType::CommonName, says);
            let certificate = params.self_signed(&key)?;
            Ok(format!("{}{}", key.serialize_pem(), certificate.pem()))
        };
        let content = make().map_err(StoreError::StandIn)?;
        write(&self.folder.join("self-signed.pem"), &content)
    }

    /// The account with the authority; nothing where there is none, or none that can be read.
    ///
    /// # Errors
    /// When its file is there and cannot be read.
    pub(super) fn account(&self) -> Result<Option<AccountCredentials>, StoreError> {
        let path = self.account_file();
        let text = match std::fs::read_to_string(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            text => text.map_err(|error| unwritten(&path, &error))?,
        };
        match serde_json::from_str(&text) {
            Ok(account) => Ok(Some(account)),
            Err(error) => {
                tracing::error!(%error, "{} holds no account; another one is made", path.display());
                Ok(None)
            }
        }
    }

    /// Keeps an account.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn write_account(&self, account: &AccountCredentials) -> Result<(), StoreError> {
        let path = self.account_file();
        let text = serde_json::to_string_pretty(account).map_err(|error| StoreError::File {
            path: path.clone(),
            why: error.to_string(),
        })?;
        write(&path, &text)
    }

    /// Forgets an account that the authority does not know.
    ///
    /// # Errors
    /// When it cannot be moved.
    pub(super) fn forget_account(&self) -> Result<(), StoreError> {
        let path = self.account_file();
        std::fs::rename(&path, path.with_extension("unknown")).map_err(|error| unwritten(&path, &error))
    }
}

/// All of it or nothing, for the server's own eyes.
fn write(path: &Path, content: &str) -> Result<(), StoreError> {
    let beside = path.with_extension("new");
    let written = || -> io::Result<()> {
        match std::fs::remove_file(&beside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&beside)?;
        file.write_all(content.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&beside, path)?;
        File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
    };
    written().map_err(|error| unwritten(path, &error))
}

fn unwritten(path: &Path, error: &io::Error) -> StoreError {
    StoreError::File {
        path: path.to_owned(),
        why: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use rcgen::date_time_ymd;

    use super::*;

    const DIRECTORY: &str = "https://ca.example:14000/dir";

    fn certificate(names: &[&str]) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.not_before = date_time_ymd(2026, 1, 1);
        params.not_after = date_time_ymd(2026, 4, 1);
        let chain = params.self_signed(&key).unwrap().pem();
        (key.serialize_pem(), chain)
    }

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o7777
    }

    #[test]
    fn what_was_given_is_read_back_and_nobody_else_can() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), DIRECTORY).unwrap();
        assert_eq!(store.stored(), None);
        let (key, chain) = certificate(&["b.example", "A.example"]);
        store.write_certificate(&key, &chain).unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let expected = Stored::of(
            at("2026-01-01T00:00:00Z"),
            at("2026-04-01T00:00:00Z"),
            &["a.example", "b.example"],
        );
        assert_eq!(store.stored(), Some(expected.clone()));
        assert!(expected.is_for(&["B.example".into(), "a.example".into(), "a.example".into()]));
        assert!(!expected.is_for(&["a.example".into()]));
        store.write_stand_in(&["a.example".into()]).unwrap();
        let stand_in = stand_in_file(folder.path(), DIRECTORY);
        let path = certificate_file(folder.path(), DIRECTORY);
        assert_eq!(path, store.certificate());
        assert_eq!((mode(&path), mode(&stand_in)), (0o600, 0o600));
        assert_eq!(mode(path.parent().unwrap()), 0o700);
        assert!(!path.with_extension("new").exists());
        // Another directory has a folder of its own.
        let other = Store::open(folder.path(), "https://ca.example:14000/trial").unwrap();
        assert_eq!(other.stored(), None);
    }

    #[test]
    fn a_certificate_for_another_key_is_not_kept() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), DIRECTORY).unwrap();
        let ((key, chain), (_, other)) = (certificate(&["a.example"]), certificate(&["a.example"]));
        store.write_certificate(&key, &chain).unwrap();
        let before = std::fs::read(store.certificate()).unwrap();
        let error = store.write_certificate(&key, &other).unwrap_err().to_string();
        assert!(error.contains("no certificate for the key"), "{error}");
        assert!(store.write_certificate(&key, "nothing").is_err());
        assert_eq!(std::fs::read(store.certificate()).unwrap(), before);
    }

    #[test]
    fn what_is_damaged_is_kept_aside() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), DIRECTORY).unwrap();
        store.set_aside_what_is_damaged().unwrap();
        let (key, chain) = certificate(&["a.example"]);
        store.write_certificate(&key, &chain).unwrap();
        store.set_aside_what_is_damaged().unwrap();
        assert!(store.stored().is_some(), "it is as it should be");
        std::fs::write(store.certificate(), &chain).unwrap(); // without its key
        store.set_aside_what_is_damaged().unwrap();
        assert!(!store.certificate().exists());
        let aside = store.certificate().with_extension("damaged");
        assert_eq!(std::fs::read_to_string(aside).unwrap(), chain);
    }

    #[test]
    fn an_account_that_cannot_be_read_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), DIRECTORY).unwrap();
        assert!(store.account().unwrap().is_none());
        std::fs::write(store.account_file(), "{").unwrap();
        assert!(store.account().unwrap().is_none());
        let text = r#"{"id":"https://ca.example:14000/acct/1","key_pkcs8":"AAAA","directory":"https://ca.example:14000/dir"}"#;
        let account: AccountCredentials = serde_json::from_str(text).unwrap();
        store.write_account(&account).unwrap();
        assert_eq!(mode(&store.account_file()), 0o600);
        assert!(store.account().unwrap().is_some());
        store.forget_account().unwrap();
        assert!(store.account().unwrap().is_none());
    }
}
