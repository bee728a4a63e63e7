//! What becomes of passkeys: named, removed, stored, written into the audit log.

use access::{Error, NoPasskey, Permissions, Proof, Role};
use twin::Row;

use crate::authenticator::{Authenticator, UP, UV};
use crate::support::{GOOD, OTHER, Rig, WRONG, opened, source};

#[test]
fn named_used_and_removed() {
    let rig = Rig::new();
    let ada = rig.person("ada", &[Role::Editor]);
    let ben = rig.person("ben", &[Role::Editor]);
    let access = &rig.access;
    let own = rig.enter("ada");
    let (mut phone, mut ring) = (Authenticator::new(-7), Authenticator::new(-8));
    let first = rig.add(&own, &mut phone).unwrap();
    rig.wait_s(60);
    rig.add(&own, &mut ring).unwrap();
    let renamed = access.rename_passkey(&ada.id, &first.id, " old phone ").unwrap();
    assert_eq!(renamed.name, "old phone");
    let bad = access.rename_passkey(&ada.id, &first.id, "\n");
    assert!(matches!(bad, Err(Error::Wrong(_))));
    let of_others = access.rename_passkey(&ben.id, &first.id, "mine");
    assert!(matches!(of_others, Err(Error::NotFound { .. })));
    let by_phone = opened(rig.show(&phone, UP | UV));
    let by_ring = opened(rig.show(&ring, UP | UV));
    let names: Vec<(String, bool)> = access
        .passkeys(&ada.id)
        .unwrap()
        .into_iter()
        .map(|it| (it.name, it.used_at.is_some()))
        .collect();
    assert_eq!(
        names,
        [("old phone".to_owned(), true), ("phone".to_owned(), true)]
    );
    // It takes the owner: the password, or a session that a passkey opened minutes ago.
    let here = source("192.0.2.1");
    let remove = |proof: Proof<'_>| access.remove_own_passkey(&ada.id, &own.token, &first.id, proof, here);
    assert_eq!(remove(Proof::Password(WRONG)), Err(Error::Refused));
    assert!(matches!(remove(Proof::Session(&own.token)), Err(Error::State(_))));
    rig.wait_s(601);
    assert!(
        matches!(remove(Proof::Session(&by_ring.token)), Err(Error::State(_))),
        "too long ago"
    );
    let fresh = opened(rig.show(&ring, UP | UV));
    let merely_there = opened(rig.show(&ring, UP));
    assert!(matches!(
        remove(Proof::Session(&merely_there.token)),
        Err(Error::State(_))
    ));
    remove(Proof::Session(&fresh.token)).unwrap();
    assert!(matches!(
        remove(Proof::Password(GOOD)),
        Err(Error::NotFound { .. })
    ));
    // What it opened is shut, the rest is not.
    assert!(!rig.is_in(&by_phone) && rig.is_in(&by_ring) && rig.is_in(&own));
    assert_eq!(rig.show(&phone, UP | UV).err(), Some(Error::Refused));
    assert!(rig.show(&ring, UP | UV).is_ok());
    // A change of the password leaves them.
    access
        .change_password(&ada.id, GOOD, OTHER, Some(&own.token), here)
        .unwrap();
    assert!(rig.show(&ring, UP | UV).is_ok());
}

#[test]
fn administrators_remove_what_is_lost_but_nothing_of_who_may_do_more() {
    let rig = Rig::new();
    let chief = rig.person("chief", &[Role::Administrator]);
    let mut authenticator = Authenticator::new(-8);
    let passkey = rig.add(&rig.enter("chief"), &mut authenticator).unwrap();
    let viewer: Permissions = Role::Viewer.permissions();
    let beyond = rig.access.remove_passkey(&chief.id, &passkey.id, viewer);
    assert!(matches!(beyond, Err(Error::Beyond(_))));
    let none = rig.access.remove_passkey(&chief.id, "x", Permissions::all());
    assert!(matches!(none, Err(Error::NotFound { what: "passkey", .. })));
    let session = opened(rig.show(&authenticator, UP | UV));
    rig.access
        .remove_passkey(&chief.id, &passkey.id, Permissions::all())
        .unwrap();
    assert!(!rig.is_in(&session) && rig.access.passkeys(&chief.id).unwrap().is_empty());
}

