//! TLS on a listener: which certificate it shows, and whose certificates of clients it takes.
//!
//! TLS 1.2 and 1.3 with the provider's own suites (AEAD with forward secrecy only), X25519MLKEM768 first where the client
//! has it. The files are looked at again every few seconds and at SIGHUP: connections that are open go on, new ones get
//! what the files hold now. Files that do not fit together change nothing.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ngsi_ld::Timestamp;
use parking_lot::{Mutex, RwLock};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use rustls::{RootCertStore, ServerConfig};
use tokio::signal::unix::{SignalKind, signal};
use tokio_rustls::TlsAcceptor;

use super::alarm::Alarm;
use crate::acme::{ACME_TLS, Challenges, Shown};

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// The files that a listener's TLS is made of, all PEM.
#[derive(Clone, Debug, Default)]
pub struct TlsFiles {
    /// The certificate, and after it those between it and its authority.
    pub certificate: PathBuf,
    /// Its private key (PKCS#8, SEC 1 or PKCS#1), not encrypted.
    pub key: PathBuf,
    /// Authorities whose clients' certificates are taken; they have to be there.
    pub client_authorities: Vec<PathBuf>,
    /// Files of such authorities that need not be there: the built-in authority's, which may be made later.
    pub client_authorities_if_there: Vec<PathBuf>,
    /// A file with a certificate and its key that are shown as long as `certificate` is not there.
    pub stand_in: Option<PathBuf>,
}

impl TlsFiles {
    /// The files of the certificate and the key that are shown now.
    fn shown(&self) -> (&Path, &Path) {
        match &self.stand_in {
            Some(stand_in) if !self.certificate.exists() => (stand_in, stand_in),
            _ => (&self.certificate, &self.key),
        }
    }
}

/// A file that TLS cannot be made of.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {why}", path.display())]
pub struct NoTls {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub why: String,
}

/// The TLS of a listener, as its files are now. Cheap to clone.
#[derive(Clone)]
pub struct Tls(Arc<Inner>);

struct Inner {
    files: TlsFiles,
    /// Answers to an authority that asks whether a name is this server's; without it, none is.
    challenges: Option<Challenges>,
    current: RwLock<Current>,
    /// What the files looked like when they were last read.
    seen: Mutex<Vec<Option<Look>>>,
}

#[derive(Clone)]
struct Current {
    config: Arc<ServerConfig>,
    /// When the server's certificate begins and ends.
    validity: (Timestamp, Timestamp),
    /// Whether it stands in for one that is not there yet.
    stands_in: bool,
}

/// What a file looks like from outside: when it was written, its length, and which it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Look {
    written_at: SystemTime,
    bytes: u64,
    number: u64,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tls({self})")
    }
}

/// The file of the certificate.
impl fmt::Display for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.files.certificate.display())
    }
}

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    /// When one of them cannot be read, or key and certificate do not belong together.
    pub fn open(files: TlsFiles) -> Result<Self, NoTls> {
        Self::new(files, None)
    }

    /// The same, and answers to authorities.
    pub(crate) fn answering(files: TlsFiles, challenges: Challenges) -> Result<Self, NoTls> {
        Self::new(files, Some(challenges))
    }

    fn new(files: TlsFiles, challenges: Option<Challenges>) -> Result<Self, NoTls> {
        let seen = looks(&files);
        let current = read(&files, challenges.as_ref())?;
        Ok(Self(Arc::new(Inner {
            files,
            challenges,
            current: RwLock::new(current),
            seen: Mutex::new(seen),
        })))
    }

    /// Reads the files again, whether or not they look otherwise. New connections are made by them.
    ///
    /// # Errors
    /// As [`Self::open`]; then everything stays as it was.
    pub fn reload(&self) -> Result<(), NoTls> {
        self.read_again(&mut self.0.seen.lock())
    }

    /// Reads the files again if one of them looks otherwise; whether it did.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn reload_if_changed(&self) -> Result<bool, NoTls> {
        let mut seen = self.0.seen.lock();
        if *seen == looks(&self.0.files) {
            return Ok(false);
        }
        self.read_again(&mut seen).map(|()| true)
    }

    /// One at a time, so that what was read later counts.
    fn read_again(&self, seen: &mut Vec<Option<Look>>) -> Result<(), NoTls> {
        // What is wrong is not tried again before it looks otherwise.
        *seen = looks(&self.0.files);
        let current = read(&self.0.files, self.0.challenges.as_ref())?;
        *self.0.current.write() = current;
        Ok(())
    }

    /// When the certificate that is shown begins and ends.
    pub fn validity(&self) -> (Timestamp, Timestamp) {
        self.0.current.read().validity
    }

    /// When the certificate that is shown ends; nothing where it stands in for one that is not there yet.
    pub fn ends_at(&self) -> Option<Timestamp> {
        let current = self.0.current.read();
        (!current.stands_in).then_some(current.validity.1)
    }

    /// Makes connections as the files are now.
    pub(super) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.0.current.read().config))
    }

    /// Looks at the files now and then, and reads them at SIGHUP. Ends never.
    pub(super) async fn follow(self) {
        let mut hangup = match signal(SignalKind::hangup()) {
            Ok(hangup) => Some(hangup),
            Err(error) => {
                tracing::warn!(%error, "SIGHUP cannot be heard; certificates are read when their files change");
                None
            }
        };
        let mut alarm = Alarm::default();
        loop {
            if self.ends_at().is_some() {
                let now = Timestamp::from_micros(crate::acme::now().as_microsecond());
                alarm.look(self.validity(), now);
            }
            let asked = async {
                match &mut hangup {
                    Some(hangup) => hangup.recv().await,
                    None => std::future::pending().await,
                }
            };
            let asked = tokio::select! {
                _ = asked => true,
                () = tokio::time::sleep(LOOK_EVERY) => false,
            };
            let tls = self.clone();
            let read = tokio::task::spawn_blocking(move || {
                if asked {
                    tls.reload().map(|()| true)
                } else {
                    tls.reload_if_changed()
                }
            });
            match read.await {
                Ok(Ok(true)) => tracing::info!("new connections use the certificate as its files are now"),
                Ok(Ok(false)) => {}
                Ok(Err(error)) => {
                    tracing::error!(%error, "the certificate stays as it was: its files cannot be used");
                }
                Err(error) => {
                    tracing::error!(%error, "certificates could not be read: a defect of this program");
                }
            }
        }
    }
}

