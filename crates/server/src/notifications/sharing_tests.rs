//! Many messages over one connection, against a broker of a few lines that ends connections when it is told to.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests panic when they fail")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::super::connections::IDLE;
use super::tests::{packet, parcel, policy};
use super::*;

/// What a broker was told.
#[derive(Default)]
struct Seen {
    /// How often somebody introduced himself.
    connections: usize,
    /// Who said goodbye.
    farewells: usize,
    /// On which connection, and the id of the notification.
    messages: Vec<(usize, String)>,
    /// Not acknowledged yet.
    held: Vec<(u8, [u8; 2])>,
    most_held: usize,
}

struct Broker {
    port: u16,
    seen: Arc<Mutex<Seen>>,
    /// Whether it keeps its acknowledgements.
    holds: Arc<AtomicBool>,
    /// Changed when every connection is to end.
    cut: watch::Sender<u32>,
}

impl Broker {
    async fn start(welcome: &'static [u8]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (cut, watched) = watch::channel(0);
        let broker = Self {
            port,
            seen: Arc::default(),
            holds: Arc::default(),
            cut,
        };
        let (seen, holds) = (Arc::clone(&broker.seen), Arc::clone(&broker.holds));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let serving = serve(stream, welcome, Arc::clone(&seen), Arc::clone(&holds));
                let mut watched = watched.clone();
                tokio::spawn(async move {
                    watched.mark_unchanged();
                    tokio::select! {
                        () = serving => {}
                        _ = watched.changed() => {}
                    }
                });
            }
        });
        broker
    }

    fn parcel(&self, user: &str, topic: &str, qos: u8, version: &str, number: usize) -> Parcel {
        let info = json!([
            {"key": "MQTT-Version", "value": version}, {"key": "MQTT-QoS", "value": qos.to_string()}
        ]);
        let mut parcel = parcel(&format!("mqtt://{user}127.0.0.1:{}/{topic}", self.port), &info);
        let mut letter = (*parcel.letter).clone();
        letter.id = format!("urn:n:{number}");
        letter.body = json!({"id": letter.id}).to_string().into_bytes();
        parcel.letter = Arc::new(letter);
        parcel
    }

    fn plain(&self, number: usize) -> Parcel {
        self.parcel("", "t", 1, "mqtt3.1.1", number)
    }

    fn told(&self) -> Vec<String> {
        self.seen
            .lock()
            .messages
            .iter()
            .map(|(_, id)| id.clone())
            .collect()
    }

    async fn until(&self, what: impl Fn(&Seen) -> bool) {
        let waiting = async {
            while !what(&self.seen.lock()) {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), waiting)
            .await
            .unwrap();
    }
}

const WELCOME: &[u8] = &[0x20, 2, 0, 0];

async fn serve(mut stream: TcpStream, welcome: &[u8], seen: Arc<Mutex<Seen>>, holds: Arc<AtomicBool>) {
    let mut number = 0;
    while let Some((head, body)) = packet(&mut stream).await {
        let answer = match head {
            0x10 => {
                let mut seen = seen.lock();
                seen.connections += 1;
                number = seen.connections;
                welcome.to_vec()
            }
            0xC0 => vec![0xD0, 0],
            0x62 => vec![0x70, 2, body[0], body[1]],
            0xE0 => {
                seen.lock().farewells += 1;
                return;
            }
            _ => {
                let text = String::from_utf8_lossy(&body);
                let id = text
                    .rsplit("\"id\":\"")
                    .next()
                    .unwrap()
                    .split('"')
                    .next()
                    .unwrap();
                let mut seen = seen.lock();
                seen.messages.push((number, id.to_owned()));
                let qos = (head >> 1) & 3;
                let at = 2 + usize::from(body[1]);
                let word = (if qos == 1 { 0x40 } else { 0x50 }, [body[at], body[at + 1]]);
                if holds.load(Ordering::SeqCst) {
                    seen.held.push(word);
                    seen.most_held = seen.most_held.max(seen.held.len());
                    // It answers backwards, and only when it holds three; it refuses the first.
                    if seen.held.len() < 3 {
                        continue;
                    }
                    let held: Vec<_> = seen.held.drain(..).rev().collect();
                    let mut answers = Vec::new();
                    for (at, (head, [high, low])) in held.iter().enumerate() {
                        answers.extend([*head, 3, *high, *low, if at == 2 { 0x87 } else { 0 }]);
                    }
                    answers
                } else if qos == 0 {
                    continue;
                } else {
                    vec![word.0, 2, word.1[0], word.1[1]]
                }
            }
        };
        if stream.write_all(&answer).await.is_err() {
            return;
        }
    }
}

fn connections(idle: Duration) -> Connections {
    Connections::new(policy(true), idle)
}

#[tokio::test]
async fn messages_to_one_broker_share_a_connection_and_keep_their_order() {
    for version in ["mqtt3.1.1", "mqtt5.0"] {
        let broker = Broker::start(WELCOME).await;
        let ours = connections(IDLE);
        for number in 0..60 {
            let qos = u8::try_from(number % 3).unwrap();
            let topic = format!("t/{}", number % 2);
            send(&ours, &broker.parcel("", &topic, qos, version, number))
                .await
                .unwrap();
        }
        let expected: Vec<String> = (0..60).map(|number| format!("urn:n:{number}")).collect();
        assert_eq!(broker.told(), expected);
        assert_eq!(broker.seen.lock().connections, 1);
        drop(ours);
        broker.until(|seen| seen.farewells == 1).await;
    }
}

