//! What may be done, and by whom: writes, what is theirs who made it, and rights that change.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ngsi_ld::context::Context;
use ngsi_ld::fragment::Fragment;
use ngsi_ld::{Attribute, Uri};
use parking_lot::Mutex;
use query::view::{Class, Classification, Condition, Permissions, Rights, Test};
use query::{Caller, Purpose, View};
use serde_json::json;
use twin::delivery::DeadLetterFilter;
use twin::{Error, Instance, Mapped, Operation, Outcome, Reader as _, Twin, Views};

use crate::common::{always, at, clock, hiding, id, name, only, property, run, set, thing, twin, view};
use crate::delivery::{Mood, Post, settled};
use crate::subscriptions::{draft, started};

fn ada() -> Caller {
    Caller::Principal("urn:x:Ada".into())
}

/// Reads all of what is hers or in `/open`, and the attribute `a` of everything; writes `a` where `owner` is she, all in
/// `/open`; deletes in `/open`.
fn of_ada() -> View {
    let mut classes = Classification::new(["plain".into(), "rest".into()]);
    classes.attribute(name("Thing"), name("a"), Class(0));
    let classes = Arc::new(classes);
    let own = || Condition::Attribute(name("owner"), Test::Is("Ada".into()));
    let open = || Condition::Scope("/open".into());
    let read = Rights::by_class(Arc::clone(&classes), [Condition::Always, own().or(open())]);
    View::new(
        ada(),
        "test",
        Permissions {
            history: read.clone(),
            read,
            write: Rights::by_class(Arc::clone(&classes), [own().or(open()), open()]),
            delete: Rights::by_class(classes, [open(), open()]),
            epoch: 1,
        },
    )
}

fn city() -> Twin {
    let twin = twin();
    for (number, owner, scope) in [(1, "Ada", "/x"), (2, "Bob", "/x"), (3, "Bob", "/open")] {
        let mut entity = thing(number)
            .with(property("a", 1))
            .with(Attribute::property(name("owner"), owner))
            .with(property("b", 1));
        entity.scope = vec![scope.into()];
        run(&twin, Operation::Create(entity)).unwrap();
    }
    twin
}

fn scope(to: &str) -> Fragment {
    Fragment {
        scope: Some(vec![to.into()]),
        ..Fragment::default()
    }
}

