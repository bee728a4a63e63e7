//! Guesses are slowed down, and nobody is locked out by another's guesses.
//!
//! What is tried is counted for the account it is tried on and for the address it comes from; past a few, each next
//! one waits twice as long as the one before. A browser in which somebody logged in to this account before has a
//! signed cookie and a count of its own instead, so whoever guesses at an account from elsewhere does not slow down
//! its owner (OWASP, "device cookies").
//!
//! An attempt is counted before it is looked at and given back when it was right: so those that run at the same time
//! count, too.

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;

use ngsi_ld::Timestamp;

use crate::error::{Error, Result};
use crate::secret::Digest;

/// The longest wait, in seconds.
const LONGEST_WAIT_S: i64 = 900;
/// After so long without another, one failure is forgotten, in seconds.
const FORGOTTEN_S: i64 = 1800;
/// How many counts are kept at most.
const MAX_COUNTS: usize = 100_000;

/// Where an attempt comes from: an IPv4 address, or the network of an IPv6 one (a household has all of a /64).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Source(Option<IpAddr>);

impl Source {
    /// Of a client's address, where it is known.
    pub fn of(address: Option<IpAddr>) -> Self {
        Self(address.map(|address| match address.to_canonical() {
            IpAddr::V4(v4) => IpAddr::V4(v4),
            IpAddr::V6(v6) => {
                let [a, b, c, d, ..] = v6.segments();
                IpAddr::V6([a, b, c, d, 0, 0, 0, 0].into())
            }
        }))
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(address) => address.fmt(f),
            None => f.write_str("unknown"),
        }
    }
}

/// What attempts are counted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Count {
    /// Passwords for the account of this name, which may not exist.
    Account(Name),
    /// Second factors of an account.
    Second(Name),
    /// Passkeys of an account.
    Passkey(Name),
    /// Claim codes that an account tries, of whatever devices.
    Claimant(Name),
    /// Anything from an address.
    Source(Source),
    /// Anything for one account from a browser that was there before.
    Browser(Name),
}

/// The digest of a name or an id: all names take the same room.
pub(crate) type Name = [u8; 32];

/// A name to count by.
pub(crate) fn name(text: &str) -> Name {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(Digest::of("count", text).as_bytes());
    bytes
}

