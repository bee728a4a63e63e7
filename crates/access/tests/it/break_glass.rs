//! Wider rights for a while: who may take them, when they end, and what they are of.

use std::time::Duration;

use access::{BreakGlass, Error, NewKey, Permissions, PolicyViews, Principal, Role};
use jiff::tz::TimeZone;
use ngsi_ld::{Attribute, Entity, Name, Uri};
use query::{Caller, Purpose};
use twin::Views as _;

use crate::support::Rig;

const REASON: &str = "a water main has burst";

fn hour() -> Duration {
    Duration::from_hours(1)
}

fn who(rig: &Rig, name: &str, role: Role) -> Principal {
    let person = rig.person(name, &[role]);
    rig.access.principal(&person.id).unwrap()
}

/// As they are now.
fn again(rig: &Rig, who: &Principal) -> Principal {
    rig.access.principal(&who.id).unwrap()
}

#[test]
fn it_is_for_people_who_may_with_a_reason_and_for_some_hours() {
    let rig = Rig::new();
    let (ola, ada) = (who(&rig, "ola", Role::Operator), who(&rig, "ada", Role::Viewer));
    let begin = |who: &Principal, reason: &str, time| rig.access.break_glass(who, reason, time);
    let minutes = |count: u64| Duration::from_secs(60 * count);
    for (who, reason, time) in [
        (&ada, REASON, hour()),
        (&ola, "too short", hour()),
        (&ola, "         ", hour()),
        (&ola, &*"x".repeat(1001), hour()),
        (&ola, REASON, minutes(0)),
        (&ola, REASON, minutes(241)),
    ] {
        let refused = begin(who, reason, time);
        assert!(matches!(refused, Err(Error::Wrong(_))), "{reason}: {refused:?}");
    }
    let new = NewKey {
        name: "feed",
        roles: &[Role::Administrator],
        ..NewKey::default()
    };
    let (info, _) = rig.access.add_key(&new, Permissions::all()).unwrap();
    let key = rig.access.principal(&info.id).unwrap();
    assert!(matches!(begin(&key, REASON, hour()), Err(Error::Wrong(_))));
    assert!(rig.access.break_glasses().is_empty());
    let one = begin(&ola, &format!("  {REASON} "), minutes(240)).unwrap();
    assert_eq!((&*one.reason, &*one.name), (REASON, "ola"));
    assert_eq!(one.until, one.begun_at.plus_micros(4 * 3_600_000_000));
    assert!(matches!(begin(&ola, REASON, hour()), Err(Error::State(_))));
    assert_eq!(rig.access.open_break_glasses(), [one]);
}

#[test]
fn it_ends_by_itself_by_hand_and_is_reviewed_by_somebody_else() {
    let rig = Rig::new();
    let ola = who(&rig, "ola", Role::Administrator);
    let (eve, ada) = (who(&rig, "eve", Role::Officer), who(&rig, "ada", Role::Operator));
    let holds = |of: &Principal| again(&rig, of).break_glass.is_some();
    let one = rig.access.break_glass(&ola, REASON, hour()).unwrap();
    assert!(holds(&ola) && !holds(&eve));
    assert_eq!(again(&rig, &ola).break_glass.as_ref(), Some(&one.id));
    rig.wait_s(3599);
    assert!(holds(&ola));
    rig.wait_s(1);
    assert!(!holds(&ola) && rig.access.open_break_glasses().is_empty());
    rig.access.tidy().unwrap();
    let noted: Vec<BreakGlass> = rig.access.break_glasses();
    assert_eq!(noted[0].ended_at, Some(one.until));
    assert_eq!(rig.restarted().break_glasses(), noted);
    // Another, ended by hand.
    let two = rig.access.break_glass(&ola, REASON, hour()).unwrap();
    assert_ne!(one.id, two.id);
    let review = |id: &str, by: &Principal| rig.access.review_break_glass(id, by, false, " it was not so ");
    assert!(
        matches!(review(&two.id, &eve), Err(Error::State(_))),
        "it still holds"
    );
    assert!(matches!(
        rig.access.end_break_glass(&two.id, &ada),
        Err(Error::NotFound { .. })
    ));
    let ended = rig.access.end_break_glass(&two.id, &eve).unwrap();
    assert!(ended.ended_at.is_some() && !holds(&ola));
    assert!(matches!(
        rig.access.end_break_glass(&two.id, &ola),
        Err(Error::State(_))
    ));
    assert!(
        matches!(review(&two.id, &ola), Err(Error::State(_))),
        "nobody reviews their own"
    );
    assert!(matches!(review(&two.id, &ada), Err(Error::Wrong(_))));
    assert!(matches!(review("00", &eve), Err(Error::NotFound { .. })));
    let reviewed = review(&two.id, &eve).unwrap().review.unwrap();
    assert_eq!(
        (&*reviewed.name, &*reviewed.note, reviewed.justified),
        ("eve", "it was not so", false)
    );
    assert!(matches!(review(&two.id, &eve), Err(Error::State(_))), "once");
    assert_eq!(rig.restarted().break_glasses(), rig.access.break_glasses());
    // One who may begin again where the end of the one before is not noted yet.
    rig.access.break_glass(&ola, REASON, hour()).unwrap();
    rig.wait_s(3600);
    rig.access.break_glass(&ola, REASON, hour()).unwrap();
    assert!(holds(&ola));
    let open = rig
        .access
        .break_glasses()
        .iter()
        .filter(|one| one.ended_at.is_none())
        .count();
    assert_eq!(open, 1);
}

