//! The index against asking every subscription.
#![allow(
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    reason = "tests panic when they fail, and count in small numbers"
)]

use std::sync::Arc;

use ngsi_ld::context::Context;
use ngsi_ld::subscription::{Draft, Subject};
use ngsi_ld::{Attribute, Entity, Name, Timestamp, Uri};
use proptest::prelude::*;
use query::view::{Condition, Rights, Test};
use query::{Caller, Links, View};
use serde_json::{Value as Json, json};
use storage::{Change, Memory, Storage as _};

use super::StoredSubscription;
use super::change::Difference;
use super::compiled::Compiled;
use super::index::Index;
use super::stored;

fn compiled(number: usize, members: &Json) -> Compiled {
    let mut json = json!({
        "id": format!("urn:s:{number}"),
        "type": "Subscription",
        "notification": {"endpoint": {"uri": "http://a.example/"}},
        "localOnly": true,
    });
    for (key, value) in members.as_object().unwrap() {
        json[key] = value.clone();
    }
    let draft = Draft::read(&json, Context::core(), Subject::Entities).unwrap();
    let subscription = draft.create(|| Uri::ngsi_ld("S", "x"), Timestamp::MIN).unwrap();
    let stored = StoredSubscription {
        subject: Subject::Entities,
        subscription,
        context: Context::core().clone(),
        created_at: Timestamp::MIN,
        modified_at: Timestamp::MIN,
        unusable: None,
        view: View::open(Caller::System("test"), "test"),
    };
    Compiled::new(Arc::new(stored)).unwrap()
}

fn by_index(index: &mut Index, before: Option<&Entity>, after: Option<&Entity>) -> (Vec<String>, usize) {
    let (mut found, mut looked_at) = (Vec::new(), 0);
    if let Some(difference) = Difference::of(before, after) {
        index.concerned(&difference, before, &mut |compiled| {
            looked_at += 1;
            if compiled.takes(&difference, &Links::none()) {
                found.push(compiled.stored.subscription.id.as_str().to_owned());
            }
        });
    }
    found.sort();
    (found, looked_at)
}

fn by_asking_all(all: &[Compiled], before: Option<&Entity>, after: Option<&Entity>) -> Vec<String> {
    let Some(difference) = Difference::of(before, after) else {
        return Vec::new();
    };
    let taking = all
        .iter()
        .filter(|compiled| compiled.takes(&difference, &Links::none()));
    let mut found: Vec<String> = taking
        .map(|compiled| compiled.stored.subscription.id.as_str().to_owned())
        .collect();
    found.sort();
    found
}

fn name(term: &str) -> Name {
    Context::core().expand(term)
}

prop_compose! {
    fn attribute()(which in 0..3_usize, kind in 0..6, n in 0..4_i64, data_set in prop::option::of(0..2_u8)) -> Attribute {
        let name = name(["a", "b", "location"][which]);
        let mut attribute = match kind {
            0 | 1 => Attribute::property(name, n),
            2 => Attribute::property(name, n as f64 + 0.5),
            3 => Attribute::property(name, n.to_string().as_str()),
            4 => Attribute::geo(name, geo_types::Point::new(n as f64, 0.0)),
            _ => Attribute::relationship(name, Uri::ngsi_ld("T", &n.to_string())),
        };
        attribute.dataset_id = data_set.map(|data_set| Uri::ngsi_ld("D", &data_set.to_string()));
        attribute
    }
}

prop_compose! {
    fn entity()(id in 0..3_i32, types in 1..4_usize, scope in 0..3, attributes in prop::collection::vec(attribute(), 0..6)) -> Entity {
        let mut entity = Entity::new(Uri::ngsi_ld("E", &format!("{id}")), name(["A", "B", "C"][types - 1]));
        if types == 3 {
            entity.types.push(name("A"));
        }
        if scope > 0 {
            entity.scope.push(format!("/s{scope}").into());
        }
        attributes.into_iter().fold(entity, Entity::with)
    }
}

