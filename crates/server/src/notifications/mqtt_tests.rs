//! Against a broker of a few lines, whose bytes the tests see.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests panic when they fail")]

use std::sync::Arc;
use std::time::Duration;

use ngsi_ld::context::Context;
use ngsi_ld::subscription::{Accept, Draft, Subject};
use ngsi_ld::{Timestamp, Uri};
use serde_json::json;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use twin::delivery::{Letter, Owner, OwnerKind};

use super::super::connections::IDLE;
use super::super::packets;
use super::*;
use crate::net::Policy;
use crate::net::authority::Authority;

fn endpoint(uri: &str, notifier_info: &Json) -> Endpoint {
    let json = json!({
        "type": "Subscription", "entities": [{"type": "T"}],
        "notification": {"endpoint": {
            "uri": uri,
            "notifierInfo": notifier_info,
            "receiverInfo": [{"key": "X-Key", "value": "v"}],
        }},
    });
    let draft = Draft::read(&json, Context::core(), Subject::Entities).unwrap();
    let subscription = draft.create(|| Uri::ngsi_ld("S", "1"), Timestamp::MIN).unwrap();
    subscription.notification.endpoint
}

pub(super) fn parcel(uri: &str, notifier_info: &Json) -> Parcel {
    Parcel {
        letter: Arc::new(Letter {
            owner: Owner {
                kind: OwnerKind::Subscription,
                id: Uri::ngsi_ld("S", "1"),
            },
            id: "urn:n:1".into(),
            about: vec![Uri::ngsi_ld("T", "1")],
            made_at: Timestamp::from_seconds(0),
            rights: 0,
            content_type: Accept::Json,
            link: Some("http://a.example/c".into()),
            body: b"{\"id\":\"urn:n:1\"}".to_vec(),
        }),
        endpoint: Arc::new(endpoint(uri, notifier_info)),
        snapshot: None,
        tenant: Some("water".into()),
        timeout: Duration::from_secs(5),
    }
}

#[test]
fn clause_7_2_uris() {
    let target = |uri: &str| Target::of(&endpoint(uri, &json!([]))).unwrap();
    let plain = target("mqtt://a.example/city/air");
    assert_eq!(
        (
            plain.tls,
            plain.host.as_str(),
            plain.port,
            plain.topic.as_str(),
            plain.username
        ),
        (false, "a.example", 1883, "city/air", None)
    );
    let full = target("mqtts://us%40er:p%3Aw@a.example:1/t");
    assert_eq!(
        (
            full.tls,
            full.port,
            full.username.as_deref(),
            full.password.as_deref()
        ),
        (true, 1, Some("us@er"), Some("p:w"))
    );
    assert_eq!(target("mqtts://a.example/t").port, 8883);
    assert_eq!(
        (target("mqtt://[::1]/t").host, target("mqtt://[::1]:5/t").port),
        ("[::1]".into(), 5)
    );
}

/// A broker that takes one connection: it answers each packet with the next of its lines, and gives what it was sent.
async fn broker(answers: Vec<Vec<u8>>) -> (u16, tokio::task::JoinHandle<Vec<Vec<u8>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let serving = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        converse(stream, answers).await
    });
    (port, serving)
}

async fn converse(mut stream: impl AsyncRead + AsyncWrite + Unpin, answers: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    let mut packets = Vec::new();
    let mut answers = answers.into_iter();
    while let Some((head, body)) = packet(&mut stream).await {
        packets.push([&[head][..], &body].concat());
        // To a PUBLISH of quality 0 a broker says nothing.
        if head != 0x30
            && let Some(answer) = answers.next()
        {
            stream.write_all(&answer).await.unwrap();
            stream.flush().await.unwrap();
        }
    }
    packets
}

/// The next packet: its first byte, and what comes after its length.
pub(super) async fn packet(stream: &mut (impl AsyncRead + Unpin)) -> Option<(u8, Vec<u8>)> {
    let head = stream.read_u8().await.ok()?;
    let mut said = Vec::new();
    let length = loop {
        said.push(stream.read_u8().await.ok()?);
        if let Some(length) = packets::length(&said) {
            break length.unwrap().0;
        }
    };
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some((head, body))
}

/// Sends over connections that nobody else has.
async fn send_alone(policy: Policy, parcel: &Parcel) -> Result<(), Failure> {
    send(&Connections::new(policy, IDLE), parcel).await
}

pub(super) fn policy(allow_private: bool) -> Policy {
    Policy {
        allow_private,
        ..Policy::default()
    }
}

