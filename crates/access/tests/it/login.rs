//! Logging in: passwords, second factors, sessions, and guesses at each.

use std::time::Duration;

use access::{Assurance, Attempt, Entered, Error, Role, Settings};
use twin::Clock as _;

use crate::support::{GOOD, LEAST, OTHER, Rig, WRONG, from, open, opened, settings, shown, source};

#[test]
fn unknown_names_and_wrong_passwords_get_the_same_answer_for_the_same_work() {
    let rig = Rig::new();
    rig.person("ada", &[Role::Viewer]);
    let ben = rig.person("ben", &[Role::Viewer]);
    rig.person("chief", &[Role::Administrator]);
    rig.access
        .disable_person(&ben.id, access::Permissions::all())
        .unwrap();
    for (name, password) in [
        ("ada", WRONG),
        ("nobody", GOOD),
        ("", ""),
        ("ben", GOOD),
        ("ben", WRONG),
    ] {
        let before = rig.access.passwords_hashed();
        assert_eq!(rig.log_in(name, password).err(), Some(Error::Refused), "{name}");
        assert_eq!(rig.access.passwords_hashed() - before, 1, "{name}");
    }
}

#[test]
fn every_login_has_a_token_of_its_own() {
    let rig = Rig::new();
    rig.person("ada", &[Role::Viewer]);
    let (a, b) = (rig.enter("ada"), rig.enter("ada"));
    assert!(a.token != b.token && a.token.len() == 64);
    let principal = rig.access.of_session(&a.token).unwrap();
    assert_eq!((&*principal.name, principal.assurance), ("ada", Assurance::One));
    rig.access.end_session(&a.token).unwrap();
    assert!(!rig.is_in(&a) && rig.is_in(&b));
    rig.access.end_session("not a token").unwrap();
    for bad in ["", "x", &a.token[..63], &b.token.to_uppercase()] {
        assert!(rig.access.of_session(bad).is_none(), "{bad}");
    }
}

#[test]
fn sessions_end_when_idle_and_when_old() {
    let rig = Rig::new();
    rig.person("ada", &[Role::Viewer]);
    let idle = rig.enter("ada");
    rig.wait_s(30 * 60 - 1);
    assert!(rig.is_in(&idle), "used now, so it goes on");
    rig.wait_s(30 * 60);
    assert!(!rig.is_in(&idle));
    let old = rig.enter("ada");
    for _ in 0..8 * 4 - 1 {
        rig.wait_s(15 * 60);
        assert!(rig.is_in(&old));
    }
    rig.wait_s(15 * 60);
    assert!(!rig.is_in(&old), "eight hours after the login");
    rig.access.tidy().unwrap();
    assert!(rig.access.sessions(&old.person, None).is_empty());
    assert!(rig.twin.rows("access-sessions").unwrap().is_empty());
}

#[test]
fn a_restart_keeps_sessions_and_what_is_known_of_their_use() {
    let rig = Rig::new();
    rig.person("ada", &[Role::Viewer]);
    let session = rig.enter("ada");
    rig.wait_s(29 * 60);
    assert!(rig.is_in(&session));
    rig.access.tidy().unwrap();
    let again = rig.restarted();
    rig.wait_s(29 * 60);
    assert!(again.of_session(&session.token).is_some());
    let again = rig.restarted();
    rig.wait_s(31 * 60);
    assert!(again.of_session(&session.token).is_none());
    // The store has digests, and no token.
    for (key, value) in rig.twin.rows("access-sessions").unwrap() {
        let text = String::from_utf8_lossy(&value).into_owned() + &String::from_utf8_lossy(&key);
        assert!(!text.contains(&session.token));
    }
}

#[test]
fn sessions_are_listed_and_ended_by_their_owner_only() {
    let rig = Rig::new();
    let ada = rig.person("ada", &[Role::Viewer]);
    let ben = rig.person("ben", &[Role::Viewer]);
    let (here, there) = (rig.enter("ada"), rig.enter("ada"));
    let sessions = rig.access.sessions(&ada.id, Some(&here.token));
    assert_eq!(sessions.len(), 2);
    let other = sessions.iter().find(|session| !session.current).unwrap();
    assert!(rig.access.end_session_of(&ben.id, &other.id).is_err());
    rig.access.end_session_of(&ada.id, &other.id).unwrap();
    assert!(rig.is_in(&here) && !rig.is_in(&there));
    for _ in 0..60 {
        rig.wait_s(1);
        rig.enter("ada");
    }
    assert_eq!(rig.access.sessions(&ada.id, None).len(), 50);
    assert!(!rig.is_in(&here), "the oldest went");
}