fn members() -> impl Strategy<Value = Json> {
    let selector = prop_oneof![
        prop::sample::select(vec!["A", "B", "C"]).prop_map(|t| json!({"type": t})),
        Just(json!({"type": "A|B"})),
        Just(json!({"type": "(A;C)"})),
        Just(json!({"type": "*"})),
        (0..3_i32).prop_map(|id| json!({"type": "*", "id": format!("urn:ngsi-ld:E:{id}")})),
        Just(json!({"type": "A", "idPattern": "[12]$"})),
    ];
    let entities = prop::option::of(prop::collection::vec(selector, 1..3));
    let watched = prop::option::of(prop::sample::subsequence(vec!["a", "b", "location"], 1..3));
    let q = prop::option::of(prop::sample::select(vec![
        "a==1",
        "a==\"1\"",
        "a>1",
        "a<=2;b",
        "a>=1.5|b==2",
        "b",
        "a==1,2",
        "a!=1",
        "b==1..2",
        "a==\"urn:ngsi-ld:T:1\"",
        "a.b==1",
        "createdAt>2020-01-01T00:00:00Z",
        "a<0",
        "a>1;a<3",
        "a<1;a>2",
        "a==1..2",
        "a==2..1",
        "a==0.5..1.5;b",
        "b<2;a>=1;a<=1",
        "(a>0;a<2);b==1",
        "a==1|b==2|a>2",
        "(a==0|b==1..2);a<3",
        "a==1|b",
        "a==1,2,\"1\"",
    ]));
    let geo = prop::option::of(prop::sample::select(vec![
        json!({"georel": "near;maxDistance==150000", "geometry": "Point", "coordinates": [1, 0]}),
        json!({"georel": "near;minDistance==150000", "geometry": "Point", "coordinates": [1, 0]}),
        json!({"georel": "within", "geometry": "Polygon", "coordinates": [[[-1, -1], [2.5, -1], [2.5, 1], [-1, 1], [-1, -1]]]}),
        json!({"georel": "disjoint", "geometry": "Point", "coordinates": [1, 0]}),
        json!({"georel": "equals", "geometry": "Point", "coordinates": [1, 0], "geoproperty": "a"}),
    ]));
    let scope = prop::option::of(prop::sample::select(vec!["/s1", "/#"]));
    let triggers = prop::option::of(prop::sample::subsequence(
        vec![
            "entityCreated",
            "entityUpdated",
            "entityDeleted",
            "attributeCreated",
            "attributeUpdated",
            "attributeDeleted",
        ],
        1..4,
    ));
    (entities, watched, q, geo, scope, triggers).prop_map(|(entities, watched, q, geo, scope, triggers)| {
        let mut json = json!({});
        let mut put = |key: &str, value: Option<Json>| {
            if let Some(value) = value {
                json[key] = value;
            }
        };
        put("entities", entities.map(Json::from));
        put("watchedAttributes", watched.map(Json::from));
        put("q", q.map(Json::from));
        put("geoQ", geo);
        put("scopeQ", scope.map(Json::from));
        put("notificationTrigger", triggers.map(Json::from));
        json
    })
}

proptest! {
    #[test]
    fn the_index_gives_what_asking_all_gives(
        subscriptions in prop::collection::vec(members(), 1..12),
        gone in prop::collection::vec(any::<prop::sample::Index>(), 0..4),
        changes in prop::collection::vec((prop::option::of(entity()), prop::option::of(entity())), 1..8),
    ) {
        let mut index = Index::default();
        for (number, members) in subscriptions.iter().enumerate() {
            index.put(compiled(number, members));
        }
        // Replaced, and taken away: what stood elsewhere is not found there.
        index.put(compiled(0, &subscriptions[subscriptions.len() - 1]));
        index.put(compiled(0, &subscriptions[0]));
        let mut all: Vec<_> = subscriptions.iter().enumerate().map(|(number, members)| compiled(number, members)).collect();
        for gone in gone {
            let gone = gone.index(subscriptions.len());
            let id = format!("urn:s:{gone}");
            index.remove(&Uri::parse(&id).unwrap());
            all.retain(|one| one.stored.subscription.id.as_str() != id);
        }
        for (before, after) in &changes {
            // An entity keeps its id.
            let before = before.clone().map(|before| match after {
                Some(after) => Entity { id: after.id.clone(), types: after.types.clone(), ..before },
                None => before,
            });
            let expected = by_asking_all(&all, before.as_ref(), after.as_ref());
            prop_assert_eq!(by_index(&mut index, before.as_ref(), after.as_ref()).0, expected);
        }
    }
}

