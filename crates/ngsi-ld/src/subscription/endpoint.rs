//! Where notifications go (5.2.15).

use serde_json::Value as Json;

use super::reader::Object;
use crate::error::Error;

/// The longest URI of an endpoint, in bytes.
const MAX_URI: usize = 2048;
/// How many pairs `receiverInfo` and `notifierInfo` may have.
const MAX_PAIRS: usize = 64;
/// The longest time, in milliseconds, that `timeout` and `cooldown` may ask for: a day.
const MAX_MS: f64 = 86_400_000.0;

/// Where notifications go, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct Endpoint {
    /// `uri`, of one of the schemes of [`Scheme`].
    pub uri: String,
    /// `accept`, if it was given.
    pub accept: Option<Accept>,
    /// How long an attempt may take, in milliseconds.
    pub timeout_ms: Option<f64>,
    /// How long to wait after a failure, in milliseconds.
    pub cooldown_ms: Option<f64>,
    /// What the receiver is told: headers of HTTP, metadata of MQTT.
    pub receiver_info: Option<Vec<KeyValue>>,
    /// How the channel is set up.
    pub notifier_info: Option<Vec<KeyValue>>,
}

/// A pair (5.2.22).
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the standard's own")]
pub struct KeyValue {
    pub key: String,
    pub value: String,
}

/// The media type of notifications.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Accept {
    /// `application/json`.
    #[default]
    Json,
    /// `application/ld+json`.
    LdJson,
    /// `application/geo+json`.
    GeoJson,
}

impl Accept {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::LdJson => "application/ld+json",
            Self::GeoJson => "application/geo+json",
        }
    }
}

/// How an endpoint is reached (6.3.8, 7.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the protocols' own")]
pub enum Scheme {
    Http,
    Https,
    Mqtt,
    Mqtts,
}

/// `MQTT-Version` (Table 7.2-1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum MqttVersion {
    /// `mqtt3.1.1`.
    V3,
    /// `mqtt5.0`.
    #[default]
    V5,
}

impl Endpoint {
    /// How it is reached.
    pub fn scheme(&self) -> Scheme {
        match scheme_of(&self.uri) {
            Some(Scheme::Https) => Scheme::Https,
            Some(Scheme::Mqtt) => Scheme::Mqtt,
            Some(Scheme::Mqtts) => Scheme::Mqtts,
            Some(Scheme::Http) | None => Scheme::Http, // no other was let in
        }
    }

    /// `MQTT-QoS`, 0 where it is not given (Table 7.2-1).
    pub fn mqtt_qos(&self) -> u8 {
        match self.notifier("MQTT-QoS") {
            Some("1") => 1,
            Some("2") => 2,
            _ => 0,
        }
    }

    /// `MQTT-Version`, 5 where it is not given.
    pub fn mqtt_version(&self) -> MqttVersion {
        match self.notifier("MQTT-Version") {
            Some("mqtt3.1.1") => MqttVersion::V3,
            _ => MqttVersion::V5,
        }
    }

    /// What the receiver is told.
    pub fn receiver(&self) -> &[KeyValue] {
        self.receiver_info.as_deref().unwrap_or_default()
    }

    /// Whether `receiverInfo` asks for GeoJSON without an @context in it (6.3.8).
    pub fn prefers_json_body(&self) -> bool {
        self.receiver()
            .iter()
            .any(|pair| pair.key.eq_ignore_ascii_case("Prefer") && pair.value.trim() == "body=json")
    }

    fn notifier(&self, key: &str) -> Option<&str> {
        let mut pairs = self.notifier_info.iter().flatten();
        pairs.find(|pair| pair.key == key).map(|pair| pair.value.as_str())
    }

    /// Reads an endpoint that stands for itself.
    ///
    /// # Errors
    /// `BadRequestData` where 5.2.15 does not hold.
    pub fn parse(json: &Json) -> Result<Self, Error> {
        Self::read(json, "")
    }

