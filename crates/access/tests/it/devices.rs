//! Devices: their life, their credentials, and what the built-in authority signs.

use std::time::Duration;

use access::{
    Access, Authority, Error, Kind, Lifecycle, NewDevice, Nobody, Permission, Permissions, Principal, Role,
    Source,
};
use rcgen::{CertificateParams, DnType, KeyPair, SanType};
use x509_parser::pem::Pem;
use x509_parser::prelude::{GeneralName, X509Certificate};

use crate::support::Rig;

const LAMP: &str = "urn:ngsi-ld:Device:lamp-7";
const DAY_S: i64 = 86_400;

fn all() -> Permissions {
    Permissions::all()
}

struct House {
    rig: Rig,
    authority: Authority,
    folder: tempfile::TempDir,
}

impl House {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            rig: Rig::new(),
            authority: Authority::in_folder(&folder.path().join("ca")),
            folder,
        }
    }

    fn access(&self) -> &Access {
        &self.rig.access
    }

    /// Registered, and its claim code.
    fn lamp(&self) -> String {
        let new = NewDevice {
            id: LAMP,
            roles: &[Role::Operator],
            scopes: &[Permission::TwinWrite, Permission::UsersManage],
            ..NewDevice::default()
        };
        self.access().add_device(&new, all()).unwrap().1
    }

    /// Claimed and enrolled: its certificate.
    fn enrolled(&self) -> Vec<u8> {
        let code = self.lamp();
        let (_, token) = self
            .access()
            .claim_device(LAMP, &code, "ada", Source::default())
            .unwrap();
        self.enrol(&token, &request()).unwrap()
    }

    fn enrol(&self, token: &str, request: &str) -> Result<Vec<u8>, Error> {
        let enrolled = self.access().enrol_device(
            LAMP,
            token,
            request,
            (&self.authority, "Kisumu"),
            Source::default(),
        );
        enrolled.map(|(_, chain)| ders(&chain).remove(0))
    }

    fn renew(&self, who: &Principal) -> Vec<u8> {
        let renewed = self.access().renew_certificate(who, &request(), &self.authority);
        ders(&renewed.unwrap().1).remove(0)
    }

    fn state(&self, next: Lifecycle) -> Result<(), Error> {
        self.access().set_device_state(LAMP, next, all()).map(|_| ())
    }
}

fn ders(pem: &str) -> Vec<Vec<u8>> {
    Pem::iter_from_buffer(pem.as_bytes())
        .map(|block| block.unwrap().contents)
        .collect()
}

