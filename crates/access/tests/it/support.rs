//! A store in memory, a clock that is set, chance from a seed, and passwords that cost little.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use access::{
    Access, Attempt, Cost, Entered, Error, NewPerson, Opened, PasskeyInfo, Permissions, Person, Random,
    RelyingParty, Role, Settings, Source,
};
use hmac::{Hmac, KeyInit as _, Mac as _};
use ngsi_ld::Timestamp;
use parking_lot::Mutex;
use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use storage::Memory;
use storage::environment::ManualClock;
use tempfile::TempDir;
use twin::{Deed, Limits, Row, StorageReader, Tenants, Twin, Witness, Witnesses};

use crate::authenticator::{Authenticator, unbase64url};

pub(crate) const GOOD: &str = "kikuyu matatu jua wimbo";
pub(crate) const OTHER: &str = "bahari nyota mlima upepo";
pub(crate) const WRONG: &str = "never the right password";

pub(crate) const LEAST: Cost = Cost {
    memory_kib: 8,
    passes: 1,
    lanes: 1,
};

/// SHA-256 of a seed and a counter.
pub(crate) struct Seeded(AtomicU64);

impl Seeded {
    pub(crate) fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed << 32))
    }
}

impl Random for Seeded {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), String> {
        for chunk in bytes.chunks_mut(32) {
            let block = Sha256::digest(self.0.fetch_add(1, Ordering::Relaxed).to_le_bytes());
            chunk.copy_from_slice(&block[..chunk.len()]);
        }
        Ok(())
    }
}

pub(crate) struct Rig {
    pub(crate) access: Access,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) twin: Twin,
    _tenants: Tenants,
    _folder: TempDir,
}

pub(crate) fn settings() -> Settings {
    Settings {
        cost: LEAST,
        idle: Duration::from_mins(30),
        longest: Duration::from_hours(8),
        ..Settings::default()
    }
}

impl Rig {
    pub(crate) fn new() -> Self {
        Self::over(None)
    }

    /// With what the audit log is told of: the actions, in order.
    pub(crate) fn witnessed() -> (Self, Arc<Mutex<Vec<String>>>) {
        let told: Arc<Mutex<Vec<String>>> = Arc::default();
        let witnesses = Arc::new(Listening(Arc::clone(&told)));
        (Self::over(Some(witnesses)), told)
    }

    fn over(witnesses: Option<Arc<dyn Witnesses>>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(
            Timestamp::parse("2026-05-01T12:00:00Z").unwrap(),
        ));
        let shared: Arc<dyn twin::Clock> = Arc::<ManualClock>::clone(&clock);
        let factory =
            |_: &str| -> Result<Box<dyn twin::Storage>, twin::StorageError> { Ok(Box::new(Memory::new())) };
        let tenants =
            Tenants::open_witnessed(folder.path(), shared, Limits::default(), witnesses, factory).unwrap();
        let twin = tenants.get(None).unwrap();
        Self {
            access: open(&twin, &clock, 1, settings()),
            clock,
            twin,
            _tenants: tenants,
            _folder: folder,
        }
    }

    /// The same store, as the next start of the program finds it.
    pub(crate) fn restarted(&self) -> Access {
        open(&self.twin, &self.clock, 2, settings())
    }

    pub(crate) fn wait_s(&self, seconds: i64) {
        self.clock.advance(seconds * 1_000_000);
    }

    pub(crate) fn person(&self, name: &str, roles: &[Role]) -> Person {
        let new = NewPerson {
            name,
            roles,
            password: Some(GOOD),
            ..NewPerson::default()
        };
        self.access.add_person(&new, Permissions::all()).unwrap().0
    }

    pub(crate) fn log_in(&self, name: &str, password: &str) -> Result<Entered, Error> {
        self.access.log_in(name, password, &from("192.0.2.1"))
    }

    /// Logs in where no second factor is asked for.
    pub(crate) fn enter(&self, name: &str) -> Opened {
        opened(self.log_in(name, GOOD))
    }

    pub(crate) fn is_in(&self, opened: &Opened) -> bool {
        self.access.of_session(&opened.token).is_some()
    }
}

