//! What is on disk: rows of every version load for ever, and one that cannot be read stops nothing.

use access::{Assurance, Error, Permission, Role};
use twin::Row;

use crate::support::{GOOD, Rig, open, opened, settings};

/// Rows of version 1, as that version wrote them: table, key (hexadecimal), value after the version byte.
const VERSION_1: &str = include_str!("fixtures/rows-v1.txt");

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

fn fixture() -> Vec<Row> {
    VERSION_1
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            let mut parts = line.splitn(3, ' ');
            let table = match parts.next().unwrap() {
                "access-people" => "access-people",
                "access-groups" => "access-groups",
                "access-sessions" => "access-sessions",
                "access-keys" => "access-keys",
                "access-settings" => "access-settings",
                other => panic!("{other}"),
            };
            let key = unhex(parts.next().unwrap());
            let mut value = vec![1];
            value.extend_from_slice(parts.next().unwrap().as_bytes());
            Row::put(table, key, value)
        })
        .collect()
}

#[test]
fn rows_of_version_1_load() {
    let rig = Rig::new();
    rig.twin.store_rows_blocking(fixture()).unwrap();
    rig.clock
        .set(ngsi_ld::Timestamp::parse("2026-05-01T12:10:00Z").unwrap());
    let access = open(&rig.twin, &rig.clock, 5, settings());
    let ada = access.person("ada").unwrap();
    assert_eq!(
        (ada.roles.as_slice(), ada.groups.as_slice()),
        (&[Role::Viewer][..], &["works".to_owned()][..])
    );
    assert!(ada.second_factor && ada.recovery_codes == 1 && !ada.disabled);
    assert!(ada.permissions.has(Permission::TwinWrite), "by the group");
    let session = access.of_session("the token of the fixture").unwrap();
    assert_eq!((&*session.id, session.assurance), (&*ada.id, Assurance::Two));
    let key = access.of_key("mapacha_00112233aabbccdd_fixture").unwrap();
    assert!(key.may(Permission::TwinRead) && !key.may(Permission::AssessmentRead));
    let entered = access.log_in("ada", GOOD, &crate::support::from("192.0.2.1"));
    assert!(
        matches!(entered, Ok(access::Entered::SecondFactor(_))),
        "the password is right"
    );
    assert!(!access.needs_setup());
    // What that version left as it was is sealed from the first start on, and works.
    let rows = rig.twin.rows("access-people").unwrap();
    let sealed: Vec<_> = rows
        .iter()
        .map(|(_, row)| String::from_utf8_lossy(row))
        .filter(|row| row.contains("\"ada\""))
        .collect();
    assert_eq!(sealed.len(), 1);
    for row in sealed {
        let clear = row.contains("3132333435363738393031323334353637383930");
        // The other one was only invited, and has no second factor.
        let sealed = row.contains("\"secret\":\"1.") || row.contains("\"name\":\"ben\"");
        assert!(sealed && !clear, "{row}");
    }
    let again = open(&rig.twin, &rig.clock, 6, settings());
    let attempt = crate::support::from("192.0.2.1");
    let Ok(access::Entered::SecondFactor(token)) = again.log_in("ada", GOOD, &attempt) else {
        panic!("the password is right");
    };
    // RFC 6238's secret, in the base 32 that people type; a minute on, since the fixture took the code of its time.
    rig.wait_s(60);
    let now = ngsi_ld::Timestamp::parse("2026-05-01T12:11:00Z").unwrap();
    let code = crate::support::shown("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", now);
    assert!(again.second_factor(&token, &code, &attempt).is_ok());
}

#[test]
fn a_row_that_cannot_be_read_stops_nothing_and_is_kept() {
    let rig = Rig::new();
    rig.person("ada", &[Role::Administrator]);
    for table in [
        "access-people",
        "access-groups",
        "access-sessions",
        "access-keys",
        "access-settings",
    ] {
        let rows = [&b""[..], b"\x02{}", b"\x01{", b"\x01{\"id\":7}"];
        let rows = rows
            .iter()
            .zip(0_u8..)
            .map(|(value, n)| Row::put(table, [n], *value));
        rig.twin.store_rows_blocking(rows.collect()).unwrap();
    }
    let access = rig.restarted();
    assert_eq!(access.people().len(), 1);
    opened(access.log_in("ada", GOOD, &crate::support::from("192.0.2.1")));
    access.tidy().unwrap();
    assert!(
        rig.twin.rows("access-people").unwrap().len() == 5,
        "left as they are"
    );
}

#[test]
fn where_no_account_can_be_read_nobody_becomes_the_first() {
    let rig = Rig::new();
    let code = rig.access.setup_code().unwrap().unwrap();
    rig.twin
        .store_rows_blocking(vec![Row::put("access-people", *b"a", *b"\x02later")])
        .unwrap();
    let access = rig.restarted();
    assert!(!access.needs_setup() && access.setup_code().unwrap().is_none());
    let here = crate::support::source("192.0.2.1");
    assert_eq!(access.set_up(&code, "eve", GOOD, here), Err(Error::Refused));
}