/// Views that hide attributes, and entities by what is theirs.
fn narrow() -> impl Strategy<Value = View> {
    let condition = prop_oneof![
        Just(Condition::Always),
        prop::sample::select(vec!["A", "B", "C"]).prop_map(|term| Condition::Type(name(term))),
        Just(Condition::Scope("/s1".into())),
        (0..4_u8).prop_map(|n| Condition::Attribute(name("a"), Test::Between(f64::from(n), 9.0))),
        Just(Condition::Not(Box::new(Condition::Attribute(
            name("b"),
            Test::Exists
        )))),
    ];
    let hidden = prop::sample::subsequence(vec!["a", "b", "location"], 0..2);
    (condition, hidden).prop_map(|(condition, hidden)| {
        let rights = Rights::except(condition, hidden.into_iter().map(name));
        View::open(Caller::Anonymous, "test").with(&rights)
    })
}

proptest! {
    /// Who does not see all is asked about every change that may be one to him.
    #[test]
    fn nobody_who_sees_a_part_is_passed_over(
        subscriptions in prop::collection::vec((members(), prop::option::weighted(0.8, narrow())), 1..12),
        changes in prop::collection::vec((prop::option::of(entity()), prop::option::of(entity())), 1..8),
    ) {
        let made = || subscriptions.iter().enumerate().map(|(number, (members, view))| {
            let mut compiled = compiled(number, members);
            if let Some(view) = view {
                compiled.see(Some(view.clone()));
            }
            compiled
        });
        let takes = |compiled: &Compiled, before: Option<&Entity>, after: Option<&Entity>| {
            let view = compiled.view().unwrap();
            let before = before.and_then(|entity| view.of(entity));
            let after = after.and_then(|entity| view.of(entity));
            Difference::of(before.as_deref(), after.as_deref())
                .is_some_and(|difference| compiled.takes(&difference, &Links::none()))
        };
        let (mut index, mut all) = (Index::default(), Vec::new());
        for compiled in made() {
            index.put(compiled);
        }
        all.extend(made());
        prop_assert_eq!(index.has_narrow(), all.iter().any(Compiled::is_narrow));
        for (before, after) in &changes {
            let before = before.clone().map(|before| match after {
                Some(after) => Entity { id: after.id.clone(), ..before },
                None => before,
            });
            let (before, after) = (before.as_ref(), after.as_ref());
            let id = |compiled: &Compiled| compiled.stored.subscription.id.clone();
            let expected: Vec<Uri> = all.iter().filter(|one| takes(one, before, after)).map(id).collect();
            let mut found = Vec::new();
            if let Some(difference) = Difference::of(before, after) {
                index.concerned(&difference, before, &mut |compiled| {
                    if takes(compiled, before, after) {
                        found.push(id(compiled));
                    }
                });
            }
            found.sort();
            let mut expected = expected;
            expected.sort();
            prop_assert_eq!(found, expected);
        }
        // The rules change: everybody sees everything.
        index.look_again(&|given| Some(given.clone()));
        prop_assert!(!index.has_narrow());
    }
}

#[test]
fn who_subscribed_is_known_after_a_restart() {
    let mut storage = Memory::new();
    let mut contexts = stored::read(&*storage.reader(), Subject::Entities)
        .unwrap()
        .contexts;
    let mut one = (*compiled(1, &json!({"entities": [{"type": "A"}]})).stored).clone();
    one.view = View::open(Caller::Anonymous, "planning");
    let mut rows = Vec::new();
    contexts.take(&one.context, &mut rows);
    rows.push(stored::encode(&one));
    let changes: Vec<Change> = rows.into_iter().map(Change::from).collect();
    storage.commit(&changes).unwrap();
    let found = stored::read(&*storage.reader(), Subject::Entities).unwrap();
    let view = &found.subscriptions[0].view;
    assert_eq!(
        (view.caller(), &*view.purpose().0),
        (&Caller::Anonymous, "planning")
    );
    assert!(view.is_open());
    // Who did not see everything sees nothing, until somebody is asked what he may see.
    let ada = Caller::Principal("urn:x:Ada".into());
    one.view = View::open(ada.clone(), "planning").with(&Rights::of_entities(Condition::Type(name("A"))));
    storage.commit(&[Change::from(stored::encode(&one))]).unwrap();
    let found = stored::read(&*storage.reader(), Subject::Entities).unwrap();
    let view = &found.subscriptions[0].view;
    assert!(*view.caller() == ada && view.read().is_none());
}

