//! Notifications on their way out: over HTTP (ETSI GS CIM 009, 6.3.8) and MQTT (7.2), through the guarded client; and
//! what could not be delivered.

mod connection;
mod connections;
mod dead_letters;
mod endpoints;
mod http;
mod mqtt;
mod packets;

use ngsi_ld::subscription::Scheme;
use serde_json::{Map, Value as Json};
use twin::Transport;
use twin::delivery::{Failure, Parcel, Sending};

use crate::net::{FetchError, Policy, Poster};
use crate::ngsi_ld::CONTEXT_RELATION;

use connections::{Connections, IDLE};
pub(crate) use dead_letters::router;

/// Carries the twin's messages out.
#[derive(Clone, Debug)]
pub struct Notifier {
    poster: Poster,
    brokers: Connections,
}

impl Notifier {
    /// One that talks to whom `policy` lets it.
    ///
    /// # Errors
    /// When the system has no means for it.
    pub fn new(policy: Policy) -> Result<Self, FetchError> {
        Ok(Self {
            poster: Poster::new(&policy)?,
            brokers: Connections::new(policy, IDLE),
        })
    }
}

impl Transport for Notifier {
    fn send<'a>(&'a self, parcel: &'a Parcel) -> Sending<'a> {
        match parcel.endpoint.scheme() {
            Scheme::Http | Scheme::Https => Box::pin(http::send(&self.poster, parcel)),
            Scheme::Mqtt | Scheme::Mqtts => Box::pin(mqtt::send(&self.brokers, parcel)),
        }
    }
}

/// A failure that the guard or the network is the reason of.
fn unreachable(error: &FetchError) -> Failure {
    Failure {
        reason: error.to_string(),
        // Its address may be another tomorrow, or be allowed by the next start.
        refused: matches!(error, FetchError::Url { .. }),
        retry_after: None,
    }
}

/// What is said of a message beside its body, in order: header fields of HTTP, metadata of MQTT.
fn labels(parcel: &Parcel) -> Map<String, Json> {
    let mut labels = Map::new();
    for pair in parcel.endpoint.receiver() {
        labels.insert(pair.key.clone(), pair.value.as_str().into());
    }
    labels.insert("Content-Type".into(), parcel.content_type().as_str().into());
    if let Some(url) = &parcel.letter.link {
        let link = format!("<{url}>; rel=\"{CONTEXT_RELATION}\"; type=\"application/ld+json\"");
        labels.insert("Link".into(), link.into());
    }
    if let Some(tenant) = &parcel.tenant {
        labels.insert("NGSILD-Tenant".into(), (&**tenant).into());
    }
    if let Some(snapshot) = &parcel.snapshot {
        labels.insert("NGSILD-Snapshot".into(), (&**snapshot).into());
    }
    labels
}
