//! Delivery: whatever the twin has to tell others is written to disk with the change that it tells of, waits in a queue
//! for its endpoint, and is tried until it arrives or is given up.
//!
//! One queue for each endpoint (the text of its URI). What one endpoint does, or does not, delays no other: a queue
//! has its own connections, its own breaker and its own bounds. Of one entity, messages go in order. A message goes
//! at least once: it is taken off the disk after it arrived. What cannot be delivered becomes a dead letter, which can
//! be listed, replayed and purged.
//!
//! Counters are kept by owner (a subscription, of entities or of registrations): see [`Owner`].

mod book;
mod dead;
mod endpoints;
mod letter;
mod queue;
mod runner;
mod settle;

use std::borrow::Cow;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use ngsi_ld::Uri;
use ngsi_ld::subscription::{Accept, Endpoint};

pub use dead::{DeadLetter, DeadLetterFilter};
pub use endpoints::EndpointState;
pub use letter::Letter;

pub(crate) use book::{Book, Planned};
pub(crate) use queue::fnv;
pub(crate) use runner::{Recheck, run};

/// Carries messages out. Implemented by the program, over its one guarded client.
pub trait Transport: Send + Sync {
    /// Sends one message once. Ends within `parcel.timeout`, or is dropped then.
    fn send<'a>(&'a self, parcel: &'a Parcel) -> Sending<'a>;
}

/// An attempt under way.
pub type Sending<'a> = Pin<Box<dyn Future<Output = Result<(), Failure>> + Send + 'a>>;

/// Why an attempt failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What went wrong, for people; lower case, no final period.
    pub reason: String,
    /// The endpoint answered that it will not have this message (HTTP 4xx): trying often makes no sense.
    pub refused: bool,
    /// The endpoint asked to be left alone for so long.
    pub retry_after: Option<Duration>,
}

impl Failure {
    /// A failure that may pass.
    pub fn passing(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            refused: false,
            retry_after: None,
        }
    }
}

/// Who is told of a message's fate, and whose endpoint it goes to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Owner {
    /// What sort of thing it is.
    pub kind: OwnerKind,
    /// Which.
    pub id: Uri,
}

/// What sort of thing owns messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OwnerKind {
    /// A subscription to entities (5.8).
    Subscription,
    /// A subscription to context source registrations (5.11).
    RegistrationSubscription,
    /// A snapshot whose maker wants to know (5.16.6).
    Snapshot,
}

impl OwnerKind {
    /// Its name on disk and for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Subscription => "subscription",
            Self::RegistrationSubscription => "registrationSubscription",
            Self::Snapshot => "snapshot",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Subscription, Self::RegistrationSubscription, Self::Snapshot]
            .into_iter()
            .find(|kind| kind.as_str() == text)
    }
}

/// One message on its way, as a transport sees it.
#[derive(Clone, Debug)]
pub struct Parcel {
    /// What is sent.
    pub letter: Arc<Letter>,
    /// Where to.
    pub endpoint: Arc<Endpoint>,
    /// The tenant whose message it is; `None`: the default one.
    pub tenant: Option<Arc<str>>,
    /// The snapshot whose message it is (6.3.22).
    pub snapshot: Option<Arc<str>>,
    /// How long the attempt may take.
    pub timeout: Duration,
}

impl Parcel {
    /// The media type of the body.
    pub fn content_type(&self) -> Accept {
        self.letter.content_type
    }
}

/// The bounds of delivery in one twin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeliveryLimits {
    /// Messages that may wait for one endpoint; with one more, the oldest becomes a dead letter.
    pub endpoint_letters: usize,
    /// Their bytes.
    pub endpoint_bytes: usize,
    /// Bytes that may wait in all; beyond, the longest queue gives up its oldest.
    pub total_bytes: usize,
    /// Dead letters that are kept; with one more, the oldest is dropped and counted.
    pub dead_letters: usize,
    /// Their bytes.
    pub dead_bytes: usize,
    /// How often a message is tried before it is given up.
    pub attempts: u32,
    /// How often when the endpoint says that it will not have it.
    pub refusals: u32,
    /// A message that is older is given up with its next failure.
    pub max_age: Duration,
    /// The wait after the first failure of an endpoint; it grows fourfold with each further one.
    pub first_wait: Duration,
    /// The longest wait.
    pub longest_wait: Duration,
    /// How long an attempt may take where the endpoint's `timeout` does not say.
    pub timeout: Duration,
    /// The longest `timeout` that is granted.
    pub longest_timeout: Duration,
    /// Attempts under way at once to one endpoint.
    pub endpoint_attempts: usize,
    /// Attempts under way at once to endpoints whose last attempt succeeded.
    pub sound_attempts: usize,
    /// Attempts under way at once to all others: they cannot use up what the sound ones need.
    pub doubtful_attempts: usize,
    /// Where the jitter of waits comes from.
    pub seed: u64,
}

impl Default for DeliveryLimits {
    fn default() -> Self {
        Self {
            endpoint_letters: 10_000,
            endpoint_bytes: 16 << 20,
            total_bytes: 128 << 20,
            dead_letters: 10_000,
            dead_bytes: 32 << 20,
            attempts: 8,
            refusals: 3,
            max_age: Duration::from_hours(24),
            first_wait: Duration::from_secs(1),
            longest_wait: Duration::from_mins(10),
            timeout: Duration::from_secs(10),
            longest_timeout: Duration::from_mins(1),
            endpoint_attempts: 4,
            sound_attempts: 512,
            doubtful_attempts: 128,
            seed: 0,
        }
    }
}

/// What delivery has to show for itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeliveryStatistics {
    /// Messages that wait or are under way.
    pub waiting: usize,
    /// Their bytes.
    pub waiting_bytes: usize,
    /// Endpoints that messages wait for.
    pub endpoints: usize,
    /// Those of them that failed last.
    pub failing_endpoints: usize,
    /// Dead letters that are kept.
    pub dead_letters: usize,
    /// Messages that arrived, since the start.
    pub delivered: u64,
    /// Attempts that failed, since the start.
    pub failed_attempts: u64,
    /// Messages that were given up, since the start.
    pub given_up: u64,
    /// Dead letters that had to make room, since the start.
    pub dropped: u64,
}

/// A URI as it may stand in a log: without a name and a password.
pub(crate) fn without_secret(uri: &str) -> Cow<'_, str> {
    let Some((scheme, rest)) = uri.split_once("://") else {
        return uri.into();
    };
    let (authority, _) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    match authority.rfind('@') {
        Some(at) => format!("{scheme}://{}", &rest[at + 1..]).into(),
        None => uri.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::without_secret;

    #[test]
    fn names_and_passwords_are_in_no_log() {
        for (uri, shown) in [
            (
                "mqtt://ada:s@cret@broker.example:1883/city/a@b",
                "mqtt://broker.example:1883/city/a@b",
            ),
            ("mqtts://ada@[::1]/t", "mqtts://[::1]/t"),
            ("https://example.org/a@b?c=d@e", "https://example.org/a@b?c=d@e"),
            ("https://u:p@example.org?x", "https://example.org?x"),
            ("urn:x:a@b", "urn:x:a@b"),
        ] {
            assert_eq!(without_secret(uri), shown);
        }
    }
}
