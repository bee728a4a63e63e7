//! What the roles may do at the start, as one table: a change there is a change here.

use access::policies::{Action, Asked, Kind, RuleBook, Subject};
use ngsi_ld::{Attribute, Entity, Name, Uri};
use query::view::Class;

/// For each role and action, the classes of whose attributes it may be done: open, internal, confidential, personal,
/// special.
const MATRIX: &[(&str, &[&str], &str)] = &[
    (
        "anonymous",
        &["Read", "History", "Subscribe", "Aggregate", "Export"],
        "o----",
    ),
    ("anonymous", &["Write", "Delete", "Actuate", "Admin"], "-----"),
    ("viewer", &["Read", "History", "Subscribe", "Aggregate"], "oi---"),
    ("viewer", &["Export"], "o----"),
    ("viewer", &["Write", "Delete", "Actuate", "Admin"], "-----"),
    (
        "planner",
        &["Read", "History", "Subscribe", "Aggregate", "Export"],
        "oi---",
    ),
    ("planner", &["Write", "Delete", "Actuate", "Admin"], "-----"),
    (
        "operator",
        &[
            "Read",
            "History",
            "Subscribe",
            "Aggregate",
            "Export",
            "Write",
            "Delete",
            "Actuate",
        ],
        "oic--",
    ),
    ("operator", &["Admin"], "-----"),
    (
        "editor",
        &[
            "Read",
            "History",
            "Subscribe",
            "Aggregate",
            "Export",
            "Write",
            "Delete",
        ],
        "oic--",
    ),
    ("editor", &["Actuate", "Admin"], "-----"),
    (
        "officer",
        &["Read", "History", "Subscribe", "Aggregate", "Export"],
        "oicps",
    ),
    ("officer", &["Write", "Delete", "Actuate", "Admin"], "-----"),
    (
        "administrator",
        &[
            "Read",
            "History",
            "Subscribe",
            "Aggregate",
            "Export",
            "Write",
            "Delete",
            "Actuate",
            "Admin",
        ],
        "oicps",
    ),
    (
        "break-glass",
        &["Read", "History", "Subscribe", "Aggregate", "Actuate"],
        "oicps",
    ),
    ("break-glass", &["Export"], "o----"),
    ("break-glass", &["Write", "Delete", "Admin"], "-----"),
    ("unheard-of", &["Read", "Export"], "o----"),
    ("unheard-of", &["Write", "Delete", "Actuate", "Admin"], "-----"),
];

fn of(entity_type: &str) -> Entity {
    Entity::new(Uri::ngsi_ld(entity_type, "1"), Name::default_term(entity_type))
}

fn classes(rules: &RuleBook, asked: &Asked, entity: &Entity) -> String {
    let rights = rules.rights(asked);
    let mut rights = rights.of(entity);
    let letters = "oicps".chars().enumerate();
    letters
        .map(|(class, letter)| {
            if rights.to(Class(u8::try_from(class).unwrap())) {
                letter
            } else {
                '-'
            }
        })
        .collect()
}

fn may(rules: &RuleBook, subject: Subject, action: &str, entity: &Entity) -> String {
    classes(
        rules,
        &Asked::new(subject, Action::parse(action).unwrap()),
        entity,
    )
}

#[test]
fn the_matrix() {
    let rules = RuleBook::defaults().unwrap();
    assert_eq!(rules.odd(), []);
    let mut seen = std::collections::BTreeMap::new();
    for (role, actions, expected) in MATRIX {
        for action in *actions {
            let subject = Subject::new(Kind::User, "ada", "city", [*role]);
            assert_eq!(
                may(&rules, subject, action, &of("Streetlight")),
                *expected,
                "{action} as {role}"
            );
            // In a tenant that is not theirs: nothing, whatever the role.
            let asked = Asked {
                tenant: "other".into(),
                ..Asked::new(
                    Subject::new(Kind::User, "ada", "city", [*role]),
                    Action::parse(action).unwrap(),
                )
            };
            assert!(rules.rights(&asked).is_none(), "{action} as {role} elsewhere");
            *seen.entry(*role).or_insert(0) += 1;
        }
    }
    for (role, actions) in seen {
        assert!(
            actions == Action::ALL.len() || role == "unheard-of",
            "{role} has {actions} actions in the matrix"
        );
    }
}

#[test]
fn planners_keep_their_results_and_no_others() {
    let rules = RuleBook::defaults().unwrap();
    let planner = || Subject::new(Kind::User, "ada", "city", ["planner"]);
    assert_eq!(may(&rules, planner(), "Write", &of("ScenarioResult")), "oi---");
    assert_eq!(may(&rules, planner(), "Write", &of("Person")), "-----");
}

#[test]
fn everybody_sees_what_is_theirs_and_a_device_keeps_its_own() {
    let rules = RuleBook::defaults().unwrap();
    let owned = of("Person").with(Attribute::property(Name::default_term("owner"), "ada"));
    let citizen = |id: &str| Subject::new(Kind::User, id, "city", []);
    assert_eq!(may(&rules, citizen("ada"), "Read", &owned), "oicps");
    assert_eq!(may(&rules, citizen("ada"), "Write", &owned), "-----");
    assert_eq!(may(&rules, citizen("bob"), "Read", &owned), "o----");
    assert_eq!(
        may(
            &rules,
            Subject::new(Kind::Service, "ada", "city", []),
            "Read",
            &owned
        ),
        "o----"
    );
    let claimed = of("Person").with(Attribute::property(Name::default_term("owner"), "anonymous"));
    assert_eq!(may(&rules, Subject::anonymous("city"), "Read", &claimed), "o----");

    let meter = of("WaterMeter");
    let device = |entity: &str| Subject::new(Kind::Device, "d1", "city", []).with("entities", entity);
    assert_eq!(may(&rules, device(meter.id.as_str()), "Write", &meter), "oicps");
    assert_eq!(may(&rules, device(meter.id.as_str()), "Delete", &meter), "-----");
    assert_eq!(
        may(&rules, device("urn:ngsi-ld:WaterMeter:2"), "Write", &meter),
        "-----"
    );
}

#[test]
fn no_policy_of_a_city_gives_personal_data_to_nobody() {
    let all = "@id(\"all\") permit (principal, action, resource);";
    let documents = access::policies::Documents::default()
        .with("all.cedar", Some(all.into()))
        .unwrap();
    let rules = RuleBook::read(&documents, access::policies::Limits::default()).unwrap();
    assert_eq!(
        may(&rules, Subject::anonymous("city"), "Read", &of("Person")),
        "oic--"
    );
    let asked = Asked {
        tenant: "other".into(),
        ..Asked::new(
            Subject::new(Kind::User, "ada", "city", ["administrator"]),
            Action::Read,
        )
    };
    assert!(rules.rights(&asked).is_none());
}

#[test]
fn a_purpose_that_there_is_not_gives_nothing() {
    let rules = RuleBook::defaults().unwrap();
    let asked = Asked {
        purpose: query::Purpose("marketing".into()),
        ..Asked::new(
            Subject::new(Kind::User, "ada", "city", ["administrator"]),
            Action::Read,
        )
    };
    assert!(rules.rights(&asked).is_none());
}
