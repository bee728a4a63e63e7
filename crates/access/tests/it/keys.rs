//! Keys of services.

use std::time::Duration;

use access::{Error, Kind, NewKey, Permission, Permissions, Role};

use crate::support::Rig;

fn all() -> Permissions {
    Permissions::all()
}

#[test]
fn a_key_is_shown_once_and_does_what_its_roles_and_scopes_give() {
    let rig = Rig::new();
    let new = NewKey {
        name: "sensors",
        roles: &[Role::Operator],
        scopes: &[Permission::TwinWrite, Permission::UsersManage],
        ..NewKey::default()
    };
    let (info, key) = rig.access.add_key(&new, all()).unwrap();
    assert!(key.starts_with(&format!("mapacha_{}_", info.id)) && key.len() == 8 + 16 + 1 + 64);
    let service = rig.access.of_key(&key).unwrap();
    assert_eq!((service.kind, &*service.name), (Kind::Service, "sensors"));
    assert!(service.may(Permission::TwinWrite));
    assert!(!service.may(Permission::TwinRead), "not among its scopes");
    assert!(
        !service.may(Permission::UsersManage),
        "not among its roles' permissions"
    );
    for bad in [
        "",
        "mapacha_",
        &key[..key.len() - 1],
        &format!("{key}0"),
        &key.replace(&*info.id, "0000000000000000"),
        &key.to_uppercase(),
        key.trim_start_matches("mapacha_"),
    ] {
        assert!(rig.access.of_key(bad).is_none(), "{bad}");
    }
    assert!(rig.restarted().of_key(&key).is_some());
    for (_, value) in rig.twin.rows("access-keys").unwrap() {
        assert!(
            !String::from_utf8_lossy(&value).contains(&key[25..]),
            "only its digest is kept"
        );
    }
    rig.access.revoke_key(&info.id).unwrap();
    assert!(rig.access.of_key(&key).is_none() && rig.access.revoke_key(&info.id).is_err());
}

#[test]
fn a_key_ends_and_is_rotated_with_an_overlap() {
    let rig = Rig::new();
    let new = NewKey {
        name: "feed",
        roles: &[Role::Viewer],
        lifetime: Some(Duration::from_hours(24)),
        ..NewKey::default()
    };
    let (info, first) = rig.access.add_key(&new, all()).unwrap();
    let hour = Duration::from_hours(1);
    let (_, second) = rig.access.rotate_key(&info.id, hour, all()).unwrap();
    let works = |key: &str| rig.access.of_key(key).is_some();
    assert!(works(&first) && works(&second) && first != second);
    rig.wait_s(3599);
    assert!(works(&first));
    rig.wait_s(1);
    assert!(!works(&first) && works(&second));
    let (_, third) = rig.access.rotate_key(&info.id, Duration::ZERO, all()).unwrap();
    assert!(!works(&second) && works(&third));
    rig.wait_s(86_400);
    assert!(!works(&third), "the day is over");
}

#[test]
fn a_key_of_a_person_never_does_more_than_the_person() {
    let rig = Rig::new();
    rig.person("chief", &[Role::Administrator]);
    let ben = rig.person("ben", &[Role::Editor]);
    let new = NewKey {
        name: "script",
        owner: Some(&ben.id),
        roles: &[Role::Editor],
        ..NewKey::default()
    };
    let (_, key) = rig.access.add_key(&new, ben.permissions).unwrap();
    let beyond = NewKey {
        roles: &[Role::Administrator],
        ..new.clone()
    };
    assert!(matches!(
        rig.access.add_key(&beyond, ben.permissions),
        Err(Error::Beyond(_))
    ));
    assert!(matches!(
        rig.access.add_key(&beyond, all()),
        Err(Error::Beyond(_))
    ));
    assert!(rig.access.of_key(&key).unwrap().may(Permission::TwinWrite));
    rig.access
        .set_roles(&ben.id, &[Role::Viewer], &[], all())
        .unwrap();
    let service = rig.access.of_key(&key).unwrap();
    assert!(service.may(Permission::TwinRead) && !service.may(Permission::TwinWrite));
    rig.access.disable_person(&ben.id, all()).unwrap();
    assert!(rig.access.of_key(&key).is_none());
    rig.access.enable_person(&ben.id, all()).unwrap();
    assert!(rig.access.of_key(&key).is_some());
    assert_eq!(rig.access.keys(Some(&ben.id)).len(), 1);
    rig.access.remove_person(&ben.id, all()).unwrap();
    assert!(rig.access.of_key(&key).is_none() && rig.access.keys(None).is_empty());
}

#[test]
fn the_last_use_is_known_and_written_down_now_and_then() {
    let rig = Rig::new();
    let new = NewKey {
        name: "feed",
        roles: &[Role::Viewer],
        ..NewKey::default()
    };
    let (info, key) = rig.access.add_key(&new, all()).unwrap();
    assert_eq!(rig.access.key(&info.id).unwrap().used_at, None);
    rig.access.of_key(&key).unwrap();
    let used = rig.access.key(&info.id).unwrap().used_at;
    assert!(used.is_some());
    rig.access.tidy().unwrap();
    assert_eq!(rig.restarted().key(&info.id).unwrap().used_at, used);
}
