//! The queue of one endpoint: what waits, what is under way, and when it may be tried again.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ngsi_ld::{Timestamp, Uri};

use super::{DeliveryLimits, Letter};

/// How many waiting messages are looked at for one that may go now.
const LOOK_AHEAD: usize = 64;

/// A message in a queue.
#[derive(Clone, Debug)]
pub(crate) struct Waiting {
    pub(crate) letter: Arc<Letter>,
    pub(crate) attempts: u32,
    under_way: bool,
}

impl Waiting {
    /// How many attempts failed.
    pub(crate) fn failed(&self) -> u32 {
        self.attempts - u32::from(self.under_way)
    }
}

/// The queue of one endpoint.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    waiting: BTreeMap<u64, Waiting>,
    bytes: usize,
    /// Of how many messages an attempt is under way.
    under_way: usize,
    /// Failures since the last success.
    pub(crate) failures: u32,
    /// Why the last attempt failed, if it did.
    pub(crate) last_failure: Option<Arc<str>>,
    /// Whether the last attempt succeeded; not before the first one did.
    pub(crate) sound: bool,
    /// Not before this instant.
    pub(crate) rests_until: Option<Timestamp>,
    /// Nobody ends its rest before: it asked for that, or its subscription did.
    pub(crate) left_until: Option<Timestamp>,
    /// When it was last told that it fails; none where it was told that it does no longer.
    pub(crate) told: Option<Timestamp>,
}

impl Queue {
    pub(crate) fn push(&mut self, number: u64, letter: Arc<Letter>, attempts: u32) {
        self.bytes += letter.bytes();
        let waiting = Waiting {
            letter,
            attempts,
            under_way: false,
        };
        self.waiting.insert(number, waiting);
    }

    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// A message.
    pub(crate) fn get(&self, number: u64) -> Option<&Waiting> {
        self.waiting.get(&number)
    }

    /// Every message, oldest first.
    pub(crate) fn letters(&self) -> impl Iterator<Item = (u64, &Waiting)> {
        self.waiting.iter().map(|(number, waiting)| (*number, waiting))
    }

    /// Takes a message out. An attempt that is under way goes on, and its end is passed over.
    pub(crate) fn remove(&mut self, number: u64) -> Option<Waiting> {
        let gone = self.waiting.remove(&number)?;
        self.bytes -= gone.letter.bytes();
        if gone.under_way {
            self.under_way -= 1;
        }
        Some(gone)
    }

    /// The oldest message that no attempt is under way of.
    pub(crate) fn oldest_resting(&self) -> Option<u64> {
        let mut resting = self.waiting.iter().filter(|(_, waiting)| !waiting.under_way);
        resting.next().map(|(number, _)| *number)
    }

    /// The next message that may go: the oldest of which nothing that it tells of is under way. An endpoint that
    /// failed, or was never tried, gets one at a time.
    pub(crate) fn begin(&mut self, limits: &DeliveryLimits) -> Option<(u64, Waiting)> {
        let most = if self.sound { limits.endpoint_attempts } else { 1 };
        if self.under_way >= most {
            return None;
        }
        // What waits behind a message of the same entity waits for that one too.
        let mut before: Vec<&Uri> = Vec::new();
        let mut chosen = None;
        for (number, waiting) in self.waiting.iter().take(LOOK_AHEAD) {
            let free = !waiting.letter.about.iter().any(|id| before.contains(&id));
            if free && !waiting.under_way {
                chosen = Some(*number);
                break;
            }
            before.extend(&waiting.letter.about);
        }
        let number = chosen?;
        let waiting = self.waiting.get_mut(&number)?;
        waiting.under_way = true;
        waiting.attempts += 1;
        self.under_way += 1;
        Some((number, waiting.clone()))
    }

    /// An attempt failed: the message waits again.
    pub(crate) fn rest(&mut self, number: u64) {
        if let Some(waiting) = self.waiting.get_mut(&number)
            && waiting.under_way
        {
            waiting.under_way = false;
            self.under_way -= 1;
        }
    }

    /// How long to leave an endpoint alone after its last failure: four times as long with each, with a quarter of
    /// chance.
    pub(crate) fn wait(&self, uri: &str, limits: &DeliveryLimits) -> Duration {
        let grown = limits
            .first_wait
            .saturating_mul(4_u32.saturating_pow(self.failures.saturating_sub(1).min(12)))
            .min(limits.longest_wait);
        let chance = mixed(limits.seed ^ fnv(uri.as_bytes()) ^ u64::from(self.failures));
        // Between 3/4 and 5/4.
        let per_mille = u32::try_from(750 + chance % 501).unwrap_or(1000);
        grown.saturating_mul(per_mille) / 1000
    }
}

/// FNV-1a.
pub(crate) fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// SplitMix64's last step: neighbours in, strangers out.
fn mixed(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
