//! Why somebody can see something, and what a change of policies would change.

use access::policies::{Action, Asked, Documents, Effect, Kind, Limits, RuleBook, Subject};
use ngsi_ld::{Attribute, Entity, Name, Uri};

fn name(term: &str) -> Name {
    ngsi_ld::context::Context::core().expand(term)
}

fn book(text: &str) -> RuleBook {
    RuleBook::read(
        &Documents::default()
            .with("city.cedar", Some(text.into()))
            .unwrap(),
        Limits::default(),
    )
    .unwrap()
}

fn building() -> Entity {
    let mut building = Entity::new(Uri::ngsi_ld("Building", "1"), name("Building"))
        .with(Attribute::property(name("category"), "house"))
        .with(Attribute::property(name("peopleOccupancy"), 4_i64))
        .with(Attribute::property(name("owner"), "ada"));
    building.scope = ["/city/north".into()].into();
    building
}

fn asks(id: &str, roles: &[&str]) -> Asked {
    Asked::new(
        Subject::new(Kind::User, id, "city", roles.iter().copied()),
        Action::Read,
    )
}

const HOUSES: &str = "@id(\"houses\") @title(\"Houses are nobody's business\") @owner(\"housing office\")
    forbid (principal, action in Action::\"See\", resource)
    when { resource.hasTag(\"category\") && resource.getTag(\"category\").texts.contains(\"house\") }
    unless { principal in Role::\"officer\" || context.class == Class::\"open\" };";

#[test]
fn each_class_names_the_policies_that_decide_it() {
    let rules = book(HOUSES);
    let explained = rules.explain(&asks("bob", &["viewer"]), &building(), None);
    let told: Vec<(&str, bool, String)> = explained
        .verdicts
        .iter()
        .map(|verdict| (&*verdict.class, verdict.allowed, verdict.reason()))
        .collect();
    assert!(told[0].1 && !told[1].1);
    assert_eq!(
        told[0].2,
        "permitted by `role.anonymous` (Open data is for everybody), `role.viewer` (Who works for the city sees what is internal)"
    );
    assert_eq!(told[1].2, "forbidden by `houses` (Houses are nobody's business)");
    let internal = &explained.verdicts[1];
    assert_eq!(internal.attributes, [name("peopleOccupancy")]);
    // It would be permitted, if nothing forbade it.
    assert_eq!(
        internal
            .permits
            .iter()
            .map(|policy| &*policy.id)
            .collect::<Vec<_>>(),
        ["role.viewer"]
    );
    let policy = &internal.forbids[0];
    assert_eq!(
        (policy.effect, &*policy.document, policy.line),
        (Effect::Forbid, "city.cedar", 1)
    );
    assert_eq!(policy.annotations["owner"], "housing office");
    assert!(policy.text.starts_with("@id(\"houses\")") && policy.text.ends_with(';'));

    let open = rules.explain(&asks("bob", &[]), &building(), Some(&name("peopleOccupancy")));
    assert_eq!(open.verdicts.len(), 1);
    assert_eq!(open.verdicts[0].class, "internal");
    let personal = book("").explain(&asks("bob", &[]), &building(), Some(&name("owner")));
    assert_eq!(
        (&*personal.verdicts[0].class, personal.verdicts[0].reason()),
        ("personal", "no policy permits it".to_owned())
    );
    let mine = book("").explain(&asks("ada", &[]), &building(), Some(&name("owner")));
    assert_eq!(
        mine.verdicts[0].reason(),
        "permitted by `role.owner` (Everybody sees what is theirs)"
    );
}

#[test]
fn a_change_says_before_it_is_made_who_gains_and_who_loses() {
    let (before, after) = (
        book(""),
        book(&format!(
            "{HOUSES}\n@id(\"north\") permit (
        principal in Group::\"north\", action == Action::\"Read\", resource in Scope::\"/city/north\");"
        )),
    );
    let mut of_north = asks("eve", &[]);
    of_north.subject = of_north.subject.in_group("north");
    let asked = [
        asks("bob", &["viewer"]),
        asks("ola", &["officer"]),
        of_north,
        asks("nil", &[]),
    ];
    let other = Entity::new(Uri::ngsi_ld("Building", "2"), name("Building"))
        .with(Attribute::property(name("owner"), "bob"));
    let entities = [building(), other];
    let comparison = after.compare(&before, &asked, &entities);
    // Bob loses what is internal of the house; Eve of the north gains what nobody forbids: what is personal or special is forbidden too.
    assert_eq!(comparison.tried, 8);
    let told: Vec<_> = (comparison.differences.iter())
        .map(|of| {
            (
                of.asked,
                of.entity.as_str(),
                of.gained.clone(),
                of.lost.clone(),
                of.because.clone(),
            )
        })
        .collect();
    let house = "urn:ngsi-ld:Building:1";
    let bob = (
        0,
        house,
        vec![],
        vec![name("peopleOccupancy")],
        vec!["houses".to_owned()],
    );
    assert_eq!(told, [bob]);
    // The other way round, what was lost is gained.
    let back = before.compare(&after, &asked, &entities);
    assert_eq!((back.gains, back.losses), (comparison.losses, comparison.gains));
    assert!(after.compare(&after, &asked, &entities).differences.is_empty());
}
