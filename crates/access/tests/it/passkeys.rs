//! Adding a passkey: what is taken, by whom, for which challenge (`WebAuthn` Level 3, 7.1).

use access::{Assurance, Error, NoPasskey, Opened, PasskeyRequest, Permissions, RelyingParty, Role};

use crate::authenticator::{Authenticator, BE, BS, Creating, ED, UP, UV, map, number, text};
use crate::passkeys_attacks::{begin, tried, why};
use crate::support::{GOOD, Rig, WRONG, source};

#[test]
fn each_algorithm_is_offered_added_and_logs_in() {
    let rig = Rig::new();
    rig.person("ada", &[Role::Editor]);
    let opened = rig.enter("ada");
    assert_eq!(access::passkeys::ALGORITHMS, [-7, -8, -257]);
    for algorithm in access::passkeys::ALGORITHMS {
        let mut authenticator = Authenticator::new(algorithm);
        let added = rig.add(&opened, &mut authenticator).unwrap();
        assert_eq!(
            (added.name.as_str(), added.used_at, added.backed_up),
            ("phone", None, false)
        );
        let entered = crate::support::opened(rig.show(&authenticator, UP | UV));
        let who = rig.access.of_session(&entered.token).unwrap();
        assert_eq!((who.id, who.assurance), (entered.person, Assurance::Two));
    }
    assert_eq!(rig.access.passkeys(&opened.person).unwrap().len(), 3);
    assert_eq!(rig.access.person("ada").unwrap().passkeys, 3);
}

#[test]
fn what_a_browser_is_told_says_nothing_of_others() {
    let rig = Rig::new();
    rig.person("ada", &[Role::Editor]);
    rig.person("ben", &[Role::Editor]);
    let (ada, ben) = (rig.enter("ada"), rig.enter("ben"));
    let mut authenticator = Authenticator::new(-7);
    rig.add(&ada, &mut authenticator).unwrap();
    let (first, second) = (begin(&rig, &ada), begin(&rig, &ada));
    assert_ne!(first.challenge, second.challenge);
    assert_eq!(crate::authenticator::unbase64url(&first.challenge).len(), 32);
    assert_eq!(first.user, second.user, "a person stays the same");
    assert_eq!(first.known.len(), 1);
    assert_eq!(
        first.known[0].0,
        crate::authenticator::base64url(&authenticator.id)
    );
    let of_ben = begin(&rig, &ben);
    assert!(of_ben.known.is_empty() && of_ben.user != first.user);
    assert!(
        !first.user.contains(&*ada.person),
        "it does not say which account it is"
    );
}

#[test]
fn what_is_right_though_it_looks_odd() {
    type Made = fn(&mut Creating);
    let rig = Rig::new();
    rig.person("ada", &[Role::Editor]);
    let opened = rig.enter("ada");
    let table: &[(&str, Made)] = &[
        ("an old browser says nothing of frames", |it| {
            it.client.more.clear();
        }),
        ("a browser says more", |it| {
            it.client.more =
                ",\"other_keys_can_be_added_here\":\"…\",\"tokenBinding\":{\"status\":\"supported\"}".into();
        }),
        ("on several devices", |it| it.flags |= BE | BS),
        ("may be on several devices", |it| it.flags |= BE),
        ("flags of a later time", |it| it.flags |= 0x22),
        ("an extension by itself", |it| {
            it.flags |= ED;
            it.tail = map(&[(text("credProtect"), number(2))]);
        }),
        ("a long id", |it| it.id = vec![7; 1023]),
    ];
    for (name, made) in table {
        assert_eq!(why(tried(&rig, &opened, made)), None, "{name}");
    }
    // Vouches for itself, rightly (8.2).
    for algorithm in access::passkeys::ALGORITHMS {
        let request = begin(&rig, &opened);
        let authenticator = Authenticator::new(algorithm);
        let mut creating = authenticator.creating(&request.challenge);
        creating.vouch(&authenticator.key, algorithm);
        let sent = creating.sent();
        let new = sent.new_passkey("key ring", &[]);
        rig.access
            .add_passkey(&opened.person, &opened.token, &new)
            .unwrap();
    }
}

