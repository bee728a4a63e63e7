//! What is told of snapshots (5.16.6), and of what happens in them (6.3.22).

use std::sync::Arc;
use std::time::Duration;

use ngsi_ld::{Timestamp, Uri};
use parking_lot::Mutex;
use serde_json::{Value as Json, json};
use storage::Embedded;
use storage::environment::{Environment, ManualClock};
use twin::delivery::{Failure, Parcel, Sending};
use twin::{
    Collected, NewSnapshot, Operation, QueryResult, SnapshotChange, SnapshotInfo, SnapshotStatus, Snapshots,
    Tenants, Transport,
};

use crate::common::{at, clock, property, run, thing};
use crate::subscriptions::subscribe;

/// What a receiver got: who it was, which tenant and snapshot it is of, what it says.
type Got = (String, Option<String>, Option<String>, Json);

/// Where messages go.
#[derive(Default)]
struct Receiver {
    got: Mutex<Vec<Got>>,
    deaf: bool,
}

impl Transport for Receiver {
    fn send<'a>(&'a self, parcel: &'a Parcel) -> Sending<'a> {
        Box::pin(async move {
            if self.deaf {
                return Err(Failure::passing("it is down"));
            }
            self.got.lock().push((
                parcel.endpoint.uri.clone(),
                parcel.tenant.as_deref().map(str::to_owned),
                parcel.snapshot.as_deref().map(str::to_owned),
                serde_json::from_slice(&parcel.letter.body).unwrap(),
            ));
            Ok(())
        })
    }
}

impl Receiver {
    /// The next message, once it is there.
    async fn next(&self) -> Got {
        for _ in 0..2000 {
            {
                let mut got = self.got.lock();
                if !got.is_empty() {
                    return got.remove(0);
                }
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("nothing came");
    }
}

/// A city in files, and where its messages go.
struct World {
    folder: tempfile::TempDir,
    clock: Arc<ManualClock>,
}

impl World {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            clock: clock(),
        }
    }

    fn start(&self, deaf: bool) -> (Tenants, Arc<Receiver>) {
        let folder = self.folder.path().to_owned();
        let clock: Arc<dyn twin::Clock> = Arc::<ManualClock>::clone(&self.clock);
        let tenants = Tenants::open(self.folder.path(), clock, move |name| {
            Ok(Box::new(Embedded::open(&folder, name, Environment::real(1))?))
        })
        .unwrap();
        let receiver = Arc::new(Receiver {
            deaf,
            ..Receiver::default()
        });
        tenants.deliver(receiver.clone(), &tokio::runtime::Handle::current());
        (tenants, receiver)
    }
}

fn of(tenants: &Tenants) -> Snapshots {
    tenants.snapshots(&tenants.get(None).unwrap(), None)
}

fn told(endpoint: &str) -> NewSnapshot {
    NewSnapshot {
        given: json!({"endpoint": endpoint, "receiverInfo": [{"key": "X-Key", "value": "k"}]})
            .as_object()
            .unwrap()
            .clone(),
        ..NewSnapshot::default()
    }
}

/// Makes a snapshot in which nothing is.
fn make(snapshots: &Snapshots, new: NewSnapshot) -> Uri {
    let (sender, ready) = std::sync::mpsc::channel();
    let result = Collected {
        results: vec![QueryResult::Empty],
        temporal_results: vec![QueryResult::Found],
    };
    let told = Box::new(move |info: &SnapshotInfo| sender.send(info.status).unwrap());
    let id = snapshots
        .create(new, Box::new(move |_, _| Ok(result)), told)
        .unwrap();
    assert_eq!(ready.recv().unwrap(), SnapshotStatus::Partial);
    id
}

