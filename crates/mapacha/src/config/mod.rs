//! The configuration: one TOML file, `MAPACHA__SECTION__KEY` in the environment, flags; the later wins.
//!
//! The structs are the reference: the JSON Schema, the list of known keys and the defaults all come from them.

mod acme;
mod limits;
mod oidc;
mod overlay;
mod schema;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(crate) use acme::Acme;
pub(crate) use limits::Limits;
pub(crate) use oidc::Oidc;
pub(crate) use overlay::{ConfigError, Effective, Layers};
pub(crate) use schema::json_schema;

/// Everything that can be set.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// The city this server is for.
    pub(crate) city: City,
    /// The door for browsers and applications.
    pub(crate) http: Http,
    /// How many requests somebody may make.
    pub(crate) limits: Limits,
    /// What makes that door speak https.
    pub(crate) tls: Tls,
    /// Where the twin is kept.
    pub(crate) storage: Storage,
    /// JSON-LD contexts.
    pub(crate) contexts: Contexts,
    /// Requests that the server makes to others.
    pub(crate) notifications: Notifications,
    /// Who may use the server.
    pub(crate) access: Access,
    /// What is recorded of what is done.
    pub(crate) audit: Audit,
    /// Whom to tell of a weakness.
    pub(crate) security: Security,
    /// What the city says of itself under the laws of data protection.
    pub(crate) governance: Governance,
    /// The MQTT door (not in this version: only `off`).
    pub(crate) mqtt: Door,
    /// The CoAP door (not in this version: only `off`).
    pub(crate) coap: Door,
    /// The CoAP door with DTLS (not in this version: only `off`).
    pub(crate) coaps: Door,
    /// What the program says of itself.
    pub(crate) log: Log,
}

/// `[city]`
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct City {
    /// The city's name, as pages and assessments show it. Without it, the name is taken from the city's boundary.
    pub(crate) name: Option<String>,
    /// The city's time zone, an IANA name such as `Africa/Nairobi`. Without it, that of the transit feed, else UTC.
    pub(crate) time_zone: Option<String>,
}

/// `[http]`
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Http {
    /// Address and port; port 0 picks a free one.
    #[schemars(with = "String")]
    pub(crate) listen: SocketAddr,
    /// Address and port of `/metrics`, apart from the public door. Without it: `127.0.0.1:8081` where `http.listen` can be
    /// reached from other machines, else the public door.
    #[schemars(with = "Option<String>")]
    pub(crate) admin_listen: Option<SocketAddr>,
    /// Origins whose pages may read and write here from a browser, such as `https://map.example.org`; `*` is every page
    /// that anybody opens on a machine that reaches this server.
    pub(crate) allowed_origins: Vec<String>,
    /// The address by which others know this server when a proxy stands before it, such as `https://twin.city.example`:
    /// its pages may write, and what is served here is named under it.
    pub(crate) public_url: Option<String>,
    /// The largest body of an NGSI-LD request, in bytes.
    pub(crate) max_body_bytes: usize,
    /// The largest file that can be uploaded for import, in bytes.
    pub(crate) max_import_bytes: usize,
    /// The most instances of attributes that one answer of temporal evolutions holds; a longer one comes in parts
    /// (206 with `Content-Range`).
    pub(crate) max_evolution_instances: usize,
    /// How many subscriptions of each kind (to entities, to registrations) a tenant may have.
    pub(crate) max_subscriptions: usize,
    /// Speak plain http also on addresses that other machines reach: only where a proxy with TLS stands before it, since
    /// passwords and keys could be read on the way.
    pub(crate) plain_text: bool,
    /// Addresses of proxies whose `X-Forwarded-For` is believed, so that guesses at passwords are counted for who makes
    /// them. With `http.public_url`, a proxy on this machine is one.
    #[schemars(with = "Vec<String>")]
    pub(crate) trusted_proxies: Vec<IpAddr>,
}

impl Default for Http {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            admin_listen: None,
            allowed_origins: Vec::new(),
            public_url: None,
            max_body_bytes: 16 << 20,
            max_import_bytes: 4 << 30,
            max_evolution_instances: 10_000,
            max_subscriptions: 100_000,
            plain_text: false,
            trusted_proxies: Vec::new(),
        }
    }
}

/// `[tls]`
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Tls {
    /// The file (PEM) of the server's certificate, and after it those between it and its authority. With it the server
    /// speaks https. Read again when it changes, and at SIGHUP.
    pub(crate) certificate: Option<PathBuf>,
    /// The file (PEM) of its private key.
    pub(crate) key: Option<PathBuf>,
    /// Files (PEM) of authorities whose certificates devices and services may show, beside the built-in authority's.
    pub(crate) client_ca: Vec<PathBuf>,
    /// Instead of the two files: a certificate that the server orders and renews itself.
    pub(crate) acme: Acme,
}