#[test]
fn a_thousand_guesses_are_few_and_the_owners_browser_gets_in() {
    let rig = Rig::new();
    rig.person("ada", &[Role::Viewer]);
    let known = rig.enter("ada").known_browser;
    let before = rig.access.passwords_hashed();
    for n in 0..1000_u32 {
        // From everywhere, one a second.
        let attempt = Attempt {
            from: source(&format!("198.51.{}.{}", n / 200, n % 200)),
            ..Attempt::default()
        };
        rig.wait_s(1);
        let answer = rig.access.log_in("ada", &format!("guess number {n}"), &attempt);
        assert!(matches!(answer.err(), Some(Error::Refused | Error::Wait { .. })));
    }
    let looked_at = rig.access.passwords_hashed() - before;
    assert!(looked_at <= 20, "{looked_at}");
    // Somebody new waits; the browser in which she logged in before does not, not even from the same network.
    assert!(matches!(rig.log_in("ada", GOOD), Err(Error::Wait { .. })));
    let hers = Attempt {
        known_browser: Some(&known),
        ..from("198.51.0.1")
    };
    opened(rig.access.log_in("ada", GOOD, &hers));
    // Not one that somebody made, or was given for another account.
    let ben = rig.person("ben", &[Role::Viewer]);
    let mine = opened(rig.access.log_in("ben", GOOD, &from("203.0.113.5"))).known_browser;
    for cookie in [
        mine.replace(&*ben.id, &rig.access.person("ada").unwrap().id),
        mine,
        "x.1.y".into(),
    ] {
        let attempt = Attempt {
            known_browser: Some(&cookie),
            ..from("203.0.113.9")
        };
        assert!(matches!(
            rig.access.log_in("ada", GOOD, &attempt),
            Err(Error::Wait { .. })
        ));
    }
    // A stolen cookie is no way round: it has a count of its own.
    let before = rig.access.passwords_hashed();
    for _ in 0..1000 {
        rig.wait_s(1);
        assert!(rig.access.log_in("ada", WRONG, &hers).is_err());
    }
    assert!(rig.access.passwords_hashed() - before <= 20);
}

#[test]
fn guesses_at_the_same_time_count_too() {
    let rig = Rig::new();
    rig.person("ada", &[Role::Viewer]);
    let before = rig.access.passwords_hashed();
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                for _ in 0..20 {
                    let _ = rig.log_in("ada", WRONG);
                }
            });
        }
    });
    assert!(rig.access.passwords_hashed() - before <= 5);
}

#[test]
fn a_password_change_makes_known_browsers_strangers() {
    let rig = Rig::new();
    let ada = rig.person("ada", &[Role::Viewer]);
    let known = rig.enter("ada").known_browser;
    let here = source("192.0.2.1");
    rig.access
        .change_password(&ada.id, GOOD, OTHER, None, here)
        .unwrap();
    for _ in 0..6 {
        let _ = rig.access.log_in("ada", WRONG, &from("198.51.100.1"));
    }
    let attempt = Attempt {
        known_browser: Some(&known),
        ..from("192.0.2.7")
    };
    assert!(matches!(
        rig.access.log_in("ada", OTHER, &attempt),
        Err(Error::Wait { .. })
    ));
}

