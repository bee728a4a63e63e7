//! Subscriptions: what is notified of which change, and when.

use std::sync::Arc;

use ngsi_ld::context::Context;
use ngsi_ld::fragment::Fragment;
use ngsi_ld::subscription::{Draft, Standing, Subject, write_subscription};
use ngsi_ld::{Attribute, Uri};
use serde_json::{Value as Json, json};
use storage::environment::ManualClock;
use storage::{Embedded, Environment, Memory};
use twin::{Error, Operation, Reader as _, Twin};

use crate::common::{Fault, Faulty, at, clock, hiding, id, name, property, run, set, thing, view};
use crate::delivery::{Post, settled};

pub(crate) fn draft(members: &Json) -> Draft {
    let mut json = json!({
        "type": "Subscription",
        "entities": [{"type": "Thing"}],
        "notification": {"endpoint": {"uri": "http://a.example/"}},
    });
    for (key, value) in members.as_object().unwrap() {
        if value.is_null() {
            json.as_object_mut().unwrap().remove(key);
        } else {
            json[key] = value.clone();
        }
    }
    Draft::read(&json, Context::core(), Subject::Entities).unwrap()
}

pub(crate) async fn subscribe(twin: &Twin, members: Json) -> Uri {
    twin.create_subscription(&view(), draft(&members), Context::core().clone())
        .await
        .unwrap()
}

fn fragment(json: &Json) -> Draft {
    Draft::read_fragment(json, Context::core(), Subject::Entities).unwrap()
}

/// A twin by a clock that stands, and where its messages go.
pub(crate) fn started() -> (Twin, Arc<ManualClock>, Arc<Post>) {
    let clock = clock();
    let twin = Twin::open(Box::new(Memory::new()), clock.clone()).unwrap();
    let post = Arc::new(Post::default());
    tokio::spawn(twin.deliver(post.clone(), None));
    (twin, clock, post)
}

async fn execute(twin: &Twin, operation: Operation) {
    twin.execute(&view(), vec![operation]).await.remove(0).unwrap();
}

/// The ids of the things that a notification tells of.
fn told(body: &Json) -> Vec<String> {
    let data = body["data"].as_array().unwrap().iter();
    data.map(|one| one["id"].as_str().unwrap().rsplit(':').next().unwrap().to_owned())
        .collect()
}

