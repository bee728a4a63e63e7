//! Why somebody can see something, and what a change would change, with the accounts, keys and entities that there are.

use access::policies::Action;
use access::{Assurance, Changes, Error, NewKey, Permission, Permissions, PolicyViews, Role, WhyAsked};
use jiff::tz::TimeZone;
use ngsi_ld::{Attribute, Entity, Name, Uri};
use query::view::{Condition, Rights};
use query::{Caller, Purpose, View};
use twin::Operation;

use crate::support::Rig;

fn term(name: &str) -> Name {
    Name::default_term(name)
}

fn everything() -> View {
    View::open(Caller::System("test"), "test")
}

struct City {
    rig: Rig,
    views: PolicyViews,
    purpose: Purpose,
    road: Uri,
    secret: Uri,
}

fn city() -> City {
    let rig = Rig::new();
    let road = Uri::ngsi_ld("RoadSegment", "1");
    let secret = Uri::ngsi_ld("Secret", "1");
    let of_road = Entity::new(road.clone(), Name::default_term("RoadSegment"))
        .with(Attribute::property(
            ngsi_ld::context::Context::core().expand("name"),
            "Moi Avenue",
        ))
        .with(Attribute::property(term("reporter"), "Ada"));
    let of_secret =
        Entity::new(secret.clone(), term("Secret")).with(Attribute::property(term("colour"), "red"));
    for entity in [of_road, of_secret] {
        rig.twin
            .execute_blocking(&everything(), vec![Operation::Create(entity)])
            .pop()
            .unwrap()
            .unwrap();
    }
    let views = PolicyViews::open(rig.access.clone(), rig.twin.clone(), TimeZone::UTC).unwrap();
    City {
        rig,
        views,
        purpose: Purpose("service-operation".into()),
        road,
        secret,
    }
}

impl City {
    fn asked<'a>(&'a self, who: &'a str, entity: &'a Uri, attribute: Option<&'a str>) -> WhyAsked<'a> {
        WhyAsked {
            who,
            action: Action::Read,
            purpose: &self.purpose,
            tenant: None,
            assurance: None,
            entity,
            attribute,
        }
    }
}

#[test]
fn it_says_which_policy_lets_whom_see_what() {
    let city = city();
    let ada = city.rig.person("ada", &[Role::Viewer]);
    for who in ["ada", "ADA", &ada.id] {
        let why = city
            .views
            .why(&city.rig.twin, &everything(), &city.asked(who, &city.road, None))
            .unwrap();
        assert_eq!(why.who.as_ref().unwrap().id, ada.id);
        assert_eq!(why.permission, Some((Permission::TwinRead, true)));
        assert!(why.allowed());
        let open = &why.verdicts[0];
        assert_eq!((&*open.class, open.allowed), ("open", true));
        let ids: Vec<&str> = open.permits.iter().map(|policy| &*policy.id).collect();
        assert_eq!(ids, ["role.anonymous", "role.viewer"]);
        assert_eq!(open.attributes[0].short(), "name");
    }
    let why = |who: &str, entity: &Uri, attribute: Option<&str>| {
        city.views
            .why(&city.rig.twin, &everything(), &city.asked(who, entity, attribute))
    };
    let reporter = why("ada", &city.road, Some("reporter")).unwrap();
    assert_eq!(reporter.verdicts.len(), 1);
    assert_eq!(
        (&*reporter.verdicts[0].class, reporter.allowed()),
        ("personal", false)
    );
    let by_iri = why("ada", &city.road, Some(term("reporter").as_str())).unwrap();
    assert_eq!(by_iri.verdicts, reporter.verdicts);
    // Nobody has classified it.
    let secret = why("ada", &city.secret, Some("colour")).unwrap();
    assert_eq!((&*secret.verdicts[0].class, secret.allowed()), ("special", false));
    assert_eq!(secret.verdicts[0].reason(), "no policy permits it");
    // The policies would let a stranger see what is open; the doors do not.
    let stranger = why("anonymous", &city.road, Some("name")).unwrap();
    assert!(stranger.who.is_none() && stranger.verdicts[0].allowed && !stranger.allowed());
    assert!(matches!(
        why("eve", &city.road, None),
        Err(Error::NotFound { .. })
    ));
    assert!(matches!(
        why("ada", &Uri::ngsi_ld("RoadSegment", "2"), None),
        Err(Error::NotFound { .. })
    ));
    city.rig
        .access
        .disable_person(&ada.id, Permissions::all())
        .unwrap();
    assert!(matches!(why("ada", &city.road, None), Err(Error::State(_))));
}

