//! The server's certificate, ordered from an authority and renewed by the server itself: ACME (RFC 8555).
//!
//! The authority's question, whether the name is this server's, is answered on the port that speaks TLS anyway
//! (TLS-ALPN-01, RFC 8737); no other port is needed, and no door is opened for it. What the authority gives stands in one
//! file with its key, which the listener reads as it reads an operator's own files. Nothing here stops the server: what
//! fails is said in the log, and tried again after a pause.

mod challenges;
mod client;
mod order;
mod schedule;
mod store;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ngsi_ld::Timestamp;
use parking_lot::Mutex;

pub(crate) use challenges::{ACME_TLS, Challenges, Shown};
use client::Bounded;
pub use order::OrderError;
pub(crate) use schedule::now;
use store::Store;
pub use store::StoreError;

use crate::net::Policy;
use crate::{NoTls, Tls, TlsFiles};

/// The longest that an order takes; a validation is a matter of seconds.
const ORDER_TIME: Duration = Duration::from_mins(5);
/// How long at most until it is looked again what time it is: a clock that is set does not wake who sleeps.
const LOOK_EVERY: Duration = Duration::from_mins(10);
/// The shortest sleep.
const A_MOMENT: Duration = Duration::from_millis(200);

/// What is ordered, and from whom.
#[derive(Clone, Debug)]
pub struct AcmeSettings {
    /// The authority's directory (RFC 8555, 7.1.1), an https URL.
    pub directory: String,
    /// Where the authority writes to, such as `mailto:security@city.example`.
    pub contact: Vec<String>,
    /// The names of the certificate, as [`check_name`] takes them; the first one is shown in lists.
    pub names: Vec<String>,
    /// The folder that accounts and certificates are kept under; each directory has one of its own in it.
    pub folder: PathBuf,
    /// Whom requests may go to, and whose certificates of the authority's own server are taken.
    pub outbound: Policy,
}

/// The server's own certificate, and what keeps it young. Cheap to clone.
#[derive(Clone)]
pub struct Acme(Arc<Inner>);

struct Inner {
    settings: AcmeSettings,
    store: Store,
    client: Bounded,
    challenges: Challenges,
    state: Mutex<AcmeState>,
}

/// How it stands with the certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AcmeState {
    /// How many orders failed since one did not.
    pub failures: u32,
    /// Why the last one did, in words; nothing once one did not.
    pub last_error: Option<String>,
    /// When it is tried again; nothing where it is not known yet.
    pub next_attempt: Option<Timestamp>,
}

impl fmt::Debug for Acme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acme")
            .field("directory", &self.0.settings.directory)
            .field("names", &self.0.settings.names)
            .finish_non_exhaustive()
    }
}

/// Says why `name` cannot be in a certificate that is ordered here: it has to be a DNS name as it is asked for on the
/// wire (lower or upper case, IDNA as `xn--`), no address, and no wildcard, which this challenge cannot prove.
///
/// # Errors
/// As that.
pub fn check_name(name: &str) -> Result<(), String> {
    let refused = |why: &str| Err(format!("`{name}` {why}"));
    if name.starts_with("*.") {
        return refused("is a wildcard, which only a DNS challenge can prove: name each host");
    }
    if name.parse::<std::net::IpAddr>().is_ok() {
        return refused("is an address; certificates are ordered for names");
    }
    if !name.is_ascii() {
        return refused("has letters beyond ASCII; write it as the DNS has it (xn--…)");
    }
    match rustls::pki_types::DnsName::try_from(name) {
        Ok(_) if !name.ends_with('.') => Ok(()),
        _ => refused("is no DNS name"),
    }
}

impl Acme {
    /// Makes the folder, and a certificate of this server's own, which is shown until the authority has given one. Asks
    /// nobody anything yet.
    ///
    /// # Errors
    /// When the folder cannot be written, or there are no means for requests.
    pub fn open(settings: AcmeSettings) -> Result<Self, StoreError> {
        let store = Store::open(&settings.folder, &settings.directory)?;
        store.set_aside_what_is_damaged()?;
        if !store.certificate().exists() {
            store.write_stand_in(&settings.names)?;
        }
        let client = Bounded::new(&settings.outbound).map_err(StoreError::Client)?;
        Ok(Self(Arc::new(Inner {
            settings,
            store,
            client,
            challenges: Challenges::default(),
            state: Mutex::default(),
        })))
    }

    /// The files of a directory's certificate under `folder`, whether or not they are there, for clients whose
    /// certificates are taken as `authorities` says ([`TlsFiles`]).
    pub fn files(settings: &AcmeSettings, authorities: TlsFiles) -> TlsFiles {
        let certificate = store::certificate_file(&settings.folder, &settings.directory);
        TlsFiles {
            key: certificate.clone(),
            stand_in: Some(store::stand_in_file(&settings.folder, &settings.directory)),
            certificate,
            ..authorities
        }
    }