/// A request that asks for much more than it gets.
fn request() -> String {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(["www.example.org".to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, "root");
    let other = SanType::URI("urn:ngsi-ld:Device:other".try_into().unwrap());
    params.subject_alt_names.push(other);
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    params.serialize_request(&key).unwrap().pem().unwrap()
}

#[test]
fn from_the_factory_to_the_end() {
    let house = House::new();
    let access = house.access();
    let code = house.lamp();
    assert_eq!(access.device(LAMP).unwrap().state, Lifecycle::Manufactured);
    for (id, code) in [(LAMP, "AAAA-BBBB"), (LAMP, ""), ("urn:ngsi-ld:Device:no", &*code)] {
        assert_eq!(
            access.claim_device(id, code, "ada", Source::default()),
            Err(Error::Refused),
            "{id} {code}"
        );
    }
    // As people type it.
    let typed = code.to_lowercase().replace('-', " ");
    let (claimed, token) = access
        .claim_device(LAMP, &typed, "ada", Source::default())
        .unwrap();
    assert_eq!(
        (claimed.state, claimed.owner.as_deref()),
        (Lifecycle::Claimed, Some("ada"))
    );
    assert_eq!(
        access.claim_device(LAMP, &code, "eve", Source::default()),
        Err(Error::Refused),
        "it works once"
    );
    assert!(access.renew_claim_code(LAMP, all()).is_err());
    for wrong in ["", "x", &code] {
        assert_eq!(house.enrol(wrong, &request()), Err(Error::Refused));
    }
    assert!(
        !house.authority.exists(),
        "nothing is made for who proves nothing"
    );
    let certificate = house.enrol(&token, &request()).unwrap();
    assert!(house.authority.exists());
    assert_eq!(
        house.enrol(&token, &request()),
        Err(Error::Refused),
        "it works once"
    );
    let lamp = access.of_certificate(&certificate).unwrap();
    assert_eq!((lamp.kind, &*lamp.id), (Kind::Device, LAMP));
    assert!(lamp.may(Permission::TwinWrite) && !lamp.may(Permission::TwinRead));
    assert!(!lamp.may(Permission::UsersManage), "its role does not give that");
    let epoch = access.epoch();
    house.state(Lifecycle::Suspended).unwrap();
    assert!(access.epoch() > epoch, "who is told of changes is asked for anew");
    let not = |state| Err(Nobody::Not(state));
    assert_eq!(access.of_certificate(&certificate), not(Lifecycle::Suspended));
    assert!(access.principal(LAMP).is_none());
    house.state(Lifecycle::Active).unwrap();
    assert!(access.of_certificate(&certificate).is_ok() && access.principal(LAMP).is_some());
    // The next start finds the same.
    assert_eq!(
        house.rig.restarted().of_certificate(&certificate).unwrap().id,
        lamp.id
    );
    // Given back: whoever comes next has nothing of whoever was before.
    house.state(Lifecycle::Manufactured).unwrap();
    assert_eq!(access.of_certificate(&certificate), Err(Nobody::Unknown));
    let (_, code) = access.renew_claim_code(LAMP, all()).unwrap();
    access
        .claim_device(LAMP, &code, "ben", Source::default())
        .unwrap();
    house.state(Lifecycle::Retired).unwrap();
    for next in [Lifecycle::Active, Lifecycle::Manufactured, Lifecycle::Suspended] {
        assert!(house.state(next).is_err());
    }
    let again = NewDevice {
        id: LAMP,
        ..NewDevice::default()
    };
    assert!(
        matches!(access.add_device(&again, all()), Err(Error::Taken(_))),
        "an id is never used again"
    );
}

#[test]
fn what_is_signed_is_what_is_known_here() {
    let house = House::new();
    let der = house.enrolled();
    let (_, certificate) = x509_parser::parse_x509_certificate(&der).unwrap();
    assert_eq!(
        certificate.subject().iter().count(),
        0,
        "the request's subject counts for nothing"
    );
    let names = certificate.subject_alternative_name().unwrap().unwrap();
    assert!(names.critical, "RFC 5280, 4.1.2.6: where there is no subject");
    assert_eq!(names.value.general_names, [GeneralName::URI(LAMP)]);
    assert!(!certificate.is_ca());
    let usage = certificate.extended_key_usage().unwrap().unwrap().value;
    assert!(usage.client_auth && !usage.server_auth && !usage.any);
    let usage = certificate.key_usage().unwrap().unwrap().value;
    assert!(usage.digital_signature() && !usage.key_cert_sign());
    let validity = certificate.validity();
    let days = (validity.not_after.timestamp() - validity.not_before.timestamp()) / DAY_S;
    assert_eq!(days, 90);
    assert!(certificate.raw_serial().len() == 16 && certificate.raw_serial()[0] & 0x80 == 0);
    // Two levels, each of which may sign what is below it only.
    let info = house.authority.info().unwrap();
    let chain = ders(&info.pem);
    let parsed: Vec<X509Certificate<'_>> = chain
        .iter()
        .map(|der| x509_parser::parse_x509_certificate(der).unwrap().1)
        .collect();
    let below = |n: usize| {
        let constraints = parsed[n].basic_constraints().unwrap().unwrap().value;
        (constraints.ca, constraints.path_len_constraint)
    };
    assert_eq!((below(0), below(1)), ((true, Some(1)), (true, Some(0))));
    assert_eq!(parsed[0].subject(), parsed[0].issuer());
    assert_eq!(parsed[1].issuer(), parsed[0].subject());
    assert_eq!(certificate.issuer(), parsed[1].subject());
}

#[test]
fn bad_requests_are_refused() {
    let house = House::new();
    let code = house.lamp();
    let (_, token) = house
        .access()
        .claim_device(LAMP, &code, "ada", Source::default())
        .unwrap();
    let good = request();
    let mut flipped = ders(&good).remove(0);
    let last = flipped.len() - 1;
    flipped[last] ^= 1;
    // Somebody else's public key, signed by one's own: no proof that one has it.
    let (own, other) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let mut swapped = {
        let params = CertificateParams::default();
        params.serialize_request(&own).unwrap().der().to_vec()
    };
    let at = swapped
        .windows(65)
        .position(|window| window == own.public_key_raw())
        .unwrap();
    swapped[at..at + 65].copy_from_slice(other.public_key_raw());
    let pem = |der: &[u8]| pem_of("CERTIFICATE REQUEST", der);
    for (bad, what) in [
        (String::new(), "nothing"),
        ("hello".to_owned(), "no PEM"),
        (pem(b"hello"), "no PKCS #10"),
        (pem(&flipped), "a broken signature"),
        (pem(&swapped), "the key of somebody else"),
        (good.repeat(100), "too long"),
        (pem(&self_signed()), "a certificate"),
    ] {
        assert!(
            matches!(house.enrol(&token, &bad), Err(Error::Request(_))),
            "{what}"
        );
    }
    for (algorithm, fine) in [
        (&rcgen::PKCS_ECDSA_P256_SHA256, true),
        (&rcgen::PKCS_ECDSA_P384_SHA384, true),
        (&rcgen::PKCS_ED25519, true),
        (&rcgen::PKCS_RSA_SHA256, false),
    ] {
        let (_, token) = house.access().renew_enrolment(LAMP, all()).unwrap();
        let key = KeyPair::generate_for(algorithm).unwrap();
        let request = CertificateParams::default().serialize_request(&key).unwrap();
        let enrolled = house.enrol(&token, &request.pem().unwrap());
        assert_eq!(enrolled.is_ok(), fine, "{algorithm:?}");
    }
}

fn self_signed() -> Vec<u8> {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::default().self_signed(&key).unwrap();
    certificate.der().to_vec()
}

fn pem_of(label: &str, der: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in der.chunks(3) {
        let mut three = [0; 3];
        three[..chunk.len()].copy_from_slice(chunk);
        let bits = u32::from_be_bytes([0, three[0], three[1], three[2]]);
        for n in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * n) & 63) as usize];
            text.push(if n <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    let lines: Vec<&str> = (0..text.len())
        .step_by(64)
        .map(|at| &text[at..(at + 64).min(text.len())])
        .collect();
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        lines.join("\n")
    )
}