#[tokio::test]
async fn a_message_goes_with_each_version_and_quality() {
    for (version, level) in [("mqtt3.1.1", 4), ("mqtt5.0", 5)] {
        for qos in 0..3_u8 {
            let answers: Vec<Vec<u8>> = match qos {
                0 => vec![vec![0x20, 2, 0, 0], vec![0xD0, 0]],
                1 => vec![vec![0x20, 2, 0, 0], vec![0x40, 2, 0, 1]],
                _ => vec![vec![0x20, 2, 0, 0], vec![0x50, 2, 0, 1], vec![0x70, 2, 0, 1]],
            };
            let (port, serving) = broker(answers).await;
            let info = json!([
                {"key": "MQTT-Version", "value": version}, {"key": "MQTT-QoS", "value": qos.to_string()}
            ]);
            let parcel = parcel(&format!("mqtt://u:p@127.0.0.1:{port}/city/air"), &info);
            send_alone(policy(true), &parcel).await.unwrap();
            let packets = serving.await.unwrap();
            assert_eq!(packets[0][7], level);
            let publish = &packets[1];
            assert_eq!(publish[0], 0x30 | (qos << 1));
            assert_eq!(&publish[3..11], b"city/air");
            let payload = &publish[11..];
            let start = payload.iter().position(|byte| *byte == b'{').unwrap();
            let json: Json = serde_json::from_slice(&payload[start..]).unwrap();
            assert_eq!(
                json,
                json!({
                    "metadata": {
                        "X-Key": "v",
                        "Content-Type": "application/json",
                        "Link": "<http://a.example/c>; rel=\"http://www.w3.org/ns/json-ld#context\"; type=\"application/ld+json\"",
                        "NGSILD-Tenant": "water",
                    },
                    "body": {"id": "urn:n:1"},
                })
            );
            assert_eq!(packets.last().unwrap(), &[0xE0]);
        }
    }
}

#[tokio::test]
async fn what_a_broker_refuses_is_told() {
    for (answers, qos, says, refused) in [
        (vec![vec![0x20, 2, 0, 5]], "0", "did not let us in", true),
        (vec![vec![0x20, 2, 0, 3]], "0", "did not let us in", false),
        (
            vec![vec![0x20, 2, 0, 0], vec![0x40, 3, 0, 1, 0x87]],
            "1",
            "0x87",
            true,
        ),
        (
            vec![vec![0x20, 2, 0, 0], vec![0xE0, 1, 0x8B]],
            "1",
            "ended",
            false,
        ),
        (
            vec![vec![0x20, 2, 0, 0], vec![0x40, 0xFF, 0xFF, 0xFF, 0x7F]],
            "1",
            "too large",
            false,
        ),
        (vec![b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()], "0", "", false),
    ] {
        let (port, _serving) = broker(answers).await;
        let info = json!([{"key": "MQTT-QoS", "value": qos}]);
        let parcel = parcel(&format!("mqtt://127.0.0.1:{port}/t"), &info);
        let sending = tokio::time::timeout(Duration::from_secs(2), send_alone(policy(true), &parcel)).await;
        let Ok(outcome) = sending else {
            assert_eq!(says, "", "it hangs, and delivery ends it");
            continue;
        };
        let failure = outcome.unwrap_err();
        assert!(failure.reason.contains(says), "{failure:?}");
        assert_eq!(failure.refused, refused, "{failure:?}");
    }
}

#[tokio::test]
async fn brokers_inside_are_reached_only_where_that_is_allowed() {
    for uri in [
        "mqtt://127.0.0.1:1/t",
        "mqtt://localhost:1/t",
        "mqtt://[::1]:1/t",
        "mqtt://10.0.0.1/t",
    ] {
        let failure = send_alone(policy(false), &parcel(uri, &json!([])))
            .await
            .unwrap_err();
        assert!(
            !failure.refused && failure.reason.contains("allow_private"),
            "{uri}: {failure:?}"
        );
    }
}

#[tokio::test]
async fn with_tls_the_broker_is_held_to_its_certificate() {
    let (city, other) = (Authority::new("the city"), Authority::new("another"));
    for (trusted, arrives) in [(&city, true), (&other, false)] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let acceptor = city.acceptor("localhost", false);
        let serving = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            match acceptor.accept(stream).await {
                Ok(stream) => converse(stream, vec![vec![0x20, 2, 0, 0], vec![0x40, 2, 0, 1]]).await,
                Err(_) => Vec::new(),
            }
        });
        let policy = Policy {
            trust: trusted.trust(),
            ..policy(true)
        };
        let parcel = parcel(
            &format!("mqtts://localhost:{port}/t"),
            &json!([{"key": "MQTT-QoS", "value": "1"}]),
        );
        let sent = send_alone(policy, &parcel).await;
        assert_eq!(sent.is_ok(), arrives, "{sent:?}");
        assert_eq!(!serving.await.unwrap().is_empty(), arrives);
        if let Err(failure) = sent {
            assert!(failure.reason.contains("trusted_certificates"), "{failure:?}");
        }
    }
}
