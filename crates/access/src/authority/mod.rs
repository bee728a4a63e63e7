//! The built-in certificate authority, of two levels: a root, which signs the issuing authority only, and that, which
//! signs devices, services and servers.
//!
//! Its keys are files in a folder of their own beside the stores (`ca/`, readable by the owner alone), so that a copy of a
//! store is none of them. The key of the root is needed to renew the issuing authority, and may be kept elsewhere until
//! then. What was issued to whom stands with the devices ([`crate::Access`]), and a certificate that does not stand there
//! opens nothing.

mod files;
mod profile;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ngsi_ld::Timestamp;
use parking_lot::Mutex;
use rcgen::{CertificateSigningRequestParams, CertifiedIssuer, Issuer, KeyPair, PublicKeyData as _};

use crate::certificates::Certificate;
use crate::error::{Error, Result};
use crate::secret::{self, Random};

use files::Names;
pub(crate) use profile::ORGANISATION;

/// The longest request for a certificate, in bytes.
const MAX_REQUEST: usize = 16 << 10;
/// How long the certificate of a device holds: long enough for one that sleeps for weeks, and short.
pub const DEVICE_DAYS: u32 = 90;
/// How long the certificate of a server holds.
pub const SERVER_DAYS: u32 = 365;

/// The built-in authority of a data folder, whether or not there is one yet. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Authority(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    names: Names,
    /// One at a time makes or renews it.
    making: Mutex<()>,
}

/// What everybody may know of an authority.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorityInfo {
    /// The certificates of the root and of the issuing authority (PEM).
    pub pem: String,
    /// SHA-256 of the root's certificate, in hexadecimal digits: what people compare.
    pub root_sha256: String,
    /// When the root's certificate ends.
    pub root_ends_at: Timestamp,
    /// When the issuing authority's certificate ends.
    pub issuing_ends_at: Timestamp,
    /// Whether the key of the root is here.
    pub has_root_key: bool,
}

/// A certificate that was just signed.
pub(crate) struct Signed {
    pub(crate) certificate: Certificate,
    /// It, and after it the issuing authority's (PEM).
    pub(crate) chain_pem: String,
}

impl Authority {
    /// The one in this folder, which need not exist.
    pub fn in_folder(folder: &Path) -> Self {
        Self(Arc::new(Inner {
            names: Names::in_folder(folder),
            making: Mutex::default(),
        }))
    }

    /// Whether it was made.
    pub fn exists(&self) -> bool {
        self.0.names.issuing.exists()
    }

    /// The files (PEM) that whoever checks certificates of its devices has to trust: the root's, and the issuing
    /// authority's for those that show no chain.
    pub fn trusted_files(&self) -> [PathBuf; 2] {
        [self.0.names.root.clone(), self.0.names.issuing.clone()]
    }

    /// Makes it.
    ///
    /// # Errors
    /// When there is one, or the files cannot be written.
    pub fn init(&self, city: &str, now: Timestamp) -> Result<AuthorityInfo, Error> {
        let _making = self.0.making.lock();
        if self.exists() {
            return Err(Error::State("there is a certificate authority already"));
        }
        self.make(city, now)?;
        self.info()
    }

    /// The same, unless there is one.
    pub(crate) fn ensure(&self, city: &str, now: Timestamp) -> Result<()> {
        let _making = self.0.making.lock();
        if self.exists() {
            Ok(())
        } else {
            self.make(city, now)
        }
    }

    fn make(&self, city: &str, now: Timestamp) -> Result<()> {
        let random = secret::token::<4>(&secret::SystemRandom)?;
        let root =
            CertifiedIssuer::self_signed(profile::root(city, &random, now)?, new_key()?).map_err(unmade)?;
        let issuing = CertifiedIssuer::signed_by(profile::issuing(city, &random, now)?, new_key()?, &root);
        let issuing = issuing.map_err(unmade)?;
        let keys = (root.key().serialize_pem(), issuing.key().serialize_pem());
        self.0.names.write_all(&files::Content {
            root: &root.pem(),
            root_key: &keys.0,
            issuing: &issuing.pem(),
            issuing_key: &keys.1,
        })
    }

    /// Gives the issuing authority another key. `root_key`: the root's key (PEM), where it is not in the folder. What the
    /// one before signed goes on holding.
    ///
    /// # Errors
    /// When there is no authority, the root's key is not here, or the files cannot be written.
    pub fn renew(&self, root_key: Option<&str>, now: Timestamp) -> Result<AuthorityInfo, Error> {
        let _making = self.0.making.lock();
        let names = &self.0.names;
        let root_pem = files::read(&names.root)?;
        let key = match root_key {
            Some(pem) => pem.to_owned(),
            None => files::read(&names.root_key)?,
        };
        let key =
            KeyPair::from_pem(&key).map_err(|error| Error::Authority(format!("the root's key: {error}")))?;
        let read = read_pem(&root_pem)?;
        if !read.is_of(&key.subject_public_key_info()) {
            return Err(Error::Authority(
                "this is not the key of the root's certificate".to_owned(),
            ));
        }
        let root = Issuer::from_ca_cert_pem(&root_pem, key).map_err(unmade)?;
        let random = secret::token::<4>(&secret::SystemRandom)?;
        let city = read.city.clone();
        let issuing = CertifiedIssuer::signed_by(profile::issuing(&city, &random, now)?, new_key()?, &root);
        let issuing = issuing.map_err(unmade)?;
        names.write_issuing(&issuing.pem(), &issuing.key().serialize_pem())?;
        self.info()
    }