#[test]
fn a_renewed_certificate_and_the_one_before_hold_both() {
    let house = House::new();
    let access = house.access();
    let first = house.enrolled();
    house.rig.wait_s(80 * DAY_S);
    let who = access.of_certificate(&first).unwrap();
    let second = house.renew(&who);
    assert!(access.of_certificate(&first).is_ok() && access.of_certificate(&second).is_ok());
    assert_eq!(access.device(LAMP).unwrap().certificates.len(), 2);
    house.rig.wait_s(10 * DAY_S - 1);
    assert!(access.of_certificate(&first).is_ok());
    house.rig.wait_s(1);
    assert_eq!(
        access.of_certificate(&first),
        Err(Nobody::NotNow),
        "its 90 days are over"
    );
    let who = access.of_certificate(&second).unwrap();
    let third = house.renew(&who);
    let fourth = house.renew(&who);
    assert_eq!(
        access.of_certificate(&second),
        Err(Nobody::Unknown),
        "two, and not more"
    );
    assert!(access.of_certificate(&third).is_ok());
    // One of them can be ended alone.
    let info = access.device(LAMP).unwrap();
    access
        .revoke_certificate(LAMP, &info.certificates[0].serial, all())
        .unwrap();
    assert_eq!(access.of_certificate(&third), Err(Nobody::Unknown));
    assert!(access.of_certificate(&fourth).is_ok());
    assert!(access.revoke_certificate(LAMP, "00", all()).is_err());
    // A person with a key renews nothing.
    let ada = house.rig.person("ada", &[Role::Administrator]);
    let ada = access.principal(&ada.id).unwrap();
    let refused = access.renew_certificate(&ada, &request(), &house.authority);
    assert_eq!(refused.map(|_| ()), Err(Error::Refused));
    // Before it begins, it is nothing either.
    house.rig.clock.advance(-200 * DAY_S * 1_000_000);
    assert_eq!(access.of_certificate(&fourth), Err(Nobody::NotNow));
}

