//! Logging in with a passkey: what opens a session, and a table of what does not (`WebAuthn` Level 3, 7.2).

use access::{
    Access, Assurance, Entered, Error, NoPasskey, PasskeyChallenge, Permissions, Role, SecondFactor, Settings,
};
use aws_lc_rs::digest::{SHA256, digest};
use twin::Clock as _;

use crate::authenticator::{AT, Authenticator, BE, BS, ED, Sent, Showing, UP, UV, map};
use crate::support::{GOOD, Rig, from, open, opened, settings, shown, source};

struct Owner {
    rig: Rig,
    authenticator: Authenticator,
}

/// Ada with a passkey, and nothing else going on.
fn ada(algorithm: i64) -> Owner {
    let rig = Rig::new();
    rig.person("ada", &[Role::Editor]);
    let mut authenticator = Authenticator::new(algorithm);
    rig.add(&rig.enter("ada"), &mut authenticator).unwrap();
    Owner { rig, authenticator }
}

fn begin(access: &Access, name: Option<&str>) -> PasskeyChallenge {
    access
        .begin_passkey_login(name, &Rig::site(), source("192.0.2.1"))
        .unwrap()
}

fn send(access: &Access, token: &str, sent: &Sent) -> Result<Entered, Error> {
    access.log_in_by_passkey(token, &sent.shown(), &from("192.0.2.1"))
}