#[test]
fn of_ten_thousand_subscriptions_few_are_looked_at() {
    let mut index = Index::default();
    for n in 0..10_000_usize {
        let members = match n % 7 {
            0 => json!({"entities": [{"type": "A", "id": format!("urn:ngsi-ld:E:{n}")}]}),
            1 => json!({"entities": [{"type": "A"}], "q": format!("a>{n}")}),
            2 => json!({"entities": [{"type": "A"}], "q": format!("name==\"{n}\"")}),
            3 => {
                json!({"entities": [{"type": "A"}], "geoQ": {"georel": "near;maxDistance==10", "geometry": "Point",
                "coordinates": [n as f64 / 100.0, 0]}})
            }
            4 => json!({"entities": [{"type": "A"}], "watchedAttributes": [format!("w{n}")]}),
            5 => json!({"entities": [{"type": "A"}], "q": format!("a>={n};a<={}", n + 7)}),
            // It holds of the entity, of which something else changes.
            _ => json!({"entities": [{"type": "A"}], "watchedAttributes": ["b"], "q": "name==\"9\""}),
        };
        index.put(compiled(n, &members));
    }
    let before = Entity::new(Uri::ngsi_ld("E", "7"), name("A"))
        .with(Attribute::property(name("a"), 12_i64))
        .with(Attribute::property(name("b"), 1_i64))
        .with(Attribute::property(name("name"), "9"))
        .with(Attribute::geo(name("location"), geo_types::Point::new(0.10, 0.0)));
    let mut after = before.clone();
    after.put(Attribute::property(name("a"), 13_i64));
    let (found, looked_at) = by_index(&mut index, Some(&before), Some(&after));
    // By id; `a` above 1 and 8; from 12 to 19; by name; at that place.
    let expected = ["urn:s:1", "urn:s:10", "urn:s:12", "urn:s:7", "urn:s:8", "urn:s:9"];
    assert_eq!(found, expected);
    assert_eq!(looked_at, expected.len());
    let stranger =
        Entity::new(Uri::ngsi_ld("E", "x"), name("Z")).with(Attribute::property(name("a"), 13_i64));
    assert_eq!(by_index(&mut index, None, Some(&stranger)), (Vec::new(), 0));
}

#[test]
fn a_defect_met_for_one_does_not_silence_the_others() {
    let storage = storage::Memory::new();
    let reader = storage::Storage::reader(&storage);
    let (limits, mut damages) = (
        crate::delivery::DeliveryLimits::default(),
        crate::damage::Damages::default(),
    );
    let book = crate::delivery::Book::read(&*reader, limits, &mut damages).unwrap();
    let mut matcher = super::Matcher::open(&*reader, Arc::default(), Arc::default(), &book).unwrap();
    let entities = json!([{"type": "A"}]);
    matcher.put(compiled(1, &json!({"entities": entities})), &book);
    let notification = json!({"join": "inline", "endpoint": {"uri": "http://a.example/"}});
    matcher.put(
        compiled(2, &json!({"entities": entities, "notification": notification})),
        &book,
    );
    matcher.put(compiled(3, &json!({"entities": entities})), &book);
    let change = |number: u32, attribute: Attribute| crate::events::EntityChange {
        before: None,
        after: Some(Arc::new(
            Entity::new(Uri::ngsi_ld("E", &number.to_string()), name("A")).with(attribute),
        )),
    };
    let changes = [
        change(1, Attribute::relationship(name("r"), Uri::ngsi_ld("T", "defect"))),
        change(2, Attribute::property(name("a"), 1_i64)),
    ];
    let find = |_: &Uri| -> Option<Arc<Entity>> { panic!("a defect, as the test wants it") };
    let letters = matcher.letters(&changes, &[0..1, 1..2], Timestamp::MIN, Timestamp::MIN, &find);
    let mut told: Vec<(String, usize)> = letters
        .iter()
        .map(|letter| (letter.owner.id.as_str().to_owned(), letter.about.len()))
        .collect();
    told.sort();
    let expected = ["urn:s:1", "urn:s:1", "urn:s:2", "urn:s:3", "urn:s:3"];
    assert_eq!(told, expected.map(|id| (id.to_owned(), 1)));
}
