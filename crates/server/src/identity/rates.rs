//! How many requests somebody may make: a bucket of tokens for each account, key or device, for each source of requests
//! that do not say who sends them, and for each tenant.
//!
//! A bucket is one instant: when it would be full again (the generic cell rate algorithm). So nothing has to be filled in
//! the background, and an account that rests costs nothing. Buckets lie in shards, each behind a lock that is held for two
//! look-ups at most; a shard keeps two generations, and where the younger one is full the older one goes: memory is bounded,
//! and who has not asked for long is forgotten first, with a full bucket.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};

use access::{Principal, Source};
use axum::http::{StatusCode, header};
use ngsi_ld::Timestamp;
use parking_lot::Mutex;

use crate::problem::{Answer, Problem};

/// How many shards there are.
const SHARDS: usize = 16;
/// How many buckets a generation of a shard has at most.
const MOST: usize = 4096;
/// A second, in nanoseconds.
const SECOND_NS: i64 = 1_000_000_000;

/// How fast a bucket fills, and how much it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Requests a second, in the long run.
    per_second: u32,
    /// Requests at once, after a rest.
    burst: u32,
}

/// What is set for whom; `None`: no bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rates {
    /// For each account, key and device.
    pub caller: Option<Rate>,
    /// For each source of requests that do not say who sends them, or say it wrongly.
    pub stranger: Option<Rate>,
    /// For all in a tenant together who said who they are.
    pub tenant: Option<Rate>,
}

impl Rate {
    /// So many requests a second in the long run, and so many at once after a rest, one at least; none a second: no bound.
    pub fn of(per_second: u32, burst: u32) -> Option<Self> {
        let burst = burst.max(1);
        (per_second > 0).then_some(Self { per_second, burst })
    }

    /// What one request costs, in nanoseconds; rounded up, so that never more are let through.
    fn period_ns(self) -> i64 {
        let per_second = i64::from(self.per_second);
        (SECOND_NS + per_second - 1) / per_second
    }

    /// Takes a token at an instant from the bucket that is full at another, or says how long the next token takes.
    fn take(self, full_at_ns: &mut i64, now_ns: i64) -> Result<(), i64> {
        let period = self.period_ns();
        let burst = i64::from(self.burst);
        // A clock that was set back makes nobody wait for it to come round again.
        *full_at_ns = (*full_at_ns).clamp(now_ns, now_ns.saturating_add(period.saturating_mul(burst)));
        let wait = *full_at_ns - now_ns - period.saturating_mul(burst - 1);
        if wait > 0 {
            Err(wait)
        } else {
            *full_at_ns += period;
            Ok(())
        }
    }
}

/// When each bucket is full again.
#[derive(Default)]
struct Shard {
    young: HashMap<u64, i64>,
    old: HashMap<u64, i64>,
}

impl Shard {
    fn take(&mut self, who: u64, rate: Rate, now_ns: i64) -> Result<(), i64> {
        if let Some(full_at) = self.young.get_mut(&who) {
            return rate.take(full_at, now_ns);
        }
        let mut full_at = self.old.remove(&who).unwrap_or(now_ns);
        if self.young.len() >= MOST {
            self.old = std::mem::take(&mut self.young);
        }
        let taken = rate.take(&mut full_at, now_ns);
        self.young.insert(who, full_at);
        taken
    }
}

/// The buckets of all.
pub(crate) struct Buckets {
    shards: [Mutex<Shard>; SHARDS],
    /// By a secret of this process: nobody can choose whose bucket they share.
    hasher: RandomState,
}

impl Default for Buckets {
    fn default() -> Self {
        Self {
            shards: std::array::from_fn(|_| Mutex::default()),
            hasher: RandomState::new(),
        }
    }
}

impl Buckets {
    /// Refuses a request of somebody known, or of whoever sends from a source, who makes more than they may.
    pub(super) fn of_caller(
        &self,
        rates: &Rates,
        principal: Option<&Principal>,
        from: impl FnOnce() -> Source,
        now: Timestamp,
    ) -> Answer<()> {
        let (rate, taken) = match (principal, rates.caller, rates.stranger) {
            (Some(principal), Some(rate), _) => (rate, self.take(("caller", &*principal.id), rate, now)),
            (None, _, Some(rate)) => (rate, self.take(("stranger", from()), rate, now)),
            _ => return Ok(()),
        };
        let whose = match principal {
            Some(_) => "you may make",
            None => "whoever does not say who they are may make, from one address,",
        };
        taken.map_err(|seconds| many(whose, rate, seconds))
    }

    /// Refuses a request where those in its tenant make more than they may together.
    pub(super) fn of_tenant(&self, rates: &Rates, tenant: Option<&str>, now: Timestamp) -> Answer<()> {
        let Some(rate) = rates.tenant else {
            return Ok(());
        };
        let taken = self.take(("tenant", tenant.unwrap_or_default()), rate, now);
        taken.map_err(|seconds| many("all in this tenant may make together", rate, seconds))
    }

