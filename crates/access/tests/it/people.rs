//! Accounts and what is done with them.

use access::{Error, NewPerson, Permission, Permissions, Role, Weakness};

use crate::support::{GOOD, OTHER, Rig, WRONG, opened, source};

fn all() -> Permissions {
    Permissions::all()
}

#[test]
fn the_first_administrator_is_made_with_the_code_and_nobody_is_with_it_again() {
    let rig = Rig::new();
    let here = source("192.0.2.1");
    assert!(rig.access.needs_setup());
    let refused = Err(Error::Refused);
    assert_eq!(
        rig.access.set_up("anything", "ada", GOOD, here),
        refused,
        "no code was printed"
    );
    let first = rig.access.setup_code().unwrap().unwrap();
    let second = rig.access.setup_code().unwrap().unwrap();
    assert!(
        first != second && second.len() == 32,
        "{second}: 128 bits in groups of four"
    );
    assert_eq!(
        rig.access.set_up(&first, "ada", GOOD, here),
        refused,
        "another took its place"
    );
    // A code survives a refused password.
    assert_eq!(
        rig.access.set_up(&second, "ada", "password", here),
        Err(Error::Weak(Weakness::Common))
    );
    let ada = rig
        .access
        .set_up(&second.to_lowercase(), "ada", GOOD, here)
        .unwrap();
    assert_eq!(ada.roles, [Role::Administrator]);
    assert!(!rig.access.needs_setup());
    assert_eq!(rig.access.set_up(&second, "eve", GOOD, here), refused);
    assert_eq!(rig.access.setup_code().unwrap(), None);
    assert_eq!(rig.restarted().set_up(&second, "eve", GOOD, here), refused);
    assert!(rig.is_in(&rig.enter("ADA")), "case makes no difference in names");
}

#[test]
fn codes_of_twenty_first_starts_differ() {
    let codes: std::collections::BTreeSet<_> = (0..20)
        .map(|seed| {
            let rig = Rig::new();
            let access = crate::support::open(&rig.twin, &rig.clock, seed, crate::support::settings());
            access.setup_code().unwrap().unwrap()
        })
        .collect();
    assert_eq!(codes.len(), 20);
}

#[test]
fn who_is_invited_sets_the_password_once_and_in_time() {
    let rig = Rig::new();
    let new = |name| NewPerson {
        name,
        roles: &[Role::Editor],
        ..NewPerson::default()
    };
    let (ben, code) = rig.access.add_person(&new("ben"), all()).unwrap();
    let code = code.unwrap();
    assert!(ben.invited && rig.log_in("ben", "").is_err() && rig.log_in("ben", GOOD).is_err());
    assert_eq!(rig.access.invited(&code).unwrap().name, "ben");
    assert_eq!(
        rig.access.accept_invitation(&code, "benben12"),
        Err(Error::Weak(Weakness::Common)),
        "the own name"
    );
    assert!(!rig.access.accept_invitation(&code, OTHER).unwrap().invited);
    assert_eq!(rig.access.accept_invitation(&code, GOOD), Err(Error::Refused));
    opened(rig.log_in("ben", OTHER));
    let (_, late) = rig.access.add_person(&new("cleo"), all()).unwrap();
    rig.wait_s(7 * 86_400);
    assert_eq!(
        rig.access.accept_invitation(&late.unwrap(), GOOD),
        Err(Error::Refused)
    );
    for bad in ["", ".", &code[..code.len() - 1], &format!("{}.x", ben.id)] {
        assert!(rig.access.invited(bad).is_err(), "{bad}");
    }
}

#[test]
fn names_are_unique_and_can_change() {
    let rig = Rig::new();
    let ada = rig.person("ada", &[Role::Administrator]);
    rig.person("ben", &[]);
    let again = NewPerson {
        name: "ADA",
        ..NewPerson::default()
    };
    assert!(matches!(
        rig.access.add_person(&again, all()),
        Err(Error::Taken(_))
    ));
    assert!(matches!(
        rig.access.rename_person(&ada.id, "Ben", all()),
        Err(Error::Taken(_))
    ));
    assert!(matches!(
        rig.access.rename_person(&ada.id, "a b", all()),
        Err(Error::BadName(_))
    ));
    assert_eq!(
        rig.access.rename_person(&ada.id, "Ada", all()).unwrap().name,
        "Ada"
    );
    rig.access.rename_person(&ada.id, "lovelace", all()).unwrap();
    assert!(rig.log_in("ada", GOOD).is_err());
    rig.enter("lovelace");
    rig.person("ada", &[]);
    let names: Vec<_> = rig
        .access
        .people()
        .into_iter()
        .map(|person| person.name)
        .collect();
    assert_eq!(names, ["ada", "ben", "lovelace"]);
}

#[test]
fn who_is_disabled_or_removed_is_out_at_once() {
    let rig = Rig::new();
    rig.person("ada", &[Role::Administrator]);
    let ben = rig.person("ben", &[Role::Viewer]);
    let session = rig.enter("ben");
    rig.access.disable_person(&ben.id, all()).unwrap();
    assert!(!rig.is_in(&session));
    assert_eq!(rig.log_in("ben", GOOD).err(), Some(Error::Refused));
    rig.access.enable_person(&ben.id, all()).unwrap();
    assert!(!rig.is_in(&session), "what ended stays ended");
    let session = rig.enter("ben");
    rig.access.remove_person(&ben.id, all()).unwrap();
    assert!(!rig.is_in(&session) && rig.access.person("ben").is_err());
    assert!(rig.access.remove_person(&ben.id, all()).is_err());
}

