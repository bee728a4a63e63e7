use super::*;
use ngsi_ld::query::q;
use ngsi_ld::{Timestamp, Uri};
use proptest::prelude::*;

use crate::Selection;
use crate::view::Test;

fn name(term: &str) -> Name {
    Name::default_term(term)
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

fn car(owner: &str) -> Entity {
    Entity::new(Uri::ngsi_ld("Car", "1"), name("Car"))
        .with(Attribute::property(name("speed"), 50_i64).with(Attribute::property(name("owner"), "x")))
        .with(Attribute::property(name("owner"), owner))
}

#[test]
fn the_class_of_the_attribute_and_the_condition_of_the_class_decide() {
    let mut classes = Classification::new(["open".into(), "personal".into()]);
    let open = classes.class("open").unwrap();
    classes.attribute(name("Car"), name("speed"), open);
    let classes = Arc::new(classes);
    let own = Condition::Attribute(name("owner"), Test::Is("Ada".into()));
    let rights = Rights::by_class(Arc::clone(&classes), [Condition::Always, own.clone()]);
    let (ada, bob) = (car("Ada"), car("Bob"));
    assert!(rights.of(&ada).to_attribute(&name("plate")) && rights.of(&ada).to_all());
    assert!(!rights.of(&bob).to_attribute(&name("plate")) && !rights.of(&bob).to_all());
    assert!(rights.of(&bob).to_attribute(&name("speed")));
    assert!(Rights::all().of(&bob).to_attribute(&name("plate")));
    assert!(!Rights::none().of(&ada).to_attribute(&name("speed")));
    let always = [Condition::Always, Condition::Always];
    assert!(Rights::by_class(Arc::clone(&classes), always).is_all());
    assert!(!Rights::by_class(Arc::clone(&classes), [Condition::Always]).is_all());
    assert!(
        !Rights::by_class(Arc::clone(&classes), [Condition::Always])
            .of(&ada)
            .to_all()
    );
    assert!(Rights::by_class(Arc::clone(&classes), [Condition::Never, Condition::Never]).is_none());
    // Rights are told from each other, and known again.
    let again = Rights::by_class(Arc::new((*classes).clone()), [Condition::Always, own]);
    assert_eq!(again.fingerprint(), rights.fingerprint());
    let all = [
        rights,
        Rights::all(),
        Rights::none(),
        Rights::by_class(classes, [Condition::Always]),
    ];
    let numbers: std::collections::BTreeSet<u64> = all.iter().map(Rights::fingerprint).collect();
    assert_eq!(numbers.len(), 4);
}

#[test]
fn nobody_gains_by_a_change_what_he_did_not_have() {
    let mut classes = Classification::new(["open".into(), "personal".into()]);
    classes.attribute(name("Car"), name("speed"), Class(0));
    let own = Condition::Attribute(name("owner"), Test::Is("Ada".into()));
    let rights = Rights::by_class(Arc::new(classes), [Condition::Always, own]);
    let (ada, bob) = (car("Ada"), car("Bob"));
    assert!(!rights.of(&ada).are_within(&mut rights.of(&bob)));
    assert!(rights.of(&bob).are_within(&mut rights.of(&ada)));
    assert!(rights.of(&bob).are_within(&mut rights.of(&bob)));
    let all = Rights::all();
    assert!(all.of(&ada).are_within(&mut all.of(&bob)));
}

#[test]
fn a_hidden_attribute_is_gone_and_its_namesake_below_another_stays() {
    let rights = Rights::except(Condition::Always, [name("owner")]);
    let car = car("Ada");
    assert!(matches!(
        Rights::except(Condition::Always, [name("other")]).shows(&car),
        Some(Cow::Borrowed(_))
    ));
    assert!(matches!(Rights::all().shows(&car), Some(Cow::Borrowed(_))));
    let seen = rights.shows(&car).unwrap();
    assert!(seen.get(name("owner").as_str()).is_none());
    let speed = seen.get(name("speed").as_str()).unwrap();
    assert!(speed.get(name("owner").as_str()).is_some());
    let path = q::Path {
        attributes: vec![name("owner")],
        members: vec![],
    };
    let selection = Selection {
        q: Some(q::Q::Exists(path)),
        ..Selection::default()
    };
    assert!(selection.matches(&car) && !selection.matches(&seen));
}

#[test]
fn what_is_seen_is_decided_on_the_whole_entity() {
    let own = Condition::Attribute(name("owner"), Test::Is("Ada".into()));
    let rights = Rights::except(own, [name("owner")]);
    assert!(rights.shows(&car("Ada")).is_some() && rights.shows(&car("Bob")).is_none());
    assert!(Rights::none().shows(&car("Ada")).is_none());
    assert!(
        Rights::of_entities(Condition::Always).is_all() && Rights::of_entities(Condition::Never).is_none()
    );
}

#[test]
fn an_entity_of_which_nothing_is_seen_does_not_exist() {
    let only = |term: &str| {
        Entity::new(Uri::ngsi_ld("Car", "1"), name("Car")).with(Attribute::property(name(term), "x"))
    };
    let hiding = Rights::except(Condition::Always, [name("owner")]);
    assert!(hiding.shows(&only("owner")).is_none() && hiding.shows(&only("speed")).is_some());
    let bare = Entity::new(Uri::ngsi_ld("Car", "1"), name("Car"));
    assert!(hiding.shows(&bare).is_none(), "only with rights to all");
    let cars = Rights::of_entities(Condition::Type(name("Car")));
    assert!(cars.shows(&bare).is_some());
}

#[test]
fn modified_at_is_that_of_what_is_seen() {
    let mut car = car("Ada");
    (car.created_at, car.modified_at) = (at(1), at(9));
    car.attributes[0].modified_at = at(5);
    car.attributes[1].modified_at = at(9);
    let hiding = Rights::except(Condition::Always, [name("owner")]);
    assert_eq!(hiding.shows(&car).unwrap().modified_at, at(5));
    // Also when what is hidden went: that it did is not to be told.
    let without = {
        let mut car = car.clone();
        car.attributes.truncate(1);
        car
    };
    assert_eq!(hiding.shows(&without).unwrap().modified_at, at(5));
    assert_eq!(Rights::all().shows(&without).unwrap().modified_at, at(9));
}

fn condition() -> impl Strategy<Value = Condition> {
    let leaf = prop_oneof![
        Just(Condition::Always),
        Just(Condition::Never),
        (0..3_u8).prop_map(|n| Condition::Type(name(&format!("T{n}")))),
        (0..3_u8).prop_map(|n| Condition::Id(Uri::ngsi_ld("T", &n.to_string()))),
        (0..4_u8).prop_map(|n| Condition::Attribute(name(&format!("a{n}")), Test::Exists)),
        (0..4_u8, any::<bool>())
            .prop_map(|(n, flag)| Condition::Attribute(name(&format!("a{n}")), Test::Flag(flag))),
        Just(Condition::Scope("/x".into())),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(|of| Condition::All(of.into())),
            prop::collection::vec(inner.clone(), 0..3).prop_map(|of| Condition::Any(of.into())),
            inner.prop_map(|of| Condition::Not(Box::new(of))),
        ]
    })
}

