//! A store in memory, a clock that is set, chance from a seed, and passwords that cost little.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use access::{
    Access, Attempt, Cost, Entered, Error, NewPerson, Opened, Permissions, Person, Random, Role, Settings,
    Source,
};
use hmac::{Hmac, KeyInit as _, Mac as _};
use ngsi_ld::Timestamp;
use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use storage::Memory;
use storage::environment::ManualClock;
use tempfile::TempDir;
use twin::{Tenants, Twin};

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
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(
            Timestamp::parse("2026-05-01T12:00:00Z").unwrap(),
        ));
        let shared: Arc<dyn twin::Clock> = Arc::<ManualClock>::clone(&clock);
        let tenants = Tenants::open(folder.path(), shared, |_| Ok(Box::new(Memory::new()))).unwrap();
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