/// Of an entity all of which is in classes that are not for somebody, that other classes are for them shows them nothing.
#[test]
fn a_class_that_an_entity_has_nothing_of_lets_nobody_see_it() {
    let city = city();
    city.rig.person("ada", &[Role::Viewer]);
    let why = (city.views)
        .why(
            &city.rig.twin,
            &everything(),
            &city.asked("ada", &city.secret, None),
        )
        .unwrap();
    assert!(why.verdicts.iter().any(|verdict| verdict.allowed), "{why:?}");
    assert!(!why.allowed(), "{why:?}");
}

#[test]
fn a_key_is_asked_about_by_its_id_and_limited_by_its_scopes() {
    let city = city();
    let new = NewKey {
        name: "feed",
        roles: &[Role::Editor],
        scopes: &[Permission::TwinWrite],
        ..NewKey::default()
    };
    let (info, _) = city.rig.access.add_key(&new, Permissions::all()).unwrap();
    let asked = city.asked(&info.id, &city.road, Some("name"));
    let why = city.views.why(&city.rig.twin, &everything(), &asked).unwrap();
    assert_eq!(why.permission, Some((Permission::TwinRead, false)));
    assert!(why.verdicts[0].allowed && !why.allowed());
    let writing = WhyAsked {
        action: Action::Write,
        ..asked
    };
    let why = city.views.why(&city.rig.twin, &everything(), &writing).unwrap();
    assert!(why.allowed());
}

#[test]
fn two_factors_are_meant_where_they_are_set_up_or_said() {
    let city = city();
    city.rig.person("ada", &[Role::Administrator]);
    let admin = city
        .rig
        .access
        .principal(&city.rig.access.person("ada").unwrap().id);
    let text = "@id(\"two\") forbid (principal is User, action, resource) unless { context.assurance >= 2 };";
    city.views
        .change_policies(&admin.unwrap(), "two.cedar", Some(text))
        .unwrap();
    let one = city.asked("ada", &city.secret, None);
    let why = |asked: &WhyAsked<'_>| city.views.why(&city.rig.twin, &everything(), asked).unwrap();
    assert!(!why(&one).allowed());
    assert_eq!(why(&one).verdicts[0].forbids[0].id, "two");
    let two = WhyAsked {
        assurance: Some(Assurance::Two),
        ..one
    };
    assert!(why(&two).allowed());
}

#[test]
fn nothing_is_told_of_what_whoever_asks_does_not_see() {
    let city = city();
    city.rig.person("ada", &[Role::Administrator]);
    let roads = Condition::Type(term("RoadSegment"));
    let sees = Rights::except(roads, [term("reporter")]);
    let officer = View::open(Caller::System("test"), "test").with(&sees);
    let hidden = city.asked("ada", &city.secret, None);
    assert!(matches!(
        city.views.why(&city.rig.twin, &officer, &hidden),
        Err(Error::NotFound { .. })
    ));
    let asked = city.asked("ada", &city.road, None);
    let why = city.views.why(&city.rig.twin, &officer, &asked).unwrap();
    let told: Vec<&str> = why
        .verdicts
        .iter()
        .flat_map(|verdict| &verdict.attributes)
        .map(Name::short)
        .collect();
    assert_eq!(told, ["name"]);
    // Nor by a preview.
    city.rig.person("ben", &[Role::Viewer]);
    let all = "@id(\"all\") permit (principal in Role::\"viewer\", action in Action::\"See\", resource);";
    let changes: Changes = [("all.cedar".to_owned(), Some(all.to_owned()))].into();
    let preview = |by: &View| city.views.preview(&city.rig.twin, by, None, &changes).unwrap();
    let told = preview(&officer);
    assert!(told.shifts.is_empty(), "{:?}", told.shifts);
    assert_eq!(told.entities, (1, 1));
    let told = preview(&everything());
    assert_eq!((told.entities, told.asked), ((2, 2), (3, 3)));
    let lines: Vec<String> = told
        .shifts
        .iter()
        .map(|of| {
            let who: Vec<&str> = of.who.iter().map(|whom| &*whom.name).collect();
            let attributes: Vec<&str> = of.shift.attributes.iter().map(Name::short).collect();
            let entity_type = of.shift.entity_type.as_ref().map_or("", Name::short);
            format!(
                "{who:?} {} {entity_type} {} {attributes:?} {} {} {:?}",
                of.action.name(),
                of.shift.class,
                of.shift.gained,
                of.shift.entities,
                of.shift.because
            )
        })
        .collect();
    let mut expected = Vec::new();
    for action in ["Read", "History", "Subscribe"] {
        expected.push(format!(
            "[\"ben\"] {action} RoadSegment personal [\"reporter\"] true 1 [\"all\"]"
        ));
        expected.push(format!(
            "[\"ben\"] {action} Secret special [\"colour\"] true 1 [\"all\"]"
        ));
    }
    let (mut lines, mut expected) = (lines, expected);
    lines.sort();
    expected.sort();
    assert_eq!(lines, expected);
    assert!(
        !city
            .views
            .policies()
            .documents()
            .policies()
            .contains_key("all.cedar")
    );
}

