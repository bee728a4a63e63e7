//! A flipped bit in a row of a system table, in the file itself: the row is set aside, and everything else goes on.

use std::path::Path;
use std::sync::Arc;

use ngsi_ld::Uri;
use ngsi_ld::subscription::Subject;
use serde_json::{Value as Json, json};
use storage::{Embedded, Environment};
use twin::contexts::Served;
use twin::delivery::DeadLetterFilter;
use twin::{Contexts, DeliveryLimits, Error, Limits, Operation, Twin};

use crate::common::{all, clock, property, thing, view};
use crate::delivery::{Mood, Post, settled};
use crate::subscriptions::subscribe;

fn open(folder: &Path) -> Twin {
    let store = Embedded::open(folder, "city", Environment::real(1)).unwrap();
    let limits = Limits {
        delivery: DeliveryLimits {
            refusals: 1,
            ..DeliveryLimits::default()
        },
        ..Limits::default()
    };
    Twin::open_with(Box::new(store), clock(), limits).unwrap()
}

async fn change(twin: &Twin, which: i64) {
    let operation = Operation::UpsertReplace(thing(which).with(property("a", which)));
    twin.execute(&view(), vec![operation]).await.remove(0).unwrap();
}

/// Flips a bit of a value that lies in the file.
pub(crate) fn flip(folder: &Path, value: &[u8]) {
    let file = folder.join("city.sqlite");
    let mut bytes = std::fs::read(&file).unwrap();
    // A long one goes on in another page.
    let start = &value[..if value.len() < 900 { value.len() } else { 400 }];
    let found: Vec<usize> = bytes
        .windows(start.len())
        .enumerate()
        .filter_map(|(at, window)| (window == start).then_some(at))
        .collect();
    assert_eq!(found.len(), 1, "{}", String::from_utf8_lossy(start));
    bytes[found[0] + start.len() / 2] ^= 4;
    std::fs::write(file, bytes).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_row_is_set_aside_and_the_rest_is_served() {
    let folder = tempfile::tempdir().unwrap();
    let twin = open(folder.path());
    let post = Arc::new(Post::default());
    post.set("refuses", Mood::Refuses);
    tokio::spawn(twin.deliver(post.clone(), None));
    let to = |id: &str, uri: &str| json!({"id": id, "notification": {"endpoint": {"uri": uri}}});
    // Two, because an endpoint that refused rests for a while.
    let refused = subscribe(&twin, to("urn:s:refused:1", "http://refuses.example/one")).await;
    subscribe(&twin, to("urn:s:refused:2", "http://refuses.example/two")).await;
    let taken = subscribe(&twin, to("urn:s:taken", "http://takes.example/")).await;
    change(&twin, 1).await;
    settled(&twin).await;
    assert_eq!(post.take().len(), 1);
    for host in ["refuses", "takes"] {
        post.set(host, Mood::Hangs);
    }
    for which in 3..6 {
        change(&twin, which).await;
    }
    assert_eq!(twin.delivery_statistics().waiting, 9);
    let lost = subscribe(&twin, to("urn:s:lost", "http://takes.example/")).await;
    let contexts = Contexts::offline([]).with_home(twin.clone());
    let hosted: Vec<Uri> = ["http://a.example/T", "http://b.example/T"]
        .iter()
        .map(|iri| contexts.host(&json!({"T": iri})).unwrap())
        .collect();
    twin.close();
    drop((contexts, twin));

    let tables = ["dead-letter", "standing", "outbox", "jsonld-contexts"];
    let twin = open(folder.path());
    assert!(twin.damaged_rows().is_empty());
    let value = |table: &str, holds: &str| {
        let rows = twin.rows(table).unwrap();
        let mut values = rows.into_iter().map(|(key, value)| [key, value]);
        let found = values.find(|row| {
            row.iter()
                .any(|part| String::from_utf8_lossy(part).contains(holds))
        });
        found.unwrap_or_else(|| panic!("{holds} is not in {table}"))[1].clone()
    };
    let damaged = [
        value("dead-letter", "example/two"),
        value("standing", "urn:s:taken"),
        value("outbox", "Thing:4"),
        value("jsonld-contexts", "http://a.example/T"),
        value("subscription", "urn:s:lost"),
    ];
    twin.close();
    drop(twin);
    for value in &damaged {
        flip(folder.path(), value);
    }

    let twin = open(folder.path());
    let found: Vec<&str> = twin.damaged_rows().iter().map(|row| row.table).collect();
    assert_eq!(found, tables);
    for row in twin.damaged_rows() {
        assert!(row.reason.contains("checksum"), "{row:?}");
    }
    assert_eq!(all(&twin, &view()).len(), 4);
    let filter = DeadLetterFilter::default();
    let dead = twin.dead_letters(&view(), &filter, None, 9);
    assert_eq!(dead.len(), 1);
    assert_eq!(dead[0].uri, "http://refuses.example/one");
    assert_eq!(twin.subscription(&view(), &refused).unwrap().1.times_failed, 1);
    assert_eq!(twin.subscription(&view(), &taken).unwrap().1.times_sent, 0);
    let unread = twin
        .unread_subscription(&view(), Subject::Entities, &lost)
        .unwrap();
    assert!(unread.reason.contains("checksum"), "{}", unread.reason);

    // Eight of the nine are sent, and what comes next does not take a damaged one's place.
    let post = Arc::new(Post::default());
    tokio::spawn(twin.deliver(post.clone(), None));
    settled(&twin).await;
    let about = |sent: &(String, Json)| sent.1["data"][0]["id"].as_str().unwrap().to_owned();
    let sent = post.take();
    let told: Vec<String> = sent.iter().map(about).collect();
    assert_eq!(told.len(), 8, "{told:?}");
    assert_eq!(told.iter().filter(|id| id.ends_with(":4")).count(), 2);
    change(&twin, 6).await;
    settled(&twin).await;
    assert_eq!(post.take().len(), 3);
    let took = 1 + sent.iter().filter(|(uri, _)| uri.contains("takes")).count();
    let standing = twin.subscription(&view(), &taken).unwrap().1;
    assert_eq!(standing.times_sent, took as u64, "it began to count anew");
    assert_eq!(twin.replay_dead_letters(&view(), &filter).await.unwrap(), 1);
    settled(&twin).await;

    // One @context is served; the other is gone, and can be deleted.
    let contexts = Contexts::offline([]).with_home(twin.clone());
    assert!(matches!(
        contexts.serve(hosted[1].as_str()),
        Some(Served::Content(_))
    ));
    assert!(contexts.serve(hosted[0].as_str()).is_none());
    assert!(contexts.delete(hosted[0].as_str()).unwrap());
    twin.delete_subscription(&view(), &lost).await.unwrap();
    twin.close();
    drop((contexts, twin));

    // The counters were written anew; the two messages lie there until somebody looks at the file.
    let twin = open(folder.path());
    let found: Vec<&str> = twin.damaged_rows().iter().map(|row| row.table).collect();
    assert_eq!(found, ["dead-letter", "outbox"]);
    assert!(twin.unread_subscriptions(&view(), Subject::Entities).is_empty());
    assert!(matches!(twin.rows("outbox"), Err(Error::Storage(_))));
}

#[test]
fn rows_of_a_form_that_is_not_known_are_set_aside_too() {
    let memory = storage::Memory::new();
    let twin = crate::common::open(memory.clone());
    let tables = [
        "dead-letter",
        "standing",
        "outbox",
        "snapshots",
        "snapshot-farewells",
        "jsonld-contexts",
    ];
    let rows = tables.iter().flat_map(|table| {
        let number = 7_u64.to_be_bytes().to_vec();
        [
            twin::Row::put(table, number, b"\x09{}".to_vec()),
            twin::Row::put(table, b"x".to_vec(), Vec::new()),
            twin::Row::put(table, u64::MAX.to_be_bytes().to_vec(), b"\x01".to_vec()),
        ]
    });
    twin.store_rows_blocking(rows.collect()).unwrap();
    drop(twin);
    let twin = crate::common::open(memory);
    assert_eq!(twin.damaged_rows().len(), 18);
    for table in tables {
        let of_table = twin.damaged_rows().iter().filter(|row| row.table == table);
        assert!(of_table.clone().all(|row| row.reason.contains("form")), "{table}");
        assert_eq!((of_table.count(), twin.rows(table).unwrap().len()), (3, 3));
    }
}

/// A page of rows is 1000; the damaged one is the last of the first page.
#[test]
fn a_damaged_row_at_the_end_of_a_page_is_counted_once() {
    let folder = tempfile::tempdir().unwrap();
    let twin = open(folder.path());
    let value = |n: u64| [b"\x09 the value of the number ", n.to_string().as_bytes(), b" "].concat();
    let rows = (1..=1001_u64).map(|n| twin::Row::put("outbox", n.to_be_bytes(), value(n)));
    twin.store_rows_blocking(rows.collect()).unwrap();
    twin.close();
    drop(twin);
    flip(folder.path(), &value(1000));
    let twin = open(folder.path());
    let mut keys: Vec<&str> = twin.damaged_rows().iter().map(|row| row.key.as_str()).collect();
    assert_eq!(keys.len(), 1001);
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), 1001);
}