/// An account without a password, as the identity provider makes them, or as somebody may want it.
fn without_password(rig: &Rig) {
    let rows = rig.twin.rows("access-people").unwrap();
    let rows = rows.into_iter().map(|(key, value)| {
        let text = String::from_utf8(value).unwrap();
        let (before, rest) = text.split_once("\"password\":").unwrap();
        let end = rest.find(",\"invitation\"").unwrap();
        let value = format!("{before}\"password\":null{}", &rest[end..]);
        Row::put("access-people", key, value.into_bytes())
    });
    rig.twin.store_rows_blocking(rows.collect()).unwrap();
}

#[test]
fn the_last_thing_that_opens_an_account_stays() {
    let mut rig = Rig::new();
    let ada = rig.person("ada", &[Role::Administrator]);
    let own = rig.enter("ada");
    let (mut phone, mut ring) = (Authenticator::new(-7), Authenticator::new(-8));
    let first = rig.add(&own, &mut phone).unwrap();
    let second = rig.add(&own, &mut ring).unwrap();
    without_password(&rig);
    rig.access = rig.restarted();
    let person = rig.access.person("ada").unwrap();
    assert!(!person.password && !person.invited && person.passkeys == 2);
    let here = source("192.0.2.1");
    let fresh = opened(rig.show(&ring, UP | UV));
    let proof = || Proof::Session(&fresh.token);
    let remove = |id: &str| {
        rig.access
            .remove_own_passkey(&ada.id, &fresh.token, id, proof(), here)
    };
    remove(&first.id).unwrap();
    assert_eq!(remove(&second.id), Err(Error::Passkey(NoPasskey::Last)));
    let by_others = rig.access.remove_passkey(&ada.id, &second.id, Permissions::all());
    assert_eq!(by_others, Err(Error::Passkey(NoPasskey::Last)));
    // Others may reset it, and then the passkey is gone, too.
    let (person, _code) = rig.access.reset_person(&ada.id, Permissions::all()).unwrap();
    assert!(person.invited && person.passkeys == 0);
    assert_eq!(rig.show(&ring, UP | UV).err(), Some(Error::Refused));
}

#[test]
fn the_store_keeps_them_and_a_program_of_before_reads_what_it_knows() {
    let mut rig = Rig::new();
    rig.person("ada", &[Role::Editor]);
    let mut authenticator = Authenticator::new(-257);
    let row = || {
        let rows = rig.twin.rows("access-people").unwrap();
        String::from_utf8(rows[0].1[1..].to_vec()).unwrap()
    };
    assert!(
        !row().contains("passkeys"),
        "nothing is stored of what is not there"
    );
    rig.add(&rig.enter("ada"), &mut authenticator).unwrap();
    let json: serde_json::Value = serde_json::from_str(&row()).unwrap();
    assert_eq!(
        json["passkeys"][0]["id"],
        crate::authenticator::base64url(&authenticator.id)
    );
    rig.access = rig.restarted();
    assert!(rig.show(&authenticator, UP | UV).is_ok());
}

#[test]
fn what_is_done_is_written_into_the_audit_log() {
    let (rig, told) = Rig::witnessed();
    let taken = || std::mem::take(&mut *told.lock());
    let ada = rig.person("ada", &[Role::Editor]);
    let own = rig.enter("ada");
    taken();
    let mut authenticator = Authenticator::new(-8);
    let passkey = rig.add(&own, &mut authenticator).unwrap();
    assert_eq!(taken(), ["passkey.add"]);
    authenticator.count = 7;
    opened(rig.show(&authenticator, UP | UV));
    assert_eq!(taken(), ["session.begin"], "use alone is no change");
    assert!(rig.show(&authenticator, UP | UV).is_err());
    assert_eq!(taken(), ["passkey.refuse"]);
    rig.access.rename_passkey(&ada.id, &passkey.id, "other").unwrap();
    assert_eq!(taken(), ["user.update"]);
    let here = source("192.0.2.1");
    rig.access
        .remove_own_passkey(&ada.id, &own.token, &passkey.id, GOOD, here)
        .unwrap();
    assert_eq!(taken(), ["session.end", "passkey.remove"]);
}