fn looks(files: &TlsFiles) -> Vec<Option<Look>> {
    let own = [&files.certificate, &files.key];
    let all = own
        .into_iter()
        .chain(&files.client_authorities)
        .chain(&files.client_authorities_if_there)
        .chain(&files.stand_in);
    all.map(|path| look(path)).collect()
}

fn look(path: &Path) -> Option<Look> {
    use std::os::unix::fs::MetadataExt as _;
    let facts = std::fs::metadata(path).ok()?;
    Some(Look {
        written_at: facts.modified().ok()?,
        bytes: facts.len(),
        number: facts.ino(),
    })
}

fn read(files: &TlsFiles, challenges: Option<&Challenges>) -> Result<Current, NoTls> {
    let (certificate, key_file) = files.shown();
    let refused = |path: &Path, why: String| NoTls {
        path: path.to_owned(),
        why,
    };
    let chain = certificates(certificate)?;
    let validity = chain
        .first()
        .and_then(|own| access::certificates::validity(own))
        .ok_or_else(|| refused(certificate, "its first certificate cannot be read".to_owned()))?;
    let key = PrivateKeyDer::from_pem_slice(&content(key_file)?).map_err(|error| {
        let why = format!("it holds no private key that can be read (-----BEGIN PRIVATE KEY-----): {error}");
        refused(key_file, why)
    })?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[&TLS13, &TLS12])
        .map_err(|error| refused(certificate, error.to_string()))?;
    let roots = client_roots(files)?;
    let builder = if roots.is_empty() {
        builder.with_no_client_auth()
    } else {
        // People have none: whoever shows none is asked otherwise.
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .allow_unauthenticated()
            .build()
            .map_err(|error| refused(certificate, error.to_string()))?;
        builder.with_client_cert_verifier(verifier)
    };
    let own = CertifiedKey::from_der(chain, key, &provider).map_err(|error| {
        let why = format!(
            "it cannot be used with the key in {}: {error}",
            key_file.display()
        );
        refused(certificate, why)
    })?;
    let mut config = builder.with_cert_resolver(Arc::new(Shown {
        own: Arc::new(own),
        challenges: challenges.cloned(),
    }));
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    if challenges.is_some() {
        config.alpn_protocols.push(ACME_TLS.to_vec());
    }
    if let Some(ticketer) = ticketer() {
        config.ticketer = ticketer;
    }
    Ok(Current {
        config: Arc::new(config),
        validity,
        stands_in: certificate != files.certificate,
    })
}

/// Sessions that clients keep, so that thousands of devices that come back at once cost less. Without randomness there
/// are none.
fn ticketer() -> Option<Arc<dyn rustls::server::ProducesTickets>> {
    rustls::crypto::aws_lc_rs::Ticketer::new().ok()
}

fn client_roots(files: &TlsFiles) -> Result<RootCertStore, NoTls> {
    let mut roots = RootCertStore::empty();
    let if_there = files
        .client_authorities_if_there
        .iter()
        .filter(|path| path.exists());
    for path in files.client_authorities.iter().chain(if_there) {
        for certificate in certificates(path)? {
            roots.add(certificate).map_err(|error| NoTls {
                path: path.clone(),
                why: format!("it holds a certificate that is no authority's: {error}"),
            })?;
        }
    }
    Ok(roots)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, NoTls> {
    let refused = |why: String| NoTls {
        path: path.to_owned(),
        why,
    };
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&content(path)?).collect();
    let all = all.map_err(|error| refused(format!("it holds a certificate that cannot be read: {error}")))?;
    if all.is_empty() {
        return Err(refused(
            "it holds no certificate (-----BEGIN CERTIFICATE-----)".to_owned(),
        ));
    }
    Ok(all)
}

fn content(path: &Path) -> Result<Vec<u8>, NoTls> {
    std::fs::read(path).map_err(|error: io::Error| NoTls {
        path: path.to_owned(),
        why: format!("it cannot be read: {error}"),
    })
}
