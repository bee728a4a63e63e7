//! Challenges that wait for their answer: in memory, each for one use, a short time, and no more than so many.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use ngsi_ld::Timestamp;

use super::RelyingParty;
use crate::people::later;
use crate::secret::Digest;
use crate::throttle::Source;

/// How long a challenge holds.
pub(crate) const WITHIN: Duration = Duration::from_mins(5);
/// How many wait at once; beyond that the oldest is given up.
const MOST: usize = 10_000;
/// How many of one address wait at once; beyond that the oldest of that address is given up, so that nobody gives up those
/// of others.
const MOST_OF_ONE: usize = 200;

/// What a challenge is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum For {
    /// A login; where a name was typed, of the account of that name (folded).
    Login(Option<String>),
    /// A new passkey of this person.
    Registration(Arc<str>),
}

/// A challenge that waits.
pub(crate) struct Ceremony {
    pub(crate) challenge: [u8; 32],
    pub(crate) purpose: For,
    pub(crate) rp: RelyingParty,
    pub(crate) from: Source,
}

struct Open {
    ceremony: Ceremony,
    number: u64,
    until: Timestamp,
}

/// All that wait, by the digest of what their browser has: a login its own token, a registration that of the session.
#[derive(Default)]
pub(crate) struct Ceremonies {
    open: HashMap<Digest, Open>,
    begun: u64,
}

impl Ceremonies {
    /// One more waits, in the place of an earlier one of the same browser.
    pub(crate) fn begin(&mut self, key: Digest, ceremony: Ceremony, now: Timestamp) {
        self.tidy(now);
        let from = ceremony.from;
        let of_one = |open: &&Open| open.ceremony.from == from;
        if self.open.values().filter(of_one).count() >= MOST_OF_ONE {
            self.give_up_oldest(|open| open.ceremony.from == from);
        } else if self.open.len() >= MOST {
            self.give_up_oldest(|_| true);
        }
        self.begun += 1;
        let open = Open {
            ceremony,
            number: self.begun,
            until: later(now, WITHIN),
        };
        self.open.insert(key, open);
    }

    fn give_up_oldest(&mut self, among: impl Fn(&Open) -> bool) {
        let among = self.open.iter().filter(|(_, open)| among(open));
        let oldest = among.min_by_key(|(_, open)| open.number).map(|(key, _)| *key);
        if let Some(key) = oldest {
            self.open.remove(&key);
        }
    }

    /// The one that waits, which then does no longer, whatever comes of it.
    pub(crate) fn take(&mut self, key: &Digest, now: Timestamp) -> Option<Ceremony> {
        let open = self.open.remove(key)?;
        (open.until > now).then_some(open.ceremony)
    }

    /// Puts away what nobody answered in time.
    pub(crate) fn tidy(&mut self, now: Timestamp) {
        self.open.retain(|_, open| open.until > now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(1_800_000_000 + seconds)
    }

    fn one(host: u32) -> Ceremony {
        Ceremony {
            challenge: [7; 32],
            purpose: For::Login(None),
            rp: RelyingParty::of_origin("https://twin.city.example").unwrap(),
            from: Source::of(Some(std::net::Ipv4Addr::from(host).into())),
        }
    }

    fn key(number: u32) -> Digest {
        Digest::of("test", &number.to_string())
    }

    #[test]
    fn once_and_for_a_short_time() {
        let mut all = Ceremonies::default();
        all.begin(key(1), one(1), at(0));
        assert!(all.take(&key(2), at(1)).is_none());
        assert!(all.take(&key(1), at(299)).is_some());
        assert!(all.take(&key(1), at(299)).is_none(), "once");
        all.begin(key(1), one(1), at(0));
        assert!(all.take(&key(1), at(300)).is_none(), "too late");
        all.begin(key(1), one(1), at(0));
        all.begin(key(2), one(1), at(301));
        assert_eq!(all.open.len(), 1, "what is over is put away");
    }

    #[test]
    fn memory_is_bounded_and_one_address_drives_out_only_its_own() {
        let mut all = Ceremonies::default();
        all.begin(key(0), one(1), at(0));
        for number in 1..=1000 {
            all.begin(key(number), one(2), at(1));
        }
        assert_eq!(all.open.len(), 1 + MOST_OF_ONE);
        assert!(all.take(&key(1), at(2)).is_none() && all.take(&key(1000), at(2)).is_some());
        assert!(all.take(&key(0), at(2)).is_some());
        for number in 0..11_000 {
            all.begin(key(number), one(1000 + number), at(3));
        }
        assert_eq!(all.open.len(), MOST);
        assert!(all.take(&key(0), at(4)).is_none() && all.take(&key(10_999), at(4)).is_some());
    }
}