#[test]
fn writes_are_held_to_rights_before_and_after() {
    let made = |number: i64, scope: &str| {
        let mut entity = thing(number).with(property("a", 1)).with(property("b", 1));
        entity.scope = vec![scope.into()];
        entity
    };
    let text = |term: &str, value: &str| Attribute::property(name(term), value);
    for (what, operation, expected) in [
        ("her own", Operation::Merge(id(1), set("a", 2)), "ok"),
        ("another's", Operation::Merge(id(2), set("a", 2)), "forbidden"),
        (
            "what changes nothing",
            Operation::Merge(id(2), set("a", 1)),
            "forbidden",
        ),
        (
            "another class of her own",
            Operation::Merge(id(1), set("b", 2)),
            "forbidden",
        ),
        (
            "what she does not see",
            Operation::Merge(id(2), set("b", 2)),
            "no attribute",
        ),
        (
            "what nobody has",
            Operation::Merge(id(2), set("c", 2)),
            "no attribute",
        ),
        ("no entity", Operation::Merge(id(9), set("a", 2)), "no entity"),
        ("in the open", Operation::Merge(id(3), set("b", 2)), "ok"),
        (
            "out of the open",
            Operation::Merge(id(3), scope("/x")),
            "forbidden",
        ),
        ("within the open", Operation::Merge(id(3), scope("/open/y")), "ok"),
        (
            "into the open",
            Operation::Merge(id(1), scope("/open")),
            "forbidden",
        ),
        ("delete her own", Operation::Delete(id(1)), "forbidden"),
        ("delete in the open", Operation::Delete(id(3)), "ok"),
        ("delete nothing", Operation::Delete(id(9)), "no entity"),
        (
            "a part of it",
            Operation::DeleteAttribute(id(1), name("b"), Instance::All),
            "forbidden",
        ),
        (
            "in the open",
            Operation::DeleteAttribute(id(3), name("b"), Instance::All),
            "ok",
        ),
        ("make one in the open", Operation::Create(made(4, "/open")), "ok"),
        (
            "make one elsewhere",
            Operation::Create(made(4, "/x")),
            "forbidden",
        ),
        (
            "make one elsewhere that is there",
            Operation::Create(made(2, "/x")),
            "forbidden",
        ),
        (
            "make one that is there",
            Operation::Create(made(2, "/open")),
            "there",
        ),
        (
            "upsert in the open",
            Operation::UpsertReplace(made(3, "/open")),
            "ok",
        ),
        (
            "upsert elsewhere",
            Operation::UpsertReplace(made(4, "/x")),
            "forbidden",
        ),
        (
            "replace her own",
            Operation::Replace(id(1), made(1, "/x")),
            "forbidden",
        ),
        (
            "claim",
            Operation::ReplaceAttribute(id(3), text("owner", "Ada")),
            "ok",
        ),
        (
            "the past of another",
            Operation::DeleteHistory(id(2)),
            "forbidden",
        ),
        ("the past in the open", Operation::DeleteHistory(id(3)), "ok"),
        ("what the twin does itself", Operation::Expire(id(3)), "forbidden"),
        (
            "add to the past of her own",
            Operation::AppendHistory {
                entity: {
                    let mut past = thing(1).with(property("a", 7).observed_at(at(-9)));
                    past.types.clear();
                    past
                },
                current: false,
            },
            "ok",
        ),
        (
            "add to what she does not see",
            Operation::AppendHistory {
                entity: thing(2).with(property("b", 7).observed_at(at(-9))),
                current: false,
            },
            "no attribute",
        ),
    ] {
        let twin = city();
        let before = [1, 2, 3].map(|n| twin.get(&view(), &id(n)));
        let answer = twin
            .execute_blocking(&of_ada(), vec![operation.clone()])
            .remove(0);
        let found = match &answer {
            Ok(_) => "ok",
            Err(Error::Forbidden(_)) => "forbidden",
            Err(Error::NotFound(_)) => "no entity",
            Err(Error::AttributeNotFound(..)) => "no attribute",
            Err(Error::AlreadyExists(_)) => "there",
            Err(_) => "something else",
        };
        assert_eq!(found, expected, "{what}: {operation:?}: {answer:?}");
        if answer.is_err() {
            assert_eq!(before, [1, 2, 3].map(|n| twin.get(&view(), &id(n))), "{what}");
        }
    }
}

#[test]
fn a_batch_is_refused_one_by_one() {
    let twin = city();
    let answers = twin.execute_blocking(
        &of_ada(),
        vec![
            Operation::Merge(id(1), set("a", 2)),
            Operation::Merge(id(2), set("a", 2)),
            Operation::Merge(id(9), set("a", 2)),
            Operation::Merge(id(3), set("a", 2)),
        ],
    );
    assert!(
        matches!(
            answers.as_slice(),
            [
                Ok(Outcome::Updated { .. }),
                Err(Error::Forbidden(_)),
                Err(Error::NotFound(_)),
                Ok(Outcome::Updated { .. })
            ]
        ),
        "{answers:?}"
    );
}

#[test]
fn nobody_brings_into_his_sight_what_he_does_not_see() {
    let twin = city();
    // Whoever may write all and read by the owner makes himself none: whether something is hidden makes no difference.
    let own = Condition::Attribute(name("owner"), Test::Is("Ada".into()));
    let mut classes = Classification::new(["plain".into(), "rest".into()]);
    for term in ["a", "owner"] {
        classes.attribute(name("Thing"), name(term), Class(0));
    }
    let read = Rights::by_class(Arc::new(classes), [Condition::Always, own]);
    let permissions = Permissions {
        history: Rights::all(),
        read,
        write: Rights::all(),
        delete: Rights::all(),
        epoch: 1,
    };
    let writer = View::new(ada(), "test", permissions);
    let attempt = |operation: Operation| twin.execute_blocking(&writer, vec![operation]).remove(0);
    let claim = Operation::ReplaceAttribute(id(2), Attribute::property(name("owner"), "Ada"));
    assert!(matches!(attempt(claim), Err(Error::Forbidden(_))));
    let retype = Fragment {
        types: vec![name("Open")],
        ..Fragment::default()
    };
    assert!(matches!(
        attempt(Operation::Merge(id(2), retype)),
        Err(Error::Forbidden(_))
    ));
    let give_away = Operation::ReplaceAttribute(id(1), Attribute::property(name("owner"), "Bob"));
    assert!(attempt(give_away).is_ok(), "out of his sight he may");
}