#[test]
fn the_last_administrator_stays() {
    let rig = Rig::new();
    let ada = rig.person("ada", &[Role::Administrator]);
    rig.person("ben", &[Role::Officer]);
    let last = Some(Error::LastAdministrator);
    assert_eq!(rig.access.disable_person(&ada.id, all()).err(), last);
    assert_eq!(rig.access.remove_person(&ada.id, all()).err(), last);
    assert_eq!(
        rig.access.set_roles(&ada.id, &[Role::Viewer], &[], all()).err(),
        last
    );
    // By a group it is the same.
    rig.access
        .put_group("chiefs", &[Role::Administrator], all())
        .unwrap();
    let chiefs = ["chiefs".to_owned()];
    rig.access.set_roles(&ada.id, &[], &chiefs, all()).unwrap();
    assert_eq!(rig.access.remove_group("chiefs", all()).err(), last);
    assert_eq!(rig.access.put_group("chiefs", &[Role::Editor], all()).err(), last);
    let ben = rig.access.person("ben").unwrap();
    rig.access
        .set_roles(&ben.id, &[Role::Administrator], &[], all())
        .unwrap();
    rig.access.remove_group("chiefs", all()).unwrap();
    assert!(rig.access.person("ada").unwrap().groups.is_empty());
    rig.access.disable_person(&ada.id, all()).unwrap();
}

#[test]
fn roles_and_groups_hold_from_the_next_request_on() {
    let rig = Rig::new();
    let ada = rig.person("ada", &[Role::Viewer]);
    let session = rig.enter("ada");
    let may = |permission| rig.access.of_session(&session.token).unwrap().may(permission);
    assert!(may(Permission::TwinRead) && !may(Permission::TwinWrite));
    rig.access.put_group("works", &[Role::Editor], all()).unwrap();
    let works = ["works".to_owned()];
    rig.access
        .set_roles(&ada.id, &[Role::Viewer], &works, all())
        .unwrap();
    assert!(may(Permission::TwinWrite));
    assert_eq!(
        rig.access.of_session(&session.token).unwrap().roles,
        [Role::Viewer, Role::Editor]
    );
    rig.access.put_group("works", &[Role::Planner], all()).unwrap();
    assert!(!may(Permission::TwinWrite) && may(Permission::ScenariosRun));
    assert!(matches!(
        rig.access.set_roles(&ada.id, &[], &["none".to_owned()], all()),
        Err(Error::NotFound { what: "group", .. })
    ));
}

#[test]
fn nobody_hands_out_or_touches_more_than_they_have() {
    let rig = Rig::new();
    let ada = rig.person("ada", &[Role::Administrator]);
    let ben = rig.person("ben", &[Role::Viewer]);
    // As a key would have it that is for accounts only.
    let by: Permissions = Role::Viewer
        .permissions()
        .iter()
        .chain([Permission::UsersManage])
        .collect();
    let new = |roles: &'static [Role]| NewPerson {
        name: "eve",
        roles,
        ..NewPerson::default()
    };
    let beyond = |error: Option<Error>| matches!(error, Some(Error::Beyond(_)));
    assert!(beyond(
        rig.access.add_person(&new(&[Role::Administrator]), by).err()
    ));
    assert!(beyond(
        rig.access.set_roles(&ben.id, &[Role::Editor], &[], by).err()
    ));
    assert!(beyond(rig.access.put_group("g", &[Role::Editor], by).err()));
    for refused in [
        rig.access.disable_person(&ada.id, by).err(),
        rig.access.reset_person(&ada.id, by).err(),
        rig.access.remove_person(&ada.id, by).err(),
        rig.access.rename_person(&ada.id, "x", by).err(),
    ] {
        assert!(beyond(refused));
    }
    rig.access.add_person(&new(&[Role::Viewer]), by).unwrap();
    rig.access.reset_person(&ben.id, by).unwrap();
}

#[test]
fn a_password_is_changed_with_the_old_one_and_other_sessions_end() {
    let rig = Rig::new();
    let ada = rig.person("ada", &[Role::Viewer]);
    let (here, there) = (rig.enter("ada"), rig.enter("ada"));
    let from = source("192.0.2.1");
    let change = |old, new| {
        rig.access
            .change_password(&ada.id, old, new, Some(&here.token), from)
    };
    assert_eq!(change(WRONG, OTHER), Err(Error::Refused));
    assert_eq!(change(GOOD, "short"), Err(Error::Weak(Weakness::Short)));
    change(GOOD, OTHER).unwrap();
    assert!(rig.is_in(&here) && !rig.is_in(&there));
    assert!(rig.log_in("ada", GOOD).is_err());
    opened(rig.log_in("ada", OTHER));
    // Guessing it from a session that was left open is slow, too.
    let guesses = (0..1000)
        .filter(|_| change(WRONG, GOOD) == Err(Error::Refused))
        .count();
    assert!(guesses <= 20, "{guesses}");
}

#[test]
fn a_reset_takes_password_second_factor_and_sessions() {
    let rig = Rig::new();
    let ada = rig.person("ada", &[Role::Viewer]);
    let session = rig.enter("ada");
    let enrolment = rig
        .access
        .begin_second_factor(&ada.id, GOOD, source("192.0.2.1"))
        .unwrap();
    let code = crate::support::shown(&enrolment.secret, twin::Clock::now(&*rig.clock));
    rig.access.confirm_second_factor(&ada.id, &code, None).unwrap();
    let (after, invitation) = rig.access.reset_person(&ada.id, all()).unwrap();
    assert!(after.invited && !after.second_factor && after.recovery_codes == 0);
    assert!(!rig.is_in(&session) && rig.log_in("ada", GOOD).is_err());
    rig.access.accept_invitation(&invitation, OTHER).unwrap();
    opened(rig.log_in("ada", OTHER));
}
