//! What stands in the certificates of the built-in authority (RFC 5280, 4).

use std::time::Duration;

use ngsi_ld::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyUsagePurpose, PublicKey, PublicKeyData as _, SanType, SerialNumber,
};

use super::{DEVICE_DAYS, SERVER_DAYS, unmade};
use crate::error::{Error, Result};

/// Stands in the name of every authority of ours: a certificate that such a one issued has to stand in our records.
pub(crate) const ORGANISATION: &str = "Mapacha built-in authority";

/// The root: 20 years.
const ROOT_DAYS: u32 = 7305;
/// The issuing authority: 5 years.
const ISSUING_DAYS: u32 = 1826;
/// Clocks of devices may be behind by so much.
const BEHIND: Duration = Duration::from_mins(10);

pub(super) fn root(city: &str, random: &str, now: Timestamp) -> Result<CertificateParams> {
    authority(&format!("Root {random}"), city, 1, ROOT_DAYS, now)
}

pub(super) fn issuing(city: &str, random: &str, now: Timestamp) -> Result<CertificateParams> {
    authority(&format!("Issuing authority {random}"), city, 0, ISSUING_DAYS, now)
}

fn authority(name: &str, city: &str, below: u8, days: u32, now: Timestamp) -> Result<CertificateParams> {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::OrganizationName, ORGANISATION);
    if !city.is_empty() {
        params
            .distinguished_name
            .push(DnType::OrganizationalUnitName, city);
    }
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(below));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    hold(&mut params, days, now)?;
    Ok(params)
}

/// For a device or a service: its id is its alternative name, and it is good for nothing but showing who asks.
pub(super) fn client(id: &str, serial: [u8; 16], now: Timestamp) -> Result<CertificateParams> {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    let uri = id
        .try_into()
        .map_err(|_not_ascii| Error::BadDevice(crate::state::shortened(id)))?;
    params.subject_alt_names = vec![SanType::URI(uri)];
    leaf(&mut params, ExtendedKeyUsagePurpose::ClientAuth, serial);
    hold(&mut params, DEVICE_DAYS, now)?;
    Ok(params)
}

/// For a server.
pub(super) fn server(names: &[String], serial: [u8; 16], now: Timestamp) -> Result<CertificateParams> {
    if names.is_empty() {
        return Err(Error::Request("a server needs a name".to_owned()));
    }
    let mut params = CertificateParams::new(names).map_err(unmade)?;
    params.distinguished_name = DistinguishedName::new();
    leaf(&mut params, ExtendedKeyUsagePurpose::ServerAuth, serial);
    hold(&mut params, SERVER_DAYS, now)?;
    Ok(params)
}

fn leaf(params: &mut CertificateParams, usage: ExtendedKeyUsagePurpose, mut serial: [u8; 16]) {
    // Positive, and never shorter (RFC 5280, 4.1.2.2).
    serial[0] = serial[0] & 0x7f | 0x40;
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![usage];
    params.use_authority_key_identifier_extension = true;
}

fn hold(params: &mut CertificateParams, days: u32, now: Timestamp) -> Result<()> {
    let seconds = u64::try_from(now.as_micros() / 1_000_000)
        .map_err(|_before| Error::Authority("the clock stands before 1970".to_owned()))?;
    let now = rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(seconds);
    params.not_before = now - BEHIND;
    params.not_after = now + Duration::from_hours(24 * u64::from(days));
    Ok(())
}

/// Keys that are signed: ECDSA on P-256 and P-384, Ed25519. The length tells that key and algorithm belong together.
pub(super) fn must_be_a_key(key: &PublicKey) -> Result<()> {
    let algorithm = key.algorithm();
    let length = key.der_bytes().len();
    let fine = (algorithm == &rcgen::PKCS_ECDSA_P256_SHA256 && length == 65)
        || (algorithm == &rcgen::PKCS_ECDSA_P384_SHA384 && length == 97)
        || (algorithm == &rcgen::PKCS_ED25519 && length == 32);
    if fine {
        return Ok(());
    }
    Err(Error::Request(
        "its key is none of ECDSA on P-256 (with SHA-256), on P-384 (with SHA-384), and Ed25519".to_owned(),
    ))
}