#[test]
fn the_past_of_what_is_gone_is_shown_by_its_last_state() {
    let twin = city();
    let later = Operation::ReplaceAttribute(id(1), Attribute::property(name("owner"), "Bob"));
    for operation in [
        Operation::Merge(id(2), set("b", 2)),
        Operation::ReplaceAttribute(id(2), Attribute::property(name("owner"), "Ada")),
        Operation::Delete(id(2)),
        Operation::Merge(id(1), set("b", 2)),
        later,
        Operation::Delete(id(1)),
    ] {
        run(&twin, operation).unwrap();
    }
    let names = |n: i32| -> Vec<String> {
        let past = twin.history(&of_ada(), &id(n), &always()).unwrap().unwrap();
        let mut names: Vec<_> = past
            .attributes
            .iter()
            .map(|one| one.name.short().to_owned())
            .collect();
        names.dedup();
        names
    };
    assert!(
        names(2).contains(&"b".to_owned()),
        "it was hers in the end: {:?}",
        names(2)
    );
    assert!(
        !names(1).contains(&"b".to_owned()),
        "it was Bob's in the end: {:?}",
        names(1)
    );
    // A picture says the same; an id that is taken over shows no more than before.
    let picture = twin.snapshot();
    let past = picture.history(&of_ada(), &id(1), &always()).unwrap().unwrap();
    assert!(past.attributes.iter().all(|one| one.name != name("b")));
    let mut hers = thing(1)
        .with(property("a", 1))
        .with(Attribute::property(name("owner"), "Ada"));
    hers.scope = vec!["/open".into()];
    let made = twin
        .execute_blocking(&of_ada(), vec![Operation::Create(hers)])
        .remove(0);
    assert!(matches!(made, Err(Error::AlreadyExists(_))), "{made:?}");
}

/// Whether Ada sees the past of `b` of each of these entities.
fn sees_b(twin: &Twin, numbers: &[&str]) -> Vec<bool> {
    let b = |n: &&str| {
        let past = twin.history(&of_ada(), &id(n), &always()).unwrap();
        let mut attributes = past.into_iter().flat_map(|entity| entity.attributes);
        attributes.any(|one| one.name == name("b"))
    };
    numbers.iter().map(b).collect()
}

fn owner(who: &str, observed: i64) -> Attribute {
    Attribute::property(name("owner"), who).observed_at(at(observed))
}

