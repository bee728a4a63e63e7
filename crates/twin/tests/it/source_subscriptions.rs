//! Subscriptions to context source registrations: who is told of which, when, and why.

use std::sync::Arc;

use ngsi_ld::Uri;
use ngsi_ld::context::Context;
use ngsi_ld::subscription::{Draft, Subject};
use query::View;
use query::view::{Condition, Rights, Test};
use serde_json::{Value as Json, json};
use storage::environment::ManualClock;
use storage::{Embedded, Environment, Memory};
use twin::{Error, Twin};

use crate::common::{Fault, Faulty, at, clock, view};
use crate::delivery::{Post, settled};
use crate::registrations::{register, update};

fn draft(members: &Json) -> Draft {
    let mut json = json!({
        "type": "Subscription",
        "entities": [{"type": "A"}],
        "notification": {"endpoint": {"uri": "http://a.example/"}},
    });
    for (key, value) in members.as_object().unwrap() {
        if value.is_null() {
            json.as_object_mut().unwrap().remove(key);
        } else {
            json[key] = value.clone();
        }
    }
    Draft::read(&json, Context::core(), Subject::Registrations).unwrap()
}

fn subscribe_as(twin: &Twin, view: &View, members: &Json) -> Result<Uri, Error> {
    twin.create_registration_subscription_blocking(view, draft(members), Context::core().clone())
}

fn subscribe(twin: &Twin, members: &Json) -> Uri {
    subscribe_as(twin, &view(), members).unwrap()
}

fn change(twin: &Twin, id: &Uri, fragment: &Json) -> Result<(), Error> {
    let fragment = Draft::read_fragment(fragment, Context::core(), Subject::Registrations).unwrap();
    twin.update_registration_subscription_blocking(&view(), id, fragment, None)
}

fn delete(twin: &Twin, id: &Uri) {
    twin.delete_registration_blocking(&view(), id).unwrap();
}

fn started() -> (Twin, Arc<ManualClock>, Arc<Post>) {
    let clock = clock();
    let twin = Twin::open(Box::new(Memory::new()), clock.clone()).unwrap();
    let post = Arc::new(Post::default());
    tokio::spawn(twin.deliver(post.clone(), None));
    (twin, clock, post)
}

/// What came since the last time: the reason, and the ids with the types that each is told to have.
async fn came(twin: &Twin, post: &Post) -> Vec<(String, Vec<String>)> {
    settled(twin).await;
    let word = |json: &Json| json.as_str().unwrap().to_owned();
    let one = |registration: &Json| {
        let infos = registration["information"].as_array().unwrap().iter();
        let types = infos.map(|info| word(&info["entities"][0]["type"]));
        let id = word(&registration["id"]);
        let id = id.rsplit(':').next().unwrap();
        format!("{id}={}", types.collect::<Vec<_>>().join(","))
    };
    let mut came = Vec::new();
    for (_, body) in post.take() {
        assert_eq!(body["type"], "ContextSourceNotification", "5.3.2");
        let data = body["data"].as_array().unwrap().iter();
        came.push((word(&body["triggerReason"]), data.map(one).collect()));
    }
    came
}

fn told(reason: &str, registrations: &[&str]) -> Vec<(String, Vec<String>)> {
    let registrations = registrations.iter().map(|one| (*one).to_owned());
    vec![(reason.to_owned(), registrations.collect())]
}