    /// What everybody may know.
    ///
    /// # Errors
    /// When there is none, or its files cannot be read.
    pub fn info(&self) -> Result<AuthorityInfo, Error> {
        let names = &self.0.names;
        if !self.exists() {
            return Err(Error::NotFound {
                what: "certificate authority",
                id: names.folder.display().to_string(),
            });
        }
        let (root, issuing) = (files::read(&names.root)?, files::read(&names.issuing)?);
        let read = read_pem(&root)?;
        Ok(AuthorityInfo {
            root_sha256: secret::hex(read.certificate.fingerprint.as_bytes()),
            root_ends_at: read.certificate.ends_at,
            issuing_ends_at: read_pem(&issuing)?.certificate.ends_at,
            has_root_key: names.root_key.exists(),
            pem: format!("{root}{issuing}"),
        })
    }

    /// Signs the key of a request (PKCS #10, PEM) for a device or service of this id. Of what the request asks for, only
    /// the key counts; that whoever asks has it is checked by the request's signature.
    pub(crate) fn sign_client(
        &self,
        request: &str,
        id: &str,
        random: &dyn Random,
        now: Timestamp,
    ) -> Result<Signed> {
        if request.len() > MAX_REQUEST {
            return Err(Error::Request("it is longer than 16 KiB".to_owned()));
        }
        let mut request = CertificateSigningRequestParams::from_pem(request)
            .map_err(|error| Error::Request(error.to_string()))?;
        profile::must_be_a_key(&request.public_key)?;
        request.params = profile::client(id, secret::bytes::<16>(random)?, now)?;
        let (issuer, issuing_pem) = self.issuer(now)?;
        let certificate = request.signed_by(&issuer).map_err(unmade)?;
        let read = Certificate::read(certificate.der())
            .ok_or_else(|| Error::Authority("what was signed cannot be read".to_owned()))?;
        Ok(Signed {
            certificate: read,
            chain_pem: format!("{}{issuing_pem}", certificate.pem()),
        })
    }

    /// A certificate for a server with these names (host names or addresses), and its key: both PEM.
    ///
    /// # Errors
    /// When a name is none, or there is no authority.
    pub fn issue_server(&self, names: &[String], now: Timestamp) -> Result<(String, String), Error> {
        let (issuer, issuing_pem) = self.issuer(now)?;
        let key = new_key()?;
        let serial = secret::bytes::<16>(&secret::SystemRandom)?;
        let certificate = profile::server(names, serial, now)?
            .signed_by(&key, &issuer)
            .map_err(unmade)?;
        Ok((format!("{}{issuing_pem}", certificate.pem()), key.serialize_pem()))
    }

    fn issuer(&self, now: Timestamp) -> Result<(Issuer<'static, KeyPair>, String)> {
        // The file of the key has the certificate as well, so that both are always of one making.
        let whole = files::read(&self.0.names.issuing_key)?;
        let start = whole.find("-----BEGIN CERTIFICATE").unwrap_or(whole.len());
        let (key, certificate) = whole.split_at(start);
        let key = KeyPair::from_pem(key)
            .map_err(|error| Error::Authority(format!("the issuing authority's key: {error}")))?;
        if read_pem(certificate)?.certificate.ends_at <= now {
            return Err(Error::Authority(
                "the issuing authority's certificate has ended: `mapacha ca renew` makes another".to_owned(),
            ));
        }
        let issuer = Issuer::from_ca_cert_pem(certificate, key).map_err(unmade)?;
        Ok((issuer, certificate.to_owned()))
    }
}

/// A certificate of an authority, read.
struct Read {
    certificate: Certificate,
    public_key_info: Vec<u8>,
    city: String,
}

impl Read {
    fn is_of(&self, public_key_info: &[u8]) -> bool {
        self.public_key_info == public_key_info
    }
}

fn read_pem(pem: &str) -> Result<Read> {
    let unreadable = || Error::Authority("a certificate of the authority cannot be read".to_owned());
    let (_, block) = x509_parser::pem::parse_x509_pem(pem.as_bytes()).map_err(|_not_pem| unreadable())?;
    let parsed = block.parse_x509().map_err(|_not_x509| unreadable())?;
    let city = parsed.subject().iter_organizational_unit().next();
    Ok(Read {
        certificate: Certificate::read(&block.contents).ok_or_else(unreadable)?,
        public_key_info: parsed.public_key().raw.to_vec(),
        city: city.and_then(|unit| unit.as_str().ok()).unwrap_or("").to_owned(),
    })
}

/// ECDSA on P-256: what the smallest devices can do.
fn new_key() -> Result<KeyPair> {
    KeyPair::generate().map_err(unmade)
}

#[allow(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn unmade(error: rcgen::Error) -> Error {
    Error::Authority(error.to_string())
}