#[test]
fn who_may_take_them_no_more_has_them_no_longer() {
    let rig = Rig::new();
    let ada = who(&rig, "ada", Role::Operator);
    let holds = || again(&rig, &ada).break_glass.is_some();
    let with = |roles: &[Role]| rig.access.set_roles(&ada.id, roles, &[], Permissions::all());
    rig.access.break_glass(&ada, REASON, hour()).unwrap();
    assert!(holds());
    with(&[Role::Viewer]).unwrap();
    assert!(!holds());
    with(&[Role::Operator]).unwrap();
    assert!(holds());
    let north = access::Reach {
        tenants: ["north".into()].into(),
        ..access::Reach::default()
    };
    rig.access.set_reach(&ada.id, &north, Permissions::all()).unwrap();
    assert!(!holds());
}

#[test]
fn it_is_in_force_after_a_restart_until_its_time() {
    let rig = Rig::new();
    let ola = who(&rig, "ola", Role::Operator);
    rig.access.break_glass(&ola, REASON, hour()).unwrap();
    let restarted = rig.restarted();
    assert!(restarted.principal(&ola.id).unwrap().break_glass.is_some());
    rig.wait_s(3600);
    assert!(restarted.principal(&ola.id).unwrap().break_glass.is_none());
}

#[test]
fn it_widens_what_they_see_themselves_and_nothing_that_comes_by_itself() {
    let rig = Rig::new();
    let ola = who(&rig, "ola", Role::Operator);
    let new = NewKey {
        name: "feed",
        owner: Some(&ola.id),
        roles: &[Role::Operator],
        ..NewKey::default()
    };
    let (info, _) = rig.access.add_key(&new, Permissions::all()).unwrap();
    let views = PolicyViews::open(rig.access.clone(), rig.twin.clone(), TimeZone::UTC).unwrap();
    let purpose = Purpose("service-operation".into());
    let secret = Entity::new(Uri::ngsi_ld("Secret", "1"), Name::default_term("Secret"))
        .with(Attribute::property(Name::default_term("colour"), "red"));
    let sees = |who: &Principal| {
        let view = views.of(Some(&again(&rig, who)), None, &purpose);
        assert!(
            !view
                .write()
                .of(&secret)
                .to_attribute(&Name::default_term("colour"))
        );
        view.of(&secret).is_some()
    };
    let told = |id: &str| {
        let caller = Caller::Principal(id.into());
        let view = views.view_of(&caller, &purpose, None).unwrap();
        view.of(&secret).is_some()
    };
    let key = rig.access.principal(&info.id).unwrap();
    assert!(!sees(&ola) && !sees(&key) && !told(&ola.id));
    let one = rig.access.break_glass(&ola, REASON, hour()).unwrap();
    assert!(sees(&ola), "from the next request on");
    assert!(!sees(&key) && !told(&ola.id) && !told(&info.id));
    rig.access.end_break_glass(&one.id, &ola).unwrap();
    assert!(!sees(&ola));
    rig.access.break_glass(&ola, REASON, hour()).unwrap();
    assert!(sees(&ola));
    rig.wait_s(3600);
    assert!(!sees(&ola), "and until its end");
}
