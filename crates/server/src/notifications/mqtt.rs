//! Notifications over MQTT 3.1.1 and 5.0 (7.2).
//!
//! Messages to one broker share a connection. Whether a message arrived is known at its end, also for quality of
//! service 0, where the broker's answer to a ping tells it.

use ngsi_ld::subscription::{Endpoint, Scheme};
use percent_encoding::percent_decode_str;
use serde_json::Value as Json;
use twin::delivery::{Failure, Parcel};

use super::connection::Unpublished;
use super::connections::{Connections, Key};
use super::labels;

/// Publishes one message.
pub(super) async fn send(connections: &Connections, parcel: &Parcel) -> Result<(), Failure> {
    let endpoint = &parcel.endpoint;
    let (key, topic) = Target::of(endpoint)
        .map(|target| target.key(endpoint))
        .ok_or_else(|| Failure {
            reason: "the endpoint is not an MQTT URI".to_owned(),
            refused: true,
            retry_after: None,
        })?;
    let payload = payload(parcel);
    // A connection that was idle may have ended without our knowing: that is no failure of the endpoint.
    let mut is_second = false;
    loop {
        let lent = connections.to(&key, &parcel.letter.id).await?;
        match lent
            .connection
            .publish(&topic, endpoint.mqtt_qos(), &payload)
            .await
        {
            Ok(()) => {
                lent.give_back();
                return Ok(());
            }
            Err(Unpublished::Failed(failure)) => {
                lent.give_back();
                return Err(failure);
            }
            Err(Unpublished::Ended(_)) if lent.is_used && !is_second => is_second = true,
            Err(Unpublished::Ended(why)) => return Err(Failure::passing(why)),
        }
    }
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

    /// Which connection, and what topic.
    fn key(self, endpoint: &Endpoint) -> (Key, String) {
        let key = Key {
            tls: self.tls,
            host: self.host,
            port: self.port,
            username: self.username,
            password: self.password,
            version: endpoint.mqtt_version(),
        };
        (key, self.topic)
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

#[cfg(test)]
#[path = "sharing_tests.rs"]
mod sharing;
#[cfg(test)]
#[path = "mqtt_tests.rs"]
mod tests;