#[test]
fn a_table_of_attacks() {
    type Made = fn(&mut Showing<'_>);
    let Owner { rig, authenticator } = ada(-7);
    let access = &rig.access;
    let passkey = |why| Error::Passkey(why);
    let table: &[(&str, Made, Error)] = &[
        (
            "of a registration",
            |it| it.client.kind = "webauthn.create".into(),
            passkey(NoPasskey::Type),
        ),
        (
            "another challenge",
            |it| it.client.challenge = "A".repeat(43),
            passkey(NoPasskey::Challenge),
        ),
        (
            "another site",
            |it| it.client.origin = "https://evil.example".into(),
            passkey(NoPasskey::Origin),
        ),
        (
            "a subdomain",
            |it| it.client.origin = "https://a.twin.city.example".into(),
            passkey(NoPasskey::Origin),
        ),
        (
            "another port",
            |it| it.client.origin.push_str(":8443"),
            passkey(NoPasskey::Origin),
        ),
        (
            "in a frame",
            |it| it.client.more = ",\"crossOrigin\":true".into(),
            passkey(NoPasskey::CrossOrigin),
        ),
        (
            "for another site",
            |it| it.rp = "evil.example".into(),
            passkey(NoPasskey::RpId),
        ),
        (
            "for the domain above",
            |it| it.rp = "city.example".into(),
            passkey(NoPasskey::RpId),
        ),
        ("nobody there", |it| it.flags = UV, passkey(NoPasskey::Absent)),
        (
            "copied and cannot be",
            |it| it.flags = UP | UV | BS,
            passkey(NoPasskey::Backup),
        ),
        (
            "may be copied, and could not before",
            |it| it.flags = UP | UV | BE,
            passkey(NoPasskey::Backup),
        ),
        (
            "a passkey not in it",
            |it| it.flags = UP | UV | AT,
            passkey(NoPasskey::AuthenticatorData),
        ),
        (
            "extensions not there",
            |it| it.flags = UP | UV | ED,
            passkey(NoPasskey::AuthenticatorData),
        ),
        (
            "something behind it",
            |it| it.tail = vec![0],
            passkey(NoPasskey::AuthenticatorData),
        ),
        ("a passkey that nobody has", |it| it.id[0] ^= 1, Error::Refused),
        ("no id", |it| it.id.clear(), Error::Refused),
        (
            "nobody's handle",
            |it| it.user = Some(vec![7; 32]),
            Error::Refused,
        ),
        ("an empty handle", |it| it.user = Some(Vec::new()), Error::Refused),
        ("no handle", |it| it.user = None, Error::Refused),
    ];
    for (name, made, reason) in table {
        rig.wait_s(3600);
        let begun = begin(access, None);
        let mut showing = authenticator.showing(&begun.challenge);
        made(&mut showing);
        let sent = showing.sent();
        assert_eq!(
            send(access, &begun.token, &sent).err().as_ref(),
            Some(reason),
            "{name}"
        );
        assert!(
            rig.access
                .sessions(&access.person("ada").unwrap().id, None)
                .is_empty()
        );
    }
    println!("{} attacks", table.len());
    rig.wait_s(3600);
    assert!(rig.show(&authenticator, UP | UV).is_ok(), "the same, made right");
}

#[test]
fn what_is_right_though_it_looks_odd() {
    let Owner { rig, authenticator } = ada(-257);
    let begun = begin(&rig.access, Some(" ADA "));
    let mut showing = authenticator.showing(&begun.challenge);
    showing.flags = UP | UV | ED | 0x22;
    showing.tail = map(&[]);
    showing.client.more.clear();
    opened(send(&rig.access, &begun.token, &showing.sent()));
}

/// Any one bit of what is signed, of the signature, or of who and what it says it is.
#[test]
fn no_bit_may_be_another() {
    for algorithm in [-7, -8] {
        let Owner { rig, authenticator } = ada(algorithm);
        let access = &rig.access;
        let mut tried = 0;
        let parts: [fn(&mut Sent) -> &mut Vec<u8>; 5] = [
            |sent| &mut sent.id,
            |sent| &mut sent.client,
            |sent| &mut sent.data,
            |sent| &mut sent.signature,
            |sent| sent.user.as_mut().unwrap(),
        ];
        for part in parts {
            let mut at = 0;
            loop {
                rig.wait_s(3600);
                let begun = begin(access, None);
                let mut sent = authenticator.showing(&begun.challenge).sent();
                let bytes = part(&mut sent);
                // A signature of ECDSA is a byte longer now and then.
                let Some(byte) = bytes.get_mut(at / 8) else {
                    break;
                };
                *byte ^= 1 << (at % 8);
                assert!(send(access, &begun.token, &sent).is_err(), "{algorithm} {at}");
                (at, tried) = (at + 1, tried + 1);
            }
        }
        println!("{tried} bits");
        assert!(tried > 2000);
        rig.wait_s(3600);
        assert!(rig.show(&authenticator, UP | UV).is_ok());
    }
}

/// A signature of ECDSA can be written in other ways (BER), and (r, n - s) is one as well: none of it opens a second
/// session, and only DER opens a first.
#[test]
fn a_signature_has_one_form_and_a_challenge_one_use() {
    type Made = fn(&[u8]) -> Vec<u8>;
    let Owner { rig, authenticator } = ada(-7);
    let access = &rig.access;
    let table: &[(&str, Made)] = &[
        ("a longer length", |der| [&[0x30, 0x81], &der[1..]].concat()),
        ("something behind it", |der| [der, &[0]].concat()),
        ("a zero before r", |der| {
            let r = usize::from(der[3]);
            [
                &[0x30, der[1] + 1, 2, der[3] + 1, 0],
                &der[4..4 + r],
                &der[4 + r..],
            ]
            .concat()
        }),
        ("r and s alone", |der| {
            let r = usize::from(der[3]);
            let fixed = |bytes: &[u8]| {
                let bytes = bytes.strip_prefix(&[0]).unwrap_or(bytes);
                [vec![0; 32 - bytes.len()], bytes.to_vec()].concat()
            };
            [fixed(&der[4..4 + r]), fixed(&der[6 + r..])].concat()
        }),
        ("r = 0, s = 0", |_| vec![0x30, 6, 2, 1, 0, 2, 1, 0]),
        ("nothing", |_| Vec::new()),
    ];
    for (name, made) in table {
        rig.wait_s(3600);
        let begun = begin(access, None);
        let mut sent = authenticator.showing(&begun.challenge).sent();
        sent.signature = made(&sent.signature);
        assert_eq!(
            send(access, &begun.token, &sent).err(),
            Some(Error::Refused),
            "{name}"
        );
    }
    // Sent once more as it is: the challenge is used up.
    let begun = begin(access, None);
    let sent = authenticator.showing(&begun.challenge).sent();
    assert!(send(access, &begun.token, &sent).is_ok());
    assert_eq!(
        send(access, &begun.token, &sent).err(),
        Some(Error::Passkey(NoPasskey::Late))
    );
    // And for the challenge of another login.
    let other = begin(access, None);
    assert_eq!(
        send(access, &other.token, &sent).err(),
        Some(Error::Passkey(NoPasskey::Challenge))
    );
    assert_eq!(
        send(access, "", &sent).err(),
        Some(Error::Passkey(NoPasskey::Late))
    );
    // A wrong answer uses it up, too.
    let begun = begin(access, None);
    assert!(send(access, &begun.token, &sent).is_err());
    let right = authenticator.showing(&begun.challenge).sent();
    assert_eq!(
        send(access, &begun.token, &right).err(),
        Some(Error::Passkey(NoPasskey::Late))
    );
    // Five minutes.
    let begun = begin(access, None);
    let right = authenticator.showing(&begun.challenge).sent();
    rig.wait_s(300);
    assert_eq!(
        send(access, &begun.token, &right).err(),
        Some(Error::Passkey(NoPasskey::Late))
    );
}

#[test]
fn signatures_over_other_bytes_are_none() {
    for algorithm in access::passkeys::ALGORITHMS {
        let Owner { rig, authenticator } = ada(algorithm);
        let begun = begin(&rig.access, None);
        let right = authenticator.showing(&begun.challenge).sent();
        let hash = digest(&SHA256, &right.client).as_ref().to_vec();
        let others = [
            right.data.clone(),
            hash.clone(),
            right.client.clone(),
            [hash.clone(), right.data.clone()].concat(),
            [right.data.clone(), right.client.clone()].concat(),
            digest(&SHA256, &[right.data.clone(), hash].concat())
                .as_ref()
                .to_vec(),
        ];
        for (number, message) in others.iter().enumerate() {
            rig.wait_s(3600);
            let begun = begin(&rig.access, None);
            let mut sent = authenticator.showing(&begun.challenge).sent();
            sent.signature = authenticator.key.sign(message);
            let refused = send(&rig.access, &begun.token, &sent).err();
            assert_eq!(refused, Some(Error::Refused), "{algorithm} {number}");
        }
    }
}

/// Ben has a passkey of his own, and it opens his account whatever he says.
#[test]
fn nobody_comes_in_as_somebody_else() {
    type Made = fn(&mut Sent, &Authenticator);
    let Owner { rig, authenticator } = ada(-7);
    let access = &rig.access;
    rig.person("ben", &[Role::Viewer]);
    let mut of_ben = Authenticator::new(-7);
    rig.add(&rig.enter("ben"), &mut of_ben).unwrap();
    let table: &[(&str, Made)] = &[
        ("her id", |sent, ada| sent.id = ada.id.clone()),
        ("her handle", |sent, ada| sent.user = Some(ada.user.clone())),
        ("her id and her handle", |sent, ada| {
            sent.id = ada.id.clone();
            sent.user = Some(ada.user.clone());
        }),
    ];
    for (name, made) in table {
        rig.wait_s(3600);
        let begun = begin(access, None);
        let mut sent = of_ben.showing(&begun.challenge).sent();
        made(&mut sent, &authenticator);
        assert_eq!(
            send(access, &begun.token, &sent).err(),
            Some(Error::Refused),
            "{name}"
        );
    }
    // Under her name.
    let begun = begin(access, Some("ada"));
    let sent = of_ben.showing(&begun.challenge).sent();
    assert_eq!(send(access, &begun.token, &sent).err(), Some(Error::Refused));
    let begun = begin(access, Some("ben"));
    let sent = of_ben.showing(&begun.challenge).sent();
    let entered = opened(send(access, &begun.token, &sent));
    assert_eq!(entered.person, access.person("ben").unwrap().id);
}

#[test]
fn a_name_that_nobody_has_is_answered_as_one_that_somebody_has() {
    let Owner { rig, authenticator } = ada(-7);
    let access = &rig.access;
    let long = "x".repeat(100_000);
    for name in [None, Some("ada"), Some("nobody"), Some(""), Some(long.as_str())] {
        let begun = begin(access, name);
        // A token and 32 random bytes: there is nothing else to tell them apart by.
        assert_eq!((begun.token.len(), begun.challenge.len()), (64, 43), "{name:?}");
        // Nobody's passkey is refused in the same words whoever was named.
        let sent = Authenticator::new(-8).showing(&begun.challenge).sent();
        assert_eq!(
            send(access, &begun.token, &sent).err(),
            Some(Error::Refused),
            "{name:?}"
        );
    }
    let begun = begin(access, Some("nobody"));
    let sent = authenticator.showing(&begun.challenge).sent();
    assert_eq!(send(access, &begun.token, &sent).err(), Some(Error::Refused));
}

#[test]
fn who_counts_counts_up() {
    let Owner {
        rig,
        mut authenticator,
    } = ada(-7);
    let access = &rig.access;
    let id = access.person("ada").unwrap().id;
    let copied = || access.passkeys(&id).unwrap()[0].copied_at;
    // Who never counts is taken.
    for _ in 0..3 {
        opened(rig.show(&authenticator, UP | UV));
    }
    for (count, is_fine) in [
        (5, true),
        (6, true),
        (6, false),
        (5, false),
        (0, false),
        (7, true),
        (u32::MAX, true),
        (u32::MAX, false),
        (1, false),
    ] {
        rig.wait_s(3600);
        authenticator.count = count;
        let before = access.passkeys(&id).unwrap()[0].used_at;
        match rig.show(&authenticator, UP | UV) {
            Ok(_) => assert!(is_fine, "{count}"),
            Err(error) => {
                assert_eq!(error, Error::Passkey(NoPasskey::Copied), "{count}");
                assert!(!is_fine, "{count}");
                assert_eq!(copied(), Some(rig.clock.now()), "its owner is told");
                assert_eq!(access.passkeys(&id).unwrap()[0].used_at, before);
            }
        }
    }
    // It is still told after a start.
    assert!(rig.restarted().passkeys(&id).unwrap()[0].copied_at.is_some());
}

#[test]
fn who_was_merely_there_owes_the_second_factor() {
    let Owner { rig, authenticator } = ada(-7);
    let access = &rig.access;
    let id = access.person("ada").unwrap().id;
    let entered = opened(rig.show(&authenticator, UP));
    assert_eq!(
        access.of_session(&entered.token).unwrap().assurance,
        Assurance::One
    );
    // With an app that shows codes, its code is asked for; a passkey that verified who is there asks for none.
    let here = source("192.0.2.1");
    let strong = opened(rig.show(&authenticator, UP | UV));
    let enrolment = access.begin_second_factor(&id, GOOD, here).unwrap();
    let code = shown(&enrolment.secret, rig.clock.now());
    access
        .confirm_second_factor(&id, &code, Some(&strong.token))
        .unwrap();
    rig.wait_s(60);
    let Ok(Entered::SecondFactor(token)) = rig.show(&authenticator, UP) else {
        panic!("a code is asked for");
    };
    let code = shown(&enrolment.secret, rig.clock.now());
    let entered = access.second_factor(&token, &code, &from("192.0.2.1")).unwrap();
    assert_eq!(
        access.of_session(&entered.token).unwrap().assurance,
        Assurance::Two
    );
    let entered = opened(rig.show(&authenticator, UP | UV));
    assert_eq!(
        access.of_session(&entered.token).unwrap().assurance,
        Assurance::Two
    );
    // What a passkey proved outlives the app.
    access.end_second_factor(&id, GOOD, here).unwrap();
    assert_eq!(
        access.of_session(&entered.token).unwrap().assurance,
        Assurance::Two
    );
}

#[test]
fn it_is_a_second_factor_where_one_is_asked_for() {
    let mut rig = Rig::new();
    let chief = rig.person("chief", &[Role::Administrator]);
    let settings = Settings {
        second_factor: SecondFactor::Administrators,
        ..settings()
    };
    let access = open(&rig.twin, &rig.clock, 7, settings);
    rig.access = access;
    let owes = |token: &str| rig.access.of_session(token).unwrap().owes_second_factor;
    let (own, other) = (rig.enter("chief"), rig.enter("chief"));
    assert!(owes(&own.token) && owes(&other.token));
    let mut authenticator = Authenticator::new(-8);
    rig.add(&own, &mut authenticator).unwrap();
    assert!(
        !owes(&own.token) && owes(&other.token),
        "the session in which it is set up goes on"
    );
    assert!(!owes(&opened(rig.show(&authenticator, UP | UV)).token));
    assert!(owes(&opened(rig.show(&authenticator, UP)).token));
    // From then on a password is not enough to put another second factor beside it.
    let thief = rig.enter("chief");
    assert!(owes(&thief.token));
    let mut of_thief = Authenticator::new(-8);
    assert_eq!(rig.add(&thief, &mut of_thief).err(), Some(Error::SecondFirst));
    let here = source("192.0.2.1");
    let enrolment = rig.access.begin_second_factor(&chief.id, GOOD, here).unwrap();
    let code = shown(&enrolment.secret, rig.clock.now());
    for session in [None, Some(&*thief.token), Some(&*other.token), Some("x")] {
        let confirmed = rig.access.confirm_second_factor(&chief.id, &code, session);
        assert_eq!(confirmed.err(), Some(Error::SecondFirst));
    }
    let passkey = rig.access.passkeys(&chief.id).unwrap()[0].id.clone();
    let removed = rig
        .access
        .remove_own_passkey(&chief.id, &thief.token, &passkey, GOOD, here);
    assert_eq!(removed.err(), Some(Error::SecondFirst));
    // With it, all of that goes.
    let strong = opened(rig.show(&authenticator, UP | UV));
    rig.add(&strong, &mut of_thief).unwrap();
    rig.access
        .confirm_second_factor(&chief.id, &code, Some(&strong.token))
        .unwrap();
}

#[test]
fn who_is_disabled_reset_or_gone_does_not_come_in() {
    type Done = fn(&Access, &str);
    let all = Permissions::all();
    let table: &[(&str, Done)] = &[
        ("disabled", |access, id| {
            access.disable_person(id, Permissions::all()).unwrap();
        }),
        ("reset", |access, id| {
            access.reset_person(id, Permissions::all()).unwrap();
        }),
        ("gone", |access, id| {
            access.remove_person(id, Permissions::all()).unwrap();
        }),
        ("removed", |access, id| {
            let passkey = access.passkeys(id).unwrap()[0].id.clone();
            access.remove_passkey(id, &passkey, Permissions::all()).unwrap();
        }),
    ];
    for (name, done) in table {
        let Owner { rig, authenticator } = ada(-8);
        let id = rig.access.person("ada").unwrap().id;
        // While the browser asks its owner, too.
        let begun = begin(&rig.access, None);
        let sent = authenticator.showing(&begun.challenge).sent();
        let session = opened(rig.show(&authenticator, UP | UV));
        done(&rig.access, &id);
        assert!(!rig.is_in(&session), "{name}");
        assert_eq!(
            send(&rig.access, &begun.token, &sent).err(),
            Some(Error::Refused),
            "{name}"
        );
        let again = rig.restarted();
        let begun = begin(&again, None);
        let sent = authenticator.showing(&begun.challenge).sent();
        assert_eq!(
            send(&again, &begun.token, &sent).err(),
            Some(Error::Refused),
            "{name}, after a start"
        );
    }
    let Owner { rig, authenticator } = ada(-8);
    let id = rig.access.person("ada").unwrap().id;
    rig.access.disable_person(&id, all).unwrap();
    rig.access.enable_person(&id, all).unwrap();
    assert!(rig.show(&authenticator, UP | UV).is_ok());
}

#[test]
fn failures_are_slowed_down_and_lock_nobody_else_out() {
    let Owner { rig, authenticator } = ada(-8);
    let access = &rig.access;
    let fail = |address: &str, known: Option<&str>| {
        let begun = begin(access, None);
        let mut sent = authenticator.showing(&begun.challenge).sent();
        sent.signature[0] ^= 1;
        let attempt = access::Attempt {
            known_browser: known,
            ..from(address)
        };
        access
            .log_in_by_passkey(&begun.token, &sent.shown(), &attempt)
            .err()
    };
    let known = opened(rig.show(&authenticator, UP | UV)).known_browser;
    let failed = (0..100)
        .filter(|_| fail("198.51.100.7", None) == Some(Error::Refused))
        .count();
    assert!((1..=6).contains(&failed), "{failed}");
    assert!(
        matches!(fail("198.51.100.8", None), Some(Error::Wait { .. })),
        "from elsewhere as well"
    );
    // The password is counted for itself, and her own browser, too.
    assert!(rig.log_in("ada", GOOD).is_ok());
    assert_eq!(fail("192.0.2.1", Some(&known)), Some(Error::Refused));
    let begun = begin(access, None);
    let sent = authenticator.showing(&begun.challenge).sent();
    let attempt = access::Attempt {
        known_browser: Some(&known),
        ..from("192.0.2.1")
    };
    assert!(
        access
            .log_in_by_passkey(&begun.token, &sent.shown(), &attempt)
            .is_ok()
    );
}