#[test]
fn the_issuing_authority_is_renewed_with_the_roots_key_only() {
    let house = House::new();
    let first = house.enrolled();
    let ca = house.folder.path().join("ca");
    let mode = |name: &str| {
        use std::os::unix::fs::PermissionsExt as _;
        let facts = std::fs::metadata(ca.join(name)).unwrap();
        facts.permissions().mode() & 0o777
    };
    assert_eq!(
        (mode("root.key"), mode("issuing.key"), mode("")),
        (0o600, 0o600, 0o700)
    );
    let now = house.rig.access.device(LAMP).unwrap().made_at;
    assert!(house.authority.init("Kisumu", now).is_err(), "there is one");
    let before = house.authority.info().unwrap();
    let key = std::fs::read_to_string(ca.join("root.key")).unwrap();
    std::fs::remove_file(ca.join("root.key")).unwrap();
    assert!(house.authority.renew(None, now).is_err(), "the key is elsewhere");
    let other = KeyPair::generate().unwrap().serialize_pem();
    let error = house.authority.renew(Some(&other), now).unwrap_err().to_string();
    assert!(error.contains("not the key"), "{error}");
    let after = house.authority.renew(Some(&key), now).unwrap();
    assert_eq!(before.root_sha256, after.root_sha256);
    assert_ne!(before.pem, after.pem);
    assert!(!after.has_root_key);
    let who = house.access().of_certificate(&first).unwrap();
    let second = house.renew(&who);
    let issuer = ders(&after.pem).remove(1);
    let (_, issuer) = x509_parser::parse_x509_certificate(&issuer).unwrap();
    let (_, second) = x509_parser::parse_x509_certificate(&second).unwrap();
    assert_eq!(second.issuer(), issuer.subject());
}

#[test]
fn certificates_of_others_are_known_by_their_uri() {
    let house = House::new();
    let access = house.access();
    house.enrolled();
    let make = |uris: &[&str], common_name: &str, issuer: &str| {
        let mut authority = CertificateParams::default();
        authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        authority
            .distinguished_name
            .push(DnType::OrganizationName, issuer);
        let authority = rcgen::CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, common_name);
        params.subject_alt_names = uris
            .iter()
            .map(|uri| SanType::URI((*uri).try_into().unwrap()))
            .collect();
        params.not_after = rcgen::date_time_ymd(2096, 1, 1);
        let key = KeyPair::generate().unwrap();
        params.signed_by(&key, &authority).unwrap().der().to_vec()
    };
    let other = "urn:ngsi-ld:Device:lamp-8";
    let new = NewDevice {
        id: other,
        ..NewDevice::default()
    };
    access.add_device(&new, all()).unwrap();
    for (uris, name, issuer, expected) in [
        (&[LAMP][..], "", "A maker", Ok(())),
        (&["https://maker.example/7", LAMP], "", "A maker", Ok(())),
        (&[], LAMP, "A maker", Err(Nobody::Unknown)),
        (&["urn:ngsi-ld:Device:no"], LAMP, "A maker", Err(Nobody::Unknown)),
        (&[LAMP, other], "", "A maker", Err(Nobody::Unknown)),
        (
            &[other],
            LAMP,
            "A maker",
            Err(Nobody::Not(Lifecycle::Manufactured)),
        ),
        // What calls itself ours has to stand in our records.
        (&[LAMP], "", "Mapacha built-in authority", Err(Nobody::Unknown)),
    ] {
        let der = make(uris, name, issuer);
        assert_eq!(
            access.of_certificate(&der).map(|_| ()),
            expected,
            "{uris:?} {name} {issuer}"
        );
    }
    assert_eq!(access.of_certificate(b"hello"), Err(Nobody::Unreadable));
    let mut longer = make(&[LAMP], "", "A maker");
    longer.push(0);
    assert_eq!(access.of_certificate(&longer), Err(Nobody::Unreadable));
}