fn instant(json: &Json) -> Timestamp {
    Timestamp::parse(json.as_str().unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_5_16_6_whoever_wants_to_know_is_told() {
    let world = World::new();
    let (tenants, receiver) = world.start(false);
    let snapshots = of(&tenants);
    let id = make(&snapshots, told("http://a.example/n"));
    let (uri, tenant, snapshot, body) = receiver.next().await;
    assert_eq!(
        (uri.as_str(), tenant, snapshot),
        ("http://a.example/n", None, None)
    );
    assert!(
        body["id"]
            .as_str()
            .unwrap()
            .starts_with("urn:ngsi-ld:Notification:")
    );
    let mut rest = body.clone();
    rest.as_object_mut().unwrap().remove("id");
    assert_eq!(
        rest,
        json!({
            "type": "SnapshotNotification",
            "snapshotId": id.as_str(),
            "notifiedAt": at(0).to_string(),
            "expiresAt": at(24 * 3600).to_string(),
            "snapshotPriority": 5,
            "snapshotStatus": "partial",
            "snapshotQueriesDetails": [{"resultStatus": "empty"}],
            "temporalSnapshotQueriesDetails": [{"resultStatus": "success"}],
        })
    );

    // After an update, where the new one says.
    world.clock.set(at(60));
    let change = SnapshotChange {
        priority: Some(2),
        lifetime: Some(Duration::from_hours(1)),
        given: vec![("endpoint".into(), Some("http://b.example/n".into()))],
    };
    snapshots.change(&id, change).unwrap();
    let (uri, .., body) = receiver.next().await;
    assert_eq!(uri, "http://b.example/n");
    assert_eq!(
        (&body["snapshotPriority"], instant(&body["expiresAt"])),
        (&json!(2), at(60 + 3600))
    );

    // That it is gone: its end is before the message.
    snapshots.delete(&id).unwrap();
    let (.., body) = receiver.next().await;
    assert!(
        instant(&body["expiresAt"]) < instant(&body["notifiedAt"]),
        "{body}"
    );
    assert_eq!(body["snapshotReady"], false);

    // Also when its time has come, and not where nobody wants to know.
    let ends = make(&snapshots, told("http://c.example/n"));
    receiver.next().await;
    make(&snapshots, NewSnapshot::default());
    world.clock.set(at(3 * 24 * 3600));
    tenants.tidy().unwrap();
    let (.., body) = receiver.next().await;
    assert_eq!(body["snapshotId"], ends.as_str());
    assert!(instant(&body["expiresAt"]) < instant(&body["notifiedAt"]));
    assert!(receiver.got.lock().is_empty());
    tenants.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_5_16_6_what_could_not_be_told_is_told_after_a_restart() {
    let world = World::new();
    let (tenants, _) = world.start(true);
    let snapshots = of(&tenants);
    let kept = make(&snapshots, told("http://a.example/n"));
    let gone = make(&snapshots, told("http://b.example/n"));
    snapshots.delete(&gone).unwrap();
    drop(snapshots);
    tenants.close();
    drop(tenants);

    let (tenants, receiver) = world.start(false);
    let mut about = Vec::new();
    for _ in 0..3 {
        let (.., body) = receiver.next().await;
        about.push(body["snapshotId"].as_str().unwrap().to_owned());
    }
    about.sort();
    let mut expected = [kept.as_str(), gone.as_str(), gone.as_str()];
    expected.sort_unstable();
    assert_eq!(about, expected);
    // What is said of one that is gone is tried for a day.
    world.clock.set(at(2 * 24 * 3600));
    tenants.tidy().unwrap();
    assert!(
        tenants
            .get(None)
            .unwrap()
            .rows("snapshot-farewells")
            .unwrap()
            .len()
            <= 1,
        "that of `kept`"
    );
    world.clock.set(at(4 * 24 * 3600));
    tenants.tidy().unwrap();
    assert!(
        tenants
            .get(None)
            .unwrap()
            .rows("snapshot-farewells")
            .unwrap()
            .is_empty()
    );
    tenants.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn clause_5_5_15_subscriptions_in_a_snapshot_are_of_the_snapshot() {
    let world = World::new();
    let (tenants, receiver) = world.start(false);
    let water = tenants.get_or_create("water").unwrap();
    let snapshots = tenants.snapshots(&water, Some("water"));
    let id = make(&snapshots, NewSnapshot::default());
    let inside = snapshots.open(&id).unwrap();
    subscribe(&inside, json!({})).await;
    snapshots.watch(&id).unwrap();
    run(&water, Operation::Create(thing(1).with(property("n", 1)))).unwrap();
    run(&inside, Operation::Create(thing(2).with(property("n", 1)))).unwrap();
    let (_, tenant, snapshot, body) = receiver.next().await;
    assert_eq!(
        (tenant.as_deref(), snapshot.as_deref()),
        (Some("water"), Some(id.as_str()))
    );
    assert_eq!(
        body["data"][0]["id"],
        thing(2).id.as_str(),
        "and nothing of the city"
    );
    drop((inside, snapshots, water));
    tenants.close();
    drop(tenants);

    // It goes on after a restart, and nobody has to ask for the snapshot before.
    let (tenants, receiver) = world.start(false);
    world.clock.set(at(600));
    for _ in 0..200 {
        tenants.tidy().unwrap();
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let water = tenants.get(Some("water")).unwrap();
    let snapshots = tenants.snapshots(&water, Some("water"));
    let inside = snapshots.open(&id).unwrap();
    run(&inside, Operation::Create(thing(3).with(property("n", 1)))).unwrap();
    let (.., snapshot, _) = receiver.next().await;
    assert_eq!(snapshot.as_deref(), Some(id.as_str()));
    assert!(receiver.got.lock().is_empty());
    tenants.close();
}