proptest! {
    /// The short cuts of what is shown against the definition, attribute by attribute.
    #[test]
    fn what_is_shown_is_what_the_definition_says(
        conditions in prop::collection::vec(condition(), 0..4),
        said in prop::collection::vec((0..3_u8, 0..4_u8, 0..3_u8), 0..8),
        others in prop::collection::vec((0..3_u8, 0..3_u8), 0..2),
        types in prop::collection::btree_set(0..3_u8, 1..3),
        id in 0..3_u8,
        attributes in prop::collection::vec((0..4_u8, any::<bool>(), 0..20_i64), 0..5),
        scoped: bool,
    ) {
        let mut classes = Classification::new(["a".into(), "b".into(), "c".into()]);
        for (of, attribute, class) in &said {
            classes.attribute(name(&format!("T{of}")), name(&format!("a{attribute}")), Class(*class));
        }
        for (of, class) in &others {
            classes.others(name(&format!("T{of}")), Class(*class));
        }
        let mut entity = Entity::new(Uri::ngsi_ld("T", &id.to_string()), name("T"));
        entity.types = types.iter().map(|n| name(&format!("T{n}"))).collect();
        (entity.created_at, entity.modified_at) = (at(0), at(30));
        if scoped {
            entity.scope = ["/x/y".into()].into();
        }
        for (n, flag, modified) in attributes {
            let mut attribute = Attribute::property(name(&format!("a{n}")), flag);
            attribute.modified_at = at(modified);
            entity.put(attribute);
        }
        let holds = |class: Class| conditions.get(usize::from(class.0)).is_some_and(|one| one.holds(&entity));
        let all = (0..3).all(|class| holds(Class(class)));
        let kept: Vec<&Attribute> = entity
            .attributes
            .iter()
            .filter(|one| holds(classes.class_of(&entity, &one.name)))
            .collect();
        let rights = Rights::by_class(Arc::new(classes.clone()), conditions.clone());
        let shown = rights.shows(&entity);
        prop_assert_eq!(rights.of(&entity).to_all(), all);
        if all {
            prop_assert_eq!(shown.as_deref(), Some(&entity));
        } else if kept.is_empty() {
            prop_assert!(shown.is_none());
        } else {
            let shown = shown.unwrap();
            prop_assert_eq!(shown.attributes.iter().collect::<Vec<_>>(), kept.clone());
            prop_assert_eq!(shown.modified_at, kept.iter().map(|one| one.modified_at).max().unwrap());
            prop_assert_eq!(&shown.scope, &entity.scope);
        }
        for n in 0..4 {
            let term = name(&format!("a{n}"));
            prop_assert_eq!(rights.of(&entity).to_attribute(&term), holds(classes.class_of(&entity, &term)));
        }
    }
}