#[tokio::test]
async fn other_credentials_and_versions_have_other_connections() {
    let broker = Broker::start(WELCOME).await;
    let ours = connections(IDLE);
    for _ in 0..3 {
        for (user, version) in [
            ("", "mqtt3.1.1"),
            ("a:b@", "mqtt3.1.1"),
            ("a:c@", "mqtt3.1.1"),
            ("", "mqtt5.0"),
        ] {
            send(&ours, &broker.parcel(user, "t", 1, version, 1))
                .await
                .unwrap();
        }
    }
    assert_eq!(broker.seen.lock().connections, 4);
    let said = format!("{ours:?}");
    assert!(
        !said.contains('b') || !said.contains("a:"),
        "no password in the log: {said}"
    );
}

#[tokio::test]
async fn a_broker_that_restarts_between_two_messages_is_no_failure() {
    let broker = Broker::start(WELCOME).await;
    let ours = connections(IDLE);
    for number in 0..4 {
        send(&ours, &broker.plain(number)).await.unwrap();
        broker.cut.send_modify(|cuts| *cuts += 1);
    }
    assert_eq!(broker.told(), ["urn:n:0", "urn:n:1", "urn:n:2", "urn:n:3"]);
    assert_eq!(broker.seen.lock().connections, 4);
}

#[tokio::test]
async fn one_that_ends_before_it_acknowledged_gets_the_message_again() {
    let broker = Broker::start(WELCOME).await;
    let ours = connections(IDLE);
    send(&ours, &broker.plain(0)).await.unwrap();
    broker.holds.store(true, Ordering::SeqCst);
    let sending = tokio::spawn({
        let (ours, parcel) = (ours.clone(), broker.plain(1));
        async move { send(&ours, &parcel).await }
    });
    broker.until(|seen| seen.held.len() == 1).await;
    broker.holds.store(false, Ordering::SeqCst);
    broker.cut.send_modify(|cuts| *cuts += 1);
    sending.await.unwrap().unwrap();
    assert_eq!(broker.told(), ["urn:n:0", "urn:n:1", "urn:n:1"], "at least once");
    // On a connection of its own it is a failure, which delivery counts.
    broker.holds.store(true, Ordering::SeqCst);
    let fresh = connections(IDLE);
    let sending = tokio::spawn({
        let (fresh, parcel) = (fresh.clone(), broker.plain(2));
        async move { send(&fresh, &parcel).await }
    });
    broker.until(|seen| seen.messages.len() == 4).await;
    broker.cut.send_modify(|cuts| *cuts += 1);
    let failure = sending.await.unwrap().unwrap_err();
    assert!(!failure.refused, "{failure:?}");
}

#[tokio::test]
async fn acknowledgements_come_in_any_order_and_each_is_for_its_message() {
    // Receive maximum 3.
    let broker = Broker::start(&[0x20, 6, 0, 0, 3, 0x21, 0, 3]).await;
    let ours = connections(IDLE);
    send(&ours, &broker.parcel("", "t", 1, "mqtt5.0", 100))
        .await
        .unwrap();
    broker.holds.store(true, Ordering::SeqCst);
    let sending: Vec<_> = (0..12)
        .map(|number| {
            let (ours, parcel) = (ours.clone(), broker.parcel("", "t", 1, "mqtt5.0", number));
            tokio::spawn(async move { (parcel.letter.id.clone(), send(&ours, &parcel).await) })
        })
        .collect();
    let mut refused = Vec::new();
    for one in sending {
        let (id, sent) = one.await.unwrap();
        if let Err(failure) = sent {
            assert!(failure.refused && failure.reason.contains("0x87"), "{failure:?}");
            refused.push(id);
        }
    }
    let told = broker.told();
    let mut expected: Vec<String> = told[1..].chunks(3).map(|three| three[0].clone()).collect();
    expected.sort();
    refused.sort();
    assert_eq!(refused, expected, "the first of three is refused");
    let seen = broker.seen.lock();
    assert_eq!(
        (seen.connections, seen.most_held),
        (1, 3),
        "no more at once than it takes"
    );
}

#[tokio::test]
async fn a_connection_on_which_a_message_was_waited_for_in_vain_is_not_used_again() {
    let broker = Broker::start(WELCOME).await;
    let ours = connections(IDLE);
    send(&ours, &broker.plain(0)).await.unwrap();
    broker.holds.store(true, Ordering::SeqCst);
    let hung = tokio::time::timeout(Duration::from_millis(50), send(&ours, &broker.plain(1))).await;
    assert!(hung.is_err());
    broker.holds.store(false, Ordering::SeqCst);
    send(&ours, &broker.plain(2)).await.unwrap();
    let last = broker.seen.lock().messages.last().cloned().unwrap();
    assert_eq!(last, (2, "urn:n:2".to_owned()));
    broker.until(|seen| seen.farewells == 1).await;
}

#[tokio::test]
async fn an_idle_connection_is_closed() {
    let broker = Broker::start(WELCOME).await;
    let ours = connections(Duration::from_millis(20));
    send(&ours, &broker.plain(0)).await.unwrap();
    broker.until(|seen| seen.farewells == 1).await;
    assert!(format!("{ours:?}").contains("open: 0"), "{ours:?}");
    send(&ours, &broker.plain(1)).await.unwrap();
    assert_eq!(broker.seen.lock().connections, 2);
}

#[tokio::test]
async fn a_broker_that_cannot_be_reached_leaves_nothing_behind() {
    let port = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let ours = connections(IDLE);
    for _ in 0..3 {
        let failure = send(&ours, &parcel(&format!("mqtt://127.0.0.1:{port}/t"), &json!([])))
            .await
            .unwrap_err();
        assert!(!failure.refused, "{failure:?}");
    }
    assert!(format!("{ours:?}").contains("open: 0"), "{ours:?}");
}