impl Count {
    /// How many are looked at without a wait.
    fn free(self) -> u32 {
        match self {
            Self::Account(_) | Self::Second(_) | Self::Passkey(_) => 5,
            Self::Browser(_) | Self::Claimant(_) => 10,
            // Behind one address there may be an office.
            Self::Source(_) => 20,
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    last: Timestamp,
}

impl Failures {
    /// What is left of them by now.
    fn now(self, now: Timestamp) -> u32 {
        let passed = now.as_micros().saturating_sub(self.last.as_micros()) / 1_000_000;
        let forgotten = u32::try_from((passed / FORGOTTEN_S).max(0)).unwrap_or(u32::MAX);
        self.count.saturating_sub(forgotten)
    }
}

/// All counts.
#[derive(Default)]
pub(crate) struct Throttle {
    counts: HashMap<Count, Failures>,
}

impl Throttle {
    /// Says how long to wait, if at all, and counts nothing.
    pub(crate) fn look(&mut self, counts: &[Count], now: Timestamp) -> Result<()> {
        // A clock that was set back makes nobody wait for it to come round again.
        for count in counts {
            if let Some(failures) = self.counts.get_mut(count) {
                failures.last = failures.last.min(now);
            }
        }
        let wait = counts
            .iter()
            .map(|count| self.wait(*count, now))
            .max()
            .unwrap_or(0);
        if wait > 0 {
            return Err(Error::Wait { seconds: wait });
        }
        Ok(())
    }

    /// Counts an attempt for each of these, or says how long to wait; then it counts for none.
    pub(crate) fn begin(&mut self, counts: &[Count], now: Timestamp) -> Result<()> {
        self.look(counts, now)?;
        self.make_room(now);
        for count in counts {
            let left = self.counts.get(count).map_or(0, |failures| failures.now(now));
            let failures = Failures {
                count: left.saturating_add(1),
                last: now,
            };
            self.counts.insert(*count, failures);
        }
        Ok(())
    }

    /// The attempt was right, or was not looked at after all.
    pub(crate) fn give_back(&mut self, counts: &[Count]) {
        for count in counts {
            if let Some(failures) = self.counts.get_mut(count) {
                failures.count = failures.count.saturating_sub(1);
                if failures.count == 0 {
                    self.counts.remove(count);
                }
            }
        }
    }

    /// How long the next attempt has to wait, in seconds.
    fn wait(&self, count: Count, now: Timestamp) -> u64 {
        let Some(failures) = self.counts.get(&count) else {
            return 0;
        };
        let Some(over) = failures.now(now).checked_sub(count.free()) else {
            return 0;
        };
        let wait_s = 1_i64
            .checked_shl(over.min(62))
            .unwrap_or(LONGEST_WAIT_S)
            .min(LONGEST_WAIT_S);
        let until = failures.last.plus_micros(wait_s * 1_000_000);
        let left_us = until.as_micros() - now.as_micros();
        let left_s = left_us.div_euclid(1_000_000) + i64::from(left_us.rem_euclid(1_000_000) > 0);
        u64::try_from(left_s).unwrap_or(0)
    }

    fn make_room(&mut self, now: Timestamp) {
        if self.counts.len() < MAX_COUNTS {
            return;
        }
        self.counts.retain(|_, failures| failures.now(now) > 0);
        // Still full: those with the fewest failures go, as they are the nearest to being forgotten.
        let mut least = 1;
        while self.counts.len() >= MAX_COUNTS {
            self.counts.retain(|_, failures| failures.count > least);
            least *= 2;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(1_800_000_000 + seconds)
    }

    #[test]
    fn the_wait_doubles_up_to_the_longest_and_is_forgotten() {
        let mut throttle = Throttle::default();
        let account = Count::Account(name("ada"));
        let mut now = 0;
        let mut waits = Vec::new();
        for _ in 0..18 {
            let wait = match throttle.begin(&[account], at(now)) {
                Ok(()) => 0,
                Err(Error::Wait { seconds }) => {
                    now += i64::try_from(seconds).unwrap();
                    throttle.begin(&[account], at(now)).unwrap();
                    seconds
                }
                Err(other) => panic!("{other}"),
            };
            waits.push(wait);
        }
        assert_eq!(
            waits,
            [
                0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900
            ]
        );
        // A day later nothing is left.
        assert_eq!(throttle.wait(account, at(now + 86_400)), 0);
        assert!(throttle.begin(&[account], at(now + 86_400)).is_ok());
    }

    #[test]
    fn a_thousand_tries_are_at_most_twenty() {
        for step in [0, 1, 2] {
            let mut throttle = Throttle::default();
            let counts = [Count::Account(name("ada")), Count::Source(Source::default())];
            let looked_at = (0..1000)
                .filter(|second| throttle.begin(&counts, at(second * step)).is_ok())
                .count();
            assert!((5..=20).contains(&looked_at), "{step}: {looked_at}");
        }
    }

    #[test]
    fn one_source_over_many_accounts_is_slowed_and_a_right_one_is_given_back() {
        let mut throttle = Throttle::default();
        let source = Count::Source(Source::of(Some("192.0.2.1".parse().unwrap())));
        let looked_at = (0..1000)
            .filter(|n| {
                let counts = [Count::Account(name(&n.to_string())), source];
                throttle.begin(&counts, at(0)).is_ok()
            })
            .count();
        assert_eq!(looked_at, 20);
        let mut throttle = Throttle::default();
        for _ in 0..1000 {
            throttle.begin(&[source], at(0)).unwrap();
            throttle.give_back(&[source]);
        }
        assert!(throttle.counts.is_empty());
    }

    #[test]
    fn addresses_are_grouped_as_people_have_them() {
        let source = |text: &str| Source::of(Some(text.parse().unwrap()));
        assert_eq!(source("2001:db8:1:2::1"), source("2001:db8:1:2:ffff::9"));
        assert_ne!(source("2001:db8:1:2::1"), source("2001:db8:1:3::1"));
        assert_eq!(source("::ffff:192.0.2.1"), source("192.0.2.1"));
        assert_ne!(source("192.0.2.1"), source("192.0.2.2"));
    }

    #[test]
    fn memory_is_bounded_and_the_worst_are_kept() {
        let mut throttle = Throttle::default();
        let worst = Count::Account(name("worst"));
        for _ in 0..5 {
            throttle.begin(&[worst], at(0)).unwrap();
        }
        for n in 0..MAX_COUNTS + 10 {
            throttle
                .begin(&[Count::Account(name(&n.to_string()))], at(0))
                .unwrap();
        }
        assert!(throttle.counts.len() <= MAX_COUNTS);
        assert!(throttle.wait(worst, at(0)) > 0);
    }
}
