//! Passwords as they are stored: Argon2id (RFC 9106), each with its own salt and the costs it was made with.
//!
//! A hash takes tens of milliseconds and 19 MiB on purpose. So few run at once, few more wait, and the rest are told
//! to come back: a storm of logins takes neither the processor nor the memory from the city.

pub(crate) mod rules;

use argon2::{Algorithm, Argon2, Params, Version};
use parking_lot::{Condvar, Mutex};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::secret::{self, Random};

/// How many hashes are computed at once.
const AT_ONCE: usize = 2;
/// How many wait for that at most.
const WAITING: usize = 32;

/// What a hash costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// Memory, in KiB.
    #[serde(rename = "m")]
    pub memory_kib: u32,
    /// Passes over the memory.
    #[serde(rename = "t")]
    pub passes: u32,
    /// Lanes.
    #[serde(rename = "p")]
    pub lanes: u32,
}

impl Cost {
    /// OWASP's Password Storage Cheat Sheet: 19 MiB, two passes, one lane.
    pub const CURRENT: Self = Self {
        memory_kib: 19 * 1024,
        passes: 2,
        lanes: 1,
    };
}

/// A password, hashed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Hashed {
    #[serde(flatten)]
    cost: Cost,
    #[serde(with = "as_hex")]
    salt: Vec<u8>,
    #[serde(with = "as_hex")]
    hash: Vec<u8>,
}

/// Bytes in JSON.
mod as_hex {
    use crate::secret;
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&secret::hex(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        secret::unhex(&text).ok_or_else(|| serde::de::Error::custom("not hexadecimal digits"))
    }
}

/// Computes hashes, a few at a time.
pub(crate) struct Hasher {
    cost: Cost,
    at_work: Mutex<AtWork>,
    done: Condvar,
}

#[derive(Default)]
struct AtWork {
    running: usize,
    waiting: usize,
    /// How many were computed since the start.
    computed: u64,
}

impl Hasher {
    /// With what new hashes cost.
    pub(crate) fn new(cost: Cost) -> Self {
        Self {
            cost,
            at_work: Mutex::default(),
            done: Condvar::new(),
        }
    }

    /// A new hash of a password.
    pub(crate) fn hash(&self, random: &dyn Random, password: &str) -> Result<Hashed> {
        let salt = secret::bytes::<16>(random)?;
        let hash = self.compute(self.cost, &salt, password)?;
        Ok(Hashed {
            cost: self.cost,
            salt: salt.to_vec(),
            hash,
        })
    }

    /// Whether a password is the one that was hashed. Where there is none, the same work is done, for nothing.
    pub(crate) fn is(&self, password: &str, hashed: Option<&Hashed>) -> Result<bool> {
        let Some(hashed) = hashed else {
            self.compute(self.cost, b"nobody has this.", password)?;
            return Ok(false);
        };
        let hash = self.compute(hashed.cost, &hashed.salt, password)?;
        Ok(secret::same(&hash, &hashed.hash))
    }

    /// Whether a hash was made with other costs than new ones are.
    pub(crate) fn is_old(&self, hashed: &Hashed) -> bool {
        hashed.cost != self.cost
    }

    fn compute(&self, cost: Cost, salt: &[u8], password: &str) -> Result<Vec<u8>> {
        let _turn = self.turn()?;
        let failed = |error: argon2::Error| Error::Store(format!("a password could not be hashed: {error}"));
        let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(32)).map_err(failed)?;
        let mut hash = vec![0; 32];
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(password.as_bytes(), salt, &mut hash)
            .map_err(failed)?;
        Ok(hash)
    }

    /// Waits until it may compute.
    fn turn(&self) -> Result<Turn<'_>> {
        let mut at_work = self.at_work.lock();
        if at_work.running >= AT_ONCE {
            if at_work.waiting >= WAITING {
                return Err(Error::Busy);
            }
            at_work.waiting += 1;
            while at_work.running >= AT_ONCE {
                self.done.wait(&mut at_work);
            }
            at_work.waiting -= 1;
        }
        at_work.running += 1;
        at_work.computed += 1;
        Ok(Turn(self))
    }

    /// How many hashes were computed since the start.
    pub(crate) fn computed(&self) -> u64 {
        self.at_work.lock().computed
    }
}

struct Turn<'a>(&'a Hasher);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.at_work.lock().running -= 1;
        self.0.done.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::tests::Seeded;

    const LEAST: Cost = Cost {
        memory_kib: 8,
        passes: 1,
        lanes: 1,
    };

    /// From the reference implementation's own tests (phc-winner-argon2, test.c): Argon2id, version 0x13, t = 2,
    /// m = 2^16 KiB and 2^8 KiB, p = 1.
    #[test]
    fn as_the_reference_implementation_has_it() {
        for (memory_kib, lanes, expected) in [
            (
                1 << 16,
                1,
                "09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7",
            ),
            (
                1 << 8,
                1,
                "9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe",
            ),
            (
                1 << 8,
                2,
                "6d093c501fd5999645e0ea3bf620d7b8be7fd2db59c20d9fff9539da2bf57037",
            ),
        ] {
            let cost = Cost {
                memory_kib,
                passes: 2,
                lanes,
            };
            let hash = Hasher::new(cost).compute(cost, b"somesalt", "password").unwrap();
            assert_eq!(secret::hex(&hash), expected);
        }
    }

    #[test]
    fn every_byte_of_a_password_counts() {
        let hasher = Hasher::new(LEAST);
        let random = Seeded::new(1);
        let long = "ñ".repeat(36) + "a" + &"x".repeat(200);
        let hashed = hasher.hash(&random, &long).unwrap();
        assert!(hasher.is(&long, Some(&hashed)).unwrap());
        // bcrypt would cut at 72 bytes: they differ in the 73rd.
        let other = "ñ".repeat(36) + "b" + &"x".repeat(200);
        for wrong in [
            &other,
            &long[..long.len() - 1],
            &format!("{long} "),
            &long.to_uppercase(),
            "",
        ] {
            assert!(!hasher.is(wrong, Some(&hashed)).unwrap(), "{wrong}");
        }
        assert!(!hasher.is(&long, None).unwrap());
        let again = hasher.hash(&random, &long).unwrap();
        assert!(again != hashed, "each has a salt of its own");
        assert!(!hasher.is_old(&hashed) && Hasher::new(Cost::CURRENT).is_old(&hashed));
        let json = serde_json::to_string(&hashed).unwrap();
        assert!(json.starts_with(r#"{"m":8,"t":1,"p":1,"salt":""#), "{json}");
        assert!(serde_json::from_str::<Hashed>(&json).unwrap() == hashed);
    }

    #[test]
    fn few_run_few_wait_and_the_rest_come_back() {
        let hasher = Hasher::new(LEAST);
        {
            let _one = hasher.turn().unwrap();
            let _two = hasher.turn().unwrap();
            hasher.at_work.lock().waiting = WAITING;
            assert_eq!(hasher.turn().err(), Some(Error::Busy));
            assert_eq!(hasher.is("x", None), Err(Error::Busy));
            hasher.at_work.lock().waiting = 0;
        }
        std::thread::scope(|scope| {
            let all: Vec<_> = (0..20).map(|_| scope.spawn(|| hasher.is("x", None))).collect();
            for one in all {
                assert_eq!(one.join().unwrap(), Ok(false));
            }
        });
        let at_work = hasher.at_work.lock();
        assert_eq!((at_work.running, at_work.waiting, at_work.computed), (0, 0, 22));
    }
}
