//! Delivery: queues, failures, dead letters, and that nobody waits for anybody else.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::{Value as Json, json};
use storage::environment::ManualClock;
use storage::{Embedded, Environment, Memory};
use twin::delivery::{DeadLetterFilter, Failure, Parcel, Sending};
use twin::{DeliveryLimits, Limits, Operation, Transport, Twin};

use crate::common::{at, clock, id, name, property, set, thing, view};
use crate::subscriptions::subscribe;

/// Where messages go: it takes them, or does what it is told for a host.
#[derive(Default)]
pub(crate) struct Post {
    taken: Mutex<Vec<(String, Json)>>,
    attempts: Mutex<Vec<String>>,
    moods: Mutex<Vec<(&'static str, Mood)>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    Takes,
    Fails,
    Refuses,
    Hangs,
    Panics,
}

impl Post {
    /// What came since the last time.
    pub(crate) fn take(&self) -> Vec<(String, Json)> {
        std::mem::take(&mut self.taken.lock())
    }

    pub(crate) fn attempts(&self) -> usize {
        self.attempts.lock().len()
    }

    pub(crate) fn set(&self, host: &'static str, mood: Mood) {
        self.moods.lock().push((host, mood));
    }
}

impl Transport for Post {
    fn send<'a>(&'a self, parcel: &'a Parcel) -> Sending<'a> {
        Box::pin(async move {
            let uri = parcel.endpoint.uri.clone();
            self.attempts.lock().push(uri.clone());
            let mood = {
                let moods = self.moods.lock();
                let mood = moods.iter().rev().find(|(host, _)| uri.contains(host));
                mood.map_or(Mood::Takes, |(_, mood)| *mood)
            };
            match mood {
                Mood::Takes => {
                    let body = serde_json::from_slice(&parcel.letter.body).unwrap();
                    self.taken.lock().push((uri, body));
                    Ok(())
                }
                Mood::Fails => Err(Failure::passing("it is down")),
                Mood::Refuses => Err(Failure {
                    refused: true,
                    ..Failure::passing("it will not have it")
                }),
                Mood::Hangs => std::future::pending().await,
                Mood::Panics => panic!("a defect, as the test wants it"),
            }
        })
    }
}

/// Waits until nothing waits, or what waits rests.
pub(crate) async fn settled(twin: &Twin) {
    for _ in 0..1000 {
        let statistics = twin.delivery_statistics();
        if statistics.waiting == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("messages still wait: {:?}", twin.delivery_statistics());
}

pub(crate) async fn until(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..2000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("it never came: {what}");
}

fn started(limits: DeliveryLimits) -> (Twin, Arc<ManualClock>, Arc<Post>) {
    let clock = clock();
    let limits = Limits {
        delivery: limits,
        ..Limits::default()
    };
    let twin = Twin::open_with(Box::new(Memory::new()), clock.clone(), limits).unwrap();
    let post = Arc::new(Post::default());
    tokio::spawn(twin.deliver(post.clone(), Some("water")));
    (twin, clock, post)
}

pub(crate) fn to(uri: &str) -> Json {
    json!({"notification": {"endpoint": {"uri": uri}}})
}

pub(crate) async fn change(twin: &Twin, which: i64, value: i64) {
    let operation = Operation::UpsertReplace(thing(which).with(property("a", value)));
    twin.execute(&view(), vec![operation]).await.remove(0).unwrap();
}

fn values(sent: &[(String, Json)]) -> Vec<i64> {
    sent.iter()
        .map(|(_, body)| body["data"][0]["a"]["value"].as_i64().unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_endpoint_delays_no_other() {
    let (twin, _, post) = started(DeliveryLimits::default());
    for (host, mood) in [
        ("hangs", Mood::Hangs),
        ("fails", Mood::Fails),
        ("panics", Mood::Panics),
    ] {
        post.set(host, mood);
        for n in 0..5 {
            subscribe(&twin, to(&format!("http://{host}{n}.example/"))).await;
        }
    }
    subscribe(&twin, to("http://lives.example/")).await;
    for value in 0..50 {
        change(&twin, 1, value).await;
    }
    until("all fifty", || post.taken.lock().len() == 50).await;
    assert_eq!(values(&post.take()), (0..50).collect::<Vec<_>>(), "in order");
    until("the count", || twin.delivery_statistics().delivered == 50).await;
    assert_eq!(twin.delivery_statistics().waiting, 15 * 50);
}

#[tokio::test(flavor = "multi_thread")]
async fn hanging_endpoints_cannot_use_up_what_the_sound_ones_need() {
    let limits = DeliveryLimits {
        doubtful_attempts: 3,
        ..DeliveryLimits::default()
    };
    let (twin, _, post) = started(limits);
    subscribe(&twin, to("http://lives.example/")).await;
    change(&twin, 0, 0).await;
    settled(&twin).await; // it is known to be sound
    post.set("hangs", Mood::Hangs);
    for n in 0..20 {
        subscribe(&twin, to(&format!("http://hangs{n}.example/"))).await;
    }
    for value in 1..10 {
        change(&twin, value, value).await;
    }
    until("the others", || post.taken.lock().len() == 10).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_is_tried_again_later_and_in_order() {
    let (twin, clock, post) = started(DeliveryLimits::default());
    let subscription = subscribe(&twin, to("http://a.example/")).await;
    post.set("a.example", Mood::Fails);
    for value in 1..4 {
        change(&twin, 1, value).await;
    }
    until("the first attempt", || post.attempts() == 1).await;
    let standing = || twin.subscription(&view(), &subscription).unwrap().1;
    until("the failure", || standing().times_failed == 1).await;
    assert_eq!((standing().times_sent, standing().succeeded), (1, Some(false)));
    assert_eq!(standing().last_failure, Some(at(0)));
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(post.attempts(), 1, "the breaker is open");
    let rights = query::view::Rights::except(query::view::Condition::Always, [name("z")]);
    let of_another = query::View::open(query::Caller::Principal("urn:x:1".into()), "test").with(&rights);
    let told = || twin.endpoints(&view(), true, None, 10);
    assert_eq!(told().len(), 1);
    let state = told().remove(0);
    assert_eq!(
        (state.uri.as_str(), state.waiting, state.attempts, state.failures),
        ("http://a.example/", 3, 1, 1)
    );
    assert_eq!(
        (state.last_failure.as_deref(), state.oldest),
        (Some("it is down"), Some(at(0)))
    );
    assert!(state.rests_until > Some(at(0)) && state.rests_until < Some(at(2)));
    assert_eq!(twin.endpoints(&view(), false, Some("http://a.example/"), 10), []);
    assert_eq!(
        twin.endpoints(&of_another, false, None, 10),
        [],
        "of subscriptions of others nothing is told"
    );
    // One second, give or take a quarter; then four.
    clock.set(at(2));
    until("the second attempt", || post.attempts() == 2).await;
    clock.set(at(4));
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(post.attempts(), 2);
    post.set("a.example", Mood::Takes);
    clock.set(at(8));
    settled(&twin).await;
    assert_eq!(values(&post.take()), [1, 2, 3]);
    assert_eq!((standing().times_sent, standing().times_failed), (3, 1));
    assert_eq!(standing().last_success, Some(at(8)));
    assert_eq!(twin.delivery_statistics().failing_endpoints, 0);
    assert_eq!(told(), []);
    let state = twin.endpoints(&view(), false, None, 10).remove(0);
    assert_eq!((state.waiting, state.failures, state.last_failure), (0, 0, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_5_2_15_cooldown_and_timeout() {
    let (twin, clock, post) = started(DeliveryLimits::default());
    let endpoint = json!({"uri": "http://a.example/", "cooldown": 60_000, "timeout": 50});
    subscribe(&twin, json!({"notification": {"endpoint": endpoint}})).await;
    post.set("a.example", Mood::Hangs);
    change(&twin, 1, 1).await;
    until("the attempt timed out", || {
        twin.delivery_statistics().failed_attempts == 1
    })
    .await;
    post.set("a.example", Mood::Takes);
    clock.set(at(59));
    change(&twin, 1, 2).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(post.take().is_empty());
    clock.set(at(61));
    settled(&twin).await;
    assert_eq!(values(&post.take()), [1, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_delivered_becomes_a_dead_letter() {
    let limits = DeliveryLimits {
        attempts: 3,
        refusals: 1,
        ..DeliveryLimits::default()
    };
    let (twin, clock, post) = started(limits);
    let failing = subscribe(&twin, to("http://fails.example/")).await;
    subscribe(&twin, to("http://refuses.example/")).await;
    post.set("fails", Mood::Fails);
    post.set("refuses", Mood::Refuses);
    change(&twin, 1, 1).await;
    for step in 1..4 {
        until("an attempt", || twin.delivery_statistics().failed_attempts > step).await;
        clock.set(at(step.cast_signed() * 1000));
    }
    settled(&twin).await;
    let all = DeadLetterFilter::default();
    let dead = twin.dead_letters(&view(), &all, None, 10);
    let mut shown: Vec<_> = dead
        .iter()
        .map(|one| (one.uri.as_str(), one.attempts, one.reason.as_str()))
        .collect();
    shown.sort_unstable();
    assert_eq!(
        shown,
        [
            ("http://fails.example/", 3, "it is down"),
            ("http://refuses.example/", 1, "it will not have it")
        ]
    );
    assert_eq!(
        twin.dead_letters(&view(), &all, Some(dead[0].number), 10),
        dead[1..]
    );
    assert_eq!(twin.dead_letters(&view(), &all, None, 1), dead[..1]);

    // Replayed, it keeps its id.
    post.set("fails", Mood::Takes);
    let of_one = DeadLetterFilter {
        owner: Some(failing.clone()),
        ..DeadLetterFilter::default()
    };
    assert_eq!(twin.replay_dead_letters(&view(), &of_one).await.unwrap(), 1);
    settled(&twin).await;
    let of_failing = dead.iter().find(|one| one.uri.contains("fails")).unwrap();
    assert_eq!(post.take()[0].1["id"], of_failing.letter.id.as_str());
    let other = DeadLetterFilter {
        uri: Some("http://refuses.example/".into()),
        ..DeadLetterFilter::default()
    };
    assert_eq!(twin.dead_letters(&view(), &all, None, 10).len(), 1);
    assert_eq!(twin.purge_dead_letters(&view(), &other).await.unwrap(), 1);
    assert_eq!(twin.purge_dead_letters(&view(), &other).await.unwrap(), 0);
    assert!(twin.dead_letters(&view(), &all, None, 10).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replayed_message_is_young_also_on_disk() {
    let limits = DeliveryLimits {
        refusals: 1,
        ..DeliveryLimits::default()
    };
    let (twin, clock, post) = started(limits);
    subscribe(&twin, to("http://refuses.example/")).await;
    post.set("refuses", Mood::Refuses);
    change(&twin, 1, 1).await;
    let dead = || twin.delivery_statistics().dead_letters == 1;
    until("it is given up", dead).await;
    post.set("refuses", Mood::Hangs);
    clock.set(at(100_000));
    let all = DeadLetterFilter::default();
    assert_eq!(twin.replay_dead_letters(&view(), &all).await.unwrap(), 1);
    let row = twin.rows("outbox").unwrap().remove(0).1;
    let made_at = format!("\"madeAt\":{}", at(100_000).as_micros());
    let text = String::from_utf8_lossy(&row);
    assert!(text.contains(&made_at), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn queues_have_bounds_and_what_is_too_much_is_told() {
    let limits = DeliveryLimits {
        endpoint_letters: 5,
        dead_letters: 3,
        ..DeliveryLimits::default()
    };
    let (twin, _, post) = started(limits);
    subscribe(&twin, to("http://a.example/")).await;
    post.set("a.example", Mood::Fails);
    change(&twin, 1, 0).await;
    until("it rests", || twin.delivery_statistics().failing_endpoints == 1).await;
    for value in 1..10 {
        change(&twin, 1, value).await;
    }
    until("the bound", || twin.delivery_statistics().given_up == 5).await;
    let statistics = twin.delivery_statistics();
    assert_eq!(
        (statistics.waiting, statistics.dead_letters, statistics.dropped),
        (5, 3, 2)
    );
    let dead = twin.dead_letters(&view(), &DeadLetterFilter::default(), None, 10);
    let value = |body: &[u8]| {
        serde_json::from_slice::<Json>(body).unwrap()["data"][0]["a"]["value"]
            .as_i64()
            .unwrap()
    };
    assert_eq!(
        dead.iter().map(|one| value(&one.letter.body)).collect::<Vec<_>>(),
        [2, 3, 4],
        "the oldest first"
    );
    assert!(dead[0].reason.contains("too many"));
}

/// Which values wait or are dead, of an endpoint that takes nothing.
fn dead_values(twin: &Twin) -> Vec<i64> {
    let dead = twin.dead_letters(&view(), &DeadLetterFilter::default(), None, usize::MAX);
    let value = |body: &[u8]| serde_json::from_slice::<Json>(body).unwrap()["data"][0]["a"]["value"].as_i64();
    dead.iter().map(|one| value(&one.letter.body).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_are_bounded_too_also_after_a_restart_and_a_replay() {
    let folder = tempfile::tempdir().unwrap();
    let clock = clock();
    let open = |endpoint_bytes: usize| {
        let limits = Limits {
            delivery: DeliveryLimits {
                endpoint_bytes,
                ..DeliveryLimits::default()
            },
            ..Limits::default()
        };
        let storage = Embedded::open(folder.path(), "city", Environment::real(1)).unwrap();
        Twin::open_with(Box::new(storage), clock.clone(), limits).unwrap()
    };
    // What one message weighs.
    let twin = open(1 << 20);
    subscribe(&twin, to("http://a.example/")).await;
    change(&twin, 1, 10).await;
    let each = twin.delivery_statistics().waiting_bytes;
    for value in 11..40 {
        change(&twin, 1, value).await;
    }
    assert_eq!(
        (twin.delivery_statistics().waiting, dead_values(&twin).len()),
        (30, 0)
    );
    twin.close();
    drop(twin);

    // A narrower bound holds for what waits on disk.
    let bytes = each * 10 + each / 2;
    let twin = open(bytes);
    let statistics = twin.delivery_statistics();
    assert_eq!(
        (statistics.waiting, statistics.dropped),
        (10, 0),
        "{statistics:?}"
    );
    assert!(statistics.waiting_bytes <= bytes);
    assert_eq!(dead_values(&twin), (10..30).collect::<Vec<_>>(), "the oldest");
    // As they come.
    for value in 40..45 {
        change(&twin, 1, value).await;
    }
    assert_eq!(twin.delivery_statistics().waiting, 10);
    assert_eq!(dead_values(&twin), (10..35).collect::<Vec<_>>());
    // And what is replayed waits no more than that either; nothing is lost.
    twin.replay_dead_letters(&view(), &DeadLetterFilter::default())
        .await
        .unwrap();
    let statistics = twin.delivery_statistics();
    assert_eq!(
        (statistics.waiting, statistics.dead_letters, statistics.dropped),
        (10, 25, 0)
    );
    twin.close();
    drop(twin);
    let twin = open(1 << 20);
    let statistics = twin.delivery_statistics();
    assert_eq!(
        (statistics.waiting, statistics.dead_letters),
        (10, 25),
        "on disk as in memory"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn all_queues_together_have_a_bound() {
    let limits = DeliveryLimits {
        total_bytes: 8_000,
        ..DeliveryLimits::default()
    };
    let (twin, _, post) = started(limits);
    post.set("example", Mood::Fails);
    for n in 0..3 {
        subscribe(&twin, to(&format!("http://a{n}.example/"))).await;
    }
    for value in 0..20 {
        change(&twin, 1, value).await;
    }
    let statistics = twin.delivery_statistics();
    assert!(
        statistics.waiting_bytes <= 8_000 && statistics.waiting_bytes > 4_000,
        "{statistics:?}"
    );
    assert_eq!(statistics.waiting + statistics.dead_letters, 60);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_endpoint_gets_what_waits_and_a_deleted_subscription_nothing() {
    use ngsi_ld::context::Context;
    use ngsi_ld::subscription::{Draft, Subject};
    let (twin, _, post) = started(DeliveryLimits::default());
    post.set("wrong", Mood::Fails);
    let moved = subscribe(&twin, to("http://wrong.example/")).await;
    let gone = subscribe(&twin, to("http://wrong.example/gone")).await;
    for value in 0..3 {
        change(&twin, 1, value).await;
    }
    until("both failed", || {
        twin.delivery_statistics().failing_endpoints == 2
    })
    .await;
    twin.delete_subscription(&view(), &gone).await.unwrap();
    assert_eq!(twin.delivery_statistics().waiting, 3);
    let fragment =
        Draft::read_fragment(&to("http://right.example/"), Context::core(), Subject::Entities).unwrap();
    twin.update_subscription(&view(), &moved, fragment, None)
        .await
        .unwrap();
    settled(&twin).await;
    let sent = post.take();
    assert_eq!(values(&sent), [0, 1, 2]);
    assert!(sent.iter().all(|(uri, _)| uri == "http://right.example/"));
}

#[tokio::test(flavor = "multi_thread")]
async fn different_entities_go_side_by_side() {
    let (twin, _, post) = started(DeliveryLimits::default());
    subscribe(&twin, to("http://a.example/")).await;
    change(&twin, 0, 0).await;
    settled(&twin).await;
    post.set("a.example", Mood::Hangs);
    for which in 1..10 {
        change(&twin, which, 1).await;
    }
    change(&twin, 1, 2).await;
    until("four at once", || post.attempts() == 5).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(post.attempts(), 5, "and no more than four");
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_and_what_waits_outlive_the_program() {
    let folder = tempfile::tempdir().unwrap();
    let clock = clock();
    let limits = Limits {
        delivery: DeliveryLimits {
            refusals: 1,
            ..DeliveryLimits::default()
        },
        ..Limits::default()
    };
    let open = || {
        let storage = Embedded::open(folder.path(), "city", Environment::real(1)).unwrap();
        Twin::open_with(Box::new(storage), clock.clone(), limits).unwrap()
    };
    let twin = open();
    let post = Arc::new(Post::default());
    post.set("refuses", Mood::Refuses);
    post.set("fails", Mood::Fails);
    tokio::spawn(twin.deliver(post.clone(), None));
    subscribe(&twin, to("http://refuses.example/")).await;
    subscribe(&twin, to("http://fails.example/")).await;
    change(&twin, 1, 1).await;
    until("both were tried", || {
        twin.delivery_statistics().failed_attempts == 2
    })
    .await;
    let all = DeadLetterFilter::default();
    let dead = twin.dead_letters(&view(), &all, None, 10);
    assert_eq!(dead.len(), 1);
    twin.close();
    drop(twin);

    let twin = open();
    assert_eq!(twin.dead_letters(&view(), &all, None, 10), dead);
    assert_eq!(twin.delivery_statistics().waiting, 1);
    let post = Arc::new(Post::default());
    tokio::spawn(twin.deliver(post.clone(), None));
    settled(&twin).await;
    twin.replay_dead_letters(&view(), &all).await.unwrap();
    settled(&twin).await;
    let sent = post.take();
    assert_eq!(
        sent.iter().map(|(uri, _)| uri.as_str()).collect::<Vec<_>>(),
        ["http://fails.example/", "http://refuses.example/"]
    );
    assert_eq!(sent[1].1["id"], dead[0].letter.id.as_str());
    drop(twin);
    // Closing takes along what the disk was not told.
    let twin = open();
    assert_eq!(twin.delivery_statistics().waiting, 0);
    assert!(twin.dead_letters(&view(), &all, None, 10).is_empty());
    twin.execute(&view(), vec![Operation::Merge(id(1), set("a", 9))])
        .await
        .remove(0)
        .unwrap();
    assert_eq!(twin.delivery_statistics().waiting, 2);
}