/// What was current decides, however old it says that it was; of what never had a current state, the latest.
#[test]
fn the_last_state_is_the_one_that_was_current() {
    let folder = tempfile::tempdir().unwrap();
    let open = || {
        let store = storage::Embedded::open(folder.path(), "city", storage::Environment::real(1)).unwrap();
        Twin::open(Box::new(store), clock()).unwrap()
    };
    let twin = open();
    let history = |number: &str, owners: &[Attribute]| Operation::AppendHistory {
        entity: owners
            .iter()
            .fold(thing(number).with(property("b", 1)), |entity, one| {
                entity.with(one.clone())
            }),
        current: false,
    };
    let create =
        |number: &str, owner: Attribute| Operation::Create(thing(number).with(property("b", 1)).with(owner));
    let replace = |number: &str, owner: Attribute| Operation::ReplaceAttribute(id(number), owner);
    for operation in [
        // Bob's in the end, by what was observed earlier; and the other way round.
        create("bobs", owner("Ada", 100)),
        replace("bobs", owner("Bob", 50)),
        Operation::Delete(id("bobs")),
        create("hers", owner("Bob", 100)),
        replace("hers", owner("Ada", 50)),
        Operation::Delete(id("hers")),
        // What is told of the past later changes nothing of that.
        history("bobs", &[owner("Ada", 200)]),
        // Only a past.
        history("past", &[owner("Bob", 20)]),
        history("past", &[owner("Ada", 30)]),
        history("past", &[owner("Bob", 10)]),
        // Made again, and gone again.
        create("again", owner("Ada", 10)),
        Operation::Delete(id("again")),
        create("again", owner("Bob", 5)),
        Operation::Delete(id("again")),
        // The attribute that decided is destroyed.
        create("lost", owner("Ada", 10)),
        Operation::Delete(id("lost")),
        Operation::DeleteAttributeHistory(id("lost"), name("owner"), Instance::All),
    ] {
        run(&twin, operation).unwrap();
    }
    let numbers = ["bobs", "hers", "past", "again", "lost"];
    let expected = [false, true, true, false, false];
    assert_eq!(sees_b(&twin, &numbers), expected);
    drop(twin);
    let twin = open();
    assert_eq!(sees_b(&twin, &numbers), expected, "after a start");
    // Nothing of a last state is shown as if it were there.
    for number in numbers {
        assert!(twin.get(&view(), &id(number)).is_none());
        let gone = twin.evolution_of(&view(), &id(number)).unwrap();
        assert!(gone.attributes.is_empty(), "{gone:?}");
    }
    // Nobody brings the past into his sight by telling more of it.
    let mut told = thing("bobs-past");
    told.attributes = vec![property("a", 1), property("b", 1), owner("Bob", 10)];
    let mut mine = thing("bobs-past");
    mine.attributes = vec![owner("Ada", 20)];
    for (view, entity, expected) in [(view(), told, true), (of_ada(), mine, false)] {
        let append = Operation::AppendHistory {
            entity,
            current: false,
        };
        let result = twin.execute_blocking(&view, vec![append]).remove(0);
        assert_eq!(result.is_ok(), expected, "{result:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn subscriptions_and_maps_are_of_who_made_them() {
    let (twin, _, _) = started();
    let hers = twin
        .create_subscription(&of_ada(), draft(&json!({})), Context::core().clone())
        .await
        .unwrap();
    let fragment = || {
        ngsi_ld::subscription::Draft::read_fragment(
            &json!({"q": "a"}),
            Context::core(),
            ngsi_ld::subscription::Subject::Entities,
        )
        .unwrap()
    };
    let stranger = hiding([name("b")]);
    assert!(twin.subscription(&stranger, &hers).is_none());
    assert_eq!(twin.subscriptions(&stranger, 0, 9).1, 0);
    for refused in [
        twin.delete_subscription(&stranger, &hers).await,
        twin.update_subscription(&stranger, &hers, fragment(), None).await,
    ] {
        assert!(matches!(refused, Err(Error::Missing(..))));
    }
    for reader in [of_ada(), view()] {
        assert_eq!(twin.subscriptions(&reader, 0, 9).1, 1);
        assert!(twin.subscription(&reader, &hers).is_some());
    }
    // Who may do everything changes it, and it stays hers.
    twin.update_subscription(&view(), &hers, fragment(), None)
        .await
        .unwrap();
    assert!(twin.subscription(&of_ada(), &hers).is_some());
    twin.delete_subscription(&of_ada(), &hers).await.unwrap();
    let map = tokio::task::spawn_blocking({
        let twin = twin.clone();
        move || {
            twin.make_entity_map(&of_ada(), Mapped::Entities, "q", vec![id(1)], None)
                .unwrap()
        }
    })
    .await
    .unwrap();
    let shows = |view: &View| twin.entity_map(view, map.id.as_str()).is_some();
    assert!(shows(&of_ada()) && shows(&view()) && !shows(&stranger));
}

/// Rules that can be changed.
#[derive(Default)]
struct Rules {
    epoch: AtomicU64,
    of_ada: Mutex<Option<Rights>>,
}

impl Rules {
    fn set(&self, rights: Option<Rights>) {
        *self.of_ada.lock() = rights;
        self.epoch.fetch_add(1, Ordering::SeqCst);
    }
}

impl Views for Rules {
    fn view_of(&self, caller: &Caller, purpose: &Purpose, tenant: Option<&str>) -> Option<View> {
        assert_eq!((caller, tenant), (&ada(), Some("water")));
        let rights = self.of_ada.lock().clone()?;
        Some(View::open(caller.clone(), &purpose.0).with(&rights))
    }

    fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::SeqCst)
    }
}

