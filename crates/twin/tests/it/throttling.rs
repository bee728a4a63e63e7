//! Throttling within one request, and notifications as older versions would have them.

use serde_json::json;
use twin::{Operation, Twin};

use crate::common::{Fault, Faulty, at, clock, id, name, property, set, thing, view};
use crate::delivery::{Post, settled};
use crate::subscriptions::{started, subscribe};

async fn execute(twin: &Twin, operation: Operation) {
    twin.execute(&view(), vec![operation]).await.remove(0).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_5_5_11_throttling_holds_within_one_request_too() {
    let (twin, clock, post) = started();
    subscribe(&twin, json!({"throttling": 60})).await;
    let values = |post: &Post| -> Vec<i64> {
        let sent = post.take();
        let data = sent.iter().flat_map(|(_, body)| body["data"].as_array().unwrap());
        data.map(|one| one["a"]["value"].as_i64().unwrap()).collect()
    };
    let batch = vec![
        Operation::Create(thing(1).with(property("a", 1))),
        Operation::Merge(id(1), set("a", 2)),
        Operation::Create(thing(2).with(property("a", 3))),
    ];
    assert!(twin.execute(&view(), batch).await.iter().all(Result::is_ok));
    settled(&twin).await;
    assert_eq!(values(&post), [1]);
    clock.set(at(60));
    execute(&twin, Operation::Merge(id(1), set("a", 4))).await;
    settled(&twin).await;
    assert_eq!(values(&post), [4]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_committed_throttles_nothing() {
    let store = Faulty::default();
    let twin = Twin::open(Box::new(store.clone()), clock()).unwrap();
    subscribe(&twin, json!({"throttling": 60})).await;
    store.fail_next(Fault::Full);
    let create = || Operation::Create(thing(1).with(property("a", 1)));
    assert!(twin.execute(&view(), vec![create()]).await.remove(0).is_err());
    execute(&twin, create()).await;
    assert_eq!(twin.delivery_statistics().waiting, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_5_8_6_notifications_conform_to_the_version_asked_for() {
    let (twin, _, post) = started();
    subscribe(&twin, json!({"ngsildConformance": "1.2"})).await;
    subscribe(
        &twin,
        json!({"notification": {"endpoint": {"uri": "http://new.example/"}}}),
    )
    .await;
    let mut entity = thing(1).with(property("a", 1).unit_code("CEL"));
    entity.types.push(name("Other"));
    entity.scope.push("/s".into());
    execute(&twin, Operation::Create(entity)).await;
    settled(&twin).await;
    for (uri, body) in post.take() {
        let shown = &body["data"][0];
        let new = uri == "http://new.example/";
        assert_eq!(shown["type"].is_array(), new, "{shown}");
        assert_eq!(shown.get("scope").is_some(), new, "{shown}");
        assert_eq!(shown["a"].get("unitCode").is_some(), new, "{shown}");
    }
}
