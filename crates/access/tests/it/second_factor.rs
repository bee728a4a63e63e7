//! Who has to have a second factor may do nothing before it is there.

use access::{Access, Assurance, Error, Permissions, Proof, Role, SecondFactor, Settings};
use twin::Clock as _;

use crate::support::{GOOD, Rig, WRONG, open, opened, settings, shown, source};

fn asking(rig: &Rig, second_factor: SecondFactor) -> Access {
    let settings = Settings {
        second_factor,
        ..settings()
    };
    open(&rig.twin, &rig.clock, 7, settings)
}

fn session(access: &Access, name: &str) -> String {
    opened(access.log_in(name, GOOD, &crate::support::from("192.0.2.1"))).token
}

#[test]
fn whom_it_is_asked_of() {
    let rig = Rig::new();
    rig.person("chief", &[Role::Administrator]);
    rig.person("ben", &[Role::Editor]);
    for (asked, chief, ben) in [
        (SecondFactor::Optional, false, false),
        (SecondFactor::Administrators, true, false),
        (SecondFactor::Everybody, true, true),
    ] {
        let access = asking(&rig, asked);
        for (name, owes) in [("chief", chief), ("ben", ben)] {
            let who = access.of_session(&session(&access, name)).unwrap();
            assert_eq!(who.owes_second_factor, owes, "{asked:?} {name}");
            assert_eq!(
                who.permissions == Permissions::default(),
                owes,
                "{asked:?} {name}"
            );
        }
    }
    // By the roles of a group, too, and from the next request on.
    let access = asking(&rig, SecondFactor::Administrators);
    let token = session(&access, "ben");
    let all = Permissions::all();
    access.put_group("chiefs", &[Role::Administrator], all).unwrap();
    let ben = access.person("ben").unwrap();
    access
        .set_roles(&ben.id, &[], &["chiefs".to_owned()], all)
        .unwrap();
    assert!(access.of_session(&token).unwrap().owes_second_factor);
}

#[test]
fn the_session_in_which_it_is_set_up_goes_on_and_others_do_not() {
    let rig = Rig::new();
    let chief = rig.person("chief", &[Role::Administrator]);
    let access = asking(&rig, SecondFactor::Administrators);
    let (own, other) = (session(&access, "chief"), session(&access, "chief"));
    let owes = |token: &str| access.of_session(token).unwrap().owes_second_factor;
    assert!(owes(&own) && owes(&other));
    // A session alone is no proof, nor is a wrong password.
    let from = source("192.0.2.1");
    assert_eq!(
        access.begin_second_factor(&chief.id, WRONG, from).err(),
        Some(Error::Refused)
    );
    assert!(matches!(
        access.begin_second_factor(&chief.id, Proof::Session(&own), from),
        Err(Error::State(_))
    ));
    let enrolment = access.begin_second_factor(&chief.id, GOOD, from).unwrap();
    assert!(owes(&own), "begun is not done");
    assert!(
        access
            .confirm_second_factor(&chief.id, "000000", Some(&own))
            .is_err()
    );
    let code = shown(&enrolment.secret, rig.clock.now());
    access
        .confirm_second_factor(&chief.id, &code, Some(&own))
        .unwrap();
    assert!(!owes(&own) && owes(&other));
    let who = access.of_session(&own).unwrap();
    assert_eq!(who.assurance, Assurance::Two);
    assert!(who.permissions.covers(Role::Administrator.permissions()));
    // Turned off, it is owed again.
    access.end_second_factor(&chief.id, GOOD, from).unwrap();
    assert!(owes(&own));
}

#[test]
fn the_store_has_no_secret_that_can_be_read() {
    let rig = Rig::new();
    let ada = rig.person("ada", &[Role::Editor]);
    let from = source("192.0.2.1");
    let enrolment = rig.access.begin_second_factor(&ada.id, GOOD, from).unwrap();
    let stored = || {
        let rows = rig.twin.rows("access-people").unwrap();
        String::from_utf8_lossy(&rows[0].1).into_owned()
    };
    let hex = bytes(&enrolment.secret)
        .iter()
        .fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    assert_eq!(hex.len(), 40);
    assert!(stored().contains("\"totp_new\":\"1.") && !stored().contains(&hex));
    let code = shown(&enrolment.secret, rig.clock.now());
    rig.access.confirm_second_factor(&ada.id, &code, None).unwrap();
    assert!(stored().contains("\"secret\":\"1.") && !stored().contains(&hex));
}

/// Base 32 (RFC 4648).
fn bytes(text: &str) -> Vec<u8> {
    let bits = text
        .bytes()
        .map(|digit| match digit {
            b'A'..=b'Z' => digit - b'A',
            _ => digit - b'2' + 26,
        })
        .fold(String::new(), |bits, value| format!("{bits}{value:05b}"));
    bits.as_bytes()
        .chunks_exact(8)
        .map(|byte| u8::from_str_radix(std::str::from_utf8(byte).unwrap(), 2).unwrap())
        .collect()
}
