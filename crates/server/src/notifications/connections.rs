//! The connections to brokers: one for each broker, credentials and version, opened when first needed, shared by all
//! messages that go there, closed when it was idle for a while.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use ngsi_ld::subscription::MqttVersion;
use parking_lot::Mutex;
use sha2::{Digest as _, Sha256};
use tokio::net::TcpStream;
use twin::delivery::Failure;

use super::connection::{Connection, Login, Stream, broken};
use super::unreachable;
use crate::net::{self, Policy};

/// How long a connection that nothing goes over stays open.
pub(super) const IDLE: Duration = Duration::from_secs(30);
/// The most that are kept open; beyond, a message has a connection of its own.
const MOST: usize = 256;

/// To whom, and as whom.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) tls: bool,
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) username: Option<String>,
    pub(super) password: Option<String>,
    pub(super) version: MqttVersion,
}

/// All of them. Cheap to clone.
#[derive(Clone)]
pub(super) struct Connections(Arc<Shared>);

struct Shared {
    policy: Policy,
    idle: Duration,
    places: Mutex<HashMap<Key, Arc<Place>>>,
    made: AtomicU64,
}

/// Where the connection to one broker is.
#[derive(Default)]
struct Place {
    open: Mutex<Option<(u64, Arc<Connection>)>>,
    /// Held by the one who opens it.
    opening: tokio::sync::Mutex<()>,
}

impl Place {
    fn usable(&self) -> Option<(u64, Arc<Connection>)> {
        self.open
            .lock()
            .clone()
            .filter(|(_, connection)| connection.is_open())
    }
}

/// A connection for one message. One that is let go of before the message arrived is not used for others any more.
pub(super) struct Lent {
    pub(super) connection: Arc<Connection>,
    /// Whether others used it before.
    pub(super) is_used: bool,
    key: Key,
    number: u64,
    connections: Weak<Shared>,
    is_good: bool,
}

impl Lent {
    /// The broker has had its say.
    pub(super) fn give_back(mut self) {
        self.is_good = true;
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if !self.is_good
            && let Some(connections) = self.connections.upgrade()
        {
            connections.forget(&self.key, self.number);
        }
    }
}

impl fmt::Debug for Connections {
    /// Without the keys, which hold passwords.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connections")
            .field("open", &self.0.places.lock().len())
            .finish_non_exhaustive()
    }
}

impl Connections {
    pub(super) fn new(policy: Policy, idle: Duration) -> Self {
        Self(Arc::new(Shared {
            policy,
            idle,
            places: Mutex::default(),
            made: AtomicU64::new(0),
        }))
    }

    /// The connection to a broker. `seed` is a text that no other program has, for the client's id.
    pub(super) async fn to(&self, key: &Key, seed: &str) -> Result<Lent, Failure> {
        let lent = |(number, connection), is_used| Lent {
            connection,
            is_used,
            key: key.clone(),
            number,
            connections: Arc::downgrade(&self.0),
            is_good: false,
        };
        let Some(visit) = self.visit(key) else {
            return Ok(lent(self.open(key, seed).await?, false));
        };
        if let Some(open) = visit.place.usable() {
            return Ok(lent(open, true));
        }
        let _turn = visit.place.opening.lock().await;
        if let Some(open) = visit.place.usable() {
            return Ok(lent(open, true));
        }
        let open = self.open(key, seed).await?;
        *visit.place.open.lock() = Some(open.clone());
        Ok(lent(open, false))
    }

    /// The place of a broker; `None` where there are too many.
    fn visit(&self, key: &Key) -> Option<Visit<'_>> {
        let mut places = self.0.places.lock();
        if places.len() >= MOST && !places.contains_key(key) {
            return None;
        }
        let place = Arc::clone(places.entry(key.clone()).or_default());
        Some(Visit {
            connections: &self.0,
            key: key.clone(),
            place,
        })
    }

    async fn open(&self, key: &Key, seed: &str) -> Result<(u64, Arc<Connection>), Failure> {
        let policy = &self.0.policy;
        let addresses = net::resolve(&key.host, key.port, policy.allow_private)
            .await
            .map_err(|error| unreachable(&error))?;
        let stream = TcpStream::connect(&*addresses)
            .await
            .map_err(|error| broken(&error))?;
        let _ = stream.set_nodelay(true); // slower without, and no worse
        let stream: Box<dyn Stream> = if key.tls {
            let secured = net::secured(&policy.trust, stream, &key.host).await;
            Box::new(secured.map_err(|error| unreachable(&error))?)
        } else {
            Box::new(stream)
        };
        let number = self.0.made.fetch_add(1, Ordering::Relaxed);
        // Two at once must not have the same id, or the broker would end the first.
        let digest = Sha256::digest(format!("{seed} {number}"));
        let digits = digest
            .iter()
            .take(8)
            .fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
        let login = Login {
            version: key.version,
            client_id: &format!("mapacha{digits:016x}"),
            username: key.username.as_deref(),
            password: key.password.as_deref(),
        };
        let (connections, its_key) = (Arc::downgrade(&self.0), key.clone());
        let unused = move || {
            if let Some(connections) = connections.upgrade() {
                connections.forget(&its_key, number);
            }
        };
        let connection = Connection::open(stream, &login, self.0.idle, unused).await?;
        Ok((number, connection))
    }
}

impl Shared {
    /// Lets go of a connection, which ends when those who use it are done.
    fn forget(&self, key: &Key, number: u64) {
        let mut places = self.places.lock();
        let Some(place) = places.get(key) else { return };
        let gone = {
            let mut open = place.open.lock();
            let is_it = open.as_ref().is_some_and(|(known, _)| *known == number);
            if is_it { open.take() } else { None }
        };
        // Nobody is at a place that nobody but the map holds.
        if place.open.lock().is_none() && Arc::strong_count(place) == 1 {
            places.remove(key);
        }
        drop(places);
        drop(gone);
    }
}

/// Somebody at a place, which goes with the last of them if nothing is open there.
struct Visit<'a> {
    connections: &'a Shared,
    key: Key,
    place: Arc<Place>,
}

impl Drop for Visit<'_> {
    fn drop(&mut self) {
        let mut places = self.connections.places.lock();
        // The map's and this one.
        if self.place.open.lock().is_none() && Arc::strong_count(&self.place) <= 2 {
            places.remove(&self.key);
        }
    }
}
