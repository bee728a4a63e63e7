//! For tests: authorities, certificates, and clients that show them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    IsCa, KeyPair, SanType,
};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use server::{Tls, TlsFiles};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::common::City;

/// A certificate authority of somebody.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key.
#[derive(Clone)]
pub(crate) struct Shown {
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) key_pem: String,
}

/// What a certificate for a client is made of.
pub(crate) struct Asked<'a> {
    pub(crate) common_name: &'a str,
    pub(crate) uris: &'a [&'a str],
    pub(crate) usage: ExtendedKeyUsagePurpose,
    /// The years in which it begins and ends.
    pub(crate) years: (i32, i32),
}

impl Default for Asked<'_> {
    fn default() -> Self {
        Self {
            common_name: "a device",
            uris: &[],
            usage: ExtendedKeyUsagePurpose::ClientAuth,
            years: (2000, 2096),
        }
    }
}

impl Shown {
    /// As the program answers it: a chain in PEM.
    pub(crate) fn of(chain: &str, key: &KeyPair) -> Self {
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(chain.as_bytes()).collect();
        Self {
            chain: chain.unwrap(),
            key_pem: key.serialize_pem(),
        }
    }
}

impl Asked<'_> {
    fn params(&self) -> CertificateParams {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params
            .distinguished_name
            .push(DnType::CommonName, self.common_name);
        params.subject_alt_names = self
            .uris
            .iter()
            .map(|uri| SanType::URI((*uri).try_into().unwrap()))
            .collect();
        params.extended_key_usages = vec![self.usage.clone()];
        params.not_before = rcgen::date_time_ymd(self.years.0, 1, 1);
        params.not_after = rcgen::date_time_ymd(self.years.1, 1, 1);
        params
    }

    /// Signed by nobody but itself.
    pub(crate) fn self_signed(&self) -> Shown {
        let key = KeyPair::generate().unwrap();
        let certificate = self.params().self_signed(&key).unwrap();
        Shown {
            chain: vec![certificate.der().clone()],
            key_pem: key.serialize_pem(),
        }
    }
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::OrganizationName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    pub(crate) fn client(&self, asked: &Asked<'_>) -> Shown {
        let key = KeyPair::generate().unwrap();
        let certificate = asked.params().signed_by(&key, &self.0).unwrap();
        Shown {
            chain: vec![certificate.der().clone()],
            key_pem: key.serialize_pem(),
        }
    }

    /// Writes a new certificate for `localhost` and its key into a folder.
    pub(crate) fn write_server(&self, folder: &Path) -> (PathBuf, PathBuf) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        let files = (folder.join("server.pem"), folder.join("server.key"));
        std::fs::write(&files.0, certificate.pem()).unwrap();
        std::fs::write(&files.1, key.serialize_pem()).unwrap();
        files
    }
}

/// A folder with a certificate for `localhost`, and what a listener makes of it.
pub(crate) struct Rig {
    pub(crate) authority: Authority,
    pub(crate) folder: tempfile::TempDir,
}

impl Rig {
    pub(crate) fn new() -> Self {
        let rig = Self {
            authority: Authority::new("the city"),
            folder: tempfile::tempdir().unwrap(),
        };
        rig.authority.write_server(rig.folder.path());
        rig
    }

    /// With these authorities of clients.
    pub(crate) fn tls(&self, of_clients: &[&Authority]) -> Tls {
        self.tls_with(of_clients, Vec::new())
    }

    /// The same, and these files of authorities, where they are there.
    pub(crate) fn tls_with(&self, of_clients: &[&Authority], if_there: Vec<PathBuf>) -> Tls {
        let path = |name: &str| self.folder.path().join(name);
        let named: Vec<_> = of_clients
            .iter()
            .enumerate()
            .map(|(n, authority)| {
                let file = path(&format!("clients-{n}.pem"));
                std::fs::write(&file, authority.pem()).unwrap();
                file
            })
            .collect();
        Tls::open(TlsFiles {
            certificate: path("server.pem"),
            key: path("server.key"),
            client_authorities: named,
            client_authorities_if_there: if_there,
            stand_in: None,
        })
        .unwrap()
    }

    pub(crate) fn client(&self) -> Client {
        Client::trusting(&self.authority)
    }
}

/// Somebody who connects.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) roots: Arc<RootCertStore>,
    pub(crate) versions: Vec<&'static SupportedProtocolVersion>,
    pub(crate) shows: Option<Shown>,
    /// The name that the server has to have.
    pub(crate) expects: &'static str,
}

impl Client {
    pub(crate) fn trusting(authority: &Authority) -> Self {
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_slice(authority.pem().as_bytes()).unwrap())
            .unwrap();
        Self {
            roots: Arc::new(roots),
            versions: rustls::ALL_VERSIONS.to_vec(),
            shows: None,
            expects: "localhost",
        }
    }

    pub(crate) fn showing(&self, shown: &Shown) -> Self {
        Self {
            shows: Some(shown.clone()),
            ..self.clone()
        }
    }

    pub(crate) async fn connect(&self, port: u16) -> std::io::Result<TlsStream<TcpStream>> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&self.versions)
            .unwrap()
            .with_root_certificates(Arc::clone(&self.roots));
        let config = match &self.shows {
            None => config.with_no_client_auth(),
            Some(shown) => {
                let key = PrivateKeyDer::from_pem_slice(shown.key_pem.as_bytes()).unwrap();
                config.with_client_auth_cert(shown.chain.clone(), key).unwrap()
            }
        };
        let socket = TcpStream::connect(("127.0.0.1", port)).await?;
        let name = ServerName::try_from(self.expects).unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, socket).await
    }

    /// One request over a connection of its own: the whole answer, or why there is none.
    pub(crate) async fn ask(&self, port: u16, head: &str, body: &str) -> Result<String, String> {
        let exchange = async {
            let mut stream = self.connect(port).await?;
            let request = format!(
                "{head} HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\nContent-Type: application/json\r\n\
                 Content-Length: {}\r\n\r\n{body}",
                body.len()
            );
            stream.write_all(request.as_bytes()).await?;
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).await?;
            Ok::<_, std::io::Error>(String::from_utf8_lossy(&answer).into_owned())
        };
        exchange.await.map_err(|error| error.to_string())
    }
}

/// A city on a socket, until it is dropped.
pub(crate) struct Listening {
    pub(crate) city: City,
    pub(crate) port: u16,
    serving: tokio::task::JoinHandle<()>,
}

impl Listening {
    pub(crate) async fn over(city: City) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let app = city.app.clone();
        let serving = tokio::spawn(async move {
            server::serve(listener, app, std::future::pending())
                .await
                .unwrap();
        });
        Self { city, port, serving }
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