/// `[storage]`
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Storage {
    /// The data folder; made when missing. Without it: `mapacha` in the user's data home.
    pub(crate) data_dir: Option<PathBuf>,
    /// A PostgreSQL server instead of a data folder (not in this version).
    pub(crate) postgres_url: Option<String>,
}

/// `[contexts]`
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Contexts {
    /// @contexts that are served from files instead of the network: URL = file.
    #[serde(rename = "static")]
    pub(crate) files: BTreeMap<String, PathBuf>,
}

/// `[notifications]`
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Notifications {
    /// Let outbound requests (also @context downloads) go to loopback and private addresses, over plain http.
    pub(crate) allow_private: bool,
    /// Files (PEM) of certificate authorities that are trusted beside the system's, for https and mqtts.
    pub(crate) trusted_certificates: Vec<PathBuf>,
}

/// `[access]`
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Access {
    /// `open`: no login, only on a loopback address. `required`: everybody says who they are. Without it: `open` on a
    /// loopback address, `required` on any other.
    pub(crate) mode: Option<AccessMode>,
    /// A session that was not used for so many minutes ends.
    pub(crate) session_idle_minutes: u32,
    /// A session ends so many hours after the login, used or not.
    pub(crate) session_hours: u32,
    /// Who has to have a second factor: `optional` (nobody), `administrators`, `everybody`. Without it: `administrators`
    /// where others reach the server (http.public_url is set, or http.listen is no loopback address), else `optional`.
    pub(crate) second_factor: Option<SecondFactor>,
    /// The city's identity provider (OpenID Connect).
    pub(crate) oidc: Oidc,
}

impl Default for Access {
    fn default() -> Self {
        Self {
            mode: None,
            session_idle_minutes: 60,
            session_hours: 12,
            second_factor: None,
            oidc: Oidc::default(),
        }
    }
}

/// `[audit]`
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Audit {
    /// Record every write, and every change of subscriptions, identities and policies, in a log that proves itself.
    pub(crate) enabled: bool,
}

impl Default for Audit {
    fn default() -> Self {
        Self { enabled: true }
    }
}

/// `[security]`
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Security {
    /// Whom to tell of a weakness of this server, as `/.well-known/security.txt` names them (RFC 9116): URIs such as
    /// `mailto:security@city.example`.
    pub(crate) contact: Vec<String>,
    /// Until when that holds, such as `2027-06-30T00:00:00Z`; at most a year from now, so that somebody looks again.
    #[serde(deserialize_with = "time")]
    pub(crate) expires: Option<String>,
}

/// A time as TOML has one, or as a text.
fn time<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    match Option::<toml::Value>::deserialize(deserializer)? {
        None => Ok(None),
        Some(toml::Value::String(text)) => Ok(Some(text)),
        Some(toml::Value::Datetime(time)) => Ok(Some(time.to_string())),
        Some(other) => Err(serde::de::Error::custom(format!("`{other}` is no time"))),
    }
}

/// `[governance]`
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Governance {
    /// The law that holds here, by the id of its legal profile: `gdpr`, `kenya-dpa`, `malabo`, `nigeria-ndpa`, `popia`. It
    /// sets the clocks of requests and breaches; without it, they run 30 days and 72 hours.
    pub(crate) profile: Option<String>,
    /// Who answers for the processing: the city's name and address.
    pub(crate) controller: Option<String>,
    /// How the data-protection officer is reached.
    pub(crate) officer: Option<String>,
    /// The number under which the controller is registered with the authority.
    pub(crate) registration: Option<String>,
    /// The country in which the data are kept, as ISO 3166-1 alpha-2, such as `KE`.
    pub(crate) data_location: Option<String>,
    /// Whether a change of the policies is refused that newly lets somebody read personal or special data of which no
    /// impact assessment holds. Where nobody logs in, no policies hold, and there is nothing to refuse.
    pub(crate) impact_gate: bool,
}

impl Default for Governance {
    fn default() -> Self {
        Self {
            profile: None,
            controller: None,
            officer: None,
            registration: None,
            data_location: None,
            impact_gate: true,
        }
    }
}

/// `access.mode`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum AccessMode {
    /// No login.
    Open,
    /// Login.
    Required,
}

