//! Notifications over MQTT 3.1.1 and 5.0 (7.2).
//!
//! Each message has a connection of its own: it is open for as long as the message takes, and whether the message
//! arrived is known at its end, also for quality of service 0, where the broker's answer to a ping tells it.

use ngsi_ld::subscription::{Endpoint, Scheme};
use percent_encoding::percent_decode_str;
use serde_json::Value as Json;
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use twin::delivery::{Failure, Parcel};

use super::packets::{self, Answer, DISCONNECT, MAX_PACKET, PING};
use super::{labels, unreachable};
use crate::net::{self, Policy};

/// Longer than any attempt, so that no ping is due before its end.
const KEEP_ALIVE_S: u16 = 120;

/// Publishes one message.
pub(super) async fn send(policy: &Policy, parcel: &Parcel) -> Result<(), Failure> {
    let target = Target::of(&parcel.endpoint).ok_or_else(|| Failure {
        reason: "the endpoint is not an MQTT URI".to_owned(),
        refused: true,
        retry_after: None,
    })?;
    let addresses = net::resolve(&target.host, target.port, policy.allow_private)
        .await
        .map_err(|error| unreachable(&error))?;
    let stream = TcpStream::connect(&*addresses)
        .await
        .map_err(|error| broken(&error))?;
    let _ = stream.set_nodelay(true); // slower without, and no worse
    if target.tls {
        let stream = net::secured(&policy.trust, stream, &target.host)
            .await
            .map_err(|error| unreachable(&error))?;
        return publish(stream, &target, parcel).await;
    }
    publish(stream, &target, parcel).await
}

/// Where an endpoint's URI points: `mqtt[s]://[user[:password]@]host[:port]/topic[/subtopic]*`.
#[derive(Debug, PartialEq, Eq)]
struct Target {
    tls: bool,
    host: String,
    port: u16,
    username: Option<String>,
    password: Option<String>,
    topic: String,
}

impl Target {
    fn of(endpoint: &Endpoint) -> Option<Self> {
        let tls = match endpoint.scheme() {
            Scheme::Mqtt => false,
            Scheme::Mqtts => true,
            Scheme::Http | Scheme::Https => return None,
        };
        let (_, rest) = endpoint.uri.split_once("://")?;
        let (authority, topic) = rest.split_once('/')?;
        let (user, address) = match authority.rsplit_once('@') {
            Some((user, address)) => (Some(user), address),
            None => (None, authority),
        };
        let decoded = |text: &str| {
            percent_decode_str(text)
                .decode_utf8()
                .ok()
                .map(std::borrow::Cow::into_owned)
        };
        let (username, password) = match user.map(|user| user.split_once(':').unwrap_or((user, ""))) {
            None => (None, None),
            Some((user, password)) => (
                Some(decoded(user)?),
                if password.is_empty() {
                    None
                } else {
                    Some(decoded(password)?)
                },
            ),
        };
        // An IPv6 address has colons of its own.
        let after_bracket = address.rfind(']').map_or(0, |at| at + 1);
        let (host, port) = match address[after_bracket..].rfind(':') {
            Some(at) => (
                &address[..after_bracket + at],
                address[after_bracket + at + 1..].parse().ok()?,
            ),
            None => (address, if tls { 8883 } else { 1883 }),
        };
        Some(Self {
            tls,
            host: host.to_owned(),
            port,
            username,
            password,
            topic: decoded(topic)?,
        })
    }
}

/// `{"metadata": …, "body": …}`.
fn payload(parcel: &Parcel) -> Vec<u8> {
    let mut payload = b"{\"metadata\":".to_vec();
    payload.extend(Json::Object(labels(parcel)).to_string().into_bytes());
    payload.extend(b",\"body\":");
    payload.extend(&parcel.letter.body);
    payload.push(b'}');
    payload
}

async fn publish(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    target: &Target,
    parcel: &Parcel,
) -> Result<(), Failure> {
    let endpoint = &parcel.endpoint;
    let (version, qos) = (endpoint.mqtt_version(), endpoint.mqtt_qos());
    // Two attempts at once must not have the same id, or the broker would end the first.
    let digest = Sha256::digest(parcel.letter.id.as_bytes());
    let client_id: String = "mapacha"
        .chars()
        .chain(
            digest
                .iter()
                .take(8)
                .flat_map(|byte| format!("{byte:02x}").chars().collect::<Vec<_>>()),
        )
        .collect();
    let (username, password) = (target.username.as_deref(), target.password.as_deref());
    let too_long = || Failure {
        reason: "the user's name, the password, the topic or the message is longer than MQTT allows"
            .to_owned(),
        refused: true,
        retry_after: None,
    };
    let connect =
        packets::connect(version, &client_id, username, password, KEEP_ALIVE_S).ok_or_else(too_long)?;
    let publish = packets::publish(version, &target.topic, qos, &payload(parcel)).ok_or_else(too_long)?;
    write(&mut stream, &connect).await?;
    match read(&mut stream).await? {
        Answer::Connected(0) => {}
        Answer::Connected(code) => return Err(not_let_in(code)),
        _ => return Err(Failure::passing("the broker did not answer as one of MQTT does")),
    }
    write(&mut stream, &publish).await?;
    if qos == 0 {
        write(&mut stream, &PING).await?;
    }
    loop {
        match (qos, read(&mut stream).await?) {
            (0, Answer::Pong) => break,
            (1, Answer::Acknowledged(reason)) | (2, Answer::Complete(reason)) if reason < 0x80 => break,
            (2, Answer::Received(reason)) if reason < 0x80 => write(&mut stream, &packets::release()).await?,
            (_, Answer::Acknowledged(reason) | Answer::Received(reason) | Answer::Complete(reason)) => {
                return Err(Failure {
                    reason: format!("the broker refused the message with reason {reason:#04x}"),
                    refused: true,
                    retry_after: None,
                });
            }
            (_, Answer::Disconnected(reason)) => {
                return Err(Failure::passing(format!(
                    "the broker ended the connection with reason {reason:#04x}"
                )));
            }
            _ => {}
        }
    }
    let _ = write(&mut stream, &DISCONNECT).await; // it arrived, however the connection ends
    Ok(())
}

/// `CONNACK` codes of both versions: credentials and permissions are for somebody to mend, the rest may pass.
fn not_let_in(code: u8) -> Failure {
    Failure {
        reason: format!("the broker did not let us in: code {code:#04x}"),
        refused: matches!(code, 1 | 2 | 4 | 5 | 0x84..=0x87 | 0x8A | 0x8C),
        retry_after: None,
    }
}

fn broken(error: &std::io::Error) -> Failure {
    Failure::passing(error.to_string())
}

async fn write(stream: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> Result<(), Failure> {
    stream.write_all(bytes).await.map_err(|error| broken(&error))?;
    stream.flush().await.map_err(|error| broken(&error))
}

async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Result<Answer, Failure> {
    let head = stream.read_u8().await.map_err(|error| broken(&error))?;
    let mut said = Vec::with_capacity(4);
    let length = loop {
        said.push(stream.read_u8().await.map_err(|error| broken(&error))?);
        if let Some(length) = packets::length(&said) {
            break length.map_err(Failure::passing)?.0;
        }
    };
    if length > MAX_PACKET {
        return Err(Failure::passing(
            "the broker sent a packet that is too large for an answer",
        ));
    }
    let mut body = vec![0; length];
    stream
        .read_exact(&mut body)
        .await
        .map_err(|error| broken(&error))?;
    Ok(packets::answer(head, &body))
}

#[cfg(test)]
#[path = "mqtt_tests.rs"]
mod tests;
