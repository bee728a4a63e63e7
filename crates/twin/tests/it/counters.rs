//! What the counters of a subscription say, over restarts and changes of the endpoint: notifications, not attempts.

use std::path::Path;
use std::sync::Arc;

use ngsi_ld::Uri;
use ngsi_ld::context::Context;
use ngsi_ld::subscription::{Draft, Standing, Subject};
use storage::environment::ManualClock;
use storage::{Embedded, Environment};
use twin::delivery::DeadLetterFilter;
use twin::{DeliveryLimits, Limits, Twin};

use crate::common::{at, clock, view};
use crate::delivery::{Mood, Post, change, settled, to, until};
use crate::subscriptions::subscribe;

/// What a subscription counts.
fn counted(twin: &Twin, subscription: &Uri) -> (u64, u64) {
    let standing: Standing = twin.subscription(&view(), subscription).unwrap().1;
    (standing.times_sent, standing.times_failed)
}

fn start(folder: &Path, clock: &Arc<ManualClock>, mood: Mood) -> (Twin, Arc<Post>) {
    let storage = Embedded::open(folder, "city", Environment::real(1)).unwrap();
    let limits = Limits {
        delivery: DeliveryLimits {
            attempts: 4,
            ..DeliveryLimits::default()
        },
        ..Limits::default()
    };
    let twin = Twin::open_with(Box::new(storage), Arc::<ManualClock>::clone(clock), limits).unwrap();
    let post = Arc::new(Post::default());
    post.set("a.example", mood);
    tokio::spawn(twin.deliver(post.clone(), None));
    (twin, post)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notification_is_counted_once_over_restarts() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), clock());
    let (twin, _) = start(folder.path(), &clock, Mood::Fails);
    let subscription = subscribe(&twin, to("http://a.example/")).await;
    change(&twin, 1, 1).await;
    until("the failure", || counted(&twin, &subscription) == (1, 1)).await;
    twin.close();
    drop(twin);
    for restart in 1..3 {
        let (twin, _) = start(folder.path(), &clock, Mood::Fails);
        until("the next failure", || {
            twin.delivery_statistics().failed_attempts == 1
        })
        .await;
        assert_eq!(counted(&twin, &subscription), (1, 1), "restart {restart}");
        twin.close();
    }
    // Three attempts failed; with the fourth it is given up, which says that they were counted too.
    let (twin, _) = start(folder.path(), &clock, Mood::Fails);
    settled(&twin).await;
    assert_eq!(counted(&twin, &subscription), (1, 1));
    let dead = twin.dead_letters(&view(), &DeadLetterFilter::default(), None, 9);
    assert_eq!(dead.len(), 1);
    assert_eq!(dead[0].attempts, 4);
}

/// What is on disk while an attempt is under way is what a program would find that comes after a killed one.
#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_that_a_crash_cuts_off_counts_once() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), clock());
    let (twin, post) = start(folder.path(), &clock, Mood::Hangs);
    let subscription = subscribe(&twin, to("http://a.example/")).await;
    change(&twin, 1, 1).await;
    until("the attempt", || post.attempts() == 1).await;
    assert_eq!(counted(&twin, &subscription), (1, 0));
    // Whatever is committed now takes along what delivery has to tell the disk.
    change(&twin, 2, 1).await;
    twin.close(); // does not end the attempt
    drop(twin);
    let (twin, post) = start(folder.path(), &clock, Mood::Takes);
    settled(&twin).await;
    assert_eq!(post.take().len(), 2);
    assert_eq!(counted(&twin, &subscription), (2, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_endpoint_counts_nothing_again() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), clock());
    let (twin, post) = start(folder.path(), &clock, Mood::Fails);
    let subscription = subscribe(&twin, to("http://a.example/one")).await;
    change(&twin, 1, 1).await;
    until("the failure", || counted(&twin, &subscription) == (1, 1)).await;
    let elsewhere = |uri: &str| Draft::read_fragment(&to(uri), Context::core(), Subject::Entities).unwrap();
    twin.update_subscription(&view(), &subscription, elsewhere("http://a.example/two"), None)
        .await
        .unwrap();
    until("the second failure", || {
        twin.delivery_statistics().failed_attempts == 2
    })
    .await;
    assert_eq!(counted(&twin, &subscription), (1, 1));
    post.set("a.example", Mood::Takes);
    clock.set(at(60));
    settled(&twin).await;
    assert_eq!(post.take().len(), 1);
    assert_eq!(counted(&twin, &subscription), (1, 1));
}