fn of_types(types: &[&str]) -> Json {
    types
        .iter()
        .map(|one| json!({"entities": [{"type": one}]}))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_5_11_7_who_is_told_of_what() {
    let (twin, clock, post) = started();
    subscribe(&twin, &json!({}));
    assert!(came(&twin, &post).await.is_empty(), "there is none to tell of");
    let id = Uri::parse("urn:x:1").unwrap();
    register(
        &twin,
        &json!({"id": "urn:x:1", "information": of_types(&["A", "B", "A"])}),
    )
    .unwrap();
    assert_eq!(came(&twin, &post).await, told("newlyMatching", &["1=A,A"]));
    for (what, fragment, expected) in [
        (
            "a change",
            json!({"endpoint": "http://b.example"}),
            told("updated", &["1=A,A"]),
        ),
        ("the same again", json!({"endpoint": "http://b.example"}), vec![]),
        (
            "fewer elements",
            json!({"information": of_types(&["B", "A"])}),
            told("updated", &["1=A"]),
        ),
        (
            "another type",
            json!({"information": of_types(&["B"])}),
            told("noLongerMatching", &["1=B"]),
        ),
        (
            "of what is not for it",
            json!({"endpoint": "http://c.example"}),
            vec![],
        ),
        (
            "back again",
            json!({"information": of_types(&["A"])}),
            told("newlyMatching", &["1=A"]),
        ),
        (
            "temporal information",
            json!({"observationInterval": {"startAt": "2020-01-01T00:00:00Z"}}),
            told("noLongerMatching", &["1=A"]),
        ),
        (
            "the latest again",
            json!({"observationInterval": null, "expiresAt": at(10).to_string()}),
            told("newlyMatching", &["1=A"]),
        ),
    ] {
        update(&twin, &id, &fragment).unwrap();
        assert_eq!(came(&twin, &post).await, expected, "{what}");
    }
    let other = register(&twin, &json!({"id": "urn:x:2", "information": of_types(&["B"])})).unwrap();
    delete(&twin, &other);
    let third = register(&twin, &json!({"id": "urn:x:3"})).unwrap();
    delete(&twin, &third);
    let (mut both, gone) = (
        told("newlyMatching", &["3=A"]),
        told("noLongerMatching", &["3=A"]),
    );
    both.extend(gone);
    assert_eq!(came(&twin, &post).await, both, "deleted");
    clock.set(at(10));
    twin.expire_registrations_blocking().unwrap();
    assert_eq!(
        came(&twin, &post).await,
        told("noLongerMatching", &["1=A"]),
        "5.9.2.4"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_5_11_2_4_at_first_all_that_match_are_told() {
    let (twin, clock, post) = started();
    for (id, types) in [
        ("urn:x:1", ["A", "B"]),
        ("urn:x:2", ["B", "C"]),
        ("urn:x:3", ["C", "A"]),
    ] {
        register(&twin, &json!({"id": id, "information": of_types(&types)})).unwrap();
        clock.advance(1_000_000);
    }
    let id = subscribe(&twin, &json!({"id": "urn:x:sub"}));
    assert_eq!(came(&twin, &post).await, told("newlyMatching", &["1=A", "3=A"]));
    change(&twin, &id, &json!({"entities": [{"type": "B,C"}]})).unwrap();
    assert_eq!(
        came(&twin, &post).await,
        told("newlyMatching", &["1=B", "2=B,C", "3=C"]),
        "5.11.3.4"
    );
    change(&twin, &id, &json!({"isActive": false})).unwrap();
    let quiet = register(&twin, &json!({"id": "urn:x:4", "information": of_types(&["B"])})).unwrap();
    assert!(came(&twin, &post).await.is_empty(), "paused");
    change(
        &twin,
        &id,
        &json!({"isActive": true, "entities": [{"type": "B"}]}),
    )
    .unwrap();
    assert_eq!(
        came(&twin, &post).await,
        told("newlyMatching", &["1=B", "2=B", "4=B"])
    );
    change(
        &twin,
        &id,
        &json!({"expiresAt": twin.now().plus_micros(1_000_000).to_string()}),
    )
    .unwrap();
    came(&twin, &post).await;
    clock.advance(1_000_000);
    delete(&twin, &quiet);
    assert!(came(&twin, &post).await.is_empty(), "expired");

    let (stored, standing) = twin.registration_subscription(&view(), &id).unwrap();
    assert_eq!(
        (standing.times_sent, standing.succeeded),
        (4, Some(true)),
        "5.11.7"
    );
    assert_eq!(stored.subscription.id, id);
    assert!(matches!(
        subscribe_as(&twin, &view(), &json!({"id": "urn:x:sub"})),
        Err(Error::Taken(..))
    ));
    let second = subscribe(&twin, &json!({"entities": [{"type": "Z"}]}));
    let (page, total) = twin.registration_subscriptions(&view(), 1, 5);
    assert_eq!((page.len(), total), (1, 2), "5.11.5.4");
    assert_eq!(page[0].0.subscription.id, second);
    twin.delete_registration_subscription_blocking(&view(), &id)
        .unwrap();
    assert!(twin.registration_subscription(&view(), &id).is_none());
    for gone in [
        twin.delete_registration_subscription_blocking(&view(), &id),
        change(&twin, &id, &json!({})),
    ] {
        assert!(
            matches!(gone, Err(Error::Missing(_, gone)) if gone == id),
            "5.11.6.4"
        );
    }
    assert!(
        twin.subscription(&view(), &second).is_none(),
        "it is none to entities"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_5_11_2_4_what_matches() {
    let attributes = |names: &[&str]| {
        let notification = json!({"attributes": names, "endpoint": {"uri": "http://a.example/"}});
        json!({"watchedAttributes": ["w"], "notification": notification})
    };
    let member = |member: &str, names: &[&str]| {
        let mut notification = json!({"endpoint": {"uri": "http://a.example/"}});
        notification[member] = json!(names);
        json!({"watchedAttributes": ["w"], "notification": notification})
    };
    let near = |distance: u32| json!({"geoQ": {"georel": format!("near;maxDistance=={distance}"), "geometry": "Point", "coordinates": [0.0, 0.001]}});
    let during = |relation: &str, at: &str, property: &str| json!({"temporalQ": {"timerel": relation, "timeAt": at, "timeproperty": property}});
    let source = json!({
        "information": [{"entities": [{"type": "A", "idPattern": "^urn:x:.*7$"}], "propertyNames": ["p"], "relationshipNames": ["r"]}],
        "location": {"type": "Point", "coordinates": [0.0, 0.0]},
        "scope": ["/Nairobi/West"], "datasetId": ["urn:x:set"], "reliability": 3,
    });
    let mut past = source.clone();
    past["managementInterval"] = json!({"startAt": "2020-01-01T00:00:00Z", "endAt": "2021-01-01T00:00:00Z"});
    let (y19, y20, y22) = (
        "2019-01-01T00:00:00Z",
        "2020-06-01T00:00:00Z",
        "2022-01-01T00:00:00Z",
    );
    for (what, members, registration, expected) in [
        ("the type", json!({}), &source, true),
        ("another", json!({"entities": [{"type": "B"}]}), &source, false),
        (
            "an id",
            json!({"entities": [{"type": "A", "id": "urn:x:17"}]}),
            &source,
            true,
        ),
        (
            "another id",
            json!({"entities": [{"type": "A", "id": "urn:x:18"}]}),
            &source,
            false,
        ),
        ("only watched", json!({"watchedAttributes": ["w"]}), &source, true),
        (
            "no entities",
            json!({"entities": null, "watchedAttributes": ["w"]}),
            &source,
            true,
        ),
        ("both, none of its own", attributes(&["x"]), &source, false),
        ("both, one of its own", attributes(&["x", "r"]), &source, true),
        ("picked, none", member("pick", &["id", "x"]), &source, false),
        ("picked, one", member("pick", &["id", "p"]), &source, true),
        ("omitted, one", member("omit", &["p"]), &source, true),
        ("omitted, all", member("omit", &["p", "r"]), &source, false),
        ("near", near(200), &source, true),
        ("far", near(50), &source, false),
        ("in scope", json!({"scopeQ": "/Nairobi/#"}), &source, true),
        ("out of scope", json!({"scopeQ": "/Mombasa"}), &source, false),
        ("csf", json!({"csf": "reliability>2"}), &source, true),
        ("not csf", json!({"csf": "reliability>3"}), &source, false),
        (
            "data set",
            json!({"datasetId": ["urn:x:set", "@none"]}),
            &source,
            true,
        ),
        (
            "another data set",
            json!({"datasetId": ["@none"]}),
            &source,
            false,
        ),
        ("q is of entities", json!({"q": "reliability>3"}), &source, true),
        ("latest of the past", json!({}), &past, false),
        (
            "the past of the latest",
            during("before", y22, "createdAt"),
            &source,
            false,
        ),
        ("in time", during("after", y20, "createdAt"), &past, true),
        ("too late", during("after", y22, "modifiedAt"), &past, false),
        ("too early", during("before", y19, "deletedAt"), &past, false),
        (
            "of another kind of time",
            during("after", y20, "observedAt"),
            &past,
            false,
        ),
    ] {
        let (twin, _, post) = started();
        subscribe(&twin, &members);
        register(&twin, registration).unwrap();
        let one = !came(&twin, &post).await.is_empty();
        subscribe(&twin, &members);
        let first = !came(&twin, &post).await.is_empty();
        assert_eq!((one, first), (expected, expected), "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_5_3_2_the_structure() {
    let (twin, _, post) = started();
    let sub = |more: &str, accept: &str| {
        json!({
            "id": format!("urn:x:{more}"),
            "notification": {"sysAttrs": more == "times", "endpoint": {"uri": format!("http://{more}.example/"), "accept": accept}},
        })
    };
    subscribe(&twin, &sub("plain", "application/json"));
    subscribe(&twin, &sub("times", "application/ld+json"));
    register(
        &twin,
        &json!({"id": "urn:x:1", "own": {"type": "Property", "value": 1}}),
    )
    .unwrap();
    settled(&twin).await;
    let mut came = post.take();
    came.sort_by(|one, other| one.0.cmp(&other.0));
    let notified = at(0).to_string();
    let (_, plain) = &came[0];
    let expected = json!({
        "id": plain["id"], "type": "ContextSourceNotification", "subscriptionId": "urn:x:plain",
        "notifiedAt": notified, "triggerReason": "newlyMatching",
        "data": [{
            "id": "urn:x:1", "type": "ContextSourceRegistration", "endpoint": "http://a.example",
            "information": [{"entities": [{"type": "A"}]}], "own": {"type": "Property", "value": 1},
        }],
    });
    assert_eq!(*plain, expected);
    assert!(Uri::parse(plain["id"].as_str().unwrap()).is_ok());
    let (_, times) = &came[1];
    assert_eq!(times["data"][0]["createdAt"], notified);
    assert!(times["@context"].is_string() && times["data"][0]["@context"].is_string());
    assert_ne!(plain["id"], times["id"]);
    let geo = json!({
        "type": "Subscription", "entities": [{"type": "A"}],
        "notification": {"endpoint": {"uri": "http://a.example/", "accept": "application/geo+json"}},
    });
    assert!(Draft::read(&geo, Context::core(), Subject::Entities).is_ok());
    assert!(
        Draft::read(&geo, Context::core(), Subject::Registrations).is_err(),
        "they are no entities"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_5_11_7_many_are_told_in_parts() {
    let (twin, _, post) = started();
    for number in 0..230 {
        register(&twin, &json!({"id": format!("urn:x:{number}")})).unwrap();
    }
    subscribe(&twin, &json!({}));
    settled(&twin).await;
    let parts = post.take();
    let counts: Vec<usize> = parts
        .iter()
        .map(|(_, body)| body["data"].as_array().unwrap().len())
        .collect();
    assert_eq!(counts.iter().sum::<usize>(), 230);
    assert_eq!(counts.iter().max(), Some(&100));
    let mut ids: Vec<&Json> = parts.iter().map(|(_, body)| &body["id"]).collect();
    ids.dedup();
    assert_eq!(ids.len(), 3);
}

async fn until_told(twin: &Twin, post: &Post) -> Vec<(String, Vec<String>)> {
    for _ in 0..400 {
        let came = came(twin, post).await;
        if !came.is_empty() {
            return came;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("nothing came");
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_5_11_7_by_the_clock() {
    let (twin, clock, post) = started();
    let one = register(&twin, &json!({"id": "urn:x:1"})).unwrap();
    subscribe(&twin, &json!({"timeInterval": 10}));
    assert_eq!(
        came(&twin, &post).await,
        told("newlyMatching", &["1=A"]),
        "at first"
    );
    let two = register(&twin, &json!({"id": "urn:x:2"})).unwrap();
    update(&twin, &one, &json!({"endpoint": "http://b.example"})).unwrap();
    assert!(came(&twin, &post).await.is_empty(), "changes do not matter");
    for (seconds, expected) in [
        (10, told("newlyMatching", &["1=A", "2=A"])),
        (20, told("updated", &["1=A", "2=A"])),
    ] {
        clock.set(at(seconds));
        assert_eq!(until_told(&twin, &post).await, expected, "{seconds}");
    }
    delete(&twin, &one);
    delete(&twin, &two);
    clock.set(at(30));
    assert_eq!(
        until_told(&twin, &post).await,
        told("noLongerMatching", &[]),
        "told once"
    );
    clock.set(at(40));
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    assert!(came(&twin, &post).await.is_empty(), "of none, nothing is told");
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_5_8_6_throttling() {
    let (twin, clock, post) = started();
    subscribe(&twin, &json!({"throttling": 10}));
    register(&twin, &json!({"id": "urn:x:1"})).unwrap();
    assert_eq!(came(&twin, &post).await.len(), 1);
    clock.set(at(9));
    register(&twin, &json!({"id": "urn:x:2"})).unwrap();
    assert!(came(&twin, &post).await.is_empty());
    clock.set(at(10));
    register(&twin, &json!({"id": "urn:x:3"})).unwrap();
    assert_eq!(came(&twin, &post).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_is_told_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let clock = clock();
    let open = || {
        let storage = Embedded::open(folder.path(), "city", Environment::real(1)).unwrap();
        Twin::open(Box::new(storage), clock.clone()).unwrap()
    };
    let deliver = |twin: &Twin| {
        let post = Arc::new(Post::default());
        tokio::spawn(twin.deliver(post.clone(), None));
        post
    };
    let rich = json!({
        "id": "urn:x:sub", "description": "rich", "csf": "reliability>2", "scopeQ": "/a",
        "geoQ": {"georel": "near;maxDistance==2000", "geometry": "Point", "coordinates": [0.0, 0.0]},
        "temporalQ": {"timerel": "after", "timeAt": "2020-01-01T00:00:00Z"}, "throttling": 5,
    });
    let source = |id: &str| {
        json!({
            "id": id, "reliability": 3, "scope": "/a", "location": {"type": "Point", "coordinates": [0.0, 0.0]},
            "observationInterval": {"startAt": "2019-01-01T00:00:00Z"},
        })
    };
    let twin = open();
    let kept = subscribe(&twin, &rich);
    let gone = subscribe(&twin, &json!({"entities": [{"type": "Z"}]}));
    twin.delete_registration_subscription_blocking(&view(), &gone)
        .unwrap();
    // Nobody delivers yet.
    register(&twin, &source("urn:x:1")).unwrap();
    let before = twin.registration_subscription(&view(), &kept).unwrap().0;
    twin.close();
    drop(twin);

    let twin = open();
    let after = twin.registration_subscription(&view(), &kept).unwrap().0;
    assert_eq!(after.subscription, before.subscription);
    assert_eq!(after.created_at, before.created_at);
    assert!(twin.registration_subscription(&view(), &gone).is_none());
    let post = deliver(&twin);
    assert_eq!(came(&twin, &post).await, told("newlyMatching", &["1=A"]));
    let standing = |twin: &Twin| twin.registration_subscription(&view(), &kept).unwrap().1;
    assert_eq!(standing(&twin).times_sent, 1);
    twin.close();
    drop(twin);

    let twin = open();
    let post = deliver(&twin);
    assert_eq!(standing(&twin).times_sent, 1);
    register(&twin, &source("urn:x:2")).unwrap();
    assert!(came(&twin, &post).await.is_empty(), "still throttled");
    clock.set(at(5));
    update(
        &twin,
        &Uri::parse("urn:x:2").unwrap(),
        &json!({"endpoint": "http://b.example"}),
    )
    .unwrap();
    assert_eq!(came(&twin, &post).await, told("updated", &["2=A"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_stored_is_not_told() {
    let store = Faulty::default();
    let twin = Twin::open(Box::new(store.clone()), clock()).unwrap();
    let post = Arc::new(Post::default());
    tokio::spawn(twin.deliver(post.clone(), None));
    let one = register(&twin, &json!({"id": "urn:x:1"})).unwrap();
    store.fail_next(Fault::Full);
    assert!(subscribe_as(&twin, &view(), &json!({"id": "urn:x:sub"})).is_err());
    assert_eq!(twin.registration_subscriptions(&view(), 0, 9).1, 0);
    assert!(came(&twin, &post).await.is_empty());
    let id = subscribe(&twin, &json!({"id": "urn:x:sub"}));
    assert_eq!(came(&twin, &post).await, told("newlyMatching", &["1=A"]));
    store.fail_next(Fault::Full);
    assert!(update(&twin, &one, &json!({"endpoint": "http://b.example"})).is_err());
    store.fail_next(Fault::Full);
    assert!(change(&twin, &id, &json!({"isActive": false})).is_err());
    assert!(came(&twin, &post).await.is_empty());
    update(&twin, &one, &json!({"endpoint": "http://b.example"})).unwrap();
    assert_eq!(
        came(&twin, &post).await,
        told("updated", &["1=A"]),
        "it is not paused"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscriber_is_told_of_what_it_may_see() {
    let (twin, _, post) = started();
    let public = Condition::Attribute(crate::common::name("public"), Test::Flag(true));
    let partial = view().with(&Rights::except(public, [crate::common::name("secret")]));
    subscribe_as(&twin, &partial, &json!({})).unwrap();
    let one = register(&twin, &json!({"id": "urn:x:1", "public": false})).unwrap();
    assert!(came(&twin, &post).await.is_empty());
    update(&twin, &one, &json!({"public": true, "secret": 1})).unwrap();
    settled(&twin).await;
    let (_, body) = post.take().remove(0);
    assert_eq!(body["triggerReason"], "newlyMatching");
    assert!(body["data"][0].get("secret").is_none() && body["data"][0]["public"] == true);
    update(&twin, &one, &json!({"secret": 2})).unwrap();
    assert!(
        came(&twin, &post).await.is_empty(),
        "nothing that it sees has changed"
    );
    update(&twin, &one, &json!({"public": false, "secret": 3})).unwrap();
    settled(&twin).await;
    let (_, body) = post.take().remove(0);
    assert_eq!(body["triggerReason"], "noLongerMatching");
    assert_eq!(body["data"][0]["public"], true, "as it last saw it");
}