    /// The listener's TLS: the certificate that is there, else the stand-in; and the answers to the authority.
    ///
    /// # Errors
    /// As [`Tls::open`].
    pub fn tls(&self, authorities: TlsFiles) -> Result<Tls, NoTls> {
        let files = Self::files(&self.0.settings, authorities);
        Tls::answering(files, self.0.challenges.clone())
    }

    /// How it stands.
    pub fn state(&self) -> AcmeState {
        self.0.state.lock().clone()
    }

    /// Orders when it is time, and tries again when that fails. Ends never.
    pub(crate) async fn keep(self, tls: Tls) {
        let mut not_before: Option<jiff::Timestamp> = None;
        let mut said_stand_in = false;
        loop {
            let now = schedule::now();
            let stored = self.0.store.stored();
            if stored.is_none() && !said_stand_in {
                said_stand_in = true;
                tracing::warn!(
                    names = %self.0.settings.names.join(", "),
                    "there is no certificate yet: until {} gives one, a self-signed one is shown, which no browser trusts",
                    self.0.settings.directory
                );
            }
            let due = schedule::due(stored.as_ref(), &self.0.settings.names, now);
            let due = not_before.map_or(due, |earliest| due.max(earliest));
            self.0.state.lock().next_attempt = Some(Timestamp::from_micros(due.as_microsecond()));
            if due > now {
                let wait = Duration::try_from(due.duration_since(now)).unwrap_or(A_MOMENT);
                tokio::time::sleep(wait.clamp(A_MOMENT, LOOK_EVERY)).await;
                continue;
            }
            let ended = self.attempt(&tls).await;
            let now = schedule::now();
            let pause = match ended {
                // An authority whose certificates have ended by our clock is not asked for ever new ones.
                Ok(holds) => schedule::rest(holds),
                Err(error) => self.failed(&error, now),
            };
            not_before = Some(schedule::after(now, pause));
        }
    }

    /// One order, and how long its certificate holds from its beginning to its end.
    async fn attempt(&self, tls: &Tls) -> Result<Duration, OrderError> {
        let inner = &self.0;
        tracing::info!(names = %inner.settings.names.join(", "), "a certificate is ordered from {}", inner.settings.directory);
        let ordering = order::order(&inner.settings, &inner.store, &inner.client, &inner.challenges);
        let ordered = tokio::time::timeout(ORDER_TIME, ordering).await;
        inner.challenges.clear();
        ordered.unwrap_or(Err(OrderError::Slow(ORDER_TIME)))?;
        tls.reload()?;
        *inner.state.lock() = AcmeState::default();
        let (begins, ends) = tls.validity();
        tracing::info!(names = %inner.settings.names.join(", "), "new connections use a new certificate, which holds until {ends}");
        let now = schedule::now();
        if ends.to_jiff() <= now || now < begins.to_jiff() {
            tracing::error!("by this machine's clock the new certificate does not hold now: set the clock");
        }
        let holds = ends.to_jiff().duration_since(begins.to_jiff());
        Ok(Duration::try_from(holds).unwrap_or_default())
    }

    /// Says so, and how long the pause is.
    fn failed(&self, error: &OrderError, now: jiff::Timestamp) -> Duration {
        let mut state = self.0.state.lock();
        state.failures = state.failures.saturating_add(1);
        let asked = error.pause().max(self.0.client.take_retry_after());
        let pause = schedule::pause(state.failures, asked, schedule::chance());
        let next = schedule::after(now, pause);
        let next = Timestamp::from_micros(next.as_microsecond());
        let shown = self.0.store.stored();
        let meanwhile = shown.map_or_else(
            || "a self-signed one is shown until then".to_owned(),
            |stored| {
                format!(
                    "the one that is there is shown on, it holds until {}",
                    stored.ends_at()
                )
            },
        );
        tracing::error!(
            failures = state.failures,
            "no certificate was given: {error}; {meanwhile}; it is tried again at {next}"
        );
        state.last_error = Some(error.to_string());
        state.next_attempt = Some(next);
        pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_proved_is_not_ordered() {
        for good in [
            "twin.city.example",
            "Twin.City.Example",
            "localhost",
            "xn--nairb-0ta.example",
        ] {
            assert_eq!(check_name(good), Ok(()), "{good}");
        }
        for (bad, word) in [
            ("*.city.example", "wildcard"),
            ("192.0.2.7", "address"),
            ("2001:db8::1", "address"),
            ("städte.example", "xn--"),
            ("a b.example", "no DNS name"),
            ("city.example.", "no DNS name"),
            ("", "no DNS name"),
        ] {
            assert!(check_name(bad).unwrap_err().contains(word), "{bad}");
        }
    }
}