/// What policies decide by the value of an attribute tells of the value.
#[test]
fn a_hidden_value_is_not_told_by_what_policies_make_of_it() {
    let red = "@id(\"red\") permit (principal in Role::\"viewer\", action in Action::\"See\", resource)\n\
         when { resource.types.contains(\"Lamp\") && resource.hasTag(\"colour\") && resource.getTag(\"colour\").texts.contains(\"red\") };";
    let changes: Changes = [("red.cedar".to_owned(), Some(red.to_owned()))].into();
    let nothing = Changes::new();
    let answers: Vec<[String; 4]> = ["red", "blue"]
        .into_iter()
        .map(|colour| {
            let city = city();
            let lamp = Uri::ngsi_ld("Lamp", "1");
            let entity = Entity::new(lamp.clone(), term("Lamp"))
                .with(Attribute::property(term("colour"), colour))
                .with(Attribute::property(term("power"), 60_i64));
            let made = city
                .rig
                .twin
                .execute_blocking(&everything(), vec![Operation::Create(entity)]);
            assert!(made.into_iter().all(|result| result.is_ok()));
            city.rig.person("ada", &[Role::Viewer]);
            let admin = city.rig.person("eve", &[Role::Administrator]);
            let admin = city.rig.access.principal(&admin.id).unwrap();
            let lamps = Rights::except(Condition::Type(term("Lamp")), [term("colour")]);
            let officer = View::open(Caller::System("test"), "test").with(&lamps);
            let preview = |by: &View, changes: &Changes| {
                let told = city.views.preview(&city.rig.twin, by, None, changes).unwrap();
                (told.shifts.len(), format!("{:?}", (told.shifts, told.entities)))
            };
            let before = preview(&officer, &changes).1;
            let (shifts, _) = preview(&everything(), &changes);
            assert_eq!(shifts > 0, colour == "red", "who sees it is told");
            city.views
                .change_policies(&admin, "red.cedar", Some(red))
                .unwrap();
            let asked = city.asked("ada", &lamp, Some("power"));
            let whole = city.views.why(&city.rig.twin, &everything(), &asked).unwrap();
            assert_eq!(whole.allowed(), colour == "red");
            let why = city.views.why(&city.rig.twin, &officer, &asked);
            assert!(matches!(why, Err(Error::Unseen)), "{why:?}");
            // What an administrator may do, no policy decides by it; those that permit it are told as far as they are seen.
            let of_eve = city.asked("eve", &lamp, None);
            let of_eve = city.views.why(&city.rig.twin, &officer, &of_eve).unwrap();
            let away: Changes = [("red.cedar".to_owned(), None)].into();
            [
                before,
                format!("{:?}", of_eve.verdicts),
                preview(&officer, &away).1,
                preview(&officer, &nothing).1,
            ]
        })
        .collect();
    assert_eq!(answers[0], answers[1]);
}

#[test]
fn devices_are_asked_about_too() {
    let city = city();
    let id = "urn:ngsi-ld:Device:lamp-7";
    let all = Permissions::all();
    for (id, role) in [(id, Role::Viewer), ("urn:ngsi-ld:Device:lamp-8", Role::Viewer)] {
        let new = access::NewDevice {
            id,
            roles: &[role],
            ..access::NewDevice::default()
        };
        let (_, code) = city.rig.access.add_device(&new, all).unwrap();
        city.rig
            .access
            .claim_device(id, &code, "ada", access::Source::default())
            .unwrap();
        city.rig
            .access
            .rotate_device_secret(id, std::time::Duration::ZERO, all)
            .unwrap();
    }
    let asked = city.asked(id, &city.road, Some("name"));
    let why = city.views.why(&city.rig.twin, &everything(), &asked).unwrap();
    assert_eq!(why.who.as_ref().map(|who| who.kind), Some(access::Kind::Device));
    let text = "@id(\"all\") permit (principal is Device, action in Action::\"See\", resource);";
    let changes: Changes = [("all.cedar".to_owned(), Some(text.to_owned()))].into();
    let told = city
        .views
        .preview(&city.rig.twin, &everything(), None, &changes)
        .unwrap();
    // One of two that are alike, and strangers.
    assert_eq!(told.asked, (2, 3));
    assert!(!told.shifts.is_empty());
    assert!(
        told.shifts
            .iter()
            .all(|shift| shift.who.len() == 1 && shift.who[0].id.contains("Device")),
        "{:?}",
        told.shifts
    );
}