#[test]
fn the_second_factor_is_asked_for_and_taken_once() {
    let rig = Rig::new();
    let ada = rig.person("ada", &[Role::Administrator]);
    let here = source("192.0.2.1");
    assert_eq!(
        rig.access.begin_second_factor(&ada.id, WRONG, here).err(),
        Some(Error::Refused)
    );
    let enrolment = rig.access.begin_second_factor(&ada.id, GOOD, here).unwrap();
    assert!(enrolment.uri.starts_with("otpauth://totp/Mapacha:ada?secret="));
    rig.enter("ada"); // not yet asked for
    assert_eq!(
        rig.access.confirm_second_factor(&ada.id, "000000", None).err(),
        Some(Error::Refused)
    );
    let code = shown(&enrolment.secret, rig.clock.now());
    let recovery = rig.access.confirm_second_factor(&ada.id, &code, None).unwrap();
    assert_eq!(recovery.len(), 10);

    let begin = || match rig.log_in("ada", GOOD).unwrap() {
        Entered::SecondFactor(token) => token,
        Entered::In(_) => panic!("no second factor is asked for"),
    };
    let try_code = |token: &str, code: &str| rig.access.second_factor(token, code, &from("192.0.2.1"));
    let token = begin();
    assert!(rig.access.of_session(&token).is_none() && rig.access.awaits_second_factor(&token));
    assert_eq!(
        try_code(&token, &code).err(),
        Some(Error::Refused),
        "it was used to confirm"
    );
    rig.wait_s(30);
    let code = shown(&enrolment.secret, rig.clock.now());
    let session = try_code(&token, &code).ok().unwrap();
    assert!(session.token != token, "a new token for the session");
    assert_eq!(
        rig.access.of_session(&session.token).unwrap().assurance,
        Assurance::Two
    );
    assert_eq!(
        try_code(&token, &recovery[0]).err(),
        Some(Error::Refused),
        "the login is over"
    );
    let token = begin();
    assert_eq!(try_code(&token, &code).err(), Some(Error::Refused), "taken once");
    // A recovery code, as somebody types it from paper.
    try_code(&token, &recovery[3].to_lowercase().replace('-', " "))
        .ok()
        .unwrap();
    let token = begin();
    assert_eq!(
        try_code(&token, &recovery[3]).err(),
        Some(Error::Refused),
        "used up"
    );
    assert_eq!(rig.access.person(&ada.id).unwrap().recovery_codes, 9);
    // It waits five minutes, and not past a restart.
    rig.wait_s(301);
    assert!(!rig.access.awaits_second_factor(&token));
    assert_eq!(try_code(&token, &recovery[4]).err(), Some(Error::Refused));
    let fresh = rig.access.renew_recovery_codes(&ada.id, GOOD, here).unwrap();
    assert!(!fresh.contains(&recovery[4]));
    rig.access.end_second_factor(&ada.id, GOOD, here).unwrap();
    rig.enter("ada");
}

#[test]
fn a_thousand_codes_are_few() {
    let rig = Rig::new();
    let ada = rig.person("ada", &[Role::Viewer]);
    let here = source("192.0.2.1");
    let enrolment = rig.access.begin_second_factor(&ada.id, GOOD, here).unwrap();
    let code = shown(&enrolment.secret, rig.clock.now());
    rig.access.confirm_second_factor(&ada.id, &code, None).unwrap();
    let mut looked_at = 0;
    for _ in 0..1000 {
        rig.wait_s(1);
        // Whoever guesses has the password.
        let Ok(Entered::SecondFactor(token)) = rig.access.log_in("ada", GOOD, &from("198.51.100.1")) else {
            continue;
        };
        if rig.access.second_factor(&token, "x", &from("198.51.100.1")).err() == Some(Error::Refused) {
            looked_at += 1;
        }
    }
    assert!((5..=20).contains(&looked_at), "{looked_at}");
}

#[test]
fn old_costs_are_renewed_at_login() {
    let rig = Rig::new();
    let ada = rig.person("ada", &[Role::Viewer]);
    let dearer = Settings {
        cost: access::Cost {
            memory_kib: 16,
            ..LEAST
        },
        idle: Duration::from_hours(1),
        ..settings()
    };
    let access = open(&rig.twin, &rig.clock, 3, dearer);
    let stored = || {
        let rows = rig.twin.rows("access-people").unwrap();
        let row = rows.into_iter().find(|(id, _)| id == ada.id.as_bytes()).unwrap();
        String::from_utf8(row.1[1..].to_vec()).unwrap()
    };
    assert!(stored().contains(r#""m":8,"#));
    assert!(access.log_in("ada", WRONG, &from("192.0.2.1")).is_err());
    assert!(stored().contains(r#""m":8,"#));
    opened(access.log_in("ada", GOOD, &from("192.0.2.1")));
    assert!(stored().contains(r#""m":16,"#));
    opened(access.log_in("ada", GOOD, &from("192.0.2.1")));
}

#[test]
fn a_form_belongs_to_its_session() {
    let rig = Rig::new();
    rig.person("ada", &[Role::Viewer]);
    let (a, b) = (rig.enter("ada"), rig.enter("ada"));
    let token = rig.access.form_token(&a.token);
    assert!(rig.access.is_form_token(&a.token, &token));
    assert!(!rig.access.is_form_token(&b.token, &token));
    assert!(!rig.access.is_form_token(&a.token, ""));
    assert!(
        rig.restarted().is_form_token(&a.token, &token),
        "forms survive a restart"
    );
}