/// A twin of the tenant `water` whose rules are asked, with a subscription of Ada's.
async fn ruled(rights: Rights) -> (Twin, Arc<Rules>, Arc<Post>, Uri) {
    let (twin, _, post) = started();
    let rules = Arc::new(Rules::default());
    rules.set(Some(rights.clone()));
    twin.ask_views(rules.clone(), Some("water"));
    let hers = twin
        .create_subscription(
            &View::open(ada(), "test").with(&rights),
            draft(&json!({"watchedAttributes": ["a"]})),
            Context::core().clone(),
        )
        .await
        .unwrap();
    (twin, rules, post, hers)
}

async fn change(twin: &Twin, post: &Post, value: i64) -> Vec<serde_json::Value> {
    let entity = thing(1).with(property("a", value)).with(property("b", value));
    twin.execute(&view(), vec![Operation::UpsertReplace(entity)])
        .await
        .remove(0)
        .unwrap();
    settled(twin).await;
    post.take()
        .into_iter()
        .map(|(_, body)| body["data"][0].clone())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_subscriber_may_see_is_asked_anew_when_the_rules_change() {
    let no_b = Rights::except(Condition::Always, [name("b")]);
    let (twin, rules, post, hers) = ruled(no_b.clone()).await;
    let told = change(&twin, &post, 1).await;
    assert!(
        told.len() == 1 && told[0].get("a").is_some() && told[0].get("b").is_none(),
        "{told:?}"
    );
    rules.set(Some(Rights::all()));
    assert!(change(&twin, &post, 2).await[0].get("b").is_some());
    rules.set(Some(Rights::except(Condition::Always, [name("a")])));
    assert!(change(&twin, &post, 3).await.is_empty());
    rules.set(Some(Rights::of_entities(Condition::Type(name("Other")))));
    assert!(change(&twin, &post, 4).await.is_empty());
    let standing = || twin.subscription(&view(), &hers).unwrap().1;
    assert_eq!(standing().unusable, None);
    rules.set(None);
    assert!(change(&twin, &post, 5).await.is_empty());
    assert!(standing().unusable.is_some(), "it is shown as paused");
    rules.set(Some(no_b));
    assert_eq!(change(&twin, &post, 6).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_not_sent_by_rights_that_are_gone() {
    let no_b = Rights::except(Condition::Always, [name("b")]);
    for (then, arrives) in [
        (Some(no_b.clone()), true),
        (Some(Rights::all()), true),
        (Some(Rights::except(Condition::Always, [name("c")])), false),
        (None, false),
    ] {
        let (twin, rules, post, _) = ruled(no_b.clone()).await;
        post.set("a.example", Mood::Fails);
        let entity = thing(1).with(property("a", 1)).with(property("b", 1));
        twin.execute(&view(), vec![Operation::Create(entity)])
            .await
            .remove(0)
            .unwrap();
        for _ in 0..1000 {
            if twin.delivery_statistics().failed_attempts > 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        rules.set(then.clone());
        post.set("a.example", Mood::Takes);
        // The endpoint rests: to change the subscription wakes it, as time would.
        let all = DeadLetterFilter::default();
        assert!(twin.dead_letters(&view(), &all, None, 9).is_empty());
        twin.enter_owner(
            &twin::delivery::Owner {
                kind: twin::delivery::OwnerKind::Subscription,
                id: twin.subscriptions(&view(), 0, 1).0[0].0.subscription.id.clone(),
            },
            &twin.subscriptions(&view(), 0, 1).0[0]
                .0
                .subscription
                .notification
                .endpoint
                .clone(),
            false,
            None,
        );
        settled(&twin).await;
        assert_eq!(post.take().len(), usize::from(arrives), "{then:?}");
    }
}

#[test]
fn who_may_read_nothing_finds_nothing() {
    let twin = city();
    let blind = only(Condition::Never);
    assert!(twin.get(&blind, &id(1)).is_none() && twin.types(&blind).is_empty());
    let refused = twin
        .execute_blocking(&blind, vec![Operation::Merge(id(1), set("a", 2))])
        .remove(0);
    assert!(matches!(refused, Err(Error::NotFound(_))));
}
