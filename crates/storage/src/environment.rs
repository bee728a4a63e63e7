//! What the program takes from the world, passed in so that tests can be the world: time, chance and the disk.
//!
//! [`Disk`] is what this crate itself asks of the file system: folders, the lock, the folder's fsync, the room
//! that is left. The pages of the database go through SQLite's own VFS; a simulated disk under those is a later
//! step (a VFS of our own beside the `RealDisk` here), and nothing above this file changes for it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;
use std::sync::Arc;

use ngsi_ld::Timestamp;
use parking_lot::Mutex;
use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng};

/// The time.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// Chance, from a seed that is printed.
pub trait Rng: Send + Sync {
    /// The next number.
    fn next_u64(&self) -> u64;
}

/// What we do with the file system ourselves.
pub trait Disk: Send + Sync {
    /// Makes a folder and those above it, where they are missing.
    fn create_folder(&self, folder: &Path) -> io::Result<()>;
    /// Takes the lock that this file stands for, until the answer is dropped; `None` when another has it.
    fn lock(&self, file: &Path) -> io::Result<Option<Box<dyn Held>>>;
    /// Makes the folder's list of files durable.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;
    /// Bytes that can still be written below this folder; `None` where the system does not say.
    fn free_bytes(&self, folder: &Path) -> io::Result<Option<u64>>;
}

/// A lock that is held as long as this value lives.
pub trait Held: Send + Sync {}

/// All three, as the engine is given them.
#[derive(Clone)]
pub struct Environment {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub rng: Arc<dyn Rng>,
    /// The disk.
    pub disk: Arc<dyn Disk>,
}

impl Environment {
    /// The world as it is; chance from `seed`.
    pub fn real(seed: u64) -> Self {
        Self {
            clock: Arc::new(SystemClock),
            rng: Arc::new(SeededRng::new(seed)),
            disk: Arc::new(RealDisk),
        }
    }
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(
        clippy::disallowed_methods,
        reason = "this is the one place that asks the machine"
    )]
    fn now(&self) -> Timestamp {
        jiff::Timestamp::now().into()
    }
}

/// A clock that stands still until it is told.
#[derive(Debug)]
pub struct ManualClock(Mutex<Timestamp>);

impl ManualClock {
    /// A clock that shows this instant.
    pub fn new(now: Timestamp) -> Self {
        Self(Mutex::new(now))
    }

    /// Shows this instant from now on.
    pub fn set(&self, now: Timestamp) {
        *self.0.lock() = now;
    }

    /// Goes forward by so many microseconds.
    pub fn advance(&self, micros: i64) {
        let mut now = self.0.lock();
        *now = now.plus_micros(micros);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.0.lock()
    }
}

/// ChaCha with twelve rounds: the same numbers for the same seed, on every machine.
pub struct SeededRng(Mutex<ChaCha12Rng>);

impl SeededRng {
    /// From a seed.
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(ChaCha12Rng::seed_from_u64(seed)))
    }
}

impl Rng for SeededRng {
    fn next_u64(&self) -> u64 {
        self.0.lock().next_u64()
    }
}

/// The machine's disk.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealDisk;

/// An open file whose lock the system gives back when it is closed, also when the process is killed.
struct LockFile(#[allow(dead_code, reason = "held for its lock")] File);

impl Held for LockFile {}

impl Disk for RealDisk {
    fn create_folder(&self, folder: &Path) -> io::Result<()> {
        std::fs::create_dir_all(folder)
    }

    fn lock(&self, file: &Path) -> io::Result<Option<Box<dyn Held>>> {
        let opened = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(file)?;
        match opened.try_lock() {
            Ok(()) => Ok(Some(Box::new(LockFile(opened)))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    #[cfg(unix)]
    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        File::open(folder)?.sync_all()
    }

    #[cfg(not(unix))]
    fn sync_folder(&self, _folder: &Path) -> io::Result<()> {
        Ok(()) // the other systems cannot open a folder as a file, and order their metadata themselves
    }

    #[cfg(unix)]
    fn free_bytes(&self, folder: &Path) -> io::Result<Option<u64>> {
        let system = rustix::fs::statvfs(folder)?;
        Ok(Some(system.f_bavail.saturating_mul(system.f_frsize)))
    }

    #[cfg(not(unix))]
    fn free_bytes(&self, _folder: &Path) -> io::Result<Option<u64>> {
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_numbers() {
        let (one, two) = (SeededRng::new(7), SeededRng::new(7));
        let numbers: Vec<u64> = (0..4).map(|_| one.next_u64()).collect();
        assert_eq!(numbers, (0..4).map(|_| two.next_u64()).collect::<Vec<_>>());
        assert_ne!(numbers[0], numbers[1]);
    }

    #[test]
    fn a_manual_clock_moves_when_told() {
        let clock = ManualClock::new(Timestamp::from_seconds(5));
        clock.advance(1);
        assert_eq!(clock.now(), Timestamp::from_micros(5_000_001));
        clock.set(Timestamp::from_seconds(1));
        assert_eq!(clock.now(), Timestamp::from_seconds(1));
    }

    #[test]
    fn a_lock_is_taken_once_and_given_back() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.lock");
        let held = RealDisk.lock(&file).unwrap();
        assert!(held.is_some());
        assert!(RealDisk.lock(&file).unwrap().is_none());
        drop(held);
        assert!(RealDisk.lock(&file).unwrap().is_some());
        assert!(
            RealDisk
                .free_bytes(folder.path())
                .unwrap()
                .is_none_or(|bytes| bytes > 0)
        );
    }
}