    /// Lets a request of somebody through, or says in how many seconds it would be (1 at least).
    fn take(&self, who: impl Hash, rate: Rate, now: Timestamp) -> Result<(), u64> {
        let who = self.hasher.hash_one(who);
        let now_ns = now.as_micros().saturating_mul(1000);
        let shard = usize::try_from(who % (SHARDS as u64)).unwrap_or_default();
        let Some(shard) = self.shards.get(shard) else {
            return Ok(()); // what is left of a division by their number is always one
        };
        let taken = shard.lock().take(who, rate, now_ns);
        taken.map_err(|wait_ns| u64::try_from((wait_ns + SECOND_NS - 1) / SECOND_NS).unwrap_or(1))
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        let of = |shard: &Mutex<Shard>| {
            let shard = shard.lock();
            shard.young.len() + shard.old.len()
        };
        self.shards.iter().map(of).sum()
    }
}

fn many(whose: &str, rate: Rate, seconds: u64) -> Problem {
    let Rate { per_second, burst } = rate;
    let detail = format!(
        "{whose} {per_second} requests a second, and {burst} at once after a rest: come back in {seconds} s, send several \
         things in one batch, or ask who runs the server for more ([limits])"
    );
    Problem::named(
        StatusCode::TOO_MANY_REQUESTS,
        "many-requests",
        "There are too many requests",
        detail,
    )
    .header(header::RETRY_AFTER, &seconds.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(micros: i64) -> Timestamp {
        Timestamp::from_micros(1_800_000_000_000_000 + micros)
    }

    /// Numbers that look random (Knuth's MMIX).
    fn next(seed: &mut u64) -> u64 {
        *seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        *seed >> 33
    }

    #[test]
    fn never_more_than_the_burst_and_what_came_in_since() {
        let mut seed = 7;
        for _ in 0..300 {
            let rate = Rate {
                per_second: u32::try_from(next(&mut seed) % 2000 + 1).unwrap(),
                burst: u32::try_from(next(&mut seed) % 50 + 1).unwrap(),
            };
            let buckets = Buckets::default();
            let mut now = 0;
            // When each was let through.
            let mut through: Vec<i64> = Vec::new();
            for _ in 0..400 {
                // Mostly at once, now and then after a rest.
                now += match next(&mut seed) % 10 {
                    0 => i64::try_from(next(&mut seed) % 100_000).unwrap(),
                    1..4 => i64::try_from(next(&mut seed) % 1000).unwrap(),
                    _ => 0,
                };
                if buckets.take("ada", rate, at(now)).is_ok() {
                    through.push(now);
                }
            }
            // In every stretch of time, not only from the beginning.
            for first in 0..through.len() {
                for last in first..through.len() {
                    let count = u64::try_from(last - first + 1).unwrap();
                    let micros = u64::try_from(through[last] - through[first]).unwrap();
                    let most = u64::from(rate.burst) * 1_000_000 + u64::from(rate.per_second) * micros;
                    assert!(count * 1_000_000 <= most, "{rate:?}: {count} in {micros} µs");
                }
            }
        }
    }

    #[test]
    fn who_waits_as_long_as_was_said_is_let_through_and_who_waits_less_is_not() {
        let (buckets, rate) = (
            Buckets::default(),
            Rate {
                per_second: 1,
                burst: 3,
            },
        );
        let take = |micros| buckets.take("ada", rate, at(micros));
        assert_eq!([take(0), take(0), take(0)], [Ok(()); 3]);
        assert_eq!(take(0), Err(1));
        // To be refused costs nothing.
        assert_eq!(take(999_999), Err(1));
        assert_eq!([take(1_000_000), take(1_000_000)], [Ok(()), Err(1)]);
        // After a rest the burst is there again, and no more.
        let rested = 60_000_000;
        assert_eq!([take(rested), take(rested), take(rested)], [Ok(()); 3]);
        assert_eq!(take(rested), Err(1));
        // Somebody else has a bucket of their own, and a clock that is set back by a day holds nobody up for a day.
        assert_eq!(buckets.take("ben", rate, at(rested)), Ok(()));
        let before = rested - 86_400_000_000;
        assert_eq!(take(before), Err(1));
        assert_eq!(take(before + 1_000_000), Ok(()));
    }

    #[test]
    fn so_many_are_remembered_and_those_who_ask_are_not_forgotten() {
        let (buckets, rate) = (
            Buckets::default(),
            Rate {
                per_second: 1,
                burst: 2,
            },
        );
        assert_eq!(
            [buckets.take("ada", rate, at(0)), buckets.take("ada", rate, at(0))],
            [Ok(()); 2]
        );
        for n in 0..500_000_u32 {
            assert_eq!(buckets.take(n, rate, at(0)), Ok(()));
            if n % 1000 == 0 {
                assert_eq!(buckets.take("ada", rate, at(0)), Err(1), "{n}");
            }
        }
        assert!(buckets.len() <= SHARDS * 2 * MOST, "{}", buckets.len());
    }
}
