//! Whose word is taken for who a server is: certificate authorities of connections that the program makes.

use std::fmt;
use std::sync::{Arc, OnceLock};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::{FetchError, causes, shortened};

/// The authorities that the system trusts, and those an operator adds. Cheap to clone; the system's are read at the
/// first connection. TLS 1.2 and 1.3, certificates are always checked.
#[derive(Clone, Default)]
pub struct Trust(Arc<Inner>);

#[derive(Default)]
struct Inner {
    added: Vec<CertificateDer<'static>>,
    config: OnceLock<ClientConfig>,
}

impl Trust {
    /// The same, and the authorities of a PEM text.
    ///
    /// # Errors
    /// When it holds no certificate, or one that is damaged; says which, counted from 1.
    pub fn and(&self, pem: &[u8]) -> Result<Self, String> {
        let mut added = self.0.added.clone();
        let before = added.len();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(|error| error.to_string())?;
            let mut store = RootCertStore::empty();
            store
                .add(certificate.clone())
                .map_err(|error| format!("certificate {} of it: {error}", added.len() - before + 1))?;
            added.push(certificate);
        }
        if added.len() == before {
            return Err("it holds no certificate (-----BEGIN CERTIFICATE-----)".to_owned());
        }
        Ok(Self(Arc::new(Inner {
            added,
            config: OnceLock::new(),
        })))
    }

    /// How connections are made. Sessions are resumed between clients that share it.
    pub(super) fn config(&self) -> ClientConfig {
        self.0.config.get_or_init(|| build(&self.0.added)).clone()
    }
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Trust(the system's authorities and {} more)",
            self.0.added.len()
        )
    }
}

fn build(added: &[CertificateDer<'static>]) -> ClientConfig {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider));
    // Fails only for a provider that can do neither version.
    let builder = builder
        .with_safe_default_protocol_versions()
        .unwrap_or_else(|_| ClientConfig::builder());
    match Verifier::new_with_extra_roots(added.iter().cloned(), provider) {
        Ok(verifier) => builder
            .dangerous() // the name of the method that takes any verifier; this one is the system's
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth(),
        Err(error) => {
            tracing::warn!(
                %error,
                "no server's certificate can be trusted; install ca-certificates, or name files in \
                 notifications.trusted_certificates"
            );
            builder
                .with_root_certificates(RootCertStore::empty())
                .with_no_client_auth()
        }
    }
}

/// The same connection with TLS, the certificate held to the host's name.
pub(crate) async fn secured(
    trust: &Trust,
    stream: TcpStream,
    host: &str,
) -> Result<TlsStream<TcpStream>, FetchError> {
    let failed = |why: String| FetchError::Failed {
        url: shortened(host),
        why,
    };
    let bare = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let name = ServerName::try_from(bare).map_err(|error| failed(error.to_string()))?;
    let connector = TlsConnector::from(Arc::new(trust.config()));
    connector
        .connect(name, stream)
        .await
        .map_err(|error| failed(explained(causes(&error))))
}

/// What a reason means, where whoever runs the server can do something about it.
pub(super) fn explained(why: String) -> String {
    if why.contains("UnknownIssuer") {
        format!(
            "{why}: its certificate is signed by nobody this system trusts; if it is yours, name its authority's \
             file in notifications.trusted_certificates"
        )
    } else {
        why
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;
    use tokio_rustls::TlsAcceptor;

    use super::*;
    use crate::net::authority::Authority;
    use crate::net::{GuardedClient, Policy};

    async fn serving(acceptor: TlsAcceptor) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let Ok(mut stream) = acceptor.accept(stream).await else {
                return;
            };
            let mut buffer = [0; 1024];
            let _ = stream.read(&mut buffer).await;
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";
            let _ = stream.write_all(answer).await;
            let _ = stream.shutdown().await;
        });
        format!("https://localhost:{port}/c.jsonld")
    }

    async fn fetched(trust: Trust, url: &str) -> Result<Vec<u8>, String> {
        let policy = Policy {
            allow_private: true,
            trust,
        };
        let client = GuardedClient::new(policy, std::time::Duration::from_secs(10));
        client
            .fetch(url, "*/*", 1000)
            .await
            .map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn a_certificate_is_held_to_authority_name_and_time() {
        let (city, other) = (Authority::new("the city"), Authority::new("another"));
        for (trusted, name, expired, refusal) in [
            (&city, "localhost", false, None),
            (
                &other,
                "localhost",
                false,
                Some("notifications.trusted_certificates"),
            ),
            (&city, "elsewhere.example", false, Some("not valid for")),
            (&city, "localhost", true, Some("expired")),
        ] {
            let url = serving(city.acceptor(name, expired)).await;
            match (fetched(trusted.trust(), &url).await, refusal) {
                (Ok(body), None) => assert_eq!(body, b"{}"),
                (Err(error), Some(refusal)) => assert!(error.contains(refusal), "{refusal}: {error}"),
                (got, _) => panic!("{name} {expired}: {got:?}"),
            }
        }
    }

    #[tokio::test]
    async fn a_server_without_tls_is_refused_in_time() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = stream.write_all(b"220 mail.example ESMTP\r\n").await;
            let _ = stream.shutdown().await;
        });
        let refused = fetched(Trust::default(), &format!("https://localhost:{port}/")).await;
        assert!(refused.is_err());
    }

    #[test]
    fn files_without_certificates_are_named() {
        assert!(
            Trust::default()
                .and(b"hello")
                .unwrap_err()
                .contains("BEGIN CERTIFICATE")
        );
        let damaged = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert!(
            Trust::default()
                .and(damaged)
                .unwrap_err()
                .contains("certificate 1")
        );
        let fine = Authority::new("the city");
        assert!(format!("{:?}", fine.trust()).contains("1 more"));
    }
}