#[test]
fn a_secret_for_those_that_can_have_no_certificate() {
    let house = House::new();
    let access = house.access();
    let code = house.lamp();
    let hour = Duration::from_hours(1);
    assert!(
        access.rotate_device_secret(LAMP, hour, all()).is_err(),
        "it belongs to nobody"
    );
    access
        .claim_device(LAMP, &code, "ada", Source::default())
        .unwrap();
    let (info, first) = access.rotate_device_secret(LAMP, hour, all()).unwrap();
    assert!(info.state == Lifecycle::Active && info.has_secret);
    let works = |secret: &str| access.of_device_secret(secret).is_some();
    assert!(works(&first) && !works("") && !works(&first[1..]) && !works(&format!("{first}0")));
    assert_eq!(access.device_psk(LAMP).unwrap(), {
        use sha2::{Digest as _, Sha256};
        let hash: [u8; 32] = Sha256::digest(format!("device\0{first}")).into();
        hash
    });
    let (_, second) = access.rotate_device_secret(LAMP, hour, all()).unwrap();
    assert!(works(&first) && works(&second));
    house.rig.wait_s(3600);
    assert!(!works(&first) && works(&second));
    assert_eq!(
        house.rig.restarted().of_device_secret(&second).unwrap().kind,
        Kind::Device
    );
    for (_, value) in house.rig.twin.rows("access-devices").unwrap() {
        let stored = String::from_utf8_lossy(&value).into_owned();
        assert!(
            !stored.contains(&second[20..]) && !stored.contains(&code),
            "digests only"
        );
    }
    house.state(Lifecycle::Suspended).unwrap();
    assert!(!works(&second) && access.device_psk(LAMP).is_none());
}

#[test]
fn nobody_hands_out_what_they_do_not_have() {
    let house = House::new();
    let access = house.access();
    let operator = Role::Operator.permissions();
    let new = NewDevice {
        id: "urn:ngsi-ld:Service:desk",
        roles: &[Role::Administrator],
        ..NewDevice::default()
    };
    assert!(matches!(access.add_device(&new, operator), Err(Error::Beyond(_))));
    access.add_device(&new, all()).unwrap();
    let id = new.id;
    assert!(access.renew_claim_code(id, operator).is_err());
    assert!(access.renew_enrolment(id, operator).is_err());
    assert!(access.rotate_device_secret(id, Duration::ZERO, operator).is_err());
    assert!(access.set_device_state(id, Lifecycle::Retired, operator).is_err());
    assert!(
        access
            .set_device_rights(id, &[Role::Viewer], &[], operator)
            .is_err()
    );
    access.set_device_rights(id, &[Role::Viewer], &[], all()).unwrap();
    let beyond = [Role::Administrator];
    assert!(access.set_device_rights(id, &beyond, &[], operator).is_err());
    let ids: Vec<_> = access
        .devices(None, 10)
        .iter()
        .map(|device| device.id.to_string())
        .collect();
    assert_eq!(ids, [id]);
    assert!(access.devices(Some(id), 10).is_empty());
}