#[test]
fn a_challenge_is_of_one_session_one_person_one_use_and_five_minutes() {
    let rig = Rig::new();
    rig.person("ada", &[Role::Editor]);
    rig.person("ben", &[Role::Editor]);
    let (ada, again, ben) = (rig.enter("ada"), rig.enter("ada"), rig.enter("ben"));
    let authenticator = Authenticator::new(-7);
    let send = |request: &PasskeyRequest, opened: &Opened| {
        let sent = authenticator.creating(&request.challenge).sent();
        let new = sent.new_passkey("phone", &[]);
        rig.access.add_passkey(&opened.person, &opened.token, &new)
    };
    // Another session of the same person, another person, nobody's session.
    let request = begin(&rig, &ada);
    assert_eq!(why(send(&request, &again)), Some(NoPasskey::Late));
    assert_eq!(why(send(&request, &ben)), Some(NoPasskey::Late));
    let stolen = Opened {
        person: std::sync::Arc::clone(&ben.person),
        ..ada.clone()
    };
    assert_eq!(why(send(&request, &stolen)), Some(NoPasskey::Challenge));
    // The challenge of another session, which has one of its own.
    let (request, _own) = (begin(&rig, &ada), begin(&rig, &ben));
    assert_eq!(why(send(&request, &ben)), Some(NoPasskey::Challenge));
    // A wrong answer uses it up.
    assert_eq!(why(send(&begin(&rig, &again), &ada)), Some(NoPasskey::Challenge));
    assert_eq!(why(send(&request, &ada)), Some(NoPasskey::Late));
    // A later one takes the place of one before.
    let (before, request) = (begin(&rig, &ada), begin(&rig, &ada));
    assert_eq!(why(send(&before, &ada)), Some(NoPasskey::Challenge));
    assert_eq!(why(send(&request, &ada)), Some(NoPasskey::Late));
    // A challenge of a login is none of a registration.
    let login = rig
        .access
        .begin_passkey_login(None, &Rig::site(), source("192.0.2.1"))
        .unwrap();
    let crossed = Opened {
        token: login.token,
        ..ada.clone()
    };
    assert_eq!(why(send(&begin(&rig, &ada), &crossed)), Some(NoPasskey::Late));
    // Too late, and just in time; once.
    let request = begin(&rig, &ada);
    rig.wait_s(300);
    assert_eq!(why(send(&request, &ada)), Some(NoPasskey::Late));
    let request = begin(&rig, &ada);
    rig.wait_s(299);
    assert_eq!(why(send(&request, &ada)), None);
    assert_eq!(why(send(&request, &ada)), Some(NoPasskey::Late), "sent twice");
    // Begun for one site, answered on another.
    let other = RelyingParty::of_origin("https://other.example").unwrap();
    let from = source("192.0.2.1");
    let request = rig
        .access
        .begin_passkey(&ada.person, &ada.token, GOOD, &other, from);
    assert_eq!(why(send(&request.unwrap(), &ada)), Some(NoPasskey::Origin));
}

#[test]
fn a_name_that_cannot_be_is_no_reason_to_begin_again() {
    let rig = Rig::new();
    rig.person("ada", &[Role::Editor]);
    let opened = rig.enter("ada");
    let request = begin(&rig, &opened);
    let sent = Authenticator::new(-7).creating(&request.challenge).sent();
    for bad in ["", "  ", "a\nb", "a\u{7}", &"x".repeat(65)] {
        let new = sent.new_passkey(bad, &[]);
        let result = rig.access.add_passkey(&opened.person, &opened.token, &new);
        assert!(matches!(result, Err(Error::Wrong(_))), "{bad:?}");
    }
    let transports = ["usb", "hybrid", "a made-up one", "usb"].map(str::to_owned);
    let new = sent.new_passkey(" Schlüssel ", &transports);
    let added = rig
        .access
        .add_passkey(&opened.person, &opened.token, &new)
        .unwrap();
    assert_eq!(added.name, "Schlüssel");
    assert_eq!(begin(&rig, &opened).known[0].1, ["hybrid", "usb"]);
}

#[test]
fn it_takes_the_owner_and_there_are_at_most_twenty() {
    let rig = Rig::new();
    rig.person("ada", &[Role::Editor]);
    rig.person("ben", &[Role::Editor]);
    let (ada, ben) = (rig.enter("ada"), rig.enter("ben"));
    let from = source("192.0.2.1");
    let wrong = rig
        .access
        .begin_passkey(&ada.person, &ada.token, WRONG, &Rig::site(), from);
    assert_eq!(wrong.err(), Some(Error::Refused));
    // Guesses are counted.
    let waits = (0..30).any(|_| {
        let guess = rig
            .access
            .begin_passkey(&ada.person, &ada.token, WRONG, &Rig::site(), from);
        matches!(guess, Err(Error::Wait { .. }))
    });
    assert!(waits);
    rig.wait_s(3600);
    // The same passkey cannot be two people's, or somebody's twice.
    let mut authenticator = Authenticator::new(-8);
    rig.add(&ada, &mut authenticator).unwrap();
    assert_eq!(why(rig.add(&ada, &mut authenticator)), Some(NoPasskey::Known));
    assert_eq!(why(rig.add(&ben, &mut authenticator)), Some(NoPasskey::Known));
    // Nor after a start, nor where its owner is disabled; but once its owner is gone.
    let all = Permissions::all();
    rig.access.disable_person(&ada.person, all).unwrap();
    assert_eq!(why(rig.add(&ben, &mut authenticator)), Some(NoPasskey::Known));
    rig.access.remove_person(&ada.person, all).unwrap();
    assert_eq!(why(rig.add(&ben, &mut authenticator)), None);
    for _ in 1..20 {
        rig.add(&ben, &mut Authenticator::new(-8)).unwrap();
    }
    let many = rig.add(&ben, &mut Authenticator::new(-8));
    assert_eq!(many.err(), Some(Error::Many("20 passkeys")));
}