/// `access.second_factor`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SecondFactor {
    /// Whoever wants has one.
    Optional,
    /// Whoever may manage accounts.
    Administrators,
    /// Everybody who logs in.
    Everybody,
}

/// A door that is not there yet.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Door {
    /// Address and port, or `off`.
    pub(crate) listen: String,
}

impl Default for Door {
    fn default() -> Self {
        Self { listen: "off".into() }
    }
}

/// `[log]`
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Log {
    /// What is written: `error`, `warn`, `info`, `debug`, `trace`, or a filter such as `info,twin=debug`.
    pub(crate) level: String,
    /// One JSON object a line instead of text.
    pub(crate) json: bool,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            level: "warn".into(),
            json: false,
        }
    }
}

/// Where `/metrics` is when other machines reach the public door and nothing is configured.
const ADMIN_LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8081);

impl Config {
    /// Where administration listens apart from the public door, and whether somebody configured that.
    pub(crate) fn admin_listen(&self) -> Option<(SocketAddr, bool)> {
        let configured = self.http.admin_listen.map(|address| (address, true));
        let apart = !self.http.listen.ip().is_loopback();
        configured.or_else(|| apart.then_some((ADMIN_LISTEN, false)))
    }

    /// `https` with a certificate, else `http`.
    pub(crate) fn scheme(&self) -> &'static str {
        if self.tls.is_on() { "https" } else { "http" }
    }

    /// Whether everybody has to say who they are: as configured, else as the address asks for.
    pub(crate) fn asks_who(&self) -> bool {
        match self.access.mode {
            Some(mode) => mode == AccessMode::Required,
            None => !self.http.listen.ip().is_loopback(),
        }
    }

    /// Who has to have a second factor: as configured, else as the address asks for.
    pub(crate) fn second_factor(&self) -> access::SecondFactor {
        let reached = self.http.public_url.is_some() || !self.http.listen.ip().is_loopback();
        match self.access.second_factor {
            Some(SecondFactor::Administrators) => access::SecondFactor::Administrators,
            Some(SecondFactor::Everybody) => access::SecondFactor::Everybody,
            None if reached => access::SecondFactor::Administrators,
            Some(SecondFactor::Optional) | None => access::SecondFactor::Optional,
        }
    }

    /// Refuses what is well-formed but cannot be had.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let refuse = |key: &str, what: &str, remedy: &str| {
            Err(ConfigError {
                place: format!("`{key}`"),
                what: what.into(),
                remedy: remedy.into(),
            })
        };
        for (key, door) in [("mqtt", &self.mqtt), ("coap", &self.coap), ("coaps", &self.coaps)] {
            if door.listen != "off" {
                return refuse(
                    &format!("{key}.listen"),
                    &format!("this version has no {} door", key.to_uppercase()),
                    "set it to \"off\", and let devices push over HTTP (`/ngsi-ld/v1`)",
                );
            }
        }
        self.tls.check()?;
        if self.storage.postgres_url.is_some() {
            return refuse(
                "storage.postgres_url",
                "this version keeps the twin in a data folder only",
                "remove the key and set `storage.data_dir`",
            );
        }
        for (key, address) in [
            ("http.listen", Some(self.http.listen)),
            ("http.admin_listen", self.http.admin_listen),
        ] {
            let Some(address) = address.filter(|address| !address.ip().is_loopback()) else {
                continue;
            };
            if !self.asks_who() {
                return refuse(
                    key,
                    &format!("{address} can be reached from other machines, and access.mode is \"open\""),
                    "set access.mode to \"required\", or listen on a loopback address such as 127.0.0.1:8080",
                );
            }
            if !self.tls.is_on() && !self.http.plain_text {
                return refuse(
                    key,
                    &format!(
                        "{address} can be reached from other machines, and without tls.certificate or tls.acme the server speaks plain http: passwords and keys could be read on the way"
                    ),
                    "set tls.certificate and tls.key, or tls.acme.names to have a certificate ordered; or listen on a loopback address such as 127.0.0.1:8080 and put a proxy with TLS before it; where the proxy is on another machine, set http.plain_text to true",
                );
            }
        }
        if self.access.session_idle_minutes == 0 || self.access.session_hours == 0 {
            return refuse(
                "access",
                "a session of no time could not be used",
                "set session_idle_minutes and session_hours to 1 or more",
            );
        }
        self.access
            .oidc
            .check(self.asks_who(), self.notifications.allow_private)?;
        if let Err(error) =
            server::SecurityTxt::parse(&self.security.contact, self.security.expires.as_deref())
        {
            return refuse(
                "security",
                &error.to_string(),
                "set security.contact and security.expires, or neither",
            );
        }
        if let Err(error) = server::Origins::parse(&self.http.allowed_origins) {
            return refuse(
                "http.allowed_origins",
                &error.to_string(),
                "write each as the browser's address bar shows it, without a path",
            );
        }
        if let Some(text) = &self.http.public_url
            && let Err(error) = server::PublicUrl::parse(text)
        {
            return refuse(
                "http.public_url",
                &error.to_string(),
                "write what others write into a browser to get here",
            );
        }
        if let Some(profile) = &self.governance.profile
            && governance::profiles::Profile::of(profile).is_none()
        {
            return refuse(
                "governance.profile",
                &format!("there is no legal profile `{profile}`"),
                &format!("use one of {}", governance::profiles::Profile::ids()),
            );
        }
        if let Some(country) = &self.governance.data_location
            && !(country.len() == 2 && country.bytes().all(|letter| letter.is_ascii_uppercase()))
        {
            return refuse(
                "governance.data_location",
                &format!("`{country}` is no country's code"),
                "write two capital letters, as in \"KE\" (ISO 3166-1)",
            );
        }
        if let Some(zone) = &self.city.time_zone
            && jiff::tz::TimeZone::get(zone).is_err()
        {
            return refuse(
                "city.time_zone",
                &format!("there is no time zone `{zone}`"),
                "use an IANA name such as `Africa/Nairobi`",
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_asked_depends_on_the_address_and_nothing_secret_goes_in_plain_text() {
        use AccessMode::{Open, Required};
        let here = "127.0.0.1:8080";
        for (listen, mode, plain_text, asks, refused) in [
            (here, None, false, false, ""),
            ("[::1]:8080", None, false, false, ""),
            (here, Some(Required), false, true, ""),
            ("0.0.0.0:80", None, true, true, ""),
            ("0.0.0.0:80", None, false, true, "http.plain_text"),
            ("0.0.0.0:80", Some(Open), true, false, "access.mode"),
            ("192.0.2.1:80", Some(Open), false, false, "access.mode"),
            ("[::]:80", Some(Required), true, true, ""),
        ] {
            let mut config = Config::default();
            config.http.listen = listen.parse().unwrap();
            config.http.plain_text = plain_text;
            config.access.mode = mode;
            assert_eq!(config.asks_who(), asks, "{listen} {mode:?}");
            match config.check() {
                Ok(()) => assert!(refused.is_empty(), "{listen} {mode:?}"),
                Err(error) => {
                    let told = error.to_string();
                    assert!(
                        !refused.is_empty() && told.contains(refused),
                        "{listen} {mode:?}: {told}"
                    );
                }
            }
        }
        // With a certificate nothing goes in plain text, wherever it goes.
        let mut config = Config::default();
        assert_eq!(config.second_factor(), access::SecondFactor::Optional);
        config.http.public_url = Some("https://twin.city.example".to_owned());
        assert_eq!(config.second_factor(), access::SecondFactor::Administrators);
        config.access.second_factor = Some(SecondFactor::Optional);
        assert_eq!(config.second_factor(), access::SecondFactor::Optional);
        config = Config::default();
        config.http.listen = "0.0.0.0:80".parse().unwrap();
        assert_eq!(config.second_factor(), access::SecondFactor::Administrators);
        let mut config = Config::default();
        config.http.listen = "0.0.0.0:443".parse().unwrap();
        assert_eq!(config.admin_listen(), Some((ADMIN_LISTEN, false)));
        assert!(config.check().is_err());
        config.tls.certificate = Some("city.pem".into());
        assert!(config.check().unwrap_err().to_string().contains("tls.key"));
        config.tls.key = Some("city.key".into());
        config.check().unwrap();
        assert_eq!(config.scheme(), "https");
        config.tls.certificate = None;
        config.http.plain_text = true;
        assert!(
            config
                .check()
                .unwrap_err()
                .to_string()
                .contains("tls.certificate")
        );
        let mut config = Config::default();
        assert_eq!(config.admin_listen(), None);
        config.access.session_hours = 0;
        assert!(config.check().is_err());
        config = Config::default();
        config.governance.profile = Some("atlantis".into());
        assert!(config.check().unwrap_err().to_string().contains("kenya-dpa"));
        config.governance.profile = Some("popia".into());
        assert!(config.check().is_ok());
        config.governance.data_location = Some("Kenya".into());
        assert!(config.check().is_err());
        config = Config::default();
        config.http.admin_listen = Some("0.0.0.0:9090".parse().unwrap());
        assert!(config.check().is_err(), "nobody is asked there");
    }
}