fn remove(term: &str) -> Operation {
    Operation::DeleteAttribute(id(1), name(term), twin::Instance::Default)
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_5_8_6_triggers() {
    let create = || Operation::Create(thing(1).with(property("a", 1)).with(property("b", 1)));
    let steps: [(&str, Operation); 6] = [
        ("create", create()),
        ("update a", Operation::Merge(id(1), set("a", 2))),
        ("the same again", Operation::Merge(id(1), set("a", 2))),
        ("add c", Operation::Merge(id(1), set("c", 1))),
        ("remove b", remove("b")),
        ("delete", Operation::Delete(id(1))),
    ];
    // Which of the steps each subscription is told of.
    for (members, expected) in [
        (json!({}), "create, update a, add c"),
        (json!({"notificationTrigger": ["entityCreated"]}), "create"),
        (json!({"notificationTrigger": ["entityDeleted"]}), "delete"),
        (
            json!({"notificationTrigger": ["attributeCreated"]}),
            "create, add c",
        ),
        (json!({"notificationTrigger": ["attributeUpdated"]}), "update a"),
        (
            json!({"notificationTrigger": ["attributeDeleted"]}),
            "remove b, delete",
        ),
        (
            json!({"notificationTrigger": ["entityUpdated"]}),
            "create, update a, add c, remove b, delete",
        ),
        (json!({"watchedAttributes": ["a"]}), "create, update a"),
        (
            json!({"watchedAttributes": ["a"], "entities": null}),
            "create, update a",
        ),
        (
            json!({"watchedAttributes": ["b"], "notificationTrigger": ["attributeDeleted"]}),
            "remove b, ",
        ),
        (
            json!({"watchedAttributes": ["b"], "notificationTrigger": ["entityDeleted"]}),
            "",
        ),
        (
            json!({"watchedAttributes": ["z"], "notificationTrigger": ["entityCreated"]}),
            "",
        ),
        (json!({"q": "a==2"}), "update a, add c"),
        (
            json!({"q": "a==2", "notificationTrigger": ["entityDeleted"]}),
            "delete",
        ),
        (json!({"q": "b", "notificationTrigger": ["entityDeleted"]}), ""),
        (json!({"scopeQ": "/x"}), ""),
        (json!({"entities": [{"type": "Other"}]}), ""),
        (
            json!({"entities": [{"type": "Other"}, {"type": "*", "id": id(1).as_str()}]}),
            "create, update a, add c",
        ),
        (json!({"entities": [{"type": "Thing", "idPattern": ":2$"}]}), ""),
        (
            json!({"entities": [{"type": "Thing", "id": id(1).as_str(), "idPattern": ":2$"}]}),
            "create, update a, add c",
        ),
        (json!({"isActive": false}), ""),
    ] {
        let (twin, _, post) = started();
        subscribe(&twin, members.clone()).await;
        let mut notified = Vec::new();
        for (step, operation) in &steps {
            execute(&twin, operation.clone()).await;
            settled(&twin).await;
            if !post.take().is_empty() {
                notified.push(*step);
            }
        }
        let expected: Vec<&str> = expected.split(", ").filter(|step| !step.is_empty()).collect();
        assert_eq!(notified, expected, "{members}");
        twin.close();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_told_together_and_each_entity_once_in_a_notification() {
    let (twin, _, post) = started();
    let subscription = subscribe(&twin, json!({})).await;
    let all = vec![
        Operation::Create(thing(1).with(property("a", 1))),
        Operation::Create(thing(2).with(property("a", 1))),
        Operation::Merge(id(1), set("a", 2)),
    ];
    twin.execute(&view(), all).await;
    settled(&twin).await;
    let sent = post.take();
    assert_eq!(
        sent.iter().map(|(_, body)| told(body)).collect::<Vec<_>>(),
        [vec!["1", "2"], vec!["1"]]
    );
    let (uri, first) = &sent[0];
    assert_eq!(uri, "http://a.example/");
    assert_eq!(first["subscriptionId"], subscription.as_str());
    assert_eq!(first["type"], "Notification");
    assert_ne!(first["id"], sent[1].1["id"]);
    assert_eq!(first["data"][0]["a"], json!({"type": "Property", "value": 1}));
    assert_eq!(sent[1].1["data"][0]["a"]["value"], 2);
    let (_, standing) = twin.subscription(&view(), &subscription).unwrap();
    assert_eq!(
        (standing.times_sent, standing.times_failed, standing.succeeded),
        (2, 0, Some(true))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_5_2_12_throttling() {
    let (twin, clock, post) = started();
    subscribe(&twin, json!({"throttling": 2.5})).await;
    let mut notified = Vec::new();
    for (seconds, value) in [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (6, 6)] {
        clock.set(at(seconds));
        execute(
            &twin,
            Operation::UpsertReplace(thing(1).with(property("a", value))),
        )
        .await;
        settled(&twin).await;
        notified.extend(
            post.take()
                .iter()
                .map(|(_, body)| body["data"][0]["a"]["value"].as_i64().unwrap()),
        );
    }
    assert_eq!(notified, [1, 4, 6]);
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_5_8_6_time_interval() {
    let (twin, clock, post) = started();
    subscribe(&twin, json!({"timeInterval": 5, "q": "a>1"})).await;
    execute(&twin, Operation::Create(thing(1).with(property("a", 1)))).await;
    clock.set(at(5));
    std::thread::sleep(std::time::Duration::from_millis(700));
    assert!(post.take().is_empty(), "of nothing it is not told");
    execute(&twin, Operation::Create(thing(2).with(property("a", 2)))).await;
    execute(&twin, Operation::Create(thing(3).with(property("a", 3)))).await;
    for (seconds, expected) in [(9, 0), (10, 1), (11, 0), (15, 1), (100, 1), (104, 0), (105, 1)] {
        clock.set(at(seconds));
        // Long enough for the task to look at the clock, and again for the message to go.
        std::thread::sleep(std::time::Duration::from_millis(600));
        settled(&twin).await;
        let sent = post.take();
        assert_eq!(sent.len(), expected, "at {seconds}");
        assert!(sent.iter().all(|(_, body)| told(body) == ["2", "3"]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_5_8_2_and_5_8_5_changes_of_a_subscription() {
    let (twin, _, post) = started();
    let missing = Uri::ngsi_ld("Subscription", "none");
    assert!(matches!(
        twin.delete_subscription(&view(), &missing).await,
        Err(Error::Missing(..))
    ));
    let none = twin
        .update_subscription(&view(), &missing, fragment(&json!({"q": "a"})), None)
        .await;
    assert!(matches!(none, Err(Error::Missing(..))));

    let one = subscribe(&twin, json!({"id": "urn:s:1"})).await;
    let again = twin
        .create_subscription(&view(), draft(&json!({"id": "urn:s:1"})), Context::core().clone())
        .await;
    assert!(matches!(again, Err(Error::Taken(..))));
    let (stored, standing) = twin.subscription(&view(), &one).unwrap();
    assert_eq!(
        stored.subscription.jsonld_context.as_deref(),
        Some(ngsi_ld::context::CORE_URL)
    );
    assert_eq!(standing.created_at, Some(at(0)));

    execute(&twin, Operation::Create(thing(1).with(property("a", 1)))).await;
    let patch = async |json: Json| {
        twin.update_subscription(&view(), &one, fragment(&json), None)
            .await
    };
    patch(json!({"q": "a>5"})).await.unwrap();
    execute(&twin, Operation::Merge(id(1), set("a", 2))).await;
    execute(&twin, Operation::Merge(id(1), set("a", 6))).await;
    patch(json!({"isActive": false})).await.unwrap();
    execute(&twin, Operation::Merge(id(1), set("a", 7))).await;
    patch(json!({"isActive": true, "q": "urn:ngsi-ld:null"}))
        .await
        .unwrap();
    execute(&twin, Operation::Merge(id(1), set("a", 1))).await;
    assert!(patch(json!({"timeInterval": 1, "throttling": 1})).await.is_err());
    twin.delete_subscription(&view(), &one).await.unwrap();
    assert!(twin.subscription(&view(), &one).is_none());
    execute(&twin, Operation::Merge(id(1), set("a", 3))).await;
    settled(&twin).await;
    let sent: Vec<_> = post
        .take()
        .iter()
        .map(|(_, body)| body["data"][0]["a"]["value"].clone())
        .collect();
    // What was waiting when it was paused or deleted may have gone or not.
    assert!(
        sent.iter().all(|value| [1, 6].contains(&value.as_i64().unwrap())),
        "{sent:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_5_8_1_4_an_expired_subscription_is_silent() {
    let (twin, clock, post) = started();
    subscribe(&twin, json!({"expiresAt": at(10).to_string()})).await;
    for (seconds, expected) in [(9, 1), (10, 0), (11, 0)] {
        clock.set(at(seconds));
        execute(
            &twin,
            Operation::UpsertReplace(thing(1).with(property("a", seconds))),
        )
        .await;
        settled(&twin).await;
        assert_eq!(post.take().len(), expected, "at {seconds}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_subscriber_may_not_see_does_not_change_for_them() {
    let (twin, _, post) = started();
    let blind = hiding([name("secret")]);
    twin.create_subscription(&blind, draft(&json!({})), Context::core().clone())
        .await
        .unwrap();
    twin.create_subscription(
        &blind,
        draft(&json!({"q": "secret==1", "notification": {"endpoint": {"uri": "http://q.example/"}}})),
        Context::core().clone(),
    )
    .await
    .unwrap();
    execute(&twin, Operation::Create(thing(1).with(property("secret", 1)))).await;
    execute(&twin, Operation::Merge(id(1), set("secret", 2))).await; // nobody knows of it
    execute(&twin, Operation::Merge(id(1), set("a", 1))).await;
    settled(&twin).await;
    let sent = post.take();
    assert_eq!(sent.len(), 1, "{sent:?}");
    assert!(sent[0].1["data"][0].get("secret").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn by_the_clock_too_a_subscriber_is_told_of_what_it_may_see() {
    let (twin, clock, post) = started();
    let blind = hiding([name("secret")]);
    for members in [
        json!({"timeInterval": 5}),
        json!({"timeInterval": 5, "q": "secret==1"}),
    ] {
        twin.create_subscription(&blind, draft(&members), Context::core().clone())
            .await
            .unwrap();
    }
    execute(
        &twin,
        Operation::Create(thing(1).with(property("secret", 1)).with(property("a", 1))),
    )
    .await;
    clock.set(at(5));
    for _ in 0..200 {
        if twin.delivery_statistics().delivered > 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    // Both were made in the same round.
    settled(&twin).await;
    let sent = post.take();
    assert_eq!(sent.len(), 1, "{sent:?}");
    assert_eq!(told(&sent[0].1), ["1"]);
    assert!(sent[0].1["data"][0].get("secret").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_is_not_durable_is_not_notified() {
    let store = Faulty::default();
    let twin = Twin::open(Box::new(store.clone()), clock()).unwrap();
    let post = Arc::new(Post::default());
    tokio::spawn(twin.deliver(post.clone(), None));
    subscribe(&twin, json!({})).await;
    store.fail_next(Fault::Full);
    let create = Operation::Create(thing(1).with(property("a", 1)));
    assert!(twin.execute(&view(), vec![create]).await.remove(0).is_err());
    settled(&twin).await;
    assert!(post.take().is_empty());
    store.fail_next(Fault::Full);
    let refused = twin
        .create_subscription(&view(), draft(&json!({"id": "urn:s:2"})), Context::core().clone())
        .await;
    assert!(refused.is_err());
    assert!(
        twin.subscription(&view(), &Uri::parse("urn:s:2").unwrap())
            .is_none()
    );
    execute(&twin, Operation::Create(thing(1).with(property("a", 1)))).await;
    settled(&twin).await;
    assert_eq!(post.take().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn subscriptions_counters_and_what_waits_outlive_the_program() {
    let folder = tempfile::tempdir().unwrap();
    let clock = clock();
    let open = || {
        let storage = Embedded::open(folder.path(), "city", Environment::real(1)).unwrap();
        Twin::open(Box::new(storage), clock.clone()).unwrap()
    };
    let context = Context::compile(
        &json!([{"thing": "https://a.example/thing", "kind": {"@id": "https://a.example/kind", "@type": "@vocab"}}]),
        &ngsi_ld::context::BuiltIn,
    )
    .unwrap();
    let read = |json: Json| Draft::read(&json, &context, Subject::Entities).unwrap();
    let subscription = json!({
        "id": "urn:s:1", "type": "Subscription", "entities": [{"type": "thing"}], "q": "kind==\"good\"|thing==1",
        "throttling": 10, "expiresAt": "2027-01-01T00:00:00Z",
        "notification": {"endpoint": {"uri": "http://a.example/", "accept": "application/ld+json"}},
    });
    let twin = open();
    let s1 = twin
        .create_subscription(&view(), read(subscription), context.clone())
        .await
        .unwrap();
    let s2 = subscribe(&twin, json!({"id": "urn:s:2"})).await;
    let gone = subscribe(&twin, json!({"id": "urn:s:3"})).await;
    twin.delete_subscription(&view(), &gone).await.unwrap();
    let mut entity = thing(1).with(Attribute::property(context.expand("thing"), 1_i64));
    entity.types.push(context.expand("thing"));
    execute(&twin, Operation::Create(entity)).await;
    let before = (
        twin.subscription(&view(), &s1).unwrap().0,
        twin.subscription(&view(), &s2).unwrap().0,
    );
    assert_eq!(twin.delivery_statistics().waiting, 2);
    drop(twin); // nothing was delivered

    let twin = open();
    let after = (
        twin.subscription(&view(), &s1).unwrap().0,
        twin.subscription(&view(), &s2).unwrap().0,
    );
    let written = |stored: &twin::StoredSubscription| {
        let subscription = &stored.subscription;
        write_subscription(subscription, &Standing::default(), &context, at(0), true)
    };
    assert_eq!(written(&before.0), written(&after.0));
    assert_eq!(written(&before.1), written(&after.1));
    assert_eq!(
        after.0.subscription.q.as_ref().unwrap().text,
        "kind==\"good\"|thing==1"
    );
    assert_eq!(after.0.context.to_json(), context.to_json());
    assert_eq!(twin.subscriptions(&view(), 0, 10).1, 2);
    assert_eq!(twin.delivery_statistics().waiting, 2);
    let post = Arc::new(Post::default());
    tokio::spawn(twin.deliver(post.clone(), None));
    settled(&twin).await;
    let sent = post.take();
    assert_eq!(sent.len(), 2);
    let own = |(_, body): &&(String, Json)| body["subscriptionId"] == "urn:s:1";
    let (_, own) = sent.iter().find(own).unwrap();
    assert_eq!(own["@context"], *context.to_json());
    assert_eq!(
        own["data"][0]["thing"]["value"], 1,
        "compacted by its own @context"
    );
    twin.close();
    drop(twin);

    let twin = open();
    assert_eq!(
        twin.delivery_statistics().waiting,
        0,
        "what arrived does not come again"
    );
    let (_, standing) = twin.subscription(&view(), &s1).unwrap();
    assert_eq!((standing.times_sent, standing.last_success), (1, Some(at(0))));
    let post = Arc::new(Post::default());
    tokio::spawn(twin.deliver(post.clone(), None));
    // It is throttled by what was sent before.
    execute(&twin, Operation::Merge(id(1), set("a", 1))).await;
    settled(&twin).await;
    assert_eq!(post.take().len(), 1);
    assert!(twin.get(&view(), &id(1)).is_some());
}

#[test]
fn without_subscriptions_nothing_is_written_beside() {
    let twin = Twin::open(Box::new(Memory::new()), clock()).unwrap();
    run(&twin, Operation::Create(thing(1))).unwrap();
    run(&twin, Operation::Append(id(1), Fragment::default(), true)).unwrap();
    assert!(twin.rows("outbox").unwrap().is_empty());
    assert_eq!(twin.delivery_statistics().waiting, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_4_5_23_linked_entities_come_along() {
    for (join, pick) in [
        ("flat", json!(["id", "a", "near{id,b}"])),
        ("inline", json!(["id", "a", "near{id,b}"])),
    ] {
        let (twin, _, post) = started();
        let notification = json!({"endpoint": {"uri": "http://a.example/"}, "format": "simplified", "join": join,
            "pick": pick});
        subscribe(
            &twin,
            json!({"entities": [{"type": "Thing", "id": id(1).as_str()}], "notification": notification}),
        )
        .await;
        let near = Attribute::relationship(name("near"), id(2));
        // Both in one request: what is linked is there, although nobody else sees it yet.
        let both = vec![
            Operation::Create(thing(1).with(property("a", 1)).with(near)),
            Operation::Create(thing(2).with(property("b", 2)).with(property("c", 3))),
        ];
        twin.execute(&view(), both).await;
        settled(&twin).await;
        let data = post.take().remove(0).1["data"].clone();
        let linked = json!({"id": id(2).as_str(), "b": 2});
        let expected = match join {
            "flat" => json!([{"id": id(1).as_str(), "a": 1, "near": id(2).as_str()}, linked]),
            _ => json!([{"id": id(1).as_str(), "a": 1, "near": linked}]),
        };
        assert_eq!(data, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_4_9_q_follows_relationships() {
    let (twin, _, post) = started();
    subscribe(&twin, json!({"q": "near{b}<5"})).await;
    for (local, b) in [(8, 3), (9, 7)] {
        execute(&twin, Operation::Create(thing(local).with(property("b", b)))).await;
    }
    for (local, target) in [(1, 9), (2, 8), (3, 7)] {
        let near = Attribute::relationship(name("near"), id(target));
        execute(&twin, Operation::Create(thing(local).with(near))).await;
    }
    settled(&twin).await;
    let sent = post.take();
    assert_eq!(
        sent.iter().map(|(_, body)| told(body)).collect::<Vec<_>>(),
        [vec!["2"]]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_patterns_of_a_subscription_are_bounded_together() {
    let (twin, ..) = started();
    let selectors = |many: usize, pattern: &str| {
        let one = |number: usize| json!({"type": "Thing", "idPattern": format!("^urn:{number}:{pattern}")});
        json!({"entities": (0..many).map(one).collect::<Vec<_>>()})
    };
    for (members, taken) in [
        (selectors(100, "[0-9]+"), true),
        (selectors(101, "[0-9]+"), false),
        (selectors(1, "\\w{10}"), true),
        (selectors(50, "\\w{10}"), false), // each would do alone
    ] {
        let made = twin
            .create_subscription(&view(), draft(&members), Context::core().clone())
            .await;
        assert_eq!(made.is_ok(), taken, "{members:.100} {made:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn updates_that_overtake_each_other_are_all_made() {
    let (twin, ..) = started();
    let one = subscribe(&twin, json!({})).await;
    let updates = [
        json!({"q": "a>1"}),
        json!({"throttling": 7}),
        json!({"description": "x"}),
        json!({"subscriptionName": "y"}),
        json!({"watchedAttributes": ["a"]}),
    ];
    let mut all = tokio::task::JoinSet::new();
    for json in updates {
        let (twin, one) = (twin.clone(), one.clone());
        all.spawn(async move {
            twin.update_subscription(&view(), &one, fragment(&json), None)
                .await
        });
    }
    while let Some(made) = all.join_next().await {
        made.unwrap().unwrap();
    }
    let (stored, _) = twin.subscription(&view(), &one).unwrap();
    let shown = &stored.subscription;
    assert!(shown.q.is_some() && shown.watched_attributes.is_some());
    assert_eq!(shown.throttling_s, Some(7.0));
    assert_eq!(shown.description.as_deref(), Some("x"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_context_that_stands_under_a_url_is_the_same_after_each_start() {
    let folder = tempfile::tempdir().unwrap();
    let open = || {
        let storage = Embedded::open(folder.path(), "city", Environment::real(1)).unwrap();
        Twin::open(Box::new(storage), clock()).unwrap()
    };
    let inline = json!([{"thing": "https://a.example/thing"}]);
    let hosted = Context::compile(&inline, &ngsi_ld::context::BuiltIn)
        .unwrap()
        .at("https://city.example/contexts/1");
    let twin = open();
    let own = twin
        .create_subscription(&view(), draft(&json!({"id": "urn:s:own"})), hosted.clone())
        .await
        .unwrap();
    drop(twin);
    // Each start is followed by a new subscription, with the core @context.
    for start in 1..4 {
        let twin = open();
        let kept = twin.subscription(&view(), &own).unwrap().0;
        assert_eq!(kept.context.to_json(), hosted.to_json(), "start {start}");
        assert_eq!(kept.context.expand("thing"), hosted.expand("thing"));
        subscribe(&twin, json!({"id": format!("urn:s:plain:{start}")})).await;
        assert_eq!(twin.subscriptions(&view(), 0, 10).1, start + 1);
    }
}
