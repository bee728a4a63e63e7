//! What a certificate (X.509, RFC 5280) says, as far as it matters to who asks.
//!
//! Whether somebody has the key of a certificate, and who signed it, is the transport's to find out (TLS, DTLS). What is
//! read here is only what a verified certificate says.

use ngsi_ld::Timestamp;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{ASN1Time, FromDer as _, X509Certificate};

use crate::authority::ORGANISATION;
use crate::secret::Digest;

/// A certificate that was read.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Certificate {
    /// SHA-256 of the whole.
    pub(crate) fingerprint: Digest,
    /// The number its issuer gave it, in hexadecimal digits.
    pub(crate) serial: String,
    /// Whether an authority of ours issued it (whoever signed it may have signed this name, too).
    pub(crate) is_built_in: bool,
    /// The URIs among its alternative names. The common name names nobody (RFC 9525, 2).
    pub(crate) uris: Vec<String>,
    /// From when it holds.
    pub(crate) begins_at: Timestamp,
    /// Until when it holds.
    pub(crate) ends_at: Timestamp,
}

impl Certificate {
    /// Of the bytes (DER); nothing where they are none, or more.
    pub(crate) fn read(der: &[u8]) -> Option<Self> {
        let (rest, certificate) = X509Certificate::from_der(der).ok()?;
        if !rest.is_empty() {
            return None;
        }
        // An extension that stands there twice is none (RFC 5280, 4.2).
        let names = certificate.subject_alternative_name().ok()?;
        let names = names.map_or(&[][..], |names| names.value.general_names.as_slice());
        let uris = names.iter().filter_map(|name| match name {
            GeneralName::URI(uri) => Some((*uri).to_owned()),
            _ => None,
        });
        let validity = certificate.validity();
        Some(Self {
            fingerprint: Digest::of_public(der),
            serial: crate::secret::hex(certificate.raw_serial()),
            is_built_in: certificate
                .issuer()
                .iter_organization()
                .any(|name| name.as_str() == Ok(ORGANISATION)),
            uris: uris.collect(),
            begins_at: timestamp(validity.not_before),
            ends_at: timestamp(validity.not_after),
        })
    }
}

/// When a certificate (DER) begins and ends; nothing where it cannot be read.
pub fn validity(der: &[u8]) -> Option<(Timestamp, Timestamp)> {
    Certificate::read(der).map(|read| (read.begins_at, read.ends_at))
}

fn timestamp(at: ASN1Time) -> Timestamp {
    Timestamp::from_micros(at.timestamp().saturating_mul(1_000_000))
}