    /// Reads what is at `place`.
    pub(super) fn read(json: &Json, place: &str) -> Result<Self, Error> {
        let object = Object::of(json, place, "it says where notifications go (5.2.15)")?;
        let uri = object.required_text("uri")?;
        let wrong = |what: &str| Err(object.error("uri", what));
        object.uri("uri", uri)?;
        if uri.len() > MAX_URI {
            return wrong("it is longer than 2048 bytes");
        }
        let Some(scheme) = scheme_of(uri) else {
            return wrong("notifications go to http, https, mqtt and mqtts URIs only");
        };
        let after = uri.split_once("://").map_or("", |(_, after)| after);
        let (authority, path) = after.split_once('/').unwrap_or((after, ""));
        let host = authority.rsplit('@').next().unwrap_or("");
        if host.is_empty() || host.starts_with(':') {
            return wrong("it names no host");
        }
        match scheme {
            Scheme::Http | Scheme::Https if authority.contains('@') => {
                return wrong(
                    "it holds credentials; give them with `receiverInfo` as an Authorization header",
                );
            }
            Scheme::Mqtt | Scheme::Mqtts if path.trim_matches('/').is_empty() => {
                return wrong("it names no topic: mqtt://host:port/topic/subtopic (7.2)");
            }
            Scheme::Mqtt | Scheme::Mqtts if path.contains(['#', '+', '?']) => {
                return wrong("a topic that is published to has no `#`, `+` or `?`");
            }
            _ => {}
        }
        let endpoint = Self {
            uri: uri.to_owned(),
            accept: accept(&object)?,
            timeout_ms: milliseconds(&object, "timeout")?,
            cooldown_ms: milliseconds(&object, "cooldown")?,
            receiver_info: pairs(&object, "receiverInfo")?,
            notifier_info: pairs(&object, "notifierInfo")?,
        };
        endpoint.check_info(&object, scheme)?;
        Ok(endpoint)
    }

    /// Holds the pairs to what their protocol can carry.
    fn check_info(&self, object: &Object<'_>, scheme: Scheme) -> Result<(), Error> {
        if matches!(scheme, Scheme::Http | Scheme::Https) {
            for (index, KeyValue { key, value }) in self.receiver().iter().enumerate() {
                let refuse = |what: &str| Err(object.error(&format!("receiverInfo/{index}"), what));
                if key.is_empty() || !key.bytes().all(is_token) {
                    return refuse("`key` is not the name of an HTTP header (RFC 7230)");
                }
                if value.bytes().any(|b| (b < 0x20 && b != b'\t') || b == 0x7f) {
                    return refuse(
                        "`value` holds control characters, which an HTTP header cannot (RFC 7230)",
                    );
                }
                if [
                    "host",
                    "content-length",
                    "transfer-encoding",
                    "connection",
                    "te",
                    "upgrade",
                    "trailer",
                ]
                .iter()
                .any(|own| key.eq_ignore_ascii_case(own))
                {
                    return refuse("`key` is a header of the connection itself, which cannot be set");
                }
            }
            return Ok(());
        }
        for KeyValue { key, value } in self.notifier_info.iter().flatten() {
            let allowed: &[&str] = match key.as_str() {
                "MQTT-QoS" => &["0", "1", "2"],
                "MQTT-Version" => &["mqtt3.1.1", "mqtt5.0"],
                _ => continue,
            };
            if !allowed.contains(&value.as_str()) {
                let what = format!("`{key}` is one of {} (Table 7.2-1)", allowed.join(", "));
                return Err(object.error("notifierInfo", what));
            }
        }
        Ok(())
    }
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn scheme_of(uri: &str) -> Option<Scheme> {
    let (scheme, _) = uri.split_once("://")?;
    match scheme.to_ascii_lowercase().as_str() {
        "http" => Some(Scheme::Http),
        "https" => Some(Scheme::Https),
        "mqtt" => Some(Scheme::Mqtt),
        "mqtts" => Some(Scheme::Mqtts),
        _ => None,
    }
}

fn accept(object: &Object<'_>) -> Result<Option<Accept>, Error> {
    object
        .text("accept")?
        .map(|text| {
            [Accept::Json, Accept::LdJson, Accept::GeoJson]
                .into_iter()
                .find(|accept| accept.as_str() == text)
                .ok_or_else(|| {
                    let what = "it is one of application/json, application/ld+json and application/geo+json";
                    object.error("accept", what)
                })
        })
        .transpose()
}

fn milliseconds(object: &Object<'_>, member: &str) -> Result<Option<f64>, Error> {
    match object.positive(member)? {
        Some(ms) if ms > MAX_MS => Err(object.error(member, "it is more than a day")),
        ms => Ok(ms),
    }
}

pub(crate) fn pairs(object: &Object<'_>, member: &str) -> Result<Option<Vec<KeyValue>>, Error> {
    let Some(json) = object.get(member) else {
        return Ok(None);
    };
    let Json::Array(elements) = json else {
        return Err(object.error(member, "it must be an array of {key, value} pairs (5.2.22)"));
    };
    if elements.len() > MAX_PAIRS {
        return Err(object.error(member, format!("it has more than {MAX_PAIRS} pairs")));
    }
    elements
        .iter()
        .enumerate()
        .map(|(index, element)| {
            let place = format!("{}/{member}/{index}", object.place);
            let pair = Object::of(element, &place, "it is a {key, value} pair (5.2.22)")?;
            Ok(KeyValue {
                key: pair.required_text("key")?.to_owned(),
                value: pair.required_text("value")?.to_owned(),
            })
        })
        .collect::<Result<_, _>>()
        .map(Some)
}