pub(crate) fn open(twin: &Twin, clock: &Arc<ManualClock>, seed: u64, settings: Settings) -> Access {
    let shared: Arc<dyn twin::Clock> = Arc::<ManualClock>::clone(clock);
    Access::open(twin.clone(), shared, Seeded::new(seed), settings).unwrap()
}

pub(crate) fn from(address: &str) -> Attempt<'static> {
    Attempt {
        from: source(address),
        browser: "Test/1.0",
        ..Attempt::default()
    }
}

pub(crate) fn source(address: &str) -> Source {
    Source::of(Some(address.parse().unwrap()))
}

pub(crate) fn opened(entered: Result<Entered, Error>) -> Opened {
    match entered {
        Ok(Entered::In(opened)) => opened,
        Ok(Entered::SecondFactor(_)) => panic!("a second factor is asked for"),
        Err(error) => panic!("{error}"),
    }
}

/// The code that an app shows, computed here from what a person types into it (RFC 6238, RFC 4648).
pub(crate) fn shown(secret: &str, now: Timestamp) -> String {
    let (mut bytes, mut held, mut bits) = (Vec::new(), 0_u32, 0);
    for digit in secret.bytes() {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'2'..=b'7' => digit - b'2' + 26,
            _ => panic!("{secret} is not base 32"),
        };
        held = held << 5 | u32::from(value);
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(held >> bits & 0xff).unwrap());
        }
    }
    let mut mac = Hmac::<Sha1>::new_from_slice(&bytes).unwrap();
    mac.update(&(now.as_micros() / 30_000_000).to_be_bytes());
    let hash = mac.finalize().into_bytes();
    let at = usize::from(hash[19] & 0xf);
    let number = u32::from_be_bytes(hash[at..at + 4].try_into().unwrap()) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}

/// Passkeys in a rig.
impl Rig {
    pub(crate) fn site() -> RelyingParty {
        RelyingParty::of_origin(crate::authenticator::ORIGIN).unwrap()
    }

    /// The answer of an authenticator to a wish for a passkey in this session, and the passkey if it was taken.
    pub(crate) fn add(
        &self,
        opened: &Opened,
        authenticator: &mut Authenticator,
    ) -> Result<PasskeyInfo, Error> {
        let request = self.access.begin_passkey(
            &opened.person,
            &opened.token,
            GOOD,
            &Self::site(),
            source("192.0.2.1"),
        )?;
        authenticator.user = unbase64url(&request.user);
        let sent = authenticator.creating(&request.challenge).sent();
        let new = sent.new_passkey("phone", &[]);
        self.access.add_passkey(&opened.person, &opened.token, &new)
    }

    /// A login with a passkey, of whoever has it.
    pub(crate) fn show(&self, authenticator: &Authenticator, flags: u8) -> Result<Entered, Error> {
        let from = from("192.0.2.1");
        let begun = self
            .access
            .begin_passkey_login(None, &Self::site(), from.from)
            .unwrap();
        let mut showing = authenticator.showing(&begun.challenge);
        showing.flags = flags;
        let sent = showing.sent();
        self.access.log_in_by_passkey(&begun.token, &sent.shown(), &from)
    }
}

/// Keeps what the audit log would be told.
struct Listening(Arc<Mutex<Vec<String>>>);

impl Witness for Listening {
    fn saw(&mut self, deeds: &[Deed<'_>], _now: Timestamp) -> Result<Vec<Row>, twin::Error> {
        for deed in deeds {
            if let Deed::Event(event) = deed {
                self.0.lock().push(event.action.to_string());
            }
        }
        Ok(Vec::new())
    }

    fn rest(&mut self, _now: Timestamp, _last: bool) -> Vec<Row> {
        Vec::new()
    }

    fn is_at_rest(&self) -> bool {
        true
    }

    fn settled(&mut self, _durable: bool) {}
}

impl Witnesses for Listening {
    fn of(
        &self,
        _tenant: Option<&str>,
        _reader: &Arc<dyn StorageReader>,
    ) -> Result<Option<Box<dyn Witness>>, twin::Error> {
        Ok(Some(Box::new(Self(Arc::clone(&self.0)))))
    }
}
