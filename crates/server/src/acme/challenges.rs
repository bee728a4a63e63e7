//! The answer to an authority that asks whether a name is this server's: TLS-ALPN-01 (RFC 8737).

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::RwLock;
use rcgen::{CertificateParams, CustomExtension, DistinguishedName, KeyPair};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::PrivateKeyDer;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

/// The protocol that who asks names alone (RFC 8737, 6.2).
pub(crate) const ACME_TLS: &[u8] = b"acme-tls/1";

/// The certificates that answer, by name in lower case. Empty but for the seconds of an order. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Challenges(Arc<RwLock<HashMap<String, Arc<CertifiedKey>>>>);

impl Challenges {
    /// Answers for `name` with the digest of a key authorization.
    ///
    /// # Errors
    /// When no certificate can be made of it.
    pub(super) fn put(&self, name: &str, digest: &[u8; 32]) -> Result<(), rcgen::Error> {
        let name = name.to_ascii_lowercase();
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new([name.clone()])?;
        params.distinguished_name = DistinguishedName::new();
        params.custom_extensions = vec![CustomExtension::new_acme_identifier(digest)];
        let certificate = params.self_signed(&key)?;
        let key = PrivateKeyDer::try_from(key.serialize_der())
            .map_err(|_why| rcgen::Error::CouldNotParseKeyPair)?;
        let provider = aws_lc_rs::default_provider();
        // Not `from_der`, which reads the certificate: nobody but an authority understands its critical extension.
        let key = provider
            .key_provider
            .load_private_key(key)
            .map_err(|_why| rcgen::Error::CouldNotParseKeyPair)?;
        let certified = CertifiedKey::new(vec![certificate.der().clone()], key);
        self.0.write().insert(name, Arc::new(certified));
        Ok(())
    }

    /// Answers nobody any more.
    pub(super) fn clear(&self) {
        self.0.write().clear();
    }
}

/// Shows the server's own certificate, and the answer to who asks for that.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) own: Arc<CertifiedKey>,
    /// Without, nobody is answered.
    pub(crate) challenges: Option<Challenges>,
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let Some(challenges) = &self.challenges else {
            return Some(Arc::clone(&self.own));
        };
        let mut protocols = hello.alpn().into_iter().flatten();
        if protocols.next() != Some(ACME_TLS) || protocols.next().is_some() {
            return Some(Arc::clone(&self.own));
        }
        let name = hello.server_name()?.to_ascii_lowercase();
        challenges.0.read().get(&name).cloned()
    }
}

#[cfg(test)]
mod tests {
    use x509_parser::prelude::{FromDer as _, X509Certificate};

    use super::*;

    #[test]
    fn the_answer_is_the_digest_in_a_critical_extension_and_lasts_for_an_order() {
        let challenges = Challenges::default();
        challenges.put("Twin.city.example", &[7; 32]).unwrap();
        let answer = challenges.0.read().get("twin.city.example").cloned().unwrap();
        let (_, certificate) = X509Certificate::from_der(&answer.cert[0]).unwrap();
        // RFC 8737, 3: id-pe-acmeIdentifier, an octet string of 32 bytes; and the name as the only alternative name.
        let said = certificate
            .extensions()
            .iter()
            .find(|extension| extension.oid.to_id_string() == "1.3.6.1.5.5.7.1.31")
            .unwrap();
        assert!(said.critical);
        assert_eq!(said.value, [&[4, 32][..], &[7; 32]].concat());
        let names = certificate.subject_alternative_name().unwrap().unwrap();
        assert_eq!(names.value.general_names.len(), 1);
        challenges.clear();
        assert!(challenges.0.read().is_empty());
    }
}
